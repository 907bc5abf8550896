"""The page that compares networks, its parts one by one."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QComboBox, QSpinBox
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.answers_table import AnswersTableModel
from cnn_explorer.gui.state.comparison_state import ComparisonState
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.widgets.compare_cell import MapCell
from cnn_explorer.gui.widgets.compare_page import ComparePage
from cnn_explorer.gui.widgets.layer_chooser import LayerChooser
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.answers import Answer, compare_answers
from cnn_explorer.probe.results import Placement

PATIENCE = 60_000  # ms; a limit, not a wait
LEFT = Qt.MouseButton.LeftButton


def dot(x: int, y: int, value: int = 255) -> Picture:
    """One dot on black, 48 x 32."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[y, x] = value
    return Picture(pixels, "dot.png")


class Desk:
    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.explorer = Explorer()
        self.state = ComparisonState(self.explorer, self.explorer)
        self.page = ComparePage(self.state, self.explorer)
        qtbot.addWidget(self.page)
        self.page.resize(700, 640)
        self.page.show()
        self.explorer.start()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.explorer.idle and not self.state.busy, timeout=PATIENCE)

    def compare(self, *names: str) -> None:
        self.explorer.show_picture(dot(20, 10))
        self.state.open()
        self.state.compare(names)
        self.settle()


@pytest.fixture
def desk(qtbot: QtBot, themed: object) -> Iterator[Desk]:
    assert themed is not None
    desk = Desk(qtbot)
    yield desk
    desk.explorer.close()
    desk.page.close()
    desk.explorer.deleteLater()


def test_a_column_for_each_and_a_row_for_each(desk: Desk) -> None:
    desk.compare("resnet20", "plain20", "squeezenet1_1")
    maps, state = desk.page.maps, desk.state
    assert [title.title.text() for title in maps.titles] == [
        "ResNet-20", "Plain-20", "SqueezeNet 1.1",
    ]  # fmt: skip
    assert [label.text() for label in maps.labels] == [row.label for row in state.rows]
    assert all(len(row) == 3 for row in maps.cells)
    for row, cells in zip(state.rows, maps.cells, strict=True):
        for layer, cell in zip(row.layers, cells, strict=True):
            assert cell.has_map == (layer is not None)
            assert cell.words[0] == (layer or "")
            assert (cell.empty_words == "no layer here") == (layer is None)
    assert [head.badge.isVisible() for head in maps.heads] == [False, False, True]
    assert maps.heads[0].bars.model().rowCount() == 5
    assert "ms" in maps.titles[0].detail.text()
    assert maps.heads[0].words.text() == "32 × 32\nRGB\nside 32"
    # all columns stand in sight, with no part of a cell over another
    lefts = [cell.geometry() for cell in maps.cells[0]]
    assert lefts[0].right() < lefts[1].left()
    assert lefts[2].right() < maps.area.viewport().width()


def test_the_same_place_in_every_map(desk: Desk) -> None:
    """One bright dot: what it changes in each map lies where the map is marked, within half a
    unit, through scaling, cropping, strides and padding."""
    names = ("resnet20", "googlenet-cifar", "squeezenet1_1")
    desk.compare(*names)
    state, maps = desk.state, desk.page.maps
    for number in range(3):
        graph = state.graph(number)
        assert graph is not None
        first = next(layer.name for layer in graph.layers if layer.kind == "conv")
        state.pin(0, number, first)
    place = (20.5, 10.5)  # the middle of the bright pixel
    seen = []
    for picture in (dot(20, 10), dot(20, 10, 0)):
        desk.explorer.show_picture(picture)
        desk.settle()
        columns = [state.column(number) for number in range(3)]
        seen.append([
            column.result.activations[state.rows[0].layers[number] or ""]  # type: ignore[union-attr]
            for number, column in enumerate(columns)
        ])  # fmt: skip
    state.mark_place(place)
    for number, (bright, black) in enumerate(zip(*seen, strict=True)):
        changed = ((bright - black) ** 2).sum(0)
        across = (changed.sum(0) * (np.arange(changed.shape[1]) + 0.5)).sum() / changed.sum()
        down = (changed.sum(1) * (np.arange(changed.shape[0]) + 0.5)).sum() / changed.sum()
        cell = maps.cells[0][number]
        point, area = cell.marked_point(), cell.map_rect()
        assert point is not None
        x = (point.x() - area.x()) / area.width() * changed.shape[1]
        y = (point.y() - area.y()) / area.height() * changed.shape[0]
        assert abs(x - across) <= 0.5, names[number]
        assert abs(y - down) <= 0.5, names[number]
        assert cell.place_at(point) == pytest.approx(place)


def test_pointing_marks_all(desk: Desk) -> None:
    desk.compare("resnet20", "plain20")
    maps, state = desk.page.maps, desk.state
    regions: list[object] = []
    state.region_pointed.connect(regions.append)
    cell = maps.cells[1][0]
    assert cell.has_map
    maps.area.ensureWidgetVisible(cell)
    desk.qtbot.mouseMove(cell, cell.map_rect().center().toPoint())
    assert state.place is not None
    assert all(other.marked_point() is not None for row in maps.cells[:3] for other in row)
    region = regions[-1]
    assert region is not None
    placement = state.placement(1, 0)
    assert placement is not None
    assert region[2:] == (placement.across, placement.down)  # type: ignore[index]
    clicked: list[object] = []
    maps.place_clicked.connect(clicked.append)
    desk.qtbot.mouseClick(cell, LEFT, pos=cell.map_rect().center().toPoint())
    assert len(clicked) == 1
    desk.qtbot.keyClick(cell, Qt.Key.Key_Right)
    assert regions[-1] != region
    cell.clearFocus()
    state.point_at(None)
    assert cell.marked_point() is None


def test_controls_are_the_state(desk: Desk) -> None:
    desk.compare("resnet20", "plain20")
    page, state = desk.page, desk.state
    for box, value in ((page.rule_box, "depth"), (page.show_box, "channel")):
        box.setCurrentIndex(box.findData(value))
        box.activated.emit(box.currentIndex())
    page.channel_box.setValue(5)
    page.rows_box.setValue(2)
    page.scale_box.setCurrentIndex(1)
    desk.settle()
    assert (state.rule, state.show, state.channel, state.most_rows) == ("depth", "channel", 5, 2)
    assert state.shading.scale == "layer"
    assert page.channel_box.isVisible()
    assert "networks of a row share one colour scale" in page.legend.text()
    assert " … " in page.maps.labels[0].text()
    assert page.maps.cells[0][0].words[1].startswith("channel 5")
    kinds = (QComboBox, QSpinBox, QAbstractButton)
    for control in (one for kind in kinds for one in page.findChildren(kind)):
        if control.isVisible() and control.parent() is not page.tabs.tabBar():
            assert control.toolTip(), control
            assert control.accessibleName() or control.text(), control


def test_the_picture_shines_through(desk: Desk) -> None:
    """Seen alone, the picture lies below a map where the map lies on it."""
    desk.compare("resnet20", "plain20")
    state, cell = desk.state, desk.page.maps.cells[0][0]
    bare = cell.grab().toImage()
    desk.page.shine.setValue(100)
    alone = cell.grab().toImage()
    assert alone != bare
    state.mark_place((20.5, 10.5))
    point = cell.marked_point()
    assert point is not None
    state.mark_place(None)
    bright = alone.pixelColor(point.toPoint()).lightness()
    away = alone.pixelColor(int(point.x()) + 30, int(point.y()) + 30).lightness()
    assert bright > away + 50  # the dot itself
    desk.page.shine.setValue(0)
    assert cell.grab().toImage() == bare


def test_everything_has_room(desk: Desk) -> None:
    """Beside both docks of a window of 1280 x 800, with all controls in sight."""
    desk.compare("resnet20", "plain20")
    desk.state.reduce_by("channel")
    desk.settle()
    desk.page.go_on_button.show()
    assert desk.page.minimumSizeHint().width() <= 690
    desk.page.go_on_button.hide()


def test_adding_and_removing(desk: Desk) -> None:
    desk.compare("resnet20", "plain20")
    page, state = desk.page, desk.state
    page.add_menu.aboutToShow.emit()
    actions = {
        action.text(): action
        for menu in (page.add_menu, *page.add_menu.findChildren(type(page.add_menu)))
        for action in menu.actions()
    }
    assert "ResNet-20" not in actions  # it is there already
    actions["ResNet-56"].trigger()
    desk.settle()
    assert [title.title.text() for title in page.maps.titles][-1] == "ResNet-56"
    desk.qtbot.mouseClick(page.maps.titles[1].remove_button, LEFT)
    assert state.names == ("resnet20", "resnet56")
    assert len(page.maps.cells[0]) == 2
    desk.settle()
    state.remove(0)
    state.remove(0)
    assert page.maps.titles == []
    assert not page.save_button.isEnabled()


def test_the_menu_of_a_column(desk: Desk) -> None:
    desk.compare("resnet20", "plain20")
    maps, state = desk.page.maps, desk.state
    menu = maps.title_menu(0)
    actions = {action.text(): action for action in menu.actions()}
    assert not actions["Move Left"].isEnabled()
    actions["Move Right"].trigger()
    assert state.names == ("plain20", "resnet20")
    with desk.qtbot.waitSignal(maps.network_asked) as asked:
        actions["Show in the Graph"].trigger()
    assert asked.args == ["resnet20"]
    desk.settle()


def test_a_layer_is_chosen(desk: Desk) -> None:
    desk.compare("resnet20", "plain20")
    maps = desk.page.maps
    chooser = maps.choose_layer(0, 1)
    assert isinstance(chooser, LayerChooser)
    desk.qtbot.keyClicks(chooser.search, "layer2.0.conv1")
    desk.qtbot.keyClick(chooser.search, Qt.Key.Key_Down)
    desk.qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
    desk.settle()
    assert desk.state.rows[0].pinned
    assert desk.state.rows[0].layers[1] == "layer2.0.conv1"
    assert maps.cells[0][1].words[0] == "layer2.0.conv1"
    assert maps.cells[0][1].has_map


def test_answers_side_by_side(desk: Desk) -> None:
    desk.compare("resnet20", "plain20", "lenet5")
    page = desk.page
    page.tabs.setCurrentWidget(page.answers)
    answers = page.answers
    assert answers.answers is not None
    assert answers.sentence.text() == answers.answers.sentence
    assert "none has the same name" in answers.notes.text()
    assert answers.model.columnCount() == 3
    desk.qtbot.keyClick(answers.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == "\tResNet-20\tPlain-20\tLeNet-5"
    assert copied[-1].startswith("entropy\t")
    desk.state.remove(2)
    assert answers.model.columnCount() == 2


def test_another_page_is_a_tab(desk: Desk) -> None:
    before = desk.page.tabs.count()
    desk.page.add_page(MapCell(), "More", "More of it")
    assert desk.page.tabs.tabText(before) == "More"


def test_the_table_of_answers(qtmodeltester: ModelTester) -> None:
    one = Answer("One", ("cat", "dog"), np.array([0.9996, 0.0004]))
    other = Answer("Other", ("dog", "car"), np.array([0.25, 0.75]))
    model = AnswersTableModel()
    qtmodeltester.check(model)
    model.show_answers(("One", "Other"), compare_answers([one, other]))
    qtmodeltester.check(model)
    cells = [line.split("\t") for line in model.as_text().splitlines()]
    assert cells[0] == ["", "One", "Other"]
    assert ["cat", ">99.9 %", "–"] in cells
    assert ["dog", "<0.1 %", "25.0 %"] in cells
    assert cells[-1][0] == "entropy"
    assert cells[-1][2] == "0.81 bits"
    model.show_answers((), None)
    assert model.rowCount() == 0


def test_a_cell_by_itself(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    cell = MapCell()
    qtbot.addWidget(cell)
    cell.resize(100, cell.height_for(100))
    cell.show_nothing("no layer here")
    assert cell.map_rect().isEmpty()
    cell.grab()
    # four units of a map, each ten pixels of the picture wide, from (20, 10) on
    cell.show_map(np.zeros((4, 4, 3), np.uint8), Placement(20, 10, 10, 10))
    area = cell.map_rect()
    assert (area.width(), area.height()) == (100, 100)
    assert cell.place_at(QPointF(12.5, 37.5)) == (25, 25)
    cell.mark((45.0, 15.0))
    point = cell.marked_point()
    assert point is not None
    assert (point.x(), point.y()) == (62.5, 12.5)
    cell.mark((5.0, 15.0))  # the map does not reach so far
    assert cell.marked_point() is None
    # values are squares of whole pixels, and many values are smoothed
    cell.show_map(np.zeros((32, 32, 3), np.uint8), None)
    assert cell.map_rect().width() == 96
    cell.show_map(np.zeros((64, 64, 3), np.uint8), None)
    assert cell.map_rect().width() == 100
    assert cell.grab().save(str(tmp_path / "cell.png"))
