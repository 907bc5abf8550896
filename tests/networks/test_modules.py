"""What holds for every network's module: sizes, order, and that hooks see all of it."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.networks import (
    alexnet,
    densenet,
    googlenet,
    googlenet_2014,
    inception_a,
    lenet,
    resnet,
    resnet_cifar,
    squeezenet,
    vgg,
    zfnet,
)
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.networks.labels import class_names
from cnn_explorer.networks.layers import ScaledTanh, Subsampling, TableConv2d

Builder = Callable[[], nn.Module]

# Parameters in eval mode, as published by torchvision (weights ``meta["num_params"]``) and, for
# CIFAR-10's ResNets, with the widespread checkpoints; the rest are sums by hand, layer by layer.
PARAMETERS: dict[Builder, int] = {
    # C1, S2, C3, S4, C5, F6 as the paper counts them, and the output
    lenet.lenet5_1998: 156 + 12 + 1_516 + 32 + 48_120 + 10_164 + 850,
    lenet.lenet5: 156 + 2_416 + 48_120 + 10_164 + 850,
    lenet.lenet_linear: 60 + 2_416 + 48_120 + 10_164 + 850,
    alexnet.alexnet_2012: (
        (34_944 + 307_456 + 885_120 + 663_936 + 442_624) + (37_752_832 + 16_781_312 + 4_097_000)
    ),
    alexnet.alexnet: 61_100_840,
    alexnet.alexnet_cifar: (
        (3_648 + 153_728 + 221_376 + 331_968 + 221_312) + (590_336 + 262_656 + 5_130)
    ),
    zfnet.zfnet: (
        (14_208 + 614_656 + 885_120 + 1_327_488 + 884_992) + (37_752_832 + 16_781_312 + 4_097_000)
    ),
    vgg.vgg11: 132_863_336,
    vgg.vgg11_bn: 132_868_840,
    vgg.vgg13: 133_047_848,
    vgg.vgg13_bn: 133_053_736,
    vgg.vgg16: 138_357_544,
    vgg.vgg16_bn: 138_365_992,
    vgg.vgg19: 143_667_240,
    vgg.vgg19_bn: 143_678_248,
    # kernels of nine weights, a bias and two numbers of normalisation a map; two linear layers
    vgg.vgg_cifar: (
        9 * (3 * 32 + 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128 + 128 * 256 + 3 * 256**2)
        + 3 * 2 * (32 + 64 + 128 + 256 + 256)
        + 65_792
        + 2_570
    ),
    # of the reference model that came with Caffe
    googlenet_2014.googlenet_2014: 6_998_552,
    googlenet.googlenet: 6_624_904,
    # the stem's three convolutions, the module, the classifier
    googlenet_2014.inception_naive: (9_472 + 4_160 + 110_784) + 387_296 + 417_000,
    googlenet_2014.inception_reduced: (9_472 + 4_160 + 110_784) + 163_696 + 257_000,
    inception_a.inception_a: (9_536 + 4_224 + 110_976) + 255_904 + 257_000,
    resnet.resnet18: 11_689_512,
    resnet.resnet34: 21_797_672,
    resnet.resnet50_v1: 25_557_032,
    resnet.resnet50: 25_557_032,
    resnet.resnet101: 44_549_160,
    resnet.resnet152: 60_192_808,
    densenet.densenet121: 7_978_856,
    densenet.densenet169: 14_149_480,
    densenet.densenet201: 20_013_928,
    densenet.densenet_bc_100_12: 769_162,
    resnet_cifar.resnet20: 269_722,
    resnet_cifar.resnet32: 464_154,
    resnet_cifar.resnet44: 658_586,
    resnet_cifar.resnet56: 853_018,
    resnet_cifar.resnet110: 1_727_962,
    # two projections more: 16 x 32 and 32 x 64 weights, two numbers of normalisation a map
    resnet_cifar.resnet20_b: 269_722 + (512 + 64) + (2_048 + 128),
    resnet_cifar.resnet56_b: 853_018 + (512 + 64) + (2_048 + 128),
    # and one in every other block: C squared weights and 2 C numbers
    resnet_cifar.resnet20_c: 272_474 + 3 * (256 + 32) + 2 * (1_024 + 64) + 2 * (4_096 + 128),
    resnet_cifar.plain20: 269_722,
    resnet_cifar.plain56: 853_018,
    squeezenet.squeezenet1_0: 1_248_424,
    squeezenet.squeezenet1_1: 1_235_496,
}

# Output sizes (channels, height, width) of stages: LeNet-5's figure 2, ZFNet's figure 3,
# GoogLeNet's, ResNet's and DenseNet's table 1, VGG's halvings.
STAGES: dict[Builder, dict[str, tuple[int, ...]]] = {
    lenet.lenet5_1998: {
        "features.c1": (6, 28, 28),
        "features.s2": (6, 14, 14),
        "features.c3": (16, 10, 10),
        "features.s4": (16, 5, 5),
        "features.c5": (120, 1, 1),
        "classifier.f6": (84,),
    },
    lenet.lenet_linear: {
        "features.conv1": (6, 28, 28),
        "features.pool1": (6, 14, 14),
        "features.conv2": (16, 10, 10),
        "flatten": (400,),
    },
    alexnet.alexnet_2012: {
        "features.conv1": (96, 55, 55),
        "features.pool1": (96, 27, 27),
        "features.conv2": (256, 27, 27),
        "features.conv3": (384, 13, 13),
        "features.pool5": (256, 6, 6),
    },
    alexnet.alexnet_cifar: {
        "features.0": (48, 32, 32),
        "features.5": (128, 7, 7),
        "features.12": (128, 3, 3),
    },
    vgg.vgg_cifar: {"features.6": (32, 16, 16), "features.34": (256, 1, 1)},
    googlenet_2014.googlenet_2014: {
        "norm1": (64, 56, 56),
        "maxpool2": (192, 28, 28),
        "inception3a": (256, 28, 28),
        "inception4a": (512, 14, 14),
        "inception4e": (832, 14, 14),
        "maxpool4": (832, 7, 7),
        "inception5b": (1024, 7, 7),
    },
    googlenet_2014.inception_naive: {"maxpool2": (192, 28, 28), "inception": (416, 28, 28)},
    googlenet_2014.inception_reduced: {"maxpool2": (192, 28, 28), "inception": (256, 28, 28)},
    inception_a.inception_a: {
        "maxpool2": (192, 28, 28),
        "inception.branch3x3dbl": (96, 28, 28),
        "inception": (256, 28, 28),
    },
    googlenet.googlenet_cifar: {
        "inception3b": (240, 16, 16),
        "inception4e": (416, 8, 8),
        "inception5b": (512, 4, 4),
    },
    resnet_cifar.resnet110: {
        "layer1": (16, 32, 32),
        "layer2.0.shortcut": (32, 16, 16),
        "layer3": (64, 8, 8),
    },
    resnet_cifar.plain20: {"layer1": (16, 32, 32), "layer2": (32, 16, 16), "layer3": (64, 8, 8)},
    resnet.resnet50_v1: {
        "layer2.0.conv1": (128, 28, 28),  # the paper: the stride is in conv1
        "layer2": (512, 28, 28),
        "layer4": (2048, 7, 7),
    },
    densenet.densenet_bc_100_12: {
        "features.denseblock1": (216, 32, 32),
        "features.denseblock2": (300, 16, 16),
        "features.denseblock3": (342, 8, 8),
    },
    lenet.lenet5: {
        "features.conv1": (6, 28, 28),
        "features.pool1": (6, 14, 14),
        "features.conv2": (16, 10, 10),
        "features.pool2": (16, 5, 5),
        "classifier.fc3": (120,),
        "classifier.fc4": (84,),
    },
    alexnet.alexnet: {
        "features.0": (64, 55, 55),
        "features.2": (64, 27, 27),
        "features.5": (192, 13, 13),
        "features.12": (256, 6, 6),
    },
    zfnet.zfnet: {
        "features.conv1": (96, 110, 110),
        "features.norm1": (96, 55, 55),
        "features.conv2": (256, 26, 26),
        "features.norm2": (256, 13, 13),
        "features.conv4": (384, 13, 13),
        "features.pool5": (256, 6, 6),
    },
    vgg.vgg16: {
        "features.4": (64, 112, 112),
        "features.9": (128, 56, 56),
        "features.16": (256, 28, 28),
        "features.23": (512, 14, 14),
        "features.30": (512, 7, 7),
    },
    googlenet.googlenet: {
        "conv1": (64, 112, 112),
        "maxpool1": (64, 56, 56),
        "conv3": (192, 56, 56),
        "maxpool2": (192, 28, 28),
        "inception3a": (256, 28, 28),
        "inception3b": (480, 28, 28),
        "maxpool3": (480, 14, 14),
        "inception4a": (512, 14, 14),
        "inception4b": (512, 14, 14),
        "inception4c": (512, 14, 14),
        "inception4d": (528, 14, 14),
        "inception4e": (832, 14, 14),
        "maxpool4": (832, 7, 7),
        "inception5a": (832, 7, 7),
        "inception5b": (1024, 7, 7),
        "avgpool": (1024, 1, 1),
    },
    resnet.resnet18: {
        "conv1": (64, 112, 112),
        "layer1": (64, 56, 56),
        "layer2": (128, 28, 28),
        "layer3": (256, 14, 14),
        "layer4": (512, 7, 7),
    },
    resnet.resnet50: {
        "layer1": (256, 56, 56),
        "layer2": (512, 28, 28),
        "layer2.0.conv1": (128, 56, 56),  # v1.5: the stride is in conv2
        "layer2.0.conv2": (128, 28, 28),
        "layer3": (1024, 14, 14),
        "layer4": (2048, 7, 7),
    },
    densenet.densenet121: {
        "features.denseblock1": (256, 56, 56),
        "features.transition1": (128, 28, 28),
        "features.denseblock2": (512, 28, 28),
        "features.transition2": (256, 14, 14),
        "features.denseblock3": (1024, 14, 14),
        "features.transition3": (512, 7, 7),
        "features.denseblock4": (1024, 7, 7),
    },
    squeezenet.squeezenet1_0: {
        "features.0": (96, 109, 109),
        "features.5": (256, 54, 54),
        "features.10": (512, 27, 27),
        "classifier.1": (1000, 13, 13),
    },
    squeezenet.squeezenet1_1: {
        "features.0": (64, 111, 111),
        "features.4": (128, 55, 55),
        "features.7": (256, 27, 27),
        "features.12": (512, 13, 13),
        "classifier.1": (1000, 13, 13),
    },
}


def name_of(builder: Builder) -> str:
    return builder.__name__


every_network = pytest.mark.parametrize("builder", PARAMETERS, ids=name_of)


def empty(builder: Builder) -> nn.Module:
    """The network in eval mode with shapes alone: nothing is computed, nothing allocated."""
    with torch.device("meta"):
        return builder().eval()


CARDS = {card.builder: card for card in NETWORKS.values()}


def card_of(builder: Builder) -> NetworkCard:
    return CARDS[f"{builder.__module__}:{builder.__name__}"]


def empty_input(builder: Builder) -> Tensor:
    return torch.empty(2, *card_of(builder).preprocessing.input_shape, device="meta")


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def leaves(model: nn.Module) -> dict[str, nn.Module]:
    return {name: part for name, part in model.named_modules() if not list(part.children())}


def calls(model: nn.Module, modules: dict[str, nn.Module], x: Tensor) -> list[str]:
    """The names of `modules` in the order in which a forward pass calls them."""
    order: list[str] = []
    for name, module in modules.items():
        module.register_forward_hook(lambda *_, name=name: order.append(name))
    model(x)
    return order


@every_network
def test_parameters_are_as_published(builder: Builder) -> None:
    model = empty(builder)
    training_only = sum(
        parameters(part)
        for part in model.modules()
        if isinstance(part, googlenet.InceptionAux | googlenet_2014.AuxiliaryHead)
    )
    assert parameters(model) - training_only == PARAMETERS[builder]


def test_googlenets_parameters_with_its_auxiliary_heads() -> None:
    assert parameters(empty(googlenet.googlenet)) == 13_004_888
    with torch.device("meta"):
        assert parameters(googlenet.GoogLeNet(aux_logits=False)) == 6_624_904


@every_network
def test_the_parameters_stand_in_the_docstring(builder: Builder) -> None:
    assert f"{PARAMETERS[builder]:,} parameters" in (builder.__doc__ or "")


@every_network
def test_eval_gives_one_row_of_scores_a_picture(builder: Builder) -> None:
    scores = empty(builder)(empty_input(builder))
    assert scores.shape == (2, len(class_names(card_of(builder).classes)))


@pytest.mark.parametrize("builder", STAGES, ids=name_of)
def test_stages_have_the_sizes_of_the_papers_tables(builder: Builder) -> None:
    model = empty(builder)
    sizes: dict[str, tuple[int, ...]] = {}

    def remember(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            sizes[name] = tuple(output.shape[1:])

        return hook

    for name in STAGES[builder]:
        model.get_submodule(name).register_forward_hook(remember(name))
    model(empty_input(builder))
    assert sizes == STAGES[builder]


@every_network
def test_each_leaf_runs_once_in_the_order_in_which_it_is_registered(builder: Builder) -> None:
    model = empty(builder)
    expected = [name for name in leaves(model) if not name.startswith(("aux1.", "aux2."))]
    assert calls(model, leaves(model), empty_input(builder)) == expected


def test_in_training_googlenets_heads_run_too_and_all_stand_in_forward_order() -> None:
    model = empty(googlenet.googlenet).train()
    order = calls(model, leaves(model), empty_input(googlenet.googlenet))
    assert order == list(leaves(model))
    assert any(name.startswith("aux1.") for name in order)


@every_network
def test_blocks_too_run_once(builder: Builder) -> None:
    model = empty(builder)
    blocks = {name: part for name, part in model.named_modules() if list(part.children())}
    counts = Counter(calls(model, blocks, empty_input(builder)))
    assert set(counts) == {name for name in blocks if name not in ("aux1", "aux2")} - {
        name for name in blocks if name.startswith(("aux1.", "aux2."))
    }
    assert set(counts.values()) == {1}


@every_network
def test_no_module_stands_in_two_places(builder: Builder) -> None:
    model = empty(builder)
    named = [module for _, module in model.named_modules(remove_duplicate=False)]
    assert len(named) == len({id(module) for module in named})


@every_network
def test_nothing_is_in_place(builder: Builder) -> None:
    assert not [
        name for name, part in empty(builder).named_modules() if getattr(part, "inplace", False)
    ]


@pytest.mark.parametrize(
    "builder",
    [
        lenet.lenet5,
        lenet.lenet5_1998,
        resnet.resnet18,
        squeezenet.squeezenet1_1,
        densenet.densenet121,
        resnet_cifar.resnet20,
        resnet_cifar.resnet20_c,
        inception_a.inception_a,
    ],
    ids=name_of,
)
def test_kept_outputs_of_all_layers_are_never_overwritten(builder: Builder) -> None:
    model = builder().eval()
    kept: list[tuple[str, Tensor, Tensor]] = []
    for name, part in leaves(model).items():
        part.register_forward_hook(
            lambda _module, _inputs, output, name=name: kept.append((name, output, output.clone()))
        )
    channels, size, _ = card_of(builder).preprocessing.input_shape
    x = torch.randn(1, channels, min(size, 64), min(size, 64))
    before = x.clone()
    with torch.inference_mode():
        model(x)
    assert torch.equal(x, before)
    assert [name for name, output, copy in kept if not torch.equal(output, copy)] == []


@pytest.mark.parametrize(
    "builder",
    [builder for builder in PARAMETERS if PARAMETERS[builder] < 14_000_000]
    + [alexnet.alexnet, zfnet.zfnet],  # VGG and the larger siblings are made of the same parts
    ids=name_of,
)
def test_state_dict_round_trip(builder: Builder) -> None:
    model, other = builder(), builder()
    other.load_state_dict(model.state_dict(), strict=True)
    assert list(other.state_dict()) == list(model.state_dict())
    for name, tensor in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor), name


def test_googlenets_transform_is_a_layer_of_its_own_in_first_place() -> None:
    model = empty(googlenet.googlenet)
    keys = list(model.state_dict())
    assert model.transform_input is False
    assert "rescale" not in dict(model.named_modules())

    model.transform_input = True
    assert model.transform_input is True
    assert next(iter(leaves(model))) == "rescale"
    assert model.rescale.training is False
    assert list(model.state_dict()) == keys
    assert calls(model, leaves(model), empty_input(googlenet.googlenet))[0] == "rescale"

    model.transform_input = False
    assert "rescale" not in dict(model.named_modules())


def test_zfnets_contrast_normalisation_is_alexnets_formula() -> None:
    x = torch.randn(1, 7, 2, 2, generator=torch.Generator().manual_seed(3)) * 50
    expected = torch.empty_like(x)
    for i in range(7):  # AlexNet's paper, section 3.3: n = 5, k = 2, alpha = 1e-4, beta = 0.75
        around = x[:, max(0, i - 2) : min(7, i + 3)]
        expected[:, i] = x[:, i] / (2 + 1e-4 * (around**2).sum(1)) ** 0.75
    torch.testing.assert_close(zfnet.contrast_normalisation()(x), expected)


def test_alexnets_own_normalisation_is_its_formula() -> None:
    x = torch.randn(1, 7, 2, 2, generator=torch.Generator().manual_seed(3)) * 50
    torch.testing.assert_close(
        alexnet.response_normalisation()(x), zfnet.contrast_normalisation()(x)
    )


def test_alexnets_halves_meet_only_in_its_third_convolution() -> None:
    """A change in one half of the maps reaches the other half where the paper says, and only there.

    The normalisation, which would mix neighbours across the border, is left out here.
    """
    model = alexnet.alexnet_2012().eval()
    features = dict(model.features.named_children())
    for name, meets in (("conv2", False), ("conv3", True), ("conv4", False), ("conv5", False)):
        layer = features[name]
        x = torch.randn(1, layer.in_channels, 9, 9)
        changed = x.clone()
        changed[:, : layer.in_channels // 2] += 1
        with torch.inference_mode():
            difference = (layer(x) - layer(changed)).abs().amax((0, 2, 3))
        first, second = difference.chunk(2)
        assert first.min() > 1e-4
        assert bool(second.max() > 1e-4) is meets


def test_without_activation_functions_the_whole_network_is_one_affine_map() -> None:
    model = lenet.lenet_linear().double().eval()
    a, b = torch.randn(2, 8, 1, 28, 28, dtype=torch.float64)
    with torch.inference_mode():
        zero = model(torch.zeros_like(a))
        torch.testing.assert_close(
            model(2 * a - 3 * b) - zero, 2 * (model(a) - zero) - 3 * (model(b) - zero)
        )
        # ten templates of 28x28 pixels say it all: read them off pixel by pixel
        pixels = torch.eye(784, dtype=torch.float64).view(784, 1, 28, 28)
        templates = model(pixels) - zero[:1]
        torch.testing.assert_close(model(a), a.flatten(1) @ templates + zero[:1])
        # which cannot be said of LeNet-5
        other = lenet.lenet5().double().eval()
        x, y = torch.randn(2, 8, 1, 32, 32, dtype=torch.float64)
        nothing = other(torch.zeros_like(x))
        straight = other(x) + other(y) - nothing
        assert not torch.allclose(other(x + y), straight, atol=1e-3)


def test_the_connection_table_is_the_papers() -> None:
    """Table I: X marks by output map; sixty connections, and each input map feeds ten."""
    table = lenet.C3_TABLE
    assert [len(inputs) for inputs in table] == [3] * 6 + [4] * 9 + [6]
    assert sum(map(len, table)) == 60
    feeds = Counter(i for inputs in table for i in inputs)
    assert feeds == dict.fromkeys(range(6), 10)
    assert len(set(table)) == 16


def test_a_convolution_by_table_sees_the_maps_of_its_table_alone() -> None:
    layer = TableConv2d(6, lenet.C3_TABLE, 5)
    x = torch.randn(2, 6, 14, 14)
    with torch.inference_mode():
        layer.bias.uniform_(-1, 1)
        before = layer(x)
        for i in range(6):
            changed = x.clone()
            changed[:, i] += torch.randn(14, 14)
            moved = (layer(changed) - before).abs().amax((0, 2, 3)) > 1e-5
            assert moved.tolist() == [i in inputs for inputs in lenet.C3_TABLE]
        # by two loops over the table
        expected = torch.zeros_like(before)
        row = 0
        for o, inputs in enumerate(lenet.C3_TABLE):
            for i in inputs:
                expected[:, o] += nn.functional.conv2d(x[:, i : i + 1], layer.weight[row][None])[
                    :, 0
                ]
                row += 1
            expected[:, o] += layer.bias[o]
        torch.testing.assert_close(before, expected, atol=1e-5, rtol=1e-5)


def test_subsampling_and_squashing_by_hand() -> None:
    layer = Subsampling(2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([0.5, -1.0]))
        layer.bias.copy_(torch.tensor([1.0, 0.25]))
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [0.0, 0.0]]]])
    assert layer(x).flatten().tolist() == pytest.approx([10 * 0.5 + 1, -1 + 0.25])
    squash = ScaledTanh()
    # the paper, appendix A: f(1) = 1, f(-1) = -1
    assert squash(torch.tensor([1.0, -1.0, 0.0])).tolist() == pytest.approx([1, -1, 0], abs=1e-4)


@pytest.mark.parametrize("depth", [20, 32])
def test_zero_padding_carries_every_second_pixel_between_zeros(depth: int) -> None:
    model = resnet_cifar.CifarResNet(depth)
    x = torch.randn(2, 16, 32, 32)
    carried = model.layer2[0].shortcut(x)
    assert carried.shape == (2, 32, 16, 16)
    assert not carried[:, :8].any()
    assert not carried[:, 24:].any()
    assert torch.equal(carried[:, 8:24], x[:, :, ::2, ::2])
    assert not list(model.layer2[0].shortcut.parameters())
    assert model.layer1[0].shortcut is None
    assert model.layer2[1].shortcut is None


def test_options_differ_in_their_shortcuts_alone() -> None:
    counts = {}
    for option in ("A", "B", "C", "none"):
        model = resnet_cifar.CifarResNet(20, option)  # type: ignore[arg-type]
        parts = [name for name, _ in model.named_modules() if name.endswith("shortcut")]
        adds = [name for name, _ in model.named_modules() if name.endswith("add")]
        counts[option] = (len(parts), len(adds))
    assert counts == {"A": (2, 9), "B": (2, 9), "C": (9, 9), "none": (0, 0)}
    with pytest.raises(ValueError, match="6 n"):
        resnet_cifar.CifarResNet(21)


def test_keys_are_those_of_the_widespread_checkpoints() -> None:
    keys = list(resnet_cifar.resnet20().state_dict())
    assert keys[:2] == ["conv1.weight", "bn1.weight"]
    assert "layer1.0.conv1.weight" in keys
    assert "layer3.2.bn2.running_var" in keys
    assert keys[-2:] == ["linear.weight", "linear.bias"]
    assert not [key for key in keys if "shortcut" in key]
    projections = [key for key in resnet_cifar.resnet20_b().state_dict() if "shortcut" in key]
    assert {key.split(".shortcut.")[0] for key in projections} == {"layer2.0", "layer3.0"}
    assert "layer2.0.shortcut.0.weight" in projections
    assert "layer2.0.shortcut.1.running_mean" in projections
