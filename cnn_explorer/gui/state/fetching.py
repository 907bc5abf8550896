"""Getting a picture from the web: the command ``fetch``, in a process of its own.

The newest request wins: what was asked for before is stopped. The picture comes as bytes, for the
engine to decode like those of any other file; the process's own file is gone by then.
"""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.gui.state.own_command import Ended, OwnCommand, number, own_command
from cnn_explorer.media.address import MOST_BYTES


@dataclass(frozen=True)
class FetchProgress:
    """How far a picture is. Both 0 as long as nothing has come."""

    url: str
    done: int = 0
    total: int = 0
    """Bytes; 0 where the server does not say."""


@dataclass(frozen=True)
class PictureFetched:
    """The bytes of a picture file, and what to call it."""

    url: str
    name: str
    data: bytes


@dataclass(frozen=True)
class FetchFailed:
    """There is no picture, and why."""

    url: str
    text: str
    """One sentence."""
    details: str = ""


class Fetching(QObject):
    """One picture at a time; who asks for another one wants that instead."""

    progressed = Signal(object)
    """A `FetchProgress`."""
    arrived = Signal(object)
    """A `PictureFetched`."""
    failed = Signal(object)
    """A `FetchFailed`. Nothing is told of what was cancelled or of what a newer one replaced."""
    busy_changed = Signal(bool)
    """Whether a picture is being fetched."""

    def __init__(self, parent: QObject | None = None, command: Sequence[str] | None = None) -> None:
        """`command` is called with ``-o FILE --json -- URL`` behind it."""
        super().__init__(parent)
        self._process = OwnCommand(self, command or own_command("fetch"))
        self._process.told.connect(self._on_told)
        self._process.ended.connect(self._on_ended)
        self._wanted = ""
        """What is to come; the process may still be ending with something else."""
        self._allow_private = False
        self._folder = ""
        self._name = ""

    @property
    def url(self) -> str:
        """What is being fetched; empty where nothing is."""
        return self._wanted

    def fetch(self, url: str, *, allow_private: bool = False) -> None:
        """Fetch a picture, instead of what is being fetched. `allow_private` lets addresses of
        this computer and its own network through."""
        if not url:
            self.cancel()
            return
        was_busy = bool(self._wanted)
        self._wanted, self._allow_private = url, allow_private
        self._process.stop()
        self._start()
        if not was_busy and self._wanted:
            self.busy_changed.emit(True)

    @Slot()
    def cancel(self) -> None:
        """Leave what is being fetched."""
        self._process.stop()
        self._be_done()

    def close(self) -> None:
        """Leave it for good; nothing is told any more."""
        self._wanted = ""
        self._process.close()
        self._clear()

    def _start(self) -> None:
        """Start on what is wanted, as soon as the process before has ended."""
        if not self._wanted or self._process.runs:
            return
        try:
            self._folder = tempfile.mkdtemp(prefix="cnn-explorer-")
        except OSError as error:
            self._fail(self.tr("There is no place for the picture: make room on the disk."), error)
            return
        self._name = ""
        private = ["--allow-private"] if self._allow_private else []
        # an address is never taken for an option
        self._process.start(["-o", str(self._file), "--json", *private, "--", self._wanted])

    @property
    def _file(self) -> Path:
        return Path(self._folder) / "picture"

    def _clear(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = ""

    def _be_done(self) -> None:
        if self._wanted:
            self._wanted = ""
            self.busy_changed.emit(False)

    def _fail(self, text: str, reason: object) -> None:
        url = self._wanted
        self._be_done()
        self.failed.emit(FetchFailed(url, text, str(reason)))

    @Slot(dict)
    def _on_told(self, event: dict[str, object]) -> None:
        if event.get("event") == "progress":
            done, total = (int(number(event.get(key))) for key in ("done", "total"))
            self.progressed.emit(FetchProgress(self._wanted, done, total))
        elif event.get("event") == "done" and isinstance(event.get("name"), str):
            self._name = str(event["name"])

    @Slot(object)
    def _on_ended(self, ended: Ended) -> None:
        data = b""
        if not ended.stopped and not ended.fault and self._name:
            try:
                with self._file.open("rb") as file:
                    data = file.read(MOST_BYTES + 1)
            except OSError as error:
                ended = Ended(str(error))
        self._clear()
        if ended.stopped:
            self._start()  # what replaced it, if anything did
        elif data:
            url = self._wanted
            self._be_done()
            self.arrived.emit(PictureFetched(url, self._name, data))
        elif ended.error:
            self._fail(ended.error, "")
        else:
            self._fail(self.tr("The picture could not be fetched; try again."), ended.details)
