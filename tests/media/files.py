"""Picture files for the tests, made in memory."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file of this kind."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def heif(image: Image.Image, **options: Any) -> bytes:
    """The bytes of a HEIC file, where the package for these is at hand."""
    file = io.BytesIO()
    pytest.importorskip("pillow_heif").from_pillow(image).save(file, **options)
    return file.getvalue()


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """A smooth RGB picture without any symmetry, kind to lossy formats."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([255 * x, 255 * y, 120 + 100 * x * (1 - y)], -1)
    return Image.fromarray(pixels.astype(np.uint8))


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int, height: int, depth: int, colour: int, rows: bytes, *ancillary: tuple[bytes, bytes]
) -> bytes:
    """A PNG file from its unfiltered rows, each beginning with a 0."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *(chunk(kind, data) for kind, data in ancillary),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )
