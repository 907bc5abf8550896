"""How to read the colours of boxes that show a number: a bar of colours with values beside it."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_explorer.graph.colouring import Colouring, Tick, colour_at
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.graph_look import pen

_THICK = 14.0
_LONGEST = 150
_SHORTEST = 44
_INSET = 10.0
_HEAD = 26.0
_NOTE = 16.0
_LINE = 14.0
"""A tick's text takes so much of the bar's length."""


class ColourScale(QWidget):
    """A small card that stands where the legend does while boxes are coloured by a number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colouring: Colouring | None = None
        self._length = _LONGEST
        self.setFont(theme.text_font(theme.SMALL))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_colouring(self, colouring: Colouring) -> None:
        """Show the scale of a drawing's colours."""
        self._colouring = colouring
        kind = colouring.kind
        values = ", ".join(tick.text for tick in colouring.ticks)
        said = self.tr("{title}, {note}: {values}") if values else self.tr("{title}: {note}")
        self.setAccessibleName(said.format(title=kind.title, note=self.note, values=values))
        self.setToolTip(kind.explained)
        self.updateGeometry()
        self.resize(self.sizeHint())
        self.update()

    @property
    def note(self) -> str:
        """What is to be known beside the values: their unit, and what kind of scale it is."""
        colouring = self._colouring
        if colouring is None:
            return ""
        if colouring.scale is None:
            if colouring.kind.key == "time":
                return self.tr("not measured yet")
            return self.tr("not known of these boxes")
        spaced = self.tr("logarithmic") if colouring.scale.logarithmic else self.tr("linear")
        if colouring.kind.key in ("receptive", "stride"):
            return self.tr("{unit}, {scale}").format(unit=colouring.kind.unit, scale=spaced)
        return spaced

    def set_room(self, room: QSize) -> None:
        """Be shorter in a small view."""
        length = min(_LONGEST, max(_SHORTEST, room.height() // 2 - round(_HEAD + _NOTE)))
        if length != self._length:
            self._length = length
            self.updateGeometry()
            self.resize(self.sizeHint())

    def ticks(self) -> list[Tick]:
        """The marks that have room, lowest first; the two ends always."""
        if self._colouring is None:
            return []
        marks = self._colouring.ticks
        shown = list(marks[:1])
        for mark in marks[1:-1]:
            nearest = min(mark.at - shown[-1].at, marks[-1].at - mark.at)
            if nearest * self._length >= _LINE:
                shown.append(mark)
        return shown + list(marks[1:][-1:])

    # Qt

    def sizeHint(self) -> QSize:
        colouring = self._colouring
        if colouring is None:
            return QSize(0, 0)
        metrics = self.fontMetrics()
        bold = theme.text_font(theme.SMALL)
        bold.setWeight(bold.Weight.DemiBold)
        widest = max((metrics.horizontalAdvance(tick.text) for tick in colouring.ticks), default=0)
        width = max(
            _THICK + 10 + widest,
            metrics.horizontalAdvance(self.note),
            1.08 * metrics.horizontalAdvance(colouring.kind.title),
        )
        bar = self._length + _INSET + 6 if colouring.scale is not None else 0
        return QSize(round(width + 2 * _INSET), round(_HEAD + _NOTE + bar))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # the graph below must not take it

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        colouring = self._colouring
        if colouring is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = theme.ground(self)
        dark = theme.is_dark(self.palette())
        painter.setPen(pen(QColor(style.box_border), 1.0))
        painter.setBrush(QColor(style.box))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75), theme.RADIUS, theme.RADIUS
        )
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        bold = theme.text_font(theme.SMALL)
        bold.setWeight(bold.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(QColor(style.text))
        painter.drawText(QRectF(_INSET, 0, self.width(), _HEAD), left, colouring.kind.title)
        painter.setFont(self.font())
        painter.setPen(QColor(style.text_quiet))
        painter.drawText(QRectF(_INSET, _HEAD - 5, self.width(), _NOTE), left, self.note)
        if colouring.scale is None:
            return
        bar = QRectF(_INSET, _HEAD + _NOTE + 4, _THICK, self._length)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        for step in range(33):
            gradient.setColorAt(step / 32, QColor(colour_at(step / 32, dark=dark)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 3.0, 3.0)
        for tick in self.ticks():
            y = bar.bottom() - tick.at * bar.height()
            painter.setPen(pen(QColor(style.edge), 1.0))
            painter.drawLine(QPointF(bar.right() + 2, y), QPointF(bar.right() + 6, y))
            painter.setPen(QColor(style.text))
            place = QRectF(bar.right() + 10, y - _LINE / 2, self.width(), _LINE)
            painter.drawText(place, left, tick.text)
