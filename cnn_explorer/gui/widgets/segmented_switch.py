"""A switch of two or three segments: one choice of a few, all in sight."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from cnn_explorer.gui.widgets import theme


class SegmentedSwitch(QWidget):
    """Joined buttons of which one is down, drawn as one pill."""

    chosen = Signal(int)

    def __init__(self, names: tuple[tuple[str, str], ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        for number, (name, tip) in enumerate(names):
            button = _Segment(name)
            button.setToolTip(tip)
            self._group.addButton(button, number)
            layout.addWidget(button)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.chosen)

    @property
    def current(self) -> int:
        """The number of the one that is down."""
        return self._group.checkedId()

    def button(self, number: int) -> QAbstractButton:
        """One of them."""
        return self._group.button(number)

    def set_current(self, number: int) -> None:
        """Put one down, without a signal."""
        self._group.button(number).setChecked(True)

    # Overrides of Qt

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.Midlight).darker(105))
        painter.drawRoundedRect(self.rect(), theme.RADIUS + 1, theme.RADIUS + 1)


class _Segment(QToolButton):
    """One part of the switch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.setText(text)
        self.setCheckable(True)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 20, metrics.height() + 8)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole
        box = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        if self.isChecked():
            painter.setPen(self.palette().color(role.Mid))
            painter.setBrush(self.palette().color(role.Button))
            painter.drawRoundedRect(box, theme.RADIUS - 1, theme.RADIUS - 1)
        if self.hasFocus():
            painter.setPen(self.palette().color(role.Accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, theme.RADIUS - 1, theme.RADIUS - 1)
        lit = self.isChecked() or self.underMouse() or not self.isEnabled()
        painter.setPen(self.palette().color(role.ButtonText if lit else role.PlaceholderText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
