"""A network in bfloat16 whose steps run together: a convolution with the normalisation and the
activation that follow it, its weights laid out beforehand as oneDNN wants them.

The modules stay where they are, with their names and hooks; only what they compute is divided up
otherwise. The first of a *chain* (convolution, normalisation, ReLU) does the work of all; the
others are handed a tensor that is done already, know it, and pass it on. What is asked for must be
what its name says: where a run wants the output of the convolution itself, or of the
normalisation, `Fused.wanted` divides that chain before it.

Which modules make up a chain is seen in one recorded forward: what the first gives must be used by
the second alone, and not be handed out by the network. A network that looks at values may use it
otherwise for another picture, and has no chains.

Torch must have been imported when this module is.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from cnn_explorer.networks.functions import FunctionCalls
from cnn_explorer.probe.capture import split_call

_ACTIVATIONS: Mapping[type[nn.Module], tuple[str, list[float]]] = {
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
    nn.Hardswish: ("hardswish", []),
    nn.SiLU: ("swish", []),
}
"""Which activations oneDNN computes together with a convolution, its names and settings of them."""

_PLAIN: tuple[str, list[float]] = ("none", [])

_LOOKING = frozenset({
    "__bool__", "__int__", "__float__", "__complex__", "__index__", "__contains__", "__array__",
    "item", "tolist", "numpy", "equal", "allclose", "is_nonzero",
})  # fmt: skip
"""Functions that give values of a tensor to Python, which can decide by them."""


@dataclass(frozen=True)
class Chain:
    """What runs together, by the modules' names. A chain may consist of its first module alone."""

    first: str
    """A convolution or a fully connected layer."""
    norm: str = ""
    """The normalisation that follows it, or empty."""
    activation: str = ""
    shape: tuple[int, ...] = ()
    """Of the first one's input."""
    first_names: frozenset[str] = frozenset()
    """Layers whose output is the first one's: itself, and blocks that end with it."""
    norm_names: frozenset[str] = frozenset()
    """Layers whose output is the normalisation's."""


def chains(model: nn.Module, batch: Tensor) -> tuple[Chain, ...]:
    """The chains of a network in eval mode, found by running it on `batch`. The network is left as
    it is."""
    recording = _Recording(model)
    with torch.no_grad(), recording:
        model(batch)
    return tuple(recording.chains())


class Fused:
    """Chains put into a copy of a network."""

    def __init__(self, copy: nn.Module, exact: nn.Module, found: Iterable[Chain]) -> None:
        """`copy` is changed: it computes in bfloat16 wherever a chain begins. The weights are read
        from `exact`, in float32."""
        copies, originals = dict(copy.named_modules()), dict(exact.named_modules())
        self._pending: _Pending = {}
        self._wanted: frozenset[str] | None = None
        self._packed: list[tuple[Chain, _Packed]] = []
        for chain in found:
            norm: Any = originals[chain.norm] if chain.norm else None
            later = tuple(copies[name] for name in (chain.norm, chain.activation) if name)
            made = _packed(originals[chain.first], norm, chain.shape)
            packed = _Packed(made, later, self._pending)
            if chain.activation:
                packed.activation = _ACTIVATIONS[type(later[-1])]
            self._packed.append((chain, packed))
            copies[chain.first].forward = packed
            for module in later:
                if not isinstance(module.forward, _Passing):
                    module.forward = _Passing(module, self._pending)
        self.wanted(())

    @property
    def held_bytes(self) -> int:
        """Memory of the weights that are laid out for oneDNN."""
        return sum(packed.held_bytes for _, packed in self._packed)

    def wanted(self, layers: Collection[str]) -> None:
        """Call before each forward: these layers' outputs will be asked for, by names as in
        `capture`."""
        self._pending.clear()  # of a forward that was left half-way
        names = frozenset(map(_plain_name, layers))
        if names == self._wanted:
            return
        self._wanted = names
        for chain, packed in self._packed:
            if names & chain.first_names:
                packed.divide(0)
            elif names & chain.norm_names:
                packed.divide(1)
            else:
                packed.divide(2)

    def check(self) -> None:
        """Call after each forward: `RuntimeError` where a chain was begun and not ended, because
        the network took another way than when it was recorded."""
        if self._pending:
            self._pending.clear()
            raise RuntimeError("its layers run in another order for this picture")


_Pending = dict[int, tuple[Tensor, tuple[nn.Module, ...]]]
"""Tensors, by id, that are done already, and the modules that will be handed them."""


@dataclass(frozen=True)
class _Weights:
    """The weights of a convolution or fully connected layer, laid out, and what computes with
    them."""

    run: Callable[[Tensor, tuple[str, list[float]]], Tensor]
    held_bytes: int


@dataclass(eq=False)
class _Packed:
    """What the first module of a chain computes: called in place of its `forward`."""

    make: "Callable[[bool], _Weights]"
    """Lays out the weights, with the normalisation in them or without."""
    later: tuple[nn.Module, ...]
    pending: _Pending
    activation: tuple[str, list[float]] = _PLAIN
    _with_norm: _Weights | None = None
    _alone: _Weights | None = None
    _now: _Weights = field(init=False)
    _ends_with: tuple[str, list[float]] = _PLAIN
    _skipped: tuple[nn.Module, ...] = ()

    def divide(self, steps: int) -> None:
        """Compute these weights' output alone, 0, the normalised one, 1, or all, 2."""
        normalised = any(isinstance(module, nn.BatchNorm2d) for module in self.later)
        self._ends_with = self.activation if steps == 2 else _PLAIN
        if steps == 2:
            self._skipped = self.later
        else:
            self._skipped = self.later[:1] if steps and normalised else ()
        if normalised and not self._skipped:
            self._alone = self._alone or self.make(False)
            self._now = self._alone
        else:
            self._alone = None  # made anew when it is wanted: it is as large as the other
            self._with_norm = self._with_norm or self.make(True)
            self._now = self._with_norm

    @property
    def held_bytes(self) -> int:
        return sum(made.held_bytes for made in (self._with_norm, self._alone) if made is not None)

    def __call__(self, given: Tensor) -> Tensor:
        made = self._now.run(given.to(torch.bfloat16), self._ends_with)
        if self._skipped:
            self.pending[id(made)] = made, self._skipped
        return made


class _Passing:
    """What a later module of a chain computes: nothing, where it is handed what is done."""

    def __init__(self, module: nn.Module, pending: _Pending) -> None:
        self._module = module
        self._usual = module.forward
        self._pending = pending

    def __call__(self, given: Tensor) -> Tensor:
        known = self._pending.get(id(given))
        if known is None or known[1][0] is not self._module:
            output: Tensor = self._usual(given)
            return output
        _, (_, *rest) = known
        if rest:
            self._pending[id(given)] = given, tuple(rest)
        else:
            del self._pending[id(given)]
        return given


def _packed(
    module: nn.Module, norm: nn.BatchNorm2d | None, shape: tuple[int, ...]
) -> Callable[[bool], _Weights]:
    if isinstance(module, nn.Conv2d):
        return lambda normalised: _convolution(module, norm if normalised else None, shape)
    assert isinstance(module, nn.Linear)
    return lambda _: _linear(module, shape)


def _convolution(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, shape: tuple[int, ...]) -> _Weights:
    weight, bias = conv.weight.detach(), conv.bias
    with torch.no_grad():
        if norm is not None:
            assert norm.running_mean is not None
            assert norm.running_var is not None
            scale = (norm.running_var + norm.eps).rsqrt()
            if norm.weight is not None:
                scale = scale * norm.weight
            shift = -norm.running_mean if bias is None else bias - norm.running_mean
            shift = shift * scale
            weight, bias = weight * scale[:, None, None, None], shift
            if norm.bias is not None:
                bias = bias + norm.bias
        settings = list(conv.padding), list(conv.stride), list(conv.dilation), conv.groups
        laid_out = torch.ops.mkldnn._reorder_convolution_weight(
            weight.to(torch.bfloat16).contiguous(memory_format=torch.channels_last),
            *settings,
            list(shape),
        )
    added = None if bias is None else bias.detach().float()
    convolve = torch.ops.mkldnn._convolution_pointwise.default

    def run(given: Tensor, activation: tuple[str, list[float]]) -> Tensor:
        output: Tensor = convolve(given, laid_out, added, *settings, *activation, "")
        return output

    return _Weights(run, laid_out.nbytes)


def _linear(linear: nn.Linear, shape: tuple[int, ...]) -> _Weights:
    rows = torch.Size(shape[:-1]).numel()
    weight = linear.weight.detach().to(torch.bfloat16)
    laid_out = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    added = None if linear.bias is None else linear.bias.detach().to(torch.bfloat16)
    multiply = torch.ops.mkldnn._linear_pointwise.default

    def run(given: Tensor, activation: tuple[str, list[float]]) -> Tensor:
        output: Tensor = multiply(given, laid_out, added, *activation, "")
        return output

    return _Weights(run, laid_out.nbytes)


def _plain_name(layer: str) -> str:
    """A layer's name as it is recorded: ``layer1.0.relu()#2`` is the second call of a function."""
    name, number = split_call(layer)
    return _numbered(name.removesuffix("()"), number)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}#{number}"


# recording


_Value = tuple[int, int]
"""A tensor as it is between two operations in place: its id and how often it was changed."""


@dataclass(eq=False)
class _Call:
    """One call of a module."""

    module: nn.Module
    given: _Value | None
    gave: _Value | None = None
    shape: tuple[int, ...] = ()


class _Recording(FunctionCalls):
    """Hears which modules run on which tensors, and who uses what these give."""

    def __init__(self, model: nn.Module) -> None:
        # hooks of the network's own would be passed over; before there are those of the recording
        self._untouched = {
            id(module)
            for module in model.modules()
            if not module._forward_hooks and not module._forward_pre_hooks
        }
        super().__init__(model)
        self._names: dict[int, str] = {}
        for name, module in self.modules.items():
            self._names[id(module)] = name
        self._owners = {
            id(module.weight): module for module in self.modules.values() if _can_begin(module)
        }
        self._kept: list[Tensor] = []  # so that no other tensor gets one's id
        self._calls_of: dict[int, list[_Call]] = defaultdict(list)
        self._open: list[_Call] = []
        self._used_by: dict[_Value, list[_Call | None]] = defaultdict(list)
        self._layers: dict[_Value, set[str]] = defaultdict(set)
        self._unfit: set[int] = set()
        self._looks_at_values = False

    def module_entered(self, scope: str, module: nn.Module, inputs: tuple[Any, Any]) -> None:
        del scope
        args, kwargs = inputs
        given = args[0] if len(args) == 1 and not kwargs else None
        tensor = given if isinstance(given, Tensor) else None
        call = _Call(module, None if tensor is None else _value(tensor))
        call.shape = () if tensor is None else tuple(tensor.shape)
        self._open.append(call)
        self._calls_of[id(module)].append(call)

    def module_left(self, scope: str, module: nn.Module, output: Any) -> None:
        call = self._open.pop()
        if isinstance(output, Tensor) and not module._modules:
            call.gave = _value(output)
            self._kept.append(output)
        self._told(scope, output)

    def function_called(
        self, scope: str, operation: str, number: int, inputs: tuple[Any, Any], output: Any
    ) -> None:
        del inputs
        self._told(_numbered(f"{scope}.{operation}", number), output)

    def _told(self, layer: str, output: Any) -> None:
        for tensor in tree_leaves(output):
            if isinstance(tensor, Tensor):
                self._layers[_value(tensor)].add(layer)

    def compute(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        name = getattr(function, "__name__", "")
        self._looks_at_values |= name in _LOOKING
        # a size or type is no value, but ``.T`` and ``.data`` are the tensor itself
        if name == "__get__":
            output = function(*args, **kwargs)
            if not isinstance(output, Tensor):
                return output
        for given in tree_leaves((args, kwargs)):
            if isinstance(given, Tensor):
                self._read(given)
        return function(*args, **kwargs)

    def _read(self, tensor: Tensor) -> None:
        """A function is given a tensor."""
        call = self._open[-1] if self._open else None
        self._used_by[_value(tensor)].append(call)
        owner = self._owners.get(id(tensor))
        if owner is not None and (call is None or call.module is not owner):
            self._unfit.add(id(owner))  # others read its weight: it is not for it alone to lay out

    def chains(self) -> Iterator[Chain]:
        """The chains, when the forward is over."""
        if self._looks_at_values:
            return
        for module in self.modules.values():
            calls = self._calls_of[id(module)]
            if not calls or not _can_begin(module) or not self._fit(module):
                continue
            if not all(len(call.shape) == 4 or isinstance(module, nn.Linear) for call in calls):
                continue
            if any(call.gave is None for call in calls):
                continue
            norms = self._followers(calls, self._normalises)
            ends = self._followers(norms or calls, self._activates)
            yield Chain(
                first=self._names[id(module)],
                norm=self._names[id(norms[0].module)] if norms else "",
                activation=self._names[id(ends[0].module)] if ends else "",
                shape=calls[0].shape,
                first_names=self._told_of(calls),
                norm_names=self._told_of(norms),
            )

    def _fit(self, module: nn.Module) -> bool:
        return id(module) in self._untouched and id(module) not in self._unfit

    def _normalises(self, before: nn.Module, module: nn.Module) -> bool:
        return (
            isinstance(before, nn.Conv2d)
            and type(module) is nn.BatchNorm2d
            and module.running_mean is not None
            and not module.training
            and module.num_features == before.out_channels
        )

    def _activates(self, _before: nn.Module, module: nn.Module) -> bool:
        return type(module) in _ACTIVATIONS

    def _followers(
        self, calls: list[_Call], fits: Callable[[nn.Module, nn.Module], bool]
    ) -> list[_Call]:
        """The calls that alone use what each of these gave, where all are of one fitting module;
        else none."""
        found: list[_Call] = []
        for call in calls:
            assert call.gave is not None
            users = self._used_by.get(call.gave, [])
            user = users[0] if users else None
            if user is None or any(other is not user for other in users):
                return []
            if user.given != call.gave or not fits(call.module, user.module):
                return []
            if not self._fit(user.module) or user.gave is None:
                return []
            if "" in self._layers[call.gave]:  # the network hands it out
                return []
            found.append(user)
        return found if len({id(call.module) for call in found}) == 1 else []

    def _told_of(self, calls: list[_Call]) -> frozenset[str]:
        named = (self._layers[call.gave] for call in calls if call.gave is not None)
        return frozenset().union(*named)


def _value(tensor: Tensor) -> _Value:
    return id(tensor), tensor._version


def _can_begin(module: nn.Module) -> bool:
    """Whether a module's weights can be laid out beforehand. A subclass may compute otherwise."""
    if type(module) is nn.Linear:
        return True
    return (
        type(module) is nn.Conv2d
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    )
