"""Keep what chosen layers put out while a network runs: modules by forward hooks, functional
operations (``layer1.0.add``) by listening to the functions that the network calls.

A reference is kept, not a copy: that costs next to nothing, and is exact as long as no later
operation works in place. Torch counts the changes of every tensor, so at the end of the run each
kept reference is checked against its count; where one was overwritten, `Captured.overwritten`
names it and the caller runs once more with copies of just those. (Tensors of ``inference_mode``
have no such count: those are copied at once.)
"""

import dataclasses
import difflib
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from cnn_explorer.errors import ExplorerError

if TYPE_CHECKING:
    from torch import Tensor, nn


class Captured(Mapping[str, "Tensor"]):
    """The outputs that were kept, by layer name, in the order they came. Complete after the run."""

    def __init__(self) -> None:
        self._kept: dict[str, Tensor] = {}
        self._versions: dict[str, int] = {}

    @property
    def overwritten(self) -> tuple[str, ...]:
        """Layers whose kept output a later operation has changed in place."""
        return tuple(
            name for name, version in self._versions.items() if self._kept[name]._version != version
        )

    def keep(self, name: str, output: "Tensor", copy: bool) -> None:
        """Keep an output; hooks call this."""
        if copy or output.is_inference():
            self._kept[name] = output.detach().clone()
        else:
            self._kept[name] = output
            self._versions[name] = output._version

    def __getitem__(self, name: str) -> "Tensor":
        try:
            return self._kept[name]
        except KeyError:
            raise took_no_part(name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._kept

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


@contextmanager
def capture(
    model: "nn.Module",
    layers: Iterable[str],
    *,
    copy: bool | Collection[str] = (),
    modules: "Modules | None" = None,
) -> Iterator[Captured]:
    """Within the context, keep the outputs of `layers` at each forward of `model`.

    A layer is a module's dotted name; ``name#2`` is the second call of that module within the
    context. Or it is a functional operation, named as in the layer graph. Of an output of several
    tensors the first is kept. `copy` names the layers whose outputs are copied at once; True is
    all of them. `modules` are those of the model by name, where they are at hand. No hook is left
    behind, however the context ends. Raises `ExplorerError` for a name the model does not have.
    """
    captured = Captured()

    def keep(name: str, output: "Tensor") -> None:
        captured.keep(name, output, copy if isinstance(copy, bool) else name in copy)

    with each_output(model, layers, keep, modules):
        yield captured


Given = Callable[[str, "Tensor"], None]
"""A layer's name and its output, which the next operation may overwrite."""

Modules = Mapping[str, "nn.Module"]
"""All modules of a model, by name. To find them takes 2 % of GoogLeNet's forward."""


@contextmanager
def each_output(
    model: "nn.Module", layers: Iterable[str], given: Given, modules: Modules | None = None
) -> Iterator[None]:
    """Within the context, tell `given` the outputs of `layers` at each forward of `model`, as soon
    as they are there. Names, hooks and errors are those of `capture`."""
    from torch import nn
    from torch._C import DisableTorchFunction

    modules = dict(model.named_modules()) if modules is None else modules
    calls: dict[str, dict[int, str]] = {}
    functions: dict[tuple[str, str, int], str] = {}
    attention: dict[str, dict[tuple[int, str, int], str]] = {}
    for layer in layers:
        name, number = split_call(layer)
        if name in modules:
            calls.setdefault(name, {})[number] = layer
        elif (caller := _caller(name, modules)) is not None:
            operation = name.rpartition(".")[2].removesuffix("()")
            called, call = split_call(caller)
            if isinstance(modules[called], nn.MultiheadAttention):
                attention.setdefault(called, {})[call, operation, number] = layer
            else:
                functions[caller, operation, number] = layer
        else:
            raise _unknown(layer, modules)

    def tell(layer: str, output: Any) -> None:
        tensor = _first_tensor(output)
        if tensor is not None:
            # what is computed with it is not heard as the network's own operations
            with DisableTorchFunction():
                given(layer, tensor)

    with ExitStack() as stack:
        for name, numbers in calls.items():
            hook = _teller(tell, numbers)
            stack.callback(modules[name].register_forward_hook(hook).remove)
        for name, steps in attention.items():
            within = _teller_of_steps(tell, steps)
            handle = modules[name].register_forward_hook(within, with_kwargs=True)
            stack.callback(handle.remove)
        if functions:
            from cnn_explorer.probe.listening import Listening

            stack.enter_context(Listening(model, functions, tell))
        yield


def took_no_part(layer: str) -> ExplorerError:
    """The error for a layer of the network that a run did not come by."""
    return ExplorerError(f'the layer "{layer}" took no part in this run.')


def can_be_captured(
    model: "nn.Module", layers: Iterable[str], modules: Modules | None = None
) -> tuple[str, ...]:
    """Those of `layers` that are modules or functional operations of `model`."""
    modules = dict(model.named_modules()) if modules is None else modules
    return tuple(
        layer
        for layer in layers
        if split_call(layer)[0] in modules or _caller(split_call(layer)[0], modules) is not None
    )


def module_at(model: "nn.Module", layer: str) -> "nn.Module":
    """The module behind a layer's name: ``layer1.0.relu#2`` is ``layer1.0.relu``'s second call.

    Behind a functional operation stands the module that calls it, behind a weight (``pos_embed``)
    the one that owns it. The empty name is the model itself. An unknown name raises `ExplorerError`
    with near ones.
    """
    modules: dict[str, nn.Module] = dict(model.named_modules())
    name, _ = split_call(layer)
    if name in modules:
        return modules[name]
    owner, _, weight = name.rpartition(".")
    if owner in modules and weight in modules[owner]._parameters:
        return modules[owner]
    caller = _caller(name, modules)
    if caller is not None:
        return modules[split_call(caller)[0]]
    raise _unknown(layer, modules)


def split_call(layer: str) -> tuple[str, int]:
    """A layer's name as module name and number of the call: ``relu#2`` is ("relu", 2)."""
    name, mark, number = layer.rpartition("#")
    if mark and number.isascii() and number.isdecimal() and int(number) > 0:
        return name, int(number)
    return layer, 1


def _caller(name: str, modules: Mapping[str, "nn.Module"]) -> str | None:
    """Whose functional operation a name is, ``layer1.0`` of ``layer1.0.add``; None if it is none.

    Whether it really calls that function only a run tells.
    """
    import torch

    caller, _, operation = name.rpartition(".")
    operation = operation.removesuffix("()")
    known = any(
        hasattr(where, spelt)
        for where in (torch, torch.Tensor, torch.nn.functional)
        for spelt in (operation, f"__{operation}__")
    )
    called = modules.get(split_call(caller)[0])
    return caller if known and called is not None and any(called.children()) else None


def _unknown(layer: str, modules: Iterable[str]) -> ExplorerError:
    """The error for a name that no module has, with names that are near."""
    name, _ = split_call(layer)
    names = [known for known in modules if known]
    # "conv1" for "features.conv1"; else names that look alike
    near = [known for known in names if known.rsplit(".", 1)[-1] == name][:3]
    near = near or difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else f"the first ones are {', '.join(names[:5])}."
    )
    return ExplorerError(f'there is no layer "{layer}" in this network: {hint}')


Tell = Callable[[str, Any], None]
"""A layer's name and what it gave, a tensor or several."""


def _teller(tell: Tell, numbers: Mapping[int, str]) -> Callable[["nn.Module", Any, Any], None]:
    """A hook for a module whose calls of these numbers are layers of these names."""
    call = 0

    def called(_module: "nn.Module", _inputs: Any, output: Any) -> None:
        nonlocal call
        call += 1
        if call in numbers:
            tell(numbers[call], output)

    return called


def _teller_of_steps(
    tell: Tell, steps: Mapping[tuple[int, str, int], str]
) -> Callable[["nn.Module", Any, Any, Any], None]:
    """A hook for attention, of whose calls these steps are layers of these names."""
    from torch._C import DisableTorchFunction

    from cnn_explorer.probe.listening import step_of_attention

    call = 0

    def called(module: Any, inputs: Any, settings: Any, output: Any) -> None:
        nonlocal call
        call += 1
        query = inputs[0] if inputs else settings["query"]
        for (wanted, operation, number), layer in steps.items():
            if wanted == call:
                with DisableTorchFunction():
                    given = step_of_attention(module, operation, number, query, output)
                tell(layer, given)

    return called


def _first_tensor(output: Any) -> "Tensor | None":
    """The output itself, or the first tensor in a (named) tuple, list, dictionary or dataclass of
    outputs."""
    if hasattr(output, "is_inference"):
        tensor: Tensor = output
        return tensor
    if isinstance(output, Mapping):
        output = list(output.values())
    elif dataclasses.is_dataclass(output) and not isinstance(output, type):
        output = list(vars(output).values())
    if isinstance(output, (tuple, list)):
        return next((t for t in map(_first_tensor, output) if t is not None), None)
    return None


def as_maps(output: "Tensor") -> "Tensor":
    """An output for a batch of one as (C, H, W), where it has places, else (N,).

    Pictures are square, and so are maps: where the last two sizes differ, the last one counts the
    features, as in transformers. Of a sequence (positions, features) that is a square with a class
    token before it, the square alone is a map: the token belongs to no place.
    """
    shape = output.shape
    if len(shape) == 4 and shape[0] == 1 and shape[2] == shape[3]:
        return output[0]  # nearly all are so, and each question takes time in a forward
    if output.dim() > 1 and shape[0] == 1:
        output = output[0]
    elif output.dim() == 3 and output.shape[1] == 1:  # attention has the batch second
        output = output[:, 0]
    if output.dim() > 3:  # the windows and heads of attention side by side
        output = output.reshape(-1, *output.shape[-2:])
    if output.dim() == 2:
        positions, features = output.shape
        side = math.isqrt(positions)
        token = positions - side * side
        if side > 1 and token <= 1:
            return output[token:].reshape(side, side, features).movedim(-1, 0)
        return output.reshape(1, positions, features).movedim(-1, 0)
    if output.dim() == 3 and output.shape[1] != output.shape[2]:
        return output.movedim(-1, 0)
    return output.reshape(-1) if output.dim() < 2 else output
