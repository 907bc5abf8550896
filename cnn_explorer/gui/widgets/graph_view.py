"""The layer graph of a network: a drawing to scroll, zoom and walk in, its tools and legend."""

import html
from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QAction,
    QGuiApplication,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.hierarchy import expand_to
from cnn_explorer.graph.metrics import format_count, format_macs, format_shape
from cnn_explorer.graph.model import BlockNode, GraphLayout, LayerGraph, LayerNode
from cnn_explorer.gui.state.shown import NetworkShown, ThumbnailsShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.graph_canvas import GraphCanvas
from cnn_explorer.gui.widgets.graph_walk import shown_as
from cnn_explorer.gui.widgets.legend import Legend
from cnn_explorer.gui.widgets.panel_parts import TitleLabel
from cnn_explorer.gui.widgets.thumbnail_look import rows as thumbnail_rows
from cnn_explorer.probe.results import Thumbnail


class GraphView(QWidget):
    """Shows a network's layers as a graph whose blocks open and close.

    Click selects, double-click opens or closes a block; the wheel scrolls, with Ctrl it zooms;
    dragging moves the drawing. Arrow keys walk along the lines, Enter opens a block or closes an
    open one, Backspace closes the block around; + - 0 1 zoom.

    The view opens no block itself: it asks with `expansion_asked` and shows what `show_layout`
    brings.
    """

    layer_clicked = Signal(str)
    """A layer or block was chosen, by mouse or keyboard."""
    expansion_asked = Signal(object)
    """A frozenset of the names of the blocks that are to stand open."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graph: LayerGraph | None = None
        self._expanded: frozenset[str] = frozenset()
        self._network_title = ""
        self._thumbnails: Mapping[str, Thumbnail] = {}
        self._selected = ""
        self._toggled: tuple[str, QPointF | None] = ("", None)

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
        self.legend = Legend(self)
        self.legend.folded.connect(self._place_legend)
        self.legend.hide()

        self.zoom_out_button = self._button(self.tr("Zoom out (−)"), self.canvas.zoom_out)
        self.zoom_button = self._button(self.tr("Zoom to 100 % (1)"), self.canvas.zoom_to_full)
        self.zoom_in_button = self._button(self.tr("Zoom in (+)"), self.canvas.zoom_in)
        self.fit_button = self._button(self.tr("Fit the whole graph into the view (0)"),
                                       self.canvas.fit)  # fmt: skip
        self.open_all_button = self._button(self.tr("Open all blocks"), self.expand_all)
        self.close_all_button = self._button(self.tr("Close all blocks"), self.collapse_all)
        self.thumbnails_button = self._button(
            self.tr("Thumbnails of what each box puts out (Ctrl+T)"), lambda: None
        )
        self.thumbnails_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
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
        for button in (self.thumbnails_button, self.close_all_button, self.open_all_button):
            row.addWidget(button)
        row.addSpacing(theme.GAP)
        for button in (
            self.zoom_out_button, self.zoom_button, self.zoom_in_button, self.fit_button
        ):  # fmt: skip
            row.addWidget(button)
        self._whole = QVBoxLayout(self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(0)
        self._whole.addLayout(row)
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
        self._expanded = shown.expanded
        self._network_title = shown.card.title
        self._thumbnails = {}
        self._selected = ""
        self._toggled = ("", None)
        self._title.set_title(shown.card.title, "   " + _totals(shown.graph))
        self.legend.show_graph(shown.graph)
        self.legend.show()
        self.canvas.show_new(shown.graph, shown.layout)
        self._place_legend()
        self._show_selection()
        self._update_state()

    def show_layout(self, expanded: frozenset[str], layout: GraphLayout) -> None:
        """Draw the same network with other blocks open."""
        if self._graph is None:
            return
        self._expanded = expanded
        toggled, pointer = self._toggled
        self._toggled = ("", None)
        self.canvas.show_changed(self._graph, layout, toggled, pointer)
        self.canvas.drawing.set_thumbnails(self._thumbnails)
        self._show_selection()
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
        self.legend.hide()
        self.canvas.clear(message)
        self._update_state()
        self._say(message)

    @property
    def layout_shown(self) -> GraphLayout | None:
        """The layout that is drawn."""
        return self.canvas.layout_shown

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
        known = self._graph is not None and (name in self._graph.layer or name in self._graph.block)
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
        self._say(self._spoken())

    def _spoken(self) -> str:
        whole = self.tr("Layer graph of {network}").format(network=self._network_title)
        graph = self._graph
        if graph is None or not self._selected:
            return whole
        node = graph.layer.get(self._selected) or graph.block[self._selected]
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
        self.legend.set_room(size)
        self._place_legend()

    def _place_legend(self) -> None:
        corner = self.canvas.viewport().geometry().bottomRight() + self.canvas.pos()
        legend = self.legend
        legend.resize(legend.sizeHint())
        legend.move(
            corner.x() + 1 - theme.GAP - legend.width(),
            corner.y() + 1 - theme.GAP - legend.height(),
        )
        legend.raise_()

    def _update_state(self) -> None:
        graph = self._graph
        for button in (
            self.zoom_out_button, self.zoom_button, self.zoom_in_button, self.fit_button
        ):  # fmt: skip
            button.setEnabled(graph is not None)
        blocks = frozenset(graph.block) if graph is not None else frozenset()
        self.open_all_button.setEnabled(bool(blocks - self._expanded))
        self.close_all_button.setEnabled(bool(blocks & self._expanded))
        self._copy.setEnabled(bool(self._selected))

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
                menu.addAction(text.format(_in_menu(name)), lambda: self.toggle(name))
                menu.addSeparator()
            menu.addAction(
                self.tr("Copy the Name {}").format(_in_menu(name)),
                lambda: QGuiApplication.clipboard().setText(name),
            )
            menu.addSeparator()
        open_all = menu.addAction(self.tr("Open All Blocks"), self.expand_all)
        open_all.setEnabled(self.open_all_button.isEnabled())
        close_all = menu.addAction(self.tr("Close All Blocks"), self.collapse_all)
        close_all.setEnabled(self.close_all_button.isEnabled())
        menu.addSeparator()
        menu.addAction(self.tr("Fit the Whole Graph"), self.canvas.fit)
        menu.addAction(self.tr("Zoom to 100 %"), self.canvas.zoom_to_full)
        return menu

    def _tip(self, name: str) -> str:
        thumbnail = self._thumbnails.get(name)
        numbers = thumbnail_rows(thumbnail) if thumbnail is not None else ()
        return tip(self._graph, name, numbers) if self._graph is not None else ""

    @Slot()
    def _load_icons(self) -> None:
        for button, name in (
            (self.zoom_out_button, "ph.magnifying-glass-minus"),
            (self.zoom_in_button, "ph.magnifying-glass-plus"),
            (self.fit_button, "ph.frame-corners"),
            (self.thumbnails_button, "ph.image"),
            (self.open_all_button, "ph.arrows-out-line-vertical"),
            (self.close_all_button, "ph.arrows-in-line-vertical"),
        ):
            button.setIcon(theme.icon(name, self))

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 140)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and not self.fit_button.icon().isNull():
            self._load_icons()


def _tr(text: str) -> str:
    return QCoreApplication.translate("GraphView", text)


def _totals(graph: LayerGraph) -> str:
    """What a prediction takes: parameters, multiply-adds, layers."""
    layers = [node for node in graph.layers if not node.training_only]
    return _tr("{parameters} parameters  ·  {macs} multiply-adds  ·  {layers} layers").format(
        parameters=format_count(graph.parameters),
        macs=format_macs(graph.macs),
        layers=sum(node.kind not in ("input", "output") for node in layers),
    )


def _in_menu(name: str) -> str:
    return name.replace("&", "&&")


def tip(graph: LayerGraph, name: str, numbers: Iterable[tuple[str, str]] = ()) -> str:
    """All about a layer or block as rich text: type, settings, shapes, parameters, work, and
    `numbers` of its output."""
    node = graph.layer.get(name) or graph.block.get(name)
    if node is None:
        return ""
    rows = list(_settings(node))
    rows.append((_tr("Parameters"), f"{node.parameters:,}"))
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
