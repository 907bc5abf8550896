"""What is measured of a network, and that measuring leaves it as it was."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.training.data import Pictures
from cnn_explorer.training.evaluate import evaluate, framed, normalise
from tests.training.examples import bars, colours

DIGITS = card_of("lenet5").preprocessing
PHOTOS = card_of("resnet20").preprocessing


class Always(nn.Module):
    """Says the same class whatever it sees."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        assert not self.training
        scores = torch.zeros(len(x), 10)
        scores[:, self.index] = 1.0
        return scores


def test_pictures_are_framed_with_black_and_normalised() -> None:
    digits = Pictures(np.full((1, 28, 28, 1), 255, np.uint8), np.zeros(1, np.uint8))
    images = framed(digits, DIGITS)
    assert images.shape == (1, 32, 32, 1)
    assert images.sum() == 28 * 28 * 255
    assert images[0, 2:30, 2:30].min() == 255
    ready = normalise(images.permute(0, 3, 1, 2), DIGITS)
    assert ready[0, 0, 0, 0] == pytest.approx(-0.1307 / 0.3081)
    assert ready[0, 0, 2, 2] == pytest.approx((1 - 0.1307) / 0.3081)


def test_each_channel_is_normalised_by_its_own_numbers() -> None:
    images = torch.tensor([0, 128, 255], dtype=torch.uint8).view(1, 3, 1, 1)
    ready = normalise(images, PHOTOS).flatten()
    expected = [(0 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    assert ready.tolist() == pytest.approx(expected)


def test_pictures_of_another_kind_are_one_sentence() -> None:
    with pytest.raises(ExplorerError, match="28x28 pixels in 1 channels do not fit"):
        framed(bars(1), PHOTOS)
    with pytest.raises(ExplorerError, match="32x32 pixels in 3 channels do not fit"):
        framed(colours(1), DIGITS)


def test_evaluation_counts_by_hand() -> None:
    labels = np.array([3, 3, 3, 0, 9], np.uint8)
    digits = Pictures(np.zeros((5, 28, 28, 1), np.uint8), labels)
    model = Always(3).train()
    fractions: list[float] = []
    result = evaluate(model, digits, DIGITS, batch=2, checkpoint=fractions.append)
    assert (result.pictures, result.right, result.accuracy) == (5, 3, 60.0)
    assert result.confusion[0][3] == result.confusion[9][3] == 1
    # cross entropy of one score of 1 among nine of 0
    right, wrong = np.log(np.e + 9) - 1, np.log(np.e + 9)
    assert result.loss == pytest.approx((3 * right + 2 * wrong) / 5)
    assert model.training
    assert fractions == [0.0, 0.4, 0.8, 1.0]


def test_evaluation_stops_when_asked_and_leaves_the_model_as_it_was() -> None:
    def stop(_: float) -> None:
        raise Cancelled

    model = Always(3).train()
    with pytest.raises(Cancelled):
        evaluate(model, bars(2), DIGITS, checkpoint=stop)
    assert model.training


def test_classes_that_the_network_does_not_know_are_one_sentence() -> None:
    pictures = Pictures(np.zeros((2, 28, 28, 1), np.uint8), np.array([0, 12], np.uint8))
    with pytest.raises(ExplorerError, match="tells 10 classes apart, and the pictures are of 13"):
        evaluate(Always(3), pictures, DIGITS)


def test_nothing_to_measure_is_one_sentence() -> None:
    with pytest.raises(ExplorerError, match="no pictures"):
        evaluate(Always(3), bars(0), DIGITS)
