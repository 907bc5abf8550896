"""What the engine thread does for the comparison of architectures: graphs, and paired times.

Graphs are made without weights, so that those of VGG-19 take no more memory than LeNet's. Times
need the networks themselves, all of them at once, since they take turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnn_explorer.errors import Checkpoint, ExplorerError, part_of
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.probe.pool import SessionPool, Wanted
from cnn_explorer.text import format_size

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session

TIMED_BYTES = 4 << 30
"""Networks that are timed together take no more memory than this."""


@dataclass(frozen=True)
class ReadGraphs:
    """Make the layer graphs of networks. Answered by `GraphsRead`."""

    networks: tuple[Wanted, ...]


@dataclass(frozen=True, eq=False)
class GraphsRead:
    """The answer to `ReadGraphs`."""

    cards: Mapping[Wanted, NetworkCard]
    """Of an ONNX file it is known once the file was read."""
    graphs: Mapping[Wanted, LayerGraph]
    failures: Mapping[Wanted, str]
    """A sentence for each network that could not be read."""


@dataclass(frozen=True)
class TimeForwards:
    """Measure the forward times of networks, which take turns. Answered by `ForwardsTimed`."""

    networks: tuple[Wanted, ...]


@dataclass(frozen=True, eq=False)
class ForwardsTimed:
    """The answer to `TimeForwards`."""

    times: Mapping[Wanted, float]
    """Milliseconds for one picture, the median."""


def read_graphs(request: ReadGraphs, checkpoint: Checkpoint) -> GraphsRead:
    """Make the graphs; a network that cannot be read leaves the others as they are."""
    cards: dict[Wanted, NetworkCard] = {}
    graphs: dict[Wanted, LayerGraph] = {}
    failures: dict[Wanted, str] = {}
    for number, wanted in enumerate(request.networks):
        checkpoint(number / len(request.networks))
        try:
            cards[wanted], graphs[wanted] = graph_of(wanted)
        except ExplorerError as error:
            failures[wanted] = str(error)
    return GraphsRead(cards, graphs, failures)


def time_networks(
    request: TimeForwards, pool: SessionPool, checkpoint: Checkpoint
) -> ForwardsTimed:
    """Open all networks and let them take turns on one picture of the samples, each through its
    own preprocessing. The pool keeps of them what it has room for. Raises `ExplorerError` where
    they take too much memory together."""
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.media.samples import samples
    from cnn_explorer.probe.preprocess import prepare
    from cnn_explorer.probe.timing import time_forwards

    expected = sum(wanted.expected_bytes for wanted in request.networks)
    if expected > TIMED_BYTES:
        raise ExplorerError(
            f"these networks take {format_size(expected)} of memory together, more than the "
            f"{format_size(TIMED_BYTES)} that may be used: time fewer of them at once."
        )
    count = len(request.networks)
    sessions: list[Session | OnnxSession] = []
    for number, wanted in enumerate(request.networks):
        sessions.append(pool.get(wanted, part_of(checkpoint, 0.3 * number / count, 0.3 / count)))
    pictures = {
        kind: decode_file(next(sample.path for sample in samples() if sample.kind == kind))
        for kind in {session.preprocessing.kind for session in sessions}
    }
    prepared = [
        prepare(pictures[session.preprocessing.kind], session.preprocessing) for session in sessions
    ]
    times = time_forwards(sessions, prepared, checkpoint=part_of(checkpoint, 0.3, 0.7))
    return ForwardsTimed(dict(zip(request.networks, times, strict=True)))


def graph_of(wanted: Wanted) -> tuple[NetworkCard, LayerGraph]:
    """The card and the graph of a network that is not open. Raises `ExplorerError`."""
    card = wanted.card
    if card is not None:
        from cnn_explorer.graph.module_tree import layer_graph
        from cnn_explorer.networks.build import build_empty

        shape = card.preprocessing.input_shape
        return card, layer_graph(build_empty(card), shape, network=card.name)
    from cnn_explorer.graph.onnx_graph import onnx_graph
    from cnn_explorer.networks.onnx_card import onnx_card
    from cnn_explorer.networks.onnx_file import read_onnx
    from cnn_explorer.networks.onnx_input import declared_input, guessed_input
    from cnn_explorer.networks.onnx_layers import network_of

    assert wanted.onnx_file is not None
    file = read_onnx(wanted.onnx_file)
    chosen = wanted.chosen or guessed_input(file.model, declared_input(file.model))
    network = network_of(file, chosen)
    card = onnx_card(network, chosen)
    return card, onnx_graph(network, name=card.name)
