"""The engine thread: a long-lived QThread that performs one job after the other.

Torch lives there and nowhere else. Signals go to methods of QObjects only: a lambda connected to
the worker would run in the worker's thread.
"""

import logging
import time
import traceback
from dataclasses import dataclass

from PySide6.QtCore import QObject, QThread, Signal, Slot

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.gui.state.jobs import Job, Lane
from cnn_explorer.gui.state.prepared_ahead import PreparedAhead
from cnn_explorer.gui.state.workbench import Workbench

log = logging.getLogger(__name__)

_PROGRESS_EVERY = 0.03  # s; no one reads faster


@dataclass(frozen=True, eq=False)
class Outcome:
    """How a job ended: with a response, a sentence, or (both None) cancelled."""

    number: int
    response: object = None
    error: str | None = None
    details: str = ""


@dataclass(frozen=True)
class Progress:
    """How far a job has come, 0 to 1."""

    number: int
    fraction: float


class _Worker(QObject):
    """Lives in the engine thread."""

    finished = Signal(object)
    progressed = Signal(object)

    def __init__(self, ahead: PreparedAhead) -> None:
        super().__init__()
        self._workbench = Workbench(ahead)

    @Slot(object)
    def perform(self, job: Job) -> None:
        reported = time.monotonic()

        def checkpoint(fraction: float) -> None:
            nonlocal reported
            if job.cancelled.is_set():
                raise Cancelled
            now = time.monotonic()
            # of thirty frames a second nobody asks how far they are
            if now - reported >= _PROGRESS_EVERY and job.lane is not Lane.LIVE:
                reported = now
                self.progressed.emit(Progress(job.number, fraction))

        try:
            checkpoint(0.0)
            response = self._workbench.perform(job.request, checkpoint)  # type: ignore[arg-type]
        except Cancelled:
            outcome = Outcome(job.number)
        except ExplorerError as error:
            outcome = Outcome(job.number, error=str(error), details=_cause(error))
        except MemoryError:
            outcome = Outcome(job.number, error="there is not enough memory for this.")
        except Exception as error:
            log.exception("%s failed", job.title)
            outcome = Outcome(
                job.number,
                error=f"{job.title} failed: {type(error).__name__}: {error}",
                details=traceback.format_exc(),
            )
        else:
            outcome = Outcome(job.number, response=response)
        self.finished.emit(outcome)


def _cause(error: ExplorerError) -> str:
    cause = error.__cause__
    trace = "" if cause is None else "".join(traceback.format_exception(cause))
    return "\n\n".join(filter(None, (error.details, trace)))


class Engine(QObject):
    """The GUI thread's handle on the engine thread."""

    finished = Signal(object)
    """An `Outcome`."""
    progressed = Signal(object)
    """A `Progress`."""
    _performing = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = QThread(self)
        self._thread.setObjectName("engine")
        # the graph of a deep network recurses deeper than Qt's default stack for threads likes
        self._thread.setStackSize(64 * 1024 * 1024)
        self.ahead = PreparedAhead()
        """Where live pictures are made ready that wait for the engine."""
        self._worker = _Worker(self.ahead)
        self._worker.moveToThread(self._thread)
        self._performing.connect(self._worker.perform)
        self._worker.finished.connect(self.finished)
        self._worker.progressed.connect(self.progressed)

    def perform(self, job: Job) -> None:
        """Start a job; the thread itself starts with the first one."""
        if not self._thread.isRunning():
            self._thread.start()
        self._performing.emit(job)

    def stop(self) -> None:
        """End the thread; waits for the job that runs, which should have been cancelled."""
        self.ahead.stop()
        self._thread.quit()
        self._thread.wait()
