"""The list of networks: a sound model, a search that finds, and full keyboard use."""

import dataclasses

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.network_model import (
    NetworkFilter,
    NetworkModel,
    NetworkRole,
    WeightsBadge,
)
from cnn_explorer.gui.widgets.network_list import NetworkList
from cnn_explorer.networks.card import NetworkCard, Preprocessing, WeightsEntry
from cnn_explorer.networks.catalog import FAMILIES

pytestmark = pytest.mark.usefixtures("themed")
KEY = Qt.Key
MODE = QAbstractItemModelTester.FailureReportingMode.Fatal


def card(name: str, title: str, family: str, year: int, parameters: int) -> NetworkCard:
    return NetworkCard(
        name=name, title=title, family=family, year=year, authors="A. Uthor", paper="",
        url="", builder="nowhere:nothing", depth=1, parameters=parameters, macs=1,
        preprocessing=Preprocessing("photo", 256, 224, (0.5,) * 3, (0.5,) * 3),
        classes="imagenet-1k", accuracy="",
        weights=(WeightsEntry("ImageNet V1", "x.pth", False, 70.0),),
    )  # fmt: skip


CARDS = (
    card("resnet50", "ResNet-50", "ResNet", 2015, 25_557_032),
    card("lenet5", "LeNet-5", "LeNet", 1998, 61_706),
    card("resnet18", "ResNet-18", "ResNet", 2015, 11_689_512),
    card("vgg16", "VGG-16", "VGG", 2014, 138_357_544),
)


def state(one: NetworkCard) -> WeightsBadge:
    known = {
        "lenet5": WeightsBadge("shipped", "MNIST"),
        "resnet18": WeightsBadge("downloaded", "ImageNet V1"),
    }
    return known.get(one.name, WeightsBadge("untrained"))


@pytest.fixture
def networks() -> NetworkModel:
    return NetworkModel(CARDS, state)


@pytest.fixture
def shown(qtbot: QtBot, networks: NetworkModel) -> NetworkList:
    made = NetworkList(networks)
    qtbot.addWidget(made)
    made.resize(264, 500)
    made.show()
    made.activateWindow()
    return made


def test_the_model_is_sound(networks: NetworkModel) -> None:
    tester = QAbstractItemModelTester(networks, MODE)
    networks.refresh_weights()
    assert tester.model() is networks


def test_the_filter_is_sound_while_searching(networks: NetworkModel) -> None:
    found = NetworkFilter()
    found.setSourceModel(networks)
    tester = QAbstractItemModelTester(found, MODE)
    for text in ("res", "resnet 18", "", "nothing", "v", ""):
        found.search(text)
    assert tester.model() is found


def rows(model: object, parent: QModelIndex | None = None) -> list[str]:
    root = QModelIndex() if parent is None else parent
    return [model.index(row, 0, root).data() for row in range(model.rowCount(root))]  # type: ignore[attr-defined]


def test_families_stand_in_their_historical_order_with_their_networks(
    networks: NetworkModel,
) -> None:
    families = rows(networks)
    assert families == ["LeNet", "VGG", "ResNet"]
    assert families == [family for family in FAMILIES if family in families]
    assert rows(networks, networks.index(2, 0)) == ["ResNet-50", "ResNet-18"]
    assert networks.index(2, 0).data(NetworkRole.COUNT) == 2


def test_an_unknown_family_is_not_lost() -> None:
    odd = dataclasses.replace(CARDS[0], family="Newcomer")
    assert rows(NetworkModel((odd, *CARDS), state))[-1] == "Newcomer"


def test_a_network_tells_its_facts(networks: NetworkModel) -> None:
    index = networks.index_of("resnet18")
    assert index.data(NetworkRole.NAME) == "resnet18"
    assert index.data(NetworkRole.YEAR) == 2015
    assert index.data(NetworkRole.PARAMETERS) == "11.7 M"
    assert index.data(NetworkRole.WEIGHTS) == "downloaded"
    assert index.data(NetworkRole.TAG) == "ImageNet V1"
    assert networks.index_of("vgg16").data(NetworkRole.TAG) == ""
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "ResNet-18, 2015, 11.7 M parameters, downloaded"
    assert not networks.index_of("nothing").isValid()
    assert networks.card_at(index) is CARDS[2]


def test_fresh_weights_show_after_a_refresh(qtbot: QtBot) -> None:
    at_hand: set[str] = set()
    model = NetworkModel(
        CARDS, lambda one: WeightsBadge("downloaded" if one.name in at_hand else "untrained")
    )
    at_hand.add("vgg16")
    with qtbot.waitSignal(model.dataChanged) as changed:
        model.refresh_weights()
    assert changed.args is not None
    assert changed.args[0].data(NetworkRole.NAME) == "vgg16"
    assert model.index_of("vgg16").data(NetworkRole.WEIGHTS) == "downloaded"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resnet", ["ResNet-50", "ResNet-18"]), ("ResNet 18", ["ResNet-18"]),
        ("resnet-50", ["ResNet-50"]), ("RESNET50", ["ResNet-50"]), ("1998", ["LeNet-5"]),
        ("vgg 2014", ["VGG-16"]), ("uthor vgg", ["VGG-16"]), ("resnet 1998", []), ("%", None),
    ],
)  # fmt: skip
def test_a_search_finds_by_name_family_year_and_author(
    networks: NetworkModel, text: str, found: list[str] | None
) -> None:
    proxy = NetworkFilter()
    proxy.setSourceModel(networks)
    proxy.search(text)
    titles = [
        title
        for row in range(proxy.rowCount())
        for title in rows(proxy, proxy.index(row, 0))
    ]  # fmt: skip
    everything = ["LeNet-5", "VGG-16", "ResNet-50", "ResNet-18"]
    assert titles == (everything if found is None else found)


def test_the_keyboard_finds_and_chooses(qtbot: QtBot, shown: NetworkList) -> None:
    shown.focus_search()
    qtbot.waitUntil(shown.search.hasFocus)
    qtbot.keyClicks(shown.search, "res")
    qtbot.keyClick(shown.search, KEY.Key_Down)
    assert shown.tree.hasFocus()
    with qtbot.waitSignal(shown.network_chosen) as chosen:
        qtbot.keyClick(shown.tree, KEY.Key_Return)
    assert chosen.args == ["resnet50"]
    qtbot.keyClick(shown.tree, KEY.Key_Down)
    with qtbot.waitSignal(shown.network_chosen) as chosen:
        qtbot.keyClick(shown.tree, KEY.Key_Return)
    assert chosen.args == ["resnet18"]
    for _ in range(3):
        qtbot.keyClick(shown.tree, KEY.Key_Up)
    assert shown.search.hasFocus()
    qtbot.keyClick(shown.search, KEY.Key_Escape)
    assert shown.search.text() == ""


def test_enter_in_the_search_box_takes_the_first_found(qtbot: QtBot, shown: NetworkList) -> None:
    qtbot.keyClicks(shown.search, "vgg")
    with qtbot.waitSignal(shown.network_chosen) as chosen:
        qtbot.keyClick(shown.search, KEY.Key_Return)
    assert chosen.args == ["vgg16"]
    shown.search.clear()
    with qtbot.assertNotEmitted(shown.network_chosen):
        qtbot.keyClick(shown.search, KEY.Key_Return)
    shown.search.setText("nothing like it")
    with qtbot.assertNotEmitted(shown.network_chosen):
        qtbot.keyClick(shown.search, KEY.Key_Return)
        qtbot.keyClick(shown.search, KEY.Key_Down)


def test_a_click_chooses_a_network_and_folds_a_family(qtbot: QtBot, shown: NetworkList) -> None:
    tree, model = shown.tree, shown.tree.model()
    family = model.index(1, 0)
    network = model.index(0, 0, family)
    with qtbot.waitSignal(shown.network_chosen) as chosen:
        qtbot.mouseClick(
            tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(network).center()
        )
    assert chosen.args == ["vgg16"]
    with qtbot.assertNotEmitted(shown.network_chosen):
        qtbot.mouseClick(
            tree.viewport(), Qt.MouseButton.LeftButton, pos=tree.visualRect(family).center()
        )
    assert not tree.isExpanded(family)
    assert not shown.grab().isNull()
    shown.set_current("vgg16")
    assert tree.isExpanded(family)


def test_setting_the_current_network_tells_nothing(qtbot: QtBot, shown: NetworkList) -> None:
    with qtbot.assertNotEmitted(shown.network_chosen):
        shown.set_current("resnet18")
    assert shown.tree.currentIndex().data(NetworkRole.NAME) == "resnet18"
    shown.set_current("nothing")  # a network that is in no family yet
    shown.search.setText("vgg")
    shown.set_current("resnet18")  # filtered out
    shown.search.clear()
    assert shown.tree.currentIndex().data(NetworkRole.NAME) == "resnet18"


def test_a_search_without_a_match_says_so_in_plain_text(qtbot: QtBot, shown: NetworkList) -> None:
    shown.search.setText("<b>zebra</b>")
    assert shown._nothing.isVisible()
    assert "<b>zebra</b>" in shown._nothing.text()
    assert shown._nothing.textFormat() == Qt.TextFormat.PlainText
    shown.search.clear()
    qtbot.waitUntil(shown.tree.isVisible)


def test_the_quiet_line_says_as_much_as_fits(shown: NetworkList) -> None:
    delegate = shown._delegate
    index = shown._networks.index_of("resnet18")
    metrics = shown.fontMetrics()
    lines = [delegate.facts(index, width, metrics) for width in (1000, 240, 190, 110, 40)]
    assert lines[0] == "2015 · 11.7 M parameters · ImageNet V1 weights"
    assert all(metrics.horizontalAdvance(line) <= 240 for line in lines[1:])
    assert "2015 · 11.7 M" in lines
    assert lines[-1].endswith("…")
    assert [len(line) for line in lines] == sorted((len(line) for line in lines), reverse=True)
