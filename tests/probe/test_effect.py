"""Effects of channels against networks whose answer is known, and against taking channels away."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import NETWORKS, card_of
from cnn_explorer.probe.effect import channel_effects
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session

RULES = Preprocessing("photo", 8, 8, (0.0,) * 3, (1.0,) * 3)


class Linear(nn.Module):
    """After the ReLU all is linear and without biases: the effects add up to the score."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 5, 3)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AvgPool2d(6)
        self.fc = nn.Linear(5, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.relu(self.conv(x))).flatten(1))


def session_of(model: nn.Module) -> Session:
    return Session(card_of("resnet18"), model.eval(), False, "", RULES, ())


def prepared(shape: tuple[int, ...] = (3, 8, 8)) -> PreparedInput:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return PreparedInput(values, np.zeros((*shape[1:], 3), np.uint8), (0, 0, 8, 8), 0.0)


def test_effects_add_up_to_the_score_where_all_that_follows_is_linear() -> None:
    torch.manual_seed(0)
    model = Linear()
    given = prepared()
    with torch.no_grad():
        batch = torch.from_numpy(given.tensor)[None]
        scores = model(batch)[0]
        maps = model.relu(model.conv(batch))[0].double()
        means = maps.mean((1, 2))
    for target in range(4):
        effects = channel_effects(session_of(model), given, "relu", target)
        assert effects.shape == (5,)
        assert effects.sum() == pytest.approx(float(scores[target]), rel=1e-5)
        expected = means * model.fc.weight[target].double()
        np.testing.assert_allclose(effects, expected.detach(), rtol=1e-5)
        # what an operation in place has overwritten counts with the value it had
        conv = channel_effects(session_of(model), given, "conv", target)
        assert conv.sum() == pytest.approx(float(scores[target]), rel=1e-5)
        flat = channel_effects(session_of(model), given, "fc", target)
        assert flat.tolist() == [
            pytest.approx(float(scores[n])) if n == target else 0 for n in range(4)
        ]


def test_the_strongest_effect_is_the_channel_whose_loss_costs_most() -> None:
    torch.manual_seed(1)
    model = Linear()
    given = prepared()
    effects = channel_effects(session_of(model), given, "relu", 2)
    batch = torch.from_numpy(given.tensor)[None]
    losses = []
    with torch.no_grad():
        maps = model.relu(model.conv(batch))
        for channel in range(5):
            without = maps.clone()
            without[:, channel] = 0
            losses.append(float((model.fc(model.pool(maps).flatten(1))
                                 - model.fc(model.pool(without).flatten(1)))[0, 2]))  # fmt: skip
    np.testing.assert_allclose(effects, losses, rtol=1e-4, atol=1e-7)


def test_the_model_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    model = Linear()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    session = session_of(model)
    channel_effects(session, prepared(), "conv", 0)

    def stop(_fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        channel_effects(session, prepared(), "conv", 0, stop)
    with pytest.raises(ExplorerError, match="no layer"):
        channel_effects(session, prepared(), "nowhere", 0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("name", ["googlenet", "squeezenet1_1", "torchvision/shufflenet_v2_x0_5"])
def test_networks_give_finite_effects_for_every_kind_of_layer(name: str) -> None:
    session = Session.open(card_of(name), version="random")
    crop = session.preprocessing.crop
    given = prepared((3, crop, crop))
    layers = [n for n, m in session.model.named_modules() if n and not any(m.children())]
    for layer in (layers[0], layers[len(layers) // 2]):
        if "aux" in layer:
            continue
        effects = channel_effects(session, given, layer, 3)
        assert np.isfinite(effects).all()
        assert effects.any()


class Attending(nn.Module):
    """Attention over the places of a picture, as vision transformers have it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, stride=4)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.fc = nn.Linear(6, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.conv(x).flatten(2).transpose(1, 2)
        attended, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.fc(attended.mean(1))


def test_the_steps_of_attention() -> None:
    torch.manual_seed(0)
    session, given = session_of(Attending()), prepared()
    with torch.no_grad():
        score = float(session.model(torch.from_numpy(given.tensor)[None])[0, 1])
    for step in ("multi_head_attention_forward", "transpose#2"):
        effects = channel_effects(session, given, f"attention.{step}", 1)
        assert effects.shape == (6,)
        assert effects.sum() == pytest.approx(score, rel=1e-5)  # what follows is linear
    with pytest.raises(ExplorerError, match="the layer before it"):
        channel_effects(session, given, "attention.transpose", 1)


def test_a_class_token_speaks_as_well() -> None:
    """At the end of a vision transformer it alone does."""
    session = Session.open(card_of("torchvision/vit_b_32"), version="random")
    given = prepared((3, 224, 224))
    with torch.no_grad():
        answer = session.model(torch.from_numpy(given.tensor)[None])[0]
    bias = session.model.heads.head.bias.detach()
    effects = channel_effects(session, given, "encoder.ln", 7)
    assert effects.shape == (768,)
    assert effects.sum() == pytest.approx(float(answer[7] - bias[7]), rel=1e-4)


def test_the_last_layer_of_a_trained_network_has_the_score_alone() -> None:
    session = Session.open(NETWORKS["lenet5"])
    given = prepared((1, 32, 32))
    last = [name for name, _ in session.model.named_modules()][-1]
    with torch.no_grad():
        scores = session.model(torch.from_numpy(given.tensor)[None])[0]
    effects = channel_effects(session, given, last, 4)
    assert np.flatnonzero(effects).tolist() == [4]
    assert effects[4] == pytest.approx(float(scores[4]), rel=1e-6)


def test_operations_in_place_change_no_effect() -> None:
    """torchvision's ResNet works in place where ours does not."""
    from cnn_explorer.networks.build import build_random
    from cnn_explorer.networks.torchvision_models import import_torchvision

    card = card_of("resnet18")
    ours = build_random(card, seed=0).eval()
    theirs = import_torchvision().models.resnet18().eval()
    theirs.load_state_dict(ours.state_dict())
    rules = Preprocessing("photo", 64, 64, (0.0,) * 3, (1.0,) * 3)
    given = prepared((3, 64, 64))
    sessions = [Session(card, model, False, "", rules, ()) for model in (ours, theirs)]
    # one ReLU module is called twice in theirs
    names = {name: name for name in ("layer1.0.conv1", "layer2.0.bn1", "layer3.0")}
    for mine, other in {**names, "layer1.1.relu2": "layer1.1.relu#2"}.items():
        left = channel_effects(sessions[0], given, mine, 7)
        right = channel_effects(sessions[1], given, other, 7)
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-6 * np.abs(left).max())
        assert left.any()
