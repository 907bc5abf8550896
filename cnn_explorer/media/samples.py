"""The sample pictures that come with the program (origins: resources/samples/README.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnn_explorer.paths import resource


@dataclass(frozen=True)
class Sample:
    """One sample picture."""

    name: str
    """A short word that stays the same: ``cat``, ``digit-7``."""
    title: str
    """What to call it: ``Chelsea the cat``."""
    path: Path
    kind: Literal["photo", "digit"]
    """Which networks it is for: `Preprocessing.kind`."""


_PHOTOS = (
    ("cat", "Chelsea the cat"),
    ("coffee", "A cup of coffee"),
    ("rocket", "A rocket taking off"),
    ("astronaut", "Astronaut Eileen Collins"),
)
_DIGITS = (2, 3, 5, 7, 8)


def samples() -> tuple[Sample, ...]:
    """All sample pictures, photos first; cheap, and nothing is read."""
    photos = (
        Sample(name, title, resource("samples", f"photo-{name}.jpg"), "photo")
        for name, title in _PHOTOS
    )
    digits = (
        Sample(
            f"digit-{digit}",
            f"A handwritten {digit}",
            resource("samples", f"digit-{digit}.png"),
            "digit",
        )
        for digit in _DIGITS
    )
    return (*photos, *digits)
