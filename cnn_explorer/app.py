"""The window's composition root: the only module that joins all layers."""

import logging
import os
import signal
import socket
import sys
import tempfile
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import (
    QEventLoop,
    QObject,
    QSocketNotifier,
    QTimer,
    QtMsgType,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from cnn_explorer import __version__
from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.network_model import NetworkModel
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.main_window import MainWindow
from cnn_explorer.gui.widgets.theme import apply_theme, load_fonts
from cnn_explorer.networks.catalog import NETWORKS, NetworkCard, card_of
from cnn_explorer.networks.weights import at_hand
from cnn_explorer.paths import log_folder

log = logging.getLogger(__name__)

_FIRST_NETWORK = "lenet5"
"""Shown at the first start: it answers truly with the weights that come along."""

_SNAPSHOT_PATIENCE = 300_000  # ms


def _log_qt(kind: QtMsgType, context: object, text: str) -> None:
    """What Qt has to say goes to the log; the terminal is for what a person can act on."""
    del context
    level = logging.ERROR if kind == QtMsgType.QtCriticalMsg else logging.INFO
    log.log(level, "Qt: %s", text)


def make_application() -> QApplication:
    """The QApplication with the program's name, fonts and style."""
    qInstallMessageHandler(_log_qt)
    QApplication.setApplicationName("cnn-explorer")
    QApplication.setApplicationDisplayName("CNN Explorer")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("cnn-explorer")
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    # the engine thread runs Python too; shorter turns keep the window answering meanwhile
    sys.setswitchinterval(0.001)
    load_fonts()
    return app


def make_window(settings: Settings) -> tuple[MainWindow, Explorer]:
    """The window and its state; the engine starts after the first paint."""
    explorer = Explorer()
    window = MainWindow(explorer, NetworkModel(NETWORKS.values(), weights_badge), settings)
    _Furnisher(window, explorer)
    return window, explorer


class _Furnisher(QObject):
    """After the first paint: brings the panels into the window, then lets the engine start."""

    def __init__(self, window: MainWindow, explorer: Explorer) -> None:
        super().__init__(window)
        self._window = window
        self._explorer = explorer
        window.painted.connect(self._on_painted)

    @Slot()
    def _on_painted(self) -> None:
        from cnn_explorer.gui.widgets.panels import Panels

        self._window.furnish(Panels(self._explorer, self._window))
        self._explorer.start()


def weights_badge(card: NetworkCard) -> str:
    """What the list says about a network's weights."""
    found = at_hand(card)
    if found is None:
        return "untrained"
    return "shipped" if found[1].shipped else "downloaded"


def run_window(picture: Path | None, network: str | None) -> int:
    """Show the window until it is closed; gives the exit code."""
    _log_to_file()
    if network is not None:
        card_of(network)
    app = make_application()
    settings = Settings.of_user()
    apply_theme(app, settings.theme)
    window, explorer = make_window(settings)
    name = network or settings.network
    explorer.choose_network(name if name in NETWORKS else _FIRST_NETWORK)
    if picture is not None:
        explorer.open_file(picture)
    window.show()
    interrupt = _Interrupt(window)
    code = app.exec()
    interrupt.release()
    explorer.close()
    return code


class _Interrupt(QObject):
    """Ctrl+C in the terminal closes the window as a click would.

    Python handles signals between its own instructions, and Qt's event loop runs none while it
    waits: the signal is written to a socket that wakes the loop.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        self._reader, self._writer = socket.socketpair()
        self._writer.setblocking(False)
        self._old_wakeup = signal.set_wakeup_fd(self._writer.fileno())
        self._old_handler = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_signal)

    def release(self) -> None:
        """Give the signal back to who had it."""
        self._notifier.setEnabled(False)
        signal.signal(signal.SIGINT, self._old_handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._reader.close()
        self._writer.close()

    @Slot()
    def _on_signal(self) -> None:
        if signal.SIGINT in self._reader.recv(64):
            self._window.close()


class _Snapshot(QObject):
    """Waits until all work has settled, and notes what went wrong on the way."""

    def __init__(self, explorer: Explorer) -> None:
        super().__init__()
        self.error: str | None = None
        self._loop = QEventLoop(self)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(0)
        self._quiet.timeout.connect(self._loop.quit)
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(_SNAPSHOT_PATIENCE)
        self._limit.timeout.connect(self._on_limit)
        self._explorer = explorer
        explorer.settled.connect(self._on_settled)
        explorer.message_shown.connect(self._on_message)

    def wait(self) -> None:
        """Turn the event loop until nothing runs and nothing waits."""
        self._limit.start()
        self._loop.exec()
        self._limit.stop()

    @Slot()
    def _on_settled(self) -> None:
        self._quiet.start()

    @Slot()
    def _on_limit(self) -> None:
        self.error = "the window did not settle within five minutes."
        self._loop.quit()

    @Slot(object)
    def _on_message(self, message: Message) -> None:
        if message.level == "error" and self.error is None:
            self.error = message.text[:1].lower() + message.text[1:]


def snapshot(
    output: Path,
    *,
    network: str | None,
    layer: str | None,
    size: tuple[int, int],
    theme: str,
    picture: Path | None,
    tab: str = "activations",
    scale: float = 1.0,
) -> int:
    """Draw the real window without a display and save it when all work has settled.

    `size` is in logical pixels; `scale` multiplies it (2.0 for a picture as on a 2x display).
    """
    from cnn_explorer.media.save import write_bytes

    if output.suffix.lower() != ".png":
        raise ExplorerError(f"the snapshot {output.name} must end in .png.")
    name = network or _FIRST_NETWORK
    card_of(name)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"
    app = make_application()
    apply_theme(app, "dark" if theme == "dark" else "light")
    with tempfile.TemporaryDirectory() as folder:
        window, explorer = make_window(Settings.in_file(Path(folder) / "settings.ini"))
        try:
            window.resize(*size)
            window.show_layer_tab(window.tab_index(tab))
            watch = _Snapshot(explorer)
            explorer.choose_network(name, layer=layer or "")
            if picture is not None:
                explorer.open_file(picture)
            window.show()
            watch.wait()
            shown = explorer.network
            if watch.error is None and layer and shown is not None and explorer.layer != layer:
                raise ExplorerError(f'{shown.card.title} has no layer "{layer}".')
            if watch.error is not None:
                raise ExplorerError(watch.error)
            app.processEvents()
            write_bytes(output, _png(window))
        finally:
            window.close()
            explorer.close()
            window.deleteLater()
            app.processEvents()
    return 0


def _png(window: MainWindow) -> bytes:
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    return bytes(buffer.data().data())


def _log_to_file() -> None:
    """Tracebacks go to a small log in the user's log folder; without it the program runs on."""
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            log_folder() / "window.log", maxBytes=500_000, backupCount=1, delay=True
        )
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    root = logging.getLogger("cnn_explorer")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
