"""The folder page: what it says of a folder, its tables and maps, and everything by keyboard."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import ExplorerError, no_checkpoint
from cnn_explorer.gui.state.disagreement_table import DisagreementTable
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.file_thumbnails import FileThumbnails
from cnn_explorer.gui.state.folder_study import FolderStudy, StudyShown, asked, wanted_named
from cnn_explorer.gui.state.folder_work import (
    AnswerFolder,
    CompareLayers,
    FolderWork,
    LayersCompared,
)
from cnn_explorer.gui.state.picture_reader import PictureReader
from cnn_explorer.gui.widgets.folder_page import FolderPage
from cnn_explorer.gui.widgets.heat_map import HeatMap
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.folder import FolderPicture, Listing, NetworkAnswers, Skipped
from cnn_explorer.probe.folder_results import FolderResults, Share
from cnn_explorer.probe.kept_answers import PictureAnswer
from cnn_explorer.probe.pool import Wanted
from cnn_explorer.probe.similarity import Similarity

pytestmark = pytest.mark.usefixtures("themed")

NETWORKS = asked([wanted_named("resnet20"), wanted_named("plain20")])
NAMES = ("cat", "dog", "frog")


def folder_of(tmp_path: Path) -> Listing:
    """Four pictures in two sub-folders, and a file that is none."""
    pictures = []
    for number, label in enumerate(("cat", "cat", "dog", "dog")):
        path = tmp_path / label / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (32, 24), (60 * number, 0, 90)).save(path)
        pictures.append(FolderPicture(path, label))
    return Listing(tmp_path, tuple(pictures), (Skipped(tmp_path / "a.txt", "It is no picture."),))


def answers(title: str, *likeliest: int, probability: float = 0.9) -> NetworkAnswers:
    said = tuple(PictureAnswer(((one, probability), ((one + 1) % 3, 0.05)), 0.5)
                 for one in likeliest)  # fmt: skip
    return NetworkAnswers(title, NAMES, said, {})


def results_of(listing: Listing) -> FolderResults:
    """One is right of 4 by 3, the other by 2; they disagree on the second and the fourth."""
    first = answers("ResNet-20", 0, 0, 1, 0)
    second = answers("Plain-20", 0, 2, 1, 2, probability=0.6)
    return FolderResults(listing.pictures, (first, second))


def compared() -> LayersCompared:
    values = np.array([[0.9, 0.5, np.nan], [0.25, 1.0, 0.0]])
    found = Similarity(("conv1", "layer1"), ("conv1", "relu", "dead"), values, 40, 8, "ResNet-20",
                       "Plain-20")  # fmt: skip
    return LayersCompared(found, *NETWORKS, ("Plain-20",))


@pytest.fixture
def page(qtbot: QtBot) -> Iterator[FolderPage]:
    explorer = Explorer()  # never started: no engine
    reader = PictureReader()
    page = FolderPage(FolderStudy(explorer), FileThumbnails(reader, lambda: True))
    qtbot.addWidget(page)
    page.resize(1280, 700)
    page.show()
    yield page
    reader.close()
    explorer.close()


def test_it_says_what_to_do(page: FolderPage, tmp_path: Path) -> None:
    assert page.empty.isVisible()
    assert "networks" in page.empty.text()
    page.show_study(StudyShown(NETWORKS))
    assert "Choose a folder" in page.empty.text()
    assert "accuracy" in page.empty.text()
    assert not page.head.run_button.isEnabled()
    page.show_study(StudyShown(NETWORKS, Listing(tmp_path, (), ())))
    assert "no pictures" in page.empty.text()
    page.show_study(StudyShown(NETWORKS, folder_of(tmp_path)))
    assert not page.empty.isVisible()
    assert page.head.run_button.isEnabled()
    assert "Run" in page.disagreements.empty.text()
    assert page.head.title.text().endswith("4 pictures  ·  1 skipped  ·  2 sub-folders")
    assert "a.txt: It is no picture." in page.head.title.toolTip()


def test_run_and_stop_stand_in_one_place(page: FolderPage, tmp_path: Path) -> None:
    listing = folder_of(tmp_path)
    page.show_study(StudyShown(NETWORKS, listing))
    page.activateWindow()
    page.head.run_button.setFocus()
    page.show_study(StudyShown(NETWORKS, listing, working="answer"))
    assert not page.head.run_button.isVisible()
    assert page.head.stop_button.hasFocus()
    page.head.show_progress(0.42)
    assert page.head.percent.text() == "42 %"
    page.show_study(StudyShown(NETWORKS, listing, stopped_at=0.42))
    assert page.head.run_button.hasFocus()
    assert page.head.run_button.text() == "Go on"
    assert page.head.percent.text() == "stopped at 42 %"
    assert "goes on" in page.disagreements.empty.text()


def test_accuracy_agreement_and_disagreements(
    page: FolderPage, tmp_path: Path, qtbot: QtBot
) -> None:
    listing = folder_of(tmp_path)
    page.show_study(StudyShown(NETWORKS, listing, results_of(listing)))
    table = page.numbers.accuracy
    shown = [[table.item(row, column).text() for column in range(4)] for row in range(2)]  # type: ignore[union-attr]
    assert shown == [
        ["ResNet-20", "75.0 %", "100.0 %", "4"], ["Plain-20", "50.0 %", "75.0 %", "4"],
    ]  # fmt: skip
    page.numbers.agreement.setFocus()
    QTest.keyClick(page.numbers.agreement, Qt.Key.Key_Right)
    QTest.keyClick(page.numbers.agreement, Qt.Key.Key_Right)
    assert page.numbers.reading.text() == "ResNet-20 and Plain-20 agree on 2 of 4"
    model = page.disagreements.model
    rows = [[model.index(row, column).data() for column in range(4)] for row in range(2)]
    assert rows == [
        ["1.png", "cat", "✓ cat  90 %", "frog  60 %"], ["3.png", "dog", "cat  90 %", "frog  60 %"],
    ]  # fmt: skip
    opened: list[Path] = []
    page.picture_chosen.connect(opened.append)
    page.show_disagreements()
    view = page.disagreements.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Return)
    place = view.visualRect(model.index(0, 0)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened == [listing.pictures[3].path, listing.pictures[1].path]
    qtbot.waitUntil(lambda: model.index(0, 0).data(Qt.ItemDataRole.DecorationRole) is not None)
    made = model.index(0, 0).data(Qt.ItemDataRole.DecorationRole)
    assert made.pixelColor(40, 40).getRgb()[:3] == (60, 0, 90)


def test_networks_that_agree_and_one_alone(page: FolderPage, tmp_path: Path) -> None:
    listing = folder_of(tmp_path)
    alike = FolderResults(listing.pictures, (answers("A", 0, 0, 1, 1), answers("B", 0, 0, 1, 1)))
    page.show_study(StudyShown(NETWORKS, listing, alike))
    page.show_disagreements()
    assert "agree on every picture" in page.disagreements.empty.text()
    alone = FolderResults(listing.pictures, (answers("A", 0, 0, 1, 1),))
    page.show_study(StudyShown(NETWORKS[:1], listing, alone))
    assert "two networks" in page.disagreements.empty.text()


def test_the_table_without_sub_folders_is_a_sound_model(tmp_path: Path) -> None:
    pictures = tuple(FolderPicture(tmp_path / f"{n}.png", None) for n in range(4))
    reader = PictureReader()
    table = DisagreementTable(FileThumbnails(reader, lambda: True))
    QAbstractItemModelTester(table, QAbstractItemModelTester.FailureReportingMode.Fatal)
    table.show_results(
        FolderResults(pictures, (answers("A", 0, 1, 2, 0), answers("B", 1, 1, 1, 0)))
    )
    assert [table.headerData(n, Qt.Orientation.Horizontal) for n in range(3)] == [
        "Picture", "A", "B",
    ]  # fmt: skip
    assert table.index(0, 1).data() == "cat  90 %"  # nobody knows what is right
    table.show_results(None)
    assert table.rowCount() == table.columnCount() == 0


def test_a_picture_that_is_gone_is_not_asked_for_again(tmp_path: Path, qtbot: QtBot) -> None:
    pictures = tuple(FolderPicture(tmp_path / f"{n}.png", None) for n in range(2))
    reader = PictureReader()
    thumbnails = FileThumbnails(reader, lambda: True)
    table = DisagreementTable(thumbnails)
    table.show_results(FolderResults(pictures, (answers("A", 0, 1), answers("B", 1, 1))))
    role = Qt.ItemDataRole.DecorationRole
    asked: list[Path] = []
    reader.shrunk.connect(lambda shrunk: asked.append(shrunk.path))
    with qtbot.waitSignal(thumbnails.made):
        assert table.index(0, 0).data(role) is None
    assert thumbnails.trouble(pictures[0].path)
    assert table.index(0, 0).data(role) is None
    assert asked == [pictures[0].path]
    assert not table._turn.isActive()
    reader.close()


def test_few_notes_are_shown_and_all_told(page: FolderPage, tmp_path: Path) -> None:
    listing = folder_of(tmp_path)
    networks = [
        NetworkAnswers(f"N{n}", (f"one of {n}", f"two of {n}"), answers("", 0, 0, 1, 1).answers, {},
                       trained=n > 0)
        for n in range(4)
    ]  # fmt: skip
    results = FolderResults(listing.pictures, tuple(networks))
    page.show_study(StudyShown(NETWORKS, listing, results))
    assert page.notes.text().startswith("N0 is untrained")
    assert page.notes.text().endswith(f"and {len(results.notes) - 3} more, in the tool tip.")
    assert page.notes.toolTip().splitlines() == list(results.notes)
    first = page.numbers.accuracy.item(0, 0)
    assert first is not None
    assert first.text() == "N0 (untrained)"


def test_without_known_classes_there_is_no_table_of_dashes(
    page: FolderPage, tmp_path: Path
) -> None:
    listing = folder_of(tmp_path)
    networks = tuple(
        NetworkAnswers(f"N{n}", ("one", "two"), answers("", 0, 0, 1, 1).answers, {}, trained=False)
        for n in range(2)
    )
    page.show()
    page.show_study(StudyShown(NETWORKS, listing, FolderResults(listing.pictures, networks)))
    assert not page.numbers.accuracy.isVisible()
    assert page.numbers.unknown.isVisible()
    assert page.notes.text().startswith("N0 and N1 are untrained: their answers mean nothing.")
    assert "point at a cell" in page.numbers.reading.text().lower()


def test_similar_layers(page: FolderPage, tmp_path: Path) -> None:
    page.show_layers()
    listing = folder_of(tmp_path)
    page.show_study(StudyShown(NETWORKS, listing))
    layers = page.layers
    assert [layers.first.currentText(), layers.second.currentText()] == ["ResNet-20", "Plain-20"]
    asked_for: list[tuple[int, int]] = []
    layers.compare_asked.connect(lambda a, b: asked_for.append((a, b)))
    layers.compare_button.click()
    assert asked_for == [(0, 1)]
    page.show_study(StudyShown(NETWORKS, listing, compared=compared()))
    assert layers.map.isVisible()
    # room for the networks' names along the sides
    line = layers.map.fontMetrics().height()
    low = layers.map.cell_box(0, 0)
    assert low.left() > 2 * line
    assert layers.map.height() - low.bottom() > 2 * line
    assert "untrained: Plain-20" in layers.reading.text()
    chosen: list[tuple[str, ...]] = []
    page.layers_chosen.connect(lambda *names: chosen.append(names))
    layers.map.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Return):
        QTest.keyClick(layers.map, key)
    assert chosen == [("resnet20", "layer1", "plain20", "conv1")]
    assert layers.reading.text() == "CKA 0.250 of layer1 of ResNet-20 and conv1 of Plain-20"
    place = layers.map.cell_box(0, 2).center().toPoint()
    QTest.mouseMove(layers.map, place)
    assert layers.reading.text().startswith("no CKA of conv1 of ResNet-20 and dead")
    QTest.mouseClick(layers.map, Qt.MouseButton.LeftButton, pos=place)
    assert chosen[1] == ("resnet20", "conv1", "plain20", "dead")
    few = Listing(tmp_path, listing.pictures[:3], ())
    page.show_study(StudyShown(NETWORKS, few))
    assert not layers.compare_button.isEnabled()
    assert "4 pictures" in layers.compare_button.toolTip()


def test_controls_have_names_and_tips(page: FolderPage) -> None:
    for control in (*page.findChildren(QPushButton), *page.findChildren(QComboBox)):
        assert control.toolTip()
        assert control.accessibleName() or control.text()  # type: ignore[union-attr]
    assert page.minimumSizeHint().width() <= 600  # beside both docks at 1280


# the heat map


def heat_map(qtbot: QtBot, rows: int, columns: int, *, upwards: bool = False) -> HeatMap:
    view = HeatMap(upwards=upwards)
    qtbot.addWidget(view)
    values = np.linspace(0, 1, rows * columns).reshape(rows, columns)
    names = [f"layer{n}" for n in range(max(rows, columns))]
    view.show_values(values, names[:rows], names[:columns])
    view.resize(500, 400)
    view.show()
    return view


@pytest.mark.parametrize("upwards", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(3, 5), (70, 61), (700, 900)])
def test_what_is_drawn_is_what_is_read(
    qtbot: QtBot, rows: int, columns: int, upwards: bool
) -> None:
    view = heat_map(qtbot, rows, columns, upwards=upwards)
    for cell in ((0, 0), (rows - 1, 0), (0, columns - 1), (rows // 2, columns // 2)):
        centre = view.cell_box(*cell).center()
        assert view.cell_at(centre) == cell
    image = view.grab().toImage()
    dark, light = (view.cell_box(*cell).center() for cell in ((0, 0), (rows - 1, columns - 1)))
    beside = view.cell_box(0, 0).width() / 3  # the number

    def lightness(place: QPointF) -> float:
        return image.pixelColor(int(place.x() - beside), int(place.y())).lightnessF()

    assert lightness(dark) < 0.1
    assert lightness(light) > 0.8
    assert (dark.y() > light.y()) == upwards
    box = view.cell_box(0, 0).united(view.cell_box(rows - 1, columns - 1))
    assert view.rect().toRectF().contains(box)


def test_the_keys_stay_within(qtbot: QtBot) -> None:
    view = heat_map(qtbot, 3, 4)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.read == (0, 0)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Right,
                Qt.Key.Key_Down):  # fmt: skip
        QTest.keyClick(view, key)
    assert view.read == (1, 3)
    assert view.accessibleDescription() == "layer1, layer3: 0.64"
    view.copy()
    assert QGuiApplication.clipboard().image().width() >= 500
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert view.read is None


# the state


def test_titles_tell_networks_apart() -> None:
    plain = wanted_named("resnet20")
    random = Wanted(plain.card, version="random")
    file = Wanted(plain.card, weights_file=Path("mine.safetensors"))
    onnx = wanted_named("/somewhere/mine.onnx")
    assert [one.title for one in asked([plain, random, file, plain, onnx])] == [
        "ResNet-20", "ResNet-20 (random)", "ResNet-20 (mine.safetensors)", "ResNet-20 (2)",
        "mine.onnx",
    ]  # fmt: skip
    assert asked([onnx])[0].name == "/somewhere/mine.onnx"
    with pytest.raises(ExplorerError, match="no network"):
        wanted_named("resnet21")


def test_a_network_that_fails_leaves_the_others(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    picture = FolderPicture(resource("samples", "photo-cat.jpg"), "cat")
    networks = asked([Wanted(onnx_file=broken), Wanted(card_of("resnet20"))])
    results = FolderWork().perform(AnswerFolder((picture,), networks), no_checkpoint)
    assert isinstance(results, FolderResults)
    assert [one.title for one in results.networks] == ["broken.onnx", "ResNet-20"]
    assert results.accuracy(1) == Share(1, 1)
    assert len(results.notes) == 1
    assert "broken.onnx" in results.notes[0]


def test_a_comparison_that_was_lost_is_not_made_again() -> None:
    work = FolderWork()
    request = CompareLayers((), *NETWORKS)
    answer = compared()
    work._compared = (request, answer)
    assert work.perform(request, no_checkpoint) is answer
