"""From a card to a module: random weights, weights left open, and no memory at all."""

import dataclasses
import importlib
import threading
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled
from cnn_explorer.networks import build as building
from cnn_explorer.networks.build import (
    build_empty,
    build_for_loading,
    build_random,
    randomise,
)
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.networks.labels import class_names

Way = Callable[[NetworkCard], nn.Module]

every_card = pytest.mark.parametrize("card", NETWORKS.values(), ids=lambda card: card.name)
small_cards = pytest.mark.parametrize(
    "card",
    [card for card in NETWORKS.values() if card.parameters < 30_000_000],
    ids=lambda card: card.name,
)


def card_named(name: str) -> NetworkCard:
    return NETWORKS[name]


def as_torch_builds(card: NetworkCard) -> nn.Module:
    """The network in eval mode, its weights drawn by torch from its global random state."""
    module, name = card.builder.split(":")
    model: nn.Module = getattr(importlib.import_module(module), name)()
    return model.eval()


def same(a: nn.Module, b: nn.Module) -> bool:
    ours, theirs = a.state_dict(), b.state_dict()
    return list(ours) == list(theirs) and all(
        torch.equal(ours[name], theirs[name]) for name in ours
    )


def random_layers(model: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [part for part in model.modules() if isinstance(part, nn.Conv2d | nn.Linear)]


@pytest.fixture
def _poisoned_memory() -> Iterator[None]:
    """Torch fills new memory with NaN, so that what nobody filled shows."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)


@every_card
def test_a_card_names_a_builder_whose_module_is_in_eval_mode(card: NetworkCard) -> None:
    model = build_empty(card)
    assert not any(part.training for part in model.modules())
    everything = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in everything} == {"meta"}
    scores = model(torch.empty((3, *card.preprocessing.input_shape), device="meta"))
    assert scores.shape == (3, len(class_names(card.classes)))


@pytest.mark.parametrize("how", [build_random, build_for_loading])
def test_other_ways_give_eval_mode_on_the_processor(how: Way) -> None:
    model = how(card_named("resnet18"))
    assert not any(part.training for part in model.modules())
    assert {tensor.device.type for tensor in model.state_dict().values()} == {"cpu"}
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_seed_gives_the_same_weights_each_time_and_another_seed_others() -> None:
    card = card_named("squeezenet1_1")
    first = build_random(card, seed=3)
    torch.manual_seed(99)  # of no influence
    assert same(first, build_random(card, seed=3))
    assert not same(first, build_random(card, seed=4))
    assert not same(build_random(card), first)


def test_weights_of_a_seed_stay_what_they_are() -> None:
    """A user's untrained network is the same next year: these numbers are part of the program."""
    weight = build_random(card_named("lenet5")).get_parameter("features.conv1.weight")
    layer = nn.Conv2d(1, 6, 5)
    layer.weight.data.uniform_(
        -((6 / 25) ** 0.5), (6 / 25) ** 0.5, generator=torch.Generator().manual_seed(0)
    )
    assert torch.equal(weight, layer.weight)


@pytest.mark.parametrize("how", [build_random, build_for_loading, build_empty])
def test_torchs_global_random_state_is_left_alone(how: Way) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        before = torch.get_rng_state()
        how(card_named("googlenet"))
        assert torch.equal(torch.get_rng_state(), before)


@small_cards
@pytest.mark.usefixtures("_poisoned_memory")
def test_random_weights_leave_nothing_unfilled(card: NetworkCard) -> None:
    model = build_random(card)
    bad = [name for name, t in model.state_dict().items() if not t.isfinite().all()]
    assert bad == []
    for buffer in model.buffers():
        assert buffer.isfinite().all()


@small_cards
def test_random_weights_are_he_initialised_and_biases_zero(card: NetworkCard) -> None:
    for layer in random_layers(build_random(card)):
        weight = layer.weight.detach().double()
        fan_in = weight[0].numel()
        n = weight.numel()
        # A uniform variable's square has relative standard deviation sqrt(4/5), its mean sqrt(n)
        # times less; six of them is never.
        tolerance = 6 * (0.8 / n) ** 0.5
        assert abs(weight.square().mean().item() * fan_in / 2 - 1) < tolerance
        assert abs(weight.mean().item()) < 6 * (2 / fan_in / n) ** 0.5
        assert weight.abs().max().item() <= (6 / fan_in) ** 0.5 * (1 + 1e-6)
        if layer.bias is not None:
            assert not layer.bias.any()


def test_normalisation_starts_at_the_identity_but_where_residuals_are_added() -> None:
    model = build_random(card_named("resnet18"))
    for name, part in model.named_modules():
        if not isinstance(part, nn.BatchNorm2d):
            continue
        # ResNet-18 adds eight times, each time after a block's second normalisation.
        expected = 8**-0.5 if name.startswith("layer") and name.endswith("bn2") else 1.0
        assert torch.allclose(part.weight, torch.full_like(part.weight, expected)), name
        assert not part.bias.any()
        assert not part.running_mean.any()
        assert torch.equal(part.running_var, torch.ones_like(part.running_var))
        assert part.num_batches_tracked == 0


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "resnet50", "densenet121"])
def test_random_networks_give_scores_of_ordinary_size(name: str) -> None:
    card = card_named(name)
    x = torch.randn(1, *card.preprocessing.input_shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        scores = build_random(card)(x)
    assert 0.3 < scores.std() < 30


def test_randomise_overwrites_whatever_was_there() -> None:
    card = card_named("resnet18")
    model = as_torch_builds(card)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(1000)
    randomise(model, seed=3)
    assert same(model, build_random(card, seed=3))


def test_progress_rises_to_one_within_large_tensors_too() -> None:
    layer = nn.Linear(3000, 3000, device="cpu")
    fractions: list[float] = []
    randomise(layer, checkpoint=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(fractions) >= 4  # nine million numbers are drawn in at least three goes


def test_cancelling_stops_the_filling() -> None:
    asked = 0

    def cancel_at_third(_fraction: float) -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        build_random(card_named("lenet5"), checkpoint=cancel_at_third)
    assert asked == 3


@small_cards
@pytest.mark.usefixtures("_poisoned_memory")
def test_what_a_state_dict_does_not_hold_is_right_before_loading(card: NetworkCard) -> None:
    open_model, full_model = build_for_loading(card), as_torch_builds(card)
    assert [n for n, _ in open_model.named_buffers()] == [n for n, _ in full_model.named_buffers()]
    for (name, buffer), expected in zip(
        open_model.named_buffers(), full_model.buffers(), strict=True
    ):
        assert torch.equal(buffer, expected), name
    for layer in random_layers(open_model):
        assert layer.weight.isnan().all()  # else time was spent on filling it


@dataclasses.dataclass(frozen=True)
class CardOfOneLayer:
    """As much of a card as `build` reads, for a module with buffers outside of its state."""

    builder: str = f"{__name__}:one_layer"


def one_layer() -> nn.Module:
    model = nn.Conv2d(1, 1, 1)
    model.register_buffer("scale", torch.tensor([2.0, 3.0]), persistent=False)
    model.register_buffer("grid", torch.arange(4.0).view(2, 2) / 3, persistent=False)
    return model


@pytest.mark.usefixtures("_poisoned_memory")
def test_buffers_outside_of_the_state_dict_keep_their_numbers() -> None:
    model = build_for_loading(CardOfOneLayer())  # type: ignore[arg-type]
    assert dict(model.named_buffers()).keys() == {"scale", "grid"}
    assert model.scale.tolist() == [2, 3]
    assert torch.equal(model.grid, torch.tensor([[0, 1], [2, 3]]) / 3)


@pytest.mark.parametrize("assign", [True, False])
@pytest.mark.usefixtures("_poisoned_memory")
def test_a_loaded_network_answers_as_the_one_it_was_saved_from(assign: bool) -> None:
    card = card_named("resnet18")
    source = build_random(card, seed=7)
    loaded = build_for_loading(card)
    loaded.load_state_dict(source.state_dict(), strict=True, assign=assign)
    assert same(loaded, source)
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected: Tensor = source(x)
        assert torch.equal(loaded(x), expected)


def test_another_threads_layers_are_filled_meanwhile() -> None:
    made: list[nn.Linear] = []
    with building._Unfilled(), torch.random.fork_rng():
        thread = threading.Thread(target=lambda: made.append(nn.Linear(50, 50)))
        thread.start()
        thread.join()
    assert 0 < made[0].weight.detach().abs().max() <= 50**-0.5
    assert len(made[0].weight.unique()) > 1000
