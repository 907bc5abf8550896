"""Mosaics of small arrays against pixels worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.probe.colormaps import COLORMAPS, colormap, colour_table
from cnn_explorer.probe.mosaic import (
    GROUND,
    HIGHEST,
    LOWEST,
    ZERO,
    TileGrid,
    best_columns,
    kernels_mosaic,
    mosaic,
    signed_mosaic,
)


def f32(values: object) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_tiles_lie_row_by_row_with_gaps_of_ground() -> None:
    maps = f32([[[0, 1], [2, 3]], [[3, 2], [1, 0]], [[5, 5], [5, 7]]])
    made = mosaic(maps, columns=2)
    third, two = 1 + round(254 / 3), 1 + round(2 * 254 / 3)
    assert made.pixels.tolist() == [
        [1, third, 0, 255, two],
        [two, 255, 0, third, 1],
        [0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0],
        [1, 255, 0, 0, 0],
    ]
    assert made.pixels.flags.c_contiguous
    assert made.low.tolist() == [0, 0, 5]
    assert made.high.tolist() == [3, 3, 7]
    assert (made.grid.rows, made.grid.width, made.grid.height) == (2, 5, 5)


def test_one_range_for_the_layer() -> None:
    made = mosaic(f32([[[0, 127]], [[127, 254]]]), columns=1, gap=0, scale="layer")
    assert made.pixels.tolist() == [[1, 128], [128, 255]]
    assert made.low.tolist() == [0, 0]
    assert made.high.tolist() == [254, 254]


def test_channels_that_never_fire_are_flat() -> None:
    maps = np.zeros((3, 2, 2), dtype=np.float32)
    maps[1] = 4
    maps[2, 0, 0] = 1
    made = mosaic(maps, columns=3, gap=0)
    assert made.flat.tolist() == [True, True, False]
    assert (made.pixels[:, :4] == LOWEST).all()
    layer = mosaic(maps, columns=3, gap=0, scale="layer")
    assert (layer.pixels[:, 2:4] == HIGHEST).all()
    assert (mosaic(np.zeros((2, 2, 2), np.float32), scale="layer").pixels <= LOWEST).all()


def test_values_that_are_not_finite_are_counted_and_drawn_at_the_ends() -> None:
    maps = f32([[[0, np.nan, 1]], [[np.inf, 2, -np.inf]], [[np.nan] * 3], [[0, 127, 254]]])
    made = mosaic(maps, columns=1, gap=0)
    assert made.not_finite == 6
    assert made.pixels.tolist() == [
        [LOWEST, GROUND, HIGHEST],
        [LOWEST, LOWEST, LOWEST],  # one finite value: no range
        [GROUND, GROUND, GROUND],
        [1, 128, 255],
    ]
    assert made.flat.tolist() == [False, True, True, False]
    wide = mosaic(f32([[[np.inf, 2, -np.inf, 4]]]), gap=0)
    assert wide.pixels.tolist() == [[255, 1, 1, 255]]


def test_extreme_ranges_are_exact() -> None:
    huge = mosaic(f32([[[-3e38, 0, 3e38]]]), gap=0)
    assert huge.pixels.tolist() == [[1, 128, 255]]
    tiny = mosaic(f32([[[0, 1e-42, 2e-42]]]), gap=0)
    assert tiny.pixels.tolist() == [[1, 128, 255]]
    offset = mosaic(f32([[[4096, 4096.5, 4097]]]), gap=0)
    assert offset.pixels.tolist() == [[1, 128, 255]]


def test_flat_layers_are_tiles_of_one_pixel() -> None:
    made = mosaic(f32([0, 1, 2]), columns=2, gap=0, scale="layer")
    assert made.pixels.tolist() == [[1, 128], [255, 0]]


def test_signed_mosaics_have_zero_in_the_middle() -> None:
    made = signed_mosaic(f32([[[-1, 0, 0.5]], [[0, 0, 0]]]), columns=1, gap=0)
    assert made.pixels.tolist() == [[1, ZERO, 192], [ZERO] * 3]
    assert made.low.tolist() == [-1, 0]
    assert made.high.tolist() == [1, 0]
    both = signed_mosaic(f32([[[-1, 0]], [[0, 4]]]), columns=1, gap=0, scale="layer")
    assert both.pixels.tolist() == [[96, ZERO], [ZERO, 255]]


def test_colour_kernels_have_zero_as_mid_grey() -> None:
    weight = np.zeros((2, 3, 2, 2), dtype=np.float32)
    weight[0, 0, 0, 1] = 2  # red, right of the corner
    weight[1, 2, 1, 0] = -1  # the lack of blue
    made = kernels_mosaic(weight, columns=2, ground=(9, 9, 9))
    assert made.pixels.shape == (2, 5, 3)
    assert made.pixels[0, 1].tolist() == [255, 128, 128]
    assert made.pixels[1, 3].tolist() == [128, 128, 1]
    assert (made.pixels[:, 2] == 9).all()
    assert kernels_mosaic(weight, output=1, gap=0).pixels[1, 0].tolist() == [128, 128, 1]


def test_other_kernels_are_a_table_of_outputs_and_inputs() -> None:
    weight = np.zeros((3, 2, 2, 2), dtype=np.float32)
    weight[2, 1, 0, 0] = 1
    made = kernels_mosaic(weight, gap=1)
    assert (made.grid.rows, made.grid.columns) == (3, 2)
    x, y, _, _ = made.grid.rect(2 * 2 + 1)
    assert made.pixels[y, x] == HIGHEST
    assert np.count_nonzero(made.pixels == HIGHEST) == 1
    one = kernels_mosaic(weight, output=2, columns=2, gap=0)
    assert one.pixels.tolist() == [[128, 128, 255, 128], [128, 128, 128, 128]]
    many = kernels_mosaic(np.zeros((100, 70, 3, 3), np.float32))
    assert (many.grid.rows, many.grid.columns) == (64, 64)


def test_matrices_are_one_tile() -> None:
    weight = f32([[1, -1], [0, 0.5]])
    assert kernels_mosaic(weight).pixels.tolist() == [[255, 1], [128, 192]]
    pointwise = kernels_mosaic(weight[:, :, None, None])
    assert pointwise.pixels.tolist() == [[255, 1], [128, 192]]
    row = kernels_mosaic(weight, output=1, columns=2, gap=0, scale="layer")
    assert row.pixels.tolist() == [[128, 255]]
    vector = kernels_mosaic(f32([1, -1, 0]), columns=3, gap=0, scale="layer")
    assert vector.pixels.tolist() == [[255, 1, 128]]


@given(
    st.integers(1, 30), st.integers(1, 9), st.integers(1, 5), st.integers(1, 5), st.integers(0, 3)
)
def test_every_tile_is_found_where_it_lies(
    count: int, columns: int, width: int, height: int, gap: int
) -> None:
    grid = TileGrid(count, columns, width, height, gap)
    found = {}
    for y in range(grid.height):
        for x in range(grid.width):
            tile = grid.tile_at(x, y)
            if tile is not None:
                found.setdefault(tile, []).append((x, y))
    assert sorted(found) == list(range(count))
    for tile, points in found.items():
        x, y, w, h = grid.rect(tile)
        assert (points[0], points[-1]) == ((x, y), (x + w - 1, y + h - 1))
        assert len(points) == w * h
    assert grid.tile_at(-0.5, 0) is None
    assert grid.tile_at(0, grid.height) is None


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 4), st.integers(1, 4), st.data())
def test_mosaics_equal_the_plain_loop(
    count: int, columns: int, height: int, width: int, data: st.DataObject
) -> None:
    values = data.draw(
        st.lists(
            st.floats(-1e6, 1e6, width=32), min_size=count * height * width,
            max_size=count * height * width,
        )
    )  # fmt: skip
    maps = f32(values).reshape(count, height, width)
    made = mosaic(maps, columns=columns, gap=1)
    expected = np.zeros_like(made.pixels, dtype=float)
    for tile, tile_map in enumerate(maps.astype(float)):
        x, y, w, h = made.grid.rect(tile)
        span = tile_map.max() - tile_map.min()
        expected[y : y + h, x : x + w] = (
            1 + 254 * (tile_map - tile_map.min()) / span if span else LOWEST
        )
    assert np.abs(made.pixels - expected).max() <= 0.51


def test_maps_of_any_layout_and_wrong_dimensions() -> None:
    maps = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    strided = np.ascontiguousarray(maps.transpose(1, 2, 0)).transpose(2, 0, 1)
    assert (mosaic(strided).pixels == mosaic(maps).pixels).all()
    with pytest.raises(ValueError, match="dimensions"):
        mosaic(np.zeros((1, 1, 1, 1), dtype=np.float32))


def test_columns_that_show_most() -> None:
    assert best_columns(64, 112, 112, 1000) == 8
    assert best_columns(96, 55, 55, 600) == 8  # ten would fit, eight leave no gap
    assert best_columns(7, 10, 10, 55) == 4  # five would fit, but two rows of four are fuller
    assert best_columns(3, 500, 500, 100) == 1
    assert best_columns(0, 5, 5, 100) == 1
    assert best_columns(64, 10, 10, 800, 800) == 8
    assert best_columns(64, 10, 10, 1600, 400) == 16
    assert best_columns(64, 10, 10, 400, 300) == 8  # ten would be larger, with six places empty
    assert best_columns(6, 10, 20, 100, 1000) == 1
    assert best_columns(10, 7, 7, 1000, 10) == 10


def test_colour_maps_are_complete() -> None:
    for name in COLORMAPS:
        table = colormap(name)
        assert table.shape == (256, 3)
        assert table.dtype == np.uint8
        assert not table.flags.writeable
    assert colormap("grey")[77].tolist() == [77, 77, 77]
    # matplotlib.colormaps["viridis"](0), (255) and magma's, in bytes
    assert colormap("viridis")[[0, 255]].tolist() == [[68, 1, 84], [253, 231, 37]]
    assert colormap("magma")[[0, 255]].tolist() == [[0, 0, 4], [252, 253, 191]]
    assert colormap("diverging")[ZERO].tolist() == [244, 243, 240]
    painted = colour_table("grey", (1, 2, 3))
    assert painted[:2].tolist() == [[1, 2, 3], [1, 1, 1]]
