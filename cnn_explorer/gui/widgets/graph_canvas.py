"""The part of the graph view that is looked at: scrolling, zoom, mouse and keys."""

from collections.abc import Callable
from typing import cast

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QCursor,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGestureEvent,
    QGraphicsView,
    QPinchGesture,
    QToolTip,
    QWidget,
)

from cnn_explorer.graph.model import GraphLayout, LayerGraph
from cnn_explorer.gui.widgets import graph_walk, theme
from cnn_explorer.gui.widgets.graph_look import pen
from cnn_explorer.gui.widgets.graph_motion import GraphMotion
from cnn_explorer.gui.widgets.graph_scene import GraphScene, Hit
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars

READABLE = 0.38
"""The zoom down to which a whole graph is shown at first: names can be read."""
COMFORTABLE = 0.55
"""The least zoom at which a larger graph is shown at first, from where the data come in."""
_LONG = 0.75
"""The largest zoom for one from left to right: its boxes are wide, few of them stand in sight."""
SMALLEST_ZOOM = 0.02
LARGEST_ZOOM = 4.0
ZOOM_STEP = 1.25
_RING = 4.0
"""Pixels that the ring around the selection takes, which is to be in sight too."""
_MARGIN = 5.0
"""Pixels around the drawing, beside the margin it brings along."""
_CLOSEST = 2.0
"""The zoom at which even a small thing that is zoomed to is not made larger."""
_AROUND = 24.0
"""What is shown around it, in scene units."""
_IN_REACH = 80.0
"""Pixels of the drawing that panning leaves in sight."""

_WALKS: dict[int, graph_walk.Direction] = {
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
}

_GESTURES = {
    QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.Wheel,
    QEvent.Type.Gesture, QEvent.Type.NativeGesture, QEvent.Type.ContextMenu,
}  # fmt: skip
"""What ends a motion at once: it must never be waited for."""


class GraphCanvas(QGraphicsView):
    """Shows a `GraphScene` and tells what is asked of it; it opens and closes nothing itself.

    Names are those of what is drawn: boxes and frames.
    """

    chosen = Signal(str)
    """A box or frame was clicked or walked to."""
    toggle_asked = Signal(str, object)
    """Open this box or close this frame; with the pointer's place in the viewport (QPointF), or
    None from the keyboard."""
    close_around_asked = Signal(str)
    """Close the frame around this box, or this frame."""
    menu_asked = Signal(str, QPoint)
    """For a box or frame, or empty for the ground; with the place on the screen."""
    zoom_changed = Signal(float)
    first_painted = Signal()
    resized = Signal(QSize)
    seen_changed = Signal(QRectF)
    """Another part of the scene is in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graph_scene = GraphScene()
        self.setScene(self._graph_scene)
        self._message = ""
        self._zoom = 1.0
        self._selected = ""
        self._moved = False
        self._pressed: QPointF | None = None
        self._grabbed: QPointF | None = None
        self._placing = False
        self._free = False
        self._painted = False
        self._focus_by_key = False
        self._describe: Callable[[str], str] = str
        self._told_seen = QRectF()
        self._is_animated = True
        self._is_still = False
        self._shown_before = False
        self.motion = GraphMotion(self._graph_scene, self)
        self.motion.stepped.connect(self.viewport().update)
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setInteractive(False)  # gestures are read here, not by items
        self.setAcceptDrops(False)  # a drop anywhere is for the window
        self.viewport().setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        flags = QGraphicsView.OptimizationFlag
        self.setOptimizationFlags(flags.DontSavePainterState | flags.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.viewport().setMouseTracking(True)
        self.viewport().grabGesture(Qt.GestureType.PinchGesture)
        for bar in (self.verticalScrollBar(), self.horizontalScrollBar()):
            bar.actionTriggered.connect(self._on_scrolled)
            bar.valueChanged.connect(self._tell_seen)
        self._take_colours()

    # what is shown

    @property
    def drawing(self) -> GraphScene:
        """The scene that is shown."""
        return self._graph_scene

    @property
    def layout_shown(self) -> GraphLayout | None:
        """The layout that is drawn."""
        return self._graph_scene.layout

    def set_describer(self, describe: Callable[[str], str]) -> None:
        """Say what the tool tip of a box or frame is, by name."""
        self._describe = describe

    def set_animated(self, is_animated: bool) -> None:
        """Whether blocks are seen to open and close, or just do so."""
        self._is_animated = is_animated
        self.motion.finish()

    @Slot()
    def reduce_motion(self) -> None:
        """Animate nothing, whatever is wished for: the system asks for it."""
        self._is_still = True
        self.motion.finish()

    def clear(self, message: str) -> None:
        """Draw nothing but a sentence in the middle."""
        self.motion.finish()
        self._shown_before = False
        self._message = message
        self._selected = ""
        self._moved = False
        self._graph_scene.clear_layout()
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSceneRect(QRectF(0.0, 0.0, 1.0, 1.0))
        self._show_cursor(None)
        self.viewport().update()

    def show_new(self, graph: LayerGraph, layout: GraphLayout) -> None:
        """Draw a network just opened, from where one starts to read it."""
        self.motion.finish()
        self._shown_before = False
        self._message = ""
        self._selected = ""
        self._moved = False
        self._graph_scene.show_layout(graph, layout)
        self.home()

    def show_changed(
        self,
        graph: LayerGraph,
        layout: GraphLayout,
        toggled: str = "",
        pointer: QPointF | None = None,
    ) -> None:
        """Draw the same network with other blocks open.

        What was `toggled` stays where it is, under the `pointer` (in the viewport) if there is
        one; without it, what is selected or in the middle of the view stays.
        """
        anchor, held = self._anchor(toggled)
        before = self.layout_shown
        is_seen = self._shown_before and self.isVisible()
        if self._is_animated and not self._is_still and is_seen:
            self.motion.prepare(layout, self.viewportTransform(), self._seen())
        self._selected = ""
        self._graph_scene.show_layout(graph, layout)
        if before is not None and before.options.direction != layout.options.direction:
            self.home()  # nothing is where it was
            return
        grip = self._graph_scene.grip_of(graph_walk.shown_as(layout, anchor)) if anchor else None
        if grip is None or grip.isEmpty() or (not self._moved and not toggled):
            self.home()
            return
        self._moved = True
        if pointer is not None:
            held = self._under(pointer, held, grip)
        self._place(QPointF(grip.center().x(), grip.top()), held, free=bool(toggled))
        self._hover_at_cursor()

    def _anchor(self, toggled: str) -> tuple[str, QPointF]:
        """What is to stay in place, and where the middle of its top is in the viewport."""
        scene, seen = self._graph_scene, QRectF(self.viewport().rect())
        if toggled:
            held = self._top_middle(toggled)
            low = max(24.0, seen.height() - 64.0)
            return toggled, QPointF(held.x(), min(max(held.y(), 24.0), low))
        if self._selected and seen.contains(self._top_middle(self._selected)):
            return self._selected, self._top_middle(self._selected)
        if scene.layout is None or not scene.layout.boxes:
            return "", QPointF()
        middle = self._to_scene(seen.center())

        def distance(name: str) -> float:
            return (scene.rect_of(name).center() - middle).manhattanLength()

        nearest = min(scene.layout.boxes, key=distance)
        return nearest, self._top_middle(nearest)

    def _top_middle(self, name: str) -> QPointF:
        grip = self._graph_scene.grip_of(name)
        return self._from_scene(QPointF(grip.center().x(), grip.top()))

    def _under(self, pointer: QPointF, held: QPointF, grip: QRectF) -> QPointF:
        """`held`, moved as little as brings the grip under the pointer."""
        half, height = grip.width() * self._zoom / 2, grip.height() * self._zoom
        inset = min(6.0, half, height / 2)
        x = min(max(held.x(), pointer.x() - half + inset), pointer.x() + half - inset)
        y = min(max(held.y(), pointer.y() - height + inset), pointer.y() - inset)
        return QPointF(x, y)

    def set_selected(self, name: str) -> None:
        """Put the ring around a box or frame."""
        self._selected = name
        self._graph_scene.set_selected(name)
        self.viewport().update()

    @property
    def selected(self) -> str:
        """The box or frame with the ring around it."""
        return self._selected

    def place_of_selected(self) -> QPoint:
        """Where a menu for what is selected comes up, on the screen; brings it into sight."""
        self.bring_into_sight(self._selected)
        grip = self._graph_scene.grip_of(self._selected)
        place = self._from_scene(grip.center()) if self._selected else QPointF(24.0, 24.0)
        return self.viewport().mapToGlobal(place.toPoint())

    def bring_into_sight(self, name: str) -> None:
        """Scroll no further than needed to see a box or the top of a frame."""
        rect = self._graph_scene.rect_of(name)
        if rect.isEmpty():
            return
        rect.setHeight(min(rect.height(), 80.0))
        seen, ring = self._seen(), _RING / min(1.0, self._zoom)
        if seen.contains(rect.adjusted(-ring, -ring, ring, ring)):
            return
        room_x, room_y = (min(60.0 / self._zoom, side / 4) for side in
                          (seen.width(), seen.height()))  # fmt: skip
        wanted = rect.adjusted(-room_x, -room_y, room_x, room_y)
        self._place(
            QPointF(
                _nearest(seen.left(), seen.width(), wanted.left(), wanted.right()),
                _nearest(seen.top(), seen.height(), wanted.top(), wanted.bottom()),
            ),
            QPointF(0.0, 0.0),
            free=False,
        )

    # zoom and place

    @property
    def zoom(self) -> float:
        """Pixels a scene unit."""
        return self._zoom

    def home(self) -> None:
        """Show the whole graph where it can be read so, else its beginning, in the middle."""
        self._moved = False
        content = self._graph_scene.content
        if self.layout_shown is None or content.isEmpty():
            return
        room = self._room()
        zoom = self._whole_zoom()
        if zoom < READABLE:
            beside = self.verticalScrollBar().sizeHint().width() + 2 * _MARGIN
            across = (room.width() - beside) / content.width()
            if self._goes_right:
                across = (room.height() - beside) / content.height()
            most = _LONG if self._goes_right else 1.0
            zoom = min(most, max(across, COMFORTABLE))
        self._set_zoom(zoom)
        middle = self._main_line(self.layout_shown)
        start, at = QPointF(middle.x(), -_MARGIN / zoom), QPointF(room.width() / 2, 0.0)
        if self._goes_right:
            start, at = QPointF(-_MARGIN / zoom, middle.y()), QPointF(0.0, room.height() / 2)
        self._place(start, at, free=False)

    @property
    def _goes_right(self) -> bool:
        layout = self.layout_shown
        return layout is not None and layout.options.direction == "right"

    @Slot()
    def fit(self) -> None:
        """Show the whole graph, however small that makes it."""
        if self.layout_shown is None:
            return
        self.motion.finish()
        self._moved = True
        self._set_zoom(self._whole_zoom())
        middle = QRectF(self.viewport().rect()).center()
        self._place(self._padded().center(), middle, free=False)

    @Slot()
    def zoom_to_selection(self) -> None:
        """Show what is selected as large as the view lets it be, with a little around it."""
        rect = self._graph_scene.rect_of(self._selected)
        if rect.isEmpty():
            return
        self.motion.finish()
        self._moved = True
        self._set_zoom(self._zoom_for(rect.size() + QSizeF(2 * _AROUND, 2 * _AROUND), _CLOSEST))
        self._place(rect.center(), QRectF(self.viewport().rect()).center(), free=True)

    def _whole_zoom(self) -> float:
        return self._zoom_for(self._graph_scene.content.size(), 1.0)

    def _zoom_for(self, size: QSizeF, most: float) -> float:
        """The zoom at which a part of the scene fits into the view."""
        room = self._room()
        width, height = room.width() - 2 * _MARGIN, room.height() - 2 * _MARGIN
        zoom = min(width / size.width(), height / size.height(), most)
        return max(zoom, SMALLEST_ZOOM)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom; what lies at a point of the viewport stays there (what is selected, else the
        middle of the view, where no point is given)."""
        if self.layout_shown is None:
            return
        self.motion.finish()
        if at is None:
            at = QRectF(self.viewport().rect()).center()
            chosen = self._from_scene(self._graph_scene.grip_of(self._selected).center())
            if self._selected and self.viewport().rect().contains(chosen.toPoint()):
                at = chosen
        zoom = min(max(zoom, SMALLEST_ZOOM), LARGEST_ZOOM)
        scene, closer = self._to_scene(at), zoom > self._zoom
        self._moved = True
        self._set_zoom(zoom)
        # nearer, the point stays; farther, the drawing returns to the middle as it comes to fit
        self._place(scene, at, free=closer)

    @Slot()
    def zoom_in(self) -> None:
        """One step closer."""
        self.zoom_to(self._zoom * ZOOM_STEP)

    @Slot()
    def zoom_out(self) -> None:
        """One step farther."""
        self.zoom_to(self._zoom / ZOOM_STEP)

    @Slot()
    def zoom_to_full(self) -> None:
        """One pixel a scene unit."""
        self.zoom_to(1.0)

    def _set_zoom(self, zoom: float) -> None:
        self._zoom = zoom
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self._graph_scene.set_zoom(zoom)
        self.zoom_changed.emit(zoom)

    def _padded(self) -> QRectF:
        margin = _MARGIN / self._zoom
        return self._graph_scene.content.adjusted(-margin, -margin, margin, margin)

    def _ground(self, room: float) -> QRectF:
        """The drawing with its margin; as wide on both sides of the main line if that fits."""
        ground = self._padded()
        if self.layout_shown is not None and not self._goes_right and ground.width() < room:
            middle = self._main_line(self.layout_shown).x()
            half = max(middle - ground.left(), ground.right() - middle)
            if 2 * half < room:
                ground.setLeft(middle - half)
                ground.setRight(middle + half)
        return ground

    def _main_line(self, layout: GraphLayout) -> QPointF:
        """Where the drawing has its middle: at its first box, if lines lead on from there."""
        if not layout.edges:
            return self._graph_scene.content.center()
        return self._graph_scene.rect_of(graph_walk.first(layout)).center()

    def _seen(self) -> QRectF:
        """The part of the scene in sight."""
        size = self.viewport().size()
        corner = self._to_scene(QPointF(0.0, 0.0))
        return QRectF(corner.x(), corner.y(), size.width() / self._zoom, size.height() / self._zoom)

    def _to_scene(self, at: QPointF) -> QPointF:
        return self.viewportTransform().inverted()[0].map(at)

    def _from_scene(self, place: QPointF) -> QPointF:
        return self.viewportTransform().map(place)

    def _place(self, scene: QPointF, at: QPointF, *, free: bool) -> None:
        """Bring a point of the scene to a point of the viewport.

        Not beyond the ends of the drawing, which stands in the middle where it fits; if `free`
        anywhere, so long as some of the drawing is in sight.
        """
        zoom, room = self._zoom, self._room()
        bar = self.verticalScrollBar().sizeHint().width()
        tall = wide = False  # whether there is a scroll bar for it: Qt's own choice comes too late
        while True:
            size = QSizeF(room.width() - bar * tall, room.height() - bar * wide) / zoom
            view = QRectF(scene - at / zoom, size)
            base = self._ground(size.width())
            if free:
                some = _IN_REACH / zoom
                left = min(max(view.left(), base.left() + some - size.width()), base.right() - some)
                top = min(max(view.top(), base.top() + some - size.height()), base.bottom() - some)
            else:
                left = _within(view.left(), size.width(), base.left(), base.right())
                top = _within(view.top(), size.height(), base.top(), base.bottom())
            view.moveTo(left, top)
            hair = 0.5 / zoom  # else rounding asks for a bar of no use
            reach = base.united(view.adjusted(hair, hair, -hair, -hair))
            if not tall and reach.height() > size.height() + hair:
                tall = True
            elif not wide and reach.width() > size.width() + hair:
                wide = True
            else:
                break
        self._free = free
        self._placing = True  # a bar that comes or goes resizes the view
        shown = Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        hidden = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(shown if tall else hidden)
        self.setHorizontalScrollBarPolicy(shown if wide else hidden)
        if self.sceneRect() != reach:
            self.setSceneRect(reach)
        self.horizontalScrollBar().setValue(round(view.left() * zoom))
        self.verticalScrollBar().setValue(round(view.top() * zoom))
        self._placing = False
        self._tell_seen()

    def _room(self) -> QSize:
        """The viewport as it is without scroll bars."""
        return self.contentsRect().size()

    @Slot()
    def _on_scrolled(self) -> None:
        self.motion.finish()
        self._moved = True

    @property
    def seen(self) -> QRectF:
        """The part of the scene in sight."""
        return self._seen()

    @property
    def shows_all(self) -> bool:
        """Whether all of the drawing is in sight, or it stands where it does at first."""
        return not self._moved or self._seen().contains(self._graph_scene.content)

    def is_free(self, place: QRect, *, of_frames: bool = True) -> bool:
        """Whether no box lies under a place of the viewport, and no frame."""
        layout = self.layout_shown
        if layout is None:
            return True
        start, end = map(self._to_scene, (QPointF(place.topLeft()), QPointF(place.bottomRight())))
        left, top, right, bottom = start.x(), start.y(), end.x(), end.y()
        return not any(
            rect.x < right
            and rect.y < bottom
            and rect.x + rect.width > left
            and rect.y + rect.height > top
            for rects in (layout.boxes, layout.frames if of_frames else {})
            for rect in rects.values()
        )

    def show_place(self, place: QPointF) -> None:
        """Bring a place of the scene to the middle of the view."""
        if self.layout_shown is not None:
            self.motion.finish()
            self._moved = True
            self._place(place, QRectF(self.viewport().rect()).center(), free=False)

    @Slot()
    def _tell_seen(self) -> None:
        seen = self._seen()
        if not self._placing and seen != self._told_seen:
            self._told_seen = seen
            self.seen_changed.emit(seen)

    # what the pointer is over

    def _hit(self, at: QPointF) -> Hit | None:
        return self._graph_scene.hit(self._to_scene(at))

    def _hover(self, at: QPointF | None) -> None:
        hit = self._hit(at) if at is not None else None
        self._graph_scene.set_hovered(hit)
        self._show_cursor(hit)

    def _hover_at_cursor(self) -> None:
        place = self.viewport().mapFromGlobal(QCursor.pos())
        inside = self.viewport().underMouse() and self.viewport().rect().contains(place)
        self._hover(QPointF(place) if inside else None)

    def _show_cursor(self, hit: Hit | None) -> None:
        shape = Qt.CursorShape.ArrowCursor
        if self._grabbed is not None:
            shape = Qt.CursorShape.ClosedHandCursor
        elif hit is not None and hit.part != "inside":
            shape = Qt.CursorShape.PointingHandCursor
        elif self.layout_shown is not None and not self._seen().contains(self._graph_scene.content):
            shape = Qt.CursorShape.OpenHandCursor
        self.viewport().setCursor(shape)

    def _can_toggle(self, name: str) -> bool:
        layout = self.layout_shown
        if layout is None:
            return False
        item = self._graph_scene.box_item(name)
        return name in layout.frames or (item is not None and item.node.kind == "block")

    def _ask_toggle(self, name: str, pointer: QPointF | None) -> None:
        if self._can_toggle(name):
            self.toggle_asked.emit(name, pointer)

    def _walk(self, direction: graph_walk.Direction) -> None:
        if self.layout_shown is not None:
            self._choose(graph_walk.next_from(self.layout_shown, self._selected, direction))

    def _choose(self, name: str) -> None:
        if name:
            self.bring_into_sight(name)
            self.chosen.emit(name)

    # colours

    def _take_colours(self) -> None:
        self._graph_scene.set_dark(theme.is_dark(self.palette()))
        self.setBackgroundBrush(QColor(theme.ground(self).ground))

    # Qt

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:  # of the corner between the bars: no bevel
            QPainter(self).fillRect(self.rect(), self.backgroundBrush())
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(640, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 100)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._take_colours()

    def resizeEvent(self, event: QResizeEvent) -> None:
        old = event.oldSize()
        before = self._to_scene(QPointF(max(old.width(), 0) / 2, 0.0))
        selected = self._graph_scene.grip_of(self._selected)
        corner = self._to_scene(QPointF(0.0, 0.0))
        seen = QRectF(corner.x(), corner.y(), old.width() / self._zoom, old.height() / self._zoom)
        super().resizeEvent(event)
        self.resized.emit(event.size())
        self._tell_seen()
        if self.layout_shown is None or self._placing:
            return
        if not self._moved:
            self.home()
            self.bring_into_sight(self._selected)
            return
        self.motion.finish()
        self._place(before, QPointF(self.viewport().width() / 2, 0.0), free=self._free)
        if not selected.isEmpty() and seen.contains(selected):
            self.bring_into_sight(self._selected)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.motion.finish()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._paint_motion():
            super().paintEvent(event)
        keyed = self._focus_by_key and self.hasFocus()
        if self._message or keyed:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            room = QRectF(self.viewport().rect())
            if self._message:
                painter.setPen(theme.quiet_colour(self))
                painter.setFont(theme.text_font())
                margin = 2.0 * theme.MARGIN
                painter.drawText(
                    room.adjusted(margin, margin, -margin, -margin),
                    Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
                    self._message,
                )
            if keyed:  # a ring around a box says what is selected, not where the keyboard is
                painter.setPen(pen(QColor(theme.ground(self).selection), 2.0))
                painter.drawRoundedRect(
                    room.adjusted(2.0, 2.0, -2.0, -2.0), theme.RADIUS, theme.RADIUS
                )
        self._shown_before = True
        if not self._painted:
            self._painted = True
            self.first_painted.emit()

    def _paint_motion(self) -> bool:
        """Paint a moment of blocks opening or closing, where they do."""
        if not self.motion.is_running:
            return False
        painter = QPainter(self.viewport())
        painter.setRenderHints(self.renderHints())
        painter.fillRect(self.viewport().rect(), self.backgroundBrush())
        view = self.viewportTransform()
        painter.setTransform(view, combine=True)
        return self.motion.paint(painter, view, self._seen(), self._selected)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._focus_by_key = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        self._graph_scene.set_focused(True)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._graph_scene.set_focused(False)
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() in _GESTURES:
            self.motion.finish()
        match event.type():
            case QEvent.Type.ToolTip:
                self._show_tip(cast(QHelpEvent, event))
                return True
            case QEvent.Type.Leave:
                if self._grabbed is None:
                    self._hover(None)
            case QEvent.Type.Gesture:
                pinch = cast(QGestureEvent, event).gesture(Qt.GestureType.PinchGesture)
                if isinstance(pinch, QPinchGesture):
                    middle = self.viewport().mapFromGlobal(pinch.centerPoint())
                    self.zoom_to(self._zoom * pinch.scaleFactor(), QPointF(middle))
                    return True
            case QEvent.Type.NativeGesture:
                native = cast(QNativeGestureEvent, event)
                if native.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
                    self.zoom_to(self._zoom * (1.0 + native.value()), native.position())
                    return True
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        hit = self._hit(QPointF(event.pos()))
        if hit is None or hit.part == "inside":
            QToolTip.hideText()
            return
        grip = self._graph_scene.grip_of(hit.name)
        corners = QRectF(self._from_scene(grip.topLeft()), self._from_scene(grip.bottomRight()))
        QToolTip.showText(
            event.globalPos(),
            self._describe(hit.name),
            self.viewport(),
            corners.toAlignedRect().intersected(QRect(self.viewport().rect())),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self._grab(event.position())
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
        event.accept()

    def _grab(self, at: QPointF) -> None:
        if self.layout_shown is not None:
            self._grabbed = self._to_scene(at)
            self._graph_scene.set_hovered(None)
            self._show_cursor(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._pressed is not None and self._grabbed is None:
            moved = (at - self._pressed).manhattanLength()
            if moved >= QApplication.startDragDistance():
                self._grab(self._pressed)
        if self._grabbed is not None:
            self._moved = True
            self._place(self._grabbed, at, free=True)
        elif self._pressed is None:
            self._hover(at)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        clicked = self._pressed is not None and self._grabbed is None
        self._pressed = None
        self._grabbed = None
        if clicked:
            hit = self._hit(event.position())
            if hit is not None and hit.part == "badge":
                self._ask_toggle(hit.name, event.position())
            elif hit is not None and hit.part != "inside":
                self._choose(hit.name)
        self._hover(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        hit = self._hit(event.position())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if hit is not None and hit.part in ("box", "header"):
            self._ask_toggle(hit.name, event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps = turned.y() or turned.x()
            self.zoom_to(self._zoom * 1.0015**steps, event.position())
            event.accept()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not turned.x():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - turned.y())
            self._moved = True
            event.accept()
        else:
            self._moved = True
            super().wheelEvent(event)
        if self._grabbed is None:
            self._hover(event.position())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.layout_shown is None:
            return
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            hit = self._hit(QPointF(event.pos()))
            name = hit.name if hit is not None and hit.part != "inside" else ""
            self.menu_asked.emit(name, event.globalPos())
            return
        self.menu_asked.emit(self._selected, self.place_of_selected())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.motion.finish()
        if self.layout_shown is None:
            event.ignore()
            return
        key = event.key()
        if (
            event.modifiers()
            & ~Qt.KeyboardModifier.KeypadModifier
            & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        ):
            event.ignore()
        elif key in _WALKS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._walk(_WALKS[key])
        elif key == Qt.Key.Key_Home:
            self._choose(graph_walk.first(self.layout_shown))
        elif key == Qt.Key.Key_End:
            self._choose(graph_walk.last(self.layout_shown))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._ask_toggle(self._selected, None)
        elif key == Qt.Key.Key_Backspace:
            if self._selected:
                self.close_around_asked.emit(self._selected)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key == Qt.Key.Key_1 and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_to_full()
        elif key == Qt.Key.Key_2 and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_to_selection()
        elif key == Qt.Key.Key_Escape:
            event.ignore()  # the window stops its work with it
        else:
            super().keyPressEvent(event)


def _within(start: float, length: float, low: float, high: float) -> float:
    """Where a view of `length` starts that shows as much of low..high as it can; in the middle
    where all of it fits."""
    if high - low <= length:
        return (low + high - length) / 2
    return min(max(start, low), high - length)


def _nearest(start: float, length: float, low: float, high: float) -> float:
    """The start nearest to `start` at which a view of `length` shows low..high."""
    return min(max(start, high - length), low)
