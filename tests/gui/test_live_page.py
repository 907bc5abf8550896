"""What is live: the page, its keys, its transport and its menu, in the real window with sources
that a test moves."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QTabBar, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.app import Program
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.frame_source import Condition, Playhead
from cnn_explorer.gui.state.live import Live
from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.input_panel import InputPanel
from cnn_explorer.gui.widgets.live_page import LivePage
from cnn_explorer.gui.widgets.live_view import LiveView
from cnn_explorer.gui.widgets.main_window import MainWindow
from cnn_explorer.gui.widgets.region_chooser import RegionChooser
from cnn_explorer.gui.widgets.transport_bar import TransportBar, clock
from cnn_explorer.media.picture import Picture
from tests.gui.fake_live import FakeSource, FakeSources, pace

pytestmark = pytest.mark.usefixtures("themed")
LEFT = Qt.MouseButton.LeftButton
KEY = Qt.Key


@dataclass
class Scene:
    """The window with LeNet-5, whose engine rests, and sources that a test moves."""

    window: MainWindow
    sources: FakeSources
    settings: Settings

    @property
    def page(self) -> LivePage:
        return self.panel.live_page

    @property
    def panel(self) -> InputPanel:
        assert self.window.panels is not None
        return self.window.panels.input_panel

    @property
    def live(self) -> Live:
        return self.window.live

    @property
    def source(self) -> FakeSource:
        return self.sources.made[-1]


@pytest.fixture
def scene(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setattr("cnn_explorer.gui.state.explorer.Explorer.start", lambda _: None)
    settings = Settings.in_file(tmp_path / "settings.ini")
    program = Program(settings, "lenet5")
    program.window.resize(1280, 800)
    with qtbot.waitSignal(program.furnished, timeout=60_000):
        program.window.show()
    sources = FakeSources()
    program.window.watching._find_sources = lambda: sources
    yield Scene(program.window, sources, settings)
    program.close()
    program.window.deleteLater()


def titles(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


# The frame


def view_on(qtbot: QtBot, *, mirrored: bool) -> LiveView:
    view = LiveView()
    qtbot.addWidget(view)
    view.resize(202, 102)
    rgb = np.zeros((100, 200, 3), np.uint8)
    rgb[:, :100] = (250, 0, 0)  # red on the left
    view.show_next(Picture(rgb, "frame"))
    view.set_mirrored(mirrored)
    return view


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mirrored_frame_has_its_crop_and_marks_mirrored_along(
    qtbot: QtBot, mirrored: bool
) -> None:
    view = view_on(qtbot, mirrored=mirrored)
    view.show_crop((0.0, 0.0, 50.0, 100.0))
    image = view.grab().toImage()
    area = view.picture_rect()

    def shown(x: float) -> int:
        """The red at a column of the picture, wherever that is seen."""
        across = area.right() - x if mirrored else area.left() + x
        return image.pixelColor(QPointF(across, area.center().y()).toPoint()).red()

    assert shown(25) > 240  # in the crop
    assert 50 < shown(75) < 200  # in the shade, and still of the red half
    assert shown(150) < 20
    at = QPoint(int(area.right() - 30) if mirrored else int(area.left() + 30), 40)
    QTest.mouseClick(view, LEFT, pos=at)
    assert view.place is not None
    assert view.place[0] == pytest.approx(30, abs=1.5)
    QTest.keyClick(view, KEY.Key_Right)  # to the right as it is seen
    assert (view.place[0] < 30) == mirrored


def test_what_lies_on_a_frame_stays_while_frames_are_of_one_size(qtbot: QtBot) -> None:
    view = view_on(qtbot, mirrored=False)
    view.show_crop((50.0, 0.0, 100.0, 100.0))
    view.mark_place((80.0, 40.0))
    view.show_next(Picture(np.zeros((100, 200, 3), np.uint8), "frame"))
    assert view.place == (80.0, 40.0)
    assert view._crop is not None
    view.show_next(Picture(np.zeros((50, 50, 3), np.uint8), "frame"))
    assert view.place is None
    assert view._crop is None


def test_nothing_is_laid_out_between_frames(scene: Scene, qtbot: QtBot) -> None:
    scene.window.watching.watch_camera()
    scene.source.give((320, 240))
    qtbot.wait(0)
    scene.page.show_pace(pace(1.0, latency=8.0))
    parts = (scene.page.view, scene.panel.seen, scene.page.pace, scene.panel.switch)
    before = [part.geometry() for part in parts]
    for number in range(5):
        scene.source.give()
        scene.page.show_pace(pace(2.0 + number, latency=8.0 + 240 * number))
        qtbot.wait(0)
        assert [part.geometry() for part in parts] == before


def test_the_preview_gives_way_to_the_graph_of_the_pace(scene: Scene, tmp_path: Path) -> None:
    scene.window.open_video(tmp_path / "film.mp4")
    scene.source.give((640, 480))
    page, seen = scene.page, scene.panel.seen
    assert page.pace.graph.isVisible()
    assert seen.isHidden()
    assert page.view.height() >= 140
    page.pace.fold_button.click()
    assert page.pace.graph.isHidden()
    assert seen.isVisible()


def test_what_cannot_be_played_offers_no_commands(scene: Scene, tmp_path: Path) -> None:
    scene.window.open_video(tmp_path / "film.mp4")
    page = scene.page
    scene.source.say(Condition("failed", "film.mp4 is damaged.", True))
    buttons = (page.freeze_button, page.snapshot_button, page.transport.play_button)
    assert not any(button.isEnabled() for button in buttons)
    assert scene.panel.seen.isHidden()
    page.view.card.button.click()
    scene.source.say(Condition("running"))
    scene.source.give()
    assert all(button.isEnabled() for button in buttons)


# The window


def test_the_page_shows_what_is_live_and_the_window_names_it(scene: Scene) -> None:
    scene.window.commands.camera.trigger()
    assert scene.sources.asked == [("camera", "b", None)]  # the system's favourite
    frame = scene.source.give()
    assert scene.page.view.picture is frame
    assert scene.panel.switch.current == 2
    assert scene.window.windowTitle() == "C920 & co – LeNet-5 – CNN Explorer"
    assert scene.window.status.live == "● Live: C920 & co"
    assert scene.page.start_button.text() == "Stop"
    scene.page.start_button.click()
    assert scene.live.source is None
    assert ("stop", None) in scene.source.told
    assert scene.page.view.picture is frame  # it stays
    assert scene.panel.switch.current == 2
    assert scene.window.status.live == ""
    assert not scene.window.commands.camera.isChecked()


def test_another_page_stops_what_is_live_and_shows_the_last_frame(scene: Scene) -> None:
    scene.window.watching.watch_camera()
    frame = scene.source.give()
    scene.panel.switch.button(0).click()
    assert scene.live.source is None
    assert scene.panel.switch.current == 0
    assert scene.panel.picture_view.picture is frame


def test_closing_the_window_ends_the_source(scene: Scene) -> None:
    scene.window.watching.watch_camera()
    scene.window.close()
    assert scene.source.told[-1] == ("stop", None)


def test_what_a_source_says_lies_on_the_picture_with_try_again(scene: Scene) -> None:
    scene.window.watching.watch_camera()
    card = scene.page.view.card
    scene.source.say(Condition("running"))
    assert card.isHidden()
    scene.source.say(Condition("failed", "The camera is used by another program.", True))
    assert card.isVisibleTo(scene.window)
    assert card.label.text() == "The camera is used by another program."
    card.button.click()
    assert scene.source.told == [("start", None)] * 2
    scene.source.say(Condition("stalled", "The camera was unplugged."))
    assert card.button.isHidden()
    assert scene.page.view.rect().contains(card.geometry())


def test_without_qtmultimedia_the_page_says_what_to_install(scene: Scene) -> None:
    scene.sources.why_not = "install PySide6-Addons to watch cameras and videos."
    scene.window.commands.camera.trigger()
    said = "Install PySide6-Addons to watch cameras and videos."
    assert scene.page.view.accessibleDescription() == said
    assert not scene.page.start_button.isEnabled()
    assert not scene.window.commands.camera.isChecked()
    assert scene.sources.made == []


# Space and the other keys


def test_space_freezes_and_goes_on_from_wherever_it_has_no_other_use(scene: Scene) -> None:
    window, page = scene.window, scene.page
    panels = window.panels
    assert panels is not None
    window.watching.watch_camera()
    scene.source.give()
    tab_bar = panels.tabs.tabBar()
    assert isinstance(tab_bar, QTabBar)
    for widget in (page.view, page.pace.graph, tab_bar, panels.graph_view.canvas):
        QTest.keyClick(widget, KEY.Key_Space)
        assert page.is_frozen, widget
        assert window.commands.freeze.isChecked()
        QTest.keyClick(widget, KEY.Key_Space)
        assert not page.is_frozen, widget


def test_space_is_left_to_buttons_fields_lists_and_tables(scene: Scene) -> None:
    window, page = scene.window, scene.page
    panels = window.panels
    assert panels is not None
    window.watching.watch_camera()
    scene.source.give()
    search = panels.network_list.search
    QTest.keyClick(search, KEY.Key_Space)
    assert search.text() == " "
    QTest.keyClick(page.pace.fold_button, KEY.Key_Space)
    assert page.pace.is_folded  # the button did what it does
    for taken in (panels.layers_panel.table, page.pace.fold_button):
        QTest.keyClick(taken, KEY.Key_Space)
    assert not page.is_frozen


def test_freezing_before_the_first_frame_comes_to_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.window.watching.watch_camera()
    monkeypatch.setattr(scene.live, "freeze", lambda _frozen: None)  # as it does without a frame
    scene.window.commands.freeze.trigger()
    assert not scene.window.commands.freeze.isChecked()
    assert not scene.page.freeze_button.isChecked()


def test_space_means_nothing_while_nothing_is_live(scene: Scene) -> None:
    QTest.keyClick(scene.panel.picture_view, KEY.Key_Space)
    assert not scene.page.is_frozen


def test_a_file_is_played_stepped_and_sought_by_keys(scene: Scene, tmp_path: Path) -> None:
    scene.settings.loop = True
    scene.settings.speed = 2.0
    scene.window.open_video(tmp_path / "film.mp4")
    told = scene.source.told
    assert told == [("loops", True), ("speed", 2.0), ("start", None)]
    scene.source.give()
    scene.source.play_at(7_200, playing=True)
    assert scene.page.transport.time_text == "0:07 / 1:20"
    told.clear()
    for key in (KEY.Key_K, KEY.Key_Comma, KEY.Key_Period, KEY.Key_Home, KEY.Key_End):
        QTest.keyClick(scene.page.view, key)
    assert told == [("pause", None), ("step", -1), ("step", 1), ("seek", 0), ("seek", 80_000)]
    told.clear()
    QTest.keyClick(scene.page.view, KEY.Key_Space)
    QTest.keyClick(scene.page.view, KEY.Key_Space)
    assert told == [("pause", None), ("play", None)]  # frozen, it stands still
    told.clear()
    QTest.keyClick(scene.page.view, KEY.Key_Space)
    scene.page.transport.on_button.click()  # a step is seen, so it is no longer frozen
    assert told == [("pause", None), ("step", 1)]
    assert not scene.live.frozen


def test_tab_goes_through_the_page_as_one_reads(scene: Scene, tmp_path: Path) -> None:
    scene.window.open_video(tmp_path / "film.mp4")
    scene.source.play_at(7_200, playing=True)
    scene.source.give()  # without a frame nothing can be frozen or saved
    page, bar = scene.page, scene.page.transport
    stops: list[QWidget] = [page.source_button]
    page.source_button.setFocus()
    while page.isAncestorOf(stops[-1]):
        QTest.keyClick(stops[-1], KEY.Key_Tab)
        focus = scene.window.focusWidget()
        assert focus is not None
        stops.append(focus)
    assert stops[:-1] == [
        page.source_button, page.start_button, page.freeze_button, page.snapshot_button, page.view,
        bar.slider, bar.back_button, bar.play_button, bar.on_button, bar.loop_button, bar.speed_box,
        page.pace.fold_button, page.pace.graph,
    ]  # fmt: skip
    for stop in stops[:-1]:
        assert stop.accessibleName()
        assert stop.toolTip() or stop is page.view


def test_what_is_live_goes_on_while_networks_are_compared(scene: Scene, qtbot: QtBot) -> None:
    scene.window.watching.watch_camera()
    scene.source.give()
    scene.window.commands.compare.trigger()
    frame = scene.source.give()
    qtbot.waitUntil(lambda: scene.page.view.picture is frame)
    assert scene.page.isVisibleTo(scene.window)
    QTest.keyClick(scene.page.view, KEY.Key_Space)
    assert scene.page.is_frozen
    assert scene.page.view.picture is frame
    scene.page.show_pace(pace())
    assert scene.page.pace.graph.history.latest is not None


# The transport


def test_times_of_a_film() -> None:
    assert [clock(ms) for ms in (0, 7_900, 760_000, 3_723_000, -5)] == [
        "0:00", "0:07", "12:40", "1:02:03", "0:00",
    ]  # fmt: skip
    assert clock(7_000, hours=True) == "0:00:07"


def test_a_click_on_the_slider_leads_right_there(qtbot: QtBot) -> None:
    bar = TransportBar()
    qtbot.addWidget(bar)
    bar.resize(300, 60)
    bar.show()
    bar.show_playhead(Playhead(0, 100_000, True))
    sought: list[int] = []
    bar.seek_asked.connect(sought.append)
    middle = bar.slider.rect().center()
    QTest.mousePress(bar.slider, LEFT, pos=middle)
    bar.show_playhead(Playhead(300, 100_000, True))  # the hand holds it
    assert bar.slider.value() == pytest.approx(50_000, abs=2_000)
    QTest.mouseRelease(bar.slider, LEFT, pos=middle)
    assert sought
    assert sought[-1] == pytest.approx(50_000, abs=2_000)
    sought.clear()
    QTest.keyClick(bar.slider, KEY.Key_Right)
    assert sought[-1] == pytest.approx(51_000, abs=2_000)


def test_speed_and_loop_are_told_and_remembered(scene: Scene, tmp_path: Path) -> None:
    scene.window.open_video(tmp_path / "film.mp4")
    bar = scene.page.transport
    bar.speed_box.setCurrentIndex(0)
    bar.speed_box.activated.emit(0)
    bar.loop_button.click()
    assert scene.source.told[-2:] == [("speed", 0.25), ("loops", True)]
    assert (scene.settings.speed, scene.settings.loop) == (0.25, True)


def test_a_file_that_cannot_be_sought_has_no_slider_to_move(qtbot: QtBot) -> None:
    bar = TransportBar()
    qtbot.addWidget(bar)
    bar.show_playhead(Playhead(1_000, 0, False, can_seek=False))
    assert not bar.slider.isEnabled()
    assert not bar.back_button.isEnabled()
    assert bar.time_text == "0:01"


# The menu


def test_the_menu_offers_what_is_plugged_in(scene: Scene) -> None:
    menu = scene.page.source_menu
    menu.aboutToShow.emit()
    assert titles(menu) == [
        "C920 && co", "Microscope", "Video File…", "Screen or Window", "Mirror",
    ]  # fmt: skip
    menu.actions()[0].trigger()
    assert scene.sources.asked[-1] == ("camera", "a", None)
    assert scene.settings.camera == "a"
    menu.aboutToShow.emit()
    sizes = next(action.menu() for action in menu.actions() if action.text() == "Resolution")
    assert isinstance(sizes, QMenu)
    assert titles(sizes) == ["Automatic", "640 × 480, 30 a second", "1280 × 720, 30 a second"]
    sizes.actions()[2].trigger()
    form = scene.sources.asked[-1][2]
    assert (form.width, form.height) == (1280, 720)  # type: ignore[attr-defined]
    assert scene.settings.resolution == (1280, 720)
    scene.sources.plugged = ()
    menu.aboutToShow.emit()
    assert titles(menu)[0] == "No camera is plugged in"


def test_mirror_is_of_cameras_alone_and_remembered(scene: Scene, tmp_path: Path) -> None:
    scene.window.watching.watch_camera()
    assert scene.page.view._mirrored
    scene.window.commands.mirror.trigger()
    assert not scene.page.view._mirrored
    assert not scene.settings.mirror
    scene.window.commands.mirror.trigger()
    scene.window.open_video(tmp_path / "film.mp4")
    assert not scene.page.view._mirrored


def test_snapshots_go_to_the_folder_chosen_once(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    saved: list[Path] = []

    def choose(*arguments: object) -> str:
        asked.append(arguments)
        return str(tmp_path)

    def save(explorer: Explorer, folder: Path, look: MapsLook, *, dark: bool) -> None:
        del explorer, look, dark
        saved.append(folder)

    monkeypatch.setattr(Explorer, "snapshot", save)

    monkeypatch.setattr(
        "cnn_explorer.gui.widgets.watching.QFileDialog.getExistingDirectory", choose
    )
    scene.window.watching.watch_camera()
    scene.source.give()
    scene.page.snapshot_button.click()
    scene.window.commands.snapshot.trigger()
    assert saved == [tmp_path, tmp_path]
    assert len(asked) == 1


# A region of the screen


@pytest.fixture
def chooser(qtbot: QtBot) -> RegionChooser:
    picture = QPixmap(800, 600)
    picture.fill(Qt.GlobalColor.white)
    chooser = RegionChooser(picture, QSize(1600, 1200))
    chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(chooser)
    chooser.resize(400, 300)
    return chooser


def test_dragging_chooses_a_region_in_pixels_of_the_screen(
    chooser: RegionChooser, qtbot: QtBot
) -> None:
    QTest.mousePress(chooser, LEFT, pos=QPoint(100, 50))
    QTest.mouseMove(chooser, QPoint(60, 90))
    with qtbot.waitSignal(chooser.chosen) as told:
        QTest.mouseRelease(chooser, LEFT, pos=QPoint(50, 100))
    assert told.args == [(200, 200, 200, 200)]


def test_a_slip_of_the_hand_chooses_nothing(chooser: RegionChooser) -> None:
    QTest.mouseClick(chooser, LEFT, pos=QPoint(100, 50))
    assert chooser.region is None


def test_keys_choose_a_region_or_the_whole_screen(chooser: RegionChooser, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chooser.chosen) as told:
        QTest.keyClick(chooser, KEY.Key_Return)
    assert told.args == [None]
    QTest.keyClick(chooser, KEY.Key_Right)
    assert chooser.region == QRect(400, 300, 800, 600)
    QTest.keyClick(chooser, KEY.Key_Left)
    QTest.keyClick(chooser, KEY.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    with qtbot.waitSignal(chooser.chosen) as told:
        QTest.keyClick(chooser, KEY.Key_Return)
    assert told.args == [(384, 300, 800, 616)]


def test_escape_goes_back(chooser: RegionChooser, qtbot: QtBot) -> None:
    with qtbot.waitSignal(chooser.cancelled):
        QTest.keyClick(chooser, KEY.Key_Escape)
