"""What stands at the flat end of a network: the map whose values a fully connected layer takes one
by one, and the layer that gives the classes their scores."""

from collections.abc import Iterator
from math import prod

from cnn_explorer.graph.browse import producers
from cnn_explorer.graph.model import LayerGraph, Shape

_IN_PLACE = ("activation", "dropout", "reshape", "norm")
"""Kinds of layers that leave a flat tensor's values where they are."""


def map_before(graph: LayerGraph, layer: str) -> tuple[int, int, int] | None:
    """The shape (C, H, W) of the map that was laid out flat before a fully connected layer: its
    weights (out, C * H * W) are then one kernel of H x W for each of C channels.

    None where there is none, where a map is one value (ResNet's 1 x 1), and where the order of the
    values is not known, as after a permutation.
    """
    node = graph.layer.get(layer)
    if node is None or node.kind != "linear" or len(node.in_shapes) != 1:
        return None
    wanted = prod(node.in_shapes[0])
    for name in _way_back(graph, layer):
        before = graph.layer[name]
        shape: Shape = before.out_shape
        if prod(shape) != wanted:
            return None
        if len(shape) == 3:
            channels, height, width = shape
            known = before.kind != "reshape" and height * width > 1
            return (channels, height, width) if known else None
        if len(shape) != 1 or before.kind not in _IN_PLACE:
            return None
    return None


def class_layer(graph: LayerGraph) -> str:
    """The last layer with weights on the only way to the output; empty where there is none."""
    outputs = [node.name for node in graph.layers if node.kind == "output"]
    if len(outputs) != 1:
        return ""
    for name in _way_back(graph, outputs[0]):
        if graph.layer[name].parameters:
            return name
    return ""


def _way_back(graph: LayerGraph, layer: str) -> Iterator[str]:
    """The layers before a layer, nearest first, as far as each takes from one other alone."""
    taken = producers(graph, layer)
    while len(taken) == 1:
        yield taken[0]
        taken = producers(graph, taken[0])
