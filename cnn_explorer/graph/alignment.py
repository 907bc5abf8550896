"""Which layers of several networks stand beside each other. Neither torch nor Qt.

Four rules. By *stride*: what each network has made of the picture at 1/4, 1/8, 1/16 of its size,
just before it makes it smaller still. By *depth*: the same share of the layers with weights has
been passed. By *receptive field*: the same part of the picture is seen. By *hand*: as pinned.

A layer is worth showing where all that is computed has come together: on the trunk, which every
way from the picture to the answer passes, behind an activation, an addition, a concatenation or at
the end of a block. Layers inside branches, half-way through a block, flat ones and those of
training alone are never chosen. The last row is the answer: the layer that scores the classes.
"""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.flattened import class_layer
from cnn_explorer.graph.model import LayerGraph, LayerNode, Shape
from cnn_explorer.graph.receptive import block_outputs, places
from cnn_explorer.graph.shortcuts import forks, sources_of
from cnn_explorer.graph.units import units

Rule = Literal["stride", "depth", "receptive", "hand"]
"""What puts layers of several networks into one row."""

ANSWER = "answer"
"""The label of the row of layers that score the classes."""

_JOINED = ("activation", "add", "concat", "other")
"""Kinds of layers behind which something is done; a convolution alone is half of it."""
_WEIGHING = ("conv", "linear")
_ROUNDING = 1e-9


@dataclass(frozen=True)
class AlignedRow:
    """Layers that stand beside each other, and why."""

    label: str
    """``stride 8``, ``25 % of the depth``, ``receptive field about 91``, ``pinned 1``, `ANSWER`."""
    layers: tuple[str | None, ...]
    """One a network, in the order of the graphs; None where it has none."""


def align(
    graphs: Sequence[LayerGraph],
    rule: Rule,
    *,
    pinned: Sequence[tuple[str | None, ...]] = (),
    rows: int = 6,
) -> tuple[AlignedRow, ...]:
    """Rows from the picture to the answer, at most `rows`; by hand as many as are `pinned`.

    Within each network they go forward, and none stands twice. Where there are more strides than
    rows, those go that the fewest networks have, of these the finest. A network that could not be
    followed takes part by the order of its layers. Raises `ExplorerError` where a pinned row does
    not fit the networks.
    """
    if rule == "hand":
        return tuple(_pinned(graphs, row, number) for number, row in enumerate(pinned, start=1))
    columns = [_Column(graph) for graph in graphs]
    answers = tuple(column.answer or None for column in columns)
    most = rows - any(answers)
    found: list[AlignedRow] = []
    if most > 0:
        if rule == "stride":
            found = _by_stride(columns, most)
        elif rule == "receptive":
            found = _by_field(columns, most)
        if not found:  # nothing is known of any network but its order
            found = _by_depth(columns, most)
    if any(answers) and rows > 0:
        found.append(AlignedRow(ANSWER, answers))
    return tuple(row for row in found if any(row.layers))


class _Column:
    """What one network has to show, in forward order."""

    def __init__(self, graph: LayerGraph) -> None:
        self.graph = graph
        self.followed = bool(graph.edges) and not graph.note
        self.place = {layer.name: at for at, layer in enumerate(graph.layers)}
        self._into = sources_of(graph)
        self._units = units(graph)

    @cached_property
    def answer(self) -> str:
        """The layer that scores the classes; empty where it is not known."""
        if self.followed:
            return class_layer(self.graph)
        weighing = [name for name in self._predicting if self.graph.layer[name].kind in _WEIGHING]
        return weighing[-1] if weighing else ""

    @cached_property
    def in_order(self) -> Sequence[str]:
        """Layers to choose from by their order alone, where nothing else is known: convolutions,
        since nobody knows which activation is called where."""
        names = [name for name in self._predicting if self.graph.layer[name].kind == "conv"]
        return [name for name in names if name != self.answer]

    @cached_property
    def trunk(self) -> Sequence[LayerNode]:
        """The layers with maps that every way from the picture to the answer passes."""
        outputs = [layer.name for layer in self.graph.layers if layer.kind == "output"]
        if not self.followed or not outputs:
            return ()
        fork = forks(self.graph, self._into)
        way = [outputs[-1]]
        while fork[way[-1]]:
            way.append(fork[way[-1]])
        layers = [self.graph.layer[name] for name in reversed(way)]
        return [layer for layer in layers if self._may_show(layer)]

    @cached_property
    def shown(self) -> Sequence[LayerNode]:
        """The layers worth showing."""
        wanted = {layer.name for layer in self.trunk if self._is_done(layer)}
        # what a dense block has gathered so far passes no single layer, but is all there is so far
        return [
            layer
            for layer in self.graph.layers
            if layer.name in wanted or (layer.kind in ("add", "concat") and self._may_show(layer))
        ]

    @cached_property
    def strides(self) -> Mapping[str, int | None]:
        """The stride of each layer."""
        return output_strides(self.graph)

    @cached_property
    def depths(self) -> Mapping[str, float]:
        """The share of the layers with weights, on the longest way through the network, that each
        layer has behind it, its own among them."""
        passed = layers_passed(self.graph)
        total = max((passed[name] for name in self._predicting), default=0)
        return {name: count / total if total else 0.0 for name, count in passed.items()}

    @cached_property
    def fields(self) -> Mapping[str, int]:
        """The longer side of what each layer worth showing sees, where that has a side."""
        sizes: dict[str, int] = {}
        for layer in self.shown:
            field = self.graph.receptive_fields[layer.name]
            if field is not None and not field.whole:
                sizes[layer.name] = max(field.height.size, field.width.size)
        return sizes

    def last_of(self, stride: int) -> str | None:
        """The last layer of a stride that is worth showing, before maps become smaller."""
        level = [at for at, layer in enumerate(self.trunk) if self.strides[layer.name] == stride]
        if not level:
            return None
        end = level[-1]
        smaller = self.trunk[end + 1] if end + 1 < len(self.trunk) else None
        layers = [self.trunk[at] for at in level]
        computed = [layer for layer in layers if layer.kind not in ("norm", "dropout", "reshape")]
        pooled = smaller is not None and smaller.kind == "pool"
        if smaller is not None and not (pooled and computed and self._is_done(computed[-1])):
            # a block that ends with smaller maps widens them first (MobileNet): that is half-way
            half_way = self._step_around(smaller.name, stride)
            outside = [layer for layer in layers if half_way not in self.graph.path[layer.name]]
            layers = outside or layers
        done = [layer.name for layer in layers if self._is_done(layer)]
        return done[-1] if done else layers[0].name  # the one that made the stride

    def nearest(self, wanted: float, values: Mapping[str, float], most: float) -> str | None:
        """The layer worth showing whose value is nearest, at most so far away; one half-way through
        a block where there is no other. Of equal ones the last, an output of a block first."""
        near = [
            (self._is_half_way(layer), distance, layer.name not in self._ends, -at, layer.name)
            for at, layer in enumerate(self.shown)
            if layer.name in values
            and (distance := abs(values[layer.name] - wanted)) <= most + _ROUNDING
        ]
        return min(near)[-1] if near else None

    @cached_property
    def _predicting(self) -> Sequence[str]:
        return [layer.name for layer in self.graph.layers if not layer.training_only]

    @cached_property
    def _outputs(self) -> Mapping[str, str]:
        """The layer that gives the output of each module with parts."""
        outputs = block_outputs(self.graph)
        return {
            block.name: outputs[block.name]
            for block in self.graph.blocks
            if not block.group and block.name in outputs
        }

    @cached_property
    def _ends(self) -> frozenset[str]:
        return frozenset(self._outputs.values())

    def _is_half_way(self, layer: LayerNode) -> bool:
        """Whether a layer lies in a brick that is not over with it."""
        return any(
            block in self._units and self._outputs.get(block) != layer.name
            for block in self.graph.path[layer.name][:-1]
        )

    def _may_show(self, layer: LayerNode) -> bool:
        tokens = len(layer.out_shape) == 2
        if layer.kind in ("input", "output") or not (tokens or self.strides[layer.name]):
            return False
        if layer.training_only or (not tokens and math.prod(places(layer.out_shape)) <= 1):
            return False
        # what comes after the scores is their average or softmax
        return not self.answer or self.place[layer.name] < self.place[self.answer]

    def _is_done(self, layer: LayerNode) -> bool:
        if layer.kind in _JOINED:
            return True
        return layer.kind in ("conv", "norm") and layer.name in self._ends

    def _step_around(self, name: str, stride: int) -> str:
        """The outermost block around a layer in which maps become smaller once."""
        for block in self.graph.path[name][:-1]:
            if self.graph.block[block].group:
                continue
            inside = [layer.name for layer in self.trunk if block in self.graph.path[layer.name]]
            if len({self.strides[inner] for inner in inside} | {stride}) <= 2:
                return block
        return name


def layers_passed(graph: LayerGraph) -> Mapping[str, int]:
    """How many layers with weights (convolutions, fully connected ones, attention) lie on the
    longest way from the picture to each layer, its own among them: at the output the depth of the
    network, as papers count it."""
    into = sources_of(graph)
    passed: dict[str, int] = {}
    for layer in graph.layers:
        before = max((passed[name] for name in into.get(layer.name, ())), default=0)
        attends = "attention" in layer.type_name.lower()
        weighs = layer.parameters > 0 and (layer.kind in _WEIGHING or attends)
        passed[layer.name] = before + weighs
    return passed


def output_strides(graph: LayerGraph) -> Mapping[str, int | None]:
    """How many pixels of the picture lie between neighbouring places of each layer's map; None
    where there are no maps, or nobody knows.

    The receptive field's stride, where it has one. A field that is the whole picture has none any
    more (behind a squeeze and excitation), but maps still lie on the picture: there it is told
    from the sizes of maps.
    """
    into = sources_of(graph)
    picture = next((layer.out_shape for layer in graph.layers if layer.kind == "input"), ())
    strides: dict[str, int | None] = {}
    for layer in graph.layers:
        field = graph.receptive_fields[layer.name]
        if field is not None and field.height.stride and field.width.stride:
            strides[layer.name] = max(field.height.stride, field.width.stride)
        else:
            given = [graph.layer[name] for name in into.get(layer.name, ())]
            stride = _stride_by_size(layer, given, strides)
            strides[layer.name] = stride or _stride_on(picture, layer.out_shape)
    return strides


def _stride_by_size(
    layer: LayerNode, given: Sequence[LayerNode], strides: Mapping[str, int | None]
) -> int | None:
    made = places(layer.out_shape)
    for source in given:
        before, known = places(source.out_shape), strides[source.name]
        if known is None or not made or math.prod(made) <= 1 or len(before) != len(made):
            continue
        if layer.window is not None:
            return known * max(layer.window.stride)
        pairs = list(zip(before, made, strict=True))
        times = {(size + side - 1) // side for size, side in pairs}
        if len(times) == 1 and all(size >= side for size, side in pairs):
            return known * times.pop()
    return None


def _stride_on(picture: Shape, shape: Shape) -> int | None:
    """The stride of a square map that was put together again from windows (MaxViT), or of tokens
    that lie on a square, one more for the class or none (ViT), where it divides the picture."""
    if len(picture) != 3 or picture[1] != picture[2]:
        return None
    side = 0
    if len(shape) == 3 and len(set(places(shape))) == 1:
        side = places(shape)[0]
    elif len(shape) == 2:
        root = math.isqrt(shape[0])
        side = root if shape[0] - root * root in (0, 1) else 0
    return picture[1] // side if side > 1 and picture[1] % side == 0 else None


def _by_stride(columns: Sequence[_Column], most: int) -> list[AlignedRow]:
    layers: dict[int, list[str | None]] = {}
    for number, column in enumerate(columns):
        for stride in {column.strides[layer.name] for layer in column.trunk} - {None}:
            if stride is not None:
                row = layers.setdefault(stride, [None] * len(columns))
                row[number] = column.last_of(stride)
    kept = sorted(layers, key=lambda stride: (layers[stride].count(None), -stride))[:most]
    labels = [f"stride {stride}" for stride in sorted(kept)]
    return _with_unfollowed(columns, labels, [layers[stride] for stride in sorted(kept)])


def _by_depth(columns: Sequence[_Column], most: int) -> list[AlignedRow]:
    step = 1 / (most + 1)
    shares = [number * step for number in range(1, most + 1)]
    layers = [
        [column.nearest(share, column.depths, step / 2) for column in columns] for share in shares
    ]
    labels = [f"{share:.0%} of the depth".replace("%", " %") for share in shares]
    return _with_unfollowed(columns, labels, layers)


def _by_field(columns: Sequence[_Column], most: int) -> list[AlignedRow]:
    """Rows evenly on a logarithmic scale, over the range of fields that most networks have."""
    logs = [{name: math.log(size) for name, size in column.fields.items()} for column in columns]
    known = [fields for fields in logs if fields]
    if not known:
        return []
    low = statistics.median_high(min(fields.values()) for fields in known)
    high = statistics.median_low(max(fields.values()) for fields in known)
    if low > high:  # the fields of one begin where those of another end
        low = min(min(fields.values()) for fields in known)
        high = max(max(fields.values()) for fields in known)
    step = (high - low) / max(1, most - 1)
    wanted = [low + number * step for number in range(most if step else 1)]
    layers = [
        [
            column.nearest(value, fields, step / 2)
            for column, fields in zip(columns, logs, strict=True)
        ]
        for value in wanted
    ]
    labels = [f"receptive field about {math.exp(value):.0f}" for value in wanted]
    return _with_unfollowed(columns, labels, layers)


def _with_unfollowed(
    columns: Sequence[_Column], labels: Sequence[str], layers: Sequence[list[str | None]]
) -> list[AlignedRow]:
    """Rows in which networks that could not be followed have layers at even distances; and in each
    column one layer comes after the other: in parallel branches nearer may be earlier."""
    for number, column in enumerate(columns):
        if not column.followed:
            for row, name in zip(layers, _spread(column.in_order, len(layers)), strict=True):
                row[number] = name
        last = -1
        for row in layers:
            at = column.place.get(row[number] or "", -1)
            row[number] = row[number] if at > last else None
            last = max(last, at)
    return [AlignedRow(label, tuple(row)) for label, row in zip(labels, layers, strict=True)]


def _spread(names: Sequence[str], count: int) -> Iterator[str | None]:
    for number in range(1, count + 1):
        yield names[math.ceil(number * len(names) / count) - 1] if names else None


def _pinned(graphs: Sequence[LayerGraph], row: tuple[str | None, ...], number: int) -> AlignedRow:
    if len(row) != len(graphs):
        raise ExplorerError(
            f"row {number} has {len(row)} layers for {len(graphs)} networks: name one for each."
        )
    for graph, name in zip(graphs, row, strict=True):
        if name is not None and name not in graph.node:
            raise ExplorerError(f'{graph.network} has no layer "{name}" to pin.')
    found = (
        name if name is None else graph.module_of(name)
        for graph, name in zip(graphs, row, strict=True)
    )
    return AlignedRow(f"pinned {number}", tuple(found))
