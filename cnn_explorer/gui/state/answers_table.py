"""The answers of several networks as a table: classes in rows, networks in columns."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from cnn_explorer.probe.answers import AnswersCompared
from cnn_explorer.text import tabbed

AnyIndex = QModelIndex | QPersistentModelIndex


class AnswersTableModel(QAbstractTableModel):
    """Probabilities, and below them how uncertain each network is. A class that a network does not
    know has a dash."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._titles: tuple[str, ...] = ()
        self._answers: AnswersCompared | None = None

    def show_answers(self, titles: tuple[str, ...], answers: AnswersCompared | None) -> None:
        """Show other answers, of networks with these titles."""
        self.beginResetModel()
        self._titles = titles if answers is not None else ()
        self._answers = answers
        self.endResetModel()

    def is_first(self, index: AnyIndex) -> bool:
        """Whether a cell has the class that its network takes for the likeliest."""
        answers = self._answers
        if answers is None or not index.isValid() or index.row() >= len(answers.rows):
            return False
        return answers.rows[index.row()].places[index.column()] == 1

    def share(self, index: AnyIndex) -> float | None:
        """The probability of a cell; None where there is none."""
        answers = self._answers
        if answers is None or not index.isValid() or index.row() >= len(answers.rows):
            return None
        return answers.rows[index.row()].probabilities[index.column()]

    def as_text(self) -> str:
        """The whole table, with tabs between its columns."""
        heads = ["", *self._titles]
        lines = [heads]
        for row in range(self.rowCount()):
            cells = [self.index(row, at).data() for at in range(self.columnCount())]
            lines.append([self._heading(row), *cells])
        return tabbed(lines)

    def _heading(self, row: int) -> str:
        answers = self._answers
        if answers is None or row >= len(answers.rows):
            return self.tr("entropy")
        return answers.rows[row].name

    # Qt

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        if parent.isValid() or self._answers is None:
            return 0
        return len(self._answers.rows) + 1

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        answers = self._answers
        if answers is None or not index.isValid():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if index.row() == len(answers.rows):
            bits = answers.entropies[index.column()]
            if role == Qt.ItemDataRole.ToolTipRole:
                return self.tr("0 where it is certain; more where it spreads over classes.")
            if role == Qt.ItemDataRole.DisplayRole:
                return "–" if bits is None else self.tr("{} bits").format(f"{bits:.2f}")
            return None
        row = answers.rows[index.row()]
        share, place = row.probabilities[index.column()], row.places[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            title = self._titles[index.column()]
            if share is None:
                return self.tr("{network} does not know this class.").format(network=title)
            return self.tr("{network}: number {place}").format(network=title, place=place)
        if role == Qt.ItemDataRole.DisplayRole:
            return "–" if share is None else _percent(share)
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if orientation == Qt.Orientation.Vertical:
            return self._heading(section)
        return self._titles[section] if section < len(self._titles) else None


def _percent(share: float) -> str:
    if 0 < share < 0.001:
        return "<0.1 %"
    return ">99.9 %" if 0.9995 <= share < 1 else f"{100 * share:.1f} %"
