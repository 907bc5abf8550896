"""Steps that run together: what is seen as a chain, and that every name still gives its output."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cnn_explorer.networks import quickest as measuring
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.probe import precision
from cnn_explorer.probe.capture import capture
from cnn_explorer.probe.fusing import Fused, chains
from cnn_explorer.probe.precision import BFLOAT16, FUSED, FastForm, converted
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session
from tests.probe.test_session import CARD, PREPROCESSING

pytestmark = pytest.mark.skipif(
    not precision.bfloat16_is_known(), reason="this processor does not compute in bfloat16"
)

NEAR = 0.05
"""How far outputs in bfloat16 may be from those in float32, as a share of these: behind MobileNet's
53 layers they are 0.03."""


def far(mine: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(mine - other) / np.linalg.norm(other))


def lively(model: nn.Module) -> nn.Module:
    """The network in eval mode, with normalisations that change what they are given."""
    torch.manual_seed(0)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features)
            module.running_var = torch.rand(module.num_features) + 0.2
            if module.affine:
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    return model.eval()


def found(model: nn.Module, side: int = 12) -> dict[str, tuple[str, str]]:
    """For each first module of a chain, the normalisation and the activation."""
    of = chains(lively(model), torch.zeros(1, 3, side, side))
    return {chain.first: (chain.norm, chain.activation) for chain in of}


def agrees(model: nn.Module, *subsets: tuple[str, ...]) -> None:
    """Each of these layers, asked for together, and the answer are near those of float32."""
    batch = torch.randn(1, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    copy = converted(model, FUSED)
    fused = Fused(copy, model, chains(model, torch.zeros_like(batch)))
    for layers in ((), *subsets):
        fused.wanted(layers)
        with torch.no_grad():
            with capture(model, layers, copy=True) as exact:
                answer = model(batch)
            with capture(copy, layers, copy=True) as fast:
                other = copy(batch.bfloat16())
        fused.check()
        assert far(other.float().numpy(), answer.numpy()) < NEAR, layers
        for layer in layers:
            assert far(fast[layer].float().numpy(), exact[layer].numpy()) < NEAR, (layer, layers)


class Block(nn.Module):
    """Two convolutions around a shared ReLU, and an addition in place."""

    def __init__(self, inplace: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(8, affine=False)
        self.relu = nn.ReLU(inplace=inplace)
        self.short = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8))

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.relu(self.bn1(self.conv1(x)))
        made = self.bn2(self.conv2(made))
        made += self.short(x)
        shown: Tensor = self.relu(made)
        return shown


@pytest.mark.parametrize("inplace", [False, True])
def test_a_residual_block(inplace: bool) -> None:
    model = Block(inplace)
    assert found(model) == {
        "conv1": ("bn1", "relu"),
        "conv2": ("bn2", ""),
        "short.0": ("short.1", ""),
    }
    names = ("conv1", "bn1", "conv2", "bn2", "short.0", "short.1", "relu", "relu#2", "add")
    agrees(model, *((name,) for name in names), names, ("conv1", "bn2"), ("", "short"), names[:2])


def test_a_block_that_ends_with_a_convolution_gives_the_convolutions_output() -> None:
    model = nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 8, 3)), nn.BatchNorm2d(8), nn.Identity(), nn.ReLU()
    )
    assert found(model) == {"0.0": ("1", "3")}  # Identity hands on what it was given
    agrees(model, ("0",), ("1",), ("2",), ("0", "1"), ("0.0", "2"))
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)), nn.ReLU())
    assert found(model) == {"0.0": ("0.1", "1")}
    agrees(model, ("0",), ("0.1",), ("0.0",), ("1",))


@pytest.mark.parametrize(
    "activation", [nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.LeakyReLU, nn.Tanh]
)
def test_activations(activation: Callable[[], nn.Module]) -> None:
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, bias=False), nn.BatchNorm2d(16), activation(),
        nn.Conv2d(16, 16, 3, groups=16, dilation=2, padding=(2, 1)), activation(),
        nn.Flatten(), nn.LazyLinear(8), activation(), nn.Dropout(), nn.Linear(8, 4),
    )  # fmt: skip
    with torch.no_grad():
        model(torch.zeros(2, 3, 12, 12))
    known = activation not in (nn.LeakyReLU, nn.Tanh)
    assert found(model) == {
        "0": ("1", "2" if known else ""),
        "3": ("", "4" if known else ""),
        "6": ("", "7" if known else ""),
        "9": ("", ""),
    }
    agrees(model, *((str(at),) for at in range(10)), tuple(map(str, range(10))))


class Branches(nn.Module):
    """Both convolutions run before their normalisations do."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.norm_a, self.norm_b = nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.a(x), self.b(x)
        return torch.cat([functional.relu(self.norm_a(a)), self.norm_b(b)], 1)


def test_branches_side_by_side() -> None:
    model = Branches()
    assert found(model) == {"a": ("norm_a", ""), "b": ("norm_b", "")}
    agrees(model, ("a",), ("norm_b", "b"), ("relu",), ("cat", "norm_a"))


class Told(nn.Module):
    """A convolution, its normalisation and what else is done with what it gives."""

    def __init__(self, used: Callable[[nn.Module, Tensor, Tensor], object]) -> None:
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3), nn.ReLU()
        self.used = used

    def forward(self, x: Tensor) -> object:
        made = self.conv(x)
        return self.used(self, made, self.relu(self.norm(made)))


@pytest.mark.parametrize(
    "used",
    [
        lambda _model, made, shown: made + shown,
        lambda _model, made, shown: made.mean() * shown,
        lambda _model, made, shown: made.data[:, :, 0, 0] * shown.mean(),
        lambda _model, made, shown: (shown, made),
        lambda _model, made, shown: {"answer": shown, "maps": [made]},
        lambda model, made, shown: model.norm(made) + shown,
        lambda model, made, shown: model.relu(made) + shown,
    ],
)
def test_what_is_used_elsewhere_too_stays_by_itself(used: Callable[..., object]) -> None:
    assert found(Told(used)) == {"conv": ("", "")}


@pytest.mark.parametrize(
    "decide",
    [
        lambda shown: bool(shown.mean() > 0), lambda shown: shown.mean().item() > 0,
        lambda shown: float(shown.mean()) > 0, lambda shown: bool(shown.numpy().any()),
        lambda shown: torch.equal(shown, shown),
    ],
)  # fmt: skip
def test_a_network_that_decides_by_values_has_no_chains(decide: Callable[[Tensor], bool]) -> None:
    """For another picture what was recorded as used once could be used twice."""
    used = lambda _model, made, shown: made + shown if decide(shown) else shown  # noqa: E731
    assert found(Told(used)) == {}


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
def test_a_network_that_cannot_be_recorded_runs_module_by_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda *_, **__: BFLOAT16)
    model = Told(lambda model, made, shown: model.compiled(made) + shown).eval()
    model.compiled = torch.jit.script(nn.Tanh())  # takes no hooks
    form = FastForm(model, "Told", (3, 12, 12)).get()
    assert (form.arithmetic.how, form.arithmetic.note) == (BFLOAT16, "")


def test_the_size_of_an_output_may_be_asked_for() -> None:
    sized = lambda _model, made, shown: shown * made.shape[-1]  # noqa: E731
    assert found(Told(sized)) == {"conv": ("norm", "relu")}


def test_a_module_that_is_called_twice_is_one_chain_where_both_calls_go_on_alike() -> None:
    alike = lambda model, _made, shown: model.relu(model.norm(model.conv(shown)))  # noqa: E731
    assert found(Told(alike)) == {"conv": ("norm", "relu")}
    agrees(Told(alike).eval(), ("conv",), ("conv#2",), ("norm#2", "relu"), ("norm",), ("relu#2",))
    unlike = lambda model, _made, shown: model.relu(model.conv(shown))  # noqa: E731
    assert found(Told(unlike)) == {"conv": ("", "")}
    agrees(Told(unlike).eval(), ("conv",), ("conv#2",), ("norm", "relu#2"))


def test_hooks_of_the_networks_own_and_weights_that_others_read_are_left_alone() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    model[1].register_forward_hook(lambda _m, _i, output: output + 1)
    assert found(model) == {"0": ("", "")}
    reads = lambda model, _made, shown: shown * model.conv.weight.mean()  # noqa: E731
    assert found(Told(reads)) == {}


class Kind(nn.Conv2d):
    """A convolution that may compute otherwise."""


def test_only_what_is_known_to_the_letter_is_laid_out() -> None:
    assert found(nn.Sequential(Kind(3, 4, 3), nn.BatchNorm2d(4))) == {}
    assert found(nn.Conv2d(3, 4, 3, padding="same")) == {}
    assert found(nn.Conv2d(3, 4, 3, padding=1, padding_mode="reflect")) == {}
    no_statistics = nn.BatchNorm2d(4, track_running_stats=False)
    assert found(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), no_statistics)) == {"0": ("", "1")}


def test_recording_and_fusing_leave_the_network_as_it_is() -> None:
    model = lively(Block(inplace=True))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    batch = torch.randn(1, 3, 12, 12)
    with torch.no_grad():
        answer = model(batch)
    agrees(model, ("conv1",))
    assert all(torch.equal(model.state_dict()[name], kept) for name, kept in before.items())
    with torch.no_grad():
        assert torch.equal(model(batch), answer)
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert "forward" not in vars(module)


def test_weights_without_the_normalisation_are_kept_only_while_they_are_wanted() -> None:
    model = lively(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)))
    fused = Fused(converted(model, FUSED), model, chains(model, torch.zeros(1, 3, 12, 12)))
    folded = fused.held_bytes
    assert folded == 3 * 8 * 9 * 2  # two bytes a number
    fused.wanted(("0",))
    assert fused.held_bytes == 2 * folded
    fused.wanted(("1",))
    assert fused.held_bytes == folded


class Fickle(nn.Module):
    """Takes another way than when it was recorded, and nobody can see why."""

    as_recorded = True

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.relu = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU()
        self.fc = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        made = self.conv(x)
        if self.as_recorded:
            made = self.norm(made)
        answer: Tensor = self.fc(self.relu(made).mean((2, 3)))
        return answer


def test_a_network_that_takes_another_way_runs_exactly_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda *_, **__: FUSED)
    session = Session(CARD, lively(Fickle()), False, "", PREPROCESSING, ())
    values = np.random.default_rng(0).normal(size=(2, 6, 6)).astype(np.float32)
    prepared = PreparedInput(values, np.zeros((6, 6, 3), np.uint8), (0, 0, 6, 6), 0.0)
    session.run(prepared, ["relu"], precision="fast")
    monkeypatch.setattr(Fickle, "as_recorded", False)
    exact = session.run(prepared, ["conv"])
    for _ in range(2):
        fast = session.run(prepared, ["relu"], precision="fast")
        assert fast.arithmetic.note.endswith("its layers run in another order for this picture.")
        assert fast.classes == exact.classes


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("squeezenet1_1", ()),
        ("resnet18", ()),
        ("googlenet", ()),
        ("vgg11", ()),
        ("densenet121", ()),
        ("torchvision/mobilenet_v2", ("features.3.add", "features.5.add")),
        ("torchvision/shufflenet_v2_x1_0", ("stage2.1.chunk", "stage2.1.cat", "stage3.2.cat")),
    ],
)
def test_every_layer_gives_its_output_whatever_else_is_wanted(
    monkeypatch: pytest.MonkeyPatch, name: str, functions: tuple[str, ...]
) -> None:
    monkeypatch.setattr(measuring, "quickest", lambda *_, **__: FUSED)
    session = Session.open(card_of(name), version="random")
    values = np.random.default_rng(0).normal(size=session.preprocessing.input_shape)
    values = values.astype(np.float32)
    prepared = PreparedInput(values, np.zeros((1, 1, 3), np.uint8), (0, 0, 1, 1), 0.0)
    took_part: list[str] = []
    hooks = [
        module.register_forward_hook(lambda *_, name=name: took_part.append(name))
        for name, module in session.model.named_modules()
    ]
    session.run(prepared)
    for hook in hooks:
        hook.remove()
    layers = [*dict.fromkeys(took_part), *functions]
    exact = session.run(prepared, layers)
    chance = random.Random(name)
    few = [chance.sample(layers, count) for count in (1, 1, 1, 2, 3, 5, 10)]
    for wanted in ([], layers, *few):
        fast = session.run(prepared, wanted, thumbnails_of=wanted[:3], precision="fast")
        assert fast.arithmetic.how == FUSED
        for layer in wanted:
            assert far(fast.activations[layer], exact.activations[layer]) < NEAR, (layer, wanted)
        for layer, thumbnail in fast.thumbnails.items():
            mine = fast.activations[layer]
            assert thumbnail.mean == pytest.approx(mine.mean(), rel=1e-3, abs=1e-3)
    assert session.held_bytes > session._exact_bytes
    session.run(prepared)
    assert session.held_bytes == session._exact_bytes
