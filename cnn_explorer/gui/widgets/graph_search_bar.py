"""Finding a layer of the graph: a line to type in, what it found below it, next and previous."""

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QHideEvent,
    QKeyEvent,
    QMoveEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.graph.metrics import format_shape
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.search import NOTHING, Found, GraphSearch, Match
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars

Index = QModelIndex | QPersistentModelIndex
_ROW = 26
_ROWS = 9
"""How many matches are seen at once."""
_SHARE = 0.62
"""The part of the drawing's height that they take at most: the halos shall be seen too."""
_WIDEST = 520
_TYPE_FROM = 360
"""The width from which the types have room beside names and shapes."""


class _Query(QLineEdit):
    """The line to type in; keys that go through the matches are told."""

    stepped = Signal(int)
    """So many matches down, or up where negative."""
    gone = Signal(int)
    """Go there: 1 to the match marked or the next, -1 to the one before."""
    left = Signal()
    """Esc was pressed."""
    unfocused = Signal()
    """The keyboard went elsewhere in the window."""

    # Qt

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                event.accept()  # else the window would stop its work instead
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, shift = event.key(), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        steps = {
            Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _ROWS - 1, Qt.Key.Key_PageUp: 1 - _ROWS,
        }  # fmt: skip
        if key in steps and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.stepped.emit(steps[Qt.Key(key)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.gone.emit(-1 if shift else 1)
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        reason = Qt.FocusReason
        if event.reason() not in (reason.PopupFocusReason, reason.ActiveWindowFocusReason):
            self.unfocused.emit()


class _Matches(QAbstractListModel):
    """The matches of a search, a row each."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.matches: Sequence[Match] = ()

    def show_matches(self, matches: Sequence[Match]) -> None:
        self.beginResetModel()
        self.matches = matches
        self.endResetModel()

    # Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.matches)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        match = self.matches[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return match.name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return told(match)
        return None


def told(match: Match) -> str:
    """A match on one line: ``layer3.5.conv2, Conv2d, 256 × 14 × 14: name``."""
    return f"{match.name}, {match.type_name}, {format_shape(match.out_shape)}: {match.why}"


class _MatchDelegate(QStyledItemDelegate):
    """A row: the name, the type where there is room, the shape."""

    def __init__(self, model: _Matches, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model

    # Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(120, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place = QRect(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        style = theme.ground(view)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        marked = bool(state & QStyle.StateFlag.State_Selected)
        if marked or state & QStyle.StateFlag.State_MouseOver:
            wash = QColor(style.selection if marked else style.text)
            wash.setAlphaF(0.18 if marked else 0.06)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(wash)
            painter.drawRoundedRect(QRectF(place).adjusted(4, 1, -4, -1), 4.0, 4.0)
        match = self._model.matches[index.row()]
        row = place.adjusted(theme.MARGIN, 0, -theme.MARGIN, 0)
        centre = Qt.AlignmentFlag.AlignVCenter
        small = theme.text_font(theme.SMALL)
        metrics = QFontMetrics(small)
        painter.setFont(small)
        painter.setPen(theme.quiet_colour(view))
        shape = format_shape(match.out_shape)
        painter.drawText(row, Qt.AlignmentFlag.AlignRight | centre, shape)
        row.setRight(row.right() - max(metrics.horizontalAdvance(shape), 96) - theme.MARGIN)
        elide = Qt.TextElideMode
        if place.width() >= _TYPE_FROM:
            column = QRect(row)
            column.setLeft(row.right() - 112)
            text = metrics.elidedText(match.type_name, elide.ElideRight, column.width())
            painter.drawText(column, Qt.AlignmentFlag.AlignLeft | centre, text)
            row.setRight(column.left() - theme.GAP)
        font = theme.text_font(weight=QFont.Weight.Medium)
        painter.setFont(font)
        painter.setPen(QColor(style.text))
        # names that lie together begin alike: their ends tell them apart
        text = QFontMetrics(font).elidedText(match.name, elide.ElideLeft, row.width())
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft | centre, text)
        painter.restore()


class Results(QFrame):
    """What was looked for, in a sentence, and the matches: drops over the drawing."""

    chosen = Signal(int)
    """The row that was clicked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = _Matches(self)
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setFont(theme.text_font(theme.SMALL))
        self.sentence.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(_MatchDelegate(self._model, self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        for widget in (self.list, self.list.viewport()):
            widget.setAcceptDrops(False)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the line above keeps the keyboard
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Layers and blocks found"))
        quiet_bars(self.list)
        self.list.clicked.connect(self._on_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 4)
        column.setSpacing(2)
        self.sentence.setContentsMargins(theme.MARGIN, 7, theme.MARGIN, 3)
        column.addWidget(self.sentence)
        column.addWidget(self.list, 1)
        self.hide()

    def show_found(self, found: Found) -> None:
        """List matches, the first marked."""
        self.sentence.setText(found.understood)
        self._model.show_matches(found.matches)
        self.list.setVisible(bool(found.matches))
        self.mark(0)

    def mark(self, row: int) -> None:
        """Mark a match and scroll to it."""
        index = self._model.index(row, 0)
        if index.isValid():
            self.list.setCurrentIndex(index)

    def drop_below(self, bar: QRect, room: QRect) -> None:
        """Stand below a bar, within the room there is."""
        width = min(max(bar.width(), _WIDEST), room.width() - 2 * theme.GAP)
        top = bar.bottom() + 3
        rows = min(_ROWS, len(self._model.matches))
        said = self.sentence.heightForWidth(width - 2)
        most = max(said + 3 * _ROW, round(_SHARE * (room.bottom() - top)))
        whole = [n * _ROW + 4 for n in range(1, rows + 1) if said + n * _ROW + 10 <= most]
        height = said + (whole[-1] if whole else 0) + 6
        right = min(bar.right(), room.right() - theme.GAP)
        left = max(right - width + 1, room.left() + theme.GAP)
        self.setGeometry(left, top, width, height)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(index.row())

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = theme.ground(self)
        painter.setPen(QColor(style.box_border))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6.0, 6.0)


class GraphSearchBar(QWidget):
    """Closed, a button; open, the line to type in and how many layers it found.

    Up and Down mark a match in the list below, Enter goes there, and on to the next; Shift+Enter to
    the one before. Esc closes it.
    """

    found_changed = Signal(object)
    """A `Found`: what to highlight; nothing while the bar is closed."""
    chosen = Signal(str)
    """The layer or block to go to."""
    closed = Signal()
    open_changed = Signal(bool)
    """Whether one can type, and it takes up more room."""
    """The keyboard is to go back to the graph."""

    def __init__(self, parent: QWidget) -> None:
        """`parent` is what the matches drop over."""
        super().__init__(parent)
        self._graph: LayerGraph | None = None
        self._search: GraphSearch | None = None
        self._found = NOTHING
        self._row = 0
        self._been_there = False
        self.results = Results(parent)
        self.results.chosen.connect(self._go_to_row)
        self.open_button = self._button(
            self.tr("Find a layer in the graph (Ctrl+F)"), self.open_search
        )
        self.query = _Query()
        self.query.setPlaceholderText(self.tr("conv2, relu, 64x56x56, stride 2 …"))
        self.query.setAccessibleName(self.tr("Find a layer"))
        self.query.setToolTip(
            self.tr(
                "By name (layer3.5.conv2), type (relu), shape (64x56x56, ?x7x7), a dimension "
                "(2048), kernel (7x7), stride (stride 2). Several words must all be true."
            )
        )
        self.query.setAcceptDrops(False)  # a drop anywhere is for the window
        self.query.setFixedHeight(24)
        self.query.setMinimumWidth(72)
        self.query.textChanged.connect(self._on_text_changed)
        self.query.stepped.connect(self._on_stepped)
        self.query.gone.connect(self.go_on)
        self.query.left.connect(self.close_search)
        self.query.unfocused.connect(self._on_unfocused)
        self.count = QLabel()
        self.count.setFont(theme.text_font(theme.SMALL))
        self.count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count.setMinimumWidth(
            self.count.fontMetrics().horizontalAdvance(self.tr("{} of {}").format(888, 888)) + 8
        )
        self.previous_button = self._button(
            self.tr("Previous match (Shift+F3)"), self.find_previous
        )
        self.next_button = self._button(self.tr("Next match (F3)"), self.find_next)
        self.close_button = self._button(self.tr("Close the search (Esc)"), self.close_search)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.open_button)
        self._when_open: tuple[QWidget, ...] = (
            self.query, self.count, self.previous_button, self.next_button, self.close_button,
        )  # fmt: skip
        for widget in self._when_open:
            row.addWidget(widget, 1 if widget is self.query else 0)
            widget.hide()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_graph(None)

    def _button(self, tip: str, slot: Callable[[], None]) -> QToolButton:
        button = QToolButton(self)
        button.setAutoRaise(True)
        button.setIconSize(QSize(16, 16))
        button.setFixedSize(26, 24)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(slot)
        return button

    # what is looked for

    @property
    def found(self) -> Found:
        """What is highlighted: nothing while the bar is closed."""
        return self._found if self.is_open else NOTHING

    @property
    def is_open(self) -> bool:
        """Whether one can type."""
        return not self.query.isHidden()

    def set_graph(self, graph: LayerGraph | None) -> None:
        """Look in another graph from now on, for the same; without one, close."""
        self._graph = graph
        self._search = None
        self.open_button.setEnabled(graph is not None)
        if graph is None:
            self._set_open(False)
            self._found = NOTHING
        elif self.is_open:
            self._look()

    @Slot()
    def open_search(self) -> None:
        """Let a person type; what was looked for last is there to be typed over."""
        if self._graph is None:
            return
        self._set_open(True)
        self.query.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.query.selectAll()
        self._look()
        self._drop(bool(self._found.query.strip()))

    def look_for(self, query: str) -> None:
        """Open with a query, and highlight what it finds; the matches drop when they are asked
        for."""
        self.open_search()
        self.query.setText(query)
        self._drop(False)

    @Slot()
    def close_search(self) -> None:
        """Close, and with it what is highlighted; the keyboard goes back to the graph."""
        if self.is_open:
            self._set_open(False)
            self.closed.emit()
            self.found_changed.emit(NOTHING)

    def _set_open(self, is_open: bool) -> None:
        self._drop(False)
        for widget in self._when_open:
            widget.setVisible(is_open)
        self.open_button.setVisible(not is_open)
        self.updateGeometry()
        self.open_changed.emit(is_open)

    def _look(self) -> None:
        if self._graph is None:
            return
        if self._search is None:
            self._search = GraphSearch(self._graph)
        self._found = self._search.find(self.query.text())
        self._row = 0
        self._been_there = False
        self.results.show_found(self._found)
        self._count()
        self.found_changed.emit(self._found)

    def _count(self) -> None:
        """Say which match is marked, and of how many."""
        matches = self._found.matches
        some = bool(matches)
        for button in (self.previous_button, self.next_button):
            button.setEnabled(some)
        if some:
            text = self.tr("{at} of {count}").format(at=self._row + 1, count=len(matches))
            said = f"{text}: {told(matches[self._row])}"
        else:
            text = self.tr("no match") if self._found.query.strip() else ""
            said = f"{self._found.understood} {text}"
        self.count.setText(text)
        self.query.setAccessibleDescription(said.strip())
        if QAccessible.isActive():
            QAccessible.updateAccessibility(
                QAccessibleEvent(self.query, QAccessible.Event.DescriptionChanged)
            )

    # going through the matches

    @Slot()
    def find_next(self) -> None:
        """Go to the match that is marked, and to the next where one is there already."""
        self.go_on(1)

    @Slot()
    def find_previous(self) -> None:
        """Go to the match before."""
        self.go_on(-1)

    @Slot(int)
    def go_on(self, step: int) -> None:
        """Go on to a match, round and round; opens the bar where it is closed."""
        if not self.is_open:
            self.open_search()
        count = len(self._found.matches)
        if count:
            stay = step > 0 and not self._been_there
            self._go_to_row(self._row if stay else (self._row + step) % count)

    @Slot(int)
    def _go_to_row(self, row: int) -> None:
        self._mark(row)
        self._been_there = True
        self._drop(False)
        self.chosen.emit(self._found.matches[row].name)

    @Slot(int)
    def _on_stepped(self, step: int) -> None:
        count = len(self._found.matches)
        if not count:
            return
        if self.results.isHidden():
            self._drop(True)
            if not self._been_there:
                return
        self._been_there = False
        last = count - 1
        at = self._row + step
        # by one, round and round; by a page, to the end
        self._mark(at % count if abs(step) == 1 else min(max(at, 0), last))

    def _mark(self, row: int) -> None:
        self._row = row
        self.results.mark(row)
        self._count()

    @Slot()
    def _on_text_changed(self) -> None:
        self._look()
        self._drop(bool(self._found.query.strip()))

    @Slot()
    def _on_unfocused(self) -> None:
        self._drop(False)

    # the list below

    def _drop(self, is_dropped: bool) -> None:
        self.results.setVisible(is_dropped)
        self.place_results()

    def place_results(self) -> None:
        """Fit the list into the room there is below the bar."""
        parent = self.results.parentWidget()
        if not self.results.isHidden() and parent is not None:
            corner = self.mapTo(parent, QPoint(0, 0))
            self.results.drop_below(QRect(corner, self.size()), parent.rect())
            self.results.raise_()

    def load_icons(self) -> None:
        """Give the buttons their icons, in the colours of the palette."""
        for button, name in (
            (self.open_button, "ph.magnifying-glass"),
            (self.previous_button, "ph.caret-up"),
            (self.next_button, "ph.caret-down"),
            (self.close_button, "ph.x"),
        ):
            button.setIcon(theme.icon(name, self))

    # Qt

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # its own palette changes after the graph view's; Qt sends one while it builds the widget
        close = getattr(self, "close_button", None)
        if event.type() == QEvent.Type.PaletteChange and close and not close.icon().isNull():
            self.load_icons()

    def sizeHint(self) -> QSize:
        return QSize(340 if self.is_open else 26, 28)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_results()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.place_results()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.results.hide()
