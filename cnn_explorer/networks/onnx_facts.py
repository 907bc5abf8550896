"""What is said of an ONNX file between those who read it and those who show it: plain values, and
nothing of onnx imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.text import printable

SUFFIX = ".onnx"
LIBRARY = "ONNX"
"""The `NetworkCard.library` of a file."""

Values = Literal["file", "normalised", "unit", "bytes", "symmetric", "caffe"]
Order = Literal["rgb", "bgr"]

VALUES: Mapping[Values, str] = {
    "file": "as the file says",
    "normalised": "mean and deviation",
    "unit": "0 to 1",
    "bytes": "0 to 255",
    "symmetric": "-1 to 1",
    "caffe": "0 to 255 less the mean",
}
"""How the values of a picture's pixels are given to a network, for people."""

ORDERS: Mapping[Order, str] = {"rgb": "red, green, blue", "bgr": "blue, green, red"}

SIZES = (8, 2048)
"""Sides of pictures that may be asked for."""


@dataclass(frozen=True)
class PictureInput:
    """How pictures are made into the input: what a person can choose."""

    size: int
    values: Values
    order: Order = "rgb"


@dataclass(frozen=True)
class DeclaredInput:
    """What a file says of its input."""

    name: str
    shape: tuple[int | None, ...]
    """As declared; None where any size is taken."""
    channels: int = 0
    side: int | None = None
    """Of its pictures; None where any is taken."""
    channels_last: bool = False
    batch: int = 1
    """How many pictures it takes at once; where any number is, one."""
    refusal: str = ""
    """Why no picture can be given to the network, one sentence; empty where one can."""

    def concrete(self, size: int) -> tuple[int, ...]:
        """The shape of the input for pictures of a size."""
        if self.refusal:
            return tuple(1 if dim is None else dim for dim in self.shape)
        sides = (size, size)
        rest = (*sides, self.channels) if self.channels_last else (self.channels, *sides)
        return (self.batch, *rest)


@dataclass(frozen=True)
class OnnxOffer:
    """What is on show of an ONNX file, and what may be chosen."""

    path: Path
    chosen: PictureInput
    declared: DeclaredInput
    values: tuple[Values, ...]
    """The ranges of values that may be chosen."""


def described(chosen: PictureInput, declared: DeclaredInput) -> str:
    """The input in a line: ``3 × 224 × 224, mean and deviation, red, green, blue``."""
    if declared.refusal:
        return printable(declared.refusal)
    parts = [f"{declared.channels} × {chosen.size} × {chosen.size}", VALUES[chosen.values]]
    if declared.channels == 3:
        parts.append(ORDERS[chosen.order])
    return ", ".join(parts)


def is_onnx_path(text: str | Path) -> bool:
    """Whether a name is that of an ONNX file rather than of a network, by its ending."""
    return str(text).lower().endswith(SUFFIX)


def is_onnx_card(card: NetworkCard) -> bool:
    """Whether a card is that of an ONNX file."""
    return card.library == LIBRARY
