"""The window's composition root: the only module that joins all layers.

It imports little at first: what the first paint does not need comes in `Program._on_painted`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QEventLoop,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from cnn_explorer import __version__
from cnn_explorer.errors import ExplorerError, UsageError
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.main_window import MainWindow
from cnn_explorer.gui.widgets.theme import apply_theme, load_fonts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from cnn_explorer.gui.state.downloads import Downloads
    from cnn_explorer.gui.state.explorer import Explorer, Message
    from cnn_explorer.gui.state.frame_source import Condition
    from cnn_explorer.gui.state.live import Live
    from cnn_explorer.media.picture import Picture
    from cnn_explorer.networks.card import NetworkCard
    from cnn_explorer.probe.framing import Framing

# QApplication.setStyle would give the style back as an object, whose class takes 10 ms to make
_ARGUMENTS = ["cnn-explorer", "-style", "fusion"]

_FIRST_NETWORK = "lenet5"
"""Shown at the first start: it answers truly with the weights that come along."""

_SNAPSHOT_PATIENCE = 300_000  # ms


def _log_qt(kind: QtMsgType, context: object, text: str) -> None:
    """What Qt has to say goes to the log; the terminal is for what a person can act on."""
    import logging

    del context
    level = logging.ERROR if kind == QtMsgType.QtCriticalMsg else logging.INFO
    logging.getLogger(__name__).log(level, "Qt: %s", text)


def make_application() -> QApplication:
    """The QApplication with the program's name, fonts and style."""
    qInstallMessageHandler(_log_qt)
    QApplication.setApplicationName("cnn-explorer")
    QApplication.setApplicationDisplayName("CNN Explorer")
    QApplication.setApplicationVersion(__version__)
    QApplication.setDesktopFileName("cnn-explorer")
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(_ARGUMENTS)
    # the engine thread runs Python too; shorter turns keep the window answering meanwhile
    sys.setswitchinterval(0.001)
    load_fonts()
    return app


class Program(QObject):
    """The window, and after its first paint everything behind it.

    What comes after the paint takes several times as long to import as what comes before; so a
    person sees the frame at once.
    """

    furnished = Signal()
    """The state and the panels are there; the engine starts."""
    _faulted = Signal(object)

    def __init__(
        self,
        settings: Settings,
        network: str,
        *,
        layer: str = "",
        picture: Path | None = None,
        networks: Mapping[str, NetworkCard] | None = None,
        downloader: Sequence[str] | None = None,
    ) -> None:
        """`networks` are those to choose from, all that there are unless a test says otherwise;
        `downloader` is the command that gets weights, our own command line likewise."""
        super().__init__()
        self._settings = settings
        self._networks = networks
        self._downloader = downloader
        self._network = network
        self._layer = layer
        self._picture = picture
        self._fell_back = network == _FIRST_NETWORK
        self.explorer: Explorer | None = None
        self._downloads: Downloads | None = None
        self.window = MainWindow(settings)
        self.window.painted.connect(self._on_painted)
        self._faulted.connect(self._on_faulted)

    def close(self) -> None:
        """Close the window and end the engine; harmless when done twice."""
        self.window.close()
        if self.explorer is not None:
            self.explorer.close()
        if self._downloads is not None:
            self._downloads.close()

    def report(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Log and show a fault of the program's own: no traceback on the terminal."""
        import logging
        import traceback

        logging.getLogger(__name__).error("unexpected", exc_info=(kind, error, trace))
        details = "".join(traceback.format_exception(kind, error, trace))
        text = self.tr("Something went wrong in the program: {}.").format(kind.__name__)
        self._faulted.emit((text, details))  # in whatever thread it was

    @Slot(object)
    def _on_faulted(self, fault: tuple[str, str]) -> None:
        text, details = fault
        self.window.say(text, "error", details)

    @Slot()
    def _on_network_failed(self) -> None:
        # a window without a network would be of no use; this one comes along
        explorer = self.explorer
        if explorer is not None and not self._fell_back:
            self._fell_back = True
            explorer.choose_network(_FIRST_NETWORK)

    @Slot()
    def _on_painted(self) -> None:
        from cnn_explorer.graph.model import DrawingOptions
        from cnn_explorer.gui.state.downloads import Downloads
        from cnn_explorer.gui.state.explorer import Explorer
        from cnn_explorer.gui.state.network_model import NetworkModel
        from cnn_explorer.gui.state.weights_choice import WeightsChoice, badge_of
        from cnn_explorer.gui.widgets.panels import Panels
        from cnn_explorer.networks.onnx_facts import is_onnx_path

        if not self.window.isVisible():  # closed before it was furnished
            return
        networks = self._networks or _all_networks()
        settings = self._settings
        options = DrawingOptions("right" if settings.left_to_right else "down")
        explorer = Explorer(
            self,
            networks,
            settings.versions,
            settings.expansions,
            options,
            settings.precision,
            settings.cache_mb * 2**20,
        )
        explorer.network_failed.connect(self._on_network_failed)
        downloads = Downloads(self, self._downloader)
        choice = WeightsChoice(explorer, downloads, self)
        self.explorer, self._downloads = explorer, downloads
        model = NetworkModel(networks.values(), badge_of, self)
        self.window.furnish(explorer, Panels(explorer, model, choice, self.window))
        known = self._network in networks  # what the settings remember may be gone
        if is_onnx_path(self._network):
            explorer.open_onnx(Path(self._network), layer=self._layer)
        else:
            explorer.choose_network(self._network if known else _FIRST_NETWORK, layer=self._layer)
        if self._picture is not None:
            self.window.open_path(self._picture)
        self.furnished.emit()
        explorer.start()


def _all_networks() -> Mapping[str, NetworkCard]:
    """The networks that the window offers, by name. The list shows a library's own last, under the
    library's name."""
    from cnn_explorer.networks.catalog import ALL

    return ALL


def run_window(picture: Path | None, network: str | None) -> int:
    """Show the window until it is closed; gives the exit code."""
    settings = Settings.of_user()
    if settings.size != 100:  # Qt reads it once, before the application is made
        os.environ.setdefault("QT_SCALE_FACTOR", f"{settings.size / 100:g}")
    app = make_application()
    apply_theme(app, settings.theme)
    program = Program(settings, network or settings.network, picture=picture)
    interrupt = _Interrupt(program)
    sys.excepthook = program.report
    program.furnished.connect(_log_to_file)
    program.window.show()
    code = app.exec()
    interrupt.release()
    program.close()
    # while there is still an application: the interpreter takes widgets apart in no order
    program.window.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    return code


class _Interrupt(QObject):
    """Ctrl+C in the terminal closes the window as a click would.

    Python handles signals between its own instructions, and Qt's event loop runs none while it
    waits: the signal is written to a socket that wakes the loop.
    """

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._window = program.window
        self._give_back: Callable[[], None] | None = None
        program.furnished.connect(self._take)

    def release(self) -> None:
        """Give the signal back to who had it."""
        if self._give_back is not None:
            self._give_back()

    @Slot()
    def _take(self) -> None:
        import signal
        import socket

        reader, writer = socket.socketpair()
        writer.setblocking(False)
        old_wakeup = signal.set_wakeup_fd(writer.fileno())
        old_handler = signal.signal(signal.SIGINT, lambda _number, _frame: None)
        notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read, self)
        notifier.activated.connect(self._window.close)

        def give_back() -> None:
            notifier.setEnabled(False)
            signal.signal(signal.SIGINT, old_handler)
            signal.set_wakeup_fd(old_wakeup)
            reader.close()
            writer.close()

        self._give_back = give_back


class _Settling(QObject):
    """Waits until all work has settled, and notes what went wrong on the way."""

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.error: str | None = None
        self._awaits_frame = False
        self._program = program
        self._loop = QEventLoop(self)
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(_SNAPSHOT_PATIENCE)
        self._limit.timeout.connect(self._on_limit)
        program.furnished.connect(self._on_furnished)

    def wait(self) -> None:
        """Turn the event loop until nothing runs and nothing waits."""
        self._limit.start()
        self._loop.exec()
        self._limit.stop()

    def wait_for_frame(self, live: Live) -> None:
        """Turn the event loop until a frame has been answered, or none can be had."""
        live.pace_told.connect(self._on_frame)
        live.condition_changed.connect(self._on_condition)
        self._on_condition(live.condition)
        if self.error is None:
            self._awaits_frame = True
            self.wait()
            self._awaits_frame = False

    @Slot()
    def _on_frame(self) -> None:
        self._loop.quit()

    @Slot(object)
    def _on_condition(self, condition: Condition) -> None:
        if condition.stage == "failed":
            self.error = condition.sentence.rstrip(".") + "."
            self._loop.quit()

    @Slot()
    def _on_furnished(self) -> None:
        explorer = self._program.explorer
        if explorer is not None:
            # queued: the signal comes amid the work that a last response makes
            explorer.settled.connect(self._on_settled, Qt.ConnectionType.QueuedConnection)
            explorer.message_shown.connect(self._on_message)

    @Slot()
    def _on_settled(self) -> None:
        explorer = self._program.explorer
        if explorer is not None and explorer.idle and not self._awaits_frame:
            self._loop.quit()

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
    coloured_by: str = "",
    compare: Sequence[str] = (),
    scale: float = 1.0,
    framing: Callable[[Picture], Framing] | None = None,
) -> int:
    """Draw the real window without a display and save it when all work has settled.

    `size` is in logical pixels; `scale` multiplies it (2.0 for a picture as on a 2x display). The
    networks to `compare`, if there are any, stand side by side in the place of the graph.
    `framing` says how the picture is framed. In the place of a picture a video will do: its first
    frame that is answered is held fast.
    """
    import tempfile

    from cnn_explorer.media.save import write_bytes
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.networks.onnx_facts import is_onnx_path

    if output.suffix.lower() != ".png":
        raise ExplorerError(f"the snapshot {output.name} must end in .png.")
    if picture is not None and picture.is_dir():
        raise ExplorerError(f'"{picture}" is a folder: choose a picture in it.')
    name = network or _FIRST_NETWORK
    title = Path(name).stem if is_onnx_path(name) else card_of(name).title
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"
    app = make_application()
    apply_theme(app, "dark" if theme == "dark" else "light")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.in_file(Path(folder) / "settings.ini")
        settings.coloured_by = coloured_by
        settings.animate = False  # blocks that open would be caught half-way
        program = Program(
            settings,
            name,
            layer=layer or "",
            picture=picture,
        )
        window = program.window
        try:
            window.resize(*size)
            window.show_layer_tab(window.tab_index(tab))
            settling = _Settling(program)
            window.show()
            settling.wait()
            explorer = program.explorer
            if explorer is not None and window.live.source is not None:
                if explorer.picture is None:
                    settling.wait_for_frame(window.live)
                window.live.freeze(True)
                if not explorer.idle:
                    settling.wait()
            if framing is not None and explorer is not None and explorer.picture is not None:
                wanted = framing(explorer.picture)
                if wanted != explorer.framing:
                    explorer.frame_as(wanted)
                    settling.wait()
            if compare and settling.error is None:
                window.compare(compare)
                settling.wait()
            if (window.width(), window.height()) != size:
                least = f"{window.width()}x{window.height()}"
                raise UsageError(f"the window does not fit in that size; take at least {least}.")
            if settling.error is not None:
                raise ExplorerError(settling.error)
            if layer and explorer is not None and explorer.layer != layer:
                raise ExplorerError(f'{title} has no layer "{layer}".')
            app.processEvents()  # what the last response asked to be painted
            write_bytes(output, _png(window))
        finally:
            program.close()
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
    import logging
    from logging.handlers import RotatingFileHandler

    from cnn_explorer.paths import log_folder

    class Log(RotatingFileHandler):
        def handleError(self, record: logging.LogRecord) -> None:
            """A log that cannot be written is no one's concern, and nothing for the terminal."""

    root = logging.getLogger("cnn_explorer")
    root.addHandler(logging.NullHandler())  # without any handler, logging would print to stderr
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
        handler = Log(log_folder() / "window.log", maxBytes=500_000, backupCount=1, delay=True)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.INFO)
