"""What the benchmarks measure with: ratios of two things done in turn."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import TypeVar

Measured = TypeVar("Measured")
Measure = Callable[[], float]
"""Does the work once and gives its seconds."""


def timed(work: Callable[[], object]) -> Measure:
    def measure() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return measure


def worked(work: Callable[[], object]) -> Measure:
    """Processor time of all threads: on a busy machine that says more."""

    def measure() -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    return measure


def clocked(work: Callable[[], object]) -> Callable[[], tuple[float, float]]:
    """Does the work once and gives its seconds by the clock, and of processor time."""

    def measure() -> tuple[float, float]:
        wall, processor = time.perf_counter(), time.process_time()
        work()
        return time.perf_counter() - wall, time.process_time() - processor

    return measure


def paired(
    ours: Callable[[], Measured], base: Callable[[], Measured], rounds: int
) -> tuple[list[Measured], list[Measured]]:
    """What both took, measured in turn; the order within a pair changes from pair to pair."""
    ours(), base()  # the first of each warms caches and is not counted
    left: list[Measured] = []
    right: list[Measured] = []
    for number in range(rounds):
        if number % 2:
            right.append(base())
            left.append(ours())
        else:
            left.append(ours())
            right.append(base())
    return left, right


def ratio_line(name: str, goal: str, left: list[float], right: list[float]) -> str:
    ratios = sorted(a / b for a, b in zip(left, right, strict=True))
    low, middle, high = statistics.quantiles(ratios, n=4)
    return (
        f"{name:58} {middle:6.3f}  (quartiles {low:.3f} to {high:.3f}; "
        f"{statistics.median(left) * 1000:.1f} against {statistics.median(right) * 1000:.1f} ms; "
        f"{len(ratios)} pairs; goal {goal})"
    )


def print_ratios(
    name: str, goal: str, work: Callable[[], object], base: Callable[[], object], rounds: int
) -> None:
    """Two lines: the ratio by the clock, and that of processor time."""
    left, right = paired(clocked(work), clocked(base), rounds)
    for clock, ours, theirs in zip(
        ("", ", processor"), zip(*left, strict=True), zip(*right, strict=True), strict=True
    ):
        print(ratio_line(name + clock, goal, list(ours), list(theirs)), flush=True)


def prepared_for(name: str):  # type: ignore[no-untyped-def]
    """A session of a network, and a photo as it takes it."""
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.paths import resource
    from cnn_explorer.probe.preprocess import prepare
    from cnn_explorer.probe.session import Session

    session = Session.open(card_of(name))
    picture = decode_file(resource("samples", "photo-cat.jpg"))
    gc.collect()
    gc.freeze()  # as the window does when torch is there
    return session, prepare(picture, session.preprocessing)


def bare(session, prepared):  # type: ignore[no-untyped-def]
    """The forward alone, with nothing kept."""
    import torch

    batch = torch.from_numpy(prepared.tensor[None].copy())

    def forward() -> None:
        with torch.inference_mode():
            session.model(batch)

    return forward


def watched(fraction: float) -> None:
    """A checkpoint as the window's: there, so that a run reports and can be cancelled."""
    assert fraction >= 0
