"""Numbers of layers against plain loops in double precision, and orders worked out by hand."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.probe.statistics import order_of, statistics_of


def f32(values: object) -> np.ndarray:
    return np.array(values, dtype=np.float32)


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.data())
def test_numbers_equal_those_of_plain_loops(
    channels: int, height: int, width: int, data: st.DataObject
) -> None:
    value = st.one_of(st.just(0.0), st.floats(-1e4, 1e4, width=32))
    values = data.draw(
        st.lists(value, min_size=channels * height * width, max_size=channels * height * width)
    )
    maps = f32(values).reshape(channels, height, width)
    made = statistics_of(maps)
    every = [float(v) for v in maps.reshape(-1)]
    near = {"rel": 1e-6, "abs": 1e-9}
    assert made.count == len(every)
    assert made.mean == pytest.approx(statistics.fmean(every), **near)
    assert made.deviation == pytest.approx(statistics.pstdev(every), **near)
    assert (made.minimum, made.maximum) == (min(every), max(every))
    assert made.zeros == pytest.approx(every.count(0.0) / len(every))
    assert made.dead == sum(not maps[c].any() for c in range(channels))
    assert made.signed == (min(every) < 0)
    for c in range(channels):
        row = [float(v) for v in maps[c].reshape(-1)]
        assert made.channels.mean[c] == pytest.approx(statistics.fmean(row), **near)
        assert made.channels.deviation[c] == pytest.approx(statistics.pstdev(row), **near)
        assert made.channels.maximum[c] == max(row)
        assert made.channels.zeros[c] == row.count(0.0) / len(row)


def test_values_that_are_not_finite_are_counted_apart() -> None:
    made = statistics_of(f32([[[1, np.nan, 3]], [[np.inf, -np.inf, 0]], [[np.nan] * 3]]))
    assert (made.not_a_number, made.infinite) == (4, 2)
    assert made.channels.not_finite.tolist() == [1, 2, 3]
    assert made.mean == pytest.approx(4 / 3)
    assert (made.minimum, made.maximum) == (0, 3)
    assert made.channels.mean[0] == 2
    assert math.isnan(made.channels.mean[2])
    assert math.isnan(made.channels.maximum[2])
    assert made.deviation == pytest.approx(statistics.pstdev([1, 3, 0]))
    assert not made.channels.dead.any()


def test_a_mean_far_from_zero_leaves_the_deviation_exact() -> None:
    values = np.full((1, 512, 512), 1e4, np.float32)
    values[0, ::2] += 1
    assert statistics_of(values).deviation == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-40, 1e-25, 1e25, 1e38])
def test_deviations_whose_squares_leave_single_precision(scale: float) -> None:
    maps = (np.random.default_rng(0).normal(size=(3, 4, 4)) * scale).astype(np.float32)
    maps[1] /= np.float32(scale)  # beside one of the usual size
    made = statistics_of(maps)
    expected = maps.astype(np.float64).std((1, 2))
    np.testing.assert_allclose(made.channels.deviation, expected, rtol=1e-6)
    assert made.deviation == pytest.approx(float(maps.astype(np.float64).std()), rel=1e-6)


def test_values_that_differ_in_their_last_digit() -> None:
    more = np.nextafter(np.float32(1), np.float32(2))
    made = statistics_of(np.array([[[1, more]], [[more, more]]], np.float32))
    assert made.channels.deviation.tolist() == [float(more - 1) / 2, 0]


def test_flat_and_empty_outputs() -> None:
    flat = statistics_of(f32([0, 2, -1]))
    assert (flat.count, flat.dead, flat.minimum, flat.maximum) == (3, 1, -1, 2)
    empty = statistics_of(np.zeros((0, 3, 3), np.float32))
    assert (empty.count, empty.dead) == (0, 0)
    assert math.isnan(empty.mean)


def test_orders() -> None:
    maps = np.zeros((5, 1, 2), np.float32)
    maps[1] = [[3, 3]]
    maps[2] = [[0, 4]]
    maps[3] = [[-9, 1]]
    maps[4] = [[np.nan, np.nan]]
    of = statistics_of(maps)
    assert order_of(of).tolist() == [0, 1, 2, 3, 4]
    assert order_of(of, "mean").tolist() == [1, 2, 0, 3, 4]
    assert order_of(of, "maximum").tolist() == [2, 1, 3, 0, 4]
    assert order_of(of, "deviation").tolist() == [3, 2, 0, 1, 4]
    assert order_of(of, "sparsity").tolist() == [0, 2, 1, 3, 4]
    assert order_of(of, "mean", hide_dead=True).tolist() == [1, 2, 3, 4]
    assert order_of(of, "effect").tolist() == [0, 1, 2, 3, 4]
    assert order_of(of, "effect", effect=f32([0, -1, 5, 2, 0])).tolist() == [2, 3, 0, 4, 1]
