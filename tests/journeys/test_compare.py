"""Comparing networks in the real window."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.comparison_state import ComparisonState
from cnn_explorer.gui.widgets.drop import NETWORK_FORMAT
from cnn_explorer.gui.widgets.layer_chooser import LayerChooser
from cnn_explorer.paths import resource
from cnn_explorer.probe.comparison import Column
from tests.journeys.conftest import PATIENCE, Stage, close_stage, open_stage
from tests.journeys.test_window import drop, file_data

LEFT = Qt.MouseButton.LeftButton
PHOTO = resource("samples", "photo-cat.jpg")


def network_data(name: str) -> QMimeData:
    data = QMimeData()
    data.setData(NETWORK_FORMAT, name.encode())
    return data


def drop_on(stage: Stage, name: str, other: str) -> None:
    """Drop one network of the list on another."""
    panel = stage.window.panels.network_list
    panel.set_current(other)
    place = panel.tree.visualRect(panel.tree.currentIndex()).center()
    place = panel.tree.viewport().mapTo(stage.window, place)
    assert drop(stage.window, network_data(name), place)


def state_of(stage: Stage) -> ComparisonState:
    state = stage.window._comparing.state
    assert state is not None
    return state


def test_three_networks_on_a_photo(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, qtbot = stage.window, stage.qtbot
    panels = window.panels
    drop_on(stage, "plain20", "resnet20")
    assert window.commands.compare.isChecked()
    assert not panels.graph_view.isVisible()
    assert not window.layer_dock.isVisible()
    assert not window.answers_dock.isVisible()
    page, state = window._comparing.page, state_of(stage)
    assert page is not None
    drop(window, network_data("googlenet-cifar"), page.mapTo(window, page.rect().center()))
    assert state.names == ("resnet20", "plain20", "googlenet-cifar")
    drop(window, file_data(PHOTO))
    qtbot.waitUntil(
        lambda: stage.explorer.idle and state.picture is not None and not state.busy,
        timeout=PATIENCE,
    )
    assert all(isinstance(state.column(at), Column) for at in range(3))

    # the pointer over a map marks its place in all of them and on the picture
    cells = page.maps.cells
    view = panels.input_panel.picture_view
    spot = cells[0][0].map_rect().center().toPoint()
    qtbot.mouseMove(cells[0][0], spot)
    assert all(cell.marked_point() is not None for cell in cells[1])
    assert view.field is not None
    qtbot.mouseClick(cells[0][0], LEFT, pos=spot)
    assert view.place is not None
    assert not panels.input_panel.seen.isVisible()  # each column shows its own
    view.mark_place((view.place[0] + 20, view.place[1]))
    state.point_at(None)
    assert state.place == view.place

    # two layers are pinned
    for number, layer in ((1, "layer1.0.conv1"), (0, "layer1.1.conv1")):
        cell = page.maps.cells[0][number]
        qtbot.keyClick(cell, Qt.Key.Key_Return)
        chooser = page.maps.findChild(LayerChooser)
        qtbot.keyClicks(chooser.search, layer)
        qtbot.keyClick(chooser.search, Qt.Key.Key_Return)
        stage.settle()
    qtbot.waitUntil(lambda: stage.explorer.idle and not state.busy, timeout=PATIENCE)
    assert state.rows[0].layers[:2] == ("layer1.1.conv1", "layer1.0.conv1")
    assert page.maps.cells[0][0].has_map

    # the page is exported
    path = tmp_path / "compared.json"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(path.with_suffix("")), "JSON (*.json)")
    )
    window.commands.save_comparison.trigger()
    qtbot.waitUntil(lambda: stage.explorer.idle and path.exists(), timeout=PATIENCE)
    saved = json.loads(path.read_text("utf-8"))
    assert [network["title"] for network in saved["networks"]] == [
        "ResNet-20", "Plain-20", "GoogLeNet for CIFAR-10",
    ]  # fmt: skip
    assert saved["rows"][0]["layers"][0]["name"] == "layer1.1.conv1"

    # Esc leaves, once for the message and once for the page; all is as it was
    stage.settle()
    window.activateWindow()  # the offscreen platform does not after a dialog
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window, timeout=PATIENCE)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert page.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not page.isVisible()
    assert panels.graph_view.isVisible()
    assert window.layer_dock.isVisible()
    assert window.answers_dock.isVisible()
    assert panels.input_panel.seen.isVisible()
    stage.settle()
    window.commands.compare.trigger()
    assert page.maps.cells[0][0].has_map  # at once, for nothing has changed
    stage.settle()

    # what stands with the graph is found there
    window.commands.find_layer.trigger()
    assert panels.graph_view.search_bar.isVisible()


def test_stopping_removing_and_what_is_remembered(
    qtbot: QtBot, themed: object, tmp_path: Path
) -> None:
    assert themed is not None
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    window = stage.window
    window.answers_dock.hide()
    window.commands.compare.trigger()
    state = state_of(stage)
    assert state.names == ("lenet5",)  # the one on show to begin with
    state.compare(("lenet5", "lenet-linear", "resnet20", "resnet56"))
    stage.explorer.open_file(PHOTO)
    with qtbot.waitSignal(state.column_changed, timeout=PATIENCE):
        pass
    qtbot.waitUntil(lambda: state.running is not None, timeout=PATIENCE)
    window.commands.stop.trigger()
    assert state.paused
    page = window._comparing.page
    assert page is not None
    assert page.go_on_button.isVisible()
    stage.settle()
    assert state.column(3) is None
    qtbot.mouseClick(page.maps.titles[1].remove_button, LEFT)  # which goes on with the others
    qtbot.waitUntil(lambda: stage.explorer.idle and not state.busy, timeout=PATIENCE)
    assert state.names == ("lenet5", "resnet20", "resnet56")
    assert all(isinstance(state.column(at), Column) for at in range(3))

    # a tab of the layer's leads back to the graph, and a dock that was closed stays so
    window.commands.tabs[1].trigger()
    assert not page.isVisible()
    assert window.layer_dock.isVisible()
    assert not window.answers_dock.isVisible()
    window.commands.compare.trigger()
    close_stage(stage)  # in the other mode
    again = open_stage(qtbot, tmp_path / "settings.ini")
    assert again.window.layer_dock.isVisible()
    assert not again.window.answers_dock.isVisible()
    again.window.commands.compare.trigger()
    assert state_of(again).names == ("lenet5", "resnet20", "resnet56")
    again.settle()
    close_stage(again)
