"""What hostile files, haste and bad moments do to the window: nothing that a person would notice.

`conftest` fails each of these tests on a Qt warning, an unhandled exception, and on a thread, timer
or window that is left.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.app import Program
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource, torch_hub_checkpoints
from tests.journeys.conftest import Stage, close_stage, open_stage
from tests.journeys.test_window import drop, file_data

LEFT = Qt.MouseButton.LeftButton
DIGIT = resource("samples", "digit-7.png")
PHOTO = resource("samples", "photo-cat.jpg")


def agree(stage: Stage) -> None:
    """What the window shows belongs together, now that all has settled."""
    explorer, panels = stage.explorer, stage.window.panels
    network, answers = explorer.network, explorer.answers
    assert network is not None
    assert panels.graph_view.layout_shown is network.layout
    assert network.layout.options == explorer.drawing_options
    assert explorer.card is network.card
    assert stage.window.windowTitle().startswith(network.card.title)
    assert explorer.layer in {"", *network.graph.layer, *network.graph.block}
    if explorer.picture is None:
        assert answers is None
        return
    assert answers is not None
    assert answers.picture is explorer.picture
    assert answers.card is network.card
    assert answers.trained == network.trained
    badge = panels.answers_panel.untrained_badge
    assert badge.isVisibleTo(panels.answers_panel) == (not network.trained)


@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_hasty_gestures(stage: Stage, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    window, explorer, qtbot, panels = stage.window, stage.explorer, stage.qtbot, stage.window.panels
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    stopped = False

    def network() -> None:
        name = chance.choice(["lenet5", "squeezenet1_1", "resnet18"])
        panels.network_list.network_chosen.emit(name)

    def layer() -> None:
        if explorer.network is not None:
            graph = explorer.network.graph
            panels.graph_view.layer_clicked.emit(chance.choice([*graph.layer, *graph.block]))

    def blocks() -> None:
        if explorer.network is not None:
            known = sorted(explorer.network.graph.block)
            some = chance.sample(known, chance.randint(0, len(known)))
            panels.graph_view.expansion_asked.emit(frozenset(some))

    def toggle() -> None:
        """Opened or closed, and often something else is done while that is still to be seen."""
        view = panels.graph_view
        if view.layout_shown is not None and explorer.network is not None:
            seen = [*view.layout_shown.frames, *view.layout_shown.boxes]
            view.toggle(chance.choice(seen))
            view.canvas.viewport().repaint()
            view.canvas.motion.clock.setCurrentTime(chance.randrange(220))

    def depth() -> None:
        slider = panels.graph_view.depth_slider
        slider.setValue(chance.randint(slider.minimum(), slider.maximum()))

    def graph() -> None:
        commands = window.commands
        chance.choice([
            commands.expand_all, commands.collapse_all, commands.deeper, commands.less_deep,
            commands.fit, commands.full_zoom, commands.zoom_to_selection, commands.left_to_right,
            commands.minimap, commands.animate,
        ]).trigger()  # fmt: skip

    def little_map() -> None:
        small = panels.graph_view.minimap
        if small.isVisible():
            spot = QPoint(chance.randrange(small.width()), chance.randrange(small.height()))
            qtbot.mouseClick(small, LEFT, pos=spot)

    def picture() -> None:
        drop(window, file_data(chance.choice([DIGIT, PHOTO, bad, tmp_path])))

    def paste() -> None:
        image = QImage(chance.randint(1, 40), chance.randint(1, 40), QImage.Format.Format_RGB32)
        image.fill(chance.choice([Qt.GlobalColor.white, Qt.GlobalColor.red]))
        QGuiApplication.clipboard().setImage(image)
        window.commands.paste.trigger()

    def draw() -> None:
        panels.input_panel.show_pad()
        pad = panels.input_panel.pad

        def somewhere() -> QPoint:
            return QPoint(chance.randrange(pad.width()), chance.randrange(pad.height()))

        qtbot.mousePress(pad, LEFT, pos=somewhere())
        for _ in range(chance.randint(1, 10)):
            qtbot.mouseMove(pad, somewhere())
        qtbot.mouseRelease(pad, LEFT, pos=somewhere())

    def key() -> None:
        keys = [Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Space,
                Qt.Key.Key_Backspace]  # fmt: skip
        qtbot.keyClick(QApplication.focusWidget() or window, chance.choice(keys))

    def tab() -> None:
        window.show_layer_tab(chance.randrange(5))

    def size() -> None:
        window.resize(chance.randint(400, 1900), chance.randint(300, 1200))

    def stop() -> None:
        nonlocal stopped
        stopped = stopped or not explorer.idle  # a stopped run has no answer, by right
        explorer.cancel()

    gestures: dict[Callable[[], None], int] = {
        network: 4, layer: 10, blocks: 3, picture: 6, paste: 2, draw: 3, key: 6, tab: 3, size: 1,
        stop: 2, stage.settle: 2, toggle: 8, depth: 3, graph: 6, little_map: 3,
    }  # fmt: skip
    for gesture in chance.choices(list(gestures), list(gestures.values()), k=200):
        gesture()
        for _ in range(chance.randint(0, 3)):
            QApplication.processEvents()
    stage.settle()
    if stopped:
        explorer.open_file(DIGIT)
        stage.settle()
    agree(stage)
    panels.network_list.network_chosen.emit("lenet5")
    stage.network_open("lenet5")
    with qtbot.waitSignal(explorer.activations_shown, timeout=30_000):
        drop(window, file_data(DIGIT))
    stage.settle()
    agree(stage)
    assert explorer.answers is not None
    assert explorer.answers.classes[0].index == 7


@pytest.mark.parametrize("late", ["stopped", "another chosen"])
def test_stopped_when_the_engine_was_already_done(stage: Stage, late: str, tmp_path: Path) -> None:
    """The new network is open in the engine, but the window does not know yet."""
    explorer = stage.explorer
    explorer.open_file(DIGIT)
    stage.settle()
    done = threading.Event()
    worker = explorer._engine._worker
    worker.finished.connect(lambda _outcome: done.set(), Qt.ConnectionType.DirectConnection)
    explorer.choose_network("squeezenet1_1")
    assert done.wait(60)  # no event of the window is delivered meanwhile
    if late == "stopped":
        explorer.cancel()
    else:
        absent = tmp_path / "absent.pth"
        explorer.choose_network("resnet18", absent)
    stage.settle()
    messages: list[str] = []
    explorer.message_shown.connect(lambda message: messages.append(message.text))
    explorer.select_layer("features.conv2")
    stage.settle()
    with stage.qtbot.waitSignal(explorer.activations_shown, timeout=10_000):
        explorer.open_file(resource("samples", "digit-3.png"))
    stage.settle()
    assert messages == []
    agree(stage)
    assert explorer.answers is not None
    assert explorer.answers.classes[0].index == 3


@pytest.mark.parametrize("turns", [0, 1, 2, 5, 20, 60])
def test_closed_at_a_bad_moment(qtbot: QtBot, themed: object, tmp_path: Path, turns: int) -> None:
    """Before the first paint, before the panels, during imports, during an opening."""
    assert themed is not None
    program = Program(Settings.in_file(tmp_path / "settings.ini"), "resnet18", picture=PHOTO)
    program.window.show()
    for _ in range(turns):
        qtbot.wait(1)
    program.window.close()
    program.close()
    program.window.deleteLater()
    assert not program.window.isVisible()


def test_odd_pictures_in_the_window(stage: Stage, tmp_path: Path) -> None:
    explorer = stage.explorer
    explorer.open_file(DIGIT)
    stage.settle()
    photo = Image.open(PHOTO).convert("RGB")
    good: dict[str, Callable[[Path], None]] = {
        "dot.png": Image.new("RGB", (1, 1)).save,
        "line.png": Image.new("RGB", (1, 5000), "red").save,
        "cmyk.jpg": photo.convert("CMYK").save,
        "bits.png": photo.convert("1").save,
        "palette.gif": photo.convert("P").save,
        "grey16.png": Image.fromarray(np.full((9, 7), 40_000, np.uint16)).save,
        "nan.tif": Image.fromarray(np.full((9, 7), np.nan, np.float32)).save,
        "line\nbreak – 猫.png": photo.save,
    }
    for name, save in good.items():
        save(tmp_path / name)
        before = explorer.picture
        with stage.qtbot.waitSignal(explorer.answers_shown, timeout=30_000):
            drop(stage.window, file_data(tmp_path / name))
        stage.settle()
        assert explorer.picture is not before
        agree(stage)
    whole = PHOTO.read_bytes()
    bad = {"half.jpg": whole[: len(whole) // 2], "empty.png": b"", "text.gif": b"hello"}
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
        picture, answers = explorer.picture, explorer.answers
        with stage.qtbot.waitSignal(explorer.message_shown, timeout=30_000) as said:
            drop(stage.window, file_data(tmp_path / name))
        stage.settle()
        assert said.args is not None
        assert said.args[0].level == "error"
        assert "\n" not in said.args[0].text
        assert explorer.picture is picture
        assert explorer.answers is answers


def test_a_damaged_checkpoint_of_torch(stage: Stage) -> None:
    folder = torch_hub_checkpoints()
    folder.mkdir(parents=True)
    name = next(entry.file for entry in card_of("resnet18").weights if not entry.shipped)
    (folder / name).write_bytes(os.urandom(5000))
    explorer = stage.explorer
    with stage.qtbot.waitSignal(explorer.message_shown, timeout=60_000) as said:
        explorer.choose_network("resnet18")
    stage.settle()
    assert said.args is not None
    assert said.args[0].level == "error"
    assert "damaged" in said.args[0].text
    assert explorer.network is not None
    assert explorer.network.card.name == "lenet5"
    assert explorer.card is explorer.network.card
    explorer.open_file(DIGIT)
    stage.settle()
    agree(stage)


def test_settings_of_any_content(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    file = tmp_path / "settings.ini"
    stage = open_stage(qtbot, file)
    close_stage(stage)
    sound = file.read_bytes()
    chance = random.Random(7)
    for _ in range(12):
        damaged = bytearray(sound)
        for _ in range(chance.randint(1, 20)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(1, 256)
        file.write_bytes(damaged)
        settings = Settings.in_file(file)
        program = Program(settings, "lenet5")
        program.window.show()
        assert 300 < program.window.width() < 8000
        assert settings.theme in ("system", "light", "dark")
        assert all(isinstance(path, str) for path in settings.recent)
        program.close()
        program.window.deleteLater()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("words", [["gui"], ["snapshot", "-o", "window.png"]])
@pytest.mark.parametrize("library", ["libQt6Widgets", "libtorch_cpu"])
def test_interrupted_in_the_terminal(tmp_path: Path, words: list[str], library: str) -> None:
    """Ctrl+C ends the window, while it starts and while it works, and nothing is printed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "cnn_explorer", *words],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        maps = Path(f"/proc/{process.pid}/maps")
        while process.poll() is None and library not in maps.read_text():
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert (out, err) == ("", "")
    assert process.returncode in (0, 130, -signal.SIGINT)
    assert not list(tmp_path.glob("*.part"))


def test_started_with_a_folder(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    """What is named on the command line is opened as a drop of it is."""
    assert themed is not None
    settings = Settings.in_file(tmp_path / "settings.ini")
    program = Program(settings, "lenet5", picture=resource("samples"))
    program.window.show()
    try:
        qtbot.waitSignal(program.furnished, timeout=20_000).wait()
        panels = program.window.panels
        assert panels is not None
        qtbot.waitUntil(lambda: len(panels.series.shown.paths) > 5, timeout=20_000)
        qtbot.waitUntil(panels.input_panel.strip.isVisible)
    finally:
        program.close()
        program.window.deleteLater()
