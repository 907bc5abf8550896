"""The few operations that torch has as functions only, as modules.

A network in this program is made of modules alone: each operation has a name, stands in the
diagram, and can be watched by a forward hook. Torch has modules for convolution, pooling and
`nn.Flatten`, but adds with ``+`` and joins with ``torch.cat``; those live here. They have neither
parameters nor buffers, so they leave no trace in a network's ``state_dict``.

So do the three layers of LeNet-5 as it was published, which nobody has used since: a squashing
function, a pooling that is trained, and a convolution that is wired by a table.
"""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812


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


class ScaledTanh(nn.Module):
    """``1.7159 tanh(2 x / 3)``: LeNet-5's squashing function (its paper, appendix A).

    With these numbers f(1) = 1 and f(-1) = -1, where the curve is bent most: inputs and targets
    of that size keep the units out of the flat ends.
    """

    def forward(self, x: Tensor) -> Tensor:
        return 1.7159 * torch.tanh(x * (2 / 3))


class Subsampling(nn.Module):
    """Sums of 2x2 pixels, times one trained number a map, plus another.

    (N, C, H, W) -> (N, C, H / 2, W / 2), C numbers in `weight` and C in `bias` (LeNet-5's paper,
    section II.B). A small weight averages and passes nearly straight through the squashing
    function that follows, a large one makes the unit an "or" or an "and".
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin with the plain average."""
        nn.init.constant_(self.weight, 0.25)
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        sums = F.avg_pool2d(x, kernel_size=2, stride=2) * 4
        return sums * self.weight.view(-1, 1, 1) + self.bias.view(-1, 1, 1)

    def extra_repr(self) -> str:
        return f"{self.channels}, kernel_size=2, stride=2"


class TableConv2d(nn.Module):
    """A convolution in which each map of the output sees only some maps of the input.

    `table` names them: ``table[o]`` are the input maps of output map o. `weight` holds one kernel
    a connection, (connections, 1, K, K), in the order of the table; `bias` is (out,).
    (N, in, H, W) -> (N, out, H - K + 1, W - K + 1).
    """

    def __init__(
        self, in_channels: int, table: tuple[tuple[int, ...], ...], kernel_size: int
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = len(table)
        self.kernel_size = (kernel_size, kernel_size)
        self.table = table
        self._to = [o for o, inputs in enumerate(table) for _ in inputs]
        self._from = [i for inputs in table for i in inputs]
        self.weight = nn.Parameter(torch.empty(len(self._to), 1, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.empty(self.out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Uniform with variance 2 / fan-in for each output map, as the other convolutions here."""
        with torch.no_grad():
            for rows in self.kernels_by_map():
                part = torch.empty_like(self.weight[rows])
                self.weight[rows] = part.uniform_(-1, 1) * math.sqrt(6 / part.numel())
            self.bias.zero_()

    def kernels_by_map(self) -> list[slice]:
        """For each output map, which rows of `weight` lead to it."""
        ends = [0]
        for inputs in self.table:
            ends.append(ends[-1] + len(inputs))
        return [slice(start, end) for start, end in itertools.pairwise(ends)]

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.kernel_size
        dense = self.weight.new_zeros(self.out_channels, self.in_channels, height, width)
        # a connection that is not in the table is a kernel of zeros
        dense = dense.index_put(
            (torch.tensor(self._to), torch.tensor(self._from)), self.weight[:, 0]
        )
        return F.conv2d(x, dense, self.bias)

    def extra_repr(self) -> str:
        return (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"connections={len(self._to)} of {self.in_channels * self.out_channels}"
        )
