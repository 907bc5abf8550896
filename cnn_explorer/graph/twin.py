"""A copy of a network without its weights: on torch's ``meta`` device tensors have shapes alone."""

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import nn

_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device})
"""Values that nobody can change: a copy shares them."""


def meta_twin(model: nn.Module) -> nn.Module:
    """A copy of `model` on the meta device in eval mode, made without copying a single weight.

    Hooks stay behind: they belong to whoever watches the original.
    """
    memo: dict[int, Any] = {}
    plain: dict[type, bool] = {}
    shells: list[tuple[nn.Module, nn.Module]] = []
    for module in model.modules():
        state = vars(module)
        for tensor in (*state["_parameters"].values(), *state["_buffers"].values()):
            if tensor is not None and id(tensor) not in memo:
                memo[id(tensor)] = _shadow(tensor)
        # shells first: modules may refer to each other in any order, and however deep they nest
        # none is copied from within another
        kind = type(module)
        if kind not in plain:
            plain[kind] = _copies_by_attributes(kind)
        if plain[kind]:
            shell = memo[id(module)] = kind.__new__(kind)
            shells.append((module, shell))
        else:
            for name in _HOOKS & state.keys():
                memo[id(state[name])] = type(state[name])()
            for value in state.values():
                if isinstance(value, torch.Tensor):
                    memo[id(value)] = _shadow(value)
    for module, shell in shells:
        state = vars(shell)
        for name, value in vars(module).items():
            if type(value) in _PLAIN:
                state[name] = value
            else:
                state[name] = type(value)() if name in _HOOKS else _copied(value, memo)
    return copy.deepcopy(model, memo).eval()


_HOOKS = frozenset(name for name in vars(nn.Module()) if "_hooks" in name)


def _copies_by_attributes(kind: type) -> bool:
    """Whether copying an object's attributes copies it: its class does not say otherwise."""
    # torch's own classes restore no more than what older versions did not save
    return not any(
        name in _COPYING
        for base in kind.__mro__
        if base is not object and not base.__module__.startswith("torch.nn.")
        for name in vars(base)
    )


_COPYING = frozenset({"__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__",
                      "__setstate__", "__getnewargs__", "__getnewargs_ex__"})  # fmt: skip
"""What a class that is copied in a way of its own has."""


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    """A deep copy; of what makes up most of a module's attributes in little time."""
    known = memo.get(id(value))
    if known is not None:
        return known
    kind = type(value)
    if kind in (dict, OrderedDict):
        if all(type(key) is str for key in value):
            made = memo[id(value)] = kind()
            for key, item in value.items():
                made[key] = item if type(item) in _PLAIN else _copied(item, memo)
            return made
    elif kind is tuple and all(type(item) in _PLAIN for item in value):
        return value
    elif kind is set and not value:
        return set()
    elif isinstance(value, torch.Tensor):
        memo[id(value)] = _shadow(value)
        return memo[id(value)]
    return copy.deepcopy(value, memo)


def _shadow(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor's shape, strides and type, without its values."""
    shadow: torch.Tensor
    if type(tensor) in (torch.Tensor, nn.Parameter) and tensor.layout is torch.strided:
        shadow = torch.empty_strided(
            tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
        )
    else:
        shadow = torch.empty_like(tensor.detach(), device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(shadow, requires_grad=tensor.requires_grad)
    return shadow
