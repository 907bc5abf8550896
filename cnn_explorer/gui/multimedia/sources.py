"""What the rest of the program asks for cameras, video files and screens.

Importing this imports no QtMultimedia: each function does when it is called. None of them fails
without it: lists are empty, and a source says when it is started why it cannot run.
"""

from pathlib import Path

from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat, Region, Screen, Window
from cnn_explorer.gui.state.frame_source import FrameSource


def unavailable() -> str:
    """Why neither cameras nor videos nor screens can be had, and what to install; empty where
    they can. The first call takes some hundredths of a second."""
    raise NotImplementedError


def cameras() -> tuple[Camera, ...]:
    """The cameras plugged in, the system's favourite first."""
    raise NotImplementedError


def camera(id: str = "", resolution: CameraFormat | None = None) -> FrameSource:
    """A camera by its `Camera.id`, the system's favourite where that is empty; in one of its
    formats, or in the one nearest to 640 × 480 at 30 frames a second."""
    raise NotImplementedError


def video(path: Path) -> FrameSource:
    """A video file, which plays once it is started."""
    raise NotImplementedError


def screens() -> tuple[Screen, ...]:
    """The screens, the primary one first."""
    raise NotImplementedError


def screen(id: str = "", region: Region | None = None) -> FrameSource:
    """A screen by its `Screen.id`, the primary one where that is empty; all of it or a region."""
    raise NotImplementedError


def windows() -> tuple[Window, ...]:
    """The windows that can be captured, of all programs."""
    raise NotImplementedError


def window(id: str, region: Region | None = None) -> FrameSource:
    """A window by its `Window.id`; all of it or a region."""
    raise NotImplementedError
