"""The answers: five bars, honest numbers, and a plain word where they mean nothing."""

import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.gui.widgets.answer_bars import percent
from cnn_explorer.gui.widgets.answers_panel import AnswersPanel, milliseconds
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.probe.results import ClassScore, PreparedInput

pytestmark = pytest.mark.usefixtures("themed")
LEFT = Qt.MouseButton.LeftButton
TOP = (("Samoyed", 0.973), ("<b>wolf</b>", 0.02), ("Arctic fox", 0.006))


def answers(count: int = 1000, *, trained: bool = True) -> AnswersShown:
    rest = tuple((f"class {n}", 1e-6) for n in range(len(TOP), count))
    scores = tuple(ClassScore(n, *pair) for n, pair in enumerate(TOP + rest))
    pixels = np.zeros((8, 8, 3), np.uint8)
    tensor = np.zeros((3, 8, 8), np.float32)
    return AnswersShown(
        card=NETWORKS["resnet18"],
        trained=trained,
        picture=Picture(pixels, "dog.jpg"),
        prepared=PreparedInput(tensor, pixels, (0, 0, 8, 8), 2.0),
        classes=scores,
        decode_ms=3.1,
        preprocess_ms=0.42,
        forward_ms=1234.0,
    )


@pytest.fixture
def panel(qtbot: QtBot) -> AnswersPanel:
    made = AnswersPanel()
    qtbot.addWidget(made)
    made.resize(316, 260)
    made.show()
    return made


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.973, "97.3 %"), (0.5, "50.0 %"), (0.001, "0.1 %"), (0.00099, "<0.1 %"), (0.0, "0 %"),
        (0.9994, "99.9 %"), (0.99951, ">99.9 %"), (1.0, "100 %"), (math.nan, "not a number"),
    ],
)  # fmt: skip
def test_shares_are_neither_too_exact_nor_false(probability: float, text: str) -> None:
    assert percent(probability) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0.04, "0.0 ms"), (0.4, "0.4 ms"), (0.96, "1 ms"), (41.3, "41 ms"), (1234, "1.2 s")],
)
def test_durations(ms: float, text: str) -> None:
    assert milliseconds(ms).replace("\u00a0", " ") == text


def test_five_classes_with_their_shares_and_times(panel: AnswersPanel) -> None:
    panel.show_answers(answers())
    lines = panel.text().splitlines()
    assert lines[0] == "ResNet-18, dog.jpg"
    assert lines[1] == "97.3 %\tSamoyed"
    assert len(lines) == 6
    assert panel.times_text() == "decode 3 ms · preprocess 0.4 ms · forward 1.2 s"
    assert not panel.untrained_badge.isVisible()
    assert not panel.grab().isNull()


def test_an_untrained_network_says_so_wherever_its_answers_go(panel: AnswersPanel) -> None:
    panel.show_answers(answers(trained=False))
    assert panel.untrained_badge.isVisible()
    assert "untrained: these answers mean nothing" in panel.text()
    assert not panel.grab().isNull()
    panel.show_answers(answers())
    assert not panel.untrained_badge.isVisible()


def test_more_classes_on_demand(qtbot: QtBot, panel: AnswersPanel) -> None:
    panel.show_answers(answers())
    assert panel.more_button.text() == "Show 20"
    qtbot.mouseClick(panel.more_button, LEFT)
    assert panel._model.rowCount() == 20
    assert panel.more_button.text() == "Show 5"
    panel.show_answers(answers(10))
    assert panel._model.rowCount() == 10
    qtbot.mouseClick(panel.more_button, LEFT)
    assert panel.more_button.text() == "Show 10"
    panel.show_answers(answers(4))
    assert not panel.more_button.isVisible()
    assert panel._model.rowCount() == 4


def test_old_answers_fade_only_when_new_ones_take_their_time(
    qtbot: QtBot, panel: AnswersPanel
) -> None:
    panel.show_answers(answers())
    panel.show_pending()
    assert not panel._delegate.faded
    panel.show_answers(answers())
    assert not panel._patience.isActive()
    panel.show_pending()
    qtbot.waitUntil(lambda: panel._delegate.faded)
    assert "Samoyed" in panel.text()
    panel.show_answers(answers())
    assert not panel._delegate.faded


def test_the_empty_panel_says_what_to_do(panel: AnswersPanel) -> None:
    assert "Choose a picture" in panel._empty.text()
    assert panel._empty.isVisible()
    panel.show_pending()
    assert panel._empty.text() == "The network is looking …"
    panel.show_answers(answers(trained=False))
    assert not panel._empty.isVisible()
    panel.clear()
    assert panel._empty.isVisible()
    assert "Choose a picture" in panel._empty.text()
    assert panel.text() == ""


def test_the_panel_takes_the_focus_empty_or_not(qtbot: QtBot, panel: AnswersPanel) -> None:
    panel.activateWindow()
    panel.setFocus()
    qtbot.waitUntil(panel._empty.hasFocus)
    panel.show_answers(answers())
    panel.setFocus()
    assert panel._bars.hasFocus()
    panel.clear()
    panel.setFocus()
    assert panel._empty.hasFocus()


def test_copying_gives_the_answers_as_text(qtbot: QtBot, panel: AnswersPanel) -> None:
    panel.show_answers(answers())
    clipboard = QGuiApplication.clipboard()
    clipboard.clear()
    qtbot.keyClick(panel._bars, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == panel.text()
    clipboard.clear()


def test_the_rows_are_a_sound_model_and_read_out_whole(panel: AnswersPanel) -> None:
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    tester = QAbstractItemModelTester(panel._model, mode, panel)
    panel.show_answers(answers())
    panel.show_answers(answers(4))
    panel.clear()
    panel.show_answers(answers())
    assert tester.model() is panel._model
    index = panel._model.index(0, 0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Samoyed, 97.3 %"
    tip = panel._model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;wolf" in tip


def test_odd_probabilities_draw_without_harm(panel: AnswersPanel) -> None:
    odd = tuple(ClassScore(n, "odd", p) for n, p in enumerate((math.nan, 2.0, -1.0, math.inf)))
    shown = answers()
    for trained in (True, False):
        panel.show_answers(
            AnswersShown(
                shown.card, trained, shown.picture, shown.prepared, odd, math.nan, 0.0, 1.0
            )
        )
        assert not panel.grab().isNull()
