"""Endings of files, known without what reads and writes them.

Files that are opened are judged by what is in them: their endings are what dialogs list.
"""

from collections.abc import Iterable

PICTURES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".gif", ".webp", ".avif",
    ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c", ".jpc", ".ico",
    ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm",
)  # fmt: skip
"""Of pictures that are read."""
VIDEOS = (".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi")
"""Of videos that are played."""

DRAWINGS = (".svg", ".png", ".pdf", ".json", ".dot")
"""Of a network's graph as it is saved."""
FIGURES = (".png", ".svg")
"""Of maps and kernels with their colour bar as they are saved."""


def patterns(endings: Iterable[str]) -> str:
    """As dialogs want them: ``*.png *.svg``."""
    return " ".join(f"*{ending}" for ending in endings)
