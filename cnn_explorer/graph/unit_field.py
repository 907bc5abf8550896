"""One unit of a layer on the network's input: what it sees, and which units see a place.

`cnn_explorer.graph.receptive` says where the fields of a layer lie in general; here they are asked
for one unit, and for one pixel. Pixels and units are counted from 0 at the upper left corner;
lengths are measured from the outer corner of the first pixel, whose middle is at 0.5.

Fields are the theoretical ones. Where a convolution without padding comes before one with it, a
unit at the border sees a few pixels less than its field: zeros stand there in the maps between.
"""

from dataclasses import dataclass
from typing import NamedTuple

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.receptive import ReceptiveField, Span

Sides = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True)
class FieldBox:
    """The pixels of the input that one unit can depend on: a rectangle within the input."""

    top: int
    left: int
    bottom: int
    """Just outside, as `right` is. A field that lies in the padding alone is empty."""
    right: int
    padded: bool
    """Whether the unit sees padding as well."""

    @property
    def empty(self) -> bool:
        """Whether no pixel of the input is in it."""
        return self.top >= self.bottom or self.left >= self.right


class MapExtent(NamedTuple):
    """Where a map lies over the input: in pixels, not always whole ones."""

    x: float
    y: float
    width: float
    height: float


def is_placed(field: ReceptiveField, map_sides: Sides) -> bool:
    """Whether it is known where the fields of a layer's units lie. It is not where maps were
    flattened before and a layer makes maps of their values again."""
    return (
        field.whole
        or map_sides == (1, 1)
        or (field.height.stride is not None and field.width.stride is not None)
    )


def unit_box(field: ReceptiveField, row: int, column: int, input_sides: Sides) -> FieldBox:
    """What the unit in a row and column of a layer's maps sees of an input of that size."""
    top, bottom, above = _within(field.height, row, input_sides[0])
    left, right, beside = _within(field.width, column, input_sides[1])
    return FieldBox(top, left, bottom, right, above or beside)


def units_seeing(field: ReceptiveField, y: int, x: int, map_sides: Sides) -> tuple[range, range]:
    """The rows and columns of units that see pixel (y, x): all in these rows and columns do, and
    no others."""
    return (
        _seeing(field.height, y, map_sides[0]),
        _seeing(field.width, x, map_sides[1]),
    )


def map_extent(field: ReceptiveField, map_sides: Sides) -> MapExtent:
    """Where a map lies over the input such that each unit is in the middle of its field, and as
    wide as the fields of neighbours are apart. Where no two fields differ, the map lies over what
    its units see."""
    y, height = _extent(field.height, map_sides[0])
    x, width = _extent(field.width, map_sides[1])
    return MapExtent(x, y, width, height)


def extent_of(graph: LayerGraph, layer: str) -> MapExtent | None:
    """Where the maps of a layer or block lie over the network's input; None where there are none,
    or nobody knows."""
    shape, field = graph.node[layer].out_shape, graph.receptive_fields.get(layer)
    if len(shape) != 3 or field is None or not is_placed(field, (shape[1], shape[2])):
        return None
    return map_extent(field, (shape[1], shape[2]))


def _within(span: Span, number: int, length: int) -> tuple[int, int, bool]:
    """First pixel, the one after the last, and whether there was more of it."""
    start = span.offset + number * (span.stride or 0)
    end = start + span.size
    first = min(max(start, 0), length)
    return first, min(max(end, first), length), start < 0 or end > length


def _seeing(span: Span, pixel: int, count: int) -> range:
    if span.stride is None:
        return range(count if span.offset <= pixel < span.offset + span.size else 0)
    last = (pixel - span.offset) // span.stride
    first = (pixel - span.offset - span.size) // span.stride + 1
    return range(max(first, 0), max(min(last + 1, count), 0))


def _extent(span: Span, count: int) -> tuple[float, float]:
    """Where it begins, and its length."""
    if span.stride is None:
        return float(span.offset), float(span.size)
    return span.offset + (span.size - span.stride) / 2, float(count * span.stride)
