"""The catalogue as a tree for item views: families, and in each its networks."""

import re
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Any, NamedTuple

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from cnn_explorer.graph.metrics import format_count
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import FAMILIES

Index = QModelIndex | QPersistentModelIndex


class WeightsBadge(NamedTuple):
    """What to say of a network's weights."""

    state: str
    """``shipped``, ``downloaded`` or ``untrained``."""
    tag: str = ""
    """What those at hand were trained on, ``MNIST``; empty where there are none."""


WeightsState = Callable[[NetworkCard], WeightsBadge]


class NetworkRole(IntEnum):
    """What a network's row can be asked for besides its title; a family answers to `COUNT`."""

    NAME = Qt.ItemDataRole.UserRole + 1
    YEAR = Qt.ItemDataRole.UserRole + 2
    PARAMETERS = Qt.ItemDataRole.UserRole + 3
    """For people: ``61.7 k``."""
    WEIGHTS = Qt.ItemDataRole.UserRole + 4
    """``shipped``, ``downloaded``, ``untrained``."""
    TAG = Qt.ItemDataRole.UserRole + 5
    """What the weights at hand were trained on, ``MNIST``; empty where there are none."""
    SEARCH = Qt.ItemDataRole.UserRole + 6
    """The words a search is matched with."""
    COUNT = Qt.ItemDataRole.UserRole + 7
    """How many networks a family has."""


def _squeezed(text: str) -> str:
    """Letters and digits only, so that ``ResNet-50``, ``resnet 50`` and ``resnet50`` are one."""
    return re.sub(r"[\W_]+", "", text.casefold())


class NetworkModel(QAbstractItemModel):
    """Families in their historical order, each with its networks in the catalogue's order."""

    def __init__(
        self,
        cards: Iterable[NetworkCard],
        weights_state: WeightsState,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._weights_state = weights_state
        by_family: dict[str, list[NetworkCard]] = {family: [] for family in FAMILIES}
        for card in cards:
            by_family.setdefault(card.family, []).append(card)
        self._families = [(name, tuple(found)) for name, found in by_family.items() if found]
        self._states = {
            card.name: weights_state(card) for _, found in self._families for card in found
        }

    def refresh_weights(self) -> None:
        """Ask again which weights are at hand, after a download or a removal."""
        for row, (_, cards) in enumerate(self._families):
            parent = self.index(row, 0)
            for place, card in enumerate(cards):
                state = self._weights_state(card)
                if state != self._states[card.name]:
                    self._states[card.name] = state
                    changed = self.index(place, 0, parent)
                    self.dataChanged.emit(changed, changed)

    def index_of(self, name: str) -> QModelIndex:
        """The row of a network, or an invalid index where there is none of that name."""
        for row, (_, cards) in enumerate(self._families):
            for place, card in enumerate(cards):
                if card.name == name:
                    return self.index(place, 0, self.index(row, 0))
        return QModelIndex()

    def card_at(self, index: Index) -> NetworkCard | None:
        """The card of a row; None for a family."""
        if not index.isValid() or not index.internalId():
            return None
        return self._families[index.internalId() - 1][1][index.row()]

    # Overrides of Qt

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        if not self.hasIndex(row, column, parent):
            return QModelIndex()
        # a family carries 0, a network 1 + the row of its family
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        if not index.isValid() or not index.internalId():
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        if not parent.isValid():
            return len(self._families)
        if parent.internalId() or parent.column():
            return 0
        return len(self._families[parent.row()][1])

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: ARG002, B008
        return 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemNeverHasChildren if index.internalId() else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        card = self.card_at(index)
        if card is None:
            family, cards = self._families[index.row()]
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
                return family
            return len(cards) if role == NetworkRole.COUNT else None
        return self._of_card(card, role)

    def _of_card(self, card: NetworkCard, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return card.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.tr("{title}, {year}, {parameters} parameters, {weights}").format(
                    title=card.title,
                    year=card.year,
                    parameters=format_count(card.parameters),
                    weights=self._states[card.name].state,
                )
            case NetworkRole.NAME:
                return card.name
            case NetworkRole.YEAR:
                return card.year
            case NetworkRole.PARAMETERS:
                return format_count(card.parameters)
            case NetworkRole.WEIGHTS:
                return self._states[card.name].state
            case NetworkRole.TAG:
                return self._states[card.name].tag
            case NetworkRole.SEARCH:
                return f"{card.title} {card.name} {card.family} {card.year} {card.authors}"
        return None


class NetworkFilter(QSortFilterProxyModel):
    """The networks a search finds, with their families."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._query: tuple[str, ...] = ()
        self.setRecursiveFilteringEnabled(True)

    def search(self, text: str) -> None:
        """Keep the networks in which every word of `text` occurs; all for an empty text."""
        self._query = tuple(filter(None, (_squeezed(word) for word in text.split())))
        self.setFilterFixedString(text)  # announces the change in every version of Qt

    # Overrides of Qt

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        if not source_parent.isValid():
            return False  # a family stays as long as one of its networks does
        source = self.sourceModel()
        index = source.index(source_row, 0, source_parent)
        found = _squeezed(source.data(index, NetworkRole.SEARCH))
        return all(word in found for word in self._query)
