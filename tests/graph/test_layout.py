"""Drawings are sound: nothing overlaps, lines go from border to border, parts lie in frames."""

import math

import pytest
from hypothesis import given, settings

from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import header_texts, lay_out
from cnn_explorer.graph.model import GraphLayout, LayerGraph, Rect
from cnn_explorer.graph.style import CAPTION_SIZE, FRAME_HEADER, NAME_SIZE
from cnn_explorer.graph.text import shortened, text_width
from tests.graph.examples import foreign_graph, layer_graphs, own_graph

NEAR = 0.01


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
    for edge in layout.edges:
        assert len(edge.points) >= 2
        for (x0, y0), (x1, y1) in zip(edge.points, edge.points[1:], strict=False):
            assert math.isfinite(x0 + y0 + x1 + y1)
            assert abs(x0 - x1) < NEAR or abs(y0 - y1) < NEAR  # orthogonal
        assert _on_border(edge.points[0], layout.boxes[edge.source])
        assert _on_border(edge.points[-1], layout.boxes[edge.target])


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
def test_our_networks_are_drawn_soundly(name: str, opened: str) -> None:
    graph = own_graph(name)
    expanded = {
        "nothing": frozenset[str](),
        "default": default_expansion(graph),
        "everything": frozenset(graph.block),
    }[opened]
    _check(lay_out(visible(graph, expanded)))


@pytest.mark.parametrize("name", ["squeezenet1_1", "mobilenet_v2", "efficientnet_b0"])
def test_foreign_networks_are_drawn_soundly(name: str) -> None:
    graph = foreign_graph(name)
    _check(lay_out(visible(graph, frozenset(graph.block))))


@settings(deadline=None, max_examples=60)
@given(layer_graphs())
def test_any_graph_is_drawn_soundly(graph: LayerGraph) -> None:
    _check(lay_out(visible(graph, frozenset(graph.block))))
    _check(lay_out(visible(graph, default_expansion(graph))))


def test_the_same_graph_gives_the_same_drawing() -> None:
    seen = visible(own_graph("googlenet"), frozenset(own_graph("googlenet").block))
    assert lay_out(seen) == lay_out(seen)


def test_the_main_line_runs_straight_through_open_blocks() -> None:
    graph = own_graph("resnet50")
    layout = lay_out(visible(graph, frozenset(graph.block)))
    chain = ["input", "conv1", "layer1.0.conv1", "layer2.0.conv1", "layer4.2.conv3", "fc", "output"]
    centres = {layout.boxes[name].centre[0] for name in chain}
    assert max(centres) - min(centres) < NEAR


def test_shapes_stand_beside_lines_where_they_change_and_touch_nothing() -> None:
    graph = own_graph("resnet18")
    layout = lay_out(visible(graph, frozenset({"[conv1-maxpool]"})))
    labels = {edge.source: edge.label for edge in layout.edges if edge.label}
    assert labels["conv1"] == "64 × 112 × 112"
    assert labels["layer2"] == "128 × 28 × 28"
    assert "relu" not in labels  # changes nothing
    assert "input" not in labels  # its box says it
    for edge in layout.edges:
        if edge.label:
            x, y = edge.label_at
            right = x + text_width(edge.label, 10.0)
            for box in layout.boxes.values():
                assert right < box.x or x > box.x + box.width or not (
                    box.y - 5 < y < box.y + box.height + 5
                )  # fmt: skip


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
