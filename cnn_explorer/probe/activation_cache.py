"""What is known of one network's answer to one picture, so that nothing is computed twice.

Captured layers are kept up to a limit of bytes, the oldest are forgotten first. The answer and
the thumbnails are small and stay. The arrays are those that are shown: nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.results import Channel, RunResult, Thumbnail

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MEGABYTE = 2**20
DEFAULT_LIMIT = 512 * MEGABYTE


class ActivationCache:
    """Captured layers, thumbnails and the answer, of one network and picture at a
    time."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._network: object = None
        self._picture: object = None
        self._precision: Precision = "exact"
        self._framing = AS_TRAINED
        self._answer: RunResult | None = None
        self._layers: dict[str, npt.NDArray[np.float32]] = {}
        """Those kept first stand first."""
        self._thumbnails: dict[Channel, dict[str, Thumbnail | None]] = {}
        """By layer; None of one that has no thumbnail."""

    @property
    def limit(self) -> int:
        """How many bytes the captured layers may take together."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._shrink()

    @property
    def size(self) -> int:
        """How many bytes the captured layers take."""
        return sum(array.nbytes for array in self._layers.values())

    @property
    def layers(self) -> tuple[str, ...]:
        """The captured layers that are kept, the oldest first."""
        return tuple(self._layers)

    def is_of(self, network: object) -> bool:
        """Whether what is kept is of this very network."""
        return self._network is network

    def turn_to(
        self,
        network: object,
        picture: object,
        precision: Precision,
        framing: Framing = AS_TRAINED,
    ) -> None:
        """What follows is about this very network and picture, framed so; of others all is
        forgotten."""
        same = self._network is network and self._picture is picture
        if not same or self._precision != precision or self._framing != framing:
            self.clear()
            self._network, self._picture, self._precision = network, picture, precision
            self._framing = framing

    def clear(self) -> None:
        """Forget everything."""
        self._network = self._picture = self._answer = None
        self._layers.clear()
        self._thumbnails.clear()

    def lacking(
        self, layers: Iterable[str], thumbnails_of: Iterable[str], channel: Channel
    ) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """Which of these layers and thumbnails are not known; None where a run can tell no more."""
        known = self._thumbnails.get(channel, {})
        layers = tuple(layer for layer in layers if layer not in self._layers)
        small = tuple(layer for layer in thumbnails_of if layer not in known)
        return (layers, small) if layers or small or self._answer is None else None

    def add(self, result: RunResult, thumbnails_of: Sequence[str], channel: Channel) -> None:
        """Keep what a run gave that was asked for `thumbnails_of` some layers."""
        if self._answer is not None and self._answer.arithmetic != result.arithmetic:
            # fast failed half-way: what it gave stands beside no exact answer
            self._layers.clear()
            self._thumbnails.clear()
        self._answer = replace(result, activations={}, thumbnails={})
        known = self._thumbnails.setdefault(channel, {})
        known.update((layer, result.thumbnails.get(layer)) for layer in thumbnails_of)
        for layer, array in result.activations.items():
            self._layers.pop(layer, None)  # kept anew, it is the newest
            if array.nbytes <= self._limit:
                self._layers[layer] = array
        self._shrink()

    def result(
        self,
        layers: Iterable[str],
        thumbnails_of: Iterable[str],
        channel: Channel,
        fresh: Mapping[str, npt.NDArray[np.float32]],
    ) -> RunResult:
        """As if a run had been asked for all of this; `fresh` are layers captured just now, which
        may be too large to be kept. Times are those of the last run."""
        if self._answer is None:
            raise LookupError("nothing is known yet")
        known = self._thumbnails.get(channel, {})
        return replace(
            self._answer,
            activations={
                layer: fresh[layer] if layer in fresh else self._layers[layer] for layer in layers
            },
            thumbnails={
                layer: made for layer in thumbnails_of if (made := known.get(layer)) is not None
            },
        )

    def _shrink(self) -> None:
        size = self.size
        while size > self._limit:
            oldest = next(iter(self._layers))
            size -= self._layers.pop(oldest).nbytes
