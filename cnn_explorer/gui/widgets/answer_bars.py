"""The likeliest classes as bars: a name, its share in per cent, and a bar as long as the share.

Of pictures that move, classes keep their rows while they stay among the first, and digits are all
equally wide: of an answer that follows the one before nothing moves but the bars.
"""

import html
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QSizePolicy,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.probe.results import ClassScore
from cnn_explorer.probe.standing import places
from cnn_explorer.text import percent

Index = QModelIndex | QPersistentModelIndex

FEW = 5
"""How many classes are shown at first."""
ROW = 31
"""Height of one class."""
_SCORE_ROLE = Qt.ItemDataRole.UserRole + 1
_FIRST_ROLE = Qt.ItemDataRole.UserRole + 2
_WIDEST = ">99.9 %"
"""Room is kept for this share, so that names end where they are whatever the numbers are."""


class AnswersModel(QAbstractListModel):
    """The first few classes: most likely first, or each in the row that it had."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ranked: Sequence[ClassScore] = ()
        """Most likely first."""
        self.rows: Sequence[ClassScore] = ()
        """As they stand."""
        self._exact: Sequence[ClassScore] | None = None

    def show(
        self,
        ranked: Sequence[ClassScore],
        *,
        keep_rows: bool = False,
        exact: Sequence[ClassScore] | None = None,
    ) -> None:
        """Show other scores, given most likely first; with `keep_rows`, classes that were shown
        stay in their rows. As many as before keep the view where it is. Where the scores are
        smoothed, `exact` are all classes as the network answered."""
        rows = ranked
        if keep_rows:
            by_index = {score.index: score for score in ranked}
            before = [score.index for score in self.rows]
            rows = [by_index[index] for index in places(before, list(by_index), len(ranked))]
        anew = len(rows) != len(self.rows)
        if anew:
            self.beginResetModel()
        self.ranked, self.rows, self._exact = ranked, rows, exact
        if anew:
            self.endResetModel()
        elif rows and (not keep_rows or QAccessible.isActive()):
            # it makes the list paint once more a little later, thirty times a second in vain
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, 0))

    def _tip(self, score: ClassScore) -> str:
        name, index = html.escape(score.name), score.index
        shown = html.escape(percent(score.probability))
        if self._exact is None:
            return self.tr("{name}: {percent} (class {index})").format(
                name=name, percent=shown, index=index
            )
        exact = next((one.probability for one in self._exact if one.index == index), math.nan)
        return self.tr("{name}: {exact} in this frame, {percent} smoothed (class {index})").format(
            name=name, exact=html.escape(percent(exact)), percent=shown, index=index
        )

    # Overrides of Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        score = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return score.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{score.name}, {percent(score.probability)}"
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(score)
        if role == _FIRST_ROLE:
            return score.index == self.ranked[0].index
        return score if role == _SCORE_ROLE else None


class BarDelegate(QStyledItemDelegate):
    """A name and its share in per cent over a bar as long as the share."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.trained = True
        self.faded = False
        self.inset = theme.MARGIN
        """Between the bars and the edges of the view."""

    @cached_property
    def _fonts(self) -> dict[bool, tuple[QFont, QFontMetrics]]:
        """Of the likeliest class (True) and of others."""
        bold, usual = theme.tabular_font(weight=QFont.Weight.DemiBold), theme.tabular_font()
        return {True: (bold, QFontMetrics(bold)), False: (usual, QFontMetrics(usual))}

    @cached_property
    def _widest(self) -> int:
        return self._fonts[True][1].horizontalAdvance(_WIDEST)

    # Overrides of Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place: QRect = option.rect  # type: ignore[attr-defined]
        score = index.data(_SCORE_ROLE)
        style = theme.ground(view)
        first = index.data(_FIRST_ROLE)
        box = place.adjusted(self.inset, 0, -self.inset, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if view.hasFocus() and view.currentIndex() == index:
            painter.setPen(QPen(QColor(style.selection), 1))
            ring = QRectF(place).adjusted(theme.GAP / 2, 1, -theme.GAP / 2, -1)
            painter.drawRoundedRect(ring, 4, 4)
        if self.faded:
            painter.setOpacity(0.45)
        strong = bool(first and self.trained)
        font, metrics = self._fonts[strong]
        share = percent(score.probability)
        # as wide as the widest in bold: a name is not cut otherwise when digits change
        share_width = max(metrics.horizontalAdvance(share), self._widest)
        line = QRect(box.x(), box.y() + 4, box.width(), metrics.height())
        painter.setFont(font)
        text = QColor(style.text if strong else style.text_quiet)
        painter.setPen(text)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, share)
        name_width = line.width() - share_width - theme.GAP
        name = metrics.elidedText(score.name, Qt.TextElideMode.ElideRight, name_width)
        painter.setPen(QColor(style.text if self.trained else style.text_quiet))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, name)
        self._paint_bar(painter, view, box, score.probability, first)
        painter.restore()

    def _paint_bar(
        self, painter: QPainter, view: QWidget, box: QRect, share: float, first: bool
    ) -> None:
        style = theme.ground(view)
        thick = 6.0
        track = QRectF(box.x(), box.bottom() - thick - 3, box.width(), thick)
        whole = QPainterPath()
        whole.addRoundedRect(track, thick / 2, thick / 2)
        painter.fillPath(whole, QColor(style.frame_nested))
        share = 0.0 if math.isnan(share) else min(max(share, 0.0), 1.0)
        if share <= 0:
            return
        # cut out of the track, so that small shares are slivers of its round end, true in length
        painter.setClipPath(whole)
        filled = QRectF(track.x(), track.y(), max(1.5, track.width() * share), thick)
        if self.trained:
            colour = QColor(style.selection)
            if not first:
                colour.setAlphaF(0.55)
            painter.fillRect(filled, colour)
            return
        painter.fillRect(filled, QColor(style.box_border))
        painter.setClipRect(filled, Qt.ClipOperation.IntersectClip)
        painter.setPen(QPen(QColor(style.edge), 1.2))
        step = 5.0
        for number in range(int((filled.width() + thick) / step) + 1):
            x = filled.x() + number * step
            painter.drawLine(QPointF(x - thick, filled.bottom()), QPointF(x, filled.top()))


class Bars(QListView):
    """The list of bars. Ctrl+C copies the answers, not the row."""

    copy_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.viewport().setAutoFillBackground(False)

    # Overrides of Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 2 * ROW)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        if not self.currentIndex().isValid() and self.model().rowCount():
            self.setCurrentIndex(self.model().index(0, 0))
        super().focusInEvent(event)


class AnswerBars(Bars):
    """The likeliest classes alone, where several networks stand side by side. It is as tall as
    they are, and leaves scrolling to what it stands in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers = AnswersModel(self)
        self._delegate = BarDelegate(self)
        self._delegate.inset = 0
        self.setModel(self._answers)
        self.setItemDelegate(self._delegate)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(FEW * ROW)
        self.copy_asked.connect(self._copy)

    def show_scores(
        self, classes: Sequence[ClassScore], *, trained: bool, live: bool = False
    ) -> None:
        """Show the first of all classes, which are given most likely first. Of a `live` picture
        classes keep their rows."""
        self._delegate.trained = trained
        self._answers.show(classes[:FEW], keep_rows=live)
        self.setAccessibleDescription(self.text())
        self.viewport().update()

    def set_faded(self, faded: bool) -> None:
        """Show that the answers are of an earlier picture."""
        self._delegate.faded = faded
        self.viewport().update()

    def text(self) -> str:
        """The answers as plain text."""
        scores = self._answers.ranked
        return "\n".join(f"{percent(score.probability)}\t{score.name}" for score in scores)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())

    # Overrides of Qt

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
