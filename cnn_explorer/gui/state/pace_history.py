"""How fast live pictures went lately, and the scale on which that is drawn. No Qt."""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from cnn_explorer.gui.state.live import Pace

SPAN = 30.0
"""Seconds that are kept."""
_BREAK = 2.0
"""Seconds without an answer, after which what comes is not joined to what was."""
_PER_SECOND = 10
"""Answers are put together to so many points a second at most: a curve of 300 points says all."""


class Part(NamedTuple):
    """What of an answer's time is told apart."""

    key: str
    title: str
    kind: str
    """The kind of layer whose colour it has: hues that are told apart on any ground."""


PARTS = (
    Part("convert_ms", "convert", "pool"),
    Part("preprocess_ms", "preprocess", "activation"),
    Part("forward_ms", "forward", "conv"),
    Part("draw_ms", "draw", "linear"),
)
"""Of the work on one frame, in its order; areas stand on each other in the same order."""


class Point(NamedTuple):
    """The mean over the answers of a tenth of a second."""

    at: float
    parts: tuple[float, ...]
    """Milliseconds, in the order of `PARTS`."""
    latency_ms: float
    answers: int
    """How many it is the mean of."""

    @property
    def height(self) -> float:
        """The most that is drawn of it, milliseconds."""
        return max(sum(self.parts), self.latency_ms)


class PaceHistory:
    """The last `SPAN` seconds."""

    def __init__(self) -> None:
        self._points: deque[Point] = deque()
        self.latest: Pace | None = None

    def add(self, pace: Pace) -> None:
        """An answer was drawn. Times run on; one that is earlier than the last begins anew."""
        points = self._points
        if points and pace.at < points[-1].at:
            points.clear()
        self.latest = pace
        parts = tuple(max(0.0, float(getattr(pace, part.key))) for part in PARTS)
        new = Point(pace.at, parts, max(0.0, pace.latency_ms), 1)
        # the grid is fixed, so that points do not change when they move on
        if points and int(points[-1].at * _PER_SECOND) == int(pace.at * _PER_SECOND):
            new = _mean(points.pop(), new)
        points.append(new)
        while points[0].at < pace.at - SPAN:
            points.popleft()

    def clear(self) -> None:
        """Another source: what was is not to be seen beside it."""
        self._points.clear()
        self.latest = None

    @property
    def points(self) -> Sequence[Point]:
        """Oldest first."""
        return tuple(self._points)

    def runs(self) -> list[list[Point]]:
        """The points in stretches without a pause: a curve over a pause would tell of answers that
        there were none."""
        runs: list[list[Point]] = []
        for point in self._points:
            if not runs or point.at - runs[-1][-1].at > _BREAK:
                runs.append([])
            runs[-1].append(point)
        return runs

    def near(self, at: float) -> Point | None:
        """The point nearest to a time; None where none is within a pause's length."""
        nearest = min(self._points, key=lambda point: abs(point.at - at), default=None)
        return nearest if nearest is not None and abs(nearest.at - at) <= _BREAK else None

    def top(self) -> float:
        """Where the axis ends, milliseconds: a round number above nearly all that is drawn. One
        hiccup in fifty may stand out of it, or it would flatten the rest for half a minute."""
        heights = sorted(point.height for point in self._points)
        if not heights:
            return round_up(0.0)
        return round_up(heights[min(len(heights) - 1, int(len(heights) * 0.98))])


def _mean(before: Point, new: Point) -> Point:
    count = before.answers + new.answers
    parts = tuple(
        (one * before.answers + other * new.answers) / count
        for one, other in zip(before.parts, new.parts, strict=True)
    )
    latency = (before.latency_ms * before.answers + new.latency_ms * new.answers) / count
    return Point(before.at, parts, latency, count)


def round_up(value: float) -> float:
    """The least of 10, 20, 50, 100, ... that is not below a value."""
    top = 10.0
    while True:
        for times in (1, 2, 5):
            if top * times >= value:
                return top * times
        top *= 10
