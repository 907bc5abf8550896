"""Layer graphs for the tests of this folder: made by hand, by Hypothesis, and of real networks."""

from functools import cache

import torch
from hypothesis import strategies as st
from torch import nn

from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import BlockNode, GraphEdge, LayerGraph, LayerNode
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.networks.torchvision_models import import_torchvision

TORCHVISION = (
    "alexnet", "vgg11_bn", "vgg16", "googlenet", "resnet18", "resnet50", "resnext50_32x4d",
    "densenet121", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_small", "efficientnet_b0",
    "mnasnet0_5", "wide_resnet50_2",
)  # fmt: skip


def foreign_model(name: str) -> nn.Module:
    """One of torchvision's classifiers, in eval mode and without weights (on meta)."""
    options = {"weights": None}
    if name == "googlenet":
        options |= {"init_weights": False, "aux_logits": True}
    with torch.device("meta"):
        model = getattr(import_torchvision().models, name)(**options)
    return model.eval()


@cache
def foreign_graph(name: str) -> LayerGraph:
    return extract(foreign_model(name), (3, 224, 224), network=name)


@cache
def own_graph(name: str) -> LayerGraph:
    card = NETWORKS[name]
    return extract(build_empty(card), card.preprocessing.input_shape, network=name)


def layer(name: str, parent: str = "", kind: str = "conv", **more: object) -> LayerNode:
    fields = {
        "type_name": "Conv2d", "in_shapes": ((8, 4, 4),), "out_shape": (8, 4, 4),
        "parameters": 10, "macs": 100,
    } | more  # fmt: skip
    return LayerNode(name=name, parent=parent, kind=kind, **fields)  # type: ignore[arg-type]


@st.composite
def layer_graphs(draw: st.DrawFn) -> LayerGraph:
    """Graphs as networks have them: nested blocks, each layer fed by earlier ones."""
    blocks: dict[str, list[str]] = {"": []}
    layers: list[LayerNode] = [layer("input", kind="input", parameters=0, macs=0)]
    blocks[""].append("input")
    scope = ""
    for number in range(draw(st.integers(1, 14))):
        move = draw(st.sampled_from(("stay", "open", "close")))
        if move == "open" and scope.count(".") < 3:
            name = f"{scope}.block{number}" if scope else f"block{number}"
            blocks[scope].append(name)
            blocks[name] = []
            scope = name
        elif move == "close" and blocks[scope]:
            scope = scope.rpartition(".")[0]
        name = f"{scope}.layer{number}" if scope else f"layer{number}"
        kind = draw(st.sampled_from(("conv", "activation", "add", "concat")))
        shape = (draw(st.sampled_from((8, 16))), 4, 4)
        parameters = draw(st.integers(0, 1000))
        layers.append(layer(name, scope, kind, out_shape=shape, parameters=parameters))
        blocks[scope].append(name)
    edges = []
    for at, target in enumerate(layers[1:], start=1):
        sources = draw(st.sets(st.integers(0, at - 1), max_size=3)) | {
            at - 1 if draw(st.booleans()) else draw(st.integers(0, at - 1))
        }
        edges += [
            GraphEdge(layers[i].name, target.name, layers[i].out_shape) for i in sorted(sources)
        ]

    def inside(name: str) -> list[LayerNode]:
        return [node for node in layers if node.name.startswith(f"{name}.")]

    nodes = tuple(
        BlockNode(
            name=name,
            parent=name.rpartition(".")[0],
            type_name=draw(st.sampled_from(("Sequential", "Block"))),
            children=tuple(children),
            parameters=sum(node.parameters for node in inside(name)),
            macs=sum(node.macs for node in inside(name)),
            out_shape=(8, 4, 4),
        )
        for name, children in blocks.items()
        if name
    )
    return LayerGraph("drawn", tuple(layers), nodes, tuple(edges))
