"""A decoded picture as every other part of the program sees it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.text import printable

if TYPE_CHECKING:
    # for annotations alone: the window is painted before numpy is imported
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright 8-bit RGB picture.

    `rgb` is uint8 (height, width, 3), C-contiguous, and not to be written to.
    Two pictures are equal only if they are the same object: the identity tells stale answers.
    """

    rgb: npt.NDArray[np.uint8]
    name: str
    """What to call it: a file name, ``Pasted picture``, ``Drawing``."""
    source: str = ""
    """Where it came from, for a tool tip: a full path, or empty."""
    decode_ms: float = 0.0
    note: str = ""
    """One sentence on what the decoder had to choose (``First of 12 frames.``), or empty."""

    @property
    def width(self) -> int:
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self.rgb.shape[0])


def origin_of(path: Path) -> str:
    """The `source` of a picture that comes from a file."""
    return printable(os.path.abspath(path))
