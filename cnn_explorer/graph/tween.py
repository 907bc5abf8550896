"""The way from one layout of a network to another: where boxes, frames and lines are meanwhile.

What both layouts show glides. What comes out of a block that opens grows out of the block's box;
what goes into a block that closes shrinks into it. Lines follow the boxes at their ends. Pure
functions of two layouts and a time; neither torch nor Qt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Literal

from cnn_explorer.graph.model import EdgePath, GraphLayout, Rect

Fate = Literal["stays", "comes", "goes"]
Point = tuple[float, float]

_QUICK = 1.6
"""How much sooner than the motion ends all is visible that comes, and gone what goes."""


@dataclass(frozen=True)
class Shift:
    """From the places of the earlier layout to those of the later one, as both lie in the view:
    so that what the view keeps in place does not move."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def point(self, point: Point) -> Point:
        return (point[0] * self.scale + self.x, point[1] * self.scale + self.y)

    def rect(self, rect: Rect) -> Rect:
        x, y = self.point((rect.x, rect.y))
        return Rect(x, y, rect.width * self.scale, rect.height * self.scale)


@dataclass(frozen=True)
class Mover:
    """A box or frame on its way."""

    name: str
    start: Rect
    end: Rect
    fate: Fate

    def at(self, time: float) -> Rect:
        """Where it is at a time from 0 to 1."""
        a, b = self.start, self.end
        return Rect(
            _between(a.x, b.x, time), _between(a.y, b.y, time),
            _between(a.width, b.width, time), _between(a.height, b.height, time),
        )  # fmt: skip


@dataclass(frozen=True)
class MovingLine:
    """A line on its way: as many points at its start as at its end."""

    edge: EdgePath
    start: tuple[Point, ...]
    end: tuple[Point, ...]
    fate: Fate

    def at(self, time: float) -> EdgePath:
        """The line at a time from 0 to 1."""
        points = tuple(
            (_between(a[0], b[0], time), _between(a[1], b[1], time))
            for a, b in zip(self.start, self.end, strict=True)
        )
        return replace(self.edge, points=points)


@dataclass(frozen=True)
class Tween:
    """All that is seen to move, in the order of drawing: frames, then lines, then boxes."""

    frames: tuple[Mover, ...]
    lines: tuple[MovingLine, ...]
    boxes: tuple[Mover, ...]

    @property
    def size(self) -> int:
        """How many things there are to draw at each moment."""
        return len(self.frames) + len(self.lines) + len(self.boxes)


def eased(time: float) -> float:
    """Quick at first, then slower: what was clicked answers at once."""
    return 1.0 - (1.0 - min(max(time, 0.0), 1.0)) ** 3


def opacity(fate: Fate, time: float) -> float:
    """How visible something is at a time."""
    if fate == "stays":
        return 1.0
    shown = min(1.0, _QUICK * time)
    return shown if fate == "comes" else 1.0 - shown


def tween(
    before: GraphLayout, after: GraphLayout, shift: Shift, seen: Rect, most: int | None = None
) -> Tween:
    """The way from one layout to another of the same network, as far as it is in sight.

    `seen` is the part of the later layout in sight. Places are the later layout's. Where there are
    more things than `most`, lines are left out beyond the first thing too many.
    """
    boxes = _movers(before.boxes, after.boxes, before, after, shift)
    frames = _movers(before.frames, after.frames, before, after, shift)
    # the outermost lie below, whichever layout they are of
    depth = {name: _depth(name, after if name in after.frames else before) for name in frames}
    ordered = sorted(frames.values(), key=lambda mover: depth[mover.name])
    moving_frames = tuple(mover for mover in ordered if _passes(mover, seen))
    moving_boxes = tuple(mover for mover in boxes.values() if _passes(mover, seen))
    room = None
    if most is not None:
        room = max(most + 1 - len(moving_frames) - len(moving_boxes), 0)
    lines = islice(_lines(before, after, boxes, shift, seen), room)
    return Tween(moving_frames, tuple(lines), moving_boxes)


def _movers(
    earlier: Mapping[str, Rect],
    later: Mapping[str, Rect],
    before: GraphLayout,
    after: GraphLayout,
    shift: Shift,
) -> dict[str, Mover]:
    movers: dict[str, Mover] = {}
    for name, rect in earlier.items():
        if name not in later:
            end = _stand_in(name, rect, before, after)
            start = shift.rect(rect)
            movers[name] = Mover(name, start, start if end is None else end, "goes")
    for name, rect in later.items():
        if name in earlier:
            movers[name] = Mover(name, shift.rect(earlier[name]), rect, "stays")
        else:
            place = _stand_in(name, rect, after, before)
            start = rect if place is None else shift.rect(place)
            movers[name] = Mover(name, start, rect, "comes")
    return movers


def _stand_in(name: str, rect: Rect, here: GraphLayout, there: GraphLayout) -> Rect | None:
    """Where a thing that only `here` shows comes from or goes to: a place in `there`.

    A block's box and its frame turn into each other: the frame becomes as small as the box, the
    box stays at the top of the frame. What is inside has its place in the box as in the frame.
    """
    is_frame = name in here.frames
    if is_frame and name in there.boxes:
        return there.boxes[name]
    if not is_frame and name in there.frames:
        frame = there.frames[name]
        return Rect(frame.centre[0] - rect.width / 2, frame.y, rect.width, rect.height)
    around = _parent(name, here)
    while around and around not in there.boxes and around not in there.frames:
        around = _parent(around, here)
    outside = there.boxes.get(around) or there.frames.get(around)
    if outside is None:
        return None
    own = here.frames.get(around, rect)
    across, down = outside.width / max(own.width, 1.0), outside.height / max(own.height, 1.0)
    x = outside.x + (rect.centre[0] - own.x) * across
    y = outside.y + (rect.centre[1] - own.y) * down
    if not is_frame:  # a box keeps its proportions, or its text would be squeezed
        across = down = min(across, down, 1.0)
    width, height = rect.width * across, rect.height * down
    return Rect(x - width / 2, y - height / 2, width, height)


def _parent(name: str, layout: GraphLayout) -> str:
    source = layout.graph.source
    if source is None:
        return layout.graph.frame_around(name)
    node = source.node.get(name)
    return node.parent if node is not None else ""


def _depth(name: str, layout: GraphLayout) -> int:
    depth = 0
    around = layout.graph.frame_around(name)
    while around:
        depth, around = depth + 1, layout.graph.frame_around(around)
    return depth


def _lines(
    before: GraphLayout,
    after: GraphLayout,
    boxes: Mapping[str, Mover],
    shift: Shift,
    seen: Rect,
) -> Iterable[MovingLine]:
    earlier = {(edge.source, edge.target): edge for edge in before.edges}
    for edge in after.edges:
        known = earlier.pop((edge.source, edge.target), None)
        ends = boxes[edge.source], boxes[edge.target]
        if not any(_passes(mover, seen) for mover in ends) and not _crosses(edge.points, seen):
            continue
        if known is not None and len(known.points) == len(edge.points):
            start = tuple(shift.point(point) for point in known.points)
        else:
            rects = [(mover.end, mover.start) for mover in ends]
            start = _followed(edge.points, *rects)
        yield MovingLine(edge, start, edge.points, "comes" if known is None else "stays")
    for edge in earlier.values():
        ends = boxes[edge.source], boxes[edge.target]
        points = tuple(shift.point(point) for point in edge.points)
        if not any(_passes(mover, seen) for mover in ends) and not _crosses(points, seen):
            continue
        rects = [(mover.start, mover.end) for mover in ends]
        yield MovingLine(edge, points, _followed(points, *rects), "goes")


def _followed(
    points: tuple[Point, ...], source: tuple[Rect, Rect], target: tuple[Rect, Rect]
) -> tuple[Point, ...]:
    """A line whose ends go with two boxes, each from one place to another.

    What is between goes with both, the nearer one more; and it moves sideways only along what runs
    sideways, so that bends stay bends.
    """
    first = _carried(points[0], *source)
    last = _carried(points[-1], *target)
    xs = _followed_along([x for x, _ in points], first[0], last[0])
    ys = _followed_along([y for _, y in points], first[1], last[1])
    return tuple(zip(xs, ys, strict=True))


def _followed_along(places: list[float], first: float, last: float) -> list[float]:
    """Places along one axis, when the first and the last of them have moved."""
    steps = [abs(b - a) for a, b in pairwise(places)]
    if not sum(steps):  # a straight line across this axis can only slant
        steps = [1.0] * len(steps)
    gone = [sum(steps[:number]) / sum(steps) for number in range(len(places))]
    return [
        place + _between(first - places[0], last - places[-1], share)
        for place, share in zip(places, gone, strict=True)
    ]


def _carried(point: Point, here: Rect, there: Rect) -> Point:
    """A place on one rectangle's border, on another one's."""
    across = (point[0] - here.x) / here.width if here.width else 0.5
    down = (point[1] - here.y) / here.height if here.height else 0.5
    return (there.x + across * there.width, there.y + down * there.height)


def _passes(mover: Mover, seen: Rect) -> bool:
    """Whether the way of a thing leads through what is in sight."""
    a, b = mover.start, mover.end
    return (
        min(a.x, b.x) <= seen.x + seen.width
        and max(a.x + a.width, b.x + b.width) >= seen.x
        and min(a.y, b.y) <= seen.y + seen.height
        and max(a.y + a.height, b.y + b.height) >= seen.y
    )


def _crosses(points: tuple[Point, ...], seen: Rect) -> bool:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (
        min(xs) <= seen.x + seen.width
        and max(xs) >= seen.x
        and min(ys) <= seen.y + seen.height
        and max(ys) >= seen.y
    )


def _between(a: float, b: float, share: float) -> float:
    return (1.0 - share) * a + share * b  # exactly a at 0, and b at 1
