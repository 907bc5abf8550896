"""Frames of every format, written plane by plane from values of luma and chroma that a test chose,
and what colours they are by the recommendations, in floating point."""

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from PySide6.QtCore import QSize
from PySide6.QtMultimedia import QVideoFrame, QVideoFrameFormat

Format = QVideoFrameFormat.PixelFormat
Space = QVideoFrameFormat.ColorSpace
Range = QVideoFrameFormat.ColorRange
Array = npt.NDArray[np.float64]


def form_of(
    pixel_format: Format,
    width: int,
    height: int,
    space: Space = Space.ColorSpace_Undefined,
    range_: Range = Range.ColorRange_Unknown,
) -> QVideoFrameFormat:
    form = QVideoFrameFormat(QSize(width, height), pixel_format)
    form.setColorSpace(space)
    form.setColorRange(range_)
    return form


def filled(form: QVideoFrameFormat, planes: list[npt.NDArray[np.uint8]]) -> QVideoFrame:
    """A frame with these rows of bytes in its planes; what pads the rows is rubbish, and rows for
    which Qt makes no room are left out."""
    frame = QVideoFrame(form)
    assert frame.map(QVideoFrame.MapMode.WriteOnly)
    for number, rows in enumerate(planes):
        stride = frame.bytesPerLine(number)
        memory = np.frombuffer(frame.bits(number), np.uint8)
        memory[:] = 0xA7
        for at, row in enumerate(rows):
            place = memory[at * stride : at * stride + len(row)]
            place[:] = row[: len(place)]
    frame.unmap()
    return frame


def luma_and_chroma(
    width: int, height: int, down: int, across: int, most: int = 255, seed: int = 7
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Noise over all values: luma (H, W), and chroma for so many pixels down and across."""
    noise = np.random.default_rng(seed)
    small = (-(-height // down), -(-width // across))
    return (
        noise.integers(0, most + 1, (height, width)),
        noise.integers(0, most + 1, small),
        noise.integers(0, most + 1, small),
    )


def as_bytes(values: npt.NDArray[np.int64], shift: int | None = None) -> npt.NDArray[np.uint8]:
    """Rows of bytes: of single bytes, or of two little-endian bytes with the value shifted up."""
    if shift is None:
        return values.astype(np.uint8)
    return (values << shift).astype("<u2").view(np.uint8)


def interleaved(*columns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.stack(columns, axis=-1).reshape(columns[0].shape[0], -1)


def to_rgb(luma: Array, blue: Array, red: Array, space: str, full: bool) -> Array:
    """By the recommendations' equations, from values of 0 to 255 (fractions of more bits)."""
    height, width = luma.shape
    down = -(-height // blue.shape[0])
    across = -(-width // blue.shape[1])
    u, v = (
        chroma.repeat(down, 0).repeat(across, 1)[:height, :width] - 128.0 for chroma in (blue, red)
    )
    y = luma.astype(float)
    if not full:
        y, u, v = (y - 16) * 255 / 219, u * 255 / 224, v * 255 / 224
    matrix = {
        "601": ((0, 1.402), (-0.344136, -0.714136), (1.772, 0)),
        "709": ((0, 1.5748), (-0.187324, -0.468124), (1.8556, 0)),
        "2020": ((0, 1.4746), (-0.164553, -0.571353), (1.8814, 0)),
    }[space]
    rgb = np.stack([y + from_u * u + from_v * v for from_u, from_v in matrix], axis=-1)
    return np.clip(rgb, 0, 255)
