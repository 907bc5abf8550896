"""DenseNet: every layer sees all layers before it (2016).

The problem. In a chain of layers each must pass on what later layers may need, along with what it
found itself. ResNet's additions help, but a sum cannot be taken apart again; and many of its
layers turn out to add very little.

The idea. Do not add, keep. Within a block each layer gets *all* earlier maps side by side and adds
a few of its own, k = 32 of them (the *growth rate*): a shared memory that everybody reads and
everybody writes a little to. Layers can be narrow, features are reused instead of learned again,
and each layer has a short way to the loss. With 20 million parameters a DenseNet is as accurate as
a ResNet with more than 40 million (section 4.4).

Three parts. A *dense layer* normalises and rectifies first, narrows what it reads to 4 k = 128 maps
by a 1x1 convolution, and finds k new ones by 3x3. A *dense block* is a row of them on maps of one
size. Between blocks a *transition* halves the number of maps (the paper's compression of 0.5) and
then their size.

The paper. G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger: "Densely Connected Convolutional
Networks", CVPR 2017 (arXiv 1608.06993), table 1. What we build is its DenseNet-BC.

What to look at. Expand one dense block in the diagram: the concatenations are the architecture.
Then open the concatenation at its end: the first maps are what came into the block, unchanged, and
each 32 that follow were written by one layer.
"""

from collections import OrderedDict

from torch import Tensor, nn

from cnn_explorer.networks.layers import Concat


class DenseLayer(nn.Module):
    """Reads all maps so far, writes `growth` new ones: several (N, ?, H, W) -> (N, growth, H, W).

    Normalisation and ReLU stand *before* each convolution, for every reader of a map wants it on
    a scale of its own.
    """

    def __init__(self, in_channels: int, growth: int) -> None:
        super().__init__()
        narrow = 4 * growth  # the paper's bottleneck (section 3, "Bottleneck layers")
        self.concat = Concat()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, narrow, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.relu2 = nn.ReLU()
        self.conv2 = nn.Conv2d(narrow, growth, kernel_size=3, padding=1, bias=False)

    def forward(self, *features: Tensor) -> Tensor:
        x: Tensor = self.concat(*features)
        x = self.conv1(self.relu1(self.norm1(x)))
        maps: Tensor = self.conv2(self.relu2(self.norm2(x)))
        return maps


class DenseBlock(nn.ModuleDict):
    """`depth` dense layers: (N, in, H, W) -> (N, in + depth * growth, H, W)."""

    def __init__(self, in_channels: int, growth: int, depth: int) -> None:
        super().__init__()
        for i in range(depth):
            self[f"denselayer{i + 1}"] = DenseLayer(in_channels + i * growth, growth)
        self["concat"] = Concat()

    def forward(self, x: Tensor) -> Tensor:
        *layers, concat = self.values()
        features = [x]
        for layer in layers:
            features.append(layer(*features))
        maps: Tensor = concat(*features)
        return maps


class Transition(nn.Sequential):
    """Half the maps, then half the size: (N, in, H, W) -> (N, in / 2, H / 2, W / 2)."""

    def __init__(self, in_channels: int) -> None:
        super().__init__(
            OrderedDict(
                norm=nn.BatchNorm2d(in_channels),
                relu=nn.ReLU(),
                conv=nn.Conv2d(in_channels, in_channels // 2, kernel_size=1, bias=False),
                pool=nn.AvgPool2d(kernel_size=2, stride=2),
            )
        )


def add_blocks(features: nn.Sequential, channels: int, growth: int, depths: tuple[int, ...]) -> int:
    """Puts dense blocks of these depths, transitions between them, at the end of `features`.

    `channels` maps come in; gives how many come out.
    """
    for i, depth in enumerate(depths, start=1):
        if i > 1:
            features.add_module(f"transition{i - 1}", Transition(channels))
            channels //= 2
        features.add_module(f"denseblock{i}", DenseBlock(channels, growth, depth))
        channels += depth * growth
    return channels


class DenseNet(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes).

    `depths` are the numbers of dense layers in the four blocks. The shape comments are those of
    DenseNet-121: 6, 12, 24 and 16.
    """

    def __init__(
        self, depths: tuple[int, int, int, int], growth: int = 32, num_classes: int = 1000
    ) -> None:
        super().__init__()
        channels = 2 * growth  # of the first convolution, as the paper has it
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 3, 224, 224)
                conv0=nn.Conv2d(3, channels, kernel_size=7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(channels),
                relu0=nn.ReLU(),
                # (N, 64, 112, 112)
                pool0=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
                # (N, 64, 56, 56)
            )
        )
        # denseblock1 (N, 256, 56, 56), transition1 (N, 128, 28, 28)
        # denseblock2 (N, 512, 28, 28), transition2 (N, 256, 14, 14)
        # denseblock3 (N, 1024, 14, 14), transition3 (N, 512, 7, 7)
        # denseblock4 (N, 1024, 7, 7)
        channels = add_blocks(self.features, channels, growth, depths)
        # The layers normalise what they read; what nobody reads any more still needs it.
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 1024)
        self.classifier = nn.Linear(channels, num_classes)
        # (N, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.relu(x)
        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def densenet121() -> DenseNet:
    """7,978,856 parameters. 121 = 1 + 2 * (6 + 12 + 24 + 16) + 3 + 1 layers with weights."""
    return DenseNet((6, 12, 24, 16))


def densenet169() -> DenseNet:
    """14,149,480 parameters."""
    return DenseNet((6, 12, 32, 32))


def densenet201() -> DenseNet:
    """20,013,928 parameters."""
    return DenseNet((6, 12, 48, 32))


class DenseNetCifar(nn.Module):
    """DenseNet-BC for small pictures (logits): (N, 3, 32, 32) -> (N, num_classes).

    Three dense blocks at 32x32, 16x16 and 8x8 pixels behind a single 3x3 convolution (section 3,
    "Implementation Details"). The shape comments are those of DenseNet-BC-100-12.
    """

    def __init__(self, depths: tuple[int, int, int], growth: int, num_classes: int = 10) -> None:
        super().__init__()
        channels = 2 * growth
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 3, 32, 32)
                conv0=nn.Conv2d(3, channels, kernel_size=3, padding=1, bias=False),
                # (N, 24, 32, 32)
            )
        )
        # denseblock1 (N, 216, 32, 32), transition1 (N, 108, 16, 16)
        # denseblock2 (N, 300, 16, 16), transition2 (N, 150, 8, 8)
        # denseblock3 (N, 342, 8, 8)
        channels = add_blocks(self.features, channels, growth, depths)
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.relu = nn.ReLU()
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 342)
        self.classifier = nn.Linear(channels, num_classes)
        # (N, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.relu(x)
        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def densenet_bc_100_12() -> DenseNetCifar:
    """The paper's for CIFAR-10: 769,162 parameters in 100 layers. 100 = 1 + 2 * 48 + 2 + 1."""
    return DenseNetCifar((16, 16, 16), growth=12)


def densenet_cifar() -> DenseNetCifar:
    """DenseNet-121's first three blocks with half their layers: 377,834 parameters."""
    return DenseNetCifar((3, 6, 12), growth=16)
