"""Choosing a part of the screen: a rectangle is drawn on a picture of it, by hand or keys."""

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import ARROWS

SMALLEST = 32
"""Side of a region at least, pixels of the screen: less is a slip of the hand."""
_STEP = 16
"""What an arrow key moves, pixels of the screen; one with Alt."""


class RegionChooser(QWidget):
    """Shows a picture of a screen over the whole of it. Dragging draws the region, letting go
    chooses it; arrow keys move it, with Shift they make it larger or smaller, Enter chooses."""

    chosen = Signal(object)
    """Left, top, width and height in pixels of the screen; None for all of it."""
    cancelled = Signal()

    def __init__(self, picture: QPixmap, pixels: QSize, parent: QWidget | None = None) -> None:
        """`picture` shows a screen of so many `pixels`."""
        super().__init__(parent, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Choose a Region of the Screen"))
        self.setAccessibleName(self._told())
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._picture = picture
        self._pixels = pixels
        self._region: QRect | None = None  # in pixels of the screen
        self._from: QPoint | None = None
        self._is_decided = False

    @property
    def region(self) -> QRect | None:
        """What is chosen so far, in pixels of the screen."""
        return self._region

    def _told(self) -> str:
        return self.tr(
            "Drag over what is to be watched. Enter takes the whole screen, Esc goes back."
        )

    def _on_screen(self, point: QPoint) -> QPoint:
        """A point of the widget in pixels of the screen."""
        x = round(point.x() * self._pixels.width() / max(1, self.width()))
        y = round(point.y() * self._pixels.height() / max(1, self.height()))
        return QPoint(min(max(x, 0), self._pixels.width()), min(max(y, 0), self._pixels.height()))

    def _on_widget(self, region: QRect) -> QRectF:
        across = self.width() / self._pixels.width()
        down = self.height() / self._pixels.height()
        return QRectF(
            region.x() * across, region.y() * down, region.width() * across, region.height() * down
        )

    def _stretch_to(self, point: QPoint) -> None:
        assert self._from is not None
        one, other = self._from, self._on_screen(point)
        left, top = min(one.x(), other.x()), min(one.y(), other.y())
        width, height = abs(one.x() - other.x()), abs(one.y() - other.y())
        self._region = QRect(left, top, width, height)
        self.update()

    def _move(self, across: int, down: int, *, stretch: bool) -> None:
        screen = QRect(QPoint(0, 0), self._pixels)
        region = self._region
        if region is None:  # the middle half to begin with
            size = QSize(screen.width() // 2, screen.height() // 2)
            region = QRect(QPoint(size.width() // 2, size.height() // 2), size)
        elif stretch:
            width = max(SMALLEST, region.width() + across)
            height = max(SMALLEST, region.height() + down)
            region = QRect(region.topLeft(), QSize(width, height)).intersected(screen)
        else:
            left = min(max(region.x() + across, 0), screen.width() - region.width())
            top = min(max(region.y() + down, 0), screen.height() - region.height())
            region = QRect(QPoint(left, top), region.size())
        self._region = region
        self.update()

    def _decide(self) -> None:
        region = self._region
        self._is_decided = True
        if region is None:
            self.chosen.emit(None)
        else:
            self.chosen.emit((region.x(), region.y(), region.width(), region.height()))
        self.close()

    def _paint_words(self, painter: QPainter) -> None:
        painter.setFont(theme.text_font(theme.HEADING))
        region = self._region
        said = self._told()
        if region is not None:
            said = self.tr("{width} × {height} pixels").format(
                width=region.width(), height=region.height()
            )
        metrics = painter.fontMetrics()
        room = min(self.width() - 40, metrics.horizontalAdvance(said) + 4)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        words = painter.boundingRect(QRectF(0, 0, room, 400), int(flags), said)
        box = words.adjusted(-16, -10, 16, 10)
        box.moveCenter(QRectF(self.rect()).center())
        box.moveTop(24)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.shade(220))
        painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        painter.setPen(QColor(theme.ON_SHADE))
        painter.drawText(box, int(flags), said)

    # Overrides of Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.rect(), self._picture)
        painter.fillRect(self.rect(), theme.shade(120))
        if self._region is not None:
            area = self._on_widget(self._region)
            across = self._picture.width() / self._pixels.width()
            down = self._picture.height() / self._pixels.height()
            region = self._region
            source = QRectF(
                region.x() * across, region.y() * down,
                region.width() * across, region.height() * down,
            )  # fmt: skip
            painter.drawPixmap(area, self._picture, source)
            painter.setPen(QPen(QColor(0, 0, 0, 150), 3))
            painter.drawRect(area)
            painter.setPen(QPen(QColor(theme.MARK), 1.5))
            painter.drawRect(area)
        self._paint_words(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._from = self._on_screen(event.position().toPoint())
            self._region = None
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._from is not None:
            self._stretch_to(event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._from is None:
            return
        self._stretch_to(event.position().toPoint())
        self._from = None
        region = self._region
        if region is not None and min(region.width(), region.height()) >= SMALLEST:
            self._decide()
        else:
            self._region = None
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = event.key(), event.modifiers()
        if key == Qt.Key.Key_Escape:
            self.close()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._decide()
        elif key in ARROWS:
            step = 1 if modifiers & Qt.KeyboardModifier.AltModifier else _STEP
            across, down = ARROWS[Qt.Key(key)]
            stretch = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
            self._move(across * step, down * step, stretch=stretch)
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._is_decided:
            self._is_decided = True
            self.cancelled.emit()
        super().closeEvent(event)
