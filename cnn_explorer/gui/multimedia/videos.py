"""Frames from a video file.

Qt's player seeks to the first frame that ends at a time or after it, and all frames of a file last
as long to it, whatever their distance. So the time to ask for, to come to a frame exactly, is its
end; one millisecond later it is the next one. All of it is in whole milliseconds, rounded down.
"""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QFile, QIODevice, QObject, QTimer, QUrl, Slot
from PySide6.QtMultimedia import QMediaPlayer, QVideoFrame

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.multimedia.giving import SinkSource
from cnn_explorer.gui.state.frame_source import Playhead
from cnn_explorer.media.picture import origin_of
from cnn_explorer.media.signatures import looks_like_video
from cnn_explorer.text import printable

SLOWEST, FASTEST = 0.25, 4.0

_MOST_TRIES = 60
"""So often a place is sought again for one step; then the frame that came is the one."""
_PATIENCE_MS = 3000
"""Some files hold frames that cannot be sought: a move to which no frame comes is given up."""


@dataclass
class _Move:
    """A way to a frame that has been asked for. Times in microseconds, as frames give them."""

    kind: Literal["seek", "on", "back"]
    target_ms: int = 0
    """What the player was asked for last."""
    start: int = 0
    """Where the frame stands that a step goes from."""
    tries: int = 0
    found: tuple[int, int] | None = None
    """Start and end of a frame before that one, which may be the one just before it."""


class VideoSource(SinkSource):
    """A file, played without its sound."""

    kind = "video"

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(printable(path.name), origin_of(path), parent)
        self._path = path
        self._player: QMediaPlayer | None = None
        self._file: QFile | None = None
        self._playing = False
        self._loops = False
        self._speed = 1.0
        self._at: tuple[int, int] | None = None  # start and end of the frame on show
        self._position_ms = 0
        self._moves: deque[_Move] = deque()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._moves.clear)

    def start(self) -> None:
        self.stop()
        try:
            file = opened(self._path, self.title)
        except ExplorerError as error:
            self._fail(str(error))
            return
        self._say("starting")
        player = QMediaPlayer(self)
        self._player, self._file = player, file
        file.setParent(player)
        player.setVideoSink(self._open_sink())
        player.mediaStatusChanged.connect(self._on_status)
        player.errorOccurred.connect(self._on_error)
        player.setLoops(_loops(self._loops))
        player.setPlaybackRate(self._speed)
        self._playing = True
        player.setSourceDevice(file)
        if self._player is player:
            player.play()

    def stop(self) -> None:
        player, self._player = self._player, None
        self._playing = False
        self._moves.clear()
        self._patience.stop()
        self._at = None
        self._position_ms = 0
        self._close_sink()
        self._condition = None
        if player is not None:
            player.mediaStatusChanged.disconnect(self._on_status)
            player.errorOccurred.disconnect(self._on_error)
            player.stop()
            player.setVideoSink(None)  # type: ignore[arg-type]
            player.setSource(QUrl())  # closes the file and ends the threads
            if self._file is not None:
                self._file.close()
            player.deleteLater()

    def play(self) -> None:
        if self._player is None:
            return
        if self._stage == "ended":
            self._at = None  # the frame on show is no longer where the file stands
            self._position_ms = 0
            self._player.setPosition(0)
        self._moves.clear()
        self._playing = True
        self._player.play()
        self._say("running" if self._at is not None else "starting")
        self._tell()

    def pause(self) -> None:
        if self._player is None or not self._playing:
            return
        self._playing = False
        self._player.pause()
        if self._at is not None:
            self._say("paused")
        else:  # before a frame has come, and none comes unless it is asked for
            self._begin(_Move("seek", 1))
        self._tell()

    def seek(self, position_ms: int) -> None:
        if self._player is None:
            return
        self._moves.clear()
        self._begin(_Move("seek", min(max(0, position_ms) + 1, self._end())))

    def step(self, frames: int) -> None:
        if self._player is None or frames == 0:
            return
        self.pause()
        waiting = bool(self._moves)
        self._moves.extend(_Move("on" if frames > 0 else "back") for _ in range(abs(frames)))
        if not waiting:
            self._begin_next()

    def set_loops(self, loops: bool) -> None:
        self._loops = loops
        if self._player is not None:
            self._player.setLoops(_loops(loops))
            self._tell()

    def set_speed(self, speed: float) -> None:
        self._speed = min(max(speed, SLOWEST), FASTEST)
        if self._player is not None:
            self._player.setPlaybackRate(self._speed)
            self._tell()

    def _tell(self) -> None:
        player = self._player
        if player is not None:
            self.playhead_moved.emit(
                Playhead(
                    self._position_ms,
                    max(0, player.duration()),
                    self._playing,
                    player.isSeekable(),
                    self._loops,
                    self._speed,
                )
            )

    # moving to a frame

    def _end(self) -> int:
        """The time of the end, which files from browsers do not say."""
        duration = self._player.duration() if self._player is not None else 0
        return duration if duration > 0 else 2**31 - 1

    def _begin(self, move: _Move) -> None:
        self._moves.appendleft(move)
        self._ask(move)

    def _begin_next(self) -> None:
        """Set out for the next step that waits; steps that lead nowhere are done."""
        while self._moves and self._at is not None and self._player is not None:
            move = self._moves[0]
            move.start, end = self._at
            if move.kind == "on" and end // 1000 < self._end():
                move.target_ms = end // 1000 + 1
            elif move.kind == "back" and move.start > 0:
                move.target_ms = max(1, move.start // 1000)
            else:
                self._moves.popleft()
                continue
            self._ask(move)
            return

    def _ask(self, move: _Move) -> None:
        player = self._player
        assert player is not None
        move.tries += 1
        self._patience.start()
        player.setPosition(move.target_ms)
        if self._stage == "ended":  # a player that has stopped shows nothing
            player.pause()
            self._say("paused")

    def _arrives(self, move: _Move, start: int, end: int) -> bool:
        """Whether this frame is where the move leads; where not, it is sought further."""
        if move.tries >= _MOST_TRIES:
            return True
        if move.kind == "seek":
            wanted = 1000 * (move.target_ms - 1)
            covers = start <= wanted + 999 and wanted < end
            return covers or move.tries > 1 or self._again(move, move.target_ms)
        if move.kind == "on":
            return start > move.start or move.tries > 2 or self._again(move, move.target_ms)
        return self._arrives_back(move, start, end)

    def _arrives_back(self, move: _Move, start: int, end: int) -> bool:
        """Where frames follow each other closely the first one found is it. Else the one after it
        is looked at, and so on up to the frame that the step goes from."""
        if move.found is not None:
            if start < move.start:
                if start <= move.found[0]:
                    return move.target_ms == move.found[1] // 1000 or self._again(
                        move, move.target_ms
                    )
                move.found = (start, end)
                return self._again(move, end // 1000 + 1)
            return self._again(move, move.found[1] // 1000)
        if start >= move.start:  # there is a gap before it
            back = 2 ** (move.tries - 1)
            return move.target_ms <= 1 or self._again(move, max(1, move.target_ms - back))
        if abs(end - move.start) < 1000:
            return True
        move.found = (start, end)
        return self._again(move, end // 1000 + 1)

    def _again(self, move: _Move, target_ms: int) -> bool:
        move.target_ms = target_ms
        self._ask(move)
        return False

    # what the player tells

    def _take(self, frame: QVideoFrame) -> None:
        if self._player is None:
            return
        start, end = frame.startTime(), frame.endTime()
        if (self._moves and not self._playing) or (self._moves and self._moves[0].kind == "seek"):
            if not self._arrives(self._moves[0], start, end):
                return
            self._moves.popleft()
            self._patience.stop()
        self._at = (start, end)
        self._position_ms = max(0, start // 1000)
        if self._moves:
            self._begin_next()
            if self._moves:
                return  # only passed through
        self._say("running" if self._playing else "paused")
        self._give(frame, position_ms=self._position_ms)
        self._tell()

    @Slot(QMediaPlayer.MediaStatus)
    def _on_status(self, status: QMediaPlayer.MediaStatus) -> None:
        player = self._player
        if player is None:
            return
        if status == QMediaPlayer.MediaStatus.LoadedMedia and not player.hasVideo():
            self._fail(without_pictures(self.title))
        elif status == QMediaPlayer.MediaStatus.EndOfMedia:
            if self._at is None:
                self._fail(without_frames(self.title))
                return
            self._playing = False
            self._position_ms = max(self._position_ms, player.duration())
            self._say("ended")
            self._tell()

    @Slot(QMediaPlayer.Error, str)
    def _on_error(self, error: QMediaPlayer.Error, text: str) -> None:
        del error, text
        self._fail(damaged(self.title))


def _loops(loops: bool) -> int:
    return int((QMediaPlayer.Loops.Infinite if loops else QMediaPlayer.Loops.Once).value)


def without_pictures(called: str) -> str:
    """What is said of a file of sound."""
    return f"{called} holds no pictures, only sound: choose a video."


def without_frames(called: str) -> str:
    """What is said of a file of which no frame has come."""
    return f"{called} holds no picture that can be shown: choose another file."


def damaged(called: str) -> str:
    """What is said of a file that the player gives up."""
    return f"{called} is damaged or of a kind that cannot be played: try another file."


def opened(path: Path, called: str) -> QFile:
    """The file, opened by Python: a name of bytes that are no text survives in its paths, but not
    in Qt's. Raises `ExplorerError` for what need not be tried."""
    try:
        if path.is_dir():
            raise ExplorerError(f"{called} is a folder: choose a video file in it.")
        if path.stat().st_size == 0:
            raise ExplorerError(f"{called} is empty: get another copy of the file.")
        if not looks_like_video(path):
            raise ExplorerError(f"{called} is no video: choose an MP4, WebM, MOV, MKV or AVI file.")
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError as error:
        raise ExplorerError(f"there is no file {called}.") from error
    except OSError as error:
        raise ExplorerError(f"{called} cannot be read: {error.strerror or error}.") from error
    file = QFile()
    file.open(handle, QIODevice.OpenModeFlag.ReadOnly, QFile.FileHandleFlag.AutoCloseHandle)
    return file
