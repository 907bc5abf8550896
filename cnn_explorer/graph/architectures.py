"""The facts of networks as rows of a table: what they cost and what they are worth.

A card alone gives most of them at once, for the whole catalogue. What only a graph knows (memory,
receptive field, the depth of networks whose paper counts none) needs that, and times are measured
elsewhere: what is not known is None, never a guess. Neither torch nor Qt.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cnn_explorer.graph.alignment import layers_passed
from cnn_explorer.graph.metrics import format_count, format_macs, format_percent
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.numbers import Numbers, format_number
from cnn_explorer.graph.receptive import places
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.weights import at_hand
from cnn_explorer.text import no_formula

AccuracySource = Literal["", "paper", "torchvision", "weights of this program"]

_DASH = "–"


@dataclass(frozen=True)
class Architecture:
    """The facts of one network; None or empty where they are not known."""

    name: str
    title: str
    family: str
    year: int | None
    depth: int | None
    """Layers with weights on the longest way."""
    parameters: int
    macs: int | None
    memory: int | None
    """Bytes of all outputs of layers for one picture."""
    forward_ms: float | None
    """Of one picture on this computer, the median."""
    top1: float | None
    """Per cent, on the test or validation pictures of `data_set`."""
    accuracy_source: AccuracySource
    """Whose number that is: a paper's may be of ten crops."""
    data_set: str
    """``ImageNet``: accuracies on different pictures are not to be compared."""
    receptive: int | None
    """The side of what one value sees at the last maps before the whole picture is seen."""
    whole_from: str
    """The layer from which on one value depends on the whole picture."""
    weights: str
    """The best weights at hand."""


@dataclass(frozen=True)
class ArchitectureColumn:
    """One fact, for tables."""

    title: str
    explained: str
    """One sentence for a tool tip."""
    value: Callable[[Architecture], float | str | None]
    """The plain fact, for sorting, CSV and JSON."""
    text: Callable[[Architecture], str]
    """For people; a dash where it is not known."""
    key: str
    is_number: bool = True


def _number(value: float | None, written: Callable[[int], str]) -> str:
    return _DASH if value is None else written(round(value))


COLUMNS: tuple[ArchitectureColumn, ...] = (
    ArchitectureColumn(
        "Network", "Its name in the catalogue.",
        lambda row: row.name, lambda row: row.name, "network", is_number=False,
    ),
    ArchitectureColumn(
        "Family", "The networks of one paper or one line of papers.",
        lambda row: row.family, lambda row: row.family, "family", is_number=False,
    ),
    ArchitectureColumn(
        "Year", "When its paper came out.",
        lambda row: row.year, lambda row: str(row.year or _DASH), "year",
    ),
    ArchitectureColumn(
        "Depth", "Layers with weights on the longest way from the picture to the answer.",
        lambda row: row.depth, lambda row: str(row.depth or _DASH), "depth",
    ),
    ArchitectureColumn(
        "Parameters", "Weights and biases that a prediction uses.",
        lambda row: row.parameters, lambda row: format_count(row.parameters), "parameters",
    ),
    ArchitectureColumn(
        "Multiply-adds", "Multiplications with their additions for one picture.",
        lambda row: row.macs, lambda row: _number(row.macs, format_macs), "multiply_adds",
    ),
    ArchitectureColumn(
        "Activation memory", "What the outputs of all layers take for one picture, in bytes.",
        lambda row: row.memory, lambda row: format_number(row.memory, "memory"), "memory_bytes",
    ),
    ArchitectureColumn(
        "Forward time", "For one picture on this computer, the median of several runs.",
        lambda row: row.forward_ms, lambda row: format_number(row.forward_ms, "time"),
        "forward_ms",
    ),
    ArchitectureColumn(
        "Top-1", "Published accuracy, in per cent; only comparable on the same data set.",
        lambda row: row.top1,
        lambda row: format_percent(row.top1, _fine(row)) or _DASH, "top1",
    ),
    ArchitectureColumn(
        "Data set", "The pictures on which the accuracy was measured.",
        lambda row: row.data_set, lambda row: row.data_set or _DASH, "data_set", is_number=False,
    ),
    ArchitectureColumn(
        "Accuracy from", "Whose number the accuracy is: a paper's may be of ten crops.",
        lambda row: row.accuracy_source, lambda row: row.accuracy_source or _DASH,
        "accuracy_source", is_number=False,
    ),
    ArchitectureColumn(
        "Receptive field",
        "The side in pixels of what one value sees, at the last maps before the whole picture is "
        "seen.",
        lambda row: row.receptive, lambda row: format_number(row.receptive, "receptive"),
        "receptive_field",
    ),
    ArchitectureColumn(
        "Whole picture from", "The first layer of which one value depends on the whole picture.",
        lambda row: row.whole_from, lambda row: row.whole_from or _DASH, "whole_picture_from",
        is_number=False,
    ),
    ArchitectureColumn(
        "Weights", "The best weights at hand.",
        lambda row: row.weights, lambda row: row.weights or _DASH, "weights", is_number=False,
    ),
)  # fmt: skip
"""All facts, in the order in which tables show them."""


def architecture(
    card: NetworkCard, graph: LayerGraph | None = None, forward_ms: float | None = None
) -> Architecture:
    """The facts of one network. A graph's numbers go before the card's: a file may tell another
    number of classes apart."""
    known = None if graph is None or graph.note else graph
    found = at_hand(card)
    top1, source = _accuracy(card)
    receptive, whole_from = (None, "") if known is None else _receptive(known)
    memory = None if known is None else Numbers(known).total("memory")
    return Architecture(
        name=card.name,
        title=card.title,
        family=card.family,
        year=card.year or None,
        depth=card.depth or (None if known is None else _depth(known)) or None,
        parameters=card.parameters if graph is None else graph.parameters,
        macs=(card.macs if known is None else known.macs) or None,
        memory=None if memory is None else round(memory),
        forward_ms=forward_ms,
        top1=top1,
        accuracy_source=source,
        data_set=card.data_set,
        receptive=receptive,
        whole_from=whole_from,
        weights="" if found is None else found[1].tag,
    )


def architectures(
    cards: Iterable[NetworkCard],
    graphs: Mapping[str, LayerGraph] | None = None,
    times: Mapping[str, float] | None = None,
) -> tuple[Architecture, ...]:
    """The facts of networks; `graphs` and `times` (milliseconds) by the cards' names."""
    known, measured = graphs or {}, times or {}
    return tuple(
        architecture(card, known.get(card.name), measured.get(card.name)) for card in cards
    )


def as_csv(rows: Iterable[Architecture]) -> str:
    """For a spreadsheet: plain numbers, empty where there is none."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([column.key for column in COLUMNS])
    for row in rows:
        values = [column.value(row) for column in COLUMNS]
        writer.writerow([no_formula(v) if isinstance(v, str) else v for v in values])
    return written.getvalue()


def as_data(rows: Iterable[Architecture]) -> list[dict[str, Any]]:
    """For other programs: one object a network, null where a fact is not known."""
    return [
        {"title": row.title, **{column.key: column.value(row) or None for column in COLUMNS}}
        for row in rows
    ]


def _fine(row: Architecture) -> str:
    """How finely papers give accuracies: of ten thousand pictures two places count."""
    return "" if row.data_set == "ImageNet" else "cifar10"


def _accuracy(card: NetworkCard) -> tuple[float | None, AccuracySource]:
    if card.top1:
        return card.top1, "torchvision" if card.top1_of_weights else "paper"
    shipped = next((entry.accuracy for entry in card.weights if entry.accuracy), None)
    return shipped, "weights of this program" if shipped else ""


def _depth(graph: LayerGraph) -> int:
    passed = layers_passed(graph)
    return max((passed[layer.name] for layer in graph.layers if not layer.training_only), default=0)


def _receptive(graph: LayerGraph) -> tuple[int | None, str]:
    """What the last maps see before a layer sees everything; and the first that does. A pooling to
    one value makes no maps: whether it is called global or 7 x 7 is not to matter. Where nobody
    knows what some maps see, neither does anybody of the last."""
    before: int | None = None
    lost = False
    for layer in graph.layers:
        if layer.training_only:
            continue
        field = graph.receptive_fields[layer.name]
        if field is not None and field.whole:
            return None if lost else before, layer.name
        if math.prod(places(layer.out_shape)) <= 1:
            continue
        if field is not None:
            before = max(before or 1, field.height.size, field.width.size)
        elif layer.kind != "reshape":  # what computes with maps turned round sees nobody knows what
            lost = True
    return None if lost else before, ""
