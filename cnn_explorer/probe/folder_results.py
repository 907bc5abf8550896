"""What networks said of a folder of pictures, compared: accuracy, agreement, disagreements.

Classes are matched by name (`networks.class_names`). Where that is not possible there is no number,
and a sentence says so.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from cnn_explorer.networks.class_names import ClassIndex, matched_classes
from cnn_explorer.probe.folder import FolderPicture, NetworkAnswers
from cnn_explorer.text import listed, no_formula, printable


@dataclass(frozen=True)
class Share:
    """So many of so many pictures."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1."""
        return self.count / self.of


@dataclass(frozen=True)
class Disagreement:
    """A picture that not all networks take for the same."""

    picture: int
    """Its place in the folder."""
    amount: float
    """From 0 to 1: the mean, over the pairs of networks that can be compared, of the product of
    both probabilities where they say different things. 1 where all pairs are certain and differ."""
    said: tuple[str | None, ...]
    """Each network's likeliest class; None where it gave no answer."""


@dataclass(frozen=True, eq=False)
class FolderResults:
    """The answers of networks to the pictures of a folder. Numbers are counted when asked for."""

    pictures: tuple[FolderPicture, ...]
    networks: tuple[NetworkAnswers, ...]

    def __post_init__(self) -> None:
        if any(len(one.answers) != len(self.pictures) for one in self.networks):
            raise ValueError("as many answers as pictures")

    def truth(self, network: int) -> tuple[int | None, ...]:
        """Each picture's class by the name of its sub-folder, as an index of a network's classes;
        None where that is none of them."""
        return self._truths[network]

    @cached_property
    def _truths(self) -> tuple[tuple[int | None, ...], ...]:
        labels = {picture.label for picture in self.pictures if picture.label is not None}
        truths = []
        for network in self.networks:
            index = ClassIndex(network.names)
            places: dict[str | None, int | None] = {name: index.find(name) for name in labels}
            truths.append(tuple(places.get(picture.label) for picture in self.pictures))
        return tuple(truths)

    def accuracy(self, network: int, top: int = 1) -> Share | None:
        """On how many pictures of known class that class is among the `top` likeliest, five at
        most; None where no sub-folder is called like a class of the network."""
        if not 1 <= top <= 5:
            raise ValueError("the five likeliest classes are kept")
        right = of = 0
        for truth, answer in zip(self.truth(network), self.networks[network].answers, strict=True):
            if truth is not None and answer is not None:
                of += 1
                right += truth in [index for index, _ in answer.top[:top]]
        return Share(right, of) if of else None

    def agreement(self, first: int, second: int) -> Share | None:
        """On how many pictures both networks take the same class for the likeliest, of those where
        each knows the other's; None where there are none, as between label sets that have nothing
        in common."""
        same = [
            agreed
            for picture in range(len(self.pictures))
            if (agreed := self._agree(first, second, picture)) is not None
        ]
        return Share(sum(same), len(same)) if same else None

    def agreements(self) -> tuple[tuple[Share | None, ...], ...]:
        """The agreement of each network with each: a square matrix."""
        every = range(len(self.networks))
        pairs = {(i, j): self.agreement(i, j) for i in every for j in every if i <= j}
        return tuple(tuple(pairs[min(i, j), max(i, j)] for j in every) for i in every)

    def _agree(self, first: int, second: int, picture: int) -> bool | None:
        """Whether two networks take a picture for the same; None where that cannot be told."""
        one, other = (self.networks[network].answers[picture] for network in (first, second))
        if one is None or other is None:
            return None
        if first == second:
            return True
        here, there = one.top[0][0], other.top[0][0]
        shared = self._shared[first, second]
        if here not in shared or there not in self._shared[second, first]:
            return None
        return shared[here] == there

    @cached_property
    def _shared(self) -> dict[tuple[int, int], dict[int, int]]:
        every = range(len(self.networks))
        names = [network.names for network in self.networks]
        return {(i, j): dict(matched_classes(names[i], names[j])) for i in every for j in every}

    def disagreements(self) -> tuple[Disagreement, ...]:
        """The pictures on which networks disagree, those first where they do most."""
        found = []
        for picture in range(len(self.pictures)):
            amounts = []
            differ = False
            for first, second in combinations(range(len(self.networks)), 2):
                agreed = self._agree(first, second, picture)
                if agreed is not None:
                    differ = differ or not agreed
                    amounts.append(0.0 if agreed else self._sure(first, second, picture))
            if differ:
                said = tuple(self.said(network, picture) for network in range(len(self.networks)))
                found.append(Disagreement(picture, sum(amounts) / len(amounts), said))
        return tuple(sorted(found, key=lambda one: (-one.amount, one.picture)))

    def _sure(self, first: int, second: int, picture: int) -> float:
        product = 1.0
        for network in (first, second):
            answer = self.networks[network].answers[picture]
            product *= 0.0 if answer is None else answer.top[0][1]
        return product

    def said(self, network: int, picture: int) -> str | None:
        """What a network takes a picture for."""
        of = self.networks[network]
        answer = of.answers[picture]
        if answer is None:
            return None
        index = answer.top[0][0]
        return of.names[index] if index < len(of.names) else f"class {index}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of the numbers, sentences."""
        notes = []
        untrained = [one.title for one in self.networks if not one.trained]
        if len(untrained) == 1:
            notes.append(f"{untrained[0]} is untrained: its answers mean nothing.")
        elif untrained:
            notes.append(f"{listed(untrained)} are untrained: their answers mean nothing.")
        notes += [one.note for one in self.networks if one.note]
        asked = [number for number, one in enumerate(self.networks) if one.names]
        if any(picture.label is not None for picture in self.pictures):
            without = [self.networks[n].title for n in asked if not any(self._known(n))]
            if without:
                notes.append(
                    f"No sub-folder is called like a class of {listed(without)}: no accuracy is "
                    "told."
                )
        for first, second in combinations(asked, 2):
            if not self._shared[first, second]:
                titles = listed([self.networks[n].title for n in (first, second)])
                notes.append(
                    f"The classes of {titles} have no names in common: their answers are not "
                    "compared."
                )
        for one in self.networks:
            if one.failed:
                count = len(one.failed)
                what = "one picture" if count == 1 else f"{count:,} pictures"
                notes.append(f"{one.title} gave no answer to {what}.")
        return tuple(dict.fromkeys(notes))

    def _known(self, network: int) -> Sequence[bool]:
        return [truth is not None for truth in self.truth(network)]


def results_csv(results: FolderResults) -> str:
    """A row a picture: its file and sub-folder, what each network says and how sure it is, whether
    that is right, and how much the networks disagree. Lines end as RFC 4180 has them."""
    written = io.StringIO()
    rows = csv.writer(written)
    titles = ["file", "sub-folder"]
    for network in results.networks:
        titles += [
            f"{network.title}: {what}"
            for what in ("class", "probability", "entropy in bits", "right")
        ]
    rows.writerow([*map(_cell, titles), "disagreement"])
    amounts = {one.picture: one.amount for one in results.disagreements()}
    for place, picture in enumerate(results.pictures):
        row: list[object] = [_cell(picture.path.name), _cell(picture.label or "")]
        for number, network in enumerate(results.networks):
            answer = network.answers[place]
            if answer is None:
                row += ["", "", "", ""]
                continue
            truth = results.truth(number)[place]
            right = "" if truth is None else "yes" if truth == answer.top[0][0] else "no"
            said = _cell(results.said(number, place) or "")
            row += [said, answer.top[0][1], answer.entropy, right]
        rows.writerow([*row, amounts.get(place, 0.0)])
    return written.getvalue()


def _cell(text: str) -> str:
    return no_formula(printable(text))
