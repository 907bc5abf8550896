"""Where the selection stands: the network, the blocks around it, itself, each to go to."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from cnn_explorer.graph.browse import Crumb
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.graph_look import pen

_HEIGHT = 24
_INSET = 6.0
"""Beside the words of a crumb."""
_ARROW = 12.0
"""Room for the sign between two crumbs."""
_LEAST = 28.0
"""Of a crumb that is cut: less shows nothing of it."""


@dataclass(frozen=True)
class _Placed:
    """A crumb in the row; several that have no room stand in one, as three points."""

    first: int
    last: int
    text: str
    left: float
    width: float


class Breadcrumbs(QWidget):
    """One row of crumbs from the outside in; the last is what is selected.

    A click goes to a crumb. With the keyboard, Left, Right, Home and End move between them, Enter
    or Space goes there. In a narrow row those in the middle become three points, which go to the
    innermost block that they stand for.
    """

    chosen = Signal(str)
    """The name of a crumb to go to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._crumbs: tuple[Crumb, ...] = ()
        self._placed: tuple[_Placed, ...] = ()
        self._current = 0
        self._hovered = -1
        self.setFont(theme.text_font(theme.SMALL))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.show_crumbs(())

    # what is shown

    def show_crumbs(self, crumbs: Sequence[Crumb]) -> None:
        """Show the way to what is selected, that itself last."""
        self._crumbs = tuple(crumbs)
        self._current = max(0, len(self._crumbs) - 1)
        self._hovered = -1
        self._arrange()
        self._tell()

    @property
    def crumbs(self) -> tuple[Crumb, ...]:
        """The crumbs shown, from the outside in."""
        return self._crumbs

    @property
    def texts(self) -> tuple[str, ...]:
        """What is drawn of them in the room there is."""
        return tuple(placed.text for placed in self._placed)

    def place_of(self, text: str) -> QPointF:
        """The middle of a crumb that is drawn as `text`."""
        placed = next(placed for placed in self._placed if placed.text == text)
        return QPointF(placed.left + placed.width / 2, self.height() / 2)

    def _arrange(self) -> None:
        """Give every crumb its room; too many, and those after the first become three points."""
        widths = [self._width(n, crumb.label) for n, crumb in enumerate(self._crumbs)]
        room = self.width() - 2.0
        last = len(widths) - 1
        hidden = 0
        points = self._width(0, "…") + _ARROW
        while hidden < last - 1 and self._needed(widths, hidden, points) > room:
            hidden += 1
        shown = [(0, 0), *([(1, hidden)] if hidden else [])] if widths else []
        shown += [(n, n) for n in range(hidden + 1, last + 1)]
        placed: list[_Placed] = []
        # the last crumb gives way after those in the middle, and the network after it
        spare = room - self._needed(widths, hidden, points)
        cut = dict.fromkeys((0, last), 0.0)
        for n in (last, 0):
            if spare < 0 and widths:
                cut[n] = min(-spare, max(0.0, widths[n] - _LEAST))
                spare += cut[n]
        left = 1.0
        for first, end in shown:
            is_points = first != end or (hidden > 0 and first == 1)
            text = "…" if is_points else self._crumbs[first].label
            width = points - _ARROW if is_points else widths[first]
            if not is_points and cut.get(first):
                width -= cut[first]
                text = self._metrics(first).elidedText(
                    text, Qt.TextElideMode.ElideMiddle, width - 2 * _INSET
                )
            if left + width > room + 1.0:
                break  # no room at all
            placed.append(_Placed(first, end, text, left, width))
            left += width + _ARROW
        self._placed = tuple(placed)
        self.setEnabled(bool(placed))  # Tab passes over what cannot be seen
        self.update()

    def _needed(self, widths: Sequence[float], hidden: int, points: float) -> float:
        shown = [widths[0], *widths[hidden + 1 :]] if widths else []
        arrows = _ARROW * max(0, len(shown) - 1)
        return sum(shown) + arrows + (points if hidden else 0.0)

    def _font(self, number: int) -> QFont:
        is_last = number == len(self._crumbs) - 1
        weight = QFont.Weight.DemiBold if is_last else QFont.Weight.Normal
        return theme.text_font(theme.SMALL, weight)

    def _metrics(self, number: int) -> QFontMetricsF:
        return QFontMetricsF(self._font(number))

    def _width(self, number: int, text: str) -> float:
        return self._metrics(number).horizontalAdvance(text) + 2 * _INSET + 1.0

    def _at(self, x: float) -> int:
        """The place in the row under a point; -1 between crumbs."""
        for place, placed in enumerate(self._placed):
            if placed.left <= x < placed.left + placed.width:
                return place
        return -1

    def _go(self, place: int) -> None:
        if 0 <= place < len(self._placed):
            self.chosen.emit(self._crumbs[self._placed[place].last].name)

    def _place(self) -> int:
        """Where in the row the current crumb stands."""
        for place, placed in enumerate(self._placed):
            if placed.first <= self._current <= placed.last:
                return place
        return len(self._placed) - 1

    def _move(self, place: int) -> None:
        if self._placed:
            place = min(max(place, 0), len(self._placed) - 1)
            self._current = self._placed[place].last
            self._tell()
            self.update()

    def _tell(self) -> None:
        way = " › ".join(crumb.label for crumb in self._crumbs)
        name = self.tr("Place of the selection: {way}").format(way=way)
        if self.hasFocus() and self._crumbs:
            crumb = self._crumbs[self._current]
            name = self.tr("{way}; at {crumb}, Enter goes there").format(
                way=name, crumb=crumb.name or crumb.label
            )
        if name != self.accessibleName():
            self.setAccessibleName(name)
            if QAccessible.isActive():
                QAccessible.updateAccessibility(
                    QAccessibleEvent(self, QAccessible.Event.NameChanged)
                )

    def tip(self, x: float) -> str:
        """What a crumb leads to; empty between crumbs."""
        place = self._at(x)
        if place < 0:
            return ""
        placed = self._placed[place]
        if placed.first == placed.last:
            crumb = self._crumbs[placed.last]
            return self.tr("Select {name}").format(name=crumb.name or crumb.label)
        names = " › ".join(crumb.label for crumb in self._crumbs[placed.first : placed.last + 1])
        return self.tr("{names}: select the last of these").format(names=names)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(240, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, _HEIGHT)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)
            QToolTip.showText(event.globalPos(), self.tip(event.pos().x()), self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            hand = Qt.CursorShape.PointingHandCursor
            self.setCursor(hand if place >= 0 else Qt.CursorShape.ArrowCursor)
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(self._at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Left:
                self._move(self._place() - 1)
            case Qt.Key.Key_Right:
                self._move(self._place() + 1)
            case Qt.Key.Key_Home:
                self._move(0)
            case Qt.Key.Key_End:
                self._move(len(self._placed) - 1)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter | Qt.Key.Key_Space:
                self._go(self._place())
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._tell()
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._tell()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = theme.ground(self)
        ink, quiet = QColor(style.text), theme.quiet_colour(self)
        current = self._place() if self.hasFocus() else -1
        middle = self.height() / 2
        for place, placed in enumerate(self._placed):
            box = QRectF(placed.left, 2.0, placed.width, self.height() - 4.0)
            if place == self._hovered:
                wash = QColor(style.text)
                wash.setAlphaF(0.08)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(wash)
                painter.drawRoundedRect(box, 4.0, 4.0)
            if place == current:
                painter.setPen(pen(QColor(style.selection), 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(box.adjusted(0.75, 0.75, -0.75, -0.75), 4.0, 4.0)
            is_last = placed.last == len(self._crumbs) - 1
            painter.setFont(self._font(placed.last))
            painter.setPen(ink if is_last or place == self._hovered else quiet)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, placed.text)
            if place + 1 < len(self._placed):
                x = placed.left + placed.width + _ARROW / 2
                painter.setPen(pen(quiet, 1.25))
                painter.drawPolyline(
                    [QPointF(x - 1.75, middle - 3.5), QPointF(x + 1.75, middle),
                     QPointF(x - 1.75, middle + 3.5)]
                )  # fmt: skip
