"""The profile over depth: against outputs captured one by one, and nets that fail on purpose."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.graph.module_tree import layer_graph
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.torchvision_models import import_torchvision
from cnn_explorer.paths import resource
from cnn_explorer.probe import layer_outputs
from cnn_explorer.probe.failures import BOUNDS, failures, near_bounds
from cnn_explorer.probe.onnx_export import export_onnx
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.profile import Profile, profile
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.statistics import LayerStatistics, statistics_of

PREPROCESSING = Preprocessing("photo", 8, 16, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
CARD = NetworkCard(
    name="tiny", title="Tiny", family="LeNet", year=2000, authors="A", paper="P", url="u",
    builder="x:y", depth=1, parameters=0, macs=0, preprocessing=PREPROCESSING,
    classes="mnist", accuracy="",
)  # fmt: skip
PICTURE = np.random.default_rng(0).normal(size=(3, 16, 16)).astype(np.float32)
PREPARED = PreparedInput(PICTURE, np.zeros((16, 16, 3), np.uint8), (0, 0, 16, 16), 0.0)


def session_of(model: nn.Module) -> Session:
    return Session(CARD, model.eval(), False, "by hand", PREPROCESSING, ())


def prepared_for(session: Session | OnnxSession) -> PreparedInput:
    sample = "digit-5.png" if session.preprocessing.kind == "digit" else "photo-cat.jpg"
    return prepare(decode_file(resource("samples") / sample), session.preprocessing)


def layers_of(session: Session) -> list[str]:
    shape = session.preprocessing.input_shape
    graph = layer_graph(session.model, shape, network=session.card.name)
    return [
        layer.name
        for layer in graph.layers
        if layer.kind not in ("input", "output") and not layer.training_only
    ]


def assert_same(got: LayerStatistics, expected: LayerStatistics) -> None:
    for name in vars(expected):
        if name != "channels":
            np.testing.assert_equal(getattr(got, name), getattr(expected, name), err_msg=name)
    for name, values in vars(expected.channels).items():
        np.testing.assert_array_equal(getattr(got.channels, name), values, err_msg=name)


@pytest.mark.parametrize(
    "name",
    ["lenet5-1998", "googlenet-cifar", "densenet-cifar", "resnet18", "torchvision/mobilenet_v2",
     "torchvision/shufflenet_v2_x0_5"],
)  # fmt: skip
def test_bit_for_bit_what_is_captured(name: str) -> None:
    session = Session.open(card_of(name))
    prepared, layers = prepared_for(session), layers_of(session)
    found = profile(session, prepared, layers)
    assert list(found.layers) == [layer for layer in layers if layer in found.layers]
    assert len(found.layers) == len(layers)
    expected = session.run(prepared, layers).activations
    for layer in layers:
        assert_same(found.layers[layer], statistics_of(expected[layer]))


def test_operations_in_place_come_too_late() -> None:
    """torchvision's own ResNet-18 adds in place and has in-place ReLUs called twice."""

    card = card_of("resnet18")
    torch.manual_seed(0)
    model = import_torchvision().models.resnet18(weights=None).eval()
    assert model.layer1[0].relu.inplace
    session = Session(card, model, False, "random", card.preprocessing, ())
    prepared, layers = prepared_for(session), layers_of(session)
    assert {"layer1.0.add", "layer1.0.relu#2", "flatten"} <= set(layers)
    found = profile(session, prepared, layers)
    assert list(found.layers) == layers
    expected = session.run(prepared, layers).activations  # it runs again with copies
    assert {"bn1", "layer1.0.add"} <= session._overwritten
    for layer in layers:
        assert_same(found.layers[layer], statistics_of(expected[layer]))
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_onnx_in_batches_of_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.onnx"
    export_onnx(Session.open(card_of("resnet20")), path)
    session = OnnxSession.open(path)
    prepared = prepared_for(session)
    layers = [layer.name for layer in session.network.layers]
    monkeypatch.setattr(layer_outputs, "BATCH_BYTES", 1 << 18)
    asked: list[int] = []
    plain = session.outputs

    def outputs(prepared: PreparedInput, layers: list[str]) -> Mapping[str, np.ndarray]:
        given = plain(prepared, layers)
        asked.append(sum(maps.nbytes for maps in given.values()))
        return given

    monkeypatch.setattr(session, "outputs", outputs)
    fractions: list[float] = []
    found = profile(session, prepared, layers[::-1], fractions.append)
    assert list(found.layers) == layers
    assert len(asked) > 5
    assert max(asked) <= 1 << 18
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    expected = session.run(prepared, layers).activations
    for layer in layers:
        assert_same(found.layers[layer], statistics_of(expected[layer]))
    assert not found.failures
    with pytest.raises(ExplorerError, match="no layer"):
        profile(session, prepared, ["nothing"])


def test_unknown_layers_weights_and_cancelling() -> None:
    session = Session.open(card_of("torchvision/vit_b_16"), version="random")
    prepared = prepared_for(session)
    found = profile(session, prepared, ["class_token", "conv_proj"])
    assert list(found.layers) == ["conv_proj"]
    with pytest.raises(ExplorerError, match="no layer"):
        profile(session, prepared, ["nothing"])

    def stop(fraction: float) -> None:
        if fraction > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        profile(session, prepared, ["conv_proj", "heads.head"], stop)
    assert not any(module._forward_hooks for module in session.model.modules())


def test_a_network_that_cannot_be_run_is_one_sentence() -> None:
    session = session_of(nn.Sequential(nn.Linear(5, 2)))
    with pytest.raises(ExplorerError, match=r"^Tiny cannot be run on a picture: "):
        profile(session, PREPARED, ["0"])


# failures


def plain_net(
    gain: float, *, activation: Callable[[], nn.Module] = nn.ReLU, depth: int = 20, width: int = 32
) -> nn.Sequential:
    """Convolutions of 3 x 3 with `gain` times the deviation of He et al. 2015, equation 10."""
    torch.manual_seed(3)
    layers: list[nn.Module] = []
    for number in range(depth):
        fan_in = 3 if number == 0 else width
        conv = nn.Conv2d(fan_in, width, 3, padding=1, padding_mode="circular")
        nn.init.normal_(conv.weight, std=gain * (2 / (9 * fan_in)) ** 0.5)
        nn.init.zeros_(conv.bias)
        layers += [conv, activation()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * 256, 10))


def profiled(model: nn.Sequential) -> Profile:
    return profile(session_of(model), PREPARED, [name for name, _ in model.named_children()])


def test_good_initialisation_fails_nowhere() -> None:
    found = profiled(plain_net(1.0))
    assert len(found.layers) == 42
    assert not found.failures


def test_too_large_initialisation_explodes() -> None:
    found = profiled(plain_net(2.5))
    kinds = {failure.kind for failure in found.failures.values()}
    assert kinds == {"exploding"}
    # 2.5 to the power of eight is more than a thousand: the first layers are well
    began = next(iter(found.failures))
    assert 14 <= int(began) <= 18
    assert {failure.since for failure in found.failures.values()} == {began}
    assert found.failures[began].sentence.endswith("times that of the first layers.")


def test_too_small_initialisation_vanishes() -> None:
    found = profiled(plain_net(0.4))
    assert {failure.kind for failure in found.failures.values()} == {"vanishing"}
    began = next(iter(found.failures))
    assert 14 <= int(began) <= 20
    assert "th of that of the first layers." in found.failures[began].sentence


def test_a_first_layer_that_explodes_has_nothing_to_be_compared_with() -> None:
    model = plain_net(1.0, depth=4)
    with torch.no_grad():
        model[0].weight.mul_(1e7)
    found = profiled(model)
    assert {failure.kind for failure in found.failures.values()} == {"exploding"}
    assert next(iter(found.failures)) == "0"


@pytest.mark.parametrize(("dead", "kind"), [(16, None), (17, "mostly dead"), (32, "all zero")])
def test_relus_that_a_bias_has_killed(dead: int, kind: str | None) -> None:
    model = plain_net(1.0, depth=6)
    with torch.no_grad():
        model[4].bias[:dead] = -1000
    found = profiled(model)
    assert found.layers["5"].dead == dead
    failure = found.failures.get("5")
    assert (None if failure is None else failure.kind) == kind
    if kind == "mostly dead":
        assert failure is not None
        assert failure.sentence == "17 of 32 channels are 0 everywhere."
    if kind == "all zero":
        assert found.failures["7"].kind == "all zero"


def test_zeros_behind_a_flat_relu_are_no_failure() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(768, 50), nn.ReLU())
    with torch.no_grad():
        model[1].bias.sub_(0.5)
    found = profiled(model)
    assert found.layers["2"].dead > 25
    assert not found.failures


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid])
def test_large_weights_saturate(activation: Callable[[], nn.Module]) -> None:
    usual = profiled(plain_net(1.0, activation=activation, depth=3))
    assert not usual.failures
    assert 0 <= usual.saturated["1"] < 0.3
    found = profiled(plain_net(30.0, activation=activation, depth=3))
    assert found.saturated["1"] > 0.8
    assert found.failures["1"].kind == "saturated"
    assert f"bounds of {activation.__name__.lower()}" in found.failures["1"].sentence
    assert set(found.saturated) == {"1", "3", "5"}


def test_weights_that_are_no_numbers() -> None:
    model = plain_net(1.0, depth=4)
    with torch.no_grad():
        model[2].weight[7, 0, 0, 0] = float("nan")
    session = session_of(model)
    with pytest.raises(ExplorerError, match="not a number"):
        session.run(PREPARED)
    found = profiled(model)
    assert found.layers["2"].not_a_number == 256
    assert found.failures["2"].kind == "not finite"
    assert found.failures["2"].sentence == "256 of 8,192 values are infinite or no number."
    assert list(found.failures) == ["2", "3", "4", "5", "6", "7", "8", "9"]
    assert {failure.since for failure in found.failures.values()} == {"2"}
    assert found.layers["9"].not_a_number == 10


def test_a_layer_that_says_nothing_is_constant() -> None:
    model = plain_net(1.0, depth=4)
    with torch.no_grad():
        model[2].weight.mul_(1e-7)
        model[2].bias.fill_(0.7)
    found = profiled(model)
    assert [found.failures[name].kind for name in ("2", "3")] == ["constant", "constant"]
    assert found.failures["2"].sentence.startswith("All values are about 0.7: ")


def test_functions_are_known_by_name() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.head = nn.Softmax(1)

        def forward(self, x: Tensor) -> Tensor:
            x = torch.tanh(1000 * self.conv(x))
            return self.head(x.mean((2, 3)))

    found = profile(session_of(Net()), PREPARED, ["conv", "tanh", "head"])
    assert found.failures["tanh"].kind == "saturated"
    assert list(found.layers) == ["conv", "tanh", "head"]


def test_masks_and_probabilities_are_small_by_what_they_are() -> None:
    zeros = statistics_of(np.zeros((4, 3, 3), np.float32))
    usual = statistics_of(PICTURE)
    tiny = statistics_of(np.linspace(1e-6, 2e-6, 1000, dtype=np.float32))
    layers = {"a": usual, "b": usual, "c": usual, "new_zeros": zeros, "softmax": tiny, "fc": tiny}
    kinds = {"new_zeros": "new_zeros", "softmax": "softmax"}
    assert {name: f.kind for name, f in failures(layers, kinds, {}).items()} == {"fc": "vanishing"}
    assert set(failures(layers, {}, {})) == {"new_zeros", "softmax", "fc"}
    # a gate is nearly the same everywhere, and open
    gate = statistics_of(np.linspace(0.499, 0.501, 1000, dtype=np.float32))
    assert not failures({"conv": usual, "gate": gate}, {}, {})
    assert not failures({"nothing": statistics_of(np.zeros((0, 2, 2), np.float32))}, {}, {})


def test_a_layer_of_a_single_value() -> None:
    usual = statistics_of(PICTURE)
    for value, kind in ((1e-7, "vanishing"), (-1e-7, "vanishing"), (0.0, "all zero"), (0.5, None)):
        one = statistics_of(np.array([value], np.float32))
        found = failures({"conv": usual, "gate": one}, {}, {})
        assert [failure.kind for failure in found.values()] == ([] if kind is None else [kind])


def test_what_is_near_a_bound() -> None:
    values = np.array([-1, -0.981, -0.979, 0, 0.979, 0.981, 1], np.float32)
    assert near_bounds("tanh", values) == 4 / 7
    assert near_bounds("relu", values) is None
    assert near_bounds("tanh", values[:0]) is None
    for kind, (low, high) in BOUNDS.items():
        modules = {"scaledtanh": lambda x: 1.7159 * torch.tanh(x * 2 / 3)}
        squash = modules.get(kind) or getattr(nn.functional, kind)
        ends = torch.tensor([-50.0, 50.0]) * (2 if kind == "softsign" else 1)
        np.testing.assert_allclose(np.asarray(squash(ends)), (low, high), atol=0.01)
