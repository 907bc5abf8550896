"""The similarity of layers as a heat map to keep: a network a side, a layer a row or column, the
first ones at the lower left as in the papers."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from cnn_explorer.media.lettering import shortened, text_width
from cnn_explorer.probe.colormaps import ColormapName, colour_table, scale_colours
from cnn_explorer.probe.figures import (
    DARK,
    LIGHT,
    Figure,
    FigureBar,
    FigureBox,
    FigureText,
    Pixels,
)
from cnn_explorer.probe.mosaic import GROUND, HIGHEST, LOWEST
from cnn_explorer.probe.similarity import Similarity
from cnn_explorer.text import printable

_SIDE, _LEAST, _MOST = 1000, 3, 34
"""Cells are enlarged until the longer side has so many pixels, within these sizes."""
_NUMBERED = 28
"""In cells so large their number is written."""
_LABEL = 12
"""Labels are at least so far apart."""
_LONGEST = 190
_MARGIN = 20
_TITLE, _SMALL, _TINY = 15.0, 12.0, 10.0
_BAR_WIDTH, _BAR_HEIGHT = 280, 12
_SWATCH = 11


def similarity_figure(
    found: Similarity,
    *,
    colours: ColormapName = "magma",
    notes: Sequence[str] = (),
    dark: bool = False,
) -> Figure:
    """A heat map with the names of layers where there is room, and a colour bar from 0 to 1. What
    lies outside has the colour of the end, and a pair without a similarity that of the ground."""
    ground = DARK if dark else LIGHT
    rows, columns = found.values.shape
    cell = min(_MOST, max(_LEAST, _SIDE // max(rows, columns)))
    width, height = columns * cell, rows * cell
    steps = HIGHEST - LOWEST
    known = np.isfinite(found.values)
    values = np.clip(np.where(known, found.values, 0), 0, 1)
    codes = np.where(known, LOWEST + np.rint(values * steps), GROUND).astype(np.uint8)[::-1]
    table = colour_table(colours, ground.mat)
    every = math.ceil(_LABEL / cell)
    names_a = [_shown(name) for name in found.layers_a]
    names_b = [_shown(name) for name in found.layers_b]
    beside = max(math.ceil(text_width(name, _TINY)) for name in names_a[::every])
    below = max(math.ceil(text_width(name, _TINY)) for name in names_b[::every])
    title = "Linear CKA" + "".join(
        f"{word}{printable(name, 60)}"
        for word, name in ((": ", found.network_a), (" and ", found.network_b))
        if name
    )
    subtitle = " · ".join((
        f"{rows:,} × {columns:,} layers", f"{found.pictures:,} pictures",
        f"unbiased estimate from batches of {found.batch:,}", *notes,
    ))  # fmt: skip
    left, top = _MARGIN + 24 + beside + 6, _MARGIN + 46
    texts = [
        FigureText(_MARGIN, _MARGIN + 12, title, _TITLE, ground.text, "semibold"),
        FigureText(_MARGIN, _MARGIN + 32, subtitle, _SMALL, ground.quiet),
        FigureText(_MARGIN + 12, top + height / 2, _axis(found.network_a, height), _SMALL,
                   ground.text, "medium", "middle", upwards=True),
        FigureText(left + width / 2, top + height + 6 + below + 20,
                   _axis(found.network_b, max(width, 120)), _SMALL, ground.text, "medium",
                   "middle"),
    ]  # fmt: skip
    for number in range(0, rows, every):
        y = top + height - (number + 0.5) * cell + 3.5
        texts.append(FigureText(left - 6, y, names_a[number], _TINY, ground.quiet, anchor="end"))
    for number in range(0, columns, every):
        x = left + (number + 0.5) * cell + 3.5
        y = top + height + 6
        texts.append(
            FigureText(x, y, names_b[number], _TINY, ground.quiet, anchor="end", upwards=True)
        )
    if cell >= _NUMBERED:
        texts += _numbers(found, table[codes], cell, left, top)
    bar_top = top + height + 6 + below + 42
    bar = FigureBar(_MARGIN, bar_top, _BAR_WIDTH, _BAR_HEIGHT, scale_colours(colours))
    for at, word, anchor in ((0.0, "0, unrelated", "start"), (1.0, "1, alike", "end")):
        x = _MARGIN + at * _BAR_WIDTH
        y = bar_top + _BAR_HEIGHT + 16
        texts.append(FigureText(x, y, word, _SMALL, ground.text, anchor=anchor))  # type: ignore[arg-type]
    frame = [
        FigureBox(x, y, w, h, ground.mat)
        for x, y, w, h in (
            (_MARGIN - 1, bar_top - 1, _BAR_WIDTH + 2, 1),
            (_MARGIN - 1, bar_top + _BAR_HEIGHT, _BAR_WIDTH + 2, 1),
            (_MARGIN - 1, bar_top, 1, _BAR_HEIGHT),
            (_MARGIN + _BAR_WIDTH, bar_top, 1, _BAR_HEIGHT),
        )
    ]  # black ends nowhere on a dark ground
    bottom = bar_top + _BAR_HEIGHT + 20
    if not known.all():
        x, y = _MARGIN + _BAR_WIDTH + 24, bar_top + 1
        frame.append(FigureBox(x, y, _SWATCH, _SWATCH, ground.mat))
        words = "no similarity: the same for every picture"
        texts.append(FigureText(x + _SWATCH + 5, y + 10, words, _SMALL, ground.text))
    right = max(
        left + width,
        *(math.ceil(text.x + text.width) for text in texts if text.anchor == "start"),
        math.ceil(left + width / 2 + text_width(found.network_b, _SMALL) / 2),
    )
    return Figure(
        right + _MARGIN, bottom + _MARGIN, title, ground.ground,
        codes.repeat(cell, 0).repeat(cell, 1), table, (left, top), tuple(texts), tuple(frame),
        (bar,),
    )  # fmt: skip


def _shown(name: str) -> str:
    return shortened(printable(name, 200), _TINY, _LONGEST)


def _axis(network: str, room: float) -> str:
    return shortened(printable(network, 200), _SMALL, room, "medium")


def _numbers(
    found: Similarity, colours: Pixels, cell: int, left: int, top: int
) -> Iterator[FigureText]:
    """The value of each cell, dark on light colours and light on dark ones."""
    for row, values in enumerate(found.values[::-1]):
        for column, value in enumerate(values):
            if np.isfinite(value):
                red, green, blue = (int(part) for part in colours[row, column])
                light = 0.299 * red + 0.587 * green + 0.114 * blue > 140
                ink = LIGHT.text if light else DARK.text
                word = f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # not "−0.00"
                x, y = left + (column + 0.5) * cell, top + (row + 0.5) * cell + 3.5
                yield FigureText(x, y, word, _TINY, ink, anchor="middle")
