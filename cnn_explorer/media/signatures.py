"""How files of pictures begin."""

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


def looks_like_video(head: bytes) -> bool:
    """Whether a file that begins with these bytes may be a video: MP4, MOV, WebM, MKV or AVI."""
    if head[4:8] == b"ftyp":  # the family of AVIF and HEIC too
        return head[8:11] not in (b"avi", b"hei", b"hev", b"mif", b"msf")
    is_avi = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return is_avi or head.startswith(b"\x1a\x45\xdf\xa3")
