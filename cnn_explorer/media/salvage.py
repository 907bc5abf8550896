"""A picture file without its metadata: a second chance for one whose metadata is broken.

Comments, thumbnails and camera data are the parts that other programs damage, and a decoder may
stumble over them although every pixel is there.
"""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"


def without_metadata(data: bytes) -> bytes | None:
    """The same JPEG or PNG with only what the pixels need; None where there is nothing to drop."""
    if data.startswith(_PNG):
        kept = _png(data)
    elif data.startswith(_JPEG):
        kept = _jpeg(data)
    else:
        return None
    return kept if len(kept) < len(data) else None


def _png(data: bytes) -> bytes:
    """Critical chunks (their name begins with a capital letter) and the transparency."""
    parts = [_PNG]
    at = len(_PNG)
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if kind[:1].isupper() or kind == b"tRNS" or not kind.isalpha():
            parts.append(data[at:end])
        at = end
    return b"".join(parts)


def _jpeg(data: bytes) -> bytes:
    """All segments before the scan but comments and application data.

    APP0 (JFIF) and APP14 (Adobe) stay: they tell how colours are stored.
    """
    parts = [_JPEG]
    at = len(_JPEG)
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xDA:  # start of scan: what follows are pixels
            break
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        dropped = marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)
        if not dropped:
            parts.append(data[at : at + 2 + length])
        at += 2 + length
    parts.append(data[at:])
    return b"".join(parts)
