"""Weights to choose from: what is offered, what a choice does, and what the bar shows of it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.model import GraphLayout, LayerGraph
from cnn_explorer.gui.state.downloads import (
    DownloadCancelled,
    Downloaded,
    DownloadFailed,
    DownloadProgress,
    Wanted,
)
from cnn_explorer.gui.state.explorer import Message
from cnn_explorer.gui.state.network_model import WeightsBadge
from cnn_explorer.gui.state.shown import NetworkShown
from cnn_explorer.gui.state.weights_choice import (
    WeightsChoice,
    WeightsOffered,
    badge_of,
    versions_of,
)
from cnn_explorer.gui.widgets.weights_bar import WeightsBar, progress_text, version_text
from cnn_explorer.networks.card import NetworkCard, WeightsEntry
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.paths import torch_hub_checkpoints

pytestmark = pytest.mark.usefixtures("themed")

V2, V1 = NETWORKS["resnet50"].weights
CARD = replace(
    NETWORKS["resnet50"], weights=(replace(V2, file="v2.pth"), replace(V1, file="v1.pth"))
)
OTHER = NETWORKS["lenet5"]
NONE = NETWORKS["zfnet"]


class FakeExplorer(QObject):
    """What the choice sees of the state."""

    network_opening = Signal(object)
    network_shown = Signal(object)
    network_failed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.network: NetworkShown | None = None
        self.card: NetworkCard | None = None
        self.networks = {card.name: card for card in (CARD, OTHER, NONE)}
        self.chosen: list[tuple[str, Path | None, str]] = []
        self.told: list[Message] = []

    def choose_network(
        self, name: str, weights_file: Path | None = None, *, version: str = ""
    ) -> None:
        self.chosen.append((name, weights_file, version))

    def tell(self, message: Message) -> None:
        self.told.append(message)

    def show(self, card: NetworkCard, weights: str = "", file: Path | None = None) -> NetworkShown:
        """A network was opened; without `weights` it is untrained."""
        self.card = card
        self.network_opening.emit(card)
        self.network = NetworkShown(
            card, LayerGraph(card.name, (), (), ()), bool(weights), weights or "random (seed 0)",
            frozenset(), GraphLayout.__new__(GraphLayout), weights_file=file,
        )  # fmt: skip
        self.network_shown.emit(self.network)
        return self.network


class FakeDownloads(QObject):
    """Downloads that go as far as a test says."""

    progressed = Signal(object)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.going: dict[Wanted, DownloadProgress] = {}

    def progress_of(self, wanted: Wanted) -> DownloadProgress | None:
        return self.going.get(wanted)

    def start(self, network: str, version: str) -> None:
        self.go(DownloadProgress(Wanted(network, version)))

    def go(self, progress: DownloadProgress) -> None:
        self.going[progress.wanted] = progress
        self.progressed.emit(progress)

    def cancel(self, network: str, version: str) -> None:
        wanted = Wanted(network, version)
        del self.going[wanted]
        self.cancelled.emit(DownloadCancelled(wanted))


@pytest.fixture
def explorer(qapp: object) -> FakeExplorer:
    assert qapp is not None
    return FakeExplorer()


@pytest.fixture
def downloads(qapp: object) -> FakeDownloads:
    assert qapp is not None
    return FakeDownloads()


@pytest.fixture
def choice(explorer: FakeExplorer, downloads: FakeDownloads) -> Iterator[WeightsChoice]:
    made = WeightsChoice(explorer, downloads, explorer)  # type: ignore[arg-type]
    yield made
    made.deleteLater()


def put_in_cache(*files: str) -> None:
    folder = torch_hub_checkpoints()
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_bytes(b"weights")


def offer_of(choice: WeightsChoice) -> WeightsOffered:
    offer = choice.offer()
    assert offer is not None
    return offer


def texts(offer: WeightsOffered) -> Sequence[str]:
    return [version_text(version) for version in offer.versions]


# what is offered


def test_badges_tell_the_states_apart() -> None:
    assert badge_of(OTHER) == WeightsBadge("shipped", "MNIST")
    assert badge_of(CARD) == WeightsBadge("absent")
    assert badge_of(NONE) == WeightsBadge("untrained")
    gone = replace(OTHER, weights=(WeightsEntry("MNIST", "gone.safetensors", True, 99.0),))
    assert badge_of(gone) == WeightsBadge("missing")
    put_in_cache("v1.pth")
    assert badge_of(CARD) == WeightsBadge("downloaded", "ImageNet V1")


def test_an_untrained_network_offers_its_best_weights(
    choice: WeightsChoice, explorer: FakeExplorer
) -> None:
    assert choice.offer() is None
    explorer.show(CARD)
    offer = offer_of(choice)
    assert texts(offer) == [
        "ImageNet V2 · 80.9 % · not downloaded",
        "ImageNet V1 · 76.1 % · not downloaded",
        "random (untrained)",
    ]
    assert offer.chosen == 2
    assert offer.to_get == offer.versions[0]
    assert offer.getting is None


def test_a_network_without_any_weights_offers_none(
    choice: WeightsChoice, explorer: FakeExplorer, bar: WeightsBar
) -> None:
    gone = replace(OTHER, weights=(WeightsEntry("MNIST", "gone.safetensors", True, 99.0),))
    for card in (NONE, gone):
        explorer.show(card)
        offer = offer_of(choice)
        assert texts(offer) == ["random (untrained)"]
        assert offer.to_get is None
        bar.show_offer(offer)
        assert bar.said.isVisible()
        assert bar.said.text() == (
            "Its trained weights are not in this copy."
            if card is gone
            else "No trained weights for this network."
        )
        assert bar.get_button.isHidden()


def test_weights_at_hand_are_shown_and_others_offered_when_chosen(
    choice: WeightsChoice, explorer: FakeExplorer
) -> None:
    put_in_cache("v1.pth")
    explorer.show(CARD, "ImageNet V1")
    offer = offer_of(choice)
    assert offer.chosen == 1
    assert offer.to_get is None
    choice.choose(0)  # not here: only offered
    assert explorer.chosen == []
    offer = offer_of(choice)
    assert (offer.chosen, offer.to_get) == (0, offer.versions[0])
    choice.choose(1)  # back to what is on show: nothing is opened
    assert explorer.chosen == []
    assert offer_of(choice).chosen == 1
    choice.choose(2)
    assert explorer.chosen == [("resnet50", None, "random")]


def test_a_file_opened_by_hand_stays_among_the_choices(
    choice: WeightsChoice, explorer: FakeExplorer
) -> None:
    file = Path("/some/mine.pth")
    explorer.show(CARD, "mine.pth", file)
    offer = offer_of(choice)
    assert texts(offer)[-1] == "mine.pth · opened"
    assert offer.chosen == 3
    assert offer.to_get is None
    explorer.show(CARD)
    assert offer_of(choice).chosen == 2
    choice.choose(3)
    assert explorer.chosen == [("resnet50", file, "")]
    explorer.show(OTHER, "MNIST")
    assert len(offer_of(choice).versions) == 2


# getting them


def test_what_was_downloaded_is_opened(
    qtbot: QtBot, choice: WeightsChoice, explorer: FakeExplorer, downloads: FakeDownloads
) -> None:
    explorer.show(CARD)
    choice.get()
    wanted = Wanted("resnet50", "ImageNet V2")
    assert list(downloads.going) == [wanted]
    shares: list[tuple[str, str]] = []
    choice.getting_told.connect(lambda name, share: shares.append((name, share)))
    with qtbot.waitSignal(choice.offered) as told:
        downloads.go(DownloadProgress(wanted, 10, 100, 5.0))
    assert told.args is not None
    assert told.args[0].getting == DownloadProgress(wanted, 10, 100, 5.0)
    downloads.going.clear()
    with qtbot.waitSignal(choice.weights_changed):
        downloads.finished.emit(Downloaded(wanted, "/cache/v2.pth"))
    assert explorer.chosen == [("resnet50", None, "ImageNet V2")]
    assert explorer.told == []
    assert shares == [("resnet50", "10 %"), ("resnet50", "")]


def test_what_was_downloaded_for_another_network_is_said(
    choice: WeightsChoice, explorer: FakeExplorer, downloads: FakeDownloads
) -> None:
    explorer.show(CARD)
    choice.get()
    explorer.show(OTHER, "MNIST")
    assert offer_of(choice).getting is None
    downloads.finished.emit(Downloaded(Wanted("resnet50", "ImageNet V2"), ""))
    assert explorer.chosen == []
    assert [message.text for message in explorer.told] == [
        "The ImageNet V2 weights of ResNet-50 are on this machine now."
    ]


def test_a_download_can_be_stopped_and_may_fail(
    choice: WeightsChoice, explorer: FakeExplorer, downloads: FakeDownloads
) -> None:
    choice.get()
    choice.cancel()
    choice.choose(0)  # nothing is on show: nothing happens
    explorer.show(CARD)
    choice.cancel()
    choice.choose(99)
    choice.choose(1)
    choice.get()
    assert list(downloads.going) == [Wanted("resnet50", "ImageNet V1")]
    choice.cancel()
    assert downloads.going == {}
    assert offer_of(choice).to_get == offer_of(choice).versions[1]
    downloads.failed.emit(DownloadFailed(Wanted("resnet50", "ImageNet V1"), "No disk.", "trace"))
    assert explorer.told == [Message("ResNet-50, ImageNet V1: No disk.", "error", "trace")]


def test_what_is_under_way_stays_in_sight_whatever_is_chosen(
    choice: WeightsChoice, explorer: FakeExplorer, downloads: FakeDownloads, bar: WeightsBar
) -> None:
    explorer.show(CARD)
    choice.choose(1)
    choice.get()
    v1 = Wanted("resnet50", "ImageNet V1")
    downloads.go(DownloadProgress(v1, 51_270_123, 102_540_247, 1e6))
    choice.choose(0)
    offer = offer_of(choice)
    assert offer.chosen == 0
    assert offer.getting is not None
    assert offer.getting.wanted == v1
    bar.show_offer(offer)
    assert bar.said.text() == "ImageNet V1: 48.9 of 97.8 MB, 1.0 MB/s"
    assert not bar.cancel_button.isHidden()
    choice.cancel()
    assert downloads.going == {}
    # once it is here it runs, and what was chosen meanwhile stays offered
    choice.choose(1)
    choice.get()
    choice.choose(0)
    downloads.going.clear()
    put_in_cache("v1.pth")
    downloads.finished.emit(Downloaded(v1, "/cache/v1.pth"))
    assert explorer.chosen == [("resnet50", None, "ImageNet V1")]
    explorer.show(CARD, "ImageNet V1")
    offer = offer_of(choice)
    assert (offer.chosen, offer.running) == (0, 1)
    assert offer.to_get == offer.versions[0]


def test_what_runs_goes_before_what_waits(
    choice: WeightsChoice, explorer: FakeExplorer, downloads: FakeDownloads
) -> None:
    explorer.show(CARD)
    v2, v1 = Wanted("resnet50", "ImageNet V2"), Wanted("resnet50", "ImageNet V1")
    downloads.going = {v2: DownloadProgress(v2, waiting=True), v1: DownloadProgress(v1, 1, 2)}
    getting = offer_of(choice).getting
    assert getting is not None
    assert getting.wanted == v1


# the bar


@pytest.fixture
def bar(qtbot: QtBot) -> WeightsBar:
    made = WeightsBar()
    qtbot.addWidget(made)
    made.resize(690, 34)
    made.show()
    return made


@pytest.mark.parametrize(
    ("done", "total", "speed", "text"),
    [
        (0, 0, 0, "connecting …"),
        (44_144_000, 102_540_247, 8_700_000, "42.1 of 97.8 MB, 8.3 MB/s"),
        (44_144_000, 0, 8_700_000, "42.1 MB, 8.3 MB/s"),
        (104_857_600, 1_288_490_188, 0, "100.0 MB of 1.20 GB"),
    ],
)
def test_progress_is_told_in_megabytes(done: int, total: int, speed: float, text: str) -> None:
    assert progress_text(DownloadProgress(Wanted("a", "b"), done, total, speed)) == text


def test_the_bar_goes_from_button_to_progress_and_back(
    qtbot: QtBot, bar: WeightsBar, choice: WeightsChoice, explorer: FakeExplorer,
    downloads: FakeDownloads,
) -> None:  # fmt: skip
    choice.offered.connect(bar.show_offer)
    bar.get_asked.connect(choice.get)
    bar.cancel_asked.connect(choice.cancel)
    bar.version_chosen.connect(choice.choose)
    assert not bar.isEnabled()
    explorer.show(CARD)
    assert bar.get_button.text() == "Get V2 weights (97.8 MB)"
    assert "download.pytorch.org" in bar.get_button.toolTip()
    assert bar.progress.isHidden()
    bar.activateWindow()
    bar.get_button.setFocus()
    qtbot.waitUntil(bar.get_button.hasFocus)
    qtbot.keyClick(bar.get_button, Qt.Key.Key_Space)
    assert bar.get_button.isHidden()
    assert bar.cancel_button.hasFocus()  # the keyboard does not fall out of the row
    downloads.go(DownloadProgress(Wanted("resnet50", "ImageNet V2"), 51_270_123, 102_540_247, 1e6))
    assert bar.progress.value() == 500
    assert bar.said.text() == "48.9 of 97.8 MB, 1.0 MB/s"
    for width in (300, 480, 900):
        bar.resize(width, 34)
        assert not bar.grab().isNull()
    qtbot.keyClick(bar.cancel_button, Qt.Key.Key_Space)
    assert downloads.going == {}
    assert not bar.get_button.isHidden()
    assert bar.get_button.hasFocus()
    downloads.going[Wanted("resnet50", "ImageNet V1")] = DownloadProgress(
        Wanted("resnet50", "ImageNet V1"), waiting=True
    )
    bar.versions.activated.emit(1)
    assert bar.said.text() == "waits for its turn"
    bar.show_offer(None)
    assert bar.progress.isHidden()


def test_terms_of_ones_own_stand_on_the_button(
    bar: WeightsBar, choice: WeightsChoice, explorer: FakeExplorer
) -> None:
    entry = replace(
        V2, file="v2.pth", licence="https://github.com/facebookresearch/SWAG/blob/main/LICENSE"
    )
    explorer.show(replace(CARD, weights=(entry,)))
    bar.show_offer(choice.offer())
    assert bar.get_button.text() == "Get weights (97.8 MB, CC BY-NC 4.0)"


def test_a_shipped_file_that_goes_while_it_is_on_show(
    bar: WeightsBar, choice: WeightsChoice, explorer: FakeExplorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    explorer.show(OTHER, weights="MNIST")
    before = offer_of(choice)
    assert before.versions[before.chosen].tag == "MNIST"
    monkeypatch.setattr("cnn_explorer.gui.state.weights_choice.is_at_hand", lambda _entry: False)
    choice.offered.connect(bar.show_offer)
    choice.choose(1)  # random ones: it stays on show until those come
    gone = offer_of(choice)
    assert gone.versions[gone.chosen].tag == "MNIST"
    assert gone.versions[gone.chosen].state == "missing"
    assert "not in this copy" in bar.versions.currentText()


def test_the_bar_says_what_runs_where_the_version_chosen_is_not_here(
    bar: WeightsBar, choice: WeightsChoice, explorer: FakeExplorer
) -> None:
    choice.offered.connect(bar.show_offer)
    explorer.show(CARD)
    assert bar.said.isHidden()
    choice.choose(0)
    assert bar.said.text() == "running: random, untrained"
    put_in_cache("v1.pth")
    explorer.show(CARD, "ImageNet V1")
    choice.choose(0)
    assert bar.said.text() == "running: ImageNet V1"
    assert bar.get_button.text() == "Get V2 weights (97.8 MB)"
    explorer.show(replace(CARD, weights=CARD.weights[:1]))
    choice.choose(0)
    assert bar.get_button.text() == "Get weights (97.8 MB)"


def test_where_weights_are_stays_readable_in_a_narrow_box(bar: WeightsBar) -> None:
    text = "ImageNet V2 · 80.9 % · not downloaded"
    width = bar.versions.fontMetrics().horizontalAdvance
    assert bar.versions._fitted(text, width(text)) == text
    shorter = "ImageNet V2 · not downloaded"
    assert bar.versions._fitted(text, width(shorter)) == shorter
    assert bar.versions._fitted(text, width("…t V2 · not downloaded")).endswith(
        "V2 · not downloaded"
    )
    assert bar.versions._fitted("random (untrained)", 40).endswith("…")


def test_a_cramped_bar_shows_a_percentage(bar: WeightsBar) -> None:
    bar.said.say("48.9 of 97.8 MB, 1.0 MB/s", "50 %")
    bar.said.resize(300, 20)
    assert bar.said.drawn_text() == "48.9 of 97.8 MB, 1.0 MB/s"
    bar.said.resize(bar.said.minimumSizeHint().width(), 20)
    assert bar.said.drawn_text() == "50 %"


def test_the_keyboard_chooses_and_the_wheel_does_not(
    qtbot: QtBot, bar: WeightsBar, choice: WeightsChoice, explorer: FakeExplorer
) -> None:
    explorer.show(CARD)
    bar.show_offer(choice.offer())
    bar.activateWindow()
    bar.focus_versions()
    qtbot.waitUntil(bar.versions.hasFocus)
    with qtbot.waitSignal(bar.version_chosen) as chosen:
        qtbot.keyClick(bar.versions, Qt.Key.Key_Up)
    assert chosen.args == [1]
    none = Qt.KeyboardModifier.NoModifier
    place = QPointF(bar.versions.rect().center())
    wheel = QWheelEvent(
        place, place, QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    with qtbot.assertNotEmitted(bar.version_chosen):
        QApplication.sendEvent(bar.versions, wheel)


def test_versions_know_their_state() -> None:
    put_in_cache("v2.pth")
    assert [version.state for version in versions_of(CARD)] == ["downloaded", "absent"]
