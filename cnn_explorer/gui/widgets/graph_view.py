"""The layer graph of a network: a drawing to scroll, zoom and walk in, its tools and legend."""

import html
from collections.abc import Callable, Iterable, Mapping, Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QAction,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.browse import Crumb, consumers, crumbs, producers
from cnn_explorer.graph.colouring import colour_by, number_kind
from cnn_explorer.graph.hierarchy import deepest, depth_shown, expand_to, expanded_to_depth
from cnn_explorer.graph.metrics import format_count, format_macs, format_shape
from cnn_explorer.graph.model import BlockNode, GraphLayout, LayerGraph, LayerNode, VisibleGraph
from cnn_explorer.graph.numbers import Numbers
from cnn_explorer.graph.search import Found
from cnn_explorer.gui.state.shown import NetworkShown, ThumbnailsShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.breadcrumbs import Breadcrumbs
from cnn_explorer.gui.widgets.colour_chooser import ColourChooser
from cnn_explorer.gui.widgets.colour_scale import ColourScale
from cnn_explorer.gui.widgets.graph_canvas import GraphCanvas
from cnn_explorer.gui.widgets.graph_found import halos
from cnn_explorer.gui.widgets.graph_search_bar import GraphSearchBar
from cnn_explorer.gui.widgets.graph_walk import first, shown_as
from cnn_explorer.gui.widgets.graph_ways import ways_menu
from cnn_explorer.gui.widgets.legend import Legend
from cnn_explorer.gui.widgets.minimap import Minimap
from cnn_explorer.gui.widgets.note_label import NoteLabel
from cnn_explorer.gui.widgets.panel_parts import TitleLabel
from cnn_explorer.gui.widgets.thumbnail_look import rows as thumbnail_rows
from cnn_explorer.probe.results import Thumbnail
from cnn_explorer.text import in_menu

_ROOMY = 480
"""Pixels of width from which there is room for all tools."""
_SPACIOUS = 820
"""Pixels of width from which there is room for the search beside all else."""
_MAIN_LINE = 104
"""Pixels by which a scale is lower to stand above or below a line of boxes in the middle."""


class GraphView(QWidget):
    """Shows a network's layers as a graph whose blocks open and close.

    Click selects, double-click opens or closes a block; the wheel scrolls, with Ctrl it zooms;
    dragging moves the drawing. Arrow keys walk along the lines, Enter opens a block or closes an
    open one, Backspace closes the block around; + - 0 1 2 zoom. Above the drawing stand the place
    of the selection and the search.

    The view opens no block itself: it asks with `expansion_asked` and shows what `show_layout`
    brings.
    """

    layer_clicked = Signal(str)
    """A layer or block was chosen, by mouse or keyboard."""
    expansion_asked = Signal(object)
    """A frozenset of the names of the blocks that are to stand open."""
    direction_asked = Signal(bool)
    """Draw from left to right, or from top to bottom."""
    coloured_by_changed = Signal(str)
    """The key of a number, or empty for the kind of layer: chosen here or set from elsewhere."""
    measure_asked = Signal()
    """The boxes are to be coloured by the time of layers, which nobody has measured yet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graph: LayerGraph | None = None
        self._expanded: frozenset[str] = frozenset()
        self._network_title = ""
        self._thumbnails: Mapping[str, Thumbnail] = {}
        self._selected = ""
        self._toggled: tuple[str, QPointF | None] = ("", None)
        self._coloured_by = ""
        self._numbers: Numbers | None = None
        self._times: Mapping[str, float] = {}

        # before the canvas, so that Tab comes to them first
        self.breadcrumbs = Breadcrumbs(self)
        self.breadcrumbs.chosen.connect(self._on_crumb_chosen)
        self.thumbnails_button = self._button(
            self.tr("Thumbnails of what each box puts out (Ctrl+T)"), lambda: None
        )
        self.thumbnails_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.colour_chooser = ColourChooser(self)
        self.colour_chooser.key_chosen.connect(self.colour_by)
        self._colour_label = QLabel(self.tr("Colour by"), self)
        self._colour_label.setFont(theme.text_font(theme.SMALL))
        self._colour_label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.search_bar = GraphSearchBar(self)
        self.search_bar.chosen.connect(self.go_to)
        self.search_bar.found_changed.connect(self._on_found_changed)
        self.search_bar.closed.connect(self._on_search_closed)
        self.search_bar.open_changed.connect(self._make_room)
        self.canvas = GraphCanvas(self)
        self.canvas.set_describer(self._tip)
        self.canvas.chosen.connect(self._on_chosen)
        self.canvas.toggle_asked.connect(self._on_toggle_asked)
        self.canvas.close_around_asked.connect(self._on_close_around_asked)
        self.canvas.menu_asked.connect(self._on_menu_asked)
        self.canvas.zoom_changed.connect(self._on_zoom_changed)
        self.canvas.resized.connect(self._on_canvas_resized)
        # icons wait for the first paint: loading their font takes longer than painting
        self.canvas.first_painted.connect(self._load_icons, Qt.ConnectionType.QueuedConnection)
        self.setFocusProxy(self.canvas)

        self._title = TitleLabel(self)
        self.note = NoteLabel(self)
        self.legend = Legend(self)
        self.legend.folded.connect(self._place_legend)
        self.legend.hide()
        self.minimap = Minimap(self)
        self.minimap.place_asked.connect(self.canvas.show_place)
        self.canvas.seen_changed.connect(self.minimap.set_seen)
        self.canvas.seen_changed.connect(self._on_seen_changed)
        self.colour_scale = ColourScale(self)
        self.colour_scale.hide()

        self.collapse_all_button = self._button(
            _with_key(self.tr("Collapse all"), "Ctrl+Shift+W"), self.collapse_all
        )
        self.depth_slider = QSlider(Qt.Orientation.Horizontal, self)
        self.depth_slider.setFixedWidth(64)
        self.depth_slider.setPageStep(1)
        self.depth_slider.valueChanged.connect(self.show_depth)
        self.expand_all_button = self._button(
            _with_key(self.tr("Expand all"), "Ctrl+Shift+E"), self.expand_all
        )
        self.direction_button = self._button(
            _with_key(self.tr("Draw from left to right"), "Ctrl+Shift+R"), self._turn
        )
        self.direction_button.setCheckable(True)
        self.zoom_out_button = self._button(self.tr("Zoom out (−)"), self.canvas.zoom_out)
        self.zoom_button = self._button(self.tr("Zoom to 100 % (1)"), self.canvas.zoom_to_full)
        self.zoom_in_button = self._button(self.tr("Zoom in (+)"), self.canvas.zoom_in)
        self.fit_button = self._button(self.tr("Fit the whole graph into the view (0)"),
                                       self.canvas.fit)  # fmt: skip
        self.selection_button = self._button(self.tr("Zoom to the selection (2)"),
                                             self.canvas.zoom_to_selection)  # fmt: skip
        self.zoom_button.setText("100 %")
        self.zoom_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.zoom_button.setFixedWidth(
            self.zoom_button.fontMetrics().horizontalAdvance("100 %") + 14
        )

        self._copy = QAction(self.tr("Copy Name"), self)
        self._copy.setShortcut(QKeySequence.StandardKey.Copy)
        self._copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._copy.triggered.connect(self.copy_name)
        self.addAction(self._copy)

        row = QHBoxLayout()
        row.setContentsMargins(theme.MARGIN, 3, theme.GAP, 3)
        row.setSpacing(2)
        row.addWidget(self._title)
        row.addStretch(1)
        row.addSpacing(theme.GAP)
        for tool in (self.collapse_all_button, self.depth_slider, self.expand_all_button):
            row.addWidget(tool)
        row.addSpacing(theme.GAP)
        for tool in (
            self.direction_button, self.zoom_out_button, self.zoom_button, self.zoom_in_button,
            self.fit_button, self.selection_button,
        ):  # fmt: skip
            row.addWidget(tool)
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(0)
        self._whole.addLayout(row)
        self._whole.addWidget(self.note)
        place = QHBoxLayout()
        place.setContentsMargins(theme.MARGIN - 6, 0, theme.GAP, 3)
        place.addWidget(self.breadcrumbs, 1)
        place.addWidget(self.thumbnails_button)
        place.addSpacing(theme.GAP)
        place.addWidget(self._colour_label)
        place.addSpacing(theme.GAP // 2)
        place.addWidget(self.colour_chooser)
        place.addWidget(self.search_bar)
        self._whole.addLayout(place)
        self._whole.addWidget(self.canvas, 1)
        self.clear()

    def _button(self, tip: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setIconSize(QSize(18, 18))
        button.setFixedHeight(26)
        button.setMinimumWidth(28)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(slot)
        return button

    def add_bar(self, bar: QWidget) -> None:
        """Put a bar between the title and the drawing."""
        self._whole.insertWidget(1, bar)

    # what is shown

    def show_network(self, shown: NetworkShown) -> None:
        """Draw a network just opened."""
        self._graph = shown.graph
        self._times = {}
        self._numbers = Numbers(shown.graph)
        self._expanded = shown.expanded
        self._network_title = shown.card.title
        self._thumbnails = {}
        self._selected = ""
        self._toggled = ("", None)
        self._title.set_title(shown.card.title, "   " + _totals(shown.graph))
        self.note.show_note(shown.graph.note)
        self.legend.show_graph(shown.graph)
        self._recolour(shown.layout.graph)
        self.canvas.show_new(shown.graph, shown.layout)
        self.minimap.show_layout(shown.layout)
        self.search_bar.set_graph(shown.graph)
        self._place_legend()
        self._show_selection()
        self._update_state()
        self._ask_for_times()

    def show_layout(self, expanded: frozenset[str], layout: GraphLayout) -> None:
        """Draw the same network with other blocks open."""
        if self._graph is None:
            return
        self._expanded = expanded
        toggled, pointer = self._toggled
        self._toggled = ("", None)
        self._recolour(layout.graph)
        self.canvas.show_changed(self._graph, layout, toggled, pointer)
        self.minimap.show_layout(layout)
        self._show_found(self.search_bar.found)
        self.canvas.drawing.set_thumbnails(self._thumbnails)
        self._show_selection()
        self._place_legend()
        self._update_state()

    def show_thumbnails(self, shown: ThumbnailsShown | None) -> None:
        """Show small pictures and numbers of the boxes' outputs, or none; those of another network
        are not shown."""
        if shown is not None and shown.graph is not self._graph:
            return
        self._thumbnails = shown.by_name if shown is not None else {}
        self.canvas.drawing.set_thumbnails(self._thumbnails)
        self._say(self._spoken())

    @Slot()
    def clear(self) -> None:
        """Show no network."""
        self._empty("", self.tr("Choose a network on the left to see its layers."))

    def show_loading(self, title: str) -> None:
        """Say that a network is being opened."""
        self._empty(title, self.tr("Opening {title} …").format(title=title))

    def _empty(self, title: str, message: str) -> None:
        self._graph = None
        self._expanded = frozenset()
        self._network_title = ""
        self._selected = ""
        self._title.set_title(title)
        self.note.show_note("")
        self.legend.hide()
        self.colour_scale.hide()
        self.canvas.clear(message)
        self.minimap.show_layout(None)
        self.search_bar.set_graph(None)
        self.breadcrumbs.show_crumbs(())
        self._update_state()
        self._say(message)

    @property
    def layout_shown(self) -> GraphLayout | None:
        """The layout that is drawn."""
        return self.canvas.layout_shown

    # colours

    @property
    def coloured_by(self) -> str:
        """The key of the number that colours the boxes; empty for the kind of layer."""
        return self._coloured_by

    @Slot(str)
    def colour_by(self, key: str) -> None:
        """Colour the boxes by a number; by the kind of layer where the key is of none."""
        key = key if number_kind(key) is not None else ""
        self.colour_chooser.set_key(key)
        if key == self._coloured_by:
            return
        self._coloured_by = key
        if self.layout_shown is not None:
            self._recolour(self.layout_shown.graph)
        self.coloured_by_changed.emit(key)
        self._ask_for_times()

    def show_times(self, times: Mapping[str, float]) -> None:
        """The forward time of each layer of the network on show, in milliseconds."""
        if self._graph is not None:
            self._times = times
            self._numbers = Numbers(self._graph, times)
            if self._coloured_by == "time" and self.layout_shown is not None:
                self._recolour(self.layout_shown.graph)

    def _recolour(self, visible: VisibleGraph) -> None:
        kind, numbers = number_kind(self._coloured_by), self._numbers
        colouring = None
        if kind is not None and numbers is not None:
            colouring = colour_by(visible, kind, numbers)
            self.colour_scale.show_colouring(colouring)
        self.canvas.drawing.set_colouring(colouring)
        self.legend.setVisible(colouring is None)
        self.colour_scale.setVisible(colouring is not None)
        self._place_legend()

    def _ask_for_times(self) -> None:
        if self._coloured_by == "time" and self._graph is not None and not self._times:
            self.measure_asked.emit()

    def thumbnail_of(self, name: str) -> Thumbnail | None:
        """The thumbnail that is known of a box; None where there is none."""
        return self._thumbnails.get(name)

    # selection

    @property
    def selected(self) -> str:
        """The layer or block that is selected, in sight or hidden in a closed block."""
        return self._selected

    def set_selected(self, name: str) -> None:
        """Select a layer or block and scroll it into sight; hidden in a closed block, the block
        has the ring. An empty or unknown name selects nothing. No signal is sent."""
        known = self._graph is not None and name in self._graph.node
        self._selected = name if known else ""
        self._show_selection()

    def reveal(self, name: str) -> None:
        """Select a layer or block, asking to open the blocks that hide it."""
        self.set_selected(name)
        if self._graph is None or not self._selected:
            return
        expanded = expand_to(self._graph, self._expanded, name)
        if expanded != self._expanded:
            self._toggled = (self.canvas.selected, None)
            self.expansion_asked.emit(expanded)

    def _show_selection(self) -> None:
        layout = self.layout_shown
        if layout is None or self._graph is None:
            return
        place = shown_as(layout, self._selected) if self._selected else ""
        self.canvas.set_selected(place)
        self.canvas.bring_into_sight(place)
        self._copy.setEnabled(bool(self._selected))
        self.selection_button.setEnabled(bool(self._selected))
        network = Crumb("", self._network_title)
        self.breadcrumbs.show_crumbs((network, *crumbs(self._graph, self._selected)))
        self._say(self._spoken())

    def _spoken(self) -> str:
        whole = self.tr("Layer graph of {network}").format(network=self._network_title)
        graph = self._graph
        if graph is None or not self._selected:
            return whole
        node = graph.node[self._selected]
        said = self.tr("{graph}; selected: {name}, {type}, output {shape}").format(
            graph=whole, name=node.name, type=node.type_name, shape=format_shape(node.out_shape)
        )
        if self.canvas.selected != self._selected and self.canvas.selected in graph.block:
            said = self.tr("{said}, in the closed block {block}").format(
                said=said, block=self.canvas.selected
            )
        elif self._selected in graph.block:
            is_open = self._selected in self._expanded
            state = self.tr("an open block") if is_open else self.tr("a closed block")
            said = self.tr("{said}, {state}").format(said=said, state=state)
        thumbnail = self._thumbnails.get(self._selected)
        if thumbnail is not None:
            numbers = (f"{what}: {value}" for what, value in thumbnail_rows(thumbnail))
            said = "; ".join((said, *numbers))
        return said

    def _say(self, text: str) -> None:
        if text != self.canvas.accessibleName():
            self.canvas.setAccessibleName(text)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(
                    QAccessibleEvent(self.canvas, QAccessible.Event.NameChanged)
                )

    # finding, and going along the edges

    @Slot(str)
    def go_to(self, name: str) -> None:
        """Choose a layer or block as a click does, asking to open the blocks that hide it."""
        self.reveal(name)
        self.layer_clicked.emit(name)

    @Slot()
    def go_to_producer(self) -> None:
        """Go to what the selection takes its input from; where it is several, a menu asks."""
        if self._graph is not None:
            self._choose_way(self.tr("Go to Producer"), producers(self._graph, self._selected))

    @Slot()
    def go_to_consumer(self) -> None:
        """Go to what takes the selection's output; where it is several, a menu asks. From nothing
        to the beginning."""
        layout = self.layout_shown
        if self._graph is None or layout is None:
            return
        names = consumers(self._graph, self._selected) if self._selected else (first(layout),)
        self._choose_way(self.tr("Go to Consumer"), names)

    def _choose_way(self, title: str, names: Sequence[str]) -> None:
        if len(names) == 1:
            self.go_to(names[0])
        elif names and self._graph is not None:
            menu = ways_menu(title, self._graph, names, self.go_to, self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(self.canvas.place_of_selected())

    def _add_ways(self, menu: QMenu, title: str, names: Sequence[str]) -> None:
        """An entry that goes to a layer, or a menu of several."""
        if self._graph is not None and len(names) > 1:
            menu.addMenu(ways_menu(title, self._graph, names, self.go_to, menu))
        else:
            menu.addAction(title, lambda: self.go_to(names[0])).setEnabled(bool(names))

    @Slot(str)
    def _on_crumb_chosen(self, name: str) -> None:
        self.go_to(name)
        if self.breadcrumbs.hasFocus():
            self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(object)
    def _on_found_changed(self, found: Found) -> None:
        self._show_found(found)

    def _show_found(self, found: Found) -> None:
        layout = self.layout_shown
        if layout is not None:
            self.canvas.drawing.set_found(halos(layout, found.names))

    @Slot()
    def _on_search_closed(self) -> None:
        self.canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)

    # opening and closing

    @Slot()
    def expand_all(self) -> None:
        """Ask to open every block."""
        if self._graph is not None:
            self._ask(frozenset(self._graph.block))

    @Slot()
    def collapse_all(self) -> None:
        """Ask to close every block."""
        self._ask(frozenset())

    @property
    def levels_open(self) -> int:
        """How deep one looks, all in all: 0 where the outermost blocks are closed."""
        return depth_shown(self._graph, self._expanded) if self._graph is not None else 0

    @Slot(int)
    def show_depth(self, depth: int) -> None:
        """Ask to open the blocks down to a depth, and no others."""
        if self._graph is not None:
            depth = min(max(depth, 0), deepest(self._graph))
            self._ask(expanded_to_depth(self._graph, depth))

    @Slot()
    def show_deeper(self) -> None:
        """Ask to open one level more."""
        self.show_depth(self.levels_open + 1)

    @Slot()
    def show_less_deep(self) -> None:
        """Ask to close one level; blocks that stand open below the depth shown close first."""
        graph = self._graph
        if graph is not None:
            more = self._expanded - expanded_to_depth(graph, self.levels_open)
            self.show_depth(self.levels_open if more else self.levels_open - 1)

    @Slot()
    def _turn(self) -> None:
        self.direction_asked.emit(self.direction_button.isChecked())

    def toggle(self, name: str) -> None:
        """Ask to open a closed block, or to close an open one."""
        self._on_toggle_asked(name, None)

    def _ask(
        self, expanded: frozenset[str], toggled: str = "", pointer: QPointF | None = None
    ) -> None:
        if expanded != self._expanded:
            self._toggled = (toggled, pointer)
            self.expansion_asked.emit(expanded)

    def _opened(self, name: str) -> Iterable[str]:
        """The block, and on through blocks around a single block, of which nothing is drawn."""
        graph = self._graph
        while graph is not None and name in graph.block:
            yield name
            children = graph.block[name].children
            name = children[0] if len(children) == 1 else ""

    @Slot(str, object)
    def _on_toggle_asked(self, name: str, pointer: QPointF | None) -> None:
        if self._graph is None or name not in self._graph.block:
            return
        if name in self._expanded:
            self._ask(self._expanded - {name}, name, pointer)
        else:
            self._ask(self._expanded | frozenset(self._opened(name)), name, pointer)

    @Slot(str)
    def _on_close_around_asked(self, name: str) -> None:
        layout = self.layout_shown
        if layout is None:
            return
        frame = name if name in layout.frames else layout.graph.frame_around(name)
        if frame:
            self._on_toggle_asked(frame, None)
            self._on_chosen(frame)

    # from the canvas

    @Slot(str)
    def _on_chosen(self, name: str) -> None:
        self.set_selected(name)
        self.layer_clicked.emit(name)

    @Slot(float)
    def _on_zoom_changed(self, zoom: float) -> None:
        self.zoom_button.setText(self.tr("{zoom} %").format(zoom=round(zoom * 100)))

    @Slot(QSize)
    def _on_canvas_resized(self, size: QSize) -> None:
        self.minimap.set_room(size)
        self.search_bar.place_results()
        self._place_legend()

    @Slot()
    def _on_seen_changed(self) -> None:
        if self.canvas.shows_all:  # scrolled or zoomed into, the legend stays where it is
            self._place_legend()

    def _place_legend(self) -> None:
        """The legend in a corner at the right, above or below the drawing where that leaves room;
        the map in the lower one at the left."""
        viewport = self.canvas.viewport().geometry().translated(self.canvas.pos())
        inner = viewport.adjusted(theme.GAP, theme.GAP, -theme.GAP, -theme.GAP)
        room = viewport.size()
        whole = self.legend.whole_size
        fits = whole.width() * 3 <= room.width() and whole.height() <= inner.height()
        self.legend.fold_unless(fits and self._free_corner(inner, whole) is not None)
        layout = self.layout_shown
        if layout is not None and layout.options.direction == "right":
            room.setHeight(room.height() - _MAIN_LINE)
        self.colour_scale.set_room(room)
        for legend in (self.legend, self.colour_scale):
            legend.resize(legend.sizeHint())
            place = _lower_right(inner, legend.size())
            if legend is self.colour_scale or not self.legend.is_folded:  # a title may cover a bit
                place = self._free_corner(inner, legend.size()) or place
            legend.move(place.topLeft())
            legend.raise_()
        self.minimap.move(inner.left(), inner.bottom() + 1 - self.minimap.height())
        self.minimap.raise_()

    def _free_corner(self, inner: QRect, size: QSize) -> QRect | None:
        """Where at the right a card of this size covers no box; None where there is no such
        corner."""
        below = _lower_right(inner, size)
        above = QRect(QPoint(below.left(), inner.top()), size)
        for of_frames in (True, False):
            for place in (below, above):
                under = place.translated(-self.canvas.pos())
                if self.canvas.is_free(under, of_frames=of_frames):
                    return place
        return None

    def _update_state(self) -> None:
        graph = self._graph
        for button in (
            self.zoom_out_button, self.zoom_button, self.zoom_in_button, self.fit_button,
            self.direction_button,
        ):  # fmt: skip
            button.setEnabled(graph is not None)
        blocks = frozenset(graph.block) if graph is not None else frozenset()
        self.expand_all_button.setEnabled(bool(blocks - self._expanded))
        self.collapse_all_button.setEnabled(bool(blocks & self._expanded))
        self._show_depth()
        if self.layout_shown is not None:
            self.direction_button.setChecked(self.layout_shown.options.direction == "right")
        self.selection_button.setEnabled(bool(self._selected))
        self._copy.setEnabled(bool(self._selected))

    def _show_depth(self) -> None:
        """Where the slider stands; asks for nothing."""
        slider, most = self.depth_slider, deepest(self._graph) if self._graph is not None else 0
        slider.blockSignals(True)
        slider.setRange(0, most)
        slider.setValue(self.levels_open)
        slider.blockSignals(False)
        slider.setEnabled(most > 0)
        tip = self.tr("Levels that are open: {open} of {all}")
        tip = tip.format(open=self.levels_open, all=most)
        slider.setToolTip(tip)
        slider.setAccessibleName(tip)

    @Slot()
    def copy_name(self) -> None:
        """Put the full name of what is selected on the clipboard."""
        if self._selected:
            QGuiApplication.clipboard().setText(self._selected)

    @Slot(str, QPoint)
    def _on_menu_asked(self, name: str, place: QPoint) -> None:
        menu = self.context_menu(name)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def context_menu(self, name: str) -> QMenu:
        """The menu for a box or frame, or for the ground (empty). The caller deletes it."""
        menu = QMenu(self)
        graph = self._graph
        if graph is not None and name:
            if name in graph.block:
                is_open = name in self._expanded
                text = self.tr("Close {}") if is_open else self.tr("Open {}")
                menu.addAction(text.format(in_menu(name)), lambda: self.toggle(name))
                menu.addSeparator()
            self._add_ways(menu, self.tr("Go to Producer"), producers(graph, name))
            self._add_ways(menu, self.tr("Go to Consumer"), consumers(graph, name))
            menu.addSeparator()
            type_name = graph.node[name].type_name
            menu.addAction(
                self.tr("Highlight All of Type {}").format(in_menu(type_name)),
                lambda: self.search_bar.look_for(f"type {type_name}"),
            )
            menu.addAction(
                self.tr("Copy the Name {}").format(in_menu(name)),
                lambda: QGuiApplication.clipboard().setText(name),
            )
            menu.addSeparator()
        expand = menu.addAction(self.tr("Expand All"), self.expand_all)
        expand.setEnabled(self.expand_all_button.isEnabled())
        collapse = menu.addAction(self.tr("Collapse All"), self.collapse_all)
        collapse.setEnabled(self.collapse_all_button.isEnabled())
        menu.addSeparator()
        menu.addAction(self.tr("Fit the Whole Graph"), self.canvas.fit)
        menu.addAction(self.tr("Zoom to 100 %"), self.canvas.zoom_to_full)
        to_selection = menu.addAction(self.tr("Zoom to the Selection"),
                                      self.canvas.zoom_to_selection)  # fmt: skip
        to_selection.setEnabled(bool(self._selected))
        return menu

    def _tip(self, name: str) -> str:
        thumbnail = self._thumbnails.get(name)
        numbers = thumbnail_rows(thumbnail) if thumbnail is not None else ()
        return tip(self._graph, name, numbers) if self._graph is not None else ""

    @Slot()
    def _load_icons(self) -> None:
        self.search_bar.load_icons()
        for button, name in (
            (self.zoom_out_button, "ph.magnifying-glass-minus"),
            (self.zoom_in_button, "ph.magnifying-glass-plus"),
            (self.fit_button, "ph.frame-corners"),
            (self.selection_button, "ph.selection-plus"),
            (self.direction_button, "ph.flow-arrow"),
            (self.expand_all_button, "ph.arrows-out-line-vertical"),
            (self.collapse_all_button, "ph.arrows-in-line-vertical"),
            (self.thumbnails_button, "ph.image"),
        ):
            button.setIcon(theme.icon(name, self))

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search_bar.is_open:
            self.search_bar.close_search()
        else:
            super().keyPressEvent(event)

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 140)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    @Slot()
    def _make_room(self) -> None:
        """Hide what there is no room for; the menu has it still."""
        roomy, spacious = self.width() >= _ROOMY, self.width() >= _SPACIOUS
        for tool in (self.depth_slider, self.direction_button, self.selection_button):
            tool.setVisible(roomy)
        is_searching = self.search_bar.is_open
        self._colour_label.setVisible(spacious or (roomy and not is_searching))
        for chooser in (self.thumbnails_button, self.colour_chooser):
            chooser.setVisible(spacious or not is_searching)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self.fit_button.icon().isNull():
            self._load_icons()


def _lower_right(inner: QRect, size: QSize) -> QRect:
    place = QRect(QPoint(), size)
    place.moveBottomRight(inner.bottomRight())
    return place


def _tr(text: str) -> str:
    return QCoreApplication.translate("GraphView", text)


def _with_key(tip: str, keys: str) -> str:
    """A tool tip with the key of the menu's command that does the same."""
    native = QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
    return f"{tip} ({native})"


def _totals(graph: LayerGraph) -> str:
    """What a prediction takes: parameters, multiply-adds where they are known, layers."""
    layers = [node for node in graph.layers if not node.training_only]
    operations = sum(node.kind not in ("input", "output") for node in layers)
    facts = [_tr("{} parameters").format(format_count(graph.parameters))]
    if not graph.note:  # of modules alone nobody knows what they cost
        facts.append(_tr("{} multiply-adds").format(format_macs(graph.macs)))
    facts.append(_tr("{} layers").format(operations))
    return "  ·  ".join(facts)


def tip(graph: LayerGraph, name: str, numbers: Iterable[tuple[str, str]] = ()) -> str:
    """All about a layer or block as rich text: type, settings, shapes, parameters, work, and
    `numbers` of its output."""
    node = graph.node.get(name)
    if node is None:
        return ""
    rows = list(_settings(node))
    rows.append((_tr("Parameters"), f"{node.parameters:,}"))
    if not graph.note:
        share = f"  ({100 * node.macs / graph.macs:.1f} %)" if graph.macs and node.macs else ""
        rows.append((_tr("Multiply-adds"), format_macs(node.macs) + share))
    if node.training_only:
        rows.append((_tr("Used"), _tr("in training only")))
    rows.extend(numbers)
    cells = "".join(
        f"<tr><td style='padding-right:12px'>{html.escape(what)}</td>"
        f"<td>{html.escape(value)}</td></tr>"
        for what, value in rows
    )
    hint = ""
    if isinstance(node, BlockNode):
        hint = f"<p>{html.escape(_tr('Double-click to open or close it.'))}</p>"
    return (
        f"<p style='white-space:pre'><b>{html.escape(node.name)}</b>"
        f"  {html.escape(node.type_name)}</p><table>{cells}</table>{hint}"
    )


def _settings(node: LayerNode | BlockNode) -> Iterable[tuple[str, str]]:
    if isinstance(node, BlockNode):
        yield (_tr("Output"), format_shape(node.out_shape))
        return
    for what, value in node.attributes:
        yield (what.capitalize(), value)
    given = " + ".join(format_shape(shape) for shape in node.in_shapes[:4])
    if len(node.in_shapes) > 4:
        given = _tr("{} tensors").format(len(node.in_shapes))
    out = format_shape(node.out_shape)
    if given:
        yield (_tr("In → out"), f"{given} → {out}")
    else:
        yield (_tr("Output"), out)
