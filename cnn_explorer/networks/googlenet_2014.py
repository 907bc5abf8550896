"""GoogLeNet as the paper has it, and its Inception module by itself (2014).

The problem. The module's idea, several filter sizes side by side, is simple; its price is not.
Done plainly, each module's output is wider than its input, for pooling passes all maps on; the
next module's 5x5 filters then look at all of that.

The idea. Before each 3x3 and 5x5 convolution, and after the pooling, 1x1 convolutions reduce the
number of maps (section 4, figure 2). The two networks at the end of this file are GoogLeNet cut
off after its first module, once with the plain module and once with the reductions, so that the
price can be read off the diagram: 387,072 against 163,328 weights, 303 against 128 million
multiply-adds, and 416 maps against 256 to be carried on.

The paper. C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke,
A. Rabinovich: "Going Deeper with Convolutions", CVPR 2015 (arXiv 1409.4842), table 1.

What to look at. Beside ``googlenet``: here the third branch is 5x5 in truth, local response
normalisation stands in two places, every convolution has a bias and none is normalised. Without
normalisation the auxiliary heads earned their keep; how much they gave, the paper says, was small.
"""

from torch import Tensor, nn

from cnn_explorer.networks.googlenet import GoogLeNetOutputs
from cnn_explorer.networks.layers import Concat


class ConvReLU(nn.Module):
    """Convolution and ReLU: (N, in, H, W) -> (N, out, H', W')."""

    def __init__(
        self, in_channels: int, out_channels: int, size: int, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, size, stride, padding)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.relu(self.conv(x))
        return maps


class Inception(nn.Module):
    """Figure 2 (b): four views of the same maps, with reductions.

    (N, in, H, W) -> (N, ones + threes + fives + pooled, H, W). The arguments stand in the order
    of the columns of table 1.
    """

    def __init__(
        self,
        in_channels: int,
        ones: int,
        reduce3: int,
        threes: int,
        reduce5: int,
        fives: int,
        pooled: int,
    ) -> None:
        super().__init__()
        self.branch1 = ConvReLU(in_channels, ones, 1)
        self.branch2 = nn.Sequential(
            ConvReLU(in_channels, reduce3, 1),
            ConvReLU(reduce3, threes, 3, padding=1),
        )
        self.branch3 = nn.Sequential(
            ConvReLU(in_channels, reduce5, 1),
            ConvReLU(reduce5, fives, 5, padding=2),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1),
            ConvReLU(in_channels, pooled, 1),
        )
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        views = self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)
        maps: Tensor = self.concat(*views)
        return maps


class NaiveInception(nn.Module):
    """Figure 2 (a): the same views with nothing to save.

    (N, in, H, W) -> (N, ones + threes + fives + in, H, W).
    """

    def __init__(self, in_channels: int, ones: int, threes: int, fives: int) -> None:
        super().__init__()
        self.branch1 = ConvReLU(in_channels, ones, 1)
        self.branch2 = ConvReLU(in_channels, threes, 3, padding=1)
        self.branch3 = ConvReLU(in_channels, fives, 5, padding=2)
        self.branch4 = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        views = self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)
        maps: Tensor = self.concat(*views)
        return maps


class AuxiliaryHead(nn.Module):
    """A small classifier half-way, for training alone: (N, in, 14, 14) -> (N, num_classes)."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.avgpool = nn.AvgPool2d(kernel_size=5, stride=3)
        # (N, in, 4, 4)
        self.conv = ConvReLU(in_channels, 128, 1)
        self.flatten = nn.Flatten()
        # (N, 2048)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(p=0.7)
        # (N, 1024)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(x)
        x = self.conv(x)
        x = self.flatten(x)
        x = self.dropout(self.relu(self.fc1(x)))
        scores: Tensor = self.fc2(x)
        return scores


class GoogLeNetOf2014(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes).

    In training mode it gives `GoogLeNetOutputs`; in eval mode the auxiliary heads do not run.
    """

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        # (N, 3, 224, 224). Poolings may hang over the border (ceil_mode), which keeps sizes even.
        self.conv1 = ConvReLU(3, 64, 7, stride=2, padding=3)
        # (N, 64, 112, 112)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = response_normalisation()
        # (N, 64, 56, 56)
        self.conv2 = ConvReLU(64, 64, 1)
        self.conv3 = ConvReLU(64, 192, 3, padding=1)
        # (N, 192, 56, 56)
        self.norm2 = response_normalisation()
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 192, 28, 28)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        # (N, 256, 28, 28)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        # (N, 480, 28, 28)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 480, 14, 14)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        # (N, 512, 14, 14)
        self.aux1 = AuxiliaryHead(512, num_classes)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        # (N, 512, 14, 14)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        # (N, 512, 14, 14)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        # (N, 528, 14, 14)
        self.aux2 = AuxiliaryHead(528, num_classes)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        # (N, 832, 14, 14)
        self.maxpool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 832, 7, 7)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        # (N, 832, 7, 7)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        # (N, 1024, 7, 7)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 1024)
        self.dropout = nn.Dropout(p=0.4)
        self.fc = nn.Linear(1024, num_classes)
        # (N, 1000)

    def forward(self, x: Tensor) -> Tensor | GoogLeNetOutputs:
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))

        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.maxpool3(x)

        x = self.inception4a(x)
        aux1 = self.aux1(x) if self.training else None
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        aux2 = self.aux2(x) if self.training else None
        x = self.inception4e(x)
        x = self.maxpool4(x)

        x = self.inception5a(x)
        x = self.inception5b(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        x = self.dropout(x)
        x = self.fc(x)
        if aux1 is not None and aux2 is not None:
            return GoogLeNetOutputs(x, aux2, aux1)
        return x


class OneInception(nn.Module):
    """GoogLeNet cut off after its first module (logits): (N, 3, 224, 224) -> (N, num_classes).

    `inception` takes the 192 maps of 28x28 that module 3a takes, and gives `channels` maps.
    """

    def __init__(self, inception: nn.Module, channels: int, num_classes: int = 1000) -> None:
        super().__init__()
        # (N, 3, 224, 224)
        self.conv1 = ConvReLU(3, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = response_normalisation()
        # (N, 64, 56, 56)
        self.conv2 = ConvReLU(64, 64, 1)
        self.conv3 = ConvReLU(64, 192, 3, padding=1)
        self.norm2 = response_normalisation()
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 192, 28, 28)
        self.inception = inception
        # (N, channels, 28, 28)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, channels)
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.maxpool1(self.conv1(x)))
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))

        x = self.inception(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.fc(x)
        return scores


def response_normalisation() -> nn.LocalResponseNorm:
    """AlexNet's (its section 3.3), with the constants of the reference models: k is 1.

    Torch takes the mean of the five squares where the formula takes their sum, hence five times
    its alpha of 0.0001.
    """
    return nn.LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=1.0)


def googlenet_2014() -> GoogLeNetOf2014:
    """6,998,552 parameters in a prediction; the two heads add 6,379,728 for training."""
    return GoogLeNetOf2014()


def inception_naive() -> OneInception:
    """One module without reductions, 416 maps wide: 928,712 parameters."""
    return OneInception(NaiveInception(192, 64, 128, 32), 64 + 128 + 32 + 192)


def inception_reduced() -> OneInception:
    """One module with reductions, GoogLeNet's 3a: 545,112 parameters."""
    return OneInception(Inception(192, 64, 96, 128, 16, 32, 32), 256)
