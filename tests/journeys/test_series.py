"""Several pictures in the window: dropped, walked by keys, played by themselves, opened again."""

import os
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from cnn_explorer.paths import resource
from tests.journeys.conftest import PATIENCE, Stage, close_stage, open_stage
from tests.journeys.test_window import drop, file_data

DIGITS = (2, 3, 7)


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A folder with some of the digits, of which LeNet-5 is sure, and a text."""
    folder = tmp_path / "digits"
    folder.mkdir()
    for digit in DIGITS:
        shutil.copy(resource("samples", f"digit-{digit}.png"), folder)
    (folder / "notes.txt").write_text("three digits")
    return folder


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.png"))


def wait_for_answer(stage: Stage, digit: int) -> None:
    """Wait until the answer to this digit's picture is on show."""

    def is_there() -> bool:
        answers = stage.explorer.answers
        return (
            stage.explorer.idle
            and answers is not None
            and answers.picture is stage.explorer.picture
            and answers.picture.name == f"digit-{digit}.png"
        )

    stage.qtbot.waitUntil(is_there, timeout=PATIENCE)
    assert stage.explorer.answers is not None
    assert stage.explorer.answers.classes[0].index == digit


def test_three_files_are_dropped_and_walked_by_keys(stage: Stage, digits: Path) -> None:
    window, strip = stage.window, stage.window.panels.input_panel.strip
    assert not window.commands.next_picture.isEnabled()
    assert drop(window, file_data(*reversed(files_of(digits))))
    wait_for_answer(stage, 2)
    assert strip.isVisible()
    assert strip.count.text() == "1 of 3"
    window.commands.next_picture.trigger()
    wait_for_answer(stage, 3)
    strip.row.setFocus()
    stage.qtbot.keyClick(strip.row, Qt.Key.Key_Right)
    wait_for_answer(stage, 7)
    assert not window.commands.next_picture.isEnabled()
    stage.qtbot.keyClick(strip.row, Qt.Key.Key_Home)
    wait_for_answer(stage, 2)
    stage.qtbot.keyClick(strip.row, Qt.Key.Key_Delete)
    wait_for_answer(stage, 3)
    assert strip.count.text() == "1 of 2"
    assert len(files_of(digits)) == 3
    # a picture from elsewhere leaves the strip as it is, and one comes back to it
    with stage.qtbot.waitSignal(stage.explorer.answers_shown, timeout=PATIENCE):
        drop(window, file_data(resource("samples", "digit-5.png")))
    stage.settle()
    assert strip.count.text() == "2 pictures"
    window.commands.next_picture.trigger()
    wait_for_answer(stage, 3)
    strip.close_button.click()
    assert strip.isHidden()
    assert window.panels.input_panel.samples.isVisible()
    assert not window.commands.slide_show.isEnabled()


def test_a_folder_is_dropped_and_played(stage: Stage, digits: Path) -> None:
    window, panels = stage.window, stage.window.panels
    said: list[str] = []
    stage.explorer.message_shown.connect(lambda message: said.append(message.text))
    assert drop(window, file_data(digits))
    wait_for_answer(stage, 2)
    stage.qtbot.waitUntil(lambda: len(said) == 1, timeout=PATIENCE)
    assert panels.message_strip.text() == "1 file that is no picture was passed over."
    panels.series.set_seconds(1)
    window.commands.slide_show.trigger()
    assert panels.input_panel.strip.play_button.isChecked()
    wait_for_answer(stage, 3)
    wait_for_answer(stage, 7)
    wait_for_answer(stage, 2)
    window.commands.slide_show.trigger()
    assert not panels.series.shown.playing
    # in the list of what was opened lately stands the folder, not each picture of it
    assert window._settings.recent == (str(digits),)


def test_what_was_opened_lately_is_opened_again(stage: Stage, digits: Path) -> None:
    window = stage.window
    gone, twin = digits / "gone.png", digits / "sub" / "digit-7.png"
    twin.parent.mkdir()
    shutil.copy(digits / "digit-7.png", twin)
    shutil.copy(digits / "digit-7.png", gone)
    for path in (digits / "digit-7.png", gone, twin):
        with stage.qtbot.waitSignal(stage.explorer.answers_shown, timeout=PATIENCE):
            drop(window, file_data(path))
        stage.settle()
    gone.unlink()
    window._settings.add_recent(str(digits))
    window._fill_recent()
    texts = [action.text() for action in window._recent_menu.actions() if action.text()]
    assert texts == [
        "&1  digits", "&2  digit-7.png in sub", "&3  digit-7.png in digits", "&Clear",
    ]  # fmt: skip
    window._recent_menu.actions()[0].trigger()
    wait_for_answer(stage, 2)
    assert len(window.panels.series.shown.paths) == 4
    window._recent_menu.actions()[-1].trigger()
    window._fill_recent()
    (nothing,) = window._recent_menu.actions()
    assert not nothing.isEnabled()


def test_the_clipboard_gives_paths_and_addresses(
    stage: Stage, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, clipboard = stage.window, QGuiApplication.clipboard()
    paste = window.commands.paste.trigger
    clipboard.setText(f"{digits / 'digit-7.png'}\n{digits / 'digit-3.png'}\n")
    paste()
    wait_for_answer(stage, 3)
    assert window.panels.input_panel.strip.count.text() == "1 of 2"
    clipboard.setText((digits / "digit-2.png").as_uri())
    paste()
    wait_for_answer(stage, 2)
    asked: list[str] = []
    monkeypatch.setattr(window, "open_address", asked.append)
    addresses = [
        "https://example.org/cat.png",
        "data:image/png;base64,AAAA",
        "ftp://example.org/cat.png",
    ]
    for address in addresses:
        clipboard.setText(address)
        paste()
    assert asked == addresses
    clipboard.setText("hello")
    paste()
    assert "no picture on the clipboard" in window.panels.message_strip.text()
    clipboard.clear()


def test_pictures_dragged_out_of_a_browser(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    window = stage.window
    asked: list[str] = []
    monkeypatch.setattr(window, "open_address", asked.append)
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/page")])
    data.setHtml('<a href="https://example.org/page"><img src="https://example.org/cat"></a>')
    assert drop(window, data)
    assert asked == ["https://example.org/cat"]
    data.setImageData(QImage(str(resource("samples", "digit-7.png"))))
    with stage.qtbot.waitSignal(stage.explorer.answers_shown, timeout=PATIENCE) as answered:
        assert drop(window, data)
    assert answered.args is not None
    assert answered.args[0].classes[0].index == 7
    assert answered.args[0].picture.name == "Dropped picture"
    assert len(asked) == 1
    nothing = QMimeData()
    nothing.setText("some words")
    assert not drop(window, nothing)
    assert window.panels.message_strip.text() == "There is no picture in what was dropped."


def test_videos_go_to_where_they_are_played(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[Path] = []
    monkeypatch.setattr(stage.window, "open_video", played.append)
    video = tmp_path / "no ending"
    video.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(100))
    assert drop(stage.window, file_data(video))
    assert played == [video]


def test_of_several_networks_the_first_is_opened(stage: Stage, tmp_path: Path) -> None:
    said: list[str] = []
    stage.explorer.message_shown.connect(lambda message: said.append(message.text))
    paths = [tmp_path / name for name in ("a.onnx", "b.pth")]
    for path in paths:
        path.write_bytes(b"no network")
    assert drop(stage.window, file_data(*paths))
    strip = stage.window.panels.message_strip
    assert strip.text() == "2 networks were given; this is the first of them."
    stage.settle()
    stage.network_open("lenet5")
    (sentence,) = said
    assert "a.onnx" in sentence
    # a folder may be called like a file
    (tmp_path / "c.pth").mkdir()
    shutil.copy(resource("samples", "digit-7.png"), tmp_path / "c.pth")
    assert drop(stage.window, file_data(tmp_path / "c.pth"))
    wait_for_answer(stage, 7)


@pytest.mark.skipif(os.name != "posix", reason="pipes as on Unix")
def test_a_pipe_is_not_waited_for(stage: Stage, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with stage.qtbot.waitSignal(stage.explorer.message_shown, timeout=PATIENCE) as said:
        drop(stage.window, file_data(tmp_path / "pipe.png"))
    assert said.args is not None
    assert "is a pipe or a device" in said.args[0].text
    stage.settle()


def test_files_and_a_folder_are_chosen_in_dialogs(
    stage: Stage, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [str(path) for path in files_of(digits)[1:]]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: (chosen, ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(digits))
    stage.window.commands.open.trigger()
    wait_for_answer(stage, 3)
    stage.window.commands.open_folder.trigger()
    wait_for_answer(stage, 2)
    assert len(stage.window.panels.series.shown.paths) == 3


def test_while_networks_are_compared(stage: Stage, digits: Path) -> None:
    """A folder goes to the page for folders where that is in front, and is a series elsewhere."""
    window, series = stage.window, stage.window.panels.series
    window.compare(["lenet5"])
    stage.settle()
    comparing = window._comparing
    assert drop(window, file_data(digits))
    stage.qtbot.waitUntil(lambda: len(series.shown.paths) == 3, timeout=PATIENCE)
    stage.settle()
    assert window.panels.input_panel.strip.isVisible()
    comparing.page.tabs.setCurrentWidget(comparing.folder)
    series.close_series()
    assert drop(window, file_data(digits))
    stage.qtbot.waitUntil(lambda: comparing.study.shown.listing is not None, timeout=PATIENCE)
    stage.settle()
    assert not series.shown.paths
    assert len(comparing.study.shown.listing.pictures) == 3


def test_the_pace_of_the_slide_show_is_remembered(
    qtbot: QtBot, themed: object, tmp_path: Path
) -> None:
    assert themed is not None
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    stage.window.panels.series.set_seconds(10)
    stage.window.panels.series.set_loops(False)
    close_stage(stage)
    again = open_stage(qtbot, tmp_path / "settings.ini")
    shown = again.window.panels.series.shown
    close_stage(again)
    assert (shown.seconds, shown.loops) == (10, False)
