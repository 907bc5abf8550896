"""Live pictures in the real window: what is in sight is captured, and painted answers are told."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.live import Pace
from cnn_explorer.gui.state.shown import EffectsShown
from cnn_explorer.gui.state.workbench import Run
from cnn_explorer.probe.framing import Framing
from tests.gui.test_live import Film
from tests.journeys.conftest import Stage


@pytest.fixture
def film() -> Iterator[Film]:
    film = Film()
    yield film
    film.deleteLater()


@pytest.fixture
def paces(stage: Stage) -> list[Pace]:
    paces: list[Pace] = []
    stage.window.live.pace_told.connect(paces.append)
    return paces


def watch(stage: Stage, film: Film) -> None:
    stage.window.live.watch(film)
    film.give()
    stage.settle()


def runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that are asked for from now on."""
    asked: list[Run] = []
    begin = stage.explorer._queue.submit

    def submit(job) -> None:  # type: ignore[no-untyped-def]
        if isinstance(job.request, Run):
            asked.append(job.request)
        begin(job)

    monkeypatch.setattr(stage.explorer._queue, "submit", submit)
    return asked


def test_answers_are_told_when_they_are_painted(
    stage: Stage, film: Film, paces: list[Pace], qtbot: QtBot
) -> None:
    watch(stage, film)
    qtbot.waitUntil(lambda: len(paces) == 1)
    film.give()
    qtbot.waitUntil(lambda: len(paces) == 2)
    pace = paces[-1]
    assert pace.draw_ms > 0
    assert pace.dropped == 0
    assert pace.forward_ms > 0
    panels = stage.window.panels
    assert panels is not None
    assert "film.mp4" in panels.answers_panel.text()
    assert panels.activations_panel.maps.count > 0


def test_only_panels_in_sight_are_served(
    stage: Stage, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, panels, explorer = stage.window, stage.window.panels, stage.explorer
    assert panels is not None
    explorer.show_thumbnails("mean")
    watch(stage, film)
    asked = runs(stage, monkeypatch)
    window.show_layer_tab(window.tab_index("code"))
    panels.graph_view.hide()
    film.give()
    stage.settle()
    assert (asked[-1].layer, dict(asked[-1].boxes)) == ("", {})
    window.show_layer_tab(window.tab_index("statistics"))
    stage.settle()  # the film stands still: what came into sight is asked for
    assert asked[-1].layer == explorer.layer
    assert not asked[-1].boxes
    before = panels.activations_panel.maps.mosaic
    film.give()
    stage.settle()
    assert panels.activations_panel.maps.mosaic is before  # nobody sees them
    panels.graph_view.show()
    window.show_layer_tab(window.tab_index("activations"))
    stage.settle()
    assert asked[-1].boxes
    assert panels.activations_panel.maps.mosaic is not before


def test_a_minimised_window_lets_frames_go(stage: Stage, film: Film, qtbot: QtBot) -> None:
    watch(stage, film)
    window = stage.window
    window.setWindowState(Qt.WindowState.WindowMinimized)
    film.give()
    assert window.live.flow.dropped == 1
    window.setWindowState(Qt.WindowState.WindowNoState)
    picture = film.give()
    qtbot.waitUntil(lambda: stage.explorer.picture is picture)
    stage.settle()


def test_compared_networks_are_as_live(
    stage: Stage, film: Film, paces: list[Pace], qtbot: QtBot
) -> None:
    state = stage.window._comparing.enter()
    state.compare(["lenet5", "alexnet-cifar"])
    qtbot.waitUntil(lambda: not state.busy, timeout=60_000)
    watch(stage, film)
    qtbot.waitUntil(lambda: len(paces) == 1, timeout=60_000)
    last = [film.give() for _ in range(5)][-1]
    qtbot.waitUntil(lambda: state.picture is last and not state.busy, timeout=60_000)
    qtbot.waitUntil(lambda: len(paces) >= 2)
    assert all(state.is_fresh(number) for number in range(2))
    stage.window.leave_comparison()
    stage.settle()
    assert stage.explorer.answers is not None
    assert stage.explorer.answers.picture is last


@pytest.mark.parametrize("mirrored", [False, True])
def test_live_pictures_are_framed_by_hand_while_they_come(
    stage: Stage, film: Film, mirrored: bool
) -> None:
    film.kind = "camera"
    qtbot, explorer, panels = stage.qtbot, stage.explorer, stage.window.panels
    assert panels is not None
    panel = panels.input_panel
    view, bar = panel.live_page.view, panel.framing_bar
    explorer.choose_network("alexnet-cifar")
    stage.network_open("alexnet-cifar")
    panel.live_page.set_mirrored(mirrored)
    panel.show_live()
    watch(stage, film)
    trained = view.frame
    assert trained == pytest.approx((8, 0, 48, 48), abs=1)
    assert bar.isVisible()
    assert not bar.warning.isVisible()
    assert panel.picture_view.frame is None
    if panel.live_page.pace.graph.isVisible():
        assert view.height() >= 96, "the graph goes before the frame"

    def on_view(x: float, y: float) -> QPoint:
        area = view.picture_rect()
        x = 64 - x if mirrored else x
        return (area.topLeft() + QPointF(x * area.width() / 64, y * area.height() / 48)).toPoint()

    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=on_view(56, 0))  # its upper right corner
    for step in (44, 32, 20):
        qtbot.mouseMove(view, on_view(8 + step, 48 - step))
        film.give()
        film.give()
    stage.settle()
    assert view.frame == pytest.approx((8, 28, 20, 20), abs=1)
    assert explorer.framing_moves
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=on_view(28, 28))
    last = film.give()
    stage.settle()
    answers = explorer.answers
    assert answers is not None
    assert answers.picture is last
    assert answers.prepared.crop == view.frame
    assert bar.warning.isVisible()
    assert view.frame == pytest.approx((8, 28, 20, 20), abs=1)
    qtbot.mouseClick(bar.reset_button, Qt.MouseButton.LeftButton)
    film.give()
    stage.settle()
    assert view.frame == trained
    # another source with frames of the same size: it can be framed at once
    watch(stage, other := Film())
    assert view.frame == trained
    assert bar.isVisible()
    stage.window.live.stop()
    stage.settle()
    assert view.frame == trained
    other.deleteLater()


def test_what_is_pointed_at_stays_from_frame_to_frame(stage: Stage, film: Film) -> None:
    panels = stage.window.panels
    assert panels is not None
    link, view = panels.picture_link, panels.input_panel.live_page.view
    stage.explorer.choose_network("alexnet-cifar")
    stage.network_open("alexnet-cifar")
    watch(stage, film)
    view.mark_place((30.0, 20.0))
    maps = panels.activations_panel.maps
    maps._hover(maps.tile_rect(0).center())
    field = view.field
    told: list[object] = []
    link.field_shown.connect(told.append)
    link.units_marked.connect(told.append)
    for _ in range(3):
        film.give()
    stage.settle()
    assert set(told) == {field}
    assert field is not None
    assert view.field == field
    assert view.place == (30.0, 20.0)
    stage.explorer.frame_as(Framing("crop", (0.0, 0.0, 0.5, 0.5)))
    stage.settle()
    assert view.field not in (None, field), "framed otherwise, it sees another part"


def test_channels_are_sorted_by_effect_when_a_frame_is_frozen(stage: Stage, film: Film) -> None:
    panels, explorer = stage.window.panels, stage.explorer
    assert panels is not None
    panel = panels.activations_panel
    watch(stage, film)
    effects: list[EffectsShown] = []
    explorer.effects_shown.connect(effects.append)
    panel.sort.setCurrentIndex(panel.sort.findData("effect"))
    panel.sort.activated.emit(panel.sort.currentIndex())
    assert "when a frame is frozen" in panels.message_strip.text()
    film.give()
    stage.settle()
    assert effects == []
    stage.window.watching.freeze(True)
    stage.settle()
    assert [told.picture for told in effects] == [film.given[-1]]
    stage.window.watching.freeze(False)
    film.give()
    stage.settle()
    assert len(effects) == 1


def test_closing_the_window_ends_the_source(stage: Stage, film: Film) -> None:
    watch(stage, film)
    film.give()
    film.give()
    stage.window.close()
    assert not film.running
