"""Transparent pixels on white paper."""

import numpy as np
import numpy.typing as npt


def over_white(rgb: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Straight (not premultiplied) colours (H, W, 3) with alpha (H, W), laid on white.

    Where alpha is 0 the result is white, whatever colour the file hides there. Rounded to the
    nearest level.
    """
    opaque = alpha[..., None].astype(np.uint16)
    # at most 255 * 255, plus 127 for rounding: fits 16 bits
    mixed = rgb * opaque + np.uint16(255) * (np.uint16(255) - opaque)
    return ((mixed + np.uint16(127)) // np.uint16(255)).astype(np.uint8)
