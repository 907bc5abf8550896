"""An open ONNX file: run it on prepared pictures with ONNX Runtime, read its layers' outputs and
weights. The same commands as those of `probe.session.Session`.
"""

import math
import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto, numpy_helper

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.onnx_card import class_tensor, is_untrained, names_of_classes, onnx_card
from cnn_explorer.networks.onnx_facts import OnnxOffer, PictureInput
from cnn_explorer.networks.onnx_file import OnnxFile, inputs_of, read_onnx
from cnn_explorer.networks.onnx_input import (
    checked_input,
    declared_input,
    guessed_input,
    offered_values,
)
from cnn_explorer.networks.onnx_layers import OnnxLayer, OnnxNetwork, network_of
from cnn_explorer.probe.capture import as_maps
from cnn_explorer.probe.precision import EXACT, Precision
from cnn_explorer.probe.results import Channel, ClassScore, LayerFilters, PreparedInput, RunResult
from cnn_explorer.probe.session import finite, ranked
from cnn_explorer.probe.source import ModuleSource
from cnn_explorer.probe.thumbnails import thumbnail_of_array
from cnn_explorer.text import printable

if TYPE_CHECKING:
    import onnxruntime

_EXACT_ALONE = (
    "An ONNX file runs exactly, whatever is chosen: it says itself in which numbers it computes."
)
_NORMALISATIONS = (
    "BatchNormalization", "InstanceNormalization", "LayerNormalization", "GroupNormalization",
)  # fmt: skip


@dataclass(eq=False)
class OnnxSession:
    """One ONNX network, opened. Use it in one thread only."""

    card: NetworkCard
    network: OnnxNetwork
    chosen: PictureInput
    """How pictures are given to it."""
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    trained: bool
    weights: str
    """For people: the file's name."""
    note: str = ""
    """What else is to be said of it, a sentence or two, or empty."""
    refusal: str = ""
    """Why it cannot be run on a picture, one sentence; empty where it can."""
    report: None = None
    """There is nothing that its weights should fit."""
    _runtime: "onnxruntime.InferenceSession | None" = None

    @classmethod
    def open(
        cls,
        path: Path,
        chosen: PictureInput | None = None,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> "OnnxSession":
        """Read a file and make it ready to run. Without `chosen` its input is guessed.

        Raises `ExplorerError` for a file that cannot be read; one that can be read and not be run
        opens with a `refusal`.
        """
        file = read_onnx(path)
        checkpoint(0.2)
        return cls.of(file, chosen, checkpoint)

    @classmethod
    def of(
        cls,
        file: OnnxFile,
        chosen: PictureInput | None = None,
        checkpoint: Checkpoint = no_checkpoint,
    ) -> "OnnxSession":
        """Likewise of a file that was read."""
        declared = declared_input(file.model)
        if chosen is None:
            chosen = guessed_input(file.model, declared)
        chosen = checked_input(chosen, file.model, declared)
        network = network_of(file, chosen)
        checkpoint(0.4)
        card = onnx_card(network, chosen)
        session = cls(
            card, network, chosen, card.preprocessing, (),
            trained=not is_untrained(network), weights=printable(file.path.name, 60),
        )  # fmt: skip
        told = class_tensor(network)
        if told is not None:
            names, session.note = names_of_classes(network, card.preprocessing, told[1])
            session.class_names = names
        if declared.refusal:
            session.refusal = f"{card.title} is not run: {declared.refusal}"
        else:
            try:
                session._runtime = _runtime_of(_with_all_outputs(network))
            except ExplorerError as error:
                session.refusal = f"{card.title} is not run: {error}"
        session.note = " ".join(filter(None, (session.refusal, session.note)))
        checkpoint(1.0)
        return session

    @property
    def offer(self) -> OnnxOffer:
        """How pictures are given to it, and what else may be chosen."""
        file = self.network.file
        values = offered_values(file.model)
        return OnnxOffer(file.path, self.chosen, self.network.declared, values)

    @cached_property
    def held_bytes(self) -> int:
        """Memory that its weights take: in the file that was read, and again in what runs it."""
        size: int = self.network.file.model.ByteSize()
        return size if self._runtime is None else 2 * size

    def run(
        self,
        prepared: PreparedInput,
        layers: Sequence[str] = (),
        checkpoint: Checkpoint = no_checkpoint,
        *,
        thumbnails_of: Iterable[str] = (),
        channel: Channel = "mean",
        precision: Precision = "exact",
    ) -> RunResult:
        """The network's answer to one picture, the outputs of `layers`, and thumbnails. It is
        always exact, and says so where fast is asked for.

        There are no classes where no output tells any apart. ONNX Runtime cannot be stopped on its
        way: the checkpoint is called before and after. Raises `ExplorerError` for an unknown layer
        and where the network cannot be run.
        """
        runtime = self._ready_for(prepared)
        tensors = {layer: self.network.tensor_of(layer) for layer in dict.fromkeys(layers)}
        told = class_tensor(self.network)
        small: dict[str, str] = {}
        for layer in thumbnails_of:
            with suppress(ExplorerError):  # a layer without an output of its own has no thumbnail
                small[layer] = self.network.tensor_of(layer)
        wanted = dict.fromkeys((*tensors.values(), *small.values()))
        if told is not None:
            wanted[told[0]] = None
        if not wanted:  # all the same, that the time is told and the network proves to run
            wanted[next(iter(self.network.outputs.values()))] = None
        feed = {self.network.declared.name: self._batch(prepared)}
        checkpoint(0.0)
        started = time.perf_counter()
        values = dict(zip(wanted, _run(runtime, list(wanted), feed), strict=True))
        forward_ms = (time.perf_counter() - started) * 1000
        checkpoint(1.0)
        classes: Sequence[ClassScore] = ()
        if told is not None:
            logits = finite(values[told[0]].reshape(self.network.declared.batch, -1)[0])
            classes = ranked(logits, self.class_names, softmax=not _is_distribution(logits))
        return RunResult(
            classes=classes,
            activations={layer: self._maps(values[name]) for layer, name in tensors.items()},
            forward_ms=forward_ms,
            thumbnails={
                layer: thumbnail_of_array(self._maps(values[name]), channel)
                for layer, name in small.items()
            },
            arithmetic=EXACT if precision == "exact" else replace(EXACT, note=_EXACT_ALONE),
        )

    def outputs(
        self, prepared: PreparedInput, layers: Sequence[str]
    ) -> dict[str, npt.NDArray[np.float32]]:
        """The outputs of `layers` alone, whatever the network's answer is: one forward."""
        runtime = self._ready_for(prepared)
        tensors = {layer: self.network.tensor_of(layer) for layer in layers}
        wanted = list(dict.fromkeys(tensors.values()))
        feed = {self.network.declared.name: self._batch(prepared)}
        values = dict(zip(wanted, _run(runtime, wanted, feed), strict=True))
        return {layer: self._maps(values[name]) for layer, name in tensors.items()}

    def filters(self, layer: str) -> LayerFilters | None:
        """The weights of a layer; None where it has none of its own (a ReLU, a block)."""
        found = self.network.layer.get(layer)
        if found is None:
            self.check_layer(layer)
            return None
        names = self.network.parameters_of(found)
        if not names:
            return None
        weight = _as_torch_has_it(found, self._constant(names[0]))
        bias = self._constant(names[1]) if len(names) > 1 else None
        return LayerFilters(
            layer=layer,
            weight=_float32(weight),
            bias=None if bias is None else _float32(bias.reshape(-1)),
            **self._told_of_weights(found),
        )

    def _told_of_weights(self, layer: OnnxLayer) -> dict[str, Any]:
        """What a `LayerFilters` says of weights beside their values."""
        operator = layer.node.op_type
        settings = {a.name: onnx.helper.get_attribute_value(a) for a in layer.node.attribute}
        if operator in ("Conv", "ConvTranspose"):
            kind = "convolution" if operator == "Conv" else "transposed"
            return {"kind": kind, "groups": int(settings.get("group", 1))}
        if operator in ("Gemm", "MatMul"):
            return {"kind": "linear"}
        if operator not in _NORMALISATIONS:
            return {}
        told: dict[str, Any] = {"kind": "normalisation", "eps": settings.get("epsilon", 1e-5)}
        if operator == "BatchNormalization":
            for name, tensor in zip(
                ("running_mean", "running_var"), layer.node.input[3:5], strict=True
            ):
                if tensor in layer.weights:
                    told[name] = _float32(self._constant(tensor).reshape(-1))
        return told

    def source(self, layer: str) -> ModuleSource:
        """The operator behind a layer as ONNX's own text; the empty name is the whole model."""
        opsets = {o.domain: o.version for o in self.network.file.model.opset_import}
        opset = opsets.get("", opsets.get("ai.onnx", 0))
        origin = f"ONNX, operator set {opset}" if opset else "ONNX"
        found = self.network.layer.get(layer)
        if found is not None:
            return ModuleSource(printable(found.node.op_type, 40), self._text_of(found), origin)
        if layer:
            self.check_layer(layer)
            block = self.network.block[layer]
            parts = "\n".join(f"#   {name}" for name in block.children)
            code = f"# A block of which but the name is known. In it:\n{parts}\n"
            return ModuleSource(block.type_name, code, origin)
        return ModuleSource("ONNX model", self._head(), origin)

    def check_layer(self, layer: str) -> None:
        """Raises `ExplorerError` for a layer that the network does not have."""
        if layer:
            self.network.tensor_of(layer)

    def _ready_for(self, prepared: PreparedInput) -> "onnxruntime.InferenceSession":
        """What runs it. Raises `ExplorerError` where nothing can, or not on this input."""
        if self._runtime is None:
            raise ExplorerError(self.refusal)
        if prepared.tensor.shape != self.preprocessing.input_shape:
            raise ExplorerError(
                f"{self.card.title} takes an input of {_times(self.preprocessing.input_shape)} "
                f"values, not {_times(prepared.tensor.shape)}."
            )
        return self._runtime

    def _batch(self, prepared: PreparedInput) -> npt.NDArray[Any]:
        """The input as the file wants it: order of colours, of dimensions, type, how many."""
        declared = self.network.declared
        picture = prepared.tensor[::-1] if self.chosen.order == "bgr" else prepared.tensor
        if declared.channels_last:
            picture = picture.transpose(1, 2, 0)
        kind = onnx.helper.tensor_dtype_to_np_dtype(self.network.types[declared.name])
        return np.ascontiguousarray(
            np.broadcast_to(picture, (declared.batch, *picture.shape)), dtype=kind
        )

    def _maps(self, value: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """An output for the first picture as (C, H, W) or (N,)."""
        import torch

        batch = self.network.declared.batch
        if value.ndim > 1 and value.shape[0] == batch:
            value = value[:1]
        tensor = torch.from_numpy(np.array(value, dtype=np.float32))
        return _float32(as_maps(tensor).numpy())

    def _constant(self, name: str) -> npt.NDArray[Any]:
        """The values of a weight: the file's own, or what constants make of it."""
        initialiser = self.network.initialisers.get(name)
        if initialiser is not None:
            return numpy_helper.to_array(initialiser)
        return _computed(self.network, name)

    def _text_of(self, layer: OnnxLayer) -> str:
        lines = [onnx.printer.to_text(layer.node).strip(), ""]
        for title, names in (("takes", layer.data), ("weights", layer.weights)):
            lines += [f"# {title} {self._described(name)}" for name in names]
        lines += [f"# gives {self._described(name)}" for name in layer.node.output if name]
        return printable_lines(lines)

    def _head(self) -> str:
        model = self.network.file.model
        lines = [
            f"# format {model.ir_version}, written by {model.producer_name or 'an unknown program'}"
            f" {model.producer_version}".rstrip(),
            *(f"# operators {o.domain or 'ai.onnx'}, version {o.version}"
              for o in model.opset_import),
            *(f"# takes {self._described(name)}" for name in self.network.inputs.values()),
            *(f"# gives {self._described(name)}" for name in self.network.outputs.values()),
        ]  # fmt: skip
        return printable_lines(lines)

    def _described(self, name: str) -> str:
        kind = self.network.types.get(name, 0)
        shape = self.network.shapes.get(name)
        sizes = "shape not known" if shape is None else _times(shape) or "one number"
        return f"{name}: {TensorProto.DataType.Name(kind).lower()}, {sizes}"  # type: ignore[arg-type]


def printable_lines(lines: Iterable[str]) -> str:
    """Lines from a file as they may be shown."""
    return "\n".join(printable(part, 400) for line in lines for part in line.split("\n")) + "\n"


def _with_all_outputs(network: OnnxNetwork) -> ModelProto:
    """The model with every layer's tensor among its outputs.

    That keeps each layer what the graph says it is: an optimiser may not fuse away what is asked
    for. It costs 1 to 25 % of a forward over ONNX Runtime's plain optimisation.
    """
    model = ModelProto()
    model.CopyFrom(network.file.model)
    graph = model.graph
    have = {value.name for value in graph.output}
    for layer in network.layers:
        if layer.output and layer.output not in have:
            have.add(layer.output)
            # its type is left to the runtime, which works it out anyway
            graph.output.append(ValueInfoProto(name=layer.output))
    declared = network.declared
    for value in graph.input:
        if value.name == declared.name:
            sizes = declared.concrete(network.shapes[declared.name][2])
            for dim, size in zip(value.type.tensor_type.shape.dim, sizes, strict=True):
                dim.Clear()
                dim.dim_value = size
    return model


def _runtime_of(model: ModelProto) -> "onnxruntime.InferenceSession":
    """A model in ONNX Runtime. Raises `ExplorerError` where that cannot run it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised as well
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    threads = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
    # its threads wait asleep: others in this process want the processor too
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # a dozen classes of its own, which share no other ancestor
        raise ExplorerError(
            f"ONNX Runtime cannot run it ({_reason(error)}).", details=str(error)
        ) from error


def run_plainly(content: bytes, batch: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """The first output of a model of one input, given as the bytes of a file."""
    model = ModelProto.FromString(content)
    feed = {model.graph.input[0].name: batch}
    return _run(_runtime_of(model), [model.graph.output[0].name], feed)[0]


def _run(
    runtime: "onnxruntime.InferenceSession", names: list[str], feed: dict[str, npt.NDArray[Any]]
) -> list[npt.NDArray[Any]]:
    try:
        return [np.asarray(value) for value in runtime.run(names, feed)]
    except Exception as error:
        raise ExplorerError(
            f"ONNX Runtime stopped on the way ({_reason(error)}).", details=str(error)
        ) from error


def _reason(error: Exception) -> str:
    """What ONNX Runtime complains of, without the code and the place in its sources."""
    text = " ".join(str(error).split())
    text = text.removeprefix("[ONNXRuntimeError] : ")
    parts = text.split(" : ", 2)
    return printable(parts[-1], 160).rstrip(".")


def _computed(network: OnnxNetwork, name: str) -> npt.NDArray[Any]:
    """A constant that nodes make of others: those nodes alone are run."""
    model = network.file.model
    makers = {out: node for node in model.graph.node for out in node.output if out}
    wanted, pending = set(), [name]
    initialisers: dict[str, TensorProto] = {}
    while pending:
        tensor = pending.pop()
        if tensor in network.initialisers:
            initialisers[tensor] = network.initialisers[tensor]
        elif tensor not in wanted:
            wanted.add(tensor)
            pending += inputs_of(makers[tensor])
    part = ModelProto()
    part.ir_version = max(model.ir_version, 4)  # before that, weights had to be inputs too
    part.opset_import.extend(model.opset_import)
    part.graph.name = "constant"
    part.graph.node.extend(node for node in model.graph.node if set(node.output) & wanted)
    part.graph.initializer.extend(initialisers.values())
    part.graph.output.append(ValueInfoProto(name=name))
    return _run(_runtime_of(part), [name], {})[0]


def _as_torch_has_it(layer: OnnxLayer, weight: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A weight in the order that panels know: a matrix is (out, in); what stands for channels
    alone is flat."""
    operator = layer.node.op_type
    if weight.ndim == 2 and operator in ("Gemm", "MatMul"):
        turned = any(a.name == "transB" and a.i for a in layer.node.attribute)
        return weight if turned else weight.T
    if operator not in ("Conv", "ConvTranspose") and sum(s > 1 for s in weight.shape) < 2:
        return weight.reshape(-1)
    return weight if weight.ndim < 5 else weight.reshape(*weight.shape[:3], -1)


def _is_distribution(values: npt.NDArray[np.float64]) -> bool:
    """Whether values are probabilities already: a softmax is the network's last layer."""
    return bool(values.min() >= 0 and math.isclose(values.sum(), 1.0, abs_tol=1e-3))


def _float32(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    array = np.ascontiguousarray(values, dtype=np.float32)
    if array.flags.writeable:
        array.flags.writeable = False
    return array


def _times(shape: Iterable[int]) -> str:
    return " × ".join(map(str, shape))
