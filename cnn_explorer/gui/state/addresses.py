"""Opens what an address names: a file, a picture on the web, a picture within the address."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.gui.state.explorer import Busy, Explorer, Message
from cnn_explorer.gui.state.fetching import FetchFailed, Fetching, FetchProgress, PictureFetched
from cnn_explorer.media.address import DataAddress, LocalFile, WebAddress, what


class Addresses(QObject):
    """Joins addresses to the explorer, which decodes and classifies what they bring."""

    file_named = Signal(object)
    """The `Path` of a file that an address names: what it is, others tell."""
    message_shown = Signal(object)
    """A `Message`."""
    busy_changed = Signal(object)
    """A `Busy`, or None when nothing is being fetched."""

    def __init__(
        self, explorer: Explorer, fetching: Fetching, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._fetching = fetching
        self._busy: Busy | None = None
        fetching.progressed.connect(self._on_progressed)
        fetching.arrived.connect(self._on_arrived)
        fetching.failed.connect(self._on_failed)
        fetching.busy_changed.connect(self._on_busy_changed)

    @property
    def busy(self) -> Busy | None:
        """What is being fetched; None where nothing is."""
        return self._busy

    def open(self, text: str, *, allow_private: bool = False) -> None:
        """Open what a text names. What cannot be opened is said in a message and leaves everything
        as it was; `allow_private` as in `Fetching.fetch`."""
        address = what(text)
        match address:
            case LocalFile(path):
                self.file_named.emit(Path(path))
            case WebAddress(url, name):
                self._busy = Busy(self.tr("Fetching {}").format(name), -1)
                self._fetching.fetch(url, allow_private=allow_private)
                self._tell_busy()
            case DataAddress():
                self._explorer.open_data(address, address.name)
            case _:
                self.message_shown.emit(Message(address.reason, "warning"))

    @Slot()
    def cancel(self) -> None:
        """Stop fetching."""
        self._fetching.cancel()

    def close(self) -> None:
        """Stop for good."""
        self._fetching.close()

    def _tell_busy(self) -> None:
        self.busy_changed.emit(self._busy)

    @Slot(object)
    def _on_progressed(self, progress: FetchProgress) -> None:
        if self._busy is not None and progress.total:
            self._busy = Busy(self._busy.title, min(1.0, progress.done / progress.total))
            self._tell_busy()

    @Slot(bool)
    def _on_busy_changed(self, is_busy: bool) -> None:
        if not is_busy:
            self._busy = None
            self._tell_busy()

    @Slot(object)
    def _on_arrived(self, fetched: PictureFetched) -> None:
        self._explorer.open_data(fetched.data, fetched.name)

    @Slot(object)
    def _on_failed(self, failed: FetchFailed) -> None:
        self.message_shown.emit(Message(failed.text, "error", failed.details))
