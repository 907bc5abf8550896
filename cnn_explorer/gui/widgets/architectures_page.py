"""Architectures compared: a table of facts, bars, a scatter plot, and the layers side by side."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QGuiApplication,
    QPainter,
    QPalette,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLayout,
    QMenu,
    QPushButton,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.architectures import COLUMNS, Architecture
from cnn_explorer.graph.stages import configuration_table
from cnn_explorer.gui.state.architecture_table import ArchitectureFacts, ArchitectureTableModel
from cnn_explorer.gui.state.qimages import png_bytes
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.configuration_grid import ConfigurationGrid
from cnn_explorer.gui.widgets.panel_parts import EmptyState, QuietLabel, copy_action
from cnn_explorer.gui.widgets.paper_header import PAD, PaperHeader, heading_font
from cnn_explorer.gui.widgets.quiet_table import QuietTable
from cnn_explorer.gui.widgets.segmented_switch import SegmentedSwitch
from cnn_explorer.text import capitalised, listed

if TYPE_CHECKING:
    # pyqtgraph takes 0.3 s: it is imported when a plot is first looked at
    from cnn_explorer.gui.widgets.architecture_plots import BarsPlot, ScatterPlot

TABLE, BARS, SCATTER, LAYERS = range(4)
"""The views, as they stand in the switch."""
_WIDTHS = {
    "network": 96, "family": 84, "year": 48, "depth": 54, "parameters": 86, "multiply_adds": 98,
    "memory_bytes": 126, "forward_ms": 94, "top1": 66, "data_set": 74, "accuracy_source": 104,
    "receptive_field": 106, "whole_picture_from": 132, "weights": 68,
}  # fmt: skip
"""Logical pixels: up to the accuracy they fit beside the docks of a window of 1280."""
_LONGEST_NAME = 200
"""The first column is no wider, logical pixels."""
_BARS_OF = (
    "parameters", "multiply_adds", "memory_bytes", "forward_ms", "top1", "depth", "year",
    "receptive_field",
)  # fmt: skip
_SUFFIXES = {
    TABLE: (".csv", ".png"),
    BARS: (".png", ".svg", ".csv"),
    SCATTER: (".png", ".svg", ".csv"),
    LAYERS: (".csv", ".png", ".txt"),
}


class ArchitecturesPage(QWidget):
    """The facts of the chosen networks or of all of the catalogue, in one of four views."""

    network_selected = Signal(str)
    """A network was clicked, or reached with the keyboard."""
    network_activated = Signal(str)
    """A network was chosen for good: a double click or Enter in the table."""

    def __init__(self, facts: ArchitectureFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts = facts
        self._bars: BarsPlot | None = None
        self._scatter: ScatterPlot | None = None
        self._selected = ""
        self._stale = True
        self._following = False
        self.model = ArchitectureTableModel(self)

        self.switch = SegmentedSwitch(
            (
                (self.tr("Table"), self.tr("All facts of the networks, to be sorted and copied")),
                (self.tr("Bars"), self.tr("One number of the networks as bars")),
                (self.tr("Scatter"), self.tr("Accuracy over multiply-adds, parameters as area")),
                (
                    self.tr("Layers side by side"),
                    self.tr("The layers of the chosen networks, stage by stage"),
                ),
            )
        )
        self.extent = self._box(
            self.tr("Which networks"),
            self.tr("Show the networks that are compared, or all of the catalogue."),
            ((self.tr("Chosen networks"), "chosen"), (self.tr("All of the catalogue"), "all")),
        )
        titles = {column.key: column.title for column in COLUMNS}
        self.number = self._box(
            self.tr("Which number"),
            self.tr("The number that is drawn as bars."),
            tuple((self.tr(titles[key]), key) for key in _BARS_OF),
        )
        self.data_set = self._box(
            self.tr("Data set"),
            self.tr(
                "The pictures on which accuracies were measured; those on different pictures are "
                "not to be compared."
            ),
            (),
        )
        self.log = QCheckBox(self.tr("Log"))
        self.log.setToolTip(self.tr("A logarithmic scale: small networks are seen beside large"))
        self.measure_button = QPushButton()
        self.save_button = QPushButton(self.tr("Save"))
        self.save_button.setAccessibleName(self.tr("Save or copy this view"))
        self.save_button.setToolTip(self.tr("Save this view to a file, or copy it"))
        self.save_button.setMenu(QMenu(self.save_button))
        self.save_button.menu().aboutToShow.connect(self._fill_save_menu)
        self.said = QuietLabel()
        self.status = QuietLabel()

        self.table = _Table()
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Facts of the networks"))
        for number, column in enumerate(COLUMNS):
            self.table.setColumnWidth(number, _WIDTHS[column.key])
        # what most names of networks tell already does not stand between them and the numbers
        keys = [column.key for column in COLUMNS]
        self.table.horizontalHeader().moveSection(keys.index("family"), keys.index("weights") - 1)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.table.horizontalHeader().setSortIndicatorClearable(True)
        self.table.setSortingEnabled(True)
        copy_action(self.table, self.tr("Copy Rows"), self.copy)
        self.grid = ConfigurationGrid()
        self.empty = EmptyState()

        self._pages = QStackedWidget()
        for page in (self.empty, self.table, self.grid):
            self._pages.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(self._head())
        whole.addWidget(self._pages, 1)

        self.switch.chosen.connect(self._on_choice)
        self.log.toggled.connect(self._on_choice)
        for box in (self.extent, self.number, self.data_set):
            box.currentIndexChanged.connect(self._on_choice)
        self.measure_button.clicked.connect(self._on_measure_clicked)
        self.table.selectionModel().selectionChanged.connect(self._on_rows_selected)
        self.table.activated.connect(self._on_row_activated)
        for view in (self.table, self.grid):
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(self._on_menu_asked)
        facts.changed.connect(self._on_facts_changed)
        facts.timing_changed.connect(self._show_timing)
        self._show_timing()

    def _box(self, name: str, tip: str, items: tuple[tuple[str, str], ...]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(tip)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for title, key in items:
            box.addItem(title, key)
        return box

    def _head(self) -> QLayout:
        """The views in a row that no choice moves; below, what there is to choose in the one on
        show, and what is said of it."""
        views, choices = QHBoxLayout(), QHBoxLayout()
        views.addWidget(self.switch)
        views.addStretch(1)
        views.addWidget(self.save_button)
        for control in (self.extent, self.number, self.data_set, self.log, self.measure_button):
            choices.addWidget(control)
        choices.addStretch(1)
        rows = QVBoxLayout()
        rows.setContentsMargins(theme.MARGIN, theme.GAP - 2, theme.MARGIN, theme.GAP // 2)
        rows.setSpacing(theme.GAP - 2)
        for row in (views, choices):
            row.setSpacing(theme.GAP)
            rows.addLayout(row)
        rows.addWidget(self.said)
        rows.addWidget(self.status)
        return rows

    # what is shown

    def set_networks(self, names: tuple[str, ...]) -> None:
        """Compare these networks: names of the catalogue, or paths of ONNX files."""
        self.facts.set_networks(names)

    def show_view(self, view: int) -> None:
        """Turn to `TABLE`, `BARS`, `SCATTER` or `LAYERS`."""
        self.switch.set_current(view)
        self._on_choice()

    def select(self, name: str) -> None:
        """Mark a network in all views."""
        if name == self._selected:
            return
        self._selected = name
        self._mark()
        self.network_selected.emit(name)

    @property
    def selected(self) -> str:
        """The network that is marked; empty for none."""
        return self._selected

    @property
    def bars(self) -> "BarsPlot":
        """The bars of one number."""
        if self._bars is None:
            from cnn_explorer.gui.widgets.architecture_plots import BarsPlot

            self._bars = BarsPlot()
            self._join(self._bars)
        return self._bars

    @property
    def scatter(self) -> "ScatterPlot":
        """Accuracy over multiply-adds."""
        if self._scatter is None:
            from cnn_explorer.gui.widgets.architecture_plots import ScatterPlot

            self._scatter = ScatterPlot()
            self._join(self._scatter)
        return self._scatter

    def _join(self, plot: "BarsPlot | ScatterPlot") -> None:
        self._pages.addWidget(plot)
        # it came later than the rest and would be the last that Tab reaches
        QWidget.setTabOrder(self.switch.button(LAYERS), plot)
        plot.read_changed.connect(self._on_read)
        plot.chosen.connect(self._on_chosen)
        plot.saved.connect(self._on_saved)
        plot.failed.connect(self._on_failed)

    # filling

    @Slot()
    def _on_facts_changed(self) -> None:
        self._stale = True
        if self.isVisible():
            self._fill()

    @Slot()
    def _on_choice(self) -> None:
        if not self._following:
            self._show_timing()
            self._fill()

    def _fill(self) -> None:
        """Fill and show the view that is chosen."""
        self._stale = False
        self.facts.read()
        rows = self._rows()
        self.measure_button.setEnabled(bool(self.facts.chosen))
        view = self.switch.current
        self._offer(view, rows)
        self.said.setText("")
        match view:
            case _ if not rows or (view == LAYERS and not self.facts.titled_graphs):
                self._show_empty(view)
            case 0:
                self._following = True
                self._fit_names(rows)
                self.model.set_rows(rows, self._marked())
                self._following = False
                self._pages.setCurrentWidget(self.table)
                self.said.setText(self._table_said(rows))
            case 1:
                self._fill_bars(rows)
            case 2:
                self._fill_scatter(rows)
            case _:
                titled = self.facts.titled_graphs
                table = configuration_table(
                    [graph for _, graph in titled], [title for title, _ in titled]
                )
                self.grid.show_table(table)
                self._pages.setCurrentWidget(self.grid)
                self.said.setText(
                    self.tr("A row a stage: | stands between layers that follow each other, + "
                            "between branches that are concatenated.")
                )  # fmt: skip
        self._tell(self.status.text())
        self._mark()

    def _tell(self, status: str) -> None:
        """Say what goes on, or what is pointed at, in the place of what is said of the view."""
        self.status.setText(status)
        for label in (self.said, self.status):
            label.setToolTip(label.text())  # where it is longer than the page is wide
        self.said.setVisible(not status and bool(self.said.text()))
        self.status.setVisible(bool(status))

    def _rows(self) -> tuple[Architecture, ...]:
        everything = self.extent.currentData() == "all" and self.switch.current != LAYERS
        return self.facts.all_rows if everything else self.facts.chosen_rows

    def _marked(self) -> frozenset[str]:
        """The networks that stand out in a table: where all are chosen, none."""
        return self.facts.chosen if self.extent.currentData() == "all" else frozenset()

    def _offer(self, view: int, rows: tuple[Architecture, ...]) -> None:
        """Show the controls that say something in this view."""
        of_accuracy = view == SCATTER or (view == BARS and self.number.currentData() == "top1")
        counted = Counter(row.data_set for row in rows if row.top1 is not None)
        sets = tuple(name for name, _ in counted.most_common())
        self._following = True
        if sets != tuple(self.data_set.itemData(at) for at in range(self.data_set.count())):
            before = self.data_set.currentData()
            self.data_set.clear()
            for name in sets:
                self.data_set.addItem(name, name)
            self.data_set.setCurrentIndex(max(0, self.data_set.findData(before)))
        self._following = False
        self.data_set.setVisible(of_accuracy and len(sets) > 0)
        self.number.setVisible(view == BARS)
        self.log.setVisible(view == BARS and self.number.currentData() not in ("top1", "year"))
        self.extent.setVisible(view != LAYERS)
        of_times = view == TABLE or (view == BARS and self.number.currentData() == "forward_ms")
        self.measure_button.setVisible(of_times or self.facts.is_timing)

    def _fit_names(self, rows: tuple[Architecture, ...]) -> None:
        """Give names the room they need; a width that a person chose stays for the same ones."""
        if [row.name for row in rows] != [row.name for row in self.model.rows]:
            metrics = self.table.fontMetrics()
            needed = max(metrics.horizontalAdvance(row.title) for row in rows) + 2 * PAD + 2
            self.table.setColumnWidth(0, max(_WIDTHS["network"], min(needed, _LONGEST_NAME)))

    def _fill_bars(self, rows: tuple[Architecture, ...]) -> None:
        key = self.number.currentData()
        column = next(column for column in COLUMNS if column.key == key)
        if key == "top1":
            rows = self._of_data_set(rows)
        known = [row for row in rows if column.value(row) is not None]
        if not known:
            self._pages.setCurrentWidget(self.empty)
            self.empty.setText(
                self.tr("No time was measured yet: press Measure Times.")
                if key == "forward_ms"
                else self.tr("Of none of these networks this number is known.")
            )
            return
        if self.extent.currentData() == "all":
            known.sort(key=lambda row: -float(column.value(row) or 0))
        log = self.log.isChecked() and not self.log.isHidden()
        self.bars.set_file_name(f"architectures-{key.replace('_', '-')}")
        self.bars.show_rows(known, column, self.facts.chosen, log=log)
        self._pages.setCurrentWidget(self.bars)
        without = len(rows) - len(known)
        said = [column.explained]
        if key == "top1":
            said.append(self.tr("{}.").format(self.data_set.currentText()))
        if without:
            said.append(self.tr("Not known of {} of the networks.").format(without))
        self.said.setText(" ".join(said))

    def _fill_scatter(self, rows: tuple[Architecture, ...]) -> None:
        here = self._of_data_set(rows)
        known = [row for row in here if row.top1 is not None and row.macs]
        if not known:
            self._pages.setCurrentWidget(self.empty)
            self.empty.setText(self.tr("None of these networks has a published accuracy."))
            return
        data_set = self.data_set.currentText()
        self.scatter.set_file_name(f"accuracy-over-multiply-adds-{data_set.lower()}")
        self.scatter.show_rows(known, self.facts.chosen)
        self._pages.setCurrentWidget(self.scatter)
        self.said.setText(self._scatter_said(known))

    def _scatter_said(self, known: list[Architecture]) -> str:
        data_set, count = self.data_set.currentText(), len(known)
        said = [
            self.tr("One network: the area of its dot goes with its parameters.")
            if count == 1
            else self.tr("{} networks: the area of a dot goes with its parameters.").format(count)
        ]
        here = {row.name for row in known}
        elsewhere = [row.title for row in self.facts.chosen_rows if row.name not in here]
        if elsewhere:
            said.append(
                self.tr("No published accuracy on {data_set}: {networks}.").format(
                    data_set=data_set, networks=listed(elsewhere)
                )
            )
        return " ".join(said)

    def _of_data_set(self, rows: tuple[Architecture, ...]) -> tuple[Architecture, ...]:
        return tuple(row for row in rows if row.data_set == self.data_set.currentData())

    def _table_said(self, rows: tuple[Architecture, ...]) -> str:
        said = []
        if len({row.data_set for row in rows if row.top1 is not None}) > 1:
            said.append(self.tr("Accuracies on different data sets are not to be compared."))
        if any(row.forward_ms is not None for row in rows):
            said.append(self.tr("Times: medians on this computer, the networks taking turns."))
        return " ".join(said)

    def _show_empty(self, view: int) -> None:
        self._pages.setCurrentWidget(self.empty)
        if self.facts.is_unreadable:
            said = self.tr("The layers of these networks cannot be read.")
        elif view == LAYERS and self.facts.chosen_rows:
            said = self.tr("Reading the layers of the networks…")
        else:
            said = self.tr("Choose networks to compare their architectures.")
        self.empty.setText(said)

    def _mark(self) -> None:
        for plot in (self._bars, self._scatter):
            if plot is not None:
                plot.set_selected(self._selected)
        row = self.model.row_of(self._selected)
        current = self.table.selectionModel().selectedRows()
        if row >= 0 and row not in [index.row() for index in current]:
            flags = QItemSelectionModel.SelectionFlag
            index = self.model.index(row, 0)
            self.table.selectionModel().setCurrentIndex(
                index, flags.ClearAndSelect | flags.Rows | flags.Current
            )
            self.table.scrollTo(index)

    @Slot()
    def _show_timing(self) -> None:
        timing, progress = self.facts.is_timing, self.facts.timing_progress
        self.measure_button.setText(
            self.tr("Stop Measuring") if timing else self.tr("Measure Times")
        )
        self.measure_button.setToolTip(
            self.tr("Stop measuring; times that were known stay")
            if timing
            else self.tr(
                "Open the chosen networks and let them take turns on a picture: the median forward "
                "time of each on this computer"
            )
        )
        if not timing:
            self._tell("")
        elif progress < 0:
            self._tell(self.tr("Measuring…"))
        else:
            self._tell(self.tr("Measuring… {} %").format(round(100 * progress)))

    # gestures

    @Slot()
    def _on_measure_clicked(self) -> None:
        if self.facts.is_timing:
            self.facts.stop()
        else:
            self.facts.measure()

    @Slot(QItemSelection, QItemSelection)
    def _on_rows_selected(self, selected: QItemSelection) -> None:
        rows = selected.indexes()
        if rows and not self._following:
            self.select(self.model.name_at(rows[0].row()))

    @Slot(object)
    def _on_row_activated(self, index: object) -> None:
        del index
        name = self.model.name_at(self.table.currentIndex().row())
        if name:
            self.network_activated.emit(name)

    @Slot(int)
    def _on_read(self, number: int) -> None:
        plot = self._plot
        if plot is not None:
            self._tell(plot.description(number) if number >= 0 else "")

    @Slot(int)
    def _on_chosen(self, number: int) -> None:
        plot = self._plot
        if plot is not None:
            self.select(plot.name_of(number))

    @property
    def _plot(self) -> "BarsPlot | ScatterPlot | None":
        """The plot on show."""
        return {BARS: self._bars, SCATTER: self._scatter}.get(self.switch.current)

    # taking away

    @Slot()
    def copy(self) -> None:
        """Put on the clipboard what is selected of the view, or all of it."""
        match self.switch.current:
            case 0:
                rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
                every = rows or range(self.model.rowCount())
                QGuiApplication.clipboard().setText(self.model.as_tabbed(every))
            case 3:
                self.grid.copy()
            case _:
                plot = self._plot
                if plot is not None:
                    plot.copy()

    def save(self, path: Path) -> None:
        """Save the view; the suffix says as what: ``.csv``, ``.png``, of plots ``.svg`` and of the
        layers ``.txt`` too."""
        from cnn_explorer.media.save import write_bytes, write_text

        suffix, plot = path.suffix.lower(), self._plot
        if plot is not None:
            plot.save(path)
            return
        of_table = self.switch.current == TABLE
        configuration = self.grid.configuration.table
        try:
            if suffix == ".csv":
                write_text(path, self.model.as_csv() if of_table else configuration.csv())
            elif suffix == ".txt":
                write_text(path, configuration.text() + "\n")
            elif of_table:
                from cnn_explorer.graph.architecture_figure import save_bars

                save_bars(path, self.model.rows, dark=theme.is_dark(self.palette()))
            else:
                write_bytes(path, png_bytes(self.grid.image()))
        except ExplorerError as error:
            self._on_failed(str(error))
        else:
            self._on_saved(str(path))

    def save_menu(self, menu: QMenu) -> None:
        """Fill a menu with what can be done with the view."""
        menu.clear()
        ready = self._pages.currentWidget() is not self.empty
        copying = menu.addAction(self.tr("Copy"), self.copy)
        copying.setEnabled(ready)
        menu.addSeparator()
        for suffix in _SUFFIXES[self.switch.current]:
            action = menu.addAction(self._save_title(suffix), self._asking(suffix))
            action.setEnabled(ready)

    def _save_title(self, suffix: str) -> str:
        return self.tr("Save as {}…").format("text" if suffix == ".txt" else suffix[1:].upper())

    def _asking(self, suffix: str) -> Callable[[], None]:
        return lambda: self._ask_and_save(suffix)

    def _ask_and_save(self, suffix: str) -> None:
        names = {TABLE: "architectures", LAYERS: "layers-side-by-side"}
        plot = self._plot
        if plot is not None:
            plot.ask_and_save(suffix)
            return
        chosen, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save the comparison"),
            names[self.switch.current] + suffix,
            f"{suffix[1:].upper()} (*{suffix})",
        )
        if chosen:
            path = Path(chosen)
            self.save(path if path.suffix.lower() == suffix else Path(chosen + suffix))

    @Slot()
    def _fill_save_menu(self) -> None:
        self.save_menu(self.save_button.menu())

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        view = self._pages.currentWidget()
        assert isinstance(view, QTableView)
        menu = QMenu(self)
        self.save_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(view.viewport().mapToGlobal(place))

    @Slot(str)
    def _on_saved(self, path: str) -> None:
        self._tell(self.tr("Saved as {}.").format(path))

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._tell(capitalised(sentence))

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(320, 160)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._fill()


class _Padded(QStyledItemDelegate):
    """Cells with room beside their words."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        inner = QStyleOptionViewItem(option)
        self.initStyleOption(inner, index)
        role, chosen = QPalette.ColorRole, bool(inner.state & QStyle.StateFlag.State_Selected)
        if chosen:
            painter.fillRect(option.rect, option.palette.color(role.Highlight))
        elif inner.features & QStyleOptionViewItem.ViewItemFeature.Alternate:
            painter.fillRect(option.rect, option.palette.color(role.AlternateBase))
        painter.save()
        painter.setFont(inner.font)
        painter.setPen(option.palette.color(role.HighlightedText if chosen else role.Text))
        box = option.rect.adjusted(PAD, 0, -PAD, 0)
        said = inner.fontMetrics.elidedText(inner.text, inner.textElideMode, box.width())
        painter.drawText(box, inner.displayAlignment, said)
        painter.restore()


class _Table(QuietTable):
    """The facts of networks, under a head as papers have it."""

    def __init__(self) -> None:
        super().__init__(spare=10)
        header = PaperHeader(Qt.Orientation.Horizontal, self)
        header.setFont(heading_font())
        header.setSectionsClickable(True)
        header.setStretchLastSection(True)
        self.setHorizontalHeader(header)
        self.setItemDelegate(_Padded(self))
