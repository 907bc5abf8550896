"""Rows that classes keep: nothing is lost, nothing is twice, and nothing moves that need not."""

from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.probe.standing import places

RANKINGS = st.integers(1, 12).flatmap(lambda count: st.permutations(range(count)))


def test_a_class_that_stays_among_the_first_keeps_its_row() -> None:
    assert places((), (4, 2, 7, 1), 3) == (4, 2, 7)
    assert places((4, 2, 7), (7, 4, 2, 1), 3) == (4, 2, 7)
    assert places((4, 2, 7), (7, 1, 4, 2), 3) == (4, 1, 7)


def test_newcomers_take_the_rows_that_were_left_likeliest_first() -> None:
    assert places((4, 2, 7, 9), (5, 7, 6, 8), 4) == (5, 6, 7, 8)


def test_more_and_fewer_rows_than_before() -> None:
    assert places((4, 2), (2, 1, 4, 7), 4) == (4, 2, 1, 7)
    assert places((4, 2, 7), (7, 4, 2), 2) == (4, 7)
    assert places((4, 2), (), 5) == ()


@given(st.lists(st.permutations(range(12)), min_size=1, max_size=6), st.integers(1, 14))
def test_all_of_the_first_are_shown_once_and_the_fewest_move(
    rankings: list[list[int]], rows: int
) -> None:
    before: tuple[int, ...] = ()
    for ranking in rankings:
        now = places(before, ranking, rows)
        first = ranking[:rows]
        assert sorted(now) == sorted(first)
        stay = set(before) & set(first)
        assert all(now[before.index(index)] == index for index in stay)
        newcomers = [index for index in now if index not in stay]
        assert newcomers == [index for index in first if index not in stay]
        before = now


@given(RANKINGS, RANKINGS, st.integers(0, 14))
def test_whatever_stood_there_before(before: list[int], ranking: list[int], rows: int) -> None:
    """Another network's classes, more rows or fewer: those shown are always the first."""
    now = places(before, ranking, rows)
    assert sorted(now) == sorted(ranking[:rows])
    assert places(now, ranking, rows) == now
