"""A small map of a graph larger than the view: all of it, and which part is in sight."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.graph.model import GraphLayout
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.graph_look import pen

_LARGEST = QSize(168, 190)
"""What it takes up at most, a third of the view at most."""
_LEAST = 34.0
"""How narrow the drawing in it gets; a graph that is a thousand boxes long would be a hair."""
_INSET = 7.0
_SMALLEST_BLOCK = 1.4
"""Pixels that a box takes at least, each way."""


class Minimap(QWidget):
    """Shows a layout small, with a rectangle around what is in sight. A click or a drag moves the
    view there.

    It is hidden while all of the graph is in sight. The graph is painted once into a pixmap, so
    scrolling costs two rectangles.
    """

    place_asked = Signal(QPointF)
    """Bring this place of the scene to the middle of the view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout: GraphLayout | None = None
        self._seen = QRectF()
        self._room = QSize()
        self._is_wanted = True
        self._picture = QPixmap()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Map of the whole graph"))
        self.setToolTip(self.tr("The whole graph and the part in sight: click or drag to go there"))
        self.hide()

    # what is shown

    def show_layout(self, layout: GraphLayout | None) -> None:
        """Show another drawing, or none."""
        self._layout = layout
        self._refresh()

    def set_seen(self, seen: QRectF) -> None:
        """Show which part of the scene is in sight."""
        self._seen = seen
        self._show_if_of_use()
        self.update()

    def set_room(self, room: QSize) -> None:
        """How large the view is that the map lies on."""
        self._room = room
        if self.sizeHint() == self.size():
            self._show_if_of_use()
        else:
            self._refresh()

    def set_wanted(self, is_wanted: bool) -> None:
        """Show it where it is of use, or never."""
        self._is_wanted = is_wanted
        self._show_if_of_use()

    @property
    def picture(self) -> QPixmap:
        """The graph without the rectangle; made when it is first painted."""
        if self._picture.isNull() and self._layout is not None:
            self._picture = self._painted(self._layout)
        return self._picture

    def _refresh(self) -> None:
        self._picture = QPixmap()
        self.resize(self.sizeHint())
        self._show_if_of_use()
        self.update()

    def _show_if_of_use(self) -> None:
        layout, whole = self._layout, QRectF()
        if layout is not None:
            whole = QRectF(0.0, 0.0, layout.width, layout.height)
        # a margin cut off is nothing to look for
        inner = whole.adjusted(16.0, 16.0, -16.0, -16.0)
        fits = self._room.width() >= 320 and self._room.height() >= 220
        self.setVisible(
            self._is_wanted and fits and layout is not None and not self._seen.contains(inner)
        )

    # geometry

    def _scale(self) -> tuple[float, float]:
        """Pixels a scene unit, across and down: the same unless the graph is too slender."""
        if self._layout is None:
            return (1.0, 1.0)
        most = _LARGEST.boundedTo(self._room / 3)
        width, height = most.width() - 2 * _INSET, most.height() - 2 * _INSET
        across, down = self._layout.width, self._layout.height
        scale = min(width / across, height / down)
        return (max(scale, min(_LEAST / across, width / across)),
                max(scale, min(_LEAST / down, height / down)))  # fmt: skip

    def rect_on_map(self, rect: QRectF) -> QRectF:
        """Where a part of the scene lies in this widget."""
        across, down = self._scale()
        return QRectF(_INSET + rect.x() * across, _INSET + rect.y() * down,
                      rect.width() * across, rect.height() * down)  # fmt: skip

    def _painted(self, layout: GraphLayout) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style, dark = theme.ground(self), theme.is_dark(self.palette())
        painter.setPen(pen(QColor(style.frame_border), 1.0))
        painter.setBrush(QColor(style.frame))
        for frame in layout.frames.values():
            painter.drawRect(self.rect_on_map(QRectF(frame.x, frame.y, frame.width, frame.height)))
        painter.setPen(Qt.PenStyle.NoPen)
        for node in layout.graph.nodes:
            box = layout.boxes[node.name]
            block = self.rect_on_map(QRectF(box.x, box.y, box.width, box.height))
            wider = max(_SMALLEST_BLOCK - block.width(), 0.0) / 2
            taller = max(_SMALLEST_BLOCK - block.height(), 0.0) / 2
            painter.setBrush(theme.kind_colour(node.kind, dark))
            painter.drawRect(block.adjusted(-wider, -taller, wider, taller))
        painter.end()
        return picture

    # Qt

    def sizeHint(self) -> QSize:
        if self._layout is None:
            return QSize(1, 1)
        whole = self.rect_on_map(QRectF(0.0, 0.0, self._layout.width, self._layout.height))
        return QSize(round(whole.right() + _INSET), round(whole.bottom() + _INSET))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.DevicePixelRatioChange):
            self._picture = QPixmap()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = theme.ground(self)
        painter.setPen(pen(QColor(style.box_border), 1.0))
        painter.setBrush(QColor(style.box))
        card = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        painter.drawRoundedRect(card, theme.RADIUS, theme.RADIUS)
        painter.drawPixmap(0, 0, self.picture)
        seen = self.rect_on_map(self._seen).intersected(card.adjusted(2.5, 2.5, -2.5, -2.5))
        tint = QColor(style.selection)
        tint.setAlphaF(0.12)
        painter.setPen(pen(QColor(style.selection), 1.5))
        painter.setBrush(tint)
        painter.drawRect(seen)

    def _ask(self, at: QPointF) -> None:
        across, down = self._scale()
        self.place_asked.emit(QPointF((at.x() - _INSET) / across, (at.y() - _INSET) / down))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._layout is not None:
            self._ask(event.position())
        event.accept()  # the graph below must not take it

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._layout is not None:
            self._ask(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
