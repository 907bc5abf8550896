"""The newest frame of a live source, with what is to be said of the source lying on it."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from cnn_explorer.gui.state.frame_source import Condition
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.picture_view import PictureView
from cnn_explorer.media.picture import Picture

_LONGEST = 1280
"""A side of two or more times as many pixels is thinned before it is scaled: a screen filmed in 4K
would take longer to scale than to look at."""


class LiveView(PictureView):
    """A `PictureView` whose picture is replaced many times a second: marks, crop and whatever else
    lies on it stay as long as frames are of one size."""

    retry_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self._invited = ""
        self._badge = ""
        super().__init__(parent)
        self.setAccessibleName(self.tr("Live picture"))
        self.card = _ConditionCard(self)
        self.card.hide()
        self.card.button.clicked.connect(self.retry_asked)

    def show_next(self, picture: Picture) -> None:
        """Show the next frame. What lies on the one before lies on it as well."""
        before = self._picture
        if before is None or (before.width, before.height) != (picture.width, picture.height):
            self.show_picture(picture)
            return
        self._picture = picture
        step = max(1, max(picture.width, picture.height) // _LONGEST)
        self._scaled.set_image(to_qimage(picture.rgb[::step, ::step]))
        if before.name != picture.name:
            self._describe()
        self.update(self.picture_rect().toAlignedRect())

    def set_invitation(self, text: str) -> None:
        """What to say where there is no frame."""
        self._invited = text
        self._describe()
        self.update()

    def set_badge(self, text: str) -> None:
        """Words in the corner of the picture: that it is frozen."""
        if text != self._badge:
            self._badge = text
            self.update()

    def show_condition(self, condition: Condition | None) -> None:
        """Say how the source is, if there is anything to say."""
        self.card.show_condition(condition)
        self._place_card()

    def _place_card(self) -> None:
        if self.card.isHidden():
            return
        room = self.rect().adjusted(theme.GAP, theme.GAP, -theme.GAP, -theme.GAP)
        height = min(self.card.heightForWidth(room.width()), room.height())
        self.card.setGeometry(room.x(), room.bottom() + 1 - height, room.width(), height)

    def _paint_badge(self, painter: QPainter) -> None:
        font = theme.text_font(theme.SMALL)
        painter.setFont(font)
        area = self.picture_rect()
        metrics = painter.fontMetrics()
        box = QRectF(
            area.left() + 6, area.top() + 6, metrics.horizontalAdvance(self._badge) + 14,
            metrics.height() + 6,
        )  # fmt: skip
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.shade(190))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor(theme.ON_SHADE))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._badge)

    def _invitation(self) -> str:
        return self._invited

    def _paint_glyph(self, painter: QPainter, box: QRectF) -> None:
        """A camera that films."""
        painter.save()
        pen = QPen(QColor(theme.ground(self).edge), 1.6)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        body = QRectF(box.x() + 2, box.y() + 5, box.width() - 17, box.height() - 10)
        painter.drawRoundedRect(body, 5, 5)
        middle, right = body.center().y(), body.right()
        lens = ((4, -3), (12, -8), (12, 8), (4, 3))
        painter.drawPolygon(QPolygonF([QPointF(right + dx, middle + dy) for dx, dy in lens]))
        painter.restore()

    # Overrides of Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._badge and self._picture is not None:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_badge(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_card()


class _ConditionCard(QFrame):
    """One sentence about the source, and *Try Again* where that may help."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QToolButton()
        self.button.setText(self.tr("Try Again"))
        self.button.setToolTip(self.tr("Start it once more."))
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GAP, theme.GAP - 2, theme.GAP, theme.GAP - 2)
        row.setSpacing(theme.GAP)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        self._is_bad = False
        self._around = parent

    def show_condition(self, condition: Condition | None) -> None:
        sentence = "" if condition is None else condition.sentence
        if condition is None or not sentence:
            self.hide()
            return
        self._is_bad = condition.stage == "failed"
        self._colour()
        self.label.setText(sentence)
        self.setAccessibleName(sentence)
        self.button.setVisible(condition.can_retry)
        self.show()

    def _colour(self) -> None:
        around = self._around.palette()
        dark = theme.is_dark(around)
        back, text = (theme.ERROR if self._is_bad else theme.INFO)[dark]
        palette = QPalette(around)
        palette.setColor(QPalette.ColorRole.Window, QColor(back))
        palette.setColor(QPalette.ColorRole.WindowText, QColor(text))
        self.setPalette(palette)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(200, 40)

    def heightForWidth(self, width: int) -> int:
        button = self.button.sizeHint()
        beside = 0 if self.button.isHidden() else button.width() + theme.GAP
        words = self.label.heightForWidth(max(40, width - 2 * theme.GAP - beside))
        tallest = max(words, 0 if self.button.isHidden() else button.height())
        return tallest + 2 * (theme.GAP - 2)
