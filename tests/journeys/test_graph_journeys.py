"""Ways through the layer graph of a real network, in the real window."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QShortcut
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets.dialogs import show_keys
from cnn_explorer.gui.widgets.export_dialog import ExportDialog
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.theme import is_dark
from tests.journeys.conftest import Stage, close_stage, open_stage

KEY = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
PLAIN = Qt.KeyboardModifier.NoModifier


def press(stage: Stage, key: Qt.Key, modifier: Qt.KeyboardModifier = PLAIN) -> None:
    """Press a key where the keyboard is, and wait for what it does."""
    stage.qtbot.keyClick(QApplication.focusWidget() or stage.window, key, modifier)
    stage.settle()


def walk_down_to(stage: Stage, view: GraphView, name: str) -> None:
    for _ in range(60):
        if view.selected == name:
            return
        press(stage, KEY.Key_Down)
    raise AssertionError(f"no way down leads to {name}")


@pytest.fixture
def resnet50(qtbot: QtBot, themed: object, tmp_path: Path) -> Iterator[Stage]:
    """The window with ResNet-50 open, its weights random."""
    assert themed is not None
    stage = open_stage(qtbot, tmp_path / "settings.ini", "resnet50")
    yield stage
    close_stage(stage)


def test_a_layer_is_reached_coloured_and_saved_by_the_keyboard(
    resnet50: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three levels are opened step by step; the search finds a layer, and its producer; the boxes
    are coloured by multiply-adds, and the drawing is saved as it is shown."""
    stage, explorer = resnet50, resnet50.explorer
    view = stage.window.panels.graph_view

    # stage, run of blocks, block
    view.setFocus(Qt.FocusReason.TabFocusReason)
    press(stage, KEY.Key_Home)
    walk_down_to(stage, view, "layer3.0")
    press(stage, KEY.Key_Backspace)
    assert view.selected == "layer3"
    for block in ("layer3", "layer3.[1-5]", "layer3.5"):
        walk_down_to(stage, view, block)
        assert explorer.network is not None
        assert block not in explorer.network.expanded
        press(stage, KEY.Key_Return)
        assert block in explorer.network.expanded
        press(stage, KEY.Key_Down)
    assert view.selected == explorer.layer == "layer3.5.conv1"

    # all of it closed again, the search opens what hides the layer
    view.collapse_all_button.setFocus(Qt.FocusReason.TabFocusReason)
    press(stage, KEY.Key_Space)
    assert explorer.network.expanded == frozenset()
    press(stage, KEY.Key_F, CONTROL)
    assert view.search_bar.query.hasFocus()
    stage.qtbot.keyClicks(view.search_bar.query, "layer3.5.conv2")
    assert view.search_bar.count.text() == "1 of 1"
    press(stage, KEY.Key_Return)
    assert explorer.layer == view.canvas.selected == "layer3.5.conv2"
    assert explorer.network.expanded == {"layer3", "layer3.[1-5]", "layer3.5"}
    assert [crumb.label for crumb in view.breadcrumbs.crumbs] == [
        "ResNet-50", "layer3", "layer3.1 – 5", "layer3.5", "conv2",
    ]  # fmt: skip

    # Esc takes the search and the halo away; then against the arrows, and back
    press(stage, KEY.Key_Escape)
    assert not view.search_bar.is_open
    assert view.canvas.hasFocus()
    press(stage, KEY.Key_Up, CONTROL)
    assert explorer.layer == view.canvas.selected == "layer3.5.relu1"
    press(stage, KEY.Key_Down, CONTROL)
    assert explorer.layer == "layer3.5.conv2"

    # coloured by multiply-adds
    press(stage, KEY.Key_3, Qt.KeyboardModifier.AltModifier)
    assert view.coloured_by == "macs"
    colouring = view.canvas.drawing.look.colouring
    assert colouring is not None
    graph = explorer.network.graph
    # a 3 x 3 convolution of 256 maps of 14 x 14
    assert graph.layer["layer3.5.conv2"].macs == 256 * 256 * 9 * 14 * 14
    assert colouring.boxes["layer3.5.conv2"].text.startswith("116 M")

    # saved as SVG, with these colours
    file = tmp_path / "resnet50.svg"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    stage.qtbot.keyClick(stage.window, KEY.Key_E, CONTROL)
    (dialog,) = stage.window.findChildren(ExportDialog)
    stage.qtbot.waitUntil(dialog.isVisible)
    stage.qtbot.keyClick(dialog, KEY.Key_Return)
    stage.settle()
    text = file.read_text("utf-8")
    drawn = ElementTree.fromstring(text)
    written = {element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"ResNet-50", "layer3.1 – 5", "conv2", "Multiply-adds"} <= written
    colour = colouring.colour("layer3.5.conv2", dark=is_dark(stage.window.palette()))
    assert colour in text


def test_keys_of_the_graph_are_told_and_work_from_anywhere(stage: Stage) -> None:
    window, view = stage.window, stage.window.panels.graph_view
    keys = {action.text(): action.shortcut().toString() for action in window.commands.with_keys()}
    assert keys["Find Layer…"] == "Ctrl+F"
    assert keys["Find Next"] == "F3"
    assert keys["Find Previous"] == "Shift+F3"
    assert keys["Go to Producer"] == "Ctrl+Up"
    assert keys["Go to Consumer"] == "Ctrl+Down"
    window.activateWindow()
    stage.qtbot.waitUntil(window.isActiveWindow)
    window.panels.network_list.focus_search()
    press(stage, KEY.Key_F, CONTROL)
    stage.qtbot.keyClicks(view.search_bar.query, "conv")
    for _ in range(2):
        press(stage, KEY.Key_F3)
    assert stage.explorer.layer == view.search_bar.found.names[1]
    press(stage, KEY.Key_F3, Qt.KeyboardModifier.ShiftModifier)
    assert stage.explorer.layer == view.search_bar.found.names[0]
    # while there is a message to dismiss with Esc, it closes the search first
    window.say("A message.")
    stage.qtbot.keyClick(view.search_bar.query, KEY.Key_Escape)
    assert not view.search_bar.is_open
    assert window.panels.message_strip.isVisible()
    press(stage, KEY.Key_Escape)
    assert not window.panels.message_strip.isVisible()
    # in a list Ctrl+Up is the list's
    before = stage.explorer.layer
    window.panels.network_list.tree.setFocus()
    press(stage, KEY.Key_Up, CONTROL)
    assert stage.explorer.layer == before
    box = show_keys(window, window.commands)
    for keys in ("Ctrl+Up", "Ctrl+G", "Ctrl+7", "Ctrl+Shift+P", "Shift+←", "Ctrl+0"):
        assert keys in box.text()
    assert box.height() < 700  # fits on a low screen
    box.close()


def test_no_two_keys_of_the_whole_window_are_equal(stage: Stage) -> None:
    window = stage.window
    window.commands.compare.trigger()  # with all that comparing brings
    wide = Qt.ShortcutContext.WindowShortcut
    keys: dict[str, QAction | QShortcut] = {}
    for action in window.findChildren(QAction):
        if action.shortcutContext() != wide or not action.associatedObjects():
            continue
        for sequence in action.shortcuts():
            other = keys.setdefault(sequence.toString(), action)
            assert other is action, f"{sequence.toString()}: {action.text()}"
    for shortcut in window.findChildren(QShortcut):
        if shortcut.context() == wide:
            assert keys.setdefault(shortcut.key().toString(), shortcut) is shortcut
    assert {"F8", "F12", "F5", "Alt+PgDown", "Ctrl+Alt+O", "Ctrl+Alt+V"} <= keys.keys()
