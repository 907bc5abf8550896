"""Cells of maps against plain numpy, and the colours that they get."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.probe.cells import (
    Cell,
    cell_of,
    cell_pixels,
    component_colours,
    principal_components,
    row_of,
    strongest_channel,
)
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.mosaic import Shading


def maps_of(*shape: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_mean_over_the_channels() -> None:
    maps = maps_of(17, 5, 6)
    cell = cell_of(maps, "mean")
    np.testing.assert_allclose(cell.values, maps.astype(np.float64).mean(0), atol=1e-7)
    assert cell.shape == (17, 5, 6)
    assert cell.channel is None


def test_strongest_channel() -> None:
    maps = maps_of(9, 4, 4)
    maps[6] += 3
    cell = cell_of(maps, "strongest")
    assert cell.channel == 6 == int(maps.mean((1, 2)).argmax())
    np.testing.assert_array_equal(cell.values, maps[6])
    maps[6, 0, 0] = np.nan
    maps[2] = np.inf
    assert strongest_channel(maps) not in (2, 6)
    assert strongest_channel(np.full((3, 2, 2), np.nan, np.float32)) == 0


def test_a_chosen_channel() -> None:
    maps = maps_of(3, 4, 4)
    np.testing.assert_array_equal(cell_of(maps, "channel", 2).values, maps[2])
    for wrong in (None, 3, -1):
        with pytest.raises(ValueError, match="no channel"):
            cell_of(maps, "channel", wrong)
    with pytest.raises(ValueError, match="empty"):
        cell_of(np.zeros((0, 2, 2), np.float32), "mean")


def by_svd(maps: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float64], list[float]]:
    """Principal components as textbooks have them."""
    points = maps.reshape(len(maps), -1).T.astype(np.float64)
    points = points - points.mean(0)
    left, singular, _ = np.linalg.svd(points, full_matrices=False)
    scores = (left * singular)[:, :3]
    for number in range(scores.shape[1]):
        column = scores[:, number]
        if column[np.abs(column).argmax()] < 0:
            scores[:, number] = -column
    shares = singular**2 / (singular**2).sum()
    return (scores / np.abs(scores).max()).reshape(*maps.shape[1:], -1), shares[:3].tolist()


@pytest.mark.parametrize("shape", [(5, 8, 9), (40, 4, 5), (3, 6, 6)])
def test_principal_components_against_a_singular_value_decomposition(
    shape: tuple[int, int, int],
) -> None:
    maps = maps_of(*shape, seed=3)
    values, explained = principal_components(maps)
    expected, shares = by_svd(maps)
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert explained == pytest.approx(shares, abs=1e-6)
    assert np.abs(values).max() == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(
    channels=st.integers(1, 12),
    side=st.integers(1, 6),
    scale=st.sampled_from([1e-30, 1.0, 1e30]),
    seed=st.integers(0, 9),
)
def test_components_stay_in_range_and_do_not_depend_on_the_scale(
    channels: int, side: int, scale: float, seed: int
) -> None:
    maps = maps_of(channels, side, side, seed=seed)
    values, explained = principal_components(maps * np.float32(scale))
    assert values.shape == (side, side, 3)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= 1
    assert sum(explained) <= 1 + 1e-9
    np.testing.assert_allclose(values, principal_components(maps)[0], atol=1e-3)


def test_components_of_maps_without_variance_are_grey() -> None:
    values, explained = principal_components(np.full((4, 3, 3), 2.5, np.float32))
    assert not values.any()
    assert explained == (0, 0, 0)
    assert (component_colours(values) == 128).all()
    two = np.zeros((2, 2, 2), np.float32)
    two[0, 0, 0] = np.inf
    two[1, 1, 1] = 1
    assert np.isfinite(principal_components(two)[0]).all()


def test_all_values_of_a_flat_layer_are_shown() -> None:
    values = maps_of(12)
    for show in ("mean", "strongest", "components"):
        cell = cell_of(values, show)  # type: ignore[arg-type]
        np.testing.assert_array_equal(cell.values, values)
    assert cell_of(values, "strongest").channel == int(values.argmax())
    np.testing.assert_array_equal(cell_of(values.reshape(12, 1, 1), "mean").values, values)
    assert cell_pixels(cell_of(values, "mean"), row_of([])).shape == (3, 4, 3)


def cell(*values: float) -> Cell:
    return Cell(np.array([values], np.float32), "mean", (1, 1, len(values)))


def test_each_cell_has_its_own_range_or_all_share_one() -> None:
    cells = [cell(0, 1), None, cell(0, 4)]
    table = colormap("viridis")
    each = row_of(cells, Shading("channel"))
    assert not each.one_scale
    assert cell_pixels(cells[0], each)[0, 1].tolist() == table[255].tolist()  # type: ignore[arg-type]
    one = row_of(cells, Shading("layer"))
    assert one.one_scale
    assert (one.shading.low, one.shading.high) == (0, 4)
    first, last = cell_pixels(cells[0], one), cell_pixels(cells[2], one)  # type: ignore[arg-type]
    assert last[0, 1].tolist() == table[255].tolist()
    near = np.abs(first[0, 1].astype(int) - table[64]).max()
    assert near <= 3, "a quarter of the common range"


def test_zero_is_in_the_middle_where_any_value_is_negative() -> None:
    cells = [cell(-1, 0), cell(0, 3)]
    one = row_of(cells, Shading("layer"))
    assert (one.shading.low, one.shading.high) == (-3, 3)
    middle = [cell_pixels(cells[0], one)[0, 1], cell_pixels(cells[1], one)[0, 0]]
    assert middle[0].tolist() == middle[1].tolist() == colormap("diverging")[128].tolist()
    assert row_of(cells, Shading("channel")).colours == "diverging"


def test_a_common_range_leaves_out_what_is_clipped_and_what_is_not_finite() -> None:
    values = np.arange(101, dtype=np.float32)[None]
    wild = Cell(np.array([[np.nan, np.inf, 50]], np.float32), "mean", (1, 1, 3))
    row = row_of([Cell(values, "mean", (1, 1, 101)), wild], Shading("layer", clip=10))
    assert row.shading.low == pytest.approx(np.percentile([*range(101), 50], 10))
    assert row.shading.high == pytest.approx(np.percentile([*range(101), 50], 90))
    assert cell_pixels(wild, row)[0, 0].tolist() == [255, 0, 255]
