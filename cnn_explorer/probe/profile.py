"""The numbers of many layers for one picture: the profile of a network over its depth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Checkpoint, no_checkpoint
from cnn_explorer.probe.failures import Failure, failures, near_bounds
from cnn_explorer.probe.layer_outputs import each_layer
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.statistics import LayerStatistics, statistics_of

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session


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
    """The numbers of `layers` (names as in `capture`) for one picture, in one forward that keeps no
    output.

    An answer that is not finite is no error here: this is where one looks for the reason. The
    checkpoint and what is raised are as in `each_layer`.
    """
    found: dict[str, LayerStatistics] = {}
    kinds: dict[str, str] = {}
    saturated: dict[str, float] = {}

    def read(name: str, kind: str, maps: npt.NDArray[np.float32]) -> None:
        kinds[name] = kind
        found[name] = statistics_of(maps)
        near = near_bounds(kind, maps)
        if near is not None:
            saturated[name] = near

    each_layer(session, prepared, layers, read, checkpoint)
    return Profile(found, failures(found, kinds, saturated), saturated)
