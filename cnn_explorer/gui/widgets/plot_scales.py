"""Scales of plots: where values stand between 0 and 1, and which numbers stand beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """From the least value, at 0, to the largest, at 1."""

    low: float
    high: float
    unit: float = 0.0
    """Where it is not 0 the scale is logarithmic in both directions from there, and linear
    between: 0 and signs have their places."""

    def places(self, values: npt.ArrayLike) -> FloatArray:
        """Where values stand; what is not finite stands nowhere."""
        low, high = self._bent(np.array([self.low, self.high]))
        with np.errstate(invalid="ignore"):
            bent = (self._bent(np.asarray(values, np.float64)) - low) / (high - low)
        return np.where(np.isfinite(bent), bent, np.nan)

    def ticks(self, most: int) -> list[float]:
        """Round values to be named, at most about so many."""
        if not self.unit:
            return round_values(self.low, self.high, most)
        low, high = self._bent(np.array([self.low, self.high]))
        # on the bent scale each power of ten is a whole number
        first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
        step = max(1, math.ceil((last - first + 1) / max(most, 1)))
        found = [self._straight(at) for at in range(first, last + 1) if at % step == 0]
        if len(found) > 2 or not self.low < self.high:
            return found
        # little more than one power of ten: what lies between is named too
        between = [
            part * self._straight(at)
            for at in range(math.floor(low), math.ceil(high) + 1)
            for part in (1, 2, 5)
        ]
        fine = sorted({value for value in between if self.low <= value <= self.high})
        if 1 < len(fine) <= most:
            return fine
        return found if len(found) > 1 else round_values(self.low, self.high, most)

    def _bent(self, values: FloatArray) -> FloatArray:
        if not self.unit:
            return values
        parts = np.abs(values) / self.unit
        powers = 1 + np.log10(np.maximum(parts, 1))
        bent: FloatArray = np.sign(values) * np.where(parts <= 1, parts, powers)
        return bent

    def _straight(self, at: int) -> float:
        return math.copysign(self.unit * 10.0 ** (abs(at) - 1), at) if at else 0.0


def scale_for(
    values: npt.ArrayLike, *, log: bool = False, low: float | None = None, high: float | None = None
) -> Scale:
    """A scale that holds all finite values, and `low` and `high` where they are given."""
    finite = np.asarray(values, np.float64).reshape(-1)
    finite = finite[np.isfinite(finite)]
    ends = [end for end in (low, high) if end is not None]
    least = min([*ends, float(finite.min())] if finite.size else [*ends, 0.0])
    most = max([*ends, float(finite.max())] if finite.size else [*ends, 1.0])
    if least == most:
        half = abs(least) / 2 or 0.5
        least, most = least - half, most + half
    return Scale(least, most, _unit(finite) if log else 0.0)


def _unit(values: FloatArray) -> float:
    """The power of ten below nearly all sizes: outliers near 0 would take all the room."""
    sizes = np.abs(values[values != 0])
    if not sizes.size:
        return 1.0
    least = max(float(np.quantile(sizes, 0.05)), float(sizes.max()) * 1e-12)
    # never 0, where all are smaller than what has a power of ten
    return 10.0 ** max(math.floor(math.log10(least)), -300)


def round_values(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten from low to high, at most about so many."""
    span = high - low
    if not span > 0:
        return [low]
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 1000:  # the values are one but for their last digits
        return [low, high]
    # the only round values may lie outside
    return [at * step for at in range(first, last + 1)] or round_values(low, high, 2 * most)


def spaced(wanted: Sequence[tuple[float, float]]) -> list[int]:
    """Which of texts (middle, width), the most wanted first, have room beside each other."""
    taken: list[tuple[float, float]] = []
    kept: list[int] = []
    for number, (middle, width) in enumerate(wanted):
        start, end = middle - width / 2, middle + width / 2
        if all(end <= left or start >= right for left, right in taken):
            taken.append((start, end))
            kept.append(number)
    return kept
