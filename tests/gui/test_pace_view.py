"""How fast it goes: what is kept, how it is drawn, how often."""

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.pace_history import SPAN, PaceHistory, round_up
from cnn_explorer.gui.widgets import pace_view, theme
from cnn_explorer.gui.widgets.pace_view import PaceGraph, PaceView, numbers_of
from tests.gui.fake_live import pace

pytestmark = pytest.mark.usefixtures("themed")


def test_half_a_minute_is_kept_at_ten_points_a_second() -> None:
    history = PaceHistory()
    for number in range(6000):  # a minute at a hundred answers a second
        history.add(pace(number / 100))
    points = history.points
    assert points[-1].at - points[0].at == pytest.approx(SPAN, abs=0.2)
    assert len(points) <= 302
    assert points[10].answers == 10


def test_a_point_is_the_mean_of_its_answers() -> None:
    history = PaceHistory()
    history.add(pace(1.01, latency=50, parts=(1, 2, 30, 4)))
    history.add(pace(1.05, latency=70, parts=(3, 2, 50, 4)))
    (point,) = history.points
    assert (point.parts, point.latency_ms) == ((2, 2, 40, 4), 60)


def test_a_pause_is_a_gap_and_no_line() -> None:
    history = PaceHistory()
    for at in (1.0, 1.2, 9.0, 9.2):
        history.add(pace(at))
    assert [len(run) for run in history.runs()] == [2, 2]
    assert history.near(5.0) is None


def test_the_axis_ends_at_a_round_number_and_one_hiccup_does_not_flatten_the_rest() -> None:
    assert [round_up(value) for value in (0, 10, 11, 40, 99, 101, 900)] == [
        10, 10, 20, 50, 100, 200, 1000,
    ]  # fmt: skip
    history = PaceHistory()
    for number in range(100):
        history.add(pace(number / 5, latency=4000.0 if number == 50 else 62.0))
    assert history.top() == 100


def test_numbers_keep_their_place_when_they_change(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(theme.tabular_font(theme.SMALL))
    widths = {
        tuple(metrics.horizontalAdvance(text) for text in numbers_of(pace(latency=ms))[:3])
        for ms in (8.0, 11.1, 74.0, 111.0)
    }
    assert len({round(sum(width)) for width in widths}) == 1
    view = PaceView()
    qtbot.addWidget(view)
    view.resize(400, 120)
    view.show()
    view.show_pace(pace())
    assert view.line.text().replace("\u2007", "") == (
        "30.0 in · 21.4 answers/s · 62 ms · 14 dropped"
    )


def test_numbers_are_left_out_and_not_cut_where_there_is_no_room(qtbot: QtBot) -> None:
    view = PaceView()
    qtbot.addWidget(view)
    view.show()
    view.show_pace(pace())
    shown = {view.line.fitted(width).replace("\u2007", "") for width in range(100, 400)}
    assert shown == {
        "30.0 in · 21.4 answers/s · 62 ms · 14 dropped", "30.0 in · 21.4 out · 62 ms · 14 dropped",
        "30.0 in · 21.4 out · 62 ms · 14 lost", "30.0 in · 21.4 out · 62 ms", "21.4 out · 62 ms",
    }  # fmt: skip


def test_it_is_painted_ten_times_a_second_at_most(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[float] = []
    graph = PaceGraph()
    qtbot.addWidget(graph)
    graph.resize(260, graph.sizeHint().height())
    graph.show()
    qtbot.waitExposed(graph)
    plain = PaceGraph.paintEvent
    monkeypatch.setattr(
        PaceGraph, "paintEvent", lambda self, event: (painted.append(1.0), plain(self, event))
    )
    for number in range(200):
        graph.add(pace(1 + number / 200))
        QTest.qWait(0)
    assert len(painted) <= 5
    qtbot.waitUntil(lambda: bool(painted))


def test_areas_stand_on_each_other_in_their_colours(qtbot: QtBot) -> None:
    graph = PaceGraph()
    qtbot.addWidget(graph)
    graph.resize(300, graph.sizeHint().height())
    for number in range(300):
        graph.add(pace(number / 10, latency=95, parts=(20, 20, 30, 20)))
    image = graph.grab().toImage()
    plot = graph.plot_rect()
    assert graph.history.top() == 100
    for ms, kind in ((10, "pool"), (30, "activation"), (55, "conv"), (80, "linear")):
        y = plot.bottom() - ms / 100 * plot.height()
        at = QPointF(plot.center().x(), y).toPoint()
        seen, wanted = image.pixelColor(at), theme.kind_colour(kind, dark=False)
        gaps = (seen.red() - wanted.red(), seen.green() - wanted.green())
        assert max(map(abs, gaps)) < 12, kind


def test_pointer_and_keys_read_it(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    # the offscreen platform warns of the window that a tool tip is
    monkeypatch.setattr(pace_view.QToolTip, "showText", lambda *_: None)
    graph = PaceGraph()
    qtbot.addWidget(graph)
    graph.resize(300, graph.sizeHint().height())
    for number in range(100):
        graph.add(pace(number / 5, latency=60 + number, parts=(1, 2, 30 + number, 4)))
    graph.show()
    QTest.keyClick(graph, Qt.Key.Key_End)
    latest = graph.reading()
    assert latest is not None
    assert "0.0 s ago: convert 1.0 ms" in graph.accessibleDescription()
    assert "latency 159.0 ms" in graph.told(latest)
    QTest.keyClick(graph, Qt.Key.Key_Left)
    QTest.keyClick(graph, Qt.Key.Key_Left)
    assert graph.reading() == graph.history.points[-3]
    QTest.keyClick(graph, Qt.Key.Key_Escape)
    assert graph.reading() is None
    plot = graph.plot_rect()
    QTest.mouseMove(graph, QPointF(plot.center()).toPoint())
    qtbot.waitUntil(lambda: graph.reading() is not None)
    here = graph.reading()
    assert here is not None
    assert here.at == pytest.approx(latest.at - SPAN / 2, abs=0.5)


def test_it_folds_and_says_so(qtbot: QtBot) -> None:
    view = PaceView()
    qtbot.addWidget(view)
    view.show()
    with qtbot.waitSignal(view.folded_changed) as told:
        view.fold_button.click()
    assert told.args == [True]
    assert view.graph.isHidden()
    view.fold_button.click()
    view.set_room(False)
    assert view.graph.isHidden()
    assert not view.is_folded
    view.set_room(True)
    assert not view.graph.isHidden()
