"""A sheet of paper to write a digit on: mouse, pen with pressure, or the keyboard alone."""

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakSet

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from cnn_explorer.gui.state.qimages import to_picture
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import ARROWS
from cnn_explorer.media.picture import Picture

SIDE = 280
"""Of the drawing, in its own pixels: ten to each of MNIST's 28."""
_PEN = 22.0
"""Width of the mouse's stroke: in MNIST a stroke is about an eighth of a digit's height."""
_ERASER = 40.0
_COALESCED_MS = 40
_WITH_WORDS = 288
"""From this width on the tools show words beside their icons."""
_STEP, _FINE_STEP = 10.0, 2.0
"""How far an arrow key moves the pen."""
_PAPER, _INK, _GUIDE = "#fdfcf8", "#16191f", "#dcd8cb"

_CTRL_Y = (Qt.KeyboardModifier.ControlModifier | Qt.Key.Key_Y).toCombined()


@dataclass(frozen=True)
class _Stroke:
    """One unbroken line: points on the sheet with the width of the pen at each."""

    erases: bool
    points: tuple[tuple[float, float, float], ...]


def _piece(stroke: _Stroke, number: int) -> tuple[QPainterPath, float]:
    """The part of a stroke that its point `number` adds, and its width.

    The line goes through the middles between points, with the points as the controls of
    quadratic curves: smooth, and a point more never changes what was drawn before.
    """
    x, y, width = stroke.points[number]
    path = QPainterPath()
    if number == 0:
        path.moveTo(x, y)
        path.lineTo(x + 0.01, y)  # a round cap alone: the dot where the pen was set down
        return path, width
    before_x, before_y, before_width = stroke.points[number - 1]
    middle = QPointF((before_x + x) / 2, (before_y + y) / 2)
    if number == 1:
        path.moveTo(before_x, before_y)
        path.lineTo(middle)
    else:
        first_x, first_y, _ = stroke.points[number - 2]
        path.moveTo((first_x + before_x) / 2, (first_y + before_y) / 2)
        path.quadTo(QPointF(before_x, before_y), middle)
    return path, (before_width + width) / 2


def _whole(stroke: _Stroke) -> list[tuple[QPainterPath, float]]:
    """A finished stroke: one path where its width never changes, for seams show at joints."""
    points = stroke.points
    pieces = [_piece(stroke, number) for number in range(len(points))]
    if len(points) == 1:
        return pieces
    tail = QPainterPath(pieces[-1][0].currentPosition())
    tail.lineTo(points[-1][0], points[-1][1])
    pieces.append((tail, points[-1][2]))
    if len({width for _, width in pieces}) > 1:
        return pieces
    line = pieces[1][0]
    for path, _ in pieces[2:]:
        line.connectPath(path)
    return [(line, points[0][2])]


class _Sheet:
    """Strokes on a square image of any size; the same strokes give the same drawing."""

    def __init__(self, side: int, paper: QColor, ink: QColor) -> None:
        self.image = QImage(side, side, QImage.Format.Format_RGB32)
        self._paper, self._ink = paper, ink
        self.image.fill(paper)

    def draw(self, strokes: tuple[_Stroke, ...]) -> None:
        """Draw the strokes on a fresh sheet."""
        self.image.fill(self._paper)
        for stroke in strokes:
            self._paint(stroke, _whole(stroke))

    def add(self, stroke: _Stroke, start: int) -> None:
        """Draw what the points from `start` on add to a stroke."""
        self._paint(stroke, [_piece(stroke, n) for n in range(start, len(stroke.points))])

    def _paint(self, stroke: _Stroke, pieces: list[tuple[QPainterPath, float]]) -> None:
        painter = QPainter(self.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self.image.width() / SIDE
        painter.scale(scale, scale)
        pen = QPen(self._paper if stroke.erases else self._ink)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        for path, width in pieces:
            pen.setWidthF(width)
            painter.strokePath(path, pen)
        painter.end()


class _Paper(QWidget):
    """The square sheet: takes the gestures, keeps the strokes, tells of every change."""

    changed = Signal()
    """Something was drawn, and the pen is still down."""
    stroke_ended = Signal()
    """A stroke, an undo or a clearing is complete."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.erasing = False
        self._history: list[tuple[_Stroke, ...]] = [()]
        self._now = 0
        self._stroke: _Stroke | None = None
        self._sheet = _Sheet(SIDE, QColor(Qt.GlobalColor.white), QColor(Qt.GlobalColor.black))
        self._screen: _Sheet | None = None
        self._cursor = QPointF(SIDE / 2, SIDE / 3)
        self._by_keys = False
        self._held: set[int] = set()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, False)
        self.setAccessibleName(self.tr("Drawing paper"))
        self.setAccessibleDescription(
            self.tr(
                "Draw a digit. With the keyboard: arrow keys move the pen, Shift for small steps, "
                "Space sets it down and lifts it, E takes the eraser, Delete clears the paper."
            )
        )

    def draw_with(self, event: QMouseEvent, position: QPointF) -> None:
        """Draw with the mouse; `position` is in the paper's own coordinates."""
        buttons = Qt.MouseButton
        mine = buttons.LeftButton | buttons.RightButton
        match event.type():
            case QEvent.Type.MouseMove if event.buttons() & mine:
                self._move_to(*self._on_sheet(position), 0.5)
            case QEvent.Type.MouseButtonRelease if not event.buttons() & mine:
                self._move_to(*self._on_sheet(position), 0.5)
                self._lift()
            case QEvent.Type.MouseButtonPress | QEvent.Type.MouseButtonDblClick:
                if event.button() & mine:
                    self._by_keys = False
                    erases = self.erasing or event.button() == buttons.RightButton
                    self._set_down(*self._on_sheet(position), 0.5, erases)

    # What is drawn

    def strokes(self) -> tuple[_Stroke, ...]:
        """All complete strokes."""
        return self._history[self._now]

    def image(self) -> QImage:
        """The drawing, black on white, `SIDE` x `SIDE`."""
        return self._sheet.image

    def is_empty(self) -> bool:
        """Whether no ink is on the paper, be it that all was erased."""
        image = self._sheet.image
        pixels = np.frombuffer(image.constBits(), np.uint8)
        return bool(pixels.min() == 255)

    def can_undo(self) -> bool:
        return self._now > 0

    def can_redo(self) -> bool:
        return self._now + 1 < len(self._history)

    def undo(self) -> None:
        """Take the last stroke, or the clearing, back."""
        self._go_to(self._now - 1 if self.can_undo() else self._now)

    def redo(self) -> None:
        """Do again what was taken back."""
        self._go_to(self._now + 1 if self.can_redo() else self._now)

    def clear(self) -> None:
        """A fresh sheet; undo brings the drawing back."""
        self._lift()
        if self.strokes():
            self._remember(())
            self._redraw()

    def _go_to(self, place: int) -> None:
        self._lift()
        if place != self._now:
            self._now = place
            self._redraw()

    def _remember(self, strokes: tuple[_Stroke, ...]) -> None:
        del self._history[self._now + 1 :]
        self._history.append(strokes)
        self._now += 1

    def _redraw(self) -> None:
        self._sheet.draw(self.strokes())
        self._screen = None
        self.update()
        self.stroke_ended.emit()

    def _set_down(self, x: float, y: float, pressure: float, erases: bool) -> None:
        self._lift()
        width = self._width(pressure, erases)
        self._stroke = _Stroke(erases, ((x, y, width),))
        self._draw_from(0)

    def _move_to(self, x: float, y: float, pressure: float) -> None:
        stroke = self._stroke
        if stroke is None:
            return
        last_x, last_y, _ = stroke.points[-1]
        if abs(x - last_x) + abs(y - last_y) < 1.0:
            return
        point = (x, y, self._width(pressure, stroke.erases))
        self._stroke = _Stroke(stroke.erases, (*stroke.points, point))
        self._draw_from(len(stroke.points))

    def _lift(self) -> None:
        stroke, self._stroke = self._stroke, None
        if stroke is None:
            return
        self._remember((*self.strokes(), stroke))
        for sheet in self._sheets():
            sheet.draw(self.strokes())
        self.update()
        self.stroke_ended.emit()

    def _draw_from(self, start: int) -> None:
        assert self._stroke is not None
        for sheet in self._sheets():
            sheet.add(self._stroke, start)
        self.update()
        self.changed.emit()

    def _sheets(self) -> tuple[_Sheet, ...]:
        return (self._sheet, self._screen) if self._screen is not None else (self._sheet,)

    @staticmethod
    def _width(pressure: float, erases: bool) -> float:
        """Full pressure writes half as broad again as the mouse, a light touch half as broad."""
        return (_ERASER if erases else _PEN) * (0.5 + pressure)

    # Where it is drawn

    def area(self) -> QRectF:
        """The sheet's place in the widget: the largest square, in the middle."""
        side = max(0, min(self.width(), self.height()))
        return QRectF((self.width() - side) // 2, (self.height() - side) // 2, side, side)

    def _on_sheet(self, position: QPointF) -> tuple[float, float]:
        area = self.area()
        scale = SIDE / max(1.0, area.width())
        return (position.x() - area.x()) * scale, (position.y() - area.y()) * scale

    def _paint_guide(self, painter: QPainter, area: QRectF) -> None:
        """MNIST's 20 x 20 box in its 28 x 28, as a place to aim at."""
        pen = QPen(QColor(_GUIDE), 1)
        pen.setDashPattern([5, 4])
        painter.setPen(pen)
        margin = area.width() * 4 / 28
        inner = area.adjusted(margin, margin, -margin, -margin)
        painter.drawRoundedRect(inner, theme.RADIUS, theme.RADIUS)
        if self.strokes() or self._stroke is not None:
            return
        painter.setPen(QColor("#6b675c"))
        centred = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.setFont(theme.text_font(theme.HEADING))
        title = self.tr("Draw a digit")
        hint = self.tr("Mouse or pen, or arrow keys and Space.")
        padding = 6
        box = inner.adjusted(padding, 0, -padding, 0)
        height = painter.fontMetrics().height()
        small = theme.text_font(theme.SMALL)
        top = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        room = QRectF(box.x(), 0, box.width(), 1000)
        lines = QFontMetricsF(small).boundingRect(room, top, hint).height() + 2
        if height + lines > inner.height() - 2 * padding:  # not half a sentence
            lines = 0
        start = inner.center().y() - (height + lines) / 2
        painter.drawText(QRectF(box.x(), start, box.width(), height), centred, title)
        if lines:
            painter.setFont(small)
            painter.drawText(QRectF(box.x(), start + height + 2, box.width(), lines), top, hint)

    def _paint_cursor(self, painter: QPainter, area: QRectF) -> None:
        scale = area.width() / SIDE
        centre = QPointF(area.x() + self._cursor.x() * scale, area.y() + self._cursor.y() * scale)
        radius = (_ERASER if self.erasing else _PEN) * scale / 2
        down = self._stroke is not None
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in (("#ffffff", 4.0), ("#2563eb", 2.0)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawEllipse(centre, radius, radius)
            if not down:
                arm = radius + 5
                painter.drawLine(centre - QPointF(arm, 0), centre - QPointF(radius, 0))
                painter.drawLine(centre + QPointF(radius, 0), centre + QPointF(arm, 0))
                painter.drawLine(centre - QPointF(0, arm), centre - QPointF(0, radius))
                painter.drawLine(centre + QPointF(0, radius), centre + QPointF(0, arm))

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(SIDE, SIDE)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 80)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        area = self.area()
        if area.isEmpty():
            return
        side = round(area.width() * self.devicePixelRatioF())
        if self._screen is None or self._screen.image.width() != side:
            self._screen = _Sheet(side, QColor(_PAPER), QColor(_INK))
            self._screen.draw(self.strokes())
            if self._stroke is not None:
                self._screen.add(self._stroke, 0)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setClipPath(outline)
        painter.drawImage(area, self._screen.image)
        # under the ink: paper is lighter than the guide, ink darker
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Darken)
        self._paint_guide(painter, area)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        if self.hasFocus() and self._by_keys:
            self._paint_cursor(painter, area)
        painter.setClipping(False)
        style = theme.ground(self)
        focus = self.hasFocus()
        painter.setPen(
            QPen(QColor(style.selection if focus else style.box_border), 2 if focus else 1)
        )
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge = 1.0 if focus else 0.5
        painter.drawRoundedRect(area.adjusted(edge, edge, -edge, -edge), theme.RADIUS, theme.RADIUS)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._screen = None
        super().resizeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.draw_with(event, event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.draw_with(event, event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.draw_with(event, event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)  # two dots in quick succession are two dots

    def tabletEvent(self, event: QTabletEvent) -> None:
        kind = event.type()
        x, y = self._on_sheet(event.position())
        if kind == QEvent.Type.TabletPress:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._by_keys = False
            end = event.pointerType() == QPointingDevice.PointerType.Eraser
            barrel = event.button() == Qt.MouseButton.RightButton
            self._set_down(x, y, event.pressure(), self.erasing or end or barrel)
        elif kind == QEvent.Type.TabletMove:
            self._move_to(x, y, event.pressure())
        elif kind == QEvent.Type.TabletRelease:
            self._lift()
        event.accept()  # else Qt makes mouse events of it and draws twice

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in ARROWS:
            self._held.add(key)
            step = _FINE_STEP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP
            # arrows held together go aslant
            dx = sum(ARROWS[Qt.Key(held)][0] for held in self._held)
            dy = sum(ARROWS[Qt.Key(held)][1] for held in self._held)
            self._cursor = QPointF(
                min(max(self._cursor.x() + dx * step, 0.0), float(SIDE)),
                min(max(self._cursor.y() + dy * step, 0.0), float(SIDE)),
            )
            self._by_keys = True
            self._move_to(self._cursor.x(), self._cursor.y(), 0.5)
            self.update()
        elif key == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._by_keys = True
            if self._stroke is None:
                self._set_down(self._cursor.x(), self._cursor.y(), 0.5, self.erasing)
            else:
                self._lift()
            self.update()
        elif key == Qt.Key.Key_Escape and self._stroke is not None:
            self._lift()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if not event.isAutoRepeat():
            self._held.discard(event.key())
        super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        reasons = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
        self._by_keys = event.reason() in reasons
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._held.clear()
        self._lift()
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.EnabledChange:
            self._lift()
        super().changeEvent(event)


class DrawingPad(QWidget):
    """The paper with its tools. Tells of the drawing as it grows, at most every 40 ms."""

    drawing_changed = Signal(object)
    """The drawing as a `Picture`: 280 x 280, black on white."""
    cleared = Signal()
    """The paper has become empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._made: WeakSet[Picture] = WeakSet()
        self._was_empty = True
        self._icons_due = True
        self.paper = _Paper()
        self.undo_button = self._tool(
            self.tr("Undo"), self.tr("Take back the last stroke (Ctrl+Z).")
        )
        self.redo_button = self._tool(
            self.tr("Redo"), self.tr("Draw what was taken back again (Ctrl+Shift+Z).")
        )
        self.eraser_button = self._tool(
            self.tr("Eraser"), self.tr("Erase instead of draw (E, or the right mouse button).")
        )
        self.eraser_button.setCheckable(True)
        self.clear_button = self._tool(self.tr("Clear"), self.tr("Take a fresh sheet (Del)."))
        tools = QHBoxLayout()
        tools.setSpacing(theme.GAP // 2)
        tools.addStretch(1)
        self._tools = (self.undo_button, self.redo_button, self.eraser_button, self.clear_button)
        for button in self._tools:
            tools.addWidget(button)
        tools.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP // 2)
        layout.addWidget(self.paper, 1)
        layout.addLayout(tools)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_COALESCED_MS)
        self._timer.timeout.connect(self._tell)
        self.paper.changed.connect(self._on_changed)
        self.paper.stroke_ended.connect(self._on_stroke_ended)
        self.undo_button.clicked.connect(self.paper.undo)
        self.redo_button.clicked.connect(self.paper.redo)
        self.clear_button.clicked.connect(self.paper.clear)
        self.eraser_button.toggled.connect(self._on_eraser_toggled)
        self.setFocusProxy(self.paper)
        self._update_tools()

    def picture(self) -> Picture | None:
        """The drawing as it stands, or None of an empty paper."""
        if self.paper.is_empty():
            return None
        picture = to_picture(self.paper.image(), self.tr("Drawing"))
        self._made.add(picture)
        return picture

    def made(self, picture: Picture) -> bool:
        """Whether a picture was drawn on this pad."""
        return picture in self._made

    def clear(self) -> None:
        """A fresh sheet."""
        self.paper.clear()

    def undo(self) -> None:
        """Take the last stroke back."""
        self.paper.undo()

    def redo(self) -> None:
        """Draw again what was taken back."""
        self.paper.redo()

    def tools_height(self) -> int:
        """What the tools take away from the paper's height, pixels."""
        return self.undo_button.sizeHint().height() + theme.GAP // 2

    def set_icons(self) -> None:
        """Load the icons of the tools. It happens by itself after the first paint."""
        self._icons_due = False
        for button, name in (
            (self.undo_button, "ph.arrow-counter-clockwise"),
            (self.redo_button, "ph.arrow-clockwise"),
            (self.eraser_button, "ph.eraser"),
            (self.clear_button, "ph.trash"),
        ):
            button.setIcon(theme.icon(name, self))
        self._fit_tools()

    def _fit_tools(self) -> None:
        """Words beside the icons where there is room for them."""
        style = Qt.ToolButtonStyle
        words = self.width() >= _WITH_WORDS
        for button in self._tools:
            if not button.icon().isNull():
                button.setToolButtonStyle(
                    style.ToolButtonTextBesideIcon if words else style.ToolButtonIconOnly
                )

    @staticmethod
    def _tool(text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setAutoRaise(True)
        button.setMinimumWidth(28)
        button.setFont(theme.text_font(theme.SMALL))
        return button

    def _tell(self) -> None:
        picture = self.picture()
        if picture is not None:
            self._was_empty = False
            self.drawing_changed.emit(picture)
        elif not self._was_empty:
            self._was_empty = True
            self.cleared.emit()

    def _update_tools(self) -> None:
        self.undo_button.setEnabled(self.paper.can_undo())
        self.redo_button.setEnabled(self.paper.can_redo())
        self.clear_button.setEnabled(bool(self.paper.strokes()))

    def _on_changed(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _on_stroke_ended(self) -> None:
        self._timer.stop()
        self._update_tools()
        self._tell()

    def _on_eraser_toggled(self, erasing: bool) -> None:
        self.paper.erasing = erasing
        self.paper.update()

    def _pass_on(self, event: QMouseEvent) -> None:
        self.paper.draw_with(event, QPointF(self.paper.mapFrom(self, event.position().toPoint())))

    # Overrides of Qt

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if self._command(event) is not None:
                event.accept()  # ours, even where the window has a shortcut of that key
                return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._icons_due:
            # the first icon loads the icon fonts, which may wait until the window stands
            self._icons_due = False
            QTimer.singleShot(0, self, self.set_icons)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_tools()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._icons_due = True
        super().changeEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pass_on(event)  # a stroke may begin beside the paper and run onto it

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pass_on(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pass_on(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        command = self._command(event)
        if command is None:
            super().keyPressEvent(event)
        else:
            command()

    def _command(self, event: QKeyEvent) -> Callable[[], object] | None:
        """What a key does on the pad, wherever on it the focus is."""
        keys = QKeySequence.StandardKey
        if event.matches(keys.Undo):
            return self.paper.undo
        if event.matches(keys.Redo) or event.keyCombination().toCombined() == _CTRL_Y:
            return self.paper.redo
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            return self.paper.clear
        if event.key() == Qt.Key.Key_E and not event.modifiers():
            return self.eraser_button.toggle
        return None
