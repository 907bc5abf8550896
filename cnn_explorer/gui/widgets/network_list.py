"""The catalogue to choose from: a search box over the families and their networks."""

import html
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    QSizeF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QDrag,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QToolTip,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.network_model import NetworkFilter, NetworkModel, NetworkRole
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.drop import NETWORK_FORMAT
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.text import in_menu

Index = QModelIndex | QPersistentModelIndex
_FAMILY_HEIGHT, _TALL, _LOW = 30, 64, 46
"""Heights of a family, and of a network in a narrow and in a wide list."""
_LEFT = theme.MARGIN + 14
"""Where titles begin, right of a family's arrow."""
_WIDE = 552
"""From this width on the numbers stand beside the title instead of below it."""
_CRAMPED = 232
"""Below this width a badge is a dot: its words would take the title's place."""
_BADGE_SPACE = 112
_TIGHT = 8
"""Between two columns at least."""


class _Columns(QObject):
    """Where the numbers of a network stand, and what stands above them: the same in every row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.labels = {
            NetworkRole.YEAR: self.tr("year"),
            NetworkRole.PARAMETERS: self.tr("params"),
            NetworkRole.MACS: self.tr("mult.-adds"),
            NetworkRole.TOP1: self.tr("top-1"),
        }
        self.tips = {
            NetworkRole.YEAR: self.tr("Year of the paper."),
            NetworkRole.PARAMETERS: self.tr("Parameters: the numbers that training sets."),
            NetworkRole.MACS: self.tr("Multiply-adds: what the answer for one picture costs."),
            NetworkRole.TOP1: self.tr(
                "Published top-1 accuracy, in per cent, on the network's own data set."
            ),
        }
        label, value = QFontMetrics(theme.text_font(11)), QFontMetrics(theme.text_font(theme.SMALL))
        widest = {NetworkRole.YEAR: "2000", NetworkRole.TOP1: self.tr("88.88 %")}
        self._widths = {
            role: max(
                label.horizontalAdvance(text), value.horizontalAdvance(widest.get(role, "888 M"))
            )
            for role, text in self.labels.items()
        }

    def edges(self, width: int) -> dict[NetworkRole, int]:
        """The right edge of each column in a list of that width; those without room are left out,
        the year first."""
        right = width - theme.MARGIN - (_BADGE_SPACE if width >= _WIDE else 0)
        roles = list(self.labels)
        if width >= _WIDE:
            gap = 20.0
        else:
            while len(roles) > 1 and self._gap(roles, right - _LEFT) < _TIGHT:
                roles.pop(0 if roles[0] == NetworkRole.YEAR else 1)
            gap = min(20.0, self._gap(roles, right - _LEFT))
        edges = {}
        edge = float(right)
        for role in reversed(roles):
            edges[role] = round(edge)
            edge -= self._widths[role] + gap
        if width < _WIDE and roles[0] == NetworkRole.YEAR:  # under the title, not far from it
            edges[NetworkRole.YEAR] = _LEFT + self._widths[NetworkRole.YEAR]
        return edges

    def width(self, role: NetworkRole) -> int:
        """Of a column: its heading and its widest number fit."""
        return self._widths[role]

    def draw(self, painter: QPainter, role: NetworkRole, cell: QRect, text: str) -> None:
        """Put a text into a cell: numbers end at its right edge, years begin where titles do."""
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == NetworkRole.YEAR:
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            cell = cell.adjusted(cell.width() - self._widths[role], 0, 0, 0)
        painter.drawText(cell, flags, text)

    def _gap(self, roles: list[NetworkRole], room: int) -> float:
        spare = room - sum(self._widths[role] for role in roles)
        return spare / max(1, len(roles) - 1)


class _Headings(QWidget):
    """The names of the columns, above the list."""

    def __init__(self, columns: _Columns, view: QTreeView) -> None:
        super().__init__()
        self._columns = columns
        self._view = view

    def tip(self, x: int) -> str:
        """What the column under a place means; empty between columns."""
        edges = self._columns.edges(self._view.viewport().width())
        for role, edge in edges.items():
            if edge - self._columns.width(role) - _TIGHT // 2 <= x < edge + _TIGHT // 2:
                return self._columns.tips[role]
        return ""

    # Overrides of Qt

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            assert isinstance(event, QHelpEvent)
            QToolTip.showText(event.globalPos(), self.tip(event.pos().x()), self)
            return True
        return super().event(event)

    def sizeHint(self) -> QSize:
        return QSize(160, 20)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setFont(theme.text_font(11))
        painter.setPen(theme.quiet_colour(self))
        edges = self._columns.edges(self._view.viewport().width())
        for role, edge in edges.items():
            cell = QRect(edge - 80, 0, 80, self.height())
            self._columns.draw(painter, role, cell, self._columns.labels[role])
        line = QColor(theme.ground(self).box_border)
        line.setAlphaF(0.6)
        painter.fillRect(0, self.height() - 1, self.width(), 1, line)


class _RowDelegate(QStyledItemDelegate):
    """A family as a heading; a network as its title, what sets it apart, its numbers, a badge."""

    def __init__(self, columns: _Columns, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self.current = ""
        """Name of the network on show in the window."""

    def _paint_family(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place = QRect(option.rect)  # type: ignore[attr-defined]
        indent = theme.MARGIN if index.parent().isValid() else 0
        box = place.adjusted(theme.MARGIN + indent, 0, -theme.MARGIN, 0)
        font = theme.text_font(theme.SMALL, QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.quiet_colour(view))
        words = box.adjusted(14, 0, 0, -4)
        flags = Qt.AlignmentFlag.AlignBottom
        painter.drawText(words, flags | Qt.AlignmentFlag.AlignLeft, index.data())
        painter.setFont(theme.text_font(theme.SMALL))
        count = str(index.data(NetworkRole.COUNT))
        painter.drawText(words, flags | Qt.AlignmentFlag.AlignRight, count)
        if index.data(NetworkRole.IS_LIBRARY):  # a line sets a library apart from our own
            line = QColor(theme.ground(view).box_border)
            painter.fillRect(QRect(place.x(), place.y() + 4, place.width(), 1), line)
        middle = QPointF(box.x() + 4, box.bottom() - 4 - QFontMetrics(font).height() / 2 + 1)
        pen = QPen(theme.quiet_colour(view), 1.5)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        if view.isExpanded(index):
            arrow = [QPointF(-3.5, -1.75), QPointF(0, 1.75), QPointF(3.5, -1.75)]
        else:
            arrow = [QPointF(-1.75, -3.5), QPointF(1.75, 0), QPointF(-1.75, 3.5)]
        painter.drawPolyline([middle + point for point in arrow])

    def _paint_network(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place = QRect(option.rect)  # type: ignore[attr-defined]
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        style = theme.ground(view)
        shown = index.data(NetworkRole.NAME) == self.current
        row = QRectF(place).adjusted(6, 1, -6, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if shown or state & QStyle.StateFlag.State_MouseOver:
            wash = QColor(style.selection if shown else style.text)
            wash.setAlphaF(0.16 if shown else 0.06)
            painter.setBrush(wash)
            painter.drawRoundedRect(row, theme.RADIUS, theme.RADIUS)
        if shown:
            painter.setBrush(QColor(style.selection))
            painter.drawRoundedRect(QRectF(row.x(), row.y() + 9, 3, row.height() - 18), 1.5, 1.5)
        wide = place.width() >= _WIDE
        indent = theme.MARGIN if index.parent().parent().isValid() else 0
        font = theme.text_font(weight=QFont.Weight.DemiBold if shown else QFont.Weight.Medium)
        small = theme.text_font(theme.SMALL)
        title, quiet = QFontMetrics(font), QFontMetrics(small)
        lines = [title.height(), quiet.height(), *([] if wide else [quiet.height()])]
        gap = 2
        top = place.y() + (place.height() - sum(lines) - gap * (len(lines) - 1)) // 2
        edges = self._columns.edges(place.width())
        left = _LEFT + indent
        right = place.width() - theme.MARGIN
        if wide:  # the words end before the first number
            first = next(iter(reversed(edges)))
            right = edges[first] - 64 if edges else right
        heading = QRect(place.x() + left, top, right - left, lines[0])
        below = QRect(place.x() + left, top + lines[0] + gap, right - left, lines[1])
        line = QRect(place) if wide else below.translated(0, lines[1] + gap)
        if wide:
            badge_line = QRect(place.x(), place.y(), place.width() - theme.MARGIN, place.height())
            self._paint_badge(painter, view, badge_line, index)
        else:
            # a title is whole: siblings differ in its end. The words below it give way first
            room = heading.width() - self._badge_size(view, index).width() - theme.GAP
            whole = title.horizontalAdvance(index.data()) <= room
            beside = heading if whole else below
            beside.setRight(self._paint_badge(painter, view, beside, index) - theme.GAP)
        painter.setFont(font)
        painter.setPen(QColor(style.text))
        _draw_elided(painter, heading, index.data())
        painter.setFont(small)
        painter.setPen(theme.quiet_colour(view))
        _draw_elided(painter, below, index.data(NetworkRole.VARIANT))
        for role, edge in edges.items():
            cell = QRect(place.x() + edge - 80, line.y(), 80, line.height())
            self._columns.draw(painter, role, cell, str(index.data(role) or "–"))

    def _badge_size(self, view: QWidget, index: Index) -> QSize:
        """Of a pill with words in it; of a dot where they would take the title's place."""
        if view.width() < _CRAMPED:
            return QSize(9, 9)
        metrics = QFontMetrics(theme.text_font(11, QFont.Weight.Medium))
        return QSize(metrics.horizontalAdvance(index.data(NetworkRole.BADGE)) + 12, 16)

    def _paint_badge(self, painter: QPainter, view: QWidget, line: QRect, index: Index) -> int:
        """The weights to be had, at the right end of a line; gives where the badge begins."""
        state, text = index.data(NetworkRole.WEIGHTS), index.data(NetworkRole.BADGE)
        dark = theme.is_dark(view.palette())
        size = self._badge_size(view, index)
        is_dot = size.width() == size.height()
        text, height = "" if is_dot else text, size.height()
        middle = line.center().y() + 0.5
        pill = QRectF(line.right() + 0.5 - size.width(), middle - height / 2, size.width(), height)
        painter.setFont(theme.text_font(11, QFont.Weight.Medium))
        if state in ("absent", "missing", "untrained"):
            ink = theme.quiet_colour(view)
            pen = QPen(ink, 1.25 if is_dot else 1)
            if state != "absent" and not is_dot:
                pen.setDashPattern([2.5, 2])
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if state != "absent" and is_dot:  # no dashes are seen on a dot: struck out
                painter.drawLine(pill.bottomLeft(), pill.topRight())
        else:
            ground, colour = theme.INFO[dark]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground if text else colour))
            ink = QColor(colour)
        painter.drawRoundedRect(pill, height / 2, height / 2)
        painter.setPen(ink)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        return int(pill.left())

    def tip(self, index: Index) -> str:
        """All that a row says, and what its badge means, as rich text; empty for a family."""
        if not index.data(NetworkRole.NAME):
            return ""
        weights = {
            "shipped": self.tr("Its trained weights came with the program."),
            "downloaded": self.tr("Its trained weights are on this machine."),
            "absent": self.tr(
                "There are trained weights to be had: open it and press Get weights. Until then "
                "its weights are random, and its answers mean nothing."
            ),
            "getting": self.tr("Its trained weights are being downloaded."),
            "missing": self.tr(
                "Its trained weights are not in this copy of the program: its weights are random, "
                "and its answers mean nothing."
            ),
            "untrained": self.tr(
                "There are no trained weights of it: its weights are random, and its answers mean "
                "nothing."
            ),
        }[index.data(NetworkRole.WEIGHTS)]
        numbers = self.tr("{year}, {parameters} parameters, {macs} multiply-adds").format(
            year=index.data(NetworkRole.YEAR),
            parameters=index.data(NetworkRole.PARAMETERS),
            macs=index.data(NetworkRole.MACS),
        )
        top1 = index.data(NetworkRole.TOP1)
        if top1:
            numbers = self.tr("{numbers}, {percent} top-1 ({source})").format(
                numbers=numbers, percent=top1, source=index.data(NetworkRole.SOURCE)
            )
        variant = html.escape(index.data(NetworkRole.VARIANT))
        title = f'<span style="font-weight:600">{html.escape(index.data())}</span>'
        lines = [title, variant, numbers, weights]
        return "<br>".join(filter(None, lines))

    # Overrides of Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view: Any = option.widget  # type: ignore[attr-defined]
        height = _LOW if view is not None and view.viewport().width() >= _WIDE else _TALL
        return QSize(160, height if index.data(NetworkRole.NAME) else _FAMILY_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place = QRect(option.rect)  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if index.data(NetworkRole.NAME):
            self._paint_network(painter, option, index)
        else:
            self._paint_family(painter, option, index)
        if view.hasFocus() and view.currentIndex() == index:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.ground(view).selection), 1.5))
            ring = QRectF(place).adjusted(6.75, 1.75, -6.75, -1.75)
            painter.drawRoundedRect(ring, theme.RADIUS, theme.RADIUS)
        painter.restore()

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,  # noqa: ARG002
        index: Index,
    ) -> bool:
        QToolTip.showText(event.globalPos(), self.tip(index), view)
        return True


def _named(text: str, widget: QWidget) -> QPixmap:
    """A name on a card, to be dragged."""
    font = theme.text_font(weight=QFont.Weight.Medium)
    metrics = QFontMetrics(font)
    ratio = widget.devicePixelRatioF()
    size = QSize(metrics.horizontalAdvance(text) + 2 * theme.MARGIN, metrics.height() + theme.GAP)
    card = QPixmap(size * ratio)
    card.setDevicePixelRatio(ratio)
    card.fill(Qt.GlobalColor.transparent)
    painter = QPainter(card)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(theme.ground(widget).selection))
    painter.setBrush(widget.palette().color(QPalette.ColorRole.Base))
    box = QRectF(QPointF(0.5, 0.5), QSizeF(size) - QSizeF(1, 1))
    painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
    painter.setPen(QColor(theme.ground(widget).text))
    painter.setFont(font)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return card


def _draw_elided(painter: QPainter, box: QRect, text: str) -> None:
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


class _Tree(QTreeView):
    """The families and networks. A click or Enter chooses a network, or folds a family."""

    chosen = Signal(QModelIndex)
    left_at_top = Signal()
    """The up arrow was pressed on the first row."""
    menu_asked = Signal(QModelIndex, QPoint)
    """A menu is wanted for a row, at a place of the screen."""
    resized = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setItemsExpandable(True)
        self.setExpandsOnDoubleClick(False)
        self.setMouseTracking(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setSelectionMode(QTreeView.SelectionMode.NoSelection)
        self.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # always there: the columns would jump when a family opens
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)
        self._was_wide: bool | None = None
        self._pressed: QPoint | None = None
        self.clicked.connect(self._take)

    def _take(self, index: QModelIndex) -> None:
        if index.data(NetworkRole.NAME):
            self.chosen.emit(index)
        else:
            self.setExpanded(index, not self.isExpanded(index))

    def _drag(self, index: QModelIndex) -> None:
        """Drag a network until it is let go: onto another one, or the comparison."""
        data = QMimeData()
        data.setData(NETWORK_FORMAT, str(index.data(NetworkRole.NAME)).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(_named(str(index.data()), self))
        drag.exec(Qt.DropAction.CopyAction)

    # Overrides of Qt

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = event.position().toPoint() if left else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        moved = (event.position().toPoint() - self._pressed).manhattanLength()
        index = self.indexAt(self._pressed)
        if moved >= QApplication.startDragDistance() and index.data(NetworkRole.NAME):
            self._pressed = None
            self._drag(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        index = self.currentIndex()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and index.isValid():
            self._take(index)
        elif key == Qt.Key.Key_Up and not self.indexAbove(index).isValid():
            self.left_at_top.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        if not self.currentIndex().isValid():
            self.setCurrentIndex(self.model().index(0, 0))
        super().focusInEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if index.data(NetworkRole.NAME):
            place = event.globalPos()
            if by_key:
                place = self.viewport().mapToGlobal(self.visualRect(index).center())
            self.menu_asked.emit(index, place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.viewport().width() >= _WIDE
        if wide != self._was_wide:
            self._was_wide = wide
            self.scheduleDelayedItemsLayout()  # rows have another height
        self.resized.emit()

    def drawBranches(self, *_: object) -> None:
        pass  # a family's arrow stands in its heading

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 2 * _TALL)


class _Toggle(QToolButton):
    """A button that plainly is pressed or not: its colour says so too."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setFixedSize(30, 30)
        self.setIconSize(QSize(18, 18))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    # Overrides of Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style, role = theme.ground(self), QPalette.ColorRole
        accent = QColor(style.selection)
        edge = QColor(accent) if self.isChecked() else self.palette().color(role.Mid)
        edge.setAlphaF(0.5 if self.isChecked() else 1.0)
        if self.hasFocus():  # plain to see on a pressed button too
            edge = QColor(accent)
        inset = 1.0 if self.hasFocus() else 0.5
        box = QRectF(self.rect()).adjusted(inset, inset, -inset, -inset)
        painter.setPen(QPen(edge, 2 * inset))
        painter.setBrush(self.palette().color(role.Midlight if self.underMouse() else role.Button))
        painter.drawRoundedRect(box, 4, 4)
        if self.isChecked():
            accent.setAlphaF(0.2)
            painter.setBrush(accent)
            painter.drawRoundedRect(box, 4, 4)
        size = self.iconSize()
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(self.rect().center())
        self.icon().paint(painter, place)


class _Link(QToolButton):
    """A button that looks like a link."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(theme.text_font(theme.SMALL, QFont.Weight.Medium))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 12, metrics.height() + 8)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.ground(self).selection), 1.5))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        font = QFont(self.font())
        font.setUnderline(self.underMouse())
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.Link))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class _SearchBox(QLineEdit):
    """Where a search is typed. The down arrow goes to what was found."""

    down_pressed = Signal()

    # Overrides of Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape and self.text():
                event.accept()  # it empties the box before it does anything in the window
                return True
        return super().event(event)


class NetworkList(QWidget):
    """All networks by family, a search, and a button that leaves those with weights at hand."""

    network_chosen = Signal(str)
    """A person chose a network: its name."""
    compare_asked = Signal(str)
    """A person wants a network's facts beside those of the one on show: its name."""
    comparison_asked = Signal(str, str)
    """A person wants two networks compared: their names."""
    addition_asked = Signal(str)
    """A person wants a network in the comparison: its name."""

    def __init__(self, networks: NetworkModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._networks = networks
        self._filter = NetworkFilter(self)
        self._filter.setSourceModel(networks)
        self._magnifier: QAction | None = None
        self._icons_due = True
        self._open: set[str] = set()  # families that a person opened
        self._opened_along: set[str] = set()  # and those opened to show the current network
        self._arranging = False
        self.search = _SearchBox()
        self.search.setPlaceholderText(self.tr("Search networks"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search networks"))
        self.search.setToolTip(
            self.tr(
                "Find a network by name, family, variant, year, author or data set such as "
                "cifar (Ctrl+K)."
            )
        )
        self.search.setMinimumHeight(30)
        self.at_hand_button = _Toggle()
        self.at_hand_button.setAccessibleName(self.tr("Only networks with weights at hand"))
        columns = _Columns(self)
        self.tree = _Tree()
        self._delegate = _RowDelegate(columns, self.tree)
        self.tree.setItemDelegate(self._delegate)
        self.tree.setModel(self._filter)
        self.tree.setAccessibleName(self.tr("Networks"))
        self._headings = _Headings(columns, self.tree)
        self._nothing = QLabel()
        self._nothing.setTextFormat(Qt.TextFormat.PlainText)
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._nothing.setContentsMargins(*[2 * theme.MARGIN] * 4)
        ignored = QSizePolicy.Policy.Ignored
        self._nothing.setSizePolicy(ignored, ignored)
        self._pages = QStackedWidget()
        found = QWidget()
        inside = QVBoxLayout(found)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self._headings)
        inside.addWidget(self.tree, 1)
        self._pages.addWidget(found)
        self._pages.addWidget(self._nothing)
        above = QHBoxLayout()
        above.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.GAP // 2)
        above.setSpacing(theme.GAP // 2 + 2)
        above.addWidget(self.search, 1)
        above.addWidget(self.at_hand_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(above)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self._narrowed_line())
        self.setMinimumWidth(180)
        self.setFocusProxy(self.search)
        self.setTabOrder(self.search, self.at_hand_button)
        self.setTabOrder(self.at_hand_button, self.tree)
        self.setTabOrder(self.tree, self.show_all_button)
        self._on_at_hand_toggled(False)

        self.search.textChanged.connect(self._on_narrowed)
        self.search.returnPressed.connect(self._on_return)
        self.search.down_pressed.connect(self._on_down)
        self.at_hand_button.toggled.connect(self._on_at_hand_toggled)
        self.show_all_button.clicked.connect(self._on_show_all)
        self.tree.chosen.connect(self._on_chosen)
        self.tree.left_at_top.connect(self.focus_search)
        self.tree.menu_asked.connect(self._on_menu_asked)
        self.tree.expanded.connect(self._on_expanded)
        self.tree.collapsed.connect(self._on_collapsed)
        self.tree.resized.connect(self._headings.update)
        self._filter.rowsInserted.connect(self._on_rows_changed)
        self._filter.rowsRemoved.connect(self._on_rows_changed)

    def _narrowed_line(self) -> QWidget:
        """Says below the list that the filter leaves networks out, and takes it away."""
        self._narrowed = QFrame()
        said = QLabel(self.tr("Only networks with weights at hand."))
        said.setFont(theme.text_font(theme.SMALL))
        said.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        said.setWordWrap(True)
        self.show_all_button = _Link()
        self.show_all_button.setText(
            self.tr("Show all {count}").format(count=len(self._networks.cards()))
        )
        row = QHBoxLayout(self._narrowed)
        row.setContentsMargins(theme.MARGIN, theme.GAP // 2, theme.GAP // 2, theme.GAP // 2)
        row.setSpacing(theme.GAP // 2)
        row.addWidget(said, 1)
        row.addWidget(self.show_all_button)
        return self._narrowed

    @property
    def open_families(self) -> tuple[str, ...]:
        """The families that a person left open, by their keys."""
        return tuple(sorted(self._open))

    def restore(self, open_families: Iterable[str], only_at_hand: bool) -> None:
        """Open families and set the filter as they were left."""
        self._open = set(open_families)
        self.at_hand_button.setChecked(only_at_hand)
        self._arrange()

    def set_current(self, name: str) -> None:
        """Mark the network on show. No signal."""
        self._delegate.current = name
        if self._filter.keep(name):
            self._arrange()
        above = self._networks.index_of(name).parent()
        while above.isValid():
            self._opened_along.add(above.data(NetworkRole.KEY))
            above = above.parent()
        index = self._filter.mapFromSource(self._networks.index_of(name))
        if index.isValid():
            above = index.parent()
            self._arranging = True
            while above.isValid():
                self.tree.expand(above)
                above = above.parent()
            self._arranging = False
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)
        self.tree.viewport().update()

    def focus_search(self) -> None:
        """Go to the search box, its text ready to be typed over."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def context_menu(self, index: Index) -> QMenu:
        """The menu of a network's row. The caller deletes it."""
        name, title = index.data(NetworkRole.NAME), in_menu(index.data())
        menu = QMenu(self)
        menu.addAction(
            self.tr("Open {title}").format(title=title), lambda: self.network_chosen.emit(name)
        )
        current = self._networks.index_of(self._delegate.current)
        if current.isValid() and name != self._delegate.current:
            text = self.tr("Compare Facts with {title}").format(title=in_menu(current.data()))
        else:
            text = self.tr("Compare Facts…")
        menu.addAction(text, lambda: self.compare_asked.emit(name))
        menu.addSeparator()
        if current.isValid() and name != self._delegate.current:
            menu.addAction(
                self.tr("Compare with {title}").format(title=in_menu(current.data())),
                lambda: self.comparison_asked.emit(self._delegate.current, name),
            )
        menu.addAction(self.tr("Add to the Comparison"), lambda: self.addition_asked.emit(name))
        return menu

    def network_at(self, place: QPoint) -> str:
        """The name of the network at a place of the list; empty where there is none."""
        viewport = self.tree.viewport()
        point = viewport.mapFrom(self, place)
        if not viewport.rect().contains(point):
            return ""
        return str(self.tree.indexAt(point).data(NetworkRole.NAME) or "")

    def _first_found(self) -> QModelIndex:
        index = self._filter.index(0, 0)
        while index.isValid() and not index.data(NetworkRole.NAME):
            index = self._filter.index(0, 0, index)
        return index

    def _arrange(self) -> None:
        """Fold the families as they were left; all that was found stands open."""
        self._arranging = True
        narrowed = self._filter.narrowed
        above = [QModelIndex()]
        while above:
            parent = above.pop()
            for row in range(self._filter.rowCount(parent)):
                index = self._filter.index(row, 0, parent)
                if index.data(NetworkRole.NAME):
                    continue
                key = index.data(NetworkRole.KEY)
                known = key in self._open or key in self._opened_along
                self.tree.setExpanded(index, narrowed or known)
                above.append(index)
        self._arranging = False

    def _show_found(self) -> None:
        """The list, or a sentence where nothing is left of it."""
        found = self._filter.rowCount() > 0
        self._pages.setCurrentIndex(0 if found else 1)
        text = self.search.text().strip()
        if not self.at_hand_button.isChecked():
            said = self.tr("No network matches “{text}”. Clear the search to see them all.")
        elif text:
            said = self.tr(
                "No network with weights at hand matches “{text}”. Clear the search, or show the "
                "networks without weights too."
            )
        else:
            said = self.tr(
                "There are no weights on this machine. Show all networks, open one and get its "
                "weights."
            )
        self._nothing.setText(said.format(text=text))

    def _on_narrowed(self) -> None:
        text = self.search.text()
        self._filter.search(text)
        self._arrange()
        self._show_found()
        shown = self._filter.mapFromSource(self._networks.index_of(self._delegate.current))
        self.tree.setCurrentIndex(self._first_found() if text.strip() else shown)
        if shown.isValid() and not text.strip():
            self.tree.scrollTo(shown)

    def _on_at_hand_toggled(self, only: bool) -> None:
        self._filter.set_only_at_hand(only)
        self._narrowed.setVisible(only)
        self.at_hand_button.setToolTip(
            self.tr("Shown are the networks with weights at hand. Press to show all.")
            if only
            else self.tr("Show only networks with weights at hand.")
        )
        self._on_narrowed()

    def _on_show_all(self) -> None:
        self.at_hand_button.setChecked(False)
        self.tree.setFocus(Qt.FocusReason.OtherFocusReason)  # the line goes, with its button

    def _on_rows_changed(self) -> None:
        # weights that come or go let networks in or out while only those at hand are shown
        self._show_found()

    def _on_expanded(self, index: QModelIndex) -> None:
        if not self._arranging and not self._filter.narrowed:
            self._open.add(index.data(NetworkRole.KEY))

    def _on_collapsed(self, index: QModelIndex) -> None:
        if not self._arranging and not self._filter.narrowed:
            self._open.discard(index.data(NetworkRole.KEY))
            self._opened_along.discard(index.data(NetworkRole.KEY))

    def _on_return(self) -> None:
        index = self._first_found()
        if self.search.text().strip() and index.isValid():
            self._on_chosen(index)

    def _on_down(self) -> None:
        if self._filter.rowCount():
            if self.search.text().strip() or not self.tree.currentIndex().isValid():
                self.tree.setCurrentIndex(self._first_found())
            self.tree.setFocus(Qt.FocusReason.TabFocusReason)

    def _on_chosen(self, index: QModelIndex) -> None:
        self.network_chosen.emit(index.data(NetworkRole.NAME))

    def _on_menu_asked(self, index: QModelIndex, place: QPoint) -> None:
        menu = self.context_menu(index)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _load_icons(self) -> None:
        icon = theme.icon("ph.magnifying-glass", self)
        if self._magnifier is None:
            self._magnifier = self.search.addAction(icon, QLineEdit.ActionPosition.LeadingPosition)
        else:
            self._magnifier.setIcon(icon)
        self.at_hand_button.setIcon(theme.icon("ph.hard-drives", self))

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(264, 480)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._icons_due:
            # the first icon loads the icon fonts, which may wait until the window stands
            self._icons_due = False
            QTimer.singleShot(0, self, self._load_icons)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._icons_due = True
        super().changeEvent(event)
