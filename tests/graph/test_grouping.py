"""Runs of equal blocks and stages of layers: what is grouped, and that nothing is lost."""

import itertools

import pytest
from hypothesis import given

from cnn_explorer.graph.grouping import grouped
from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.model import GraphEdge, LayerGraph, readable_label
from tests.graph.examples import foreign_graph, layer, layer_graphs, own_graph


def groups(graph: LayerGraph, sort: str) -> dict[str, int]:
    return {
        block.name: block.repeats if sort == "run" else len(block.children)
        for block in graph.blocks
        if block.group == sort
    }


@given(layer_graphs())
def test_layers_edges_and_totals_stay(graph: LayerGraph) -> None:
    found = grouped(graph)
    assert [node.name for node in found.layers] == [node.name for node in graph.layers]
    assert found.edges == graph.edges
    assert (found.parameters, found.macs) == (graph.parameters, graph.macs)
    kept = [block.name for block in found.blocks if not block.group]
    assert kept == [block.name for block in graph.blocks]
    for block in found.blocks:
        parts = [found.layer.get(name) or found.block[name] for name in block.children]
        assert {part.parent for part in parts} == {block.name}
        assert block.macs == sum(part.macs for part in parts)
    inside = [name for block in found.blocks for name in block.children]
    assert len(set(inside)) == len(inside)
    assert grouped(found) == found


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        # He et al. 2015, table 1: 3, 8, 36, 3 blocks; the first of each changes the shape
        ("resnet152", {"layer1.[1-2]": 2, "layer2.[1-7]": 7, "layer3.[1-35]": 35,
                       "layer4.[1-2]": 2}),
        ("resnet50", {"layer1.[1-2]": 2, "layer2.[1-3]": 3, "layer3.[1-5]": 5, "layer4.[1-2]": 2}),
        ("googlenet", {}),
        ("vgg16", {}),
        # Huang et al. 2017, table 1: 6, 12, 48, 32 layers
        ("densenet201", {"features.denseblock1.[denselayer1-denselayer6]": 6,
                         "features.denseblock2.[denselayer1-denselayer12]": 12,
                         "features.denseblock3.[denselayer1-denselayer48]": 48,
                         "features.denseblock4.[denselayer1-denselayer32]": 32}),
    ],
)  # fmt: skip
def test_runs_of_the_papers(name: str, runs: dict[str, int]) -> None:
    assert groups(own_graph(name), "run") == runs


def test_a_stage_of_equal_blocks_alone_says_how_many() -> None:
    graph = own_graph("resnet110")
    assert graph.block["layer1"].repeats == 18
    assert graph.block["layer1"].children[:2] == ("layer1.0", "layer1.1")
    assert groups(graph, "run") == {"layer2.[1-17]": 17, "layer3.[1-17]": 17}


def test_vgg_has_the_papers_stages() -> None:
    graph = own_graph("vgg16")
    names = list(groups(graph, "stage"))
    assert names == [
        "features.[0-4]", "features.[5-9]", "features.[10-16]", "features.[17-23]",
        "features.[24-30]",
    ]  # fmt: skip
    convolutions = [
        sum(graph.layer[part].kind == "conv" for part in graph.block[name].children)
        for name in names
    ]
    assert convolutions == [2, 2, 3, 3, 3]
    assert [graph.block[name].out_shape[0] for name in names] == [64, 128, 256, 512, 512]


def test_small_networks_have_no_stages() -> None:
    graph = own_graph("lenet5")
    assert not any(block.group for block in graph.blocks)


def test_transformers_repeat_their_encoder() -> None:
    graph = foreign_graph("mobilenet_v2")
    assert graph.block["features.[5-6]"].repeats == 2


def test_equal_blocks_side_by_side_are_no_run() -> None:
    graph = own_graph("googlenet")
    assert all(block.repeats == 0 for block in graph.blocks)


def test_a_group_stands_for_its_last_module() -> None:
    graph = own_graph("resnet152")
    assert graph.module_of("layer3.[1-35]") == "layer3.35"
    assert graph.module_of("[conv1-maxpool]") == "maxpool"
    assert graph.module_of("layer3") == "layer3"
    assert graph.module_of("conv1") == "conv1"


def test_a_closed_run_is_one_box_with_its_count() -> None:
    graph = own_graph("resnet152")
    (box,) = (node for node in visible(graph, frozenset({"layer3"})).nodes if node.repeats == 35)
    assert box.name == "layer3.[1-35]"
    assert box.parameters == sum(graph.block[f"layer3.{n}"].parameters for n in range(1, 36))
    assert box.out_shape == (1024, 14, 14)


def test_labels_of_groups() -> None:
    assert readable_label("layer3.[1-35]") == "layer3.1 – 35"
    assert readable_label("features.[0-4]") == "features.0 – 4"
    assert readable_label("features.d1.[denselayer1-denselayer12]") == "denselayer1 – 12"
    assert readable_label("[conv1-maxpool]") == "conv1 – maxpool"
    assert readable_label("x.[5-norm]") == "x.5 – norm"


def test_a_layer_that_is_looked_at_from_elsewhere_ends_a_stage() -> None:
    names = ["input", "a", "b", "c", "d", "e"]
    nodes = [layer(name, kind="input" if name == "input" else "conv") for name in names]
    nodes += [layer(f"more{number}", "block") for number in range(16)]
    chain = [GraphEdge(a, b, (8, 4, 4)) for a, b in itertools.pairwise(names)]
    joined = LayerGraph("", tuple(nodes[:6]), (), (*chain, GraphEdge("b", "e", (8, 4, 4))))
    assert groups(grouped(joined), "stage") == {}
