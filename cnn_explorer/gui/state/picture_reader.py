"""A thread beside the engine for what pictures need that are not yet to be classified: which there
are in folders, and what they look like in small.

It runs one thing at a time and no torch, so it takes a processor from a running network for the
few milliseconds of a thumbnail at most.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal, Slot
from PySide6.QtGui import QImage

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.text import capitalised

SIDE = 112
"""Of a thumbnail, pixels: twice of what is shown, for a 2x screen."""


@dataclass(frozen=True, eq=False)
class Shrunk:
    """A picture file in small."""

    path: Path
    image: QImage | None
    """None where it cannot be read."""
    sentence: str = ""
    """Why not."""


@dataclass(frozen=True, eq=False)
class _Search:
    asked: tuple[Path, ...]
    given_up: threading.Event = field(default_factory=threading.Event)


class _Worker(QObject):
    """Lives in the thread."""

    gathered = Signal(object, object)
    shrunk = Signal(object)

    def __init__(self, ending: threading.Event) -> None:
        super().__init__()
        self._ending = ending

    @Slot(object)
    def gather(self, search: _Search) -> None:
        from cnn_explorer.media.gather import gather

        def checkpoint(fraction: float) -> None:
            del fraction
            if search.given_up.is_set() or self._ending.is_set():
                raise Cancelled

        try:
            checkpoint(0.0)
            self.gathered.emit(search, gather(search.asked, checkpoint))
        except Cancelled:
            pass
        except ExplorerError as error:
            self.gathered.emit(search, capitalised(str(error)))

    @Slot(object)
    def shrink(self, path: Path) -> None:
        from cnn_explorer.gui.state.qimages import to_qimage
        from cnn_explorer.media.decode import decode_small

        def checkpoint(fraction: float) -> None:
            del fraction
            if self._ending.is_set():
                raise Cancelled

        try:
            checkpoint(0.0)
            shrunk = Shrunk(path, to_qimage(decode_small(path, SIDE, checkpoint).rgb))
        except Cancelled:
            return
        except ExplorerError as error:
            shrunk = Shrunk(path, None, capitalised(str(error)))
        except MemoryError:
            shrunk = Shrunk(path, None, "There is not enough memory for it.")
        self.shrunk.emit(shrunk)


class PictureReader(QObject):
    """The GUI thread's handle on the thread, which starts with the first thing to do."""

    gathered = Signal(object)
    """What the last search found, a `Gathered`, or a sentence on why there is nothing."""
    shrunk = Signal(object)
    """A `Shrunk`."""
    _gathering = Signal(object)
    _shrinking = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._search: _Search | None = None
        self._ending = threading.Event()
        self._thread = QThread(self)
        self._thread.setObjectName("pictures")
        self._worker = _Worker(self._ending)
        self._worker.moveToThread(self._thread)
        self._gathering.connect(self._worker.gather)
        self._shrinking.connect(self._worker.shrink)
        self._worker.gathered.connect(self._on_gathered)
        self._worker.shrunk.connect(self.shrunk)

    def gather(self, asked: tuple[Path, ...]) -> None:
        """Look for pictures; a search that is under way is given up."""
        self.give_up()
        self._search = _Search(asked)
        self._begin()
        self._gathering.emit(self._search)

    def give_up(self) -> None:
        """Look no further: nothing is heard of a search that is under way."""
        if self._search is not None:
            self._search.given_up.set()
            self._search = None

    def shrink(self, path: Path) -> None:
        """Make a thumbnail."""
        self._begin()
        self._shrinking.emit(path)

    def close(self) -> None:
        """End the thread; what it does is broken off."""
        self.give_up()
        self._ending.set()
        self._thread.quit()
        self._thread.wait()

    def _begin(self) -> None:
        if not self._thread.isRunning() and not self._ending.is_set():
            self._thread.start()

    @Slot(object, object)
    def _on_gathered(self, search: _Search, found: object) -> None:
        if search is self._search:
            self._search = None
            self.gathered.emit(found)
