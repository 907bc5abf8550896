"""What is asked before a graph is saved."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.shown import ExportChoice
from cnn_explorer.gui.widgets.export_dialog import ExportDialog


def dialog_with(qtbot: QtBot, choice: ExportChoice, **more: object) -> ExportDialog:
    options = {"deepest": 3, "thumbnails": True} | more
    dialog = ExportDialog("ResNet-50", choice, **options)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.mark.usefixtures("themed")
def test_it_gives_back_what_stands_there(qtbot: QtBot) -> None:
    choice = ExportChoice(".pdf", "level", 2, "dark", numbers=True, thumbnails=False)
    dialog = dialog_with(qtbot, choice)
    assert dialog.choice() == choice
    dialog.choose("light")
    dialog.choose("all")
    dialog.choose(".png")
    assert dialog.choice() == ExportChoice(".png", "all", 2, "light", True, False)


@pytest.mark.usefixtures("themed")
def test_what_has_no_meaning_cannot_be_chosen(qtbot: QtBot) -> None:
    dialog = dialog_with(qtbot, ExportChoice())
    assert not dialog.level.isEnabled()
    dialog.choose("level")
    assert dialog.level.isEnabled()
    assert dialog.numbers.isEnabled()
    dialog.choose(".json")
    assert not dialog.numbers.isEnabled()
    assert not dialog.thumbnails.isEnabled()
    without = dialog_with(qtbot, ExportChoice(thumbnails=True), thumbnails=False)
    assert not without.thumbnails.isEnabled()
    assert not without.choice().thumbnails


@pytest.mark.usefixtures("themed")
def test_by_keyboard_alone(qtbot: QtBot) -> None:
    dialog = dialog_with(qtbot, ExportChoice())
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    dialog = dialog_with(qtbot, ExportChoice())
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.result() == QDialog.DialogCode.Rejected
