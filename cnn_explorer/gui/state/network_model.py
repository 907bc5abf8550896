"""The catalogue as a tree for item views: families, and in each its networks.

Networks that a library builds as they are stand after all of our own, under a heading with the
library's name and there again by family.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal, NamedTuple

from PySide6.QtCore import (
    QAbstractItemModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from cnn_explorer.graph.metrics import format_count, format_macs, format_percent
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import FAMILIES

Index = QModelIndex | QPersistentModelIndex
BadgeState = Literal["shipped", "downloaded", "absent", "missing", "untrained", "getting"]
_AT_HAND = ("shipped", "downloaded")


class WeightsBadge(NamedTuple):
    """What to say of a network's weights."""

    state: BadgeState
    """``absent``: there are some to be had, none is at hand; ``missing``: those that should have
    come along have not; ``untrained``: there are none; ``getting``: they are being downloaded."""
    tag: str = ""
    """What those at hand were trained on, ``MNIST``; empty where there are none."""


WeightsState = Callable[[NetworkCard], WeightsBadge]


class NetworkRole(IntEnum):
    """What a row can be asked for besides its title. Families answer to `KEY` and `COUNT` alone."""

    NAME = Qt.ItemDataRole.UserRole + 1
    YEAR = Qt.ItemDataRole.UserRole + 2
    PARAMETERS = Qt.ItemDataRole.UserRole + 3
    """For people: ``61.7 k``."""
    MACS = Qt.ItemDataRole.UserRole + 4
    """For people: ``1.81 G``."""
    TOP1 = Qt.ItemDataRole.UserRole + 5
    """Published accuracy for people: ``69.8 %``; empty where there is none."""
    VARIANT = Qt.ItemDataRole.UserRole + 6
    """What sets the network apart in its family; where nothing does, what it was trained on."""
    WEIGHTS = Qt.ItemDataRole.UserRole + 7
    """A `BadgeState`."""
    BADGE = Qt.ItemDataRole.UserRole + 8
    """The same for people."""
    TAG = Qt.ItemDataRole.UserRole + 9
    """What the weights at hand were trained on, ``MNIST``; empty where there are none."""
    SEARCH = Qt.ItemDataRole.UserRole + 10
    """What a search is matched with: its letters and digits alone, all small."""
    COUNT = Qt.ItemDataRole.UserRole + 11
    """How many networks a family or heading has; of a `NetworkFilter`, how many it lets through."""
    KEY = Qt.ItemDataRole.UserRole + 12
    """What a family or heading is remembered by: ``ResNet``, ``torchvision/EfficientNet``."""
    IS_LIBRARY = Qt.ItemDataRole.UserRole + 13
    """Whether this is the heading of a library, which holds families."""
    SOURCE = Qt.ItemDataRole.UserRole + 14
    """Where the published accuracy comes from: ``paper``; empty where there is none."""


def _squeezed(text: str) -> str:
    """Letters and digits only, so that ``ResNet-50``, ``resnet 50`` and ``resnet50`` are one."""
    return re.sub(r"[\W_]+", "", text.casefold())


def _searched(card: NetworkCard) -> str:
    """What a search for a network is matched with."""
    words = (
        card.title, card.name, card.family, str(card.year), card.authors, card.variant,
        card.classes, card.library,
    )  # fmt: skip
    return _squeezed(" ".join(words))


def top1_source(card: NetworkCard) -> str:
    """Where a network's published accuracy comes from, in a word or two: what is measured on ten
    crops is not what is measured on one."""
    if card.top1_of_weights:
        return QCoreApplication.translate("facts", "torchvision, one crop")
    return QCoreApplication.translate("facts", "paper")


def data_set(card: NetworkCard) -> str:
    """The data set of a network's classes, as its authors write it: ``CIFAR-10``."""
    return card.data_set


@dataclass(eq=False)
class _Row:
    """A heading, a family or a network, where it stands in the tree."""

    number: int
    """Its place in the model's list of rows: what its indexes carry."""
    title: str
    key: str
    parent: "_Row | None"
    place: int
    """Among its parent's rows."""
    card: NetworkCard | None = None
    rows: list["_Row"] = field(default_factory=list)
    searched: str = ""
    """What a search is matched with, worked out once."""

    def networks(self) -> int:
        """How many networks stand in it."""
        return sum(1 if row.card is not None else row.networks() for row in self.rows)


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
        self._rows: list[_Row] = []
        self._root = _Row(-1, "", "", None, 0)
        self._of_name: dict[str, _Row] = {}
        cards = tuple(cards)
        ours = [card for card in cards if not card.library]
        for known in FAMILIES:
            if any(card.family == known for card in ours):
                self._group(self._root, known)
        for card in (*ours, *(card for card in cards if card.library)):
            section = self._group(self._root, card.library) if card.library else self._root
            family = self._group(section, card.family)
            self._of_name[card.name] = self._add(family, card.title, card.name, card)
        self._states = {card.name: weights_state(card) for card in cards}
        self._getting: dict[str, str] = {}  # what to say of weights that are being downloaded

    def _group(self, parent: _Row, title: str) -> _Row:
        """The family or heading of that title, made where there is none yet."""
        for row in parent.rows:
            if row.title == title and row.card is None:
                return row
        key = f"{parent.key}/{title}" if parent.key else title
        return self._add(parent, title, key)

    def _add(self, parent: _Row, title: str, key: str, card: NetworkCard | None = None) -> _Row:
        row = _Row(len(self._rows), title, key, parent, len(parent.rows), card)
        row.searched = _searched(card) if card is not None else ""
        self._rows.append(row)
        parent.rows.append(row)
        return row

    def refresh(self) -> None:
        """Ask again which weights are at hand, after a download or a removal."""
        for name, row in self._of_name.items():
            assert row.card is not None
            state = self._weights_state(row.card)
            if state != self._states[name]:
                self._states[name] = state
                changed = self._index_of_row(row)
                self.dataChanged.emit(changed, changed)

    def show_getting(self, name: str, text: str) -> None:
        """Say how far the download of a network's weights is; nothing when it has ended."""
        row = self._of_name.get(name)
        if row is not None and text != self._getting.get(name, ""):
            self._getting[name] = text
            changed = self._index_of_row(row)
            self.dataChanged.emit(changed, changed)

    def cards(self) -> tuple[NetworkCard, ...]:
        """All networks, as the list shows them."""
        return tuple(row.card for row in self._of_name.values() if row.card is not None)

    def index_of(self, name: str) -> QModelIndex:
        """The row of a network, or an invalid index where there is none of that name."""
        row = self._of_name.get(name)
        return QModelIndex() if row is None else self._index_of_row(row)

    def card_at(self, index: Index) -> NetworkCard | None:
        """The card of a row; None for a family."""
        return self._rows[index.internalId()].card if index.isValid() else None

    def _index_of_row(self, row: _Row) -> QModelIndex:
        return self.createIndex(row.place, 0, row.number)

    def _row_at(self, index: Index) -> _Row:
        return self._rows[index.internalId()] if index.isValid() else self._root

    # Overrides of Qt

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        # hasIndex would ask the same by way of Qt, and a search asks for thousands
        rows = self._row_at(parent).rows
        if column != 0 or parent.column() > 0 or not 0 <= row < len(rows):
            return QModelIndex()
        return self._index_of_row(rows[row])

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # noqa: B008
        above = self._row_at(index).parent
        return QModelIndex() if above in (None, self._root) else self._index_of_row(above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self._row_at(parent).rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: ARG002, B008
        return 1

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        is_network = self.card_at(index) is not None
        return flags | Qt.ItemFlag.ItemNeverHasChildren if is_network else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._row_at(index)
        if role == NetworkRole.SEARCH:
            return row.searched
        if row.card is not None:
            return self._of_card(row.card, role)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return row.title
            case NetworkRole.COUNT:
                return row.networks()
            case NetworkRole.KEY:
                return row.key
            case NetworkRole.IS_LIBRARY:
                return any(inner.card is None for inner in row.rows)
        return None

    def _of_card(self, card: NetworkCard, role: int) -> Any:
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return card.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._spoken(card)
            case NetworkRole.NAME:
                return card.name
            case NetworkRole.YEAR:
                return card.year
            case NetworkRole.PARAMETERS:
                return format_count(card.parameters)
            case NetworkRole.MACS:
                return format_macs(card.macs)
            case NetworkRole.TOP1:
                return format_percent(card.top1, card.classes)
            case NetworkRole.SOURCE:
                return top1_source(card) if card.top1 else ""
            case NetworkRole.VARIANT:
                return card.variant or data_set(card)
            case NetworkRole.WEIGHTS:
                return self._state(card)
            case NetworkRole.BADGE:
                return self._badge(card)
            case NetworkRole.TAG:
                return self._states[card.name].tag
        return None

    def _state(self, card: NetworkCard) -> BadgeState:
        state = self._states[card.name].state
        # what is at hand is worth more to say than that there will be more
        return "getting" if self._getting.get(card.name) and state == "absent" else state

    def _badge(self, card: NetworkCard) -> str:
        return {
            "getting": self._getting.get(card.name, ""),
            "shipped": self.tr("shipped"),
            "downloaded": self.tr("downloaded"),
            "absent": self.tr("not downloaded"),
            "missing": self.tr("not in this copy"),
            "untrained": self.tr("untrained"),
        }[self._state(card)]

    def _spoken(self, card: NetworkCard) -> str:
        parts = [
            card.title,
            card.variant,
            str(card.year),
            self.tr("{count} parameters").format(count=format_count(card.parameters)),
            self.tr("{count} multiply-adds").format(count=format_macs(card.macs)),
        ]
        if card.top1:
            percent = format_percent(card.top1, card.classes)
            parts.append(self.tr("{percent} top-1").format(percent=percent))
        parts.append(self._badge(card))
        return ", ".join(filter(None, parts))


class NetworkFilter(QSortFilterProxyModel):
    """The networks that a search finds, or of these only those with weights at hand and the one on
    show, with their families."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._query: tuple[str, ...] = ()
        self._only_at_hand = False
        self._kept = ""
        self.setRecursiveFilteringEnabled(True)

    @property
    def narrowed(self) -> bool:
        """Whether anything may be left out."""
        return bool(self._query) or self._only_at_hand

    def search(self, text: str) -> None:
        """Keep the networks in which every word of `text` occurs; all for an empty text."""
        self._text = text
        self._query = tuple(filter(None, (_squeezed(word) for word in text.split())))
        self._announce()

    def set_only_at_hand(self, only: bool) -> None:
        """Keep only the networks whose trained weights lie on this machine."""
        self._only_at_hand = only
        self._announce()

    def keep(self, name: str) -> bool:
        """Keep a network in spite of its weights: the one on show. Says whether rows may have
        changed."""
        changed = self._only_at_hand and name != self._kept
        self._kept = name
        if changed:
            self._announce()
        return changed

    def _announce(self) -> None:
        self.setFilterFixedString(self._text)  # tells of the change in every version of Qt

    def _networks_in(self, parent: Index) -> int:
        rows = [self.index(row, 0, parent) for row in range(self.rowCount(parent))]
        return sum(1 if row.data(NetworkRole.NAME) else self._networks_in(row) for row in rows)

    # Overrides of Qt

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == NetworkRole.COUNT and not super().data(index, NetworkRole.NAME):
            return self._networks_in(index)
        return super().data(index, role)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        source = self.sourceModel()
        index = source.index(source_row, 0, source_parent)
        if not source.data(index, NetworkRole.NAME):
            return False  # a family stays as long as one of its networks does
        if (
            self._only_at_hand
            and source.data(index, NetworkRole.WEIGHTS) not in _AT_HAND
            and source.data(index, NetworkRole.NAME) != self._kept
        ):
            return False
        found = source.data(index, NetworkRole.SEARCH)
        return all(word in found for word in self._query)
