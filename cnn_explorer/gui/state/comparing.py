"""What the engine thread does for a comparison: frozen requests in, frozen responses out.

One request is one network's part, so that the first column is seen while the others still run, and
a person's gesture waits for one forward at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint, part_of
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.state.architecture_work import graph_of
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.probe.cells import Cell, Reduction
from cnn_explorer.probe.channel_match import (
    ChannelCorrelation,
    ChannelMatch,
    Extent,
    LayerOf,
    match_channel,
)
from cnn_explorer.probe.comparison import Column, ColumnAsked, ColumnFailed, Comparison, compare
from cnn_explorer.probe.folder import FolderPicture, decoded_pictures
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.mosaic import Shading
from cnn_explorer.probe.pool import LIMIT_BYTES, SessionPool, Wanted
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.results import PreparedInput

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session

Opened = Sequence[tuple[LayerGraph, "Session | OnnxSession"]]
"""Networks that are open for the rest of the window, by their graphs."""


@dataclass(frozen=True, eq=False)
class ReadGraph:
    """Read the graph of a network, from shapes alone. Answered by `GraphRead`."""

    wanted: Wanted


@dataclass(frozen=True, eq=False)
class GraphRead:
    """The answer to `ReadGraph`."""

    wanted: Wanted
    graph: LayerGraph | None
    sentence: str = ""
    """Why there is no graph."""


@dataclass(frozen=True, eq=False)
class CellsAsked:
    """What is to be shown of layers: of those with a channel that one, of the others the mean, the
    strongest or the components."""

    show: Reduction
    channels: Mapping[str, int | None]
    """By the layer's name; None where no channel was chosen."""


@dataclass(frozen=True, eq=False)
class RunColumn:
    """Run one network of a comparison. Answered by `ColumnRun`."""

    picture: Picture
    asked: ColumnAsked
    cells: CellsAsked
    precision: Precision = "exact"
    shown: LayerGraph | None = None
    """The graph of the network on show in the window, if this is it: it is open already."""
    framing: Framing = AS_TRAINED


@dataclass(frozen=True, eq=False)
class ColumnRun:
    """The answer to `RunColumn`."""

    column: Column | ColumnFailed
    cells: Mapping[str, Cell | None] = field(default_factory=dict)
    """By the layer's name; None where there is nothing to show."""


@dataclass(frozen=True, eq=False)
class MakeCells:
    """Show something else of a network that was run. Answered by `CellsMade`."""

    column: Column
    cells: CellsAsked


@dataclass(frozen=True, eq=False)
class CellsMade:
    """The answer to `MakeCells`."""

    column: Column
    cells: Mapping[str, Cell | None]


@dataclass(frozen=True, eq=False)
class LayerOfColumn:
    """A layer of a network that was run."""

    column: Column
    layer: str
    place: Extent | None
    """Where its maps lie on the picture; None where nobody knows."""


@dataclass(frozen=True, eq=False)
class MatchChannels:
    """Find the channel of each other layer that is most like one. Answered by `ChannelsMatched`."""

    chosen: LayerOfColumn
    channel: int
    others: tuple[LayerOfColumn, ...]
    folder: tuple[FolderPicture, ...] = ()
    """Pictures to compare their maps over; where there are none, the one on show."""


@dataclass(frozen=True, eq=False)
class ChannelsMatched:
    """The answer to `MatchChannels`."""

    request: MatchChannels
    matches: tuple[ChannelMatch | None, ...]
    """One for each of the others; None where nothing goes with the channel chosen."""


@dataclass(frozen=True, eq=False)
class SaveComparison:
    """Write a comparison to a file: a figure, a page, or JSON, as its ending says."""

    path: Path
    comparison: Comparison
    show: Reduction
    channel: int | None
    shading: Shading
    dark: bool


@dataclass(frozen=True)
class ReleaseNetworks:
    """Let go what a comparison holds open. Answered by `NetworksReleased`."""


@dataclass(frozen=True)
class NetworksReleased:
    """The answer to `ReleaseNetworks`."""


CompareRequest = ReadGraph | RunColumn | MakeCells | MatchChannels | ReleaseNetworks
CompareResponse = GraphRead | ColumnRun | CellsMade | ChannelsMatched | NetworksReleased


class CompareBench:
    """Holds the networks of a comparison open, up to a limit of memory: 2 GB if nothing else is
    said. It lives in the engine thread."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._pool = SessionPool(limit_bytes)
        self._picture: Picture | None = None
        self._framing = AS_TRAINED
        self._inputs: dict[Preprocessing, PreparedInput] = {}
        """Of that picture, framed so: its columns are jobs of their own, and many take the same."""

    @property
    def pool(self) -> SessionPool:
        """The networks that are open."""
        return self._pool

    def perform(
        self, request: CompareRequest, opened: Opened, checkpoint: Checkpoint
    ) -> CompareResponse:
        """Do what a request asks. Raises `ExplorerError`, or `Cancelled` from the checkpoint."""
        match request:
            case ReadGraph(wanted):
                return _read_graph(wanted)
            case RunColumn():
                return self._run(request, opened, checkpoint)
            case MakeCells(column, asked):
                return CellsMade(column, _cells(column, asked, checkpoint))
            case MatchChannels():
                found = self._match_over if request.folder else _match
                return found(request, checkpoint)
            case ReleaseNetworks():
                self._pool.clear()
                self._picture, self._inputs = None, {}
                return NetworksReleased()

    def _match_over(self, request: MatchChannels, checkpoint: Checkpoint) -> ChannelsMatched:
        """Over the pictures of a folder: both networks run on each of them."""
        matches: list[ChannelMatch | None] = []
        share = 1 / len(request.others)
        for number, other in enumerate(request.others):
            found = match_channel(
                self._layer_of(request.chosen), request.channel, self._layer_of(other),
                decoded_pictures(request.folder, []),
                part_of(checkpoint, number * share, share), count=len(request.folder),
            )  # fmt: skip
            matches.append(next(iter(found.best(1)), None))
        return ChannelsMatched(request, tuple(matches))

    def _layer_of(self, asked: LayerOfColumn) -> LayerOf:
        column = asked.column
        at = next(
            (one.on_input for one in column.asked.layers if one and one.name == asked.layer), None
        )
        height, width = column.result.activations[asked.layer].shape[-2:]
        extent = None if at is None else (at.x, at.y, at.across * width, at.down * height)
        return LayerOf(self._pool.get(column.asked.wanted, no_checkpoint), asked.layer, extent)

    def _run(self, request: RunColumn, opened: Opened, checkpoint: Checkpoint) -> ColumnRun:
        wanted = request.asked.wanted
        for graph, session in opened:
            if graph is request.shown:
                self._pool.adopt(wanted, session)
        if request.picture is not self._picture or request.framing != self._framing:
            self._picture, self._framing, self._inputs = request.picture, request.framing, {}
        found = next(
            compare(
                request.picture,
                (request.asked,),
                self._pool,
                lambda fraction: checkpoint(0.9 * fraction),
                precision=request.precision,
                inputs=self._inputs,
                framing=request.framing,
            )
        )
        if isinstance(found, ColumnFailed):
            return ColumnRun(found)
        return ColumnRun(found, _cells(found, request.cells, checkpoint))


def _read_graph(wanted: Wanted) -> GraphRead:
    try:
        return GraphRead(wanted, graph_of(wanted)[1])
    except ExplorerError as error:
        return GraphRead(wanted, None, str(error))


def _cells(column: Column, asked: CellsAsked, checkpoint: Checkpoint) -> Mapping[str, Cell | None]:
    """What is shown of the layers that were asked for."""
    found: dict[str, Cell | None] = {}
    for number, layer in enumerate(column.asked.layers):
        checkpoint(0.9 + 0.1 * number / len(column.asked.layers))
        if layer is not None and layer.name in asked.channels:
            found[layer.name] = column.cell(number, asked.show, asked.channels[layer.name])
    return found


def _match(request: MatchChannels, checkpoint: Checkpoint) -> ChannelsMatched:
    first = request.chosen
    chosen = first.column.result.activations[first.layer][request.channel]
    matches: list[ChannelMatch | None] = []
    for number, other in enumerate(request.others):
        checkpoint(number / len(request.others))
        maps = other.column.result.activations[other.layer]
        if chosen.ndim != 2 or maps.ndim != 3:  # single values have no places to compare
            matches.append(None)
            continue
        known = first.place is not None and other.place is not None
        where = (first.place, other.place) if known else None
        correlation = ChannelCorrelation(len(maps))
        correlation.add(chosen, maps, where)  # type: ignore[arg-type]
        matches.append(next(iter(correlation.best(1)), None))
    return ChannelsMatched(request, tuple(matches))


def save_comparison(request: SaveComparison, checkpoint: Checkpoint) -> None:
    """Write a comparison to a file. Raises `ExplorerError` as saving does."""
    from cnn_explorer.media.save import save_png, write_text
    from cnn_explorer.probe.compare_figure import comparison_figure
    from cnn_explorer.probe.compare_report import comparison_html, comparison_json

    checkpoint(0.0)
    comparison, show = request.comparison, request.show
    channels = [request.channel] * len(comparison.columns)
    match request.path.suffix.lower():
        case ".html" | ".htm":
            page = comparison_html(comparison, show, channels=channels, shading=request.shading)
            write_text(request.path, page)
        case ".json":
            write_text(request.path, comparison_json(comparison, show, channels=channels))
        case suffix:
            figure = comparison_figure(
                comparison, show, channels=channels, shading=request.shading, dark=request.dark
            )
            checkpoint(0.5)
            if suffix == ".svg":
                write_text(request.path, figure.svg())
            else:
                save_png(request.path, figure.png())
