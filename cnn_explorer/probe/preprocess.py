"""A picture as a network sees it, by the rules that its weights were trained with.

Photos go torchvision's way, to the bit: scale the shorter side, cut out the middle, normalise.
Handwritten digits go MNIST's way (http://yann.lecun.com/exdb/mnist/): size into 20x20 keeping the
aspect, centre of mass into the middle of 28x28.

Numpy and Pillow alone: no torch, no Qt.
"""

import time

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import Preprocessing
from cnn_explorer.probe.results import PreparedInput

_Grey = npt.NDArray[np.uint8]
_Ink = npt.NDArray[np.float32]
"""(H, W): how much ink lies where, 0 to 255."""

_LONGEST = 16
"""Pictures longer than so many times their width are cut before they are scaled."""

_FIELD = 28
"""Side of an MNIST picture."""

_WORKING_SIDE = 560
"""Larger drawings are first reduced: 20 times 28 is detail enough for 20 pixels."""

_CONTRAST = 12
"""Levels between paper and ink below which a picture is taken for empty."""


def prepare(picture: Picture, preprocessing: Preprocessing) -> PreparedInput:
    """The input of a network for one picture.

    ``photo`` equals torchvision's `ImageClassification` preset on the same pixels, bit for bit;
    where the long side exceeds 16 times the short one, within one level of 255, since then only
    the part that is seen gets scaled (a picture of 1x5000 would become 256x1,280,000 first).

    ``digit`` finds the strokes, dark on light or light on dark, and sets them as MNIST did; an
    MNIST picture comes out as it went in. A picture without contrast gives plain black.

    Raises `ValueError` for a digit input smaller than 28x28, a mistake of the catalogue.
    """
    started = time.perf_counter()
    if preprocessing.kind == "digit":
        seen, crop = _digit(picture, preprocessing)
    else:
        seen, crop = _photo(picture, preprocessing)
    tensor = _normalised(seen, preprocessing)
    shown = np.ascontiguousarray(np.broadcast_to(seen, (*seen.shape[:2], 3)))
    for array in (tensor, shown):
        array.setflags(write=False)
    milliseconds = (time.perf_counter() - started) * 1000
    return PreparedInput(tensor=tensor, seen=shown, crop=crop, preprocess_ms=milliseconds)


def _normalised(
    seen: npt.NDArray[np.uint8], preprocessing: Preprocessing
) -> npt.NDArray[np.float32]:
    """uint8 (H, W, C) to float32 (C, H, W), in the order of operations that torchvision has."""
    mean = np.array(preprocessing.mean, np.float32)
    std = np.array(preprocessing.std, np.float32)
    values = (seen.astype(np.float32) / np.float32(255) - mean) / std
    return np.ascontiguousarray(values.transpose(2, 0, 1))


# photos


def _photo(
    picture: Picture, preprocessing: Preprocessing
) -> tuple[npt.NDArray[np.uint8], tuple[float, float, float, float]]:
    """(crop, crop, channels) pixels and the region of the picture they show."""
    image = Image.fromarray(picture.rgb)
    if preprocessing.channels == 1:
        image = image.convert("L")
    crop = preprocessing.crop
    width, height = _resized(picture.width, picture.height, preprocessing.resize)
    # Smaller than the crop: torchvision pads with black, the odd pixel to the right and bottom.
    left = _middle(width, crop)
    top = _middle(height, crop)
    part = (max(left, 0), max(top, 0), min(left + crop, width), min(top + crop, height))
    across, down = picture.width / width, picture.height / height
    region = (part[0] * across, part[1] * down, part[2] * across, part[3] * down)
    if max(width, height) > _LONGEST * min(width, height):
        inside = (
            region[0],
            region[1],
            min(region[2], picture.width),
            min(region[3], picture.height),
        )
        size = (part[2] - part[0], part[3] - part[1])
        cut = image.resize(size, Image.Resampling.BILINEAR, box=inside)
    else:
        cut = image.resize((width, height), Image.Resampling.BILINEAR).crop(part)
    seen = np.zeros((crop, crop, preprocessing.channels), np.uint8)
    x, y = part[0] - left, part[1] - top
    seen[y : y + cut.height, x : x + cut.width] = np.asarray(cut).reshape(
        cut.height, cut.width, preprocessing.channels
    )
    return seen, (region[0], region[1], region[2] - region[0], region[3] - region[1])


def _resized(width: int, height: int, shorter: int) -> tuple[int, int]:
    """The size with the shorter side as asked, the longer one rounded down as torchvision does."""
    if width <= height:
        return shorter, int(shorter * height / width)
    return int(shorter * width / height), shorter


def _middle(length: int, crop: int) -> int:
    """Where a centred crop begins; negative where it must be padded. Halves go to the even one."""
    if length < crop:
        return -((crop - length) // 2)
    return int(round((length - crop) / 2.0))


# digits


def _digit(
    picture: Picture, preprocessing: Preprocessing
) -> tuple[npt.NDArray[np.uint8], tuple[float, float, float, float]]:
    """(crop, crop, 1) pixels, light on black, and the box of the strokes in the picture."""
    pad = preprocessing.crop - _FIELD
    if pad < 0 or preprocessing.channels != 1:
        raise ValueError(f"not an input for digits: {preprocessing}")
    seen = np.zeros((preprocessing.crop, preprocessing.crop, 1), np.uint8)
    grey, factor = _reduced_grey(picture)
    ink = _ink(grey)
    box = _box_of_strokes(ink)
    if box is None:
        return seen, (0.0, 0.0, float(picture.width), float(picture.height))
    scaled = _into_square(ink, box, preprocessing.resize)
    before = pad // 2
    seen[before : before + _FIELD, before : before + _FIELD, 0] = _centred_by_mass(scaled)
    left, top, right, bottom = (edge * factor for edge in box)
    right, bottom = min(right, picture.width), min(bottom, picture.height)
    return seen, (float(left), float(top), float(right - left), float(bottom - top))


def _reduced_grey(picture: Picture) -> tuple[_Grey, int]:
    """Grey (H, W), reduced by a whole factor where the picture is large; and that factor."""
    image = Image.fromarray(picture.rgb)
    factor = max(1, max(image.size) // _WORKING_SIDE)
    if factor > 1:
        image = image.reduce(factor)
    return np.asarray(image.convert("L")), factor


def _ink(grey: _Grey) -> _Ink:
    """How far each pixel is from the paper towards the ink; all 0 where there is no contrast.

    The paper is what the border mostly shows. If it lies nearer the lightest than the darkest
    pixel, ink is what is darker, else what is lighter.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    darkest, lightest = float(grey.min()), float(grey.max())
    values = grey.astype(np.float32)
    ink = paper - values if paper - darkest >= lightest - paper else values - paper
    np.clip(ink, 0, None, out=ink)
    most = float(ink.max())
    if most < _CONTRAST:
        return np.zeros_like(ink)
    # Shadows and the paper's grain: what nearly all pixels below half the contrast stay under.
    faint = ink[ink < most / 2]
    grain = float(np.percentile(faint, 90)) if faint.size else 0.0
    np.clip((ink - grain) * (255 / (most - grain)), 0, 255, out=ink)
    return ink


def _box_of_strokes(ink: _Ink) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) around the strokes; None where there are none."""
    marked = ink > 16
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _into_square(ink: _Ink, box: tuple[int, int, int, int], side: int) -> _Ink:
    """The box of the strokes scaled so that its longer side is `side`; full contrast again.

    Thin strokes grow faint when they shrink, and MNIST's are not: the darkest becomes 255.
    """
    left, top, right, bottom = box
    part = Image.fromarray(ink[top:bottom, left:right])
    longer = max(part.size)
    size = (
        max(1, round(part.width * side / longer)),
        max(1, round(part.height * side / longer)),
    )
    scaled = np.asarray(part.resize(size, Image.Resampling.BOX))
    most = float(scaled.max())
    return scaled * np.float32(255 / most) if most > 0 else scaled


def _centred_by_mass(scaled: _Ink) -> _Grey:
    """The strokes in 28x28 with their centre of mass at pixel (14, 14), to the nearest pixel.

    That is where it lies in MNIST's pictures: between 13.5 and 14.5, pixels counted from 0.
    Strokes that would reach beyond the field are moved back into it.
    """
    height, width = scaled.shape
    mass = float(scaled.sum())
    row = float(scaled.sum(1) @ np.arange(height)) / mass
    column = float(scaled.sum(0) @ np.arange(width)) / mass
    top = min(max(round(_FIELD / 2 - row), 0), _FIELD - height)
    left = min(max(round(_FIELD / 2 - column), 0), _FIELD - width)
    field = np.zeros((_FIELD, _FIELD), np.uint8)
    field[top : top + height, left : left + width] = np.rint(scaled).astype(np.uint8)
    return field
