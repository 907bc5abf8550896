"""One picture through several networks: columns, cells, and places that are the same in all."""

import weakref
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from cnn_explorer.cli_graph import graph_of
from cnn_explorer.errors import Cancelled
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.unit_field import map_extent
from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.answers import compare_answers
from cnn_explorer.probe.comparison import (
    Column,
    ColumnAsked,
    ColumnFailed,
    LayerAsked,
    compare,
    run_comparison,
    upon,
)
from cnn_explorer.probe.pool import SessionPool, Wanted
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement, PreparedInput
from cnn_explorer.probe.session import Session
from tests.networks.onnx_files import model_of, saved, small_net


@pytest.fixture(scope="module")
def photo() -> Picture:
    return decode_file(resource("samples", "photo-cat.jpg"))


@pytest.fixture
def pool() -> SessionPool:
    return SessionPool()


@cache
def graph_named(name: str) -> LayerGraph:
    return graph_of(card_of(name))


def asked(name: str, *layers: str | None, version: str = "", title: str = "") -> ColumnAsked:
    """A column with the layers placed as the graph says."""
    card = card_of(name)
    return ColumnAsked(
        Wanted(card, version), title or card.title, tuple(placed(name, layer) for layer in layers)
    )


def placed(name: str, layer: str | None) -> LayerAsked | None:
    if layer is None:
        return None
    graph = graph_named(name)
    shape, field = graph.node[layer].out_shape, graph.receptive_fields[layer]
    if len(shape) != 3 or field is None:
        return LayerAsked(layer)
    extent = map_extent(field, (shape[1], shape[2]))
    across, down = extent.width / shape[2], extent.height / shape[1]
    return LayerAsked(layer, Placement(extent.x, extent.y, across, down))


def columns_of(found: object) -> list[Column]:
    columns = list(found)  # type: ignore[call-overload]
    assert all(isinstance(column, Column) for column in columns)
    return columns


def test_each_column_is_what_the_network_alone_says(photo: Picture, pool: SessionPool) -> None:
    wanted = [asked("resnet20", "layer1", "layer3"), asked("plain20", "layer1", None)]
    for column, name in zip(
        columns_of(compare(photo, wanted, pool)), ("resnet20", "plain20"), strict=True
    ):
        session = Session.open(card_of(name))
        prepared = prepare(photo, session.preprocessing)
        alone = session.run(prepared, ["layer1"])
        assert column.result.classes == alone.classes
        np.testing.assert_array_equal(
            column.result.activations["layer1"], alone.activations["layer1"]
        )
        np.testing.assert_array_equal(column.prepared.tensor, prepared.tensor)
        cell = column.cell(0, "mean")
        assert cell is not None
        np.testing.assert_allclose(
            cell.values, alone.activations["layer1"].mean(0), rtol=1e-5, atol=1e-6
        )
        assert column.trained
        assert column.weights == "CIFAR-10"
    assert column.cell(1, "mean") is None
    assert column.cell(0, "channel", 15) is not None
    assert column.cell(0, "channel", 16) is None


def test_a_column_is_there_before_the_next_network_is_opened(
    photo: Picture, pool: SessionPool
) -> None:
    columns = compare(photo, [asked("resnet20"), asked("plain20")], pool)
    assert pool.open == ()
    first = next(columns)
    assert isinstance(first, Column)
    assert first.number == 0
    assert pool.open == (Wanted(card_of("resnet20")),)
    assert next(columns).number == 1
    assert next(columns, None) is None


def test_networks_beyond_the_limit_are_let_go_on_the_way(photo: Picture) -> None:
    pool = SessionPool(1_200_000)
    wanted = [asked(name) for name in ("resnet20", "plain20", "resnet20")]
    most = 0
    for _ in compare(photo, wanted, pool):
        most = max(most, pool.held_bytes)
    assert most <= 1_200_000


def test_a_network_has_gone_before_the_next_one_is_opened(photo: Picture) -> None:
    pool = SessionPool(1_200_000)
    models: list[weakref.ref[object]] = []
    held: list[bool] = []

    def watch(fraction: float) -> None:
        if fraction > 0.5:
            held.append(models[0]() is not None)

    columns = compare(photo, [asked("resnet20"), asked("plain20")], pool, watch)
    next(columns)
    models.append(weakref.ref(pool.get(pool.open[0]).model))  # type: ignore[union-attr]
    next(columns)
    assert held
    assert not any(held)


def test_networks_that_take_pictures_in_the_same_way_share_the_input(
    photo: Picture, pool: SessionPool
) -> None:
    wanted = [asked("resnet20"), asked("plain20"), asked("lenet5")]
    first, second, third = columns_of(compare(photo, wanted, pool))
    assert first.prepared is second.prepared
    assert third.prepared is not first.prepared


def test_a_network_that_fails_does_not_keep_the_others_from_running(
    photo: Picture, pool: SessionPool, tmp_path: Path
) -> None:
    missing = ColumnAsked(Wanted(onnx_file=tmp_path / "none.onnx"), "None")
    comparison = run_comparison(photo, [missing, asked("resnet20")], pool)
    (failed,) = comparison.failed
    assert isinstance(failed, ColumnFailed)
    assert failed.number == 0
    assert "none.onnx" in failed.sentence
    assert [column.number for column in comparison.columns] == [1]


def test_an_onnx_file_that_takes_no_picture_is_told(
    photo: Picture, pool: SessionPool, tmp_path: Path
) -> None:
    matrix = model_of([helper.make_node("Relu", ["x"], ["y"])], shape=(1, 7))
    own = ColumnAsked(Wanted(onnx_file=saved(matrix, tmp_path / "matrix.onnx")), "matrix.onnx")
    (failed,) = compare(photo, [own], pool)
    assert isinstance(failed, ColumnFailed)
    assert "is not run" in failed.sentence


def test_an_onnx_file_and_random_weights_take_part(
    photo: Picture, pool: SessionPool, tmp_path: Path
) -> None:
    file = saved(small_net(), tmp_path / "own.onnx")
    own = ColumnAsked(Wanted(onnx_file=file), "own.onnx", (LayerAsked("relu"), LayerAsked("no")))
    untrained = asked("resnet20", "layer1", None, version="random")
    first, second = columns_of(compare(photo, [own, untrained], pool))
    assert first.result.activations["relu"].shape == (4, 16, 16)
    assert first.cell(1, "mean") is None
    assert not second.trained
    notes = compare_answers([first.answer, second.answer]).notes
    assert "ResNet-20 has no trained weights: its answer means nothing." in notes
    assert any("another set" in note for note in notes)


def test_progress_is_that_of_all_and_ends_the_comparison(photo: Picture, pool: SessionPool) -> None:
    told: list[float] = []
    list(compare(photo, [asked("resnet20"), asked("plain20")], pool, told.append))
    assert told == sorted(told)
    assert told[0] < 0.3
    assert told[-1] == 1

    def stop(fraction: float) -> None:
        if fraction > 0.6:
            raise Cancelled

    columns = compare(photo, [asked("resnet20"), asked("plain20")], pool, stop)
    next(columns)
    with pytest.raises(Cancelled):
        next(columns)


def test_what_lies_on_something_lies_on_the_picture() -> None:
    inner, outer = Placement(2, 3, 4, 5), Placement(-10, 7, 0.5, 2)
    both = upon(inner, outer)
    assert both.to_picture(6, 8) == outer.to_picture(*inner.to_picture(6, 8))


NETWORKS = (
    ("resnet20", ("conv1", "layer1.1.conv1", "layer2.0.conv1", None)),
    ("squeezenet1_1", ("features.0", "features.3.expand3x3", "features.6.expand3x3", None)),
    ("googlenet", ("conv1.conv", "conv2.conv", "inception3a.branch2.1.conv", None)),
)


@pytest.fixture(scope="module")
def open_networks() -> SessionPool:
    pool = SessionPool()
    for name, _ in NETWORKS:
        pool.get(asked(name).wanted)
    return pool


@pytest.mark.parametrize("pixel", [(16, 16), (20, 13)])
def test_a_bright_dot_is_at_the_same_place_in_all_columns(
    pixel: tuple[int, int], open_networks: SessionPool
) -> None:
    """In each map the units that the dot changes lie around it: their middle is the dot's, within
    half of what neighbouring units are apart. Each of the networks scales this picture by a whole
    number, so that the dot stays one, and none of the layers sees as far as the border."""
    dark = np.full((1024, 1280, 3), 90, np.uint8)
    bright = dark.copy()
    left, top = 128 + 32 * pixel[0], 32 * pixel[1]  # CIFAR-10's networks see it as one pixel
    bright[top : top + 32, left : left + 32] = 255
    dot = left + 16, top + 16
    wanted = [asked(name, *layers) for name, layers in NETWORKS]
    without = columns_of(compare(Picture(dark, "dark"), wanted, open_networks))
    with_dot = columns_of(compare(Picture(bright, "bright"), wanted, open_networks))
    for ours, plain in zip(with_dot, without, strict=True):
        for row, (layer, placement) in enumerate(
            zip(ours.asked.layers, ours.placements, strict=True)
        ):
            if layer is None:
                assert ours.unit_at(row, *dot) is None
                continue
            assert placement is not None
            changed = np.abs(
                ours.result.activations[layer.name] - plain.result.activations[layer.name]
            ).max(0)
            ys, xs = np.nonzero(changed > 1e-3 * changed.max())
            middle = (xs.min() + xs.max() + 1) / 2, (ys.min() + ys.max() + 1) / 2
            x, y = placement.to_input(*dot)
            assert abs(x - middle[0]) <= 0.5, layer.name
            assert abs(y - middle[1]) <= 0.5, layer.name
            unit = ours.unit_at(row, *dot)
            assert unit == (int(y), int(x))
            assert changed[unit] > 0
            assert ours.unit_at(row, -1e6, 0) is None


def test_columns_run_one_by_one_share_what_goes_in() -> None:
    shown = Picture(np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8), "noise")
    pool = SessionPool()
    inputs: dict[Preprocessing, PreparedInput] = {}
    asked = [ColumnAsked(Wanted(card_of(name)), name) for name in ("resnet20", "plain20")]
    columns = [next(compare(shown, [one], pool, inputs=inputs)) for one in asked]
    assert all(isinstance(column, Column) for column in columns)
    assert columns[0].prepared is columns[1].prepared
