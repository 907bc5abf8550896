"""What a network costs: parameters and multiply-adds, and how to write such numbers.

A multiply-add (MAC) is one multiplication with its addition, counted for convolutions, linear
layers and products of matrices alone, biases left out, for one picture. That is the number papers
and torchvision call "FLOPs" or "GFLOPS", although a multiply-add is two floating point operations.

Counted are modules, and functions whose shapes tell what they cost (``F.linear``, ``matmul``,
attention). Another function of a foreign network (``F.conv2d``, ``einsum``) counts as nothing: its
settings are not known.
"""

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

TIMES = " × "


def conv_macs(
    in_channels: int, kernel: Sequence[int], groups: int, out_shape: Sequence[int]
) -> int:
    """Multiply-adds of a convolution whose output has `out_shape` = (C, H, W) for one picture.

    Every output value is a sum over the kernel's window and the input channels of its group.
    """
    return math.prod(out_shape) * (in_channels // groups) * math.prod(kernel)


def transposed_conv_macs(
    out_channels: int, kernel: Sequence[int], groups: int, in_shape: Sequence[int]
) -> int:
    """Multiply-adds of a transposed convolution: every *input* value is spread over a window."""
    return math.prod(in_shape) * (out_channels // groups) * math.prod(kernel)


def linear_macs(in_features: int, out_shape: Sequence[int]) -> int:
    """Multiply-adds of a linear layer, whatever positions come before its features."""
    return math.prod(out_shape) * in_features


def attention_macs(length: int, batch: int, features: int) -> int:
    """Multiply-adds of self-attention over (length, batch, features), all heads together.

    Queries, keys, values and the output are linear layers. Each position is compared with each
    position by as many numbers as it has features, and takes so many numbers from it.
    """
    return batch * features * length * (4 * features + 2 * length)


def format_count(count: int) -> str:
    """Three digits and a unit: ``25_557_032`` is ``25.6 M``, ``61_706`` is ``61.7 k``."""
    return _scaled(count)


def format_macs(macs: int) -> str:
    """Multiply-adds in three digits and a unit: ``4_089_184_256`` is ``4.09 G``."""
    return _scaled(macs)


def format_percent(accuracy: float | None, classes: str = "") -> str:
    """An accuracy: ``69.8 %``; as fine as papers give it for small sets of classes (``99.05 %`` on
    MNIST and CIFAR-10, whose tests have 10,000 pictures). Empty where there is none."""
    if not accuracy:
        return ""
    step = Decimal("0.01" if classes in ("mnist", "cifar10") else "0.1")
    return f"{Decimal(str(accuracy)).quantize(step, ROUND_HALF_UP)} %"


def format_shape(shape: Sequence[int]) -> str:
    """A tensor's shape without the batch: ``64 × 56 × 56``."""
    return TIMES.join(str(size) for size in shape)


def _scaled(value: int) -> str:
    if abs(value) < 1000:
        return str(value)
    for power, unit in ((3, "k"), (6, "M"), (9, "G"), (12, "T")):
        scaled = value / 10**power
        digits = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
        text = f"{scaled:.{digits}f}"
        if abs(float(text)) < 1000 or unit == "T":
            return f"{text} {unit}"
    raise AssertionError("the last unit always returns")
