"""What the engine thread does: frozen requests in, frozen responses out.

A `Workbench` lives in the engine thread alone. It imports torch at its first network, so that
the window is on the screen long before.
"""

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QImage

from cnn_explorer.errors import Checkpoint, ExplorerError
from cnn_explorer.graph.flattened import class_layer, map_before
from cnn_explorer.graph.model import USUAL, DrawingOptions, LayerGraph
from cnn_explorer.gui.state.architecture_work import (
    ForwardsTimed,
    GraphsRead,
    ReadGraphs,
    TimeForwards,
    read_graphs,
    time_networks,
)
from cnn_explorer.gui.state.comparing import (
    CompareBench,
    CompareRequest,
    CompareResponse,
    SaveComparison,
    save_comparison,
)
from cnn_explorer.gui.state.folder_work import (
    AnswerFolder,
    CompareLayers,
    FolderWork,
    ListFolder,
    SaveAnswers,
    SaveSimilarity,
    StudyRequest,
    StudyResponse,
    save,
)
from cnn_explorer.gui.state.prepared_ahead import PreparedAhead
from cnn_explorer.gui.state.shown import (
    ActivationsShown,
    AnswersShown,
    EffectsShown,
    FiltersShown,
    MapsFile,
    NetworkShown,
    ProfileShown,
    SourceShown,
    ThumbnailsShown,
    TimesShown,
)
from cnn_explorer.gui.state.snapshot import SaveSnapshot, save_snapshot
from cnn_explorer.media.address import DataAddress
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.probe.activation_cache import DEFAULT_LIMIT, ActivationCache
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.results import Channel, RunResult, probabilities

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnn_explorer.graph.publish import Publication
    from cnn_explorer.networks.onnx_facts import PictureInput
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.results import PreparedInput
    from cnn_explorer.probe.session import Session

    FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class OpenPicture:
    """Decode a file. Answered by a `Picture`."""

    path: Path


@dataclass(frozen=True, eq=False)
class OpenImage:
    """Take a picture from the clipboard or a drag. Answered by a `Picture`."""

    image: QImage
    """Its pixels may be worked on in any thread."""
    name: str


@dataclass(frozen=True, eq=False)
class OpenData:
    """Decode the bytes of a picture file, which came from elsewhere. Answered by a `Picture`."""

    data: bytes | DataAddress = field(repr=False)
    name: str


@dataclass(frozen=True, eq=False)
class OpenNetwork:
    """Build a network, load weights, lay out its graph. Answered by `NetworkShown`."""

    card: NetworkCard
    weights_file: Path | None = None
    version: str = ""
    """The tag of one of the card's weights, or ``random``; empty for the best at hand."""
    expanded: frozenset[str] | None = None
    """The blocks to open in the drawing; None for the usual ones."""
    options: DrawingOptions = USUAL
    shown: LayerGraph | None = None
    """The graph of the network on show, which stays open meanwhile."""


@dataclass(frozen=True, eq=False)
class OpenWeights:
    """Open a weights file: with the network chosen where it fits, else with the one that it fits
    best. Answered by `NetworkShown`."""

    path: Path
    card: NetworkCard | None
    """The network chosen."""
    networks: Mapping[str, NetworkCard]
    """Those to choose from."""
    expansions: Mapping[str, frozenset[str]]
    """The blocks to open in the drawing, by the network's name; the usual ones of the others."""
    options: DrawingOptions = USUAL
    shown: LayerGraph | None = None
    """The graph of the network on show, which stays open meanwhile."""


@dataclass(frozen=True, eq=False)
class OpenOnnx:
    """Open an ONNX file as a network. Answered by `NetworkShown`."""

    path: Path
    chosen: "PictureInput | None"
    """How pictures are given to it; None to guess."""
    expansions: Mapping[str, frozenset[str]]
    """The blocks to open in the drawing, by the network's name."""
    options: DrawingOptions = USUAL
    shown: LayerGraph | None = None
    """The graph of the network on show, which stays open meanwhile."""
    card: None = None
    """It is known once the file is read."""


@dataclass(frozen=True, eq=False)
class Run:
    """Run the open network on a picture. Answered by `Ran`."""

    card: NetworkCard
    graph: LayerGraph
    """Of the network on show: it tells one opening of the same network from another."""
    picture: Picture
    layer: str
    """The layer or block whose output is wanted too; empty for none."""
    live: bool = False
    """A drawing in progress: its answer is shown even when the hand has gone on."""
    boxes: Mapping[str, str] = field(default_factory=dict)
    """The boxes of whose outputs thumbnails are wanted, and the module behind each."""
    channel: Channel = "mean"
    """What the thumbnails show."""
    precision: Precision = "exact"
    kept_bytes: int = DEFAULT_LIMIT
    """How much of captured layers may be kept, so that they are shown again without a run."""
    framing: Framing = AS_TRAINED


@dataclass(frozen=True, eq=False)
class Ran:
    """The answer to `Run`."""

    answers: AnswersShown
    activations: ActivationsShown | None
    thumbnails: ThumbnailsShown | None = None
    fills_cores: bool = False
    """Whether the network ran on all cores, so that nothing is gained by working beside it."""


@dataclass(frozen=True, eq=False)
class Look:
    """Read the weights and the source of a layer. Answered by `Looked`."""

    card: NetworkCard
    graph: LayerGraph
    layer: str


@dataclass(frozen=True, eq=False)
class Looked:
    """The answer to `Look`."""

    filters: FiltersShown
    source: SourceShown


@dataclass(frozen=True, eq=False)
class Effect:
    """Work out how much each channel of a layer speaks for a class. Answered by `EffectsShown`."""

    card: NetworkCard
    graph: LayerGraph
    """Of the network on show."""
    picture: Picture
    layer: str
    target: int
    """The index of the class."""
    class_name: str
    asked: bool
    """Whether a person has just asked for it, and is to hear where it cannot be done."""
    framing: Framing = AS_TRAINED


@dataclass(frozen=True, eq=False)
class Measure:
    """Measure how long each layer of the open network takes. Answered by `TimesShown`."""

    card: NetworkCard
    graph: LayerGraph
    """Of the network on show."""


@dataclass(frozen=True, eq=False)
class ProfileLayers:
    """Read the numbers of all layers' outputs for a picture. Answered by `ProfileShown`."""

    card: NetworkCard
    graph: LayerGraph
    """Of the network on show."""
    picture: Picture
    framing: Framing = AS_TRAINED


@dataclass(frozen=True, eq=False)
class Export:
    """Write a drawing of a graph to a file. Answered by `Exported`."""

    card: NetworkCard
    graph: LayerGraph
    publication: "Publication"
    path: Path
    picture: Picture | None = None
    """What to run the network on for the thumbnails; None for a drawing without."""
    channel: Channel = "mean"
    framing: Framing = AS_TRAINED


@dataclass(frozen=True)
class Exported:
    """The answer to `Export`, `ExportOnnx`, `SaveComparison`, `SaveSnapshot`, a `MapsFile`."""

    path: Path
    said: str = ""
    """What else is to be said of it, without a full stop; empty for nothing."""


@dataclass(frozen=True, eq=False)
class ExportOnnx:
    """Write the network on show as ONNX, and compare its answer. Answered by `Exported`."""

    card: NetworkCard
    graph: LayerGraph
    picture: Picture | None
    """What to compare on; a sample where there is none."""
    path: Path


Request = (
    OpenPicture | OpenImage | OpenData | OpenNetwork | OpenWeights | OpenOnnx | Run | Look | Effect
    | ProfileLayers | Measure | Export | ExportOnnx | MapsFile | ReadGraphs | TimeForwards
    | StudyRequest | SaveAnswers | SaveSimilarity | CompareRequest | SaveComparison | SaveSnapshot
)  # fmt: skip
Response = (
    Picture | NetworkShown | Ran | Looked | EffectsShown | ProfileShown | TimesShown | Exported
    | GraphsRead | ForwardsTimed | StudyResponse | CompareResponse
)  # fmt: skip


class Workbench:
    """The engine's side of the window: one network open at a time, one picture prepared for it."""

    def __init__(self, ahead: PreparedAhead | None = None) -> None:
        self._ahead = PreparedAhead() if ahead is None else ahead
        self._warm = False
        self._open: list[tuple[LayerGraph, Session | OnnxSession]] = []
        """The network on show, and one that was opened too late: its cancelling was under way."""
        self._prepared: tuple[Picture, Preprocessing, PreparedInput] | None = None
        self._cache = ActivationCache()
        self._comparing = CompareBench()
        self._folders = FolderWork(self._comparing.pool)

    def perform(self, request: Request, checkpoint: Checkpoint) -> Response:
        """Do what a request asks. Raises `ExplorerError`, or `Cancelled` from the checkpoint."""
        match request:
            case OpenPicture(path):
                return self._open_picture(path, checkpoint)
            case OpenImage(image, name):
                from cnn_explorer.gui.state.qimages import to_picture

                return to_picture(image, name)
            case OpenData(data, name):
                from cnn_explorer.media.decode import decode_bytes

                content = data if isinstance(data, bytes) else data.content()
                return decode_bytes(content, name, checkpoint)
            case OpenNetwork():
                return self._open_network(request, checkpoint)
            case OpenWeights():
                return self._open_weights(request, checkpoint)
            case OpenOnnx():
                return self._open_onnx(request, checkpoint)
            case Run():
                return self._run(request, checkpoint)
            case Look():
                return self._look(request)
            case ProfileLayers():
                return self._profile(request, checkpoint)
            case Effect():
                return self._effect(request, checkpoint)
            case Measure():
                return self._measure(request, checkpoint)
            case Export():
                return self._export(request, checkpoint)
            case MapsFile():
                return _save_maps(request, checkpoint)
            case ExportOnnx():
                return self._export_onnx(request, checkpoint)
            case SaveAnswers() | SaveSimilarity():
                save(request)
                return Exported(request.path)
            case SaveSnapshot():
                return self._save_snapshot(request, checkpoint)
            case SaveComparison():
                save_comparison(request, checkpoint)
                return Exported(request.path)
            case ReadGraphs():
                self._warm_up()
                return read_graphs(request, checkpoint)
            case TimeForwards():
                self._warm_up()
                return time_networks(request, self._comparing.pool, checkpoint)
            case ListFolder():
                return self._folders.perform(request, checkpoint)
            case AnswerFolder() | CompareLayers():
                self._warm_up()
                return self._folders.perform(request, checkpoint)
            case _:
                self._warm_up()
                return self._comparing.perform(request, self._open, checkpoint)

    def _open_picture(self, path: Path, checkpoint: Checkpoint) -> Picture:
        from cnn_explorer.media.decode import decode_file

        return decode_file(path, checkpoint)

    def _open_network(self, request: OpenNetwork, checkpoint: Checkpoint) -> NetworkShown:
        self._open = [opened for opened in self._open if opened[0] is request.shown]
        self._warm_up()
        checkpoint(0.05)
        from cnn_explorer.graph.module_tree import layer_graph
        from cnn_explorer.probe.session import Session

        card = request.card
        session = Session.open(
            card,
            request.weights_file,
            lambda fraction: checkpoint(0.05 + 0.75 * fraction),
            version=request.version,
        )
        graph = layer_graph(session.model, session.preprocessing.input_shape, network=card.name)
        checkpoint(0.95)
        shown = self._shown(card, graph, session, request.expanded, request.options)
        checkpoint(1.0)
        # The old network stays open: this one may still be cancelled before it is shown.
        self._open.append((graph, session))
        return replace(
            shown,
            report=session.report,
            version=request.version,
            weights_file=request.weights_file,
        )

    def _shown(
        self,
        card: NetworkCard,
        graph: LayerGraph,
        session: "Session | OnnxSession",
        expanded: frozenset[str] | None,
        options: DrawingOptions,
    ) -> NetworkShown:
        """What there is to show of a network just opened, with its first layout."""
        from cnn_explorer.graph.hierarchy import default_expansion, visible
        from cnn_explorer.graph.layout import lay_out

        if expanded is None:
            expanded = default_expansion(graph)
        else:  # remembered, perhaps of a version or a file with other blocks
            expanded &= frozenset(graph.block)
        return NetworkShown(
            card=card,
            graph=graph,
            trained=session.trained,
            weights=session.weights,
            expanded=expanded,
            layout=lay_out(visible(graph, expanded), options),
            class_count=len(session.class_names),
            note=session.note,
            preprocessing=session.preprocessing,
        )

    def _open_weights(self, request: OpenWeights, checkpoint: Checkpoint) -> NetworkShown:
        self._warm_up()
        from cnn_explorer.networks.weights import networks_for

        card = networks_for(
            request.path,
            request.card,
            request.networks,
            lambda fraction: checkpoint(0.05 * fraction),
        )[0]
        return self._open_network(
            OpenNetwork(
                card,
                request.path,
                expanded=request.expansions.get(card.name),
                options=request.options,
                shown=request.shown,
            ),
            checkpoint,
        )

    def _export(self, request: Export, checkpoint: Checkpoint) -> Exported:
        from cnn_explorer.graph.export import export
        from cnn_explorer.graph.publish import box_pictures, dressing_of, layout_of

        publication, graph = request.publication, request.graph
        layout = layout_of(graph, publication)
        if request.picture is not None:
            from cnn_explorer.probe.thumbnails import painted_boxes

            session = self._session_of(request)
            painted = painted_boxes(
                session,
                self._prepare(request.picture, session, request.framing),
                layout.graph.modules,
                request.channel,
                lambda fraction: checkpoint(0.5 * fraction),
            )
            pictures = box_pictures(painted)
            publication = replace(publication, pictures=pictures)
        export(
            layout,
            request.path,
            title=request.card.title,
            dark=publication.dark,
            dressing=dressing_of(graph, layout, publication),
            checkpoint=checkpoint,
        )
        return Exported(request.path)

    def _prepare(
        self, picture: Picture, session: "Session | OnnxSession", framing: Framing
    ) -> "PreparedInput":
        """The picture as the network takes it; the last one is kept."""
        from cnn_explorer.probe.preprocess import prepare

        rules = session.preprocessing
        kept = self._prepared
        same = kept is not None and kept[0] is picture and kept[1] is rules
        if kept is None or not same or kept[2].framing != framing:
            way = rules, framing
            ahead = self._ahead.take(picture, way)
            made = prepare(picture, rules, framing) if ahead is None else ahead
            self._prepared = kept = (picture, rules, made)
            self._ahead.learn(way, lambda picture: prepare(picture, rules, framing))
        return kept[2]

    def _open_onnx(self, request: OpenOnnx, checkpoint: Checkpoint) -> NetworkShown:
        self._open = [opened for opened in self._open if opened[0] is request.shown]
        self._warm_up()
        checkpoint(0.05)
        from cnn_explorer.graph.onnx_graph import onnx_graph
        from cnn_explorer.probe.onnx_session import OnnxSession

        session = OnnxSession.open(
            request.path, request.chosen, lambda fraction: checkpoint(0.05 + 0.75 * fraction)
        )
        graph = onnx_graph(session.network, name=session.card.name)
        card = replace(session.card, parameters=graph.parameters, macs=graph.macs)
        checkpoint(0.9)
        expanded = request.expansions.get(card.name)
        shown = self._shown(card, graph, session, expanded, request.options)
        checkpoint(1.0)
        self._open.append((graph, session))
        return replace(
            shown, weights_file=request.path, onnx=session.offer, refusal=session.refusal
        )

    def _warm_up(self) -> None:
        """Import what networks need, once."""
        if self._warm:
            return
        from cnn_explorer.probe.runtime import import_torch

        import_torch()
        import cnn_explorer.media.pixels
        import cnn_explorer.networks.weights
        import cnn_explorer.probe.preprocess  # noqa: F401
        from cnn_explorer.graph.extract import extract
        from cnn_explorer.graph.hierarchy import visible
        from cnn_explorer.graph.layout import lay_out
        from cnn_explorer.networks.build import build_empty
        from cnn_explorer.networks.catalog import NETWORKS

        # torch imports more (sympy alone is 100,000 objects) when it first works without numbers
        smallest = min(NETWORKS.values(), key=lambda card: card.parameters)
        lay_out(visible(extract(build_empty(smallest), smallest.preprocessing.input_shape),
                        frozenset()))  # fmt: skip
        # What these imports made stays to the end. A full garbage collection would look through
        # all of it each time, with the GIL held for 150 ms, and the window would stand still.
        gc.freeze()
        self._warm = True

    def _session_of(
        self, request: Run | Look | Effect | ProfileLayers | Measure | Export | ExportOnnx
    ) -> "Session | OnnxSession":
        """The session of the network on show; all others are closed."""
        for graph, session in self._open:
            if graph is request.graph:
                self._open = [(graph, session)]
                if not self._cache.is_of(graph):
                    self._cache.clear()
                return session
        raise ExplorerError(f"{request.card.title} is not open any more; choose it again.")

    def _run(self, request: Run, checkpoint: Checkpoint) -> Ran:
        from cnn_explorer.probe.runtime import fills_all_cores

        fills_cores = fills_all_cores()
        session = self._session_of(request)
        picture = request.picture
        prepared = self._prepare(picture, session, request.framing)
        layer = request.layer
        # the graph's input and output are drawn, but are no modules: their values are at hand
        layers = (layer,) if layer not in ("", "input", "output") else ()
        result = self._result(request, session, prepared, layers, checkpoint)
        answers = AnswersShown(
            card=request.card,
            trained=session.trained,
            picture=picture,
            prepared=prepared,
            classes=result.classes,
            decode_ms=picture.decode_ms,
            preprocess_ms=prepared.preprocess_ms,
            forward_ms=result.forward_ms,
            arithmetic=result.arithmetic,
            live=request.live,
        )
        thumbnails = None
        if request.boxes:
            from cnn_explorer.probe.thumbnails import of_boxes

            by_name = of_boxes(request.boxes, prepared, result, request.channel)
            thumbnails = ThumbnailsShown(
                request.graph, picture, request.channel, by_name, frozenset(request.boxes)
            )
        maps = prepared.tensor if layer == "input" else result.activations.get(layer)
        if layer == "output":
            maps = probabilities(result.classes)
        if maps is None:
            return Ran(answers, None, thumbnails, fills_cores)
        names: tuple[str, ...] = ()
        if maps.shape == (len(result.classes),):
            names = tuple(
                score.name for score in sorted(result.classes, key=lambda score: score.index)
            )
        return Ran(
            answers,
            ActivationsShown(
                card=request.card,
                trained=session.trained,
                layer=layer,
                maps=maps,
                class_names=names,
                arithmetic=result.arithmetic,
            ),
            thumbnails,
            fills_cores,
        )

    def _result(
        self,
        request: Run,
        session: "Session | OnnxSession",
        prepared: "PreparedInput",
        layers: tuple[str, ...],
        checkpoint: Checkpoint,
    ) -> RunResult:
        """What is asked for, from a run for what of it is not known yet, or from none."""
        cache, channel = self._cache, request.channel
        cache.limit = request.kept_bytes
        cache.turn_to(request.graph, request.picture, request.precision, request.framing)
        thumbnails_of = tuple(request.boxes.values())
        fresh: dict[str, FloatArray] = {}

        def lacking() -> tuple[tuple[str, ...], tuple[str, ...]] | None:
            return cache.lacking(
                [layer for layer in layers if layer not in fresh], thumbnails_of, channel
            )

        # once more where what was known before the run is not any more: fast failed half-way
        while (unknown := lacking()) is not None:
            missing, unmade = unknown
            result = session.run(
                prepared,
                missing,
                checkpoint,
                thumbnails_of=unmade,
                channel=channel,
                precision=request.precision,
            )
            cache.add(result, unmade, channel)
            fresh |= result.activations
        return cache.result(layers, thumbnails_of, channel, fresh)

    def _save_snapshot(self, request: SaveSnapshot, checkpoint: Checkpoint) -> Exported:
        ran = self._run(request.run, lambda fraction: checkpoint(0.2 * fraction))
        path, said = save_snapshot(
            request,
            ran.answers,
            ran.activations,
            lambda fraction: checkpoint(0.2 + 0.8 * fraction),
        )
        return Exported(path, said)

    def _look(self, request: Look) -> Looked:
        session = self._session_of(request)
        layer = request.layer
        drawn_only = layer in ("input", "output")
        filters = None if drawn_only else session.filters(layer)
        type_name, code, origin = session.source("" if drawn_only else layer)
        names: tuple[str, ...] = ()
        if filters is not None and class_layer(request.graph) == layer:
            names = session.class_names if len(session.class_names) == len(filters.weight) else ()
        before = map_before(request.graph, layer)
        return Looked(
            FiltersShown(request.card, session.trained, layer, filters, before, names),
            SourceShown(layer, type_name, code, origin),
        )

    def _export_onnx(self, request: ExportOnnx, checkpoint: Checkpoint) -> Exported:
        from cnn_explorer.probe.onnx_export import export_onnx
        from cnn_explorer.probe.session import Session

        session = self._session_of(request)
        if not isinstance(session, Session):
            raise ExplorerError(f"{request.card.title} is an ONNX file already.")
        done = export_onnx(session, request.path, request.picture, checkpoint)
        return Exported(done.path, done.sentence)

    def _profile(self, request: ProfileLayers, checkpoint: Checkpoint) -> ProfileShown:
        from cnn_explorer.probe.profile import profile

        session = self._session_of(request)
        layers = [
            layer.name
            for layer in request.graph.layers
            # the graph's input and output are drawn, but are no modules
            if not layer.training_only and layer.kind not in ("input", "output")
        ]
        prepared = self._prepare(request.picture, session, request.framing)
        found = profile(session, prepared, layers, checkpoint)
        return ProfileShown(request.graph, request.picture, session.trained, found)

    def _effect(self, request: Effect, checkpoint: Checkpoint) -> EffectsShown:
        from cnn_explorer.probe.effect import channel_effects
        from cnn_explorer.probe.session import Session

        session = self._session_of(request)
        assert isinstance(session, Session)  # of an ONNX file nobody asks
        prepared = self._prepare(request.picture, session, request.framing)
        effects = channel_effects(session, prepared, request.layer, request.target, checkpoint)
        return EffectsShown(request.picture, request.layer, request.class_name, effects)

    def _measure(self, request: Measure, checkpoint: Checkpoint) -> TimesShown:
        from cnn_explorer.probe.session import Session
        from cnn_explorer.probe.timing import time_layers

        session = self._session_of(request)
        if not isinstance(session, Session):
            raise ExplorerError("the layers of an ONNX file cannot be timed one by one.")
        layers = [
            layer.name
            for layer in request.graph.layers
            if not layer.training_only and layer.kind not in ("input", "output")
        ]
        measured = time_layers(session, layers, checkpoint=checkpoint)
        return TimesShown(request.graph, measured.layers, measured.forward_ms, measured.runs)


def _save_maps(file: MapsFile, checkpoint: Checkpoint) -> Exported:
    from cnn_explorer.media.save import save_npy
    from cnn_explorer.probe.figures import kernels_figure, maps_figure, save_figure

    checkpoint(0.0)
    if file.path.suffix.lower() == ".npy":
        save_npy(file.path, file.maps)
        return Exported(file.path)
    if file.maps.ndim == 4:
        scale: Literal["channel", "layer"] = "channel"
        if file.shading.scale == "layer":
            scale = "layer"
        figure = kernels_figure(
            file.maps, title=file.title, order=file.order, scale=scale, columns=file.columns,
            names=file.names, dark=file.dark,
        )  # fmt: skip
    else:
        figure = maps_figure(
            file.maps, title=file.title, order=file.order, shading=file.shading,
            colours=file.colours, columns=file.columns, names=file.names, of=file.of,
            dark=file.dark,
        )  # fmt: skip
    checkpoint(0.3)
    save_figure(file.path, figure)
    return Exported(file.path)
