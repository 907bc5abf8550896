"""Drawings are sound: nothing overlaps, lines go from border to border, parts lie in frames."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import (
    TRAINING_MARK,
    badge_width,
    header_texts,
    lay_out,
    training_marks,
)
from cnn_explorer.graph.model import (
    BlockNode,
    DrawingOptions,
    GraphEdge,
    GraphLayout,
    LayerGraph,
    Rect,
)
from cnn_explorer.graph.shortcuts import with_shortcuts
from cnn_explorer.graph.style import (
    CAPTION_SIZE,
    EDGE_LABEL_SIZE,
    FRAME_HEADER,
    NAME_ALONE,
    NAME_SIZE,
    PADDING,
    STRIPE_WIDTH,
)
from cnn_explorer.media.lettering import shortened, text_width
from tests.graph.examples import foreign_graph, layer, layer_graphs, own_graph

NEAR = 0.01
DIRECTIONS = (DrawingOptions(direction="down"), DrawingOptions(direction="right"))
in_both_directions = pytest.mark.parametrize("options", DIRECTIONS, ids=lambda o: o.direction)


def _check(layout: GraphLayout) -> None:
    graph = layout.graph
    rects = list(layout.boxes.values()) + list(layout.frames.values())
    assert set(layout.boxes) == {node.name for node in graph.nodes}
    assert set(layout.frames) == set(graph.frames)
    for rect in rects:
        assert all(math.isfinite(value) for value in (rect.x, rect.y, rect.width, rect.height))
        assert rect.width > 0
        assert rect.height > 0
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.x + rect.width <= layout.width + NEAR
        assert rect.y + rect.height <= layout.height + NEAR
    _check_siblings(layout)
    assert [(edge.source, edge.target) for edge in layout.edges] == [
        (edge.source, edge.target) for edge in graph.edges
    ]
    _check_texts(layout)
    for edge in layout.edges:
        assert len(edge.points) >= 2
        for (x0, y0), (x1, y1) in zip(edge.points, edge.points[1:], strict=False):
            assert math.isfinite(x0 + y0 + x1 + y1)
            assert abs(x0 - x1) < NEAR or abs(y0 - y1) < NEAR  # orthogonal
        assert _on_border(edge.points[0], layout.boxes[edge.source])
        assert _on_border(edge.points[-1], layout.boxes[edge.target])


def _check_texts(layout: GraphLayout) -> None:
    """Words beside lines touch no box, no line and no other words, and are on the page."""
    texts = []
    for edge in layout.edges:
        for text, (x, y) in ((edge.label, edge.label_at), (edge.note, edge.note_at)):
            if text:
                width = text_width(text, EDGE_LABEL_SIZE)
                texts.append(Rect(x, y - EDGE_LABEL_SIZE / 2, width, EDGE_LABEL_SIZE))
    width = text_width(TRAINING_MARK, EDGE_LABEL_SIZE)
    for x, baseline in training_marks(layout):
        assert x >= 0
        assert x + width <= layout.width
        assert EDGE_LABEL_SIZE <= baseline <= layout.height
    lines = [
        Rect(min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1]))
        for edge in layout.edges
        for a, b in pairwise(edge.points)
    ]
    for at, text in enumerate(texts):
        assert text.x >= 0
        assert text.y >= 0
        assert text.x + text.width <= layout.width
        assert text.y + text.height <= layout.height
        for other in (*layout.boxes.values(), *lines, *texts[at + 1 :]):
            assert not _overlap(text, other)
        for frame in layout.frames.values():  # within it, below its header, or outside
            body = replace(frame, y=frame.y + FRAME_HEADER, height=frame.height - FRAME_HEADER)
            assert _contains(body, text) or not _overlap(text, frame)


def _overlap(a: Rect, b: Rect) -> bool:
    return (
        a.x < b.x + b.width - NEAR
        and b.x < a.x + a.width - NEAR
        and a.y < b.y + b.height - NEAR
        and b.y < a.y + a.height - NEAR
    )


def _contains(outer: Rect, inner: Rect) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def _check_siblings(layout: GraphLayout) -> None:
    groups: dict[str, list[Rect]] = {}
    for name, rect in {**layout.boxes, **layout.frames}.items():
        around = layout.graph.frame_around(name)
        groups.setdefault(around, []).append(rect)
        if around:
            frame = layout.frames[around]
            assert frame.x <= rect.x
            assert rect.x + rect.width <= frame.x + frame.width
            assert frame.y + FRAME_HEADER <= rect.y
            assert rect.y + rect.height <= frame.y + frame.height
    for siblings in groups.values():
        for i, a in enumerate(siblings):
            for b in siblings[i + 1 :]:
                apart = (
                    a.x + a.width <= b.x + NEAR
                    or b.x + b.width <= a.x + NEAR
                    or a.y + a.height <= b.y + NEAR
                    or b.y + b.height <= a.y + NEAR
                )
                assert apart


def _on_border(point: tuple[float, float], rect: Rect) -> bool:
    """On the rectangle's border, or for a junction on or within a hair of its circle."""
    x, y = point
    if rect.width == rect.height:
        centre = rect.centre
        return abs(math.hypot(x - centre[0], y - centre[1]) - rect.width / 2) < 1.0
    inside = (
        rect.x - NEAR <= x <= rect.x + rect.width + NEAR
        and rect.y - NEAR <= y <= rect.y + rect.height + NEAR
    )
    near = min(
        abs(x - rect.x), abs(x - rect.x - rect.width), abs(y - rect.y),
        abs(y - rect.y - rect.height),
    )  # fmt: skip
    return inside and near < NEAR


@pytest.mark.parametrize(
    "name",
    ["lenet5", "alexnet", "vgg16", "googlenet", "resnet18", "resnet50", "densenet121"],
)
@pytest.mark.parametrize("opened", ["nothing", "default", "everything"])
@in_both_directions
def test_our_networks_are_drawn_soundly(name: str, opened: str, options: DrawingOptions) -> None:
    graph = own_graph(name)
    expanded = {
        "nothing": frozenset[str](),
        "default": default_expansion(graph),
        "everything": frozenset(graph.block),
    }[opened]
    _check(lay_out(visible(graph, expanded), options))


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2", "efficientnet_b0"])
@in_both_directions
def test_foreign_networks_are_drawn_soundly(name: str, options: DrawingOptions) -> None:
    graph = foreign_graph(name)
    _check(lay_out(visible(graph, frozenset(graph.block)), options))


@settings(deadline=None, max_examples=60)
@given(layer_graphs(), st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=3))
def test_any_graph_is_drawn_soundly(graph: LayerGraph, heads: list[tuple[int, bool]]) -> None:
    graph = with_shortcuts(_with_heads(graph, heads))
    for options in DIRECTIONS:
        _check(lay_out(visible(graph, frozenset(graph.block)), options))
        _check(lay_out(visible(graph, default_expansion(graph)), options))


def _with_heads(graph: LayerGraph, heads: list[tuple[int, bool]]) -> LayerGraph:
    """The graph with heads for training: after which layer, and whether they are blocks."""
    layers, edges, blocks = list(graph.layers), list(graph.edges), list(graph.blocks)
    for number, (after, in_block) in enumerate(heads):
        source = graph.layers[after % len(graph.layers)]
        name = f"aux{number}"
        parent = name if in_block else ""
        parts = [f"{name}.{part}" if in_block else f"{name}{part}" for part in ("a", "b", "c")]
        layers += [layer(part, parent, training_only=True, out_shape=(4,)) for part in parts]
        if in_block:
            blocks.append(BlockNode(name, "", "Head", tuple(parts), 30, 300, (4,), True))
        edges.append(GraphEdge(source.name, parts[0], source.out_shape))
        edges += [GraphEdge(a, b, (4,)) for a, b in pairwise(parts)]
    return LayerGraph(graph.network, tuple(layers), tuple(blocks), tuple(edges))


def test_the_same_graph_gives_the_same_drawing() -> None:
    seen = visible(own_graph("googlenet"), frozenset(own_graph("googlenet").block))
    assert lay_out(seen) == lay_out(seen)


@in_both_directions
def test_the_main_line_runs_straight_through_open_blocks(options: DrawingOptions) -> None:
    graph = own_graph("resnet50")
    layout = lay_out(visible(graph, frozenset(graph.block)), options)
    chain = ["input", "conv1", "layer1.0.conv1", "layer2.0.conv1", "layer4.2.conv3", "fc", "output"]
    middles = [layout.boxes[name].centre for name in chain]
    along, across = (1, 0) if options.direction == "down" else (0, 1)
    assert max(at[across] for at in middles) - min(at[across] for at in middles) < NEAR
    assert [at[along] for at in middles] == sorted(at[along] for at in middles)


@pytest.mark.parametrize("opened", [(), ("aux1",), ("aux1", "aux2"), ("inception4a", "aux2")])
@in_both_directions
def test_heads_for_training_stand_off_the_straight_main_line(
    opened: tuple[str, ...], options: DrawingOptions
) -> None:
    graph = own_graph("googlenet")
    expanded = default_expansion(graph)
    plain = lay_out(visible(graph, expanded), options)
    layout = lay_out(visible(graph, expanded | frozenset(opened)), options)
    along, across = (1, 0) if options.direction == "down" else (0, 1)
    places = {**layout.boxes, **layout.frames}
    quiet = {node.name for node in layout.graph.nodes if node.training_only}
    line = places["input"].centre[across]
    for name in ("conv1", "inception4b", "inception5b", "output"):
        assert abs(places[name].centre[across] - line) < NEAR

    def end(rect: Rect) -> float:
        return rect.x + rect.width if across == 0 else rect.y + rect.height

    def start(rect: Rect) -> float:
        return rect.x if across == 0 else rect.y

    aside = max(end(rect) for name, rect in places.items() if name in quiet | {"aux1", "aux2"})
    assert aside < min(start(rect) for name, rect in layout.boxes.items() if name not in quiet)
    if "inception4a" not in opened:  # opening a head does not draw the main line out
        length = places["output"].centre[along] - places["input"].centre[along]
        usual = plain.boxes["output"].centre[along] - plain.boxes["input"].centre[along]
        assert abs(length - usual) < NEAR
    assert len(training_marks(layout)) == 2


@in_both_directions
def test_shapes_stand_beside_lines_where_they_change(options: DrawingOptions) -> None:
    graph = own_graph("resnet18")
    layout = lay_out(visible(graph, frozenset({"[conv1-maxpool]"})), options)
    labels = {edge.source: edge.label for edge in layout.edges if edge.label}
    assert labels["conv1"] == "64 × 112 × 112"
    assert labels["layer2"] == "128 × 28 × 28"
    assert "relu" not in labels  # changes nothing
    assert "input" not in labels  # its box says it


@in_both_directions
def test_inception_modules_say_what_they_give(options: DrawingOptions) -> None:
    graph = own_graph("googlenet")
    layout = lay_out(visible(graph, default_expansion(graph) | {"inception3a"}), options)
    labels = {edge.source: edge.label for edge in layout.edges if edge.label}
    (concat,) = [node.name for node in layout.graph.nodes if node.kind == "concat"]
    assert labels[concat] == "256 × 28 × 28"


def test_the_deepest_networks_fit_a_small_window_at_first() -> None:
    # what a window of 1280 x 800 leaves of the graph, with names of 8 pixels and more
    width, height = 690.0, 346.0
    for name in ("resnet152", "densenet201"):
        graph = own_graph(name)
        layout = lay_out(visible(graph, default_expansion(graph)))
        zoom = min(width / layout.width, height / layout.height)
        assert zoom >= 0.4
        for node in layout.graph.nodes:
            room = layout.boxes[node.name].width - STRIPE_WIDTH - PADDING
            badge = badge_width(node) if node.repeats else 0.0
            alone = min(NAME_ALONE, room / (text_width(node.label, NAME_SIZE, "semibold") + badge))
            assert alone * NAME_SIZE * zoom >= 8.0


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet18", "densenet121"])
def test_left_to_right_flows_to_the_right(name: str) -> None:
    graph = own_graph(name)
    layout = lay_out(visible(graph, frozenset(graph.block)), DrawingOptions(direction="right"))
    for edge in layout.edges:
        source, target = layout.boxes[edge.source], layout.boxes[edge.target]
        assert source.x + source.width <= target.x
    for frame in layout.frames:
        for text in header_texts(layout, frame):
            assert text.at[1] < layout.frames[frame].y + FRAME_HEADER


def test_training_only_edges_are_marked() -> None:
    graph = own_graph("googlenet")
    layout = lay_out(visible(graph, default_expansion(graph)))
    marked = {edge.target for edge in layout.edges if edge.training_only}
    assert marked == {"aux1", "aux2"}


def test_texts_fit_their_boxes_and_headers() -> None:
    graph = own_graph("googlenet")
    layout = lay_out(visible(graph, frozenset(graph.block)))
    for node in layout.graph.nodes:
        if node.kind not in ("add", "concat"):
            room = layout.boxes[node.name].width
            assert 26 + 10 + text_width(node.label, NAME_SIZE, "semibold") <= room
            assert 26 + 10 + text_width(node.caption, CAPTION_SIZE) <= room
    for name, frame in layout.frames.items():
        texts = header_texts(layout, name)
        assert texts[0].text == layout.graph.frame_label(name)
        for text in texts:
            weight = "regular" if text.quiet else "semibold"
            width = text_width(text.text, text.size, weight)  # type: ignore[arg-type]
            assert frame.x < text.at[0]
            assert text.at[0] + width < frame.x + frame.width


def test_text_is_measured_and_shortened() -> None:
    assert text_width("", 12.0) == 0
    assert text_width("conv1", 24.0) == pytest.approx(2 * text_width("conv1", 12.0))
    assert text_width("conv1", 12.0, "semibold") > text_width("conv1", 12.0)
    assert shortened("conv1", 12.0, 200.0) == "conv1"
    short = shortened("a very long name of a layer", 12.0, 60.0)
    assert short.endswith("…")
    assert text_width(short, 12.0) <= 60.0


def test_nothing_but_an_input_can_be_drawn() -> None:
    graph = LayerGraph("", own_graph("lenet5").layers[:1], (), ())
    _check(lay_out(visible(graph, frozenset())))
