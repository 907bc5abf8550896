"""A graph as it is to stand on paper or a slide: what a person may choose, and the layout of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cnn_explorer.graph.colouring import colour_by, number_kind
from cnn_explorer.graph.drawing import BoxPicture, Dressing
from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.metrics import format_count, format_macs
from cnn_explorer.graph.model import (
    USUAL,
    DrawingOptions,
    GraphLayout,
    LayerGraph,
    VisibleGraph,
    VisibleNode,
)
from cnn_explorer.graph.numbers import NumberKey, Numbers


@dataclass(frozen=True)
class Publication:
    """What a person chooses of a drawing that is to be saved."""

    expanded: frozenset[str]
    """The blocks that stand open."""
    options: DrawingOptions = USUAL
    numbers: bool = False
    """Whether parameters and multiply-adds stand in the boxes."""
    dark: bool = False
    coloured_by: NumberKey | None = None
    """The number that colours the boxes; None for the kinds of layers."""
    times: Mapping[str, float] = field(default_factory=dict)
    """Measured milliseconds by layer, for the colours by time."""
    pictures: Mapping[str, BoxPicture] = field(default_factory=dict)
    """Thumbnails, by name of the box."""


def layout_of(graph: LayerGraph, publication: Publication) -> GraphLayout:
    """The drawing to save."""
    seen = visible(graph, publication.expanded)
    if publication.numbers:
        seen = with_numbers(seen)
    return lay_out(seen, publication.options)


def dressing_of(graph: LayerGraph, layout: GraphLayout, publication: Publication) -> Dressing:
    """What the boxes of that drawing show."""
    kind = number_kind(publication.coloured_by or "")
    colouring = None
    if kind is not None:
        colouring = colour_by(layout.graph, kind, Numbers(graph, publication.times))
    return Dressing(colouring, publication.pictures)


def box_pictures(
    painted: Mapping[str, tuple[int, int, bytes, tuple[str, ...]]],
) -> dict[str, BoxPicture]:
    """Small pictures for the boxes: width, height, rows of RGB, and lines of text, by name."""
    return {name: BoxPicture(*one) for name, one in painted.items()}


def with_numbers(seen: VisibleGraph) -> VisibleGraph:
    """The same boxes, with parameters and multiply-adds after their captions where they have any.

    Lay it out afterwards: boxes grow with their texts.
    """
    return replace(seen, nodes=tuple(replace(node, caption=_told(node)) for node in seen.nodes))


def _told(node: VisibleNode) -> str:
    parts = [node.caption]
    if node.parameters:
        parts.append(f"{format_count(node.parameters)} parameters")
    if node.macs:
        parts.append(f"{format_macs(node.macs)} multiply-adds")
    return "  ·  ".join(parts)
