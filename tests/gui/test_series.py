"""The series of pictures: which there are, where one is, and the slide show."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

import cnn_explorer.gui.state.file_thumbnails as thumbnails_module
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.picture_reader import PictureReader
from cnn_explorer.gui.state.series import PictureSeries, SeriesShown
from cnn_explorer.media.picture import Picture

PATIENCE = 60_000


def picture(path: Path, red: int = 200) -> Path:
    Image.new("RGB", (20, 10), (red, 0, 0)).save(path, "PNG")
    return path


class Watched:
    """A series with its explorer and engine, and what they have said."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.explorer = Explorer()
        self.series = PictureSeries(self.explorer)
        self.names: list[str] = []
        self.messages: list[Message] = []
        self.explorer.picture_shown.connect(lambda shown: self.names.append(shown.name))
        self.explorer.message_shown.connect(self.messages.append)
        self.explorer.start()

    def open(self, *paths: Path) -> None:
        with self.qtbot.waitSignal(self.series.gathered, timeout=PATIENCE):
            self.series.open(paths)
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.explorer.idle, timeout=PATIENCE)

    def wait_for(self, *names: str) -> None:
        """Wait until these pictures have been shown, one after the other, last."""
        self.qtbot.waitUntil(lambda: self.names[-len(names) :] == [*names], timeout=PATIENCE)

    @property
    def place(self) -> int:
        return self.series.shown.place


@pytest.fixture
def watched(qtbot: QtBot) -> Iterator[Watched]:
    watched = Watched(qtbot)
    yield watched
    watched.series.close()
    watched.explorer.close()


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, ...]:
    return tuple(picture(tmp_path / f"{number}.png", number) for number in (1, 2, 3))


# where one is, without Qt's loop


def paths(count: int) -> tuple[Path, ...]:
    return tuple(Path(f"/{number}.png") for number in range(count))


def test_steps_end_at_both_ends() -> None:
    shown = SeriesShown(paths(3), 1, on_show=True)
    assert (shown.step(1), shown.step(-1), shown.step(2), shown.step(-2)) == (2, 0, None, None)
    assert SeriesShown().step(1) is None
    # from another picture one comes back to where one was
    assert replace(shown, on_show=False).step(1) == 1
    assert replace(shown, on_show=False).step(-1) == 0


def test_the_slide_show_passes_over_what_cannot_be_read() -> None:
    shown = SeriesShown(paths(4), 1, on_show=True)
    assert shown.to_play() == 2
    assert replace(shown, failed={Path("/2.png"): "It is damaged."}).to_play() == 3
    assert replace(shown, place=3).to_play() == 0
    assert replace(shown, place=3, loops=False).to_play() is None
    others = {path: "" for path in shown.paths if path != Path("/1.png")}
    assert replace(shown, failed=others).to_play() is None


@given(st.integers(2, 8), st.data())
def test_taking_pictures_out(count: int, data: st.DataObject) -> None:
    shown = SeriesShown(paths(count), data.draw(st.integers(0, count - 1)), on_show=True)
    while shown.paths:
        place = data.draw(st.integers(0, len(shown.paths) - 1))
        here, gone = shown.paths[shown.place], shown.paths[place]
        shown = shown.without(place)
        assert gone not in shown.paths
        assert len(shown.paths) != 1
        if shown.paths and gone != here:
            assert shown.paths[shown.place] == here


# with files


def test_several_files_are_walked(watched: Watched, three: tuple[Path, ...]) -> None:
    watched.open(*reversed(three))
    assert watched.series.shown.paths == three  # in natural order, however they were chosen
    watched.wait_for("1.png")
    watched.series.next()
    watched.wait_for("2.png")
    watched.series.go_to(2)
    watched.wait_for("3.png")
    watched.series.next()
    watched.settle()
    assert watched.names == ["1.png", "2.png", "3.png"]
    watched.series.previous()
    watched.wait_for("2.png")
    assert (watched.place, watched.series.shown.on_show) == (1, True)
    assert not watched.messages


def test_one_picture_is_no_series(watched: Watched, three: tuple[Path, ...]) -> None:
    watched.open(three[0])
    watched.wait_for("1.png")
    assert watched.series.shown == SeriesShown()


def test_what_is_passed_over_is_said_once_the_picture_is_there(
    watched: Watched, three: tuple[Path, ...]
) -> None:
    (three[0].parent / "notes.txt").write_text("hello")
    watched.open(three[0].parent)
    watched.qtbot.waitUntil(lambda: len(watched.messages) == 1, timeout=PATIENCE)
    assert watched.messages[0].text == "1 file that is no picture was passed over."


def test_a_folder_that_takes_long_is_said_to_be_looked_through(
    watched: Watched, three: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PictureReader, "gather", lambda *_: None)
    watched.series.open([three[0].parent])
    assert not watched.messages
    watched.qtbot.waitUntil(lambda: bool(watched.messages), timeout=PATIENCE)
    assert watched.messages[0].text.startswith("Looking for pictures in")


def test_no_pictures_leave_everything_as_it_was(
    watched: Watched, three: tuple[Path, ...], tmp_path: Path
) -> None:
    watched.open(*three)
    before = watched.series.shown
    (tmp_path / "empty").mkdir()
    with watched.qtbot.waitSignal(
        watched.explorer.message_shown,
        check_params_cb=lambda said: said.level == "error",
        timeout=PATIENCE,
    ) as said:
        watched.series.open([tmp_path / "empty"])
    assert said.args is not None
    assert said.args[0].text == (
        'There is no picture in the folder "empty" that this program reads.'
    )
    assert watched.series.shown == before


def test_another_picture_leaves_the_series_in_waiting(
    watched: Watched, three: tuple[Path, ...], tmp_path: Path
) -> None:
    watched.open(*three)
    watched.series.next()
    watched.wait_for("2.png")
    watched.series.play(True)
    (tmp_path / "elsewhere").mkdir()
    watched.explorer.open_file(picture(tmp_path / "elsewhere" / "1.png"))
    watched.wait_for("2.png", "1.png")
    shown = watched.series.shown
    assert (shown.paths, shown.place) == (three, 1)
    assert not shown.on_show
    assert not shown.playing
    watched.series.next()  # back to where one was
    watched.wait_for("1.png", "2.png")
    # a file of the series that is opened in another way is found in it
    watched.explorer.open_file(three[2])
    watched.wait_for("3.png")
    assert (watched.place, watched.series.shown.on_show) == (2, True)
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(0)
    watched.explorer.open_image(image, "3.png")  # of this name, but no file
    watched.qtbot.waitUntil(lambda: not watched.series.shown.on_show, timeout=PATIENCE)


def test_a_file_that_cannot_be_read_is_marked(watched: Watched, three: tuple[Path, ...]) -> None:
    three[1].write_bytes(three[1].read_bytes()[:40])
    watched.open(*three)
    watched.series.next()
    watched.qtbot.waitUntil(lambda: bool(watched.series.shown.failed), timeout=PATIENCE)
    (sentence,) = watched.series.shown.failed.values()
    assert "2.png" in sentence
    assert watched.messages[-1].level == "error"
    assert watched.place == 1
    watched.series.next()
    watched.wait_for("1.png", "3.png")


def test_the_slide_show_goes_round_and_passes_over(
    watched: Watched, three: tuple[Path, ...]
) -> None:
    three[1].write_bytes(three[1].read_bytes()[:40])
    watched.open(*three)
    watched.series.set_seconds(1)
    watched.series.play(True)
    watched.wait_for("1.png", "3.png")  # after a second, and past the bad one at once
    watched.series.set_loops(False)
    watched.qtbot.waitUntil(lambda: not watched.series.shown.playing, timeout=PATIENCE)
    assert watched.names == ["1.png", "3.png"]
    watched.series.play(True)  # at the end it begins again
    watched.wait_for("1.png", "3.png", "1.png")
    assert watched.series.shown.playing
    watched.series.play(False)
    assert not watched.series.shown.playing
    assert not watched.series._clock.isActive()


def test_stopping_all_work_stops_the_slide_show(watched: Watched, three: tuple[Path, ...]) -> None:
    watched.open(*three)
    watched.series.play(True)
    watched.series.next()
    watched.explorer.cancel()  # amid reading the next one
    assert not watched.series.shown.playing
    watched.settle()


def test_seconds_have_bounds(watched: Watched) -> None:
    for given_seconds, kept in ((0, 1), (61, 60), (7, 7)):
        watched.series.set_seconds(given_seconds)
        assert watched.series.shown.seconds == kept


def test_taking_out_the_picture_on_show(watched: Watched, three: tuple[Path, ...]) -> None:
    watched.open(*three)
    watched.series.remove(0)
    watched.wait_for("1.png", "2.png")
    assert watched.series.shown.paths == three[1:]
    assert three[0].exists()
    watched.series.remove(1)  # one is left: no series any more, and it stays on show
    watched.settle()
    assert watched.series.shown.paths == ()
    assert watched.names[-1] == "2.png"
    assert not watched.series.has(three[1])


def test_thumbnails_are_made_of_what_is_in_sight(
    watched: Watched, three: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    thumbnails = watched.series.thumbnails
    three[1].write_bytes(b"hello")
    made: list[Path] = []
    thumbnails.made.connect(made.append)
    thumbnails.want(three)
    watched.qtbot.waitUntil(lambda: len(made) == 3, timeout=PATIENCE)
    image = thumbnails.of(three[2])
    assert image is not None
    assert (image.width(), image.height()) == (10, 10)
    assert image.pixelColor(5, 5).red() == 3
    assert thumbnails.of(three[1]) is None
    assert "2.png" in thumbnails.trouble(three[1])
    thumbnails.want(three)
    assert len(made) == 3
    # the oldest are forgotten
    monkeypatch.setattr(thumbnails_module, "MOST_KEPT", 2)
    other = picture(three[0].with_name("4.png"))
    thumbnails.want([other])
    watched.qtbot.waitUntil(lambda: thumbnails.of(other) is not None, timeout=PATIENCE)
    assert thumbnails.of(three[0]) is None
    assert thumbnails.of(three[2]) is not None


def test_thumbnails_give_way_to_the_engine(qtbot: QtBot, three: tuple[Path, ...]) -> None:
    watched = Watched(qtbot)
    working = [True]
    watched.series.thumbnails._idle = lambda: not working[0]
    made: list[Path] = []
    watched.series.thumbnails.made.connect(made.append)
    watched.series.thumbnails.want(three)
    qtbot.waitUntil(lambda: len(made) == 1, timeout=PATIENCE)
    assert watched.series.thumbnails._pause.isActive()
    working[0] = False
    qtbot.waitUntil(lambda: len(made) == 3, timeout=PATIENCE)
    watched.series.close()
    watched.explorer.close()


def test_closing_amid_a_search(watched: Watched, three: tuple[Path, ...]) -> None:
    watched.series.open([three[0].parent])
    watched.series.open([three[0].parent])
    watched.series.thumbnails.want(three)
    watched.series.close()
    assert watched.series.shown == SeriesShown()


def test_a_drawing_is_no_picture_of_the_series(watched: Watched, three: tuple[Path, ...]) -> None:
    watched.open(*three)
    watched.wait_for("1.png")
    drawing = Picture(np.zeros((28, 28, 3), np.uint8), "Drawing")
    watched.explorer.show_picture(drawing, live=True)
    assert not watched.series.shown.on_show
