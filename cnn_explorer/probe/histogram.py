"""Histograms of outputs: exact counts of all values, none of them sampled."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 64
"""As many as can be told apart in a view of usual size."""


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values lie where: equal bins from the least to the largest finite value.

    Values that are exactly 0 are in no bin: behind a ReLU they are most, and a bin with them would
    hide all others. They are counted apart, and so is what is not finite.
    """

    edges: npt.NDArray[np.float64]
    """(bins + 1,), rising; (0,) where no value is finite. A bin has its lower edge, the last one
    its upper edge too."""
    counts: npt.NDArray[np.int64]
    """(bins,): values other than 0."""
    zeros: int
    not_a_number: int
    infinite: int

    @property
    def total(self) -> int:
        """All values, those outside the bins too."""
        return int(self.counts.sum()) + self.zeros + self.not_a_number + self.infinite

    @property
    def zero_share(self) -> float:
        """The share of values that are exactly 0, from 0 to 1; 0 of none."""
        return self.zeros / self.total if self.total else 0.0

    @property
    def zero_bin(self) -> int:
        """The bin in whose range 0 lies; -1 where it lies in none."""
        if not len(self.counts) or not self.edges[0] <= 0 <= self.edges[-1]:
            return -1
        place = int(np.searchsorted(self.edges, 0.0, side="right")) - 1
        return min(place, len(self.counts) - 1)


def histogram_of(values: npt.NDArray[np.float32], bins: int = BINS) -> Histogram:
    """The histogram of an array of any shape. Where all finite values are the same, the bins reach
    a half of it to either side, or half of 1 around 0."""
    flat = values.reshape(-1)
    low, high = (float(flat.min()), float(flat.max())) if flat.size else (np.nan, np.nan)
    undefined = infinite = 0
    if not np.isfinite(low) or not np.isfinite(high):
        undefined = int(np.count_nonzero(np.isnan(flat)))
        finite = flat[np.isfinite(flat)]
        infinite = flat.size - finite.size - undefined
        flat = finite
        if not flat.size:
            return Histogram(np.zeros(0), np.zeros(0, np.int64), 0, undefined, infinite)
        low, high = float(flat.min()), float(flat.max())
    zeros = int(flat.size - np.count_nonzero(flat))
    if low == high:
        half = abs(low) / 2 or 0.5
        low, high = low - half, high + half
    # in double precision: sixty-four bins may be narrower than what float32 tells apart
    counts, edges = np.histogram(flat, bins=bins, range=(np.float64(low), np.float64(high)))
    histogram = Histogram(edges, counts, zeros, undefined, infinite)
    if zeros:
        counts[histogram.zero_bin] -= zeros
    return histogram
