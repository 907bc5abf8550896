"""The state of a comparison: which networks, which rows, what is known of each column.

It follows the picture of the window while it is on show. There is no list of what is still to be
done: whenever the engine has finished something, `_next` looks for what is lacking now, and asks
for that alone. So a gesture in between goes first, and columns come one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.alignment import Rule, align
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.unit_field import extent_of
from cnn_explorer.gui.state.comparing import (
    CellsAsked,
    CellsMade,
    ChannelsMatched,
    ColumnRun,
    GraphRead,
    LayerOfColumn,
    MakeCells,
    MatchChannels,
    ReadGraph,
    ReleaseNetworks,
    RunColumn,
    SaveComparison,
)
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.jobs import Lane
from cnn_explorer.gui.state.picture_link import Place, Region
from cnn_explorer.gui.state.shown import NetworkShown
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.onnx_facts import is_onnx_path
from cnn_explorer.networks.weights import RANDOM, at_hand
from cnn_explorer.probe.cells import Cell, Reduction
from cnn_explorer.probe.comparison import (
    MOST_NETWORKS,
    Column,
    ColumnAsked,
    ColumnFailed,
    Comparison,
    LayerAsked,
    upon,
)
from cnn_explorer.probe.folder import FolderPicture
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.mosaic import Shading
from cnn_explorer.probe.pool import Wanted, titles_of
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.results import Placement
from cnn_explorer.text import capitalised

FEWEST_ROWS, MOST_ROWS = 1, 12
_USUAL_ROWS = 6


@dataclass(frozen=True)
class ComparedNetwork:
    """One network of the comparison."""

    wanted: Wanted
    title: str

    @property
    def name(self) -> str:
        """What it is remembered by: a name of the catalogue, or a file's path; empty for weights of
        a person's own, which are not remembered."""
        if self.wanted.card is not None:
            return "" if self.wanted.weights_file is not None else self.wanted.card.name
        return str(self.wanted.onnx_file)


@dataclass(frozen=True)
class ComparedRow:
    """Layers that stand beside each other."""

    label: str
    layers: tuple[str | None, ...]
    """One a network."""
    pinned: bool = False


@dataclass(frozen=True, eq=False)
class _Done:
    """What is known of one network."""

    column: Column | ColumnFailed
    picture: Picture | None
    """None of a network that cannot even be read."""
    precision: Precision
    cells: Mapping[str, Cell | None]
    looks: Mapping[str, tuple[Reduction, int | None]]
    """What each of the cells shows."""
    framing: Framing = AS_TRAINED


class ComparisonState(QObject):
    """Several networks on the picture of the window."""

    networks_changed = Signal()
    """Other networks are compared: nothing of what was shown need be true any more."""
    rows_changed = Signal()
    """Other layers stand beside each other."""
    column_changed = Signal(int)
    """Something is known of a network, or not any more: its number."""
    look_changed = Signal()
    """Cells are to be drawn otherwise; those that show something else come by `column_changed`."""
    picture_begun = Signal(object)
    """The first network begins with another `Picture`."""
    picture_compared = Signal(object, float, float)
    """All networks have answered to a `Picture`: their milliseconds of preparing it together, and
    of their forwards."""
    progress_changed = Signal()
    """Another network is running, or none any more."""
    place_marked = Signal(object)
    """The `Place` of the picture to mark in all maps, or None."""
    region_pointed = Signal(object)
    """The `Region` of the picture that a unit under the pointer stands for, or None."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._active = False
        self._networks: tuple[ComparedNetwork, ...] = ()
        self._graphs: dict[Wanted, LayerGraph] = {}
        self._done: dict[Wanted, _Done] = {}
        self._rows: tuple[ComparedRow, ...] = ()
        self._pinned: list[dict[Wanted, str]] = []
        self._folder: tuple[FolderPicture, ...] = ()
        self._matched: dict[tuple[Wanted, str], tuple[int, float]] = {}
        self._picture: Picture | None = None
        self._due: Picture | None = None  # the newest drawing, while an earlier one is compared
        self._rule: Rule = "stride"
        self._most_rows = _USUAL_ROWS
        self._show: Reduction = "mean"
        self._channel = 0
        self._shading = Shading("channel")
        self._begun: Picture | None = None
        self._compared: Picture | None = None
        self._awaited: object = None
        self._news: list[int] = []  # columns of which something is known now
        self._paused = False
        self._clicked: Place | None = None
        self._pointed: Place | None = None
        self._precision = explorer.precision
        self._framing = explorer.framing
        explorer.arithmetic_told.connect(self._on_arithmetic)
        explorer.picture_shown.connect(self._on_picture_shown)
        explorer.picture_cleared.connect(self._on_picture_cleared)
        explorer.framing_told.connect(self._on_framing)
        explorer.answered.connect(self._on_answered)
        explorer.unanswered.connect(self._on_unanswered)
        explorer.stopped.connect(self._on_stopped)

    # what is so now

    @property
    def networks(self) -> tuple[ComparedNetwork, ...]:
        return self._networks

    @property
    def names(self) -> tuple[str, ...]:
        """The networks to be remembered, by name."""
        return tuple(network.name for network in self._networks if network.name)

    @property
    def rows(self) -> tuple[ComparedRow, ...]:
        """What stands beside each other: pinned layers first."""
        return self._rows

    @property
    def rule(self) -> Rule:
        return self._rule

    @property
    def most_rows(self) -> int:
        return self._most_rows

    @property
    def show(self) -> Reduction:
        return self._show

    @property
    def channel(self) -> int:
        """The channel chosen for all networks."""
        return self._channel

    @property
    def shading(self) -> Shading:
        return self._shading

    @property
    def picture(self) -> Picture | None:
        """What is compared on."""
        return self._picture

    @property
    def picture_is_live(self) -> bool:
        """Whether others follow the picture, as while it is drawn or filmed."""
        return self._explorer.picture_is_live

    @property
    def running(self) -> int | None:
        """The network that runs now; None where none does."""
        awaited = self._awaited
        if isinstance(awaited, RunColumn):
            return self._number_of(awaited.asked.wanted)
        return None

    @property
    def busy(self) -> bool:
        """Whether something is still to come."""
        return self._awaited is not None

    @property
    def paused(self) -> bool:
        """Whether a person stopped it half-way."""
        return self._paused

    def column(self, number: int) -> Column | ColumnFailed | None:
        """What is known of a network; None where nothing is yet."""
        done = self._done.get(self._networks[number].wanted)
        return None if done is None else done.column

    def is_fresh(self, number: int) -> bool:
        """Whether what is known of a network is of the picture on show."""
        done = self._done.get(self._networks[number].wanted)
        return done is not None and self._is_current(done)

    def _is_current(self, done: _Done) -> bool:
        """Whether something is of the picture on show, framed as it is, or of no picture."""
        same = done.picture is self._picture and done.framing == self._framing
        return done.picture is None or same

    def cell(self, row: int, number: int) -> Cell | None:
        """What is to be shown of a layer; None where that is not known, or there is nothing."""
        layer = self._rows[row].layers[number]
        done = self._done.get(self._networks[number].wanted)
        return None if done is None or layer is None else done.cells.get(layer)

    def is_looked_at(self, row: int, number: int) -> bool:
        """Whether what is to be shown of a layer was looked for, found or not."""
        network, layer = self._networks[number], self._rows[row].layers[number]
        done = self._done.get(network.wanted)
        return (
            done is not None
            and layer is not None
            and done.looks.get(layer) == self._looks(network).get(layer)
        )

    def placement(self, row: int, number: int) -> Placement | None:
        """Where the maps of a layer lie on the picture, a pixel of the map being a unit; None where
        that is not known."""
        layer, column = self._rows[row].layers[number], self.column(number)
        graph = self._graphs.get(self._networks[number].wanted)
        if layer is None or graph is None or not isinstance(column, Column):
            return None
        on_input = layer_asked(graph, layer).on_input
        return None if on_input is None else upon(on_input, column.prepared.placement)

    def graph(self, number: int) -> LayerGraph | None:
        """The graph of a network; None where it was not read yet."""
        return self._graphs.get(self._networks[number].wanted)

    def correlation(self, row: int, number: int) -> float | None:
        """How much the channel shown goes with the one that it was found for; None where it was not
        found for any."""
        layer = self._rows[row].layers[number]
        matched = self._matched.get((self._networks[number].wanted, layer or ""))
        return None if matched is None or self._show != "channel" else matched[1]

    @property
    def place(self) -> Place | None:
        """The place of the picture that is marked in all maps: under the pointer, or clicked."""
        return self._clicked if self._pointed is None else self._pointed

    @property
    def can_be_saved(self) -> bool:
        """Whether any network has answered for the picture on show."""
        numbers = range(len(self._networks))
        return self._picture is not None and any(
            isinstance(self.column(number), Column) and self.is_fresh(number) for number in numbers
        )

    def comparison(self) -> Comparison | None:
        """All that is known, to be saved; None where nothing is."""
        columns, failed = [], []
        for number, network in enumerate(self._networks):
            column = self.column(number)
            asked = self._asked(network)
            if isinstance(column, Column) and self.is_fresh(number):
                columns.append(replace(column, number=number, asked=asked))
            elif isinstance(column, ColumnFailed):
                failed.append(replace(column, number=number, asked=asked))
        if self._picture is None or not columns:
            return None
        rows = tuple(row.label for row in self._rows)
        return Comparison(self._picture, tuple(columns), tuple(failed), rows, self.rule_in_words)

    @property
    def rule_in_words(self) -> str:
        """How layers were put beside each other, a sentence."""
        words = {
            "stride": self.tr("Layers are aligned by output stride."),
            "depth": self.tr("Layers are aligned by relative depth."),
            "receptive": self.tr("Layers are aligned by receptive field."),
            "hand": self.tr("Layers are pinned by hand."),
        }[self._rule]
        if self._pinned and self._rule != "hand":
            words = f"{words} {self.tr('Pinned rows were chosen by hand.')}"
        return words

    # commands

    def open(self) -> None:
        """Follow the picture from now on."""
        self._active = True
        self._picture = self._explorer.picture
        self._framing = self._explorer.framing
        self._start()

    def close(self) -> None:
        """Stop, and let the networks go. What is known stays, to be shown again."""
        self._active = False
        self._stop()
        self._explorer.perform(Lane.COMPARE, ReleaseNetworks(), self.tr("Closing networks"))

    def compare(self, names: Sequence[str]) -> None:
        """Compare these networks of the catalogue, and ONNX files, in place of those before."""
        found = [wanted for name in names if (wanted := self._wanted_named(name)) is not None]
        self._set(found[:MOST_NETWORKS])

    def add(self, name: str) -> None:
        """Compare one network more, of the catalogue or an ONNX file by its path."""
        wanted = self._wanted_named(name)
        if wanted is None:
            self._say(self.tr("There is no network called {}.").format(name))
            return
        self._add(wanted)

    def add_shown(self) -> None:
        """Compare the network on show as well, with the weights that it has."""
        network = self._explorer.network
        if network is not None:
            self._add(wanted_of(network))

    def remove(self, number: int) -> None:
        """Compare one network less."""
        self._set([net.wanted for at, net in enumerate(self._networks) if at != number])

    def move(self, number: int, to: int) -> None:
        """Put a network in another place."""
        wanted = [network.wanted for network in self._networks]
        wanted.insert(to, wanted.pop(number))
        self._set(wanted)

    def align_by(self, rule: Rule) -> None:
        """Put layers beside each other by another rule. By hand, it begins with what is shown."""
        if rule == self._rule:
            return
        if rule == "hand" and not self._pinned:
            self._pinned = [self._by_network(row) for row in self._rows]
        self._rule = rule
        self._align()
        self._start()

    def set_most_rows(self, rows: int) -> None:
        """Show so many rows at most."""
        rows = min(max(rows, FEWEST_ROWS), MOST_ROWS)
        if rows != self._most_rows:
            self._most_rows = rows
            self._align()
            self._start()

    def pin(self, row: int, number: int, layer: str) -> None:
        """Put a layer of a network beside those of a row: in a pinned row in its place, else in a
        pinned row of its own with the others of that row."""
        network = self._networks[number]
        graph = self._graphs.get(network.wanted)
        if graph is None or layer not in graph.node:
            self._say(self.tr("{} has no layer “{}”.").format(network.title, layer))
            return
        shown = self._rows[row]
        chosen = self._by_network(shown) | {self._networks[number].wanted: layer}
        if shown.pinned:
            self._pinned[row] = chosen
        else:
            self._pinned.append(chosen)
        self._align()
        self._start()

    def pin_layers(self, layers: Mapping[Wanted, str]) -> None:
        """Put layers of some of the networks beside each other, in a pinned row of their own."""
        known = {network.wanted for network in self._networks}
        self._pinned.append({wanted: name for wanted, name in layers.items() if wanted in known})
        self._align()
        self._start()

    def pin_row(self, row: int) -> None:
        """Keep a row whatever the rule is."""
        self._pinned.append(self._by_network(self._rows[row]))
        self._align()
        self._start()

    def unpin(self, row: int) -> None:
        """Let go of a pinned row."""
        if self._rows[row].pinned:
            del self._pinned[row]
            self._align()
            self._start()

    def reduce_by(self, show: Reduction) -> None:
        """Show something else of each layer."""
        if show != self._show:
            self._show = show
            self._on_look()

    def choose_channel(self, channel: int) -> None:
        """Show this channel of every layer."""
        if channel != self._channel or self._matched:
            self._channel = max(0, channel)
            self._matched.clear()
            self._on_look()

    def match_channel(self, row: int, number: int) -> None:
        """Show in a row the channels of the other networks that are most like the one shown of this
        network."""
        cell, column = self.cell(row, number), self.column(number)
        layer = self._rows[row].layers[number]
        if cell is None or cell.channel is None or layer is None or not isinstance(column, Column):
            self._say(self.tr("Choose a channel first: the strongest one, or by its number."))
            return
        others = tuple(
            other for at in range(len(self._networks))
            if at != number and (other := self._layer_of(row, at)) is not None
        )  # fmt: skip
        chosen = self._layer_of(row, number)
        if not others or chosen is None:
            self._say(self.tr("There is no other network in this row to find channels of."))
            return
        title = self.tr("Matching channels")
        if self._folder:
            title = self.tr("Matching channels over {} pictures").format(len(self._folder))
        self._request(MatchChannels(chosen, cell.channel, others, self._folder), title)

    def set_folder(self, pictures: Sequence[FolderPicture]) -> None:
        """Pictures over which channels are compared; without any, on the one on show."""
        self._folder = tuple(pictures)

    def shade(self, *, one_scale: bool) -> None:
        """Let all cells of a row share one scale of colours, or give each its own."""
        self._shading = Shading("layer" if one_scale else "channel")
        self.look_changed.emit()

    def go_on(self) -> None:
        """Go on with what was stopped."""
        self._start()

    def refresh_weights(self) -> None:
        """Weights came or went: networks take the best at hand again."""
        wanted = []
        for network in self._networks:
            card = network.wanted.card
            automatic = card is not None and network.wanted.weights_file is None
            wanted.append(self._wanted_of(card) if card and automatic else network.wanted)
        self._set(wanted)

    def save(self, path: Path, *, dark: bool) -> None:
        """Write what is known to a file: .png, .svg, .html or .json."""
        comparison = self.comparison()
        if comparison is None:
            self._say(self.tr("There is nothing to save yet: choose networks and a picture."))
            return
        channel = self._channel if self._show == "channel" else None
        self._explorer.perform(
            Lane.EXPORT,
            SaveComparison(path, comparison, self._show, channel, self._shading, dark),
            self.tr("Writing {}").format(path.name),
        )

    @Slot(object)
    def mark_place(self, place: Place | None) -> None:
        """Mark a place of the picture in all maps until another is."""
        self._clicked = place
        self.place_marked.emit(self.place)

    def point_at(self, place: Place | None, region: Region | None = None) -> None:
        """A person points at a place of the picture in one of the maps, where a unit stands for a
        region; or at none any more."""
        if place != self._pointed:
            self._pointed = place
            self.place_marked.emit(self.place)
        self.region_pointed.emit(region)

    # networks

    def _wanted_named(self, name: str) -> Wanted | None:
        if is_onnx_path(name):
            return Wanted(onnx_file=Path(name))
        try:
            card = self._explorer.networks.get(name) or card_of(name)
        except ExplorerError:
            return None
        return self._wanted_of(card)

    def _wanted_of(self, card: NetworkCard) -> Wanted:
        return Wanted(card, self._explorer.version_of(card) or best_version(card))

    def _add(self, wanted: Wanted) -> None:
        if any(network.wanted == wanted for network in self._networks):
            self._say(self.tr("{} is compared already.").format(wanted.title))
        elif len(self._networks) >= MOST_NETWORKS:
            self._say(
                self.tr("{} networks are compared at most; remove one first.").format(MOST_NETWORKS)
            )
        else:
            self._set([*(network.wanted for network in self._networks), wanted])

    def _set(self, wanted: Sequence[Wanted]) -> None:
        unique = tuple(dict.fromkeys(wanted))
        if unique == tuple(network.wanted for network in self._networks):
            return
        self._networks = tuple(
            ComparedNetwork(one, title)
            for one, title in zip(unique, titles_of(unique), strict=True)
        )
        self._done = {one: self._done[one] for one in unique if one in self._done}
        pinned = [{o: name for o, name in row.items() if o in unique} for row in self._pinned]
        self._pinned = [row for row in pinned if row]
        self._align(quietly=True)
        self.networks_changed.emit()
        self._start()

    def _number_of(self, wanted: Wanted) -> int | None:
        found = [at for at, network in enumerate(self._networks) if network.wanted == wanted]
        return found[0] if found else None

    # rows

    def _by_network(self, row: ComparedRow) -> dict[Wanted, str]:
        return {
            network.wanted: layer
            for network, layer in zip(self._networks, row.layers, strict=True)
            if layer is not None
        }

    def _align(self, *, quietly: bool = False) -> None:
        """Work out the rows, as far as the graphs are known."""
        known = [net.wanted for net in self._networks if net.wanted in self._graphs]
        graphs = [self._graphs[wanted] for wanted in known]
        rows: list[ComparedRow] = []
        if graphs:
            pinned = [tuple(row.get(wanted) for wanted in known) for row in self._pinned]
            found = [(row, True) for row in align(graphs, "hand", pinned=pinned)]
            if self._rule != "hand":
                free = align(graphs, self._rule, rows=self._most_rows)
                found += [(row, False) for row in free]
            for row, is_pinned in found:
                by_network = dict(zip(known, row.layers, strict=True))
                layers = tuple(by_network.get(network.wanted) for network in self._networks)
                rows.append(ComparedRow(row.label, layers, is_pinned))
        self._rows = tuple(rows)
        if not quietly:
            self.rows_changed.emit()

    def _asked(self, network: ComparedNetwork) -> ColumnAsked:
        """A network with its layers, one a row."""
        graph, at = self._graphs.get(network.wanted), self._number_of(network.wanted)
        layers = () if graph is None or at is None else tuple(
            None if (layer := row.layers[at]) is None else layer_asked(graph, layer)
            for row in self._rows
        )  # fmt: skip
        return ColumnAsked(network.wanted, network.title, layers)

    def _layer_of(self, row: int, number: int) -> LayerOfColumn | None:
        layer, column = self._rows[row].layers[number], self.column(number)
        if layer is None or not isinstance(column, Column):
            return None
        maps, place = column.result.activations.get(layer), self.placement(row, number)
        if maps is None or maps.ndim != 3:
            return None
        extent = None if place is None else (
            place.x, place.y, place.across * maps.shape[2], place.down * maps.shape[1]
        )  # fmt: skip
        return LayerOfColumn(column, layer, extent)

    # work

    def _start(self) -> None:
        """Something is another than it was: what runs for it is of no use, unless it is a column
        that is still wanted."""
        self._paused = False
        awaited = self._awaited
        if isinstance(awaited, ReadGraph | RunColumn) and self._is_wanted(awaited):
            self.progress_changed.emit()
            return
        self._stop()
        self._go_on()

    def _is_wanted(self, awaited: ReadGraph | RunColumn) -> bool:
        if not self._active:
            return False
        if isinstance(awaited, ReadGraph):
            return self._number_of(awaited.wanted) is not None
        number = self._number_of(awaited.asked.wanted)
        if number is None or awaited.picture is not self._picture:
            return False
        if awaited.precision != self._explorer.precision or awaited.framing != self._framing:
            return False
        layers = {layer.name for layer in awaited.asked.layers if layer}
        return layers >= {
            layer.name for layer in self._asked(self._networks[number]).layers if layer
        }

    def _stop(self) -> None:
        if self._awaited is not None:
            self._awaited = None
            self._explorer.give_up(Lane.COMPARE)
        self.progress_changed.emit()

    def _request(self, request: object, title: str) -> None:
        self._awaited = request
        self.progress_changed.emit()
        self._explorer.perform(Lane.COMPARE, request, title)

    def _go_on(self) -> None:
        """Ask for what is lacking, one thing at a time."""
        if not self._active or self._paused or self._awaited is not None:
            return
        lacking = self._next()
        compared = self._just_compared() if lacking is None else None
        if lacking is None and (self._due or self._framing != self._explorer.framing):
            self._picture, self._due = self._due or self._picture, None
            self._framing = self._explorer.framing
            lacking = self._next()
        if compared is not None:
            self.picture_compared.emit(*compared)
        if lacking is None:
            self.progress_changed.emit()
            return
        self._request(*lacking)
        request = lacking[0]
        if isinstance(request, RunColumn) and request.picture is not self._begun:
            self._begun = request.picture
            self.picture_begun.emit(request.picture)

    def _just_compared(self) -> tuple[Picture, float, float] | None:
        """The picture that all networks have looked at now, with their milliseconds; None where
        that was told, or none of them could."""
        picture = self._picture
        found = [done.column for done in self._done.values() if done.picture is picture]
        columns = [column for column in found if isinstance(column, Column)]
        if picture is None or picture is self._compared or not columns:
            return None
        self._compared = picture
        return (
            picture,
            sum(column.prepared.preprocess_ms for column in columns),
            sum(column.result.forward_ms for column in columns),
        )

    def _go_on_and_tell(self) -> None:
        """The engine has its next work before what is new is drawn."""
        self._go_on()
        news, self._news = self._news, []
        for number in news:
            self.column_changed.emit(number)

    def _next(self) -> tuple[object, str] | None:
        """What is lacking, and what to call it; None where nothing is."""
        for network in self._networks:
            if network.wanted not in self._graphs and network.wanted not in self._done:
                return ReadGraph(network.wanted), self.tr("Reading {}").format(network.title)
        for network in self._networks:
            done = self._done.get(network.wanted)
            if done is not None and isinstance(done.column, Column):
                looks = self._looks(network)
                other = {layer: look[1] for layer, look in looks.items()
                         if layer in done.looks and done.looks[layer] != look}  # fmt: skip
                if other:
                    return (
                        MakeCells(done.column, CellsAsked(self._show, other)),
                        self.tr("Showing {}").format(network.title),
                    )
        if self._picture is None:
            return None
        for network in self._networks:
            if not self._is_done(network):
                return self._run(network), self.tr("Comparing: {}").format(network.title)
        return None

    def _run(self, network: ComparedNetwork) -> RunColumn:
        assert self._picture is not None
        shown = self._explorer.network
        is_shown = shown is not None and wanted_of(shown) == network.wanted
        return RunColumn(
            self._picture,
            self._asked(network),
            CellsAsked(self._show, {name: look[1] for name, look in self._looks(network).items()}),
            self._explorer.precision,
            shown.graph if shown is not None and is_shown else None,
            self._framing,
        )

    def _is_done(self, network: ComparedNetwork) -> bool:
        done = self._done.get(network.wanted)
        if done is None:
            return False
        if isinstance(done.column, ColumnFailed):
            return self._is_current(done)
        captured = {layer.name for layer in done.column.asked.layers if layer}
        wanted = {layer.name for layer in self._asked(network).layers if layer}
        same = self._is_current(done) and done.precision == self._explorer.precision
        return same and captured >= wanted

    def _looks(self, network: ComparedNetwork) -> dict[str, tuple[Reduction, int | None]]:
        """What is to be shown of each layer of a network."""
        looks: dict[str, tuple[Reduction, int | None]] = {}
        for layer in self._asked(network).layers:
            if layer is not None:
                matched = self._matched.get((network.wanted, layer.name), (self._channel, 0.0))
                looks[layer.name] = (self._show, matched[0] if self._show == "channel" else None)
        return looks

    def _on_look(self) -> None:
        self.look_changed.emit()
        self._start()

    def _say(self, text: str) -> None:
        self._explorer.tell(Message(text, "info"))

    # what comes

    @Slot(object)
    def _on_picture_shown(self, picture: Picture) -> None:
        if not self._active:
            return
        if self._explorer.picture_is_live and self._awaited is not None:
            self._due = picture  # or a fast hand would never see the second column
            return
        self._due = None
        self._picture = picture
        self._framing = self._explorer.framing
        if self.place is not None:
            self._clicked = self._pointed = None
            self.place_marked.emit(None)
        self._start()

    @Slot()
    def _on_framing(self) -> None:
        if self._explorer.framing_moves and self._awaited is not None:
            return  # taken up when all columns are there, as a drawing is
        if self._active and self._framing != self._explorer.framing:
            self._framing = self._explorer.framing
            self._start()

    @Slot()
    def _on_arithmetic(self) -> None:
        if self._explorer.precision != self._precision:
            self._precision = self._explorer.precision
            self._start()

    @Slot()
    def _on_picture_cleared(self) -> None:
        self._picture = self._due = None
        self._done = {one: done for one, done in self._done.items() if done.picture is None}
        if self._active:
            self._stop()
            for number in range(len(self._networks)):
                self.column_changed.emit(number)

    @Slot(object, object)
    def _on_answered(self, request: object, response: object) -> None:
        if request is not self._awaited:
            return
        self._awaited = None
        match response:
            case GraphRead(wanted, graph, sentence):
                self._on_graph(wanted, graph, sentence)
            case ColumnRun(column, cells):
                assert isinstance(request, RunColumn)
                if isinstance(column, ColumnFailed):
                    sentence = _short(column.sentence, request.asked.wanted)
                    column = replace(column, sentence=sentence)
                looks = {name: (request.cells.show, channel)
                         for name, channel in request.cells.channels.items()}  # fmt: skip
                self._keep(request.asked.wanted, _Done(
                    column, request.picture, request.precision, cells, looks, request.framing
                ))  # fmt: skip
            case CellsMade(column, cells):
                assert isinstance(request, MakeCells)
                self._add_cells(column.asked.wanted, request.cells, cells)
            case ChannelsMatched():
                self._on_matched(response)
        self._go_on_and_tell()

    def _on_graph(self, wanted: Wanted, graph: LayerGraph | None, sentence: str) -> None:
        if graph is None:
            asked = ColumnAsked(wanted, wanted.title)
            failed = ColumnFailed(0, asked, _short(sentence, wanted))
            self._keep(wanted, _Done(failed, None, "exact", {}, {}))
            return
        self._graphs[wanted] = graph
        self._align()

    def _keep(self, wanted: Wanted, done: _Done) -> None:
        number = self._number_of(wanted)
        if number is not None:
            self._done[wanted] = done
            self._news.append(number)

    def _add_cells(
        self, wanted: Wanted, asked: CellsAsked, cells: Mapping[str, Cell | None]
    ) -> None:
        done = self._done.get(wanted)
        if done is None:
            return
        looks = {name: (asked.show, channel) for name, channel in asked.channels.items()}
        self._keep(
            wanted, replace(done, cells={**done.cells, **cells}, looks={**done.looks, **looks})
        )

    def _on_matched(self, matched: ChannelsMatched) -> None:
        request = matched.request
        first = request.chosen
        self._matched[first.column.asked.wanted, first.layer] = (request.channel, 1.0)
        for other, match in zip(request.others, matched.matches, strict=True):
            if match is not None:
                key = other.column.asked.wanted, other.layer
                self._matched[key] = (match.channel, match.correlation)
        self._show = "channel"
        self.look_changed.emit()
        if request.folder:
            count = len(request.folder)
            self._say(
                self.tr("The channels most alike over {} pictures of the folder.").format(count)
            )

    @Slot(object, str)
    def _on_unanswered(self, request: object, sentence: str) -> None:
        """A fault: its column says so, and the others go on."""
        if request is not self._awaited:
            return
        self._awaited = None
        if isinstance(request, ReadGraph):
            self._on_graph(request.wanted, None, sentence)
        elif isinstance(request, RunColumn):
            failed = ColumnFailed(0, request.asked, _short(sentence, request.asked.wanted))
            done = _Done(failed, request.picture, request.precision, {}, {}, request.framing)
            self._keep(request.asked.wanted, done)
        elif isinstance(request, MakeCells):
            none: dict[str, Cell | None] = dict.fromkeys(request.cells.channels)
            self._add_cells(request.column.asked.wanted, request.cells, none)
        self._go_on_and_tell()

    @Slot()
    def _on_stopped(self) -> None:
        if self._awaited is not None:
            self._awaited = self._due = None
            self._paused = True
            self.progress_changed.emit()


def layer_asked(graph: LayerGraph, layer: str) -> LayerAsked:
    """A layer, and where its maps lie on the network's input."""
    return LayerAsked.lying(layer, extent_of(graph, layer), graph.node[layer].out_shape)


def best_version(card: NetworkCard) -> str:
    """The version of a network's weights that it is opened with if nothing else is said."""
    best = at_hand(card)
    return RANDOM if best is None else best[1].tag


def wanted_of(shown: NetworkShown) -> Wanted:
    """The network on show, to be compared with the weights that it has."""
    if shown.onnx is not None:
        return Wanted(onnx_file=shown.onnx.path, chosen=shown.onnx.chosen)
    if shown.weights_file is not None:
        return Wanted(shown.card, weights_file=shown.weights_file)
    version = shown.version or (best_version(shown.card) if shown.trained else RANDOM)
    return Wanted(shown.card, version)


def _short(sentence: str, wanted: Wanted) -> str:
    """A sentence for a narrow column: a file by its name alone."""
    for file in (wanted.onnx_file, wanted.weights_file):
        if file is not None and sentence.startswith(str(file)):
            return sentence.replace(str(file), file.name)  # a name is not made a capital
        if file is not None:
            sentence = sentence.replace(str(file), file.name)
    return capitalised(sentence)
