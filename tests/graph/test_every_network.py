"""Every network of the catalogue, all of torchvision's classifiers among them, draws."""

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from torchview import draw_graph

from cnn_explorer.graph.export import svg_bytes
from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import is_junction, lay_out
from cnn_explorer.graph.module_tree import layer_graph
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import ALL


@pytest.mark.parametrize("name", ALL)
def test_it_draws(name: str) -> None:
    card = ALL[name]
    graph = layer_graph(build_empty(card), card.preprocessing.input_shape, network=name)
    assert not graph.note
    layout = lay_out(visible(graph, default_expansion(graph)))
    texts = {element.text for element in ElementTree.fromstring(svg_bytes(layout, name)).iter()}
    assert {node.label for node in layout.graph.nodes if not is_junction(node)} <= texts
    everything = lay_out(visible(graph, frozenset(graph.block)))
    assert len(everything.boxes) == len(graph.layers)
    for edge in everything.edges:
        for (x0, y0), (x1, y1) in pairwise(edge.points):
            assert x0 == x1 or y0 == y1


@pytest.mark.parametrize(
    "name", ["alexnet-2012", "googlenet", "densenet121", "torchvision/mobilenet_v3_small"]
)
def test_torchview_sees_the_same_layers(name: str) -> None:
    card = ALL[name]
    shape = card.preprocessing.input_shape
    found = [
        (layer.type_name, layer.in_shapes, layer.out_shape)
        for layer in extract(build_empty(card), shape).layers
        if layer.kind not in ("input", "output") and not layer.training_only
    ]
    model = build_empty(card)
    seen = draw_graph(model, input_size=(1, *shape), device="meta", depth=99, roll=False)
    nodes: dict[int, Any] = {}
    for tail, head in seen.edge_list:
        for node in (tail, head):
            if hasattr(node, "input_shape"):
                nodes.setdefault(id(node), node)
    theirs = [
        (
            node.name,
            tuple(size[1:] for size in node.input_shape),
            tuple(node.output_shape[0][1:]),
        )
        for node in nodes.values()
    ]
    modules = sorted(item for item in theirs if item[0][0].isupper())
    assert sorted(item for item in found if item[0][0].isupper()) == modules
    assert len(found) == len(theirs)
