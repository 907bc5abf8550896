"""The activations of a layer: order, dead channels, search, colours; as drawn and as said."""

import dataclasses

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.gui.state.shown import ActivationsShown, EffectsShown
from cnn_explorer.gui.widgets.activations_panel import ActivationsPanel
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe.colormaps import (
    INFINITE_COLOUR,
    NOT_A_NUMBER_COLOUR,
    bar_colours,
    colormap,
)
from cnn_explorer.probe.mosaic import Shading
from cnn_explorer.probe.precision import BFLOAT16, Arithmetic
from cnn_explorer.probe.statistics import SORT_KEYS

CARD = card_of("resnet18")


def maps_of(*means: float, side: int = 6) -> np.ndarray:
    """Maps of which the first place has all there is; a mean of 0 is a dead one."""
    maps = np.zeros((len(means), side, side), np.float32)
    maps[:, 0, 0] = np.float32(means) * side * side
    return maps


@pytest.fixture
def panel(qtbot: QtBot, themed: object) -> ActivationsPanel:
    del themed
    made = ActivationsPanel()
    qtbot.addWidget(made)
    made.resize(760, 260)
    made.show()
    qtbot.waitExposed(made)
    return made


def show(panel: ActivationsPanel, maps: np.ndarray, **more: object) -> None:
    panel.show_activations(ActivationsShown(CARD, True, "layer1", maps, **more))  # type: ignore[arg-type]


def choose(box: object, data: str) -> None:
    box.setCurrentIndex(box.findData(data))  # type: ignore[attr-defined]


def test_channels_stand_in_the_order_chosen(panel: ActivationsPanel) -> None:
    show(panel, maps_of(1, 0, 3, 2))
    assert panel.maps.order.tolist() == [0, 1, 2, 3]
    choose(panel.sort, "mean")
    assert panel.maps.order.tolist() == [2, 3, 0, 1]
    first = panel.maps.point_at(panel.maps.tile_rect(2).center())
    assert first is not None
    assert first.channel == 2
    left = min(range(4), key=lambda c: (panel.maps.tile_rect(c).y(), panel.maps.tile_rect(c).x()))
    assert left == 2
    choose(panel.sort, "sparsity")
    assert panel.maps.order.tolist() == [1, 0, 2, 3]
    assert [panel.sort.itemData(n) for n in range(panel.sort.count())] == list(SORT_KEYS)
    # the next picture is sorted by its own values
    choose(panel.sort, "maximum")
    show(panel, maps_of(5, 6, 1, 9))
    assert panel.maps.order.tolist() == [3, 1, 0, 2]


def test_dead_channels_are_counted_and_hidden(panel: ActivationsPanel, qtbot: QtBot) -> None:
    show(panel, maps_of(1, 0, 3, 0))
    assert panel.dead.text() == "2 dead"
    assert "4 of 4 channels" in panel.header.title.text()
    panel.maps.select(1)
    qtbot.mouseClick(panel.dead, Qt.MouseButton.LeftButton)
    assert panel.maps.order.tolist() == [0, 2]
    assert panel.maps.selected == -1
    assert "2 of 4 channels" in panel.header.title.text()
    panel.channel_box.setText("3")
    qtbot.keyClick(panel.channel_box, Qt.Key.Key_Return)
    assert panel.header.status.text() == "Channel 3 is dead and hidden."
    show(panel, np.zeros((3, 6, 6), np.float32))
    assert panel.dead.text() == "3 dead"
    assert panel.maps.count == 0
    panel.grab()  # nothing to draw
    qtbot.mouseClick(panel.dead, Qt.MouseButton.LeftButton)
    assert panel.maps.count == 3
    # a constant that is not zero is no dead channel, nor is one with a value that is no number
    live = np.ones((2, 6, 6), np.float32)
    live[1] = 0
    live[1, 2, 2] = np.nan
    show(panel, live)
    assert panel.dead.text() == "0 dead"


def test_a_channel_is_found_by_its_number(panel: ActivationsPanel, qtbot: QtBot) -> None:
    show(panel, np.random.default_rng(0).normal(size=(600, 6, 6)).astype(np.float32))
    panel.maps.setFocus()
    qtbot.keyClick(panel.maps, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(panel.channel_box.hasFocus)
    qtbot.keyClicks(panel.channel_box, "512")
    qtbot.keyClick(panel.channel_box, Qt.Key.Key_Return)
    assert panel.maps.selected == 512
    box = panel.maps.tile_rect(512)
    assert panel.maps.viewport().rect().toRectF().contains(box)
    panel.channel_box.setText("600")
    qtbot.keyClick(panel.channel_box, Qt.Key.Key_Return)
    assert panel.header.status.text() == "The channels of this layer go from 0 to 599."


def test_sorting_by_effect_asks_for_it_and_waits(panel: ActivationsPanel, qtbot: QtBot) -> None:
    picture = Picture(np.zeros((2, 2, 3), np.uint8), "p")
    show(panel, maps_of(1, 2, 3))
    with qtbot.waitSignal(panel.effects_wanted):
        choose(panel.sort, "effect")
    assert panel.maps.order.tolist() == [0, 1, 2]
    panel.show_effects(EffectsShown(picture, "layer2", "cat", np.array([0.0, 9, 1])))
    assert panel.maps.order.tolist() == [0, 1, 2]
    panel.show_effects(EffectsShown(picture, "layer1", "cat", np.array([-1.0, 9, 1])))
    assert panel.maps.order.tolist() == [1, 2, 0]
    assert panel.header.status.text() == "sorted by the effect on cat"
    with qtbot.waitSignal(panel.effects_wanted):
        show(panel, maps_of(2, 2, 3))
    assert panel.maps.order.tolist() == [0, 1, 2]
    panel.show_effects(EffectsShown(picture, "layer1", "cat", np.array([0.0, 1, 2])))
    choose(panel.sort, "mean")
    assert panel.header.status.text() == ""


def test_flat_layers_are_sorted_and_searched_too(panel: ActivationsPanel, qtbot: QtBot) -> None:
    values = np.float32([1, 0, 7, -2])
    show(panel, values, class_names=("a", "b", "c", "d"))
    choose(panel.sort, "mean")
    assert panel.bars.description(0) == "index 2 · c · 7"
    assert panel.dead.text() == "1 dead"
    panel.channel_box.setText("3")
    qtbot.keyClick(panel.channel_box, Qt.Key.Key_Return)
    assert panel.header.status.text() == "index 3 · d · −2"
    panel.select_channel(2)
    assert panel.header.status.text() == "index 2 · c · 7"
    panel.select_channel(-1)
    assert panel.bars.read == -1


def test_a_layer_computed_fast_says_so(panel: ActivationsPanel) -> None:
    show(panel, maps_of(1, 2))
    assert "fast" not in panel.header.title.text()
    show(panel, maps_of(1, 2), arithmetic=Arithmetic("fast", BFLOAT16))
    assert panel.header.title.text().endswith(" · fast: bfloat16, channels last")


def test_colours_and_scale_are_chosen_in_a_row_of_their_own(
    panel: ActivationsPanel, qtbot: QtBot
) -> None:
    show(panel, maps_of(1, 2))
    assert not panel.shading.isVisible()
    qtbot.mouseClick(panel.colours_button, Qt.MouseButton.LeftButton)
    assert panel.shading.isVisible()
    looks: list[MapsLook] = []
    panel.look_changed.connect(looks.append)
    choose(panel.shading.scale, "fixed")
    assert panel.shading.low.isVisible()
    assert not panel.shading.clip.isVisible()
    panel.shading.high.setValue(0.5)
    assert panel.maps.shading == Shading("fixed", 0, 0.5)
    assert panel.bar.ends() == ("≤ 0", "≥ 0.5")
    panel.shading.low.setValue(2)  # the other end gives way
    assert panel.maps.shading.low == 2 < panel.maps.shading.high
    choose(panel.shading.scale, "layer")
    panel.shading.clip.setValue(2)
    panel.shading.gamma.setValue(0.5)
    panel.shading.smooth.setChecked(True)
    assert panel.maps.shading == Shading("layer", 2, 5, 2, 0.5)
    assert looks[-1] == panel.look == MapsLook("auto", "layer", 2, 5, 2, 0.5, True)
    qtbot.mouseClick(panel.shading.usual, Qt.MouseButton.LeftButton)
    assert panel.look == MapsLook()
    panel.set_look(looks[-2])
    assert panel.shading.gamma.value() == 0.5


def test_signed_maps_have_zero_in_the_middle_without_being_told(panel: ActivationsPanel) -> None:
    show(panel, maps_of(1, 2))
    assert panel.maps.colour_map == "viridis"
    show(panel, maps_of(-1, 2))
    assert panel.maps.colour_map == "diverging"
    assert panel.maps.shading.signed
    colour = panel.maps.map_image(1).pixelColor(panel.maps.map_image(1).rect().center())
    assert colour.getRgb()[:3] == tuple(colormap("diverging")[128].tolist())


def test_what_is_not_finite_is_seen_and_counted(panel: ActivationsPanel) -> None:
    maps = maps_of(1, 2)
    maps[0, 2, 3] = np.nan
    maps[1, 4, 1] = -np.inf
    show(panel, maps)
    assert panel.header.status.text() == "not a number (magenta): 1 · infinite (cyan): 1"
    small = panel.maps.small_image(0)
    assert small.pixelColor(3, 2) == QColor(*NOT_A_NUMBER_COLOUR)
    assert panel.maps.small_image(1).pixelColor(1, 4) == QColor(*INFINITE_COLOUR)


def test_what_is_not_finite_is_seen_in_reduced_maps_too(panel: ActivationsPanel) -> None:
    maps = np.random.default_rng(0).normal(size=(40, 224, 224)).astype(np.float32)
    maps[0, 100, 50] = np.nan
    maps[1, 8, 8] = np.inf
    show(panel, maps)
    assert panel.maps.colour_map == "diverging"  # signed, whatever is not a number among them
    panel.maps.set_tile_size(56)  # four by four values a pixel
    image = panel.maps.viewport().grab().toImage()
    for channel, x, y, colour in ((0, 12, 25, NOT_A_NUMBER_COLOUR), (1, 2, 2, INFINITE_COLOUR)):
        corner = panel.maps.tile_rect(channel).topLeft() * image.devicePixelRatio()
        seen = image.pixelColor(int(corner.x()) + x, int(corner.y()) + y)
        assert seen.getRgb()[:3] == colour


def test_a_quiet_run_keeps_the_effects(panel: ActivationsPanel) -> None:
    maps = maps_of(1, 2, 3)
    shown = ActivationsShown(CARD, True, "layer1", maps)
    panel.show_activations(shown)
    choose(panel.sort, "effect")
    picture = Picture(np.zeros((2, 2, 3), np.uint8), "p")
    panel.show_effects(EffectsShown(picture, "layer1", "cat", np.array([0.0, 9, 1])))
    wanted: list[bool] = []
    panel.effects_wanted.connect(wanted.append)
    panel.show_activations(ActivationsShown(CARD, True, "layer1", maps))
    assert panel.maps.order.tolist() == [1, 2, 0]
    assert not wanted


def test_files_are_named_after_the_network_alone(panel: ActivationsPanel) -> None:
    card = dataclasses.replace(CARD, name="torchvision/resnet18")
    panel.show_activations(ActivationsShown(card, True, "relu#2", maps_of(1, 2)))
    panel.maps.select(0)
    assert panel.maps.drag_data().urls()[0].toLocalFile().endswith("/resnet18-relu-2-0.png")


def test_the_colour_bar_shows_what_gamma_does() -> None:
    plain, bent = bar_colours("grey"), bar_colours("grey", Shading(gamma=0.5))
    assert plain.shape == bent.shape == (253, 3)
    assert (plain[0] == bent[0]).all()
    assert (plain[-1] == bent[-1]).all()
    # a quarter of the way up is the colour of the half
    assert abs(int(bent[63, 0]) - 127) <= 2
    signed = bar_colours("diverging", Shading(signed=True))
    assert signed[126].tolist() == colormap("diverging")[128].tolist()


def test_places_are_marked_in_every_map(panel: ActivationsPanel) -> None:
    show(panel, maps_of(1, 2, 3))
    before = panel.maps.viewport().grab().toImage()
    panel.maps.set_marked(range(1, 3), range(2, 5))
    after = panel.maps.viewport().grab().toImage()
    ratio = after.devicePixelRatio()
    for channel in range(3):
        tile = panel.maps.tile_rect(channel)
        unit = tile.width() / 6
        x, y = tile.x() + 2 * unit - 0.5, tile.y() + 2 * unit  # just left of what is framed
        place = int(x * ratio), int(y * ratio)
        assert after.pixelColor(*place) == QColor("white")
        assert before.pixelColor(*place) != QColor("white")
    panel.maps.set_marked(None, None)
    assert panel.maps.viewport().grab().toImage() == before


def test_a_map_is_dragged_out_as_a_picture(panel: ActivationsPanel) -> None:
    from PySide6.QtGui import QImage

    show(panel, maps_of(1, 2, 3))
    panel.maps.select(1)
    data = panel.maps.drag_data()
    assert data.imageData() == panel.maps.map_image(1)
    file = data.urls()[0].toLocalFile()
    assert file.endswith("resnet18-layer1-1.png")
    saved = QImage(file).convertToFormat(QImage.Format.Format_RGB32)
    assert saved == panel.maps.map_image(1)


def test_smooth_maps_are_blended_within_themselves_alone(panel: ActivationsPanel) -> None:
    maps = np.zeros((2, 6, 6), np.float32)
    maps[0, :, 5] = 1  # its right edge, beside the other map's left one
    maps[0, 0, 0] = 0.5
    maps[1, :, 2] = 1
    show(panel, maps)
    panel.maps.set_tile_size(120)

    def at(channel: int, x: float, y: float) -> tuple[int, ...]:
        tile = panel.maps.tile_rect(channel)
        image = panel.maps.viewport().grab().toImage()
        ratio = image.devicePixelRatio()
        return image.pixelColor(
            int((tile.x() + x * tile.width()) * ratio), int((tile.y() + y * tile.height()) * ratio)
        ).getRgb()[:3]

    low, high = (tuple(colour) for colour in colormap("viridis")[[0, 255]].tolist())
    assert at(0, 0.8, 0.5) == low  # still within the square beside the last one
    panel.set_look(MapsLook(smooth=True))
    assert low != at(0, 0.8, 0.5) != high
    assert at(0, 0.999, 0.5) == high
    assert at(1, 0.001, 0.5) == low
