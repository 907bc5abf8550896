"""Colour tables for maps and filters, read from ``resources/colormaps``."""

from functools import cache
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from cnn_explorer.paths import resource

ColormapName = Literal["viridis", "magma", "grey", "diverging"]

COLORMAPS: tuple[ColormapName, ...] = get_args(ColormapName)


@cache
def colormap(name: ColormapName) -> npt.NDArray[np.uint8]:
    """The colours of the values 0 to 255: uint8 (256, 3), not to be written to.

    ``diverging`` has zero at 128: give it values that are centred there (`signed_mosaic`).
    """
    table = np.loadtxt(resource("colormaps", f"{name}.csv"), dtype=np.uint8, delimiter=",")
    if table.shape != (256, 3):
        raise ValueError(f"{name}.csv has shape {table.shape}, not (256, 3)")
    table.flags.writeable = False
    return table


def colour_table(name: ColormapName, gap: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """A colour map for a mosaic: index 0, the gaps and undefined values, gets the colour `gap`."""
    table = colormap(name).copy()
    table[0] = gap
    return table
