"""Names of dots: over nothing, within the plot, those that come first in any case."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.graph.dot_names import NamedDot, name_places, overlap

PLOT = (0.0, 0.0, 300.0, 200.0)
dots = st.lists(
    st.builds(
        NamedDot, st.floats(10, 290), st.floats(10, 190), st.floats(2, 25), st.floats(10, 90),
        st.just(12.0), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def test_a_name_stands_at_the_right_of_its_dot() -> None:
    assert name_places([NamedDot(100, 100, 10, 40, 12)], PLOT) == {0: (113, 94, 153, 106)}


def test_where_there_is_no_room_at_the_right_it_stands_at_the_left() -> None:
    assert name_places([NamedDot(280, 100, 10, 40, 12)], PLOT) == {0: (227, 94, 267, 106)}


@given(dots)
def test_names_cover_neither_names_nor_middles_nor_the_edge(drawn: list[NamedDot]) -> None:
    places = name_places(drawn, PLOT)
    assert places.keys() >= {number for number, dot in enumerate(drawn) if dot.first}
    free = {number: box for number, box in places.items() if not drawn[number].first}
    assert not any(overlap(a, b) for a, b in combinations(free.values(), 2))
    for number, box in free.items():
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= 300
        assert box[3] <= 200
        for other, dot in enumerate(drawn):
            half = min(dot.radius, 5)
            heart = (dot.x - half, dot.y - half, dot.x + half, dot.y + half)
            assert other == number or not overlap(box, heart)
