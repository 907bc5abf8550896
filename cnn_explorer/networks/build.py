"""From a card to a module: opening a network.

Torch fills the weights of every layer it makes with random numbers. For VGG-16 that is 138
million, a second or more, all thrown away when trained weights are loaded next. So there are three
ways to build:

- `build_random`: seeded random weights, the same for everyone, filled once;
- `build_for_loading`: weights left unfilled, to be loaded right after;
- `build_empty`: no memory at all (the ``meta`` device): shapes only, for the diagram.
"""

import importlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.layers import Add, Subsampling, TableConv2d

_TABLES = ("class_token", "pos_embedding", "relative_position_bias_table")
"""Parameters of transformers that are added to, not multiplied with."""

_CHUNK = 1 << 22
"""Numbers drawn between two looks at the checkpoint: some 10 ms of work."""


def build_random(
    card: NetworkCard, seed: int = 0, checkpoint: Checkpoint = no_checkpoint
) -> nn.Module:
    """The network in eval mode with the random weights of `randomise`: untrained, repeatable."""
    model = build_for_loading(card)
    randomise(model, seed, checkpoint)
    return model


def build_for_loading(card: NetworkCard) -> nn.Module:
    """The network in eval mode, its random weights **left unfilled**: whatever memory held.

    Load a full ``state_dict`` into it before anything else, strictly, with or without
    ``assign=True``. All that is not random is right: normalisation at identity, buffers, and
    whatever a ``state_dict`` does not hold.
    """
    with _Unfilled():
        return _builder(card)().eval()


def build_empty(card: NetworkCard) -> nn.Module:
    """The network in eval mode on the ``meta`` device: it has shapes and no numbers."""
    with torch.device("meta"), _Unfilled():
        return _builder(card)().eval()


def resize_head(model: nn.Module, layer: str, outputs: int) -> None:
    """Give a last layer (its dotted name) another number of outputs, its weights **unfilled**.

    Raises `ExplorerError` where it is neither a linear layer nor a convolution.
    """
    old = model.get_submodule(layer)
    has_bias = getattr(old, "bias", None) is not None
    with _Unfilled():
        if type(old) is nn.Linear:
            new: nn.Module = nn.Linear(old.in_features, outputs, bias=has_bias)
        elif type(old) is nn.Conv2d and old.groups == 1:
            new = nn.Conv2d(
                old.in_channels,
                outputs,
                old.kernel_size,  # type: ignore[arg-type]
                stride=old.stride,  # type: ignore[arg-type]
                padding=old.padding,  # type: ignore[arg-type]
                dilation=old.dilation,  # type: ignore[arg-type]
                bias=has_bias,
                padding_mode=old.padding_mode,
            )
        else:
            raise ExplorerError(
                f"{layer} is a {type(old).__name__}, which cannot be made for another number of "
                "classes: choose weights with as many as the network has."
            )
    parent, _, name = layer.rpartition(".")
    setattr(model.get_submodule(parent), name, new.train(old.training))


def randomise(model: nn.Module, seed: int = 0, checkpoint: Checkpoint = no_checkpoint) -> None:
    """Fill `model` with random weights that depend on `seed` alone.

    Convolutions and linear layers: uniform with variance 2 / fan-in, so that signals keep their
    size through ReLUs (He et al., "Delving Deep into Rectifiers", ICCV 2015, section 2.2), biases
    zero. Normalisation: the identity, with one exception. Untrained normalisation normalises
    nothing, and each of a residual network's n additions would double the variance (2^50 in
    ResNet-152); so the last normalisation of a residual branch starts at 1 / sqrt(n), and n
    additions multiply it by no more than e (De and Smith, "Batch Normalization Biases Residual
    Blocks Towards the Identity Function in Deep Networks", NeurIPS 2020, is the same thought).

    Torch's global random state is neither read nor changed.

    Raises `Cancelled` when the checkpoint does; the model is then half filled.
    """
    generator = torch.Generator().manual_seed(seed)
    total = max(1, sum(parameter.numel() for parameter in model.parameters()))
    done = 0

    def progress(numbers: int) -> None:
        nonlocal done
        done += numbers
        checkpoint(min(1.0, done / total))

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                bound = math.sqrt(6 / module.weight[0].numel())  # variance bound² / 3 = 2 / fan-in
                _fill_uniform(module.weight, bound, generator, progress)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, TableConv2d):
                for rows in module.kernels_by_map():
                    fan_in = module.weight[rows].numel()
                    part = torch.empty_like(module.weight[rows])
                    _fill_uniform(part, math.sqrt(6 / fan_in), generator, progress)
                    module.weight[rows] = part
                module.bias.zero_()
            elif isinstance(module, nn.BatchNorm2d | nn.LayerNorm | Subsampling):
                # normalisation: weight 1, bias 0, mean 0, variance 1; subsampling: the average
                module.reset_parameters()
            elif isinstance(module, nn.MultiheadAttention):  # its other half is a linear layer
                bound = math.sqrt(6 / module.in_proj_weight[0].numel())
                _fill_uniform(module.in_proj_weight, bound, generator, progress)
                module.in_proj_bias.zero_()
            for name, table in module.named_parameters(recurse=False):
                if name in _TABLES:
                    table.normal_(std=0.02, generator=generator)
                    progress(table.numel())
        last_norms = _last_norms_of_residual_branches(model)
        for norm in last_norms:
            norm.weight.fill_(1 / math.sqrt(len(last_norms)))
    checkpoint(1.0)


def _fill_uniform(
    weight: Tensor, bound: float, generator: torch.Generator, progress: Callable[[int], None]
) -> None:
    for part in torch.split(weight.view(-1), _CHUNK):
        part.uniform_(-bound, bound, generator=generator)
        progress(part.numel())


def _last_norms_of_residual_branches(model: nn.Module) -> list[nn.BatchNorm2d]:
    norms = []
    for block in model.modules():
        if _adds(block):
            # in torchvision's blocks they may lie deeper; not in ResNet's, where the last one
            # deeper down belongs to the shortcut
            inside = [part for part in block.children() if isinstance(part, nn.BatchNorm2d)]
            inside = inside or [
                part for part in block.modules() if isinstance(part, nn.BatchNorm2d)
            ]
            norms += inside[-1:]
    return norms


def _adds(block: nn.Module) -> bool:
    """Whether a block adds what it makes of its input to a shortcut: by a module of our own, or
    functionally as torchvision's blocks do, of which some tell and others always do."""
    return (
        any(isinstance(part, Add) for part in block.children())
        or getattr(block, "use_res_connect", False)
        or getattr(block, "apply_residual", False)
        or type(block).__name__ in ("Bottleneck", "ResBottleneckBlock")
    )


def _builder(card: NetworkCard) -> Callable[[], nn.Module]:
    module, _, name = card.builder.partition(":")
    name, _, network = name.partition("/")
    builder: Callable[..., nn.Module] = getattr(importlib.import_module(module), name)
    return partial(builder, network, card.preprocessing.crop) if network else builder


class _Unfilled(TorchFunctionMode):
    """While active, and in this thread alone, tensors are not filled with random numbers."""

    _RANDOM = frozenset({"uniform_", "normal_", "kaiming_uniform_", "kaiming_normal_"})
    _IS_META = torch.Tensor.is_meta.__get__  # type: ignore[attr-defined]
    """What ``nn.init.trunc_normal_`` asks first. It cannot be caught as a whole, and would draw
    again and again until the numbers that nobody drew were within its bounds."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__name__", "") in self._RANDOM:
            return args[0] if args else kwargs["tensor"]
        if func == self._IS_META:
            return True
        return func(*args, **(kwargs or {}))
