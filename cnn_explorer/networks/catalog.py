"""The catalogue: one immutable card a network, facts beside the name of its builder.

Listing the catalogue imports neither torch nor Qt. A card names its builder as
``"module:callable"``; `cnn_explorer.networks.build` imports it when a network is opened.
"""

import difflib
import re
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
from cnn_explorer.networks.torchvision_cards import CARDS

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
"""All cards of our own networks by name, a family after the other, oldest first."""

OTHERS: Mapping[str, NetworkCard] = MappingProxyType({card.name: card for card in CARDS})
"""Cards of torchvision's other classifiers by name, ``torchvision/swin_t``, old to new."""

ALL: Mapping[str, NetworkCard] = MappingProxyType({**NETWORKS, **OTHERS})
"""All cards by name: what the window and the command line know and recognise files by."""


def card_of(name: str) -> NetworkCard:
    """The card of a network, one of torchvision's others too.

    Capitals, dashes, points and blanks do not count: ``ResNet-50`` and ``squeezenet1.1`` are
    found. An unknown name raises `ExplorerError` with the nearest names.
    """
    card = ALL.get(name)
    if card is not None:
        return card
    squeezed = _squeezed(name)
    for known in ALL.values():
        if _squeezed(known.name) == squeezed:
            return known
    # without "torchvision/", which is half of each name and which people leave out
    plain = {known.rpartition("/")[2]: known for known in ALL}
    alike = difflib.get_close_matches(name.rpartition("/")[2], plain, n=3)
    near = [plain[known] for known in alike]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(NETWORKS)}."
    raise ExplorerError(f'there is no network "{name}": {hint}')


def _squeezed(name: str) -> str:
    """Without capitals and separators; but between digits they count: 1_6 is not 16."""
    between_digits = re.sub(r"(?<=\d)[-_. ]+(?=\d)", "~", name.lower())
    return re.sub(r"[-_. ]+", "", between_digits)
