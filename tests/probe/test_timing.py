"""Times of layers: all of them, plausible, cancellable, and without a trace left behind."""

import time

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import ALL
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.timing import time_forwards, time_layers


class _Sleep(nn.Module):
    def __init__(self, ms: float) -> None:
        super().__init__()
        self.ms = ms

    def forward(self, x: Tensor) -> Tensor:
        time.sleep(self.ms / 1000)
        return x


class _Sleepy(nn.Module):
    """Layers that take a known time, one of them called twice, and a functional operation."""

    def __init__(self) -> None:
        super().__init__()
        self.short = _Sleep(2)
        self.long = _Sleep(8)

    def forward(self, x: Tensor) -> Tensor:
        return (self.long(self.short(x)) + self.short(x)).flatten(1)


LAYERS = ("short", "long", "short#2", "add", "flatten")


def _session(model: nn.Module, shape: tuple[int, int, int] = (1, 4, 4)) -> Session:
    rules = Preprocessing("digit", shape[1], shape[1], (0.5,), (0.5,))
    card = ALL["lenet5"]
    return Session(card, model.eval(), trained=False, weights="", preprocessing=rules,
                   class_names=())  # fmt: skip


def _hooks(model: nn.Module) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )


def test_each_layer_has_its_own_time() -> None:
    times = time_layers(_session(_Sleepy()), LAYERS, runs=3, warm_ups=1)
    assert tuple(times.layers) == LAYERS
    assert times.runs == 3
    # sleeping never takes less; how much more depends on what else the computer does
    assert times.layers["short"] >= 2
    assert times.layers["short#2"] >= 2
    assert times.layers["long"] >= 8
    assert 0 < times.layers["add"] < times.layers["long"]
    assert times.forward_ms >= 12
    assert times.sum_ms == sum(times.layers.values())


def test_only_what_was_asked_for_and_what_ran() -> None:
    times = time_layers(_session(_Sleepy()), ("long", "nothing"), runs=1, warm_ups=0)
    assert tuple(times.layers) == ("long",)


def test_the_median_is_told() -> None:
    """One run that is interrupted does not count."""
    model = _Sleepy()
    calls = 0

    def interrupted(_module: nn.Module, _inputs: object) -> None:
        nonlocal calls
        calls += 1
        model.long.ms = 60 if calls in (3, 4) else 4  # a bare run and a watched one

    with_hook = model.register_forward_pre_hook(interrupted)
    times = time_layers(_session(model), LAYERS, runs=3, warm_ups=0)
    with_hook.remove()
    assert 4 <= times.layers["long"] < 50
    assert times.forward_ms < 50


@pytest.mark.parametrize("name", ["lenet5-1998", "googlenet-cifar", "torchvision/swin_t"])
def test_every_layer_of_a_network_has_a_time(name: str) -> None:
    session = Session.open(ALL[name], version="random")
    graph = extract(session.model, session.preprocessing.input_shape)
    layers = [
        layer.name
        for layer in graph.layers
        if not layer.training_only and layer.kind not in ("input", "output")
    ]
    weights = {key: value.clone() for key, value in session.model.state_dict().items()}
    times = time_layers(session, layers, runs=1, warm_ups=1)
    assert set(times.layers) == set(layers)
    assert all(spent > 0 for spent in times.layers.values())
    assert _hooks(session.model) == 0
    assert all(
        torch.equal(value, weights[key]) for key, value in session.model.state_dict().items()
    )


def test_cancelling_leaves_no_hook_behind() -> None:
    session = Session.open(ALL["lenet5"], version="random")
    fractions: list[float] = []

    def checkpoint(fraction: float) -> None:
        fractions.append(fraction)
        if len(fractions) == 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        time_layers(session, ("features.conv1",), checkpoint=checkpoint)
    assert len(fractions) == 30
    assert fractions == sorted(fractions)
    assert 0 < fractions[-1] < 1
    assert _hooks(session.model) == 0


def test_progress_ends_at_one() -> None:
    fractions: list[float] = []
    session = Session.open(ALL["lenet5"], version="random")
    time_layers(session, (), runs=1, warm_ups=0, checkpoint=fractions.append)
    assert fractions[-1] == 1.0


def test_no_runs_are_no_measurement() -> None:
    with pytest.raises(ExplorerError, match="one run at least"):
        time_layers(_session(_Sleepy()), LAYERS, runs=0)


class _Scores(nn.Module):
    """Takes a known time, and notes when it was asked."""

    def __init__(self, name: str, ms: float, asked: list[str]) -> None:
        super().__init__()
        self.name, self.ms, self.asked = name, ms, asked

    def forward(self, x: Tensor) -> Tensor:
        self.asked.append(self.name)
        time.sleep(self.ms / 1000)
        return x.flatten(1)


def _prepared(session: Session) -> PreparedInput:
    noise = np.zeros(session.preprocessing.input_shape, np.float32)
    return PreparedInput(noise, np.zeros((4, 4, 3), np.uint8), (0, 0, 4, 4), 0.0)


def test_networks_take_turns_and_medians_are_told() -> None:
    asked: list[str] = []
    models = [_Scores(name, ms, asked) for name, ms in (("a", 2), ("b", 8), ("c", 4))]
    sessions = [_session(model) for model in models]
    fractions: list[float] = []
    times = time_forwards(
        sessions, [_prepared(session) for session in sessions], 3, fractions.append, warm_ups=1
    )
    assert "".join(asked) == "abccbaabccba"
    assert len(times) == 3
    assert times[0] >= 2
    assert times[1] >= 8
    assert times[1] > times[0]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_one_interrupted_turn_does_not_count() -> None:
    asked: list[str] = []
    model = _Scores("a", 1, asked)
    session = _session(model)

    def interrupted(_module: nn.Module, _inputs: object) -> None:
        model.ms = 80 if len(asked) == 1 else 1

    model.register_forward_pre_hook(interrupted)
    (median,) = time_forwards([session], [_prepared(session)], 3, warm_ups=0)
    assert 1 <= median < 60


def test_taking_turns_can_be_cancelled() -> None:
    asked: list[str] = []
    sessions = [_session(_Scores(name, 0, asked)) for name in "ab"]

    def checkpoint(_fraction: float) -> None:
        if len(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        time_forwards(sessions, [_prepared(s) for s in sessions], 3, checkpoint)
    assert len(asked) == 3
    with pytest.raises(ExplorerError, match="one round at least"):
        time_forwards(sessions, [_prepared(s) for s in sessions], 0)
