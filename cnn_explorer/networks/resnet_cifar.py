"""ResNet on small pictures, and the plain networks it was compared with (2015).

The problem. ResNet's paper asks whether deeper is better and cannot afford to ask it of ImageNet
again and again. So its section 4.2 moves to CIFAR-10, 60,000 pictures of 32x32 pixels, and builds
the plainest networks that can be made 20, 32, 44, 56 and 110 layers deep.

The idea. One 3x3 convolution, three stages of n blocks with 16, 32 and 64 maps of 32x32, 16x16
and 8x8 pixels, an average over each map, and one linear layer: 6 n + 2 layers with weights. The
*plain* network is this and nothing else. The *residual* one adds each block's input to its output;
with zero padding where the sizes differ it has exactly as many weights. So whatever differs
between plain-56 and ResNet-56 the shortcuts have done: the plain one ends with a higher training
error than plain-20, the residual one with a lower one than ResNet-20.

Three shortcuts where sizes differ (section 4.1, "Identity vs. Projection Shortcuts"):

- *A*: every second pixel, and zeros for the new maps. No weights. The paper's choice on CIFAR-10.
- *B*: a strided 1x1 convolution there, the identity elsewhere.
- *C*: a 1x1 convolution in every block. Hardly better, and it costs more.

The paper. K. He, X. Zhang, S. Ren, J. Sun: "Deep Residual Learning for Image Recognition", CVPR
2016 (arXiv 1512.03385), section 4.2 and table 6.

What to look at. Open ``layer1.1.add``'s two inputs: what the block adds is smaller than what the
shortcut brings. Then the same layer of plain-56: nothing is brought, all must be made anew.

Names and shortcuts are those of the widespread CIFAR-10 checkpoints (``layer1.0.conv1``,
``linear``): zeros are put on both sides of the maps, half before and half after.
"""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from cnn_explorer.networks.layers import Add

Shortcut = Literal["A", "B", "C", "none"]
"""The paper's options; ``none`` makes the network plain."""


class ZeroPadShortcut(nn.Module):
    """Every second pixel, and zeros for the new maps: (N, in, H, W) -> (N, out, H / 2, W / 2).

    Option A of the paper. It has no weights and passes on a quarter of what it sees, unchanged.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before

    def forward(self, x: Tensor) -> Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.before, self.after))

    def extra_repr(self) -> str:
        return f"stride={self.stride}, maps of zeros={self.before} + {self.after}"


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: (N, in, H, W) -> (N, width, H / stride, W / stride)."""

    def __init__(self, in_channels: int, width: int, stride: int, option: Shortcut) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = shortcut(in_channels, width, stride, option)
        self.add = Add()
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        residual = self.relu1(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))

        carried = x if self.shortcut is None else self.shortcut(x)
        maps: Tensor = self.relu2(self.add(residual, carried))
        return maps


class PlainBlock(nn.Module):
    """The same two convolutions with nothing beside them."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.bn1(self.conv1(x)))
        maps: Tensor = self.relu2(self.bn2(self.conv2(x)))
        return maps


class CifarResNet(nn.Module):
    """Small pictures to class scores (logits): (N, 3, 32, 32) -> (N, num_classes).

    `depth` counts layers with weights along the longest path and must be 6 n + 2.
    """

    def __init__(self, depth: int, option: Shortcut = "A", num_classes: int = 10) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"the depth must be 6 n + 2, and {depth} is not")
        # (N, 3, 32, 32)
        self.conv1 = nn.Conv2d(3, 16, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        # (N, 16, 32, 32)
        self.layer1 = stage(16, 16, blocks, 1, option)
        # (N, 16, 32, 32)
        self.layer2 = stage(16, 32, blocks, 2, option)
        # (N, 32, 16, 16)
        self.layer3 = stage(32, 64, blocks, 2, option)
        # (N, 64, 8, 8)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 64)
        self.linear = nn.Linear(64, num_classes)
        # (N, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))

        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.linear(x)
        return scores


def stage(
    in_channels: int, width: int, blocks: int, stride: int, option: Shortcut
) -> nn.Sequential:
    """`blocks` blocks of one size; the first takes the stride and the change of channels."""
    row: list[nn.Module] = []
    for i in range(blocks):
        channels, step = (in_channels, stride) if i == 0 else (width, 1)
        if option == "none":
            row.append(PlainBlock(channels, width, step))
        else:
            row.append(BasicBlock(channels, width, step, option))
    return nn.Sequential(*row)


def shortcut(
    in_channels: int, out_channels: int, stride: int, option: Shortcut
) -> nn.Module | None:
    """What leads past a block; None where x can be added as it is."""
    same = stride == 1 and in_channels == out_channels
    if same and option != "C":
        return None
    if option == "A":
        return ZeroPadShortcut(in_channels, out_channels, stride)
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def resnet20() -> CifarResNet:
    """269,722 parameters, and 91.25 % on CIFAR-10 in the paper."""
    return CifarResNet(20)


def resnet32() -> CifarResNet:
    """464,154 parameters."""
    return CifarResNet(32)


def resnet44() -> CifarResNet:
    """658,586 parameters."""
    return CifarResNet(44)


def resnet56() -> CifarResNet:
    """853,018 parameters."""
    return CifarResNet(56)


def resnet110() -> CifarResNet:
    """1,727,962 parameters."""
    return CifarResNet(110)


def resnet20_b() -> CifarResNet:
    """ResNet-20 with a projection in the two places where the sizes differ: 272,474 parameters."""
    return CifarResNet(20, "B")


def resnet20_c() -> CifarResNet:
    """ResNet-20 with a projection in each of its nine blocks: 283,962 parameters."""
    return CifarResNet(20, "C")


def resnet56_b() -> CifarResNet:
    """ResNet-56 with a projection in the two places where the sizes differ: 855,770 parameters."""
    return CifarResNet(56, "B")


def resnet56_c() -> CifarResNet:
    """ResNet-56 with a projection in each of its 27 blocks: 900,858 parameters."""
    return CifarResNet(56, "C")


def plain20() -> CifarResNet:
    """ResNet-20 without shortcuts: the same 269,722 parameters."""
    return CifarResNet(20, "none")


def plain56() -> CifarResNet:
    """ResNet-56 without shortcuts: the same 853,018 parameters."""
    return CifarResNet(56, "none")


def resnet32_b() -> CifarResNet:
    """ResNet-32 with a projection in the two places where the sizes differ: 466,906 parameters."""
    return CifarResNet(32, "B")


def resnet32_c() -> CifarResNet:
    """ResNet-32 with a projection in each of its 15 blocks: 489,594 parameters."""
    return CifarResNet(32, "C")


def resnet44_b() -> CifarResNet:
    """ResNet-44 with a projection in the two places where the sizes differ: 661,338 parameters."""
    return CifarResNet(44, "B")


def resnet44_c() -> CifarResNet:
    """ResNet-44 with a projection in each of its 21 blocks: 695,226 parameters."""
    return CifarResNet(44, "C")


def resnet110_b() -> CifarResNet:
    """ResNet-110 with projections where the sizes differ: 1,730,714 parameters."""
    return CifarResNet(110, "B")


def resnet110_c() -> CifarResNet:
    """ResNet-110 with a projection in each of its 54 blocks: 1,826,202 parameters."""
    return CifarResNet(110, "C")
