"""Numbers of layers and blocks: blocks add up at any level, and nothing is counted twice."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.model import LayerGraph, LayerNode
from cnn_explorer.graph.numbers import (
    BYTES_PER_VALUE,
    NUMBER_KINDS,
    WHOLE_PICTURE,
    Numbers,
    format_number,
)
from tests.graph.examples import layer_graphs, own_graph

SUMS = tuple(kind.key for kind in NUMBER_KINDS if kind.adds_up)


def _predicting(graph: LayerGraph) -> list[str]:
    return [layer.name for layer in graph.layers if not layer.training_only]


def _check_sums(graph: LayerGraph, expanded: frozenset[str]) -> None:
    """The boxes that are seen add up to the totals, training-only ones left out."""
    times = {layer.name: float(number) for number, layer in enumerate(graph.layers, start=1)}
    numbers = Numbers(graph, times)
    boxes = [node for node in visible(graph, expanded).nodes if not node.training_only]
    totals = {
        "parameters": graph.parameters,
        "macs": graph.macs,
        "memory": sum(
            math.prod(layer.out_shape) * BYTES_PER_VALUE
            for layer in graph.layers
            if layer.kind not in ("input", "output") and not layer.training_only
        ),
        "time": sum(times[name] for name in _predicting(graph)),
    }
    for key in SUMS:
        assert sum(numbers.value(box.name, key) or 0 for box in boxes) == totals[key], key
        assert numbers.total(key) == totals[key]


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet50", "densenet121", "vgg16_bn"])
def test_blocks_add_up_at_any_level(name: str) -> None:
    graph = own_graph(name)
    assert any(block.group for block in graph.blocks) or name == "lenet5"
    blocks = [block.name for block in graph.blocks]
    _check_sums(graph, frozenset())
    _check_sums(graph, frozenset(blocks))
    for start in range(7):
        _check_sums(graph, frozenset(blocks[start::7]))
        _check_sums(graph, frozenset(blocks) - frozenset(blocks[start::7]))


@settings(max_examples=60, deadline=None)
@given(layer_graphs(), st.randoms(use_true_random=False))
def test_blocks_of_any_graph_add_up(graph: LayerGraph, chance: object) -> None:
    names = [block.name for block in graph.blocks]
    _check_sums(graph, frozenset(name for name in names if chance.random() < 0.5))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["googlenet", "resnet50"])
def test_every_block_is_the_sum_of_its_parts(name: str) -> None:
    graph = own_graph(name)
    times = dict.fromkeys(graph.layer, 2.0)
    numbers = Numbers(graph, times)
    for block in graph.blocks:
        parts = [
            child
            for child in block.children
            if block.training_only
            or not (graph.layer.get(child) or graph.block[child]).training_only
        ]
        for key in SUMS:
            assert numbers.value(block.name, key) == sum(
                numbers.value(part, key) or 0 for part in parts
            )


def test_heads_of_training_count_by_themselves_alone() -> None:
    graph = own_graph("googlenet")
    numbers = Numbers(graph)
    head = numbers.value("aux1", "parameters")
    assert head is not None
    assert head > 3_000_000
    assert numbers.value("aux1", "memory") == BYTES_PER_VALUE * (
        # pooling; convolution, normalisation and ReLU; flattened; 1024 thrice; the scores
        512 * 16 + 3 * 128 * 16 + 2048 + 3 * 1024 + 1000
    )
    everything = frozenset(block.name for block in graph.blocks)
    seen = visible(graph, everything).nodes
    assert {node.name.split(".")[0] for node in seen if node.training_only} == {"aux1", "aux2"}


def test_memory_is_that_of_outputs() -> None:
    numbers = Numbers(own_graph("lenet5"))
    assert numbers.value("features.conv1", "memory") == 6 * 28 * 28 * 4
    assert numbers.value("input", "memory") == 0  # the picture is there anyway
    assert numbers.value("output", "memory") == 0  # it is the last layer's
    assert numbers.value("classifier.fc5", "memory") == 40


def test_time_is_known_where_it_was_measured() -> None:
    graph = own_graph("lenet5")
    assert Numbers(graph).value("features", "time") is None
    numbers = Numbers(graph, {"features.conv1": 1.5, "features.pool1": 0.25})
    assert numbers.value("features", "time") == 1.75
    assert numbers.value("features.relu1", "time") is None
    assert numbers.value("classifier", "time") is None


def test_receptive_field_and_stride() -> None:
    numbers = Numbers(own_graph("vgg16"))
    assert numbers.value("features", "receptive") == 212
    assert numbers.value("features", "stride") == 32
    assert numbers.value("input", "receptive") == numbers.value("input", "stride") == 1
    assert numbers.value("classifier", "receptive") == WHOLE_PICTURE
    assert numbers.value("classifier", "stride") is None
    assert numbers.value("flatten", "receptive") == 212
    assert numbers.value("flatten", "stride") is None


@pytest.mark.parametrize(
    ("value", "key", "text"),
    [
        (None, "time", "–"),
        (25_557_032, "parameters", "25.6 M"),
        (40, "memory", "40 B"),
        (3_211_264, "memory", "3.21 MB"),
        (12.3456, "time", "12.3 ms"),
        (427, "receptive", "427"),
        (WHOLE_PICTURE, "receptive", "whole picture"),
        (32, "stride", "32"),
    ],
)
def test_numbers_for_people(value: float | None, key: str, text: str) -> None:
    assert format_number(value, key) == text  # type: ignore[arg-type]


def test_of_modules_alone_only_parameters_are_known() -> None:
    layers = (LayerNode("conv", "", "conv", "Conv2d", (), (), 10, 0),)
    numbers = Numbers(LayerGraph("mine", layers, (), (), "Only the modules are shown."))
    assert numbers.total("parameters") == 10
    for key in ("macs", "memory", "time"):
        assert numbers.value("conv", key) is None  # type: ignore[arg-type]
        assert numbers.total(key) is None  # type: ignore[arg-type]
