"""The panels below the graph: what they say is what they were given, in every state."""

import dataclasses
import re

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDesktopServices, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QVBoxLayout, QWidget

from cnn_explorer.graph.model import BlockNode, GraphEdge, LayerGraph, LayerNode, Window
from cnn_explorer.gui.state.shown import ActivationsShown, FiltersShown, SourceShown
from cnn_explorer.gui.widgets import details_panel, filters_panel, theme
from cnn_explorer.gui.widgets.about_panel import AboutPanel
from cnn_explorer.gui.widgets.activations_panel import ActivationsPanel
from cnn_explorer.gui.widgets.code_panel import CODE_COLOURS, CodePanel
from cnn_explorer.gui.widgets.connection_view import ConnectionView
from cnn_explorer.gui.widgets.details_panel import DetailsPanel, ShareBar
from cnn_explorer.gui.widgets.filters_panel import FiltersPanel
from cnn_explorer.gui.widgets.panel_parts import PanelHeader, QuietLabel
from cnn_explorer.gui.widgets.untrained_badge import UntrainedBadge
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.probe.results import LayerFilters
from cnn_explorer.text import number_text

UNTRAINED = "untrained: these answers mean nothing"

CARD = NetworkCard(
    name="tiny",
    title="Tiny <Net>",
    family="LeNet",
    year=1998,
    authors="A. Author",
    paper="A paper & a title, 1998",
    url="https://example.org/paper",
    builder="nowhere:tiny",
    depth=2,
    parameters=10_500,
    macs=120_000,
    preprocessing=Preprocessing("photo", 36, 32, (0.5,) * 3, (0.5,) * 3),
    classes="mnist",
    accuracy="It reached 99 %.",
    differences=("It is smaller.",),
)

GRAPH = LayerGraph(
    network="tiny",
    layers=(
        LayerNode("input", "", "input", "", (), (3, 32, 32), 0, 0),
        LayerNode(
            "body.conv1", "body", "conv", "Conv2d", ((3, 32, 32),), (8, 16, 16), 500, 100_000,
            (("kernel", "7 × 7"), ("stride", "2")),
        ),
        LayerNode("body.aux", "body", "linear", "Linear", ((8,),), (4,), 36, 32, (), True),
        LayerNode("fc", "", "linear", "Linear", ((2048,),), (10,), 10_000, 20_000),
        LayerNode("output", "", "output", "", ((10,),), (10,), 0, 0),
    ),
    blocks=(BlockNode("body", "", "Sequential", ("body.conv1",), 500, 100_000, (8, 16, 16)),),
    edges=(
        GraphEdge("input", "body.conv1", (3, 32, 32)),
        GraphEdge("body.conv1", "fc", (8, 16, 16)),
        GraphEdge("fc", "output", (10,)),
    ),
)  # fmt: skip


def random_maps(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def shown_maps(layer: str, *shape: int, trained: bool = True, names: tuple[str, ...] = ()):
    return ActivationsShown(CARD, trained, layer, random_maps(*shape), names)


def shown_filters(layer: str, *shape: int, bias: bool = False, trained: bool = True):
    weight = random_maps(*shape)
    return FiltersShown(
        CARD, trained, layer, LayerFilters(layer, weight, random_maps(shape[0]) if bias else None)
    )


def show(qtbot, panel, width=900, height=260):
    qtbot.addWidget(panel)
    panel.resize(width, height)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


@pytest.fixture
def activations(qtbot):
    return show(qtbot, ActivationsPanel())


@pytest.fixture
def filters(qtbot):
    return show(qtbot, FiltersPanel())


@pytest.fixture
def details(qtbot):
    return show(qtbot, DetailsPanel())


@pytest.fixture
def code(qtbot):
    return show(qtbot, CodePanel())


@pytest.fixture
def about(qtbot):
    return show(qtbot, AboutPanel())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-1.5, "−1.5"),
        (0.123456, "0.1235"),
        (1e-7, "1e−7"),
        (float("nan"), "not a number"),
        (float("-inf"), "−∞"),
    ],
)
def test_numbers_for_people(value, text):
    assert number_text(value) == text


def test_badge_shows_only_for_untrained(qtbot):
    badge = UntrainedBadge()
    qtbot.addWidget(badge)
    assert badge.isHidden()
    badge.set_untrained(True)
    assert not badge.isHidden()
    assert badge.text() == UNTRAINED
    badge.grab()
    badge.set_untrained(False)
    assert badge.isHidden()


# activations


def test_activations_say_what_to_do_when_empty(activations):
    assert activations.empty.isVisible()
    assert activations.empty.text() == "Drop a picture and click a layer to see what it computes."
    activations.clear("Click a layer in the graph.")
    assert activations.empty.text() == "Click a layer in the graph."


def test_activations_header(activations):
    activations.set_graph(GRAPH)
    activations.show_activations(shown_maps("body.conv1", 8, 16, 16))
    title = activations.header.title.text()
    assert title == "body.conv1 · Conv2d → 8 of 8 channels, 16 × 16"
    assert activations.header.badge.isHidden()
    assert activations.maps.isVisible()
    activations.show_activations(shown_maps("fc", 10, trained=False))
    assert activations.header.title.text() == "fc · Linear → 10 values"
    assert activations.header.badge.isVisible()
    assert activations.header.badge.text() == UNTRAINED
    assert activations.bars.isVisible()


def test_activations_without_a_graph_name_no_class(activations):
    activations.show_activations(shown_maps("conv", 2048, 7, 7))
    assert activations.header.title.text() == "conv → 2048 of 2048 channels, 7 × 7"


def test_maps_of_one_value_are_bars(activations):
    activations.show_activations(shown_maps("avgpool", 512, 1, 1))
    assert activations.bars.isVisible()
    assert activations.header.title.text() == "avgpool → 512 of 512 channels, 1 × 1"


def test_pointer_over_maps_tells_the_value(activations):
    shown = shown_maps("body.conv1", 8, 16, 16)
    activations.show_activations(shown)
    box = activations.maps.tile_rect(2)
    activations.maps._hover(QPointF(box.x() + 0.5, box.y() + 0.5))
    value = number_text(float(shown.maps[2, 0, 0]))
    assert activations.header.status.text() == f"{value} · channel 2 · row 0, column 0"
    activations.maps._hover(None)
    assert activations.header.status.text() == ""


def test_bars_name_the_classes(activations):
    names = tuple(f"class {index}" for index in range(1000))
    shown = shown_maps("fc", 1000, names=names)
    activations.show_activations(shown)
    activations.bars.set_read(7)
    value = number_text(float(shown.maps[7]))
    assert activations.header.status.text() == f"index 7 · class 7 · {value}"


def test_pending_keeps_the_old_maps_dimmed(activations, qtbot):
    activations.show_pending("body.conv1")
    assert activations.empty.text() == "Computing…"
    activations.show_activations(shown_maps("body.conv1", 8, 16, 16))
    activations.show_pending("fc")
    assert activations.maps.isVisible()
    assert activations.maps.dimmed
    assert activations.header.title.text() == "fc · computing…"
    activations.show_activations(shown_maps("body.conv1", 8, 16, 16))
    assert not activations.maps.dimmed
    # the same layer again: dimmed only when it takes a while
    activations.show_pending("body.conv1")
    assert not activations.maps.dimmed
    qtbot.waitUntil(lambda: activations.maps.dimmed)
    activations.clear("")
    assert not activations.maps.dimmed
    assert activations.empty.isVisible()


def test_another_layer_of_the_same_shape_starts_afresh(activations):
    activations.show_activations(shown_maps("a", 8, 16, 16))
    activations.maps.select(5)
    activations.show_activations(shown_maps("a", 8, 16, 16))
    assert activations.maps.selected == 5
    activations.show_activations(shown_maps("b", 8, 16, 16))
    assert activations.maps.selected == -1


def test_one_scale_shows_its_ends(activations):
    shown = shown_maps("a", 8, 16, 16)
    activations.show_activations(shown)
    assert activations.bar.ends() == ("−", "+")
    shading = activations.shading
    shading.colours.setCurrentIndex(shading.colours.findData("viridis"))
    shading.scale.setCurrentIndex(1)
    low, high = float(shown.maps.min()), float(shown.maps.max())
    assert activations.bar.ends() == (number_text(low), number_text(high))
    shading.scale.setCurrentIndex(0)
    activations.maps.select(3)
    low, high = float(shown.maps[3].min()), float(shown.maps[3].max())
    assert activations.bar.ends() == (number_text(low), number_text(high))
    # values below zero have colours around it, unless others are chosen
    shading.colours.setCurrentIndex(shading.colours.findData("auto"))
    peak = max(abs(low), abs(high))
    assert activations.bar.ends() == (number_text(-peak), number_text(peak))


def test_values_that_are_no_numbers_are_counted(activations):
    maps = random_maps(8, 16, 16)
    maps[0, 0, :3] = np.nan
    activations.show_activations(ActivationsShown(CARD, True, "a", maps))
    assert activations.header.status.text() == "not a number (magenta): 3"


def test_slider_and_view_agree_on_the_size(activations, qtbot):
    activations.show_activations(shown_maps("a", 64, 7, 7))
    with qtbot.waitSignal(activations.maps.tile_size_changed):
        activations.size_slider.setValue(activations.size_slider.maximum())
    large = activations.maps.tile_size
    activations.size_slider.setValue(0)
    assert activations.maps.tile_size < large
    qtbot.mouseClick(activations.fit, Qt.MouseButton.LeftButton)
    assert activations.maps._wanted is None


def test_empty_output_is_said(activations):
    activations.show_activations(ActivationsShown(CARD, True, "a", np.zeros((0, 7, 7), np.float32)))
    assert activations.empty.text() == "This layer's output is empty."
    activations.show_activations(ActivationsShown(CARD, True, "a", np.zeros(0, np.float32)))
    assert activations.empty.isVisible()


# filters


def test_no_weights_is_said(filters):
    assert filters.empty.text() == "Click a layer in the graph to see its weights."
    filters.show_filters(FiltersShown(CARD, True, "relu", None))
    assert filters.empty.text() == "No weights here. In a block, click one of its layers."
    assert filters.empty.isVisible()


def test_first_layer_kernels_are_pictures(filters):
    shown = shown_filters("conv1", 64, 3, 7, 7, trained=False)
    filters.show_filters(shown)
    weight = shown.filters.weight
    low, high = number_text(float(weight.min())), number_text(float(weight.max()))
    assert filters.header.title.text() == f"conv1 · 64 filters of 3 × 7 × 7, {low} to {high}"
    assert filters.header.badge.isVisible()
    filters.maps._hover(filters.maps.tile_rect(5).center())
    red, green, blue = (number_text(float(value)) for value in weight[5, :, 3, 3])
    said = f"filter 5 · row 3, column 3 · red {red}, green {green}, blue {blue}"
    assert filters.line.text() == said


def test_deeper_kernels_are_shown_for_one_output(filters):
    shown = shown_filters("conv2", 32, 16, 3, 3)
    filters.show_filters(shown)
    assert filters.maps.count == 16
    assert filters.output.maximum() == 31
    filters.output_slider.setValue(9)
    assert filters.output.value() == 9
    filters.maps._hover(filters.maps.tile_rect(4).center())
    value = number_text(float(shown.filters.weight[9, 4, 1, 1]))
    said = f"input 4 to output 9 · row 1, column 1 · {value}"
    assert filters.line.text() == said
    filters.show_filters(shown_filters("conv3", 4, 16, 3, 3))
    assert filters.output.value() == 0


def test_depthwise_kernels_are_shown_together(filters):
    filters.show_filters(shown_filters("depthwise", 32, 1, 3, 3))
    assert filters.maps.count == 32
    assert filters.header.title.text().startswith("depthwise · 32 filters of 1 × 3 × 3, ")


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1, 1)])
def test_matrices_are_heat_maps(filters, shape):
    shown = shown_filters("fc", *shape, bias=True)
    filters.show_filters(shown)
    assert filters.matrix.isVisible()
    assert filters.header.title.text().startswith("fc · 20 × 30 weights, ")
    filters.matrix._set_read((3, 7))
    value = number_text(float(shown.filters.weight.reshape(20, 30)[3, 7]))
    assert filters.line.text() == f"input 7 to output 3 · {value}"
    filters.part.setCurrentIndex(1)
    assert filters.bars.isVisible()
    assert filters.header.title.text().startswith("fc · 20 biases, ")


def test_normalisation_weights_are_bars(filters):
    shown = FiltersShown(CARD, True, "bn", LayerFilters("bn", np.ones(64, np.float32), None))
    filters.show_filters(shown)
    assert filters.bars.isVisible()
    assert filters.header.title.text() == "bn · 64 weights, all 1"


def test_range_of_many_weights_is_found_bit_by_bit(filters, qtbot, monkeypatch):
    monkeypatch.setattr(filters_panel, "_CHUNK", 64)
    shown = shown_filters("fc", 40, 40)
    shown.filters.weight[39, 39] = 99
    shown.filters.weight[0, 0] = np.nan
    shown.filters.weight[39, 0] = -77
    filters.show_filters(shown)
    qtbot.waitUntil(lambda: filters.header.title.text() == "fc · 40 × 40 weights, −77 to 99")
    filters.show_filters(FiltersShown(CARD, True, "relu", None))
    assert not filters._scan.isActive()


def test_weights_that_are_no_numbers(filters):
    weight = np.full((4, 8, 3, 3), np.nan, np.float32)
    filters.show_filters(FiltersShown(CARD, True, "a", LayerFilters("a", weight, None)))
    said = "a · 4 filters of 8 × 3 × 3, none of them a finite number"
    assert filters.header.title.text() == said
    filters.grab()


# details


def facts(panel, group):
    found = next(item for item in panel.groups() if item.title == group)
    return [(fact.name, fact.value) for fact in found.facts]


def test_details_of_a_layer(details):
    details.show_layer(GRAPH, "body.conv1")
    assert facts(details, "Layer") == [("type", "Conv2d"), ("kernel", "7 × 7"), ("stride", "2")]
    assert facts(details, "Tensors") == [
        ("in", "3 × 32 × 32"),
        ("out", "8 × 16 × 16"),
        ("memory", "8.19 kB"),
    ]
    assert facts(details, "Cost") == [
        ("parameters", "500"),
        ("share of total", "4.8 %"),
        ("multiply-adds", "100,000 (100 k)"),
        ("share of total", "83.3 %"),
    ]
    assert facts(details, "Place") == [
        ("position", "2 of 5"),
        ("in block", "body"),
        ("takes from", "input"),
        ("gives to", "fc"),
    ]
    shares = [bar._share for bar in details.findChildren(ShareBar)]
    assert shares == pytest.approx([500 / 10_500, 100_000 / 120_000])


def test_details_of_a_block_and_of_the_network(details):
    details.show_layer(GRAPH, "body")
    assert ("layers", "2") in facts(details, "Block")
    assert ("positions", "2 to 3 of 5") in facts(details, "Place")
    details.show_layer(GRAPH, "")
    assert facts(details, "Cost") == [
        ("parameters", "10,500"),
        ("multiply-adds", "120,000 (120 k)"),
    ]
    assert facts(details, "Tensors") == [("input", "3 × 32 × 32"), ("output", "10")]


def test_training_only_parts_have_no_share(details):
    details.show_layer(GRAPH, "body.aux")
    assert [name for name, _ in facts(details, "Cost")] == ["parameters", "multiply-adds"]
    assert ("used", "in training only") in facts(details, "Place")


SEES = LayerGraph(
    network="sees",
    layers=(
        LayerNode("input", "", "input", "", (), (1, 28, 28), 0, 0),
        LayerNode(
            "body.conv", "body", "conv", "Conv2d", ((1, 28, 28),), (8, 14, 14), 1, 1,
            (("in channels", "4"), ("out channels", "8"), ("groups", "2")),
            reach="window", window=Window((5, 5), (2, 2), (2, 2)),
        ),
        LayerNode(
            "body.wide", "body", "conv", "TableConv2d", ((3, 14, 14),), (4, 5, 14), 1, 1,
            reach="window", window=Window((15, 1)), connections=((0, 1), (1, 2), (0, 2), (1,)),
        ),
        LayerNode("fc", "", "linear", "Linear", ((280,),), (10,), 1, 1, reach="whole"),
        LayerNode("output", "", "output", "", ((10,),), (10,), 0, 0),
    ),
    blocks=(BlockNode("body", "", "Sequential", ("body.conv", "body.wide"), 2, 2, (4, 5, 14)),),
    edges=(
        GraphEdge("input", "body.conv", (1, 28, 28)),
        GraphEdge("body.conv", "body.wide", (8, 14, 14)),
        GraphEdge("body.wide", "fc", (4, 5, 14)),
        GraphEdge("fc", "output", (10,)),
    ),
)  # fmt: skip


def test_details_tell_what_is_seen(details):
    details.show_layer(SEES, "body.conv")
    assert facts(details, "Receptive field") == [
        ("size", "5 × 5 pixels"),
        ("stride", "2 pixels"),
        ("first begins at", "pixel −2"),
    ]
    for name in ("body.wide", "body"):
        details.show_layer(SEES, name)
        assert facts(details, "Receptive field") == [
            ("size", "33 × 5 pixels"),
            ("the picture", "28 × 28 pixels"),
            ("stride", "2 pixels"),
            ("first begins at", "pixel −2"),
        ]
    assert ("all outputs", "7.39 kB") in facts(details, "Block")
    details.show_layer(SEES, "fc")
    assert facts(details, "Receptive field") == [("size", "whole picture")]
    details.show_layer(GRAPH, "body.conv1")  # an oddity whose window nobody knows
    assert facts(details, "Receptive field") == [("size", "not known")]
    details.show_layer(GRAPH, "input")
    assert "Receptive field" not in [group.title for group in details.groups()]


def test_details_tell_which_maps_are_connected(details):
    details.show_layer(SEES, "body.conv")
    assert facts(details, "Connections") == [
        ("group 1", "maps 0–1 → maps 0–3"),
        ("group 2", "maps 2–3 → maps 4–7"),
    ]
    assert not details.findChildren(ConnectionView)
    details.show_layer(SEES, "body.wide")
    (view,) = details.findChildren(ConnectionView)
    assert view.said_at(QPointF(24, 24)) == "Map 0 sees map 0 of the input"
    assert view.said_at(QPointF(24, 56)) == "Map 0 does not see map 2 of the input"
    assert view.said_at(QPointF(8, 24)) == view.said_at(QPointF(24, 500)) == ""
    table = details.text().split("Connections\n")[1].splitlines()
    assert table[2:6] == [
        "\t0\t1\t2\t3", "0\tX\t\tX\t", "1\tX\tX\t\tX", "2\t\tX\tX\t",
    ]  # fmt: skip


def test_a_connection_is_drawn_where_it_is(details):
    details.show_layer(SEES, "body.wide")
    (view,) = details.findChildren(ConnectionView)
    picture = view.grab().toImage()
    ground = {
        picture.pixelColor(16 * (column + 1) + 3, 16 * (row + 1) + 8).name()
        for column, seen in enumerate(SEES.layer["body.wide"].connections)
        for row in seen
    }
    empty = picture.pixelColor(16 + 3, 16 * 3 + 8).name()
    assert len(ground) == 1
    assert empty not in ground


def test_details_of_many_groups_are_short(details):
    settings = (("in channels", "64"), ("out channels", "64"), ("groups", "32"))
    layer = LayerNode("a", "", "conv", "Conv2d", (), (64, 4, 4), 0, 0, settings)
    details.show_layer(LayerGraph("n", (layer,), (), ()), "a")
    assert facts(details, "Connections") == [
        ("each group", "2 → 2"),
        ("group 1", "maps 0–1 → maps 0–1"),
        ("group 32", "maps 62–63 → maps 62–63"),
    ]
    depthwise = dataclasses.replace(
        layer,
        attributes=(("in channels", "64"), ("out channels", "64"), ("groups", "64")),
    )
    details.show_layer(LayerGraph("n", (depthwise,), (), ()), "a")
    assert facts(details, "Connections") == [("each map", "sees one map, its own")]


def test_details_of_a_group_count_what_is_in_it(details):
    graph = LayerGraph(
        network="n",
        layers=tuple(
            LayerNode(f"s.{number}.conv", f"s.{number}", "conv", "Conv2d", (), (8, 4, 4), 1, 1)
            for number in (1, 2)
        ),
        blocks=(
            BlockNode("s", "", "Sequential", ("s.[1-2]",), 2, 2, (8, 4, 4)),
            BlockNode(
                "s.[1-2]", "s", "Block", ("s.1", "s.2"), 2, 2, (8, 4, 4), group="run", repeats=2
            ),
            BlockNode("s.1", "s.[1-2]", "Block", ("s.1.conv",), 1, 1, (8, 4, 4)),
            BlockNode("s.2", "s.[1-2]", "Block", ("s.2.conv",), 1, 1, (8, 4, 4)),
        ),
        edges=(),
    )
    details.show_layer(graph, "s.[1-2]")
    assert facts(details, "Block")[:2] == [("type", "2 × Block"), ("layers", "2")]


def test_details_copy_all_or_the_selected_text(details, qtbot):
    details.show_layer(GRAPH, "fc")
    details.setFocus()
    qtbot.keyClick(details, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text()
    assert copied.splitlines()[:4] == ["fc", "", "Layer", "type\tLinear"]
    assert "parameters\t10,000" in copied
    label = next(item for item in details.findChildren(QLabel) if item.text() == "Linear")
    label.setFocus()
    qtbot.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == copied
    label.setSelection(0, 3)
    qtbot.keyClick(label, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Lin"


def test_details_of_an_unknown_name_are_empty(details):
    details.show_layer(GRAPH, "nowhere")
    assert details.groups() == ()
    assert details.empty.isVisible()


@pytest.mark.parametrize("width", [300, 700, 1400])
def test_details_stand_side_by_side_where_there_is_room(details, width):
    details.show_layer(GRAPH, "fc")
    details.resize(width, 260)
    assert details._across == max(1, min(4, width // 340))
    details.grab()


# code


CODE = '''class Block(nn.Module):
    """Says
    two lines."""

    def forward(self, x):  # a comment
        return "text" + str(x) * 12
'''


def test_code_is_shown_numbered_and_coloured(code, qtbot):
    code.show_source(SourceShown("layer1.0", "Block", CODE, "cnn/resnet.py, line 40"))
    assert code.code.toPlainText() + "\n" == CODE
    assert code.title.text() == "Block of layer1.0"
    assert code.origin.text() == "cnn/resnet.py, line 40"
    assert code.code._first_line == 40
    assert code.code.isReadOnly()
    dark = theme.is_dark(code.palette())

    def colour(line, column):
        block = code.code.document().findBlockByNumber(line)
        return next(
            item.format.foreground().color().name()
            for item in block.layout().formats()
            if item.start <= column < item.start + item.length
        )

    assert colour(0, 0) == CODE_COLOURS[dark]["keyword"]
    assert colour(0, 6) == CODE_COLOURS[dark]["definition"]
    assert colour(2, 6) == CODE_COLOURS[dark]["comment"]
    assert colour(4, 28) == CODE_COLOURS[dark]["comment"]
    assert colour(5, 15) == CODE_COLOURS[dark]["string"]
    assert colour(5, 34) == CODE_COLOURS[dark]["number"]
    qtbot.mouseClick(code.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == CODE
    code.grab()


def test_code_that_is_not_there_is_said(code):
    code.show_source(SourceShown("relu", "ReLU", "", "torch.nn.ReLU"))
    assert code.empty.isVisible()
    assert code.empty.text() == "There is no Python source code for this layer."


def contrast(first: QColor, second: QColor) -> float:
    """WCAG 2.2: relative luminance of the lighter over that of the darker."""

    def luminance(colour: QColor) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_code_colours_are_legible(dark):
    base = theme.palette_for(dark).color(QPalette.ColorRole.Base)
    for name, colour in CODE_COLOURS[dark].items():
        assert contrast(QColor(colour), base) >= 4.5, name
    ground, text = theme.WARNING[dark]
    assert contrast(QColor(text), QColor(ground)) >= 4.5


def test_code_follows_the_theme(code):
    code.show_source(SourceShown("a", "Block", CODE, "a.py"))
    app = QApplication.instance()
    before = app.palette()
    try:
        for dark in (True, False):
            app.setPalette(theme.palette_for(dark))
            app.processEvents()
            first = code.code.document().firstBlock().layout().formats()[0]
            assert first.format.foreground().color().name() == CODE_COLOURS[dark]["keyword"]
    finally:
        app.setPalette(before)


# about


def test_about_tells_the_card(about):
    assert about.empty.isVisible()
    about.show_card(CARD)
    text = about.page.toPlainText()
    for said in (
        "Tiny <Net>",
        "A. Author, 1998",
        "A paper & a title, 1998",
        "10.5 k",
        "120 k",
        "3 × 32 × 32",
        "It reached 99 %.",
        "It is smaller.",
    ):
        assert said in text


@pytest.mark.parametrize("width", [360, 700, 1600])
def test_about_keeps_lines_short(about, width):
    about.resize(width, 400)
    about.show_card(CARD)
    about.grab()
    character = about.page.fontMetrics().averageCharWidth()
    assert about._line() / character <= 80
    assert about.page.horizontalScrollBar().maximum() == 0
    assert about.page.verticalScrollBar().value() == 0


def test_about_opens_only_web_links(about, monkeypatch):
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    for url in ("https://example.org/paper", "file:///etc/passwd", "javascript:1", "http://a.b"):
        about.page.anchorClicked.emit(QUrl(url))
    assert [url.toString() for url in opened] == ["https://example.org/paper", "http://a.b"]


def test_about_fetches_nothing(about, tmp_path, monkeypatch):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "tiny.md").write_text(
        "# A lesson\n\nText with `code`.\n\n![a](https://example.org/a.png) ![b](/etc/hostname)\n"
        "\n<b>raw</b>\n\n## Look\n\n- one\n- two\n"
    )
    monkeypatch.setattr(
        "cnn_explorer.gui.widgets.about_panel.resource", lambda *parts: tmp_path.joinpath(*parts)
    )
    about.show_card(CARD)
    about.grab()
    text = about.page.toPlainText()
    assert "A lesson" in text
    assert "Tiny" not in text
    assert "<b>raw</b>" in text
    assert about.page.loadResource(2, QUrl("https://example.org/a.png")) is None


def test_every_panel_is_drawn_narrow_and_low(activations, filters, details, code, about):
    activations.set_graph(GRAPH)
    activations.show_activations(shown_maps("body.conv1", 64, 16, 16, trained=False))
    filters.show_filters(shown_filters("conv2", 32, 16, 3, 3, trained=False))
    details.show_layer(GRAPH, "body.conv1")
    code.show_source(SourceShown("a", "Block", CODE, "a.py, line 3"))
    about.show_card(CARD)
    for panel in (activations, filters, details, code, about):
        for width, height in ((500, 160), (1400, 160), (500, 700)):
            panel.resize(width, height)
            panel.grab()
            assert (panel.width(), panel.height()) == (width, height), type(panel).__name__
    assert re.fullmatch(r"#[0-9a-f]{6}", theme.quiet_colour(about).name())


@pytest.mark.usefixtures("themed")
def test_a_header_shortens_its_warning_before_it_takes_a_second_row(qtbot):
    header = PanelHeader((QLineEdit(),))
    qtbot.addWidget(header)
    header.title.set_title("layer1.0.relu1", " · ReLU")
    header.badge.set_untrained(True)
    header.show()
    heights, widths = {}, {}
    for width in (900, 480, 340):
        header.resize(width, header.sizeHint().height())
        header.arrange()
        header.layout().activate()
        QApplication.processEvents()
        heights[width], widths[width] = header.sizeHint().height(), header.badge.width()
    whole, short = (header.badge.width_of(short=short) for short in (False, True))
    assert heights[900] == heights[480] < heights[340]
    assert widths[900] == whole
    assert widths[480] == short
    assert header.badge.text() == UNTRAINED


@pytest.mark.usefixtures("themed")
def test_facts_give_way_one_by_one(qtbot):
    label = QuietLabel()
    qtbot.addWidget(label)
    facts = ["mean 0.5164", "deviation 0.7963", "maximum 6.477"]
    label.setText("  ·  ".join(facts))
    said = set()
    for width in range(80, 400, 4):
        label.resize(width, 20)
        said.add(label.drawn_text())
    assert said == {"  ·  ".join(facts[:count]) for count in (1, 2, 3)}


def test_tab_stops_at_every_control_before_it_comes_to_the_maps(qtbot):
    window, before = QWidget(), QLineEdit()
    panels = ActivationsPanel(), FiltersPanel(), CodePanel()
    column = QVBoxLayout(window)
    for widget in (before, *panels):
        column.addWidget(widget)
    qtbot.addWidget(window)
    activations, filters, code = panels
    activations.show_activations(shown_maps("body.conv1", 8, 16, 16))
    filters.show_filters(shown_filters("body.conv1", 8, 1, 5, 5, bias=True))
    code.show_source(SourceShown("fc", "Linear", "class Linear:\n    pass\n", "here"))
    window.resize(900, 900)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    before.setFocus()
    stops = []
    for _ in range(16):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        stops.append(QApplication.focusWidget())
        if stops[-1] is code.copy_button:
            break
    assert stops == [
        activations.sort,
        activations.channel_box,
        activations.size_slider,
        activations.fit,
        activations.colours_button,
        activations.maps,
        filters.part,
        filters.sort,
        filters.scale,
        filters.tile_slider,
        filters.side_choice,
        filters.maps,
        code.copy_button,
    ]


def test_columns_of_facts_are_as_level_as_their_order_allows():
    assert details_panel._in_columns([9, 4, 6, 6], 1) == [4]
    assert details_panel._in_columns([9, 4, 6, 6], 2) == [2, 2]  # 13 and 12
    assert details_panel._in_columns([9, 4, 6, 6], 3) == [1, 2, 1]  # 9, 10, 6
    assert details_panel._in_columns([], 1) == []


def test_every_bar_is_named_where_all_names_fit(qtbot):
    bars = ValueBars()
    qtbot.addWidget(bars)
    bars.resize(700, 200)
    bars.show_values(np.arange(-4, 6, dtype=np.float32), [str(n) for n in range(10)])
    assert list(bars._named()) == list(range(10))
    bars.resize(200, 200)
    assert list(bars._named()) == [9, 8, 7, 6, 5]
