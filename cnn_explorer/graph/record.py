"""One pass of a network over shapes alone, and what was called in it: modules and functions.

Hooks on the modules tell which are called and how they nest; a `TorchFunctionMode` tells which
functions they call. A tensor belongs to the step that gave it: what a step takes, read back, are
the edges. All of it concerns this thread and the given model alone.

Most of the time would go to torch working out on ``meta`` what is known already: some operations
keep the shape, and networks repeat their blocks. See `_ShapePass.compute`.
"""

import dataclasses
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.metrics import TIMES, attention_macs, linear_macs
from cnn_explorer.graph.model import GraphEdge, Shape
from cnn_explorer.networks.functions import FunctionCalls
from cnn_explorer.text import one_line

_KEEPING_SHAPE = frozenset(
    {F.relu, torch.relu, torch.relu_, Tensor.relu_, F.relu6, F.leaky_relu, F.elu, F.selu, F.gelu,
     F.silu, F.mish, F.hardswish, F.hardsigmoid, F.hardtanh, torch.sigmoid, torch.tanh, F.dropout}
)  # fmt: skip
"""Functions of one tensor that give one of its shape and type, whatever else they take. On
``meta`` torch works most of them out in Python, which takes up to 1.5 ms each."""

_CONCATENATING = frozenset({torch.cat, torch.concat, torch.concatenate})

_FACTORIES = frozenset(
    getattr(torch, name)
    for name in (
        "as_tensor", "tensor", "zeros", "ones", "empty", "full", "arange", "linspace", "logspace",
        "eye", "rand", "randn", "randint", "randperm", "normal",
    )
)  # fmt: skip
"""They make tensors from none: positions, masks. What is computed from those is computed."""

_SCALARS = frozenset({bool, int, float, str, type(None), type(Ellipsis), torch.dtype, torch.device,
                      torch.layout, torch.memory_format})  # fmt: skip


@dataclass
class Step:
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
    arguments: tuple[Any, Any] = ((), {})
    """Of a functional operation: by position and by name."""


@dataclass
class Scope:
    """One call of a module that has parts."""

    name: str
    parent: str
    module: nn.Module
    out_shape: Shape
    training_only: bool = False
    first_call: bool = True


@dataclass
class Recording:
    """What was called in one pass, in order."""

    steps: dict[str, Step] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=lambda: {"": []})
    edges: list[GraphEdge] = field(default_factory=list)
    called: set[int] = field(default_factory=set)
    """Identities of the modules that ran."""
    used: set[int] = field(default_factory=set)
    """Identities of the parameters that took part."""


def record(twin: nn.Module, input_shape: Sequence[int], *, training: bool) -> Recording:
    """Run a network once that is on the meta device and in eval mode, in this or in training mode.

    `input_shape` is without the batch. Raises `ExplorerError` where the network cannot be run.
    """
    # two pictures in training: batch normalisation refuses to learn from a single value
    shape = (2 if training else 1, *input_shape)
    if training:
        twin.train()
    try:
        try:
            return _pass(twin, shape, nullcontext())
        except Exception:
            # perhaps it makes tensors as it goes, which are numbers on the processor else
            return _pass(twin, shape, torch.device("meta"))
    except Exception as error:
        told = TIMES.join(map(str, input_shape))
        raise ExplorerError(
            f"the network cannot take an input of {told}: {one_line(error)}."
        ) from error
    finally:
        if training:
            twin.eval()


def _pass(
    twin: nn.Module, shape: Sequence[int], factories: AbstractContextManager[Any]
) -> Recording:
    picture = torch.empty(tuple(shape), device="meta")
    seen = _ShapePass(twin, picture)
    with warnings.catch_warnings(), torch.no_grad(), factories, seen:
        warnings.simplefilter("ignore")  # they are for whoever runs the network
        output = twin(picture)
    return seen.recording(output)


class _ShapePass(FunctionCalls):
    """Takes down what is called while it is active.

    Shapes are read at the end: reading one is a call of a function too, and would be counted.
    """

    def __init__(self, twin: nn.Module, picture: Tensor) -> None:
        super().__init__(twin)
        self._batch = len(picture)
        self._leaves = {id(module) for module in self.modules.values() if not module._modules}
        self._found = Recording()
        self._taken: set[str] = set()
        self._origins: dict[int, tuple[Tensor, str]] = {}
        """By identity: the tensor, kept so that no other gets its identity, and the step it comes
        from; none for one that was made from nothing."""
        self._inputs: dict[str, list[Tensor]] = {}
        self._outputs: dict[str, list[Tensor]] = {}
        self._edges: dict[tuple[str, str], None] = {}
        self._open: list[str | None] = []
        """The modules that run, by name in the recording; None for a leaf that is no step."""
        self._answers: dict[Any, Any] = {}
        self._changed = False
        """Whether a function changed a tensor in place since a module was entered."""
        self._add_step(Step(self._fresh("input"), "", None, "input", (), ()), [], [picture])

    def recording(self, output: Any) -> Recording:
        """All that was called, given what the network gave."""
        for tensor in _tensors(output):
            if id(tensor) in self._origins:
                name = self._fresh("output")
                self._add_step(Step(name, "", None, "output", (), ()), [tensor], [tensor])
        found = self._found
        for name, step in found.steps.items():
            given, made = self._inputs[name], self._outputs[name]
            step.in_shapes = tuple(self._shape(tensor) for tensor in given)
            step.out_shape = self._shape(made[0]) if made else ()
            if step.module is None:
                step.macs = _function_macs(step.operation, given, made) // self._batch
        for name, scope in found.scopes.items():
            made = self._outputs.get(name, [])
            scope.out_shape = self._shape(made[0]) if made else ()
        found.edges.extend(
            GraphEdge(source, target, found.steps[source].out_shape)
            for source, target in self._edges
        )
        return found

    # what FunctionCalls tells

    def compute(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """What a function gives, as far as its shape goes.

        Functions that keep the shape are not called at all; others once for the same shapes and
        settings, after which their answer is known.
        """
        if function in _KEEPING_SHAPE or (function is F.batch_norm and _fits_batch(args, kwargs)):
            tensor = args[0] if args else kwargs.get("input")
            if type(tensor) is Tensor and tensor.device.type == "meta":
                in_place = kwargs.get("inplace") or function.__name__.endswith("_")
                return tensor if in_place else _like(tensor)
        if function in _CONCATENATING:
            shape = _concatenated(*args, **kwargs)
            if shape:
                return torch.empty(shape, device="meta")
        try:
            key = (function, *_key(args), *_key(kwargs))
        except _UnknownError:
            return function(*args, **kwargs)
        known = self._answers.get(key)
        if known is not None:
            return known(args)
        before = _key(args)
        output = function(*args, **kwargs)
        answer = _answer_like(output, args) if _key(args) == before else None
        if answer is not None:
            self._answers[key] = answer
        return output

    def function_called(
        self, scope: str, operation: str, number: int, inputs: tuple[Any, Any], output: Any
    ) -> None:
        del scope
        self._changed |= any(output is tensor for tensor in inputs[0][:1])
        made, taken, here = _tensors(output), _tensors(inputs), self._open[-1]
        self._found.used.update(id(tensor) for tensor in taken if type(tensor) is nn.Parameter)
        if not made or here is None:
            return
        given = [tensor for tensor in taken if id(tensor) in self._origins]
        if not given:
            if operation in _FACTORY_NAMES:
                self._come_from("", made)
        elif here in self._found.steps:  # within a leaf: part of what the leaf does
            self._come_from(here, made)
        else:
            wanted = f"{here}.{operation}" if here else operation
            # a module's name stays the module's, so that a layer's name always finds it in torch
            wanted = f"{wanted}()" if wanted in self.modules else wanted
            name = self._fresh(wanted if number == 1 else f"{wanted}#{number}")
            step = Step(name, here, None, operation, (), (), arguments=(inputs[0], inputs[1] or {}))
            self._add_step(step, given, made)

    def module_entered(self, scope: str, module: nn.Module, inputs: tuple[Any, Any]) -> None:
        found = self._found
        parent = self._open[-1] if self._open else ""
        given = [tensor for tensor in _tensors(inputs) if id(tensor) in self._origins]
        if parent is None or (id(module) in self._leaves and not given):
            self._open.append(None)
            return
        self._changed = False
        first = id(module) not in found.called
        if given:
            found.called.add(id(module))
        dotted = scope.partition("#")[0]
        if id(module) in self._leaves:
            name = self._fresh(dotted or type(module).__name__)
            step = Step(name, parent, module, type(module).__name__, (), (), first_call=first)
            self._add_step(step, given, [])
        elif not dotted:
            name = ""
        else:
            name = self._fresh(dotted)
            found.scopes[name] = Scope(name, parent, module, (), first_call=first)
            found.children[parent].append(name)
            found.children[name] = []
        self._open.append(name)

    def module_left(self, scope: str, module: nn.Module, output: Any) -> Any:
        del scope
        name = self._open.pop()
        if not name:
            return None
        if id(module) in self._leaves:
            if not self._changed and any(output is given for given in self._inputs[name]):
                output = _alias(output)  # what it was given may go other ways too
            self._come_from(name, _tensors(output))
        self._outputs[name] = _tensors(output)
        return output

    # the recording

    def _add_step(self, step: Step, given: list[Tensor], made: list[Tensor]) -> None:
        self._found.steps[step.name] = step
        self._found.children[step.parent].append(step.name)
        self._inputs[step.name] = given
        self._outputs[step.name] = made
        for tensor in given:
            _, source = self._origins[id(tensor)]
            if source and source != step.name:
                self._edges[source, step.name] = None
        if step.operation != "output":
            self._come_from(step.name, made)

    def _come_from(self, step: str, made: Iterable[Tensor]) -> None:
        for tensor in made:
            self._origins[id(tensor)] = (tensor, step)

    def _shape(self, tensor: Tensor) -> Shape:
        """Without the batch, if that comes first: windows of attention, all pictures' in one
        dimension, and sequences, which have the batch second, are left as they are."""
        shape = tuple(tensor.shape)
        return shape[1:] if shape[:1] == (self._batch,) else shape

    def _fresh(self, wanted: str) -> str:
        name, call = wanted, 1
        while name in self._taken:
            call += 1
            name = f"{wanted}#{call}"
        self._taken.add(name)
        return name


_FACTORY_NAMES = frozenset(function.__name__ for function in _FACTORIES)


def _tensors(value: Any) -> list[Tensor]:
    """The tensors in a value, in order: in tuples, lists, mappings and dataclasses."""
    found: list[Tensor] = []
    _collect(value, found)
    return found


def _collect(value: Any, found: list[Tensor]) -> None:
    kind = type(value)
    if kind is Tensor:
        found.append(value)
    elif kind in _SCALARS:
        pass
    elif kind is tuple or kind is list:
        for item in value:
            _collect(item, found)
    elif isinstance(value, Tensor):
        found.append(value)
    elif isinstance(value, Mapping):
        _collect(list(value.values()), found)
    elif isinstance(value, tuple | list):
        _collect(list(value), found)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        _collect(list(vars(value).values()), found)


def _function_macs(operation: str, given: Sequence[Tensor], made: Sequence[Tensor]) -> int:
    """Multiply-adds of a functional operation, where the shapes tell, batch included."""
    if given and made and operation in ("linear", "matmul", "bmm"):
        return linear_macs(given[0].shape[-1], tuple(made[0].shape))
    if given and operation == "multi_head_attention_forward":
        return attention_macs(*given[0].shape)
    return 0


# shapes without working them out


class _UnknownError(Exception):
    """Something that a function was given cannot be compared."""


def _key(value: Any) -> tuple[Any, ...]:
    """What of an argument can decide the shape of a result. Raises `_UnknownError`."""
    kind = type(value)
    if isinstance(value, Tensor):
        if value.device.type != "meta" or kind not in (Tensor, nn.Parameter):
            raise _UnknownError
        return (value.shape, value.stride(), value.dtype)
    if kind in _SCALARS:
        return (kind, value)
    if kind in (tuple, list, torch.Size):
        return (kind, *map(_key, value))
    if kind is dict:
        return (kind, *((name, _key(item)) for name, item in value.items()))
    if kind is slice:
        return (kind, _key(value.start), _key(value.stop), _key(value.step))
    raise _UnknownError


def _answer_like(output: Any, args: Sequence[Any]) -> Callable[[Any], Any] | None:
    """A function of the arguments that gives what was given: the first argument, new tensors of
    the same shapes. None where that would not be the same."""
    if type(output) is Tensor:
        if args and output is args[0]:
            return _first
        if output.device.type != "meta" or any(output is tensor for tensor in _tensors(args)):
            return None
        shape, stride, dtype = output.shape, output.stride(), output.dtype
        return lambda _args: torch.empty_strided(shape, stride, dtype=dtype, device="meta")
    if type(output) in (tuple, list):
        parts = [_answer_like(part, ()) if part is not None else _nothing for part in output]
        kind = type(output)
        if parts and all(part is not None for part in parts):
            return lambda args: kind(part(args) for part in parts if part is not None)
    return None


def _first(args: Any) -> Any:
    return args[0]


def _nothing(_args: Any) -> None:
    return None


def _alias(tensor: Tensor) -> Tensor:
    with torch._C.DisableTorchFunction():  # else it would count as a call of the network's
        return tensor.view_as(tensor)


def _like(tensor: Tensor) -> Tensor:
    """A new tensor of the same shape. On ``meta``, `empty_like` takes ten times as long."""
    if tensor.is_contiguous():
        return torch.empty(tensor.shape, dtype=tensor.dtype, device="meta")
    return torch.empty_like(tensor)


def _concatenated(tensors: Any, dim: Any = 0, **more: Any) -> Shape | None:
    """The shape of a concatenation; None for one that torch is to work out, or to refuse."""
    first = tensors[0] if type(tensors) in (tuple, list) and tensors else None
    if type(first) is not Tensor or more or not 0 <= dim < first.dim():
        return None
    rest = first.shape[:dim] + first.shape[dim + 1 :]
    for tensor in tensors:
        shape = tensor.shape
        if (
            type(tensor) is not Tensor
            or tensor.device.type != "meta"
            or tensor.dtype is not torch.float32
            or len(shape) != first.dim()
            or shape[:dim] + shape[dim + 1 :] != rest
        ):
            return None
    return (*rest[:dim], sum(tensor.shape[dim] for tensor in tensors), *rest[dim:])


def _fits_batch(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether batch normalisation can take its input: else torch is to say why not."""
    given = {**dict(zip(_BATCH_NORM, args, strict=False)), **kwargs}
    tensor = given["input"]
    channels = tensor.shape[1] if tensor.dim() > 1 else -1
    beside = [given.get(name) for name in _BATCH_NORM[1:5]]
    return all(part is None or part.shape == (channels,) for part in beside) and not (
        given.get("training") and tensor.numel() <= channels
    )


_BATCH_NORM = ("input", "running_mean", "running_var", "weight", "bias", "training")
