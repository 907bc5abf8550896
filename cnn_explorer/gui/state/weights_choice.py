"""Which weights the network on show has, which others it could have, and getting those.

Joins the state of the window to the downloads: what is downloaded for the network on show is
opened at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.graph.metrics import format_percent
from cnn_explorer.gui.state.downloads import (
    DownloadCancelled,
    Downloaded,
    DownloadFailed,
    DownloadProgress,
    Downloads,
    Wanted,
)
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.network_model import WeightsBadge
from cnn_explorer.gui.state.shown import NetworkShown
from cnn_explorer.networks.card import NetworkCard, WeightsEntry
from cnn_explorer.networks.weights import RANDOM, is_at_hand

VersionState = Literal["shipped", "downloaded", "absent", "missing", "random", "file"]


@dataclass(frozen=True)
class WeightsVersion:
    """One choice of weights."""

    tag: str
    """What it is asked for by: the entry's tag, or ``random``; of a file its name."""
    state: VersionState
    """``absent``: to be downloaded; ``missing``: it should have come along, and has not."""
    accuracy: str = ""
    """Top-1 for people: ``80.9 %``; empty where it is not known."""
    size: int = 0
    """Bytes to download."""
    entry: WeightsEntry | None = None
    """Where it has one: its publisher's facts."""

    @property
    def at_hand(self) -> bool:
        """Whether a network can be opened with it now."""
        return self.state not in ("absent", "missing")


@dataclass(frozen=True)
class WeightsOffered:
    """What there is to choose from for the network on show."""

    card: NetworkCard
    versions: tuple[WeightsVersion, ...]
    chosen: int
    """Which of them is chosen: on show, or yet to be got."""
    running: int
    """Which of them the network on show runs with."""
    to_get: WeightsVersion | None = None
    """What a download would bring; None where the version chosen is at hand."""
    getting: DownloadProgress | None = None
    """How far the download of `to_get` is, which need not be the version chosen; None while nobody
    asked for it."""


def versions_of(card: NetworkCard) -> tuple[WeightsVersion, ...]:
    """A network's weights, the best first, and where each is."""
    return tuple(
        WeightsVersion(
            entry.tag,
            _state_of(entry),
            format_percent(entry.accuracy, card.classes),
            entry.size,
            entry,
        )
        for entry in card.weights
    )


def badge_of(card: NetworkCard) -> WeightsBadge:
    """What the list says about a network's weights."""
    versions = versions_of(card)
    for version in versions:
        if version.at_hand:
            return WeightsBadge("shipped" if version.state == "shipped" else "downloaded",
                                version.tag)  # fmt: skip
    if any(version.state == "absent" for version in versions):
        return WeightsBadge("absent")
    return WeightsBadge("missing" if versions else "untrained")


def _state_of(entry: WeightsEntry) -> VersionState:
    if is_at_hand(entry):
        return "shipped" if entry.shipped else "downloaded"
    return "absent" if entry.url else "missing"


def _tag_of(shown: NetworkShown) -> str:
    """The version that a network was opened with, where that was no file."""
    return shown.weights if shown.trained else RANDOM


class WeightsChoice(QObject):
    """Follows the network on show and offers its weights."""

    offered = Signal(object)
    """A `WeightsOffered`, or None while no network is on show."""
    weights_changed = Signal()
    """Weights have come to this machine."""
    getting_told = Signal(str, str)
    """A network's name, and in a word how far the download of its weights is; empty at its end."""

    def __init__(self, explorer: Explorer, downloads: Downloads, parent: QObject) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._downloads = downloads
        self._candidate = ""  # a version that was chosen and is not at hand
        self._file: tuple[str, NetworkShown] | None = None
        explorer.network_opening.connect(self._on_network_opening)
        explorer.network_shown.connect(self._on_network_shown)
        explorer.network_failed.connect(self._on_network_failed)
        downloads.progressed.connect(self._on_progressed)
        downloads.finished.connect(self._on_downloaded)
        downloads.failed.connect(self._on_download_failed)
        downloads.cancelled.connect(self._on_download_cancelled)

    # commands

    def choose(self, number: int) -> None:
        """Take one of the versions offered: open the network with it, or offer to get it."""
        offer = self.offer()
        if offer is None or not 0 <= number < len(offer.versions):
            return
        version = offer.versions[number]
        shown = self._explorer.network
        if shown is not None and number == self._shown_number(offer.versions, shown):
            self._candidate = ""  # back to what is on show
        elif version.state == "file":
            file = self._file_of(offer.card)
            if file is not None:
                self._explorer.choose_network(offer.card.name, file.weights_file)
        elif version.at_hand:
            self._candidate = ""
            self._explorer.choose_network(offer.card.name, version=version.tag)
        else:
            self._candidate = version.tag
        self._tell()

    def get(self) -> None:
        """Download what is offered to be got."""
        offer = self.offer()
        if offer is not None and offer.to_get is not None:
            self._downloads.start(offer.card.name, offer.to_get.tag)

    def cancel(self) -> None:
        """Stop the download of what is offered."""
        offer = self.offer()
        if offer is not None and offer.getting is not None:
            wanted = offer.getting.wanted
            self._downloads.cancel(wanted.network, wanted.version)

    # what is so now

    def offer(self) -> WeightsOffered | None:
        """The versions of the network on show; None while there is none."""
        shown = self._explorer.network
        if shown is None or self._explorer.card is not shown.card or shown.onnx is not None:
            return None
        card = shown.card
        versions = [
            version
            for version in versions_of(card)
            # what is on show stays in the list when its file goes
            if version.state != "missing" or version.tag == _tag_of(shown)
        ]
        versions.append(WeightsVersion(RANDOM, "random"))
        file = self._file_of(card)
        if file is not None and file.weights_file is not None:
            versions.append(WeightsVersion(file.weights_file.name, "file"))
        chosen = self._number(versions, shown)
        to_get = self._to_get(card, versions, versions[chosen])
        getting = None
        if to_get is not None:
            getting = self._downloads.progress_of(Wanted(card.name, to_get.tag))
        running = self._shown_number(versions, shown)
        return WeightsOffered(card, tuple(versions), chosen, running, to_get, getting)

    def _file_of(self, card: NetworkCard) -> NetworkShown | None:
        """The opening of a network with a file, the last in which a person chose one."""
        if self._file is None or self._file[0] != card.name:
            return None
        return self._file[1]

    def _number(self, versions: Sequence[WeightsVersion], shown: NetworkShown) -> int:
        candidates = (n for n, version in enumerate(versions) if version.tag == self._candidate)
        return next(candidates, self._shown_number(versions, shown))

    def _shown_number(self, versions: Sequence[WeightsVersion], shown: NetworkShown) -> int:
        """The version that the network on show was opened with."""
        state = "file" if shown.weights_file is not None else ""
        tag = _tag_of(shown)
        return next(
            n
            for n, version in enumerate(versions)
            if (version.state == state if state else version.tag == tag)
        )

    def _to_get(
        self, card: NetworkCard, versions: Sequence[WeightsVersion], chosen: WeightsVersion
    ) -> WeightsVersion | None:
        """What is under way, else the version chosen, else the best where none is at hand.

        A download stays in sight, and can be stopped, whichever version is looked at meanwhile.
        """
        absent = [version for version in versions if version.state == "absent"]
        under_way = {
            version: progress
            for version in absent
            if (progress := self._downloads.progress_of(Wanted(card.name, version.tag)))
        }
        if under_way:  # what runs goes before what waits
            return min(under_way, key=lambda version: under_way[version].waiting)
        if chosen.state == "absent":
            return chosen
        at_hand = any(version.state in ("shipped", "downloaded", "file") for version in versions)
        return absent[0] if absent and not at_hand else None

    # from the state and the downloads

    def _tell(self) -> None:
        self.offered.emit(self.offer())

    @Slot(object)
    def _on_network_opening(self, card: NetworkCard) -> None:
        shown = self._explorer.network
        if shown is None or shown.card is not card:
            self._candidate = ""
        self._tell()

    @Slot(object)
    def _on_network_shown(self, shown: NetworkShown) -> None:
        if shown.weights_file is not None and shown.onnx is None:
            self._file = (shown.card.name, shown)
        self._tell()

    @Slot()
    def _on_network_failed(self) -> None:
        self._tell()

    @Slot(object)
    def _on_progressed(self, progress: DownloadProgress) -> None:
        share = self.tr("{percent} %").format(
            percent=int(100 * progress.done / progress.total) if progress.total else 0
        )
        text = self.tr("waiting") if progress.waiting else share
        self.getting_told.emit(progress.wanted.network, text)
        if self._is_chosen(progress.wanted.network):
            self._tell()

    @Slot(object)
    def _on_downloaded(self, done: Downloaded) -> None:
        wanted = done.wanted
        self.getting_told.emit(wanted.network, "")
        self.weights_changed.emit()
        if self._is_chosen(wanted.network):
            if self._candidate == wanted.version:
                self._candidate = ""
            self._explorer.choose_network(wanted.network, version=wanted.version)
        else:
            text = self.tr("The {version} weights of {network} are on this machine now.")
            text = text.format(version=wanted.version, network=self._title(wanted))
            self._explorer.tell(Message(text, "info"))
        self._tell()

    @Slot(object)
    def _on_download_failed(self, failed: DownloadFailed) -> None:
        self.getting_told.emit(failed.wanted.network, "")
        text = self.tr("{network}, {version}: {text}").format(
            network=self._title(failed.wanted), version=failed.wanted.version, text=failed.text
        )
        self._explorer.tell(Message(text, "error", failed.details))
        self._tell()

    @Slot(object)
    def _on_download_cancelled(self, cancelled: DownloadCancelled) -> None:
        self.getting_told.emit(cancelled.wanted.network, "")
        self._tell()

    def _is_chosen(self, network: str) -> bool:
        card = self._explorer.card
        return card is not None and card.name == network

    def _title(self, wanted: Wanted) -> str:
        card = self._explorer.networks.get(wanted.network)
        return card.title if card is not None else wanted.network
