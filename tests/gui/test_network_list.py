"""The list of networks: a sound model, a search that finds, and full keyboard use."""

import dataclasses
import itertools

import pytest
from PySide6.QtCore import QEvent, QModelIndex, QPointF, Qt
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.network_model import (
    NetworkFilter,
    NetworkModel,
    NetworkRole,
    WeightsBadge,
)
from cnn_explorer.gui.widgets import network_list
from cnn_explorer.gui.widgets.drop import network_dragged
from cnn_explorer.gui.widgets.network_list import NetworkList
from cnn_explorer.networks.card import NetworkCard, Preprocessing, WeightsEntry
from cnn_explorer.networks.catalog import FAMILIES

pytestmark = pytest.mark.usefixtures("themed")
KEY = Qt.Key
MODE = QAbstractItemModelTester.FailureReportingMode.Fatal


def card(
    name: str,
    title: str,
    family: str,
    year: int,
    parameters: int,
    variant: str = "",
    **more: object,
) -> NetworkCard:
    made = NetworkCard(
        name=name, title=title, family=family, year=year, authors="A. Uthor", paper="",
        url="", builder="nowhere:nothing", depth=1, parameters=parameters, macs=1,
        preprocessing=Preprocessing("photo", 256, 224, (0.5,) * 3, (0.5,) * 3),
        classes="imagenet-1k", accuracy="", variant=variant,
        weights=(WeightsEntry("ImageNet V1", "x.pth", False, 70.0),),
    )  # fmt: skip
    return dataclasses.replace(made, **more)  # type: ignore[arg-type]


CARDS = (
    card("resnet50", "ResNet-50", "ResNet", 2015, 25_557_032),
    card("lenet5", "LeNet-5", "LeNet", 1998, 61_706, classes="mnist"),
    card("resnet18", "ResNet-18", "ResNet", 2015, 11_689_512, "basic blocks", top1=69.758),
    card("vgg16", "VGG-16", "VGG", 2014, 138_357_544),
)


def state(one: NetworkCard) -> WeightsBadge:
    known = {
        "lenet5": WeightsBadge("shipped", "MNIST"),
        "resnet18": WeightsBadge("downloaded", "ImageNet V1"),
    }
    return known.get(one.name, WeightsBadge("untrained" if one.name == "vgg16" else "absent"))


OTHERS = (
    card("torchvision/vit", "ViT-B/16", "Vision Transformer", 2020, 9, library="torchvision"),
    card("torchvision/densenet", "DenseNet-161", "DenseNet", 2016, 9, library="torchvision"),
)


@pytest.fixture
def networks() -> NetworkModel:
    return NetworkModel(CARDS, state)


@pytest.fixture
def shown(qtbot: QtBot, networks: NetworkModel) -> NetworkList:
    made = NetworkList(networks)
    qtbot.addWidget(made)
    made.restore(("LeNet", "VGG", "ResNet"), False)
    made.resize(264, 500)
    made.show()
    made.activateWindow()
    return made


def test_the_model_is_sound(networks: NetworkModel) -> None:
    tester = QAbstractItemModelTester(networks, MODE)
    networks.refresh()
    assert tester.model() is networks
    tall = NetworkModel((*CARDS, *OTHERS), state)
    tester = QAbstractItemModelTester(tall, MODE)
    assert tester.model() is tall


def test_the_filter_is_sound_while_searching(networks: NetworkModel) -> None:
    found = NetworkFilter()
    found.setSourceModel(networks)
    tester = QAbstractItemModelTester(found, MODE)
    for text in ("res", "resnet 18", "", "nothing", "v", ""):
        found.search(text)
        found.set_only_at_hand(True)
        found.set_only_at_hand(False)
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
    assert spoken == (
        "ResNet-18, basic blocks, 2015, 11.7 M parameters, 1 multiply-adds, 69.8 % top-1, "
        "downloaded"
    )
    assert index.data(NetworkRole.TOP1) == "69.8 %"
    assert index.data(NetworkRole.VARIANT) == "basic blocks"
    assert networks.index_of("lenet5").data(NetworkRole.VARIANT) == "MNIST"
    assert networks.index_of("lenet5").data(NetworkRole.TOP1) == ""
    assert networks.index_of("resnet50").data(NetworkRole.BADGE) == "not downloaded"
    assert not networks.index_of("nothing").isValid()
    assert networks.card_at(index) is CARDS[2]


def test_fresh_weights_show_after_a_refresh(qtbot: QtBot) -> None:
    at_hand: set[str] = set()
    model = NetworkModel(
        CARDS, lambda one: WeightsBadge("downloaded" if one.name in at_hand else "untrained")
    )
    at_hand.add("vgg16")
    with qtbot.waitSignal(model.dataChanged) as changed:
        model.refresh()
    assert changed.args is not None
    assert changed.args[0].data(NetworkRole.NAME) == "vgg16"
    assert model.index_of("vgg16").data(NetworkRole.WEIGHTS) == "downloaded"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("resnet", ["ResNet-50", "ResNet-18"]), ("ResNet 18", ["ResNet-18"]),
        ("resnet-50", ["ResNet-50"]), ("RESNET50", ["ResNet-50"]), ("1998", ["LeNet-5"]),
        ("basic", ["ResNet-18"]), ("mnist", ["LeNet-5"]),
        ("res imagenet", ["ResNet-50", "ResNet-18"]),
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


def test_a_library_stands_last_under_its_own_heading() -> None:
    model = NetworkModel((*OTHERS, *CARDS), state)
    assert rows(model) == ["LeNet", "VGG", "ResNet", "torchvision"]
    heading = model.index(3, 0)
    assert heading.data(NetworkRole.IS_LIBRARY)
    assert heading.data(NetworkRole.COUNT) == 2
    assert rows(model, heading) == ["Vision Transformer", "DenseNet"]
    assert model.index(0, 0, heading).data(NetworkRole.KEY) == "torchvision/Vision Transformer"
    vit = model.index_of("torchvision/vit")
    assert vit.parent().parent() == heading
    assert [one.name for one in model.cards()][-2:] == [one.name for one in OTHERS]


def opened(shown: NetworkList) -> set[str]:
    model = shown.tree.model()
    found, above = set(), [QModelIndex()]
    while above:
        parent = above.pop()
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            if shown.tree.isExpanded(index):
                found.add(index.data(NetworkRole.KEY))
            above.append(index)
    return found


def test_families_start_folded_but_for_the_one_shown_and_those_left_open(qtbot: QtBot) -> None:
    shown = NetworkList(NetworkModel((*CARDS, *OTHERS), state))
    qtbot.addWidget(shown)
    shown.show()
    assert opened(shown) == set()
    shown.restore(("VGG", "torchvision", "gone"), False)
    shown.set_current("resnet18")
    assert opened(shown) == {"VGG", "torchvision", "ResNet"}
    shown.search.setText("net")
    assert opened(shown) == {"LeNet", "ResNet", "torchvision", "torchvision/DenseNet",
                             "VGG", "torchvision/Vision Transformer"}  # fmt: skip
    shown.search.clear()
    assert opened(shown) == {"VGG", "torchvision", "ResNet"}
    # what is remembered is what a person opened, not what had to open for the network shown
    shown.tree.collapse(shown.tree.model().index(1, 0))
    shown.tree.expand(shown.tree.model().index(0, 0))
    assert shown.open_families == ("LeNet", "gone", "torchvision")
    shown.set_current("torchvision/vit")
    assert "torchvision/Vision Transformer" in opened(shown)


def test_only_networks_with_weights_at_hand(qtbot: QtBot) -> None:
    at_hand = {"lenet5"}
    model = NetworkModel(
        CARDS, lambda one: WeightsBadge("downloaded" if one.name in at_hand else "absent")
    )
    shown = NetworkList(model)
    qtbot.addWidget(shown)
    shown.resize(264, 500)
    shown.show()
    shown.activateWindow()
    shown.search.setFocus()
    qtbot.waitUntil(shown.search.hasFocus)
    qtbot.keyClick(shown.search, KEY.Key_Tab)
    assert shown.at_hand_button.hasFocus()
    qtbot.keyClick(shown.at_hand_button, KEY.Key_Space)
    found = shown.tree.model()
    assert rows(found) == ["LeNet"]
    shown.search.setText("resnet")
    assert shown._nothing.isVisible()
    assert "with weights at hand" in shown._nothing.text()
    # weights that come let their network in, and its family counts what is shown of it
    at_hand.add("resnet50")
    model.refresh()
    assert rows(found) == ["ResNet"]
    assert shown.tree.isVisible()
    assert found.index(0, 0).data(NetworkRole.COUNT) == 1
    at_hand.clear()
    model.refresh()
    shown.search.clear()
    assert shown._nothing.text().startswith("There are no weights on this machine")
    shown.set_current("vgg16")  # what is on show stays in the list
    assert rows(found) == ["VGG"]
    assert shown.tree.isVisible()
    assert shown.tree.currentIndex().data(NetworkRole.NAME) == "vgg16"
    shown.set_current("resnet18")
    assert rows(found) == ["ResNet"]
    assert shown.show_all_button.isVisible()
    assert shown.show_all_button.text() == "Show all 4"
    shown.tree.setFocus()
    qtbot.keyClick(shown.tree, KEY.Key_Tab)
    assert shown.show_all_button.hasFocus()
    qtbot.keyClick(shown.show_all_button, KEY.Key_Space)
    assert not shown.at_hand_button.isChecked()
    assert not shown.show_all_button.isVisible()
    assert shown.tree.hasFocus()
    assert len(rows(found)) == 3


def test_headings_say_what_their_columns_mean(shown: NetworkList) -> None:
    headings = shown._headings
    edges = headings._columns.edges(shown.tree.viewport().width())
    assert set(edges) == set(headings._columns.labels)  # all of them at the usual width
    for role, edge in edges.items():
        assert headings.tip(edge - 8) == headings._columns.tips[role]
    assert headings.tip(1) == ""


def test_badges_without_words_differ(qtbot: QtBot) -> None:
    pictures = []
    for kind in ("absent", "untrained"):
        badge = WeightsBadge(kind)  # type: ignore[arg-type]
        shown = NetworkList(NetworkModel(CARDS, lambda _, badge=badge: badge))
        qtbot.addWidget(shown)
        shown.resize(180, 300)
        shown.show()
        shown.tree.expandAll()
        pictures.append(shown.grab().toImage())
    assert pictures[0] != pictures[1]


def test_a_network_is_compared_from_its_menu(qtbot: QtBot, shown: NetworkList) -> None:
    shown.set_current("resnet18")
    index = shown.tree.model().index(0, 0, shown.tree.model().index(0, 0))
    menu = shown.context_menu(index)
    texts = [action.text() for action in menu.actions()]
    assert texts == [
        "Open LeNet-5", "Compare Facts with ResNet-18", "", "Compare with ResNet-18",
        "Add to the Comparison",
    ]  # fmt: skip
    with qtbot.waitSignal(shown.compare_asked) as asked:
        menu.actions()[1].trigger()
    assert asked.args == ["lenet5"]
    with qtbot.waitSignal(shown.comparison_asked) as asked:
        menu.actions()[3].trigger()
    assert asked.args == ["resnet18", "lenet5"]
    with qtbot.waitSignal(shown.addition_asked) as asked:
        menu.actions()[4].trigger()
    assert asked.args == ["lenet5"]
    menu.deleteLater()


def test_a_network_is_dragged(
    qtbot: QtBot, shown: NetworkList, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[str] = []

    class Drag(QDrag):
        def exec(self, *_: object) -> Qt.DropAction:  # type: ignore[override]
            dragged.append(network_dragged(self.mimeData()))
            return Qt.DropAction.CopyAction

    monkeypatch.setattr(network_list, "QDrag", Drag)
    shown.set_current("resnet18")
    view = shown.tree.viewport()
    place = shown.tree.visualRect(shown.tree.currentIndex()).center()
    assert shown.network_at(view.mapTo(shown, place)) == "resnet18"
    chosen: list[str] = []
    shown.network_chosen.connect(chosen.append)
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=place)
    for step in (2, 40):  # a hand that trembles drags nothing
        assert dragged == []
        where = QPointF(place.x() + step, place.y())
        event = QMouseEvent(
            QEvent.Type.MouseMove, where, QPointF(view.mapToGlobal(where)),
            Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(view, event)
    assert dragged == ["resnet18"]
    assert chosen == []


@pytest.mark.parametrize("width", [180, 231, 264, 400, 560, 900])
def test_numbers_stand_in_columns_that_do_not_touch(shown: NetworkList, width: int) -> None:
    columns = shown._headings._columns
    edges = columns.edges(width)
    assert NetworkRole.PARAMETERS in edges or NetworkRole.TOP1 in edges
    places = sorted((edge - columns._widths[role], edge) for role, edge in edges.items())
    assert all(here[1] < after[0] for here, after in itertools.pairwise(places))
    assert places[-1][1] <= width - 12
    assert places[0][0] >= 20
    shown.resize(width, 400)
    assert not shown.grab().isNull()
    row = shown.tree.visualRect(shown._filter.mapFromSource(shown._networks.index_of("vgg16")))
    shown.tree.expandAll()
    row = shown.tree.visualRect(shown._filter.mapFromSource(shown._networks.index_of("vgg16")))
    assert row.height() == (46 if width > 570 else 64)


def test_a_tip_tells_all_and_escapes(qtbot: QtBot) -> None:
    odd = dataclasses.replace(CARDS[2], title="<Res>", variant="a & b")
    shown = NetworkList(NetworkModel((odd,), state))
    qtbot.addWidget(shown)
    tip = shown._delegate.tip(shown._networks.index_of("resnet18"))
    assert "&lt;Res&gt;" in tip
    assert "a &amp; b" in tip
    assert "69.8 % top-1 (paper)" in tip
    assert "on this machine" in tip
    assert shown._delegate.tip(shown._networks.index(0, 0)) == ""


def test_a_download_shows_in_the_badge(networks: NetworkModel) -> None:
    index = networks.index_of("resnet50")
    networks.show_getting("resnet50", "42 %")
    assert index.data(NetworkRole.BADGE) == "42 %"
    assert index.data(NetworkRole.WEIGHTS) == "getting"
    # weights at hand are worth more to say than that there will be more
    networks.show_getting("resnet18", "42 %")
    assert networks.index_of("resnet18").data(NetworkRole.BADGE) == "downloaded"
    networks.show_getting("resnet50", "")
    assert index.data(NetworkRole.BADGE) == "not downloaded"
    networks.show_getting("no such network", "1 %")
