"""The catalogue to choose from: a search box over the families and their networks."""

from typing import Any

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.network_model import NetworkFilter, NetworkModel, NetworkRole
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars

Index = QModelIndex | QPersistentModelIndex
_FAMILY_HEIGHT, _NETWORK_HEIGHT = 30, 46


def _badge_texts(owner: QObject) -> dict[str, str]:
    return {
        "shipped": owner.tr("shipped"),
        "downloaded": owner.tr("downloaded"),
        "untrained": owner.tr("untrained"),
    }


class _RowDelegate(QStyledItemDelegate):
    """A family as a heading; a network as its title over a quiet line of facts, with a badge."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current = ""
        """Name of the network on show in the window."""

    def facts(self, index: Index, width: int, metrics: QFontMetrics) -> str:
        """The quiet line, as much of it as fits."""
        year, count = index.data(NetworkRole.YEAR), index.data(NetworkRole.PARAMETERS)
        tag = index.data(NetworkRole.TAG)
        forms = [
            self.tr("{year} · {count} parameters").format(year=year, count=count),
            self.tr("{year} · {count}").format(year=year, count=count),
        ]
        if tag:
            whole = self.tr("{year} · {count} parameters · {tag} weights")
            shorter = self.tr("{year} · {count} parameters · {tag}")
            forms[:0] = [form.format(year=year, count=count, tag=tag) for form in (whole, shorter)]
        fitting = (form for form in forms if metrics.horizontalAdvance(form) <= width)
        return next(fitting, metrics.elidedText(forms[-1], Qt.TextElideMode.ElideRight, width))

    def _paint_family(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place = QRect(option.rect)  # type: ignore[attr-defined]
        box = place.adjusted(theme.MARGIN, 0, -theme.MARGIN, 0)
        font = theme.text_font(theme.SMALL, QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme.quiet_colour(view))
        words = box.adjusted(14, 0, 0, -4)
        flags = Qt.AlignmentFlag.AlignBottom
        painter.drawText(words, flags | Qt.AlignmentFlag.AlignLeft, index.data())
        painter.setFont(theme.text_font(theme.SMALL))
        count = index.data(NetworkRole.COUNT)
        if isinstance(count, int) and not view.isExpanded(index):
            painter.drawText(words, flags | Qt.AlignmentFlag.AlignRight, str(count))
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
        box = place.adjusted(theme.MARGIN + 14, 0, -theme.MARGIN, 0)
        weight = QFont.Weight.DemiBold if shown else QFont.Weight.Medium
        font, small = theme.text_font(weight=weight), theme.text_font(theme.SMALL)
        title, quiet = QFontMetrics(font), QFontMetrics(small)
        top = box.y() + (box.height() - title.height() - quiet.height() - 1) // 2
        line = QRect(box.x(), top, box.width(), title.height())
        badge_left = self._paint_badge(painter, view, line, index)
        painter.setFont(font)
        painter.setPen(QColor(style.text))
        words = line.adjusted(0, 0, badge_left - line.right() - theme.GAP, 0)
        elided = title.elidedText(index.data(), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, elided)
        painter.setFont(small)
        painter.setPen(theme.quiet_colour(view))
        below = QRect(box.x(), line.bottom() + 2, box.width(), quiet.height())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, self.facts(index, below.width(), quiet))

    def _paint_badge(self, painter: QPainter, view: QWidget, line: QRect, index: Index) -> int:
        """The weights at hand, at the right end of a line; gives where the badge begins."""
        state = index.data(NetworkRole.WEIGHTS)
        text = _badge_texts(self).get(state, state)
        style = theme.ground(view)
        dark = theme.is_dark(view.palette())
        font = theme.text_font(11, QFont.Weight.Medium)
        width = QFontMetrics(font).horizontalAdvance(text) + 12
        pill = QRectF(line.right() + 1 - width, line.center().y() - 7.5, width, 16)
        painter.setFont(font)
        if state == "untrained":
            painter.setPen(QPen(QColor(style.box_border), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ink = theme.quiet_colour(view)
        else:
            ground, colour = theme.INFO[dark]
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ground))
            ink = QColor(colour)
        painter.drawRoundedRect(pill, 8, 8)
        painter.setPen(ink)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        return int(pill.left())

    # Overrides of Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(200, _NETWORK_HEIGHT if index.data(NetworkRole.NAME) else _FAMILY_HEIGHT)

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
        tips = {
            "shipped": self.tr("Its trained weights came with the program."),
            "downloaded": self.tr("Its trained weights are on this machine."),
            "untrained": self.tr(
                "No trained weights are on this machine: its weights are random, and its answers "
                "mean nothing."
            ),
        }
        tip = tips.get(index.data(NetworkRole.WEIGHTS), "")
        QToolTip.showText(event.globalPos(), tip, view)
        return True


class _Tree(QTreeView):
    """The families and networks. A click or Enter chooses a network, or folds a family."""

    chosen = Signal(QModelIndex)
    left_at_top = Signal()
    """The up arrow was pressed on the first row."""

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
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)
        self.clicked.connect(self._take)

    def _take(self, index: QModelIndex) -> None:
        if index.data(NetworkRole.NAME):
            self.chosen.emit(index)
        else:
            self.setExpanded(index, not self.isExpanded(index))

    # Overrides of Qt

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

    def drawBranches(self, *_: object) -> None:
        pass  # a family's arrow stands in its heading

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 2 * _NETWORK_HEIGHT)


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
    """All networks by family, and a search."""

    network_chosen = Signal(str)
    """A person chose a network: its name."""

    def __init__(self, networks: NetworkModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._networks = networks
        self._filter = NetworkFilter(self)
        self._filter.setSourceModel(networks)
        self._magnifier: QAction | None = None
        self._icons_due = True
        self.search = _SearchBox()
        self.search.setPlaceholderText(self.tr("Search networks"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search networks"))
        self.search.setToolTip(self.tr("Find a network by name, family, year or author (Ctrl+K)."))
        self.search.setMinimumHeight(30)
        self.tree = _Tree()
        self._delegate = _RowDelegate(self.tree)
        self.tree.setItemDelegate(self._delegate)
        self.tree.setModel(self._filter)
        self.tree.setAccessibleName(self.tr("Networks"))
        self.tree.expandAll()
        self._nothing = QLabel()
        self._nothing.setTextFormat(Qt.TextFormat.PlainText)
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._nothing.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._nothing.setContentsMargins(*[2 * theme.MARGIN] * 4)
        ignored = QSizePolicy.Policy.Ignored
        self._nothing.setSizePolicy(ignored, ignored)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.tree)
        self._pages.addWidget(self._nothing)
        above = QVBoxLayout()
        above.setContentsMargins(theme.MARGIN, theme.GAP, theme.MARGIN, theme.GAP // 2)
        above.addWidget(self.search)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(above)
        layout.addWidget(self._pages, 1)
        self.setMinimumWidth(180)
        self.setFocusProxy(self.search)

        self.search.textChanged.connect(self._on_search_changed)
        self.search.returnPressed.connect(self._on_return)
        self.search.down_pressed.connect(self._on_down)
        self.tree.chosen.connect(self._on_chosen)
        self.tree.left_at_top.connect(self.focus_search)

    def set_current(self, name: str) -> None:
        """Mark the network on show. No signal."""
        self._delegate.current = name
        index = self._filter.mapFromSource(self._networks.index_of(name))
        if index.isValid():
            self.tree.expand(index.parent())
            self.tree.setCurrentIndex(index)
            self.tree.scrollTo(index)
        self.tree.viewport().update()

    def focus_search(self) -> None:
        """Go to the search box, its text ready to be typed over."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _first_found(self) -> QModelIndex:
        family = self._filter.index(0, 0)
        return self._filter.index(0, 0, family)

    def _on_search_changed(self, text: str) -> None:
        self._filter.search(text)
        self.tree.expandAll()
        found = self._filter.rowCount() > 0
        self._pages.setCurrentIndex(0 if found else 1)
        self._nothing.setText(
            self.tr("No network matches “{text}”. Clear the search to see them all.").format(
                text=text.strip()
            )
        )
        shown = self._filter.mapFromSource(self._networks.index_of(self._delegate.current))
        self.tree.setCurrentIndex(self._first_found() if text.strip() else shown)

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

    def _load_icons(self) -> None:
        icon = theme.icon("ph.magnifying-glass", self)
        if self._magnifier is None:
            self._magnifier = self.search.addAction(icon, QLineEdit.ActionPosition.LeadingPosition)
        else:
            self._magnifier.setIcon(icon)

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
