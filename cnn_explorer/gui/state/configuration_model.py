"""A configuration table as an item model: networks as columns, stages as rows."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from cnn_explorer.graph.stages import VECTOR, ConfigurationTable

AnyIndex = QModelIndex | QPersistentModelIndex
CELL = int(Qt.ItemDataRole.UserRole)
"""The role under which a `Cell` is had."""


@dataclass(frozen=True)
class Cell:
    """What one network does in one stage."""

    size: str
    """Of its maps there, where the stage's label does not tell it."""
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join((*filter(None, (self.size,)), *self.lines))


class ConfigurationModel(QAbstractTableModel):
    """Read-only: what is written in the cells is for people, `table` has the values."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.table = ConfigurationTable((), ())

    def set_table(self, table: ConfigurationTable) -> None:
        """Show a table."""
        self.beginResetModel()
        self.table = table
        self.endResetModel()

    def cell(self, row: int, column: int) -> Cell:
        """One cell."""
        stage = self.table.rows[row]
        size = stage.sizes[column]
        told = "" if stage.label in (size, VECTOR) else size
        return Cell(told, stage.cells[column])

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.table.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.table.columns)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        cell = self.cell(index.row(), index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            stage, column = self.table.rows[index.row()], self.table.columns[index.column()]
            return f"{column}, {stage.label}\n{cell.text}" if cell.text else ""
        return cell if role == CELL else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role != Qt.ItemDataRole.DisplayRole or section < 0:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return self.table.columns[section] if section < len(self.table.columns) else None
        return self.table.rows[section].label if section < len(self.table.rows) else None
