"""What a drag or the clipboard carries, as far as the window can use it. Hostile until parsed.

Which of its formats counts is decided here; what a text in one of them points to, `media.address`
says.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.widgets.theme import ground
from cnn_explorer.media.address import LocalFile, scheme_of, what
from cnn_explorer.media.formats import PICTURES

NETWORK_FORMAT = "application/x-cnn-explorer-network"
"""What is dragged out of the list of networks: a name."""

MOST_PATHS = 10_000
"""More files of one drag are not looked at."""
_MOST_TEXT = 2_000_000
"""Longer lists of addresses and longer texts are not read, unless they are one picture."""
_MOST_PICTURE = 72_000_000
"""Of a picture that is written out in an address: 50 MB in base64, and some."""
_FIRST_TAGS = 20
"""So many `<img>` are looked at for one with an address."""
_SOURCE = re.compile(r"""\ssrc\s*=\s*(["']?)""", re.IGNORECASE)
_LONGEST_TAG = 4096
"""How far behind `<img` its `src` may stand."""


def network_dragged(data: QMimeData) -> str:
    """The name of the network that is dragged; empty where none is."""
    return bytes(data.data(NETWORK_FORMAT).data()).decode("utf-8", "replace")


@dataclass(frozen=True)
class Offered:
    """What a drag or the clipboard brings: one of these, or nothing that can be used."""

    paths: tuple[Path, ...] = ()
    """Files and folders of this computer, in the order given, each once."""
    image: QImage | None = None
    """A picture as pixels."""
    address: str = ""
    """Where a picture lies on the net (``http:``, ``https:``), or a picture itself (``data:``).
    One of another kind where nothing else was offered: whoever opens it says why that is of no
    use."""


def may_offer(data: QMimeData) -> bool:
    """Whether a drag is worth accepting, told from its formats alone."""
    return data.hasUrls() or data.hasImage() or data.hasHtml() or data.hasText()


def offered(data: QMimeData) -> Offered:
    """Read a drag's or the clipboard's data.

    Files come first, for they are what a person sees in a file manager; then pixels; then
    addresses. Programs offer one thing in several formats: a browser gives the address of the link
    that a picture stands in as a list of URLs, and the picture's own within HTML.
    """
    urls = _urls(data)
    written = [url.toString(QUrl.ComponentFormattingOption.FullyEncoded) for url in urls]
    paths = _unique(map(_path_of, written))
    if paths:
        return Offered(paths=paths)
    if data.hasImage():
        image = data.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return Offered(image=image)
    addresses = [*written, *_mozilla_addresses(data)]
    text = _text(data)
    addresses += [text] if scheme_of(text) and not text[:_MOST_TEXT].split()[1:] else []
    link = next((address for address in addresses if scheme_of(address) in _FETCHED), "")
    shown = _image_source(data, link)
    if shown and not _names_picture(link):
        is_file = scheme_of(shown) == "file"
        return Offered(paths=_paths_in(shown)) if is_file else Offered(address=shown)
    if link:
        return Offered(address=link)
    paths = _paths_in(text)
    if paths:
        return Offered(paths=paths)
    return Offered(address=next(filter(scheme_of, addresses), ""))


_FETCHED = ("http", "https", "data")


def _urls(data: QMimeData) -> list[QUrl]:
    """The addresses in the list that drags and file managers give."""
    if not data.hasUrls():
        return []
    length = data.data("text/uri-list").size()
    if length > _MOST_TEXT:
        return []
    return [url for url in data.urls()[:MOST_PATHS] if url.isValid() and not url.isEmpty()]


def _unique(paths: Iterable[Path | None]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(path for path in paths if path is not None))[:MOST_PATHS]


def _path_of(text: str) -> Path | None:
    """The file of this computer that a text names; None where it names something else."""
    address = what(text)
    return address.path if isinstance(address, LocalFile) else None


def _names_picture(address: str) -> bool:
    """Whether an address is that of a picture, as far as its ending tells."""
    if scheme_of(address) == "data":
        return True
    try:
        return urlsplit(address).path.lower().endswith(PICTURES)
    except ValueError:  # as of a bracket without its partner
        return False


def _text_of(raw: bytes) -> str:
    """Text of a format whose encoding Qt does not know: Firefox gives UTF-16, others UTF-8."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    # of UTF-16 without a mark every other byte of an address is zero
    encoding = "utf-16-le" if len(raw) > 1 and raw[1] == 0 else "utf-8"
    return raw.decode(encoding, "replace").strip("\0\ufeff")


def _raw(data: QMimeData, form: str) -> str:
    if not data.hasFormat(form):
        return ""
    raw = data.data(form)
    return "" if raw.size() > 2 * _MOST_PICTURE else _text_of(bytes(raw.data()))


def _mozilla_addresses(data: QMimeData) -> list[str]:
    """What browsers give beside the list: an address, and its title in a second line."""
    first = []
    for form in ("text/x-moz-url-data", "text/x-moz-url", "_NETSCAPE_URL"):
        lines = _raw(data, form).strip().splitlines()[:1]
        first += [line.strip() for line in lines if scheme_of(line.strip())]
    return first


def _text(data: QMimeData) -> str:
    text = data.text().strip() if data.hasText() else ""
    too_long = len(text) > (_MOST_PICTURE if text[:5].lower() == "data:" else _MOST_TEXT)
    return "" if too_long else text


def _image_source(data: QMimeData, link: str) -> str:
    """The address of the first picture in HTML; empty where there is none.

    Looked for by hand: what is dragged may be a picture of megabytes in one attribute, or a page
    made so that a parser takes for ever over it.
    """
    page = _raw(data, "text/html")
    low = page.lower()
    at = 0
    for _ in range(_FIRST_TAGS):
        at = low.find("<img", at) + 4
        if at < 4:
            break
        start = _SOURCE.search(page, at, at + _LONGEST_TAG)
        if start is None:
            continue
        quote = start[1]
        end = page.find(quote, start.end()) if quote else -1
        if not quote:
            bare = re.compile(r"[\s>]").search(page, start.end())
            end = -1 if bare is None else bare.start()
        if end < 0:
            continue
        source = html.unescape(page[start.end() : end]).strip()
        try:
            source = source if scheme_of(source) else urljoin(link, source)
        except ValueError:
            continue
        if scheme_of(source) in (*_FETCHED, "file"):
            return source
    return ""


def _paths_in(text: str) -> tuple[Path, ...]:
    """The files and folders that a text names, one a line; none where one of the lines is
    something else."""
    lines = [line for line in text[:_MOST_TEXT].splitlines() if line.strip()]
    paths = []
    for line in lines[:MOST_PATHS]:
        path = _path_of(line)
        try:
            if path is None or not path.exists():
                return ()
        except (OSError, ValueError):
            return ()
        paths.append(path)
    return _unique(paths)


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
        text = self.tr("Drop pictures, a folder or a video to look at, weights or ONNX to open")
        font = self.font()
        font.setPixelSize(20)
        painter.setFont(font)
        box = painter.fontMetrics().boundingRect(text).adjusted(-24, -14, 24, 14)
        box.moveCenter(self.rect().center())
        painter.setBrush(self.palette().window())
        painter.drawRoundedRect(box, 10, 10)
        painter.setPen(self.palette().windowText().color())
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
