"""What there is to take frames from, as frozen values."""

from dataclasses import dataclass

Region = tuple[int, int, int, int]
"""Left, top, width and height in pixels of what is captured."""


@dataclass(frozen=True)
class CameraFormat:
    """One way in which a camera gives pictures."""

    width: int
    height: int
    rate: float
    """The most frames a second; 0 where the camera does not say."""


@dataclass(frozen=True)
class Camera:
    """A camera that is plugged in."""

    id: str
    """Stays the same when it is plugged in again."""
    name: str
    formats: tuple[CameraFormat, ...]
    """Smallest first; empty where the camera does not say."""
    is_default: bool = False


@dataclass(frozen=True)
class Screen:
    """A screen that may be captured."""

    id: str
    name: str
    width: int
    """Pixels, as is the height."""
    height: int
    is_primary: bool = False


@dataclass(frozen=True)
class Window:
    """A window of any program that may be captured."""

    id: str
    title: str
