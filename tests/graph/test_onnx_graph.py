"""The graphs of ONNX files: totals against the papers', blocks, settings, what a layer sees."""

from pathlib import Path

import pytest
from onnx import helper

from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import LayerGraph, Window
from cnn_explorer.graph.onnx_graph import onnx_graph
from cnn_explorer.networks.onnx_file import read_onnx
from cnn_explorer.networks.onnx_input import declared_input, guessed_input
from cnn_explorer.networks.onnx_layers import network_of
from tests.networks.onnx_files import LIGHT, light_files, model_of, saved, small_net, weights


def graph_of(path: Path) -> LayerGraph:
    file = read_onnx(path)
    return onnx_graph(network_of(file, guessed_input(file.model, declared_input(file.model))))


@pytest.mark.parametrize(
    ("name", "parameters", "macs"),
    [
        # as torchvision states them for the same architectures
        ("resnet50", 25_557_032, 4_089_184_256),
        ("vgg19", 143_667_240, 19_632_062_464),
    ],
)
def test_totals_are_the_known_ones(name: str, parameters: int, macs: int) -> None:
    graph = graph_of(LIGHT / f"light_{name}.onnx")
    assert graph.parameters == parameters
    assert graph.macs == macs


@pytest.mark.parametrize("path", light_files(), ids=lambda path: path.stem)
def test_light_models_are_whole_and_open_small(path: Path) -> None:
    graph = graph_of(path)
    names = [node.name for node in (*graph.layers, *graph.blocks)]
    assert len(set(names)) == len(names)
    assert all(layer.out_shape for layer in graph.layers)
    order = {layer.name: place for place, layer in enumerate(graph.layers)}
    assert all(order[edge.source] < order[edge.target] for edge in graph.edges)
    fed = {edge.target for edge in graph.edges}
    assert fed == set(order) - {"input"}
    for block in graph.blocks:
        parts = [graph.layer.get(name) or graph.block[name] for name in block.children]
        assert block.parameters == sum(part.parameters for part in parts)
        assert all(part.parent == block.name for part in parts)
    seen = visible(graph, default_expansion(graph))
    most = 60 if "shufflenet" in path.name else 17  # whose names tell of no blocks
    assert len(seen.nodes) <= most
    assert len(lay_out(seen).boxes) == len(seen.nodes)


def test_blocks_come_from_names() -> None:
    blocks = graph_of(LIGHT / "light_inception_v1.onnx").block
    assert {f"inception_{name}" for name in ("3a", "3b", "4a", "4e", "5b")} <= set(blocks)
    resnet = graph_of(LIGHT / "light_resnet50.onnx")
    units = {"res2.res2_0", "res3.res3_3", "res4.res4_5", "res5.res5_2"}
    assert units <= set(resnet.block)
    densenet = graph_of(LIGHT / "light_densenet121.onnx")
    assert {"conv2.conv2_6", "conv5.conv5_16.x2"} <= set(densenet.block)


def test_scopes_of_the_newer_exporter(tmp_path: Path) -> None:
    model = small_net()
    for node, scopes in zip(
        model.graph.node,
        (["", "body", "body.0", "conv2d"], ["", "body", "body.1", "relu"], ["", "mean"],
         ["", "view"], ["", "head", "linear"]),
        strict=True,
    ):  # fmt: skip
        entry = node.metadata_props.add()
        entry.key, entry.value = "pkg.torch.onnx.name_scopes", repr(scopes)
    graph = graph_of(saved(model, tmp_path / "net.onnx"))
    assert [layer.name for layer in graph.layers[1:-1]] == [
        "body.0", "body.1", "GlobalAveragePool", "Flatten", "head",
    ]  # fmt: skip
    assert graph.block["body"].children == ("body.0", "body.1")


def test_settings_and_what_a_layer_sees(tmp_path: Path) -> None:
    nodes = [
        helper.make_node(
            "Conv", ["x", "w"], ["c"], name="conv", strides=[2, 1], pads=[1, 0, 2, 1], group=3,
            dilations=[1, 2],
        ),
        helper.make_node(
            "MaxPool", ["c"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2],
            auto_pad="SAME_UPPER",
        ),
        helper.make_node("Softmax", ["p"], ["s"], name="softmax", axis=1),
        helper.make_node("GlobalAveragePool", ["s"], ["y"], name="mean"),
    ]  # fmt: skip
    graph = graph_of(saved(model_of(nodes, [weights("w", 6, 1, 3, 3)]), tmp_path / "net.onnx"))
    conv, pool = graph.layer["conv"], graph.layer["pool"]
    assert dict(conv.attributes) == {
        "in channels": "3", "out channels": "6", "kernel": "3 × 3", "stride": "2 × 1",
        "padding": "1 × 0 before, 2 × 1 after", "dilation": "1 × 2", "groups": "3", "bias": "no",
    }  # fmt: skip
    assert conv.out_shape == (6, 9, 13)
    assert conv.macs == 6 * 9 * 13 * 9
    assert conv.window == Window((3, 3), (2, 1), (1, 0), (1, 2))
    assert pool.window == Window((2, 2), (2, 2), (0, 0))
    assert pool.out_shape == (6, 5, 7)
    assert dict(pool.attributes)["padding"] == "same"
    assert graph.layer["softmax"].reach == "place"
    assert graph.layer["mean"].reach == "whole"


def test_a_weight_that_two_layers_share_counts_once(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="one", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "w"], ["y"], name="two", pads=[1, 1, 1, 1]),
    ]
    graph = graph_of(saved(model_of(nodes, [weights("w", 3, 3, 3, 3)]), tmp_path / "net.onnx"))
    assert [graph.layer[name].parameters for name in ("one", "two")] == [81, 0]
