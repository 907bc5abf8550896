"""Facts side by side: what is alike, what is greater and how much, and taking it along as text."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.fact_sheets import (
    Fact,
    FactSheets,
    as_markdown,
    as_text,
    fact_sheets,
    ratio_text,
)
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.about_panel import AboutPanel
from cnn_explorer.gui.widgets.facts_page import FactsPage
from cnn_explorer.networks.catalog import ALL, NETWORKS

pytestmark = pytest.mark.usefixtures("themed")

RESNET18, RESNET50, LENET = (NETWORKS[name] for name in ("resnet18", "resnet50", "lenet5"))


def fact(sheets: FactSheets, name: str) -> Fact:
    return next(one for one in sheets.facts if one.name == name)


@pytest.mark.parametrize(
    ("greater", "lesser", "text"),
    [
        (24, 10, "2.4×"), (10, 24, ""), (10, 10, ""), (10.3, 10, "1.03×"), (10.04, 10, ""),
        (999, 10, "100×"), (15_470_264_320, 416_520, "37,142×"), (5, 0, ""),
    ],
)  # fmt: skip
def test_how_many_times_as_much(greater: float, lesser: float, text: str) -> None:
    assert ratio_text(greater, lesser) == text


def test_what_is_alike_and_what_is_not() -> None:
    sheets = fact_sheets((RESNET18, RESNET50))
    assert fact(sheets, "Family").same
    assert fact(sheets, "Paper").same
    assert fact(sheets, "Paper").links == (RESNET18.url, RESNET50.url)
    parameters = fact(sheets, "Parameters")
    assert parameters.values == (("11.7 M",), ("25.6 M",))
    assert parameters.compared == ("", "2.2×")
    assert fact(sheets, "Layers with weights").compared == ("", "2.8×")
    assert fact(sheets, "Published top-1").compared == ("", "+11.1 points")
    assert fact(sheets, "Weights").values[1] == ("ImageNet V2, 80.9 %", "ImageNet V1, 76.1 %")
    assert fact(sheets, "Differs from the paper").values == (
        RESNET18.differences, RESNET50.differences,
    )  # fmt: skip


def test_accuracies_on_different_pictures_are_not_compared() -> None:
    top1 = fact(fact_sheets((LENET, RESNET18)), "Published top-1")
    assert top1.amounts == ()
    assert top1.compared == ()


def test_a_papers_ten_crops_are_not_compared_with_one() -> None:
    names = ("alexnet-2012", "alexnet", "zfnet", "resnet20", "resnet56")
    paper, ours, other, small, deep = (NETWORKS[name] for name in names)
    top1 = fact(fact_sheets((paper, ours)), "Published top-1")
    assert top1.values == (("59.3 % (paper)",), ("56.5 % (torchvision, one crop)",))
    assert (top1.amounts, top1.compared) == ((), ())
    top1 = fact(fact_sheets((paper, other)), "Published top-1")
    assert top1.compared == ("", "+2.3 points")
    assert fact(fact_sheets((small, deep)), "Published top-1").values == (
        ("91.25 %",),
        ("93.03 %",),
    )


def test_what_is_not_known_is_said_and_not_compared() -> None:
    odd = replace(RESNET18, depth=0, top1=None, differences=(), weights=(), library="torchvision")
    sheets = fact_sheets((odd, RESNET50))
    assert fact(sheets, "Layers with weights").values[0] == ("not known",)
    assert fact(sheets, "Layers with weights").compared == ("", "")
    assert fact(sheets, "Published top-1").values[0] == ("none",)
    assert fact(sheets, "Published top-1").compared == ("", "")
    assert fact(sheets, "Weights").values[0] == ("none",)
    assert fact(sheets, "Built by").values == (("torchvision",), ("this program",))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_sheets(name: str) -> None:
    sheets = fact_sheets((NETWORKS[name], LENET))
    assert all(len(one.values) == 2 for one in sheets.facts)
    assert all(text for one in sheets.facts if one.name != "Variant" for value in one.values
               for text in value)  # fmt: skip
    lines = as_text(sheets).splitlines()
    assert {line.count("\t") for line in lines} == {2}
    assert lines[0] == f"\t{NETWORKS[name].title}\tLeNet-5"


def test_markdown_is_a_table_whatever_the_facts_hold() -> None:
    odd = replace(RESNET18, title="A|B", variant="1 * 2 <b>", differences=("one", "two"))
    lines = as_markdown(fact_sheets((odd, RESNET50))).splitlines()
    assert lines[0] == "|  | A\\|B | ResNet-50 |"
    assert lines[1] == "| --- | --- | --- |"
    assert "| Variant | 1 \\* 2 \\<b\\> |" in lines[2]
    assert any("one<br>two" in line for line in lines)
    assert any("](<https://arxiv.org/abs/1512.03385>)" in line for line in lines)
    assert {line.replace("\\|", "").count("|") for line in lines} == {4}


@pytest.fixture
def about(qtbot: QtBot) -> AboutPanel:
    made = AboutPanel()
    qtbot.addWidget(made)
    made.set_networks(NETWORKS.values())
    made.resize(690, 300)
    made.show()
    return made


def test_another_network_beside(about: AboutPanel) -> None:
    about.show_card(RESNET18)
    assert about.page.isVisible()
    assert about.copy_button.isHidden()
    about.compare_with("resnet50")
    assert about.facts.isVisible()
    assert about.copy_button.isVisible()
    text = about.facts.toPlainText()
    for said in ("ResNet-18", "ResNet-50", "2.2×", "+11.1 points", "11.7 M", "25.6 M"):
        assert said in text
    # the same stands once
    assert text.count("Kaiming He") == 1
    assert "the same" in text
    about.show_card(RESNET50)  # none stands beside itself: the two change sides
    assert about.facts.sheets is not None
    assert about.facts.sheets.cards == (RESNET50, RESNET18)
    about.compare_with("resnet50")
    assert about.page.isVisible()
    row = about.other.findData("resnet50", Qt.ItemDataRole.UserRole)
    assert not about.other.model().index(row, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    about.show_card(LENET)
    assert about.other.model().index(row, 0).flags() & Qt.ItemFlag.ItemIsEnabled
    about.compare_with("resnet50")
    assert about.facts.sheets is not None
    assert about.facts.sheets.cards == (LENET, RESNET50)
    about.compare_with("")
    assert about.page.isVisible()
    about.compare_with("no such network")
    assert about.page.isVisible()


def test_the_keyboard_chooses_what_stands_beside_and_copies(
    qtbot: QtBot, about: AboutPanel
) -> None:
    about.show_card(RESNET18)
    about.activateWindow()
    about.focus_other()
    qtbot.waitUntil(about.other.hasFocus)
    qtbot.keyClicks(about.other, "vgg-16")
    assert about.other.currentData(Qt.ItemDataRole.UserRole) == "vgg16"
    about.setFocus()
    qtbot.waitUntil(about.facts.hasFocus)
    qtbot.keyClick(about.facts, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("\tResNet-18\tVGG-16\n")
    texts, markdown = about.copy_button.menu().actions()
    markdown.trigger()
    assert QGuiApplication.clipboard().text().startswith("|  | ResNet-18 |")
    texts.trigger()
    assert "\t" in QGuiApplication.clipboard().text()


def test_families_head_the_networks_to_choose_from(about: AboutPanel) -> None:
    model = about.other.model()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert tester.model() is model
    names = [about.other.itemData(row, Qt.ItemDataRole.UserRole) for row in range(model.rowCount())]
    assert [name for name in names if name] == list(NETWORKS)
    heading = about.other.findText("LeNet")
    assert not model.index(heading, 0).flags() & Qt.ItemFlag.ItemIsSelectable


@pytest.mark.parametrize("width", [240, 420, 690, 1600])
def test_the_page_fits_its_width(about: AboutPanel, width: int) -> None:
    about.show_card(RESNET18)
    about.compare_with("vgg16_bn")
    about.resize(width, 300)
    assert not about.grab().isNull()
    if width >= 420:
        assert about.facts.horizontalScrollBar().maximum() == 0


def test_bars_are_drawn_and_nothing_else_is_fetched(qtbot: QtBot) -> None:
    page = FactsPage()
    qtbot.addWidget(page)
    image = QTextDocument.ResourceType.ImageResource.value
    bar = page.loadResource(image, QUrl("bar:500-100"))
    assert bar.width() == 100
    accent = theme.ground(page).selection
    assert bar.pixelColor(25, 3).name() == accent
    assert bar.pixelColor(75, 3).name() != accent
    assert page.loadResource(image, QUrl("file:///etc/hostname")) is None
    page.copy_text()  # nothing to copy yet
    page.copy_markdown()


def test_colours_follow_the_theme(about: AboutPanel) -> None:
    about.show_card(RESNET18)
    about.compare_with("resnet50")
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    before = app.palette()
    try:
        for dark in (True, False):
            app.setPalette(theme.palette_for(dark))
            app.processEvents()
            assert theme.quiet_colour(about).name() in about.facts.toHtml()
    finally:
        app.setPalette(before)


def test_a_network_of_a_library_says_who_built_it(about: AboutPanel) -> None:
    odd = replace(RESNET18, name="torchvision/odd", library="torchvision", depth=0, variant="")
    about.show_card(odd)
    text = about.page.toPlainText()
    assert "Built by torchvision as it is; this program has no lesson on it." in text
    assert "layers with weights" not in text


def test_terms_of_ones_own_are_in_sight(about: AboutPanel) -> None:
    vit = ALL["torchvision/vit_b_16"]
    values = fact(fact_sheets((RESNET50, vit)), "Weights").values
    assert "ImageNet SWAG E2E V1, 85.3 %, CC BY-NC 4.0" in values[1]
    assert not any("CC BY" in text for text in values[0])
    about.show_card(vit)
    text = about.page.toPlainText()
    assert "CC BY-NC 4.0" in text[text.index("Weights") :]


def test_a_shared_lesson_stands_under_the_networks_own_title(
    about: AboutPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(RESNET18, name="other", title="Other", lesson="resnet18")
    about.show_card(card)
    text = about.page.toPlainText()
    assert text.lstrip().startswith("Other\n")
    assert "ResNet-18: learn what to add" in text
    weights = text[text.index("Weights") :]
    assert "ImageNet V1" in weights
    assert "44.7 MB" in weights
    assert "not downloaded" in weights
    monkeypatch.setattr("cnn_explorer.gui.state.weights_choice.is_at_hand", lambda _entry: True)
    about.refresh()
    text = about.page.toPlainText()
    assert "downloaded" in text[text.index("Weights") :].replace("not downloaded", "")
