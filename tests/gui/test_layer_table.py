"""The table of layers: its rows, order, filter and files, and the panel around it."""

import csv
import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import BlockNode, GraphEdge, GraphLayout, LayerGraph, LayerNode
from cnn_explorer.graph.numbers import Numbers
from cnn_explorer.gui.state.layer_table import COLUMNS, LayerTableModel, as_csv, as_tabbed, row_of
from cnn_explorer.gui.widgets.layers_panel import LayersPanel
from cnn_explorer.media.save import write_text
from tests.graph.examples import own_graph

UP, DOWN = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
COLUMN = {column.key: number for number, column in enumerate(COLUMNS)}
HOSTILE = '=1+1,"two"\nthree'


def graph_with(last: str = "fc") -> LayerGraph:
    layers = (
        LayerNode("input", "", "input", "", (), (3, 32, 32), 0, 0),
        LayerNode(
            "body.conv2", "body", "conv", "Conv2d", ((3, 32, 32),), (8, 16, 16), 1_176, 301_056,
            (("kernel", "7 × 7"), ("stride", "2"), ("padding", "3")),
        ),
        LayerNode(
            "body.conv10", "body", "conv", "Conv2d", ((8, 16, 16),), (16, 8, 8), 1_168, 73_728,
            (("kernel", "1 × 9"), ("stride", "2 × 1"), ("padding", "1")),
        ),
        LayerNode("body.relu", "body", "activation", "ReLU", ((16, 8, 8),), (16, 8, 8), 0, 0),
        LayerNode(last, "", "linear", "Linear", ((1024,),), (10,), 10_250, 10_240),
        LayerNode("output", "", "output", "", ((10,),), (10,), 0, 0),
    )  # fmt: skip
    names = [layer.name for layer in layers]
    shapes = [layer.out_shape for layer in layers]
    return LayerGraph(
        "small",
        layers,
        (
            BlockNode(
                "body", "", "Sequential", ("body.conv2", "body.conv10", "body.relu"), 2_344,
                374_784, (16, 8, 8),
            ),
        ),
        tuple(map(GraphEdge, names, names[1:], shapes)),
    )  # fmt: skip


GRAPH = graph_with()
NAMES = [layer.name for layer in GRAPH.layers]


def placed(*expanded: str) -> GraphLayout:
    return lay_out(visible(GRAPH, frozenset(expanded)))


@pytest.fixture
def model(qtmodeltester: object) -> LayerTableModel:
    del qtmodeltester
    made = LayerTableModel()
    made.tester = QAbstractItemModelTester(  # type: ignore[attr-defined]
        made, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    made.show_rows(GRAPH, NAMES, Numbers(GRAPH))
    return made


def order(model: LayerTableModel) -> list[str]:
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def test_what_stands_in_a_row(model: LayerTableModel) -> None:
    cells = {
        column.title: str(model.index(1, number).data()) for number, column in enumerate(COLUMNS)
    }
    assert cells == {
        "Name": "body.conv2", "Type": "Conv2d", "Input": "3 × 32 × 32", "Output": "8 × 16 × 16",
        "Kernel": "7 × 7", "Stride": "2", "Padding": "3", "Parameters": "1.18 k",
        "Multiply-adds": "301 k", "Activation memory": "8.19 kB", "Measured time": "–",
        "Receptive field": cells["Receptive field"], "Output stride": cells["Output stride"],
    }  # fmt: skip
    tip = model.index(1, COLUMN["macs"]).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "301,056"


def test_numbers_sort_as_numbers_and_shapes_by_size(model: LayerTableModel) -> None:
    model.sort(COLUMN["macs"], DOWN)
    assert order(model)[:3] == ["body.conv2", "body.conv10", "fc"]
    model.sort(COLUMN["output"], UP)  # 10, 10, 1024, 1024, 2048, 3072 values
    assert order(model) == ["fc", "output", "body.conv10", "body.relu", "body.conv2", "input"]
    model.sort(COLUMN["kernel"], UP)  # 9 values before 49; what has none stands last
    assert order(model)[:2] == ["body.conv10", "body.conv2"]
    model.sort(COLUMN["kernel"], DOWN)
    assert order(model)[:2] == ["body.conv2", "body.conv10"]
    model.sort(COLUMN["name"], UP)  # 2 before 10
    assert order(model) == ["body.conv2", "body.conv10", "body.relu", "fc", "input", "output"]
    model.sort(-1)
    assert order(model) == NAMES


def test_a_row_held_on_to_moves_along(model: LayerTableModel) -> None:
    held = QPersistentModelIndex(model.index(4, COLUMN["macs"]))
    model.sort(COLUMN["macs"], DOWN)
    assert held.row() == 2
    assert held.data() == "10.2 k"


def test_what_is_not_known_stands_last_either_way(model: LayerTableModel) -> None:
    model.show_rows(GRAPH, NAMES, Numbers(GRAPH, {"fc": 2.0, "body.relu": 0.25}))
    for way, first in ((UP, ["body.relu", "fc"]), (DOWN, ["fc", "body.relu"])):
        model.sort(COLUMN["time"], way)
        assert order(model)[:2] == first


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("conv", ["body.conv2", "body.conv10"]),
        ("CONV 7x7", ["body.conv2"]),
        ("8 × 16 × 16", ["body.conv2", "body.conv10"]),  # what goes in counts as well
        ("16x8x8 relu", ["body.relu"]),
        ("nothing", []),
        ("  ", NAMES),
    ],
)
def test_the_filter(model: LayerTableModel, text: str, found: list[str]) -> None:
    model.set_filter(text)
    assert order(model) == found
    assert [model.place_of(name) for name in found] == list(range(len(found)))
    assert model.total == len(NAMES)


def test_a_filter_keeps_the_order(model: LayerTableModel) -> None:
    model.sort(COLUMN["parameters"], DOWN)
    model.set_filter("body")
    assert order(model) == ["body.conv2", "body.conv10", "body.relu"]
    model.set_filter("")
    assert order(model)[0] == "fc"


def test_a_block_has_the_sums_of_its_layers() -> None:
    row = row_of(GRAPH, "body", Numbers(GRAPH, {"body.conv2": 1.5, "body.relu": 0.5, "fc": 9.0}))
    parts = [row_of(GRAPH, name, Numbers(GRAPH)) for name in GRAPH.block["body"].children]
    for key in ("parameters", "macs", "memory"):
        own = row.sort_key(COLUMN[key])
        assert own == sum(part.sort_key(COLUMN[key]) for part in parts)
    assert row.cell(COLUMN["time"]) == "2 ms"


def test_what_sees_the_whole_picture_says_so_in_words() -> None:
    graph = own_graph("resnet18")
    row = row_of(graph, "fc", Numbers(graph))
    at = next(number for number, column in enumerate(COLUMNS) if column.key == "receptive")
    assert row.cell(at) == row.exact(at) == row.plain(at) == "whole picture"
    assert row.sort_key(at) > row_of(graph, "layer4", Numbers(graph)).sort_key(at)


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    graph = graph_with(HOSTILE)
    numbers = Numbers(graph, {HOSTILE: 0.125, "body.conv2": 2.0})
    rows = [row_of(graph, layer.name, numbers) for layer in graph.layers]
    file = tmp_path / "layers.csv"
    write_text(file, as_csv(rows))
    with file.open(encoding="utf-8", newline="") as text:
        back = list(csv.reader(text))
    assert all(len(line) == len(COLUMNS) for line in back)
    assert back[0] == [column.heading for column in COLUMNS]
    assert back[0][COLUMN["memory"]] == "Activation memory (bytes)"
    assert back[0][COLUMN["time"]] == "Measured time (ms)"
    by_name = {line[0]: line for line in back[1:]}
    # whole, behind an apostrophe: no spreadsheet runs it as a formula
    assert by_name["'" + HOSTILE][COLUMN["time"]] == "0.125"
    conv = by_name["body.conv2"]
    assert conv[COLUMN["output"]] == "8x16x16"
    assert conv[COLUMN["kernel"]] == "7x7"
    assert int(conv[COLUMN["macs"]]) == 301_056
    assert int(conv[COLUMN["memory"]]) == 8 * 16 * 16 * 4
    assert conv[COLUMN["time"]] == "2"
    assert by_name["body.relu"][COLUMN["time"]] == ""


def test_lines_to_paste_keep_their_cells() -> None:
    graph = graph_with(HOSTILE)
    text = as_tabbed([row_of(graph, HOSTILE, Numbers(graph))])
    lines = list(csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    assert [len(line) for line in lines] == [len(COLUMNS)] * 2
    assert lines[1][0] == '\'=1+1,"two" three'


def large_graph(layers: int) -> LayerGraph:
    first, *_ = GRAPH.layers
    conv = GRAPH.layer["body.conv2"]
    many = [
        replace(conv, name=f"part{number // 6}.conv{number}", parent="", macs=number * 997)
        for number in range(layers)
    ]
    return LayerGraph("large", (first, *many), (), ())


def test_some_hundred_rows_are_there_and_sorted_at_once() -> None:
    graph = large_graph(710)
    names = [layer.name for layer in graph.layers]
    model = LayerTableModel()

    def took(work: object) -> float:
        begun = time.thread_time()  # what others do on the machine does not count
        work()  # type: ignore[operator]
        return time.thread_time() - begun

    numbers = Numbers(graph)
    fills = sorted(took(lambda: model.show_rows(graph, names, numbers)) for _ in range(5))
    assert fills[2] < 0.05
    for column in range(len(COLUMNS)):
        sorts = sorted(took(lambda column=column: model.sort(column, DOWN)) for _ in range(3))
        assert sorts[1] < 0.05


# the panel


@pytest.fixture
def panel(qtbot: QtBot, themed: object) -> LayersPanel:
    del themed
    made = LayersPanel()
    qtbot.addWidget(made)
    made.resize(900, 280)
    made.show_graph(GRAPH, placed())
    made.show()
    qtbot.waitExposed(made)
    return made


def current(panel: LayersPanel) -> str:
    row = panel.model.row_at(panel.table.currentIndex())
    return row.name if row is not None else ""


def test_the_selection_goes_both_ways(panel: LayersPanel, qtbot: QtBot) -> None:
    chosen: list[str] = []
    panel.layer_chosen.connect(chosen.append)
    panel.set_selected("body.conv10")
    assert current(panel) == "body.conv10"
    assert not chosen  # what is told is not told back
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert chosen == ["body.relu"]
    panel.set_selected("")
    assert current(panel) == ""
    assert not panel.table.selectionModel().hasSelection()


def test_what_the_graph_shows(panel: LayersPanel) -> None:
    panel.set_selected("body.relu")
    panel.scope.setCurrentIndex(1)
    assert [row.name for row in panel.model.rows] == ["input", "body", "fc", "output"]
    assert current(panel) == "body"  # the closed block that hides it
    panel.show_layout(placed("body"))
    assert [row.name for row in panel.model.rows] == NAMES
    assert current(panel) == "body.relu"


def test_sorting_and_filtering_keep_the_selection(panel: LayersPanel) -> None:
    chosen: list[str] = []
    panel.layer_chosen.connect(chosen.append)
    panel.set_selected("body.conv10")
    panel.sort_by(COLUMN["macs"])
    assert order(panel.model)[0] == "body.conv2"  # numbers from the largest
    assert current(panel) == "body.conv10"
    panel.sort_by(COLUMN["macs"])
    assert order(panel.model)[0] == "input"
    panel.filter_field.setText("conv")
    assert current(panel) == "body.conv10"
    assert panel.said == "2 of 6 rows"
    panel.filter_field.setText("relu")
    assert current(panel) == ""
    panel.filter_field.clear()
    assert current(panel) == "body.conv10"
    assert not chosen


def test_copy_and_export(panel: LayersPanel, qtbot: QtBot) -> None:
    panel.table.setFocus()
    panel.set_selected("body.conv2")
    qtbot.keyClick(panel.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["Name", "body.conv2", "body.conv10"]
    panel.filter_field.setText("relu")
    with qtbot.waitSignal(panel.export_asked) as asked:
        panel.export_button.click()
    assert [line[0] for line in csv.reader(io.StringIO(asked.args[0]))] == ["Name", "body.relu"]


def test_everything_is_in_the_menu_of_the_keyboard(panel: LayersPanel) -> None:
    menu = panel.context_menu()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == ["Copy", "Export CSV…", "Measure Time", "Sort by"]
    sort = next(action.menu() for action in menu.actions() if action.menu())
    by_title = {action.text(): action for action in sort.actions()}
    by_title["Parameters"].trigger()
    assert order(panel.model)[0] == "fc"
    by_title["Forward Order"].trigger()
    assert order(panel.model) == NAMES
    menu.deleteLater()


def test_down_goes_from_the_filter_into_the_table(panel: LayersPanel, qtbot: QtBot) -> None:
    panel.filter_field.setFocus()
    qtbot.keyClick(panel.filter_field, Qt.Key.Key_Down)
    assert panel.table.hasFocus()


def test_times_come_in_later(panel: LayersPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.measure_asked):
        panel.measure_button.click()
    panel.set_selected("fc")
    panel.show_times({"fc": 1.25})
    assert panel.table.currentIndex().siblingAtColumn(COLUMN["time"]).data() == "1.25 ms"


def test_a_hidden_table_is_filled_when_it_is_looked_at(panel: LayersPanel) -> None:
    panel.hide()
    panel.clear()
    assert panel.said == ""
    panel.show_graph(GRAPH, placed())
    panel.set_selected("fc")
    assert not panel.model.rows
    panel.show()
    assert current(panel) == "fc"


def test_a_narrow_panel_keeps_its_filter(panel: LayersPanel) -> None:
    panel.resize(panel.minimumSizeHint())
    assert panel.width() == panel.minimumSizeHint().width()
    assert panel.filter_field.width() >= 80
    assert not panel.export_button.isVisible()
    panel.resize(900, 280)
    assert panel.export_button.isVisible()


def test_widths_are_taken_only_when_they_fit(panel: LayersPanel) -> None:
    usual = panel.widths
    wider = tuple(width + 5 for width in usual)
    panel.set_widths(wider)
    assert panel.widths == wider
    for odd in ((), (10,) * len(COLUMNS), (9_999,) * len(COLUMNS), usual[:-1]):
        panel.set_widths(odd)
        assert panel.widths == usual
