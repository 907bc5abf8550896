"""What a search found, in the drawing: a halo around boxes, and how many layers hide in a block."""

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from cnn_explorer.graph.model import GraphLayout
from cnn_explorer.graph.style import EDGE_LABEL_SIZE
from cnn_explorer.gui.widgets.graph_look import BLOCKS_ONLY, Look, enlarged, pen
from cnn_explorer.gui.widgets.graph_walk import shown_as
from cnn_explorer.media.lettering import text_width

_BAND = 6.0
"""Width of the halo at 100 %. It shrinks less than the drawing, and yet not over its neighbours."""
_LEAST_ZOOM = 0.2
_PILL = 15.0
"""Height of the number's ground, in pixels at any zoom at which there are numbers."""
_ROOM = (_BAND + _PILL) / _LEAST_ZOOM


def halos(layout: GraphLayout, names: Iterable[str]) -> Mapping[str, int]:
    """The boxes and frames that stand for layers and blocks; for a closed block how many it hides,
    itself counted where it is one of them; 0 where nothing hides."""
    source = layout.graph.source
    counts: dict[str, int] = {}
    hiding: set[str] = set()
    for name in names:
        place = shown_as(layout, name)
        if not place:
            continue
        counts[place] = counts.get(place, 0) + 1
        if source is not None and place != name and place in source.path.get(name, ()):
            hiding.add(place)
    return {place: count if place in hiding else 0 for place, count in counts.items()}


class FoundItem(QGraphicsItem):
    """The halos of all that was found. They stand off the boxes, so that no colour changes."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._halos: tuple[tuple[QRectF, float, int], ...] = ()
        self._rect = QRectF()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def surround(self, places: Sequence[tuple[QRectF, float, int]]) -> None:
        """Stand around rectangles, each with the radius of its corners and a number to write."""
        self.prepareGeometryChange()
        self._halos = tuple(places)
        self._rect = QRectF()
        for rect, _, _ in places:
            self._rect |= rect
        self.update()

    @property
    def count(self) -> int:
        """How many halos there are."""
        return len(self._halos)

    # Qt

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM) if self._halos else QRectF()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,  # noqa: ARG002 - Qt's signature
    ) -> None:
        look = self._look
        exposed: QRectF = option.exposedRect  # type: ignore[attr-defined]
        zoom = min(max(look.zoom, _LEAST_ZOOM), 1.0)
        scale = zoom**-0.5
        soft = QColor(look.found)
        soft.setAlphaF(0.38)
        band, line = pen(soft, _BAND * scale), pen(look.found, 1.6 / zoom)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        seen = [
            halo
            for halo in self._halos
            if exposed.intersects(halo[0].adjusted(-_ROOM, -_ROOM, _ROOM, _ROOM))
        ]
        for rect, radius, _ in seen:
            for ink, away in ((band, _BAND / 2 * scale), (line, _BAND * scale)):
                painter.setPen(ink)
                painter.drawRoundedRect(
                    rect.adjusted(-away, -away, away, away), radius + away, radius + away
                )
        if look.zoom < BLOCKS_ONLY:
            return
        for rect, _, number in seen:
            if number:
                self._paint_number(painter, rect.topRight(), 1.0 / zoom, str(number))

    def _paint_number(self, painter: QPainter, at: QPointF, scale: float, text: str) -> None:
        look = self._look
        wide = text_width(text, EDGE_LABEL_SIZE)
        width = max(_PILL, wide + 9.0)
        with enlarged(painter, at.x(), at.y(), scale):
            pill = QRectF(_BAND - width, -_BAND / 2 - _PILL / 2, width, _PILL)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.found)
            painter.drawRoundedRect(pill, _PILL / 2, _PILL / 2)
            x, y = pill.center().x() - wide / 2, pill.center().y() + EDGE_LABEL_SIZE * 0.36
            look.write(painter, "label", x, y, text, look.found_text)
