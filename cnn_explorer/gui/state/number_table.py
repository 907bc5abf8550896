"""Numbers in rows and columns, as many as a layer has weights: texts are made as they are seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from cnn_explorer.errors import ExplorerError
from cnn_explorer.text import format_value

AnyIndex = QModelIndex | QPersistentModelIndex

MOST_COPIED = 1_000_000
"""So many numbers are copied at most: as text they take 12 MB."""


@dataclass(frozen=True, eq=False)
class NumberTable:
    """Numbers with headings."""

    values: npt.NDArray[np.floating]
    """(rows, columns)."""
    corner: str = ""
    """What the rows are called by: ``input``."""
    rows: Sequence[object] | npt.NDArray[np.intp] = ()
    """The heading of each row; empty for numbers from 0."""
    columns: Sequence[object] | npt.NDArray[np.intp] = ()
    """Likewise of each column."""
    sortable: bool = False
    explained: Sequence[str] = field(default=())
    """For each column a sentence, or none."""


EMPTY = NumberTable(np.zeros((0, 0), np.float32))


class NumberTableModel(QAbstractTableModel):
    """Shows a `NumberTable`: four significant digits, all of them in the tool tip and in copies."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._table = EMPTY
        self._order: npt.NDArray[np.intp] | None = None

    def show_table(self, table: NumberTable) -> None:
        """Show other numbers, in their own order."""
        self.beginResetModel()
        self._table, self._order = table, None
        self.endResetModel()

    @property
    def table(self) -> NumberTable:
        """What is shown."""
        return self._table

    def row_at(self, place: int) -> int:
        """The row of the table that stands at a place."""
        return place if self._order is None else int(self._order[place])

    def place_of(self, row: int) -> int:
        """Where a row of the table stands."""
        return row if self._order is None else int(np.flatnonzero(self._order == row)[0])

    def as_tabbed(self, places: range, columns: range) -> str:
        """A part of what is shown as lines of numbers with tabs between them, every digit there.

        Raises `ExplorerError` for more than `MOST_COPIED`.
        """
        if len(places) * len(columns) > MOST_COPIED:
            raise ExplorerError(
                f"{len(places) * len(columns):,} numbers are too many to copy; select at most "
                f"{MOST_COPIED:,}, or save the values as a file."
            )
        lines = []
        for place in places:
            row = self._table.values[self.row_at(place), columns.start : columns.stop]
            lines.append("\t".join(_exact(value) for value in row.tolist()))
        return "".join(line + "\n" for line in lines)

    def _heading(self, headings: Sequence[object] | npt.NDArray[np.intp], at: int) -> str:
        return str(headings[at]) if len(headings) else str(at)

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else self._table.values.shape[0]

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._table.values.shape[1]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        value = float(self._table.values[self.row_at(index.row()), index.column()])
        if role == Qt.ItemDataRole.DisplayRole:
            return format_value(value, 4)
        row = self._heading(self._table.rows, self.row_at(index.row()))
        column = self._heading(self._table.columns, index.column())
        return f"{self._table.corner} {row}, {column}: {_exact(value)}".lstrip()

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        across = orientation == Qt.Orientation.Horizontal
        if role == Qt.ItemDataRole.ToolTipRole and across and self._table.explained:
            return self._table.explained[section]
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if across:
            return self._heading(self._table.columns, section)
        heading = self._heading(self._table.rows, self.row_at(section))
        return f"{self._table.corner} {heading}".lstrip() if heading.isdecimal() else heading

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not self._table.sortable:
            return
        self.layoutAboutToBeChanged.emit()
        kept = [(index, self.row_at(index.row())) for index in self.persistentIndexList()]
        if column < 0:
            self._order = None
        else:
            keys = np.asarray(self._table.values[:, column], np.float64)
            keys = -keys if order == Qt.SortOrder.DescendingOrder else keys
            self._order = np.argsort(keys, kind="stable")  # what is no number comes last
        for index, row in kept:
            moved = self.index(self.place_of(row), index.column())
            self.changePersistentIndex(index, moved)
        self.layoutChanged.emit()


def _exact(value: float) -> str:
    """Nine digits tell any float32 from all others."""
    return f"{value:.9g}"
