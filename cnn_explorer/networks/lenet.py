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

This is LeNet-5 as it is taught today. The paper's has trainable subsampling (an average times a
weight plus a bias) where we take the maximum, a scaled tanh where we have ReLU, connects each of
the 16 maps to only some of the 6, and ends in distances to drawn 7x12 pictures of the characters.
"""

from collections import OrderedDict

from torch import Tensor, nn


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


def lenet5() -> LeNet5:
    """LeNet-5 for the ten digits: 61,706 parameters."""
    return LeNet5()
