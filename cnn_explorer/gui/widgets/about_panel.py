"""The lesson of a network: what it taught, its facts, its paper."""

from collections.abc import Callable, Iterable
from html import escape

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QUrl
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QPalette,
    QResizeEvent,
    QStandardItem,
    QStandardItemModel,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextLength,
    QTextTableCell,
    QTextTableCellFormat,
    QTextTableFormat,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.metrics import format_count, format_macs, format_shape
from cnn_explorer.gui.state.network_model import data_set
from cnn_explorer.gui.state.weights_choice import versions_of
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.facts_page import FactsPage
from cnn_explorer.gui.widgets.panel_parts import EmptyState, TitleLabel
from cnn_explorer.gui.widgets.text_page import TextPage
from cnn_explorer.gui.widgets.weights_bar import state_text, terms_text
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.onnx_facts import is_onnx_card
from cnn_explorer.paths import resource
from cnn_explorer.text import format_size

_LINE = 64
"""Average characters, some 76 of a text: longer lines are hard to read. With the facts beside it
fits the usual panels of a window of 1600 pixels."""
_SIDE = 350
"""Logical pixels for the facts beside the lesson."""


class _Beside(QComboBox):
    """Chooses the network whose facts stand beside; the wheel scrolls past it."""

    # Overrides of Qt

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class AboutPanel(QWidget):
    """Title, authors, the lesson; the facts beside it, or below it where it is narrow.

    With another network beside it, the facts of both instead.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card: NetworkCard | None = None
        self._networks: dict[str, NetworkCard] = {}
        self._choices: dict[str, QStandardItem] = {}
        self._lesson = ""
        self._beside: bool | None = None
        self.page = TextPage()
        self.page.setAccessibleName(self.tr("About the network"))
        self.facts = FactsPage()
        self.empty = EmptyState(self.tr("Choose a network on the left to read what it taught."))
        self._title = TitleLabel()
        label = QLabel(self.tr("Facts &beside"))
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.other = _Beside()
        self.other.setAccessibleName(self.tr("Network whose facts stand beside"))
        self.other.setToolTip(
            self.tr("Lay another network's facts beside this one's (Ctrl+Shift+F).")
        )
        self.other.setMinimumWidth(96)
        self.other.setMaximumWidth(240)
        self.other.setMaxVisibleItems(18)
        self.other.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.other.setMinimumContentsLength(14)
        label.setBuddy(self.other)
        self.copy_button = QToolButton()
        self.copy_button.setText(self.tr("Copy"))
        self.copy_button.setToolTip(self.tr("Copy the facts of both networks."))
        self.copy_button.setAutoRaise(True)
        self.copy_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.copy_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.copy_button)
        menu.addAction(self.tr("As Text"), self.facts.copy_text)
        menu.addAction(self.tr("As Markdown"), self.facts.copy_markdown)
        self.copy_button.setMenu(menu)
        # the style sets the arrow of the menu under the last letter
        self.copy_button.setMinimumWidth(self.copy_button.sizeHint().width() + theme.GAP)
        self._head = QWidget(self)  # the first here: Tab comes to it before the page
        row = QHBoxLayout(self._head)
        row.setContentsMargins(theme.MARGIN, theme.GAP - 2, theme.MARGIN, theme.GAP - 2)
        row.setSpacing(theme.GAP)
        row.addWidget(self._title)
        row.addStretch(1)
        row.addWidget(label)
        row.addWidget(self.other)
        row.addWidget(self.copy_button)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.page)
        self._pages.addWidget(self.facts)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._head)
        box.addWidget(self._pages, 1)
        self.setFocusProxy(self.page)
        self._head.hide()
        self.set_networks(())
        self.other.currentIndexChanged.connect(self._on_other_changed)

    def set_networks(self, cards: Iterable[NetworkCard]) -> None:
        """Say which networks can stand beside the one on show."""
        self._networks = {card.name: card for card in cards}
        self._choices.clear()
        model = QStandardItemModel(self.other)
        model.appendRow(QStandardItem(self.tr("nothing")))
        heading = ""
        for card in self._networks.values():
            family = f"{card.library} · {card.family}" if card.library else card.family
            if family != heading:
                heading = family
                item = QStandardItem(heading)
                item.setFlags(Qt.ItemFlag.NoItemFlags)
                item.setFont(theme.text_font(theme.SMALL, QFont.Weight.DemiBold))
                model.appendRow(item)
            item = self._choices[card.name] = QStandardItem(card.title)
            item.setData(card.name, Qt.ItemDataRole.UserRole)
            model.appendRow(item)
        with QSignalBlocker(self.other):
            self.other.setModel(model)
            self.other.setCurrentIndex(0)

    def show_card(self, card: NetworkCard) -> None:
        """Show a network's lesson and facts."""
        if card is self._card:
            return
        before, self._card = self._card, card
        self._bar_itself(before, card)
        self._lesson = _read_lesson(card)
        self._title.set_title(card.title, f"   {card.variant}" if card.variant else "")
        self._head.show()
        self._beside = None
        self._arrange()
        self.page.verticalScrollBar().setValue(0)
        self._show_page()

    def refresh(self) -> None:
        """Look again which weights are at hand."""
        self._rewrite()

    def compare_with(self, name: str) -> None:
        """Lay a network's facts beside those of the one on show; an empty name takes them away."""
        itself = self._card is not None and name == self._card.name
        number = self.other.findData(name) if name and not itself else 0
        self.other.setCurrentIndex(max(0, number))

    def focus_other(self) -> None:
        """Go to the choice of the network beside."""
        self.other.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _bar_itself(self, before: NetworkCard | None, card: NetworkCard) -> None:
        """No network stands beside itself: where the one beside is opened, the two change sides."""
        stood_beside = self.other.currentData(Qt.ItemDataRole.UserRole) == card.name
        for name in (before.name if before is not None else "", card.name):
            item = self._choices.get(name)
            if item is not None:
                item.setEnabled(name != card.name)
        if stood_beside:
            with QSignalBlocker(self.other):
                self.compare_with(before.name if before is not None else "")

    def _show_page(self) -> None:
        other = self._networks.get(self.other.currentData(Qt.ItemDataRole.UserRole) or "")
        compares = self._card is not None and other is not None
        self.copy_button.setVisible(compares)
        if self._card is None:
            return
        if other is not None:
            self.facts.show_cards((self._card, other))
        page = self.facts if compares else self.page
        self._pages.setCurrentWidget(page)
        self.setFocusProxy(page)

    def _on_other_changed(self) -> None:
        self._show_page()

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
            self._body(card, title, body), QTextDocument.MarkdownFeature.MarkdownNoHTML
        )
        _set_type(lesson)
        top = lesson.firstCursorPosition()
        top.insertBlock()
        top.movePosition(QTextCursor.MoveOperation.PreviousBlock)
        top.setBlockFormat(QTextBlockFormat())
        top.setBlockCharFormat(QTextCharFormat())
        top.insertHtml(self._heading(card, card.title if card.lesson else title or card.title))
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
        origin = f"{card.authors}, {card.year}" if card.year else card.variant
        return (
            f'<p style="margin:0px 0px 4px 0px; font-size:20px; font-weight:600">'
            f"{escape(title)}</p>"
            f'<p style="margin:0px; color:{quiet}">{escape(origin)}</p>'
            f'<p style="margin:0px 0px 10px 0px">{paper}</p>'
        )

    def _body(self, card: NetworkCard, title: str, body: str) -> str:
        """What stands under the heading, as Markdown."""
        if is_onnx_card(card):
            return self.tr("Opened from {file}.").format(file=card.name)
        if card.library and not body.strip():
            return self.tr("Built by {library} as it is; this program has no lesson on it.").format(
                library=card.library
            )
        if card.lesson and title:  # a lesson of several networks has its own title below theirs
            return f"## {title}\n\n{body.strip()}"
        return body.strip()

    def _facts(self, card: NetworkCard) -> str:
        quiet = theme.quiet_colour(self).name()
        depth = self.tr("{count} layers with weights").format(count=card.depth)
        rows = (
            (self.tr("Family"), card.family),
            (self.tr("Variant"), card.variant),
            (self.tr("Depth"), depth if card.depth else ""),
            (self.tr("Parameters"), format_count(card.parameters)),
            (self.tr("Multiply-adds"), format_macs(card.macs)),
            (self.tr("Input"), format_shape(card.preprocessing.input_shape)),
            (self.tr("Classes"), data_set(card)),
            (self.tr("Built by"), card.library),
        )
        cells = "".join(
            f'<tr><td style="color:{quiet}; padding-right:14px">{escape(name)}</td>'
            f"<td>{escape(value)}</td></tr>"
            for name, value in rows
            if value
        )
        head = '<p style="font-weight:600; margin:{top}px 0px 4px 0px">{text}</p>'
        note = '<p style="margin:0px 0px 6px 0px">{text}</p>'
        html = head.format(top=0 if self._beside else 12, text=escape(self.tr("Facts")))
        html += f'<table cellspacing="0" cellpadding="2">{cells}</table>'
        if card.accuracy:
            html += head.format(top=12, text=escape(self.tr("Published accuracy")))
            html += note.format(text=escape(card.accuracy))
        if card.differences:
            html += head.format(top=12, text=escape(self.tr("Differs from the paper")))
            html += "".join(note.format(text=escape(text)) for text in card.differences)
        html += head.format(top=12, text=escape(self.tr("Weights")))
        none = self.tr("There are none: this network runs with random weights.")
        none = self.tr("They are in the file.") if is_onnx_card(card) else none
        html += self._weights(card) or note.format(text=escape(none))
        return html

    def _weights(self, card: NetworkCard) -> str:
        """The table of a network's weights; empty where there are none."""
        quiet = theme.quiet_colour(self).name()
        lines = [
            (
                version.tag,
                version.accuracy,
                format_size(version.size) if version.size else "",
                state_text(version),
                terms_text(version),
            )
            for version in versions_of(card)
        ]
        cells = "".join(
            "<tr>"
            + f'<td style="padding-right:14px">{escape(tag)}</td>'
            + "".join(
                f'<td align="{align}" style="color:{quiet}; padding-right:14px">{escape(text)}</td>'
                for text, align in zip(rest, ("right", "right", "left", "left"), strict=True)
            )
            + "</tr>"
            for tag, *rest in lines
        )
        return f'<table cellspacing="0" cellpadding="2">{cells}</table>' if cells else ""

    def _rewrite(self) -> None:
        """Write the page anew and stay where it was read."""
        if self._card is None:
            return
        place = self.page.verticalScrollBar().value()
        self._beside = None
        self._arrange()
        self.page.verticalScrollBar().setValue(place)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # colours stand in the text; Qt sends one while it still builds the widget
        if event.type() == QEvent.Type.PaletteChange and getattr(self, "_card", None) is not None:
            self._rewrite()


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
            for start, length in _fragments(block, QTextCharFormat.fontFixedPitch):
                _merge(start, length, letters, block)
            # no bolder letters than these are shipped: Qt would smear them to make some
            strong = QTextCharFormat()
            strong.setFontWeight(QFont.Weight.DemiBold)
            for start, length in _fragments(block, _is_bold):
                _merge(start, length, strong, block)
        if block == last:
            return
        block = block.next()


def _is_bold(form: QTextCharFormat) -> bool:
    return form.fontWeight() >= QFont.Weight.Bold


def _fragments(
    block: QTextBlock, wanted: Callable[[QTextCharFormat], bool]
) -> list[tuple[int, int]]:
    """Position and length of what Markdown set so."""
    found = []
    fragments = block.begin()
    while not fragments.atEnd():
        fragment = fragments.fragment()
        if wanted(fragment.charFormat()):
            found.append((fragment.position(), fragment.length()))
        fragments += 1
    return found


def _merge(start: int, length: int, letters: QTextCharFormat, block: QTextBlock) -> None:
    cursor = QTextCursor(block)
    cursor.setPosition(start)
    cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(letters)
