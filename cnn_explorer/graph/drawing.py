"""A layout as a list of shapes and texts, for every writer of `export` alike: neither torch nor Qt.

Two primitives are enough: a `Path` of straight lines and cubic curves, and a line of `Text`. Boxes
and glyphs, of which there are many alike, are items of their own, since a format may have a shorter
way of putting them down; `outlines` tells them as paths. Units are scene units (a pixel at 100 %),
y downwards.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from cnn_explorer.graph.colouring import Colouring, colour_at, fitting, ink_on
from cnn_explorer.graph.glyphs import GLYPH_PATHS, GLYPH_SIZE, GLYPH_STROKE, Dot
from cnn_explorer.graph.layout import (
    MARGIN,
    TRAINING_MARK,
    badge_text,
    badge_width,
    header_texts,
    is_junction,
    training_marks,
)
from cnn_explorer.graph.metrics import format_count, format_macs, format_shape
from cnn_explorer.graph.model import EdgePath, GraphLayout, Rect, VisibleNode
from cnn_explorer.graph.style import (
    BADGE_HEIGHT,
    BADGE_PADDING,
    CAPTION_SIZE,
    DARK,
    EDGE_LABEL_SIZE,
    KIND_STYLES,
    LIGHT,
    NAME_SIZE,
    NUMBER_LINE,
    NUMBER_SIZE,
    OPERANDS_SIZE,
    PADDING,
    PLAIN_LINE,
    RADIUS,
    SHORTCUT_LINES,
    STRIPE_WIDTH,
    THUMBNAIL_GAP,
    THUMBNAIL_ROOM,
    THUMBNAIL_SIZE,
    TRAINING_LINE,
    GroundStyle,
    KindStyle,
    LineStyle,
)
from cnn_explorer.media.lettering import Weight, text_width

Point = tuple[float, float]
Command = (
    tuple[Literal["M"], Point]
    | tuple[Literal["L"], Point]
    | tuple[Literal["C"], Point, Point, Point]
    | tuple[Literal["Z"]]
)
"""Move, line, cubic curve (two control points, end), close."""


@dataclass(frozen=True)
class Path:
    """An outline, filled or stroked or both; strokes have round caps and joins."""

    commands: tuple[Command, ...]
    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True)
class Tile:
    """A rectangle with rounded corners; with `left_only` its right ones are sharp."""

    rect: Rect
    radius: float
    fill: str
    stroke: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    left_only: bool = False


@dataclass(frozen=True)
class Glyph:
    """A kind's sign, its top left corner at (x, y)."""

    name: str
    x: float
    y: float
    size: float
    colour: str


@dataclass(frozen=True)
class Text:
    """One line of text in Inter; `at` is on its baseline, at its left end."""

    at: Point
    text: str
    size: float
    weight: Weight
    colour: str


@dataclass(frozen=True)
class Raster:
    """A small picture whose pixels stay squares however large they are drawn."""

    rect: Rect
    width: int
    """Pixels."""
    height: int
    rgb: bytes
    """Row by row, three bytes a pixel."""


Item = Path | Tile | Glyph | Text | Raster


@dataclass(frozen=True)
class Group:
    """What belongs together: one box, one edge, the legend."""

    title: str
    """What it is, in words, for readers of the file."""
    items: tuple[Item, ...]


@dataclass(frozen=True)
class BoxPicture:
    """A small picture in a box, and a few short lines beside it."""

    width: int
    """Pixels."""
    height: int
    rgb: bytes
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Dressing:
    """What the boxes of a drawing show beside their names."""

    colouring: Colouring | None = None
    """Colours by a number; None for those of the kinds."""
    pictures: Mapping[str, BoxPicture] = field(default_factory=dict)
    """By name of the box; shown where the layout has room for them."""


PLAIN = Dressing()


@dataclass(frozen=True)
class Drawing:
    """Everything to paint, back to front, on a ground of one colour."""

    width: float
    height: float
    ground: str
    title: str
    groups: tuple[Group, ...]
    """What stands around the graph."""
    graph: tuple[Group, ...]
    """In the layout's own coordinates."""
    graph_at: Point
    """Where on the page the layout's top left corner lies."""


ARROW_LENGTH = 7.0
ARROW_HALF_WIDTH = 3.4
BEND_RADIUS = 6.0
CARD_STEP = 3.5
"""How far each of the two cards behind a closed block sticks out at its right."""
NAME_BASELINE = 15.5
"""From the top of a box."""
CAPTION_BASELINE = 28.5
BADGE_INSET = 9.0
"""From a box's right border to the badge with its repeats: the button that opens the block, which
stands on that border, leaves it alone."""
BADGE_TOP = 3.5

_KAPPA = 0.5522847498
"""Control points of a cubic curve that is a quarter of a circle, nearly."""
_PAGE_MARGIN = 28.0
_TITLE_SIZE = 20.0
_SUBTITLE_SIZE = 12.0
_LEGEND_ROW = 24.0
_LEGEND_GAP = 32.0
_BAR_HEIGHT = 160.0
_BAR_STEPS = 64


def draw(
    layout: GraphLayout, *, title: str, dark: bool = False, dressing: Dressing = PLAIN
) -> Drawing:
    """The whole page: title line with totals, the graph, and a legend of the kinds it shows and of
    what its colours say."""
    style = DARK if dark else LIGHT
    subtitle = totals_line(layout)
    legend = _legend_kinds(layout)
    head = _PAGE_MARGIN + 54.0
    lines = line_styles(layout)
    names = [*(KIND_STYLES[kind].title for kind in legend), *(line.title for line in lines)]
    legend_width = 30.0 + max((text_width(name, 11.5) for name in names), default=0.0)
    legend_height = _LEGEND_ROW * len(names)
    colouring = dressing.colouring
    if colouring is not None:
        told = (colouring.kind.title, *(tick.text for tick in colouring.ticks))
        legend_width = max(legend_width, 34.0 + max(text_width(text, 11.5) for text in told))
        legend_height += _LEGEND_ROW + _BAR_HEIGHT + _LEGEND_ROW
    graph_left = _PAGE_MARGIN - MARGIN  # the layout brings its own margin along
    legend_left = graph_left + layout.width + _LEGEND_GAP - MARGIN
    title_width = max(
        text_width(title, _TITLE_SIZE, "semibold"), text_width(subtitle, _SUBTITLE_SIZE)
    )
    width = max(legend_left + legend_width, _PAGE_MARGIN + title_width) + _PAGE_MARGIN
    height = head + max(layout.height, MARGIN + legend_height) + _PAGE_MARGIN - MARGIN
    heading = Group(
        "Title",
        (
            Text((_PAGE_MARGIN, _PAGE_MARGIN + 18.0), title, _TITLE_SIZE, "semibold", style.text),
            Text(
                (_PAGE_MARGIN, _PAGE_MARGIN + 38.0),
                subtitle,
                _SUBTITLE_SIZE,
                "regular",
                style.text_quiet,
            ),
        ),
    )
    around = [heading, _legend(legend, lines, legend_left, head + MARGIN, style, dark)]
    if colouring is not None:
        top = head + MARGIN + _LEGEND_ROW * (len(names) + 1)
        around.append(_colour_bar(colouring, legend_left, top, style, dark))
    graph = tuple(graph_groups(layout, dark=dark, dressing=dressing))
    at = (graph_left, head)
    return Drawing(width, height, style.ground, title, tuple(around), graph, at)


def totals_line(layout: GraphLayout) -> str:
    """``25.6 M parameters · 4.09 G multiply-adds · 175 layers · input 3 × 224 × 224``."""
    whole = layout.graph.source
    nodes = [node for node in layout.graph.nodes if not node.training_only]
    parameters = whole.parameters if whole else sum(node.parameters for node in nodes)
    macs = whole.macs if whole else sum(node.macs for node in nodes)
    layers = sum(node.layers for node in nodes if node.kind not in ("input", "output"))
    parts = [
        f"{format_count(parameters)} parameters",
        f"{format_macs(macs)} multiply-adds",
        f"{layers} layers",
    ]
    given = next((node.out_shape for node in nodes if node.kind == "input"), None)
    if given:
        parts.append(f"input {format_shape(given)}")
    return " · ".join(parts)


def graph_groups(
    layout: GraphLayout, *, dark: bool = False, dressing: Dressing = PLAIN
) -> list[Group]:
    """The graph alone: frames, then edges, then boxes, then labels of edges."""
    style = DARK if dark else LIGHT
    groups = [_frame(layout, name, style) for name in layout.frames]
    starts = branches(layout.edges)
    groups += [_edge(edge, starts[edge.source, edge.target], style) for edge in layout.edges]
    room = THUMBNAIL_ROOM if layout.options.thumbnails else 0.0
    groups += [
        _box(node, layout.boxes[node.name], style, dark, dressing, room)
        for node in layout.graph.nodes
    ]
    groups += [_edge_label(edge, style) for edge in layout.edges if edge.label]
    groups += [_note(edge, style) for edge in layout.edges if edge.note]
    marks = training_marks(layout)
    if marks:
        texts = [
            Text(at, TRAINING_MARK, EDGE_LABEL_SIZE, "regular", style.text_quiet) for at in marks
        ]
        groups.append(Group("Parts that a prediction does not use", tuple(texts)))
    return groups


def line_style(edge: EdgePath) -> LineStyle:
    """How a line is drawn: for what it is."""
    if edge.training_only:
        return TRAINING_LINE
    return SHORTCUT_LINES.get(edge.shortcut, PLAIN_LINE)


def branches(edges: Iterable[EdgePath]) -> dict[tuple[str, str], tuple[Point, ...]]:
    """The points of each line, by source and target; of a line with a style of its own only from
    where it leaves the plain ones that come from the same box."""
    plain: dict[str, list[EdgePath]] = {}
    found = {}
    special = []
    for edge in edges:
        found[edge.source, edge.target] = edge.points
        if line_style(edge) is PLAIN_LINE:
            plain.setdefault(edge.source, []).append(edge)
        else:
            special.append(edge)
    for edge in special:
        shared = max((_shared_length(edge.points, other.points)
                      for other in plain.get(edge.source, ())), default=0.0)  # fmt: skip
        if shared > BEND_RADIUS:  # with its bend, else the branch would have a sharp corner
            found[edge.source, edge.target] = _from(edge.points, shared - BEND_RADIUS)
    return found


def _shared_length(points: Sequence[Point], others: Sequence[Point]) -> float:
    """How far two lines that begin at one point run along together."""
    shared = 0.0
    for (a, b), (c, d) in zip(pairwise(points), pairwise(others), strict=False):
        if _length(a, c) > 0.5 or _length(a, b) == 0 or _length(c, d) == 0:
            break
        near, far = sorted((_length(a, b), _length(c, d)))
        if _length(_towards(a, b, near), _towards(c, d, near)) > 0.5:
            break
        shared += near
        if far - near > 0.5:
            break
    return shared


def _from(points: Sequence[Point], distance: float) -> tuple[Point, ...]:
    """The rest of a line after so much of it."""
    for at, (a, b) in enumerate(pairwise(points)):
        length = _length(a, b)
        if distance < length:
            return (_towards(a, b, distance), *points[at + 1 :])
        distance -= length
    return tuple(points[-2:])


def line_styles(layout: GraphLayout) -> list[LineStyle]:
    """What kinds of lines a drawing has, beside plain ones."""
    found = {line_style(edge) for edge in layout.edges}
    if any(node.training_only for node in layout.graph.nodes):
        found.add(TRAINING_LINE)
    return [line for line in (*SHORTCUT_LINES.values(), TRAINING_LINE) if line in found]


def operands_at(width: float) -> Point:
    """Where the number of a junction's operands begins: from the top left of what is around the
    circle, below its right, where no line comes or goes."""
    return (width * 0.5 + width * 0.37 + 2.0, width * 0.5 + width * 0.37 + 5.0)


def rounded_rectangle(rect: Rect, radius: float, *, left_only: bool = False) -> tuple[Command, ...]:
    """The outline of a box; with `left_only` its right corners are sharp."""
    x, y, right, bottom = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    r = min(radius, rect.width / 2, rect.height / 2)
    k = r * (1 - _KAPPA)
    if left_only:
        return (
            ("M", (x + r, y)), ("L", (right, y)), ("L", (right, bottom)), ("L", (x + r, bottom)),
            ("C", (x + k, bottom), (x, bottom - k), (x, bottom - r)),
            ("L", (x, y + r)), ("C", (x, y + k), (x + k, y), (x + r, y)), ("Z",),
        )  # fmt: skip
    return (
        ("M", (x + r, y)), ("L", (right - r, y)),
        ("C", (right - k, y), (right, y + k), (right, y + r)), ("L", (right, bottom - r)),
        ("C", (right, bottom - k), (right - k, bottom), (right - r, bottom)),
        ("L", (x + r, bottom)), ("C", (x + k, bottom), (x, bottom - k), (x, bottom - r)),
        ("L", (x, y + r)), ("C", (x, y + k), (x + k, y), (x + r, y)), ("Z",),
    )  # fmt: skip


def circle(x: float, y: float, radius: float) -> tuple[Command, ...]:
    """A circle's outline."""
    return rounded_rectangle(Rect(x - radius, y - radius, 2 * radius, 2 * radius), radius)


def rounded_line(points: Sequence[Point], radius: float = BEND_RADIUS) -> tuple[Command, ...]:
    """An orthogonal polyline with its bends rounded."""
    commands: list[Command] = [("M", points[0])]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _length(before, corner), _length(corner, after)
        r = min(radius, into / 2, out / 2)
        if r <= 0:
            continue
        start, end = _towards(corner, before, r), _towards(corner, after, r)
        commands.append(("L", start))
        commands.append(
            ("C", _towards(start, corner, r * _KAPPA), _towards(end, corner, r * _KAPPA), end)
        )
    commands.append(("L", points[-1]))
    return tuple(commands)


def arrow_head(points: Sequence[Point]) -> tuple[Point, Point, Point]:
    """The triangle at the end of a line: its tip and the two corners behind."""
    tip = points[-1]
    behind = next((point for point in reversed(points[:-1]) if point != tip), (tip[0], tip[1] - 1))
    base = _towards(tip, behind, ARROW_LENGTH)
    across = ((tip[1] - base[1]) / ARROW_LENGTH, (base[0] - tip[0]) / ARROW_LENGTH)
    half = ARROW_HALF_WIDTH
    return (
        tip,
        (base[0] + half * across[0], base[1] + half * across[1]),
        (base[0] - half * across[0], base[1] - half * across[1]),
    )


def outlines(item: Path | Tile | Glyph) -> tuple[Path, ...]:
    """A shape as paths, back to front."""
    if isinstance(item, Path):
        return (item,)
    if isinstance(item, Glyph):
        return _glyph_outlines(item)
    outline = rounded_rectangle(item.rect, item.radius, left_only=item.left_only)
    return (Path(outline, item.fill, item.stroke, item.width, item.dash),)


def _glyph_outlines(glyph: Glyph) -> tuple[Path, ...]:
    x, y, size, colour = glyph.x, glyph.y, glyph.size, glyph.colour
    paths = []
    for shape in GLYPH_PATHS[glyph.name]:
        if isinstance(shape, Dot):
            outline = circle(x + shape.x * size, y + shape.y * size, shape.radius * size)
        else:
            outline = _polygon(((x + u * size, y + v * size) for u, v in shape.points))
            if shape.closed:
                outline = (*outline, ("Z",))
        paths.append(
            Path(
                outline,
                fill=colour if shape.filled else "",
                stroke=colour if shape.stroked else "",
                width=GLYPH_STROKE * size,
            )
        )
    return tuple(paths)


def _legend_kinds(layout: GraphLayout) -> list[str]:
    seen = {node.kind for node in layout.graph.nodes}
    return [kind for kind in KIND_STYLES if kind in seen]


def _legend(
    kinds: list[str], lines: list[LineStyle], x: float, y: float, style: GroundStyle, dark: bool
) -> Group:
    items: list[Item] = []
    entries: list[KindStyle | LineStyle] = [*(KIND_STYLES[kind] for kind in kinds), *lines]
    for row, entry in enumerate(entries):
        top = y + row * _LEGEND_ROW
        if isinstance(entry, KindStyle):
            fill = entry.dark if dark else entry.light
            items.append(Tile(Rect(x, top, 18.0, 18.0), 4.0, fill))
            items.append(Glyph(entry.glyph, x + 4.0, top + 4.0, 10.0, style.box))
        else:
            line: tuple[Command, ...] = (("M", (x - 1.0, top + 9.0)), ("L", (x + 19.0, top + 9.0)))
            items.append(Path(line, stroke=style.edge, width=entry.width, dash=entry.dash))
        items.append(Text((x + 26.0, top + 13.0), entry.title, 11.5, "regular", style.text_quiet))
    return Group("Legend", tuple(items))


def _colour_bar(colouring: Colouring, x: float, y: float, style: GroundStyle, dark: bool) -> Group:
    """What the colours of boxes say: the least at the bottom, the most at the top."""
    title = colouring.kind.title
    items: list[Item] = [Text((x, y), title, 11.5, "semibold", style.text)]
    top, step = y + 12.0, _BAR_HEIGHT / _BAR_STEPS
    for number in range(_BAR_STEPS if colouring.scale is not None else 0):
        colour = colour_at(1.0 - (number + 0.5) / _BAR_STEPS, dark=dark)
        # a little over the next one: no hair shows between them
        piece = Rect(x, top + number * step, 18.0, min(step + 0.6, _BAR_HEIGHT - number * step))
        items.append(Path(rounded_rectangle(piece, 0.0), fill=colour))
    for tick in colouring.ticks:
        level = top + (1.0 - tick.at) * _BAR_HEIGHT
        line: tuple[Command, ...] = (("M", (x + 18.0, level)), ("L", (x + 22.0, level)))
        items.append(Path(line, stroke=style.text_quiet, width=1.0))
        items.append(Text((x + 26.0, level + 4.0), tick.text, 11.5, "regular", style.text_quiet))
    if colouring.scale is None:
        items.append(Text((x, top + 8.0), "none", 11.5, "regular", style.text_quiet))
    return Group(f"Colours: {title}", tuple(items))


def _frame(layout: GraphLayout, name: str, style: GroundStyle) -> Group:
    rect = layout.frames[name]
    depth = 0
    parent = layout.graph.parents.get(name, "")
    while parent:
        depth += parent in layout.frames
        parent = layout.graph.parents.get(parent, "")
    fill = style.frame_nested if depth % 2 else style.frame
    border, dash = style.frame_border, PLAIN_LINE.dash
    source = layout.graph.source
    if source is not None and source.block[name].training_only:
        border, dash = style.edge, TRAINING_LINE.dash
    items: list[Item] = [Tile(rect, RADIUS + 3.0, fill, border, 1.0, dash)]
    for said in header_texts(layout, name):
        colour = style.text_quiet if said.quiet else style.text
        weight: Weight = "regular" if said.quiet else "semibold"
        items.append(Text(said.at, said.text, said.size, weight, colour))
    return Group(f"{name}, open block", tuple(items))


def _edge(edge: EdgePath, points: Sequence[Point], style: GroundStyle) -> Group:
    tip, left, right = arrow_head(edge.points)
    # the line ends inside the arrow head, so that its blunt end never shows beside the tip
    stop = _towards(tip, points[-2], ARROW_LENGTH * 0.6)
    line = rounded_line((*points[:-1], stop))
    kind = line_style(edge)
    said = f"{edge.source} to {edge.target}, {format_shape(edge.shape)}"
    return Group(
        f"{said}, {edge.shortcut} shortcut" if edge.shortcut else said,
        (
            Path(line, stroke=style.edge, width=kind.width, dash=kind.dash),
            Path((("M", tip), ("L", left), ("L", right), ("Z",)), fill=style.edge),
        ),
    )


def _edge_label(edge: EdgePath, style: GroundStyle) -> Group:
    x, y = edge.label_at
    at = (x, y + EDGE_LABEL_SIZE * 0.36)  # from mid height to the baseline, for figures
    return Group(
        f"Shape after {edge.source}",
        (Text(at, edge.label, EDGE_LABEL_SIZE, "regular", style.text_quiet),),
    )


def _note(edge: EdgePath, style: GroundStyle) -> Group:
    x, y = edge.note_at
    at = (x, y + EDGE_LABEL_SIZE * 0.36)
    return Group(
        f"Shortcut to {edge.target}",
        (Text(at, edge.note, EDGE_LABEL_SIZE, "regular", style.text_quiet),),
    )


def _box(
    node: VisibleNode, rect: Rect, style: GroundStyle, dark: bool, dressing: Dressing, room: float
) -> Group:
    """A box or junction; `room` is what it is wider by for a thumbnail."""
    kind = KIND_STYLES.get(node.kind, KIND_STYLES["other"])
    accent = kind.dark if dark else kind.light
    fill, ink, quiet, caption = style.box, style.text, style.text_quiet, node.caption
    stripe, sign = accent, style.box
    if dressing.colouring is not None:
        fill = dressing.colouring.colour(node.name, dark=dark)
        if fill:
            ink = quiet = ink_on(fill)
            caption = fitting(
                dressing.colouring.boxes[node.name].text, CAPTION_SIZE, text_room(rect.width - room)
            )
        fill, sign = fill or style.box, ink
        stripe = mixed(fill, ink, 0.12)
    dash = TRAINING_LINE.dash if node.training_only else ()
    said = f"{node.name}: {node.caption}, gives {format_shape(node.out_shape)}"
    if caption != node.caption:
        said = f"{said}, {caption}"
    if is_junction(node):
        x, y = rect.centre
        radius = rect.width / 2 - 0.75
        ring = Rect(x - radius, y - radius, 2 * radius, 2 * radius)
        size = rect.width * 0.5
        count = str(node.operands) if node.operands else ""
        right, below = operands_at(rect.width)
        at = (rect.x + right, rect.y + below)
        signed = accent if fill == style.box else ink
        return Group(
            f"{said}, of {count} operands" if count else said,
            (
                Tile(ring, radius, fill, accent, 1.5, dash),
                Glyph(kind.glyph, x - size / 2, y - size / 2, size, signed),
                *([Text(at, count, OPERANDS_SIZE, "semibold", accent)] if count else []),
            ),
        )
    border = style.edge if node.training_only else style.box_border
    items: list[Item] = []
    if node.kind == "block":
        for card in (2, 1):
            inset = 2.5 * card
            behind = Rect(
                rect.x + RADIUS,
                rect.y + inset,
                rect.width - RADIUS + CARD_STEP * card,
                rect.height - 2 * inset,
            )
            items.append(Tile(behind, RADIUS - 1, fill, border, 1.0, dash))
    items.append(Tile(rect, RADIUS, fill, border, 1.0, dash))
    # over the border, and as far out: the stripe is the box's edge
    edge = Rect(rect.x - 0.5, rect.y - 0.5, STRIPE_WIDTH + 0.5, rect.height + 1.0)
    items.append(Tile(edge, RADIUS, stripe, left_only=True))
    items.append(
        Glyph(
            kind.glyph,
            rect.x + (STRIPE_WIDTH - GLYPH_SIZE) / 2,
            rect.y + (rect.height - GLYPH_SIZE) / 2,
            GLYPH_SIZE,
            sign,
        )
    )
    x = rect.x + STRIPE_WIDTH + PADDING
    items.append(Text((x, rect.y + NAME_BASELINE), node.label, NAME_SIZE, "semibold", ink))
    if node.repeats:
        items += _repeats(node, replace(rect, width=rect.width - room), style, accent)
    items.append(Text((x, rect.y + CAPTION_BASELINE), caption, CAPTION_SIZE, "regular", quiet))
    picture = dressing.pictures.get(node.name)
    if picture is not None and room:
        items += _thumbnail(picture, rect, quiet)
    return Group(said, tuple(items))


def text_room(width: float) -> float:
    """What a box of that width, without a thumbnail, has for its texts."""
    return width - STRIPE_WIDTH - 1.5 * PADDING


def _thumbnail(picture: BoxPicture, box: Rect, ink: str) -> list[Item]:
    """At the right inside of a box: the picture, and its lines beside it."""
    side = min(THUMBNAIL_SIZE, box.height - 2 * THUMBNAIL_GAP)
    scale = side / max(picture.width, picture.height)
    width, height = picture.width * scale, picture.height * scale
    right = box.x + box.width - THUMBNAIL_GAP
    place = Rect(
        right - side + (side - width) / 2, box.y + (box.height - height) / 2, width, height
    )
    items: list[Item] = [Raster(place, picture.width, picture.height, picture.rgb)]
    left = box.x + box.width - THUMBNAIL_ROOM + PADDING / 2
    middle = box.y + box.height / 2 - (len(picture.lines) - 1) * NUMBER_LINE / 2 + 3.0
    for number, line in enumerate(picture.lines):
        at = (left, middle + number * NUMBER_LINE)
        items.append(Text(at, line, NUMBER_SIZE, "regular", ink))
    return items


def mixed(colour: str, other: str, share: float) -> str:
    """`colour` with a share (0 to 1) of `other` in it; both as ``#rrggbb``."""
    parts = (
        round((1 - share) * int(colour[at : at + 2], 16) + share * int(other[at : at + 2], 16))
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def badge_rect(node: VisibleNode, width: float) -> Rect:
    """Where on a box of that width the badge with its repeats stands."""
    room = badge_width(node)
    return Rect(width - BADGE_INSET - room, BADGE_TOP, room, BADGE_HEIGHT)


def _repeats(node: VisibleNode, box: Rect, style: GroundStyle, accent: str) -> list[Item]:
    rect = badge_rect(node, box.width)
    rect = Rect(box.x + rect.x, box.y + rect.y, rect.width, rect.height)
    at = (rect.x + BADGE_PADDING, rect.centre[1] + OPERANDS_SIZE * 0.36)
    return [
        Tile(rect, BADGE_HEIGHT / 2, accent),
        Text(at, badge_text(node), OPERANDS_SIZE, "semibold", style.box),
    ]


def _polygon(points: Iterable[Point]) -> tuple[Command, ...]:
    first, *rest = points
    return (("M", first), *(("L", point) for point in rest))


def _length(a: Point, b: Point) -> float:
    return math.dist(a, b)


def _towards(start: Point, goal: Point, distance: float) -> Point:
    length = _length(start, goal)
    if length == 0:
        return start
    share = distance / length
    return (start[0] + (goal[0] - start[0]) * share, start[1] + (goal[1] - start[1]) * share)
