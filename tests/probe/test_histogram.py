"""Histograms: every value in its bin, against a count by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cnn_explorer.probe.histogram import Histogram, histogram_of


def counted(values: np.ndarray, histogram: Histogram) -> list[int]:
    """How many values lie in each bin, one bin after the other, zeros and the odd left out."""
    flat = values.reshape(-1).astype(np.float64)
    flat = flat[np.isfinite(flat) & (flat != 0)]
    edges, last = histogram.edges, len(histogram.counts) - 1
    return [
        int(((flat >= edges[at]) & (flat <= edges[at + 1] if at == last else flat < edges[at + 1]))
            .sum())
        for at in range(last + 1)
    ]  # fmt: skip


@given(
    arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32, allow_subnormal=False)),
    st.sampled_from((1, 3, 64)),
)
def test_every_value_is_counted_once(values: np.ndarray, bins: int) -> None:
    histogram = histogram_of(values, bins)
    assert histogram.counts.tolist() == counted(values, histogram)
    assert histogram.total == values.size
    assert histogram.zeros == int((values == 0).sum())
    assert histogram.not_a_number == int(np.isnan(values).sum())
    assert histogram.infinite == int(np.isinf(values).sum())
    finite = values[np.isfinite(values)]
    assert len(histogram.counts) == (bins if finite.size else 0)
    if finite.size and finite.min() < finite.max():
        assert (histogram.edges[0], histogram.edges[-1]) == (finite.min(), finite.max())
    assert (np.diff(histogram.edges) > 0).all()


@pytest.mark.parametrize("places", [1, 7, 300])
def test_values_on_the_edges_are_in_the_bin_that_begins_there(places: int) -> None:
    values = np.repeat(np.arange(65, dtype=np.float32) - 32, places).reshape(5, 13, places)
    histogram = histogram_of(values)
    # 64 goes with 63 into the last bin; the bin of 0 is empty
    expected = np.full(64, places)
    expected[32], expected[-1] = 0, 2 * places
    assert histogram.counts.tolist() == expected.tolist()
    assert histogram.zeros == places
    assert histogram.zero_bin == 32
    assert histogram.zero_share == 1 / 65


def test_behind_a_relu_zeros_hide_nothing() -> None:
    values = np.maximum(np.random.default_rng(0).normal(size=(8, 50, 50)), 0).astype(np.float32)
    histogram = histogram_of(values)
    assert histogram.zeros == (values == 0).sum()
    assert histogram.zero_bin == 0
    assert histogram.counts.max() < 0.05 * values.size
    assert histogram.zero_share == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("value", [0.0, 3.0, -2e-30, 3e38])
def test_one_value_alone_stands_in_the_middle(value: float) -> None:
    histogram = histogram_of(np.full(10, value, np.float32))
    assert histogram.edges[0] < np.float32(value) < histogram.edges[-1]
    assert histogram.counts.sum() == (0 if value == 0 else 10)
    assert histogram.zeros == (10 if value == 0 else 0)


def test_zero_outside_the_bins_has_no_bin() -> None:
    assert histogram_of(np.array([1, 2], np.float32)).zero_bin == -1
    assert histogram_of(np.array([-2, -1], np.float32)).zero_bin == -1
    assert histogram_of(np.array([-2, 0], np.float32)).zero_bin == 63
    assert histogram_of(np.array([np.nan], np.float32)).zero_bin == -1


def test_neighbours_in_float32_are_told_apart() -> None:
    values = np.float32(1) + np.arange(9, dtype=np.float32) * np.finfo(np.float32).eps
    histogram = histogram_of(values)
    assert np.count_nonzero(histogram.counts) == 9
