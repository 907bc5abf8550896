"""What many layers put out for one picture, without all of it in memory at once: told one by one,
or worked out in batches of layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.probe.capture import (
    as_maps,
    can_be_captured,
    each_output,
    split_call,
    took_no_part,
)
from cnn_explorer.probe.precision import Arithmetic, Precision
from cnn_explorer.probe.results import PreparedInput, RunResult
from cnn_explorer.probe.session import Session, checked
from cnn_explorer.text import one_line

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_explorer.probe.onnx_session import OnnxSession

BATCH_BYTES = 256 << 20
"""Of outputs that are held at once: each batch of layers is a forward of its own."""

FloatArray = npt.NDArray[np.float32]

Read = Callable[[str, str, FloatArray], None]
"""What is told of each layer: its name, its class or function in lower case, its output."""


def each_layer(
    session: "Session | OnnxSession",
    prepared: PreparedInput,
    layers: Sequence[str],
    read: Read,
    checkpoint: Checkpoint = no_checkpoint,
) -> None:
    """Tell `read` the outputs of `layers` (names as in `capture`) in forward order, but for those
    that take no part in the prediction. What is told may be overwritten afterwards.

    One forward suffices, and no output is kept: each is read as soon as it is there, while it is
    still in the processor's cache. An ONNX file gives its outputs in batches. The answer may be
    anything, and not finite. The checkpoint is called at some twenty places on the way, or for an
    ONNX file before each batch. Raises `ExplorerError` for an unknown layer and where the network
    cannot be run.
    """
    if isinstance(session, Session):
        _read_modules(session, prepared, layers, read, checkpoint)
    else:
        _read_nodes(session, prepared, layers, read, checkpoint)


def _read_modules(
    session: Session,
    prepared: PreparedInput,
    layers: Sequence[str],
    read: Read,
    checkpoint: Checkpoint,
) -> None:
    import torch

    model = session.model
    wanted = can_be_captured(model, layers)
    for layer in set(layers).difference(wanted):
        session.check_layer(layer)  # a weight by its own name puts out nothing
    modules = dict(model.named_modules())

    def given(name: str, output: "Tensor") -> None:
        maps = as_maps(output.detach()).float().numpy()
        read(name, _kind_of(name, modules), np.ascontiguousarray(maps))

    if model.training:
        model.eval()
    batch = torch.from_numpy(np.array(prepared.tensor, dtype=np.float32, order="C")[None])
    try:
        with torch.inference_mode(), checked(model, checkpoint), each_output(model, wanted, given):
            model(batch)
    except (ExplorerError, Cancelled):
        raise
    except Exception as error:  # whatever goes wrong in a network that is not ours
        raise ExplorerError(
            f"{session.card.title} cannot be run on a picture: {one_line(error)}."
        ) from error


def _kind_of(layer: str, modules: Mapping[str, object]) -> str:
    name, _ = split_call(layer)
    if name in modules:
        return type(modules[name]).__name__.lower()
    return name.rpartition(".")[2].removesuffix("()")


def _read_nodes(
    session: "OnnxSession",
    prepared: PreparedInput,
    layers: Sequence[str],
    read: Read,
    checkpoint: Checkpoint,
) -> None:
    network = session.network
    batches = list(layer_batches(session, layers))
    for number, batch in enumerate(batches):
        checkpoint(number / len(batches))
        for layer, maps in session.outputs(prepared, batch).items():
            node = network.layer.get(layer)
            read(layer, "" if node is None else node.node.op_type.lower(), maps)
    checkpoint(1.0)


def layer_batches(
    session: "OnnxSession", layers: Sequence[str], pictures: int = 1
) -> Iterator[tuple[str, ...]]:
    """Layers of an ONNX file in the order in which it runs, in rows whose outputs for so many
    pictures take at most `BATCH_BYTES`, or of one layer that takes more."""
    network = session.network
    place = {layer.output: number for number, layer in enumerate(network.layers)}
    wanted = dict.fromkeys(layers)
    ordered = sorted(wanted, key=lambda layer: place[network.tensor_of(layer)])
    sizes = {name: pictures * size for name, size in _sizes_of_nodes(session, ordered).items()}
    return _batches(ordered, sizes)


def _sizes_of_nodes(session: "OnnxSession", layers: Sequence[str]) -> dict[str, int]:
    shapes = session.network.shapes
    return {layer: _bytes(shapes.get(session.network.tensor_of(layer))) for layer in layers}


def _bytes(shape: Sequence[int] | None) -> int:
    """Of a tensor of floats; where nobody knows its shape, as much as should be a lot."""
    return 4 * int(np.prod(shape, dtype=np.int64)) if shape is not None else BATCH_BYTES // 8


def _batches(layers: Sequence[str], sizes: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    """Layers in rows of at most `BATCH_BYTES`, or of one layer that is larger."""
    batch: list[str] = []
    total = 0
    for layer in layers:
        if batch and total + sizes[layer] > BATCH_BYTES:
            yield tuple(batch)
            batch, total = [], 0
        batch.append(layer)
        total += sizes[layer]
    if batch:
        yield tuple(batch)


class LayerOutputs(Mapping[str, FloatArray]):
    """The outputs of `layers` for one picture, by name, as `Session.run` gives them.

    What would be large together is worked out in batches as it is asked for, and the batch before
    is let go: ask in the order of the layers, and the network runs once a batch. Raises as
    `Session.run` does, at once for a layer that takes no part.
    """

    def __init__(
        self,
        session: "Session | OnnxSession",
        prepared: PreparedInput,
        layers: Sequence[str],
        checkpoint: Checkpoint = no_checkpoint,
        *,
        precision: Precision = "exact",
    ) -> None:
        self._session, self._prepared = session, prepared
        self._checkpoint, self._precision = checkpoint, precision
        layers = list(dict.fromkeys(layers))
        batches = [tuple(layers)] if len(layers) < 2 else _batches(layers, self._sizes(layers))
        self._batch_of = {layer: batch for batch in batches for layer in batch}
        self._result = self._run(self._batch_of[layers[0]] if layers else ())

    @property
    def arithmetic(self) -> Arithmetic:
        """In which numbers the network ran."""
        return self._result.arithmetic

    def _sizes(self, layers: Sequence[str]) -> dict[str, int]:
        session, sizes = self._session, dict[str, int]()
        if not isinstance(session, Session):
            return _sizes_of_nodes(session, layers)

        def note(layer: str, _kind: str, maps: FloatArray) -> None:
            sizes[layer] = maps.nbytes

        each_layer(session, self._prepared, layers, note, self._checkpoint)
        for layer in layers:
            if layer not in sizes:
                raise took_no_part(layer)
        return sizes

    def _run(self, batch: tuple[str, ...]) -> RunResult:
        return self._session.run(self._prepared, batch, self._checkpoint, precision=self._precision)

    def __getitem__(self, layer: str) -> FloatArray:
        batch = self._batch_of[layer]
        if layer not in self._result.activations:
            del self._result  # before the next one is there
            self._result = self._run(batch)
        return self._result.activations[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self._batch_of)

    def __len__(self) -> int:
        return len(self._batch_of)
