"""How fast live pictures go through: the numbers of now on a line, and below it a graph of the last
half minute that can be folded away."""

import html

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QVBoxLayout, QWidget

from cnn_explorer.gui.state.live import Pace
from cnn_explorer.gui.state.pace_history import PARTS, SPAN, PaceHistory, Point
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import IconButton, paint_focus

_REPAINT_MS = 250
"""Between two repaints at least."""
_NUMBERS_MS = 250
"""Between two changes of the numbers at least: faster ones are not read."""
_PLOT = 50
"""Height of the plot, pixels."""
_SWATCH = 8
_PAD = "\u2007"
"""A space as wide as a figure: what stands behind a number keeps its place."""


def numbers_of(pace: Pace) -> tuple[str, str, str, str]:
    """``30.0``, ``21.4``, ``62``, ``14``: frames and answers a second, latency, frames dropped."""
    return (
        f"{pace.source_rate:.1f}".rjust(4, _PAD),
        f"{pace.answer_rate:.1f}".rjust(4, _PAD),
        f"{pace.latency_ms:.0f}".rjust(3, _PAD),
        str(pace.dropped),
    )


class PaceView(QWidget):
    """The numbers, and the graph that unfolds below them."""

    folded_changed = Signal(bool)
    """A person folded the graph away, or unfolded it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = _PaceLine()
        self.graph = PaceGraph()
        self.fold_button = IconButton(
            "ph.chart-line", self.tr("Pace over Time"),
            self.tr("Show where the time of the last 30 seconds went, or fold that away."),
        )  # fmt: skip
        self.fold_button.setCheckable(True)
        self.fold_button.setIconSize(QSize(14, 14))
        self.fold_button.setFixedSize(22, 20)
        self.fold_button.toggled.connect(self._on_toggled)
        head = QHBoxLayout()
        head.setSpacing(theme.GAP // 2)
        head.addWidget(self.line, 1)
        head.addWidget(self.fold_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.graph)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._has_room = True
        self.set_folded(False)

    @property
    def is_folded(self) -> bool:
        """Whether the graph is folded away."""
        return not self.fold_button.isChecked()

    def set_folded(self, folded: bool) -> None:
        """Fold the graph away, or show it."""
        self.fold_button.setChecked(not folded)
        self._show_graph()

    def set_room(self, has_room: bool) -> None:
        """Leave the graph out where there is no room for it, though it is not folded away."""
        if has_room != self._has_room:
            self._has_room = has_room
            self._show_graph()

    def height_with(self, graph: bool) -> int:
        """How high this is with the graph or without it, pixels."""
        line = max(self.line.sizeHint().height(), self.fold_button.height())
        return line + (self.graph.sizeHint().height() + 2 if graph else 0)

    def _show_graph(self) -> None:
        self.graph.setVisible(self._has_room and not self.is_folded)
        self.fold_button.setToolTip(
            self.tr("Show where the time of the last 30 seconds went, or fold that away.")
            if self._has_room
            else self.tr("Where the time went shows here once this panel is higher.")
        )

    def show_pace(self, pace: Pace) -> None:
        """An answer was drawn, and so fast."""
        self.line.show_pace(pace)
        self.graph.add(pace)

    def clear(self) -> None:
        """Nothing is known: another source, or none."""
        self.line.clear()
        self.graph.clear()

    def _on_toggled(self, checked: bool) -> None:
        self._show_graph()
        self.folded_changed.emit(not checked)


class _PaceLine(QWidget):
    """``30.0 in · 21.4 answers/s · 62 ms · 14 dropped``, each number in its place."""

    def __init__(self) -> None:
        super().__init__()
        self._pace: Pace | None = None
        self._shown: Pace | None = None
        self.setFont(theme.tabular_font(theme.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Pace"))
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_NUMBERS_MS)
        self._wait.timeout.connect(self._show)

    def show_pace(self, pace: Pace) -> None:
        self._pace = pace
        if self._wait.isActive() or not self.isVisible():
            return
        self._show()
        self._wait.start()

    def clear(self) -> None:
        self._wait.stop()
        self._pace = None
        self._show()

    def _show(self) -> None:
        if self._pace is self._shown:
            return
        self._shown = self._pace
        self.setToolTip(self._explained())
        self.update()

    def text(self) -> str:
        """The whole line, however little of it there is room for."""
        return self._text(self._long())

    def fitted(self, room: int) -> str:
        """The line without what a width, pixels, has no room for."""
        metrics = self.fontMetrics()
        widest = {"arrived": "100.0", "drawn": "100.0", "latency": "1000", "dropped": "1000"}
        forms = (self._long(), *self._shorter())
        # by the widest numbers: or the words would change with them
        fitting = (
            form for form in forms if metrics.horizontalAdvance(form.format(**widest)) <= room
        )
        return self._text(next(fitting, forms[-1]))

    def _long(self) -> str:
        return self.tr("{arrived} in · {drawn} answers/s · {latency} ms · {dropped} dropped")

    def _shorter(self) -> tuple[str, ...]:
        return (
            self.tr("{arrived} in · {drawn} out · {latency} ms · {dropped} dropped"),
            self.tr("{arrived} in · {drawn} out · {latency} ms · {dropped} lost"),
            self.tr("{arrived} in · {drawn} out · {latency} ms"),
            self.tr("{drawn} out · {latency} ms"),
        )

    def _text(self, template: str) -> str:
        if self._shown is None:
            return ""
        arrived, drawn, latency, dropped = numbers_of(self._shown)
        return template.format(arrived=arrived, drawn=drawn, latency=latency, dropped=dropped)

    def _explained(self) -> str:
        pace = self._shown
        if pace is None:
            return ""
        rows = (
            self.tr("{:.1f} frames a second arrived.").format(pace.source_rate),
            self.tr("{:.1f} answers a second were drawn.").format(pace.answer_rate),
            self.tr("{:.0f} ms from the capture of a frame to its answer drawn.").format(
                pace.latency_ms
            ),
            self.tr("{} frames were passed over for newer ones.").format(pace.dropped),
        )
        return "".join(f"<div>{html.escape(row)}</div>" for row in rows)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(120, self.fontMetrics().height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setPen(theme.quiet_colour(self))
        elide = Qt.TextElideMode.ElideRight
        shown = self.fontMetrics().elidedText(self.fitted(self.width()), elide, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, shown)

    def hideEvent(self, event: QHideEvent) -> None:
        self._wait.stop()
        super().hideEvent(event)


class PaceGraph(QWidget):
    """Milliseconds over the last half minute: what each part of the work took stands on the part
    before it, and the latency is a line. The pointer, or the arrow keys, read it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = PaceHistory()
        self._read: float | None = None  # the time that is read
        self.setFont(theme.tabular_font(theme.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Pace of the last 30 seconds"))
        self.setToolTip(
            self.tr(
                "Milliseconds of each part of the work on a frame, and its latency: from its "
                "capture to its answer drawn. Arrow keys read it."
            )
        )
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_REPAINT_MS)
        self._wait.timeout.connect(self.update)

    def add(self, pace: Pace) -> None:
        """One answer more. It is painted within a tenth of a second."""
        self.history.add(pace)
        if self.isVisible() and not self._wait.isActive():
            self._wait.start()

    def clear(self) -> None:
        """Begin anew."""
        self.history.clear()
        self._wait.stop()
        self._leave()
        self.update()

    def plot_rect(self) -> QRectF:
        """Where the curves are: the axis stands left of it, the legend below."""
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance(self.tr("{:g} ms").format(1000)) + 4
        above = metrics.height() / 2
        return QRectF(left, above, max(1.0, self.width() - left - 1), _PLOT)

    def reading(self) -> Point | None:
        """The point that is read."""
        return None if self._read is None else self.history.near(self._read)

    def told(self, point: Point) -> str:
        """What a point says, in words."""
        latest = self.history.latest
        ago = 0.0 if latest is None else max(0.0, latest.at - point.at)
        rows = [
            self.tr("{part} {ms:.1f} ms").format(part=part.title, ms=ms)
            for part, ms in zip(PARTS, point.parts, strict=True)
        ]
        rows.append(self.tr("latency {ms:.1f} ms").format(ms=point.latency_ms))
        return self.tr("{seconds:.1f} s ago: {rows}").format(seconds=ago, rows=", ".join(rows))

    def _x_of(self, at: float, plot: QRectF) -> float:
        latest = self.history.latest
        return plot.right() - ((latest.at if latest else at) - at) / SPAN * plot.width()

    def _time_at(self, x: float) -> float | None:
        latest, plot = self.history.latest, self.plot_rect()
        if latest is None or not plot.left() - 3 <= x <= plot.right() + 3:
            return None
        return latest.at - (plot.right() - x) / plot.width() * SPAN

    def _read_at(self, at: float | None, where: QPoint) -> None:
        self._read = at
        point = self.reading()
        if point is None:
            QToolTip.hideText()
        else:
            said = self.told(point)
            head, _, rest = said.partition(": ")
            lines = "".join(f"<div>{html.escape(row)}</div>" for row in rest.split(", "))
            QToolTip.showText(where, f"<b>{html.escape(head)}</b>{lines}", self)
            self.setAccessibleDescription(said)
        self.update()

    def _leave(self) -> None:
        if self._read is not None:
            self._read = None
            QToolTip.hideText()
            self.update()

    def _step(self, count: int) -> None:
        points = self.history.points
        if not points:
            return
        here = self.reading()
        place = len(points) - 1 if here is None else points.index(here) + count
        point = points[min(max(place, 0), len(points) - 1)]
        plot = self.plot_rect()
        at = QPointF(self._x_of(point.at, plot), plot.center().y()).toPoint()
        self._read_at(point.at, self.mapToGlobal(at))

    def _legend(self) -> list[tuple[str, str, QPointF]]:
        """Kind of colour, words and place of each entry, in as many lines as they need."""
        metrics = QFontMetricsF(self.font())
        entries = [(part.kind, self.tr(part.title)) for part in PARTS]
        entries.append(("", self.tr("latency")))
        x, y = 0.0, metrics.height() / 2 + _PLOT + 5.0
        placed = []
        for kind, words in entries:
            width = _SWATCH + 4 + metrics.horizontalAdvance(words)
            if x and x + width > self.width():
                x, y = 0.0, y + metrics.height() + 1
            placed.append((kind, words, QPointF(x, y)))
            x += width + 10
        return placed

    def _paint_axis(self, painter: QPainter, plot: QRectF, top: float) -> None:
        style = theme.ground(self)
        painter.fillRect(plot, QColor(style.frame))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for share in (0.0, 0.5, 1.0):
            y = plot.bottom() - share * plot.height()
            painter.setPen(QPen(QColor(style.frame_border), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            if share != 0.5:
                value = self.tr("{:g} ms").format(top) if share else "0"
                box = QRectF(0, y - 8, plot.left() - 4, 16)
                painter.setPen(theme.quiet_colour(self))
                painter.drawText(box, flags, value)

    def _paint_curves(self, painter: QPainter, plot: QRectF, top: float) -> None:
        dark = theme.is_dark(self.palette())
        scale = plot.height() / top
        painter.setClipRect(plot)
        for run in self.history.runs():
            across = [self._x_of(point.at, plot) for point in run]
            if len(across) == 1:  # alone it would have no width
                across, run = [across[0] - 1.5, across[0]], run * 2
            floor = [plot.bottom()] * len(run)
            painter.setPen(Qt.PenStyle.NoPen)
            for number, part in enumerate(PARTS):
                ceiling = [
                    y - point.parts[number] * scale for y, point in zip(floor, run, strict=True)
                ]
                outline = [QPointF(x, y) for x, y in zip(across, ceiling, strict=True)]
                outline += [
                    QPointF(x, y) for x, y in zip(reversed(across), reversed(floor), strict=True)
                ]
                painter.setBrush(theme.kind_colour(part.kind, dark))
                painter.drawPolygon(QPolygonF(outline))
                floor = ceiling
            painter.setPen(QPen(QColor(theme.ground(self).text), 1.2))
            latency = [
                QPointF(x, plot.bottom() - point.latency_ms * scale)
                for x, point in zip(across, run, strict=True)
            ]
            painter.drawPolyline(QPolygonF(latency))
        point = self.reading()
        if point is not None:
            x = self._x_of(point.at, plot)
            painter.setPen(QPen(QColor(theme.ground(self).selection), 1))
            painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        painter.setClipping(False)

    def _paint_legend(self, painter: QPainter) -> None:
        dark = theme.is_dark(self.palette())
        ascent = QFontMetricsF(self.font()).ascent()
        for kind, words, at in self._legend():
            middle = at.y() + ascent * 0.62
            if kind:
                swatch = QRectF(at.x(), middle - _SWATCH / 2, _SWATCH, _SWATCH)
                painter.fillRect(swatch, theme.kind_colour(kind, dark))
            else:
                painter.setPen(QPen(QColor(theme.ground(self).text), 1.2))
                painter.drawLine(QPointF(at.x(), middle), QPointF(at.x() + _SWATCH, middle))
            painter.setPen(theme.quiet_colour(self))
            painter.drawText(QPointF(at.x() + _SWATCH + 4, at.y() + ascent), words)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        line = QFontMetricsF(self.font()).height()
        last = self._legend()[-1][2].y()
        return QSize(200, round(last + line + 2))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plot, top = self.plot_rect(), self.history.top()
        self._paint_axis(painter, plot, top)
        self._paint_curves(painter, plot, top)
        self._paint_legend(painter)
        if self.hasFocus():
            paint_focus(painter, self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()  # the legend may need another line

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._read_at(self._time_at(event.position().x()), event.globalPosition().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = len(self.history.points)
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Home: -count,
            Qt.Key.Key_End: count,
        }
        if event.key() in steps and count:
            self._step(steps[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Escape and self._read is not None:
            self._leave()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._wait.stop()
        super().hideEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Leave, QEvent.Type.FocusOut):
            self._leave()
        return super().event(event)
