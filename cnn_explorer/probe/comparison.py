"""One picture through several networks, one after the other.

Each network gets the picture through its own preprocessing, answers, and gives the outputs of the
layers that stand in the comparison. A column is there as soon as its network has run, while the
others are still to come. Which layers stand beside each other is for the caller to say.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint, part_of
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.probe.answers import Answer, answer_of
from cnn_explorer.probe.cells import Cell, Reduction, cell_of
from cnn_explorer.probe.channel_match import Extent
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.pool import SessionPool, Wanted
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement, PreparedInput, RunResult
from cnn_explorer.probe.session import Session

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession

FEWEST_NETWORKS, MOST_NETWORKS = 2, 6
"""What a person may compare at once: more columns are not read."""


@dataclass(frozen=True)
class LayerAsked:
    """A layer whose output is wanted, and where its maps lie."""

    name: str
    on_input: Placement | None = None
    """Where the maps lie on the network's input, a pixel of the map being a unit; None where that
    is not known."""

    @classmethod
    def lying(cls, name: str, extent: Extent | None, shape: Sequence[int]) -> "LayerAsked":
        """A layer whose maps, of a shape (C, H, W), lie over this part of the input."""
        if extent is None:
            return cls(name)
        (x, y, width, height), (_, rows, columns) = extent, shape
        return cls(name, Placement(x, y, width / columns, height / rows))


@dataclass(frozen=True)
class ColumnAsked:
    """One network of a comparison."""

    wanted: Wanted
    title: str
    """What to call it; no two of a comparison are called the same."""
    layers: tuple[LayerAsked | None, ...] = ()
    """One a row; None where the network has none beside those of the others."""


@dataclass(frozen=True, eq=False)
class Column:
    """What one network made of the picture."""

    number: int
    """Which network, counted from 0 in the order in which they were asked for."""
    asked: ColumnAsked
    card: NetworkCard
    weights: str
    """For people, as `Session.weights`."""
    trained: bool
    note: str
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    prepared: PreparedInput
    result: RunResult

    @property
    def title(self) -> str:
        return self.asked.title

    @cached_property
    def answer(self) -> Answer:
        """What it said, to be compared."""
        return answer_of(self.title, self.result.classes, self.class_names, trained=self.trained)

    @cached_property
    def placements(self) -> tuple[Placement | None, ...]:
        """One a row: where the maps lie on the picture, a pixel of the map being a unit. The middle
        of the unit in the first row and column is at (0.5, 0.5) of its map."""
        on_picture = self.prepared.placement
        return tuple(
            None if layer is None or layer.on_input is None else upon(layer.on_input, on_picture)
            for layer in self.asked.layers
        )

    def unit_at(self, row: int, x: float, y: float) -> tuple[int, int] | None:
        """The row and column of the unit whose middle is nearest to a place of the picture, in the
        maps that stand in a row of the comparison; None beside the maps, and where it is not known
        where they lie."""
        layer, placement = self.asked.layers[row], self.placements[row]
        maps = None if layer is None else self.result.activations.get(layer.name)
        if placement is None or maps is None or maps.ndim != 3:
            return None
        across, down = (math.floor(at) for at in placement.to_input(x, y))
        inside = 0 <= down < maps.shape[1] and 0 <= across < maps.shape[2]
        return (down, across) if inside else None

    def cell(self, row: int, show: Reduction, channel: int | None = None) -> Cell | None:
        """What is shown of the layer in a row; None where there is none, it gave no output, or it
        does not have the channel."""
        layer = self.asked.layers[row]
        maps = None if layer is None else self.result.activations.get(layer.name)
        if maps is None or not maps.size:
            return None
        if show == "channel" and (channel is None or channel >= len(maps)):
            return None
        return cell_of(maps, show, channel)


@dataclass(frozen=True)
class ColumnFailed:
    """A network that could not be opened or run; the others go on."""

    number: int
    asked: ColumnAsked
    sentence: str
    """Why, one sentence."""

    @property
    def title(self) -> str:
        return self.asked.title


@dataclass(frozen=True, eq=False)
class Comparison:
    """One picture and what several networks made of it."""

    picture: Picture
    columns: tuple[Column, ...]
    failed: tuple[ColumnFailed, ...]
    rows: tuple[str, ...]
    """What stands beside the rows: ``stride 8``."""
    rule: str
    """How layers were put beside each other, a sentence."""


def compare(
    picture: Picture,
    asked: Sequence[ColumnAsked],
    pool: SessionPool,
    checkpoint: Checkpoint = no_checkpoint,
    *,
    precision: Precision = "exact",
    inputs: dict[Preprocessing, PreparedInput] | None = None,
    framing: Framing = AS_TRAINED,
) -> Iterator[Column | ColumnFailed]:
    """Run the networks in their order, and give each column as soon as it is there. `inputs` are
    those of this picture, framed so, that were made before, and takes those that are made now.

    A network that cannot be opened or run gives a `ColumnFailed`, and the next one runs. Layers
    that give no output are left out. The checkpoint hears how far all together are; what it raises
    ends the comparison.
    """
    # networks that take pictures in the same way share what that takes
    inputs = {} if inputs is None else inputs
    for number, column in enumerate(asked):
        part = part_of(checkpoint, number / len(asked), 1 / len(asked))
        # in a function of its own: nothing of a network is held while the next one is opened
        yield _column(picture, number, column, pool, inputs, part, precision, framing)


def run_comparison(
    picture: Picture,
    asked: Sequence[ColumnAsked],
    pool: SessionPool,
    checkpoint: Checkpoint = no_checkpoint,
    *,
    rows: Sequence[str] = (),
    rule: str = "",
    precision: Precision = "exact",
    framing: Framing = AS_TRAINED,
) -> Comparison:
    """All columns at once, for what is written to a file."""
    found = list(compare(picture, asked, pool, checkpoint, precision=precision, framing=framing))
    return Comparison(
        picture,
        tuple(column for column in found if isinstance(column, Column)),
        tuple(column for column in found if isinstance(column, ColumnFailed)),
        tuple(rows),
        rule,
    )


def upon(inner: Placement, outer: Placement) -> Placement:
    """Where something lies on the picture that lies on what lies on the picture."""
    x, y = outer.to_picture(inner.x, inner.y)
    return Placement(x, y, outer.across * inner.across, outer.down * inner.down)


def _column(
    picture: Picture,
    number: int,
    asked: ColumnAsked,
    pool: SessionPool,
    inputs: dict[Preprocessing, PreparedInput],
    checkpoint: Checkpoint,
    precision: Precision,
    framing: Framing,
) -> Column | ColumnFailed:
    try:
        session = pool.get(asked.wanted, part_of(checkpoint, 0.0, 0.5))
        if not isinstance(session, Session) and session.refusal:
            raise ExplorerError(session.refusal)
        prepared = inputs.get(session.preprocessing)
        if prepared is None:
            prepared = prepare(picture, session.preprocessing, framing)
            inputs[session.preprocessing] = prepared
        layers = _with_outputs(session, [layer.name for layer in asked.layers if layer])
        result = session.run(prepared, layers, part_of(checkpoint, 0.5, 0.5), precision=precision)
    except ExplorerError as error:
        return ColumnFailed(number, asked, str(error))
    except MemoryError:
        return ColumnFailed(number, asked, "There is not enough memory for this network.")
    return Column(
        number=number,
        asked=asked,
        card=session.card,
        weights=session.weights,
        trained=session.trained,
        note=session.note,
        preprocessing=session.preprocessing,
        class_names=tuple(session.class_names),
        prepared=prepared,
        result=result,
    )


def _with_outputs(session: "Session | OnnxSession", layers: Sequence[str]) -> tuple[str, ...]:
    from cnn_explorer.probe.capture import can_be_captured

    if isinstance(session, Session):
        return can_be_captured(session.model, layers)
    network = session.network
    known = [layer for layer in layers if layer in network.layer or layer in network.block]
    return tuple(layer for layer in known if network.tensor_of(layer))
