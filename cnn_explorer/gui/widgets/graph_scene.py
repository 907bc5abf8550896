"""A layout as graphics items: boxes, junctions, frames and lines, in the window's colours.

One item a box and a frame; all lines together in one item, cut into stretches so that those out of
sight cost nothing. Items make their texts when they are first painted, so a drawing of hundreds of
boxes is there at once. Nothing here knows the mouse or the keyboard.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
    QStaticText,
)
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from cnn_explorer.graph import drawing
from cnn_explorer.graph.glyphs import GLYPH_SIZE, GLYPH_STROKE
from cnn_explorer.graph.layout import HeaderText, header_texts, is_junction
from cnn_explorer.graph.model import EdgePath, GraphLayout, LayerGraph, Rect, VisibleNode
from cnn_explorer.graph.style import (
    CAPTION_SIZE,
    DARK,
    EDGE_LABEL_SIZE,
    FRAME_HEADER,
    KIND_STYLES,
    LIGHT,
    NAME_SIZE,
    PADDING,
    RADIUS,
    STRIPE_WIDTH,
)
from cnn_explorer.graph.text import text_width
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.graph_walk import boxes_in

BLOCKS_ONLY = 0.35
"""Zoom below which boxes are plain blocks of colour: text would be no more than dust."""
CAPTIONS_FROM = 0.5
"""Zoom from which the second line of a box can be read."""
LABELS_FROM = 0.6
"""Zoom from which shapes stand beside the lines."""
BADGE_RADIUS = 9.0
"""Of the round button that opens or closes a block, on its right border."""
_RING = 4.0
"""How far the ring around the selection stands off."""
_FINE = 2.0
"""Fonts are made this many times larger and drawn smaller: QFont knows only whole pixels."""
_STRETCH = 24
"""Lines drawn with one call."""

TextRole = Literal["name", "caption", "label", "title", "facts"]
_TEXT_ROLES: dict[TextRole, tuple[float, QFont.Weight]] = {
    "name": (NAME_SIZE, QFont.Weight.DemiBold),
    "caption": (CAPTION_SIZE, QFont.Weight.Normal),
    "label": (EDGE_LABEL_SIZE, QFont.Weight.Normal),
    "title": (11.5, QFont.Weight.DemiBold),
    "facts": (CAPTION_SIZE, QFont.Weight.Normal),
}


class Look:
    """The colours, pens and texts that all items of a scene share, for one theme and zoom."""

    def __init__(self, dark: bool = False) -> None:
        self.zoom = 1.0
        self._texts: dict[tuple[str, TextRole], QStaticText] = {}
        self._fonts: dict[TextRole, tuple[QFont, float]] = {}
        for role, (size, weight) in _TEXT_ROLES.items():
            font = theme.text_font(size * _FINE, weight)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            self._fonts[role] = (font, QFontMetricsF(font).ascent())
        self.set_dark(dark)

    def set_dark(self, dark: bool) -> None:
        """Take the colours of the dark or the light theme."""
        style = DARK if dark else LIGHT
        self.dark = dark
        self.ground = QColor(style.ground)
        self.box = QColor(style.box)
        self.box_hovered = mixed(self.box, QColor(style.selection), 0.10 if dark else 0.05)
        self.text = QColor(style.text)
        self.quiet = QColor(style.text_quiet)
        self.selection = QColor(style.selection)
        self.edge = QColor(style.edge)
        self.border = QColor(style.box_border)
        self.frame = QColor(style.frame)
        self.frame_nested = QColor(style.frame_nested)
        self.frame_border = QColor(style.frame_border)
        self.accents = {kind: QColor(of.dark if dark else of.light) for kind, of in
                        KIND_STYLES.items()}  # fmt: skip
        self.set_zoom(self.zoom)

    def set_zoom(self, zoom: float) -> None:
        """Make the pens for a zoom; hair lines never get thinner than a pixel or so."""
        self.zoom = zoom
        hair = max(1.0, 0.8 / zoom)
        self.border_pen = pen(self.border, hair)
        self.border_dashed = pen(self.edge, hair, dashed=True)
        self.border_hovered = pen(mixed(self.border, self.text, 0.45), hair)
        self.frame_pen = pen(self.frame_border, hair)
        self.frame_dashed = pen(self.edge, hair, dashed=True)
        width = max(drawing.EDGE_WIDTH, 0.7 / zoom)
        self.edge_pen = pen(self.edge, width)
        self.edge_dashed = pen(self.edge, width, dashed=True)
        strong = max(2.0, 1.6 / zoom)
        self.edge_strong = pen(self.selection, strong)
        self.edge_strong_dashed = pen(self.selection, strong, dashed=True)

    def accent(self, kind: str) -> QColor:
        """The colour of a kind of layer."""
        return self.accents.get(kind) or self.accents["other"]

    def write(
        self, painter: QPainter, role: TextRole, x: float, baseline: float, text: str, ink: QColor
    ) -> None:
        """Draw one line of text with its left end at (`x`, `baseline`)."""
        font, ascent = self._fonts[role]
        static = self._texts.get((text, role))
        if static is None:
            static = QStaticText(text)
            static.setTextFormat(Qt.TextFormat.PlainText)
            static.setPerformanceHint(QStaticText.PerformanceHint.AggressiveCaching)
            static.prepare(font=font)
            self._texts[text, role] = static
        painter.setPen(ink)
        painter.setFont(font)
        painter.scale(1 / _FINE, 1 / _FINE)
        painter.drawStaticText(QPointF(x * _FINE, baseline * _FINE - ascent), static)
        painter.scale(_FINE, _FINE)

    def forget_texts(self) -> None:
        """Let go of the texts of a network that is no longer shown."""
        self._texts.clear()


def pen(colour: QColor, width: float, *, dashed: bool = False) -> QPen:
    """A pen with round caps and joins; dashes are drawing.DASH long at 100 %."""
    made = QPen(colour, width)
    made.setCapStyle(Qt.PenCapStyle.RoundCap)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if dashed:
        made.setCapStyle(Qt.PenCapStyle.FlatCap)
        made.setDashPattern([length / width for length in drawing.DASH])
    return made


def mixed(colour: QColor, other: QColor, share: float) -> QColor:
    """`colour` with a share (0 to 1) of `other` in it."""
    rest = 1.0 - share
    return QColor.fromRgbF(
        rest * colour.redF() + share * other.redF(),
        rest * colour.greenF() + share * other.greenF(),
        rest * colour.blueF() + share * other.blueF(),
    )


def painter_path(commands: Iterable[drawing.Command]) -> QPainterPath:
    """An outline of `cnn_explorer.graph.drawing` as Qt's."""
    path = QPainterPath()
    for command in commands:
        match command:
            case ("M", end):
                path.moveTo(*end)
            case ("L", end):
                path.lineTo(*end)
            case ("C", first, second, end):
                path.cubicTo(*first, *second, *end)
            case _:
                path.closeSubpath()
    return path


@lru_cache(maxsize=64)
def _glyph_paths(name: str, size: float) -> tuple[QPainterPath, QPainterPath]:
    """A glyph at the origin: what to fill, and what to stroke."""
    filled, stroked = QPainterPath(), QPainterPath()
    for part in drawing.glyph(name, 0.0, 0.0, size, "#000000"):
        outline = painter_path(part.commands)
        if part.fill:
            filled.addPath(outline)
        if part.stroke:
            stroked.addPath(outline)
    return filled, stroked


def draw_glyph(
    painter: QPainter, kind: str, x: float, y: float, size: float, colour: QColor
) -> None:
    """Draw the sign of a kind of layer with its top left corner at (`x`, `y`)."""
    style = KIND_STYLES.get(kind, KIND_STYLES["other"])
    filled, stroked = _glyph_paths(style.glyph, size)
    painter.translate(x, y)
    if not filled.isEmpty():
        painter.fillPath(filled, colour)
    if not stroked.isEmpty():
        painter.strokePath(stroked, pen(colour, GLYPH_STROKE * size))
    painter.translate(-x, -y)


def _draw_badge(painter: QPainter, look: Look, centre: QPointF, *, opens: bool) -> None:
    """The round button that opens (plus) or closes (minus) a block."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.selection)
    painter.drawEllipse(centre, BADGE_RADIUS, BADGE_RADIUS)
    painter.setPen(pen(look.ground if look.dark else look.box, 1.7))
    arm = BADGE_RADIUS * 0.46
    x, y = centre.x(), centre.y()
    painter.drawLine(QPointF(x - arm, y), QPointF(x + arm, y))
    if opens:
        painter.drawLine(QPointF(x, y - arm), QPointF(x, y + arm))


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
        self.setPos(rect.x, rect.y)

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
        scale = min(1.6, (self.width - STRIPE_WIDTH - 1.6 * PADDING) / needed) if needed else 1.0
        painter.translate(left, self.height / 2)
        painter.scale(scale, scale)
        look.write(painter, "name", 0.0, NAME_SIZE * 0.36, node.label, look.text)
        painter.scale(1 / scale, 1 / scale)
        painter.translate(-left, -self.height / 2)

    # Qt

    def boundingRect(self) -> QRectF:
        right = BADGE_RADIUS + 6.0 if self.node.kind == "block" else 2.0
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
            return
        self._paint_box(painter)
        self._paint_contents(painter)
        if self._hovered and self.node.kind == "block":
            _draw_badge(painter, look, self._badge(), opens=True)


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
        return self.rect.adjusted(-2.0, -2.0, BADGE_RADIUS + 2.0, 2.0)

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
        if look.zoom < BLOCKS_ONLY or not option.exposedRect.intersects(self.header):  # type: ignore[attr-defined]
            return
        if self._texts is None:
            self._texts = header_texts(self._layout, self.name)
        for said in self._texts:
            x, y = said.at
            if said.quiet:
                if look.zoom >= CAPTIONS_FROM:
                    look.write(painter, "facts", x, y, said.text, look.quiet)
            else:
                look.write(painter, "title", x, y, said.text, look.text)
        if self._hovered:
            _draw_badge(painter, look, self.badge, opens=False)


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
        self.addItem(LinesItem(layout.edges, self._notes(graph, layout), look))
        self._highlight = HighlightItem(look)
        self.addItem(self._highlight)
        for node in layout.graph.nodes:
            made = JunctionItem if is_junction(node) else BoxItem
            box = made(node, layout.boxes[node.name], look)
            self._boxes[node.name] = box
            self.addItem(box)
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
        self._boxes.clear()
        self._frames.clear()
        self.clear()
        self.look.forget_texts()

    def _notes(self, graph: LayerGraph, layout: GraphLayout) -> Iterable[tuple[float, float, str]]:
        """Shapes beside lines, and a word under parts that a prediction does not use."""
        for edge in layout.edges:
            if edge.label:
                x, y = edge.label_at
                yield (x, y + EDGE_LABEL_SIZE * 0.36, edge.label)
        quiet = {node.name for node in layout.graph.nodes if node.training_only}
        quiet |= {name for name in layout.frames if graph.block[name].training_only}
        for name in quiet:
            if layout.graph.frame_around(name) in quiet:
                continue  # said once, under the outermost
            rect = layout.boxes.get(name) or layout.frames[name]
            yield (rect.x + 2.0, rect.y + rect.height + 13.0, self.tr("training only"))

    # looks

    def set_dark(self, dark: bool) -> None:
        """Draw in the colours of the dark or the light theme."""
        self.look.set_dark(dark)
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
            item = self._item(name)
            rect, radius = self.rect_of(name), RADIUS
            if isinstance(item, FrameItem):
                radius += 3.0
            elif isinstance(item, JunctionItem):
                radius = item.width / 2
            elif item is not None and item.node.kind == "block":
                rect.setRight(rect.right() + 2 * drawing.CARD_STEP)
            self._ring.surround(rect, radius)
        self._draw_highlight()

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
        if self._hovered is not None:  # its button is shown, and sticks out
            item = self._item(self._hovered.name)
            badge = item.badge if item is not None else None
            if badge is not None and _near(badge, place, BADGE_RADIUS + 1.0):
                return Hit(self._hovered.name, "badge")
        for name, box in self._boxes.items():
            spot = place - box.pos()
            if 0 <= spot.y() <= box.height and 0 <= spot.x() <= box.width:
                return Hit(name, "box")
        for name, frame in reversed(self._frames.items()):  # innermost first
            if frame.rect.contains(place):
                return Hit(name, "header" if frame.header.contains(place) else "inside")
        return None

    def box_item(self, name: str) -> BoxItem | None:
        """The item of a box."""
        return self._boxes.get(name)


def _near(a: QPointF, b: QPointF, distance: float) -> bool:
    return (a.x() - b.x()) ** 2 + (a.y() - b.y()) ** 2 <= distance**2
