"""The small map of a graph larger than the view."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.minimap import Minimap
from cnn_explorer.gui.widgets.theme import apply_theme, kind_colour
from tests.gui.graphs import LEFT, placed, residual_graph, shown, view_on


@pytest.fixture
def graph() -> LayerGraph:
    return residual_graph(8)


@pytest.fixture
def view(qtbot: QtBot, themed: object, graph: LayerGraph) -> GraphView:
    """A view of a graph that is much higher than it."""
    assert themed is not None
    return view_on(qtbot, shown(graph, *graph.block))


def test_it_is_there_only_where_not_all_is_in_sight(view: GraphView, graph: LayerGraph) -> None:
    assert view.minimap.isVisible()
    view.canvas.fit()
    assert not view.minimap.isVisible()
    view.canvas.zoom_to_full()
    assert view.minimap.isVisible()
    view.minimap.set_wanted(False)
    assert not view.minimap.isVisible()
    view.minimap.set_wanted(True)
    assert view.minimap.isVisible()
    view.resize(300, 200)  # it would cover what it is a map of
    assert not view.minimap.isVisible()
    view.resize(760, 520)
    assert view.minimap.isVisible()
    view.show_layout(frozenset(), placed(graph))
    view.canvas.fit()
    assert not view.minimap.isVisible()
    view.clear()
    assert not view.minimap.isVisible()


@pytest.mark.parametrize("width", [340, 500, 760, 1400])
@pytest.mark.parametrize("height", [300, 520, 1000])
def test_it_lies_on_the_graph_beside_the_legend(
    view: GraphView, graph: LayerGraph, width: int, height: int
) -> None:
    view.resize(width, height)
    for expanded in (graph.block, ("stage",)):
        view.show_layout(frozenset(expanded), placed(graph, *expanded))
        view.canvas.zoom_to(2.0)
        for is_folded in (False, True):
            view.legend.set_folded(is_folded)
            if view.minimap.isVisible():
                assert view.canvas.geometry().contains(view.minimap.geometry())
                assert not view.minimap.geometry().intersects(view.legend.geometry())
                assert view.minimap.width() <= view.canvas.width() / 3 + 1


def middle(view: GraphView) -> QPointF:
    return view.canvas.seen.center()


def test_a_click_and_a_drag_move_the_view(qtbot: QtBot, view: GraphView) -> None:
    goal = view.canvas.drawing.rect_of("stage.4").center()
    spot = view.minimap.rect_on_map(QRectF(goal, goal)).topLeft().toPoint()
    qtbot.mousePress(view.minimap, LEFT, pos=spot)
    low = view.canvas.drawing.content.height() / view.minimap.height()  # a pixel of the map
    assert abs(middle(view).y() - goal.y()) < 2 * low
    before = middle(view).y()
    qtbot.mouseMove(view.minimap, spot + QPoint(0, 12))
    assert middle(view).y() > before
    qtbot.mouseRelease(view.minimap, LEFT, pos=spot + QPoint(0, 12))
    assert view.selected == ""
    # beyond its ends: to the ends of the graph
    qtbot.mousePress(view.minimap, LEFT, pos=QPoint(5, 1))
    assert view.canvas.verticalScrollBar().value() == view.canvas.verticalScrollBar().minimum()


def test_the_rectangle_follows_the_view(view: GraphView) -> None:
    before = view.minimap.grab().toImage()
    bar = view.canvas.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert view.minimap.grab().toImage() != before


def test_it_is_painted_once_a_layout_and_again_for_a_theme(
    qtbot: QtBot, themed: QApplication, view: GraphView, graph: LayerGraph
) -> None:
    def key() -> int:
        return view.minimap.picture.cacheKey()

    first = key()
    bar = view.canvas.verticalScrollBar()
    bar.setValue(bar.maximum())
    view.minimap.grab()
    view.set_selected("output")
    view.canvas.viewport().repaint()
    assert key() == first
    expanded = frozenset({"stage", "stage.1"})
    view.show_layout(expanded, placed(graph, *expanded))
    assert key() != first
    view.canvas.zoom_to(2.0)
    spot = view.minimap.rect_on_map(view.canvas.drawing.rect_of("stage.2")).center().toPoint()

    def colour() -> QColor:
        return view.minimap.picture.toImage().pixelColor(spot)

    assert colour() == kind_colour("block", dark=False)
    apply_theme(themed, "dark")
    try:
        qtbot.waitUntil(lambda: colour() == kind_colour("block", dark=True))
    finally:
        apply_theme(themed, "light")
    qtbot.waitUntil(lambda: colour() == kind_colour("block", dark=False))


def test_a_graph_a_hundred_times_higher_than_wide_can_be_pointed_at(
    qtbot: QtBot, themed: object
) -> None:
    assert themed is not None
    graph = residual_graph(150)
    layout = placed(graph, *graph.block)
    minimap = Minimap()
    qtbot.addWidget(minimap)
    minimap.set_room(QSize(700, 600))
    minimap.show_layout(layout)
    minimap.set_seen(QRectF(0, 0, 700, 600))
    assert minimap.width() >= 40
    assert minimap.height() <= 200
    assert minimap.sizeHint() == minimap.size()
