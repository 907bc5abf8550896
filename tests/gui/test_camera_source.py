"""A camera that is refused, taken, unplugged, plugged in again, silent, or gives odd frames."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from PySide6.QtMultimedia import QVideoFrame, QVideoSink
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.multimedia import qt_camera, sources
from cnn_explorer.gui.multimedia.cameras import CameraSource, nearest
from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat
from cnn_explorer.gui.multimedia.stamps import CaptureClock
from cnn_explorer.gui.state.frame_source import Condition, Frame
from tests.gui.fake_camera import DESK, FORMATS, FRONT, FakeCameras
from tests.gui.video_frames import Format, as_bytes, filled, form_of, interleaved, luma_and_chroma

PATIENCE_MS = 40


class Watched:
    """A source on fake cameras, and all that it told."""

    def __init__(self, *plugged: Camera, id: str = "", wanted: CameraFormat | None = None) -> None:
        self.cameras = FakeCameras(*plugged)
        self.source = CameraSource(self.cameras, id, wanted, patience_ms=PATIENCE_MS, repeat_ms=1)
        self.frames: list[Frame] = []
        self.heard: list[Condition] = []
        self.source.frame_arrived.connect(self.frames.append)
        self.source.condition_changed.connect(self.heard.append)

    @property
    def stages(self) -> list[str]:
        return [condition.stage for condition in self.heard]

    @property
    def sentence(self) -> str:
        return self.heard[-1].sentence


@pytest.fixture
def watch(qtbot: QtBot) -> Iterator[Callable[..., Watched]]:
    assert qtbot is not None
    made: list[Watched] = []

    def make(*plugged: Camera, **settings: object) -> Watched:
        made.append(Watched(*plugged, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for watched in made:
        watched.source.stop()
        watched.source.deleteLater()


def grey(value: int, width: int = 8, height: int = 6, stamp: int = -1) -> QVideoFrame:
    plane = np.full((height, width), value, np.uint8)
    frame = filled(form_of(Format.Format_Y8, width, height), [plane])
    frame.setStartTime(stamp)
    return frame


def test_frames_come_as_they_are_taken(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT, DESK)
    watched.source.start()
    assert watched.stages == ["starting"]
    assert watched.cameras.opened == [(FRONT, CameraFormat(640, 480, 30))]
    for value in (10, 20, 30):
        watched.cameras.give(grey(value, stamp=value * 1000))
    assert watched.stages == ["starting", "running"]
    assert [frame.number for frame in watched.frames] == [0, 1, 2]
    assert [int(frame.picture().rgb[0, 0, 0]) for frame in watched.frames] == [10, 20, 30]
    assert watched.frames[0].size == (8, 6)
    assert watched.frames[0].position_ms is None
    captured = [frame.captured for frame in watched.frames]
    assert captured == sorted(captured)
    assert watched.source.title == watched.frames[0].picture().name == "Front Camera"


def test_a_camera_and_its_format_are_chosen(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT, DESK, id=DESK.id, wanted=CameraFormat(1280, 720, 30))
    watched.source.start()
    assert watched.source.title == "Desk Camera"
    assert watched.cameras.opened == [(DESK, FORMATS[0])]


def test_the_format_nearest_to_what_is_wanted() -> None:
    assert nearest(FORMATS, CameraFormat(640, 480, 30)) == CameraFormat(640, 480, 30)
    assert nearest(FORMATS, CameraFormat(1920, 1080, 30)) == CameraFormat(1280, 720, 30)
    assert nearest(FORMATS[:2], CameraFormat(640, 480, 30)) == CameraFormat(640, 480, 15)
    assert nearest(FORMATS, CameraFormat(640, 480, 40)) == CameraFormat(640, 480, 60)
    assert nearest((), CameraFormat(640, 480, 30)) is None


def test_the_size_and_the_format_may_change_at_any_time(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT)
    watched.source.start()
    y, u, v = luma_and_chroma(63, 47, 2, 2)
    four = np.random.default_rng(1).integers(0, 256, (20, 160))
    watched.cameras.give(grey(9, 64, 48))
    watched.cameras.give(grey(9, 31, 17))
    nv12 = [as_bytes(y), as_bytes(interleaved(u, v))]
    watched.cameras.give(filled(form_of(Format.Format_NV12, 63, 47), nv12))
    watched.cameras.give(filled(form_of(Format.Format_BGRA8888, 40, 20), [as_bytes(four)]))
    watched.cameras.give(filled(form_of(Format.Format_YUYV, 80, 20), [as_bytes(four)]))
    watched.cameras.give(
        filled(
            form_of(Format.Format_P010, 63, 47), [as_bytes(y, 8), as_bytes(interleaved(u, v), 8)]
        )
    )
    sizes = [(64, 48), (31, 17), (63, 47), (40, 20), (80, 20), (63, 47)]
    assert [frame.size for frame in watched.frames] == sizes
    assert [
        (picture.width, picture.height) for picture in (frame.picture() for frame in watched.frames)
    ] == sizes
    assert watched.stages == ["starting", "running"]


def test_a_frame_that_cannot_be_read_harms_no_other(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT)
    watched.source.start()
    watched.cameras.give(QVideoFrame())
    assert not watched.frames
    watched.cameras.give(QVideoFrame(form_of(Format.Format_Jpeg, 8, 8)))
    with pytest.raises(ExplorerError, match="a frame from Front Camera"):
        watched.frames[0].picture()
    watched.cameras.give(grey(3))
    assert watched.frames[1].picture().rgb[0, 0, 0] == 3


def test_no_camera_at_all(watch: Callable[..., Watched]) -> None:
    watched = watch()
    watched.source.start()
    assert watched.heard[-1] == Condition("failed", "There is no camera: plug one in.", True)
    watched.cameras.plug_in(FRONT)
    assert watched.stages[-1] == "failed"  # nothing is filmed that nobody has started
    watched.source.start()
    watched.cameras.give(grey(1))
    assert watched.stages[-1] == "running"


def test_the_camera_chosen_is_not_there(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT, id="gone")
    watched.source.start()
    assert watched.heard[-1] == Condition("failed", "Camera is not plugged in: plug it in.", True)
    assert not watched.cameras.opened


def test_permission_is_asked_for_and_denied_and_granted(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT)
    watched.cameras.allowed = "undetermined"
    watched.source.start()
    assert (watched.cameras.asked, watched.cameras.opened) == (1, [])
    watched.cameras.answer("denied")
    assert watched.heard[-1] == Condition(
        "failed", "This program may not use Front Camera: allow it in the system's settings.", True
    )
    watched.cameras.allowed = "undetermined"
    watched.source.start()
    watched.cameras.answer("granted")
    watched.cameras.give(grey(1))
    assert watched.stages == ["starting", "failed", "starting", "running"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("taken", "Front Camera is used by another program: close that one."),
        ("denied", "This program may not use Front Camera: allow it in the system's settings."),
        ("broken", "Front Camera does not work: unplug it and plug it in again."),
    ],
)
@pytest.mark.parametrize("at_opening", [True, False])
def test_every_fault_is_one_sentence(
    watch: Callable[..., Watched], fault: str, words: str, at_opening: bool
) -> None:
    watched = watch(FRONT)
    if at_opening:
        watched.cameras.fault_at_opening = fault  # type: ignore[assignment]
    watched.source.start()
    if not at_opening:
        watched.cameras.give(grey(1))
        watched.cameras.fail(fault)  # type: ignore[arg-type]
    assert watched.heard[-1] == Condition("failed", words, True)
    assert not watched.cameras.is_open
    watched.cameras.fault_at_opening = None
    watched.source.start()
    watched.cameras.give(grey(2))
    assert watched.stages[-1] == "running"
    assert watched.frames[-1].number == 0


@pytest.mark.parametrize("error_first", [True, False])
@pytest.mark.parametrize("same_port", [True, False])
def test_unplugged_in_use_it_goes_on_when_it_is_plugged_in_again(
    watch: Callable[..., Watched], error_first: bool, same_port: bool
) -> None:
    watched = watch(FRONT, DESK)
    watched.source.start()
    watched.cameras.give(grey(1))
    watched.cameras.unplug(FRONT, error_first=error_first)
    assert watched.heard[-1] == Condition(
        "stalled", "Front Camera was unplugged: it goes on when it is plugged in again.", True
    )
    assert not watched.cameras.is_open
    watched.cameras.unplug(DESK)  # which is no business of ours
    assert watched.stages == ["starting", "running", "stalled"]
    back = FRONT if same_port else Camera("/dev/video7", FRONT.name, FORMATS)
    watched.cameras.plug_in(back)
    assert watched.cameras.opened[-1] == (back, CameraFormat(640, 480, 30))
    watched.cameras.give(grey(2))
    assert watched.stages == ["starting", "running", "stalled", "starting", "running"]


def test_one_that_is_started_again_while_it_is_not_there_goes_on_once_it_is(
    watch: Callable[..., Watched],
) -> None:
    watched = watch(DESK)
    watched.source.start()
    watched.cameras.give(grey(1))
    watched.cameras.unplug(DESK)
    watched.source.start()  # Try Again, while it is not there
    assert watched.stages[-2:] == ["starting", "failed"]
    watched.cameras.plug_in(FRONT)  # which is another one
    assert watched.stages[-1] == "failed"
    watched.cameras.plug_in(DESK)
    watched.cameras.give(grey(2))
    assert watched.stages[-1] == "running"
    watched.source.stop()
    watched.cameras.unplug(DESK)
    watched.cameras.plug_in(DESK)
    assert not watched.cameras.is_open


def test_a_fault_told_before_the_camera_is_gone_turns_out_as_unplugged(
    watch: Callable[..., Watched],
) -> None:
    watched = watch(FRONT)
    watched.source.start()
    watched.cameras.fail("broken")
    assert watched.stages[-1] == "failed"
    watched.cameras.unplug(FRONT)
    assert watched.stages[-1] == "stalled"
    watched.cameras.plug_in(FRONT)
    watched.cameras.give(grey(2))
    assert watched.stages[-1] == "running"


def test_a_camera_just_plugged_in_is_given_time(
    watch: Callable[..., Watched], qtbot: QtBot
) -> None:
    watched = watch(FRONT)
    watched.source.start()
    watched.cameras.unplug(FRONT)
    watched.cameras.fault_at_opening = "denied"
    watched.cameras.plug_in(FRONT)
    assert watched.stages == ["starting", "stalled", "starting"]
    watched.cameras.fault_at_opening = None
    qtbot.waitUntil(lambda: watched.cameras.is_open)
    watched.cameras.give(grey(2))
    assert watched.stages[-1] == "running"
    watched.cameras.unplug(FRONT)
    watched.cameras.fault_at_opening = "denied"
    watched.cameras.plug_in(FRONT)
    qtbot.waitUntil(lambda: watched.stages[-1] == "failed")
    assert len(watched.cameras.opened) == 3 + 4


def test_silence_is_told_and_passes(watch: Callable[..., Watched], qtbot: QtBot) -> None:
    watched = watch(FRONT)
    watched.source.start()
    watched.cameras.give(grey(1))
    qtbot.waitUntil(lambda: watched.stages[-1] == "stalled")
    said = "Front Camera gives no picture: unplug it and plug it in again."
    assert watched.heard[-1] == Condition("stalled", said, True)
    assert watched.cameras.is_open
    watched.cameras.give(grey(2))
    assert watched.stages == ["starting", "running", "stalled", "running"]


def test_a_camera_that_never_gives_a_picture(watch: Callable[..., Watched], qtbot: QtBot) -> None:
    watched = watch(FRONT)
    watched.source.start()
    qtbot.waitUntil(lambda: watched.stages == ["starting", "stalled"])


def test_nothing_comes_after_it_was_stopped(watch: Callable[..., Watched], qtbot: QtBot) -> None:
    watched = watch(FRONT)
    watched.source.start()
    watched.cameras.give(grey(1))
    kept = watched.frames[-1]
    watched.source.stop()
    assert not watched.cameras.is_open
    heard = list(watched.heard)
    watched.cameras.unplug(FRONT)
    watched.cameras.plug_in(FRONT)
    watched.cameras.fail("broken")
    watched.cameras.answer("denied")
    qtbot.wait(2 * PATIENCE_MS)
    assert watched.heard == heard
    assert len(watched.frames) == 1
    assert kept.picture().rgb[0, 0, 0] == 1
    watched.source.stop()


def test_it_may_be_stopped_by_who_hears_of_a_frame(watch: Callable[..., Watched]) -> None:
    watched = watch(FRONT)
    watched.source.frame_arrived.connect(lambda _frame: watched.source.stop())
    watched.source.start()
    watched.cameras.give(grey(1))
    watched.cameras.give(grey(1))
    assert len(watched.frames) == 1


def test_a_camera_that_has_just_gone_is_a_fault(qtbot: QtBot) -> None:
    cameras = qt_camera.QtCameras()
    with qtbot.waitSignal(cameras.failed) as told:
        cameras.open(Camera("no such camera", "", ()), None, QVideoSink(cameras))
    assert told.args == ["broken"]
    cameras.close()


def test_asking_for_permission_is_answered(qtbot: QtBot) -> None:
    cameras = qt_camera.QtCameras()
    assert cameras.permission() in ("granted", "undetermined", "denied")
    if cameras.permission() == "granted":  # else the system would ask somebody
        with qtbot.waitSignal(cameras.permission_answered):
            cameras.ask_permission()


def test_what_errors_of_the_system_mean() -> None:
    assert qt_camera.fault("Camera is in use", "x") == "taken"
    assert qt_camera.fault("Device or resource busy", "x") == "taken"
    assert qt_camera.fault("Permission to access camera not granted", "x") == "denied"
    assert qt_camera.fault("Cannot open camera", "/dev/none") == "broken"


def test_the_cameras_of_this_machine(qtbot: QtBot) -> None:
    """Few machines that test have one; then this hears that there is none."""
    assert qtbot is not None
    found = sources.cameras()
    assert all(camera.id and camera.name for camera in found)
    source = sources.camera("no such camera")
    heard: list[Condition] = []
    source.condition_changed.connect(heard.append)
    source.start()
    assert heard[-1].stage == "failed"
    assert heard[-1].can_retry
    source.stop()
    source.deleteLater()


class _Hands:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_stamps_tell_how_late_a_frame_came() -> None:
    hands = _Hands()
    clock = CaptureClock(hands)
    assert clock.captured(5_000_000) == 100.0
    hands.now = 100.5  # 400 ms late
    assert clock.captured(5_100_000) == pytest.approx(100.1, abs=0.001)
    hands.now = 100.6
    assert clock.captured(5_200_000) == pytest.approx(100.2, abs=0.001)
    hands.now = 100.61  # sooner than the first one: the way was shorter than thought
    assert clock.captured(5_700_000) == pytest.approx(100.61)


def test_stamps_that_say_nothing_or_begin_anew() -> None:
    hands = _Hands()
    clock = CaptureClock(hands)
    assert clock.captured(-1) == 100.0
    clock.captured(7_000_000)
    hands.now = 101.0
    assert clock.captured(0) == 101.0
    hands.now = 101.1
    assert clock.captured(0) == 101.1
    hands.now = 140.0
    assert clock.captured(100_000) == 140.0
    hands.now = 140.1
    assert clock.captured(90_000_000) == 140.1


def test_captured_never_runs_backwards_nor_ahead() -> None:
    hands = _Hands()
    clock = CaptureClock(hands)
    noise = np.random.default_rng(2)
    last = 0.0
    for number in range(2000):
        true = 100 + number / 30
        hands.now = max(hands.now, true + noise.exponential(0.02))
        captured = clock.captured(round(number / 30 * 1e6 * 1.0005))  # a clock that runs fast
        assert last <= captured <= hands.now + 1e-9
        last = captured
        if number > 100:
            assert abs(captured - true) < 0.03
