"""A video file from its first frame to its last, however long each of them takes.

A player drops no frame and is late instead where the sink does not come back: its own thread hands
a frame over and waits there until the frame is done with. So it may run at any speed, and its
frames come as fast as they are taken.
"""

import threading
from pathlib import Path
from time import perf_counter

from PySide6.QtCore import Q_ARG, QEventLoop, QFile, QMetaObject, QObject, Qt, QUrl, Signal, Slot
from PySide6.QtMultimedia import QMediaPlayer, QVideoFrame, QVideoSink

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.multimedia.frames import picture_of, shown_size
from cnn_explorer.gui.multimedia.videos import damaged, opened, without_frames, without_pictures
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource
from cnn_explorer.media.picture import origin_of
from cnn_explorer.text import printable

_SPEED = 1000.0
"""More than any network does; what holds the player back is that its frames are waited for."""


class _Gate:
    """Where the player's thread waits until its frame is done with."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: QVideoFrame | None = None
        self._closed = False

    def offer(self, frame: QVideoFrame) -> bool:
        """Leave a frame to be taken; False where none is wanted any more."""
        with self._changed:
            if not self._closed:
                self._frame = frame
            return not self._closed

    def wait(self) -> None:
        with self._changed:
            while self._frame is not None and not self._closed:
                self._changed.wait()

    @property
    def frame(self) -> QVideoFrame | None:
        with self._changed:
            return self._frame

    def let_on(self) -> None:
        with self._changed:
            self._frame = None
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody waits here from now on: a player whose thread waits could not be ended."""
        with self._changed:
            self._closed, self._frame = True, None
            self._changed.notify_all()


class EveryFrame(FrameSource):
    """All frames of a file. The next one comes when all who hear of a frame are done with it."""

    _offered = Signal()

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kind = "video"
        self.title = printable(path.name)
        self._path = path
        self._file: QFile | None = None
        self._number = 0
        self._gate = _Gate()
        self._sink = QVideoSink(self)
        self._player = QMediaPlayer(self)
        self._player.setVideoSink(self._sink)
        self._offered.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._sink.videoFrameChanged.connect(self._hold, Qt.ConnectionType.DirectConnection)
        self._player.mediaStatusChanged.connect(self._on_status_changed)
        self._player.errorOccurred.connect(self._on_error)

    def start(self) -> None:
        try:
            self._file = opened(self._path, self.title)
        except ExplorerError as error:
            self._fail(str(error))
            return
        self._file.setParent(self._player)
        self._player.setSourceDevice(self._file)
        self._player.setPlaybackRate(_SPEED)
        self._player.play()

    def stop(self) -> None:
        self._gate.close()
        # from within the loop, which gives the interpreter's lock free: stopping waits for the
        # player's thread, and that may be on its way into `_hold`
        loop, queued = QEventLoop(), Qt.ConnectionType.QueuedConnection
        QMetaObject.invokeMethod(self._player, "stop", queued)
        QMetaObject.invokeMethod(self._player, "setSource", queued, Q_ARG(QUrl, QUrl()))
        QMetaObject.invokeMethod(loop, "quit", queued)
        loop.exec()
        if self._file is not None:
            self._file.close()

    def _hold(self, frame: QVideoFrame) -> None:
        """In the player's own thread."""
        if frame.isValid() and self._gate.offer(frame):
            self._offered.emit()
            self._gate.wait()

    @Slot()
    def _take(self) -> None:
        frame = self._gate.frame
        if frame is None:  # stopped meanwhile
            return
        start, number = frame.startTime(), self._number
        self._number += 1
        try:
            self.frame_arrived.emit(
                Frame(
                    number,
                    perf_counter(),
                    shown_size(frame),
                    lambda: picture_of(frame, self.title, origin_of(self._path)),
                    round(start / 1000) if start >= 0 else None,
                )
            )
        finally:
            self._gate.let_on()

    @Slot(QMediaPlayer.MediaStatus)
    def _on_status_changed(self, status: QMediaPlayer.MediaStatus) -> None:
        if status == QMediaPlayer.MediaStatus.EndOfMedia:
            self._end()
        elif status == QMediaPlayer.MediaStatus.LoadedMedia and not self._player.hasVideo():
            self._fail(without_pictures(self.title))

    def _end(self) -> None:
        if self._number:
            self.condition_changed.emit(Condition("ended"))
        else:
            self._fail(without_frames(self.title))

    @Slot(QMediaPlayer.Error, str)
    def _on_error(self, _error: QMediaPlayer.Error, _said: str) -> None:
        self._fail(damaged(self.title))

    def _fail(self, sentence: str) -> None:
        self.condition_changed.emit(Condition("failed", sentence))
