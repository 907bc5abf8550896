"""Frames answered without a window, from a source that gives what the test wants."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from cnn_explorer.errors import Cancelled, ExplorerError, no_checkpoint
from cnn_explorer.gui.state.answer_stream import AnswerStream
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource
from cnn_explorer.media.picture import Picture

pytestmark = pytest.mark.usefixtures("qapp")


class FakeSource(FrameSource):
    """Does what it is told once it is started."""

    kind = "camera"
    title = "fake"

    def __init__(self, script: "Callable[[FakeSource], None]") -> None:
        super().__init__()
        self._script = script
        self.stopped = False

    def start(self) -> None:
        QTimer.singleShot(0, self, lambda: self._script(self))

    def stop(self) -> None:
        self.stopped = True

    def give(self, *numbers: int) -> None:
        for number in numbers:
            picture = Picture(np.zeros((2, 2, 3), np.uint8), "fake")
            self.frame_arrived.emit(Frame(number, 0.0, (2, 2), lambda made=picture: made))

    def tell(self, stage: str, sentence: str = "") -> None:
        self.condition_changed.emit(Condition(stage, sentence))  # type: ignore[arg-type]


def all_then_end(source: FakeSource) -> None:
    source.give(0, 1, 2, 3)
    source.tell("ended")


@pytest.mark.parametrize(
    ("newest", "expected"), [(True, [(3, 3)]), (False, [(n, 0) for n in range(4)])]
)
def test_the_newest_frame_or_every_frame(newest: bool, expected: list[tuple[int, int]]) -> None:
    source, seen = FakeSource(all_then_end), []

    def answer(frame: Frame, dropped: int) -> bool:
        seen.append((frame.number, dropped))
        return True

    AnswerStream(source, answer, newest=newest).run(no_checkpoint, lambda _said: None)
    assert seen == expected
    assert source.stopped


def test_frames_that_come_while_one_is_in_work_wait_or_are_dropped() -> None:
    source = FakeSource(lambda source: source.give(0))
    seen = []

    def answer(frame: Frame, dropped: int) -> bool:
        seen.append((frame.number, dropped))
        if frame.number == 0:
            source.give(1, 2, 3)
        return frame.number < 3

    AnswerStream(source, answer, newest=True).run(no_checkpoint, lambda _said: None)
    assert seen == [(0, 0), (3, 2)]


def test_what_is_raised_is_raised_and_the_source_is_stopped() -> None:
    source = FakeSource(lambda source: source.give(0, 1))

    def answer(_frame: Frame, _dropped: int) -> bool:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        AnswerStream(source, answer, newest=False).run(no_checkpoint, lambda _said: None)
    assert source.stopped


def test_a_source_that_stalls_is_waited_for_and_one_that_fails_is_not() -> None:
    def script(source: FakeSource) -> None:
        source.tell("stalled", "The camera was unplugged.")
        source.tell("failed", "The camera is taken by another program.")

    said: list[str] = []
    stream = AnswerStream(FakeSource(script), lambda _frame, _dropped: True, newest=True)
    with pytest.raises(ExplorerError, match="taken by another"):
        stream.run(no_checkpoint, said.append)
    assert said == ["The camera was unplugged."]


def test_it_can_be_stopped_while_no_frame_comes() -> None:
    def stopped(_fraction: float) -> None:
        raise Cancelled

    source = FakeSource(lambda _source: None)
    with pytest.raises(Cancelled):
        AnswerStream(source, lambda _frame, _dropped: True, newest=True).run(
            stopped, lambda _said: None
        )
    assert source.stopped
