"""The JSON of a graph: what is written comes back the same; what is damaged is refused."""

import contextlib
import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.exchange import graph_from_json, graph_to_json, read_graph
from cnn_explorer.graph.grouping import grouped
from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import LayerGraph, LayerNode
from tests.graph.examples import layer_graphs, own_graph


def written(graph: LayerGraph, title: str = "A title") -> bytes:
    return graph_to_json(lay_out(visible(graph, default_expansion(graph))), title)


@pytest.mark.parametrize("name", ["lenet5-1998", "resnet20", "googlenet", "densenet201"])
def test_a_network_comes_back_the_same(name: str) -> None:
    graph = own_graph(name)
    assert graph_from_json(written(graph)) == (graph, "A title")


@given(layer_graphs())
def test_any_graph_comes_back_the_same(graph: LayerGraph) -> None:
    for one in (graph, grouped(graph)):
        assert graph_from_json(written(one))[0] == one


def test_why_only_modules_are_listed_comes_back_too() -> None:
    note = "Only the modules are shown, since the layers cannot be followed: it looks at values."
    layers = (LayerNode("conv", "", "conv", "Conv2d", (), (), 10, 0),)
    graph = LayerGraph("mine", layers, (), (), note)
    assert graph_from_json(written(graph)) == (graph, "A title")
    endless = replace(graph, note="x" * 100_000)  # an error message of somebody else's
    assert graph_from_json(written(endless))[0].note == "x" * 10_000


def test_totals_and_numbers_stand_in_it() -> None:
    content = json.loads(written(own_graph("resnet18")))
    assert content["version"] == 2
    # torchvision's published numbers
    assert content["totals"]["parameters"] == 11_689_512
    assert content["totals"]["macs"] == pytest.approx(1.814e9, rel=0.001)
    layers = {item["name"]: item for item in content["layers"]}
    assert layers["conv1"]["activation_bytes"] == 64 * 112 * 112 * 4
    blocks = {item["name"]: item for item in content["blocks"]}
    assert blocks["layer1"]["repeats"] == 2


def test_the_first_version_is_read() -> None:
    content = json.loads(written(own_graph("resnet18")))
    content["version"] = 1
    del content["note"]
    for item in content["layers"]:
        for key in (
            "activation_bytes",
            "receptive_field",
            "stride",
            "reach",
            "window",
            "connections",
        ):
            del item[key]
    for item in content["blocks"]:
        for key in ("activation_bytes", "group", "repeats"):
            del item[key]
    for item in content["edges"]:
        del item["shortcut"]
    graph, _ = graph_from_json(json.dumps(content).encode())
    assert graph.macs == own_graph("resnet18").macs
    assert all(layer.reach == "unknown" for layer in graph.layers)


Damage = Callable[[dict[str, Any]], object]

DAMAGES: dict[str, tuple[Damage, str]] = {
    "another format": (lambda c: c.update(format="netron"), '"format"'),
    "of the future": (lambda c: c.update(version=3), "version 3"),
    "no layers": (lambda c: c.update(layers=[], edges=[], blocks=[]), "no layers"),
    "layers no list": (lambda c: c.update(layers={}), '"layers" of the file'),
    "a layer is a number": (lambda c: c["layers"].append(5), "layer 15 is not an object"),
    "name missing": (lambda c: c["layers"][1].pop("name"), '"name" of layer 2'),
    "two of one name": (lambda c: c["layers"][1].update(name="input"), "two things"),
    "unknown kind": (lambda c: c["layers"][1].update(kind="magic"), '"kind" of layer 2'),
    "negative size": (lambda c: c["layers"][1].update(out_shape=[-1]), '"out_shape" of layer 2'),
    "fractional": (lambda c: c["layers"][1].update(macs=1.5), '"macs" of layer 2'),
    "true is no number": (lambda c: c["layers"][1].update(macs=True), '"macs" of layer 2'),
    "too large": (lambda c: c["layers"][1].update(macs=2**60), '"macs" of layer 2'),
    "unknown parent": (lambda c: c["layers"][0].update(parent="x"), "no block"),
    "children that are not": (lambda c: c["blocks"][0]["children"].pop(), "children of"),
    "blocks in themselves": (lambda c: c["blocks"][0].update(parent="features"), "children|in the"),
    "an edge to nowhere": (lambda c: c["edges"][0].update(target="x"), "no layer"),
    "an edge backwards": (
        lambda c: c["edges"].append({"source": "output", "target": "input", "shape": []}),
        "leads back",
    ),
    "no window": (lambda c: c["layers"][1].update(reach="window", window=None), "window"),
    "window of nothing": (
        lambda c: c["layers"][1].update(
            reach="window",
            window={"kernel": [0, 0], "stride": [1, 1], "padding": [0, 0], "dilation": [1, 1]},
        ),
        "no size",
    ),
    "attributes no texts": (lambda c: c["layers"][1].update(attributes={"k": [1]}), '"k" of'),
    "a note that is no text": (lambda c: c.update(note=5), '"note" of the file'),
    "endless name": (lambda c: c["layers"][1].update(name="x" * 2000), '"name"'),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_damage_gets_one_sentence(what: str, tmp_path: Path) -> None:
    damage, said = DAMAGES[what]
    content = json.loads(written(own_graph("lenet5")))
    damage(content)
    file = tmp_path / "net.json"
    file.write_text(json.dumps(content))
    with pytest.raises(ExplorerError, match=said) as caught:
        read_graph(file)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("net.json is no graph of this program: ")


@pytest.mark.parametrize(
    "data", [b"", b"nothing", b"[" * 100_000, b"\xff\xfe", b'{"a": NaN}', b"[]", b"null", b"1e999"]
)
def test_no_graph_at_all(data: bytes) -> None:
    with pytest.raises(ExplorerError):
        graph_from_json(data)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def test_what_is_repeated_is_a_block() -> None:
    content = copy.deepcopy(_SMALL)
    content["blocks"][0]["repeats"] = 1
    with pytest.raises(ExplorerError, match='what is repeated in "features" is no block'):
        graph_from_json(json.dumps(content).encode())


@given(st.data())
def test_whatever_stands_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    content = copy.deepcopy(_SMALL)
    part = data.draw(st.sampled_from(("layers", "blocks", "edges")))
    item = data.draw(st.sampled_from(content[part]))
    item[data.draw(st.sampled_from(sorted(item)))] = data.draw(_VALUES)
    with contextlib.suppress(ExplorerError):
        graph, _ = graph_from_json(json.dumps(content).encode())
        lay_out(visible(graph, frozenset(graph.block)))


_SMALL = json.loads(written(own_graph("lenet5")))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match=r"^none\.json cannot be read: "):
        read_graph(tmp_path / "none.json")
