"""Labelled pictures to train and measure on, and the sets that this program knows."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of one size and what they show."""

    images: npt.NDArray[np.uint8]
    """(N, H, W, C): C is 1 for grey and 3 for RGB."""
    labels: npt.NDArray[np.uint8]
    """(N,): the number of the class."""

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> "Pictures":
        """The first `count` of them."""
        return Pictures(self.images[:count], self.labels[:count])


@dataclass(frozen=True)
class DataSet:
    """A published set: where it is split into training and test pictures, and how it is read."""

    title: str
    classes: int
    training: Callable[[Path], Pictures]
    """From the folder a person names; raises `ExplorerError`."""
    test: Callable[[Path], Pictures]
    authors: str


def data_set(name: str) -> DataSet:
    """The set that a label set of the catalogue belongs to: ``mnist`` or ``cifar10``.

    Any other name is a mistake of the program and raises `KeyError`.
    """
    from cnn_explorer.training import cifar10, mnist

    sets = {
        "mnist": DataSet(
            "MNIST", 10, mnist.read_training, mnist.read_test, "LeCun, Cortes and Burges"
        ),
        "cifar10": DataSet(
            "CIFAR-10", 10, cifar10.read_training, cifar10.read_test, "Krizhevsky, Nair and Hinton"
        ),
    }
    return sets[name]
