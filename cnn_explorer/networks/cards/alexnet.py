"""AlexNet's cards."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import CIFAR, IMAGENET, shipped
from cnn_explorer.networks.torchvision_cards import compatible_weights

_AUTHORS = "Alex Krizhevsky, Ilya Sutskever, Geoffrey E. Hinton"
_PAPER = (
    "ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012 "
    "(reprinted in Communications of the ACM 60 (6), 2017)"
)
_URL = "https://doi.org/10.1145/3065386"

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="alexnet-2012",
        title="AlexNet (2012)",
        family="AlexNet",
        year=2012,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.alexnet:alexnet_2012",
        depth=8,
        parameters=60_965_224,
        macs=724_406_816,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 59.3 % top-1 and 81.8 % top-5 for one network on ILSVRC-2012 "
            "validation, averaged over ten crops (Table 2)."
        ),
        top1=59.3,
        variant="two groups, response normalisation",
        differences=(
            (
                "The paper subtracts the mean picture and adds changes of colour in training; here "
                "channels are normalised as for the other networks."
            ),
            (
                "The paper's 224x224 pixels without padding would give 54.25 places; a padding of "
                "2 gives its 55."
            ),
        ),
    ),
    NetworkCard(
        name="alexnet",
        title="AlexNet",
        family="AlexNet",
        year=2012,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.alexnet:alexnet",
        depth=8,
        parameters=61_100_840,
        macs=714_188_480,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 59.3 % top-1 and 81.8 % top-5 for one network on ILSVRC-2012 "
            "validation, averaged over ten crops (Table 2); torchvision's weights reach 56.5 % "
            "and 79.1 % on one."
        ),
        top1=56.522,
        variant="one column, as torchvision",
        differences=(
            "This is torchvision's network, after Krizhevsky's later one-column version "
            '("One weird trick", 2014): 64, 192, 384, 256 and 256 filters, where the paper has '
            "96, 256, 384, 384 and 256.",
            "There is no local response normalisation.",
            "The convolutions are not split in two groups; the paper's were, one half for each "
            "of its two graphics cards.",
            "An adaptive average pool stands before the classifier; for 224x224 pictures it "
            "changes nothing.",
        ),
        weights=compatible_weights("alexnet"),
    ),
    NetworkCard(
        name="alexnet-cifar",
        title="AlexNet for CIFAR-10",
        family="AlexNet",
        year=2012,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.alexnet:alexnet_cifar",
        depth=8,
        parameters=1_790_154,
        macs=77_036_544,
        preprocessing=CIFAR,
        classes="cifar10",
        accuracy=(
            "The paper reports 11 % test error with local response normalisation on CIFAR-10 for "
            "a network of four layers (section 3.3); the weights that come with this program "
            "reach 86.33 %."
        ),
        variant="CIFAR-10 edition",
        differences=(
            (
                "The first convolution is 5x5 with stride 1 where the paper's is 11x11 with stride "
                "4, and the linear layers have 512 units instead of 4,096."
            ),
            (
                "The convolutions have the width of one of the paper's two columns; there is no "
                "local response normalisation."
            ),
        ),
        weights=shipped("alexnet-cifar", "CIFAR-10", 86.33),
    ),
)
