"""Networks over a folder of pictures, on the engine's side: frozen requests, frozen responses.

Such work takes minutes and is broken off whenever a person wants something else (`jobs`): it goes
on from the answers that are kept, and from the batches that are counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.errors import Checkpoint, ExplorerError, part_of
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.folder import (
    FolderPicture,
    Listing,
    Skipped,
    answer_folder,
    decoded_pictures,
    list_folder,
    no_answers,
)
from cnn_explorer.probe.folder_results import FolderResults, results_csv
from cnn_explorer.probe.pool import SessionPool, Wanted
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.similarity import Similarity, SoFar, save_similarity, similarity

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session

_OPENING = 0.04
"""The share of the progress that opening two networks makes."""


@dataclass(frozen=True)
class NetworkAsked:
    """A network, and what to call it."""

    name: str
    """In the catalogue, or the path of an ONNX file."""
    title: str
    wanted: Wanted


@dataclass(frozen=True)
class ListFolder:
    """See what there is in a folder. Answered by a `Listing`."""

    folder: Path


@dataclass(frozen=True)
class AnswerFolder:
    """Ask networks what is on pictures. Answered by `FolderResults`."""

    pictures: tuple[FolderPicture, ...]
    networks: tuple[NetworkAsked, ...]
    precision: Precision = "exact"


@dataclass(frozen=True)
class CompareLayers:
    """Find out how alike the layers of two networks are. Answered by `LayersCompared`."""

    pictures: tuple[FolderPicture, ...]
    a: NetworkAsked
    b: NetworkAsked


@dataclass(frozen=True, eq=False)
class LayersCompared:
    """The answer to `CompareLayers`."""

    found: Similarity
    a: NetworkAsked
    b: NetworkAsked
    untrained: tuple[str, ...]
    """Titles of those with random weights."""


@dataclass(frozen=True, eq=False)
class SaveAnswers:
    """Write what networks said of pictures as comma-separated values."""

    path: Path
    results: FolderResults


@dataclass(frozen=True, eq=False)
class SaveSimilarity:
    """Write the similarity of layers: the file's ending says whether as values or as a figure."""

    path: Path
    compared: LayersCompared
    dark: bool = False


StudyRequest = ListFolder | AnswerFolder | CompareLayers
StudyResponse = Listing | FolderResults | LayersCompared


@dataclass(eq=False)
class _Broken:
    """A comparison of layers that may be broken off and gone on with."""

    request: CompareLayers
    so_far: SoFar = field(default_factory=SoFar)
    places: list[int] = field(default_factory=list)
    """Where in the folder the pictures stand that were decoded."""

    @property
    def start(self) -> int:
        """The place of the first picture that is not counted."""
        counted = self.so_far.pictures
        return self.places[counted - 1] + 1 if counted else 0


class FolderWork:
    """What the engine thread does with folders of pictures; its networks are its own."""

    def __init__(self, pool: SessionPool | None = None) -> None:
        self._pool = SessionPool() if pool is None else pool
        self._broken: _Broken | None = None
        self._compared: tuple[CompareLayers, LayersCompared] | None = None
        """The last comparison: its answer may be lost, where it came just as it was to give way."""

    def perform(self, request: StudyRequest, checkpoint: Checkpoint) -> StudyResponse:
        """Do what a request asks. Raises `ExplorerError`, or `Cancelled` from the checkpoint."""
        match request:
            case ListFolder(folder):
                return list_folder(folder, checkpoint)
            case AnswerFolder():
                return self._answer(request, checkpoint)
            case CompareLayers():
                return self._compare(request, checkpoint)

    def _answer(self, request: AnswerFolder, checkpoint: Checkpoint) -> FolderResults:
        said = []
        length = 1 / len(request.networks)
        for number, network in enumerate(request.networks):
            part = part_of(checkpoint, number * length, length)
            try:
                session = self._pool.get(network.wanted, part_of(part, 0.0, _OPENING))
                answers = answer_folder(
                    session, request.pictures, part_of(part, _OPENING, 1 - _OPENING),
                    precision=request.precision,
                )  # fmt: skip
            except ExplorerError as error:
                answers = no_answers(network.title, len(request.pictures), error)
            said.append(replace(answers, title=network.title))
        results = FolderResults(request.pictures, tuple(said))
        # names of classes are matched here, where nobody waits, and stay so for the window
        results.disagreements()
        results.truth(0)
        return results

    def _compare(self, request: CompareLayers, checkpoint: Checkpoint) -> LayersCompared:
        if self._compared is not None and self._compared[0] is request:
            return self._compared[1]
        if self._broken is None or self._broken.request != request:
            self._broken = _Broken(request)
        broken = self._broken
        a = self._pool.get(request.a.wanted, part_of(checkpoint, 0.0, _OPENING / 2))
        b = self._pool.get(request.b.wanted, part_of(checkpoint, _OPENING / 2, _OPENING / 2))
        start, skipped = broken.start, list[Skipped]()
        del broken.places[broken.so_far.pictures :]

        def decoded() -> Iterator[Picture]:
            for place in range(start, len(request.pictures)):
                for picture in decoded_pictures([request.pictures[place]], skipped):
                    broken.places.append(place)
                    yield picture

        found = similarity(
            a, b, _layers(a), _layers(b), decoded(),
            part_of(checkpoint, _OPENING, 1 - _OPENING),
            count=max(1, len(request.pictures)), so_far=broken.so_far,
        )  # fmt: skip
        self._broken = None
        found = replace(found, network_a=request.a.title, network_b=request.b.title)
        sides = ((request.a, a), (request.b, b))
        untrained = dict.fromkeys(asked.title for asked, one in sides if not one.trained)
        compared = LayersCompared(found, request.a, request.b, tuple(untrained))
        self._compared = (request, compared)
        return compared


def _layers(session: "Session | OnnxSession") -> tuple[str, ...]:
    """The layers that put something out in a prediction, in forward order."""
    from cnn_explorer.graph.module_tree import layer_graph
    from cnn_explorer.probe.session import Session

    if not isinstance(session, Session):
        return tuple(layer.name for layer in session.network.layers if layer.output)
    graph = layer_graph(session.model, session.preprocessing.input_shape, network=session.card.name)
    return tuple(
        layer.name
        for layer in graph.layers
        if not layer.training_only and layer.kind not in ("input", "output")
    )


def save(request: SaveAnswers | SaveSimilarity) -> None:
    """Write a file. Raises `ExplorerError`."""
    from cnn_explorer.media.save import write_text

    if isinstance(request, SaveAnswers):
        write_text(request.path, results_csv(request.results))
    elif request.path.suffix.lower() == ".npz":
        save_similarity(request.path, request.compared.found)
    else:
        from cnn_explorer.probe.figures import save_figure
        from cnn_explorer.probe.similarity_figure import similarity_figure

        notes = [f"{title} is untrained" for title in request.compared.untrained]
        save_figure(
            request.path, similarity_figure(request.compared.found, notes=notes, dark=request.dark)
        )
