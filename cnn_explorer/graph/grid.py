"""Boxes without lines between them, set in rows like words on a page."""

import math
from collections.abc import Iterable, Mapping

from cnn_explorer.graph.model import Rect

_SHAPE = 1.4
"""Width to height that a page of boxes comes near to."""


def grid(sizes: Mapping[str, tuple[float, float]], gap: float) -> dict[str, Rect]:
    """Places for boxes of these sizes, in their order, left to right and then down.

    Columns are as wide as their widest box, so that boxes stand under each other; rows hang from
    their top.
    """
    if not sizes:
        return {}
    names = list(sizes)
    area = sum((width + gap) * (height + gap) for width, height in sizes.values())
    widest = max(width for width, _ in sizes.values()) + gap
    columns = max(1, min(len(names), round(math.sqrt(area * _SHAPE) / widest)))
    rows = [names[start : start + columns] for start in range(0, len(names), columns)]
    lefts = _starts([max(sizes[name][0] for name in names[at::columns]) for at in range(columns)],
                    gap)  # fmt: skip
    tops = _starts([max(sizes[name][1] for name in row) for row in rows], gap)
    return {
        name: Rect(left, top, *sizes[name])
        for row, top in zip(rows, tops, strict=False)
        for name, left in zip(row, lefts, strict=False)
    }


def _starts(lengths: Iterable[float], gap: float) -> list[float]:
    """Where each of some stretches begins, one after the other."""
    starts, at = [], 0.0
    for length in lengths:
        starts.append(at)
        at += length + gap
    return starts
