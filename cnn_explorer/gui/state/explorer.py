"""The state of the window: which network, which picture, which layer, and what is known of them.

Widgets show what the signals carry and call the commands; the engine thread does the work.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.model import USUAL, DrawingOptions, LayerGraph
from cnn_explorer.gui.state.architecture_work import (
    ForwardsTimed,
    GraphsRead,
    ReadGraphs,
    TimeForwards,
)
from cnn_explorer.gui.state.engine import Engine, Outcome, Progress
from cnn_explorer.gui.state.jobs import Job, JobQueue, Lane
from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.gui.state.shown import (
    ActivationsShown,
    AnswersShown,
    EffectsShown,
    ExportChoice,
    MapsFile,
    NetworkShown,
    ProfileShown,
    ThumbnailsShown,
    TimesShown,
)
from cnn_explorer.gui.state.snapshot import SaveSnapshot
from cnn_explorer.gui.state.workbench import (
    Effect,
    Export,
    Exported,
    ExportOnnx,
    Look,
    Looked,
    Measure,
    OpenData,
    OpenImage,
    OpenNetwork,
    OpenOnnx,
    OpenPicture,
    OpenWeights,
    ProfileLayers,
    Ran,
    Run,
)
from cnn_explorer.media.address import DataAddress
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import NETWORKS, card_of
from cnn_explorer.networks.onnx_facts import PictureInput, is_onnx_card, is_onnx_path
from cnn_explorer.networks.weights import RANDOM, is_at_hand
from cnn_explorer.probe.activation_cache import DEFAULT_LIMIT
from cnn_explorer.probe.framing import AS_TRAINED, Framing
from cnn_explorer.probe.pool import Wanted
from cnn_explorer.probe.precision import Arithmetic, Precision
from cnn_explorer.probe.results import Channel
from cnn_explorer.text import capitalised

log = logging.getLogger(__name__)

_THUMBNAILS_EVERY = 0.25
"""Seconds. Small pictures of all layers, painted with every frame, would take a fifth of the frames
away, and nobody follows so many at once."""
_LONGEST_PAINTING = 60
"""Milliseconds after which an answer counts as painted: it may be out of sight."""
_RUNS_WITHOUT = 2
"""Live runs without thumbnails after one with them, however slow the network is."""


@dataclass(frozen=True)
class Message:
    """One sentence for the person."""

    text: str
    level: str
    """``info``, ``warning`` or ``error``."""
    details: str = ""
    """What stands in the log about it, or empty."""


@dataclass(frozen=True)
class Busy:
    """What the engine is doing, and how far it is (0 to 1; negative where nobody knows)."""

    title: str
    fraction: float


class Explorer(QObject):
    """The one state behind the window."""

    network_opening = Signal(object)
    """A `NetworkCard`: the network was chosen and is being opened."""
    network_opened = Signal()
    """The network chosen was opened and is about to be shown."""
    network_shown = Signal(object)
    """A `NetworkShown`: one that was opened, or the one before where that failed."""
    network_failed = Signal()
    """Opening was stopped or failed, and no network was open before."""
    layout_changed = Signal(object)
    """A `NetworkShown` with another expansion and layout of the same graph."""
    picture_shown = Signal(object)
    """A `Picture`."""
    framing_told = Signal(object)
    """The `Framing` that was chosen."""
    run_started = Signal(str)
    """The layer whose output comes with the answers; empty for none."""
    run_stopped = Signal()
    """The run that was started gives no answer: cancelled or failed."""
    answers_shown = Signal(object)
    """An `AnswersShown`."""
    activations_shown = Signal(object)
    """An `ActivationsShown`."""
    arithmetic_told = Signal(object)
    """The `Arithmetic` in which the network on show ran, where it is another one than before; None
    where it has not run yet."""
    thumbnails_shown = Signal(object)
    """A `ThumbnailsShown`, or None: those shown before are no longer of this picture."""
    profile_shown = Signal(object)
    """A `ProfileShown` of the network and the picture on show, or None: the one before is no longer
    of them."""
    profile_stopped = Signal()
    """The profile that was asked for does not come: cancelled or failed."""
    effects_shown = Signal(object)
    """An `EffectsShown` of the layer and picture on show."""
    layer_selected = Signal(str)
    """A layer's or block's name; empty for the whole network."""
    filters_shown = Signal(object)
    """A `FiltersShown`."""
    source_shown = Signal(object)
    """A `SourceShown`."""
    times_shown = Signal(object)
    """A `TimesShown` of the network on show."""
    graphs_read = Signal(object)
    """A `GraphsRead`: graphs of networks that are compared."""
    forwards_timed = Signal(object)
    """A `ForwardsTimed`: times of networks that are compared."""
    live_answered = Signal(object)
    """A live `Picture` whose answer has come and is about to be shown."""
    live_begun = Signal(object)
    """A live `Picture` that the network begins to look at: the next one may come."""
    picture_cleared = Signal()
    """The drawing was wiped: there is no picture."""
    message_shown = Signal(object)
    """A `Message`."""
    progressed = Signal(object, float)
    """The request that is being worked on, and how far that is, 0 to 1."""
    busy_changed = Signal(object)
    """A `Busy`, or None when the engine rests."""
    file_opened = Signal(object)
    """The `Path` of a picture that was opened from a file."""
    file_refused = Signal(object, str)
    """The `Path` of a file that could not be opened as a picture, and why, a sentence."""
    settled = Signal()
    """No work runs and none waits."""
    answered = Signal(object, object)
    """The request and the response of work that was asked for by `perform`."""
    unanswered = Signal(object, str)
    """The request of such work that failed, and why, a sentence."""
    stopped = Signal()
    """A person stopped all work."""

    def __init__(
        self,
        parent: QObject | None = None,
        networks: Mapping[str, NetworkCard] = NETWORKS,
        versions: Mapping[str, str] | None = None,
        expansions: Mapping[str, frozenset[str]] | None = None,
        options: DrawingOptions = USUAL,
        precision: Precision = "exact",
        kept_bytes: int = DEFAULT_LIMIT,
    ) -> None:
        """`versions` says which weights to open a network with when nothing else is asked for,
        `expansions` which of its blocks are to stand open at first; both may be out of date.
        `kept_bytes` is how much of captured layers is kept, to be shown again without a run."""
        super().__init__(parent)
        self._networks = networks
        self._versions = dict(versions or {})
        self._queue = JobQueue()
        self._engine = Engine(self)
        self._engine.finished.connect(self._on_finished)
        self._engine.progressed.connect(self._on_progressed)
        self._started = False
        self._opening: OpenNetwork | OpenWeights | OpenOnnx | None = None
        self._network: NetworkShown | None = None
        self._expansions = {
            name: open_blocks
            for name, open_blocks in (expansions or {}).items()
            if name in networks or is_onnx_path(name)
        }
        self._options = options
        self._picture: Picture | None = None
        self._picture_is_live = False
        self._picture_is_drawn = False
        self._framing = AS_TRAINED
        self._framing_moves = False
        self._sees_maps = True
        self._sees_thumbnails = True
        self._thumbnails_at = float("-inf")
        self._runs_since = 0
        self._standing = QTimer(self)
        self._standing.setSingleShot(True)
        self._standing.setInterval(round(2000 * _THUMBNAILS_EVERY))
        self._standing.timeout.connect(self._on_standing)
        self._failed_live: tuple[LayerGraph, str] | None = None
        self._takes_turns = self._turns = False
        self._unpainted = QTimer(self)
        self._unpainted.setSingleShot(True)
        self._unpainted.setInterval(_LONGEST_PAINTING)
        self._unpainted.timeout.connect(self._advance)
        self._answers: AnswersShown | None = None
        self._activations: ActivationsShown | None = None
        self._thumbnails: ThumbnailsShown | None = None
        self._profile: ProfileShown | None = None
        self._times: TimesShown | None = None
        self._channel: Channel = "mean"
        self._precision = precision
        self._kept_bytes = kept_bytes
        self._arithmetic: Arithmetic | None = None
        self._wants_thumbnails = options.thumbnails
        self._had_picture = False
        self._resting = False
        self._layer = ""
        self._reported: Busy | None = None
        self._last_layers: dict[str, str] = {}
        self._wished = ""

    # what is so now

    @property
    def networks(self) -> Mapping[str, NetworkCard]:
        """All networks that can be opened, by name."""
        return self._networks

    @property
    def network(self) -> NetworkShown | None:
        """The network on show."""
        return self._network

    @property
    def card(self) -> NetworkCard | None:
        """The network chosen: being opened, or on show."""
        if self._opening is not None and self._opening.card is not None:
            return self._opening.card
        return self._network.card if self._network is not None else None

    @property
    def picture(self) -> Picture | None:
        return self._picture

    @property
    def picture_is_live(self) -> bool:
        """Whether the picture is a drawing in progress, or a frame that others follow."""
        return self._picture_is_live

    @property
    def framing(self) -> Framing:
        """How the picture is framed. Drawings are not: what was chosen waits for the next one."""
        return AS_TRAINED if self._picture_is_drawn else self._framing

    @property
    def framing_moves(self) -> bool:
        """Whether a person is moving the frame, and another one is about to be told."""
        return self._framing_moves

    @property
    def answers(self) -> AnswersShown | None:
        """The last answer; it may be for a picture or network shown before."""
        return self._answers

    @property
    def times(self) -> TimesShown | None:
        """How long the layers of the network on show take, where that was measured."""
        return self._times

    @property
    def depth_profile(self) -> ProfileShown | None:
        """The numbers of all layers for the picture on show, where they were asked for."""
        return self._profile

    @property
    def layer(self) -> str:
        """The selected layer or block; empty for none."""
        return self._layer

    @property
    def _module(self) -> str:
        """The module meant by the selection: a group of parts stands for its last one."""
        network = self._network
        return self._layer if network is None else network.graph.module_of(self._layer)

    @property
    def idle(self) -> bool:
        """Whether all work has settled."""
        return self._queue.idle and not self._standing.isActive()

    def version_of(self, card: NetworkCard) -> str:
        """The version chosen last for a network; empty where that is no longer at hand."""
        version = self._versions.get(card.name, "")
        at_hand = any(entry.tag == version and is_at_hand(entry) for entry in card.weights)
        return version if version == RANDOM or at_hand else ""

    @property
    def expansions(self) -> Mapping[str, frozenset[str]]:
        """The blocks that a person left open, by network; those opened last stand last."""
        return self._expansions

    # commands

    def start(self) -> None:
        """Let the engine work; until then requests wait. Call after the first paint."""
        self._started = True
        self._advance()

    def choose_network(
        self, name: str, weights_file: Path | None = None, layer: str = "", *, version: str = ""
    ) -> None:
        """Open a network; the picture is classified again with it.

        `version` is the tag of one of its weights, or ``random``; empty, the one chosen last.
        """
        try:
            card = self._networks.get(name) or card_of(name)
        except ExplorerError as error:
            self._complain(error)
            return
        if weights_file is None and not version:
            version = self.version_of(card)
        shown = self._leave_network()
        self._wished = layer
        if layer:
            self._last_layers[card.name] = layer
        expanded = self._expansions.get(card.name)
        self._opening = OpenNetwork(card, weights_file, version, expanded, self._options, shown)
        self.network_opening.emit(card)
        self._submit(Lane.MODEL, self._opening, self.tr("Opening {}").format(card.title))

    def open_weights(self, path: Path) -> None:
        """Open a weights file: with the network chosen where it fits, else with the one that it
        was saved from, as far as its tensors tell; a bad one leaves everything as it was."""
        card = self.card
        if card is not None and is_onnx_card(card):
            card = None  # a file has its weights
        self._wished = ""
        shown = self._leave_network()
        self._opening = OpenWeights(
            path, card, self._networks, dict(self._expansions), self._options, shown
        )
        if card is not None:
            self.network_opening.emit(card)
        self._submit(Lane.MODEL, self._opening, self.tr("Opening {}").format(path.name or path))

    def open_onnx(self, path: Path, chosen: PictureInput | None = None, layer: str = "") -> None:
        """Open an ONNX file as a network; a bad one leaves everything as it was. `chosen` says how
        pictures are given to it, which is guessed otherwise."""
        shown = self._leave_network()
        self._wished = layer
        if layer:
            self._last_layers[str(path)] = layer
        self._opening = OpenOnnx(path, chosen, dict(self._expansions), self._options, shown)
        self._submit(Lane.MODEL, self._opening, self.tr("Opening {}").format(path.name or path))

    def open_file(self, path: Path) -> None:
        """Decode a picture file and classify it; a bad one leaves everything as it was."""
        self._submit(
            Lane.PICTURE, OpenPicture(path), self.tr("Reading {}").format(path.name or path)
        )

    def open_image(self, image: QImage, name: str) -> None:
        """Classify an image from the clipboard or a drag."""
        self._submit(Lane.PICTURE, OpenImage(image, name), self.tr("Reading {}").format(name))

    def open_data(self, data: bytes | DataAddress, name: str) -> None:
        """Decode the bytes of a picture file, or those within a ``data:`` address, and classify
        it; a bad one leaves everything as it was."""
        self._submit(Lane.PICTURE, OpenData(data, name), self.tr("Reading {}").format(name))

    def export_graph(
        self,
        path: Path,
        choice: ExportChoice | None = None,
        *,
        dark: bool = False,
        coloured_by: str = "",
    ) -> None:
        """Write the graph to a file, whose suffix says in which format: as it is shown, if nothing
        else is chosen. `dark` and `coloured_by` (the key of a number) are how the window looks."""
        network = self._network
        choice = choice or ExportChoice(thumbnails=self._options.thumbnails)
        if network is None:
            return
        from cnn_explorer.graph.colouring import number_kind
        from cnn_explorer.graph.hierarchy import expanded_to_depth
        from cnn_explorer.graph.publish import Publication

        graph = network.graph
        expanded = {
            "shown": lambda: network.expanded,
            "all": lambda: frozenset(graph.block),
            "level": lambda: expanded_to_depth(graph, choice.level),
        }[choice.extent]()
        picture = self._picture if choice.thumbnails and not network.refusal else None
        kind = number_kind(coloured_by)
        publication = Publication(
            expanded,
            replace(self._options, thumbnails=picture is not None),
            numbers=choice.numbers,
            dark=dark if choice.ground == "window" else choice.ground == "dark",
            coloured_by=None if kind is None else kind.key,
            times={} if self._times is None else self._times.times,
        )
        self._submit(
            Lane.EXPORT,
            Export(network.card, graph, publication, path, picture, self._channel, self.framing),
            self.tr("Writing {}").format(path.name),
        )

    def measure(self) -> None:
        """Measure how long each layer takes on this computer."""
        network = self._network
        if network is not None and self._opening is None:
            self._submit(
                Lane.MEASURE,
                Measure(network.card, network.graph),
                self.tr("Measuring {}").format(network.card.title),
            )

    def read_graphs(self, networks: tuple[Wanted, ...]) -> None:
        """Make the layer graphs of networks, which are not opened for that."""
        self._submit(Lane.FACTS, ReadGraphs(networks), self.tr("Reading architectures"))

    def time_forwards(self, networks: tuple[Wanted, ...]) -> None:
        """Measure the forward times of networks, which take turns."""
        title = self.tr("Measuring {} networks").format(len(networks))
        self._submit(Lane.MEASURE, TimeForwards(networks), title)

    def stop_timing(self) -> None:
        """Measure no forward times any more."""
        if self.is_timing:
            self._queue.cancel(Lane.MEASURE)
            self._report()

    @property
    def is_timing(self) -> bool:
        """Whether forward times of networks are measured, or wait to be."""
        return self._awaits(TimeForwards)

    def profile(self) -> None:
        """Read the numbers of all layers for the picture; what is known is shown again."""
        network, picture = self._network, self._picture
        if network is None or picture is None or self._opening is not None or network.refusal:
            return
        if self._profile is not None:
            self.profile_shown.emit(self._profile)
        elif not self._awaits_profile:
            self._submit(
                Lane.PROFILE,
                ProfileLayers(network.card, network.graph, picture, self.framing),
                self.tr("Profiling {}").format(network.card.title),
            )

    def find_effects(self, asked: bool = True) -> None:
        """Work out how much each channel of the layer on show speaks for the likeliest class.
        Where that cannot be done, it is said if a person has just `asked` for it. It takes longer
        than a forward, so frames that follow each other are left out until one is frozen."""
        network, answers, shown = self._network, self._answers, self._activations
        if network is None or answers is None or shown is None or self._opening is not None:
            return
        if shown.layer in ("input", "output") or not answers.classes:
            return
        if self._picture_is_live and not self._picture_is_drawn:
            if asked:
                said = self.tr("Channels are sorted by effect when a frame is frozen: press Space.")
                self.message_shown.emit(Message(said, "info"))
            return
        if is_onnx_card(network.card):
            if asked:
                self._complain(ExplorerError("ONNX Runtime gives no gradients to sort by."))
            return
        first = answers.classes[0]
        self._submit(
            Lane.EFFECT,
            Effect(network.card, network.graph, answers.picture, shown.layer, first.index,
                   first.name, asked, answers.prepared.framing),
            self.tr("Differentiating {}").format(network.card.title),
        )  # fmt: skip

    def save_maps(self, file: MapsFile) -> None:
        """Write maps or kernels to a file."""
        self._submit(Lane.EXPORT, file, self.tr("Writing {}").format(file.path.name))

    def export_onnx(self, path: Path) -> None:
        """Write the network on show as ONNX, compared with its own answer for the picture."""
        network = self._network
        if network is not None:
            self._submit(
                Lane.EXPORT,
                ExportOnnx(network.card, network.graph, self._picture, path),
                self.tr("Writing {}").format(path.name),
            )

    def show_picture(self, picture: Picture, *, live: bool = False, drawn: bool = False) -> None:
        """Classify a picture that is already decoded: pasted, drawn by hand (`drawn`), or one that
        others follow (`live`), as while it is drawn or filmed.

        Of live pictures that follow each other only the first says that a run has started."""
        if not self._had_picture:
            # from now on, or each empty drawing pad would move every box
            self._had_picture = True
            self._make_thumbnail_room()
        going_on = live and self._picture_is_live and self._picture is not None
        if not going_on or self._profile is not None or self._awaits_profile:
            self._forget_profile()
        self._picture = picture
        self._picture_is_live = live
        self._picture_is_drawn = drawn
        self.picture_shown.emit(picture)
        if not live:
            self._forget_thumbnails()  # those of a drawing stay until its next ones are there
            self._engine.ahead.stop()
        self._run(quietly=going_on)

    def frame_as(self, framing: Framing, *, moving: bool = False) -> None:
        """Frame this picture and the next ones in another way. While the frame is `moving` the
        network follows as it follows a hand that draws."""
        if framing == self._framing and moving == self._framing_moves:
            return
        self._framing = framing
        self._framing_moves = moving
        self._forget_profile()
        self.framing_told.emit(framing)
        if not self._picture_is_drawn:
            self._run(quietly=moving)

    def clear_picture(self) -> None:
        """Forget the picture: an empty drawing pad."""
        self._queue.cancel(Lane.RUN, Lane.LIVE)  # no answer may land on the next drawing
        self._engine.ahead.stop()
        self._picture = None
        self._answers = None
        self._activations = None
        self._forget_thumbnails()
        self._forget_profile()
        self.picture_cleared.emit()

    def select_layer(self, name: str) -> None:
        """Show a layer or block: its activations, weights, source."""
        network = self._network
        if network is None or name == self._layer:
            return
        if name and name not in network.graph.node:
            self._complain(ExplorerError(f'{network.card.title} has no layer "{name}".'))
            return
        self._layer = name
        self.layer_selected.emit(name)
        self._look()
        self._run()

    def expand(self, expanded: frozenset[str]) -> None:
        """Draw the network with these blocks open."""
        network = self._network
        if network is None:
            return
        known = frozenset(network.graph.block)
        self._remember(network, expanded & known)
        self._draw(network, expanded & known)

    @property
    def drawing_options(self) -> DrawingOptions:
        """How graphs are drawn."""
        return self._options

    def draw_as(self, options: DrawingOptions) -> None:
        """Draw this network and those opened later in another way."""
        if options != self._options:
            self._options = options
            if self._network is not None:
                self._draw(self._network, self._network.expanded)

    def show_thumbnails(self, channel: Channel | None) -> None:
        """Draw thumbnails of every box's output: of the mean over its channels or of the strongest
        one; or none at all. Boxes have room for them from the first picture on."""
        if channel is not None and channel != self._channel:
            self._channel = channel
            self._forget_thumbnails()
        self._wants_thumbnails = channel is not None
        self._make_thumbnail_room()
        if channel is None:
            self._forget_thumbnails()
        else:
            self._complete_thumbnails()

    @property
    def precision(self) -> Precision:
        """What was chosen; in which numbers the network ran is told by `arithmetic_told`."""
        return self._precision

    def compute(self, precision: Precision) -> None:
        """Run networks exactly or fast from now on, this picture again at once."""
        if precision != self._precision:
            self._precision = precision
            self._tell_arithmetic(None)
            self._run()

    def keep_layers(self, kept_bytes: int) -> None:
        """Keep so much of captured layers from the next run on."""
        self._kept_bytes = kept_bytes

    def _make_thumbnail_room(self) -> None:
        wanted = self._wants_thumbnails and self._had_picture
        self.draw_as(replace(self._options, thumbnails=wanted))

    def reveal(self, name: str) -> None:
        """Open the blocks that hide a layer."""
        if self._open_to(name) and self._network is not None:
            self._remember(self._network, self._network.expanded)

    def tell(self, message: Message) -> None:
        """Show a message that has nothing to do with the engine's work."""
        self.message_shown.emit(message)

    def cancel(self) -> None:
        """Stop what runs and forget what waits; what was shown before stays."""
        if self._queue.idle:
            return
        opening = self._opening is not None
        jobs = [job for job in (self._queue.running, *self._queue.waiting) if job is not None]
        # of live pictures the next one comes, unless this is the first
        stands_still = any(job.lane is not Lane.LIVE for job in jobs) or self._answers is None
        running = any(
            isinstance(job.request, Run) and (not job.request.live or self._answers is None)
            for job in jobs
        )
        profiling = self._awaits_profile
        self._queue.cancel()
        if not stands_still:
            return
        if profiling:
            self.profile_stopped.emit()
        self._opening = None
        self.message_shown.emit(Message(self.tr("Stopped."), "info"))
        if opening:
            self._show_again()
        elif running:
            self._end_run()
        self.stopped.emit()
        self._report()

    def rest(self, resting: bool) -> None:
        """Whether the answers of the network on show are out of sight, as while networks are
        compared: no picture is run then, and the last one afterwards."""
        if resting == self._resting:
            return
        self._resting = resting
        answers = self._answers
        if not resting and not (answers is not None and self._is_current(answers)):
            self._run()

    def set_in_sight(self, *, maps: bool, thumbnails: bool) -> None:
        """Say whether the selected layer's output and the thumbnails can be seen. Of live pictures
        nothing else is captured."""
        self._sees_maps, self._sees_thumbnails = maps, thumbnails

    def take_turns(self, wanted: bool) -> None:
        """Whether answers to live pictures are told to be `painted`. Then, where a network runs on
        all cores, the next one waits for that: drawing beside a forward takes time from one of its
        threads, for which all others wait."""
        self._takes_turns = wanted

    @property
    def takes_turns(self) -> bool:
        """Whether the engine waits while answers to live pictures are drawn."""
        return self._turns

    @Slot()
    def painted(self) -> None:
        """The answer to the last live picture is on the screen."""
        if self._started and self._unpainted.isActive():  # else it is being closed
            self._unpainted.stop()
            self._advance()

    def look_again(self) -> None:
        """Something has come into sight that may have missed the last live picture."""
        if self._picture_is_live:
            self._thumbnails_at = float("-inf")
            self._run(quietly=True)

    def snapshot(self, folder: Path, look: MapsLook | None = None, *, dark: bool = False) -> None:
        """Save the picture that was answered last, its answers and the selected layer's output in
        a folder, under one name."""
        network, picture = self._network, self._picture
        answers = self._answers
        if answers is not None and self._picture_is_live and not self._resting:
            picture = answers.picture  # the newest one has no answer yet
        if network is None or picture is None or network.refusal:
            self._complain(ExplorerError("There is no answer to save yet: choose a picture."))
            return
        run = self._run_on(network, picture, everything=True)
        self._submit(
            Lane.EXPORT,
            SaveSnapshot(
                replace(run, boxes={}),
                folder,
                datetime.now().astimezone(),
                network.weights,
                look or MapsLook(),
                dark,
            ),
            self.tr("Saving a snapshot"),
        )

    def perform(self, lane: Lane, request: object, title: str) -> None:
        """Have the engine do work whose answer is for another state: see `answered`."""
        self._submit(lane, request, title)

    def give_up(self, *lanes: Lane) -> None:
        """Forget the work of these lanes, of which nothing is heard any more."""
        self._queue.cancel(*lanes)
        self._report()

    def close(self) -> None:
        """Cancel everything and end the engine thread."""
        self._started = False
        self._standing.stop()
        self._unpainted.stop()
        self._queue.cancel()
        self._engine.stop()

    # work

    def _leave_network(self) -> LayerGraph | None:
        """Remember the layer of the network on show, whose graph this gives."""
        if self._network is None:
            return None
        self._last_layers[self._network.card.name] = self._layer
        return self._network.graph

    def _draw(self, network: NetworkShown, expanded: frozenset[str]) -> None:
        # imported here as in the workbench: the window is painted before the layout's libraries
        from cnn_explorer.graph.hierarchy import visible
        from cnn_explorer.graph.layout import lay_out

        layout = lay_out(visible(network.graph, expanded), self._options)
        shown = replace(network, expanded=expanded, layout=layout)
        self._network = shown
        self.layout_changed.emit(shown)
        self._complete_thumbnails()

    def _open_to(self, name: str) -> bool:
        """Draw with all open that hides a layer; whether anything did."""
        from cnn_explorer.graph.hierarchy import expand_to

        network = self._network
        if network is None or not name:
            return False
        expanded = expand_to(network.graph, network.expanded, name)
        if expanded == network.expanded:
            return False
        self._draw(network, expanded)
        return True

    def _remember(self, network: NetworkShown, expanded: frozenset[str]) -> None:
        self._expansions.pop(network.card.name, None)  # the newest last
        self._expansions[network.card.name] = expanded

    def _run(self, *, quietly: bool = False) -> None:
        """Run for what is wanted now; `quietly`, what is shown stays until that is there."""
        network, picture = self._network, self._picture
        if network is None or picture is None or self._opening is not None or network.refusal:
            return  # asked again when the network is there
        if self._resting:
            return  # asked again when its answers are to be seen
        live = self._picture_is_live or self._framing_moves
        run = self._run_on(network, picture, everything=not self._picture_is_live)
        if not quietly:
            self.run_started.emit(run.layer)
        if self._picture_is_live and (self._queue.running or self._unpainted.isActive()):
            self._engine.ahead.begin(picture)
        self._submit(
            Lane.LIVE if live else Lane.RUN, run, self.tr("Running {}").format(network.card.title)
        )

    def _run_on(self, network: NetworkShown, picture: Picture, *, everything: bool) -> Run:
        """A run with the selected layer and all thumbnails, or with what can be seen of them."""
        # an auxiliary head computes nothing in a prediction: run without looking at it
        quiet = trains_only(network.graph, self._layer) or is_weight(network.graph, self._layer)
        unseen = not (everything or self._sees_maps)
        layer = "" if quiet or unseen else network.graph.module_of(self._layer)
        drawn = self._options.thumbnails and (everything or self._thumbnails_are_due())
        return Run(
            network.card,
            network.graph,
            picture,
            layer,
            self._picture_is_live or self._framing_moves,
            network.layout.graph.modules if drawn else {},
            self._channel,
            self._precision,
            self._kept_bytes,
            self.framing,
        )

    def _thumbnails_are_due(self) -> bool:
        """Whether thumbnails of a live picture are wanted: they are seen, and not just made."""
        if not self._sees_thumbnails:
            return False
        made = self._thumbnails_at
        rested = time.monotonic() - made >= _THUMBNAILS_EVERY and self._runs_since >= _RUNS_WITHOUT
        due = rested or made == float("-inf")
        if due:
            self._standing.stop()
        else:
            self._standing.start()
        return due

    @Slot()
    def _on_standing(self) -> None:
        """No picture follows the last live one, which was run without thumbnails."""
        self.look_again()
        self._report()

    def _complete_thumbnails(self) -> None:
        """Run again for boxes that are drawn and of which none were asked for yet."""
        network = self._network
        if network is None or not self._options.thumbnails:
            return
        shown = self._thumbnails
        if shown is None or not shown.asked.issuperset(network.layout.graph.modules):
            self._run(quietly=True)

    def _forget_thumbnails(self) -> None:
        if self._thumbnails is not None:
            self._thumbnails = None
            self.thumbnails_shown.emit(None)

    @property
    def _awaits_profile(self) -> bool:
        """Whether a profile is being made that is still wanted."""
        return self._awaits(ProfileLayers)

    def _awaits(self, kind: type) -> bool:
        """Whether a request of a kind is under way, or waits."""
        jobs = (self._queue.running, *self._queue.waiting)
        return any(
            isinstance(job.request, kind) and not job.cancelled.is_set()
            for job in jobs
            if job is not None
        )

    def _forget_profile(self) -> None:
        """The picture or the network is another one."""
        self._queue.cancel(Lane.PROFILE)
        if self._profile is not None:
            self._profile = None
        self.profile_shown.emit(None)

    def _end_run(self) -> None:
        """A run gave no answer: show what was known before, as far as it is still of this."""
        self.run_stopped.emit()
        answers, shown, network = self._answers, self._activations, self._network
        if answers is None or network is None or answers.card is not network.card:
            return
        if self._is_current(answers):
            self.answers_shown.emit(answers)
            if shown is not None and shown.layer == self._module:
                self.activations_shown.emit(shown)

    def _look(self) -> None:
        network = self._network
        if network is not None and self._opening is None:
            self._submit(
                Lane.LOOK,
                Look(network.card, network.graph, self._module),
                self.tr("Reading {}").format(self._layer or network.card.title),
            )

    def _submit(self, lane: Lane, request: object, title: str) -> None:
        self._queue.submit(Job(lane, request, title))
        self._advance()

    @Slot()
    def _advance(self) -> None:
        self._tell_begun(self._start_next())
        self._report()

    def _start_next(self) -> Job | None:
        waits = not self._started or self._unpainted.isActive()
        job = None if waits else self._queue.start_next()
        if job is not None:
            self._engine.perform(job)
            if isinstance(job.request, Run) and job.request.live:
                self._runs_since += 1
                if job.request.boxes:
                    self._thumbnails_at, self._runs_since = time.monotonic(), 0
        return job

    def _tell_begun(self, job: Job | None) -> None:
        if job is not None and job.lane is Lane.LIVE and isinstance(job.request, Run):
            self.live_begun.emit(job.request.picture)

    def _report(self) -> None:
        job = self._queue.running
        # thirty frames a second are no work to be reported thirty times
        busy = None if job is None or job.lane is Lane.LIVE else Busy(job.title, -1.0)
        if (busy is None) != (self._reported is None) or (
            busy is not None and self._reported is not None and busy.title != self._reported.title
        ):
            self._reported = busy
            self.busy_changed.emit(busy)
        if self._started and self.idle:
            self.settled.emit()

    @Slot(object)
    def _on_progressed(self, progress: Progress) -> None:
        job = self._queue.running
        if job is not None and job.number == progress.number and not job.cancelled.is_set():
            self._reported = Busy(job.title, progress.fraction)
            self.busy_changed.emit(self._reported)
            self.progressed.emit(job.request, progress.fraction)

    @Slot(object)
    def _on_finished(self, outcome: Outcome) -> None:
        job = self._queue.finish(outcome.number)
        begun = None
        if job is not None:
            live = job.lane is Lane.LIVE
            if live and outcome.error is None and isinstance(job.request, Run):
                filled = isinstance(outcome.response, Ran) and outcome.response.fills_cores
                self._turns = self._takes_turns and filled and self._started
                if self._turns:
                    self._unpainted.start()
                self.live_answered.emit(job.request.picture)
            if live:  # the engine goes on while this answer is drawn
                begun = self._start_next()
            if outcome.error is not None:
                self._on_failed(job, outcome)
            else:
                self._on_response(job, outcome.response)
        self._tell_begun(begun)
        self._advance()

    def _on_failed(self, job: Job, outcome: Outcome) -> None:
        if isinstance(job.request, Run) and job.request.live:
            failure = job.request.graph, outcome.error or ""
            if failure == self._failed_live:
                return  # that was said of the frame before
            self._failed_live = failure
        log.warning("%s: %s\n%s", job.title, outcome.error, outcome.details)
        if job.request is self._opening:
            self._opening = None
            self._show_again()
        elif isinstance(job.request, Run):
            self._end_run()
        elif isinstance(job.request, OpenPicture):
            self.file_refused.emit(job.request.path, capitalised(outcome.error or ""))
        elif isinstance(job.request, ProfileLayers):
            self.profile_stopped.emit()
        elif isinstance(job.request, Effect) and not job.request.asked:
            return
        elif job.lane in (Lane.COMPARE, Lane.STUDY):
            self.unanswered.emit(job.request, outcome.error or "")
        text, details = outcome.error or "", outcome.details
        file = _weights_file(job.request)
        if file is not None and str(file) in text:
            # a path is long and a strip is short: the name there, the path in the details
            text = text.replace(str(file), file.name)
            details = "\n\n".join(filter(None, (str(file), details)))
        is_named = file is not None and text.startswith(file.name)
        self.message_shown.emit(Message(text if is_named else capitalised(text), "error", details))

    def _on_response(self, job: Job, response: object) -> None:
        handlers: Mapping[type, Callable[..., None]] = {
            Picture: self._on_picture,
            NetworkShown: self._on_network,
            Ran: self._on_ran,
            Looked: self._on_looked,
            ProfileShown: self._on_profile,
            EffectsShown: self._on_effects,
            TimesShown: self._on_times,
            GraphsRead: self._on_graphs,
            ForwardsTimed: self._on_timed,
            Exported: self._on_exported,
        }
        handler = handlers.get(type(response))
        if handler is None:
            self.answered.emit(job.request, response)
        else:
            handler(job.request, response)

    def _on_picture(self, request: OpenPicture | OpenImage | OpenData, picture: Picture) -> None:
        if isinstance(request, OpenPicture):
            self.file_opened.emit(request.path)
        self.show_picture(picture)
        if picture.note:
            self.message_shown.emit(Message(picture.note, "info"))

    def _on_network(
        self, request: OpenNetwork | OpenWeights | OpenOnnx, network: NetworkShown
    ) -> None:
        name = network.card.name
        self._opening = None
        self._network = network
        if isinstance(request, OpenNetwork) and request.version:
            self._versions[name] = request.version
        self._answers = None
        self._activations = None
        self._thumbnails = None
        self._times = None
        self._forget_profile()

        self._tell_arithmetic(None)
        self._layer = first_layer(network.graph, self._last_layers.get(name, ""))
        self.network_opened.emit()
        self._show_again()
        if network.layout.options != self._options:  # chosen while it was being opened
            self._draw(network, network.expanded)
        # what was asked for by name is brought to light; else a network opens with its plan
        self._open_to(self._layer if self._layer == self._wished else "")
        guessed = self._guessed(request, network) if isinstance(request, OpenWeights) else ""
        said = " ".join(filter(None, (guessed, network.note)))
        if said:
            self.message_shown.emit(Message(said, "info"))

    def _guessed(self, request: OpenWeights, network: NetworkShown) -> str:
        """What is to be said where weights were opened as another network than the chosen one."""
        chosen, report = request.card, network.report
        if report is None or (chosen is not None and chosen.name == network.card.name):
            return ""
        text = self.tr("{file} fits {network}: opened as {network}")
        if chosen is not None:
            text = self.tr("{file} fits {network}, not {chosen}: opened as {network}")
        return (text + ".").format(
            file=report.file,
            network=network.card.title,
            chosen="" if chosen is None else chosen.title,
        )

    def _show_again(self) -> None:
        """Show the open network with its layer and picture: a new one, or the old one if opening
        another was stopped or failed."""
        network = self._network
        if network is None:
            self.network_failed.emit()
            return
        self.network_shown.emit(network)
        self.layer_selected.emit(self._layer)
        self._look()
        self._run()

    def _on_ran(self, request: Run, ran: Ran) -> None:
        drawing_on = request.live and self._picture_is_live
        if request.picture is not self._picture and not drawing_on:
            return
        if request.framing != self.framing and not (request.live and self._framing_moves):
            return
        self._answers = ran.answers
        self.answers_shown.emit(ran.answers)
        self._tell_arithmetic(ran.answers.arithmetic)
        made, network = ran.thumbnails, self._network
        if made is not None and network is not None and made.graph is network.graph:
            wanted = self._options.thumbnails and made.channel == self._channel
            self._thumbnails = made if wanted else None
            self.thumbnails_shown.emit(self._thumbnails)
        if request.live and not request.layer:
            self._activations = None  # they are not of this picture
        if ran.activations is not None and ran.activations.layer == self._module:
            self._activations = ran.activations
            self.activations_shown.emit(ran.activations)

    def _is_current(self, answers: AnswersShown) -> bool:
        """Whether answers are for the picture on show, framed as it is now."""
        return answers.picture is self._picture and answers.prepared.framing == self.framing

    def _tell_arithmetic(self, arithmetic: Arithmetic | None) -> None:
        if arithmetic != self._arithmetic:
            self._arithmetic = arithmetic
            self.arithmetic_told.emit(arithmetic)
            if arithmetic is not None and arithmetic.note:
                self.message_shown.emit(Message(arithmetic.note, "info"))

    def _on_looked(self, request: Look, looked: Looked) -> None:
        if request.layer == self._module:
            self.filters_shown.emit(looked.filters)
            self.source_shown.emit(looked.source)

    def _on_profile(self, request: ProfileLayers, shown: ProfileShown) -> None:
        network = self._network
        if network is None or shown.graph is not network.graph:
            return
        if shown.picture is self._picture and request.framing == self.framing:
            self._profile = shown
            self.profile_shown.emit(shown)

    def _on_effects(self, request: Effect, effects: EffectsShown) -> None:
        answers = self._answers
        current = (
            answers is not None
            and effects.picture is answers.picture
            and request.framing == answers.prepared.framing
        )
        if current and effects.layer == self._module:
            self.effects_shown.emit(effects)

    def _on_times(self, request: Measure, times: TimesShown) -> None:
        del request
        network = self._network
        if network is not None and times.graph is network.graph:
            self._times = times
            self.times_shown.emit(times)

    def _on_graphs(self, request: ReadGraphs, read: GraphsRead) -> None:
        del request
        self.graphs_read.emit(read)
        for sentence in read.failures.values():
            self._complain(ExplorerError(sentence))

    def _on_timed(self, request: TimeForwards, timed: ForwardsTimed) -> None:
        del request
        self.forwards_timed.emit(timed)

    def _on_exported(self, request: object, exported: Exported) -> None:
        del request
        text = self.tr("Saved {}.").format(exported.path)
        if exported.said:
            text = self.tr("Saved {path}: {said}.").format(path=exported.path, said=exported.said)
        self.message_shown.emit(Message(text, "info"))

    def _complain(self, error: ExplorerError) -> None:
        self.message_shown.emit(Message(capitalised(str(error)), "error"))


def first_layer(graph: LayerGraph, wished: str) -> str:
    """The layer to select when a network opens: the one wished for, else the first convolution."""
    if wished in graph.node:
        return wished
    return next((node.name for node in graph.layers if node.kind == "conv"), "")


def trains_only(graph: LayerGraph, name: str) -> bool:
    """Whether a layer or block takes part in training alone."""
    node = graph.node.get(name)
    return node is not None and node.training_only


def is_weight(graph: LayerGraph, name: str) -> bool:
    """Whether a box stands for a weight that belongs to no layer: see `module_tree`."""
    node = graph.layer.get(name)
    return node is not None and node.type_name == "Parameter"


def _weights_file(request: object) -> Path | None:
    """The file that a person opened as weights or network, where the request is about one."""
    if isinstance(request, OpenWeights | OpenOnnx):
        return request.path
    return request.weights_file if isinstance(request, OpenNetwork) else None
