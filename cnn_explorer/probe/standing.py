"""In which rows classes stand while the picture moves: a class keeps its row as long as it is among
the first, so that its bar grows and shrinks where it is instead of jumping about."""

from collections.abc import Sequence


def places(before: Sequence[int], ranking: Sequence[int], rows: int) -> tuple[int, ...]:
    """The classes that now stand in the rows, from the top.

    `before` are the classes row by row so far, `ranking` those of the new answer, likeliest first,
    each class once. Shown are the first `rows` of these. One that was shown already keeps its row;
    the rows of those that left go to the newcomers, likeliest first.
    """
    first = ranking[:rows]
    among = frozenset(first)
    kept = [index if index in among else None for index in before[: len(first)]]
    kept += [None] * (len(first) - len(kept))
    staying = frozenset(kept)
    newcomers = iter([index for index in first if index not in staying])
    return tuple(next(newcomers) if index is None else index for index in kept)
