"""The network's answers: the likeliest classes as bars, and how long it took."""

import html
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.answer_bars import FEW, ROW, AnswersModel, BarDelegate, Bars
from cnn_explorer.gui.widgets.panel_parts import QuietLabel
from cnn_explorer.gui.widgets.untrained_badge import UntrainedBadge
from cnn_explorer.probe.results import ClassScore
from cnn_explorer.probe.smoothing import Smoothed, smooth
from cnn_explorer.text import percent

MORE = 20
_PENDING_MS = 150
"""Answers that come sooner replace the old ones without these fading first."""
_STILL_MS = 1500
"""An answer that stands so long is one to a picture that does not move any more."""


def milliseconds(ms: float) -> str:
    """A duration for people: ``0.4 ms``, ``41 ms``, ``1.2 s``. Its space does not break."""
    if ms >= 999.5:
        return f"{ms / 1000:.1f}\u00a0s"
    return f"{ms:.0f}\u00a0ms" if ms >= 0.95 else f"{ms:.1f}\u00a0ms"


class _Times(QWidget):
    """Words side by side, on as many lines as they take. While the picture moves it does not get
    lower again, so that digits that come and go move nothing else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._lines = 1
        self.setFont(theme.tabular_font(theme.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def text(self) -> str:
        return self._text

    def show_text(self, text: str, *, live: bool) -> None:
        """Show another text."""
        self._text = text
        self.setAccessibleName(text.replace("\u00a0", " "))
        self._measure(at_least=self._lines if live else 1)
        self.update()

    def _measure(self, at_least: int) -> None:
        metrics = QFontMetrics(self.font())
        room = QRect(0, 0, max(1, self.width() - 2 * theme.MARGIN), 10_000)
        height = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, self._text).height()
        lines = max(at_least, round(height / metrics.lineSpacing()))
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(120, self._lines * QFontMetrics(self.font()).lineSpacing())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._measure(at_least=1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        room = self.rect().adjusted(theme.MARGIN, 0, -theme.MARGIN, 0)
        painter.drawText(room, Qt.TextFlag.TextWordWrap, self._text)


def framing_warning(answers: AnswersShown) -> str:
    """What is to be said of answers to a picture that is framed in another way than the weights'
    own; empty where it is not."""
    return answers.prepared.framing.warning(answers.card.preprocessing)


class AnswersPanel(QWidget):
    """What the network takes the picture for. The badge on top says when that means nothing.

    Of a picture that moves, classes keep their rows while they stay among those shown, until it
    stands still.
    """

    smoothing_chosen = Signal(bool)
    """Whether answers to a picture that moves are to be smoothed over time."""

    def __init__(
        self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._smoothed: Smoothed | None = None
        self._answers: AnswersShown | None = None
        self._many = False
        self.untrained_badge = UntrainedBadge()
        self._model = AnswersModel(self)
        self._delegate = BarDelegate(self)
        self._bars = Bars()
        self._bars.setModel(self._model)
        self._bars.setItemDelegate(self._delegate)
        self._bars.setAccessibleName(self.tr("Likeliest classes"))
        self._bars.copy_asked.connect(self.copy)
        self._times = _Times()
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
        self.smooth_button = QToolButton()
        self.smooth_button.setText(self.tr("Smooth"))
        self.smooth_button.setToolTip(
            self.tr(
                "Smooth the answers over time: changes take half a second to show. The exact "
                "ones are in the tool tips."
            )
        )
        self.smooth_button.setAutoRaise(True)
        self.smooth_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.smooth_button.setFont(theme.text_font(theme.SMALL))
        self.smooth_button.setCheckable(True)
        self.smooth_button.toggled.connect(self._on_smooth_toggled)
        self.smooth_button.hide()
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
        head.addWidget(self.smooth_button)
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
        self.setTabOrder(self._bars, self.smooth_button)
        self.setTabOrder(self.smooth_button, self.more_button)
        self.setMinimumSize(224, 120)

        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PENDING_MS)
        self._patience.timeout.connect(self._fade)
        self._until_still = QTimer(self)
        self._until_still.setSingleShot(True)
        self._until_still.setInterval(_STILL_MS)
        self._until_still.timeout.connect(self._sort)
        self.clear()

    @property
    def smooths(self) -> bool:
        """Whether answers to a picture that moves are smoothed over time."""
        return self.smooth_button.isChecked()

    def set_smoothing(self, wanted: bool) -> None:
        """Smooth answers to a picture that moves, or not."""
        self.smooth_button.setChecked(wanted)

    def show_answers(self, answers: AnswersShown) -> None:
        """Show a network's answers."""
        self._patience.stop()
        before = self._answers
        new = before is None or before.classes[:FEW] != answers.classes[:FEW]
        follows = before is not None and _follows(before, answers)
        if not follows:
            self._smoothed = None
        self._answers = answers
        if answers.live:
            self._until_still.start()
        else:
            self._until_still.stop()
        self._delegate.trained = answers.trained
        self._delegate.faded = False
        self.untrained_badge.set_untrained(not answers.trained)
        title = f"{answers.card.title} · {answers.picture.name}"
        if not follows:
            self._title.setText(title)
        warning = framing_warning(answers)
        self._title.setToolTip("<br>".join(map(html.escape, filter(None, (title, warning)))))
        self.smooth_button.setVisible(answers.live)
        self._smooth()
        self._fill(keep_rows=follows)
        self._tell_times()
        self._pages.setCurrentIndex(1)
        self.setFocusProxy(self._bars)
        if new and QAccessible.isActive():
            event = QAccessibleEvent(self._bars, QAccessible.Event.DescriptionChanged)
            QAccessible.updateAccessibility(event)

    def show_pending(self, *, live: bool = False) -> None:
        """A run is under way: the old answers fade unless the new ones come at once, or both are
        of a `live` picture, whose answers are always a little late."""
        answers = self._answers
        if answers is None:
            self._empty.setText(self.tr("The network is looking …"))
        elif live and answers.live:
            return
        elif not self._delegate.faded and not self._patience.isActive():
            self._patience.start()

    def clear(self) -> None:
        """No answers: say how to get some."""
        self._patience.stop()
        self._until_still.stop()
        self._answers = None
        self._smoothed = None
        self._model.show(())
        self.untrained_badge.set_untrained(False)
        self._empty.setText(
            self.tr("Choose a picture or draw a digit: the likeliest classes show here.")
        )
        self._pages.setCurrentIndex(0)
        self.setFocusProxy(self._empty)  # a hidden list would take no focus

    def text(self) -> str:
        """The answers shown, likeliest first, as plain text; empty without any."""
        answers = self._answers
        if answers is None:
            return ""
        lines = [f"{answers.card.title}, {answers.picture.name}"]
        if self._smoothed is not None:
            lines.append(self.tr("smoothed over time"))
        if not answers.trained:
            lines.append(self.tr("untrained: these answers mean nothing"))
        if warning := framing_warning(answers):
            lines.append(warning)
        lines += [f"{percent(score.probability)}\t{score.name}" for score in self._model.ranked]
        return "\n".join(lines)

    def times_text(self) -> str:
        """The line of durations, with plain spaces."""
        return self._times.text().replace("\u00a0", " ") if self._answers else ""

    def copy(self) -> None:
        """Put the answers on the clipboard as text."""
        if self._answers is not None:
            QGuiApplication.clipboard().setText(self.text())

    def _smooth(self) -> None:
        """Go on smoothing with the newest answers, where that is wanted."""
        answers = self._answers
        assert answers is not None
        if answers.live and self.smooths:
            self._smoothed = smooth(self._smoothed, answers.classes, self._clock())
        else:
            self._smoothed = None

    def _fill(self, *, keep_rows: bool = False) -> None:
        answers, smoothed = self._answers, self._smoothed
        assert answers is not None
        classes: Sequence[ClassScore] = answers.classes if smoothed is None else smoothed.classes
        total = len(classes)
        many = min(MORE, total)
        exact = None if smoothed is None else answers.classes
        shown = many if self._many else FEW
        self._model.show(classes[:shown], keep_rows=keep_rows, exact=exact)
        self._bars.setAccessibleDescription(self.text())
        self._bars.viewport().update()
        self._offer_more(many)

    def _offer_more(self, many: int) -> None:
        self.more_button.setVisible(many > FEW)
        offer = self.tr("Show {count}").format(count=FEW if self._many else many)
        if offer == self.more_button.text():  # or all would be laid out anew
            return
        self.more_button.setText(offer)
        self.more_button.setToolTip(
            self.tr("Show the likeliest classes alone.")
            if self._many
            else self.tr("Show more of the classes.")
        )

    def _tell_times(self) -> None:
        answers = self._answers
        assert answers is not None
        parts = [
            self.tr("preprocess {ms}").format(ms=milliseconds(answers.preprocess_ms)),
            self.tr("forward {ms}").format(ms=milliseconds(answers.forward_ms)),
        ]
        if answers.decode_ms >= 0.05:  # a drawing was never a file
            read = self.tr("convert {ms}") if answers.live else self.tr("decode {ms}")
            parts.insert(0, read.format(ms=milliseconds(answers.decode_ms)))
        if answers.arithmetic.precision == "fast":
            parts.append(self.tr("fast: {how}").format(how=answers.arithmetic.how))
        if self._smoothed is not None:
            parts.append(self.tr("smoothed"))
        if departure := answers.prepared.framing.departure(answers.card.preprocessing):
            parts.insert(0, departure)
        text = " · ".join(part.replace(" ", "\u00a0") for part in parts)
        self._times.show_text(text, live=answers.live)

    def _sort(self) -> None:
        """The picture moves no more: the likeliest class goes first, in exact numbers."""
        if self._answers is not None:
            self._smoothed = None
            self._fill()
            self._tell_times()

    @Slot(bool)
    def _on_smooth_toggled(self, wanted: bool) -> None:
        if self._answers is not None:
            self._smoothed = None
            self._smooth()
            self._fill(keep_rows=True)
            self._tell_times()
        self.smoothing_chosen.emit(wanted)

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
        return QSize(316, FEW * ROW + 76)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self._answers is not None:
            self.copy()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._bars.viewport().update()
        super().changeEvent(event)


def _follows(before: AnswersShown, answers: AnswersShown) -> bool:
    """Whether an answer goes on from the one before: the same network on the same moving source."""
    return (
        before.live
        and answers.live
        and before.card is answers.card
        and len(before.classes) == len(answers.classes)
        and before.picture.name == answers.picture.name
    )
