"""AlexNet: the network that won ImageNet (2012) and ended the age of hand-made features.

The problem. A thousand kinds of things, 1.2 million photos. Until then a photo went through
features that people had devised (edges in histograms, SIFT), and only a classifier on top was
learned. Convolutional networks learned everything, but on small pictures; nobody had made one
large enough for photos and trained it in reasonable time.

The idea. LeNet, much larger, and the means to train it:

- *ReLU* instead of tanh. It does not saturate, so the gradient does not fade: a small network
  reached the same training error six times faster (section 3.1).
- *Graphics processors*: two with 3 GB each, half of the network on either, for five to
  six days.
- *Dropout* before the large fully connected layers: each unit is silent half of the time while
  training, so that none can rely on another.
- *Augmentation*: crops, mirror images and shifted colours make few photos into many.
- *Overlapping pooling*: windows of 3 every 2 pixels.

The right answer was among the first five for 84.7 % of the test photos (seven networks together);
the next best entry had 73.8 %.

The paper. A. Krizhevsky, I. Sutskever, G. E. Hinton: "ImageNet Classification with Deep
Convolutional Neural Networks", NIPS 2012.

What to look at. The filters of ``features.0``: edges of all directions and coloured blobs, none of
them told to the network. Then the parameters in *Details*: the three linear layers hold 58.6 of
the 61.1 million, while the five convolutions do most of the arithmetic.

`AlexNet` is torchvision's, which is Krizhevsky's later network for one processor ("One weird
trick for parallelizing convolutional neural networks", 2014): 64 and 192 filters in the first two
layers where the paper has 96 and 256, no groups (the paper's halves meet only in some layers),
no local response normalisation, and an adaptive pool before the classifier, which does nothing
to pictures of 224x224. The paper's own is `AlexNetOf2012` below.
"""

from collections import OrderedDict

from torch import Tensor, nn


class AlexNet(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes)."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # (N, 3, 224, 224). 11x11 and stride 4: photos are smooth, and the large first step
            # leaves 1/16 of the positions. Padding 2 gives the paper's 55, which it computes
            # from 224 without any; that would need 227.
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(),
            # (N, 64, 55, 55)
            nn.MaxPool2d(kernel_size=3, stride=2),
            # (N, 64, 27, 27)
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(),
            # (N, 192, 27, 27)
            nn.MaxPool2d(kernel_size=3, stride=2),
            # (N, 192, 13, 13): three convolutions in a row with no pooling between
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(),
            # (N, 256, 13, 13)
            nn.MaxPool2d(kernel_size=3, stride=2),
            # (N, 256, 6, 6)
        )
        # Larger pictures give larger maps; the classifier needs 6x6.
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.flatten = nn.Flatten()
        # (N, 9216)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, 4096),  # 37.8 million weights: more than all else together
            nn.ReLU(),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
            # (N, 1000)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.avgpool(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


class AlexNetOf2012(nn.Module):
    """The paper's network (logits): (N, 3, 224, 224) -> (N, num_classes).

    Each of two graphics processors holds half of the maps. Convolutions 2, 4 and 5 see only the
    maps of their own (``groups=2``); convolution 3 and the linear layers see all.
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 3, 224, 224). The paper's 55 follows from 224 with padding 2.
                conv1=nn.Conv2d(3, 96, kernel_size=11, stride=4, padding=2),
                relu1=nn.ReLU(),
                # (N, 96, 55, 55)
                norm1=response_normalisation(),
                pool1=nn.MaxPool2d(kernel_size=3, stride=2),
                # (N, 96, 27, 27)
                conv2=nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=2),
                relu2=nn.ReLU(),
                # (N, 256, 27, 27)
                norm2=response_normalisation(),
                pool2=nn.MaxPool2d(kernel_size=3, stride=2),
                # (N, 256, 13, 13): here the halves meet
                conv3=nn.Conv2d(256, 384, kernel_size=3, padding=1),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=2),
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=2),
                relu5=nn.ReLU(),
                # (N, 256, 13, 13)
                pool5=nn.MaxPool2d(kernel_size=3, stride=2),
                # (N, 256, 6, 6)
            )
        )
        self.flatten = nn.Flatten()
        # (N, 9216)
        self.classifier = nn.Sequential(
            OrderedDict(
                drop6=nn.Dropout(p=dropout),
                fc6=nn.Linear(256 * 6 * 6, 4096),
                relu6=nn.ReLU(),
                drop7=nn.Dropout(p=dropout),
                fc7=nn.Linear(4096, 4096),
                relu7=nn.ReLU(),
                fc8=nn.Linear(4096, num_classes),
                # (N, 1000)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def response_normalisation() -> nn.LocalResponseNorm:
    """A unit is damped by its neighbours in five maps (section 3.3).

    The paper divides by (2 + 0.0001 * sum)^0.75. Torch takes the mean of the five squares where
    the paper takes their sum, hence five times the paper's alpha.
    """
    return nn.LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=2.0)


class AlexNetCifar(nn.Module):
    """AlexNet's structure for small pictures (logits): (N, 3, 32, 32) -> (N, num_classes).

    Five convolutions, three overlapping poolings and three linear layers with dropout stand as in
    the paper. The convolutions have the width of one of its two columns. The first takes 5x5
    pixels one by one, since 32x32 pixels leave nothing to step over.
    """

    def __init__(self, num_classes: int = 10, dropout: float = 0.3) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # (N, 3, 32, 32)
            nn.Conv2d(3, 48, kernel_size=5, padding=2),
            nn.ReLU(),
            # (N, 48, 32, 32)
            nn.MaxPool2d(kernel_size=3, stride=2),
            # (N, 48, 15, 15)
            nn.Conv2d(48, 128, kernel_size=5, padding=2),
            nn.ReLU(),
            # (N, 128, 15, 15)
            nn.MaxPool2d(kernel_size=3, stride=2),
            # (N, 128, 7, 7)
            nn.Conv2d(128, 192, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(192, 192, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(192, 128, kernel_size=3, padding=1),
            nn.ReLU(),
            # (N, 128, 7, 7)
            nn.MaxPool2d(kernel_size=3, stride=2),
            # (N, 128, 3, 3)
        )
        self.flatten = nn.Flatten()
        # (N, 1152)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(128 * 3 * 3, 512),
            nn.ReLU(),
            nn.Dropout(p=dropout),
            nn.Linear(512, 512),
            nn.ReLU(),
            nn.Linear(512, num_classes),
            # (N, 10)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def alexnet() -> AlexNet:
    """AlexNet for the thousand classes of ImageNet: 61,100,840 parameters."""
    return AlexNet()


def alexnet_2012() -> AlexNetOf2012:
    """The paper's two groups: 60,965,224 parameters."""
    return AlexNetOf2012()


def alexnet_cifar() -> AlexNetCifar:
    """The edition for the ten classes of CIFAR-10: 1,790,154 parameters."""
    return AlexNetCifar()
