"""The Filters tab: every kind of layer, sorted, seen as a whole, as numbers and as spectra."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox

from cnn_explorer.errors import no_checkpoint
from cnn_explorer.gui.state.shown import FiltersShown
from cnn_explorer.gui.state.workbench import Look, OpenNetwork, Workbench
from cnn_explorer.gui.widgets import filters_panel
from cnn_explorer.gui.widgets.filters_panel import FiltersPanel
from cnn_explorer.gui.widgets.matrix_view import MatrixView
from cnn_explorer.gui.widgets.spectrum_view import SpectrumView
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.probe.filters import Kernels, normalisation_numbers, spectrum_of
from cnn_explorer.probe.results import LayerFilters
from cnn_explorer.text import number_text
from tests.gui.test_panels import CARD

TABLE = ((0, 1), (1, 2, 3), (0, 3), (2,))


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def conv(layer: str, *shape: int, bias: bool = False, **more) -> FiltersShown:
    filters = LayerFilters(
        layer, values(*shape), values(shape[0]) if bias else None, "convolution", **more
    )
    return FiltersShown(CARD, True, layer, filters)


def linear(layer: str, *shape: int, before=None, names=()) -> FiltersShown:
    filters = LayerFilters(layer, values(*shape), values(shape[0]), "linear")
    return FiltersShown(CARD, True, layer, filters, before, names)


def batch_norm(count: int = 12) -> FiltersShown:
    filters = LayerFilters(
        "bn", values(count), values(count) - 1, "normalisation", 1, (), values(count) + 2,
        values(count) ** 2, 1e-5,
    )  # fmt: skip
    return FiltersShown(CARD, True, "bn", filters)


@pytest.fixture
def panel(qtbot, themed):
    assert themed is not None
    panel = FiltersPanel()
    qtbot.addWidget(panel)
    panel.resize(690, 260)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def choose(box: QComboBox, data: str) -> None:
    place = box.findData(data)
    assert place >= 0, data
    box.setCurrentIndex(place)


def offered(panel: FiltersPanel) -> list[str]:
    return [panel.part.itemData(place) for place in range(panel.part.count())]


def hover(panel: FiltersPanel, place: int) -> str:
    panel.maps._hover(panel.maps.tile_rect(place).center())
    return panel.line.text()


# kernels of one output


def test_kernels_are_sorted_by_norm(panel):
    shown = conv("conv2", 6, 9, 3, 3)
    panel.show_filters(shown)
    panel.output.setValue(4)
    norms = np.sqrt((shown.filters.weight[4].astype(np.float64) ** 2).sum(axis=(1, 2)))
    order = np.argsort(-norms)
    panel.maps.select(2)
    choose(panel.sort, "norm")
    assert panel.maps.order.tolist() == order.tolist()
    for channel in order.tolist():
        value = number_text(float(shown.filters.weight[4, channel, 1, 1]))
        assert hover(panel, channel) == f"input {channel} to output 4 · row 1, column 1 · {value}"
    # what was selected still is, wherever it stands now
    assert panel.maps.selected == 2
    panel.output.setValue(5)
    assert panel.maps.selected == 2
    choose(panel.sort, "index")
    assert panel.maps.selected == 2
    assert panel.maps.order.tolist() == list(range(9))


@pytest.mark.parametrize(("output", "first"), [(0, 0), (2, 0), (3, 4), (5, 4)])
def test_inputs_of_groups_have_their_true_numbers(panel, qtbot, output, first):
    shown = conv("conv2", 6, 4, 3, 3, groups=2)
    panel.show_filters(shown)
    assert panel.header.title.text().startswith("conv2 · 6 filters of 4 × 3 × 3 in 2 groups, ")
    panel.output.setValue(output)
    for place in range(4):
        value = number_text(float(shown.filters.weight[output, place, 1, 1]))
        said = f"input {first + place} to output {output} · row 1, column 1 · {value}"
        assert hover(panel, place) == said
    panel.maps.select(1)
    assert panel.maps.accessibleDescription() == f"Selected: input {first + 1} to output {output}."
    assert panel.maps.drag_data().urls()[0].fileName().endswith(f"-output-{output}-{first + 1}.png")
    with qtbot.waitSignal(panel.maps.save_asked) as told:
        panel.maps.save(Path("kernels.png"), None)
    (file,) = told.args
    assert file.names == tuple(str(first + place) for place in range(4))
    assert file.title == f"{CARD.title} · conv2 · output {output}"
    assert file.of == "kernel"
    panel.grab()


def test_a_table_names_the_inputs(panel):
    panel.show_filters(conv("c3", 8, 1, 5, 5, table=TABLE))
    assert panel.header.title.text().startswith("c3 · 4 filters by a table: 8 kernels of 5 × 5, ")
    panel.output.setValue(1)
    assert panel.maps.count == 3
    assert hover(panel, 2).startswith("input 3 to output 1 · ")


def test_depthwise_filters_say_their_input(panel):
    panel.show_filters(conv("dw", 8, 1, 3, 3, groups=4))
    assert offered(panel) == ["weights"]
    assert "each on one input" in panel.header.title.text()
    assert hover(panel, 5).startswith("filter 5 on input 2 · row 1, column 1 · ")


def test_pictures_are_sorted_too(panel):
    shown = conv("conv1", 16, 3, 5, 5)
    panel.show_filters(shown)
    choose(panel.sort, "norm")
    norms = (shown.filters.weight**2).sum(axis=(1, 2, 3))
    assert panel.maps.order[0] == norms.argmax()
    assert hover(panel, norms.argmax()).startswith(
        f"filter {norms.argmax()} · row 2, column 2 · red "
    )


def test_the_quiet_line_tells_numbers(panel):
    shown = conv("conv2", 6, 9, 3, 3)
    panel.show_filters(shown)
    panel.output.setValue(3)
    weight = shown.filters.weight[3].astype(np.float64)
    said = (
        f"output 3 · L2 {number_text(np.sqrt((weight**2).sum()))} · "
        f"L1 {number_text(np.abs(weight).sum())} · mean {number_text(weight.mean())} · "
        f"deviation {number_text(weight.std())}"
    )
    assert panel.line.text() == said
    panel.maps.select(7)
    assert panel.line.text().startswith("input 7 to output 3 · L2 ")
    hover(panel, 1)
    panel.maps._hover(None)
    assert panel.line.text().startswith("input 7 to output 3 · L2 ")


# all of them


@pytest.mark.parametrize("view", ["all", "norms"])
def test_from_the_whole_to_one_kernel(panel, qtbot, view):
    shown = conv("conv2", 6, 4, 3, 3, groups=2, bias=True)
    panel.show_filters(shown)
    assert offered(panel) == ["one", "all", "norms", "biases"]
    choose(panel.part, view)
    assert panel.matrix.isVisible()
    norm = np.sqrt((shown.filters.weight[4, 2].astype(np.float64) ** 2).sum())
    panel.matrix._set_read((4, 6))
    said = f"input 6 to output 4 · L2 norm {number_text(norm)} · "
    assert panel.line.text().startswith(said)
    panel.matrix._set_read((4, 1))
    assert panel.line.text() == "output 4 does not see input 1"
    panel.matrix._set_read((4, 6))
    qtbot.keyClick(panel.matrix, Qt.Key.Key_Return)
    assert panel.part.currentData() == "one"
    assert panel.output.value() == 4
    assert panel.maps.number_of(panel.maps.selected) == 6
    assert panel.maps.hasFocus()


def test_a_click_goes_to_the_kernel_too(panel, qtbot):
    shown = conv("conv2", 6, 8, 3, 3)
    panel.show_filters(shown)
    choose(panel.part, "all")
    view = panel.matrix
    high, wide = (side / view.devicePixelRatioF() for side in view._pitch())
    place = QPointF(8 + 5.4 * wide, 8 + 2.4 * high)
    assert view.cell_at(place) == (2, 5)
    qtbot.mouseMove(view.viewport(), place.toPoint())
    value = number_text(float(shown.filters.weight[2, 5, 1, 1]))
    qtbot.waitUntil(lambda: panel.line.text() == f"input 5 to output 2 · row 1, column 1 · {value}")
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
    assert (panel.output.value(), panel.maps.number_of(panel.maps.selected)) == (2, 5)


def test_the_grid_draws_only_what_is_in_sight(qtbot, monkeypatch):
    view = MatrixView()
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.show()
    kernels = Kernels(values(512, 512, 3, 3))
    view.show_kernels(kernels, 1.0)
    drawn = []
    block = Kernels.block

    def counted(self, rows, columns):
        drawn.append(len(rows) * len(columns))
        return block(self, rows, columns)

    monkeypatch.setattr(Kernels, "block", counted)
    view.grab()
    assert drawn
    assert max(drawn) < 4000
    qtbot.keyClick(view, Qt.Key.Key_End)
    qtbot.keyClick(view, Qt.Key.Key_End)
    qtbot.keyClick(view, Qt.Key.Key_PageDown)
    assert view.read is not None
    assert view.read[0] > 5
    assert view.read[1] == 511
    view.grab()


def test_the_grid_shows_each_weight_at_its_place(qtbot):
    view = MatrixView()
    qtbot.addWidget(view)
    view.resize(300, 200)
    view.show()
    weight = np.full((4, 2, 3, 3), -1, np.float32)
    weight[3, 1, 2, 0] = 1
    view.show_kernels(Kernels(weight, groups=2), 1.0)
    view.set_cell_size(4)
    picture = view.viewport().grab().toImage()
    ratio = picture.devicePixelRatio()

    def colour(row, column, y, x):
        left, top = 8 + (4 * column + x) * 4 + 2, 8 + (4 * row + y) * 4 + 2
        return picture.pixelColor(int(left * ratio), int(top * ratio)).name()

    low, high = colour(0, 0, 0, 0), colour(3, 3, 2, 0)
    ground = view.palette().base().color().name()
    assert len({low, high, ground}) == 3
    for row in range(4):
        for column in range(4):
            there = column // 2 == row // 2
            for y in range(4):
                for x in range(4):
                    expected = low if there and y < 3 and x < 3 else ground
                    if (row, column, y, x) == (3, 3, 2, 0):
                        expected = high
                    assert colour(row, column, y, x) == expected, (row, column, y, x)


# fully connected layers


def test_rows_are_shown_over_the_map_before(panel):
    names = tuple(f"class {number}" for number in range(5))
    shown = linear("fc", 5, 6 * 4 * 3, before=(6, 4, 3), names=names)
    panel.show_filters(shown)
    assert offered(panel) == ["one", "all", "norms", "matrix", "biases"]
    assert panel.header.title.text().startswith("fc · 5 units over 6 maps of 4 × 3, ")
    panel.output.setValue(2)
    assert panel.maps.count == 6
    weight = shown.filters.weight.reshape(5, 6, 4, 3)
    value = number_text(float(weight[2, 5, 2, 1]))
    said = f"input 5 to output 2, class 2 · row 2, column 1 · {value}"
    assert hover(panel, 5) == said
    choose(panel.part, "matrix")
    assert panel.header.title.text().startswith("fc · 5 × 72 weights, ")
    panel.matrix._set_read((2, 71))
    value = number_text(float(shown.filters.weight[2, 71]))
    assert panel.line.text() == f"input 71 to output 2, class 2 · {value}"


def test_one_weight_a_channel_is_a_bar(panel):
    panel.show_filters(conv("dw", 8, 1, 1, 1, groups=8))
    assert panel.bars.isVisible()
    assert panel.header.title.text().startswith("dw · 8 weights, ")


def test_grouped_weights_of_one_pixel_stand_in_their_columns(panel):
    shown = conv("pw", 6, 4, 1, 1, groups=2)
    panel.show_filters(shown)
    assert panel.header.title.text().startswith("pw · 6 × 8 weights in 2 groups, ")
    panel.matrix._set_read((5, 7))
    value = number_text(float(shown.filters.weight[5, 3, 0, 0]))
    assert panel.line.text() == f"input 7 to output 5 · {value}"
    panel.matrix._set_read((0, 7))
    assert panel.line.text() == "output 0 does not see input 7"
    panel.grab()


# normalisation


def test_a_normalisation_is_four_plots(panel):
    shown = batch_norm()
    panel.show_filters(shown)
    numbers = normalisation_numbers(shown.filters)
    assert panel.plots.isVisible()
    assert [bars.isVisible() for bars in panel.plots.bars] == [True] * 4
    assert panel.line.text() == ("(x − running mean) / √(running variance + 1e−5) · γ + β")
    panel.plots.bars[2].set_read(7)
    read = (numbers.scale, numbers.shift, numbers.mean, numbers.variance)
    said = [number_text(float(array[7])) for array in read]
    assert panel.line.text() == (
        "channel 7 · scale γ {} · shift β {} · running mean {} · running variance {}".format(*said)
    )
    assert [bars.read for bars in panel.plots.bars] == [7] * 4
    choose(panel.part, "effective_scale")
    assert panel.bars.isVisible()
    np.testing.assert_array_equal(panel.bars._values, numbers.effective_scale)
    low = number_text(float(numbers.effective_scale.min()))
    assert panel.header.title.text().startswith(f"bn · 12 channels, effective scale, {low} to ")


def test_a_normalisation_without_statistics_has_two_plots(panel):
    filters = LayerFilters("ln", values(8), values(8), "normalisation", eps=1e-6)
    panel.show_filters(FiltersShown(CARD, True, "ln", filters))
    assert offered(panel) == ["plots", "scale", "shift"]
    assert [bars.isVisible() for bars in panel.plots.bars] == [True, True, False, False]
    assert panel.line.text() == "(x − mean) / √(variance + 1e−6) · γ + β"


# beside the weights


def test_the_spectrum_is_that_of_the_selected_kernel(panel, qtbot):
    shown = conv("conv2", 6, 9, 5, 5)
    panel.show_filters(shown)
    choose(panel.side_choice, "spectrum")
    assert panel.side.isVisible()
    assert panel.side.empty.text() == "Select a kernel to see its spectrum."
    choose(panel.sort, "norm")
    panel.maps.select(3)
    expected = spectrum_of(shown.filters.weight[0, 3])
    view = panel.side.spectrum
    assert view.isVisible()
    np.testing.assert_array_equal(view._spectrum.magnitude, expected.magnitude)
    assert panel.side.caption.text().startswith("input 3 to output 0 · peak at ")
    qtbot.keyClick(view, Qt.Key.Key_Right)
    qtbot.keyClick(view, Qt.Key.Key_Right)
    value = number_text(float(expected.magnitude[32, 33]))
    assert panel.line.text() == (
        f"horizontal 0.01562, vertical 0, together 0.01562 cycles per pixel · {value}"
    )
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert panel.line.text().startswith("input 3 to output 0 · L2 ")
    choose(panel.part, "all")
    assert panel.side.empty.isVisible()


def test_the_spectrum_has_its_strongest_place_lit(qtbot):
    view = SpectrumView()
    qtbot.addWidget(view)
    view.resize(260, 260)
    view.show()
    wave = np.cos(2 * np.pi * 0.25 * np.arange(16, dtype=np.float32))
    view.show_spectrum(spectrum_of(np.tile(wave, (16, 1))))
    box = view._plot()
    assert box.right() < view.width()
    assert box.bottom() + 2 * view.fontMetrics().height() < view.height()
    picture = view.grab().toImage()
    ratio = picture.devicePixelRatio()

    def light(x, y):
        place = box.left() + (x + 0.5) * box.width(), box.top() + (y + 0.5) * box.height()
        return picture.pixelColor(*(int(value * ratio) for value in place)).lightness()

    assert light(0.25, 0) > 180
    assert light(-0.25, 0) > 180
    assert light(0, 0.25) < 40
    place = view.place_at(QPointF(box.left() + 0.75 * box.width(), box.center().y()))
    assert place == (32, 48)
    view.copy()
    assert not QGuiApplication.clipboard().image().isNull()


def test_what_is_shown_is_there_as_numbers(panel):
    shown = conv("conv2", 6, 4, 3, 2, groups=2, bias=True)
    weight = shown.filters.weight
    panel.show_filters(shown)
    choose(panel.side_choice, "numbers")
    panel.output.setValue(5)
    view = panel.side.numbers

    def headings(orientation, count):
        return [view.numbers.headerData(place, orientation) for place in range(count)]

    def numbers():
        return view.numbers.table.values

    np.testing.assert_array_equal(numbers(), weight[5].reshape(4, 6))
    assert headings(Qt.Orientation.Vertical, 2) == ["input 4", "input 5"]
    assert headings(Qt.Orientation.Horizontal, 3) == ["0, 0", "0, 1", "1, 0"]
    panel.maps.select(2)
    np.testing.assert_array_equal(numbers(), weight[5, 2])
    assert panel.side.caption.text() == "input 6 to output 5"
    choose(panel.part, "all")
    np.testing.assert_array_equal(numbers(), weight.reshape(6, -1))
    assert headings(Qt.Orientation.Horizontal, 7)[6] == "1, 0, 0"
    choose(panel.part, "norms")
    norms = np.sqrt((weight**2).sum(axis=(2, 3)))
    np.testing.assert_allclose(numbers()[:3, :4], norms[:3], rtol=1e-5)
    assert np.isnan(numbers()[:3, 4:]).all()
    choose(panel.part, "biases")
    np.testing.assert_array_equal(numbers()[:, 0], shown.filters.bias)
    pictures = conv("conv1", 16, 3, 5, 4)
    panel.show_filters(pictures)
    panel.maps.select(9)
    np.testing.assert_array_equal(numbers(), pictures.filters.weight[9].reshape(15, 4))
    assert headings(Qt.Orientation.Vertical, 6)[4:] == ["red 4", "green 0"]
    norm = batch_norm()
    panel.show_filters(norm)
    np.testing.assert_array_equal(numbers()[:, 0], norm.filters.weight)
    assert headings(Qt.Orientation.Horizontal, 6)[4:] == ["effective scale", "effective shift"]
    panel.show_filters(linear("fc", 5, 7))
    assert numbers().shape == (5, 7)


def test_statistics_lead_to_their_output(panel, qtbot):
    shown = conv("conv2", 6, 9, 3, 3)
    shown.filters.weight[4] *= 7
    panel.show_filters(shown)
    panel.output.setValue(2)
    choose(panel.side_choice, "statistics")
    view = panel.side.statistics
    assert view.current_row == 3
    table = view.numbers.table
    assert table.values.shape == (7, 8)
    assert table.values[0, 2] == pytest.approx(shown.filters.weight.mean(), rel=1e-4)
    assert table.values[5, 1] == pytest.approx(np.sqrt((shown.filters.weight[4] ** 2).sum()))
    view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert panel.output.value() == 4
    panel.output.setValue(0)
    assert view.current_row == 1
    panel.show_filters(conv("conv1", 16, 3, 5, 5))
    view.setCurrentIndex(view.numbers.index(view.numbers.place_of(12), 0))
    assert panel.maps.selected == 11


def test_weights_are_read_bit_by_bit(panel, qtbot, monkeypatch):
    monkeypatch.setattr(filters_panel, "_CHUNK", 100)
    choose(panel.side_choice, "statistics")
    shown = conv("conv2", 30, 9, 3, 3)
    panel.show_filters(shown)
    choose(panel.part, "norms")
    assert panel.header.title.text() == "conv2 · reading the weights…"
    assert panel.side.empty.text() == "Reading the weights…"
    qtbot.waitUntil(lambda: panel.header.title.text().startswith("conv2 · 30 filters of 9 × 3 × 3"))
    assert panel.side.statistics.isVisible()
    norms = panel.matrix._kernels.weight[:, :, 0, 0]
    np.testing.assert_allclose(
        norms, np.sqrt((shown.filters.weight**2).sum(axis=(2, 3))), rtol=1e-5
    )
    panel.show_filters(shown)
    assert panel._scan.isActive()
    panel.hide()  # nobody waits for them now
    assert not panel._scan.isActive()
    panel.show()
    qtbot.waitUntil(lambda: panel.side.statistics.isVisible())
    panel.show_filters(shown)
    panel.clear("")
    assert not panel._scan.isActive()
    assert not panel.side.isVisible()


# what is remembered


def test_choices_stay_from_layer_to_layer(panel):
    panel.show_filters(conv("a", 6, 9, 3, 3, bias=True))
    panel.output.setValue(4)
    choose(panel.part, "norms")
    choose(panel.sort, "norm")
    choose(panel.side_choice, "numbers")
    panel.show_filters(batch_norm())
    choose(panel.part, "mean")
    panel.show_filters(linear("fc", 5, 7))
    assert panel.part.currentData() == "weights"
    choose(panel.part, "biases")
    panel.show_filters(FiltersShown(CARD, True, "relu", None))
    assert not panel.side.isVisible()
    panel.show_filters(conv("b", 6, 9, 3, 3))
    assert panel.part.currentData() == "norms"
    assert panel.side.isVisible()
    assert panel.output.value() == 0
    choose(panel.part, "one")
    assert panel.sort.currentData() == "norm"
    panel.show_filters(conv("a", 6, 9, 3, 3, bias=True))
    assert (panel.part.currentData(), panel.output.value()) == ("one", 4)
    panel.show_filters(batch_norm())
    assert panel.part.currentData() == "mean"
    panel.show_filters(conv("first", 6, 3, 7, 7, bias=True))
    assert panel.part.currentData() == "weights"
    panel.show_filters(linear("fc2", 5, 7))
    assert panel.part.currentData() == "biases"


@pytest.mark.parametrize(
    "shown",
    [
        conv("layer2.0.conv2", 512, 512, 3, 3),
        linear("classifier.0", 4096, 8, before=(2, 2, 2)),
        conv("conv1", 64, 3, 7, 7, bias=True),
        batch_norm(),
    ],
    ids=lambda shown: shown.layer,
)
def test_nothing_in_the_header_is_cut_off(panel, shown):
    panel.show_filters(shown)
    panel.grab()
    for box in (panel.part, panel.sort, panel.scale, panel.side_choice):
        if box.isVisible():
            assert box.width() >= box.sizeHint().width(), box.accessibleName()
    right = panel.header.mapToGlobal(panel.header.rect().topRight()).x()
    for box in (panel.side_choice, panel.tile_slider, panel.bar, panel.output):
        if box.isVisible():
            assert box.mapToGlobal(box.rect().topRight()).x() <= right


def test_the_workbench_tells_the_map_before_and_the_classes():
    bench = Workbench()
    network = bench.perform(OpenNetwork(NETWORKS["lenet5"]), no_checkpoint)
    looked = {
        layer: bench.perform(Look(network.card, network.graph, layer), no_checkpoint).filters
        for layer in ("features.conv2", "classifier.fc3", "classifier.fc5", "output")
    }
    assert looked["classifier.fc3"].map_before == (16, 5, 5)
    assert looked["classifier.fc3"].class_names == ()
    assert looked["classifier.fc5"].map_before is None
    assert looked["classifier.fc5"].class_names == tuple("0123456789")
    assert looked["features.conv2"].filters.kind == "convolution"
    assert looked["output"].filters is None
