"""All layers of a network as the rows of a table that sorts, filters and writes itself as text."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Slot

from cnn_explorer.graph.metrics import TIMES, format_shape
from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode, Shape
from cnn_explorer.graph.numbers import (
    NUMBER_KINDS,
    WHOLE_PICTURE,
    NumberKey,
    Numbers,
    format_number,
)
from cnn_explorer.text import no_formula, tabbed

AnyIndex = QModelIndex | QPersistentModelIndex

Sort = Literal["text", "shape", "number"]


@dataclass(frozen=True)
class Column:
    """What stands in a column, and how it sorts."""

    key: str
    title: str
    sort: Sort
    explained: str
    unit: str = ""
    """Of the bare numbers in a file: ``bytes``, ``ms``."""

    @property
    def heading(self) -> str:
        """The title in a file, with the unit of the numbers below it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


_NUMBER_KEYS: tuple[NumberKey, ...] = tuple(kind.key for kind in NUMBER_KINDS)

COLUMNS: tuple[Column, ...] = (
    Column("name", "Name", "text", "The module's dotted name as in torch."),
    Column("type", "Type", "text", "The class of the module, or the function."),
    Column("inputs", "Input", "shape", "The shapes of what goes in, without the batch."),
    Column("output", "Output", "shape", "The shape of what comes out, without the batch."),
    Column("kernel", "Kernel", "shape", "The window that slides over the input."),
    Column("own_stride", "Stride", "shape", "How far the window moves at each step."),
    Column("padding", "Padding", "shape", "What is put around the input."),
    *(
        Column(
            kind.key, kind.title, "number", kind.explained,
            "bytes" if kind.key == "memory" else kind.unit,
        )
        for kind in NUMBER_KINDS
    ),
)  # fmt: skip
_SETTINGS = ("kernel", "stride", "padding")
"""Those of a layer's attributes that have columns of their own."""


_FIRST_NUMBER = len(COLUMNS) - len(_NUMBER_KEYS)


class Row:
    """A layer or block. Its cells are made when they are asked for: few rows are ever in sight."""

    def __init__(self, node: LayerNode | BlockNode, numbers: Numbers) -> None:
        self.name = node.name
        self._node = node
        self._numbers = numbers

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The cells up to the first number, as they are shown."""
        node = self._node
        return (
            node.name,
            node.type_name,
            " + ".join(map(format_shape, self._inputs)),
            format_shape(node.out_shape),
            *(self._settings.get(key, "") for key in _SETTINGS),
        )

    @cached_property
    def searched(self) -> str:
        """Everything that the filter looks through, in lower case."""
        return " ".join(self.texts).replace(TIMES, "x").lower()

    @property
    def _inputs(self) -> tuple[Shape, ...]:
        return self._node.in_shapes if isinstance(self._node, LayerNode) else ()

    @property
    def _settings(self) -> dict[str, str]:
        return dict(self._node.attributes) if isinstance(self._node, LayerNode) else {}

    def number(self, column: int) -> float | None:
        """The value in a column of numbers."""
        return self._numbers.value(self.name, _NUMBER_KEYS[column - _FIRST_NUMBER])

    def cell(self, column: int) -> str:
        """A cell for people."""
        if column < _FIRST_NUMBER:
            return self.texts[column]
        return format_number(self.number(column), _NUMBER_KEYS[column - _FIRST_NUMBER])

    def exact(self, column: int) -> str:
        """A cell in full, for a tool tip: every digit of a count."""
        if column < _FIRST_NUMBER:
            return self.texts[column]
        value, unit = self.number(column), COLUMNS[column].unit
        if value is None:
            return ""
        if value == WHOLE_PICTURE:
            return self.cell(column)
        digits = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"
        return f"{digits} {unit}".rstrip()

    def plain(self, column: int) -> str:
        """A cell for other programs: bare numbers, shapes as ``64x56x56``."""
        if column < _FIRST_NUMBER:
            text = self.texts[column]
            return text if COLUMNS[column].sort == "text" else text.replace(TIMES, "x")
        value = self.number(column)
        if value is None:
            return ""
        if value == WHOLE_PICTURE:
            return self.cell(column)
        return str(int(value)) if float(value).is_integer() else repr(value)

    def sort_key(self, column: int) -> Any:
        """What the column sorts by; None stands last whichever way."""
        if column >= _FIRST_NUMBER:
            value = self.number(column)
            return None if value is None or math.isnan(value) else value
        match COLUMNS[column].key:
            case "inputs":
                return _sizes(self._inputs) if self._inputs else None
            case "output":
                return _sizes((self._node.out_shape,)) if self._node.out_shape else None
        if COLUMNS[column].sort == "shape":
            return _extent(self.texts[column])
        return _natural(self.texts[column])


def row_of(graph: LayerGraph, name: str, numbers: Numbers) -> Row:
    """The row of a layer or block; a block has the sums of its layers."""
    return Row(graph.node[name], numbers)


class LayerTableModel(QAbstractTableModel):
    """Layers and blocks as rows.

    It sorts and filters by itself: a proxy that asks for two cells at each comparison takes ten
    times as long.
    """

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._all: list[Row] = []
        self._rows: list[Row] = []
        self._row_of: dict[str, int] = {}
        self._words: tuple[str, ...] = ()
        self._sorted_by = -1
        self._order = Qt.SortOrder.AscendingOrder

    # what is shown

    def show_rows(self, graph: LayerGraph, names: Iterable[str], numbers: Numbers) -> None:
        """Show these layers and blocks, in this order where nothing is sorted."""
        self._all = [row_of(graph, name, numbers) for name in names]
        self._refill()

    def clear(self) -> None:
        """Show nothing."""
        self._all = []
        self._refill()

    @Slot(str)
    def set_filter(self, text: str) -> None:
        """Show only rows in whose names, types, shapes and settings each word occurs.

        Shapes may be written ``64x56`` or ``64 × 56``.
        """
        joined = re.sub(r"(?<=\d)\s*[×x*]\s*(?=\d)", "x", text.lower())
        words = tuple(joined.split())
        if words != self._words:
            self._words = words
            self._refill()

    @property
    def total(self) -> int:
        """How many rows there are without the filter."""
        return len(self._all)

    def row_at(self, index: AnyIndex) -> Row | None:
        """The row of an index."""
        return self._rows[index.row()] if index.isValid() else None

    def place_of(self, name: str) -> int:
        """In which row a layer or block stands now; -1 where it is not shown."""
        return self._row_of.get(name, -1)

    @property
    def rows(self) -> Sequence[Row]:
        """All that are shown, in their order."""
        return self._rows

    def _refill(self) -> None:
        self.beginResetModel()
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        words = self._words
        self._rows = [row for row in self._all if all(word in row.searched for word in words)]
        if self._sorted_by >= 0:
            self._rows = _in_order(self._rows, self._sorted_by, self._order)
        self._row_of = {row.name: number for number, row in enumerate(self._rows)}

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()].cell(index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft
            if COLUMNS[index.column()].sort == "number":
                side = Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._rows[index.row()].exact(index.column())
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(column.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr(column.explained)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.sort == "number":
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none (-1), in forward order."""
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        names = [self._rows[index.row()].name for index in kept]
        self._sorted_by, self._order = column, order
        self._arrange()
        moved = [
            self.index(self._row_of[name], index.column())
            for name, index in zip(names, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()


def as_csv(rows: Iterable[Row]) -> str:
    """Rows as a table of comma-separated values (RFC 4180), numbers bare, units in the heading.

    A text that a spreadsheet would run as a formula gets an apostrophe in front: names come from
    files of others.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.heading for column in COLUMNS])
    for row in rows:
        writer.writerow([no_formula(text) for text in _plain_cells(row)])
    return out.getvalue()


def as_tabbed(rows: Iterable[Row]) -> str:
    """Rows as lines of cells with tabs between them, under a heading, to be pasted elsewhere."""
    lines = [[column.heading for column in COLUMNS]]
    lines += [
        # a tab or a new line in a name would begin another cell or row
        [no_formula(" ".join(text.split())) for text in _plain_cells(row)]
        for row in rows
    ]
    return tabbed(lines)


def _plain_cells(row: Row) -> list[str]:
    return [row.plain(column) for column in range(len(COLUMNS))]


def _in_order(rows: list[Row], column: int, order: Qt.SortOrder) -> list[Row]:
    """Sorted, equal ones as they stood; rows with nothing in the column last whichever way."""
    keys = {row.name: row.sort_key(column) for row in rows}
    there = [row for row in rows if keys[row.name] is not None]
    there.sort(key=lambda row: keys[row.name], reverse=order == Qt.SortOrder.DescendingOrder)
    return there + [row for row in rows if keys[row.name] is None]


def _sizes(shapes: Sequence[Shape]) -> tuple[int, ...]:
    """What shapes sort by: how many values they hold, then number by number."""
    return (sum(map(math.prod, shapes)), *(size for shape in shapes for size in shape))


def _extent(text: str) -> tuple[int, ...] | None:
    """What ``7 × 7`` sorts by: its area, then its sides."""
    sides = tuple(map(int, re.findall(r"\d+", text)))
    if len(sides) == 1:
        sides *= 2  # written once where both are the same
    return (math.prod(sides), *sides) if sides else None


def _natural(text: str) -> list[tuple[int, int, str]]:
    """What texts sort by: ``layer2`` stands before ``layer10``."""
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", text.lower())
        if part
    ]
