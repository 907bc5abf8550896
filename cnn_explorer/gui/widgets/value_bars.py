"""A row of values as bars, from a handful to tens of thousands."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import copy_action, paint_focus
from cnn_explorer.text import number_text

_LABELLED = 5
"""So many of the highest values are named, where not every bar has room for its name."""
_NAMED_AT_MOST = 100
_DIMMED = 0.35
_WIDEST_BAR = 56.0


class ValueBars(QWidget):
    """Shows values (N,) as bars by index, up and down from zero.

    The pointer or the arrow keys read single values. With names given, the highest ones are named
    above their bars. Where there are more values than pixels, a column of pixels spans from the
    lowest to the highest value of its share, so no peak is lost.
    """

    index_hovered = Signal(int)
    """The index that is read, or -1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: npt.NDArray[np.float32] = np.zeros(0, np.float32)
        self._finite: npt.NDArray[np.float32] = self._values
        self._names: tuple[str, ...] = ()
        self._order: npt.NDArray[np.intp] | None = None
        self._top: list[int] = []
        self._read = -1
        self._dimmed = False
        self.setFont(theme.text_font(theme.SMALL))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAccessibleName(self.tr("Values as bars"))
        copy_action(self, self.tr("Copy as picture"), self.copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_values(
        self,
        values: npt.NDArray[np.float32],
        names: Sequence[str] = (),
        order: npt.NDArray[np.intp] | None = None,
    ) -> None:
        """Show values (N,); `names` has one for each, or none. With an `order`, those values alone
        and in that order."""
        self._order = order
        if order is not None:
            values = values[order]
            names = tuple(names[index] for index in order) if names else ()
        self._values = values
        # what is not finite has no bar: it is named when it is read
        self._finite = np.where(np.isfinite(values), values, np.float32(0))
        self._names = tuple(names)
        alike = not len(values) or self._finite.min() == self._finite.max()
        count = 0 if alike or not self._names else min(_LABELLED, len(values))
        self._top = [int(index) for index in np.argsort(-self._finite, kind="stable")[:count]]
        self._dimmed = False
        self.set_read(self._read if self._read < len(values) else -1)
        self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Fade the bars: they are of an earlier picture or layer."""
        self._dimmed = dimmed
        self.update()

    @property
    def read(self) -> int:
        """The place that is read, or -1: the index, where all stand in their own order."""
        return self._read

    def set_read(self, index: int) -> None:
        """Read a value: mark its bar and say what it is; -1 reads none."""
        if index == self._read:
            return
        self._read = index
        self.setAccessibleDescription(self.description(index) if index >= 0 else "")
        self.index_hovered.emit(index)
        self.update()

    def description(self, index: int) -> str:
        """What is said of the value at a place: index, name, value."""
        value = number_text(float(self._values[index]))
        shown = index if self._order is None else int(self._order[index])
        if self._names:
            return self.tr("index {index} · {name} · {value}").format(
                index=shown, name=self._names[index], value=value
            )
        return self.tr("index {index} · {value}").format(index=shown, value=value)

    def index_at(self, x: float) -> int:
        """The index whose bar stands at x (logical pixels); -1 beside all of them."""
        left, pitch = self._across()
        index = int((x - left) // pitch) if len(self._values) else -1
        return index if 0 <= index < len(self._values) else -1

    def centre_of(self, index: int) -> float:
        """Where the middle of a bar lies (logical pixels)."""
        left, pitch = self._across()
        return left + (index + 0.5) * pitch

    def copy(self) -> None:
        """Put a picture of the bars on the clipboard."""
        QGuiApplication.clipboard().setImage(self.grab().toImage())

    def _range(self) -> tuple[float, float]:
        if not len(self._finite):
            return 0.0, 1.0
        low = min(0.0, float(self._finite.min()))
        high = max(0.0, float(self._finite.max()))
        return (low, high) if high > low else (0.0, 1.0)

    def _across(self) -> tuple[float, float]:
        """Left end of the first bar, and the distance from bar to bar."""
        low, high = self._range()
        metrics = QFontMetricsF(self.font())
        scale = max(metrics.horizontalAdvance(number_text(end)) for end in (low, high, 0.0))
        left = theme.MARGIN + scale + theme.GAP
        room = max(1.0, self.width() - left - theme.MARGIN)
        return left, min(_WIDEST_BAR, room / max(1, len(self._values)))

    def _plot(self) -> QRectF:
        """The area of the bars, below the rows of names."""
        left, pitch = self._across()
        line = QFontMetricsF(self.font()).height()
        rows = 1 if len(self._named()) > _LABELLED else self._label_rows()
        top = theme.GAP + (rows * line + 4 if self._top else line / 2)
        bottom = self.height() - theme.GAP - line / 2
        width = max(pitch * len(self._values), 1.0)
        return QRectF(left, top, width, max(8.0, bottom - top))

    def _named(self) -> Sequence[int]:
        """The indices that are named: all where every name fits above its bar, else the highest,
        highest first."""
        count = len(self._names)
        if _LABELLED < count <= _NAMED_AT_MOST:
            metrics = QFontMetricsF(self.font())
            widest = max(metrics.horizontalAdvance(name) for name in self._names)
            if widest + 2 * theme.GAP <= self._across()[1]:
                return range(count)
        return self._top

    def _label_rows(self) -> int:
        line = QFontMetricsF(self.font()).height()
        return max(1, min(3, int(self.height() * 0.35 / line)))

    # painting

    def _paint_scale(self, painter: QPainter, plot: QRectF, zero: float) -> None:
        low, high = self._range()
        line = QFontMetricsF(self.font()).height()
        painter.setPen(theme.quiet_colour(self))
        ends = [(high, plot.top()), (0.0, zero), (low, plot.bottom())]
        taken: list[float] = []
        for value, y in ends:
            if any(abs(y - other) < line for other in taken):
                continue
            taken.append(y)
            box = QRectF(0, y - line / 2, plot.left() - theme.GAP, line)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, number_text(value))
        painter.fillRect(QRectF(plot.left(), zero, self.width() - plot.left() - theme.MARGIN, 1),
                         QColor(theme.ground(self).box_border))  # fmt: skip

    def _paint_bars(self, painter: QPainter, plot: QRectF, zero: float, unit: float) -> None:
        ratio = self.devicePixelRatioF()
        count, pitch = len(self._finite), self._across()[1]
        colour = theme.kind_colour("block", theme.is_dark(self.palette()))
        if pitch * ratio >= 1:
            gap = 1 / ratio if pitch * ratio < 6 else pitch * 0.2
            gap = 0 if pitch * ratio < 2 else gap
            for index in range(count):
                # edges on device pixels: no bar is blurred
                left = round((plot.left() + index * pitch) * ratio) / ratio
                right = round((plot.left() + (index + 1) * pitch - gap) * ratio) / ratio
                height = float(self._finite[index]) * unit
                painter.fillRect(
                    QRectF(left, zero, max(right - left, 1 / ratio), -height).normalized(), colour
                )
            return
        columns = max(1, int(plot.width() * ratio))
        edges = np.linspace(0, count, columns, endpoint=False).astype(np.intp)
        lows = np.minimum(np.minimum.reduceat(self._finite, edges), 0)
        highs = np.maximum(np.maximum.reduceat(self._finite, edges), 0)
        for column in range(columns):
            top = zero - float(highs[column]) * unit
            bottom = zero - float(lows[column]) * unit
            left = plot.left() + column / ratio
            painter.fillRect(QRectF(left, top, 1 / ratio, bottom - top), colour)

    def _paint_names(self, painter: QPainter, zero: float, unit: float) -> None:
        """Name the highest bars, each name in the first row where it has room."""
        metrics = QFontMetricsF(self.font())
        line = metrics.height()
        rows: list[list[tuple[float, float]]] = [[] for _ in range(self._label_rows())]
        placed: list[tuple[int, str, QRectF]] = []
        for index in self._named():
            name = metrics.elidedText(
                self._names[index], Qt.TextElideMode.ElideRight, min(200.0, self.width() / 2)
            )
            width = metrics.horizontalAdvance(name)
            end = self.width() - theme.MARGIN - width
            left = max(float(theme.MARGIN), min(self.centre_of(index) - width / 2, end))
            for row, taken in enumerate(rows):
                span = (left - theme.GAP, left + width + theme.GAP)
                if all(span[1] <= start or span[0] >= stop for start, stop in taken):
                    taken.append(span)
                    box = QRectF(left, theme.GAP + row * line, width + 1, line)
                    placed.append((index, name, box))
                    break
        painter.setPen(QColor(theme.ground(self).edge))
        # a name right above its bar needs no line to it
        for index, _, box in placed if len(placed) <= _LABELLED else ():
            centre = self.centre_of(index)
            # a bar that hangs below zero is not struck through
            top = zero - max(0.0, float(self._finite[index])) * unit
            painter.drawLine(
                QPointF(centre, box.bottom()), QPointF(centre, max(top - 1, box.bottom()))
            )
        ground, text = QPalette.ColorRole.Base, QPalette.ColorRole.Text
        for index, name, box in placed:
            # over the lines of names that stand above
            painter.fillRect(box.adjusted(-2, 0, 2, 0), self.palette().color(ground))
            first = index == self._top[0]
            painter.setPen(self.palette().color(text) if first else theme.quiet_colour(self))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)

    def _paint_read(self, painter: QPainter, plot: QRectF, zero: float, unit: float) -> None:
        pitch = self._across()[1]
        width = max(pitch, 1 / self.devicePixelRatioF())
        left = plot.left() + self._read * pitch
        wash = QColor(theme.ground(self).selection)
        wash.setAlpha(50)
        painter.fillRect(QRectF(left - 1, plot.top(), width + 2, plot.height()), wash)
        height = float(self._finite[self._read]) * unit
        painter.fillRect(
            QRectF(left, zero, width, -height).normalized(), QColor(theme.ground(self).selection)
        )

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        if not len(self._values):
            return
        painter = QPainter(self)
        plot = self._plot()
        low, high = self._range()
        unit = plot.height() / (high - low)
        zero = plot.bottom() + low * unit
        painter.setOpacity(_DIMMED if self._dimmed else 1.0)
        self._paint_scale(painter, plot, zero)
        self._paint_bars(painter, plot, zero, unit)
        if self._read >= 0:
            self._paint_read(painter, plot, zero, unit)
        self._paint_names(painter, zero, unit)
        if self.hasFocus() and self._read < 0:
            paint_focus(painter, self)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.index_at(event.pos().x())
            if index >= 0:
                QToolTip.showText(event.globalPos(), self.description(index), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.set_read(self.index_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.set_read(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._values) - 1
        places = {
            Qt.Key.Key_Left: max(0, self._read - 1),
            Qt.Key.Key_Right: min(last, self._read + 1),
            Qt.Key.Key_PageUp: max(0, self._read - 10),
            Qt.Key.Key_PageDown: min(last, self._read + 10),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if last >= 0 and key in places:
            self.set_read(places[key])
        elif key == Qt.Key.Key_Escape and self._read >= 0:
            self.set_read(-1)
        else:
            super().keyPressEvent(event)
