"""The comparison of architectures: what its views say is what cards, graphs and clocks say."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import ExplorerError, no_checkpoint
from cnn_explorer.graph.architectures import COLUMNS, architectures
from cnn_explorer.graph.model import LayerGraph, LayerNode
from cnn_explorer.graph.stages import ConfigurationTable, StageRow
from cnn_explorer.gui.state import architecture_work
from cnn_explorer.gui.state.architecture_table import ArchitectureFacts, ArchitectureTableModel
from cnn_explorer.gui.state.architecture_work import (
    ForwardsTimed,
    GraphsRead,
    TimeForwards,
    time_networks,
)
from cnn_explorer.gui.state.configuration_model import ConfigurationModel
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.architectures_page import (
    BARS,
    LAYERS,
    SCATTER,
    TABLE,
    ArchitecturesPage,
)
from cnn_explorer.gui.widgets.configuration_grid import broken, rescued, shares
from cnn_explorer.gui.widgets.paper_header import PAD
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.probe.pool import SessionPool, Wanted
from tests.networks.onnx_files import saved, small_net

PATIENCE = 120_000  # ms; a limit, not a wait
SOME = ("vgg16", "alexnet", "resnet20", "inception-a")
ROWS = architectures(NETWORKS[name] for name in SOME)
COLUMN = {column.key: number for number, column in enumerate(COLUMNS)}


def graph_of(name: str) -> LayerGraph:
    """Two layers that stand for a network."""
    conv = LayerNode(
        f"{name}-conv", "", "conv", "Conv2d", ((3, 8, 8),), (4, 8, 8), 112, 7168,
        (("kernel", "3 × 3"), ("out channels", "4")),
    )  # fmt: skip
    head = LayerNode(f"{name}-head", "", "linear", "Linear", ((256,),), (10,), 2570, 2560)
    return LayerGraph(name, (conv, head), (), ())


def wanted(*names: str) -> tuple[Wanted, ...]:
    return tuple(Wanted(NETWORKS[name]) for name in names)


@pytest.fixture
def explorer(qapp: object) -> Iterator[Explorer]:
    """One whose engine does not work: requests wait."""
    del qapp
    made = Explorer()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def page(qtbot: QtBot, themed: object, explorer: Explorer) -> ArchitecturesPage:
    del themed
    made = ArchitecturesPage(ArchitectureFacts(explorer, explorer))
    qtbot.addWidget(made)
    made.resize(1280, 740)
    made.set_networks(SOME)
    made.show()
    return made


def read(explorer: Explorer, *names: str) -> None:
    """The engine's answer: graphs."""
    known = {network: graph_of(name) for network, name in zip(wanted(*names), names, strict=True)}
    explorer.graphs_read.emit(GraphsRead({w: w.card for w in known if w.card}, known, {}))


def cells(page: ArchitecturesPage, key: str) -> list[str]:
    return [str(page.model.index(row, COLUMN[key]).data()) for row in range(page.model.rowCount())]


# the model


def test_rows_are_sorted_with_what_is_not_known_last(qtmodeltester: object) -> None:
    model = ArchitectureTableModel()
    model.set_rows(ROWS)
    qtmodeltester.check(model)  # type: ignore[attr-defined]
    assert [row.name for row in model.rows] == list(SOME)
    kept = [model.index(row, 0) for row in range(4)]
    for order, names in (
        (Qt.SortOrder.AscendingOrder, ["alexnet", "vgg16", "resnet20", "inception-a"]),
        (Qt.SortOrder.DescendingOrder, ["resnet20", "vgg16", "alexnet", "inception-a"]),
    ):
        model.sort(COLUMN["top1"], order)
        assert [row.name for row in model.rows] == names
    assert [model.row_of(name) for name in SOME] == [1, 2, 0, 3]
    model.sort(COLUMN["network"])
    assert cells_of(model) == ["AlexNet", "Inception-A", "ResNet-20", "VGG-16"]
    model.sort(-1)
    assert [row.name for row in model.rows] == list(SOME)
    assert kept == [model.index(row, 0) for row in range(4)]
    assert model.row_of("nobody") == -1
    assert model.name_at(4) == ""


def cells_of(model: ArchitectureTableModel) -> list[str]:
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_more_is_known_and_what_is_selected_stays(qtmodeltester: object) -> None:
    model = ArchitectureTableModel()
    model.set_rows(ROWS)
    qtmodeltester.check(model)  # type: ignore[attr-defined]
    model.sort(COLUMN["forward_ms"], Qt.SortOrder.AscendingOrder)
    kept = model.index(0, 0)  # VGG-16: none is known
    timed = architectures(
        (NETWORKS[name] for name in SOME), times={"vgg16": 20.0, "alexnet": 3.0, "resnet20": 1.0}
    )
    with_reset: list[object] = []
    model.modelReset.connect(lambda: with_reset.append(None))
    keeper = QPersistentModelIndex(kept)
    model.set_rows(timed)
    assert with_reset == []
    assert [row.name for row in model.rows] == ["resnet20", "alexnet", "vgg16", "inception-a"]
    assert keeper.row() == 2


def test_rows_are_copied_and_written(page: ArchitecturesPage) -> None:
    page.table.selectRow(1)
    page.copy()
    heading, line = QGuiApplication.clipboard().text().splitlines()
    assert heading.split("\t")[:3] == ["Network", "Family", "Year"]
    assert line.split("\t")[:5] == ["alexnet", "AlexNet", "2012", "8", "61100840"]
    written = list(csv.DictReader(io.StringIO(page.model.as_csv())))
    assert [row["network"] for row in written] == list(SOME)
    assert written[0]["multiply_adds"] == str(NETWORKS["vgg16"].macs)


# the state


def test_graphs_are_asked_for_when_they_are_looked_at(
    qtbot: QtBot, themed: object, explorer: Explorer
) -> None:
    del themed
    page = ArchitecturesPage(ArchitectureFacts(explorer, explorer))
    qtbot.addWidget(page)
    page.set_networks(SOME)
    assert explorer.idle
    page.show()
    assert not explorer.idle
    assert cells(page, "memory_bytes") == ["–"] * 4
    read(explorer, "vgg16", "alexnet")
    assert cells(page, "memory_bytes") == ["1.06 kB", "1.06 kB", "–", "–"]
    assert cells(page, "parameters")[0] == "2.68 k"  # a graph goes before the card


def test_graphs_that_were_stopped_are_asked_for_again(
    page: ArchitecturesPage, explorer: Explorer
) -> None:
    page.show_view(BARS)
    explorer.cancel()
    assert explorer.idle
    explorer.settled.emit()  # an engine that works says so
    page.show_view(TABLE)
    assert not explorer.idle
    explorer.cancel()
    explorer.settled.emit()
    sentence = "it has no layers."
    explorer.graphs_read.emit(GraphsRead({}, {}, dict.fromkeys(wanted(*SOME), sentence)))
    page.show_view(LAYERS)
    assert explorer.idle  # what cannot be read is not asked for again and again
    assert "cannot be read" in page.empty.text()


def test_names_that_are_none_are_left_out_with_a_message(
    page: ArchitecturesPage, explorer: Explorer
) -> None:
    told: list[str] = []
    explorer.message_shown.connect(lambda message: told.append(message.text))
    page.set_networks(("alexnet", "nothing", "alexnet"))
    assert cells(page, "network") == ["AlexNet"]
    assert len(told) == 1
    assert "nothing" in told[0]


def test_a_network_beside_itself_with_other_weights(page: ArchitecturesPage) -> None:
    card = NETWORKS["resnet20"]
    mine = Wanted(card, weights_file=Path("mine.pt"))
    page.facts.set_wanted(((Wanted(card), ""), (mine, "ResNet-20, mine")))
    assert cells(page, "network") == ["ResNet-20", "ResNet-20, mine"]
    assert cells(page, "weights") == ["CIFAR-10", "mine.pt"]
    page.extent.setCurrentIndex(1)
    assert page.model.rowCount() == len(NETWORKS) + 1


def test_times_come_when_they_are_asked_for(page: ArchitecturesPage, explorer: Explorer) -> None:
    page.measure_button.click()
    assert explorer.is_timing
    assert page.measure_button.text() == "Stop Measuring"
    assert page.status.text() == "Measuring…"
    page.measure_button.click()
    assert not explorer.is_timing
    assert page.measure_button.text() == "Measure Times"
    vgg, alexnet = wanted("vgg16", "alexnet")
    explorer.forwards_timed.emit(ForwardsTimed({vgg: 20.0, alexnet: 3.25}))
    assert cells(page, "forward_ms") == ["20 ms", "3.25 ms", "–", "–"]
    page.set_networks(())
    assert not page.measure_button.isEnabled()


# the views


def test_all_of_the_catalogue_with_the_chosen_ones_marked(page: ArchitecturesPage) -> None:
    page.extent.setCurrentIndex(1)
    assert page.model.rowCount() == len(NETWORKS)
    bold = {
        page.model.name_at(row)
        for row in range(page.model.rowCount())
        if page.model.index(row, 0).data(Qt.ItemDataRole.FontRole) is not None
    }
    assert bold == set(SOME)


def test_bars_of_a_number(page: ArchitecturesPage) -> None:
    page.show_view(BARS)
    plot = page.bars
    assert [row.name for row in plot.rows] == list(SOME)
    assert plot.description(0) == "VGG-16 · Parameters: 138 M"
    page.number.setCurrentIndex(page.number.findData("forward_ms"))
    assert "press Measure Times" in page.empty.text()
    assert page.empty.isVisible()
    page.number.setCurrentIndex(page.number.findData("top1"))
    assert page.data_set.isVisible()
    assert page.data_set.currentText() == "ImageNet"
    assert [row.name for row in plot.rows] == ["vgg16", "alexnet"]
    page.number.setCurrentIndex(page.number.findData("parameters"))
    page.extent.setCurrentIndex(1)
    amounts = [row.parameters for row in plot.rows]
    assert amounts == sorted(amounts, reverse=True)


def test_dots_stand_where_accuracy_and_multiply_adds_are(page: ArchitecturesPage) -> None:
    page.show_view(SCATTER)
    plot = page.scatter
    assert [row.name for row in plot.rows] == ["alexnet", "vgg16"]  # from left to right
    assert "ResNet-20" in page.said.text()
    assert set(plot.labelled()) == {"AlexNet", "VGG-16"}
    left, right = plot.point_of(0), plot.point_of(1)
    assert left.x() < right.x()
    assert left.y() > right.y()
    assert plot.number_at(left) == 0
    assert plot.number_at(QPointF(left.x() + 200, left.y())) == -1
    page.data_set.setCurrentIndex(page.data_set.findText("CIFAR-10"))
    assert [row.name for row in plot.rows] == ["resnet20"]
    page.extent.setCurrentIndex(1)
    assert {row.data_set for row in plot.rows} == {"CIFAR-10"}
    assert "ResNet-20" in plot.labelled()


def test_the_area_of_a_dot_goes_with_the_parameters(page: ArchitecturesPage) -> None:
    page.show_view(SCATTER)
    areas = [spot.size() ** 2 for spot in page.scatter._dots.points()]
    sizes = sorted((NETWORKS[name].parameters for name in ("alexnet", "vgg16")), reverse=True)
    assert sorted(areas, reverse=True)[0] / sorted(areas)[0] == pytest.approx(
        sizes[0] / sizes[1], rel=1e-3
    )


def test_a_click_selects_in_all_views(page: ArchitecturesPage, qtbot: QtBot) -> None:
    told: list[str] = []
    page.network_selected.connect(told.append)
    page.show_view(SCATTER)
    place = page.scatter.point_of(1).toPoint()
    qtbot.mouseClick(page.scatter.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told == ["vgg16"]
    assert page.scatter.selected == "vgg16"
    page.show_view(TABLE)
    assert [index.row() for index in page.table.selectionModel().selectedRows()] == [0]
    page.table.selectRow(2)
    assert told == ["vgg16", "resnet20"]
    page.show_view(BARS)
    assert page.bars.selected == "resnet20"


def test_plots_are_read_with_the_keyboard(page: ArchitecturesPage, qtbot: QtBot) -> None:
    page.show_view(SCATTER)
    qtbot.keyClick(page.scatter, Qt.Key.Key_Home)
    assert page.status.text().startswith("AlexNet · top-1 56.5")
    qtbot.keyClick(page.scatter, Qt.Key.Key_Right)
    qtbot.keyClick(page.scatter, Qt.Key.Key_Return)
    assert page.selected == "vgg16"


def test_layers_side_by_side(page: ArchitecturesPage, explorer: Explorer) -> None:
    page.show_view(LAYERS)
    assert "Reading" in page.empty.text()
    read(explorer, "vgg16", "alexnet")
    model = page.grid.configuration
    assert model.table.columns == ("VGG-16", "AlexNet")
    texts = [str(model.index(row, 0).data()) for row in range(model.rowCount())]
    assert texts == ["3×3 conv, 4\nFC 10", "2.68 k", "9.73 k"]
    page.grid.clearSelection()
    page.copy()
    assert QGuiApplication.clipboard().text() == model.table.text()
    page.grid.selectAll()
    page.copy()
    assert (
        QGuiApplication.clipboard().text().splitlines()[0]
        == "3×3 conv, 4; FC 10\t3×3 conv, 4; FC 10"
    )


def test_the_grid_is_a_model(qtmodeltester: object) -> None:
    model = ConfigurationModel()
    model.set_table(
        ConfigurationTable(
            ("A", "B"),
            (
                StageRow("stride 4", ("55 × 55", "56 × 56"), (("conv",), ("conv", "pool"))),
                StageRow("28 × 28", ("28 × 28", ""), (("FC",), ())),
            ),
        )
    )
    qtmodeltester.check(model)  # type: ignore[attr-defined]
    assert model.index(0, 1).data() == "56 × 56\nconv\npool"
    assert model.index(1, 0).data() == "FC"  # the label has its size
    assert model.headerData(1, Qt.Orientation.Vertical) == "28 × 28"


def test_long_lines_are_broken_between_branches_then_layers() -> None:
    assert broken("3×3 conv, 64", 20) == ("3×3 conv, 64",)
    line = "[1×1, 64] + [1×1, 96 | 3×3, 128] + [1×1, 16]"
    assert broken(line, 24) == ("[1×1, 64] +", "[1×1, 96 | 3×3, 128] +", "[1×1, 16]")
    assert broken(line, 36) == ("[1×1, 64] + [1×1, 96 | 3×3, 128] +", "[1×1, 16]")
    assert broken("[1×1, 96 | 3×3, 128]", 12) == ("[1×1, 96 |", "3×3, 128]")
    assert broken("unbreakable", 4) == ("unbreakable",)


def test_columns_share_the_room() -> None:
    assert shares([], 100, 10) == []
    assert shares([10, 20], 50, 5) == [20, 30]
    assert shares([100, 20, 300], 220, 40) == [90, 40, 90]
    assert shares([100, 100], 60, 80) == [80, 80]  # the rest is scrolled to


# taking away


@pytest.mark.parametrize(
    ("view", "suffixes"),
    [(TABLE, ".csv .png"), (BARS, ".png .svg .csv"), (SCATTER, ".png .svg .csv"),
     (LAYERS, ".csv .png .txt")],
)  # fmt: skip
def test_each_view_is_saved(
    page: ArchitecturesPage, explorer: Explorer, tmp_path: Path, view: int, suffixes: str
) -> None:
    read(explorer, "vgg16", "alexnet")
    page.show_view(view)
    menu = QMenu(page)
    page.save_menu(menu)
    assert len([a for a in menu.actions() if "Save as" in a.text()]) == len(suffixes.split())
    for suffix in suffixes.split():
        path = tmp_path / f"saved{suffix}"
        page.save(path)
        assert page.status.text() == f"Saved as {path}."
        if suffix == ".png":
            assert not QImage(str(path)).isNull()
        else:
            assert "AlexNet" in path.read_text("utf-8") or "alexnet" in path.read_text("utf-8")
    page.save(tmp_path / "nowhere" / "saved.csv")
    assert "Saved" not in page.status.text()


# what it looks like


@pytest.mark.parametrize("look", ["light", "dark"])
def test_all_views_are_drawn_in_both_themes(
    page: ArchitecturesPage,
    explorer: Explorer,
    qtbot: QtBot,
    qapp: QApplication,
    look: theme.ThemeName,
) -> None:
    theme.apply_theme(qapp, look)
    try:
        qtbot.waitUntil(lambda: theme.is_dark(page.palette()) is (look == "dark"))
        read(explorer, *SOME)
        for view in (TABLE, BARS, SCATTER, LAYERS):
            page.show_view(view)
            image = page.grab().toImage()
            assert (image.pixelColor(640, 700).lightnessF() < 0.5) is (look == "dark"), view
    finally:
        theme.apply_theme(qapp, "light")


def test_controls_have_room_for_their_words_between_the_docks(
    page: ArchitecturesPage, explorer: Explorer
) -> None:
    page.resize(676, 690)  # what a window of 1280 x 800 leaves
    read(explorer, *SOME)
    for view in (TABLE, BARS, SCATTER, LAYERS):
        page.show_view(view)
        QApplication.processEvents()
        for control in (page.switch, page.save_button, page.extent, page.number, page.data_set,
                        page.log, page.measure_button):  # fmt: skip
            if control.isVisible():
                assert control.width() >= control.sizeHint().width(), (view, control.toolTip())
                assert control.geometry().right() < page.width()
        # no empty line between the controls and the view
        assert page.said.isVisible() is bool(page.said.text())


def test_the_table_shows_what_counts_without_being_scrolled(
    page: ArchitecturesPage, explorer: Explorer
) -> None:
    page.resize(676, 690)
    read(explorer, *SOME)
    page.show_view(TABLE)
    QApplication.processEvents()
    for number, column in enumerate(COLUMNS):
        end = page.table.columnViewportPosition(number) + page.table.columnWidth(number)
        if column.key in ("network", "year", "parameters", "multiply_adds", "forward_ms", "top1"):
            assert end <= page.table.viewport().width(), column.key


def test_nothing_of_a_layer_is_cut_where_it_can_be_broken(page: ArchitecturesPage) -> None:
    page.resize(676, 690)
    grid = page.grid
    inception = (
        "[1×1, 128] + [1×1, 128 | 3×3, 192] + [1×1, 32 | 3×3, 96] + [3×3 max pool | 1×1, 64]"
    )
    row = StageRow("stride 8", ("",) * 3, (
        ("11×11 conv, 64, stride 4",), (inception,), ("[3×3, 128 | 3×3, 128] × 2",),
    ))  # fmt: skip
    grid.resize(676, 500)
    grid.show_table(ConfigurationTable(("AlexNet", "GoogLeNet", "ResNet-18"), (row, row, row)))
    metrics = QFontMetricsF(grid.font())
    for column in range(3):
        room = grid.columnWidth(column)
        for line in grid.configuration.cell(0, column).lines:
            for part in broken(line, grid.letters(room)):
                assert metrics.horizontalAdvance(part) <= room - 2 * PAD, part


@pytest.mark.parametrize(
    ("used", "needs", "room", "widths"),
    [
        ((100, 100), (100, 100), 240, [120, 120]),  # all have what they need
        ((100, 150), (100, 170), 280, [105, 175]),  # one lacks what is left over
        ((100, 150, 150), (100, 400, 160), 410, [100, 150, 160]),  # the one that lacks least
        ((132, 132), (200, 200), 200, [132, 132]),  # no room at all
    ],
)
def test_room_that_is_left_goes_where_it_helps(
    used: tuple[int, ...], needs: tuple[int, ...], room: int, widths: list[int]
) -> None:
    assert rescued(used, needs, room) == widths


def test_every_control_says_what_it_is_for(page: ArchitecturesPage) -> None:
    controls: tuple[QWidget, ...] = (
        page.extent, page.number, page.data_set, page.log, page.measure_button, page.save_button,
    )  # fmt: skip
    views = tuple(page.switch.button(number) for number in range(4))
    for control in (*controls, *views):
        assert control.toolTip()
        assert control.accessibleName() or getattr(control, "text", str)()
    for control in controls:
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
    # Tab reaches the switch once, the arrow keys go on from there
    assert any(view.focusPolicy() & Qt.FocusPolicy.TabFocus for view in views)
    views[TABLE].setFocus()
    for view in (BARS, SCATTER, LAYERS):
        QTest.keyClick(views[view - 1], Qt.Key.Key_Right)
        assert page.switch.current == view
    for view in (page.table, page.grid):
        assert view.accessibleName()


# with the engine


def test_networks_that_are_too_large_together_are_not_timed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(architecture_work, "TIMED_BYTES", 10_000_000)
    with pytest.raises(ExplorerError, match=r"take 760.9 MB.*more than the 9.5 MB.*fewer"):
        time_networks(TimeForwards(wanted("alexnet", "vgg16")), SessionPool(), no_checkpoint)


def test_timed_networks_stay_open_as_far_as_there_is_room() -> None:
    pool = SessionPool(limit_bytes=0)
    networks = wanted("lenet5", "resnet20")
    timed = time_networks(TimeForwards(networks), pool, no_checkpoint)
    assert set(timed.times) == set(networks)
    assert pool.open == networks[-1:]


def test_graphs_and_times_of_real_networks(
    qtbot: QtBot, themed: object, explorer: Explorer, tmp_path: Path
) -> None:
    del themed
    onnx_file = saved(small_net(), tmp_path / "mine.onnx")
    page = ArchitecturesPage(ArchitectureFacts(explorer, explorer))
    qtbot.addWidget(page)
    page.set_networks(("lenet5", "vgg-cifar", str(onnx_file)))
    page.show()
    explorer.start()
    qtbot.waitUntil(lambda: explorer.idle, timeout=PATIENCE)
    assert cells(page, "parameters")[:2] == ["61.7 k", "2.42 M"]
    assert cells(page, "network")[2] == "mine"
    assert "–" not in cells(page, "memory_bytes")
    page.measure_button.click()
    qtbot.waitUntil(lambda: explorer.idle, timeout=PATIENCE)
    times = [row.forward_ms for row in page.facts.chosen_rows]
    assert all(time is not None and time > 0 for time in times)
    assert page.measure_button.text() == "Measure Times"
    page.show_view(LAYERS)
    assert page.grid.configuration.table.columns[:2] == ("LeNet-5", "VGG for CIFAR-10")
