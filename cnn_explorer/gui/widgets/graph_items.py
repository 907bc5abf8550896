"""The graphics items of a graph: boxes, junctions, frames, lines, the ring of the selection.

One item a box and a frame; all lines together in one item, cut into stretches so that those out of
sight cost nothing. Items make their texts when they are first painted, so a drawing of hundreds of
boxes is there at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cnn_explorer.graph import drawing
from cnn_explorer.graph.glyphs import GLYPH_SIZE
from cnn_explorer.graph.layout import HeaderText, header_texts
from cnn_explorer.graph.model import EdgePath, GraphLayout, Rect, VisibleNode
from cnn_explorer.graph.style import (
    EDGE_LABEL_SIZE,
    FRAME_HEADER,
    NAME_SIZE,
    PADDING,
    RADIUS,
    STRIPE_WIDTH,
    THUMBNAIL_SIZE,
)
from cnn_explorer.graph.text import text_width
from cnn_explorer.gui.widgets.graph_look import (
    BADGE_ROOM,
    BLOCKS_ONLY,
    CAPTIONS_FROM,
    LABELS_FROM,
    Look,
    draw_badge,
    draw_glyph,
    enlarged,
    mixed,
    painter_path,
    pen,
)
from cnn_explorer.gui.widgets.thumbnail_look import ThumbnailLook
from cnn_explorer.probe.results import Thumbnail

_RING = 4.0
"""How far the ring around the selection stands off."""
_STRETCH = 24
"""Lines drawn with one call."""


class BoxItem(QGraphicsItem):
    """A layer or a closed block: a coloured stripe with its sign, a name and a caption.

    Stands at its place in the scene and draws from (0, 0).
    """

    def __init__(self, node: VisibleNode, rect: Rect, look: Look) -> None:
        super().__init__()
        self.node = node
        self.width = rect.width
        self.height = rect.height
        self._look = look
        self._hovered = False
        self._thumbnail: ThumbnailLook | None = None
        self.setPos(rect.x, rect.y)

    def set_thumbnail(self, thumbnail: Thumbnail | None) -> None:
        """Show this small picture of the box's output, or none."""
        shown = self._thumbnail.thumbnail if self._thumbnail is not None else None
        if thumbnail is not shown:
            self._thumbnail = ThumbnailLook(thumbnail) if thumbnail is not None else None
            self.update()

    def set_hovered(self, hovered: bool) -> None:
        """Show whether the pointer is over the box."""
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    @property
    def badge(self) -> QPointF | None:
        """The middle of the button that opens a closed block, in the scene; None for a layer."""
        if self.node.kind != "block":
            return None
        return self.pos() + self._badge()

    def _badge(self) -> QPointF:
        return QPointF(self.width + drawing.CARD_STEP, self.height / 2)

    def _paint_box(self, painter: QPainter) -> None:
        look, node = self._look, self.node
        whole = QRectF(0.5, 0.5, self.width - 1.0, self.height - 1.0)
        outline = look.border_pen
        if node.training_only:
            outline = look.border_dashed
        elif self._hovered:
            outline = look.border_hovered
        painter.setPen(outline)
        painter.setBrush(look.box_hovered if self._hovered else look.box)
        if node.kind == "block":
            for card in (2, 1):
                inset = 2.5 * card
                behind = whole.adjusted(whole.width() / 2, inset, drawing.CARD_STEP * card, -inset)
                painter.drawRoundedRect(behind, RADIUS - 1, RADIUS - 1)
        painter.drawRoundedRect(whole, RADIUS, RADIUS)
        painter.fillPath(_stripe(self.height), look.accent(node.kind))

    def _paint_contents(self, painter: QPainter) -> None:
        look, node = self._look, self.node
        draw_glyph(
            painter,
            node.kind,
            (STRIPE_WIDTH - GLYPH_SIZE) / 2,
            (self.height - GLYPH_SIZE) / 2,
            GLYPH_SIZE,
            look.box,
        )
        left = STRIPE_WIDTH + PADDING
        if look.zoom >= CAPTIONS_FROM:
            look.write(painter, "name", left, drawing.NAME_BASELINE, node.label, look.text)
            baseline = drawing.CAPTION_BASELINE
            look.write(painter, "caption", left, baseline, node.caption, look.quiet)
            return
        # alone, the name has the room to be larger
        needed = text_width(node.label, NAME_SIZE, "semibold")
        room = self.width - STRIPE_WIDTH - 1.6 * PADDING
        if self._thumbnail is not None:
            room -= THUMBNAIL_SIZE
        scale = min(1.6, room / needed) if needed else 1.0
        with enlarged(painter, left, self.height / 2, scale):
            look.write(painter, "name", 0.0, NAME_SIZE * 0.36, node.label, look.text)

    # Qt

    def boundingRect(self) -> QRectF:
        right = drawing.CARD_STEP + BADGE_ROOM if self.node.kind == "block" else 2.0
        return QRectF(-2.0, -2.0, self.width + 2.0 + right, self.height + 4.0)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,  # noqa: ARG002 - Qt's signature
        widget: QWidget | None = None,  # noqa: ARG002
    ) -> None:
        look = self._look
        if look.zoom < BLOCKS_ONLY:
            accent = look.accent(self.node.kind)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mixed(accent, look.text, 0.3) if self._hovered else accent)
            painter.drawRoundedRect(QRectF(0, 0, self.width, self.height), RADIUS, RADIUS)
            if self._thumbnail is not None:
                self._thumbnail.paint_alone(painter, self.width, self.height)
            return
        self._paint_box(painter)
        self._paint_contents(painter)
        if self._thumbnail is not None:
            self._thumbnail.paint(painter, look, self.width, self.height)
        if self._hovered and self.node.kind == "block":
            draw_badge(painter, look, self._badge(), opens=True)


@lru_cache(maxsize=4)
def _stripe(height: float) -> QPainterPath:
    rect = Rect(0.0, 0.0, STRIPE_WIDTH, height)
    return painter_path(drawing.rounded_rectangle(rect, RADIUS, left_only=True))


class JunctionItem(BoxItem):
    """Where tensors meet, an addition or a concatenation: a small circle with its sign."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,  # noqa: ARG002 - Qt's signature
        widget: QWidget | None = None,  # noqa: ARG002
    ) -> None:
        look = self._look
        accent = look.accent(self.node.kind)
        circle = QRectF(0.75, 0.75, self.width - 1.5, self.height - 1.5)
        if look.zoom < BLOCKS_ONLY:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawEllipse(circle)
            return
        painter.setPen(pen(accent, 1.5, dashed=self.node.training_only))
        painter.setBrush(mixed(look.box, accent, 0.18) if self._hovered else look.box)
        painter.drawEllipse(circle)
        size = self.width / 2
        at = self.width / 2 - size / 2
        draw_glyph(painter, self.node.kind, at, at, size, accent)


class FrameItem(QGraphicsItem):
    """An open block: a rounded frame around its parts, with its name at the top."""

    def __init__(
        self, layout: GraphLayout, name: str, look: Look, *, nested: bool, training_only: bool
    ) -> None:
        super().__init__()
        rect = layout.frames[name]
        self.name = name
        self.rect = QRectF(rect.x, rect.y, rect.width, rect.height)
        self._layout = layout
        self._nested = nested
        self._training_only = training_only
        self._look = look
        self._hovered = False
        self._texts: tuple[HeaderText, ...] | None = None
        # the header's texts need not be drawn when only what is below shows
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def set_hovered(self, hovered: bool) -> None:
        """Show whether the pointer is in the frame, outside the boxes."""
        if hovered != self._hovered:
            self._hovered = hovered
            self.update()

    @property
    def badge(self) -> QPointF:
        """The middle of the button that closes the block."""
        return QPointF(self.rect.right(), self.rect.top() + FRAME_HEADER / 2)

    @property
    def header(self) -> QRectF:
        """The stretch at the top that stands for the whole block."""
        return QRectF(self.rect.x(), self.rect.y(), self.rect.width(), FRAME_HEADER)

    # Qt

    def boundingRect(self) -> QRectF:
        return self.rect.adjusted(-2.0, -BADGE_ROOM, BADGE_ROOM, 2.0)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,  # noqa: ARG002 - Qt's signature
    ) -> None:
        look = self._look
        outline = look.frame_dashed if self._training_only else look.frame_pen
        if self._hovered and not self._training_only:
            outline = look.border_hovered
        painter.setPen(outline)
        painter.setBrush(look.frame_nested if self._nested else look.frame)
        radius = RADIUS + 3.0
        painter.drawRoundedRect(self.rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        exposed: QRectF = option.exposedRect  # type: ignore[attr-defined]
        top = self.header.adjusted(0.0, -BADGE_ROOM, BADGE_ROOM, 0.0)
        if look.zoom < BLOCKS_ONLY or not exposed.intersects(top):
            return
        if self._texts is None:
            self._texts = header_texts(self._layout, self.name)
        for said in self._texts:
            x, y = said.at
            if said.quiet:
                if look.zoom >= CAPTIONS_FROM:
                    look.write(painter, "facts", x, y, said.text, look.quiet)
            elif look.zoom >= CAPTIONS_FROM:
                look.write(painter, "title", x, y, said.text, look.text)
            else:
                needed = text_width(said.text, said.size, "semibold")
                room = self.rect.width() / 2 - 2 * PADDING
                with enlarged(painter, x, y, min(1.5, room / needed) if needed else 1.0):
                    look.write(painter, "title", 0.0, 0.0, said.text, look.text)
        if self._hovered:
            draw_badge(painter, look, self.badge, opens=False)


@dataclass(frozen=True)
class _Lines:
    """Some edges that lie near each other, as few paths."""

    rect: QRectF
    solid: QPainterPath
    dashed: QPainterPath
    heads: QPainterPath

    @classmethod
    def of(cls, edges: Iterable[EdgePath]) -> "_Lines":
        solid, dashed, heads = QPainterPath(), QPainterPath(), QPainterPath()
        # else shared stretches of two arrows would cancel out
        heads.setFillRule(Qt.FillRule.WindingFill)
        for edge in edges:
            head = drawing.arrow_head(edge.points)
            # the line ends inside the arrow head, so that its blunt end never shows at the tip
            tip, base = head[0], ((head[1][0] + head[2][0]) / 2, (head[1][1] + head[2][1]) / 2)
            stop = (tip[0] + (base[0] - tip[0]) * 0.6, tip[1] + (base[1] - tip[1]) * 0.6)
            line = painter_path(drawing.rounded_line((*edge.points[:-1], stop)))
            (dashed if edge.training_only else solid).addPath(line)
            heads.addPolygon(QPolygonF([QPointF(*corner) for corner in head]))
            heads.closeSubpath()
        rect = solid.controlPointRect() | dashed.controlPointRect() | heads.controlPointRect()
        return cls(rect.adjusted(-3.0, -3.0, 3.0, 3.0), solid, dashed, heads)

    def paint(self, painter: QPainter, solid: QPen, dashed: QPen, *, heads: bool) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if not self.solid.isEmpty():
            painter.strokePath(self.solid, solid)
        if not self.dashed.isEmpty():
            painter.strokePath(self.dashed, dashed)
        if heads:
            painter.fillPath(self.heads, solid.color())


class LinesItem(QGraphicsItem):
    """All lines of a drawing, with the shapes written beside them."""

    def __init__(
        self, edges: Iterable[EdgePath], notes: Iterable[tuple[float, float, str]], look: Look
    ) -> None:
        super().__init__()
        self._look = look
        # long ones apart: each would make its whole stretch long
        ordered = sorted(edges, key=lambda edge: (_height(edge) > 400.0, edge.points[0][1]))
        self._stretches = [
            _Lines.of(ordered[start : start + _STRETCH])
            for start in range(0, len(ordered), _STRETCH)
        ]
        self._notes = [(x, y, text) for x, y, text in notes]
        self._rect = QRectF()
        for stretch in self._stretches:
            self._rect |= stretch.rect
        for x, y, text in self._notes:
            self._rect |= QRectF(x, y - EDGE_LABEL_SIZE, len(text) * EDGE_LABEL_SIZE, 16.0)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    # Qt

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,  # noqa: ARG002 - Qt's signature
    ) -> None:
        look = self._look
        exposed: QRectF = option.exposedRect  # type: ignore[attr-defined]
        painter.translate(0.5, 0.5)  # layouts put lines on whole numbers, between two pixels
        for stretch in self._stretches:
            if stretch.rect.intersects(exposed):
                stretch.paint(
                    painter, look.edge_pen, look.edge_dashed, heads=look.zoom >= BLOCKS_ONLY
                )
        painter.translate(-0.5, -0.5)
        if look.zoom < LABELS_FROM:
            return
        top, bottom = exposed.top() - 4.0, exposed.bottom() + EDGE_LABEL_SIZE
        for x, y, text in self._notes:
            if top < y < bottom:
                look.write(painter, "label", x, y, text, look.quiet)


def _height(edge: EdgePath) -> float:
    return abs(edge.points[-1][1] - edge.points[0][1])


class HighlightItem(QGraphicsItem):
    """The lines into and out of what is selected or under the pointer, drawn stronger."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lines: _Lines | None = None

    def set_edges(self, edges: list[EdgePath]) -> None:
        """Draw these lines, and only these, stronger."""
        self.prepareGeometryChange()
        self._lines = _Lines.of(edges) if edges else None

    # Qt

    def boundingRect(self) -> QRectF:
        return self._lines.rect if self._lines is not None else QRectF()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,  # noqa: ARG002 - Qt's signature
        widget: QWidget | None = None,  # noqa: ARG002
    ) -> None:
        if self._lines is not None:
            look = self._look
            painter.translate(0.5, 0.5)
            heads = look.zoom >= BLOCKS_ONLY
            self._lines.paint(painter, look.edge_strong, look.edge_strong_dashed, heads=heads)


class RingItem(QGraphicsItem):
    """The ring around what is selected; fuller while the keyboard is here."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._rect = QRectF()
        self._radius = 0.0
        self._focused = False

    def surround(self, rect: QRectF, radius: float) -> None:
        """Stand around `rect`, whose corners have `radius`; an empty one is not surrounded."""
        self.prepareGeometryChange()
        self._rect = rect
        self._radius = radius
        self.setVisible(not rect.isEmpty())

    def set_focused(self, focused: bool) -> None:
        """Show whether the keyboard acts here."""
        self._focused = focused
        self.update()

    def refresh(self) -> None:
        """The zoom changed, and with it the ring's width in the scene."""
        self.prepareGeometryChange()

    # Qt

    def boundingRect(self) -> QRectF:
        room = 3.0 * _RING / min(1.0, self._look.zoom)
        return self._rect.adjusted(-room, -room, room, room)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,  # noqa: ARG002 - Qt's signature
        widget: QWidget | None = None,  # noqa: ARG002
    ) -> None:
        look = self._look
        scale = 1.0 / min(1.0, look.zoom)
        away = (_RING - 1.0) * scale
        painter.setBrush(Qt.BrushStyle.NoBrush)
        ring = self._rect.adjusted(-away, -away, away, away)
        radius = self._radius + away
        if self._focused:
            halo = QColor(look.selection)
            halo.setAlphaF(0.28)
            painter.setPen(pen(halo, 6.5 * scale))
            painter.drawRoundedRect(ring, radius, radius)
        painter.setPen(pen(look.selection, 2.0 * scale))
        painter.drawRoundedRect(ring, radius, radius)
