"""Sizes of pictures from their headers, for formats that Pillow would unpack first or trusts.

Nothing is decoded here. What makes no sense is passed over: the decoder refuses it.
"""

import struct
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"


def largest_in_icon(data: bytes) -> tuple[int, int]:
    """The size of the largest picture in an icon file, as the pictures' own headers state it.

    The directory in front says it too, in a byte each, which need not be true.
    """
    sizes = [(0, 0)]
    (count,) = struct.unpack_from("<H", data, 4) if len(data) >= 6 else (0,)
    for entry in range(min(count, (len(data) - 6) // 16)):
        (at,) = struct.unpack_from("<I", data, 6 + 16 * entry + 12)
        if data[at : at + 8] == _PNG and len(data) >= at + 24:
            sizes.append(struct.unpack_from(">II", data, at + 16))
        elif len(data) >= at + 12:  # a bitmap of twice the height: colours and mask
            width, height = struct.unpack_from("<ii", data, at + 4)
            sizes.append((abs(width), abs(height) // 2))
    return max(sizes, key=lambda size: size[0] * size[1])


class Codestream:
    """What the JPEG 2000 codestream of a file costs to unpack (ISO 15444-1, annexes A and I).

    Decoders make room for every code block and precinct beforehand, about 300 bytes each; a file
    of a hundred bytes may declare so many that no memory suffices.
    """

    def __init__(self, data: bytes) -> None:
        self.width = self.height = 0
        self.blocks = 0
        """Code blocks and precincts, about."""
        self._components = 1
        self._tiles = 1
        at = _start_of_codestream(data)
        if at >= 0 and len(data) >= at + 42:
            self._read(data, at + 2)

    def _read(self, data: bytes, at: int) -> None:
        x1, y1, x0, y0, tile_width, tile_height = struct.unpack_from(">6I", data, at + 6)
        (self._components,) = struct.unpack_from(">H", data, at + 38)
        self.width, self.height = max(0, x1 - x0), max(0, y1 - y0)
        self._tiles = -(-x1 // max(1, tile_width)) * -(-y1 // max(1, tile_height))
        for marker, place, length in _segments(data, at):
            style = data[place + 2 : place + length]
            if marker == 0x52:  # coding style: precincts told or not, order, layers, transform
                self._count(style[:1] + style[5:])
            elif marker == 0x53:  # the same of one component, whose number comes first
                self._count(style[1 if self._components < 257 else 2 :])

    def _count(self, style: bytes) -> None:
        """`style` is whether sizes of precincts are told, levels, size of blocks, two more bytes,
        and a byte of sizes for each resolution, the coarsest first."""
        if len(style) < 5:
            return
        levels = min(style[1], 32)
        block = (style[2] & 15) + (style[3] & 15) + 4  # of two to the power
        told = style[5:] if style[0] & 1 else b""
        count = 0
        for resolution in range(levels + 1):
            area = self.width * self.height >> 2 * (levels - resolution)
            sizes = told[resolution] if resolution < len(told) else 0xFF
            precinct = (sizes & 15) + (sizes >> 4)
            # each tile has three kinds of them at least, however small
            count += 4 * self._tiles + (area >> precinct) + (area >> min(precinct, block))
        self.blocks = max(self.blocks, count * self._components)


def _start_of_codestream(data: bytes) -> int:
    """Where it begins: at once, or in the first box that holds one; -1 where there is none."""
    if data.startswith(b"\xff\x4f"):
        return 0
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if length == 1:  # it stands behind, in eight bytes
            header = 16
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if kind == b"jp2c":
            return at + header
        if length < header:
            return -1
        at += length
    return -1


def _segments(data: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Marker, place and length of the segments of the headers, of the image and of its tiles."""
    tile_ends = 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0x93:  # start of data: on with the next part of a tile
            if tile_ends <= at:
                return
            at = tile_ends
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        if marker == 0x90 and at + 10 <= len(data):
            tile_ends = at + struct.unpack_from(">I", data, at + 6)[0]
        yield marker, at + 2, length
        at += 2 + max(2, length)
