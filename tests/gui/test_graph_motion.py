"""Blocks are seen to open and close: what is painted meanwhile, and that nothing waits for it."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QAbstractAnimation, QPoint, QPointF, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.widgets import graph_motion
from cnn_explorer.gui.widgets.graph_canvas import GraphCanvas
from cnn_explorer.gui.widgets.graph_scene import Hit
from cnn_explorer.gui.widgets.graph_view import GraphView
from tests.gui.graphs import LEFT, Obliging, double_click, place_of, shown, view_on, wheel


@pytest.fixture
def view(qtbot: QtBot, themed: object, graph: LayerGraph) -> Iterator[GraphView]:
    """A view that has been painted, with its stage open."""
    assert themed is not None
    view = view_on(qtbot, shown(graph, "stage"))
    does = Obliging(view, graph)
    view.canvas.viewport().repaint()
    yield view
    del does


def painted(canvas: GraphCanvas, milliseconds: int) -> QImage:
    """The motion at a time after its start."""
    canvas.viewport().repaint()  # it begins when it is first painted
    clock = canvas.motion.clock
    assert clock.state() != QAbstractAnimation.State.Stopped
    clock.pause()
    clock.setCurrentTime(milliseconds)
    return canvas.viewport().grab().toImage()


def test_a_block_opens_on_the_way_and_ends_as_drawn(view: GraphView) -> None:
    canvas = view.canvas
    before = canvas.viewport().grab().toImage()
    view.toggle("stage.1")
    assert canvas.motion.is_running
    moments = [painted(canvas, time) for time in (0, 60, 120)]
    moments.append(before)
    canvas.motion.finish()
    moments.append(canvas.viewport().grab().toImage())
    assert all(a != b for n, a in enumerate(moments) for b in moments[:n])


def test_it_begins_as_it_was(view: GraphView) -> None:
    """At time 0 every pixel inside what stays is as before."""
    canvas = view.canvas
    before = canvas.viewport().grab().toImage()
    place = place_of(view, "stem")
    old = canvas.viewportTransform().mapRect(canvas.drawing.rect_of("stem")).toAlignedRect()
    view.toggle("stage.1")
    now = painted(canvas, 0)
    assert old.contains(place)
    inner = old.adjusted(3, 3, -3, -3)
    assert now.copy(inner) == before.copy(inner)


def test_the_layout_is_the_final_one_from_the_first_moment(view: GraphView) -> None:
    canvas = view.canvas
    place = place_of(view, "stage.1")
    view.toggle("stage.1")
    assert canvas.motion.is_running
    assert canvas.layout_shown is not None
    assert "stage.1.conv1" in canvas.layout_shown.boxes
    rect = canvas.drawing.rect_of("stage.1.conv1")
    assert canvas.drawing.hit(rect.center()) == Hit("stage.1.conv1", "box")
    assert abs(place_of(view, "stage.1").y() - place.y()) < 30


def test_it_ends_by_itself_within_a_quarter_of_a_second(qtbot: QtBot, view: GraphView) -> None:
    assert graph_motion.DURATION <= 250
    view.toggle("stage.1")
    view.canvas.viewport().repaint()
    assert view.canvas.motion.clock.duration() == graph_motion.DURATION
    qtbot.waitUntil(lambda: not view.canvas.motion.is_running)
    assert view.canvas.motion.clock.state() == QAbstractAnimation.State.Stopped


def test_every_gesture_finds_it_ended(qtbot: QtBot, view: GraphView) -> None:
    canvas = view.canvas
    gestures = [
        lambda: qtbot.mousePress(canvas.viewport(), LEFT, pos=QPoint(5, 5)),
        lambda: qtbot.mouseRelease(canvas.viewport(), LEFT, pos=QPoint(5, 5)),
        lambda: qtbot.keyClick(canvas, Qt.Key.Key_Down),
        lambda: wheel(view, -120, QPointF(50, 50), Qt.KeyboardModifier.NoModifier),
        lambda: wheel(view, 120, QPointF(50, 50), Qt.KeyboardModifier.ControlModifier),
        canvas.fit,
        canvas.zoom_in,
        lambda: view.resize(view.width() + 20, 500),
        lambda: canvas.set_animated(False),
    ]
    for number, gesture in enumerate(gestures):
        view.toggle("stage.1")
        assert canvas.motion.is_running, number
        painted(canvas, 50)
        gesture()
        if number != 1:  # a release ends what a press began
            assert not canvas.motion.is_running, number
        canvas.motion.finish()
    view.toggle("stage.1")
    assert not canvas.motion.is_running  # not wanted any more


def test_opening_one_after_another_without_a_pause(view: GraphView, graph: LayerGraph) -> None:
    canvas = view.canvas
    for name in ("stage.0", "stage.1", "stage.0", "stage", "stage", "stage.2"):
        view.toggle(name)
        painted(canvas, 30)
    view.show_network(shown(graph))
    assert not canvas.motion.is_running
    view.toggle("stage")
    assert not canvas.motion.is_running  # nothing was painted yet that could move
    view.clear()
    assert canvas.drawing.items() == []


def test_the_clicked_block_is_under_the_pointer_all_the_way(qtbot: QtBot, view: GraphView) -> None:
    canvas = view.canvas
    canvas.zoom_to(0.9)
    canvas.viewport().repaint()
    place = place_of(view, "stage.1")
    for _ in range(2):  # opened, closed
        double_click(qtbot, view, place)
        for time in (0, 50, 100, 150):
            painted(canvas, time)
            way = canvas.motion.places_of("stage.1")
            at = canvas.mapToScene(place)
            assert way, time
            assert any(rect.adjusted(-1, -1, 1, 1).contains(at) for rect in way), time


def test_no_motion_where_too_much_would_move(
    view: GraphView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_motion, "MOST_MOVING", 3)
    canvas = view.canvas
    before = canvas.viewport().grab().toImage()
    view.toggle("stage.1")
    after = canvas.viewport().grab().toImage()
    assert not canvas.motion.is_running
    assert after != before
    assert canvas.viewport().grab().toImage() == after
    monkeypatch.setattr(graph_motion, "_MOST_BOXES", 3)
    view.toggle("stage.1")
    assert not canvas.motion.is_running


def test_no_motion_where_the_system_asks_for_less(view: GraphView) -> None:
    view.canvas.reduce_motion()
    view.canvas.set_animated(True)
    view.toggle("stage.1")
    assert not view.canvas.motion.is_running


def test_a_hidden_view_moves_nothing(view: GraphView) -> None:
    view.toggle("stage.1")
    view.hide()
    assert not view.canvas.motion.is_running
    view.toggle("stage.1")
    assert not view.canvas.motion.is_running
