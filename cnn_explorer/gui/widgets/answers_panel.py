"""The network's answers: the likeliest classes as bars, and how long it took."""

import html
import math
import time
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
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
    QAccessible,
    QAccessibleEvent,
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QSizePolicy,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import QuietLabel
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.gui.widgets.untrained_badge import UntrainedBadge
from cnn_explorer.probe.results import ClassScore

Index = QModelIndex | QPersistentModelIndex

FEW, MORE = 5, 20
_SCORE_ROLE = Qt.ItemDataRole.UserRole + 1
_ROW = 31
_TOLD_EVERY = 0.25
"""Seconds between two lines of durations, of frames that follow each other."""
_PENDING_MS = 150
"""Answers that come sooner replace the old ones without these fading first."""


def percent(probability: float) -> str:
    """A probability for people: ``97.3 %``, ``<0.1 %``, and never a false 100."""
    if math.isnan(probability):
        return "not a number"
    if probability < 0.001:
        return "<0.1 %" if probability > 0 else "0 %"
    if 0.9995 <= probability < 1:
        return ">99.9 %"
    return f"{100 * probability:.1f} %" if probability < 1 else "100 %"


def milliseconds(ms: float) -> str:
    """A duration for people: ``0.4 ms``, ``41 ms``, ``1.2 s``. Its space does not break."""
    if ms >= 999.5:
        return f"{ms / 1000:.1f}\u00a0s"
    return f"{ms:.0f}\u00a0ms" if ms >= 0.95 else f"{ms:.1f}\u00a0ms"


class _AnswersModel(QAbstractListModel):
    """The first few classes, most likely first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.scores: Sequence[ClassScore] = ()

    def show(self, scores: Sequence[ClassScore]) -> None:
        """Show other scores. As many as before keep the view where it is."""
        if len(scores) == len(self.scores):
            self.scores = scores
            if scores:
                self.dataChanged.emit(self.index(0, 0), self.index(len(scores) - 1, 0))
            return
        self.beginResetModel()
        self.scores = scores
        self.endResetModel()

    # Overrides of Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.scores)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        score = self.scores[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return score.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{score.name}, {percent(score.probability)}"
            case Qt.ItemDataRole.ToolTipRole:
                return self.tr("{name}: {percent} (class {index})").format(
                    name=html.escape(score.name),
                    percent=html.escape(percent(score.probability)),
                    index=score.index,
                )
        return score if role == _SCORE_ROLE else None


class _BarDelegate(QStyledItemDelegate):
    """A name and its share in per cent over a bar as long as the share."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.trained = True
        self.faded = False
        self.inset = theme.MARGIN
        """Between the bars and the edges of the view."""

    # Overrides of Qt

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002
        return QSize(120, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view: Any = option.widget  # type: ignore[attr-defined]
        place: QRect = option.rect  # type: ignore[attr-defined]
        score = index.data(_SCORE_ROLE)
        style = theme.ground(view)
        first = index.row() == 0
        box = place.adjusted(self.inset, 0, -self.inset, 0)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if view.hasFocus() and view.currentIndex() == index:
            painter.setPen(QPen(QColor(style.selection), 1))
            ring = QRectF(place).adjusted(theme.GAP / 2, 1, -theme.GAP / 2, -1)
            painter.drawRoundedRect(ring, 4, 4)
        if self.faded:
            painter.setOpacity(0.45)
        strong = first and self.trained
        font = theme.text_font(weight=QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        metrics = QFontMetrics(font)
        share = percent(score.probability)
        share_width = metrics.horizontalAdvance(share)
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


class _Bars(QListView):
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
        return QSize(120, 2 * _ROW)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: Any) -> None:
        if not self.currentIndex().isValid() and self.model().rowCount():
            self.setCurrentIndex(self.model().index(0, 0))
        super().focusInEvent(event)


class AnswerBars(_Bars):
    """The likeliest classes alone, where several networks stand side by side. It is as tall as
    they are, and leaves scrolling to what it stands in."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers = _AnswersModel(self)
        self._delegate = _BarDelegate(self)
        self._delegate.inset = 0
        self.setModel(self._answers)
        self.setItemDelegate(self._delegate)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(FEW * _ROW)
        self.copy_asked.connect(self._copy)

    def show_scores(self, classes: Sequence[ClassScore], *, trained: bool) -> None:
        """Show the first of all classes, which are given most likely first."""
        self._delegate.trained = trained
        self._answers.show(classes[:FEW])
        self.setAccessibleDescription(self.text())
        self.viewport().update()

    def set_faded(self, faded: bool) -> None:
        """Show that the answers are of an earlier picture."""
        self._delegate.faded = faded
        self.viewport().update()

    def text(self) -> str:
        """The answers as plain text."""
        scores = self._answers.scores
        return "\n".join(f"{percent(score.probability)}\t{score.name}" for score in scores)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())

    # Overrides of Qt

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


def framing_warning(answers: AnswersShown) -> str:
    """What is to be said of answers to a picture that is framed in another way than the weights'
    own; empty where it is not."""
    return answers.prepared.framing.warning(answers.card.preprocessing)


class AnswersPanel(QWidget):
    """What the network takes the picture for. The badge on top says when that means nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._answers: AnswersShown | None = None
        self._told_at = float("-inf")
        self._departure = ""
        self._many = False
        self.untrained_badge = UntrainedBadge()
        self._model = _AnswersModel(self)
        self._delegate = _BarDelegate(self)
        self._bars = _Bars()
        self._bars.setModel(self._model)
        self._bars.setItemDelegate(self._delegate)
        self._bars.setAccessibleName(self.tr("Likeliest classes"))
        self._bars.copy_asked.connect(self.copy)
        self._times = QLabel()
        self._times.setTextFormat(Qt.TextFormat.PlainText)
        self._times.setFont(theme.text_font(theme.SMALL))
        self._times.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._times.setWordWrap(True)
        self._times.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        self._times.setToolTip(
            self.tr(
                "Reading the picture, making it fit the network, and the network's own computation."
            )
        )
        self.more_button = QToolButton()
        self.more_button.setAutoRaise(True)
        self.more_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more_button.setFont(theme.text_font(theme.SMALL))
        self.more_button.clicked.connect(self._on_more_clicked)
        self._empty = QLabel()
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._empty.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        self._empty.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        ignored = QSizePolicy.Policy.Ignored
        self._empty.setSizePolicy(ignored, ignored)

        self._title = QuietLabel()
        head = QHBoxLayout()
        head.setContentsMargins(theme.MARGIN, 0, theme.GAP, 0)
        head.addWidget(self._title, 1)
        head.addWidget(self.more_button)
        badge_row = QHBoxLayout()
        badge_row.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 0)
        badge_row.addWidget(self.untrained_badge)
        badge_row.addStretch(1)
        page = QWidget()
        inside = QVBoxLayout(page)
        inside.setContentsMargins(0, theme.GAP // 2, 0, theme.GAP)
        inside.setSpacing(theme.GAP // 2)
        inside.addLayout(head)
        inside.addLayout(badge_row)
        inside.addWidget(self._bars, 1)
        inside.addWidget(self._times)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)
        # the bars have the panel's focus; Tab would pass over what stands before them
        self.setTabOrder(self._bars, self.more_button)
        self.setMinimumSize(224, 120)

        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PENDING_MS)
        self._patience.timeout.connect(self._fade)
        self.clear()

    def show_answers(self, answers: AnswersShown) -> None:
        """Show a network's answers."""
        self._patience.stop()
        new = self._answers is None or self._answers.classes[:FEW] != answers.classes[:FEW]
        same = self._answers is not None and (
            answers.card is self._answers.card
            and answers.picture is not self._answers.picture
            and answers.picture.name == self._answers.picture.name
        )
        self._answers = answers
        self._delegate.trained = answers.trained
        self._delegate.faded = False
        self.untrained_badge.set_untrained(not answers.trained)
        title = f"{answers.card.title} · {answers.picture.name}"
        self._title.setText(title)
        warning = framing_warning(answers)
        self._title.setToolTip("<br>".join(map(html.escape, filter(None, (title, warning)))))
        self._fill()
        departure = answers.prepared.framing.departure(answers.card.preprocessing)
        parts = [
            self.tr("preprocess {ms}").format(ms=milliseconds(answers.preprocess_ms)),
            self.tr("forward {ms}").format(ms=milliseconds(answers.forward_ms)),
        ]
        if answers.decode_ms >= 0.05:  # a drawing was never a file
            parts.insert(0, self.tr("decode {ms}").format(ms=milliseconds(answers.decode_ms)))
        if answers.arithmetic.precision == "fast":
            parts.append(self.tr("fast: {how}").format(how=answers.arithmetic.how))
        if departure:
            parts.insert(0, departure)
        if (
            not same
            or departure != self._departure
            or time.monotonic() - self._told_at >= _TOLD_EVERY
        ):
            # of one frame after the other nobody reads so many numbers, each laid out anew
            self._told_at, self._departure = time.monotonic(), departure
            self._times.setText(" · ".join(part.replace(" ", "\u00a0") for part in parts))
        self._pages.setCurrentIndex(1)
        self.setFocusProxy(self._bars)
        if new and QAccessible.isActive():
            event = QAccessibleEvent(self._bars, QAccessible.Event.DescriptionChanged)
            QAccessible.updateAccessibility(event)

    def show_pending(self) -> None:
        """A run is under way: the old answers fade unless the new ones come at once."""
        if self._answers is None:
            self._empty.setText(self.tr("The network is looking …"))
        elif not self._delegate.faded and not self._patience.isActive():
            self._patience.start()

    def clear(self) -> None:
        """No answers: say how to get some."""
        self._patience.stop()
        self._answers = None
        self._model.show(())
        self.untrained_badge.set_untrained(False)
        self._empty.setText(
            self.tr("Choose a picture or draw a digit: the likeliest classes show here.")
        )
        self._pages.setCurrentIndex(0)
        self.setFocusProxy(self._empty)  # a hidden list would take no focus

    def text(self) -> str:
        """The answers shown, as plain text; empty without any."""
        answers = self._answers
        if answers is None:
            return ""
        lines = [f"{answers.card.title}, {answers.picture.name}"]
        if not answers.trained:
            lines.append(self.tr("untrained: these answers mean nothing"))
        if warning := framing_warning(answers):
            lines.append(warning)
        lines += [f"{percent(score.probability)}\t{score.name}" for score in self._model.scores]
        return "\n".join(lines)

    def times_text(self) -> str:
        """The line of durations, with plain spaces."""
        return self._times.text().replace("\u00a0", " ") if self._answers else ""

    def copy(self) -> None:
        """Put the answers on the clipboard as text."""
        if self._answers is not None:
            QGuiApplication.clipboard().setText(self.text())

    def _fill(self) -> None:
        assert self._answers is not None
        total = len(self._answers.classes)
        many = min(MORE, total)
        self._model.show(self._answers.classes[: many if self._many else FEW])
        self._bars.setAccessibleDescription(self.text())
        self._bars.viewport().update()
        self.more_button.setVisible(many > FEW)
        if self._many:
            self.more_button.setText(self.tr("Show {count}").format(count=FEW))
            self.more_button.setToolTip(self.tr("Show the likeliest classes alone."))
        else:
            self.more_button.setText(self.tr("Show {count}").format(count=many))
            self.more_button.setToolTip(self.tr("Show more of the classes."))

    def _fade(self) -> None:
        self._delegate.faded = True
        self._bars.viewport().update()

    def _on_more_clicked(self) -> None:
        self._many = not self._many
        if self._answers is not None:
            self._fill()
            self._bars.scrollToTop()

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(316, FEW * _ROW + 76)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self._answers is not None:
            self.copy()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._bars.viewport().update()
        super().changeEvent(event)
