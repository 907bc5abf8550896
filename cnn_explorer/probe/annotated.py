"""A frame with the network's answers written on it, for a video to keep.

The answers stand in the lower left corner, on a dark ground through which the picture is seen.
Small frames are enlarged, so that letters have room.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cnn_explorer.media.lettering import Weight, font, shortened, text_width
from cnn_explorer.probe.figures import DARK, Colour
from cnn_explorer.probe.results import ClassScore
from cnn_explorer.text import percent, printable

Pixels = npt.NDArray[np.uint8]

_LEAST = 360
"""Pixels that the shorter side has at least."""
_SHARP = 64
"""Frames up to this size are enlarged by whole pixels, nothing smoothed."""
_PANEL = 260
"""Width of the answers; all of these are of a frame whose shorter side is 360."""
_MARGIN, _PAD = 10, 10
_TITLE, _TEXT, _SMALL = 14.0, 13.0, 11.0
_ROW, _HEAD, _FOOT = 27, 24, 20
_BAR = 5
_ACCENT: Colour = (112, 160, 245)
_PALE: Colour = (78, 112, 172)
_WARNING: Colour = (245, 181, 85)


def annotated_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture that a frame of this size becomes."""
    short = min(width, height)
    if short >= _LEAST:
        return width, height
    factor = _LEAST / short
    if short <= _SHARP:
        factor = -(-_LEAST // short)
    return round(width * factor), round(height * factor)


def annotated(
    frame: Pixels,
    size: tuple[int, int],
    *,
    title: str,
    rows: Sequence[ClassScore],
    said: str,
    warning: str = "",
) -> Pixels:
    """The frame in a picture of a size (width, height), with a title, classes as bars in the order
    given, and what else is said in small letters below them."""
    image = _fitted(frame, size)
    scale = min(size) / _LEAST
    lines = _HEAD + _ROW * len(rows) + _FOOT * (2 if warning else 1)
    width = min(_PANEL * scale, size[0] - 2 * _MARGIN * scale)
    height = min((lines + 2 * _PAD) * scale, size[1] - 2 * _MARGIN * scale)
    left, bottom = _MARGIN * scale, size[1] - _MARGIN * scale
    top = bottom - height
    shade = Image.new("L", size, 0)
    ImageDraw.Draw(shade).rounded_rectangle(
        (left, top, left + width, bottom), radius=8 * scale, fill=205
    )
    image.paste(Image.new("RGB", size, DARK.ground), (0, 0), shade)
    pen = _Pen(image, scale, left + _PAD * scale, width - 2 * _PAD * scale)
    y = top + _PAD * scale
    pen.text(y, title, _TITLE, DARK.text, "semibold")
    y += _HEAD * scale
    first = max(rows, key=lambda score: score.probability, default=None)
    for score in rows:
        pen.score(y, score, strong=score is first and not warning)
        y += _ROW * scale
    if warning:
        pen.text(y, warning, _SMALL, _WARNING, "medium")
        y += _FOOT * scale
    pen.text(y, said, _SMALL, DARK.quiet)
    return np.asarray(image)


class _Pen:
    """Writes within the panel."""

    def __init__(self, image: Image.Image, scale: float, left: float, width: float) -> None:
        self._draw = ImageDraw.Draw(image)
        self._scale, self._left, self._width = scale, left, width

    def text(
        self, y: float, text: str, size: float, colour: Colour, weight: Weight = "regular"
    ) -> None:
        size *= self._scale
        shown = shortened(printable(text, 400), size, self._width, weight)
        self._draw.text((self._left, y), shown, fill=colour, font=font(weight, size))

    def score(self, y: float, score: ClassScore, *, strong: bool) -> None:
        size = _TEXT * self._scale
        weight: Weight = "semibold" if strong else "regular"
        face = font(weight, size)
        share = percent(score.probability)
        # room for >99.9 % whatever the number is: names are not cut otherwise when digits change
        room = self._width - text_width(">99.9 %", size, "semibold") - 8 * self._scale
        name = shortened(printable(score.name, 400), size, room, weight)
        right = self._left + self._width
        self._draw.text((self._left, y), name, fill=DARK.text, font=face)
        ink = DARK.text if strong else DARK.quiet
        self._draw.text((right, y), share, fill=ink, font=face, anchor="ra")
        top = y + 17 * self._scale
        low = top + _BAR * self._scale
        self._draw.rectangle((self._left, top, right, low), fill=DARK.mat)
        if score.probability > 0:
            long = max(1.0, min(1.0, score.probability) * self._width)
            colour = _ACCENT if strong else _PALE
            self._draw.rectangle((self._left, top, self._left + long, low), fill=colour)


def _fitted(frame: Pixels, size: tuple[int, int]) -> Image.Image:
    """The frame as large as fits, on black where it has another shape."""
    image = Image.fromarray(frame)
    if image.size == size:
        return image
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    sharp = min(image.size) <= _SHARP
    how = Image.Resampling.NEAREST if sharp else Image.Resampling.BICUBIC
    image = image.resize(inner, how)
    if inner == size:
        return image
    whole = Image.new("RGB", size)
    whole.paste(image, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return whole
