"""Colour tables for maps and filters, read from ``resources/colormaps``."""

from dataclasses import replace
from functools import cache, lru_cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from cnn_explorer.paths import resource
from cnn_explorer.probe.mosaic import (
    GROUND,
    HIGHEST,
    INFINITE,
    LOWEST,
    NOT_A_NUMBER,
    USUAL,
    Shading,
    mosaic,
)

ColormapName = Literal["viridis", "cividis", "inferno", "magma", "grey", "diverging"]

COLORMAPS: tuple[ColormapName, ...] = get_args(ColormapName)

NOT_A_NUMBER_COLOUR = (255, 0, 255)
INFINITE_COLOUR = (0, 255, 255)
"""Magenta and cyan, which none of the colour maps comes near."""


@cache
def colormap(name: ColormapName) -> npt.NDArray[np.uint8]:
    """The colours of the values 0 to 255: uint8 (256, 3), not to be written to.

    ``diverging`` has zero at 128: give it values that are centred there.
    """
    table = np.loadtxt(resource("colormaps", f"{name}.csv"), dtype=np.uint8, delimiter=",")
    if table.shape != (256, 3):
        raise ValueError(f"{name}.csv has shape {table.shape}, not (256, 3)")
    table.flags.writeable = False
    return table


def colour_table(name: ColormapName, gap: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """The colours of a mosaic's codes: uint8 (256, 3); gaps get the colour `gap`."""
    table = np.empty((256, 3), np.uint8)
    table[GROUND] = gap
    table[NOT_A_NUMBER] = NOT_A_NUMBER_COLOUR
    table[INFINITE] = INFINITE_COLOUR
    table[LOWEST:] = scale_colours(name)
    return table


@lru_cache(maxsize=32)
def bar_colours(name: ColormapName, shading: Shading = USUAL) -> npt.NDArray[np.uint8]:
    """The colours of evenly spaced values from one end of the scale to the other: uint8 (253, 3).
    Where gamma is not 1 they show how it bends the scale."""
    ends = (-1.0, 1.0) if shading.signed else (0.0, 1.0)
    even = np.linspace(*ends, HIGHEST - LOWEST + 1, dtype=np.float32)
    whole = replace(shading, scale="fixed", low=ends[0], high=ends[1])
    codes = mosaic(even[None, None], whole, gap=0).pixels[0]
    colours: npt.NDArray[np.uint8] = colour_table(name, (0, 0, 0))[codes]
    colours.setflags(write=False)
    return colours


def scale_colours(name: ColormapName) -> npt.NDArray[np.uint8]:
    """The colours of the codes from `LOWEST` to `HIGHEST`: uint8 (253, 3), as a colour bar has
    them."""
    steps = HIGHEST - LOWEST
    at = np.rint(np.arange(steps + 1) * (255 / steps)).astype(np.intp)
    colours: npt.NDArray[np.uint8] = colormap(name)[at]
    return colours
