"""All channels of a layer, or all its kernels, in one picture.

Maps become one uint8 array in which 0 is the ground (gaps between tiles, values that are not a
number) and 1 to 255 are values from the lowest to the highest. `colormaps.colour_table` turns it
into colours. Numpy alone, because one parallel region of torch costs more than the whole picture.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

Scale = Literal["channel", "layer"]
"""Whether each channel uses the whole range of colours, or all share one range."""

GROUND = 0
"""The value of gaps and of undefined (not a number) pixels."""
LOWEST = 1
ZERO = 128
"""The value of zero in a signed mosaic."""
HIGHEST = 255

KERNEL_LIMIT = 64
"""At most so many outputs and inputs are drawn when all kernels of a layer are shown."""
MATRIX_LIMIT = 1024
"""At most so many rows and columns of a weight matrix are drawn."""

_NEARLY = 0.9
"""How much smaller tiles may be drawn for a full last row."""


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
    """(tiles,): the value drawn as `LOWEST`. In a signed mosaic it is ``-high``."""
    high: FloatArray
    """(tiles,): the value drawn as `HIGHEST`."""
    flat: npt.NDArray[np.bool_]
    """(tiles,): whether all values of the tile are equal, as in a channel that never fires."""
    not_finite: int
    """How many values are infinite or not a number. Infinite ones are drawn at the ends of the
    range, which is that of the finite values; the others as `GROUND`."""


def mosaic(
    maps: FloatArray, *, columns: int | None = None, gap: int = 1, scale: Scale = "channel"
) -> Mosaic:
    """Draw maps (C, H, W) as tiles; a flat layer (N,) as N tiles of one pixel.

    A channel whose values are all equal is drawn as `LOWEST` where each channel has its own range.
    """
    tiles = _as_tiles(maps)
    low, high, not_finite = _ranges(tiles)
    flat = low == high
    if scale == "layer":
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    grid = _grid(tiles, columns, gap)
    span = high.astype(np.float64) - low
    pixels = _draw(tiles, grid, low, span, 0.0, not_finite)
    return Mosaic(pixels, grid, low, high, flat, not_finite)


def signed_mosaic(
    tiles: FloatArray, *, columns: int | None = None, gap: int = 1, scale: Scale = "channel"
) -> Mosaic:
    """Draw tiles (N, h, w) of values around zero: zero is always `ZERO`, for a diverging map."""
    tiles = _as_tiles(tiles)
    low, high, not_finite = _ranges(tiles)
    flat = low == high
    peak = np.maximum(np.abs(low), np.abs(high))
    if scale == "layer":
        peak = np.full_like(peak, peak.max())
    grid = _grid(tiles, columns, gap)
    pixels = _draw(tiles, grid, -peak, 2.0 * peak.astype(np.float64), 127.0, not_finite)
    return Mosaic(pixels, grid, -peak, peak, flat, not_finite)


def kernels_mosaic(
    weight: FloatArray,
    *,
    output: int | None = None,
    columns: int | None = None,
    gap: int = 1,
    scale: Scale = "channel",
    ground: tuple[int, int, int] = (128, 128, 128),
) -> Mosaic:
    """Draw the weights of a layer.

    - (out, 3, kh, kw) with kernels larger than one pixel, the first layer of a network on colour
      pictures: a tile an output, in colour, zero as mid-grey; `ground` is the colour of the gaps.
    - other (out, in, kh, kw): signed tiles, a row an output, a column an input, the first
      `KERNEL_LIMIT` of either; with `output` given, all inputs' kernels of that output.
    - 1 x 1 kernels and matrices (out, in): one signed tile, a pixel a weight, the first
      `MATRIX_LIMIT` rows and columns; with `output` given a tile of one pixel an input.
    - (channels,), a normalisation's: a signed tile of one pixel a channel.
    """
    if weight.ndim == 4 and weight.shape[2:] == (1, 1):
        weight = weight[:, :, 0, 0]
    if output is not None and weight.ndim > 1:
        if weight.ndim == 4 and weight.shape[1] == 3:
            weight = weight[output : output + 1]
        else:
            return signed_mosaic(weight[output], columns=columns, gap=gap, scale=scale)
    if weight.ndim == 4 and weight.shape[1] == 3:
        return _colour_kernels(weight, columns, gap, scale, ground)
    if weight.ndim == 4:
        shown = weight[:KERNEL_LIMIT, :KERNEL_LIMIT]
        tiles = np.ascontiguousarray(shown).reshape(-1, *weight.shape[2:])
        return signed_mosaic(tiles, columns=shown.shape[1], gap=gap, scale=scale)
    if weight.ndim == 2:
        return signed_mosaic(weight[None, :MATRIX_LIMIT, :MATRIX_LIMIT], gap=gap, scale=scale)
    return signed_mosaic(weight, columns=columns, gap=gap, scale=scale)


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


def _ranges(tiles: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """The lowest and highest finite value of each tile (0 where there is none), and how many
    values are not finite."""
    rows = tiles.reshape(len(tiles), -1)
    low, high = rows.min(axis=1), rows.max(axis=1)
    # a value that is not a number makes both so: no further pass over the maps is needed
    if np.isfinite(low).all() and np.isfinite(high).all():
        return low, high, 0
    finite = np.isfinite(rows)
    low = np.where(finite, rows, np.inf).min(axis=1)
    high = np.where(finite, rows, -np.inf).max(axis=1)
    empty = ~finite.any(axis=1)
    low[empty] = high[empty] = 0.0
    return low, high, int(rows.size - np.count_nonzero(finite))


def _draw(
    tiles: FloatArray,
    grid: TileGrid,
    low: FloatArray,
    span: npt.NDArray[np.float64],
    constant: float,
    not_finite: int,
) -> npt.NDArray[np.uint8]:
    """Scale each tile's [low, low + span] to 1..255 straight into the mosaic.

    Where the span is 0, the value is ``1 + constant``.
    """
    pixels = np.zeros((grid.height, grid.width), dtype=np.uint8)
    # float32 unless a span or its inverse leaves its range: (v - low) must not become infinite
    wild = not_finite or span.max(initial=0.0) > 1e38 or (span[span > 0] < 1e-30).any()
    dtype = np.float64 if wild else np.float32
    empty = span == 0
    factor = np.divide(254.0, span, out=np.zeros_like(span), where=~empty)
    # + 1.5: the lowest value is 1, and the conversion to uint8 cuts off what should be rounded
    offset = np.where(empty, constant, 0.0) + 1.5
    undefined = None
    if not_finite:
        undefined = np.isnan(tiles)
        ends = low[:, None, None], (low + span)[:, None, None]
        tiles = np.clip(np.where(undefined, 0.0, tiles), *ends)
    values = np.subtract(tiles, low[:, None, None], dtype=dtype)
    values *= factor[:, None, None].astype(dtype)
    values += offset[:, None, None].astype(dtype)
    if undefined is not None:
        values[undefined] = GROUND
    _place(values, pixels, grid)
    return pixels


def _place(values: npt.NDArray[np.floating], pixels: npt.NDArray[np.uint8], grid: TileGrid) -> None:
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


def _colour_kernels(
    weight: FloatArray,
    columns: int | None,
    gap: int,
    scale: Scale,
    ground: tuple[int, int, int],
) -> Mosaic:
    """(out, 3, kh, kw) as RGB tiles: zero is 128, the largest absolute value 1 or 255."""
    tiles = weight.reshape(len(weight), -1)[:, None, :]
    low, high, not_finite = _ranges(tiles)
    peak = np.maximum(np.abs(low), np.abs(high))
    if scale == "layer":
        peak = np.full_like(peak, peak.max())
    grid = _grid(weight[:, 0], columns, gap)
    factor = np.divide(127.0, peak, out=np.zeros_like(peak, dtype=np.float64), where=peak > 0)
    with np.errstate(invalid="ignore"):  # infinity times the 0 of a tile with no finite values
        values = weight.transpose(0, 2, 3, 1) * factor[:, None, None, None] + 128.5
    if not_finite:
        values = np.clip(np.where(np.isnan(values), 128.5, values), 1.5, 255.5)
    pixels = np.empty((grid.height, grid.width, 3), dtype=np.uint8)
    pixels[:] = ground
    _place(values, pixels, grid)
    return Mosaic(pixels, grid, -peak, peak, low == high, not_finite)
