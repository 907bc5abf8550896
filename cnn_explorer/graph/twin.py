"""A copy of a network without its weights: on torch's ``meta`` device tensors have shapes alone."""

import copy
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from typing import Any

import torch
from torch import nn

_PLAIN = (bool, int, float, complex, str, bytes, type(None), torch.dtype, torch.device)
"""Values that nobody can change: a copy shares them."""


def meta_twin(model: nn.Module) -> nn.Module:
    """A copy of `model` on the meta device in eval mode, made without copying a single weight.

    Hooks stay behind: they belong to whoever watches the original.
    """
    memo: dict[int, Any] = {}
    modules = list(model.modules())
    for module in modules:
        for tensor in _own_tensors(module):
            if id(tensor) not in memo:
                memo[id(tensor)] = _shadow(tensor)
        for attribute, value in vars(module).items():
            if "_hooks" in attribute and isinstance(value, dict):
                memo[id(value)] = type(value)() if type(value) is dict else OrderedDict()
        # shells first: modules may refer to each other in any order, and however deep they nest
        # none is copied from within another
        if _is_copied_by_attributes(module):
            memo[id(module)] = type(module).__new__(type(module))
    for module in modules:
        shell = memo.get(id(module))
        if shell is not None and _is_copied_by_attributes(module):
            vars(shell).update(
                (name, value if type(value) in _PLAIN else _copied(value, memo))
                for name, value in vars(module).items()
            )
    return copy.deepcopy(model, memo).eval()


def _is_copied_by_attributes(module: nn.Module) -> bool:
    """Whether copying its attributes one by one copies it: nobody said otherwise."""
    return _copies_by_attributes(type(module))


@cache
def _copies_by_attributes(kind: type[nn.Module]) -> bool:
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
    known = memo.get(id(value))
    if known is not None:
        return known
    if type(value) in (dict, OrderedDict) and all(type(key) is str for key in value):
        made = memo[id(value)] = type(value)()
        for key, item in value.items():
            made[key] = item if type(item) in _PLAIN else _copied(item, memo)
        return made
    if type(value) is tuple and all(type(item) in _PLAIN for item in value):
        return value
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


def _own_tensors(module: nn.Module) -> Iterator[torch.Tensor]:
    yield from (tensor for tensor in module._parameters.values() if tensor is not None)
    yield from (tensor for tensor in module._buffers.values() if tensor is not None)
    yield from (value for value in vars(module).values() if isinstance(value, torch.Tensor))
