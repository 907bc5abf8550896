"""The plots of the comparison of architectures: bars of one number, accuracy over multiply-adds.

Import this late: see `plots`.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QFont, QFontMetricsF

from cnn_explorer.graph.architectures import Architecture, ArchitectureColumn, as_csv
from cnn_explorer.graph.dot_names import NamedDot, name_places
from cnn_explorer.graph.metrics import format_count
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.plot_scales import scale_for, spaced
from cnn_explorer.gui.widgets.plots import Plot, faint, line_pen

_BAR = 0.68
"""How much of its place a bar fills."""
_HEADROOM = 1.09
"""Above the bars there is room for the values."""
_WIDEST = 8
"""Fewer bars than these are no wider than if there were so many."""
_LARGEST, _LEAST = 26.0, 3.0
"""Radius of the network with the most parameters, and the least that is seen; pixels."""
_NEAR = 14.0
"""A dot is meant from so far outside, pixels."""
_RING = 4.0
"""Between the edge of a dot and the ring around it."""


class _NetworksPlot(Plot):
    """Networks of which some are chosen and one is selected."""

    def __init__(self) -> None:
        self.rows: tuple[Architecture, ...] = ()
        self._chosen: frozenset[str] = frozenset()
        self._selected = ""
        super().__init__()

    @property
    def count(self) -> int:
        return len(self.rows)

    def name_of(self, number: int) -> str:
        """The network's name in the catalogue."""
        return self.rows[number].name

    def set_selected(self, name: str) -> None:
        """Mark a network; one that is not drawn marks none."""
        if name != self._selected:
            self._selected = name
            self._mark()

    @property
    def selected(self) -> str:
        """The network that is marked, drawn or not."""
        return self._selected

    def _mark(self) -> None:
        raise NotImplementedError

    def _is_strong(self, row: Architecture) -> bool:
        """Whether a network stands out: it is chosen, or all are."""
        return row.name in self._chosen

    def as_csv(self) -> str:
        return as_csv(self.rows)


class BarsPlot(_NetworksPlot):
    """One number of several networks: a bar each, with its value above where there is room."""

    def __init__(self) -> None:
        self._column: ArchitectureColumn | None = None
        self._values: list[float] = []
        self._texts: list[pg.TextItem] = []
        super().__init__()
        self.setAccessibleName(self.tr("Bars"))
        self._others = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._marked = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None, brush=None)
        self._read_bar = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        for item in (self._others, self._bars, self._read_bar, self._marked):
            self.box.addItem(item)
        self.colour()

    def show_rows(
        self,
        rows: Sequence[Architecture],
        column: ArchitectureColumn,
        chosen: frozenset[str],
        *,
        log: bool = False,
    ) -> None:
        """Show a number; networks of which it is not known are left out."""
        known = [
            (row, value) for row in rows if isinstance(value := column.value(row), int | float)
        ]
        self.rows = tuple(row for row, _ in known)
        self._values = [float(value) for _, value in known]
        self._column, self._chosen = column, chosen
        # years begin somewhere, amounts at nothing
        low = None if column.key == "year" else 0.0
        if log and self._values:  # the least is to be seen too
            low = min(self._values) / 2
        scale = scale_for(self._values, log=log, low=low)
        # few bars are not to be as wide as walls; the names of the outer ones need room
        spare = max(0.03 * len(known), (_WIDEST - len(known)) / 2)
        self.set_scale(scale, (-0.5 - spare, max(len(known), 1) - 0.5 + spare), _HEADROOM)
        self._draw()
        self.set_read(-1)

    def _draw(self) -> None:
        heights = self._heights()
        strong = np.array([self._is_strong(row) for row in self.rows], bool)
        places = np.arange(len(self.rows)) - _BAR / 2
        for item, which in ((self._bars, strong), (self._others, ~strong)):
            item.setOpts(x0=places[which], x1=places[which] + _BAR, height=heights[which])
        self._mark()
        self.place_ticks()

    def _heights(self) -> npt.NDArray[np.float64]:
        # the least of them is to be seen all the same
        return np.maximum(self.scale_shown.places(self._values), 0.004)

    def _mark(self) -> None:
        self._one(self._marked, self._selected)

    def _one(self, item: pg.BarGraphItem, name: str) -> None:
        number = next((at for at, row in enumerate(self.rows) if row.name == name), -1)
        start = number - _BAR / 2
        there = number >= 0
        item.setOpts(
            x0=[start] if there else [],
            x1=[start + _BAR] if there else [],
            height=[float(self._heights()[number])] if there else [],
        )

    # Plot

    def description(self, number: int) -> str:
        assert self._column is not None
        row = self.rows[number]
        return f"{row.title} · {self._column.title}: {self._column.text(row)}"

    def tip(self, number: int) -> str:
        return tip_of(self.rows[number])

    def set_read(self, number: int) -> None:
        super().set_read(number)
        self.cursor_line.hide()  # the bar itself is marked
        self._one(self._read_bar, self.rows[self.read].name if self.read >= 0 else "")

    def left_text(self, value: float) -> str:
        key = "" if self._column is None else self._column.key
        match key:
            case "year":
                return f"{value:.0f}" if value == round(value) else ""
            case "top1":
                return f"{value:g} %"
            case "forward_ms":
                return f"{value:g} ms"
            case "memory_bytes":
                return f"{_short_count(value)}B" if value else "0"
        return _short_count(value)

    def bottom_ticks(self) -> list[tuple[float, str]]:
        kept = self._with_room([row.title for row in self.rows])
        return sorted((float(at), self.rows[at].title) for at in kept)

    def place_ticks(self) -> None:
        super().place_ticks()
        if not hasattr(self, "_marked"):
            return  # being made
        for text in self._texts:
            self.box.removeItem(text)
        self._texts = []
        if self._column is None:
            return
        said = [self._column.text(row) for row in self.rows]
        heights = self._heights()
        colour = self.palette().color(self.palette().ColorRole.Text)
        for at in self._with_room(said):
            text = pg.TextItem(said[at], color=colour, anchor=(0.5, 1.0))
            text.setFont(self.font())
            text.setPos(at, float(heights[at]))
            self.box.addItem(text, ignoreBounds=True)
            self._texts.append(text)

    def _with_room(self, texts: Sequence[str]) -> list[int]:
        """Which texts have room beside each other, those of chosen networks first."""
        first, last = self.box.viewRange()[0]
        pixel = (last - first) / max(self.box.width(), 1.0)
        wanted = sorted(range(len(texts)), key=lambda at: not self._is_strong(self.rows[at]))
        kept = spaced([(at / pixel, self.width_of(texts[at])) for at in wanted])
        return [wanted[number] for number in kept]

    def colour(self) -> None:
        super().colour()
        if not hasattr(self, "_read_bar"):
            return  # being made
        dark = theme.is_dark(self.palette())
        self._bars.setOpts(brush=theme.kind_colour("conv", dark))
        self._others.setOpts(brush=faint(QColor(theme.ground(self).text_quiet), 90))
        selection = QColor(theme.ground(self).selection)
        self._read_bar.setOpts(brush=faint(selection, 120))
        self._marked.setOpts(pen=line_pen(self.palette().color(self.palette().ColorRole.Text), 2))
        self.place_ticks()


class ScatterPlot(_NetworksPlot):
    """Published accuracy over multiply-adds; the area of a dot goes with the parameters. Networks
    are those of one data set: accuracies on different pictures are not to be compared."""

    def __init__(self) -> None:
        self._spots: list[tuple[float, float]] = []
        self._radii: list[float] = []
        self._texts: list[pg.TextItem] = []
        super().__init__()
        self.setAccessibleName(self.tr("Accuracy over multiply-adds"))
        self._dots = pg.ScatterPlotItem(antialias=True, pxMode=True)
        self._ring = pg.ScatterPlotItem(antialias=True, pxMode=True, brush=None)
        self._read_ring = pg.ScatterPlotItem(antialias=True, pxMode=True, brush=None)
        for item in (self._dots, self._ring, self._read_ring):
            self.box.addItem(item)
        self._up = pg.TextItem(self.tr("Top-1 accuracy"), anchor=(0, 0))
        # a little above the axis, which it would cover
        self._along = pg.TextItem(self.tr("Multiply-adds"), anchor=(1, 1.15))
        for axis in (self._up, self._along):
            axis.setFont(self.font())
            self.box.addItem(axis, ignoreBounds=True)
        self.colour()

    def show_rows(self, rows: Sequence[Architecture], chosen: frozenset[str]) -> None:
        """Show networks; those without a published accuracy or multiply-adds are left out."""
        known = [row for row in rows if row.top1 is not None and row.macs]
        # the arrow keys go from left to right
        self.rows = tuple(sorted(known, key=lambda row: row.macs or 0))
        self._chosen = chosen
        tops = [row.top1 or 0.0 for row in self.rows]
        logs = [math.log10(row.macs or 1) for row in self.rows]
        floor, ceiling = (min(tops), max(tops)) if tops else (0.0, 100.0)
        room = max(1.0, 0.1 * (ceiling - floor))
        scale = scale_for([floor - room, min(100.0, ceiling + room)])
        low, high = (min(logs), max(logs)) if logs else (6.0, 10.0)
        wide = max(0.15, 0.06 * (high - low))
        self._spots = list(zip(logs, scale.places(tops).tolist(), strict=True))
        most = max((row.parameters for row in self.rows), default=1) or 1
        self._radii = [
            max(_LEAST, _LARGEST * math.sqrt(row.parameters / most)) for row in self.rows
        ]
        # names stand mostly at the right of dots: the last ones need room there
        self.set_scale(scale, (low - wide, high + 2 * wide))
        self._draw()
        self.set_read(-1)

    def _draw(self) -> None:
        self.colour()
        self._mark()

    def _mark(self) -> None:
        self._surround(self._ring, self._selected, _RING)
        self.place_ticks()

    def _surround(self, ring: pg.ScatterPlotItem, name: str, more: float) -> None:
        number = next((at for at, row in enumerate(self.rows) if row.name == name), -1)
        if number < 0:
            ring.setData([])
        else:
            ring.setData(pos=[self._spots[number]], size=2 * self._radii[number] + 2 * more)

    def labelled(self) -> tuple[str, ...]:
        """The networks whose names are written."""
        return tuple(text.toPlainText() for text in self._texts)

    # Plot

    def place_of(self, number: int) -> float:
        return self._spots[number][0]

    def number_at(self, place: QPointF) -> int:
        """The dot that is meant: the smallest that the place lies in, else the nearest one."""
        at = self.mapToScene(place.toPoint())
        found = (math.inf, math.inf, -1)
        for number, spot in enumerate(self._spots):
            middle = self.box.mapViewToScene(QPointF(*spot))
            away = math.hypot(middle.x() - at.x(), middle.y() - at.y())
            radius = self._radii[number]
            outside = max(0.0, away - radius)
            if outside <= _NEAR:
                found = min(found, (outside, radius, number))
        return found[2]

    def point_of(self, number: int) -> QPointF:
        return QPointF(self.mapFromScene(self.box.mapViewToScene(QPointF(*self._spots[number]))))

    def description(self, number: int) -> str:
        row = self.rows[number]
        said: str = self.tr("{title} · top-1 {top} %, {macs} multiply-adds, {count} parameters")
        return said.format(
            title=row.title, top=f"{row.top1:g}", macs=format_count(row.macs or 0),
            count=format_count(row.parameters),
        )  # fmt: skip

    def tip(self, number: int) -> str:
        return tip_of(self.rows[number])

    def set_read(self, number: int) -> None:
        super().set_read(number)
        self.cursor_line.hide()  # the dot itself is marked
        self._surround(self._read_ring, self.rows[self.read].name if self.read >= 0 else "", 2)

    def left_text(self, value: float) -> str:
        return f"{value:g} %"

    def bottom_ticks(self) -> list[tuple[float, str]]:
        first, last = self.box.viewRange()[0]
        pixel = (last - first) / max(self.box.width(), 1.0)
        # whole powers of ten are worth most
        values = [part * 10.0**power for part in (1, 2, 5)
                  for power in range(math.floor(first), math.ceil(last) + 1)]  # fmt: skip
        seen = [value for value in values if first <= math.log10(value) <= last]
        texts = [(math.log10(value), _short_count(value)) for value in seen]
        kept = spaced([(place / pixel, self.width_of(text) + 16) for place, text in texts])
        return sorted(texts[number] for number in kept)

    def place_ticks(self) -> None:
        super().place_ticks()
        if not hasattr(self, "_along"):
            return  # being made
        (first, last), (low, high) = self.box.viewRange()
        self._up.setPos(first, high)
        self._along.setPos(last, low)
        for text in self._texts:
            self.box.removeItem(text)
        self._texts = []
        palette = self.palette()
        strong = palette.color(palette.ColorRole.Text)
        for number, middle in self._names():
            row = self.rows[number]
            is_strong = self._is_strong(row)
            text = pg.TextItem(
                row.title,
                color=strong if is_strong else theme.quiet_colour(self),
                anchor=(0.5, 0.5),
            )
            text.setFont(self._font_of(row))
            text.setPos(self.box.mapToView(middle))
            text.setZValue(10 + is_strong)
            self.box.addItem(text, ignoreBounds=True)
            self._texts.append(text)

    def _font_of(self, row: Architecture) -> QFont:
        font = QFont(self.font())
        if self._is_strong(row):
            font.setWeight(QFont.Weight.DemiBold)
        return font

    def _names(self) -> Iterator[tuple[int, QPointF]]:
        """Names that have room, and those of the chosen networks in any case, with their middles
        in pixels."""
        dots: list[NamedDot] = []
        for row, spot, radius in zip(self.rows, self._spots, self._radii, strict=True):
            at = self.box.mapFromView(QPointF(*spot))
            metrics = QFontMetricsF(self._font_of(row))
            width, height = metrics.horizontalAdvance(row.title) + 2, metrics.height() * 0.86
            # the ring of the one that is selected lies outside its dot
            radius += _RING if row.name == self._selected else 0
            dots.append(NamedDot(at.x(), at.y(), radius, width, height, self._is_strong(row)))
        whole = (0.0, 0.0, self.box.width(), self.box.height())
        for number, (left, top, right, bottom) in name_places(dots, whole).items():
            yield number, QPointF((left + right) / 2, (top + bottom) / 2)

    def colour(self) -> None:
        super().colour()
        if not hasattr(self, "_along"):
            return  # being made
        dark = theme.is_dark(self.palette())
        strong = theme.kind_colour("conv", dark)
        quiet = QColor(theme.ground(self).text_quiet)
        # large dots lie below small ones, chosen ones above others
        order = sorted(
            range(len(self.rows)),
            key=lambda n: (self._is_strong(self.rows[n]), -self._radii[n]),
        )
        self._dots.setData(
            [
                {
                    "pos": self._spots[number],
                    "size": 2 * self._radii[number],
                    "brush": faint(strong, 150) if is_strong else faint(quiet, 50),
                    "pen": line_pen(strong if is_strong else faint(quiet, 150), 1),
                }
                for number in order
                for is_strong in (self._is_strong(self.rows[number]),)
            ]
        )
        selection = theme.ground(self).selection
        self._ring.setPen(line_pen(selection, 2))
        self._read_ring.setPen(line_pen(selection, 1.5))
        for axis in (self._up, self._along):
            axis.setColor(quiet)
            # a line of the scale may run behind
            axis.fill = pg.mkBrush(self.palette().color(self.palette().ColorRole.Base))
        self.place_ticks()


def tip_of(row: Architecture) -> str:
    """What is said of a network beside the pointer."""
    top1 = "" if row.top1 is None else f"{row.top1:g} % top-1 on {row.data_set}"
    macs = "" if row.macs is None else f"{format_count(row.macs)} multiply-adds"
    year = "" if row.year is None else f", {row.year}"
    said = filter(None, (top1, macs, f"{format_count(row.parameters)} parameters"))
    return "\n".join((f"{row.title}{year}", *said))


def _short_count(value: float) -> str:
    """A round number beside an axis: ``200 M``."""
    return format_count(round(value)).replace(".00 ", " ").replace(".0 ", " ")
