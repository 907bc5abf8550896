"""The window on a real X display: a file dragged from another program is classified.

Needs ``QT_QPA_PLATFORM=xcb``, an X server and xdotool: ``.ci/run`` runs it under Xvfb.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnn_explorer.paths import resource

pytestmark = pytest.mark.skipif(
    os.environ.get("QT_QPA_PLATFORM") != "xcb"
    or not os.environ.get("DISPLAY")
    or shutil.which("xdotool") is None,
    reason="needs QT_QPA_PLATFORM=xcb, an X display and xdotool",
)

SOURCE = Path(__file__).with_name("drag_source.py")


def xdotool(*words: object) -> str:
    done = subprocess.run(
        ["xdotool", *map(str, words)], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


@pytest.fixture
def source_program() -> Iterator[subprocess.Popen[str]]:
    """Another X client, at the upper left corner, with a sample picture to drag."""
    process = subprocess.Popen(
        [sys.executable, str(SOURCE), str(resource("samples", "digit-7.png")), "10", "10"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_a_file_dragged_from_another_program_is_classified(
    qtbot: object, themed: object, tmp_path: Path, source_program: subprocess.Popen[str]
) -> None:
    from PySide6.QtGui import QGuiApplication
    from pytestqt.qtbot import QtBot

    from cnn_explorer.app import Program
    from cnn_explorer.gui.state.settings import Settings

    assert isinstance(qtbot, QtBot)
    assert themed is not None
    assert QGuiApplication.platformName() == "xcb"
    program = Program(Settings.in_file(tmp_path / "settings.ini"), "lenet5")
    window = program.window
    try:
        window.setGeometry(200, 60, 1200, 800)
        with qtbot.waitSignal(program.furnished, timeout=60_000):
            window.show()
        explorer = program.explorer
        assert explorer is not None
        qtbot.waitUntil(lambda: explorer.idle and explorer.network is not None, timeout=60_000)
        centre = window.mapToGlobal(window.rect().center())
        answers: list[object] = []
        explorer.answers_shown.connect(answers.append)
        xdotool("mousemove", 60, 50, "mousedown", 1)
        # a hand moves in steps: Xdnd's enter and position messages follow each of them
        for step in range(1, 21):
            x = 60 + (centre.x() - 60) * step // 20
            y = 50 + (centre.y() - 50) * step // 20
            xdotool("mousemove", x, y)
            qtbot.wait(15)
        qtbot.waitUntil(lambda: window._drop_hint.isVisible(), timeout=10_000)
        xdotool("mouseup", 1)
        qtbot.waitUntil(lambda: bool(answers), timeout=30_000)
        qtbot.waitUntil(lambda: explorer.idle, timeout=30_000)
        shown = explorer.answers
        assert shown is not None
        assert shown.trained
        assert shown.classes[0].index == 7
        assert shown.picture.name == "digit-7.png"
        assert not window._drop_hint.isVisible()
        assert source_program.stdout is not None
        assert source_program.stdout.readline() == "dropped\n"
    finally:
        program.close()
        window.deleteLater()


def test_the_command_opens_the_window_and_quits_by_keyboard(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "cnn_explorer", str(resource("samples", "digit-3.png"))],
        env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        found = xdotool("search", "--sync", "--onlyvisible", "--name", "LeNet").split()
        assert found
        window = found[0]
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            # without a window manager the focus has to be given by hand; the window is hidden at
            # once, and cannot take it any more, while the process still ends
            with contextlib.suppress(subprocess.CalledProcessError):
                xdotool("windowfocus", "--sync", window)
                xdotool("key", "--window", window, "ctrl+q")
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                continue
        assert process.poll() == 0, "the window did not close on Ctrl+Q"
        assert process.stderr is not None
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()
