"""Varied pictures: by no more than the recipe says, and by the generator's numbers alone."""

import dataclasses

import pytest
import torch
from torch import Tensor

from cnn_explorer.networks.catalog import card_of
from cnn_explorer.training.augment import crop_at, cut_photos, vary_digits
from cnn_explorer.training.evaluate import framed, padded
from cnn_explorer.training.recipes import Crop, DigitVariation
from tests.training.examples import bars

STILL = DigitVariation(degrees=0, scale=0, shear=0, shift=0, bend=0, stroke=0)


def digits(count: int = 64) -> Tensor:
    images = framed(bars(count), card_of("lenet5").preprocessing)
    return images.permute(0, 3, 1, 2).float() / 255


def varied(variation: DigitVariation, seed: int = 0) -> Tensor:
    return vary_digits(digits(), variation, torch.Generator().manual_seed(seed))


def test_varying_by_nothing_changes_nothing() -> None:
    torch.testing.assert_close(varied(STILL), digits(), atol=1e-5, rtol=0)


def test_a_shift_moves_the_centre_of_mass_by_no_more_than_it_says() -> None:
    moved = varied(dataclasses.replace(STILL, shift=2.0))
    where = torch.arange(32.0)
    before = digits()
    for axis in (2, 3):
        line = 5 - axis  # sum over the other one
        centre = (moved.sum((1, line)) * where).sum(1) / moved.sum((1, 2, 3))
        start = (before.sum((1, line)) * where).sum(1) / before.sum((1, 2, 3))
        distance = (centre - start).abs()
        assert distance.max() <= 2.001
        assert distance.max() > 1.5


def test_strokes_grow_thicker_and_thinner() -> None:
    light = varied(dataclasses.replace(STILL, stroke=0.7)).sum((1, 2, 3))
    before = digits().sum((1, 2, 3))
    assert (light > 1.2 * before).any()
    assert (light < 0.9 * before).any()


def test_varied_digits_stay_pictures_and_depend_on_the_generator_alone() -> None:
    state = torch.random.get_rng_state()
    usual = DigitVariation()
    first, second, other = varied(usual), varied(usual), varied(usual, seed=1)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.shape == (64, 1, 32, 32)
    assert first.min() >= 0
    assert first.max() <= 1 + 1e-5


@pytest.mark.parametrize(("side", "padding"), [(32, 4), (28, 0), (24, 0), (32, 0)])
def test_cuts_are_squares_of_the_photo_or_of_its_mirror_image(side: int, padding: int) -> None:
    photos = torch.randint(1, 256, (5, 32, 32, 3), dtype=torch.uint8)
    frames = padded(photos, padding)
    chosen = torch.tensor([3, 0, 3, 4] * 30)
    cut = cut_photos(frames, chosen, side, torch.Generator().manual_seed(0))
    assert cut.shape == (120, 3, side, side)
    assert cut.is_contiguous(memory_format=torch.channels_last)
    room = frames.shape[1] - side
    places = set()
    for row, picture in zip(chosen.tolist(), cut, strict=True):
        found = [
            (top, left, mirrored)
            for top in range(room + 1)
            for left in range(room + 1)
            for mirrored in (False, True)
            if torch.equal(
                frames[row, top : top + side, left : left + side].flip([1] if mirrored else []),
                picture.permute(1, 2, 0),
            )
        ]
        assert len(found) == 1
        places.update(found)
    assert {mirrored for _, _, mirrored in places} == {False, True}
    if room:
        assert min(top for top, _, _ in places) == 0
        assert max(left for _, left, _ in places) == room


def test_the_crop_in_force_follows_the_share_of_the_epochs() -> None:
    crops = (Crop(0.5, 24, 0), Crop(0.8, 28, 0), Crop(1.0, 32, 4))
    sides = [crop_at(crops, epoch / 10).side for epoch in range(10)]
    assert sides == [24] * 5 + [28] * 3 + [32] * 2
