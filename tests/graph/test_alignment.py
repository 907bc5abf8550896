"""Layers beside each other: what a person would choose, and never anything that is not there."""

import math
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.alignment import ANSWER, AlignedRow, Rule, align
from cnn_explorer.graph.model import LayerGraph, LayerNode
from cnn_explorer.graph.module_tree import layer_graph
from cnn_explorer.graph.numbers import WHOLE_PICTURE, Numbers
from cnn_explorer.graph.onnx_graph import onnx_graph
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import ALL
from cnn_explorer.networks.onnx_file import read_onnx
from cnn_explorer.networks.onnx_input import declared_input, guessed_input
from cnn_explorer.networks.onnx_layers import network_of
from tests.graph.examples import layer_graphs
from tests.networks.onnx_files import LIGHT

RULES: tuple[Rule, ...] = ("stride", "depth", "receptive")
NAMES = (
    "alexnet", "vgg16", "googlenet", "resnet18", "resnet50", "densenet121", "resnet20",
    "squeezenet1_1", "torchvision/mobilenet_v2", "torchvision/mobilenet_v3_small",
    "torchvision/swin_t", "torchvision/vit_b_16", "lenet5",
)  # fmt: skip


@cache
def graph_of(name: str) -> LayerGraph:
    card = ALL[name]
    return layer_graph(build_empty(card), card.preprocessing.input_shape, network=name)


def column(name: str, rule: Rule, rows: int = 6) -> dict[str, str]:
    """What one network alone has, by label."""
    return {row.label: row.layers[0] or "" for row in align([graph_of(name)], rule, rows=rows)}


STRIDES = {
    # AlexNet has strides of its own: its first convolution has stride 4
    "alexnet": {4: "features.1", 8: "features.4", 16: "features.11", 32: "features.12"},
    # response normalisation between ReLU and pooling is no other place
    "alexnet-2012": {4: "features.relu1", 8: "features.relu2", 16: "features.relu5",
                     32: "features.pool5"},
    "zfnet": {2: "features.relu1", 4: "features.pool1", 8: "features.relu2", 16: "features.relu5",
              32: "features.pool5"},
    # the last ReLU before each pooling
    "vgg16": {1: "features.3", 2: "features.8", 4: "features.15", 8: "features.22",
              16: "features.29", 32: "features.30"},
    "googlenet": {2: "conv1.relu", 4: "conv3.relu", 8: "inception3b.concat",
                  16: "inception4e.concat", 32: "inception5b.concat"},
    "resnet18": {2: "relu", 4: "layer1.1.relu2", 8: "layer2.1.relu2", 16: "layer3.1.relu2",
                 32: "layer4.1.relu2"},
    "resnet50": {2: "relu", 4: "layer1.2.relu3", 8: "layer2.3.relu3", 16: "layer3.5.relu3",
                 32: "layer4.2.relu3"},
    "resnet20": {1: "layer1.2.relu2", 2: "layer2.2.relu2", 4: "layer3.2.relu2"},
    # a transition halves the maps; the block before it is what is seen
    "densenet121": {2: "features.relu0", 4: "features.denseblock1.concat",
                    8: "features.denseblock2.concat", 16: "features.denseblock3.concat",
                    32: "relu"},
    # its classifier is a convolution: not seen as stride 16, but as the answer
    "squeezenet1_1": {2: "features.1", 4: "features.4.concat", 8: "features.7.concat",
                      16: "features.12.concat"},
    # a block with stride 2 widens its maps first, which is no place to look at
    "torchvision/mobilenet_v2": {2: "features.1.conv.2", 4: "features.3.add", 8: "features.6.add",
                                 16: "features.13.add", 32: "features.18.2"},
    # squeeze and excitation sees the whole picture, yet maps have a stride
    "torchvision/mobilenet_v3_small": {2: "features.0.2", 4: "features.1.block.2.1",
                                       8: "features.3.add", 16: "features.8.add",
                                       32: "features.12.2"},
    "torchvision/swin_t": {4: "features.1.1.add#2", 8: "features.3.1.add#2",
                           16: "features.5.5.add#2", 32: "features.7.1.add#2"},
    # 196 tokens lie on the picture, and one is the class's
    "torchvision/vit_b_16": {16: "encoder.ln"},
    # within a block attention works on windows, which are no maps
    "torchvision/maxvit_t": {2: "stem.1.0", 4: "blocks.0.layers.1.layers.MBconv.add",
                             8: "blocks.1.layers.1.layers.MBconv.add",
                             16: "blocks.2.layers.4.layers.MBconv.add",
                             32: "blocks.3.layers.1.layers.MBconv.add"},
}  # fmt: skip


@pytest.mark.parametrize("name", STRIDES)
def test_the_last_of_each_stride(name: str) -> None:
    found = column(name, "stride", rows=7)
    answer = found.pop(ANSWER)
    assert found == {f"stride {stride}": layer for stride, layer in STRIDES[name].items()}
    assert graph_of(name).layer[answer].out_shape[0] in (10, 1000)


def test_networks_meet_at_the_strides_they_share() -> None:
    rows = align([graph_of("alexnet"), graph_of("vgg16"), graph_of("resnet20")], "stride")
    assert [row.label for row in rows] == [
        "stride 2", "stride 4", "stride 8", "stride 16", "stride 32", ANSWER,
    ]  # fmt: skip
    assert rows[0].layers == (None, "features.8", "layer2.2.relu2")
    assert rows[1].layers == ("features.1", "features.15", "layer3.2.relu2")
    assert rows[4].layers == ("features.12", "features.30", None)
    assert rows[5].layers == ("classifier.6", "classifier.6", "linear")


def test_by_depth() -> None:
    """VGG-16's convolutions are 13 of 16; where a network is flat already nothing is shown."""
    rows = align([graph_of("vgg16"), graph_of("alexnet"), graph_of("resnet18")], "depth", rows=4)
    assert rows == (
        AlignedRow("25 % of the depth", ("features.8", "features.4", "layer1.1.relu2")),
        AlignedRow("50 % of the depth", ("features.18", "features.9", "layer2.1.relu2")),
        AlignedRow("75 % of the depth", ("features.27", "features.11", "layer3.1.relu2")),
        AlignedRow(ANSWER, ("classifier.6", "classifier.6", "fc")),
    )


def test_by_depth_blocks_are_over() -> None:
    """Not half-way through a Fire module or an inverted residual."""
    for name in ("squeezenet1_1", "torchvision/mobilenet_v3_small"):
        found = column(name, "depth")
        del found[ANSWER]
        assert all(layer.endswith((".concat", ".add", ".1", ".2")) for layer in found.values())
        assert not any("squeeze" in layer or "block.0" in layer for layer in found.values())


def test_by_receptive_field() -> None:
    graphs = [graph_of("alexnet"), graph_of("resnet18")]
    rows = align(graphs, "receptive", rows=6)
    assert rows[0] == AlignedRow("receptive field about 11", ("features.1", None))
    assert rows[-2].layers == ("features.11", "layer3.0.relu2")  # 163 and 147
    for row in rows[:-1]:
        wanted = float(row.label.rsplit(" ", 1)[1])
        for graph, name in zip(graphs, row.layers, strict=True):
            if name is not None:
                size = Numbers(graph).value(name, "receptive")
                assert size is not None
                assert abs(math.log(size / wanted)) < math.log(163 / 11) / 8 + 0.05


def test_by_hand() -> None:
    graphs = [graph_of("alexnet"), graph_of("resnet18")]
    rows = align(graphs, "hand", pinned=[("features.1", "layer1"), (None, "layer4.0.conv1")])
    assert rows == (
        AlignedRow("pinned 1", ("features.1", "layer1")),
        AlignedRow("pinned 2", (None, "layer4.0.conv1")),
    )
    assert align(graphs, "hand") == ()
    with pytest.raises(ExplorerError, match='resnet18 has no layer "layer9"'):
        align(graphs, "hand", pinned=[("features.1", "layer9")])
    with pytest.raises(ExplorerError, match="3 layers for 2 networks"):
        align(graphs, "hand", pinned=[("features.1", "layer1", None)])


def test_an_onnx_file_takes_part() -> None:
    """Its blocks have names of their own; what is chosen has the same shapes and the same place."""
    file = read_onnx(LIGHT / "light_resnet50.onnx")
    made = guessed_input(file.model, declared_input(file.model))
    found = onnx_graph(network_of(file, made))
    graphs = [graph_of("resnet50"), found]
    for rule in RULES:
        for row in align(graphs, rule):
            ours, theirs = row.layers
            assert ours is not None
            assert theirs is not None
            assert graphs[0].layer[ours].out_shape == found.layer[theirs].out_shape
            assert graphs[0].receptive_fields[ours] == found.receptive_fields[theirs]


def modules_alone() -> LayerGraph:
    layers = [LayerNode(f"conv{n}", "", "conv", "Conv2d", (), (), 10, 0) for n in range(1, 9)]
    layers.append(LayerNode("fc", "", "linear", "Linear", (), (), 10, 0))
    return LayerGraph("mine", tuple(layers), (), (), note="Only the modules are shown.")


@pytest.mark.parametrize("rule", RULES)
def test_what_cannot_be_followed_goes_by_order(rule: Rule) -> None:
    alone = align([modules_alone()], rule, rows=5)
    assert [row.layers for row in alone] == [
        ("conv2",), ("conv4",), ("conv6",), ("conv8",), ("fc",),
    ]  # fmt: skip
    with_other = align([graph_of("resnet18"), modules_alone()], rule, rows=5)
    assert with_other[-1].layers == ("fc", "fc")
    assert all(row.layers[0] and row.layers[1] for row in with_other)


def check(graphs: list[LayerGraph], rule: Rule, rows: tuple[AlignedRow, ...], most: int) -> None:
    assert len(rows) <= most
    assert len({row.label for row in rows}) == len(rows)
    assert align(graphs, rule, rows=most) == rows
    for number, graph in enumerate(graphs):
        place = {layer.name: at for at, layer in enumerate(graph.layers)}
        names = [row.layers[number] for row in rows]
        found = [name for name in names if name is not None]
        assert set(found) <= set(place)
        assert all(place[a] < place[b] for a, b in pairwise(found))
        assert not any(graph.layer[name].training_only for name in found)
        for row in rows:
            name = row.layers[number]
            if name is not None and row.label != ANSWER and not graph.note:
                assert len(graph.layer[name].out_shape) > 1


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("most", [0, 1, 3, 6, 9])
def test_all_together(rule: Rule, most: int) -> None:
    graphs = [graph_of(name) for name in NAMES]
    check(graphs, rule, align(graphs, rule, rows=most), most)
    for graph in graphs:
        check([graph], rule, align([graph], rule, rows=most), most)


def test_strides_of_a_row_are_equal() -> None:
    graphs = [graph_of(name) for name in NAMES if name != "lenet5"]  # which does not pad
    for row in align(graphs, "stride", rows=9)[:-1]:
        wanted = int(row.label.split()[1])
        for graph, name in zip(graphs, row.layers, strict=True):
            if name is None:
                continue
            numbers = Numbers(graph)
            if numbers.value(name, "receptive") != WHOLE_PICTURE:
                assert numbers.value(name, "stride") in (wanted, None)
            shape = graph.layer[name].out_shape
            side = ALL[graph.network].preprocessing.crop
            if len(shape) == 2:
                assert shape[0] == (side // wanted) ** 2 + 1  # tokens, and the class's
                continue
            height = shape[0] if shape[0] == shape[1] != shape[2] else shape[1]
            assert height == pytest.approx(side / wanted, abs=3)


@settings(max_examples=80, deadline=None)
@given(st.lists(layer_graphs(), min_size=1, max_size=3), st.sampled_from(RULES), st.integers(0, 8))
def test_any_graphs(graphs: list[LayerGraph], rule: Rule, most: int) -> None:
    check(graphs, rule, align(graphs, rule, rows=most), most)
