"""The answers of several networks to one picture, side by side.

Networks agree or not about classes that they share, and which those are is told by name
(`networks.class_names`). Where label sets have nothing in common, that is said in a sentence, and
there is no number that pretends otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cnn_explorer.networks.class_names import matched_classes
from cnn_explorer.networks.labels import numbered
from cnn_explorer.probe.results import ClassScore, Ranking
from cnn_explorer.text import classes as in_words
from cnn_explorer.text import listed

Probabilities = npt.NDArray[np.float64]
"""(classes,), in the order of the network's outputs."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What one network said of the picture."""

    title: str
    """What to call the network; no two of a comparison are called the same."""
    names: tuple[str, ...]
    """Of all its classes, in the order of its outputs; empty where it tells none apart."""
    probabilities: Probabilities
    trained: bool = True


@dataclass(frozen=True)
class AnswerRow:
    """One class and what each network says of it."""

    name: str
    """As the first network of the row that knows it calls it."""
    probabilities: tuple[float | None, ...]
    """One a network; None where it does not know the class."""
    places: tuple[int | None, ...]
    """Likewise: 1 for the class that the network takes for the likeliest."""


@dataclass(frozen=True)
class Agreement:
    """How far two networks agree about one picture."""

    first: int
    """Which of the networks, counted from 0."""
    second: int
    shared: int
    """How many classes they share by name."""
    same_first: bool | None
    """Whether both take the same class for the likeliest; None where one of them does not know the
    other's."""
    distance: float | None
    """Total variation: by how much both disagree about the probability of a set of classes at most,
    from 0 (the same) to 1. What either gives to classes that the other does not know counts as one
    further class. None where they share no class."""


@dataclass(frozen=True)
class AnswersCompared:
    """A table classes x networks, and how far the networks agree."""

    rows: tuple[AnswerRow, ...]
    """The likeliest classes of each network, by the largest probability that any gives."""
    entropies: tuple[float | None, ...]
    """Of each network's answer, in bits: 0 where it is certain, 10 where it takes each of 1,024
    classes for equally likely. None where it tells no classes apart."""
    pairs: tuple[Agreement, ...]
    notes: tuple[str, ...]
    """What is to be said of label sets and of networks without weights, sentences."""

    @property
    def agreement(self) -> float | None:
        """The share of the pairs of networks that take the same class for the likeliest, from 0 to
        1, of those that can be compared; None where no two can."""
        told = [pair.same_first for pair in self.pairs if pair.same_first is not None]
        return sum(told) / len(told) if told else None

    @property
    def sentence(self) -> str:
        """The agreement in words, one sentence."""
        told = [pair.same_first for pair in self.pairs if pair.same_first is not None]
        if not told:
            return "No two of these answers can be compared."
        if len(self.pairs) == 1:
            return "Both say the same." if told[0] else "They say different things."
        if len(told) == 1:
            return (
                f"The two that can be compared say {'the same' if told[0] else 'different things'}."
            )
        if all(told) and len(told) == len(self.pairs):
            return "All say the same."
        if not any(told) and len(told) == len(self.pairs):
            return "No two say the same."
        agreeing = f"{sum(told)} of {len(told)}" if any(told) else f"None of {len(told)}"
        return f"{agreeing} pairs that can be compared say the same."


def answer_of(
    title: str, classes: Sequence[ClassScore], names: Sequence[str], *, trained: bool = True
) -> Answer:
    """The answer of a network, from its ranking and the names of its classes."""
    probabilities = np.zeros(len(classes))
    if isinstance(classes, Ranking):
        probabilities[classes.order] = classes.values
    else:
        for score in classes:
            probabilities[score.index] = score.probability
    every = (*names[: len(classes)], *numbered(len(classes))[len(names) :])
    return Answer(title, every, probabilities, trained)


def compare_answers(answers: Sequence[Answer], top: int = 5) -> AnswersCompared:
    """Compare what networks say of one picture; the table has the `top` classes of each."""
    return AnswersCompared(
        rows=_rows(answers, top),
        entropies=tuple(
            entropy(answer.probabilities) if answer.names else None for answer in answers
        ),
        pairs=tuple(
            agreement(answers[first], answers[second], first, second)
            for first, second in combinations(range(len(answers)), 2)
        ),
        notes=(*_untrained(answers), *_different_labels(answers)),
    )


def entropy(probabilities: Probabilities) -> float:
    """Shannon's entropy of a distribution, in bits."""
    some = probabilities[probabilities > 0]
    return max(0.0, -float(some @ np.log2(some)))


def agreement(one: Answer, other: Answer, first: int = 0, second: int = 1) -> Agreement:
    """How far two networks agree; `first` and `second` are their numbers."""
    pairs = matched_classes(one.names, other.names)
    if not pairs:
        return Agreement(first, second, 0, None, None)
    here, there = list(pairs.keys()), list(pairs.values())
    p, q = one.probabilities[here], other.probabilities[there]
    rest = abs((1 - p.sum()) - (1 - q.sum()))
    distance = float(np.abs(p - q).sum() + rest) / 2
    likeliest = int(one.probabilities.argmax()), int(other.probabilities.argmax())
    known = likeliest[0] in pairs and likeliest[1] in set(there)
    same = pairs[likeliest[0]] == likeliest[1] if known else None
    return Agreement(first, second, len(pairs), same, min(distance, 1.0))


def _rows(answers: Sequence[Answer], top: int) -> tuple[AnswerRow, ...]:
    """The likeliest classes of each network, those of the same name in one row."""
    order = [np.argsort(-answer.probabilities, kind="stable") for answer in answers]
    place = [np.argsort(ranks, kind="stable") for ranks in order]
    taken: set[tuple[int, int]] = set()
    rows = []
    for number, answer in enumerate(answers):
        for index in order[number][:top].tolist():
            if (number, index) in taken:
                continue
            found = [
                index if at == number else matched_classes(answer.names, other.names).get(index)
                for at, other in enumerate(answers)
            ]
            taken.update((at, to) for at, to in enumerate(found) if to is not None)
            known = next(at for at, to in enumerate(found) if to is not None)
            rows.append(
                AnswerRow(
                    answers[known].names[found[known] or 0],
                    tuple(
                        None if to is None else float(answers[at].probabilities[to])
                        for at, to in enumerate(found)
                    ),
                    tuple(
                        None if to is None else int(place[at][to]) + 1
                        for at, to in enumerate(found)
                    ),
                )
            )
    return tuple(sorted(rows, key=lambda row: -max(p for p in row.probabilities if p is not None)))


def _untrained(answers: Sequence[Answer]) -> list[str]:
    names = [answer.title for answer in answers if not answer.trained]
    if not names:
        return []
    has, whose = ("has", "its answer means") if len(names) == 1 else ("have", "their answers mean")
    return [f"{listed(names)} {has} no trained weights: {whose} nothing."]


def _different_labels(answers: Sequence[Answer]) -> list[str]:
    """A sentence for each two label sets that are not the same."""
    users: dict[tuple[str, ...], list[str]] = {}
    for answer in answers:
        users.setdefault(answer.names, []).append(answer.title)
    notes = []
    silent = users.pop((), None)
    if silent:
        verb = "tells" if len(silent) == 1 else "tell"
        notes.append(f"{listed(silent)} {verb} no classes apart: there is no answer to compare.")
    for names, titles in users.items():
        if len(titles) > 1 and not matched_classes(names, names):
            notes.append(
                f"{listed(titles)} have no names for their classes: they cannot be compared."
            )
    for (names, titles), (others, other_titles) in combinations(users.items(), 2):
        shared = len(matched_classes(names, others))
        verb = "knows" if len(titles) == 1 else "know"
        sets = (
            f"{listed(titles)} {verb} {in_words(len(names))}, {listed(other_titles)} "
            f"{in_words(len(others))} of another set"
        )
        if not shared:
            notes.append(f"{sets}: none has the same name, so these answers cannot be compared.")
        else:
            has = "one has" if shared == 1 else f"{shared:,} have"
            notes.append(f"{sets}: {has} the same name, and only these are compared.")
    return notes
