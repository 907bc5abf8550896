"""Everything the window can be told to do, with its words, keys and icons; and the menus of it."""

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence, QPaintEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QToolBar, QWidget

from cnn_explorer.graph.numbers import NUMBER_KINDS
from cnn_explorer.gui.state.settings import CACHE_SIZES, SIZES
from cnn_explorer.gui.widgets.theme import icon

TAB_TITLES = ("Activations", "Filters", "Details", "Code", "About", "Layers", "Statistics")
"""The tabs for the layer clicked, and for all layers, in order."""

_ICONS = {
    "open": "ph.folder-open",
    "paste": "ph.clipboard-text",
    "export": "ph.export",
    "weights": "ph.database",
    "stop": "ph.stop",
    "compare": "ph.columns",
    "camera": "ph.video-camera",
    "find_network": "ph.magnifying-glass",
    "full_screen": "ph.corners-out",
    "keys": "ph.keyboard",
}


class _Bar(QToolBar):
    """Without Fusion's bevel, whose white line glares on dark ground; buttons paint themselves."""

    def paintEvent(self, event: QPaintEvent) -> None:
        del event


class Actions(QWidget):
    """The actions of a window, made for it and added to it; the window says what they do.

    A widget only to be a child with signals that the window's palette reaches; it is never shown.
    """

    tab_asked = Signal(int)
    theme_asked = Signal(str)
    size_asked = Signal(int)
    colour_asked = Signal(str)
    """The key of the number to colour the graph by; empty for the kind of layer."""
    thumbnails_asked = Signal(str)
    precision_asked = Signal(str)
    cache_asked = Signal(int)
    """In megabytes."""

    def __init__(self, window: QMainWindow, tabs: list[str], theme: str, size: int) -> None:
        super().__init__(window)
        self.hide()
        self._window = window
        keys = QKeySequence.StandardKey
        self.open = self._make(
            self.tr("Open…"), self.tr("Open a picture and classify it"), keys.Open
        )
        self.open_folder = self._make(
            self.tr("Open Folder…"),
            self.tr("Open the pictures of a folder and of its sub-folders as a series"),
            "Ctrl+Alt+O",
        )
        self._make_series()
        self.paste = self._make(
            self.tr("Paste"), self.tr("Classify the picture on the clipboard"), keys.Paste
        )
        self.allow_private = self._make(
            self.tr("Allow Pictures from This Computer's Own Network"),
            self.tr(
                "Fetch pictures also from addresses of this computer and its own network; "
                "a web page could name such an address to reach what it cannot"
            ),
            None,
        )
        self.allow_private.setCheckable(True)
        self.weights = self._make(
            self.tr("Open Weights…"),
            self.tr("Open a state dict (.safetensors, .pth) with the network that it fits"),
            "Ctrl+L",
        )
        self.open_onnx = self._make(
            self.tr("Open ONNX…"), self.tr("Open an ONNX file as a network"), "Ctrl+Shift+O"
        )
        self.choose_weights = self._make(
            self.tr("Choose Weights"),
            self.tr("Choose the version of the weights of the network shown"),
            "Ctrl+Shift+L",
        )
        self.export = self._make(
            self.tr("Export Graph…"),
            self.tr("Save the layer graph as SVG, PDF, PNG, DOT or JSON"),
            "Ctrl+E",
        )
        self.expand_all = self._make(
            self.tr("Expand All"), self.tr("Open every block of the graph"), "Ctrl+Shift+E"
        )
        self.collapse_all = self._make(
            self.tr("Collapse All"), self.tr("Close every block of the graph"), "Ctrl+Shift+W"
        )
        self.deeper = self._make(
            self.tr("One Level Deeper"), self.tr("Open the blocks one level down"),
            "Ctrl+Shift+Down",
        )  # fmt: skip
        self.less_deep = self._make(
            self.tr("One Level Up"), self.tr("Close the innermost open level"), "Ctrl+Shift+Up"
        )
        # these are plain keys of the graph itself: in the menu only to be seen
        self.fit = self._make(
            self.tr("Fit the Whole Graph\t0"), self.tr("Show the whole graph"), None
        )
        self.full_zoom = self._make(self.tr("Zoom to 100 %\t1"), self.tr("One pixel a pixel"), None)
        self.zoom_to_selection = self._make(
            self.tr("Zoom to the Selection\t2"),
            self.tr("Show the layer or block selected as large as it fits"),
            None,
        )
        self.left_to_right = self._make(
            self.tr("Left to Right"), self.tr("Draw graphs from left to right"), "Ctrl+Shift+R"
        )
        self.left_to_right.setCheckable(True)
        self.minimap = self._make(
            self.tr("Minimap"), self.tr("A small map where a graph is larger than the view"),
            "Ctrl+Shift+M",
        )  # fmt: skip
        self.minimap.setCheckable(True)
        self.animate = self._make(
            self.tr("Animate"),
            self.tr("Show blocks opening and closing, unless the system asks for less motion"),
            None,
        )
        self.animate.setCheckable(True)
        self.export_onnx = self._make(
            self.tr("Export ONNX…"),
            self.tr("Save the network shown, with its weights, as an ONNX file"),
            "Ctrl+Alt+E",
        )
        self.find_network = self._make(
            self.tr("Find Network"), self.tr("Go to the search box"), "Ctrl+K"
        )
        self.find_layer = self._make(
            self.tr("Find Layer…"), self.tr("Find layers in the graph"), "Ctrl+F"
        )
        self.find_next = self._make(
            self.tr("Find Next"), self.tr("Go to the next layer found"), "F3"
        )
        self.find_previous = self._make(
            self.tr("Find Previous"), self.tr("Go to the layer found before"), "Shift+F3"
        )
        self.producer = self._make(
            self.tr("Go to Producer"),
            self.tr("Go to the layer from which the selected one takes its input"),
            "Ctrl+Up",
        )
        self.consumer = self._make(
            self.tr("Go to Consumer"),
            self.tr("Go to the layer that takes the output of the selected one"),
            "Ctrl+Down",
        )
        for action in (self.producer, self.consumer):
            # keys of the graph alone: lists and texts have uses of their own for these
            window.removeAction(action)
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.only_at_hand = self._make(
            self.tr("Only Networks with Weights at Hand"),
            self.tr("Leave the networks without weights on this machine out of the list"),
            None,
        )
        self.only_at_hand.setCheckable(True)
        self.compare_facts = self._make(
            self.tr("Compare Facts…"),
            self.tr("Lay another network's facts beside those of the one shown"),
            "Ctrl+Shift+F",
        )
        self.compare = self._make(
            self.tr("Compare"),
            self.tr("Lay what several networks make of the picture side by side"),
            "Ctrl+Shift+C",
        )
        self.compare.setCheckable(True)
        self.save_comparison = self._make(
            self.tr("Save Comparison…"),
            self.tr("Save the comparison shown as PNG, HTML or JSON"),
            "Ctrl+Shift+S",
        )
        self.save_comparison.setEnabled(False)
        self.stop = self._make(self.tr("Stop"), self.tr("Stop the work going on"), "Esc")
        self.stop.setEnabled(False)
        self.full_screen = self._make(
            self.tr("Full Screen"), self.tr("Use the whole screen"), "F11"
        )
        self.full_screen.setCheckable(True)
        self.next_panel = self._make(
            self.tr("Next Panel"), self.tr("Move the keyboard to the next panel"), "F6"
        )
        self.previous_panel = self._make(
            self.tr("Previous Panel"),
            self.tr("Move the keyboard to the previous panel"),
            "Shift+F6",
        )
        self.reset_panels = self._make(
            self.tr("Reset Panels"), self.tr("Put every panel back to where it was at first"), None
        )
        self.keys = self._make(self.tr("Keyboard Shortcuts"), self.tr("Show the keys"), "F1")
        self.about = self._make(
            self.tr("About CNN Explorer"), self.tr("Version and licences"), None
        )
        self.quit = self._make(self.tr("Quit"), self.tr("Close the program"), keys.Quit)
        # Windows has no standard key for Quit, and some desktops none either
        if self.quit.shortcut().isEmpty():
            self.quit.setShortcut(QKeySequence("Ctrl+Q"))
        self.tabs = []
        for index, title in enumerate(tabs):
            action = self._make(title, self.tr("Show this tab"), f"Ctrl+{index + 1}")
            action.setData(index)
            action.triggered.connect(self._on_tab_triggered)
            self.tabs.append(action)
        self.themes: dict[str, QAction] = {}
        for name, title in (
            ("system", self.tr("Follow the System")),
            ("light", self.tr("Light")),
            ("dark", self.tr("Dark")),
        ):
            action = self._make(title, self.tr("Colours of the window"), None)
            action.setCheckable(True)
            action.setChecked(name == theme)
            action.setData(name)
            action.triggered.connect(self._on_theme_triggered)
            self.themes[name] = action

        self.thumbnails: dict[str, QAction] = {}
        for name, title in (
            ("off", self.tr("Off")),
            ("mean", self.tr("Mean over the Channels")),
            ("strongest", self.tr("Strongest Channel")),
        ):
            action = self._make(title, self.tr("What each box shows of its output"), None)
            action.setCheckable(True)
            action.setData(name)
            action.triggered.connect(self._on_thumbnails_triggered)
            self.thumbnails[name] = action
        self.next_thumbnails = self._make(
            self.tr("Next Kind of Thumbnails"),
            self.tr("Off, mean over the channels, strongest channel"),
            "Ctrl+T",
        )
        self.next_thumbnails.triggered.connect(self._on_next_thumbnails)

        self._make_live()
        self._make_computing()
        self.sizes: dict[int, QAction] = {}
        for per_cent in SIZES:
            action = self._make(
                self.tr("{} %").format(per_cent), self.tr("Size of text and all else"), None
            )
            action.setCheckable(True)
            action.setChecked(per_cent == size)
            action.setData(per_cent)
            action.triggered.connect(self._on_size_triggered)
            self.sizes[per_cent] = action

        self.colours: dict[str, QAction] = {}
        titles = {"": "Kind of layer"} | {kind.key: kind.title for kind in NUMBER_KINDS}
        for number, (key, title) in enumerate(titles.items(), start=1):
            action = self._make(
                self.tr(title), self.tr("Colour the boxes of the graph by this"), f"Alt+{number}"
            )
            action.setCheckable(True)
            action.setChecked(not key)
            action.setData(key)
            action.triggered.connect(self._on_colour_triggered)
            self.colours[key] = action

        for choices in (
            self.themes, self.sizes, self.colours, self.thumbnails, self.precisions, self.caches,
        ):  # fmt: skip
            group = QActionGroup(self)  # one of several, and marked so
            for action in choices.values():
                group.addAction(action)

    def _make_series(self) -> None:
        self.next_picture = self._make(
            self.tr("Next Picture"), self.tr("Show the next picture of the series"), "Alt+PgDown"
        )
        self.previous_picture = self._make(
            self.tr("Previous Picture"), self.tr("Show the picture before"), "Alt+PgUp"
        )
        self.slide_show = self._make(
            self.tr("Slide Show"), self.tr("Show one picture of the series after the other"), "F5"
        )
        self.slide_show.setCheckable(True)
        for action in (self.next_picture, self.previous_picture, self.slide_show):
            action.setEnabled(False)  # until there is a series

    def _make_live(self) -> None:
        self.camera = self._make(
            self.tr("Camera"), self.tr("Show a camera to the network, or stop it"), "F8"
        )
        self.camera.setCheckable(True)
        self.video = self._make(
            self.tr("Video File…"), self.tr("Play a video file to the network"), "Ctrl+Alt+V"
        )
        # a plain key, taken where nothing else has a use for it: here only to be seen
        self.freeze = self._make(
            self.tr("Freeze\tSpace"), self.tr("Hold the frame fast, or go on"), None
        )
        self.freeze.setCheckable(True)
        self.snapshot = self._make(
            self.tr("Snapshot"), self.tr("Save the frame with its answers and maps"), "F12"
        )
        self.snapshot_folder = self._make(
            self.tr("Snapshot Folder…"), self.tr("Choose where snapshots are saved"), None
        )
        self.mirror = self._make(
            self.tr("Mirror"),
            self.tr("Show cameras as in a mirror; networks see them as they are"),
            None,
        )
        self.mirror.setCheckable(True)

    def _make_computing(self) -> None:
        self.precisions: dict[str, QAction] = {}
        for name, title, tip in (
            ("exact", self.tr("Exact"), self.tr("Compute in float32, as torch does by itself")),
            (
                "fast",
                self.tr("Fast"),
                self.tr(
                    "Compute in what is quickest for this network on this computer: float32 or "
                    "bfloat16 (about three digits), channels last. The status bar says which."
                ),
            ),
        ):
            action = self._make(title, tip, None)
            action.setCheckable(True)
            action.setData(name)
            action.triggered.connect(self._on_precision_triggered)
            self.precisions[name] = action
        self.other_precision = self._make(
            self.tr("Change between Exact and Fast"),
            self.tr("Run networks exactly, or as fast as this computer can"),
            "Ctrl+Shift+P",
        )
        self.other_precision.triggered.connect(self._on_other_precision)
        self.caches: dict[int, QAction] = {}
        for size in CACHE_SIZES:
            title = self.tr("Up to {} MB").format(size) if size else self.tr("None")
            tip = self.tr(
                "Memory for the layers captured of the picture shown, the oldest forgotten first: "
                "one that is kept is shown again without running the network"
            )
            action = self._make(title, tip, None)
            action.setCheckable(True)
            action.setData(size)
            action.triggered.connect(self._on_cache_triggered)
            self.caches[size] = action

    def _make(
        self, text: str, tip: str, shortcut: QKeySequence.StandardKey | str | None
    ) -> QAction:
        action = QAction(text, self._window)
        if shortcut is not None:
            action.setShortcut(QKeySequence(shortcut))
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip} ({keys})" if keys else tip)
        self._window.addAction(action)
        return action

    def with_keys(self) -> list[QAction]:
        """The actions that have a keyboard shortcut, as the menus list them."""
        listed = (
            self.open, self.open_folder, self.paste, self.next_picture, self.previous_picture,
            self.slide_show, self.weights, self.choose_weights, self.open_onnx, self.export,
            self.export_onnx, self.find_network, self.find_layer, self.find_next,
            self.find_previous, self.producer, self.consumer, self.compare, self.save_comparison,
            self.compare_facts, self.camera, self.video, self.snapshot,
            self.expand_all, self.collapse_all, self.deeper, self.less_deep, self.left_to_right,
            self.minimap, self.next_thumbnails, self.other_precision, self.next_panel,
            self.previous_panel, *self.tabs, self.stop, self.full_screen, self.keys, self.quit,
        )  # fmt: skip
        return [action for action in listed if not action.shortcut().isEmpty()]

    def fill_menus(self, docks: tuple[QDockWidget, ...]) -> QMenu:
        """Make the window's menus; gives the one of recent pictures, to be filled when shown."""
        bar = self._window.menuBar()
        file = bar.addMenu(self.tr("&File"))
        file.addActions([self.open, self.open_folder])
        recent: QMenu = file.addMenu(self.tr("Open Recent"))
        recent.setToolTipsVisible(True)
        file.addActions([self.paste, self.allow_private])
        file.addSeparator()
        file.addActions([self.next_picture, self.previous_picture, self.slide_show])
        file.addSeparator()
        file.addAction(self.weights)
        file.addAction(self.choose_weights)
        file.addSeparator()
        file.addAction(self.open_onnx)
        file.addAction(self.export)
        file.addAction(self.export_onnx)
        file.addAction(self.save_comparison)
        file.addSeparator()
        file.addAction(self.quit)
        view = bar.addMenu(self.tr("&View"))
        for dock in docks:
            view.addAction(dock.toggleViewAction())
        view.addSeparator()
        view.addAction(self.compare)
        view.addSeparator()
        view.addMenu(self.tr("Layer Tab")).addActions(self.tabs)
        view.addMenu(self.tr("Theme")).addActions(list(self.themes.values()))
        view.addMenu(self.tr("Size at the Next Start")).addActions(list(self.sizes.values()))
        view.addSeparator()
        view.addActions([self.find_network, self.only_at_hand, self.compare_facts])
        view.addSeparator()
        view.addActions([self.next_panel, self.previous_panel, self.stop])
        view.addSeparator()
        view.addActions([self.full_screen, self.reset_panels])
        graph = bar.addMenu(self.tr("&Graph"))
        graph.addActions([self.find_layer, self.find_next, self.find_previous])
        graph.addActions([self.producer, self.consumer])
        graph.addSeparator()
        graph.addActions([self.expand_all, self.collapse_all, self.deeper, self.less_deep])
        graph.addSeparator()
        graph.addActions([self.fit, self.full_zoom, self.zoom_to_selection])
        graph.addSeparator()
        graph.addMenu(self.tr("Colour by")).addActions(list(self.colours.values()))
        thumbnails = graph.addMenu(self.tr("Thumbnails"))
        thumbnails.addActions(list(self.thumbnails.values()))
        thumbnails.addSeparator()
        thumbnails.addAction(self.next_thumbnails)
        graph.addActions([self.left_to_right, self.minimap, self.animate])
        network = bar.addMenu(self.tr("&Network"))
        precision = network.addMenu(self.tr("Precision"))
        precision.setToolTipsVisible(True)
        precision.addActions(list(self.precisions.values()))
        precision.addSeparator()
        precision.addAction(self.other_precision)
        keeping = network.addMenu(self.tr("Keep Captured Layers"))
        keeping.setToolTipsVisible(True)
        keeping.addActions(list(self.caches.values()))
        live = bar.addMenu(self.tr("&Live"))
        live.setToolTipsVisible(True)
        live.addAction(self.camera)
        self.source_menu: QMenu = live.addMenu(self.tr("Source"))
        self.source_menu.setToolTipsVisible(True)
        live.addAction(self.video)
        live.addSeparator()
        live.addActions([self.freeze, self.snapshot, self.snapshot_folder])
        live.addSeparator()
        live.addAction(self.mirror)
        bar.addMenu(self.tr("&Help")).addActions([self.keys, self.about])
        return recent

    def tool_bar(self) -> QToolBar:
        """The few actions one wants at hand."""
        bar = _Bar(self.tr("Tools"))
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setIconSize(QSize(18, 18))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addActions([self.open, self.paste, self.camera])
        bar.addSeparator()
        bar.addActions([self.weights, self.export, self.compare])
        bar.toggleViewAction().setVisible(False)
        return bar

    def load_icons(self) -> None:
        """Give the actions their icons, in the colours of the window's palette."""
        for name, drawing in _ICONS.items():
            action: QAction = getattr(self, name)
            action.setIcon(icon(drawing, self._window))

    def check_theme(self, name: str) -> None:
        """Mark the theme in force."""
        for other, action in self.themes.items():
            action.setChecked(other == name)

    def check_size(self, size: int) -> None:
        """Mark the size chosen."""
        for other, action in self.sizes.items():
            action.setChecked(other == size)

    @Slot(str)
    def check_colour(self, key: str) -> None:
        """Mark what the graph is coloured by."""
        for other, action in self.colours.items():
            action.setChecked(other == key)

    @Slot()
    def _on_colour_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.colour_asked.emit(str(action.data()))

    def check_thumbnails(self, choice: str) -> None:
        """Mark the thumbnails chosen."""
        for other, action in self.thumbnails.items():
            action.setChecked(other == choice)

    @Slot()
    def _on_thumbnails_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.thumbnails_asked.emit(str(action.data()))

    def check_precision(self, choice: str) -> None:
        """Mark the precision chosen."""
        for other, action in self.precisions.items():
            action.setChecked(other == choice)

    def check_cache(self, size: int) -> None:
        """Mark how many megabytes of captured layers are kept."""
        for other, action in self.caches.items():
            action.setChecked(other == size)

    @Slot()
    def _on_precision_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.precision_asked.emit(str(action.data()))

    @Slot()
    def _on_other_precision(self) -> None:
        self.precision_asked.emit("exact" if self.precisions["fast"].isChecked() else "fast")

    @Slot()
    def _on_cache_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.cache_asked.emit(int(action.data()))

    @Slot()
    def _on_next_thumbnails(self) -> None:
        names = list(self.thumbnails)
        now = next(number for number, name in enumerate(names) if self.thumbnails[name].isChecked())
        self.thumbnails_asked.emit(names[(now + 1) % len(names)])

    @Slot()
    def _on_size_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.size_asked.emit(int(action.data()))

    @Slot()
    def _on_tab_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.tab_asked.emit(int(action.data()))

    @Slot()
    def _on_theme_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.theme_asked.emit(str(action.data()))
