"""The layer graph against torch.fx, the modules' own numbers, and hand-made models."""

import operator
from collections import Counter

import pytest
import torch
from torch import Tensor, fx, nn

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import KINDS, LayerGraph
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import NETWORKS
from tests.graph.examples import TORCHVISION, foreign_graph, foreign_model, own_graph


class _Leaves(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        del module_qualified_name
        return not any(True for _ in m.children())


def _traced(model: nn.Module) -> tuple[list[str], set[tuple[str, str]]]:
    """Names in order of execution and edges, as torch.fx sees them."""
    calls: Counter[str] = Counter()
    names: dict[fx.Node, str] = {}
    for node in _Leaves().trace(model.eval()).nodes:
        if node.op == "placeholder":
            name = "input"
        elif node.op == "output":
            name = "output"
        elif node.op == "call_module":
            name = str(node.target)
        elif node.op in ("call_function", "call_method"):
            target = node.target
            title = target if isinstance(target, str) else target.__name__
            name = "function " + title.strip("_").removeprefix("i" if target in _IN_PLACE else "")
        else:
            continue
        calls[name] += 1
        names[node] = name if calls[name] == 1 else f"{name}#{calls[name]}"
    edges = {
        (names[source], names[node])
        for node in names
        for source in node.all_input_nodes
        if source in names
    }
    return list(names.values()), edges


_IN_PLACE = (operator.iadd, operator.imul)


def _extracted(graph: LayerGraph) -> tuple[list[str], set[tuple[str, str]]]:
    """The same of our graph, functions renamed as above."""
    modules = [node for node in graph.layers if not node.training_only]
    calls: Counter[str] = Counter()
    names: dict[str, str] = {}
    for node in modules:
        name = node.name
        if node.type_name == name.rsplit(".", 1)[-1].partition("#")[0].removesuffix("()") and (
            node.kind not in ("input", "output")
        ):
            plain = node.type_name
            name = f"function {plain[1:] if plain in ('iadd', 'imul') else plain}"
            calls[name] += 1
            name = name if calls[name] == 1 else f"{name}#{calls[name]}"
        names[node.name] = name
    edges = {
        (names[edge.source], names[edge.target])
        for edge in graph.edges
        if edge.source in names and edge.target in names
    }
    return list(names.values()), edges


@pytest.mark.parametrize("name", TORCHVISION)
def test_nodes_and_edges_of_torchvision_models_are_those_of_fx(name: str) -> None:
    nodes, edges = _traced(foreign_model(name))
    found, found_edges = _extracted(foreign_graph(name))
    assert found == nodes
    assert found_edges == edges


@pytest.mark.parametrize("name", NETWORKS)
def test_nodes_and_edges_of_our_networks_are_those_of_fx(name: str) -> None:
    nodes, edges = _traced(build_empty(NETWORKS[name]))
    found, found_edges = _extracted(own_graph(name))
    assert found == nodes
    assert found_edges == edges


@pytest.mark.parametrize("name", NETWORKS)
def test_our_networks_are_modules_all_through_with_the_cards_numbers(name: str) -> None:
    graph, card = own_graph(name), NETWORKS[name]
    modules = dict(build_empty(card).named_modules())
    for node in graph.layers:
        assert node.kind in KINDS
        assert node.kind in ("input", "output") or node.name in modules
        assert node.kind != "other"
    assert all((block.name in modules) != bool(block.group) for block in graph.blocks)
    assert graph.parameters == card.parameters
    assert graph.macs == card.macs


@pytest.mark.parametrize("name", ["googlenet", "resnet18", "densenet121"])
def test_blocks_and_parents_agree(name: str) -> None:
    graph = own_graph(name)
    for node in (*graph.layers, *graph.blocks):
        if node.parent:
            assert node.name in graph.block[node.parent].children
            assert node.name.startswith(node.parent.partition("[")[0])
    for block in graph.blocks:
        assert all(child in graph.layer or child in graph.block for child in block.children)


def test_shapes_have_no_batch_and_follow_the_data() -> None:
    graph = own_graph("resnet18")
    assert graph.layer["input"].out_shape == (3, 224, 224)
    assert graph.layer["conv1"].in_shapes == ((3, 224, 224),)
    assert graph.layer["conv1"].out_shape == (64, 112, 112)
    assert graph.layer["output"].out_shape == (1000,)
    assert graph.block["layer2"].out_shape == (128, 28, 28)
    shapes = {node.name: node.out_shape for node in graph.layers}
    assert all(edge.shape == shapes[edge.source] for edge in graph.edges)


def test_attributes_are_written_for_people() -> None:
    graph = own_graph("resnet18")
    assert graph.layer["conv1"].attributes == (
        ("in channels", "3"), ("out channels", "64"), ("kernel", "7 × 7"), ("stride", "2"),
        ("padding", "3"), ("bias", "no"),
    )  # fmt: skip
    assert dict(graph.layer["bn1"].attributes)["eps"] == "1e-05"
    assert dict(graph.layer["maxpool"].attributes) == {
        "kernel": "3 × 3", "stride": "2", "padding": "1",
    }  # fmt: skip
    assert graph.layer["avgpool"].attributes == (("output size", "1 × 1"),)
    assert dict(graph.layer["fc"].attributes)["out features"] == "1000"
    grouped = foreign_graph("resnext50_32x4d").layer["layer1.0.conv2"].attributes
    assert dict(grouped)["groups"] == "32"
    pools = own_graph("googlenet").layer["maxpool1"].attributes
    assert dict(pools)["ceil mode"] == "yes"


@pytest.mark.parametrize("graph_of", [own_graph, foreign_graph])
def test_heads_of_training_branch_off_where_they_belong(graph_of: object) -> None:
    graph = graph_of("googlenet")  # type: ignore[operator]
    heads = [node for node in graph.layers if node.training_only]
    assert {node.name.split(".")[0] for node in heads} == {"aux1", "aux2"}
    assert graph.block["aux1"].training_only
    assert graph.block["aux1"].parameters == _HEAD
    sources = {
        edge.source.split(".")[0]
        for edge in graph.edges
        if edge.target.startswith("aux") and not edge.source.startswith("aux")
    }
    assert sources == {"inception4a", "inception4d"}
    order = [node.name for node in graph.layers]
    first_head = next(i for i, name in enumerate(order) if name.startswith("aux1"))
    assert order[first_head - 1].startswith("inception4a")
    assert not any(node.training_only for node in graph.layers if not node.name.startswith("aux"))
    assert graph.parameters == 6_624_904


_HEAD = (512 * 128 + 2 * 128) + (2048 * 1024 + 1024) + (1024 * 1000 + 1000)
"""A 1 x 1 convolution with its normalisation, and two linear layers."""


class _Shared(nn.Module):
    """One convolution and one ReLU, called twice, and an addition that is no module."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.add = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.conv(x))
        y = self.relu(self.conv(y))
        return nn.functional.relu(self.add(y + x))


def test_second_calls_are_numbered_and_weights_counted_once() -> None:
    graph = extract(_Shared(), (4, 8, 8))
    names = [node.name for node in graph.layers]
    assert names == [
        "input", "conv", "relu", "conv#2", "relu#2", "add()", "add", "relu()", "output",
    ]  # fmt: skip
    assert graph.parameters == 4 * 4 * 9 + 4
    assert graph.layer["conv#2"].parameters == 0
    assert graph.macs == 2 * 8 * 8 * 4 * 4 * 9
    assert {(edge.source, edge.target) for edge in graph.edges} >= {
        ("relu", "conv#2"), ("relu#2", "add()"), ("input", "add()"),
    }  # fmt: skip
    assert graph.layer["add()"].kind == "add"
    assert graph.layer["relu()"].kind == "activation"


class _Scaled(nn.Module):
    """A block with a weight of its own, as ConvNeXt's layer scale."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.conv = nn.Conv2d(4, 4, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.conv(x)


def test_weights_that_a_block_owns_are_counted_where_they_are_used() -> None:
    graph = extract(nn.Sequential(_Scaled(), nn.ReLU()), (4, 8, 8))
    assert graph.layer["0.mul"].parameters == 4
    assert graph.parameters == 4 + 16


def test_the_given_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5)).train()
    seen: list[object] = []
    handle = model[0].register_forward_hook(lambda *given: seen.append(given))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    addresses = [value.data_ptr() for value in model.parameters()]
    call, zeros = nn.Module.__call__, torch.zeros
    extract(model, (3, 8, 8))
    assert not seen
    assert model.training
    assert all(module.training for module in model.modules())
    assert [value.data_ptr() for value in model.parameters()] == addresses
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert nn.Module.__call__ is call
    assert torch.zeros is zeros
    handle.remove()


def test_an_input_that_does_not_fit_is_one_clear_sentence() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3))
    call = nn.Module.__call__
    with pytest.raises(ExplorerError, match=r"^the network cannot take an input of 1 × 8 × 8: .*"):
        extract(model, (1, 8, 8))
    assert nn.Module.__call__ is call


def test_extraction_is_repeatable() -> None:
    card = NETWORKS["googlenet"]
    again = extract(build_empty(card), card.preprocessing.input_shape, network="googlenet")
    assert again == own_graph("googlenet")
