"""The weights of the selected layer: kernels as pictures, matrices as heat maps, else bars; beside
them spectra, numbers and statistics."""

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.filter_views import FilterViews, Form, View
from cnn_explorer.gui.state.number_table import NumberTable
from cnn_explorer.gui.state.shown import FiltersShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.filters_controls import FiltersControls
from cnn_explorer.gui.widgets.filters_side import FiltersSide
from cnn_explorer.gui.widgets.filters_words import FiltersWords
from cnn_explorer.gui.widgets.maps_view import MapPoint, MapsView
from cnn_explorer.gui.widgets.matrix_view import MatrixView, typical_peak
from cnn_explorer.gui.widgets.norm_plots import NormPlots
from cnn_explorer.gui.widgets.panel_parts import (
    EmptyState,
    PanelHeader,
    QuietLabel,
    file_stem,
)
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.filters import (
    Kernels,
    KernelScan,
    order_by_norm,
    scanned,
    spectrum_of,
)
from cnn_explorer.probe.mosaic import HIGHEST, ZERO
from cnn_explorer.text import number_text

FloatArray = npt.NDArray[np.float32]

_CHUNK = 1_000_000
"""So many weights are read for their statistics at a time: about 10 ms."""
_NEAR = 0.01
"""What is at most this part of a layer's large weights is near zero."""
_SIDE = 260
_NARROWEST = 500


class FiltersPanel(QWidget):
    """A header line with counts, range and controls; a line that says what is read; below them the
    weights, and beside these what is chosen to be seen of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look: FilterViews | None = None
        self._view: View = "weights"
        self._form: Form = "bars"
        self._weights = KernelScan(Kernels(np.zeros((0, 1, 1, 1), np.float32)), 0.0)
        self._statistics: NumberTable | None = None
        self._chosen: dict[tuple[str, ...], View] = {}
        """The view last chosen of layers that offer the same ones."""
        self._outputs: dict[tuple[str, str], int] = {}
        """The output last looked at of each layer of each network."""
        self._words = FiltersWords()

        controls = self._controls = FiltersControls(self)
        self.part, self.sort, self.scale = controls.part, controls.sort, controls.scale
        self.output, self.output_slider = controls.output, controls.output_slider
        self.tile_slider, self.cell_slider = controls.tile_slider, controls.cell_slider
        self.bar, self.side_choice = controls.bar, controls.side_choice
        self.header = PanelHeader(controls.all)
        self._make_pages()
        self._scan = QTimer(self)
        self._scan.setInterval(0)
        self._connect()
        self.clear()

    def _make_pages(self) -> None:
        self.line = QuietLabel()
        self._below = QWidget()
        below = QHBoxLayout(self._below)
        below.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP // 2)
        below.addWidget(self.line)
        self.maps = MapsView()
        self.maps.setAccessibleName(self.tr("Kernels of the layer"))
        self.maps.set_describer(self._kernel_description)
        self.matrix = MatrixView()
        self.matrix.set_describer(self._cell_description)
        self.bars = ValueBars()
        self.plots = NormPlots()
        self.empty = EmptyState()
        self._pages = QStackedWidget()
        for page in (self.empty, self.maps, self.matrix, self.bars, self.plots):
            self._pages.addWidget(page)
        self.side = FiltersSide()
        self.side.hide()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self._pages)
        self._split.addWidget(self.side)
        self._split.setStretchFactor(0, 1)
        self._split.setStretchFactor(1, 0)
        self._split.setSizes([900, _SIDE])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        box.addWidget(self.header)
        box.addWidget(self._below)
        box.addWidget(self._split, 1)

    def _connect(self) -> None:
        self._scan.timeout.connect(self._on_scan)
        self.part.currentIndexChanged.connect(self._on_part_changed)
        self.output.valueChanged.connect(self._on_output_changed)
        self.sort.currentIndexChanged.connect(self._on_sort_changed)
        self.side_choice.currentIndexChanged.connect(self._on_side_changed)
        self.scale.scale_chosen.connect(self._on_scale_chosen)
        self.tile_slider.size_chosen.connect(self.maps.set_tile_size)
        self.cell_slider.size_chosen.connect(self.matrix.set_cell_size)
        self.maps.tile_size_changed.connect(self.tile_slider.set_size)
        self.matrix.cell_size_changed.connect(self.cell_slider.set_size)
        self.maps.point_hovered.connect(self._on_point_hovered)
        self.maps.map_selected.connect(self._on_map_selected)
        self.matrix.cell_hovered.connect(self._on_cell_hovered)
        self.matrix.cell_chosen.connect(self._on_cell_chosen)
        self.bars.index_hovered.connect(self._on_index_hovered)
        self.plots.read_said.connect(self._say)
        self.side.said.connect(self._say)
        self.side.statistics_row_chosen.connect(self._on_statistics_row_chosen)

    def show_filters(self, shown: FiltersShown) -> None:
        """Show the weights of a layer, or say that it has none."""
        if shown.filters is None or shown.filters.weight.size == 0:
            self.clear(self.tr("No weights here. In a block, click one of its layers."))
            return
        self._look = None  # what the views say while they are emptied is of no layer
        self.maps.clear()
        look = self._look = FilterViews(shown, shown.filters)
        self._words.set_layer(look)
        self.header.badge.set_untrained(not shown.trained)
        kept = self._outputs.get((shown.card.name, shown.layer), 0)
        self._controls.set_outputs(look.scanned.outputs, kept)
        with QSignalBlocker(self.part):
            self.part.clear()
            for view in look.views:
                self.part.addItem(self._words.view(view), view)
            wanted = self._chosen.get(_family(look), look.views[0])
            self.part.setCurrentIndex(max(0, self.part.findData(wanted)))
        self._weights = KernelScan(look.scanned, _NEAR * typical_peak(shown.filters.weight))
        self._statistics = None
        self._scan.stop()
        self._weights.step(_CHUNK)
        self._show_part()
        if self._weights.done:
            self._on_scan_done()
        elif self.isVisible():
            self._scan.start()

    def clear(self, reason: str = "") -> None:
        """Show nothing but a sentence; empty for the usual one."""
        self._look = None
        self._scan.stop()
        self.maps.clear()
        self.matrix.show_matrix(np.zeros((0, 0), np.float32), 0.0)
        self._weights = KernelScan(Kernels(np.zeros((0, 1, 1, 1), np.float32)), 0.0)
        self._statistics = None
        self.empty.setText(reason or self.tr("Click a layer in the graph to see its weights."))
        self.header.setVisible(False)
        self._below.setVisible(False)
        self.side.setVisible(False)
        self._pages.setCurrentWidget(self.empty)

    def _show_part(self) -> None:
        """Show what is chosen of the layer, in the form that fits."""
        look = self._look
        assert look is not None
        self._view = self.part.currentData()
        self._form = form = look.form(self._view)
        page: QWidget = self.maps
        if form == "bars":
            page = self.bars
            names = look.shown.class_names if self._view == "biases" else ()
            self.bars.set_read(-1)
            self.bars.show_values(look.bars(self._view), names)
        elif form == "plots":
            page = self.plots
            plots = [(self._words.view(view), look.bars(view)) for view in look.views[1:]]
            self.plots.show_plots(plots)
        elif form in ("grid", "matrix"):
            page = self.matrix
            self._show_matrix()
        else:
            self._show_maps()
        self._controls.fit(self.width())
        self.part.setVisible(len(look.views) > 1)
        self._controls.choice.setVisible(form == "kernels")
        for control in (self.sort, self.scale, self.tile_slider):
            control.setVisible(page is self.maps)
        self.cell_slider.setVisible(page is self.matrix)
        self.bar.setVisible(page is self.matrix or form in ("kernels", "filters"))
        self.header.setVisible(True)
        self._below.setVisible(True)
        self.side.setVisible(bool(self.side_choice.currentData()))
        self._pages.setCurrentWidget(page)
        self._show_title()
        self._show_side()
        self._say("")

    def _show_matrix(self) -> None:
        assert self._look is not None
        if self._view == "norms":
            kernels = self._weights.norms
            peak = typical_peak(kernels.weight)
            self.matrix.show_kernels(kernels, peak)
            upper = np.linspace(ZERO, HIGHEST, 256).round().astype(np.intp)
            self.bar.set_scale(colormap("diverging")[upper], "0", number_text(peak))
        else:
            kernels = self._look.matrix() if self._form == "matrix" else self._look.scanned
            peak = typical_peak(kernels.weight)
            self.matrix.show_kernels(kernels, peak)
            self.bar.set_scale(colormap("diverging"), number_text(-peak), number_text(peak))
        self.bar.setToolTip(self.tr("Values beyond the scale have the strongest colours."))
        self.header.arrange()

    def _show_maps(self) -> None:
        look = self._look
        assert look is not None
        assert look.kernels is not None
        kernels = look.kernels
        numbers = None
        if self._form == "kernels":
            output = self.output.value()
            tiles, numbers = kernels.of(output), kernels.inputs(output)
        else:
            tiles = kernels.weight if self._form == "pictures" else kernels.weight[:, 0]
        if self._form == "pictures":
            self.maps.show_colour_kernels(tiles)
        else:
            self.maps.show_maps(tiles, signed=True)
        self.maps.set_numbers(numbers)
        self._name_files()
        by_norm = self.sort.currentData() == "norm"
        self.maps.set_order(order_by_norm(tiles) if by_norm else None)
        self._show_range()

    def _name_files(self) -> None:
        """How what is saved of the kernels is called."""
        assert self._look is not None
        shown = self._look.shown
        name = f"{file_stem(shown.card.name, shown.layer)}-weights"
        title = f"{shown.card.title} · {shown.layer}"
        if self._form == "kernels":
            name += f"-output-{self.output.value()}"
            title += f" · {self._words.output(self.output.value())}"
        self.maps.set_file_name(name, title, of="kernel")

    # the header line

    def _on_scan(self) -> None:
        self._weights.step(_CHUNK)
        if self._weights.done:
            self._scan.stop()
            self._on_scan_done()

    def _on_scan_done(self) -> None:
        """All weights are read: what waited for that is shown."""
        if self._look is None:
            return
        self._statistics = self._look.statistics(self._weights)
        if self._view == "norms":
            self._show_matrix()
        self._show_title()
        self._show_side()
        self._say("")

    def _show_title(self) -> None:
        look = self._look
        assert look is not None
        scan = self._weights
        if self._form == "bars":
            scan = self._vector()
        if scan.done:
            said = self._words.counted(self._view) + self._words.ranged(scan.of_all())
        else:
            said = self.tr("reading the weights…")
        self.header.title.set_title(look.shown.layer, f" · {said}")
        self.header.arrange()

    def _vector(self) -> KernelScan:
        """The numbers of a view that is drawn as bars."""
        assert self._look is not None
        return scanned(Kernels(self._look.bars(self._view).reshape(1, -1, 1, 1)))

    def _show_range(self) -> None:
        drawn, chosen = self.maps.mosaic, self.maps.selected
        if drawn is None:
            return
        if self.scale.currentData() == "channel" and chosen < 0:
            self.bar.set_scale(colormap("diverging"), "−", "+")
        else:
            low, high = (float(ends[max(0, chosen)]) for ends in (drawn.low, drawn.high))
            self.bar.set_scale(colormap("diverging"), number_text(low), number_text(high))
        self.bar.setToolTip("")
        self.header.arrange()

    def _say(self, text: str) -> None:
        """Say what is read; while nothing is, the numbers of what is selected."""
        self.line.setText(text or self._quiet())
        self.line.setToolTip(self.line.text())

    def _quiet(self) -> str:
        look = self._look
        if look is None:
            return ""
        if look.filters.kind == "normalisation":
            return self._words.formula()
        if self._form == "bars":
            name = self._words.view(self._view).lower()
            return self._words.numbers(name, self._vector().of_all())
        index = self.maps.selected
        kernel = look.kernel(self._view, self.output.value(), index)
        if kernel is not None:
            own = scanned(Kernels(kernel.reshape(1, -1, 1, 1))).of_all()
            return self._words.numbers(self._selected_name(), own)
        if not self._weights.done:
            return ""
        if self._form == "kernels":
            output = self.output.value()
            own = self._weights.statistics().row(output)
            return self._words.numbers(self._words.output(output), own)
        return self._words.numbers(self.tr("all weights"), self._weights.of_all())

    # what stands beside the weights

    def _show_side(self) -> None:
        """Fill the view beside the weights, where it is open."""
        wanted, look = self.side_choice.currentData(), self._look
        if not wanted or look is None:
            return
        output, index = self.output.value(), self.maps.selected
        if wanted == "spectrum":
            kernel = look.kernel(self._view, output, index)
            if kernel is not None:
                self.side.show_spectrum(spectrum_of(kernel), self._selected_name())
            elif self._form in ("pictures", "filters", "kernels"):
                self.side.show_nothing(self.tr("Select a kernel to see its spectrum."))
            else:
                self.side.show_nothing(self.tr("There is no single kernel here: no spectrum."))
        elif wanted == "numbers":
            table = look.table(self._view, output, index, self._weights)
            self.side.show_numbers(table, self._numbers_name())
        elif self._statistics is None:
            self.side.show_nothing(self.tr("Reading the weights…"))
        else:
            chosen = output if self._form == "kernels" else index
            several = look.kernels is not None
            of = self.tr("{count} outputs").format(count=look.scanned.outputs) if several else ""
            self.side.show_statistics(self._statistics, chosen + 1, of)

    def _selected_name(self) -> str:
        """What the selected kernel is called."""
        return self._name_of(self.maps.selected)

    def _name_of(self, index: int) -> str:
        number = self.maps.number_of(index)
        if self._form == "kernels":
            return self._words.joined(number, self.output.value())
        return self._words.filter(number)

    def _numbers_name(self) -> str:
        if self._form in ("bars", "plots"):
            return self.part.currentText() if self.part.count() > 1 else ""
        if self._form in ("grid", "matrix"):
            return self._words.view(self._view)
        if self.maps.selected >= 0:
            return self._selected_name()
        if self._form == "kernels":
            return self._words.all_of(self.output.value())
        return self.tr("a row for each filter")

    # what stands under the pointer

    def _kernel_description(self, point: MapPoint) -> str:
        assert self._look is not None
        return self._words.place(self._name_of(point.channel), point)

    def _cell_description(self, row: int, column: int) -> str:
        assert self._look is not None
        if self._form == "matrix":
            return self._words.weight(self._look.matrix(), row, column)
        within = self.matrix.within if self._view == "all" else None
        return self._words.kernel(self._look.scanned, row, column, within)

    # gestures

    def _on_part_changed(self) -> None:
        if self._look is not None:
            self._chosen[_family(self._look)] = self.part.currentData()
            self._show_part()

    def _on_output_changed(self, output: int) -> None:
        if self._look is None:
            return
        shown = self._look.shown
        self._outputs[shown.card.name, shown.layer] = output
        if self._form == "kernels":
            self._show_maps()
            self._show_side()
            self._say("")

    def _on_sort_changed(self) -> None:
        if self._look is not None and self._form in ("pictures", "filters", "kernels"):
            self._show_maps()

    def _on_side_changed(self) -> None:
        self.side.setVisible(bool(self.side_choice.currentData()) and self._look is not None)
        self._show_side()

    def _on_scale_chosen(self, scale: str) -> None:
        self.maps.set_scale("layer" if scale == "layer" else "channel")
        self._show_range()

    def _on_point_hovered(self, point: MapPoint | None) -> None:
        self._say("" if point is None else self._kernel_description(point))

    def _on_cell_hovered(self, cell: tuple[int, int] | None) -> None:
        self._say("" if cell is None else self._cell_description(*cell))

    def _on_cell_chosen(self, output: int, channel: int) -> None:
        """From the overview to the kernels of one output, the chosen one selected."""
        look = self._look
        if look is None or self._form != "grid" or look.kernels is None:
            return
        self.output.setValue(output)
        self.part.setCurrentIndex(self.part.findData("one"))
        found = np.flatnonzero(look.kernels.inputs(output) == channel)
        if len(found):
            self.maps.select(int(found[0]))
        self.maps.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_statistics_row_chosen(self, row: int) -> None:
        if row < 1 or self._look is None:
            return
        if self._form in ("pictures", "filters"):
            self.maps.select(row - 1)
        else:
            self.output.setValue(row - 1)

    def _on_index_hovered(self, index: int) -> None:
        self._say("" if index < 0 else self.bars.description(index))

    def _on_map_selected(self, channel: int) -> None:
        self._show_range()
        if self._look is None:
            return
        if channel >= 0:
            self.maps.setAccessibleDescription(
                self.tr("Selected: {name}.").format(name=self._selected_name())
            )
        self._show_side()
        self._say("")

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, 120)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._look is not None and not self._weights.done:
            self._scan.start()  # weights are read for those who look at them

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._scan.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._controls.fit(self.width())


def _family(look: FilterViews) -> tuple[str, ...]:
    """What layers have in common that are looked at alike, with biases or without."""
    return look.form(look.views[0]), *(view for view in look.views if view != "biases")
