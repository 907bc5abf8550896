"""Whole paths through the program: by mouse, by keyboard alone, and closing in the middle."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote_from_bytes

import numpy as np
import pytest
import torch
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.app import Program
from cnn_explorer.gui.state.network_model import NetworkRole
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.gui.widgets.main_window import MainWindow
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.card import WeightsEntry
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.networks.resnet_cifar import CifarResNet
from cnn_explorer.paths import resource, torch_hub_checkpoints
from tests.journeys.conftest import Stage, close_stage, open_stage

LEFT = Qt.MouseButton.LeftButton


def drop(window: MainWindow, data: QMimeData, place: QPoint | None = None) -> bool:
    """Drag and drop as the platform would deliver it, to whatever widget lies there."""
    point = QPointF(place or window.rect().center())
    target: QWidget = window.childAt(point.toPoint()) or window
    while not target.acceptDrops():
        target = target.parentWidget()
    where = QPointF(target.mapFrom(window, point.toPoint()))
    action, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(where.toPoint(), action, data, LEFT, none)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(where, action, data, LEFT, none)
    QApplication.sendEvent(target, event)
    return event.isAccepted()


def file_data(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def click_layer(stage: Stage, name: str) -> None:
    """Click the middle of a box of the graph, scrolled into sight as a person would."""
    canvas = stage.window.panels.graph_view.canvas
    canvas.bring_into_sight(name)
    place = canvas.mapFromScene(canvas.drawing.rect_of(name).center())
    assert canvas.viewport().rect().contains(place)
    stage.qtbot.mouseClick(canvas.viewport(), LEFT, pos=place)


def click_network(stage: Stage, name: str) -> None:
    """Click a network's row in the list."""
    panel = stage.window.panels.network_list
    before = panel.tree.currentIndex()
    panel.set_current(name)
    place = panel.tree.visualRect(panel.tree.currentIndex()).center()
    panel.tree.setCurrentIndex(before)
    stage.qtbot.mouseClick(panel.tree.viewport(), LEFT, pos=place)


def test_drop_a_digit_read_the_answer_open_a_layer(stage: Stage) -> None:
    window, explorer = stage.window, stage.explorer
    with stage.qtbot.waitSignal(explorer.activations_shown):
        assert drop(window, file_data(resource("samples", "digit-7.png")))
    answers = explorer.answers
    assert answers is not None
    assert answers.trained
    assert answers.classes[0].index == 7
    stage.settle()
    # a click on a layer of the graph shows its channels
    with stage.qtbot.waitSignal(explorer.activations_shown) as shown:
        click_layer(stage, "features.conv2")
    assert shown.args is not None
    maps = shown.args[0].maps
    assert maps.shape == (16, 10, 10)
    assert np.isfinite(maps).all()
    stage.settle()
    assert "16 of 16 channels" in window.panels.activations_panel.header.title.text()


@pytest.mark.parametrize("corner", ["topLeft", "topRight", "bottomLeft", "bottomRight", "center"])
def test_every_place_of_the_window_takes_a_drop(stage: Stage, corner: str) -> None:
    window = stage.window
    place = getattr(window.rect().adjusted(30, 90, -30, -40), corner)()
    with stage.qtbot.waitSignal(stage.explorer.answers_shown):
        assert drop(window, file_data(resource("samples", "digit-3.png")), place)
    stage.settle()


def test_dropped_weights_open_the_network_that_they_fit(stage: Stage, tmp_path: Path) -> None:
    """A ResNet-20 of seven classes, trained elsewhere, dropped while LeNet-5 is on show."""
    model = CifarResNet(20, num_classes=7)
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "mine.th")
    (tmp_path / "mine.txt").write_text("\n".join("abcdefg"), encoding="utf-8")
    with stage.qtbot.waitSignal(stage.explorer.message_shown, timeout=60_000) as said:
        assert drop(stage.window, file_data(tmp_path / "mine.th"))
    stage.network_open("resnet20")
    assert said.args is not None
    assert "mine.th fits ResNet-20, not LeNet-5: opened as ResNet-20" in said.args[0].text
    assert "Plain-20" in said.args[0].text  # which has the very same tensors
    with stage.qtbot.waitSignal(stage.explorer.answers_shown, timeout=60_000) as answered:
        assert drop(stage.window, file_data(resource("samples", "photo-cat.jpg")))
    assert answered.args is not None
    assert {score.name for score in answered.args[0].classes} == set("abcdefg")
    stage.settle()


def test_another_network_classifies_the_same_picture(stage: Stage) -> None:
    explorer = stage.explorer
    with stage.qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "photo-cat.jpg"))
    picture = explorer.picture
    with stage.qtbot.waitSignal(explorer.answers_shown, timeout=60_000) as answered:
        click_network(stage, "alexnet")
    assert answered.args is not None
    answers = answered.args[0]
    assert answers.card.name == "alexnet"
    assert answers.picture is picture
    assert not answers.trained
    assert len(answers.classes) == 1000
    stage.settle()
    assert stage.window.panels.answers_panel.untrained_badge.isVisible()


def test_paste(stage: Stage) -> None:
    image = QImage(str(resource("samples", "digit-5.png")))
    clipboard = QGuiApplication.clipboard()
    clipboard.setImage(image)
    with stage.qtbot.waitSignal(stage.explorer.answers_shown) as answered:
        stage.window.commands.paste.trigger()
    assert answered.args is not None
    assert answered.args[0].classes[0].index == 5
    clipboard.clear()
    stage.window.commands.paste.trigger()
    assert "no picture on the clipboard" in stage.window.panels.message_strip.text()
    stage.settle()


def test_a_bad_file_says_so_and_changes_nothing(stage: Stage, tmp_path: Path) -> None:
    explorer = stage.explorer
    with stage.qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "digit-2.png"))
    stage.settle()
    picture, answers = explorer.picture, explorer.answers
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture at all")
    for path in (bad, tmp_path, tmp_path / "absent.png"):
        # of a folder it is said first that it is looked into
        with stage.qtbot.waitSignal(
            explorer.message_shown, check_params_cb=lambda said: said.level == "error"
        ):
            drop(stage.window, file_data(path))
        assert stage.window.panels.message_strip.isVisible()
        stage.settle()
        assert explorer.picture is picture
        assert explorer.answers is answers
    with stage.qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "digit-3.png"))
    stage.settle()
    assert not stage.window.panels.message_strip.isVisible()


def test_draw_a_digit_and_see_the_answer_change(stage: Stage) -> None:
    pad = stage.window.panels.input_panel.pad
    stage.window.panels.input_panel.show_pad()
    stage.qtbot.waitUntil(pad.isVisible)
    side = min(pad.width(), pad.height())
    centre = pad.rect().center()

    def at(x: float, y: float) -> QPoint:
        return QPoint(int(centre.x() + x * side), int(centre.y() + y * side))

    answers: list[int] = []
    stage.explorer.answers_shown.connect(lambda shown: answers.append(shown.classes[0].index))
    # a one: a single stroke downwards
    stage.qtbot.mousePress(pad, LEFT, pos=at(0.02, -0.3))
    for step in range(1, 31):
        stage.qtbot.mouseMove(pad, at(0.02 - 0.04 * step / 30, -0.3 + 0.6 * step / 30))
    stage.qtbot.mouseRelease(pad, LEFT, pos=at(-0.02, 0.3))
    stage.qtbot.waitUntil(lambda: bool(answers), timeout=30_000)
    stage.settle()
    assert answers[-1] == 1


def test_by_keyboard_alone(stage: Stage, tmp_path: Path) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    key = Qt.Key
    window.activateWindow()
    # find a network
    window.commands.find_network.trigger()
    qtbot.waitUntil(lambda: window.panels.network_list.isAncestorOf(QApplication.focusWidget()))
    qtbot.keyClicks(QApplication.focusWidget(), "alexnet one column")
    qtbot.keyClick(QApplication.focusWidget(), key.Key_Down)
    qtbot.keyClick(QApplication.focusWidget(), key.Key_Return)
    stage.network_open("alexnet")
    # go to the graph and walk to the next layer
    for _ in range(6):
        if window.panels.graph_view.isAncestorOf(QApplication.focusWidget()):
            break
        window.commands.next_panel.trigger()
    assert window.panels.graph_view.isAncestorOf(QApplication.focusWidget())
    before = explorer.layer
    qtbot.keyClick(QApplication.focusWidget(), key.Key_Down)
    qtbot.waitUntil(lambda: explorer.layer != before)
    stage.settle()
    # read the code of the layer, then choose a sample picture
    window.commands.tabs[3].trigger()
    assert window.panels.tabs.currentWidget() is window.panels.code_panel
    for _ in range(6):
        if window.panels.input_panel.isAncestorOf(QApplication.focusWidget()):
            break
        window.commands.next_panel.trigger()
    samples = window.panels.input_panel.samples
    samples.setFocus()
    with qtbot.waitSignal(explorer.answers_shown, timeout=60_000):
        qtbot.keyClick(QApplication.focusWidget(), key.Key_Return)
    stage.settle()
    # export the graph, put the panels back, close
    explorer.export_graph(tmp_path / "graph.svg")
    stage.settle()
    assert (tmp_path / "graph.svg").read_text("utf-8").startswith("<?xml")
    assert "Saved" in window.panels.message_strip.text()


@pytest.mark.parametrize("network", ["vgg16", "densenet121"])
def test_closing_while_a_job_runs(
    qtbot: QtBot, themed: object, tmp_path: Path, network: str
) -> None:
    assert themed is not None
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    stage.explorer.open_file(resource("samples", "photo-cat.jpg"))
    stage.settle()
    stage.explorer.choose_network(network)
    with qtbot.waitSignal(stage.explorer.busy_changed, timeout=60_000):
        pass  # it runs
    assert not stage.explorer.idle
    close_stage(stage)
    assert not stage.window.isVisible()


def test_cancelling_an_opening_keeps_the_old_network(stage: Stage) -> None:
    explorer = stage.explorer
    explorer.choose_network("vgg16")
    with stage.qtbot.waitSignal(explorer.busy_changed, timeout=60_000):
        pass
    explorer.cancel()
    stage.settle()
    assert explorer.network is not None
    assert explorer.network.card.name == "lenet5"
    assert explorer.card is explorer.network.card
    # and it still answers
    with stage.qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "digit-8.png"))
    stage.settle()


def test_panels_come_back_as_they_were_left(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    file = tmp_path / "settings.ini"
    stage = open_stage(qtbot, file, "alexnet")
    stage.window.networks_dock.hide()
    stage.window.show_layer_tab(2)
    stage.window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, stage.window.answers_dock)
    close_stage(stage)
    again = open_stage(qtbot, file)
    window = again.window
    assert not window.networks_dock.isVisible()
    assert window.panels.tabs.currentIndex() == 2
    area = window.dockWidgetArea(window.answers_dock)
    assert area == Qt.DockWidgetArea.LeftDockWidgetArea
    window.reset_panels()
    assert window.networks_dock.isVisible()
    assert window.dockWidgetArea(window.answers_dock) == Qt.DockWidgetArea.RightDockWidgetArea
    close_stage(again)


def test_weights_that_do_not_fit_leave_the_network(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    with stage.qtbot.waitSignal(stage.explorer.message_shown) as said:
        stage.explorer.choose_network("lenet5", file)
    assert said.args is not None
    assert said.args[0].level == "error"
    stage.settle()
    assert stage.explorer.network is not None
    assert stage.explorer.network.trained
    # what went wrong is over when the next opening goes well
    strip = stage.window.panels.message_strip
    assert strip.text().startswith("weights.safetensors ")
    stage.explorer.choose_network("lenet5", version="random")
    stage.settle()
    assert strip.text() == ""


def test_tab_goes_as_one_reads_and_works(stage: Stage) -> None:
    panels = stage.window.panels
    about = panels.about_panel
    expected = [
        panels.network_list.search, panels.network_list.at_hand_button, panels.network_list.tree,
        panels.weights_bar.versions, panels.graph_view.canvas, panels.input_panel,
        panels.answers_panel, panels.tabs.tabBar(), about.other, about.copy_button, about.page,
    ]  # fmt: skip
    order, widget = [], panels.network_list.search
    while True:
        for number, place in enumerate(expected):
            inside = widget is place or (
                place in (panels.input_panel, panels.answers_panel) and place.isAncestorOf(widget)
            )
            if inside and widget.focusPolicy() & Qt.FocusPolicy.TabFocus and number not in order:
                order.append(number)
        widget = widget.nextInFocusChain()
        if widget is panels.network_list.search:
            break
    assert order == sorted(order)
    assert len(order) == len(expected)


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Backtab])
def test_tab_comes_round_and_stops_nowhere_twice(stage: Stage, key: Qt.Key) -> None:
    """Panels pass the keyboard on to a part of theirs; none may keep it for ever."""
    stage.explorer.open_file(resource("samples", "digit-3.png"))
    stage.explorer.select_layer("features.conv1")
    stage.settle()
    with stage.qtbot.waitActive(stage.window):
        stage.window.activateWindow()
    panels = stage.window.panels
    assert panels is not None
    first = panels.network_list.search
    first.setFocus()
    stops: list[QWidget | None] = [QApplication.focusWidget()]
    for _ in range(80):
        stage.qtbot.keyClick(stops[-1], key)
        if QApplication.focusWidget() is first:
            break
        stops.append(QApplication.focusWidget())
    else:
        pytest.fail("Tab does not come back to where it began")
    assert len({id(stop) for stop in stops}) == len(stops)
    for stop in (panels.tabs.tabBar(), panels.activations_panel.maps, panels.graph_view.canvas):
        assert stop in stops


def test_the_layer_has_a_title_only_as_a_window(stage: Stage) -> None:
    """In the window its tabs say what it is, and the room is for what they show."""
    dock, panels = stage.window.layer_dock, stage.window.panels
    assert panels is not None
    corner = panels.tabs.cornerWidget()
    assert dock.titleBarWidget().height() <= 1
    assert corner.isVisible()
    float_button = corner.findChildren(QToolButton)[0]
    assert not float_button.icon().isNull()
    dock.topLevelChanged.emit(True)  # to float it for good is more than the test's platform can
    stage.qtbot.waitUntil(lambda: dock.titleBarWidget().height() > 20)
    assert not corner.isVisible()
    dock.topLevelChanged.emit(False)
    stage.qtbot.waitUntil(lambda: dock.titleBarWidget().height() <= 1)
    assert corner.isVisible()


def test_the_filter_stands_in_the_menu_too(stage: Stage) -> None:
    action = stage.window.commands.only_at_hand
    button = stage.window.panels.network_list.at_hand_button
    action.trigger()
    assert button.isChecked()
    stage.window.panels.network_list.show_all_button.click()
    assert not action.isChecked()


def test_opening_blocks_of_the_graph(stage: Stage) -> None:
    stage.explorer.choose_network("resnet18")
    stage.network_open("resnet18")
    network = stage.explorer.network
    assert network is not None
    everything = frozenset(network.graph.block)
    stage.qtbot.mouseClick(stage.window.panels.graph_view.expand_all_button, LEFT)
    assert stage.explorer.network is not None
    assert set(stage.explorer.network.layout.boxes) == {
        layer.name for layer in network.graph.layers
    }
    # the expansion is remembered when the network comes back
    stage.explorer.choose_network("lenet5")
    stage.network_open("lenet5")
    stage.explorer.choose_network("resnet18")
    stage.network_open("resnet18")
    assert stage.explorer.network.expanded == everything


def test_icons_follow_the_theme(stage: Stage) -> None:
    def darkness() -> float:
        image = stage.window.commands.open.icon().pixmap(18, 18).toImage()
        seen = [image.pixelColor(x, y) for x in range(18) for y in range(18)]
        inked = [colour.lightnessF() for colour in seen if colour.alpha() > 200]
        return sum(inked) / len(inked)

    assert darkness() < 0.5
    stage.window.commands.themes["dark"].trigger()
    stage.qtbot.waitUntil(lambda: darkness() > 0.5)
    stage.window.commands.themes["light"].trigger()
    stage.qtbot.waitUntil(lambda: darkness() < 0.5)
    stage.settle()


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX alone")
def test_a_file_whose_name_is_not_utf8_can_be_dropped(stage: Stage, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/ziffer-\xff %41.png"
    with open(path, "wb") as file:
        file.write(resource("samples", "digit-7.png").read_bytes())
    data = QMimeData()
    data.setUrls([QUrl.fromEncoded(b"file://" + quote_from_bytes(path).encode())])
    with stage.qtbot.waitSignal(stage.explorer.answers_shown) as answered:
        assert drop(stage.window, data)
    assert answered.args is not None
    assert answered.args[0].classes[0].index == 7
    stage.settle()


def test_stopping_while_a_file_is_read_keeps_the_answers(stage: Stage) -> None:
    explorer, panels = stage.explorer, stage.window.panels
    assert panels is not None
    with stage.qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    text = panels.answers_panel.text()
    assert text
    explorer.open_file(resource("samples", "photo-cat.jpg"))
    explorer.cancel()
    stage.settle()
    assert panels.answers_panel.text() == text


def test_the_answer_to_a_file_is_not_taken_for_a_drawing(stage: Stage) -> None:
    explorer = stage.explorer
    shown: list[AnswersShown] = []
    explorer.answers_shown.connect(shown.append)
    file = decode_file(resource("samples", "digit-7.png"))
    drawing = decode_file(resource("samples", "digit-3.png"))
    explorer.show_picture(file)
    explorer.show_picture(drawing, live=True)
    stage.settle()
    assert [answers.picture for answers in shown] == [drawing]
    # and a wiped drawing's answer does not land on the next
    explorer.show_picture(decode_file(resource("samples", "digit-5.png")), live=True)
    explorer.clear_picture()
    stage.settle()
    assert len(shown) == 1


def test_the_graph_is_written_while_the_window_answers(stage: Stage, tmp_path: Path) -> None:
    explorer, strip = stage.explorer, stage.window.panels.message_strip
    for suffix in ("svg", "png", "pdf", "json", "dot"):
        explorer.export_graph(tmp_path / f"graph.{suffix}")
        stage.settle()
        assert (tmp_path / f"graph.{suffix}").stat().st_size > 1000
        assert f"graph.{suffix}" in strip.text()
    explorer.export_graph(tmp_path / "graph.txt")
    stage.settle()
    assert "graph.txt" in strip.text()
    assert not (tmp_path / "graph.txt").exists()
    explorer.export_graph(tmp_path / "stopped.png")
    explorer.cancel()
    stage.settle()
    assert not (tmp_path / "stopped.png").exists()


def test_another_version_of_the_weights(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    stage = open_stage(qtbot, tmp_path / "settings.ini")
    bar, explorer = stage.window.panels.weights_bar, stage.explorer
    with qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    assert bar.versions.currentText().startswith("MNIST")
    layer = explorer.layer
    # random weights, chosen by the keyboard: the same picture and layer, answers without meaning
    stage.window.activateWindow()
    stage.window.commands.choose_weights.trigger()
    qtbot.waitUntil(bar.versions.hasFocus)
    with qtbot.waitSignal(explorer.answers_shown, timeout=60_000) as answered:
        qtbot.keyClick(bar.versions, Qt.Key.Key_Down)
    assert answered.args is not None
    assert not answered.args[0].trained
    stage.settle()
    assert bar.versions.currentText() == "random (untrained)"
    assert stage.window.panels.answers_panel.untrained_badge.isVisible()
    assert explorer.layer == layer
    # another network and back, another start: it stays so
    explorer.choose_network("alexnet-cifar")
    stage.network_open("alexnet-cifar")
    explorer.choose_network("lenet5")
    stage.network_open("lenet5")
    assert not explorer.network.trained
    close_stage(stage)
    again = open_stage(qtbot, tmp_path / "settings.ini")
    assert not again.explorer.network.trained
    # and back to those that came along
    bar = again.window.panels.weights_bar
    with qtbot.waitSignal(again.explorer.answers_shown, timeout=60_000) as answered:
        again.explorer.open_file(resource("samples", "digit-7.png"))
        bar.versions.activated.emit(0)
    assert answered.args[0].classes[0].index == 7
    again.settle()
    close_stage(again)


def open_with_downloads(qtbot: QtBot, tmp_path: Path, name: str, *files: Path) -> Stage:
    """The window with LeNet-5 under another name, whose weights are to be downloaded. What the
    download does is in the name; it copies the first file to the second."""
    lenet = NETWORKS["lenet5"]
    absent = WeightsEntry(
        "Else", "else.safetensors", False, 99.0, size=250_000, url="https://example.org/"
    )
    networks = {name: replace(lenet, name=name, weights=(absent,))}
    script = Path(__file__).parents[1] / "gui" / "fake_download.py"
    program = Program(
        Settings.in_file(tmp_path / "settings.ini"),
        name,
        networks=networks,
        downloader=(sys.executable, str(script), *map(str, files)),
    )
    program.window.resize(1280, 800)
    with qtbot.waitSignal(program.furnished, timeout=60_000):
        program.window.show()
    assert program.explorer is not None
    stage = Stage(program, program.window, program.explorer, qtbot)
    stage.network_open(name)
    return stage


def test_get_weights_and_see_them_at_work(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    there = torch_hub_checkpoints() / "else.safetensors"
    there.parent.mkdir(parents=True)
    come = resource("weights", NETWORKS["lenet5"].weights[0].file)
    stage = open_with_downloads(qtbot, tmp_path, "good", come, there)
    panels, explorer = stage.window.panels, stage.explorer
    row = panels.network_list._networks.index_of("good")
    assert row.data(NetworkRole.BADGE) == "not downloaded"
    assert not explorer.network.trained
    with qtbot.waitSignal(explorer.answers_shown):
        explorer.open_file(resource("samples", "digit-7.png"))
    stage.settle()
    with qtbot.waitSignal(explorer.answers_shown, timeout=60_000) as answered:
        qtbot.mouseClick(panels.weights_bar.get_button, LEFT)
    assert answered.args[0].trained
    assert answered.args[0].classes[0].index == 7
    stage.settle()
    assert row.data(NetworkRole.BADGE) == "downloaded"
    assert panels.weights_bar.get_button.isHidden()
    assert panels.weights_bar.versions.currentText() == "Else · 99.00 % · downloaded"
    close_stage(stage)


def test_closing_while_weights_are_downloaded(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    stage = open_with_downloads(qtbot, tmp_path, "slow")
    panels = stage.window.panels
    qtbot.mouseClick(panels.weights_bar.get_button, LEFT)
    row = panels.network_list._networks.index_of("slow")
    qtbot.waitUntil(lambda: row.data(NetworkRole.BADGE) == "42 %")
    assert panels.weights_bar.cancel_button.isVisible()
    close_stage(stage)


def test_a_download_that_fails_says_why(qtbot: QtBot, themed: object, tmp_path: Path) -> None:
    assert themed is not None
    stage = open_with_downloads(qtbot, tmp_path, "refused")
    panels = stage.window.panels
    qtbot.mouseClick(panels.weights_bar.get_button, LEFT)
    said = "LeNet-5, Else: The server is not there."
    qtbot.waitUntil(lambda: panels.message_strip.text() == said)
    assert panels.weights_bar.get_button.isVisible()
    close_stage(stage)


def test_compare_facts_from_the_keyboard(stage: Stage) -> None:
    stage.window.activateWindow()
    about = stage.window.panels.about_panel
    stage.window.commands.compare_facts.trigger()
    stage.qtbot.waitUntil(about.other.hasFocus)
    assert stage.window.panels.tabs.currentWidget() is about
    stage.qtbot.keyClicks(about.other, "alexnet")
    assert about.facts.isVisible()
    assert "AlexNet" in about.facts.toPlainText()
    # and from a row of the list
    stage.window.panels.network_list.compare_asked.emit("vgg16")
    assert "VGG-16" in about.facts.toPlainText()
    stage.window.panels.network_list.compare_asked.emit("lenet5")
    assert not about.facts.isVisible()
