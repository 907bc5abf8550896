"""Which part of a picture a network sees, and how that is made to fit its input.

The weights' own way is to scale the shorter side and cut out the middle. A person may choose
another part, or have all of it squashed or padded: the three ways that R-CNN compares (Girshick et
al. 2014, arXiv:1311.2524, appendix A: tightest square with context, without, and warped). Weights
were made for their own way alone, so what departs from it is said.
"""

from dataclasses import dataclass, replace
from typing import Literal

from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.text import format_value

Fit = Literal["crop", "squash", "pad"]
FITS: tuple[Fit, ...] = ("crop", "squash", "pad")

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of a picture."""
Pixels = tuple[int, int, int, int]
"""The same in whole pixels."""


@dataclass(frozen=True)
class Framing:
    """How a picture is framed for a network.

    ``crop``: without a region the weights' own way; a region is what the network sees, a square.
    ``squash``: the region is scaled to the input, its aspect given up. ``pad``: the region is
    scaled to fit into the input, and what is left beside it gets the colour that becomes 0.

    Handwritten digits are looked for in the region, and set as MNIST's whatever the fit is.
    """

    fit: Fit = "crop"
    region: Box | None = None
    """Shares, 0 to 1, of the picture's width and height, so that it holds for the next picture
    too; None for the whole picture."""

    def pixels(self, width: int, height: int) -> Pixels:
        """The region in whole pixels of a picture: one at least, and none beyond it. For a crop
        the largest square in its middle, since on a picture of another aspect it is none."""
        x, y, wide, high = self.region or (0.0, 0.0, 1.0, 1.0)
        across, down = _length(wide * width, width), _length(high * height, height)
        left, top = x * width, y * height
        if self.fit == "crop":
            side = min(across, down)
            left, top = left + (wide * width - side) / 2, top + (high * height - side) / 2
            across = down = side
        return _start(left, across, width), _start(top, down, height), across, down

    def with_pixels(self, box: Box | None, width: int, height: int) -> "Framing":
        """The same with another region, given in pixels of a picture."""
        if box is None:
            return replace(self, region=None)
        x, y, wide, high = box
        return replace(self, region=(x / width, y / height, wide / width, high / height))

    def departure(self, of: Preprocessing) -> str:
        """How this departs from what the weights were made for, a word or two; empty where it
        does not. Where a digit is looked for is no departure: it is set as in training."""
        if of.kind == "digit" or self == AS_TRAINED:
            return ""
        if self.fit == "crop":
            return "own crop"
        return "squashed" if self.fit == "squash" else "padded"

    def warning(self, of: Preprocessing) -> str:
        """The same as a sentence."""
        departure = self.departure(of)
        return f"{departure.capitalize()}: these weights expect the centre crop." * bool(departure)


AS_TRAINED = Framing()
"""As the weights were trained and measured."""


def frame_of(width: int, height: int, of: Preprocessing, framing: Framing) -> Box:
    """What is framed of a picture, in its pixels, without padding: what a network sees of it, or
    where a digit is looked for."""
    if of.kind == "digit" or framing.region is not None or framing.fit != "crop":
        if of.kind == "digit":
            framing = replace(framing, fit="squash")
        return framing.pixels(width, height)
    scaled = resized(width, height, of.resize)
    left, top = middle(scaled[0], of.crop), middle(scaled[1], of.crop)
    right, bottom = min(left + of.crop, scaled[0]), min(top + of.crop, scaled[1])
    left, top = max(left, 0), max(top, 0)
    across, down = width / scaled[0], height / scaled[1]
    return left * across, top * down, (right - left) * across, (bottom - top) * down


def in_words(of: Preprocessing, framing: Framing = AS_TRAINED) -> tuple[tuple[str, str], ...]:
    """What becomes of a picture, step by step: what is done, and with which numbers."""
    size = f"{of.crop} × {of.crop}"
    if of.kind == "digit":
        steps = [
            ("strokes", f"light on black, within {of.resize} × {of.resize}"),
            ("centred by mass", "in 28 × 28"),
            ("padded with black", f"to {size}"),
        ]
    elif framing.fit == "squash":
        steps = [("squashed", f"to {size}, {of.interpolation}")]
    elif framing.fit == "pad":
        colour = ", ".join(map(str, padding_colour(of)))
        steps = [
            ("longer side", f"to {of.crop}, {of.interpolation}"),
            ("padded", f"to {size} with ({colour})"),
        ]
    elif framing.region is not None:
        steps = [("own crop", f"to {size}, {of.interpolation}")]
    else:
        steps = [("shorter side", f"to {of.resize}, {of.interpolation}"), ("centre crop", size)]
    return (
        *steps,
        ("values", "0 to 1" + (", grey" if of.channels == 1 else ", RGB")),
        ("minus mean", _numbers(of.mean)),
        ("over deviation", _numbers(of.std)),
    )


def padding_colour(of: Preprocessing) -> tuple[int, ...]:
    """The mean colour, which becomes 0 to half a level of 255: R-CNN pads so, and it is what
    convolutions pad with."""
    return tuple(min(255, max(0, round(255 * mean))) for mean in of.mean)


def resized(width: int, height: int, shorter: int) -> tuple[int, int]:
    """The size with the shorter side as asked, the longer one rounded down as torchvision does."""
    if width <= height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def middle(length: int, crop: int) -> int:
    """Where a centred crop begins; negative where it must be padded. Halves go to the even one."""
    if length < crop:
        return -((crop - length) // 2)
    return round((length - crop) / 2)


def _length(wanted: float, most: int) -> int:
    return min(most, max(1, round(wanted)))


def _start(wanted: float, length: int, whole: int) -> int:
    return min(max(0, round(wanted)), whole - length)


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(format_value(value, 4) for value in values)
