"""How deep one looks into a network, and which way it is drawn, outlive the window."""

from pathlib import Path

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.hierarchy import default_expansion, expanded_to_depth
from cnn_explorer.gui.state.settings import Settings
from tests.journeys.conftest import Stage, close_stage, open_stage


def network(stage: Stage, name: str) -> None:
    stage.explorer.choose_network(name)
    stage.network_open(name)


def test_open_blocks_and_direction_survive_a_restart(
    qtbot: QtBot, themed: object, tmp_path: Path
) -> None:
    assert themed is not None
    file = tmp_path / "settings.ini"
    stage = open_stage(qtbot, file)
    commands, view = stage.window.commands, stage.window.panels.graph_view
    network(stage, "resnet18")
    commands.collapse_all.trigger()
    commands.deeper.trigger()
    commands.deeper.trigger()
    assert stage.explorer.network is not None
    graph = stage.explorer.network.graph
    two = expanded_to_depth(graph, 2)
    assert stage.explorer.network.expanded == two
    network(stage, "squeezenet1_1")  # left as it is
    network(stage, "lenet5")
    commands.collapse_all.trigger()
    qtbot.mouseClick(view.direction_button, Qt.MouseButton.LeftButton)
    assert commands.left_to_right.isChecked()
    commands.minimap.trigger()
    commands.animate.trigger()
    close_stage(stage)
    assert set(Settings.in_file(file).expansions) == {"resnet18", "lenet5"}

    again = open_stage(qtbot, file)
    commands, view = again.window.commands, again.window.panels.graph_view
    assert again.explorer.network is not None
    # what hides the layer selected opens, whatever was left
    assert again.explorer.network.layout.options.direction == "right"
    assert view.direction_button.isChecked()
    assert commands.left_to_right.isChecked()
    assert not commands.minimap.isChecked()
    assert not commands.animate.isChecked()
    network(again, "resnet18")
    assert again.explorer.network.expanded == two
    assert view.levels_open == 2
    commands.left_to_right.trigger()
    assert again.explorer.network.layout.options.direction == "down"
    close_stage(again)


def test_remembered_blocks_that_do_not_exist(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    settings = Settings.in_file(tmp_path / "settings.ini")
    settings.expansions = {
        "resnet18": {"layer1", "layer9", "", "../x"}, "no such network": {"a"},
    }  # fmt: skip
    settings.save()
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    network(stage, "resnet18")
    shown = stage.explorer.network
    assert shown is not None
    assert "layer1" in shown.expanded
    assert shown.expanded <= set(shown.graph.block)
    assert "layer2" not in shown.expanded
    close_stage(stage)
    assert set(Settings.in_file(tmp_path / "settings.ini").expansions) == {"resnet18"}


def test_the_direction_chosen_while_a_network_opens(stage: Stage) -> None:
    stage.explorer.choose_network("squeezenet1_1")
    stage.window.commands.left_to_right.trigger()
    stage.network_open("squeezenet1_1")
    shown = stage.explorer.network
    assert shown is not None
    assert shown.layout.options.direction == "right"
    assert shown.expanded >= default_expansion(shown.graph)


def test_the_keys_of_the_graph_work_from_anywhere(stage: Stage) -> None:
    network(stage, "resnet18")
    shown = stage.explorer.network
    assert shown is not None
    everything = frozenset(shown.graph.block)
    window, qtbot = stage.window, stage.qtbot
    window.activateWindow()
    window.panels.network_list.focus_search()
    control = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    for key, expanded in (
        (Qt.Key.Key_E, everything),
        (Qt.Key.Key_W, frozenset()),
        (Qt.Key.Key_Down, expanded_to_depth(shown.graph, 1)),
        (Qt.Key.Key_Up, frozenset()),
    ):
        qtbot.keyClick(window, key, control)
        assert stage.explorer.network is not None
        assert stage.explorer.network.expanded == expanded
