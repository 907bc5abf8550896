"""Every network of the catalogue, all of torchvision's classifiers among them, draws."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from cnn_explorer.graph.export import svg_bytes
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
