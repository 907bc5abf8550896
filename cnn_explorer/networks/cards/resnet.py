"""ResNet's cards, and the plain networks' beside them."""

from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.cards.common import CIFAR_RESNET, IMAGENET, shipped
from cnn_explorer.networks.torchvision_cards import compatible_weights

_AUTHORS = "Kaiming He, Xiangyu Zhang, Shaoqing Ren, Jian Sun"
_PAPER = "Deep Residual Learning for Image Recognition, CVPR 2016"
_URL = "https://arxiv.org/abs/1512.03385"

_TRAINING = (
    "It was trained for 12 epochs where the paper has about 164, and saw crops of 28x28 pixels in "
    "the first four fifths of them; the weight decay is 0.0005 instead of 0.0001, and the learning "
    "rate rises and falls once.",
    "Pixels are normalised by ImageNet's mean and deviation, as for the widespread checkpoints; "
    "the paper subtracts the mean picture.",
)

_ERRORS = {20: "8.75", 32: "7.51", 44: "7.17", 56: "6.97", 110: "6.43"}
"""Per cent on CIFAR-10's test set by depth, with option A (the paper's table 6)."""

_OPTIONS = {
    "A": "zero padding",
    "B": "projections where sizes differ",
    "C": "projections in every block",
}

_PADDING = (
    "Zeros stand on both sides of the carried maps, as in the widespread checkpoints; the paper "
    "does not say where."
)


def _residual(
    depth: int, option: str, *, parameters: int, macs: int, reached: float | None = None
) -> NetworkCard:
    """A ResNet for CIFAR-10; `reached` is the accuracy of the weights that come along, if any."""
    usual = option == "A"
    name = f"resnet{depth}" if usual else f"resnet{depth}-{option.lower()}"
    accuracy = f"The paper reports {_ERRORS[depth]} % error on CIFAR-10's test set"
    accuracy += (
        " (Table 6)" if usual else f" with option A (Table 6) and does not give option {option}'s"
    )
    return NetworkCard(
        name=name,
        title=f"ResNet-{depth}" if usual else f"ResNet-{depth}, option {option}",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder=f"cnn_explorer.networks.resnet_cifar:{name.replace('-', '_')}",
        depth=depth,
        parameters=parameters,
        macs=macs,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=f"{accuracy}{_told(reached)}.",
        top1=round(100 - float(_ERRORS[depth]), 2) if usual else None,
        variant=f"CIFAR-10, option {option}: {_OPTIONS[option]}",
        differences=(
            *((_PADDING,) if usual else ()),
            *(_TRAINING if reached is not None else ()),
        ),
        weights=shipped(name, "CIFAR-10", reached) if reached is not None else (),
        lesson="" if usual else f"resnet-cifar-{option.lower()}",
    )


def _plain(depth: int, *, parameters: int, macs: int, reached: float) -> NetworkCard:
    """The same without shortcuts."""
    return NetworkCard(
        name=f"plain{depth}",
        title=f"Plain-{depth}",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder=f"cnn_explorer.networks.resnet_cifar:plain{depth}",
        depth=depth,
        parameters=parameters,
        macs=macs,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper shows its error as a curve (figure 6, left) and gives no number"
            f"{_told(reached)}."
        ),
        variant="CIFAR-10, no shortcuts",
        differences=_TRAINING,
        weights=shipped(f"plain{depth}", "CIFAR-10", reached),
    )


def _told(reached: float | None) -> str:
    return (
        ""
        if reached is None
        else f"; the weights that come with this program reach {reached:.2f} %"
    )


CARDS: tuple[NetworkCard, ...] = (
    NetworkCard(
        name="resnet18",
        title="ResNet-18",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet:resnet18",
        depth=18,
        parameters=11_689_512,
        macs=1_814_073_344,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 72.1 % top-1 on ILSVRC-2012 validation, averaged over ten crops "
            "(Table 2); torchvision's weights reach 69.8 % on one."
        ),
        top1=69.758,
        variant="ImageNet, basic blocks",
        differences=(
            "Where the shape changes the shortcut is a 1x1 convolution (the paper's option B); "
            "the paper's ResNet-18 pads with zeros instead (option A).",
        ),
        weights=compatible_weights("resnet18"),
    ),
    NetworkCard(
        name="resnet34",
        title="ResNet-34",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet:resnet34",
        depth=34,
        parameters=21_797_672,
        macs=3_663_761_408,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 75.5 % top-1 and 92.5 % top-5 on ILSVRC-2012 validation, averaged "
            "over ten crops (Table 3, option B); torchvision's weights reach 73.3 % and 91.4 % on "
            "one."
        ),
        top1=73.314,
        variant="ImageNet, basic blocks",
        differences=(
            (
                "Where the shape changes the shortcut is a 1x1 convolution, the paper's option B, "
                "whose errors are given here."
            ),
        ),
        weights=compatible_weights("resnet34"),
    ),
    NetworkCard(
        name="resnet50-v1",
        title="ResNet-50 (v1)",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet:resnet50_v1",
        depth=50,
        parameters=25_557_032,
        macs=3_857_973_248,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 77.2 % top-1 and 93.3 % top-5 on ILSVRC-2012 validation, averaged "
            "over ten crops (Table 3)."
        ),
        top1=77.2,
        variant="ImageNet, bottlenecks with stride in 1x1",
        differences=(
            (
                "torchvision's ResNet-50 weights fit its tensors but were trained with the stride "
                "elsewhere, so they are not offered here."
            ),
        ),
    ),
    NetworkCard(
        name="resnet50",
        title="ResNet-50",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet:resnet50",
        depth=50,
        parameters=25_557_032,
        macs=4_089_184_256,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 77.2 % top-1 and 93.3 % top-5 on ILSVRC-2012 validation, averaged "
            "over ten crops (Table 3); on one, torchvision's weights reach 76.1 % (V1) and, "
            "after a longer modern training, 80.9 % (V2)."
        ),
        top1=80.858,
        variant="ImageNet, bottlenecks (v1.5)",
        differences=(
            'Blocks that halve the picture do so in their 3x3 convolution ("v1.5"); in the paper '
            "the 1x1 convolution before it has the stride.",
        ),
        weights=compatible_weights("resnet50"),
    ),
    NetworkCard(
        name="resnet101",
        title="ResNet-101",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet:resnet101",
        depth=101,
        parameters=44_549_160,
        macs=7_801_405_440,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 78.2 % top-1 and 94.0 % top-5 on ILSVRC-2012 validation, averaged "
            "over ten crops (Table 3); on one, torchvision's weights reach 77.4 % (V1) and, after "
            "a longer modern training, 81.9 % (V2)."
        ),
        top1=81.886,
        variant="ImageNet, bottlenecks (v1.5)",
        differences=(
            (
                'Blocks that halve the picture do so in their 3x3 convolution ("v1.5"); in the '
                "paper the 1x1 convolution before it has the stride."
            ),
        ),
        weights=compatible_weights("resnet101"),
    ),
    NetworkCard(
        name="resnet152",
        title="ResNet-152",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet:resnet152",
        depth=152,
        parameters=60_192_808,
        macs=11_513_626_624,
        preprocessing=IMAGENET,
        classes="imagenet-1k",
        accuracy=(
            "The paper reports 78.6 % top-1 and 94.3 % top-5 on ILSVRC-2012 validation, averaged "
            "over ten crops (Table 3); on one, torchvision's weights reach 78.3 % (V1) and, after "
            "a longer modern training, 82.3 % (V2)."
        ),
        top1=82.284,
        variant="ImageNet, bottlenecks (v1.5)",
        differences=(
            (
                'Blocks that halve the picture do so in their 3x3 convolution ("v1.5"); in the '
                "paper the 1x1 convolution before it has the stride."
            ),
        ),
        weights=compatible_weights("resnet152"),
    ),
    _residual(20, "A", parameters=269_722, macs=40_551_040, reached=86.96),
    _residual(20, "B", parameters=272_474, macs=40_813_184),
    _residual(20, "C", parameters=283_962, macs=42_648_192),
    _residual(32, "A", parameters=464_154, macs=68_862_592),
    _residual(32, "B", parameters=466_906, macs=69_124_736),
    _residual(32, "C", parameters=489_594, macs=72_532_608),
    _residual(44, "A", parameters=658_586, macs=97_174_144),
    _residual(44, "B", parameters=661_338, macs=97_436_288),
    _residual(44, "C", parameters=695_226, macs=102_417_024),
    _residual(56, "A", parameters=853_018, macs=125_485_696, reached=88.85),
    _residual(56, "B", parameters=855_770, macs=125_747_840),
    _residual(56, "C", parameters=900_858, macs=132_301_440),
    _residual(110, "A", parameters=1_727_962, macs=252_887_680),
    _residual(110, "B", parameters=1_730_714, macs=253_149_824),
    _residual(110, "C", parameters=1_826_202, macs=266_781_312),
    _plain(20, parameters=269_722, macs=40_551_040, reached=85.24),
    _plain(56, parameters=853_018, macs=125_485_696, reached=64.97),
)
