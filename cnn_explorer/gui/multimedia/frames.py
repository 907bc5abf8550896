"""From a `QVideoFrame` to a `Picture`: upright, 8-bit sRGB.

`QVideoFrame.toImage` takes every picture for BT.601 in the range of video and cannot read ten bits
in three planes; on its way it may set up a graphics context in whatever thread it is called in.
What cameras, files and screens give is therefore converted here, in sixteen-bit integers. Numpy
gives the interpreter's lock free meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import perf_counter

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QVideoFrame, QVideoFrameFormat

from cnn_explorer.errors import ExplorerError, no_checkpoint
from cnn_explorer.gui.multimedia.devices import Region
from cnn_explorer.media.picture import Picture
from cnn_explorer.media.pixels import decode

_Bytes = npt.NDArray[np.uint8]
_Plane = npt.NDArray[np.uint8]
_Sums = npt.NDArray[np.int16]

_Format = QVideoFrameFormat.PixelFormat
_ColorSpace = QVideoFrameFormat.ColorSpace
_ColorRange = QVideoFrameFormat.ColorRange

_STRIP_PIXELS = 150_000
"""So many are converted at once: what is between then stays in the processor's cache."""
_SD_HEIGHT = 576
"""Pictures that say no colour space are BT.709 above this height, BT.601 up to it: what Qt's own
painting takes them for."""

_RGB_PLACES = {
    _Format.Format_ARGB8888: (1, 2, 3),
    _Format.Format_ARGB8888_Premultiplied: (1, 2, 3),
    _Format.Format_XRGB8888: (1, 2, 3),
    _Format.Format_BGRA8888: (2, 1, 0),
    _Format.Format_BGRA8888_Premultiplied: (2, 1, 0),
    _Format.Format_BGRX8888: (2, 1, 0),
    _Format.Format_ABGR8888: (3, 2, 1),
    _Format.Format_XBGR8888: (3, 2, 1),
    _Format.Format_RGBA8888: (0, 1, 2),
    _Format.Format_RGBX8888: (0, 1, 2),
}
"""Which bytes of four are red, green and blue. Transparency is passed over: what is filmed has
none, and screens leave anything in that byte."""

_SHARES = {
    _ColorSpace.ColorSpace_BT601: (0.299, 0.114),
    _ColorSpace.ColorSpace_BT709: (0.2126, 0.0722),
    _ColorSpace.ColorSpace_AdobeRgb: (0.299, 0.114),
    _ColorSpace.ColorSpace_BT2020: (0.2627, 0.0593),
}
"""The shares of red and blue in the luma (ITU-R BT.601, BT.709, BT.2020)."""


def shown_size(frame: QVideoFrame) -> tuple[int, int]:
    """Width and height once the frame is turned upright."""
    size = frame.size()
    turned = (_turns(frame.surfaceFormat().rotation()) + _turns(frame.rotation())) % 2
    return (size.height(), size.width()) if turned else (size.width(), size.height())


def picture_of(
    frame: QVideoFrame, name: str, source: str = "", region: Region | None = None
) -> Picture:
    """The frame as a picture, or a region of it (in pixels as stored; what lies outside is cut).

    May be called in any thread. Raises `ExplorerError` for a frame that cannot be read.
    """
    began = perf_counter()
    try:
        with _mapped(frame, name):
            pixels = _upright(_pixels(frame, name, region), frame)
    except (ValueError, IndexError) as error:  # planes smaller than the size that is said
        raise _unreadable(name) from error
    pixels.flags.writeable = False
    return Picture(pixels, name, source, (perf_counter() - began) * 1000)


def _unreadable(name: str) -> ExplorerError:
    return ExplorerError(f"a frame from {name} cannot be read: it is passed over.")


@contextmanager
def _mapped(frame: QVideoFrame, name: str) -> Iterator[None]:
    if not frame.isValid() or not frame.map(QVideoFrame.MapMode.ReadOnly):
        raise _unreadable(name)
    try:
        yield
    finally:
        frame.unmap()


def _pixels(frame: QVideoFrame, name: str, region: Region | None) -> _Bytes:
    """RGB (H, W, 3) of a mapped frame, or of a region of it."""
    kind = frame.pixelFormat()
    width, height = frame.width(), frame.height()
    if places := _RGB_PLACES.get(kind):
        four = _rows(frame, 0, 4 * width, height).reshape(height, width, 4)
        part = _cut(four, region)  # of a large screen only what is wanted
        return _together(*(part[..., place] for place in places))
    return _cut(_converted(frame, kind, name, width, height), region)


def _converted(frame: QVideoFrame, kind: _Format, name: str, width: int, height: int) -> _Bytes:
    if reader := _READERS.get(kind):
        luma, first, second, step = reader(frame, width, height)
        return _from_chroma(luma, first, second, step, frame.surfaceFormat())
    if kind == _Format.Format_Jpeg:
        return decode(bytes(frame.bits(0)), f"a frame from {name}", no_checkpoint)[0]
    if kind in (_Format.Format_Y8, _Format.Format_Y16):
        return _grey(_luma(frame, kind, width, height), frame.surfaceFormat())
    return _through_image(frame, name)


def _through_image(frame: QVideoFrame, name: str) -> _Bytes:
    """What no camera gives nowadays, as Qt reads it."""
    image = frame.toImage().convertToFormat(QImage.Format.Format_RGB888)
    if image.isNull():
        raise _unreadable(name)
    height, width = image.height(), image.width()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(height, image.bytesPerLine())
    return rows[:, : 3 * width].reshape(height, width, 3).copy()


def _rows(frame: QVideoFrame, plane: int, length: int, count: int) -> _Bytes:
    """The first bytes of a plane's rows, without what pads them: (count, length). Of rows that are
    missing at the end, which some writers of odd heights leave out, the last one is repeated."""
    stride = frame.bytesPerLine(plane)
    data = np.frombuffer(frame.bits(plane), np.uint8)
    if stride < length:
        raise ValueError("rows are shorter than the picture is wide")
    there = min(count, (len(data) + stride - length) // stride)
    if there < count - 1 or there < 1:
        raise ValueError("there are fewer rows than the picture is high")
    rows: _Bytes = np.lib.stride_tricks.as_strided(
        data, (there, length), (stride, 1), writeable=False
    )
    return rows if there == count else np.concatenate((rows, rows[-1:]))


def _together(red: _Plane, green: _Plane, blue: _Plane) -> _Bytes:
    pixels = np.empty((*red.shape, 3), np.uint8)
    for place, plane in enumerate((red, green, blue)):
        pixels[..., place] = plane  # four times as fast as copying a view of all three
    return pixels


# luma and two planes of chroma


_Chroma = _Plane | npt.NDArray[np.float32]
_Planes = tuple[_Plane, _Chroma, _Chroma, tuple[int, int]]
"""Luma, blue and red chroma, and how many pixels down and across share one value of chroma."""


def _half(size: int) -> int:
    return (size + 1) // 2


def _words(frame: QVideoFrame, plane: int, length: int, count: int) -> npt.NDArray[np.uint16]:
    rows = np.ascontiguousarray(_rows(frame, plane, 2 * length, count))
    return rows.view("<u2")


def _wide_luma(frame: QVideoFrame, width: int, height: int, bits: int) -> _Plane:
    """The upper eight of so many bits, rounded."""
    words = _words(frame, 0, width, height)
    down = bits - 8
    rounded = (words >> down) + ((words >> (down - 1)) & 1)
    return np.minimum(rounded, 255).astype(np.uint8)


def _wide_chroma(
    frame: QVideoFrame, plane: int, length: int, count: int, bits: int
) -> npt.NDArray[np.float32]:
    return _words(frame, plane, length, count) * np.float32(2.0 ** (8 - bits))


def _luma(frame: QVideoFrame, kind: _Format, width: int, height: int) -> _Plane:
    if kind == _Format.Format_Y8:
        return _rows(frame, 0, width, height)
    return _wide_luma(frame, width, height, 16)


def _paired(red_first: bool) -> Callable[[QVideoFrame, int, int], _Planes]:
    """NV12 and NV21: one plane holds both chromas by turns."""

    def read(frame: QVideoFrame, width: int, height: int) -> _Planes:
        pairs = _rows(frame, 1, 2 * _half(width), _half(height))
        blue, red = pairs[:, red_first::2], pairs[:, not red_first :: 2]
        return _rows(frame, 0, width, height), blue, red, (2, 2)

    return read


def _paired_words(frame: QVideoFrame, width: int, height: int) -> _Planes:
    """P010 and P016: as NV12, the values in the upper bits of two bytes."""
    pairs = _wide_chroma(frame, 1, 2 * _half(width), _half(height), 16)
    return _wide_luma(frame, width, height, 16), pairs[:, ::2], pairs[:, 1::2], (2, 2)


def _planar(down: int, blue: int = 1, red: int = 2) -> Callable[[QVideoFrame, int, int], _Planes]:
    def read(frame: QVideoFrame, width: int, height: int) -> _Planes:
        rows = -(-height // down)
        first = _rows(frame, blue, _half(width), rows)
        second = _rows(frame, red, _half(width), rows)
        return _rows(frame, 0, width, height), first, second, (down, 2)

    return read


def _planar_ten_bits(frame: QVideoFrame, width: int, height: int) -> _Planes:
    first = _wide_chroma(frame, 1, _half(width), _half(height), 10)
    second = _wide_chroma(frame, 2, _half(width), _half(height), 10)
    return _wide_luma(frame, width, height, 10), first, second, (2, 2)


def _packed(luma_at: int) -> Callable[[QVideoFrame, int, int], _Planes]:
    """YUYV and UYVY: two pixels in four bytes."""

    def read(frame: QVideoFrame, width: int, height: int) -> _Planes:
        four = _rows(frame, 0, 4 * _half(width), height)
        luma = four[:, luma_at::2][:, :width]
        chroma = four[:, 1 - luma_at :: 2]
        return luma, chroma[:, ::2], chroma[:, 1::2], (1, 2)

    return read


def _unshared(frame: QVideoFrame, width: int, height: int) -> _Planes:
    four = _rows(frame, 0, 4 * width, height)
    return four[:, 1::4], four[:, 2::4], four[:, 3::4], (1, 1)


_READERS: dict[_Format, Callable[[QVideoFrame, int, int], _Planes]] = {
    _Format.Format_NV12: _paired(red_first=False),
    _Format.Format_NV21: _paired(red_first=True),
    _Format.Format_P010: _paired_words,
    _Format.Format_P016: _paired_words,
    _Format.Format_YUV420P: _planar(2),
    _Format.Format_YV12: _planar(2, blue=2, red=1),
    _Format.Format_YUV422P: _planar(1),
    _Format.Format_YUV420P10: _planar_ten_bits,
    _Format.Format_YUYV: _packed(0),
    _Format.Format_UYVY: _packed(1),
    _Format.Format_AYUV: _unshared,
    _Format.Format_AYUV_Premultiplied: _unshared,
}


@lru_cache
def _weights(space: _ColorSpace, full: bool) -> tuple[float, float, float, float, float]:
    """By what luma less black, and chroma less 128, are multiplied: luma, red of red chroma, green
    of blue and of red chroma, blue of blue chroma."""
    red, blue = _SHARES[space]
    green = 1 - red - blue
    luma, chroma = (1.0, 1.0) if full else (255 / 219, 255 / 224)
    return (
        luma,
        2 * (1 - red) * chroma,
        -2 * (1 - blue) * blue / green * chroma,
        -2 * (1 - red) * red / green * chroma,
        2 * (1 - blue) * chroma,
    )


def _space_of(form: QVideoFrameFormat) -> _ColorSpace:
    space = form.colorSpace()
    if space in _SHARES:
        return space
    high = form.frameHeight() > _SD_HEIGHT
    return _ColorSpace.ColorSpace_BT709 if high else _ColorSpace.ColorSpace_BT601


def _from_chroma(
    luma: _Plane, blue: _Chroma, red: _Chroma, step: tuple[int, int], form: QVideoFrameFormat
) -> _Bytes:
    height, width = luma.shape
    down, across = step
    full = form.colorRange() == _ColorRange.ColorRange_Full
    weights = _weights(_space_of(form), full)
    pixels = np.empty((height, width, 3), np.uint8)
    rows = max(1, _STRIP_PIXELS // (width * down))  # of chroma
    for top in range(0, height, rows * down):
        part = slice(top, min(height, top + rows * down))
        chroma = slice(top // down, top // down + rows)
        _strip(
            pixels[part], luma[part], blue[chroma], red[chroma], (down, across), weights,
            0 if full else 16,
        )  # fmt: skip
    return pixels


def _strip(
    pixels: _Bytes,
    luma: _Plane,
    blue: _Chroma,
    red: _Chroma,
    step: tuple[int, int],
    weights: tuple[float, float, float, float, float],
    black: int,
) -> None:
    """Some rows. Sums are in thirty-seconds of a level: finer ones would not fit in 16 bits."""
    down, across = step
    height, width = luma.shape
    even = height - height % down
    grey = luma.astype(np.uint16)
    grey *= np.uint16(round(128 * weights[0]))
    grey >>= 2
    bright = grey.view(np.int16)
    u = blue.astype(np.float32)
    v = red.astype(np.float32)
    u -= 128
    v -= 128
    base = 16 - 32 * weights[0] * black  # half a level, for rounding
    tints = (
        (32 * weights[1]) * v + base,
        (32 * weights[2]) * u + ((32 * weights[3]) * v + base),
        (32 * weights[4]) * u + base,
    )
    total = np.empty((height, width), np.int16)
    for place, tint in enumerate(tints):
        spread = _spread(tint, across)[:, :width]
        if even:
            np.add(
                bright[:even].reshape(even // down, down, width),
                spread[: even // down, None],
                out=total[:even].reshape(even // down, down, width),
            )
        if even < height:
            np.add(bright[even:], spread[-1], out=total[even:])
        total >>= 5
        np.clip(total, 0, 255, out=total)
        pixels[..., place] = total


def _spread(tint: npt.NDArray[np.float32], across: int) -> _Sums:
    """As integers, each value twice where two pixels share it."""
    whole = np.rint(tint).astype(np.int16)
    if across == 1:
        return whole
    twice = whole.view(np.uint16).astype(np.uint32) * np.uint32(0x10001)
    return twice.view(np.int16)


def _grey(luma: _Plane, form: QVideoFrameFormat) -> _Bytes:
    """Cameras without colour use all levels, unless it is said that they do not."""
    if form.colorRange() == _ColorRange.ColorRange_Video:
        levels = np.clip(np.rint((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
        luma = levels[luma]
    return _together(luma, luma, luma)


# the right way up


def _turns(rotation: object) -> int:
    return int(rotation.value) // 90 % 4  # type: ignore[attr-defined]


def clipped(region: Region, size: tuple[int, int]) -> Region | None:
    """What of a region lies within a picture of that size; None for nothing."""
    left, top = max(0, region[0]), max(0, region[1])
    width = min(region[0] + region[2], size[0]) - left
    height = min(region[1] + region[3], size[1]) - top
    return (left, top, width, height) if width > 0 and height > 0 else None


def _cut(pixels: _Bytes, region: Region | None) -> _Bytes:
    if region is None:
        return pixels
    inside = clipped(region, (pixels.shape[1], pixels.shape[0]))
    if inside is None:
        raise ExplorerError("the region lies outside of what is captured: choose another one.")
    left, top, width, height = inside
    return pixels[top : top + height, left : left + width]


def _upright(pixels: _Bytes, frame: QVideoFrame) -> _Bytes:
    """Turned and mirrored as it says, in memory of its own. (`toImage` passes over what the frame
    says of itself, and mixes up turning and mirroring where its format asks for both.)"""
    form = frame.surfaceFormat()
    if form.scanLineDirection() == QVideoFrameFormat.Direction.BottomToTop:
        pixels = pixels[::-1]
    for rotation, mirrored in (
        (form.rotation(), form.isMirrored()),
        (frame.rotation(), frame.mirrored()),
    ):
        pixels = np.rot90(pixels, -_turns(rotation))
        if mirrored:
            pixels = pixels[:, ::-1]
    return np.require(pixels, np.uint8, ("C", "O"))
