"""Which of several ways to do the same work takes least time on this computer."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from cnn_explorer.errors import Checkpoint, no_checkpoint

Name = TypeVar("Name", bound=str)

_WORTH_IT = 0.9
"""What another way must take less than, of the first one's time: below that lies noise."""


def quickest(
    ways: Mapping[Name, Callable[[], object]],
    turns: int = 3,
    checkpoint: Checkpoint = no_checkpoint,
) -> Name:
    """The name of the quickest way; the first, unless another is quicker by a tenth.

    Each is done once unmeasured, which fills caches, and then `turns` times, in turn, so that what
    else the computer does meets all of them. Medians are compared.
    """
    times: dict[Name, list[float]] = {name: [] for name in ways}
    steps = (turns + 1) * len(ways)
    for turn in range(turns + 1):
        for number, (name, work) in enumerate(ways.items()):
            checkpoint((turn * len(ways) + number) / steps)
            began = time.perf_counter()
            work()
            if turn:
                times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    usual = next(iter(ways))
    best = min(ways, key=lambda name: medians[name])
    return best if medians[best] < _WORTH_IT * medians[usual] else usual
