"""A small pill that says plainly when a network's weights are random."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from cnn_explorer.gui.widgets import theme

_PAD_X = 10
_PAD_Y = 3


class UntrainedBadge(QLabel):
    """Shows "untrained: these answers mean nothing" beside whatever such a network says.

    Hidden until `set_untrained` says that the network is untrained.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("untrained: these answers mean nothing"))
        self.setAccessibleName(self.tr("Warning: this network is untrained."))
        self.setToolTip(
            self.tr(
                "No trained weights of this network are at hand. It runs with random ones, "
                "so its predictions and maps mean nothing."
            )
        )
        self.setFont(theme.text_font(theme.SMALL, theme.text_font().weight().Medium))
        self.setContentsMargins(_PAD_X, _PAD_Y, _PAD_X, _PAD_Y)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._take_colours()
        self.setVisible(False)

    def set_untrained(self, untrained: bool) -> None:
        """Show the badge, or hide it."""
        self.setVisible(untrained)

    def _colours(self) -> tuple[QColor, QColor]:
        dark = theme.is_dark(self.parentWidget().palette() if self.parentWidget() else _app())
        ground, text = theme.WARNING[dark]
        return QColor(ground), QColor(text)

    def _take_colours(self) -> None:
        text = self._colours()[1]
        palette = self.palette()
        if palette.color(QPalette.ColorRole.WindowText) != text:
            palette.setColor(QPalette.ColorRole.WindowText, text)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._take_colours()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._colours()[0])
        radius = self.height() / 2
        painter.drawRoundedRect(self.rect(), radius, radius)
        painter.end()
        super().paintEvent(event)

    def sizeHint(self) -> QSize:
        text = self.fontMetrics().size(0, self.text())
        return QSize(text.width() + 2 * _PAD_X, text.height() + 2 * _PAD_Y)
