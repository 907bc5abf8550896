"""From a unit of a map to the picture and back, in the real window."""

import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from cnn_explorer.graph.receptive import receptive_fields
from cnn_explorer.gui.state.picture_link import Units
from cnn_explorer.gui.widgets.maps_view import MapPoint
from cnn_explorer.media.picture import Picture
from tests.journeys.conftest import Stage


def written() -> Picture:
    """An L on white paper, 360 x 240."""
    pixels = np.full((240, 360, 3), 255, np.uint8)
    pixels[40:200, 150:170] = 0
    pixels[180:200, 150:246] = 0
    return Picture(pixels, "L.png")


def test_units_and_places_point_at_each_other(stage: Stage) -> None:
    panels, explorer, qtbot = stage.window.panels, stage.explorer, stage.qtbot
    maps, view = panels.activations_panel.maps, panels.input_panel.picture_view
    marked: list[Units | None] = []
    panels.picture_link.units_marked.connect(marked.append)
    explorer.show_picture(written())
    explorer.select_layer("features.conv2")
    stage.settle()
    assert explorer.network is not None
    field = receptive_fields(explorer.network.graph)["features.conv2"]
    assert field is not None
    assert (field.height.size, field.height.stride) == (14, 2)

    # the pointer over a map frames what its unit sees
    hovered: list[MapPoint | None] = []
    maps.point_hovered.connect(hovered.append)
    qtbot.mouseMove(maps.viewport(), maps.tile_rect(0).center().toPoint())
    point = hovered[-1]
    assert point is not None
    seen = panels.picture_link.field_of(point.y, point.x)
    assert seen is not None
    assert view.field == seen
    # 160 x 96 pixels of strokes became 20 x 12: 14 of the input are 112 of the picture
    assert (seen[2], seen[3]) == (112.0, 112.0)

    # a place in the middle of that is seen by this unit and others
    x, y = seen[0] + seen[2] / 2, seen[1] + seen[3] / 2
    view.mark_place((x, y))
    units = marked[-1]
    assert units is not None
    assert point.y in units.rows
    assert point.x in units.columns

    # the pointer leaves, and the frame goes; another layer, and the units are its own
    QApplication.sendEvent(maps.viewport(), QEvent(QEvent.Type.Leave))
    assert view.field is None
    explorer.select_layer("features.conv1")
    assert marked[-1] is None
    stage.settle()
    closer = marked[-1]
    assert closer is not None
    assert len(closer.rows) == 5
    assert maps.marked == (closer.rows, closer.columns)

    # another picture has no mark
    explorer.show_picture(written())
    assert view.place is None
    stage.settle()
    assert marked[-1] is None
