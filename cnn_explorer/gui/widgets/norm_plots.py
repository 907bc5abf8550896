"""What a normalisation does to each channel: its numbers as plots beside each other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import QuietLabel
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.text import number_text

_MOST = 4
_NARROW = 150
"""A plot is at least so wide, pixels, where more than two stand in a row."""

Plot = tuple[str, npt.NDArray[np.float32]]
"""What is plotted, and its values, one a channel."""


class NormPlots(QWidget):
    """Up to four plots over the same channels; reading one reads all."""

    read_said = Signal(str)
    """The numbers of the channel that is read; empty for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots: tuple[Plot, ...] = ()
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(theme.GAP, theme.GAP // 2, 0, 0)
        self._grid.setSpacing(theme.GAP // 2)
        self._cells: list[QWidget] = []
        self._titles: list[QuietLabel] = []
        self.bars: list[ValueBars] = []
        for _ in range(_MOST):
            cell, title, bars = QWidget(self), QuietLabel(), ValueBars()
            column = QVBoxLayout(cell)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(title)
            column.addWidget(bars, 1)
            bars.index_hovered.connect(self._on_index_hovered)
            self._cells.append(cell)
            self._titles.append(title)
            self.bars.append(bars)
        self._across = 0

    def show_plots(self, plots: Sequence[Plot]) -> None:
        """Show the first four of them."""
        self._plots = tuple(plots[:_MOST])
        for bars in self.bars:
            bars.set_read(-1)
        for number, (title, values) in enumerate(self._plots):
            self._titles[number].setText(title)
            self.bars[number].setAccessibleName(title)
            self.bars[number].show_values(values)
        self._across = 0
        self._arrange()

    def _arrange(self) -> None:
        count = max(1, len(self._plots))
        wide = self.width() // count >= _NARROW
        tall = self.height() > self.width() / 2
        across = count if count < 3 or (wide and not tall) else 2
        if across == self._across:
            return
        self._across = across
        for number, cell in enumerate(self._cells):
            self._grid.removeWidget(cell)
            cell.setVisible(number < len(self._plots))
            if number < len(self._plots):
                self._grid.addWidget(cell, *divmod(number, across))

    def _on_index_hovered(self, index: int) -> None:
        for bars, _ in zip(self.bars, self._plots, strict=False):
            bars.set_read(index)
        if index < 0 or index >= min((len(values) for _, values in self._plots), default=0):
            self.read_said.emit("")
            return
        said = " · ".join(
            f"{title} {number_text(float(values[index]))}" for title, values in self._plots
        )
        self.read_said.emit(self.tr("channel {index} · {said}").format(index=index, said=said))

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
