"""One map large: where it lies, what stands under the pointer, and what is told."""

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.receptive import ReceptiveField, Span
from cnn_explorer.gui.state.picture_link import LayerOnPicture, Units
from cnn_explorer.gui.state.qimages import to_qimage
from cnn_explorer.gui.widgets.enlarged_map import EnlargedMap, Mode
from cnn_explorer.probe.results import Placement, PreparedInput

pytestmark = pytest.mark.usefixtures("themed")
LEFT = Qt.MouseButton.LeftButton
KEY = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier

STEM = ReceptiveField(Span(5, 4, -2), Span(5, 4, -2))
"""5x5 every 4 pixels, padding 2: its map of 8 x 8 lies from -1.5 to 30.5 over 32 x 32."""


def on_picture(
    field: ReceptiveField | None = STEM,
    sides: tuple[int, int] = (8, 8),
    seen: npt.NDArray[np.uint8] | None = None,
    reason: str = "",
) -> LayerOnPicture:
    """32 x 32 pixels that are each 10 x 10 of a picture, from (100, 0) on."""
    pixels = np.full((32, 32, 3), 100, np.uint8) if seen is None else seen
    prepared = PreparedInput(
        np.zeros((3, 32, 32), np.float32), pixels, (100, 0, 320, 320), 0.0,
        Placement(100.0, 0.0, 10.0, 10.0),
    )  # fmt: skip
    return LayerOnPicture(prepared, sides, field, reason)


def values(rows: int = 8, columns: int = 8) -> npt.NDArray[np.float32]:
    return np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)


def coloured(rows: int = 8, columns: int = 8, white: tuple[int, int] | None = None) -> QImage:
    """Black, with one unit in white."""
    pixels = np.zeros((rows, columns, 3), np.uint8)
    if white is not None:
        pixels[white] = 255
    return to_qimage(pixels)


@pytest.fixture
def view(qtbot: QtBot) -> EnlargedMap:
    made = EnlargedMap()
    qtbot.addWidget(made)
    made.resize(900, 320)
    made.set_picture(on_picture())
    made.show_map(values(), coloured(), "channel 3")
    made.show()
    made.setFocus()
    qtbot.waitUntil(made.canvas.hasFocus)
    return made


def point_of_unit(view: EnlargedMap, row: int, column: int) -> QPoint:
    """The middle of a unit on the canvas."""
    pane = next(pane for pane in view.canvas.panes() if not pane.units.isEmpty())
    box = pane.to_canvas(pane.units)
    rows, columns = view._values.shape
    x = box.x() + (column + 0.5) * box.width() / columns
    y = box.y() + (row + 0.5) * box.height() / rows
    return QPointF(x, y).toPoint()


def point_of_input(view: EnlargedMap, x: float, y: float) -> QPoint:
    """Where a place of the network's input lies on the canvas."""
    pane = next(pane for pane in view.canvas.panes() if not pane.picture.isEmpty())
    return pane.to_canvas(QRectF(x, y, 0, 0)).topLeft().toPoint()


def lightness(view: EnlargedMap, point: QPoint) -> int:
    return view.canvas.grab().toImage().pixelColor(point).lightness()


# where things lie


@pytest.mark.parametrize("mode", ["map", "side", "blended"])
def test_a_bright_unit_is_where_it_is_read(view: EnlargedMap, mode: Mode) -> None:
    view.set_mode(mode)
    view.set_opacity(1.0)
    for unit in ((0, 0), (3, 5), (7, 7)):
        view.show_map(values(), coloured(white=unit), "")
        point = point_of_unit(view, *unit)
        assert view.canvas.unit_at(QPointF(point)) == unit
        for smooth in (False, True):
            view.set_smooth(smooth)
            assert lightness(view, point) > 220
            for row, column in ((1, 1), (6, 2), (4, 4)):
                assert lightness(view, point_of_unit(view, row, column)) < 40


def test_the_middle_of_a_bright_unit_is_not_moved_by_smoothing(view: EnlargedMap) -> None:
    view.set_smooth(True)
    view.show_map(values(), coloured(white=(3, 5)), "")
    image = view.canvas.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    (pane,) = view.canvas.panes()
    left, top, width, height = (round(side) for side in pane.area.getRect())
    mass = rows[top : top + height, left : left + width].astype(float)
    across, down = np.arange(width) + 0.5, np.arange(height) + 0.5
    x = (mass.sum(0) @ across) / mass.sum() / width * 8
    y = (mass.sum(1) @ down) / mass.sum() / height * 8
    assert (x, y) == pytest.approx((5.5, 3.5), abs=0.06)


def test_blended_unit_and_what_it_sees_have_the_same_middle(view: EnlargedMap) -> None:
    """A dot in the picture shines through at the unit whose field it is the middle of."""
    seen = np.zeros((32, 32, 3), np.uint8)
    seen[12:13, 20:21] = 255  # the middle of what unit (3, 5) sees: pixels 10 to 14 and 18 to 22
    view.set_picture(on_picture(seen=seen))
    view.set_mode("blended")
    view.set_opacity(0.0)
    point = point_of_unit(view, 3, 5)
    assert lightness(view, point) > 200
    assert (point - point_of_input(view, 20.5, 12.5)).manhattanLength() <= 1
    view.set_opacity(1.0)
    assert lightness(view, point) < 20
    # the picture's last pixels lie beside the map, and stay in sight
    white = on_picture(seen=np.full((32, 32, 3), 255, np.uint8))
    view.set_picture(white)
    assert lightness(view, point_of_input(view, 31.5, 31.5)) > 200


def test_side_by_side_both_have_the_same_scale(view: EnlargedMap) -> None:
    view.set_mode("side")
    left, right = view.canvas.panes()
    assert left.area.size() == right.area.size()
    assert left.plane == right.plane == QRectF(-1.5, -1.5, 33.5, 33.5)
    assert left.area.right() < right.area.left()
    view.resize(300, 620)
    above, below = view.canvas.panes()
    assert above.area.bottom() < below.area.top()


def test_in_a_low_panel_the_map_has_all_of_its_height(view: EnlargedMap) -> None:
    for width, height, room in ((900, 320, 270), (688, 140, 140), (400, 420, 320), (240, 60, 0)):
        view.resize(width, height)
        view.layout().activate()
        assert view.canvas.height() >= room
        if room:
            for control in (view.back, view.next, view.switch):
                assert view.rect().contains(control.geometry())


def test_alone_a_map_has_pixels_of_one_size(view: EnlargedMap) -> None:
    (pane,) = view.canvas.panes()
    assert pane.area.width() % 8 == 0
    assert pane.area.width() == pane.area.height()
    assert pane.area.height() > 0.8 * view.canvas.height()


# pointing


def test_pointing_at_a_unit_frames_what_it_sees(qtbot: QtBot, view: EnlargedMap) -> None:
    view.set_mode("side")
    plain = view.canvas.grab().toImage()
    edge = point_of_input(view, 18, 12)  # the left edge of what unit (3, 5) sees
    with qtbot.waitSignal(view.point_hovered) as hovered:
        qtbot.mouseMove(view.canvas, point_of_unit(view, 3, 5))
    assert hovered.args == [(3, 5)]
    assert view.readout.text() == "row 3, column 5: 29"
    assert "row 3, column 5: 29" in view.canvas.accessibleDescription()
    framed = view.canvas.grab().toImage()
    beside = QPoint(edge.x() - 2, edge.y())
    assert framed.pixelColor(beside) != plain.pixelColor(beside)
    assert framed.pixelColor(point_of_input(view, 20.5, 12.5)) == plain.pixelColor(
        point_of_input(view, 20.5, 12.5)
    )
    # another channel under a pointer at rest
    with qtbot.waitSignal(view.point_hovered) as hovered:
        view.show_map(-values(), coloured(), "channel 4")
    assert hovered.args == [(3, 5)]
    assert view.readout.text() == "row 3, column 5: −29"
    with qtbot.waitSignal(view.point_hovered) as hovered:
        qtbot.mouseMove(view.canvas, QPoint(2, 2))
    assert hovered.args == [None]
    assert view.readout.text() == ""


def test_pointing_at_the_picture_frames_the_units_that_see_it(
    qtbot: QtBot, view: EnlargedMap
) -> None:
    view.set_mode("side")
    # pixel (14, 22) is in the last row and column of unit (3, 5), and in those of the next ones
    place = point_of_input(view, 22.5, 14.5)
    qtbot.mouseMove(view.canvas, place)
    assert view.canvas.units_framed() == Units(range(3, 5), range(5, 7))
    assert view.readout.text() == "rows 3–4, columns 5–6 see it"
    with qtbot.waitSignal(view.place_pointed) as pointed:
        qtbot.mouseClick(view.canvas, LEFT, pos=place)
    assert pointed.args is not None
    assert pointed.args[0] == pytest.approx((325, 145), abs=3)
    qtbot.mouseMove(view.canvas, point_of_input(view, 21.0, 13.0))
    assert view.readout.text() == "row 3, column 5 alone sees it"
    # left again: what is marked stays marked
    view.mark_place((325.0, 145.0))
    qtbot.mouseMove(view.canvas, QPoint(2, 2))
    assert view.canvas.units_framed() == Units(range(3, 5), range(5, 7))
    view.mark_place((5.0, 5.0))  # beside what the network sees
    assert view.readout.text() == "no unit sees this place"
    view.mark_place(None)
    assert view.readout.text() == ""


def test_units_by_the_keyboard(qtbot: QtBot, view: EnlargedMap) -> None:
    told: list[tuple[int, int] | None] = []
    view.point_hovered.connect(told.append)
    qtbot.keyClick(view.canvas, KEY.Key_Up, SHIFT)
    qtbot.keyClick(view.canvas, KEY.Key_Up, SHIFT)
    qtbot.keyClick(view.canvas, KEY.Key_Right, SHIFT)
    assert told == [(4, 4), (3, 4), (3, 5)]
    for _ in range(9):
        qtbot.keyClick(view.canvas, KEY.Key_Right, SHIFT)
    assert told[-1] == (3, 7)


def test_the_owner_says_a_unit_in_its_own_words(view: EnlargedMap) -> None:
    view.show_map(values(), coloured(), "", lambda row, column, value: f"{row}|{column}|{value}")
    view.canvas.point_at((1, 2))
    assert view.readout.text() == "1|2|10.0"
    view.canvas.point_at((0, 2))
    assert view.readout.text() == "0|2|2.0 · sees padding too"


# going on and back


def test_keys_and_buttons_turn_to_other_channels_and_back(qtbot: QtBot, view: EnlargedMap) -> None:
    steps: list[int] = []
    left: list[bool] = []
    view.channel_stepped.connect(steps.append)
    view.left.connect(lambda: left.append(True))
    qtbot.keyClick(view.canvas, KEY.Key_Right)
    qtbot.keyClick(view.canvas, KEY.Key_Left)
    qtbot.mouseClick(view.next, LEFT)
    qtbot.mouseClick(view.previous, LEFT)
    assert steps == [1, -1, 1, -1]
    qtbot.keyClick(view.canvas, KEY.Key_Escape)
    qtbot.mouseDClick(view.canvas, LEFT, pos=point_of_unit(view, 2, 2))
    qtbot.mouseClick(view.back, LEFT)
    assert len(left) == 3


# modes


def test_modes_and_opacity_are_chosen_and_told(qtbot: QtBot, view: EnlargedMap) -> None:
    assert not view.opacity_slider.isVisible()
    with qtbot.waitSignal(view.mode_changed) as changed:
        qtbot.mouseClick(view.switch.button(2), LEFT)
    assert changed.args == ["blended"]
    assert view.mode == view.mode_shown() == "blended"
    assert view.opacity_slider.isVisible()
    with qtbot.waitSignal(view.opacity_changed) as opacity:
        view.opacity_slider.setValue(25)
    assert opacity.args == [0.25]
    assert view.opacity == 0.25
    with qtbot.assertNotEmitted(view.mode_changed):
        view.set_mode("side")
    assert view.switch.current == 1


def test_a_mode_that_is_not_possible_waits_until_it_is(view: EnlargedMap) -> None:
    view.set_mode("blended")
    view.set_picture(on_picture(None, reason="Nobody knows what its units see."))
    assert (view.mode, view.mode_shown()) == ("blended", "side")
    assert view.readout.text() == "Nobody knows what its units see."
    assert not view.switch.button(2).isEnabled()
    assert view.switch.button(2).toolTip() == "Nobody knows what its units see."
    left, right = view.canvas.panes()
    assert left.units.isEmpty()
    assert right.picture.isEmpty()
    assert view.canvas.unit_at(QPointF(point_of_unit(view, 3, 5))) == (3, 5)
    view.set_picture(None)
    assert view.mode_shown() == "map"
    assert not view.switch.button(1).isEnabled()
    view.set_picture(on_picture())
    assert view.mode_shown() == "blended"


def test_the_picture_of_another_layer_waits_for_its_map(qtbot: QtBot, view: EnlargedMap) -> None:
    """Layer and map are told one after the other; between them nothing is laid over what it does
    not belong to, and a unit pointed at that is not there any more is let go."""
    view.set_mode("side")
    qtbot.mouseMove(view.canvas, point_of_unit(view, 7, 7))
    view.set_picture(on_picture(ReceptiveField(Span(8, 8, 0), Span(8, 8, 0)), (4, 4)))
    assert view.mode_shown() == "map"
    view.show_map(values(4, 4), coloured(4, 4), "channel 0")
    assert view.mode_shown() == "side"
    assert not view.canvas.grab().isNull()


def test_a_map_taller_than_wide_that_sees_all_of_it(view: EnlargedMap) -> None:
    whole = ReceptiveField(Span(32, None, 0), Span(32, None, 0), whole=True)
    view.set_picture(on_picture(whole, (4, 2)))
    view.show_map(values(4, 2), coloured(4, 2), "")
    for mode in ("map", "side", "blended"):
        view.set_mode(mode)  # type: ignore[arg-type]
        assert view.canvas.unit_at(QPointF(point_of_unit(view, 3, 1))) == (3, 1)
        view.canvas.point_at((3, 1))
        assert not view.canvas.grab().isNull()


def test_what_is_seen_goes_to_the_clipboard(qtbot: QtBot, view: EnlargedMap) -> None:
    view.show_map(values(), coloured(white=(0, 0)), "")
    qtbot.keyClick(view.canvas, KEY.Key_C, Qt.KeyboardModifier.ControlModifier)
    image = QGuiApplication.clipboard().image()
    (pane,) = view.canvas.panes()
    assert image.size().toTuple() == (pane.area.width(), pane.area.height())
    assert image.pixelColor(5, 5) == QColor(255, 255, 255)
    QGuiApplication.clipboard().clear()


def test_dimmed_it_is_faint(view: EnlargedMap) -> None:
    point = point_of_unit(view, 4, 4)
    assert lightness(view, point) < 10
    view.set_dimmed(True)
    assert lightness(view, point) > 120


def test_every_control_says_what_it_is(view: EnlargedMap) -> None:
    for control in (view.back, view.previous, view.next, view.opacity_slider,
                    *(view.switch.button(number) for number in range(3))):  # fmt: skip
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_nothing_to_show_is_nothing(qtbot: QtBot) -> None:
    view = EnlargedMap()
    qtbot.addWidget(view)
    view.show()
    assert view.canvas.panes() == ()
    qtbot.keyClick(view.canvas, KEY.Key_Up, SHIFT)
    view.copy()
    assert not view.grab().isNull()
