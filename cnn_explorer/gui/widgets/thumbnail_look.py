"""How a thumbnail of a layer's output looks in its box, and how its numbers are said."""

from functools import cache

import numpy as np
from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, qRgb

from cnn_explorer.graph.style import (
    NUMBER_LINE,
    PADDING,
    THUMBNAIL_GAP,
    THUMBNAIL_ROOM,
    THUMBNAIL_SIZE,
)
from cnn_explorer.gui.widgets.graph_look import CAPTIONS_FROM, Look
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.results import Thumbnail, short_lines
from cnn_explorer.text import format_share, format_value


class ThumbnailLook:
    """A thumbnail to be drawn in a box; its pixmap is made when it is first painted."""

    def __init__(self, thumbnail: Thumbnail) -> None:
        self.thumbnail = thumbnail
        self._pixmap: QPixmap | None = None
        self._shrunk: QPixmap | None = None
        self._drawn: tuple[float, QRectF, QRectF, QPixmap, QRectF] | None = None
        """The scale and the place of the last painting, and what was drawn then, and where."""

    def paint(
        self, painter: QPainter, look: Look, width: float, height: float, ink: QColor
    ) -> None:
        """Draw it at the right inside of a box of this size: the picture, and from where captions
        can be read the numbers, in `ink`."""
        side = min(THUMBNAIL_SIZE, height - 2 * THUMBNAIL_GAP)
        place = QRectF(width - side - THUMBNAIL_GAP, (height - side) / 2, side, side)
        self._paint_picture(painter, place)
        if look.zoom < CAPTIONS_FROM:
            return
        left = width - THUMBNAIL_ROOM + PADDING / 2
        lines = short_lines(self.thumbnail)
        baseline = height / 2 - (len(lines) - 1) * NUMBER_LINE / 2 + 3.0
        for number, line in enumerate(lines):
            look.write(painter, "number", left, baseline + number * NUMBER_LINE, line, ink)

    def paint_alone(self, painter: QPainter, width: float, height: float) -> None:
        """Draw the picture as large as the box is high, at its right."""
        self._paint_picture(painter, QRectF(width - height, 0.0, height, height))

    def _paint_picture(self, painter: QPainter, place: QRectF) -> None:
        if self._pixmap is None:
            self._pixmap = _pixmap(self.thumbnail)
        scale = abs(painter.deviceTransform().m11())
        if self._drawn is None or self._drawn[:2] != (scale, place):
            fitted = _fitted(place, self._pixmap.width(), self._pixmap.height())
            pixmap = self._pixmap
            width, height = round(fitted.width() * scale), round(fitted.height() * scale)
            if width < pixmap.width():
                pixmap = self._shrunk_to(max(1, width), max(1, height))
            self._drawn = scale, place, fitted, pixmap, QRectF(pixmap.rect())
        _, _, target, pixmap, source = self._drawn
        # enlarged, each value is a square
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, on=False)
        painter.drawPixmap(target, pixmap, source)

    def _shrunk_to(self, width: int, height: int) -> QPixmap:
        """The picture in so many pixels, kept: to shrink a thousand takes longer than a frame."""
        shrunk = self._shrunk
        if shrunk is None or (shrunk.width(), shrunk.height()) != (width, height):
            assert self._pixmap is not None
            shrunk = self._shrunk = self._pixmap.scaled(
                width,
                height,
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        return shrunk


def rows(thumbnail: Thumbnail) -> tuple[tuple[str, str], ...]:
    """The numbers with their names, for a tool tip and for those who listen."""
    dead = _tr("does not apply: there are negative values")
    if thumbnail.dead is not None:
        dead = format_share(thumbnail.dead)
    return (
        (_tr("Mean"), format_value(thumbnail.mean, 4)),
        (_tr("Maximum"), format_value(thumbnail.maximum, 4)),
        (_tr("Dead channels"), dead),
    )


def _fitted(place: QRectF, width: int, height: int) -> QRectF:
    """The largest rectangle of these proportions in the middle of `place`."""
    scale = min(place.width() / width, place.height() / height)
    fitted = QRectF(0.0, 0.0, width * scale, height * scale)
    fitted.moveCenter(place.center())
    return fitted


def _pixmap(thumbnail: Thumbnail) -> QPixmap:
    pixels = np.ascontiguousarray(thumbnail.pixels)
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(_colour_table())
    return QPixmap.fromImage(image)


@cache
def _colour_table() -> list[int]:
    return [qRgb(*colour) for colour in colormap("viridis").tolist()]


def _tr(text: str) -> str:
    return QCoreApplication.translate("ThumbnailLook", text)
