"""What the rest of the program asks for cameras, video files and screens.

Importing this imports no QtMultimedia: each function does when it is called. None of them fails
without it: lists are empty, and a source says when it is started why it cannot run.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.multimedia import loading
from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat, Region, Screen, Window
from cnn_explorer.gui.state.frame_source import Condition, FrameSource, SourceKind

if TYPE_CHECKING:
    from cnn_explorer.gui.multimedia.recorder import VideoRecorder


class MissingSource(FrameSource):
    """What stands for a source that cannot be had. Says why when it is started."""

    def __init__(self, kind: SourceKind, title: str, sentence: str) -> None:
        super().__init__()
        self.kind = kind
        self.title = title
        self._sentence = sentence

    def start(self) -> None:
        self.condition_changed.emit(Condition("failed", self._sentence))

    def stop(self) -> None:
        """Nothing was begun."""


def unavailable() -> str:
    """Why neither cameras nor videos nor screens can be had, and what to install; empty where
    they can. The first call takes some hundredths of a second."""
    return loading.unavailable()


def cameras() -> tuple[Camera, ...]:
    """The cameras plugged in, the system's favourite first. The first call of a process loads the
    codecs, some tenths of a second: not while something moves."""
    if unavailable():
        return ()
    from cnn_explorer.gui.multimedia.qt_camera import listed

    return listed()


def camera(id: str = "", resolution: CameraFormat | None = None) -> FrameSource:
    """A camera by its `Camera.id`, the system's favourite where that is empty; in the format
    nearest to the one given, or to 640 × 480 at 30 frames a second."""
    if reason := unavailable():
        return MissingSource("camera", "Camera", reason)
    from cnn_explorer.gui.multimedia.cameras import CameraSource
    from cnn_explorer.gui.multimedia.qt_camera import QtCameras

    return CameraSource(QtCameras(), id, resolution)


def video(path: Path) -> FrameSource:
    """A video file, which plays once it is started."""
    if reason := unavailable():
        return MissingSource("video", path.name, reason)
    from cnn_explorer.gui.multimedia.videos import VideoSource

    return VideoSource(path)


def every_frame(path: Path) -> FrameSource:
    """A video file of which no frame is passed over: the next one comes when all who hear of a
    frame are done with it."""
    if reason := unavailable():
        return MissingSource("video", path.name, reason)
    from cnn_explorer.gui.multimedia.every_frame import EveryFrame

    return EveryFrame(path)


def recorder(path: Path, size: tuple[int, int]) -> "VideoRecorder":
    """Writes a video file of frames of a size (width, height). Raises `ExplorerError` where that
    cannot be had."""
    if reason := unavailable():
        raise ExplorerError(reason)
    from cnn_explorer.gui.multimedia.recorder import VideoRecorder

    return VideoRecorder(path, size)


def screens() -> tuple[Screen, ...]:
    """The screens, the primary one first; none where they cannot be captured."""
    if unavailable():
        return ()
    from cnn_explorer.gui.multimedia.screens import listed_screens

    return listed_screens()


def screen(id: str = "", region: Region | None = None) -> FrameSource:
    """A screen by its `Screen.id`, the primary one where that is empty; all of it or a region."""
    if reason := unavailable():
        return MissingSource("screen", "Screen", reason)
    from cnn_explorer.gui.multimedia.screens import ScreenSource

    return ScreenSource(id, region)


def windows() -> tuple[Window, ...]:
    """The windows that can be captured, of all programs; none where Qt was built without the means
    to list them, as PySide6's wheels for X11 are."""
    if unavailable():
        return ()
    from cnn_explorer.gui.multimedia.screens import listed_windows

    return listed_windows()


def window(id: str, region: Region | None = None) -> FrameSource:
    """A window by its `Window.id`; all of it or a region."""
    if reason := unavailable():
        return MissingSource("screen", "Window", reason)
    from cnn_explorer.gui.multimedia.screens import WindowSource

    return WindowSource(id, region)
