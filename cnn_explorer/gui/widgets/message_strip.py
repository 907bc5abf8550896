"""Messages as a strip in the window: never a box that must be clicked away."""

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QColor,
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars

Level = Literal["info", "warning", "error"]
_KEPT = 20
"""Messages beyond this number are dropped, the oldest first."""
_COLOURS = {"info": theme.INFO, "warning": theme.WARNING, "error": theme.ERROR}


@dataclass(frozen=True)
class _Message:
    text: str
    level: str
    details: str
    action: str


class _LevelMark(QWidget):
    """An i, an exclamation mark or a cross in a ring: the level without its colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.level = "info"
        self.setFixedSize(20, 20)

    # Overrides of Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.palette().color(QPalette.ColorRole.WindowText), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        if self.level == "warning":
            painter.drawPolygon([QPointF(10, 2.5), QPointF(18, 17), QPointF(2, 17)])
            painter.drawLine(QPointF(10, 8), QPointF(10, 11.5))
            painter.drawPoint(QPointF(10, 14.2))
            return
        painter.drawEllipse(QRectF(2, 2, 16, 16))
        if self.level == "error":
            painter.drawLine(QPointF(7.2, 7.2), QPointF(12.8, 12.8))
            painter.drawLine(QPointF(12.8, 7.2), QPointF(7.2, 12.8))
        else:
            painter.drawPoint(QPointF(10, 6.3))
            painter.drawLine(QPointF(10, 9.3), QPointF(10, 13.8))


class _FlatButton(QToolButton):
    """A button in the strip's own colours."""

    def __init__(self, text: str, *, cross: bool = False) -> None:
        super().__init__()
        self._cross = cross
        self.setText(text)
        self.setAccessibleName(text)
        self.setFont(theme.text_font(theme.SMALL, QFont.Weight.Medium))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        if self._cross:
            return QSize(24, 24)
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 20, max(24, metrics.height() + 8))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        box = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        if self.underMouse() or self.isDown() or self.isChecked():
            wash = QColor(ink)
            wash.setAlphaF(0.22 if self.isDown() else 0.12)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(wash)
            painter.drawRoundedRect(box, 5, 5)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.hasFocus() or not self._cross:
            edge = QColor(ink)
            edge.setAlphaF(1.0 if self.hasFocus() else 0.4)
            painter.setPen(QPen(edge, 1.5 if self.hasFocus() else 1))
            painter.drawRoundedRect(box, 5, 5)
        if self._cross:
            painter.setPen(QPen(ink, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            middle = QRectF(self.rect()).center()
            for dx, dy in ((4, 4), (4, -4)):
                painter.drawLine(middle - QPointF(dx, dy), middle + QPointF(dx, dy))
        else:
            painter.setPen(ink)
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class MessageStrip(QFrame):
    """The latest message, with the number of those behind it. Hidden while there is none.

    Closing one (the cross, Esc) shows the one before; `clear` takes all away.
    """

    action_chosen = Signal(str)
    """The button of a message was pressed: its text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: list[_Message] = []
        self._mark = _LevelMark()
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)  # a file may be called <b>
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._label.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self._label.setSizePolicy(policy)
        self._count = QLabel()
        self._count.setFont(theme.text_font(theme.SMALL))
        self.action_button = _FlatButton("")
        self.details_button = _FlatButton(self.tr("Details"))
        self.details_button.setCheckable(True)
        self.details_button.setToolTip(self.tr("Show what the program noted about this."))
        self.close_button = _FlatButton(self.tr("Close"), cross=True)
        self.close_button.setToolTip(self.tr("Close this message (Esc)."))
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        quiet_bars(self._details)
        self._details.setFont(theme.mono_font(theme.SMALL))
        self._details.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._details.setFixedHeight(140)
        self._details.setTabChangesFocus(True)
        self._details.setAccessibleName(self.tr("Details of the message"))
        self._details.hide()

        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        top = Qt.AlignmentFlag.AlignTop
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._label, 1)
        row.addWidget(self._count, 0, Qt.AlignmentFlag.AlignVCenter)
        for button in (self.action_button, self.details_button, self.close_button):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 6, theme.GAP, 6)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addWidget(self._details)
        layout.setAlignment(row, top)

        self.details_button.toggled.connect(self._details.setVisible)
        self.close_button.clicked.connect(self.dismiss)
        self.action_button.clicked.connect(self._on_action_clicked)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setAccessibleName(self.tr("Message"))
        self.hide()

    def show_message(
        self, text: str, level: Level | str = "info", details: str = "", *, action: str = ""
    ) -> None:
        """Show a message before those already there.

        `details` is a traceback that a button unfolds; `action` the text of a button of its own.
        A message already there is not doubled but comes to the front.
        """
        message = _Message(text, level if level in _COLOURS else "info", details, action)
        self._messages = [one for one in self._messages if one.text != text][1 - _KEPT :]
        self._messages.append(message)
        self._show_latest()
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
            announcement = QAccessibleAnnouncementEvent(self, text)
            if level == "error":
                announcement.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(announcement)

    def dismiss(self) -> None:
        """Close the message shown; the one before it shows."""
        if self._messages:
            self._messages.pop()
            self._show_latest()

    def clear(self) -> None:
        """Close all messages: what they complained of is over."""
        self._messages.clear()
        self._show_latest()

    def clear_errors(self) -> None:
        """Close the messages that something failed: it was tried again and went well."""
        kept = [message for message in self._messages if message.level != "error"]
        if len(kept) < len(self._messages):
            self._messages = kept
            self._show_latest()

    def text(self) -> str:
        """The message shown; empty without one."""
        return self._messages[-1].text if self._messages else ""

    def count(self) -> int:
        """How many messages there are."""
        return len(self._messages)

    def _show_latest(self) -> None:
        self.details_button.setChecked(False)
        if not self._messages:
            self.hide()
            return
        message = self._messages[-1]
        self._mark.level = message.level
        self._label.setText(message.text)
        self.setAccessibleDescription(message.text)
        behind = len(self._messages) - 1
        self._count.setVisible(behind > 0)
        self._count.setText(self.tr("{count} more").format(count=behind))
        self._count.setToolTip(self.tr("Older messages show when this one is closed."))
        self.action_button.setText(message.action)
        self.action_button.setAccessibleName(message.action)
        self.action_button.setVisible(bool(message.action))
        self.details_button.setVisible(bool(message.details))
        self._details.setPlainText(message.details)
        self._colour()
        self.show()

    def _colours(self) -> tuple[QColor, QColor]:
        """Ground and text of the message shown."""
        level = self._messages[-1].level if self._messages else "info"
        ground, text = _COLOURS[level][theme.is_dark(self.palette())]
        return QColor(ground), QColor(text)

    def _colour(self) -> None:
        _, text = self._colours()
        for child in (
            self._mark, self._label, self._count,
            self.action_button, self.details_button, self.close_button,
        ):  # fmt: skip
            palette = QPalette(self.palette())
            palette.setColor(QPalette.ColorRole.WindowText, text)
            palette.setColor(QPalette.ColorRole.Text, text)
            child.setPalette(palette)
        self.update()

    def _on_action_clicked(self) -> None:
        if self._messages:
            action = self._messages[-1].action
            self.dismiss()
            self.action_chosen.emit(action)

    # Overrides of Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.key() == Qt.Key.Key_Escape:
                event.accept()
                return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        ground, text = self._colours()
        painter = QPainter(self)
        painter.fillRect(self.rect(), ground)
        line = QColor(text)
        line.setAlphaF(0.25)
        painter.fillRect(0, self.height() - 1, self.width(), 1, line)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
        super().changeEvent(event)
