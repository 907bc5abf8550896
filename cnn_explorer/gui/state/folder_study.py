"""Networks over a folder of pictures: what is chosen, what is known, what is on the way."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.folder_work import (
    AnswerFolder,
    CompareLayers,
    LayersCompared,
    ListFolder,
    NetworkAsked,
    SaveAnswers,
    SaveSimilarity,
    StudyRequest,
)
from cnn_explorer.gui.state.jobs import Lane
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.onnx_facts import is_onnx_path
from cnn_explorer.networks.weights import at_hand
from cnn_explorer.probe.folder import Listing
from cnn_explorer.probe.folder_results import FolderResults
from cnn_explorer.probe.pool import Wanted, titles_of
from cnn_explorer.probe.similarity import FEWEST

Work = Literal["", "list", "answer", "compare"]


@dataclass(frozen=True)
class StudyShown:
    """All there is to show of a folder."""

    networks: tuple[NetworkAsked, ...] = ()
    listing: Listing | None = None
    results: FolderResults | None = None
    """Of these networks over this folder."""
    compared: LayersCompared | None = None
    """The layers of two of them."""
    working: Work = ""
    """What is being done."""
    stopped_at: float = 0.0
    """How far the networks had come over the folder when they were stopped; 0 where they were
    not."""

    @property
    def can_run(self) -> bool:
        """Whether there are networks to run and pictures to run them on."""
        return bool(self.networks and self.listing and self.listing.pictures and not self.working)

    @property
    def can_compare(self) -> bool:
        """Whether there are pictures enough to compare layers over."""
        return self.can_run and self.listing is not None and len(self.listing.pictures) >= FEWEST


class FolderStudy(QObject):
    """Follows a person through a folder; the engine does the work, and all else before it."""

    changed = Signal(object)
    """A `StudyShown`."""
    progressed = Signal(float)
    """How far what is being done is, 0 to 1."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._shown = StudyShown()
        self._asked: StudyRequest | None = None
        self._fraction = 0.0
        explorer.answered.connect(self._on_answered)
        explorer.unanswered.connect(self._on_unanswered)
        explorer.progressed.connect(self._on_progressed)
        explorer.stopped.connect(self._on_stopped)

    @property
    def shown(self) -> StudyShown:
        """What is so now."""
        return self._shown

    def set_networks(self, names: Sequence[str]) -> None:
        """Run these networks, each with the best of its weights at hand: names of the catalogue, or
        paths of ONNX files. Raises `ExplorerError` for an unknown name."""
        self.set_wanted([wanted_named(name) for name in names])

    def set_wanted(self, wanted: Sequence[Wanted]) -> None:
        """Run these networks, with weights of a person's choice."""
        networks = asked(wanted)
        if networks != self._shown.networks:
            self._drop_work("answer", "compare")
            self._show(networks=networks, results=None, compared=None, stopped_at=0.0)

    def open_folder(self, folder: Path) -> None:
        """See what pictures there are in a folder."""
        self._show(listing=None, results=None, compared=None, stopped_at=0.0, working="list")
        self._ask(ListFolder(folder), self.tr("Looking into {}").format(folder.name or folder))

    def run(self) -> None:
        """Ask all networks what is on the pictures, but for what was said before."""
        shown = self._shown
        if shown.listing is None or not shown.can_run:
            return
        request = AnswerFolder(
            shown.listing.pictures, _with_weights(shown.networks), self._explorer.precision
        )
        self._show(working="answer", stopped_at=0.0)
        self._ask(request, self.tr("Running networks over {}").format(self._folder_name))

    def compare_layers(self, a: int, b: int) -> None:
        """Find out how alike the layers of two of the networks are, by their places."""
        shown = self._shown
        if shown.listing is None or not shown.can_compare:
            return
        of_a, of_b = _with_weights((shown.networks[a], shown.networks[b]))
        self._show(working="compare", compared=None)
        self._ask(
            CompareLayers(shown.listing.pictures, of_a, of_b),
            self.tr("Comparing layers over {}").format(self._folder_name),
        )

    def stop(self) -> None:
        """Stop what is being done; what was found so far is not lost."""
        if self._shown.working:
            self._explorer.give_up(Lane.STUDY)
            self._on_stopped()

    def save_answers(self, path: Path) -> None:
        """Write what the networks said as comma-separated values."""
        if self._shown.results is not None:
            self._save(SaveAnswers(path, self._shown.results))

    def save_similarity(self, path: Path, *, dark: bool = False) -> None:
        """Write the similarity of layers: ``.npz``, or a figure, ``.png`` or ``.svg``."""
        if self._shown.compared is not None:
            self._save(SaveSimilarity(path, self._shown.compared, dark))

    @property
    def _folder_name(self) -> str:
        listing = self._shown.listing
        return "" if listing is None else listing.folder.name or str(listing.folder)

    def _ask(self, request: StudyRequest, title: str) -> None:
        self._asked, self._fraction = request, 0.0
        self._explorer.perform(Lane.STUDY, request, title)

    def _save(self, request: SaveAnswers | SaveSimilarity) -> None:
        title = self.tr("Writing {}").format(request.path.name)
        self._explorer.perform(Lane.EXPORT, request, title)

    def _drop_work(self, *kinds: Work) -> None:
        """What is being done is no longer wanted, if it is of these kinds."""
        if self._shown.working in kinds:
            self.stop()

    def _show(self, **changes: object) -> None:
        self._shown = replace(self._shown, **changes)  # type: ignore[arg-type]
        self.changed.emit(self._shown)

    @Slot(object, object)
    def _on_answered(self, request: object, response: object) -> None:
        if request is not self._asked:
            return
        self._asked = None
        if isinstance(response, Listing):
            self._show(working="", listing=response)
        elif isinstance(response, FolderResults):
            self._show(working="", results=response)
        elif isinstance(response, LayersCompared):
            self._show(working="", compared=response)

    @Slot(object, float)
    def _on_progressed(self, request: object, fraction: float) -> None:
        if self._asked is not None and request is self._asked:
            # after giving way it comes quickly over what was done before
            self._fraction = max(self._fraction, fraction)
            self.progressed.emit(self._fraction)

    @Slot(object, str)
    def _on_unanswered(self, request: object, sentence: str) -> None:
        del sentence  # the window says it
        if request is self._asked:
            self._on_stopped()

    @Slot()
    def _on_stopped(self) -> None:
        if self._asked is None:
            return
        self._asked = None
        answering = self._shown.working == "answer"
        self._show(working="", stopped_at=self._fraction if answering else self._shown.stopped_at)


def wanted_named(name: str) -> Wanted:
    """A network by its name, or an ONNX file by its path. Raises `ExplorerError`."""
    return Wanted(onnx_file=Path(name)) if is_onnx_path(name) else Wanted(card_of(name))


def asked(wanted: Sequence[Wanted]) -> tuple[NetworkAsked, ...]:
    """Networks with titles that tell them apart: by their weights, or else by a number."""
    return tuple(
        NetworkAsked(str(one.onnx_file) if one.card is None else one.card.name, title, one)
        for one, title in zip(wanted, titles_of(wanted), strict=True)
    )


def _with_weights(networks: Sequence[NetworkAsked]) -> tuple[NetworkAsked, ...]:
    """The best weights at hand by name: others may have come since the network was last opened."""
    made = []
    for network in networks:
        wanted = network.wanted
        if wanted.card is not None and not wanted.version and wanted.weights_file is None:
            best = at_hand(wanted.card)
            if best is not None:
                network = replace(network, wanted=replace(wanted, version=best[1].tag))
        made.append(network)
    return tuple(made)
