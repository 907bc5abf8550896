"""Which maps of its input each map of a layer's output sees, as a table: the input's maps one below
the other, the output's side by side, as LeNet-5's paper prints it."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from cnn_explorer.graph.connections import ConnectionTable
from cnn_explorer.gui.widgets import theme

_CELL = 16
_MARK = 3.0
"""Half of the width of a cross."""


class ConnectionView(QWidget):
    """The table as a grid with a cross for each connection."""

    def __init__(self, table: ConnectionTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Connection table"))
        self.setAccessibleDescription("\n".join(table.rows()))

    def sizeHint(self) -> QSize:
        return QSize(
            _CELL * (len(self._table.outputs) + 1) + 1, _CELL * (self._table.inputs + 1) + 1
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def said_at(self, point: QPointF) -> str:
        """What the cell at a point says; empty beside the cells."""
        column, row = (int(value // _CELL) - 1 for value in (point.x(), point.y()))
        if not (0 <= column < len(self._table.outputs) and 0 <= row < self._table.inputs):
            return ""
        sees = row in self._table.outputs[column]
        text = (
            self.tr("Map {output} sees map {input} of the input")
            if sees
            else self.tr("Map {output} does not see map {input} of the input")
        )
        return text.format(output=column, input=row)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.said_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.setFont(theme.text_font(theme.SMALL))
        quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
        dark = theme.is_dark(self.palette())
        ground = theme.kind_colour("conv", dark)
        ground.setAlphaF(0.35 if dark else 0.22)
        lines = QColor(theme.ground(self).box_border)
        ink = self.palette().color(QPalette.ColorRole.Text)
        columns, rows = len(self._table.outputs), self._table.inputs
        centre = Qt.AlignmentFlag.AlignCenter
        painter.setPen(quiet)
        for column in range(columns):
            painter.drawText(self._cell(-1, column), centre, str(column))
        for row in range(rows):
            painter.drawText(self._cell(row, -1), centre, str(row))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for column, seen in enumerate(self._table.outputs):
            for row in seen:
                cell = self._cell(row, column)
                painter.fillRect(cell, ground)
                middle = cell.center()
                painter.setPen(QPen(ink, 1.4))
                for down in (-_MARK, _MARK):
                    painter.drawLine(middle + QPointF(-_MARK, -down), middle + QPointF(_MARK, down))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        painter.setPen(lines)
        for column in range(columns + 1):
            x = _CELL * (column + 1)
            painter.drawLine(x, _CELL, x, _CELL * (rows + 1))
        for row in range(rows + 1):
            y = _CELL * (row + 1)
            painter.drawLine(_CELL, y, _CELL * (columns + 1), y)

    def _cell(self, row: int, column: int) -> QRectF:
        return QRectF(_CELL * (column + 1), _CELL * (row + 1), _CELL, _CELL)
