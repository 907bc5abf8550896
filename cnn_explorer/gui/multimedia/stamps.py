"""When a frame was captured, from the camera's time stamps and when frames arrive."""

from collections.abc import Callable
from time import perf_counter

_JUMP = 1.0
"""Stamps that depart so far (seconds) from how time goes here have begun anew."""
_DRIFT = 0.002
"""The two clocks may drift apart by this share: the shortest way is forgotten so fast."""


class CaptureClock:
    """Turns a camera's stamps into times of `time.perf_counter`.

    A camera counts from a moment of its own. Frames arrive late, never early: of all frames the one
    that came soonest tells best how the clocks stand to each other, and how late the others are.
    """

    def __init__(self, now: Callable[[], float] = perf_counter) -> None:
        self._now = now
        self._offset: float | None = None
        self._last_stamp = 0.0
        self._last = float("-inf")

    def captured(self, stamp_us: int) -> float:
        """When the frame that has just arrived was captured; never before the one before it, never
        in the future. A negative stamp says nothing."""
        now = self._now()
        if stamp_us < 0:
            return self._later(now)
        stamp = stamp_us / 1e6
        offset = now - stamp
        if self._offset is None or stamp <= self._last_stamp or abs(offset - self._offset) > _JUMP:
            self._offset = offset
        else:
            self._offset = min(offset, self._offset + _DRIFT * (stamp - self._last_stamp))
        self._last_stamp = stamp
        return self._later(stamp + self._offset)

    def _later(self, at: float) -> float:
        self._last = max(self._last, at)
        return self._last
