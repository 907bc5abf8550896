"""A graph as it is to stand on paper or a slide: what a person may choose, and the layout of it."""

from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Publication:
    """What a person chooses of a drawing that is to be saved."""

    expanded: frozenset[str]
    """The blocks that stand open."""
    options: DrawingOptions = USUAL
    numbers: bool = False
    """Whether parameters and multiply-adds stand in the boxes."""
    dark: bool = False


def layout_of(graph: LayerGraph, publication: Publication) -> GraphLayout:
    """The drawing to save."""
    seen = visible(graph, publication.expanded)
    if publication.numbers:
        seen = with_numbers(seen)
    return lay_out(seen, publication.options)


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
