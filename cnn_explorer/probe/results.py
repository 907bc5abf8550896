"""What running a network gives, as plain values and numpy arrays that may cross threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, overload

from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.precision import EXACT, Arithmetic
from cnn_explorer.text import format_share, format_value

if TYPE_CHECKING:
    # for annotations alone: the window is painted before numpy is imported
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Placement:
    """Where a network's input lies on the picture that it was made from.

    Both are measured from the outer corner of their first pixel, so that the middle of that pixel
    is at 0.5: ``x of the picture = x + across * x of the input``, and likewise downwards. What is
    padding lies beside the picture. It says nothing of what scaling blurs.
    """

    x: float = 0.0
    y: float = 0.0
    across: float = 1.0
    """Pixels of the picture that one pixel of the input spans, from left to right."""
    down: float = 1.0

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """A place of the input as one of the picture."""
        return self.x + self.across * x, self.y + self.down * y

    def to_input(self, x: float, y: float) -> tuple[float, float]:
        """A place of the picture as one of the input."""
        return (x - self.x) / self.across, (y - self.y) / self.down


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
    placement: Placement = Placement()
    """Where the input lies on the picture; if nothing is said, pixel upon pixel."""
    framing: Framing = AS_TRAINED
    """How it was framed."""


@dataclass(frozen=True)
class ClassScore:
    """One class and its probability (softmax of the network's output)."""

    index: int
    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Ranking(Sequence[ClassScore]):
    """All classes, most likely first. The scores are made when they are asked for: all thousand of
    ImageNet's, of whom a person sees five, would take 2 % of AlexNet's forward."""

    order: npt.NDArray[np.intp]
    """(classes,): their indices, most likely first."""
    values: npt.NDArray[np.float64]
    """(classes,): their probabilities in that order."""
    names: Sequence[str]
    """By index; those beyond it are called after their index."""

    def _at(self, place: int) -> ClassScore:
        index = int(self.order[place])
        name = self.names[index] if index < len(self.names) else f"class {index}"
        return ClassScore(index, name, float(self.values[place]))

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, place: int) -> ClassScore: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[ClassScore, ...]: ...
    def __getitem__(self, place: int | slice) -> ClassScore | tuple[ClassScore, ...]:
        if isinstance(place, slice):
            return tuple(self._at(at) for at in range(*place.indices(len(self))))
        return self._at(place)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


Channel = Literal["mean", "strongest"]
"""What a thumbnail shows: the mean over the channels, or the channel with the largest mean."""


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A layer's output in small: a picture, and three numbers about all its values."""

    pixels: npt.NDArray[np.uint8]
    """(height, width), at most 48 either way: 0 is the smallest value, 255 the largest."""
    mean: float
    maximum: float
    dead: float | None
    """The share (0 to 1) of channels that are 0 everywhere; of a flat output, of values that are 0.
    None where any value is negative: only what comes from a ReLU, or a pooling or sum of such
    outputs, has channels that can be dead. A channel before its activation may yet be revived."""


@dataclass(frozen=True, eq=False)
class RunResult:
    """The answer to one picture."""

    classes: Sequence[ClassScore]
    """All classes, most likely first."""
    activations: Mapping[str, npt.NDArray[np.float32]]
    """By layer name, for the layers asked for: (C, H, W) or (N,), exact, read-only. Features come
    first where a network has them last; the class token of a vision transformer is left out."""
    forward_ms: float
    thumbnails: Mapping[str, Thumbnail] = field(default_factory=dict)
    """By layer name, for the layers asked for that took part."""
    arithmetic: Arithmetic = EXACT
    """In which numbers the network ran."""


WeightKind = Literal["convolution", "transposed", "linear", "normalisation", "other"]
"""What weights are for; ``transposed`` is a transposed convolution."""


@dataclass(frozen=True, eq=False)
class LayerFilters:
    """The weights of one layer."""

    layer: str
    weight: npt.NDArray[np.float32]
    """Convolution: (out, in / groups, kh, kw); transposed: (in, out / groups, kh, kw); by a table:
    (connections, 1, kh, kw). Linear: (out, in). Normalisation: (channels,)."""
    bias: npt.NDArray[np.float32] | None
    kind: WeightKind = "other"
    groups: int = 1
    """Of a convolution."""
    table: tuple[tuple[int, ...], ...] = ()
    """For each output of a convolution, which inputs it sees, where a table says so."""
    running_mean: npt.NDArray[np.float32] | None = None
    """Of a normalisation that keeps it, (channels,)."""
    running_var: npt.NDArray[np.float32] | None = None
    eps: float = 0.0
    """What a normalisation adds to the variance."""


def short_lines(thumbnail: Thumbnail) -> tuple[str, ...]:
    """The numbers, as short as they stand beside the picture."""
    lines = [f"mean {format_value(thumbnail.mean, 2)}", f"max {format_value(thumbnail.maximum, 2)}"]
    if thumbnail.dead is not None:
        lines.append(f"dead {format_share(thumbnail.dead)}")
    return tuple(lines)


def probabilities(classes: Sequence[ClassScore]) -> npt.NDArray[np.float32]:
    """The probabilities in the order of the network's outputs."""
    import numpy as np

    values = np.empty(len(classes), dtype=np.float32)
    for score in classes:
        values[score.index] = score.probability
    return values
