"""The Fourier spectrum of a kernel: which frequencies it lets through, and in which direction."""

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
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

from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import copy_action, paint_focus
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.filters import Spectrum
from cnn_explorer.text import number_text

_TICKS = ((-0.5, "−½"), (-0.25, "−¼"), (0.0, "0"), (0.25, "¼"), (0.5, "½"))
"""Frequencies in cycles per pixel, as they are written."""
_SMALL = 110
"""Below so many pixels a side, every other tick is written."""


class SpectrumView(QWidget):
    """Shows a `Spectrum` from 0 (dark) to its strongest frequency, axes in cycles per pixel.

    The pointer or the arrow keys read single frequencies; Ctrl+C copies the picture.
    """

    read_said = Signal(str)
    """The frequency that is read and its magnitude; empty for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spectrum: Spectrum | None = None
        self._image = QImage()
        self._read: tuple[int, int] | None = None
        self.setFont(theme.text_font(theme.SMALL))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAccessibleName(self.tr("Spectrum of the kernel"))
        copy_action(self, self.tr("Copy as picture"), self.copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def show_spectrum(self, spectrum: Spectrum | None) -> None:
        """Show a spectrum; None for nothing."""
        self._spectrum = spectrum
        self._image = QImage()
        if spectrum is not None:
            largest = float(spectrum.magnitude.max())
            scaled = spectrum.magnitude / largest if largest > 0 else spectrum.magnitude * 0
            codes = np.nan_to_num(np.rint(scaled * 255)).astype(np.uint8)
            self._image = to_qimage(colormap("magma")[codes])
        self._set_read(self._read if spectrum is not None else None)
        self.update()

    @property
    def read(self) -> tuple[int, int] | None:
        """(row, column) of the spectrum that is read."""
        return self._read

    def copy(self) -> None:
        """Put a picture of the spectrum with its axes on the clipboard."""
        QGuiApplication.clipboard().setImage(self.grab().toImage())

    def description(self, row: int, column: int) -> str:
        """What is said of one frequency."""
        assert self._spectrum is not None
        y, x = (float(self._spectrum.frequencies[place]) for place in (row, column))
        magnitude = float(self._spectrum.magnitude[row, column])
        return self.tr(
            "horizontal {x}, vertical {y}, together {length} cycles per pixel · {value}"
        ).format(
            x=number_text(x), y=number_text(y), length=number_text(math.hypot(x, y)),
            value=number_text(magnitude),
        )  # fmt: skip

    def place_at(self, place: QPointF | QPoint) -> tuple[int, int] | None:
        """(row, column) of the spectrum at a place of the widget."""
        box = self._plot()
        if self._spectrum is None or not box.contains(QPointF(place)):
            return None
        count = len(self._spectrum.frequencies)
        row = int((place.y() - box.top()) / box.height() * count)
        column = int((place.x() - box.left()) / box.width() * count)
        return min(row, count - 1), min(column, count - 1)

    def _set_read(self, place: tuple[int, int] | None) -> None:
        if place is None and self._read is None:
            return
        self._read = place
        said = self.description(*place) if place is not None else ""
        self.setAccessibleDescription(said)
        self.read_said.emit(said)
        self.update()

    def _plot(self) -> QRectF:
        """The square of the spectrum, in whole pixels."""
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance("−½") + theme.GAP + 4
        line = metrics.height()
        room = min(
            self.width() - left - theme.MARGIN,
            self.height() - line / 2 - 2 * line - theme.GAP,
        )
        side = max(16, math.floor(room))
        spare = max(0, math.floor((self.width() - left - theme.MARGIN - side) / 2))
        return QRectF(math.ceil(left) + spare, math.ceil(line / 2), side, side)

    # painting

    def _paint_axes(self, painter: QPainter, box: QRectF) -> None:
        metrics = QFontMetricsF(self.font())
        line = metrics.height()
        painter.setPen(theme.quiet_colour(self))
        for number, (frequency, text) in enumerate(_TICKS):
            if number % 2 and box.width() < _SMALL:
                continue
            along = (frequency + 0.5) * box.width()
            x, y = box.left() + along, box.top() + along
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 3))
            painter.drawLine(QPointF(box.left() - 4, y), QPointF(box.left() - 1, y))
            painter.drawText(
                QRectF(x - 20, box.bottom() + 3, 40, line), Qt.AlignmentFlag.AlignHCenter, text
            )
            painter.drawText(
                QRectF(0, y - line / 2, box.left() - 6, line),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                text,
            )
        title = metrics.elidedText(
            self.tr("cycles per pixel"), Qt.TextElideMode.ElideRight, self.width()
        )
        below = QRectF(box.center().x() - self.width(), box.bottom() + 3 + line,
                       2 * self.width(), line)  # fmt: skip
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, title)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(220, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(110, 80)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        if self._spectrum is None:
            return
        painter = QPainter(self)
        box = self._plot()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(box, self._image)
        painter.setPen(QColor(theme.ground(self).box_border))
        painter.drawRect(box.adjusted(-0.5, -0.5, 0.5, 0.5))
        self._paint_axes(painter, box)
        if self._read is not None:
            count = len(self._spectrum.frequencies)
            row, column = self._read
            x = box.left() + (column + 0.5) / count * box.width()
            y = box.top() + (row + 0.5) / count * box.height()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for width, colour in ((3, QColor("#000000")), (1.5, QColor("#ffffff"))):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(QPointF(x, y), 4, 4)
        elif self.hasFocus():
            paint_focus(painter, self)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            place = self.place_at(event.pos())
            if place is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.description(*place), self, QRect())
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._set_read(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._set_read(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        key = Qt.Key(event.key())
        if self._spectrum is not None and key in moves:
            count = len(self._spectrum.frequencies)
            middle = (count // 2, count // 2)
            y, x = moves[key] if self._read is not None else (0, 0)
            row, column = self._read if self._read is not None else middle
            self._set_read((max(0, min(count - 1, row + y)), max(0, min(count - 1, column + x))))
        elif key == Qt.Key.Key_Escape and self._read is not None:
            self._set_read(None)
        else:
            super().keyPressEvent(event)
