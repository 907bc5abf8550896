"""What the plots of numbers share: colours, axes, reading by pointer and keys, taking away.

Import this late: pyqtgraph takes 0.3 s. All that is drawn lies between 0 and 1 from bottom to top,
and at whole numbers from left to right: see `plot_scales`.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QBuffer, QEvent, QIODevice, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFileDialog, QGraphicsWidget, QMenu, QToolTip

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.qimages import png_bytes
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import copy_action, paint_focus
from cnn_explorer.gui.widgets.plot_scales import Scale
from cnn_explorer.text import number_text

_DIMMED = 0.35
_CLICK = 4
"""A press that moves further than so many pixels is no click."""
_MOST_VALUES = 11
"""Of the values beside a plot: more of them do not make a tall one easier to read."""
_SHARP = 2
"""Device pixels for each pixel of a saved picture."""


class Plot(pg.GraphicsView):  # type: ignore[misc]
    """Axes in the window's colours around things that are read one by one.

    The pointer and the arrow keys read; a click or Enter chooses. Subclasses draw into `box`, and
    say how many things there are, where they stand and what is said of each.
    """

    read_changed = Signal(int)
    """The number of what is read, or -1."""
    chosen = Signal(int)
    saved = Signal(str)
    """A path: the plot was saved there."""
    failed = Signal(str)
    """One sentence: saving failed."""

    def __init__(self) -> None:
        super().__init__(background=None)
        self._read = -1
        self._pressed = QPointF()
        self._file_name = "plot"
        self._scale = Scale(0.0, 1.0)
        self.setMouseTracking(True)
        self.box = pg.ViewBox(enableMenu=False, enableMouse=False, defaultPadding=0)
        self.left = _Axis(self.box, upright=True)
        self.bottom = _Axis(self.box, upright=False)
        self.centralLayout.setContentsMargins(theme.GAP, theme.GAP, theme.MARGIN, theme.GAP // 2)
        self.centralLayout.setSpacing(0)
        self.centralLayout.addItem(self.left, 0, 0)
        self.centralLayout.addItem(self.box, 0, 1)
        self.centralLayout.addItem(self.bottom, 1, 1)
        self.setFont(theme.text_font(theme.SMALL))
        # the axes take their room after the plot has its size
        self.box.sigResized.connect(self.place_ticks)
        self.cursor_line = pg.InfiniteLine(angle=90, movable=False)
        self.cursor_line.setZValue(20)
        self.cursor_line.hide()
        self.box.addItem(self.cursor_line)
        self._copy = copy_action(self, self.tr("Copy as picture"), self.copy)
        self.colour()

    # what subclasses say

    @property
    def count(self) -> int:
        """How many things can be read."""
        return 0

    def place_of(self, number: int) -> float:
        """Where a thing stands from left to right."""
        return float(number)

    def description(self, number: int) -> str:
        """What is said of a thing in one line."""
        return str(number)

    def tip(self, number: int) -> str:
        """What the tool tip says of it."""
        return self.description(number)

    def as_csv(self) -> str:
        """What is drawn, as comma-separated values."""
        return ""

    def bottom_ticks(self) -> list[tuple[float, str]]:
        """What is named along the bottom, as far as there is room."""
        return []

    def left_text(self, value: float) -> str:
        """How a value beside the plot is written."""
        return number_text(value)

    def colour(self) -> None:
        """Take the colours of the palette; subclasses do so for what they drew."""
        style = theme.ground(self)
        self.setBackground(self.palette().color(self.palette().ColorRole.Base))
        for axis in (self.left, self.bottom):
            axis.set_colours(QColor(style.box_border), theme.quiet_colour(self))
        self.cursor_line.setPen(pg.mkPen(style.selection, width=1))

    # reading

    @property
    def read(self) -> int:
        """The number of what is read, or -1."""
        return self._read

    def set_read(self, number: int) -> None:
        """Read a thing: mark it and say what it is; -1 reads none."""
        number = number if 0 <= number < self.count else -1
        self.setAccessibleDescription(self.description(number) if number >= 0 else "")
        self.cursor_line.setVisible(number >= 0)
        if number >= 0:
            self.cursor_line.setPos(self.place_of(number))
        if number != self._read:
            self._read = number
            self.read_changed.emit(number)
            self.viewport().update()

    def number_at(self, place: QPointF) -> int:
        """What stands nearest to a place (logical pixels) in the plot; -1 outside it."""
        inside = self.box.sceneBoundingRect()
        if not self.count or not inside.contains(self.mapToScene(place.toPoint())):
            return -1
        x = self.box.mapSceneToView(self.mapToScene(place.toPoint())).x()
        return self.nearest(x)

    def nearest(self, x: float) -> int:
        """What stands nearest to a place from left to right."""
        return min(max(round(x), 0), self.count - 1)

    def point_of(self, number: int) -> QPointF:
        """Where a thing stands (logical pixels), at half height."""
        (_, _), (low, high) = self.box.viewRange()
        scene = self.box.mapViewToScene(QPointF(self.place_of(number), (low + high) / 2))
        return QPointF(self.mapFromScene(scene))

    def set_dimmed(self, dimmed: bool) -> None:
        """Fade what is drawn: it is of an earlier picture."""
        self.box.setOpacity(_DIMMED if dimmed else 1.0)

    # drawing

    def set_scale(self, scale: Scale, bottom: tuple[float, float], top: float = 1.0) -> None:
        """Show values on a scale, and things from `bottom`; `top` above 1 leaves room there."""
        self._scale = scale
        self.box.setRange(
            xRange=bottom, yRange=(-0.02, top + 0.02), padding=0, disableAutoRange=True
        )
        self.place_ticks()

    @property
    def scale_shown(self) -> Scale:
        """The scale beside the plot."""
        return self._scale

    def place_ticks(self) -> None:
        """Name values and things, as many as have room."""
        height = self.box.height()
        most = max(2, int(height // (QFontMetricsF(self.font()).height() * 1.9)))
        most = min(most, _MOST_VALUES)
        values = self._scale.ticks(most)
        places = self._scale.places(values).tolist()
        texts = [self.left_text(value) for value in values]
        self.left.set_ticks(list(zip(places, texts, strict=True)))
        self.bottom.set_ticks(self.bottom_ticks())

    def width_of(self, text: str) -> float:
        """Of a text along an axis, in pixels, with a gap."""
        return QFontMetricsF(self.font()).horizontalAdvance(text) + 2 * theme.GAP

    # taking away

    def set_file_name(self, name: str) -> None:
        """The name, without ending, that is proposed when the plot is saved."""
        self._file_name = name

    def image(self) -> QImage:
        """The plot as it is shown, at twice the resolution."""
        size = self.size()
        image = QImage(size * _SHARP, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(_SHARP)
        painter = QPainter(image)
        self._render(painter)
        painter.end()
        return image

    def svg(self) -> bytes:
        """The plot as it is shown, as lines and text."""
        from PySide6.QtSvg import QSvgGenerator

        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setSize(self.size())
        generator.setViewBox(QRect(0, 0, self.width(), self.height()))
        generator.setTitle(self._file_name)
        painter = QPainter(generator)
        self._render(painter)
        painter.end()
        return bytes(buffer.data().data())

    def _render(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        painter.fillRect(whole, self.palette().color(self.palette().ColorRole.Base))
        self.scene().prepareForPaint()
        self.scene().render(painter, whole, whole)

    def copy(self) -> None:
        """Put a picture of the plot on the clipboard."""
        QGuiApplication.clipboard().setImage(self.image())

    def copy_numbers(self) -> None:
        """Put what is drawn on the clipboard, to be pasted into a table."""
        QGuiApplication.clipboard().setText(self.as_csv())

    def save(self, path: Path) -> None:
        """Save as a picture (``.png``), a drawing (``.svg``) or the numbers (``.csv``). Emits
        `saved` or `failed`."""
        from cnn_explorer.media.save import write_bytes

        try:
            match path.suffix.lower():
                case ".svg":
                    write_bytes(path, self.svg())
                case ".csv":
                    write_bytes(path, self.as_csv().encode())
                case _:
                    write_bytes(path, png_bytes(self.image()))
        except ExplorerError as error:
            self.failed.emit(str(error))
        else:
            self.saved.emit(str(path))

    def ask_and_save(self, suffix: str) -> None:
        """Ask where, and save there."""
        wanted = {
            ".png": self.tr("PNG picture (*.png)"),
            ".svg": self.tr("SVG drawing (*.svg)"),
            ".csv": self.tr("Comma-separated values (*.csv)"),
        }[suffix]
        chosen, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the plot"), self._file_name + suffix, wanted
        )
        if chosen:
            path = Path(chosen)
            self.save(path if path.suffix.lower() == suffix else Path(chosen + suffix))

    def context_menu(self) -> QMenu:
        """Everything that can be done with the plot. The caller deletes it."""
        menu = QMenu(self)
        menu.addAction(self._copy)
        menu.addAction(self.tr("Copy numbers"), self.copy_numbers)
        menu.addSeparator()
        menu.addAction(self.tr("Save as PNG…"), lambda: self.ask_and_save(".png"))
        menu.addAction(self.tr("Save as SVG…"), lambda: self.ask_and_save(".svg"))
        menu.addAction(self.tr("Save as CSV…"), lambda: self.ask_and_save(".csv"))
        return menu

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(480, 180)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 70)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.number_at(QPointF(event.pos()))
            if number >= 0:
                QToolTip.showText(event.globalPos(), self.tip(number), self)
            else:
                QToolTip.hideText()
            return True
        return bool(super().viewportEvent(event))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_copy"):
            self.colour()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.hasFocus() and self._read < 0:
            painter = QPainter(self.viewport())
            paint_focus(painter, self.viewport())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_copy"):  # pyqtgraph calls this while it is being made
            self.centralLayout.activate()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.set_read(self.number_at(event.position()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._pressed = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        moved = (event.position() - self._pressed).manhattanLength()
        number = self.number_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and moved <= _CLICK and number >= 0:
            self.set_read(number)
            self.chosen.emit(number)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.set_read(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = self.count - 1
        places = {
            Qt.Key.Key_Left: max(0, self._read - 1),
            Qt.Key.Key_Right: min(last, self._read + 1),
            Qt.Key.Key_PageUp: max(0, self._read - 10),
            Qt.Key.Key_PageDown: min(last, self._read + 10),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if last >= 0 and key in places:
            self.set_read(places[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._read >= 0:
            self.chosen.emit(self._read)
        elif key == Qt.Key.Key_Escape and self._read >= 0:
            self.set_read(-1)
        else:
            event.ignore()  # for shortcuts of the window


class _Axis(QGraphicsWidget):
    """Texts beside a plot. That at the left draws lines across it, faintly.

    pyqtgraph's own axis leaves out each text that reaches beyond its end by a pixel.
    """

    def __init__(self, box: Any, *, upright: bool) -> None:
        super().__init__()
        self._box = box
        self._upright = upright
        self._ticks: list[tuple[float, str]] = []
        self._line = self._text = QColor()
        self.setFont(theme.text_font(theme.SMALL))
        self.setZValue(-200)  # lines lie below what is drawn, which is at -100
        if upright:
            self.set_ticks([])
        else:
            height = QFontMetricsF(self.font()).height() + theme.GAP // 2
            self.setMinimumHeight(height)
            self.setMaximumHeight(height)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places and texts."""
        return self._ticks

    def set_ticks(self, ticks: list[tuple[float, str]]) -> None:
        """Write texts at places along the axis."""
        self._ticks = ticks
        if self._upright:
            metrics = QFontMetricsF(self.font())
            widest = max((metrics.horizontalAdvance(text) for _, text in ticks), default=0.0)
            self.setMinimumWidth(math.ceil(widest) + theme.GAP)
            self.setMaximumWidth(math.ceil(widest) + theme.GAP)
        self.update()

    def set_colours(self, line: QColor, text: QColor) -> None:
        """Colours of the lines and the texts."""
        self._line, self._text = line, text
        self.update()

    # Qt

    def boundingRect(self) -> QRectF:
        whole = QRectF(self.rect())
        return whole.united(self.mapRectFromItem(self._box, self._box.rect()))

    def paint(self, painter: QPainter, *_: Any) -> None:
        box = self.mapRectFromItem(self._box, self._box.rect())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setFont(self.font())
        line = QFontMetricsF(self.font()).height()
        centre, right = Qt.AlignmentFlag.AlignVCenter, Qt.AlignmentFlag.AlignRight
        for place, text in self._ticks:
            spot = QPointF(0, place) if self._upright else QPointF(place, 0)
            at = self.mapFromItem(self._box, self._box.mapFromView(spot))
            painter.setPen(self._text)
            if self._upright:
                if not box.top() - 1 <= at.y() <= box.bottom() + 1:
                    continue
                rect = QRectF(0, at.y() - line / 2, self.rect().width() - theme.GAP // 2, line)
                painter.drawText(rect, centre | right, text)
                painter.setPen(QPen(faint(self._line, 110), 0))
                painter.drawLine(QPointF(box.left(), at.y()), QPointF(box.right(), at.y()))
            elif box.left() - 1 <= at.x() <= box.right() + 1:
                width = QFontMetricsF(self.font()).horizontalAdvance(text) + 2
                # a text at an end moves in rather than being cut
                left = min(max(at.x() - width / 2, box.left()), box.right() - width)
                painter.drawText(QRectF(left, theme.GAP // 2, width, line), centre, text)
        if not self._upright:
            painter.setPen(QPen(self._line, 0))
            painter.drawLine(box.bottomLeft(), box.bottomRight())


def line_pen(colour: QColor | str, width: float = 1.6) -> Any:
    """A line whose width is of the screen."""
    return pg.mkPen(colour, width=width)


def faint(colour: QColor, alpha: int) -> QColor:
    """A colour that lets through what is below."""
    made = QColor(colour)
    made.setAlpha(alpha)
    return made


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Rows as comma-separated values (RFC 4180)."""
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
