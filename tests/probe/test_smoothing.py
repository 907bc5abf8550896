"""Smoothing by time: what an exponential average does, and nothing that an answer cannot be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.probe.results import ClassScore, Ranking, probabilities
from cnn_explorer.probe.smoothing import TIME_CONSTANT, Smoothed, smooth

NAMES = ("cat", "dog", "fox", "hen")


def answer(*values: float) -> Ranking:
    given = np.array(values)
    order = np.argsort(-given, kind="stable")
    return Ranking(order, given[order], NAMES)


ANSWERS = st.lists(st.floats(0.001, 1.0), min_size=4, max_size=4).map(
    lambda values: answer(*(value / sum(values) for value in values))
)


def of(smoothed: Smoothed, name: str) -> float:
    return next(score.probability for score in smoothed.classes if score.name == name)


def test_the_first_answer_stands_as_it_is() -> None:
    first = smooth(None, answer(0.1, 0.2, 0.3, 0.4), 7.0)
    assert [score.name for score in first.classes] == ["hen", "fox", "dog", "cat"]
    assert [score.probability for score in first.classes] == [0.4, 0.3, 0.2, 0.1]


def test_after_one_time_constant_63_per_cent_of_a_change_are_there() -> None:
    cat = smooth(None, answer(1.0, 0.0, 0.0, 0.0), 0.0)
    then = smooth(cat, answer(0.0, 1.0, 0.0, 0.0), TIME_CONSTANT)
    assert of(then, "dog") == pytest.approx(1 - math.exp(-1))
    assert then.classes[0].name == "dog"


@pytest.mark.parametrize("rate", [5, 10, 60])
def test_it_goes_by_time_and_not_by_the_number_of_frames(rate: int) -> None:
    smoothed = smooth(None, answer(1.0, 0.0, 0.0, 0.0), 0.0)
    for number in range(1, rate + 1):
        smoothed = smooth(smoothed, answer(0.0, 0.0, 1.0, 0.0), number / rate)
    assert of(smoothed, "cat") == pytest.approx(math.exp(-1 / TIME_CONSTANT))


def test_answers_given_as_plain_scores_are_smoothed_alike() -> None:
    plain = tuple(ClassScore(n, NAMES[n], p) for n, p in ((3, 0.7), (0, 0.3)))
    with_all = (*plain, ClassScore(1, "dog", 0.0), ClassScore(2, "fox", 0.0))
    smoothed = smooth(smooth(None, with_all, 0.0), answer(0.3, 0.0, 0.0, 0.7), 1.0)
    assert of(smoothed, "hen") == pytest.approx(0.7)


def test_another_number_of_classes_begins_anew() -> None:
    smoothed = smooth(None, answer(1.0, 0.0, 0.0, 0.0), 0.0)
    other = (ClassScore(0, "seven", 1.0),)
    assert [score.name for score in smooth(smoothed, other, 0.1).classes] == ["seven"]


def test_what_is_not_a_number_does_not_stay() -> None:
    smoothed = smooth(None, answer(1.0, 0.0, 0.0, 0.0), 0.0)
    broken = smooth(smoothed, answer(math.nan, math.nan, math.nan, math.nan), 0.1)
    assert math.isnan(broken.classes[0].probability)
    assert of(smooth(broken, answer(0.0, 1.0, 0.0, 0.0), 0.2), "dog") == 1.0


def test_a_clock_that_stands_or_goes_back_changes_nothing() -> None:
    smoothed = smooth(None, answer(1.0, 0.0, 0.0, 0.0), 5.0)
    for at in (5.0, 4.0):
        assert of(smooth(smoothed, answer(0.0, 1.0, 0.0, 0.0), at), "cat") == 1.0


@given(st.lists(st.tuples(ANSWERS, st.floats(0.0, 3.0)), min_size=1, max_size=8))
def test_it_stays_an_answer(answers: list[tuple[Ranking, float]]) -> None:
    smoothed, at = None, 0.0
    low, high = np.ones(4), np.zeros(4)
    for classes, passed in answers:
        at += passed
        smoothed = smooth(smoothed, classes, at)
        values = probabilities(smoothed.classes)
        exact = probabilities(classes)
        low, high = np.minimum(low, exact), np.maximum(high, exact)
        assert values.sum() == pytest.approx(1.0, abs=1e-5)
        assert (values >= low - 1e-6).all()
        assert (values <= high + 1e-6).all()
        ranked = [score.probability for score in smoothed.classes]
        assert ranked == sorted(ranked, reverse=True)
