"""A network's layer graph, taken down from one pass over shapes alone.

torchview runs a copy of the network on torch's ``meta`` device, where tensors have shapes but no
values, so a pass takes milliseconds and the given model is neither run nor changed. Its interface
is undocumented: this is the only module that knows it.

While torchview runs it replaces ``nn.Module.__call__`` and some tensor factories for the whole
process: **no other thread may run a model meanwhile**. The program calls `extract` from its one
engine thread.
"""

import copy
import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torchview import draw_graph
from torchview.computation_node import FunctionNode, ModuleNode, TensorNode

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.grouping import grouped
from cnn_explorer.graph.metrics import (
    TIMES,
    attention_macs,
    conv_macs,
    linear_macs,
    transposed_conv_macs,
)
from cnn_explorer.graph.model import BlockNode, GraphEdge, LayerGraph, LayerNode, Shape
from cnn_explorer.graph.shortcuts import with_shortcuts
from cnn_explorer.networks.functions import FunctionCalls
from cnn_explorer.networks.layers import Subsampling, TableConv2d

_LOCK = threading.Lock()
_EVERYTHING = 1_000_000
"""Deeper than any network nests."""

_MODULE_KINDS: tuple[tuple[type[nn.Module] | tuple[type[nn.Module], ...], str], ...] = (
    (nn.modules.conv._ConvNd, "conv"),
    (
        (
            nn.modules.pooling._MaxPoolNd,
            nn.modules.pooling._AvgPoolNd,
            nn.modules.pooling._AdaptiveMaxPoolNd,
            nn.modules.pooling._AdaptiveAvgPoolNd,
            nn.modules.pooling._LPPoolNd,
        ),
        "pool",
    ),
    ((nn.Linear, nn.Bilinear), "linear"),
    (
        (
            nn.modules.batchnorm._NormBase,
            nn.LayerNorm,
            nn.GroupNorm,
            nn.LocalResponseNorm,
            nn.CrossMapLRN2d,
            nn.RMSNorm,
        ),
        "norm",
    ),
    (nn.modules.dropout._DropoutNd, "dropout"),
    ((nn.Flatten, nn.Unflatten, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle), "reshape"),
)
"""By class, subclasses included; the rest goes by the class's name or its module."""

_NAMED_KINDS = {
    "Add": "add", "Concat": "concat", "LocalResponseNorm": "norm", "StochasticDepth": "dropout",
    "LayerNorm2d": "norm", "Permute": "reshape", "SwapAxes": "reshape",
    "WindowPartition": "reshape", "WindowDepartition": "reshape",
    "ScaledTanh": "activation", "Subsampling": "pool", "TableConv2d": "conv",
    "ZeroPadShortcut": "reshape",
}  # fmt: skip

_FUNCTION_KINDS = {
    "add": "add", "iadd": "add", "radd": "add",
    "cat": "concat", "concat": "concat", "concatenate": "concat", "stack": "concat",
    "conv1d": "conv", "conv2d": "conv", "conv3d": "conv", "conv_transpose2d": "conv",
    "max_pool2d": "pool", "avg_pool2d": "pool", "adaptive_avg_pool2d": "pool",
    "adaptive_max_pool2d": "pool", "lp_pool2d": "pool", "mean": "pool",
    "linear": "linear", "bilinear": "linear",
    "batch_norm": "norm", "layer_norm": "norm", "group_norm": "norm", "instance_norm": "norm",
    "local_response_norm": "norm", "normalize": "norm",
    "dropout": "dropout", "dropout2d": "dropout", "feature_dropout": "dropout",
    "flatten": "reshape", "view": "reshape", "reshape": "reshape", "permute": "reshape",
    "transpose": "reshape", "squeeze": "reshape", "unsqueeze": "reshape", "chunk": "reshape",
    "split": "reshape", "getitem": "reshape", "contiguous": "reshape", "expand": "reshape",
    "pixel_shuffle": "reshape", "channel_shuffle": "reshape", "pad": "reshape", "roll": "reshape",
    "t": "reshape",
    "relu": "activation", "relu6": "activation", "leaky_relu": "activation", "elu": "activation",
    "selu": "activation", "gelu": "activation", "silu": "activation", "mish": "activation",
    "sigmoid": "activation", "hardsigmoid": "activation", "tanh": "activation",
    "hardswish": "activation", "hardtanh": "activation", "softmax": "activation",
    "log_softmax": "activation", "softplus": "activation",
}  # fmt: skip
"""Functional operations, by name without underscores."""

_WEIGHTED = ("linear", "multi_head_attention_forward")


def extract(model: nn.Module, input_shape: Sequence[int], *, network: str = "") -> LayerGraph:
    """The layer graph of `model` for an input of `input_shape` (C, H, W), without the batch.

    Layers are leaf modules, named as in torch (``layer1.0.conv1``; a second call of the same
    module is ``relu#2``), and functional operations, named by what they do inside the module that
    calls them (``layer1.0.add``; `FunctionCalls` counts). They stand in the order of execution in
    eval mode. Parts that run in training mode alone (GoogLeNet's auxiliary heads) are there too,
    `training_only`. Equal blocks in a row and layers of one stage are grouped: see `grouping`;
    edges that lead past convolutions say so: see `shortcuts`.

    Neither `model` nor its weights are touched or copied; only shapes are worked out. See the
    module's docstring for what other threads must not do meanwhile. Raises `ExplorerError` when
    the network cannot take such an input.
    """
    with _LOCK:  # torchview's patches are global: two passes must never overlap
        twin = _meta_twin(model)
        names = {id(module): name for name, module in twin.named_modules()}
        recording = _record(twin, names, input_shape, training=False)
        if _has_idle_layers(twin, recording):
            try:
                trained = _record(twin, names, input_shape, training=True)
            except ExplorerError:
                pass  # a network that cannot train on two pictures is still one that predicts
            else:
                _merge_training_parts(recording, trained)
        return with_shortcuts(grouped(_assemble(twin, recording, network)))


def _meta_twin(model: nn.Module) -> nn.Module:
    """A copy of `model` on the meta device, made without copying a single weight.

    Hooks stay behind: they belong to whoever watches the original.
    """
    memo: dict[int, Any] = {}
    for module in model.modules():
        for tensor in _own_tensors(module):
            shadow = torch.empty_like(tensor.detach(), device="meta")
            memo[id(tensor)] = (
                nn.Parameter(shadow, requires_grad=tensor.requires_grad)
                if isinstance(tensor, nn.Parameter)
                else shadow
            )
        for attribute, value in vars(module).items():
            if "_hooks" in attribute and isinstance(value, dict):
                memo[id(value)] = type(value)() if type(value) is dict else OrderedDict()
    twin = copy.deepcopy(model, memo)
    return twin.eval()


def _own_tensors(module: nn.Module) -> Iterator[torch.Tensor]:
    yield from (tensor for tensor in module._parameters.values() if tensor is not None)
    yield from (tensor for tensor in module._buffers.values() if tensor is not None)
    yield from (value for value in vars(module).values() if isinstance(value, torch.Tensor))


@dataclass
class _Step:
    """One operation as it was called."""

    name: str
    parent: str
    module: nn.Module | None
    """None for a functional operation, the input and the output."""
    operation: str
    """Class or function name."""
    in_shapes: tuple[Shape, ...]
    out_shape: Shape
    macs: int = 0
    """Of a functional operation; a module's are worked out from its settings."""
    training_only: bool = False
    first_call: bool = True


@dataclass
class _Scope:
    """One call of a module that has parts."""

    name: str
    parent: str
    module: nn.Module
    out_shape: Shape
    training_only: bool = False
    first_call: bool = True


@dataclass
class _Recording:
    steps: dict[str, _Step] = field(default_factory=dict)
    scopes: dict[str, _Scope] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=lambda: {"": []})
    edges: list[GraphEdge] = field(default_factory=list)
    called: set[int] = field(default_factory=set)
    """Identities of the modules that ran."""


def _record(
    twin: nn.Module, names: dict[int, str], input_shape: Sequence[int], *, training: bool
) -> _Recording:
    """Run the twin once under torchview and translate what it saw."""
    # two pictures in training: batch normalisation refuses to learn from a single value
    batch = 2 if training else 1
    calls: dict[int, tuple[str, str, int]] = {}

    def heard(scope: str, operation: str, number: int, output: Any) -> None:
        for node in _made_by(output):
            calls.setdefault(id(node), (scope, operation, number))

    picture = torch.empty((batch, *input_shape), device="meta")
    try:
        with FunctionCalls(twin, heard):
            seen = draw_graph(
                twin,
                input_data=picture,
                device="meta",
                depth=_EVERYTHING,
                mode="train" if training else "eval",
                roll=False,
            )
    except Exception as error:
        cause = error.__cause__ or error
        shape = TIMES.join(map(str, input_shape))
        raise ExplorerError(
            f"the network cannot take an input of {shape}: {_one_line(cause)}."
        ) from error
    modules = {id(module): module for module in twin.modules()}
    return _Translator(names, modules, batch, calls).translate(seen)


def _made_by(output: Any) -> Iterator[FunctionNode]:
    """Torchview's nodes of the function that gave an output."""
    first = output[0] if isinstance(output, (tuple, list)) and output else output
    for node in getattr(first, "tensor_nodes", None) or ():
        yield from (parent for parent in node.parents if isinstance(parent, FunctionNode))


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= 160 else text[:159] + "…").rstrip(".")


class _Translator:
    """From torchview's nested call tree to a `_Recording`."""

    def __init__(
        self,
        names: dict[int, str],
        modules: dict[int, nn.Module],
        batch: int,
        calls: dict[int, tuple[str, str, int]],
    ) -> None:
        self._names = names
        self._modules = modules
        self._batch = batch
        self._calls = calls
        self._found = _Recording()
        self._step_of: dict[int, str] = {}  # id of a torchview node: name of our step
        self._module_names = set(names.values())

    def translate(self, seen: Any) -> _Recording:
        found = self._found
        for tensor in seen.root_container:
            shape = self._shape(tensor.tensor_shape)
            self._add_step(_Step(self._fresh("input"), "", None, "input", (), shape), tensor)
        ((_, tree),) = seen.node_hierarchy.items()
        self._walk(tree, "")
        into: dict[int, list[Any]] = {}
        for tail, head in seen.edge_list:
            into.setdefault(id(head), []).append(tail)
        edges: dict[tuple[str, str], GraphEdge] = {}
        for tail, head in seen.edge_list:
            if isinstance(head, TensorNode) and id(head) not in self._step_of:
                shape = self._shape(head.tensor_shape)
                name = self._fresh("output")
                self._add_step(_Step(name, "", None, "output", (shape,), shape), head)
            target = self._step_of.get(id(head))
            if target is None:
                continue
            for source in self._sources(tail, into):
                if target != source:
                    edge = GraphEdge(source, target, found.steps[source].out_shape)
                    edges.setdefault((source, target), edge)
        found.edges.extend(edges.values())
        return found

    def _sources(self, node: Any, into: dict[int, list[Any]]) -> Iterator[str]:
        """The steps that a node stands for: its own, else those before it."""
        # inside a module torchview lets an alias stand for the network's input
        node = node.main_node if isinstance(node, TensorNode) else node
        step = self._step_of.get(id(node))
        if step is not None:
            yield step
        else:
            for tail in into.get(id(node), ()):
                yield from self._sources(tail, into)

    def _walk(self, tree: Iterable[Any], scope: str) -> None:
        for item in tree:
            if isinstance(item, dict):
                ((node, parts),) = item.items()
                self._module_called(node, parts, scope)
            elif isinstance(item, FunctionNode) and item.name != "empty-pass":
                self._function_called(item, scope)

    def _module_called(self, node: ModuleNode, parts: list[Any], scope: str) -> None:
        module = self._modules[node.compute_unit_id]
        dotted = self._names[node.compute_unit_id]
        first = id(module) not in self._found.called
        self._found.called.add(id(module))
        shape = self._first_shape(node.output_shape)
        if node.is_container:  # torchview's word for a module without parts
            name = self._fresh(dotted or type(module).__name__)
            step = _Step(
                name, scope, module, type(module).__name__,
                self._shapes(node.input_shape), shape, first_call=first,
            )  # fmt: skip
            self._add_step(step, node)
        elif not dotted:
            self._walk(parts, "")
        else:
            name = self._fresh(dotted)
            self._found.scopes[name] = _Scope(name, scope, module, shape, first_call=first)
            self._found.children[scope].append(name)
            self._found.children[name] = []
            self._walk(parts, name)

    def _function_called(self, node: FunctionNode, scope: str) -> None:
        caller, operation, number = self._calls.get(id(node), ("", "", 0))
        if not number or caller != scope:
            return  # how torch works a function out on ``meta``: not a step of the network
        wanted = f"{scope}.{operation}" if scope else operation
        # a module's name stays the module's, so that a layer's name always finds it in torch
        wanted = f"{wanted}()" if wanted in self._module_names else wanted
        step = _Step(
            self._fresh(wanted if number == 1 else f"{wanted}#{number}"),
            scope,
            None,
            operation,
            self._shapes(node.input_shape),
            self._first_shape(node.output_shape),
            macs=_function_macs(operation, node.input_shape, node.output_shape) // self._batch,
        )
        self._add_step(step, node)

    def _add_step(self, step: _Step, node: Any) -> None:
        self._found.steps[step.name] = step
        self._found.children[step.parent].append(step.name)
        self._step_of[id(node)] = step.name

    def _shapes(self, batched: Iterable[Sequence[int]]) -> tuple[Shape, ...]:
        return tuple(map(self._shape, batched))

    def _first_shape(self, batched: Sequence[Sequence[int]]) -> Shape:
        return self._shape(batched[0]) if batched else ()

    def _shape(self, batched: Sequence[int]) -> Shape:
        """Without the batch, if that comes first: windows of attention, all pictures' in one
        dimension, and sequences, which have the batch second, are left as they are."""
        return tuple(batched[1:] if batched[:1] == (self._batch,) else batched)

    def _fresh(self, wanted: str) -> str:
        taken = self._found.steps.keys() | self._found.scopes.keys()
        name, call = wanted, 1
        while name in taken:
            call += 1
            name = f"{wanted}#{call}"
        return name


def _function_macs(
    operation: str, given: Sequence[Sequence[int]], made: Sequence[Sequence[int]]
) -> int:
    """Multiply-adds of a functional operation, where the shapes tell, batch included."""
    if given and made and operation in ("linear", "matmul", "bmm"):
        return linear_macs(given[0][-1], made[0])
    if given and operation == "multi_head_attention_forward":
        return attention_macs(*given[0])
    return 0


def _has_idle_layers(twin: nn.Module, recording: _Recording) -> bool:
    """Whether some weights took no part in prediction."""
    return any(
        id(module) not in recording.called and any(True for _ in module.parameters(recurse=False))
        for module in twin.modules()
        if not any(True for _ in module.children())
    )


def _merge_training_parts(recording: _Recording, trained: _Recording) -> None:
    """Add what ran in training alone, with the edges that lead to it, where it branched off."""
    for name, scope in trained.scopes.items():
        if name not in recording.scopes and id(scope.module) not in recording.called:
            scope.training_only = True
    added_scopes = {name for name, scope in trained.scopes.items() if scope.training_only}

    def is_new(step: _Step) -> bool:
        if step.name in recording.steps:
            return False
        ran_before = step.module is not None and id(step.module) in recording.called
        return step.parent in added_scopes or (step.module is not None and not ran_before)

    order = list(recording.steps)
    added: set[str] = set()
    last = order[0]
    for name, step in trained.steps.items():
        if name in recording.steps:
            last = name
        elif is_new(step):
            step.training_only = True
            order.insert(order.index(last) + 1, name)
            added.add(name)
            last = name
    for name, scope in trained.scopes.items():
        if scope.training_only:
            recording.scopes[name] = scope
            recording.children[name] = []
    for parent, children in trained.children.items():
        if parent not in recording.children:
            continue
        place = 0
        siblings = recording.children[parent]
        for child in children:
            if child in siblings:
                place = siblings.index(child) + 1
            elif child in added or child in added_scopes:
                siblings.insert(place, child)
                place += 1
    every = {**recording.steps, **{name: trained.steps[name] for name in added}}
    recording.steps = {name: every[name] for name in order}
    recording.called |= trained.called
    recording.edges += [
        edge for edge in trained.edges if edge.target in added and edge.source in recording.steps
    ]


def _assemble(twin: nn.Module, recording: _Recording, network: str) -> LayerGraph:
    parameters = _share_out_parameters(twin, recording)
    layers = tuple(
        LayerNode(
            name=step.name,
            parent=step.parent,
            kind=_kind(step),
            type_name=step.operation,
            in_shapes=step.in_shapes,
            out_shape=step.out_shape,
            parameters=parameters[step.name],
            macs=_macs(step),
            attributes=_attributes(step.module) if step.module is not None else (),
            training_only=step.training_only,
        )
        for step in recording.steps.values()
    )
    by_name = {layer.name: layer for layer in layers}
    blocks: dict[str, BlockNode] = {}

    def inside(name: str) -> list[LayerNode]:
        found = []
        for child in recording.children[name]:
            found += [by_name[child]] if child in by_name else inside(child)
        return found

    for name, scope in recording.scopes.items():
        counted = [
            layer for layer in inside(name) if scope.training_only or not layer.training_only
        ]
        if counted or recording.children[name]:
            blocks[name] = BlockNode(
                name=name,
                parent=scope.parent,
                type_name=type(scope.module).__name__,
                children=tuple(child for child in recording.children[name]),
                parameters=sum(layer.parameters for layer in counted),
                macs=sum(layer.macs for layer in counted),
                out_shape=scope.out_shape,
                training_only=scope.training_only,
            )
    blocks = _without_empty(blocks)
    return LayerGraph(network, layers, tuple(blocks.values()), tuple(recording.edges))


def _without_empty(blocks: dict[str, BlockNode]) -> dict[str, BlockNode]:
    """Leave out modules that did nothing when called (an empty Sequential as a shortcut)."""
    dropped = set(blocks)
    while dropped:
        gone = {name for name, block in blocks.items() if not block.children}
        kept = {name: block for name, block in blocks.items() if name not in gone}
        dropped = gone
        blocks = {
            name: replace(block, children=tuple(c for c in block.children if c not in gone))
            for name, block in kept.items()
        }
    return blocks


def _share_out_parameters(twin: nn.Module, recording: _Recording) -> dict[str, int]:
    """Parameters by step, each counted once, at the first step that uses it.

    Weights that a block owns itself (a layer scale, an attention's projections) go to the first
    functional operation inside that multiplies with weights, else to its first functional
    operation, which mostly is the one that uses them, else to its first layer.
    """
    counts = dict.fromkeys(recording.steps, 0)
    seen: set[int] = set()

    def take(module: nn.Module) -> int:
        total = 0
        for parameter in module.parameters(recurse=False):
            if id(parameter) not in seen:
                seen.add(id(parameter))
                total += math.prod(parameter.shape)
        return total

    for step in recording.steps.values():
        if step.module is not None and step.first_call:
            counts[step.name] += take(step.module)
    owners = [("", twin), *((scope.name, scope.module) for scope in recording.scopes.values())]
    for name, module in owners:
        steps = _steps_inside(recording, name)
        functions = [step for step in steps if step.parent == name and step.module is None]
        functions = [step for step in functions if step.operation not in ("input", "output")]
        weighted = [step for step in functions if step.operation in _WEIGHTED]
        host = next(iter([*weighted, *functions, *steps]), None)
        if host is None:
            continue
        counts[host.name] += take(module)
        if functions and name:  # weights of parts that are read, or called without the picture
            for part in module.children():
                if not any(id(inner) in recording.called for inner in part.modules()):
                    counts[host.name] += sum(map(take, part.modules()))
    return counts


def _steps_inside(recording: _Recording, scope: str) -> list[_Step]:
    found: list[_Step] = []
    for child in recording.children[scope]:
        if child in recording.steps:
            found.append(recording.steps[child])
        else:
            found += _steps_inside(recording, child)
    return found


def _kind(step: _Step) -> str:
    if step.module is None:
        if step.operation.startswith(("input", "output")):
            return step.operation
        # an in-place operation is the same operation: ``add_`` came in as ``add``
        return _FUNCTION_KINDS.get(step.operation, "other")
    if step.operation in _NAMED_KINDS:
        return _NAMED_KINDS[step.operation]
    for classes, kind in _MODULE_KINDS:
        if isinstance(step.module, classes):
            return kind
    if isinstance(step.module, nn.MultiheadAttention):
        return "other"
    if type(step.module).__module__ == nn.modules.activation.__name__:
        return "activation"
    return "other"


def _macs(step: _Step) -> int:
    module = step.module
    if isinstance(module, nn.modules.conv._ConvTransposeNd):
        (given,) = step.in_shapes[:1]
        return transposed_conv_macs(module.out_channels, module.kernel_size, module.groups, given)
    if isinstance(module, nn.modules.conv._ConvNd):
        return conv_macs(module.in_channels, module.kernel_size, module.groups, step.out_shape)
    if isinstance(module, nn.Linear):
        return linear_macs(module.in_features, step.out_shape)
    if isinstance(module, TableConv2d):
        return module.weight.numel() * math.prod(step.out_shape[1:])  # each kernel, at each place
    return step.macs


def _attributes(module: nn.Module) -> tuple[tuple[str, str], ...]:
    """A layer's settings for people, in the order of torch's own arguments."""
    rows: list[tuple[str, str]] = []

    def row(title: str, value: object) -> None:
        rows.append((title, _plain(value)))

    def optional(title: str, value: object, usual: object) -> None:
        if _plain(value) != _plain(usual):
            row(title, value)

    if isinstance(module, TableConv2d):
        row("in channels", module.in_channels)
        row("out channels", module.out_channels)
        rows.append(("kernel", _extent(module.kernel_size)))
        row("connections", f"{len(module.weight)} of {module.in_channels * module.out_channels}")
    elif isinstance(module, Subsampling):
        rows += [("kernel", _extent((2, 2))), ("stride", "2")]
    elif isinstance(module, nn.modules.conv._ConvNd):
        row("in channels", module.in_channels)
        row("out channels", module.out_channels)
        rows.append(("kernel", _extent(module.kernel_size)))
        row("stride", module.stride)
        row("padding", module.padding)
        optional("dilation", module.dilation, 1)
        optional("groups", module.groups, 1)
        row("bias", module.bias is not None)
    elif isinstance(module, nn.Linear):
        row("in features", module.in_features)
        row("out features", module.out_features)
        row("bias", module.bias is not None)
    elif isinstance(module, nn.modules.pooling._MaxPoolNd | nn.modules.pooling._AvgPoolNd):
        dimensions = int(type(module).__name__[-2])
        kernel: Any = module.kernel_size
        rows.append(("kernel", _extent(kernel, dimensions)))
        row("stride", kernel if module.stride is None else module.stride)
        row("padding", module.padding)
        optional("dilation", getattr(module, "dilation", 1), 1)
        optional("ceil mode", module.ceil_mode, False)
    elif isinstance(
        module, nn.modules.pooling._AdaptiveAvgPoolNd | nn.modules.pooling._AdaptiveMaxPoolNd
    ):
        dimensions = int(type(module).__name__[-2])
        rows.append(("output size", _extent(module.output_size, dimensions)))
    elif isinstance(module, nn.modules.batchnorm._NormBase):
        row("channels", module.num_features)
        row("eps", module.eps)
        row("momentum", module.momentum)
        optional("affine", module.affine, True)
    elif isinstance(module, nn.modules.dropout._DropoutNd):
        row("p", module.p)
    elif isinstance(module, nn.Flatten):
        optional("start dimension", module.start_dim, 1)
    else:
        for attribute, title in _OTHER_SETTINGS.items():
            value = getattr(module, attribute, None)
            if isinstance(value, bool | int | float | str) or (
                isinstance(value, tuple) and all(isinstance(item, int) for item in value)
            ):
                row(title, value)
    return tuple(rows)


_OTHER_SETTINGS = {
    "normalized_shape": "shape", "num_groups": "groups", "size": "size", "alpha": "alpha",
    "beta": "beta", "k": "k", "eps": "eps", "negative_slope": "negative slope", "p": "p",
    "dim": "dimension", "approximate": "approximation",
}  # fmt: skip
"""Settings of layers that are not spelt out above, where they are plain values."""


def _extent(value: int | Sequence[int | None] | None, dimensions: int = 2) -> str:
    """A window's size: ``7 × 7``."""
    if not isinstance(value, Sequence):
        value = (value,) * dimensions
    return TIMES.join("same" if size is None else str(size) for size in value)


def _plain(value: object) -> str:
    """One number where all are the same: ``(2, 2)`` is ``2``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        sizes = [_plain(size) for size in value]
        return sizes[0] if len(set(sizes)) == 1 else TIMES.join(sizes)
    return str(value)
