"""Getting published weights: the command line's download, in a process of its own.

``cnn-explorer weights download NAME --version TAG --json`` tells in JSON lines how far it is. The
window stays live meanwhile, and stopping is as safe as closing a terminal.
"""

import json
import logging
import os
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

import cnn_explorer
from cnn_explorer.text import capitalised

log = logging.getLogger(__name__)

_MERCY_MS = 2000
"""How long a process may take to end when it was asked to, before it is killed."""
_LONGEST = 65_536
"""Characters kept of an unfinished line, and of what a process complains of."""
_ERROR = "cnn-explorer: error: "


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


def download_command() -> tuple[str, ...]:
    """How this program calls its own command line."""
    if getattr(sys, "frozen", False):
        return (sys.executable, "weights", "download")
    # -P: what lies in the folder that a person works in is none of our modules
    return (sys.executable, "-P", "-m", "cnn_explorer", "weights", "download")


def _environment() -> QProcessEnvironment:
    """Ours, for a Python that tells each line at once and finds this very package."""
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONUNBUFFERED", "1")  # else its lines would come in heaps
    environment.insert("PYTHONIOENCODING", "utf-8")
    root = Path(cnn_explorer.__file__).parents[1]
    if (root / "pyproject.toml").is_file():  # a source tree, which may not be installed
        paths = filter(None, (str(root), environment.value("PYTHONPATH")))
        environment.insert("PYTHONPATH", os.pathsep.join(paths))
    return environment


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
        self._command = tuple(command or download_command())
        self._waiting: deque[Wanted] = deque()
        self._running: DownloadProgress | None = None
        self._process: QProcess | None = None
        self._path = ""
        self._line = b""
        self._complaint = b""
        self._stopping = False
        self._closed = False
        self._mercy = QTimer(self)
        self._mercy.setSingleShot(True)
        self._mercy.setInterval(_MERCY_MS)
        self._mercy.timeout.connect(self._kill)

    def progress_of(self, wanted: Wanted) -> DownloadProgress | None:
        """How far a download is; None where it was not asked for."""
        if self._running is not None and self._running.wanted == wanted and not self._stopping:
            return self._running
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
            self._stop()
        elif wanted in self._waiting:
            self._waiting.remove(wanted)
        else:
            return
        self.cancelled.emit(DownloadCancelled(wanted))

    def close(self) -> None:
        """End what runs and forget what waits; nothing is told any more."""
        self._closed = True
        self._waiting.clear()
        process = self._process
        if process is None:
            return
        self._stop()
        if not process.waitForFinished(_MERCY_MS):
            process.kill()
            process.waitForFinished(_MERCY_MS)
        self._mercy.stop()

    # the process

    def _advance(self) -> None:
        if self._process is not None or not self._waiting or self._closed:
            return
        wanted = self._waiting.popleft()
        self._running = DownloadProgress(wanted)
        self._path, self._line, self._complaint, self._stopping = "", b"", b"", False
        process = QProcess(self)
        process.setProcessEnvironment(_environment())
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_complaint)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        self.progressed.emit(self._running)
        program, *arguments = self._command
        # a name or tag is never taken for an option: both stand behind words of ours
        process.start(program, [*arguments, wanted.network, "--version", wanted.version, "--json"])
        process.closeWriteChannel()

    def _stop(self) -> None:
        if self._process is not None and not self._stopping:
            self._stopping = True
            self._process.terminate()
            self._mercy.start()

    @Slot()
    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    @Slot()
    def _on_output(self) -> None:
        if self._process is None:
            return
        *lines, rest = (self._line + self._process.readAllStandardOutput().data()).split(b"\n")
        self._line = rest[-_LONGEST:]
        for line in lines:
            self._read(line)

    @Slot()
    def _on_complaint(self) -> None:
        if self._process is not None:
            said = self._complaint + self._process.readAllStandardError().data()
            self._complaint = said[-_LONGEST:]

    def _read(self, line: bytes) -> None:
        """One line of the command's; what is no event of ours is passed over."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict) or self._running is None or self._stopping:
            return
        if event.get("event") == "progress":
            done, total, speed = (_number(event.get(key)) for key in ("done", "total", "speed"))
            self._running = DownloadProgress(
                self._running.wanted, int(done), int(total), float(speed)
            )
            self.progressed.emit(self._running)
        elif event.get("event") == "done" and isinstance(event.get("path"), str):
            self._path = event["path"]

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # whatever else goes wrong ends with `finished`
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(self._process.errorString())

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._on_output()
        self._on_complaint()
        if self._line:
            self._read(self._line)
        crashed = status == QProcess.ExitStatus.CrashExit
        sound = code == 0 and not crashed and bool(self._path)
        self._end("" if sound else f"exit code {code}" + (", crashed" if crashed else ""))

    def _end(self, fault: str) -> None:
        process, running, stopping = self._process, self._running, self._stopping
        self._mercy.stop()
        self._process = None
        self._running = None
        self._stopping = False
        if process is not None:
            process.deleteLater()
        if self._closed or running is None:
            return
        if not stopping:
            self._tell(running.wanted, fault)
        self._advance()

    def _tell(self, wanted: Wanted, fault: str) -> None:
        if not fault:
            self.finished.emit(Downloaded(wanted, self._path))
            return
        said = self._complaint.decode("utf-8", "replace").strip()
        log.warning("download of %s: %s\n%s", wanted, fault, said)
        last = said.splitlines()[-1] if said else ""
        if last.startswith(_ERROR):
            text = last.removeprefix(_ERROR)
            self.failed.emit(DownloadFailed(wanted, capitalised(text)))
            return
        text = self.tr("The download ended without success; try again.")
        self.failed.emit(DownloadFailed(wanted, text, f"{fault}\n{said}".strip()))


def _number(value: object) -> float:
    """A count that a process told; 0 where it is none."""
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    return max(0.0, min(float(value), 1e15)) if sound and value == value else 0.0  # type: ignore[arg-type]
