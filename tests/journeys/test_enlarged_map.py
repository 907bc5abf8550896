"""One map large, in the real window: there and back, and what follows it."""

from PySide6.QtCore import Qt

from cnn_explorer.media.picture import Picture
from tests.journeys.conftest import Stage
from tests.journeys.test_picture_link import written

KEY = Qt.Key


def other() -> Picture:
    shown = written()
    return Picture(shown.rgb[:, ::-1], "mirrored.png")


def test_one_map_large_with_the_picture(stage: Stage) -> None:
    panels, explorer, qtbot = stage.window.panels, stage.explorer, stage.qtbot
    panel = panels.activations_panel
    maps, enlarged, view = panel.maps, panel.enlarged, panels.input_panel.picture_view
    explorer.show_picture(written())
    explorer.select_layer("features.conv2")
    stage.settle()
    place = maps.tile_rect(3).center().toPoint()
    qtbot.mouseClick(maps.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(maps.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert maps.enlarged == 3
    qtbot.waitUntil(enlarged.canvas.hasFocus)
    assert enlarged.title.text() == "channel 3"

    # by keys to the next channel, and to a unit, whose field is framed on the picture
    qtbot.keyClick(enlarged.canvas, KEY.Key_Right)
    assert enlarged.title.text() == "channel 4"
    enlarged.set_mode("blended")
    assert enlarged.mode_shown() == "blended"
    qtbot.keyClick(enlarged.canvas, KEY.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert view.field == panels.picture_link.field_of(5, 5)
    assert view.field is not None

    # a place clicked on in it is marked on the input picture, and its units in every map
    pane = enlarged.canvas.panes()[0]
    middle = pane.to_canvas(pane.picture).center().toPoint()
    qtbot.mouseClick(enlarged.canvas, Qt.MouseButton.LeftButton, pos=middle)
    assert view.place is not None

    # another picture in the same layer, and it stays
    explorer.show_picture(other())
    stage.settle()
    assert view.place is None
    assert maps.enlarged == 4
    assert enlarged.isVisible()
    assert enlarged.mode_shown() == "blended"

    qtbot.keyClick(enlarged.canvas, KEY.Key_Escape)
    assert maps.enlarged == -1
    assert maps.isVisible()
    assert maps.hasFocus()
    maps.enlarge(2)
    explorer.select_layer("features.conv1")
    stage.settle()
    assert maps.isVisible()
