"""The numbers of layers and blocks: what they weigh, cost, see. Neither torch nor Qt.

A block's number is that of all its layers together where numbers add up (parameters, multiply-adds,
memory, time), each layer counted once; else that of its output (receptive field, stride).
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cnn_explorer.graph.metrics import format_count
from cnn_explorer.graph.model import LayerGraph, LayerNode
from cnn_explorer.graph.receptive import ReceptiveField

NumberKey = Literal["parameters", "macs", "memory", "time", "receptive", "stride"]

BYTES_PER_VALUE = 4
"""Activations are float32."""

WHOLE_PICTURE = math.inf
"""The receptive field of what sees the whole picture: more than any that has a side."""


@dataclass(frozen=True)
class NumberKind:
    """One sort of number."""

    key: NumberKey
    title: str
    unit: str
    """Written after a value: ``B``, ``ms``, ``pixels``; empty where the value stands alone."""
    adds_up: bool
    """Whether a block's number is the sum of its layers'."""
    explained: str
    """One sentence for a tool tip."""


NUMBER_KINDS: tuple[NumberKind, ...] = (
    NumberKind("parameters", "Parameters", "", True, "Weights and biases that training learns."),
    NumberKind(
        "macs", "Multiply-adds", "", True,
        "Multiplications with their additions for one picture; papers and torchvision call them "
        "FLOPs, although each is two floating point operations.",
    ),
    NumberKind(
        "memory", "Activation memory", "B", True,
        "What the outputs of layers take for one picture, four bytes a value. A forward pass keeps "
        "fewer of them at a time, since it needs most no longer once they were used.",
    ),
    NumberKind(
        "time", "Measured time", "ms", True,
        "Forward time on this computer for one picture, the median of several runs.",
    ),
    NumberKind(
        "receptive", "Receptive field", "pixels", False,
        "The side of the square of the picture that one output value can depend on, in the middle; "
        "it may be larger than the picture.",
    ),
    NumberKind(
        "stride", "Output stride", "pixels", False,
        "How many pixels of the picture lie between neighbouring output values.",
    ),
)  # fmt: skip


class Numbers:
    """The numbers of one graph; `times` are milliseconds by layer name, where measured.

    Of a block count the layers that take part in a prediction, each once; of one that takes part
    in training alone, all.
    """

    def __init__(self, graph: LayerGraph, times: Mapping[str, float] | None = None) -> None:
        self._graph = graph
        self._times = dict(times or {})

    def value(self, name: str, key: NumberKey) -> float | None:
        """The number of a layer or block; None where it has none or it is not known.

        A receptive field that is no square has its longer side; one that is everything is
        `WHOLE_PICTURE`.
        """
        node = self._graph.node[name]
        if key == "parameters":
            return node.parameters
        if self._graph.note and key in ("macs", "memory"):
            return None  # modules alone: nobody knows the shapes of what they put out
        if key == "macs":
            return node.macs
        if key == "memory":
            return sum(_bytes(layer) for layer in self._layers(name))
        if key == "time":
            measured = [self._times.get(layer.name) for layer in self._layers(name)]
            known = [time for time in measured if time is not None]
            return sum(known) if known else None
        field = self.receptive_field(name)
        if field is None:
            return None
        if key == "receptive":
            sides = (field.height.size, field.width.size)
            return WHOLE_PICTURE if field.whole else max(sides)
        strides = (field.height.stride, field.width.stride)
        return None if None in strides else max(filter(None, strides))

    def receptive_field(self, name: str) -> ReceptiveField | None:
        """What an output value of a layer or block sees; None where that is not known."""
        return self._graph.receptive_fields[name]

    def _layers(self, name: str) -> Iterator[LayerNode]:
        """The layer itself, or those in a block that count with it."""
        layer = self._graph.layer.get(name)
        if layer is not None:
            yield layer
            return
        block = self._graph.block[name]
        for child in block.children:
            inner = self._graph.node[child]
            if block.training_only or not inner.training_only:
                yield from self._layers(child)

    def total(self, key: NumberKey) -> float | None:
        """That of all layers that a prediction uses, of what adds up; None where unknown."""
        values = [
            self.value(layer.name, key) for layer in self._graph.layers if not layer.training_only
        ]
        known = [value for value in values if value is not None]
        return sum(known) if known else None


def format_number(value: float | None, key: NumberKey) -> str:
    """A number for people, with its unit; a dash where there is none."""
    if value is None:
        return "–"
    if key == "memory":
        return f"{format_count(round(value))}B" if value >= 1000 else f"{value:.0f} B"
    if key == "time":
        return f"{value:.3g} ms"
    if key == "receptive" and value == WHOLE_PICTURE:
        return "whole picture"
    if key in ("receptive", "stride"):
        return f"{value:g}"
    return format_count(round(value))


def _bytes(layer: LayerNode) -> int:
    # the network's output is its last layer's, counted there
    return 0 if layer.kind in ("input", "output") else math.prod(layer.out_shape) * BYTES_PER_VALUE
