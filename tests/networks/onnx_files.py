"""Small ONNX models for tests, good ones and such as nobody should meet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
"""The wheel's own test models: architectures of 2012 to 2017, weights of one number each."""


def light_files() -> list[Path]:
    return sorted(LIGHT.glob("*.onnx"))


def weights(name: str, *shape: int, seed: int = 0) -> TensorProto:
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return numpy_helper.from_array(values, name)


def model_of(
    nodes: Sequence[NodeProto],
    initialisers: Sequence[TensorProto] = (),
    *,
    shape: Sequence[int | str] = (1, 3, 16, 16),
    output: str = "y",
    output_shape: Sequence[int | str] | None = None,
    kind: int = FLOAT,
    opsets: Sequence[tuple[str, int]] = (("", 17),),
    functions: Sequence[onnx.FunctionProto] = (),
) -> ModelProto:
    """A model with the input ``x`` and one output."""
    graph = helper.make_graph(
        list(nodes),
        "net",
        [helper.make_tensor_value_info("x", kind, list(shape))],
        [helper.make_tensor_value_info(output, FLOAT, output_shape)],
        list(initialisers),
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid(*opset) for opset in opsets],
        functions=list(functions),
        ir_version=8,
    )


def small_net(**changes: object) -> ModelProto:
    """Convolution, ReLU, global average, three classes."""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("GlobalAveragePool", ["r"], ["g"], name="pool"),
        helper.make_node("Flatten", ["g"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "v"], ["y"], name="fc"),
    ]
    initialisers = [weights("w", 4, 3, 3, 3), weights("b", 4), weights("v", 4, 3)]
    return model_of(nodes, initialisers, **changes)  # type: ignore[arg-type]


def saved(model: ModelProto, path: Path) -> Path:
    """Without any of onnx's checks on the way."""
    path.write_bytes(model.SerializeToString())
    return path
