"""The catalogue: one immutable card a network, facts beside the name of its builder.

Listing the catalogue imports neither torch nor Qt. A card names its builder as
``"module:callable"``; `cnn_explorer.networks.build` imports it when a network is opened.
"""

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards import (
    alexnet,
    densenet,
    googlenet,
    lenet,
    resnet,
    squeezenet,
    vgg,
    zfnet,
)

FAMILIES = ("LeNet", "AlexNet", "ZFNet", "VGG", "GoogLeNet", "ResNet", "DenseNet", "SqueezeNet")


_CARDS: tuple[NetworkCard, ...] = (
    *lenet.CARDS,
    *alexnet.CARDS,
    *zfnet.CARDS,
    *vgg.CARDS,
    *googlenet.CARDS,
    *resnet.CARDS,
    *densenet.CARDS,
    *squeezenet.CARDS,
)

NETWORKS: Mapping[str, NetworkCard] = MappingProxyType({card.name: card for card in _CARDS})
"""All cards by name, oldest network first."""


def card_of(name: str) -> NetworkCard:
    """The card of a network; an unknown name raises `ExplorerError` with the nearest names."""
    try:
        return NETWORKS[name]
    except KeyError:
        near = difflib.get_close_matches(name, NETWORKS, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(NETWORKS)}."
        raise ExplorerError(f'there is no network "{name}": {hint}') from None
