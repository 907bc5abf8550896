"""Values from 0 to 1 between two rows of names, all of them in sight."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
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
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from cnn_explorer.gui.state.qimages import indexed_colours
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import copy_action, paint_focus
from cnn_explorer.probe.colormaps import ColormapName
from cnn_explorer.probe.mosaic import GROUND, HIGHEST, LOWEST

Matrix = npt.NDArray[np.float64]

COLOURS: ColormapName = "magma"
_LARGEST_CELL = 72
_EVEN = 12
_NUMBERED = 30
"""Cells at least so wide have their number in them, logical pixels."""
_NAMES_SHARE = 0.3
"""The names take at most so much of a side."""


class HeatMap(QWidget):
    """Shows values (rows, columns), 0 the darkest and 1 the lightest, in cells that fill what room
    there is. Names stand at the left and below, each second or third where not all have room.

    The pointer or the arrow keys read single cells; a click or Enter chooses one; Ctrl+C copies it
    all as a picture.
    """

    cell_read = Signal(object)
    """(row, column), or None."""
    cell_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None, *, upwards: bool = False) -> None:
        """With `upwards` the first row stands at the bottom, as on the axes of a plot."""
        super().__init__(parent)
        self._upwards = upwards
        self._values: Matrix = np.zeros((0, 0))
        self._rows: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()
        self._titles = ("", "")
        self._read: tuple[int, int] | None = None
        self._describe: Callable[[int, int], str] = self._plain_description
        self.setFont(theme.text_font(theme.SMALL))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAccessibleName(self.tr("Heat map"))
        copy_action(self, self.tr("Copy as picture"), self.copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_values(
        self,
        values: Matrix,
        rows: Sequence[str],
        columns: Sequence[str],
        titles: tuple[str, str] = ("", ""),
    ) -> None:
        """Show values (rows, columns) with a name for each row and column, and titles of what the
        rows and the columns belong to. What is no number has no colour, and what lies outside 0 to
        1 that of the end."""
        if values.shape != (len(rows), len(columns)):
            raise ValueError("as many names as rows and columns")
        self._values, self._rows, self._columns = values, tuple(rows), tuple(columns)
        self._titles = titles
        self._set_read(None)
        self.updateGeometry()
        self.update()

    def set_describer(self, describe: Callable[[int, int], str]) -> None:
        """Say otherwise what stands at (row, column)."""
        self._describe = describe

    @property
    def read(self) -> tuple[int, int] | None:
        """(row, column) that is read."""
        return self._read

    @property
    def described(self) -> str:
        """What stands in the cell that is read."""
        return "" if self._read is None else self._describe(*self._read)

    def cell_at(self, place: QPointF) -> tuple[int, int] | None:
        """(row, column) at a place of the widget."""
        box = self._box()
        if not box.contains(place):
            return None
        rows, columns = self._values.shape
        row = min(rows - 1, int((place.y() - box.top()) / box.height() * rows))
        column = min(columns - 1, int((place.x() - box.left()) / box.width() * columns))
        return rows - 1 - row if self._upwards else row, column

    def cell_box(self, row: int, column: int) -> QRectF:
        """Where a cell lies in the widget."""
        box = self._box()
        rows, columns = self._values.shape
        high, wide = box.height() / rows, box.width() / columns
        from_top = rows - 1 - row if self._upwards else row
        return QRectF(box.left() + column * wide, box.top() + from_top * high, wide, high)

    def copy(self) -> None:
        """Put a picture of it on the clipboard."""
        QGuiApplication.clipboard().setImage(self.grab().toImage())

    def _plain_description(self, row: int, column: int) -> str:
        return self.tr("{row}, {column}: {value}").format(
            row=self._rows[row], column=self._columns[column], value=self._number(row, column)
        )

    def _number(self, row: int, column: int) -> str:
        value = float(self._values[row, column])
        return f"{value:.2f}".replace("-", "−") if math.isfinite(value) else "–"

    def _set_read(self, cell: tuple[int, int] | None) -> None:
        if cell != self._read:
            self._read = cell
            self.setAccessibleDescription(self.described)
            self.cell_read.emit(cell)
            self.update()

    # where things lie

    def _margins(self) -> tuple[int, int]:
        """Left and below: wider where a title stands."""
        line = self.fontMetrics().height() + theme.GAP // 2
        beside, below = (theme.MARGIN + (line if title else 0) for title in self._titles)
        return beside, below

    def _widest(self, names: Sequence[str]) -> int:
        metrics = self.fontMetrics()
        return max((metrics.horizontalAdvance(name) for name in names), default=0)

    def _lying(self, wide: float) -> bool:
        """Whether the names of columns have room to be written level."""
        return self._widest(self._columns) + theme.GAP <= wide

    def _box(self) -> QRectF:
        """Where the cells lie."""
        rows, columns = self._values.shape
        if not rows or not columns:
            return QRectF()
        line = self.fontMetrics().height()
        beside = min(self._widest(self._rows), int(_NAMES_SHARE * self.width())) + theme.GAP
        left, bottom = self._margins()
        width = self.width() - beside - left - theme.MARGIN
        width = min(width, columns * _LARGEST_CELL)
        below = line
        if not self._lying(width / columns):
            below = min(self._widest(self._columns), int(_NAMES_SHARE * self.height()))
        height = self.height() - below - theme.GAP - theme.MARGIN - bottom
        height = min(height, rows * _LARGEST_CELL)
        # large cells are all of the same whole pixels; small ones share what room there is
        ratio = self.devicePixelRatioF()
        if width >= _EVEN * columns:
            width = columns * math.floor(width * ratio / columns) / ratio
        if height >= _EVEN * rows:
            height = rows * math.floor(height * ratio / rows) / ratio
        return QRectF(left + beside, theme.MARGIN, max(1, width), max(1, height))

    # painting

    def _image(self) -> QImage:
        known = np.isfinite(self._values)
        values = np.clip(np.where(known, self._values, 0), 0, 1)
        codes = np.where(known, LOWEST + np.rint(values * (HIGHEST - LOWEST)), GROUND)
        if self._upwards:
            codes = codes[::-1]
        packed = np.ascontiguousarray(codes.astype(np.uint8))
        rows, columns = packed.shape
        image = QImage(packed.data, columns, rows, columns, QImage.Format.Format_Indexed8).copy()
        image.setColorTable(
            indexed_colours(COLOURS, self.palette().color(QPalette.ColorRole.Midlight))
        )
        return image

    def _paint_names(self, painter: QPainter, box: QRectF) -> None:
        rows, columns = self._values.shape
        metrics = self.fontMetrics()
        line = metrics.height()
        painter.setPen(theme.quiet_colour(self))
        elide = Qt.TextElideMode.ElideMiddle
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left, bottom = self._margins()
        room = int(box.left()) - left - theme.GAP // 2
        for row in range(0, rows, math.ceil(line / (box.height() / rows))):
            cell = self.cell_box(row, 0)
            place = QRectF(left, cell.center().y() - line / 2, room, line)
            painter.drawText(place, right, metrics.elidedText(self._rows[row], elide, room))
        wide = box.width() / columns
        below = box.bottom() + theme.GAP // 2
        if self._lying(wide):
            for column, name in enumerate(self._columns):
                place = QRectF(box.left() + column * wide, below, wide, line)
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, name)
            return
        room = int(self.height() - bottom - below)
        for column in range(0, columns, math.ceil(line / wide)):
            painter.save()
            painter.translate(box.left() + (column + 0.5) * wide, below)
            painter.rotate(-90)
            text = metrics.elidedText(self._columns[column], elide, room)
            painter.drawText(QRectF(-room, -line / 2, room, line), right, text)
            painter.restore()

    def _paint_titles(self, painter: QPainter, box: QRectF) -> None:
        beside, below = self._titles
        metrics, middle = self.fontMetrics(), Qt.AlignmentFlag.AlignCenter
        line, elide = metrics.height(), Qt.TextElideMode.ElideRight
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        place = QRectF(box.left(), self.height() - theme.GAP // 2 - line, box.width(), line)
        painter.drawText(place, middle, metrics.elidedText(below, elide, int(box.width())))
        painter.save()
        painter.translate(theme.MARGIN, box.bottom())
        painter.rotate(-90)
        place = QRectF(0, 0, box.height(), line)
        painter.drawText(place, middle, metrics.elidedText(beside, elide, int(box.height())))
        painter.restore()

    def _paint_numbers(self, painter: QPainter, image: QImage) -> None:
        rows, columns = self._values.shape
        for row in range(rows):
            for column in range(columns):
                shown_row = rows - 1 - row if self._upwards else row
                light = image.pixelColor(column, shown_row).lightnessF() > 0.5
                painter.setPen(QColor(theme.MARK_RIM if light else theme.UNIT_MARK))
                if not math.isfinite(float(self._values[row, column])):
                    painter.setPen(self.palette().color(QPalette.ColorRole.Text))
                painter.drawText(
                    self.cell_box(row, column), Qt.AlignmentFlag.AlignCenter,
                    self._number(row, column),
                )  # fmt: skip

    # Qt

    def sizeHint(self) -> QSize:
        rows, columns = self._values.shape
        left, bottom = self._margins()
        beside = self._widest(self._rows) + theme.GAP + left + theme.MARGIN
        return QSize(
            beside + min(640, columns * _LARGEST_CELL),
            min(520, rows * _LARGEST_CELL) + 60 + theme.MARGIN + bottom,
        )

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 120)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        if not self._values.size:
            return
        painter = QPainter(self)
        box = self._box()
        image = self._image()
        painter.drawImage(box, image)
        self._paint_names(painter, box)
        self._paint_titles(painter, box)
        cell = self.cell_box(0, 0)
        if cell.width() >= _NUMBERED and cell.height() >= self.fontMetrics().height():
            self._paint_numbers(painter, image)
        if self._read is not None:
            marked = self.cell_box(*self._read)
            for colour, out in ((theme.MARK_RIM, 2.0), (theme.MARK, 1.0)):
                painter.setPen(QPen(QColor(colour), 1.5, j=Qt.PenJoinStyle.MiterJoin))
                painter.drawRect(marked.adjusted(-out, -out, out, out))
        elif self.hasFocus():
            paint_focus(painter, self)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(QPointF(event.pos()))
            if cell is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._describe(*cell), self)
            return True
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_read(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_read(self.cell_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self.cell_chosen.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows, columns = self._values.shape
        key = Qt.Key(event.key())
        if not self._values.size:
            super().keyPressEvent(event)
            return
        row, column = self._read or (0, 0)
        down = -1 if self._upwards else 1
        places = {
            Qt.Key.Key_Left: (row, column - 1),
            Qt.Key.Key_Right: (row, column + 1),
            Qt.Key.Key_Up: (row - down, column),
            Qt.Key.Key_Down: (row + down, column),
            Qt.Key.Key_Home: (row, 0),
            Qt.Key.Key_End: (row, columns - 1),
        }
        if key in places:
            row, column = places[key] if self._read else (0, 0)
            self._set_read((max(0, min(rows - 1, row)), max(0, min(columns - 1, column))))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._read:
            self.cell_chosen.emit(*self._read)
        elif key == Qt.Key.Key_Escape and self._read:
            self._set_read(None)
        else:
            super().keyPressEvent(event)
