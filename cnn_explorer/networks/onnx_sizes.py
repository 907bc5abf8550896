"""Sizes that a model works out from constants and other sizes, written into it as numbers.

ONNX's shape inference follows such numbers through some operators only: what torch writes for a
padding (``ConstantOfShape``, ``Concat``, ``Slice``, ``Transpose`` ...) ends it, and every shape
after that is unknown. Such chains are short and their numbers few. Only operators that cannot make
much of little are evaluated, by ONNX's own reference implementation.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, numpy_helper
from onnx.reference import ReferenceEvaluator

MOST = 1024
"""Values of a tensor up to which sizes may depend on it; larger ones are weights."""

_OPERATORS = frozenset(
    (
        "Constant", "ConstantOfShape", "Concat", "Reshape", "Slice", "Transpose", "Cast", "Gather",
        "Unsqueeze", "Squeeze", "Identity", "Add", "Sub", "Mul", "Div", "Neg", "Floor", "Ceil",
        "Mod", "Abs", "Min", "Max", "Equal", "Where", "Sqrt",
    )
)  # fmt: skip


def with_sizes_worked_out(model: ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Replace what nodes make of small constants and of known `shapes` by initialisers, in place;
    gives whether there was any. What cannot be evaluated stays as it is."""
    graph = model.graph
    known = {
        tensor.name: numpy_helper.to_array(tensor)
        for tensor in graph.initializer
        if math.prod(tensor.dims) <= MOST
    }
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    outputs = {value.name for value in graph.output}
    kept: list[NodeProto] = []
    for node in graph.node:
        value = None
        if len(node.output) == 1 and node.output[0] not in outputs:
            value = _value_of(node, known, shapes, opsets)
        if value is None:
            kept.append(node)
        else:
            known[node.output[0]] = value
            graph.initializer.append(numpy_helper.from_array(value, node.output[0]))
    if len(kept) == len(graph.node):
        return False
    kept = [NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(kept)
    model.ir_version = max(model.ir_version, 4)  # before that, initialisers were inputs too
    return True


def _value_of(
    node: NodeProto,
    known: Mapping[str, npt.NDArray[Any]],
    shapes: Mapping[str, tuple[int, ...]],
    opsets: Mapping[str, int],
) -> npt.NDArray[Any] | None:
    """The output of a node, if it can be told and is small."""
    if node.op_type == "Shape" and not node.attribute and node.input[0] in shapes:
        return np.array(shapes[node.input[0]], np.int64)
    if node.op_type not in _OPERATORS or node.domain:
        return None
    if not all(name in known for name in node.input if name):
        return None
    try:
        if node.op_type == "ConstantOfShape" and math.prod(known[node.input[0]].tolist()) > MOST:
            return None
        feed = {name: known[name] for name in node.input if name}
        (result,) = ReferenceEvaluator(node, opsets=dict(opsets)).run(None, feed)
        value: npt.NDArray[Any] = np.asarray(result)
    except Exception:  # whatever a node from elsewhere makes of it
        return None
    return value if value.size <= MOST and value.dtype.kind in "iufb" else None
