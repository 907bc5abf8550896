"""Getting published weights: the command line's download, in a process of its own.

``cnn-explorer weights download NAME --version TAG --json`` tells in JSON lines how far it is. The
window stays live meanwhile, and stopping is as safe as closing a terminal.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.gui.state.own_command import Ended, OwnCommand, number, own_command


@dataclass(frozen=True)
class Wanted:
    """One set of weights: a network's name, and the tag of its entry."""

    network: str
    version: str


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is. Both 0 while it waits or nothing has come yet."""

    wanted: Wanted
    done: int = 0
    total: int = 0
    """Bytes; 0 where the server does not say."""
    speed: float = 0.0
    """Bytes per second."""
    waiting: bool = False
    """Another download goes first."""


@dataclass(frozen=True)
class Downloaded:
    """The weights are on this machine."""

    wanted: Wanted
    path: str


@dataclass(frozen=True)
class DownloadFailed:
    """They are not, and why."""

    wanted: Wanted
    text: str
    """One sentence."""
    details: str = ""


@dataclass(frozen=True)
class DownloadCancelled:
    """A person stopped it."""

    wanted: Wanted


class Downloads(QObject):
    """Downloads one after the other; those asked for meanwhile wait."""

    progressed = Signal(object)
    """A `DownloadProgress`: one was asked for, waits or goes on."""
    finished = Signal(object)
    """A `Downloaded`."""
    failed = Signal(object)
    """A `DownloadFailed`."""
    cancelled = Signal(object)
    """A `DownloadCancelled`."""

    def __init__(self, parent: QObject | None = None, command: Sequence[str] | None = None) -> None:
        """`command` is called with ``NAME --version TAG --json`` behind it."""
        super().__init__(parent)
        self._waiting: deque[Wanted] = deque()
        self._running: DownloadProgress | None = None
        self._path = ""
        self._process = OwnCommand(self, command or own_command("weights", "download"))
        self._process.told.connect(self._on_told)
        self._process.ended.connect(self._on_ended)
        self._closed = False

    def progress_of(self, wanted: Wanted) -> DownloadProgress | None:
        """How far a download is; None where it was not asked for."""
        running = None if self._process.stopping else self._running
        if running is not None and running.wanted == wanted:
            return running
        return DownloadProgress(wanted, waiting=True) if wanted in self._waiting else None

    @property
    def running(self) -> DownloadProgress | None:
        """The download that goes on."""
        return self._running

    def start(self, network: str, version: str) -> None:
        """Get weights, after those asked for before; twice is once."""
        wanted = Wanted(network, version)
        if self._closed or self.progress_of(wanted) is not None:
            return
        self._waiting.append(wanted)
        self._advance()
        if wanted in self._waiting:
            self.progressed.emit(DownloadProgress(wanted, waiting=True))

    def cancel(self, network: str, version: str) -> None:
        """Stop getting weights, or stop waiting to."""
        wanted = Wanted(network, version)
        if self._running is not None and self._running.wanted == wanted:
            self._process.stop()
        elif wanted in self._waiting:
            self._waiting.remove(wanted)
        else:
            return
        self.cancelled.emit(DownloadCancelled(wanted))

    def close(self) -> None:
        """End what runs and forget what waits; nothing is told any more."""
        self._closed = True
        self._waiting.clear()
        self._process.close()
        self._running = None

    def _advance(self) -> None:
        if self._process.runs or not self._waiting or self._closed:
            return
        wanted = self._waiting.popleft()
        self._running = DownloadProgress(wanted)
        self._path = ""
        self.progressed.emit(self._running)
        # a name or tag is never taken for an option: both stand behind words of ours
        self._process.start([wanted.network, "--version", wanted.version, "--json"])

    @Slot(dict)
    def _on_told(self, event: dict[str, object]) -> None:
        if self._running is None:
            return
        if event.get("event") == "progress":
            done, total, speed = (number(event.get(key)) for key in ("done", "total", "speed"))
            self._running = DownloadProgress(
                self._running.wanted, int(done), int(total), float(speed)
            )
            self.progressed.emit(self._running)
        elif event.get("event") == "done" and isinstance(event.get("path"), str):
            self._path = str(event["path"])

    @Slot(object)
    def _on_ended(self, ended: Ended) -> None:
        running = self._running
        self._running = None
        if running is not None and not ended.stopped:
            self._tell(running.wanted, ended)
        self._advance()

    def _tell(self, wanted: Wanted, ended: Ended) -> None:
        if not ended.fault and self._path:
            self.finished.emit(Downloaded(wanted, self._path))
        elif ended.error:
            self.failed.emit(DownloadFailed(wanted, ended.error))
        else:
            text = self.tr("The download ended without success; try again.")
            self.failed.emit(DownloadFailed(wanted, text, ended.details))
