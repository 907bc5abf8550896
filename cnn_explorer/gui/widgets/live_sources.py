"""What the window wants of who makes sources, and what it chooses of the cameras there are.

`cnn_explorer.gui.multimedia.sources` is such a maker; a test has one of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat, Region, Screen, Window
from cnn_explorer.gui.state.frame_source import FrameSource


class Sources(Protocol):
    """Makes sources. Nothing of it fails: a source that cannot run says so when it is started."""

    def unavailable(self) -> str:
        """Why there are none, and what to install; empty where there are."""
        ...

    def cameras(self) -> tuple[Camera, ...]: ...
    def camera(self, id: str = "", resolution: CameraFormat | None = None) -> FrameSource: ...
    def video(self, path: Path) -> FrameSource: ...
    def screens(self) -> tuple[Screen, ...]: ...
    def screen(self, id: str = "", region: Region | None = None) -> FrameSource: ...
    def windows(self) -> tuple[Window, ...]: ...
    def window(self, id: str, region: Region | None = None) -> FrameSource: ...


def resolutions(camera: Camera) -> list[CameraFormat]:
    """The sizes that a camera has, smallest first, each at its highest rate."""
    best: dict[tuple[int, int], CameraFormat] = {}
    for form in camera.formats:
        size = (form.width, form.height)
        if size not in best or form.rate > best[size].rate:
            best[size] = form
    return sorted(best.values(), key=lambda form: (form.width * form.height, form.width))


def format_of(camera: Camera | None, size: tuple[int, int] | None) -> CameraFormat | None:
    """The format of a size, where the camera has it."""
    if camera is None or size is None:
        return None
    return next((form for form in resolutions(camera) if (form.width, form.height) == size), None)


def chosen_camera(cameras: Sequence[Camera], id: str) -> Camera | None:
    """The camera of an id, or the system's favourite where that is gone; None without any."""
    found = next((camera for camera in cameras if camera.id == id), None)
    favourite = next((camera for camera in cameras if camera.is_default), None)
    return found or favourite or (cameras[0] if cameras else None)
