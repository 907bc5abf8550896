"""The search in the graph, what it highlights, the place of the selection, and ways along edges."""

import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.browse import Crumb
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.style import DARK, LIGHT
from cnn_explorer.gui.widgets.breadcrumbs import Breadcrumbs
from cnn_explorer.gui.widgets.graph_found import halos
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.theme import apply_theme
from tests.gui.graphs import LEFT, Obliging, placed, residual_graph, shown

KEY = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


def type_in(qtbot: QtBot, view: GraphView, text: str) -> None:
    view.search_bar.open_search()
    view.search_bar.query.clear()
    qtbot.keyClicks(view.search_bar.query, text)


def press(qtbot: QtBot, view: GraphView, *keys: Qt.Key, shift: bool = False) -> None:
    for key in keys:
        modifier = SHIFT if shift else Qt.KeyboardModifier.NoModifier
        qtbot.keyClick(view.search_bar.query, key, modifier)


def marked(view: GraphView) -> str:
    return str(view.search_bar.results.list.currentIndex().data())


# searching


def test_typing_lists_counts_and_says_what_is_looked_for(qtbot: QtBot, view: GraphView) -> None:
    bar = view.search_bar
    assert not bar.is_open
    type_in(qtbot, view, "conv2")
    assert bar.results.isVisible()
    assert bar.found.names == ("stage.0.conv2", "stage.1.conv2", "stage.2.conv2")
    assert bar.count.text() == "1 of 3"
    assert "conv2" in bar.results.sentence.text()
    assert marked(view) == "stage.0.conv2"
    assert "stage.0.conv2" in bar.query.accessibleDescription()
    qtbot.keyClicks(bar.query, "zzz")
    assert bar.count.text() == "no match"
    assert not bar.next_button.isEnabled()
    press(qtbot, view, KEY.Key_Return, KEY.Key_Down)  # go nowhere, and do no harm
    assert view.selected == ""


def test_up_and_down_mark_and_enter_goes_there(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    type_in(qtbot, view, "conv2")
    press(qtbot, view, KEY.Key_Down)
    assert marked(view) == "stage.1.conv2"
    assert does.clicked == []
    press(qtbot, view, KEY.Key_Return)
    assert does.clicked == ["stage.1.conv2"]
    # what hid it is open, and it is what the ring stands around, in sight
    assert does.asked == [frozenset({"stage", "stage.1"})]
    assert view.canvas.selected == "stage.1.conv2"
    assert view.search_bar.results.isHidden()
    assert view.search_bar.query.hasFocus()
    seen = view.canvas.viewport().rect()
    corner = view.canvas.viewportTransform().map(
        view.canvas.drawing.rect_of("stage.1.conv2").topLeft()
    )
    assert seen.contains(corner.toPoint())


def test_enter_goes_on_and_shift_enter_back_round_and_round(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    type_in(qtbot, view, "conv2")
    press(qtbot, view, *[KEY.Key_Return] * 4)
    assert [name[6] for name in does.clicked] == ["0", "1", "2", "0"]
    assert view.search_bar.count.text() == "1 of 3"
    press(qtbot, view, KEY.Key_Return, shift=True)
    assert does.clicked[-1] == "stage.2.conv2"
    view.search_bar.find_next()
    view.search_bar.find_previous()
    assert [name[6] for name in does.clicked[-2:]] == ["0", "2"]
    press(qtbot, view, KEY.Key_Down)  # the list comes back, where it was
    assert view.search_bar.results.isVisible()
    assert view.search_bar.count.text() == "1 of 3"


def test_a_click_in_the_list_goes_there(qtbot: QtBot, view: GraphView, does: Obliging) -> None:
    type_in(qtbot, view, "conv1")
    found = view.search_bar.results.list
    qtbot.waitUntil(lambda: found.visualRect(found.model().index(2, 0)).isValid())
    qtbot.mouseClick(
        found.viewport(), LEFT, pos=found.visualRect(found.model().index(2, 0)).center()
    )
    assert does.clicked == ["stage.2.conv1"]
    assert view.search_bar.count.text() == "3 of 3"
    assert view.search_bar.query.hasFocus()


def test_esc_closes_takes_the_halos_away_and_leaves_the_keyboard_in_the_graph(
    qtbot: QtBot, view: GraphView
) -> None:
    type_in(qtbot, view, "conv")
    assert halo_count(view) > 0
    press(qtbot, view, KEY.Key_Escape)
    assert not view.search_bar.is_open
    assert view.search_bar.results.isHidden()
    assert halo_count(view) == 0
    assert view.canvas.hasFocus()
    # what was looked for is there again, to be typed over
    view.search_bar.open_search()
    assert view.search_bar.query.selectedText() == "conv"
    assert halo_count(view) > 0
    view.canvas.setFocus()
    assert view.search_bar.results.isHidden()
    qtbot.keyClick(view.canvas, KEY.Key_Escape)
    assert not view.search_bar.is_open


def test_another_network_is_searched_for_the_same(qtbot: QtBot, view: GraphView) -> None:
    type_in(qtbot, view, "conv2")
    view.show_network(shown(residual_graph(5), "stage"))
    assert view.search_bar.count.text() == "1 of 5"
    view.clear()
    assert not view.search_bar.is_open
    assert not view.search_bar.open_button.isEnabled()
    view.search_bar.open_search()
    assert not view.search_bar.is_open


# highlights


def halo_count(view: GraphView) -> int:
    item = view.canvas.drawing._found
    return item.count if item is not None else 0


def test_closed_blocks_tell_how_many_matches_they_hide(graph: LayerGraph) -> None:
    layout = placed(graph, "stage", "stage.1")
    names = [layer.name for layer in graph.layers if layer.kind == "conv"]
    assert halos(layout, names) == {
        "stem": 0, "stage.0": 2, "stage.1.conv1": 0, "stage.1.conv2": 0, "stage.2": 2, "aux": 1,
    }  # fmt: skip
    # a block found by itself, with what it hides and without; an open one
    assert halos(layout, ["stage.0"]) == {"stage.0": 0}
    assert halos(layout, ["stage.0", "stage.0.conv1"]) == {"stage.0": 2}
    assert halos(layout, ["stage.1", "stage"]) == {"stage.1": 0, "stage": 0}
    assert halos(layout, []) == {}


def test_halos_follow_opening_and_closing(qtbot: QtBot, view: GraphView, does: Obliging) -> None:
    type_in(qtbot, view, "name conv")
    closed = halo_count(view)
    view.expand_all()
    assert does.asked
    assert halo_count(view) == len(view.search_bar.found.names) > closed
    view.collapse_all()
    assert halo_count(view) == 2  # the stage and the head for training; the stem is not called so


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("zoom", [1.0, 0.3])
def test_halos_are_seen_in_both_themes(
    qtbot: QtBot, qapp: QApplication, view: GraphView, theme: str, zoom: float
) -> None:
    style = DARK if theme == "dark" else LIGHT
    apply_theme(qapp, theme)  # type: ignore[arg-type]
    try:
        qtbot.waitUntil(lambda: view.canvas.drawing.look.dark == (theme == "dark"))
        view.canvas.zoom_to(zoom)
        before = view.canvas.viewport().grab().toImage()
        view.search_bar.look_for("name stem")
        qtbot.waitUntil(lambda: not view.search_bar.results.isVisible())
        after = view.canvas.viewport().grab().toImage()
        rect = view.canvas.viewportTransform().mapRect(view.canvas.drawing.rect_of("stem"))
        near = rect.adjusted(-12, -12, 12, 12)
        assert colours_in(after, near, style.found)
        assert not colours_in(before, near, style.found)
    finally:
        apply_theme(qapp, "light")


def colours_in(image: QImage, rect: QRectF, name: str) -> int:
    """How many points are about of a colour."""
    wanted = QColor(name)

    def near(x: int, y: int) -> bool:
        here = image.pixelColor(x, y)
        return all(
            abs(a - b) < 26
            for a, b in zip(here.getRgb()[:3], wanted.getRgb()[:3], strict=True)  # type: ignore[index]
        )

    place = rect.toAlignedRect().intersected(image.rect())
    return sum(
        near(x, y)
        for x in range(place.left(), place.right() + 1)
        for y in range(place.top(), place.bottom() + 1)
    )


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_the_halo_stands_out_from_all_grounds(style: object) -> None:
    """At least 3 : 1, as WCAG 2.1 (1.4.11) asks for graphics."""

    def luminance(name: str) -> float:
        parts = [QColor(name).redF(), QColor(name).greenF(), QColor(name).blueF()]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    found = luminance(style.found)  # type: ignore[attr-defined]
    for ground in ("ground", "frame", "frame_nested", "box"):
        other = luminance(getattr(style, ground))
        high, low = max(found, other), min(found, other)
        assert (high + 0.05) / (low + 0.05) >= 3.0, ground


def test_highlight_all_of_a_type_from_the_menu(view: GraphView) -> None:
    menu = view.context_menu("stem")
    entry = next(action for action in menu.actions() if "Type Conv" in action.text())
    entry.trigger()
    menu.deleteLater()
    bar = view.search_bar
    assert bar.is_open
    assert {match.type_name for match in bar.found.matches} == {"Conv"}
    assert len(bar.found.matches) == 8
    assert halo_count(view) == 5  # the stem, three closed blocks, the closed head
    assert bar.results.isHidden()  # the drawing is what one wants to see


# going along


def actions_of(menu: QMenu) -> dict[str, bool]:
    return {action.text(): action.isEnabled() for action in menu.actions() if action.text()}


def test_the_only_producer_is_gone_to_at_once(view: GraphView, does: Obliging) -> None:
    view.set_selected("stage.1.conv2")
    view.go_to_producer()
    assert does.clicked == ["stage.1.relu"]
    assert view.canvas.selected == "stage.1.relu"
    view.go_to_consumer()
    assert does.clicked[-1] == "stage.1.conv2"
    view.set_selected("input")
    view.go_to_producer()  # there is none
    assert view.selected == "input"
    view.set_selected("")
    view.go_to_consumer()  # from nothing to the beginning
    assert view.selected == "input"


def test_among_several_a_menu_asks(
    view: GraphView, does: Obliging, monkeypatch: pytest.MonkeyPatch
) -> None:
    # without a display menus cannot take the keyboard, which Qt would warn of
    menus: list[tuple[QMenu, QPoint]] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, place: menus.append((menu, place)))
    view.set_selected("stage.1.add")
    view.go_to_producer()
    ((menu, place),) = menus
    assert view.rect().contains(view.mapFromGlobal(place))
    assert menu.activeAction() is menu.actions()[0]
    assert list(actions_of(menu)) == [
        "&1  stage.1.conv2\t8 × 16 × 16", "&2  stage.0.add\t8 × 16 × 16",
    ]  # fmt: skip
    menu.actions()[1].trigger()
    assert does.clicked == ["stage.0.add"]
    assert view.canvas.selected == "stage.0.add"


def test_ways_in_the_context_menu(view: GraphView, does: Obliging) -> None:
    menu = view.context_menu("stem")
    by_text = {action.text(): action for action in menu.actions()}
    by_text["Go to Producer"].trigger()
    assert does.clicked == ["input"]
    consumers = by_text["Go to Consumer"].menu()
    assert isinstance(consumers, QMenu)
    assert len(consumers.actions()) == 2
    consumers.actions()[1].trigger()
    assert does.clicked[-1] == "stage.0.add"
    menu.deleteLater()
    last = view.context_menu("output")
    assert not actions_of(last)["Go to Consumer"]
    last.deleteLater()


# the place of the selection


def test_crumbs_follow_the_selection_and_lead_outwards(
    qtbot: QtBot, view: GraphView, does: Obliging
) -> None:
    row = view.breadcrumbs
    assert row.texts == ("ResNet-18",)
    view.reveal("stage.1.conv2")
    assert row.texts == ("ResNet-18", "stage", "stage.1", "conv2")
    assert "stage › stage.1 › conv2" in row.accessibleName()
    qtbot.mouseClick(row, LEFT, pos=row.place_of("stage").toPoint())
    assert does.clicked == ["stage"]
    assert view.selected == "stage"
    assert row.texts == ("ResNet-18", "stage")
    qtbot.mouseClick(row, LEFT, pos=row.place_of("ResNet-18").toPoint())
    assert does.clicked == ["stage", ""]
    assert row.texts == ("ResNet-18",)
    view.clear()
    assert row.texts == ()
    assert not row.isEnabled()


def test_crumbs_by_keyboard(qtbot: QtBot, view: GraphView, does: Obliging) -> None:
    view.reveal("stage.1.conv2")
    row = view.breadcrumbs
    row.setFocus(Qt.FocusReason.TabFocusReason)
    assert "stage.1.conv2" in row.accessibleName()
    for key in (KEY.Key_Left, KEY.Key_Left):
        qtbot.keyClick(row, key)
    assert "at stage," in row.accessibleName()
    qtbot.keyClick(row, KEY.Key_Return)
    assert does.clicked == ["stage"]
    assert view.canvas.hasFocus()


@pytest.fixture
def alone(qtbot: QtBot, themed: object) -> Breadcrumbs:
    assert themed is not None
    row = Breadcrumbs()
    qtbot.addWidget(row)
    row.show_crumbs(
        [Crumb("", "ResNet-152"), Crumb("layer3", "layer3"),
         Crumb("layer3.[1-35]", "layer3.1 – 35"), Crumb("layer3.5", "layer3.5"),
         Crumb("layer3.5.conv2", "conv2")]
    )  # fmt: skip
    row.show()
    return row


def test_in_a_narrow_row_the_middle_gives_way_first(alone: Breadcrumbs) -> None:
    alone.resize(600, 24)
    assert alone.texts == ("ResNet-152", "layer3", "layer3.1 – 35", "layer3.5", "conv2")
    seen = set()
    for width in range(600, 0, -5):
        alone.resize(width, 24)
        seen.add(alone.texts)
        right = max((p.left + p.width for p in alone._placed), default=0.0)
        assert right <= width  # nothing is cut off
        if alone.texts:
            assert alone.isEnabled()
        if width >= 240:
            assert alone.texts[0] == "ResNet-152"
            assert alone.texts[-1] == "conv2"
    assert ("ResNet-152", "…", "layer3.5", "conv2") in seen
    assert ("ResNet-152", "…", "conv2") in seen
    alone.resize(0, 24)
    assert not alone.isEnabled()


def test_points_go_to_the_innermost_block_that_they_stand_for(
    qtbot: QtBot, alone: Breadcrumbs
) -> None:
    width = next(w for w in range(600, 0, -1) if _at_width(alone, w)[1:2] == ("…",))
    alone.resize(width, 24)
    chosen: list[str] = []
    alone.chosen.connect(chosen.append)
    at = alone.place_of("…")
    assert "layer3" in alone.tip(at.x())
    qtbot.mouseClick(alone, LEFT, pos=at.toPoint())
    hidden = 5 - (len(alone.texts) - 1)
    assert chosen == [alone.crumbs[hidden].name]


def _at_width(row: Breadcrumbs, width: int) -> tuple[str, ...]:
    row.resize(width, 24)
    return row.texts


def test_everything_is_drawn_narrow(qtbot: QtBot, view: GraphView) -> None:
    view.resize(view.minimumSizeHint())
    type_in(qtbot, view, "conv")
    image = view.grab().toImage()
    assert not image.isNull()
    results = view.search_bar.results
    assert view.rect().contains(results.geometry())
    assert view.search_bar.query.width() >= 72
    inside = QRectF(view.search_bar.geometry())
    assert QRectF(view.rect()).contains(inside)
    for button in (view.search_bar.next_button, view.search_bar.close_button):
        assert view.rect().contains(QPoint(button.mapTo(view, button.rect().bottomRight())))
        assert button.accessibleName()
    assert QPointF(inside.topLeft()).y() > 0
