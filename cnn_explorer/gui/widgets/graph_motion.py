"""Blocks that open and close are seen to do so: the way from one drawing to the next, painted.

The scene holds the new drawing from the first moment on; only what is painted comes later. So
nothing depends on a frame of the motion, and it can end at any time.
"""

from PySide6.QtCore import QEasingCurve, QObject, QRectF, QVariantAnimation, Signal, Slot
from PySide6.QtGui import QPainter, QPainterPath, QTransform
from PySide6.QtWidgets import QStyleOptionGraphicsItem

from cnn_explorer.graph.layout import is_junction
from cnn_explorer.graph.model import EdgePath, GraphLayout, Rect
from cnn_explorer.graph.style import RADIUS
from cnn_explorer.graph.tween import Fate, Mover, Shift, Tween, eased, opacity, tween
from cnn_explorer.gui.widgets.graph_items import BoxItem, FrameItem, LinesItem, RingItem
from cnn_explorer.gui.widgets.graph_scene import GraphScene

DURATION = 200
"""Milliseconds."""
MOST_MOVING = 220
"""Boxes, frames and lines in sight beyond which there is no motion: it would stutter."""
_MOST_BOXES = 1500
"""In both drawings: beyond, even finding out what is in sight takes longer than a frame."""


class GraphMotion(QObject):
    """Plays the change from the drawing of a scene before to that of now."""

    stepped = Signal()
    """There is another moment to paint, or the motion has ended."""

    def __init__(self, scene: GraphScene, parent: QObject) -> None:
        super().__init__(parent)
        self._scene = scene
        self._before: GraphLayout | None = None
        self._view_before = QTransform()
        self._gone: dict[str, BoxItem | FrameItem] = {}
        self._tween: Tween | None = None
        self._clock = QVariantAnimation(self)
        self._clock.setStartValue(0.0)
        self._clock.setEndValue(1.0)
        self._clock.setDuration(DURATION)
        self._clock.setEasingCurve(QEasingCurve.Type.Linear)  # eased where it is painted
        self._clock.valueChanged.connect(self.stepped)
        self._clock.finished.connect(self.finish)

    @property
    def is_running(self) -> bool:
        """Whether the drawing is still on its way."""
        return self._before is not None

    @property
    def clock(self) -> QVariantAnimation:
        """What counts the time, from the first moment painted on."""
        return self._clock

    def prepare(self, after: GraphLayout, view: QTransform, seen: QRectF) -> None:
        """Keep what the scene shows now in `view`, before `after` takes its place."""
        self.finish()
        before = self._scene.layout
        if before is None or len(before.boxes) + len(after.boxes) > _MOST_BOXES:
            return
        self._before, self._view_before = before, view
        for names, later in ((before.boxes, after.boxes), (before.frames, after.frames)):
            for name in names:
                if name not in later and self._scene.rect_of(name).intersects(seen):
                    item = self._scene.item_of(name)
                    if item is not None:
                        self._scene.removeItem(item)  # else the scene would delete it
                        self._gone[name] = item

    @Slot()
    def finish(self) -> None:
        """Be at the end now."""
        if self._before is not None:
            self._before = None
            self._tween = None
            self._gone.clear()
            self._clock.stop()
            self.stepped.emit()

    def paint(self, painter: QPainter, view: QTransform, seen: QRectF, selected: str) -> bool:
        """Paint this moment in scene units; false where there is no motion (any more).

        The way is worked out when it is first painted: the view has found its place by then.
        """
        before, after = self._before, self._scene.layout
        if before is None or after is None:
            return False
        if self._tween is None:
            way = self._view_before * view.inverted()[0]
            self._tween = tween(
                before, after, Shift(way.m11(), way.dx(), way.dy()),
                Rect(seen.x(), seen.y(), seen.width(), seen.height()), MOST_MOVING,
            )  # fmt: skip
            if self._tween.size > MOST_MOVING:
                self.finish()
                return False
            self._clock.start()
        elif self._clock.state() == QVariantAnimation.State.Stopped:
            return False
        self._paint(painter, self._tween, self._time(), selected)
        return True

    def places_of(self, name: str) -> tuple[QRectF, ...]:
        """Where a box or frame is painted now, in the scene; a block that opens or closes is both
        for a while."""
        if self._tween is None:
            return ()
        time = self._time()
        movers = (*self._tween.frames, *self._tween.boxes)
        return tuple(_qt(mover.at(time)) for mover in movers if mover.name == name)

    def _time(self) -> float:
        return eased(float(self._clock.currentValue() or 0.0))

    def _item(self, mover: Mover) -> BoxItem | FrameItem | None:
        return self._gone.get(mover.name) if mover.fate == "goes" else (
            self._scene.item_of(mover.name)
        )  # fmt: skip

    def _paint(self, painter: QPainter, moving: Tween, time: float, selected: str) -> None:
        option = QStyleOptionGraphicsItem()
        for mover in moving.frames:
            item = self._item(mover)
            if isinstance(item, FrameItem):
                painter.setOpacity(opacity(mover.fate, time))
                _paint_frame(painter, item, mover.at(time))
        lines: dict[Fate, list[EdgePath]] = {"goes": [], "stays": [], "comes": []}
        for line in moving.lines:
            lines[line.fate].append(line.at(time))
        for fate, edges in lines.items():
            if edges and opacity(fate, time) > 0.0:
                painter.setOpacity(opacity(fate, time))
                item_of_lines = LinesItem(edges, (), self._scene.look)
                option.exposedRect = item_of_lines.boundingRect()  # type: ignore[attr-defined]
                item_of_lines.paint(painter, option)
        for mover in moving.boxes:
            item = self._item(mover)
            seen = opacity(mover.fate, time)
            if isinstance(item, BoxItem) and seen > 0.0:
                rect = mover.at(time)
                painter.setOpacity(seen)
                painter.save()
                painter.translate(rect.x, rect.y)
                painter.scale(rect.width / item.width, rect.height / item.height)
                item.paint(painter, option)
                painter.restore()
        painter.setOpacity(1.0)
        self._paint_ring(painter, option, moving, time, selected)

    def _paint_ring(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        moving: Tween,
        time: float,
        selected: str,
    ) -> None:
        # a block's frame comes before its box: each becomes the other, and the ring goes with it
        boxes = (mover for mover in moving.boxes if mover.fate != "goes")
        mover = next((m for m in (*moving.frames, *boxes) if m.name == selected), None)
        if mover is not None:
            rect, item = mover.at(time), self._item(mover)
            is_round = isinstance(item, BoxItem) and is_junction(item.node)
            ring = RingItem(self._scene.look)
            ring.surround(_qt(rect), rect.width / 2 if is_round else RADIUS)
            ring.set_focused(self._scene.is_focused)
            ring.paint(painter, option)


def _paint_frame(painter: QPainter, item: FrameItem, rect: Rect) -> None:
    """A frame at another place and size than its own: what it says stays at its top left."""
    place = _qt(rect)
    item.paint_ground(painter, place)
    inside = QPainterPath()
    inside.addRoundedRect(place, RADIUS, RADIUS)
    painter.save()
    painter.setClipPath(inside)
    painter.translate(place.topLeft() - item.rect.topLeft())
    item.paint_header(painter, item.header)
    painter.restore()


def _qt(rect: Rect) -> QRectF:
    return QRectF(rect.x, rect.y, rect.width, rect.height)
