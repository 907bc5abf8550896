"""Numbers as a table to read, to select and to copy."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.number_table import NumberTable, NumberTableModel
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import copy_action
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars


class NumberView(QTableView):
    """Shows a `NumberTable`. Ctrl+C copies what is selected, with tabs between the numbers."""

    row_chosen = Signal(int)
    """The row of the table that a person went to."""
    failed = Signal(str)
    """One sentence: nothing was copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._going = False
        self.numbers = NumberTableModel(self)
        self.setModel(self.numbers)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        small = theme.text_font(theme.SMALL)
        self.setFont(small)
        height = self.fontMetrics().height() + 6
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setFont(small)
            header.setHighlightSections(False)
            # thousands of columns: none is measured one by one
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setDefaultSectionSize(self._column_width())
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.verticalHeader().setDefaultSectionSize(height)
        self.verticalHeader().setMinimumSectionSize(height)
        quiet_bars(self)
        copy_action(self, self.tr("Copy"), self.copy)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.selectionModel().currentRowChanged.connect(self._on_row_changed)

    def show_table(self, table: NumberTable) -> None:
        """Show other numbers; what was sorted stays sorted so where the columns are the same."""
        before = self.numbers.table
        same = table.sortable and before.sortable and len(table.columns) == len(before.columns)
        header = self.horizontalHeader()
        self._going = True
        if not same:
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.numbers.show_table(table)
        self.setSortingEnabled(table.sortable)
        header.setSortIndicatorClearable(True)
        header.setSectionsClickable(True)
        self._going = False

    def go_to_row(self, row: int) -> None:
        """Make a row of the table the current one, and bring it into sight."""
        if 0 <= row < self.numbers.rowCount() and row != self.current_row:
            self._going = True
            column = max(0, self.currentIndex().column())
            self.setCurrentIndex(self.numbers.index(self.numbers.place_of(row), column))
            self._going = False

    @property
    def current_row(self) -> int:
        """The row of the table that is the current one, or -1."""
        index = self.currentIndex()
        return self.numbers.row_at(index.row()) if index.isValid() else -1

    def copy(self) -> None:
        """Put the selected numbers on the clipboard; with none selected all of them."""
        chosen = self.selectionModel().selection()
        places, columns = range(self.numbers.rowCount()), range(self.numbers.columnCount())
        if not chosen.isEmpty():  # one rectangle: the mode of selection allows no more
            part = chosen.first()
            places = range(part.top(), part.bottom() + 1)
            columns = range(part.left(), part.right() + 1)
        try:
            text = self.numbers.as_tabbed(places, columns)
        except ExplorerError as error:
            self.failed.emit(str(error))
        else:
            QGuiApplication.clipboard().setText(text)

    def _column_width(self) -> int:
        return self.fontMetrics().horizontalAdvance("−0.0001234") + 2 * theme.GAP

    def _on_row_changed(self) -> None:
        if not self._going and self.current_row >= 0:
            self.row_chosen.emit(self.current_row)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(280, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)
