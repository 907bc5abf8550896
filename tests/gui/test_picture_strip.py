"""The strip below the picture: thumbnails to walk along, what plays them, and how it looks."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.series import PictureSeries, SeriesShown
from cnn_explorer.gui.widgets.input_panel import InputPanel
from cnn_explorer.gui.widgets.picture_strip import PictureStrip

PATIENCE = 60_000
LEFT = Qt.MouseButton.LeftButton


def paths(count: int) -> tuple[Path, ...]:
    return tuple(Path(f"/nowhere/{number} & <b>.png") for number in range(count))


@pytest.fixture
def panel(qtbot: QtBot, themed: object) -> InputPanel:
    assert themed is not None
    panel = InputPanel()
    qtbot.addWidget(panel)
    panel.resize(316, 440)
    panel.show()
    return panel


@pytest.fixture
def strip(panel: InputPanel) -> PictureStrip:
    return panel.strip


def centre(strip: PictureStrip, row: int) -> object:
    return strip.row.visualRect(strip.row.model().index(row, 0)).center()


def test_it_takes_the_place_of_the_samples(strip: PictureStrip, panel: InputPanel) -> None:
    assert strip.isHidden()
    assert panel.samples.isVisible()
    strip.show_series(SeriesShown(paths(120), 6, on_show=True))
    assert strip.isVisible()
    assert panel.samples.isHidden()
    assert strip.count.text() == "7 of 120"
    strip.show_series(SeriesShown(paths(1200), 6))
    assert strip.count.text() == "1,200 pictures"
    panel.show_live()  # where it would take room from what is live
    assert strip.isHidden()
    assert panel.samples.isHidden()
    panel.switch.button(0).click()
    assert strip.isVisible()
    assert panel.samples.isHidden()
    strip.show_series(SeriesShown())
    assert strip.isHidden()
    assert panel.samples.isVisible()
    assert panel.size().width() == 316


def test_keys_walk(strip: PictureStrip, qtbot: QtBot) -> None:
    chosen: list[int] = []
    removed: list[int] = []
    strip.place_chosen.connect(chosen.append)
    strip.removal_asked.connect(removed.append)
    strip.show_series(SeriesShown(paths(30), 10, on_show=True))
    keys = Qt.Key
    for key, place in (
        (keys.Key_Left, 9), (keys.Key_Right, 11), (keys.Key_Home, 0), (keys.Key_End, 29),
        (keys.Key_PageDown, 13), (keys.Key_PageUp, 7),
    ):  # fmt: skip
        qtbot.keyClick(strip.row, key)
        assert chosen[-1] == place
    qtbot.keyClick(strip.row, keys.Key_Delete)
    assert removed == [10]
    # at the ends there is nothing to go to
    strip.show_series(SeriesShown(paths(30), 0, on_show=True))
    chosen.clear()
    qtbot.keyClick(strip.row, keys.Key_Left)
    qtbot.keyClick(strip.row, keys.Key_Home)
    assert chosen == []
    assert not strip.previous_button.isEnabled()
    assert strip.next_button.isEnabled()


def test_a_click_chooses_and_the_current_one_is_in_sight(strip: PictureStrip, qtbot: QtBot) -> None:
    chosen: list[int] = []
    strip.place_chosen.connect(chosen.append)
    for place in (0, 77, 76, 119, 3):
        strip.show_series(SeriesShown(paths(120), place, on_show=True))
        seen = strip.row.viewport().rect()
        assert seen.contains(strip.row.visualRect(strip.row.model().index(place, 0)))
        qtbot.mouseClick(strip.row.viewport(), LEFT, pos=centre(strip, place))
        assert chosen[-1] == place


def test_buttons_and_menu(strip: PictureStrip, qtbot: QtBot) -> None:
    shown = SeriesShown(paths(5), 2, on_show=True)
    strip.show_series(shown)
    for button, signal, value in (
        (strip.previous_button, strip.stepped, -1),
        (strip.next_button, strip.stepped, 1),
        (strip.play_button, strip.play_asked, True),
    ):
        with qtbot.waitSignal(signal) as told:
            qtbot.mouseClick(button, LEFT)
        assert told.args == [value]
    with qtbot.waitSignal(strip.close_asked):
        qtbot.mouseClick(strip.close_button, LEFT)
    menu = strip.play_button.menu()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts[0] == "One Second"
    assert texts[-1] == "Begin Again at the End"
    assert [action.text() for action in menu.actions() if action.isChecked()] == [
        "3 Seconds",
        "Begin Again at the End",
    ]
    with qtbot.waitSignal(strip.seconds_chosen) as told:
        menu.actions()[0].trigger()
    assert told.args == [1]
    for button in strip.findChildren(type(strip.play_button)):
        assert button.accessibleName()
        assert button.toolTip()


def test_the_model_is_a_sound_one(strip: PictureStrip, qtmodeltester: ModelTester) -> None:
    model = strip.row.model()
    strip.show_series(SeriesShown(paths(20), 3, on_show=True))
    qtmodeltester.check(model)
    removed: list[tuple[int, int]] = []
    model.rowsRemoved.connect(lambda _parent, first, last: removed.append((first, last)))
    for place in (19, 0, 7):
        strip.show_series(strip.row.model().shown.without(place))
    assert removed == [(19, 19), (0, 0), (7, 7)]
    assert model.rowCount(QModelIndex()) == 17
    tip = model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "1 &amp; &lt;b&gt;.png"
    failed = dict.fromkeys(strip.row.model().shown.paths, "It is damaged.")
    strip.show_series(SeriesShown(tuple(failed), 0, on_show=True, failed=failed))
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole).endswith("<br>It is damaged.")


@pytest.fixture
def series(qtbot: QtBot) -> Iterator[PictureSeries]:
    assert qtbot is not None
    explorer = Explorer()
    explorer.start()
    series = PictureSeries(explorer)
    yield series
    series.close()
    explorer.close()


def test_of_ten_thousand_pictures_those_in_sight_are_shrunk(
    strip: PictureStrip, series: PictureSeries, qtbot: QtBot, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.png"
    Image.new("RGB", (8, 8), "red").save(whole)
    for number in range(10_000):
        (tmp_path / f"{number}.png").hardlink_to(whole)
    strip.watch(series)
    with qtbot.waitSignal(series.gathered, timeout=PATIENCE):
        series.open([tmp_path])
    assert strip.count.text() == "1 of 10,000"
    made: list[Path] = []
    series.thumbnails.made.connect(made.append)
    index = strip.row.model().index(0, 0)
    decoration = Qt.ItemDataRole.DecorationRole
    qtbot.waitUntil(lambda: index.data(decoration) is not None, timeout=PATIENCE)
    series.go_to(9_000)
    index = strip.row.model().index(9_000, 0)
    qtbot.waitUntil(lambda: index.data(decoration) is not None, timeout=PATIENCE)
    qtbot.waitUntil(lambda: not series.thumbnails._wanted, timeout=PATIENCE)
    assert len(made) < 40
    strip.close_button.click()
    assert strip.isHidden()
