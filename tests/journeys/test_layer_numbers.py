"""Colours by number and the table of layers, in the real window with the real engine."""

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.layer_table import COLUMNS
from tests.journeys.conftest import PATIENCE, Stage, close_stage, open_stage


def test_colours_by_key_are_remembered(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    file = tmp_path / "settings.ini"
    stage = open_stage(qtbot, file, "alexnet")
    stage.window.activateWindow()
    view = stage.window.panels.graph_view
    view.canvas.setFocus()
    qtbot.keyClick(view.canvas, Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier)
    assert view.coloured_by == "macs"
    assert stage.window.commands.colours["macs"].isChecked()
    assert not stage.window.commands.colours[""].isChecked()
    assert view.colour_scale.isVisible()
    stage.window.panels.layers_panel.table.setColumnWidth(0, 321)
    close_stage(stage)
    again = open_stage(qtbot, file)
    assert again.window.panels.graph_view.coloured_by == "macs"
    assert again.window.panels.graph_view.colour_chooser.currentData() == "macs"
    assert again.window.commands.colours["macs"].isChecked()
    assert again.window.panels.layers_panel.widths[0] == 321
    close_stage(again)


def test_measured_times_outlive_an_opening_that_fails(stage: Stage, tmp_path: Path) -> None:
    explorer, view = stage.explorer, stage.window.panels.graph_view
    measured: list[object] = []
    explorer.times_shown.connect(measured.append)
    view.colour_by("time")
    stage.qtbot.waitUntil(lambda: bool(measured), timeout=PATIENCE)
    stage.settle()
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with stage.qtbot.waitSignal(explorer.message_shown, timeout=PATIENCE):
        explorer.open_weights(bad)
    stage.settle()
    assert len(measured) == 1  # not measured again
    panel = stage.window.panels.layers_panel
    stage.window.show_layer_tab(stage.window.tab_index("layers"))
    column = next(at for at, one in enumerate(COLUMNS) if one.key == "time")
    assert any(row.number(column) for row in panel.model.rows)
    assert view.colour_scale.isVisible()
    # they are of that network alone
    explorer.choose_network("lenet-linear")
    stage.network_open("lenet-linear")
    stage.qtbot.waitUntil(lambda: len(measured) == 2, timeout=PATIENCE)
    stage.settle()


def test_the_table_goes_with_the_graph(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    explorer.choose_network("resnet18")
    stage.network_open("resnet18")
    window.show_layer_tab(window.tab_index("layers"))
    panel = window.panels.layers_panel
    assert panel.isVisible()
    network = explorer.network
    assert network is not None
    assert len(panel.model.rows) == len(network.graph.layers)
    # from the table to the graph: the layer is selected, and the blocks around it open
    panel.filter_field.setFocus()
    qtbot.keyClicks(panel.filter_field, "layer3.1.conv2")
    qtbot.keyClick(panel.filter_field, Qt.Key.Key_Down)
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    stage.settle()
    assert explorer.layer == "layer3.1.conv2"
    assert explorer.network is not None
    assert "layer3.1.conv2" in explorer.network.layout.boxes
    # and back: what is chosen in the graph is the row that is current
    panel.filter_field.clear()
    explorer.select_layer("fc")
    row = panel.model.row_at(panel.table.currentIndex())
    assert row is not None
    assert row.name == "fc"
    panel.scope.setCurrentIndex(1)
    names = [row.name for row in panel.model.rows]
    assert names == list(explorer.network.layout.boxes)
    # as a file, which says so
    file = tmp_path / "layers.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    panel.sort_by(0)
    panel.export_button.click()
    assert "Saved" in window.panels.message_strip.text()
    with file.open(encoding="utf-8", newline="") as text:
        back = [line["Name"] for line in csv.DictReader(text)]
    assert sorted(back) == sorted(names)
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "x.csv"), "")
    )
    panel.export_button.click()
    assert "there is no folder" in window.panels.message_strip.text()
