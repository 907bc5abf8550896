"""The numbers of one layer's output, of all its values and of each channel.

Every value counts; means are of the finite ones and are summed in double precision. Those that are
infinite or not a number are counted apart.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

SortKey = Literal["index", "mean", "maximum", "deviation", "sparsity", "effect"]
"""What channels are sorted by. Sparsity is the share of zeros; the effect comes from
`cnn_explorer.probe.effect`."""

SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)

_SMALL_SPREAD, _LARGE_SPREAD = 1e-12, 1e18
"""Where values lie closer together or farther apart, their squares leave single precision."""


@dataclass(frozen=True, eq=False)
class ChannelStatistics:
    """Of each channel of a layer, or each value of a flat one: arrays (channels,)."""

    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    """Standard deviation over the places, of the population."""
    minimum: FloatArray
    maximum: FloatArray
    zeros: npt.NDArray[np.float64]
    """Share of values that are exactly 0, from 0 to 1."""
    dead: npt.NDArray[np.bool_]
    """Whether all values are 0: what never fires for this picture."""
    not_finite: npt.NDArray[np.int64]
    """How many values are infinite or not a number."""


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    """Of all values of a layer's output. Where no value is finite, numbers are not a number."""

    count: int
    mean: float
    deviation: float
    minimum: float
    maximum: float
    zeros: float
    """Share of values that are exactly 0, from 0 to 1."""
    dead: int
    """How many channels are 0 everywhere."""
    not_a_number: int
    infinite: int
    channels: ChannelStatistics

    @property
    def signed(self) -> bool:
        """Whether any value is below zero."""
        return self.minimum < 0


def statistics_of(maps: FloatArray) -> LayerStatistics:
    """The numbers of an output (C, H, W) or (N,); any number of dimensions, the first counts
    channels. An empty output has a count of 0."""
    rows = maps.reshape(len(maps), -1) if maps.size else np.zeros((0, 1), np.float32)
    size = rows.shape[1]
    low, high = rows.min(axis=1), rows.max(axis=1)
    undefined = infinite = 0
    if np.isfinite(low).all() and np.isfinite(high).all():
        finite = np.full(len(rows), size)
        sums = rows.sum(axis=1, dtype=np.float64)
        mean = sums / size
        variance = _variance(rows, mean, high.astype(np.float64) - low)
    else:
        good = np.isfinite(rows)
        finite = good.sum(axis=1)
        undefined = int(np.count_nonzero(np.isnan(rows)))
        infinite = int(rows.size - finite.sum()) - undefined
        values = np.where(good, rows, 0.0).astype(np.float64)
        with np.errstate(invalid="ignore"):  # 0 / 0 of a channel without a finite value
            mean = values.sum(axis=1) / finite
            away = np.where(good, values - mean[:, None], 0.0)
            variance = np.square(away).sum(axis=1) / finite
        low = np.where(good, rows, np.inf).min(axis=1)
        high = np.where(good, rows, -np.inf).max(axis=1)
        low[finite == 0] = high[finite == 0] = np.nan
    zeros = np.count_nonzero(rows == 0, axis=1)
    channels = ChannelStatistics(
        mean=mean,
        deviation=np.sqrt(variance),
        minimum=low,
        maximum=high,
        zeros=zeros / size,
        dead=zeros == size,
        not_finite=size - finite,
    )
    return _of_layer(channels, finite, size, undefined, infinite)


def _variance(
    rows: FloatArray, mean: npt.NDArray[np.float64], spread: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Of each row of finite values, which lie in a range of this width. Squares are in single
    precision, which takes half the time, except where they would leave its range."""
    centre = mean.astype(np.float32)
    with np.errstate(over="ignore"):
        squares = np.square(rows - centre[:, None])
        # around the rounded mean they are too large by the square of what it was rounded by
        variance = squares.mean(axis=1, dtype=np.float64) - np.square(mean - centre)
    outside = (spread > 0) & ((spread < _SMALL_SPREAD) | (spread > _LARGE_SPREAD))
    if outside.any():
        away = rows[outside] - mean[outside, None]
        variance[outside] = np.square(away).mean(axis=1)
    positive: npt.NDArray[np.float64] = np.maximum(variance, 0.0)
    return positive


def _of_layer(
    channels: ChannelStatistics,
    finite: npt.NDArray[np.int64],
    size: int,
    undefined: int,
    infinite: int,
) -> LayerStatistics:
    """All channels together: the variance is that within them and that between them."""
    count, total = len(finite) * size, int(finite.sum())
    mean = deviation = low = high = float("nan")
    if total:
        some = finite > 0
        share = finite[some] / total
        mean = float((channels.mean[some] * share).sum())
        within = np.square(channels.deviation[some]) + np.square(channels.mean[some] - mean)
        deviation = float(np.sqrt((within * share).sum()))
        low, high = float(channels.minimum[some].min()), float(channels.maximum[some].max())
    return LayerStatistics(
        count=count,
        mean=mean,
        deviation=deviation,
        minimum=low,
        maximum=high,
        zeros=float(channels.zeros.mean()) if count else float("nan"),
        dead=int(np.count_nonzero(channels.dead)),
        not_a_number=undefined,
        infinite=infinite,
        channels=channels,
    )


def order_of(
    statistics: LayerStatistics,
    key: SortKey = "index",
    *,
    effect: npt.NDArray[np.floating] | None = None,
    hide_dead: bool = False,
) -> npt.NDArray[np.intp]:
    """The channels as they are to be shown: by index, or the most of a number first, equal ones
    and those without the number by index. Without an `effect` that order is the one by index."""
    channels = statistics.channels
    order = np.arange(len(channels.mean))
    by_key: dict[SortKey, npt.NDArray[np.floating] | None] = {
        "mean": channels.mean,
        "maximum": channels.maximum,
        "deviation": channels.deviation,
        "sparsity": channels.zeros,
        "effect": effect,
    }
    numbers = by_key.get(key)
    if numbers is not None:
        # what is not a number would come first among the negated ones
        order = np.argsort(-np.where(np.isnan(numbers), -np.inf, numbers), kind="stable")
    return order[~channels.dead[order]] if hide_dead else order
