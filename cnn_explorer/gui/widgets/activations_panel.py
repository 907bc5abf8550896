"""What the selected layer computes from the picture: all its channels, or its values as bars."""

import numpy as np
from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QComboBox, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.state.shown import ActivationsShown
from cnn_explorer.gui.widgets.maps_view import (
    LARGEST_TILE,
    SMALLEST_TILE,
    MapPoint,
    MapsView,
)
from cnn_explorer.gui.widgets.panel_parts import (
    ColourBar,
    EmptyState,
    PanelHeader,
    ScaleBox,
    SizeSlider,
    number_text,
    size_text,
)
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.probe.colormaps import colormap

_DIM_AFTER = 150  # ms; answers while drawing come sooner, and should not flicker


class ActivationsPanel(QWidget):
    """A header line with the layer, its shape and the controls; below it maps or bars."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ActivationsShown | None = None
        self._graph: LayerGraph | None = None

        self.colours = QComboBox()
        self.colours.setMinimumWidth(72)
        for title, name in (
            (self.tr("Viridis"), "viridis"),
            (self.tr("Magma"), "magma"),
            (self.tr("Grey"), "grey"),
            (self.tr("Around zero"), "diverging"),
        ):
            self.colours.addItem(title, name)
        self.colours.setAccessibleName(self.tr("Colours"))
        self.colours.setToolTip(
            self.tr("The colours of the maps, from the lowest value to the highest.")
        )
        self.scale = ScaleBox()
        self.bar = ColourBar()
        self.size_slider = SizeSlider(SMALLEST_TILE, LARGEST_TILE)
        self.fit = QToolButton()
        self.fit.setToolTip(
            self.tr("Choose the size that shows as many maps as possible (Ctrl+0).")
        )
        self.fit.setText(self.tr("Fit"))
        self.fit.setAutoRaise(True)
        self._map_controls = (self.bar, self.colours, self.scale, self.size_slider, self.fit)
        self.header = PanelHeader(self._map_controls)

        self.maps = MapsView()
        self.maps.setAccessibleName(self.tr("Maps of the layer"))
        self.maps.set_describer(self._description)
        self.bars = ValueBars()
        self.empty = EmptyState()
        self._pages = QStackedWidget()
        for page in (self.empty, self.maps, self.bars):
            self._pages.addWidget(page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.header)
        box.addWidget(self._pages, 1)

        self._dim = QTimer(self)
        self._dim.setSingleShot(True)
        self._dim.setInterval(_DIM_AFTER)
        self._dim.timeout.connect(self._on_dim)
        self.colours.currentIndexChanged.connect(self._on_colours_changed)
        self.scale.scale_chosen.connect(self._on_scale_chosen)
        self.size_slider.size_chosen.connect(self.maps.set_tile_size)
        self.fit.clicked.connect(self._on_fit)
        self.maps.tile_size_changed.connect(self.size_slider.set_size)
        self.maps.point_hovered.connect(self._on_point_hovered)
        self.maps.map_selected.connect(self._on_map_selected)
        self.maps.saved.connect(self._on_saved)
        self.maps.failed.connect(self.header.status.setText)
        self.bars.index_hovered.connect(self._on_index_hovered)
        self.clear("")

    def set_graph(self, graph: LayerGraph | None) -> None:
        """The graph of the network shown, for the class of a layer in the header line."""
        self._graph = graph

    def show_activations(self, shown: ActivationsShown) -> None:
        """Show what a layer computed."""
        before = self._shown
        same = before is not None and (before.card, before.layer) == (shown.card, shown.layer)
        self._settle()
        self._shown = shown
        self.header.title.set_title(shown.layer, self._rest(shown))
        self.header.badge.set_untrained(not shown.trained)
        self.header.status.setText("")
        maps = shown.maps
        flat = maps.ndim == 1 or maps.size == len(maps)
        page: QWidget = self.bars if flat else self.maps
        if maps.size == 0:
            page = self.empty
            self.empty.setText(self.tr("This layer's output is empty."))
        elif flat:
            if not same:
                self.bars.set_read(-1)
            self.bars.show_values(maps.reshape(-1), shown.class_names)
        else:
            if not same:
                self.maps.clear()
            self.maps.set_file_name(f"{shown.card.name}-{shown.layer}".replace("#", "-"))
            # two dimensions, as in sequences, are one map
            self.maps.show_maps(
                maps.reshape(-1, *maps.shape[-2:]), signed=self.colours.currentData() == "diverging"
            )
            self._show_range()
        self._turn_to(page)

    def show_pending(self, layer: str) -> None:
        """A layer is being computed: what was shown stays, dimmed if it takes longer."""
        if self._pages.currentWidget() is self.empty:
            self.header.title.set_title(layer)
            self.empty.setText(self.tr("Computing…"))
            return
        if self._shown is None or layer != self._shown.layer:
            self.header.title.set_title(layer, self.tr(" · computing…"))
            self.header.status.setText("")
            self.header.arrange()
            self._on_dim()
        else:
            self._dim.start()

    def show_stale(self) -> None:
        """What is shown is of another network than the one being opened: dim it."""
        if self._shown is not None:
            self._on_dim()

    def clear(self, reason: str) -> None:
        """Show nothing but a sentence that says what to do; empty for the usual one."""
        self._settle()
        self._shown = None
        self.header.title.set_title("")
        self.header.badge.set_untrained(False)
        self.header.status.setText("")
        self.maps.clear()
        self.empty.setText(
            reason or self.tr("Drop a picture and click a layer to see what it computes.")
        )
        self._turn_to(self.empty)

    def _settle(self) -> None:
        self._dim.stop()
        self.maps.set_dimmed(False)
        self.bars.set_dimmed(False)

    def _turn_to(self, page: QWidget) -> None:
        for control in self._map_controls:
            control.setVisible(page is self.maps)
        self.header.setVisible(bool(self.header.title.text()))
        self.header.arrange()
        self._pages.setCurrentWidget(page)

    def _rest(self, shown: ActivationsShown) -> str:
        """What the header says after the layer's name."""
        node = None
        if self._graph is not None and self._graph.network == shown.card.name:
            node = self._graph.node.get(shown.layer)
        # the input and output are called after what they are
        told = node is None or node.type_name in ("", shown.layer)
        type_name = "" if node is None or told else f" · {node.type_name}"
        if shown.maps.ndim == 1:
            said = self.tr("{count} values").format(count=len(shown.maps))
        elif shown.maps.ndim == 2:
            said = self.tr("one map, {size}").format(size=size_text(*shown.maps.shape))
        else:
            count = int(np.prod(shown.maps.shape[:-2]))
            said = self.tr("{shown} of {count} channels, {size}").format(
                shown=count, count=count, size=size_text(*shown.maps.shape[-2:])
            )
        return f"{type_name} → {said}"

    def _show_range(self) -> None:
        """The scale of colours: with numbers where one range holds for what is meant."""
        drawn = self.maps.mosaic
        if drawn is None:
            return
        chosen = self.maps.selected
        if self.scale.currentData() == "layer":
            low, high = float(drawn.low[0]), float(drawn.high[0])
        elif chosen >= 0:
            low, high = float(drawn.low[chosen]), float(drawn.high[chosen])
        else:
            self.bar.set_scale(
                colormap(self.colours.currentData()), self.tr("lowest"), self.tr("highest")
            )
            self._say_undefined(drawn.not_finite)
            self.header.arrange()
            return
        self.bar.set_scale(
            colormap(self.colours.currentData()), number_text(low), number_text(high)
        )
        self._say_undefined(drawn.not_finite)
        self.header.arrange()

    def _say_undefined(self, count: int) -> None:
        if count:
            self.header.status.setText(
                self.tr("{count} values are infinite or not a number.").format(count=count)
            )

    def _description(self, point: MapPoint) -> str:
        return self.tr("channel {channel} · row {y}, column {x} · {value}").format(
            channel=point.channel, y=point.y, x=point.x, value=number_text(point.values[0])
        )

    def _on_dim(self) -> None:
        self.maps.set_dimmed(True)
        self.bars.set_dimmed(True)

    def _on_colours_changed(self) -> None:
        name = self.colours.currentData()
        self.maps.set_colour_map(name)
        if self._shown is not None and self._pages.currentWidget() is self.maps:
            self.maps.set_signed(name == "diverging")
            self._show_range()

    def _on_scale_chosen(self, scale: str) -> None:
        self.maps.set_scale("layer" if scale == "layer" else "channel")
        self._show_range()

    def _on_fit(self) -> None:
        self.maps.set_tile_size(None)

    def _on_point_hovered(self, point: MapPoint | None) -> None:
        self.header.status.setText("" if point is None else self._description(point))

    def _on_map_selected(self, channel: int) -> None:  # noqa: ARG002 - the view knows it
        self._show_range()

    def _on_saved(self, path: str) -> None:
        self.header.status.setText(self.tr("Saved as {path}.").format(path=path))

    def _on_index_hovered(self, index: int) -> None:
        self.header.status.setText("" if index < 0 else self.bars.description(index))

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)
