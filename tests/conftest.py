"""What every test runs under: no display, no user's folders, nothing left behind.

Tests of the core run where Qt is not installed: everything of Qt is imported only by tests that
ask for a Qt fixture.
"""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from cnn_explorer.gui.multimedia.loading import QUIET

# the same examples each time, so that a change is judged by itself; others are looked for with
# --hypothesis-profile exploring
hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("exploring", deadline=None)
hypothesis.settings.load_profile("repeatable")

# a shell lets what it starts in the background ignore Ctrl+C, which tests send
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_LOGGING_RULES", ";".join(("qt.qpa.fonts.warning=false", *QUIET)))
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

OFFSCREEN_SAYS = "This plugin does not support propagateSizeHints()"
"""The offscreen platform's own limit, said whenever a window with a minimum size is shown."""

QT_FOLDERS = ("gui", "journeys", "xcb")


@pytest.fixture
def shared_data() -> Path:
    """The development data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the development data (../shared/data) is not here")
    return folder


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's settings, caches or logs."""
    home = tmp_path_factory.mktemp("home")
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    monkeypatch.delenv("TORCH_HOME", raising=False)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """A test fails when it leaves a Python thread behind."""
    before = set(threading.enumerate())
    yield
    left = [
        thread
        for thread in set(threading.enumerate()) - before
        # a Dummy is only Python's note of a foreign thread that once ran Python code
        if thread.is_alive() and not isinstance(thread, threading._DummyThread)
    ]
    assert not left, f"threads left running: {[thread.name for thread in left]}"


@pytest.fixture(autouse=True)
def _no_leaked_qt(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test of the window fails on a Qt warning and when it leaves a window, timer or thread."""
    if request.path.parent.name not in QT_FOLDERS:
        yield
        return
    qapp = request.getfixturevalue("qapp")
    from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer, qInstallMessageHandler

    said: list[str] = []

    def hear(kind: object, context: object, text: str) -> None:
        del context
        if text != OFFSCREEN_SAYS:
            said.append(f"{getattr(kind, 'name', kind)}: {text}")

    previous = qInstallMessageHandler(hear)
    # What is there already is none of this test's, and with torch it is a million objects: they
    # are not looked through at its end.
    gc.freeze()
    mark: list[None] = []
    yield
    # widgets that pytest-qt closed go when their deferred deletion is delivered
    for _ in range(3):
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.processEvents()
    if not any(thing is mark for thing in gc.get_objects()):
        gc.unfreeze()  # an engine froze what it had imported, and what this test had made by then
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qInstallMessageHandler(previous)
    assert not said, "Qt said: " + "\n".join(said)
    windows = [window for window in qapp.topLevelWidgets() if window.isVisible()]
    assert not windows, f"windows left open: {windows}"
    import shiboken6

    alive = [
        thing
        for thing in gc.get_objects()
        # the type itself, because asking some of torch's objects for their class warns
        if issubclass(type(thing), QTimer | QThread) and shiboken6.isValid(thing)
    ]
    gc.unfreeze()
    threads = [
        thing.objectName()
        for thing in alive
        if isinstance(thing, QThread) and thing.isRunning() and thing is not QThread.currentThread()
    ]
    assert not threads, f"threads left running: {threads}"
    timers = [thing for thing in alive if isinstance(thing, QTimer) and thing.isActive()]
    assert not timers, f"timers left running: {timers}"


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """As the program makes its application."""
    return ["cnn-explorer", "-style", "fusion"]


@pytest.fixture(scope="session")
def themed(qapp: object) -> object:
    """The application with the program's fonts and its light theme."""
    from cnn_explorer.gui.widgets.theme import apply_theme, load_fonts

    load_fonts()
    apply_theme(qapp, "light")  # type: ignore[arg-type]
    return qapp
