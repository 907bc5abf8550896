"""A person turns to fast and back by key and menu, and sees everywhere which one it is."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from cnn_explorer.networks import quickest as measuring
from cnn_explorer.paths import resource
from cnn_explorer.probe.precision import FLOAT32
from tests.journeys.conftest import Stage, close_stage, open_stage


def test_fast_and_exact_by_key_and_menu(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: FLOAT32 if ways else "")
    window, commands, status = stage.window, stage.window.commands, stage.window.status
    assert window.panels is not None
    answers = window.panels.answers_panel
    stage.explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    assert status.facts.endswith("CPU, float32")
    assert commands.precisions["exact"].isChecked()
    assert "fast" not in answers.times_text()
    window.activateWindow()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    stage.qtbot.keyClick(window, Qt.Key.Key_P, both)
    stage.settle()
    assert commands.precisions["fast"].isChecked()
    assert status.facts.endswith("CPU, fast: float32, channels last")
    assert "measured on this computer" in status.explained
    assert answers.times_text().endswith("fast: float32, channels last")
    # remembered by the next window
    again = open_stage(stage.qtbot, tmp_path / "settings.ini")
    assert again.explorer.precision == "fast"
    assert again.window.commands.precisions["fast"].isChecked()
    assert again.window.status.facts.endswith("CPU, fast")  # nothing ran yet
    close_stage(again)
    commands.precisions["exact"].trigger()
    stage.settle()
    assert status.facts.endswith("CPU, float32")
    assert "fast" not in answers.times_text()


def test_the_limit_of_what_is_kept_stands_in_the_menu(stage: Stage, tmp_path: Path) -> None:
    commands = stage.window.commands
    titles = [menu.title() for menu in stage.window.findChildren(QMenu)]
    assert {"Precision", "Keep Captured Layers"} <= set(titles)
    assert [action.text() for action in commands.caches.values()] == [
        "None", "Up to 128 MB", "Up to 512 MB", "Up to 2048 MB",
    ]  # fmt: skip
    assert commands.caches[512].isChecked()
    commands.caches[128].trigger()
    assert [size for size, action in commands.caches.items() if action.isChecked()] == [128]
    again = open_stage(stage.qtbot, tmp_path / "settings.ini")
    assert again.window.commands.caches[128].isChecked()
    close_stage(again)
