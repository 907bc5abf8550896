"""The answers: five bars, honest numbers, and a plain word where they mean nothing."""

import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.gui.widgets.answers_panel import AnswersPanel, milliseconds
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.probe.results import ClassScore, PreparedInput
from cnn_explorer.text import percent

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


# pictures that move


def frame(*shares: tuple[int, float], name: str = "camera", ms: float = 10.0) -> AnswersShown:
    """A live answer: classes by index with their probabilities, of ten."""
    given = dict(shares)
    scores = [ClassScore(n, f"class {n}", given.get(n, 1e-6)) for n in range(10)]
    scores.sort(key=lambda score: -score.probability)
    one = answers(10)
    pixels = np.zeros((8, 8, 3), np.uint8)
    return replace(
        one, classes=tuple(scores), live=True, forward_ms=ms, picture=Picture(pixels, name)
    )


def rows(panel: AnswersPanel) -> list[int]:
    return [score.index for score in panel._model.rows]


FIRST = frame((3, 0.4), (1, 0.3), (4, 0.1), (5, 0.08), (9, 0.06))
SECOND = frame((1, 0.5), (9, 0.2), (3, 0.1), (2, 0.08), (4, 0.06))


def test_classes_of_a_moving_picture_keep_their_rows(panel: AnswersPanel) -> None:
    panel.show_answers(FIRST)
    assert rows(panel) == [3, 1, 4, 5, 9]
    panel.show_answers(SECOND)
    assert rows(panel) == [3, 1, 4, 2, 9]
    assert panel.text().splitlines()[1] == "50.0 %\tclass 1", "the text has the likeliest first"
    assert not panel.grab().isNull()


def test_a_frozen_frame_and_an_ordinary_picture_are_sorted(panel: AnswersPanel) -> None:
    panel.show_answers(FIRST)
    panel.show_answers(SECOND)
    panel.show_answers(replace(SECOND, live=False))
    assert rows(panel) == [1, 9, 3, 2, 4]
    assert not panel.smooth_button.isVisible()
    assert not panel._until_still.isActive()
    panel.show_answers(FIRST)
    assert rows(panel) == [3, 1, 4, 5, 9], "what was sorted is no row to keep"


def test_a_picture_that_stands_still_is_sorted_after_a_while(
    qtbot: QtBot, panel: AnswersPanel
) -> None:
    panel._until_still.setInterval(0)
    panel.show_answers(FIRST)
    panel.show_answers(SECOND)
    qtbot.waitUntil(lambda: rows(panel) == [1, 9, 3, 2, 4])


@pytest.mark.parametrize("change", ["source", "network"])
def test_another_source_or_network_begins_anew(panel: AnswersPanel, change: str) -> None:
    panel.set_smoothing(True)
    panel.show_answers(FIRST)
    other = replace(SECOND, card=NETWORKS["resnet34"])
    if change == "source":
        other = replace(SECOND, picture=Picture(SECOND.picture.rgb, "film.mp4"))
    panel.show_answers(other)
    assert rows(panel) == [1, 9, 3, 2, 4]
    assert panel._model.ranked[0].probability == 0.5
    panel.clear()
    panel.show_answers(FIRST)
    assert panel._model.ranked[0].probability == 0.4


def test_smoothing_goes_by_the_clock_and_says_so(qtbot: QtBot) -> None:
    now = 0.0
    panel = AnswersPanel(clock=lambda: now)
    qtbot.addWidget(panel)
    panel.resize(316, 260)
    panel.show()
    panel.show_answers(FIRST)
    assert panel.smooth_button.isVisible()
    assert "smoothed" not in panel.times_text()
    with qtbot.waitSignal(panel.smoothing_chosen) as chosen:
        qtbot.mouseClick(panel.smooth_button, LEFT)
    assert chosen.args == [True]
    now = 0.5
    panel.show_answers(SECOND)
    expected = 0.3 + (1 - math.exp(-1)) * 0.2
    first = panel._model.ranked[0]
    assert (first.index, first.probability) == (1, pytest.approx(expected))
    assert panel.times_text().endswith(" · smoothed")
    assert "smoothed over time" in panel.text()
    tip = panel._model.index(1, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == f"class 1: 50.0 % in this frame, {percent(expected)} smoothed (class 1)"
    qtbot.mouseClick(panel.smooth_button, LEFT)
    assert panel._model.ranked[0].probability == 0.5
    assert "smoothed" not in panel.times_text()


def test_an_ordinary_picture_is_never_smoothed(panel: AnswersPanel) -> None:
    panel.set_smoothing(True)
    panel.show_answers(answers())
    panel.show_answers(answers())
    assert "smoothed" not in panel.times_text()
    assert panel._model.ranked[0].probability == 0.973


def test_smoothing_is_off_until_chosen_and_then_remembered(tmp_path: Path) -> None:
    settings = Settings.in_file(tmp_path / "window.ini")
    assert settings.smooth_answers is False
    settings.smooth_answers = True
    settings.save()
    assert Settings.in_file(tmp_path / "window.ini").smooth_answers is True


def test_answers_to_a_moving_picture_do_not_fade(panel: AnswersPanel) -> None:
    panel.show_answers(FIRST)
    panel.show_pending(live=True)
    assert not panel._patience.isActive()
    panel.show_pending()
    assert panel._patience.isActive(), "an ordinary picture takes the place of a moving one"


def test_nothing_moves_but_the_bars(qtbot: QtBot, panel: AnswersPanel) -> None:
    """Digits come and go, and neither rows nor widths change for it."""
    panel.show_answers(frame((3, 0.9), (1, 0.05), ms=9.0))
    qtbot.waitExposed(panel)
    parts = (panel._bars, panel._times, panel._title, panel.smooth_button, panel.more_button)

    def places() -> list[object]:
        QGuiApplication.processEvents()
        return [part.geometry() for part in parts]

    before = places()
    for number in range(40):
        share = (number + 1) / 41
        panel.show_answers(frame((3, share), (1, 1 - share), ms=0.4 + number * 7))
        assert places() == before


def test_a_live_answer_costs_the_window_little(panel: AnswersPanel) -> None:
    """Two milliseconds of processor time, showing and painting; six here, for a busy machine."""
    many = [frame((n % 10, 0.5), ((n + 3) % 10, 0.2), ms=n) for n in range(60)]
    spent = []
    for one in many:
        began = time.process_time()
        panel.show_answers(one)
        QGuiApplication.processEvents()
        spent.append(time.process_time() - began)
    assert sorted(spent)[len(spent) // 2] < 0.006
