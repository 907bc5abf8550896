"""VGG's cards."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import CIFAR, IMAGENET, shipped
from cnn_explorer.networks.torchvision_cards import compatible_weights

_AUTHORS = "Karen Simonyan, Andrew Zisserman"
_PAPER = "Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015"
_URL = "https://arxiv.org/abs/1409.1556"

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="vgg11",
        title="VGG-11",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg11",
        depth=11,
        parameters=132_863_336,
        macs=7_609_090_048,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 70.4 % top-1 and 89.6 % top-5 for its configuration A on "
            "ILSVRC-2012 validation at one scale (Table 3); torchvision's weights reach 69.0 % and "
            "88.6 % on one centre crop."
        ),
        top1=69.02,
        variant="configuration A",
        differences=(
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg11"),
    ),
    NetworkCard(
        name="vgg11_bn",
        title="VGG-11 BN",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg11_bn",
        depth=11,
        parameters=132_868_840,
        macs=7_609_090_048,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper, a year older than batch normalisation, reports 70.4 % top-1 for its "
            "configuration A without it (Table 3); torchvision's weights reach 70.4 % and 89.8 % "
            "on one centre crop."
        ),
        top1=70.37,
        variant="configuration A, batch norm",
        differences=(
            ("A batch normalisation follows every convolution; the paper's networks have none."),
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg11_bn"),
        lesson="vgg-bn",
    ),
    NetworkCard(
        name="vgg13",
        title="VGG-13",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg13",
        depth=13,
        parameters=133_047_848,
        macs=11_308_466_176,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 71.3 % top-1 and 90.1 % top-5 for its configuration B on "
            "ILSVRC-2012 validation at one scale (Table 3); torchvision's weights reach 69.9 % and "
            "89.2 % on one centre crop."
        ),
        top1=69.928,
        variant="configuration B",
        differences=(
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg13"),
    ),
    NetworkCard(
        name="vgg13_bn",
        title="VGG-13 BN",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg13_bn",
        depth=13,
        parameters=133_053_736,
        macs=11_308_466_176,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper, a year older than batch normalisation, reports 71.3 % top-1 for its "
            "configuration B without it (Table 3); torchvision's weights reach 71.6 % and 90.4 % "
            "on one centre crop."
        ),
        top1=71.586,
        variant="configuration B, batch norm",
        differences=(
            ("A batch normalisation follows every convolution; the paper's networks have none."),
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg13_bn"),
        lesson="vgg-bn",
    ),
    NetworkCard(
        name="vgg16",
        title="VGG-16",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg16",
        depth=16,
        parameters=138_357_544,
        macs=15_470_264_320,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 74.4 % top-1 and 91.9 % top-5 for its configuration D on "
            "ILSVRC-2012 validation at one scale (Table 3); torchvision's weights reach 71.6 % "
            "and 90.4 % on one centre crop."
        ),
        top1=71.592,
        variant="configuration D",
        differences=(
            "The paper runs over the whole picture with its linear layers as convolutions and "
            "averages the answers; here the centre crop alone is seen.",
            "An adaptive average pool stands before the classifier; for 224x224 pictures it "
            "changes nothing.",
        ),
        weights=compatible_weights("vgg16"),
    ),
    NetworkCard(
        name="vgg16_bn",
        title="VGG-16 BN",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg16_bn",
        depth=16,
        parameters=138_365_992,
        macs=15_470_264_320,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper, a year older than batch normalisation, reports 74.4 % top-1 for its "
            "configuration D without it (Table 3); torchvision's weights reach 73.4 % and 91.5 % "
            "on one centre crop."
        ),
        top1=73.36,
        variant="configuration D, batch norm",
        differences=(
            ("A batch normalisation follows every convolution; the paper's networks have none."),
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg16_bn"),
        lesson="vgg-bn",
    ),
    NetworkCard(
        name="vgg19",
        title="VGG-19",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg19",
        depth=19,
        parameters=143_667_240,
        macs=19_632_062_464,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 74.5 % top-1 and 92.0 % top-5 for its configuration E on "
            "ILSVRC-2012 validation at one scale (Table 3); torchvision's weights reach 72.4 % and "
            "90.9 % on one centre crop."
        ),
        top1=72.376,
        variant="configuration E",
        differences=(
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg19"),
    ),
    NetworkCard(
        name="vgg19_bn",
        title="VGG-19 BN",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg19_bn",
        depth=19,
        parameters=143_678_248,
        macs=19_632_062_464,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper, a year older than batch normalisation, reports 74.5 % top-1 for its "
            "configuration E without it (Table 3); torchvision's weights reach 74.2 % and 91.8 % "
            "on one centre crop."
        ),
        top1=74.218,
        variant="configuration E, batch norm",
        differences=(
            ("A batch normalisation follows every convolution; the paper's networks have none."),
            (
                "The paper runs over the whole picture with its linear layers as convolutions and "
                "averages the answers; here the centre crop alone is seen."
            ),
            (
                "An adaptive average pool stands before the classifier; for 224x224 pictures it "
                "changes nothing."
            ),
        ),
        weights=compatible_weights("vgg19_bn"),
        lesson="vgg-bn",
    ),
    NetworkCard(
        name="vgg-cifar",
        title="VGG for CIFAR-10",
        family="VGG",
        year=2014,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.vgg:vgg_cifar",
        depth=12,
        parameters=2_423_722,
        macs=57_575_936,
        preprocessing=CIFAR,
        classes="cifar10",
        accuracy=(
            "The paper has no CIFAR-10; the weights that come with this program reach 91.04 %."
        ),
        variant="CIFAR-10 edition, batch norm",
        differences=(
            (
                "Configuration B at half its width, with a batch normalisation after every "
                "convolution; the paper's networks have none."
            ),
            "Two linear layers with 256 units stand in place of three with 4,096.",
        ),
        weights=shipped("vgg-cifar", "CIFAR-10", 91.04),
    ),
)
