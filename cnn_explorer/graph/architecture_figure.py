"""Networks as figures to keep: accuracy over multiply-adds, and bars of what they cost.

Where things stand is worked out first, in pixels of a screen, and can be asked for; then Pillow
draws it. Accuracies on different pictures are not to be compared: each data set has a panel.
Neither torch nor Qt.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.architectures import COLUMNS, Architecture
from cnn_explorer.graph.dot_names import Box, NamedDot, name_places
from cnn_explorer.graph.metrics import format_count
from cnn_explorer.media.lettering import Weight, font, shortened, text_width
from cnn_explorer.media.save import save_png
from cnn_explorer.networks.catalog import FAMILIES
from cnn_explorer.text import printable

Colour = tuple[int, int, int]

SCALE = 2.0
"""Of what is saved: pixels of the file for one of the screen."""
_SMOOTH = 2
"""Shapes are drawn so many times as large and made smaller: Pillow's have rough edges."""

_MARGIN = 24.0
_TITLE, _SMALL, _TINY = 15.0, 12.0, 11.0
_LINE = 18.0
_WIDTH, _PANEL = 1080.0, 560.0
"""Of the figure, and the height of one panel's plot."""
_AXIS_LEFT, _AXIS_BELOW, _AXIS_RIGHT = 52.0, 46.0, 24.0
_LARGEST, _LEAST = 26.0, 2.5
"""Radius of the network with the most parameters, and the least that is seen."""
_OTHERS = "other families"
_BAR_ROW, _BAR_HEIGHT, _NAME_WIDTH, _BAR_WIDTH, _VALUE_WIDTH = 22.0, 12.0, 190.0, 110.0, 66.0


@dataclass(frozen=True)
class _Ground:
    ground: Colour
    grid: Colour
    text: Colour
    quiet: Colour
    families: tuple[Colour, ...]
    others: Colour
    bar: Colour


# Okabe and Ito's colours, which people with colour blindness tell apart; darker, lighter on dark
_LIGHT = _Ground(
    (255, 255, 255), (226, 230, 237), (27, 34, 48), (78, 88, 105),
    ((0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (166, 118, 0), (36, 145, 204),
     (120, 94, 180), (150, 70, 50)),
    (140, 150, 166), (0, 114, 178),
)  # fmt: skip
_DARK = _Ground(
    (21, 24, 30), (49, 56, 68), (232, 235, 241), (170, 179, 194),
    ((76, 161, 222), (240, 138, 62), (60, 196, 156), (226, 150, 192), (230, 180, 60),
     (120, 200, 240), (170, 148, 230), (214, 136, 112)),
    (128, 138, 154), (76, 161, 222),
)  # fmt: skip


@dataclass(frozen=True)
class Dot:
    """One network in a scatter plot."""

    row: Architecture
    x: float
    y: float
    radius: float
    """Its area goes with the parameters, compared with the other dots of its panel."""
    colour: int
    """Which colour of the families; beyond the last that of all others."""
    label: Box | None
    """Where its name stands; None where there is no room for it."""


@dataclass(frozen=True)
class Panel:
    """The networks of one data set."""

    data_set: str
    plot: Box
    dots: tuple[Dot, ...]
    ticks_x: tuple[tuple[float, str], ...]
    ticks_y: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Scatter:
    """Accuracy over multiply-adds, laid out."""

    width: float
    height: float
    panels: tuple[Panel, ...]
    families: Mapping[str, int]
    """Those with a colour of their own, and which."""
    others: bool
    """Whether there are further families, which share one."""
    left_out: int
    """How many of the networks have no published accuracy, or unknown multiply-adds."""

    @cached_property
    def unnamed(self) -> int:
        """How many dots have no room for a name."""
        return sum(dot.label is None for panel in self.panels for dot in panel.dots)


def scatter(rows: Sequence[Architecture], *, width: float = _WIDTH) -> Scatter:
    """Lay out a scatter plot. Raises `ExplorerError` where no network has both numbers."""
    shown = [row for row in rows if row.top1 is not None and row.macs]
    if not shown:
        raise ExplorerError(
            "there is nothing to plot: none of these networks has a published accuracy."
        )
    every = tuple(dict.fromkeys(row.family for row in shown))
    families = family_colours(every)
    sets: dict[str, list[Architecture]] = {}
    for row in shown:
        sets.setdefault(row.data_set, []).append(row)
    panels: list[Panel] = []
    top = _MARGIN + _TITLE + 2 * _LINE + _legend_height((*families, _OTHERS), width)
    for data_set, networks in sorted(sets.items(), key=lambda item: -len(item[1])):
        # a few networks need less room than a hundred
        height = _PANEL * min(1.0, max(0.45, 0.3 + 0.05 * len(networks)))
        plot = (_MARGIN + _AXIS_LEFT, top + 30, width - _MARGIN - _AXIS_RIGHT, top + 30 + height)
        panels.append(_panel(data_set, networks, plot, families))
        top = plot[3] + _AXIS_BELOW
    return Scatter(
        width,
        top + _LINE + _MARGIN / 2,
        tuple(panels),
        families,
        len(every) > len(families),
        len(rows) - len(shown),
    )


def family_colours(families: Iterable[str]) -> Mapping[str, int]:
    """The number of each family's colour: our own families always have the same, others those that
    are left, as far as they go."""
    every = tuple(families)
    colours = {family: FAMILIES.index(family) for family in every if family in FAMILIES}
    left = (number for number in range(len(FAMILIES)) if number not in colours.values())
    others = (family for family in every if family not in colours)
    return colours | dict(zip(others, tuple(left), strict=False))


def save_scatter(path: Path, rows: Sequence[Architecture], *, dark: bool = False) -> None:
    """Write the scatter plot as PNG, whole or not at all. Raises `ExplorerError`."""
    save_png(Path(path), scatter_pixels(scatter(rows), dark=dark))


def save_bars(path: Path, rows: Sequence[Architecture], *, dark: bool = False) -> None:
    """Write the bars as PNG, whole or not at all. Raises `ExplorerError`."""
    save_png(Path(path), bars_pixels(rows, dark=dark))


def scatter_pixels(plot: Scatter, *, dark: bool = False) -> npt.NDArray[np.uint8]:
    """A scatter plot as (H, W, 3) uint8, at `SCALE`."""
    ground = _DARK if dark else _LIGHT
    pen = _Pen(plot.width, plot.height, ground)
    pen.text(_MARGIN, _MARGIN + _TITLE, "Accuracy over multiply-adds", _TITLE, weight="semibold")
    said = "area of a dot: parameters; a ring: measured with the weights of this program"
    pen.text(_MARGIN, _MARGIN + _TITLE + _LINE, said, _SMALL, ground.quiet)
    _draw_legend(pen, plot, ground)
    for panel in plot.panels:
        _draw_panel(pen, panel, ground)
    notes = [
        f"{plot.left_out} without a published accuracy" if plot.left_out else "",
        f"{plot.unnamed} without room for the name" if plot.unnamed else "",
    ]
    said = "; ".join(filter(None, notes))
    if said:
        pen.text(_MARGIN, plot.height - _MARGIN / 2, f"Not told: {said}.", _TINY, ground.quiet)
    return pen.pixels()


def _panel(
    data_set: str,
    rows: Sequence[Architecture],
    plot: Box,
    families: Mapping[str, int],
) -> Panel:
    left, top, right, bottom = plot
    inset = _LARGEST + 4
    logs = [math.log10(row.macs or 1) for row in rows]
    tops = [row.top1 or 0.0 for row in rows]
    most = max(row.parameters for row in rows)
    low, high = min(logs), max(logs)
    if high - low < 0.3:
        low, high = low - 0.2, high + 0.2
    # names stand mostly at the right of dots: the last ones need room there
    along_x = _Axis(low, high, left + inset, right - inset - 60)
    floor, ceiling = min(tops), max(tops)
    if ceiling - floor < 2:
        floor, ceiling = floor - 1, ceiling + 1
    along_y = _Axis(floor, ceiling, bottom - inset, top + inset)
    ticks_x = tuple(
        (x, format_count(round(value)).replace(".00 ", " ").replace(".0 ", " "))
        for value in _decades(low, high)
        if left <= (x := along_x.at(math.log10(value))) <= right
    )
    ticks_y = tuple(
        (y, f"{value:g} %")
        for value in _round_values(floor, ceiling)
        if top <= (y := along_y.at(value)) <= bottom
    )
    placed = [
        Dot(
            row, along_x.at(log), along_y.at(accuracy),
            max(_LEAST, _LARGEST * math.sqrt(row.parameters / most)),
            families.get(row.family, len(FAMILIES)), None,
        )
        for row, log, accuracy in zip(rows, logs, tops, strict=True)
    ]  # fmt: skip
    return Panel(data_set, plot, tuple(_named(placed, plot)), ticks_x, ticks_y)


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def _decades(low: float, high: float) -> Iterator[float]:
    """1, 2 and 5 times the powers of ten, of a wide range the powers alone, a little beyond both
    ends (logarithms)."""
    firsts = (1, 2, 5) if high - low < 4.5 else (1,)
    for power in range(math.floor(low) - 1, math.ceil(high) + 1):
        for first in firsts:
            value = float(first * 10.0**power)
            if low - 0.3 <= math.log10(value) <= high + 0.3:
                yield value


def _round_values(low: float, high: float) -> Iterator[float]:
    """Round per cents, a little beyond both ends."""
    step = next(step for step in (0.5, 1, 2, 5, 10, 20) if step == 20 or (high - low) / step <= 8)
    number = math.floor(low / step) - 1
    while (value := number * step) <= high + 2 * step:
        if 0 <= value <= 100:
            yield value
        number += 1


def _named(dots: Sequence[Dot], plot: Box) -> Iterator[Dot]:
    """Each dot with a place for its name, where one is left."""
    sizes = [(text_width(_name(dot.row), _TINY), _TINY * 1.15) for dot in dots]
    places = name_places(
        [NamedDot(d.x, d.y, d.radius, *size) for d, size in zip(dots, sizes, strict=True)], plot
    )
    for number, dot in enumerate(dots):
        yield replace(dot, label=places.get(number))


def _name(row: Architecture) -> str:
    return printable(row.title, 40)


def _colour(family: int, ground: _Ground) -> Colour:
    return ground.families[family] if family < len(ground.families) else ground.others


def _legend_height(families: Sequence[str], width: float) -> float:
    return _LINE * (1 + max(line for _, line, _ in _legend(families, width)))


def _legend(families: Iterable[str], width: float) -> Iterator[tuple[float, int, str]]:
    """Each family's place: x, line, name."""
    x, line = _MARGIN, 0
    for family in families:
        needed = 14 + text_width(family, _SMALL) + 18
        if x + needed > width - _MARGIN and x > _MARGIN:
            x, line = _MARGIN, line + 1
        yield x, line, family
        x += needed


def _draw_legend(pen: "_Pen", plot: Scatter, ground: _Ground) -> None:
    top = _MARGIN + _TITLE + 2 * _LINE
    names = (*plot.families, _OTHERS) if plot.others else tuple(plot.families)
    for x, line, family in _legend(names, plot.width):
        y = top + line * _LINE
        colour = _colour(plot.families.get(family, len(FAMILIES)), ground)
        pen.disc(x + 5, y - 4, 4.5, colour, filled=True)
        pen.text(x + 14, y, family, _SMALL)


def _draw_panel(pen: "_Pen", panel: Panel, ground: _Ground) -> None:
    left, top, right, bottom = panel.plot
    count = len(panel.dots)
    heading = f"{panel.data_set}, {count} {'network' if count == 1 else 'networks'}: top-1 accuracy"
    largest = format_count(max(dot.row.parameters for dot in panel.dots))
    start = left - _AXIS_LEFT
    pen.text(start, top - 10, heading, _SMALL, weight="semibold")
    start += text_width(heading, _SMALL, "semibold") + 12
    pen.text(start, top - 10, f"the largest dot: {largest} parameters", _SMALL, ground.quiet)
    for y, told in panel.ticks_y:
        pen.line(left, y, right, y, ground.grid)
        pen.text(left - 8, y + 4, told, _TINY, ground.quiet, anchor="rs")
    for x, told in panel.ticks_x:
        pen.line(x, top, x, bottom, ground.grid)
        pen.text(x, bottom + 16, told, _TINY, ground.quiet, anchor="ms")
    pen.text((left + right) / 2, bottom + 34, "multiply-adds", _SMALL, ground.quiet, anchor="ms")
    for dot in sorted(panel.dots, key=lambda dot: -dot.radius):
        colour = _colour(dot.colour, ground)
        filled = dot.row.accuracy_source != "weights of this program"
        pen.disc(dot.x, dot.y, dot.radius, colour, filled=filled)
    for dot in panel.dots:
        if dot.label is not None:
            pen.text(dot.label[0], dot.label[3] - 3, _name(dot.row), _TINY)


_BAR_KEYS = ("parameters", "multiply_adds", "memory_bytes", "forward_ms", "top1")


def bars_pixels(rows: Sequence[Architecture], *, dark: bool = False) -> npt.NDArray[np.uint8]:
    """A row a network and a column of bars for each number that one of them has, as (H, W, 3)
    uint8; networks of one data set together. Raises `ExplorerError` where there are none."""
    if not rows:
        raise ExplorerError("there is nothing to draw: no network is chosen.")
    ground = _DARK if dark else _LIGHT
    columns = [
        column
        for column in COLUMNS
        if column.key in _BAR_KEYS and any(column.value(row) for row in rows)
    ]
    sets: dict[str, list[Architecture]] = {}
    for row in rows:
        sets.setdefault(row.data_set, []).append(row)
    step = _BAR_WIDTH + _VALUE_WIDTH
    width = 2 * _MARGIN + _NAME_WIDTH + step * len(columns)
    height = 2 * _MARGIN + _TITLE + _LINE + (len(rows) + 1.4 * len(sets)) * _BAR_ROW
    pen = _Pen(width, height, ground)
    pen.text(_MARGIN, _MARGIN + _TITLE, "Architectures", _TITLE, weight="semibold")
    starts = [_MARGIN + _NAME_WIDTH + step * number for number in range(len(columns))]
    for start, column in zip(starts, columns, strict=True):
        pen.text(start, _MARGIN + _TITLE, column.title, _SMALL, ground.quiet)
    y = _MARGIN + _TITLE + _LINE / 2
    for data_set, networks in sets.items():
        y += 1.4 * _BAR_ROW
        pen.text(_MARGIN, y - 7, data_set, _SMALL, ground.quiet, weight="semibold")
        pen.line(_MARGIN, y, width - _MARGIN, y, ground.grid)
        for row in networks:
            y += _BAR_ROW
            name = shortened(_name(row), _SMALL, _NAME_WIDTH - 12)
            pen.text(_MARGIN, y - 7, name, _SMALL)
            for start, column in zip(starts, columns, strict=True):
                value = column.value(row)
                share = 0.0
                if isinstance(value, int | float):
                    every = [column.value(other) for other in rows]
                    most = max(v for v in every if isinstance(v, int | float))
                    # per cents have an end of their own
                    share = value / (100 if column.key == "top1" else most)
                    top = y - _BAR_ROW / 2 - _BAR_HEIGHT / 2
                    end = start + max(1.0, share * _BAR_WIDTH)
                    pen.box((start, top, end, top + _BAR_HEIGHT), ground.bar)
                told = column.text(row)
                pen.text(start + share * _BAR_WIDTH + 5, y - 7, told, _TINY, ground.quiet)
    return pen.pixels()


@dataclass(frozen=True)
class _Word:
    x: float
    y: float
    text: str
    size: float
    colour: Colour
    weight: Weight
    anchor: str


class _Pen:
    """Draws on a sheet: shapes at once, smoothly; words when all shapes are done."""

    def __init__(self, width: float, height: float, ground: _Ground) -> None:
        self._size = round(width * SCALE), round(height * SCALE)
        self._factor = SCALE * _SMOOTH
        large = self._size[0] * _SMOOTH, self._size[1] * _SMOOTH
        self._image = Image.new("RGB", large, ground.ground)
        self._pen = ImageDraw.Draw(self._image, "RGBA")
        self._ground = ground
        self._words: list[_Word] = []

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        f = self._factor
        self._pen.line((x0 * f, y0 * f, x1 * f, y1 * f), fill=colour, width=round(f))

    def box(self, box: Box, colour: Colour) -> None:
        left, top, right, bottom = (round(side * self._factor) for side in box)
        self._pen.rectangle((left, top, max(left, right - 1), bottom - 1), fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour, *, filled: bool) -> None:
        """Filled ones let through what lies below; rings have a middle of the ground's colour."""
        f = self._factor
        sides = ((x - radius) * f, (y - radius) * f, (x + radius) * f, (y + radius) * f)
        inner = (*colour, 150) if filled else (*self._ground.ground, 150)
        self._pen.ellipse(sides, fill=inner, outline=colour, width=round(f if filled else 1.6 * f))

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: Colour | None = None,
        *,
        weight: Weight = "regular",
        anchor: str = "ls",
    ) -> None:
        """One line; x is its start, or what `anchor` says in Pillow's terms, y its baseline."""
        colour = colour or self._ground.text
        self._words.append(_Word(x, y, text, size, colour, weight, anchor))

    def pixels(self) -> npt.NDArray[np.uint8]:
        image = self._image.resize(self._size, Image.Resampling.BOX)
        pen = ImageDraw.Draw(image)
        for word in self._words:
            pen.text(
                (word.x * SCALE, word.y * SCALE), word.text, fill=word.colour,
                font=font(word.weight, word.size * SCALE), anchor=word.anchor,
            )  # fmt: skip
        return np.asarray(image)
