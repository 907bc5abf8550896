"""Channels that go with a channel: against numpy's correlation, and maps laid exactly."""

from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.graph.module_tree import layer_graph
from cnn_explorer.graph.unit_field import map_extent
from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.channel_match import (
    ChannelCorrelation,
    Extent,
    LayerOf,
    match_channel,
    on_one_grid,
    on_picture,
)
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import Placement
from cnn_explorer.probe.session import Session

RNG = np.random.default_rng(3)


def maps_of(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def test_one_picture_is_numpys_correlation() -> None:
    chosen, maps = maps_of(7, 9), maps_of(20, 7, 9)
    maps[4] += 2 * chosen
    maps[5] -= 3 * chosen
    found = ChannelCorrelation(20)
    found.add(chosen, maps)
    expected = [np.corrcoef(chosen.ravel(), one.ravel())[0, 1] for one in maps]
    np.testing.assert_allclose(found.correlations(), expected, atol=1e-12)
    assert found.best(1)[0].channel == 4
    assert all(match.correlation > 0 for match in found.best(20))
    assert 5 not in [match.channel for match in found.best(20)]


def test_pictures_add_up_whatever_the_means() -> None:
    found = ChannelCorrelation(3)
    sides, others = [], []
    for size in (1, 6, 11):
        chosen = maps_of(size, size) + np.float32(5000 + size)
        maps = maps_of(3, size, size) + chosen / 2 - np.float32(300)
        found.add(chosen, maps)
        sides.append(chosen.astype(np.float64).ravel())
        others.append(maps.astype(np.float64).reshape(3, -1))
    expected = np.corrcoef(np.concatenate(sides), np.concatenate(others, 1))[0, 1:]
    np.testing.assert_allclose(found.correlations(), expected, atol=1e-9)


def test_what_is_constant_or_no_number_matches_nothing() -> None:
    maps = maps_of(4, 5, 5)
    maps[1] = np.float32(0.1)
    maps[2, 0, 0] = np.nan
    maps[3] = 0
    found = ChannelCorrelation(4)
    found.add(maps[0], maps)
    assert found.correlations().tolist() == [pytest.approx(1), 0, 0, 0]
    assert [match.channel for match in found.best()] == [0]
    for chosen in (maps[1], maps[2], maps[3]):
        none = ChannelCorrelation(4)
        none.add(chosen, maps)
        assert none.correlations().tolist() == [0, 0, 0, 0]
    assert ChannelCorrelation(2).best() == ()
    single = ChannelCorrelation(2)
    single.add(maps_of(1, 1), maps_of(2, 1, 1))
    assert single.best() == ()


def test_the_finer_map_is_taken_by_means() -> None:
    fine, coarse = maps_of(1, 12, 12), maps_of(2, 4, 4)
    one, other = on_one_grid(fine, coarse)
    np.testing.assert_allclose(one[0], fine[0].reshape(4, 3, 4, 3).mean((1, 3)), atol=1e-6)
    np.testing.assert_allclose(other, coarse, atol=1e-12)
    # 6 x 6 on 4 x 4: a cell covers one and a half
    one, _ = on_one_grid(maps_of(1, 6, 6) * 0 + np.arange(6, dtype=np.float32), coarse)
    np.testing.assert_allclose(one[0, 0], [1 / 3, 5 / 3, 10 / 3, 14 / 3], atol=1e-12)


def test_maps_are_laid_where_they_lie() -> None:
    pattern = maps_of(40, 40).astype(np.float64)

    def read(extent: Extent, step: int) -> np.ndarray:
        x, y, width, height = (round(side) for side in extent)
        part = pattern[y : y + height, x : x + width]
        cells = part.reshape(height // step, step, width // step, step)
        return cells.mean((1, 3))[None].astype(np.float32)

    first, second = (4.0, 0.0, 32.0, 40.0), (0.0, 8.0, 40.0, 24.0)
    one, other = on_one_grid(read(first, 4), read(second, 8), (first, second))
    # the coarse cells whose middles the other map covers: all five columns, whose outer ones it
    # covers by half, and all three rows
    assert one.shape == other.shape == (1, 3, 5)
    np.testing.assert_allclose(one[0, :, 1:4], other[0, :, 1:4], atol=1e-6)


def test_maps_apart_have_nothing_in_common() -> None:
    found = ChannelCorrelation(2)
    found.add(maps_of(4, 4), maps_of(2, 4, 4), ((0, 0, 10, 10), (20, 0, 10, 10)))
    assert found.correlations().tolist() == [0, 0]


def test_from_the_input_to_the_picture() -> None:
    placement = Placement(10, -4, 2.0, 0.5)
    assert on_picture((1, 2, 30, 40), placement) == (12.0, -3.0, 60.0, 20.0)


# --- networks ------------------------------------------------------------------------------------


def layer_of(session: Session, name: str) -> LayerOf:
    graph = layer_graph(session.model, session.preprocessing.input_shape, network="x")
    field = graph.receptive_fields[name]
    shape = graph.layer[name].out_shape
    extent = map_extent(field, (shape[1], shape[2]))
    return LayerOf(session, name, (extent.x, extent.y, extent.width, extent.height))


def test_a_layer_matches_itself_and_an_untold_one_likewise() -> None:
    session = Session.open(card_of("resnet20"))
    side = layer_of(session, "layer2.0.conv1")
    cat = decode_file(resource("samples") / "photo-cat.jpg")
    heard: list[float] = []
    found = match_channel(side, 7, side, [cat, cat], heard.append, count=2)
    assert found.best()[0].channel == 7
    assert found.best()[0].correlation == pytest.approx(1)
    maps = session.run(prepare(cat, session.preprocessing), [side.layer]).activations[side.layer]
    expected = np.corrcoef(maps.reshape(len(maps), -1).astype(np.float64))[7]
    np.testing.assert_allclose(found.correlations(), expected, atol=1e-6)
    assert heard == [0.0, 0.5, 1.0]
    with pytest.raises(ExplorerError, match="has 32 channels, counted from 0"):
        match_channel(side, 32, side, [cat], count=1)
    with pytest.raises(ExplorerError, match="no picture"):
        match_channel(side, 0, side, [], count=0)
    flat = match_channel(LayerOf(session, "linear"), 0, LayerOf(session, "linear"), [cat], count=1)
    assert flat.best() == ()

    def stop(_fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        match_channel(side, 7, side, [cat], stop, count=1)


def test_networks_that_crop_differently_are_aligned_on_the_picture() -> None:
    """The same network twice, which once sees a closer view: each channel finds itself where maps
    are laid on the picture, and not where they are laid on each other."""
    rgb = np.full((200, 300, 3), 30, np.uint8)
    rgb[60:150, 90:170] = (220, 180, 90)
    rgb[100:180, 150:220] = (40, 200, 210)
    picture = Picture(rgb, "blocks")
    session = Session.open(card_of("resnet20"))
    whole = layer_of(session, "layer1.0.conv1")
    nearer = replace(session.preprocessing, resize=48)
    close = LayerOf(replace(session, preprocessing=nearer), whole.layer, whole.extent)
    untold = LayerOf(close.session, close.layer)
    aligned, laid = [], []
    for channel in range(16):
        for side, into in ((close, aligned), (untold, laid)):
            found = match_channel(whole, channel, side, [picture], count=1)
            into.append(found.correlations()[channel])
    assert np.median(aligned) > 0.7
    assert np.median(laid) < 0.4
