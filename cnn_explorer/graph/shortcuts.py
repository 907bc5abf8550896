"""Which lines are shortcuts: those that lead past a residual block's convolutions to its addition.

He et al. 2015, section 3.3, has three: the *identity*, a *projection* (a convolution, where sizes
differ: option B, and everywhere in option C), and *zero padding* (option A, which needs no
weights). What counts is the wiring, not names: from an addition both ways lead back to a fork, the
last layer that all of it comes through, and the shortcut is the one with less on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnn_explorer.graph.model import GraphEdge, LayerGraph, LayerNode, ShortcutKind

_WEIGHING = ("conv", "linear")
_BESIDE_A_CONVOLUTION = ("norm", "pool", "activation", "dropout", "reshape")
"""Kinds of layers that may stand on the way of a projection beside its convolution."""


def with_shortcuts(graph: LayerGraph) -> LayerGraph:
    """`graph` with each edge of a shortcut saying which it is; all else stays what it is."""
    into = sources_of(graph)
    fork_of = forks(graph, into)
    found: dict[tuple[str, str], ShortcutKind] = {}
    for layer in graph.layers:
        if layer.kind == "add" and len(into.get(layer.name, ())) == 2:
            way, kind = _shortcut(graph, into, layer.name, fork_of[layer.name])
            found.update(dict.fromkeys(way, kind))
    if not found:
        return graph
    edges = tuple(
        replace(edge, shortcut=found.get((edge.source, edge.target), "")) for edge in graph.edges
    )
    return replace(graph, edges=edges)


def shortcut_notes(graph: LayerGraph) -> Mapping[str, str]:
    """What to write beside the shortcut that ends at an addition, by the addition's name:
    ``identity``, ``projection 1 × 1, stride 2``, ``zero padding``."""
    into = {edge.target: edge for edge in graph.edges if edge.shortcut}
    return {
        name: _note(graph, into, edge)
        for name, edge in into.items()
        if graph.layer[name].kind == "add"
    }


def _note(graph: LayerGraph, into: Mapping[str, GraphEdge], last: GraphEdge) -> str:
    edge: GraphEdge | None = last
    while edge is not None and edge.shortcut == "projection":
        layer = graph.layer[edge.source]
        if layer.kind == "conv":
            return f"projection {_settings(layer)}".rstrip()
        edge = into.get(edge.source)
    return last.shortcut


def _settings(layer: LayerNode) -> str:
    told = dict(layer.attributes)
    stride = told.get("stride", "1")
    parts = [told.get("kernel", ""), f"stride {stride}" if stride != "1" else ""]
    return ", ".join(part for part in parts if part)


def sources_of(graph: LayerGraph) -> Mapping[str, Sequence[str]]:
    into: dict[str, list[str]] = {}
    for edge in graph.edges:
        into.setdefault(edge.target, []).append(edge.source)
    return into


def forks(graph: LayerGraph, into: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    """Of each layer, the last one before it that all its data come through; empty where there is
    none. This is its immediate dominator (Cooper, Harvey and Kennedy 2001); in forward order one
    pass finds it."""
    fork: dict[str, str] = {}
    depth: dict[str, int] = {"": 0}
    for layer in graph.layers:
        ways = [source for source in into.get(layer.name, ()) if source in depth]
        shared = ways[0] if ways else ""
        for other in ways[1:]:
            while shared != other:
                if depth[shared] >= depth[other]:
                    shared = fork[shared]
                else:
                    other = fork[other]
        fork[layer.name] = shared
        depth[layer.name] = depth[shared] + 1
    return fork


def _shortcut(
    graph: LayerGraph, into: Mapping[str, Sequence[str]], addition: str, fork: str
) -> tuple[list[tuple[str, str]], ShortcutKind]:
    """The edges of the way past the convolutions, and what it is; no edges where both ways hold
    as much, or the lesser one is none of the three."""
    ways = [_layers_between(graph, into, fork, operand) for operand in into[addition]]
    weights = [sum(layer.kind in _WEIGHING for layer in way) for way in ways]
    if not fork or weights[0] == weights[1]:
        return [], ""
    lesser = min((0, 1), key=weights.__getitem__)
    way, operand = ways[lesser], into[addition][lesser]
    kind = _kind(way)
    if not kind or any(len(into[layer.name]) > 1 for layer in way):
        return [], ""
    edges = [(operand, addition)]
    while edges[-1][0] != fork:
        edges.append((into[edges[-1][0]][0], edges[-1][0]))
    return edges, kind


def _layers_between(
    graph: LayerGraph, into: Mapping[str, Sequence[str]], fork: str, operand: str
) -> list[LayerNode]:
    """All layers from the fork to an operand, the operand among them and the fork not."""
    seen: dict[str, None] = {}
    pending = [operand]
    while pending:
        name = pending.pop()
        if name != fork and name not in seen:
            seen[name] = None
            pending += into.get(name, ())
    return [graph.layer[name] for name in seen]


def _kind(way: Sequence[LayerNode]) -> ShortcutKind:
    if not way:
        return "identity"
    if any(layer.type_name == "ZeroPadShortcut" for layer in way):
        return "zero padding"
    convolutions = [layer for layer in way if layer.kind == "conv"]
    others = [layer for layer in way if layer.kind != "conv"]
    if len(convolutions) == 1 and all(layer.kind in _BESIDE_A_CONVOLUTION for layer in others):
        return "projection"
    return ""
