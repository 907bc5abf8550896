"""Which pixels an output value depends on, found by gradients: an oracle for receptive fields.

The network is run itself, with its forward method and its settings, only made fit for the question:
all weights are positive, maximum pooling is replaced by average pooling, normalisation is left out
(in eval mode it scales each place by itself, with positive gains), and what squashes or cuts is
replaced by the identity. Each layer's output and each gradient is scaled so that nothing over- or
underflows; of a gradient only which values are more than zero is kept. So a pixel has a gradient if
and only if some path leads from it to the unit.

Where each map is as good as another, a convolution sums over its input's maps first and makes a
single map: the spatial structure stays, and VGG-16 costs no more than 15 million multiply-adds.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cnn_explorer.networks.layers import Subsampling, TableConv2d
from cnn_explorer.networks.resnet_cifar import ZeroPadShortcut

Box = tuple[int, int, int, int]
"""Top, left, bottom, right: the last two are just outside."""

_PLACEWISE = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.modules.dropout._DropoutNd)


class _ThinConv2d(nn.Module):
    """A convolution by ones of the sum of all maps."""

    def __init__(self, conv: nn.Conv2d | TableConv2d) -> None:
        super().__init__()
        settings = (
            {"stride": conv.stride, "padding": conv.padding, "dilation": conv.dilation}
            if isinstance(conv, nn.Conv2d)
            else {}
        )
        self.conv = nn.Conv2d(1, 1, conv.kernel_size, bias=False, **settings)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x.sum(1, keepdim=True))


class _ThinLinear(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum(-1, keepdim=True)


class _ThinSubsampling(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(x, kernel_size=2, stride=2)


class _ThinZeroPad(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.stride, :: self.stride]


def make_positive(model: nn.Module, *, thin: bool = True) -> nn.Module:
    """`model` itself, changed as the module's docstring says."""
    for name, module in list(model.named_children()):
        new = _replacement(module, thin)
        if new is not module:
            setattr(model, name, new)
        make_positive(new, thin=thin and new is module)
    for name, parameter in list(model.named_parameters(recurse=False)):
        ones = torch.ones_like(parameter, device="cpu")
        setattr(model, name, nn.Parameter(ones, requires_grad=False))
    return model.eval()


def _replacement(module: nn.Module, thin: bool) -> nn.Module:
    if isinstance(module, _PLACEWISE) or type(module).__module__ == nn.ReLU.__module__:
        return nn.Identity()
    if isinstance(module, nn.MaxPool2d):
        assert module.dilation == 1
        return nn.AvgPool2d(
            module.kernel_size, module.stride, module.padding, ceil_mode=module.ceil_mode
        )
    if thin and isinstance(module, nn.Conv2d | TableConv2d):
        return _ThinConv2d(module)
    if thin and isinstance(module, nn.Linear):
        return _ThinLinear()
    if thin and isinstance(module, Subsampling):
        return _ThinSubsampling()
    if thin and isinstance(module, ZeroPadShortcut):
        return _ThinZeroPad(module.stride)
    return module


def supports(
    model: nn.Module, shape: tuple[int, int, int], units: Mapping[str, tuple[int, int] | None]
) -> Mapping[str, Box]:
    """For a positive model and a picture of `shape`: around all pixels that a layer's unit at
    (row, column) depends on, all its maps taken together; None for all units together."""
    outputs: dict[str, Tensor] = {}
    handles = []

    def scale(name: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
            output = output / output.detach().amax().clamp(min=1e-30)
            output.register_hook(lambda gradient: (gradient > 0).to(gradient.dtype))
            if name in units:
                outputs[name] = output
            return output

        return hook

    for name, module in model.named_modules():
        if name and (name in units or not any(module.children())):
            handles.append(module.register_forward_hook(scale(name)))
    picture = torch.ones(1, *shape, requires_grad=True)
    try:
        model(picture)
    except RuntimeError:  # a classifier does not take the maps of a larger picture
        assert set(units) <= set(outputs)
    finally:
        for handle in handles:
            handle.remove()
    return {name: _support(picture, outputs[name], unit) for name, unit in units.items()}


def _support(picture: Tensor, output: Tensor, unit: tuple[int, int] | None) -> Box:
    chosen = output if unit is None else output[:, :, unit[0], unit[1]]
    (gradient,) = torch.autograd.grad(chosen.sum(), picture, retain_graph=True)
    seen = gradient[0].amax(0) > 0
    rows, columns = seen.any(1).nonzero().flatten(), seen.any(0).nonzero().flatten()
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def spread(names: Iterable[str], count: int) -> list[str]:
    """At most so many of the names, evenly spread, the last one among them."""
    every = list(names)
    if len(every) <= count:
        return every
    return [every[round((at + 1) * len(every) / count) - 1] for at in range(count)]
