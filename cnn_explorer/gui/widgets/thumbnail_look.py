"""How a thumbnail of a layer's output looks in its box, and how its numbers are said."""

from functools import cache

import numpy as np
from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, qRgb

from cnn_explorer.graph.style import PADDING, THUMBNAIL_ROOM, THUMBNAIL_SIZE
from cnn_explorer.gui.widgets.graph_look import CAPTIONS_FROM, Look
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.results import Thumbnail

_LINE = 11.0
"""From one number's baseline to the next."""
_GAP = 2.0
"""Around the picture."""


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
        can be read the numbers, in a colour that can be read on the box."""
        side = min(THUMBNAIL_SIZE, height - 2 * _GAP)
        place = QRectF(width - side - _GAP, (height - side) / 2, side, side)
        self._paint_picture(painter, place)
        if look.zoom < CAPTIONS_FROM:
            return
        left = width - THUMBNAIL_ROOM + PADDING / 2
        lines = short_lines(self.thumbnail)
        baseline = height / 2 - (len(lines) - 1) * _LINE / 2 + 3.0
        for number, line in enumerate(lines):
            look.write(painter, "number", left, baseline + number * _LINE, line, ink)

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


def short_lines(thumbnail: Thumbnail) -> tuple[str, ...]:
    """The numbers, as short as they stand beside the picture."""
    lines = [f"mean {_number(thumbnail.mean, 2)}", f"max {_number(thumbnail.maximum, 2)}"]
    if thumbnail.dead is not None:
        lines.append(f"dead {_per_cent(thumbnail.dead)}")
    return tuple(lines)


def rows(thumbnail: Thumbnail) -> tuple[tuple[str, str], ...]:
    """The numbers with their names, for a tool tip and for those who listen."""
    dead = _tr("does not apply: there are negative values")
    if thumbnail.dead is not None:
        dead = _per_cent(thumbnail.dead)
    return (
        (_tr("Mean"), _number(thumbnail.mean, 4)),
        (_tr("Maximum"), _number(thumbnail.maximum, 4)),
        (_tr("Dead channels"), dead),
    )


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("-", "−")


def _per_cent(share: float) -> str:
    per_cent = 100 * share
    if 0 < per_cent < 1:
        return "<1 %"
    if 99 < per_cent < 100:
        return ">99 %"
    return f"{per_cent:.0f} %"


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
