"""ZFNet's card."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import IMAGENET

CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="zfnet",
        title="ZFNet",
        family="ZFNet",
        year=2013,
        authors="Matthew D. Zeiler, Rob Fergus",
        paper="Visualizing and Understanding Convolutional Networks, ECCV 2014",
        url="https://arxiv.org/abs/1311.2901",
        builder="cnn_explorer.networks.zfnet:zfnet",
        depth=8,
        parameters=62_357_608,
        macs=1_168_032_896,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 61.6 % top-1 and 83.5 % top-5 for one network on ILSVRC-2012 "
            "validation, averaged over ten crops (Table 2)."
        ),
        top1=61.6,
        differences=(
            "The paper's figure gives the sizes of the maps but not the padding; here one pixel is "
            "added around the photo and pooling windows may hang over the border.",
            "The paper's contrast normalisation across maps is taken to be AlexNet's local "
            "response normalisation.",
        ),
    ),
)
