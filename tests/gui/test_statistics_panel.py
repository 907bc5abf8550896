"""The Statistics tab: what its plots, tables and sentences say is what the arrays hold."""

import csv
import io
import itertools
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from cnn_explorer.graph.model import LayerGraph, LayerNode
from cnn_explorer.gui.state.channel_table import COLUMNS, ChannelTableModel
from cnn_explorer.gui.state.shown import ActivationsShown, ProfileShown
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.statistics_panel import FAILURE_SIGNS, StatisticsPanel
from cnn_explorer.gui.widgets.statistics_plots import SYMBOLS, curve_of
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.probe.failures import FAILURE_KINDS, failures
from cnn_explorer.probe.histogram import histogram_of
from cnn_explorer.probe.profile import Profile
from cnn_explorer.probe.statistics import statistics_of

CARD = NetworkCard(
    name="tiny", title="Tiny", family="LeNet", year=1998, authors="A. Author", paper="P", url="u",
    builder="nowhere:tiny", depth=2, parameters=1, macs=1,
    preprocessing=Preprocessing("photo", 36, 32, (0.5,) * 3, (0.5,) * 3), classes="mnist",
    accuracy="",
)  # fmt: skip
NAMES = tuple(f"layer{block}.conv{number}" for block in (1, 2, 3) for number in range(1, 5))
GRAPH = LayerGraph(
    "tiny",
    tuple(LayerNode(name, "", "conv", "Conv2d", (), (8, 6, 6), 0, 0) for name in NAMES),
    (),
    (),
)
PICTURE = Picture(np.zeros((4, 4, 3), np.uint8), "grey")


def maps_of(seed: int = 1, channels: int = 8, side: int = 6) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(channels, side, side))
    return np.maximum(values, 0).astype(np.float32)


def shown_maps(maps: np.ndarray, layer: str = NAMES[1], names: tuple[str, ...] = ()):
    return ActivationsShown(CARD, True, layer, maps, names)


def shown_profile() -> ProfileShown:
    """Twelve layers, of which the sixth is all zero and the last three explode."""
    outputs = {name: maps_of(number) for number, name in enumerate(NAMES)}
    outputs[NAMES[5]] = np.zeros((8, 6, 6), np.float32)
    for name in NAMES[9:]:
        outputs[name] = outputs[name] * 1e5
    layers = {name: statistics_of(maps) for name, maps in outputs.items()}
    return ProfileShown(GRAPH, PICTURE, True, Profile(layers, failures(layers, {}, {}), {}))


@pytest.fixture
def panel(qtbot, themed):
    assert themed is not None
    made = StatisticsPanel()
    qtbot.addWidget(made)
    made.resize(700, 240)
    made.set_graph(GRAPH)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def deep(panel, qtbot):
    """The panel with its page of all layers, and a profile on it."""
    panel.offer_profile()
    panel.depth_button.click()
    panel.show_profile(shown_profile())
    qtbot.waitUntil(lambda: panel.curves.isVisible() and panel.curves.box.width() > 100)
    return panel


# the layer


def test_empty_it_says_what_to_do(panel):
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Drop a picture and click a layer to see its numbers."
    panel.clear("This is a weight and no layer.")
    assert panel.empty.text() == "This is a weight and no layer."
    panel.show_activations(shown_maps(np.zeros((0, 3, 3), np.float32)))
    assert panel.empty.text() == "This layer's output is empty."
    assert panel.empty.isVisible()


def test_facts_of_the_layer_and_of_a_channel(panel):
    maps = maps_of()
    maps[3] = 0
    panel.show_activations(shown_maps(maps))
    zeros = np.count_nonzero(maps == 0) / maps.size
    assert panel.facts.text() == (
        f"mean {maps.mean():.4g}  ·  deviation {maps.std():.4g}  ·  minimum 0  ·  "
        f"maximum {maps.max():.4g}  ·  zeros {100 * zeros:.0f} %  ·  dead channels 1 of 8  ·  "
        "not finite 0"
    )
    told = []
    panel.channel_chosen.connect(told.append)
    panel.set_channel(5)
    assert told == []  # it was told
    assert panel.header.title.text() == "layer1.conv2 · channel 5"
    assert panel.facts.text().startswith(f"mean {maps[5].mean():.4g}  ·  ")
    assert "dead" not in panel.facts.text()
    assert panel.table.currentIndex().row() == 5
    assert panel.histogram.description(0).startswith("0 to ")
    counts = histogram_of(maps[5])
    assert f"{counts.counts[63]:,} values" in panel.histogram.description(63)
    panel.whole_button.click()
    assert told == [-1]
    assert panel.channel == -1
    assert not panel.table.selectionModel().hasSelection()
    assert not panel.whole_button.isVisible()


def test_a_row_chooses_its_channel(panel, qtbot):
    panel.show_activations(shown_maps(maps_of()))
    told = []
    panel.channel_chosen.connect(told.append)
    panel.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    best = int(maps_of().mean((1, 2)).argmax())
    qtbot.mouseClick(
        panel.table.viewport(),
        Qt.MouseButton.LeftButton,
        pos=panel.table.visualRect(panel.model.index(0, 1)).center(),
    )
    assert told == [best]
    assert panel.channel == best
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert len(told) == 2
    # another picture keeps the channel, another layer does not
    panel.show_activations(shown_maps(maps_of(2)))
    assert panel.channel == told[1]
    panel.show_activations(shown_maps(maps_of(2), NAMES[2]))
    assert panel.channel == -1
    panel.set_channel(99)
    assert panel.channel == -1


def test_values_that_are_not_finite_are_said_and_have_a_column(panel):
    maps = maps_of()
    maps[2, 0, :3] = (np.nan, np.inf, -np.inf)
    panel.show_activations(shown_maps(maps))
    assert panel.facts.text().endswith("not finite 3")
    assert not panel.table.isColumnHidden(6)
    panel.show_activations(shown_maps(np.full((4, 2, 2), np.nan, np.float32)))
    assert panel.facts.text().startswith("mean not a number")
    assert panel.histogram.count == 0
    panel.grab()
    panel.show_activations(shown_maps(maps_of()))
    assert panel.table.isColumnHidden(6)


def test_a_flat_layer_lists_values_and_classes(panel):
    values = np.linspace(-3, 5, 10, dtype=np.float32)
    names = tuple(f"class {index}" for index in range(10))
    panel.show_activations(shown_maps(values, "fc", names))
    assert [panel.table.isColumnHidden(at) for at in range(7)] == [False, False, *[True] * 5]
    assert panel.model.headerData(1, Qt.Orientation.Horizontal) == "Value"
    assert panel.model.index(9, 0).data() == "9 · class 9"
    panel.set_channel(9)
    assert panel.header.title.text() == "fc · channel 9 · class 9"
    assert "dead channels" not in panel.facts.text()


def test_only_what_is_looked_at_is_worked_out(qtbot, monkeypatch):
    asked = []

    def counted(maps):
        asked.append(maps)
        return statistics_of(maps)

    monkeypatch.setattr("cnn_explorer.probe.statistics.statistics_of", counted)
    panel = StatisticsPanel()
    qtbot.addWidget(panel)
    for seed in range(5):
        panel.show_activations(shown_maps(maps_of(seed)))
    panel.offer_profile()
    assert asked == []
    assert panel._histogram is None
    with qtbot.waitExposed(panel):
        panel.show()
    assert len(asked) == 1
    panel.depth_button.click()
    panel.layer_button.click()
    assert len(asked) == 1


def test_pyqtgraph_is_imported_when_a_plot_is_first_shown():
    code = (
        "import sys, cnn_explorer.gui.widgets.panels\n"
        "from PySide6.QtWidgets import QApplication\n"
        "application = QApplication([])\n"
        "from cnn_explorer.gui.widgets.statistics_panel import StatisticsPanel\n"
        "panel = StatisticsPanel(); panel.show()\n"
        "before = 'pyqtgraph' in sys.modules\n"
        "panel.histogram\n"
        "print(before, 'pyqtgraph' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["False", "True"]


# the histogram


def test_bars_are_the_counts(panel):
    maps = maps_of()
    panel.show_activations(shown_maps(maps))
    plot, expected = panel.histogram, histogram_of(maps)
    heights = plot._bars.opts["height"]
    np.testing.assert_allclose(heights, expected.counts / expected.counts.max())
    assert plot.zeros_text == f"exactly 0: {100 * expected.zero_share:.0f} %"
    panel.log_counts.setChecked(True)
    heights = plot._bars.opts["height"]
    ones = heights[expected.counts == 1]
    assert (ones > 0.1).all()  # what is rare is seen
    assert (heights[expected.counts == 0] == 0).all()
    assert plot.left.ticks[0][1] == "0"
    assert [text for _, text in plot.left.ticks][:2] == ["0", "1"]


def test_bins_are_read_by_pointer_and_keys(panel, qtbot):
    maps = maps_of()
    panel.show_activations(shown_maps(maps))
    plot, expected = panel.histogram, histogram_of(maps)
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_End)
    assert plot.read == 63
    low, high = expected.edges[63:]
    said = f"{low:.4g} to {high:.4g}: {expected.counts[63]} values, <1 %"
    assert panel.header.status.text() == plot.accessibleDescription() == said
    qtbot.keyClick(plot, Qt.Key.Key_Left)
    assert plot.read == 62
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert plot.accessibleDescription().endswith(f", and {expected.zeros} that are exactly 0")
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.read == -1
    assert panel.header.status.text() == ""
    for number in (0, 20, 63):
        assert plot.number_at(plot.point_of(number)) == number
    qtbot.mouseMove(plot.viewport(), plot.point_of(20).toPoint())
    assert plot.read == 20
    assert plot.number_at(QPointF(1, 1)) == -1


# the table


def test_the_table_holds_the_numbers_and_sorts(qtmodeltester):
    maps = maps_of()
    maps[4] = 0
    maps[6] = np.nan
    model = ChannelTableModel()
    model.show_channels(statistics_of(maps))
    qtmodeltester.check(model)
    assert model.rowCount() == 8
    assert model.index(4, 5).data() == "100 %"
    assert model.index(2, 1).data() == f"{maps[2].mean():.4g}"
    assert model.index(6, 1).data() == "not a number"
    assert model.index(6, 6).data() == "36"
    kept = [model.index(row, 0) for row in range(8)]
    for order in Qt.SortOrder:
        model.sort(1, order)
        values = [maps[model.channel_at(row)].mean() for row in range(7)]
        assert values == sorted(values, reverse=order == Qt.SortOrder.DescendingOrder)
        assert model.channel_at(7) == 6  # not a number: last
        assert [model.row_of(model.channel_at(row)) for row in range(8)] == list(range(8))
    model.sort(-1)
    assert [model.channel_at(row) for row in range(8)] == list(range(8))
    assert [index.row() for index in kept] == list(range(8))
    assert model.channel_at(8) == model.row_of(8) == model.row_of(-1) == -1
    model.clear()
    assert model.rowCount() == 0


def test_numbers_of_channels_for_people():
    model = ChannelTableModel()
    for value, text in ((1e-7, "1e−7"), (-1.5e10, "−1.5e10"), (0.25, "0.25"), (-3.0, "−3")):
        model.show_channels(statistics_of(np.full((1, 2, 2), value, np.float32)))
        assert model.index(0, 1).data() == text


def test_channels_are_copied_and_saved(panel, qtbot, tmp_path, monkeypatch):
    maps = maps_of()
    panel.show_activations(shown_maps(maps))
    panel.table.setFocus()
    panel.table.selectRow(2)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    heading, line = QGuiApplication.clipboard().text().splitlines()
    assert heading.split("\t") == [column.title for column in COLUMNS]
    assert float(line.split("\t")[1]) == pytest.approx(maps[2].mean())
    file = tmp_path / "channels.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file)[:-4], ""))
    menu = panel.table_menu()
    next(action for action in menu.actions() if "CSV" in action.text()).trigger()
    menu.deleteLater()
    assert panel.header.status.text() == f"Saved as {file}."
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    assert [np.float32(row["Maximum"]) for row in rows] == maps.max((1, 2)).tolist()
    panel.save_table(tmp_path / "no" / "x.csv")
    assert "there is no folder" in panel.header.status.text().lower()


# the depth


def test_the_profile_is_asked_for_when_it_is_looked_at(panel):
    asked = []
    panel.profile_asked.connect(lambda: asked.append(1))
    panel.depth_button.click()
    assert panel.waiting.text().startswith("Drop a picture")
    assert not panel.measure_button.isVisible()
    panel.offer_profile()
    assert asked == [1]
    panel.offer_profile()
    panel.hide()
    panel.show()
    assert asked == [1]
    assert panel.waiting.text().startswith("Reading")
    panel.show_stopped()
    panel.offer_profile()  # clicking a layer does not ask again
    assert asked == [1]
    assert panel.measure_button.isVisible()
    panel.measure_button.click()
    assert asked == [1, 1]
    panel.show_profile(shown_profile())
    assert panel.curves.isVisible()
    # another picture: what was drawn stays, faint, until its own profile is there
    panel.show_profile(None)
    assert panel.curves.box.opacity() < 1
    panel.offer_profile()
    assert asked == [1, 1, 1]
    assert panel.curves.isVisible()
    panel.show_profile(shown_profile())
    assert panel.curves.box.opacity() == 1
    panel.clear_profile()
    assert not panel.curves.isVisible()
    assert panel.curves.count == 0


def test_curves_are_the_numbers(deep):
    for key, log in itertools.product(("mean", "deviation", "extent", "zeros", "dead"), (0, 1)):
        deep.measure.setCurrentIndex(deep.measure.findData(key))
        deep.log_values.setChecked(bool(log))
        plot, layers = deep.curves, list(shown_profile().profile.layers.values())
        x, y = plot._line.getData()
        assert x.tolist() == list(range(12))
        expected = {
            "mean": [numbers.mean for numbers in layers],
            "deviation": [numbers.deviation for numbers in layers],
            "extent": [numbers.mean for numbers in layers],
            "zeros": [numbers.zeros for numbers in layers],
            "dead": [numbers.dead / 8 for numbers in layers],
        }[key]
        np.testing.assert_allclose(y, plot.scale_shown.places(expected))
        assert (np.nanmin(y), np.nanmax(y)) >= (0, 0)
        assert bool(plot.scale_shown.unit) == (bool(log) and key not in ("zeros", "dead"))
        assert deep.log_values.isEnabled() == (key not in ("zeros", "dead"))
        assert len(plot._bands) == (1 if key in ("mean", "extent") else 0)
        plot.grab()


def test_layers_are_read_by_pointer_and_keys_and_chosen(deep, qtbot):
    plot = deep.curves
    told = []
    deep.layer_chosen.connect(told.append)
    qtbot.mouseMove(plot.viewport(), plot.point_of(4).toPoint())
    layers = shown_profile().profile.layers
    said = f"{NAMES[4]} · mean {layers[NAMES[4]].mean:.4g}, deviation "
    assert plot.read == 4
    assert deep.facts.text().startswith(said)
    assert plot.accessibleDescription().startswith(said)
    qtbot.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.point_of(7).toPoint())
    assert told == [NAMES[7]]
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    qtbot.keyClick(plot, Qt.Key.Key_Return)
    assert told == [NAMES[7], NAMES[9]]
    assert "Exploding: The deviation is " in plot.tip(9)
    assert plot.tip(0) == plot.description(0)
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert deep.facts.text() == "12 layers in forward order  ·  4 fail"


def test_failures_are_marked_and_listed(deep, qtbot):
    marks = deep.curves._marks.points()
    assert [round(mark.pos().x()) for mark in marks] == [5, 9, 10, 11]
    assert [mark.symbol() for mark in marks] == ["o", "t1", "t1", "t1"]
    rows = [deep.failures.item(row).text() for row in range(deep.failures.count())]
    assert rows == [f"● all zero · {NAMES[5]}", f"▲ exploding · {NAMES[9]} + 2"]
    assert "nothing of the picture comes through" in deep.failures.item(0).toolTip()
    told = []
    deep.layer_chosen.connect(told.append)
    row = deep.failures.visualItemRect(deep.failures.item(1)).center()
    qtbot.mouseClick(deep.failures.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert told == [NAMES[9]]
    sound = shown_profile().profile
    deep.show_profile(ProfileShown(GRAPH, PICTURE, True, Profile(sound.layers, {}, {})))
    assert not deep.failures.isVisible()
    assert deep.facts.text() == "12 layers in forward order  ·  none fails"


def test_a_profile_of_random_weights_says_so(deep):
    assert deep.header.badge.isHidden()
    profile = shown_profile().profile
    deep.show_profile(ProfileShown(GRAPH, PICTURE, False, profile))
    assert deep.header.badge.isVisible()


def test_every_failure_has_a_sign():
    assert set(SYMBOLS) == set(FAILURE_SIGNS) == set(FAILURE_KINDS)
    assert len(set(SYMBOLS.values())) == len(set(FAILURE_SIGNS.values())) == len(FAILURE_KINDS)


def test_the_selected_layer_is_marked(deep):
    line = deep.curves._selection
    assert not line.isVisible()
    deep.set_selected(NAMES[3])
    assert line.isVisible()
    assert line.value() == 3
    deep.set_selected("layer2")
    assert not line.isVisible()


def test_what_is_not_a_number_breaks_the_curve():
    layers = [statistics_of(maps_of(seed)) for seed in range(3)]
    layers[1] = statistics_of(np.full((8, 6, 6), np.nan, np.float32))
    curve = curve_of(layers, "extent")
    assert np.isnan(curve.values).tolist() == [False, True, False]
    assert np.isnan(curve.all_values).sum() == 3


def test_the_wheel_zooms_and_keys_keep_what_is_read_in_sight(deep, qtbot):
    plot = deep.curves
    plot.show_all()
    assert plot.box.viewRange()[0] == [-0.5, 11.5]
    names = [text for _, text in plot.bottom.ticks]
    assert {"layer1", "layer2", "layer3"} <= set(names)
    place = plot.point_of(0)
    event = QWheelEvent(
        place, plot.mapToGlobal(place.toPoint()).toPointF(), QPoint(), QPoint(0, 1200),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(plot.viewport(), event)
    first, last = plot.box.viewRange()[0]
    assert last - first == pytest.approx(8)  # eight layers at least
    assert plot.number_at(place) == 0  # what is under the pointer stays there
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_End)
    first, last = plot.box.viewRange()[0]
    assert first <= 11 <= last
    qtbot.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=plot.point_of(9).toPoint())
    assert plot.box.viewRange()[0] == [-0.5, 11.5]


# taking away


def test_plots_are_copied_and_saved(deep, qtbot, tmp_path, monkeypatch):
    plot = deep.curves
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    image = QGuiApplication.clipboard().image()
    assert image.size() == plot.size() * 2
    menu = plot.context_menu()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == ["Copy as picture", "Copy numbers", "Save as PNG…", "Save as SVG…",
                     "Save as CSV…"]  # fmt: skip
    for suffix in ("PNG", "SVG", "CSV"):
        file = tmp_path / f"plot.{suffix.lower()}"
        monkeypatch.setattr(
            QFileDialog, "getSaveFileName", lambda *_, file=file: (str(file.with_suffix("")), "")
        )
        next(action for action in menu.actions() if suffix in action.text()).trigger()
        assert deep.header.status.text() == f"Saved as {file}."
    menu.deleteLater()
    assert QImage(str(tmp_path / "plot.png")).size() == plot.size() * 2
    svg = (tmp_path / "plot.svg").read_text("utf-8")
    assert "layer2" in svg
    assert svg.count("<path") > 3
    rows = list(csv.DictReader((tmp_path / "plot.csv").read_text("utf-8").splitlines()))
    assert [row["Layer"] for row in rows] == list(NAMES)
    assert [row["Failure"] for row in rows][5:10] == ["all zero", "", "", "", "exploding"]
    plot.save(tmp_path / "no" / "plot.png")
    assert "there is no folder" in deep.header.status.text().lower()


def test_the_numbers_of_a_histogram(panel):
    maps = maps_of()
    panel.show_activations(shown_maps(maps))
    panel.histogram.copy_numbers()
    rows = list(csv.DictReader(io.StringIO(QGuiApplication.clipboard().text())))
    assert sum(int(row["Count"]) for row in rows) == maps.size
    assert int(rows[64]["Count"]) == (maps == 0).sum()


def test_themes_are_followed(deep):
    app = QApplication.instance()
    before = app.palette()
    try:
        for dark in (True, False):
            app.setPalette(theme.palette_for(dark))
            app.processEvents()
            deep.layer_button.click()
            deep.show_activations(shown_maps(maps_of()))
            for plot in (deep.histogram, deep.curves):
                picture = plot.image()
                assert picture.pixelColor(3, 3).name() == ("#14171c" if dark else "#ffffff")
            colour = theme.kind_colour("conv", dark).name()
            assert deep.curves._line.opts["pen"].color().name() == colour
    finally:
        app.setPalette(before)


def test_any_size_is_drawn(panel):
    panel.show_activations(shown_maps(maps_of()))
    panel.offer_profile()
    panel.show_profile(shown_profile())
    for size in ((208, 120), (700, 200), (1600, 500)):
        panel.resize(*size)
        for button in (panel.layer_button, panel.depth_button):
            button.click()
            panel.grab()


def test_one_layer_alone_is_a_profile_too(deep):
    layers = {"conv": statistics_of(maps_of())}
    deep.show_profile(ProfileShown(GRAPH, PICTURE, True, Profile(layers, {}, {})))
    assert deep.curves.count == 1
    deep.curves.set_read(0)
    deep.grab()
