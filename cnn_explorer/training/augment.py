"""Pictures varied anew each time they are shown, so that a network learns what stays the same."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from cnn_explorer.training.recipes import Crop, DigitVariation


def vary_digits(images: Tensor, variation: DigitVariation, generator: torch.Generator) -> Tensor:
    """Each picture as another hand might have written it.

    `images` is (N, 1, S, S) of 0..1 with light strokes on black; so is the result.
    """
    count, _, side, _ = images.shape
    pixel = 2 / side  # in grid units, which span -1..1 over the picture

    def uniform(most: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * most

    turn = uniform(math.radians(variation.degrees))
    wide, high = torch.exp(uniform(variation.scale)), torch.exp(uniform(variation.scale))
    lean = uniform(variation.shear)
    cos, sin = torch.cos(turn), torch.sin(turn)
    move_x, move_y = uniform(variation.shift) * pixel, uniform(variation.shift) * pixel
    # rotation x shear x scale, for every picture: where in the original each pixel looks
    rows = (
        torch.stack([cos * wide, (cos * lean - sin) * high, move_x], 1),
        torch.stack([sin * wide, (sin * lean + cos) * high, move_y], 1),
    )
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    field = torch.randn(count, 2, 5, 5, generator=generator) * variation.bend * pixel
    bend = F.interpolate(field, (side, side), mode="bicubic", align_corners=True)
    moved = F.grid_sample(images, grid + bend.permute(0, 2, 3, 1), align_corners=False)

    amount = uniform(variation.stroke).reshape(count, 1, 1, 1)
    thick = F.max_pool2d(moved, 3, 1, 1)
    # thinning takes a pixel off one side only: off both, a fine stroke would vanish
    thin = -F.max_pool2d(F.pad(-moved, (0, 1, 0, 1)), 2, 1)
    return torch.where(amount > 0, moved.lerp(thick, amount), moved.lerp(thin, -amount))


def cut_photos(padded: Tensor, chosen: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """A random square of each chosen photo, mirrored half of the time.

    `padded` is (N, H, W, C) with the padding around it already there, `chosen` are B row numbers;
    the result is (B, C, side, side), its memory in channels-last order.
    """
    count = len(chosen)
    room = padded.shape[1] - side + 1, padded.shape[2] - side + 1
    top = torch.randint(room[0], (count, 1), generator=generator)
    left = torch.randint(room[1], (count, 1), generator=generator)
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    steps = torch.arange(side)
    rows = top + steps  # (B, side)
    columns = left + torch.where(mirrored, steps.flip(0), steps)
    cut = padded[chosen[:, None, None], rows[:, :, None], columns[:, None, :]]
    return cut.permute(0, 3, 1, 2)


def crop_at(crops: tuple[Crop, ...], share: float) -> Crop:
    """The crop in force when this share of the epochs is done."""
    return next((crop for crop in crops if share < crop.until - 1e-9), crops[-1])
