"""A comparison of networks as one HTML file that needs no other, and as JSON.

The page has no scripts and loads nothing: pictures are data URIs, and a policy in its head forbids
the rest. Whatever comes from elsewhere (names of files, classes, layers) is escaped.
"""

import base64
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnn_explorer.probe.answers import AnswersCompared, compare_answers
from cnn_explorer.probe.cells import Cell, Reduction, Row, cell_pixels, row_of
from cnn_explorer.probe.colormaps import ColormapName, scale_colours
from cnn_explorer.probe.compare_figure import (
    CLASSES_SHOWN,
    UNTRAINED,
    cell_in_words,
    cells_of,
    legend_of,
    picture_with_crop,
    preprocessing_in_words,
    time_in_words,
)
from cnn_explorer.probe.comparison import Column, Comparison
from cnn_explorer.probe.mosaic import Shading
from cnn_explorer.probe.results import Placement
from cnn_explorer.probe.statistics import LayerStatistics, statistics_of
from cnn_explorer.text import format_value, printable

FORMAT = "cnn-explorer comparison"
VERSION = 1

_PICTURE = 480
"""Longer side of the picture above each column, in pixels."""
_STOPS = 17
"""Colours of a scale that the page's gradients are made of."""
_STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b2230; --quiet: #4e5869;
  --line: #dadfe7; --bar: #3b6cc7; --warning: #a64d00; --frame: #eb5714; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181e; --text: #e8ebf1;
  --quiet: #aab3c2; --line: #313844; --bar: #70a0f5; --warning: #f5b555; --frame: #ff8a4c; } }
body { background: var(--ground); color: var(--text); margin: 2rem auto; padding: 0 1.5rem;
  max-width: 90rem; font: 15px/1.45 Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .35rem 1rem .35rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
thead th { font-weight: 600; } tbody th { font-weight: 500; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.quiet, figcaption { color: var(--quiet); font-size: .87em; }
.warning { color: var(--warning); }
.maps td, .maps thead th { width: 13rem; min-width: 9rem; }
img { display: block; max-width: 100%; height: auto; }
img.picture { width: 11rem; }
img.seen { width: 7rem; image-rendering: pixelated; }
img.map { width: 12rem; image-rendering: pixelated; }
figure { margin: 0; }
figcaption { overflow-wrap: anywhere; margin-top: .25rem; }
.share { background: var(--line); height: 4px; width: 9rem; margin-top: 2px; }
.share div { background: var(--bar); height: 4px; }
.scale { height: 10px; width: 9rem; }
.ends { display: flex; justify-content: space-between; width: 9rem; }
"""


def comparison_html(
    comparison: Comparison,
    show: Reduction = "mean",
    *,
    channels: Sequence[int | None] = (),
    shading: Shading | None = None,
) -> str:
    """The page of a comparison; the arguments are those of `comparison_figure`."""
    shading = shading or Shading("channel")
    answers = compare_answers([column.answer for column in comparison.columns])
    name = _text(comparison.picture.name)
    count = len(comparison.columns)
    several = count > 1
    body = [
        f"<h1>{name} through {count} network{'s' if several else ''}</h1>",
        f"<p>{_text(answers.sentence)}</p>" if several else "",
        *(f'<p class="warning">{_text(f"{one.title}: {one.sentence}")}</p>'
          for one in comparison.failed),
        "<h2>Networks</h2>", _networks(comparison, answers),
        "<h2>Answers</h2>", _answers(comparison, answers),
        *(("<h2>Agreement</h2>", _agreement(comparison, answers)) if several else ()),
        *(f"<p>{_text(note)}</p>" for note in answers.notes),
    ]  # fmt: skip
    if comparison.rows:
        cells = cells_of(comparison, show, channels)
        body += ["<h2>Maps</h2>", _maps(comparison, cells, show, shading)]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}, compared</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, body))
        + "\n</body>\n</html>\n"
    )


def _networks(comparison: Comparison, answers: AnswersCompared) -> str:
    titles = (
        "network", "sees", "gets", "weights", "forward", "parameters", "multiply-adds", "entropy",
    )  # fmt: skip
    rows = []
    for column, bits in zip(comparison.columns, answers.entropies, strict=True):
        seen, _ = picture_with_crop(column, comparison.picture, (_PICTURE, _PICTURE), (127,) * 3)
        what = f"the picture; the part that {column.title} sees is not dimmed"
        untrained = "" if column.trained else f'<br><span class="warning">{UNTRAINED}</span>'
        note = f'<br><span class="quiet">{_text(column.note)}</span>' if column.note else ""
        words = preprocessing_in_words(column.preprocessing, column.prepared.framing)
        rows.append(
            f'<tr><th scope="row">{_text(column.title)}</th>'
            f"<td>{_image(seen, what, 'width:11rem')}</td>"
            f"<td><figure>{_image(column.prepared.seen, 'its input', 'seen')}<figcaption>"
            f"{_text(words)}</figcaption></figure></td>"
            f"<td>{_text(column.weights)}{untrained}{note}</td>"
            f"<td>{_text(time_in_words(column).removeprefix('forward '))}</td>"
            f'<td class="number">{_count(column.card.parameters)}</td>'
            f'<td class="number">{_count(column.card.macs)}</td>'
            f'<td class="number">{"" if bits is None else f"{bits:.2f} bits"}</td></tr>'
        )
    return _table(titles, rows)


def _answers(comparison: Comparison, answers: AnswersCompared) -> str:
    rows = []
    for row in answers.rows:
        cells = []
        for probability, place in zip(row.probabilities, row.places, strict=True):
            if probability is None:
                cells.append('<td class="quiet">not among its classes</td>')
                continue
            bar = f'<div class="share"><div style="width:{100 * probability:.2f}%"></div></div>'
            cells.append(
                f'<td>{probability:.2%} <span class="quiet">place {place:,}</span>{bar}</td>'
            )
        rows.append(f'<tr><th scope="row">{_text(row.name)}</th>{"".join(cells)}</tr>')
    return _table(("class", *(column.title for column in comparison.columns)), rows)


def _agreement(comparison: Comparison, answers: AnswersCompared) -> str:
    titles = ("networks", "likeliest class", "total variation", "classes shared by name")
    rows = []
    for pair in answers.pairs:
        both = " and ".join(comparison.columns[at].title for at in (pair.first, pair.second))
        same = {True: "the same", False: "different", None: "cannot be compared"}[pair.same_first]
        distance = "" if pair.distance is None else f"{pair.distance:.3f}"
        rows.append(
            f'<tr><th scope="row">{_text(both)}</th><td>{same}</td>'
            f'<td class="number">{distance}</td><td class="number">{pair.shared:,}</td></tr>'
        )
    return _table(titles, rows)


def _maps(
    comparison: Comparison,
    cells: Sequence[Sequence[Cell | None]],
    show: Reduction,
    shading: Shading,
) -> str:
    drawn = [row_of(row, shading) for row in cells]
    legend = legend_of(show, one_scale=shading.scale != "channel")
    rows = [
        f'<tr><th scope="row">{_text(label)}{_scale(row, of)}</th>'
        + "".join(
            f"<td>{_map(column, number, cell, of)}</td>"
            for column, cell in zip(comparison.columns, row, strict=True)
        )
        + "</tr>"
        for number, (label, row, of) in enumerate(zip(comparison.rows, cells, drawn, strict=True))
    ]
    table = _table(("", *(column.title for column in comparison.columns)), rows, "maps")
    return f"<p>{_text(f'{comparison.rule} Cells: {legend}.'.strip())}</p>{table}"


def _map(column: Column, number: int, cell: Cell | None, row: Row) -> str:
    layer = column.asked.layers[number]
    if cell is None or layer is None:
        why = "no layer here" if layer is None else "nothing to show"
        return f'<span class="quiet">{why}</span>'
    pixels = cell_pixels(cell, row)
    if cell.values.ndim == 1:  # nothing is drawn where there are no values left
        opaque = np.where(np.arange(pixels[..., 0].size) < cell.values.size, 255, 0)
        alpha = opaque.astype(np.uint8).reshape(*pixels.shape[:2], 1)
        pixels = np.concatenate([pixels, alpha], axis=2)
    of = statistics_of(column.result.activations[layer.name])
    told = (
        f"mean {format_value(of.mean, 3)}, {format_value(of.minimum, 3)} to "
        f"{format_value(of.maximum, 3)}, {of.zeros:.0%} zeros"
    )
    return (
        f"<figure>{_image(pixels, f'maps of {layer.name}', 'map')}<figcaption>"
        f"{_text(layer.name)}<br>{_text(cell_in_words(cell))}<br>{_text(told)}</figcaption></figure>"
    )


def _scale(cells: Sequence[Cell | None], row: Row) -> str:
    """The colours of a row and what their ends stand for."""
    if not any(cell is not None and cell.values.ndim < 3 for cell in cells):
        return ""
    ends = ("−largest", "largest") if row.shading.signed else ("lowest", "highest")
    if row.one_scale:
        low, high = (format_value(end + 0.0, 3) for end in (row.shading.low, row.shading.high))
        ends = (low, high)
    return (
        f'<div class="scale" style="background:{_gradient(row.colours)}"></div>'
        f'<div class="ends quiet"><span>{ends[0]}</span><span>{ends[1]}</span></div>'
    )


def _gradient(colours: ColormapName) -> str:
    table = scale_colours(colours)
    at = np.linspace(0, len(table) - 1, _STOPS).round().astype(int)
    stops = ",".join("#{:02x}{:02x}{:02x}".format(*colour) for colour in table[at].tolist())
    return f"linear-gradient(to right,{stops})"


def _table(titles: Iterable[str], rows: Iterable[str], kind: str = "facts") -> str:
    head = "".join(f'<th scope="col">{_text(title)}</th>' for title in titles)
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{head}</tr></thead>\n<tbody>'
        + "\n".join(rows)
        + "</tbody></table></div>"
    )


def _image(pixels: npt.NDArray[np.uint8], alt: str, kind: str) -> str:
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "PNG")
    data = base64.b64encode(written.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    return (
        f'<img class="{kind}" width="{width}" height="{height}" '
        f'alt="{_text(alt)}" src="data:image/png;base64,{data}">'
    )


def _text(text: str) -> str:
    return escape(printable(text, 400))


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


# JSON


def comparison_json(
    comparison: Comparison, show: Reduction = "mean", *, channels: Sequence[int | None] = ()
) -> str:
    """The facts of a comparison, its answers, agreement and rows with the numbers of each layer, as
    JSON: `FORMAT` in its `VERSION`. What is not a finite number is null."""
    answers = compare_answers([column.answer for column in comparison.columns])
    cells = cells_of(comparison, show, channels)
    picture = comparison.picture
    told = {
        "format": FORMAT,
        "version": VERSION,
        "picture": {"name": picture.name, "width": picture.width, "height": picture.height},
        "alignment": comparison.rule,
        "show": show,
        "networks": [
            _network(column, bits)
            for column, bits in zip(comparison.columns, answers.entropies, strict=True)
        ],
        "failed": [{"title": one.title, "why": one.sentence} for one in comparison.failed],
        "answers": [asdict(row) for row in answers.rows],
        "pairs": [asdict(pair) for pair in answers.pairs],
        "agreement": answers.agreement,
        "notes": list(answers.notes),
        "rows": [
            {
                "label": label,
                "layers": [
                    _layer(column, number, cell)
                    for column, cell in zip(comparison.columns, cells[number], strict=True)
                ],
            }
            for number, label in enumerate(comparison.rows)
        ],
    }
    return json.dumps(_finite(told), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _network(column: Column, bits: float | None) -> dict[str, Any]:
    card, prepared, arithmetic = column.card, column.prepared, column.result.arithmetic
    return {
        "title": column.title,
        "name": card.name,
        "weights": column.weights,
        "trained": column.trained,
        "note": column.note,
        "year": card.year or None,
        "parameters": card.parameters or None,
        "macs": card.macs or None,
        "input": list(column.preprocessing.input_shape),
        "crop": list(prepared.crop),
        "framing": {
            "fit": prepared.framing.fit,
            "own_region": prepared.framing.region is not None,
            "warning": prepared.framing.warning(column.preprocessing),
        },
        "placement": _placement(prepared.placement),
        "ms": {"preprocess": prepared.preprocess_ms, "forward": column.result.forward_ms},
        "precision": {"ran": arithmetic.precision, "how": arithmetic.how, "note": arithmetic.note},
        "classes": [asdict(score) for score in column.result.classes[:CLASSES_SHOWN]],
        "entropy": bits,
    }


def _layer(column: Column, number: int, cell: Cell | None) -> dict[str, Any] | None:
    layer = column.asked.layers[number]
    if cell is None or layer is None:
        return None
    return {
        "name": layer.name,
        "shape": list(cell.shape),
        "placement": _placement(column.placements[number]),
        "channel": cell.channel,
        "explained": list(cell.explained),
        "statistics": _statistics(statistics_of(column.result.activations[layer.name])),
    }


def _placement(placement: Placement | None) -> dict[str, float] | None:
    return None if placement is None else asdict(placement)


def _statistics(of: LayerStatistics) -> dict[str, Any]:
    return {
        "mean": of.mean,
        "deviation": of.deviation,
        "minimum": of.minimum,
        "maximum": of.maximum,
        "zeros": of.zeros,
        "dead": of.dead,
        "not_a_number": of.not_a_number,
        "infinite": of.infinite,
    }


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not have, and names fit for any encoding."""
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, np.generic):
        value = value.item()
    return value if not isinstance(value, float) or np.isfinite(value) else None
