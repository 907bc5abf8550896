"""A layout as a scene of graphics items: what is drawn, selected, under the pointer, and where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtWidgets import QGraphicsScene

from cnn_explorer.graph import drawing
from cnn_explorer.graph.colouring import Colouring
from cnn_explorer.graph.layout import is_junction, training_marks
from cnn_explorer.graph.model import GraphLayout, LayerGraph
from cnn_explorer.graph.style import EDGE_LABEL_SIZE, FRAME_HEADER, RADIUS, THUMBNAIL_ROOM
from cnn_explorer.gui.widgets.graph_found import FoundItem
from cnn_explorer.gui.widgets.graph_items import (
    BoxItem,
    FrameItem,
    HighlightItem,
    JunctionItem,
    LinesItem,
    RingItem,
)
from cnn_explorer.gui.widgets.graph_look import BLOCKS_ONLY, Look
from cnn_explorer.gui.widgets.graph_walk import boxes_in
from cnn_explorer.probe.results import Thumbnail


@dataclass(frozen=True)
class Hit:
    """What lies at a place of the scene."""

    name: str
    """Of the box or the frame."""
    part: Literal["box", "header", "inside", "badge"]
    """``inside``: the ground of a frame; ``badge``: the button that opens or closes."""


class GraphScene(QGraphicsScene):
    """The drawing of one layout."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Look()
        self.layout: GraphLayout | None = None
        self._boxes: dict[str, BoxItem] = {}
        self._frames: dict[str, FrameItem] = {}
        self._hovered: Hit | None = None
        self._selected = ""
        self._focused = False
        self._ring: RingItem | None = None
        self._highlight: HighlightItem | None = None
        self._found: FoundItem | None = None

    # what is shown

    def show_layout(self, graph: LayerGraph, layout: GraphLayout) -> None:
        """Draw `layout`, one of `graph`, in place of what was drawn before."""
        self.clear_layout()
        self.layout = layout
        look = self.look
        depth: dict[str, int] = {"": -1}
        for order, name in enumerate(layout.frames):
            depth[name] = depth[layout.graph.frame_around(name)] + 1
            quiet = name in graph.block and graph.block[name].training_only
            frame = FrameItem(layout, name, look, nested=depth[name] % 2 == 1, training_only=quiet)
            frame.setZValue(-10.0 + order / len(layout.frames))
            self._frames[name] = frame
            self.addItem(frame)
        self.addItem(LinesItem(layout.edges, self._notes(layout), look))
        self._highlight = HighlightItem(look)
        self.addItem(self._highlight)
        room = THUMBNAIL_ROOM if layout.options.thumbnails else 0.0
        for node in layout.graph.nodes:
            made = JunctionItem if is_junction(node) else BoxItem
            box = made(node, layout.boxes[node.name], look, room)
            self._boxes[node.name] = box
            self.addItem(box)
        self._found = FoundItem(look)
        self.addItem(self._found)
        self._ring = RingItem(look)
        self._ring.set_focused(self._focused)
        self._ring.setVisible(False)
        self.addItem(self._ring)
        self.setSceneRect(0.0, 0.0, layout.width, layout.height)

    def clear_layout(self) -> None:
        """Draw nothing."""
        self.layout = None
        self._hovered = None
        self._selected = ""
        self._ring = None
        self._highlight = None
        self._found = None
        self._boxes.clear()
        self._frames.clear()
        self.clear()
        self.look.forget_texts()

    def _notes(self, layout: GraphLayout) -> Iterable[tuple[float, float, str]]:
        """Shapes beside lines, what shortcuts are, and a word under parts that a prediction does
        not use."""
        for edge in layout.edges:
            for text, (x, y) in ((edge.label, edge.label_at), (edge.note, edge.note_at)):
                if text:
                    yield (x, y + EDGE_LABEL_SIZE * 0.36, text)
        for x, y in training_marks(layout):
            yield (x, y, self.tr("training only"))

    # looks

    def set_thumbnails(self, by_name: Mapping[str, Thumbnail]) -> None:
        """Show these in their boxes, if there is room; a junction has none."""
        self.look.forget_numbers()
        room = self.layout is not None and self.layout.options.thumbnails
        for name, box in self._boxes.items():
            if not isinstance(box, JunctionItem):
                box.set_thumbnail(by_name.get(name) if room else None)

    def set_dark(self, dark: bool) -> None:
        """Draw in the colours of the dark or the light theme."""
        self.look.set_dark(dark)
        self.update()

    def set_colouring(self, colouring: Colouring | None) -> None:
        """Colour the boxes by a number of theirs; None: by their kind."""
        self.look.set_colouring(colouring)
        self.update()

    def set_zoom(self, zoom: float) -> None:
        """Draw as much as can be seen at a zoom."""
        self.look.set_zoom(zoom)
        if self._ring is not None:
            self._ring.refresh()

    def set_focused(self, focused: bool) -> None:
        """Show whether the keyboard acts on the selection."""
        self._focused = focused
        if self._ring is not None:
            self._ring.set_focused(focused)

    def set_hovered(self, hit: Hit | None) -> None:
        """Show what is under the pointer."""
        if hit == self._hovered:
            return
        before, self._hovered = self._hovered, hit
        for which, hovered in ((before, False), (hit, True)):
            item = self._item(which.name) if which is not None else None
            if item is not None:
                item.set_hovered(hovered)
        self._draw_highlight()

    def set_selected(self, name: str) -> None:
        """Put the ring around a box or frame; around nothing where there is none of that name."""
        self._selected = name
        if self._ring is not None:
            self._ring.surround(*self._outline(name))
        self._draw_highlight()

    def set_found(self, numbers: Mapping[str, int]) -> None:
        """Put halos around boxes and frames, each with a number where that is not 0."""
        if self._found is not None:
            self._found.surround(
                [(*self._outline(name), number) for name, number in numbers.items()]
            )

    def _outline(self, name: str) -> tuple[QRectF, float]:
        """What goes around a box or frame, and the radius of its corners."""
        item = self._item(name)
        rect, radius = self.rect_of(name), RADIUS
        if isinstance(item, FrameItem):
            radius += 3.0
        elif isinstance(item, JunctionItem):
            radius = item.width / 2
        elif item is not None and item.node.kind == "block":
            rect.setRight(rect.right() + 2 * drawing.CARD_STEP)
        return rect, radius

    def _draw_highlight(self) -> None:
        if self._highlight is None or self.layout is None:
            return
        within = set(boxes_in(self.layout, self._selected)) if self._selected else set()
        hovered = ""
        if self._hovered is not None and self._hovered.part != "inside":
            hovered = self._hovered.name
        around = set(boxes_in(self.layout, hovered)) if hovered else set()
        self._highlight.set_edges(
            [
                edge
                for edge in self.layout.edges
                if (edge.source in within) != (edge.target in within)
                or (edge.source in around) != (edge.target in around)
            ]
        )

    # geometry

    def _item(self, name: str) -> BoxItem | FrameItem | None:
        return self._boxes.get(name) or self._frames.get(name)

    @property
    def content(self) -> QRectF:
        """What the drawing takes up, with a margin."""
        if self.layout is None:
            return QRectF()
        return QRectF(0.0, 0.0, self.layout.width, self.layout.height)

    def rect_of(self, name: str) -> QRectF:
        """Where a box or frame stands; empty where there is none of that name."""
        rect = None
        if self.layout is not None:
            rect = self.layout.boxes.get(name) or self.layout.frames.get(name)
        return QRectF(rect.x, rect.y, rect.width, rect.height) if rect else QRectF()

    def grip_of(self, name: str) -> QRectF:
        """Where one points at a box or frame: the whole box, or the frame's header."""
        rect = self.rect_of(name)
        if name in self._frames:
            rect.setHeight(min(rect.height(), FRAME_HEADER))
        return rect

    def hit(self, place: QPointF) -> Hit | None:
        """What lies at a place; the ground of the drawing is None."""
        look = self.look
        if self._hovered is not None and look.zoom >= BLOCKS_ONLY:
            item = self._item(self._hovered.name)  # its button is shown, and sticks out
            badge = item.badge if item is not None else None
            if badge is not None and _near(badge, place, look.badge_radius + 1.0):
                return Hit(self._hovered.name, "badge")
        for name, box in self._boxes.items():
            spot = place - box.pos()
            if 0 <= spot.y() <= box.height and 0 <= spot.x() <= box.width:
                return Hit(name, "box")
        for name, frame in reversed(self._frames.items()):  # innermost first
            if frame.rect.contains(place):
                return Hit(name, "header" if frame.header.contains(place) else "inside")
        return None

    def item_of(self, name: str) -> BoxItem | FrameItem | None:
        """The item of a box or frame."""
        return self._item(name)

    @property
    def is_focused(self) -> bool:
        """Whether the keyboard acts on the selection."""
        return self._focused

    def box_item(self, name: str) -> BoxItem | None:
        """The item of a box."""
        return self._boxes.get(name)


def _near(a: QPointF, b: QPointF, distance: float) -> bool:
    return (a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2 <= distance**2
