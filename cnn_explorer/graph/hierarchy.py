"""Which boxes are seen: blocks open and close, and every layer stands in exactly one box.

Plain functions on plain values. The state is the set of expanded blocks; a block shows its parts
when it and all blocks around it are expanded.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.grouping import SMALL_NETWORK
from cnn_explorer.graph.metrics import format_count, format_shape
from cnn_explorer.graph.model import (
    BlockNode,
    GraphEdge,
    LayerGraph,
    LayerNode,
    VisibleGraph,
    VisibleNode,
    readable_label,
)

SCREENFUL = 17.0
"""Rows of boxes beyond which no further block opens by itself: what can be read in a window of
1280 x 800."""
LONG_PLAN = 40.0
"""The same for the block that holds nearly everything (MobileNet's `features`): closed, it would
leave nothing to see."""
_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
"""Blocks that are no more than what stands in them."""
_FRAME_ROWS = 0.9
"""How much an open block adds to the height of its parts, in rows."""


def ancestors(graph: LayerGraph, name: str) -> tuple[str, ...]:
    """The blocks around a layer or block, outermost first. Unknown names raise `ExplorerError`."""
    if name not in graph.path:
        raise ExplorerError(f'{graph.network or "the network"} has no layer or block "{name}".')
    return graph.path[name][:-1]


def expand_to(graph: LayerGraph, expanded: frozenset[str], name: str) -> frozenset[str]:
    """`expanded` with all that hides the layer or block `name` opened."""
    return expanded | frozenset(ancestors(graph, name))


def depth_of(graph: LayerGraph, name: str) -> int:
    """At which depth a block opens: 1 for one that stands in no other. For a layer, the depth from
    which it shows.

    Groups are no depth of their own. A run opens together with the equal blocks in it: a level
    that showed one of two equal blocks open and the other in a closed run would tell nothing.
    """
    depth = sum(not graph.block[block].group for block in ancestors(graph, name))
    if name in graph.block:
        return depth + 1
    parent = graph.layer[name].parent
    return depth_of(graph, parent) if parent else 0


def deepest(graph: LayerGraph) -> int:
    """The depth at which every block is open; 0 for a network without blocks."""
    return max((depth_of(graph, block.name) for block in graph.blocks), default=0)


def expanded_to_depth(graph: LayerGraph, depth: int) -> frozenset[str]:
    """The blocks that are open at a depth: none at 0, all at `deepest`."""
    return frozenset(block.name for block in graph.blocks if depth_of(graph, block.name) <= depth)


def depth_shown(graph: LayerGraph, expanded: frozenset[str]) -> int:
    """The depth that comes nearest to what is open, from which the fewest blocks differ; of two
    the deeper one."""
    differ = [0] * (deepest(graph) + 1)
    for block in graph.blocks:
        depth = depth_of(graph, block.name)
        # an open block is too many at each depth before its own, a closed one missing from it on
        wrong = range(depth) if block.name in expanded else range(depth, len(differ))
        for other in wrong:
            differ[other] += 1
    return max(depth for depth, count in enumerate(differ) if count == min(differ))


def visible_name(graph: LayerGraph, expanded: frozenset[str], name: str) -> str:
    """The box in which a layer shows: the outermost closed block around it, or itself.

    For a block that is open to view, its own name, that of its frame; where it has none because
    it holds a single part, the name of what shows that part.
    """
    hiding = next((block for block in ancestors(graph, name) if block not in expanded), "")
    if hiding:
        return hiding
    while name in expanded and name in graph.block and len(graph.block[name].children) == 1:
        (name,) = graph.block[name].children
    return name


def visible(graph: LayerGraph, expanded: frozenset[str]) -> VisibleGraph:
    """What is drawn when the blocks in `expanded` are open.

    Names in `expanded` that the graph does not have are ignored, so the state of one network may
    outlive it. A block around a single part is not framed: the part stands for it. Boxes come in
    forward order, and so do edges; edges inside a closed block vanish, and edges that become the
    same merge. Concatenations of concatenations are drawn as such: see `drawn_edges`.
    """
    box_of = _boxes(graph, expanded)
    members: dict[str, list[LayerNode]] = {}
    for layer in graph.layers:
        members.setdefault(box_of[layer.name], []).append(layer)
    edges: dict[tuple[str, str], GraphEdge] = {}
    operands = Counter(edge.target for edge in graph.edges)
    for edge in drawn_edges(graph):
        source, target = box_of[edge.source], box_of[edge.target]
        if source != target:
            drawn = edges.setdefault(
                (source, target), GraphEdge(source, target, edge.shape, edge.shortcut)
            )
            if drawn.shortcut != edge.shortcut:  # one line for a shortcut and what it leads past
                edges[source, target] = GraphEdge(source, target, drawn.shape)
    frames = _frames(graph, expanded)
    nodes = tuple(
        _visible_node(graph, name, inside, operands[name]) for name, inside in members.items()
    )
    parents = {name: graph.block[name].parent for name in expanded if name in graph.block}
    headers = {name: _header(graph, graph.block[name]) for name in frames}
    return VisibleGraph(nodes, tuple(edges.values()), frames, parents, headers, graph)


def default_expansion(graph: LayerGraph) -> frozenset[str]:
    """The blocks to open at first, so that a network's plan is seen on a screen.

    Small networks open fully. In larger ones the stages open as long as all stays on one screen,
    while the units they are built of (residual, inception, fire and dense blocks, runs of them, and
    everything inside those) stay closed. A unit is a block in which the data take more than one
    way, or one of the same class as such a block; blocks that only wrap a few layers (convolution,
    normalisation, ReLU) stay closed too.
    """
    if sum(not layer.training_only for layer in graph.layers) <= SMALL_NETWORK:
        return frozenset(block.name for block in graph.blocks if not block.training_only)
    branching = _branching(graph)
    unit_types = {graph.block[name].type_name for name in branching}
    unit_types -= {"Sequential", "Block"}  # classes that say nothing of what is inside

    def opens(block: BlockNode) -> bool:
        if graph.note:  # nothing tells units from what is built of them
            return block.type_name in _CONTAINERS
        if block.group or block.training_only or block.repeats > 2:
            return False
        if block.type_name in unit_types or block.name in branching:
            return False
        return _holds_blocks(graph, block) or block.type_name == "Sequential"

    edges = drawn_edges(graph)
    expanded: frozenset[str] = frozenset()
    level = [block for block in graph.blocks if not block.parent]
    while level:
        inner = []
        # what holds blocks tells more about the plan than a row of layers
        for block in sorted(level, key=lambda block: not _holds_blocks(graph, block)):
            room = LONG_PLAN if _holds_most(graph, block) else SCREENFUL
            if opens(block) and _rows(graph, edges, expanded | {block.name}) <= room:
                expanded |= {block.name}
                inner += [graph.block[name] for name in block.children if name in graph.block]
        level = inner
    return expanded


def _rows(graph: LayerGraph, edges: Iterable[GraphEdge], expanded: frozenset[str]) -> float:
    """About how high a drawing would be, top to bottom, in rows of boxes: its longest way, and what
    the frames of open blocks add."""
    box_of = _boxes(graph, expanded)
    names = dict.fromkeys(box_of[layer.name] for layer in graph.layers)
    frames = _FRAME_ROWS * len(_frames(graph, expanded))
    if graph.note:  # set like words on a page
        return math.sqrt(len(names)) + frames
    quiet = {name for name in names if graph.node[name].training_only}
    joined = {(box_of[edge.source], box_of[edge.target]) for edge in edges}
    way = _longest_way([name for name in names if name not in quiet], joined)
    return way + frames


def _longest_way(names: Iterable[str], edges: Iterable[tuple[str, str]]) -> float:
    """In boxes, given in forward order."""
    into: dict[str, list[str]] = {}
    for source, target in edges:
        if source != target:
            into.setdefault(target, []).append(source)
    ends: dict[str, float] = {}
    for name in names:
        ends[name] = 1.0 + max(
            (ends.get(source, 0.0) for source in into.get(name, ())), default=0.0
        )
    return max(ends.values(), default=0.0)


def _holds_most(graph: LayerGraph, block: BlockNode) -> bool:
    inside = sum(block.name in graph.path[layer.name] for layer in graph.layers)
    return 2 * inside > len(graph.layers)


def _holds_blocks(graph: LayerGraph, block: BlockNode) -> bool:
    return any(child in graph.block for child in block.children)


def drawn_edges(graph: LayerGraph) -> tuple[GraphEdge, ...]:
    """The edges to draw: a concatenation that takes all an earlier one took, takes its result.

    In a dense block each layer concatenates everything before it, so edges grow with the square
    of its layers. Drawn from the last concatenation instead, the same tensors arrive with one new
    edge a layer: DenseNet-121's 967 edges become 490. `LayerGraph.edges` keep the truth.
    """
    inputs: dict[str, list[GraphEdge]] = {}
    for edge in graph.edges:
        if graph.layer[edge.target].kind == "concat":
            inputs.setdefault(edge.target, []).append(edge)
    spared: set[tuple[str, str]] = set()
    added: dict[str, GraphEdge] = {}
    earlier: list[tuple[str, frozenset[str]]] = []
    for target in (layer.name for layer in graph.layers if layer.name in inputs):
        sources = frozenset(edge.source for edge in inputs[target])
        for name, taken in reversed(earlier):
            if len(taken) > 1 and taken < sources:
                spared |= {(source, target) for source in taken}
                added[target] = GraphEdge(name, target, graph.layer[name].out_shape)
                break
        earlier.append((target, sources))
    edges: list[GraphEdge] = []
    for edge in graph.edges:
        if edge.target in added:
            edges.append(added.pop(edge.target))
        if (edge.source, edge.target) not in spared:
            edges.append(edge)
    return tuple(edges)


def _boxes(graph: LayerGraph, expanded: frozenset[str]) -> Mapping[str, str]:
    """The box of each layer: like `visible_name`, each block looked at once."""
    # block: the outermost closed block around it, itself included
    closed: dict[str, str] = {"": ""}
    for block in graph.blocks:
        chain, name = [], block.name
        while name not in closed:
            chain.append(name)
            name = graph.block[name].parent
        for inner in reversed(chain):
            closed[inner] = closed[name] or ("" if inner in expanded else inner)
            name = inner
    return {layer.name: closed[layer.parent] or layer.name for layer in graph.layers}


def _frames(graph: LayerGraph, expanded: frozenset[str]) -> tuple[str, ...]:
    """The open blocks around which a frame is drawn, outermost first."""
    depth: dict[str, int] = {"": 0}
    """Of blocks that are open to view."""
    for block in graph.blocks:
        chain = []
        name = block.name
        while name not in depth and name in expanded:
            chain.append(name)
            name = graph.block[name].parent
        for inner in reversed(chain):
            if name not in depth:
                break
            depth[inner] = depth[name] + 1
            name = inner
    framed = [
        block.name for block in graph.blocks if block.name in depth and len(block.children) > 1
    ]
    return tuple(sorted(framed, key=depth.__getitem__))


def _branching(graph: LayerGraph) -> frozenset[str]:
    """The blocks between whose parts data take more than one way."""
    path = graph.path
    leaving: dict[tuple[str, str], set[str]] = {}
    entering: dict[str, set[str]] = {}
    for edge in graph.edges:
        source, target = path[edge.source], path[edge.target]
        shared, least = 0, min(len(source), len(target))
        while shared < least and source[shared] == target[shared]:
            shared += 1
        if 0 < shared < least:
            way = (source[shared - 1], source[shared])
            leaving.setdefault(way, set()).add(target[shared])
        for block, part in pairwise(target[shared:]):
            entering.setdefault(block, set()).add(part)
    return frozenset(
        [block for (block, _), parts in leaving.items() if len(parts) > 1]
        + [block for block, parts in entering.items() if len(parts) > 1]
    )


def _visible_node(
    graph: LayerGraph, name: str, inside: list[LayerNode], operands: int
) -> VisibleNode:
    layer = graph.layer.get(name)
    if layer is not None:
        return VisibleNode(
            name=name,
            parent=layer.parent,
            kind=layer.kind,
            type_name=layer.type_name,
            label=readable_label(name),
            out_shape=layer.out_shape,
            parameters=layer.parameters,
            macs=layer.macs,
            layers=1,
            training_only=layer.training_only,
            caption=caption(layer),
            operands=operands if layer.kind in ("add", "concat") else 0,
        )
    block = graph.block[name]
    return VisibleNode(
        name=name,
        parent=block.parent,
        kind="block",
        type_name=block.type_name,
        label=readable_label(name),
        out_shape=block.out_shape,
        parameters=block.parameters,
        macs=block.macs,
        layers=len(inside),
        training_only=block.training_only,
        caption=_join(_kind_of(graph, block), _counted(len(inside), "layer")),
        repeats=block.repeats,
    )


def _kind_of(graph: LayerGraph, block: BlockNode) -> str:
    """What a closed block is: how many equal ones there are stands in a badge beside."""
    return (
        _spaced(graph.block[block.children[0]].type_name)
        if block.repeats
        else (described(graph, block))
    )


def described(graph: LayerGraph, block: BlockNode) -> str:
    """What a block is: its class; what is repeated in it; what a stage consists of."""
    if block.repeats:
        part = graph.block[block.children[0]]
        return f"{block.repeats} × {_spaced(part.type_name)}"
    if block.group == "stage":
        kinds = [graph.layer[name].kind for name in block.children if name in graph.layer]
        told = [(kind, kinds.count(kind)) for kind in dict.fromkeys(kinds) if kind in _TOLD]
        return _join(*(f"{count} {kind}" if count > 1 else kind for kind, count in told))
    return _spaced(block.type_name)


_TOLD = ("conv", "pool", "linear")
"""Kinds of layers that make a stage what it is."""


def caption(layer: LayerNode) -> str:
    """A layer's settings in a few words: ``3 × 3 conv, stride 2``, ``4096 → 1000``."""
    settings = dict(layer.attributes)
    if layer.kind in ("input", "output"):
        return format_shape(layer.out_shape)
    if layer.kind == "conv" and "kernel" in settings:
        wired = [f"{settings['connections']} wired"] if "connections" in settings else []
        return _join(f"{settings['kernel']} conv", *_steps(settings), *_groups(settings), *wired)
    if layer.type_name in _PLAIN_CAPTIONS:
        return _PLAIN_CAPTIONS[layer.type_name]
    if layer.kind == "pool":
        type_name = layer.type_name.lower()
        sort = "max" if "max" in type_name else "power" if "lp" in type_name else "average"
        if "kernel" in settings:
            return _join(f"{settings['kernel']} {sort} pool", *_steps(settings))
        if not layer.out_shape:
            return _spaced(layer.type_name)
        if layer.out_shape[1:] and set(layer.out_shape[1:]) == {1}:
            return f"global {sort} pool"
        return f"{sort} pool to {format_shape(layer.out_shape[1:])}"
    if layer.kind == "linear" and "in features" in settings:
        return f"{settings['in features']} → {settings['out features']}"
    if layer.type_name in ("Flatten", "flatten") and layer.out_shape:
        return f"to {format_shape(layer.out_shape)} values"
    if layer.kind == "dropout" and "p" in settings:
        return f"dropout, p = {settings['p']}"
    return _spaced(layer.type_name)


_PLAIN_CAPTIONS = {
    "BatchNorm1d": "batch norm", "BatchNorm2d": "batch norm", "BatchNorm3d": "batch norm",
    "LayerNorm": "layer norm", "LayerNorm2d": "layer norm", "GroupNorm": "group norm",
    "LocalResponseNorm": "local response norm",
    "BatchNormalization": "batch norm", "LRN": "local response norm",
    "LayerNormalization": "layer norm", "Relu": "ReLU", "Sum": "sum",
    "relu": "ReLU", "ReLU": "ReLU", "ReLU6": "ReLU6", "Add": "sum", "add": "sum",
    "Concat": "concatenation", "cat": "concatenation", "ScaledTanh": "scaled tanh",
    "Subsampling": "2 × 2 sum, trained", "ZeroPadShortcut": "every 2nd pixel, zeros",
}  # fmt: skip


def _steps(settings: Mapping[str, str]) -> Iterable[str]:
    if settings.get("stride", "1") != "1":
        yield f"stride {settings['stride']}"
    if "dilation" in settings:
        yield f"dilation {settings['dilation']}"


def _groups(settings: Mapping[str, str]) -> Iterable[str]:
    groups = settings.get("groups")
    if groups is not None:
        yield "depthwise" if groups == settings.get("in channels") else f"{groups} groups"


def _join(*parts: str) -> str:
    return ", ".join(parts)


def _header(graph: LayerGraph, block: BlockNode) -> str:
    weight = f"{format_count(block.parameters)} parameters" if block.parameters else ""
    return _join(described(graph, block), *([weight] if weight else []))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _spaced(type_name: str) -> str:
    return type_name.strip("_").replace("_", " ")
