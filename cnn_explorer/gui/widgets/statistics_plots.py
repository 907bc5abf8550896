"""The plots of the Statistics tab: the histogram of one layer, the profile of all layers."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QGraphicsPolygonItem

from cnn_explorer.graph.model import readable_label
from cnn_explorer.gui.state.channel_table import profile_as_csv
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.plot_scales import Scale, round_values, scale_for, spaced
from cnn_explorer.gui.widgets.plots import Plot, csv_text, faint, line_pen
from cnn_explorer.probe.failures import FailureKind
from cnn_explorer.probe.histogram import Histogram
from cnn_explorer.probe.profile import Profile
from cnn_explorer.probe.statistics import LayerStatistics
from cnn_explorer.text import format_share, number_text

_HEADROOM = 1.22
"""Above the bars there is room for what is said of zeros."""
_BAR = 0.88
"""How much of its bin a bar fills, where there is room for a gap."""
_GAPS_FROM = 7.0
"""Narrower bins, in pixels, have no gaps: they would be of one pixel here and of none there."""
_MARKS_AT = 1.09
"""Marks of failures stand in a row of their own above the curves."""
_TOP = 1.15
_POINTS_UP_TO = 90
"""So many layers have a point each on the curve; more would be a thick line."""
_NAMED_UP_TO = 40
"""Where no more layers are in sight, those within blocks are named too."""
_LEAST_IN_SIGHT = 8
"""So many layers are in sight when the profile is zoomed in as far as it goes."""

SYMBOLS: Mapping[FailureKind, str] = {
    "not finite": "x",
    "all zero": "o",
    "mostly dead": "d",
    "saturated": "s",
    "constant": "+",
    "exploding": "t1",
    "vanishing": "t",
}
"""pyqtgraph's names for the symbols of failures; in text they are `FAILURE_SIGNS`."""


class HistogramPlot(Plot):
    """How many of a layer's values lie where. Values that are exactly 0 are a line with their share
    beside it, since behind a ReLU they are most and a bar for them would hide all others."""

    def __init__(self) -> None:
        self._histogram: Histogram | None = None
        super().__init__()
        self.setAccessibleName(self.tr("Histogram"))
        self._log = False
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._marked = pg.BarGraphItem(x0=[], x1=[], height=[], pen=None)
        self._zero_line = pg.InfiniteLine(angle=90, movable=False)
        self._zero_text = pg.TextItem(anchor=(0, 0))
        self._zero_text.setFont(self.font())
        for item in (self._bars, self._marked, self._zero_line, self._zero_text):
            self.box.addItem(item)
        self._zero_line.setZValue(5)
        self._zero_text.setZValue(10)
        self.box.sigResized.connect(self._draw_bars)
        self.colour()

    def show_histogram(self, histogram: Histogram, *, log: bool) -> None:
        """Show counts on a linear or a logarithmic scale."""
        self._histogram, self._log = histogram, log
        counts = histogram.counts
        scale = Scale(0.0, float(counts.max()) if counts.any() else 1.0, 1.0 if log else 0.0)
        self.set_scale(scale, (-0.6, max(len(counts), 1) + 0.6), _HEADROOM)
        self._draw_bars()
        self._show_zeros(histogram)
        self.set_read(self.read if self.read < len(counts) else -1)

    @property
    def _bar(self) -> float:
        """How much of its bin a bar fills."""
        return _BAR if self.box.width() >= _GAPS_FROM * max(self.count, 1) else 1.0

    def _draw_bars(self) -> None:
        histogram = self._histogram
        if histogram is None:
            return
        starts = np.arange(len(histogram.counts)) + (1 - self._bar) / 2
        heights = self.scale_shown.places(histogram.counts)
        self._bars.setOpts(x0=starts, x1=starts + self._bar, height=heights)

    def _show_zeros(self, histogram: Histogram) -> None:
        place = self._place(0.0)
        shown = bool(histogram.zeros) and place is not None
        self._zero_line.setVisible(shown)
        self._zero_text.setVisible(shown)
        if shown and place is not None:
            right = place > len(histogram.counts) * 0.7
            self._zero_line.setPos(place)
            self._zero_text.setText(self.zeros_text)
            self._zero_text.setAnchor((1 if right else 0, 0))
            self._zero_text.setPos(place, _HEADROOM)

    @property
    def zeros_text(self) -> str:
        """What stands beside the line at 0."""
        if self._histogram is None or not self._histogram.zeros:
            return ""
        said: str = self.tr("exactly 0: {}")
        return said.format(format_share(self._histogram.zero_share))

    def _place(self, value: float) -> float | None:
        """Where a value stands from left to right; None outside the bins."""
        histogram = self._histogram
        if histogram is None or not len(histogram.counts):
            return None
        low, high = float(histogram.edges[0]), float(histogram.edges[-1])
        if not low <= value <= high:
            return None
        return (value - low) / (high - low) * len(histogram.counts)

    # Plot

    @property
    def count(self) -> int:
        return 0 if self._histogram is None else len(self._histogram.counts)

    def place_of(self, number: int) -> float:
        return number + 0.5

    def nearest(self, x: float) -> int:
        return min(max(math.floor(x), 0), self.count - 1)

    def description(self, number: int) -> str:
        histogram = self._histogram
        assert histogram is not None
        low, high = (number_text(float(edge)) for edge in histogram.edges[number : number + 2])
        count = int(histogram.counts[number])
        said: str = self.tr("{low} to {high}: {count} values, {share}").format(
            low=low, high=high, count=f"{count:,}", share=format_share(count / histogram.total)
        )
        if number == histogram.zero_bin and histogram.zeros:
            said += self.tr(", and {} that are exactly 0").format(f"{histogram.zeros:,}")
        return said

    def set_read(self, number: int) -> None:
        super().set_read(number)
        self.cursor_line.hide()  # the bar itself is marked
        histogram = self._histogram
        if histogram is None or self.read < 0:
            self._marked.setOpts(x0=[], x1=[], height=[])
            return
        height = self.scale_shown.places(histogram.counts[self.read])
        start = self.read + (1 - self._bar) / 2
        self._marked.setOpts(x0=[start], x1=[start + self._bar], height=[float(height)])

    def left_text(self, value: float) -> str:
        return f"{value:,.0f}" if value.is_integer() else ""  # half a value there is not

    def bottom_ticks(self) -> list[tuple[float, str]]:
        histogram = self._histogram
        if histogram is None or not len(histogram.counts):
            return []
        low, high = float(histogram.edges[0]), float(histogram.edges[-1])
        most = max(2, int(self.box.width() // 56))
        texts = [(self._place(v), number_text(v)) for v in round_values(low, high, most)]
        return [(place, text) for place, text in texts if place is not None]

    def as_csv(self) -> str:
        histogram = self._histogram
        if histogram is None:
            return ""
        rows: list[Sequence[object]] = [("From", "To", "Count")]
        rows += zip(histogram.edges[:-1], histogram.edges[1:], histogram.counts, strict=True)
        rows += [
            (0, 0, histogram.zeros),
            ("not a number", "", histogram.not_a_number),
            ("infinite", "", histogram.infinite),
        ]
        return csv_text(rows)

    def colour(self) -> None:
        super().colour()
        if not hasattr(self, "_zero_text"):
            return  # being made
        dark = theme.is_dark(self.palette())
        self._bars.setOpts(brush=theme.kind_colour("block", dark))
        self._marked.setOpts(brush=QColor(theme.ground(self).selection))
        colour = theme.kind_colour("activation", dark)
        self._zero_line.setPen(line_pen(colour, 2))
        self._zero_text.setColor(colour)
        self._zero_text.fill = pg.mkBrush(
            faint(self.palette().color(self.palette().ColorRole.Base), 200)
        )


MeasureKey = Literal["mean", "deviation", "extent", "zeros", "dead"]


@dataclass(frozen=True, eq=False)
class Curve:
    """One number of all layers: a line, and where there is one a band around it."""

    values: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64] | None = None
    high: npt.NDArray[np.float64] | None = None
    is_share: bool = False

    @property
    def all_values(self) -> npt.NDArray[np.float64]:
        """Everything that is drawn."""
        parts = (self.values, self.low, self.high)
        return np.concatenate([part for part in parts if part is not None])


def curve_of(layers: Sequence[LayerStatistics], key: MeasureKey) -> Curve:
    """One number of layers in their order: what is not a number has no place on the curve."""

    def of(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(numbers, name) for numbers in layers], np.float64)

    match key:
        case "mean":
            mean, deviation = of("mean"), of("deviation")
            return Curve(mean, mean - deviation, mean + deviation)
        case "deviation":
            return Curve(of("deviation"))
        case "extent":
            return Curve(of("mean"), of("minimum"), of("maximum"))
        case "zeros":
            return Curve(of("zeros"), is_share=True)
        case "dead":
            counts = np.array([max(len(n.channels.dead), 1) for n in layers], np.float64)
            return Curve(of("dead") / counts, is_share=True)


class ProfilePlot(Plot):
    """One number of all layers in forward order, failures in a row above. The wheel zooms in on
    some of the layers, dragging moves along them, a double click shows all."""

    def __init__(self) -> None:
        self._profile: Profile | None = None
        self._names: tuple[str, ...] = ()
        self._key: MeasureKey = "mean"
        self._curve = Curve(np.zeros(0))
        self._selected = -1
        self._dragged = 0.0
        super().__init__()
        self.setAccessibleName(self.tr("Profile over depth"))
        self._bands: list[QGraphicsPolygonItem] = []
        self._edges = [pg.PlotCurveItem(antialias=True, connect="finite") for _ in range(2)]
        self._line = pg.PlotCurveItem(antialias=True, connect="finite")
        self._points = pg.ScatterPlotItem(size=5, pen=None, antialias=True, pxMode=True)
        self._marks = pg.ScatterPlotItem(size=9, pen=None, antialias=True, pxMode=True)
        self._cursor = pg.ScatterPlotItem(size=9, pen=None, antialias=True, pxMode=True)
        self._selection = pg.InfiniteLine(angle=90, movable=False)
        self._selection.hide()
        for item in (self._selection, *self._edges, self._line, self._points, self._marks,
                     self._cursor):  # fmt: skip
            self.box.addItem(item)
        self.box.setMouseEnabled(x=False, y=False)
        self.box.sigXRangeChanged.connect(self.place_ticks)
        self.colour()

    def show_profile(self, profile: Profile, key: MeasureKey, *, log: bool) -> None:
        """Show one number of all layers."""
        names = tuple(profile.layers)
        same = names == self._names
        self._profile, self._names, self._key = profile, names, key
        self._curve = curve_of(list(profile.layers.values()), key)
        curve = self._curve
        if curve.is_share:
            scale = Scale(0.0, 1.0)
        else:
            low = 0.0 if key == "deviation" and not log else None
            scale = scale_for(curve.all_values, log=log, low=low)
        span = self.box.viewRange()[0] if same else (-0.5, max(len(names), 1) - 0.5)
        self.set_scale(scale, (span[0], span[1]), _TOP)
        self._draw()
        self.set_read(self.read if same else -1)

    def clear(self) -> None:
        """Show nothing."""
        self._profile, self._names = None, ()
        self._curve = Curve(np.zeros(0))
        self._draw()
        self.set_read(-1)

    def set_selected(self, layer: str) -> None:
        """Mark a layer; one that is not there marks none."""
        self._selected = self._names.index(layer) if layer in self._names else -1
        self._selection.setVisible(self._selected >= 0)
        if self._selected >= 0:
            self._selection.setPos(self._selected)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers, in order."""
        return self._names

    def _draw(self) -> None:
        curve, scale = self._curve, self.scale_shown
        x = np.arange(len(curve.values), dtype=np.float64)
        y = scale.places(curve.values)
        self._line.setData(x, y)
        few = len(x) <= _POINTS_UP_TO
        there = np.isfinite(y)
        self._points.setData(x[there] if few else [], y[there] if few else [])
        for band in self._bands:
            self.box.removeItem(band)
        self._bands = []
        for edge, values in zip(self._edges, (curve.low, curve.high), strict=True):
            edge.setData(x if values is not None else [], [] if values is None else
                         scale.places(values))  # fmt: skip
        if curve.low is not None and curve.high is not None:
            self._draw_band(x, scale.places(curve.low), scale.places(curve.high))
        failures = {} if self._profile is None else self._profile.failures
        self._marks.setData(
            [
                {"pos": (at, _MARKS_AT), "symbol": SYMBOLS[failures[name].kind]}
                for at, name in enumerate(self._names)
                if name in failures
            ]
        )
        self.colour()

    def _draw_band(
        self,
        x: npt.NDArray[np.float64],
        low: npt.NDArray[np.float64],
        high: npt.NDArray[np.float64],
    ) -> None:
        """Fill between two curves, wherever both are there."""
        there = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
        for run in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
            if len(run) < 2:
                continue
            round_trip = [*zip(x[run], high[run], strict=True)]
            round_trip += [*zip(x[run][::-1], low[run][::-1], strict=True)]
            band = QGraphicsPolygonItem(QPolygonF([QPointF(*corner) for corner in round_trip]))
            band.setPen(QColor(0, 0, 0, 0))
            band.setZValue(-10)
            self.box.addItem(band)
            self._bands.append(band)

    # Plot

    @property
    def count(self) -> int:
        return len(self._names)

    def description(self, number: int) -> str:
        name = self._names[number]
        profile, curve = self._profile, self._curve
        assert profile is not None
        numbers = profile.layers[name]
        value = float(curve.values[number])
        match self._key:
            case "mean":
                said = self.tr("mean {}, deviation {}").format(
                    number_text(value), number_text(numbers.deviation)
                )
            case "deviation":
                said = self.tr("deviation {}").format(number_text(value))
            case "extent":
                said = self.tr("from {} to {}, mean {}").format(
                    number_text(numbers.minimum), number_text(numbers.maximum), number_text(value)
                )
            case "zeros":
                said = self.tr("{} zeros").format(format_share(value))
            case "dead":
                said = self.tr("{} of {} channels dead").format(
                    f"{numbers.dead:,}", f"{len(numbers.channels.dead):,}"
                )
        return f"{name} · {said}"

    def tip(self, number: int) -> str:
        failure = self._profile.failures.get(self._names[number]) if self._profile else None
        said = self.description(number)
        return (
            said if failure is None else f"{said}\n{failure.kind.capitalize()}: {failure.sentence}"
        )

    def set_read(self, number: int) -> None:
        super().set_read(number)
        place = self.scale_shown.places(self._curve.values[self.read]) if self.read >= 0 else np.nan
        there = bool(np.isfinite(place))
        self._cursor.setData([self.read] if there else [], [float(place)] if there else [])
        self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        """What is read by keys may lie beside what is in sight."""
        first, last = self.box.viewRange()[0]
        if self.read >= 0 and not first <= self.read <= last:
            self._look_at(self.read - (last - first) / 2, last - first)

    def left_text(self, value: float) -> str:
        return f"{100 * value:.0f} %" if self._curve.is_share else number_text(value)

    def bottom_ticks(self) -> list[tuple[float, str]]:
        if not self._names:
            return []
        first, last = self.box.viewRange()[0]
        pixel = (last - first) / max(self.box.width(), 1.0)
        seen = range(max(0, math.ceil(first)), min(len(self._names) - 1, math.floor(last)) + 1)
        blocks = [name.partition(".")[0] for name in self._names]
        sizes = Counter(blocks)
        starts = [at for at in seen if at == 0 or blocks[at] != blocks[at - 1]]
        texts = []
        if len(starts) > 1:
            # where large blocks begin is worth most
            starts.sort(key=lambda at: -sizes[blocks[at]])
            texts = [(at, blocks[at]) for at in starts]
        if len(starts) < 3 or len(seen) <= _NAMED_UP_TO:
            texts += [(at, readable_label(self._names[at])) for at in seen]
        kept = spaced([(at / pixel, self.width_of(text)) for at, text in texts])
        return sorted((float(texts[k][0]), texts[k][1]) for k in kept)

    def as_csv(self) -> str:
        return "" if self._profile is None else profile_as_csv(self._profile)

    def colour(self) -> None:
        super().colour()
        if not hasattr(self, "_selection"):
            return  # being made
        dark = theme.is_dark(self.palette())
        line = theme.kind_colour("conv", dark)
        self._line.setPen(line_pen(line))
        self._points.setBrush(line)
        for edge in self._edges:
            edge.setPen(line_pen(faint(line, 110), 1))
        for band in self._bands:
            band.setBrush(faint(line, 40))
        self._marks.setBrush(QColor(theme.ERROR[dark][1]))
        self._marks.setPen(line_pen(theme.ERROR[dark][1], 1))
        self._cursor.setBrush(QColor(theme.ground(self).selection))
        self._selection.setPen(
            pg.mkPen(theme.ground(self).selection, width=1.5, style=Qt.PenStyle.DashLine)
        )

    # zooming

    def _possible_span(self, span: float) -> float:
        return min(float(max(len(self._names), 1)), max(span, _LEAST_IN_SIGHT))

    def _look_at(self, start: float, span: float) -> None:
        span = self._possible_span(span)
        start = min(max(start, -0.5), max(len(self._names), 1) - 0.5 - span)
        self.box.setXRange(start, start + span, padding=0)

    def show_all(self) -> None:
        """Have all layers in sight."""
        self._look_at(-0.5, float(len(self._names)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            first, last = self.box.viewRange()[0]
            moved = (event.position().x() - self._dragged) / max(self.box.width(), 1.0)
            self._dragged = event.position().x()
            self._look_at(first - moved * (last - first), last - first)
        else:
            super().mouseMoveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._dragged = event.position().x()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        self.show_all()

    def wheelEvent(self, event: QWheelEvent) -> None:
        first, last = self.box.viewRange()[0]
        turned = event.angleDelta()
        if abs(turned.x()) > abs(turned.y()):
            self._look_at(first - turned.x() / 1200 * (last - first), last - first)
        elif self._names:
            under = self.box.mapSceneToView(self.mapToScene(event.position().toPoint())).x()
            span = self._possible_span((last - first) * 0.998 ** turned.y())
            self._look_at(under - (under - first) * span / (last - first), span)
        event.accept()
