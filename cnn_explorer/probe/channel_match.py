"""Which channels of one layer are most like a channel of another, in the same network or not: the
correlation of their maps over positions (Li et al. 2016, "Convergent learning",
https://arxiv.org/abs/1511.07543), for one picture or over several.

Maps of different sizes are brought onto one grid by where they lie on the picture. The grid has, in
each direction, the cells of the map with the larger ones, so that one of them is taken as it is,
and the other by the mean of what lies in each cell.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session

_CONSTANT = 1e-12
"""A variance below this part of the mean square is rounding."""

FloatArray = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Extent = tuple[float, float, float, float]
"""Where a map lies: x, y, width, height in pixels, each unit as wide as units are apart."""


@dataclass(frozen=True)
class ChannelMatch:
    """One channel and how its maps go with those of the channel chosen."""

    channel: int
    correlation: float
    """Pearson's, from -1 to 1; 0 where either is constant."""


def on_picture(extent: Extent, placement: Placement) -> Extent:
    """Where a map lies on the picture, from where it lies on the network's input."""
    x, y, width, height = extent
    left, top = placement.to_picture(x, y)
    return left, top, width * placement.across, height * placement.down


def on_one_grid(
    first: FloatArray, second: FloatArray, where: tuple[Extent, Extent] | None = None
) -> tuple[Values, Values]:
    """Maps (A, H, W) and (B, h, w) on the grid of both: (A, rows, columns), (B, rows, columns).
    `where` they lie on the picture; if nobody knows they cover the same. There are no rows or
    columns where they cover nothing in common."""
    places = ((0.0, 0.0, 1.0, 1.0),) * 2 if where is None else where
    (x1, y1, width1, height1), (x2, y2, width2, height2) = places
    down = _weights((y1, height1, first.shape[1]), (y2, height2, second.shape[1]))
    across = _weights((x1, width1, first.shape[2]), (x2, width2, second.shape[2]))
    made = [
        rows @ maps.astype(np.float64) @ columns.T
        for maps, rows, columns in zip((first, second), down, across, strict=True)
    ]
    return made[0], made[1]


_Line = tuple[float, float, int]
"""Where a row of cells begins, its length, and how many cells there are."""


def _weights(first: _Line, second: _Line) -> tuple[Values, Values]:
    """By how much each cell of two rows counts in each of the common ones: (common, cells)."""
    lines = (first, second)
    start, length, count = max(lines, key=lambda line: line[1] / line[2])
    edges: Values = start + length / count * np.arange(count + 1, dtype=np.float64)
    begin = max(line[0] for line in lines)
    end = min(line[0] + line[1] for line in lines)
    middles = (edges[:-1] + edges[1:]) / 2
    # a hair of tolerance: places are products of floats
    within = (middles > begin - 1e-9 * length) & (middles < end + 1e-9 * length)
    low: Values = edges[:-1][within]
    high: Values = edges[1:][within]
    return _overlaps(low, high, first), _overlaps(low, high, second)


def _overlaps(low: Values, high: Values, line: _Line) -> Values:
    """What share of each interval, as far as the cells reach, lies in each of the cells."""
    start, length, count = line
    edges = start + length / count * np.arange(count + 1)
    ends = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    shares: Values = np.clip(ends, 0, None)
    shares /= shares.sum(1, keepdims=True)
    return shares


class ChannelCorrelation:
    """Correlations of one channel with many, over positions of any number of pictures. Means and
    sums of squares are kept, joined as by Chan, Golub, LeVeque (1979), so that large means cost no
    digits."""

    def __init__(self, channels: int) -> None:
        self._count = 0
        self._mean = np.zeros(channels + 1)
        self._squares = np.zeros(channels + 1)
        self._products = np.zeros(channels)

    def add(
        self,
        chosen: FloatArray,
        maps: FloatArray,
        where: tuple[Extent, Extent] | None = None,
    ) -> None:
        """Add one picture: the map (H, W) of the channel chosen and those (C, h, w) of the others.
        `where` they lie on the picture, if that is known."""
        one, others = on_one_grid(chosen[None], maps, where)
        values = np.concatenate([one, others]).reshape(len(maps) + 1, -1)
        added = values.shape[1]
        if not added:
            return
        with np.errstate(invalid="ignore", over="ignore"):  # what is no number makes no match
            mean = values.mean(1)
            centred = values - mean[:, None]
            apart = mean - self._mean
            total = self._count + added
            weight = self._count * added / total
            self._squares += (centred**2).sum(1) + weight * apart**2
            self._products += centred[1:] @ centred[0] + weight * apart[1:] * apart[0]
            self._mean += apart * (added / total)
        self._count = total

    def correlations(self) -> Values:
        """(C,): 0 where a channel, or the one chosen, is constant or holds what is no number."""
        if not self._count:
            return np.zeros(len(self._products))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            least = _CONSTANT * (self._squares + self._count * self._mean**2)
            varying = np.isfinite(self._squares) & (self._squares > least)
            roots = np.sqrt(self._squares)
            found = self._products / roots[1:] / roots[0]
        usable = varying[1:] & varying[0] & np.isfinite(found)
        return np.where(usable, np.clip(found, -1, 1), 0.0)

    def best(self, count: int = 5) -> tuple[ChannelMatch, ...]:
        """The channels that go with the one chosen most, likest first; those that do not go with it
        at all, or the other way round, are none."""
        found = self.correlations()
        order = np.argsort(-found, kind="stable")[:count]
        return tuple(
            ChannelMatch(int(channel), float(found[channel]))
            for channel in order
            if found[channel] > 0
        )


@dataclass(frozen=True, eq=False)
class LayerOf:
    """A layer of an opened network."""

    session: "Session | OnnxSession"
    layer: str
    extent: Extent | None = None
    """Where its maps lie on the network's input; None where nobody knows."""


def match_channel(
    chosen: LayerOf,
    channel: int,
    other: LayerOf,
    pictures: Iterable[Picture],
    checkpoint: Checkpoint = no_checkpoint,
    *,
    count: int,
) -> ChannelCorrelation:
    """The correlations of a channel of one layer with all of another over pictures, of which there
    are about `count`. The values of a flat layer are channels of one position each.

    Where either map's place is not known both are taken to cover the same. Raises `ExplorerError`
    as `Session.run` does, and for a channel that is not there.
    """
    found: ChannelCorrelation | None = None
    for done, picture in enumerate(pictures):
        checkpoint(min(1.0, done / count))
        sides = (chosen, other)
        maps, places = [], []
        for side in sides:
            prepared = prepare(picture, side.session.preprocessing)
            result = side.session.run(prepared, (side.layer,))
            values = result.activations[side.layer]
            maps.append(values.reshape(*values.shape[:3], *(1,) * (3 - values.ndim)))
            places.append(side.extent and on_picture(side.extent, prepared.placement))
        if not 0 <= channel < len(maps[0]):
            raise ExplorerError(
                f'the layer "{chosen.layer}" has {len(maps[0]):,} channels, counted from 0: there '
                f"is none of the number {channel}."
            )
        if found is None:
            found = ChannelCorrelation(len(maps[1]))
        first, second = places
        where = None if first is None or second is None else (first, second)
        found.add(maps[0][channel], maps[1], where)
    if found is None:
        raise ExplorerError("there is no picture to compare channels on.")
    checkpoint(1.0)
    return found
