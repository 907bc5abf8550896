"""Mosaics of small arrays against pixels worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.probe.colormaps import (
    COLORMAPS,
    INFINITE_COLOUR,
    NOT_A_NUMBER_COLOUR,
    colormap,
    colour_table,
)
from cnn_explorer.probe.mosaic import (
    GROUND,
    HIGHEST,
    INFINITE,
    LOWEST,
    NOT_A_NUMBER,
    ZERO,
    Shading,
    TileGrid,
    best_columns,
    colour_mosaic,
    mosaic,
)

LAYER = Shading("layer")
SIGNED = Shading(signed=True)


def f32(values: object) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_tiles_lie_row_by_row_with_gaps_of_ground() -> None:
    maps = f32([[[0, 1], [2, 3]], [[3, 2], [1, 0]], [[5, 5], [5, 7]]])
    made = mosaic(maps, columns=2)
    third, two = 3 + 252 // 3, 3 + 2 * 252 // 3
    assert made.pixels.tolist() == [
        [3, third, 0, 255, two],
        [two, 255, 0, third, 3],
        [0, 0, 0, 0, 0],
        [3, 3, 0, 0, 0],
        [3, 255, 0, 0, 0],
    ]
    assert made.pixels.flags.c_contiguous
    assert made.low.tolist() == [0, 0, 5]
    assert made.high.tolist() == [3, 3, 7]
    assert (made.grid.rows, made.grid.width, made.grid.height) == (2, 5, 5)


def test_one_range_for_the_layer() -> None:
    made = mosaic(f32([[[0, 126]], [[126, 252]]]), LAYER, columns=1, gap=0)
    assert made.pixels.tolist() == [[3, 129], [129, 255]]
    assert made.low.tolist() == [0, 0]
    assert made.high.tolist() == [252, 252]


@pytest.mark.parametrize("signed", [False, True])
def test_clipping_is_numpys_among_values_that_are_not_finite(signed: bool) -> None:
    random = np.random.default_rng(0)
    maps = random.normal(size=(20, 6, 7)).astype(np.float32)
    maps[random.random(maps.shape) < 0.3] = np.nan
    maps[random.random(maps.shape) < 0.1] = np.inf
    maps[3], maps[4].reshape(-1)[1:] = np.nan, np.nan
    maps[4, 0, 0] = 7
    made = mosaic(maps, Shading(clip=10, signed=signed))
    for channel, values in enumerate(maps):
        finite = values[np.isfinite(values)].astype(np.float64)
        if not finite.size:
            continue
        low, high = np.percentile(finite, (10, 90))
        if signed:
            high = np.percentile(np.abs(finite), 90)
            low = -high
        assert made.low[channel] == pytest.approx(low, abs=1e-6)
        assert made.high[channel] == pytest.approx(high, abs=1e-6)


@pytest.mark.parametrize("shading", [LAYER, Shading("layer", clip=0.1), Shading()])
def test_a_map_without_finite_values_widens_no_range(shading: Shading) -> None:
    maps = f32([[[5, 5.5]], [[np.nan, np.inf]], [[5.5, 6]]])
    made = mosaic(maps, shading, gap=0)
    assert made.low.min() == pytest.approx(5, abs=0.01)
    assert made.high.max() == pytest.approx(6, abs=0.01)
    nothing = mosaic(maps[1:2], shading, gap=0)
    assert (nothing.low[0], nothing.high[0]) == (0, 0)


def test_a_fixed_range_is_the_same_for_every_layer_and_cuts_off_what_lies_beyond() -> None:
    made = mosaic(f32([[[-5, 0, 1, 2, 9]]]), Shading("fixed", 0, 2), gap=0)
    assert made.pixels.tolist() == [[3, 3, 129, 255, 255]]
    assert (made.low.tolist(), made.high.tolist()) == ([0], [2])
    both = mosaic(f32([[[-5, 0, 1, 2]]]), Shading("fixed", -1, 2, signed=True), gap=0)
    assert both.pixels.tolist() == [[3, 129, 192, 255]]
    assert (both.low.tolist(), both.high.tolist()) == ([-2], [2])


def test_clipping_leaves_a_share_of_the_values_beyond_the_scale() -> None:
    values = f32([list(range(101)), [0] * 100 + [1000]])[:, None, :]
    made = mosaic(values, Shading(clip=10), columns=1, gap=0)
    assert (made.low.tolist(), made.high.tolist()) == ([10, 0], [90, 0])
    assert made.pixels[0, :11].tolist() == [3] * 11
    assert made.pixels[0, 90:].tolist() == [255] * 11
    assert made.pixels[0, 50] == 129
    layer = mosaic(values[:1] - 50, Shading("layer", clip=10, signed=True), gap=0)
    # of 101 absolute values from 0 to 50 nine in ten are at most 45
    assert layer.high.tolist() == [45]
    assert layer.pixels[0, [0, 5, 50, 95, 100]].tolist() == [3, 3, 129, 255, 255]
    wild = f32([[[np.nan, 0, np.inf, 10]], [[np.nan] * 4]])
    kept = mosaic(wild, Shading(clip=10), columns=1, gap=0)
    assert (kept.low.tolist(), kept.high.tolist()) == ([1, 0], [9, 0])


def test_gamma_bends_the_scale_and_leaves_its_ends() -> None:
    made = mosaic(f32([[[0, 0.25, 1]]]), Shading(gamma=0.5), gap=0)
    assert made.pixels.tolist() == [[3, 129, 255]]
    signed = mosaic(f32([[[-4, -1, 0, 1, 4]]]), Shading(gamma=0.5, signed=True), gap=0)
    assert signed.pixels.tolist() == [[3, 66, 129, 192, 255]]
    assert mosaic(f32([[[2, 2]]]), Shading(gamma=2), gap=0).pixels.tolist() == [[3, 3]]


def test_channels_that_never_fire_are_flat() -> None:
    maps = np.zeros((3, 2, 2), dtype=np.float32)
    maps[1] = 4
    maps[2, 0, 0] = 1
    made = mosaic(maps, columns=3, gap=0)
    assert made.flat.tolist() == [True, True, False]
    assert (made.pixels[:, :4] == LOWEST).all()
    layer = mosaic(maps, LAYER, columns=3, gap=0)
    assert (layer.pixels[:, 2:4] == HIGHEST).all()
    assert (mosaic(np.zeros((2, 2, 2), np.float32), LAYER).pixels <= LOWEST).all()


def test_values_that_are_not_finite_have_codes_of_their_own_and_are_counted() -> None:
    maps = f32([[[0, np.nan, 1]], [[np.inf, 2, -np.inf]], [[np.nan] * 3], [[0, 126, 252]]])
    made = mosaic(maps, columns=1, gap=0)
    assert (made.not_a_number, made.infinite, made.not_finite) == (4, 2, 6)
    assert made.pixels.tolist() == [
        [LOWEST, NOT_A_NUMBER, HIGHEST],
        [INFINITE, LOWEST, INFINITE],  # one finite value: no range
        [NOT_A_NUMBER] * 3,
        [3, 129, 255],
    ]
    assert made.flat.tolist() == [False, True, True, False]
    signed = mosaic(f32([[[np.inf, -2, np.nan, 4]]]), Shading(gamma=2, signed=True), gap=0)
    assert signed.pixels.tolist() == [[INFINITE, 129 - 32 + 1, NOT_A_NUMBER, 255]]


def test_extreme_ranges_are_exact() -> None:
    huge = mosaic(f32([[[-3e38, 0, 3e38]]]), gap=0)
    assert huge.pixels.tolist() == [[3, 129, 255]]
    tiny = mosaic(f32([[[0, 1e-42, 2e-42]]]), gap=0)
    assert tiny.pixels.tolist() == [[3, 129, 255]]
    offset = mosaic(f32([[[4096, 4096.5, 4097]]]), gap=0)
    assert offset.pixels.tolist() == [[3, 129, 255]]


def test_flat_layers_are_tiles_of_one_pixel() -> None:
    made = mosaic(f32([0, 1, 2]), LAYER, columns=2, gap=0)
    assert made.pixels.tolist() == [[3, 129], [255, 0]]


def test_signed_values_have_zero_in_the_middle() -> None:
    made = mosaic(f32([[[-1, 0, 0.5]], [[0, 0, 0]]]), SIGNED, columns=1, gap=0)
    assert made.pixels.tolist() == [[3, ZERO, 192], [ZERO] * 3]
    assert made.low.tolist() == [-1, 0]
    assert made.high.tolist() == [1, 0]
    both = mosaic(f32([[[-1, 0]], [[0, 4]]]), Shading("layer", signed=True), columns=1, gap=0)
    assert both.pixels.tolist() == [[98, ZERO], [ZERO, 255]]


def test_colour_kernels_have_zero_as_mid_grey() -> None:
    weight = np.zeros((2, 3, 2, 2), dtype=np.float32)
    weight[0, 0, 0, 1] = 2  # red, right of the corner
    weight[1, 2, 1, 0] = -1  # the lack of blue
    made = colour_mosaic(weight, columns=2, ground=(9, 9, 9))
    assert made.pixels.shape == (2, 5, 3)
    assert made.pixels[0, 1].tolist() == [255, 128, 128]
    assert made.pixels[1, 3].tolist() == [128, 128, 1]
    assert (made.pixels[:, 2] == 9).all()
    layer = colour_mosaic(weight, LAYER, gap=0, columns=1)
    assert layer.pixels[3, 0].tolist() == [128, 128, 65]
    fixed = colour_mosaic(weight, Shading("fixed", -1, 1), gap=0, columns=1)
    assert fixed.pixels[0, 1].tolist() == [255, 128, 128]
    weight[0, 1, 1, 1] = np.nan
    broken = colour_mosaic(weight, columns=1, gap=0)
    assert broken.pixels[1, 1].tolist() == [128, 128, 128]
    assert broken.not_a_number == 1


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
            3 + 252 * (tile_map - tile_map.min()) / span if span else LOWEST
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
    assert colormap("inferno")[[0, 255]].tolist() == [[0, 0, 4], [252, 255, 164]]
    assert colormap("cividis")[[0, 255]].tolist() == [[0, 32, 77], [255, 234, 70]]
    assert colormap("diverging")[128].tolist() == [244, 243, 240]


def test_codes_have_colours_of_their_own() -> None:
    painted = colour_table("grey", (1, 2, 3))
    assert painted[GROUND].tolist() == [1, 2, 3]
    assert painted[NOT_A_NUMBER].tolist() == list(NOT_A_NUMBER_COLOUR)
    assert painted[INFINITE].tolist() == list(INFINITE_COLOUR)
    assert painted[[LOWEST, HIGHEST]].tolist() == [[0, 0, 0], [255, 255, 255]]
    assert colour_table("diverging", (0, 0, 0))[ZERO].tolist() == [244, 243, 240]
    # what is not finite must not be taken for a value
    for name in COLORMAPS:
        for colour in (NOT_A_NUMBER_COLOUR, INFINITE_COLOUR):
            away = np.abs(colormap(name).astype(int) - colour).sum(axis=1)
            assert away.min() > 100, name
