"""SqueezeNet: as good as AlexNet with a fiftieth of its parameters (2016).

The problem. A network that is to be sent to a phone or fit into a chip must be small. AlexNet's
weights take 240 MB.

The idea. Three rules (section 3.1):

- most filters are 1x1, which have a ninth of the weights of 3x3;
- the 3x3 filters see few maps: a 1x1 *squeeze* layer first reduces their number;
- pooling late: large maps keep more, at no cost in parameters.

The first two are one block, the *fire module*: squeeze to few maps with 1x1, then expand with 1x1
and 3x3 side by side, and stand the results next to each other. There are no linear layers at all:
the last convolution gives one map a class, and its average is the score (an idea of Network in
Network, as in GoogLeNet).

The paper. F. N. Iandola, S. Han, M. W. Moskewicz, K. Ashraf, W. J. Dally, K. Keutzer: "SqueezeNet:
AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size", arXiv 1602.07360, 2016.

What to look at. ``classifier.1``, or ``classifier.2`` after the ReLU: a map of 13x13 for every one
of the thousand classes. For the class in the answer it shows *where* in the photo the network sees
it. Compare the parameters with AlexNet's, layer by layer.

Version 1.1 is by the same authors, after the paper: 3x3 filters instead of 7x7 in the first layer,
fewer of them, and earlier pooling: 2.4 times less arithmetic, no worse.
"""

from torch import Tensor, nn

from cnn_explorer.networks.layers import Concat


class Fire(nn.Module):
    """Squeeze to few maps, expand to many: (N, in, H, W) -> (N, expand1x1 + expand3x3, H, W)."""

    def __init__(self, in_channels: int, squeeze: int, expand1x1: int, expand3x3: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze, kernel_size=1)
        self.squeeze_activation = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeeze, expand1x1, kernel_size=1)
        self.expand1x1_activation = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeeze, expand3x3, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU()
        self.concat = Concat()

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        small = self.expand1x1_activation(self.expand1x1(x))
        large = self.expand3x3_activation(self.expand3x3(x))
        maps: Tensor = self.concat(small, large)
        return maps


class SqueezeNet(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes)."""

    def __init__(
        self, features: nn.Sequential, num_classes: int = 1000, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        # (N, 512, 13, 13)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Conv2d(512, num_classes, kernel_size=1),
            nn.ReLU(),
            # (N, 1000, 13, 13): a map a class
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        self.flatten = nn.Flatten()
        # (N, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.classifier(x)
        scores: Tensor = self.flatten(x)
        return scores


def squeezenet1_0() -> SqueezeNet:
    """The paper's network: 1,248,424 parameters."""
    return SqueezeNet(
        nn.Sequential(
            # (N, 3, 224, 224)
            nn.Conv2d(3, 96, kernel_size=7, stride=2),
            nn.ReLU(),
            # (N, 96, 109, 109)
            pool(),
            # (N, 96, 54, 54)
            Fire(96, 16, 64, 64),
            Fire(128, 16, 64, 64),
            Fire(128, 32, 128, 128),
            pool(),
            # (N, 256, 27, 27)
            Fire(256, 32, 128, 128),
            Fire(256, 48, 192, 192),
            Fire(384, 48, 192, 192),
            Fire(384, 64, 256, 256),
            pool(),
            # (N, 512, 13, 13)
            Fire(512, 64, 256, 256),
        )
    )


def squeezenet1_1() -> SqueezeNet:
    """The authors' lighter second version: 1,235,496 parameters."""
    return SqueezeNet(
        nn.Sequential(
            # (N, 3, 224, 224)
            nn.Conv2d(3, 64, kernel_size=3, stride=2),
            nn.ReLU(),
            # (N, 64, 111, 111)
            pool(),
            # (N, 64, 55, 55)
            Fire(64, 16, 64, 64),
            Fire(128, 16, 64, 64),
            pool(),
            # (N, 128, 27, 27)
            Fire(128, 32, 128, 128),
            Fire(256, 32, 128, 128),
            pool(),
            # (N, 256, 13, 13): squeeze to an eighth of the expanded maps, 384 = 8 x 48
            Fire(256, 48, 192, 192),
            Fire(384, 48, 192, 192),
            Fire(384, 64, 256, 256),
            Fire(512, 64, 256, 256),
        )
    )


def pool() -> nn.MaxPool2d:
    """Halves the size; the last window may hang over the border (as in Caffe, hence the sizes)."""
    return nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True)
