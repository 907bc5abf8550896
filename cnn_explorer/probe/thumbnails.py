"""Small pictures of what layers put out, and three numbers about it, made while a network runs.

They are made in forward hooks, while an output is still in the processor's cache, and before a
later operation can overwrite it; no output is kept. The numbers are of all values. One product with
ones gives the mean and the picture at once, a second pass the largest value of each channel.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_explorer.probe.capture import as_maps, each_output
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.results import (
    Channel,
    PreparedInput,
    RunResult,
    Thumbnail,
    probabilities,
    short_lines,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

SIDE = 48
"""The largest side of a thumbnail's picture; smaller maps stay as they are."""


@contextmanager
def thumbnails(
    model: "nn.Module",
    layers: Iterable[str],
    channel: Channel,
    made: MutableMapping[str, Thumbnail],
) -> Iterator[None]:
    """Within the context, put thumbnails of the outputs of `layers` into `made` at each forward of
    `model`. Names are those of `capture`; the batch is of one picture."""
    from torch._C import DisableTorchFunction

    def make(name: str, output: "Tensor") -> None:
        # what is computed here is not heard as the network's own operations
        with DisableTorchFunction():
            if output.is_floating_point() and output.numel():
                made[name] = thumbnail_of(output.detach(), channel)

    with each_output(model, layers, make):
        yield


def thumbnail_of(output: "Tensor", channel: Channel = "mean") -> Thumbnail:
    """The thumbnail of one output, for a batch of one."""
    import torch

    maps = as_maps(output)
    if maps.dim() == 1:
        return _of_values(maps.float().numpy())
    channels, height, width = maps.shape
    places = height * width
    rows = maps.float().reshape(channels, places)
    if channel == "mean":
        sums = torch.mv(rows.t(), _ones(channels))
        picture = (sums / channels).numpy().reshape(height, width)
        mean = float(sums.sum(dtype=torch.float64)) / (channels * places)
    else:
        sums = torch.mv(rows, _ones(places))
        picture = rows[int(sums.argmax())].numpy().reshape(height, width)
        mean = float(sums.sum(dtype=torch.float64)) / (channels * places)
    maximum, dead = _maximum(rows)
    return Thumbnail(_grey(_small(picture)), mean, maximum, dead)


def thumbnail_of_array(maps: npt.NDArray[np.float32], channel: Channel = "mean") -> Thumbnail:
    """The thumbnail of values at hand: (C, H, W) or (N,)."""
    import torch

    return thumbnail_of(torch.from_numpy(maps.copy())[None], channel)


@cache
def _ones(count: int) -> "Tensor":
    import torch

    return torch.ones(count)


def _maximum(rows: "Tensor") -> tuple[float, float | None]:
    """The largest value, and the share of dead channels where no value is negative."""
    # most outputs with negative values have one at the first place; theirs is a quicker pass
    if not float(rows[:, 0].amin()) >= 0 or not float(rows.amin()) >= 0:
        return float(rows.amax()), None
    largest = rows.amax(1).numpy()
    return float(largest.max()), float((largest == 0).mean())


def _of_values(values: npt.NDArray[np.float32]) -> Thumbnail:
    """Of a flat output: a bar for each value, or for the largest of each few, upwards from the
    smallest."""
    count = min(len(values), SIDE)
    starts = np.arange(count) * len(values) // count
    levels = _grey(np.maximum.reduceat(values, starts)[None])[0]
    heights = np.rint(levels / 255 * SIDE)
    bars = (np.arange(SIDE, 0, -1)[:, None] <= heights[None]) * np.uint8(255)
    return Thumbnail(
        pixels=np.repeat(bars.astype(np.uint8), SIDE // count, axis=1),
        mean=float(values.mean(dtype=np.float64)),
        maximum=float(values.max()),
        dead=float((values == 0).mean()) if values.min() >= 0 else None,
    )


def _small(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Means of squares of pixels, so that neither side is longer than `SIDE`."""
    step = -(-max(picture.shape) // SIDE)
    if step == 1:
        return picture
    starts = [np.arange(0, length, step) for length in picture.shape]
    sums = np.add.reduceat(np.add.reduceat(picture, starts[0], axis=0), starts[1], axis=1)
    counts = [
        np.minimum(step, length - at) for length, at in zip(picture.shape, starts, strict=True)
    ]
    means: npt.NDArray[np.float32] = sums / np.outer(*counts).astype(np.float32)
    return means


def _grey(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """From the smallest value, 0, to the largest, 255; all 0 where there is but one value, or one
    that is not finite."""
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(high - low) or high <= low:
        return np.zeros(values.shape, dtype=np.uint8)
    grey: npt.NDArray[np.uint8] = np.rint((values - low) * (255.0 / (high - low))).astype(np.uint8)
    return grey


def of_boxes(
    modules: Mapping[str, str], prepared: PreparedInput, result: RunResult, channel: Channel
) -> dict[str, Thumbnail]:
    """Thumbnails by box, of a run for the `modules` that stand behind them. The input's and the
    output's are made of what is at hand: they are drawn, but are no modules."""
    made = dict(result.thumbnails)
    if "input" in modules.values():
        made["input"] = thumbnail_of_array(prepared.tensor, channel)
    if "output" in modules.values():
        made["output"] = thumbnail_of_array(probabilities(result.classes))
    return {box: made[name] for box, name in modules.items() if name in made}


def painted(thumbnail: Thumbnail) -> tuple[int, int, bytes, tuple[str, ...]]:
    """A thumbnail in viridis: width, height, rows of red, green and blue; and its numbers."""
    height, width = thumbnail.pixels.shape
    return width, height, colormap("viridis")[thumbnail.pixels].tobytes(), short_lines(thumbnail)
