"""The layer on show and the picture: a dot in a picture is where its strongest unit looks."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import GraphEdge, LayerGraph, LayerNode, Window
from cnn_explorer.graph.receptive import receptive_fields
from cnn_explorer.graph.unit_field import MapExtent
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.picture_link import LayerOnPicture, PictureLink, Region, Units
from cnn_explorer.gui.state.shown import ActivationsShown, AnswersShown, NetworkShown
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import ALL, NETWORKS
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement, PreparedInput
from cnn_explorer.probe.session import Session
from tests.gui.graphs import placed

CARD = NETWORKS["resnet18"]


def conv_graph() -> LayerGraph:
    """3x3, stride 2, padding 1 on 8 x 8; then an operation that nobody can follow, and numbers."""
    given, made = (3, 8, 8), (4, 4, 4)
    layers = (
        LayerNode("input", "", "input", "", (), given, 0, 0, reach="place"),
        LayerNode(
            "conv", "", "conv", "Conv2d", (given,), made, 112, 1792,
            reach="window", window=Window((3, 3), (2, 2), (1, 1)),
        ),
        LayerNode("shuffle", "", "other", "Shuffle", (made,), made, 0, 0, reach="unknown"),
        LayerNode("fc", "", "linear", "Linear", ((64,),), (5,), 0, 0, reach="whole"),
    )  # fmt: skip
    edges = (
        GraphEdge("input", "conv", given),
        GraphEdge("conv", "shuffle", made),
        GraphEdge("shuffle", "fc", made),
    )
    return LayerGraph("tiny", layers, (), edges)


def prepared(placement: Placement | None = None) -> PreparedInput:
    """8 x 8 pixels, each of them 10 x 5 of a picture, from (20, 0) on."""
    tensor, seen = np.zeros((3, 8, 8), np.float32), np.zeros((8, 8, 3), np.uint8)
    return PreparedInput(
        tensor, seen, (20.0, 0.0, 80.0, 40.0), 1.0, placement or Placement(20.0, 0.0, 10.0, 5.0)
    )


def picture() -> Picture:
    return Picture(np.zeros((40, 120, 3), np.uint8), "black")


@dataclass
class Heard:
    """The state's side of a link, and what the link has said."""

    explorer: Explorer
    link: PictureLink
    graph: LayerGraph = field(default_factory=conv_graph)
    layers: list[LayerOnPicture | None] = field(default_factory=list)
    fields: list[Region | None] = field(default_factory=list)
    units: list[Units | None] = field(default_factory=list)

    def open_network(self) -> None:
        self.graph = conv_graph()
        layout = placed(self.graph)
        self.explorer.network_shown.emit(
            NetworkShown(CARD, self.graph, False, "", frozenset(), layout)
        )

    def answer(self, layer: str, *shape: int, placement: Placement | None = None) -> None:
        given = prepared(placement)
        self.explorer.picture_shown.emit(picture())
        self.explorer.answers_shown.emit(
            AnswersShown(CARD, False, picture(), given, (), 0.0, 0.0, 0.0)
        )
        maps = np.zeros(shape, np.float32)
        self.explorer.activations_shown.emit(ActivationsShown(CARD, False, layer, maps))


@pytest.fixture
def heard(qtbot: QtBot) -> Iterator[Heard]:
    del qtbot
    explorer = Explorer(networks={CARD.name: CARD})
    link = PictureLink(explorer, explorer)
    heard = Heard(explorer, link)
    link.layer_placed.connect(heard.layers.append)
    link.field_shown.connect(heard.fields.append)
    link.units_marked.connect(heard.units.append)
    yield heard
    explorer.close()
    explorer.deleteLater()


def test_units_and_places_of_the_layer_on_show(heard: Heard) -> None:
    heard.open_network()
    assert heard.link.field_of(0, 0) is None
    assert heard.link.units_at(30.0, 3.0) is None
    heard.answer("conv", 4, 4, 4)
    # pixels 0 and 1 downwards, 3 to 5 across; the row above is padding
    heard.link.point_at_unit((0, 2))
    assert heard.fields[-1] == (20.0 + 30.0, 0.0, 30.0, 10.0)
    heard.link.point_at_unit(None)
    assert heard.fields[-1] is None
    # pixel (3, 3): of the second and third rows and columns
    heard.link.mark_place((20.0 + 35.0, 17.0))
    assert heard.units[-1] == Units(range(1, 3), range(1, 3))
    heard.link.mark_place((19.0, 17.0))  # beside what the network sees
    assert heard.units[-1] == Units(range(0), range(0))
    heard.link.mark_place(None)
    assert heard.units[-1] is None
    assert heard.link.layer is not None
    assert heard.link.layer.extent() == MapExtent(-0.5, -0.5, 8.0, 8.0)


def test_marks_follow_layer_picture_and_network(heard: Heard) -> None:
    heard.open_network()
    heard.answer("conv", 4, 4, 4)
    heard.link.mark_place((55.0, 17.0))
    heard.link.point_at_unit((1, 1))
    # another layer is being computed
    heard.explorer.layer_selected.emit("fc")
    assert (heard.layers[-1], heard.fields[-1], heard.units[-1]) == (None, None, None)
    heard.answer("fc", 5)  # its values have no places
    assert (heard.layers[-1], heard.units[-1]) == (None, None)
    heard.answer("conv", 4, 4, 4)
    assert heard.units[-1] == Units(range(1, 3), range(1, 3))
    # another picture, which lies elsewhere
    heard.link.point_at_unit((1, 1))
    heard.explorer.picture_shown.emit(picture())
    assert (heard.fields[-1], heard.units[-1]) == (None, None)
    assert heard.link.field_of(1, 1) is None
    heard.answer("conv", 4, 4, 4, placement=Placement(50.0, 10.0, 10.0, 5.0))
    assert heard.units[-1] == Units(range(2), range(1))
    heard.explorer.run_stopped.emit()
    assert (heard.layers[-1], heard.units[-1]) == (None, None)
    heard.answer("conv", 4, 4, 4)
    heard.explorer.picture_cleared.emit()
    assert (heard.layers[-1], heard.units[-1]) == (None, None)
    heard.answer("conv", 4, 4, 4)
    heard.open_network()
    assert (heard.layers[-1], heard.units[-1]) == (None, None)
    heard.answer("conv", 4, 4, 4)
    assert heard.units[-1] is not None


def test_where_nobody_knows_it_is_said_why(heard: Heard) -> None:
    heard.open_network()
    heard.answer("shuffle", 4, 4, 4)
    (layer,) = heard.layers[-1:]
    assert layer is not None
    assert layer.field is None
    assert layer.reason.startswith("What the units of shuffle see of the picture is not known: ")
    assert layer.extent() is None
    heard.link.point_at_unit((0, 0))
    heard.link.mark_place((55.0, 17.0))
    assert heard.fields[-1] is None
    assert heard.units[-1] is None


def test_a_unit_that_sees_padding_alone_has_no_field() -> None:
    graph = conv_graph()
    conv = replace(graph.layers[1], window=Window((1, 1), (2, 2), (1, 1)), out_shape=(4, 5, 5))
    field_of_conv = receptive_fields(
        replace(graph, layers=(graph.layers[0], conv), edges=graph.edges[:1])
    )
    layer = LayerOnPicture(prepared(), (5, 5), field_of_conv["conv"])
    assert layer.field_of(0, 0) is None
    assert layer.field_of(1, 1) == (30.0, 5.0, 10.0, 5.0)


# the whole way


@cache
def graph_of(network: str) -> LayerGraph:
    card = ALL[network]
    return extract(build_empty(card), card.preprocessing.input_shape, network=network)


@pytest.mark.parametrize(
    ("network", "layers"),
    [
        ("squeezenet1_1", ("features.0", "features.3.expand3x3", "features.7.expand3x3")),
        ("resnet18", ("conv1", "layer1.0.conv2", "layer2.0.conv2", "layer3.0.conv1")),
        # features stand last in parts of it
        ("torchvision/convnext_tiny", ("features.0.0", "features.1.0.block.3", "features.3.0")),
    ],
)
@pytest.mark.parametrize("size", [(700, 400), (300, 500)])
def test_the_unit_that_answers_most_to_a_dot_looks_at_it(
    network: str, layers: tuple[str, ...], size: tuple[int, int]
) -> None:
    """Through a real network with random weights; and none answers that is not said to see it."""
    card = ALL[network]
    fields = receptive_fields(graph_of(network))
    session = Session.open(card, version="random")
    width, height = size
    blank = np.full((height, width, 3), 120, np.uint8)
    plain = session.run(prepare(Picture(blank, "plain"), card.preprocessing), layers)
    side = min(size) // 100
    for across, down in ((0.3, 0.35), (0.52, 0.47), (0.66, 0.6)):
        x, y = round(across * width), round(down * height)
        dotted = blank.copy()
        dotted[y : y + side, x : x + side] = 255
        given = prepare(Picture(dotted, "dotted"), card.preprocessing)
        result = session.run(given, layers)
        for name in layers:
            maps = result.activations[name]
            answer = np.abs(maps - plain.activations[name]).max(0)
            layer = LayerOnPicture(given, maps.shape[1:], fields[name])
            row, column = np.unravel_index(answer.argmax(), answer.shape)
            region = layer.field_of(int(row), int(column))
            assert region is not None
            left, top, wide, high = region
            assert left <= x + side / 2 <= left + wide
            assert top <= y + side / 2 <= top + high
            # the dot, and the pixels into which scaling spreads it
            scale = given.placement.across
            first = layer.units_at(x - scale, y - scale)
            last = layer.units_at(x + side + scale, y + side + scale)
            assert first is not None
            assert last is not None
            rows, columns = np.nonzero(answer > 1e-5 * answer.max())
            assert first.rows.start <= rows.min() <= rows.max() < last.rows.stop
            assert first.columns.start <= columns.min() <= columns.max() < last.columns.stop
