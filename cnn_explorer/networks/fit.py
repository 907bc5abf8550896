"""Whether a file's tensors are those of a network, tensor by tensor, and whose they are otherwise.

A `state_dict` names every tensor of a network, so a file tells by itself which network it was
saved from: by names and shapes. Three things may differ and do no harm:

- the number of classes: whoever trains a network on pictures of his own gives it a last layer of
  his own. It is the one layer whose outputs nothing else in the network takes;
- what a prediction does not use: the count of batches that normalisation keeps (files older than
  torch 0.4.1 have none), and heads for training alone, all there or all away (GoogLeNet);
- names that were others once (DenseNet).

Names and shapes do not tell everything. A plain network and its residual twin have the same
tensors, and so have two ResNets that differ in where they stride: then all of them fit.

Importing this imports no torch; comparing with a network does, to know its shapes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from cnn_explorer.errors import Checkpoint, no_checkpoint
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import ALL
from cnn_explorer.networks.labels import class_names
from cnn_explorer.text import printable

if TYPE_CHECKING:
    from torch import Tensor

Shape = tuple[int, ...]
FitState = Literal[
    "matched", "resized", "not needed", "missing", "unexpected", "wrong shape", "wrong type"
]
"""``resized``: of a last layer, made anew for the file's number of classes. ``not needed``: in the
network or in the file alone, and no prediction uses it. The last four are why a file does not fit.
"""

MOST_CLASSES = 50_000
"""No network here tells more apart; a tensor in a file may claim to be of any size."""

_TABLES = 4096
"""Numbers in a file that are no parameters: fixed tables, as small networks have them too."""

AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")
"""Heads for training: GoogLeNet's, and what torchvision calls Inception's."""

_DENSENET_OLD = re.compile(
    r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$"
)
"""DenseNet's published weights are older than today's names: ``norm.1`` there is ``norm1``."""

_BUFFERS = (".running_mean", ".running_var", ".num_batches_tracked")
_MISFITS: tuple[FitState, ...] = ("missing", "unexpected", "wrong shape", "wrong type")


@dataclass(frozen=True)
class TensorFit:
    """One tensor of a network, of a file, or of both."""

    name: str
    """The network's name for it, else the file's, fit to be shown."""
    state: FitState
    expected: Shape | None
    """Its shape in the network; None where the network has none of this name."""
    found: Shape | None
    """Its shape in the file; None where the file has none of this name."""
    dtype: str
    """Its type in the file (``float32``); empty where the file has none of this name."""


@dataclass(frozen=True)
class FitReport:
    """How the tensors of a file fit a network."""

    network: NetworkCard
    file: str
    """The file's name, fit to be shown."""
    rows: tuple[TensorFit, ...]
    """The network's tensors in the network's order, then what only the file has, in its order."""
    classes: int | None = None
    """How many classes the file tells apart, where not as many as the network does."""

    @property
    def fits(self) -> bool:
        """Whether the file can be loaded into the network."""
        return not any(row.state in _MISFITS for row in self.rows)

    @property
    def counts(self) -> Mapping[FitState, int]:
        """How many tensors there are of each state; 0 for the others."""
        return Counter(row.state for row in self.rows)

    @property
    def share(self) -> float:
        """The share of the tensors that agree, 0 to 1, those left out that nobody needs."""
        counts = self.counts
        good = counts["matched"] + counts["resized"]
        return good / max(1, len(self.rows) - counts["not needed"])

    @property
    def summary(self) -> str:
        """One sentence for a person."""
        counts = self.counts
        if not self.fits:
            shown = [state for state in ("matched", *_MISFITS) if counts[state]]
            parts = ", ".join(f"{counts[state]:,} {state}" for state in shown)
            return f"{self.file} does not fit {self.network.title}: of its tensors {parts}."
        matched, unused = counts["matched"], counts["not needed"]
        classes = "" if self.classes is None else f", and it tells {self.classes:,} classes apart"
        rest = f"; {unused:,} that no prediction uses are left aside" if unused else ""
        match = "one tensor matches" if matched == 1 else f"{matched:,} tensors match"
        return f"{self.file} fits {self.network.title}: {match}{classes}{rest}."

    @property
    def complaint(self) -> str:
        """Why the file does not fit, naming the first tensors: a part of a sentence, or empty."""
        parts = []
        missing, unexpected = self._of("missing"), self._of("unexpected")
        if missing:
            parts.append(f"it lacks {_weights(missing)} ({_first(missing)})")
        if unexpected:
            parts.append(f"it has {_weights(unexpected)} too many ({_first(unexpected)})")
        misshapen, mistyped = self._of("wrong shape"), self._of("wrong type")
        if misshapen:
            row = misshapen[0]
            parts.append(f"{row.name} is {row.found}, not {row.expected}{_and_more(misshapen)}")
        if mistyped:
            row = mistyped[0]
            parts.append(f"{row.name} is of type {row.dtype}{_and_more(mistyped)}")
        return " and ".join(parts)

    def _of(self, state: FitState) -> list[TensorFit]:
        return [row for row in self.rows if row.state == state]


class _Expected(NamedTuple):
    """What a network wants of a tensor."""

    shape: Shape
    floating: bool


def canonical(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A file's tensors under today's names."""
    return {_DENSENET_OLD.sub(r"\1\2", name): tensor for name, tensor in state.items()}


def compare(
    card: NetworkCard,
    state: Mapping[str, Tensor],
    file: str = "the file",
    expected: Mapping[str, Tensor] | None = None,
) -> FitReport:
    """How a file's tensors fit a network.

    `expected` is the network's own ``state_dict`` where it is built already.
    """
    wanted = _expected_of(card) if expected is None else _wants(expected)
    return _compare(card, canonical(state), printable(file, 200), wanted)


def heads(names: Iterable[str]) -> tuple[str, ...]:
    """The layers that tell classes apart, given a network's tensors in order: those of the heads
    for training, then the last layer of all."""
    last: dict[str, str] = {}
    for name in names:
        last[_head_of(name)] = name.rpartition(".")[0]
    main = last.pop("", None)
    return (*last.values(), *(() if main is None else (main,)))


def guess(
    state: Mapping[str, Tensor],
    networks: Mapping[str, NetworkCard] = ALL,
    checkpoint: Checkpoint = no_checkpoint,
) -> tuple[NetworkCard, ...]:
    """The networks that a file's tensors fit, best first; empty where none does.

    Best is the one with as many classes as the file. Of several that have the very same tensors,
    those that torchvision publishes weights for come first, then the residual ones, then the plain
    ones; the order of the catalogue decides the rest.
    """
    state = canonical(state)
    able = [card for card in networks.values() if _may_fit(card, state)]
    fitting = []
    for number, card in enumerate(able):
        checkpoint(number / len(able))
        report = _compare(card, state, "", _expected_of(card))
        if report.fits:
            fitting.append(report)
    return tuple(report.network for report in sorted(fitting, key=_rank))


def nearest(
    state: Mapping[str, Tensor],
    networks: Mapping[str, NetworkCard] = ALL,
    most: int = 3,
    checkpoint: Checkpoint = no_checkpoint,
) -> tuple[FitReport, ...]:
    """The networks that come nearest to a file that fits none, nearest first: `FitReport.share`
    says how near. Those that share nothing with it are left out, and so are those of a library that
    are of quite another size: it takes ten seconds to build them all."""
    state = canonical(state)
    size = sum(tensor.numel() for name, tensor in state.items() if not name.endswith(_BUFFERS))
    able = [
        card
        for card in networks.values()
        if not card.library or abs(size - card.parameters) <= card.parameters // 4
    ]
    reports = []
    for number, card in enumerate(able):
        checkpoint(number / len(able))
        reports.append(_compare(card, state, "", _expected_of(card)))
    near = sorted((r for r in reports if r.share > 0), key=lambda r: (-r.share, _rank(r)))
    return tuple(near[:most])


def _compare(
    card: NetworkCard, state: Mapping[str, Tensor], file: str, wanted: Mapping[str, _Expected]
) -> FitReport:
    sizes = {head: _classes(head, wanted, state) for head in heads(wanted)}
    file_trains = any(name.startswith(AUXILIARY) for name in state)
    network_trains = any(name.startswith(AUXILIARY) for name in wanted)
    rows = []
    for name, (shape, floating) in wanted.items():
        tensor = state.get(name)
        verdict: FitState
        if tensor is None:
            unused = name.endswith(".num_batches_tracked") or (
                name.startswith(AUXILIARY) and not file_trains
            )
            verdict = "not needed" if unused else "missing"
            rows.append(TensorFit(name, verdict, shape, None, ""))
            continue
        found = tuple(tensor.shape)
        size = sizes.get(name.rpartition(".")[0])
        resized = shape if size is None else (size, *shape[1:])
        if (floating and not tensor.is_floating_point()) or tensor.is_complex():
            verdict = "wrong type"
        elif found != resized:
            verdict = "wrong shape"
            shape = resized  # a bias of another size than its weights
        else:
            verdict = "matched" if size is None else "resized"
        rows.append(TensorFit(name, verdict, shape, found, _type(tensor)))
    for name, tensor in state.items():
        if name not in wanted:
            unused = name.startswith(AUXILIARY) and not network_trains
            verdict = "not needed" if unused else "unexpected"
            found = tuple(tensor.shape)
            rows.append(TensorFit(printable(name, 200), verdict, None, found, _type(tensor)))
    main = next(reversed(sizes), "")
    return FitReport(card, file, tuple(rows), sizes.get(main))


def _classes(head: str, wanted: Mapping[str, _Expected], state: Mapping[str, Tensor]) -> int | None:
    """How many outputs a file gives a head, where the head must be made anew for it."""
    weight = f"{head}.weight"
    if weight not in wanted or weight not in state:
        return None
    shape, found = wanted[weight].shape, tuple(state[weight].shape)
    linear_or_convolution = len(shape) in (2, 4)
    if not linear_or_convolution or len(found) != len(shape) or found[1:] != shape[1:]:
        return None
    return found[0] if found[0] != shape[0] and 1 <= found[0] <= MOST_CLASSES else None


def _head_of(name: str) -> str:
    """The head for training that a tensor belongs to; empty for the network itself."""
    return next((prefix for prefix in AUXILIARY if name.startswith(prefix)), "")


@cache
def _expected_of(card: NetworkCard) -> Mapping[str, _Expected]:
    """A network's tensors, from its shapes alone: plain values, kept for the next file."""
    from cnn_explorer.networks.build import build_empty

    return _wants(build_empty(card).state_dict())


def _wants(expected: Mapping[str, Tensor]) -> dict[str, _Expected]:
    return {
        name: _Expected(tuple(tensor.shape), tensor.is_floating_point())
        for name, tensor in expected.items()
    }


def _may_fit(card: NetworkCard, state: Mapping[str, Tensor]) -> bool:
    """Whether a network is as large as a file, its last layer left out of account.

    It spares building the catalogue. A file's last layer is not known before its network is (a
    file may be sorted by name), so each layer that it could be (linear or 1x1, with biases) is
    taken with as many outputs as the network has classes.
    """
    return any(
        abs(size - card.parameters) <= max(_TABLES, card.parameters // 1000)
        for size in _sizes(state, len(class_names(card.classes)))
    )


def _sizes(state: Mapping[str, Tensor], classes: int) -> set[int]:
    """How many parameters a file's network may have when it tells so many classes apart."""
    whole, lean, changes = 0, 0, {0}
    for name, tensor in state.items():
        if name.endswith(_BUFFERS) or not tensor.is_floating_point():
            continue
        whole += tensor.numel()
        if name.startswith(AUXILIARY):
            continue
        lean += tensor.numel()
        flat = tensor.ndim == 2 or (tensor.ndim == 4 and tensor.shape[2:].numel() == 1)
        if flat and tensor.numel() and f"{name.removesuffix('.weight')}.bias" in state:
            outputs, inputs = tensor.shape[:2]
            changes.add((classes - outputs) * (inputs + 1))
    # heads for training count as parameters with some publishers, and not with others
    return {total + change for total in (whole, lean) for change in changes}


def _rank(report: FitReport) -> tuple[bool, bool, bool]:
    """Smaller is better; the sort keeps the catalogue's order where it is the same."""
    card = report.network
    published = card.library == "torchvision" or any(
        "download.pytorch.org" in entry.url for entry in card.weights
    )
    return report.classes is not None, not published, card.name.startswith("plain")


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def _and_more(rows: list[TensorFit]) -> str:
    return f" (and {len(rows) - 1:,} more like it)" if len(rows) > 1 else ""


def _weights(rows: list[TensorFit]) -> str:
    return "one weight" if len(rows) == 1 else f"{len(rows):,} weights"


def _first(rows: list[TensorFit], most: int = 3) -> str:
    """The names of the first few."""
    shown = [row.name[:60] for row in rows[:most]]
    return ", ".join(shown) + (", ..." if len(rows) > most else "")
