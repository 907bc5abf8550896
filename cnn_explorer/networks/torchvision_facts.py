"""Writes ``resources/torchvision-models.json``: what torchvision publishes about its classifiers.

Listing networks must not cost an import of torch, so the facts lie in a file that anyone can make
again, after an update of torchvision say::

    python -m cnn_explorer.networks.torchvision_facts -o resources/torchvision-models.json

The file has two parts. ``models`` are the classifiers that the program builds through torchvision
itself (`cnn_explorer.networks.torchvision_cards` makes cards of them). ``compatible`` are those
that it has modules of its own for, which take torchvision's weights: of them the weights alone.
Numbers come from torchvision; who wrote which paper stands below.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_explorer.networks.torchvision_models import import_torchvision


@dataclass(frozen=True)
class _Family:
    family: str
    year: int
    """Of the first version, as on the cards of our own networks: mostly arXiv's."""
    authors: str
    paper: str
    url: str
    names: str
    """A regular expression for torchvision's names of the family's networks."""
    title: str
    """What to call one: a template over the groups of `names`."""


_FAMILIES = (
    _Family(
        family="Inception v3",
        year=2015,
        authors=(
            "Christian Szegedy, Vincent Vanhoucke, Sergey Ioffe, Jonathon Shlens, Zbigniew Wojna"
        ),
        paper="Rethinking the Inception Architecture for Computer Vision, CVPR 2016",
        url="https://arxiv.org/abs/1512.00567",
        names=r"inception_v3",
        title="Inception v3",
    ),
    _Family(
        family="Wide ResNet",
        year=2016,
        authors="Sergey Zagoruyko, Nikos Komodakis",
        paper="Wide Residual Networks, BMVC 2016",
        url="https://arxiv.org/abs/1605.07146",
        names=r"wide_resnet(\d+)_(\d)",
        title="Wide ResNet-{0}-{1}",
    ),
    _Family(
        family="DenseNet",
        year=2016,
        authors="Gao Huang, Zhuang Liu, Laurens van der Maaten, Kilian Q. Weinberger",
        paper="Densely Connected Convolutional Networks, CVPR 2017",
        url="https://arxiv.org/abs/1608.06993",
        names=r"densenet(\d+)",
        title="DenseNet-{0}",
    ),
    _Family(
        family="ResNeXt",
        year=2016,
        authors="Saining Xie, Ross Girshick, Piotr Dollár, Zhuowen Tu, Kaiming He",
        paper="Aggregated Residual Transformations for Deep Neural Networks, CVPR 2017",
        url="https://arxiv.org/abs/1611.05431",
        names=r"resnext(\d+)_(\d+)x(\d)d",
        title="ResNeXt-{0} {1}x{2}d",
    ),
    _Family(
        family="MobileNetV2",
        year=2018,
        authors=("Mark Sandler, Andrew Howard, Menglong Zhu, Andrey Zhmoginov, Liang-Chieh Chen"),
        paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018",
        url="https://arxiv.org/abs/1801.04381",
        names=r"mobilenet_v2",
        title="MobileNetV2",
    ),
    _Family(
        family="ShuffleNetV2",
        year=2018,
        authors="Ningning Ma, Xiangyu Zhang, Hai-Tao Zheng, Jian Sun",
        paper=(
            "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018"
        ),
        url="https://arxiv.org/abs/1807.11164",
        names=r"shufflenet_v2_x(\d)_(\d)",
        title="ShuffleNetV2 {0}.{1}x",
    ),
    _Family(
        family="MnasNet",
        year=2018,
        authors=(
            "Mingxing Tan, Bo Chen, Ruoming Pang, Vijay Vasudevan, Mark Sandler, Andrew Howard, "
            "Quoc V. Le"
        ),
        paper="MnasNet: Platform-Aware Neural Architecture Search for Mobile, CVPR 2019",
        url="https://arxiv.org/abs/1807.11626",
        names=r"mnasnet(\d)_(\d+)",
        title="MnasNet {0}.{1}x",
    ),
    _Family(
        family="MobileNetV3",
        year=2019,
        authors=(
            "Andrew Howard, Mark Sandler, Grace Chu, Liang-Chieh Chen, Bo Chen, Mingxing Tan, "
            "Weijun Wang, Yukun Zhu, Ruoming Pang, Vijay Vasudevan, Quoc V. Le, Hartwig Adam"
        ),
        paper="Searching for MobileNetV3, ICCV 2019",
        url="https://arxiv.org/abs/1905.02244",
        names=r"mobilenet_v3_(small|large)",
        title="MobileNetV3-{0}",
    ),
    _Family(
        family="EfficientNet",
        year=2019,
        authors="Mingxing Tan, Quoc V. Le",
        paper=(
            "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019"
        ),
        url="https://arxiv.org/abs/1905.11946",
        names=r"efficientnet_b(\d)",
        title="EfficientNet-B{0}",
    ),
    _Family(
        family="RegNet",
        year=2020,
        authors=(
            "Ilija Radosavovic, Raj Prateek Kosaraju, Ross Girshick, Kaiming He, Piotr Dollár"
        ),
        paper="Designing Network Design Spaces, CVPR 2020",
        url="https://arxiv.org/abs/2003.13678",
        names=r"regnet_(x|y)_(\d+(?:_\d)?)(gf|mf)",
        title="RegNet{0}-{1}{2}",
    ),
    _Family(
        family="Vision Transformer",
        year=2020,
        authors=(
            "Alexey Dosovitskiy, Lucas Beyer, Alexander Kolesnikov, Dirk Weissenborn, "
            "Xiaohua Zhai, Thomas Unterthiner, Mostafa Dehghani, Matthias Minderer, "
            "Georg Heigold, Sylvain Gelly, Jakob Uszkoreit, Neil Houlsby"
        ),
        paper=(
            "An Image Is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021"
        ),
        url="https://arxiv.org/abs/2010.11929",
        names=r"vit_(b|l|h)_(\d+)",
        title="ViT-{0}/{1}",
    ),
    _Family(
        family="Swin Transformer",
        year=2021,
        authors=(
            "Ze Liu, Yutong Lin, Yue Cao, Han Hu, Yixuan Wei, Zheng Zhang, Stephen Lin, Baining Guo"
        ),
        paper="Swin Transformer: Hierarchical Vision Transformer Using Shifted Windows, ICCV 2021",
        url="https://arxiv.org/abs/2103.14030",
        names=r"swin_(t|s|b)",
        title="Swin-{0}",
    ),
    _Family(
        family="EfficientNetV2",
        year=2021,
        authors="Mingxing Tan, Quoc V. Le",
        paper="EfficientNetV2: Smaller Models and Faster Training, ICML 2021",
        url="https://arxiv.org/abs/2104.00298",
        names=r"efficientnet_v2_(s|m|l)",
        title="EfficientNetV2-{0}",
    ),
    _Family(
        family="Swin Transformer V2",
        year=2021,
        authors=(
            "Ze Liu, Han Hu, Yutong Lin, Zhuliang Yao, Zhenda Xie, Yixuan Wei, Jia Ning, Yue Cao, "
            "Zheng Zhang, Li Dong, Furu Wei, Baining Guo"
        ),
        paper="Swin Transformer V2: Scaling Up Capacity and Resolution, CVPR 2022",
        url="https://arxiv.org/abs/2111.09883",
        names=r"swin_v2_(t|s|b)",
        title="SwinV2-{0}",
    ),
    _Family(
        family="ConvNeXt",
        year=2022,
        authors=(
            "Zhuang Liu, Hanzi Mao, Chao-Yuan Wu, Christoph Feichtenhofer, Trevor Darrell, "
            "Saining Xie"
        ),
        paper="A ConvNet for the 2020s, CVPR 2022",
        url="https://arxiv.org/abs/2201.03545",
        names=r"convnext_(t|s|b|l)(?:iny|mall|ase|arge)",
        title="ConvNeXt-{0}",
    ),
    _Family(
        family="MaxViT",
        year=2022,
        authors=(
            "Zhengzhong Tu, Hossein Talebi, Han Zhang, Feng Yang, Peyman Milanfar, Alan Bovik, "
            "Yinxiao Li"
        ),
        paper="MaxViT: Multi-Axis Vision Transformer, ECCV 2022",
        url="https://arxiv.org/abs/2204.01697",
        names=r"maxvit_(t)",
        title="MaxViT-{0}",
    ),
)
"""Old to new."""

_OWN = re.compile(
    r"alexnet|vgg\d+(_bn)?|googlenet|resnet\d+|densenet(121|169|201)|squeezenet1_[01]"
)
"""Networks that the program has modules of its own for."""

_TRANSFORMING = ("googlenet", "inception_v3")
"""Trained on values of -1..1: torchvision's builders switch ``transform_input`` on for weights."""


def facts() -> dict[str, Any]:
    """What the file holds, from the installed torchvision."""
    models = import_torchvision().models
    others: list[dict[str, Any]] = []
    own: dict[str, list[dict[str, Any]]] = {}
    for name in models.list_models(module=models):
        published = _published(models.get_model_weights(name))
        if _OWN.fullmatch(name):
            own[name] = [_entry(name, weights) for weights in published]
        else:
            others.append(_model(name, published))
    order = [family.family for family in _FAMILIES]
    others.sort(key=lambda model: (order.index(model["family"]), model["parameters"]))
    return {"models": others, "compatible": own}


def _published(enum: Any) -> list[Any]:
    """A network's weights: torchvision's default first, then by accuracy."""
    # vgg16's IMAGENET1K_FEATURES have no classifier: NaN is its accuracy and its last layers
    answering = [weights for weights in enum if not math.isnan(_accuracy(weights, 1))]
    return sorted(
        answering, key=lambda weights: (weights is not enum.DEFAULT, -_accuracy(weights, 1))
    )


def _model(name: str, published: Sequence[Any]) -> dict[str, Any]:
    for family in _FAMILIES:
        found = re.fullmatch(family.names, name)
        if found:
            break
    else:
        raise ValueError(f"{name} belongs to no family: add one to the table above.")
    # The network at its smallest: larger pictures, which some weights want, cost up to ten times
    # as much, and a vision transformer made for them has a longer table of positions.
    plain = min(published, key=lambda weights: weights.transforms().crop_size)
    return {
        "name": name,
        "title": family.title.format(*map(_in_title, found.groups())),
        "family": family.family,
        "year": family.year,
        "authors": family.authors,
        "paper": family.paper,
        "url": family.url,
        "parameters": plain.meta["num_params"],
        # "GFLOPS" to torchvision, in truth multiply-adds, to the next million; of attention too
        "macs": round(plain.meta["_ops"] * 1e9),
        "preprocessing": _preprocessing(plain),
        "weights": [_entry(name, weights) for weights in published],
    }


def _in_title(part: str) -> str:
    return part.capitalize() if len(part) > 3 else part.upper().replace("_", ".")


def _entry(name: str, weights: Any) -> dict[str, Any]:
    entry = {
        "tag": weights.name.replace("IMAGENET1K", "ImageNet").replace("_", " "),
        "file": weights.url.rpartition("/")[2],
        "url": weights.url,
        # what torchvision calls MB are 2^20 bytes, to three digits: right to 500 bytes
        "size": round(weights.meta["_file_size"] * 2**20),
        "accuracy": _accuracy(weights, 1),
        "top5": _accuracy(weights, 5),
        "preprocessing": _preprocessing(weights),
    }
    if name in _TRANSFORMING:
        entry["transform_input"] = True
    if "license" in weights.meta:
        entry["licence"] = weights.meta["license"]
    return entry


def _accuracy(weights: Any, top: int) -> float:
    reached: float = weights.meta["_metrics"]["ImageNet-1K"][f"acc@{top}"]
    return reached


def _preprocessing(weights: Any) -> dict[str, Any]:
    transforms = weights.transforms()
    (resize,), (crop,) = transforms.resize_size, transforms.crop_size
    return {
        "resize": resize,
        "crop": crop,
        "mean": transforms.mean,
        "std": transforms.std,
        "interpolation": transforms.interpolation.value,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the file; the exit code."""
    parser = argparse.ArgumentParser(description="Write down what torchvision publishes.")
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, required=True)
    options = parser.parse_args(arguments)
    options.output.write_text(as_text(facts()), encoding="utf-8")
    return 0


def as_text(found: dict[str, Any]) -> str:
    """The file's text."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
