"""Small pictures of what layers put out, and three numbers about it, made while a network runs.

The values are read in forward hooks, while an output is still in the processor's cache, and before
a later operation can overwrite it; no output is kept. The numbers are of all values. What is left
to do with what was read, scaling pictures to bytes above all, is done for all layers together when
the forward is over: for each alone it took as long as the reading.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Checkpoint, no_checkpoint
from cnn_explorer.probe.capture import Modules, as_maps, each_output
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

    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session

SIDE = 48
"""The largest side of a thumbnail's picture; smaller maps stay as they are."""
_SAMPLE = 1024
"""How many values are looked at before all are."""
_SHARED = 1 << 18
"""Outputs of so many values or more are read by all of torch's threads. Smaller ones are read by
this one alone: where anything else keeps a processor busy, waiting for the other threads took ten
times as long as the reading."""


@contextmanager
def thumbnails(
    model: "nn.Module",
    layers: Iterable[str],
    channel: Channel,
    made: MutableMapping[str, Thumbnail],
    modules: Modules | None = None,
) -> Iterator[None]:
    """Put thumbnails of the outputs of `layers` into `made` at the end of the context, of the last
    forward of `model` in it. Names are those of `capture`; the batch is of one picture."""
    read: dict[str, _Read] = {}

    def reading(name: str, output: "Tensor") -> None:
        if output.is_floating_point() and output.numel():
            read[name] = _read(output, channel)

    with each_output(model, layers, reading, modules):
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
    """Of each channel or flat value, (C,), where none is negative; else of all, ()."""


def _read(output: "Tensor", channel: Channel) -> _Read:
    """Read the values of one output, as few times as can be."""
    import torch

    maps = as_maps(output.detach() if output.requires_grad else output)
    if maps.dtype != torch.float32:
        maps = _in_float32(maps)
    # as the values lie in memory: in any other order reading takes several times as long
    channels_last = maps.dim() == 3 and not maps.is_contiguous()
    stored = maps.movedim(0, -1) if channels_last else maps
    # most outputs with negative values have some among the first; the others are read once more
    few = stored.reshape(-1)[:_SAMPLE]
    none_negative = float(few.amin()) >= 0 and float(_reduced("min", stored)) >= 0
    if maps.dim() == 1:
        values = maps.clone()
        return _Read(values, values, len(values), values if none_negative else values.amax())
    channels, height, width = maps.shape
    places = height * width
    rows = stored.reshape((places, channels) if channels_last else (channels, places))
    of_channels, of_places = (0, 1) if channels_last else (1, 0)
    # first along memory: that is faster, and what follows finds the values in the cache
    largest = _reduced("max", rows, of_channels if none_negative else None)
    if channel == "mean":
        sums = _reduced("sum", rows, of_places)
        return _Read(sums.view(height, width), sums, rows.numel(), largest)
    sums = _reduced("sum", rows, of_channels)
    return _Read(maps[int(sums.argmax())].clone(), sums, rows.numel(), largest)


def _in_float32(maps: "Tensor") -> "Tensor":
    import torch

    if maps.dtype != torch.bfloat16 or maps.numel() >= _SHARED:
        return maps.float()
    bits = maps.view(torch.int16).numpy().astype(np.int32)
    bits <<= 16  # bfloat16 is the upper half of float32
    return torch.from_numpy(bits.view(np.float32))


def _reduced(how: Literal["min", "max", "sum"], values: "Tensor", axis: int | None = None) -> Any:
    """The smallest, largest or sum of values in float32, of all or along an axis: a tensor."""
    import torch

    if values.numel() < _SHARED:
        return torch.from_numpy(np.asarray(getattr(values.numpy(), how)(axis)))
    of_all = tuple(range(values.dim())) if axis is None else axis
    if how == "sum":
        return values.sum(of_all)
    return values.amin(of_all) if how == "min" else values.amax(of_all)


def _finished(read: Sequence[_Read]) -> list[Thumbnail]:
    """The thumbnails of what was read."""
    pixels = _together([one.picture for one in read], _drawn)
    sums = _together([one.sums for one in read], lambda sums: sums.double().sum(1))
    largest = [one.largest.reshape(-1) for one in read]
    maxima = _together(largest, lambda largest: largest.amax(1))
    shares = _together(largest, lambda largest: (largest == 0).float().mean(1))
    return [
        Thumbnail(
            pixels=pixels[at],
            mean=float(sums[at]) / one.count,
            maximum=float(maxima[at]),
            dead=float(shares[at]) if one.largest.dim() else None,
        )
        for at, one in enumerate(read)
    ]


def _together(
    tensors: Sequence["Tensor"], work: Callable[["Tensor"], "Tensor"]
) -> list[npt.NDArray[Any]]:
    """What `work` gives for each tensor; it is called with all of one shape in one, (M, ...)."""
    import torch

    places: dict[torch.Size, list[int]] = {}
    for at, tensor in enumerate(tensors):
        places.setdefault(tensor.shape, []).append(at)
    given: dict[int, npt.NDArray[Any]] = {}
    for of_one_shape in places.values():
        worked = work(torch.stack([tensors[at] for at in of_one_shape]))
        given.update(zip(of_one_shape, worked.numpy(), strict=True))
    return [given[at] for at in range(len(tensors))]


def _drawn(pictures: "Tensor") -> "Tensor":
    """Maps (M, H, W) or flat values (M, N) as pictures."""
    return _grey(_small(pictures)) if pictures.dim() == 3 else _bars(pictures)


def _bars(values: "Tensor") -> "Tensor":
    """Of flat outputs (M, N): a bar for each value, or for the largest of each few, upwards from
    the smallest; (M, 48, at most 48)."""
    import torch

    size = values.shape[1]
    count = min(size, SIDE)
    starts = np.arange(count) * size // count
    levels = _grey(torch.from_numpy(np.maximum.reduceat(values.numpy(), starts, axis=1)))
    heights = (levels.float() / 255 * SIDE).round()
    bars = torch.arange(SIDE, 0, -1)[:, None] <= heights[:, None, :]
    return (bars * 255).byte().repeat_interleave(SIDE // count, dim=2)


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


Painted = tuple[int, int, bytes, tuple[str, ...]]
"""A thumbnail in viridis: width, height, rows of red, green and blue; and its numbers."""


def painted_boxes(
    session: "Session | OnnxSession",
    prepared: PreparedInput,
    modules: Mapping[str, str],
    channel: Channel,
    checkpoint: Checkpoint = no_checkpoint,
) -> dict[str, Painted]:
    """Run a network and paint a thumbnail for each box, by name; `modules` stand behind them."""
    wanted = tuple(modules.values())
    result = session.run(prepared, (), checkpoint, thumbnails_of=wanted, channel=channel)
    made = of_boxes(modules, prepared, result, channel)
    return {box: _painted(thumbnail) for box, thumbnail in made.items()}


def _painted(thumbnail: Thumbnail) -> Painted:
    height, width = thumbnail.pixels.shape
    return width, height, colormap("viridis")[thumbnail.pixels].tobytes(), short_lines(thumbnail)
