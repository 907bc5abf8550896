"""Video files as sources of frames, told by numbers that are painted into their pictures."""

import os
import struct
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("av")
pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from pytestqt.qtbot import QtBot

from cnn_explorer.gui.multimedia.videos import VideoSource
from cnn_explorer.gui.state.frame_source import Condition, Frame, Playhead
from cnn_explorer.media.picture import Picture
from tests.gui.videos import CODECS, number_in, write_sound, write_video

UNEVEN = [0, 33, 66, 133, 166, 400, 433, 466, 500, 700]


class Watched:
    """A source, and all that it told."""

    def __init__(self, path: Path, qtbot: QtBot) -> None:
        self.source = VideoSource(path)
        self.bot = qtbot
        self.frames: list[Frame] = []
        self.conditions: list[Condition] = []
        self.playheads: list[Playhead] = []
        self.source.frame_arrived.connect(self.frames.append)
        self.source.condition_changed.connect(self.conditions.append)
        self.source.playhead_moved.connect(self.playheads.append)

    @property
    def stage(self) -> str:
        return self.conditions[-1].stage if self.conditions else ""

    @property
    def numbers(self) -> list[int]:
        return [number_in(frame.picture()) for frame in self.frames]

    @property
    def last(self) -> int:
        return number_in(self.frames[-1].picture()) if self.frames else -1

    def until(self, holds: Callable[[], bool]) -> None:
        self.bot.waitUntil(holds, timeout=10_000)

    def pause_at_once(self) -> None:
        """Start, and stand still at the first frame."""
        self.source.start()
        self.until(lambda: bool(self.frames))
        self.source.pause()
        self.goes_to(lambda: self.source.seek(0), 0)

    def goes_to(self, does: Callable[[], None], number: int) -> None:
        """A frame that arrives after this is that one."""
        before = len(self.frames)
        does()
        self.until(lambda: len(self.frames) > before and self.last == number)


@pytest.fixture
def watch(qtbot: QtBot) -> Iterator[Callable[[Path], Watched]]:
    made: list[Watched] = []

    def make(path: Path) -> Watched:
        made.append(Watched(path, qtbot))
        return made[-1]

    yield make
    for watched in made:
        watched.source.stop()
        watched.source.deleteLater()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("films") / "film.mp4")


@pytest.mark.parametrize("ending", CODECS)
def test_every_container_plays_from_beginning_to_end(
    ending: str, tmp_path: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(write_video(tmp_path / f"film{ending}", count=12, rate=25))
    watched.source.set_speed(0.5)
    watched.source.start()
    watched.until(lambda: watched.stage == "ended")
    # a busy machine may pass frames over, but none is out of turn
    assert watched.numbers == sorted(set(watched.numbers))
    assert {0, 11} <= set(watched.numbers)
    assert [condition.stage for condition in watched.conditions] == ["starting", "running", "ended"]
    assert [frame.number for frame in watched.frames] == list(range(len(watched.frames)))
    assert all(frame.size == (64, 48) for frame in watched.frames)
    assert [
        frame.position_ms // 40 for frame in watched.frames if frame.position_ms is not None
    ] == watched.numbers
    captured = [frame.captured for frame in watched.frames]
    assert captured == sorted(captured)
    end = watched.playheads[-1]
    assert not end.playing
    assert end.can_seek
    assert abs(end.duration_ms - 480) <= 40
    assert end.position_ms >= end.duration_ms
    assert watched.source.title == f"film{ending}"
    assert watched.frames[0].picture().source == str(tmp_path / f"film{ending}")


@pytest.mark.parametrize("ending", CODECS)
def test_steps_go_exactly_one_frame_on_and_back(
    ending: str, tmp_path: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(write_video(tmp_path / f"film{ending}", rate=30))
    watched.pause_at_once()
    for number in range(1, 20):
        watched.goes_to(lambda: watched.source.step(1), number)
    for number in reversed(range(19)):
        watched.goes_to(lambda: watched.source.step(-1), number)
    watched.frames.clear()
    watched.source.step(5)
    watched.source.step(4)
    watched.until(lambda: watched.last == 9)
    watched.source.step(-6)
    watched.until(lambda: watched.last == 3)
    assert watched.stage == "paused"


@pytest.mark.parametrize("ending", [".mkv", ".webm"])
def test_steps_are_exact_where_frames_do_not_follow_evenly(
    ending: str, tmp_path: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(write_video(tmp_path / f"film{ending}", rate=30, times_ms=UNEVEN))
    watched.pause_at_once()
    for number in range(1, len(UNEVEN)):
        watched.goes_to(lambda: watched.source.step(1), number)
        assert watched.frames[-1].position_ms == UNEVEN[number]
    for number in reversed(range(len(UNEVEN) - 1)):
        watched.goes_to(lambda: watched.source.step(-1), number)


def test_steps_end_at_the_ends(film: Path, watch: Callable[[Path], Watched]) -> None:
    watched = watch(film)
    watched.pause_at_once()
    watched.source.step(-3)
    watched.source.step(1)
    watched.until(lambda: watched.last == 1)
    watched.source.step(100)
    watched.until(lambda: watched.last == 19)
    watched.source.step(1)
    watched.goes_to(lambda: watched.source.step(-1), 18)


def test_seeking_shows_the_frame_there_even_when_paused(
    film: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(film)
    watched.pause_at_once()
    for position, number in ((0, 0), (99, 0), (100, 1), (1234, 12), (1999, 19), (700, 7), (700, 7)):
        watched.goes_to(lambda at=position: watched.source.seek(at), number)
        assert watched.playheads[-1].position_ms == 100 * number
        assert not watched.playheads[-1].playing
    watched.goes_to(lambda: watched.source.seek(99_999), 19)
    watched.goes_to(lambda: watched.source.seek(-5), 0)
    watched.source.seek(500)
    watched.goes_to(lambda: watched.source.step(1), 6)
    assert watched.stage == "paused"


def test_play_goes_on_and_from_the_beginning_after_the_end(
    film: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(film)
    watched.pause_at_once()
    watched.source.set_speed(4)
    assert watched.playheads[-1].speed == 4
    watched.source.play()
    assert watched.playheads[-1].playing
    watched.until(lambda: watched.stage == "ended")
    assert watched.last == 19
    watched.goes_to(lambda: watched.source.step(-1), 18)
    assert watched.stage == "paused"
    watched.goes_to(lambda: watched.source.seek(300), 3)
    watched.source.play()
    watched.until(lambda: watched.stage == "ended")
    watched.goes_to(lambda: watched.source.seek(300), 3)
    watched.source.play()
    watched.until(lambda: watched.stage == "ended")
    watched.frames.clear()
    watched.source.play()
    watched.until(lambda: bool(watched.frames))
    assert watched.numbers[0] < 5
    assert watched.stage == "running"


def test_paused_before_a_frame_has_come_it_stands_at_the_first_one(
    film: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(film)
    watched.source.start()
    watched.source.pause()
    watched.until(lambda: watched.stage == "paused" and watched.last == 0)
    watched.source.set_speed(4.0)
    watched.source.play()
    watched.until(lambda: watched.stage == "ended")
    watched.source.play()
    watched.goes_to(lambda: watched.source.step(1), 1)  # and not past the end, where it was
    assert watched.stage == "paused"


def test_a_loop_begins_anew(film: Path, watch: Callable[[Path], Watched]) -> None:
    watched = watch(film)
    watched.source.set_loops(True)
    watched.source.set_speed(4)
    watched.source.start()

    def rounds() -> int:
        numbers = watched.numbers
        return sum(after < before for before, after in pairwise(numbers))

    watched.until(lambda: rounds() == 2)
    assert watched.playheads[-1].loops
    assert "ended" not in {condition.stage for condition in watched.conditions}
    watched.source.set_loops(False)
    watched.until(lambda: watched.stage == "ended")


def test_speeds_stay_within_limits(film: Path, watch: Callable[[Path], Watched]) -> None:
    watched = watch(film)
    watched.pause_at_once()
    watched.source.set_speed(0.01)
    assert watched.playheads[-1].speed == 0.25
    watched.source.set_speed(99)
    assert watched.playheads[-1].speed == 4


@pytest.mark.parametrize(("turns", "matrix"), [(1, (0, 1, -1, 0)), (2, (-1, 0, 0, -1))])
def test_films_of_a_telephone_held_upright_are_upright(
    turns: int, matrix: tuple[int, int, int, int], tmp_path: Path, watch: Callable[[Path], Watched]
) -> None:
    path = write_video(tmp_path / "film.mp4", count=6)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") - 4 + 48  # ISO/IEC 14496-12, 8.3.2: the matrix of the track's header
    a, b, c, d = (number << 16 for number in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    watched = watch(path)
    watched.source.start()
    watched.until(lambda: bool(watched.frames))
    watched.source.pause()
    watched.source.seek(500)
    watched.until(lambda: watched.frames[-1].position_ms == 500)
    frame = watched.frames[-1]
    assert frame.size == ((48, 64) if turns == 1 else (64, 48))
    picture = frame.picture()
    assert (picture.width, picture.height) == frame.size
    as_filmed = np.rot90(picture.rgb, turns)  # counterclockwise, back again
    assert number_in(Picture(as_filmed, "")) == 5


def test_sound_is_passed_over(tmp_path: Path, watch: Callable[[Path], Watched]) -> None:
    watched = watch(write_video(tmp_path / "film.mp4", count=6, rate=25, sound=True))
    watched.source.start()
    watched.until(lambda: watched.stage == "ended")
    assert watched.last == 5


def failure(watched: Watched) -> str:
    watched.source.start()
    watched.until(lambda: watched.stage == "failed")
    assert watched.conditions[-1].can_retry
    assert not watched.frames
    return watched.conditions[-1].sentence


def test_what_is_no_video_is_one_sentence(
    tmp_path: Path, film: Path, watch: Callable[[Path], Watched]
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("#EXTM3U\nhttp://example.org/\n")
    (tmp_path / "torn.mp4").write_bytes(film.read_bytes()[:100])
    (tmp_path / "rubbish.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + b"\x93" * 500)
    write_sound(tmp_path / "sound.mp4")
    assert failure(watch(tmp_path / "none.mp4")) == "there is no file none.mp4."
    assert failure(watch(tmp_path)).endswith(" is a folder: choose a video file in it.")
    assert failure(watch(tmp_path / "empty.mp4")).startswith("empty.mp4 is empty")
    assert failure(watch(tmp_path / "text.mp4")).startswith("text.mp4 is no video")
    assert failure(watch(tmp_path / "torn.mp4")).startswith("torn.mp4 is damaged or of a kind")
    assert failure(watch(tmp_path / "rubbish.mkv")).startswith("rubbish.mkv is damaged or of a")
    assert failure(watch(tmp_path / "sound.mp4")).startswith("sound.mp4 holds no pictures")


def test_trying_again_works_once_the_file_is_whole(
    tmp_path: Path, film: Path, watch: Callable[[Path], Watched]
) -> None:
    path = tmp_path / "film.mp4"
    watched = watch(path)
    failure(watched)
    path.write_bytes(film.read_bytes())
    watched.source.start()
    watched.until(lambda: bool(watched.frames))
    assert watched.stage == "running"


@pytest.mark.parametrize(
    "name", [b"50% off %20 #1?.mp4", b"a\xff\xfe.mp4", b"-x.mp4", b"no ending"]
)
def test_any_name_will_do(
    name: bytes, tmp_path: Path, film: Path, watch: Callable[[Path], Watched]
) -> None:
    path = tmp_path / os.fsdecode(name)
    try:
        path.write_bytes(film.read_bytes())
    except OSError:
        pytest.skip("no such names in this file system")
    watched = watch(path)
    watched.source.start()
    watched.until(lambda: bool(watched.frames))
    watched.source.title.encode()


def test_stopping_gives_all_back(film: Path, watch: Callable[[Path], Watched]) -> None:
    def opened() -> bool:
        links = Path("/proc/self/fd").iterdir()
        return any(link.is_symlink() and os.readlink(link) == str(film) for link in links)

    watched = watch(film)
    for _ in range(3):
        watched.source.start()
        watched.until(lambda: bool(watched.frames))
        if Path("/proc/self/fd").is_dir():
            assert opened()
        watched.source.stop()
        if Path("/proc/self/fd").is_dir():
            assert not opened()
        frame = watched.frames[-1]
        watched.frames.clear()
        watched.bot.wait(30)  # frames that were on the way, if there were any
        assert not watched.frames
        assert 0 <= number_in(frame.picture()) < 20  # can still be read
    for does in (watched.source.play, watched.source.pause, lambda: watched.source.seek(3)):
        does()
    watched.source.step(1)
    watched.source.stop()


def test_it_may_be_stopped_by_who_hears_of_a_frame(
    film: Path, watch: Callable[[Path], Watched]
) -> None:
    watched = watch(film)
    watched.source.frame_arrived.connect(lambda _frame: watched.source.stop())
    watched.source.start()
    watched.until(lambda: bool(watched.frames))
    watched.bot.wait(30)
    assert len(watched.frames) == 1
