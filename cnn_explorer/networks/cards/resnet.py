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
    NetworkCard(
        name="resnet20",
        title="ResNet-20",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet20",
        depth=20,
        parameters=269_722,
        macs=40_551_040,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 8.75 % error on CIFAR-10's test set (Table 6); the weights that "
            "come with this program reach 86.96 %."
        ),
        top1=91.25,
        variant="CIFAR-10, option A: zero padding",
        differences=(
            (
                "Zeros stand on both sides of the carried maps, as in the widespread checkpoints; "
                "the paper does not say where."
            ),
            *_TRAINING,
        ),
        weights=shipped("resnet20", "CIFAR-10", 86.96),
    ),
    NetworkCard(
        name="resnet20-b",
        title="ResNet-20, option B",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet20_b",
        depth=20,
        parameters=272_474,
        macs=40_813_184,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 8.75 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option B's."
        ),
        variant="CIFAR-10, option B: projections where sizes differ",
        lesson="resnet-cifar-b",
    ),
    NetworkCard(
        name="resnet20-c",
        title="ResNet-20, option C",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet20_c",
        depth=20,
        parameters=283_962,
        macs=42_648_192,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 8.75 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option C's."
        ),
        variant="CIFAR-10, option C: projections in every block",
        lesson="resnet-cifar-c",
    ),
    NetworkCard(
        name="resnet32",
        title="ResNet-32",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet32",
        depth=32,
        parameters=464_154,
        macs=68_862_592,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy="The paper reports 7.51 % error on CIFAR-10's test set (Table 6).",
        top1=92.49,
        variant="CIFAR-10, option A: zero padding",
        differences=(
            (
                "Zeros stand on both sides of the carried maps, as in the widespread checkpoints; "
                "the paper does not say where."
            ),
        ),
    ),
    NetworkCard(
        name="resnet32-b",
        title="ResNet-32, option B",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet32_b",
        depth=32,
        parameters=466_906,
        macs=69_124_736,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 7.51 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option B's."
        ),
        variant="CIFAR-10, option B: projections where sizes differ",
        lesson="resnet-cifar-b",
    ),
    NetworkCard(
        name="resnet32-c",
        title="ResNet-32, option C",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet32_c",
        depth=32,
        parameters=489_594,
        macs=72_532_608,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 7.51 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option C's."
        ),
        variant="CIFAR-10, option C: projections in every block",
        lesson="resnet-cifar-c",
    ),
    NetworkCard(
        name="resnet44",
        title="ResNet-44",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet44",
        depth=44,
        parameters=658_586,
        macs=97_174_144,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy="The paper reports 7.17 % error on CIFAR-10's test set (Table 6).",
        top1=92.83,
        variant="CIFAR-10, option A: zero padding",
        differences=(
            (
                "Zeros stand on both sides of the carried maps, as in the widespread checkpoints; "
                "the paper does not say where."
            ),
        ),
    ),
    NetworkCard(
        name="resnet44-b",
        title="ResNet-44, option B",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet44_b",
        depth=44,
        parameters=661_338,
        macs=97_436_288,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 7.17 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option B's."
        ),
        variant="CIFAR-10, option B: projections where sizes differ",
        lesson="resnet-cifar-b",
    ),
    NetworkCard(
        name="resnet44-c",
        title="ResNet-44, option C",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet44_c",
        depth=44,
        parameters=695_226,
        macs=102_417_024,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 7.17 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option C's."
        ),
        variant="CIFAR-10, option C: projections in every block",
        lesson="resnet-cifar-c",
    ),
    NetworkCard(
        name="resnet56",
        title="ResNet-56",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet56",
        depth=56,
        parameters=853_018,
        macs=125_485_696,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 6.97 % error on CIFAR-10's test set (Table 6); the weights that "
            "come with this program reach 88.85 %."
        ),
        top1=93.03,
        variant="CIFAR-10, option A: zero padding",
        differences=(
            (
                "Zeros stand on both sides of the carried maps, as in the widespread checkpoints; "
                "the paper does not say where."
            ),
            *_TRAINING,
        ),
        weights=shipped("resnet56", "CIFAR-10", 88.85),
    ),
    NetworkCard(
        name="resnet56-b",
        title="ResNet-56, option B",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet56_b",
        depth=56,
        parameters=855_770,
        macs=125_747_840,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 6.97 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option B's."
        ),
        variant="CIFAR-10, option B: projections where sizes differ",
        lesson="resnet-cifar-b",
    ),
    NetworkCard(
        name="resnet56-c",
        title="ResNet-56, option C",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet56_c",
        depth=56,
        parameters=900_858,
        macs=132_301_440,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 6.97 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option C's."
        ),
        variant="CIFAR-10, option C: projections in every block",
        lesson="resnet-cifar-c",
    ),
    NetworkCard(
        name="resnet110",
        title="ResNet-110",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet110",
        depth=110,
        parameters=1_727_962,
        macs=252_887_680,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy="The paper reports 6.43 % error on CIFAR-10's test set (Table 6).",
        top1=93.57,
        variant="CIFAR-10, option A: zero padding",
        differences=(
            (
                "Zeros stand on both sides of the carried maps, as in the widespread checkpoints; "
                "the paper does not say where."
            ),
        ),
    ),
    NetworkCard(
        name="resnet110-b",
        title="ResNet-110, option B",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet110_b",
        depth=110,
        parameters=1_730_714,
        macs=253_149_824,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 6.43 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option B's."
        ),
        variant="CIFAR-10, option B: projections where sizes differ",
        lesson="resnet-cifar-b",
    ),
    NetworkCard(
        name="resnet110-c",
        title="ResNet-110, option C",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:resnet110_c",
        depth=110,
        parameters=1_826_202,
        macs=266_781_312,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper reports 6.43 % error on CIFAR-10's test set with option A (Table 6) and "
            "does not give option C's."
        ),
        variant="CIFAR-10, option C: projections in every block",
        lesson="resnet-cifar-c",
    ),
    NetworkCard(
        name="plain20",
        title="Plain-20",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:plain20",
        depth=20,
        parameters=269_722,
        macs=40_551_040,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper shows its error as a curve (figure 6, left) and gives no number; the "
            "weights that come with this program reach 85.24 %."
        ),
        variant="CIFAR-10, no shortcuts",
        differences=(*_TRAINING,),
        weights=shipped("plain20", "CIFAR-10", 85.24),
    ),
    NetworkCard(
        name="plain56",
        title="Plain-56",
        family="ResNet",
        year=2015,
        authors=_AUTHORS,
        paper=_PAPER,
        url=_URL,
        builder="cnn_explorer.networks.resnet_cifar:plain56",
        depth=56,
        parameters=853_018,
        macs=125_485_696,
        preprocessing=CIFAR_RESNET,
        classes="cifar10",
        accuracy=(
            "The paper shows its error as a curve (figure 6, left) and gives no number; the "
            "weights that come with this program reach 64.97 %."
        ),
        variant="CIFAR-10, no shortcuts",
        differences=(*_TRAINING,),
        weights=shipped("plain56", "CIFAR-10", 64.97),
    ),
)
