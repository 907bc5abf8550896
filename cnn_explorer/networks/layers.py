"""The few operations that torch has as functions only, as modules.

A network in this program is made of modules alone: each operation has a name, stands in the
diagram, and can be watched by a forward hook. Torch has modules for convolution, pooling and
`nn.Flatten`, but adds with ``+`` and joins with ``torch.cat``; those live here. None of them has
parameters or buffers, so they leave no trace in a network's ``state_dict``.
"""

import torch
from torch import Tensor, nn


class Add(nn.Module):
    """Sum of two tensors of the same shape, element by element: where a shortcut rejoins.

    The sum is a new tensor. ``a += b`` would save its memory, but overwrite what the layer
    before has just given, and somebody may be looking at that.
    """

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


class Concat(nn.Module):
    """Tensors side by side along `dim`, the channels unless told otherwise.

    All other dimensions must agree: (N, 64, H, W) and (N, 128, H, W) become (N, 192, H, W).
    """

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, *parts: Tensor) -> Tensor:
        return torch.cat(parts, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Rescale(nn.Module):
    """``x * scale + shift`` with fixed numbers for each channel of (N, C, H, W).

    Turns a picture normalised in one way into one normalised in another. The numbers are part of
    the architecture, not of the weights: they are no buffers and appear in no ``state_dict``.
    """

    def __init__(self, scale: tuple[float, ...], shift: tuple[float, ...]) -> None:
        super().__init__()
        self.scale = scale
        self.shift = shift

    def forward(self, x: Tensor) -> Tensor:
        scale = x.new_tensor(self.scale).view(-1, 1, 1)  # (C, 1, 1)
        shift = x.new_tensor(self.shift).view(-1, 1, 1)
        return x * scale + shift

    def extra_repr(self) -> str:
        def rounded(numbers: tuple[float, ...]) -> str:
            return "(" + ", ".join(f"{number:.4g}" for number in numbers) + ")"

        return f"scale={rounded(self.scale)}, shift={rounded(self.shift)}"
