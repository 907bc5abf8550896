"""The job queue as a state machine: never two at once, the newest wins, frames cancel nothing."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cnn_explorer.gui.state.jobs import Job, JobQueue, Lane


def job(lane: Lane) -> Job:
    return Job(lane, object(), lane.name)


def test_the_newest_of_a_lane_replaces_the_one_that_waits() -> None:
    queue = JobQueue()
    first, second, third = job(Lane.LIVE), job(Lane.LIVE), job(Lane.LIVE)
    queue.submit(first)
    assert queue.start_next() is first
    queue.submit(second)
    queue.submit(third)
    assert queue.waiting == (third,)
    assert not first.cancelled.is_set()  # frames never pre-empt
    assert queue.finish(first.number) is first
    assert queue.start_next() is third


def test_a_gesture_cancels_the_run_it_makes_stale() -> None:
    queue = JobQueue()
    old, new = job(Lane.RUN), job(Lane.RUN)
    queue.submit(old)
    queue.start_next()
    queue.submit(new)
    assert old.cancelled.is_set()
    assert queue.start_next() is None  # it still runs until it notices
    assert queue.finish(old.number) is None  # and delivers nothing
    assert queue.start_next() is new


def test_decoding_a_picture_leaves_the_run_alone() -> None:
    queue = JobQueue()
    run = job(Lane.RUN)
    queue.submit(run)
    queue.start_next()
    queue.submit(job(Lane.PICTURE))
    assert not run.cancelled.is_set()


def test_choosing_a_network_makes_everything_about_the_old_one_stale() -> None:
    queue = JobQueue()
    run, look, picture, model = (
        job(lane) for lane in (Lane.RUN, Lane.LOOK, Lane.PICTURE, Lane.MODEL)
    )
    for one in (run, look, picture):
        queue.submit(one)
    queue.submit(model)
    assert queue.waiting == (picture, model)


def test_cancel_all() -> None:
    queue = JobQueue()
    running, waiting = job(Lane.RUN), job(Lane.LOOK)
    queue.submit(running)
    queue.start_next()
    queue.submit(waiting)
    queue.cancel()
    assert running.cancelled.is_set()
    assert queue.waiting == ()
    assert queue.finish(running.number) is None
    assert queue.idle


def test_cancelling_a_lane_leaves_the_others() -> None:
    queue = JobQueue()
    run, look, live = job(Lane.RUN), job(Lane.LOOK), job(Lane.LIVE)
    queue.submit(run)
    queue.start_next()
    queue.submit(look)
    queue.submit(live)
    queue.cancel(Lane.RUN, Lane.LIVE)
    assert run.cancelled.is_set()
    assert queue.waiting == (look,)
    assert not look.cancelled.is_set()


def test_a_second_export_lets_the_first_finish() -> None:
    queue = JobQueue()
    first, second = job(Lane.EXPORT), job(Lane.EXPORT)
    queue.submit(first)
    queue.start_next()
    queue.submit(second)
    assert not first.cancelled.is_set()
    assert queue.waiting == (second,)


def test_every_file_that_was_asked_for_is_written_in_turn() -> None:
    queue = JobQueue()
    run = job(Lane.RUN)
    queue.submit(run)
    queue.start_next()
    files = [job(Lane.EXPORT) for _ in range(3)]
    for file in files:
        queue.submit(file)
    queue.submit(look := job(Lane.LOOK))
    assert queue.waiting == (look, *files)
    queue.finish(run.number)
    queue.start_next()
    queue.finish(look.number)
    assert [started := queue.start_next(), queue.finish(started.number)] == [files[0]] * 2
    queue.cancel(Lane.EXPORT)
    assert queue.idle


def test_a_study_gives_way_and_waits_for_its_turn() -> None:
    queue = JobQueue()
    study, run, other = job(Lane.STUDY), job(Lane.RUN), job(Lane.LOOK)
    queue.submit(study)
    queue.start_next()
    queue.submit(job(Lane.MEASURE))  # less urgent: that waits
    assert not study.cancelled.is_set()
    queue.submit(run)
    queue.submit(other)
    assert study.cancelled.is_set()
    assert queue.finish(study.number) is None
    order = []
    while (started := queue.start_next()) is not None:
        order.append(started.lane)
        if started.lane is Lane.STUDY:
            assert started.request is study.request
        assert queue.finish(started.number) is started
    assert order == [Lane.RUN, Lane.LOOK, Lane.STUDY, Lane.MEASURE]


def test_a_study_that_was_stopped_does_not_come_back() -> None:
    queue = JobQueue()
    study = job(Lane.STUDY)
    queue.submit(study)
    queue.start_next()
    queue.cancel(Lane.STUDY)
    queue.submit(job(Lane.RUN))
    assert [one.lane for one in queue.waiting] == [Lane.RUN]


def test_frames_take_turns_with_other_work() -> None:
    queue = JobQueue()
    file, study = job(Lane.EXPORT), job(Lane.STUDY)
    queue.submit(study)
    queue.submit(job(Lane.LIVE))
    queue.submit(file)
    order = []
    for _ in range(4):
        started = queue.start_next()
        assert started is not None
        order.append(started.lane)
        queue.submit(job(Lane.LIVE))  # the next frame is there before this one is answered
        queue.finish(started.number)
    # a study would have to give way again at once
    assert order == [Lane.LIVE, Lane.EXPORT, Lane.LIVE, Lane.LIVE]
    assert queue.waiting[-1].request is study.request


class Queueing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = JobQueue()
        self.newest: dict[Lane, Job] = {}
        self.last: Lane | None = None

    @rule(lane=st.sampled_from(Lane))
    def submit(self, lane: Lane) -> None:
        new = job(lane)
        self.queue.submit(new)
        self.newest[lane] = new
        assert new in self.queue.waiting
        assert not new.cancelled.is_set()

    @rule()
    def start(self) -> None:
        busy = self.queue.running
        waiting = self.queue.waiting
        started = self.queue.start_next()
        if busy is not None or not waiting:
            assert started is None
        else:
            assert started is not None
            expected = waiting[0]
            if expected.lane is self.last is Lane.LIVE:  # other work has its turn
                others = (one for one in waiting if one.lane not in (Lane.LIVE, Lane.STUDY))
                expected = next(others, expected)
            assert started is expected
            self.last = started.lane

    @precondition(lambda self: self.queue.running is not None)
    @rule()
    def finish(self) -> None:
        running = self.queue.running
        assert running is not None
        delivered = self.queue.finish(running.number)
        assert (delivered is None) == running.cancelled.is_set()
        assert self.queue.running is None

    @rule(number=st.integers(min_value=10**9))
    def finish_a_stranger(self, number: int) -> None:
        before = self.queue.running
        assert self.queue.finish(number) is None
        assert self.queue.running is before

    @invariant()
    def one_waits_per_lane_and_it_is_the_newest_but_for_files(self) -> None:
        lanes = [one.lane for one in self.queue.waiting]
        replaced = [lane for lane in lanes if lane != Lane.EXPORT]
        assert lanes == sorted(lanes)
        assert replaced == sorted(set(replaced))
        for one in self.queue.waiting:
            newest = one.request is self.newest[one.lane].request
            assert newest or one.lane == Lane.EXPORT
            assert not one.cancelled.is_set()


TestQueueing = Queueing.TestCase
TestQueueing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
