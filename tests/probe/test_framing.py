"""Other framings than the weights' own: what is seen equals Pillow's and torchvision's, and things
in a picture are found again in the input."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.networks.onnx_facts import PictureInput
from cnn_explorer.probe.activation_cache import ActivationCache
from cnn_explorer.probe.framing import (
    AS_TRAINED,
    FITS,
    Fit,
    Framing,
    frame_of,
    in_words,
    padding_colour,
)
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement, RunResult
from tests.networks.onnx_files import saved, small_net
from tests.probe.test_placement import BICUBIC, CIFAR, PHOTO, SMALL_IN_BLACK, centre, on_black

DIGIT = NETWORKS["lenet5"].preprocessing
GREY = Preprocessing("photo", 40, 32, (0.5,), (0.25,))
RESAMPLING = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}

shares = st.tuples(st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0, 1), st.floats(0, 1)).map(
    lambda of: (of[0], of[1], of[2] * (1 - of[0]), of[3] * (1 - of[1]))
)
framings = st.builds(Framing, st.sampled_from(FITS), st.none() | shares)


def noise(width: int, height: int) -> Picture:
    rng = np.random.default_rng(width * 1009 + height)
    return Picture(rng.integers(0, 256, (height, width, 3), np.uint8), "noise")


def by_hand(picture: Picture, rules: Preprocessing, framing: Framing) -> npt.NDArray[np.uint8]:
    """What Pillow makes of the region cut out, on the mean colour where it is padded."""
    left, top, width, height = framing.pixels(picture.width, picture.height)
    region = Image.fromarray(picture.rgb).crop((left, top, left + width, top + height))
    if rules.channels == 1:
        region = region.convert("L")
    side = rules.crop
    if framing.fit != "pad":
        return np.asarray(region.resize((side, side), RESAMPLING[rules.interpolation]))
    scale = side / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    colour = tuple(round(255 * mean) for mean in rules.mean)
    whole = Image.new(region.mode, (side, side), colour if rules.channels == 3 else colour[0])
    at = (side - size[0]) // 2, (side - size[1]) // 2
    whole.paste(region.resize(size, RESAMPLING[rules.interpolation]), at)
    return np.asarray(whole)


@settings(max_examples=80, deadline=None)
@example(width=1, height=5000, framing=Framing("pad"), rules=PHOTO)
@example(width=5000, height=1, framing=Framing("squash"), rules=PHOTO)
@example(width=1, height=1, framing=Framing("crop", (0.0, 0.0, 1.0, 1.0)), rules=PHOTO)
@given(
    width=st.integers(1, 500),
    height=st.integers(1, 500),
    framing=framings,
    rules=st.sampled_from([PHOTO, CIFAR, BICUBIC, GREY]),
)
def test_what_is_seen_is_what_pillow_makes_of_the_region(
    width: int, height: int, framing: Framing, rules: Preprocessing
) -> None:
    picture = noise(width, height)
    prepared = prepare(picture, rules, framing)
    assert prepared.framing == framing
    if framing == AS_TRAINED:
        plain = prepare(picture, rules)
        np.testing.assert_array_equal(prepared.tensor, plain.tensor)
        assert (prepared.crop, prepared.placement) == (plain.crop, plain.placement)
        return
    seen = by_hand(picture, rules, framing).reshape(rules.crop, rules.crop, rules.channels)
    np.testing.assert_array_equal(prepared.seen, np.broadcast_to(seen, prepared.seen.shape))
    mean, std = np.float32(rules.mean), np.float32(rules.std)
    values = (seen.astype(np.float32) / np.float32(255) - mean) / std
    np.testing.assert_array_equal(prepared.tensor, values.transpose(2, 0, 1))
    assert prepared.crop == framing.pixels(width, height)


@pytest.mark.parametrize("size", [(640, 480), (300, 700), (97, 96)])
def test_squashed_equals_torchvisions_resize_to_a_square(size: tuple[int, int]) -> None:
    from cnn_explorer.networks.torchvision_models import import_torchvision

    import_torchvision()
    from torchvision.transforms import functional as tv

    picture = noise(*size)
    image = tv.resize(Image.fromarray(picture.rgb), [224, 224])
    expected = tv.normalize(tv.to_tensor(image), list(PHOTO.mean), list(PHOTO.std))
    found = torch.from_numpy(prepare(picture, PHOTO, Framing("squash")).tensor.copy())
    assert torch.equal(found, expected)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 2000), height=st.integers(1, 2000), framing=framings
)  # fmt: skip
def test_the_region_lies_in_the_picture_and_a_crop_is_a_square(
    width: int, height: int, framing: Framing
) -> None:
    left, top, wide, high = framing.pixels(width, height)
    assert min(wide, high) >= 1
    assert left >= 0 <= top
    assert left + wide <= width
    assert top + high <= height
    if framing.fit == "crop":
        assert wide == high
    again = framing.with_pixels((left, top, wide, high), width, height)
    assert again.pixels(width, height) == (left, top, wide, high), "given in pixels, it is those"


def test_nothing_beside_the_region_has_a_say() -> None:
    picture = noise(200, 120)
    changed = picture.rgb.copy()
    changed[:, :100] = 0
    for fit in FITS:
        framing = Framing(fit).with_pixels((100, 20, 80, 80), 200, 120)
        one, other = (prepare(Picture(rgb, ""), PHOTO, framing) for rgb in (picture.rgb, changed))
        np.testing.assert_array_equal(one.tensor, other.tensor)


def test_by_hand() -> None:
    whole = on_black(448, 224)
    squashed, padded = (prepare(whole, PHOTO, Framing(fit)) for fit in ("squash", "pad"))
    assert squashed.placement == Placement(0.0, 0.0, 2.0, 1.0)
    assert squashed.crop == padded.crop == (0.0, 0.0, 448.0, 224.0)
    assert padded.placement == Placement(0.0, -112.0, 2.0, 2.0)
    assert padded.seen[0, 0].tolist() == list(padding_colour(PHOTO)) == [124, 116, 104]
    assert np.abs(padded.tensor[:, :56]).max() < 0.5 / 255 / 0.224, "padding becomes 0, rounded"
    assert not padded.seen[56:168].any()
    crop = Framing("crop").with_pixels((100, 50, 112, 112), 448, 224)
    assert prepare(whole, PHOTO, crop).placement == Placement(100.0, 50.0, 0.5, 0.5)


@settings(max_examples=120, deadline=None)
@given(
    width=st.integers(40, 600),
    height=st.integers(40, 600),
    fit=st.sampled_from(FITS),
    region=st.tuples(*[st.floats(0, 0.5)] * 2, *[st.floats(0.3, 0.5)] * 2),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    rules=st.sampled_from([PHOTO, CIFAR, SMALL_IN_BLACK, BICUBIC]),
)  # fmt: skip
def test_a_dot_is_where_it_is_said_to_be(
    width: int, height: int, fit: Fit, region: tuple[float, float, float, float],
    place: tuple[float, float], rules: Preprocessing,
) -> None:  # fmt: skip
    framing = Framing(fit, region)
    left, top, wide, high = framing.pixels(width, height)
    at = prepare(on_black(width, height), rules, framing).placement
    # large enough to be seen in the input, and as far from the edge as scaling spreads it
    sides = [min(max(1, round(2 * scale)), side) for scale, side in ((at.across, wide),
                                                                     (at.down, high))]  # fmt: skip
    free = [max(0, side - dot - 2 * int(4 * scale + 1)) for side, dot, scale in
            zip((wide, high), sides, (at.across, at.down), strict=True)]  # fmt: skip
    x = left + (wide - sides[0] - free[0]) // 2 + round(place[0] * free[0])
    y = top + (high - sides[1] - free[1]) // 2 + round(place[1] * free[1])
    dotted = on_black(width, height, (x, y, x + sides[0], y + sides[1]))
    prepared = prepare(dotted, rules, framing)
    bare = prepare(on_black(width, height), rules, framing).seen.astype(int)
    found = centre((prepared.seen.astype(int) - bare).clip(0, 255).astype(np.uint8))
    expected = prepared.placement.to_input(x + sides[0] / 2, y + sides[1] / 2)
    assert found == pytest.approx(expected, abs=0.6)


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 900), height=st.integers(1, 900), framing=framings)
def test_the_frame_is_what_is_seen(width: int, height: int, framing: Framing) -> None:
    picture = on_black(width, height)
    for rules in (PHOTO, SMALL_IN_BLACK):
        frame = frame_of(width, height, rules, framing)
        assert prepare(picture, rules, framing).crop == pytest.approx(frame)


def test_a_region_holds_for_a_picture_of_another_size() -> None:
    framing = Framing("crop").with_pixels((100, 50, 100, 100), 400, 200)
    assert framing.pixels(800, 400) == (200, 100, 200, 200)
    assert framing.pixels(200, 200) == (50, 75, 50, 50), "the largest square in the middle of it"
    assert Framing("squash", framing.region).pixels(200, 200) == (50, 50, 50, 100)


def test_a_digit_is_looked_for_in_the_region_and_set_as_ever() -> None:
    two = on_black(300, 200, (20, 40, 40, 160), (200, 60, 220, 150), (200, 130, 260, 150))
    alone = on_black(300, 200, (200, 60, 220, 150), (200, 130, 260, 150))
    plain = prepare(alone, DIGIT)
    for fit in FITS:
        framing = Framing(fit).with_pixels((150, 0, 150, 200), 300, 200)
        prepared = prepare(two, DIGIT, framing)
        np.testing.assert_array_equal(prepared.tensor, plain.tensor)
        assert prepared.crop == plain.crop == (200.0, 60.0, 60.0, 90.0)
        assert prepared.placement == plain.placement
        assert frame_of(300, 200, DIGIT, framing) == (150, 0, 150, 200)
        assert not framing.departure(DIGIT)
        np.testing.assert_array_equal(
            prepare(two, DIGIT, Framing(fit)).tensor, prepare(two, DIGIT).tensor
        )
    empty = prepare(two, DIGIT, Framing().with_pixels((60, 0, 100, 200), 300, 200))
    assert empty.crop == (60.0, 0.0, 100.0, 200.0)
    assert not empty.seen.any()


def test_departures_are_said() -> None:
    assert AS_TRAINED.warning(PHOTO) == ""
    expect = "these weights expect the centre crop."
    assert Framing("squash").warning(PHOTO) == f"Squashed: {expect}"
    assert Framing("pad").warning(PHOTO) == f"Padded: {expect}"
    assert Framing("crop", (0.0, 0.0, 1.0, 1.0)).warning(PHOTO) == f"Own crop: {expect}"


def test_an_onnx_file_sees_the_same_framing(tmp_path: Path) -> None:
    """Its convolution answers to a dot where the placement says that it is."""
    model = small_net(shape=(1, 3, 48, 48))
    session = OnnxSession.open(saved(model, tmp_path / "net.onnx"), PictureInput(48, "unit"))
    for framing in (Framing("squash"), Framing("pad"), Framing(region=(0.5, 0.1, 0.4, 0.6))):
        pictures = on_black(300, 200, (180, 60, 188, 68)), on_black(300, 200)
        dotted, bare = (prepare(one, session.preprocessing, framing) for one in pictures)
        maps = [session.run(each, ["conv"]).activations["conv"] for each in (dotted, bare)]
        rows, columns = (np.abs(maps[0] - maps[1]).max(0) > 1e-4).nonzero()
        found = columns.mean() + 0.5, rows.mean() + 0.5
        assert found == pytest.approx(dotted.placement.to_input(184, 64), abs=0.6)


def test_the_steps_in_words() -> None:
    assert in_words(PHOTO) == (
        ("shorter side", "to 256, bilinear"),
        ("centre crop", "224 × 224"),
        ("values", "0 to 1, RGB"),
        ("minus mean", "0.485, 0.456, 0.406"),
        ("over deviation", "0.229, 0.224, 0.225"),
    )
    assert in_words(PHOTO, Framing("squash"))[0] == ("squashed", "to 224 × 224, bilinear")
    assert in_words(BICUBIC, Framing("pad"))[:2] == (
        ("longer side", "to 224, bicubic"),
        ("padded", "to 224 × 224 with (124, 116, 104)"),
    )
    assert in_words(PHOTO, Framing("crop", (0, 0, 0.5, 0.5)))[0] == (
        "own crop", "to 224 × 224, bilinear",
    )  # fmt: skip
    assert in_words(DIGIT)[0] == ("strokes", "light on black, within 20 × 20")
    assert in_words(GREY)[2] == ("values", "0 to 1, grey")


def test_what_is_kept_of_a_picture_is_kept_for_its_framing() -> None:
    cache, network, picture = ActivationCache(), object(), object()
    cache.turn_to(network, picture, "exact")
    cache.add(RunResult((), {"conv": np.zeros((1, 2, 2), np.float32)}, 1.0), (), "mean")
    cache.turn_to(network, picture, "exact", AS_TRAINED)
    assert cache.layers == ("conv",)
    cache.turn_to(network, picture, "exact", Framing("squash"))
    assert cache.layers == ()
