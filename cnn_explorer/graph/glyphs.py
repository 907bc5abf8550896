"""The small signs of the kinds of layers, as plain lines and circles: neither torch nor Qt.

Each glyph stands in a box from (0, 0), top left, to (1, 1), y downwards. The window draws them
with QPainter, the export with its own writers; both stroke with round caps and joins, in one
colour, with a line of `GLYPH_STROKE` (a share of the box's side). Filled shapes are also stroked
unless their `stroked` is False.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GLYPH_SIZE = 14.0
"""The side of the glyph's box in scene units when it stands in the stripe of a box."""
GLYPH_STROKE = 0.1
"""Line width, as a share of the side."""


@dataclass(frozen=True)
class Line:
    """A polyline; `closed` joins its ends, `filled` fills it as well."""

    points: tuple[tuple[float, float], ...]
    closed: bool = False
    filled: bool = False
    stroked: bool = True


@dataclass(frozen=True)
class Dot:
    """A circle."""

    x: float
    y: float
    radius: float
    filled: bool = True
    stroked: bool = False


Primitive = Line | Dot


def _rectangle(
    left: float, top: float, right: float, bottom: float, *, filled: bool = False
) -> Line:
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Line(corners, closed=True, filled=filled)


def _bell() -> Line:
    def height(x: float) -> float:
        return 0.8 - 0.68 * math.exp(-(((x - 0.5) / 0.2) ** 2))

    return Line(tuple((x / 20, round(height(x / 20), 4)) for x in range(1, 20)))


_DROPPED = {(0, 1), (1, 0), (2, 2), (1, 2)}

GLYPH_PATHS: Mapping[str, tuple[Primitive, ...]] = MappingProxyType(
    {
        # a picture: a frame, a hill, a sun
        "picture": (
            _rectangle(0.06, 0.14, 0.94, 0.86),
            Line(((0.1, 0.78), (0.38, 0.46), (0.56, 0.66), (0.68, 0.54), (0.9, 0.78))),
            Dot(0.7, 0.34, 0.085),
        ),
        # a kernel on its grid
        "grid": (
            _rectangle(0.08, 0.08, 0.92, 0.92),
            Line(((0.36, 0.08), (0.36, 0.92))),
            Line(((0.64, 0.08), (0.64, 0.92))),
            Line(((0.08, 0.36), (0.92, 0.36))),
            Line(((0.08, 0.64), (0.92, 0.64))),
            _rectangle(0.36, 0.36, 0.64, 0.64, filled=True),
        ),
        # wide becomes narrow
        "shrink": (
            Line(
                ((0.06, 0.2), (0.94, 0.2), (0.68, 0.8), (0.32, 0.8)),
                closed=True,
            ),
            Line(((0.2, 0.5), (0.8, 0.5))),
        ),
        # every unit to every unit
        "fan": (
            *(
                Line(((0.16, left), (0.84, right)))
                for left in (0.14, 0.5, 0.86)
                for right in (0.28, 0.72)
            ),
            *(Dot(0.16, y, 0.12) for y in (0.14, 0.5, 0.86)),
            *(Dot(0.84, y, 0.12) for y in (0.28, 0.72)),
        ),
        # a rectifier's graph
        "bend": (Line(((0.08, 0.78), (0.48, 0.78), (0.92, 0.16))),),
        # the normal distribution
        "bell": (_bell(),),
        "plus": (Line(((0.5, 0.1), (0.5, 0.9))), Line(((0.1, 0.5), (0.9, 0.5)))),
        # two stacks of maps side by side
        "join": (
            _rectangle(0.1, 0.16, 0.5, 0.84, filled=True),
            _rectangle(0.5, 0.16, 0.9, 0.84),
        ),
        # some units are struck out
        "dots": tuple(
            Dot(
                0.18 + 0.32 * column,
                0.18 + 0.32 * row,
                0.11 if (row, column) not in _DROPPED else 0.09,
                filled=(row, column) not in _DROPPED,
                stroked=(row, column) in _DROPPED,
            )
            for row in range(3)
            for column in range(3)
        ),
        # a square becomes a row
        "flat": (
            _rectangle(0.28, 0.1, 0.72, 0.5),
            Line(((0.5, 0.1), (0.5, 0.5))),
            Line(((0.28, 0.3), (0.72, 0.3))),
            _rectangle(0.06, 0.76, 0.94, 0.86, filled=True),
        ),
        "dot": (Dot(0.5, 0.5, 0.22),),
        # a ranking
        "bars": (
            Line(((0.12, 0.22), (0.9, 0.22))),
            Line(((0.12, 0.5), (0.6, 0.5))),
            Line(((0.12, 0.78), (0.36, 0.78))),
        ),
        # layers on layers
        "stack": (
            Line(((0.5, 0.1), (0.94, 0.33), (0.5, 0.56), (0.06, 0.33)), closed=True, filled=True),
            Line(((0.06, 0.54), (0.5, 0.77), (0.94, 0.54))),
            Line(((0.06, 0.73), (0.5, 0.95), (0.94, 0.73))),
        ),
    }
)
"""The shapes of each glyph named in `style.GLYPHS`."""
