"""The frame on a picture: where it can be taken hold of, and what it looks like."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from cnn_explorer.gui.state.frame_gestures import Grip
from cnn_explorer.gui.widgets import theme

_REACH = 9.0
"""A handle is held so near to it, widget pixels: a fingertip covers 18 of them."""
_BORDER = 5.0
"""And the border beside the handles so near."""
_ARM = 9.0
"""Length of a corner's arms and half of a side's handle, widget pixels."""
_SHADE = theme.shade(150)

ALL: Grip = (0, 0)
"""All of the frame is held: it moves."""


def grip_at(point: QPointF, frame: QRectF) -> Grip | None:
    """What of a frame, both in widget pixels, is held at a point: a corner, a side at its middle,
    the rest of the border, which moves it; None inside and outside."""
    # the handles of a small frame leave a third of it free, where a click means the place
    reach_x, reach_y = min(_REACH, frame.width() / 3), min(_REACH, frame.height() / 3)
    near_x = _near(point.x(), frame.left(), frame.right(), reach_x)
    near_y = _near(point.y(), frame.top(), frame.bottom(), reach_y)
    inside_x = frame.left() - _REACH <= point.x() <= frame.right() + _REACH
    inside_y = frame.top() - _REACH <= point.y() <= frame.bottom() + _REACH
    if not (inside_x and inside_y):
        return None
    if near_x and near_y:
        return near_x, near_y
    middle = frame.center()
    if near_x and abs(point.y() - middle.y()) <= _handle(frame.height()):
        return near_x, 0
    if near_y and abs(point.x() - middle.x()) <= _handle(frame.width()):
        return 0, near_y
    border_x = _near(point.x(), frame.left(), frame.right(), min(_BORDER, reach_x))
    border_y = _near(point.y(), frame.top(), frame.bottom(), min(_BORDER, reach_y))
    return ALL if border_x or border_y else None


def cursor_for(grip: Grip) -> Qt.CursorShape:
    """The pointer that says what pulling would do."""
    across, down = grip
    shape = Qt.CursorShape
    if grip == ALL:
        return shape.SizeAllCursor
    if not down:
        return shape.SizeHorCursor
    if not across:
        return shape.SizeVerCursor
    return shape.SizeFDiagCursor if across == down else shape.SizeBDiagCursor


def paint_shade(painter: QPainter, seen: QRectF, area: QRectF) -> None:
    """Darken what of the picture is not seen."""
    smooth = painter.testRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for dark in (
        QRectF(area.left(), area.top(), area.width(), seen.top() - area.top()),
        QRectF(area.left(), seen.bottom(), area.width(), area.bottom() - seen.bottom()),
        QRectF(area.left(), seen.top(), seen.left() - area.left(), seen.height()),
        QRectF(seen.right(), seen.top(), area.right() - seen.right(), seen.height()),
    ):
        painter.fillRect(dark, _SHADE)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, smooth)


def paint_line(painter: QPainter, box: QRectF) -> None:
    """A thin white line just inside a box."""
    inside = box.adjusted(1, 1, -1, -1)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 110), 3))  # so that white shows on white
    painter.drawRect(inside)
    painter.setPen(QPen(QColor(255, 255, 255, 235), 1.2))
    painter.drawRect(inside)


def paint_handles(painter: QPainter, box: QRectF) -> None:
    """Thick corners, and a bar in the middle of each side that is long enough for it."""
    box = box.adjusted(1.5, 1.5, -1.5, -1.5)
    wide, high = min(_ARM, box.width() / 3), min(_ARM, box.height() / 3)
    left, right, top, bottom = box.left(), box.right(), box.top(), box.bottom()
    lines = [
        [QPointF(x + wide * inward, y), QPointF(x, y), QPointF(x, y + high * downward)]
        for x, inward in ((left, 1), (right, -1))
        for y, downward in ((top, 1), (bottom, -1))
    ]
    middle = box.center()
    if box.width() >= 6 * _ARM:
        lines += [[QPointF(middle.x() - _ARM / 2, y), QPointF(middle.x() + _ARM / 2, y)]
                  for y in (top, bottom)]  # fmt: skip
    if box.height() >= 6 * _ARM:
        lines += [[QPointF(x, middle.y() - _ARM / 2), QPointF(x, middle.y() + _ARM / 2)]
                  for x in (left, right)]  # fmt: skip
    painter.setBrush(Qt.BrushStyle.NoBrush)
    flat, mitre = Qt.PenCapStyle.SquareCap, Qt.PenJoinStyle.MiterJoin
    for pen in (
        QPen(QColor(0, 0, 0, 150), 5, c=flat, j=mitre),
        QPen(QColor(255, 255, 255), 3, c=flat, j=mitre),
    ):
        painter.setPen(pen)
        for line in lines:
            painter.drawPolyline(line)


def _near(at: float, first: float, last: float, reach: float) -> int:
    """-1 near the first of two lines, 1 near the last, else 0."""
    to_first, to_last = abs(at - first), abs(at - last)
    if min(to_first, to_last) > reach:
        return 0
    return -1 if to_first < to_last else 1


def _handle(length: float) -> float:
    """How far from the middle of a side its handle is held; 0 where the side is too short."""
    return _REACH + 2 if length >= 6 * _ARM else -1.0
