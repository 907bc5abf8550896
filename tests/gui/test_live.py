"""Live pictures through the window's state and its engine, without a camera."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import Checkpoint, ExplorerError
from cnn_explorer.gui.state.comparison_state import ComparisonState
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource, Playhead
from cnn_explorer.gui.state.live import Live, Pace
from cnn_explorer.gui.state.shown import ActivationsShown, AnswersShown
from cnn_explorer.gui.state.workbench import Run, Workbench
from cnn_explorer.media.picture import Picture

PATIENCE = 60_000  # ms; a limit, not a wait
SIZE = (48, 64)


class Film(FrameSource):
    """Gives a frame whenever it is told to."""

    kind = "video"
    title = "film.mp4"

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Picture] = []
        self.converted = 0
        self.running = False

    def start(self) -> None:
        self.running = True
        self.condition_changed.emit(Condition("running"))

    def stop(self) -> None:
        self.running = False

    def give(self, broken: str = "") -> Picture:
        """One frame, of which a picture is made when that is asked for."""
        number = len(self.given)
        pixels = np.full((*SIZE, 3), number * 7 % 256, np.uint8)
        pixels[number % 40 : number % 40 + 8, 20:30] = 255 - pixels[0, 0, 0]
        picture = Picture(pixels, self.title, decode_ms=0.5)
        self.given.append(picture)

        def made() -> Picture:
            self.converted += 1
            if broken:
                raise ExplorerError(broken)
            return picture

        self.frame_arrived.emit(Frame(number, float(number), SIZE[::-1], made))
        return picture


class Gate:
    """Holds runs of the workbench until it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.runs: list[Run] = []
        self.failure = ""


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, run = Gate(), Workbench._run

    def gated(self: Workbench, request: Run, checkpoint: Checkpoint) -> object:
        gate.runs.append(request)
        gate.entered.set()
        assert gate.open.wait(60)
        if gate.failure:
            raise ExplorerError(gate.failure)
        return run(self, request, checkpoint)

    monkeypatch.setattr(Workbench, "_run", gated)
    yield gate
    gate.open.set()


class Stage:
    """The state with its engine, a film to watch, and all that was said."""

    def __init__(self, qtbot: QtBot, gate: Gate) -> None:
        self.qtbot = qtbot
        self.gate = gate
        self.explorer = Explorer()
        self.live = Live(self.explorer)
        self.film = Film()
        self.messages: list[Message] = []
        self.answers: list[AnswersShown] = []
        self.activations: list[ActivationsShown] = []
        self.paces: list[Pace] = []
        self.sources: list[object] = []
        self.busy: list[object] = []
        self.started: list[str] = []
        explorer = self.explorer
        explorer.message_shown.connect(self.messages.append)
        explorer.answers_shown.connect(self.answers.append)
        explorer.activations_shown.connect(self.activations.append)
        explorer.run_started.connect(self.started.append)
        self.live.pace_told.connect(self.paces.append)
        self.live.source_changed.connect(self.sources.append)
        explorer.start()
        explorer.choose_network("lenet5")
        self.settle()
        explorer.busy_changed.connect(self.busy.append)

    def settle(self) -> None:
        self.until(lambda: self.explorer.idle)

    def until(self, so: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(so, timeout=PATIENCE)

    def watch(self) -> Picture:
        """Watch the film; its first frame is answered."""
        self.live.watch(self.film)
        picture = self.film.give()
        self.until_answered(picture)
        return picture

    def until_answered(self, picture: Picture) -> None:
        self.until(lambda: bool(self.answers) and self.answers[-1].picture is picture)

    def hold(self) -> Picture:
        """A frame that the network looks at until the gate is opened."""
        self.gate.open.clear()
        self.gate.entered.clear()
        picture = self.film.give()
        self.until(self.gate.entered.is_set)
        return picture


@pytest.fixture
def stage(qtbot: QtBot, gate: Gate) -> Iterator[Stage]:
    stage = Stage(qtbot, gate)
    yield stage
    gate.open.set()
    stage.live.close()
    stage.explorer.close()
    stage.explorer.deleteLater()
    stage.live.deleteLater()
    stage.film.deleteLater()


def test_frames_are_answered_and_their_pace_is_told(stage: Stage) -> None:
    first = stage.watch()
    assert stage.sources == [stage.film]
    assert stage.live.condition == Condition("running")
    assert stage.explorer.picture_is_live
    stage.live.drawn(first)
    stage.live.drawn(first)  # the same answer painted again
    assert len(stage.paces) == 1
    pace = stage.paces[0]
    assert (pace.convert_ms, pace.dropped) == (0.5, 0)
    assert pace.latency_ms == pytest.approx((pace.at - 0.0) * 1000)
    assert pace.forward_ms == stage.answers[-1].forward_ms
    assert pace.preprocess_ms == stage.answers[-1].preprocess_ms
    assert pace.draw_ms >= 0
    second = stage.film.give()
    stage.until_answered(second)
    assert stage.activations[-1].layer == stage.explorer.layer
    assert stage.busy == []  # live running is no work that is reported frame by frame
    assert len(stage.started) == 1


def test_a_slow_network_gets_the_newest_frame_and_the_others_are_counted(stage: Stage) -> None:
    stage.watch()
    held = stage.hold()
    others = [stage.film.give() for _ in range(9)]
    flow = stage.live.flow
    assert flow.in_flight <= 3
    stage.until(lambda: stage.explorer.picture is others[-1])  # the newest is seen meanwhile
    stage.gate.open.set()
    stage.until_answered(others[-1])
    stage.settle()
    assert [answer.picture for answer in stage.answers[-2:]] == [held, others[-1]]
    assert (flow.arrived, flow.answered, flow.dropped, flow.in_flight) == (11, 3, 8, 0)
    assert stage.film.converted < 11  # and not all were converted


def test_the_engine_begins_the_next_frame_before_an_answer_is_worked_off(stage: Stage) -> None:
    stage.watch()
    held = stage.hold()
    waiting = stage.film.give()
    stage.until(lambda: stage.explorer.picture is waiting)
    seen: list[bool] = []

    def on_answers(answers: AnswersShown) -> None:
        if answers.picture is held:
            running = stage.explorer._queue.running
            seen.append(running is not None and running.request.picture is waiting)

    stage.explorer.answers_shown.connect(on_answers)
    stage.gate.open.set()
    stage.until_answered(waiting)
    assert seen == [True]


def test_an_answer_that_is_never_painted_does_not_hold_the_next_one_up(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnn_explorer.probe.runtime.fills_all_cores", lambda: True)
    stage.explorer.take_turns(True)
    stage.live.watch(stage.film)
    for _ in range(3):
        picture = stage.film.give()
        stage.settle()
        assert stage.answers[-1].picture is picture
    assert stage.explorer.takes_turns
    stage.explorer.painted()  # too late, and harmless


def test_frozen_the_newest_frame_is_a_picture_like_any(stage: Stage, tmp_path: Path) -> None:
    stage.watch()
    stage.hold()
    newest = [stage.film.give() for _ in range(3)][-1]
    frozen: list[bool] = []
    stage.live.frozen_changed.connect(frozen.append)
    stage.live.freeze(True)
    assert stage.explorer.picture is newest
    assert not stage.explorer.picture_is_live
    stage.film.give()  # passed over, and not counted
    assert stage.live.flow.arrived == 5
    stage.gate.open.set()
    stage.until_answered(newest)
    stage.explorer.profile()
    stage.settle()
    assert stage.explorer.depth_profile is not None
    assert stage.explorer.depth_profile.picture is newest
    stage.explorer.snapshot(tmp_path)
    stage.settle()
    assert len(list(tmp_path.glob("*.png"))) == 2
    stage.live.freeze(False)
    after = stage.film.give()
    stage.until_answered(after)
    assert frozen == [True, False]
    assert stage.explorer.picture_is_live


def test_nothing_is_frozen_before_a_frame_has_come(stage: Stage) -> None:
    stage.live.freeze(True)
    stage.live.watch(stage.film)
    stage.live.freeze(True)
    assert not stage.live.frozen


def preparing() -> bool:
    """Whether there is a thread that makes frames ready."""
    return any(thread.name.startswith("prepare") for thread in threading.enumerate())


def test_stopping_leaves_the_last_picture(stage: Stage) -> None:
    stage.watch()
    stage.hold()
    last = stage.film.give()
    stage.until(lambda: stage.explorer.picture is last)
    assert preparing()  # the one that waits is made ready meanwhile
    stage.gate.open.set()
    stage.until_answered(last)
    stage.live.stop()
    assert not stage.film.running
    assert not preparing()
    assert stage.sources == [stage.film, None]
    stage.settle()
    assert stage.explorer.picture is last
    assert not stage.explorer.picture_is_live
    stage.film.give()  # of a source that is no longer watched
    assert stage.explorer.picture is last
    assert stage.live.flow.arrived == 0


@pytest.mark.parametrize("live", [False, True])
def test_another_picture_ends_the_source(stage: Stage, live: bool) -> None:
    stage.watch()
    stage.hold()
    stage.live.freeze(True)
    other = Picture(np.zeros((28, 28, 3), np.uint8), "drawn" if live else "dropped")
    stage.explorer.show_picture(other, live=live)
    assert not stage.film.running
    assert not stage.live.frozen
    assert stage.sources[-1] is None
    stage.gate.open.set()
    stage.until_answered(other)


def test_a_cleared_drawing_ends_the_source(stage: Stage) -> None:
    stage.watch()
    stage.explorer.clear_picture()
    assert stage.live.source is None


def test_another_source_ends_the_one_before(stage: Stage) -> None:
    stage.watch()
    held = stage.hold()
    other = Film()
    stage.live.watch(other)
    assert (stage.film.running, other.running) == (False, True)
    stage.gate.open.set()
    stage.settle()
    stage.live.drawn(held)  # its answer counts for nothing
    assert stage.paces == []
    assert stage.live.flow.answered == 0
    stage.until_answered(other.give())
    other.deleteLater()


def test_another_network_goes_on_with_the_frames(stage: Stage) -> None:
    stage.watch()
    stage.explorer.choose_network("alexnet-cifar")
    stage.film.give()
    stage.settle()
    picture = stage.film.give()
    stage.until_answered(picture)
    assert stage.answers[-1].card.name == "alexnet-cifar"
    assert stage.live.source is stage.film


def test_frames_that_cannot_be_read_are_said_once(stage: Stage) -> None:
    stage.watch()
    for _ in range(5):
        stage.film.give(broken="the frame has an unknown format.")
    assert [message.text for message in stage.messages] == ["The frame has an unknown format."]
    assert stage.live.flow.dropped == 5
    stage.until_answered(stage.film.give())


def test_a_network_that_fails_says_so_once_and_another_goes_on(stage: Stage) -> None:
    stage.watch()
    stage.gate.failure = "it cannot be run."
    stopped: list[bool] = []
    stage.explorer.run_stopped.connect(lambda: stopped.append(True))
    for _ in range(4):
        stage.film.give()
        stage.settle()
    assert [message.text for message in stage.messages] == ["It cannot be run."]
    assert stopped == [True]
    stage.gate.failure = ""
    stage.explorer.choose_network("alexnet-cifar")
    stage.settle()
    stage.until_answered(stage.film.give())


def test_stopping_other_work_says_nothing_of_frames(stage: Stage) -> None:
    stage.watch()
    stage.hold()
    stage.explorer.cancel()  # Esc, for whatever reason
    stage.gate.open.set()
    stage.until_answered(stage.film.give())
    assert stage.messages == []


def test_what_the_source_says_is_passed_on(stage: Stage) -> None:
    conditions: list[Condition] = []
    playheads: list[Playhead] = []
    stage.live.condition_changed.connect(conditions.append)
    stage.live.playhead_moved.connect(playheads.append)
    stage.live.watch(stage.film)
    failed = Condition("failed", "The camera was unplugged.", can_retry=True)
    stage.film.condition_changed.emit(failed)
    stage.live.try_again()
    stage.film.playhead_moved.emit(Playhead(40, 4000, False))
    assert conditions == [Condition("running"), failed, Condition("running")]
    assert playheads == [Playhead(40, 4000, False)]


def test_only_what_is_in_sight_is_captured(stage: Stage) -> None:
    explorer = stage.explorer
    explorer.show_thumbnails("mean")
    stage.watch()
    stage.settle()
    assert stage.gate.runs[-1].layer == explorer.layer
    assert stage.gate.runs[-1].boxes
    explorer.set_in_sight(maps=False, thumbnails=False)
    stage.until_answered(stage.film.give())
    assert (stage.gate.runs[-1].layer, dict(stage.gate.runs[-1].boxes)) == ("", {})
    shown = len(stage.activations)
    explorer.set_in_sight(maps=True, thumbnails=True)
    explorer.look_again()  # the film stands still: the last frame is looked at once more
    stage.settle()
    assert stage.gate.runs[-1].layer == explorer.layer
    assert len(stage.activations) == shown + 1
    explorer.set_in_sight(maps=False, thumbnails=False)
    stage.live.freeze(True)
    stage.settle()
    assert stage.gate.runs[-1].layer == explorer.layer  # of an ordinary picture all is known
    assert stage.gate.runs[-1].boxes


def test_thumbnails_come_less_often_but_the_last_frame_has_its_own(stage: Stage) -> None:
    stage.explorer.show_thumbnails("mean")
    made: list[object] = []
    stage.explorer.thumbnails_shown.connect(made.append)
    stage.watch()
    for _ in range(10):
        last = stage.film.give()
        stage.until_answered(last)
    stage.until(lambda: bool(made) and getattr(made[-1], "picture", None) is last)
    assert len(stage.gate.runs) > len([run for run in stage.gate.runs if run.boxes])


def test_out_of_sight_frames_are_let_go(stage: Stage) -> None:
    first = stage.watch()
    stage.live.look_away(True)
    stage.film.give()
    assert stage.explorer.picture is first
    assert stage.film.converted == 1
    assert stage.live.flow.dropped == 1
    stage.live.look_away(False)
    stage.until_answered(stage.film.give())


def test_other_work_takes_turns_with_frames(stage: Stage, tmp_path: Path) -> None:
    stage.watch()
    stage.hold()
    stage.film.give()
    stage.explorer.snapshot(tmp_path)
    stage.gate.open.set()

    def go_on() -> bool:
        stage.film.give()
        return any("Saved" in message.text for message in stage.messages)

    stage.until(go_on)  # though a frame waits whenever the engine is free
    assert list(tmp_path.iterdir())


def test_a_snapshot_saves_frame_answers_and_maps(stage: Stage, tmp_path: Path) -> None:
    picture = stage.watch()
    folder = tmp_path / "new"
    stage.explorer.snapshot(folder)
    stage.settle()
    stage.explorer.snapshot(folder)
    stage.settle()
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 8
    stem = next(name for name in names if name.endswith(".json")).removesuffix(".json")
    layer = stage.explorer.layer
    with Image.open(folder / f"{stem}.png") as saved:
        assert np.array_equal(np.asarray(saved), picture.rgb)
    told = json.loads((folder / f"{stem}.json").read_text("utf-8"))
    assert told["network"] == "lenet5"
    assert told["precision"] == "exact"
    assert told["layer"] == layer
    assert told["milliseconds"]["convert"] == 0.5
    first = stage.answers[-1].classes[0]
    assert told["answers"][0] == {
        "class": first.index, "name": first.name, "probability": first.probability
    }  # fmt: skip
    with np.load(folder / f"{stem} {layer}.npz") as maps:
        assert np.array_equal(maps[layer], stage.activations[-1].maps)
    assert (folder / f"{stem} {layer}.png").stat().st_size > 0
    assert str(folder / f"{stem}.png") in stage.messages[-2].text + stage.messages[-1].text


def test_a_snapshot_of_nothing_and_to_nowhere(stage: Stage, tmp_path: Path) -> None:
    stage.explorer.snapshot(tmp_path)
    assert stage.messages[-1].text.startswith("There is no answer to save yet")
    stage.watch()
    (tmp_path / "file").write_text("", "ascii")
    stage.explorer.snapshot(tmp_path / "file")
    stage.settle()
    assert stage.messages[-1].level == "error"
    assert "cannot be used as a folder" in stage.messages[-1].text


def test_several_networks_are_compared_live(stage: Stage) -> None:
    comparison = ComparisonState(stage.explorer)
    stage.live.follow(comparison)
    compared: list[Picture] = []
    comparison.picture_compared.connect(lambda picture, *_times: compared.append(picture))
    stage.explorer.rest(True)
    comparison.open()
    comparison.compare(["lenet5", "alexnet-cifar"])
    stage.until(lambda: not comparison.busy)
    stage.live.watch(stage.film)
    for _ in range(12):
        last = stage.film.give()
        stage.qtbot.wait(1)
    stage.until(lambda: bool(compared) and compared[-1] is last)
    flow = stage.live.flow
    assert flow.answered == len(compared) == len(set(map(id, compared)))
    assert (flow.arrived, flow.in_flight) == (12, 0)
    assert flow.dropped + flow.answered == 12
    stage.live.drawn(last)
    assert stage.paces[-1].forward_ms > 0
    stage.film.give()
    stage.live.freeze(True)
    frozen = stage.film.given[-1]
    stage.until(lambda: not comparison.busy)
    assert comparison.picture is frozen
    assert all(comparison.is_fresh(number) for number in range(2))
    comparison.close()
    stage.settle()
    comparison.deleteLater()
