"""One picture for all the maps of a layer, such that layers of several networks can be compared.

A cell shows the mean over the channels, the strongest channel, one that was chosen, or the first
three principal components over the channels as red, green and blue. A layer whose channels are one
value each shows all of these, whatever is chosen. Values stay values until they are drawn: which
colours they get is one `Shading` for all cells, in which ``channel`` gives each cell its own range
and ``layer`` all cells of a row one range.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from cnn_explorer.probe.colormaps import ColormapName, colour_table
from cnn_explorer.probe.mosaic import USUAL, FloatArray, Shading, mosaic

Reduction = Literal["mean", "strongest", "components", "channel"]

IN_WORDS: dict[Reduction, str] = {
    "mean": "mean over the channels",
    "strongest": "the channel with the largest mean",
    "components": "first three principal components as red, green and blue",
    "channel": "a channel chosen in each network",
}
"""What a cell shows, for a legend."""

_COMPONENTS = 3


@dataclass(frozen=True, eq=False)
class Cell:
    """What is shown of one layer's output."""

    values: FloatArray
    """(H, W); of components (H, W, 3), all divided by the largest absolute value of any: -1 to 1;
    of a flat layer (N,)."""
    shown: Reduction
    shape: tuple[int, ...]
    """Of the whole output, (C, H, W) or (N,)."""
    channel: int | None = None
    """Which channel, where it is one; of a flat layer the one to point out."""
    explained: tuple[float, ...] = ()
    """Of components: the share of the variance over places that each stands for, from 0 to 1."""


def cell_of(maps: FloatArray, show: Reduction, channel: int | None = None) -> Cell:
    """The cell of a layer's output (C, H, W) or (N,). `channel` is the one chosen; a number that
    the layer does not have raises `ValueError`, and so does an empty output."""
    if not maps.size:
        raise ValueError("an empty output has nothing to show")
    shape = maps.shape
    if show == "channel" and (channel is None or not 0 <= channel < len(maps)):
        raise ValueError(f"there is no channel {channel} among {len(maps)}")
    if show == "strongest":
        channel = strongest_channel(maps)
    if maps[0].size == 1:
        return Cell(maps.reshape(-1), show, shape, channel)
    if show == "mean":
        return Cell(maps.mean(axis=0, dtype=np.float64).astype(np.float32), show, shape)
    if show == "components":
        values, explained = principal_components(maps)
        return Cell(values, show, shape, explained=explained)
    assert channel is not None
    return Cell(maps[channel], show, shape, channel)


def strongest_channel(maps: FloatArray) -> int:
    """The channel with the largest mean, the first of several. One whose mean is not a finite
    number comes last."""
    means = maps.reshape(len(maps), -1).mean(axis=1, dtype=np.float64)
    return int(np.where(np.isfinite(means), means, -np.inf).argmax())


def principal_components(maps: FloatArray) -> tuple[FloatArray, tuple[float, ...]]:
    """The first three principal components of the channels over the places of maps (C, H, W), as
    (H, W, 3) between -1 and 1, and the share of the variance of each.

    Each place is a point with as many coordinates as there are channels. The sign of a component,
    which is arbitrary, is such that its largest absolute value is positive; all three are divided
    by the largest absolute value of any, so that what varies little looks so. Values that are not
    finite count as 0; components that there are none of are 0.
    """
    channels, height, width = maps.shape
    points = np.where(np.isfinite(maps), maps, 0).astype(np.float64).reshape(channels, -1).T
    points -= points.mean(axis=0)
    peak = np.abs(points).max(initial=0.0)
    if peak > 0:
        points /= peak  # squares of large values would leave the range
    # of two matrices with the same eigenvalues, the smaller one
    few = len(points) < channels
    square = points @ points.T if few else points.T @ points
    eigenvalues, vectors = np.linalg.eigh(square)
    eigenvalues, vectors = eigenvalues[::-1][:_COMPONENTS], vectors[:, ::-1][:, :_COMPONENTS]
    eigenvalues = np.maximum(eigenvalues, 0.0)
    total = float(np.trace(square))
    some = eigenvalues > 1e-12 * total  # below, rounding alone
    scores = vectors * np.sqrt(eigenvalues) if few else points @ vectors
    scores = np.where(some, scores, 0.0)
    at = np.abs(scores).argmax(axis=0)
    scores = scores * np.where(scores[at, np.arange(scores.shape[1])] < 0, -1.0, 1.0)
    found = np.zeros((len(points), _COMPONENTS))
    found[:, : scores.shape[1]] = scores / max(np.abs(scores).max(initial=0.0), 1e-300)
    shares = np.zeros(_COMPONENTS)
    if total > 0:
        shares[: len(eigenvalues)] = np.where(some, eigenvalues / total, 0.0)
    values = found.reshape(height, width, _COMPONENTS).astype(np.float32)
    return values, tuple(shares.tolist())


@dataclass(frozen=True, eq=False)
class Row:
    """How the cells of one row are drawn."""

    shading: Shading
    """With the scale ``fixed`` where all cells share a range, and its ends are known."""
    colours: ColormapName
    one_scale: bool
    """Whether all cells share a range."""


def row_of(cells: Sequence[Cell | None], shading: Shading = USUAL) -> Row:
    """How to draw the cells of a row: zero is in the middle of the colours where any value is
    negative. With the scale ``layer`` the range is that of all cells together."""
    values = [cell.values.ravel() for cell in cells if cell is not None and cell.values.ndim < 3]
    finite = [part[np.isfinite(part)] for part in values]
    every = np.concatenate(finite) if finite else np.zeros(0, np.float32)
    signed = bool((every < 0).any())
    colours: ColormapName = "diverging" if signed else "viridis"
    shading = replace(shading, signed=signed)
    if shading.scale == "layer":
        low, high = _ends(every, shading)
        shading = replace(shading, scale="fixed", low=low, high=high)
    return Row(shading, colours, shading.scale == "fixed")


def cell_pixels(
    cell: Cell, row: Row, ground: tuple[int, int, int] = (0, 0, 0)
) -> npt.NDArray[np.uint8]:
    """A cell as colours (H, W, 3), a pixel a value; those of a flat layer stand row by row, and
    `ground` is where there are none left."""
    if cell.values.ndim == 3:
        return component_colours(cell.values)
    flat = cell.values.ndim == 1
    # in a flat layer a value alone has no range of its own: all share the layer's
    shading = replace(row.shading, scale="layer") if flat and not row.one_scale else row.shading
    codes = mosaic(cell.values if flat else cell.values[None], shading, gap=0).pixels
    colours: npt.NDArray[np.uint8] = colour_table(row.colours, ground)[codes]
    return colours


def component_colours(values: FloatArray) -> npt.NDArray[np.uint8]:
    """Components (H, W, 3) from -1 to 1 as colours: 0 is mid-grey."""
    return np.rint(values * 127 + 128).astype(np.uint8)


def _ends(values: FloatArray, shading: Shading) -> tuple[float, float]:
    """The values with the first and the last colour of a scale that cells share."""
    if not values.size:
        return 0.0, 1.0
    if shading.signed:
        peak = float(np.percentile(np.abs(values), 100 - shading.clip))
        return -peak, peak
    low, high = np.percentile(values, [shading.clip, 100 - shading.clip])
    return float(low), float(high)
