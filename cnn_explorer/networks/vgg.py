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
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # (N, 3, 224, 224)
            *stage(3, 64, depths[0]),
            # (N, 64, 112, 112)
            *stage(64, 128, depths[1]),
            # (N, 128, 56, 56)
            *stage(128, 256, depths[2]),
            # (N, 256, 28, 28)
            *stage(256, 512, depths[3]),
            # (N, 512, 14, 14): the maps double no more
            *stage(512, 512, depths[4]),
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


def stage(in_channels: int, out_channels: int, depth: int) -> list[nn.Module]:
    """`depth` convolutions that keep the size, then a pooling that halves it.

    The layers stand in one flat row, as torchvision names them: ``features.0`` to ``features.30``.
    """
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1), nn.ReLU()]
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
