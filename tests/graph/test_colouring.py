"""Colouring by numbers: scales, ticks, colours that can be read, nothing counted twice."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from cnn_explorer.graph.colouring import (
    NumberScale,
    colour_at,
    colour_by,
    ink_on,
    number_kind,
    ticks,
)
from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.model import BlockNode, GraphEdge, LayerGraph, LayerNode
from cnn_explorer.graph.numbers import NUMBER_KINDS, NumberKey, NumberKind, Numbers

MAP = (8, 16, 16)


def kind(key: NumberKey) -> NumberKind:
    found = number_kind(key)
    assert found is not None
    return found


def layer(
    name: str, what: str, parameters: int = 0, macs: int = 0, *, training_only: bool = False
) -> LayerNode:
    given = () if what == "input" else (MAP,)
    parent = name.rpartition(".")[0]
    return LayerNode(
        name, parent, what, what, given, MAP, parameters, macs, training_only=training_only
    )


GRAPH = LayerGraph(
    "small",
    (
        layer("input", "input"),
        layer("stem", "conv", 100, 1_000),
        layer("block.a", "conv", 1_000, 50_000),
        layer("block.b", "conv", 9_000, 50_000),
        layer("block.aux", "linear", 700, 700, training_only=True),
        layer("relu", "activation"),
        layer("output", "output"),
    ),
    (BlockNode("block", "", "Block", ("block.a", "block.b", "block.aux"), 10_000, 100_000, MAP),),
    tuple(
        GraphEdge(a, b, MAP)
        for a, b in (
            ("input", "stem"), ("stem", "block.a"), ("block.a", "block.b"),
            ("block.b", "block.aux"), ("block.b", "relu"), ("relu", "output"),
        )
    ),
)  # fmt: skip
CLOSED = visible(GRAPH, frozenset())
OPEN = visible(GRAPH, frozenset({"block"}))


def test_the_range_is_that_of_what_is_drawn() -> None:
    closed = colour_by(CLOSED, kind("macs"), Numbers(GRAPH))
    opened = colour_by(OPEN, kind("macs"), Numbers(GRAPH))
    assert closed.scale == NumberScale(1_000, 100_000, True)
    assert opened.scale == NumberScale(700, 50_000, True)
    assert closed.boxes["block"].position == 1.0
    assert closed.boxes["stem"].position == 0.0


def test_what_has_no_number_is_neutral() -> None:
    colouring = colour_by(CLOSED, kind("parameters"), Numbers(GRAPH))
    assert set(colouring.boxes) == {"stem", "block"}  # 0 has no place on a logarithmic scale
    assert colouring.colour("relu", dark=False) == ""
    nothing = colour_by(CLOSED, kind("time"), Numbers(GRAPH))
    assert nothing.scale is None
    assert not nothing.boxes
    assert not nothing.ticks


def test_blocks_sum_their_layers_once_and_shares_are_of_the_network() -> None:
    size = math.prod(MAP) * 4
    colouring = colour_by(CLOSED, kind("memory"), Numbers(GRAPH))
    assert colouring.boxes["stem"].position == 0.0
    assert colouring.scale == NumberScale(size, 2 * size, True)  # the head for training is left out
    # stem, two convolutions and the activation; neither the picture nor the output once more
    assert Numbers(GRAPH).total("memory") == 4 * size
    assert colouring.boxes["block"].text == "16.4 kB · 50 %"
    times = Numbers(GRAPH, {"stem": 1.0, "block.a": 2.0, "block.b": 5.0, "block.aux": 50.0})
    assert colour_by(CLOSED, kind("time"), times).boxes["block"].text == "7 ms · 88 %"
    training = colour_by(OPEN, kind("time"), times).boxes["block.aux"]
    assert training.text == "50 ms"  # no share of a prediction that does not use it


def test_the_same_sum_at_every_expansion() -> None:
    numbers = Numbers(GRAPH)
    for key in ("parameters", "macs", "memory"):
        for drawn in (CLOSED, OPEN):
            shown = [
                numbers.value(node.name, key) for node in drawn.nodes if not node.training_only
            ]
            assert sum(value for value in shown if value is not None) == numbers.total(key)


class Fields(Numbers):
    """Receptive fields given by the test."""

    def __init__(self, fields: dict[str, float]) -> None:
        super().__init__(GRAPH)
        self.fields = fields

    def value(self, name: str, key: NumberKey) -> float | None:  # noqa: ARG002
        return self.fields.get(name)


def test_fields_are_on_a_linear_scale() -> None:
    numbers = Fields({"input": 1.0, "stem": 51.0, "block": 101.0, "relu": math.inf})
    colouring = colour_by(CLOSED, kind("receptive"), numbers)
    assert colouring.scale == NumberScale(1.0, 101.0, False)
    assert colouring.boxes["stem"].position == 0.5
    assert colouring.boxes["relu"].position == 1.0
    assert "output" not in colouring.boxes
    assert [tick.text for tick in colouring.ticks] == ["1", "20", "40", "60", "80", "101"]
    assert colouring.boxes["stem"].text == "51 px"


@pytest.mark.parametrize(
    ("low", "high", "key", "expected"),
    [
        (9_408, 118_000_000, "macs", ["9.41 k", "100 k", "1 M", "10 M", "118 M"]),
        (1, 1_000_000_000_000, "parameters", ["1", "100", "100 k", "100 M", "1 T"]),
        (1_000, 9_000, "parameters", ["1 k", "2 k", "5 k", "9 k"]),
        (0.01, 12.5, "time", ["0.01 ms", "0.1 ms", "1 ms", "12.5 ms"]),
        (4_000, 3_211_264, "memory", ["4 kB", "10 kB", "100 kB", "1 MB", "3.21 MB"]),
        (1, 32, "stride", ["1", "10", "20", "32"]),
        (7, 7, "stride", ["7"]),
    ],
)
def test_ticks_are_round_and_have_room(
    low: float, high: float, key: NumberKey, expected: list[str]
) -> None:
    made = ticks(NumberScale(low, high, key not in ("receptive", "stride")), key)
    assert [tick.text for tick in made] == expected
    places = [tick.at for tick in made]
    assert places == sorted(places)
    assert all(b - a >= 0.05 for a, b in pairwise(places))


@pytest.mark.parametrize("logarithmic", [True, False])
def test_ticks_of_any_range_are_few_and_apart(logarithmic: bool) -> None:
    for low in (1.0, 3.0, 7.7, 96.0, 1_234.0):
        for factor in (1.0001, 1.01, 1.5, 2.9, 3.1, 40, 99, 101, 5_000, 1e9):
            made = ticks(NumberScale(low, low * factor, logarithmic), "receptive")
            places = [tick.at for tick in made]
            assert 2 <= len(made) <= 7
            assert all(b - a > 0.04 for a, b in pairwise(places))


@pytest.mark.parametrize("dark", [True, False])
def test_text_can_be_read_on_every_colour(dark: bool) -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(
            part * value for part, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
        )

    before = None
    for step in range(0, 256, 3):  # neighbours are rounded to 8 bits
        colour = colour_at(step / 255, dark=dark)
        bright, dim = sorted((luminance(colour), luminance(ink_on(colour))), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5
        lightness = luminance(colour)
        if before is not None:  # grows evenly: readable in grey as well
            assert lightness >= before if dark else lightness <= before
        before = lightness


def test_every_kind_of_number_says_what_it_is() -> None:
    for one in NUMBER_KINDS:
        assert colour_by(CLOSED, replace(one), Numbers(GRAPH)).kind == one
    assert number_kind("") is None
