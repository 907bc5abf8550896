"""The order of work: a pure Python queue with one job running and one waiting per lane.

The GUI thread owns the queue; the engine thread runs what it hands out. A newer request replaces
the one that waits in its lane, except that each file a person asked for is written. A person's
gesture also cancels running work that it makes stale; live frames never do, since cancelling for
each frame would starve them all. Nor do they keep other work waiting: they take turns with it.
"""

import enum
import itertools
import threading
from dataclasses import dataclass, field


class Lane(enum.IntEnum):
    """Kinds of work, most urgent first."""

    PICTURE = 0
    """Decode a picture: quick, and shown before anything else."""
    MODEL = 1
    """Open a network."""
    RUN = 2
    """Run the network on a picture, for a gesture."""
    LOOK = 3
    """Read a layer's weights and source."""
    LIVE = 4
    """Run the network on a frame or a drawing in progress."""
    EFFECT = 5
    """Differentiate: how much each channel of a layer speaks for the answer."""
    COMPARE = 6
    """Run one network of a comparison, or show something else of it."""
    EXPORT = 7
    """Write a file. These wait one behind the other."""
    PROFILE = 8
    """Read the numbers of all layers for the picture: a forward and as much again."""
    FACTS = 9
    """Make graphs of networks that are compared. They do not depend on what is on show."""
    STUDY = 10
    """Run networks over a folder of pictures: minutes, and gives way to all above."""
    MEASURE = 11
    """Measure how long layers or networks take: some seconds, after all else."""


_STALE: dict[Lane, frozenset[Lane]] = {
    Lane.PICTURE: frozenset({Lane.PICTURE}),
    Lane.MODEL: frozenset(
        {Lane.MODEL, Lane.RUN, Lane.LOOK, Lane.LIVE, Lane.EFFECT, Lane.PROFILE, Lane.MEASURE}
    ),
    Lane.RUN: frozenset({Lane.RUN, Lane.LIVE, Lane.EFFECT}),
    Lane.LOOK: frozenset({Lane.LOOK}),
    Lane.LIVE: frozenset({Lane.LIVE}),
    Lane.EFFECT: frozenset({Lane.EFFECT}),
    Lane.COMPARE: frozenset({Lane.COMPARE}),
    Lane.EXPORT: frozenset(),
    Lane.PROFILE: frozenset({Lane.PROFILE}),
    Lane.STUDY: frozenset({Lane.STUDY}),
    Lane.MEASURE: frozenset({Lane.MEASURE}),
    Lane.FACTS: frozenset({Lane.FACTS}),
}
"""What waits and is made pointless by new work in a lane."""

_CANCELS: dict[Lane, frozenset[Lane]] = {
    **_STALE,
    Lane.LIVE: frozenset(),
}
"""What runs and is cancelled by new work in a lane: the same, but a frame does not cancel the one
before."""


@dataclass(eq=False)
class Job:
    """One piece of work: a frozen request, and the flag that cancels it."""

    lane: Lane
    request: object
    title: str
    """For the progress bar: ``Opening ResNet-50``."""
    number: int = field(default_factory=itertools.count(1).__next__)
    cancelled: threading.Event = field(default_factory=threading.Event)


class JobQueue:
    """At most one job runs; per lane at most one waits, but for files to be written."""

    def __init__(self) -> None:
        self._waiting: dict[Lane, list[Job]] = {}
        self._running: Job | None = None
        self._was_live = False
        """Whether the job handed out last was a live one."""

    @property
    def running(self) -> Job | None:
        """The job handed out and not yet reported finished, cancelled or not."""
        return self._running

    @property
    def waiting(self) -> tuple[Job, ...]:
        """The jobs that wait, most urgent first."""
        return tuple(job for lane in sorted(self._waiting) for job in self._waiting[lane])

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._running is None and not self._waiting

    def submit(self, job: Job) -> None:
        """Put a job in its lane, dropping and cancelling what it makes stale."""
        for lane in _STALE[job.lane]:
            self._waiting.pop(lane, None)
        running = self._running
        if running is not None and running.lane in _CANCELS[job.lane]:
            running.cancelled.set()
        self._waiting.setdefault(job.lane, []).append(job)
        if running is not None and running.lane is Lane.STUDY and job.lane < Lane.STUDY:
            self._give_way(running)

    def _give_way(self, running: Job) -> None:
        """Stop a study, and let it wait for its turn: it goes on from where it was."""
        if not running.cancelled.is_set():
            running.cancelled.set()
            self._waiting[running.lane] = [Job(running.lane, running.request, running.title)]

    def start_next(self) -> Job | None:
        """Hand out the most urgent job, or None while one runs or none waits.

        A live job always waits as long as frames come. So that other work is done meanwhile, it
        takes turns with that; a study would have to give way again at once, and waits."""
        if self._running is not None or not self._waiting:
            return None
        lane = min(self._waiting)
        if lane is Lane.LIVE and self._was_live:
            others = (other for other in self._waiting if other not in (Lane.LIVE, Lane.STUDY))
            lane = min(others, default=lane)
        self._was_live = lane is Lane.LIVE
        self._running = self._waiting[lane].pop(0)
        if not self._waiting[lane]:
            del self._waiting[lane]
        return self._running

    def finish(self, number: int) -> Job | None:
        """Note that a job has ended; gives it back if its result is still wanted."""
        job = self._running
        if job is None or job.number != number:
            return None
        self._running = None
        return None if job.cancelled.is_set() else job

    def cancel(self, *lanes: Lane) -> None:
        """Forget what waits and tell what runs to stop: in these lanes, or in all."""
        for lane in lanes or tuple(Lane):
            self._waiting.pop(lane, None)
        if self._running is not None and (not lanes or self._running.lane in lanes):
            self._running.cancelled.set()
