"""Any module draws: odd ones as far as they can be followed, else as the tree of their modules."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.graph.export import svg_bytes
from cnn_explorer.graph.grid import grid
from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import GraphLayout, LayerGraph
from cnn_explorer.graph.module_tree import layer_graph


def _parts(*more: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict(
        {"first": nn.Conv2d(3, 4, 3), "second": nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 1))}
        | {f"more{at}": module for at, module in enumerate(more)}
    )


class _Odd(nn.Module):
    """Two layers in a container; what forward does is up to the test."""

    def __init__(self, *more: nn.Module) -> None:
        super().__init__()
        self.parts = _parts(*more)

    def features(self, x: Tensor) -> Tensor:
        return self.parts["second"](self.parts["first"](x))


class _LooksAtValues(_Odd):
    def forward(self, x: Tensor) -> Tensor:
        return self.features(x) if x.sum() > 0 else x


class _TwoInputs(_Odd):
    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.features(x) + y


class _Dictionary(_Odd):
    def forward(self, x: dict[str, Tensor]) -> Tensor:
        return self.features(x["picture"])


class _Raises(_Odd):
    def forward(self, x: Tensor) -> Tensor:
        raise KeyError(f"no such\nthing as {len(x)}")


class _Generates(_Odd):
    def forward(self, x: Tensor) -> Iterator[Tensor]:
        yield self.features(x)


class _GivesNothing(_Odd):
    def forward(self, x: Tensor) -> None:
        del x


class _NotWritten(_Odd):
    pass


class _CallsItself(_Odd):
    def forward(self, x: Tensor) -> Tensor:
        return self(x)


UNTRACEABLE = {
    _LooksAtValues: "meta", _TwoInputs: "missing 1 required", _Dictionary: "", _Raises: "no such",
    _Generates: "computes no tensor", _GivesNothing: "computes no tensor", _NotWritten: "forward",
    _CallsItself: "recursion",
}  # fmt: skip


def _drawn(graph: LayerGraph) -> GraphLayout:
    """Its usual view and everything open can be laid out and written; nothing overlaps."""
    layout = lay_out(visible(graph, default_expansion(graph)))
    ElementTree.fromstring(svg_bytes(layout, graph.network))
    for drawn in (layout, lay_out(visible(graph, frozenset(graph.block)))):
        assert set(drawn.boxes) == {node.name for node in drawn.graph.nodes}
    return layout


@pytest.mark.parametrize("kind", UNTRACEABLE)
def test_what_cannot_be_followed_shows_its_modules_with_the_reason(kind: type[_Odd]) -> None:
    graph = layer_graph(kind(), (3, 8, 8), network="odd")
    assert graph.note.startswith("Only the modules are shown, since")
    assert UNTRACEABLE[kind] in graph.note
    assert "\n" not in graph.note
    assert [layer.name for layer in graph.layers] == [
        "parts.first", "parts.second.0", "parts.second.1",
    ]  # fmt: skip
    assert [(block.name, block.children) for block in graph.blocks] == [
        ("parts", ("parts.first", "parts.second")),
        ("parts.second", ("parts.second.0", "parts.second.1")),
    ]
    assert graph.layer["parts.first"].kind == "conv"
    assert dict(graph.layer["parts.first"].attributes)["kernel"] == "3 × 3"
    assert graph.parameters == (3 * 4 * 9 + 4) + (4 * 4 + 4)
    assert graph.block["parts"].parameters == graph.parameters
    assert not graph.edges
    _drawn(graph)


def test_the_tree_leaves_the_model_as_it_was() -> None:
    model = _LooksAtValues().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    layer_graph(model, (3, 8, 8))
    assert model.training
    assert all(not part._forward_hooks for part in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_weights_of_every_sort_are_there_once() -> None:
    shared = nn.Conv2d(3, 3, 1)
    odd = _Raises(
        shared, nn.ModuleList([shared, nn.Identity()]), nn.Sequential(), nn.ModuleList(),
        nn.ParameterList([nn.Parameter(torch.zeros(5))]), nn.ModuleDict(),
    )  # fmt: skip
    odd.token = nn.Parameter(torch.zeros(7, 2))
    odd.tied = odd.token
    graph = layer_graph(odd, (3, 8, 8))
    assert graph.layer["token"].parameters == 14
    assert graph.layer["token"].out_shape == (7, 2)
    assert graph.layer["tied"].parameters == 0
    assert graph.layer["parts.more4"].parameters == 5
    assert graph.parameters == sum(parameter.numel() for parameter in odd.parameters())
    # where a module stands a second time it is left out, and its list has one part less
    assert graph.block["parts.more1"].children == ("parts.more1.1",)
    assert {"parts.more2", "parts.more3", "parts.more5"} <= set(graph.layer)
    _drawn(graph)


def test_a_module_inside_itself_is_drawn_once() -> None:
    model = _Raises()
    model.parts["myself"] = model
    graph = layer_graph(model, (3, 8, 8))
    assert graph.note
    assert len(graph.layers) == 3
    _drawn(graph)


@dataclass
class _Answer:
    logits: Tensor
    comment: str = ""


class _Wraps(_Odd):
    def __init__(self, wrap: Any) -> None:
        super().__init__()
        self.wrap = wrap

    def forward(self, x: Tensor) -> Any:
        return self.wrap(self.features(x))


@pytest.mark.parametrize(
    "wrap",
    [lambda x: {"a": x, "b": 1}, lambda x: [x, None], _Answer, lambda x: (((x,),),)],
    ids=["dictionary", "list", "dataclass", "nested"],
)
def test_odd_outputs_and_lambdas_are_followed(wrap: Any) -> None:
    graph = layer_graph(_Wraps(wrap), (3, 8, 8))
    assert not graph.note
    assert [edge.target for edge in graph.edges][-1] == "output"
    assert graph.layer["output"].out_shape == (4, 6, 6)
    _drawn(graph)


class _MakesTensors(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Embedding(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(2).transpose(1, 2)
        x = x + self.places(torch.arange(x.shape[1]))
        return torch.cat([torch.zeros(1, 1, 3), x], 1)


def test_tensors_made_on_the_way_are_no_hindrance() -> None:
    graph = layer_graph(_MakesTensors(), (3, 8, 8))
    assert not graph.note
    assert [layer.name for layer in graph.layers] == [
        "input", "flatten", "transpose", "places", "add", "cat", "output",
    ]  # fmt: skip
    assert graph.layer["places"].parameters == 64 * 3
    assert graph.layer["output"].out_shape == (65, 3)


class _PassesThrough(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.same(x)
        z = x + y
        self.relu(z)
        return z


def test_what_a_layer_hands_on_is_its_own_and_what_it_overwrites_too() -> None:
    graph = layer_graph(_PassesThrough(), (3, 8, 8))
    assert {(edge.source, edge.target) for edge in graph.edges} == {
        ("input", "same"), ("input", "add"), ("same", "add"), ("add", "relu"), ("relu", "output"),
    }  # fmt: skip


class _NoWeights(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x) * 2


def test_a_module_without_parts_or_weights_is_one_layer() -> None:
    graph = layer_graph(_NoWeights(), (3, 8, 8))
    assert [layer.name for layer in graph.layers] == ["input", "_NoWeights", "output"]
    assert graph.parameters == 0


def test_500_levels_deep_draws() -> None:
    inner: nn.Module = nn.Conv2d(3, 3, 1)
    for _ in range(500):
        inner = nn.Sequential(nn.ReLU(), inner)
    limit = sys.getrecursionlimit()
    graph = layer_graph(inner, (3, 8, 8))
    assert sys.getrecursionlimit() == limit
    assert len(graph.layers) >= 501  # torch itself gives up on so many calls within calls
    assert "recursion" in graph.note
    _drawn(graph)


def test_5000_layers_draw() -> None:
    chain = nn.Sequential(*(nn.ReLU() for _ in range(5000)))
    graph = layer_graph(chain, (3, 8, 8))
    assert not graph.note
    assert len(graph.edges) == 5001
    lay_out(visible(graph, default_expansion(graph)))
    tree = layer_graph(_Raises(nn.ModuleList(nn.Conv2d(1, 1, 1) for _ in range(5000))), (3, 8, 8))
    assert len(tree.layers) == 5003
    layout = lay_out(visible(tree, frozenset(tree.block)))
    frame = layout.frames["parts.more0"]
    assert 0.3 < frame.width / frame.height < 4.0


def test_a_grid_keeps_order_and_distance() -> None:
    sizes = {str(at): (40.0 + 10 * (at % 3), 20.0 + 30 * (at == 4)) for at in range(11)}
    places = grid(sizes, 8.0)
    assert list(places) == list(sizes)
    reading = sorted(places, key=lambda name: (places[name].y, places[name].x))
    assert reading == list(sizes)
    rects = list(places.values())
    for at, a in enumerate(rects):
        for b in rects[:at]:
            apart_x = max(a.x, b.x) - min(a.x + a.width, b.x + b.width)
            apart_y = max(a.y, b.y) - min(a.y + a.height, b.y + b.height)
            assert max(apart_x, apart_y) >= 8.0
    assert grid({}, 8.0) == {}
