"""Exact or fast in the window's state, and layers shown again without a forward."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.shown import ActivationsShown, AnswersShown
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks import quickest as measuring
from cnn_explorer.networks.lenet import LeNet5
from cnn_explorer.networks.squeezenet import SqueezeNet
from cnn_explorer.paths import resource
from cnn_explorer.probe.precision import EXACT, FLOAT32, Arithmetic, Form
from cnn_explorer.probe.results import RunResult
from cnn_explorer.probe.session import Session

PATIENCE = 120_000  # ms; a limit, not a wait


class Seen:
    """A network with a picture, what its state has told, and the forwards made for it."""

    def __init__(self, qtbot: QtBot, explorer: Explorer) -> None:
        self.qtbot = qtbot
        self.explorer = explorer
        self.forwards = 0
        self.answers: list[AnswersShown] = []
        self.activations: list[ActivationsShown] = []
        self.told: list[Arithmetic | None] = []
        self.said: list[Message] = []
        explorer.answers_shown.connect(self.answers.append)
        explorer.activations_shown.connect(self.activations.append)
        explorer.arithmetic_told.connect(self.told.append)
        explorer.message_shown.connect(self.said.append)

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.explorer.idle, timeout=PATIENCE)

    def open(self, network: str, *, thumbnails: bool = False) -> None:
        self.explorer.show_thumbnails("mean" if thumbnails else None)
        self.explorer.choose_network(network, version="MNIST" if network == "lenet5" else "random")
        self.settle()
        photo = "digit-7.png" if network == "lenet5" else "photo-cat.jpg"
        self.explorer.open_file(resource("samples", photo))
        self.settle()

    def count(self, module: nn.Module, inputs: tuple[Tensor, ...], _output: object) -> None:
        # one over shapes alone, on the meta device, is made for the graph
        if isinstance(module, LeNet5 | SqueezeNet) and inputs[0].device.type == "cpu":
            self.forwards += 1


@pytest.fixture
def seen(qtbot: QtBot) -> Iterator[Seen]:
    explorer = Explorer()
    seen = Seen(qtbot, explorer)
    hook = register_module_forward_hook(seen.count)
    explorer.start()
    yield seen
    hook.remove()
    explorer.close()
    explorer.deleteLater()


# layers shown again


@pytest.mark.parametrize("thumbnails", [False, True])
def test_layers_captured_already_take_no_forward(seen: Seen, thumbnails: bool) -> None:
    seen.open("lenet5", thumbnails=thumbnails)
    explorer = seen.explorer
    first = explorer.layer
    network = explorer.network
    assert network is not None
    second = network.graph.layers[3].name
    explorer.select_layer(second)
    seen.settle()
    maps = seen.activations[-1]
    assert maps.layer == second
    made, ms = seen.forwards, seen.answers[-1].forward_ms
    for layer in (first, second, "output", "input", "", second):
        explorer.select_layer(layer)
        seen.settle()
    assert seen.forwards == made
    assert seen.activations[-1].maps is maps.maps  # shared, not copied
    assert seen.answers[-1].forward_ms == ms
    # a layer that was not seen yet takes one, and one alone
    explorer.select_layer(network.graph.layers[4].name)
    seen.settle()
    assert seen.forwards == made + 1


def test_blocks_opened_again_have_their_thumbnails(seen: Seen) -> None:
    seen.open("squeezenet1_1", thumbnails=True)
    explorer = seen.explorer
    network = explorer.network
    assert network is not None
    first, everything = network.expanded, frozenset(network.graph.block)
    explorer.expand(everything)
    seen.settle()
    made = seen.forwards
    explorer.show_thumbnails(None)
    explorer.show_thumbnails("mean")
    explorer.expand(first)
    explorer.expand(everything)
    seen.settle()
    assert seen.forwards == made


def test_another_picture_and_another_opening_take_a_forward(seen: Seen) -> None:
    seen.open("lenet5")
    made = seen.forwards
    seen.explorer.show_picture(decode_file(resource("samples", "digit-7.png")))
    seen.settle()
    assert seen.forwards == made + 1
    seen.explorer.choose_network("lenet5")
    seen.settle()
    assert seen.forwards == made + 2


def test_nothing_is_kept_where_that_is_chosen(seen: Seen) -> None:
    seen.explorer.keep_layers(0)
    seen.open("lenet5")
    first = seen.explorer.layer
    made = seen.forwards
    for layer in ("", first):
        seen.explorer.select_layer(layer)
        seen.settle()
    assert seen.forwards == made + 1  # the answer alone is known, and the layer is not
    assert seen.activations[-1].layer == first


# precision


def test_fast_is_told_with_the_answers_and_the_maps(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: FLOAT32 if ways else "")
    seen.open("squeezenet1_1")
    assert seen.told == [EXACT]
    exact = seen.activations[-1]
    seen.explorer.compute("fast")
    seen.settle()
    fast = Arithmetic("fast", FLOAT32)
    assert seen.told == [EXACT, None, fast]
    assert seen.answers[-1].arithmetic == seen.activations[-1].arithmetic == fast
    assert seen.activations[-1].maps is not exact.maps
    assert seen.answers[-1].classes[0].index == seen.answers[0].classes[0].index
    made = seen.forwards
    seen.explorer.compute("fast")  # it is so already
    seen.settle()
    assert seen.forwards == made
    seen.explorer.compute("exact")
    seen.settle()
    assert seen.told[-1] == EXACT
    assert (seen.activations[-1].maps == exact.maps).all()
    assert seen.said == []


def test_where_fast_is_exact_a_sentence_says_so_once(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: next(iter(ways)))
    seen.explorer.compute("fast")
    seen.open("lenet5")
    note = "Exact is the fastest for LeNet-5 on this computer."
    assert [message.text for message in seen.said] == [note]
    assert seen.told == [Arithmetic("exact", "float32", note)]
    seen.explorer.show_picture(decode_file(resource("samples", "digit-3.png")))
    seen.settle()
    assert len(seen.said) == 1


def test_fast_that_fails_half_way_leaves_exact_maps_alone(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: FLOAT32 if ways else "")
    seen.explorer.compute("fast")
    seen.open("squeezenet1_1")
    assert seen.activations[-1].arithmetic.precision == "fast"
    run = Session._run

    def failing(self: Session, form: Form, *args: Any) -> RunResult:
        if form.arithmetic.precision == "fast":
            raise ExplorerError("out of memory.")
        return run(self, form, *args)

    monkeypatch.setattr(Session, "_run", failing)
    seen.explorer.show_thumbnails("mean")  # the maps on show are known, these are not
    seen.settle()
    shown = seen.activations[-1]
    assert shown.arithmetic.precision == "exact"
    seen.explorer.compute("exact")
    seen.settle()
    assert (seen.activations[-1].maps == shown.maps).all()
    assert [message.level for message in seen.said] == ["info"]
