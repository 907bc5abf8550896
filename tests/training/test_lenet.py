"""Training LeNet-5: what is measured, how pictures are varied, and what the command writes."""

import dataclasses
import gzip
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import safetensors
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.weights import at_hand, open_network
from cnn_explorer.training import mnist
from cnn_explorer.training.lenet import (
    LOG,
    MODEL_CARD,
    WEIGHTS,
    Evaluation,
    Recipe,
    evaluate,
    main,
    normalise,
    to_tensor,
    train,
    vary,
)
from cnn_explorer.training.mnist import Digits


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """The command sets torch's threads for its own process; tests share one."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


PREPROCESSING = card_of("lenet5").preprocessing


def bars(count: int) -> Digits:
    """Two classes that anything learns: 0 is a standing bar, 1 a lying one."""
    images = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count, dtype=np.uint8) % 2
    images[labels == 0, 6:22, 13:16] = 255
    images[labels == 1, 13:16, 6:22] = 255
    return Digits(images, labels)


class Always(nn.Module):
    """Says the same digit whatever it sees."""

    def __init__(self, digit: int) -> None:
        super().__init__()
        self.digit = digit

    def forward(self, x: Tensor) -> Tensor:
        assert not self.training
        scores = torch.zeros(len(x), 10)
        scores[:, self.digit] = 1.0
        return scores


# --- measuring ---------------------------------------------------------------------------------


def test_pictures_are_padded_with_black_and_normalised() -> None:
    digits = Digits(np.full((1, 28, 28), 255, np.uint8), np.zeros(1, np.uint8))
    images = to_tensor(digits, PREPROCESSING)
    assert images.shape == (1, 1, 32, 32)
    assert images.sum() == 28 * 28
    assert images[0, 0, 2:30, 2:30].min() == 1
    ready = normalise(images, PREPROCESSING)
    assert ready[0, 0, 0, 0] == pytest.approx(-0.1307 / 0.3081)
    assert ready[0, 0, 2, 2] == pytest.approx((1 - 0.1307) / 0.3081)


def test_evaluation_counts_by_hand() -> None:
    digits = Digits(np.zeros((5, 28, 28), np.uint8), np.array([3, 3, 3, 0, 9], np.uint8))
    model = Always(3).train()
    fractions: list[float] = []
    result = evaluate(model, digits, PREPROCESSING, fractions.append)
    assert (result.pictures, result.right, result.accuracy) == (5, 3, 60.0)
    assert result.confusion[0][3] == result.confusion[9][3] == 1
    # cross entropy of one score of 1 among nine of 0
    right, wrong = np.log(np.e + 9) - 1, np.log(np.e + 9)
    assert result.loss == pytest.approx((3 * right + 2 * wrong) / 5)
    assert model.training
    assert fractions[-1] == 1.0


def test_evaluation_stops_when_asked_and_leaves_the_model_as_it_was() -> None:
    def stop(_: float) -> None:
        raise Cancelled

    model = Always(3).train()
    with pytest.raises(Cancelled):
        evaluate(model, bars(2), PREPROCESSING, stop)
    assert model.training


def test_nothing_to_measure_is_one_sentence() -> None:
    with pytest.raises(ExplorerError, match="no digits"):
        evaluate(Always(3), bars(0), PREPROCESSING)


def test_shipped_weights_read_real_digits(shared_data: Path) -> None:
    everything = mnist.read_test(shared_data / "mnist")
    sample = Digits(everything.images[:2000], everything.labels[:2000])
    opened = open_network(card_of("lenet5"))
    # the first 2,000 are the harder ones: written by students, not by clerks
    assert evaluate(opened.model, sample, opened.preprocessing).accuracy >= 98.5


def test_model_card_and_log_state_the_catalogues_accuracy() -> None:
    found = at_hand(card_of("lenet5"))
    assert found is not None
    path, entry = found
    assert f"**Accuracy: {entry.accuracy:.2f} %**" in (path.parent / MODEL_CARD).read_text()
    log = json.loads((path.parent / LOG).read_text())
    assert log["epochs"][-1]["test_accuracy"] == entry.accuracy
    assert Evaluation(log["confusion"], 0.0).accuracy == pytest.approx(entry.accuracy)
    assert len(log["epochs"]) == log["recipe"]["epochs"]
    with safetensors.safe_open(path, "pt") as file:
        assert file.metadata()["test_accuracy"] == f"{entry.accuracy:.2f}"


# --- varying -------------------------------------------------------------------------------------

STILL = Recipe(degrees=0, scale=0, shear=0, shift=0, bend=0, stroke=0)


def varied(recipe: Recipe, count: int = 64, seed: int = 0) -> Tensor:
    images = to_tensor(bars(count), PREPROCESSING)
    return vary(images, recipe, torch.Generator().manual_seed(seed))


def test_varying_by_nothing_changes_nothing() -> None:
    images = to_tensor(bars(64), PREPROCESSING)
    torch.testing.assert_close(varied(STILL), images, atol=1e-5, rtol=0)


def test_a_shift_moves_the_centre_of_mass_by_no_more_than_it_says() -> None:
    moved = varied(dataclasses.replace(STILL, shift=2.0))
    where = torch.arange(32.0)
    before = to_tensor(bars(64), PREPROCESSING)
    for axis in (2, 3):
        line = 5 - axis  # sum over the other one
        centre = (moved.sum((1, line)) * where).sum(1) / moved.sum((1, 2, 3))
        start = (before.sum((1, line)) * where).sum(1) / before.sum((1, 2, 3))
        distance = (centre - start).abs()
        assert distance.max() <= 2.001
        assert distance.max() > 1.5


def test_strokes_grow_thicker_and_thinner() -> None:
    light = varied(dataclasses.replace(STILL, stroke=0.7)).sum((1, 2, 3))
    before = to_tensor(bars(64), PREPROCESSING).sum((1, 2, 3))
    assert (light > 1.2 * before).any()
    assert (light < 0.9 * before).any()


def test_varied_pictures_stay_pictures_and_depend_on_the_seed_alone() -> None:
    state = torch.random.get_rng_state()
    first, second, other = varied(Recipe()), varied(Recipe()), varied(Recipe(), seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.shape == (64, 1, 32, 32)
    assert first.min() >= 0
    assert first.max() <= 1 + 1e-5


# --- training ------------------------------------------------------------------------------------

SHORT = Recipe(epochs=3, batch=16)


def test_training_learns_and_repeats_exactly() -> None:
    rows: list[dict[str, float]] = []
    fractions: list[float] = []
    model, result, log = train(SHORT, bars(128), bars(20), fractions.append, rows.append)
    assert result.accuracy == 100
    assert not model.training
    assert rows == log
    assert [row["epoch"] for row in log] == [1, 2, 3]
    assert fractions == sorted(fractions)
    again, _, _ = train(SHORT, bars(128), bars(20))
    assert all(
        torch.equal(tensor, again.state_dict()[name]) for name, tensor in model.state_dict().items()
    )


def test_training_stops_when_asked() -> None:
    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        train(SHORT, bars(64), bars(20), stop)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the four files, with bars for digits."""
    data = tmp_path / "data"
    data.mkdir()
    for digits, images_name, labels_name in (
        (bars(64), mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS),
        (bars(20), mnist.TEST_IMAGES, mnist.TEST_LABELS),
    ):
        count = len(digits)
        pictures = struct.pack(">4I", 2051, count, 28, 28) + digits.images.tobytes()
        (data / images_name).write_bytes(gzip.compress(pictures))
        labels = struct.pack(">2I", 2049, count) + digits.labels.tobytes()
        (data / labels_name).write_bytes(gzip.compress(labels))
    return data


def test_the_command_writes_weights_card_and_log(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    assert main(["--data", str(folder), "--out", str(out), "--epochs", "2"]) == 0
    assert sorted(path.name for path in out.iterdir()) == sorted([WEIGHTS, MODEL_CARD, LOG])
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert open_network(card_of("lenet5"), out / WEIGHTS).trained
    card = (out / MODEL_CARD).read_text()
    assert "--epochs 2 --seed 0" in card
    assert "61,706 parameters" in card
    assert json.loads((out / LOG).read_text())["recipe"]["epochs"] == 2


def test_the_command_fails_in_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--data", str(tmp_path / "no"), "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("cnn-explorer: error: ")
    assert error.count("\n") == 1
    (tmp_path / "file").touch()
    arguments = ["--data", str(folder), "--out", str(tmp_path / "file"), "--epochs", "1"]
    assert main(arguments) == 1
    assert "cannot be written" in capsys.readouterr().err
    with pytest.raises(SystemExit) as usage:
        main(["--data", str(folder), "--out", str(tmp_path), "--epochs", "0"])
    assert usage.value.code == 2
