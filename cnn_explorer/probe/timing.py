"""How long each layer takes, and how long networks take: forward times on this computer, measured
while they run.

A layer is timed between a hook before and a hook behind it, a functional operation around its
call. Each round runs the network twice: bare, for the time of the whole, and watched, for the
times of the layers. The first rounds count for nothing: caches and memory are cold. Of the others
the median is told, which one interruption does not move.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint, part_of
from cnn_explorer.networks.functions import FunctionCalls
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session, checked

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession

RUNS = 7
WARM_UPS = 2


@dataclass(frozen=True)
class LayerTimes:
    """Forward times for one picture, in milliseconds: medians of `runs`."""

    layers: Mapping[str, float]
    """By layer name, in the order in which they ran."""
    forward_ms: float
    """Of the whole forward, unwatched."""
    runs: int

    @property
    def sum_ms(self) -> float:
        """Of all layers together. It differs from the whole forward by what happens between layers
        and by what watching costs; and a median leaves out the run in which a layer was
        interrupted, which is another one for each layer."""
        return sum(self.layers.values())


def time_layers(
    session: Session,
    layers: Iterable[str],
    *,
    runs: int = RUNS,
    warm_ups: int = WARM_UPS,
    checkpoint: Checkpoint = no_checkpoint,
) -> LayerTimes:
    """The times of `layers`, named as in the layer graph, and of the whole forward.

    A layer takes the same time for any picture, so noise is run. A name that did not run has no
    time. The checkpoint is called at some twenty places of each run, between layers; raises
    `Cancelled` from it, and `ExplorerError` where there are no runs to tell of.
    """
    if runs < 1 or warm_ups < 0:
        raise ExplorerError("measuring takes one run at least.")
    model = session.model
    if model.training:
        model.eval()
    chance = torch.Generator().manual_seed(0)
    picture = torch.randn(1, *session.preprocessing.input_shape, generator=chance)
    wanted = frozenset(layers)
    rounds = warm_ups + runs
    length = 1 / (2 * rounds)
    whole: list[float] = []
    samples: dict[str, list[float]] = {}
    with torch.inference_mode():
        for number in range(rounds):
            with checked(model, part_of(checkpoint, 2 * number * length, length)):
                started = time.perf_counter()
                model(picture)
                whole.append(time.perf_counter() - started)
            with (
                checked(model, part_of(checkpoint, (2 * number + 1) * length, length)),
                _watched(model, wanted) as times,
            ):
                model(picture)
            for name, spent in times.items():
                samples.setdefault(name, []).append(spent)
    medians = {name: 1000 * statistics.median(spent[warm_ups:]) for name, spent in samples.items()}
    return LayerTimes(medians, 1000 * statistics.median(whole[warm_ups:]), runs)


def time_forwards(
    sessions: "Sequence[Session | OnnxSession]",
    prepared: Sequence[PreparedInput],
    rounds: int = RUNS,
    checkpoint: Checkpoint = no_checkpoint,
    *,
    warm_ups: int = WARM_UPS,
) -> tuple[float, ...]:
    """The forward times of several networks, each on its own input, in milliseconds: medians.

    They take turns, every second round the other way round, so that what else the computer does,
    and how warm it has become, meets all of them alike; times that were measured one network after
    the other are not to be compared. The checkpoint is called on the way; raises `Cancelled` from
    it, and `ExplorerError` as a run does, and where there is no round to tell of.
    """
    if rounds < 1 or warm_ups < 0:
        raise ExplorerError("measuring takes one round at least.")
    samples: list[list[float]] = [[] for _ in sessions]
    turns = list(enumerate(zip(sessions, prepared, strict=True)))
    total = (warm_ups + rounds) * len(turns)
    done = 0
    for number in range(warm_ups + rounds):
        for at, (session, given) in turns if number % 2 == 0 else reversed(turns):
            result = session.run(given, checkpoint=part_of(checkpoint, done / total, 1 / total))
            done += 1
            if number >= warm_ups:
                samples[at].append(result.forward_ms)
    return tuple(statistics.median(spent) for spent in samples)


@contextmanager
def _watched(model: nn.Module, wanted: frozenset[str]) -> Iterator[dict[str, float]]:
    """Within the context, the seconds that each layer of a forward of `model` takes."""
    times: dict[str, float] = {}
    modules = dict(model.named_modules())
    with ExitStack() as stack:
        if any(name.partition("#")[0] not in modules for name in wanted):
            # entered first, so that the hooks that count calls are outside of those that time
            stack.enter_context(_TimedCalls(model, times))
        for name, module in modules.items():
            if not any(True for _ in module.children()):
                watch = _Watch(name or type(module).__name__, times)
                stack.callback(module.register_forward_pre_hook(watch.start).remove)
                stop = module.register_forward_hook(watch.stop, prepend=True)
                stack.callback(stop.remove)
        yield times
    for name in times.keys() - wanted:
        del times[name]


class _TimedCalls(FunctionCalls):
    """Times the functions that a model calls, named as in the layer graph."""

    def __init__(self, model: nn.Module, times: dict[str, float]) -> None:
        super().__init__(model)
        self._times = times
        self._began = 0.0

    def compute(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        self._began = time.perf_counter()
        return super().compute(function, args, kwargs)

    def function_called(
        self, scope: str, operation: str, number: int, inputs: tuple[Any, Any], output: Any
    ) -> None:
        del inputs, output
        spent = time.perf_counter() - self._began
        name = f"{scope}.{operation}" if scope else operation
        name = f"{name}()" if name in self.modules else name
        self._times[name if number == 1 else f"{name}#{number}"] = spent


class _Watch:
    """Times the calls of one module."""

    def __init__(self, name: str, times: dict[str, float]) -> None:
        self._name = name
        self._times = times
        self._calls = 0
        self._began = 0.0

    def start(self, _module: nn.Module, _inputs: Any) -> None:
        self._calls += 1
        self._began = time.perf_counter()

    def stop(self, _module: nn.Module, _inputs: Any, _output: Any) -> None:
        spent = time.perf_counter() - self._began
        name = self._name if self._calls == 1 else f"{self._name}#{self._calls}"
        self._times[name] = spent
