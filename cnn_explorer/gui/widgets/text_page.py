"""Formatted text to read: it fetches nothing, and its links open in the web browser."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QPalette
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars


class TextPage(QTextBrowser):
    """Formatted text that loads nothing by itself and opens links in the web browser."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setFont(theme.text_font(14))
        self.document().setDocumentMargin(theme.MARGIN)
        # the margins around the text are paper too
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.anchorClicked.connect(self._on_anchor_clicked)

    def _on_anchor_clicked(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)

    # Overrides of Qt

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: ARG002
        # a lesson is text: whatever else it names, here or elsewhere, is not fetched
        return None
