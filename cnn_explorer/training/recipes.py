"""How each shipped network was trained: all that decides it, and nothing else.

A recipe is data. `cnn_explorer.training.loop` follows it, the model card prints it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class DigitVariation:
    """How far another hand may have written the same digit otherwise.

    After Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks", ICDAR
    2003, which bends digits by smooth random fields.
    """

    degrees: float = 12.0
    """Rotation, either way."""
    scale: float = 0.15
    """Larger or smaller by this fraction at most, height and width by themselves."""
    shear: float = 0.15
    """Horizontal, as a fraction of the height."""
    shift: float = 2.0
    """Pixels, in each direction."""
    bend: float = 0.7
    """Standard deviation, in pixels, of the smooth random field."""
    stroke: float = 0.7
    """How far strokes go towards one pixel more or less on each side, at most."""


@dataclass(frozen=True)
class Crop:
    """The square that is cut out of each photo at a random place, and mirrored half of the time."""

    until: float
    """The share of the epochs after which the next crop takes over; 1 for the last."""
    side: int
    """Pixels."""
    padding: int
    """Pixels of black around the photo before it is cut."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a training goes."""

    epochs: int
    peak_rate: float
    """Learning rate at the top of its one cycle: up in a line, down along a cosine to zero."""
    weight_decay: float
    optimizer: Literal["sgd", "adamw"] = "sgd"
    """``sgd`` has Nesterov's momentum of 0.9."""
    batch: int = 128
    warmup: float = 0.2
    """The share of the steps in which the rate goes up."""
    smoothing: float = 0.0
    """Label smoothing of the training loss."""
    digits: DigitVariation | None = None
    crops: tuple[Crop, ...] = ()
    seed: int = 0


_WHOLE = (Crop(1.0, 32, 4),)
"""The paper's augmentation (ResNet, section 4.2): four pixels of black, a crop, a mirror."""

_GROWING = (Crop(0.5, 24, 0), Crop(0.8, 28, 0), Crop(1.0, 32, 4))
"""Small crops first: they cost half as much and teach nearly as well."""

_DEGRADATION = Recipe(
    epochs=12,
    peak_rate=0.1,
    weight_decay=5e-4,
    crops=(Crop(0.8, 28, 0), Crop(1.0, 32, 4)),
)
"""One for plain and residual networks of all depths, so that nothing but the network differs."""

_DIGITS = Recipe(
    epochs=30,
    peak_rate=3e-3,
    weight_decay=0.01,
    optimizer="adamw",
    digits=DigitVariation(),
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "lenet5": _DIGITS,
        "lenet5-1998": replace(_DIGITS, epochs=15),
        "lenet-linear": replace(_DIGITS, epochs=20, digits=None, weight_decay=0.0, peak_rate=1e-3),
        "alexnet-cifar": Recipe(
            epochs=32,
            batch=64,
            peak_rate=1e-3,
            weight_decay=0.05,
            optimizer="adamw",
            crops=_WHOLE,
            smoothing=0.05,
        ),
        "vgg-cifar": Recipe(
            epochs=30, peak_rate=0.1, weight_decay=5e-4, crops=_WHOLE, smoothing=0.1
        ),
        "googlenet-cifar": Recipe(
            epochs=6, peak_rate=0.15, weight_decay=5e-4, crops=_GROWING, smoothing=0.1
        ),
        "densenet-cifar": Recipe(
            epochs=6, peak_rate=0.15, weight_decay=5e-4, crops=_GROWING, smoothing=0.1
        ),
        "resnet20": _DEGRADATION,
        "resnet56": _DEGRADATION,
        "plain20": _DEGRADATION,
        "plain56": _DEGRADATION,
    }
)
"""By the network's name in the catalogue."""
