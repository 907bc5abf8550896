"""Cameras as Qt has them."""

import os

from PySide6.QtCore import QCameraPermission, QCoreApplication, QObject, Qt, Slot
from PySide6.QtMultimedia import (
    QCamera,
    QCameraDevice,
    QCameraFormat,
    QMediaCaptureSession,
    QMediaDevices,
    QVideoFrameFormat,
    QVideoSink,
)

from cnn_explorer.gui.multimedia.cameras import CameraDriver, Fault, Permission
from cnn_explorer.gui.multimedia.devices import Camera, CameraFormat


class QtCameras(CameraDriver):
    """Through `QCamera` and `QMediaCaptureSession`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self.cameras_changed)
        self._session: QMediaCaptureSession | None = None
        self._camera: QCamera | None = None

    def cameras(self) -> tuple[Camera, ...]:
        return listed()

    def permission(self) -> Permission:
        app = QCoreApplication.instance()
        status = app.checkPermission(QCameraPermission()) if app is not None else None
        if status == Qt.PermissionStatus.Denied:
            return "denied"
        return "undetermined" if status == Qt.PermissionStatus.Undetermined else "granted"

    def ask_permission(self) -> None:
        app = QCoreApplication.instance()
        if app is not None:
            app.requestPermission(QCameraPermission(), self, self._on_answer)

    def open(self, camera: Camera, form: CameraFormat | None, sink: QVideoSink) -> None:
        self.close()
        device = next(
            (device for device in QMediaDevices.videoInputs() if _id(device) == camera.id), None
        )
        if device is None:
            self.failed.emit("broken")
            return
        self._camera = QCamera(device, self)
        if form is not None:
            self._camera.setCameraFormat(_format(device, form))
        self._camera.errorOccurred.connect(self._on_error)
        self._session = QMediaCaptureSession(self)
        self._session.setCamera(self._camera)
        self._session.setVideoSink(sink)
        self._camera.start()
        self._look_for_error()

    def close(self) -> None:
        camera, self._camera = self._camera, None
        session, self._session = self._session, None
        if camera is not None:
            camera.errorOccurred.disconnect(self._on_error)
            camera.stop()
        if session is not None:
            session.setVideoSink(None)  # type: ignore[arg-type]
            session.setCamera(None)  # type: ignore[arg-type]
            session.deleteLater()
        if camera is not None:
            camera.deleteLater()

    def _look_for_error(self) -> None:
        """Some errors come about before anyone can hear of them."""
        if self._camera is not None:
            self._on_error(self._camera.error(), self._camera.errorString())

    def _on_answer(self, _permission: object) -> None:
        self.permission_answered.emit()

    @Slot(QCamera.Error, str)
    def _on_error(self, error: QCamera.Error, text: str) -> None:
        if error != QCamera.Error.NoError and self._camera is not None:
            self.failed.emit(fault(text, _id(self._camera.cameraDevice())))


def listed() -> tuple[Camera, ...]:
    """The cameras plugged in, the system's favourite first."""
    favourite = _id(QMediaDevices.defaultVideoInput())
    found = [
        Camera(_id(device), device.description(), _formats(device), _id(device) == favourite)
        for device in QMediaDevices.videoInputs()
    ]
    return tuple(sorted(found, key=lambda camera: not camera.is_default))


def fault(text: str, id: str) -> Fault:
    """What an error means. Qt has one kind alone, and a text in English."""
    said = text.lower()
    if "in use" in said or "busy" in said:
        return "taken"
    refused = id.startswith("/dev/") and os.path.exists(id) and not os.access(id, os.R_OK | os.W_OK)
    return "denied" if refused or "permission" in said else "broken"


def _id(device: QCameraDevice) -> str:
    return bytes(device.id().data()).decode("utf-8", "backslashreplace")


def _formats(device: QCameraDevice) -> tuple[CameraFormat, ...]:
    found = {
        CameraFormat(
            form.resolution().width(), form.resolution().height(), round(form.maxFrameRate(), 2)
        )
        for form in device.videoFormats()
    }
    return tuple(sorted(found, key=lambda form: (form.width * form.height, form.width, form.rate)))


def _format(device: QCameraDevice, wanted: CameraFormat) -> QCameraFormat:
    """That format, in pixels that need no decoding where there is such a one."""
    fitting = [
        form
        for form in device.videoFormats()
        if (form.resolution().width(), form.resolution().height()) == (wanted.width, wanted.height)
        and abs(form.maxFrameRate() - wanted.rate) < 0.01
    ]
    compressed = QVideoFrameFormat.PixelFormat.Format_Jpeg
    fitting.sort(key=lambda form: form.pixelFormat() == compressed)
    return fitting[0] if fitting else QCameraFormat()
