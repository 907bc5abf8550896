"""The layer on show and the picture, joined: what a unit sees, and which units see a place.

`LayerOnPicture` answers for one layer and one picture. `PictureLink` follows the state and keeps
the two ways on show: the field of the unit pointed at, and the units that see the place marked.
"""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.receptive import ReceptiveField
from cnn_explorer.graph.unit_field import (
    FieldBox,
    MapExtent,
    Sides,
    is_placed,
    map_extent,
    unit_box,
    units_seeing,
)
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.shown import ActivationsShown, AnswersShown, NetworkShown
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.results import PreparedInput

Place = tuple[float, float]
"""x and y in pixels of the picture, from the outer corner of the first one."""
Region = tuple[float, float, float, float]
"""x, y, width, height in pixels of the picture."""


@dataclass(frozen=True)
class Units:
    """Units of a layer's maps: all in these rows and columns."""

    rows: range
    columns: range


@dataclass(frozen=True, eq=False)
class LayerOnPicture:
    """A layer whose maps have places, on a picture as its network sees it."""

    prepared: PreparedInput
    map_sides: Sides
    """Rows and columns of each of its maps."""
    field: ReceptiveField | None
    """None where nobody knows what its units see; `reason` says why."""
    reason: str = ""

    @property
    def input_sides(self) -> Sides:
        """Height and width of what the network sees."""
        height, width = self.prepared.tensor.shape[1:]
        return height, width

    def box(self, row: int, column: int) -> FieldBox | None:
        """What a unit sees, in pixels of the network's input; None where that is not known."""
        if self.field is None:
            return None
        return unit_box(self.field, row, column, self.input_sides)

    def field_of(self, row: int, column: int) -> Region | None:
        """What a unit sees, in pixels of the picture; None where that is not known or is padding
        alone. It can reach beyond the picture, into what the network's input is padded with."""
        box = self.box(row, column)
        if box is None or box.empty:
            return None
        placement = self.prepared.placement
        left, top = placement.to_picture(box.left, box.top)
        right, bottom = placement.to_picture(box.right, box.bottom)
        return left, top, right - left, bottom - top

    def units_at(self, x: float, y: float) -> Units | None:
        """The units that see a place of the picture; None where that is not known. Of a place
        that the network does not see it is none at all."""
        return self.units_seeing(*self.prepared.placement.to_input(x, y))

    def units_seeing(self, x: float, y: float) -> Units | None:
        """The units that see a place of the network's input."""
        if self.field is None:
            return None
        height, width = self.input_sides
        if not (0 <= x < width and 0 <= y < height):
            return Units(range(0), range(0))
        return Units(*units_seeing(self.field, int(y), int(x), self.map_sides))

    def lies_as(self, other: "LayerOnPicture") -> bool:
        """Whether each unit sees the same place of the picture as in another one."""
        return (self.map_sides, self.field, self.input_sides, self.prepared.placement) == (
            other.map_sides, other.field, other.input_sides, other.prepared.placement
        )  # fmt: skip

    def extent(self) -> MapExtent | None:
        """Where the maps lie over the network's input."""
        return None if self.field is None else map_extent(self.field, self.map_sides)


class PictureLink(QObject):
    """Follows network, picture and layer of the state, and what is pointed at in both."""

    layer_placed = Signal(object)
    """The `LayerOnPicture` on show, or None: there is no picture, or no maps are shown."""
    field_shown = Signal(object)
    """The `Region` that the unit pointed at sees, or None."""
    units_marked = Signal(object)
    """The `Units` that see the place marked, or None: no place is, or nobody knows."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._graph: LayerGraph | None = None
        self._picture: Picture | None = None
        self._prepared: PreparedInput | None = None
        self._layer: LayerOnPicture | None = None
        self._outdated = False  # the layer is still that of the picture before
        self._place: Place | None = None
        explorer.network_shown.connect(self._on_network_shown)
        explorer.picture_shown.connect(self._on_picture_shown)
        explorer.picture_cleared.connect(self._forget)
        explorer.run_stopped.connect(self._forget)
        explorer.answers_shown.connect(self._on_answers_shown)
        explorer.activations_shown.connect(self._on_activations_shown)
        explorer.layer_selected.connect(self._on_layer_selected)

    @property
    def layer(self) -> LayerOnPicture | None:
        """The layer on show, with the picture that its maps are of."""
        return self._layer

    def field_of(self, row: int, column: int) -> Region | None:
        """What a unit of the layer on show sees of the picture; None where that is not known."""
        layer = self._current()
        return None if layer is None else layer.field_of(row, column)

    def units_at(self, x: float, y: float) -> Units | None:
        """The units of the layer on show that see a place of the picture, or None."""
        layer = self._current()
        return None if layer is None else layer.units_at(x, y)

    @Slot(object)
    def point_at_unit(self, unit: tuple[int, int] | None) -> None:
        """A person points at the unit in a row and column, or at none any more."""
        self.field_shown.emit(None if unit is None else self.field_of(*unit))

    @Slot(object)
    def mark_place(self, place: Place | None) -> None:
        """Mark a place of the picture, or none."""
        self._place = place
        self._mark()

    def _current(self) -> LayerOnPicture | None:
        return None if self._outdated else self._layer

    def _mark(self) -> None:
        place = self._place
        self.units_marked.emit(None if place is None else self.units_at(*place))

    def _show(self, layer: LayerOnPicture | None) -> None:
        before = self._current()
        stays = before is not None and layer is not None and layer.lies_as(before)
        self._layer = layer
        self._outdated = False
        if not stays:
            self.field_shown.emit(None)
        self.layer_placed.emit(layer)
        if not stays:
            self._mark()

    def _placed(self, prepared: PreparedInput, name: str, sides: Sides) -> LayerOnPicture:
        field = None if self._graph is None else self._graph.receptive_fields.get(name)
        if field is not None and is_placed(field, sides):
            return LayerOnPicture(prepared, sides, field)
        reason = self.tr(
            "What the units of {layer} see of the picture is not known: before it values change "
            "places in a way that no setting tells."
        )
        return LayerOnPicture(prepared, sides, None, reason.format(layer=name))

    @Slot(object)
    def _on_network_shown(self, shown: NetworkShown) -> None:
        self._graph = shown.graph
        self._forget()

    @Slot(object)
    def _on_picture_shown(self, picture: Picture) -> None:
        before, self._picture = self._picture, picture
        same_size = before is not None and before.rgb.shape == picture.rgb.shape
        if same_size and self._explorer.picture_is_live:
            return  # the next frame of a film: its units see the same places
        # the maps stay until those of the new picture are there, and belong to the old one
        self._outdated = True
        self.field_shown.emit(None)
        self._mark()

    @Slot()
    def _forget(self) -> None:
        self._prepared = None
        self._show(None)

    @Slot(object)
    def _on_answers_shown(self, answers: AnswersShown) -> None:
        self._prepared = answers.prepared  # the maps of the same run follow

    @Slot(str)
    def _on_layer_selected(self, name: str) -> None:  # noqa: ARG002 - its maps say what they are
        self._show(None)

    @Slot(object)
    def _on_activations_shown(self, shown: ActivationsShown) -> None:
        if self._prepared is None or shown.maps.ndim != 3:
            self._show(None)
            return
        rows, columns = shown.maps.shape[1:]
        self._show(self._placed(self._prepared, shown.layer, (rows, columns)))
