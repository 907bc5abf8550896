"""The window's other mode: the page that compares networks stands in the place of the graph.

The page and its state are made when a person first asks for them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QWidget

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.panels import Panels
from cnn_explorer.gui.widgets.theme import is_dark
from cnn_explorer.networks.onnx_facts import is_onnx_path

if TYPE_CHECKING:
    from cnn_explorer.gui.state.comparison_state import ComparisonState
    from cnn_explorer.gui.state.folder_study import StudyShown
    from cnn_explorer.gui.widgets.compare_page import ComparePage
    from cnn_explorer.gui.widgets.main_window import MainWindow

_SUFFIXES = (".png", ".svg", ".html", ".json")


class Comparing(QObject):
    """Goes between exploring one network and comparing several."""

    changed = Signal()
    """The window is in the other mode."""
    made = Signal(object)
    """The `ComparisonState`, when it was made."""

    def __init__(
        self,
        window: "MainWindow",
        explorer: Explorer,
        panels: Panels,
        settings: Settings,
        column: QBoxLayout,
    ) -> None:
        """`column` is what the graph stands in."""
        super().__init__(window)
        self._window = window
        self._explorer = explorer
        self._panels = panels
        self._settings = settings
        self._column = column
        self._hidden: list[QWidget] = []
        self.state: ComparisonState | None = None
        self.page: ComparePage | None = None
        commands = window.commands
        commands.compare.triggered.connect(self._on_asked)
        commands.save_comparison.triggered.connect(self.save)
        for command in (commands.find_layer, commands.choose_weights):
            command.triggered.connect(self.leave)  # they lead to what stands with the graph
        networks = panels.network_list
        networks.comparison_asked.connect(self._on_two_asked)
        networks.addition_asked.connect(self._on_addition_asked)
        networks.network_chosen.connect(self.leave)

    @property
    def is_on(self) -> bool:
        """Whether networks are being compared."""
        return self.page is not None and not self.page.isHidden()

    @property
    def pages(self) -> tuple[QWidget, ...]:
        """The page, if it was made."""
        return () if self.page is None else (self.page,)

    def enter(self) -> "ComparisonState":
        """Show the page in the place of the graph."""
        state, page = self._made()
        if not self.is_on:
            window, panels = self._window, self._panels
            docks = (window.layer_dock, window.answers_dock)
            self._hidden = [dock for dock in docks if not dock.isHidden()]
            for part in (*self._hidden, panels.graph_view):
                part.hide()
            page.show()
            self._explorer.rest(True)
            panels.input_panel.set_compared(True)
            state.open()
            if not state.networks:
                self._begin(state)
            page.tabs.tabBar().setFocus()
            self._tell()
        return state

    @Slot()
    def leave(self) -> None:
        """Show the graph and what was hidden again."""
        if self.page is None or self.state is None or not self.is_on:
            return
        self.state.close()
        self.state.point_at(None)
        self._panels.input_panel.set_compared(False)
        self.page.hide()
        for part in (self._panels.graph_view, *self._hidden):
            part.show()
        self._hidden = []
        self._explorer.rest(False)
        self._tell()

    def drop_network(self, name: str, place: QPoint) -> None:
        """A network of the list was dropped at a place of the window: onto another one, and the two
        are compared; anywhere else, and it is added to the comparison."""
        networks = self._panels.network_list
        if networks.isVisible() and networks.rect().contains(networks.mapFrom(self._window, place)):
            other = networks.network_at(networks.mapFrom(self._window, place))
            if other and other != name:
                self._on_two_asked(other, name)
            return
        self.enter().add(name)

    def take_folder(self, folder: Path) -> bool:
        """Run the networks over a folder, if the page for that is in front."""
        page = self.page
        if page is None or not self.is_on or page.tabs.currentWidget() is not self.folder:
            return False
        self.study.open_folder(folder)
        return True

    @Slot()
    def save(self) -> None:
        """Ask for a file and save the comparison in it."""
        state = self.state
        if state is None or state.picture is None:
            return
        stem = Path(state.picture.name).stem or "comparison"
        proposed = Path(self._settings.folder) / f"{stem}-compared.png"
        kinds = ";;".join((
            self.tr("PNG picture (*.png)"), self.tr("SVG drawing (*.svg)"),
            self.tr("Web page (*.html)"), self.tr("JSON (*.json)"),
        ))  # fmt: skip
        name, kind = QFileDialog.getSaveFileName(
            self._window, self.tr("Save the comparison"), str(proposed), kinds
        )
        if name:
            wanted = next((suffix for suffix in _SUFFIXES if f"*{suffix}" in kind), ".png")
            path = Path(name)
            path = path if path.suffix.lower() in _SUFFIXES else Path(name + wanted)
            state.save(path, dark=is_dark(self._window.palette()))

    def _made(self) -> "tuple[ComparisonState, ComparePage]":
        if self.state is None or self.page is None:
            from cnn_explorer.gui.state.comparison_state import ComparisonState
            from cnn_explorer.gui.widgets.compare_page import ComparePage

            self.state = state = ComparisonState(self._explorer, self)
            self.page = page = ComparePage(state, self._explorer)
            self._add_pages(state, page)
            page.hide()
            for child in page.findChildren(QWidget):
                child.setAcceptDrops(False)  # a drop anywhere is a drop on the window
            self._column.addWidget(page, 1)
            page.save_asked.connect(self.save)
            page.leave_asked.connect(self.leave)
            state.networks_changed.connect(self._on_networks_changed)
            state.column_changed.connect(self._tell)
            view = self._panels.input_panel
            view.place_pointed.connect(state.mark_place)
            state.region_pointed.connect(view.show_field)
            page.maps.place_clicked.connect(state.mark_place)  # on the pad nothing is marked
            page.maps.place_clicked.connect(view.mark_place)
            page.maps.network_asked.connect(self._on_network_asked)
            self._panels.weights_got.connect(state.refresh_weights)
            self.made.emit(state)
        return self.state, self.page

    def _add_pages(self, state: "ComparisonState", page: "ComparePage") -> None:
        """The other ways to compare the networks: as architectures, and over a folder."""
        from cnn_explorer.gui.state.architecture_table import ArchitectureFacts
        from cnn_explorer.gui.state.file_thumbnails import FileThumbnails
        from cnn_explorer.gui.state.folder_study import FolderStudy
        from cnn_explorer.gui.widgets.architectures_page import ArchitecturesPage
        from cnn_explorer.gui.widgets.folder_page import FolderPage

        self.facts = ArchitectureFacts(self._explorer, page)
        self.architectures = ArchitecturesPage(self.facts)
        page.add_page(
            self.architectures, self.tr("Architectures"),
            self.tr("Facts and layers of the networks side by side"),
        )  # fmt: skip
        self.architectures.network_activated.connect(self._on_network_activated)
        self.study = FolderStudy(self._explorer, self)
        reader = self._panels.series.reader
        thumbnails = FileThumbnails(reader, lambda: self._explorer.idle, self)
        self.folder = FolderPage(self.study, thumbnails)
        page.add_page(
            self.folder, self.tr("Folder"), self.tr("The networks over a folder of pictures")
        )
        self.folder.picture_chosen.connect(self._on_picture_chosen)
        self.folder.layers_chosen.connect(self._on_layers_chosen)
        self.study.changed.connect(self._on_study_changed)
        state.networks_changed.connect(self._tell_pages)
        self._tell_pages()

    @Slot(object)
    def _on_study_changed(self, shown: "StudyShown") -> None:
        if self.state is not None:
            self.state.set_folder(shown.listing.pictures if shown.listing else ())

    @Slot()
    def _tell_pages(self) -> None:
        if self.state is not None:
            networks = self.state.networks
            self.facts.set_wanted((network.wanted, network.title) for network in networks)
            self.study.set_wanted([network.wanted for network in networks])

    @Slot(str)
    def _on_network_activated(self, name: str) -> None:
        if name in self._explorer.networks:
            self.leave()
            self._explorer.choose_network(name)

    @Slot(object)
    def _on_picture_chosen(self, path: Path) -> None:
        """A picture of the folder is to be seen through the networks."""
        if self.page is not None:
            self.page.tabs.setCurrentIndex(0)
        self._explorer.open_file(path)

    @Slot(str, str, str, str)
    def _on_layers_chosen(self, _one: str, layer: str, _other: str, beside: str) -> None:
        """Two layers of which a person saw how alike they are: their maps stand in a row."""
        compared = self.study.shown.compared
        if compared is None or self.state is None or self.page is None:
            return
        self.state.pin_layers({compared.a.wanted: layer, compared.b.wanted: beside})
        self.page.tabs.setCurrentIndex(0)

    def _begin(self, state: "ComparisonState") -> None:
        """Compare what was compared last, or else the network on show alone."""
        state.compare(self._settings.compared)
        if not state.networks:
            state.add_shown()

    @Slot()
    def _tell(self) -> None:
        """Show in the menus what is so."""
        commands = self._window.commands
        with QSignalBlocker(commands.compare):
            commands.compare.setChecked(self.is_on)
        is_known = self.state is not None and self.state.can_be_saved
        commands.save_comparison.setEnabled(self.is_on and is_known)
        self.changed.emit()

    @Slot()
    def _on_networks_changed(self) -> None:
        if self.state is not None:
            self._settings.compared = self.state.names
        self._tell()

    @Slot()
    def _on_asked(self) -> None:
        if self.is_on:
            self.leave()
        else:
            self.enter()

    @Slot(str)
    def _on_network_asked(self, name: str) -> None:
        self.leave()
        if is_onnx_path(name):
            self._explorer.open_onnx(Path(name))
        else:
            self._explorer.choose_network(name)

    @Slot(str, str)
    def _on_two_asked(self, first: str, second: str) -> None:
        self.enter().compare((first, second))

    @Slot(str)
    def _on_addition_asked(self, name: str) -> None:
        self.enter().add(name)
