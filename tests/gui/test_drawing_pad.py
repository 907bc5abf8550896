"""Writing digits: what is drawn comes out as a picture, dark on white."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QMouseEvent, QPointingDevice, QTabletEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets.drawing_pad import SIDE, DrawingPad
from cnn_explorer.media.picture import Picture

pytestmark = pytest.mark.usefixtures("themed")
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def pad(qtbot: QtBot) -> DrawingPad:
    made = DrawingPad()
    qtbot.addWidget(made)
    made.resize(300, 340)
    made.show()
    qtbot.waitExposed(made)
    made.grab()
    return made


def at(pad: DrawingPad, x: float, y: float) -> QPoint:
    """A place on the paper, given in shares of its side."""
    area = pad.paper.area()
    return (area.topLeft() + QPointF(x, y) * area.width()).toPoint()


def stroke(
    qtbot: QtBot,
    pad: DrawingPad,
    *places: tuple[float, float],
    button: Qt.MouseButton = LEFT,
) -> None:
    qtbot.mousePress(pad.paper, button, pos=at(pad, *places[0]))
    for place in places[1:]:
        event_pos = at(pad, *place)
        QApplication.sendEvent(pad.paper, _move(pad, event_pos, button))
    qtbot.mouseRelease(pad.paper, button, pos=at(pad, *places[-1]))


def _move(pad: DrawingPad, position: QPoint, button: Qt.MouseButton) -> QEvent:
    everywhere = QPointF(pad.paper.mapToGlobal(position))
    none = Qt.KeyboardModifier.NoModifier
    move = QEvent.Type.MouseMove
    return QMouseEvent(move, QPointF(position), everywhere, Qt.MouseButton.NoButton, button, none)


def dark(picture: Picture | None) -> np.ndarray:
    assert picture is not None
    return picture.rgb[..., 0] < 128


def test_a_stroke_is_a_picture_dark_on_white(qtbot: QtBot, pad: DrawingPad) -> None:
    with qtbot.waitSignal(pad.drawing_changed) as drawn:
        stroke(qtbot, pad, (0.5, 0.2), (0.5, 0.5), (0.5, 0.8))
    assert drawn.args is not None
    picture = drawn.args[0]
    assert isinstance(picture, Picture)
    assert picture.rgb.shape == (SIDE, SIDE, 3)
    assert picture.rgb.dtype == np.uint8
    assert picture.name == "Drawing"
    assert pad.made(picture)
    assert picture.rgb.min() == 0
    assert picture.rgb[0, 0].tolist() == [255, 255, 255]
    rows, columns = np.nonzero(dark(picture))
    # a line of the pen's width down the middle, with round ends
    assert abs(columns.mean() - SIDE / 2) < 2
    assert 20 <= np.count_nonzero(dark(picture)[SIDE // 2]) <= 24
    assert rows.min() == pytest.approx(0.2 * SIDE - 11, abs=3)
    assert rows.max() == pytest.approx(0.8 * SIDE + 11, abs=3)


def test_the_picture_is_told_while_drawing_and_at_once_at_the_end(
    qtbot: QtBot, pad: DrawingPad
) -> None:
    told: list[Picture] = []
    pad.drawing_changed.connect(told.append)
    qtbot.mousePress(pad.paper, LEFT, pos=at(pad, 0.3, 0.3))
    for step in range(20):
        QApplication.sendEvent(pad.paper, _move(pad, at(pad, 0.3 + step / 50, 0.4), LEFT))
    assert told == []  # not one for each move
    qtbot.waitUntil(lambda: bool(told))
    while_drawing = len(told)
    assert while_drawing == 1
    QApplication.sendEvent(pad.paper, _move(pad, at(pad, 0.5, 0.6), LEFT))
    qtbot.mouseRelease(pad.paper, LEFT, pos=at(pad, 0.5, 0.6))
    assert len(told) == while_drawing + 1
    assert not pad._timer.isActive()


def test_a_click_is_a_dot(qtbot: QtBot, pad: DrawingPad) -> None:
    qtbot.mouseClick(pad.paper, LEFT, pos=at(pad, 0.25, 0.25))
    area = np.count_nonzero(dark(pad.picture()))
    assert area == pytest.approx(np.pi * 11**2, rel=0.05)


def test_a_stroke_may_begin_beside_the_paper(qtbot: QtBot, pad: DrawingPad) -> None:
    pad.resize(460, 300)
    pad.grab()
    centre = pad.rect().center()
    qtbot.mousePress(pad, LEFT, pos=QPoint(2, centre.y()))
    qtbot.mouseMove(pad, centre)
    qtbot.mouseRelease(pad, LEFT, pos=centre)
    columns = np.nonzero(dark(pad.picture()))[1]
    assert columns.min() == 0
    assert columns.max() == pytest.approx(SIDE / 2 + 11, abs=4)


def test_undo_redo_and_clear(qtbot: QtBot, pad: DrawingPad) -> None:
    assert not pad.undo_button.isEnabled()
    assert pad.picture() is None
    stroke(qtbot, pad, (0.2, 0.2), (0.8, 0.2))
    one = dark(pad.picture())
    stroke(qtbot, pad, (0.2, 0.7), (0.8, 0.7))
    two = dark(pad.picture())
    assert np.count_nonzero(two) > np.count_nonzero(one)
    qtbot.keyClick(pad.paper, Qt.Key.Key_Z, CONTROL)
    np.testing.assert_array_equal(dark(pad.picture()), one)
    qtbot.keyClick(pad.paper, Qt.Key.Key_Z, CONTROL | SHIFT)
    np.testing.assert_array_equal(dark(pad.picture()), two)
    qtbot.mouseClick(pad.undo_button, LEFT)
    qtbot.keyClick(pad.paper, Qt.Key.Key_Y, CONTROL)
    np.testing.assert_array_equal(dark(pad.picture()), two)
    with qtbot.waitSignal(pad.cleared):
        qtbot.keyClick(pad.paper, Qt.Key.Key_Delete)
    assert pad.picture() is None
    assert not pad.clear_button.isEnabled()
    with qtbot.waitSignal(pad.drawing_changed):  # a clearing is taken back like a stroke
        pad.undo()
    np.testing.assert_array_equal(dark(pad.picture()), two)
    pad.undo()
    with qtbot.waitSignal(pad.cleared):
        pad.undo()
    stroke(qtbot, pad, (0.5, 0.5), (0.6, 0.6))
    assert not pad.redo_button.isEnabled()


def test_drawing_in_pieces_and_drawing_again_are_the_same(qtbot: QtBot, pad: DrawingPad) -> None:
    stroke(qtbot, pad, (0.3, 0.2), (0.6, 0.25), (0.7, 0.5), (0.4, 0.6), (0.3, 0.8))
    piecewise = pad.picture()
    assert piecewise is not None
    pad.clear()
    pad.undo()
    again = pad.picture()
    assert again is not None
    np.testing.assert_array_equal(piecewise.rgb, again.rgb)


@pytest.mark.parametrize("way", ["button", "right", "key"])
def test_the_eraser_takes_ink_away(qtbot: QtBot, pad: DrawingPad, way: str) -> None:
    stroke(qtbot, pad, (0.5, 0.2), (0.5, 0.8))
    before = np.count_nonzero(dark(pad.picture()))
    if way == "button":
        qtbot.mouseClick(pad.eraser_button, LEFT)
    elif way == "key":
        qtbot.keyClick(pad.paper, Qt.Key.Key_E)
    stroke(qtbot, pad, (0.4, 0.5), (0.6, 0.5), button=RIGHT if way == "right" else LEFT)
    assert np.count_nonzero(dark(pad.picture())) < before - 500


def test_erasing_everything_is_an_empty_paper(qtbot: QtBot, pad: DrawingPad) -> None:
    qtbot.mouseClick(pad.paper, LEFT, pos=at(pad, 0.5, 0.5))
    with qtbot.waitSignal(pad.cleared), qtbot.assertNotEmitted(pad.drawing_changed):
        qtbot.mouseClick(pad.paper, RIGHT, pos=at(pad, 0.5, 0.5))
    assert pad.picture() is None


def test_erasing_an_empty_paper_tells_nothing(qtbot: QtBot, pad: DrawingPad) -> None:
    with qtbot.assertNotEmitted(pad.cleared), qtbot.assertNotEmitted(pad.drawing_changed):
        qtbot.mouseClick(pad.paper, RIGHT, pos=at(pad, 0.5, 0.5))


def test_by_keyboard_alone(qtbot: QtBot, pad: DrawingPad) -> None:
    paper = pad.paper
    key = Qt.Key
    for _ in range(3):  # the pen is up
        qtbot.keyClick(paper, key.Key_Left)
    assert pad.picture() is None
    qtbot.keyClick(paper, key.Key_Space)
    for _ in range(8):
        qtbot.keyClick(paper, key.Key_Down)
    qtbot.keyClick(paper, key.Key_Space)
    rows, columns = np.nonzero(dark(pad.picture()))
    assert columns.mean() == pytest.approx(SIDE / 2 - 30, abs=2)
    assert rows.max() - rows.min() == pytest.approx(80 + 22, abs=3)
    before = dark(pad.picture())
    qtbot.keyClick(paper, key.Key_Right)  # lifted: it moves and leaves no line
    np.testing.assert_array_equal(dark(pad.picture()), before)
    assert not pad.grab().isNull()


def test_arrows_held_together_go_aslant_and_stay_on_the_paper(
    qtbot: QtBot, pad: DrawingPad
) -> None:
    paper = pad.paper
    start = QPointF(paper._cursor)
    qtbot.keyPress(paper, Qt.Key.Key_Right)
    qtbot.keyPress(paper, Qt.Key.Key_Down, SHIFT)
    moved = paper._cursor - start
    assert (moved.x(), moved.y()) == (12.0, 2.0)
    qtbot.keyRelease(paper, Qt.Key.Key_Right)
    qtbot.keyRelease(paper, Qt.Key.Key_Down)
    for _ in range(60):
        qtbot.keyClick(paper, Qt.Key.Key_Up)
    assert paper._cursor.y() == 0


def test_losing_the_focus_lifts_the_pen(qtbot: QtBot, pad: DrawingPad) -> None:
    qtbot.keyClick(pad.paper, Qt.Key.Key_Space)
    pad.paper.setEnabled(False)
    assert len(pad.paper.strokes()) == 1


def tablet(
    pad: DrawingPad, kind: QEvent.Type, place: tuple[float, float], pressure: float, end: str
) -> None:
    types = QPointingDevice.PointerType
    pointer = types.Eraser if end == "eraser" else types.Pen
    device = QPointingDevice(
        "pen", 1, QInputDevice.DeviceType.Stylus, pointer,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure, 1, 1,
    )  # fmt: skip
    position = QPointF(at(pad, *place))
    none = Qt.KeyboardModifier.NoModifier
    event = QTabletEvent(
        kind, device, position, QPointF(pad.paper.mapToGlobal(position)),
        pressure, 0, 0, 0, 0, 0, none, LEFT, LEFT,
    )  # fmt: skip
    QApplication.sendEvent(pad.paper, event)
    assert event.isAccepted()  # else the mouse would draw it again


def with_pen(pad: DrawingPad, pressure: float, end: str = "tip") -> None:
    types = QEvent.Type
    tablet(pad, types.TabletPress, (0.5, 0.2), pressure, end)
    for step in range(1, 13):
        tablet(pad, types.TabletMove, (0.5, 0.2 + step / 20), pressure, end)
    tablet(pad, types.TabletRelease, (0.5, 0.8), 0.0, end)


def test_a_pen_writes_as_broad_as_it_is_pressed_and_its_other_end_erases(
    qtbot: QtBot, pad: DrawingPad
) -> None:
    widths = []
    for pressure in (0.1, 0.5, 1.0):
        pad.clear()
        with_pen(pad, pressure)
        widths.append(np.count_nonzero(dark(pad.picture())[SIDE // 2]))
    assert widths == pytest.approx([22 * 0.6, 22, 22 * 1.5], abs=2)
    with qtbot.waitSignal(pad.cleared):
        with_pen(pad, 1.0, "eraser")


def test_the_paper_on_the_screen_is_as_sharp_as_the_screen(qtbot: QtBot, pad: DrawingPad) -> None:
    stroke(qtbot, pad, (0.2, 0.5), (0.8, 0.5))
    for size in (120, 500):
        pad.resize(size, size + 40)
        image = pad.paper.grab().toImage()
        middle = pad.paper.rect().center()
        assert image.pixelColor(middle).lightness() < 60
        assert pad.paper._screen is not None
        side = pad.paper.area().width() * pad.devicePixelRatioF()
        assert pad.paper._screen.image.width() == round(side)
