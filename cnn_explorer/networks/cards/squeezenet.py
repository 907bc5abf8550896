"""SqueezeNet's cards."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import IMAGENET
from cnn_explorer.networks.torchvision_cards import compatible_weights

_AUTHORS = (
    "Forrest N. Iandola, Song Han, Matthew W. Moskewicz, Khalid Ashraf, "
    "William J. Dally, Kurt Keutzer"
)
_PAPER = (
    "SqueezeNet: AlexNet-Level Accuracy with 50x Fewer Parameters and <0.5 MB Model Size, "
    "arXiv 2016"
)
_URL = "https://arxiv.org/abs/1602.07360"

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="squeezenet1_0",
        title="SqueezeNet 1.0",
        family="SqueezeNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.squeezenet:squeezenet1_0",
        depth=18,
        parameters=1_248_424,
        macs=818_924_576,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 57.5 % top-1 and 80.3 % top-5 on ImageNet (Table 2); torchvision's "
            "weights reach 58.1 % and 80.4 %."
        ),
        top1=58.092,
        variant="the paper's",
        weights=compatible_weights("squeezenet1_0"),
    ),
    NetworkCard(
        name="squeezenet1_1",
        title="SqueezeNet 1.1",
        family="SqueezeNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.squeezenet:squeezenet1_1",
        depth=18,
        parameters=1_235_496,
        macs=349_151_936,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 57.5 % top-1 and 80.3 % top-5 for SqueezeNet 1.0 on ImageNet "
            "(Table 2); torchvision's weights of 1.1 reach 58.2 % and 80.6 %."
        ),
        top1=58.178,
        variant="lighter second version",
        differences=(
            "This is version 1.1 from the authors' repository: its first convolution has 64 "
            "filters of 3x3 instead of 96 of 7x7 and it pools earlier, for less than half the "
            "multiply-adds of the paper's network at the same accuracy.",
        ),
        weights=compatible_weights("squeezenet1_1"),
    ),
)
