"""Shortcuts are told by their wiring: as many of each sort as the papers say."""

from collections import Counter
from xml.etree import ElementTree

import pytest

from cnn_explorer.graph.drawing import branches, line_style
from cnn_explorer.graph.export import svg_bytes
from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import DrawingOptions, GraphEdge, LayerGraph, ShortcutKind
from cnn_explorer.graph.shortcuts import shortcut_notes, with_shortcuts
from cnn_explorer.graph.style import PLAIN_LINE, SHORTCUT_LINES, TRAINING_LINE
from cnn_explorer.networks.catalog import NETWORKS
from tests.graph.examples import foreign_graph, layer, own_graph

RESNETS = {"resnet18": 8, "resnet34": 16, "resnet50-v1": 16, "resnet50": 16, "resnet101": 33,
           "resnet152": 50}  # fmt: skip
"""ImageNet's, with their number of residual blocks (He et al. 2015, table 1)."""


def _counts(graph: LayerGraph) -> Counter[str]:
    return Counter(shortcut_notes(graph).values())


def test_all_residual_networks_of_the_catalogue_are_tested_here() -> None:
    cifar = {f"resnet{depth}{option}" for depth in (20, 32, 44, 56, 110)
             for option in ("", "-b", "-c")}  # fmt: skip
    assert {name for name in NETWORKS if name.startswith("resnet")} == set(RESNETS) | cifar


@pytest.mark.parametrize(("name", "blocks"), RESNETS.items())
def test_resnets_project_once_a_stage(name: str, blocks: int) -> None:
    # where sizes change; bottlenecks also before the first stage, from 64 to 256 maps
    expected = Counter({"identity": blocks - 3, "projection 1 × 1, stride 2": 3})
    if name not in ("resnet18", "resnet34"):
        expected = Counter({
            "identity": blocks - 4, "projection 1 × 1": 1, "projection 1 × 1, stride 2": 3,
        })  # fmt: skip
    assert _counts(own_graph(name)) == expected


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_options_a_b_and_c(depth: int) -> None:
    # section 4.2: 6n + 2 layers, so 3n blocks, and two of them begin a smaller stage
    blocks = (depth - 2) // 2
    assert _counts(own_graph(f"resnet{depth}")) == {"identity": blocks - 2, "zero padding": 2}
    assert _counts(own_graph(f"resnet{depth}-b")) == {
        "identity": blocks - 2, "projection 1 × 1, stride 2": 2,
    }  # fmt: skip
    assert _counts(own_graph(f"resnet{depth}-c")) == {
        "projection 1 × 1": blocks - 2, "projection 1 × 1, stride 2": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "identities"),
    [
        ("resnet18", 5),
        ("resnext50_32x4d", 12),
        # inverted residuals whose stride is 1 and whose width stays: n - 1 of each row of table 2
        # in Sandler et al. 2018
        ("mobilenet_v2", 10),
        # Tan and Le 2019, table 1: 16 blocks in 7 stages, the first of each has none
        ("efficientnet_b0", 9),
    ],
)
def test_foreign_networks(name: str, identities: int) -> None:
    counts = _counts(foreign_graph(name))
    assert counts.pop("identity") == identities
    assert all(note.startswith("projection 1 × 1") for note in counts)
    assert bool(counts) == name.startswith("res")


def test_stochastic_depth_is_on_the_main_way() -> None:
    graph = foreign_graph("efficientnet_b0")
    (main,) = [edge for edge in graph.edges
               if edge.target == "features.2.1.add" and not edge.shortcut]  # fmt: skip
    assert main.source == "features.2.1.stochastic_depth"


@pytest.mark.parametrize(
    "name",
    ["lenet5", "vgg16", "googlenet", "densenet121", "densenet201", "plain20", "squeezenet1_1"],
)
def test_others_have_none(name: str) -> None:
    assert not any(edge.shortcut for edge in own_graph(name).edges)


def _wired(*edges: tuple[str, str]) -> LayerGraph:
    names = dict.fromkeys(name for edge in edges for name in edge)
    kinds = {"a": "add", "c": "conv", "n": "norm", "i": "input", "p": "pool", "m": "other"}
    layers = tuple(layer(name, kind=kinds[name[0]]) for name in sorted(names, key=_number))
    return with_shortcuts(
        LayerGraph("", layers, (), tuple(GraphEdge(s, t, (8, 4, 4)) for s, t in edges))
    )


def _number(name: str) -> int:
    return int(name[1:])


def test_all_of_a_projections_way_is_marked() -> None:
    graph = _wired(("i0", "c1"), ("c1", "c2"), ("c2", "a6"), ("i0", "p3"), ("p3", "c4"),
                   ("c4", "n5"), ("n5", "a6"))  # fmt: skip
    marked = {(edge.source, edge.target) for edge in graph.edges if edge.shortcut == "projection"}
    assert marked == {("i0", "p3"), ("p3", "c4"), ("c4", "n5"), ("n5", "a6")}


def test_what_is_no_shortcut() -> None:
    as_much = _wired(("i0", "c1"), ("c1", "a3"), ("i0", "c2"), ("c2", "a3"))
    three = _wired(("i0", "c1"), ("c1", "a3"), ("i0", "n2"), ("n2", "a3"), ("i0", "a3"))
    other = _wired(("i0", "c1"), ("c1", "a3"), ("i0", "m2"), ("m2", "a3"))
    for graph in (as_much, three, other):
        assert not any(edge.shortcut for edge in graph.edges)


def test_a_branched_main_way_is_gone_past() -> None:
    # as an Inception-ResNet's: two ways meet in another layer before the addition
    graph = _wired(("i0", "c1"), ("i0", "c2"), ("c1", "m3"), ("c2", "m3"), ("m3", "c4"),
                   ("c4", "a5"), ("i0", "a5"))  # fmt: skip
    assert [(e.source, e.target) for e in graph.edges if e.shortcut] == [("i0", "a5")]


def test_closed_blocks_keep_what_their_lines_are() -> None:
    graph = own_graph("resnet18")
    seen = visible(graph, frozenset({"layer2", "layer2.0"}))  # its downsample stays closed
    marked = {(edge.source, edge.target): edge.shortcut for edge in seen.edges if edge.shortcut}
    assert marked == {
        ("layer1", "layer2.0.downsample"): "projection",
        ("layer2.0.downsample", "layer2.0.add"): "projection",
    }
    layout = lay_out(seen)
    notes = {edge.target: edge.note for edge in layout.edges if edge.note}
    assert notes == {"layer2.0.add": "projection 1 × 1, stride 2"}
    # a line that stands for a shortcut and what it leads past is a plain one
    assert not any(edge.shortcut for edge in visible(graph, default_expansion(graph)).edges)


@pytest.mark.parametrize("name", ["resnet18", "resnet20", "resnet20-c", "resnet50"])
@pytest.mark.parametrize("direction", ["down", "right"])
def test_each_shortcut_is_labelled_once(name: str, direction: str) -> None:
    graph = own_graph(name)
    options = DrawingOptions(direction=direction)  # type: ignore[arg-type]
    layout = lay_out(visible(graph, frozenset(graph.block)), options)
    notes = {edge.target: edge.note for edge in layout.edges if edge.note}
    assert notes == shortcut_notes(graph)


def test_operands_are_counted_before_lines_are_spared() -> None:
    graph = own_graph("densenet121")
    nodes = {node.name: node for node in visible(graph, frozenset(graph.block)).nodes}
    # Huang et al. 2017: layer l takes all l maps before it; the block gives all of them
    block = "features.denseblock1."
    concats = [node.operands for name, node in nodes.items()
               if node.kind == "concat" and name.startswith(block)]  # fmt: skip
    assert max(concats) == 7
    assert sorted(concats) == list(range(concats[0], 8))
    inception = own_graph("googlenet")
    nodes = {node.name: node for node in visible(inception, frozenset(inception.block)).nodes}
    assert {node.operands for node in nodes.values() if node.kind == "concat"} == {4}
    assert {node.operands for node in nodes.values() if node.kind == "conv"} == {0}


def test_lines_differ_in_more_than_colour() -> None:
    looks = [(line.width, line.dash) for line in
             (PLAIN_LINE, TRAINING_LINE, *SHORTCUT_LINES.values())]  # fmt: skip
    assert len(set(looks)) == len(looks)


def test_a_shortcut_is_drawn_from_where_it_leaves_the_main_line() -> None:
    graph = own_graph("resnet18")
    layout = lay_out(visible(graph, frozenset(graph.block)))
    ways = branches(layout.edges)
    (edge,) = [e for e in layout.edges if e.target == "layer1.1.add" and e.shortcut]
    assert line_style(edge) is SHORTCUT_LINES["identity"]
    whole, drawn = edge.points, ways[edge.source, edge.target]
    assert drawn[1:] == whole[1:]
    assert whole[0][1] < drawn[0][1] < whole[1][1]
    plain = next(e for e in layout.edges if e.target == "layer1.1.conv1")
    assert ways[plain.source, plain.target] == plain.points


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [("resnet20", "zero padding", "zero padding"),
     ("resnet20-b", "projection 1 × 1, stride 2", "projection")],
)  # fmt: skip
def test_exported_pictures_say_what_shortcuts_are(name: str, said: str, kind: ShortcutKind) -> None:
    graph = own_graph(name)
    svg = ElementTree.fromstring(svg_bytes(lay_out(visible(graph, frozenset(graph.block))), name))
    texts = Counter(element.text for element in svg.iter("{http://www.w3.org/2000/svg}text"))
    assert texts[said] == 2
    assert texts["identity"] == 7
    assert texts[SHORTCUT_LINES[kind].title] == texts["Identity shortcut"] == 1  # the legend
    dashes = Counter(element.get("stroke-dasharray") for element in svg.iter())
    stroke, gap = SHORTCUT_LINES[kind].dash
    assert dashes[f"{stroke:g} {gap:g}"] >= 4  # two lines to the addition each, and the legend
    assert texts["2"] == 9  # operands of each addition
