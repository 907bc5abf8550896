"""A matrix of any size as a heat map, or a grid of kernels: only the part in sight is ever turned
into colours."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
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
from cnn_explorer.gui.widgets.panel_parts import copy_action, paint_focus
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.probe.filters import Kernels
from cnn_explorer.probe.mosaic import GROUND, Shading, mosaic
from cnn_explorer.text import number_text

FloatArray = npt.NDArray[np.float32]

LARGEST_CELL = 32
"""Logical pixels of a value's side, at most."""
_AUTO_SMALLEST = 3
_AUTO_SMALLEST_KERNEL = 9
"""Logical pixels of a kernel's longer side, at least, where nobody chose a size."""
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

    Or all kernels of a layer: a row for each output, a column for each input, the ground where
    there is no kernel between them.

    The arrow keys move a cursor that reads single values or kernels, as the pointer does; a click
    or Enter chooses one; Ctrl and the wheel (or + and -) change the size; Ctrl+C copies what is in
    sight.
    """

    cell_hovered = Signal(object)
    """(row, column) that is read, or None; again where `within` changes."""
    cell_chosen = Signal(int, int)
    """Row and column that a person wants to see more of."""
    cell_size_changed = Signal(float)
    """Logical pixels of a value's side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernels = Kernels(np.zeros((0, 0, 1, 1), np.float32))
        self._peak = 0.0
        self._wanted: float | None = None
        self._cell = 1
        self._read: tuple[int, int] | None = None
        self._within: tuple[int, int] | None = None
        self._describe: Callable[[int, int], str] = self._default_description
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(self.tr("Matrix of weights"))
        copy_action(self, self.tr("Copy as picture"), self.copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_matrix(self, matrix: FloatArray, peak: float) -> None:
        """Show a matrix; ±`peak` get the strongest colours, and so does what lies beyond."""
        self.show_kernels(Kernels(matrix[:, :, None, None]), peak)

    def show_kernels(self, kernels: Kernels, peak: float) -> None:
        """Show all kernels of a layer, on one scale of colours."""
        self._kernels, self._peak = kernels, peak
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

    @property
    def within(self) -> tuple[int, int] | None:
        """Row and column of the value under the pointer in the kernel that is read; None between
        kernels and without a pointer."""
        return self._within

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
        high, wide = self._pitch()
        column = (int(place.x() * ratio) - left) // wide
        row = (int(place.y() * ratio) - top) // high
        rows, columns = self._shape()
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def copy(self) -> None:
        """Put a picture of what is in sight on the clipboard."""
        QGuiApplication.clipboard().setImage(self.viewport().grab().toImage())

    def _shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return self._kernels.outputs, self._kernels.in_channels

    def _gap(self) -> int:
        """Between kernels, as many values; single values stand side by side."""
        return 0 if self._kernels.size == (1, 1) else 1

    def _pitch(self) -> tuple[int, int]:
        """From row to row and from column to column, in device pixels."""
        height, width = self._kernels.size
        return (height + self._gap()) * self._cell, (width + self._gap()) * self._cell

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
        rows, columns = self._shape()
        height, width = self._kernels.size
        tall, wide = rows * (height + self._gap()), columns * (width + self._gap())
        if self._wanted is None and rows and columns:
            fitting = min(room[0] // wide, room[1] // tall)
            least = _AUTO_SMALLEST_KERNEL / max(height, width) if self._gap() else _AUTO_SMALLEST
            self._cell = max(1, round(least * ratio), min(round(LARGEST_CELL / 2 * ratio), fitting))
        elif self._wanted is not None:
            self._cell = max(1, round(self._wanted * ratio))
        extent = round(self.verticalScrollBar().sizeHint().width() * ratio)
        for bar, content, along, across_over in (
            (self.horizontalScrollBar(), wide, room[0], tall * self._cell > room[1]),
            (self.verticalScrollBar(), tall, room[1], wide * self._cell > room[0]),
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
        kernel = self._kernels.kernel(row, column)
        value = "" if kernel is None else number_text(float(kernel[0, 0]))
        return self.tr("row {row}, column {column}: {value}").format(
            row=row, column=column, value=value
        )

    def _within_at(self, place: QPointF) -> tuple[int, int]:
        """Row and column within the kernel at a place of the viewport."""
        ratio = self.devicePixelRatioF()
        left, top = self._origin()
        high, wide = self._pitch()
        return (
            (int(place.y() * ratio) - top) % high // self._cell,
            (int(place.x() * ratio) - left) % wide // self._cell,
        )

    def _set_read(
        self, cell: tuple[int, int] | None, within: tuple[int, int] | None = None
    ) -> None:
        if (cell, within) != (self._read, self._within):
            self._read, self._within = cell, within
            self.setAccessibleDescription(self._describe(*cell) if cell else "")
            self.cell_hovered.emit(cell)
            self.viewport().update()

    def _show_cell(self, row: int, column: int) -> None:
        """Read a cell and bring it into sight."""
        self._set_read((row, column))
        ratio = self.devicePixelRatioF()
        high, wide = self._pitch()
        for bar, place, pitch, length in (
            (self.horizontalScrollBar(), column, wide, self.viewport().width()),
            (self.verticalScrollBar(), row, high, self.viewport().height()),
        ):
            start = place * pitch
            room = round((length - 2 * _MARGIN) * ratio) - pitch
            bar.setValue(max(min(bar.value(), start), start - room))

    def _image(self, rows: range, columns: range) -> QImage:
        """A part of the matrix, a pixel a value."""
        values, there = self._kernels.block(rows, columns)
        height, width = self._kernels.size
        shape = len(rows), height, len(columns), width
        codes = colour_codes(
            values.transpose(0, 2, 1, 3).reshape(shape[0] * height, shape[2] * width), self._peak
        )
        if self._gap() or there is not None:
            gap = self._gap()
            spaced = np.full((shape[0], height + gap, shape[2], width + gap), GROUND, np.uint8)
            spaced[:, :height, :, :width] = codes.reshape(shape)
            if there is not None:
                spaced.transpose(0, 2, 1, 3)[~there] = GROUND
            codes = spaced.reshape(shape[0] * (height + gap), -1)
        tall, wide = codes.shape
        image = QImage(codes.data, wide, tall, wide, QImage.Format.Format_Indexed8).copy()
        image.setColorTable(self._colours())
        return image

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        rows, columns = self._shape()
        if not rows or not columns:
            return
        ratio = self.devicePixelRatioF()
        painter = QPainter(self.viewport())
        painter.setClipRect(event.rect())
        painter.scale(1 / ratio, 1 / ratio)
        left, top = self._origin()
        high, wide = self._pitch()
        seen_rows = range(
            max(0, -top // high), min(rows, int(self.viewport().height() * ratio - top) // high + 1)
        )
        seen_columns = range(
            max(0, -left // wide),
            min(columns, int(self.viewport().width() * ratio - left) // wide + 1),
        )
        if not seen_rows or not seen_columns:
            return
        painter.drawImage(
            QRect(
                left + seen_columns.start * wide,
                top + seen_rows.start * high,
                len(seen_columns) * wide,
                len(seen_rows) * high,
            ),
            self._image(seen_rows, seen_columns),
        )
        if self._read:
            row, column = self._read
            height, width = (side * self._cell for side in self._kernels.size)
            line = max(1, round(ratio))
            box = QRect(left + column * wide, top + row * high, width, height)
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
        cell, within = self.cell_at(event.position()), self._within_at(event.position())
        height, width = self._kernels.size
        there = cell is not None and within[0] < height and within[1] < width
        self._set_read(cell, within if there else None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.cell_chosen.emit(*cell)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if turned:
                self.zoom(1 if turned > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows, columns = self._shape()
        row, column = self._read or (0, 0)
        seen = int(self.viewport().height() * self.devicePixelRatioF()) // self._pitch()[0]
        page = max(1, seen - 1)
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
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._read:
            self.cell_chosen.emit(*self._read)
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
