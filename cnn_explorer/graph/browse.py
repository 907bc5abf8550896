"""Going along a graph: what a layer takes, what takes its output, where it stands.

Over the whole graph, whatever of it is drawn; so a way leads out of an open block and into a closed
one. What to open for a layer to be seen is `hierarchy.expand_to`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cnn_explorer.graph.hierarchy import ancestors
from cnn_explorer.graph.model import GraphEdge, LayerGraph, readable_label


@dataclass(frozen=True)
class Crumb:
    """A block around what is selected, or that itself."""

    name: str
    label: str


def crumbs(graph: LayerGraph, name: str) -> tuple[Crumb, ...]:
    """The blocks around a layer or block, outermost first, and itself; none of an unknown name.

    The network around them all is left to whoever knows its title.
    """
    if name not in graph.node:
        return ()
    return tuple(Crumb(part, readable_label(part)) for part in (*ancestors(graph, name), name))


def producers(graph: LayerGraph, name: str) -> tuple[str, ...]:
    """The layers whose output goes into a layer, or into a block from outside, in the order in
    which they are taken. None of an unknown name."""
    return _at_the_border(graph, name, lambda edge: (edge.target, edge.source))


def consumers(graph: LayerGraph, name: str) -> tuple[str, ...]:
    """The layers that take the output of a layer, or outside of a block what is made in it.
    None of an unknown name."""
    return _at_the_border(graph, name, lambda edge: (edge.source, edge.target))


def layers_in(graph: LayerGraph, name: str) -> Iterable[str]:
    """The layers in a block, in forward order; a layer itself."""
    block = graph.block.get(name)
    if block is None:
        yield name
        return
    for child in block.children:
        yield from layers_in(graph, child)


def _at_the_border(
    graph: LayerGraph, name: str, ends: Callable[[GraphEdge], tuple[str, str]]
) -> tuple[str, ...]:
    """The far ends of the edges of which only the near end lies in `name`."""
    if name not in graph.node:
        return ()
    inside = set(layers_in(graph, name))
    found: dict[str, None] = {}
    for edge in graph.edges:
        near, far = ends(edge)
        if near in inside and far not in inside:
            found[far] = None
    return tuple(found)
