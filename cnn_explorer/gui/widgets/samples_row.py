"""A row of sample pictures to try a network with."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFocusEvent,
    QImage,
    QImageReader,
    QKeyEvent,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QShowEvent,
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
from cnn_explorer.media.samples import Sample, samples

THUMBNAIL = 46
"""Side of a thumbnail, pixels."""
_GAP = 6
_FADE = 28
_DENSITY = 2
"""Thumbnails are decoded for a 2x screen, so that moving the window to one costs nothing."""

Index = QModelIndex | QPersistentModelIndex


def _thumbnail(path: Path) -> QImage:
    """The middle square of a picture, small; null where it cannot be read."""
    reader = QImageReader(str(path))
    reader.setAutoTransform(True)
    side = THUMBNAIL * _DENSITY
    size = reader.size()
    if not size.isEmpty():
        # a JPEG decoded small is decoded fast
        reader.setScaledSize(size.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    if image.isNull():
        return image
    short = min(image.width(), image.height())
    left, top = (image.width() - short) // 2, (image.height() - short) // 2
    return image.copy(left, top, short, short)


class _SamplesModel(QAbstractListModel):
    """The samples in the order shown, with the thumbnails made so far."""

    def __init__(self, shown: Sequence[Sample], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._given = tuple(shown)
        self._shown = self._given
        self._thumbnails: dict[str, QPixmap] = {}

    def sample(self, row: int) -> Sample:
        return self._shown[row]

    def sort_for(self, kind: str | None) -> None:
        """Those of a kind first; else the order is kept."""
        order = tuple(sorted(self._given, key=lambda sample: kind not in (None, sample.kind)))
        if order != self._shown:
            self.beginResetModel()
            self._shown = order
            self.endResetModel()

    def load_next(self) -> bool:
        """Make one more thumbnail, in the order shown; False when none is left to make."""
        for row, sample in enumerate(self._shown):
            if sample.name not in self._thumbnails:
                self._thumbnails[sample.name] = QPixmap.fromImage(_thumbnail(sample.path))
                index = self.index(row, 0)
                self.dataChanged.emit(index, index, [Qt.ItemDataRole.DecorationRole])
                return True
        return False

    # Overrides of Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        sample = self._shown[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return sample.title
            case Qt.ItemDataRole.ToolTipRole:
                return html.escape(sample.title)
            case Qt.ItemDataRole.DecorationRole:
                return self._thumbnails.get(sample.name)
        return None


class _ThumbnailDelegate(QStyledItemDelegate):
    """A rounded square; a ring around the one under the mouse or the keyboard."""

    # Overrides of Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(THUMBNAIL + _GAP, THUMBNAIL + 4)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place: QRect = option.rect  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        style = theme.ground(view)
        box = QRectF(place.x() + 2, place.y() + 2, THUMBNAIL, THUMBNAIL)
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
        ringed = view.hasFocus() and view.currentIndex() == index
        if ringed or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(QColor(style.selection), 2))
        else:
            painter.setPen(QPen(QColor(style.box_border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(outline)
        painter.restore()


class _Thumbnails(QListView):
    """The row itself. What runs over its ends fades out and scrolls in."""

    chosen = Signal(QModelIndex)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
            bar.setValue(bar.value() + step * max(THUMBNAIL, self.viewport().width() - 2 * _FADE))
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


class SamplesRow(QWidget):
    """Thumbnails of the samples; a click, or Enter on one, chooses it."""

    sample_chosen = Signal(object)
    """The `Path` of the chosen picture."""

    def __init__(
        self, parent: QWidget | None = None, *, shown: Sequence[Sample] | None = None
    ) -> None:
        super().__init__(parent)
        self._model = _SamplesModel(samples() if shown is None else shown, self)
        self._view = _Thumbnails(self)
        self._view.setModel(self._model)
        self._view.setItemDelegate(_ThumbnailDelegate(self._view))
        self._view.setAccessibleName(self.tr("Sample pictures"))
        self._view.setAccessibleDescription(
            self.tr("Arrow keys move along the row, Enter shows the picture to the network.")
        )
        self._view.chosen.connect(self._on_chosen)
        self._model.modelReset.connect(self._on_reordered)
        self.setFocusProxy(self._view)
        self.setFixedHeight(THUMBNAIL + 4)
        self._loader = QTimer(self)
        self._loader.setInterval(0)
        self._loader.timeout.connect(self._load_one)

    def set_kind(self, kind: str | None) -> None:
        """Put the samples of a kind, ``photo`` or ``digit``, first."""
        self._model.sort_for(kind)

    def count(self) -> int:
        """How many samples there are."""
        return self._model.rowCount()

    def _on_chosen(self, index: QModelIndex) -> None:
        self.sample_chosen.emit(self._model.sample(index.row()).path)

    def _on_reordered(self) -> None:
        if self._view.hasFocus():
            self._view.setCurrentIndex(self._model.index(0, 0))
        self._view.scrollToTop()
        self._view.horizontalScrollBar().setValue(0)

    def _load_one(self) -> None:
        """One picture a turn of the event loop: the window answers in between."""
        if not self._model.load_next():
            self._loader.stop()

    # Overrides of Qt

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._loader.start()

    def hideEvent(self, event: Any) -> None:
        self._loader.stop()
        super().hideEvent(event)

    def resizeEvent(self, event: Any) -> None:
        # the view's items carry a gap on both sides: the row is flush with its panel
        self._view.setGeometry(-2, 0, self.width() + 4, self.height())
        super().resizeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(5 * (THUMBNAIL + _GAP), THUMBNAIL + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(2 * (THUMBNAIL + _GAP), THUMBNAIL + 4)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._view.viewport().update()
        super().changeEvent(event)
