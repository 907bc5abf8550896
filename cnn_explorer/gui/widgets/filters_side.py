"""Beside the weights: the spectrum of a kernel, what is shown as numbers, or statistics."""

import math

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from cnn_explorer.gui.state.number_table import NumberTable
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.number_view import NumberView
from cnn_explorer.gui.widgets.panel_parts import EmptyState, QuietLabel
from cnn_explorer.gui.widgets.spectrum_view import SpectrumView
from cnn_explorer.probe.filters import Spectrum
from cnn_explorer.text import number_text


class FiltersSide(QWidget):
    """One of three views under a line that says what it is of."""

    said = Signal(str)
    """What is read, or why something failed; empty for nothing."""
    statistics_row_chosen = Signal(int)
    """A row of the statistics: 0 for all weights, then the outputs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = QuietLabel()
        top = QHBoxLayout()
        top.setContentsMargins(theme.GAP, 0, theme.GAP, 0)
        top.addWidget(self.caption)
        self.spectrum = SpectrumView()
        self.numbers = NumberView()
        self.numbers.setAccessibleName(self.tr("Weights as numbers"))
        self.statistics = NumberView()
        self.statistics.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.statistics.setAccessibleName(self.tr("Statistics of the weights"))
        self.empty = EmptyState()
        self._pages = QStackedWidget()
        for page in (self.empty, self.spectrum, self.numbers, self.statistics):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP // 2)
        column.addLayout(top)
        column.addWidget(self._pages, 1)
        self.spectrum.read_said.connect(self.said)
        self.numbers.failed.connect(self.said)
        self.statistics.failed.connect(self.said)
        self.statistics.row_chosen.connect(self.statistics_row_chosen)

    def show_nothing(self, reason: str) -> None:
        """Say why there is nothing to see."""
        self.empty.setText(reason)
        self._turn_to(self.empty, "")

    def show_spectrum(self, spectrum: Spectrum, of: str) -> None:
        """Show the spectrum of a kernel."""
        said = of
        if spectrum.peak is not None:
            y, x = spectrum.peak
            length = math.hypot(y, x)
            if length:
                # downwards is positive in a picture, and an angle turns the other way
                said += self.tr(" · peak at {length}, {angle}°").format(
                    length=number_text(round(length, 3)),
                    angle=number_text(round(math.degrees(math.atan2(-y, x)))),
                )
            else:
                said += self.tr(" · peak at 0: it averages")
        self.spectrum.show_spectrum(spectrum)
        self._turn_to(self.spectrum, said)

    def show_numbers(self, table: NumberTable, of: str) -> None:
        """Show numbers."""
        self.numbers.show_table(table)
        self._turn_to(self.numbers, of)

    def show_statistics(self, table: NumberTable, row: int, of: str) -> None:
        """Show statistics, with a row as the current one."""
        if table is not self.statistics.numbers.table:
            self.statistics.show_table(table)
        self.statistics.go_to_row(row)
        self._turn_to(self.statistics, of)

    def _turn_to(self, page: QWidget, caption: str) -> None:
        self.caption.setText(caption)
        self.caption.setToolTip(caption)
        self.caption.setVisible(bool(caption))
        self._pages.setCurrentWidget(page)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(260, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(150, 80)
