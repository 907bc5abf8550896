"""ResNet: layers that learn what to add (2015).

The problem. Deeper should not be worse: a network of 56 layers could copy one of 20 and let the
others pass their input on. Yet plain networks, well initialised and with batch normalisation, have
a higher *training* error at 56 layers than at 20. This degradation is not overfitting, and since
normalised gradients keep healthy sizes it is not vanishing gradients either (section 4.1).
Solvers seem to find it hard to make a stack of layers pass its input on.

The idea. Make passing on the default. A block computes F(x) and gives F(x) + x: the layers learn
the *residual*, what to change, and doing nothing only takes weights near zero. The shortcut has no
parameters and costs an addition. With it a hundred layers and more train as readily as twenty; six
networks of up to 152 layers together won ImageNet 2015 with a top-5 error of 3.57 %.

Two blocks. The *basic* block has two 3x3 convolutions. The *bottleneck*, for 50 layers and more,
narrows with 1x1, does 3x3 on a quarter of the maps, and widens with 1x1. Where a stage halves the
size and doubles the maps the shortcut follows with a strided 1x1 convolution (the paper's option
B).

The paper. K. He, X. Zhang, S. Ren, J. Sun: "Deep Residual Learning for Image Recognition", CVPR
2016 (arXiv 1512.03385), table 1.

What to look at. In a block compare the maps before ``add`` with those that come in by the shortcut:
the residual is a change, and often a small one (figure 7). Then follow the shortcuts alone from
input to answer: apart from ReLUs only the few ``downsample`` convolutions stand in the way.

Bottlenecks take stride 2 in their 3x3 convolution, as torchvision and NVIDIA do ("v1.5"). The paper
takes it in the first 1x1, which then never sees three quarters of its input (`BottleneckV1`). Some
half a per cent more accurate, for 6 % more arithmetic in ResNet-50.
"""

from torch import Tensor, nn

from cnn_explorer.networks.layers import Add


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: (N, in, H, W) -> (N, width, H / stride, W / stride)."""

    expansion = 1

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        # No biases: the normalisation that follows would take them out again.
        self.conv1 = nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = projection(in_channels, width, stride)
        self.add = Add()
        # After the sum, so that the residual may be negative.
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        residual = self.relu1(self.bn1(self.conv1(x)))
        residual = self.bn2(self.conv2(residual))

        shortcut = x if self.downsample is None else self.downsample(x)
        maps: Tensor = self.relu2(self.add(residual, shortcut))
        return maps


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 and a shortcut: (N, in, H, W) -> (N, 4 * width, H / stride, W / stride)."""

    expansion = 4
    stride_in_1x1 = False

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        out_channels = width * self.expansion
        first, second = (stride, 1) if self.stride_in_1x1 else (1, stride)
        self.conv1 = nn.Conv2d(in_channels, width, 1, stride=first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, stride=second, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = projection(in_channels, out_channels, stride)
        self.add = Add()
        self.relu3 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        residual = self.relu1(self.bn1(self.conv1(x)))
        residual = self.relu2(self.bn2(self.conv2(residual)))
        residual = self.bn3(self.conv3(residual))

        shortcut = x if self.downsample is None else self.downsample(x)
        maps: Tensor = self.relu3(self.add(residual, shortcut))
        return maps


class BottleneckV1(Bottleneck):
    """The paper's: the first 1x1 convolution takes the stride."""

    stride_in_1x1 = True


class ResNet(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes).

    `depths` are the numbers of blocks in the four stages.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: tuple[int, int, int, int],
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        # (N, 3, 224, 224)
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        # (N, 64, 112, 112)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        # (N, 64, 56, 56). Shapes from here on are a basic block's; bottlenecks give four times
        # the channels.
        self.layer1 = stage(block, 64, 64, depths[0], stride=1)
        # (N, 64, 56, 56)
        self.layer2 = stage(block, 64 * block.expansion, 128, depths[1], stride=2)
        # (N, 128, 28, 28)
        self.layer3 = stage(block, 128 * block.expansion, 256, depths[2], stride=2)
        # (N, 256, 14, 14)
        self.layer4 = stage(block, 256 * block.expansion, 512, depths[3], stride=2)
        # (N, 512, 7, 7)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 512): one linear layer is classifier enough
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        # (N, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        x = self.bn1(x)
        x = self.relu(x)
        x = self.maxpool(x)

        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.fc(x)
        return scores


def stage(
    block: type[BasicBlock] | type[Bottleneck],
    in_channels: int,
    width: int,
    depth: int,
    stride: int,
) -> nn.Sequential:
    """`depth` blocks of one size; the first takes the stride and the change of channels."""
    first = block(in_channels, width, stride)
    others = [block(width * block.expansion, width) for _ in range(depth - 1)]
    return nn.Sequential(first, *others)


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential | None:
    """The shortcut's own convolution where sizes differ; None where x can be added as it is."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )


def resnet18() -> ResNet:
    """11,689,512 parameters."""
    return ResNet(BasicBlock, (2, 2, 2, 2))


def resnet34() -> ResNet:
    """21,797,672 parameters."""
    return ResNet(BasicBlock, (3, 4, 6, 3))


def resnet50() -> ResNet:
    """As many blocks as ResNet-34, of three layers each: 25,557,032 parameters."""
    return ResNet(Bottleneck, (3, 4, 6, 3))


def resnet50_v1() -> ResNet:
    """The paper's ResNet-50: the same 25,557,032 parameters, fewer multiply-adds."""
    return ResNet(BottleneckV1, (3, 4, 6, 3))


def resnet101() -> ResNet:
    """44,549,160 parameters."""
    return ResNet(Bottleneck, (3, 4, 23, 3))


def resnet152() -> ResNet:
    """60,192,808 parameters, and still less arithmetic than VGG-16."""
    return ResNet(Bottleneck, (3, 8, 36, 3))
