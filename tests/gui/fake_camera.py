"""Cameras that a test plugs in and out. Their frames go through a real `QVideoSink`."""

from PySide6.QtCore import QObject
from PySide6.QtMultimedia import QVideoFrame, QVideoSink

from cnn_explorer.gui.multimedia.cameras import CameraDriver, Fault, Permission
from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat

FORMATS = (
    CameraFormat(320, 240, 30),
    CameraFormat(640, 480, 15),
    CameraFormat(640, 480, 30),
    CameraFormat(640, 480, 60),
    CameraFormat(1280, 720, 30),
)
FRONT = Camera("/dev/video0", "Front Camera", FORMATS, is_default=True)
DESK = Camera("/dev/video2", "Desk Camera", FORMATS[:1])


class FakeCameras(CameraDriver):
    """What the system says of cameras is what a test has set."""

    def __init__(self, *plugged: Camera, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.plugged = list(plugged)
        self.allowed: Permission = "granted"
        self.asked = 0
        self.opened: list[tuple[Camera, CameraFormat | None]] = []
        self.fault_at_opening: Fault | None = None
        self._sink: QVideoSink | None = None

    # what a test does

    @property
    def is_open(self) -> bool:
        return self._sink is not None

    def give(self, frame: QVideoFrame) -> None:
        """The camera has taken a picture; it is lost unless the camera is open."""
        if self._sink is not None:
            self._sink.setVideoFrame(frame)

    def plug_in(self, camera: Camera) -> None:
        self.plugged.append(camera)
        self.cameras_changed.emit()

    def unplug(self, camera: Camera, *, error_first: bool = False) -> None:
        self.plugged.remove(camera)
        if error_first:
            self.failed.emit("broken")
        self.cameras_changed.emit()

    def fail(self, fault: Fault) -> None:
        self.failed.emit(fault)

    def answer(self, allowed: Permission) -> None:
        self.allowed = allowed
        self.permission_answered.emit()

    # what the source does

    def cameras(self) -> tuple[Camera, ...]:
        return tuple(self.plugged)

    def permission(self) -> Permission:
        return self.allowed

    def ask_permission(self) -> None:
        self.asked += 1

    def open(self, camera: Camera, form: CameraFormat | None, sink: QVideoSink) -> None:
        self.opened.append((camera, form))
        self._sink = sink
        if self.fault_at_opening is not None:
            self.failed.emit(self.fault_at_opening)

    def close(self) -> None:
        self._sink = None
