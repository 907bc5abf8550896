"""VGG: nothing but 3x3 convolutions, and many of them (2014).

The problem. After AlexNet everybody changed everything at once: filter sizes, strides, numbers of
maps. What does *depth* do, all else being equal?

The idea. Hold all else equal. Every convolution is 3x3 with stride 1 and padding 1, so that it
changes no size; every pooling is 2x2 with stride 2 and halves it; maps double when the size halves
(64, 128, 256, 512), until 512. Then only add layers.

Why 3x3 is enough: two in a row see 5x5 pixels, three see 7x7. With C maps in and out three of them
have 27 C² weights where one 7x7 has 49 C², and there are three ReLUs instead of one (section 2.3).

Eleven layers with weights had 10.4 % top-5 error, sixteen 8.8 %, nineteen 9.0 % (table 3, trained
and tested at one size): depth helps, and then stops helping. Why it stops is ResNet's question.

The paper. K. Simonyan, A. Zisserman: "Very Deep Convolutional Networks for Large-Scale Image
Recognition", ICLR 2015 (arXiv 1409.1556), table 1. The letters A, B, D, E below are its columns.

What to look at. Click down ``features``: sharp edges in the first maps, ever larger and rarer parts
later. In *Details* compare ``features.2`` and ``classifier.0``: one has 37 thousand parameters and
12 % of all multiply-adds, the other 103 million parameters and 0.7 %.

Torchvision adds an adaptive pool before the classifier, so that other sizes than 224x224 fit.
"""

from torch import Tensor, nn


class VGG(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes).

    `depths` are the numbers of convolutions in the five stages.
    """

    def __init__(
        self,
        depths: tuple[int, int, int, int, int],
        num_classes: int = 1000,
        dropout: float = 0.5,
        norm: bool = False,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # (N, 3, 224, 224)
            *stage(3, 64, depths[0], norm),
            # (N, 64, 112, 112)
            *stage(64, 128, depths[1], norm),
            # (N, 128, 56, 56)
            *stage(128, 256, depths[2], norm),
            # (N, 256, 28, 28)
            *stage(256, 512, depths[3], norm),
            # (N, 512, 14, 14): the maps double no more
            *stage(512, 512, depths[4], norm),
            # (N, 512, 7, 7)
        )
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.flatten = nn.Flatten()
        # (N, 25088)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),  # 102.8 million weights: three quarters of VGG-16
            nn.ReLU(),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
            # (N, 1000)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


class VGGCifar(nn.Module):
    """VGG-13 with normalisation, at half its width, for small pictures (logits).

    (N, 3, 32, 32) -> (N, num_classes). Five halvings take 32x32 pixels to a single one, so no
    pool is needed before the classifier, and 256 numbers are few enough for two linear layers.
    """

    def __init__(self, num_classes: int = 10, dropout: float = 0.2) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # (N, 3, 32, 32)
            *stage(3, 32, 2, norm=True),
            # (N, 32, 16, 16)
            *stage(32, 64, 2, norm=True),
            # (N, 64, 8, 8)
            *stage(64, 128, 2, norm=True),
            # (N, 128, 4, 4)
            *stage(128, 256, 2, norm=True),
            # (N, 256, 2, 2)
            *stage(256, 256, 2, norm=True),
            # (N, 256, 1, 1)
        )
        self.flatten = nn.Flatten()
        # (N, 256)
        self.classifier = nn.Sequential(
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Dropout(p=dropout),
            nn.Linear(256, num_classes),
            # (N, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def stage(in_channels: int, out_channels: int, depth: int, norm: bool = False) -> list[nn.Module]:
    """`depth` convolutions that keep the size, then a pooling that halves it.

    The layers stand in one flat row, as torchvision names them: ``features.0`` to ``features.30``.
    With `norm` a batch normalisation follows each convolution. The convolutions keep their bias,
    which that makes idle: torchvision's weights have it.
    """
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers.append(nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1))
        if norm:
            layers.append(nn.BatchNorm2d(out_channels))
        layers.append(nn.ReLU())
        in_channels = out_channels
    return [*layers, nn.MaxPool2d(kernel_size=2, stride=2)]


def vgg11() -> VGG:
    """Column A: 132,863,336 parameters."""
    return VGG((1, 1, 2, 2, 2))


def vgg13() -> VGG:
    """Column B: 133,047,848 parameters."""
    return VGG((2, 2, 2, 2, 2))


def vgg16() -> VGG:
    """Column D, the one that everybody uses: 138,357,544 parameters."""
    return VGG((2, 2, 3, 3, 3))


def vgg19() -> VGG:
    """Column E: 143,667,240 parameters."""
    return VGG((2, 2, 4, 4, 4))


def vgg11_bn() -> VGG:
    """VGG-11 with batch normalisation: 132,868,840 parameters."""
    return VGG((1, 1, 2, 2, 2), norm=True)


def vgg13_bn() -> VGG:
    """VGG-13 with batch normalisation: 133,053,736 parameters."""
    return VGG((2, 2, 2, 2, 2), norm=True)


def vgg16_bn() -> VGG:
    """VGG-16 with batch normalisation: 138,365,992 parameters."""
    return VGG((2, 2, 3, 3, 3), norm=True)


def vgg19_bn() -> VGG:
    """VGG-19 with batch normalisation: 143,678,248 parameters."""
    return VGG((2, 2, 4, 4, 4), norm=True)


def vgg_cifar() -> VGGCifar:
    """The edition for the ten classes of CIFAR-10: 2,423,722 parameters."""
    return VGGCifar()
