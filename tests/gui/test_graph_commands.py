"""Depth, zoom to the selection, direction: commands of the graph by button, menu and key."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.hierarchy import deepest, expanded_to_depth
from cnn_explorer.graph.model import DrawingOptions, GraphLayout, LayerGraph, Rect
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets import graph_walk
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.main_window import MainWindow
from tests.gui.graphs import LEFT, Obliging, placed, residual_graph, shown

KEY = Qt.Key


@pytest.fixture
def does(view: GraphView, graph: LayerGraph) -> Iterator[Obliging]:
    return Obliging(view, graph)


# depth


def test_the_slider_opens_to_a_depth(
    qtbot: QtBot, view: GraphView, does: Obliging, graph: LayerGraph
) -> None:
    slider = view.depth_slider
    most = deepest(graph)
    assert (slider.minimum(), slider.maximum()) == (0, most)
    assert slider.value() == view.levels_open == 1
    for depth in (most, 0, 1):
        slider.setValue(depth)
        assert does.asked[-1] == expanded_to_depth(graph, depth)
        assert slider.value() == view.levels_open == depth
        assert f"{depth} of {most}" in slider.toolTip()
    many = len(does.asked)
    slider.setFocus()
    qtbot.keyClick(slider, KEY.Key_Right)
    assert does.asked[many:] == [expanded_to_depth(graph, 2)]


def test_levels_go_one_by_one_and_end_where_there_are_no_more(
    view: GraphView, does: Obliging, graph: LayerGraph
) -> None:
    view.show_less_deep()
    assert does.asked == [frozenset()]
    view.show_less_deep()
    assert len(does.asked) == 1
    for _ in range(5):
        view.show_deeper()
    assert does.asked[-1] == frozenset(graph.block)
    assert len(does.asked) == 1 + deepest(graph)
    # what stands open below the level shown closes first
    view.show_layout(frozenset({"stage", "aux", "stage.0"}), placed(graph, "stage", "stage.0"))
    view.show_less_deep()
    assert does.asked[-1] == frozenset({"stage", "aux"})


def test_toggling_moves_the_slider_and_nothing_more(view: GraphView, does: Obliging) -> None:
    view.expand_all()
    assert view.depth_slider.value() == 2
    view.collapse_all()
    assert view.depth_slider.value() == 0
    assert len(does.asked) == 2
    view.clear()
    assert not view.depth_slider.isEnabled()
    view.show_deeper()
    view.show_depth(7)
    assert len(does.asked) == 2


def test_enter_and_backspace_on_a_run(qtbot: QtBot, themed: object) -> None:
    from cnn_explorer.graph.grouping import grouped

    assert themed is not None
    graph = grouped(residual_graph(5))
    run = next(block.name for block in graph.blocks if block.repeats)
    view = GraphView()
    qtbot.addWidget(view)
    around = [graph.block[run].parent] if graph.block[run].parent else []
    view.show_network(shown(graph, *around))
    does = Obliging(view, graph)
    view.set_selected(run)
    qtbot.keyClick(view.canvas, KEY.Key_Return)
    assert does.asked[-1] == frozenset({*around, run})
    inner = graph.block[run].children[1]
    view.set_selected(inner)
    qtbot.keyClick(view.canvas, KEY.Key_Return)
    assert inner in does.asked[-1]
    qtbot.keyClick(view.canvas, KEY.Key_Backspace)
    assert does.asked[-1] == frozenset({*around, run})
    qtbot.keyClick(view.canvas, KEY.Key_Backspace)
    assert does.asked[-1] == frozenset(around)
    assert view.selected == run


def test_a_narrow_view_keeps_the_tools_it_has_room_for(
    qtbot: QtBot, themed: object, graph: LayerGraph
) -> None:
    assert themed is not None
    around = QWidget()  # as in the window, where the view may be squeezed
    view = GraphView(around)
    qtbot.addWidget(around)
    around.resize(900, 500)
    around.show()
    view.show_network(shown(graph))
    tools = view.findChildren(QToolButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
    for width in (900, 500, 479, 320):
        view.resize(width, 400)
        QApplication.sendPostedEvents()
        shown_tools = [tool for tool in (*tools, view.depth_slider) if tool.isVisible()]
        assert view.fit_button in shown_tools
        assert all(view.rect().contains(tool.geometry()) for tool in shown_tools)
        assert (view.depth_slider in shown_tools) == (width >= 480)


# zoom to the selection


def test_the_selection_fills_the_view(qtbot: QtBot, view: GraphView) -> None:
    assert not view.selection_button.isEnabled()
    for name in ("stage", "stage.1", "stem", "output"):
        view.set_selected(name)
        qtbot.mouseClick(view.selection_button, LEFT)
        canvas = view.canvas
        place = canvas.viewportTransform().mapRect(canvas.drawing.rect_of(name))
        port = QRectF(canvas.viewport().rect())
        assert port.contains(place)
        assert abs(place.center().x() - port.center().x()) < 12
        assert abs(place.center().y() - port.center().y()) < 12
        assert canvas.zoom == 2.0 or place.height() > 0.7 * port.height()
        view.canvas.fit()
    view.set_selected("stage")
    qtbot.keyClick(view.canvas, KEY.Key_2)
    zoom = view.canvas.zoom
    view.canvas.fit()
    menu = view.context_menu("stage")
    menu.actions()[-1].trigger()
    assert view.canvas.zoom == zoom
    menu.deleteLater()
    view.set_selected("")
    view.canvas.zoom_to_selection()
    assert view.canvas.zoom == zoom


# direction


def turned(layout: GraphLayout) -> GraphLayout:
    """A layout mirrored at its diagonal: from left to right."""

    def turn(rect: Rect) -> Rect:
        return Rect(3 * rect.y, rect.x / 3, rect.width, rect.height)

    return replace(
        layout,
        boxes={name: turn(rect) for name, rect in layout.boxes.items()},
        frames={name: turn(rect) for name, rect in layout.frames.items()},
        edges=(),
        width=3 * layout.height,
        height=layout.width / 3,
        options=DrawingOptions("right"),
    )


def test_the_direction_is_asked_for_and_shown(
    qtbot: QtBot, view: GraphView, graph: LayerGraph
) -> None:
    with qtbot.waitSignal(view.direction_asked) as asked:
        qtbot.mouseClick(view.direction_button, LEFT)
    assert asked.args == [True]
    layout = turned(placed(graph, "stage"))
    view.show_layout(frozenset({"stage"}), layout)
    assert view.direction_button.isChecked()
    view.show_network(replace(shown(graph, "stage"), layout=layout))
    canvas = view.canvas
    canvas.home()
    first = canvas.viewportTransform().mapRect(canvas.drawing.rect_of("input"))
    port = QRectF(canvas.viewport().rect())
    assert first.left() < 80  # it begins at the left
    assert port.contains(first)
    view.show_network(shown(graph, "stage"))
    assert not view.direction_button.isChecked()


def test_arrow_keys_follow_the_data_to_the_right(graph: LayerGraph) -> None:
    down = placed(graph, "stage")
    right = replace(turned(down), edges=down.edges)
    assert graph_walk.next_from(right, "stem", "right") == "stage.0"
    assert graph_walk.next_from(right, "stage", "right") == "stage.0"
    assert graph_walk.next_from(right, "stage.0", "left") == "stem"
    assert graph_walk.next_from(right, "output", "right") == ""
    side = "up" if right.boxes["aux"].y < right.boxes["pool"].y else "down"
    assert graph_walk.next_from(right, "pool", side) == "aux"  # type: ignore[arg-type]


# the menu


def test_no_two_commands_share_a_key(qtbot: QtBot, themed: object, tmp_path: object) -> None:
    assert themed is not None
    window = MainWindow(Settings.in_file(tmp_path / "settings.ini"))  # type: ignore[operator]
    qtbot.addWidget(window)
    keys: dict[str, QAction] = {}
    for action in window.findChildren(QAction):
        for sequence in action.shortcuts():
            other = keys.setdefault(sequence.toString(), action)
            assert other is action, f"{sequence.toString()}: {action.text()}, {other.text()}"
    view = GraphView()
    qtbot.addWidget(view)
    commands = window.commands
    for button, action in (
        (view.expand_all_button, commands.expand_all),
        (view.collapse_all_button, commands.collapse_all),
        (view.direction_button, commands.left_to_right),
    ):
        assert f"({action.shortcut().toString()})" in button.toolTip()
    # each key is told in the list of keys once: colours as a range, all others one by one
    told = [*commands.with_keys(), *commands.colours.values()]
    assert len(told) == len(set(told))
    assert set(told) == set(keys.values())
