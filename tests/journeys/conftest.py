"""The real window with the real engine, as a person meets it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.app import Program
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.main_window import MainWindow

PATIENCE = 120_000  # ms; a limit, not a wait


@dataclass
class Stage:
    """The window on show, and what a test does with it."""

    program: Program
    window: MainWindow
    explorer: Explorer
    qtbot: QtBot

    def settle(self) -> None:
        """Wait until no work runs and none waits."""
        self.qtbot.waitUntil(lambda: self.explorer.idle, timeout=PATIENCE)

    def network_open(self, name: str) -> None:
        """Wait until a network is on show and all has settled."""
        self.qtbot.waitUntil(
            lambda: (
                self.explorer.idle
                and self.explorer.network is not None
                and self.explorer.network.card.name == name
            ),
            timeout=PATIENCE,
        )


def open_stage(qtbot: QtBot, settings_file: Path, network: str = "lenet5") -> Stage:
    program = Program(Settings.in_file(settings_file), network)
    program.window.resize(1280, 800)
    with qtbot.waitSignal(program.furnished, timeout=PATIENCE):
        program.window.show()
    assert program.explorer is not None
    stage = Stage(program, program.window, program.explorer, qtbot)
    stage.network_open(network)
    return stage


def close_stage(stage: Stage) -> None:
    stage.program.close()
    stage.window.deleteLater()


@pytest.fixture
def stage(qtbot: QtBot, themed: object, tmp_path: Path) -> Iterator[Stage]:
    """The window with LeNet-5 open, nothing else."""
    assert themed is not None
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    yield stage
    close_stage(stage)
