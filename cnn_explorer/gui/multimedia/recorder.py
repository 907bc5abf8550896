"""A video file written frame by frame, each with the time at which it is to be seen."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEventLoop, QObject, QSize, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import (
    QMediaCaptureSession,
    QMediaFormat,
    QMediaRecorder,
    QVideoFrame,
    QVideoFrameFormat,
    QVideoFrameInput,
)

from cnn_explorer.errors import ExplorerError

_RATE = 60
"""Frames a second, which decides how finely times are told apart: MPEG-4 has at most 65,535 steps a
second, and Qt takes a thousand for each frame."""
_PATIENCE_MS = 20_000
"""For the encoder to take a frame, or to close the file."""


class VideoRecorder(QObject):
    """MPEG-4 in an MP4 file, which every build of Qt can write. Frames are all of one size."""

    _changed = Signal()

    def __init__(self, path: Path, size: tuple[int, int], parent: QObject | None = None) -> None:
        """`path` is written as it goes: give one that takes its place when all is well."""
        super().__init__(parent)
        self._size = size
        self._last_us = -1
        self._failure = ""
        kind = QMediaFormat(QMediaFormat.FileFormat.MPEG4)
        kind.setVideoCodec(QMediaFormat.VideoCodec.MPEG4)
        self._format = QVideoFrameFormat(
            QSize(*size), QVideoFrameFormat.PixelFormat.Format_BGRX8888
        )
        self._format.setStreamFrameRate(_RATE)
        self._input = QVideoFrameInput(self._format, self)
        self._session = QMediaCaptureSession(self)
        self._session.setVideoFrameInput(self._input)
        self._recorder = QMediaRecorder(self)
        self._session.setRecorder(self._recorder)
        self._recorder.setMediaFormat(kind)
        self._recorder.setQuality(QMediaRecorder.Quality.VeryHighQuality)
        self._recorder.setVideoResolution(QSize(*size))
        self._recorder.setVideoFrameRate(_RATE)
        self._recorder.setOutputLocation(QUrl.fromLocalFile(str(path.absolute())))
        self._recorder.setAutoStop(True)
        self._recorder.errorOccurred.connect(self._on_error)
        self._recorder.recorderStateChanged.connect(self._changed)
        self._input.readyToSendVideoFrame.connect(self._changed)
        self._recorder.record()

    def add(self, pixels: npt.NDArray[np.uint8], seconds: float, until: float) -> None:
        """Write a frame, RGB (H, W, 3), seen from `seconds` until a time at which the next one may
        come. Times that do not grow are made to. Raises `ExplorerError`."""
        height, width = pixels.shape[:2]
        assert (width, height) == self._size
        data = np.ascontiguousarray(pixels)
        image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        frame = QVideoFrame(image.convertToFormat(QImage.Format.Format_RGB32))
        start = max(round(seconds * 1e6), self._last_us + 1_000_000 // (_RATE * 1000) + 1)
        frame.setStartTime(start)
        frame.setEndTime(max(round(until * 1e6), start + 1000))
        frame.setStreamFrameRate(_RATE)
        self._last_us = start
        self._wait(lambda: self._input.sendVideoFrame(frame))

    def finish(self) -> None:
        """Close the file. Raises `ExplorerError` where that was not possible."""
        self._wait(lambda: self._input.sendVideoFrame(QVideoFrame()))
        stopped = QMediaRecorder.RecorderState.StoppedState
        self._wait(lambda: self._recorder.recorderState() == stopped)

    def _wait(self, done: Callable[[], bool]) -> None:
        """Try until it is done; the encoder works in threads of its own and says when to."""
        loop = QEventLoop()
        self._changed.connect(loop.quit)
        patience = QTimer()
        patience.setSingleShot(True)
        patience.timeout.connect(loop.quit)
        patience.start(_PATIENCE_MS)
        while not self._failure and not done():
            if not patience.isActive():
                self._failure = "the encoder does not answer"
                break
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        if self._failure:
            raise ExplorerError(f"the video cannot be written: {self._failure}.")

    @Slot(QMediaRecorder.Error, str)
    def _on_error(self, _error: QMediaRecorder.Error, said: str) -> None:
        self._failure = said.strip().rstrip(".") or "the encoder has failed"
        self._changed.emit()
