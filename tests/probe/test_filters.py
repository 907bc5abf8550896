"""Kernels, their numbers and spectra, against torch, loops and the identities of Fourier."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.layers import TableConv2d
from cnn_explorer.probe.filters import (
    Kernels,
    kernels_of,
    normalisation_numbers,
    norms_of,
    order_by_norm,
    scanned,
    spectrum_of,
)
from cnn_explorer.probe.results import LayerFilters
from cnn_explorer.probe.session import Session

CARD = NetworkCard(
    name="parts", title="Parts", family="LeNet", year=1998, authors="A. Author", paper="", url="",
    builder="nowhere:parts", depth=1, parameters=1, macs=1,
    preprocessing=Preprocessing("photo", 8, 8, (0.5,) * 3, (0.5,) * 3), classes="mnist",
    accuracy="",
)  # fmt: skip

TABLE = ((0, 1), (1, 2, 3), (0, 3), (2,))


def filters_of(module: nn.Module) -> LayerFilters:
    """What a session says of one layer."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for tensor in (*module.parameters(), *module.buffers()):
            if tensor.dtype.is_floating_point:
                nn.init.uniform_(tensor, 0.5, 2.0)
                if tensor.ndim > 1:
                    nn.init.normal_(tensor)
    model = nn.Sequential(module).eval()
    session = Session(CARD, model, True, "", CARD.preprocessing, ())
    filters = session.filters("0")
    assert filters is not None
    return filters


def convolved(kernels: Kernels, maps: np.ndarray) -> np.ndarray:
    """By loops over outputs and their kernels, numbers of inputs as they are said."""
    kh, kw = kernels.size
    height, width = maps.shape[1] - kh + 1, maps.shape[2] - kw + 1
    result = np.zeros((kernels.outputs, height, width))
    for output in range(kernels.outputs):
        for channel, kernel in zip(kernels.inputs(output), kernels.of(output), strict=True):
            for y in range(height):
                for x in range(width):
                    seen = maps[channel, y : y + kh, x : x + kw]
                    result[output, y, x] += (seen.astype(np.float64) * kernel).sum()
    return result


CONVOLUTIONS = [
    nn.Conv2d(4, 6, (3, 2), bias=False),
    nn.Conv2d(4, 6, 3, groups=2, bias=False),
    nn.Conv2d(4, 8, 3, groups=4, bias=False),
    nn.Conv2d(4, 6, 1, groups=2, bias=False),
    TableConv2d(4, TABLE, 3),
]


@pytest.mark.parametrize("module", CONVOLUTIONS, ids=str)
def test_kernels_convolve_as_torch_does(module: nn.Module) -> None:
    filters = filters_of(module)
    assert filters.kind == "convolution"
    kernels = kernels_of(filters)
    assert kernels is not None
    assert kernels.in_channels == 4
    maps = np.random.default_rng(2).normal(size=(4, 5, 6)).astype(np.float32)
    with torch.inference_mode():
        if isinstance(module, TableConv2d):
            module.bias.zero_()
        expected = module(torch.from_numpy(maps)[None])[0].numpy()
    np.testing.assert_allclose(convolved(kernels, maps), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2])
def test_kernels_of_a_transposed_convolution_are_put_down(groups: int) -> None:
    module = nn.ConvTranspose2d(4, 6, (3, 2), groups=groups, bias=False)
    kernels = kernels_of(filters_of(module))
    assert kernels is not None
    assert (kernels.outputs, kernels.in_channels) == (6, 4)
    maps = np.random.default_rng(3).normal(size=(4, 3, 3)).astype(np.float32)
    put = np.zeros((6, 5, 4))
    for output in range(6):
        for channel, kernel in zip(kernels.inputs(output), kernels.of(output), strict=True):
            for y, x in np.ndindex(3, 3):
                put[output, y : y + 3, x : x + 2] += maps[channel, y, x] * kernel
    with torch.inference_mode():
        expected = module(torch.from_numpy(maps)[None])[0].numpy()
    np.testing.assert_allclose(put, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("module", CONVOLUTIONS, ids=str)
def test_a_block_has_each_kernel_at_its_place(module: nn.Module) -> None:
    kernels = kernels_of(filters_of(module))
    assert kernels is not None
    rows, columns = range(1, kernels.outputs), range(1, 4)
    values, there = kernels.block(rows, columns)
    assert values.shape == (len(rows), len(columns), *kernels.size)
    for (y, output), (x, channel) in ((a, b) for a in enumerate(rows) for b in enumerate(columns)):
        kernel = kernels.kernel(output, channel)
        assert (kernel is not None) == (there is None or bool(there[y, x]))
        expected = np.zeros(kernels.size) if kernel is None else kernel
        assert (values[y, x] == expected).all()


def test_a_fully_connected_row_is_weights_over_the_map() -> None:
    module = nn.Linear(3 * 4 * 5, 7, bias=False)
    filters = filters_of(module)
    kernels = kernels_of(filters, (3, 4, 5))
    assert kernels is not None
    assert (kernels.outputs, kernels.in_channels, kernels.size) == (7, 3, (4, 5))
    assert np.shares_memory(kernels.weight, filters.weight)
    maps = np.random.default_rng(4).normal(size=(3, 4, 5)).astype(np.float32)
    with torch.inference_mode():
        expected = nn.Sequential(nn.Flatten(), module)(torch.from_numpy(maps)[None])[0].numpy()
    np.testing.assert_allclose(convolved(kernels, maps)[:, 0, 0], expected, rtol=1e-4, atol=1e-5)
    plain = kernels_of(filters)
    assert plain is not None
    assert plain.weight.shape == (7, 60, 1, 1)


def test_kernels_of_other_shapes() -> None:
    def of(*shape: int) -> Kernels | None:
        return kernels_of(LayerFilters("a", np.zeros(shape, np.float32), None, groups=5))

    assert of(4) is None
    line, volume = of(4, 3, 7), of(4, 3, 2, 3, 5)
    assert line is not None
    assert line.weight.shape == (4, 3, 1, 7)
    assert line.groups == 1  # five groups do not divide four outputs
    assert volume is not None
    assert volume.weight.shape == (4, 3, 6, 5)


def test_numbers_of_a_kernel_by_hand() -> None:
    weight = np.array([[3, -4, 0, 0.001], [2, 2, 2, 2]], np.float32).reshape(2, 1, 2, 2)
    scan = scanned(Kernels(weight), near_zero=0.01)
    found = scan.statistics()
    assert found.l1 == pytest.approx([7.001, 8])
    assert found.l2 == pytest.approx([np.sqrt(25.000001), 4])
    assert found.mean == pytest.approx([-0.24975, 2])
    assert found.deviation[1] == 0
    assert found.minimum.tolist() == [-4, 2]
    assert found.maximum.tolist() == [3, 2]
    assert found.zeros.tolist() == [0.25, 0]
    assert found.near_zero.tolist() == [0.5, 0]
    assert scan.norms.weight.ravel() == pytest.approx(found.l2)
    assert found.row(1).l1.tolist() == [8]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.booleans(), st.sampled_from((1, 2)))
def test_numbers_are_those_of_numpy(seed: int, step: int, broken: bool, groups: int) -> None:
    random = np.random.default_rng(seed)
    weight = (5 + random.normal(size=(6, 2, 3, 2))).astype(np.float32)
    weight[random.random(weight.shape) < 0.2] = 0
    if broken:
        weight[random.random(weight.shape) < 0.2] = random.choice([np.nan, np.inf, -np.inf])
    kernels = Kernels(weight, groups)
    scan = scanned(kernels, 5.0)
    again = type(scan)(kernels, 5.0)
    while not again.done:
        again.step(12 * step)
    for found, rows in (
        (again.statistics(), weight.reshape(6, -1)),
        (again.of_all(), weight.reshape(1, -1)),
        (scan.of_all(), weight.reshape(1, -1)),
    ):
        for place, row in enumerate(rows):
            values = row[np.isfinite(row)].astype(np.float64)
            assert found.not_finite[place] == len(row) - len(values)
            assert found.l1[place] == pytest.approx(np.abs(values).sum())
            assert found.l2[place] == pytest.approx(np.sqrt((values**2).sum()))
            assert found.zeros[place] == pytest.approx(np.mean(row == 0))
            near = np.isfinite(row) & (np.abs(row) <= 5)
            assert found.near_zero[place] == pytest.approx(near.mean())
            expected = (
                (values.mean(), values.std(), values.min(), values.max())
                if len(values)
                else (np.nan,) * 4
            )
            said = (found.mean, found.deviation, found.minimum, found.maximum)
            assert [number[place] for number in said] == pytest.approx(expected, nan_ok=True)


def test_numbers_of_a_table_are_by_output() -> None:
    kernels = kernels_of(filters_of(TableConv2d(4, TABLE, 3)))
    assert kernels is not None
    scan = scanned(kernels)
    found = scan.statistics()
    for output in range(4):
        assert found.l1[output] == pytest.approx(np.abs(kernels.of(output)).sum())
        norms = scan.norms.of(output).ravel()
        assert norms == pytest.approx(norms_of(kernels.of(output)), rel=1e-6)


def test_the_order_by_norm() -> None:
    kernels = np.zeros((5, 2, 2), np.float32)
    kernels[:, 0, 0] = (1, -3, 2, 3, np.nan)
    assert order_by_norm(kernels).tolist() == [1, 3, 2, 0, 4]


# spectra


def test_parseval() -> None:
    kernel = np.random.default_rng(5).normal(size=(7, 5)).astype(np.float32)
    energy = (kernel.astype(np.float64) ** 2).sum()
    found = spectrum_of(kernel)
    assert found.magnitude.shape == (64, 64)
    assert (found.magnitude.astype(np.float64) ** 2).sum() / 64**2 == pytest.approx(energy)
    colours = np.stack([kernel, 2 * kernel, -kernel])
    total = (spectrum_of(colours).magnitude.astype(np.float64) ** 2).sum() / 64**2
    assert total == pytest.approx(6 * energy)


def test_without_padding_it_is_numpys() -> None:
    kernel = np.random.default_rng(6).normal(size=(64, 64)).astype(np.float32)
    expected = np.fft.fftshift(np.abs(np.fft.fft2(kernel)))
    np.testing.assert_allclose(spectrum_of(kernel).magnitude, expected, rtol=1e-5, atol=1e-4)
    assert spectrum_of(np.zeros((80, 3), np.float32)).magnitude.shape == (80, 80)


def test_the_middle_is_the_sum() -> None:
    kernel = np.random.default_rng(7).normal(size=(3, 3)).astype(np.float32)
    found = spectrum_of(kernel)
    assert found.frequencies[32] == 0
    assert found.magnitude[32, 32] == pytest.approx(abs(kernel.sum()), rel=1e-5)
    assert (found.frequencies[0], found.frequencies[-1]) == (-0.5, 0.5 - 1 / 64)


@pytest.mark.parametrize("wave", [(0.0, 0.25), (0.125, 0.25), (-0.25, 0.125), (0.25, 0.0)])
def test_a_wave_peaks_at_its_frequency(wave: tuple[float, float]) -> None:
    y, x = np.mgrid[:32, :32]
    kernel = np.cos(2 * np.pi * (wave[0] * y + wave[1] * x)).astype(np.float32)
    assert spectrum_of(kernel).peak == pytest.approx(wave)


def test_a_kernel_of_zeros_has_no_peak() -> None:
    assert spectrum_of(np.zeros((3, 3), np.float32)).peak is None
    assert spectrum_of(np.full((3, 3), np.nan, np.float32)).peak is None


# normalisation


def test_a_batch_norm_is_its_effective_line() -> None:
    module = nn.BatchNorm2d(5, eps=0.01)
    filters = filters_of(module)
    assert (filters.kind, filters.eps) == ("normalisation", 0.01)
    numbers = normalisation_numbers(filters)
    assert numbers.mean is not None
    assert numbers.variance is not None
    assert numbers.effective_scale is not None
    assert numbers.effective_shift is not None
    assert numbers.mean.tolist() == module.running_mean.tolist()
    assert numbers.variance.tolist() == module.running_var.tolist()
    x = torch.randn(2, 5, 3, 3)
    line = numbers.effective_scale, numbers.effective_shift
    scale, shift = (torch.from_numpy(values).view(-1, 1, 1) for values in line)
    with torch.inference_mode():
        torch.testing.assert_close(module.eval()(x), x * scale + shift, rtol=1e-4, atol=1e-5)


def test_a_layer_norm_keeps_no_statistics() -> None:
    filters = filters_of(nn.LayerNorm(6))
    assert filters.kind == "normalisation"
    numbers = normalisation_numbers(filters)
    assert numbers.mean is numbers.variance is numbers.effective_scale is None
    assert numbers.shift is not None
    assert normalisation_numbers(filters_of(nn.LayerNorm((2, 3)))).shift.shape == (6,)


def test_what_else_is_said_of_weights() -> None:
    assert filters_of(nn.Linear(3, 2)).kind == "linear"
    assert filters_of(nn.PReLU()).kind == "other"
    assert filters_of(nn.Conv2d(4, 8, 3, groups=4)).groups == 4
