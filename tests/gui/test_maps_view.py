"""The view of all channels: what is drawn and said is what the arrays hold."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication

from cnn_explorer.gui.widgets import matrix_view, theme
from cnn_explorer.gui.widgets.maps_view import MapPoint, MapsView, _reduced
from cnn_explorer.gui.widgets.matrix_view import MatrixView, colour_codes, typical_peak
from cnn_explorer.gui.widgets.value_bars import ValueBars
from cnn_explorer.probe.colormaps import NOT_A_NUMBER_COLOUR, colormap


def random_maps(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.fixture
def view(qtbot):
    made = MapsView()
    qtbot.addWidget(made)
    made.resize(800, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def move_to(view, place):
    """What stands under the pointer at a place, by way of the signal."""
    points = []
    view.point_hovered.connect(points.append)
    view._hover(QPointF(place))
    view.point_hovered.disconnect(points.append)
    return points[-1]


def test_value_under_the_pointer_is_the_arrays(view):
    maps = random_maps(20, 13, 9)
    view.show_maps(maps)
    generator = np.random.default_rng(2)
    for channel in (0, 7, 19):
        view.select(channel)  # brings it into sight
        box = view.tile_rect(channel)
        for _ in range(20):
            x, y = int(generator.integers(9)), int(generator.integers(13))
            place = QPointF(
                box.x() + (x + 0.5) * box.width() / 9, box.y() + (y + 0.5) * box.height() / 13
            )
            assert move_to(view, place) == MapPoint(channel, x, y, (float(maps[channel, y, x]),))


def test_value_under_the_pointer_of_reduced_maps(view):
    maps = random_maps(40, 224, 224)
    view.show_maps(maps)
    view.set_tile_size(56)
    assert view.tile_size == 56
    box = view.tile_rect(3)
    point = view.point_at(QPointF(box.x() + 10.5, box.y() + 20.5))
    assert point == MapPoint(3, 40, 80, (float(maps[3, 80, 40]),))


def test_between_the_maps_is_nothing(view):
    view.show_maps(random_maps(9, 7, 7))
    box = view.tile_rect(0)
    assert view.point_at(QPointF(box.right() + 1, box.y() + 1)) is None
    assert view.point_at(QPointF(799, 299)) is None


def test_pixels_are_the_colours_of_the_values(view):
    maps = np.array([[[0.0, 1.0], [0.5, 0.25]]], np.float32)
    view.show_maps(maps)
    view.set_tile_size(100)
    picture = view.viewport().grab().toImage()
    ratio = picture.devicePixelRatio()
    box = view.tile_rect(0)
    colours = colormap("viridis")
    for x, y, code in ((0, 0, 1), (1, 0, 255), (0, 1, 128), (1, 1, 64)):
        place = QPointF(
            box.x() + (x + 0.5) * box.width() / 2, box.y() + (y + 0.5) * box.width() / 2
        )
        shown = picture.pixelColor(int(place.x() * ratio), int(place.y() * ratio))
        seen = np.array([shown.red(), shown.green(), shown.blue()], int)
        # rounding may fall to the neighbouring colour
        wanted = colours[code - 1 : code + 2].astype(int)
        assert (np.abs(wanted - seen).sum(axis=1) == 0).any()


def test_two_thousand_maps_scroll_and_all_can_be_reached(view, qtbot):
    maps = random_maps(2048, 7, 7)
    view.show_maps(maps)
    assert view.count == 2048
    assert view.verticalScrollBar().maximum() > 0
    assert len(view._visible()) < 2048
    view.setFocus()
    qtbot.keyClick(view.viewport(), Qt.Key.Key_End)
    assert view.selected == 2047
    box = view.tile_rect(2047)
    assert box.top() >= 0
    assert box.bottom() <= view.viewport().height()
    centre = box.center()
    assert move_to(view, centre).channel == 2047
    assert 2047 in view._visible()
    qtbot.keyClick(view.viewport(), Qt.Key.Key_Home)
    assert view.selected == 0
    assert view.tile_rect(0).top() >= 0


def test_columns_follow_the_width(view):
    view.show_maps(random_maps(64, 7, 7))
    view.set_tile_size(49)
    wide = view.columns
    view.resize(400, 300)
    assert view.columns < wide
    assert view.tile_rect(view.columns - 1).right() <= view.viewport().width()


def test_sizes_are_whole_steps(view):
    view.show_maps(random_maps(4, 13, 13))
    for wanted in (10, 30, 50, 90, 300):
        view.set_tile_size(wanted)
        device = view.tile_size * view.devicePixelRatioF()
        assert device % 13 == 0


def test_ctrl_wheel_and_keys_change_the_size(view, qtbot):
    view.show_maps(random_maps(64, 7, 7))
    view.set_tile_size(49)

    def turn(by, modifier):
        event = QWheelEvent(
            QPointF(50, 50), QPointF(50, 50), QPoint(), QPoint(0, by), Qt.MouseButton.NoButton,
            modifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(view.viewport(), event)

    turn(120, Qt.KeyboardModifier.ControlModifier)
    assert view.tile_size > 49
    turn(-120, Qt.KeyboardModifier.ControlModifier)
    assert view.tile_size == 49
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert view.tile_size < 49
    size = view.tile_size
    turn(-120, Qt.KeyboardModifier.NoModifier)
    assert view.tile_size == size


def test_click_selects_and_arrows_move(view, qtbot):
    view.show_maps(random_maps(64, 7, 7))
    with qtbot.waitSignal(view.map_selected) as told:
        qtbot.mouseClick(
            view.viewport(), Qt.MouseButton.LeftButton, pos=view.tile_rect(5).center().toPoint()
        )
    assert told.args == [5]
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.selected == 6
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.selected == 6 + view.columns
    qtbot.keyClick(view, Qt.Key.Key_Up)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.selected == 5
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.selected == -1


def test_double_click_enlarges_and_escape_goes_back(view, qtbot):
    maps = random_maps(64, 7, 7)
    view.show_maps(maps)
    place = view.tile_rect(9).center().toPoint()
    size, columns = view.tile_size, view.columns
    qtbot.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert view.enlarged == view.selected == 9
    box = view.tile_rect(9)
    assert box.height() > 0.8 * view.viewport().height()
    assert view.verticalScrollBar().maximum() == 0
    assert move_to(view, box.center()) == MapPoint(9, 3, 3, (float(maps[9, 3, 3]),))
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.enlarged == view.selected == 10
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.enlarged == -1
    assert view.selected == 10
    assert (view.tile_size, view.columns) == (size, columns)


def test_a_new_picture_keeps_selection_place_and_pointer(view):
    view.show_maps(random_maps(2048, 7, 7))
    view.select(1000)
    place, bar = view.tile_rect(1000).center(), view.verticalScrollBar().value()
    move_to(view, place)
    points = []
    view.point_hovered.connect(points.append)
    new = random_maps(2048, 7, 7) + 1
    view.show_maps(new)
    assert view.selected == 1000
    assert view.verticalScrollBar().value() == bar > 0
    assert points[-1].channel == 1000
    assert points[-1].values[0] == float(new[1000, points[-1].y, points[-1].x])
    view.show_maps(random_maps(64, 14, 14))
    assert view.selected == -1
    assert view.verticalScrollBar().value() == 0


def test_not_a_number_has_its_own_colour_and_is_said(view):
    maps = random_maps(4, 7, 7)
    maps[1] = np.nan
    maps[2, 0, 0] = np.inf
    view.show_maps(maps)
    picture = view.viewport().grab().toImage()
    ratio = picture.devicePixelRatio()
    centre = view.tile_rect(1).center()
    shown = picture.pixelColor(int(centre.x() * ratio), int(centre.y() * ratio))
    assert shown.getRgb()[:3] == NOT_A_NUMBER_COLOUR
    assert view._describe(view.point_at(centre)).endswith("not a number")
    assert view.mosaic is not None
    assert view.mosaic.not_finite == 50


def test_copy_puts_a_map_or_all_maps_on_the_clipboard(view, qtbot):
    view.show_maps(random_maps(12, 7, 7))
    view.set_tile_size(28)
    view.select(3)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    one = QGuiApplication.clipboard().image()
    assert (one.width(), one.height()) == (28, 28)
    assert one == view.map_image(3)
    view.select(-1)
    view.copy()
    every = QGuiApplication.clipboard().image()
    rows = -(-12 // view.columns)
    assert (every.width(), every.height()) == (8 * view.columns - 1, 8 * rows - 1)


@pytest.mark.parametrize("scale", ["channel", "layer"])
@pytest.mark.parametrize("colour", [False, True])
def test_a_copy_of_all_maps_has_the_colours_of_the_screen(view, scale, colour):
    maps = random_maps(7, 3, 5, 4)
    maps[6] *= 9  # hidden, it still sets the scale of all
    view.set_scale(scale)
    if colour:
        view.show_colour_kernels(maps)
    else:
        view.show_maps(maps[:, 0])
    order = [5, 1, 4, 0]
    view.set_order(order)
    every = view.mosaic_image()
    assert every.width() == 5 * view.columns - 1
    for place, channel in enumerate(order):
        row, column = divmod(place, view.columns)
        assert every.copy(5 * column, 6 * row, 4, 5) == view.small_image(channel)


def test_numbers_stand_wherever_a_person_reads_them(view, qtbot):
    view.show_maps(random_maps(4, 7, 5))
    view.set_file_name("net-layer")
    view.set_numbers(np.array([8, 9, 10, 11]))
    view.set_order([3, 1])
    with qtbot.waitSignal(view.map_selected) as told:
        view.select(3)
    assert told.args == [3]
    assert view.accessibleDescription() == "Map 11 is selected."
    assert view._describe(view.point_at(view.tile_rect(3).center())).startswith("channel 11, ")
    assert view.drag_data().urls()[0].fileName() == "net-layer-11.png"
    with qtbot.waitSignal(view.save_asked) as told:
        view.save(Path("one.png"), 3)
    assert told.args[0].names == ("8", "9", "10", "11")
    assert told.args[0].order.tolist() == [3]
    view.set_numbers(None)
    assert view.accessibleDescription() == "Map 3 is selected."
    view.set_numbers(np.arange(4) + 8)
    view.show_maps(random_maps(5, 7, 5))  # of others they are not the numbers
    assert view.number_of(3) == 3
    with pytest.raises(ValueError, match="4 numbers"):
        view.set_numbers(np.arange(4))


def test_what_is_to_be_saved_is_what_is_shown(view, qtbot):
    maps = random_maps(6, 7, 5)
    view.show_maps(maps)
    view.set_file_name("net-layer", "Net · layer")
    view.set_scale("layer")
    view.set_order([4, 1, 3])

    def asked(name, channel):
        with qtbot.waitSignal(view.save_asked) as told:
            view.save(Path(name), channel)
        return told.args[0]

    figure = asked("all.svg", None)
    assert figure.path == Path("all.svg")
    assert figure.order.tolist() == [4, 1, 3]
    assert figure.shading == view.shading
    assert (figure.colours, figure.title) == ("viridis", "Net · layer")
    np.testing.assert_array_equal(figure.maps, maps)
    assert asked("one.png", 3).order.tolist() == [3]
    np.testing.assert_array_equal(asked("all.npy", None).maps, maps)
    np.testing.assert_array_equal(asked("one.npy", 2).maps, maps[2])


def test_menu_offers_all_and_the_selected_map(view):
    view.show_maps(random_maps(6, 7, 5))
    menu = view.context_menu()
    everything = [action.text() for action in menu.actions() if action.text()]
    assert "Save all maps as one picture…" in everything
    assert "Copy this map" not in everything
    menu.deleteLater()
    view.select(1)
    menu = view.context_menu()
    assert "Copy this map" in [action.text() for action in menu.actions()]
    menu.deleteLater()


def test_colour_kernels_show_three_values(view):
    weight = random_maps(8, 3, 5, 5)
    view.show_colour_kernels(weight)
    centre = view.tile_rect(6).center()
    point = view.point_at(centre)
    assert point.values == tuple(float(value) for value in weight[6, :, 2, 2])
    assert not view.map_image(6).isGrayscale()


def test_theme_change_recolours_the_ground(view):
    view.show_maps(random_maps(4, 7, 7))
    app = QApplication.instance()
    before = app.palette()
    try:
        for dark in (True, False):
            app.setPalette(theme.palette_for(dark))
            app.processEvents()
            picture = view.viewport().grab().toImage()
            assert picture.pixelColor(1, 1).name() == ("#14171c" if dark else "#ffffff")
    finally:
        app.setPalette(before)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 1000), (3, 700, 2), (1, 1500, 1500)])
def test_odd_shapes_are_drawn(view, shape):
    view.show_maps(random_maps(*shape))
    view.grab()
    view.enlarge(0)
    view.grab()
    view.enlarge(-1)
    view.zoom(3)
    view.zoom(-9)
    view.clear()
    view.grab()
    assert view.count == 0


def test_reduction_is_the_mean_over_blocks():
    # 2 x 3 tiles of 5 x 4, all codes those of values
    tiles = np.arange(3, 3 + 2 * 5 * 3 * 4, dtype=np.uint8).reshape(2 * 5, 3 * 4)
    small = _reduced(tiles, 5, 4, 2)
    assert small.shape == (2 * 3, 3 * 2)
    assert small[0, 0] == round(float(tiles[:2, :2].mean()) + 1e-6)
    # the last row of a tile of five stands alone: its edge is repeated
    assert small[2, 1] == round(float(tiles[4, 2:4].mean()) + 1e-6)


def test_bars_read_the_values_under_the_pointer(qtbot):
    bars = ValueBars()
    qtbot.addWidget(bars)
    bars.resize(900, 200)
    values = random_maps(1000)
    bars.show_values(values, [f"name {index}" for index in range(1000)])
    bars.grab()
    for index in (0, 1, 500, 999):
        assert bars.index_at(bars.centre_of(index)) == index
        assert f"name {index} · " in bars.description(index)
    assert bars.index_at(1) == -1
    with qtbot.waitSignal(bars.index_hovered) as told:
        qtbot.mouseMove(bars, QPointF(bars.centre_of(500), 100).toPoint())
    assert abs(told.args[0] - 500) <= 1
    qtbot.keyClick(bars, Qt.Key.Key_End)
    assert bars.read == 999
    assert bars._top[0] == int(values.argmax())


@pytest.mark.parametrize("count", [1, 84, 25_088])
def test_bars_of_any_number_and_with_no_numbers(qtbot, count):
    bars = ValueBars()
    qtbot.addWidget(bars)
    bars.resize(700, 160)
    values = random_maps(count)
    values[0] = np.nan
    bars.show_values(values)
    bars.grab()
    assert bars.description(0) == "index 0 · not a number"
    bars.show_values(np.full(count, np.inf, np.float32))
    bars.grab()


def test_no_peak_is_lost_where_bars_outnumber_pixels(qtbot):
    bars = ValueBars()
    qtbot.addWidget(bars)
    bars.resize(400, 160)
    values = np.zeros(20_000, np.float32)
    values[12_345] = 5
    bars.show_values(values)
    picture = bars.grab().toImage()
    plot = bars._plot()
    x = int(bars.centre_of(12_345) * picture.devicePixelRatio())
    y = int((plot.top() + 3) * picture.devicePixelRatio())
    base = bars.palette().base().color()
    assert any(picture.pixelColor(x + off, y) != base for off in (-1, 0, 1))


def test_matrix_reads_and_colours_only_what_is_in_sight(qtbot, monkeypatch):
    view = MatrixView()
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.show()
    matrix = random_maps(1000, 2000)
    matrix[0, 0] = np.nan
    view.show_matrix(matrix, typical_peak(matrix))
    assert view.horizontalScrollBar().maximum() > 0
    encoded = []

    def coloured(values, peak):
        encoded.append(values.size)
        return colour_codes(values, peak)

    monkeypatch.setattr(matrix_view, "colour_codes", coloured)
    view.grab()
    assert encoded
    assert max(encoded) < 100_000
    qtbot.keyClick(view, Qt.Key.Key_End)
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.read == (0, 1999)
    for _ in range(3):
        qtbot.keyClick(view, Qt.Key.Key_Down)
    row, column = view.read
    assert (row, column) == (3, 1999)
    assert view._describe(3, 1999).startswith("row 3, column 1999: ")
    left, top = view._origin()
    cell = view._cell
    ratio = view.devicePixelRatioF()
    place = QPointF((left + 1999 * cell + cell / 2) / ratio, (top + 3 * cell + cell / 2) / ratio)
    assert view.cell_at(place) == (3, 1999)
    assert place.x() < view.viewport().width()


def test_matrix_codes_are_centred_on_zero():
    values = np.array([[-2, -9, 0, 2, np.inf, np.nan]], np.float32)
    assert colour_codes(values, 2.0).tolist() == [[3, 3, 129, 255, 2, 1]]
    assert colour_codes(values, 0.0).tolist() == [[129] * 4 + [2, 1]]
