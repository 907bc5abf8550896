"""The numbers of many layers for one picture, in one forward that keeps no output."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnn_explorer.errors import Checkpoint, no_checkpoint
from cnn_explorer.probe.capture import as_maps, each_output
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.statistics import LayerStatistics, statistics_of

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_explorer.probe.onnx_session import OnnxSession


def statistics_of_layers(
    session: "Session | OnnxSession",
    prepared: PreparedInput,
    layers: Sequence[str],
    checkpoint: Checkpoint = no_checkpoint,
) -> dict[str, LayerStatistics]:
    """The numbers of `layers` (names as in `capture`), by name, in the order of `layers`; those
    that took no part in the prediction are not among them. Raises as `Session.run` does."""
    found: dict[str, LayerStatistics] = {}
    if isinstance(session, Session):
        from torch._C import DisableTorchFunction

        def given(name: str, output: "Tensor") -> None:
            # what is computed here is not heard as the network's own operations
            with DisableTorchFunction():
                maps = as_maps(output.detach()).float().numpy()
            found[name] = statistics_of(np.ascontiguousarray(maps))

        with each_output(session.model, layers, given):
            session.run(prepared, (), checkpoint)
    else:
        # ONNX Runtime gives all outputs at once
        for name, maps in session.run(prepared, layers, checkpoint).activations.items():
            found[name] = statistics_of(maps)
    return {layer: found[layer] for layer in layers if layer in found}
