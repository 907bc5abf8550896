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
    lenet,
    resnet,
    squeezenet,
    vgg,
    zfnet,
)

Builder = Callable[[], nn.Module]

# Parameters in eval mode, as published by torchvision (weights ``meta["num_params"]``); LeNet-5's
# and ZFNet's are sums by hand, layer by layer.
PARAMETERS: dict[Builder, int] = {
    lenet.lenet5: 156 + 2_416 + 48_120 + 10_164 + 850,
    alexnet.alexnet: 61_100_840,
    zfnet.zfnet: (
        (14_208 + 614_656 + 885_120 + 1_327_488 + 884_992) + (37_752_832 + 16_781_312 + 4_097_000)
    ),
    vgg.vgg11: 132_863_336,
    vgg.vgg13: 133_047_848,
    vgg.vgg16: 138_357_544,
    vgg.vgg19: 143_667_240,
    googlenet.googlenet: 6_624_904,
    resnet.resnet18: 11_689_512,
    resnet.resnet34: 21_797_672,
    resnet.resnet50: 25_557_032,
    resnet.resnet101: 44_549_160,
    resnet.resnet152: 60_192_808,
    densenet.densenet121: 7_978_856,
    densenet.densenet169: 14_149_480,
    densenet.densenet201: 20_013_928,
    squeezenet.squeezenet1_0: 1_248_424,
    squeezenet.squeezenet1_1: 1_235_496,
}

# Output sizes (channels, height, width) of stages: LeNet-5's figure 2, ZFNet's figure 3,
# GoogLeNet's, ResNet's and DenseNet's table 1, VGG's halvings.
STAGES: dict[Builder, dict[str, tuple[int, ...]]] = {
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


def empty_input(builder: Builder) -> Tensor:
    shape = (2, 1, 32, 32) if builder is lenet.lenet5 else (2, 3, 224, 224)
    return torch.empty(shape, device="meta")


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
        parameters(part) for part in model.modules() if isinstance(part, googlenet.InceptionAux)
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
    assert scores.shape == (2, 10 if builder is lenet.lenet5 else 1000)


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
    [lenet.lenet5, resnet.resnet18, squeezenet.squeezenet1_1, densenet.densenet121],
    ids=name_of,
)
def test_kept_outputs_of_all_layers_are_never_overwritten(builder: Builder) -> None:
    model = builder().eval()
    kept: list[tuple[str, Tensor, Tensor]] = []
    for name, part in leaves(model).items():
        part.register_forward_hook(
            lambda _module, _inputs, output, name=name: kept.append((name, output, output.clone()))
        )
    x = torch.randn((1, 1, 32, 32) if builder is lenet.lenet5 else (1, 3, 64, 64))
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
