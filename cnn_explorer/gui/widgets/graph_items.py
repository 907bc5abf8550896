"""The graphics items of a graph: boxes, junctions, frames, lines, the ring of the selection.

One item a box and a frame; all lines together in one item, cut into stretches so that those out of
sight cost nothing. Items make their texts when they are first painted, so a drawing of hundreds of
boxes is there at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cnn_explorer.graph import drawing
from cnn_explorer.graph.colouring import fitting
from cnn_explorer.graph.glyphs import GLYPH_SIZE
from cnn_explorer.graph.layout import HeaderText, badge_text, badge_width, header_texts
from cnn_explorer.graph.model import EdgePath, GraphLayout, Rect, VisibleNode
from cnn_explorer.graph.style import (
    BADGE_PADDING,
    CAPTION_SIZE,
    EDGE_LABEL_SIZE,
    FRAME_HEADER,
    NAME_ALONE,
    NAME_SIZE,
    OPERANDS_SIZE,
    PADDING,
    RADIUS,
    STRIPE_WIDTH,
    THUMBNAIL_SIZE,
    LineStyle,
)
from cnn_explorer.gui.widgets.graph_look import (
    BADGE_ROOM,
    BLOCKS_ONLY,
    CAPTIONS_FROM,
    GLYPHS_FROM,
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
from cnn_explorer.media.lettering import text_width
from cnn_explorer.probe.results import Thumbnail

_RING = 4.0
"""How far the ring around the selection stands off."""
_STRETCH = 24
"""Lines drawn with one call."""
_LONGEST_NOTE = 160.0
"""No text beside a line is longer."""

Way = tuple[tuple[float, float], ...]


class BoxItem(QGraphicsItem):
    """A layer or a closed block: a coloured stripe with its sign, a name and a caption.

    Stands at its place in the scene and draws from (0, 0).
    """

    def __init__(
        self, node: VisibleNode, rect: Rect, look: Look, thumbnail_room: float = 0.0
    ) -> None:
        """`thumbnail_room` is what the box is wider by for a thumbnail."""
        super().__init__()
        self.node = node
        self.width = rect.width
        self._text_width = rect.width - thumbnail_room
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
        number = look.number_paint(node.name)
        if number is None:
            painter.setBrush(look.box_hovered if self._hovered else look.box)
        else:
            painter.setBrush(number.hovered if self._hovered else number.fill)
        if node.kind == "block":
            for card in (2, 1):
                inset = 2.5 * card
                behind = whole.adjusted(whole.width() / 2, inset, drawing.CARD_STEP * card, -inset)
                painter.drawRoundedRect(behind, RADIUS - 1, RADIUS - 1)
        painter.drawRoundedRect(whole, RADIUS, RADIUS)
        stripe = look.accent(node.kind) if number is None else number.stripe
        if look.zoom < CAPTIONS_FROM:  # round corners of a pixel or two take long and do not show
            inner = QRectF(0.5, RADIUS / 2, STRIPE_WIDTH, self.height - RADIUS)
            painter.fillRect(inner, stripe)
        else:
            painter.fillPath(_stripe(self.height), stripe)

    def _paint_contents(self, painter: QPainter) -> None:
        look, node = self._look, self.node
        number = look.number_paint(node.name)
        if look.zoom >= GLYPHS_FROM:
            draw_glyph(
                painter,
                node.kind,
                (STRIPE_WIDTH - GLYPH_SIZE) / 2,
                (self.height - GLYPH_SIZE) / 2,
                GLYPH_SIZE,
                look.box if number is None else number.ink,
            )
        text, quiet, caption = look.text, look.quiet, node.caption
        if number is not None and number.text:
            text = quiet = number.ink
            caption = fitting(number.text, CAPTION_SIZE, drawing.text_room(self._text_width))
        left = STRIPE_WIDTH + PADDING
        if look.zoom >= CAPTIONS_FROM:
            look.write(painter, "name", left, drawing.NAME_BASELINE, node.label, text)
            baseline = drawing.CAPTION_BASELINE
            look.write(painter, "caption", left, baseline, caption, quiet)
            if node.repeats:
                self._paint_repeats(painter)
            return
        # alone, the name has the room to be larger
        needed = text_width(node.label, NAME_SIZE, "semibold")
        if node.repeats:
            needed += PADDING + badge_width(node)
        room = self.width - STRIPE_WIDTH - 1.6 * PADDING
        if self._thumbnail is not None:
            room -= THUMBNAIL_SIZE
        scale = min(NAME_ALONE, room / needed) if needed else 1.0
        baseline = self.height / 2 + NAME_SIZE * 0.36 * scale
        look.write(painter, "name", left, baseline, node.label, text, scale)
        if node.repeats:
            rect = drawing.badge_rect(node, self._text_width)
            right = rect.x + rect.width
            with enlarged(painter, right, self.height / 2, scale):
                painter.translate(-right, -rect.centre[1])
                self._paint_repeats(painter)
                painter.translate(right, rect.centre[1])

    def _paint_repeats(self, painter: QPainter) -> None:
        """A badge at the right that says of how many equal blocks this is a run."""
        look, rect = self._look, drawing.badge_rect(self.node, self._text_width)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.accent(self.node.kind))
        radius = rect.height / 2
        painter.drawRoundedRect(QRectF(rect.x, rect.y, rect.width, rect.height), radius, radius)
        baseline = rect.centre[1] + OPERANDS_SIZE * 0.36
        text = badge_text(self.node)
        look.write(painter, "count", rect.x + BADGE_PADDING, baseline, text, look.box)

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
            number = look.number_paint(self.node.name)
            accent = look.accent(self.node.kind) if number is None else number.fill
            painter.setPen(
                look.border_pen if number is not None and not number.text else Qt.PenStyle.NoPen
            )
            painter.setBrush(mixed(accent, look.text, 0.3) if self._hovered else accent)
            painter.drawRoundedRect(QRectF(0, 0, self.width, self.height), RADIUS, RADIUS)
            if self._thumbnail is not None:
                self._thumbnail.paint_alone(painter, self.width, self.height)
            return
        self._paint_box(painter)
        self._paint_contents(painter)
        if self._thumbnail is not None:
            number = look.number_paint(self.node.name)
            ink = look.quiet if number is None else number.ink
            self._thumbnail.paint(painter, look, self.width, self.height, ink)
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
        number = look.number_paint(self.node.name)
        accent = look.accent(self.node.kind) if number is None else number.ink
        circle = QRectF(0.75, 0.75, self.width - 1.5, self.height - 1.5)
        if look.zoom < BLOCKS_ONLY:
            painter.setPen(
                look.border_pen if number is not None and not number.text else Qt.PenStyle.NoPen
            )
            painter.setBrush(accent if number is None else number.fill)
            painter.drawEllipse(circle)
            return
        painter.setPen(pen(accent, 1.5, dashed=self.node.training_only))
        ground = look.box if number is None else number.fill
        painter.setBrush(mixed(ground, accent, 0.18) if self._hovered else ground)
        painter.drawEllipse(circle)
        size = self.width / 2
        at = self.width / 2 - size / 2
        draw_glyph(painter, self.node.kind, at, at, size, accent)
        if self.node.operands and look.zoom >= CAPTIONS_FROM:
            look.write(
                painter, "count", *drawing.operands_at(self.width), str(self.node.operands), accent
            )

    def boundingRect(self) -> QRectF:
        return super().boundingRect().adjusted(0.0, 0.0, 14.0, 4.0)


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
        self.paint_ground(painter, self.rect)
        self.paint_header(painter, option.exposedRect)  # type: ignore[attr-defined]

    def paint_ground(self, painter: QPainter, rect: QRectF) -> None:
        """The frame without what is written in it, at a place."""
        look = self._look
        outline = look.frame_dashed if self._training_only else look.frame_pen
        if self._hovered and not self._training_only:
            outline = look.border_hovered
        painter.setPen(outline)
        painter.setBrush(look.frame_nested if self._nested else look.frame)
        radius = RADIUS + 3.0
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)

    def paint_header(self, painter: QPainter, exposed: QRectF) -> None:
        """What is written at the top, if that is in sight."""
        look = self._look
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
                scale = min(1.5, room / needed) if needed else 1.0
                look.write(painter, "title", x, y, said.text, look.text, scale)
        if self._hovered:
            draw_badge(painter, look, self.badge, opens=False)


@dataclass(frozen=True)
class _Lines:
    """Some edges that lie near each other, as few paths: one for each kind of line."""

    rect: QRectF
    paths: tuple[tuple[LineStyle, QPainterPath], ...]
    heads: QPainterPath

    @classmethod
    def of(cls, edges: Iterable[EdgePath], ways: Mapping[tuple[str, str], Way]) -> "_Lines":
        """The lines of `edges`, along `ways` (see `drawing.branches`)."""
        paths: dict[LineStyle, QPainterPath] = {}
        heads = QPainterPath()
        # else shared stretches of two arrows would cancel out
        heads.setFillRule(Qt.FillRule.WindingFill)
        for edge in edges:
            points = ways[edge.source, edge.target]
            head = drawing.arrow_head(edge.points)
            # the line ends inside the arrow head, so that its blunt end never shows at the tip
            tip, base = head[0], ((head[1][0] + head[2][0]) / 2, (head[1][1] + head[2][1]) / 2)
            stop = (tip[0] + (base[0] - tip[0]) * 0.6, tip[1] + (base[1] - tip[1]) * 0.6)
            line = painter_path(drawing.rounded_line((*points[:-1], stop)))
            paths.setdefault(drawing.line_style(edge), QPainterPath()).addPath(line)
            heads.addPolygon(QPolygonF([QPointF(*corner) for corner in head]))
            heads.closeSubpath()
        rect = heads.controlPointRect()
        for path in paths.values():
            rect |= path.controlPointRect()
        return cls(rect.adjusted(-3.0, -3.0, 3.0, 3.0), tuple(paths.items()), heads)

    def paint(self, painter: QPainter, look: Look, *, strong: bool = False) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line, path in self.paths:
            painter.strokePath(path, look.line_pen(line, strong=strong))
        if look.zoom >= BLOCKS_ONLY:
            painter.fillPath(self.heads, look.selection if strong else look.edge)


class LinesItem(QGraphicsItem):
    """All lines of a drawing, with the shapes written beside them."""

    def __init__(
        self, edges: Iterable[EdgePath], notes: Iterable[tuple[float, float, str]], look: Look
    ) -> None:
        super().__init__()
        self._look = look
        # long ones apart: each would make its whole stretch long
        ordered = sorted(edges, key=lambda edge: (_extent(edge) > 400.0, sum(edge.points[0])))
        ways = drawing.branches(ordered)
        self._stretches = [
            _Lines.of(ordered[start : start + _STRETCH], ways)
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
                stretch.paint(painter, look)
        painter.translate(-0.5, -0.5)
        if look.zoom < LABELS_FROM:
            return
        top, bottom = exposed.top() - 4.0, exposed.bottom() + EDGE_LABEL_SIZE
        left, right = exposed.left() - _LONGEST_NOTE, exposed.right() + 4.0
        for x, y, text in self._notes:
            if top < y < bottom and left < x < right:
                look.write(painter, "label", x, y, text, look.quiet)


def _extent(edge: EdgePath) -> float:
    (x0, y0), (x1, y1) = edge.points[0], edge.points[-1]
    return max(abs(x1 - x0), abs(y1 - y0))


class HighlightItem(QGraphicsItem):
    """The lines into and out of what is selected or under the pointer, drawn stronger."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._lines: _Lines | None = None

    def set_edges(self, edges: list[EdgePath]) -> None:
        """Draw these lines, and only these, stronger."""
        self.prepareGeometryChange()
        ways = {(edge.source, edge.target): edge.points for edge in edges}
        self._lines = _Lines.of(edges, ways) if edges else None

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
            self._lines.paint(painter, look, strong=True)


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
