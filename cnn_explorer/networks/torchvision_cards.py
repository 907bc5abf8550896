"""Cards of torchvision's other classifiers, and its weights for networks of our own.

The facts come from ``resources/torchvision-models.json``, which `torchvision_facts` writes, so
neither torch nor torchvision is imported here.
"""

import json
from typing import Any

from cnn_explorer.networks.card import NetworkCard, Preprocessing, WeightsEntry
from cnn_explorer.networks.cards.common import IMAGENET
from cnn_explorer.paths import resource


def compatible_weights(name: str) -> tuple[WeightsEntry, ...]:
    """Torchvision's weights for a network of our own, the best first, all on its server.

    An entry's `preprocessing` is None where it is the usual one: shorter side to 256 pixels, 224
    cut out, bilinear. An unknown name raises `KeyError`.
    """
    return tuple(_entry(facts, IMAGENET) for facts in _FACTS["compatible"][name])


def _card(facts: dict[str, Any]) -> NetworkCard:
    preprocessing = _preprocessing(facts["preprocessing"])
    weights = tuple(_entry(entry, preprocessing) for entry in facts["weights"])
    best = facts["weights"][0]
    return NetworkCard(
        name=f"torchvision/{facts['name']}",
        title=facts["title"],
        family=facts["family"],
        year=facts["year"],
        authors=facts["authors"],
        paper=facts["paper"],
        url=facts["url"],
        builder=f"cnn_explorer.networks.torchvision_models:classifier/{facts['name']}",
        depth=0,
        parameters=facts["parameters"],
        macs=facts["macs"],
        preprocessing=preprocessing,
        classes="imagenet-1k",
        accuracy=(
            f"torchvision's weights ({best['tag']}) reach {best['accuracy']:.1f} % top-1 and "
            f"{best['top5']:.1f} % top-5 on ILSVRC-2012 validation, on one centre crop."
        ),
        top1=best["accuracy"],
        weights=weights,
        library="torchvision",
    )


def _entry(facts: dict[str, Any], usual: Preprocessing) -> WeightsEntry:
    preprocessing = _preprocessing(facts["preprocessing"])
    return WeightsEntry(
        tag=facts["tag"],
        file=facts["file"],
        shipped=False,
        accuracy=facts["accuracy"],
        top5=facts["top5"],
        size=facts["size"],
        preprocessing=None if preprocessing == usual else preprocessing,
        url=facts["url"],
        transform_input=facts.get("transform_input", False),
        licence=facts.get("licence", ""),
    )


def _preprocessing(facts: dict[str, Any]) -> Preprocessing:
    return Preprocessing(
        "photo",
        resize=facts["resize"],
        crop=facts["crop"],
        mean=tuple(facts["mean"]),
        std=tuple(facts["std"]),
        interpolation=facts["interpolation"],
    )


_FACTS: dict[str, Any] = json.loads(resource("torchvision-models.json").read_text(encoding="utf-8"))

CARDS: tuple[NetworkCard, ...] = tuple(_card(facts) for facts in _FACTS["models"])
"""By family, old to new, small networks before large ones."""
