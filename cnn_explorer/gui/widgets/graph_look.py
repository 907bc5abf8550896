"""What the items of a graph are drawn with: colours, pens, texts and signs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QStaticText

from cnn_explorer.graph import drawing
from cnn_explorer.graph.colouring import Colouring, ink_on
from cnn_explorer.graph.glyphs import GLYPH_STROKE
from cnn_explorer.graph.layout import FRAME_TEXT_SIZE
from cnn_explorer.graph.style import (
    CAPTION_SIZE,
    DARK,
    EDGE_LABEL_SIZE,
    KIND_STYLES,
    LIGHT,
    NAME_SIZE,
    NUMBER_SIZE,
    OPERANDS_SIZE,
    TRAINING_LINE,
    LineStyle,
)
from cnn_explorer.gui.widgets import theme

BLOCKS_ONLY = 0.35
"""Zoom below which boxes are plain blocks of colour: text would be no more than dust."""
GLYPHS_FROM = 0.38
"""Zoom from which signs are more than dust."""
CAPTIONS_FROM = 0.55
"""Zoom from which the second line of a box can be read."""
LABELS_FROM = 0.6
"""Zoom from which shapes stand beside the lines."""
BADGE_RADIUS = 9.0
"""Of the round button that opens or closes a block, on its right border, at 100 %."""
_BADGE_LEAST = 6.5
"""The smallest it gets, in pixels."""
BADGE_ROOM = _BADGE_LEAST / BLOCKS_ONLY + 2.0
"""How far it sticks out at most, in the scene."""
_FINE = 2.0
"""Fonts are made this many times larger and drawn smaller: QFont knows only whole pixels."""

TextRole = Literal["name", "caption", "label", "title", "facts", "count", "number"]
_TEXT_ROLES: dict[TextRole, tuple[float, QFont.Weight]] = {
    "name": (NAME_SIZE, QFont.Weight.DemiBold),
    "caption": (CAPTION_SIZE, QFont.Weight.Normal),
    "label": (EDGE_LABEL_SIZE, QFont.Weight.Normal),
    "title": (FRAME_TEXT_SIZE, QFont.Weight.DemiBold),
    "facts": (CAPTION_SIZE, QFont.Weight.Normal),
    "count": (OPERANDS_SIZE, QFont.Weight.DemiBold),
    "number": (NUMBER_SIZE, QFont.Weight.Normal),
}


@dataclass(frozen=True)
class NumberPaint:
    """How a box is painted that shows a number."""

    fill: QColor
    hovered: QColor
    stripe: QColor
    """Around the sign of its kind."""
    ink: QColor
    """Of the sign and of texts."""
    text: str
    """The number; empty where the box has none."""


class Look:
    """The colours, pens and texts that all items of a scene share, for one theme and zoom."""

    def __init__(self, dark: bool = False) -> None:
        self.zoom = 1.0
        self._colouring: Colouring | None = None
        self._paints: dict[str, NumberPaint] = {}
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
        self.found = QColor(style.found)
        self.found_text = QColor(style.ground)
        self.edge = QColor(style.edge)
        self.border = QColor(style.box_border)
        self.frame = QColor(style.frame)
        self.frame_nested = QColor(style.frame_nested)
        self.frame_border = QColor(style.frame_border)
        self.accents = {kind: QColor(of.dark if dark else of.light) for kind, of in
                        KIND_STYLES.items()}  # fmt: skip
        self._paints.clear()
        self.set_zoom(self.zoom)

    def set_colouring(self, colouring: Colouring | None) -> None:
        """Paint boxes by a number of theirs; None: by their kind."""
        self._colouring = colouring
        self._paints.clear()

    @property
    def colouring(self) -> Colouring | None:
        """The number that boxes are coloured by; None for their kinds."""
        return self._colouring

    def number_paint(self, name: str) -> NumberPaint | None:
        """How the box of that name is painted; None where boxes are coloured by their kind."""
        colouring = self._colouring
        if colouring is None:
            return None
        paint = self._paints.get(name)
        if paint is None:
            colour = colouring.colour(name, dark=self.dark)
            fill, ink, text = self.box, self.quiet, ""
            if colour:
                fill, ink, text = QColor(colour), QColor(ink_on(colour)), colouring.boxes[name].text
            paint = NumberPaint(fill, mixed(fill, ink, 0.14), mixed(fill, ink, 0.12), ink, text)
            self._paints[name] = paint
        return paint

    def set_zoom(self, zoom: float) -> None:
        """Make the pens for a zoom; hair lines never get thinner than a pixel or so."""
        self.zoom = zoom
        hair = max(1.0, 0.8 / zoom)
        self.border_pen = pen(self.border, hair)
        self.border_dashed = pen(self.edge, hair, dashed=True)
        self.border_hovered = pen(mixed(self.border, self.text, 0.45), hair)
        self.frame_pen = pen(self.frame_border, hair)
        self.frame_dashed = pen(self.edge, hair, dashed=True)
        self.badge_radius = max(BADGE_RADIUS, _BADGE_LEAST / zoom)

    def accent(self, kind: str) -> QColor:
        """The colour of a kind of layer."""
        return self.accents.get(kind) or self.accents["other"]

    def line_pen(self, line: LineStyle, *, strong: bool = False) -> QPen:
        """The pen for a kind of line; with `strong` for one of what is selected."""
        width = max(line.width, 0.55 * line.width / self.zoom)
        if strong:
            width = max(line.width + 0.7, 1.25 * line.width / self.zoom)
        return pen(self.selection if strong else self.edge, width, dash=line.dash)

    def write(
        self,
        painter: QPainter,
        role: TextRole,
        x: float,
        baseline: float,
        text: str,
        ink: QColor,
        scale: float = 1.0,
    ) -> None:
        """Draw one line of text with its left end at (`x`, `baseline`), larger by a `scale`."""
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
        fine = _FINE / scale
        painter.scale(1 / fine, 1 / fine)
        painter.drawStaticText(QPointF(x * fine, baseline * fine - ascent), static)
        painter.scale(fine, fine)

    def forget_numbers(self) -> None:
        """Let go of the numbers beside thumbnails, of which each picture has others."""
        self._texts = {key: text for key, text in self._texts.items() if key[1] != "number"}

    def forget_texts(self) -> None:
        """Let go of the texts of a network that is no longer shown."""
        self._texts.clear()


def pen(
    colour: QColor, width: float, *, dashed: bool = False, dash: tuple[float, ...] = ()
) -> QPen:
    """A pen with round caps and joins; `dash` gives the lengths of strokes and gaps in the scene,
    `dashed` is short for those of parts that only training uses."""
    made = QPen(colour, width)
    made.setCapStyle(Qt.PenCapStyle.RoundCap)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    pattern = TRAINING_LINE.dash if dashed else dash
    if pattern:
        if pattern[0] > width:  # shorter strokes are dots
            made.setCapStyle(Qt.PenCapStyle.FlatCap)
        # where a line is drawn thicker than it is, so that it can be seen, dots stand wider apart
        apart = max(1.0, 1.6 * width / pattern[1])
        made.setDashPattern([length * apart / width for length in pattern])
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
    for part in drawing.outlines(drawing.Glyph(name, 0.0, 0.0, size, "#000000")):
        outline = painter_path(part.commands)
        if part.fill:
            filled.addPath(outline)
        if part.stroke:
            stroked.addPath(outline)
    return filled, stroked


@lru_cache(maxsize=64)
def _glyph_pen(colour: int, width: float) -> QPen:
    return pen(QColor.fromRgba(colour), width)


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
        painter.strokePath(stroked, _glyph_pen(colour.rgba(), GLYPH_STROKE * size))
    painter.translate(-x, -y)


def draw_badge(painter: QPainter, look: Look, centre: QPointF, *, opens: bool) -> None:
    """The round button that opens (plus) or closes (minus) a block."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.selection)
    radius = look.badge_radius
    painter.drawEllipse(centre, radius, radius)
    painter.setPen(pen(look.ground if look.dark else look.box, radius * 0.19))
    arm = radius * 0.46
    x, y = centre.x(), centre.y()
    painter.drawLine(QPointF(x - arm, y), QPointF(x + arm, y))
    if opens:
        painter.drawLine(QPointF(x, y - arm), QPointF(x, y + arm))


@contextmanager
def enlarged(painter: QPainter, x: float, y: float, scale: float) -> Iterator[None]:
    """Within the context, draw larger by a scale around a point, which becomes the origin."""
    painter.translate(x, y)
    painter.scale(scale, scale)
    yield
    painter.scale(1 / scale, 1 / scale)
    painter.translate(-x, -y)
