"""The channels of a layer as rows of a table of their numbers, which sorts and writes itself."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from cnn_explorer.probe.profile import Profile
from cnn_explorer.probe.statistics import LayerStatistics
from cnn_explorer.text import format_share, format_value, no_formula, tabbed

AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """What stands in a column."""

    key: str
    title: str
    explained: str


COLUMNS: tuple[Column, ...] = (
    Column("channel", "Channel", "The number of the channel, or the class of the value."),
    Column("mean", "Mean", "The mean over all places."),
    Column("deviation", "Deviation", "The standard deviation over all places."),
    Column("minimum", "Minimum", "The least value."),
    Column("maximum", "Maximum", "The largest value."),
    Column("zeros", "Zeros", "The share of values that are exactly 0: 100 % of a dead channel."),
    Column("not_finite", "Not finite", "How many values are infinite or not a number."),
)
FLAT_COLUMNS = (0, 1)
"""Those that say something of a layer whose channels are single values."""


class ChannelTableModel(QAbstractTableModel):
    """Channels as rows: by index, or sorted by a number, what is not a number last."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._numbers: tuple[npt.NDArray[Any], ...] = ()
        self._order = np.zeros(0, np.intp)
        self._place = np.zeros(0, np.intp)
        self._flat = False
        self._sorted_by = 0
        self._direction = Qt.SortOrder.AscendingOrder

    # what is shown

    def show_channels(self, statistics: LayerStatistics, names: Sequence[str] = ()) -> None:
        """List the channels of a layer; `names` has the class of each, or nothing."""
        channels = statistics.channels
        self.beginResetModel()
        self._names = tuple(names)
        self._numbers = (
            np.arange(len(channels.mean)),
            channels.mean,
            channels.deviation,
            channels.minimum,
            channels.maximum,
            channels.zeros,
            channels.not_finite,
        )
        self._flat = statistics.count == len(channels.mean)
        self._arrange()
        self.endResetModel()

    def clear(self) -> None:
        """List nothing."""
        self.beginResetModel()
        self._names, self._numbers = (), ()
        self._arrange()
        self.endResetModel()

    @property
    def flat(self) -> bool:
        """Whether each channel is a single value."""
        return self._flat

    def channel_at(self, row: int) -> int:
        """The channel in a row; -1 beyond the rows."""
        return int(self._order[row]) if 0 <= row < len(self._order) else -1

    def row_of(self, channel: int) -> int:
        """The row of a channel; -1 of what is no channel."""
        return int(self._place[channel]) if 0 <= channel < len(self._place) else -1

    def _arrange(self) -> None:
        if not self._numbers:
            self._order = self._place = np.zeros(0, np.intp)
            return
        keys = self._numbers[self._sorted_by].astype(np.float64)
        if self._direction == Qt.SortOrder.DescendingOrder:
            keys = -keys
        # numpy puts what is not a number last, whichever way
        self._order = np.argsort(keys, kind="stable")
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))

    def _text(self, row: int, column: int, *, exact: bool = False) -> str:
        channel = self._order[row]
        value = self._numbers[column][channel]
        match COLUMNS[column].key:
            case "channel":
                return f"{channel} · {self._names[channel]}" if self._names else str(channel)
            case "zeros" if not exact:
                return format_share(float(value))
            case "not_finite":
                return f"{value:,}"
        if not np.isfinite(value):
            return "not a number"
        return format_value(float(value), 9 if exact else 4)

    def _plain(self, row: int, column: int) -> str:
        """A cell for other programs."""
        channel = self._order[row]
        if COLUMNS[column].key == "channel" and self._names:
            return no_formula(" ".join(self._names[channel].split()))
        value = self._numbers[column][channel]
        return "" if value.dtype.kind == "f" and np.isnan(value) else str(value)

    def _heading(self, column: int) -> str:
        return "Value" if self._flat and column == 1 else COLUMNS[column].title

    def as_csv(self) -> str:
        """All rows as comma-separated values (RFC 4180), numbers bare, shares from 0 to 1."""
        out = io.StringIO()
        writer = csv.writer(out)
        columns = self._columns
        writer.writerow([self._heading(column) for column in columns])
        for row in range(len(self._order)):
            writer.writerow([self._plain(row, column) for column in columns])
        return out.getvalue()

    def as_tabbed(self, rows: Iterable[int]) -> str:
        """Rows as lines of cells with tabs between them, under a heading, to be pasted."""
        columns = self._columns
        lines = [[self._heading(column) for column in columns]]
        lines += [[self._plain(row, column) for column in columns] for row in rows]
        return tabbed(lines)

    @property
    def _columns(self) -> Sequence[int]:
        return FLAT_COLUMNS if self._flat else range(len(COLUMNS))

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._text(index.row(), index.column(), exact=True)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if index.column() else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.tr(self._heading(section))
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tr(COLUMNS[section].explained)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none (-1), in the order of the channels."""
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        channels = [self.channel_at(index.row()) for index in kept]
        self._sorted_by = max(column, 0)
        self._direction = order if column >= 0 else Qt.SortOrder.AscendingOrder
        self._arrange()
        moved = [
            self.index(self.row_of(channel), index.column())
            for channel, index in zip(channels, kept, strict=True)
        ]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()


def profile_as_csv(profile: Profile) -> str:
    """The numbers of all layers as comma-separated values, failures in words."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ("Layer", "Values", "Mean", "Deviation", "Minimum", "Maximum", "Zeros", "Dead channels",
         "Channels", "Not a number", "Infinite", "Failure")
    )  # fmt: skip
    for name, numbers in profile.layers.items():
        failure = profile.failures.get(name)
        writer.writerow(
            (
                no_formula(name), numbers.count, numbers.mean, numbers.deviation, numbers.minimum,
                numbers.maximum, numbers.zeros, numbers.dead, len(numbers.channels.dead),
                numbers.not_a_number, numbers.infinite, "" if failure is None else failure.kind,
            )
        )  # fmt: skip
    return out.getvalue()
