"""Frames from a screen or from a window of any program."""

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtMultimedia import (
    QCapturableWindow,
    QMediaCaptureSession,
    QScreenCapture,
    QVideoFrame,
    QWindowCapture,
)

from cnn_explorer.gui.multimedia.devices import Region, Screen, Window
from cnn_explorer.gui.multimedia.frames import clipped, shown_size
from cnn_explorer.gui.multimedia.giving import SinkSource
from cnn_explorer.text import printable

_NO_SCREEN = ("offscreen", "minimal", "minimalegl")
"""Platforms of Qt's on which nobody sees anything."""
_PATIENCE_MS = 10_000
"""Time for a person to allow it where the system asks. What does not change gives no frames later
on some systems, which means nothing."""


def listed_screens() -> tuple[Screen, ...]:
    """The screens, the primary one first."""
    if QGuiApplication.platformName() in _NO_SCREEN:
        return ()
    primary = QGuiApplication.primaryScreen()
    found = [
        Screen(
            _screen_id(screen),
            printable(" ".join((screen.manufacturer(), screen.model())).strip() or screen.name()),
            round(screen.geometry().width() * screen.devicePixelRatio()),
            round(screen.geometry().height() * screen.devicePixelRatio()),
            screen is primary or screen == primary,
        )
        for screen in QGuiApplication.screens()
    ]
    return tuple(sorted(found, key=lambda screen: not screen.is_primary))


def listed_windows() -> tuple[Window, ...]:
    """The windows that have a title, of all programs."""
    return tuple(Window(id, printable(id.partition("\t")[2])) for id in _windows())


class _CaptureSource(SinkSource):
    """What capturing screens and windows have in common."""

    kind = "screen"

    def __init__(self, title: str, region: Region | None, parent: QObject | None = None) -> None:
        super().__init__(title, parent=parent)
        self._region = region
        self._session: QMediaCaptureSession | None = None
        self._capture: QScreenCapture | QWindowCapture | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._on_silence)

    def start(self) -> None:
        self.stop()
        self._say("starting")
        if QGuiApplication.platformName() in _NO_SCREEN:
            self._fail(self.tr("There is no screen here that can be captured."))
            return
        self._session = QMediaCaptureSession(self)
        self._session.setVideoSink(self._open_sink())
        self._patience.start()
        self._begin(self._session)

    def stop(self) -> None:
        self._patience.stop()
        self._condition = None
        self._close_sink()
        capture, self._capture = self._capture, None
        session, self._session = self._session, None
        if capture is not None:
            capture.errorOccurred.disconnect(self._on_error)
            capture.stop()
            capture.deleteLater()
        if session is not None:
            session.setVideoSink(None)  # type: ignore[arg-type]
            session.deleteLater()

    def _begin(self, session: QMediaCaptureSession) -> None:
        """Make and start the capture, or fail."""
        raise NotImplementedError

    def _take(self, frame: QVideoFrame) -> None:
        self._patience.stop()
        region = None
        if self._region is not None:
            region = clipped(self._region, shown_size(frame))
            if region is None:
                self._fail(
                    self.tr("The region lies outside of {}: choose another one.").format(self.title)
                )
                return
        self._say("running")
        self._give(frame, region=region)

    @Slot()
    def _on_silence(self) -> None:
        self._say(
            "stalled",
            self.tr("The system gives no picture of {}: allow it to be recorded.").format(
                self.title
            ),
            can_retry=True,
        )

    def _on_error(self, error: object, text: str) -> None:
        del text
        unsupported = error in (
            QScreenCapture.Error.CapturingNotSupported,
            QWindowCapture.Error.CapturingNotSupported,
        )
        gone = error in (QScreenCapture.Error.NotFound, QWindowCapture.Error.NotFound)
        if unsupported:
            sentence = self.tr("This system does not let programs capture {}.")
        elif gone:
            sentence = self.tr("{} is no longer there, or may not be captured.")
        else:
            sentence = self.tr("{} cannot be captured: allow it in the system's settings.")
        self._fail(sentence.format(self.title))


class ScreenSource(_CaptureSource):
    """A screen, or a region of it."""

    def __init__(
        self, id: str = "", region: Region | None = None, parent: QObject | None = None
    ) -> None:
        named = next((screen.name for screen in listed_screens() if screen.id == id), "")
        super().__init__(named, region, parent)
        self._id = id
        self.title = named or self.tr("The screen")

    def _begin(self, session: QMediaCaptureSession) -> None:
        every = [QGuiApplication.primaryScreen(), *QGuiApplication.screens()]
        fitting = [one for one in every if not self._id or _screen_id(one) == self._id]
        if not fitting:
            self._fail(self.tr("{} is not there: choose another screen.").format(self.title))
            return
        capture = QScreenCapture(self)
        self._capture = capture
        capture.errorOccurred.connect(self._on_error)
        capture.setScreen(fitting[0])
        session.setScreenCapture(capture)
        capture.start()


class WindowSource(_CaptureSource):
    """A window, or a region of it."""

    def __init__(
        self, id: str, region: Region | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(printable(id.partition("\t")[2]), region, parent)
        self._id = id
        self.title = self.title or self.tr("The window")

    def _begin(self, session: QMediaCaptureSession) -> None:
        window = _windows().get(self._id)
        if window is None:
            self._fail(self.tr("There is no window {}: choose another one.").format(self.title))
            return
        capture = QWindowCapture(self)
        self._capture = capture
        capture.errorOccurred.connect(self._on_error)
        capture.setWindow(window)
        session.setWindowCapture(capture)
        capture.start()


def _screen_id(screen: QScreen) -> str:
    """Names of screens are unique but where there are none."""
    return screen.name() or f"#{QGuiApplication.screens().index(screen)}"


def _windows() -> dict[str, QCapturableWindow]:
    """By title, numbered where several have the same: Qt tells nothing else of them."""
    if QGuiApplication.platformName() in _NO_SCREEN:
        return {}
    found: dict[str, QCapturableWindow] = {}
    counts: dict[str, int] = {}
    for window in QWindowCapture.capturableWindows():
        title = window.description()
        if title:
            counts[title] = counts.get(title, 0) + 1
            found[f"{counts[title]}\t{title}"] = window
    return found
