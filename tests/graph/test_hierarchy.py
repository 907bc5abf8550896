"""Opening and closing blocks: properties over made-up graphs, and the first view of real ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.hierarchy import (
    ancestors,
    default_expansion,
    drawn_edges,
    expand_to,
    visible,
    visible_name,
)
from cnn_explorer.graph.model import GraphEdge, LayerGraph, readable_label
from tests.graph.examples import foreign_graph, layer, layer_graphs, own_graph


@st.composite
def _views(draw: st.DrawFn) -> tuple[LayerGraph, frozenset[str]]:
    graph = draw(layer_graphs())
    blocks = [block.name for block in graph.blocks]
    chosen = draw(st.sets(st.sampled_from(blocks))) if blocks else set()
    return graph, frozenset(chosen)


@given(_views())
def test_every_layer_is_in_exactly_one_box(view: tuple[LayerGraph, frozenset[str]]) -> None:
    graph, expanded = view
    seen = visible(graph, expanded)
    names = [node.name for node in seen.nodes]
    assert len(set(names)) == len(names)
    boxes = {node.name: visible_name(graph, expanded, node.name) for node in graph.layers}
    assert set(boxes.values()) == set(names)
    assert sum(node.layers for node in seen.nodes) == len(graph.layers)


@given(_views())
def test_edges_are_those_of_the_layers(view: tuple[LayerGraph, frozenset[str]]) -> None:
    graph, expanded = view
    box = {node.name: visible_name(graph, expanded, node.name) for node in graph.layers}
    wanted = {(box[edge.source], box[edge.target]) for edge in drawn_edges(graph)}
    found = [(edge.source, edge.target) for edge in visible(graph, expanded).edges]
    assert set(found) == {(source, target) for source, target in wanted if source != target}
    assert len(set(found)) == len(found)


@given(_views())
def test_totals_do_not_depend_on_what_is_open(view: tuple[LayerGraph, frozenset[str]]) -> None:
    graph, expanded = view
    seen = visible(graph, expanded)
    assert sum(node.parameters for node in seen.nodes) == graph.parameters
    assert sum(node.macs for node in seen.nodes) == graph.macs


@given(_views(), st.data())
def test_a_layer_is_brought_to_light(
    view: tuple[LayerGraph, frozenset[str]], data: st.DataObject
) -> None:
    graph, expanded = view
    name = data.draw(st.sampled_from([node.name for node in graph.layers]))
    opened = expand_to(graph, expanded, name)
    assert opened >= expanded
    assert visible_name(graph, opened, name) == name
    assert name in {node.name for node in visible(graph, opened).nodes}


@given(layer_graphs())
def test_drawn_edges_reach_what_the_edges_reach(graph: LayerGraph) -> None:
    def reached(edges: tuple[GraphEdge, ...]) -> dict[str, set[str]]:
        before: dict[str, set[str]] = {node.name: set() for node in graph.layers}
        for node in graph.layers:
            for edge in edges:
                if edge.target == node.name:
                    before[node.name] |= {edge.source} | before[edge.source]
        return before

    old, new = reached(graph.edges), reached(drawn_edges(graph))
    assert all(old[name] <= new[name] for name in old)
    assert len(drawn_edges(graph)) <= len(graph.edges)


def test_a_concatenation_of_concatenations_takes_the_earlier_one() -> None:
    nodes = tuple(layer(name) for name in "abc")
    first, second = layer("ab", kind="concat"), layer("abc", kind="concat")
    shape = (8, 4, 4)
    edges = tuple(
        GraphEdge(source, target, shape)
        for source, target in [("a", "ab"), ("b", "ab"), ("a", "abc"), ("b", "abc"), ("c", "abc")]
    )
    graph = LayerGraph("", (*nodes[:2], first, nodes[2], second), (), edges)
    pairs = {(edge.source, edge.target) for edge in drawn_edges(graph)}
    assert pairs == {("a", "ab"), ("b", "ab"), ("ab", "abc"), ("c", "abc")}


def test_dense_edges_are_halved() -> None:
    graph = foreign_graph("densenet121")
    assert len(graph.edges) == 967
    assert len(drawn_edges(graph)) == 490


@pytest.mark.parametrize(
    ("name", "boxes", "frames"),
    [
        ("lenet5", 14, {"features", "classifier"}),
        ("alexnet", 14, {"features", "classifier"}),
        ("vgg16", 10, {"features"}),
        ("googlenet", 21, set()),
        ("resnet18", 12, {"layer1", "layer2", "layer3", "layer4"}),
        ("resnet50", 12, {"layer1", "layer2", "layer3", "layer4"}),
        ("resnet152", 12, {"layer1", "layer2", "layer3", "layer4"}),
        ("resnet110", 9, {"layer2", "layer3"}),
        ("densenet121", 12, {"features"}),
        ("densenet201", 12, {"features"}),
        ("squeezenet1_1", 14, {"features", "classifier"}),
    ],
)
def test_the_first_view_shows_the_plan(name: str, boxes: int, frames: set[str]) -> None:
    graph = own_graph(name)
    seen = visible(graph, default_expansion(graph))
    assert len(seen.nodes) == boxes
    assert set(seen.frames) == frames


def test_units_of_one_class_stay_closed_together() -> None:
    # some of MobileNet's inverted residuals have a shortcut and some have none
    graph = foreign_graph("mobilenet_v2")
    assert default_expansion(graph) == {"features"}


def test_names_and_captions_speak_to_people() -> None:
    graph = own_graph("resnet50")
    boxes = {node.name: node for node in visible(graph, default_expansion(graph)).nodes}
    assert boxes["layer3.0"].label == "layer3.0"
    assert boxes["layer3.0"].kind == "block"
    assert boxes["layer3.0"].caption == "Bottleneck, 12 layers"
    assert boxes["layer3.[1-5]"].label == "layer3.1 – 5"
    assert boxes["layer3.[1-5]"].caption == "Bottleneck, 50 layers"
    assert boxes["[conv1-maxpool]"].caption == "conv, pool, 4 layers"
    boxes = {node.name: node for node in visible(graph, frozenset(graph.block)).nodes}
    assert boxes["conv1"].caption == "7 × 7 conv, stride 2"
    assert boxes["maxpool"].caption == "3 × 3 max pool, stride 2"
    assert boxes["avgpool"].caption == "global average pool"
    assert boxes["fc"].caption == "2048 → 1000"
    assert readable_label("features.denseblock1.denselayer2.conv1") == "conv1"
    assert readable_label("layer1.0.downsample.0") == "downsample.0"


def test_ancestors_and_unknown_names() -> None:
    graph = own_graph("resnet18")
    assert ancestors(graph, "layer1.0.conv1") == ("layer1", "layer1.0")
    assert ancestors(graph, "layer1") == ()
    assert ancestors(graph, "conv1") == ("[conv1-maxpool]",)
    assert visible_name(graph, frozenset({"layer1"}), "layer1.0.conv1") == "layer1.0"
    assert visible_name(graph, frozenset({"layer1.0"}), "layer1.0.conv1") == "layer1"
    with pytest.raises(ExplorerError, match='no layer or block "layer9"'):
        ancestors(graph, "layer9")


def test_names_of_another_network_are_ignored() -> None:
    graph = own_graph("lenet5")
    assert visible(graph, frozenset({"layer1"})) == visible(graph, frozenset())
