"""An open network: run it on prepared pictures, read its layers' outputs and weights.

Torch is imported when the first network is opened, not with this module.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.probe.capture import (
    Captured,
    Modules,
    as_maps,
    can_be_captured,
    capture,
    module_at,
)
from cnn_explorer.probe.precision import EXACT, FastForm, Form, Precision
from cnn_explorer.probe.results import (
    Channel,
    LayerFilters,
    PreparedInput,
    Ranking,
    RunResult,
    Thumbnail,
)
from cnn_explorer.probe.runtime import import_torch
from cnn_explorer.probe.source import ModuleSource, source_of
from cnn_explorer.probe.thumbnails import thumbnails
from cnn_explorer.text import one_line

_CHECKPOINTS = 20
"""In one forward, at most. One at each leaf of a deep network would cost 4 % of its time."""

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from cnn_explorer.networks.fit import FitReport


@dataclass(eq=False)
class Session:
    """One network, opened. Use it in one thread only.

    A session keeps no activations: drop the last `RunResult` before the next run, and its memory
    is used again.
    """

    card: NetworkCard
    model: "nn.Module"
    """In eval mode."""
    trained: bool
    weights: str
    """For people: ``MNIST``, ``ImageNet V1``, a file name, or ``random (seed 0)``."""
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    report: "FitReport | None" = None
    """How the weights fit, tensor by tensor; None of random ones."""
    note: str = ""
    """What else is to be said of the weights, one sentence, or empty."""
    _overwritten: set[str] = field(default_factory=set)
    """Layers that were found to be overwritten by a later operation: their outputs are copied."""
    _fast: FastForm = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._fast = FastForm(self.model, self.card.title, self.preprocessing.input_shape)

    @classmethod
    def open(
        cls,
        card: NetworkCard,
        weights_file: Path | None = None,
        checkpoint: Checkpoint = no_checkpoint,
        *,
        version: str = "",
    ) -> "Session":
        """Build a network and load its weights: those of the file or the `version` (a tag of the
        card's weights, or ``random``), else the best at hand, else seeded random ones. Raises
        `ExplorerError` where the file does not fit or the version is not at hand."""
        import_torch()
        from cnn_explorer.networks.labels import class_names
        from cnn_explorer.networks.weights import open_network

        opened = open_network(card, weights_file, version=version, checkpoint=checkpoint)
        opened.model.eval()
        return cls(
            card=card,
            model=opened.model,
            trained=opened.trained,
            weights=opened.weights,
            preprocessing=opened.preprocessing,
            class_names=opened.class_names or class_names(card.classes),
            report=opened.report,
            note=opened.note,
        )

    @property
    def held_bytes(self) -> int:
        """Memory that its parameters and buffers take, those of a fast copy too; what both share is
        counted once."""
        copy = self._fast.copy
        if copy is None:
            return self._exact_bytes
        return _bytes_of(self.model, copy) + self._fast.packed_bytes

    @cached_property
    def _exact_bytes(self) -> int:
        return _bytes_of(self.model)

    def run(
        self,
        prepared: PreparedInput,
        layers: Sequence[str] = (),
        checkpoint: Checkpoint = no_checkpoint,
        *,
        thumbnails_of: Sequence[str] = (),
        channel: Channel = "mean",
        precision: Precision = "exact",
    ) -> RunResult:
        """The network's answer to one picture, the outputs of `layers` (names as in `capture`), and
        thumbnails of the outputs of others; a layer that gives no output has no thumbnail.

        Fast runs on a copy, made when it is first asked for and dropped at the next exact run. The
        result says in which numbers the network ran: where fast fails, it ran exactly.

        The checkpoint is called at some twenty places on the way, where a run can be cancelled.
        Raises `ExplorerError` for an unknown layer, for one that takes no part in a prediction,
        and where the answer is not finite.
        """
        shape = prepared.tensor.shape
        if shape != self.preprocessing.input_shape:
            raise ExplorerError(
                f"{self.card.title} takes an input of {_times(self.preprocessing.input_shape)} "
                f"values, not {_times(shape)}."
            )
        if self.model.training:
            self.model.eval()
        if precision == "exact":
            self._fast.drop()
            return self._run(self._exact, prepared, layers, checkpoint, thumbnails_of, channel)
        form = self._fast.get(checkpoint)
        try:
            return self._run(form, prepared, layers, checkpoint, thumbnails_of, channel)
        except ExplorerError as error:
            if form.arithmetic.precision == "exact":
                raise
            # where exact fails as well, that is what is told
            result = self._run(self._exact, prepared, layers, checkpoint, thumbnails_of, channel)
            return replace(result, arithmetic=self._fast.refuse(str(error)).arithmetic)

    @property
    def _exact(self) -> Form:
        return Form(self.model, EXACT)

    def _run(
        self,
        form: Form,
        prepared: PreparedInput,
        layers: Sequence[str],
        checkpoint: Checkpoint,
        thumbnails_of: Sequence[str],
        channel: Channel,
    ) -> RunResult:
        import torch

        # A copy: what is prepared stays as it is whatever the network does to its input.
        batch = torch.from_numpy(np.array(prepared.tensor, dtype=np.float32, order="C")[None])
        started = time.perf_counter()
        made: dict[str, Thumbnail] = {}
        try:
            with ExitStack() as stack:
                model, modules = form.model, form.modules
                wanted = can_be_captured(model, thumbnails_of, modules) if thumbnails_of else ()
                if wanted:
                    stack.enter_context(thumbnails(model, wanted, channel, made, modules))
                form.wanted((*layers, *wanted))
                logits, captured = self._forward(form, batch, layers, checkpoint)
                form.check()
        except (ExplorerError, Cancelled):
            raise
        except Exception as error:  # whatever goes wrong in a network that is not ours
            raise ExplorerError(
                f"{self.card.title} cannot be run on a picture: {one_line(error)}."
            ) from error
        forward_ms = (time.perf_counter() - started) * 1000
        activations = {layer: _maps(captured[layer]) for layer in dict.fromkeys(layers)}
        return RunResult(
            classes=ranked(finite(_numbers(logits)), self.class_names),
            activations=activations,
            forward_ms=forward_ms,
            thumbnails=made,
            arithmetic=form.arithmetic,
        )

    def filters(self, layer: str) -> LayerFilters | None:
        """The weights of a layer; None where it has none of its own (a ReLU, a block). A weight
        that belongs to no layer (``class_token``) is found by its own name.

        The arrays are read-only views of the network's own weights: VGG-16's largest layer has
        411 MB of them.
        """
        module = module_at(self.model, layer)
        tensors = dict(module.named_parameters(recurse=False))
        loose = tensors.get(layer.rpartition(".")[2])
        if loose is not None and layer not in dict(self.model.named_modules()):
            # sizes of one hold a place for pictures and positions, and say nothing here
            return LayerFilters(layer, _array(loose).squeeze(), None)
        if "weight" not in tensors:
            return None
        bias = tensors.get("bias")
        return LayerFilters(
            layer=layer,
            weight=_array(tensors["weight"]),
            bias=None if bias is None else _array(bias),
            **_told_of_weights(module),
        )

    def source(self, layer: str) -> ModuleSource:
        """The source code behind a layer; the empty name is the network itself."""
        return source_of(self.model, layer)

    def check_layer(self, layer: str) -> None:
        """Raises `ExplorerError` for a layer that the network does not have."""
        module_at(self.model, layer)

    def _forward(
        self, form: Form, exact: "Tensor", layers: Sequence[str], checkpoint: Checkpoint
    ) -> tuple["Tensor", Captured]:
        """(classes,) and the captured outputs."""
        import torch

        model, batch = form.model, form.batch(exact)
        with ExitStack() as stack:
            if checkpoint is not no_checkpoint:
                stack.enter_context(checked(model, checkpoint, form.modules))
            if not layers:
                with torch.inference_mode():
                    return logits_of(model(batch)), Captured()
            # Not inference_mode: its tensors do not tell whether they were changed in place. It
            # is no slower: what inference_mode saves is lost among convolutions.
            with torch.no_grad():
                keeping = partial(capture, model, layers, modules=form.modules)
                with keeping(copy=self._overwritten) as captured:
                    logits = logits_of(model(batch))
                if captured.overwritten:
                    self._overwritten.update(captured.overwritten)
                    with keeping(copy=self._overwritten) as captured:
                        logits = logits_of(model(batch))
                return logits, captured


def _bytes_of(*models: "nn.Module") -> int:
    """Memory that parameters and buffers take, what several share counted once."""
    storages = {}
    for model in models:
        for tensor in (*model.parameters(), *model.buffers()):
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


@contextmanager
def checked(
    model: "nn.Module", checkpoint: Checkpoint, modules: Modules | None = None
) -> Iterator[None]:
    """Within the context, call the checkpoint after leaf modules of `model`, evenly spread."""
    known = model.modules() if modules is None else modules.values()
    leaves = [module for module in known if not module._modules]
    watched = leaves[:: -(-len(leaves) // _CHECKPOINTS)]
    done = 0

    def report(_module: "nn.Module", _inputs: Any, _output: Any) -> None:
        nonlocal done
        done += 1
        checkpoint(min(1.0, done / len(watched)))

    handles = []
    try:
        for leaf in watched:
            handles.append(leaf.register_forward_hook(report))
        yield
    finally:
        for handle in handles:
            handle.remove()


def logits_of(output: Any) -> "Tensor":
    """(classes,) of a batch of one; of several outputs (auxiliary heads) the first."""
    if isinstance(output, (tuple, list)):
        output = output[0]
    logits: torch.Tensor = output.reshape(output.shape[0], -1)[0]
    return logits


def _numbers(logits: "Tensor") -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = logits.detach().cpu().double().numpy()
    return values


def ranked(
    logits: npt.NDArray[np.float64], names: Sequence[str], *, softmax: bool = True
) -> Ranking:
    """Softmax, most likely first; ranked by the outputs, as tiny probabilities become 0. What is a
    probability already stays as it is, without `softmax`."""
    powers = np.exp(logits - logits.max()) if softmax else logits
    values = powers / powers.sum()
    order = np.argsort(-logits, kind="stable")
    return Ranking(order, values[order], names)


def finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The network's outputs; `ExplorerError` where they hold values that are not finite."""
    if not np.isfinite(values).all():
        raise ExplorerError(
            "the network's answer is not a number: its weights hold values that are broken or far "
            "too large; choose another weights file."
        )
    return values


def _maps(output: "Tensor") -> npt.NDArray[np.float32]:
    """A captured output for people: (C, H, W) or (N,), float32, by itself in memory."""
    maps = as_maps(output)
    # a part of a larger tensor would hold all of that for as long as it is on show
    alone = maps.untyped_storage().nbytes() == maps.nbytes
    return _array(maps if alone else maps.clone())


def _told_of_weights(module: "nn.Module") -> dict[str, Any]:
    """What a `LayerFilters` says of weights beside their values."""
    from torch import nn

    from cnn_explorer.networks.layers import TableConv2d

    if isinstance(module, nn.modules.conv._ConvNd):
        kind = "transposed" if module.transposed else "convolution"
        return {"kind": kind, "groups": module.groups}
    if isinstance(module, TableConv2d):
        return {"kind": "convolution", "table": module.table}
    if isinstance(module, nn.Linear):
        return {"kind": "linear"}
    norms = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)
    if not isinstance(module, norms):
        return {}
    statistics = {
        name: _array(buffer)
        for name in ("running_mean", "running_var")
        if (buffer := getattr(module, name, None)) is not None
    }
    return {"kind": "normalisation", "eps": module.eps, **statistics}


def _array(tensor: "Tensor") -> npt.NDArray[np.float32]:
    """A read-only float32 array, C-contiguous; without a copy where that is possible."""
    import torch

    # laid out first: in torch that takes a third of the time that it takes in numpy
    array = tensor.detach().cpu().contiguous().to(torch.float32).numpy()
    array.flags.writeable = False
    return array


def _times(shape: Iterable[int]) -> str:
    return " × ".join(map(str, shape))
