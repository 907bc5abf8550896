"""Write an open network as ONNX, and make sure that it answers alike.

Torch's exporter by tracing writes the operators as the network has them, named by their modules
(``/layer1/layer1.0/conv1/Conv``), and needs no package but onnx; its successor needs onnxscript. It
is told neither to fold constants nor to merge layers, so that the file shows the graph that is on
show. Torch calls it deprecated since 2.9; its warnings are muted here.

Into the file goes what ONNX has no place for: how pictures are prepared, what the classes are
called, whether the weights are random. Read again, nothing has to be guessed.
"""

import io
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import onnx
from onnx import ModelProto

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.media.samples import samples
from cnn_explorer.media.save import write_bytes
from cnn_explorer.networks.onnx_card import note_facts
from cnn_explorer.networks.onnx_input import note_preprocessing
from cnn_explorer.probe.onnx_session import run_plainly
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.text import format_size, printable

if TYPE_CHECKING:
    from torch import nn

    from cnn_explorer.probe.session import Session

OPSET = 17
"""The version of ONNX's operators that is written: the newest that the exporter knows well."""

_TOLERANCE = 1e-3
"""The largest difference from torch's output, as a share of its largest value, that is only
rounding. Float32 through 150 layers differs by 1e-5 at most."""


@dataclass(frozen=True)
class ExportedOnnx:
    """What was written."""

    path: Path
    opset: int
    size: int
    """Bytes."""
    difference: float
    """The largest absolute difference of the outputs of ONNX Runtime and of torch, on one
    picture."""
    largest: float
    """Torch's largest output, in absolute value: what the difference is to be compared with."""
    picture: str
    """Which picture that was."""

    @property
    def sentence(self) -> str:
        """The facts in a line, for people."""
        return (
            f"ONNX with operator set {self.opset}, {format_size(self.size)}; on "
            f"{printable(self.picture, 60)} ONNX Runtime's outputs differ from torch's by "
            f"{self.difference:.1e} at most (largest output {self.largest:.3g})"
        )


def export_onnx(
    session: "Session",
    path: Path,
    picture: Picture | None = None,
    checkpoint: Checkpoint = no_checkpoint,
) -> ExportedOnnx:
    """Write the network of a session to a file, after `onnx.checker` has found it sound and ONNX
    Runtime has answered for a picture as torch does; a sample where none is given.

    The batch may have any size. Raises `ExplorerError` where torch's exporter cannot write the
    network, or the file would answer otherwise; then nothing is written.
    """
    title = session.card.title
    rules = session.preprocessing
    if picture is None:
        picture = decode_file(next(s for s in samples() if s.kind == rules.kind).path)
    prepared = prepare(picture, rules)
    expected = _torch_output(session.model, prepared.tensor)
    checkpoint(0.1)
    model = _traced(session.model, prepared.tensor.shape, title)
    checkpoint(0.6)
    _with_own_weights(model)
    model.producer_name, model.doc_string = "pytorch", f"{title}, weights {session.weights}"
    note_preprocessing(model, rules)
    note_facts(model, session.class_names, _classes_of(session.model), trained=session.trained)
    content = model.SerializeToString()
    try:
        onnx.checker.check_model(content, full_check=True)
    except Exception as error:
        raise ExplorerError(
            f"{title} cannot be written as ONNX: what torch wrote is not sound.", details=str(error)
        ) from error
    checkpoint(0.8)
    got = run_plainly(content, prepared.tensor[None])
    difference = float(np.abs(got - expected).max()) if got.shape == expected.shape else np.inf
    largest = float(np.abs(expected).max())
    if not difference <= _TOLERANCE * max(largest, 1.0):
        raise ExplorerError(
            f"{title} cannot be written as ONNX: ONNX Runtime's answer differs from torch's by "
            f"{difference:.2g}."
        )
    checkpoint(0.95)
    write_bytes(path, content)
    return ExportedOnnx(path, OPSET, len(content), difference, largest, picture.name)


def _torch_output(model: "nn.Module", tensor: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    import torch

    with torch.inference_mode():
        output = model(torch.from_numpy(np.array(tensor, dtype=np.float32)[None]))
    output = output[0] if isinstance(output, (tuple, list)) else output
    return np.asarray(output.numpy())


def _traced(model: "nn.Module", shape: tuple[int, ...], title: str) -> ModelProto:
    import torch

    written = io.BytesIO()
    batch = {0: "batch"}
    noise = logging.getLogger("torch.onnx")
    level = noise.level
    try:
        noise.setLevel(logging.CRITICAL)
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model,
                (torch.zeros(1, *shape),),
                cast(Any, written),  # its types do not know that a file in memory will do
                dynamo=False,
                opset_version=OPSET,
                training=torch.onnx.TrainingMode.PRESERVE,
                do_constant_folding=False,
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": batch, "output": batch},
            )
    except Exception as error:  # torch has errors of its own for this, and raises others as well
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ExplorerError(
            f"{title} cannot be written as ONNX: {printable(lines[0], 160).rstrip('.')}.",
            details=str(error),
        ) from error
    finally:
        noise.setLevel(level)
        model.eval()
    traced: ModelProto = ModelProto.FromString(written.getvalue())
    return traced


def _with_own_weights(model: ModelProto) -> None:
    """Give each layer weights of its own: torch writes equal ones (the ones and zeros of fresh
    normalisation) once, and an ``Identity`` for each further use."""
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    kept = []
    for node in graph.node:
        source = weights.get(node.input[0]) if node.op_type == "Identity" else None
        if source is None:
            kept.append(node)
        else:
            copy = graph.initializer.add()
            copy.CopyFrom(source)
            copy.name = node.output[0]
            weights[copy.name] = copy
    if len(kept) < len(graph.node):
        kept = [type(node).FromString(node.SerializeToString()) for node in kept]
        del graph.node[:]
        graph.node.extend(kept)


def _classes_of(model: "nn.Module") -> dict[str, str]:
    """The class of every module with parts, by name."""
    return {
        name: type(module).__name__
        for name, module in model.named_modules()
        if name and any(True for _ in module.children())
    }
