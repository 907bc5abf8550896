"""Where frames come from: a camera, a video file, the screen. The same whichever it is.

Sources live in the GUI thread. Nothing here needs QtMultimedia: who makes a source imports that,
and a test makes sources of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from cnn_explorer.media.picture import Picture

SourceKind = Literal["camera", "video", "screen"]

Stage = Literal["starting", "running", "paused", "stalled", "ended", "failed"]
"""`stalled`: no frame has come for a while, or the camera was unplugged; it goes on by itself."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame as it came. Most are dropped, so pixels are converted when they are asked for."""

    number: int
    """Counted by the source since it was started, from 0."""
    captured: float
    """When it was captured, on the clock of `time.perf_counter`, seconds; when it arrived where
    the source does not say."""
    size: tuple[int, int]
    """Width and height as it is shown: after rotation."""
    picture: Callable[[], Picture]
    """The frame upright in sRGB; `decode_ms` is the time that converting took. Raises
    `ExplorerError` for a frame that cannot be read."""
    position_ms: int | None = None
    """Of a file: where in it the frame stands."""


@dataclass(frozen=True)
class Condition:
    """How a source is."""

    stage: Stage
    sentence: str = ""
    """What is to be said of it, one sentence; empty for nothing."""
    can_retry: bool = False
    """Whether starting it again may help: *Try again* is offered."""


@dataclass(frozen=True)
class Playhead:
    """Where a file is being played."""

    position_ms: int
    duration_ms: int
    """0 where nobody knows."""
    playing: bool
    can_seek: bool = True
    loops: bool = False
    speed: float = 1.0


class FrameSource(QObject):
    """Something that gives frames once it was started."""

    frame_arrived = Signal(object)
    """A `Frame`."""
    condition_changed = Signal(object)
    """A `Condition`."""
    playhead_moved = Signal(object)
    """A `Playhead`; of files alone."""

    kind: SourceKind
    title: str
    """For people: the camera's or the file's name."""

    def start(self) -> None:
        """Begin, or try again."""
        raise NotImplementedError

    def stop(self) -> None:
        """End for good: device, file and threads are given back when this returns."""
        raise NotImplementedError

    # of files alone; others pass these over

    def play(self) -> None:
        """Go on playing, from the beginning where the file has ended."""

    def pause(self) -> None:
        """Stand still at this frame."""

    def seek(self, position_ms: int) -> None:
        """Go to a time; the frame there arrives, paused or not."""

    def step(self, frames: int) -> None:
        """Go so many frames on, or back where negative, and pause."""

    def set_loops(self, loops: bool) -> None:
        """Whether the end is followed by the beginning."""

    def set_speed(self, speed: float) -> None:
        """How fast to play, 1 being as it was filmed."""
