"""Looking into a layer, as a person does it: order, dead channels, effect, remembered choices."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
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
