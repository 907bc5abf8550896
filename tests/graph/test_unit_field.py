"""One unit's field against gradients, and the two questions against each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.receptive import ReceptiveField, Span, receptive_fields
from cnn_explorer.graph.unit_field import (
    FieldBox,
    MapExtent,
    is_placed,
    map_extent,
    unit_box,
    units_seeing,
)
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.catalog import NETWORKS
from tests.graph.examples import own_graph
from tests.graph.gradients import make_positive, spread, supports

spans = st.builds(
    Span,
    size=st.integers(1, 90),
    stride=st.one_of(st.none(), st.integers(1, 40)),
    offset=st.integers(-60, 20),
)
fields = st.builds(ReceptiveField, spans, spans)
sides = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(
    field=fields,
    map_sides=sides,
    input_sides=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    data=st.data(),
)
def test_a_unit_sees_a_pixel_if_and_only_if_the_pixel_is_in_its_box(
    field: ReceptiveField,
    map_sides: tuple[int, int],
    input_sides: tuple[int, int],
    data: st.DataObject,
) -> None:
    y = data.draw(st.integers(0, input_sides[0] - 1))
    x = data.draw(st.integers(0, input_sides[1] - 1))
    rows, columns = units_seeing(field, y, x, map_sides)
    assert set(rows) <= set(range(map_sides[0]))
    assert set(columns) <= set(range(map_sides[1]))
    for row in range(map_sides[0]):
        for column in range(map_sides[1]):
            box = unit_box(field, row, column, input_sides)
            assert 0 <= box.top <= box.bottom <= input_sides[0]
            assert 0 <= box.left <= box.right <= input_sides[1]
            inside = box.top <= y < box.bottom and box.left <= x < box.right
            assert inside == (row in rows and column in columns)
            assert not (inside and box.empty)


@given(field=fields, map_sides=sides)
def test_units_lie_in_the_middle_of_their_fields(
    field: ReceptiveField, map_sides: tuple[int, int]
) -> None:
    extent = map_extent(field, map_sides)
    for axis, span in enumerate((field.height, field.width)):
        start, length = ((extent.y, extent.height), (extent.x, extent.width))[axis]
        if span.stride is None:
            assert (start, length) == (span.offset, span.size)
            continue
        unit = length / map_sides[axis]
        assert unit == pytest.approx(span.stride)
        for number in range(map_sides[axis]):
            middle = span.offset + number * span.stride + span.size / 2
            assert start + (number + 0.5) * unit == pytest.approx(middle)


def test_by_hand() -> None:
    # 5x5, padding 2, stride 2
    span = Span(5, 2, -2)
    field = ReceptiveField(span, span)
    assert unit_box(field, 0, 3, (14, 14)) == FieldBox(0, 4, 3, 9, padded=True)
    assert unit_box(field, 2, 3, (14, 14)) == FieldBox(2, 4, 7, 9, padded=False)
    assert units_seeing(field, 0, 13, (7, 7)) == (range(2), range(6, 7))
    assert map_extent(field, (7, 7)) == MapExtent(-0.5, -0.5, 14.0, 14.0)
    # a unit in the padding: 1x1 with padding 1
    outside = ReceptiveField(Span(1, 1, -1), Span(1, 1, -1))
    assert unit_box(outside, 0, 0, (4, 4)).empty
    assert unit_box(outside, 5, 5, (4, 4)).empty


def test_units_that_see_all_of_it_lie_over_all_of_it() -> None:
    span = Span(32, None, 0)
    whole = ReceptiveField(span, span, whole=True)
    assert unit_box(whole, 0, 0, (32, 32)) == FieldBox(0, 0, 32, 32, padded=False)
    assert units_seeing(whole, 31, 0, (4, 3)) == (range(4), range(3))
    assert map_extent(whole, (4, 3)) == MapExtent(0.0, 0.0, 32.0, 32.0)


def test_values_that_were_flattened_have_no_place_in_maps() -> None:
    flattened, whole = Span(16, None, 0), Span(224, None, 0)
    assert not is_placed(ReceptiveField(flattened, flattened), (14, 14))
    assert is_placed(ReceptiveField(flattened, flattened), (1, 1))
    assert is_placed(ReceptiveField(whole, whole, whole=True), (14, 14))
    assert is_placed(ReceptiveField(Span(3, 1, 0), Span(3, 1, 0)), (14, 14))


def test_vggs_last_maps_lie_over_the_picture_and_alexnets_within_it() -> None:
    vgg, alexnet = (
        receptive_fields(own_graph(name))[layer]
        for name, layer in (("vgg16", "features.30"), ("alexnet", "features.12"))
    )
    assert vgg is not None
    assert alexnet is not None
    assert map_extent(vgg, (7, 7)) == MapExtent(0.0, 0.0, 224.0, 224.0)
    assert map_extent(alexnet, (6, 6)) == MapExtent(15.5, 15.5, 192.0, 192.0)


# the oracle


def _compare(
    graph: LayerGraph, model: nn.Module, input_shape: tuple[int, int, int], count: int
) -> int:
    """Units in three corners and in between, at the size that the network takes."""
    fields = receptive_fields(graph)
    modules = dict(model.named_modules())
    names = [
        layer.name
        for layer in graph.layers
        if layer.name in modules
        and not layer.training_only
        and len(layer.out_shape) == 3
        and fields[layer.name] is not None
        and layer.out_shape[1] > 1
    ]
    chosen = spread(names, count)
    for place in ((0.0, 0.0), (0.34, 0.6), (1.0, 0.0), (1.0, 1.0)):
        units = {}
        for layer in chosen:
            height, width = graph.node[layer].out_shape[1:]
            units[layer] = (round(place[0] * (height - 1)), round(place[1] * (width - 1)))
        for layer, found in supports(model, input_shape, units).items():
            field = fields[layer]
            assert field is not None
            box = unit_box(field, *units[layer], input_shape[1:])
            assert found == (box.top, box.left, box.bottom, box.right), (layer, place)
    return len(chosen)


@pytest.mark.parametrize("name", ["lenet5", "lenet5-1998", "alexnet", "vgg11", "resnet18"])
def test_boxes_are_the_support_of_gradients(name: str) -> None:
    card = NETWORKS[name]
    small = card.preprocessing.kind == "digit"
    model = make_positive(build_empty(card), thin=not small)
    shape = card.preprocessing.input_shape
    assert _compare(own_graph(name), model, shape, 99 if small else 5) >= 4


def test_boxes_of_a_net_with_uneven_windows_are_the_support_of_gradients() -> None:
    def net() -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(1, 2, (3, 5), stride=(2, 1), padding=(1, 2)),
            nn.ReLU(),
            nn.AvgPool2d((2, 3), stride=(1, 2), padding=(0, 1)),
            nn.Conv2d(2, 1, 3, padding=(2, 1), dilation=(2, 1)),
        )

    shape = (1, 20, 26)
    graph = extract(net(), shape, network="uneven")
    assert _compare(graph, make_positive(net()), shape, 9) == 4
