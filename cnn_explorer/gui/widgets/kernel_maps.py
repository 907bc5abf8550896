"""Kernels as tiles, in any order, each under the number of the channel that it belongs to."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.maps_view import MapsView

FloatArray = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.intp]


class KernelMaps(MapsView):
    """A `MapsView` of kernels.

    What its signals call a channel is the place of a tile: `index_of` and `number_of` say which
    kernel that is, and which channel it belongs to.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kernel_order: Numbers = np.zeros(0, np.intp)
        self._kernel_numbers: Numbers = self._kernel_order

    def show_kernels(self, kernels: FloatArray, numbers: Numbers, order: Numbers) -> None:
        """Show kernels (N, kh, kw), or in colour (N, 3, kh, kw), of channels with these numbers
        (N,), in this order. The selected one stays selected where their number is the same."""
        same = kernels.shape == (self.count, *kernels.shape[1:])
        kept = self.index_of(self.selected) if same and self.selected >= 0 else -1
        self._kernel_order, self._kernel_numbers = order, numbers
        placed = kernels[order]
        if kernels.ndim == 4:
            self.show_colour_kernels(placed)
        else:
            self.show_maps(placed, signed=True)
        if kept >= 0 and self.selected >= 0:
            self.select(self.place_of(kept))

    def index_of(self, place: int) -> int:
        """Which of the kernels given stands at a place; -1 for none."""
        return int(self._kernel_order[place]) if 0 <= place < len(self._kernel_order) else -1

    def place_of(self, index: int) -> int:
        """Where a kernel stands; -1 for none."""
        found = np.flatnonzero(self._kernel_order == index)
        return int(found[0]) if len(found) else -1

    def number_of(self, place: int) -> int:
        """The channel of the kernel at a place."""
        return int(self._kernel_numbers[self.index_of(place)])

    def _paint_number(self, painter: QPainter, channel: int) -> None:
        """The channel's number in the corner of its tile, legible on any kernel."""
        if not 0 <= channel < len(self._kernel_order):
            return
        ratio = self._ratio()
        font = theme.text_font(theme.SMALL)
        font.setPixelSize(round(theme.SMALL * ratio))
        metrics = QFontMetricsF(font)
        text = str(self.number_of(channel))
        width, height = metrics.horizontalAdvance(text) + 8 * ratio, metrics.height() + 2 * ratio
        box = self.tile_rect(channel)
        x = max(0.0, min(box.x() * ratio, self.viewport().width() * ratio - width))
        pill = QRectF(x, max(0.0, box.y() * ratio), width, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRoundedRect(pill, 3 * ratio, 3 * ratio)
        painter.setPen(QColor("#ffffff"))
        painter.setFont(font)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
