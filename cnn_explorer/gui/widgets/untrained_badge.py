"""A small pill that says plainly when a network's weights are random."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from cnn_explorer.gui.widgets import theme

_PAD_X = 10
_PAD_Y = 3


class UntrainedBadge(QLabel):
    """Shows "untrained: these answers mean nothing" beside whatever such a network says.

    Hidden until `set_untrained` says that the network is untrained. Where there is too little
    room the text is elided; the tool tip has it whole.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("untrained: these answers mean nothing"))
        self.setAccessibleName(self.tr("Warning, untrained: these answers mean nothing."))
        self.setToolTip(
            self.tr(
                "Untrained: these answers mean nothing. The network runs with random weights; "
                "trained ones, where there are any, can be chosen above the graph."
            )
        )
        self.setFont(theme.text_font(theme.SMALL, QFont.Weight.Medium))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setVisible(False)

    def set_untrained(self, untrained: bool) -> None:
        """Show the badge, or hide it."""
        self.setVisible(untrained)

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(
            metrics.horizontalAdvance(self.text()) + 2 * _PAD_X + 1, metrics.height() + 2 * _PAD_Y
        )

    def minimumSizeHint(self) -> QSize:
        shortest = self.fontMetrics().horizontalAdvance(self.text().split(":")[0] + "…")
        return QSize(shortest + 2 * _PAD_X + 1, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        ground, text = theme.WARNING[theme.is_dark(self.palette())]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(ground))
        box = QRectF(self.rect())
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        painter.setPen(QColor(text))
        inner = self.rect().adjusted(_PAD_X, 0, -_PAD_X, 0)
        shown = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, inner.width()
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, shown)
