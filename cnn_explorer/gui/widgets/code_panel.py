"""The source code of the selected layer's class, highlighted and numbered."""

import re
from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.shown import SourceShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import EmptyState, QuietLabel, TitleLabel
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars

CODE_COLOURS: Mapping[bool, Mapping[str, str]] = {
    False: {
        "keyword": "#7a1fb8", "string": "#0a6b3d", "comment": "#5b6577", "number": "#9a4300",
        "definition": "#0b57b0", "builtin": "#0f6674", "decorator": "#a11d1d",
    },
    True: {
        "keyword": "#c9a0ff", "string": "#8fd19e", "comment": "#9aa4b5", "number": "#f5b06b",
        "definition": "#7fb2ff", "builtin": "#6fcfdc", "decorator": "#ffaaa5",
    },
}  # fmt: skip
"""By dark: the colours of code, each at least 4.5 : 1 on the palette's Base."""

_TOKENS = (
    ("Token.Literal.String.Doc", "comment"),
    ("Token.Literal.String.Interpol", "number"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Comment", "comment"),
    ("Token.Keyword", "keyword"),
    ("Token.Operator.Word", "keyword"),
    ("Token.Name.Function", "definition"),
    ("Token.Name.Class", "definition"),
    ("Token.Name.Decorator", "decorator"),
    ("Token.Name.Builtin", "builtin"),
    ("Token.Name.Exception", "builtin"),
)
"""From Pygments' kinds of token (the first that fits) to ours."""


def _kind_of(token: str) -> str:
    return next((kind for prefix, kind in _TOKENS if token.startswith(prefix)), "")


class PythonHighlighter(QSyntaxHighlighter):
    """Colours a document of Python with Pygments, which reads it whole: strings of many lines
    are right."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._lines: list[list[tuple[int, int, str]]] = []
        self._formats: dict[str, QTextCharFormat] = {}

    def read(self, code: str) -> None:
        """Find the tokens of what the document is about to show."""
        # 20 ms that the window's start does not need
        from pygments.lexers import PythonLexer

        lines: list[list[tuple[int, int, str]]] = [[]]
        column = 0
        lexer = PythonLexer(stripnl=False, ensurenl=False)
        for token, text in lexer.get_tokens(code):
            kind = _kind_of(str(token))
            for part in re.split("(\n)", text):
                if part == "\n":
                    lines.append([])
                    column = 0
                elif part:
                    # Qt counts in UTF-16 units
                    length = len(part.encode("utf-16-le")) // 2
                    if kind:
                        lines[-1].append((column, length, kind))
                    column += length
        self._lines = lines

    def set_dark(self, dark: bool) -> None:
        """Take the colours of a dark ground, or of a light one."""
        self._formats = {}
        for kind, colour in CODE_COLOURS[dark].items():
            text_format = QTextCharFormat()
            text_format.setForeground(QColor(colour))
            self._formats[kind] = text_format
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:  # noqa: ARG002 - the tokens are known
        number = self.currentBlock().blockNumber()
        if number < len(self._lines):
            for start, length, kind in self._lines[number]:
                self.setFormat(start, length, self._formats[kind])


class CodeView(QPlainTextEdit):
    """Read-only code with line numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._first_line = 1
        self._numbers = _LineNumbers(self)
        self.setReadOnly(True)
        # a caret, so that the keyboard can select
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        font = theme.mono_font()
        # the characters as they are typed: no arrow for ->
        font.setFeature(QFont.Tag("calt"), 0)
        font.setFeature(QFont.Tag("liga"), 0)
        self.setFont(font)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self.document().setDocumentMargin(theme.GAP)
        self.setAccessibleName(self.tr("Source code"))
        self.highlighter = PythonHighlighter(self.document())
        self.highlighter.set_dark(theme.is_dark(self.palette()))
        self.updateRequest.connect(self._on_update_request)

    def show_code(self, code: str, first_line: int) -> None:
        """Show code whose first line has the number `first_line`."""
        self._first_line = first_line
        # as the document will have it, so that the tokens' lines are its lines
        code = code.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
        self.highlighter.read(code)
        self.setPlainText(code)
        self.setViewportMargins(self.numbers_width(), 0, 0, 0)
        self._numbers.update()

    def numbers_width(self) -> int:
        """Logical pixels that the line numbers take."""
        digits = len(str(self._first_line + self.blockCount()))
        return self.fontMetrics().horizontalAdvance("9") * digits + theme.MARGIN + theme.GAP

    def paint_numbers(self, painter: QPainter, area: QRect) -> None:
        """Draw the numbers of the lines that lie in an area."""
        painter.setFont(self.font())
        painter.setPen(theme.quiet_colour(self))
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= area.bottom():
            height = self.blockBoundingRect(block).height()
            if block.isVisible() and top + height >= area.top():
                painter.drawText(
                    0,
                    round(top),
                    self._numbers.width() - theme.GAP,
                    round(height),
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                    str(self._first_line + block.blockNumber()),
                )
            top += height
            block = block.next()

    def _on_update_request(self, area: QRect, scrolled: int) -> None:
        if scrolled:
            self._numbers.scroll(0, scrolled)
        else:
            self._numbers.update(0, area.y(), self._numbers.width(), area.height())

    # Qt

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        box = self.contentsRect()
        self._numbers.setGeometry(box.left(), box.top(), self.numbers_width(), box.height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Qt sends one while it still builds the widget
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "highlighter"):
            self.highlighter.set_dark(theme.is_dark(self.palette()))


class _LineNumbers(QWidget):
    """The strip left of the code."""

    def __init__(self, code: CodeView) -> None:
        super().__init__(code)
        self._code = code
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._code.paint_numbers(painter, event.rect())


class CodePanel(QWidget):
    """A line that says where the code stands, a button to copy it, and the code."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = TitleLabel()
        self.origin = QuietLabel()
        self.origin.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.setToolTip(self.tr("Copy the whole source code."))
        self.copy_button.setAccessibleName(self.tr("Copy the source code"))
        self.copy_button.clicked.connect(self.copy)
        self.code = CodeView()
        self.empty = EmptyState(self.tr("Click a layer in the graph to see its source code."))
        line = QHBoxLayout()
        line.setContentsMargins(theme.MARGIN, theme.GAP - 2, theme.MARGIN, theme.GAP - 2)
        line.setSpacing(theme.MARGIN)
        line.addWidget(self.title)
        line.addWidget(self.origin, 1)
        line.addWidget(self.copy_button)
        shown = QWidget()
        inner = QVBoxLayout(shown)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addLayout(line)
        inner.addWidget(self.code, 1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(shown)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._pages)

    def show_source(self, shown: SourceShown) -> None:
        """Show the source code of a layer's class; none is said in a sentence."""
        if not shown.code.strip():
            self.empty.setText(self.tr("There is no Python source code for this layer."))
            self._pages.setCurrentIndex(0)
            return
        stands = re.search(r"line (\d+)$", shown.origin)
        self.title.set_title(shown.type_name, self.tr(" of {layer}").format(layer=shown.layer)
                             if shown.layer else "")  # fmt: skip
        self.origin.setText(shown.origin)
        self.origin.setToolTip(shown.origin)
        self.code.show_code(shown.code, int(stands[1]) if stands else 1)
        self._pages.setCurrentIndex(1)

    def clear(self) -> None:
        """Show nothing but what to do."""
        self.empty.setText(self.tr("Click a layer in the graph to see its source code."))
        self._pages.setCurrentIndex(0)

    def copy(self) -> None:
        """Put the whole code on the clipboard."""
        QGuiApplication.clipboard().setText(self.code.toPlainText() + "\n")

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(900, 260)
