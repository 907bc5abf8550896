"""Answers side by side: matching by name, agreement, entropy, and honesty about label sets."""

import math

import numpy as np
import pytest

from cnn_explorer.networks.labels import class_names
from cnn_explorer.probe.answers import Answer, agreement, answer_of, compare_answers, entropy
from cnn_explorer.probe.results import ClassScore
from cnn_explorer.probe.session import ranked

CIFAR = class_names("cifar10")


def answer(title: str, names: tuple[str, ...], *values: float, trained: bool = True) -> Answer:
    return Answer(title, names, np.array(values), trained)


ONE = answer("One", ("cat", "dog", "ship"), 0.7, 0.2, 0.1)
OTHER = answer("Other", ("ship", "Dog", "cat"), 0.1, 0.5, 0.4)


def test_classes_in_another_order_are_matched_by_name() -> None:
    found = compare_answers((ONE, OTHER))
    assert [row.name for row in found.rows] == ["cat", "dog", "ship"]
    assert [row.probabilities for row in found.rows] == [(0.7, 0.4), (0.2, 0.5), (0.1, 0.1)]
    assert [row.places for row in found.rows] == [(1, 2), (2, 1), (3, 3)]
    assert found.pairs[0].shared == 3


def test_the_distance_is_the_total_variation() -> None:
    pair = agreement(ONE, OTHER)
    assert pair.distance == pytest.approx((0.3 + 0.3 + 0.0) / 2)
    assert pair.same_first is False
    assert agreement(ONE, ONE).distance == 0
    assert agreement(ONE, ONE).same_first is True
    opposite = agreement(answer("a", ("x", "y"), 1, 0), answer("b", ("x", "y"), 0, 1))
    assert opposite.distance == 1


def test_what_the_other_does_not_know_is_one_further_class() -> None:
    wide = answer("Wide", ("cat", "dog", "car", "tree"), 0.3, 0.1, 0.4, 0.2)
    narrow = answer("Narrow", ("cat", "dog", "frog"), 0.6, 0.2, 0.2)
    pair = agreement(wide, narrow)
    assert pair.shared == 2
    assert pair.distance == pytest.approx((0.3 + 0.1 + abs(0.6 - 0.2)) / 2)
    assert pair.same_first is None, "a network that does not know cars cannot say one"
    found = compare_answers((wide, narrow))
    assert found.agreement is None
    (note,) = found.notes
    assert "4 classes" in note
    assert "2 have the same name" in note
    row = next(row for row in found.rows if row.name == "car")
    assert row.probabilities == (0.4, None)


def test_label_sets_that_share_nothing_say_so() -> None:
    imagenet = class_names("imagenet-1k")
    large = Answer("AlexNet", imagenet, np.full(1000, 0.001))
    small = Answer("ResNet-20", CIFAR, np.full(10, 0.1))
    digits = Answer("LeNet-5", class_names("mnist"), np.full(10, 0.1))
    found = compare_answers((large, digits), top=2)
    assert found.pairs[0].shared == 0
    assert found.pairs[0].distance is None
    assert found.pairs[0].same_first is None
    assert found.agreement is None
    assert found.sentence == "No two of these answers can be compared."
    (note,) = found.notes
    assert note == (
        "AlexNet knows 1,000 classes, LeNet-5 10 classes of another set: none has the same name, "
        "so these answers cannot be compared."
    )
    assert all(None in row.probabilities for row in found.rows)
    assert len(compare_answers((large, small, digits)).notes) == 3


@pytest.mark.parametrize(
    ("values", "bits"),
    [((1.0, 0.0), 0.0), ((0.25,) * 4, 2.0), ((0.5, 0.25, 0.25), 1.5), ((1 / 1024,) * 1024, 10.0)],
)
def test_entropy_is_in_bits(values: tuple[float, ...], bits: float) -> None:
    assert math.isclose(entropy(np.array(values)), bits, abs_tol=1e-12)


def test_agreement_over_several() -> None:
    found = compare_answers((ONE, ONE, OTHER))
    assert [pair.same_first for pair in found.pairs] == [True, False, False]
    assert found.agreement == pytest.approx(1 / 3)
    assert found.sentence == "1 of 3 pairs that can be compared say the same."
    assert compare_answers((ONE, ONE)).sentence == "Both say the same."
    assert compare_answers((ONE, ONE, ONE)).sentence == "All say the same."
    assert compare_answers((ONE, OTHER)).sentence == "They say different things."
    third = answer("Third", ("cat", "dog", "ship"), 0.1, 0.1, 0.8)
    assert compare_answers((ONE, OTHER, third)).sentence == "No two say the same."
    digits = answer("Digits", ("7", "8"), 0.9, 0.1)
    two = compare_answers((ONE, OTHER, digits)).sentence
    assert two == "The two that can be compared say different things."


def test_networks_that_tell_no_classes_apart_and_such_without_weights() -> None:
    silent = answer("Segmenter", ())
    untrained = answer("Random", ("cat", "dog", "ship"), 0.4, 0.3, 0.3, trained=False)
    found = compare_answers((ONE, silent, untrained))
    assert found.entropies[1] is None
    assert found.notes == (
        "Random has no trained weights: its answer means nothing.",
        "Segmenter tells no classes apart: there is no answer to compare.",
    )
    assert found.rows[0].probabilities == (0.7, None, 0.4)


def test_classes_without_names_are_not_matched() -> None:
    names = ("class 0", "class 1")
    found = compare_answers((answer("A", names, 0.9, 0.1), answer("B", names, 0.9, 0.1)))
    assert found.agreement is None
    assert found.notes == (
        "A and B have no names for their classes: they cannot be compared.",
    )  # fmt: skip


def test_an_answer_from_a_ranking() -> None:
    logits = np.array([1.0, 3.0, 2.0])
    made = answer_of("A", ranked(logits, ("x",)), ("x",))
    assert made.names == ("x", "class 1", "class 2")
    np.testing.assert_allclose(made.probabilities, np.exp(logits) / np.exp(logits).sum())
    scores = (ClassScore(1, "b", 0.8), ClassScore(0, "a", 0.2))
    assert answer_of("A", scores, ("a", "b", "c")).names == ("a", "b")
    assert answer_of("A", scores, ("a", "b")).probabilities.tolist() == [0.2, 0.8]
