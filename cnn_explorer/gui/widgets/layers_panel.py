"""A table of all layers, or of what the graph shows: sort, filter, copy, take away as a file."""

from collections.abc import Iterable, Mapping
from functools import partial

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.model import GraphLayout, LayerGraph
from cnn_explorer.graph.numbers import Numbers
from cnn_explorer.gui.state.layer_table import COLUMNS, LayerTableModel, as_csv, as_tabbed
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import QuietLabel, copy_action
from cnn_explorer.gui.widgets.quiet_table import QuietTable

_ALL, _VISIBLE = "all", "visible"
_WIDTHS = {
    "name": 148, "type": 96, "inputs": 104, "output": 100, "kernel": 54, "own_stride": 50,
    "padding": 58, "parameters": 82, "macs": 96, "memory": 118, "time": 104, "receptive": 102,
    "stride": 94,
}  # fmt: skip
_LEAST, _MOST = 24, 1200
_BUTTONS_FROM = 460
"""The width of the panel, in pixels, from which the buttons beside the filter have room."""


class LayersPanel(QWidget):
    """Lists layers with their shapes and numbers, in step with the graph's selection."""

    layer_chosen = Signal(str)
    """The layer or block of the row that a person went to."""
    measure_asked = Signal()
    """The time of each layer is wanted."""
    export_asked = Signal(str)
    """The text of a CSV file of what is listed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._graph: LayerGraph | None = None
        self._visible: tuple[str, ...] = ()
        self._times: Mapping[str, float] = {}
        self._selected = ""
        self._stale = False
        self._following = False
        self.model = LayerTableModel(self)

        self.filter_field = QLineEdit()
        self.filter_field.setPlaceholderText(self.tr("Filter: conv2d 64x56"))
        self.filter_field.setClearButtonEnabled(True)
        self.filter_field.setMinimumWidth(80)
        self.filter_field.setMaximumWidth(240)
        self.filter_field.setAccessibleName(self.tr("Filter the layers"))
        self.filter_field.setToolTip(
            self.tr("Each word must occur in a layer's name, type, shapes, kernel or stride.")
        )
        self.filter_field.textChanged.connect(self._on_filter_changed)
        self.scope = QComboBox()
        self.scope.addItem(self.tr("All layers"), _ALL)
        self.scope.addItem(self.tr("What the graph shows"), _VISIBLE)
        self.scope.setMinimumWidth(72)
        self.scope.setAccessibleName(self.tr("Which layers to list"))
        self.scope.setToolTip(
            self.tr("List every layer, or the boxes of the graph: closed blocks with their sums.")
        )
        self.scope.currentIndexChanged.connect(self._on_scope_changed)
        self._count = QuietLabel()
        self.measure_button = self._button(
            self.tr("Measure Time"),
            self.tr("Measure how long each layer takes on this computer"),
            self.measure_asked.emit,
        )
        self.export_button = self._button(
            self.tr("Export CSV…"),
            self.tr("Save what is listed as a file for spreadsheets, numbers bare"),
            self.export,
        )

        self.table = QuietTable()
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Layers"))
        header = self.table.horizontalHeader()
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        header.setSectionsMovable(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(_LEAST)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setSortingEnabled(True)
        self.set_widths(())
        self.table.selectionModel().currentRowChanged.connect(self._on_row_changed)
        self.table.customContextMenuRequested.connect(self._on_menu_asked)

        self._copy = copy_action(self.table, self.tr("Copy"), self.copy)

        row = QHBoxLayout()
        row.setContentsMargins(theme.MARGIN, theme.GAP - 2, theme.MARGIN, theme.GAP - 2)
        row.setSpacing(theme.GAP)
        row.addWidget(self.filter_field, 3)
        row.addWidget(self.scope)
        row.addWidget(self._count, 2)
        row.addWidget(self.measure_button)
        row.addWidget(self.export_button)
        whole = QVBoxLayout(self)
        whole.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(row)
        whole.addWidget(self.table, 1)
        self.setFocusProxy(self.table)
        self._tell()

    def _button(self, text: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        button.clicked.connect(slot)
        return button

    # what is shown

    def show_graph(self, graph: LayerGraph, layout: GraphLayout) -> None:
        """List the layers of a network just opened."""
        self._graph = graph
        self._times = {}
        self.show_layout(layout)
        self._fill_later()

    def show_layout(self, layout: GraphLayout) -> None:
        """The graph shows other boxes of the same network."""
        self._visible = tuple(node.name for node in layout.graph.nodes)
        if self.scope.currentData() == _VISIBLE:
            self._fill_later()

    def show_times(self, times: Mapping[str, float]) -> None:
        """The forward time of each layer of the network on show, in milliseconds."""
        self._times = times
        self._fill_later()

    def clear(self) -> None:
        """List nothing: a network is being opened, or there is none."""
        self._graph = None
        self._selected = ""
        self._visible = ()
        self.model.clear()
        self._tell()

    def set_selected(self, name: str) -> None:
        """Go to the row of a layer or block, or of the closed block that hides it."""
        self._selected = name
        if not self._stale:
            self._show_selection()

    def _fill_later(self) -> None:
        """Fill the table when it is looked at: opening blocks elsewhere waits for no table."""
        self._stale = True
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        self._stale = False
        graph = self._graph
        if graph is None:
            return
        names: Iterable[str] = self._visible
        if self.scope.currentData() == _ALL:
            names = (layer.name for layer in graph.layers)
        self.model.show_rows(graph, names, Numbers(graph, self._times))
        self._show_selection()
        self._tell()

    def _show_selection(self) -> None:
        place = self._place_of(self._selected)
        chosen = self.table.selectionModel()
        column = max(chosen.currentIndex().column(), 0)
        self._following = True
        if place < 0:
            self.table.clearSelection()
            chosen.clearCurrentIndex()
        elif place != chosen.currentIndex().row() or not chosen.hasSelection():
            flags = QItemSelectionModel.SelectionFlag
            index = self.model.index(place, column)
            chosen.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.table.scrollTo(index)
        self._following = False

    def _place_of(self, name: str) -> int:
        """The row of a layer or block, or of the block around it that is listed; else -1."""
        way = () if self._graph is None else self._graph.path.get(name, ())
        places = (self.model.place_of(part) for part in reversed(way))
        return next((place for place in places if place >= 0), -1)

    def _tell(self) -> None:
        shown, total = len(self.model.rows), self.model.total
        if shown == total:
            self._count.setText(self.tr("{} rows").format(total) if total else "")
        else:
            self._count.setText(self.tr("{shown} of {total} rows").format(shown=shown, total=total))
        self.export_button.setEnabled(bool(shown))
        self.measure_button.setEnabled(self._graph is not None)

    @property
    def said(self) -> str:
        """How many rows there are, as it is told."""
        return self._count.text()

    # what is asked

    @Slot()
    def copy(self) -> None:
        """Put the selected rows on the clipboard, to be pasted into a table."""
        places = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        if places:
            rows = self.model.rows
            QGuiApplication.clipboard().setText(as_tabbed(rows[place] for place in places))

    @Slot()
    def export(self) -> None:
        """Ask to save what is listed, in its order."""
        if self.model.rows:
            self.export_asked.emit(as_csv(self.model.rows))

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.table.viewport().mapToGlobal(place))

    def context_menu(self) -> QMenu:
        """Everything that the table can do, for the keyboard too. The caller deletes it."""
        menu = QMenu(self)
        menu.addAction(self._copy)
        menu.addAction(self.export_button.text(), self.export)
        menu.addAction(self.measure_button.text(), self.measure_asked.emit)
        menu.addSeparator()
        header = self.table.horizontalHeader()
        sort = menu.addMenu(self.tr("Sort by"))
        for number, column in enumerate(COLUMNS):
            sort.addAction(column.title, partial(self.sort_by, number))
        sort.addSeparator()
        sort.addAction(
            self.tr("Forward Order"),
            lambda: header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder),
        )
        return menu

    def sort_by(self, column: int) -> None:
        """Sort by a column: numbers from the largest, all else from the first; then the other way
        round."""
        header = self.table.horizontalHeader()
        order = Qt.SortOrder.AscendingOrder
        if header.sortIndicatorSection() == column:
            if header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder:
                order = Qt.SortOrder.DescendingOrder
        elif COLUMNS[column].sort == "number":
            order = Qt.SortOrder.DescendingOrder
        header.setSortIndicator(column, order)

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths of the columns."""
        return tuple(map(self.table.columnWidth, range(len(COLUMNS))))

    def set_widths(self, widths: Iterable[int]) -> None:
        """Give the columns these widths; their usual ones where these fit no more."""
        given = tuple(widths)
        if len(given) != len(COLUMNS) or not all(_LEAST <= width <= _MOST for width in given):
            given = tuple(_WIDTHS[column.key] for column in COLUMNS)
        for number, width in enumerate(given):
            self.table.setColumnWidth(number, width)

    @Slot(str)
    def _on_filter_changed(self, text: str) -> None:
        self.model.set_filter(text)
        self._show_selection()
        self._tell()

    @Slot()
    def _on_scope_changed(self) -> None:
        self._fill_later()

    @Slot(QModelIndex, QModelIndex)
    def _on_row_changed(self, index: QModelIndex) -> None:
        row = self.model.row_at(index)
        if row is not None and row.name != self._selected and not self._following:
            self._selected = row.name
            self.layer_chosen.emit(row.name)

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(208, 120)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # the filter needs the room more: the menu of the table can do the same
        for button in (self.measure_button, self.export_button):
            button.setVisible(event.size().width() >= _BUTTONS_FROM)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._fill()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # from the filter straight into what it found
        if event.key() == Qt.Key.Key_Down and self.filter_field.hasFocus():
            self.table.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)
