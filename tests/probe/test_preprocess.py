"""Photos as torchvision prepares them, digits as MNIST's authors did."""

import gzip
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.media.samples import samples
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import NETWORKS, OTHERS
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import PreparedInput

PHOTO = NETWORKS["resnet18"].preprocessing
DIGIT = NETWORKS["lenet5"].preprocessing

Interpolation = Literal["bilinear", "bicubic"]
INTERPOLATIONS: tuple[Interpolation, ...] = ("bilinear", "bicubic")


def noise(width: int, height: int, seed: int = 0) -> Picture:
    rng = np.random.default_rng(seed)
    return Picture(rng.integers(0, 256, (height, width, 3), np.uint8), "noise")


def grey(pixels: npt.NDArray[np.uint8]) -> Picture:
    return Picture(np.repeat(pixels[..., None], 3, axis=2), "grey")


# photos


def torchvision_preset(picture: Picture, preprocessing: Preprocessing) -> npt.NDArray[np.float32]:
    from cnn_explorer.networks.torchvision_models import import_torchvision

    import_torchvision()
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms._presets import ImageClassification

    preset = ImageClassification(
        crop_size=preprocessing.crop,
        resize_size=preprocessing.resize,
        mean=preprocessing.mean,
        std=preprocessing.std,
        interpolation=InterpolationMode(preprocessing.interpolation),
    )
    return preset(Image.fromarray(picture.rgb)).numpy()


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 400), height=st.integers(1, 400))
def test_photos_equal_torchvision_to_the_bit(width: int, height: int) -> None:
    if max(width, height) > 16 * min(width, height):
        width, height = max(width, height), max(width, height) // 16 + 1
    picture = noise(width, height)
    prepared = prepare(picture, PHOTO)
    np.testing.assert_array_equal(prepared.tensor, torchvision_preset(picture, PHOTO))


@pytest.mark.parametrize(
    ("resize", "crop"),
    [(256, 224), (232, 224), (342, 299), (224, 224), (255, 224), (200, 224), (96, 227)],
)
@pytest.mark.parametrize("size", [(500, 375), (375, 500), (224, 224), (333, 257), (31, 90)])
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_photos_equal_torchvision_for_other_weights(
    resize: int, crop: int, size: tuple[int, int], interpolation: Interpolation
) -> None:
    preprocessing = Preprocessing("photo", resize, crop, PHOTO.mean, PHOTO.std, interpolation)
    picture = noise(*size)
    prepared = prepare(picture, preprocessing)
    np.testing.assert_array_equal(prepared.tensor, torchvision_preset(picture, preprocessing))
    assert prepared.tensor.shape == preprocessing.input_shape
    assert prepared.tensor.dtype == np.float32


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_v2_l", "swin_v2_t"])
def test_a_photo_equals_torchvisions_for_the_weights_of_other_networks(name: str) -> None:
    from cnn_explorer.networks.torchvision_models import import_torchvision

    best = import_torchvision().models.get_model_weights(name).DEFAULT
    picture = decode_file(next(s.path for s in samples() if s.kind == "photo"))
    prepared = prepare(picture, OTHERS[f"torchvision/{name}"].preprocessing)
    theirs = best.transforms()(Image.fromarray(picture.rgb)).numpy()
    np.testing.assert_array_equal(prepared.tensor, theirs)


@pytest.mark.parametrize("size", [(20, 500), (700, 12), (3, 100)])
@pytest.mark.parametrize(("resize", "crop"), [(256, 224), (200, 224)])
@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_long_photos_equal_torchvision_within_a_level(
    size: tuple[int, int], resize: int, crop: int, interpolation: Interpolation
) -> None:
    preprocessing = Preprocessing("photo", resize, crop, PHOTO.mean, PHOTO.std, interpolation)
    picture = noise(*size)
    prepared = prepare(picture, preprocessing)
    difference = np.abs(prepared.tensor - torchvision_preset(picture, preprocessing))
    assert difference.max() <= 1.01 / 255 / min(PHOTO.std)
    assert (difference > 0).mean() < 0.05


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 60000)])
def test_extreme_photos_need_no_giant_between(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int]] = []
    real = Image.Image.resize

    def watched(self: Image.Image, size: tuple[int, int], *rest: object, **more: object) -> object:
        made.append(size)
        return real(self, size, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", watched)
    prepared = prepare(noise(*size), PHOTO)
    assert prepared.tensor.shape == (3, 224, 224)
    assert np.isfinite(prepared.tensor).all()
    assert max(max(size) for size in made) <= 256 * 16
    x, y, width, height = prepared.crop
    assert x >= 0
    assert y >= 0
    assert x + width <= size[0] + 1e-6
    assert y + height <= size[1] + 1e-6


def test_the_crop_is_the_middle_of_the_picture() -> None:
    # 512 x 256 is already of the right height: columns 144 to 368 and rows 16 to 240 are seen
    picture = noise(512, 256)
    prepared = prepare(picture, PHOTO)
    assert prepared.crop == (144.0, 16.0, 224.0, 224.0)
    np.testing.assert_array_equal(prepared.seen, picture.rgb[16:240, 144:368])
    # twice as large: the same in pixels of the picture
    assert prepare(noise(1024, 512), PHOTO).crop == (288.0, 32.0, 448.0, 448.0)
    assert prepare(noise(512, 1024), PHOTO).crop == (32.0, 288.0, 448.0, 448.0)


def test_padding_is_no_part_of_the_crop() -> None:
    preprocessing = Preprocessing("photo", 200, 224, PHOTO.mean, PHOTO.std)
    prepared = prepare(noise(200, 400), preprocessing)
    assert prepared.crop == (0.0, 88.0, 200.0, 224.0)
    assert not prepared.seen[:, :12].any()
    assert not prepared.seen[:, 212:].any()


def test_normalisation_by_hand() -> None:
    picture = Picture(np.full((300, 300, 3), (0, 51, 255), np.uint8), "flat")
    prepared = prepare(picture, PHOTO)
    np.testing.assert_allclose(prepared.tensor[0], (0.0 - 0.485) / 0.229, rtol=1e-6)
    np.testing.assert_allclose(prepared.tensor[1], (0.2 - 0.456) / 0.224, rtol=1e-6)
    np.testing.assert_allclose(prepared.tensor[2], (1.0 - 0.406) / 0.225, rtol=1e-6)
    assert (prepared.seen == (0, 51, 255)).all()


@pytest.mark.parametrize("preprocessing", [PHOTO, DIGIT])
def test_the_form_of_what_comes_out(preprocessing: Preprocessing) -> None:
    prepared = prepare(noise(120, 90), preprocessing)
    assert prepared.tensor.shape == preprocessing.input_shape
    assert prepared.seen.shape == (preprocessing.crop, preprocessing.crop, 3)
    assert prepared.seen.dtype == np.uint8
    assert prepared.preprocess_ms > 0
    for array in (prepared.tensor, prepared.seen):
        assert array.flags.c_contiguous
        assert not array.flags.writeable


def test_photos_for_networks_of_one_channel() -> None:
    preprocessing = Preprocessing("photo", 32, 28, (0.5,), (0.5,))
    picture = noise(64, 48)
    prepared = prepare(picture, preprocessing)
    assert prepared.tensor.shape == (1, 28, 28)
    expected = np.asarray(
        Image.fromarray(picture.rgb).convert("L").resize((42, 32), Image.Resampling.BILINEAR)
    )[2:30, 7:35]
    np.testing.assert_array_equal(prepared.seen[..., 0], expected)


# digits


def field(prepared: PreparedInput) -> npt.NDArray[np.uint8]:
    """The 28x28 of MNIST inside the padding, which is checked to be black."""
    assert not prepared.seen[:2].any()
    assert not prepared.seen[-2:].any()
    assert not prepared.seen[:, :2].any()
    assert not prepared.seen[:, -2:].any()
    return prepared.seen[2:-2, 2:-2, 0]


def disc(
    side: int = 200, radius: float = 60, x: float = 90, y: float = 120
) -> npt.NDArray[np.bool_]:
    rows, columns = np.mgrid[:side, :side]
    return (rows - y) ** 2 + (columns - x) ** 2 < radius**2


@pytest.mark.parametrize("paper", [255, 0, 200, 60])
def test_ink_becomes_light_on_black(paper: int) -> None:
    ink = 0 if paper > 127 else 255
    pixels = np.where(disc(), ink, paper).astype(np.uint8)
    small = field(prepare(grey(pixels), DIGIT))
    assert small.max() == 255
    assert small[0, 0] == 0
    assert small[14, 14] == 255
    rows, columns = np.nonzero(small > 127)
    assert np.ptp(rows) + 1 == 20
    assert np.ptp(columns) + 1 == 20


@pytest.mark.parametrize("place", [(20, 20), (100, 60), (170, 175)])
@pytest.mark.parametrize("radius", [12, 15, 20])
def test_place_and_size_do_not_matter(place: tuple[int, int], radius: int) -> None:
    pixels = np.where(disc(radius=radius, x=place[0], y=place[1]), 0, 255).astype(np.uint8)
    prepared = prepare(grey(pixels), DIGIT)
    reference = prepare(grey(np.where(disc(radius=50), 0, 255).astype(np.uint8)), DIGIT)
    difference = np.abs(field(prepared).astype(int) - field(reference))
    assert difference.mean() < 6
    x, y, width, height = prepared.crop
    assert (x, y) == (place[0] - radius + 1, place[1] - radius + 1)
    assert (width, height) == (2 * radius - 1, 2 * radius - 1)


def test_the_centre_of_mass_comes_to_the_middle() -> None:
    pixels = np.full((100, 100), 255, np.uint8)
    pixels[20:80, 40:48] = 0  # a stem
    pixels[60:80, 40:80] = 0  # with a heavy foot to the right
    small = field(prepare(grey(pixels), DIGIT)).astype(float)
    index = np.arange(28)
    assert abs(float(small.sum(1) @ index) / small.sum() - 14) <= 0.5
    assert abs(float(small.sum(0) @ index) / small.sum() - 14) <= 0.5


def test_nothing_falls_off_the_field() -> None:
    pixels = np.full((200, 200), 255, np.uint8)
    pixels[20:60, 20:60] = 0  # all the mass in one corner,
    for step in range(140):  # and a long tail
        pixels[55 + step : 59 + step, 55 + step : 59 + step] = 0
    small = field(prepare(grey(pixels), DIGIT))
    rows, columns = np.nonzero(small)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 20)
    assert rows.max() == 27
    assert columns.max() == 27


def test_the_aspect_is_kept() -> None:
    pixels = np.full((150, 150), 255, np.uint8)
    pixels[20:120, 60:80] = 0
    rows, columns = np.nonzero(field(prepare(grey(pixels), DIGIT)))
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 4)


def test_the_padding_is_black_before_normalisation() -> None:
    prepared = prepare(grey(np.where(disc(), 0, 255).astype(np.uint8)), DIGIT)
    assert prepared.tensor.shape == (1, 32, 32)
    np.testing.assert_allclose(prepared.tensor[0, 0], (0 - 0.1307) / 0.3081, rtol=1e-6)
    np.testing.assert_allclose(prepared.tensor.max(), (1 - 0.1307) / 0.3081, rtol=1e-6)


@pytest.mark.parametrize("level", [0, 127, 255])
@pytest.mark.parametrize("size", [(1, 1), (28, 28), (1, 4000), (300, 2)])
def test_an_empty_picture_is_black(level: int, size: tuple[int, int]) -> None:
    prepared = prepare(grey(np.full(size[::-1], level, np.uint8)), DIGIT)
    assert not prepared.seen.any()
    assert np.isfinite(prepared.tensor).all()
    assert prepared.crop == (0.0, 0.0, float(size[0]), float(size[1]))


def test_faint_noise_is_no_digit() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.normal(230, 2, (200, 200)).clip(0, 255).astype(np.uint8)
    assert not prepare(grey(pixels), DIGIT).seen.any()


def test_dust_is_left_out() -> None:
    clean = np.where(disc(side=300, x=150, y=150), 0, 255).astype(np.uint8)
    dusty = clean.copy()
    dusty[5:9, 5:9] = dusty[280:284, 20:23] = dusty[30:33, 290:293] = 0
    np.testing.assert_array_equal(
        field(prepare(grey(dusty), DIGIT)), field(prepare(grey(clean), DIGIT))
    )


def test_a_part_of_a_digit_is_not_dust() -> None:
    pixels = np.full((280, 280), 255, np.uint8)
    pixels[80:240, 90:110] = pixels[80:100, 90:180] = 0
    pixels[30:50, 120:200] = 0  # the bar of a five, not quite joined
    assert prepare(grey(pixels), DIGIT).crop == (90.0, 30.0, 110.0, 210.0)


def test_a_shadow_over_the_paper_does_not_matter() -> None:
    light = np.linspace(0.6, 1, 300)[None] * np.linspace(0.8, 1, 300)[:, None]
    rng = np.random.default_rng(0)
    paper = np.where(disc(side=300, x=150, y=150), 40, 230) * light + rng.normal(0, 3, (300, 300))
    prepared = prepare(grey(paper.clip(0, 255).astype(np.uint8)), DIGIT)
    assert np.abs(np.array(prepared.crop) - (91, 91, 119, 119)).max() <= 5


def test_hairlines_are_thickened() -> None:
    pixels = np.full((400, 400), 255, np.uint8)
    pixels[50:350, 200] = 0
    pixels[200, 50:350] = 0
    small = field(prepare(grey(pixels), DIGIT))
    assert small.max() == 255
    assert (small > 127).any(0).sum() == 20
    assert 1 <= (small[5] > 100).sum() <= 3  # the stem, far from the crossing
    assert small[5].sum() > 1.5 * 255


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    seed=st.integers(0, 9),
    kind=st.sampled_from(["noise", "two levels", "one dot", "gradient"]),
)
def test_any_picture_gives_a_sound_digit(width: int, height: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    match kind:
        case "noise":
            pixels = rng.integers(0, 256, (height, width))
        case "two levels":
            pixels = rng.integers(0, 2, (height, width)) * 255
        case "one dot":
            pixels = np.zeros((height, width))
            pixels[seed % height, seed % width] = 255
        case _:
            pixels = np.linspace(0, 255, width)[None].repeat(height, 0)
    prepared = prepare(grey(pixels.astype(np.uint8)), DIGIT)
    field(prepared)
    assert np.isfinite(prepared.tensor).all()
    x, y, across, down = prepared.crop
    assert 0 <= x < x + across <= width
    assert 0 <= y < y + down <= height


@pytest.mark.parametrize(
    "sample", [s for s in samples() if s.kind == "photo"], ids=lambda s: s.name
)
def test_photos_give_something_where_a_digit_is_wanted(sample: object) -> None:
    prepared = prepare(decode_file(sample.path), DIGIT)  # type: ignore[attr-defined]
    assert prepared.seen.any()
    assert np.isfinite(prepared.tensor).all()


def test_digit_inputs_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="not an input for digits"):
        prepare(noise(9, 9), Preprocessing("digit", 20, 24, (0.0,), (1.0,)))
    with pytest.raises(ValueError, match="not an input for digits"):
        prepare(noise(9, 9), Preprocessing("digit", 20, 32, (0.0,) * 3, (1.0,) * 3))


@pytest.mark.parametrize("crop", [28, 29, 40])
def test_other_paddings(crop: int) -> None:
    prepared = prepare(
        grey(np.where(disc(), 0, 255).astype(np.uint8)),
        Preprocessing("digit", 20, crop, (0.0,), (1.0,)),
    )
    assert prepared.tensor.shape == (1, crop, crop)
    rows, _ = np.nonzero(prepared.seen[..., 0])
    assert abs((rows.min() + rows.max()) / 2 - (crop - 1) / 2) <= 1


# MNIST itself as the oracle


@pytest.fixture
def mnist(shared_data: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """200 test digits (28x28, light on black) and what they are."""
    folder = shared_data / "mnist"
    if not folder.is_dir():
        pytest.skip("MNIST (../shared/data/mnist) is not here")
    images = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    chosen = np.random.default_rng(0).choice(10_000, 200, replace=False)
    return (
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)[chosen],
        np.frombuffer(labels, np.uint8, offset=8)[chosen],
    )


def correlation(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def test_mnist_comes_out_as_it_went_in(
    mnist: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]],
) -> None:
    for pixels in (mnist[0], 255 - mnist[0]):
        results = [field(prepare(grey(image), DIGIT)) for image in pixels]
        same = [
            np.abs(result.astype(int) - image).max() <= 2
            for result, image in zip(results, mnist[0], strict=True)
        ]
        assert np.mean(same) > 0.9
        assert min(map(correlation, results, mnist[0])) > 0.6  # a pixel's shift at most


@pytest.mark.parametrize("look", ["pen on paper", "chalk", "small", "photographed"])
def test_mnist_written_elsewhere_comes_back(
    mnist: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]], look: str
) -> None:
    rng = np.random.default_rng(1)
    correlations, right = [], []
    network = _lenet()
    for image, label in zip(*mnist, strict=True):
        size = int(rng.integers(40, 60) if look == "small" else rng.integers(150, 280))
        enlarged = Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC)
        canvas = Image.new("L", (360, 300))
        canvas.paste(enlarged, (int(rng.integers(0, 360 - size)), int(rng.integers(0, 300 - size))))
        pixels = np.asarray(canvas)
        if look != "chalk":
            pixels = 255 - pixels
        if look == "photographed":
            lamp = np.linspace(0.6, 1, 360)[None]
            blurred = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1)))
            shaded = (40 + 0.75 * blurred) * lamp + rng.normal(0, 4, pixels.shape)
            pixels = shaded.clip(0, 255).astype(np.uint8)
        prepared = prepare(grey(pixels), DIGIT)
        correlations.append(correlation(field(prepared), image))
        right.append(network(prepared) == label)
    assert np.mean(correlations) > 0.9
    assert np.mean(right) >= 0.98


def _lenet():  # type: ignore[no-untyped-def]
    from cnn_explorer.probe.session import Session

    session = Session.open(NETWORKS["lenet5"])
    assert session.trained
    return lambda prepared: session.run(prepared).classes[0].index


def test_the_sample_digits_are_read_rightly() -> None:
    read = _lenet()
    for sample in samples():
        if sample.kind == "digit":
            prepared = prepare(decode_file(sample.path), DIGIT)
            assert f"digit-{read(prepared)}" == sample.name
