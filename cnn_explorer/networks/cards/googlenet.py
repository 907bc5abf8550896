"""GoogLeNet's and Inception's cards."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import CIFAR, IMAGENET, shipped
from cnn_explorer.networks.torchvision_cards import compatible_weights

_AUTHORS = (
    "Christian Szegedy, Wei Liu, Yangqing Jia, Pierre Sermanet, Scott Reed, "
    "Dragomir Anguelov, Dumitru Erhan, Vincent Vanhoucke, Andrew Rabinovich"
)
_PAPER = "Going Deeper with Convolutions, CVPR 2015"
_URL = "https://arxiv.org/abs/1409.4842"

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="googlenet-2014",
        title="GoogLeNet (2014)",
        family="GoogLeNet",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.googlenet_2014:googlenet_2014",
        depth=22,
        parameters=6_998_552,
        macs=1_582_671_872,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 89.9 % top-5 for one network and one crop on ILSVRC-2014 validation "
            "(Table 3)."
        ),
        variant="5x5 branch, response normalisation",
        differences=(
            (
                "The constants of the local response normalisation, which the paper does not give, "
                "are those of the reference models that came after it."
            ),
            (
                "The parameters are those that a prediction uses; the two auxiliary heads of "
                "training add 6,379,728 more."
            ),
        ),
    ),
    NetworkCard(
        name="googlenet",
        title="GoogLeNet",
        family="GoogLeNet",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.googlenet:googlenet",
        depth=22,
        parameters=6_624_904,
        macs=1_498_376_192,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 89.9 % top-5 for one network and one crop on ILSVRC-2014 "
            "validation (Table 3); torchvision's weights reach 69.8 % top-1 and 89.5 % top-5."
        ),
        top1=69.778,
        variant="batch norm, as torchvision",
        differences=(
            "Every convolution is followed by batch normalisation, which came a year after the "
            "paper; there is no local response normalisation.",
            "The branches called 5x5 have 3x3 filters: a slip in torchvision that its weights "
            "have made permanent.",
            "The fourth pooling is 2x2 instead of 3x3, and dropout is 20 % instead of 40 %.",
            "The parameters are those that a prediction uses; the two auxiliary heads of "
            "training add 6,379,984 more.",
            "torchvision's weights expect their input scaled to -1..1, so the network converts "
            "it first (transform_input).",
        ),
        weights=compatible_weights("googlenet"),
    ),
    NetworkCard(
        name="inception-naive",
        title="Inception, naive",
        family="GoogLeNet",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.googlenet_2014:inception_naive",
        depth=5,
        parameters=928_712,
        macs=781_555_968,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper gives no accuracy for it: the module alone has 387,296 parameters and takes "
            "303 million multiply-adds, against 163,696 and 128 million with reductions, and its "
            "416 maps make the next one dearer still."
        ),
        variant="one block, no reductions",
        differences=(
            "The paper has no such network: this is GoogLeNet's stem with its first module and a "
            "classifier, made to compare modules. Nobody has trained it.",
        ),
    ),
    NetworkCard(
        name="inception-reduced",
        title="Inception, reduced",
        family="GoogLeNet",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.googlenet_2014:inception_reduced",
        depth=6,
        parameters=545_112,
        macs=605_980_672,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper gives no accuracy for it: the module alone has 163,696 parameters and takes "
            "128 million multiply-adds, against 387,296 and 303 million without reductions."
        ),
        variant="one block, 1x1 reductions",
        differences=(
            "The paper has no such network: this is GoogLeNet's stem with its first module and a "
            "classifier, made to compare modules. Nobody has trained it.",
        ),
    ),
    NetworkCard(
        name="googlenet-cifar",
        title="GoogLeNet for CIFAR-10",
        family="GoogLeNet",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.googlenet:googlenet_cifar",
        depth=22,
        parameters=1_407_258,
        macs=113_488_896,
        preprocessing=CIFAR,
        classes="cifar10",
        accuracy=(
            "The paper has no CIFAR-10; the weights that come with this program reach 86.29 %."
        ),
        variant="CIFAR-10 edition",
        differences=(
            (
                "All widths are halved, the first convolution is 3x3 with stride 1, and the "
                "pooling after it is gone."
            ),
            (
                "Every convolution is followed by batch normalisation, there are no auxiliary "
                "heads, and the branches called 5x5 have 3x3 filters, as in torchvision's "
                "GoogLeNet."
            ),
        ),
        weights=shipped("googlenet-cifar", "CIFAR-10", 86.29),
    ),
    NetworkCard(
        name="inception-a",
        title="Inception-A",
        family="GoogLeNet",
        year=2015,
        authors=(
            "Christian Szegedy, Vincent Vanhoucke, Sergey Ioffe, Jonathon Shlens, Zbigniew Wojna"
        ),
        paper="Rethinking the Inception Architecture for Computer Vision, CVPR 2016",
        url="https://arxiv.org/abs/1512.00567",
        builder="cnn_explorer.networks.inception_a:inception_a",
        depth=7,
        parameters=637_640,
        macs=677_832_704,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper gives no accuracy for it: the module alone has 255,904 parameters and takes "
            "200 million multiply-adds."
        ),
        variant="one block, double 3x3, batch norm",
        differences=(
            (
                "This is the first module of torchvision's Inception v3, which has kept one 5x5 "
                "branch, on GoogLeNet's stem with batch normalisation, with a classifier; no one "
                "has trained it."
            ),
        ),
    ),
)
