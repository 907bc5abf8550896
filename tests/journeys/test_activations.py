"""Looking into a layer, as a person does it: order, dead channels, effect, remembered choices."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.effect import channel_effects
from cnn_explorer.probe.session import Session
from tests.journeys.conftest import Stage, close_stage, open_stage

LEFT = Qt.MouseButton.LeftButton


def choose(box: object, data: str) -> None:
    box.setCurrentIndex(box.findData(data))  # type: ignore[attr-defined]


def test_the_channels_that_speak_for_the_answer_come_first(stage: Stage) -> None:
    explorer = stage.explorer
    explorer.open_file(resource("samples", "digit-7.png"))
    explorer.select_layer("features.relu2")
    stage.settle()
    assert stage.window.panels is not None
    panel = stage.window.panels.activations_panel
    assert "16 of 16 channels" in panel.header.title.text()
    choose(panel.sort, "effect")
    stage.settle()
    answers = explorer.answers
    assert answers is not None
    session = Session.open(card_of("lenet5"))
    first = answers.classes[0]
    effects = channel_effects(session, answers.prepared, "features.relu2", first.index)
    assert panel.maps.order.tolist() == np.argsort(-effects, kind="stable").tolist()
    assert panel.header.status.text() == f"sorted by the effect on {first.name}"
    # another picture and another layer are sorted anew
    explorer.open_file(resource("samples", "digit-2.png"))
    stage.settle()
    answers = explorer.answers
    assert answers is not None
    other = channel_effects(session, answers.prepared, "features.relu2", answers.classes[0].index)
    assert panel.maps.order.tolist() == np.argsort(-other, kind="stable").tolist()
    explorer.select_layer("output")
    stage.settle()
    assert panel.bars.isVisible()


def test_maps_and_kernels_are_saved_as_figures_and_values(stage: Stage, tmp_path: Path) -> None:
    explorer = stage.explorer
    explorer.open_file(resource("samples", "digit-7.png"))
    explorer.select_layer("features.conv2")
    stage.settle()
    panels = stage.window.panels
    assert panels is not None
    panels.activations_panel.maps.save(tmp_path / "maps.npy", None)
    stage.settle()
    answers = explorer.answers
    assert answers is not None
    session = Session.open(card_of("lenet5"))
    values = session.run(answers.prepared, ("features.conv2",)).activations["features.conv2"]
    assert (np.load(tmp_path / "maps.npy") == values).all()
    panels.activations_panel.maps.save(tmp_path / "maps.svg", None)
    stage.settle()
    drawing = (tmp_path / "maps.svg").read_text()
    assert "LeNet-5 · features.conv2" in drawing
    panels.activations_panel.maps.save(tmp_path / "map.png", 3)
    stage.settle()
    assert not QImage(str(tmp_path / "map.png")).isNull()
    panels.filters_panel.maps.save(tmp_path / "kernels.png", None)
    stage.settle()
    assert not QImage(str(tmp_path / "kernels.png")).isNull()
    assert "Saved" in panels.message_strip.text()
    panels.activations_panel.maps.save(tmp_path / "nowhere" / "map.png", 3)
    stage.settle()
    assert "nowhere" in panels.message_strip.text()


def test_statistics_and_maps_speak_of_one_channel(stage: Stage) -> None:
    explorer = stage.explorer
    explorer.open_file(resource("samples", "digit-7.png"))
    explorer.select_layer("features.conv2")
    stage.settle()
    panels = stage.window.panels
    assert panels is not None
    panels.activations_panel.maps.select(5)
    panels.tabs.setCurrentWidget(panels.statistics_panel)
    statistics = panels.statistics_panel
    stage.qtbot.waitUntil(lambda: statistics.model.rowCount() == 16)
    assert statistics.channel == 5
    statistics.table.selectRow(9)
    assert panels.activations_panel.maps.selected == 9


def test_choices_for_the_maps_come_back_at_the_next_start(
    qtbot: QtBot, themed: object, tmp_path: Path
) -> None:
    del themed
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    assert stage.window.panels is not None
    panel = stage.window.panels.activations_panel
    stage.explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    qtbot.mouseClick(panel.colours_button, LEFT)
    choose(panel.shading.colours, "inferno")
    choose(panel.shading.scale, "layer")
    panel.shading.gamma.setValue(0.5)
    choose(panel.sort, "deviation")
    look = panel.look
    close_stage(stage)
    again = open_stage(qtbot, tmp_path / "settings.ini")
    assert again.window.panels is not None
    assert again.window.panels.activations_panel.look == look
    assert again.window.panels.activations_panel.colours_button.isChecked()
    close_stage(again)
