"""The map before a fully connected layer, and the layer that scores the classes."""

from dataclasses import replace
from itertools import pairwise

import pytest

from cnn_explorer.graph.flattened import class_layer, map_before
from cnn_explorer.graph.model import GraphEdge, LayerGraph
from tests.graph.examples import foreign_graph, layer, own_graph


def linear_layers(graph: LayerGraph) -> list[str]:
    return [node.name for node in graph.layers if node.kind == "linear"]


@pytest.mark.parametrize(
    ("network", "shape"),
    [("vgg16", (512, 7, 7)), ("alexnet", (256, 6, 6)), ("lenet5", (16, 5, 5))],
)
def test_the_first_fully_connected_layer_follows_a_map(network, shape):
    graph = own_graph(network)
    first, *others = linear_layers(graph)
    assert map_before(graph, first) == shape
    assert [map_before(graph, name) for name in others] == [None] * len(others)
    assert class_layer(graph) == others[-1]


def test_torchvisions_functional_flatten_is_passed():
    graph = foreign_graph("alexnet")
    assert map_before(graph, linear_layers(graph)[0]) == (256, 6, 6)


@pytest.mark.parametrize("network", ["resnet18", "googlenet", "squeezenet1_1"])
def test_a_map_of_one_value_is_none(network):
    graph = own_graph(network)
    used = [name for name in linear_layers(graph) if not graph.layer[name].training_only]
    assert [map_before(graph, name) for name in used] == [None] * len(used)


def test_the_layer_of_the_classes_need_not_be_fully_connected():
    graph = own_graph("squeezenet1_1")
    last = class_layer(graph)
    assert graph.layer[last].kind == "conv"
    assert graph.layer[last].out_shape[0] == 1000


def row(*layers):
    edges = [
        GraphEdge(before.name, after.name, before.out_shape) for before, after in pairwise(layers)
    ]
    return LayerGraph("row", layers, (), tuple(edges))


MAP = layer("map", out_shape=(8, 4, 4))
FLAT = layer("flat", kind="reshape", out_shape=(128,), parameters=0)
FC = layer("fc", kind="linear", in_shapes=((128,),), out_shape=(10,))
OUTPUT = layer("output", kind="output", parameters=0)


def test_what_leaves_values_in_their_places_is_passed():
    relu = layer("relu", kind="activation", out_shape=(128,), parameters=0)
    assert map_before(row(MAP, FLAT, relu, FC), "fc") == (8, 4, 4)
    other = replace(relu, name="pool", kind="pool")
    assert map_before(row(MAP, FLAT, other, FC), "fc") is None


def test_a_permutation_hides_the_order():
    turned = layer("turned", kind="reshape", out_shape=(4, 4, 8), parameters=0)
    assert map_before(row(MAP, turned, FLAT, FC), "fc") is None


def test_nothing_is_known_without_connections():
    graph = LayerGraph("apart", (MAP, FLAT, FC, OUTPUT), (), ())
    assert map_before(graph, "fc") is None
    assert class_layer(graph) == ""
    assert map_before(graph, "nothing") is None
    assert class_layer(row(MAP, FLAT, FC, OUTPUT)) == "fc"
