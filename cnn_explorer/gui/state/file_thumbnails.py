"""Thumbnails of picture files: those in sight are made one by one, and kept for a while."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from cnn_explorer.gui.state.picture_reader import PictureReader, Shrunk

MOST_KEPT = 400
"""Twenty megabytes of them."""
_BREATH = 250  # ms between two thumbnails while the engine works


class FileThumbnails(QObject):
    """Which thumbnails there are, and which are wanted."""

    made = Signal(object)
    """The `Path` of a picture whose thumbnail is there now, or that cannot be read."""

    def __init__(
        self, reader: PictureReader, idle: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        """`idle` says whether the engine rests. While it works it is left the processor: a
        thumbnail is made every quarter of a second then."""
        super().__init__(parent)
        self._reader = reader
        self._idle = idle
        self._kept: OrderedDict[Path, QImage] = OrderedDict()
        self._failed: dict[Path, str] = {}
        self._wanted: list[Path] = []
        self._under_way: Path | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_BREATH)
        self._pause.timeout.connect(self._make_next)
        reader.shrunk.connect(self._on_shrunk)

    def of(self, path: Path) -> QImage | None:
        """The thumbnail of a file, where there is one."""
        image = self._kept.get(path)
        if image is not None:
            self._kept.move_to_end(path)
        return image

    def trouble(self, path: Path) -> str:
        """Why a file has none, a sentence; empty where that is not so."""
        return self._failed.get(path, "")

    def want(self, paths: Sequence[Path]) -> None:
        """Make these, in this order, instead of what was wanted before."""
        self._wanted = list(paths[:MOST_KEPT])
        if not self._pause.isActive():
            self._make_next()

    def forget(self) -> None:
        """Keep none and make none."""
        self._pause.stop()
        self._wanted = []
        self._kept.clear()
        self._failed.clear()

    @Slot()
    def _make_next(self) -> None:
        while self._under_way is None and self._wanted:
            path = self._wanted.pop(0)
            if path not in self._kept and path not in self._failed:
                self._under_way = path
                self._reader.shrink(path)

    @Slot(object)
    def _on_shrunk(self, shrunk: Shrunk) -> None:
        if shrunk.path != self._under_way:
            return  # others have the same thread make theirs
        self._under_way = None
        if shrunk.image is None:
            self._failed[shrunk.path] = shrunk.sentence
        else:
            self._kept[shrunk.path] = shrunk.image
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        self.made.emit(shrunk.path)
        if not self._wanted:
            return
        if self._idle():
            self._make_next()
        else:
            self._pause.start()
