"""A slim scroll bar: a rounded thumb on the ground of what it scrolls, no arrows.

The style's own bars are wide and boxed, and an application style sheet that tames them makes every
widget slower to build. This one draws and moves its thumb itself; keys, wheel and context menu
stay Qt's.
"""

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QEnterEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QAbstractSlider,
    QGraphicsView,
    QScrollBar,
    QWidget,
)

from cnn_explorer.gui.widgets import theme

THICK = 12
"""Logical pixels across the bar; enough to hit, the thumb itself is slimmer."""
_THUMB, _THUMB_LIT = 4.0, 8.0
_SHORTEST = 28.0


class QuietScrollBar(QScrollBar):
    """A scroll bar without arrows, whose thumb grows a little under the pointer."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget | None = None) -> None:
        super().__init__(orientation, parent)
        self._grip: float | None = None  # where along the thumb the pointer holds it
        self._over = False

    def thumb(self) -> tuple[float, float]:
        """Start and length of the thumb along the bar, logical pixels."""
        track = float(self._along(QPoint(self.width(), self.height())))
        span = self.maximum() - self.minimum()
        whole = span + self.pageStep()
        length = min(track, max(_SHORTEST, track * self.pageStep() / max(1, whole)))
        part = (self.sliderPosition() - self.minimum()) / span if span else 0.0
        if self._reversed():
            part = 1 - part
        return part * (track - length), length

    def _along(self, place: QPoint) -> int:
        return place.x() if self.orientation() == Qt.Orientation.Horizontal else place.y()

    def _reversed(self) -> bool:
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        across = self.orientation() == Qt.Orientation.Horizontal
        return self.invertedAppearance() != (mirrored and across)

    def _drag_to(self, at: float) -> None:
        assert self._grip is not None
        length = self.thumb()[1]
        room = self._along(QPoint(self.width(), self.height())) - length
        part = min(1.0, max(0.0, (at - self._grip) / room)) if room > 0 else 0.0
        if self._reversed():
            part = 1 - part
        span = self.maximum() - self.minimum()
        self.setSliderPosition(self.minimum() + round(part * span))

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        if self.orientation() == Qt.Orientation.Horizontal:
            return QSize(48, THICK)
        return QSize(THICK, 48)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        area = self.parentWidget()
        # an area stands its bars on a widget of its own, which has the window's colour
        while area is not None and not isinstance(area, QAbstractScrollArea):
            area = area.parentWidget()
        if area is not None:
            painter.fillRect(self.rect(), _ground_of(area))
        if self.maximum() <= self.minimum():
            return
        lit = self._over or self.isSliderDown()
        style = theme.ground(self)
        colour = QColor(style.text_quiet if lit else style.edge)
        thick = _THUMB_LIT if lit else _THUMB
        start, length = self.thumb()
        if self.orientation() == Qt.Orientation.Horizontal:
            box = QRectF(start, (self.height() - thick) / 2, length, thick)
            box.adjust(2, 0, -2, 0)
        else:
            box = QRectF((self.width() - thick) / 2, start, thick, length)
            box.adjust(0, 2, 0, -2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(box, thick / 2, thick / 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self.maximum() <= self.minimum():
            event.ignore()
            return
        event.accept()
        at = float(self._along(event.position().toPoint()))
        start, length = self.thumb()
        if start <= at < start + length:
            self._grip = at - start
            self.setSliderDown(True)
        else:
            actions = QAbstractSlider.SliderAction
            back = (at < start) != self._reversed()
            action = actions.SliderPageStepSub if back else actions.SliderPageStepAdd
            self.triggerAction(action)
            self.setRepeatAction(action)
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._drag_to(float(self._along(event.position().toPoint())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.setRepeatAction(QAbstractSlider.SliderAction.SliderNoAction)
            self._grip = None
            self.setSliderDown(False)
            self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._over = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._over = False
        self.update()


def _ground_of(area: QAbstractScrollArea) -> QBrush:
    """What an area's own ground is painted with."""
    view = area.viewport()
    if isinstance(area, QGraphicsView):
        return area.backgroundBrush()
    if view.autoFillBackground():
        return view.palette().brush(view.backgroundRole())
    return area.palette().window()


def quiet_bars(area: QAbstractScrollArea) -> None:
    """Give a scroll area slim bars. Its policies stay; connections to the old bars do not."""
    area.setVerticalScrollBar(QuietScrollBar(Qt.Orientation.Vertical, area))
    area.setHorizontalScrollBar(QuietScrollBar(Qt.Orientation.Horizontal, area))
