"""How deep one looks into a network: what opens at which depth."""

import pytest
from hypothesis import given

from cnn_explorer.graph.hierarchy import (
    ancestors,
    deepest,
    default_expansion,
    depth_of,
    depth_shown,
    expanded_to_depth,
    visible,
)
from cnn_explorer.graph.model import LayerGraph
from tests.graph.examples import layer_graphs, own_graph


@given(layer_graphs())
def test_each_depth_opens_what_the_one_before_showed_closed(graph: LayerGraph) -> None:
    most = deepest(graph)
    assert expanded_to_depth(graph, 0) == frozenset()
    assert expanded_to_depth(graph, most) == frozenset(graph.block)
    for depth in range(most + 1):
        expanded = expanded_to_depth(graph, depth)
        for name in expanded:  # what is open is seen to be open
            assert set(ancestors(graph, name)) <= expanded
        shown = {node.name for node in visible(graph, expanded).nodes}
        for name in shown & set(graph.block):
            assert depth_of(graph, name) == depth + 1
        assert depth_shown(graph, expanded) == depth
        for name in shown & set(graph.layer):
            assert depth_of(graph, name) <= depth


def test_a_run_opens_together_with_the_blocks_in_it() -> None:
    graph = own_graph("resnet152")
    run = next(name for name in graph.block if name.startswith("layer3.["))
    assert (depth_of(graph, "layer3"), depth_of(graph, run)) == (1, 2)
    assert depth_of(graph, "layer3.0") == depth_of(graph, "layer3.20") == 2
    one = {node.name for node in visible(graph, expanded_to_depth(graph, 1)).nodes}
    assert {"layer3.0", run} <= one
    two = {node.name for node in visible(graph, expanded_to_depth(graph, 2)).nodes}
    assert {"layer3.0.conv2", "layer3.20.conv2"} <= two


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "vgg16", "densenet121"])
def test_the_first_view_is_near_a_depth(name: str) -> None:
    graph = own_graph(name)
    depth = depth_shown(graph, default_expansion(graph))
    assert 0 <= depth < deepest(graph)


def test_a_network_without_blocks_has_no_depth() -> None:
    graph = LayerGraph("flat", own_graph("lenet5").layers[:1], (), ())
    assert deepest(graph) == depth_shown(graph, frozenset()) == 0
    assert expanded_to_depth(graph, 5) == frozenset()
