"""Frames from a camera, which may be refused, taken, unplugged and plugged in again.

What is Qt's stands behind `CameraDriver`, so that a test can be a camera.
"""

from typing import Literal

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtMultimedia import QVideoFrame, QVideoSink

from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat
from cnn_explorer.gui.multimedia.giving import SinkSource
from cnn_explorer.gui.multimedia.stamps import CaptureClock
from cnn_explorer.text import printable

Permission = Literal["granted", "denied", "undetermined"]
Fault = Literal["denied", "taken", "broken"]

PATIENCE_MS = 3000
"""Without a frame for so long, a camera is said to give no picture."""
REPEAT_MS = 1000
"""A camera just plugged in may not be ready: it is opened again after this."""
REPEATS = 3

_WANTED = CameraFormat(640, 480, 30)


class CameraDriver(QObject):
    """Cameras as the system has them. One at a time is open."""

    cameras_changed = Signal()
    """One was plugged in or unplugged."""
    failed = Signal(str)
    """A `Fault` of the open camera."""
    permission_answered = Signal()
    """The person was asked and has answered."""

    def cameras(self) -> tuple[Camera, ...]:
        """Those plugged in, the system's favourite first."""
        raise NotImplementedError

    def permission(self) -> Permission:
        """Whether this program may use cameras."""
        raise NotImplementedError

    def ask_permission(self) -> None:
        """Ask the person; `permission_answered` follows."""
        raise NotImplementedError

    def open(self, camera: Camera, form: CameraFormat | None, sink: QVideoSink) -> None:
        """Let its frames go to the sink."""
        raise NotImplementedError

    def close(self) -> None:
        """Give the camera back; harmless when none is open."""
        raise NotImplementedError


def nearest(formats: tuple[CameraFormat, ...], wanted: CameraFormat) -> CameraFormat | None:
    """The format most like the one wanted: first its size, then a rate that is not less."""

    def distance(form: CameraFormat) -> tuple[int, float, float]:
        size = abs(form.width - wanted.width) + abs(form.height - wanted.height)
        return size, max(0.0, wanted.rate - form.rate), form.rate

    return min(formats, key=distance, default=None)


class CameraSource(SinkSource):
    """A camera. Unplugged in use, it goes on by itself when it is plugged in again."""

    kind = "camera"

    def __init__(
        self,
        driver: CameraDriver,
        id: str = "",
        resolution: CameraFormat | None = None,
        parent: QObject | None = None,
        *,
        patience_ms: int = PATIENCE_MS,
        repeat_ms: int = REPEAT_MS,
    ) -> None:
        """`id` is of a `Camera`, the system's favourite where it is empty; the format is the one
        nearest to `resolution`."""
        found = _chosen(driver.cameras(), id, "")
        super().__init__(printable(found.name) if found is not None else "", parent=parent)
        self.title = self.title or self.tr("Camera")
        self._driver = driver
        driver.setParent(self)
        self._id = id
        self._wanted = resolution or _WANTED
        self._camera: Camera | None = None
        self._active = False
        self._open = False
        self._repeats = 0
        self._awaited = False
        self._clock = CaptureClock()
        self._patience = self._timer(patience_ms, self._on_silence)
        self._again = self._timer(repeat_ms, self._begin)
        driver.cameras_changed.connect(self._on_cameras_changed)
        driver.failed.connect(self._on_fault)
        driver.permission_answered.connect(self._on_permission)

    def _timer(self, interval: int, does: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setTimerType(Qt.TimerType.CoarseTimer)
        timer.setInterval(interval)
        timer.timeout.connect(does)
        return timer

    def start(self) -> None:
        self.stop()
        self._active = True
        self._say("starting")
        if self._driver.permission() == "undetermined":
            self._driver.ask_permission()
        else:
            self._on_permission()

    def stop(self) -> None:
        self._active = False
        self._awaited = False
        self._repeats = 0
        self._condition = None
        self._give_back()

    def _give_back(self) -> None:
        self._open = False
        self._patience.stop()
        self._again.stop()
        self._driver.close()
        self._close_sink()

    @Slot()
    def _on_permission(self) -> None:
        if not self._active or self._open:
            return
        if self._driver.permission() != "granted":
            self._on_fault("denied")
            return
        self._begin()

    @Slot()
    def _begin(self) -> None:
        if not self._active:
            return
        name = self._camera.name if self._camera is not None else ""
        camera = _chosen(self._driver.cameras(), self._id, name)
        self._awaited = camera is None and bool(name)  # it was watched, and started again
        if camera is None:
            if self._id:
                self._fail(self.tr("{} is not plugged in: plug it in.").format(self.title))
            else:
                self._fail(self.tr("There is no camera: plug one in."))
            return
        self._camera = camera
        self.title = printable(camera.name) or self.title
        self._clock = CaptureClock()
        self._say("starting")
        self._patience.start()
        self._open = True
        sink = self._open_sink()
        self._driver.open(camera, nearest(camera.formats, self._wanted), sink)

    def _take(self, frame: QVideoFrame) -> None:
        if not self._open:
            return
        self._patience.start()
        self._repeats = 0
        self._say("running")
        self._give(frame, self._clock.captured(frame.startTime()))

    @Slot()
    def _on_silence(self) -> None:
        sentence = self.tr("{} gives no picture: unplug it and plug it in again.")
        self._say("stalled", sentence.format(self.title), can_retry=True)

    @Slot()
    def _on_cameras_changed(self) -> None:
        camera = self._camera
        if not self._active or camera is None:
            return
        there = _chosen(self._driver.cameras(), camera.id, camera.name) is not None
        if self._awaited:
            if there:
                self._repeats = REPEATS
                self._begin()
        elif not there:
            self._give_back()
            self._repeats = REPEATS
            self._say(
                "stalled",
                self.tr("{} was unplugged: it goes on when it is plugged in again.").format(
                    self.title
                ),
                can_retry=True,
            )
        elif not self._open and self._repeats:
            self._begin()

    @Slot(str)
    def _on_fault(self, fault: Fault) -> None:
        if not self._active:
            return
        if self._camera is not None and self._open:
            self._give_back()
            if _chosen(self._driver.cameras(), self._camera.id, self._camera.name) is None:
                self._on_cameras_changed()
                return
            if self._repeats:  # it has only just been plugged in
                self._repeats -= 1
                self._again.start()
                return
        sentences = {
            "denied": self.tr("This program may not use {}: allow it in the system's settings."),
            "taken": self.tr("{} is used by another program: close that one."),
            "broken": self.tr("{} does not work: unplug it and plug it in again."),
        }
        self._fail(sentences[fault].format(self.title))

    def _fail(self, sentence: str) -> None:
        self._give_back()
        self._say("failed", sentence, can_retry=True)


def _chosen(cameras: tuple[Camera, ...], id: str, name: str) -> Camera | None:
    """The camera with that identity; plugged in elsewhere it has another, but the same name."""
    for camera in cameras:
        if camera.id == id:
            return camera
    if not id and not name:
        return cameras[0] if cameras else None
    return next((camera for camera in cameras if name and camera.name == name), None)
