"""The layer graph of a network as plain, immutable values: neither torch nor Qt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cnn_explorer.graph.receptive import Fields

KINDS = (
    "input", "conv", "pool", "linear", "activation", "norm", "add", "concat",
    "dropout", "reshape", "other", "output",
)  # fmt: skip
"""What a layer does, for its colour and its place in the legend."""

Shape = tuple[int, ...]
"""A tensor's shape without the batch: (C, H, W) or (N,)."""


Reach = Literal["place", "window", "whole", "unknown"]
"""Which values of its input, by their place, one value of a layer's output depends on: those at
the same place alone, a window around it, all places, or nobody knows."""

ShortcutKind = Literal["", "identity", "projection", "zero padding"]
"""What a line past a residual block's convolutions does: He et al. 2015, section 3.3."""


@dataclass(frozen=True)
class Window:
    """The part of its input that one output value of a layer sees, as (height, width) each."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    """At the top and at the left."""
    dilation: tuple[int, int] = (1, 1)


def readable_label(name: str) -> str:
    """The last part of a dotted name; a bare number takes the part before along: ``layer1.0``.
    A group of parts is written as from and to: ``layer3.1 – 35``."""
    if name.endswith("]"):
        outer, _, inner = name[:-1].rpartition("[")
        first, _, last = inner.partition("-")
        if first.isdecimal():
            first = readable_label(outer + first)
        elif not last.isdecimal():
            stem = _common_stem(first, last)
            last = last[len(stem) :] if last[len(stem) :].isdecimal() else last
        return f"{first} – {last}"
    parts = name.split(".")
    start = len(parts) - 1
    while start and parts[start].partition("#")[0].isdecimal():
        start -= 1
    return ".".join(parts[start:])


def _common_stem(a: str, b: str) -> str:
    """What two names like ``denselayer9`` and ``denselayer12`` begin with, digits left out."""
    stem = a.rstrip("0123456789")
    return stem if b.startswith(stem) else ""


@dataclass(frozen=True)
class LayerNode:
    """One operation: a leaf module called once, or the input or output of the network."""

    name: str
    """The module's dotted name as in torch; a second call of the same module is ``relu#2``.
    The input is ``input``, the output ``output``."""
    parent: str
    """The dotted name of the enclosing block; empty at the top."""
    kind: str
    """One of `KINDS`."""
    type_name: str
    """The class, ``Conv2d``."""
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    parameters: int
    macs: int
    attributes: tuple[tuple[str, str], ...] = ()
    """What to show of its settings, in order: ``("kernel", "7 × 7"), ("stride", "2")``."""
    training_only: bool = False
    """Takes part in training alone (GoogLeNet's auxiliary heads)."""
    reach: Reach = "place"
    window: Window | None = None
    """What it sees where `reach` is ``window``."""
    connections: tuple[tuple[int, ...], ...] = ()
    """For each map of its output, which maps of its input it sees, where a table says so."""


@dataclass(frozen=True)
class BlockNode:
    """A module with parts: a stage, an Inception module, a residual block. Or a group of parts
    that stand in a row, which is no module: see `grouping`."""

    name: str
    parent: str
    type_name: str
    children: tuple[str, ...]
    """Names of the layers and blocks directly inside, in forward order."""
    parameters: int
    macs: int
    out_shape: Shape
    training_only: bool = False
    group: Literal["", "run", "stage"] = ""
    """Empty for a module; ``run``: equal blocks in a row; ``stage``: layers in a row, mostly up to
    where the picture gets smaller."""
    repeats: int = 0
    """How many equal blocks it consists of; 0 where its parts are not all equal blocks."""


@dataclass(frozen=True)
class GraphEdge:
    """A tensor going from one layer to another."""

    source: str
    target: str
    shape: Shape
    shortcut: ShortcutKind = ""


@dataclass(frozen=True)
class LayerGraph:
    """All operations of a network in forward order, the blocks around them, the tensors between."""

    network: str
    layers: tuple[LayerNode, ...]
    blocks: tuple[BlockNode, ...]
    edges: tuple[GraphEdge, ...]
    note: str = ""
    """Why these are modules alone, without edges, where the network could not be followed: a
    sentence. Empty for a network whose operations are all here."""

    @cached_property
    def layer(self) -> Mapping[str, LayerNode]:
        """Layers by name."""
        return {node.name: node for node in self.layers}

    @cached_property
    def block(self) -> Mapping[str, BlockNode]:
        """Blocks by name."""
        return {node.name: node for node in self.blocks}

    @cached_property
    def node(self) -> Mapping[str, LayerNode | BlockNode]:
        """Layers and blocks by name."""
        return {**self.block, **self.layer}

    @cached_property
    def receptive_fields(self) -> "Fields":
        """The receptive fields of all layers and blocks, worked out when first asked for."""
        from cnn_explorer.graph.receptive import receptive_fields  # which is made of these values

        return receptive_fields(self)

    @cached_property
    def path(self) -> Mapping[str, tuple[str, ...]]:
        """The way to each layer and block: the blocks around it, outermost first, and itself."""
        found: dict[str, tuple[str, ...]] = {"": ()}
        for name in self.node:
            way = [name]
            while (around := self.node[way[-1]].parent) not in found:
                way.append(around)
            for inner in reversed(way):
                found[inner] = (*found[self.node[inner].parent], inner)
        del found[""]
        return found

    @cached_property
    def top_level(self) -> tuple[str, ...]:
        """The layers and blocks that lie in no block, in forward order."""
        return tuple(dict.fromkeys(self.path[layer.name][0] for layer in self.layers))

    def module_of(self, name: str) -> str:
        """The module whose output and weights are meant by a layer or block: itself; for a group
        its last part."""
        while name in self.block and self.block[name].group:
            name = self.block[name].children[-1]
        return name

    @property
    def parameters(self) -> int:
        """All parameters that a prediction uses (training-only parts left out)."""
        return sum(node.parameters for node in self.layers if not node.training_only)

    @property
    def macs(self) -> int:
        """Multiply-adds of one forward pass of one picture."""
        return sum(node.macs for node in self.layers if not node.training_only)


@dataclass(frozen=True)
class VisibleNode:
    """A box as drawn: a layer, or a block that is not expanded."""

    name: str
    parent: str
    kind: str
    """One of `KINDS`, or ``block``."""
    type_name: str
    label: str
    out_shape: Shape
    parameters: int
    macs: int
    layers: int
    """How many layers stand behind this box: 1 for a layer."""
    training_only: bool
    caption: str
    """The second line: ``7×7, stride 2`` or ``Bottleneck, 350 layers``."""
    repeats: int = 0
    """How many equal blocks stand behind this box; 0 where there are none."""
    operands: int = 0
    """How many tensors an addition or concatenation takes; 0 for other boxes."""


@dataclass(frozen=True)
class VisibleGraph:
    """What is drawn for one state of expansion: boxes, edges between them, frames of blocks."""

    nodes: tuple[VisibleNode, ...]
    edges: tuple[GraphEdge, ...]
    frames: tuple[str, ...]
    """Names of expanded blocks, outermost first."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """The block around each expanded block; empty at the top."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What to write at the top of each frame after its name: ``Sequential, 216 k parameters``."""
    source: LayerGraph | None = field(default=None, repr=False, compare=False)
    """The whole graph behind what is seen."""

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """Of each box whose output a prediction computes, the module behind it."""
        source = self.source
        return {
            node.name: node.name if source is None else source.module_of(node.name)
            for node in self.nodes
            if not node.training_only
        }

    def frame_around(self, name: str) -> str:
        """The frame that a box or another frame stands in; empty at the top."""
        around = self._parent_of.get(name, "")
        while around and around not in self._framed:
            around = self.parents.get(around, "")
        return around

    def frame_label(self, name: str) -> str:
        """What to call a frame: the last part of its name, or ``layer1.0`` for a bare number."""
        return readable_label(name)

    @cached_property
    def _parent_of(self) -> Mapping[str, str]:
        return {**self.parents, **{node.name: node.parent for node in self.nodes}}

    @cached_property
    def _framed(self) -> frozenset[str]:
        return frozenset(self.frames)


@dataclass(frozen=True)
class Rect:
    """In scene units (a pixel at 100 %), y downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x + self.width / 2, self.y + self.height / 2)


@dataclass(frozen=True)
class EdgePath:
    """An orthogonal polyline from source to target, border to border."""

    source: str
    target: str
    shape: Shape
    points: tuple[tuple[float, float], ...]
    label: str = ""
    """What to write beside the line, where the shape changes: ``64 × 56 × 56``; else empty."""
    label_at: tuple[float, float] = (0.0, 0.0)
    """Where the label stands: the left end of its text, at mid height."""
    training_only: bool = False
    """Drawn dashed."""
    shortcut: ShortcutKind = ""
    note: str = ""
    """What to write beside a shortcut: ``identity``, ``projection 1 × 1, stride 2``."""
    note_at: tuple[float, float] = (0.0, 0.0)
    """Where the note stands, as `label_at`."""


@dataclass(frozen=True)
class DrawingOptions:
    """What a person chooses about a drawing that decides where its boxes go."""

    direction: Literal["down", "right"] = "down"
    """Which way the data flow."""
    thumbnails: bool = False
    """Whether boxes have room for a small picture of their output and three numbers about it."""


USUAL = DrawingOptions()
"""Top to bottom, no thumbnails."""


@dataclass(frozen=True)
class GraphLayout:
    """Where everything goes: the drawing of a `VisibleGraph`."""

    graph: VisibleGraph
    boxes: Mapping[str, Rect]
    """By name of the visible node."""
    frames: Mapping[str, Rect]
    """By name of the expanded block; nested frames lie inside their parents'."""
    edges: tuple[EdgePath, ...]
    width: float
    height: float
    options: DrawingOptions = USUAL

    @cached_property
    def uprights(self) -> tuple[tuple[float, float, float], ...]:
        """The upright stretches of all lines: x, top, bottom."""
        return tuple(
            (x0, min(y0, y1), max(y0, y1))
            for edge in self.edges
            for (x0, y0), (x1, y1) in pairwise(edge.points)
            if x0 == x1
        )
