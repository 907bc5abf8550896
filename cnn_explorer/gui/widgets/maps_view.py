"""All channels of a layer as maps, however many.

The maps stand in one 8-bit mosaic made by `cnn_explorer.probe.mosaic`; the view places its tiles
itself, so that columns follow the width and the gaps keep their size, and paints those in sight.
It works in device pixels: a map is always enlarged by a whole number or reduced by the mean over
whole blocks, which stays crisp and honest on any display.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QEvent,
    QMimeData,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QApplication,
    QFrame,
    QMenu,
    QToolTip,
    QWidget,
)

from cnn_explorer.gui.state.qimages import indexed_colours
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.maps_sharing import MapsSharing
from cnn_explorer.gui.widgets.marks import paint_thin_boxes
from cnn_explorer.gui.widgets.panel_parts import copy_action, paint_focus
from cnn_explorer.gui.widgets.quiet_scroll_bar import quiet_bars
from cnn_explorer.probe.colormaps import ColormapName
from cnn_explorer.probe.mosaic import (
    INFINITE,
    NOT_A_NUMBER,
    Mosaic,
    Scale,
    Shading,
    best_columns,
    colour_mosaic,
    mosaic,
    rearranged,
)
from cnn_explorer.text import number_text

FloatArray = npt.NDArray[np.float32]

SMALLEST_TILE = 16
"""Logical pixels of a tile's longer side, as far as whole steps allow."""
LARGEST_TILE = 480
_AUTO_SMALLEST = 44  # below this a tile says little: rather scroll
_AUTO_LARGEST = 176
_GAP = 4
_MARGIN = 8
_DIMMED = 0.35


@dataclass(frozen=True)
class MapPoint:
    """A place in a map, and the value there: one, or three of a colour kernel."""

    channel: int
    x: int
    y: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class _Step:
    """A tile size: `up` device pixels a value, or one device pixel for `down` x `down` values."""

    up: int
    down: int

    def length(self, values: int) -> int:
        return values * self.up if self.down == 1 else -(-values // self.down)


class MapsView(QAbstractScrollArea):
    """Shows maps (C, H, W) as tiles in a scrolled area.

    Click or arrow keys select a map, Enter or a double click shows it alone, Esc goes back,
    Ctrl and the wheel (or + and -) change the size, Ctrl+C copies, and a map can be dragged out.
    """

    point_hovered = Signal(object)
    """The `MapPoint` under the pointer, or None."""
    map_selected = Signal(int)
    """A channel, or -1 for none."""
    map_enlarged = Signal(int)
    """The channel now shown alone, or -1: all are shown again."""
    tile_size_changed = Signal(float)
    """Logical pixels of a tile's longer side."""
    save_asked = Signal(object)
    """A `MapsFile`: a person wants maps saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: FloatArray = np.zeros((0, 1, 1, 1), np.float32)
        self._colours: ColormapName = "viridis"
        self._shading = Shading()
        self._smooth = False
        self._order: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self._position: npt.NDArray[np.intp] = self._order
        self._numbers: npt.NDArray[np.intp] | None = None
        self._marked: tuple[range, range] | None = None
        self._pressed: QPoint | None = None
        self._mosaic: Mosaic | None = None
        self._images: dict[int, QImage] = {}
        self._wanted: float | None = None
        self._step = _Step(1, 1)
        self._columns = 1
        self._selected = -1
        self._hovered = -1
        self._enlarged = -1
        self._pointer: QPointF | None = None
        self._dimmed = False
        self._sharing = MapsSharing(self)
        self._describe: Callable[[MapPoint], str] = self._default_description
        self.setFrameShape(QFrame.Shape.NoFrame)
        quiet_bars(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(self.tr("Maps"))
        copy_action(self, self.tr("Copy"), self.copy)

    # what is shown

    def show_maps(self, maps: FloatArray, *, signed: bool = False) -> None:
        """Show maps (C, H, W); `signed` centres the colours on zero."""
        self._take(maps[:, None], signed)

    def show_colour_kernels(self, weight: FloatArray) -> None:
        """Show kernels (N, 3, h, w) as colour pictures in which zero is mid-grey."""
        self._take(weight, True)

    def clear(self) -> None:
        """Show nothing."""
        self._take(np.zeros((0, 1, 1, 1), np.float32), False)

    def _take(self, values: FloatArray, signed: bool) -> None:
        same_kind = values.shape == self._values.shape
        self._values = values
        self._shading = replace(self._shading, signed=signed)
        self._dimmed = False
        self._hovered = -1
        if not same_kind:
            self._put_in_order(None)
            self._numbers = None
            enlarged, self._enlarged = self._enlarged, -1
            self._select(-1)
            self.horizontalScrollBar().setValue(0)
            self.verticalScrollBar().setValue(0)
            if enlarged >= 0:
                self.map_enlarged.emit(-1)
        self._draw_mosaic()
        if same_kind and self.count:
            self.viewport().update()  # of the next frame each map stays where it is
        else:
            self._arrange()
        # under a pointer at rest a new picture brings new values
        self._hover(self._pointer)

    def set_colour_map(self, name: ColormapName) -> None:
        """Colour the maps otherwise."""
        self._colours = name
        self._colour()

    def set_shading(self, shading: Shading) -> None:
        """Turn values into colours otherwise."""
        if shading != self._shading:
            self._shading = shading
            self._draw_mosaic()
            self.viewport().update()

    def set_scale(self, scale: Scale) -> None:
        """Give each map the whole range of colours, or all maps one range."""
        self.set_shading(replace(self._shading, scale=scale))

    def set_smooth(self, smooth: bool) -> None:
        """Blend enlarged maps between their values, or show each value as a square."""
        if smooth != self._smooth:
            self._smooth = smooth
            self.viewport().update()

    def set_order(self, order: Sequence[int] | npt.NDArray[np.intp] | None) -> None:
        """Show these channels in this order, or all by number. A channel that is not among them is
        neither selected nor shown alone any more."""
        wanted = np.arange(len(self._values)) if order is None else np.asarray(order, np.intp)
        if np.array_equal(wanted, self._order):
            return
        self._put_in_order(wanted)
        if self._selected >= 0 and self._position[self._selected] < 0:
            self._select(-1)
        if self._enlarged >= 0 and self._position[self._enlarged] < 0:
            self._enlarged = -1
            self.map_enlarged.emit(-1)
        self._arrange()
        self._hover(self._pointer)

    def _put_in_order(self, order: npt.NDArray[np.intp] | None) -> None:
        self._order = np.arange(len(self._values)) if order is None else order
        self._position = np.full(len(self._values), -1, np.intp)
        self._position[self._order] = np.arange(len(self._order))

    def set_numbers(self, numbers: npt.NDArray[np.intp] | None) -> None:
        """Call the maps by these numbers, one for each channel, wherever a person reads which map
        it is; None calls each by its place among the values. Signals and commands keep to that."""
        if numbers is not None and len(numbers) != len(self._values):
            raise ValueError(f"{len(numbers)} numbers are not for {len(self._values)} maps")
        self._numbers = numbers
        self._describe_selection()
        self.viewport().update()
        self._hover(self._pointer)

    def number_of(self, channel: int) -> int:
        """What a map is called."""
        return channel if self._numbers is None else int(self._numbers[channel])

    @property
    def names(self) -> tuple[str, ...] | None:
        """The numbers given, as they stand in saved figures; None where there are none."""
        return None if self._numbers is None else tuple(map(str, self._numbers.tolist()))

    def set_marked(self, rows: range | None, columns: range | None) -> None:
        """Frame these places in every map; None frames none."""
        marked = (rows, columns) if rows and columns else None
        if marked != self._marked:
            self._marked = marked
            self.viewport().update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Fade the maps: they are of an earlier picture or layer."""
        self._dimmed = dimmed
        self.viewport().update()

    def set_describer(self, describe: Callable[[MapPoint], str]) -> None:
        """Say otherwise what stands under the pointer."""
        self._describe = describe

    @property
    def count(self) -> int:
        """How many maps are shown."""
        return len(self._order)

    @property
    def order(self) -> npt.NDArray[np.intp]:
        """The channels shown, in their order."""
        return self._order

    @property
    def shading(self) -> Shading:
        """How values become colours."""
        return self._shading

    @property
    def colour_map(self) -> ColormapName:
        """The colours in use: around zero, where zero is in their middle."""
        return "diverging" if self._shading.signed else self._colours

    @property
    def marked(self) -> tuple[range, range] | None:
        """The rows and columns that are framed."""
        return self._marked

    def is_shown(self, channel: int) -> bool:
        """Whether there is such a channel and it is not left out of the order."""
        return 0 <= channel < len(self._position) and bool(self._position[channel] >= 0)

    @property
    def mosaic(self) -> Mosaic | None:
        """The mosaic that is painted, with the ranges its colours stand for."""
        return self._mosaic

    @property
    def selected(self) -> int:
        """The selected channel, or -1."""
        return self._selected

    @property
    def enlarged(self) -> int:
        """The channel shown alone, or -1."""
        return self._enlarged

    @property
    def dimmed(self) -> bool:
        """Whether the maps are faded."""
        return self._dimmed

    @property
    def columns(self) -> int:
        """How many maps stand in a row."""
        return self._columns

    # size

    @property
    def tile_size(self) -> float:
        """Logical pixels of a tile's longer side, as drawn."""
        return self._step.length(max(self._values.shape[2:])) / self._ratio()

    def set_tile_size(self, size: float | None) -> None:
        """Draw tiles as near to `size` logical pixels as whole steps allow; None fits the view."""
        self._wanted = size
        self._arrange()

    def zoom(self, steps: int) -> None:
        """The next larger (or smaller, negative) tile sizes."""
        if not self.count or self._enlarged >= 0:
            return
        sizes = self._steps()
        at = sizes.index(self._step) if self._step in sizes else 0
        chosen = sizes[max(0, min(len(sizes) - 1, at + steps))]
        self.set_tile_size(chosen.length(max(self._values.shape[2:])) / self._ratio())

    def _ratio(self) -> float:
        return self.devicePixelRatioF()

    def _steps(self) -> list[_Step]:
        """All tile sizes, smallest first, each at least a tenth larger than the one before."""
        side = max(self._values.shape[2:])
        low, high = SMALLEST_TILE * self._ratio(), LARGEST_TILE * self._ratio()
        largest = max(1, int(high // side))
        every = [_Step(1, down) for down in range(max(1, int(side // low)), 1, -1)]
        every += [_Step(up, 1) for up in range(1, largest + 1)]
        chosen: list[_Step] = []
        for step in every:
            length = step.length(side)
            if length < low and step.up < largest:
                continue
            if step.up == 1 and length > high and chosen:
                continue
            if not chosen or length >= 1.1 * chosen[-1].length(side) or step == _Step(1, 1):
                chosen.append(step)
        return chosen or [_Step(1, 1)]

    def _best_step(self) -> _Step:
        steps, ratio = self._steps(), self._ratio()
        side = max(self._values.shape[2:])
        if self._wanted is not None:
            wanted = self._wanted * ratio
            return min(steps, key=lambda step: abs(np.log(step.length(side) / wanted)))
        low = [step for step in steps if step.length(side) >= _AUTO_SMALLEST * ratio] or steps[-1:]
        middle = [step for step in low if step.length(side) <= _AUTO_LARGEST * ratio] or low[:1]
        fitting = [step for step in middle if self._height_at(step) <= self._view_size()[1]]
        return fitting[-1] if fitting else middle[0]

    def _view_size(self) -> tuple[int, int]:
        """The viewport in device pixels, as if no bar took room from it."""
        size = self.maximumViewportSize()
        return int(size.width() * self._ratio()), int(size.height() * self._ratio())

    def _gap(self) -> int:
        return max(1, round(_GAP * self._ratio()))

    def _margin(self) -> int:
        return round(_MARGIN * self._ratio())

    def _columns_at(self, step: _Step) -> int:
        height, width = self._values.shape[2:]
        bar = round(self.verticalScrollBar().sizeHint().width() * self._ratio())
        room = self._view_size()[0] - 2 * self._margin() - bar
        return best_columns(
            self.count, step.length(width), step.length(height), max(room, 1), None, self._gap()
        )

    def _height_at(self, step: _Step) -> int:
        rows = -(-self.count // self._columns_at(step))
        tile = step.length(self._values.shape[2])
        return 2 * self._margin() + rows * (tile + self._gap()) - self._gap()

    def _arrange(self) -> None:
        """Choose the tile size and the columns for the view's size, and set the bars."""
        vertical, horizontal = self.verticalScrollBar(), self.horizontalScrollBar()
        if not self.count:
            vertical.setRange(0, 0)
            horizontal.setRange(0, 0)
            self.viewport().update()
            return
        height, width = self._values.shape[2:]
        before = self._step.length(height), self._columns
        if self._enlarged >= 0:
            self._step, self._columns = self._largest_step(), 1
            content = (1, 1)
        else:
            # what stands at the top stays there
            top_row = self._row_at_top()
            self._step = self._best_step()
            self._columns = self._columns_at(self._step)
            tile = self._step.length(width)
            content = (
                2 * self._margin() + self._columns * (tile + self._gap()) - self._gap(),
                self._height_at(self._step),
            )
        view_width, view_height = self._view_size()
        extent = self.verticalScrollBar().sizeHint().width() * self._ratio()
        needs_vertical = content[1] > view_height
        room = view_width - (extent if needs_vertical else 0)
        needs_horizontal = content[0] > room
        page = view_height - (round(extent) if needs_horizontal else 0)
        horizontal.setRange(0, max(0, round(content[0] - room)))
        horizontal.setPageStep(max(1, round(room)))
        vertical.setRange(0, max(0, content[1] - page))
        vertical.setPageStep(max(1, page))
        for bar in (vertical, horizontal):
            bar.setSingleStep(max(1, round(24 * self._ratio())))
        if self._enlarged < 0:
            if before != (self._step.length(height), self._columns):
                row = top_row * before[1] / self._columns
                vertical.setValue(round(row * (self._step.length(height) + self._gap())))
            self.tile_size_changed.emit(self.tile_size)
        self.viewport().update()

    def _row_at_top(self) -> float:
        pitch = self._step.length(self._values.shape[2]) + self._gap()
        return self.verticalScrollBar().value() / pitch

    def _largest_step(self) -> _Step:
        """The step at which one map fills the view."""
        height, width = self._values.shape[2:]
        view_width, view_height = self._view_size()
        room = max(1, view_width - 2 * self._margin()), max(1, view_height - 2 * self._margin())
        up = min(room[0] // width, room[1] // height)
        if up >= 1:
            return _Step(int(up), 1)
        return _Step(1, int(max(-(-width // room[0]), -(-height // room[1]))))

    # geometry, in device pixels of the viewport

    def _tile_rects(self, channels: Sequence[int]) -> list[QRect]:
        """Where maps are drawn. What all have in common is worked out once: there may be a thousand
        in sight, and each is placed anew in every frame."""
        height, width = (self._step.length(side) for side in self._values.shape[2:])
        if self._enlarged >= 0:
            room = self._view_size()
            left, top = max(0, (room[0] - width) // 2), max(0, (room[1] - height) // 2)
            return [QRect(left, top, width, height) for _ in channels]
        gap, columns = self._gap(), self._columns
        across, down = width + gap, height + gap
        left = self._margin() - self.horizontalScrollBar().value()
        top = self._margin() - self.verticalScrollBar().value()
        places: list[int] = self._position[channels].tolist()
        return [
            QRect(left + at % columns * across, top + at // columns * down, width, height)
            for at in places
        ]

    def _tile_rect(self, channel: int) -> QRect:
        return self._tile_rects([channel])[0]

    def tile_rect(self, channel: int) -> QRectF:
        """Where a map is drawn, in logical pixels of the viewport."""
        box, ratio = self._tile_rect(channel), self._ratio()
        return QRectF(box.x() / ratio, box.y() / ratio, box.width() / ratio, box.height() / ratio)

    def _visible(self) -> Sequence[int]:
        """The channels whose rows are in sight."""
        if self._enlarged >= 0:
            return [self._enlarged]
        pitch = self._step.length(self._values.shape[2]) + self._gap()
        top = self.verticalScrollBar().value() - self._margin()
        bottom = top + round(self.viewport().height() * self._ratio())
        first = max(0, top // pitch) * self._columns
        last = (bottom // pitch + 1) * self._columns
        visible: list[int] = self._order[first:last].tolist()
        return visible

    def point_at(self, place: QPointF | QPoint) -> MapPoint | None:
        """What stands at a place of the viewport (logical pixels); None between the maps."""
        x, y = (int(value * self._ratio()) for value in (place.x(), place.y()))
        channel = self._channel_at(x, y)
        if channel < 0:
            return None
        box = self._tile_rect(channel)
        height, width = self._values.shape[2:]
        column = min(width - 1, (x - box.x()) // self._step.up * self._step.down)
        row = min(height - 1, (y - box.y()) // self._step.up * self._step.down)
        values = tuple(float(value) for value in self._values[channel, :, row, column])
        return MapPoint(channel, column, row, values)

    def _channel_at(self, x: int, y: int) -> int:
        if not self.count:
            return -1
        if self._enlarged >= 0:
            return self._enlarged if self._tile_rect(self._enlarged).contains(x, y) else -1
        height, width = (self._step.length(side) for side in self._values.shape[2:])
        column = (x - self._margin() + self.horizontalScrollBar().value()) // (width + self._gap())
        row = (y - self._margin() + self.verticalScrollBar().value()) // (height + self._gap())
        position = row * self._columns + column
        if not (0 <= column < self._columns and row >= 0 and position < self.count):
            return -1
        channel = int(self._order[position])
        return channel if self._tile_rect(channel).contains(x, y) else -1

    # pictures

    def _draw_mosaic(self) -> None:
        self._images.clear()
        self._mosaic = None
        if not len(self._values):
            return
        values, shading = self._values, self._shading
        # nearly square: a single row or column of 2,048 maps can exceed what an image may measure
        columns = int(np.ceil(np.sqrt(len(values))))
        if values.shape[1] == 3:
            self._mosaic = colour_mosaic(values, shading, columns=columns, gap=0)
        else:
            self._mosaic = mosaic(values[:, 0], shading, columns=columns, gap=0)

    def _colour(self) -> None:
        table = self._colour_table()
        for image in self._images.values():
            if image.format() == QImage.Format.Format_Indexed8:
                image.setColorTable(table)
        self.viewport().update()

    def _colour_table(self) -> list[int]:
        return indexed_colours(self.colour_map, self.palette().color(QPalette.ColorRole.Base))

    def _image(self, down: int) -> QImage:
        """The mosaic without gaps, each tile reduced by `down`."""
        if down not in self._images:
            assert self._mosaic is not None
            pixels = self._mosaic.pixels
            if down > 1:
                height, width = self._values.shape[2:]
                broken = bool(self._mosaic.not_finite)
                pixels = _reduced(pixels, height, width, down, broken=broken)
            self._images[down] = self._to_image(pixels)
        return self._images[down]

    def _to_image(self, pixels: npt.NDArray[np.uint8]) -> QImage:
        pixels = np.ascontiguousarray(pixels)
        height, width = pixels.shape[:2]
        if pixels.ndim == 3:
            colour = QImage.Format.Format_RGB888
            image = QImage(pixels.data, width, height, 3 * width, colour)
            return image.convertToFormat(QImage.Format.Format_RGB32)
        image = QImage(pixels.data, width, height, width, QImage.Format.Format_Indexed8).copy()
        image.setColorTable(self._colour_table())
        return image

    def _source_rects(self, channels: Sequence[int], down: int) -> list[QRect]:
        """Where maps stand in the mosaic whose tiles are reduced by `down`."""
        assert self._mosaic is not None
        height, width = (-(-side // down) for side in self._values.shape[2:])
        columns = self._mosaic.grid.columns
        return [
            QRect(at % columns * width, at // columns * height, width, height) for at in channels
        ]

    def map_image(self, channel: int) -> QImage:
        """One map as a picture, at the size it is drawn with but never reduced."""
        image = self.small_image(channel)
        return image.scaled(
            image.width() * self._step.up,
            image.height() * self._step.up,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.FastTransformation,
        )

    @property
    def values(self) -> FloatArray:
        """The values of all maps (C, H, W); of colour kernels (N, 3, H, W)."""
        return self._values if self._values.shape[1] == 3 else self._values[:, 0]

    def values_of(self, channel: int) -> FloatArray:
        """The values of one map (H, W); of a colour kernel (3, H, W)."""
        values: FloatArray = self.values[channel]
        return values

    def small_image(self, channel: int) -> QImage:
        """One map as a picture, a pixel a value."""
        image = self._image(1).copy(self._source_rects([channel], 1)[0])
        return image.convertToFormat(QImage.Format.Format_RGB32)

    def mosaic_image(self) -> QImage:
        """The maps shown in one picture, in their colours: a pixel a value, a pixel between."""
        assert self._mosaic is not None
        pixels = rearranged(self._mosaic, self._order, columns=self._columns)
        return self._to_image(pixels).convertToFormat(QImage.Format.Format_RGB32)

    # gestures

    def select(self, channel: int) -> None:
        """Select a map and bring it into sight; -1 selects none."""
        if channel != -1 and not self.is_shown(channel):
            return
        self._select(channel)
        if channel < 0:
            return
        if self._enlarged >= 0:
            self._enlarged = channel
            self.map_enlarged.emit(channel)
            self.viewport().update()
            return
        box, bar = self._tile_rect(channel), self.verticalScrollBar()
        bottom = round(self.viewport().height() * self._ratio())
        if box.top() < self._gap():
            bar.setValue(bar.value() + box.top() - self._margin())
        elif box.top() + box.height() > bottom - self._gap():
            bar.setValue(bar.value() + box.top() + box.height() - bottom + self._margin())

    def _select(self, channel: int) -> None:
        if channel == self._selected:
            return
        self._selected = channel
        self._describe_selection()
        self.map_selected.emit(channel)
        self.viewport().update()

    def _describe_selection(self) -> None:
        text = ""
        if self._selected >= 0:
            number = self.number_of(self._selected)
            text = self.tr("Map {number} is selected.").format(number=number)
        self.setAccessibleDescription(text)

    def enlarge(self, channel: int) -> None:
        """Show one map alone, as large as the view allows; -1 shows all again."""
        if channel == self._enlarged or (channel != -1 and not self.is_shown(channel)):
            return
        back = channel < 0
        was = self._enlarged
        self._enlarged = channel
        self._hovered = -1
        self._arrange()
        self.select(was if back else channel)
        self.map_enlarged.emit(channel)

    def step(self, steps: int) -> None:
        """Select the map so many places further on in the order, if there is one."""
        at = int(self._position[self._selected]) if self._selected >= 0 else -1
        moved = 0 if at < 0 else at + steps
        if 0 <= moved < self.count:
            self.select(int(self._order[moved]))

    def copy(self) -> None:
        """Put the selected map, or with none selected all of them, on the clipboard."""
        self._sharing.copy()

    def context_menu(self) -> QMenu:
        """The menu for the selected map and for all of them. The caller deletes it."""
        return self._sharing.menu()

    def save(self, path: Path, channel: int | None) -> None:
        """Have a map, or with None all of them, saved: as a figure with a colour bar (``.png``,
        ``.svg``) or as float32 values (``.npy``), of all channels in their own order. Emits
        `save_asked`."""
        self.save_asked.emit(self._sharing.file(path, channel))

    def set_file_name(self, name: str, title: str = "", *, of: str = "channel") -> None:
        """The name, without ending, that is proposed when something is saved; what stands above a
        figure, and what maps are called there."""
        self._sharing.file_name, self._sharing.title, self._sharing.of = name, title or name, of

    def drag_data(self) -> QMimeData:
        """What a drag of the selected map carries: its picture, and a PNG file of it, which lasts
        as long as this view."""
        return self._sharing.drag_data()

    def _default_description(self, point: MapPoint) -> str:
        return self.tr("channel {channel}, row {y}, column {x}: {value}").format(
            channel=self.number_of(point.channel),
            x=point.x,
            y=point.y,
            value=", ".join(number_text(value) for value in point.values),
        )

    def _hover(self, place: QPointF | None) -> None:
        self._pointer = place
        point = self.point_at(place) if place is not None else None
        channel = -1 if point is None else point.channel
        if channel != self._hovered:
            self._hovered = channel
            self.viewport().update()
        self.point_hovered.emit(point)

    # painting

    def _paint_tiles(self, painter: QPainter) -> None:
        image = self._image(self._step.down)
        painter.setOpacity(_DIMMED if self._dimmed else 1.0)
        smooth = self._smooth and self._step.up > 1
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        channels = self._visible()
        sources = self._source_rects(channels, self._step.down)
        for tile, source in zip(self._tile_rects(channels), sources, strict=True):
            painter.drawImage(tile, image, source)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.setOpacity(1.0)

    def _paint_marks(self, painter: QPainter) -> None:
        """A frame around the marked places of every map."""
        assert self._marked is not None
        rows, columns = self._marked
        up, down = self._step.up, self._step.down
        left, top = columns.start * up // down, rows.start * up // down
        right, bottom = -(-columns.stop * up // down), -(-rows.stop * up // down)
        place = QRect(left, top, right - left, bottom - top)
        boxes = [
            QRectF(place.translated(tile.topLeft()).intersected(tile))
            for tile in self._tile_rects(self._visible())
        ]
        paint_thin_boxes(painter, boxes, max(1, round(self._ratio())), theme.UNIT_MARK)

    def _paint_outline(self, painter: QPainter, channel: int, colour: QColor, width: int) -> None:
        box = QRectF(self._tile_rect(channel))
        half = width / 2
        painter.setPen(QPen(colour, width, j=Qt.PenJoinStyle.MiterJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(-half, -half, half, half))

    def _paint_number(self, painter: QPainter, channel: int) -> None:
        """The map's number in the corner of its tile, legible on any map."""
        ratio = self._ratio()
        font = theme.text_font(theme.SMALL)
        font.setPixelSize(round(theme.SMALL * ratio))
        metrics = QFontMetricsF(font)
        text = str(self.number_of(channel))
        width = metrics.horizontalAdvance(text) + 8 * ratio
        height = metrics.height() + 2 * ratio
        box = self._tile_rect(channel)
        limit = self.viewport().width() * ratio - width
        pill = QRectF(max(0.0, min(float(box.x()), limit)), max(0.0, float(box.y())), width, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRoundedRect(pill, 3 * ratio, 3 * ratio)
        painter.setPen(QColor("#ffffff"))
        painter.setFont(font)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # Qt

    def sizeHint(self) -> QSize:
        return QSize(640, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self.count:
            return
        ratio = self._ratio()
        painter = QPainter(self.viewport())
        painter.setClipRect(event.rect())
        painter.scale(1 / ratio, 1 / ratio)
        self._paint_tiles(painter)
        if self._marked is not None:
            self._paint_marks(painter)
        if self._selected >= 0 and self._enlarged < 0:
            accent = QColor(theme.ground(self).selection)
            self._paint_outline(painter, self._selected, accent, round(2 * ratio))
        if self._hovered >= 0:
            if self._hovered != self._selected and self._enlarged < 0:
                self._paint_outline(
                    painter, self._hovered, theme.quiet_colour(self), round(1 * ratio)
                )
            self._paint_number(painter, self._hovered)
        elif self._selected >= 0:
            self._paint_number(painter, self._selected)
        if self.hasFocus() and self._selected < 0 and self._enlarged < 0:
            paint_focus(painter, self.viewport())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._arrange()
        return super().event(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            point = self.point_at(event.pos())
            if point is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._describe(point), self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        return super().viewportEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(event.position())
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            away = (event.position().toPoint() - self._pressed).manhattanLength()
            if away >= QApplication.startDragDistance():
                self._pressed = None
                self._sharing.drag_out()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = self.point_at(event.position())
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self.select(-1 if point is None else point.channel)
        left = event.button() == Qt.MouseButton.LeftButton and point is not None
        self._pressed = event.position().toPoint() if left else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = self.point_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton:
            self.enlarge(-1 if point is None or self._enlarged >= 0 else point.channel)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if turned:
                self.zoom(1 if turned > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)
            self._hover(event.position())

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.count:
            return
        menu = self.context_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        page = max(1, self.viewport().height() // max(1, round(self.tile_size + _GAP)))
        across = 1 if self._enlarged >= 0 else self._columns
        moves = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -across,
            Qt.Key.Key_Down: across,
            Qt.Key.Key_PageUp: -across * page,
            Qt.Key.Key_PageDown: across * page,
        }
        if not self.count:
            super().keyPressEvent(event)
        elif key in moves:
            self.step(moves[key])  # the first arrow key selects the first map
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.select(int(self._order[0 if key == Qt.Key.Key_Home else -1]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected >= 0:
            self.enlarge(-1 if self._enlarged >= 0 else self._selected)
        elif key == Qt.Key.Key_Escape and self._enlarged >= 0:
            self.enlarge(-1)
        elif key == Qt.Key.Key_Escape and self._selected >= 0:
            self.select(-1)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1)
        elif key == Qt.Key.Key_Minus:
            self.zoom(-1)
        elif key == Qt.Key.Key_0 and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_tile_size(None)
        else:
            super().keyPressEvent(event)


def _reduced(
    pixels: npt.NDArray[np.uint8], height: int, width: int, down: int, *, broken: bool = True
) -> npt.NDArray[np.uint8]:
    """A mosaic without gaps whose tiles (height, width) are reduced: the mean over each block of
    `down` x `down`. The last blocks of a tile repeat its edge where the tile does not divide.
    `broken` says that there may be values that are not finite."""
    deeper = pixels.shape[2:]
    rows, columns = pixels.shape[0] // height, pixels.shape[1] // width
    tiles = pixels.reshape(rows, height, columns, width, *deeper)
    y = np.minimum(np.arange(-(-height // down) * down), height - 1)
    x = np.minimum(np.arange(-(-width // down) * down), width - 1)

    # sums of so many codes fit into half the memory, up to 16 x 16 of them
    wide: type[np.unsignedinteger[Any]] = np.uint16 if down <= 16 else np.uint32
    whole = not height % down and not width % down

    def summed(tiles: npt.NDArray[Any]) -> npt.NDArray[np.unsignedinteger[Any]]:
        # whole lines first, which lie in a row in memory, and then what is left across
        lines = np.zeros((rows, len(y) // down, columns, width, *deeper), wide)
        for i in range(down):
            lines += tiles[:, i::down] if whole else tiles[:, y[i::down]]
        sums = np.zeros((rows, len(y) // down, columns, len(x) // down, *deeper), wide)
        for j in range(down):
            sums += lines[:, :, :, j::down] if whole else lines[:, :, :, x[j::down]]
        return sums

    mean: npt.NDArray[np.uint8] = (
        (summed(tiles) + wide(down * down // 2)) // wide(down * down)
    ).astype(np.uint8)
    if broken and not deeper:  # a value that is not finite is seen however small its map is drawn
        for code in (INFINITE, NOT_A_NUMBER):
            found = tiles == code
            if found.any():
                mean[summed(found) > 0] = code
    small_height, small_width = len(y) // down, len(x) // down
    return mean.reshape(rows * small_height, columns * small_width, *deeper)
