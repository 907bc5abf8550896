"""What the window shows, as frozen values: one dataclass a signal of `Explorer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cnn_explorer.graph.model import GraphLayout, LayerGraph
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.probe.precision import EXACT, Arithmetic
from cnn_explorer.probe.results import Channel, ClassScore, LayerFilters, PreparedInput, Thumbnail

if TYPE_CHECKING:
    # for annotations alone: the window is painted before numpy is imported
    import numpy as np
    import numpy.typing as npt

    from cnn_explorer.networks.fit import FitReport
    from cnn_explorer.networks.onnx_facts import OnnxOffer
    from cnn_explorer.probe.colormaps import ColormapName
    from cnn_explorer.probe.mosaic import Shading
    from cnn_explorer.probe.profile import Profile
    from cnn_explorer.probe.statistics import LayerStatistics


@dataclass(frozen=True, eq=False)
class NetworkShown:
    """A network was opened: its module is built and its graph is known."""

    card: NetworkCard
    graph: LayerGraph
    trained: bool
    weights: str
    """For people: ``MNIST``, ``ImageNet V1``, a file name, or ``random (seed 0)``."""
    expanded: frozenset[str]
    """Names of the blocks that stand open in `layout`."""
    layout: GraphLayout
    class_count: int = 0
    """How many classes it tells apart: as many as its weights do."""
    report: FitReport | None = None
    """How its weights fit, tensor by tensor; None of random ones."""
    note: str = ""
    """What else is to be said of its weights, a sentence or two, or empty."""
    version: str = ""
    """The version of its weights that was asked for; empty for the best at hand, or for a file."""
    weights_file: Path | None = None
    """The file that a person loaded its weights from."""
    onnx: OnnxOffer | None = None
    """Where the network is an ONNX file: how pictures are given to it."""
    refusal: str = ""
    """Why it cannot be run on a picture, one sentence; empty where it can."""
    preprocessing: Preprocessing | None = None
    """That of its weights, where it is another one than the card's."""


@dataclass(frozen=True, eq=False)
class AnswersShown:
    """The network has answered for the picture."""

    card: NetworkCard
    trained: bool
    picture: Picture
    prepared: PreparedInput
    classes: Sequence[ClassScore]
    """All classes, most likely first."""
    decode_ms: float
    preprocess_ms: float
    forward_ms: float
    arithmetic: Arithmetic = EXACT
    """In which numbers the network ran."""
    live: bool = False
    """Whether the picture is one of many that follow each other: a frame, a drawing in progress."""


@dataclass(frozen=True, eq=False)
class ActivationsShown:
    """The output of one layer for the picture."""

    card: NetworkCard
    trained: bool
    layer: str
    maps: npt.NDArray[np.float32]
    """(C, H, W), or (N,) of a flat layer."""
    class_names: tuple[str, ...] = ()
    """Where the N values are the network's classes: their names; else empty."""
    arithmetic: Arithmetic = EXACT
    """In which numbers the network ran."""

    @cached_property
    def statistics(self) -> LayerStatistics:
        """The numbers of these values, worked out when they are first asked for."""
        from cnn_explorer.probe.statistics import statistics_of

        return statistics_of(self.maps)


@dataclass(frozen=True, eq=False)
class EffectsShown:
    """How much each channel of a layer speaks for the likeliest class."""

    picture: Picture
    layer: str
    class_name: str
    effects: npt.NDArray[np.float64]
    """(channels,): gradient times activation, summed over the places."""


@dataclass(frozen=True, eq=False)
class ThumbnailsShown:
    """The outputs of the boxes drawn, in small."""

    graph: LayerGraph
    """Of the network on show: it tells one opening of the same network from another."""
    picture: Picture
    channel: Channel
    by_name: Mapping[str, Thumbnail]
    """By the box's name; those that take no part in a prediction have none."""
    asked: frozenset[str]
    """All boxes of whose outputs thumbnails were wanted: the others of them can have none."""


@dataclass(frozen=True, eq=False)
class ProfileShown:
    """The numbers of all layers' outputs for the picture."""

    graph: LayerGraph
    """Of the network that was run: the very object."""
    picture: Picture
    trained: bool
    profile: Profile


@dataclass(frozen=True, eq=False)
class FiltersShown:
    """The weights of one layer, or None in `filters` where it has none."""

    card: NetworkCard
    trained: bool
    layer: str
    filters: LayerFilters | None
    map_before: tuple[int, int, int] | None = None
    """Of a fully connected layer, the shape (C, H, W) of the map whose values it takes."""
    class_names: tuple[str, ...] = ()
    """Where the layer's outputs are the network's classes: their names; else empty."""


@dataclass(frozen=True)
class SourceShown:
    """The source code of a layer's or block's class."""

    layer: str
    type_name: str
    code: str
    origin: str
    """Where it stands: ``cnn_explorer/networks/resnet.py, line 40`` or ``torch.nn.Conv2d``."""


@dataclass(frozen=True, eq=False)
class MapsFile:
    """Maps or kernels to be saved, as a figure or as values: the file's ending says which."""

    path: Path
    maps: npt.NDArray[np.float32]
    """(N, H, W), or colour kernels (N, 3, H, W)."""
    order: npt.NDArray[np.intp] | None
    """The maps to draw, in this order; None for all."""
    shading: Shading
    colours: ColormapName
    title: str
    columns: int
    dark: bool
    names: tuple[str, ...] | None = None
    """What all maps are called, where that is not their place."""
    of: str = "channel"
    """What they are."""


Extent = Literal["shown", "all", "level"]
"""How much of a graph: as it is shown, every layer, or blocks opened down to a level."""
Ground = Literal["window", "light", "dark"]


@dataclass(frozen=True)
class ExportChoice:
    """What a person wants to save of a graph."""

    suffix: str = ".svg"
    extent: Extent = "shown"
    level: int = 1
    """Where `extent` is ``level``: how many levels of blocks stand open."""
    ground: Ground = "window"
    numbers: bool = False
    """Parameters and multiply-adds in the boxes."""
    thumbnails: bool = True
    """Pictures of the outputs, where there are some."""


@dataclass(frozen=True, eq=False)
class TimesShown:
    """How long the layers of a network take on this computer: forward, medians of several runs."""

    graph: LayerGraph
    """Of the network that was measured: the very object."""
    times: Mapping[str, float]
    """Milliseconds by layer name."""
    forward_ms: float
    """Of the whole forward, measured without watching layers."""
    runs: int

    @property
    def sum_ms(self) -> float:
        """Of all layers together."""
        return sum(self.times.values())
