"""Where a network's input lies on the picture: things in a picture are found again in the input."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.networks.onnx_facts import PictureInput
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement, PreparedInput
from tests.networks.onnx_files import saved, small_net

PHOTO = NETWORKS["resnet18"].preprocessing
DIGIT = NETWORKS["lenet5"].preprocessing
CIFAR = next(card for card in NETWORKS.values() if card.classes == "cifar10").preprocessing
SMALL_IN_BLACK = Preprocessing("photo", 96, 227, PHOTO.mean, PHOTO.std)
BICUBIC = Preprocessing("photo", 232, 224, PHOTO.mean, PHOTO.std, "bicubic")


def centre(pixels: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """x and y of the centre of mass; the middle of the first pixel is at 0.5."""
    mass = pixels[..., 0].astype(float)
    assert mass.sum() > 0
    x = (mass.sum(0) @ (np.arange(mass.shape[1]) + 0.5)) / mass.sum()
    y = (mass.sum(1) @ (np.arange(mass.shape[0]) + 0.5)) / mass.sum()
    return float(x), float(y)


def on_black(width: int, height: int, *boxes: tuple[int, int, int, int]) -> Picture:
    """White boxes (left, top, right, bottom)."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for left, top, right, bottom in boxes:
        pixels[top:bottom, left:right] = 255
    return Picture(pixels, "boxes")


def inside(least: float, most: float, share: float) -> int:
    """A whole number between two bounds, which leave room for one."""
    first, last = math.ceil(least), math.floor(most)
    assert first <= last
    return round(first + share * (last - first))


def test_there_and_back() -> None:
    placement = Placement(-3.0, 8.0, 2.0, 0.5)
    assert placement.to_picture(4.0, 10.0) == (5.0, 13.0)
    assert placement.to_input(5.0, 13.0) == (4.0, 10.0)


@settings(max_examples=120, deadline=None)
@given(
    width=st.integers(8, 700),
    height=st.integers(8, 700),
    across=st.floats(0, 1),
    down=st.floats(0, 1),
    preprocessing=st.sampled_from([PHOTO, CIFAR, SMALL_IN_BLACK, BICUBIC]),
)
def test_a_dot_in_a_photo_is_where_it_is_said_to_be(
    width: int, height: int, across: float, down: float, preprocessing: Preprocessing
) -> None:
    width, height = min(width, 40 * height), min(height, 40 * width)
    scale = min(width, height) / preprocessing.resize
    side = max(1, round(2 * scale))
    crop_x, crop_y, crop_width, crop_height = prepare(on_black(width, height), preprocessing).crop
    # whole in sight, and what scaling spreads of it
    margin = side / 2 + 4 * scale
    left = inside(crop_x + margin - side / 2, crop_x + crop_width - margin - side / 2, across)
    top = inside(crop_y + margin - side / 2, crop_y + crop_height - margin - side / 2, down)
    prepared = prepare(on_black(width, height, (left, top, left + side, top + side)), preprocessing)
    x, y = prepared.placement.to_input(left + side / 2, top + side / 2)
    found = centre(prepared.seen)
    assert found == pytest.approx((x, y), abs=0.5)


def corners(prepared: PreparedInput) -> tuple[float, float, float, float]:
    x, y, width, height = prepared.crop
    return *prepared.placement.to_input(x, y), *prepared.placement.to_input(x + width, y + height)


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 900), height=st.integers(1, 900))
def test_the_crop_and_the_placement_say_the_same(width: int, height: int) -> None:
    picture = on_black(width, height)
    assert corners(prepare(picture, PHOTO)) == pytest.approx((0, 0, 224, 224), abs=1e-6)
    left, top, right, bottom = corners(prepare(picture, SMALL_IN_BLACK))
    # padded: as much on either side, to a pixel
    assert abs(left - (227 - right)) <= 1 + 1e-6
    assert abs(top - (227 - bottom)) <= 1 + 1e-6
    assert -1e-6 <= left < right <= 227 + 1e-6


def test_by_hand() -> None:
    # 1024 x 512 is halved to 512 x 256, of which 224 x 224 from (144, 16) on are seen
    placement = prepare(on_black(1024, 512), PHOTO).placement
    assert placement == Placement(288.0, 32.0, 2.0, 2.0)
    # 200 x 400 stays, and lies 12 pixels from the left in 224 columns
    narrow = Preprocessing("photo", 200, 224, PHOTO.mean, PHOTO.std)
    assert prepare(on_black(200, 400), narrow).placement == Placement(-12.0, 88.0, 1.0, 1.0)


@settings(max_examples=80, deadline=None)
@example(width=60, height=60, long=0.578125, short=0.5, pen=0.046875, place=(0.5, 0.5))
@example(width=82, height=1120, long=0.5, short=0.75, pen=0.0234375, place=(0.5, 0.5))
@given(
    width=st.integers(60, 1500),
    height=st.integers(60, 1500),
    long=st.floats(0.3, 0.8),
    short=st.floats(0.3, 0.8),
    pen=st.floats(0.005, 0.15),
    place=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
)
def test_a_digit_is_where_it_is_said_to_be(
    width: int, height: int, long: float, short: float, pen: float, place: tuple[float, float]
) -> None:
    """An L of any size, pen and place: hairlines, which are thickened, among them."""
    side = min(width, height)
    wide, high, thick = round(short * side), round(long * side), max(1, round(pen * side))
    left = 2 + round(place[0] * (width - wide - 4))
    top = 2 + round(place[1] * (height - high - 4))
    picture = on_black(
        width,
        height,
        (left, top, left + thick, top + high),
        (left, top + high - thick, left + wide, top + high),
    )
    prepared = prepare(picture, DIGIT)
    assert prepared.seen.any()
    expected = prepared.placement.to_input(*centre(picture.rgb))
    if thick * 20 >= 1.5 * max(wide, high):  # thickening hairlines moves their centre of mass
        # scaling down takes whole pixels of the picture, not parts of them
        near = 0.5 + 1 / prepared.placement.across
        assert centre(prepared.seen) == pytest.approx(expected, abs=near)
    ink = prepared.seen[..., 0] > 60
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    x, y = prepared.placement.to_input(left, top)
    right, bottom = prepared.placement.to_input(left + wide, top + high)
    # a thickened hairline stands out by a pixel, as half a pen's width
    found = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert found == pytest.approx((x, y, right, bottom), abs=1.6)


def test_an_empty_drawing_lies_over_the_whole_input() -> None:
    prepared = prepare(on_black(300, 200), DIGIT)
    assert corners(prepared) == (0.0, 0.0, 32.0, 32.0)


def test_a_picture_of_mnists_size_lies_pixel_upon_pixel() -> None:
    """The strokes fill 20 x 20 and lie where MNIST has them: nothing is scaled or moved."""
    picture = on_black(28, 28, (4, 4, 8, 24), (8, 20, 24, 24), (20, 4, 24, 20))
    placement = prepare(picture, DIGIT).placement
    assert (placement.across, placement.down) == (1.0, 1.0)
    assert placement.x == -2.0
    assert abs(placement.y + 2.0) <= 4.0


def test_the_input_of_an_onnx_file_is_placed_by_the_same_rules(tmp_path: Path) -> None:
    """Its convolution answers to a dot where the placement says that it is."""
    model = small_net(shape=(1, 3, 48, 48))
    session = OnnxSession.open(saved(model, tmp_path / "net.onnx"), PictureInput(48, "unit"))
    left, top = 180, 60
    dotted = prepare(on_black(300, 200, (left, top, left + 8, top + 8)), session.preprocessing)
    black = prepare(on_black(300, 200), session.preprocessing)
    outputs = [session.run(each, ["conv"]).activations["conv"] for each in (dotted, black)]
    changed = np.abs(outputs[0] - outputs[1]).max(0) > 1e-4
    rows, columns = changed.nonzero()
    found = columns.mean() + 0.5, rows.mean() + 0.5
    expected = dotted.placement.to_input(left + 4, top + 4)
    assert found == pytest.approx(expected, abs=0.5)
