"""All channels of a layer, or all its kernels, in one picture.

Maps become one uint8 array of codes: 0 is the ground (gaps between tiles), 1 a value that is not a
number, 2 an infinite one, and 3 to 255 are values from the lowest to the highest.
`colormaps.colour_table` turns codes into colours. Numpy alone, because one parallel region of torch
costs more than the whole picture.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

Scale = Literal["channel", "layer", "fixed"]
"""Whether each channel uses the whole range of colours, all share one range, or the range is one
that a person chose."""

GROUND = 0
"""The code of gaps."""
NOT_A_NUMBER = 1
INFINITE = 2
LOWEST = 3
ZERO = 129
"""The code of zero in a mosaic of signed values."""
HIGHEST = 255
_STEPS = HIGHEST - LOWEST

_NEARLY = 0.9
"""How much smaller tiles may be drawn for a full last row."""


@dataclass(frozen=True)
class Shading:
    """How values become codes, and so colours. Every choice in it is one that a person sees."""

    scale: Scale = "channel"
    low: float = 0.0
    """The lowest value of a fixed scale."""
    high: float = 1.0
    """The highest value of a fixed scale."""
    clip: float = 0.0
    """Per cent of the values, at the lowest end and at the highest, that lie beyond the scale and
    get the colours of its ends. Of signed values, of the largest absolute ones. A fixed scale clips
    by itself."""
    gamma: float = 1.0
    """The power to which the place of a value within the scale (0 to 1) is raised: below 1 small
    values stand out. Of signed values, the distance from zero."""
    signed: bool = False
    """Zero is in the middle of the colours, and both ends are equally far from it."""


USUAL = Shading()


@dataclass(frozen=True)
class TileGrid:
    """Where the tiles of a mosaic lie, in pixels: row by row, gaps between but none around."""

    count: int
    columns: int
    tile_width: int
    tile_height: int
    gap: int

    @property
    def rows(self) -> int:
        return -(-self.count // self.columns)

    @property
    def width(self) -> int:
        return self.columns * (self.tile_width + self.gap) - self.gap

    @property
    def height(self) -> int:
        return self.rows * (self.tile_height + self.gap) - self.gap

    def rect(self, tile: int) -> tuple[int, int, int, int]:
        """x, y, width, height of a tile."""
        row, column = divmod(tile, self.columns)
        return (
            column * (self.tile_width + self.gap),
            row * (self.tile_height + self.gap),
            self.tile_width,
            self.tile_height,
        )

    def tile_at(self, x: float, y: float) -> int | None:
        """The tile at a point; None in a gap, outside, or behind the last tile."""
        if not (0 <= x < self.width and 0 <= y < self.height):
            return None
        column, within_x = divmod(x, self.tile_width + self.gap)
        row, within_y = divmod(y, self.tile_height + self.gap)
        tile = int(row) * self.columns + int(column)
        if within_x >= self.tile_width or within_y >= self.tile_height or tile >= self.count:
            return None
        return tile


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Many tiles as one picture, and what its colours stand for."""

    pixels: npt.NDArray[np.uint8]
    """(height, width), C-contiguous: see the module's text. Colour kernels: (height, width, 3)."""
    grid: TileGrid
    low: FloatArray
    """(tiles,): the value drawn as `LOWEST`. Where the values are signed it is ``-high``."""
    high: FloatArray
    """(tiles,): the value drawn as `HIGHEST`."""
    flat: npt.NDArray[np.bool_]
    """(tiles,): whether all values of the tile are equal, as in a channel that never fires."""
    not_a_number: int
    """How many values are not a number."""
    infinite: int
    """How many values are infinite."""

    @property
    def not_finite(self) -> int:
        """How many values are infinite or not a number; scales are those of the finite ones."""
        return self.not_a_number + self.infinite


def mosaic(
    maps: FloatArray, shading: Shading = USUAL, *, columns: int | None = None, gap: int = 1
) -> Mosaic:
    """Draw maps (C, H, W) as tiles; a flat layer (N,) as N tiles of one pixel.

    A channel whose values are all equal is drawn as `LOWEST` where each channel has its own range
    (as `ZERO` where that is in the middle).
    """
    tiles = _as_tiles(maps)
    lowest, highest, undefined, infinite = _ranges(tiles)
    flat = lowest == highest
    low, high = _scales(tiles, lowest, highest, shading, bool(undefined or infinite))
    grid = _grid(tiles, columns, gap)
    pixels = _draw(tiles, grid, low, high, shading, bool(undefined or infinite))
    return Mosaic(pixels, grid, low, high, flat, undefined, infinite)


def colour_mosaic(
    weight: FloatArray,
    shading: Shading = USUAL,
    *,
    columns: int | None = None,
    gap: int = 1,
    ground: tuple[int, int, int] = (128, 128, 128),
) -> Mosaic:
    """Draw kernels on three channels (N, 3, kh, kw) as tiles in colour: zero is mid-grey, the
    largest absolute value of a kernel (or of all) 1 or 255. Of the shading the scale counts alone;
    `ground` is the colour of the gaps. What is not finite is drawn as zero."""
    tiles = weight.reshape(len(weight), -1)[:, None, :]
    low, high, undefined, infinite = _ranges(tiles)
    peak = np.maximum(np.abs(low), np.abs(high))
    if shading.scale == "layer":
        peak = np.full_like(peak, peak.max())
    elif shading.scale == "fixed":
        peak = np.full_like(peak, max(abs(shading.low), abs(shading.high)))
    grid = _grid(weight[:, 0], columns, gap)
    factor = np.divide(127.0, peak, out=np.zeros_like(peak, dtype=np.float64), where=peak > 0)
    with np.errstate(invalid="ignore"):  # infinity times the 0 of a tile with no finite values
        values = weight.transpose(0, 2, 3, 1) * factor[:, None, None, None]
    if undefined or infinite:
        values = np.where(np.isfinite(values), values, 0.0)
    values = np.clip(values, -127.0, 127.0) + 128.5
    pixels = np.empty((grid.height, grid.width, 3), dtype=np.uint8)
    pixels[:] = ground
    _place(values, pixels, grid)
    return Mosaic(pixels, grid, -peak, peak, low == high, undefined, infinite)


def rearranged(
    drawn: Mosaic,
    order: npt.NDArray[np.intp],
    *,
    columns: int,
    gap: int = 1,
    ground: tuple[int, int, int] = (128, 128, 128),
) -> npt.NDArray[np.uint8]:
    """The pixels of a mosaic without gaps with these of its tiles alone, in this order: in the very
    colours that they have among all. `ground` is the colour of gaps between colour kernels."""
    before = drawn.grid
    deeper = drawn.pixels.shape[2:]
    packed = drawn.pixels.reshape(
        before.rows, before.tile_height, before.columns, before.tile_width, *deeper
    )
    tiles = packed[order // before.columns, :, order % before.columns]
    grid = replace(before, count=len(order), columns=max(1, min(columns, len(order))), gap=gap)
    pixels = np.zeros((grid.height, grid.width, *deeper), np.uint8)
    if deeper:
        pixels[:] = ground
    _place(tiles, pixels, grid)
    return pixels


def best_columns(
    count: int,
    tile_width: float,
    tile_height: float,
    width: float,
    height: float | None = None,
    gap: float = 1,
) -> int:
    """How many columns show `count` tiles best.

    With a `height`: the number that lets the whole mosaic be drawn largest in width x height, or
    nearly so with fewer empty places. Without: as many as fit into the width at this size; of the
    numbers nearly as large, one that leaves the last row full, or else as full as may be.
    """
    count = max(count, 1)
    if height is not None:

        def size(columns: int) -> float:
            rows = -(-count // columns)
            return min(
                width / (columns * (tile_width + gap) - gap),
                height / (rows * (tile_height + gap) - gap),
            )

        sizes = {columns: size(columns) for columns in range(1, count + 1)}
        enough = _NEARLY * max(sizes.values())
        return min(
            (columns for columns in sizes if sizes[columns] >= enough),
            key=lambda columns: (-count % columns, -sizes[columns], columns),
        )
    fitting = min(count, max(1, int((width + gap) // (tile_width + gap))))
    for columns in range(fitting, max(1, math.ceil(fitting * 0.75)) - 1, -1):
        if count % columns == 0:
            return columns
    rows = -(-count // fitting)
    return -(-count // rows)


def _as_tiles(maps: FloatArray) -> FloatArray:
    """(N, h, w); of a vector or a matrix each value is a tile of one pixel."""
    if maps.ndim in (1, 2):
        return maps.reshape(-1, 1, 1)
    if maps.ndim != 3:
        raise ValueError(f"maps have at most 3 dimensions, not {maps.ndim}")
    return maps


def _grid(tiles: FloatArray, columns: int | None, gap: int) -> TileGrid:
    count, height, width = tiles.shape
    if columns is None:
        columns = best_columns(count, width, height, 4.0, 3.0, gap)
    return TileGrid(count, max(1, min(columns, count)), width, height, gap)


def _ranges(tiles: FloatArray) -> tuple[FloatArray, FloatArray, int, int]:
    """The lowest and highest finite value of each tile, and how many values are not a number and
    how many infinite. A tile without a finite value has the lowest of all, so that it widens no
    range; 0 where no tile has one."""
    rows = tiles.reshape(len(tiles), -1)
    low, high = rows.min(axis=1), rows.max(axis=1)
    # a value that is not a number makes both so: no further pass over the maps is needed
    if np.isfinite(low).all() and np.isfinite(high).all():
        return low, high, 0, 0
    finite = np.isfinite(rows)
    low = np.where(finite, rows, np.inf).min(axis=1)
    high = np.where(finite, rows, -np.inf).max(axis=1)
    empty = ~finite.any(axis=1)
    low[empty] = high[empty] = 0.0 if empty.all() else low[~empty].min()
    undefined = int(np.count_nonzero(np.isnan(rows)))
    return low, high, undefined, int(rows.size - np.count_nonzero(finite)) - undefined


def _scales(
    tiles: FloatArray, lowest: FloatArray, highest: FloatArray, shading: Shading, wild: bool
) -> tuple[FloatArray, FloatArray]:
    """The values of each tile that get the first and the last colour."""
    low, high = lowest, highest
    if shading.scale == "fixed":
        low, high = np.full_like(low, shading.low), np.full_like(high, shading.high)
    elif shading.clip > 0:
        low, high = _clipped(tiles, low, high, shading, wild)
    elif shading.scale == "layer":
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    if shading.signed:
        peak = np.maximum(np.abs(low), np.abs(high))
        return -peak, peak
    return low, high


def _clipped(
    tiles: FloatArray, low: FloatArray, high: FloatArray, shading: Shading, wild: bool
) -> tuple[FloatArray, FloatArray]:
    """The scale without the chosen share of values at its ends."""
    rows = tiles.reshape(1 if shading.scale == "layer" else len(tiles), -1)
    if shading.signed:
        rows = np.abs(rows)
    ends = [0.0 if shading.signed else shading.clip, 100.0 - shading.clip]
    found = _percentiles_of_finite(rows, ends) if wild else np.percentile(rows, ends, axis=1)
    cut = np.broadcast_to(found, (2, len(tiles))).astype(np.float32)
    # rounded to float32, a cut must not lie beyond what is there
    return (-cut[1] if shading.signed else np.maximum(cut[0], low)), (
        cut[1] if shading.signed else np.minimum(cut[1], high)
    )


def _percentiles_of_finite(rows: FloatArray, ends: list[float]) -> npt.NDArray[np.float64]:
    """`np.nanpercentile` of the finite values of each row, 0 of a row without any: that goes row
    by row, which takes forty times as long."""
    rows = np.sort(np.where(np.isfinite(rows), rows, np.nan), axis=1)
    count = np.count_nonzero(~np.isnan(rows), axis=1)
    last = np.maximum(count - 1, 0)
    found = np.zeros((len(ends), len(rows)))
    for number, end in enumerate(ends):
        place = last * (end / 100)
        below = place.astype(np.intp)
        pair = np.stack([below, np.minimum(below + 1, last)], axis=1)
        low, high = np.take_along_axis(rows, pair, axis=1).astype(np.float64).T
        found[number] = low + (high - low) * (place - below)
    found[:, count == 0] = 0.0
    return found


def _draw(
    tiles: FloatArray,
    grid: TileGrid,
    low: FloatArray,
    high: FloatArray,
    shading: Shading,
    wild: bool,
) -> npt.NDArray[np.uint8]:
    """Scale each tile's [low, high] to `LOWEST`..`HIGHEST` straight into the mosaic."""
    pixels = np.zeros((grid.height, grid.width), dtype=np.uint8)
    span = high.astype(np.float64) - low
    # float32 unless a span or its inverse leaves its range: (v - low) must not become infinite
    extreme = wild or span.max(initial=0.0) > 1e38 or (span[span > 0] < 1e-30).any()
    dtype = np.float64 if extreme else np.float32
    empty = span <= 0
    undefined = infinite = None
    ends = low[:, None, None], high[:, None, None]
    if wild:
        undefined, infinite = np.isnan(tiles), np.isinf(tiles)
        tiles = np.where(undefined | infinite, ends[0], tiles)
    if wild or shading.scale == "fixed" or shading.clip > 0:
        tiles = np.clip(tiles, *ends)
    constant = _STEPS / 2 if shading.signed else 0.0
    if shading.gamma == 1:
        # + 0.5: the conversion to uint8 cuts off what should be rounded
        factor = np.divide(_STEPS, span, out=np.zeros_like(span), where=~empty)
        offset = np.where(empty, constant, 0.0) + LOWEST + 0.5
        values = np.subtract(tiles, ends[0], dtype=dtype)
        values *= factor[:, None, None].astype(dtype)
        values += offset[:, None, None].astype(dtype)
    else:
        values = _bent(tiles, low, span, empty, shading, dtype)
    if undefined is not None and infinite is not None:
        values[undefined] = NOT_A_NUMBER
        values[infinite] = INFINITE
    _place(values, pixels, grid)
    return pixels


def _bent(
    tiles: FloatArray,
    low: FloatArray,
    span: npt.NDArray[np.float64],
    empty: npt.NDArray[np.bool_],
    shading: Shading,
    dtype: type[np.floating],
) -> npt.NDArray[np.floating]:
    """Codes, not yet rounded, of values on a scale that a power bends."""
    whole = np.divide(1.0, span, out=np.zeros_like(span), where=~empty)
    if shading.signed:
        values = np.multiply(tiles, (2 * whole)[:, None, None].astype(dtype), dtype=dtype)
        bent = np.sign(values) * np.abs(values) ** dtype(shading.gamma)
        values = bent * dtype(_STEPS / 2) + dtype(ZERO + 0.5)
    else:
        values = np.subtract(tiles, low[:, None, None], dtype=dtype)
        values *= whole[:, None, None].astype(dtype)
        np.clip(values, 0.0, 1.0, out=values)  # a power of what rounding made negative is none
        values **= dtype(shading.gamma)
        values *= dtype(_STEPS)
        values += dtype(LOWEST + 0.5)
    return values


def _place(values: npt.NDArray[np.number], pixels: npt.NDArray[np.uint8], grid: TileGrid) -> None:
    """Write the tiles (N, h, w, ...) into the mosaic (height, width, ...), all rows at once."""
    height, width = grid.tile_height, grid.tile_width
    y_stride, x_stride = pixels.strides[:2]
    deeper = pixels.shape[2:], pixels.strides[2:]

    def window(rows: int, columns: int, first_row: int) -> npt.NDArray[np.uint8]:
        # the last column's tile ends at the last pixel, so the view stays inside the array
        return np.lib.stride_tricks.as_strided(
            pixels[first_row * (height + grid.gap) :],
            (rows, columns, height, width, *deeper[0]),
            (
                (height + grid.gap) * y_stride,
                (width + grid.gap) * x_stride,
                y_stride,
                x_stride,
                *deeper[1],
            ),
        )

    full, rest = divmod(grid.count, grid.columns)
    if full:
        target = window(full, grid.columns, 0)
        np.copyto(target, values[: full * grid.columns].reshape(target.shape), casting="unsafe")
    if rest:
        np.copyto(window(1, rest, full)[0], values[full * grid.columns :], casting="unsafe")
