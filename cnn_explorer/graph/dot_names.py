"""Where the names of dots stand in a plot, on paper and on the screen. Neither torch nor Qt."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_HEART = 5.0
"""Half the side of the middle of a dot, which no name may cover."""
_GAP = 3.0
"""Between a dot and its name."""
_CROWD = 60.0
"""Dots that are nearer than this crowd each other."""


@dataclass(frozen=True)
class NamedDot:
    """A dot and the size of its name."""

    x: float
    y: float
    radius: float
    width: float
    height: float
    first: bool = False
    """Whether it chooses before the others, and is named where there is no room too."""


def name_places(dots: Sequence[NamedDot], plot: Box) -> dict[int, Box]:
    """Where names stand, by the number of the dot, as far as there is room: beside it, over no
    other name, and over no other dot, or where there is no such place over no other dot's middle.
    Those in the thick of it choose first, since they have the least choice."""
    taken: list[Box] = []
    places: dict[int, Box] = {}
    crowd = {
        number: sum(math.hypot(dot.x - other.x, dot.y - other.y) < _CROWD for other in dots)
        for number, dot in enumerate(dots)
    }
    for first in (True, False):
        wanted = {number for number in crowd if dots[number].first is first}
        for most in (math.inf, _HEART):
            squares = [_square(dot, min(dot.radius, most)) for dot in dots]
            for number in sorted(wanted - places.keys(), key=lambda n: (-crowd[n], n)):
                others = [*taken, *squares[:number], *squares[number + 1 :]]
                for box in _around(dots[number]):
                    if _inside(box, plot) and not any(overlap(box, other) for other in others):
                        places[number] = box
                        taken.append(box)
                        break
        if first:
            for number in wanted - places.keys():
                places[number] = next(_around(dots[number]))
                taken.append(places[number])
    return places


def overlap(a: Box, b: Box) -> bool:
    """Whether two boxes share more than an edge."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _square(dot: NamedDot, half: float) -> Box:
    return dot.x - half, dot.y - half, dot.x + half, dot.y + half


def _inside(box: Box, plot: Box) -> bool:
    return plot[0] <= box[0] and box[2] <= plot[2] and plot[1] <= box[1] and box[3] <= plot[3]


def _around(dot: NamedDot) -> Iterator[Box]:
    """Where a name may stand, the best first: right, left, above, below, and askew."""
    width, height = dot.width, dot.height
    away = dot.radius + _GAP
    lean = dot.radius * 0.71 + _GAP
    for dx, dy in (
        (away + width / 2, 0.0), (-away - width / 2, 0.0),
        (0.0, -away - height / 2), (0.0, away + height / 2),
        (lean + width / 2, -lean - height / 4), (lean + width / 2, lean + height / 4),
        (-lean - width / 2, -lean - height / 4), (-lean - width / 2, lean + height / 4),
    ):  # fmt: skip
        x, y = dot.x + dx, dot.y + dy
        yield x - width / 2, y - height / 2, x + width / 2, y + height / 2
