"""Probabilities smoothed over time, so that the answers to a restless picture can be read.

Each answer pulls the smoothed probabilities towards its own by ``1 - exp(-dt / TIME_CONSTANT)``,
with `dt` the time since the one before: an exponential average by times, not by counts, which is
the same for a camera with 10 and one with 60 frames a second. They add up to 1 as those of any
answer do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnn_explorer.probe.results import ClassScore, Ranking

if TYPE_CHECKING:
    # for annotations alone: the window is painted before numpy is imported
    import numpy as np
    import numpy.typing as npt

TIME_CONSTANT = 0.5
"""Seconds after which 63 % of a change are to be seen."""


@dataclass(frozen=True, eq=False)
class Smoothed:
    """What was smoothed up to one answer."""

    classes: Ranking
    """All classes with smoothed probabilities, most likely first."""
    at: float
    """When the answer came, seconds."""


def smooth(before: Smoothed | None, classes: Sequence[ClassScore], at: float) -> Smoothed:
    """Go on with one more answer, given at a time in seconds; None begins anew with it."""
    import numpy as np

    values, names = _by_index(classes)
    if before is not None and len(before.classes) == len(values):
        earlier, _ = _by_index(before.classes)
        share = -math.expm1(-max(0.0, at - before.at) / TIME_CONSTANT)
        # what is not a number would stay for good: then the new one stands alone
        sound = bool(np.isfinite(earlier).all() and np.isfinite(values).all())
        values = earlier + share * (values - earlier) if sound else values
    order = np.argsort(-values, kind="stable")
    return Smoothed(Ranking(order, values[order], names), at)


def _by_index(classes: Sequence[ClassScore]) -> tuple[npt.NDArray[np.float64], Sequence[str]]:
    """Probabilities and names in the order of the network's outputs."""
    import numpy as np

    values = np.empty(len(classes))
    if isinstance(classes, Ranking):
        values[classes.order] = classes.values
        return values, classes.names
    names = [""] * len(classes)
    for score in classes:
        values[score.index] = score.probability
        names[score.index] = score.name
    return values, names
