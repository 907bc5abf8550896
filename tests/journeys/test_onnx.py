"""ONNX files in the window: dropped, looked into, told how pictures are, written."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets.onnx_bar import InputDialog
from cnn_explorer.paths import resource
from cnn_explorer.probe.onnx_session import OnnxSession
from tests.journeys.conftest import Stage, close_stage, open_stage
from tests.journeys.test_window import click_layer, click_network, drop, file_data
from tests.networks.onnx_files import LIGHT, light_files, saved, small_net

LEFT = Qt.MouseButton.LeftButton


def drop_onnx(stage: Stage, path: Path) -> None:
    assert drop(stage.window, file_data(path))
    stage.network_open(str(path))


@pytest.mark.parametrize("path", light_files(), ids=lambda path: path.stem)
def test_drop_a_light_model(stage: Stage, path: Path) -> None:
    """Its graph shows, a picture is classified, a layer shows what it makes of it."""
    explorer = stage.explorer
    drop_onnx(stage, path)
    assert explorer.network is not None
    assert explorer.network.onnx is not None
    assert not explorer.network.refusal
    assert stage.window.panels.onnx_bar.isVisible()
    assert not stage.window.panels.weights_bar.isVisible()
    with stage.qtbot.waitSignal(explorer.answers_shown, timeout=60_000):
        explorer.open_file(resource("samples", "photo-cat.jpg"))
    stage.settle()
    assert explorer.answers is not None
    assert len(explorer.answers.classes) == 1000
    assert stage.window.panels.answers_panel.untrained_badge.isVisible()
    conv = next(node for node in explorer.network.graph.layers if node.kind == "conv")
    assert explorer.layer == conv.name
    title = stage.window.panels.activations_panel.header.title.text()
    assert f"of {conv.out_shape[0]} channels" in title


def test_from_an_onnx_file_back_to_the_catalogue(stage: Stage, tmp_path: Path) -> None:
    path = saved(small_net(shape=("n", 3, 32, 32)), tmp_path / "small.onnx")
    explorer, panels = stage.explorer, stage.window.panels
    explorer.open_file(resource("samples", "photo-cat.jpg"))
    stage.settle()
    drop_onnx(stage, path)
    assert "small" in stage.window.windowTitle()
    assert explorer.answers is not None
    assert explorer.answers.classes[0].name.startswith("class ")
    # by the mouse: the convolution, its filters, its text
    click_layer(stage, "conv")
    stage.settle()
    stage.window.show_layer_tab(stage.window.tab_index("code"))
    assert "Conv" in panels.code_panel.code.toPlainText()
    assert "kernel" in {name for name, _ in explorer.network.graph.layer["conv"].attributes}
    click_network(stage, "lenet5")
    stage.network_open("lenet5")
    assert panels.weights_bar.isVisible()
    assert not panels.onnx_bar.isVisible()
    # and the settings do not remember a file that may be gone tomorrow
    assert stage.window._settings.network == "lenet5"


def test_another_input_is_asked_for(stage: Stage, tmp_path: Path) -> None:
    path = saved(small_net(shape=(1, 3, "h", "w")), tmp_path / "any.onnx")
    drop_onnx(stage, path)
    explorer, bar = stage.explorer, stage.window.panels.onnx_bar
    assert "224 × 224" in bar.said.text()
    stage.qtbot.mouseClick(bar.change_button, LEFT)
    (dialog,) = bar.findChildren(InputDialog)
    dialog.size_box.setValue(64)
    dialog.values_box.setCurrentIndex(dialog.values_box.findData("bytes"))
    dialog.order_box.setCurrentIndex(dialog.order_box.findData("bgr"))
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    with stage.qtbot.waitSignal(explorer.network_shown, timeout=60_000):
        stage.qtbot.mouseClick(button, LEFT)
    stage.settle()
    assert bar.said.text() == "3 × 64 × 64, 0 to 255, blue, green, red"
    assert explorer.network is not None
    assert explorer.network.graph.layer["conv"].out_shape == (4, 64, 64)
    with stage.qtbot.waitSignal(explorer.answers_shown, timeout=60_000) as answered:
        explorer.open_file(resource("samples", "photo-cat.jpg"))
    assert answered.args is not None
    assert answered.args[0].prepared.tensor.max() > 100
    stage.settle()


def test_a_bad_file_leaves_everything_as_it_was(stage: Stage, tmp_path: Path) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(small_net().SerializeToString()[:200])
    before = stage.explorer.network
    with stage.qtbot.waitSignal(stage.explorer.message_shown, timeout=60_000) as said:
        assert drop(stage.window, file_data(bad))
    stage.settle()
    assert said.args is not None
    assert said.args[0].level == "error"
    assert said.args[0].text.startswith("bad.onnx is damaged")
    assert stage.explorer.network is before


def test_what_takes_no_picture_says_so(stage: Stage, tmp_path: Path) -> None:
    path = saved(small_net(shape=(1, 3, 16, 20)), tmp_path / "oblong.onnx")
    stage.explorer.open_file(resource("samples", "photo-cat.jpg"))
    stage.settle()
    with stage.qtbot.waitSignal(stage.explorer.message_shown, timeout=60_000) as said:
        drop_onnx(stage, path)
    assert said.args is not None
    assert "20 × 16 pixels, and not square" in said.args[0].text
    assert said.args[0].level == "info"
    click_layer(stage, "relu")
    stage.settle()


def test_its_graph_is_saved_though_a_picture_lies_there(stage: Stage, tmp_path: Path) -> None:
    path = saved(small_net(shape=(1, 3, 16, 20)), tmp_path / "oblong.onnx")
    stage.explorer.open_file(resource("samples", "photo-cat.jpg"))
    stage.settle()
    drop_onnx(stage, path)
    drawing = tmp_path / "oblong.svg"
    with stage.qtbot.waitSignal(stage.explorer.message_shown, timeout=60_000) as said:
        stage.explorer.export_graph(drawing)
    assert said.args is not None
    assert said.args[0].text.startswith("Saved ")
    assert "Conv" in drawing.read_text("utf-8")


def test_a_layer_asked_for_is_brought_to_light(stage: Stage) -> None:
    path = LIGHT / "light_squeezenet.onnx"
    stage.explorer.open_onnx(path, layer="fire2.squeeze1x1")
    stage.network_open(str(path))
    assert stage.explorer.layer == "fire2.squeeze1x1"
    assert "fire2.squeeze1x1" in stage.explorer.network.layout.boxes


def test_open_blocks_of_a_file_are_remembered(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    path = tmp_path / "net.onnx"
    shutil.copy(LIGHT / "light_squeezenet.onnx", path)
    settings = tmp_path / "settings.ini"
    stage = open_stage(qtbot, settings)
    drop_onnx(stage, path)
    stage.explorer.expand(frozenset({"fire2"}))
    close_stage(stage)
    stage = open_stage(qtbot, settings)
    drop_onnx(stage, path)
    assert stage.explorer.network is not None
    assert stage.explorer.network.expanded == {"fire2"}
    # another network of the same name has other blocks
    saved(small_net(), path)
    with qtbot.waitSignal(stage.explorer.network_shown, timeout=60_000):
        assert drop(stage.window, file_data(path))
    stage.settle()
    assert stage.explorer.network.expanded == frozenset()
    assert "relu" in stage.explorer.network.layout.boxes
    close_stage(stage)


def test_export_and_open_again(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer = stage.explorer
    explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    expected = explorer.answers
    path = tmp_path / "mine.onnx"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    with stage.qtbot.waitSignal(explorer.message_shown, timeout=60_000) as said:
        stage.window.commands.export_onnx.trigger()
    assert said.args is not None
    assert "operator set 17" in said.args[0].text
    assert "differ from torch's by" in said.args[0].text
    stage.settle()
    assert OnnxSession.open(path).trained
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    stage.window.commands.open_onnx.trigger()
    stage.network_open(str(path))
    assert explorer.answers is not None
    assert expected is not None
    assert explorer.answers.classes[0].index == expected.classes[0].index == 7
    assert explorer.answers.classes[0].probability == pytest.approx(
        expected.classes[0].probability, abs=1e-4
    )


def test_a_file_that_is_saved_of_it_is_named_after_it(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not after its path, which is the name of its card; and what has no suffix gets one."""
    drop_onnx(stage, saved(small_net(), tmp_path / "my net.onnx"))
    proposed: list[str] = []

    def ask(_parent: object, _title: str, name: str, _kinds: str) -> tuple[str, str]:
        proposed.append(Path(name).name)
        return str(tmp_path / "table"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    stage.window.export_table("name\n")
    assert proposed == ["my net-layers.csv"]
    assert (tmp_path / "table.csv").read_text("utf-8") == "name\n"
