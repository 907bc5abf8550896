"""The way between two layouts: where things start, where they end, what they come out of."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.graph.hierarchy import visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import GraphLayout, LayerGraph, Rect
from cnn_explorer.graph.tween import Mover, Shift, Tween, eased, opacity, tween
from tests.graph.examples import layer_graphs, own_graph

EVERYWHERE = Rect(-1e6, -1e6, 2e6, 2e6)
STAY = Shift()


def placed(graph: LayerGraph, *expanded: str) -> GraphLayout:
    return lay_out(visible(graph, frozenset(expanded)))


def by_name(movers: tuple[Mover, ...], fate: str) -> dict[str, Mover]:
    return {mover.name: mover for mover in movers if mover.fate == fate}


def centre_inside(inner: Rect, outer: Rect) -> bool:
    x, y = inner.centre
    return outer.x <= x <= outer.x + outer.width and outer.y <= y <= outer.y + outer.height


def test_parts_grow_out_of_the_box_and_shrink_into_it() -> None:
    graph = own_graph("resnet18")
    stages = ("layer1", "layer2", "layer3", "layer4")
    closed, opened = placed(graph, *stages), placed(graph, *stages, "layer1.1")
    box, frame = closed.boxes["layer1.1"], opened.frames["layer1.1"]
    out = tween(closed, opened, STAY, EVERYWHERE)
    comes = by_name(out.boxes, "comes")
    assert set(comes) == set(opened.boxes) - set(closed.boxes)
    for mover in comes.values():
        assert centre_inside(mover.start, box)
        assert mover.start.width < mover.end.width
        assert mover.end == opened.boxes[mover.name]
        # not squeezed
        assert mover.start.width / mover.start.height == pytest.approx(
            mover.end.width / mover.end.height
        )
    assert by_name(out.frames, "comes")["layer1.1"] == Mover("layer1.1", box, frame, "comes")
    gone = by_name(out.boxes, "goes")["layer1.1"]
    assert (gone.end.y, gone.end.centre[0]) == (frame.y, frame.centre[0])
    # and back: the same way
    back = tween(opened, closed, STAY, EVERYWHERE)
    goes = by_name(back.boxes, "goes")
    assert {name: (mover.end, mover.start) for name, mover in goes.items()} == {
        name: (mover.start, mover.end) for name, mover in comes.items()
    }
    assert by_name(back.frames, "goes")["layer1.1"].end == box


def test_parts_of_parts_come_out_of_the_outermost_box() -> None:
    graph = own_graph("resnet18")
    closed, opened = placed(graph), placed(graph, *graph.block)
    out = tween(closed, opened, STAY, EVERYWHERE)
    starts = by_name(out.boxes, "comes")
    assert centre_inside(starts["layer3.1.conv2"].start, closed.boxes["layer3"])
    assert centre_inside(by_name(out.frames, "comes")["layer3.1"].start, closed.boxes["layer3"])


def check(out: Tween, before: GraphLayout, after: GraphLayout, shift: Shift) -> None:
    """At time 0 all is where it was, at time 1 where it will be."""
    for movers, earlier, later in (
        (out.boxes, before.boxes, after.boxes), (out.frames, before.frames, after.frames)
    ):  # fmt: skip
        assert {mover.name for mover in movers} == {*earlier, *later}
        for mover in movers:
            if mover.name in earlier:
                assert mover.at(0.0) == shift.rect(earlier[mover.name])
            if mover.name in later:
                assert mover.at(1.0) == later[mover.name]
            assert mover.fate == (
                "comes" if mover.name not in earlier
                else "stays" if mover.name in later else "goes"
            )  # fmt: skip
    ends = {line.edge.source: line for line in out.lines}
    assert set(ends) <= {*before.boxes, *after.boxes}
    shown = {(line.edge.source, line.edge.target): line for line in out.lines}
    for edge in after.edges:
        assert shown[edge.source, edge.target].at(1.0).points == edge.points
    assert len(shown) == len(out.lines)
    assert set(shown) == {(e.source, e.target) for e in (*before.edges, *after.edges)}


@given(layer_graphs(), st.data())
def test_nothing_jumps_at_either_end(graph: LayerGraph, data: st.DataObject) -> None:
    some = st.frozensets(st.sampled_from(sorted(graph.block))) if graph.block else st.just(())
    before, after = placed(graph, *data.draw(some)), placed(graph, *data.draw(some))
    shift = Shift(data.draw(st.sampled_from((0.5, 1.0, 2.0))), 30.0, -7.0)
    out = tween(before, after, shift, EVERYWHERE)
    check(out, before, after, shift)
    for time in (0.0, 0.3, 1.0):
        for line in out.lines:
            assert len(line.at(time).points) == len(line.end)


def test_lines_stay_at_their_boxes() -> None:
    graph = own_graph("resnet18")
    before, after = placed(graph), placed(graph, "layer1", "layer1.0")
    out = tween(before, after, STAY, EVERYWHERE)
    boxes = {mover.name: mover for mover in out.boxes}
    for line in out.lines:
        for end, name in ((0, line.edge.source), (-1, line.edge.target)):
            x, y = line.at(0.4).points[end]
            rect = boxes[name].at(0.4)
            assert rect.x - 1 <= x <= rect.x + rect.width + 1
            assert rect.y - 1 <= y <= rect.y + rect.height + 1


def test_lines_keep_their_right_angles() -> None:
    graph = own_graph("resnet18")
    before, after = placed(graph), placed(graph, "layer2", "layer2.0")
    bent = [
        line for line in tween(before, after, STAY, EVERYWHERE).lines
        if line.fate == "comes" and len(line.end) > 2
    ]  # fmt: skip
    assert bent
    for line in bent:
        for (x, y), (other_x, other_y) in pairwise(line.at(0.5).points):
            assert abs(x - other_x) < 0.01 or abs(y - other_y) < 0.01


def test_what_is_out_of_sight_is_left_out() -> None:
    graph = own_graph("resnet18")
    before, after = placed(graph, "layer1"), placed(graph, *graph.block)
    whole = tween(before, after, STAY, EVERYWHERE)
    top = tween(before, after, STAY, Rect(0.0, 0.0, 800.0, 300.0))
    assert 0 < top.size < whole.size / 2
    assert set(top.boxes) < set(whole.boxes)
    assert "input" in {mover.name for mover in top.boxes}


def test_frames_lie_over_those_around_them() -> None:
    graph = own_graph("resnet18")
    before, after = placed(graph, "layer1", "layer1.0"), placed(graph, "layer1", "layer1.1")
    names = [mover.name for mover in tween(before, after, STAY, EVERYWHERE).frames]
    assert names[0] == "layer1"
    assert set(names[1:]) == {"layer1.0", "layer1.1"}


def test_the_time_is_eased_and_things_fade() -> None:
    times = [eased(step / 20) for step in range(21)]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (0.0, 1.0)
    assert times[5] > 0.5  # quick at first
    assert eased(-1.0) == 0.0
    assert eased(2.0) == 1.0
    assert [opacity("stays", time) for time in (0.0, 0.5, 1.0)] == [1.0, 1.0, 1.0]
    assert (opacity("comes", 0.0), opacity("comes", 1.0)) == (0.0, 1.0)
    assert (opacity("goes", 0.0), opacity("goes", 1.0)) == (1.0, 0.0)


def test_no_more_lines_are_worked_out_than_tell_that_it_is_too_much() -> None:
    graph = own_graph("resnet18")
    closed, opened = placed(graph), placed(graph, *graph.block)
    whole = tween(closed, opened, STAY, EVERYWHERE)
    assert tween(closed, opened, STAY, EVERYWHERE, whole.size) == whole
    for most in (whole.size - 1, len(whole.boxes) + len(whole.frames) + 3):
        assert tween(closed, opened, STAY, EVERYWHERE, most).size == most + 1
    assert tween(closed, opened, STAY, EVERYWHERE, 1).lines == ()
