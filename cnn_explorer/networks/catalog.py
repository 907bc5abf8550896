"""The catalogue: one immutable card a network, facts beside the name of its builder.

Listing the catalogue imports neither torch nor Qt. A card names its builder as
``"module:callable"``; `cnn_explorer.networks.build` imports it when a network is opened.
"""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.card import NetworkCard, Preprocessing, WeightsEntry
from cnn_explorer.networks.torchvision_cards import CARDS

FAMILIES = ("LeNet", "AlexNet", "ZFNet", "VGG", "GoogLeNet", "ResNet", "DenseNet", "SqueezeNet")


_MNIST = Preprocessing("digit", resize=20, crop=32, mean=(0.1307,), std=(0.3081,))
"""MNIST's digits fill 20x20 of 28x28; mean and deviation are those of its training pictures."""

_IMAGENET = Preprocessing(
    "photo", resize=256, crop=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""What every set of torchvision's weights here was trained for, unless its entry says otherwise."""

_TORCHVISION = "https://download.pytorch.org/models/"


def _imagenet(
    file: str,
    accuracy: float,
    tag: str = "ImageNet V1",
    preprocessing: Preprocessing | None = None,
    transform_input: bool = False,
) -> WeightsEntry:
    """Weights that torchvision publishes, with the accuracy it measured on one centre crop."""
    return WeightsEntry(
        tag=tag,
        file=file,
        shipped=False,
        accuracy=accuracy,
        preprocessing=preprocessing,
        url=_TORCHVISION + file,
        transform_input=transform_input,
    )


_CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="lenet5",
        title="LeNet-5",
        family="LeNet",
        year=1998,
        authors="Yann LeCun, Léon Bottou, Yoshua Bengio, Patrick Haffner",
        paper=(
            "Gradient-Based Learning Applied to Document Recognition, "
            "Proceedings of the IEEE 86 (11), 1998"
        ),
        url="https://doi.org/10.1109/5.726791",
        builder="cnn_explorer.networks.lenet:lenet5",
        depth=5,
        parameters=61_706,
        macs=416_520,
        preprocessing=_MNIST,
        classes="mnist",
        accuracy=(
            "The paper reports 99.05 % on MNIST's test set, and 99.2 % when trained with distorted "
            "digits too (section III.B); the weights that come with this program reach 99.51 %."
        ),
        differences=(
            "ReLU takes the place of the paper's scaled hyperbolic tangent.",
            "Pooling takes the maximum and has no weights; the paper's takes the average times a "
            "trained coefficient plus a trained bias, so it counts seven layers where this network "
            "has five.",
            "Every map of the second convolution sees all six maps before it; the paper wires "
            "it to a chosen few, which gives it about 60,000 parameters.",
            "The output is a linear layer with softmax instead of the paper's Euclidean radial "
            "basis functions.",
        ),
        weights=(
            WeightsEntry(
                tag="MNIST", file="lenet5-mnist.safetensors", shipped=True, accuracy=99.51
            ),
        ),
    ),
    NetworkCard(
        name="alexnet",
        title="AlexNet",
        family="AlexNet",
        year=2012,
        authors="Alex Krizhevsky, Ilya Sutskever, Geoffrey E. Hinton",
        paper=(
            "ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012 "
            "(reprinted in Communications of the ACM 60 (6), 2017)"
        ),
        url="https://doi.org/10.1145/3065386",
        builder="cnn_explorer.networks.alexnet:alexnet",
        depth=8,
        parameters=61_100_840,
        macs=714_188_480,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 59.3 % top-1 and 81.8 % top-5 for one network on ILSVRC-2012 "
            "validation, averaged over ten crops (Table 2); torchvision's weights reach 56.5 % "
            "and 79.1 % on one."
        ),
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
        weights=(_imagenet("alexnet-owt-7be5be79.pth", 56.522),),
    ),
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
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 61.6 % top-1 and 83.5 % top-5 for one network on ILSVRC-2012 "
            "validation, averaged over ten crops (Table 2)."
        ),
        differences=(
            "The paper's figure gives the sizes of the maps but not the padding; here one pixel is "
            "added around the photo and pooling windows may hang over the border.",
            "The paper's contrast normalisation across maps is taken to be AlexNet's local "
            "response normalisation.",
        ),
        weights=(),
    ),
    NetworkCard(
        name="vgg16",
        title="VGG-16",
        family="VGG",
        year=2014,
        authors="Karen Simonyan, Andrew Zisserman",
        paper="Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015",
        url="https://arxiv.org/abs/1409.1556",
        builder="cnn_explorer.networks.vgg:vgg16",
        depth=16,
        parameters=138_357_544,
        macs=15_470_264_320,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 74.4 % top-1 and 91.9 % top-5 for its configuration D on "
            "ILSVRC-2012 validation at one scale (Table 3); torchvision's weights reach 71.6 % "
            "and 90.4 % on one centre crop."
        ),
        differences=(
            "The paper runs over the whole picture with its linear layers as convolutions and "
            "averages the answers; here the centre crop alone is seen.",
            "An adaptive average pool stands before the classifier; for 224x224 pictures it "
            "changes nothing.",
        ),
        weights=(_imagenet("vgg16-397923af.pth", 71.592),),
    ),
    NetworkCard(
        name="googlenet",
        title="GoogLeNet",
        family="GoogLeNet",
        year=2014,
        authors=(
            "Christian Szegedy, Wei Liu, Yangqing Jia, Pierre Sermanet, Scott Reed, "
            "Dragomir Anguelov, Dumitru Erhan, Vincent Vanhoucke, Andrew Rabinovich"
        ),
        paper="Going Deeper with Convolutions, CVPR 2015",
        url="https://arxiv.org/abs/1409.4842",
        builder="cnn_explorer.networks.googlenet:googlenet",
        depth=22,
        parameters=6_624_904,
        macs=1_498_376_192,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 89.9 % top-5 for one network and one crop on ILSVRC-2014 "
            "validation (Table 3); torchvision's weights reach 69.8 % top-1 and 89.5 % top-5."
        ),
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
        weights=(_imagenet("googlenet-1378be20.pth", 69.778, transform_input=True),),
    ),
    NetworkCard(
        name="resnet18",
        title="ResNet-18",
        family="ResNet",
        year=2015,
        authors="Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun",
        paper="Deep Residual Learning for Image Recognition, CVPR 2016",
        url="https://arxiv.org/abs/1512.03385",
        builder="cnn_explorer.networks.resnet:resnet18",
        depth=18,
        parameters=11_689_512,
        macs=1_814_073_344,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 72.1 % top-1 on ILSVRC-2012 validation, averaged over ten crops "
            "(Table 2); torchvision's weights reach 69.8 % on one."
        ),
        differences=(
            "Where the shape changes the shortcut is a 1x1 convolution (the paper's option B); "
            "the paper's ResNet-18 pads with zeros instead (option A).",
        ),
        weights=(_imagenet("resnet18-f37072fd.pth", 69.758),),
    ),
    NetworkCard(
        name="resnet50",
        title="ResNet-50",
        family="ResNet",
        year=2015,
        authors="Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun",
        paper="Deep Residual Learning for Image Recognition, CVPR 2016",
        url="https://arxiv.org/abs/1512.03385",
        builder="cnn_explorer.networks.resnet:resnet50",
        depth=50,
        parameters=25_557_032,
        macs=4_089_184_256,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 77.2 % top-1 and 93.3 % top-5 on ILSVRC-2012 validation, averaged "
            "over ten crops (Table 3); on one, torchvision's weights reach 76.1 % (V1) and, "
            "after a longer modern training, 80.9 % (V2)."
        ),
        differences=(
            'Blocks that halve the picture do so in their 3x3 convolution ("v1.5"); in the paper '
            "the 1x1 convolution before it has the stride.",
        ),
        weights=(
            _imagenet(
                "resnet50-11ad3fa6.pth",
                80.858,
                tag="ImageNet V2",
                preprocessing=replace(_IMAGENET, resize=232),
            ),
            _imagenet("resnet50-0676ba61.pth", 76.130),
        ),
    ),
    NetworkCard(
        name="densenet121",
        title="DenseNet-121",
        family="DenseNet",
        year=2016,
        authors="Gao Huang, Zhuang Liu, Laurens van der Maaten, Kilian Q. Weinberger",
        paper="Densely Connected Convolutional Networks, CVPR 2017",
        url="https://arxiv.org/abs/1608.06993",
        builder="cnn_explorer.networks.densenet:densenet121",
        depth=121,
        parameters=7_978_856,
        macs=2_834_161_664,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 75.0 % top-1 and 92.3 % top-5 on ImageNet validation with one crop "
            "(Table 3); torchvision's weights reach 74.4 % and 92.0 %."
        ),
        differences=(),
        weights=(_imagenet("densenet121-a639ec97.pth", 74.434),),
    ),
    NetworkCard(
        name="squeezenet1_1",
        title="SqueezeNet 1.1",
        family="SqueezeNet",
        year=2016,
        authors=(
            "Forrest N. Iandola, Song Han, Matthew W. Moskewicz, Khalid Ashraf, "
            "William J. Dally, Kurt Keutzer"
        ),
        paper=(
            "SqueezeNet: AlexNet-Level Accuracy with 50x Fewer Parameters and <0.5 MB Model Size, "
            "arXiv 2016"
        ),
        url="https://arxiv.org/abs/1602.07360",
        builder="cnn_explorer.networks.squeezenet:squeezenet1_1",
        depth=18,
        parameters=1_235_496,
        macs=349_151_936,
        preprocessing=_IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 57.5 % top-1 and 80.3 % top-5 for SqueezeNet 1.0 on ImageNet "
            "(Table 2); torchvision's weights of 1.1 reach 58.2 % and 80.6 %."
        ),
        differences=(
            "This is version 1.1 from the authors' repository: its first convolution has 64 "
            "filters of 3x3 instead of 96 of 7x7 and it pools earlier, for less than half the "
            "multiply-adds of the paper's network at the same accuracy.",
        ),
        weights=(_imagenet("squeezenet1_1-b8a52dc0.pth", 58.178),),
    ),
)

NETWORKS: Mapping[str, NetworkCard] = MappingProxyType({card.name: card for card in _CARDS})
"""All cards by name, oldest network first."""


OTHERS: Mapping[str, NetworkCard] = MappingProxyType({card.name: card for card in CARDS})
"""Cards of torchvision's other classifiers by name, ``torchvision/swin_t``, old to new."""


def card_of(name: str) -> NetworkCard:
    """The card of a network, one of torchvision's others too.

    An unknown name raises `ExplorerError` with the nearest names.
    """
    card = NETWORKS.get(name) or OTHERS.get(name)
    if card is not None:
        return card
    # without "torchvision/", which is half of each name and which people leave out
    plain = {known.rpartition("/")[2]: known for known in (*NETWORKS, *OTHERS)}
    alike = difflib.get_close_matches(name.rpartition("/")[2], plain, n=3)
    near = [plain[known] for known in alike]
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(NETWORKS)}."
    raise ExplorerError(f'there is no network "{name}": {hint}')
