"""What stands above the maps of one network: its title, what it sees, how long it took, what it
says."""

import html

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from cnn_explorer.gui.state.picture_link import Place
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.answer_bars import AnswerBars
from cnn_explorer.gui.widgets.answers_panel import milliseconds
from cnn_explorer.gui.widgets.marks import paint_cross
from cnn_explorer.gui.widgets.panel_parts import IconButton, QuietLabel, TitleLabel
from cnn_explorer.gui.widgets.untrained_badge import UntrainedBadge
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.probe.compare_figure import preprocessing_in_words
from cnn_explorer.probe.comparison import Column, ColumnFailed
from cnn_explorer.probe.framing import Framing
from cnn_explorer.probe.results import Placement

_SEEN = 64
"""Side of the picture as the network sees it."""


class ColumnTitle(QWidget):
    """The title of a column, which stays in sight, with its time and a button that takes the
    network out."""

    remove_asked = Signal()
    menu_asked = Signal(object)
    """A menu is wanted, at a `QPoint` of the screen."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = TitleLabel()
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.title.set_title(title)
        self.detail = QuietLabel()
        self.remove_button = IconButton(
            "ph.x",
            self.tr("Remove {}").format(title),
            self.tr("Take {} out of the comparison.").format(html.escape(title)),
        )
        self.remove_button.setIconSize(QSize(13, 13))
        self.remove_button.clicked.connect(self.remove_asked)
        self.remove_button.load_icon()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.title, 1)
        row.addWidget(self.remove_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.GAP // 2, 0, theme.GAP // 2)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.detail)

    def show_detail(self, text: str) -> None:
        """What stands below the title: the time, or that it is still to come."""
        self.detail.setText(text)
        self.detail.setToolTip(html.escape(text))

    # Overrides of Qt

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_asked.emit(event.globalPos())


class SeenPicture(QWidget):
    """The picture as one network sees it, small, with the place marked in it."""

    pointed = Signal(object, object)
    """The `Place` of the picture under the pointer, or None; and None: no unit stands for it."""
    clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: tuple[QImage, Placement] | None = None
        """What the network sees, and where that lies on the picture."""
        self._pixmap = QPixmap()
        self._sides = (1, 1)
        self._placement = Placement()
        self._place: Place | None = None
        self.setFixedSize(_SEEN, _SEEN)
        self.setMouseTracking(True)

    def show_seen(self, column: Column | None) -> None:
        """Show what a network sees; None: that is not known yet."""
        if column is None:
            self.picture = None
            self._pixmap = QPixmap()
        else:
            seen = column.prepared.seen
            self._sides = seen.shape[1], seen.shape[0]
            ratio = self.devicePixelRatioF()
            side = round(_SEEN * ratio)
            small = max(self._sides) * 2 <= side
            mode = Qt.TransformationMode
            whole = to_qimage(seen)
            self.picture = whole, column.prepared.placement
            image = whole.scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatio,
                mode.FastTransformation if small else mode.SmoothTransformation,
            )  # fmt: skip
            self._pixmap = QPixmap.fromImage(image)
            self._pixmap.setDevicePixelRatio(ratio)
            self._placement = column.prepared.placement
        self.update()

    def mark(self, place: Place | None) -> None:
        """Mark a place of the picture, or none."""
        if place != self._place:
            self._place = place
            self.update()

    def place_at(self, point: QPointF) -> Place | None:
        """The place of the picture at a point; None beside it."""
        area = self._area()
        if self._pixmap.isNull() or not area.contains(point):
            return None
        x = point.x() * self._sides[0] / area.width()
        y = point.y() * self._sides[1] / area.height()
        return self._placement.to_picture(x, y)

    def _area(self) -> QRectF:
        ratio = self.devicePixelRatioF()
        return QRectF(0, 0, self._pixmap.width() / ratio, self._pixmap.height() / ratio)

    # Overrides of Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        if self._pixmap.isNull():
            painter.fillRect(self.rect(), QColor(theme.ground(self).frame))
            return
        painter.drawPixmap(0, 0, self._pixmap)
        if self._place is not None:
            area = self._area()
            x, y = self._placement.to_input(*self._place)
            point = QPointF(x * area.width() / self._sides[0], y * area.height() / self._sides[1])
            if area.contains(point):
                paint_cross(painter, point)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.pointed.emit(self.place_at(event.position()), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self.place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(place)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None, None)
        super().leaveEvent(event)


class ColumnHead(QWidget):
    """What one network sees and says."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.seen = SeenPicture()
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setFont(theme.text_font(theme.SMALL))
        self.words.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.words.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.badge = UntrainedBadge()
        self.bars = AnswerBars()
        self.failure = QLabel()
        self.failure.setTextFormat(Qt.TextFormat.PlainText)
        self.failure.setWordWrap(True)
        self.failure.setFont(theme.text_font(theme.SMALL, QFont.Weight.Medium))
        self.failure.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.failure.hide()
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.GAP)
        top.addWidget(self.seen, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.words, 1)
        self._column = layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, theme.GAP)
        layout.setSpacing(theme.GAP // 2)
        layout.addLayout(top)
        layout.addWidget(self.badge)
        layout.addWidget(self.failure)
        layout.addWidget(self.bars)
        layout.addStretch(1)

    def show_result(self, column: Column | ColumnFailed | None, *, live: bool = False) -> None:
        """Show what is known of a network; of a `live` picture its classes keep their rows."""
        known = column if isinstance(column, Column) else None
        self.seen.show_seen(known)
        self.badge.set_untrained(known is not None and not known.trained)
        self.bars.setVisible(not isinstance(column, ColumnFailed))
        self.failure.setVisible(isinstance(column, ColumnFailed))
        if isinstance(column, ColumnFailed):
            self.failure.setText(column.sentence)
            self.words.setText("")
        elif known is None:
            self.words.setText("")
            self.bars.show_scores((), trained=True)
        else:
            framing = known.prepared.framing
            self.words.setText(self._seen_in_words(known.preprocessing, framing))
            how = preprocessing_in_words(known.preprocessing, framing)
            said = self.tr("How the picture is made to fit: {}.").format(how)
            self.words.setToolTip(f"{said} {framing.warning(known.preprocessing)}".rstrip())
            self.bars.show_scores(known.result.classes, trained=known.trained, live=live)
            self.bars.setAccessibleName(self.tr("Answers of {}").format(known.title))

    def keep_room_for_badge(self, wanted: bool) -> None:
        """Leave room for the badge whether it is shown or not."""
        policy = self.badge.sizePolicy()
        policy.setRetainSizeWhenHidden(wanted)
        self.badge.setSizePolicy(policy)

    def height_for(self, width: int) -> int:
        """How tall it is where it is so wide."""
        if self._column.hasHeightForWidth():
            return self._column.heightForWidth(width)
        return self.sizeHint().height()

    def _seen_in_words(self, rules: Preprocessing, framing: Framing) -> str:
        """Short lines, for a narrow column; the tool tip says it whole."""
        return "\n".join((
            f"{rules.crop} × {rules.crop}",
            self.tr("grey") if rules.channels == 1 else self.tr("RGB"),
            self.tr("by strokes") if rules.kind == "digit"
            else framing.departure(rules) or self.tr("side {}").format(rules.resize),
        ))  # fmt: skip

    # Overrides of Qt

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._colour()

    def _colour(self) -> None:
        ink = QColor(theme.ERROR[theme.is_dark(self.palette())][1])
        palette, role = self.failure.palette(), self.failure.foregroundRole()
        if palette.color(role) != ink:
            palette.setColor(role, ink)
            self.failure.setPalette(palette)


def detail_of(column: Column) -> str:
    """The time and the weights of a network, for below its title."""
    return f"{milliseconds(column.result.forward_ms)}  ·  {column.weights}"
