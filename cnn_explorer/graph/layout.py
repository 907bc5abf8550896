"""Where the boxes, frames and lines of a drawing go, through graphlay.

The only module that knows graphlay, a layered layout engine (Sugiyama's method) with orthogonal
edges. Sizes come from the text in the program's own font, so the same layout fits the window and
every exported file.

graphlay can nest boxes by itself, but then a line shifts sideways at each frame it crosses. So
each frame is laid out alone, innermost first, with a gate at its top through which tensors come
in and one at its bottom through which they leave. A frame is as wide to the left of its gates as
to the right, and stands in the drawing around it as one box whose lines dock at the gates: the
main line runs straight through any number of frames.

All of that happens top to bottom. A drawing from left to right is one from top to bottom of boxes
turned on their side, and turned back in the end; sizes and places "in the flow" are those before
that. What stands upright in both is said where it matters: text, and the headers of frames.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import graphlay

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.grid import grid
from cnn_explorer.graph.metrics import format_shape
from cnn_explorer.graph.model import (
    USUAL,
    DrawingOptions,
    EdgePath,
    GraphEdge,
    GraphLayout,
    Rect,
    VisibleGraph,
    VisibleNode,
)
from cnn_explorer.graph.shortcuts import shortcut_notes
from cnn_explorer.graph.style import (
    BADGE_PADDING,
    BOX_HEIGHT,
    BOX_MIN_WIDTH,
    CAPTION_SIZE,
    EDGE_LABEL_SIZE,
    FRAME_HEADER,
    JUNCTION_SIZE,
    NAME_ALONE,
    NAME_SIZE,
    OPERANDS_SIZE,
    PADDING,
    STRIPE_WIDTH,
    THUMBNAIL_ROOM,
)
from cnn_explorer.media.lettering import shortened, text_width

Point = tuple[float, float]

LAYER_GAP = 20.0
"""From a box's bottom to the top of the next: room for an arrow and a label beside it."""
NODE_GAP = 26.0
"""Between boxes side by side."""
FRAME_PADDING = 10.0
"""Between a frame and what is in it, at the sides and below."""
MARGIN = 10.0
"""Around the whole drawing."""
FRAME_TEXT_SIZE = 11.5
"""The name of an open block, in its frame's header."""
LABEL_GAP = 6.0
"""Between a line and the shape written beside it."""
_ARROW_ROOM = 12.0
"""From a frame's header to the first box below: an arrow's length and a little line."""
_STUB = 9.0
"""How far a line goes on from its box before it may turn."""
TRAINING_MARK = "training only"
"""Written under what a prediction does not use."""
_TEXT_MARGIN = 3.0
"""Between words and the drawing's border: less than around boxes, which words may reach beyond."""
_CARDS = 8.0
"""Room beside a closed block for the cards that stick out behind it."""
_MARK_ROOM = 8.0
"""Below what only training uses, for the words that say so, beside the margin there."""
_GUTTER = 30.0
"""Between the main drawing and the column of what only training uses."""
_GATE_PITCH = 30.0
"""Between lines that pass through the same gate."""

_OPTIONS: Mapping[str, Any] = {
    "direction": "topbottom",
    "spacing": {
        "layer_gap": LAYER_GAP,
        "node_gap": NODE_GAP,
        "dummy_gap": 16.0,
        "port_gap": 14.0,
        "port_stroke_clear": 6.0,
        "stub": _STUB,
        "reroute_node_gap": 18.0,
        "isolated_gap": NODE_GAP,
    },
    "routing": {"style": "orthogonal", "merge_edges": "both", "centre_ports": "all"},
    "limits": {"max_nodes": 20_000, "max_edges": 40_000, "max_dummies": 200_000},
}


def is_junction(node: VisibleNode) -> bool:
    """Whether a node is drawn as a small round junction: additions and concatenations."""
    return node.kind in ("add", "concat")


def box_size(node: VisibleNode, options: DrawingOptions = USUAL) -> tuple[float, float]:
    """Width and height of a box, from its texts; with room for a thumbnail where asked for.

    At a distance the name stands alone and is larger: top to bottom there is room for that.
    """
    if is_junction(node):
        return (JUNCTION_SIZE, JUNCTION_SIZE)
    name = text_width(node.label, NAME_SIZE, "semibold")
    if node.repeats:
        name += PADDING + badge_width(node)
    alone = name if options.direction == "right" else NAME_ALONE * name - 0.4 * PADDING
    text = max(name, alone, text_width(node.caption, CAPTION_SIZE))
    # to an even number of pixels: centres, and so lines, fall on whole ones
    text += THUMBNAIL_ROOM if options.thumbnails else 0.0
    width = 2 * round((STRIPE_WIDTH + PADDING + text + PADDING) / 2 + 0.5)
    return (max(BOX_MIN_WIDTH, float(width)), BOX_HEIGHT)


def badge_text(node: VisibleNode) -> str:
    """How often a block is repeated: ``× 35``; empty for what is no run of equal blocks."""
    return f"× {node.repeats}" if node.repeats else ""


def badge_width(node: VisibleNode) -> float:
    """Of the badge that says so."""
    return text_width(badge_text(node), OPERANDS_SIZE, "semibold") + 2 * BADGE_PADDING


def lay_out(graph: VisibleGraph, options: DrawingOptions = USUAL) -> GraphLayout:
    """Place every box, frame and edge of `graph`; the same graph always gives the same drawing.

    Boxes never overlap, parts lie inside their frames, edges run border to border. Raises
    `ExplorerError` for a graph beyond what can be drawn.
    """
    right = options.direction == "right"
    plan = _Plan(graph, options)
    levels = {name: plan.level(name) for name in ("", *graph.frames)}
    placed: dict[str, _Level] = {}
    for name in (*reversed(graph.frames), ""):  # innermost first
        placed[name] = _place(levels[name], placed)
    origin = {"": (0.0, 0.0)}
    boxes: dict[str, Rect] = {}
    frames: dict[str, Rect] = {}
    for name in ("", *graph.frames):
        x, y = origin[name]
        for child, rect in placed[name].rects.items():
            here = Rect(x + rect.x, y + rect.y, rect.width, rect.height)
            if child in placed:
                origin[child] = (here.x, here.y)
                frames[child] = here
            else:
                boxes[child] = here
    whole = placed[""]
    paths = [plan.path(edge, placed, origin) for edge in graph.edges]
    width = max([whole.width, *(x + MARGIN for path in paths for x, _ in path)])
    height = whole.height
    notes = plan.placed_notes(placed, origin)
    if right:
        boxes = {name: _turned(rect) for name, rect in boxes.items()}
        frames = {name: _turned(rect) for name, rect in frames.items()}
        paths = [tuple((y, x) for x, y in path) for path in paths]
        notes = {ends: (text, _turned(rect)) for ends, (text, rect) in notes.items()}
        width, height = height, width
    quiet = {node.name for node in graph.nodes if node.training_only}
    routed = [
        EdgePath(
            edge.source, edge.target, edge.shape, points,
            training_only=edge.source in quiet or edge.target in quiet,
            shortcut=edge.shortcut,
        )
        for edge, points in zip(graph.edges, paths, strict=True)
    ]  # fmt: skip
    for at, edge in enumerate(routed):
        if (edge.source, edge.target) in notes:
            text, rect = notes[edge.source, edge.target]
            routed[at] = replace(edge, note=text, note_at=(rect.x, rect.centre[1]))
    labelled = _label_edges(graph, routed, boxes, frames)
    layout = GraphLayout(
        graph,
        {node.name: boxes[node.name] for node in graph.nodes},
        {name: frames[name] for name in graph.frames},
        tuple(labelled),
        width,
        height,
        options,
    )
    return _grown_for_texts(layout)


def _grown_for_texts(layout: GraphLayout) -> GraphLayout:
    """The same drawing, as wide and high as the words beside its lines and boxes need."""
    texts = [_label_rect(edge) for edge in layout.edges if edge.label]
    texts += [_note_rect(edge) for edge in layout.edges if edge.note]
    mark_width = text_width(TRAINING_MARK, EDGE_LABEL_SIZE)
    for x, baseline in training_marks(layout):
        texts.append(Rect(x, baseline - EDGE_LABEL_SIZE, mark_width, 1.3 * EDGE_LABEL_SIZE))
    width = max([layout.width, *(text.x + text.width + _TEXT_MARGIN for text in texts)])
    height = max([layout.height, *(text.y + text.height + _TEXT_MARGIN for text in texts)])
    if (width, height) == (layout.width, layout.height):
        return layout
    return replace(layout, width=width, height=height)


def _turned(rect: Rect) -> Rect:
    return Rect(rect.y, rect.x, rect.height, rect.width)


def training_marks(layout: GraphLayout) -> tuple[Point, ...]:
    """Where to write, at the left end of its baseline, that a part is used in training only: once
    under each such part, whatever is inside."""
    quiet = {node.name for node in layout.graph.nodes if node.training_only}
    source = layout.graph.source
    for frame in layout.frames:
        if source is not None and frame in source.block and source.block[frame].training_only:
            quiet.add(frame)
    marks = []
    for name in quiet:
        if layout.graph.frame_around(name) not in quiet:
            rect = layout.boxes.get(name) or layout.frames[name]
            marks.append((rect.x + 2.0, rect.y + rect.height + 13.0))
    return tuple(sorted(marks))


@dataclass(frozen=True)
class HeaderText:
    """A piece of text in a frame's header, clear of the lines that cross it."""

    at: Point
    """The left end of its baseline."""
    text: str
    size: float
    quiet: bool
    """The name stands out (semibold), the rest is quiet."""


def header_texts(layout: GraphLayout, frame: str) -> tuple[HeaderText, ...]:
    """What to write at the top of a frame: its name, and as much of its facts as there is room."""
    rect = layout.frames[frame]
    baseline = rect.y + FRAME_HEADER / 2 + 4.0
    room = list(header_room(layout, frame))
    if not room:
        return ()
    left, right = room[0]
    name = shortened(layout.graph.frame_label(frame), FRAME_TEXT_SIZE, right - left, "semibold")
    found = [HeaderText((left, baseline), name, FRAME_TEXT_SIZE, False)]
    room[0] = (left + text_width(name, FRAME_TEXT_SIZE, "semibold") + 8.0, right)
    facts = (layout.graph.headers.get(frame, ""), _weight(layout.graph, frame))
    for said in dict.fromkeys(facts):
        width = text_width(said, CAPTION_SIZE)
        start, end = room[-1]  # right-aligned, beyond the line
        if said and width <= end - start:
            return (*found, HeaderText((end - width, baseline), said, CAPTION_SIZE, True))
    return tuple(found)


def _weight(graph: VisibleGraph, frame: str) -> str:
    """The last of a frame's facts, how many parameters it has."""
    return graph.headers.get(frame, "").rpartition(", ")[2]


def header_room(layout: GraphLayout, frame: str) -> tuple[tuple[float, float], ...]:
    """The free stretches (left, right) of a frame's header: what the lines through it leave."""
    rect = layout.frames[frame]
    bottom = rect.y + FRAME_HEADER
    right = rect.x + rect.width
    crossing = sorted(
        x for x, top, end in layout.uprights if top < bottom and end > rect.y and rect.x < x < right
    )
    left = rect.x + PADDING
    room = []
    for x in crossing:
        if x - LABEL_GAP > left:
            room.append((left, x - LABEL_GAP))
        left = max(left, x + LABEL_GAP)
    if rect.x + rect.width - PADDING > left:
        room.append((left, rect.x + rect.width - PADDING))
    return tuple(room)


class _End(NamedTuple):
    """Where a line begins or ends within one level."""

    node: str
    """A box or a frame of the level, or one of its gates."""
    tensor: str = ""
    """At a frame or a gate: the box whose output passes."""


_IN, _OUT = "\0in", "\0out"
"""The gates of a level; no module's name has such a letter."""

Leg = tuple[_End, _End]


@dataclass
class _Level:
    """One frame from within (or the whole drawing), before and after it is placed."""

    name: str
    right: bool
    """Whether the drawing is to be turned on its side."""
    sizes: dict[str, tuple[float, float]]
    """Of its own boxes, in the flow; its frames' sizes come when they are placed."""
    label_room: Mapping[str, float]
    """What the line that leaves a box is longer by, so that its label fits beside it."""
    round_ones: frozenset[str]
    frames: tuple[str, ...]
    order: tuple[str, ...]
    header_length: float
    """How long the frame is at least, for its header."""
    age: Mapping[str, int]
    """Of tensors: 0 is the newest. At a gate the newest passes in the middle, on the main line,
    older ones beside it."""
    legs: dict[Leg, None] = field(default_factory=dict)
    notes: dict[Leg, str] = field(default_factory=dict)
    """What to write beside shortcuts."""
    aside: tuple["_Level", ...] = ()
    """What only training uses, apart from the main drawing; each as a level of its own."""
    undivided: "_Level | None" = None
    """Where there is such a thing, the level with nothing apart."""
    entering: Leg | None = None
    """Of what is apart, the line that comes to it from the main drawing."""
    rects: dict[str, Rect] = field(default_factory=dict)
    """Of its children, relative to its own top left corner."""
    routes: dict[Leg, tuple[Point, ...]] = field(default_factory=dict)
    docks: dict[_End, float] = field(default_factory=dict)
    """Where tensors pass through the gates: x, relative."""
    noted: dict[Leg, Rect] = field(default_factory=dict)
    """Where the notes stand."""
    width: float = 0.0
    height: float = 0.0

    @property
    def framed(self) -> bool:
        """Whether it is a frame, with a border and a header."""
        return bool(self.name) and self.entering is None


class _Plan:
    """Which legs each edge is made of: out of the frames around its source, across, and in."""

    def __init__(self, graph: VisibleGraph, options: DrawingOptions) -> None:
        self._graph = graph
        self._options = options
        self._node = {node.name: node for node in graph.nodes}
        self._age = {node.name: age for age, node in enumerate(reversed(graph.nodes))}
        self._frames_around: dict[str, list[str]] = {"": [""]}
        self._right = options.direction == "right"
        self._told = _told_sources(graph)
        self._legs_of: dict[tuple[str, str], list[tuple[str, Leg]]] = {}
        legs: dict[str, dict[Leg, None]] = {name: {} for name in ("", *graph.frames)}
        for edge in graph.edges:
            way = list(self._way(edge))
            self._legs_of[edge.source, edge.target] = way
            for level, leg in way:
                legs[level][leg] = None
        self._legs = legs
        said = shortcut_notes(graph.source) if graph.source is not None else {}
        self._notes = {
            (edge.source, edge.target): said[edge.target]
            for edge in graph.edges
            if edge.shortcut and edge.target in said
        }
        self._children: dict[str, dict[str, None]] = {name: {} for name in ("", *graph.frames)}
        for node in graph.nodes:  # a frame stands where its first box does
            inner, outer = node.name, graph.frame_around(node.name)
            while inner not in self._children[outer]:
                self._children[outer][inner] = None
                if not outer:
                    break
                inner, outer = outer, graph.frame_around(outer)
        self._quiet = {node.name for node in graph.nodes if node.training_only}
        for frame in reversed(graph.frames):  # innermost first
            if self._quiet.issuperset(self._children[frame]):
                self._quiet.add(frame)

    def _around(self, name: str) -> list[str]:
        """The frames around a box, outermost (the whole drawing) first."""
        frame = self._graph.frame_around(name)
        inward = [frame]
        while inward[-1] not in self._frames_around:
            inward.append(self._graph.frame_around(inward[-1]))
        found = self._frames_around[inward.pop()]
        for inner in reversed(inward):
            found = self._frames_around[inner] = [*found, inner]
        return found

    def _way(self, edge: GraphEdge) -> Iterable[tuple[str, Leg]]:
        tensor = edge.source
        source, target = self._around(edge.source), self._around(edge.target)
        shared = sum(1 for a, b in zip(source, target, strict=False) if a == b)
        start = _End(edge.source)
        for frame in reversed(source[shared:]):
            yield frame, (start, _End(_OUT, tensor))
            start = _End(frame, tensor)
        inward = target[shared:]
        goal = _End(inward[0], tensor) if inward else _End(edge.target)
        yield source[shared - 1], (start, goal)
        for frame, inner in zip(inward, [*inward, ""][1:], strict=True):
            goal = _End(inner, tensor) if inner else _End(edge.target)
            yield frame, (_End(_IN, tensor), goal)

    def level(self, name: str) -> _Level:
        graph = self._graph
        children = self._children[name]
        header = 0.0
        if name:
            label = text_width(graph.frame_label(name), FRAME_TEXT_SIZE, "semibold")
            siblings = self._children[graph.frame_around(name)]  # alike in width where they can be
            facts = max(text_width(_weight(graph, frame), CAPTION_SIZE) for frame in siblings)
            if self._right:
                header = math.ceil(label + facts + 3 * PADDING)
            else:  # beside the line through the middle: the name left, what it weighs right
                header = 2.0 * math.ceil(max(label, facts) + LABEL_GAP + PADDING)
        level = self._part(name, tuple(children))
        level.legs = self._legs[name]
        level.header_length = header
        for ends, note in self._notes.items():
            around, leg = self._legs_of[ends][-1]
            if around == name:
                level.notes[leg] = note
        return self._divided(level)

    def _divided(self, level: _Level) -> _Level:
        """The level with what only training uses set aside, where there is such a thing."""
        parts = self._parts_aside(level.name)
        if not parts:
            return level
        apart = {child for part in parts for child in part}
        main = self._part(level.name, [child for child in level.order if child not in apart])
        main.legs = {leg: None for leg in level.legs if leg[1].node not in apart}
        main.notes = level.notes
        main.header_length = level.header_length
        main.undivided = level
        for part in parts:
            aside = self._part(level.name, part)
            for start, goal in level.legs:
                if goal.node in part and start.node in part:
                    aside.legs[start, goal] = None
                elif goal.node in part:
                    aside.entering = (start, goal)
                    aside.legs[_End(_IN, start.tensor or start.node), goal] = None
            main.aside = (*main.aside, aside)
        return main

    def _part(self, name: str, children: Sequence[str]) -> _Level:
        within, graph = set(children), self._graph
        own = [self._node[name] for name in children if name in self._node]
        room: dict[str, float] = {}
        sizes: dict[str, tuple[float, float]] = {}
        for node in own:
            width, height = box_size(node, self._options)
            sizes[node.name] = (height, width) if self._right else (width, height)
            if self._right and node.name in self._told:
                label = text_width(format_shape(node.out_shape), EDGE_LABEL_SIZE)
                room[node.name] = math.ceil(label + _CARDS + LABEL_GAP + _ARROW_ROOM - LAYER_GAP)
        return _Level(
            name,
            self._right,
            sizes,
            room,
            frozenset(node.name for node in own if is_junction(node)),
            tuple(frame for frame in graph.frames if frame in within),
            tuple(children),
            0.0,
            self._age,
        )

    def _parts_aside(self, name: str) -> list[list[str]]:
        """What only training uses among a level's children, in parts that hang together; none
        where that is all there is, or where more comes to a part or from it than one line."""
        children = self._children[name]
        quiet = {child for child in children if child in self._quiet}
        if not quiet or len(quiet) == len(children):
            return []
        part_of = {child: {child} for child in quiet}
        for start, goal in self._legs[name]:
            if start.node in quiet:
                if goal.node not in quiet:
                    return []
                joined = part_of[start.node] | part_of[goal.node]
                part_of.update(dict.fromkeys(joined, joined))
        members: dict[int, list[str]] = {}
        for child in children:
            if child in quiet:
                members.setdefault(id(part_of[child]), []).append(child)
        parts = list(members.values())
        for part in parts:
            entering = [leg for leg in self._legs[name]
                        if leg[1].node in part and leg[0].node not in part]  # fmt: skip
            if len(entering) != 1 or entering[0][0].node in (_IN, _OUT):
                return []
        return parts

    def placed_notes(
        self, placed: Mapping[str, _Level], origin: Mapping[str, Point]
    ) -> dict[tuple[str, str], tuple[str, Rect]]:
        """The notes beside shortcuts, by source and target, with their places in the flow."""
        found = {}
        for ends, note in self._notes.items():
            level, leg = self._legs_of[ends][-1]
            rect = placed[level].noted.get(leg)
            if rect is not None:
                x, y = origin[level]
                found[ends] = (note, replace(rect, x=rect.x + x, y=rect.y + y))
        return found

    def path(
        self, edge: GraphEdge, placed: Mapping[str, _Level], origin: Mapping[str, Point]
    ) -> tuple[Point, ...]:
        points: list[Point] = []
        for level, leg in self._legs_of[edge.source, edge.target]:
            x, y = origin[level]
            route = [(x + u, y + v) for u, v in placed[level].routes[leg]]
            if points and abs(points[-1][0] - route[0][0]) > 0.01:  # a line that missed its dock
                middle = points[-1][1] + _ARROW_ROOM / 2
                points += [(points[-1][0], middle), (route[0][0], middle)]
            points += route
        return _simplified(points)


def _place(level: _Level, placed: Mapping[str, "_Level"]) -> _Level:
    """Lay out one level whose frames are already placed."""
    sizes = {**level.sizes, **{name: (placed[name].width, placed[name].height)
                               for name in level.frames}}  # fmt: skip
    boxes_room = {name: room for name, room in level.label_room.items()
                  if name not in level.round_ones}  # fmt: skip
    for name, room in boxes_room.items():
        sizes[name] = (sizes[name][0], sizes[name][1] + room)
    through = {
        gate: sorted(
            {end.tensor for leg in level.legs for end in leg if end.node == gate},
            key=level.age.__getitem__,
        )
        for gate in (_IN, _OUT)
    }
    for gate, tensors in through.items():
        if tensors:
            sizes[gate] = (2 + 2 * _GATE_PITCH * (len(tensors) - 1), 2.0)
    order = [name for name in (_IN, *level.order, _OUT) if name in sizes]
    if not level.legs:  # nothing says what belongs where but the order
        _frame_in(level, grid({name: sizes[name] for name in order}, NODE_GAP / 2), {}, through)
        return level
    index = {name: at for at, name in enumerate(order)}

    def port(end: _End, side: str) -> dict[str, Any] | None:
        """Where on its node a line must dock, where that is not for the engine to say."""
        if end.node in placed and level.name != end.node and end.node in level.frames:
            frame = placed[end.node]
            gate = _IN if side == "top" else _OUT
            share = 2 * frame.docks[_End(gate, end.tensor)] / frame.width - 1
            if abs(share) < 1e-6 and sum(dock.node == gate for dock in frame.docks) == 1:
                return None  # the engine centres it by itself, and may let it share its way
        elif end.node in through:
            place = through[end.node].index(end.tensor)
            share = -place * _GATE_PITCH / (sizes[end.node][0] / 2)
        else:
            return None
        return {"offset": {"side": side, "t": share}}

    edges: list[dict[str, Any]] = []
    for start, goal in level.legs:
        edge: dict[str, Any] = {"source": index[start.node], "target": index[goal.node]}
        leaving, entering = port(start, "bottom"), port(goal, "top")
        if start.node == _IN and len(through[_IN]) > 1 and goal.node in level.round_ones:
            newest = start.tensor == through[_IN][0]
            entering = {"offset": {"side": "top", "t": 0.0}} if newest else {"side": "left"}
        if leaving:
            edge["source_port"] = leaving
        if entering:
            edge["target_port"] = entering
        edges.append(edge)
    nodes = [
        {
            # not its name: frames that look the same are one to the engine
            "key": str(index[name]),
            "size": {"width": sizes[name][0], "height": sizes[name][1]},
            "shape": "ellipse" if name in level.round_ones else "box",
        }
        for name in order
    ]
    try:
        drawn = _engine(json.dumps({"nodes": nodes, "edges": edges}))
    except graphlay.GraphlayError as error:
        raise ExplorerError("this graph is too large to draw: close some blocks.") from error
    rects = {
        name: Rect(
            node["center"]["x"] - sizes[name][0] / 2,
            node["center"]["y"] - sizes[name][1] / 2,
            *sizes[name],
        )
        for name, node in zip(order, drawn.nodes, strict=True)
    }
    routes = {
        leg: tuple((point["x"], point["y"]) for point in route["points"])
        for leg, route in zip(level.legs, drawn.edges, strict=True)
    }
    ranks: dict[int, list[str]] = {}
    for name, node in zip(order, drawn.nodes, strict=True):
        if name not in level.round_ones:
            ranks.setdefault(node["rank"], []).append(name)
    _align_tops(ranks.values(), rects, routes)
    _shorten(boxes_room, rects, routes)
    _share_forks(routes)
    _enter_from_the_side(level.round_ones, rects, routes)
    if any(len(tensors) > 1 for tensors in through.values()):
        rects, routes = _mirrored(rects, routes)
    _write_notes(level, rects, routes)
    if level.undivided is not None and not _put_aside(
        [_place(aside, placed) for aside in level.aside], placed, rects, routes
    ):
        return _place(level.undivided, placed)
    _frame_in(level, rects, routes, through)
    return level


def _shorten(
    room: Mapping[str, float], rects: dict[str, Rect], routes: dict[Leg, tuple[Point, ...]]
) -> None:
    """Give boxes their true length: the line begins where the room for its label does."""
    for name, length in room.items():
        rects[name] = replace(rects[name], height=rects[name].height - length)
    for leg, ((x, y), *rest) in routes.items():
        if leg[0].node in room:
            routes[leg] = ((x, y - room[leg[0].node]), *rest)


def _write_notes(
    level: _Level, rects: Mapping[str, Rect], routes: Mapping[Leg, tuple[Point, ...]]
) -> None:
    """Find room beside each shortcut for what it is; the drawing grows for it where it must."""
    if not level.notes:
        return
    occupied = _Occupied(rects.values(), routes.values())
    for leg, note in level.notes.items():
        size = (text_width(note, EDGE_LABEL_SIZE), EDGE_LABEL_SIZE)
        width, height = reversed(size) if level.right else size
        for place in _note_places(routes[leg], width, height):
            if occupied.is_free(place):
                occupied.add(place)
                level.noted[leg] = place
                break


def _note_places(points: Sequence[Point], width: float, height: float) -> Iterable[Rect]:
    """Places for a text of that size beside a line: at its end, then where it is longest."""
    stretches = list(pairwise(points))
    *others, last = stretches
    others.sort(key=lambda ends: -math.dist(*ends))
    gap = LABEL_GAP - 1.0
    for a, b in (last, *others):
        level = a[1] == b[1]
        length, needed = math.dist(a, b), (width if level else height) + 2 * LABEL_GAP
        if length < needed:
            continue
        spare = (length - needed) / length / 2
        for share in (0.5, 0.5 - spare * 0.6, 0.5 + spare * 0.6):
            x, y = a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share
            if level:
                yield Rect(x - width / 2, y - gap - height, width, height)
                yield Rect(x - width / 2, y + gap, width, height)
            else:
                yield Rect(x + gap, y - height / 2, width, height)
                yield Rect(x - gap - width, y - height / 2, width, height)


def _put_aside(
    parts: Sequence[_Level],
    placed: Mapping[str, _Level],
    rects: dict[str, Rect],
    routes: dict[Leg, tuple[Point, ...]],
) -> bool:
    """Stand what only training uses in a column left of the main drawing, each part beside where
    it branches off, or below those before. False where a box is in the way of such a line."""
    main = list(rects.values())
    left = min([*(rect.x for rect in main), *(x for way in routes.values() for x, _ in way)])
    right, lowest = left - _GUTTER, -math.inf
    for part in parts:
        assert part.entering is not None
        start, goal = part.entering
        tensor = start.tensor or start.node
        source = rects[start.node]
        x, y = source.centre[0], source.y + source.height
        if start.node in placed:
            x = source.x + placed[start.node].docks[_End(_OUT, tensor)]
        turns = [
            way[1][1] for way in routes.values() if len(way) > 2 and math.dist(way[0], (x, y)) < 1
        ]
        turn = min(turns, default=y + _STUB)
        across = Rect(right, turn, x - right, 0.0)
        if any(rect is not source and _overlap(across, rect, 2.0) for rect in main):
            return False
        corner_x, top = right - part.width, max(turn, lowest + NODE_GAP)
        inner = [(corner_x + u, top + v) for u, v in part.routes[_End(_IN, tensor), goal]]
        lane = [] if top == turn else [(right + _GUTTER / 2, turn), (right + _GUTTER / 2, top)]
        start_x, start_y = inner[0]
        way = ((x, y), (x, turn), *lane, (start_x, start_y), *inner[1:])
        routes[part.entering] = way
        for name, rect in part.rects.items():
            rects[name] = replace(rect, x=corner_x + rect.x, y=top + rect.y)
        for leg, points in part.routes.items():
            if leg[0].node != _IN:
                routes[leg] = tuple((corner_x + u, top + v) for u, v in points)
        lowest = top + part.height
    return True


@lru_cache(maxsize=1024)
def _engine(request: str) -> graphlay.Layout:
    """graphlay's answer to a request in JSON. Networks repeat their blocks, and opening one block
    leaves all others as they were, so most requests have been answered before."""
    return graphlay.layout(request, options=_OPTIONS)


def _mirrored(
    rects: Mapping[str, Rect], routes: Mapping[Leg, tuple[Point, ...]]
) -> tuple[dict[str, Rect], dict[Leg, tuple[Point, ...]]]:
    """Left and right exchanged.

    The engine sends long lines down the left of what is in a frame but down the right of frames:
    mirrored, lines that go on from frame to frame stay on the right, clear of the frames' names.
    """
    return (
        {name: replace(rect, x=-rect.x - rect.width) for name, rect in rects.items()},
        {leg: tuple((-x, y) for x, y in route) for leg, route in routes.items()},
    )


def _align_tops(
    rows: Iterable[Sequence[str]], rects: dict[str, Rect], routes: dict[Leg, tuple[Point, ...]]
) -> None:
    """Hang boxes and frames of one row from one height, where the engine centres them."""
    raised: dict[str, float] = {}
    for row in rows:
        top = min(rects[name].y for name in row)
        for name in row:
            raised[name] = rects[name].y - top
            rects[name] = replace(rects[name], y=top)
    for leg, route in routes.items():
        (start_x, start_y), *between, (goal_x, goal_y) = route
        routes[leg] = (
            (start_x, start_y - raised.get(leg[0].node, 0.0)),
            *between,
            (goal_x, goal_y - raised.get(leg[1].node, 0.0)),
        )


def _share_forks(routes: dict[Leg, tuple[Point, ...]]) -> None:
    """Let the lines that leave one port turn off at one height: a tensor that goes many ways."""
    leaving: dict[Point, list[Leg]] = {}
    for leg, route in routes.items():
        if len(route) > 3 and route[0][0] == route[1][0] and route[1][1] == route[2][1]:
            leaving.setdefault(route[0], []).append(leg)
    for legs in leaving.values():
        height = min(routes[leg][1][1] for leg in legs)
        for leg in legs:
            first, (x, _), (turn_x, _), *rest = routes[leg]
            routes[leg] = (first, (x, height), (turn_x, height), *rest)


def _enter_from_the_side(
    round_ones: Iterable[str], rects: Mapping[str, Rect], routes: dict[Leg, tuple[Point, ...]]
) -> None:
    """Let a line that comes from beside a junction reach its side rather than crowd its top."""
    for name in round_ones:
        x, y = rects[name].centre
        coming = [leg for leg, route in routes.items() if leg[1].node == name and _drops_in(route)]
        for side in (-1, 1):
            beside = [leg for leg in coming if (routes[leg][-3][0] - x) * side > JUNCTION_SIZE - 4]
            if not beside:
                continue
            leg = max(beside, key=lambda leg: abs(routes[leg][-3][0] - x))
            route = routes[leg]
            (corner_x, corner_y), dock = route[-3], (x + side * JUNCTION_SIZE / 2, y)
            way = Rect(min(corner_x, dock[0]), corner_y, abs(corner_x - dock[0]), y - corner_y)
            others = [rect for other, rect in rects.items() if other not in (name, leg[0].node)]
            crossing = [
                segment
                for other, points in routes.items()
                if other[1].node != name
                for segment in pairwise(points)
            ]
            if any(_overlap(way, rect, 6.0) for rect in others) or any(
                _overlap(way, _around_segment(a, b), 6.0) for a, b in crossing
            ):
                continue
            routes[leg] = (*route[:-3], (corner_x, y), dock)


def _drops_in(route: Sequence[Point]) -> bool:
    """Whether a line comes down beside its goal, crosses over, and drops onto it."""
    if len(route) < 4:
        return False
    (x0, _), (x1, y1), (x2, y2), (x3, _) = route[-4:]
    return x0 == x1 and y1 == y2 and x2 == x3


def _around_segment(a: Point, b: Point) -> Rect:
    return Rect(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1]))


def _overlap(a: Rect, b: Rect, clearance: float = 0.0) -> bool:
    return (
        a.x - clearance < b.x + b.width
        and b.x - clearance < a.x + a.width
        and a.y - clearance < b.y + b.height
        and b.y - clearance < a.y + a.height
    )


def _frame_in(
    level: _Level,
    rects: dict[str, Rect],
    routes: dict[Leg, tuple[Point, ...]],
    through: Mapping[str, Sequence[str]],
) -> None:
    """Set the level's borders around what was drawn, and bring the lines up to them."""
    inside = [rect for name, rect in rects.items() if name not in (_IN, _OUT)]
    bends = [point for route in routes.values() for point in route[1:-1]]
    for rect in level.noted.values():
        bends += [(rect.x, rect.y), (rect.x + rect.width, rect.y + rect.height)]
    left = min([*(rect.x for rect in inside), *(x for x, _ in bends)])
    right = max([*(rect.x + rect.width for rect in inside), *(x for x, _ in bends)])
    box_top = min(rect.y for rect in inside)
    bend_top = min((y for _, y in bends), default=box_top)
    box_bottom = max(rect.y + rect.height for rect in inside)
    bend_bottom = max((y for _, y in bends), default=box_bottom)
    if level.aside and not level.right:  # below the last of them stands what they are
        last = rects[level.aside[-1].order[-1]]
        bend_bottom = max(bend_bottom, last.y + last.height + _MARK_ROOM)
    if level.framed:
        gates = [rects[gate] for gate in (_IN, _OUT) if gate in rects]
        middle = gates[0].centre[0] if gates else (left + right) / 2
        header = FRAME_HEADER if level.right else 0.0
        half = max(middle - left + header, right - middle) + FRAME_PADDING
        top, bottom = min(box_top, bend_top), max(box_bottom + FRAME_PADDING, bend_bottom + 9.0)
        if level.right:
            origin_y = min(box_top - (_ARROW_ROOM if through[_IN] else FRAME_PADDING), top - 9.0)
            bottom += _room_at_the_end(level)
            short = max(level.header_length - (bottom - origin_y), 0.0)
            origin_y, bottom = origin_y - short / 2, bottom + short / 2
        else:
            half = max(half, level.header_length / 2)
            above = FRAME_HEADER + (_ARROW_ROOM if through[_IN] else 4.0)
            origin_y = min(box_top - above, top - FRAME_HEADER - 4.0)
        origin_x = middle - half
        level.width, level.height = 2 * half, bottom - origin_y
    else:
        margin, above = (0.0, _ARROW_ROOM) if level.entering is not None else (MARGIN, MARGIN)
        origin_x, origin_y = left - margin, min(box_top, bend_top) - above
        level.width = right + margin - origin_x
        level.height = max(box_bottom, bend_bottom) + margin - origin_y
    level.noted = {
        leg: replace(rect, x=rect.x - origin_x, y=rect.y - origin_y)
        for leg, rect in level.noted.items()
    }
    level.rects = {
        name: Rect(rect.x - origin_x, rect.y - origin_y, rect.width, rect.height)
        for name, rect in rects.items()
        if name not in (_IN, _OUT)
    }
    for leg, route in routes.items():
        points = [(x - origin_x, y - origin_y) for x, y in route]
        start, goal = leg
        if start.node == _IN:
            points[0] = (points[0][0], 0.0)
            level.docks[start] = points[0][0]
        if goal.node == _OUT:
            points[-1] = (points[-1][0], level.height)
            level.docks[goal] = points[-1][0]
        level.routes[leg] = tuple(points)


def _room_at_the_end(level: _Level) -> float:
    """What a frame is longer by, so that the label of a junction that ends it fits beside its
    line. (Boxes bring such room along; a junction would be no circle with it.)"""
    ending = {start.node for start, goal in level.legs if goal.node == _OUT}
    junctions = ending & level.round_ones
    return max((level.label_room.get(name, 0.0) for name in junctions), default=0.0)


def _simplified(points: Sequence[Point]) -> tuple[Point, ...]:
    """Upright and level stretches only, and no points that repeat or stand in a straight line.

    The engine docks at round junctions a fraction of a pixel off, which would show as a slant.
    """
    kept: list[Point] = []
    for x, y in points:
        if kept:
            before_x, before_y = kept[-1]
            if abs(before_x - x) < 1.0:
                x = before_x
            elif abs(before_y - y) < 1.0:
                y = before_y
            else:
                _append(kept, (before_x, y))
        _append(kept, (x, y))
    return tuple(kept)


def _append(points: list[Point], point: Point) -> None:
    if points and points[-1] == point:
        return
    if len(points) > 1:
        (x0, y0), (x1, y1) = points[-2:]
        if x0 == x1 == point[0] or y0 == y1 == point[1]:
            points.pop()
    points.append(point)


def _told_sources(graph: VisibleGraph) -> frozenset[str]:
    """The boxes whose output has another shape than what they take. The input's box says its
    shape itself."""
    given: dict[str, set[tuple[int, ...]]] = {}
    for edge in graph.edges:
        given.setdefault(edge.target, set()).add(edge.shape)
    return frozenset(
        node.name
        for node in graph.nodes
        if node.name in given and given[node.name] != {node.out_shape}
    )


def _note_rect(edge: EdgePath) -> Rect:
    return _text_rect(edge.note, edge.note_at)


def _label_rect(edge: EdgePath) -> Rect:
    return _text_rect(edge.label, edge.label_at)


def _text_rect(text: str, at: Point) -> Rect:
    x, y = at
    return Rect(x, y - EDGE_LABEL_SIZE / 2, text_width(text, EDGE_LABEL_SIZE), EDGE_LABEL_SIZE)


def _label_edges(
    graph: VisibleGraph,
    edges: Sequence[EdgePath],
    boxes: Mapping[str, Rect],
    frames: Mapping[str, Rect],
) -> list[EdgePath]:
    """Write a shape beside a line wherever a box changes it, if there is a free place.

    The place is beside the line's first stretch, else beside its last, on the right if free.
    """
    changing = _told_sources(graph)
    occupied = _Occupied(
        [*boxes.values(), *(_note_rect(edge) for edge in edges if edge.note)],
        [edge.points for edge in edges],
        frames.values(),
    )
    told: set[str] = set()
    labelled: list[EdgePath] = []
    for edge in edges:
        if edge.source in changing and edge.source not in told:
            label = format_shape(edge.shape)
            width = text_width(label, EDGE_LABEL_SIZE)
            for x, y in _label_places(edge.points, width):
                place = Rect(x, y - EDGE_LABEL_SIZE / 2, width, EDGE_LABEL_SIZE)
                if place.x > 0 and place.y > 0 and occupied.is_free(place):
                    occupied.add(place)
                    told.add(edge.source)
                    edge = replace(edge, label=label, label_at=(x, y))
                    break
        labelled.append(edge)
    return labelled


def _label_places(points: Sequence[Point], width: float) -> Iterable[Point]:
    (x, top), (below_x, bottom) = points[:2]
    if x == below_x and bottom - top >= LAYER_GAP / 2:
        y = top + min((bottom - top) / 2, LAYER_GAP / 2) - 1.0
        yield (x + LABEL_GAP, y)
        yield (x - LABEL_GAP - width, y)
    elif top == bottom and below_x - x >= width + _CARDS + LABEL_GAP:
        yield (x + _CARDS + LABEL_GAP, top - EDGE_LABEL_SIZE / 2 - 4.0)
        yield (x + _CARDS + LABEL_GAP, top + EDGE_LABEL_SIZE / 2 + 4.0)
    (above_x, top), (x, bottom) = points[-2:]
    if x == above_x and bottom - top >= LAYER_GAP / 2:
        y = bottom - min((bottom - top) / 2, LAYER_GAP / 2) - 3.0
        yield (x + LABEL_GAP, y)
        yield (x - LABEL_GAP - width, y)
    elif top == bottom and x - above_x >= width + LABEL_GAP + _ARROW_ROOM:
        yield (x - _ARROW_ROOM - width, top - EDGE_LABEL_SIZE / 2 - 4.0)
        yield (x - _ARROW_ROOM - width, top + EDGE_LABEL_SIZE / 2 + 4.0)


class _Occupied:
    """What a text must not touch, found by the height it stands at."""

    _STEP = 64.0

    def __init__(
        self,
        boxes: Iterable[Rect],
        lines: Iterable[Sequence[Point]],
        frames: Iterable[Rect] = (),
    ) -> None:
        self._rows: dict[int, list[Rect]] = {}
        for rect in boxes:
            self.add(rect)
        for points in lines:
            for a, b in pairwise(points):
                self.add(_around_segment(a, b))
        for rect in frames:  # their outlines and headers
            right, bottom = rect.x + rect.width, rect.y + rect.height
            self.add(Rect(rect.x, rect.y, rect.width, FRAME_HEADER - 2))
            self.add(Rect(rect.x, bottom, rect.width, 0.0))
            self.add(Rect(rect.x, rect.y, 0.0, rect.height))
            self.add(Rect(right, rect.y, 0.0, rect.height))

    def add(self, rect: Rect) -> None:
        for row in range(int(rect.y // self._STEP), int((rect.y + rect.height) // self._STEP) + 1):
            self._rows.setdefault(row, []).append(rect)

    def is_free(self, place: Rect) -> bool:
        first, last = int(place.y // self._STEP), int((place.y + place.height) // self._STEP)
        return not any(
            _overlap(place, rect, 2.0)
            for row in range(first, last + 1)
            for rect in self._rows.get(row, ())
        )
