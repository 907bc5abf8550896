"""Small pictures of what layers put out, and three numbers about it, made while a network runs.

The values are read in forward hooks, while an output is still in the processor's cache, and before
a later operation can overwrite it; no output is kept. The numbers are of all values. What is left
to do with what was read, scaling pictures to bytes above all, is done for all layers together when
the forward is over: for each alone it took as long as the reading.
"""

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn_explorer.probe.capture import as_maps, each_output
from cnn_explorer.probe.results import Channel, Thumbnail

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
    """Put thumbnails of the outputs of `layers` into `made` at the end of the context, of the last
    forward of `model` in it. Names are those of `capture`; the batch is of one picture."""
    from torch._C import DisableTorchFunction

    read: dict[str, _Read] = {}

    def reading(name: str, output: "Tensor") -> None:
        # what is computed here is not heard as the network's own operations
        with DisableTorchFunction():
            if output.is_floating_point() and output.numel():
                read[name] = _read(output, channel)

    with each_output(model, layers, reading):
        yield
    made.update(zip(read, _finished(list(read.values())), strict=True))


def thumbnail_of(output: "Tensor", channel: Channel = "mean") -> Thumbnail:
    """The thumbnail of one output, for a batch of one."""
    return _finished([_read(output, channel)])[0]


def thumbnail_of_array(maps: npt.NDArray[np.float32], channel: Channel = "mean") -> Thumbnail:
    """The thumbnail of values at hand: (C, H, W) or (N,)."""
    import torch

    return thumbnail_of(torch.from_numpy(maps.copy())[None], channel)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """What was read of one output, as tensors of few values."""

    picture: "Tensor"
    """(H, W): the sums over the channels, or the strongest channel. (N,): a flat output."""
    sums: "Tensor"
    """Together the sum of all values."""
    count: int
    """Of all values."""
    largest: "Tensor"
    """The largest value, or that of each channel."""
    alive: "Tensor | None"
    """For each channel a number that is 0 where all its values are; None if any is negative."""


def _read(output: "Tensor", channel: Channel) -> _Read:
    """Read the values of one output, as few times as can be."""
    maps = as_maps(output.detach()).float()
    if maps.dim() == 1:
        values = maps.clone()
        negative = not float(values.amin()) >= 0
        return _Read(values, values, len(values), values, None if negative else values)
    channels, height, width = maps.shape
    rows = maps.reshape(channels, height * width)
    # most outputs with negative values have one at the first place; theirs is a quicker pass
    negative = not float(rows[:, 0].amin()) >= 0 or not float(rows.amin()) >= 0
    if channel == "mean":
        sums = rows.sum(0)
        largest = rows.amax() if negative else rows.amax(1)
        alive = None if negative else largest
        picture = sums.view(height, width)
    else:
        sums = rows.sum(1)
        largest = rows.amax()
        alive = None if negative else sums
        picture = maps[int(sums.argmax())].clone()
    return _Read(picture, sums, rows.numel(), largest, alive)


def _finished(read: Sequence[_Read]) -> list[Thumbnail]:
    """The thumbnails of what was read; those of one size are scaled together."""
    import torch

    by_shape: dict[torch.Size, list[int]] = {}
    for at, one in enumerate(read):
        by_shape.setdefault(one.picture.shape, []).append(at)
    pixels: dict[int, npt.NDArray[np.uint8]] = {}
    for shape, places in by_shape.items():
        together = torch.stack([read[at].picture for at in places])
        drawn = _bars(together) if len(shape) == 1 else _grey(_small(together))
        pixels.update(zip(places, drawn.numpy(), strict=True))
    return [
        Thumbnail(
            pixels=pixels[at],
            mean=float(one.sums.sum(dtype=torch.float64)) / one.count,
            maximum=float(one.largest.max()),
            dead=None if one.alive is None else float((one.alive == 0).float().mean()),
        )
        for at, one in enumerate(read)
    ]


def _bars(values: "Tensor") -> "Tensor":
    """Of flat outputs (M, N): a bar for each value, or for the largest of each few, upwards from
    the smallest; (M, 48, at most 48)."""
    import torch
    from torch.nn.functional import adaptive_max_pool1d

    count = min(values.shape[1], SIDE)
    levels = _grey(adaptive_max_pool1d(values, count))
    heights = (levels.float() / 255 * SIDE).round()
    bars = torch.arange(SIDE, 0, -1)[:, None] <= heights[:, None, :]
    return (bars * torch.tensor(255, dtype=torch.uint8)).repeat_interleave(SIDE // count, dim=2)


def _small(pictures: "Tensor") -> "Tensor":
    """Means of squares of pixels, so that neither side of (M, H, W) is longer than `SIDE`."""
    from torch.nn.functional import avg_pool2d

    step = -(-max(pictures.shape[1:]) // SIDE)
    if step == 1:
        return pictures
    # squares at the right and at the bottom may be cut off: the mean is of what is there
    return avg_pool2d(pictures, step, ceil_mode=True, count_include_pad=False)


def _grey(pictures: "Tensor") -> "Tensor":
    """Each of several from its smallest value, 0, to its largest, 255; all 0 where there is but
    one value, or one that is not finite."""
    import torch

    flat = pictures.reshape(len(pictures), -1)
    low = flat.amin(1, keepdim=True)
    spread = flat.amax(1, keepdim=True) - low
    usable = spread.isfinite() & (spread > 0)
    grey = ((flat - low) * (255 / spread)).round().where(usable, 0).to(torch.uint8)
    return grey.reshape(pictures.shape)
