"""Marks on pictures and maps that show on any ground: a bright line within a dark rim."""

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from cnn_explorer.gui.widgets import theme

_RIM, _LINE = 4.0, 1.8
"""How wide, pixels."""
_ARM = 8.0
"""How far a cross reaches from its middle, and how much of that stays free."""
_FREE = 2.5


def paint_box(painter: QPainter, box: QRectF, within: QRectF, colour: str = theme.MARK) -> None:
    """Frame a region from outside, so that a small one is not hidden by its frame. At the edges
    of `within` the frame stays inside."""
    box = box.intersected(within)
    if box.isEmpty():
        return
    out = _RIM / 2
    frame = box.adjusted(-out, -out, out, out)
    frame = frame.intersected(within.adjusted(out, out, -out, -out))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in _pens(colour):
        painter.setPen(pen)
        painter.drawRect(frame)
    painter.restore()


def paint_thin_boxes(painter: QPainter, boxes: Sequence[QRectF], line: float, colour: str) -> None:
    """Frame regions of many small pictures from outside, each by a line as thin as that within a
    rim as thin."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for ink, away in ((theme.MARK_RIM, 1.5 * line), (colour, 0.5 * line)):
        painter.setPen(QPen(QColor(ink), line, j=Qt.PenJoinStyle.MiterJoin))
        painter.drawRects([box.adjusted(-away, -away, away, away) for box in boxes])
    painter.restore()


def paint_cross(painter: QPainter, place: QPointF) -> None:
    """Mark a place; what stands there stays in sight."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in _pens(theme.MARK):
        painter.setPen(pen)
        for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            near = place + QPointF(x * _FREE, y * _FREE)
            painter.drawLine(QLineF(near, place + QPointF(x * _ARM, y * _ARM)))
    painter.restore()


def _pens(colour: str) -> tuple[QPen, QPen]:
    join = Qt.PenJoinStyle.MiterJoin
    return QPen(QColor(theme.MARK_RIM), _RIM, j=join), QPen(QColor(colour), _LINE, j=join)
