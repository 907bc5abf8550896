"""The window's state with its engine and without a window: weights of a person's own."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.shown import ThumbnailsShown
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.build import build_random, randomise, resize_head
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.capture import can_be_captured

PATIENCE = 120_000  # ms; a limit, not a wait


def cifar_card(name: str, title: str) -> NetworkCard:
    return dataclasses.replace(
        card_of("resnet18"),
        name=name,
        title=title,
        builder=f"cnn_explorer.networks.resnet_cifar:{name}",
        parameters=269_722,
        classes="mnist",
        preprocessing=dataclasses.replace(card_of("resnet18").preprocessing, resize=32, crop=32),
        weights=(),
    )


PLAIN, RESIDUAL = cifar_card("plain20", "Plain-20"), cifar_card("resnet20", "ResNet-20")
ALL = {card.name: card for card in (*map(card_of, ("lenet5", "squeezenet1_1")), PLAIN, RESIDUAL)}


class Heard:
    """An `Explorer` and what it has said."""

    def __init__(self, qtbot: QtBot, explorer: Explorer) -> None:
        self.qtbot = qtbot
        self.explorer = explorer
        self.messages: list[Message] = []
        self.opening: list[str] = []
        explorer.message_shown.connect(self.messages.append)
        explorer.network_opening.connect(lambda card: self.opening.append(card.name))

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.explorer.idle, timeout=PATIENCE)

    @property
    def said(self) -> list[str]:
        """The messages since this was asked last."""
        texts = [message.text for message in self.messages]
        self.messages.clear()
        return texts

    @property
    def shown(self) -> str:
        assert self.explorer.network is not None
        return self.explorer.network.card.name


@pytest.fixture
def heard(qtbot: QtBot) -> Iterator[Heard]:
    explorer = Explorer(networks=ALL)
    heard = Heard(qtbot, explorer)
    explorer.start()
    yield heard
    explorer.close()
    explorer.deleteLater()


def test_out_of_sight_nothing_is_run_until_it_is_seen_again(heard: Heard) -> None:
    heard.explorer.choose_network("lenet5")
    heard.settle()
    heard.explorer.rest(True)
    seven = decode_file(resource("samples", "digit-7.png"))
    heard.explorer.show_picture(seven)
    heard.settle()
    assert heard.explorer.answers is None
    heard.explorer.rest(False)
    heard.settle()
    assert heard.explorer.answers is not None
    assert heard.explorer.answers.picture is seven
    heard.explorer.rest(True)
    heard.explorer.rest(False)
    assert heard.explorer.idle  # what is known is not run again


def saved(file: Path, card: NetworkCard) -> Path:
    torch.save(build_random(card, seed=1).state_dict(), file)
    return file


def test_weights_that_fit_the_chosen_network(heard: Heard, tmp_path: Path) -> None:
    heard.explorer.choose_network("lenet5")
    heard.explorer.open_weights(saved(tmp_path / "mine.pth", card_of("lenet5")))
    heard.settle()
    network = heard.explorer.network
    assert network is not None
    assert (heard.shown, network.weights, network.trained) == ("lenet5", "mine.pth", True)
    assert network.class_count == 10
    assert network.report is not None
    assert network.report.fits
    assert heard.said == []
    assert heard.opening == ["lenet5", "lenet5"]
    # what is drawn differently is the same network with the same weights
    heard.explorer.expand(frozenset())
    drawn = heard.explorer.network
    assert drawn is not None
    assert drawn is not network
    assert (drawn.report, drawn.weights, drawn.class_count) == (network.report, "mine.pth", 10)


def test_weights_of_another_network_open_that_one(heard: Heard, tmp_path: Path) -> None:
    heard.explorer.choose_network("lenet5")
    heard.settle()
    heard.explorer.open_weights(saved(tmp_path / "mine.pth", card_of("squeezenet1_1")))
    assert heard.explorer.card is card_of("lenet5")  # until the file has been read
    heard.settle()
    assert heard.shown == "squeezenet1_1"
    assert heard.explorer.card is card_of("squeezenet1_1")
    assert heard.said == ["mine.pth fits SqueezeNet 1.1, not LeNet-5: opened as SqueezeNet 1.1."]
    assert heard.explorer.layer == "features.0"


def test_weights_of_twins_say_so(heard: Heard, tmp_path: Path) -> None:
    file = saved(tmp_path / "mine.pth", PLAIN)
    heard.explorer.choose_network("lenet5")
    heard.explorer.open_weights(file)
    heard.settle()
    assert heard.shown == "resnet20"
    assert heard.said == [
        "mine.pth fits ResNet-20, not LeNet-5: opened as ResNet-20. mine.pth does not say of which "
        "network it is, and its tensors are also those of Plain-20 (plain20); if it was trained as "
        "that, open it there."
    ]


def test_weights_without_a_network_chosen(heard: Heard, tmp_path: Path) -> None:
    heard.explorer.open_weights(saved(tmp_path / "mine.pth", card_of("lenet5")))
    assert heard.explorer.card is None
    heard.settle()
    assert heard.shown == "lenet5"
    assert heard.said == ["mine.pth fits LeNet-5: opened as LeNet-5."]


def test_classes_of_a_persons_own(heard: Heard, tmp_path: Path) -> None:
    model = build_random(card_of("lenet5"))
    resize_head(model, "classifier.fc5", 3)
    randomise(model)
    torch.save(model.state_dict(), tmp_path / "three.pth")
    heard.explorer.choose_network("lenet5")
    heard.explorer.open_weights(tmp_path / "three.pth")
    heard.settle()
    network = heard.explorer.network
    assert network is not None
    assert network.class_count == 3
    assert network.graph.layer["output"].in_shapes == ((3,),)
    assert "three.pth tells 3 classes apart" in heard.said[0]
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\n", "utf-8")
    heard.explorer.choose_network("lenet5", tmp_path / "three.pth")
    heard.settle()
    assert heard.said == []


def test_weights_that_fit_nothing_leave_everything(heard: Heard, tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(1)}, tmp_path / "odd.pth")
    heard.explorer.choose_network("lenet5")
    heard.settle()
    before = heard.explorer.network
    for file in (tmp_path / "odd.pth", tmp_path / "none.pth"):
        heard.explorer.open_weights(file)
        heard.settle()
        assert heard.explorer.network is before
        assert len(heard.said) == 1


def test_weights_that_nearly_fit_say_what_is_amiss(
    heard: Heard, qtbot: QtBot, tmp_path: Path
) -> None:
    state = build_random(card_of("lenet5")).state_dict()
    del state["classifier.fc5.weight"], state["classifier.fc5.bias"]
    file = tmp_path / "mine.pth"
    torch.save(state, file)
    with qtbot.waitSignal(heard.explorer.network_opened, timeout=PATIENCE):
        heard.explorer.choose_network("lenet5")
    heard.settle()
    with qtbot.assertNotEmitted(heard.explorer.network_opened):
        heard.explorer.open_weights(file)
        heard.settle()
    # by the file's name; the path and the tensors stand in the details
    (message,) = heard.messages
    assert message.text == (
        "mine.pth does not fit LeNet-5: it lacks 2 weights (classifier.fc5.weight, "
        "classifier.fc5.bias); it fits no other network here."
    )
    assert message.details.startswith(str(file))
    assert "missing       classifier.fc5.weight  (10, 84)  -" in message.details
    heard.messages.clear()
    heard.explorer.choose_network("squeezenet1_1")
    heard.explorer.open_weights(file)
    heard.settle()
    assert heard.said[0].startswith("mine.pth does not fit LeNet-5: it lacks 2 weights")


def test_opening_weights_can_be_stopped(heard: Heard, tmp_path: Path) -> None:
    file = saved(tmp_path / "mine.pth", card_of("squeezenet1_1"))
    heard.explorer.choose_network("lenet5")
    heard.settle()
    heard.explorer.open_weights(file)
    heard.explorer.cancel()
    heard.settle()
    assert heard.shown == "lenet5"
    assert heard.said == ["Stopped."]


def test_a_version_of_the_weights(heard: Heard) -> None:
    heard.explorer.choose_network("lenet5", version="MNIST")
    heard.settle()
    assert heard.explorer.network is not None
    assert heard.explorer.network.weights == "MNIST"
    heard.explorer.choose_network("lenet5", version="V9")
    heard.settle()
    assert heard.said[0].startswith('LeNet-5 has no weights "V9": known are "MNIST"')


@pytest.fixture
def thumbs(heard: Heard) -> list[ThumbnailsShown | None]:
    """What is told of thumbnails, LeNet-5 being open without a picture."""
    told: list[ThumbnailsShown | None] = []
    heard.explorer.thumbnails_shown.connect(told.append)
    heard.explorer.show_thumbnails("mean")
    heard.explorer.choose_network("lenet5")
    heard.settle()
    assert told == []
    return told


def boxes(heard: Heard) -> set[str]:
    assert heard.explorer.network is not None
    return {node.name for node in heard.explorer.network.layout.graph.nodes}


def test_every_box_has_its_thumbnail_also_after_opening_blocks(
    heard: Heard, thumbs: list[ThumbnailsShown | None]
) -> None:
    started: list[str] = []
    heard.explorer.run_started.connect(started.append)
    heard.explorer.expand(frozenset())
    heard.explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    heard.settle()
    assert thumbs[-1] is not None
    assert thumbs[-1].by_name.keys() == boxes(heard)
    assert len(started) == 1
    closed = len(boxes(heard))
    assert heard.explorer.network is not None
    heard.explorer.expand(frozenset(heard.explorer.network.graph.block))
    heard.settle()
    assert len(boxes(heard)) > closed
    assert None not in thumbs  # what was there stayed until the new ones came
    assert thumbs[-1].by_name.keys() == boxes(heard)
    assert len(started) == 1  # nothing else shows that it waits


def test_boxes_have_room_for_thumbnails_from_the_first_picture_on(
    heard: Heard, thumbs: list[ThumbnailsShown | None]
) -> None:
    def width() -> float:
        assert heard.explorer.network is not None
        return heard.explorer.network.layout.width

    assert thumbs == []
    narrow = width()
    heard.explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    wide = width()
    assert wide > narrow
    heard.settle()
    heard.explorer.clear_picture()  # as each empty drawing pad does: nothing moves
    heard.settle()
    assert width() == wide
    heard.explorer.show_thumbnails(None)
    assert width() == narrow


def test_thumbnails_of_another_picture_or_network_are_not_shown(
    heard: Heard, thumbs: list[ThumbnailsShown | None]
) -> None:
    heard.explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    heard.settle()
    three = decode_file(resource("samples", "digit-3.png"))
    heard.explorer.show_picture(three)
    assert thumbs[-1] is None
    heard.settle()
    assert thumbs[-1] is not None
    assert thumbs[-1].picture is three
    heard.explorer.choose_network("squeezenet1_1")
    heard.settle()
    network = heard.explorer.network
    assert network is not None
    assert thumbs[-1].graph is network.graph
    assert thumbs[-1].by_name.keys() == boxes(heard)
    heard.explorer.clear_picture()
    assert thumbs[-1] is None


def test_the_choice_of_channel_runs_again_and_off_is_off(
    heard: Heard, thumbs: list[ThumbnailsShown | None]
) -> None:
    heard.explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    heard.settle()
    heard.explorer.show_thumbnails("strongest")
    heard.settle()
    assert thumbs[-1] is not None
    assert thumbs[-1].channel == "strongest"
    heard.explorer.show_thumbnails(None)
    heard.settle()
    assert thumbs[-1] is None
    assert not heard.explorer.drawing_options.thumbnails


def test_a_drawing_keeps_its_thumbnails_until_the_next(
    heard: Heard, thumbs: list[ThumbnailsShown | None]
) -> None:
    for _ in range(5):
        last = decode_file(resource("samples", "digit-5.png"))
        heard.explorer.show_picture(last, live=True)
    heard.settle()
    assert None not in thumbs
    assert thumbs
    assert thumbs[-1] is not None
    assert thumbs[-1].picture is last


def test_a_box_that_can_have_none_is_not_asked_for_again(
    heard: Heard, thumbs: list[ThumbnailsShown | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert heard.explorer.network is not None
    monkeypatch.setattr(
        "cnn_explorer.probe.session.can_be_captured",
        lambda model, layers, modules: can_be_captured(
            model, [name for name in layers if "pool" not in name], modules
        ),
    )
    heard.explorer.expand(frozenset(heard.explorer.network.graph.block))
    heard.explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    heard.settle()
    assert thumbs[-1] is not None
    without = boxes(heard) - thumbs[-1].by_name.keys()
    assert without
    assert all("pool" in name for name in without)
    told = len(thumbs)
    for _ in range(3):
        heard.explorer.expand(heard.explorer.network.expanded)
        heard.settle()
    assert len(thumbs) == told
