"""Which boxes are seen: blocks open and close, and every layer stands in exactly one box.

Plain functions on plain values. The state is the set of expanded blocks; a block shows its parts
when it and all blocks around it are expanded.
"""

from collections.abc import Iterable, Mapping

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
_FRAME_ROWS = 0.9
"""How much an open block adds to the height of its parts, in rows."""


def ancestors(graph: LayerGraph, name: str) -> tuple[str, ...]:
    """The blocks around a layer or block, outermost first. Unknown names raise `ExplorerError`."""
    found: list[str] = []
    parent = _node(graph, name).parent
    while parent:
        found.append(parent)
        parent = graph.block[parent].parent
    return tuple(reversed(found))


def expand_to(graph: LayerGraph, expanded: frozenset[str], name: str) -> frozenset[str]:
    """`expanded` with all that hides the layer or block `name` opened."""
    return expanded | frozenset(ancestors(graph, name))


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
    for edge in drawn_edges(graph):
        source, target = box_of[edge.source], box_of[edge.target]
        if source != target:
            edges.setdefault((source, target), GraphEdge(source, target, edge.shape))
    frames = tuple(
        block.name
        for block in _outermost_first(graph)
        if block.name in expanded
        and len(block.children) > 1
        and all(name in expanded for name in ancestors(graph, block.name))
    )
    nodes = tuple(_visible_node(graph, name, inside) for name, inside in members.items())
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
    unit_types = {block.type_name for block in graph.blocks if _branches(graph, block)}
    unit_types -= {"Sequential", "Block"}  # classes that say nothing of what is inside

    def opens(block: BlockNode) -> bool:
        if block.group or block.training_only or block.repeats > 2:
            return False
        if block.type_name in unit_types or _branches(graph, block):
            return False
        return _holds_blocks(graph, block) or block.type_name == "Sequential"

    expanded: frozenset[str] = frozenset()
    level = [block for block in graph.blocks if not block.parent]
    while level:
        inner = []
        # what holds blocks tells more about the plan than a row of layers
        for block in sorted(level, key=lambda block: not _holds_blocks(graph, block)):
            if opens(block) and rows(visible(graph, expanded | {block.name})) <= SCREENFUL:
                expanded |= {block.name}
                inner += [graph.block[name] for name in block.children if name in graph.block]
        level = inner
    return expanded


def rows(seen: VisibleGraph) -> float:
    """About how high a drawing is, top to bottom, in rows of boxes: its longest way, and what the
    frames of open blocks add."""
    ends: dict[str, float] = {}
    into: dict[str, list[str]] = {}
    for edge in seen.edges:
        into.setdefault(edge.target, []).append(edge.source)
    for node in seen.nodes:  # in forward order
        if not node.training_only:
            before = (ends.get(source, 0.0) for source in into.get(node.name, ()))
            ends[node.name] = 1.0 + max(before, default=0.0)
    return max(ends.values(), default=0.0) + _FRAME_ROWS * len(seen.frames)


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


def _node(graph: LayerGraph, name: str) -> LayerNode | BlockNode:
    node = graph.layer.get(name) or graph.block.get(name)
    if node is None:
        raise ExplorerError(f'{graph.network or "the network"} has no layer or block "{name}".')
    return node


def _boxes(graph: LayerGraph, expanded: frozenset[str]) -> Mapping[str, str]:
    """The box of each layer: like `visible_name`, each block looked at once."""
    # block: the outermost closed block around it, itself included
    closed: dict[str, str] = {"": ""}

    def outermost_closed(block: str) -> str:
        if block not in closed:
            outer = outermost_closed(graph.block[block].parent)
            closed[block] = outer or ("" if block in expanded else block)
        return closed[block]

    return {layer.name: outermost_closed(layer.parent) or layer.name for layer in graph.layers}


def _outermost_first(graph: LayerGraph) -> list[BlockNode]:
    depth: dict[str, int] = {"": 0}

    def depth_of(name: str) -> int:
        if name not in depth:
            depth[name] = depth_of(graph.block[name].parent) + 1
        return depth[name]

    return sorted(graph.blocks, key=lambda block: depth_of(block.name))


def _branches(graph: LayerGraph, block: BlockNode) -> bool:
    """Whether data take more than one way between the parts of a block."""
    part_of: dict[str, str] = {}
    pending = [(child, child) for child in block.children]
    while pending:
        name, part = pending.pop()
        part_of[name] = part
        if name in graph.block:
            pending += [(child, part) for child in graph.block[name].children]
    leaving: dict[str, set[str]] = {}
    entering: set[tuple[str, str]] = set()
    for edge in graph.edges:
        source, target = part_of.get(edge.source), part_of.get(edge.target)
        if target is None or source == target:
            continue
        if source is None:
            entering.add((edge.source, target))
        else:
            leaving.setdefault(source, set()).add(target)
    return len({target for _, target in entering}) > 1 or any(
        len(targets) > 1 for targets in leaving.values()
    )


def _visible_node(graph: LayerGraph, name: str, inside: list[LayerNode]) -> VisibleNode:
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
        caption=_join(_said(graph, block), _counted(len(inside), "layer")),
        repeats=block.repeats,
    )


def _said(graph: LayerGraph, block: BlockNode) -> str:
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
        if layer.out_shape[1:] and set(layer.out_shape[1:]) == {1}:
            return f"global {sort} pool"
        return f"{sort} pool to {format_shape(layer.out_shape[1:])}"
    if layer.kind == "linear" and "in features" in settings:
        return f"{settings['in features']} → {settings['out features']}"
    if layer.type_name in ("Flatten", "flatten"):
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
    return _join(_said(graph, block), *([weight] if weight else []))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _spaced(type_name: str) -> str:
    return type_name.strip("_").replace("_", " ")
