"""How files of pictures and of videos begin."""

from pathlib import Path

SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG", "PNG"),
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (8, b"WEBP", "WebP"),
    (4, b"ftypavif", "AVIF"),
)
"""Place, bytes and name of the formats that are read, but for those of Netpbm."""

_RARER = (
    (0, b"MM\0+"), (0, b"II+\0"),  # TIFF for files beyond 4 GB
    (4, b"ftypavis"), (4, b"ftypmif1"), (4, b"ftypmsf1"),  # may hold AVIF
)  # fmt: skip
LONGEST = 12
"""So many bytes tell them apart."""


def begins_like_picture(head: bytes) -> bool:
    """Whether a file that begins with these bytes is of a format that is read. Whether it is sound
    only decoding tells."""
    netpbm = head[:1] == b"P" and head[1:2] in b"0 1 2 3 4 5 6 f y".split()
    known = (*((at, signature) for at, signature, _ in SIGNATURES), *_RARER)
    return (netpbm and head[2:3].isspace()) or any(
        head.startswith(signature, at) for at, signature in known
    )


_NO_VIDEO_BRANDS = (
    b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs",
    b"mif1", b"mif2", b"msf1", b"miaf", b"jp2 ", b"jpm ", b"jpx ", b"crx ",
    b"M4A ", b"M4B ", b"M4P ", b"F4A ",
)  # fmt: skip
"""Files of pictures or sound in the box format of MP4 (ISO/IEC 14496-12) say so by their brand."""
_OLD_BOXES = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""How files of QuickTime begin that are older than brands."""


def begins_like_video(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes or more is MP4, MOV, WebM, MKV or AVI."""
    box = head[4:8]
    if box == b"ftyp":
        return len(head) >= 12 and head[8:12] not in _NO_VIDEO_BRANDS
    return (
        head.startswith(b"\x1a\x45\xdf\xa3")
        or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
        or (box in _OLD_BOXES and head[:1] < b" ")
    )


def looks_like_video(path: Path) -> bool:
    """The same of a file, by what is in it whatever its name. Raises OSError."""
    with path.open("rb") as file:
        return begins_like_video(file.read(LONGEST))
