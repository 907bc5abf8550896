"""Texts in the program's own fonts, as Pillow sets them: no window, no Qt."""

from functools import lru_cache
from typing import Literal

from PIL import ImageFont

from cnn_explorer.paths import resource

Weight = Literal["regular", "medium", "semibold"]

FONT_FILES: dict[str, str] = {
    "regular": "Inter-Regular.ttf",
    "medium": "Inter-Medium.ttf",
    "semibold": "Inter-SemiBold.ttf",
}
"""By weight, in ``resources/fonts``."""

_EM = 512
"""Measured at this size and scaled down: no rounding to whole pixels."""


@lru_cache(maxsize=16_384)
def text_width(text: str, size: float, weight: Weight = "regular") -> float:
    """The advance width of one line of `text` in Inter at `size` pixels, kerning included."""
    return float(font(weight, _EM).getlength(text)) * size / _EM


def shortened(text: str, size: float, width: float, weight: Weight = "regular") -> str:
    """`text`, or as much of it as fits into `width` with an ellipsis."""
    if text_width(text, size, weight) <= width:
        return text
    for end in range(len(text) - 1, 0, -1):
        candidate = text[:end].rstrip() + "…"
        if text_width(candidate, size, weight) <= width:
            return candidate
    return "…"


@lru_cache(maxsize=64)
def font(weight: Weight, size: float) -> ImageFont.FreeTypeFont:
    """Inter at `size` pixels, to write with."""
    # the basic layout engine: kerning, and the same widths whether or not Raqm is installed
    return ImageFont.truetype(
        resource("fonts", FONT_FILES[weight]), size, layout_engine=ImageFont.Layout.BASIC
    )
