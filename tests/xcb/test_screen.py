"""The screen as a source of frames, captured from a real X display."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from pytestqt.qtbot import QtBot

from cnn_explorer.gui.multimedia import sources
from cnn_explorer.gui.state.frame_source import Condition, Frame

pytestmark = pytest.mark.skipif(
    os.environ.get("QT_QPA_PLATFORM") != "xcb" or not os.environ.get("DISPLAY"),
    reason="needs QT_QPA_PLATFORM=xcb and an X display",
)


WINDOW = """
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QRasterWindow, QPainter
class Window(QRasterWindow):
    def paintEvent(self, event):
        QPainter(self).fillRect(0, 0, 200, 100, "#c02080")
        QTimer.singleShot(0, lambda: print("painted", flush=True))
application = QGuiApplication([])
window = Window()
window.setGeometry(50, 60, 200, 100)
window.show()
application.exec()
"""


@pytest.fixture
def window() -> Iterator[None]:
    """A window of another program, of one colour from (50, 60) to (250, 160)."""
    process = subprocess.Popen(
        [sys.executable, "-c", WINDOW],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "painted\n"
    yield
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.mark.usefixtures("window")
def test_a_region_of_the_screen_is_what_is_seen_there(qtbot: QtBot) -> None:
    screen = sources.screens()[0]
    assert screen.is_primary
    assert _captured(qtbot, None, (100, 100)) == (screen.width, screen.height)
    assert _captured(qtbot, (60, 70, 101, 51), (50, 100)) == (101, 51)
    assert _captured(qtbot, (-10, 70, 130, 40), (0, 119)) == (120, 40)


def _captured(
    qtbot: QtBot, region: tuple[int, int, int, int] | None, place: tuple[int, int]
) -> tuple[int, int]:
    """The size of frames, once the window's colour is at that place, row and column."""
    source = sources.screen(sources.screens()[0].id, region)
    frames: list[Frame] = []
    heard: list[Condition] = []
    source.frame_arrived.connect(frames.append)
    source.condition_changed.connect(heard.append)
    source.start()

    def seen() -> bool:
        return bool(frames) and list(frames[-1].picture().rgb[place]) == [0xC0, 0x20, 0x80]

    qtbot.waitUntil(seen, timeout=10_000)
    picture = frames[-1].picture()
    assert (picture.width, picture.height) == frames[-1].size
    assert [condition.stage for condition in heard] == ["starting", "running"]
    source.stop()
    count = len(frames)
    qtbot.wait(50)
    assert len(frames) == count
    source.deleteLater()
    return frames[-1].size


def test_what_is_not_there_is_one_sentence(qtbot: QtBot) -> None:
    assert qtbot is not None
    for source, sentence in (
        (sources.window("1\tnone"), "There is no window none: choose another one."),
        (sources.screen("none"), "The screen is not there: choose another screen."),
    ):
        heard: list[Condition] = []
        source.condition_changed.connect(heard.append)
        source.start()
        assert heard[-1] == Condition("failed", sentence, True)
        source.deleteLater()


def test_a_region_outside_fails(qtbot: QtBot) -> None:
    source = sources.screen("", (90_000, 0, 10, 10))
    heard: list[Condition] = []
    source.condition_changed.connect(heard.append)
    source.start()
    qtbot.waitUntil(lambda: heard[-1].stage == "failed", timeout=10_000)
    assert "outside" in heard[-1].sentence
    source.deleteLater()
