"""What running a network gives, as plain values and numpy arrays that may cross threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # for annotations alone: the window is painted before numpy is imported
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class PreparedInput:
    """A picture as one network sees it."""

    tensor: npt.NDArray[np.float32]
    """(C, H, W), normalised: exactly what goes into the network."""
    seen: npt.NDArray[np.uint8]
    """(H, W, 3): the same before normalisation, for people."""
    crop: tuple[float, float, float, float]
    """x, y, width, height of what the network sees, in pixels of the picture."""
    preprocess_ms: float


@dataclass(frozen=True)
class ClassScore:
    """One class and its probability (softmax of the network's output)."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class RunResult:
    """The answer to one picture."""

    classes: tuple[ClassScore, ...]
    """All classes, most likely first."""
    activations: Mapping[str, npt.NDArray[np.float32]]
    """By layer name, for the layers asked for: (C, H, W) or (N,), exact, read-only. Features come
    first where a network has them last; the class token of a vision transformer is left out."""
    forward_ms: float


@dataclass(frozen=True, eq=False)
class LayerFilters:
    """The weights of one layer."""

    layer: str
    weight: npt.NDArray[np.float32]
    """Convolution: (out, in / groups, kh, kw). Linear: (out, in). Normalisation: (channels,)."""
    bias: npt.NDArray[np.float32] | None
