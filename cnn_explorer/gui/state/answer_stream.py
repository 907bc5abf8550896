"""The frames of a source answered one after the other without a window, for the command line.

Everything happens in the thread that runs it: between two frames it does what Qt has to do.
"""

import time
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication

from cnn_explorer.errors import Checkpoint, ExplorerError
from cnn_explorer.gui.state.frame_flow import FrameFlow
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource

_LOOK_UP_MS = 50
"""Between two looks whether it is to end while no frame comes."""


class Answer(Protocol):
    """What is done with a frame."""

    def __call__(self, frame: Frame, dropped: int) -> bool:
        """Whether another frame is wanted; so many were dropped up to this one."""


def application() -> QCoreApplication:
    """Qt's own, which sources need; made where there is none."""
    return QCoreApplication.instance() or QGuiApplication(["cnn-explorer"])


class AnswerStream(QObject):
    """Has each frame answered; or, with `newest` alone, the newest one whenever the last one is
    done, the others being dropped."""

    def __init__(self, source: FrameSource, answer: Answer, *, newest: bool) -> None:
        super().__init__()
        self._source = source
        self._answer = answer
        self._newest = newest
        self._flow = FrameFlow(time.perf_counter)
        self._failure: BaseException | None = None
        self._over = False
        self._loop = QEventLoop(self)
        self._say: Callable[[str], None] = lambda _sentence: None

    def run(self, checkpoint: Checkpoint, say: Callable[[str], None]) -> None:
        """Until the source ends or no more is wanted. `say` hears what is to be said of the source
        meanwhile. Raises what the answer raises, what the checkpoint raises, and `ExplorerError`
        where the source fails."""
        self._say = say
        self._source.frame_arrived.connect(self._on_frame)
        self._source.condition_changed.connect(self._on_condition)
        clock = QTimer(self)
        clock.timeout.connect(lambda: self._guarded(lambda: checkpoint(0.0)))
        clock.start(_LOOK_UP_MS)
        try:
            self._source.start()
            if not self._over:
                self._loop.exec()
        finally:
            clock.stop()
            self._source.frame_arrived.disconnect(self._on_frame)
            self._source.condition_changed.disconnect(self._on_condition)
            self._source.stop()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, work: Callable[[], object]) -> None:
        """What is raised here Qt would print and forget: it ends the run and is raised there."""
        try:
            work()
        except BaseException as error:
            if self._failure is None:
                self._failure = error
            self._end()

    def _end(self) -> None:
        self._over = True
        self._loop.quit()

    @Slot(object)
    def _on_frame(self, frame: Frame) -> None:
        if self._over:
            return
        if not self._newest:
            self._guarded(lambda: self._work(frame))
            return
        if not self._flow.in_flight:
            # after what waits in Qt's queue: there may be newer frames in it
            QTimer.singleShot(0, self, self._work_on_newest)
        self._flow.arrive(frame, frame.captured)

    @Slot()
    def _work_on_newest(self) -> None:
        frame = self._flow.in_hand
        if not isinstance(frame, Frame) or self._over:
            return
        self._flow.convert(frame)
        self._flow.begin(frame)
        self._guarded(lambda: self._work(frame))
        self._flow.answer(frame)
        if self._flow.in_hand is not None and not self._over:
            QTimer.singleShot(0, self, self._work_on_newest)

    def _work(self, frame: Frame) -> None:
        if not self._answer(frame, self._flow.dropped):
            self._end()

    @Slot(object)
    def _on_condition(self, condition: Condition) -> None:
        if condition.stage == "failed":
            failure = ExplorerError(condition.sentence)
            self._failure = self._failure or failure
            self._end()
        elif condition.stage == "ended":
            # the newest frame is answered before
            QTimer.singleShot(0, self, self._end_when_idle)
        elif condition.sentence:
            self._say(condition.sentence)

    @Slot()
    def _end_when_idle(self) -> None:
        if self._flow.in_flight:
            QTimer.singleShot(0, self, self._end_when_idle)
        else:
            self._end()
