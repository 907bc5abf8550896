"""Another part of the picture, chosen by hand, in the real window."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.paths import resource
from cnn_explorer.probe.framing import AS_TRAINED
from tests.journeys.conftest import Stage

LEFT = Qt.MouseButton.LeftButton


def cup_and_cat() -> Picture:
    """Grey, with a cup of coffee on the left and a cat on the right, 300 pixels each."""
    pixels = np.full((300, 1000, 3), 110, np.uint8)
    for left, name in ((0, "coffee"), (700, "cat")):
        photo = decode_file(resource("samples", f"photo-{name}.jpg")).rgb
        side = min(photo.shape[:2])
        top, start = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
        step = np.linspace(0, side - 1, 300).astype(int)
        square = photo[top : top + side, start : start + side]
        pixels[:, left : left + 300] = square[step][:, step]
    return Picture(pixels, "cup and cat")


def test_the_frame_is_drawn_onto_another_thing_and_back(stage: Stage) -> None:
    panels, explorer, qtbot = stage.window.panels, stage.explorer, stage.qtbot
    panel = panels.input_panel
    view, bar = panel.picture_view, panel.framing_bar
    explorer.choose_network("resnet20", layer="conv1")
    stage.network_open("resnet20")
    explorer.show_picture(cup_and_cat())
    stage.settle()
    plain = explorer.answers
    assert plain is not None
    assert view.frame == pytest.approx((350, 0, 300, 300), abs=2)
    assert not bar.warning.isVisible()

    def on_view(x: float, y: float) -> QPoint:
        area = view.picture_rect()
        place = QPointF(x * area.width() / 1000, y * area.height() / 300)
        return (area.topLeft() + place).toPoint()

    def carry(by: int) -> str:
        """Drag the frame by Ctrl from within; what is the answer then?"""
        assert view.frame is not None
        x, y, width, height = view.frame
        start = on_view(x + width / 2, y + height / 2)
        end = on_view(x + width / 2 + by, y + height / 2)
        qtbot.mousePress(view, LEFT, Qt.KeyboardModifier.ControlModifier, start)
        qtbot.mouseMove(view, (start + end) / 2)
        qtbot.mouseMove(view, end)
        qtbot.mouseRelease(view, LEFT, Qt.KeyboardModifier.ControlModifier, end)
        stage.settle()
        assert explorer.answers is not None
        assert view.frame == explorer.answers.prepared.crop
        return explorer.answers.classes[0].name

    assert carry(600) == "cat"
    assert view.frame == (700, 0, 300, 300), "it stops at the edge"
    assert bar.warning.isVisible()
    assert panels.answers_panel.times_text().startswith("own crop")
    assert "Own crop: these weights expect the centre crop." in panels.answers_panel.text()
    assert carry(-900) == "automobile"
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    stage.settle()
    assert explorer.answers is not None
    assert explorer.answers.classes[0].name == "cat"

    qtbot.mouseClick(bar.reset_button, LEFT)
    stage.settle()
    again = explorer.answers
    assert explorer.framing == AS_TRAINED
    assert again is not plain
    assert again.classes == plain.classes
    np.testing.assert_array_equal(again.prepared.tensor, plain.prepared.tensor)
    assert not bar.warning.isVisible()
    assert not bar.reset_button.isVisible()
