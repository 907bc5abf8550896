"""An ONNX model's layer graph, in the words that `extract` has for modules of torch."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import AttributeProto, NodeProto

from cnn_explorer.graph.grouping import grouped
from cnn_explorer.graph.metrics import TIMES, conv_macs, linear_macs, transposed_conv_macs
from cnn_explorer.graph.model import (
    BlockNode,
    GraphEdge,
    LayerGraph,
    LayerNode,
    Reach,
    Shape,
    Window,
)
from cnn_explorer.graph.setting_rows import SettingRows, plain
from cnn_explorer.graph.shortcuts import with_shortcuts
from cnn_explorer.networks.onnx_layers import OnnxLayer, OnnxNetwork
from cnn_explorer.text import printable

_KINDS: Mapping[str, tuple[str, ...]] = {
    "conv": ("Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "DeformConv"),
    "pool": (
        "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
        "MaxRoiPool", "ReduceMean", "QLinearGlobalAveragePool", "QLinearAveragePool",
    ),
    "linear": ("Gemm", "MatMul", "QLinearMatMul", "MatMulInteger", "FusedMatMul"),
    "activation": (
        "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "Gelu", "Mish", "Sigmoid",
        "HardSigmoid", "HardSwish", "Swish", "Tanh", "Softplus", "Softsign", "Softmax",
        "LogSoftmax", "Hardmax", "ThresholdedRelu", "Clip", "Erf", "QuickGelu", "FastGelu",
    ),
    "norm": (
        "BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization",
        "RMSNormalization", "LRN", "LpNormalization", "MeanVarianceNormalization",
    ),
    "add": ("Add", "Sum", "QLinearAdd"),
    "concat": ("Concat", "QLinearConcat", "SequenceConstruct"),
    "dropout": ("Dropout",),
    "reshape": (
        "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Split", "Slice", "Pad",
        "Gather", "Expand", "Tile", "DepthToSpace", "SpaceToDepth", "Resize", "Upsample",
    ),
}  # fmt: skip
_KIND_OF = {operator: kind for kind, operators in _KINDS.items() for operator in operators}

_PLACE_OPERATORS = frozenset(
    (
        *_KINDS["activation"], *_KINDS["add"], "Concat", "Dropout", "BatchNormalization", "LRN",
        "Sub", "Mul", "Div", "Neg", "Abs", "Exp", "Log", "Sqrt", "Pow", "Min", "Max", "Mean",
        "Identity", "Cast", "Ceil", "Floor", "Round", "Sign", "Where", "QuantizeLinear",
        "DequantizeLinear", "Reciprocal",
    )
)  # fmt: skip
"""Operators that work on each place alone, along with their softmax over channels."""
_RESHAPING = ("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Split")
_SOFTMAX = ("Softmax", "LogSoftmax", "Hardmax")
_WHOLE = ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "QLinearGlobalAveragePool")


def onnx_graph(network: OnnxNetwork, *, name: str = "") -> LayerGraph:
    """The layer graph of an ONNX network, grouped like all others.

    Initialisers count as parameters, each once, at the first layer that takes it; running
    statistics of batch normalisation and sizes do not, as in torch. Where ONNX's rules do not tell
    a shape (operators of a runtime), it is empty.
    """
    plain = _Translation(network)
    graph = LayerGraph(name, plain.layers(), plain.blocks(), plain.edges())
    return with_shortcuts(grouped(graph))


class _Translation:
    def __init__(self, network: OnnxNetwork) -> None:
        self._network = network
        self._maker = {
            output: layer.name for layer in network.layers for output in layer.node.output if output
        }
        self._maker |= {tensor: name for name, tensor in network.inputs.items()}
        self._counted: set[str] = set()

    def shape(self, tensor: str) -> Shape:
        """Without the batch."""
        shape = self._network.shapes.get(tensor, ())
        batched = len(shape) > 1 and shape[0] == self._network.declared.batch
        return shape[1:] if batched else shape

    def layers(self) -> tuple[LayerNode, ...]:
        found: list[LayerNode] = []
        network = self._network
        for name, tensor in network.inputs.items():
            rows = (("name", printable(tensor, 80)),)
            found.append(_end(name, "input", (), self.shape(tensor), rows))
        found += [self._layer(layer) for layer in network.layers]
        for name, tensor in network.outputs.items():
            shape = self.shape(tensor)
            rows = (("name", printable(tensor, 80)),)
            found.append(_end(name, "output", (shape,), shape, rows))
        self._nodes = {node.name: node for node in found}
        return tuple(found)

    def blocks(self) -> tuple[BlockNode, ...]:
        made: dict[str, BlockNode] = {}
        waiting = {block.name: block for block in self._network.blocks}
        for name in sorted(waiting, key=lambda name: -_depth(self._network, name)):
            block = waiting[name]
            parts = [made.get(child) or self._nodes[child] for child in block.children]
            made[name] = BlockNode(
                name=name,
                parent=block.parent,
                type_name=block.type_name,
                children=block.children,
                parameters=sum(part.parameters for part in parts),
                macs=sum(part.macs for part in parts),
                out_shape=parts[-1].out_shape,
            )
        return tuple(made[block.name] for block in self._network.blocks)

    def edges(self) -> tuple[GraphEdge, ...]:
        found: dict[tuple[str, str], GraphEdge] = {}
        for layer in self._network.layers:
            for tensor in layer.data:
                self._join(found, tensor, layer.name)
        for name, tensor in self._network.outputs.items():
            self._join(found, tensor, name)
        return tuple(found.values())

    def _join(self, found: dict[tuple[str, str], GraphEdge], tensor: str, target: str) -> None:
        source = self._maker.get(tensor)
        if source is not None and source != target:
            found.setdefault((source, target), GraphEdge(source, target, self.shape(tensor)))

    def _layer(self, layer: OnnxLayer) -> LayerNode:
        operator = layer.node.op_type
        given = tuple(self.shape(tensor) for tensor in layer.data)
        made = self.shape(layer.output)
        settings = _settings(layer.node)
        weight = self._weight_shape(layer)
        reach, window = _seen(operator, settings, weight, given, made)
        return LayerNode(
            name=layer.name,
            parent=layer.parent,
            kind=_KIND_OF.get(operator, "other"),
            type_name=printable(operator, 40),
            in_shapes=given,
            out_shape=made,
            parameters=self._parameters(layer),
            macs=_macs(operator, settings, weight, given, made),
            attributes=_attributes(layer, settings, weight, given),
            reach=reach,
            window=window,
        )

    def _weight_shape(self, layer: OnnxLayer) -> Shape:
        """Of a layer's weights as the operator has them; () without any."""
        second = layer.node.input[1] if len(layer.node.input) > 1 else ""
        return self._network.shapes.get(second, ()) if second in layer.weights else ()

    def _parameters(self, layer: OnnxLayer) -> int:
        total = 0
        for weight in self._network.parameters_of(layer):
            for tensor in self._network.origins_of(weight) - self._counted:
                self._counted.add(tensor)
                total += math.prod(self._network.shapes.get(tensor, (0,)))
        return total


def _end(
    name: str, kind: str, given: tuple[Shape, ...], shape: Shape, rows: tuple[tuple[str, str], ...]
) -> LayerNode:
    return LayerNode(
        name=name, parent="", kind=kind, type_name=kind, in_shapes=given, out_shape=shape,
        parameters=0, macs=0, attributes=rows,
    )  # fmt: skip


def _depth(network: OnnxNetwork, name: str) -> int:
    depth = 0
    while name:
        name = network.block[name].parent
        depth += 1
    return depth


def _settings(node: NodeProto) -> dict[str, Any]:
    """A node's attributes as plain values; tensors and graphs left out."""
    plain = (
        AttributeProto.FLOAT, AttributeProto.INT, AttributeProto.STRING, AttributeProto.FLOATS,
        AttributeProto.INTS, AttributeProto.STRINGS,
    )  # fmt: skip
    found = {}
    for attribute in node.attribute:
        if attribute.type in plain:
            value = onnx.helper.get_attribute_value(attribute)
            if isinstance(value, bytes):
                value = value.decode("utf-8", "replace")
            found[attribute.name] = list(value) if attribute.type > 5 else value
    return found


def _macs(
    operator: str, settings: Mapping[str, Any], weight: Shape, given: Sequence[Shape], made: Shape
) -> int:
    if not given or not made:
        return 0
    if operator == "Conv" and len(weight) > 2:
        groups = settings.get("group", 1)
        return conv_macs(weight[1] * groups, weight[2:], groups, made)
    if operator == "ConvTranspose" and len(weight) > 2:
        groups = settings.get("group", 1)
        return transposed_conv_macs(weight[1] * groups, weight[2:], groups, given[0])
    if operator == "Gemm" and len(weight) == 2:
        return linear_macs(weight[1 if settings.get("transB") else 0], made)
    if operator == "MatMul" and given[0]:
        return linear_macs(given[0][-1], made)
    return 0


def _pads(settings: Mapping[str, Any], dimensions: int) -> list[int]:
    """At the beginning of each dimension, then at its end."""
    pads = settings.get("pads") or [0] * (2 * dimensions)
    return list(pads) if len(pads) == 2 * dimensions else [0] * (2 * dimensions)


def _same_padding(settings: Mapping[str, Any]) -> str:
    auto = settings.get("auto_pad", "NOTSET")
    return {"SAME_UPPER": "same", "SAME_LOWER": "same, more before"}.get(auto, "")


def _seen(
    operator: str, settings: Mapping[str, Any], weight: Shape, given: Sequence[Shape], made: Shape
) -> tuple[Reach, Window | None]:
    """What one output value of a layer depends on, and the window where it is one."""
    first = given[0] if given else ()
    kernel = settings.get("kernel_shape") or list(weight[2:])
    if operator in ("Conv", "MaxPool", "AveragePool", "LpPool") and len(kernel) == 2:
        strides = settings.get("strides") or [1, 1]
        dilations = settings.get("dilations") or [1, 1]
        pads = _pads(settings, 2)
        if _same_padding(settings):
            pads = _worked_out_padding(settings, kernel, strides, dilations, first, made)
        return "window", Window(
            (kernel[0], kernel[1]),
            (strides[0], strides[1]),
            (pads[0], pads[1]),
            (dilations[0], dilations[1]),
        )
    if operator in _SOFTMAX:
        return ("whole", None) if len(first) == 1 else _over_channels(settings)
    if operator in _PLACE_OPERATORS:
        return "place", None
    if operator in _WHOLE:
        return "whole", None
    if operator == "ReduceMean" and len(first) == 3 and math.prod(made) == first[0]:
        return "whole", None
    if operator in ("Gemm", "MatMul") and weight:
        if len(first) == 1:
            return "whole", None
        return ("place", None) if len(first) == 2 else ("unknown", None)
    if operator in _RESHAPING and first and made:
        together = len(first) >= 3 and first[-2:] == made[-2:]
        flat = made == (math.prod(first),)
        if together or flat or math.prod(first[1:]) == 1:
            return "place", None
    return "unknown", None


def _over_channels(settings: Mapping[str, Any]) -> tuple[Reach, Window | None]:
    return ("place", None) if settings.get("axis") == 1 else ("unknown", None)


def _worked_out_padding(
    settings: Mapping[str, Any],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    given: Shape,
    made: Shape,
) -> list[int]:
    """What ``SAME`` means for these sizes, at the beginning of each dimension."""
    before = []
    for axis in range(2):
        if len(given) != 3 or len(made) != 3:
            return [0, 0]
        need = (made[1 + axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        total = max(0, need - given[1 + axis])
        lower = settings.get("auto_pad") == "SAME_LOWER"
        before.append(-(-total // 2) if lower else total // 2)
    return before


# settings for people


def _attributes(
    layer: OnnxLayer, settings: Mapping[str, Any], weight: Shape, given: Sequence[Shape]
) -> tuple[tuple[str, str], ...]:
    """A layer's settings in the words, and the order, that modules of torch have them in."""
    operator = layer.node.op_type
    rows = SettingRows()

    def padding(dimensions: int) -> None:
        pads = _pads(settings, dimensions)
        before, after = pads[:dimensions], pads[dimensions:]
        if _same_padding(settings):
            rows.add("padding", _same_padding(settings))
        elif before == after:
            rows.add("padding", before)
        else:
            rows.add("padding", f"{plain(before)} before, {plain(after)} after")

    has_bias = any(layer.node.input[2:3])
    if operator in ("Conv", "ConvTranspose") and len(weight) > 2:
        groups = settings.get("group", 1)
        inner, outer = weight[1] * groups, weight[0]
        if operator == "ConvTranspose":
            inner, outer = outer, inner
        dimensions = len(weight) - 2
        rows.add("in channels", inner)
        rows.add("out channels", outer)
        rows.add_text("kernel", TIMES.join(map(str, weight[2:])))
        rows.add("stride", settings.get("strides") or 1)
        padding(dimensions)
        rows.add_unless("dilation", settings.get("dilations") or 1, 1)
        rows.add_unless("groups", groups, 1)
        rows.add("bias", has_bias)
    elif operator in ("MaxPool", "AveragePool", "LpPool"):
        kernel = settings.get("kernel_shape") or []
        rows.add_text("kernel", TIMES.join(map(str, kernel)))
        rows.add("stride", settings.get("strides") or 1)
        padding(len(kernel))
        rows.add_unless("dilation", settings.get("dilations") or 1, 1)
        rows.add_unless("ceil mode", bool(settings.get("ceil_mode", 0)), False)
    elif operator == "Gemm" and len(weight) == 2:
        inner, outer = weight[::-1] if settings.get("transB") else weight
        rows.add("in features", inner)
        rows.add("out features", outer)
        rows.add("bias", has_bias)
    elif operator == "MatMul" and len(weight) == 2:
        rows.add("in features", weight[0])
        rows.add("out features", weight[1])
        rows.add("bias", False)
    elif operator == "BatchNormalization":
        rows.add("channels", weight[0] if weight else (given[0][0] if given and given[0] else "?"))
        rows.add("eps", settings.get("epsilon", 1e-5))
        rows.add("momentum", 1 - settings.get("momentum", 0.9))
    elif operator == "LRN":
        rows.add("size", settings.get("size", "?"))
        rows.add("alpha", settings.get("alpha", 1e-4))
        rows.add("beta", settings.get("beta", 0.75))
        rows.add("k", settings.get("bias", 1.0))
    elif operator == "Flatten":
        rows.add_unless("start dimension", settings.get("axis", 1), 1)
    else:
        for name, value in settings.items():
            rows.add(_TITLES.get(name, printable(name, 40).replace("_", " ")), value)
    return rows.all()


_TITLES = {
    "axis": "dimension", "alpha": "alpha", "epsilon": "eps", "ratio": "p", "perm": "order",
    "approximate": "approximation", "keepdims": "keep dimensions", "axes": "dimensions",
    "group": "groups",
}  # fmt: skip
