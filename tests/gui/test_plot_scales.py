"""Scales of plots, without Qt: what stands where, and which numbers are named."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.gui.widgets.plot_scales import Scale, round_values, scale_for, spaced

NUMBERS = st.floats(-1e30, 1e30, allow_nan=False, allow_subnormal=False)


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.booleans())
def test_all_values_lie_between_0_and_1_in_their_order(values: list[float], log: bool) -> None:
    scale = scale_for(values, log=log)
    places = scale.places(values)
    assert ((places >= -1e-9) & (places <= 1 + 1e-9)).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(places[order]) >= -1e-12).all()


@given(NUMBERS, NUMBERS, st.integers(1, 12))
def test_round_values_are_few_and_within(low: float, high: float, most: int) -> None:
    low, high = min(low, high), max(low, high)
    values = round_values(low, high, most)
    assert len(values) <= most + 2
    slack = 1e-6 * (abs(low) + abs(high))
    assert all(low - slack <= value <= high + slack for value in values)


def test_what_is_not_finite_stands_nowhere() -> None:
    scale = scale_for([1.0, math.nan, math.inf, 3.0])
    assert (scale.low, scale.high) == (1.0, 3.0)
    places = scale.places([1.0, math.nan, math.inf, -math.inf, 2.0])
    assert np.isnan(places[1:4]).all()
    assert places[[0, 4]].tolist() == [0.0, 0.5]
    assert scale_for([math.nan]) == Scale(0.0, 1.0)
    assert scale_for([]) == Scale(0.0, 1.0)
    assert scale_for([4.0, 4.0]) == Scale(2.0, 6.0)
    assert scale_for([5.0], low=0.0, high=10.0) == Scale(0.0, 10.0)


def test_a_logarithmic_scale_has_both_signs_and_0() -> None:
    scale = Scale(-1000.0, 1000.0, 1.0)
    # -1000 -100 -10 -1 0 1 10 100 1000: each a step of the same size
    powers = [-1000, -100, -10, -1, 0, 1, 10, 100, 1000]
    np.testing.assert_allclose(scale.places(powers), np.arange(9) / 8)
    assert scale.ticks(20) == powers
    assert scale.ticks(5) == [-1000, -10, 0, 10, 1000]


def test_named_values() -> None:
    for scale, most, named in (
        (Scale(0.0, 1.0), 5, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Scale(0.0, 7000.0), 4, [0, 2000, 4000, 6000]),
        (Scale(0.0, 30_000.0, 1.0), 6, [0, 1, 10, 100, 1000, 10_000]),
        (Scale(0.15, 30.0, 0.1), 6, [1, 10]),
        (Scale(0.15, 30.0, 0.1), 8, [0.2, 0.5, 1, 2, 5, 10, 20]),
        (Scale(0.2, 0.9, 0.1), 1, [0.5]),
        (Scale(0.2, 9.0, 0.1), 8, [0.2, 0.5, 1, 2, 5]),
    ):
        np.testing.assert_allclose(scale.ticks(most), named, atol=1e-12)


def test_the_most_wanted_texts_have_room_first() -> None:
    assert spaced([(50, 40), (60, 40), (10, 30), (95, 40), (95, 20)]) == [0, 2, 3]
    assert spaced([]) == []
