"""Shipped networks over a folder of CIFAR-10 pictures: answers, disagreements, similar layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.file_thumbnails import FileThumbnails
from cnn_explorer.gui.state.folder_study import FolderStudy, StudyShown
from cnn_explorer.gui.state.picture_reader import PictureReader
from cnn_explorer.gui.widgets.folder_page import FolderPage
from cnn_explorer.networks.labels import class_names
from cnn_explorer.paths import answers_folder
from cnn_explorer.probe.similarity import load_similarity

PATIENCE = 120_000  # ms; a limit, not a wait
PICTURES = 24


@pytest.fixture
def cifar(shared_data: Path, tmp_path: Path) -> Path:
    """The first pictures of the test set as PNG, in sub-folders called like their classes; the two
    networks differ on some of them."""
    data, folder = shared_data / "cifar10", tmp_path / "cifar"
    labels = np.frombuffer((data / "labels.bin").read_bytes(), np.uint8)[50_000:]
    names = class_names("cifar10")
    with Image.open(data / "test.webp") as sheet:
        strip = sheet.crop((0, 0, 32 * PICTURES, 32)).convert("RGB")
    for number in range(PICTURES):
        path = folder / names[labels[number]] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        strip.crop((32 * number, 0, 32 * number + 32, 32)).save(path)
    (folder / "notes.txt").write_text("not a picture")
    return folder


@dataclass
class Study:
    page: FolderPage
    study: FolderStudy
    explorer: Explorer
    qtbot: QtBot

    def settle(self) -> StudyShown:
        self.qtbot.waitUntil(lambda: self.explorer.idle, timeout=PATIENCE)
        return self.study.shown

    def press(self, button: object) -> None:
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)  # type: ignore[arg-type]


@pytest.fixture
def study(qtbot: QtBot, themed: object, cifar: Path) -> Iterator[Study]:
    """The page with the folder and two networks chosen, nothing run yet."""
    assert themed is not None
    explorer = Explorer()
    explorer.start()
    state = FolderStudy(explorer)
    reader = PictureReader()
    page = FolderPage(state, FileThumbnails(reader, lambda: explorer.idle))
    qtbot.addWidget(page)
    page.resize(1280, 680)
    page.show()
    one = Study(page, state, explorer, qtbot)
    state.set_networks(["resnet20", "plain20"])
    state.open_folder(cifar)
    one.settle()
    yield one
    reader.close()
    explorer.close()


def kept() -> int:
    """How many answers lie in files."""
    return sum(len(file.read_bytes().splitlines()) for file in answers_folder().glob("*.jsonl"))


def test_a_folder_through_two_networks(study: Study, tmp_path: Path) -> None:
    page = study.page
    assert page.head.title.text().endswith("24 pictures  ·  1 skipped  ·  9 sub-folders")
    study.press(page.head.run_button)
    results = study.settle().results
    assert results is not None
    shares = [results.accuracy(network) for network in range(2)]
    assert all(share is not None and share.of == PICTURES for share in shares)
    assert all(share is not None and share.value > 0.7 for share in shares)
    assert kept() == 2 * PICTURES
    # a disagreement is opened in the window
    rows = page.disagreements.model.rowCount()
    assert rows == len(results.disagreements()) > 0
    page.picture_chosen.connect(study.explorer.open_file)
    QTest.mouseClick(page.switch.button(1), Qt.MouseButton.LeftButton)
    view = page.disagreements.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Return)
    study.settle()
    assert study.explorer.picture is not None
    assert study.explorer.picture.source == str(page.disagreements.model.path(0))
    # the layers, and two of them chosen
    QTest.mouseClick(page.switch.button(2), Qt.MouseButton.LeftButton)
    study.press(page.layers.compare_button)
    compared = study.settle().compared
    assert compared is not None
    found = compared.found
    assert (found.pictures, found.layers_a[0], found.layers_b[0]) == (PICTURES, "conv1", "conv1")
    chosen: list[tuple[str, ...]] = []
    page.layers_chosen.connect(lambda *names: chosen.append(names))
    place = page.layers.map.cell_box(2, 1).center().toPoint()
    QTest.mouseClick(page.layers.map, Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert chosen == [("resnet20", found.layers_a[2], "plain20", found.layers_b[1])]
    # and out, as the command line has it
    for name in ("cka.npz", "cka.png", "cka.svg"):
        study.study.save_similarity(tmp_path / name)
        study.settle()
    study.study.save_answers(tmp_path / "answers.csv")
    study.settle()
    again = load_similarity(tmp_path / "cka.npz")
    assert np.array_equal(again.values, found.values, equal_nan=True)
    assert (tmp_path / "cka.png").read_bytes().startswith(b"\x89PNG")
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == PICTURES + 1


def test_stopped_and_gone_on_with(study: Study) -> None:
    page = study.page

    def stop(fraction: float) -> None:
        if fraction > 0.3 and page.head.stop_button.isVisible():
            study.press(page.head.stop_button)

    study.study.progressed.connect(stop)
    study.press(page.head.run_button)
    shown = study.settle()
    study.study.progressed.disconnect(stop)
    assert shown.results is None
    assert shown.stopped_at > 0.3
    before = kept()
    assert 0 < before < 2 * PICTURES
    assert page.head.run_button.text() == "Go on"
    study.press(page.head.run_button)
    results = study.settle().results
    assert results is not None
    assert sum(network.recalled for network in results.networks) == before
    assert all(answer is not None for one in results.networks for answer in one.answers)
    assert kept() == 2 * PICTURES


def test_what_a_person_wants_meanwhile_comes_first(study: Study, cifar: Path) -> None:
    came: list[str] = []
    study.explorer.network_shown.connect(lambda shown: came.append(shown.card.name))
    study.explorer.answers_shown.connect(lambda shown: came.append(shown.picture.name))
    study.study.changed.connect(lambda shown: came.append("compared") if shown.compared else None)
    study.study.compare_layers(0, 1)
    started: list[float] = []

    def wish(fraction: float) -> None:
        if fraction > 0.3 and not started:
            started.append(fraction)
            study.explorer.choose_network("lenet5")
            study.explorer.open_file(next(cifar.glob("*/*.png")))

    study.study.progressed.connect(wish)
    compared = study.settle().compared
    assert started
    assert came[0] == "lenet5"
    assert came[-1] == "compared"
    assert len(came) == 3
    assert compared is not None
    assert compared.found.pictures == PICTURES
    study.study.compare_layers(0, 1)  # from the start, without a break: the same
    whole = study.settle().compared
    assert whole is not None
    assert np.array_equal(whole.found.values, compared.found.values, equal_nan=True)


def test_other_networks_or_another_folder_make_it_pointless(study: Study, tmp_path: Path) -> None:
    said: list[Message] = []
    study.explorer.message_shown.connect(said.append)
    study.study.run()
    study.study.set_networks(["resnet20"])
    shown = study.settle()
    assert shown.results is None
    assert not shown.working
    study.study.run()
    study.study.open_folder(tmp_path / "nowhere")
    shown = study.settle()
    assert (shown.listing, shown.results, shown.working) == (None, None, "")
    assert [message.level for message in said] == ["error"]
    assert "no folder" in said[0].text
    (tmp_path / "empty").mkdir()
    study.study.open_folder(tmp_path / "empty")
    study.settle()
    assert "no pictures" in study.page.empty.text()
    with pytest.raises(ExplorerError):
        study.study.set_networks(["nothing of that name"])


def test_stopping_everything_stops_the_study_too(study: Study) -> None:
    study.study.run()
    study.explorer.cancel()
    shown = study.settle()
    assert not shown.working
    assert shown.results is None
    assert study.page.head.run_button.isEnabled()
