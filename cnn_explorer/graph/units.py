"""Which blocks of a network are its bricks: residual blocks, Inception modules, Fire modules.

Papers put them in brackets and count them. A module is one if it joins ways itself, or if its class
is used again and again with several layers with weights; but not if it holds a row of such modules,
as a stage or a dense block does. Neither torch nor Qt.
"""

from collections import Counter

from cnn_explorer.graph.browse import layers_in
from cnn_explorer.graph.model import LayerGraph

_WEIGHING = ("conv", "linear")


def units(graph: LayerGraph) -> frozenset[str]:
    """The names of the blocks that are bricks. A class is one or is none: MobileNet's block stays
    one where it has no shortcut."""
    modules = [
        block for block in graph.blocks if not block.group and block.type_name != "Sequential"
    ]
    times = Counter(block.type_name for block in modules)
    types = {
        block.type_name
        for block in modules
        if any(_joins(graph, child) for child in block.children)
        or (times[block.type_name] > 1 and _weighing_in(graph, block.name) > 1)
    }
    wanted = {block.name: block.type_name for block in modules if block.type_name in types}
    held = Counter(
        (outer, type_name)
        for name, type_name in wanted.items()
        for outer in graph.path[name][:-1]
    )  # fmt: skip
    rows = {outer for (outer, _), count in held.items() if count > 1}
    return frozenset(wanted.keys() - rows)


def _joins(graph: LayerGraph, name: str) -> bool:
    layer = graph.layer.get(name)
    return layer is not None and layer.kind in ("add", "concat")


def _weighing_in(graph: LayerGraph, block: str) -> int:
    return sum(graph.layer[name].kind in _WEIGHING for name in layers_in(graph, block))
