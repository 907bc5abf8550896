"""Newest frame wins: which frame is where on its way from the source to its answer on the screen.

    arrived -> in hand -> converted, waits -> in work -> answered -> drawn

Each of these places holds one frame at most. A newer frame takes the place of the one that stands
there, which is dropped and counted, so nothing queues up however slow the network is. Converting
is left until a frame is wanted: shortly before the network is ready for the next one, or, where it
is slow, so many times a second as the eye follows.

This is bookkeeping alone, without Qt, and its clock is given from outside. Frames and pictures are
told apart by the objects they are.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MOST_SHOWN = 8.0
"""Frames a second that are converted for the eye alone, while another waits for the network."""
SPAN = 2.0
"""Seconds over which rates are counted."""
_QUICK = 1 / 8
"""Seconds. A network that takes no longer shows enough frames to the eye by itself."""
_AHEAD = 0.5
"""Of the time that the network takes: then the next frame is made ready."""
_LONGEST = 0.2
"""Seconds that a frame stays unconverted at most: it may be the last one."""
_MOST_TIMES = 1024
"""Times that are kept for a rate at most, whatever the clock says."""

Clock = Callable[[], float]
"""Seconds, never going back: `time.perf_counter`."""


class Rate:
    """How often something happens, of the last seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=_MOST_TIMES)

    def count(self) -> None:
        """It has happened now."""
        self._forget()
        self._times.append(self._clock())

    def clear(self) -> None:
        self._times.clear()

    @property
    def per_second(self) -> float:
        """0 until it has happened twice."""
        self._forget()
        times = self._times
        if len(times) < 2 or times[-1] <= times[0]:
            return 0.0
        return (len(times) - 1) / (times[-1] - times[0])

    def _forget(self) -> None:
        oldest = self._clock() - SPAN
        while self._times and self._times[0] < oldest:
            self._times.popleft()


@dataclass(frozen=True)
class Passage:
    """When a frame came by each place, seconds on the clock of the flow."""

    captured: float
    converted: float
    answered: float
    drawn: float

    @property
    def latency(self) -> float:
        """Seconds from the capture to the answer drawn."""
        return self.drawn - self.captured


@dataclass(eq=False)
class _Underway:
    """A frame that was converted."""

    picture: object
    captured: float
    converted: float
    begun: float = 0.0
    answered: float = 0.0


class FrameFlow:
    """The frames of one source at a time, and how many of them were dropped."""

    def __init__(self, clock: Clock, most_shown: float = MOST_SHOWN) -> None:
        self._clock = clock
        self.ahead = True
        """Whether the next frame is made ready while the network works. Else that is done when it
        has answered, or after `_LONGEST`: where the network works on all cores."""
        self._pause = 1.0 / most_shown
        self._source = Rate(clock)
        self._answers = Rate(clock)
        self.start()

    def start(self) -> None:
        """Another source: whatever is on its way is of the one before, and counts for nothing."""
        self.arrived = 0
        self.dropped = 0
        self.answered = 0
        self._in_hand: tuple[object, float] | None = None
        self._waiting: _Underway | None = None
        self._in_work: _Underway | None = None
        self._undrawn: _Underway | None = None
        self._converted_at = float("-inf")
        self._lasts = 0.0
        self._source.clear()
        self._answers.clear()

    # what is so now

    @property
    def in_hand(self) -> object | None:
        """The newest frame, as long as it is not converted."""
        return None if self._in_hand is None else self._in_hand[0]

    @property
    def waiting(self) -> object | None:
        """The picture that waits for the network."""
        return None if self._waiting is None else self._waiting.picture

    @property
    def in_work(self) -> object | None:
        """The picture that the network is looking at."""
        return None if self._in_work is None else self._in_work.picture

    @property
    def in_flight(self) -> int:
        """Frames that have neither been answered nor dropped: three at most."""
        return sum(one is not None for one in (self._in_hand, self._waiting, self._in_work))

    @property
    def source_rate(self) -> float:
        """Frames a second that arrive."""
        return self._source.per_second

    @property
    def answer_rate(self) -> float:
        """Answers a second that are drawn."""
        return self._answers.per_second

    @property
    def due_in(self) -> float | None:
        """Seconds until the frame in hand is to be converted, 0 for now; None where there is
        none."""
        if self._in_hand is None:
            return None
        if self._in_work is None and self._waiting is None:
            return 0.0
        quick = self._lasts <= _QUICK
        due = self._converted_at + (_LONGEST if quick else self._pause)
        if self.ahead and quick and self._waiting is None and self._in_work is not None:
            # just before it is wanted: then it is the newest, and none is converted in vain
            due = min(due, self._in_work.begun + _AHEAD * self._lasts)
        return max(0.0, due - self._clock())

    # what happens

    def arrive(self, frame: object, captured: float) -> None:
        """The source gave a frame, captured at a time of the clock."""
        self.arrived += 1
        self._source.count()
        if self._in_hand is not None:
            self.dropped += 1
        self._in_hand = (frame, captured)

    def convert(self, picture: object) -> None:
        """The frame in hand has become a picture, which waits for the network now."""
        if self._in_hand is None:
            return
        captured = self._in_hand[1]
        self._in_hand = None
        if self._waiting is not None:
            self.dropped += 1
        self._converted_at = self._clock()
        self._waiting = _Underway(picture, captured, self._converted_at)

    def fail(self) -> None:
        """The frame in hand cannot be converted."""
        if self._in_hand is not None:
            self._in_hand = None
            self.dropped += 1
            self._converted_at = self._clock()

    def begin(self, picture: object) -> None:
        """The network has begun with a picture. Where that is not the one that waits, it is looked
        at once more, or is of another source."""
        waiting = self._waiting
        if waiting is not None and waiting.picture is picture:
            if self._in_work is not None:  # it was given up
                self.dropped += 1
            waiting.begun = self._clock()
            self._in_work, self._waiting = waiting, None

    def answer(self, picture: object) -> None:
        """The network has answered."""
        for one in (self._in_work, self._waiting):
            if one is not None and one.picture is picture:
                one.answered = self._clock()
                if one is self._in_work:
                    self._lasts = one.answered - one.begun
                self.answered += 1
                self._undrawn = one
                if one is self._waiting:
                    self._waiting = None
                else:
                    self._in_work = None
                return

    def give_up(self, picture: object) -> None:
        """There will be no answer to a picture."""
        if self._in_work is not None and self._in_work.picture is picture:
            self._in_work = None
            self.dropped += 1

    def draw(self, picture: object) -> Passage | None:
        """The answer to a picture was painted; None where that is painted again, or unknown."""
        one = self._undrawn
        if one is None or one.picture is not picture:
            return None
        self._undrawn = None
        self._answers.count()
        return Passage(one.captured, one.converted, one.answered, self._clock())

    def let_go(self, but: object | None = None) -> None:
        """Drop all that is on its way, `but` one picture."""
        if self._in_hand is not None:
            self._in_hand = None
            self.dropped += 1
        if self._waiting is not None and self._waiting.picture is not but:
            self._waiting = None
            self.dropped += 1
        if self._in_work is not None and self._in_work.picture is not but:
            self._in_work = None
            self.dropped += 1
