"""All panels, joined to the state: what `MainWindow` is furnished with after its first paint."""

import itertools

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QTabWidget, QWidget

from cnn_explorer.gui.state.explorer import Explorer, is_weight, trains_only
from cnn_explorer.gui.state.framing_choice import FramingChoice
from cnn_explorer.gui.state.network_model import NetworkModel
from cnn_explorer.gui.state.picture_link import PictureLink, Units
from cnn_explorer.gui.state.series import PictureSeries
from cnn_explorer.gui.state.shown import (
    ActivationsShown,
    AnswersShown,
    EffectsShown,
    FiltersShown,
    NetworkShown,
    ProfileShown,
    SourceShown,
    TimesShown,
)
from cnn_explorer.gui.state.weights_choice import WeightsChoice
from cnn_explorer.gui.widgets.about_panel import AboutPanel
from cnn_explorer.gui.widgets.actions import TAB_TITLES
from cnn_explorer.gui.widgets.activations_panel import ActivationsPanel
from cnn_explorer.gui.widgets.answers_panel import AnswersPanel
from cnn_explorer.gui.widgets.code_panel import CodePanel
from cnn_explorer.gui.widgets.details_panel import DetailsPanel
from cnn_explorer.gui.widgets.filters_panel import FiltersPanel
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.input_panel import InputPanel
from cnn_explorer.gui.widgets.layers_panel import LayersPanel
from cnn_explorer.gui.widgets.maps_view import MapPoint
from cnn_explorer.gui.widgets.message_strip import MessageStrip
from cnn_explorer.gui.widgets.network_list import NetworkList
from cnn_explorer.gui.widgets.onnx_bar import OnnxBar
from cnn_explorer.gui.widgets.statistics_panel import StatisticsPanel
from cnn_explorer.gui.widgets.weights_bar import WeightsBar
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard


class Panels(QObject):
    """The panels, each showing what the state's signals carry and passing gestures back."""

    weights_got = Signal()
    """A download ended well."""

    def __init__(
        self, explorer: Explorer, networks: NetworkModel, choice: WeightsChoice, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._explorer = explorer
        # before the panels hear of a layer: they ask it where its units look
        self.picture_link = PictureLink(explorer, self)
        self.series = PictureSeries(explorer, self)
        self.network_list = NetworkList(networks)
        self.message_strip = MessageStrip()
        self.graph_view = GraphView()
        self.weights_bar = WeightsBar()
        self.graph_view.add_bar(self.weights_bar)
        self.onnx_bar = OnnxBar()
        self.graph_view.add_bar(self.onnx_bar)
        self.input_panel = InputPanel()
        self.answers_panel = AnswersPanel()
        self.activations_panel = ActivationsPanel()
        self.filters_panel = FiltersPanel()
        self.details_panel = DetailsPanel()
        self.code_panel = CodePanel()
        self.about_panel = AboutPanel()
        self.about_panel.set_networks(networks.cards())
        self.layers_panel = LayersPanel()
        self.statistics_panel = StatisticsPanel()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setAccessibleName(self.tr("Layer tabs"))
        pages = (
            self.activations_panel,
            self.filters_panel,
            self.details_panel,
            self.code_panel,
            self.about_panel,
            self.layers_panel,
            self.statistics_panel,
        )
        for number, (page, title) in enumerate(zip(pages, TAB_TITLES, strict=True)):
            self.tabs.addTab(page, self.tr(title))
            self.tabs.setTabToolTip(number, f"Ctrl+{number + 1}")

        explorer.network_opening.connect(self._on_network_opening)
        explorer.network_shown.connect(self._on_network_shown)
        explorer.network_failed.connect(self.graph_view.clear)
        explorer.network_failed.connect(self.layers_panel.clear)
        explorer.layout_changed.connect(self._on_layout_changed)
        explorer.picture_shown.connect(self._on_picture_shown)
        explorer.picture_cleared.connect(self._on_picture_cleared)
        explorer.run_started.connect(self._on_run_started)
        explorer.run_stopped.connect(self._on_run_stopped)
        explorer.answers_shown.connect(self._on_answers_shown)
        explorer.activations_shown.connect(self._on_activations_shown)
        explorer.effects_shown.connect(self._on_effects_shown)
        explorer.thumbnails_shown.connect(self.graph_view.show_thumbnails)
        explorer.layer_selected.connect(self._on_layer_selected)
        explorer.filters_shown.connect(self._on_filters_shown)
        explorer.source_shown.connect(self._on_source_shown)
        explorer.times_shown.connect(self._on_times_shown)
        explorer.profile_shown.connect(self._on_profile_shown)
        explorer.profile_stopped.connect(self.statistics_panel.show_stopped)
        explorer.network_failed.connect(self.statistics_panel.clear_profile)

        choice.offered.connect(self.weights_bar.show_offer)
        choice.weights_changed.connect(networks.refresh)
        choice.weights_changed.connect(self.about_panel.refresh)
        choice.weights_changed.connect(self.weights_got)
        choice.getting_told.connect(networks.show_getting)

        self.network_list.network_chosen.connect(explorer.choose_network)
        self.weights_bar.version_chosen.connect(choice.choose)
        self.onnx_bar.input_chosen.connect(explorer.open_onnx)
        self.weights_bar.get_asked.connect(choice.get)
        self.weights_bar.cancel_asked.connect(choice.cancel)
        self.graph_view.layer_clicked.connect(explorer.select_layer)
        self.graph_view.expansion_asked.connect(explorer.expand)
        self.graph_view.measure_asked.connect(self._on_times_wanted)
        self.layers_panel.measure_asked.connect(explorer.measure)
        self.layers_panel.layer_chosen.connect(self._on_row_chosen)
        self.activations_panel.maps.save_asked.connect(explorer.save_maps)
        self.filters_panel.maps.save_asked.connect(explorer.save_maps)
        self.statistics_panel.profile_asked.connect(explorer.profile)
        self.statistics_panel.layer_chosen.connect(self._on_row_chosen)
        self.statistics_panel.channel_chosen.connect(self.activations_panel.select_channel)
        self.activations_panel.channel_selected.connect(self.statistics_panel.set_channel)
        self.activations_panel.effects_wanted.connect(explorer.find_effects)
        self.input_panel.strip.watch(self.series)
        self.input_panel.sample_chosen.connect(explorer.open_file)
        self.input_panel.picture_chosen.connect(explorer.show_picture)
        self.input_panel.drawing_changed.connect(self._on_drawing_changed)
        self.input_panel.drawing_cleared.connect(explorer.clear_picture)

        self.activations_panel.maps.point_hovered.connect(self._on_map_point_hovered)
        self.picture_link.field_shown.connect(self.input_panel.show_field)
        self.input_panel.place_pointed.connect(self.picture_link.mark_place)
        self.input_panel.place_pointed.connect(self.activations_panel.enlarged.mark_place)
        self.picture_link.units_marked.connect(self._on_units_marked)
        self.picture_link.layer_placed.connect(self.activations_panel.enlarged.set_picture)
        self.activations_panel.enlarged.point_hovered.connect(self.picture_link.point_at_unit)
        self.activations_panel.enlarged.place_pointed.connect(self.input_panel.mark_place)

        # it offers for the picture that the panel has just shown
        self.framing_choice = FramingChoice(explorer, self)
        self.framing_choice.offered.connect(self.input_panel.show_framing)
        for view in (self.input_panel.picture_view, self.input_panel.live_page.view):
            view.frame_pulled.connect(self.framing_choice.move)
            view.frame_given_up.connect(self.framing_choice.give_up)
            view.frame_undo_asked.connect(self.framing_choice.take_back)
        self.input_panel.framing_bar.fit_chosen.connect(self.framing_choice.fit)
        self.input_panel.framing_bar.reset_asked.connect(self.framing_choice.reset)

    def set_tab_order(self) -> None:
        """Let Tab go as one reads and works: networks, weights, graph, picture, answers, layer.

        For panels that stand in one window.
        """
        panels = (
            self.network_list, self.message_strip, self.weights_bar, self.onnx_bar,
            self.graph_view,
            self.input_panel, self.answers_panel, self.tabs,
        )  # fmt: skip
        order: dict[QWidget, None] = {}  # the bar stands in the graph's panel too
        for panel in panels:
            order.update(dict.fromkeys(_in_tab_order(panel)))
        for before, after in itertools.pairwise(order):
            QWidget.setTabOrder(before, after)

    def _nothing_yet(self) -> str:
        network = self._explorer.network
        if network is not None and network.refusal:
            return network.refusal
        card = self._explorer.card
        if card is not None and card.preprocessing.kind == "digit":
            return self.tr(
                "Draw a digit, drop a picture or choose a sample: this shows what the layer makes "
                "of it."
            )
        return self.tr(
            "Drop a picture on the window or choose a sample: this shows what the layer makes "
            "of it."
        )

    @Slot(object)
    def _on_network_opening(self, card: NetworkCard) -> None:
        self.network_list.set_current(card.name)
        self.about_panel.show_card(card)
        self.graph_view.show_loading(card.title)
        self.layers_panel.clear()
        self.statistics_panel.clear_profile()
        self.input_panel.set_kind(card.preprocessing.kind, card.preprocessing.crop)
        if self._explorer.picture is not None:
            self.answers_panel.show_pending()
            self.activations_panel.show_stale()

    @Slot(object)
    def _on_network_shown(self, shown: NetworkShown) -> None:
        self.network_list.set_current(shown.card.name)
        self.about_panel.show_card(shown.card)
        self.input_panel.set_kind(shown.card.preprocessing.kind, shown.card.preprocessing.crop)
        self.input_panel.show_prepared(None)
        self.graph_view.show_network(shown)
        self.layers_panel.show_graph(shown.graph, shown.layout)
        if self._explorer.times is not None:  # this was on show before
            self._on_times_shown(self._explorer.times)
        self.onnx_bar.show_offer(shown.onnx)
        self.weights_bar.setVisible(shown.onnx is None)
        self.activations_panel.set_graph(shown.graph)
        self.statistics_panel.set_graph(shown.graph)
        self._on_profile_shown(self._explorer.depth_profile)
        self.answers_panel.clear()
        self._clear_layer(self._nothing_yet())

    @Slot(object)
    def _on_layout_changed(self, shown: NetworkShown) -> None:
        self.graph_view.show_layout(shown.expanded, shown.layout)
        self.layers_panel.show_layout(shown.layout)

    @Slot(object)
    def _on_picture_shown(self, picture: Picture) -> None:
        self.input_panel.show_picture(picture, live=self._explorer.picture_is_live)

    @Slot()
    def _on_picture_cleared(self) -> None:
        self.input_panel.show_prepared(None)
        self.answers_panel.clear()
        self._clear_layer(self._nothing_yet())
        self.statistics_panel.clear_profile()

    def _clear_layer(self, reason: str) -> None:
        """There is no output of a layer to be shown, for a reason."""
        self.activations_panel.clear(reason)
        self.statistics_panel.clear(reason)

    @Slot(str)
    def _on_run_started(self, layer: str) -> None:
        self.statistics_panel.offer_profile()
        self.answers_panel.show_pending(live=self._explorer.picture_is_live)
        if layer:
            self.activations_panel.show_pending(layer)

    @Slot()
    def _on_run_stopped(self) -> None:
        self.answers_panel.clear()
        stopped = self.tr("There is no answer to this picture. Click the layer to run it again.")
        self._clear_layer(self._why_silent(self._explorer.layer) or stopped)

    def _why_silent(self, name: str) -> str:
        """Why no run makes a layer or block put something out; empty where one does."""
        network = self._explorer.network
        if network is not None and trains_only(network.graph, name):
            return self.tr(
                "This part works in training alone: a prediction does not pass through it. "
                "Filters, Details and Code show it."
            )
        if network is not None and is_weight(network.graph, name):
            return self.tr("This is a weight and no layer: it puts out nothing. Filters shows it.")
        return ""

    @Slot(object)
    def _on_answers_shown(self, answers: AnswersShown) -> None:
        self.input_panel.show_prepared(answers.prepared)
        self.answers_panel.show_answers(answers)

    @Slot(object)
    def _on_activations_shown(self, shown: ActivationsShown) -> None:
        # of frames that follow each other, those that nobody sees are not drawn
        if self.activations_panel.isVisible() or not self._explorer.picture_is_live:
            self.activations_panel.show_activations(shown)
        self.statistics_panel.show_activations(shown)

    @Slot(object)
    def _on_effects_shown(self, shown: EffectsShown) -> None:
        self.activations_panel.show_effects(shown)

    @Slot(str)
    def _on_layer_selected(self, name: str) -> None:
        self.graph_view.set_selected(name)
        self.layers_panel.set_selected(name)
        self.statistics_panel.set_selected(name)
        network = self._explorer.network
        if network is None:
            return
        self.details_panel.show_layer(network.graph, name)
        silent = self._why_silent(name)
        if silent:
            self._clear_layer(silent)
        elif self._explorer.picture is None or network.refusal:
            self._clear_layer(self._nothing_yet())

    @Slot()
    def _on_times_wanted(self) -> None:
        if self._explorer.times is None:
            self._explorer.measure()
        else:
            self._on_times_shown(self._explorer.times)

    @Slot(object)
    def _on_times_shown(self, shown: TimesShown) -> None:
        network = self._explorer.network
        if network is not None and shown.graph is network.graph:
            self.graph_view.show_times(shown.times)
            self.layers_panel.show_times(shown.times)

    @Slot(object)
    def _on_profile_shown(self, shown: ProfileShown | None) -> None:
        self.statistics_panel.show_profile(shown)

    @Slot(str)
    def _on_row_chosen(self, name: str) -> None:
        self._explorer.reveal(name)
        self._explorer.select_layer(name)

    @Slot(object)
    def _on_filters_shown(self, shown: FiltersShown) -> None:
        self.filters_panel.show_filters(shown)

    @Slot(object)
    def _on_source_shown(self, shown: SourceShown) -> None:
        self.code_panel.show_source(shown)

    @Slot(object)
    def _on_drawing_changed(self, picture: Picture) -> None:
        self._explorer.show_picture(picture, live=True, drawn=True)

    @Slot(object)
    def _on_units_marked(self, units: Units | None) -> None:
        maps = self.activations_panel.maps
        maps.set_marked(*((None, None) if units is None else (units.rows, units.columns)))

    @Slot(object)
    def _on_map_point_hovered(self, point: MapPoint | None) -> None:
        self.picture_link.point_at_unit(None if point is None else (point.y, point.x))


def _in_tab_order(panel: QWidget) -> list[QWidget]:
    """What Tab stops at in a panel, in the panel's own order."""
    found, widget = [], panel
    while True:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
            found.append(widget)
        widget = _next(widget)
        while widget is not panel and not panel.isAncestorOf(widget):
            widget = _next(widget)
        if widget is panel:
            return found


def _next(widget: QWidget) -> QWidget:
    following = widget.nextInFocusChain()
    assert following is not None  # the chain is a ring
    return following
