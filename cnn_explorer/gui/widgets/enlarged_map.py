"""One map large: alone, beside the picture as the network sees it, or laid over that.

Beside and over the picture, unit and picture stand where they belong: each unit in the middle of
what it sees. Pointing at a unit frames that on the picture, pointing at the picture frames the
units that see the place.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QGuiApplication,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from cnn_explorer.gui.state.picture_link import LayerOnPicture, Place, Units
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.marks import paint_box, paint_cross
from cnn_explorer.gui.widgets.panel_parts import QuietLabel, TitleLabel, paint_focus
from cnn_explorer.gui.widgets.segmented_switch import SegmentedSwitch
from cnn_explorer.text import number_text

Mode = Literal["map", "side", "blended"]
MODES: tuple[Mode, ...] = ("map", "side", "blended")
Unit = tuple[int, int]
"""Row and column."""

_DIMMED = 0.35
_LOW = 260
"""Height below which the controls stand beside the map."""
_WIDE = 620
"""Width from which on they stand in one line."""
_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class _Pane:
    """A part of the canvas that shows a part of a plane: in pixels of the network's input, or,
    where it is not known how a map lies on them, with a unit of it as the measure."""

    def __init__(self, area: QRectF, plane: QRectF, picture: QRectF, units: QRectF) -> None:
        self.area = area
        """On the canvas."""
        self.plane = plane
        """What of the plane it shows."""
        self.picture = picture
        """Where the picture lies on the plane; empty where the pane shows none."""
        self.units = units
        """Where the map lies on it; empty where the pane shows none."""

    def to_canvas(self, region: QRectF) -> QRectF:
        """A region of the plane as it lies on the canvas."""
        across, down = self._scale()
        return QRectF(
            self.area.x() + (region.x() - self.plane.x()) * across,
            self.area.y() + (region.y() - self.plane.y()) * down,
            region.width() * across,
            region.height() * down,
        )

    def to_plane(self, point: QPointF) -> QPointF:
        """A point of the canvas on the plane."""
        across, down = self._scale()
        return QPointF(
            self.plane.x() + (point.x() - self.area.x()) / across,
            self.plane.y() + (point.y() - self.area.y()) / down,
        )

    def _scale(self) -> tuple[float, float]:
        return self.area.width() / self.plane.width(), self.area.height() / self.plane.height()


class _Canvas(QWidget):
    """Paints the map and the picture, and says what stands under the pointer."""

    unit_pointed = Signal(object)
    """The `Unit` pointed at, or None; also when a person points elsewhere on the picture."""
    place_pressed = Signal(object)
    """The `Place` of the picture that was clicked on."""
    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._picture = QImage()
        self._layer: LayerOnPicture | None = None
        self._mode: Mode = "map"
        self._opacity = 0.6
        self._smooth = False
        self._dimmed = False
        self._panes: tuple[_Pane, ...] = ()
        self._pointer: QPointF | None = None
        self._unit: Unit | None = None
        self._pointed: Units | None = None  # that see the place of the picture under the pointer
        self._place: Place | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("One map"))

    # what is shown

    def show_map(self, image: QImage, layer: LayerOnPicture | None) -> None:
        """A map, a pixel a unit; the picture that it was computed from, and how it lies on it."""
        if image.size() != self._image.size():
            self._unit = None
        self._image = image
        if layer is not self._layer:
            self._layer = layer
            self._picture = QImage() if layer is None else to_qimage(layer.prepared.seen)
        self._arrange()

    def show_mode(self, mode: Mode, opacity: float, *, smooth: bool, dimmed: bool) -> None:
        """How it is shown."""
        self._mode, self._opacity, self._smooth, self._dimmed = mode, opacity, smooth, dimmed
        self._arrange()

    def mark_place(self, place: Place | None) -> None:
        """Mark a place of the picture and the units that see it."""
        self._place = place
        self.update()

    @property
    def unit(self) -> Unit | None:
        """The unit pointed at."""
        return self._unit

    def point_at(self, unit: Unit | None) -> None:
        """Point at a unit without the mouse, or at nothing."""
        if unit != self._unit or self._pointed is not None:
            self._unit, self._pointed = unit, None
            self.update()
            self.unit_pointed.emit(unit)

    def units_framed(self) -> Units | None:
        """The units that see the place under the pointer, or else the place marked."""
        if self._pointed is not None:
            return self._pointed
        if self._place is None or self._layer is None:
            return None
        return self._layer.units_at(*self._place)

    # geometry

    def panes(self) -> tuple[_Pane, ...]:
        """The parts of the canvas, from left to right or from top to bottom."""
        return self._panes

    def _arrange(self) -> None:
        self._panes = self._panes_now()
        self._hover(self._pointer)
        self.update()

    def _panes_now(self) -> tuple[_Pane, ...]:
        if self._image.isNull():
            return ()
        space = QRectF(self.rect()).adjusted(theme.GAP, theme.GAP, -theme.GAP, -theme.GAP)
        if space.width() < 2 or space.height() < 2:
            return ()
        alone = QRectF(0, 0, self._image.width(), self._image.height())
        none = QRectF()
        picture, units = self._on_input()
        if self._mode == "map" or picture.isEmpty():
            # as wide for its height as it lies on the picture
            if not units.isEmpty():
                per_row = units.height() / alone.height() / (units.width() / alone.width())
                shape = QRectF(0, 0, alone.width(), alone.height() * per_row)
            else:
                shape = alone
            return (_Pane(self._whole_steps(shape, space), alone, none, alone),)
        if self._mode == "blended":
            plane = picture.united(units)
            return (_Pane(_fitted(plane, space), plane, picture, units),)
        plane = picture.united(units)
        left, right = _halves(space, plane)
        if units.isEmpty():  # each for itself
            return (
                _Pane(_fitted(picture, left), picture, picture, none),
                _Pane(_fitted(alone, right), alone, none, alone),
            )
        return _Pane(left, plane, picture, none), _Pane(right, plane, none, units)

    def _on_input(self) -> tuple[QRectF, QRectF]:
        """Where the picture and the map lie, in pixels of the network's input; empty where there
        is none, or where it is not known."""
        if self._layer is None:
            return QRectF(), QRectF()
        height, width = self._layer.input_sides
        extent = self._layer.extent()
        units = QRectF()
        if extent is not None:
            units = QRectF(extent.x, extent.y, extent.width, extent.height)
        return QRectF(0, 0, width, height), units

    def _whole_steps(self, shape: QRectF, space: QRectF) -> QRectF:
        """As large as it fits, with units of the same number of screen pixels each."""
        area = _fitted(shape, space)
        ratio = self.devicePixelRatioF()
        times = int(area.width() * ratio / self._image.width())
        if times < 1 or shape.width() != self._image.width():
            return area
        width, height = (side * times / ratio for side in (shape.width(), shape.height()))
        left = round((area.center().x() - width / 2) * ratio) / ratio
        top = round((area.center().y() - height / 2) * ratio) / ratio
        return QRectF(left, top, width, height)

    def unit_at(self, point: QPointF) -> Unit | None:
        """The unit at a point of the canvas."""
        for pane in self._panes:
            if not pane.units.isEmpty() and pane.area.contains(point):
                place = pane.to_plane(point) - pane.units.topLeft()
                column = int(place.x() * self._image.width() // pane.units.width())
                row = int(place.y() * self._image.height() // pane.units.height())
                if 0 <= row < self._image.height() and 0 <= column < self._image.width():
                    return row, column
        return None

    def input_place_at(self, point: QPointF) -> QPointF | None:
        """The place of the network's input at a point of the canvas."""
        for pane in self._panes:
            if pane.to_canvas(pane.picture).contains(point):
                return pane.to_plane(point)
        return None

    def _cell(self, pane: _Pane, units: Units) -> QRectF:
        """Where units lie on the canvas."""
        width = pane.units.width() / self._image.width()
        height = pane.units.height() / self._image.height()
        return pane.to_canvas(
            QRectF(
                pane.units.x() + units.columns.start * width,
                pane.units.y() + units.rows.start * height,
                len(units.columns) * width,
                len(units.rows) * height,
            )
        )

    def _hover(self, point: QPointF | None) -> None:
        self._pointer = point
        if point is None:
            return
        unit, units = self.unit_at(point), None
        place = self.input_place_at(point)
        if unit is None and place is not None and self._layer is not None:
            units = self._layer.units_seeing(place.x(), place.y())
        if (unit, units) != (self._unit, self._pointed):
            self._unit, self._pointed = unit, units
            self.update()
            self.unit_pointed.emit(unit)

    # painting

    def _paint_images(self, painter: QPainter, pane: _Pane) -> None:
        shown = _DIMMED if self._dimmed else 1.0
        over = not pane.picture.isEmpty()
        if over:
            painter.setOpacity(shown)
            self._paint_image(painter, self._picture, pane.to_canvas(pane.picture), smooth=None)
        if not pane.units.isEmpty():
            painter.setOpacity(shown * (self._opacity if over else 1.0))
            target = pane.to_canvas(pane.units)
            self._paint_image(painter, self._image, target, smooth=self._smooth)
        painter.setOpacity(1.0)

    def _paint_image(
        self, painter: QPainter, image: QImage, target: QRectF, *, smooth: bool | None
    ) -> None:
        """`smooth` None: pixels are shown where each is three screen pixels wide or more."""
        times = target.width() * self.devicePixelRatioF() / image.width()
        if smooth is None:
            smooth = times < 3
        hint = QPainter.RenderHint.SmoothPixmapTransform
        painter.setRenderHint(hint, smooth or times < 1)
        painter.drawImage(target, image, QRectF(image.rect()))

    def _paint_marks(self, painter: QPainter, pane: _Pane) -> None:
        framed = self.units_framed()
        if not pane.units.isEmpty():
            target = pane.to_canvas(pane.units)
            if framed is not None and framed.rows and framed.columns:
                paint_box(painter, self._cell(pane, framed), target, theme.UNIT_MARK)
            if self._unit is not None:
                row, column = self._unit
                unit = Units(range(row, row + 1), range(column, column + 1))
                paint_box(painter, self._cell(pane, unit), target, theme.UNIT_MARK)
        if pane.picture.isEmpty() or self._layer is None:
            return
        if self._unit is not None:
            box = self._layer.box(*self._unit)
            if box is not None and not box.empty:
                seen = QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)
                paint_box(painter, pane.to_canvas(seen), pane.to_canvas(pane.picture))
        if self._place is not None:
            x, y = self._layer.prepared.placement.to_input(*self._place)
            if pane.picture.contains(x, y):
                paint_cross(painter, pane.to_canvas(QRectF(x, y, 0, 0)).topLeft())

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - drawn whole
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        for pane in self._panes:
            self._paint_images(painter, pane)
        for pane in self._panes:
            self._paint_marks(painter, pane)
        if self.hasFocus() and self._unit is None:
            paint_focus(painter, self)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: ARG002
        self._arrange()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._arrange()
        return super().event(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointer = None
        self.point_at(None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(event.position())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._press(event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def _press(self, point: QPointF) -> None:
        place = self.input_place_at(point)
        if place is not None and self._layer is not None:
            marked = self._layer.prepared.placement.to_picture(place.x(), place.y())
            self.place_pressed.emit(marked)


class EnlargedMap(QWidget):
    """One channel large, with a line of controls above it.

    Left and right turn to other channels, Shift and the arrow keys point at units, Esc, a double
    click or *All maps* go back, Ctrl+C copies.
    """

    point_hovered = Signal(object)
    """(row, column) of the unit pointed at, or None."""
    place_pointed = Signal(object)
    """The `Place` of the picture that a person clicked on."""
    left = Signal()
    """A person wants to see all maps again."""
    channel_stepped = Signal(int)
    """To the next channel (1) or the one before (-1)."""
    mode_changed = Signal(str)
    """A person chose another `Mode`."""
    opacity_changed = Signal(float)
    """A person chose how much the map covers the picture, 0 to 1."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._image = QImage()
        self._layer: LayerOnPicture | None = None
        self._mode: Mode = "map"
        self._smooth = False
        self._dimmed = False
        self._describe: Callable[[int, int, float], str] = self._default_description

        self.back = self._button(self.tr("All maps"), self.tr("Show all maps again (Esc)."))
        self.back.setArrowType(Qt.ArrowType.LeftArrow)
        self.back.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.previous = self._button("‹", self.tr("The channel before (left arrow key)."))
        self.previous.setAccessibleName(self.tr("Previous channel"))
        self.next = self._button("›", self.tr("The next channel (right arrow key)."))
        self.next.setAccessibleName(self.tr("Next channel"))
        self.title = TitleLabel()
        self.readout = QuietLabel()
        self.opacity_slider = QSlider(Qt.Orientation.Horizontal)
        self.opacity_slider.setRange(0, 100)
        self.opacity_slider.setValue(60)
        self.opacity_slider.setFixedWidth(96)
        self.opacity_slider.setAccessibleName(self.tr("Opacity of the map"))
        self.opacity_slider.setToolTip(self.tr("How much the map covers the picture."))
        self._tips = (
            self.tr("The map alone."),
            self.tr("The picture beside the map."),
            self.tr("The map over the picture."),
        )
        names = (self.tr("Map"), self.tr("Side by side"), self.tr("Blended"))
        self.switch = SegmentedSwitch(tuple(zip(names, self._tips, strict=True)))
        self.canvas = _Canvas()
        self.setFocusProxy(self.canvas)

        ways = QHBoxLayout()
        for button in (self.back, self.previous, self.next):
            ways.addWidget(button)
        ways.addStretch(1)
        direction = QBoxLayout.Direction
        self._words = QBoxLayout(direction.LeftToRight)
        self._words.addWidget(self.title)
        self._words.addWidget(self.readout, 1)
        self._choices = QBoxLayout(direction.LeftToRight)
        self._choices.addWidget(self.opacity_slider)
        self._choices.addWidget(self.switch)
        self._choices.addStretch(1)
        self._says = QBoxLayout(direction.LeftToRight)
        self._says.setSpacing(theme.GAP)
        self._says.addLayout(ways)
        self._says.addLayout(self._words, 1)
        self._controls = QBoxLayout(direction.LeftToRight)
        self._controls.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, theme.GAP // 2)
        self._controls.addLayout(self._says, 1)
        self._controls.addLayout(self._choices)
        self._body = QBoxLayout(direction.TopToBottom, self)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self._body.addLayout(self._controls)
        self._body.addWidget(self.canvas, 1)

        copy = QAction(self.tr("Copy"), self)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        copy.triggered.connect(self.copy)
        self.addAction(copy)
        self.back.clicked.connect(self.left)
        self.previous.clicked.connect(self._on_previous)
        self.next.clicked.connect(self._on_next)
        self.switch.chosen.connect(self._on_mode_chosen)
        self.opacity_slider.valueChanged.connect(self._on_opacity_chosen)
        self.canvas.unit_pointed.connect(self._on_unit_pointed)
        self.canvas.place_pressed.connect(self.place_pointed)
        self.canvas.double_clicked.connect(self.left)
        self._show_mode()

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _arrange(self) -> None:
        """The controls in a line above the map, or in two where it is narrow; beside the map
        where that leaves more of the height to it."""
        direction, align = QBoxLayout.Direction, Qt.AlignmentFlag
        low = self.height() < _LOW and self.width() >= 2 * self.switch.sizeHint().width()
        down = low or self.width() < _WIDE
        for layout, downwards in (
            (self._controls, down), (self._says, low), (self._words, low), (self._choices, low),
        ):  # fmt: skip
            layout.setDirection(direction.TopToBottom if downwards else direction.LeftToRight)
        self._controls.setSpacing(theme.GAP // 2 if down else theme.GAP)
        self._controls.setStretch(0, 0 if down else 1)
        self._body.setDirection(direction.LeftToRight if low else direction.TopToBottom)
        self._body.setAlignment(self._controls, align.AlignTop if low else align(0))

    # what is shown

    def show_map(
        self,
        values: npt.NDArray[np.float32],
        image: QImage,
        title: str,
        describe: Callable[[int, int, float], str] | None = None,
    ) -> None:
        """Show a map (H, W) and its picture in colours, a pixel a value. `describe` says a unit
        in words: its row, its column, its value."""
        self._values, self._image = values, image
        self._describe = describe or self._default_description
        self.title.set_title(title)
        self._show()
        self.point_hovered.emit(self.canvas.unit)  # of this map now

    def set_picture(self, layer: LayerOnPicture | None) -> None:
        """The picture that the map was computed from, and how the layer lies on it. Maps of
        another size than the layer's are shown alone until theirs is said."""
        self._layer = layer
        self._show()

    def mark_place(self, place: Place | None) -> None:
        """Mark a place of the picture, and the units that see it."""
        self.canvas.mark_place(place)
        self._say()

    def set_smooth(self, smooth: bool) -> None:
        """Show values as squares, or what lies between them."""
        self._smooth = smooth
        self._show_mode()

    def set_dimmed(self, dimmed: bool) -> None:
        """Fade what is shown: it is of an earlier picture or layer."""
        self._dimmed = dimmed
        self._show_mode()

    @property
    def mode(self) -> Mode:
        """How a person wants to see it, also where that is not possible now."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Show it otherwise, as soon as that is possible."""
        self._mode = mode
        self._show_mode()

    @property
    def opacity(self) -> float:
        """How much the map covers the picture, 0 to 1."""
        return self.opacity_slider.value() / 100

    def set_opacity(self, opacity: float) -> None:
        """Let the map cover more or less of the picture."""
        self.opacity_slider.setValue(round(100 * opacity))

    def mode_shown(self) -> Mode:
        """The mode wanted, or the nearest to it that is possible."""
        layer = self._matching()
        if layer is None:
            return "map"
        return "side" if self._mode == "blended" and layer.field is None else self._mode

    def copy(self) -> None:
        """Put what is seen on the clipboard."""
        if self.canvas.panes():
            QGuiApplication.clipboard().setImage(self.view_image())

    def view_image(self) -> QImage:
        """What is seen, marks and all."""
        seen = QRectF()
        for pane in self.canvas.panes():
            seen = seen.united(pane.area)
        return self.canvas.grab(seen.toAlignedRect()).toImage()

    def _matching(self) -> LayerOnPicture | None:
        layer = self._layer
        return layer if layer is not None and layer.map_sides == self._values.shape else None

    def _show(self) -> None:
        self.canvas.show_map(self._image, self._matching())
        self._show_mode()
        self._say()

    def _show_mode(self) -> None:
        shown, layer = self.mode_shown(), self._matching()
        why = self.tr("There is no picture to show beside it.") if layer is None else layer.reason
        possible = (True, layer is not None, layer is not None and layer.field is not None)
        for number, (can, tip) in enumerate(zip(possible, self._tips, strict=True)):
            button = self.switch.button(number)
            button.setEnabled(can)
            button.setToolTip(tip if can else why)
        self.switch.set_current(MODES.index(shown))
        self.opacity_slider.setVisible(shown == "blended")
        self.canvas.show_mode(shown, self.opacity, smooth=self._smooth, dimmed=self._dimmed)

    def _say(self) -> None:
        """What is under the pointer, else what is marked, else why nothing can be."""
        unit, layer = self.canvas.unit, self._matching()
        framed = self.canvas.units_framed()
        if unit is not None:
            said = self._describe(*unit, float(self._values[unit]))
            box = None if layer is None else layer.box(*unit)
            if box is not None and box.padded:
                said = self.tr("{unit} · sees padding too").format(unit=said)
        elif framed is not None:
            said = self._units_text(framed)
        else:
            said = "" if layer is None else layer.reason
        self.readout.setText(said)
        self.readout.setToolTip(said)
        self.canvas.setAccessibleDescription(" · ".join(filter(None, (self.title.text(), said))))

    def _units_text(self, units: Units) -> str:
        count = len(units.rows) * len(units.columns)
        if not count:
            return self.tr("no unit sees this place")
        if count == 1:
            return self.tr("row {row}, column {column} alone sees it").format(
                row=units.rows[0], column=units.columns[0]
            )
        return self.tr("rows {top}–{bottom}, columns {left}–{right} see it").format(
            top=units.rows[0], bottom=units.rows[-1],
            left=units.columns[0], right=units.columns[-1],
        )  # fmt: skip

    def _default_description(self, row: int, column: int, value: float) -> str:
        return self.tr("row {row}, column {column}: {value}").format(
            row=row, column=column, value=number_text(value)
        )

    def _step_unit(self, down: int, across: int) -> None:
        """Point at the unit beside the one pointed at; the first step points at the middle one."""
        height, width = self._values.shape
        if not height or not width:
            return
        unit = self.canvas.unit
        if unit is None:
            self.canvas.point_at((height // 2, width // 2))
            return
        row = min(max(unit[0] + down, 0), height - 1)
        column = min(max(unit[1] + across, 0), width - 1)
        self.canvas.point_at((row, column))

    def _on_unit_pointed(self, unit: Unit | None) -> None:
        self._say()
        self.point_hovered.emit(unit)

    def _on_previous(self) -> None:
        self.channel_stepped.emit(-1)

    def _on_next(self) -> None:
        self.channel_stepped.emit(1)

    def _on_mode_chosen(self, number: int) -> None:
        self.set_mode(MODES[number])
        self.mode_changed.emit(self._mode)

    def _on_opacity_chosen(self, per_cent: int) -> None:
        self._show_mode()
        self.opacity_changed.emit(per_cent / 100)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 60)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in _ARROWS and shifted:
            self._step_unit(*_ARROWS[key])
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.channel_stepped.emit(1 if key == Qt.Key.Key_Right else -1)
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Copy what is seen"), self.copy)
        menu.addAction(self.tr("Show all maps"), self.left.emit)
        menu.popup(event.globalPos())


def _fitted(shape: QRectF, space: QRectF) -> QRectF:
    """As large as it fits, in the middle."""
    scale = min(space.width() / shape.width(), space.height() / shape.height())
    width, height = shape.width() * scale, shape.height() * scale
    return QRectF(space.center().x() - width / 2, space.center().y() - height / 2, width, height)


def _halves(space: QRectF, shape: QRectF) -> tuple[QRectF, QRectF]:
    """The space in two, beside or below each other: whichever shows the shape larger. What there
    is to spare stands outside, so that the two stand close."""
    gap = 2.0 * theme.GAP
    wide = QRectF(0, 0, (space.width() - gap) / 2, space.height())
    high = QRectF(0, 0, space.width(), (space.height() - gap) / 2)
    beside, below = (
        min(half.width() / shape.width(), half.height() / shape.height()) for half in (wide, high)
    )
    scale = max(beside, below)
    width, height = shape.width() * scale, shape.height() * scale
    centre = space.center()
    if beside >= below:
        top = centre.y() - height / 2
        return (
            QRectF(centre.x() - gap / 2 - width, top, width, height),
            QRectF(centre.x() + gap / 2, top, width, height),
        )
    left = centre.x() - width / 2
    return (
        QRectF(left, centre.y() - gap / 2 - height, width, height),
        QRectF(left, centre.y() + gap / 2, width, height),
    )
