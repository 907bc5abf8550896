"""The input picture with the part the network sees, and that part as the network sees it."""

import html

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QApplication, QMenu, QSizePolicy, QWidget

from cnn_explorer.gui.state.picture_link import Place, Region
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.crop_frame import (
    cursor_for,
    paint_handles,
    paint_line,
    paint_shade,
)
from cnn_explorer.gui.widgets.frame_hand import STEPS, FrameHand
from cnn_explorer.gui.widgets.marks import paint_box, paint_cross
from cnn_explorer.gui.widgets.panel_parts import ARROWS
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.results import PreparedInput

_BASE = 2560
"""Longest side kept for scaling, pixels: scaling more than that takes longer than a frame."""

_NEAR = 7
"""Widget pixels around a place within which a click means the place itself."""


def _for_scaling(rgb: npt.NDArray[np.uint8]) -> QImage:
    """The picture thinned to `_BASE` pixels, so that a resize never scales 50 megapixels."""
    step = max(1, -(-max(rgb.shape[:2]) // _BASE))
    return to_qimage(rgb[::step, ::step])


def _fitted(source: QSize, space: QRectF) -> QRectF:
    """Where a picture lies in a space: as large as it fits, its aspect kept, in the middle."""
    if source.isEmpty() or space.width() < 1 or space.height() < 1:
        return QRectF()
    scale = min(space.width() / source.width(), space.height() / source.height())
    width, height = max(1.0, source.width() * scale), max(1.0, source.height() * scale)
    left = space.x() + (space.width() - width) / 2
    top = space.y() + (space.height() - height) / 2
    return QRectF(round(left), round(top), round(width), round(height))


class _Scaled:
    """One image at the size last asked for, in device pixels."""

    def __init__(self) -> None:
        self._image = QImage()
        self._pixmap = QPixmap()

    def set_image(self, image: QImage) -> None:
        self._image = image
        self._pixmap = QPixmap()

    def pixmap(self, size: QSizeF, ratio: float) -> QPixmap:
        """The image at `size` in widget pixels. Small inputs keep their pixels when enlarged."""
        device = QSize(round(size.width() * ratio), round(size.height() * ratio))
        if self._pixmap.size() != device and not self._image.isNull():
            # thrice or a whole number of times: then its pixels are what is to be seen
            times = device.width() / self._image.width()
            enlarged = times >= 3 or times == 2
            mode = Qt.TransformationMode
            self._pixmap = QPixmap.fromImage(
                self._image.scaled(
                    device,
                    Qt.AspectRatioMode.IgnoreAspectRatio,
                    mode.FastTransformation if enlarged else mode.SmoothTransformation,
                )
            )
            self._pixmap.setDevicePixelRatio(ratio)
        return self._pixmap


class PictureView(QWidget):
    """The picture as large as it fits; what the network does not see lies in the shade.

    A click or the arrow keys mark a place, a click on it or beside the picture or Esc takes the
    mark away. What a unit sees is framed.

    The frame of what the network sees has handles where it may be changed: it is pulled by them,
    and moved by the rest of its border, or with Ctrl from within. Alt and arrow keys move it, plus
    and minus change its size; Ctrl with the arrows is the window's, for the layers.

    Without a picture it is a drop zone that says what to do. It takes no drops itself: the whole
    window does.
    """

    open_asked = Signal()
    """The empty zone was clicked, or Enter pressed on it."""
    place_pointed = Signal(object)
    """The `Place` now marked, or None: the mark is gone, with its picture or by hand."""
    frame_pulled = Signal(object, bool)
    """The `Region` to be framed, and whether the hand still moves it."""
    frame_given_up = Signal()
    """Esc was pressed while the frame was moved."""
    frame_undo_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Picture | None = None
        self._crop: Region | None = None
        self._hand = FrameHand(self._on_widget, self)
        self._hand.frame_pulled.connect(self.frame_pulled)
        self._hand.given_up.connect(self.frame_given_up)
        self._hand.undo_asked.connect(self.frame_undo_asked)
        self._frame_is_seen = False
        self._field: Region | None = None
        self._place: Place | None = None
        self._pressed: QPointF | None = None  # on the place marked, which a click takes away
        self._mirrored = False
        self._scaled = _Scaled()
        self._size = QSize()
        self._told = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Input picture"))
        self._describe()

    @property
    def picture(self) -> Picture | None:
        """What is shown."""
        return self._picture

    def show_picture(self, picture: Picture | None) -> None:
        """Show a picture, or the empty drop zone. The crop is unknown until `show_crop`; marks on
        another picture go."""
        if picture is not self._picture:
            self._picture = picture
            self._field = None
            self._pressed = None
            self.mark_place(None)
        self._scaled.set_image(_for_scaling(picture.rgb) if picture else QImage())
        size = QSize(picture.width, picture.height) if picture else QSize()
        told = "" if picture is None else f"{picture.name} {picture.source} {picture.note}"
        if (size, told) != (self._size, self._told):  # else it is the next frame of a film
            if size != self._size:
                self.show_frame(None)
            self._size, self._told = size, told
            self._crop = None
            self._describe()
        self.update()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show the picture as in a mirror, and all that lies on it. Places and regions stay those
        of the picture itself."""
        if mirrored != self._mirrored:
            self._mirrored = mirrored
            self._hand.set_mirrored(mirrored)
            self.update()

    def show_crop(self, crop: Region | None) -> None:
        """Mark what the network sees: x, y, width, height in pixels of the picture."""
        self._crop = crop
        self.update()

    def show_frame(self, frame: Region | None, *, square: bool = True, seen: bool = True) -> None:
        """Let the part of the picture that is framed be changed, in whose pixels it is given; None:
        it may not. `square` says that it stays a square, `seen` that the network sees it all."""
        self._frame_is_seen = seen and frame is not None
        self._hand.show(frame, self._size, square=square)
        self._describe()
        self.update()

    @property
    def frame(self) -> Region | None:
        """What is framed and may be changed."""
        return self._hand.frame

    def show_field(self, field: Region | None) -> None:
        """Frame what a unit sees, in pixels of the picture, as far as it lies in it."""
        if field != self._field:
            self._field = field
            self.update()

    @property
    def field(self) -> Region | None:
        """What is framed."""
        return self._field

    def mark_place(self, place: Place | None) -> None:
        """Mark a place of the picture, or none."""
        if place == self._place:
            return
        self._place = place
        self._describe()
        self.update()
        self.place_pointed.emit(place)

    @property
    def place(self) -> Place | None:
        """The place marked."""
        return self._place

    def picture_rect(self) -> QRectF:
        """Where the picture lies in the widget; empty without one."""
        return _fitted(self._size, QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        if self._picture is not None:
            QGuiApplication.clipboard().setImage(to_qimage(self._picture.rgb))

    def _describe(self) -> None:
        picture = self._picture
        if picture is None:
            self.setToolTip("")
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setAccessibleDescription(self._invitation())
            return
        if not self._hand.holds:  # in a hand that pulls the pointer keeps its shape
            self.unsetCursor()
        size = f"{picture.width} × {picture.height}"
        lines = [picture.source or picture.name, size, picture.note]
        # escaped: a file may be called <b>
        lines.append(self.tr("Click to mark the units that see a place."))
        if self.frame is not None:
            lines.append(
                self.tr(
                    "Pull the frame by an edge, or with Ctrl from within, to show the network "
                    "another part."
                )
            )
        self.setToolTip("<br>".join(html.escape(line) for line in lines if line))
        said = self.tr("{name}, {size} pixels.").format(name=picture.name, size=size)
        if self._place is None:
            marks = self.tr("Arrow keys mark a place, and with it the units that see it.")
        else:
            marks = self.tr(
                "The place in column {x}, row {y} is marked. Arrow keys move the mark, Esc takes "
                "it away."
            ).format(x=int(self._place[0]), y=int(self._place[1]))
        if self.frame is not None:
            frame = self.tr(
                "A part of {width} × {height} pixels in column {x}, row {y} is framed. Alt and "
                "arrow keys move the frame, plus and minus change its size, Ctrl+Z takes that back."
            )
            x, y, width, height = (round(number) for number in self.frame)
            marks = f"{marks} {frame.format(x=x, y=y, width=width, height=height)}"
        self.setAccessibleDescription(f"{said} {marks}")

    def _step(self, across: int, down: int, *, fine: bool) -> None:
        """Move the mark, by one pixel or by a part of what the network sees; the first step sets
        it in the middle of that."""
        width, height = self._size.width(), self._size.height()
        left, top, wide, high = self._crop or (0.0, 0.0, float(width), float(height))
        if self._place is None:
            self.mark_place((left + wide / 2, top + high / 2))
            return
        step = 1.0 if fine else max(1.0, min(wide, high) / STEPS)
        self._mark_within(self._place[0] + across * step, self._place[1] + down * step)

    def _mark_within(self, x: float, y: float) -> None:
        """Mark the place of the picture that is nearest: the middle of a pixel at its edges."""
        width, height = self._size.width(), self._size.height()
        self.mark_place((min(max(x, 0.5), width - 0.5), min(max(y, 0.5), height - 0.5)))

    def _on_picture(self, point: QPointF) -> Place:
        """A point of the widget as a place of the picture, which may lie beside it."""
        area = self.picture_rect()
        across = area.right() - point.x() if self._mirrored else point.x() - area.x()
        return (
            across * self._size.width() / area.width(),
            (point.y() - area.y()) * self._size.height() / area.height(),
        )

    def _on_widget(self, region: Region) -> QRectF:
        """A region of the picture as it lies in the widget."""
        area = self.picture_rect()
        across = area.width() / self._size.width()
        down = area.height() / self._size.height()
        x, y, width, height = region
        if self._mirrored:
            x = self._size.width() - x - width
        return QRectF(area.x() + x * across, area.y() + y * down, width * across, height * down)

    def _press(self, point: QPointF) -> None:
        """The left button went down on the picture, or beside it."""
        area = self.picture_rect()
        place = self._place
        if not area.contains(point):
            self.mark_place(None)
            return
        if place is not None:
            at = self._on_widget((*place, 0.0, 0.0)).topLeft()
            if (at - point).manhattanLength() <= _NEAR:
                self._pressed = point
                return
        self._mark_within(*self._on_picture(point))

    def _invitation(self) -> str:
        return self.tr("Drop a picture here, press Ctrl+O to open one, or Ctrl+V to paste.")

    def _paint_empty(self, painter: QPainter) -> None:
        style = theme.ground(self)
        accent = self.hasFocus() or self.underMouse()
        pen = QPen(QColor(style.selection if accent else style.box_border), 1.5)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        painter.setBrush(QColor(style.frame))
        zone = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(zone, theme.RADIUS, theme.RADIUS)
        text = self._invitation()
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        painter.setFont(theme.text_font())
        inner = zone.adjusted(theme.MARGIN, theme.GAP, -theme.MARGIN, -theme.GAP)
        words = painter.boundingRect(inner.adjusted(0, 0, 0, 1000), flags, text)
        glyph = 40.0 if inner.height() >= words.height() + 40 + 10 else 0.0
        top = inner.center().y() - (words.height() + glyph + (10 if glyph else 0)) / 2
        if glyph:
            self._paint_glyph(painter, QRectF(inner.center().x() - 22, top, 44, glyph - 6))
            top += glyph + 6
        painter.setPen(theme.quiet_colour(self))
        painter.drawText(QRectF(inner.x(), top, inner.width(), words.height() + 2), flags, text)

    def _paint_glyph(self, painter: QPainter, box: QRectF) -> None:
        """A framed landscape, as drawn on every picture button."""
        painter.save()
        pen = QPen(QColor(theme.ground(self).edge), 1.6)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 5, 5)
        painter.drawEllipse(QRectF(box.x() + 8, box.y() + 7, 7, 7))
        low = box.bottom() - 5
        painter.drawPolyline(
            [
                QRectF(box.x() + dx, low - dy, 0, 0).topLeft()
                for dx, dy in ((6, 1), (15, 9), (21, 4), (30, 15), (38, 5))
            ]
        )
        painter.restore()

    def _paint_crop(self, painter: QPainter, area: QRectF) -> None:
        """What is seen lies in the light; it is framed, or where it is looked for."""
        frame = None if self.frame is None else self._on_widget(self.frame).intersected(area)
        crop = self.frame if self._frame_is_seen else self._crop
        seen = QRectF() if crop is None else self._on_widget(crop).intersected(area)
        if not seen.isEmpty():
            paint_shade(painter, seen, area)
            paint_line(painter, seen)
        if frame is not None and not frame.isEmpty():
            if not self._frame_is_seen:
                paint_line(painter, frame)
            paint_handles(painter, frame)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(280, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 72)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._picture is None:
            self._paint_empty(painter)
            return
        area = self.picture_rect()
        if area.isEmpty():
            return
        pixmap = self._scaled.pixmap(area.size(), self.devicePixelRatioF())
        if self._mirrored:
            painter.save()
            painter.translate(area.left() + area.right(), 0)
            painter.scale(-1, 1)
        painter.drawPixmap(area.topLeft(), pixmap)
        if self._mirrored:
            painter.restore()
        self._paint_crop(painter, area)
        if self._field is not None:
            paint_box(painter, self._on_widget(self._field), area)
        if self._place is not None:
            paint_cross(painter, self._on_widget((*self._place, 0.0, 0.0)).topLeft())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(theme.ground(self).selection), 2))
            painter.drawRect(area)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._picture is not None and event.button() == Qt.MouseButton.LeftButton:
            grip = self._hand.grip_at(event.position(), event.modifiers())
            if grip is None:
                self._press(event.position())
            else:
                self._hand.take(grip, event.position())
                self.setCursor(cursor_for(grip))
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._hand.holds:
            self._hand.pull(event.position())
            return
        if self._picture is not None and not event.buttons():
            grip = self._hand.grip_at(event.position(), event.modifiers())
            if grip is None:
                self.unsetCursor()
            else:
                self.setCursor(cursor_for(grip))
        if self._place is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        if self._pressed is not None:
            moved = (event.position() - self._pressed).manhattanLength()
            if moved < QApplication.startDragDistance():
                return
            self._pressed = None  # it is drawn along
        self._mark_within(*self._on_picture(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._hand.holds and event.button() == Qt.MouseButton.LeftButton:
            clicked = self._hand.let_go()
            if clicked is None:
                return
            self._press(clicked)  # a click like any other
        if self._pressed is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = None
            self.mark_place(None)
            return
        inside = self.rect().contains(event.position().toPoint())
        if self._picture is None and inside and event.button() == Qt.MouseButton.LeftButton:
            self.open_asked.emit()
        else:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self._picture is not None:
            self.copy()
        elif self._hand.press_key(event):
            return
        elif self._picture is not None and event.key() in ARROWS:
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            across, down = ARROWS[Qt.Key(event.key())]
            self._step(-across if self._mirrored else across, down, fine=fine)
        elif self._place is not None and event.key() == Qt.Key.Key_Escape:
            self.mark_place(None)
        elif self._picture is None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_asked.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat() or not self._hand.release_keys():
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._hand.release_keys()
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._picture is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        copy = QAction(self.tr("Copy picture"), menu)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.triggered.connect(self.copy)
        menu.addAction(copy)
        menu.popup(event.globalPos())

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave) and self._picture is None:
            self.update()
        return super().event(event)


class SeenPreview(QWidget):
    """What goes into the network, small, with its size. Ctrl+C copies it pixel by pixel."""

    SMALLEST, LARGEST = 64, 112
    """Side of the preview, pixels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prepared: PreparedInput | None = None
        self._field: Region | None = None
        self._scaled = _Scaled()
        self._size = QSize()
        self._stacked = False
        self._side = self.SMALLEST
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self.tr("What the network sees"))
        self.arrange(stacked=False, side=self.SMALLEST)
        self.show_prepared(None)

    def show_prepared(self, prepared: PreparedInput | None) -> None:
        """Show an input, or the empty place of one that is not there yet."""
        self._prepared = prepared
        self._field = None
        image = to_qimage(prepared.seen) if prepared else QImage()
        self._scaled.set_image(image)
        self._size = image.size()
        self.setAccessibleDescription(self._size_text())
        explanation = self.tr(
            "The part of the picture inside the frame, scaled to the size this network takes."
        )
        self.setToolTip(explanation if prepared else "")
        self.update()

    def show_field(self, field: Region | None) -> None:
        """Frame what a unit sees, in pixels of the picture that the input was made from."""
        if field != self._field:
            self._field = field
            self.update()

    def _paint_field(self, painter: QPainter, area: QRectF) -> None:
        if self._field is None or self._prepared is None:
            return
        x, y, width, height = self._field
        placement = self._prepared.placement
        left, top = placement.to_input(x, y)
        right, bottom = placement.to_input(x + width, y + height)
        across, down = area.width() / self._size.width(), area.height() / self._size.height()
        box = QRectF(left * across, top * down, (right - left) * across, (bottom - top) * down)
        paint_box(painter, box.translated(area.topLeft()), area)

    def arrange(self, *, stacked: bool, side: int) -> None:
        """Put the words under the preview or beside it, and make it as large as there is room."""
        side = min(max(side, self.SMALLEST), self.LARGEST)
        if (stacked, side) == (self._stacked, self._side):
            return
        self._stacked = stacked
        self._side = side
        policy = QSizePolicy.Policy
        if stacked:
            self.setSizePolicy(policy.Fixed, policy.Preferred)
        else:
            self.setSizePolicy(policy.Preferred, policy.Fixed)
        self.updateGeometry()
        self.update()

    def words_height(self) -> int:
        """What the words take where they stand under the preview, pixels."""
        line = QFontMetrics(theme.text_font(theme.SMALL)).height()
        return theme.GAP // 2 + 3 * line + 2

    def _size_text(self) -> str:
        if self._prepared is None:
            return ""
        channels = int(self._prepared.tensor.shape[0])
        size = f"{self._size.width()} × {self._size.height()}"
        form = self.tr("{size}, grey") if channels == 1 else self.tr("{size}, RGB")
        return form.format(size=size)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(theme.text_font(theme.SMALL))
        if self._stacked:
            width = max(self._side, metrics.horizontalAdvance(self.tr("224 × 224, grey")) + 4)
            return QSize(width, self._side + self.words_height())
        return QSize(self._side + 120, self._side)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        style = theme.ground(self)
        place = QRect(
            (self.width() - self._side) // 2 if self._stacked else 0, 0, self._side, self._side
        )
        area = self._seen_rect(place)
        if area.isEmpty():
            pen = QPen(QColor(style.box_border), 1)
            pen.setDashPattern([4, 3])
            painter.setPen(pen)
            painter.drawRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        else:
            pixmap = self._scaled.pixmap(area.size(), self.devicePixelRatioF())
            painter.drawPixmap(area.topLeft(), pixmap)
            painter.setPen(QColor(style.selection if self.hasFocus() else style.box_border))
            painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
            self._paint_field(painter, area)
            if not self._stacked:
                place.setRight(area.toAlignedRect().right())  # the words stand close to it
        self._paint_words(painter, place)

    def _seen_rect(self, place: QRect) -> QRectF:
        """Where the preview lies: a small input is enlarged a whole number of times."""
        area = _fitted(self._size, QRectF(place))
        ratio = self.devicePixelRatioF()
        times = int(area.width() * ratio / self._size.width()) if not area.isEmpty() else 0
        if times < 2:
            return area
        width, height = (side * times / ratio for side in (self._size.width(), self._size.height()))
        left = area.x() if not self._stacked else area.x() + int((area.width() - width) / 2)
        return QRectF(left, area.y() + int((area.height() - height) / 2), width, height)

    def _paint_words(self, painter: QPainter, place: QRect) -> None:
        align = Qt.AlignmentFlag
        if self._stacked:
            words = QRect(0, place.bottom() + 1 + theme.GAP // 2, self.width(), self.height())
            flags = align.AlignHCenter | align.AlignTop
        else:
            left = place.right() + 1 + theme.GAP
            words = QRect(left, 0, self.width() - left, self._side)
            flags = align.AlignLeft | align.AlignTop
        wrapped = flags | Qt.TextFlag.TextWordWrap
        title, size = self.tr("What the network sees"), self._size_text()
        painter.setFont(theme.text_font(theme.SMALL))
        used = painter.boundingRect(words, int(wrapped), title)
        line = painter.fontMetrics().height()
        shift = 0
        if not self._stacked:
            shift = max(0, (self._side - used.height() - (line + 2 if size else 0)) // 2)
        painter.setPen(theme.quiet_colour(self))
        painter.drawText(words.translated(0, shift), int(wrapped), title)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        below = QRect(words.x(), words.y() + shift + used.height() + 2, words.width(), line)
        painter.drawText(below, int(flags), size)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy) and self._prepared is not None:
            QGuiApplication.clipboard().setImage(to_qimage(self._prepared.seen))
        else:
            super().keyPressEvent(event)
