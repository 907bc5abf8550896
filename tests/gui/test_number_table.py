"""Numbers in a table: what is shown, sorted and copied is what was given."""

import numpy as np
import pytest
from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication

from cnn_explorer.gui.state import number_table
from cnn_explorer.gui.state.number_table import NumberTable, NumberTableModel
from cnn_explorer.gui.widgets.number_view import NumberView

VALUES = np.array([[0.1, -2], [np.nan, 3], [1e-7, 1 / 3]], np.float32)
DOWN = Qt.SortOrder.DescendingOrder


def texts(model: NumberTableModel) -> list[list[str]]:
    return [
        [model.index(row, column).data() for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def headings(model: NumberTableModel, orientation: Qt.Orientation, count: int) -> list[str]:
    return [model.headerData(section, orientation) for section in range(count)]


def test_the_model_keeps_qts_rules(qtmodeltester):
    model = NumberTableModel()
    model.show_table(NumberTable(VALUES, "input", sortable=True))
    qtmodeltester.check(model)


def test_numbers_are_shown_short_and_told_whole():
    model = NumberTableModel()
    model.show_table(NumberTable(VALUES, "input", np.array([4, 5, 9]), ("a", "b")))
    assert texts(model) == [["0.1", "−2"], ["nan", "3"], ["1e−7", "0.3333"]]
    assert headings(model, Qt.Orientation.Vertical, 3) == ["input 4", "input 5", "input 9"]
    assert headings(model, Qt.Orientation.Horizontal, 2) == ["a", "b"]
    told = model.index(2, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert told == "input 9, b: 0.333333343"
    model.show_table(NumberTable(VALUES))
    assert headings(model, Qt.Orientation.Vertical, 3) == ["0", "1", "2"]


def test_sorting_moves_rows_with_their_headings():
    model = NumberTableModel()
    model.show_table(NumberTable(VALUES, "input", sortable=True))
    kept = model.index(2, 1)
    model.sort(0, DOWN)
    assert [model.row_at(place) for place in range(3)] == [0, 2, 1]  # what is no number is last
    assert headings(model, Qt.Orientation.Vertical, 3) == ["input 0", "input 2", "input 1"]
    assert model.place_of(1) == 2
    model.sort(0)
    assert [model.row_at(place) for place in range(3)] == [2, 0, 1]
    model.sort(-1)
    assert [model.row_at(place) for place in range(3)] == [0, 1, 2]
    assert kept.isValid()
    model.show_table(NumberTable(VALUES))
    model.sort(0)
    assert model.row_at(0) == 0


@pytest.fixture
def view(qtbot):
    view = NumberView()
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    view.show_table(NumberTable(VALUES, "input", sortable=True))
    return view


def test_copies_are_exact(view, qtbot):
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    np.testing.assert_array_equal(np.array(copied, np.float32), VALUES)


def test_a_selection_is_copied_as_it_is_sorted(view, qtbot):
    view.sortByColumn(1, DOWN)
    model = view.numbers
    view.selectionModel().select(
        QItemSelection(model.index(0, 1), model.index(1, 1)),
        QItemSelectionModel.SelectionFlag.ClearAndSelect,
    )
    view.copy()
    assert QGuiApplication.clipboard().text() == "3\n0.333333343\n"
    view.clearSelection()
    qtbot.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    view.copy()
    assert QGuiApplication.clipboard().text().splitlines()[0] == "nan\t3"


def test_too_many_to_copy_is_said(view, qtbot, monkeypatch):
    monkeypatch.setattr(number_table, "MOST_COPIED", 5)
    with qtbot.waitSignal(view.failed) as failed:
        view.copy()
    assert failed.args[0].startswith("6 numbers are too many to copy; select at most 5")


def test_a_person_goes_to_rows_and_the_program_says_nothing(view, qtbot):
    chosen = []
    view.row_chosen.connect(chosen.append)
    view.go_to_row(1)
    assert view.current_row == 1
    assert chosen == []
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert chosen == [2]


def test_a_matrix_of_a_hundred_million_opens_at_once(view):
    huge = np.broadcast_to(np.float32(0.5), (4096, 25088))
    view.show_table(NumberTable(huge, "output"))
    assert view.numbers.columnCount() == 25088
    view.grab()
    assert view.numbers.index(4095, 25087).data() == "0.5"
