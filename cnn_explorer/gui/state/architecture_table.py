"""The facts of networks as a table that sorts and writes itself, and the state behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFont

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.architectures import COLUMNS, Architecture, architecture, as_csv
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.state.architecture_work import ForwardsTimed, GraphsRead
from cnn_explorer.gui.state.explorer import Busy, Explorer, Message
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.onnx_facts import is_onnx_path
from cnn_explorer.probe.pool import Wanted
from cnn_explorer.text import capitalised, no_formula, tabbed

AnyIndex = QModelIndex | QPersistentModelIndex


class ArchitectureFacts(QObject):
    """What is known of the networks that are compared, and of all others of the catalogue.

    Cards tell most at once. Graphs of the chosen networks are asked for once, when they are looked
    at; times only when a person wants them, since that takes seconds of the whole computer.
    """

    changed = Signal()
    """Other networks were chosen, or more is known of them."""
    timing_changed = Signal()
    """Measuring began, went on or ended: see `is_timing` and `timing_progress`."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._chosen: tuple[Wanted, ...] = ()
        self._titles: dict[Wanted, str] = {}
        self._cards: dict[Wanted, NetworkCard] = {}
        self._graphs: dict[Wanted, LayerGraph] = {}
        self._times: dict[Wanted, float] = {}
        self._failed: set[Wanted] = set()
        self._asked: frozenset[Wanted] = frozenset()
        self._timing = False
        self._progress = -1.0
        explorer.graphs_read.connect(self._on_graphs_read)
        explorer.forwards_timed.connect(self._on_forwards_timed)
        explorer.busy_changed.connect(self._on_busy_changed)
        explorer.settled.connect(self._on_settled)

    # what is known

    @property
    def chosen(self) -> frozenset[str]:
        """The names of the networks that are compared."""
        return frozenset(row.name for row in self.chosen_rows)

    @property
    def chosen_rows(self) -> tuple[Architecture, ...]:
        """Their facts, in the order in which they were chosen. An ONNX file has none before it was
        read."""
        return tuple(self._row(wanted) for wanted in self._chosen if self._card(wanted))

    @property
    def all_rows(self) -> tuple[Architecture, ...]:
        """The facts of the whole catalogue, and of what was chosen besides."""
        known = {row.name: row for row in self.chosen_rows}
        others = (Wanted(card) for card in self._explorer.networks.values())
        rows = {wanted.card.name: self._row(wanted) for wanted in others if wanted.card}
        return tuple((rows | known).values())

    @property
    def titled_graphs(self) -> tuple[tuple[str, LayerGraph], ...]:
        """The graphs of the chosen networks that are known, each with the network's title."""
        return tuple(
            (self._row(wanted).title, self._graphs[wanted])
            for wanted in self._chosen
            if wanted in self._graphs
        )

    @property
    def is_unreadable(self) -> bool:
        """Whether none of the chosen networks has a graph, or will have one."""
        return bool(self._chosen) and self._failed.issuperset(self._chosen)

    @property
    def is_timing(self) -> bool:
        """Whether forward times are being measured."""
        return self._timing

    @property
    def timing_progress(self) -> float:
        """How far measuring is, 0 to 1; negative before it begins."""
        return self._progress

    def _card(self, wanted: Wanted) -> NetworkCard | None:
        return wanted.card or self._cards.get(wanted)

    def _row(self, wanted: Wanted) -> Architecture:
        card = self._card(wanted)
        assert card is not None
        row = architecture(card, self._graphs.get(wanted), self._times.get(wanted))
        title = self._titles.get(wanted) or row.title
        own = wanted.version if wanted.weights_file is None else wanted.weights_file.name
        if not own:
            return replace(row, title=title)
        # the same network may be compared with itself: names tell rows apart
        return replace(row, name=f"{row.name} ({own})", title=title, weights=own)

    # commands

    def set_networks(self, names: Sequence[str]) -> None:
        """Choose the networks that are compared: names of the catalogue, or paths of ONNX files.
        What is neither is left out, with a message."""
        found: list[tuple[Wanted, str]] = []
        for name in names:
            try:
                found.append((self._wanted(name), ""))
            except ExplorerError as error:
                self._explorer.tell(Message(capitalised(str(error)), "error"))
        self.set_wanted(found)

    def set_wanted(self, networks: Iterable[tuple[Wanted, str]]) -> None:
        """Choose the networks that are compared, with weights of their own too; each with what it
        is called, or nothing where its own title will do."""
        titles = dict(networks)
        if titles != self._titles or tuple(titles) != self._chosen:
            self._chosen, self._titles = tuple(titles), titles
            self.changed.emit()

    def read(self) -> None:
        """Ask for what only graphs know of the chosen networks, where it is not known yet."""
        missing = tuple(
            wanted
            for wanted in self._chosen
            if wanted not in self._graphs and wanted not in self._failed
        )
        # a newer request takes the place of the one under way, so it asks for all again
        if not self._asked.issuperset(missing):
            self._asked = frozenset(missing)
            self._explorer.read_graphs(missing)

    def measure(self) -> None:
        """Measure the forward times of the chosen networks, which take turns."""
        if self._chosen and not self._timing:
            self._explorer.time_forwards(self._chosen)
            self._tell_timing()

    def stop(self) -> None:
        """Measure no more; times that were known stay."""
        self._explorer.stop_timing()
        self._tell_timing()

    def _wanted(self, name: str) -> Wanted:
        if is_onnx_path(name):
            return Wanted(onnx_file=Path(name))
        return Wanted(self._explorer.networks.get(name) or card_of(name))

    @Slot(object)
    def _on_graphs_read(self, read: GraphsRead) -> None:
        self._cards |= read.cards
        self._graphs |= read.graphs
        self._failed |= set(read.failures)
        self.changed.emit()

    @Slot(object)
    def _on_forwards_timed(self, timed: ForwardsTimed) -> None:
        # times of another round are of another state of the computer: not to be compared
        self._times = dict(timed.times)
        self.changed.emit()

    @Slot(object)
    def _on_busy_changed(self, busy: Busy | None) -> None:
        self._tell_timing(-1.0 if busy is None else busy.fraction)

    @Slot()
    def _on_settled(self) -> None:
        self._asked = frozenset()  # what was stopped may be asked for again
        self._tell_timing()

    def _tell_timing(self, fraction: float = -1.0) -> None:
        timing = self._explorer.is_timing
        if timing or timing != self._timing:
            self._timing, self._progress = timing, fraction
            self.timing_changed.emit()


class ArchitectureTableModel(QAbstractTableModel):
    """Networks as rows, facts as columns: in the order given, or sorted, what is not known last."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._rows: tuple[Architecture, ...] = ()
        self._order: list[int] = []
        self._marked: frozenset[str] = frozenset()
        self._sorted_by = -1
        self._direction = Qt.SortOrder.AscendingOrder

    def set_rows(self, rows: Sequence[Architecture], marked: frozenset[str] = frozenset()) -> None:
        """List networks; those named in `marked` stand out. Where they are the same as before,
        what is selected stays so."""
        same = [row.name for row in rows] == [row.name for row in self._rows]
        if not same:
            self.beginResetModel()
            self._rows, self._marked = tuple(rows), marked
            self._arrange()
            self.endResetModel()
            return
        with _Moving(self):
            self._rows, self._marked = tuple(rows), marked
            self._arrange()
        if rows:
            last = self.index(len(rows) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    @property
    def rows(self) -> tuple[Architecture, ...]:
        """The networks in the order in which they are shown."""
        return tuple(self._rows[at] for at in self._order)

    def name_at(self, row: int) -> str:
        """The network in a row; empty beyond the rows."""
        return self._rows[self._order[row]].name if 0 <= row < len(self._order) else ""

    def row_of(self, name: str) -> int:
        """The row of a network; -1 of one that is not listed."""
        return next((at for at, row in enumerate(self.rows) if row.name == name), -1)

    def as_csv(self) -> str:
        """All rows as comma-separated values, numbers bare."""
        return as_csv(self.rows)

    def as_tabbed(self, rows: Iterable[int]) -> str:
        """Rows as lines of cells with tabs between them, under a heading, to be pasted."""
        lines = [[column.title for column in COLUMNS]]
        lines += [[_plain(column.value(self.rows[row])) for column in COLUMNS] for row in rows]
        return tabbed(lines)

    def _arrange(self) -> None:
        every = range(len(self._rows))
        if self._sorted_by < 0:
            self._order = list(every)
            return
        column = COLUMNS[self._sorted_by]
        values = {at: column.value(self._rows[at]) for at in every}
        known = [at for at in every if values[at] not in (None, "")]
        self._order = sorted(
            known,
            key=lambda at: _key(values[at]),
            reverse=self._direction == Qt.SortOrder.DescendingOrder,
        )
        self._order += [at for at in every if values[at] in (None, "")]

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[self._order[index.row()]], COLUMNS[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title if column.key == "network" else column.text(row)
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(row, column.key, column.value(row))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(column.is_number)
            case Qt.ItemDataRole.FontRole if row.name in self._marked:
                font = QFont()
                font.setWeight(QFont.Weight.DemiBold)
                return font
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.tr(COLUMNS[section].title)
            case Qt.ItemDataRole.ToolTipRole:
                return self.tr(COLUMNS[section].explained)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _side(COLUMNS[section].is_number)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none (-1), in the order given."""
        with _Moving(self):
            self._sorted_by, self._direction = column, order
            self._arrange()


class _Moving:
    """While rows change places: what is selected goes with its network."""

    def __init__(self, model: ArchitectureTableModel) -> None:
        self._model = model

    def __enter__(self) -> None:
        self._model.layoutAboutToBeChanged.emit()
        self._kept = self._model.persistentIndexList()
        self._names = [self._model.name_at(index.row()) for index in self._kept]

    def __exit__(self, *_: object) -> None:
        model = self._model
        places: Mapping[str, int] = {row.name: at for at, row in enumerate(model.rows)}
        moved = [
            model.index(places[name], index.column())
            for name, index in zip(self._names, self._kept, strict=True)
        ]
        model.changePersistentIndexList(self._kept, moved)
        model.layoutChanged.emit()


def _key(value: float | str | None) -> float | str:
    return value.casefold() if isinstance(value, str) else value or 0.0


def _side(is_number: bool) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _plain(value: float | str | None) -> str:
    """A cell for other programs."""
    if value is None:
        return ""
    return no_formula(" ".join(value.split())) if isinstance(value, str) else str(value)


def _tip(row: Architecture, key: str, value: float | str | None) -> str:
    if key == "network":
        return row.name
    if key in ("memory_bytes", "forward_ms", "receptive_field") and value is None:
        return "Not known yet."
    if key == "top1" and row.accuracy_source:
        return f"{value} % on {row.data_set}, from {row.accuracy_source}"
    if isinstance(value, int) and key != "year":
        return f"{value:,}"
    return "" if value is None else str(value)
