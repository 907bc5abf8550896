"""How alike the layers of two networks represent the same pictures: linear CKA, layer by layer.

Two layers are alike if they hold the same pictures for similar. What is compared is the inner
products of their outputs for n pictures (n x n, the Gram matrix): so layers of different sizes can
be, and neither turning the axes of an output nor scaling it changes anything (Kornblith et al.
2019, https://arxiv.org/abs/1905.00414). For all pictures at once that would need every output of
every layer; so the Hilbert-Schmidt independence criterion is estimated from minibatches, without
the bias that small ones have, and summed over them (Nguyen, Raghu, Kornblith 2021, section 2,
https://arxiv.org/abs/2010.15327; the estimator is HSIC_1 of Song et al. 2012, equation 5):

    CKA(A, B) = sum of HSIC_1(K_A, K_B) / sqrt(sum of HSIC_1(K_A, K_A) * sum of HSIC_1(K_B, K_B))

Of a batch the Gram matrices alone are kept, computed as each output comes.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError, no_checkpoint, part_of
from cnn_explorer.media.picture import Picture
from cnn_explorer.media.save import npz_file
from cnn_explorer.probe.capture import can_be_captured, each_output
from cnn_explorer.probe.layer_outputs import layer_batches
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session, checked
from cnn_explorer.text import one_line, printable

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_explorer.probe.onnx_session import OnnxSession

FEWEST = 4
"""Pictures in a batch: HSIC_1 divides by n (n - 3)."""
USUAL_BATCH = 8

_COLUMNS = 1 << 15
"""Of an output that is turned into double precision at once: few enough to stay in a cache."""
_CONSTANT = 1e-12
"""Where outputs differ by less than this part of their sum of squares, that is rounding."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Similarity:
    """Linear CKA of each layer of one network with each of another."""

    layers_a: tuple[str, ...]
    layers_b: tuple[str, ...]
    values: Matrix
    """(A, B): 1 for representations that differ by rotation and scale alone, 0 for unrelated ones.
    Being an estimate without bias it may lie a little outside. NaN where a layer gives the same for
    every picture, or what is no number."""
    pictures: int
    batch: int
    """Pictures in a batch; the last one may have up to three more."""
    network_a: str = ""
    network_b: str = ""


def similarity(
    a: "Session | OnnxSession",
    b: "Session | OnnxSession",
    layers_a: Sequence[str],
    layers_b: Sequence[str],
    pictures: Iterable[Picture],
    checkpoint: Checkpoint = no_checkpoint,
    *,
    count: int,
    batch: int = USUAL_BATCH,
    so_far: "SoFar | None" = None,
) -> Similarity:
    """The similarity of layers (names as in `capture`) over pictures, of which there are about
    `count`; each network sees them through its own preprocessing. The same session may stand on
    both sides, and is run once then.

    Layers that give no output of their own for each picture are not in the result. The checkpoint
    is called on the way through each forward. What was cancelled goes on if it is given the same
    `so_far` again, and the pictures from the first on that this has not counted. Raises
    `ExplorerError` for fewer than four pictures or pictures a batch, for an unknown layer and where
    a network cannot be run.
    """
    if batch < FEWEST:
        raise ExplorerError(
            f"the similarity of layers needs at least {FEWEST} pictures a batch, not {batch}."
        )
    first = tuple(dict.fromkeys(layers_a))
    second = tuple(dict.fromkeys(layers_b))
    kept = SoFar() if so_far is None else so_far
    for of_a, of_b in batches(_prepared(a, b, pictures), batch):
        size, done = len(of_a), kept.pictures
        if a is b:
            both = part_of(checkpoint, done / count, size / count)
            grams_a = grams_b = grams(a, of_a, (*first, *second), both)
        else:
            half = size / 2
            one = part_of(checkpoint, done / count, half / count)
            other = part_of(checkpoint, (done + half) / count, half / count)
            grams_a, grams_b = grams(a, of_a, first, one), grams(b, of_b, second, other)
        if kept.sums is None:
            kept.layers_a = _given(a, first, grams_a)
            kept.layers_b = _given(b, second, grams_b)
            kept.sums = HsicSums(len(kept.layers_a), len(kept.layers_b))
        kept.sums.add(
            np.stack([grams_a[layer] for layer in kept.layers_a]),
            np.stack([grams_b[layer] for layer in kept.layers_b]),
        )
        kept.pictures += size
    if kept.sums is None:
        raise ExplorerError(f"the similarity of layers needs at least {FEWEST} pictures.")
    checkpoint(1.0)
    return Similarity(
        kept.layers_a, kept.layers_b, kept.sums.cka(), kept.pictures, batch, a.card.title,
        b.card.title,
    )  # fmt: skip


@dataclass(eq=False)
class SoFar:
    """What a similarity has worked out, batch by batch, to go on from after it was cancelled."""

    pictures: int = 0
    """So many of those that could be decoded are counted, all from the first on."""
    layers_a: tuple[str, ...] = ()
    layers_b: tuple[str, ...] = ()
    sums: "HsicSums | None" = None


class HsicSums:
    """Sums of HSIC_1 over minibatches, for every pair of layers and for each with itself."""

    def __init__(self, first: int, second: int) -> None:
        self._pairs = np.zeros((first, second))
        self._of_first = np.zeros(first)
        self._of_second = np.zeros(second)

    def add(self, first: Matrix, second: Matrix) -> None:
        """Add a batch: Gram matrices (A, n, n) and (B, n, n) of the same n pictures, n at least
        4. Their diagonals do not matter."""
        count = first.shape[1]
        if count < FEWEST:
            raise ValueError(f"{count} pictures are too few for HSIC_1")
        one, other = _Sides(first), _Sides(second)
        with np.errstate(invalid="ignore", over="ignore"):  # outputs that are no numbers
            products = one.flat @ other.flat.T, one.rows @ other.rows.T
            self._pairs += _hsic(*products, np.outer(one.total, other.total), count)
            for side, into in ((one, self._of_first), (other, self._of_second)):
                squares = (side.flat**2).sum(1), (side.rows**2).sum(1)
                into += _hsic(*squares, side.total**2, count)

    def cka(self) -> Matrix:
        """(A, B)"""
        with np.errstate(invalid="ignore"):
            first = np.where(self._of_first > 0, self._of_first, np.nan)
            second = np.where(self._of_second > 0, self._of_second, np.nan)
            # the roots apart: their product could be too large or too small
            values: Matrix = self._pairs / np.sqrt(first)[:, None] / np.sqrt(second)
        return values


class _Sides:
    """Gram matrices of layers without their diagonals, as HSIC_1 wants them."""

    def __init__(self, grams_of_layers: Matrix) -> None:
        layers, count = grams_of_layers.shape[:2]
        plain = grams_of_layers.copy()
        plain[:, np.arange(count), np.arange(count)] = 0
        self.flat = plain.reshape(layers, count * count)
        self.rows = plain.sum(2)
        """(layers, n)"""
        self.total = self.rows.sum(1)


def _hsic(trace: Matrix, rows: Matrix, totals: Matrix, count: int) -> Matrix:
    """HSIC_1 (Song et al. 2012, equation 5) of tr(KL), 1'KL1 and 1'K1 1'L1."""
    terms = trace + totals / ((count - 1) * (count - 2)) - rows * (2 / (count - 2))
    hsic: Matrix = terms / (count * (count - 3))
    return hsic


_Pair = tuple[PreparedInput, PreparedInput]


def batches(
    pictures: Iterable[_Pair], size: int
) -> Iterator[tuple[list[PreparedInput], list[PreparedInput]]]:
    """Pictures as both networks see them, `size` at a time; if fewer than four would be left they
    join the batch before. Fewer than four in all give no batch."""
    waiting: list[_Pair] = []
    for pair in pictures:
        waiting.append(pair)
        if len(waiting) == size + FEWEST:
            yield _apart(waiting[:size])
            del waiting[:size]
    if len(waiting) >= FEWEST:
        yield _apart(waiting)


def _apart(pairs: Sequence[_Pair]) -> tuple[list[PreparedInput], list[PreparedInput]]:
    return [of_a for of_a, _ in pairs], [of_b for _, of_b in pairs]


def _prepared(
    a: "Session | OnnxSession", b: "Session | OnnxSession", pictures: Iterable[Picture]
) -> Iterator[_Pair]:
    """At once, that no decoded picture waits for its batch: it may be a hundred times as large."""
    for picture in pictures:
        of_a = prepare(picture, a.preprocessing)
        alike = a.preprocessing == b.preprocessing
        yield of_a, of_a if alike else prepare(picture, b.preprocessing)


def grams(
    session: "Session | OnnxSession",
    inputs: Sequence[PreparedInput],
    layers: Sequence[str],
    checkpoint: Checkpoint = no_checkpoint,
) -> dict[str, Matrix]:
    """The Gram matrices (n, n) of layers for n inputs, by layer: inner products of outputs less
    their mean, in double precision. Without a mean, since HSIC_1 is the same and sums are small.
    Zero where the output is the same for all. Raises as `similarity` does."""
    if isinstance(session, Session):
        return _grams_of_modules(session, inputs, layers, checkpoint)
    return _grams_of_nodes(session, inputs, layers, checkpoint)


def _grams_of_modules(
    session: Session,
    inputs: Sequence[PreparedInput],
    layers: Sequence[str],
    checkpoint: Checkpoint,
) -> dict[str, Matrix]:
    import torch

    model = session.model
    wanted = can_be_captured(model, layers)
    for layer in set(layers).difference(wanted):
        session.check_layer(layer)  # a weight by its own name puts out nothing
    made: dict[str, Matrix] = {}

    def given(name: str, output: "Tensor") -> None:
        # where the first size is not that of the batch, nobody knows what is whose
        if output.dim() and len(output) == len(inputs) and output.numel():
            made[name] = gram(output.reshape(len(inputs), -1))

    if model.training:
        model.eval()
    batch = torch.from_numpy(np.stack([one.tensor for one in inputs]).astype(np.float32))
    try:
        with torch.inference_mode(), checked(model, checkpoint), each_output(model, wanted, given):
            model(batch)
    except (ExplorerError, Cancelled):
        raise
    except Exception as error:  # whatever goes wrong in a network that is not ours
        raise ExplorerError(
            f"{session.card.title} cannot be run on several pictures at once: {one_line(error)}."
        ) from error
    return made


def _grams_of_nodes(
    session: "OnnxSession",
    inputs: Sequence[PreparedInput],
    layers: Sequence[str],
    checkpoint: Checkpoint,
) -> dict[str, Matrix]:
    """Picture by picture, as the file takes them: outputs wait for those of the other pictures, so
    of few layers at a time."""
    import torch

    made: dict[str, Matrix] = {}
    rows = list(layer_batches(session, layers, len(inputs)))
    for number, names in enumerate(rows):
        outputs: dict[str, list[npt.NDArray[np.float32]]] = {name: [] for name in names}
        for place, one in enumerate(inputs):
            checkpoint((number + place / len(inputs)) / len(rows))
            for name, maps in session.outputs(one, names).items():
                outputs[name].append(maps.reshape(-1))
        for name in names:
            made[name] = gram(torch.from_numpy(np.stack(outputs.pop(name))))
    return made


def gram(rows: "Tensor") -> Matrix:
    """(n, n): inner products of the rows (n, values) less their mean; see `grams`."""
    import torch

    count, width = rows.shape
    total = torch.zeros(count, count, dtype=torch.float64)
    squares = 0.0
    for start in range(0, width, _COLUMNS):
        part = rows[:, start : start + _COLUMNS].to(torch.float64)
        mean = part.mean(0)
        squares += float(mean.square().sum()) * count
        part = part - mean
        total += part @ part.T
    differing = float(total.trace())
    if differing <= _CONSTANT * (differing + squares):
        total.zero_()
    made: Matrix = total.numpy()
    return made


def _given(
    session: "Session | OnnxSession", layers: Sequence[str], made: Mapping[str, Matrix]
) -> tuple[str, ...]:
    """Those of `layers` of which there are matrices."""
    given = tuple(layer for layer in layers if layer in made)
    if not given:
        raise ExplorerError(
            f"none of the layers of {session.card.title} puts out something for each picture: "
            "choose other layers."
        )
    return given


# kept


_TEXTS = ("layers_a", "layers_b", "network_a", "network_b")


def save_similarity(path: Path, found: Similarity) -> None:
    """Write the values and what belongs to them as arrays of an ``.npz`` file. Raises
    `ExplorerError`."""
    with npz_file(path) as add:
        add("values", found.values)
        for name in _TEXTS:
            add(name, np.asarray(getattr(found, name), dtype=np.str_))
        add("pictures", np.asarray(found.pictures))
        add("batch", np.asarray(found.batch))


def load_similarity(path: Path) -> Similarity:
    """What `save_similarity` wrote. Raises `ExplorerError` for any other file."""
    try:
        with Path(path).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            held: dict[str, Any] = {name: file[name] for name in file.files}
        layers = [tuple(map(str, held[name].tolist())) for name in _TEXTS[:2]]
        values = np.asarray(held["values"], np.float64)
        if values.shape != (len(layers[0]), len(layers[1])):
            raise ValueError("as many values as pairs of layers")
        titles = [str(held[name].item()) for name in _TEXTS[2:]]
        counts = int(held["pictures"]), int(held["batch"])
    except FileNotFoundError:
        raise ExplorerError(f'there is no file "{printable(Path(path).name)}".') from None
    except MemoryError:
        raise
    except Exception as error:  # a zip file that someone else wrote can fail in many ways
        raise ExplorerError(
            f'"{printable(Path(path).name)}" holds no similarity of layers: choose a file that was '
            "saved as one."
        ) from error
    return Similarity(layers[0], layers[1], values, *counts, *titles)


def strongest(found: Similarity) -> tuple[int | None, ...]:
    """For each layer of the first network the place of the most similar one of the second; None
    where it has no similarity with any."""
    best = np.where(np.isfinite(found.values), found.values, -math.inf).argmax(1)
    return tuple(
        int(place) if np.isfinite(found.values[row, place]) else None
        for row, place in enumerate(best)
    )
