"""The facts of a network, as immutable values. Imports neither torch nor Qt.

A card names its builder as ``"module:callable"`` or ``"module:callable/name"``;
`cnn_explorer.networks.build` imports it when a network is opened.
"""

from dataclasses import dataclass
from typing import Literal

_DATA_SETS = {"imagenet-1k": "ImageNet", "cifar10": "CIFAR-10", "mnist": "MNIST"}
_TERMS = {"https://github.com/facebookresearch/SWAG/blob/main/LICENSE": "CC BY-NC 4.0"}


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the input of a network.

    ``photo``: shorter side to `resize` pixels (`interpolation`), centre crop of
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
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    """How photos are scaled, antialiased in either case."""

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
    top5: float | None = None
    """Top-5 likewise, where its publisher states it."""
    size: int = 0
    """Bytes to download; 0 when shipped."""
    preprocessing: Preprocessing | None = None
    """Where it differs from the card's (ResNet-50 V2 resizes to 232)."""
    url: str = ""
    """Where its publisher offers it; empty when shipped."""
    transform_input: bool = False
    """Whether the network must convert its input first (GoogLeNet's were trained on -1..1)."""
    licence: str = ""
    """Where its publisher states the terms, if they are not those of its library."""

    @property
    def terms(self) -> str:
        """The terms in a word: ``CC BY-NC 4.0``; empty where they are those of its library."""
        return _TERMS.get(self.licence, "terms of its own") if self.licence else ""


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
    """``"cnn_explorer.networks.lenet:lenet5"``: a callable of no arguments giving the module.

    With a name after it, ``"...torchvision_models:classifier/swin_t"``, the callable takes that
    name and the side of the pictures.
    """
    depth: int
    """Layers with weights along the longest path, as the paper counts them; 0: not counted."""
    parameters: int
    macs: int
    """Multiply-adds of one forward pass of one picture (convolutions and linear layers)."""
    preprocessing: Preprocessing
    classes: str
    """The label set: a file of ``resources/labels`` (``imagenet-1k``, ``cifar10``, ``mnist``)."""
    accuracy: str
    """Published accuracy with its source, one sentence."""
    top1: float | None = None
    """The published top-1 accuracy that lists show, per cent; None where there is none."""
    variant: str = ""
    """What sets it apart within its family, in a few words: ``two groups, LRN``."""
    differences: tuple[str, ...] = ()
    """Where this network departs from its paper, a sentence each."""
    weights: tuple[WeightsEntry, ...] = ()
    """Best first."""
    lesson: str = ""
    """The lesson's name in ``resources/lessons`` where several networks share one; else empty."""
    library: str = ""
    """The library that builds the network as it is (``torchvision``); empty for our own code."""

    @property
    def lesson_file(self) -> str:
        """The lesson's file name in ``resources/lessons`` (Markdown)."""
        return f"{self.lesson or self.name}.md"

    @property
    def data_set(self) -> str:
        """The data set of the classes, as its authors write it: ``CIFAR-10``."""
        return _DATA_SETS.get(self.classes, self.classes)

    @property
    def top1_of_weights(self) -> bool:
        """Whether `top1` is that of weights to download, measured on one crop, and not the
        paper's, which may be of ten."""
        return any(entry.accuracy == self.top1 and entry.url for entry in self.weights)
