"""The weights that come with the program: each has a model card, a log, and the accuracy it states.

Accuracy on all test pictures is measured by ``cnn-explorer evaluate``. Here it is the first
thousand of them, of which the log says how many were right; and what anybody can see.
"""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import safetensors
from PIL import Image

from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.card import NetworkCard, WeightsEntry
from cnn_explorer.networks.catalog import NETWORKS, card_of
from cnn_explorer.networks.weights import open_network, place_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session
from cnn_explorer.training import mnist
from cnn_explorer.training.data import Pictures, data_set
from cnn_explorer.training.evaluate import Evaluation, evaluate
from cnn_explorer.training.recipes import RECIPES
from cnn_explorer.training.results import stem

MOST_MEGABYTES = 40

SHIPPED = [(card, entry) for card in NETWORKS.values() for entry in card.weights if entry.shipped]
every_shipped = pytest.mark.parametrize(
    ("card", "entry"), SHIPPED, ids=[card.name for card, _ in SHIPPED]
)


@cache
def first_thousand(folder: Path, data: str) -> Pictures:
    """Of the test pictures of MNIST or CIFAR-10 in the development data."""
    if data == "mnist":
        return mnist.read_test(folder / "mnist").first(1000)
    sheet = np.asarray(Image.open(folder / "cifar10" / "test.webp").convert("RGB"))
    # a sheet is 100 x 100 tiles of 32 x 32 pixels, row by row; the last 10,000 labels are its
    tiles = sheet.reshape(100, 32, 100, 32, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 32, 32, 3)
    labels = np.frombuffer((folder / "cifar10" / "labels.bin").read_bytes(), np.uint8)[-10_000:]
    return Pictures(np.ascontiguousarray(tiles[:1000]), labels[:1000].copy())


def log_of(card: NetworkCard) -> dict:
    text = resource("weights", f"{stem(card)}.log.json").read_text(encoding="utf-8")
    log: dict = json.loads(text)
    return log


def test_every_recipe_has_its_weights_and_the_other_way_round() -> None:
    assert [card.name for card, _ in SHIPPED] == [name for name in NETWORKS if name in RECIPES]
    assert all(place_of(entry).is_file() for _, entry in SHIPPED)
    known = {entry.file for _, entry in SHIPPED}
    assert {path.name for path in resource("weights").glob("*.safetensors")} == known


def test_together_they_are_small() -> None:
    total = sum(path.stat().st_size for path in resource("weights").iterdir())
    assert total <= MOST_MEGABYTES * 1_000_000


@every_shipped
def test_model_card_and_log_state_the_catalogues_accuracy(
    card: NetworkCard, entry: WeightsEntry
) -> None:
    text = resource("weights", f"{stem(card)}.md").read_text(encoding="utf-8")
    log = log_of(card)
    assert f"**Accuracy: {entry.accuracy:.2f} %**" in text
    assert log["test_accuracy"] == entry.accuracy
    assert Evaluation(log["confusion"], 0.0).accuracy == pytest.approx(entry.accuracy)
    assert f"{entry.accuracy:.2f} %" in card.accuracy
    with safetensors.safe_open(place_of(entry), "pt") as file:
        assert file.metadata()["test_accuracy"] == f"{entry.accuracy:.2f}"
        assert file.metadata()["network"] == card.name
    # in the log are the epochs of the recipe, each with both errors
    assert log["recipe"] == json.loads(json.dumps(asdict(RECIPES[card.name])))
    assert len(log["epochs"]) == RECIPES[card.name].epochs
    rows = {tuple(sorted(row)) for row in log["epochs"]}
    assert rows == {("epoch", "seconds", "test_accuracy", "test_loss", "train_error", "train_loss")}
    # measured in bfloat16 after each epoch, in float32 with rounded weights at last
    assert log["epochs"][-1]["test_accuracy"] == pytest.approx(entry.accuracy, abs=0.3)
    assert "Licence" in text
    assert f"cnn-explorer train {card.name} --data FOLDER" in text


@every_shipped
def test_the_first_thousand_test_pictures_come_out_as_the_log_says(
    card: NetworkCard, entry: WeightsEntry, shared_data: Path
) -> None:
    opened = open_network(card)
    assert opened.weights == entry.tag
    result = evaluate(opened.model, first_thousand(shared_data, card.classes), opened.preprocessing)
    stated = log_of(card)["sample"]
    assert stated["pictures"] == result.pictures == 1000
    # another processor rounds otherwise: a picture at the border may change sides
    assert abs(result.right - stated["right"]) <= 2
    # and the thousand agree with the whole, three standard deviations allowed
    share = entry.accuracy / 100 if entry.accuracy else 0.0
    assert abs(result.right - 1000 * share) <= 3 * (1000 * share * (1 - share)) ** 0.5 + 2


@pytest.mark.parametrize("name", ["lenet5", "lenet5-1998", "lenet-linear"])
def test_the_sample_digits_are_read(name: str) -> None:
    session = Session.open(card_of(name))
    for digit in (2, 3, 5, 7, 8):
        picture = decode_file(resource("samples", f"digit-{digit}.png"))
        result = session.run(prepare(picture, session.preprocessing))
        if name == "lenet-linear":  # what it costs to have no activation functions
            assert digit in [score.index for score in result.classes[:3]]
        else:
            assert result.classes[0].index == digit


@pytest.mark.parametrize(
    "name",
    # those that are right in eight of ten pictures: fewer make no sure judges of one
    [
        card.name
        for card, entry in SHIPPED
        if card.classes == "cifar10" and entry.accuracy is not None and entry.accuracy > 80
    ],
)
def test_the_sample_photo_of_a_cat_is_a_cat(name: str) -> None:
    """An ordinary photo makes sense to networks of 32x32 pixels: scaled, its middle cut out."""
    session = Session.open(card_of(name))
    picture = decode_file(resource("samples", "photo-cat.jpg"))
    result = session.run(prepare(picture, session.preprocessing))
    assert "cat" in [score.name for score in result.classes[:2]]


def test_the_degradation_lesson_has_its_numbers() -> None:
    """Depth hurts the plain network in training itself, and helps the residual one."""
    last = {
        name: log_of(card_of(name))["epochs"][-1]["train_error"]
        for name in ("plain20", "plain56", "resnet20", "resnet56")
    }
    assert last["plain56"] > last["plain20"] > last["resnet20"] > last["resnet56"]
    recipes = [log_of(card_of(name))["recipe"] for name in last]
    assert all(recipe == recipes[0] for recipe in recipes), "nothing but the network differs"


def test_data_sets_belong_to_the_label_sets() -> None:
    for card, entry in SHIPPED:
        assert entry.tag == data_set(card.classes).title
