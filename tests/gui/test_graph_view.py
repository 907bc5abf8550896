"""The graph view: choosing, walking, opening blocks, zoom, legend and looks."""

import gc
import weakref

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QHelpEvent, QImage
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.drawing import CARD_STEP, badge_rect
from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.layout import badge_text, box_size, lay_out
from cnn_explorer.graph.model import (
    USUAL,
    BlockNode,
    DrawingOptions,
    GraphEdge,
    LayerGraph,
    LayerNode,
    VisibleNode,
)
from cnn_explorer.graph.shortcuts import with_shortcuts
from cnn_explorer.graph.style import BOX_HEIGHT, DARK, LIGHT, NAME_SIZE, PADDING, STRIPE_WIDTH
from cnn_explorer.gui.state.shown import NetworkShown
from cnn_explorer.gui.widgets import graph_walk
from cnn_explorer.gui.widgets.graph_canvas import COMFORTABLE
from cnn_explorer.gui.widgets.graph_items import BoxItem
from cnn_explorer.gui.widgets.graph_look import BADGE_RADIUS, BLOCKS_ONLY
from cnn_explorer.gui.widgets.graph_scene import Hit
from cnn_explorer.gui.widgets.graph_view import GraphView, tip
from cnn_explorer.gui.widgets.theme import apply_theme
from cnn_explorer.media.lettering import text_width
from cnn_explorer.networks.catalog import NETWORKS
from tests.gui.graphs import (
    LEFT,
    MAP,
    Obliging,
    click,
    double_click,
    layer,
    place_of,
    placed,
    residual_graph,
    shown,
    wheel,
)

KEY = Qt.Key
RIGHT = DrawingOptions(direction="right")


# choosing


def test_a_click_selects_a_box_and_a_header_its_block(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    click(qtbot, view, "stem")
    assert does.clicked == ["stem"]
    assert view.selected == "stem"
    click(qtbot, view, "stage")
    assert does.clicked == ["stem", "stage"]
    assert view.canvas.selected == "stage"
    # the ground, and the ground inside a frame, select nothing and unselect nothing
    qtbot.mouseClick(view.canvas.viewport(), LEFT, pos=QPoint(3, 3))
    inside = view.canvas.drawing.rect_of("stage").bottomLeft() + QPointF(6, -6)
    place = view.canvas.viewportTransform().map(inside).toPoint()
    assert view.canvas.drawing.hit(inside) == Hit("stage", "inside")
    qtbot.mouseClick(view.canvas.viewport(), LEFT, pos=place)
    assert does.clicked == ["stem", "stage"]
    assert view.selected == "stage"


def test_set_selected_sends_no_signal_and_finds_what_hides_a_layer(
    qtbot: QtBot, view: GraphView
) -> None:
    with qtbot.assertNotEmitted(view.layer_clicked):
        view.set_selected("stage.1.conv2")
    assert view.selected == "stage.1.conv2"
    assert view.canvas.selected == "stage.1"
    view.set_selected("stage")
    assert view.canvas.selected == "stage"
    view.set_selected("nothing of the kind")
    assert view.selected == ""
    assert view.canvas.selected == ""


def test_selecting_scrolls_only_to_what_is_out_of_sight(view: GraphView) -> None:
    view.resize(760, 312)
    view.canvas.zoom_to(1.0)
    view.set_selected("stem")
    bar = view.canvas.verticalScrollBar()
    before = bar.value()
    view.set_selected("input")
    assert bar.value() == before
    view.set_selected("output")
    assert bar.value() > before
    seen = view.canvas.viewport().rect()
    assert seen.contains(place_of(view, "output"))


def test_reveal_opens_what_hides_the_layer(view: GraphView, does: Obliging) -> None:
    view.reveal("stage.1.conv2")
    assert does.asked == [frozenset({"stage", "stage.1"})]
    assert view.canvas.selected == "stage.1.conv2"
    assert view.canvas.viewport().rect().contains(place_of(view, "stage.1.conv2"))
    view.reveal("stem")
    assert len(does.asked) == 1


@pytest.mark.usefixtures("does")
def test_a_layer_selected_before_its_block_closes_stays_selected(view: GraphView) -> None:
    view.reveal("stage.0.conv1")
    view.collapse_all()
    assert view.selected == "stage.0.conv1"
    assert view.canvas.selected == "stage"
    view.expand_all()
    assert view.canvas.selected == "stage.0.conv1"


# walking


def test_walking_follows_the_lines(
    qtbot: QtBot, view: GraphView, does: Obliging, graph: LayerGraph
) -> None:
    view.show_layout(frozenset({"stage", "stage.1"}), placed(graph, "stage", "stage.1"))
    ways = [
        (KEY.Key_Home, "input"), (KEY.Key_Down, "stem"), (KEY.Key_Down, "stage.0"),
        (KEY.Key_Down, "stage.1.conv1"), (KEY.Key_Down, "stage.1.relu"),
        (KEY.Key_Up, "stage.1.conv1"), (KEY.Key_Up, "stage.0"), (KEY.Key_End, "output"),
        (KEY.Key_Up, "pool"), (KEY.Key_Up, "stage.2"), (KEY.Key_Up, "stage.1.add"),
        # not the shortcut, but what comes just before
        (KEY.Key_Up, "stage.1.conv2"),
    ]  # fmt: skip
    for key, name in ways:
        qtbot.keyClick(view.canvas, key)
        assert does.clicked[-1] == name
        assert view.selected == name
    qtbot.keyClick(view.canvas, KEY.Key_End)
    many = len(does.clicked)
    qtbot.keyClick(view.canvas, KEY.Key_Down)  # the way ends
    assert len(does.clicked) == many


def test_walking_sideways_and_past_training_parts(view: GraphView) -> None:
    layout = view.layout_shown
    assert layout is not None
    assert graph_walk.next_from(layout, "stage.2", "down") == "pool"
    side = "left" if layout.boxes["aux"].x < layout.boxes["pool"].x else "right"
    back = "right" if side == "left" else "left"
    assert graph_walk.next_from(layout, "pool", side) == "aux"  # type: ignore[arg-type]
    assert graph_walk.next_from(layout, "aux", back) == "pool"  # type: ignore[arg-type]
    assert graph_walk.next_from(layout, "pool", back) == ""  # type: ignore[arg-type]
    # into a frame and out of it again
    assert graph_walk.next_from(layout, "stage", "down") == "stage.0"
    assert graph_walk.next_from(layout, "stage", "up") == "stem"
    assert graph_walk.next_from(layout, "", "down") == "input"
    assert graph_walk.last(layout) == "output"


def test_what_stands_for_a_layer(graph: LayerGraph) -> None:
    closed = placed(graph)
    assert graph_walk.shown_as(closed, "stage.1.conv2") == "stage"
    assert graph_walk.shown_as(closed, "stem") == "stem"
    assert graph_walk.shown_as(closed, "unknown") == ""
    assert graph_walk.shown_as(placed(graph, "stage"), "stage") == "stage"


# opening and closing


def test_double_click_opens_and_a_header_closes(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    double_click(qtbot, view, place_of(view, "stage.1"))
    assert does.asked == [frozenset({"stage", "stage.1"})]
    double_click(qtbot, view, place_of(view, "stage.1"))
    assert does.asked[-1] == frozenset({"stage"})
    double_click(qtbot, view, place_of(view, "stem"))  # a layer has nothing to open
    assert len(does.asked) == 2


@pytest.mark.usefixtures("does")
def test_the_toggled_block_stays_under_the_pointer(qtbot: QtBot, view: GraphView) -> None:
    canvas = view.canvas
    canvas.zoom_to(0.9)
    for corner in (QPointF(4, 4), QPointF(125, 36), QPointF(60, 20)):
        box = canvas.drawing.rect_of("stage.1")
        place = canvas.viewportTransform().map(box.topLeft() + corner).toPoint()
        for part in ("header", "box", "header", "box"):
            double_click(qtbot, view, place)
            hit = canvas.drawing.hit(canvas.mapToScene(place))
            assert hit == Hit("stage.1", part)


@pytest.mark.usefixtures("does")
def test_what_is_selected_stays_in_place_when_all_opens(view: GraphView) -> None:
    view.set_selected("stage.2")
    view.canvas.zoom_to(1.0)
    before = place_of(view, "stage.2")
    view.expand_all()
    after = place_of(view, "stage.2")  # the header's middle now
    assert abs(after.x() - before.x()) <= 8  # half a scroll bar, which may have come
    grown = view.canvas.drawing.grip_of("stage.2").height() / 2 - BOX_HEIGHT / 2
    assert abs(after.y() - before.y() - grown) <= 1.5


def test_the_button_on_a_hovered_block_opens_it(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    port = view.canvas.viewport()
    qtbot.mouseMove(port, place_of(view, "stage.1"))
    item = view.canvas.drawing.box_item("stage.1")
    assert item is not None
    assert item.badge is not None
    place = view.canvas.viewportTransform().map(item.badge + QPointF(6, 0)).toPoint()
    qtbot.mouseMove(port, place)
    qtbot.mouseClick(port, LEFT, pos=place)
    assert does.asked == [frozenset({"stage", "stage.1"})]
    assert does.clicked == []


def test_enter_opens_and_backspace_closes_the_block_around(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    view.set_selected("stage.0")
    qtbot.keyClick(view.canvas, KEY.Key_Return)
    assert does.asked[-1] == frozenset({"stage", "stage.0"})
    assert view.canvas.selected == "stage.0"
    qtbot.keyClick(view.canvas, KEY.Key_Down)
    assert view.selected == "stage.0.conv1"
    qtbot.keyClick(view.canvas, KEY.Key_Backspace)
    assert does.asked[-1] == frozenset({"stage"})
    assert view.selected == "stage.0"
    assert does.clicked[-1] == "stage.0"
    qtbot.keyClick(view.canvas, KEY.Key_Backspace)
    assert does.asked[-1] == frozenset()
    assert view.selected == "stage"
    many = len(does.asked)
    qtbot.keyClick(view.canvas, KEY.Key_Backspace)  # nothing is around it
    assert len(does.asked) == many


def test_the_tools_ask_for_all_or_none(
    qtbot: QtBot, view: GraphView, does: Obliging, graph: LayerGraph
) -> None:
    qtbot.mouseClick(view.expand_all_button, LEFT)
    assert does.asked == [frozenset(graph.block)]
    assert not view.expand_all_button.isEnabled()
    qtbot.mouseClick(view.collapse_all_button, LEFT)
    assert does.asked[-1] == frozenset()
    assert not view.collapse_all_button.isEnabled()
    assert view.expand_all_button.isEnabled()


def test_opening_goes_on_through_a_block_around_a_single_one(qtbot: QtBot, themed: object) -> None:
    assert themed is not None
    graph = LayerGraph(
        "nested",
        (layer("input", "input"), layer("a.b.conv", "conv"), layer("a.b.relu", "activation")),
        (
            BlockNode("a", "", "Outer", ("a.b",), 584, 147_456, MAP),
            BlockNode("a.b", "a", "Inner", ("a.b.conv", "a.b.relu"), 584, 147_456, MAP),
        ),
        (GraphEdge("input", "a.b.conv", MAP), GraphEdge("a.b.conv", "a.b.relu", MAP)),
    )
    view = GraphView()
    qtbot.addWidget(view)
    view.show_network(shown(graph))
    does = Obliging(view, graph)
    view.toggle("a")
    assert does.asked == [frozenset({"a", "a.b"})]
    view.set_selected("a")
    assert view.canvas.selected == "a.b.conv"  # "a" itself has no frame


# zoom and place


def test_a_small_graph_is_shown_whole_a_large_one_from_its_top(
    view: GraphView, graph: LayerGraph
) -> None:
    canvas = view.canvas
    view.resize(760, 900)
    view.show_network(shown(graph))
    port = QRectF(canvas.viewport().rect())
    shown_part = canvas.viewportTransform().mapRect(canvas.drawing.content)
    assert port.contains(shown_part)
    assert not canvas.verticalScrollBar().isVisible()
    assert canvas.zoom <= 1.0
    view.resize(760, 500)
    large = residual_graph(8)
    view.show_network(shown(large, *large.block))
    assert canvas.zoom == 1.0
    assert canvas.verticalScrollBar().isVisible()
    assert canvas.verticalScrollBar().value() == canvas.verticalScrollBar().minimum()
    assert abs(place_of(view, "input").x() - canvas.viewport().width() / 2) <= 1


def test_a_large_graph_from_left_to_right_starts_at_the_left(view: GraphView) -> None:
    canvas = view.canvas
    large = residual_graph(8)
    view.show_network(shown(large, *large.block, options=RIGHT))
    assert canvas.zoom >= COMFORTABLE
    assert canvas.horizontalScrollBar().isVisible()
    assert canvas.horizontalScrollBar().value() == canvas.horizontalScrollBar().minimum()
    assert canvas.viewport().rect().contains(place_of(view, "input"))


def test_turning_the_drawing_shows_its_beginning_again(view: GraphView) -> None:
    canvas = view.canvas
    large = residual_graph(8)
    expanded = frozenset(large.block)
    view.show_network(shown(large, *large.block))
    canvas.zoom_to(1.5)
    view.show_layout(expanded, placed(large, *large.block, options=RIGHT))
    assert canvas.viewport().rect().contains(place_of(view, "input"))


def test_arrow_keys_follow_the_flow_to_the_right(qtbot: QtBot, view: GraphView) -> None:
    graph = residual_graph(2)
    view.show_network(shown(graph, *graph.block, options=RIGHT))
    view.set_selected("stem")
    for key, name in (
        (KEY.Key_Right, "stage.0.conv1"),
        (KEY.Key_Right, "stage.0.relu"),
        (KEY.Key_Left, "stage.0.conv1"),
        (KEY.Key_Left, "stem"),
    ):
        with qtbot.waitSignal(view.canvas.chosen) as walked:
            qtbot.keyClick(view.canvas, key)
        assert walked.args == [name]
        view.set_selected(name)


def test_each_shortcut_has_its_line_in_the_legend(view: GraphView) -> None:
    graph = with_shortcuts(residual_graph())
    view.show_network(shown(graph, *graph.block))
    assert view.legend.kinds[-2:] == ("identity", "training only")
    assert "Identity shortcut" in view.legend.accessibleName()


def test_the_badge_of_repeats_keeps_clear_of_the_button_that_opens() -> None:
    node = VisibleNode(
        "run", "", "block", "Residual", "run", MAP, 0, 0, 35, False, "35 × Residual", repeats=35
    )
    width, height = box_size(node)
    badge = badge_rect(node, width)
    assert badge_text(node) == "× 35"
    middle = width + CARD_STEP  # of the button
    assert badge.x + badge.width < middle - BADGE_RADIUS
    assert badge.y > 0
    assert badge.y + badge.height < height
    name = STRIPE_WIDTH + PADDING + text_width(node.label, NAME_SIZE, "semibold")
    assert name < badge.x


def test_keys_zoom(qtbot: QtBot, view: GraphView) -> None:
    canvas = view.canvas
    qtbot.keyClick(canvas, KEY.Key_1)
    assert canvas.zoom == 1.0
    assert view.zoom_button.text() == "100 %"
    qtbot.keyClick(canvas, KEY.Key_Plus)
    assert canvas.zoom == 1.25
    qtbot.keyClick(canvas, KEY.Key_Minus)
    qtbot.keyClick(canvas, KEY.Key_Minus)
    assert canvas.zoom == pytest.approx(0.8)
    qtbot.keyClick(canvas, KEY.Key_0)
    whole = canvas.viewportTransform().mapRect(canvas.drawing.content)
    assert QRectF(canvas.viewport().rect()).contains(whole)
    for _ in range(40):
        qtbot.keyClick(canvas, KEY.Key_Minus)
    assert canvas.zoom > 0.01
    for _ in range(60):
        qtbot.keyClick(canvas, KEY.Key_Plus)
    assert canvas.zoom == 4.0


def test_ctrl_and_the_wheel_zoom_at_the_pointer(view: GraphView) -> None:
    canvas = view.canvas
    canvas.zoom_to(1.0)
    at = QPointF(place_of(view, "stem"))
    before = canvas.mapToScene(at.toPoint())
    zoom = canvas.zoom
    wheel(view, 240, at, Qt.KeyboardModifier.ControlModifier)
    assert canvas.zoom > zoom
    after = canvas.mapToScene(at.toPoint())
    assert (after - before).manhattanLength() < 2.5


def test_the_wheel_scrolls(view: GraphView) -> None:
    large = residual_graph(8)
    view.show_network(shown(large, *large.block))
    canvas = view.canvas
    before, zoom = canvas.verticalScrollBar().value(), canvas.zoom
    wheel(view, -120, QPointF(50, 50), Qt.KeyboardModifier.NoModifier)
    assert canvas.verticalScrollBar().value() > before
    assert canvas.zoom == zoom


def test_dragging_moves_the_drawing_and_selects_nothing(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    canvas = view.canvas
    canvas.zoom_to(1.0)
    port = canvas.viewport()
    for button in (LEFT, Qt.MouseButton.MiddleButton):
        start = place_of(view, "stem")  # from a box as well as from the ground
        grabbed = canvas.mapToScene(start)
        goal = start + QPoint(37, 41)
        qtbot.mousePress(port, button, pos=start)
        qtbot.mouseMove(port, start + QPoint(20, 20))
        qtbot.mouseMove(port, goal)
        assert port.cursor().shape() == Qt.CursorShape.ClosedHandCursor
        qtbot.mouseRelease(port, button, pos=goal)
        assert (canvas.mapToScene(goal) - grabbed).manhattanLength() < 2.5
    assert does.clicked == []
    # never out of sight
    qtbot.mousePress(port, LEFT, pos=QPoint(5, 5))
    qtbot.mouseMove(port, QPoint(5000, 5000))
    qtbot.mouseRelease(port, LEFT, pos=QPoint(5000, 5000))
    content = canvas.viewportTransform().mapRect(canvas.drawing.content)
    assert QRectF(port.rect()).intersects(content)


def test_resizing_refits_until_the_person_zooms(view: GraphView, graph: LayerGraph) -> None:
    view.show_network(shown(graph))
    canvas = view.canvas
    view.resize(760, 280)
    small = canvas.zoom
    view.resize(760, 900)
    assert canvas.zoom > small
    canvas.zoom_to(0.7)
    view.resize(600, 400)
    assert canvas.zoom == 0.7


def test_a_view_filled_before_it_is_shown_starts_at_the_top(
    qtbot: QtBot, themed: object, graph: LayerGraph
) -> None:
    assert themed is not None
    view = GraphView()
    qtbot.addWidget(view)
    view.show_network(shown(graph, *graph.block))
    view.set_selected("stem")
    view.resize(700, 500)
    view.show()
    qtbot.waitExposed(view)
    assert view.canvas.viewport().rect().contains(place_of(view, "input"))
    assert view.canvas.viewport().rect().contains(place_of(view, "stem"))


def test_drops_are_left_to_the_window(view: GraphView) -> None:
    assert not any(child.acceptDrops() for child in (view, *view.findChildren(QWidget)))


# what is said and shown


def test_the_legend_lists_the_kinds_of_this_network(
    qtbot: QtBot, view: GraphView, graph: LayerGraph
) -> None:
    assert view.legend.isVisible()
    assert view.legend.kinds == (
        "input", "conv", "pool", "activation", "add", "output", "block", "training only"
    )  # fmt: skip
    assert "Convolution" in view.legend.accessibleName()
    plain = LayerGraph("plain", (layer("input", "input"), layer("conv", "conv")), (),
                       (GraphEdge("input", "conv", MAP),))  # fmt: skip
    view.show_network(shown(plain))
    assert view.legend.kinds == ("input", "conv")
    view.legend.set_folded(False)
    whole = view.legend.height()
    qtbot.keyClick(view.legend, KEY.Key_Space)
    assert view.legend.is_folded
    assert view.legend.height() < whole
    assert view.canvas.geometry().contains(view.legend.geometry())
    qtbot.mouseClick(view.legend, LEFT, pos=QPoint(10, 8))
    assert not view.legend.is_folded
    assert view.canvas.geometry().contains(view.legend.geometry())
    view.resize(300, 160)
    assert not view.legend.is_folded  # as the person chose
    view.clear()
    assert not view.legend.isVisible()
    assert graph.layers


def test_the_legend_folds_by_itself_in_a_small_view(view: GraphView) -> None:
    view.resize(300, 200)
    assert view.legend.is_folded
    view.resize(900, 800)
    assert not view.legend.is_folded


def test_empty_and_loading_say_so(qtbot: QtBot, view: GraphView) -> None:
    view.clear()
    assert view.layout_shown is None
    assert view.canvas.accessibleName() == "Choose a network on the left to see its layers."
    blank = view.canvas.grab().toImage()
    assert colours(blank) > 1  # the sentence is drawn
    view.show_loading("ResNet-50")
    assert view.canvas.accessibleName() == "Opening ResNet-50 …"
    assert not view.fit_button.isEnabled()
    for key in (KEY.Key_Down, KEY.Key_0, KEY.Key_Plus, KEY.Key_Return, KEY.Key_Backspace):
        qtbot.keyClick(view.canvas, key)
    qtbot.mouseClick(view.canvas.viewport(), LEFT, pos=QPoint(50, 50))
    view.set_selected("stem")
    assert view.selected == ""


@pytest.mark.usefixtures("does")
def test_what_is_selected_is_said(view: GraphView) -> None:
    said = view.canvas.accessibleName
    assert said() == "Layer graph of ResNet-18"
    view.set_selected("stem")
    assert said() == "Layer graph of ResNet-18; selected: stem, Conv, output 8 × 16 × 16"
    view.set_selected("stage.1.conv1")
    assert said().endswith("in the closed block stage.1")
    view.reveal("stage.1.conv1")
    assert "closed" not in said()
    view.set_selected("stage.1")
    assert said().endswith("an open block")


def test_tips_tell_all_and_show_names_as_they_are(
    view: GraphView, graph: LayerGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tip(graph, "stage.1.conv1")
    for part in ("stage.1.conv1", "Conv", "3 × 3", "8 × 16 × 16 → 8 × 16 × 16", "584", "147 k"):
        assert part in text
    assert "training only" in tip(graph, "aux")
    assert tip(graph, "unknown") == ""
    odd = LayerGraph("odd", (layer("<img src=x>&", "conv"),), (), ())
    assert "&lt;img src=x&gt;&amp;" in tip(odd, "<img src=x>&")
    port = view.canvas.viewport()
    place = place_of(view, "stem")
    event = QHelpEvent(QEvent.Type.ToolTip, place, port.mapToGlobal(place))
    told: list[str] = []
    # a real one would raise a window, which the offscreen platform cannot
    monkeypatch.setattr(QToolTip, "showText", lambda *args: told.append(args[1]))
    QApplication.sendEvent(port, event)
    assert told == [tip(graph, "stem")]


def test_the_context_menu(view: GraphView, does: Obliging) -> None:
    menu = view.context_menu("stage.0")
    texts = [action.text() for action in menu.actions() if not action.isSeparator()]
    assert texts == [
        "Open stage.0", "Go to Producer", "Go to Consumer", "Highlight All of Type Residual",
        "Copy the Name stage.0", "Expand All", "Collapse All",
        "Fit the Whole Graph", "Zoom to 100 %", "Zoom to the Selection",
    ]  # fmt: skip
    menu.actions()[0].trigger()
    assert does.asked == [frozenset({"stage", "stage.0"})]
    menu.actions()[6].trigger()
    assert QGuiApplication.clipboard().text() == "stage.0"
    menu.deleteLater()
    ground = view.context_menu("")
    assert not any("Copy" in action.text() for action in ground.actions())
    ground.deleteLater()
    view.set_selected("stem")
    view.copy_name()
    assert QGuiApplication.clipboard().text() == "stem"


def colours(image: QImage) -> int:
    return len({image.pixel(x, y) for x in range(0, image.width(), 2)
                for y in range(0, image.height(), 2)})  # fmt: skip


def test_the_theme_changes_what_is_painted(
    qtbot: QtBot, themed: QApplication, view: GraphView
) -> None:
    def ground() -> QColor:
        return view.canvas.grab().toImage().pixelColor(4, 4)

    view.set_selected("stem")
    assert ground() == QColor(LIGHT.ground)
    apply_theme(themed, "dark")
    try:
        qtbot.waitUntil(lambda: ground() == QColor(DARK.ground))
        assert view.canvas.drawing.look.dark
        box = view.canvas.drawing.rect_of("stem")
        port = view.canvas.viewportTransform().map(box.bottomRight() - QPointF(6, 6)).toPoint()
        assert view.canvas.grab().toImage().pixelColor(port) == QColor(DARK.box)
    finally:
        apply_theme(themed, "light")
    qtbot.waitUntil(lambda: ground() == QColor(LIGHT.ground))


def test_far_away_boxes_are_blocks_of_colour(view: GraphView) -> None:
    canvas = view.canvas
    canvas.zoom_to(BLOCKS_ONLY * 0.9)
    middle = canvas.viewportTransform().map(canvas.drawing.rect_of("stem").center()).toPoint()
    seen = canvas.grab().toImage().pixelColor(middle)
    assert seen == canvas.drawing.look.accent("conv")


def test_showing_networks_again_and_again_leaves_nothing(
    view: GraphView, graph: LayerGraph
) -> None:
    def items() -> list[weakref.ref[BoxItem]]:
        # the type itself, because asking some of torch's objects for their class warns
        alive = [thing for thing in gc.get_objects() if issubclass(type(thing), BoxItem)]
        return [weakref.ref(thing) for thing in alive]

    everything = shown(graph, *graph.block)
    view.show_network(everything)
    view.grab()
    gc.collect()
    count, boxes = len(view.canvas.drawing.items()), len(items())
    assert boxes == len(everything.layout.boxes)
    for _ in range(20):
        view.show_network(everything)
        view.grab()
    gc.collect()
    assert len(view.canvas.drawing.items()) == count
    assert len(items()) == boxes
    view.clear()
    gc.collect()
    assert view.canvas.drawing.items() == []
    assert not any(found() for found in items())


def test_a_network_that_cannot_be_followed_says_so_above_its_modules(qtbot: QtBot) -> None:
    layers = tuple(LayerNode(f"layer{at}", "", "conv", "Conv2d", (), (), 9, 0) for at in range(12))
    graph = LayerGraph("odd", layers, (), (), "Only the modules are shown, since it is odd.")
    layout = lay_out(visible(graph, frozenset()))
    view = GraphView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    with qtbot.waitExposed(view):
        view.show()
    assert not view.note.isVisible()
    view.show_network(NetworkShown(NETWORKS["lenet5"], graph, False, "", frozenset(), layout))
    assert view.note.isVisible()
    assert view.note.text() == graph.note
    assert view.note.geometry().bottom() <= view.canvas.geometry().top()
    left = view.canvas.mapFromScene(0.0, 0.0).x()
    right = view.canvas.viewport().width() - view.canvas.mapFromScene(layout.width, 0.0).x()
    assert abs(left - right) <= 4
    view.clear()
    assert not view.note.isVisible()


def test_the_legend_covers_no_box_that_stands_where_it_does_at_first(
    view: GraphView, graph: LayerGraph
) -> None:
    for options in (USUAL, DrawingOptions("right")):
        for width, height in ((700, 420), (900, 560), (1500, 900)):
            view.resize(width, height)
            for expanded in ((), tuple(graph.block)):
                view.show_network(shown(graph, *expanded, options=options))
                card = view.legend.geometry().translated(-view.canvas.pos())
                assert view.legend.is_folded or view.canvas.is_free(card, of_frames=False)
                assert view.canvas.geometry().contains(view.legend.geometry())


def test_a_legend_that_a_person_folded_stays_so(view: GraphView, graph: LayerGraph) -> None:
    view.resize(900, 800)
    assert view.legend.chosen is None
    view.legend.choose(True)
    view.resize(1200, 900)
    view.show_layout(frozenset(), placed(graph))
    assert view.legend.is_folded
    assert view.legend.chosen is True


def test_what_the_search_needs_room_for_makes_way(view: GraphView) -> None:
    view.resize(690, 500)
    assert view.colour_chooser.isVisible()
    view.search_bar.open_search()
    assert not view.colour_chooser.isVisible()
    view.search_bar.close_search()
    assert view.colour_chooser.isVisible()
    view.resize(1000, 500)
    view.search_bar.open_search()
    assert view.colour_chooser.isVisible()


def test_the_corner_between_the_scroll_bars_is_ground(view: GraphView, graph: LayerGraph) -> None:
    view.resize(420, 400)
    view.show_layout(frozenset(graph.block), placed(graph, *graph.block))
    view.canvas.zoom_to(3.0)
    viewport, canvas = view.canvas.viewport().geometry(), view.canvas.rect()
    assert viewport.right() < canvas.right()
    assert viewport.bottom() < canvas.bottom()
    picture = view.canvas.grab(canvas).toImage()
    corner = {
        picture.pixelColor(x, y).name()
        for x in range(viewport.right() + 2, canvas.right())
        for y in range(viewport.bottom() + 2, canvas.bottom())
    }
    assert corner == {LIGHT.ground.lower()}
