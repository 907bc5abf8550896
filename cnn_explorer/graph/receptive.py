"""Receptive fields: the part of the picture that one value of a layer's output can depend on.

They are computed over the whole graph, and exactly. A window of k values every s, put on a layer
whose units see n pixels every t, sees n + (k - 1) t pixels every s t (Dumoulin and Visin: "A guide
to convolution arithmetic for deep learning", 2016). Where branches meet, the field is the smallest
rectangle around the union of theirs.

Meant are units in the middle: at the border a field reaches out of the picture, into the padding.
The field is the theoretical one. What weights make of it is mostly less (Luo et al.:
"Understanding the effective receptive field", 2016), and a weight of zero cuts it off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cnn_explorer.graph.model import LayerGraph, LayerNode, Shape, Window


@dataclass(frozen=True)
class Span:
    """A receptive field along one axis, in pixels of the network's input."""

    size: int
    stride: int | None
    """How far the fields of neighbouring units are apart; None where units have no neighbours: of
    flattened maps, and where each unit sees everything."""
    offset: int
    """Where the field of the first unit begins: its topmost or leftmost pixel, counted from 0 at
    the picture's corner. Negative where it begins in the padding. The field of unit i, counted
    from 0, begins at ``offset + i * stride``."""


@dataclass(frozen=True)
class ReceptiveField:
    """What one output value of a layer can depend on."""

    height: Span
    width: Span
    whole: bool = False
    """The whole picture: all places that reach the layer at all. Sizes are then the picture's."""


Fields = Mapping[str, ReceptiveField | None]
"""Receptive fields by the name of the layer or block; None where they are not known."""


def receptive_fields(graph: LayerGraph) -> Fields:
    """The receptive fields of all layers and blocks. A block's is that of its output."""
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    picture = next((node.out_shape for node in graph.layers if node.kind == "input"), ())
    fields: dict[str, ReceptiveField | None] = {}
    for layer in graph.layers:  # in forward order: what a layer takes comes before it
        if layer.kind == "input":
            fields[layer.name] = _pixel() if len(layer.out_shape) == 3 else None
        else:
            given = [graph.layer[name] for name in sources.get(layer.name, ())]
            fields[layer.name] = _field(layer, given, fields, picture)
    for block, last in block_outputs(graph).items():
        fields[block] = fields[last]
    return fields


def _pixel() -> ReceptiveField:
    return ReceptiveField(Span(1, 1, 0), Span(1, 1, 0))


def _field(
    layer: LayerNode, given: Iterable[LayerNode], fields: Fields, picture: Shape
) -> ReceptiveField | None:
    parts = [
        _arriving(fields.get(node.name), node.out_shape, layer.out_shape, layer) for node in given
    ]
    if not parts or len(picture) != 3:
        return None
    whole = ReceptiveField(Span(picture[1], None, 0), Span(picture[2], None, 0), whole=True)
    if layer.reach == "whole" or all(part is not None and part.whole for part in parts):
        return whole
    if layer.reach == "unknown":
        return None
    if any(part is not None and part.whole for part in parts):
        return whole
    field = _union(parts)
    if layer.reach == "window" and layer.window is not None and field is not None:
        return _through(field, layer.window)
    return field


def _arriving(
    field: ReceptiveField | None, given: Shape, made: Shape, layer: LayerNode
) -> ReceptiveField | None:
    """A field as a layer finds it that works place by place: maps that are flattened have no
    neighbours any more; one value that goes to all places has another field than theirs."""
    if field is None or field.whole or layer.reach != "place":
        return field
    if places(given) == places(made):
        return field
    if places(made):
        return None
    height, width = field.height, field.width
    return ReceptiveField(
        Span(height.size, None, height.offset), Span(width.size, None, width.offset)
    )


def _union(parts: Iterable[ReceptiveField | None]) -> ReceptiveField | None:
    """The smallest rectangle around all; unknown where they move at different strides."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(tuple(parts)):
        return None
    height = _union_of_spans([part.height for part in known])
    width = _union_of_spans([part.width for part in known])
    return None if height is None or width is None else ReceptiveField(height, width)


def _union_of_spans(spans: list[Span]) -> Span | None:
    strides = {span.stride for span in spans}
    if len(strides) > 1:
        return None
    start = min(span.offset for span in spans)
    end = max(span.offset + span.size for span in spans)
    return Span(end - start, strides.pop(), start)


def _through(field: ReceptiveField, window: Window) -> ReceptiveField | None:
    height, width = (
        _span_through(span, *along)
        for span, along in zip(
            (field.height, field.width),
            zip(window.kernel, window.stride, window.padding, window.dilation, strict=True),
            strict=True,
        )
    )
    return None if height is None or width is None else ReceptiveField(height, width)


def _span_through(span: Span, kernel: int, stride: int, padding: int, dilation: int) -> Span | None:
    if span.stride is None:  # a window on what has no neighbours
        return None
    reach = dilation * (kernel - 1)
    return Span(
        span.size + reach * span.stride, span.stride * stride, span.offset - padding * span.stride
    )


def block_outputs(graph: LayerGraph) -> Mapping[str, str]:
    """The layer that gives each block's output: the last one inside that others take from."""
    around: dict[str, tuple[str, ...]] = {"": ()}

    def blocks_around(name: str) -> tuple[str, ...]:
        if name not in around:
            around[name] = (name, *blocks_around(graph.block[name].parent))
        return around[name]

    inside = {layer.name: frozenset(blocks_around(layer.parent)) for layer in graph.layers}
    leaves: dict[str, set[str]] = {}
    for edge in graph.edges:
        if graph.layer[edge.source].training_only or not graph.layer[edge.target].training_only:
            for block in inside[edge.source] - inside[edge.target]:
                leaves.setdefault(block, set()).add(edge.source)
    last: dict[str, str] = {}
    for layer in graph.layers:
        for block in inside[layer.name]:
            counts = graph.block[block].training_only or not layer.training_only
            if counts and (block not in leaves or layer.name in leaves[block]):
                last[block] = layer.name
    return last


def places(shape: Shape) -> Shape:
    """How many values stand below and beside one another; empty where they stand in a row."""
    if len(shape) < 3:
        return ()
    # pictures are square: where the last two sizes differ, features stand last
    features_last = len(shape) == 3 and shape[0] == shape[1] != shape[2]
    return shape[:2] if features_last else shape[-2:]
