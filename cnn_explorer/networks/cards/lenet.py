"""LeNet's cards."""

from dataclasses import replace

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import MNIST, shipped

_AUTHORS = "Yann LeCun, Léon Bottou, Yoshua Bengio, Patrick Haffner"
_PAPER = (
    "Gradient-Based Learning Applied to Document Recognition, Proceedings of the IEEE 86 (11), 1998"
)
_URL = "https://doi.org/10.1109/5.726791"

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="lenet5-1998",
        title="LeNet-5 (1998)",
        family="LeNet",
        year=1998,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.lenet:lenet5_1998",
        depth=7,
        parameters=60_850,
        macs=326_520,
        preprocessing=MNIST,
        classes="mnist",
        accuracy=(
            "The paper reports 99.05 % on MNIST's test set, and 99.2 % when trained with "
            "distorted digits too (section III.B); the weights that come with this program reach "
            "99.35 %."
        ),
        top1=99.05,
        variant="tanh, trained pooling, connection table",
        differences=(
            (
                "The output is a linear layer with softmax instead of the paper's Euclidean radial "
                "basis functions: 850 parameters more than the paper's 60,000."
            ),
            (
                "Pixels have the mean 0 and the deviation 1 of MNIST's; the paper's white is -0.1 "
                "and its black 1.175."
            ),
        ),
        weights=shipped("lenet5-1998", "MNIST", 99.35),
    ),
    NetworkCard(
        name="lenet5",
        title="LeNet-5",
        family="LeNet",
        year=1998,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.lenet:lenet5",
        depth=5,
        parameters=61_706,
        macs=416_520,
        preprocessing=MNIST,
        classes="mnist",
        accuracy=(
            "The paper reports 99.05 % on MNIST's test set, and 99.2 % when trained with "
            "distorted digits too (section III.B); the weights that come with this program reach "
            "99.28 %."
        ),
        top1=99.05,
        variant="ReLU, max pooling",
        differences=(
            "ReLU takes the place of the paper's scaled hyperbolic tangent.",
            "Pooling takes the maximum and has no weights; the paper's takes the average times a "
            "trained coefficient plus a trained bias, so it counts seven layers where this network "
            "has five.",
            "Every map of the second convolution sees all six maps before it; the paper wires "
            "it to a chosen few, which gives it about 60,000 parameters.",
            "The output is a linear layer with softmax instead of the paper's Euclidean radial "
            "basis functions.",
        ),
        weights=shipped("lenet5", "MNIST", 99.28),
    ),
    NetworkCard(
        name="lenet-linear",
        title="LeNet, all linear",
        family="LeNet",
        year=1998,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.lenet:lenet_linear",
        depth=5,
        parameters=61_610,
        macs=341_256,
        preprocessing=replace(MNIST, crop=28),
        classes="mnist",
        accuracy=(
            "Nobody published it: a linear classifier reaches 88.0 % in the paper (section "
            "III.C, figure 9), and the weights that come with this program reach 92.47 %."
        ),
        variant="a common mistake in teaching code",
        differences=(
            (
                "There are no activation functions: convolutions, average pooling and linear "
                "layers in a row are one linear map, so 61,610 parameters do what 7,850 could."
            ),
            (
                "The first convolution is 3x3 with a border of one pixel, so that 28x28 pixels "
                "need no padding."
            ),
            (
                "Every map of the second convolution sees all six maps before it, and the output "
                "is a linear layer with softmax."
            ),
        ),
        weights=shipped("lenet-linear", "MNIST", 92.47),
    ),
)
