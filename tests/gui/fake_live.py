"""Sources for tests: frames come from arrays, at once and when a test says so."""

from pathlib import Path

import numpy as np

from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat, Region, Screen, Window
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource, Playhead, SourceKind
from cnn_explorer.gui.state.live import Pace
from cnn_explorer.media.picture import Picture


def pace(
    at: float = 1.0, *, latency: float = 62.0, parts: tuple[float, ...] = (4.0, 6.0, 40.0, 3.0)
) -> Pace:
    return Pace(at, 30.0, 21.4, 14, latency, *parts)


class FakeSource(FrameSource):
    """Notes what it is told, and gives frames of the size it has."""

    def __init__(
        self, kind: SourceKind = "camera", title: str = "C920", size: tuple[int, int] = (64, 48)
    ) -> None:
        super().__init__()
        self.kind, self.title, self.size = kind, title, size
        self.told: list[tuple[str, object]] = []
        self._number = 0

    def give(self, size: tuple[int, int] | None = None) -> Picture:
        """The next frame: a bright bar that moves over a grey ramp."""
        width, height = self.size = size or self.size
        rgb = np.zeros((height, width, 3), np.uint8)
        rgb[...] = np.linspace(40, 200, width, dtype=np.uint8)[None, :, None]
        at = (self._number * 5) % width
        rgb[:, at : at + max(1, width // 12)] = (250, 210, 60)
        picture = Picture(rgb, self.title, decode_ms=1.0)
        self.frame_arrived.emit(Frame(self._number, 0.0, self.size, lambda: picture))
        self._number += 1
        return picture

    def say(self, condition: Condition) -> None:
        self.condition_changed.emit(condition)

    def start(self) -> None:
        self.told.append(("start", None))

    def stop(self) -> None:
        self.told.append(("stop", None))

    def play(self) -> None:
        self.told.append(("play", None))

    def pause(self) -> None:
        self.told.append(("pause", None))

    def seek(self, position_ms: int) -> None:
        self.told.append(("seek", position_ms))

    def step(self, frames: int) -> None:
        self.told.append(("step", frames))

    def set_loops(self, loops: bool) -> None:
        self.told.append(("loops", loops))

    def set_speed(self, speed: float) -> None:
        self.told.append(("speed", speed))

    def play_at(self, position_ms: int, *, playing: bool, duration_ms: int = 80_000) -> None:
        self.playhead_moved.emit(Playhead(position_ms, duration_ms, playing))


class FakeSources:
    """As `gui.multimedia.sources`."""

    def __init__(self, why_not: str = "") -> None:
        self.why_not = why_not
        self.made: list[FakeSource] = []
        self.asked: list[tuple[object, ...]] = []
        self.plugged: tuple[Camera, ...] = (
            Camera("a", "C920 & co", (CameraFormat(640, 480, 30), CameraFormat(1280, 720, 30))),
            Camera("b", "Microscope", (), True),
        )

    def _make(self, kind: SourceKind, title: str, *asked: object) -> FakeSource:
        self.asked.append((kind, *asked))
        self.made.append(FakeSource(kind, title))
        return self.made[-1]

    def unavailable(self) -> str:
        return self.why_not

    def cameras(self) -> tuple[Camera, ...]:
        return self.plugged

    def camera(self, id: str = "", resolution: CameraFormat | None = None) -> FakeSource:
        return self._make("camera", "C920 & co", id, resolution)

    def video(self, path: Path) -> FakeSource:
        return self._make("video", path.name, path)

    def screens(self) -> tuple[Screen, ...]:
        return (Screen("s", "", 1600, 1200, is_primary=True),)

    def screen(self, id: str = "", region: Region | None = None) -> FakeSource:
        return self._make("screen", "Screen", id, region)

    def windows(self) -> tuple[Window, ...]:
        return ()

    def window(self, id: str, region: Region | None = None) -> FakeSource:
        return self._make("screen", "Window", id, region)
