"""What the selected layer computes from the picture: all its channels, or its values as bars."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIntValidator, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.gui.state.shown import ActivationsShown, EffectsShown
from cnn_explorer.gui.widgets.enlarged_map import EnlargedMap
from cnn_explorer.gui.widgets.maps_view import (
    LARGEST_TILE,
    SMALLEST_TILE,
    MapPoint,
    MapsView,
)
from cnn_explorer.gui.widgets.panel_parts import (
    ColourBar,
    EmptyState,
    IconButton,
    PanelHeader,
    SizeSlider,
    file_stem,
    size_text,
)
from cnn_explorer.gui.widgets.shading_bar import ShadingBar
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.probe.colormaps import bar_colours
from cnn_explorer.probe.mosaic import Mosaic
from cnn_explorer.probe.statistics import order_of
from cnn_explorer.text import number_text

_DIM_AFTER = 150  # ms; answers while drawing come sooner, and should not flicker


class ActivationsPanel(QWidget):
    """A header line with the layer, its shape and the controls; below it maps or bars."""

    effects_wanted = Signal(bool)
    """The channels are to be sorted by their effect on the answer, which is not known yet; whether
    a person has just asked for that, or it is but another layer or picture."""
    look_changed = Signal(object)
    """The `MapsLook` that a person chose."""
    channel_selected = Signal(int)
    """A channel, or -1 for none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ActivationsShown | None = None
        self._effects: EffectsShown | None = None
        self._graph: LayerGraph | None = None
        self._look = MapsLook()
        self._signed = False
        self._heading: tuple[str, str, bool] | None = None
        self._turned: tuple[QWidget, bool, bool] | None = None

        self.bar = ColourBar()
        self.sort = QComboBox()
        self.sort.setMinimumWidth(64)
        self.sort.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        for title, key in (
            (self.tr("By number"), "index"),
            (self.tr("By mean"), "mean"),
            (self.tr("By maximum"), "maximum"),
            (self.tr("By deviation"), "deviation"),
            (self.tr("By zeros"), "sparsity"),
            (self.tr("By effect"), "effect"),
        ):
            self.sort.addItem(title, key)
        self.sort.setAccessibleName(self.tr("Order of the channels"))
        self.sort.setToolTip(
            self.tr(
                "The order of the channels, most first. Effect: how much a channel speaks for "
                "the likeliest class (gradient times activation)."
            )
        )
        self.dead = QToolButton()
        self.dead.setCheckable(True)
        self.dead.setAccessibleName(self.tr("Hide dead channels"))
        self.channel_box = QLineEdit()
        self.channel_box.setPlaceholderText(self.tr("Channel"))
        self.channel_box.setValidator(QIntValidator(0, 99_999, self.channel_box))
        self.channel_box.setMaximumWidth(72)
        self.channel_box.setAccessibleName(self.tr("Go to a channel"))
        self.channel_box.setToolTip(self.tr("Go to the channel with this number (Ctrl+G)."))
        self.size_slider = SizeSlider(SMALLEST_TILE, LARGEST_TILE)
        self.fit = IconButton(
            "ph.corners-out", self.tr("Fit"),
            self.tr("Choose the size that shows as many maps as possible (Ctrl+0)."),
        )  # fmt: skip
        self.colours_button = IconButton(
            "ph.palette", self.tr("Colours"),
            self.tr("Show how values become colours: colour map, scale, clipping, gamma."),
        )  # fmt: skip
        self.colours_button.setCheckable(True)
        self._map_controls = (self.bar, self.size_slider, self.fit, self.colours_button)
        self.header = PanelHeader(
            (
                self.bar,
                self.sort,
                self.dead,
                self.channel_box,
                self.size_slider,
                self.fit,
                self.colours_button,
            )
        )
        self.shading = ShadingBar()
        self.shading.hide()

        self.maps = MapsView()
        self.maps.setAccessibleName(self.tr("Maps of the layer"))
        self.maps.set_describer(self._description)
        self.enlarged = EnlargedMap()
        self.bars = ValueBars()
        self.empty = EmptyState()
        self._pages = QStackedWidget()
        for page in (self.empty, self.maps, self.enlarged, self.bars):
            self._pages.addWidget(page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.header)
        box.addWidget(self.shading)
        box.addWidget(self._pages, 1)

        self._dim = QTimer(self)
        self._dim.setSingleShot(True)
        self._dim.setInterval(_DIM_AFTER)
        self._dim.timeout.connect(self._on_dim)
        go = QShortcut(QKeySequence("Ctrl+G"), self)
        go.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        go.activated.connect(self._on_go_asked)
        self.sort.currentIndexChanged.connect(self._on_order_chosen)
        self.dead.toggled.connect(self._on_order_chosen)
        self.channel_box.returnPressed.connect(self._on_find)
        self.colours_button.toggled.connect(self._on_colours_asked)
        self.shading.look_changed.connect(self._on_shading_chosen)
        self.size_slider.size_chosen.connect(self.maps.set_tile_size)
        self.fit.clicked.connect(self._on_fit)
        self.maps.tile_size_changed.connect(self.size_slider.set_size)
        self.maps.point_hovered.connect(self._on_point_hovered)
        self.maps.map_selected.connect(self._on_map_selected)
        self.maps.map_enlarged.connect(self._on_map_enlarged)
        self.enlarged.left.connect(self._on_left)
        self.enlarged.channel_stepped.connect(self.maps.step)
        self.enlarged.mode_changed.connect(self._on_view_chosen)
        self.enlarged.opacity_changed.connect(self._on_view_chosen)
        self.bars.index_hovered.connect(self._on_index_hovered)
        self.clear("")

    @property
    def look(self) -> MapsLook:
        """How maps are shown."""
        return self._look

    def set_look(self, look: MapsLook) -> None:
        """Show maps so, without a signal."""
        self._look = look
        with QSignalBlocker(self.sort), QSignalBlocker(self.dead):
            self.sort.setCurrentIndex(self.sort.findData(look.sort))
            self.dead.setChecked(look.hide_dead)
        self.shading.show_look(look)
        with QSignalBlocker(self.enlarged):
            self.enlarged.set_mode(look.view)
            self.enlarged.set_opacity(look.opacity)
        self._apply_look()

    def set_graph(self, graph: LayerGraph | None) -> None:
        """The graph of the network shown, for the class of a layer in the header line."""
        self._graph = graph

    def show_activations(self, shown: ActivationsShown) -> None:
        """Show what a layer computed."""
        before = self._shown
        same = before is not None and (before.card, before.layer) == (shown.card, shown.layer)
        self._settle()
        self._shown = shown
        if before is None or shown.maps is not before.maps:  # a quiet run gives the same again
            self._effects = None
        self.header.badge.set_untrained(not shown.trained)
        self.header.status.setText("")
        maps = shown.maps
        page: QWidget = self.bars if self._is_flat(shown) else self.maps
        if maps.size == 0:
            page = self.empty
            self.empty.setText(self.tr("This layer's output is empty."))
        elif page is self.bars:
            if not same:
                self.bars.set_read(-1)
        else:
            if not same:
                self.maps.clear()
            self.maps.set_file_name(
                file_stem(shown.card.name, shown.layer),
                f"{shown.card.title} · {shown.layer}",
            )
            # two dimensions, as in sequences, are one map
            lowest = float(maps.min())
            finite = math.isfinite(lowest)
            self._signed = lowest < 0 if finite else shown.statistics.signed
            self.maps.show_maps(
                maps.reshape(-1, *maps.shape[-2:]), signed=self._look.centred(self._signed)
            )
        self._apply_look()
        if self._look.sort == "effect" and maps.size and self._effects is None:
            self.effects_wanted.emit(False)
        self._turn_to(page)

    @property
    def channel(self) -> int:
        """The channel selected, or -1."""
        return self.maps.selected

    def select_channel(self, channel: int) -> None:
        """Select a channel, if it is shown; -1 selects none."""
        if self._shown is not None and self._is_flat(self._shown):
            self.bars.set_read(self._bar_of(channel))
        else:
            self.maps.select(channel)

    def show_effects(self, effects: EffectsShown) -> None:
        """Sort by these, if that is how channels are to be sorted."""
        shown = self._shown
        if shown is None or effects.layer != shown.layer:
            return
        if len(effects.effects) != len(self._rows(shown)):
            return
        self._effects = effects
        if self._look.sort == "effect":
            self._apply_look()
            said = self.tr("sorted by the effect on {name}").format(name=effects.class_name)
            if shown.arithmetic.precision == "fast":
                said += self.tr(", worked out exactly")
            self.header.status.setText(said)

    def show_pending(self, layer: str) -> None:
        """A layer is being computed: what was shown stays, dimmed if it takes longer."""
        self._heading = None
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
        self._heading = None
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
        self.enlarged.set_dimmed(False)
        self.bars.set_dimmed(False)

    def _turn_to(self, page: QWidget) -> None:
        if page is self.maps and self.maps.enlarged >= 0:
            page = self.enlarged
        turned = page, self.colours_button.isChecked(), bool(self.header.title.text())
        if turned == self._turned:
            return
        self._turned = turned
        in_colours = page in (self.maps, self.enlarged)
        for control in self._map_controls:
            control.setVisible(in_colours)
        for control in (self.size_slider, self.fit):
            control.setVisible(page is self.maps)
        for ordering in (self.sort, self.dead):
            ordering.setVisible(page in (self.maps, self.bars))
        self.channel_box.setVisible(page is not self.empty)
        self.shading.setVisible(in_colours and self.colours_button.isChecked())
        self.header.setVisible(bool(self.header.title.text()))
        self.header.arrange()
        self._pages.setCurrentWidget(page)

    def _rest(self, shown: ActivationsShown, hidden: int) -> str:
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
                shown=count - hidden, count=count, size=size_text(*shown.maps.shape[-2:])
            )
        if shown.arithmetic.precision == "fast":
            said += self.tr(" · fast: {how}").format(how=shown.arithmetic.how)
        return f"{type_name} → {said}"

    @staticmethod
    def _is_flat(shown: ActivationsShown) -> bool:
        return shown.maps.ndim == 1 or shown.maps.size == len(shown.maps)

    @staticmethod
    def _rows(shown: ActivationsShown) -> npt.NDArray[np.float32]:
        """The channels, one a row, as the views have them."""
        maps = shown.maps
        return maps.reshape(-1) if maps.ndim == 1 else maps.reshape(-1, *maps.shape[-2:])

    def _apply_look(self) -> None:
        """Colours and order as chosen, of what is shown."""
        shown, look = self._shown, self._look
        if shown is None or not shown.maps.size:
            return
        dead = self._dead(shown)
        order = self._order(shown, dead)
        if self._is_flat(shown):
            self.bars.show_values(shown.maps.reshape(-1), shown.class_names, order)
        else:
            self.maps.set_colour_map(look.colour_map(self._signed))
            self.maps.set_shading(look.shading(self._signed))
            self.maps.set_smooth(look.smooth)
            self.maps.set_order(order)
            self._show_range()
            self._show_enlarged()
        count = int(np.count_nonzero(dead))
        hidden = count if look.hide_dead else 0
        said = self.tr("{count} dead").format(count=count)
        heading = shown.layer, self._rest(shown, hidden), shown.trained
        new = said != self.dead.text() or heading != self._heading
        self.dead.setEnabled(count > 0 or look.hide_dead)
        if not new:  # as from frame to frame: nothing is to be laid out
            return
        self._heading = heading
        self.dead.setText(said)
        self.dead.setToolTip(
            self.tr(
                "{count} channels are zero everywhere for this picture. Press to hide or to "
                "show them."
            ).format(count=count)
        )
        self.header.title.set_title(*heading[:2])
        self.header.arrange()

    def _dead(self, shown: ActivationsShown) -> npt.NDArray[np.bool_]:
        """Which channels are zero everywhere."""
        drawn = self.maps.mosaic
        if self._is_flat(shown) or drawn is None or drawn.not_finite:
            return shown.statistics.channels.dead
        # the mosaic knows which maps have but one value: no further pass over all of them
        dead: npt.NDArray[np.bool_] = drawn.flat & (self._rows(shown)[:, 0, 0] == 0)
        return dead

    def _order(
        self, shown: ActivationsShown, dead: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.intp] | None:
        look = self._look
        if look.sort != "index":
            effect = None if self._effects is None else self._effects.effects
            return order_of(shown.statistics, look.sort, effect=effect, hide_dead=look.hide_dead)
        return np.flatnonzero(~dead) if look.hide_dead and dead.any() else None

    def _show_range(self) -> None:
        """The scale of colours: with numbers where one range holds for what is meant."""
        drawn = self.maps.mosaic
        if drawn is None:
            return
        chosen, shading = self.maps.selected, self.maps.shading
        colours = bar_colours(self.maps.colour_map, shading)
        centred = self._look.centred(self._signed)
        low, high = ("−", "+") if centred else (self.tr("min"), self.tr("max"))
        if shading.scale != "channel" or chosen >= 0:
            at = max(0, chosen)
            low, high = number_text(float(drawn.low[at])), number_text(float(drawn.high[at]))
        if shading.scale == "fixed" or shading.clip > 0:  # there may be values beyond
            low, high = f"≤ {low}", f"≥ {high}"
        ends = self.bar.ends()
        self.bar.set_scale(colours, low, high)
        self._say_undefined(drawn)
        if self.bar.ends() != ends:
            self.header.arrange()

    def _say_undefined(self, drawn: Mosaic) -> None:
        said = []
        if drawn.not_a_number:
            said.append(self.tr("not a number (magenta): {count}").format(count=drawn.not_a_number))
        if drawn.infinite:
            said.append(self.tr("infinite (cyan): {count}").format(count=drawn.infinite))
        if said:
            self.header.status.setText(" · ".join(said))

    def _description(self, point: MapPoint) -> str:
        return self.tr("{value} · channel {channel} · row {y}, column {x}").format(
            channel=point.channel, y=point.y, x=point.x, value=number_text(point.values[0])
        )

    def _on_dim(self) -> None:
        self.maps.set_dimmed(True)
        self.enlarged.set_dimmed(True)
        self.bars.set_dimmed(True)

    def _on_colours_asked(self, wanted: bool) -> None:
        shown = self._pages.currentWidget()
        self.shading.setVisible(wanted and shown in (self.maps, self.enlarged))

    def _on_shading_chosen(self, look: MapsLook) -> None:
        kept = self._look
        self._choose(
            replace(
                look, sort=kept.sort, hide_dead=kept.hide_dead, view=kept.view,
                opacity=kept.opacity,
            )
        )  # fmt: skip

    def _on_order_chosen(self) -> None:
        self._choose(
            replace(self._look, sort=self.sort.currentData(), hide_dead=self.dead.isChecked())
        )

    def _choose(self, look: MapsLook) -> None:
        wants_effects = look.sort == "effect" != self._look.sort
        self._look = look
        self.shading.show_look(look)
        if look.sort != "effect":
            self.header.status.setText("")
        self._apply_look()
        self.look_changed.emit(look)
        if wants_effects and self._shown is not None and self._effects is None:
            self.effects_wanted.emit(True)

    def _bar_of(self, channel: int) -> int:
        """Where the bar of a channel stands; -1 for none."""
        shown = self._shown
        if shown is None or not 0 <= channel < len(self._rows(shown)):
            return -1
        order = self._order(shown, self._dead(shown))
        at = [channel] if order is None else np.flatnonzero(order == channel).tolist()
        return int(at[0]) if at else -1

    def _on_go_asked(self) -> None:
        if self.channel_box.isVisible():
            self.channel_box.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.channel_box.selectAll()

    def _on_find(self) -> None:
        """Go to the channel that was typed, or say why not."""
        shown = self._shown
        if shown is None or not self.channel_box.text():
            return
        channel = int(self.channel_box.text())
        count = len(self._rows(shown))
        if channel >= count:
            said = self.tr("The channels of this layer go from 0 to {last}.")
            self.header.status.setText(said.format(last=count - 1))
        elif self._is_flat(shown):
            self.bars.set_read(self._bar_of(channel))
        elif self.maps.is_shown(channel):
            self.maps.select(channel)
            self.maps.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            said = self.tr("Channel {channel} is dead and hidden.")
            self.header.status.setText(said.format(channel=channel))

    def _on_fit(self) -> None:
        self.maps.set_tile_size(None)

    def _on_point_hovered(self, point: MapPoint | None) -> None:
        self.header.status.setText("" if point is None else self._description(point))

    def _on_map_selected(self, channel: int) -> None:
        self._show_range()
        self.channel_selected.emit(channel)

    def _on_map_enlarged(self, channel: int) -> None:
        if self._pages.currentWidget() not in (self.maps, self.enlarged):
            return
        had_focus = self.maps.hasFocus() or self.enlarged.canvas.hasFocus()
        self._show_enlarged()
        self._turn_to(self.maps)
        if had_focus:
            shown = self.maps if channel < 0 else self.enlarged
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_enlarged(self) -> None:
        """Show the map that is to be seen alone, as it is now."""
        channel = self.maps.enlarged
        if channel < 0:
            return
        self.enlarged.set_smooth(self._look.smooth)
        self.enlarged.show_map(
            self.maps.values_of(channel).copy(),  # a view would keep the whole layer
            self.maps.small_image(channel),
            self.tr("channel {channel}").format(channel=channel),
        )

    def _on_left(self) -> None:
        self.maps.enlarge(-1)

    def _on_view_chosen(self) -> None:
        look = replace(self._look, view=self.enlarged.mode, opacity=self.enlarged.opacity)
        self._look = look
        self.look_changed.emit(look)

    def _on_index_hovered(self, index: int) -> None:
        self.header.status.setText("" if index < 0 else self.bars.description(index))

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)
