"""Screens as sources where nobody has one; tests/xcb captures a real one."""

import pytest

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from PySide6.QtGui import QGuiApplication

from cnn_explorer.gui.multimedia import sources
from cnn_explorer.gui.multimedia.frames import clipped
from cnn_explorer.gui.state.frame_source import Condition, FrameSource


@pytest.mark.parametrize(
    "source",
    [sources.screen, lambda: sources.screen("x", (0, 0, 9, 9)), lambda: sources.window("1\tx")],
)
def test_where_there_is_no_screen_one_sentence_says_so(
    qapp: QGuiApplication, source: object
) -> None:
    assert qapp is not None
    assert callable(source)
    made = source()
    assert isinstance(made, FrameSource)
    heard: list[Condition] = []
    made.condition_changed.connect(heard.append)
    made.start()
    assert heard[-1] == Condition("failed", "There is no screen here that can be captured.", True)
    assert made.kind == "screen"
    assert made.title
    made.stop()
    made.deleteLater()


def test_nothing_is_offered_there(qapp: QGuiApplication) -> None:
    assert qapp is not None
    assert sources.screens() == ()
    assert sources.windows() == ()


def test_a_region_is_clipped_to_what_there_is() -> None:
    assert clipped((1, 2, 3, 4), (10, 10)) == (1, 2, 3, 4)
    assert clipped((-1, -2, 3, 4), (10, 10)) == (0, 0, 2, 2)
    assert clipped((8, 9, 30, 40), (10, 10)) == (8, 9, 2, 1)
    assert clipped((10, 0, 3, 4), (10, 10)) is None
    assert clipped((2, 2, 0, 4), (10, 10)) is None
