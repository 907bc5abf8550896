"""What torchview, which takes networks down in a way of its own, makes of a network: a witness.

The layer graph comes from hooks and function calls (`record`); torchview follows tensors of a
class of its own. Where both name the same modules, shapes and ways between them, the graph is
hardly wrong. Its interface is undocumented: this is the only module that knows it.

While torchview runs it replaces ``nn.Module.__call__`` and some tensor factories for the whole
process: **no other thread may run a model meanwhile**.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torchview import draw_graph
from torchview.computation_node import ModuleNode, TensorNode

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.metrics import format_shape
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.graph.twin import meta_twin
from cnn_explorer.text import one_line

_LOCK = threading.Lock()
_EVERYTHING = 1_000_000
"""Deeper than any network nests."""
_INPUT, _OUTPUT = "input", "output"


@dataclass(frozen=True)
class Opinion:
    """How two ways of taking a network down compare."""

    calls: int
    """Of modules without parts, in our graph; functions are left out on both sides."""
    connections: int
    """Between such calls, the input and the output, straight or through functions alone."""
    only_ours: tuple[str, ...]
    """Calls with what they give, ``fc gives 1000``, and connections, ``avgpool to fc``."""
    only_theirs: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.only_ours and not self.only_theirs

    @property
    def sentence(self) -> str:
        """``torchview sees the same: 51 calls of modules and 57 connections.``"""
        if self.agrees:
            return (
                f"torchview sees the same: {self.calls:,} calls of modules and "
                f"{self.connections:,} connections between them."
            )
        said = [
            f"{_some(found)} {where}"
            for found, where in (
                (self.only_ours, "in this graph alone"), (self.only_theirs, "in torchview's alone")
            )
            if found
        ]  # fmt: skip
        return f"torchview sees another network: {', '.join(said)}."


def _some(found: Sequence[str]) -> str:
    shown = "; ".join(found[:3])
    more = len(found) - 3
    return f"{shown} and {more:,} more" if more > 0 else shown


def second_opinion(model: nn.Module, input_shape: Sequence[int], graph: LayerGraph) -> Opinion:
    """Compare `graph`, which was taken down from `model`, with what torchview sees in it.

    Modules without parts are compared, each call with its output's shape, and how tensors get from
    one to the next. What runs in training alone is left out: torchview predicts. Neither `model`
    nor its weights are touched. See the module's docstring for what other threads must not do
    meanwhile. Raises `ExplorerError` where torchview cannot follow the network.
    """
    if graph.note:
        raise ExplorerError("there are no connections to compare, only modules.")
    with _LOCK:  # torchview's patches are global: two passes must never overlap
        theirs = _seen_by_torchview(meta_twin(model), input_shape)
    ours = _seen_by_us(model, graph)
    return Opinion(
        sum(ours.calls.values()),
        len(ours.connections),
        (*_told(ours.calls - theirs.calls), *_joined(ours.connections - theirs.connections)),
        (*_told(theirs.calls - ours.calls), *_joined(theirs.connections - ours.connections)),
    )


_Call = tuple[str, tuple[int, ...]]
"""A module's name, ``relu#2`` in its second call, and the shape that it gives."""


@dataclass(frozen=True)
class _Account:
    """What one of the two saw."""

    calls: Counter[_Call]
    connections: frozenset[tuple[str, str]]


def _told(calls: Counter[_Call]) -> Iterator[str]:
    yield from (f"{name} gives {format_shape(shape)}" for name, shape in calls.elements())


def _joined(connections: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield from (f"{source} to {target}" for source, target in sorted(connections))


def _account(
    calls: Iterable[_Call], steps: Iterable[str], into: Mapping[str, set[str]]
) -> _Account:
    """With all that is no step passed over: its sources are those of what it leads to."""
    known = set(steps)
    behind: dict[str, frozenset[str]] = {}

    def sources(name: str) -> frozenset[str]:
        """The steps whose tensors come to a node."""
        pending = [name]
        while pending:  # networks are deeper than Python's stack
            at = pending[-1]
            through = [before for before in into.get(at, ()) if before not in known]
            waiting = [before for before in through if before not in behind]
            if waiting:
                pending += waiting
                continue
            straight = frozenset(before for before in into.get(at, ()) if before in known)
            behind[at] = straight.union(*(behind[before] for before in through))
            pending.pop()
        return behind[name]

    return _Account(
        Counter(calls),
        frozenset((source, name) for name in known for source in sources(name) if source != name),
    )


def _seen_by_us(model: nn.Module, graph: LayerGraph) -> _Account:
    modules = {
        name or type(module).__name__
        for name, module in model.named_modules()
        if not module._modules
    }
    into: dict[str, set[str]] = {}
    for edge in graph.edges:
        into.setdefault(edge.target, set()).add(edge.source)
    layers = [layer for layer in graph.layers if not layer.training_only]
    called = [layer for layer in layers if layer.name.partition("#")[0] in modules]
    ends = [layer.name for layer in layers if layer.kind in (_INPUT, _OUTPUT)]
    names = [*ends, *(layer.name for layer in called)]
    return _account(((layer.name, layer.out_shape) for layer in called), names, into)


def _seen_by_torchview(twin: nn.Module, input_shape: Sequence[int]) -> _Account:
    picture = torch.empty((1, *input_shape), device="meta")
    try:
        seen = draw_graph(
            twin, input_data=picture, device="meta", depth=_EVERYTHING, mode="eval", roll=False
        )
    except Exception as error:
        cause = error.__cause__ or error
        raise ExplorerError(f"torchview cannot follow this network: {one_line(cause)}.") from error
    names = {id(module): name for name, module in twin.named_modules()}
    numbers = Counter[str]()
    name_of: dict[int, str] = {}
    """Of torchview's nodes, by identity."""
    calls: list[_Call] = []

    def named(wanted: str) -> str:
        numbers[wanted] += 1
        return wanted if numbers[wanted] == 1 else f"{wanted}#{numbers[wanted]}"

    for tensor in seen.root_container:
        name_of[id(tensor)] = named(_INPUT)
    pending: list[Any] = [seen.node_hierarchy]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            ((node, parts),) = item.items()
            if isinstance(node, ModuleNode) and node.is_container:  # its word for: without parts
                module = names[node.compute_unit_id] or node.name
                name_of[id(node)] = named(module)
                calls.append((name_of[id(node)], _shape(node.output_shape)))
            else:
                pending += reversed(parts)
    into: dict[str, set[str]] = {}
    ends: list[str] = []

    def key(node: Any) -> str:
        # inside a module torchview lets an alias stand for the network's input
        node = node.main_node if isinstance(node, TensorNode) else node
        return name_of.get(id(node), f"\0{id(node)}")  # no module's name begins so

    for tail, head in seen.edge_list:
        if isinstance(head, TensorNode) and id(head) not in name_of:
            name_of[id(head)] = named(_OUTPUT)
            ends.append(name_of[id(head)])
        into.setdefault(key(head), set()).add(key(tail))
    inputs = [name_of[id(tensor)] for tensor in seen.root_container]
    return _account(calls, [*inputs, *ends, *(name for name, _ in calls)], into)


def _shape(batched: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Without the batch, if that comes first: as the graph has it."""
    shape = tuple(batched[0]) if batched else ()
    return shape[1:] if shape[:1] == (1,) else shape
