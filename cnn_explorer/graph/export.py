"""A drawing of a network as a file: SVG, PNG, PDF, JSON or DOT, written without Qt.

The pictures share one list of paths and texts (`drawing`), and one writer each puts it down. PDF
goes through ReportLab, with the fonts embedded; PNG through Pillow, at twice the scene's size.

JSON is a format of its own that can be read back: see `exchange`.
"""

import base64
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path as FilePath
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from PIL import Image, ImageDraw

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.graph.drawing import (
    PLAIN,
    Command,
    Dressing,
    Glyph,
    Group,
    Item,
    Path,
    Point,
    Raster,
    Text,
    Tile,
    draw,
    outlines,
)
from cnn_explorer.graph.exchange import graph_to_json
from cnn_explorer.graph.glyphs import GLYPH_STROKE
from cnn_explorer.graph.metrics import format_shape
from cnn_explorer.graph.model import GraphLayout, Rect
from cnn_explorer.graph.style import FONT_FAMILY, KIND_STYLES, LIGHT
from cnn_explorer.media.formats import DRAWINGS
from cnn_explorer.media.lettering import FONT_FILES, Weight, font, text_width
from cnn_explorer.media.save import write_bytes
from cnn_explorer.paths import resource
from cnn_explorer.text import decimal, printable

PNG_SCALE = 2.0
MAX_PIXELS = 120_000_000
"""Larger drawings are written as PNG at a smaller scale."""
_OVERSAMPLING = 3
_BAND = 512
"""Rows of the finished PNG painted at a time: memory stays small however tall the drawing."""
_LEAD = 96
"""Rows painted above a band and cut off again: more than a box is high."""
_PDF_LIMIT = 14_400.0
"""The largest side of a PDF page, in points."""


def export(
    layout: GraphLayout,
    path: FilePath,
    *,
    title: str,
    dark: bool = False,
    dressing: Dressing = PLAIN,
    checkpoint: Checkpoint = no_checkpoint,
) -> None:
    """Write `layout` to `path`; the suffix says how: .svg .png .pdf .json .dot.

    The file appears whole or not at all. Raises `ExplorerError` for another suffix and where the
    path cannot be written.
    """
    path = FilePath(path)
    match path.suffix.lower():
        case ".svg":
            data = svg_bytes(layout, title, dark, dressing)
        case ".png":
            data = png_bytes(layout, title, dark, dressing, checkpoint)
        case ".pdf":
            data = pdf_bytes(layout, title, dark, dressing)
        case ".json":
            data = graph_to_json(layout, title)
        case ".dot":
            data = dot_bytes(layout, title)
        case _:
            raise ExplorerError(
                f'a graph cannot be saved as "{path.name}": end the name with '
                f"{', '.join(DRAWINGS[:-1])} or {DRAWINGS[-1]}."
            )
    checkpoint(1.0)
    write_bytes(path, data)


def svg_bytes(
    layout: GraphLayout, title: str, dark: bool = False, dressing: Dressing = PLAIN
) -> bytes:
    """The page as SVG: text stays text, in Inter where it is installed; a glyph stands in the file
    once and is used wherever it is drawn."""
    page = draw(layout, title=title, dark=dark, dressing=dressing)
    width, height = math.ceil(page.width), math.ceil(page.height)
    family = quoteattr(f"{FONT_FAMILY}, 'Helvetica Neue', Helvetica, Arial, sans-serif")
    around, graph = list(_svg_groups(page.groups)), list(_svg_groups(page.graph))
    x, y = map(decimal, page.graph_at)
    every = [item for group in (*page.groups, *page.graph) for item in group.items]
    glyphs = dict.fromkeys(item.name for item in every if isinstance(item, Glyph))
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        # Inkscape 1.2 knows references by their older name alone
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family={family} '
        'stroke-linecap="round" stroke-linejoin="round" role="img">',
        f"<title>{_svg_escaped(page.title)}</title>",
        "<defs>",
        *(line for name in glyphs for line in _svg_glyph(name)),
        "</defs>",
        f'<rect width="{width}" height="{height}" fill="{page.ground}"/>',
        *around,
        f'<g transform="translate({x},{y})">',
        *graph,
        "</g>",
        "</svg>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _svg_groups(groups: Iterable[Group]) -> Iterator[str]:
    for group in groups:
        yield f"<g><title>{_svg_escaped(group.title)}</title>"
        for item in group.items:
            yield _SVG_WRITERS[type(item)](item)
        yield "</g>"


def _svg_escaped(text: str) -> str:
    return escape(printable(text))


def _svg_glyph(name: str) -> Iterator[str]:
    """A glyph of side 1, in the colours of whoever uses it."""
    yield f'<g id="glyph-{name}" stroke-width="{decimal(GLYPH_STROKE)}">'
    for path in outlines(Glyph(name, 0.0, 0.0, 1.0, "any")):
        hidden = "" if path.fill else ' fill="none"'
        hidden += "" if path.stroke else ' stroke="none"'
        yield f'<path d="{_svg_outline(path.commands, partial(decimal, places=4))}"{hidden}/>'
    yield "</g>"


def _svg_glyph_used(glyph: Glyph) -> str:
    place = f"translate({decimal(glyph.x)},{decimal(glyph.y)}) scale({decimal(glyph.size)})"
    colours = f'fill="{glyph.colour}" stroke="{glyph.colour}"'
    return f'<use xlink:href="#glyph-{glyph.name}" transform="{place}" {colours}/>'


def _svg_raster(raster: Raster) -> str:
    written = io.BytesIO()
    _picture_of(raster).save(written, "PNG")
    return (
        f'<image {_svg_place(raster.rect)} preserveAspectRatio="none" '
        'style="image-rendering:pixelated" xlink:href="data:image/png;base64,'
        f'{base64.b64encode(written.getvalue()).decode()}"/>'
    )


def _picture_of(raster: Raster) -> Image.Image:
    return Image.frombytes("RGB", (raster.width, raster.height), raster.rgb)


def _svg_tile(tile: Tile) -> str:
    if tile.left_only:
        return _svg_path(*outlines(tile))
    place = f'{_svg_place(tile.rect)} rx="{decimal(tile.radius)}"'
    return f"<rect {place} {_svg_paint(tile.fill, tile.stroke, tile.width, tile.dash)}/>"


def _svg_place(rect: Rect) -> str:
    return (
        f'x="{decimal(rect.x)}" y="{decimal(rect.y)}" '
        f'width="{decimal(rect.width)}" height="{decimal(rect.height)}"'
    )


def _svg_path(path: Path) -> str:
    paint = _svg_paint(path.fill, path.stroke, path.width, path.dash)
    return f'<path d="{_svg_outline(path.commands)}" {paint}/>'


@lru_cache(maxsize=256)
def _svg_paint(fill: str, stroke: str, width: float, dash: tuple[float, ...]) -> str:
    found = f'fill="{fill or "none"}"'
    if stroke:
        found += f' stroke="{stroke}" stroke-width="{decimal(width)}"'
    if dash:
        found += f' stroke-dasharray="{" ".join(map(decimal, dash))}"'
    return found


def _svg_outline(commands: tuple[Command, ...], number: Callable[[float], str] = decimal) -> str:
    return " ".join(
        [
            command[0] + " ".join([f"{number(x)},{number(y)}" for x, y in command[1:]])
            for command in commands
        ]
    )


def _svg_text(text: Text) -> str:
    # a fallback font must not run out of the box the text was measured for
    length = decimal(text_width(text.text, text.size, text.weight))
    x, y = text.at
    return (
        f'<text x="{decimal(x)}" y="{decimal(y)}" {_svg_font(text.size, text.weight, text.colour)} '
        f'textLength="{length}" lengthAdjust="spacingAndGlyphs">{_svg_escaped(text.text)}</text>'
    )


@lru_cache(maxsize=256)
def _svg_font(size: float, weight: Weight, colour: str) -> str:
    heavy = {"regular": "", "medium": ' font-weight="500"', "semibold": ' font-weight="600"'}
    return f'font-size="{decimal(size)}" fill="{colour}"{heavy[weight]}'


_SVG_WRITERS: Mapping[type[Item], Callable[[Any], str]] = {
    Text: _svg_text,
    Tile: _svg_tile,
    Path: _svg_path,
    Glyph: _svg_glyph_used,
    Raster: _svg_raster,
}


def pdf_bytes(
    layout: GraphLayout, title: str, dark: bool = False, dressing: Dressing = PLAIN
) -> bytes:
    """The page as a vector PDF of one page, its fonts embedded; a pixel is 0.75 points."""
    from reportlab.lib.utils import ImageReader  # only those who write a PDF pay for its import
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    page = draw(layout, title=title, dark=dark, dressing=dressing)
    for weight, file in FONT_FILES.items():
        pdfmetrics.registerFont(TTFont(f"Inter-{weight}", str(resource("fonts", file))))
    scale = min(0.75, _PDF_LIMIT / page.width, _PDF_LIMIT / page.height)
    written = io.BytesIO()
    canvas = Canvas(
        written, pagesize=(page.width * scale, page.height * scale), invariant=1, pageCompression=1
    )
    canvas.setTitle(page.title)
    canvas.setCreator("CNN Explorer")
    canvas.scale(scale, scale)
    canvas.setFillColor(page.ground)
    canvas.rect(0, 0, page.width, page.height, stroke=0, fill=1)
    canvas.setLineCap(1)
    canvas.setLineJoin(1)

    def up(point: Point) -> Point:  # PDF's y goes upwards
        return (point[0], page.height - point[1])

    def paint(groups: Iterable[Group]) -> None:
        for item in (item for group in groups for item in group.items):
            if isinstance(item, Text):
                canvas.setFillColor(item.colour)
                canvas.setFont(f"Inter-{item.weight}", item.size)
                canvas.drawString(*up(item.at), item.text)
            elif isinstance(item, Raster):
                rect = item.rect
                at = up((rect.x, rect.y + rect.height))
                # enlarged to whole pixels: readers of PDF smooth what is small
                large = _picture_of(item).resize(
                    (item.width * 8, item.height * 8), Image.Resampling.NEAREST
                )
                canvas.drawImage(ImageReader(large), *at, rect.width, rect.height)
            else:
                for path in outlines(item):
                    draw_path(path)

    def draw_path(path: Path) -> None:
        outline = canvas.beginPath()
        for command in path.commands:
            match command:
                case ("M", end):
                    outline.moveTo(*up(end))
                case ("L", end):
                    outline.lineTo(*up(end))
                case ("C", first, second, end):
                    outline.curveTo(*up(first), *up(second), *up(end))
                case _:
                    outline.close()
        if path.fill:
            canvas.setFillColor(path.fill)
        if path.stroke:
            canvas.setStrokeColor(path.stroke)
            canvas.setLineWidth(path.width)
            canvas.setDash(list(path.dash))
        canvas.drawPath(outline, stroke=bool(path.stroke), fill=bool(path.fill))

    paint(page.groups)
    x, y = page.graph_at
    canvas.translate(x, -y)
    paint(page.graph)
    canvas.showPage()
    canvas.save()
    return written.getvalue()


def png_bytes(
    layout: GraphLayout,
    title: str,
    dark: bool = False,
    dressing: Dressing = PLAIN,
    checkpoint: Checkpoint = no_checkpoint,
) -> bytes:
    """The page as PNG at twice its size (less if that were over `MAX_PIXELS`).

    A tall drawing takes seconds: the checkpoint is called for each band of it.
    """
    page = draw(layout, title=title, dark=dark, dressing=dressing)
    scale = min(PNG_SCALE, math.sqrt(MAX_PIXELS / (page.width * page.height)))
    width, height = math.ceil(page.width * scale), math.ceil(page.height * scale)
    picture = Image.new("RGB", (width, height), page.ground)
    painters = [
        _Painter(page.groups, (0.0, 0.0), scale * _OVERSAMPLING),
        _Painter(page.graph, page.graph_at, scale * _OVERSAMPLING),
    ]
    for top in range(0, height, _BAND):
        checkpoint(top / height)
        rows = min(_BAND, height - top)
        # Pillow rounds towards zero: what begins above the band must not begin below zero
        lead = min(top, _LEAD)
        size = (width * _OVERSAMPLING, (lead + rows) * _OVERSAMPLING)
        band = Image.new("RGB", size, page.ground)
        for painter in painters:
            painter.paint(band, (top - lead) * _OVERSAMPLING)
        below = (0, lead * _OVERSAMPLING, band.width, band.height)
        picture.paste(band.resize((width, rows), Image.Resampling.BOX, below), (0, top))
    written = io.BytesIO()
    picture.save(written, "PNG", dpi=(72 * scale, 72 * scale))
    return written.getvalue()


class _Painter:
    """Paints groups, whose origin lies at a place of the page, with Pillow, which does not smooth
    edges: hence oversampled."""

    def __init__(self, groups: Iterable[Group], at: Point, scale: float) -> None:
        self._left, self._above = at[0] * scale, at[1] * scale
        self._scale = scale
        self._items = [
            (item, *_vertical_extent(item))
            for group in groups
            for whole in group.items
            for item in ((whole,) if isinstance(whole, Text | Raster) else outlines(whole))
        ]

    def paint(self, image: Image.Image, top: int) -> None:
        """What lies in these rows of the page, which begin at `top`, in oversampled pixels."""
        pen = ImageDraw.Draw(image)
        first = (top - self._above) / self._scale
        last = (top + image.height - self._above) / self._scale
        for item, above, below in self._items:
            if below < first or above > last:
                continue
            if isinstance(item, Text):
                self._text(pen, item, top)
            elif isinstance(item, Raster):
                self._raster(image, item, top)
            else:
                self._path(pen, item, top)

    def _placed(self, point: Point, top: int) -> Point:
        x, y = point
        return (x * self._scale + self._left, y * self._scale + self._above - top)

    def _raster(self, image: Image.Image, raster: Raster, top: int) -> None:
        rect, scale = raster.rect, self._scale
        x, y = self._placed((rect.x, rect.y), 0)
        size = (round(rect.width * scale), round(rect.height * scale))
        picture = _picture_of(raster).resize(size, Image.Resampling.NEAREST)
        image.paste(picture, (round(x), round(y) - top))

    def _text(self, pen: ImageDraw.ImageDraw, text: Text, top: int) -> None:
        written = font(text.weight, text.size * self._scale)
        at = self._placed(text.at, top)
        pen.text(at, text.text, fill=text.colour, font=written, anchor="ls")

    def _path(self, pen: ImageDraw.ImageDraw, path: Path, top: int) -> None:
        scale = self._scale
        for points, closed in _flattened(path.commands):
            placed = [self._placed(point, top) for point in points]
            if path.fill and len(placed) > 2:
                pen.polygon(placed, fill=path.fill)
            if path.stroke:
                line = [*placed, placed[0]] if closed else placed
                width = path.width * scale
                for dash in _dashes(line, [length * scale for length in path.dash]):
                    _stroke(pen, dash, width, path.stroke)


def _stroke(pen: ImageDraw.ImageDraw, line: list[Point], width: float, colour: str) -> None:
    """A line with round caps and joins: Pillow's own have neither."""
    half = width / 2
    for (x0, y0), (x1, y1) in pairwise(line):
        length = math.hypot(x1 - x0, y1 - y0)
        if length == 0:
            continue
        dx, dy = (y0 - y1) / length * half, (x1 - x0) / length * half
        pen.polygon(
            [(x0 + dx, y0 + dy), (x1 + dx, y1 + dy), (x1 - dx, y1 - dy), (x0 - dx, y0 - dy)],
            fill=colour,
        )
    if width >= 3:
        for x, y in line:
            pen.ellipse((x - half, y - half, x + half, y + half), fill=colour)


def _dashes(line: list[Point], pattern: list[float]) -> Iterator[list[Point]]:
    if not pattern:
        yield line
        return
    on, left, step = True, pattern[0], 0
    dash = [line[0]]
    for start, end in pairwise(line):
        length, done = math.dist(start, end), 0.0
        while length - done > left:
            done += left
            share = done / length
            point = (
                start[0] + (end[0] - start[0]) * share,
                start[1] + (end[1] - start[1]) * share,
            )
            if on:
                yield [*dash, point]
            on, step, dash = not on, step + 1, [point]
            left = pattern[step % len(pattern)]
        left -= length - done
        dash.append(end)
    if on and len(dash) > 1:
        yield dash


def _flattened(commands: tuple[Command, ...]) -> Iterator[tuple[list[Point], bool]]:
    """Polylines, curves cut into short straight pieces, each with whether it is closed."""
    points: list[Point] = []
    for command in commands:
        match command:
            case ("M", start):
                if len(points) > 1:
                    yield points, False
                points = [start]
            case ("L", end):
                points.append(end)
            case ("C", first, second, end):
                start = points[-1]
                for step in range(1, 9):
                    t = step / 8
                    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                    corners = (start, first, second, end)
                    points.append(
                        (
                            sum(w * p[0] for w, p in zip(weights, corners, strict=True)),
                            sum(w * p[1] for w, p in zip(weights, corners, strict=True)),
                        )
                    )
            case _:
                yield points, True
                points = []
    if len(points) > 1:
        yield points, False


def _vertical_extent(item: Path | Text | Raster) -> tuple[float, float]:
    if isinstance(item, Raster):
        return (item.rect.y, item.rect.y + item.rect.height)
    if isinstance(item, Text):
        return (item.at[1] - 1.2 * item.size, item.at[1] + 0.5 * item.size)
    heights = [point[1] for command in item.commands for point in command[1:]]
    return (min(heights) - item.width, max(heights) + item.width)


def dot_bytes(layout: GraphLayout, title: str) -> bytes:
    """The visible graph in Graphviz's language, open blocks as clusters; Graphviz places it."""
    graph = layout.graph
    lines = [
        "digraph network {",
        f'  graph [label={_quoted(title)}, labelloc=t, fontname="{FONT_FAMILY}", rankdir=TB];',
        f'  node [shape=box, style="rounded,filled", fillcolor=white, fontname="{FONT_FAMILY}"];',
        f'  edge [fontname="{FONT_FAMILY}", fontsize=9, color="{LIGHT.edge}"];',
    ]
    members: dict[str, list[str]] = {"": []}
    for node in graph.nodes:
        style = KIND_STYLES.get(node.kind, KIND_STYLES["other"])
        label = f"{node.label}\\n{node.caption}"
        extra = ', style="rounded,filled,dashed"' if node.training_only else ""
        members.setdefault(graph.frame_around(node.name), []).append(
            f"{_quoted(node.name)} [label={_quoted(label)}, "
            f'color="{style.light}", tooltip={_quoted(node.name)}{extra}];'
        )
    inside: dict[str, list[str]] = {}
    for name in graph.frames:
        inside.setdefault(graph.frame_around(name), []).append(name)

    def write(frame: str, indent: str) -> None:
        lines.extend(indent + line for line in members.get(frame, ()))
        for name in inside.get(frame, ()):
            lines.append(f"{indent}subgraph {_quoted('cluster_' + name)} {{")
            lines.append(
                f"{indent}  graph [label={_quoted(graph.frame_label(name))}, "
                f'style="rounded,filled", fillcolor="{LIGHT.frame}", '
                f'color="{LIGHT.frame_border}"];'
            )
            write(name, indent + "  ")
            lines.append(f"{indent}}}")

    write("", "  ")
    for edge in graph.edges:
        shape = _quoted(format_shape(edge.shape))
        lines.append(f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [label={shape}];")
    return ("\n".join([*lines, "}"]) + "\n").encode()


def _quoted(text: str) -> str:
    """A DOT string; the two letters ``\\n`` stay the line break they are to Graphviz."""
    return '"' + printable(text).replace('"', '\\"') + '"'
