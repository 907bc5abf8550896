"""The facts of two networks side by side."""

import math
from html import escape

from PySide6.QtCore import QEvent, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QResizeEvent,
    QTextDocument,
)
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.state.fact_sheets import (
    Fact,
    FactSheets,
    as_markdown,
    as_text,
    fact_sheets,
)
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.text_page import TextPage
from cnn_explorer.networks.card import NetworkCard

_NAMES = 150
"""Logical pixels for the names of the facts."""
_NARROW = 560
"""Below this width the names have less."""
_WIDEST = 480
"""Of a column: longer lines are hard to read."""
_BAR_HEIGHT = 6


class FactsPage(TextPage):
    """A row for each fact. What both networks have alike stands once, in quiet type.

    Ctrl+C copies what is selected, or all.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sheets: FactSheets | None = None
        self._written = 0  # the width it was written for
        self.setFont(theme.text_font())
        self.setAccessibleName(self.tr("Facts side by side"))

    def show_cards(self, cards: tuple[NetworkCard, NetworkCard]) -> None:
        """Show two networks."""
        if self.sheets is not None and self.sheets.cards == cards:
            return
        self.sheets = fact_sheets(cards)
        self._write()
        self.verticalScrollBar().setValue(0)

    def copy_text(self) -> None:
        """Put the facts on the clipboard, with tabs between the columns."""
        if self.sheets is not None:
            QGuiApplication.clipboard().setText(as_text(self.sheets))

    def copy_markdown(self) -> None:
        """Put the facts on the clipboard as a Markdown table."""
        if self.sheets is not None:
            QGuiApplication.clipboard().setText(as_markdown(self.sheets))

    # writing

    def _columns(self) -> tuple[int, int]:
        """Widths of the names and of a network's facts, logical pixels."""
        whole = self.viewport().width() - 2 * theme.MARGIN
        names = _NAMES if whole >= _NARROW else 104
        return names, max(100, min(_WIDEST, (whole - names) // 2))

    def _write(self) -> None:
        sheets = self.sheets
        if sheets is None:
            return
        self._written = self.viewport().width()
        names, column = self._columns()
        quiet = theme.quiet_colour(self).name()
        heads = "".join(
            f'<td width="{column}" style="padding:0px 16px 8px 0px"><span style="font-size:16px; '
            f'font-weight:600">{escape(card.title)}</span></td>'
            for card in sheets.cards
        )
        rows = "".join(self._row(fact, column, quiet) for fact in sheets.facts)
        self.setHtml(
            f'<table width="{names + 2 * column}" cellspacing="0" cellpadding="0">'
            f'<tr><td width="{names}"></td>{heads}</tr>{rows}</table>'
        )

    def _row(self, fact: Fact, column: int, quiet: str) -> str:
        line = self.palette().midlight().color().name()
        above = f"border-top:1px solid {line}; padding:5px 16px 5px 0px"
        name = f'<td style="color:{quiet}; {above}">{escape(fact.name)}</td>'
        if fact.same:
            value, same = self._value(fact, 0, column, quiet), escape(self.tr("the same"))
            cell = f'<td style="color:{quiet}; {above}">'
            return f"<tr>{name}{cell}{value}</td>{cell}<p>{same}</p></td></tr>"
        cells = "".join(
            f'<td style="{above}">{self._value(fact, number, column, quiet)}</td>'
            for number in range(len(fact.values))
        )
        return f"<tr>{name}{cells}</tr>"

    def _value(self, fact: Fact, number: int, column: int, quiet: str) -> str:
        """What a fact says of one network: its texts, its bar, how much more it is."""
        texts = [
            f'<p style="margin:0px 0px 4px 0px{self._ink(fact, text, quiet)}">{escape(text)}</p>'
            for text in fact.values[number]
        ]
        if fact.links and QUrl(fact.links[number]).scheme() in ("http", "https"):
            colour = self.palette().link().color().name()
            start = f'<a href="{escape(fact.links[number])}" style="color:{colour}">'
            return f"<p>{start}{escape(fact.values[number][0])}</a></p>"
        if not fact.amounts or fact.same:
            return "".join(texts)
        words = escape(fact.values[number][0])
        if fact.compared[number]:
            more = escape(fact.compared[number])
            words += f'&nbsp;&nbsp; <span style="color:{quiet}">{more}</span>'
        part = math.ceil(1000 * fact.amounts[number] / (max(fact.amounts) or 1.0))
        width = column - 32
        bar = f'<img src="bar:{part}-{width}" width="{width}" height="{_BAR_HEIGHT}">'
        # the line of the bar is as high as its letters would be
        return (
            f'<p style="margin:0px">{words}</p>'
            f'<p style="font-size:5px; margin:1px 0px 3px 0px">{bar}</p>'
        )

    def _ink(self, fact: Fact, text: str, quiet: str) -> str:
        """Quiet for one text of several that the other network has too."""
        return f"; color:{quiet}" if all(text in value for value in fact.values) else ""

    def _bar(self, part: float, width: int) -> QImage:
        """A bar of which a part is filled, for the sharpness of the screen."""
        ratio = self.devicePixelRatioF()
        image = QImage(
            round(width * ratio), round(_BAR_HEIGHT * ratio), QImage.Format.Format_ARGB32
        )
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        style = theme.ground(self)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(style.frame_nested))
        painter.drawRoundedRect(QRectF(0, 0, width, _BAR_HEIGHT), 3, 3)
        if part > 0:
            painter.setBrush(QColor(style.selection))
            painter.drawRoundedRect(QRectF(0, 0, max(3.0, width * part), _BAR_HEIGHT), 3, 3)
        painter.end()
        return image

    # Overrides of Qt

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        url = QUrl(name)
        if kind == QTextDocument.ResourceType.ImageResource.value and url.scheme() == "bar":
            part, width = map(int, url.path().split("-"))
            return self._bar(part / 1000, width)
        return super().loadResource(kind, name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and not self.textCursor().hasSelection():
            self.copy_text()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.viewport().width() != self._written:
            place = self.verticalScrollBar().value()
            self._write()
            self.verticalScrollBar().setValue(place)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # colours stand in the text; Qt sends one while it still builds the widget
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "sheets", None) is not None:
            self._write()
