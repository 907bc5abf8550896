"""What a drag or the clipboard carries, as far as the window can use it. Hostile until parsed."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.widgets.theme import ground

NETWORK_FORMAT = "application/x-cnn-explorer-network"
"""What is dragged out of the list of networks: a name."""


def network_dragged(data: QMimeData) -> str:
    """The name of the network that is dragged; empty where none is."""
    return bytes(data.data(NETWORK_FORMAT).data()).decode("utf-8", "replace")


@dataclass(frozen=True)
class Offered:
    """One picture of a drag or the clipboard: a local file, or an image; neither where unusable."""

    path: Path | None = None
    image: QImage | None = None
    files: int = 0
    """How many files were offered: more than one means that the rest is passed over."""
    remote: bool = False
    """Only addresses of other machines were offered."""


def may_offer(data: QMimeData) -> bool:
    """Whether a drag is worth accepting, told from its formats alone."""
    return data.hasUrls() or data.hasImage()


def offered(data: QMimeData) -> Offered:
    """Read a drag's or the clipboard's data."""
    urls = data.urls() if data.hasUrls() else []
    local = [url for url in urls if url.isLocalFile() and url.toLocalFile()]
    if local:
        return Offered(path=_path_of(local[0]), files=len(local))
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return Offered(image=image)
    text = data.text().strip() if data.hasText() else ""
    if text.startswith("/") and text.isprintable() and len(text) < 4096 and Path(text).is_file():
        return Offered(path=Path(text), files=1)
    return Offered(remote=bool(urls))


def _path_of(url: QUrl) -> Path:
    """A local file's path, byte for byte: Qt's own text has lost what is not UTF-8 in it."""
    if os.name != "posix":
        return Path(url.toLocalFile())
    path = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    return Path(os.fsdecode(unquote_to_bytes(path)))


class DropHint(QWidget):
    """The frame over the window while a picture hangs above it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def cover(self) -> None:
        """Lie over the whole parent."""
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        accent = QColor(ground(self).selection)
        fill = QColor(accent)
        fill.setAlphaF(0.18)  # seen on a projector too
        painter.fillRect(self.rect(), fill)
        painter.setPen(QPen(accent, 4))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 8, 8)
        text = self.tr("Drop a picture to classify it, weights or an ONNX file to open them")
        font = self.font()
        font.setPixelSize(20)
        painter.setFont(font)
        box = painter.fontMetrics().boundingRect(text).adjusted(-24, -14, 24, 14)
        box.moveCenter(self.rect().center())
        painter.setBrush(self.palette().window())
        painter.drawRoundedRect(box, 10, 10)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
