"""Small video files whose pictures say the number of the frame in bars of black and white."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cnn_explorer.media.picture import Picture

av = pytest.importorskip("av")

BITS = 6
SIZE = (64, 48)
CODECS = {
    ".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9", ".avi": "mpeg4",
}  # fmt: skip


def bars(number: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    width, height = SIZE
    pixels = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            pixels[:, bit * 10 : bit * 10 + 10] = 255
    return pixels


def number_in(picture: Picture) -> int:
    middle = picture.rgb[picture.height // 2, :, 1]
    return sum(1 << bit for bit in range(BITS) if middle[bit * 10 + 5] > 128)


def write_video(
    path: Path, count: int = 20, rate: int = 10, times_ms: Sequence[int] = (), sound: bool = False
) -> Path:
    """So many frames at a rate, or frames at those times; with a tone beside it if wanted."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[path.suffix], rate=rate)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 7  # so that not every frame can be sought without others
        unit = Fraction(1, 1000) if times_ms else Fraction(1, rate)
        stream.codec_context.time_base = unit
        tone = container.add_stream("aac", rate=8000) if sound else None
        for number, at in enumerate(times_ms or range(count)):
            frame = av.VideoFrame.from_ndarray(bars(number), format="rgb24")
            frame.pts, frame.time_base = at, unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            _write_tone(container, tone, count / rate)
    return path


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        _write_tone(container, container.add_stream("aac", rate=8000), 0.5)
    return path


def _write_tone(container: object, stream: object, seconds: float) -> None:
    values = (np.sin(np.arange(int(8000 * seconds)) / 3) * 0.1).astype(np.float32)
    for start in range(0, len(values), 1024):
        frame = av.AudioFrame.from_ndarray(
            values[None, start : start + 1024], format="fltp", layout="mono"
        )
        frame.rate, frame.pts = 8000, start
        container.mux(stream.encode(frame))  # type: ignore[attr-defined]
    container.mux(stream.encode(None))  # type: ignore[attr-defined]
