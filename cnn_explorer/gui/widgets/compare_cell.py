"""One cell of a comparison: the maps of a layer in one picture, with a mark where a person points.

A picture is never smoothed where its pixels are large enough to be seen: a value is a square.
"""

import html

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.state.picture_link import Place, Region
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.marks import paint_box, paint_cross
from cnn_explorer.gui.widgets.panel_parts import ARROWS
from cnn_explorer.probe.results import Placement

_PIXELS_SEEN = 3
"""From so many screen pixels a value on, its square is drawn as it is."""
_LEAST_BOX = 14.0
"""A unit smaller than that on the screen is marked by the cross alone."""
_LINE_GAP = 2


class MapCell(QWidget):
    """The map of one layer of one network, its name below."""

    pointed = Signal(object, object)
    """The `Place` of the picture under the pointer and the `Region` of it that the unit there
    stands for; both None where the pointer has left."""
    clicked = Signal(object)
    """The `Place` of the picture that was clicked."""
    layer_asked = Signal()
    """A person wants another layer here."""
    menu_asked = Signal(object)
    """A menu is wanted, at a `QPoint` of the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._sides = (0, 0)
        self._scaled = QPixmap()
        self._placement: Placement | None = None
        self._place: Place | None = None
        self._lines = ("", "")
        self._empty = ""
        self._faded = False
        self._picture: tuple[QImage, Placement] | None = None
        self._shine = 0.0
        self._unit = (0, 0)  # where the arrow keys are
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFont(theme.text_font(theme.SMALL))

    def show_map(
        self, pixels: npt.NDArray[np.uint8], placement: Placement | None, *, flat: bool = False
    ) -> None:
        """Show colours (H, W, 3), a pixel a value, that lie so on the picture. Values of a `flat`
        layer have no places."""
        self._image = to_qimage(pixels)
        self._sides = pixels.shape[1], pixels.shape[0]
        self._placement = None if flat else placement
        self._scaled = QPixmap()
        self._empty = ""
        self.update()

    def show_nothing(self, why: str) -> None:
        """There is no map, for a reason."""
        self._image, self._placement, self._empty = QImage(), None, why
        self._scaled = QPixmap()
        self.update()

    def set_words(self, name: str, what: str, network: str) -> None:
        """What stands below: the layer's name, and what of it is shown."""
        self._lines = (name, what)
        self.setAccessibleName(self.tr("{layer} of {network}").format(layer=name, network=network))
        self.setAccessibleDescription(" ".join(filter(None, (what, self._empty))))
        tip = f"<b>{html.escape(name)}</b><br>{html.escape(what)}" if name else ""
        hint = self.tr(
            "Point at a place to see it in all maps; click to keep it. Click the layer's name, or "
            "press Enter, to choose another layer."
        )
        self.setToolTip(f"{tip}<br>{hint}" if name else "")
        self.update()

    def mark(self, place: Place | None) -> None:
        """Mark a place of the picture, or none."""
        if place != self._place:
            self._place = place
            if self._placement is not None:
                self.update()

    def set_picture(self, picture: tuple[QImage, Placement] | None) -> None:
        """What the network sees, and where that lies on the picture."""
        self._picture = picture
        self.update()

    def let_through(self, shine: float) -> None:
        """Let the picture be seen through the map: 0 not at all, 1 alone."""
        self._shine = shine
        self.update()

    def set_faded(self, faded: bool) -> None:
        """Show that what is shown is of an earlier picture."""
        if faded != self._faded:
            self._faded = faded
            self.update()

    @property
    def words(self) -> tuple[str, str]:
        """The layer's name and what is shown of it."""
        return self._lines

    @property
    def empty_words(self) -> str:
        """Why there is no map; empty where there is one."""
        return self._empty

    @property
    def has_map(self) -> bool:
        return not self._image.isNull()

    def map_rect(self) -> QRectF:
        """Where the map lies in the cell; empty without one."""
        if self._image.isNull():
            return QRectF()
        side = self._side()
        ratio = self.devicePixelRatioF()
        times = side * ratio / max(self._sides)
        if times >= _PIXELS_SEEN:
            times = int(times)
        width, height = (round(count * times) / ratio for count in self._sides)
        return QRectF(0, 0, width, height)

    def marked_point(self) -> QPointF | None:
        """Where the place marked lies in the cell; None where it lies outside the map, or nobody
        knows."""
        if self._place is None or self._placement is None:
            return None
        area = self.map_rect()
        x, y = self._placement.to_input(*self._place)
        across, down = area.width() / self._sides[0], area.height() / self._sides[1]
        point = QPointF(area.x() + x * across, area.y() + y * down)
        return point if area.contains(point) else None

    def place_at(self, point: QPointF) -> Place | None:
        """The place of the picture that lies at a point of the cell; None beside the map, or where
        nobody knows."""
        area = self.map_rect()
        if self._placement is None or not area.contains(point):
            return None
        x = (point.x() - area.x()) * self._sides[0] / area.width()
        y = (point.y() - area.y()) * self._sides[1] / area.height()
        return self._placement.to_picture(x, y)

    def _side(self) -> int:
        return max(1, min(self.width(), self.height() - self._words_height()))

    def _words_height(self) -> int:
        return 2 * QFontMetrics(self.font()).height() + 3 * _LINE_GAP

    def height_for(self, width: int) -> int:
        """How tall the cell is where it is so wide: the map is square at most."""
        return width + self._words_height()

    def _region_of(self, place: Place) -> Region | None:
        """What the unit at a place of the picture stands for."""
        placement = self._placement
        if placement is None:
            return None
        x, y = placement.to_input(*place)
        left, top = placement.to_picture(int(x), int(y))
        return left, top, placement.across, placement.down

    def _step(self, across: int, down: int) -> None:
        """Point at the neighbour of the unit pointed at."""
        width, height = self._sides
        if self._placement is None or not width:
            return
        column = min(max(self._unit[0] + across, 0), width - 1)
        row = min(max(self._unit[1] + down, 0), height - 1)
        self._unit = column, row
        place = self._placement.to_picture(column + 0.5, row + 0.5)
        self.pointed.emit(place, self._region_of(place))

    def _name_rect(self) -> QRect:
        metrics = QFontMetrics(self.font())
        return QRect(0, self._side() + _LINE_GAP, self.width(), metrics.height() + _LINE_GAP)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(160, self.height_for(160))

    def minimumSizeHint(self) -> QSize:
        return QSize(48, 48)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        style = theme.ground(self)
        if self._faded:
            painter.setOpacity(0.4)
        side = self._side()
        if self._image.isNull():
            self._paint_empty(painter, side)
        else:
            area = self.map_rect()
            shine = self._shine if self._paint_picture(painter, area) else 0.0
            painter.setOpacity((1 - shine) * painter.opacity())
            painter.drawPixmap(area.topLeft(), self._pixmap(area))
            painter.setOpacity(0.4 if self._faded else 1.0)
            self._paint_mark(painter, area)
        self._paint_words(painter)
        if self.hasFocus():
            painter.setOpacity(1.0)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(style.selection), 2))
            ring = self.map_rect() if self.has_map else QRectF(0, 0, self.width(), side)
            painter.drawRect(ring.adjusted(1, 1, -1, -1))

    def _pixmap(self, area: QRectF) -> QPixmap:
        ratio = self.devicePixelRatioF()
        device = QSize(round(area.width() * ratio), round(area.height() * ratio))
        if self._scaled.size() != device:
            mode = Qt.TransformationMode
            seen = device.width() >= _PIXELS_SEEN * self._sides[0]
            how = mode.FastTransformation if seen else mode.SmoothTransformation
            self._scaled = QPixmap.fromImage(
                self._image.scaled(device, Qt.AspectRatioMode.IgnoreAspectRatio, how)
            )
            self._scaled.setDevicePixelRatio(ratio)
        return self._scaled

    def _paint_picture(self, painter: QPainter, area: QRectF) -> bool:
        """The part of the picture that lies below the map; whether there is any to be seen."""
        if not self._shine or self._picture is None or self._placement is None:
            return False
        image, on_picture = self._picture
        across, down = area.width() / self._sides[0], area.height() / self._sides[1]
        left, top = self._placement.to_input(*on_picture.to_picture(0, 0))
        right, bottom = self._placement.to_input(
            *on_picture.to_picture(image.width(), image.height())
        )
        place = QRectF(
            area.x() + left * across, area.y() + top * down,
            (right - left) * across, (bottom - top) * down,
        )  # fmt: skip
        painter.save()
        painter.setClipRect(area)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(place, image)
        painter.restore()
        return True

    def _paint_empty(self, painter: QPainter, side: int) -> None:
        box = QRectF(0, 0, side, side)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.ground(self).frame))
        painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        painter.setPen(theme.quiet_colour(self))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        inner = box.adjusted(theme.GAP, theme.GAP, -theme.GAP, -theme.GAP)
        painter.drawText(inner, flags, self._empty)

    def _paint_mark(self, painter: QPainter, area: QRectF) -> None:
        point = self.marked_point()
        if point is None:
            return
        across, down = area.width() / self._sides[0], area.height() / self._sides[1]
        if min(across, down) >= _LEAST_BOX:
            column = int((point.x() - area.x()) / across)
            row = int((point.y() - area.y()) / down)
            unit = QRectF(area.x() + column * across, area.y() + row * down, across, down)
            paint_box(painter, unit, area, theme.UNIT_MARK)
        paint_cross(painter, point)

    def _paint_words(self, painter: QPainter) -> None:
        metrics = QFontMetrics(self.font())
        line = self._name_rect()
        name, what = self._lines
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.setPen(QColor(theme.ground(self).text))
        # the end of a layer's name tells it from others
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideLeft, line.width())
        painter.drawText(line, align, shown)
        below = line.translated(0, metrics.height() + _LINE_GAP)
        painter.setPen(theme.quiet_colour(self))
        shown = metrics.elidedText(what, Qt.TextElideMode.ElideRight, below.width())
        painter.drawText(below, align, shown)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        on_name = self._name_rect().contains(event.position().toPoint()) and bool(self._lines[0])
        if on_name:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.unsetCursor()
        self.pointed.emit(place, None if place is None else self._region_of(place))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        place = self.place_at(event.position())
        if place is not None:
            self.clicked.emit(place)
        elif self._lines[0] and self._name_rect().contains(event.position().toPoint()):
            self.layer_asked.emit()

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None, None)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ARROWS and self._placement is not None:
            self._step(*ARROWS[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.layer_asked.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.pointed.emit(None, None)
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._scaled = QPixmap()
        super().resizeEvent(event)
