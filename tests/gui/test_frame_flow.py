"""Newest frame wins, as a state machine: no queue, nothing lost from the count, no old answers."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cnn_explorer.gui.state.frame_flow import MOST_SHOWN, SPAN, FrameFlow, Rate


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def flow(clock: Clock) -> FrameFlow:
    return FrameFlow(clock)


def handed(flow: FrameFlow, name: str, captured: float) -> str:
    flow.arrive(f"frame {name}", captured)
    flow.convert(name)
    return name


def test_the_stamps_are_of_the_frame_itself(flow: FrameFlow, clock: Clock) -> None:
    first = handed(flow, "first", 99.9)
    flow.begin(first)
    clock.now = 100.2
    second = handed(flow, "second", 100.1)
    clock.now = 100.3
    flow.answer(first)
    flow.begin(second)
    clock.now = 100.5
    passage = flow.draw(first)
    assert passage is not None
    assert (passage.captured, passage.converted) == (99.9, 100.0)
    assert (passage.answered, passage.drawn) == (100.3, 100.5)
    assert passage.latency == pytest.approx(0.6)
    assert flow.draw(first) is None  # painted once more
    assert flow.draw(second) is None  # not answered yet


def test_a_newer_frame_takes_the_place_of_the_one_that_waits(flow: FrameFlow) -> None:
    flow.begin(handed(flow, "in work", 0))
    handed(flow, "waits", 1)
    flow.arrive("dropped", 2)
    flow.arrive("in hand", 3)
    assert (flow.in_work, flow.waiting, flow.in_hand) == ("in work", "waits", "in hand")
    assert (flow.arrived, flow.dropped, flow.in_flight) == (4, 1, 3)
    flow.convert("newest")
    assert (flow.waiting, flow.dropped) == ("newest", 2)
    flow.begin("waits")  # it is no longer asked for
    assert flow.in_work == "in work"


def test_frames_are_converted_as_they_are_wanted(flow: FrameFlow, clock: Clock) -> None:
    assert flow.due_in is None
    flow.arrive("first", 0)
    assert flow.due_in == 0.0
    flow.convert("one")
    flow.begin("one")
    clock.now += 0.4
    flow.answer("one")  # a slow network: the eye follows meanwhile
    flow.begin(handed(flow, "two", 0))
    handed(flow, "three", 0)
    flow.arrive("fourth", 0)
    assert flow.due_in == pytest.approx(1 / MOST_SHOWN)
    clock.now += 0.13
    assert flow.due_in == 0.0
    clock.now += 0.01
    flow.start()
    flow.begin(quick := handed(flow, "quick one", 0))  # half-way the next one is made ready
    clock.now += 0.04
    flow.answer(quick)
    flow.begin(handed(flow, "quick", 0))
    flow.arrive("next", 0)
    assert flow.due_in == pytest.approx(0.02)
    flow.ahead = False  # on all cores: when it has answered
    assert flow.due_in == pytest.approx(0.2)
    flow.convert("waits")
    flow.arrive("last", 0)
    assert flow.due_in == pytest.approx(0.2)  # it may be the last one of a film that stands still


def test_rates_are_of_the_last_seconds(clock: Clock) -> None:
    rate = Rate(clock)
    rate.count()
    assert rate.per_second == 0.0
    for _ in range(100):
        clock.now += 0.04
        rate.count()
    assert rate.per_second == pytest.approx(25.0)
    clock.now += SPAN + 0.01
    assert rate.per_second == 0.0


def test_another_source_begins_at_nothing(flow: FrameFlow) -> None:
    old = handed(flow, "old", 0)
    flow.begin(old)
    flow.start()
    flow.answer(old)
    assert (flow.arrived, flow.answered, flow.dropped, flow.in_flight) == (0, 0, 0, 0)
    assert flow.draw(old) is None


def test_what_is_frozen_stays_on_its_way_and_all_else_is_let_go(flow: FrameFlow) -> None:
    flow.begin(handed(flow, "in work", 0))
    frozen = handed(flow, "frozen", 1)
    flow.arrive("in hand", 2)
    flow.let_go(but=frozen)
    assert (flow.in_flight, flow.dropped) == (1, 2)
    flow.answer(frozen)
    assert flow.draw(frozen) is not None
    assert (flow.in_flight, flow.answered) == (0, 1)


class Flowing(RuleBasedStateMachine):
    """Frames of sources that come and go, through networks that are slow, quick or fail."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.flow = FrameFlow(self.clock)
        self.source = 0
        self.number = 0
        self.captured: dict[object, float] = {}
        self.of_source: dict[object, int] = {}
        self.newest: object | None = None
        self.asked: object | None = None
        self.running: object | None = None
        self.undrawn: list[object] = []
        self.counted = 0

    @rule(seconds=st.floats(0, 3))
    def time_passes(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(late=st.floats(0, 0.5))
    def frame_comes(self, late: float) -> None:
        self.number += 1
        self.counted += 1
        frame = ("frame", self.number)
        self.captured[self.number] = self.clock.now - late
        self.of_source[self.number] = self.source
        self.flow.arrive(frame, self.captured[self.number])
        self.newest = self.number
        assert self.flow.in_hand == frame

    @rule()
    def frame_is_handed_on(self) -> None:
        frame = self.flow.in_hand
        if frame is None:
            return
        assert frame == ("frame", self.newest)  # never an older one
        picture = ["picture", self.newest]
        self.flow.convert(picture)
        self.asked = picture  # the queue of jobs keeps the newest alone
        assert self.flow.waiting is picture

    @rule()
    def frame_is_broken(self) -> None:
        self.flow.fail()
        assert self.flow.in_hand is None

    @rule()
    def network_begins(self) -> None:
        if self.running is None and self.asked is not None:
            self.running, self.asked = self.asked, None
            self.flow.begin(self.running)

    @rule()
    def network_answers(self) -> None:
        if self.running is not None:
            picture, self.running = self.running, None
            before = self.flow.answered
            self.flow.answer(picture)
            if self.flow.answered > before:
                self.undrawn.append(picture)
                assert self.of_source[picture[1]] == self.source

    @rule()
    def network_fails(self) -> None:
        self.running = None  # nobody hears of it: the next one that begins takes its place

    @rule(pick=st.randoms(use_true_random=False))
    def answer_is_painted(self, pick) -> None:
        if self.undrawn:
            picture = pick.choice(self.undrawn)
            passage = self.flow.draw(picture)
            if passage is not None:
                assert picture is self.undrawn[-1]
                assert passage.captured == self.captured[picture[1]]
                assert self.of_source[picture[1]] == self.source
                assert passage.captured <= passage.converted <= passage.answered <= passage.drawn
                assert passage.latency >= 0
                self.undrawn.clear()

    @rule()
    def frozen(self) -> None:
        self.flow.let_go(but=self.asked)

    @rule()
    def another_source(self) -> None:
        self.source += 1
        self.flow.start()
        self.counted = 0
        self.undrawn.clear()

    @invariant()
    def no_frame_is_lost_from_the_count(self) -> None:
        flow = self.flow
        assert flow.arrived == self.counted
        assert flow.dropped + flow.answered + flow.in_flight == flow.arrived

    @invariant()
    def nothing_queues_up(self) -> None:
        assert self.flow.in_flight <= 3
        for rate in (self.flow._source, self.flow._answers):
            assert len(rate._times) <= 1024

    @invariant()
    def what_is_in_hand_falls_due(self) -> None:
        due = self.flow.due_in
        assert (due is None) == (self.flow.in_hand is None)
        assert due is None or 0 <= due <= 0.2 + 1e-9


TestFlowing = Flowing.TestCase
TestFlowing.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
