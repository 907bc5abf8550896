"""In which ways the weights of a layer can be looked at, and as which numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

import numpy as np
import numpy.typing as npt

from cnn_explorer.gui.state.number_table import NumberTable
from cnn_explorer.gui.state.shown import FiltersShown
from cnn_explorer.probe.filters import (
    Kernels,
    KernelScan,
    NormalisationNumbers,
    kernels_of,
    normalisation_numbers,
)
from cnn_explorer.probe.results import LayerFilters

FloatArray = npt.NDArray[np.float32]

View = Literal[
    "weights", "one", "all", "norms", "matrix", "biases", "plots", "scale", "shift", "mean",
    "variance", "effective_scale", "effective_shift",
]  # fmt: skip
"""What of a layer is looked at.

``weights``: all of them at once. ``one``: the kernels of one output. ``all``: the kernels between
all inputs and outputs. ``norms``: their norms. ``matrix``: rows of a fully connected layer as they
are. The others are numbers of each output, or of each channel of a normalisation."""

Form = Literal["pictures", "filters", "kernels", "grid", "matrix", "bars", "plots"]
"""How it is drawn. ``pictures``: kernels on three channels in colour, one an output. ``filters``:
kernels on one channel, one an output. ``kernels``: those of one output. ``grid``: all kernels or
their norms, a row an output, a column an input. ``matrix``: likewise of single weights."""

_COLOURS = ("red", "green", "blue")
_NUMBERS: tuple[View, ...] = (
    "scale", "shift", "mean", "variance", "effective_scale", "effective_shift",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class FilterViews:
    """The weights of one layer, and the ways to look at them."""

    shown: FiltersShown
    filters: LayerFilters

    @cached_property
    def kernels(self) -> Kernels | None:
        """The weights as kernels; None of single numbers."""
        filters = self.filters
        if filters.kind == "normalisation":
            return None
        found = kernels_of(filters, self.shown.map_before)
        # one weight a channel, as of a depthwise convolution of 1 x 1
        single = found is not None and found.weight.shape[1:] == (1, 1, 1)
        return None if single else found

    @cached_property
    def scanned(self) -> Kernels:
        """All weights, for a `KernelScan`; single numbers count as of one output."""
        return self.kernels or Kernels(self.filters.weight.reshape(1, -1, 1, 1))

    @cached_property
    def normalisation(self) -> NormalisationNumbers:
        """The numbers of a normalisation."""
        return normalisation_numbers(self.filters)

    @cached_property
    def views(self) -> tuple[View, ...]:
        """What can be looked at, the usual one first."""
        if self.filters.kind == "normalisation":
            numbers = (name for name in _NUMBERS if getattr(self.normalisation, name) is not None)
            return ("plots", *numbers)
        views: tuple[View, ...] = ("weights",)
        if self._natural == "kernels":
            views = ("one", "all", "norms")
            views += ("matrix",) if self.filters.weight.ndim == 2 else ()
        return views if self.filters.bias is None else (*views, "biases")

    @cached_property
    def _natural(self) -> Form:
        kernels = self.kernels
        if kernels is None:
            return "bars"
        if kernels.size == (1, 1):
            return "matrix"
        each = kernels.weight.shape[1]
        if each == 1 and not kernels.table:
            return "filters"
        over_map = self.filters.weight.ndim == 2
        return "pictures" if each == 3 and kernels.dense and not over_map else "kernels"

    def form(self, view: View) -> Form:
        """How something is drawn."""
        if view == "weights":
            return self._natural
        forms: dict[View, Form] = {
            "one": "kernels", "all": "grid", "norms": "grid", "matrix": "matrix", "plots": "plots",
        }  # fmt: skip
        return forms.get(view, "bars")

    def bars(self, view: View) -> FloatArray:
        """The numbers of a view that is drawn as bars."""
        if view in _NUMBERS:
            return np.asarray(getattr(self.normalisation, view), np.float32)
        biases = self.filters.bias
        values = biases if view == "biases" and biases is not None else self.filters.weight
        return values.reshape(-1)

    def matrix(self) -> Kernels:
        """The weights as a matrix of single values."""
        assert self.kernels is not None
        if self.kernels.size == (1, 1):
            return self.kernels
        weight = self.filters.weight
        return Kernels(weight.reshape(len(weight), -1, 1, 1))

    def output_name(self, output: int) -> str:
        """What an output is called besides its number: the class; empty where there is none, and
        where that is the number, as of digits."""
        names = self.shown.class_names
        name = names[output] if output < len(names) else ""
        return "" if name == str(output) else name

    # numbers

    def kernel(self, view: View, output: int, index: int) -> FloatArray | None:
        """The kernel that is meant where `index` is the one chosen: (kh, kw), or in colour
        (3, kh, kw). None where there is none, or none is chosen."""
        form, kernels = self.form(view), self.kernels
        if kernels is None or index < 0 or form not in ("pictures", "filters", "kernels"):
            return None
        tiles = kernels.of(output if form == "kernels" else index)
        if form == "pictures":
            return tiles
        kernel: FloatArray = tiles[index if form == "kernels" else 0]
        return kernel

    def table(self, view: View, output: int, index: int, scan: KernelScan) -> NumberTable:
        """What is on show as numbers."""
        form, kernels = self.form(view), self.kernels
        if form == "plots":
            return self._channels()
        if form == "bars":
            names = self.shown.class_names
            return NumberTable(self.bars(view)[:, None], "index", names, (view,), sortable=True)
        assert kernels is not None
        if form == "matrix":
            return self._single(self.matrix())
        if view == "norms":
            return self._single(scan.norms)
        chosen = self.kernel(view, output, index)
        if chosen is not None and chosen.ndim == 3:
            rows = [f"{colour} {row}" for colour in _COLOURS for row in range(chosen.shape[1])]
            return NumberTable(chosen.reshape(-1, chosen.shape[2]), "", rows)
        if chosen is not None:
            return NumberTable(chosen, "row")
        if form == "kernels":
            of_output = kernels.of(output)
            return NumberTable(
                of_output.reshape(len(of_output), -1), "input", kernels.inputs(output),
                _Places(of_output.shape[1:]),
            )  # fmt: skip
        flat = kernels.weight.reshape(len(kernels.weight), -1)
        if kernels.table:
            pairs = [f"{i} to {o}" for o, row in enumerate(kernels.table) for i in row]
            return NumberTable(flat, "input", pairs, _Places(kernels.size))
        return NumberTable(flat, "output", (), _Places(kernels.weight.shape[1:]))

    def _single(self, kernels: Kernels) -> NumberTable:
        rows, columns = range(kernels.outputs), range(kernels.in_channels)
        values, there = kernels.block(rows, columns)
        values = values[:, :, 0, 0]
        if there is not None:
            values = np.where(there, values, np.float32(np.nan))
        return NumberTable(values, "output", self.shown.class_names)

    def _channels(self) -> NumberTable:
        names = [view for view in self.views if view != "plots"]
        values = np.stack([self.bars(view) for view in names], axis=1)
        titles = [name.replace("_", " ") for name in names]
        return NumberTable(values, "channel", (), titles, sortable=True)

    def statistics(self, scan: KernelScan) -> NumberTable:
        """Numbers about all weights, then of each output's."""
        total, each = scan.of_all(), scan.statistics()
        names = ("l1", "l2", "mean", "deviation", "minimum", "maximum", "zeros", "near_zero")
        several = self.kernels is not None
        values = np.stack(
            [
                np.concatenate([getattr(total, name), *([getattr(each, name)] if several else [])])
                for name in names
            ],
            axis=1,
        )
        rows = ["all", *(str(output) for output in range(len(values) - 1))]
        return NumberTable(
            values, "output", rows, STATISTICS_TITLES, sortable=True,
            explained=STATISTICS_EXPLAINED,
        )  # fmt: skip


STATISTICS_TITLES = (
    "L1 norm", "L2 norm", "mean", "deviation", "minimum", "maximum", "zeros", "near zero",
)  # fmt: skip
STATISTICS_EXPLAINED = (
    "The sum of absolute values.",
    "The square root of the sum of squares.",
    "The mean of the weights.",
    "The standard deviation of the weights.",
    "The lowest weight.",
    "The highest weight.",
    "The share of weights that are exactly 0, from 0 to 1.",
    "The share of weights that are at most a hundredth of the layer's large ones: of the absolute "
    "value that all but two in a thousand stay below (of an even sample of 200,000).",
)


class _Places(Sequence[str]):
    """``2, 0`` for each place of an array of some shape, made when it is asked for."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape

    def __len__(self) -> int:
        return int(np.prod(self._shape))

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...

    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        return ", ".join(str(int(place)) for place in np.unravel_index(at, self._shape))
