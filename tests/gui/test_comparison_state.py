"""Comparing networks: the state with its engine and without a window."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.alignment import align
from cnn_explorer.graph.unit_field import map_extent
from cnn_explorer.gui.state.comparing import (
    CellsAsked,
    CompareBench,
    ReadGraph,
    ReleaseNetworks,
    RunColumn,
)
from cnn_explorer.gui.state.comparison_state import ComparisonState, layer_asked, wanted_of
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.media.decode import decode_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.weights import RANDOM
from cnn_explorer.paths import resource
from cnn_explorer.probe.cells import cell_of
from cnn_explorer.probe.comparison import Column, ColumnAsked, ColumnFailed
from cnn_explorer.probe.folder import FolderPicture
from cnn_explorer.probe.onnx_export import export_onnx
from cnn_explorer.probe.pool import Wanted
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session

PATIENCE = 60_000  # ms; a limit, not a wait
THREE = ("lenet5", "lenet5-1998", "lenet-linear")


def digit() -> Picture:
    return decode_file(resource("samples", "digit-7.png"))


def photo() -> Picture:
    return decode_file(resource("samples", "photo-cat.jpg"))


class Desk:
    """The state of a comparison, and what it has said."""

    def __init__(self, qtbot: QtBot, explorer: Explorer) -> None:
        self.qtbot = qtbot
        self.explorer = explorer
        self.state = ComparisonState(explorer)
        self.said: list[str] = []
        self.requests: list[object] = []
        self.columns: list[int] = []
        explorer.message_shown.connect(self._hear)
        explorer.answered.connect(lambda request, _response: self.requests.append(request))
        self.state.column_changed.connect(self.columns.append)

    def _hear(self, message: Message) -> None:
        self.said.append(message.text)

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.explorer.idle and not self.state.busy, timeout=PATIENCE)

    def column(self, number: int) -> Column:
        column = self.state.column(number)
        assert isinstance(column, Column)
        return column

    @property
    def ran(self) -> list[str]:
        """Titles of the networks that were run since this was asked last."""
        ran = [one.asked.title for one in self.requests if isinstance(one, RunColumn)]
        self.requests.clear()
        return ran


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    explorer = Explorer()
    desk = Desk(qtbot, explorer)
    explorer.start()
    yield desk
    explorer.close()
    explorer.deleteLater()
    desk.state.deleteLater()


@pytest.fixture
def three(desk: Desk) -> Desk:
    """Three networks on a digit, all done."""
    desk.explorer.show_picture(digit())
    desk.state.open()
    desk.state.compare(THREE)
    desk.settle()
    return desk


def test_columns_come_one_by_one(desk: Desk) -> None:
    state = desk.state
    desk.explorer.show_picture(digit())
    state.open()
    state.compare(THREE)
    with desk.qtbot.waitSignal(state.column_changed, timeout=PATIENCE):
        pass
    assert isinstance(state.column(0), Column)
    assert state.column(1) is None
    desk.settle()
    assert [desk.column(at).title for at in range(3)] == [
        "LeNet-5", "LeNet-5 (1998)", "LeNet, all linear",
    ]  # fmt: skip
    assert desk.column(0).result.classes[0].name == "7"
    assert desk.ran == ["LeNet-5", "LeNet-5 (1998)", "LeNet, all linear"]
    assert state.names == THREE


def test_cells_and_places_are_those_of_a_run_by_itself(three: Desk) -> None:
    """The oracle is the command line's way: session, graph, alignment by hand."""
    state = three.state
    with_card = card_of("lenet5")
    session = Session.open(with_card)
    graph = state.graph(0)
    assert graph is not None
    for at, row in enumerate(state.rows):
        layer = row.layers[0]
        if layer is None:
            continue
        prepared = three.column(0).prepared
        maps = session.run(prepared, (layer,)).activations[layer]
        cell = state.cell(at, 0)
        assert cell is not None
        np.testing.assert_array_equal(cell.values, cell_of(maps, "mean").values)
        place = state.placement(at, 0)
        if maps.ndim != 3 or place is None:
            continue
        extent = map_extent(graph.receptive_fields[layer], maps.shape[1:])
        x, y = prepared.placement.to_picture(extent.x, extent.y)
        assert place.to_picture(0, 0) == pytest.approx((x, y))
    graphs = [graph for at in range(3) if (graph := state.graph(at)) is not None]
    assert [row.layers for row in state.rows] == [row.layers for row in align(graphs, "stride")]


def test_another_look_takes_no_run(three: Desk) -> None:
    state = three.state
    assert len(three.ran) == 3
    state.reduce_by("strongest")
    three.settle()
    cell = state.cell(0, 1)
    assert cell is not None
    assert cell.shown == "strongest"
    state.choose_channel(3)
    state.reduce_by("channel")
    three.settle()
    assert [(c.channel if (c := state.cell(0, at)) else None) for at in range(3)] == [3, 3, 3]
    state.choose_channel(99)
    three.settle()
    assert state.cell(0, 0) is None  # there is no such channel
    state.shade(one_scale=True)
    assert state.shading.scale == "layer"
    assert three.ran == []


def test_one_network_more_or_less_leaves_the_others(three: Desk) -> None:
    state = three.state
    assert len(three.ran) == 3
    before = state.column(0)
    state.remove(1)
    three.settle()
    assert [network.title for network in state.networks] == ["LeNet-5", "LeNet, all linear"]
    assert state.column(0) is before
    assert three.ran == []
    state.add("lenet5-1998")
    three.settle()
    assert three.ran == ["LeNet-5 (1998)"]
    state.add("lenet5-1998")
    assert three.said[-1] == "LeNet-5 (1998) is compared already."
    state.move(2, 0)
    assert state.names == ("lenet5-1998", "lenet5", "lenet-linear")
    assert three.column(1) is before
    state.add("nothing of the kind")
    assert three.said[-1] == "There is no network called nothing of the kind."


def test_no_more_than_six(desk: Desk) -> None:
    six = (*THREE, "plain20", "resnet20", "resnet56")
    desk.state.compare(six)
    desk.state.add("plain56")
    assert desk.said == ["6 networks are compared at most; remove one first."]
    assert desk.state.names == six
    assert desk.requests == []  # nobody looks yet


def test_another_picture_runs_all_again(three: Desk) -> None:
    assert len(three.ran) == 3
    three.explorer.show_picture(photo())
    assert not three.state.is_fresh(0)
    assert isinstance(three.state.column(0), Column)  # stays until the new one is there
    three.settle()
    assert three.state.is_fresh(2)
    assert len(three.ran) == 3
    three.state.close()
    three.explorer.show_picture(digit())
    three.settle()
    assert three.ran == []  # nobody looks


def test_a_drawing_reaches_every_column(three: Desk) -> None:
    """A hand that draws on does not begin anew with the first column each time."""
    first, last = photo(), digit()
    three.explorer.show_picture(first, live=True)
    three.qtbot.waitUntil(lambda: three.state.busy, timeout=PATIENCE)
    three.explorer.show_picture(digit(), live=True)
    three.explorer.show_picture(last, live=True)
    three.settle()
    assert three.state.picture is last
    assert all(three.state.is_fresh(at) for at in range(3))
    runs = [one for one in three.requests if isinstance(one, RunColumn)][3:]
    assert [one.picture is first for one in runs] == [True] * 3 + [False] * 3


def test_rules_and_pinned_rows(three: Desk) -> None:
    state = three.state
    state.align_by("depth")
    three.settle()
    assert state.rows[0].label.endswith("of the depth")
    state.set_most_rows(2)
    assert len(state.rows) == 2
    state.pin(0, 1, "no such layer")
    assert three.said[-1] == "LeNet-5 (1998) has no layer “no such layer”."
    assert len(state.rows) == 2
    state.pin(0, 1, "features.c3")
    assert state.rows[0].label == "pinned 1"
    assert state.rows[0].layers[1] == "features.c3"
    assert state.rows[0].layers[0] == state.rows[1].layers[0]  # the others as they stood
    three.settle()
    assert state.cell(0, 1) is not None
    state.pin(0, 0, "features.conv1")  # within a pinned row, in its place
    assert [row.pinned for row in state.rows] == [True, False, False]
    assert state.rows[0].layers[:2] == ("features.conv1", "features.c3")
    state.align_by("hand")
    assert len(state.rows) == 1
    state.remove(1)
    assert state.rows[0].layers[0] == "features.conv1"
    state.unpin(0)
    assert state.rows == ()
    three.settle()


def test_by_hand_begins_with_what_is_shown(three: Desk) -> None:
    shown = [row.layers for row in three.state.rows]
    three.state.align_by("hand")
    assert [row.layers for row in three.state.rows] == shown
    assert all(row.pinned for row in three.state.rows)


def test_a_channel_finds_its_like(three: Desk) -> None:
    state = three.state
    state.match_channel(0, 0)
    assert three.said[-1].startswith("Choose a channel first")
    state.choose_channel(2)
    state.reduce_by("channel")
    three.settle()
    state.match_channel(0, 0)
    three.settle()
    cell, other = state.cell(0, 0), state.cell(0, 2)
    assert cell is not None
    assert other is not None
    assert cell.channel == 2
    assert state.correlation(0, 0) == 1.0
    # the other's maps have the same places: the oracle is numpy's own correlation
    one = cell.values.ravel()
    maps = three.column(2).result.activations[state.rows[0].layers[2] or ""]
    all_of_it = [np.corrcoef(one, map_.ravel())[0, 1] for map_ in maps]
    assert other.channel == int(np.nanargmax(all_of_it))
    assert state.correlation(0, 2) == pytest.approx(np.nanmax(all_of_it), abs=1e-4)
    state.choose_channel(1)
    three.settle()
    assert state.correlation(0, 2) is None


def test_a_channel_finds_its_like_over_a_folder(three: Desk) -> None:
    state = three.state
    files = [resource("samples", f"digit-{digit}.png") for digit in (2, 3, 5)]
    state.choose_channel(2)
    state.reduce_by("channel")
    three.settle()
    state.set_folder([FolderPicture(path, None) for path in files])
    state.match_channel(0, 0)
    three.settle()
    assert three.said[-1] == "The channels most alike over 3 pictures of the folder."
    # the maps of all three pictures, one behind the other, in numpy's own correlation
    layers = [state.rows[0].layers[number] or "" for number in (0, 2)]
    seen: list[list[np.ndarray]] = [[], []]
    for path in files:
        for side, number in enumerate((0, 2)):
            session = Session.open(card_of(THREE[number]))
            given = prepare(decode_file(path), session.preprocessing)
            seen[side].append(session.run(given, (layers[side],)).activations[layers[side]])
    one = np.concatenate([maps[2].ravel() for maps in seen[0]])
    others = np.concatenate([maps.reshape(len(maps), -1) for maps in seen[1]], axis=1)
    expected = [np.corrcoef(one, row)[0, 1] for row in others]
    other = state.cell(0, 2)
    assert other is not None
    assert other.channel == int(np.nanargmax(expected))
    assert state.correlation(0, 2) == pytest.approx(np.nanmax(expected), abs=1e-4)


def test_stopped_and_gone_on_with(desk: Desk) -> None:
    state = desk.state
    desk.explorer.show_picture(digit())
    state.open()
    state.compare(THREE)
    with desk.qtbot.waitSignal(state.column_changed, timeout=PATIENCE):
        pass
    desk.explorer.cancel()
    assert state.paused
    desk.settle()
    assert isinstance(state.column(0), Column)
    assert state.column(2) is None
    state.go_on()
    desk.settle()
    assert not state.paused
    assert isinstance(state.column(2), Column)


def test_a_network_that_fails_says_why(desk: Desk, tmp_path: Path) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no network")
    desk.explorer.show_picture(digit())
    desk.state.open()
    desk.state.compare(("lenet5", str(bad), "lenet-linear"))
    desk.settle()
    failed = desk.state.column(1)
    assert isinstance(failed, ColumnFailed)
    assert "bad.onnx" in failed.sentence
    assert isinstance(desk.state.column(2), Column)
    comparison = desk.state.comparison()
    assert comparison is not None
    assert [len(comparison.columns), len(comparison.failed)] == [2, 1]
    assert desk.said == []  # the column says it


def test_an_untrained_network_says_so(desk: Desk) -> None:
    desk.explorer.show_picture(digit())
    desk.state.open()
    desk.state.compare(("lenet5", "squeezenet1_1"))
    desk.settle()
    assert desk.column(0).trained
    assert not desk.column(1).trained


def test_the_network_on_show_is_taken_as_it_is(desk: Desk) -> None:
    explorer, state = desk.explorer, desk.state
    explorer.choose_network("lenet5", version=RANDOM)
    desk.settle()
    explorer.show_picture(digit())
    state.open()
    state.add_shown()
    state.add("lenet-linear")
    desk.settle()
    assert not desk.column(0).trained
    assert explorer.network is not None
    assert wanted_of(explorer.network) == state.networks[0].wanted
    runs = [one for one in desk.requests if isinstance(one, RunColumn)]
    assert runs[0].shown is explorer.network.graph
    assert runs[1].shown is None


def test_an_onnx_file_and_weights_of_ones_own_take_part(desk: Desk, tmp_path: Path) -> None:
    session = Session.open(card_of("lenet5"))
    file, weights = tmp_path / "mine.onnx", tmp_path / "mine.pth"
    export_onnx(session, file, digit())
    torch.save(session.model.state_dict(), weights)
    desk.explorer.choose_network("lenet5", weights)
    desk.settle()
    desk.explorer.show_picture(digit())
    desk.state.open()
    desk.state.compare(("lenet5", str(file)))
    desk.state.add_shown()
    desk.settle()
    titles = [network.title for network in desk.state.networks]
    assert titles == ["LeNet-5 (MNIST)", "mine.onnx", "LeNet-5 (mine.pth)"]
    own, exported, loaded = (desk.column(at).answer.probabilities for at in range(3))
    np.testing.assert_allclose(exported, own, atol=1e-5)
    np.testing.assert_allclose(loaded, own, atol=1e-6)
    assert desk.state.names == ("lenet5", str(file))  # a file of weights is not remembered
    for row in range(len(desk.state.rows)):
        assert all(desk.state.cell(row, at) is not None for at in range(3))


def test_other_weights_and_another_precision_run_again(three: Desk) -> None:
    assert len(three.ran) == 3
    three.explorer.choose_network("lenet5", version=RANDOM)  # and so from now on
    three.settle()
    three.state.refresh_weights()
    three.settle()
    assert three.ran == ["LeNet-5"]
    assert not three.column(0).trained
    three.explorer.compute("fast")
    three.settle()
    runs = [one for one in three.requests if isinstance(one, RunColumn)]
    assert [one.precision for one in runs] == ["fast"] * 3


def test_a_gesture_goes_first(three: Desk) -> None:
    """Between two columns the network on show answers to a click."""
    done: list[str] = []
    explorer = three.explorer
    explorer.choose_network("lenet5")
    three.settle()
    explorer.answers_shown.connect(lambda _: done.append("answer"))
    three.state.column_changed.connect(lambda at: done.append(str(at)))
    explorer.show_picture(photo())
    done.clear()
    three.settle()
    assert done == ["0", "answer", "1", "2"]


def test_places_of_the_picture(three: Desk) -> None:
    state = three.state
    told: list[object] = []
    state.place_marked.connect(told.append)
    state.mark_place((3.0, 4.0))
    state.point_at((5.0, 6.0), (5.0, 6.0, 1.0, 1.0))
    assert state.place == (5.0, 6.0)
    state.point_at(None)
    assert told == [(3.0, 4.0), (5.0, 6.0), (3.0, 4.0)]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html", ".json"])
def test_saving(three: Desk, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"compared{suffix}"
    three.state.save(path, dark=False)
    three.settle()
    assert path.stat().st_size > 1_000
    assert three.said == [f"Saved {path}."]


def test_nothing_to_save(desk: Desk, tmp_path: Path) -> None:
    desk.state.save(tmp_path / "no.png", dark=False)
    assert desk.said == ["There is nothing to save yet: choose networks and a picture."]


# the engine's part


def nowhere(_fraction: float) -> None:
    pass


def asked(name: str, *layers: str) -> ColumnAsked:
    wanted = Wanted(card_of(name))
    graph = CompareBench().perform(ReadGraph(wanted), (), nowhere).graph  # type: ignore[union-attr]
    assert graph is not None
    return ColumnAsked(wanted, name, tuple(layer_asked(graph, layer) for layer in layers))


def test_the_bench_keeps_to_its_limit_and_lets_go() -> None:
    one, other = asked("lenet5"), asked("lenet-linear")
    look = CellsAsked("mean", {})
    bench = CompareBench(limit_bytes=300_000)  # room for one
    for column in (one, other, one):
        bench.perform(RunColumn(digit(), column, look), (), nowhere)
        assert bench.pool.open == (column.wanted,)
    bench.perform(ReleaseNetworks(), (), nowhere)
    assert bench.pool.open == ()


def test_the_bench_takes_what_is_open() -> None:
    session = Session.open(card_of("lenet5"))
    column = asked("lenet5", "features.conv1")
    bench = CompareBench()
    graph = bench.perform(ReadGraph(column.wanted), (), nowhere).graph  # type: ignore[union-attr]
    request = RunColumn(digit(), column, CellsAsked("mean", {"features.conv1": None}), shown=graph)
    run = bench.perform(request, ((graph, session),), nowhere)
    assert bench.pool.get(column.wanted) is session
    assert set(run.cells) == {"features.conv1"}  # type: ignore[union-attr]
