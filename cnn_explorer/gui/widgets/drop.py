"""What a drag or the clipboard carries, as far as the window can use it. Hostile until parsed."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage


@dataclass(frozen=True)
class Offered:
    """One picture of a drag or the clipboard: a local file, or an image; neither where unusable."""

    path: Path | None = None
    image: QImage | None = None
    files: int = 0
    """How many files were offered: more than one means that the rest is passed over."""
    remote: bool = False
    """Only addresses of other machines were offered."""

    @property
    def usable(self) -> bool:
        return self.path is not None or self.image is not None


def may_offer(data: QMimeData) -> bool:
    """Whether a drag is worth accepting, told from its formats alone."""
    return data.hasUrls() or data.hasImage()


def offered(data: QMimeData) -> Offered:
    """Read a drag's or the clipboard's data."""
    urls = data.urls() if data.hasUrls() else []
    local = [url.toLocalFile() for url in urls if url.isLocalFile() and url.toLocalFile()]
    if local:
        return Offered(path=Path(local[0]), files=len(local))
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return Offered(image=image)
    text = data.text().strip() if data.hasText() else ""
    if text.startswith("/") and text.isprintable() and len(text) < 4096 and Path(text).is_file():
        return Offered(path=Path(text), files=1)
    return Offered(remote=bool(urls))
