"""LeNet-5: the network that read the cheques (1998).

The problem. A network of fully connected layers that reads a handwritten digit must learn every
stroke anew for every place where it may stand, and needs a weight for each pixel and unit: a
hundred units on 32x32 pixels are already more than 100,000 weights.

The idea. Three, that all later networks in this program keep.

- *Local receptive fields*: a unit looks at 5x5 pixels only, for strokes are local.
- *Shared weights*: the units of one feature map look for the same thing in every place. 26
  numbers (5x5 and a bias) serve all 784 units of a map, and a shifted digit gives a shifted map.
- *Subsampling*: once found, where exactly a stroke is matters little. Maps are halved twice, so
  small shifts and distortions fade, and the next convolution sees twice as far.

As the maps shrink (28, 14, 10, 5) their number grows (1, 6, 16): where is given up for what.

The paper. Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: "Gradient-Based Learning Applied to
Document Recognition", Proceedings of the IEEE 86(11), 1998, section II.

What to look at. Draw a digit and open ``features.relu1``: six maps, each the drawing through one
stroke or edge detector. Open ``features.pool2``: sixteen maps of 5x5, no longer a drawing. Then
shift the digit a little: the early maps shift with it, the answer stays.

`LeNet5` is LeNet-5 as it is taught today. The paper's, `LeNet5Of1998`, has trainable subsampling
(an average times a weight plus a bias) where we take the maximum, a scaled tanh where we have
ReLU, and connects each of the 16 maps to only some of the 6. It ends in distances to drawn 7x12
pictures of the characters; ours ends in a linear layer. `LeNetLinear` is a version often met in
teaching code, in which the activation functions were forgotten.
"""

from collections import OrderedDict

from torch import Tensor, nn

from cnn_explorer.networks.layers import ScaledTanh, Subsampling, TableConv2d

C3_TABLE = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip
"""Which of the six maps each of C3's sixteen sees (the paper's table I): six neighbours of three,
six of four, three of four that are not neighbours, and one of all. It breaks the symmetry, so that
the maps learn different things, and saves 36 of 96 kernels."""


class LeNet5(nn.Module):
    """Digits to ten scores (logits): (N, 1, 32, 32) -> (N, 10).

    Digits of 28x28 pixels are padded to 32x32: so the end of a stroke at the border of the digit
    can still lie in the middle of a receptive field (section II.B).
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 1, 32, 32)
                conv1=nn.Conv2d(1, 6, kernel_size=5),
                relu1=nn.ReLU(),
                # (N, 6, 28, 28): 5x5 without padding costs two pixels on each side
                pool1=nn.MaxPool2d(kernel_size=2, stride=2),
                # (N, 6, 14, 14)
                conv2=nn.Conv2d(6, 16, kernel_size=5),
                relu2=nn.ReLU(),
                # (N, 16, 10, 10)
                pool2=nn.MaxPool2d(kernel_size=2, stride=2),
                # (N, 16, 5, 5)
            )
        )
        self.flatten = nn.Flatten()
        # (N, 400): 16 maps of 5x5
        self.classifier = nn.Sequential(
            OrderedDict(
                # The paper calls this one C5, a convolution: 5x5 kernels on 5x5 maps see all.
                fc3=nn.Linear(16 * 5 * 5, 120),
                relu3=nn.ReLU(),
                # 84 = 7x12, the pixels of the paper's drawn characters, one unit a pixel
                fc4=nn.Linear(120, 84),
                relu4=nn.ReLU(),
                fc5=nn.Linear(84, num_classes),
                # (N, 10)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


class LeNet5Of1998(nn.Module):
    """The paper's network, with a linear layer for its output: (N, 1, 32, 32) -> (N, 10).

    C are convolutions, S subsamplings, F6 is fully connected, as the paper names them.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 1, 32, 32)
                c1=nn.Conv2d(1, 6, kernel_size=5),
                squash1=ScaledTanh(),
                # (N, 6, 28, 28)
                s2=Subsampling(6),
                squash2=ScaledTanh(),
                # (N, 6, 14, 14)
                c3=TableConv2d(6, C3_TABLE, kernel_size=5),
                squash3=ScaledTanh(),
                # (N, 16, 10, 10)
                s4=Subsampling(16),
                squash4=ScaledTanh(),
                # (N, 16, 5, 5)
                c5=nn.Conv2d(16, 120, kernel_size=5),
                squash5=ScaledTanh(),
                # (N, 120, 1, 1): on a larger picture there would be more than one place
            )
        )
        self.flatten = nn.Flatten()
        # (N, 120)
        self.classifier = nn.Sequential(
            OrderedDict(
                f6=nn.Linear(120, 84),
                squash6=ScaledTanh(),
                # (N, 84): the paper compares these with the 7x12 pixels of each character
                output=nn.Linear(84, num_classes),
                # (N, 10)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


class LeNetLinear(nn.Module):
    """LeNet's layers without activation functions: (N, 1, 28, 28) -> (N, 10).

    Convolution, average pooling and linear layer are all linear, so the whole is one affine map
    of 784 pixels, whatever its depth.
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 1, 28, 28)
                conv1=nn.Conv2d(1, 6, kernel_size=3, padding=1),
                # (N, 6, 28, 28)
                pool1=nn.AvgPool2d(kernel_size=2, stride=2),
                # (N, 6, 14, 14)
                conv2=nn.Conv2d(6, 16, kernel_size=5),
                # (N, 16, 10, 10)
                pool2=nn.AvgPool2d(kernel_size=2, stride=2),
                # (N, 16, 5, 5)
            )
        )
        self.flatten = nn.Flatten()
        # (N, 400)
        self.classifier = nn.Sequential(
            OrderedDict(
                fc3=nn.Linear(16 * 5 * 5, 120),
                fc4=nn.Linear(120, 84),
                fc5=nn.Linear(84, num_classes),
                # (N, 10)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def lenet5() -> LeNet5:
    """LeNet-5 for the ten digits: 61,706 parameters."""
    return LeNet5()


def lenet5_1998() -> LeNet5Of1998:
    """60,850 parameters: the paper's 60,000, and 850 in the linear layer after them."""
    return LeNet5Of1998()


def lenet_linear() -> LeNetLinear:
    """61,610 parameters, for what 7,850 could do."""
    return LeNetLinear()
