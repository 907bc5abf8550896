"""The weights of the selected layer: kernels as pictures, matrices as heat maps, else bars."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QSlider,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.shown import FiltersShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.maps_view import (
    LARGEST_TILE,
    SMALLEST_TILE,
    MapPoint,
    MapsView,
)
from cnn_explorer.gui.widgets.matrix_view import LARGEST_CELL, MatrixView, typical_peak
from cnn_explorer.gui.widgets.panel_parts import (
    ColourBar,
    EmptyState,
    PanelHeader,
    ScaleBox,
    SizeSlider,
    number_text,
)
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.probe.colormaps import colormap

FloatArray = npt.NDArray[np.float32]
_Form = Literal["pictures", "filters", "kernels", "matrix", "bars"]

_CHUNK = 4_000_000
"""So many weights are searched for lowest and highest at a time: about 4 ms."""


def _form_of(weight: FloatArray) -> _Form:
    """How weights are best shown.

    ``pictures``: kernels on three channels, in colour. ``filters``: kernels on one channel.
    ``kernels``: of one output at a time. ``matrix``: one number for each output and input.
    """
    if weight.ndim < 2:
        return "bars"
    if weight.ndim == 2 or weight.shape[2:] == (1, 1):
        return "matrix"
    return {3: "pictures", 1: "filters"}.get(weight.shape[1], "kernels")  # type: ignore[return-value]


def _as_kernels(weight: FloatArray) -> FloatArray:
    """Kernels of one or three dimensions as (out, in, kh, kw); others as they are."""
    if weight.ndim == 3:
        return weight[:, :, None, :]
    if weight.ndim > 4:
        return weight.reshape(*weight.shape[:2], -1, weight.shape[-1])
    return weight


class FiltersPanel(QWidget):
    """A header line with counts, range and controls; below it the weights."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: FiltersShown | None = None
        self._weight: FloatArray = np.zeros(0, np.float32)
        self._form: _Form = "bars"

        self.part = QComboBox()
        self.part.setMinimumWidth(72)
        self.part.addItem(self.tr("Weights"), "weights")
        self.part.addItem(self.tr("Biases"), "biases")
        self.part.setAccessibleName(self.tr("Weights or biases"))
        self.part.setToolTip(self.tr("Show the weights of the layer, or its biases."))
        self.output = QSpinBox()
        self.output.setPrefix(self.tr("Output "))
        self.output.setAccessibleName(self.tr("Output channel"))
        self.output.setToolTip(
            self.tr("The output channel whose kernels are shown, one for each input channel.")
        )
        self.output_slider = QSlider(Qt.Orientation.Horizontal)
        self.output_slider.setMinimumWidth(48)
        self.output_slider.setMaximumWidth(104)
        self.output_slider.setAccessibleName(self.tr("Output channel"))
        self.output_slider.setToolTip(self.output.toolTip())
        self._choice = QWidget()
        choice = QHBoxLayout(self._choice)
        choice.setContentsMargins(0, 0, 0, 0)
        choice.setSpacing(theme.GAP // 2)
        choice.addWidget(self.output)
        choice.addWidget(self.output_slider)
        self.bar = ColourBar()
        self.scale = ScaleBox()
        self.tile_slider = SizeSlider(SMALLEST_TILE, LARGEST_TILE)
        self.cell_slider = SizeSlider(1, LARGEST_CELL)
        self.header = PanelHeader(
            (self._choice, self.bar, self.part, self.scale, self.tile_slider, self.cell_slider)
        )

        self.maps = MapsView()
        self.maps.setAccessibleName(self.tr("Kernels of the layer"))
        self.maps.set_describer(self._kernel_description)
        self.matrix = MatrixView()
        self.matrix.set_describer(self._matrix_description)
        self.bars = ValueBars()
        self.empty = EmptyState()
        self._pages = QStackedWidget()
        for page in (self.empty, self.maps, self.matrix, self.bars):
            self._pages.addWidget(page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.header)
        box.addWidget(self._pages, 1)

        self._scan = QTimer(self)
        self._scan.setInterval(0)
        self._scan.timeout.connect(self._on_scan)
        self._scanned = 0
        self._range = (np.inf, -np.inf)
        self.part.currentIndexChanged.connect(self._on_part_changed)
        self.output.valueChanged.connect(self._on_output_changed)
        self.output_slider.valueChanged.connect(self.output.setValue)
        self.scale.scale_chosen.connect(self._on_scale_chosen)
        self.tile_slider.size_chosen.connect(self.maps.set_tile_size)
        self.cell_slider.size_chosen.connect(self.matrix.set_cell_size)
        self.maps.tile_size_changed.connect(self.tile_slider.set_size)
        self.matrix.cell_size_changed.connect(self.cell_slider.set_size)
        self.maps.point_hovered.connect(self._on_point_hovered)
        self.maps.map_selected.connect(self._on_map_selected)
        self.maps.saved.connect(self._on_saved)
        self.maps.failed.connect(self.header.status.setText)
        self.matrix.cell_hovered.connect(self._on_cell_hovered)
        self.bars.index_hovered.connect(self._on_index_hovered)
        self.clear()

    def show_filters(self, shown: FiltersShown) -> None:
        """Show the weights of a layer, or say that it has none."""
        if shown.filters is None or shown.filters.weight.size == 0:
            self.clear(self.tr("No weights here. In a block, click one of its layers."))
            return
        self._shown = shown
        self.header.badge.set_untrained(not shown.trained)
        with QSignalBlocker(self.part), QSignalBlocker(self.output):
            self.part.setCurrentIndex(0)
            self.output.setValue(0)
        self._show_part()

    def clear(self, reason: str = "") -> None:
        """Show nothing but a sentence; empty for the usual one."""
        self._shown = None
        self._scan.stop()
        self._weight = np.zeros(0, np.float32)
        self.maps.clear()
        self.matrix.show_matrix(np.zeros((0, 0), np.float32), 0.0)
        self.empty.setText(reason or self.tr("Click a layer in the graph to see its weights."))
        self.header.setVisible(False)
        self._pages.setCurrentWidget(self.empty)

    def _show_part(self) -> None:
        """Show the weights or the biases, in the form that fits."""
        assert self._shown is not None
        filters = self._shown.filters
        assert filters is not None
        biases = self.part.currentData() == "biases" and filters.bias is not None
        weight = filters.bias if biases and filters.bias is not None else filters.weight
        self._weight = weight = _as_kernels(np.atleast_1d(weight))
        self._form = _form_of(weight)
        name = f"{self._shown.card.name}-{self._shown.layer}-weights"
        self.maps.set_file_name(name.replace("#", "-"))
        self.header.status.setText("")
        page: QWidget = self.maps
        if self._form == "bars":
            page = self.bars
            self.bars.set_read(-1)
            self.bars.show_values(weight)
        elif self._form == "matrix":
            page = self.matrix
            peak = typical_peak(weight)
            self.matrix.show_matrix(weight.reshape(weight.shape[:2]), peak)
            self._set_bar(-peak, peak)
        elif self._form == "kernels":
            last = len(weight) - 1
            with QSignalBlocker(self.output), QSignalBlocker(self.output_slider):
                self.output.setRange(0, last)
                self.output_slider.setRange(0, last)
            self.maps.clear()
            self._on_output_changed(self.output.value())
        else:
            self.maps.clear()
            if self._form == "pictures":
                self.maps.show_colour_kernels(weight)
            else:
                self.maps.show_maps(weight[:, 0], signed=True)
            self._show_range()
        self.part.setVisible(filters.bias is not None)
        self._choice.setVisible(self._form == "kernels")
        self.scale.setVisible(page is self.maps)
        self.tile_slider.setVisible(page is self.maps)
        self.cell_slider.setVisible(page is self.matrix)
        self.bar.setVisible(page is not self.bars and self._form != "pictures")
        self.header.setVisible(True)
        self._pages.setCurrentWidget(page)
        self._start_scan()

    # the header line

    def _start_scan(self) -> None:
        """Find the range; weights by the hundred million are searched bit by bit."""
        self._scanned, self._range = 0, (np.inf, -np.inf)
        self._on_scan()
        if self._scanned < self._weight.size and self._shown is not None:
            self.header.title.set_title(self._shown.layer, self.tr(" · reading the weights…"))
            self._scan.start()

    def _on_scan(self) -> None:
        part = self._weight.reshape(-1)[self._scanned : self._scanned + _CHUNK]
        low, high = part.min(), part.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            part = part[np.isfinite(part)]
            low, high = part.min(initial=np.inf), part.max(initial=-np.inf)
        self._range = (min(self._range[0], float(low)), max(self._range[1], float(high)))
        self._scanned += _CHUNK
        if self._scanned >= self._weight.size:
            self._scan.stop()
            self._show_title()

    def _show_title(self) -> None:
        assert self._shown is not None
        weight = self._weight
        if self.part.currentData() == "biases":
            said = self.tr("{count} biases").format(count=len(weight))
        elif self._form == "bars":
            said = self.tr("{count} weights").format(count=len(weight))
        elif self._form == "matrix":
            said = self.tr("{outputs} × {inputs} weights").format(
                outputs=weight.shape[0], inputs=weight.shape[1]
            )
        else:
            size = " × ".join(str(side) for side in weight.shape[1:])
            said = self.tr("{count} filters of {size}").format(count=len(weight), size=size)
        low, high = self._range
        if low == high:
            said += self.tr(", all {value}").format(value=number_text(low))
        elif low < high:
            said += self.tr(", {low} to {high}").format(
                low=number_text(low), high=number_text(high)
            )
        else:
            said += self.tr(", none of them a finite number")
        self.header.title.set_title(self._shown.layer, f" · {said}")
        self.header.arrange()

    def _set_bar(self, low: float, high: float) -> None:
        self.bar.set_scale(colormap("diverging"), number_text(low), number_text(high))
        self.bar.setToolTip(
            self.tr("Values beyond the scale have the strongest colours.")
            if self._form == "matrix"
            else ""
        )
        self.header.arrange()

    def _show_range(self) -> None:
        drawn, chosen = self.maps.mosaic, self.maps.selected
        if drawn is None:
            return
        if self.scale.currentData() == "channel" and chosen < 0:
            self.bar.set_scale(colormap("diverging"), "−", "+")
            self.header.arrange()
        else:
            self._set_bar(float(drawn.low[max(0, chosen)]), float(drawn.high[max(0, chosen)]))

    # what stands under the pointer

    def _kernel_description(self, point: MapPoint) -> str:
        if self._form == "pictures":
            red, green, blue = (number_text(value) for value in point.values)
            return self.tr(
                "filter {filter} · row {y}, column {x} · red {red}, green {green}, blue {blue}"
            ).format(filter=point.channel, y=point.y, x=point.x, red=red, green=green, blue=blue)
        value = number_text(point.values[0])
        if self._form == "filters":
            return self.tr("filter {filter} · row {y}, column {x} · {value}").format(
                filter=point.channel, y=point.y, x=point.x, value=value
            )
        return self.tr("input {input} to output {output} · row {y}, column {x} · {value}").format(
            input=point.channel, output=self.output.value(), y=point.y, x=point.x, value=value
        )

    def _matrix_description(self, row: int, column: int) -> str:
        value = float(self._weight.reshape(self._weight.shape[:2])[row, column])
        return self.tr("input {input} to output {output} · {value}").format(
            input=column, output=row, value=number_text(value)
        )

    def _on_part_changed(self) -> None:
        if self._shown is not None:
            self._show_part()

    def _on_output_changed(self, output: int) -> None:
        with QSignalBlocker(self.output_slider):
            self.output_slider.setValue(output)
        if self._form == "kernels" and self._shown is not None:
            self.maps.show_maps(self._weight[output], signed=True)
            self._show_range()

    def _on_scale_chosen(self, scale: str) -> None:
        self.maps.set_scale("layer" if scale == "layer" else "channel")
        self._show_range()

    def _on_point_hovered(self, point: MapPoint | None) -> None:
        self.header.status.setText("" if point is None else self._kernel_description(point))

    def _on_cell_hovered(self, cell: tuple[int, int] | None) -> None:
        self.header.status.setText("" if cell is None else self._matrix_description(*cell))

    def _on_index_hovered(self, index: int) -> None:
        self.header.status.setText("" if index < 0 else self.bars.description(index))

    def _on_map_selected(self, channel: int) -> None:  # noqa: ARG002 - the view knows it
        self._show_range()

    def _on_saved(self, path: str) -> None:
        self.header.status.setText(self.tr("Saved as {path}.").format(path=path))

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)
