"""What the networks of a comparison say, in one table, and how far they agree."""

from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPalette,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QLabel,
    QScrollArea,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.answers_table import AnswersTableModel
from cnn_explorer.gui.state.comparison_state import ComparisonState
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.paper_header import PaperCorner, draw_rule
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.probe.answers import AnswersCompared, compare_answers
from cnn_explorer.probe.comparison import Column

Index = QModelIndex | QPersistentModelIndex
_ROW = 28
_NUMBER = 72
"""Room for a number, right of its bar."""
_BAR = 5
_SHORTEST = 24
"""A bar in less room says nothing."""
_NOTES = 7
"""Lines of notes that stand below the table at most, for that is what one reads."""


class _ShareDelegate(QStyledItemDelegate):
    """A bar as long as its share, and the number beside it; the likeliest class of a network in
    bold."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place = QRectF(option.rect)  # type: ignore[attr-defined]
        model: AnswersTableModel = index.model()  # type: ignore[assignment]
        style = theme.ground(view)
        share = model.share(index)
        painter.save()
        selected = view.selectionModel().isSelected(index)
        if selected:
            wash = QColor(style.selection)
            wash.setAlphaF(0.16)
            painter.fillRect(place, wash)
        first = model.is_first(index)
        room = place.adjusted(theme.MARGIN, 0, -_NUMBER, 0)
        if share is not None and room.width() >= _SHORTEST:
            middle = room.center().y()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for long, colour, alpha in (
                (1.0, style.box_border, 0.5),
                (min(1.0, share), style.selection, 1.0 if first else 0.6),
            ):
                paint = QColor(colour)
                paint.setAlphaF(alpha)
                painter.setBrush(paint)
                bar = QRectF(room.x(), middle - _BAR / 2, max(room.width() * long, 1.0), _BAR)
                painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        font = theme.text_font(weight=QFont.Weight.DemiBold if first else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(style.text) if share is not None else theme.quiet_colour(view))
        words = place.adjusted(0, 0, -theme.GAP - 4, 0)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(words, align, str(index.data()))
        painter.restore()


class _QuietHeader(QHeaderView):
    """Headings without Fusion's bevel; what is too long ends in dots."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self.setHighlightSections(False)
        self.setSectionsClickable(False)

    # Overrides of Qt

    def sectionSizeFromContents(self, logical: int) -> QSize:
        size = super().sectionSizeFromContents(logical)
        if self.orientation() == Qt.Orientation.Vertical:
            text = str(self.model().headerData(logical, self.orientation()) or "")
            width = QFontMetrics(theme.text_font()).horizontalAdvance(text)
            size.setWidth(width + theme.MARGIN + theme.GAP)
        return size

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        across = self.orientation() == Qt.Orientation.Horizontal
        painter.save()
        painter.fillRect(rect, self.palette().color(QPalette.ColorRole.Base))
        font = theme.text_font(weight=QFont.Weight.DemiBold if across else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(theme.ground(self).text))
        words = rect.adjusted(theme.GAP // 2 if across else 0, 0, -theme.GAP - 4, 0)
        text = str(self.model().headerData(logical, self.orientation()) or "")
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, words.width())
        side = Qt.AlignmentFlag.AlignRight if across else Qt.AlignmentFlag.AlignLeft
        painter.drawText(words, side | Qt.AlignmentFlag.AlignVCenter, shown)
        if across:
            draw_rule(painter, self, rect, strong=True)
        painter.restore()


class _Table(QTableView):
    """Ctrl+C copies the whole table."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            model = self.model()
            assert isinstance(model, AnswersTableModel)
            QGuiApplication.clipboard().setText(model.as_text())
        else:
            super().keyPressEvent(event)


class CompareAnswers(QWidget):
    """The answers side by side. It is worked out while it is seen, and not before."""

    def __init__(self, state: ComparisonState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._due = True
        self.answers: AnswersCompared | None = None
        self.model = AnswersTableModel(self)
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setFont(theme.text_font(theme.HEADING, QFont.Weight.DemiBold))
        self.table = _Table()
        self.table.setModel(self.model)
        self.table.setItemDelegate(_ShareDelegate(self.table))
        self.table.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setShowGrid(False)
        self.table.setAccessibleName(self.tr("Answers of all networks"))
        self.table.setToolTip(self.tr("Ctrl+C copies the table."))
        self.table.setTabKeyNavigation(False)
        self.table.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        quiet_bars(self.table)
        across = _QuietHeader(Qt.Orientation.Horizontal, self.table)
        down = _QuietHeader(Qt.Orientation.Vertical, self.table)
        self.table.setHorizontalHeader(across)
        self.table.setVerticalHeader(down)
        self.table.setCornerButtonEnabled(False)
        across.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        across.setMinimumSectionSize(84)
        down.setDefaultSectionSize(_ROW)
        down.setMaximumWidth(240)
        self.notes = QLabel()
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setWordWrap(True)
        self.notes.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.notes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*[theme.MARGIN] * 4)
        layout.setSpacing(theme.MARGIN)
        layout.addWidget(self.sentence)
        layout.addWidget(self.table, 1)
        self._scrolled = scrolled = QScrollArea()
        scrolled.setFrameShape(QFrame.Shape.NoFrame)
        scrolled.setWidget(self.notes)
        scrolled.setWidgetResizable(True)
        scrolled.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        scrolled.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        scrolled.setAccessibleName(self.tr("How far the networks agree"))
        quiet_bars(scrolled)
        layout.addWidget(scrolled)
        PaperCorner(self.table)
        self._quieten()
        state.networks_changed.connect(self._on_changed)
        state.column_changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        self._due = True
        if self.isVisible():
            self._fill()

    def _fill(self) -> None:
        self._due = False
        numbers = range(len(self._state.networks))
        columns = [
            column for number in numbers
            if isinstance(column := self._state.column(number), Column)
            and self._state.is_fresh(number)
        ]  # fmt: skip
        titles = tuple(column.title for column in columns)
        self.answers = compare_answers([column.answer for column in columns]) if columns else None
        self.model.show_answers(titles, self.answers)
        if self.answers is None:
            self.sentence.setText(self.tr("No network has answered yet."))
            self.notes.clear()
            self._fit_notes()
            return
        self.sentence.setText(self.answers.sentence if len(columns) > 1 else titles[0])
        self.notes.setText("\n".join((*self.answers.notes, *self._pairs(titles))))
        self._fit_notes()

    def _fit_notes(self) -> None:
        """As tall as the notes are, in whole lines, and no taller than some of them."""
        line = self.notes.fontMetrics().lineSpacing()
        needed = self.notes.heightForWidth(self.width() - 2 * theme.MARGIN)
        self._scrolled.setFixedHeight(max(0, min(_NOTES * line, needed)))

    def _pairs(self, titles: tuple[str, ...]) -> list[str]:
        """How far each two agree, where that can be said."""
        lines = []
        assert self.answers is not None
        for pair in self.answers.pairs:
            if pair.same_first is None or pair.distance is None:
                continue
            said = self.tr("the same") if pair.same_first else self.tr("different things")
            text = self.tr("{first} and {second} say {said}: distance {distance}.")
            lines.append(
                text.format(
                    first=titles[pair.first],
                    second=titles[pair.second],
                    said=said,
                    distance=f"{pair.distance:.2f}",
                )
            )
        if lines:
            lines.append(self.tr("Distances go from 0, the same answer, to 1, nothing in common."))
        return lines

    def _quieten(self) -> None:
        """The table's corner and what is left free beside it have the colour of the ground."""
        palette = self.palette()
        ground = palette.color(QPalette.ColorRole.Base)
        for role in (QPalette.ColorRole.Button, QPalette.ColorRole.Window):
            palette.setColor(role, ground)
        self.table.setPalette(palette)

    # Overrides of Qt

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._quieten()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_notes()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._due:
            self._fill()
