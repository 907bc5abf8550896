"""The classic ways in which layers fail, told from the numbers of their outputs for one picture.

Thresholds are wide on purpose: what is marked is broken or very odd, and trained networks as they
are published show none of it. Deviations are compared with those of the first layers, since a
network's later layers should be of their order of magnitude (Glorot and Bengio 2010; He et al.
2015): they explode where they grow a thousandfold, and vanish where they shrink as much.
"""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from cnn_explorer.probe.statistics import LayerStatistics
from cnn_explorer.text import format_share, format_value

FailureKind = Literal[
    "not finite", "all zero", "mostly dead", "saturated", "constant", "exploding", "vanishing"
]

FAILURE_KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
"""The gravest first: a layer that fails in several ways is marked with the first of them."""

MOSTLY = 0.5
"""The share of dead channels, or of saturated values, above which a layer fails."""
GROWTH = 1000.0
"""How many times the first layers' deviation is too much, or that part of it too little."""
LARGE = 100.0
"""A deviation below this is no explosion, however small the first layers' is."""
SMALL = 0.001
"""A deviation above this has not vanished, however large the first layers' is."""
HUGE = 1e6
"""A deviation above this has exploded whatever the first layers' is."""
STEADY = 1e-4
"""A layer is constant where its deviation is less than this part of its mean."""
NEAR = 0.01
"""How near a bound saturated values are, as part of the way between the bounds."""
FIRST_LAYERS = 3
"""So many layers, the first with any deviation, say what deviations should be like."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "hardsigmoid": (0.0, 1.0),
    "hardtanh": (-1.0, 1.0),
    "scaledtanh": (-1.7159, 1.7159),
    "sigmoid": (0.0, 1.0),
    "softsign": (-1.0, 1.0),
    "tanh": (-1.0, 1.0),
}
"""Activations that squash their input between two bounds, by the name of their class or function in
lower case. ReLU6 is none of them: to be 0 is its work."""

_PROBABILITIES = frozenset({"softmax", "logsoftmax", "log_softmax"})
"""Small by what they are."""
_MASKS = frozenset(
    {"eq", "full_like", "masked_fill", "ne", "new_full", "new_zeros", "permute", "sub", "unsqueeze",
     "zeros", "zeros_like"}
)  # fmt: skip
"""Functions with which transformers build their masks: to be 0 nearly everywhere is their work."""


@dataclass(frozen=True)
class Failure:
    """What is wrong with one layer's output."""

    kind: FailureKind
    sentence: str
    since: str
    """The layer with which it began: the first of the unbroken row of layers, in forward order,
    that fail in the same way."""


def failures(
    layers: Mapping[str, LayerStatistics],
    kinds: Mapping[str, str],
    saturated: Mapping[str, float],
) -> dict[str, Failure]:
    """The failures among layers in forward order, by layer.

    `kinds` are their classes or functions in lower case (``tanh``), as far as they are known;
    `saturated` has the share of values near a bound for those among `BOUNDS`. The dead are counted
    where channels have places: a single value of 0, as half of those behind a ReLU are, is no
    failure.
    """
    usual = _usual_deviation(layers, kinds)
    found: dict[str, Failure] = {}
    before: Failure | None = None
    for name, numbers in layers.items():
        told = None
        if numbers.count:
            told = _failure(numbers, kinds.get(name, ""), saturated.get(name, 0.0), usual)
        if told is None:
            before = None
            continue
        kind, sentence = told
        since = before.since if before is not None and before.kind == kind else name
        before = found[name] = Failure(kind, sentence, since)
    return found


def near_bounds(kind: str, values: npt.NDArray[np.float32]) -> float | None:
    """The share of the values of an activation that are within `NEAR` of one of its bounds; None
    of what has no bounds."""
    bounds = BOUNDS.get(kind)
    if bounds is None or not values.size:
        return None
    low, high = bounds
    margin = NEAR * (high - low)
    near = np.count_nonzero((values <= low + margin) | (values >= high - margin))
    return near / values.size


def _failure(
    numbers: LayerStatistics, kind: str, saturated: float, usual: float
) -> tuple[FailureKind, str] | None:
    broken = numbers.not_a_number + numbers.infinite
    if broken:
        verb = "is" if broken == 1 else "are"
        return "not finite", f"{broken:,} of {numbers.count:,} values {verb} infinite or no number."
    channels, is_mask = len(numbers.channels.dead), kind in _MASKS
    if numbers.minimum == numbers.maximum == 0 and not is_mask:
        return "all zero", "All values are 0: nothing of the picture comes through."
    if numbers.count > channels and numbers.dead > MOSTLY * channels and not is_mask:
        return "mostly dead", f"{numbers.dead:,} of {channels:,} channels are 0 everywhere."
    if saturated > MOSTLY:
        return (
            "saturated",
            f"{_per_cent(saturated)} of the values are within 1 % of the bounds of {kind}, where "
            "its slope is next to 0.",
        )
    if numbers.count > 1 and numbers.deviation < STEADY * abs(numbers.mean):
        return (
            "constant",
            f"All values are about {_rounded(numbers.mean)}: they differ by less than a "
            f"{1 / STEADY:,.0f}th of that.",
        )
    return None if kind in _PROBABILITIES else _out_of_range(numbers, usual)


def _out_of_range(numbers: LayerStatistics, usual: float) -> tuple[FailureKind, str] | None:
    deviation = numbers.deviation
    if deviation > HUGE or deviation > max(LARGE, GROWTH * usual):
        return "exploding", _compared(deviation, usual)
    # what is nearly the same everywhere and not small, as gates are, has not vanished
    size = math.hypot(deviation, numbers.mean)
    if 0 < size < min(SMALL, usual / GROWTH):
        if not deviation:  # of a layer that is a single value
            return "vanishing", f"Its value is {_rounded(numbers.mean)}, next to nothing."
        return "vanishing", _compared(deviation, usual)
    return None


def _compared(deviation: float, usual: float) -> str:
    times = deviation / usual
    said = f"{_rounded(times)} times" if times >= 1 else f"one {_rounded(1 / times)}th of"
    return f"The deviation is {_rounded(deviation)}, {said} that of the first layers."


def _usual_deviation(layers: Mapping[str, LayerStatistics], kinds: Mapping[str, str]) -> float:
    """The median deviation of the first layers; 1 where none has any."""
    first: list[float] = []
    for name, numbers in layers.items():
        if math.isfinite(numbers.deviation) and numbers.deviation > 0:
            if kinds.get(name, "") not in _PROBABILITIES:
                first.append(numbers.deviation)
            if len(first) == FIRST_LAYERS:
                break
    return statistics.median(first) if first else 1.0


def _rounded(value: float) -> str:
    """Three digits: ``0.00124``, ``1,240``, ``1.24e9``."""
    if 1000 <= abs(value) < 1e6:
        return f"{float(f'{value:.3g}'):,.0f}".replace("-", "−")
    return format_value(value, 3)


def _per_cent(share: float) -> str:
    return "All" if share == 1 else format_share(share)
