"""A row of thumbnails to choose from: one line that scrolls sideways."""

from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QKeyEvent,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from cnn_explorer.gui.widgets import theme

GAP = 6
"""Between two thumbnails, pixels."""
_FADE = 28

Index = QModelIndex | QPersistentModelIndex


class ThumbnailDelegate(QStyledItemDelegate):
    """A rounded square; a ring around the one under the mouse or the keyboard."""

    def __init__(self, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.side = side

    def is_ringed(self, view: QWidget, index: Index) -> bool:
        """Whether an item is the one that is meant."""
        assert isinstance(view, ThumbnailRow)
        return view.hasFocus() and view.currentIndex() == index

    # Overrides of Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(self.side + GAP, self.side + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        style = theme.ground(view)
        box = QRectF(place.x() + 2, place.y() + 2, self.side, self.side)
        outline = QPainterPath()
        outline.addRoundedRect(box, 5, 5)
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        pixmap = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(pixmap, QPixmap) and not pixmap.isNull():
            brush = QBrush(pixmap)
            transform = brush.transform()
            transform.translate(box.x(), box.y())
            transform.scale(box.width() / pixmap.width(), box.height() / pixmap.height())
            brush.setTransform(transform)
            painter.fillPath(outline, brush)
        else:
            painter.fillPath(outline, QColor(style.frame_nested))
        if self.is_ringed(view, index) or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(style.selection), 2))
        else:
            painter.setPen(QPen(QColor(style.box_border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(outline)
        painter.restore()


class ThumbnailRow(QListView):
    """The row itself. What runs over its ends fades out and scrolls in."""

    chosen = Signal(QModelIndex)

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.viewport().setAutoFillBackground(False)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self.chosen)

    # Overrides of Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in keys and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        if not self.currentIndex().isValid() and self.model().rowCount():
            self.setCurrentIndex(self.model().index(0, 0))
        super().focusInEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        turned = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        before = bar.value()
        bar.setValue(before - (turned.x() or turned.y()))
        event.setAccepted(bar.value() != before)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        bar = self.horizontalScrollBar()
        painter = QPainter(self.viewport())
        width, height = self.viewport().width(), self.viewport().height()
        ground = self.palette().color(QPalette.ColorRole.Window)
        clear = QColor(ground)
        clear.setAlpha(0)
        for more, edge, inner in (
            (bar.value() > bar.minimum(), 0, _FADE),
            (bar.value() < bar.maximum(), width, width - _FADE),
        ):
            if not more:
                continue
            fade = QLinearGradient(QPointF(edge, 0), QPointF(inner, 0))
            fade.setColorAt(0, ground)
            fade.setColorAt(1, clear)
            painter.fillRect(QRect(min(edge, inner), 0, _FADE, height), fade)
            self._paint_chevron(painter, edge, inner, height / 2)

    def _paint_chevron(self, painter: QPainter, edge: int, inner: int, middle: float) -> None:
        out = 1 if edge > inner else -1
        tip = QPointF(edge - out * 4, middle)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1.6))
        painter.drawPolyline([tip + QPointF(-out * 5, -5), tip, tip + QPointF(-out * 5, 5)])

    def mousePressEvent(self, event: Any) -> None:
        step = self._chevron_at(event.position().x())
        if step:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + step * max(self._side, self.viewport().width() - 2 * _FADE))
        else:
            super().mousePressEvent(event)

    def _chevron_at(self, x: float) -> int:
        """-1 or 1 where a click asks for what lies over the left or the right end."""
        bar = self.horizontalScrollBar()
        if x < _FADE / 2 and bar.value() > bar.minimum():
            return -1
        if x > self.viewport().width() - _FADE / 2 and bar.value() < bar.maximum():
            return 1
        return 0
