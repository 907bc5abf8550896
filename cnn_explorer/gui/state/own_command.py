"""This program's own command line as a process: started, listened to, stopped.

What takes long because of the network runs so: the window stays live, stopping is as safe as
closing a terminal, and a person can type the same. A command tells in JSON lines how far it is, and
what goes wrong is one line on standard error.
"""

import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

import cnn_explorer
from cnn_explorer.text import capitalised

log = logging.getLogger(__name__)

MERCY_MS = 2000
"""How long a process may take to end when it was asked to, before it is killed."""
_LONGEST = 65_536
"""Characters kept of an unfinished line, and of what a process complains of."""
_ERROR = "cnn-explorer: error: "


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    fault: str = ""
    """What was wrong with the process (``exit code 1``); empty where it ended well."""
    error: str = ""
    """The sentence that the command printed; empty where it printed none."""
    said: str = ""
    """All that it complained of."""
    stopped: bool = False
    """It was told to."""

    @property
    def details(self) -> str:
        """For whoever wants to know more than a sentence of ours."""
        return f"{self.fault or 'exit code 0'}\n{self.said}".strip()


def own_command(*words: str) -> tuple[str, ...]:
    """How this program calls its own command line."""
    if getattr(sys, "frozen", False):
        return (sys.executable, *words)
    # -P: what lies in the folder that a person works in is none of our modules
    return (sys.executable, "-P", "-m", "cnn_explorer", *words)


def number(value: object) -> float:
    """A count that a process told; 0 where it is none."""
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    return max(0.0, min(float(value), 1e15)) if sound and value == value else 0.0  # type: ignore[arg-type]


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


class OwnCommand(QObject):
    """One process after the other."""

    told = Signal(dict)
    """What a line of the process says; none after it was told to stop."""
    ended = Signal(object)
    """An `Ended`; not after `close`."""

    def __init__(self, parent: QObject | None, command: Sequence[str]) -> None:
        """`command` is called with what `start` is given behind it."""
        super().__init__(parent)
        self._command = tuple(command)
        self._process: QProcess | None = None
        self._line = b""
        self._complaint = b""
        self._stopping = False
        self._closed = False
        self._mercy = QTimer(self)
        self._mercy.setSingleShot(True)
        self._mercy.setInterval(MERCY_MS)
        self._mercy.timeout.connect(self._kill)

    @property
    def runs(self) -> bool:
        """Whether a process is there, be it one that is ending."""
        return self._process is not None

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping

    def start(self, arguments: Sequence[str]) -> None:
        """Start the command, where none runs."""
        if self._process is not None or self._closed:
            return
        self._line, self._complaint, self._stopping = b"", b"", False
        process = QProcess(self)
        process.setProcessEnvironment(_environment())
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_complaint)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        program, *before = self._command
        process.start(program, [*before, *arguments])
        process.closeWriteChannel()

    def stop(self) -> None:
        """Ask the process to end, and end it if it does not."""
        if self._process is not None and not self._stopping:
            self._stopping = True
            self._process.terminate()
            self._mercy.start()

    def close(self) -> None:
        """End the process and wait for that; nothing is told any more."""
        self._closed = True
        process = self._process
        if process is None:
            return
        self.stop()
        if not process.waitForFinished(MERCY_MS):
            process.kill()
            process.waitForFinished(MERCY_MS)
        self._mercy.stop()

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
            event: Any = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(event, dict) and not self._stopping:
            self.told.emit(event)

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
        sound = code == 0 and not crashed
        self._end("" if sound else f"exit code {code}" + (", crashed" if crashed else ""))

    def _end(self, fault: str) -> None:
        process, stopped = self._process, self._stopping
        self._mercy.stop()
        self._process = None
        self._stopping = False
        if process is not None:
            process.deleteLater()
        if self._closed:
            return
        said = self._complaint.decode("utf-8", "replace").strip()
        if fault and not stopped:
            log.warning("%s: %s\n%s", " ".join(self._command), fault, said)
        last = said.splitlines()[-1] if said else ""
        error = capitalised(last.removeprefix(_ERROR)) if last.startswith(_ERROR) else ""
        self.ended.emit(Ended(fault, error, said, stopped))
