"""What all sources have in common: a sink, frames counted, one condition at a time."""

from functools import partial
from time import perf_counter

from PySide6.QtCore import QObject, Slot
from PySide6.QtMultimedia import QVideoFrame, QVideoSink

from cnn_explorer.gui.multimedia.devices import Region
from cnn_explorer.gui.multimedia.frames import picture_of, shown_size
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource, Stage


class SinkSource(FrameSource):
    """A source whose frames come through a `QVideoSink`."""

    def __init__(self, title: str, origin: str = "", parent: QObject | None = None) -> None:
        """`origin` is where pictures are said to come from, as their `source`."""
        super().__init__(parent)
        self.title = title
        self._origin = origin
        self._condition: Condition | None = None
        self._count = 0
        self._sink: QVideoSink | None = None

    def _open_sink(self) -> QVideoSink:
        self._close_sink()
        self._count = 0
        self._sink = QVideoSink(self)
        self._sink.videoFrameChanged.connect(self._on_frame)
        return self._sink

    def _close_sink(self) -> None:
        if self._sink is not None:
            self._sink.videoFrameChanged.disconnect(self._on_frame)
            self._sink.deleteLater()  # it may be in the middle of giving a frame
            self._sink = None

    def _say(self, stage: Stage, sentence: str = "", *, can_retry: bool = False) -> None:
        condition = Condition(stage, sentence, can_retry)
        if condition != self._condition:
            self._condition = condition
            self.condition_changed.emit(condition)

    def _fail(self, sentence: str) -> None:
        """It cannot go on, until it is started again."""
        self.stop()
        self._say("failed", sentence, can_retry=True)

    @property
    def _stage(self) -> Stage | None:
        return self._condition.stage if self._condition is not None else None

    def _give(
        self,
        frame: QVideoFrame,
        captured: float | None = None,
        position_ms: int | None = None,
        region: Region | None = None,
    ) -> None:
        size = shown_size(frame) if region is None else region[2:]
        number = self._count
        self._count += 1
        picture = partial(picture_of, QVideoFrame(frame), self.title, self._origin, region)
        now = perf_counter() if captured is None else captured
        self.frame_arrived.emit(Frame(number, now, size, picture, position_ms))

    @Slot(QVideoFrame)
    def _on_frame(self, frame: QVideoFrame) -> None:
        # what was on its way when the sink was closed is no longer wanted
        if self._sink is not None and frame.isValid():
            self._take(frame)

    def _take(self, frame: QVideoFrame) -> None:
        """A frame has come."""
        raise NotImplementedError
