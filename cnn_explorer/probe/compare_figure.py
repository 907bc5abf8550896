"""A comparison of networks as a figure to keep: a column a network, a row a stage, the maps of each
in one cell, and a legend that says which reduction and which scale they have.

Everything is at twice the size of a screen's pixels, so that the picture and the maps are sharp.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cnn_explorer.media.lettering import Weight, shortened, text_width
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.probe.answers import compare_answers
from cnn_explorer.probe.cells import IN_WORDS, Cell, Reduction, Row, cell_pixels, row_of
from cnn_explorer.probe.colormaps import ColormapName, scale_colours
from cnn_explorer.probe.comparison import Column, Comparison
from cnn_explorer.probe.figures import (
    DARK,
    LIGHT,
    Anchor,
    Colour,
    Figure,
    FigureBar,
    FigureBox,
    FigureText,
    Ground,
    Pixels,
)
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.mosaic import Shading
from cnn_explorer.text import format_value, percent, printable

UNTRAINED = "untrained: this answer means nothing"
CLASSES_SHOWN = 5

_MARGIN = 48
_LABELS = 208
"""Width of what stands beside the rows."""
_COLUMN, _CELL, _GAP = 368, 304, 40
_PICTURE = 248
"""Height of the picture above the columns."""
_TITLE, _HEAD, _SMALL, _TINY = 34.0, 26.0, 22.0, 19.0
_LINE = 30
_SCORE = 46
"""Height of one class with its bar."""


@dataclass(frozen=True)
class _Accent:
    bar: Colour
    warning: Colour
    frame: Colour


_ON_LIGHT = _Accent((59, 108, 199), (166, 77, 0), (235, 87, 20))
_ON_DARK = _Accent((112, 160, 245), (245, 181, 85), (255, 138, 76))


def cells_of(
    comparison: Comparison, show: Reduction, channels: Sequence[int | None] = ()
) -> tuple[tuple[Cell | None, ...], ...]:
    """What is shown, row by row, a cell a network. `channels` are those chosen, one a network."""
    chosen = [*channels, *[None] * (len(comparison.columns) - len(channels))]
    return tuple(
        tuple(
            column.cell(number, show, channel)
            for column, channel in zip(comparison.columns, chosen, strict=True)
        )
        for number in range(len(comparison.rows))
    )


def comparison_figure(
    comparison: Comparison,
    show: Reduction = "mean",
    *,
    channels: Sequence[int | None] = (),
    shading: Shading | None = None,
    dark: bool = False,
) -> Figure:
    """The figure of a comparison. The scale of the shading is ``channel`` (each cell has its own
    range, as when no shading is given) or ``layer`` (all cells of a row share one)."""
    sheet = _Sheet(comparison, show, shading or Shading("channel"), dark)
    sheet.head()
    sheet.columns()
    cells = cells_of(comparison, show, channels)
    for number, label in enumerate(comparison.rows):
        sheet.row(number, label, cells[number])
    sheet.legend()
    return sheet.figure()


class _Sheet:
    """Where everything goes, from the top down."""

    def __init__(
        self, comparison: Comparison, show: Reduction, shading: Shading, dark: bool
    ) -> None:
        self._comparison, self._show, self._shading = comparison, show, shading
        self._answers = compare_answers([column.answer for column in comparison.columns])
        self._ground: Ground = DARK if dark else LIGHT
        self._accent = _ON_DARK if dark else _ON_LIGHT
        self._texts: list[FigureText] = []
        self._boxes: list[FigureBox] = []
        self._bars: list[FigureBar] = []
        self._pictures: list[tuple[int, int, Pixels]] = []
        self._own_ranges: dict[ColormapName, None] = {}
        self._shared_ranges = False
        self._y = _MARGIN
        count = max(2, len(comparison.columns))  # title and legend want some width
        self._width = _MARGIN + _LABELS + count * (_COLUMN + _GAP) - _GAP + _MARGIN

    def head(self) -> None:
        """What is compared, and whether the answers agree."""
        comparison = self._comparison
        count = len(comparison.columns)
        title = f"{comparison.picture.name} through {count} network{'' if count == 1 else 's'}"
        self._y += 28
        self._text(
            _MARGIN, self._y, title, _TITLE, weight="semibold", within=self._width - 2 * _MARGIN
        )
        self._y += 8
        told = [comparison.rule, self._answers.sentence if count > 1 else ""]
        self._lines(" ".join(filter(None, told)))
        self._y += 28

    def columns(self) -> None:
        """What stands above the maps: network, weights, time, the picture, the answer."""
        top = self._y
        quiet = self._ground.quiet
        pictures = top + 150
        scores = pictures + _PICTURE + 24
        for number, column in enumerate(self._comparison.columns):
            x = self._left(number)
            self._text(x, top + 24, column.title, _HEAD, weight="semibold", within=_COLUMN)
            self._text(x, top + 54, f"weights {column.weights}", colour=quiet, within=_COLUMN)
            seen = preprocessing_in_words(column.preprocessing, column.prepared.framing)
            self._text(x, top + 82, time_in_words(column), colour=quiet, within=_COLUMN)
            self._text(x, top + 108, seen, _TINY, colour=quiet, within=_COLUMN)
            if not column.trained:
                warning = self._accent.warning
                self._text(x, top + 134, UNTRAINED, _TINY, colour=warning, within=_COLUMN)
            self._picture(column, x, pictures)
            self._scores(number, x, scores)
        self._text(_MARGIN, pictures + 22, "sees", weight="medium")
        self._text(_MARGIN, scores + 22, "answers", weight="medium")
        self._y = scores + CLASSES_SHOWN * _SCORE + _LINE + 24

    def row(self, number: int, label: str, cells: Sequence[Cell | None]) -> None:
        """The maps of one stage."""
        drawn = row_of(cells, self._shading)
        line = FigureBox(_MARGIN, self._y, self._width - 2 * _MARGIN, 2, self._ground.mat)
        self._boxes.append(line)
        top = self._y + 24
        for at, words in enumerate(wrapped([label], _LABELS - 24, _SMALL, "medium")):
            self._text(_MARGIN, top + 22 + at * _LINE, words, weight="medium")
        for at, cell in enumerate(cells):
            self._cell(number, at, top, cell, drawn)
        if any(cell is not None and cell.values.ndim < 3 for cell in cells):
            if drawn.one_scale:
                self._shared_ranges = True
                ends = (drawn.shading.low, drawn.shading.high)
                low, high = (format_value(end + 0.0, 3) for end in ends)
                self._bar(_MARGIN, top + _CELL - 56, drawn.colours, low, high)
            else:
                self._own_ranges[drawn.colours] = None
        self._y = top + _CELL + 76

    def legend(self) -> None:
        """What cells show, which scale they have, and what else is to be said."""
        line = FigureBox(_MARGIN, self._y, self._width - 2 * _MARGIN, 2, self._ground.mat)
        self._boxes.append(line)
        self._y += 12
        told = legend_of(self._show, one_scale=self._shared_ranges)
        if self._comparison.rows:
            self._lines(f"Cells: {told}.")
        x = _MARGIN
        for colours in self._own_ranges:
            ends = ("−largest", "largest") if colours == "diverging" else ("lowest", "highest")
            self._bar(x, self._y + 20, colours, *ends)
            x += _LABELS + _GAP
        if self._own_ranges:
            self._y += 64
        self._lines(*self._answers.notes)
        failed = [f"{column.title}: {column.sentence}" for column in self._comparison.failed]
        self._lines(*failed, colour=self._accent.warning)

    def figure(self) -> Figure:
        height = self._y + _MARGIN
        canvas = np.empty((height, self._width, 3), np.uint8)
        canvas[:] = self._ground.ground
        for x, y, pixels in self._pictures:
            canvas[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
        title = printable(f"{self._comparison.picture.name}, compared", 400)
        no_codes = np.zeros((256, 3), np.uint8)
        return Figure(
            self._width, height, title, self._ground.ground, canvas, no_codes, (0, 0),
            tuple(self._texts), tuple(self._boxes), tuple(self._bars),
        )  # fmt: skip

    def _left(self, number: int) -> int:
        return _MARGIN + _LABELS + number * (_COLUMN + _GAP)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = _SMALL,
        *,
        colour: Colour | None = None,
        weight: Weight = "regular",
        anchor: Anchor = "start",
        within: float | None = None,
    ) -> None:
        shown = printable(text, 400)
        if within is not None:
            shown = shortened(shown, size, within, weight)
        colour = self._ground.text if colour is None else colour
        self._texts.append(FigureText(x, y, shown, size, colour, weight, anchor))

    def _lines(self, *sentences: str, colour: Colour | None = None) -> None:
        """Sentences, each on as many lines as it takes."""
        across = self._width - 2 * _MARGIN
        for line in wrapped([text for text in sentences if text], across, _SMALL):
            self._y += _LINE
            self._text(_MARGIN, self._y, line, colour=colour or self._ground.quiet)

    def _picture(self, column: Column, x: int, y: int) -> None:
        """The picture, dimmed where the network does not see it; in a frame what it sees."""
        pixels, (left, top, right, bottom) = picture_with_crop(
            column, self._comparison.picture, (_COLUMN, _PICTURE), self._ground.ground
        )
        self._pictures.append((x, y, pixels))
        for box in (
            (left, top, right - left, 3), (left, bottom - 3, right - left, 3),
            (left, top, 3, bottom - top), (right - 3, top, 3, bottom - top),
        ):  # fmt: skip
            self._boxes.append(FigureBox(x + box[0], y + box[1], *box[2:], self._accent.frame))

    def _scores(self, number: int, x: int, y: int) -> None:
        classes = self._comparison.columns[number].result.classes
        if not classes:
            self._text(x, y + 22, "tells no classes apart", colour=self._ground.quiet)
        for score in classes[:CLASSES_SHOWN]:
            share = percent(score.probability)
            room = _COLUMN - text_width(share, _SMALL) - 16
            self._text(x, y + 22, score.name, within=room)
            self._text(x + _COLUMN, y + 22, share, anchor="end")
            self._boxes.append(FigureBox(x, y + 30, _COLUMN, 6, self._ground.mat))
            long = max(1.0, score.probability * _COLUMN)
            self._boxes.append(FigureBox(x, y + 30, long, 6, self._accent.bar))
            y += _SCORE
        bits = self._answers.entropies[number]
        if bits is not None:
            self._text(x, y + 22, f"entropy {bits:.2f} bits", _TINY, colour=self._ground.quiet)

    def _cell(self, number: int, at: int, top: int, cell: Cell | None, drawn: Row) -> None:
        x, quiet = self._left(at), self._ground.quiet
        layer = self._comparison.columns[at].asked.layers[number]
        if cell is None or layer is None:
            why = "no layer here" if layer is None else "nothing to show"
            self._text(x, top + 22, why, colour=quiet)
            return
        self._pictures.append(
            (x, top, enlarged(cell_pixels(cell, drawn, self._ground.ground), (_CELL, _CELL)))
        )
        self._text(x, top + _CELL + 26, layer.name, _TINY, within=_COLUMN)
        self._text(x, top + _CELL + 50, cell_in_words(cell), _TINY, colour=quiet, within=_COLUMN)

    def _bar(self, x: int, y: int, colours: ColormapName, low: str, high: str) -> None:
        width = _LABELS - 32
        self._bars.append(FigureBar(x, y, width, 14, scale_colours(colours)))
        quiet = self._ground.quiet
        self._text(x, y + 36, low, _TINY, colour=quiet)
        self._text(x + width, y + 36, high, _TINY, colour=quiet, anchor="end")


# in words


def legend_of(show: Reduction, *, one_scale: bool) -> str:
    """What cells show and which values have the ends of the colours, for a legend."""
    what = IN_WORDS[show]
    if show == "components":
        return (
            f"{what}, grey for 0; each network has components of its own, so colours of different "
            "cells cannot be compared"
        )
    if one_scale:
        return f"{what}; the networks of a row share one colour scale"
    return f"{what}; each cell has a colour scale of its own"


def time_in_words(column: Column) -> str:
    """How long one forward took, and in which numbers it was not exact."""
    arithmetic = column.result.arithmetic
    how = f" in {arithmetic.how}" if arithmetic.precision == "fast" else ""
    return f"forward {column.result.forward_ms:.1f} ms{how}"


def preprocessing_in_words(of: Preprocessing, framing: Framing = AS_TRAINED) -> str:
    """How the network is given pictures."""
    colours = ", grey" if of.channels == 1 else ""
    if of.kind == "digit":
        return f"digit by its strokes, {of.crop} × {of.crop}{colours}"
    if departure := framing.departure(of):
        return f"{departure}, {of.crop} × {of.crop}{colours}"
    return f"shorter side {of.resize}, middle {of.crop} × {of.crop}{colours}"


def cell_in_words(cell: Cell) -> str:
    """The size of the layer's output, and what of it is shown where that is not plain."""
    size = " × ".join(map(str, cell.shape))
    if cell.values.ndim == 1:
        return f"{cell.shape[0]:,} values, all shown"
    if cell.channel is not None:
        return f"{size}, channel {cell.channel}"
    if cell.explained:
        return f"{size}, {sum(cell.explained):.0%} of the variance"
    return size


def wrapped(
    sentences: Iterable[str], width: float, size: float, weight: Weight = "regular"
) -> Iterator[str]:
    """Lines of whole words, each sentence beginning one."""
    for sentence in sentences:
        line = ""
        for word in sentence.split():
            longer = f"{line} {word}" if line else word
            if line and text_width(longer, size, weight) > width:
                yield line
                longer = word
            line = longer
        if line:
            yield shortened(line, size, width, weight)


# pixels


def picture_with_crop(
    column: Column, picture: Picture, room: tuple[int, int], ground: Colour
) -> tuple[Pixels, tuple[int, int, int, int]]:
    """The picture as large as fits into `room` (width, height), dimmed where the network does not
    see it; and left, top, right and bottom of what it sees."""
    scale = min(room[0] / picture.width, room[1] / picture.height)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    image = Image.fromarray(picture.rgb).resize(size, Image.Resampling.LANCZOS)
    pixels = np.asarray(image).astype(np.float32)
    x, y, width, height = column.prepared.crop
    across, down = size[0] / picture.width, size[1] / picture.height
    left, top = max(0, round(x * across)), max(0, round(y * down))
    right = min(size[0], max(left + 1, round((x + width) * across)))
    bottom = min(size[1], max(top + 1, round((y + height) * down)))
    dimmed = 0.35 * pixels + 0.65 * np.array(ground, np.float32)
    dimmed[top:bottom, left:right] = pixels[top:bottom, left:right]
    return np.rint(dimmed).astype(np.uint8), (left, top, right, bottom)


def enlarged(pixels: Pixels, room: tuple[int, int]) -> Pixels:
    """Pixels as large as fit into `room` (width, height), each a rectangle, nothing smoothed."""
    height, width = pixels.shape[:2]
    scale = min(room[0] / width, room[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST))
