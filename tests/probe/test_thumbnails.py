"""Thumbnails against plain numpy on copies of the same outputs."""

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.graph.extract import extract
from cnn_explorer.networks.build import build_random
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe.capture import as_maps, can_be_captured, capture
from cnn_explorer.probe.results import Channel, Thumbnail
from cnn_explorer.probe.thumbnails import SIDE, thumbnail_of, thumbnails


def plain_picture(maps: npt.NDArray[np.float64], channel: Channel) -> npt.NDArray[np.float64]:
    """What is to be drawn, in whole numbers from 0 to 255, by loops."""
    means = maps.mean(axis=(1, 2))
    full = maps.mean(axis=0) if channel == "mean" else maps[means.argmax()]
    step = -(-max(full.shape) // SIDE)
    small = np.array(
        [
            [full[y : y + step, x : x + step].mean() for x in range(0, full.shape[1], step)]
            for y in range(0, full.shape[0], step)
        ]
    )
    low, high = small.min(), small.max()
    return (small - low) / (high - low) * 255 if high > low else np.zeros_like(small)


def assert_numbers(thumbnail: Thumbnail, values: npt.NDArray[np.float64], name: str) -> None:
    channels = values.reshape(len(values), -1)
    scale = float(np.abs(values).max()) or 1.0
    assert thumbnail.mean == pytest.approx(values.mean(), rel=1e-4, abs=1e-5 * scale), name
    assert thumbnail.maximum == values.max(), name
    if (values < 0).any():
        assert thumbnail.dead is None, name
    else:
        assert thumbnail.dead == pytest.approx((channels == 0).all(axis=1).mean()), name


@pytest.mark.parametrize("channel", ["mean", "strongest"])
@pytest.mark.parametrize("size", [(3, 112, 112), (5, 48, 48), (4, 7, 7), (2, 49, 49), (1, 1, 1)])
def test_maps(channel: Channel, size: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    for output in (torch.randn(1, *size), torch.randn(1, *size).relu()):
        made = thumbnail_of(output, channel)
        values = output[0].double().numpy()
        wanted = plain_picture(values, channel)
        assert made.pixels.dtype == np.uint8
        assert made.pixels.shape == wanted.shape
        assert max(made.pixels.shape) <= SIDE
        assert np.abs(made.pixels - wanted).max() <= 0.51
        assert_numbers(made, values, str(size))


@pytest.mark.parametrize("channel", ["mean", "strongest"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_channels_last_are_read_alike(channel: Channel, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    signed = torch.randn(1, 6, 50, 50).to(dtype)
    alive = signed.relu()
    alive[0, 2] = 0.0
    for output in (signed, alive):
        made = thumbnail_of(output.contiguous(memory_format=torch.channels_last), channel)
        wanted = thumbnail_of(output.float(), channel)
        assert np.abs(made.pixels.astype(int) - wanted.pixels.astype(int)).max() <= 1
        assert made.mean == pytest.approx(wanted.mean, rel=1e-5)
        assert (made.maximum, made.dead) == (wanted.maximum, wanted.dead)


def test_a_dead_channel_is_zero_everywhere_and_nothing_is_negative() -> None:
    maps = torch.ones(1, 4, 3, 3)
    maps[0, 1] = 0.0
    maps[0, 2] = 0.0
    maps[0, 2, 2, 2] = 1.0
    assert thumbnail_of(maps).dead == 0.25
    maps[0, 3, 1, 2] = -1e-3  # neither in the first column nor in the mean
    assert thumbnail_of(maps).dead is None
    assert thumbnail_of(torch.zeros(1, 4, 3, 3)).dead == 1.0
    late = torch.ones(1, 4, 40, 40)  # all that is looked at first is positive
    late[0, 3, 39, 39] = -1e-3
    assert thumbnail_of(late).dead is None


def test_values_are_bars() -> None:
    made = thumbnail_of(torch.tensor([[0.0, 1.0, 0.5, 0.0]]))
    assert made.pixels.shape == (SIDE, SIDE)
    heights = (made.pixels > 0).sum(axis=0)[:: SIDE // 4]
    assert heights.tolist() == [0, SIDE, SIDE // 2, 0]
    assert (made.pixels[-1] > 0).sum() == SIDE // 2  # bars stand on the ground
    assert (made.mean, made.maximum, made.dead) == (0.375, 1.0, 0.5)
    many = torch.zeros(1, 1000)
    many[0, 503] = 2.0
    assert (thumbnail_of(many).pixels > 0).any(axis=0).sum() == 1


def test_what_is_not_finite_has_a_black_picture() -> None:
    made = thumbnail_of(torch.full((1, 2, 3, 3), torch.nan))
    assert not made.pixels.any()
    assert np.isnan(made.mean)
    assert made.dead is None


def has_one_strongest(maps: npt.NDArray[np.float64]) -> bool:
    """Whether rounding cannot decide which channel has the largest mean."""
    means = np.sort(maps.mean(axis=(1, 2)))
    return len(means) == 1 or means[-1] - means[-2] > 1e-5 * np.abs(maps).max()


def assert_like_copies(
    model: nn.Module, names: list[str], x: Tensor, channel: Channel = "mean"
) -> None:
    names = list(can_be_captured(model, names))
    made: dict[str, Thumbnail] = {}
    with torch.inference_mode(), thumbnails(model, names, channel, made):
        answer = model(x)
    with torch.no_grad(), capture(model, names, copy=True) as captured:
        plain = model(x)
    assert torch.equal(answer, plain)
    assert made.keys() == {name for name in captured if captured[name].is_floating_point()}
    assert all(not module._forward_hooks for module in model.modules())
    for name, thumbnail in made.items():
        values = as_maps(captured[name]).double().numpy()
        assert_numbers(thumbnail, values, name)
        if values.ndim == 3 and (channel == "mean" or has_one_strongest(values)):
            difference = np.abs(thumbnail.pixels - plain_picture(values, channel))
            assert difference.max() <= 0.6, name


@pytest.mark.parametrize(
    "name", ["lenet5", "resnet18", "googlenet", "densenet121", "squeezenet1_1"]
)
@pytest.mark.parametrize("channel", ["mean", "strongest"])
def test_in_place_and_functional_operations(name: str, channel: Channel) -> None:
    card = card_of(name)
    model = build_random(card, seed=0).eval()
    shape = card.preprocessing.input_shape
    graph = extract(model, shape, network=name)
    names = [
        node.name
        for node in (*graph.layers, *graph.blocks)
        if not node.training_only and node.name not in ("input", "output")
    ]
    torch.manual_seed(0)
    modules = [graph.module_of(name) for name in names]
    assert_like_copies(model, modules, torch.randn(1, *shape), channel)


@pytest.mark.parametrize(
    "name", ["torchvision/mobilenet_v3_small", "torchvision/shufflenet_v2_x0_5"]
)
def test_networks_of_torchvision(name: str) -> None:
    torch.manual_seed(0)
    model = build_random(card_of(name), seed=0).eval()
    graph = extract(model, (3, 224, 224), network=name)
    names = [node.name for node in graph.layers if node.name not in ("input", "output")]
    assert_like_copies(model, names, torch.randn(1, 3, 224, 224))
