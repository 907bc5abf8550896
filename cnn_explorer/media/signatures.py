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

LONGEST = 12
"""So many bytes tell them apart."""


def begins_like_picture(head: bytes) -> bool:
    """Whether a file that begins with these bytes is of a format that is read. Whether it is sound
    only decoding tells."""
    netpbm = head[:1] == b"P" and head[1:2] in (b"1", b"2", b"3", b"4", b"5", b"6", b"F", b"f")
    return (netpbm and head[2:3].isspace()) or any(
        head.startswith(signature, at) for at, signature, _ in SIGNATURES
    )
