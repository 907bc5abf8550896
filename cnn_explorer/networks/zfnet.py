"""ZFNet: AlexNet after somebody had looked inside (2013).

The problem. AlexNet worked, and nobody could say why, or what to change to make it better but by
trial and error.

The idea. Look. Zeiler and Fergus ran the network backwards from one activation in one map to the
pixels that caused it (a *deconvnet*: unpool to the remembered maxima, rectify, convolve with the
transposed filters), and found:

- the first layer's filters were very high and very low frequencies with little between, and some
  were dead: 11x11 is too large;
- the second layer's maps showed aliasing, stripes that are not in the photo: stride 4 is too
  coarse.

So they took 7x7 filters with stride 2 and let the rest follow. That is all of ZFNet: the top-5
error of their AlexNet, 18.1 % on the validation photos, became 16.5 %, and networks of this kind
won ImageNet 2013. The method has outlived the network: this program is a descendant of it.

The paper. M. D. Zeiler, R. Fergus: "Visualizing and Understanding Convolutional Networks", ECCV
2014 (arXiv 1311.2901), section 4.1 and figure 3.

What to look at. The first layer's maps beside AlexNet's: 110x110 instead of 55x55, four times the
positions. Follow one map upwards: edges, textures, parts, objects.

What had to be decided, since the paper's figure gives sizes and not paddings: one pixel around the
photo (224 becomes 110, not 109), pooling windows that may hang over the border (``ceil_mode``: 110
becomes 55, 26 becomes 13). "Contrast normalized across feature maps" is taken to be AlexNet's
local response normalisation with AlexNet's constants; it stands after the pooling, as the figure's
caption has it. Convolutions 3 to 5 see all maps, as the paper says in place of AlexNet's halves.
62,357,608 parameters in all, 58.6 million of them in the linear layers. The authors published no
weights in a format that could be loaded here.
"""

from collections import OrderedDict

from torch import Tensor, nn


class ZFNet(nn.Module):
    """Photos to class scores (logits): (N, 3, 224, 224) -> (N, num_classes)."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            OrderedDict(
                # (N, 3, 224, 224)
                conv1=nn.Conv2d(3, 96, kernel_size=7, stride=2, padding=1),
                relu1=nn.ReLU(),
                # (N, 96, 110, 110)
                pool1=nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
                norm1=contrast_normalisation(),
                # (N, 96, 55, 55)
                conv2=nn.Conv2d(96, 256, kernel_size=5, stride=2),
                relu2=nn.ReLU(),
                # (N, 256, 26, 26)
                pool2=nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True),
                norm2=contrast_normalisation(),
                # (N, 256, 13, 13): from here on as AlexNet
                conv3=nn.Conv2d(256, 384, kernel_size=3, padding=1),
                relu3=nn.ReLU(),
                conv4=nn.Conv2d(384, 384, kernel_size=3, padding=1),
                relu4=nn.ReLU(),
                conv5=nn.Conv2d(384, 256, kernel_size=3, padding=1),
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
                fc6=nn.Linear(256 * 6 * 6, 4096),
                relu6=nn.ReLU(),
                drop6=nn.Dropout(p=dropout),
                fc7=nn.Linear(4096, 4096),
                relu7=nn.ReLU(),
                drop7=nn.Dropout(p=dropout),
                fc8=nn.Linear(4096, num_classes),
                # (N, 1000)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = self.flatten(x)
        scores: Tensor = self.classifier(x)
        return scores


def contrast_normalisation() -> nn.LocalResponseNorm:
    """A unit is damped by its neighbours in five maps (AlexNet's paper, section 3.3).

    The paper divides by (2 + 0.0001 * sum)^0.75. Torch takes the mean of the five squares where
    the paper takes their sum, hence five times the paper's alpha.
    """
    return nn.LocalResponseNorm(size=5, alpha=5 * 1e-4, beta=0.75, k=2.0)


def zfnet() -> ZFNet:
    """ZFNet for the thousand classes of ImageNet: 62,357,608 parameters."""
    return ZFNet()
