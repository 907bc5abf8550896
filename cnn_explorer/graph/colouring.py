"""Boxes coloured by a number of theirs: which colour each has, and how to read it.

The colours are viridis, which grows evenly in lightness and reads the same to the colour-blind.
What is more stands out from the ground: darker on light ground, lighter on dark ground.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from cnn_explorer.graph.model import VisibleGraph
from cnn_explorer.graph.numbers import NUMBER_KINDS, NumberKey, NumberKind, Numbers, format_number
from cnn_explorer.media.lettering import text_width
from cnn_explorer.paths import resource

_LOGARITHMIC: frozenset[NumberKey] = frozenset(("parameters", "macs", "memory", "time"))
"""Counts of layers lie orders of magnitude apart; fields and strides do not."""
_BETWEEN = 4
"""Ticks between the two ends of a scale, at most."""
_ROOM = 0.1
"""The part of the scale that a tick keeps free on both sides."""


@dataclass(frozen=True)
class Tick:
    """A mark beside the colour bar."""

    at: float
    """0 at the lowest value, 1 at the highest."""
    text: str


@dataclass(frozen=True)
class NumberScale:
    """Where values lie between the lowest and the highest that are drawn."""

    low: float
    high: float
    logarithmic: bool

    def position(self, value: float) -> float | None:
        """From 0 to 1; None of a value that has no place, such as 0 on a logarithmic scale."""
        if math.isnan(value) or (self.logarithmic and value <= 0):
            return None
        if value >= self.high:
            return 1.0
        if value <= self.low:
            return 0.0
        if self.logarithmic:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class NumberOnBox:
    """The number of one box."""

    position: float
    """On the scale, 0 to 1."""
    text: str
    """For people: ``118 M · 6.5 %``, with the share of the network's total where there is one."""


@dataclass(frozen=True)
class Colouring:
    """The boxes of a drawing by one sort of number."""

    kind: NumberKind
    scale: NumberScale | None
    """None where no box has a number that can be placed."""
    ticks: tuple[Tick, ...]
    """From the lowest value to the highest."""
    boxes: Mapping[str, NumberOnBox]
    """By name; those that are missing are drawn neutral."""

    def colour(self, name: str, *, dark: bool) -> str:
        """The colour of a box, ``#35b779``; empty where it is drawn neutral."""
        box = self.boxes.get(name)
        return "" if box is None else colour_at(box.position, dark=dark)


def fitting(text: str, size: float, room: float) -> str:
    """A number on a box as it fits into some room: without the share of the total, if need be."""
    return text if text_width(text, size) <= room else text.partition(" · ")[0]


def number_kind(key: str) -> NumberKind | None:
    """The sort of number of that key; None where there is none."""
    return next((kind for kind in NUMBER_KINDS if kind.key == key), None)


def colour_by(visible: VisibleGraph, kind: NumberKind, numbers: Numbers) -> Colouring:
    """Colours for the boxes of a drawing, over the range of what it shows."""
    logarithmic = kind.key in _LOGARITHMIC
    values = {node.name: numbers.value(node.name, kind.key) for node in visible.nodes}
    placed = [
        value
        for value in values.values()
        if value is not None and math.isfinite(value) and (value > 0 or not logarithmic)
    ]
    if not placed:
        return Colouring(kind, None, (), {})
    scale = NumberScale(min(placed), max(placed), logarithmic)
    quiet = {node.name for node in visible.nodes if node.training_only}
    total = numbers.total(kind.key) if kind.adds_up else None
    boxes = {}
    for name, value in values.items():
        position = None if value is None else scale.position(value)
        if value is not None and position is not None:
            text = format_number(value, kind.key)
            if total and name not in quiet:
                text = f"{text} · {_percent(value / total)}"
            elif kind.unit == "pixels" and math.isfinite(value):
                text = f"{text} px"
            boxes[name] = NumberOnBox(position, text)
    return Colouring(kind, scale, ticks(scale, kind.key), boxes)


def colour_at(position: float, *, dark: bool) -> str:
    """The colour of a place on the scale, 0 to 1, on dark or light ground."""
    place = position if dark else 1.0 - position
    return _viridis()[round(255 * min(max(place, 0.0), 1.0))]


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read on a colour: at least 4.5 : 1."""
    return "#000000" if _luminance(colour) > _MIDDLE else "#ffffff"


def ticks(scale: NumberScale, key: NumberKey) -> tuple[Tick, ...]:
    """Both ends, and round values between them where they have room."""
    low, high = scale.low, scale.high
    ends = (Tick(0.0, _tick_text(low, key)), Tick(1.0, _tick_text(high, key)))
    if low == high:
        return ends[1:]
    places = [(scale.position(value), value) for value in _round_values(scale)]
    roomy = [(at, value) for at, value in places if at is not None and _ROOM <= at <= 1.0 - _ROOM]
    step = max(1, math.ceil(len(roomy) / _BETWEEN))
    between = (Tick(at, _tick_text(value, key)) for at, value in roomy[::step])
    return (ends[0], *between, ends[1])


def _round_values(scale: NumberScale) -> list[float]:
    """Powers of ten on a logarithmic scale, or 1, 2, 5, 10 on a short one; else round steps."""
    low, high = scale.low, scale.high
    if scale.logarithmic and high / low >= 3:
        digits = (1,) if high / low >= 100 else (1, 2, 5)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        return [digit * 10.0**power for power in powers for digit in digits]
    rough = (high - low) / (_BETWEEN + 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
    first = math.floor(low / step) + 1
    return [number * step for number in range(first, math.ceil(high / step))]


def _tick_text(value: float, key: NumberKey) -> str:
    """A number with its unit, without zeros at its end: ``10 M`` rather than ``10.0 M``."""
    number, gap, unit = format_number(value, key).partition(" ")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return number + gap + unit


def _percent(share: float) -> str:
    if share >= 0.0995:
        return f"{100 * share:.0f} %"
    return f"{100 * share:.1f} %" if share >= 0.0005 else "< 0.1 %"


@cache
def _viridis() -> tuple[str, ...]:
    lines = resource("colormaps", "viridis.csv").read_text("utf-8").split()
    return tuple("#{:02x}{:02x}{:02x}".format(*map(int, line.split(","))) for line in lines)


_MIDDLE = math.sqrt(1.05 * 0.05) - 0.05
"""The luminance on which black and white are read equally well (WCAG 2.2, contrast ratio)."""


def _luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2)."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
