"""What the window wants to know of cameras and screens, and of who makes sources of them.

`cnn_explorer.gui.multimedia.sources` is such a maker; a test has one of its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from cnn_explorer.gui.state.frame_source import FrameSource

Region = tuple[int, int, int, int]
"""Left, top, width and height in pixels of what is captured."""


class CameraFormat(Protocol):
    """One way in which a camera gives pictures."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def rate(self) -> float: ...


class Camera(Protocol):
    """A camera that is plugged in."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def formats(self) -> Sequence[Any]: ...
    @property
    def is_default(self) -> bool: ...


class Sources(Protocol):
    """Makes sources. Nothing of it fails: a source that cannot run says so when it is started."""

    def unavailable(self) -> str:
        """Why there are none, and what to install; empty where there are."""
        ...

    def cameras(self) -> Sequence[Any]: ...
    def camera(self, id: str = "", resolution: Any = None) -> FrameSource: ...
    def video(self, path: Path) -> FrameSource: ...
    def screens(self) -> Sequence[Any]: ...
    def screen(self, id: str = "", region: Region | None = None) -> FrameSource: ...
    def windows(self) -> Sequence[Any]: ...
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


def chosen_camera(cameras: Sequence[Any], id: str) -> Any:
    """The camera of an id, or the system's favourite where that is gone; None without any."""
    found = next((camera for camera in cameras if camera.id == id), None)
    favourite = next((camera for camera in cameras if camera.is_default), None)
    return found or favourite or (cameras[0] if cameras else None)
