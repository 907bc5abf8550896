"""A picture as a network sees it, by the rules that its weights were trained with.

Photos go torchvision's way, to the bit: scale the shorter side, cut out the middle, normalise.
Handwritten digits go MNIST's way (http://yann.lecun.com/exdb/mnist/): size into 20x20 keeping the
aspect, centre of mass into the middle of 28x28.

Numpy and Pillow alone: no torch, no Qt.
"""

import time

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.probe.framing import (
    AS_TRAINED,
    Framing,
    frame_of,
    middle,
    padding_colour,
    resized,
)
from cnn_explorer.probe.results import Placement, PreparedInput

_Grey = npt.NDArray[np.uint8]
_Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the picture."""
_Ink = npt.NDArray[np.float32]
"""(H, W): how much ink lies where, 0 to 255."""

_LONGEST = 16
"""Pictures longer than so many times their width are cut before they are scaled."""

_FILTERS = {
    "bilinear": (Image.Resampling.BILINEAR, 1.0),
    "bicubic": (Image.Resampling.BICUBIC, 2.0),
}
"""How photos are scaled, and how far each filter reaches, in pixels of the coarser picture."""

_FIELD = 28
"""Side of an MNIST picture."""

_WORKING_SIDE = 560
"""Larger drawings are first reduced: 20 times 28 is detail enough for 20 pixels."""

_CONTRAST = 12
"""Levels between paper and ink below which a picture is taken for empty."""

_MARKED = 10
"""Ink above, of 255, belongs to a stroke."""

_CELLS = 70
"""Specks are looked for on a grid of at most so many cells on a side."""

_HAIRLINE = 1.0
"""Strokes thinner than so many pixels of the 20x20 square are thickened. Two MNIST digits in a
thousand are so thin."""

_PEN = 2.0
"""To this width: half of MNIST's digits have thinner strokes than 2.2."""


def prepare(
    picture: Picture, preprocessing: Preprocessing, framing: Framing = AS_TRAINED
) -> PreparedInput:
    """The input of a network for one picture.

    ``photo`` equals torchvision's `ImageClassification` preset on the same pixels, bit for bit;
    where the long side exceeds 16 times the short one, within one level of 255, since then only
    the part that is seen gets scaled (a picture of 1x5000 would become 256x1,280,000 first).

    ``digit`` finds the strokes, dark on light or light on dark, and sets them as MNIST did; most
    of MNIST's pictures come out as they went in. A picture without contrast gives plain black.

    Framed in another way, nothing beside the region has a say, and the result equals what Pillow
    makes of the region alone.

    `crop` of the result is the region that a photo's network sees, without padding, or the box
    around a digit's strokes. Its `placement` holds for padding too; a picture without strokes lies
    over the whole input.

    Raises `ValueError` for a digit input smaller than 28x28, a mistake of the catalogue.
    """
    started = time.perf_counter()
    if preprocessing.kind == "digit":
        seen, crop, placement = _digit_within(picture, preprocessing, framing)
    elif framing != AS_TRAINED:
        seen, crop, placement = _framed(picture, preprocessing, framing)
    else:
        seen, crop, placement = _photo(picture, preprocessing)
    tensor = _normalised(seen, preprocessing)
    shown = np.ascontiguousarray(np.broadcast_to(seen, (*seen.shape[:2], 3)))
    for array in (tensor, shown):
        array.setflags(write=False)
    milliseconds = (time.perf_counter() - started) * 1000
    return PreparedInput(tensor, shown, crop, milliseconds, placement, framing)


def _normalised(
    seen: npt.NDArray[np.uint8], preprocessing: Preprocessing
) -> npt.NDArray[np.float32]:
    """uint8 (H, W, C) to float32 (C, H, W), in the order of operations that torchvision has.

    There are but 256 values of each colour: they are computed, and all pixels looked up.
    """
    mean = np.array(preprocessing.mean, np.float32)
    std = np.array(preprocessing.std, np.float32)
    levels = np.arange(256, dtype=np.float32)[:, None]
    values = (levels / np.float32(255) - mean) / std
    tensor = np.empty((seen.shape[2], *seen.shape[:2]), np.float32)
    for channel, plane in enumerate(tensor):
        # every index lies within the table: with "clip" numpy need not ask, nor write elsewhere
        np.take(values[:, channel], seen[..., channel], out=plane, mode="clip")
    return tensor


# photos


def _photo(
    picture: Picture, preprocessing: Preprocessing
) -> tuple[npt.NDArray[np.uint8], _Box, Placement]:
    """(crop, crop, channels) pixels, the region of the picture they show, and how they lie."""
    image = Image.fromarray(picture.rgb)
    if preprocessing.channels == 1:
        image = image.convert("L")
    crop = preprocessing.crop
    width, height = resized(picture.width, picture.height, preprocessing.resize)
    # Smaller than the crop: torchvision pads with black, the odd pixel to the right and bottom.
    left = middle(width, crop)
    top = middle(height, crop)
    part = (max(left, 0), max(top, 0), min(left + crop, width), min(top + crop, height))
    across, down = picture.width / width, picture.height / height
    region = (part[0] * across, part[1] * down, part[2] * across, part[3] * down)
    if max(width, height) > _LONGEST * min(width, height):
        cut = _scaled_part(image, (width, height), part, preprocessing.interpolation)
    else:
        resampling, _ = _FILTERS[preprocessing.interpolation]
        cut = image.resize((width, height), resampling).crop(part)
    seen = np.zeros((crop, crop, preprocessing.channels), np.uint8)
    x, y = part[0] - left, part[1] - top
    seen[y : y + cut.height, x : x + cut.width] = np.asarray(cut).reshape(
        cut.height, cut.width, preprocessing.channels
    )
    placement = Placement(left * across, top * down, across, down)
    return seen, (region[0], region[1], region[2] - region[0], region[3] - region[1]), placement


def _scaled_part(
    image: Image.Image,
    size: tuple[int, int],
    part: tuple[int, int, int, int],
    interpolation: str,
) -> Image.Image:
    """A part of the image as it would be scaled to `size`, without making the rest of it.

    Columns first, then rows, as Pillow does where it enlarges; each pass reads one row or column
    more on either side than the filter is wide.
    """
    across, down = image.width / size[0], image.height / size[1]
    resampling, support = _FILTERS[interpolation]
    reach = support * max(1.0, down) + 1
    upper = max(0, int(part[1] * down - reach))
    lower = min(image.height, int(part[3] * down + reach) + 1)
    rows = image.crop((0, upper, image.width, lower))
    wide = rows.resize(
        (part[2] - part[0], rows.height),
        resampling,
        box=(part[0] * across, 0, min(part[2] * across, rows.width), rows.height),
    )
    return wide.resize(
        (wide.width, part[3] - part[1]),
        resampling,
        box=(0, part[1] * down - upper, wide.width, min(part[3] * down - upper, wide.height)),
    )


def _framed(
    picture: Picture, preprocessing: Preprocessing, framing: Framing
) -> tuple[npt.NDArray[np.uint8], _Box, Placement]:
    """As `_photo`, for a region of a person's choice."""
    left, top, width, height = framing.pixels(picture.width, picture.height)
    # a view: only what is seen of a large picture is copied
    image = Image.fromarray(picture.rgb[top : top + height, left : left + width])
    if preprocessing.channels == 1:
        image = image.convert("L")
    side = preprocessing.crop
    size = (side, side)
    if framing.fit == "pad":
        longer = max(width, height)
        size = max(1, round(width * side / longer)), max(1, round(height * side / longer))
    resampling, _ = _FILTERS[preprocessing.interpolation]
    scaled = np.asarray(image.resize(size, resampling)).reshape(size[1], size[0], -1)
    seen = np.empty((side, side, preprocessing.channels), np.uint8)
    seen[:] = padding_colour(preprocessing)
    x, y = (side - size[0]) // 2, (side - size[1]) // 2
    seen[y : y + size[1], x : x + size[0]] = scaled
    across, down = width / size[0], height / size[1]
    crop = (float(left), float(top), float(width), float(height))
    return seen, crop, Placement(left - x * across, top - y * down, across, down)


# digits


def _digit_within(
    picture: Picture, preprocessing: Preprocessing, framing: Framing
) -> tuple[npt.NDArray[np.uint8], _Box, Placement]:
    """As `_digit`, of the strokes in the region framed."""
    if framing.region is None:
        return _digit(picture, preprocessing)
    frame = frame_of(picture.width, picture.height, preprocessing, framing)
    left, top, width, height = (int(side) for side in frame)
    part = np.ascontiguousarray(picture.rgb[top : top + height, left : left + width])
    seen, (x, y, wide, high), at = _digit(Picture(part, picture.name), preprocessing)
    placement = Placement(at.x + left, at.y + top, at.across, at.down)
    return seen, (x + left, y + top, wide, high), placement


def _digit(
    picture: Picture, preprocessing: Preprocessing
) -> tuple[npt.NDArray[np.uint8], _Box, Placement]:
    """(crop, crop, 1) pixels, light on black, the box of the strokes, and how the pixels lie."""
    pad = preprocessing.crop - _FIELD
    if pad < 0 or preprocessing.channels != 1:
        raise ValueError(f"not an input for digits: {preprocessing}")
    seen = np.zeros((preprocessing.crop, preprocessing.crop, 1), np.uint8)
    grey, factor = _reduced_grey(picture)
    ink = _without_specks(_ink(grey))
    box = _box_of_strokes(ink)
    if box is None:
        whole = (0.0, 0.0, float(picture.width), float(picture.height))
        side = preprocessing.crop
        return seen, whole, Placement(0.0, 0.0, picture.width / side, picture.height / side)
    left, top, right, bottom = box
    square, rim = _into_square(ink[top:bottom, left:right], preprocessing.resize)
    field, (column, row) = _centred_by_mass(square)
    before = pad // 2
    seen[before : before + _FIELD, before : before + _FIELD, 0] = field
    # the square shows the box and the rim around it
    across = factor * (right - left + 2 * rim[0]) / square.shape[1]
    down = factor * (bottom - top + 2 * rim[1]) / square.shape[0]
    placement = Placement(
        factor * (left - rim[0]) - (before + column) * across,
        factor * (top - rim[1]) - (before + row) * down,
        across,
        down,
    )
    right, bottom = min(right * factor, picture.width), min(bottom * factor, picture.height)
    left, top = left * factor, top * factor
    return seen, (float(left), float(top), float(right - left), float(bottom - top)), placement


def _reduced_grey(picture: Picture) -> tuple[_Grey, int]:
    """Grey (H, W), reduced by a whole factor where the picture is large; and that factor."""
    image = Image.fromarray(picture.rgb)
    factor = max(1, max(image.size) // _WORKING_SIDE)
    if factor > 1:
        image = image.reduce(factor)
    return np.asarray(image.convert("L")), factor


def _ink(grey: _Grey) -> _Ink:
    """How far each pixel is from the paper towards the ink; all 0 where there is no contrast.

    If the paper lies nearer the lightest than the darkest pixel, ink is what is darker, else what
    is lighter.
    """
    paper, grain = _paper(grey)
    darker = paper - grey
    most_darker, most_lighter = float(darker.max()), -float(darker.min())
    ink = darker if most_darker >= most_lighter else -darker
    most = max(most_darker, most_lighter)
    if most < _CONTRAST or (most - grain < _CONTRAST and most < 64):
        return np.zeros_like(ink)
    grain = min(grain, most / 3)  # a photo has no paper at its border; show what stands out
    spread: _Ink = np.clip((ink - grain) * np.float32(255 / (most - grain)), 0, 255)
    return spread


def _paper(grey: _Grey) -> tuple[_Ink, float]:
    """The brightness of the paper at each pixel, and how far its grain departs from that.

    The paper is what the border mostly shows: a plane through its pixels, for a lamp stands on
    one side, without those that are no paper.
    """
    height, width = grey.shape
    rows, columns = np.meshgrid(
        np.linspace(-1, 1, height, dtype=np.float32),
        np.linspace(-1, 1, width, dtype=np.float32),
        indexing="ij",
        sparse=True,
    )
    rim = max(1, min(height, width) // 20)
    outer = np.ones(grey.shape, bool)
    outer[rim : height - rim, rim : width - rim] = False
    at = np.flatnonzero(outer)
    at = at[:: max(1, at.size // 4000)]
    level = grey.ravel()[at].astype(np.float64)
    y, x = rows.ravel()[at // width], columns.ravel()[at % width]
    terms = np.stack([np.ones(at.size), x, y], 1)
    plane = np.array([np.median(level), 0.0, 0.0])
    departure = np.abs(level - plane[0])
    for _ in range(4):
        paper = departure <= max(2.0, 3 * float(np.median(departure)))
        plane = np.linalg.lstsq(terms[paper], level[paper], rcond=None)[0]
        departure = np.abs(level - terms @ plane)
    constant, across, down = (np.float32(value) for value in plane)
    # four deviations, had they a normal distribution
    grain = 4 * 1.4826 * float(np.median(departure))
    brightness: _Ink = constant + across * columns + down * rows
    return brightness, grain if grain > 0.01 else 0.0


def _without_specks(ink: _Ink) -> _Ink:
    """The ink without dust: connected parts with less than a twentieth of the largest one's ink."""
    height, width = ink.shape
    side = max(1, -(-max(height, width) // _CELLS))
    padded = np.pad(ink, ((0, -height % side), (0, -width % side)))
    cells = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
    marked = cells.max((1, 3)) > _MARKED
    masses = cells.sum((1, 3))
    parts = _connected(marked)
    if len(parts) < 2:
        return ink
    weights = [sum(float(masses[cell]) for cell in part) for part in parts]
    keep = np.zeros(marked.shape, bool)
    for part, weight in zip(parts, weights, strict=True):
        if weight * 20 >= max(weights):
            keep[tuple(np.transpose(part))] = True
    if np.array_equal(keep, marked):
        return ink
    # with their neighbours, where strokes fade out
    near = np.pad(keep, 1)
    near = near[:-2] | near[1:-1] | near[2:]
    near = near[:, :-2] | near[:, 1:-1] | near[:, 2:]
    near &= keep | ~marked
    kept = near.repeat(side, 0).repeat(side, 1)[:height, :width]
    return np.where(kept, ink, np.float32(0))


def _connected(marked: npt.NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """The marked cells in parts that touch at a side or a corner."""
    left = set(zip(*(axis.tolist() for axis in np.nonzero(marked)), strict=True))
    parts = []
    while left:
        part = [left.pop()]
        for row, column in part:  # grows while it is walked through
            for near in (
                (row - 1, column - 1), (row - 1, column), (row - 1, column + 1),
                (row, column - 1), (row, column + 1),
                (row + 1, column - 1), (row + 1, column), (row + 1, column + 1),
            ):  # fmt: skip
                if near in left:
                    left.remove(near)
                    part.append(near)
        parts.append(part)
    return parts


def _box_of_strokes(ink: _Ink) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) around the strokes; None where there are none."""
    marked = ink > _MARKED
    rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _into_square(strokes: _Ink, side: int) -> tuple[_Ink, tuple[float, float]]:
    """Strokes scaled so that their longer side is `side`, and how many pixels of theirs stand
    around them in it: beside, and above and below.

    MNIST was written with a thick pen. Hairlines, which would fade when they shrink, are
    thickened to the usual width of its strokes.
    """
    fine = _scaled(strokes, 4 * side)
    width = _stroke_width(fine)
    if width >= 4 * _HAIRLINE:
        return _scaled(strokes, side), (0.0, 0.0)
    reach = max(1, round((4 * _PEN - width) / 2))
    usual = float(np.median(fine[fine > _MARKED]))  # crossings are darker than the lines
    strong = np.clip(np.pad(fine, reach) * np.float32(255 / usual), 0, 255)
    thick = Image.fromarray(strong).filter(ImageFilter.MaxFilter(2 * reach + 1))
    rim = (reach * strokes.shape[1] / fine.shape[1], reach * strokes.shape[0] / fine.shape[0])
    return _scaled(np.asarray(thick), side), rim


def _scaled(strokes: _Ink, side: int) -> _Ink:
    """The longer side becomes `side` pixels, each the mean of what it covers; full contrast."""
    height, width = strokes.shape
    longer = max(height, width)
    size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    scaled = np.asarray(Image.fromarray(strokes).resize(size, Image.Resampling.BOX))
    most = float(scaled.max())
    return scaled * np.float32(255 / most) if most > 0 else scaled


def _stroke_width(strokes: _Ink) -> float:
    """The mean width of strokes in pixels: a band of width w has two rim pixels for w inside."""
    solid = np.pad(strokes >= 128, 1)
    inner = solid[1:-1, 1:-1]
    surrounded = inner & solid[:-2, 1:-1] & solid[2:, 1:-1] & solid[1:-1, :-2] & solid[1:-1, 2:]
    area = int(np.count_nonzero(inner))
    rim = area - int(np.count_nonzero(surrounded))
    return 2 * area / rim if rim else 0.0


def _centred_by_mass(scaled: _Ink) -> tuple[_Grey, tuple[int, int]]:
    """The strokes in 28x28 with their centre of mass at pixel (14, 14), to the nearest pixel; and
    the column and row where they begin.

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
    return field, (left, top)
