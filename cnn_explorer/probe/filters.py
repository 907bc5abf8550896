"""What a layer's weights are: kernels from input channels to output channels, their norms and
spectra, and a normalisation as numbers for each channel.

Numpy alone: the window reads weights in its own thread.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn_explorer.probe.results import LayerFilters

FloatArray = npt.NDArray[np.float32]

SPECTRUM_SIZE = 64
"""Kernels are padded with zeros to so many values a side: that draws their spectrum smoothly."""

_PART = 1_000_000
"""So many weights are read at a time where nobody waits in between."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """Weights as kernels, with the numbers of the channels that each leads from and to.

    Convolving input channel ``inputs(o)[k]`` with kernel ``of(o)[k]`` (without turning it round, as
    networks do) and summing over all k gives output channel o, the bias apart.
    """

    weight: FloatArray
    """(out, in / groups, kh, kw); with a table (connections, 1, kh, kw), in the table's order."""
    groups: int = 1
    """Output channels fall into so many groups in a row, and each group sees its own share of the
    input channels alone."""
    table: tuple[tuple[int, ...], ...] = ()
    """For each output channel, which input channels it sees, where a table says so."""

    @property
    def outputs(self) -> int:
        """How many output channels there are."""
        return len(self.table) or len(self.weight)

    @property
    def in_channels(self) -> int:
        """How many input channels there are."""
        if self.table:
            return 1 + max((channel for row in self.table for channel in row), default=-1)
        return int(self.weight.shape[1]) * self.groups

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a kernel."""
        return self.weight.shape[2], self.weight.shape[3]

    @property
    def dense(self) -> bool:
        """Whether every output channel sees every input channel."""
        return self.groups == 1 and not self.table

    def inputs(self, output: int) -> npt.NDArray[np.intp]:
        """The input channels that an output channel sees, in the order of its kernels."""
        if self.table:
            return np.array(self.table[output], np.intp)
        first = self._first_input(output)
        return np.arange(first, first + self.weight.shape[1])

    def of(self, output: int) -> FloatArray:
        """The kernels of an output channel (inputs that it sees, kh, kw)."""
        if self.table:
            start = sum(map(len, self.table[:output]))
            found: FloatArray = self.weight[start : start + len(self.table[output]), 0]
        else:
            found = self.weight[output]
        return found

    def kernel(self, output: int, channel: int) -> FloatArray | None:
        """The kernel (kh, kw) from an input channel to an output channel; None where none is."""
        found = np.flatnonzero(self.inputs(output) == channel)
        return self.of(output)[found[0]] if len(found) else None

    def block(self, rows: range, columns: range) -> tuple[FloatArray, npt.NDArray[np.bool_] | None]:
        """The kernels (rows, columns, kh, kw) from some input channels to some output channels, and
        which of them there are (rows, columns); None for all. The others are zeros."""
        if self.dense:
            return self.weight[rows.start : rows.stop, columns.start : columns.stop], None
        values = np.zeros((len(rows), len(columns), *self.size), np.float32)
        there = np.zeros((len(rows), len(columns)), np.bool_)
        for place, output in enumerate(rows):
            inputs = self.inputs(output)
            seen = (inputs >= columns.start) & (inputs < columns.stop)
            at = inputs[seen] - columns.start
            values[place, at] = self.of(output)[seen]
            there[place, at] = True
        return values, there

    def _first_input(self, output: int) -> int:
        return output // (len(self.weight) // self.groups) * int(self.weight.shape[1])


def kernels_of(
    filters: LayerFilters, map_before: tuple[int, int, int] | None = None
) -> Kernels | None:
    """The weights of a layer as kernels; None of weights that are one number a channel.

    A matrix has kernels of one value. A fully connected layer that follows a map (C, H, W) has a
    kernel as large as the map for each of its channels: `map_before`. Of a transposed convolution,
    whose weights are (in, out / groups, kh, kw), a kernel is what one input value puts down.
    """
    weight = filters.weight
    if weight.ndim < 2:
        return None
    if weight.ndim == 2:
        shape = map_before if map_before is not None else (weight.shape[1], 1, 1)
        return Kernels(weight.reshape(len(weight), *shape))
    if weight.ndim == 3:
        weight = weight[:, :, None]
    elif weight.ndim > 4:
        weight = weight.reshape(*weight.shape[:2], -1, weight.shape[-1])
    groups = filters.groups if len(weight) % max(1, filters.groups) == 0 else 1
    if filters.kind == "transposed":
        shared = weight.reshape(groups, -1, *weight.shape[1:]).swapaxes(1, 2)
        weight = shared.reshape(-1, *shared.shape[2:])
    return Kernels(weight, groups, filters.table)


def order_by_norm(kernels: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """The order of kernels (N, ...) by their L2 norm, largest first; equal ones as they stand,
    those with values that are no numbers last."""
    return np.argsort(-norms_of(kernels), kind="stable")


def norms_of(kernels: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The L2 norm of each kernel (N, ...)."""
    rows = kernels.reshape(len(kernels), -1).astype(np.float64)
    norms: npt.NDArray[np.float64] = np.sqrt(np.einsum("nk,nk->n", rows, rows))
    return norms


@dataclass(frozen=True, eq=False)
class KernelStatistics:
    """Numbers about the weights of each output channel, (outputs,) each, or of all (1,).

    They are of the finite weights; those that are infinite or not a number are counted apart.
    Where no weight is finite, mean, deviation, minimum and maximum are not a number.
    """

    l1: npt.NDArray[np.float64]
    """Sum of absolute values."""
    l2: npt.NDArray[np.float64]
    """Square root of the sum of squares."""
    mean: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    """Standard deviation, of the population."""
    minimum: npt.NDArray[np.float64]
    maximum: npt.NDArray[np.float64]
    zeros: npt.NDArray[np.float64]
    """Share of weights that are exactly 0, from 0 to 1."""
    near_zero: npt.NDArray[np.float64]
    """Share of weights whose absolute value is at most the limit given."""
    not_finite: npt.NDArray[np.int64]
    """How many weights are infinite or not a number."""

    def row(self, output: int) -> "KernelStatistics":
        """Those of one output channel."""
        fields = {name: values[output : output + 1] for name, values in vars(self).items()}
        return KernelStatistics(**fields)


class KernelScan:
    """Reads weights bit by bit, since there may be a hundred million of them, and keeps numbers
    about each output channel and the norm of each kernel."""

    def __init__(self, kernels: Kernels, near_zero: float) -> None:
        self._kernels = kernels
        self._near = near_zero
        outputs = kernels.outputs
        self._sums = np.zeros((5, outputs))  # of |w|, w squared, w, (w - mean) squared; of counts
        self._ends = np.full((2, outputs), np.nan)
        self._counts = np.zeros((3, outputs), np.int64)  # zeros, near zeros, not finite
        norms = np.zeros((*kernels.weight.shape[:2], 1, 1), np.float32)
        self._many_valued = kernels.size != (1, 1)
        self._norms = norms if self._many_valued else kernels.weight
        self.read = 0
        """So many output channels are read."""

    @property
    def done(self) -> bool:
        """Whether all weights are read."""
        return self.read >= self._kernels.outputs

    @property
    def norms(self) -> Kernels:
        """The L2 norm of each kernel as a kernel of one value, as far as they are read. Kernels of
        one value are themselves, with their signs."""
        return Kernels(self._norms, self._kernels.groups, self._kernels.table)

    def step(self, count: int) -> None:
        """Read about `count` more weights: at least one output channel, while there is one."""
        while count > 0 and not self.done:
            count -= self._read_some(count)

    def _read_some(self, count: int) -> int:
        """Read up to `count` more weights, or one output channel. How many weights that were."""
        start = self.read
        if self._kernels.table:
            stop = start + 1
            rows = self._kernels.of(start).reshape(1, -1)
        else:
            length = max(1, self._kernels.weight[0].size)
            stop = min(self._kernels.outputs, start + max(1, count // length))
            rows = self._kernels.weight[start:stop].reshape(stop - start, -1)
        if self._many_valued:
            self._read_norms(start, stop)
        self._read_rows(rows, slice(start, stop))
        self.read = stop
        return max(1, rows.size)

    def statistics(self) -> KernelStatistics:
        """Of each output channel; those not yet read count as without weights."""
        return self._statistics(self._sums, self._ends, self._counts)

    def of_all(self) -> KernelStatistics:
        """Of all weights read so far."""
        sums = self._sums.sum(axis=1, keepdims=True)
        count = self._sums[4]
        with np.errstate(invalid="ignore"):
            means = self._sums[2] / count
            apart = (means - sums[2] / sums[4]) ** 2 * count
        sums[3] += np.nansum(apart)  # Chan et al. 1979: variances of parts make that of the whole
        ends = np.array([[_least(self._ends[0])], [-_least(-self._ends[1])]])
        return self._statistics(sums, ends, self._counts.sum(axis=1, keepdims=True))

    @staticmethod
    def _statistics(
        sums: npt.NDArray[np.float64],
        ends: npt.NDArray[np.float64],
        counts: npt.NDArray[np.int64],
    ) -> KernelStatistics:
        total = np.maximum(1, sums[4] + counts[2])
        with np.errstate(invalid="ignore"):
            mean, deviation = sums[2] / sums[4], np.sqrt(sums[3] / sums[4])
        return KernelStatistics(
            sums[0], np.sqrt(sums[1]), mean, deviation, ends[0], ends[1],
            counts[0] / total, counts[1] / total, counts[2],
        )  # fmt: skip

    def _read_norms(self, start: int, stop: int) -> None:
        if self._kernels.table:
            start = sum(map(len, self._kernels.table[:start]))
            stop = start + len(self._kernels.table[stop - 1])
        part = self._kernels.weight[start:stop]
        rows = part.reshape(part.shape[0] * part.shape[1], -1)
        self._norms[start:stop] = norms_of(rows).reshape(*part.shape[:2], 1, 1)

    def _read_rows(self, rows: FloatArray, place: slice) -> None:
        if not rows.shape[1]:
            return
        low, high = rows.min(axis=1), rows.max(axis=1)
        count = np.full(len(rows), rows.shape[1])
        finite: npt.NDArray[np.bool_] | bool = True
        # a value that is not a number makes both so: usually no further pass is needed
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            finite = np.isfinite(rows)
            count = np.count_nonzero(finite, axis=1)
            low = np.min(rows, axis=1, where=finite, initial=np.inf)
            high = np.max(rows, axis=1, where=finite, initial=-np.inf)
            rows = np.where(finite, rows, np.float32(0))
            low[count == 0] = high[count == 0] = np.nan
        size = np.abs(rows)
        wide = rows.astype(np.float64)
        sums = self._sums[:, place]
        sums[0] = size.sum(axis=1, dtype=np.float64)
        sums[1] = np.einsum("nk,nk->n", wide, wide)
        sums[2] = wide.sum(axis=1)
        wide -= (sums[2] / np.maximum(1, count))[:, None]
        if finite is not True:
            wide[~np.asarray(finite)] = 0.0
        sums[3] = np.einsum("nk,nk->n", wide, wide)
        sums[4] = count
        self._ends[0, place], self._ends[1, place] = low, high
        absent = rows.shape[1] - count  # they stand as zeros in the rows
        self._counts[0, place] = rows.shape[1] - np.count_nonzero(rows, axis=1) - absent
        self._counts[1, place] = np.count_nonzero(size <= self._near, axis=1) - absent
        self._counts[2, place] = absent


def _least(values: npt.NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.min()) if len(known) else np.nan


def scanned(kernels: Kernels, near_zero: float = 0.0) -> KernelScan:
    """All numbers about weights. They are read in parts all the same: what is worked out on the way
    takes several times as much memory as what is read."""
    scan = KernelScan(kernels, near_zero)
    while not scan.done:
        scan.step(_PART)
    return scan


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Which frequencies a kernel lets through: the magnitude of its Fourier transform."""

    magnitude: FloatArray
    """(size, size): rows are vertical frequencies, columns horizontal ones; 0 in the middle, at
    [size // 2, size // 2]."""
    frequencies: npt.NDArray[np.float64]
    """(size,): cycles per pixel, from -0.5 to just below 0.5, of rows and of columns."""

    @property
    def peak(self) -> tuple[float, float] | None:
        """The frequency (vertical, horizontal) that passes strongest, of the two that mirror each
        other the one to the right; None where the kernel is zero or not finite."""
        largest = float(self.magnitude.max())
        if not largest > 0:
            return None
        # what differs by rounding alone is equal
        places = np.argwhere(self.magnitude >= largest * (1 - 1e-5))
        found = [(float(self.frequencies[y]), float(self.frequencies[x])) for y, x in places]
        return max(found, key=lambda place: (place[1], place[0]))


def spectrum_of(kernel: FloatArray, size: int = SPECTRUM_SIZE) -> Spectrum:
    """The spectrum of a kernel (kh, kw); of several together (N, kh, kw), as red, green and blue of
    one filter, the root of the sum of their powers. Larger kernels are padded to their own size."""
    parts = np.atleast_3d(kernel.astype(np.float64)) if kernel.ndim == 3 else kernel[None]
    size = max(size, *parts.shape[1:])
    transformed = np.fft.fft2(parts, s=(size, size))
    power = (np.abs(transformed) ** 2).sum(axis=0)
    magnitude = np.fft.fftshift(np.sqrt(power)).astype(np.float32)
    return Spectrum(magnitude, np.fft.fftshift(np.fft.fftfreq(size)))


@dataclass(frozen=True, eq=False)
class NormalisationNumbers:
    """What a normalisation does to each channel: ``(x - mean) / sqrt(variance + eps) * scale +
    shift``. What a layer does not have is None."""

    scale: FloatArray
    """Trained: gamma."""
    shift: FloatArray | None
    """Trained: beta."""
    mean: FloatArray | None
    """Of the channel's values in training."""
    variance: FloatArray | None
    effective_scale: FloatArray | None
    """All of it is ``x * effective_scale + effective_shift`` in a prediction."""
    effective_shift: FloatArray | None


def normalisation_numbers(filters: LayerFilters) -> NormalisationNumbers:
    """The numbers of a normalisation, and the line that it is for each channel."""
    scale = filters.weight.reshape(-1)  # a layer norm may have a number for each place
    shift = None if filters.bias is None else filters.bias.reshape(-1)
    mean, variance = filters.running_mean, filters.running_var
    if mean is None or variance is None:
        return NormalisationNumbers(scale, shift, mean, variance, None, None)
    with np.errstate(invalid="ignore", divide="ignore"):  # broken weights are shown as they are
        slope = scale / np.sqrt(variance.astype(np.float64) + filters.eps)
        offset = (0.0 if shift is None else shift) - mean * slope
    return NormalisationNumbers(
        scale, shift, mean, variance, slope.astype(np.float32), offset.astype(np.float32)
    )
