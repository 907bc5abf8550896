"""The training loop: it learns, repeats exactly, stops anywhere and goes on as if it had not."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.training.loop import Row, Training, device_called
from cnn_explorer.training.recipes import RECIPES, Crop, Recipe
from tests.training.examples import bars, colours

SHORT = replace(RECIPES["lenet5"], epochs=3, batch=16)
CUTS = Recipe(
    epochs=2,
    peak_rate=0.002,
    weight_decay=5e-4,
    batch=16,
    crops=(Crop(0.5, 32, 0), Crop(1.0, 32, 4)),
    smoothing=0.1,
)


def training(recipe: Recipe = SHORT, network: str = "lenet5") -> Training:
    return Training(card_of(network), recipe, bars(128), bars(20), precision="float32")


def photos(network: str = "alexnet-cifar", recipe: Recipe = CUTS) -> Training:
    return Training(card_of(network), recipe, colours(64), colours(20), precision="float32")


def same(one: Training, other: Training) -> bool:
    left, right = one.model.state_dict(), other.model.state_dict()
    return all(torch.equal(tensor, right[name]) for name, tensor in left.items())


def stopping_at(share: float) -> Checkpoint:
    def checkpoint(fraction: float) -> None:
        if fraction >= share:
            raise Cancelled

    return checkpoint


def test_training_learns_and_repeats_exactly() -> None:
    rows: list[Row] = []
    fractions: list[float] = []
    state = torch.random.get_rng_state()
    first = training()
    first.run(fractions.append, rows.append)
    assert first.measure().accuracy == 100
    assert not first.model.training
    assert rows == first.progress.log
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["train_error"] < rows[0]["train_error"]
    assert fractions == sorted(fractions)
    again = training()
    again.run()
    assert same(first, again)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.62, 0.87])
def test_a_training_that_was_stopped_ends_as_one_that_was_not(share: float, tmp_path: Path) -> None:
    """With dropout, crops, momentum and a schedule: all of it goes through the checkpoint."""
    whole = photos()
    whole.run()
    stopped = photos()
    with pytest.raises(Cancelled):
        stopped.run(stopping_at(share))
    stopped.save(tmp_path / "checkpoint.pt")
    torch.rand(100)  # whatever else happens in between
    resumed = photos()
    resumed.resume(tmp_path / "checkpoint.pt")
    resumed.run()
    assert same(whole, resumed)
    assert resumed.measure() == whole.measure()
    without_time = [{**row, "seconds": 0} for row in resumed.progress.log]
    assert without_time == [{**row, "seconds": 0} for row in whole.progress.log]


def test_the_same_training_goes_on_where_it_was_stopped() -> None:
    whole, stopped = training(), training()
    whole.run()
    for share in (0.3, 0.7):
        with pytest.raises(Cancelled):
            stopped.run(stopping_at(share))
    stopped.run()
    assert same(whole, stopped)


def test_the_rate_goes_up_in_a_line_and_down_to_zero() -> None:
    one = training(replace(SHORT, epochs=10, warmup=0.2))
    rates = []
    for epoch in range(10):
        for batch in range(one.batches):
            one.progress.epoch, one.progress.batch = epoch, batch
            rates.append(one.rate())
    peak = rates.index(max(rates))
    assert len(rates) == 80
    assert peak in (15, 16)
    assert max(rates) == pytest.approx(SHORT.peak_rate, rel=0.01)
    steps = [after - before for before, after in itertools.pairwise(rates[:15])]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-12)


def test_a_checkpoint_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    with pytest.raises(ExplorerError, match="there is no checkpoint"):
        training().resume(path)
    training().save(path)
    with pytest.raises(ExplorerError, match="another network or recipe"):
        training(replace(SHORT, seed=1)).resume(path)
    with pytest.raises(ExplorerError, match="another network or recipe"):
        training(network="lenet5-1998").resume(path)
    other = Training(card_of("lenet5"), SHORT, bars(128), bars(20), precision="bfloat16")
    with pytest.raises(ExplorerError, match="was trained in float32"):
        other.resume(path)
    fewer = Training(card_of("lenet5"), SHORT, bars(100), bars(20), precision="float32")
    with pytest.raises(ExplorerError, match="on 128 pictures, and the folder has 100"):
        fewer.resume(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ExplorerError, match="damaged or no checkpoint"):
        training().resume(path)
    torch.save({"format": 1}, path)
    with pytest.raises(ExplorerError, match="damaged or no checkpoint"):
        training().resume(path)


def test_a_training_that_diverges_says_so() -> None:
    with pytest.raises(ExplorerError, match="diverged in epoch 1"):
        photos(recipe=replace(CUTS, peak_rate=1e9)).run()


def test_measuring_the_precision_changes_nothing_else() -> None:
    card, pictures = card_of("resnet20"), colours(16)
    recipe = replace(CUTS, epochs=1)
    state = torch.random.get_rng_state()
    measured = Training(card, recipe, pictures, pictures)
    told = Training(card, recipe, pictures, pictures, precision=measured.precision)
    assert measured.precision in ("float32", "bfloat16")
    assert same(measured, told)
    measured.run()
    told.run()
    assert same(measured, told)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_half_precision_trains_as_well() -> None:
    one = Training(card_of("vgg-cifar"), CUTS, colours(64), colours(20), precision="bfloat16")
    one.run()
    assert one.progress.log[-1]["train_loss"] < one.progress.log[0]["train_loss"]
    assert all(tensor.dtype != torch.bfloat16 for tensor in one.model.state_dict().values())


def test_devices_by_name() -> None:
    assert device_called("cpu").type == "cpu"
    for name in ("cuda:99", "abacus"):
        with pytest.raises(ExplorerError, match="has no device"):
            device_called(name)


def test_nothing_to_train_on_is_one_sentence() -> None:
    with pytest.raises(ExplorerError, match="no pictures to train on"):
        Training(card_of("lenet5"), SHORT, bars(0), bars(2))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_belongs_to_a_network_and_takes_a_step(name: str) -> None:
    recipe = replace(RECIPES[name], epochs=1, batch=4)
    make = bars if card_of(name).classes == "mnist" else colours
    one = Training(card_of(name), recipe, make(4), make(4), precision="float32")
    one.run()
    assert len(one.progress.log) == 1
    assert RECIPES[name].crops[-1:] in ((), (Crop(1.0, 32, 4),))
