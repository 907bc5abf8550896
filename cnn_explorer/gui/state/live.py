"""Live pictures: the newest frame of a source goes through the network, the others are dropped."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.frame_source import FrameSource
from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.media.picture import Picture


@dataclass(frozen=True)
class Pace:
    """How fast it goes, when an answer has been drawn. Rates are of the last two seconds."""

    at: float
    """When that was, on the clock of `time.perf_counter`."""
    source_rate: float
    """Frames a second that arrived."""
    answer_rate: float
    """Answers a second that were drawn."""
    dropped: int
    """Frames passed over since the source was started."""
    latency_ms: float
    """From the capture of the frame to its answer drawn."""
    convert_ms: float
    preprocess_ms: float
    forward_ms: float
    draw_ms: float


class Live(QObject):
    """Which source is watched, and how its frames go through."""

    source_changed = Signal(object)
    """A `FrameSource`, or None: nothing is watched."""
    condition_changed = Signal(object)
    """The `Condition` of the source."""
    playhead_moved = Signal(object)
    """The `Playhead` of a file that is played."""
    frozen_changed = Signal(bool)
    """Whether one frame is held fast, to be looked at like any picture."""
    pace_told = Signal(object)
    """A `Pace`, for each answer that was drawn."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._source: FrameSource | None = None

    @property
    def source(self) -> FrameSource | None:
        return self._source

    def watch(self, source: FrameSource) -> None:
        """Start a source, ending the one before."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the source; its last picture stays as an ordinary one."""
        raise NotImplementedError

    def close(self) -> None:
        """End the source for good, without showing anything any more."""
        source, self._source = self._source, None
        if source is not None:
            source.stop()

    def try_again(self) -> None:
        """Start the source once more, which has failed."""
        raise NotImplementedError

    def freeze(self, frozen: bool) -> None:
        """Hold the newest frame fast, or go on."""
        raise NotImplementedError

    def drawn(self, picture: Picture) -> None:
        """The answer to a picture has been painted."""
        raise NotImplementedError

    def snapshot(self, folder: Path, look: MapsLook | None = None, *, dark: bool = False) -> None:
        """Save the frame that was answered last, its answers and the selected layer's maps in a
        folder; a message says where."""
        raise NotImplementedError
