"""A matrix of any size as a heat map: only the part in sight is ever turned into colours."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from cnn_explorer.gui.state.qimages import indexed_colours
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import number_text, paint_focus
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.probe.mosaic import Shading, mosaic

FloatArray = npt.NDArray[np.float32]

LARGEST_CELL = 32
"""Logical pixels of a value's side, at most."""
_AUTO_SMALLEST = 3
_MARGIN = 8
_SAMPLE = 200_000


def typical_peak(values: FloatArray) -> float:
    """The absolute value that all but two in a thousand stay below, from an even sample.

    A scale to the true peak would leave large matrices, which have a few outliers, all pale.
    """
    flat = values.reshape(-1)
    sample = np.abs(flat[:: max(1, len(flat) // _SAMPLE)])
    sample = sample[np.isfinite(sample)]
    return float(np.quantile(sample, 0.998)) if len(sample) else 0.0


def colour_codes(values: FloatArray, peak: float) -> npt.NDArray[np.uint8]:
    """Values as indices of the diverging colours, ±`peak` and beyond at the ends: see
    `cnn_explorer.probe.mosaic`."""
    return mosaic(values[None], Shading("fixed", -peak, peak, signed=True), gap=0).pixels


class MatrixView(QAbstractScrollArea):
    """Shows a matrix (rows, columns), colours centred on zero, a square of whole pixels a value.

    The arrow keys move a cursor that reads single values, as the pointer does; Ctrl and the wheel
    (or + and -) change the size; Ctrl+C copies what is in sight.
    """

    cell_hovered = Signal(object)
    """(row, column) that is read, or None."""
    cell_size_changed = Signal(float)
    """Logical pixels of a value's side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._matrix: FloatArray = np.zeros((0, 0), np.float32)
        self._peak = 0.0
        self._wanted: float | None = None
        self._cell = 1
        self._read: tuple[int, int] | None = None
        self._describe: Callable[[int, int], str] = self._default_description
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(self.tr("Matrix of weights"))
        self._copy = QAction(self.tr("Copy as picture"), self)
        self._copy.setShortcut(QKeySequence.StandardKey.Copy)
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self._copy.triggered.connect(self.copy)
        self.addAction(self._copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_matrix(self, matrix: FloatArray, peak: float) -> None:
        """Show a matrix; ±`peak` get the strongest colours, and so does what lies beyond."""
        self._matrix, self._peak = matrix, peak
        self._set_read(None)
        self._arrange()
        self.horizontalScrollBar().setValue(0)
        self.verticalScrollBar().setValue(0)

    def set_describer(self, describe: Callable[[int, int], str]) -> None:
        """Say otherwise what stands at (row, column)."""
        self._describe = describe

    @property
    def cell_size(self) -> float:
        """Logical pixels of a value's side."""
        return self._cell / self.devicePixelRatioF()

    @property
    def read(self) -> tuple[int, int] | None:
        """(row, column) that is read."""
        return self._read

    def set_cell_size(self, size: float | None) -> None:
        """Draw values as squares of about so many logical pixels; None fits the view."""
        self._wanted = size
        self._arrange()

    def zoom(self, steps: int) -> None:
        """Larger or (negative) smaller."""
        ratio = self.devicePixelRatioF()
        largest = round(LARGEST_CELL * ratio)
        cell = self._cell
        for _ in range(abs(steps)):
            cell = (
                max(cell + 1, round(cell * 1.25))
                if steps > 0
                else min(cell - 1, round(cell / 1.25))
            )
        self.set_cell_size(max(1, min(largest, cell)) / ratio)

    def cell_at(self, place: QPointF | QPoint) -> tuple[int, int] | None:
        """(row, column) at a place of the viewport (logical pixels)."""
        ratio = self.devicePixelRatioF()
        left, top = self._origin()
        column = (int(place.x() * ratio) - left) // self._cell
        row = (int(place.y() * ratio) - top) // self._cell
        rows, columns = self._matrix.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def copy(self) -> None:
        """Put a picture of what is in sight on the clipboard."""
        QGuiApplication.clipboard().setImage(self.viewport().grab().toImage())

    def _origin(self) -> tuple[int, int]:
        """Where the matrix' corner lies, in device pixels of the viewport."""
        margin = round(_MARGIN * self.devicePixelRatioF())
        return (
            margin - self.horizontalScrollBar().value(),
            margin - self.verticalScrollBar().value(),
        )

    def _arrange(self) -> None:
        ratio = self.devicePixelRatioF()
        size = self.maximumViewportSize()
        margin = round(_MARGIN * ratio)
        room = (
            int(size.width() * ratio) - 2 * margin,
            int(size.height() * ratio) - 2 * margin,
        )
        rows, columns = self._matrix.shape
        if self._wanted is None and rows:
            fitting = min(room[0] // columns, room[1] // rows)
            smallest = round(_AUTO_SMALLEST * ratio)
            self._cell = max(smallest, min(round(LARGEST_CELL / 2 * ratio), fitting))
        elif self._wanted is not None:
            self._cell = max(1, round(self._wanted * ratio))
        extent = round(self.verticalScrollBar().sizeHint().width() * ratio)
        for bar, content, along, across_over in (
            (self.horizontalScrollBar(), columns, room[0], rows * self._cell > room[1]),
            (self.verticalScrollBar(), rows, room[1], columns * self._cell > room[0]),
        ):
            page = along - (extent if across_over else 0)
            bar.setRange(0, max(0, content * self._cell - page))
            bar.setPageStep(max(1, page))
            bar.setSingleStep(max(1, round(24 * ratio)))
        self.cell_size_changed.emit(self.cell_size)
        self.viewport().update()

    def _colours(self) -> list[int]:
        return indexed_colours("diverging", self.palette().color(QPalette.ColorRole.Base))

    def _default_description(self, row: int, column: int) -> str:
        return self.tr("row {row}, column {column}: {value}").format(
            row=row, column=column, value=number_text(float(self._matrix[row, column]))
        )

    def _set_read(self, cell: tuple[int, int] | None) -> None:
        if cell != self._read:
            self._read = cell
            self.setAccessibleDescription(self._describe(*cell) if cell else "")
            self.cell_hovered.emit(cell)
            self.viewport().update()

    def _show_cell(self, row: int, column: int) -> None:
        """Read a cell and bring it into sight."""
        self._set_read((row, column))
        ratio = self.devicePixelRatioF()
        for bar, place, length in (
            (self.horizontalScrollBar(), column, self.viewport().width()),
            (self.verticalScrollBar(), row, self.viewport().height()),
        ):
            start = place * self._cell
            room = round((length - 2 * _MARGIN) * ratio) - self._cell
            bar.setValue(max(min(bar.value(), start), start - room))

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._matrix.size:
            return
        ratio = self.devicePixelRatioF()
        painter = QPainter(self.viewport())
        painter.setClipRect(event.rect())
        painter.scale(1 / ratio, 1 / ratio)
        left, top = self._origin()
        rows, columns = self._matrix.shape
        first_row, first_column = max(0, -top // self._cell), max(0, -left // self._cell)
        last_row = min(rows, int(self.viewport().height() * ratio - top) // self._cell + 1)
        last_column = min(columns, int(self.viewport().width() * ratio - left) // self._cell + 1)
        codes = colour_codes(self._matrix[first_row:last_row, first_column:last_column], self._peak)
        height, width = codes.shape
        image = QImage(codes.data, width, height, width, QImage.Format.Format_Indexed8).copy()
        image.setColorTable(self._colours())
        painter.drawImage(
            QRect(
                left + first_column * self._cell,
                top + first_row * self._cell,
                width * self._cell,
                height * self._cell,
            ),
            image,
        )
        if self._read:
            row, column = self._read
            line = max(1, round(ratio))
            box = QRect(left + column * self._cell, top + row * self._cell, self._cell, self._cell)
            pen = QPen(QColor(theme.ground(self).text), line, j=Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(box.adjusted(-line, -line, line - 1, line - 1))
        elif self.hasFocus():
            paint_focus(painter, self.viewport())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._arrange()
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            if cell is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._describe(*cell), self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._set_read(None)
        return super().viewportEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_read(self.cell_at(event.position()))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if turned:
                self.zoom(1 if turned > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows, columns = self._matrix.shape
        row, column = self._read or (0, 0)
        page = max(1, int(self.viewport().height() / self.cell_size) - 1)
        places = {
            Qt.Key.Key_Left: (row, column - 1),
            Qt.Key.Key_Right: (row, column + 1),
            Qt.Key.Key_Up: (row - 1, column),
            Qt.Key.Key_Down: (row + 1, column),
            Qt.Key.Key_PageUp: (row - page, column),
            Qt.Key.Key_PageDown: (row + page, column),
            Qt.Key.Key_Home: (row, 0),
            Qt.Key.Key_End: (row, columns - 1),
        }
        key = Qt.Key(event.key())
        if rows and key in places:
            row, column = places[key] if self._read else (0, 0)
            self._show_cell(max(0, min(rows - 1, row)), max(0, min(columns - 1, column)))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom(-1)
        elif key == Qt.Key.Key_0 and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_cell_size(None)
        elif key == Qt.Key.Key_Escape and self._read:
            self._set_read(None)
        else:
            super().keyPressEvent(event)
