"""Small pills that warn: of weights that are random above all."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from cnn_explorer.gui.widgets import theme

_PAD_X = 10
_PAD_Y = 3


class WarningBadge(QLabel):
    """A pill in the colours of warnings, hidden at first. Where there is too little room for its
    text what stands before the colon is shown alone; the tool tip has it whole."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self._short = False
        self.setFont(theme.text_font(theme.SMALL, QFont.Weight.Medium))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def set_short(self, short: bool) -> None:
        """Ask for no more room than the first word needs."""
        if short != self._short:
            self._short = short
            self.updateGeometry()

    def width_of(self, *, short: bool) -> int:
        """How wide it is, whole or with its first word alone."""
        text = self._first_word if short else self.text()
        return self.fontMetrics().horizontalAdvance(text) + 2 * _PAD_X + 1

    @property
    def _first_word(self) -> str:
        return self.text().partition(":")[0]

    def sizeHint(self) -> QSize:
        return QSize(self.width_of(short=self._short), self.fontMetrics().height() + 2 * _PAD_Y)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.width_of(short=True), self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        ground, text = theme.WARNING[theme.is_dark(self.palette())]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        whole = self.width() >= self.width_of(short=False)
        box = QRectF(0, 0, self.width_of(short=not whole), self.height())
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(QColor(text))
        shown = self.text() if whole else self._first_word
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shown)


class UntrainedBadge(WarningBadge):
    """Shows "untrained: these answers mean nothing" beside whatever such a network says.

    Hidden until `set_untrained` says that the network is untrained.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(self.tr("untrained: these answers mean nothing"))
        self.setAccessibleName(self.tr("Warning, untrained: these answers mean nothing."))
        self.setToolTip(
            self.tr(
                "Untrained: these answers mean nothing. The network runs with random weights; "
                "trained ones, where there are any, can be chosen above the graph."
            )
        )

    def set_untrained(self, untrained: bool) -> None:
        """Show the badge, or hide it."""
        self.setVisible(untrained)
