"""A network's layer graph, taken down from one pass over shapes alone.

A copy of the network on torch's ``meta`` device, where tensors have shapes but no values, is run
once, so a pass takes milliseconds and the given model is neither run nor changed.
"""

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from torch import nn

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.grouping import grouped
from cnn_explorer.graph.metrics import TIMES, conv_macs, linear_macs, transposed_conv_macs
from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode
from cnn_explorer.graph.reach import reach_of
from cnn_explorer.graph.record import Recording, Step, record
from cnn_explorer.graph.setting_rows import SettingRows
from cnn_explorer.graph.shortcuts import with_shortcuts
from cnn_explorer.graph.twin import meta_twin
from cnn_explorer.networks.layers import Subsampling, TableConv2d
from cnn_explorer.text import one_line

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

    Neither `model` nor its weights are touched or copied; only shapes are worked out. Raises
    `ExplorerError` when the network cannot take such an input.
    """
    with _no_collections():
        return _extracted(model, input_shape, network)


@contextmanager
def _no_collections() -> Iterator[None]:
    """Hold garbage collections off meanwhile: all that a pass makes is needed to its end, and
    looking through it again and again takes a tenth to a fifth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _extracted(model: nn.Module, input_shape: Sequence[int], network: str) -> LayerGraph:
    try:
        twin = meta_twin(model)
    except Exception as error:  # whatever a module's own way of being copied comes to
        raise ExplorerError(f"the network cannot be copied: {one_line(error)}.") from error
    recording = record(twin, input_shape, training=False)
    if _has_idle_layers(twin, recording):
        try:
            trained = record(twin, input_shape, training=True)
        except ExplorerError:
            pass  # a network that cannot train on two pictures is still one that predicts
        else:
            _merge_training_parts(recording, trained)
    return with_shortcuts(grouped(_assemble(twin, recording, network)))


def _has_idle_layers(twin: nn.Module, recording: Recording) -> bool:
    """Whether some weights took no part in prediction."""
    return any(
        id(parameter) not in recording.used
        for module in twin.modules()
        if not module._modules and id(module) not in recording.called
        for parameter in module._parameters.values()
        if parameter is not None
    )


def _merge_training_parts(recording: Recording, trained: Recording) -> None:
    """Add what ran in training alone, with the edges that lead to it, where it branched off."""
    for name, scope in trained.scopes.items():
        if name not in recording.scopes and id(scope.module) not in recording.called:
            scope.training_only = True
    added_scopes = {name for name, scope in trained.scopes.items() if scope.training_only}

    def is_new(step: Step) -> bool:
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


def _assemble(twin: nn.Module, recording: Recording, network: str) -> LayerGraph:
    parameters = _share_out_parameters(twin, recording)
    seen = {
        step.name: reach_of(
            step.module, step.operation, step.in_shapes, step.out_shape, step.arguments
        )
        for step in recording.steps.values()
    }
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
            attributes=module_attributes(step.module) if step.module is not None else (),
            training_only=step.training_only,
            reach=seen[step.name][0],
            window=seen[step.name][1],
            connections=step.module.table if isinstance(step.module, TableConv2d) else (),
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
        blocks[name] = BlockNode(
            name=name,
            parent=scope.parent,
            type_name=type(scope.module).__name__,
            children=tuple(recording.children[name]),
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


def _share_out_parameters(twin: nn.Module, recording: Recording) -> dict[str, int]:
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


def _steps_inside(recording: Recording, scope: str) -> list[Step]:
    found: list[Step] = []
    for child in recording.children[scope]:
        if child in recording.steps:
            found.append(recording.steps[child])
        else:
            found += _steps_inside(recording, child)
    return found


def _kind(step: Step) -> str:
    if step.module is None:
        if step.operation.startswith(("input", "output")):
            return step.operation
        # an in-place operation is the same operation: ``add_`` came in as ``add``
        return _FUNCTION_KINDS.get(step.operation, "other")
    return module_kind(step.module)


def module_kind(module: nn.Module) -> str:
    """Which of `KINDS` a module without parts is."""
    name = type(module).__name__
    if name in _NAMED_KINDS:
        return _NAMED_KINDS[name]
    for classes, kind in _MODULE_KINDS:
        if isinstance(module, classes):
            return kind
    if isinstance(module, nn.MultiheadAttention):
        return "other"
    if type(module).__module__ == nn.modules.activation.__name__:
        return "activation"
    return "other"


def _macs(step: Step) -> int:
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


def module_attributes(module: nn.Module) -> tuple[tuple[str, str], ...]:
    """A layer's settings for people, in the order of torch's own arguments."""
    rows = SettingRows()
    if isinstance(module, TableConv2d):
        rows.add("in channels", module.in_channels)
        rows.add("out channels", module.out_channels)
        rows.add_text("kernel", _extent(module.kernel_size))
        rows.add(
            "connections", f"{len(module.weight)} of {module.in_channels * module.out_channels}"
        )
    elif isinstance(module, Subsampling):
        rows.add_text("kernel", _extent((2, 2)))
        rows.add("stride", 2)
    elif isinstance(module, nn.modules.conv._ConvNd):
        rows.add("in channels", module.in_channels)
        rows.add("out channels", module.out_channels)
        rows.add_text("kernel", _extent(module.kernel_size))
        rows.add("stride", module.stride)
        rows.add("padding", module.padding)
        rows.add_unless("dilation", module.dilation, 1)
        rows.add_unless("groups", module.groups, 1)
        rows.add("bias", module.bias is not None)
    elif isinstance(module, nn.Linear):
        rows.add("in features", module.in_features)
        rows.add("out features", module.out_features)
        rows.add("bias", module.bias is not None)
    elif isinstance(module, nn.modules.pooling._MaxPoolNd | nn.modules.pooling._AvgPoolNd):
        dimensions = int(type(module).__name__[-2])
        kernel: Any = module.kernel_size
        rows.add_text("kernel", _extent(kernel, dimensions))
        rows.add("stride", kernel if module.stride is None else module.stride)
        rows.add("padding", module.padding)
        rows.add_unless("dilation", getattr(module, "dilation", 1), 1)
        rows.add_unless("ceil mode", module.ceil_mode, False)
    elif isinstance(
        module, nn.modules.pooling._AdaptiveAvgPoolNd | nn.modules.pooling._AdaptiveMaxPoolNd
    ):
        dimensions = int(type(module).__name__[-2])
        rows.add_text("output size", _extent(module.output_size, dimensions))
    elif isinstance(module, nn.modules.batchnorm._NormBase):
        rows.add("channels", module.num_features)
        rows.add("eps", module.eps)
        rows.add("momentum", module.momentum)
        rows.add_unless("affine", module.affine, True)
    elif isinstance(module, nn.modules.dropout._DropoutNd):
        rows.add("p", module.p)
    elif isinstance(module, nn.Flatten):
        rows.add_unless("start dimension", module.start_dim, 1)
    else:
        for attribute, title in _OTHER_SETTINGS.items():
            value = getattr(module, attribute, None)
            if isinstance(value, bool | int | float | str) or (
                isinstance(value, tuple) and all(isinstance(item, int) for item in value)
            ):
                rows.add(title, value)
    return rows.all()


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
