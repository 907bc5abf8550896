"""torchview and the layer graph name the same modules, shapes and connections."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchview import draw_graph

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.module_tree import module_tree
from cnn_explorer.graph.second_opinion import Opinion, second_opinion
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import ALL, NETWORKS

_SLOW = frozenset(
    f"torchvision/{name}"
    for name in (
        "convnext_large", "densenet161", "efficientnet_b4", "efficientnet_b5", "efficientnet_b6",
        "efficientnet_b7", "efficientnet_v2_m", "efficientnet_v2_l", "regnet_y_32gf",
        "regnet_y_128gf", "resnext101_64x4d", "swin_s", "swin_b", "swin_v2_s", "swin_v2_b",
        "vit_h_14",
    )
)  # fmt: skip
"""Larger ones of families that are here already."""
_OF_TWO_MINDS = "torchvision/maxvit_t"


def _opinion(name: str) -> Opinion:
    card = ALL[name]
    model, shape = build_empty(card), card.preprocessing.input_shape
    return second_opinion(model, shape, extract(model, shape, network=name))


@pytest.mark.parametrize(
    "name", [*NETWORKS, *sorted(ALL.keys() - NETWORKS - {_OF_TWO_MINDS} - _SLOW)]
)
def test_torchview_agrees(name: str) -> None:
    # what is computed from weights and no picture (Swin's biases by position) is no layer to either
    opinion = _opinion(name)
    assert (opinion.only_ours, opinion.only_theirs) == ((), ())
    assert opinion.agrees
    assert opinion.calls > 5
    assert opinion.connections > opinion.calls


def test_torchview_takes_what_goes_beside_an_identity_for_its_output() -> None:
    # MaxViT's shortcut is an `nn.Identity` where nothing changes shape. It gives the very tensor
    # that it was given, so to torchview whatever takes that tensor afterwards, which is the main
    # branch, follows the identity. In the code both branches begin at the same tensor
    opinion = _opinion(_OF_TWO_MINDS)
    projections = {
        name
        for name, module in build_empty(ALL[_OF_TWO_MINDS]).named_modules()
        if name.endswith(".MBconv.proj") and isinstance(module, nn.Identity)
    }
    heads = [f"{name.removesuffix('.proj')}.layers.pre_norm" for name in sorted(projections)]
    assert list(opinion.only_theirs) == [
        f"{head.removesuffix('.layers.pre_norm')}.proj to {head}" for head in heads
    ]
    assert [told.partition(" to ")[2] for told in opinion.only_ours] == heads
    assert all("grid_attention.departition_op to " in told for told in opinion.only_ours)
    assert not opinion.agrees


@pytest.mark.parametrize(
    "name", ["alexnet-2012", "googlenet", "densenet121", "torchvision/mobilenet_v3_small"]
)
def test_torchview_sees_as_many_functions(name: str) -> None:
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


class _Crossing(nn.Module):
    """A module called twice, functions between modules, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.act = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, 2), nn.ReLU()

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        left = self.act(self.left(picture)) * 2
        right = self.act(self.right(picture * 3).flatten(2))
        return left.mean((2, 3)) + right.mean(2), right


def _crossing() -> tuple[nn.Module, LayerGraph]:
    model = _Crossing()
    return model, extract(model, (3, 8, 8))


def test_calls_are_told_apart_and_functions_passed_over() -> None:
    model, graph = _crossing()
    opinion = second_opinion(model, (3, 8, 8), graph)
    assert opinion.sentence == (
        "torchview sees the same: 4 calls of modules and 7 connections between them."
    )
    assert opinion.agrees


def test_a_missing_connection_a_false_shape_and_a_missing_layer_are_found() -> None:
    model, graph = _crossing()
    unlinked = tuple(e for e in graph.edges if e.target != "act#2")
    opinion = second_opinion(model, (3, 8, 8), replace(graph, edges=unlinked))
    assert opinion.only_ours == ()
    assert opinion.only_theirs == ("right to act#2",)
    assert opinion.sentence == (
        "torchview sees another network: right to act#2 in torchview's alone."
    )
    layers = tuple(
        replace(layer, out_shape=(5, 8, 8)) if layer.name == "left" else layer
        for layer in graph.layers
    )
    opinion = second_opinion(model, (3, 8, 8), replace(graph, layers=layers))
    assert opinion.only_ours == ("left gives 5 × 8 × 8",)
    assert opinion.only_theirs == ("left gives 4 × 8 × 8",)
    layers = tuple(layer for layer in graph.layers if layer.name != "act")
    opinion = second_opinion(model, (3, 8, 8), replace(graph, layers=layers))
    assert "act gives 4 × 8 × 8" in opinion.only_theirs
    assert "left to output" in opinion.only_ours


def test_the_network_is_left_as_it_was() -> None:
    model, graph = _crossing()
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    called = nn.Module.__call__
    second_opinion(model, (3, 8, 8), graph)
    assert model.training
    assert nn.Module.__call__ is called
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


class _Choosy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, picture: Tensor) -> Tensor:
        return self.conv(picture) if picture.sum() > 0 else picture


def test_a_network_that_cannot_be_followed_is_said_to_be_so() -> None:
    model = _Choosy()
    with pytest.raises(ExplorerError, match=r"^torchview cannot follow this network: .+\.$"):
        second_opinion(model, (3, 8, 8), extract(nn.Conv2d(3, 4, 1), (3, 8, 8)))
    tree = module_tree(model, reason="it looks at values.")
    with pytest.raises(ExplorerError, match="no connections to compare"):
        second_opinion(model, (3, 8, 8), tree)
