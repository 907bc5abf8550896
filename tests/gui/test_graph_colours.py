"""Boxes of the graph coloured by a number: what is painted, chosen, told and asked for."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.colouring import colour_at, ink_on
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.numbers import NUMBER_KINDS
from cnn_explorer.graph.style import KIND_STYLES, LIGHT
from cnn_explorer.gui.widgets.graph_look import BLOCKS_ONLY
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.status import StatusBar
from cnn_explorer.gui.widgets.theme import apply_theme
from tests.gui.graphs import shown, view_on


@pytest.fixture
def view(qtbot: QtBot, themed: object, graph: LayerGraph) -> GraphView:
    assert themed is not None
    return view_on(qtbot, shown(graph))


def painted(view: GraphView, name: str) -> QColor:
    """The colour of a box near its right end, where nothing is written."""
    canvas = view.canvas
    rect = canvas.drawing.rect_of(name)
    spot = rect.center()
    spot.setX(rect.right() - 6.0)
    return canvas.grab().toImage().pixelColor(canvas.viewportTransform().map(spot).toPoint())


def test_boxes_take_the_colour_of_their_number(view: GraphView) -> None:
    assert painted(view, "stem") == QColor(LIGHT.box)
    view.colour_by("macs")
    # a convolution has least, the stage of six most
    assert painted(view, "stem") == QColor(colour_at(0.0, dark=False))
    assert painted(view, "stage") == QColor(colour_at(1.0, dark=False))
    assert painted(view, "input") == QColor(LIGHT.box)
    view.colour_by("")
    assert painted(view, "stage") == QColor(LIGHT.box)


def test_far_away_boxes_are_blocks_of_that_colour(view: GraphView) -> None:
    view.colour_by("macs")
    view.canvas.zoom_to(BLOCKS_ONLY * 0.9)
    assert painted(view, "stage") == QColor(colour_at(1.0, dark=False))
    view.colour_by("")
    assert painted(view, "stage") == QColor(KIND_STYLES["block"].light)


def test_dark_ground_has_its_own_colours(
    view: GraphView, qtbot: QtBot, themed: QApplication
) -> None:
    view.colour_by("macs")
    apply_theme(themed, "dark")
    try:
        dark = QColor(colour_at(1.0, dark=True))
        qtbot.waitUntil(lambda: painted(view, "stage") == dark)
        paint = view.canvas.drawing.look.number_paint("stage")
        assert paint is not None
        assert paint.ink == QColor(ink_on(dark.name()))
    finally:
        apply_theme(themed, "light")


def test_the_number_stands_on_the_box(view: GraphView) -> None:
    look = view.canvas.drawing.look
    assert look.number_paint("stage") is None
    view.colour_by("macs")
    paint = look.number_paint("stage")
    assert paint is not None
    assert paint.text == "885 k · 86 %"
    none = look.number_paint("output")
    assert none is not None
    assert none.text == ""


def test_the_range_follows_what_is_open(view: GraphView, graph: LayerGraph) -> None:
    view.colour_by("parameters")
    assert [tick.text for tick in view.colour_scale.ticks()][-1] == "3.5 k"
    network = shown(graph, "stage")
    view.show_layout(network.expanded, network.layout)
    assert [tick.text for tick in view.colour_scale.ticks()][-1] == "1.17 k"


def test_a_bar_of_colours_takes_the_place_of_the_legend(view: GraphView) -> None:
    assert view.legend.isVisible()
    assert not view.colour_scale.isVisible()
    view.colour_by("memory")
    assert not view.legend.isVisible()
    assert view.colour_scale.isVisible()
    assert view.geometry().contains(view.colour_scale.geometry())
    said = view.colour_scale.accessibleName()
    assert said.startswith("Activation memory, logarithmic: ")
    assert "kB" in said
    assert view.colour_scale.toolTip() == NUMBER_KINDS[2].explained
    view.colour_by("")
    assert view.legend.isVisible()
    view.colour_by("memory")
    view.show_loading("Another")
    assert not view.colour_scale.isVisible()


def test_the_bar_is_shorter_in_a_small_view_and_ticks_keep_apart(view: GraphView) -> None:
    view.colour_by("memory")
    tall = view.colour_scale.height()
    view.colour_scale.set_room(QSize(300, 160))
    assert view.colour_scale.height() < tall
    places = [tick.at for tick in view.colour_scale.ticks()]
    assert places[0] == 0.0
    assert places[-1] == 1.0
    length = view.colour_scale.height() - 60  # heading, unit and margins
    assert all((b - a) * length > 8 for a, b in pairwise(places))


def test_choosing_tells_and_measured_time_is_asked_for(
    view: GraphView, qtbot: QtBot, graph: LayerGraph
) -> None:
    told: list[str] = []
    asked: list[bool] = []
    view.coloured_by_changed.connect(told.append)
    view.measure_asked.connect(lambda: asked.append(True))
    chooser = view.colour_chooser
    chooser.setFocus()
    qtbot.keyClick(chooser, Qt.Key.Key_Down)
    assert told == ["parameters"]
    assert not asked
    view.colour_by("time")
    assert chooser.currentData() == "time"
    assert told == ["parameters", "time"]
    assert asked == [True]
    assert view.colour_scale.note == "not measured yet"
    assert painted(view, "stem") == QColor(LIGHT.box)
    view.show_times({"stem": 1.0, "stage.0.conv1": 4.0})
    assert painted(view, "stage") == QColor(colour_at(1.0, dark=False))
    assert [tick.text for tick in view.colour_scale.ticks()] == ["1 ms", "2 ms", "4 ms"]
    view.colour_by("macs")
    view.colour_by("time")
    assert len(asked) == 1  # known by now
    view.show_network(shown(graph))
    assert len(asked) == 2  # another network's are not
    view.colour_by("of a later version")
    assert view.coloured_by == ""


def test_totals_stand_in_the_status_bar(qtbot: QtBot, themed: object, graph: LayerGraph) -> None:
    assert themed is not None
    bar = StatusBar()
    qtbot.addWidget(bar)
    bar.show_network(shown(graph))
    said = bar.facts
    assert "4.09 k parameters" in said
    assert "1.03 M multiply-adds" in said
    # stem, three blocks of four and the pooling, 8 × 16 × 16 values of 4 bytes each
    assert f"{14 * 8 * 16 * 16 * 4 / 1000:.0f} kB activation memory" in said
    assert "FLOP" not in said
    assert "FLOPs" in bar.explained  # said what they are
