"""Inception-A: the module a year later, with two 3x3 in place of a 5x5 (2015).

The problem. GoogLeNet's 5x5 filters are dear: 25 weights where a 3x3 has 9. And without
normalisation, training needed auxiliary heads and small steps.

The idea. *Factorise*: two 3x3 convolutions in a row see 5x5 pixels with 18 weights in place of 25,
and rectify once more on the way (section 3.1, figure 5). *Normalise*: every convolution is followed
by batch normalisation. Average pooling takes the place of the maximum, so that the pooled branch is
a smoothed copy of its input. One 5x5 branch has stayed in the networks that are in use, beside the
double 3x3: it is the module that torchvision's Inception v3 begins with.

The paper. C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna: "Rethinking the Inception
Architecture for Computer Vision", CVPR 2016 (arXiv 1512.00567).

What to look at. Beside ``inception-reduced``: the same stem, the same 192 maps in and 256 out. The
double 3x3 branch is the widest, 96 maps; compare its multiply-adds with those of the 5x5.
"""

from torch import Tensor, nn

from cnn_explorer.networks.googlenet import BasicConv2d
from cnn_explorer.networks.layers import Concat


class InceptionA(nn.Module):
    """(N, in, H, W) -> (N, 224 + pooled, H, W), its branches named as in torchvision's."""

    def __init__(self, in_channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(in_channels, 64, 1)
        self.branch5x5 = nn.Sequential(
            BasicConv2d(in_channels, 48, 1),
            BasicConv2d(48, 64, 5, padding=2),
        )
        self.branch3x3dbl = nn.Sequential(
            BasicConv2d(in_channels, 64, 1),
            BasicConv2d(64, 96, 3, padding=1),
            BasicConv2d(96, 96, 3, padding=1),
        )
        self.branch_pool = nn.Sequential(
            nn.AvgPool2d(kernel_size=3, stride=1, padding=1),
            BasicConv2d(in_channels, pooled, 1),
        )
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        views = self.branch1x1(x), self.branch5x5(x), self.branch3x3dbl(x), self.branch_pool(x)
        maps: Tensor = self.concat(*views)
        return maps


class OneInceptionA(nn.Module):
    """A stem, the module and a classifier (logits): (N, 3, 224, 224) -> (N, num_classes)."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        # (N, 3, 224, 224)
        self.conv1 = BasicConv2d(3, 64, 7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 64, 56, 56)
        self.conv2 = BasicConv2d(64, 64, 1)
        self.conv3 = BasicConv2d(64, 192, 3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        # (N, 192, 28, 28)
        self.inception = InceptionA(192, pooled=32)
        # (N, 256, 28, 28)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.flatten = nn.Flatten()
        # (N, 256)
        self.fc = nn.Linear(256, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool1(self.conv1(x))
        x = self.maxpool2(self.conv3(self.conv2(x)))

        x = self.inception(x)

        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.fc(x)
        return scores


def inception_a() -> OneInceptionA:
    """One module, 192 maps in and 256 out: 637,640 parameters."""
    return OneInceptionA()
