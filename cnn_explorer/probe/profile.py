"""The numbers of many layers for one picture: the profile of a network over its depth.

One forward suffices, and no output is kept: each is read as soon as it is there, while it is still
in the processor's cache and before a later operation can overwrite it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.probe.capture import as_maps, can_be_captured, each_output, split_call
from cnn_explorer.probe.failures import Failure, failures, near_bounds
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session, checked
from cnn_explorer.probe.statistics import LayerStatistics, statistics_of
from cnn_explorer.text import one_line

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_explorer.probe.onnx_session import OnnxSession

BATCH_BYTES = 256 << 20
"""Of outputs that an ONNX file gives at once: each batch of layers is a forward of its own."""

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Profile:
    """What layers put out for one picture, in numbers, and what is wrong with it."""

    layers: Mapping[str, LayerStatistics]
    """By layer, in forward order. Layers that took no part in the prediction are not among them."""
    failures: Mapping[str, Failure]
    """Of those among them that fail."""
    saturated: Mapping[str, float]
    """Of activations with two bounds, the share of values near one of them."""


def profile(
    session: "Session | OnnxSession",
    prepared: PreparedInput,
    layers: Sequence[str],
    checkpoint: Checkpoint = no_checkpoint,
) -> Profile:
    """The numbers of `layers` (names as in `capture`) for one picture.

    An answer that is not finite is no error here: this is where one looks for the reason. The
    checkpoint is called at some twenty places on the way, or for an ONNX file before each batch.
    Raises `ExplorerError` for an unknown layer and where the network cannot be run.
    """
    found: dict[str, LayerStatistics] = {}
    kinds: dict[str, str] = {}
    saturated: dict[str, float] = {}

    def read(name: str, kind: str, maps: FloatArray) -> None:
        kinds[name] = kind
        found[name] = statistics_of(maps)
        near = near_bounds(kind, maps)
        if near is not None:
            saturated[name] = near

    if isinstance(session, Session):
        _read_modules(session, prepared, layers, checkpoint, read)
    else:
        _read_nodes(session, prepared, layers, checkpoint, read)
    return Profile(found, failures(found, kinds, saturated), saturated)


Read = Callable[[str, str, FloatArray], None]
"""What is told of each layer: its name, its class or function in lower case, its output."""


def _read_modules(
    session: Session,
    prepared: PreparedInput,
    layers: Sequence[str],
    checkpoint: Checkpoint,
    read: Read,
) -> None:
    import torch
    from torch._C import DisableTorchFunction

    model = session.model
    wanted = can_be_captured(model, layers)
    for layer in set(layers).difference(wanted):
        session.check_layer(layer)  # a weight by its own name puts out nothing
    modules = dict(model.named_modules())

    def given(name: str, output: "Tensor") -> None:
        # what is computed here is not heard as the network's own operations
        with DisableTorchFunction():
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
    checkpoint: Checkpoint,
    read: Read,
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
) -> Iterator[list[str]]:
    """Layers of an ONNX file in the order in which it runs, in rows whose outputs for so many
    pictures take at most `BATCH_BYTES`, or of one layer that takes more."""
    network = session.network
    place = {layer.output: number for number, layer in enumerate(network.layers)}
    tensors = {layer: network.tensor_of(layer) for layer in dict.fromkeys(layers)}
    batch: list[str] = []
    total = 0
    for layer in sorted(tensors, key=lambda layer: place[tensors[layer]]):
        size = pictures * _bytes(network.shapes.get(tensors[layer]))
        if batch and total + size > BATCH_BYTES:
            yield batch
            batch, total = [], 0
        batch.append(layer)
        total += size
    if batch:
        yield batch


def _bytes(shape: Sequence[int] | None) -> int:
    """Of a tensor of floats; where nobody knows its shape, as much as should be a lot."""
    return 4 * int(np.prod(shape, dtype=np.int64)) if shape is not None else BATCH_BYTES // 8
