"""What panels share: header line, empty state, colour bar, buttons, texts, arrow keys."""

import math
from collections.abc import Callable, Sequence
from pathlib import PurePath

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
    QWidget,
)

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.untrained_badge import UntrainedBadge

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Where arrow keys lead, x and y."""
_FACTS = "  ·  "
"""Between two facts on one line."""


def file_stem(network: str, layer: str) -> str:
    """What names of files about a layer begin with; the network's name may be the path of a file,
    or have a library before it."""
    return f"{PurePath(network).stem}-{layer}".replace("#", "-").replace("/", "-")


def size_text(height: int, width: int) -> str:
    """``112 × 112``."""
    return f"{height} × {width}"


def copy_action(widget: QWidget, text: str, copy: Callable[[], object]) -> QAction:
    """Let Ctrl+C in a widget call `copy`; the action, for menus."""
    action = QAction(text, widget)
    action.setShortcut(QKeySequence.StandardKey.Copy)
    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.triggered.connect(copy)
    widget.addAction(action)
    return action


def paint_focus(painter: QPainter, widget: QWidget) -> None:
    """A frame inside a widget that has the keyboard while nothing in it is marked yet."""
    painter.save()
    painter.resetTransform()
    painter.setOpacity(1.0)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.ground(widget).selection), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(
        QRectF(widget.rect()).adjusted(2, 2, -2, -2), theme.RADIUS, theme.RADIUS
    )
    painter.restore()


def _without_last_facts(text: str, metrics: QFontMetrics, room: int) -> str:
    """Facts with points between them, without the last ones where they have no room: a number
    that is cut is none."""
    while text and metrics.horizontalAdvance(text) > room:
        text = text.rpartition(_FACTS)[0]
    return text


class TitleLabel(QLabel):
    """One line: a name in bold, then what is said of it; elided where there is no room, facts
    with points between them one by one.

    `text()` is the whole line as plain text.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = ""
        self._rest = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def set_title(self, name: str, rest: str = "") -> None:
        """Show ``name`` in bold and ``rest`` after it."""
        if (name, rest) == (self._name, self._rest):
            return  # thirty times a second nothing is to be laid out anew
        self._name, self._rest = name, rest
        self.setText(name + rest)
        self.setToolTip(name + rest)
        self.updateGeometry()

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def sizeHint(self) -> QSize:
        width = QFontMetrics(self._bold()).horizontalAdvance(self._name)
        width += self.fontMetrics().horizontalAdvance(self._rest)
        return QSize(width + 2, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(96, self.sizeHint().width()), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        bold = self._bold()
        metrics = QFontMetrics(bold)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        elide = Qt.TextElideMode.ElideRight
        painter.setFont(bold)
        painter.drawText(self.rect(), flags, metrics.elidedText(self._name, elide, self.width()))
        used = metrics.horizontalAdvance(self._name)
        if used < self.width():
            painter.setFont(self.font())
            rest = self.rect().adjusted(used, 0, 0, 0)
            shown = self.fontMetrics().elidedText(self._fitted(rest.width()), elide, rest.width())
            painter.drawText(rest, flags, shown)

    def _fitted(self, room: int) -> str:
        rest = self._rest
        return _without_last_facts(rest, self.fontMetrics(), room) if _FACTS in rest else rest


class QuietLabel(QLabel):
    """Secondary text of one line that gives way: elided in what room is left, facts with points
    between them one by one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.text_font(theme.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setPen(theme.quiet_colour(self))
        shown = self.fontMetrics().elidedText(
            self.drawn_text(), Qt.TextElideMode.ElideRight, self.width()
        )
        painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)

    def drawn_text(self) -> str:
        """What is to be drawn in the width there is, elided where it is longer still."""
        text = self.text()
        fitted = _without_last_facts(text, self.fontMetrics(), self.width())
        return fitted if _FACTS in text and fitted else text


class EmptyState(QLabel):
    """Says, in the middle of an empty panel, what to do to fill it."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        # PlaceholderText is the palette's quiet colour, so a change of theme needs no code
        self.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        self.setMargin(2 * theme.MARGIN)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)


class ColourBar(QWidget):
    """A small scale: the colours from lowest to highest, with the values at both ends."""

    _LENGTH = 72
    _SHORTEST = 28
    _THICK = 8

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colours: npt.NDArray[np.uint8] | None = None
        self._ends = ("", "")
        self.setFont(theme.text_font(theme.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Scale of colours"))

    def set_scale(self, colours: npt.NDArray[np.uint8], low: str, high: str) -> None:
        """Show colours (256, 3) between the texts of the lowest and highest value."""
        if (low, high) == self._ends and colours is self._colours:
            return
        self._colours = colours
        self._ends = (low, high)
        self.setAccessibleDescription(self.tr("from {low} to {high}").format(low=low, high=high))
        self.updateGeometry()
        self.update()

    def ends(self) -> tuple[str, str]:
        """The texts at both ends."""
        return self._ends

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = sum(metrics.horizontalAdvance(text) for text in self._ends)
        gaps = sum(theme.GAP // 2 + 2 for text in self._ends if text)
        return QSize(width + gaps + self._LENGTH, metrics.height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(self._SHORTEST, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        if self._colours is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.quiet_colour(self))
        spare = self.width() - (self.sizeHint().width() - self._LENGTH)
        # the colours alone where the values have no room; the accessible description has them
        low, high = self._ends if spare >= self._SHORTEST else ("", "")
        length = min(self._LENGTH, spare if spare >= self._SHORTEST else self.width())
        metrics = self.fontMetrics()
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignLeft | centre, low)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | centre, high)
        left = metrics.horizontalAdvance(low) + (theme.GAP // 2 + 2 if low else 0)
        row = np.ascontiguousarray(self._colours[None, 1:])
        strip = QImage(row.data, 255, 1, 255 * 3, QImage.Format.Format_RGB888).copy()
        box = QRectF(left, (self.height() - self._THICK) / 2, length, self._THICK)
        painter.drawImage(box, strip)
        painter.setPen(QColor(theme.ground(self).box_border))
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))


class IconButton(QToolButton):
    """A flat button with an icon of the Phosphor set. The icon is loaded after the button was first
    painted, since the first icon loads the fonts of them all; until then it shows its name."""

    def __init__(self, icon: str, name: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = icon
        self._due = True
        self.setText(name)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(18, 18))

    def set_look(self, icon: str, name: str) -> None:
        """Show another icon, and be called otherwise: a press does something else now."""
        if icon == self._icon:
            return
        self._icon = icon
        self.setText(name)
        self.setAccessibleName(name)
        if not self._due:
            self.load_icon()

    def load_icon(self) -> None:
        """Show the icon, in the colours of the palette."""
        self._due = False
        self.setIcon(theme.icon(self._icon, self))

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._due:
            self._due = False
            QTimer.singleShot(0, self, self.load_icon)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._due = True
            self.update()


class ChoiceButton(QToolButton):
    """Says what is chosen, as far as there is room, and opens a menu; it looks like the boxes in
    which other things are chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _box(self) -> QStyleOptionComboBox:
        box = QStyleOptionComboBox()
        box.initFrom(self)
        state = QStyle.StateFlag
        if self.isDown():
            box.state |= state.State_On | state.State_Sunken  # type: ignore[attr-defined]
        else:
            box.state |= state.State_Raised  # type: ignore[attr-defined]
        return box

    # Qt

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        words = QSize(metrics.horizontalAdvance(self.text()) - 2, max(metrics.height() + 2, 14))
        kind = QStyle.ContentsType.CT_ComboBox
        return self.style().sizeFromContents(kind, self._box(), words, self)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter, box, style = QPainter(self), self._box(), self.style()
        complex_control = QStyle.ComplexControl.CC_ComboBox
        style.drawComplexControl(complex_control, box, painter, self)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(complex_control, box, field, self).width() - 2
        elide = Qt.TextElideMode.ElideMiddle
        text = self.fontMetrics().elidedText(self.text(), elide, room)
        box.currentText = text  # type: ignore[attr-defined]
        style.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, box, painter, self)


class SizeSlider(QSlider):
    """Chooses a size between two, each step the same factor."""

    size_chosen = Signal(float)
    """Logical pixels."""

    _STEPS = 60

    def __init__(self, smallest: float, largest: float, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._smallest, self._largest = smallest, largest
        self.setRange(0, self._STEPS)
        self.setSingleStep(2)
        self.setPageStep(10)
        self.setMinimumWidth(56)
        self.setMaximumWidth(88)
        self.setAccessibleName(self.tr("Size"))
        self.setToolTip(self.tr("Size (Ctrl and the wheel, or + and -; Ctrl+0 fits the panel)"))
        self.valueChanged.connect(self._on_value_changed)

    def set_size(self, size: float) -> None:
        """Show a size that was chosen otherwise."""
        span = math.log(self._largest / self._smallest)
        with QSignalBlocker(self):
            self.setValue(round(self._STEPS * math.log(max(size, 0.1) / self._smallest) / span))

    def _on_value_changed(self, value: int) -> None:
        span = self._largest / self._smallest
        self.size_chosen.emit(self._smallest * span ** (value / self._STEPS))


class ScaleBox(QComboBox):
    """Chooses whether each map has the whole range of colours, or all maps share one."""

    scale_chosen = Signal(str)
    """``channel``, ``layer`` or ``fixed``."""

    def __init__(self, parent: QWidget | None = None, *, fixed: bool = False) -> None:
        """With `fixed`, a range of one's own is offered too."""
        super().__init__(parent)
        self.setMinimumWidth(72)
        self.addItem(self.tr("Own scales"), "channel")
        self.addItem(self.tr("One scale"), "layer")
        if fixed:
            self.addItem(self.tr("Fixed scale"), "fixed")
        self.setAccessibleName(self.tr("Scale of colours"))
        self.setToolTip(
            self.tr(
                "Give each map the whole range of colours, or let all share one range so that "
                "they can be compared."
            )
        )
        self.currentIndexChanged.connect(self._on_index_changed)

    def _on_index_changed(self, index: int) -> None:
        self.scale_chosen.emit(self.itemData(index))


class PanelHeader(QWidget):
    """Title, badge, status and controls: one row where there is room, if need be for the badge's
    first word alone, else two."""

    def __init__(self, controls: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = TitleLabel(self)
        self.badge = UntrainedBadge(self)
        self.status = QuietLabel(self)
        self.status.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._titles = QWidget(self)
        titles = QHBoxLayout(self._titles)
        titles.setContentsMargins(0, 0, 0, 0)
        titles.setSpacing(theme.GAP)
        titles.addWidget(self.title)
        titles.addWidget(self.badge)
        titles.addStretch(1)
        self._controls = QWidget(self)
        row = QHBoxLayout(self._controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GAP)
        for control in controls:
            row.addWidget(control)
        row.addStretch(1)  # in a row of their own they stand together at its beginning
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(theme.MARGIN, theme.GAP - 2, theme.MARGIN, theme.GAP - 2)
        self._grid.setHorizontalSpacing(theme.MARGIN)
        self._grid.setVerticalSpacing(theme.GAP // 2)
        self._grid.setColumnStretch(1, 1)
        self._form: tuple[bool, bool, bool] | None = None
        self._arrange()

    def arrange(self) -> None:
        """Place the parts anew, after controls were shown or hidden or the title changed."""
        self._arrange()

    def _arrange(self) -> None:
        margins = self._grid.contentsMargins()
        controls, shortest = self._controls.sizeHint().width(), self._titles_width(short=True)
        room = self.width() - margins.left() - margins.right()
        beside = room - controls - 2 * self._grid.horizontalSpacing()
        one_row = shortest <= beside
        titles = self._titles_width(short=False)
        short = titles > (beside if one_row else room)
        self.badge.set_short(short)
        # of two rows the status stands in the one with more room
        form = (one_row, one_row or controls <= titles, short)
        if form == self._form:
            return
        self._form = form
        for part in (self._titles, self.status, self._controls):
            self._grid.removeWidget(part)
        if one_row:
            self._grid.addWidget(self._titles, 0, 0)
            self._grid.addWidget(self.status, 0, 1)
            self._grid.addWidget(self._controls, 0, 2)
        else:
            lesser, longer = (1, 0) if form[1] else (0, 1)
            places = {0: self._titles, 1: self._controls}
            self._grid.addWidget(places[longer], longer, 0, 1, 2)
            self._grid.addWidget(places[lesser], lesser, 0)
            self._grid.addWidget(self.status, lesser, 1)

    def _titles_width(self, *, short: bool) -> int:
        width = self.title.sizeHint().width()
        if self.badge.isVisibleTo(self):
            width += theme.GAP + self.badge.width_of(short=short)
        return width

    def minimumSizeHint(self) -> QSize:
        # the two-row form decides how narrow the panel may become
        margins = self._grid.contentsMargins()
        width = max(
            self._titles.minimumSizeHint().width(), self._controls.minimumSizeHint().width()
        )
        return QSize(width + margins.left() + margins.right(), self._grid.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
