"""The main window: the frame of docks and commands. It is painted before its panels exist."""

from __future__ import annotations

import html
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QPaintEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.settings import PrecisionChoice, Settings, ThemeChoice, ThumbnailChoice
from cnn_explorer.gui.widgets.actions import TAB_TITLES, Actions
from cnn_explorer.gui.widgets.dock import Dock
from cnn_explorer.gui.widgets.status import StatusBar
from cnn_explorer.gui.widgets.tab_walk import step_focus
from cnn_explorer.gui.widgets.theme import apply_theme, is_dark
from cnn_explorer.media.formats import PICTURES, patterns
from cnn_explorer.text import in_menu, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    # imported after the first paint, which they would delay several times over
    from cnn_explorer.gui.state.addresses import Addresses
    from cnn_explorer.gui.state.explorer import Explorer, Message
    from cnn_explorer.gui.state.live import Live
    from cnn_explorer.gui.state.series import SeriesShown
    from cnn_explorer.gui.state.shown import ExportChoice, NetworkShown
    from cnn_explorer.gui.widgets.arrivals import Arrivals
    from cnn_explorer.gui.widgets.comparing import Comparing
    from cnn_explorer.gui.widgets.drop import DropHint
    from cnn_explorer.gui.widgets.panels import Panels
    from cnn_explorer.gui.widgets.watching import Watching
    from cnn_explorer.media.gather import Gathered
    from cnn_explorer.networks.card import NetworkCard

_STATE_VERSION = 1
"""Of the panels' places: raised when docks change, so that old places are not misread."""
_MOST_FOLDERS = 3
"""So many of the folders that were opened together are remembered as opened lately."""


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def _accept_copy(event: QDropEvent) -> None:
    """Take a drag as a copy: a source that wants to move its file would delete it. One that gives
    links alone gets what it proposes."""
    copy = Qt.DropAction.CopyAction
    event.setDropAction(copy if event.possibleActions() & copy else event.proposedAction())
    event.accept()


class MainWindow(QMainWindow):
    """Networks left, graph in the middle, picture and answers right, the layer below."""

    painted = Signal()
    """The window has been painted for the first time."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._painted = False
        # given by `furnish`, after the first paint; commands and drops are taken only from then on
        self.panels: Panels | None = None
        self._explorer: Explorer
        self._drop_hint: DropHint
        self._comparing: Comparing
        self._arrivals: Arrivals
        self._addresses: Addresses
        self.live: Live
        self.watching: Watching
        self._export_choice: ExportChoice | None = None
        self.setObjectName("main_window")
        self.setWindowTitle(self.tr("CNN Explorer"))
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self.setUnifiedTitleAndToolBarOnMac(True)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)

        self.status = StatusBar()
        self.setStatusBar(self.status)
        middle = QWidget()
        self._column = QVBoxLayout(middle)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addStretch(1)
        self.setCentralWidget(middle)

        left = Qt.DockWidgetArea.LeftDockWidgetArea
        right = Qt.DockWidgetArea.RightDockWidgetArea
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self.networks_dock = self._dock("networks", self.tr("Networks"), QWidget(), left)
        self.input_dock = self._dock("input", self.tr("Picture"), QWidget(), right)
        self.answers_dock = self._dock("answers", self.tr("Answers"), QWidget(), right)
        self.layer_dock = self._dock("layer", self.tr("Layer"), QWidget(), bottom)
        self._docks = (self.networks_dock, self.input_dock, self.answers_dock, self.layer_dock)

        titles = [self.tr(title) for title in TAB_TITLES]
        self.commands = Actions(self, titles, settings.theme, settings.size)
        self._recent_menu = self.commands.fill_menus(self._docks)
        self.addToolBar(self.commands.tool_bar())
        self.commands.quit.triggered.connect(self.close)
        self._usual_places()
        self._default_state = self.saveState(_STATE_VERSION)
        if not self.restoreGeometry(settings.geometry):
            self.resize(1440, 900)
        self.restoreState(settings.panels, _STATE_VERSION)

    # building

    def _dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> Dock:
        dock = Dock(name, title, widget, self)
        self.addDockWidget(area, dock)
        return dock

    def compare(self, networks: Sequence[str]) -> None:
        """Show these networks side by side."""
        self._comparing.enter().compare(networks)

    def furnish(self, explorer: Explorer, panels: Panels) -> None:
        """Put the panels into the frame and take commands from now on.

        They come after the first paint: their imports take longer than all before together.
        """
        from cnn_explorer.gui.state.live import Live
        from cnn_explorer.gui.state.maps_look import MapsLook
        from cnn_explorer.gui.widgets.arrivals import Arrivals
        from cnn_explorer.gui.widgets.comparing import Comparing
        from cnn_explorer.gui.widgets.drop import DropHint
        from cnn_explorer.gui.widgets.live_sight import LiveSight
        from cnn_explorer.gui.widgets.watching import Watching

        self._explorer = explorer
        self.panels = panels
        self._drop_hint = DropHint(self)
        self._column.takeAt(0)  # the stretch that kept their place
        self._column.addWidget(panels.message_strip)
        self._column.addWidget(panels.graph_view, 1)
        for dock, panel in (
            (self.networks_dock, panels.network_list),
            (self.input_dock, panels.input_panel),
            (self.answers_dock, panels.answers_panel),
            (self.layer_dock, panels.tabs),
        ):
            empty = dock.widget()
            if dock is self.layer_dock:
                dock.set_tabs(panels.tabs)
            else:
                dock.setWidget(panel)
            empty.deleteLater()
        self.live = Live(explorer, self)
        sight = LiveSight(self, explorer, self.live, panels)
        self._comparing = Comparing(self, explorer, panels, self._settings, self._column)
        self._comparing.made.connect(sight.follow)
        self.watching = Watching(self, panels, self._settings, explorer, self.live)
        self.watching.changed.connect(self._name_window)
        self._arrivals = Arrivals(self, explorer, panels.series, self._comparing)
        panels.set_tab_order()
        panels.tabs.setCurrentIndex(min(self._settings.tab, panels.tabs.count() - 1))
        panels.layers_panel.set_widths(self._settings.table_widths)
        panels.graph_view.colour_by(self._settings.coloured_by)
        panels.activations_panel.set_look(MapsLook.from_text(self._settings.maps_look))
        panels.activations_panel.colours_button.setChecked(self._settings.shading_open)
        panels.answers_panel.set_smoothing(self._settings.smooth_answers)
        self.commands.check_colour(panels.graph_view.coloured_by)
        panels.network_list.restore(self._settings.open_families, self._settings.only_at_hand)
        # sizes asked for while the docks were empty are asked for again
        if not self.restoreState(self._settings.panels, _STATE_VERSION):
            self._usual_places()
        self._join(explorer, panels)
        # a drop anywhere is a drop on the window: no child may keep it for itself
        for child in self.findChildren(QWidget):
            if child.acceptDrops():
                child.setAcceptDrops(False)
        self.setAcceptDrops(True)
        self._load_icons()

    def _join(self, explorer: Explorer, panels: Panels) -> None:
        actions = self.commands
        actions.open.triggered.connect(self.open_picture)
        actions.paste.triggered.connect(self.paste_picture)
        actions.weights.triggered.connect(self.open_weights)
        actions.open_onnx.triggered.connect(self.open_onnx)
        actions.choose_weights.triggered.connect(panels.weights_bar.focus_versions)
        actions.export.triggered.connect(self.export_graph)
        actions.export_onnx.triggered.connect(self.export_onnx)
        actions.compare_facts.triggered.connect(self.compare_facts)
        actions.find_network.triggered.connect(self._find_network)
        graph, search = panels.graph_view, panels.graph_view.search_bar
        actions.find_layer.triggered.connect(search.open_search)
        actions.find_next.triggered.connect(search.find_next)
        actions.find_previous.triggered.connect(search.find_previous)
        actions.producer.triggered.connect(graph.go_to_producer)
        actions.consumer.triggered.connect(graph.go_to_consumer)
        graph.addActions([actions.producer, actions.consumer])
        at_hand = panels.network_list.at_hand_button
        actions.only_at_hand.setChecked(at_hand.isChecked())
        actions.only_at_hand.toggled.connect(at_hand.setChecked)
        at_hand.toggled.connect(actions.only_at_hand.setChecked)
        self._join_graph(actions, panels)
        self._join_series(actions, panels)
        actions.stop.triggered.connect(self._on_escape)
        actions.full_screen.triggered.connect(self._toggle_full_screen)
        actions.next_panel.triggered.connect(self._next_panel)
        actions.previous_panel.triggered.connect(self._previous_panel)
        actions.reset_panels.triggered.connect(self.reset_panels)
        actions.keys.triggered.connect(self._show_keys)
        actions.about.triggered.connect(self._show_about)
        actions.tab_asked.connect(self.show_layer_tab)
        actions.theme_asked.connect(self._on_theme_asked)
        actions.size_asked.connect(self._on_size_asked)
        actions.colour_asked.connect(panels.graph_view.colour_by)
        panels.graph_view.coloured_by_changed.connect(actions.check_colour)
        panels.layers_panel.export_asked.connect(self.export_table)
        actions.thumbnails_asked.connect(self._on_thumbnails_asked)
        menu = QMenu(panels.graph_view)
        menu.addActions(list(actions.thumbnails.values()))
        panels.graph_view.thumbnails_button.setMenu(menu)
        self._on_thumbnails_asked(self._settings.thumbnails)
        actions.precision_asked.connect(self._on_precision_asked)
        actions.check_precision(self._settings.precision)
        actions.cache_asked.connect(self._on_cache_asked)
        actions.allow_private.setChecked(self._settings.allow_private)
        actions.allow_private.toggled.connect(self._on_private_allowed)
        self._join_addresses(explorer)
        actions.check_cache(self._settings.cache_mb)
        explorer.arithmetic_told.connect(self.status.show_arithmetic)
        panels.answers_panel.smoothing_chosen.connect(self._on_smoothing_chosen)
        self.status.show_precision(self._settings.precision)
        self._recent_menu.aboutToShow.connect(self._fill_recent)
        self._comparing.changed.connect(self._allow_escape)
        explorer.network_opening.connect(self._on_network_opening)
        explorer.network_opened.connect(self._on_trouble_over)
        explorer.network_shown.connect(self._on_network_shown)
        explorer.picture_shown.connect(self._on_picture_shown)
        explorer.message_shown.connect(self._on_message)
        explorer.busy_changed.connect(self._on_busy_changed)
        explorer.file_opened.connect(self._on_file_opened)
        panels.weights_got.connect(self._on_trouble_over)
        panels.network_list.compare_asked.connect(self._on_compare_asked)
        panels.input_panel.open_asked.connect(self.open_picture)
        panels.input_panel.paste_asked.connect(self.paste_picture)
        panels.message_strip.close_button.clicked.connect(self._allow_escape)
        self.status.cancel_asked.connect(explorer.cancel)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    def _join_addresses(self, explorer: Explorer) -> None:
        from cnn_explorer.gui.state.addresses import Addresses
        from cnn_explorer.gui.state.fetching import Fetching

        self._addresses = Addresses(explorer, Fetching(self), self)
        self._addresses.file_named.connect(self._arrivals.open_path)
        self._addresses.message_shown.connect(self._on_message)
        self._addresses.busy_changed.connect(self._on_busy_changed)
        self.status.cancel_asked.connect(self._addresses.cancel)

    def _join_graph(self, actions: Actions, panels: Panels) -> None:
        from cnn_explorer.gui.widgets.motion_preference import MotionPreference

        view, settings = panels.graph_view, self._settings
        actions.expand_all.triggered.connect(view.expand_all)
        actions.collapse_all.triggered.connect(view.collapse_all)
        actions.deeper.triggered.connect(view.show_deeper)
        actions.less_deep.triggered.connect(view.show_less_deep)
        actions.fit.triggered.connect(view.canvas.fit)
        actions.full_zoom.triggered.connect(view.canvas.zoom_to_full)
        actions.zoom_to_selection.triggered.connect(view.canvas.zoom_to_selection)
        actions.left_to_right.setChecked(settings.left_to_right)
        actions.left_to_right.triggered.connect(self._on_direction_asked)
        view.direction_asked.connect(self._on_direction_asked)
        actions.minimap.setChecked(settings.minimap)
        view.minimap.set_wanted(settings.minimap)
        actions.minimap.toggled.connect(self._on_minimap_asked)
        actions.animate.setChecked(settings.animate)
        view.canvas.set_animated(settings.animate)
        actions.animate.toggled.connect(self._on_animate_asked)
        view.legend.choose(settings.legend_folded)
        motion = MotionPreference(self)
        motion.reduced.connect(view.canvas.reduce_motion)
        motion.ask()

    def _join_series(self, actions: Actions, panels: Panels) -> None:
        series = panels.series
        series.set_seconds(self._settings.slide_seconds)
        series.set_loops(self._settings.slide_show_loops)
        series.changed.connect(self._on_series_changed)
        series.gathered.connect(self._on_gathered)
        actions.open_folder.triggered.connect(self.open_folder)
        actions.next_picture.triggered.connect(series.next)
        actions.previous_picture.triggered.connect(series.previous)
        actions.slide_show.triggered.connect(series.play)

    def _load_icons(self) -> None:
        self.commands.load_icons()
        self.status.load_icons()
        for dock in self._docks:
            dock.load_icons()

    def _usual_places(self) -> None:
        self.resizeDocks(
            [self.networks_dock, self.input_dock], [264, 316], Qt.Orientation.Horizontal
        )
        # in a low window the graph needs the room more: ResNet-152 is to be seen whole in 1280x800
        layer = min(300, round(self.height() * 0.32))
        self.resizeDocks([self.layer_dock], [layer], Qt.Orientation.Vertical)
        self.resizeDocks([self.input_dock, self.answers_dock], [440, 300], Qt.Orientation.Vertical)

    # commands

    @Slot()
    def open_picture(self) -> None:
        """Ask for a picture file and classify it, or for several and show them one by one."""
        names, _ = QFileDialog.getOpenFileNames(
            self,
            self.tr("Open Pictures"),
            self._settings.folder,
            self.tr("Pictures ({});;All files (*)").format(patterns(PICTURES)),
        )
        if names:
            self._arrivals.open_paths([Path(name) for name in names])

    @Slot()
    def open_folder(self) -> None:
        """Ask for a folder and show its pictures one by one."""
        name = QFileDialog.getExistingDirectory(
            self, self.tr("Open a Folder of Pictures"), self._settings.folder
        )
        if name and self.panels is not None:
            self.panels.series.open([Path(name)])

    def open_video(self, path: Path) -> None:
        """Play a video file to the network."""
        self.watching.open_video(path)

    @Slot()
    def paste_picture(self) -> None:
        """Classify what is on the clipboard: an image, copied files, or where a picture lies."""
        from cnn_explorer.gui.widgets.drop import offered

        # an empty clipboard has no data at all
        offer = offered(QGuiApplication.clipboard().mimeData() or QMimeData())
        nothing = self.tr("There is no picture on the clipboard; copy one first.")
        self._arrivals.take(offer, self.tr("Pasted picture"), nothing)

    def open_path(self, path: Path) -> None:
        """Open a picture, a folder, a video, weights or a network, as a drop of it does."""
        self._arrivals.open_path(path)

    def open_address(self, url: str) -> None:
        """Open what an address names: a picture of the web, one within the address, or a file."""
        self._addresses.open(url, allow_private=self._settings.allow_private)

    @Slot()
    def open_weights(self) -> None:
        """Ask for a state dict and open it: in the network shown, or else in the one it fits."""
        from cnn_explorer.networks.weights import SUFFIXES

        name, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Open Weights"),
            self._settings.folder,
            self.tr("State dicts ({});;All files (*)").format(patterns(SUFFIXES)),
        )
        if name:
            self._explorer.open_weights(Path(name))

    @Slot()
    def open_onnx(self) -> None:
        """Ask for an ONNX file and show it as a network."""
        name, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Open ONNX"),
            self._settings.folder,
            self.tr("ONNX networks (*.onnx);;All files (*)"),
        )
        if name:
            self._explorer.open_onnx(Path(name))

    @Slot()
    def export_graph(self) -> None:
        """Ask what of the graph to save and where, and save it."""
        network = self._explorer.network
        if network is None:
            self.say(self.tr("There is no graph to export yet; choose a network."))
            return
        from cnn_explorer.graph.hierarchy import deepest
        from cnn_explorer.gui.state.shown import ExportChoice
        from cnn_explorer.gui.widgets.export_dialog import ExportDialog

        dialog = ExportDialog(
            network.card.title,
            self._export_choice
            or ExportChoice(thumbnails=self._explorer.drawing_options.thumbnails),
            deepest=deepest(network.graph),
            thumbnails=self._explorer.picture is not None,
            parent=self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._on_export_chosen)
        dialog.open()

    @Slot()
    def _on_export_chosen(self) -> None:
        dialog = self.sender()
        self._export_choice = choice = dialog.choice()  # type: ignore[attr-defined]
        path = self._ask_where_to_save(
            self.tr("Export the Graph of {}"),
            choice.suffix,
            f"{choice.suffix[1:].upper()} (*{choice.suffix})",
        )
        if path is not None:
            coloured_by = "" if self.panels is None else self.panels.graph_view.coloured_by
            self._explorer.export_graph(
                path, choice, dark=is_dark(self.palette()), coloured_by=coloured_by
            )

    @Slot(str)
    def export_table(self, text: str) -> None:
        """Ask for a file and save the table of layers in it."""
        from cnn_explorer.errors import ExplorerError
        from cnn_explorer.media.save import write_text
        from cnn_explorer.text import capitalised

        path = self._ask_where_to_save(
            self.tr("Export the layers of {}"),
            "-layers.csv",
            self.tr("Comma-separated values (*.csv);;All files (*)"),
        )
        if path is None:
            return
        try:
            write_text(path, text)
        except ExplorerError as error:
            self.say(capitalised(str(error)), "error")
        else:
            self.say(self.tr("Saved {}.").format(path))

    @Slot()
    def export_onnx(self) -> None:
        """Ask for a file and save the network in it as ONNX."""
        network = self._explorer.network
        if network is None or network.onnx is not None:
            self.say(
                self.tr("There is no network to export yet; choose one.")
                if network is None
                else self.tr("{} is an ONNX file already.").format(network.card.title)
            )
            return
        path = self._ask_where_to_save(
            self.tr("Export {} as ONNX"), ".onnx", self.tr("ONNX networks (*.onnx)")
        )
        if path is not None:
            self._explorer.export_onnx(path)

    def _ask_where_to_save(self, title: str, ending: str, kinds: str) -> Path | None:
        """Where to save something of the network on show, None for nowhere. A name that ends in
        `ending` is proposed; one that a person gives without a suffix gets that of the ending."""
        network = self._explorer.network
        if network is None:
            return None
        # the name of an ONNX network is its file's path
        card = network.card
        stem = card.name.replace("/", "-") if network.onnx is None else Path(card.name).stem
        proposed = Path(self._settings.folder) / f"{stem}{ending}"
        name, _ = QFileDialog.getSaveFileName(self, title.format(card.title), str(proposed), kinds)
        if not name:
            return None
        path = Path(name)
        return path if path.suffix else path.with_suffix(proposed.suffix)

    @Slot()
    def reset_panels(self) -> None:
        """Put every panel back to where it was at first."""
        self.leave_comparison()
        self.restoreState(self._default_state, _STATE_VERSION)
        for dock in self._docks:
            dock.show()
        self._usual_places()

    @Slot()
    def compare_facts(self) -> None:
        """Go to where another network's facts are laid beside those of the one on show."""
        if self.panels is not None:
            self.show_layer_tab(self.tab_index("about"))
            self.panels.about_panel.focus_other()

    @Slot(str)
    def _on_compare_asked(self, name: str) -> None:
        if self.panels is not None and self._explorer.card is not None:
            other = name if name != self._explorer.card.name else ""
            self.panels.about_panel.compare_with(other)
            self.compare_facts()

    def show_layer_tab(self, index: int) -> None:
        """Bring one of the tabs below the graph to the front."""
        self.leave_comparison()
        self.layer_dock.show()
        if self.panels is None:
            self._settings.tab = index
        else:
            self.panels.tabs.setCurrentIndex(index)

    def leave_comparison(self) -> None:
        """Show the graph and the panels again, if networks are being compared."""
        if self.panels is not None:
            self._comparing.leave()

    def tab_index(self, name: str) -> int:
        """The place of a tab by its English name, in lower case; 0 where there is none."""
        names = [title.lower() for title in TAB_TITLES]
        return names.index(name) if name in names else 0

    # from the state

    @Slot(object)
    def _on_network_opening(self, card: NetworkCard) -> None:
        self.status.show_opening(card.title)
        self._name_window()

    @Slot(object)
    def _on_network_shown(self, shown: NetworkShown) -> None:
        if shown.onnx is None:
            self._settings.network = shown.card.name
        if shown.weights_file is None:  # a file may be gone tomorrow
            self._settings.set_version(shown.card.name, shown.version)
        self._name_window()
        self.status.show_network(shown)

    @Slot()
    def _name_window(self) -> None:
        """By the network, and by what is watched."""
        card = self._explorer.card
        parts = [self.watching.title, "" if card is None else card.title, self.tr("CNN Explorer")]
        self.setWindowTitle(" – ".join(filter(None, parts)))

    @Slot()
    def _on_picture_shown(self) -> None:
        if self.panels is not None:
            self.panels.message_strip.clear()
        self._allow_escape()

    @Slot()
    def _on_trouble_over(self) -> None:
        if self.panels is not None:
            self.panels.message_strip.clear_errors()
        self._allow_escape()

    @Slot(object)
    def _on_message(self, message: Message) -> None:
        self.say(message.text, message.level, message.details)

    def say(self, text: str, level: str = "info", details: str = "") -> None:
        """Show a sentence in the message strip."""
        if self.panels is not None:
            self.panels.message_strip.show_message(text, level, details)
            self._allow_escape()

    @Slot()
    def _allow_escape(self) -> None:
        # only while it means something here: panels have uses of their own for Esc
        self.commands.stop.setEnabled(
            not self._explorer.idle
            or self._addresses.busy is not None
            or self._comparing.is_on
            or (self.panels is not None and self.panels.message_strip.isVisibleTo(self))
        )

    @Slot()
    def _on_escape(self) -> None:
        if not self._explorer.idle or self._addresses.busy is not None:
            self._explorer.cancel()
            self._addresses.cancel()
        elif self.panels is not None:
            if self.panels.message_strip.isVisibleTo(self):
                self.panels.message_strip.dismiss()
            else:
                self._comparing.leave()
            self._allow_escape()

    @Slot(object)
    def _on_busy_changed(self, busy: object) -> None:
        self._allow_escape()
        # what the engine does goes first; what is being fetched is seen again when it rests
        self.status.show_busy(busy or self._addresses.busy)  # type: ignore[arg-type]

    @Slot(object)
    def _on_file_opened(self, path: Path) -> None:
        self._settings.folder = str(path.parent)
        # one who walks through a series does not want to find each of its pictures
        if self.panels is None or not self.panels.series.has(path):
            self._settings.add_recent(str(path))

    @Slot(object)
    def _on_gathered(self, found: Gathered) -> None:
        folders = [path for path in found.asked if path.is_dir()]
        for path in reversed(folders[:_MOST_FOLDERS] or found.pictures[:1]):
            self._settings.add_recent(str(path))

    @Slot(object)
    def _on_series_changed(self, shown: SeriesShown) -> None:
        actions = self.commands
        actions.next_picture.setEnabled(shown.step(1) is not None)
        actions.previous_picture.setEnabled(shown.step(-1) is not None)
        actions.slide_show.setEnabled(bool(shown.paths))
        actions.slide_show.setChecked(shown.playing)
        self._settings.slide_seconds = shown.seconds
        self._settings.slide_show_loops = shown.loops

    # gestures

    @Slot(str)
    def _on_theme_asked(self, name: ThemeChoice) -> None:
        self._settings.theme = name
        self.commands.check_theme(name)
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, name)

    @Slot(int)
    def _on_size_asked(self, size: int) -> None:
        self._settings.size = size
        self.commands.check_size(size)
        self.say(self.tr("Everything is drawn at {} % from the next start on.").format(size))

    @Slot(bool)
    def _on_direction_asked(self, to_right: bool) -> None:
        self._settings.left_to_right = to_right
        self.commands.left_to_right.setChecked(to_right)
        options = self._explorer.drawing_options
        self._explorer.draw_as(replace(options, direction="right" if to_right else "down"))

    @Slot(bool)
    def _on_minimap_asked(self, is_wanted: bool) -> None:
        self._settings.minimap = is_wanted
        if self.panels is not None:
            self.panels.graph_view.minimap.set_wanted(is_wanted)

    @Slot(bool)
    def _on_smoothing_chosen(self, is_wanted: bool) -> None:
        self._settings.smooth_answers = is_wanted

    @Slot(bool)
    def _on_animate_asked(self, is_animated: bool) -> None:
        self._settings.animate = is_animated
        if self.panels is not None:
            self.panels.graph_view.canvas.set_animated(is_animated)

    @Slot()
    def _on_scheme_changed(self) -> None:
        if self._settings.theme == "system":
            self._on_theme_asked("system")

    @Slot(str)
    def _on_thumbnails_asked(self, choice: ThumbnailChoice) -> None:
        self._settings.thumbnails = choice
        self.commands.check_thumbnails(choice)
        self._explorer.show_thumbnails(None if choice == "off" else choice)

    @Slot(str)
    def _on_precision_asked(self, choice: PrecisionChoice) -> None:
        self._settings.precision = choice
        self.commands.check_precision(choice)
        self._explorer.compute(choice)
        self.status.show_precision(choice)

    @Slot(int)
    def _on_cache_asked(self, megabytes: int) -> None:
        self._settings.cache_mb = megabytes
        self.commands.check_cache(megabytes)
        self._explorer.keep_layers(megabytes * 2**20)

    @Slot(bool)
    def _on_private_allowed(self, is_allowed: bool) -> None:
        self._settings.allow_private = is_allowed

    @Slot()
    def _show_keys(self) -> None:
        from cnn_explorer.gui.widgets.dialogs import show_keys

        show_keys(self, self.commands)

    @Slot()
    def _show_about(self) -> None:
        from cnn_explorer.gui.widgets.dialogs import show_about

        show_about(self)

    @Slot()
    def _fill_recent(self) -> None:
        self._recent_menu.clear()
        # what is gone may come back with the drive that it lies on: it is left out, not forgotten
        paths = [path for path in self._settings.recent if _exists(path)]
        names = [Path(path).name or path for path in paths]
        for number, (path, name) in enumerate(zip(paths, names, strict=True), start=1):
            if names.count(name) > 1:
                name = self.tr("{name} in {folder}").format(
                    name=name, folder=Path(path).parent.name or Path(path).anchor
                )
            words = in_menu(printable(name, 80))
            # a digit each, for the keyboard, as far as digits go
            mark = f"&{number % 10}" if number <= 10 else str(number)
            action = self._recent_menu.addAction(f"{mark}  {words}")
            action.setToolTip(html.escape(printable(path)))
            action.setData(path)
            action.triggered.connect(self._on_recent_asked)
        if self._recent_menu.isEmpty():
            self._recent_menu.addAction(self.tr("No pictures yet")).setEnabled(False)
        else:
            self._recent_menu.addSeparator()
            forget = self._recent_menu.addAction(self.tr("&Clear"))
            forget.setToolTip(self.tr("Forget what was opened lately; the files stay"))
            forget.triggered.connect(self._on_forget_asked)

    @Slot()
    def _on_recent_asked(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._arrivals.open_path(Path(str(action.data())))

    @Slot()
    def _on_forget_asked(self) -> None:
        self._settings.forget_recent()

    @Slot()
    def _find_network(self) -> None:
        self.networks_dock.show()
        if self.panels is not None:
            self.panels.network_list.focus_search()

    @Slot()
    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _panels(self) -> list[QWidget]:
        theirs = self.panels
        if theirs is None:
            return []
        panels = (
            theirs.network_list,
            theirs.graph_view,
            *self._comparing.pages,
            theirs.input_panel,
            theirs.answers_panel,
            theirs.tabs,
        )
        return [panel for panel in panels if panel.isVisible()]

    def _move_focus(self, step: int) -> None:
        panels = self._panels()
        if not panels:
            return
        focus = QApplication.focusWidget()
        here = next(
            (
                number
                for number, panel in enumerate(panels)
                if focus is not None and (panel is focus or panel.isAncestorOf(focus))
            ),
            -step if step > 0 else 0,
        )
        panel = panels[(here + step) % len(panels)]
        target = panel
        if panel.focusPolicy() == Qt.FocusPolicy.NoFocus and panel.focusProxy() is None:
            target = next(
                (
                    child
                    for child in panel.findChildren(QWidget)
                    if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible()
                ),
                panel,
            )
        target.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot()
    def _next_panel(self) -> None:
        self._move_focus(1)

    @Slot()
    def _previous_panel(self) -> None:
        self._move_focus(-1)

    # Qt's

    def focusNextPrevChild(self, following: bool) -> bool:
        return step_focus(self, following)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # what arrives here is of no use to the part of the window that has the keyboard
        if self.panels is None or not self.watching.take_key(event):
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        from cnn_explorer.gui.widgets.drop import may_offer, network_dragged

        # what else is dragged out of this window is meant for another program
        if network_dragged(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        elif event.source() is None and may_offer(event.mimeData()):
            _accept_copy(event)
            self._drop_hint.cover()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop_hint.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        from cnn_explorer.gui.widgets.drop import network_dragged, offered

        self._drop_hint.hide()
        name = network_dragged(event.mimeData())
        if name:
            event.accept()
            self._comparing.drop_network(name, event.position().toPoint())
            return
        nothing = self.tr("There is no picture in what was dropped.")
        if self._arrivals.take(offered(event.mimeData()), self.tr("Dropped picture"), nothing):
            _accept_copy(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.panels is not None:
            # the new palette has not reached the window's children yet
            QTimer.singleShot(0, self, self._load_icons)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # the panels are painted in the same pass, right after the window itself
            QTimer.singleShot(0, self, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.leave_comparison()  # its docks are hidden for a while only
        self._settings.geometry = self.saveGeometry()
        self._settings.panels = self.saveState(_STATE_VERSION)
        if self.panels is not None:
            self._settings.tab = self.panels.tabs.currentIndex()
            self._settings.coloured_by = self.panels.graph_view.coloured_by
            activations = self.panels.activations_panel
            self._settings.maps_look = activations.look.to_text()
            self._settings.shading_open = activations.colours_button.isChecked()
            self._settings.legend_folded = self.panels.graph_view.legend.chosen
            self._settings.table_widths = self.panels.layers_panel.widths
            networks = self.panels.network_list
            self._settings.open_families = networks.open_families
            self._settings.only_at_hand = networks.at_hand_button.isChecked()
            self._settings.expansions = self._explorer.expansions
        self._settings.save()
        self.hide()  # the window goes at once, even if the engine needs a moment to stop
        if self.panels is not None:
            self.live.close()
            self.panels.series.close()
            self._addresses.close()
            self._explorer.close()
        super().closeEvent(event)
