"""DenseNet's cards."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import CIFAR, IMAGENET, shipped
from cnn_explorer.networks.torchvision_cards import compatible_weights

_AUTHORS = "Gao Huang, Zhuang Liu, Laurens van der Maaten, Kilian Q. Weinberger"
_PAPER = "Densely Connected Convolutional Networks, CVPR 2017"
_URL = "https://arxiv.org/abs/1608.06993"

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="densenet121",
        title="DenseNet-121",
        family="DenseNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.densenet:densenet121",
        depth=121,
        parameters=7_978_856,
        macs=2_834_161_664,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 75.0 % top-1 and 92.3 % top-5 on ImageNet validation with one crop "
            "(Table 3); torchvision's weights reach 74.4 % and 92.0 %."
        ),
        top1=74.434,
        variant="ImageNet, growth 32",
        weights=compatible_weights("densenet121"),
    ),
    NetworkCard(
        name="densenet169",
        title="DenseNet-169",
        family="DenseNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.densenet:densenet169",
        depth=169,
        parameters=14_149_480,
        macs=3_359_843_328,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 76.2 % top-1 and 93.2 % top-5 on ImageNet validation with one crop "
            "(Table 3); torchvision's weights reach 75.6 % and 92.8 %."
        ),
        top1=75.6,
        variant="ImageNet, growth 32",
        weights=compatible_weights("densenet169"),
    ),
    NetworkCard(
        name="densenet201",
        title="DenseNet-201",
        family="DenseNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.densenet:densenet201",
        depth=201,
        parameters=20_013_928,
        macs=4_291_365_888,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 77.4 % top-1 and 93.7 % top-5 on ImageNet validation with one crop "
            "(Table 3); torchvision's weights reach 76.9 % and 93.4 %."
        ),
        top1=76.896,
        variant="ImageNet, growth 32",
        weights=compatible_weights("densenet201"),
    ),
    NetworkCard(
        name="densenet-bc-100-12",
        title="DenseNet-BC-100-12",
        family="DenseNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.densenet:densenet_bc_100_12",
        depth=100,
        parameters=769_162,
        macs=287_929_692,
        preprocessing=CIFAR,
        classes="cifar10",
        accuracy=(
            "The paper reports 4.51 % error on CIFAR-10's test set with augmentation (Table 2)."
        ),
        top1=95.49,
        variant="CIFAR-10, growth 12",
    ),
    NetworkCard(
        name="densenet-cifar",
        title="DenseNet for CIFAR-10",
        family="DenseNet",
        year=2016,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.densenet:densenet_cifar",
        depth=46,
        parameters=377_834,
        macs=81_046_056,
        preprocessing=CIFAR,
        classes="cifar10",
        accuracy=(
            "The paper has no network of this size; the weights that come with this program "
            "reach 85.52 %."
        ),
        variant="CIFAR-10 edition, growth 16",
        differences=(
            (
                "Three dense blocks of 3, 6 and 12 layers with a growth of 16, half of "
                "DenseNet-121's first three blocks; the paper's for CIFAR-10 have equal blocks."
            ),
        ),
        weights=shipped("densenet-cifar", "CIFAR-10", 85.52),
    ),
)
