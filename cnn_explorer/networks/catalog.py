"""The catalogue: one immutable card a network, facts beside the name of its builder.

Listing the catalogue imports neither torch nor Qt. A card names its builder as
``"module:callable"``; `cnn_explorer.networks.build` imports it when a network is opened.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from cnn_explorer.errors import ExplorerError

FAMILIES = ("LeNet", "AlexNet", "ZFNet", "VGG", "GoogLeNet", "ResNet", "DenseNet", "SqueezeNet")


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the input of a network.

    ``photo``: shorter side to `resize` pixels (bilinear, antialiased), centre crop of
    `crop` x `crop`, values to 0..1, then ``(x - mean) / std`` per channel.

    ``digit``: a handwritten digit as MNIST has it: grey, light strokes on black, the strokes'
    box scaled to fit `resize` x `resize`, set by its centre of mass into 28x28, zero padded to
    `crop` x `crop`.
    """

    kind: Literal["photo", "digit"]
    resize: int
    crop: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def channels(self) -> int:
        """Channels of the input tensor: 1 or 3."""
        return len(self.mean)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of the input tensor, without the batch."""
        return (self.channels, self.crop, self.crop)


@dataclass(frozen=True)
class WeightsEntry:
    """One set of trained weights of a network.

    `file` is looked for in ``resources/weights`` when `shipped`, else in torch's hub cache.
    """

    tag: str
    """Short name shown to people: ``MNIST``, ``ImageNet V1``."""
    file: str
    shipped: bool
    accuracy: float | None
    """Top-1 on the test or validation set, per cent."""
    preprocessing: Preprocessing | None = None
    """Where it differs from the card's (ResNet-50 V2 resizes to 232)."""


@dataclass(frozen=True)
class NetworkCard:
    """The facts of one network. Numbers are checked against the built module by the tests."""

    name: str
    title: str
    family: str
    year: int
    authors: str
    paper: str
    """Title, venue and year of the paper."""
    url: str
    builder: str
    """``"cnn_explorer.networks.lenet:lenet5"``: a callable of no arguments giving the module."""
    depth: int
    """Layers with weights along the longest path, as the paper counts them."""
    parameters: int
    macs: int
    """Multiply-adds of one forward pass of one picture (convolutions and linear layers)."""
    preprocessing: Preprocessing
    classes: Literal["imagenet-1k", "mnist"]
    """The label set: a file of ``resources/labels``."""
    accuracy: str
    """Published accuracy with its source, one sentence."""
    differences: tuple[str, ...] = ()
    """Where this network departs from its paper, a sentence each."""
    weights: tuple[WeightsEntry, ...] = ()
    """Best first."""

    @property
    def lesson_file(self) -> str:
        """The lesson's file name in ``resources/lessons`` (Markdown)."""
        return f"{self.name}.md"


_CARDS: tuple[NetworkCard, ...] = ()

NETWORKS: Mapping[str, NetworkCard] = MappingProxyType({card.name: card for card in _CARDS})
"""All cards by name, oldest network first."""


def card_of(name: str) -> NetworkCard:
    """The card of a network; an unknown name raises `ExplorerError` with the nearest names."""
    try:
        return NETWORKS[name]
    except KeyError:
        near = difflib.get_close_matches(name, NETWORKS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(NETWORKS)}."
        raise ExplorerError(f'there is no network "{name}": {hint}') from None
