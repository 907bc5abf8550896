"""Maps and kernels as figures to keep: tiles under a title, above a colour bar with its values.

A `Figure` knows where everything stands, in pixels of a screen, and writes itself as pixels or as
SVG. Both show the very same tiles: each value is a square of whole pixels in the colour that the
mosaic gives it, never smoothed.
"""

import base64
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.formats import FIGURES
from cnn_explorer.media.lettering import Weight, font, shortened, text_width
from cnn_explorer.media.save import save_png, write_text
from cnn_explorer.probe.colormaps import (
    INFINITE_COLOUR,
    NOT_A_NUMBER_COLOUR,
    ColormapName,
    colour_table,
    scale_colours,
)
from cnn_explorer.probe.mosaic import (
    USUAL,
    FloatArray,
    Mosaic,
    Shading,
    best_columns,
    colour_mosaic,
    mosaic,
)
from cnn_explorer.text import decimal, format_value, printable

Pixels = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]

PNG_SCALE = 2.0
"""Of what is saved as PNG, where it has at most `_SHARP` pixels then."""
MAX_PIXELS = 120_000_000
"""Larger figures are written as PNG at a smaller scale."""
MOST_VALUES = 20_000_000
"""More than so many values are no picture that other programs open."""
_SHARP = 8_000_000

_WIDTH, _HEIGHT, _TILE, _VALUE = 1080, 1000, 400, 36
"""Values are enlarged until the tiles together, one alone, or a value would become larger than
this."""
_MARGIN = 20
_TITLE, _SMALL, _TINY = 15.0, 12.0, 10.0
"""Sizes of letters: of the title, of what else is said, of numbers beside tiles."""
_LINE = 17
_LABEL = 14
"""Height of the numbers below or beside tiles."""
_BAR_WIDTH, _BAR_HEIGHT = 280, 12
_SWATCH = 11
_FAMILY = "Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif"


@dataclass(frozen=True)
class Ground:
    """The colours around what is drawn."""

    ground: Colour
    mat: Colour
    """Between the tiles: neither end nor middle of a colour map, so that every tile has an edge."""
    text: Colour
    quiet: Colour


LIGHT = Ground((255, 255, 255), (218, 223, 231), (27, 34, 48), (78, 88, 105))
DARK = Ground((21, 24, 30), (49, 56, 68), (232, 235, 241), (170, 179, 194))

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class FigureText:
    """One line; x is where its start, middle or end stands, y its baseline."""

    x: float
    y: float
    text: str
    size: float
    colour: Colour
    weight: Weight = "regular"
    anchor: Anchor = "start"
    upwards: bool = False
    """Turned, to be read from below: x is its baseline, y where its start, middle or end stands."""

    @property
    def width(self) -> float:
        return text_width(self.text, self.size, self.weight)


@dataclass(frozen=True)
class FigureBox:
    """A rectangle of one colour, over the tiles."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, eq=False)
class FigureBar:
    """All colours of a scale from left to right."""

    x: int
    y: int
    width: int
    height: int
    colours: Pixels
    """(N, 3)"""


@dataclass(frozen=True, eq=False)
class Figure:
    """Tiles, words and a colour bar, each at its place in width x height pixels."""

    width: int
    height: int
    title: str
    ground: Colour
    tiles: Pixels
    """(h, w) codes as in a `Mosaic`, or (h, w, 3) colours: all tiles and the mat around them."""
    table: Pixels
    """(256, 3): the colours of the codes."""
    tiles_at: tuple[int, int]
    """x and y of the upper left corner of the tiles."""
    texts: tuple[FigureText, ...] = ()
    boxes: tuple[FigureBox, ...] = ()
    bars: tuple[FigureBar, ...] = ()

    def png(self, scale: float = 1.0) -> Pixels:
        """The figure as uint8 (height, width, 3), so many times as large; less where that would be
        more than `MAX_PIXELS`."""
        scale = min(scale, math.sqrt(MAX_PIXELS / (self.width * self.height)))
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        pixels = np.empty((size[1], size[0], 3), np.uint8)
        pixels[:] = self.ground
        tiles = _enlarged(self.tiles, scale)
        _put(pixels, tiles if tiles.ndim == 3 else self.table[tiles], self.tiles_at, scale)
        for bar in self.bars:
            row = bar.colours[_nearest(len(bar.colours), round(bar.width * scale))]
            band = np.broadcast_to(row, (max(1, round(bar.height * scale)), *row.shape))
            _put(pixels, band, (bar.x, bar.y), scale)
        if not self.texts and not self.boxes:
            return pixels
        image = Image.fromarray(pixels)
        pen = ImageDraw.Draw(image)
        for box in self.boxes:
            left, top = round(box.x * scale), round(box.y * scale)
            right = max(left, round((box.x + box.width) * scale) - 1)
            bottom = max(top, round((box.y + box.height) * scale) - 1)
            pen.rectangle((left, top, right, bottom), fill=box.colour)
        anchors = {"start": "ls", "middle": "ms", "end": "rs"}
        for text in self.texts:
            if text.upwards:
                _write_upwards(image, text, scale)
                continue
            pen.text(
                (text.x * scale, text.y * scale), text.text, fill=text.colour,
                font=font(text.weight, text.size * scale), anchor=anchors[text.anchor],
            )  # fmt: skip
        return np.asarray(image)

    def svg(self) -> str:
        """The figure as SVG: the tiles as one picture, everything else as shapes and text, in Inter
        where it is installed."""
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            # Inkscape 1.2 knows references by their older name alone
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="{_FAMILY}" role="img">',
            f"<title>{escape(self.title)}</title>",
            *(_svg_gradient(bar, number) for number, bar in enumerate(self.bars)),
            f'<rect width="{self.width}" height="{self.height}" fill="{_hex(self.ground)}"/>',
            self._svg_tiles(),
            *(
                f'<rect x="{bar.x}" y="{bar.y}" width="{bar.width}" height="{bar.height}" '
                f'fill="url(#bar-{number})"/>'
                for number, bar in enumerate(self.bars)
            ),
            *(
                f'<rect x="{decimal(box.x)}" y="{decimal(box.y)}" width="{decimal(box.width)}" '
                f'height="{decimal(box.height)}" fill="{_hex(box.colour)}"/>'
                for box in self.boxes
            ),
            *map(_svg_text, self.texts),
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _svg_tiles(self) -> str:
        height, width = self.tiles.shape[:2]
        if self.tiles.ndim == 3:
            image = Image.fromarray(self.tiles)
        else:
            image = Image.fromarray(self.tiles).convert("P")
            image.putpalette(self.table.tobytes())
        written = io.BytesIO()
        image.save(written, "PNG")
        x, y = self.tiles_at
        return (
            f'<image x="{x}" y="{y}" width="{width}" height="{height}" '
            'preserveAspectRatio="none" style="image-rendering:pixelated" '
            'xlink:href="data:image/png;base64,'
            f'{base64.b64encode(written.getvalue()).decode()}"/>'
        )


def save_figure(path: Path, figure: Figure) -> None:
    """Write a figure, whole or not at all; the ending of the name says how: .png or .svg. A PNG is
    at twice the size of a screen's pixels, unless it is large already. Raises `ExplorerError`."""
    path = Path(path)
    match path.suffix.lower():
        case ".png":
            sharp = figure.width * figure.height * PNG_SCALE**2 <= _SHARP
            save_png(path, figure.png(PNG_SCALE if sharp else 1.0))
        case ".svg":
            write_text(path, figure.svg())
        case _:
            raise ExplorerError(
                f'a figure cannot be saved as "{printable(path.name)}": end the name with '
                f"{' or '.join(FIGURES)}."
            )


def maps_figure(
    maps: FloatArray,
    *,
    title: str,
    order: Sequence[int] | npt.NDArray[np.intp] | None = None,
    shading: Shading = USUAL,
    colours: ColormapName = "viridis",
    columns: int | None = None,
    names: Sequence[str] | None = None,
    rows: Sequence[str] = (),
    of: str = "channel",
    subtitle: str | None = None,
    notes: Sequence[str] = (),
    dark: bool = False,
    plain: bool = False,
) -> Figure:
    """A figure of maps (C, H, W), or of a flat layer (C,); of two dimensions (H, W) it is one map.

    `order` names the channels to show and their order, all where it is not given; one that is
    shown alone has the very colours that it has among the others. `names` of all channels stand
    below the tiles instead of their places, `rows` left of each row. `of` says what tiles are, and
    `subtitle` replaces the line that counts them, which ends with the `notes`. A `plain` figure has
    tiles alone.

    Raises `ExplorerError` where there is nothing to draw, or too much.
    """
    tiles = _as_tiles(maps)
    shown = np.arange(len(tiles)) if order is None else np.asarray(order, np.intp)
    _check(tiles, shown)
    if shading.scale == "channel" and tiles[0].size == 1:
        shading = replace(shading, scale="layer")  # a value alone has no range
    drawn_as = shading
    if shading.scale == "layer" and len(shown) < len(tiles):
        whole = mosaic(tiles, shading)  # the scale is that of all channels
        ends = float(whole.low[0]), float(whole.high[0])
        drawn_as = replace(shading, scale="fixed", low=ends[0], high=ends[1])
    in_order = np.array_equal(shown, np.arange(len(tiles)))
    chosen = tiles if in_order else tiles[shown]
    made = mosaic(chosen, drawn_as, columns=columns or _columns(chosen), gap=0)
    if subtitle is None:
        subtitle = _counted(of, shown, len(tiles), chosen.shape[1:], named=names is not None)
    ground = DARK if dark else LIGHT
    sheet = _Sheet(made, colour_table(colours, ground.mat), ground)
    if plain:
        return sheet.plain(title)
    sheet.label(shown, names, rows)
    scale = _Scale(scale_colours(colours), *_bar_words(made, shading, of))
    return sheet.figure(printable(title, 400), _subtitle(subtitle, notes), scale)


def kernels_figure(
    weight: FloatArray,
    *,
    title: str,
    order: Sequence[int] | npt.NDArray[np.intp] | None = None,
    scale: Literal["channel", "layer"] = "channel",
    columns: int | None = None,
    names: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    dark: bool = False,
    plain: bool = False,
) -> Figure:
    """A figure of kernels on red, green and blue (N, 3, kh, kw), in colour. With the scale
    ``channel`` each kernel has the range of its own largest weight, with ``layer`` all share one.
    The rest is as in `maps_figure`."""
    shown = np.arange(len(weight)) if order is None else np.asarray(order, np.intp)
    _check(weight, shown)
    chosen = weight[shown]
    columns = columns or _columns(chosen)
    shading = Shading(scale, signed=True)
    if scale == "layer":
        peak = float(colour_mosaic(weight, shading).high[0])
        shading = replace(shading, scale="fixed", low=-peak, high=peak)
    ground = DARK if dark else LIGHT
    made = colour_mosaic(chosen, shading, columns=columns, gap=0, ground=ground.mat)
    # the greys are those that a weight the same for all three colours has
    greys = np.repeat(np.arange(1, 256, dtype=np.uint8)[:, None], 3, axis=1)
    sheet = _Sheet(made, colour_table("grey", ground.mat), ground)
    if plain:
        return sheet.plain(title)
    sheet.label(shown, names, ())
    ticks, words = _bar_words(made, Shading(scale, signed=True), "kernel")
    words.append("red, green and blue: the weights of the three inputs")
    size = weight.shape[1:]
    subtitle = _counted("kernel", shown, len(weight), size, named=names is not None)
    return sheet.figure(
        printable(title, 400), _subtitle(subtitle, notes), _Scale(greys, ticks, words)
    )


def _as_tiles(maps: FloatArray) -> FloatArray:
    if maps.ndim == 1:
        return maps.reshape(-1, 1, 1)
    return maps[None] if maps.ndim == 2 else maps


def _columns(tiles: FloatArray) -> int:
    """How many columns make a figure of the usual shape."""
    height, width = tiles.shape[-2:]
    return best_columns(len(tiles), width, height, 4.0, 3.0)


def _check(tiles: FloatArray, shown: npt.NDArray[np.intp]) -> None:
    if not tiles.size or not len(shown):
        raise ExplorerError("there is nothing to draw: no channel is left, or the output is empty.")
    count = tiles[0].size * len(shown)
    if count > MOST_VALUES:
        raise ExplorerError(
            f"{count:,} values are too many for a picture: save them as numbers, or show fewer."
        )


def _counted(
    of: str, shown: npt.NDArray[np.intp], total: int, shape: Sequence[int], *, named: bool
) -> str:
    """``64 of 64 channels, 56 × 56``."""
    size = " × ".join(map(str, shape))
    if len(shown) == 1 and total > 1 and not named:
        return f"{of} {shown[0]} of {total:,}, {size}"
    if size == "1 × 1" and of == "channel":
        return f"{len(shown):,} of {total:,} values"
    return f"{len(shown):,} of {total:,} {of}{'' if total == 1 else 's'}, {size}"


def _subtitle(counted: str, notes: Sequence[str]) -> str:
    return printable(" · ".join((counted, *notes)), 400)


_Tick = tuple[float, str]
"""A place on a scale, from 0 to 1, and what stands there."""


@dataclass(frozen=True, eq=False)
class _Scale:
    """A colour bar to be."""

    colours: Pixels
    ticks: list[_Tick]
    words: list[str]


def _bar_words(made: Mosaic, shading: Shading, of: str) -> tuple[list[_Tick], list[str]]:
    """What is written at the ticks of a bar, and below it."""
    words = []
    low, high = float(made.low.min()), float(made.high.max())
    each = shading.scale == "channel" and made.grid.count > 1
    beyond = shading.scale == "fixed" or shading.clip > 0
    if each:
        ends = ("−largest", "largest") if shading.signed else ("lowest", "highest")
        ticks = [(0.0, f"{ends[0]} of each"), (1.0, f"{ends[1]} of each")]
        words.append(
            f"each {of} over its own range, within {format_value(low)} to {format_value(high)}"
        )
    elif low == high:
        ticks = [(0.5 if shading.signed else 0.0, format_value(low))]
        words.append("all values are equal")
    else:
        signs = ("≤ ", "≥ ") if beyond else ("", "")
        ticks = [(0.0, signs[0] + format_value(low)), (1.0, signs[1] + format_value(high))]
    if shading.signed and low < high:
        ticks.insert(1, (0.5, "0"))
    elif not each and low < 0 < high:
        ticks.insert(1, ((-low / (high - low)) ** shading.gamma, "0"))
    if shading.clip > 0 and shading.scale != "fixed":
        share = f"{shading.clip:g} %"
        which = f"the largest {share}" if shading.signed else share
        where = "" if shading.signed else " at each end"
        words.append(f"{which} of the values{where} lie beyond the scale")
    if shading.gamma != 1:
        words.append(f"gamma {shading.gamma:g}")
    return ticks, words


class _Sheet:
    """Where things go: tiles first, and around them what is said of them."""

    def __init__(self, made: Mosaic, table: Pixels, ground: Ground) -> None:
        grid = made.grid
        self._made, self._table, self._ground = made, table, ground
        across, down = grid.columns * grid.tile_width, grid.rows * grid.tile_height
        self._times = max(1, min(
            int(_WIDTH / 1.08 / across), int(_HEIGHT / 1.08 / down),
            _TILE // max(grid.tile_width, grid.tile_height), _VALUE,
        ))  # fmt: skip
        self._tile = grid.tile_width * self._times, grid.tile_height * self._times
        if grid.tile_width == grid.tile_height == 1 and self._times == 1:
            self._gap = 0
        else:
            self._gap = max(1, min(6, min(self._tile) // 12))
        self._below = 0
        self._labels: list[str] = []
        self._rows: Sequence[str] = ()

    def label(
        self, shown: npt.NDArray[np.intp], names: Sequence[str] | None, rows: Sequence[str]
    ) -> None:
        """Choose where to write what the tiles are called: below each where that is wide enough,
        else left of each row what its first one is."""
        grid, width = self._made.grid, self._tile[0]
        if rows:
            self._rows = rows
            return
        if grid.count == 1 and names is None:
            return  # the line below the title says it
        labels = [str(tile) if names is None else printable(names[tile], 200) for tile in shown]
        if names is not None and width >= 56:
            labels = [shortened(label, _TINY, width) for label in labels]
        if max(text_width(label, _TINY) for label in labels) + 2 <= width:
            self._labels, self._below = labels, _LABEL
        elif bool((np.diff(shown) == 1).all()) and grid.rows > 1:
            self._rows = labels[:: grid.columns]

    def plain(self, title: str) -> Figure:
        """The tiles alone."""
        tiles = self._spread()
        height, width = tiles.shape[:2]
        ground = self._ground.mat
        return Figure(width, height, printable(title, 400), ground, tiles, self._table, (0, 0))

    def figure(self, title: str, subtitle: str, scale: _Scale) -> Figure:
        """Everything at its place."""
        tiles = self._spread()
        height, width = tiles.shape[:2]
        left = _MARGIN + max(
            (math.ceil(text_width(row, _TINY)) + 6 for row in self._rows), default=0
        )
        widest = max(_WIDTH, width)
        title = shortened(title, _TITLE, widest, "semibold")
        subtitle = shortened(subtitle, _SMALL, widest)
        across = max(
            left - _MARGIN + width, _BAR_WIDTH, math.ceil(text_width(title, _TITLE, "semibold")),
            math.ceil(text_width(subtitle, _SMALL)),
            *(math.ceil(text_width(word, _SMALL)) for word in scale.words),
        )  # fmt: skip
        ground = self._ground
        texts = [
            FigureText(_MARGIN, _MARGIN + 12, title, _TITLE, ground.text, "semibold"),
            FigureText(_MARGIN, _MARGIN + 32, subtitle, _SMALL, ground.quiet),
        ]
        top = _MARGIN + 46
        texts += self._tile_texts(left, top)
        texts += self._row_texts(left, top)
        bar, boxes, more, bottom = self._bar(scale, top + height + 16, across)
        return Figure(
            across + 2 * _MARGIN, bottom + _MARGIN, title, ground.ground, tiles, self._table,
            (left, top), (*texts, *more), tuple(boxes), (bar,),
        )  # fmt: skip

    def _spread(self) -> Pixels:
        """The tiles enlarged and set apart, on the mat."""
        grid, gap, times = self._made.grid, self._gap, self._times
        pixels = self._made.pixels
        deeper = pixels.shape[2:]
        step_x, step_y = self._tile[0] + gap, self._tile[1] + gap + self._below
        spread = np.zeros((grid.rows * step_y, grid.columns * step_x, *deeper), np.uint8)
        if deeper:
            spread[:] = self._ground.mat
        packed = pixels.reshape(grid.rows, grid.tile_height, grid.columns, grid.tile_width, *deeper)
        places = spread.reshape(grid.rows, step_y, grid.columns, step_x, *deeper)
        # one small step for each pixel of an enlarged value: nothing large is made on the way
        for y in range(times):
            for x in range(times):
                bottom, right = grid.tile_height * times, grid.tile_width * times
                places[:, y:bottom:times, :, x:right:times] = packed
        edges = [(gap, 0), (gap, 0), *[(0, 0)] * len(deeper)]
        if not deeper:
            return np.pad(spread, edges)
        framed = np.empty((len(spread) + gap, spread.shape[1] + gap, 3), np.uint8)
        framed[:] = self._ground.mat
        framed[gap:, gap:] = spread
        return framed

    def _tile_texts(self, left: int, top: int) -> Iterator[FigureText]:
        columns, gap = self._made.grid.columns, self._gap
        for tile, label in enumerate(self._labels):
            row, column = divmod(tile, columns)
            x = left + gap + column * (self._tile[0] + gap) + self._tile[0] / 2
            y = top + gap + row * (self._tile[1] + gap + _LABEL) + self._tile[1] + 11
            yield FigureText(x, y, label, _TINY, self._ground.text, anchor="middle")

    def _row_texts(self, left: int, top: int) -> Iterator[FigureText]:
        step = self._tile[1] + self._gap + self._below
        every = math.ceil(_LABEL / step)
        for row in range(0, len(self._rows), every):
            # where rows are narrow, at the upper edge of its row, so that labels stay apart
            y = top + self._gap + row * step + min(self._tile[1] / 2 + 4, 10 if every > 1 else 1e9)
            quiet = self._ground.quiet
            yield FigureText(left - 6, y, self._rows[row], _TINY, quiet, anchor="end")

    def _bar(
        self, scale: _Scale, top: int, across: int
    ) -> tuple[FigureBar, list[FigureBox], list[FigureText], int]:
        """The colour bar from `top` on, what is written around it, and where all that ends."""
        text, quiet = self._ground.text, self._ground.quiet
        width = min(max(_BAR_WIDTH, across // 3), 420)
        places = [_tick_text(tick, _MARGIN, width, text) for tick in scale.ticks]
        crowded = _overlap(places)
        if crowded:  # zero near an end: it stands above the bar
            top += _LINE
        bar = FigureBar(_MARGIN, top, width, _BAR_HEIGHT, scale.colours)
        texts = []
        boxes = [
            FigureBox(x, y, w, h, self._ground.mat)
            for x, y, w, h in (
                (_MARGIN - 1, top - 1, width + 2, 1),
                (_MARGIN - 1, top + _BAR_HEIGHT, width + 2, 1),
                (_MARGIN - 1, top, 1, _BAR_HEIGHT),
                (_MARGIN + width, top, 1, _BAR_HEIGHT),
            )
        ]  # a frame: white ends nowhere on white
        for (at, _), placed in zip(scale.ticks, places, strict=True):
            above = crowded and 0 < at < 1
            x = _MARGIN + at * (width - 1)
            boxes.append(FigureBox(x, top - 4 if above else top + _BAR_HEIGHT, 1, 4, quiet))
            y = top - 7 if above else top + _BAR_HEIGHT + 16
            texts.append(replace(placed, y=y))
        bottom = top + _BAR_HEIGHT + 20
        for line in _lines(scale.words, across):
            bottom += _LINE
            texts.append(FigureText(_MARGIN, bottom - 4, line, _SMALL, quiet))
        x = _MARGIN
        swatches = self._swatches()
        if swatches:
            bottom += _LINE + 2
        for colour, words in swatches:
            boxes.append(FigureBox(x, bottom - 4 - _SWATCH + 2, _SWATCH, _SWATCH, colour))
            texts.append(FigureText(x + _SWATCH + 5, bottom - 4, words, _SMALL, text))
            x += _SWATCH + 5 + math.ceil(text_width(words, _SMALL)) + 16
        return bar, boxes, texts, bottom

    def _swatches(self) -> list[tuple[Colour, str]]:
        made, found = self._made, []
        in_colour = made.pixels.ndim == 3  # there they are drawn as zero
        for count, colour, what in (
            (made.not_a_number, NOT_A_NUMBER_COLOUR, "not a number"),
            (made.infinite, INFINITE_COLOUR, "infinite"),
        ):
            if count:
                grey = (128, 128, 128)
                drawn = ", drawn as 0" if in_colour else ""
                found.append((grey if in_colour else colour, f"{count:,} {what}{drawn}"))
        return found


def _tick_text(tick: _Tick, left: int, width: int, colour: Colour) -> FigureText:
    at, words = tick
    anchor: Anchor = "start" if at == 0 else "end" if at == 1 else "middle"
    return FigureText(left + at * width, 0, words, _SMALL, colour, anchor=anchor)


def _overlap(texts: Iterable[FigureText]) -> bool:
    """Whether texts of one line come too near each other."""
    shares = {"start": 0.0, "middle": 0.5, "end": 1.0}
    end = -math.inf
    for text in texts:
        start = text.x - shares[text.anchor] * text.width
        if start < end + 8:
            return True
        end = start + text.width
    return False


def _lines(words: Iterable[str], width: float) -> Iterator[str]:
    """Words side by side, as many as fit on a line."""
    line = ""
    for word in words:
        longer = f"{line} · {word}" if line else word
        if line and text_width(longer, _SMALL) > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def _nearest(count: int, drawn: int) -> npt.NDArray[np.intp]:
    """Which of `count` values each of so many drawn pixels shows."""
    return (np.arange(drawn) * count + count // 2) // max(1, drawn)


def _enlarged(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return pixels
    if scale == int(scale):
        return pixels.repeat(int(scale), axis=0).repeat(int(scale), axis=1)
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    rows, columns = ((np.arange(n) + 0.5) / scale for n in (height, width))
    down = np.minimum(rows.astype(np.intp), pixels.shape[0] - 1)
    right = np.minimum(columns.astype(np.intp), pixels.shape[1] - 1)
    drawn: Pixels = pixels[down][:, right]
    return drawn


def _put(pixels: Pixels, part: Pixels, at: tuple[int, int], scale: float) -> None:
    """Lay a part down where it belongs, as far as there is room."""
    left, top = (round(place * scale) for place in at)
    target = pixels[top : top + part.shape[0], left : left + part.shape[1]]
    target[:] = part[: target.shape[0], : target.shape[1]]


def _write_upwards(image: Image.Image, text: FigureText, scale: float) -> None:
    """Write a turned text."""
    size = text.size * scale
    length, height = math.ceil(text.width * scale) + 2, math.ceil(1.5 * size)
    baseline = math.ceil(1.1 * size)
    mask = Image.new("L", (length, height))
    letters = font(text.weight, size)
    ImageDraw.Draw(mask).text((1, baseline), text.text, fill=255, font=letters, anchor="ls")
    turned = mask.transpose(Image.Transpose.ROTATE_90)
    share = {"start": 1.0, "middle": 0.5, "end": 0.0}[text.anchor]
    place = round(text.x * scale) - baseline, round(text.y * scale - share * length)
    image.paste(text.colour, place, turned)


def _svg_gradient(bar: FigureBar, number: int) -> str:
    last = len(bar.colours) - 1
    stops = "".join(
        f'<stop offset="{decimal(100 * place / last)}%" stop-color="{_hex(colour)}"/>'
        for place, colour in enumerate(map(tuple, bar.colours.tolist()))
    )
    return f'<defs><linearGradient id="bar-{number}">{stops}</linearGradient></defs>'


def _svg_text(text: FigureText) -> str:
    weight = {"regular": "", "medium": ' font-weight="500"', "semibold": ' font-weight="600"'}
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    place = f'x="{decimal(text.x)}" y="{decimal(text.y)}"'
    turned = f' transform="rotate(-90 {decimal(text.x)} {decimal(text.y)})"' if text.upwards else ""
    return (
        f'<text {place} font-size="{decimal(text.size)}" fill="{_hex(text.colour)}"'
        f"{weight[text.weight]}{anchor}{turned}>{escape(text.text)}</text>"
    )


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
