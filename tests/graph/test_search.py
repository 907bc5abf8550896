"""Finding layers: what queries mean, that none of them hurts, and going along the edges."""

import time
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn_explorer.graph.browse import consumers, crumbs, layers_in, producers
from cnn_explorer.graph.hierarchy import ancestors
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.search import LONGEST_QUERY, Found, GraphSearch, in_forward_order
from tests.graph.examples import layer_graphs, own_graph

# making graphs takes a while where much else runs
calmly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def found(query: str, network: str = "resnet50") -> Found:
    return GraphSearch(own_graph(network)).find(query)


@pytest.mark.parametrize("query", ["layer3.5.conv2", "3.5.conv2", "LAYER3.5.CONV2", "5.conv2"])
def test_a_layer_by_its_name_or_parts_of_it(query: str) -> None:
    (match,) = found(query).matches
    assert match.name == "layer3.5.conv2"
    assert match.type_name == "Conv2d"
    assert match.out_shape == (256, 14, 14)
    assert match.why == "name"


def test_numbers_in_names_are_whole() -> None:
    names = found("denselayer1.conv1", "densenet121").names
    assert names == tuple(f"features.denseblock{n}.denselayer1.conv1" for n in (1, 2, 3, 4))
    assert found("conv2").names == tuple(
        layer.name for layer in own_graph("resnet50").layers if layer.name.endswith("conv2")
    )


# the counts are those of the paper's table 1: 16 blocks of three convolutions, the first
# convolution and four projections; each convolution with its normalisation; a ReLU after each of
# the first two in a block, after each addition, and after the first
@pytest.mark.parametrize(
    ("query", "count", "why"),
    [
        ("conv2d", 53, "type Conv2d"),
        ("convolution", 53, "convolution"),
        ("type BatchNorm2d", 53, "type BatchNorm2d"),
        ("norm", 53, "type BatchNorm2d"),
        ("type relu", 49, "type ReLU"),
        ("bottleneck", 16, "type Bottleneck"),
        ("pooling", 2, "pooling"),
        ("fully connected", 1, "fully connected"),
        ("7x7", 1, "kernel 7 × 7"),
        ("kernel 7", 1, "kernel 7 × 7"),
        ("kernel: 7 × 7", 1, "kernel 7 × 7"),
        ("kernel=?x7", 1, "kernel 7 × 7"),
        ("1x1", 36, "kernel 1 × 1"),
        ("conv2d 3x3", 16, "type Conv2d, kernel 3 × 3"),
        ("type conv2d stride 2", 7, "type Conv2d, stride 2"),
        ("stride=2 pooling", 1, "stride 2, pooling"),
    ],
)
def test_types_kernels_and_strides(query: str, count: int, why: str) -> None:
    answer = found(query)
    assert len(answer.matches) == count
    assert {match.why for match in answer.matches} == {why}


@pytest.mark.parametrize(
    "query",
    ["64x56x56", "64 × 56 × 56", "64×56×56", "64*56*56", "64 x 56 x 56", "64 * 56 * 56",
     "(64, 56, 56)", "[64,56,56]"],
)  # fmt: skip
def test_a_shape_in_every_spelling(query: str) -> None:
    graph = own_graph("resnet50")
    shaped = {node.name for node in (*graph.layers, *graph.blocks)
              if node.out_shape == (64, 56, 56)}  # fmt: skip
    assert set(found(query).names) == shaped
    assert "layer1.0.conv1" in shaped


@pytest.mark.parametrize("query", ["?x7x7", "*x7x7", "? × 7 × 7", "*x7*7"])
def test_any_number_of_channels(query: str) -> None:
    graph = own_graph("resnet50")
    shaped = {node.name for node in (*graph.layers, *graph.blocks)
              if node.out_shape[1:] == (7, 7)}  # fmt: skip
    assert set(found(query).names) == shaped


def test_two_sizes_are_those_of_maps_where_no_kernel_has_them() -> None:
    answer = found("56x56")
    assert "maps of 56 × 56" in answer.understood
    assert all(match.out_shape[1:] == (56, 56) for match in answer.matches)
    assert found("7x7").understood == (
        "Looks for a kernel of 7 × 7 (maps of that size: ? × 7 × 7)."
    )


def test_a_number_is_a_dimension_or_a_part_of_a_name() -> None:
    answer = found("2048")
    assert answer.matches
    assert all(2048 in match.out_shape for match in answer.matches)
    assert {"layer1.0", "layer1.0.conv1"} <= {
        name for name in found("0 layer1").names if name.startswith("layer1.0")
    }


def test_words_are_joined_by_and() -> None:
    names = set(found("layer4").names) & set(found("stride 2").names) & set(found("3x3").names)
    assert set(found("3x3 layer4 stride 2").names) == names == {"layer4.0.conv2"}
    assert found("3x3 layer4 stride 2").understood == (
        "Looks for a kernel of 3 × 3, “layer4” in the name or type and a stride of 2."
    )


def test_groups_are_found_by_name_shape_and_what_they_are() -> None:
    assert "layer3.[1-5]" in found("layer3").names
    assert "layer3.[1-5]" in found("1024x14x14").names
    assert "layer3.[1-5]" in found("run").names
    assert "layer3.[1-5]" not in found("bottleneck").names  # no bottleneck more than there are


def test_matches_come_in_forward_order_a_block_before_its_parts() -> None:
    names = found("layer3.5").names
    assert names[0] == "layer3.5"
    order = [node.name for node in in_forward_order(own_graph("resnet50"))]
    assert list(names) == sorted(names, key=order.index)


@pytest.mark.parametrize(
    "query", ["zzz", "?", "*", "**", "64**56", "-1", "1e9", "kernel 99", ")", "[a-z]+", ".*", "(",
              "\\", "\0", "\ud800", "９", "²", "layer3.5.conv2 pooling", "9" * LONGEST_QUERY,
              "conv " * 1000]
)  # fmt: skip
def test_what_means_nothing_finds_nothing(query: str) -> None:
    answer = found(query)
    assert answer.matches == ()
    assert answer.understood.endswith(".")


def test_an_empty_query_asks_nothing() -> None:
    assert found("") == Found()
    assert found("  ") == Found("  ")


@calmly
@given(layer_graphs(), st.text(max_size=LONGEST_QUERY + 2))
def test_no_query_raises(graph: LayerGraph, query: str) -> None:
    answer = GraphSearch(graph).find(query)
    assert all(match.why for match in answer.matches)
    assert len(set(answer.names)) == len(answer.names)


PIECES = st.sampled_from(
    ["conv", "relu", "type", "name", "kernel", "stride", "3", "3x3", "?x4x4", "8x4x4", "8", "×",
     "*", "?", "=", ":", ".", "layer", "block", "#2", "[", "]", "input", "-", ","]
)  # fmt: skip


@calmly
@given(layer_graphs(), st.lists(PIECES, max_size=9), st.sampled_from(["", " "]))
def test_a_longer_query_finds_no_more(graph: LayerGraph, pieces: list[str], glue: str) -> None:
    search = GraphSearch(graph)
    query = glue.join(pieces)
    assert set(search.find(f"{query} name zzz").names) == set()
    narrowed = set(search.find(f"name block {query}").names)
    assert narrowed <= set(search.find("name block").names)


@calmly
@given(layer_graphs(), st.data())
def test_a_name_finds_its_layer_and_only_names_with_it(
    graph: LayerGraph, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([node.name for node in (*graph.layers, *graph.blocks)]))
    start = data.draw(st.integers(0, len(name) - 1))
    piece = name[start:]
    names = GraphSearch(graph).find(f"name {piece}").names
    assert all(piece.casefold() in other.casefold() for other in names)
    if start == 0 or not (piece[0].isdecimal() and name[start - 1].isdecimal()):
        assert name in names


@calmly
@given(layer_graphs(), st.lists(st.integers(1, 9), min_size=3, max_size=3), st.data())
def test_shapes_against_comparing_them(
    graph: LayerGraph, sizes: list[int], data: st.DataObject
) -> None:
    shape = data.draw(st.sampled_from([node.out_shape for node in graph.layers] + [tuple(sizes)]))
    any_of = data.draw(st.sets(st.integers(0, len(shape) - 1), max_size=len(shape)))
    asked = [("?" if n in any_of else str(size)) for n, size in enumerate(shape)]
    expected = {
        node.name
        for node in (*graph.layers, *graph.blocks)
        if len(node.out_shape) == len(shape)
        and all(a in ("?", str(b)) for a, b in zip(asked, node.out_shape, strict=True))
    }
    if len(shape) == 3:
        assert set(GraphSearch(graph).find("x".join(asked)).names) == expected


def test_every_key_stroke_is_answered_at_once() -> None:
    """5 ms each on DenseNet-201; processor time, since other work may be going on."""
    search = GraphSearch(own_graph("densenet201"))
    for query in ("denseblock3.denselayer12.conv2", "conv2d kernel 3x3 stride 1 32", "?x?x?"):
        for end in range(1, len(query) + 1):
            times = []
            for _ in range(5):
                start = time.process_time()
                search.find(query[:end])
                times.append(time.process_time() - start)
            assert median(times) < 0.005, query[:end]


# going along


def test_producers_and_consumers_of_layers_and_blocks() -> None:
    graph = own_graph("resnet50")
    assert producers(graph, "layer3.5.conv2") == ("layer3.5.relu1",)
    assert consumers(graph, "layer3.5.conv2") == ("layer3.5.bn2",)
    assert set(producers(graph, "layer3.5.add")) == {"layer3.5.bn3", "layer3.4.relu3"}
    assert set(consumers(graph, "layer3.4.relu3")) == {"layer3.5.conv1", "layer3.5.add"}
    assert producers(graph, "layer3") == ("layer2.3.relu3",)
    assert set(consumers(graph, "layer3")) == {"layer4.0.conv1", "layer4.0.downsample.0"}
    assert producers(graph, "layer3.[1-5]") == ("layer3.0.relu3",)
    assert producers(graph, "input") == consumers(graph, "output") == ()
    assert producers(graph, "nothing") == consumers(graph, "nothing") == ()


@calmly
@given(layer_graphs())
def test_producers_and_consumers_are_each_others(graph: LayerGraph) -> None:
    for edge in graph.edges:
        assert edge.source in producers(graph, edge.target)
        assert edge.target in consumers(graph, edge.source)
    for block in graph.blocks:
        inside = set(layers_in(graph, block.name))
        assert inside == {
            layer.name for layer in graph.layers if block.name in ancestors(graph, layer.name)
        }
        assert set(producers(graph, block.name)) == {
            edge.source
            for edge in graph.edges
            if edge.target in inside and edge.source not in inside
        }


def test_crumbs_lead_from_the_outside_in() -> None:
    graph = own_graph("resnet50")
    assert [(crumb.name, crumb.label) for crumb in crumbs(graph, "layer3.5.conv2")] == [
        ("layer3", "layer3"),
        ("layer3.[1-5]", "layer3.1 – 5"),
        ("layer3.5", "layer3.5"),
        ("layer3.5.conv2", "conv2"),
    ]
    assert crumbs(graph, "nothing") == crumbs(graph, "") == ()
