"""The lesson of a network: what it taught, its facts, its paper."""

from html import escape

from PySide6.QtCore import QEvent, QSize, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QFont,
    QFontMetricsF,
    QPalette,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLength,
    QTextTableCell,
    QTextTableCellFormat,
    QTextTableFormat,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QTextBrowser, QWidget

from cnn_explorer.graph.metrics import format_count, format_macs, format_shape
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import EmptyState
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.paths import resource

_LINE = 75
"""Characters: longer lines are hard to read."""
_SIDE = 360
"""Logical pixels for the facts beside the lesson."""


class Page(QTextBrowser):
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

    # Qt

    def loadResource(self, kind: int, name: QUrl | str) -> object:  # noqa: ARG002
        # a lesson is text: whatever else it names, here or elsewhere, is not fetched
        return None


class AboutPanel(QWidget):
    """Title, authors, the lesson; the facts beside it, or below it where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: NetworkCard | None = None
        self._lesson = ""
        self._beside: bool | None = None
        self.page = Page()
        self.page.setAccessibleName(self.tr("About the network"))
        self.empty = EmptyState(self.tr("Choose a network on the left to read what it taught."))
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.page)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)
        self.setFocusProxy(self.page)

    def show_card(self, card: NetworkCard) -> None:
        """Show a network's lesson and facts."""
        if card is self._card:
            return
        self._card = card
        self._lesson = _read_lesson(card)
        self._pages.setCurrentWidget(self.page)
        self._beside = None
        self._arrange()
        self.page.verticalScrollBar().setValue(0)

    def _arrange(self) -> None:
        """Place the facts, and keep the lines of the lesson short."""
        if self._card is None:
            return
        line = self._line()
        beside = self.width() >= line + _SIDE + 6 * theme.MARGIN
        if beside != self._beside:
            self._beside = beside
            self._write()
        wanted = line + (_SIDE if beside else 0) + 2 * theme.MARGIN
        bar = self.page.verticalScrollBar().sizeHint().width()
        self.page.setViewportMargins(theme.GAP, 0, max(0, self.width() - wanted - bar), 0)

    def _write(self) -> None:
        card = self._card
        assert card is not None
        title, body = _split_title(self._lesson)
        document = self.page.document()
        document.clear()
        cursor = QTextCursor(document)
        form = QTextTableFormat()
        form.setBorder(0)
        form.setCellSpacing(0)
        kind = QTextLength.Type.FixedLength
        side = _SIDE - 3 * theme.MARGIN
        if self._beside:
            form.setColumnWidthConstraints(
                [QTextLength(kind, self._line()), QTextLength(kind, side)]
            )
        table = cursor.insertTable(1, 2 if self._beside else 1, form)
        lesson = table.cellAt(0, 0)
        lesson.firstCursorPosition().insertMarkdown(
            body.strip(), QTextDocument.MarkdownFeature.MarkdownNoHTML
        )
        _set_type(lesson)
        top = lesson.firstCursorPosition()
        top.insertBlock()
        top.movePosition(QTextCursor.MoveOperation.PreviousBlock)
        top.setBlockFormat(QTextBlockFormat())
        top.setBlockCharFormat(QTextCharFormat())
        top.insertHtml(self._heading(card, title or card.title))
        if self._beside:
            cell = QTextTableCellFormat()
            cell.setLeftPadding(3 * theme.MARGIN)
            table.cellAt(0, 1).setFormat(cell)
            table.cellAt(0, 1).firstCursorPosition().insertHtml(self._facts(card))
        else:
            end = lesson.lastCursorPosition()
            end.insertBlock(QTextBlockFormat(), QTextCharFormat())
            end.insertHtml(self._facts(card))
        # the page follows its caret when it is shown
        self.page.moveCursor(QTextCursor.MoveOperation.Start)

    def _line(self) -> int:
        """Logical pixels of a line of the lesson."""
        return round(QFontMetricsF(self.page.font()).averageCharWidth() * _LINE)

    def _heading(self, card: NetworkCard, title: str) -> str:
        paper = escape(card.paper)
        if QUrl(card.url).scheme() in ("http", "https"):
            colour = self.palette().link().color().name()
            paper = f'<a href="{escape(card.url)}" style="color:{colour}">{paper}</a>'
        quiet = theme.quiet_colour(self).name()
        return (
            f'<p style="margin:0px 0px 4px 0px; font-size:20px; font-weight:600">'
            f"{escape(title)}</p>"
            f'<p style="margin:0px; color:{quiet}">{escape(card.authors)}, {card.year}</p>'
            f'<p style="margin:0px 0px 10px 0px">{paper}</p>'
        )

    def _facts(self, card: NetworkCard) -> str:
        quiet = theme.quiet_colour(self).name()
        rows = (
            (self.tr("Family"), card.family),
            (self.tr("Depth"), self.tr("{count} layers with weights").format(count=card.depth)),
            (self.tr("Parameters"), format_count(card.parameters)),
            (self.tr("Multiply-adds"), format_macs(card.macs)),
            (self.tr("Input"), format_shape(card.preprocessing.input_shape)),
        )
        cells = "".join(
            f'<tr><td style="color:{quiet}; padding-right:14px">{escape(name)}</td>'
            f"<td>{escape(value)}</td></tr>"
            for name, value in rows
        )
        head = '<p style="font-weight:600; margin:{top}px 0px 4px 0px">{text}</p>'
        note = '<p style="margin:0px 0px 6px 0px">{text}</p>'
        html = head.format(top=0 if self._beside else 12, text=escape(self.tr("Facts")))
        html += f'<table cellspacing="0" cellpadding="2">{cells}</table>'
        html += head.format(top=12, text=escape(self.tr("Published accuracy")))
        html += note.format(text=escape(card.accuracy))
        if card.differences:
            html += head.format(top=12, text=escape(self.tr("Differs from the paper")))
            html += "".join(note.format(text=escape(text)) for text in card.differences)
        return html

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # colours stand in the text; Qt sends one while it still builds the widget
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "_card", None) is not None:
            place = self.page.verticalScrollBar().value()
            self._beside = None
            self._arrange()
            self.page.verticalScrollBar().setValue(place)


def _read_lesson(card: NetworkCard) -> str:
    """The lesson's Markdown; empty where a network has none yet."""
    path = resource("lessons", card.lesson_file)
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _split_title(lesson: str) -> tuple[str, str]:
    """The lesson's own title (empty where it has none), and the rest."""
    first, _, rest = lesson.lstrip().partition("\n")
    return (first[2:].strip(), rest) if first.startswith("# ") else ("", lesson)


def _set_type(cell: QTextTableCell) -> None:
    """Comfortable lines, quiet headings: Markdown as Qt sets it is tight and loud."""
    block = cell.firstCursorPosition().block()
    last = cell.lastCursorPosition().block()
    while True:
        level = block.blockFormat().headingLevel()
        form = QTextBlockFormat(block.blockFormat())
        form.setLineHeight(130.0, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        form.setTopMargin(14 if level else 0)
        form.setBottomMargin(4 if level or block.textList() else 10)
        QTextCursor(block).setBlockFormat(form)
        letters = QTextCharFormat()
        if level:
            letters.setFont(theme.text_font(theme.HEADING, QFont.Weight.DemiBold))
            letters.setProperty(QTextCharFormat.Property.FontSizeAdjustment, 0)
            _merge(block.position(), block.length() - 1, letters, block)
        else:
            letters.setFont(theme.mono_font(13))
            for start, length in _code_in(block):
                _merge(start, length, letters, block)
        if block == last:
            return
        block = block.next()


def _code_in(block: QTextBlock) -> list[tuple[int, int]]:
    """Position and length of what Markdown marks as code."""
    found = []
    fragments = block.begin()
    while not fragments.atEnd():
        fragment = fragments.fragment()
        if fragment.charFormat().fontFixedPitch():
            found.append((fragment.position(), fragment.length()))
        fragments += 1
    return found


def _merge(start: int, length: int, letters: QTextCharFormat, block: QTextBlock) -> None:
    cursor = QTextCursor(block)
    cursor.setPosition(start)
    cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(letters)
