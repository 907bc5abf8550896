"""Every card against its module, its published numbers, its labels and its lesson."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.networks.build import build_empty
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import FAMILIES, NETWORKS, OTHERS, card_of
from cnn_explorer.networks.labels import class_names
from cnn_explorer.networks.layers import TableConv2d
from cnn_explorer.networks.torchvision_models import import_torchvision
from cnn_explorer.paths import resource

every_card = pytest.mark.parametrize("card", NETWORKS.values(), ids=list(NETWORKS))
with_torchvision = pytest.mark.parametrize(
    "card",
    [card for card in NETWORKS.values() if any(entry.url for entry in card.weights)],
    ids=lambda card: card.name,
)


def multiply_adds(model: nn.Module, card: NetworkCard) -> tuple[int, Tensor]:
    """Multiply-adds counted while the model runs on ``meta``: (sum, output)."""
    total = 0

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            # each number of the output is a sum over a window of the channels of its group
            height, width = module.kernel_size
            total += output.numel() * height * width * module.in_channels // module.groups
        elif isinstance(module, nn.Linear):
            total += output.numel() * module.in_features
        elif isinstance(module, TableConv2d):  # connections, not pairs of maps
            total += sum(map(len, module.table)) * module.weight[0].numel() * output[0, 0].numel()

    hooks = [module.register_forward_hook(count) for module in model.modules()]
    output = model(torch.empty(1, *card.preprocessing.input_shape, device="meta"))
    for hook in hooks:
        hook.remove()
    return total, output


@every_card
def test_card_agrees_with_its_module(card: NetworkCard) -> None:
    model = build_empty(card)
    total, output = multiply_adds(model, card)
    assert total == card.macs
    assert output.shape == (1, len(class_names(card.classes)))
    used = [p for name, p in model.named_parameters() if not name.startswith("aux")]
    assert sum(parameter.numel() for parameter in used) == card.parameters


@every_card
def test_depth_counts_the_weights_along_the_longest_path(card: NetworkCard) -> None:
    graph = extract(build_empty(card), card.preprocessing.input_shape)
    sources: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
    depths: dict[str, int] = {}
    for layer in graph.layers:  # in forward order: what a layer takes from comes before it
        before = max((depths[name] for name in sources.get(layer.name, ())), default=0)
        # the paper of LeNet-5 counts its trained subsampling
        counts = layer.kind in ("conv", "linear") or layer.type_name == "Subsampling"
        depths[layer.name] = before + counts
    assert card.depth == depths["output"]


@with_torchvision
def test_numbers_are_those_torchvision_publishes(card: NetworkCard) -> None:
    entries = {
        weights.url: weights for weights in import_torchvision().models.get_model_weights(card.name)
    }
    for entry in card.weights:
        theirs = entries[entry.url]
        assert entry.url.endswith("/" + entry.file)
        assert theirs.meta["num_params"] == card.parameters
        assert card.macs / 1e9 == pytest.approx(theirs.meta["_ops"], rel=0.005)
        reached = theirs.meta["_metrics"]["ImageNet-1K"]
        assert entry.accuracy == reached["acc@1"]
        told = card.accuracy.rpartition("torchvision's weights")[2]
        assert f"{reached['acc@1']:.1f} %" in told
        if told.count("%") > len(card.weights):  # the sentence tells the first five, too
            assert f"{reached['acc@5']:.1f} %" in told
        transforms = theirs.transforms()
        preprocessing = entry.preprocessing or card.preprocessing
        assert [preprocessing.resize] == transforms.resize_size
        assert [preprocessing.crop] == transforms.crop_size
        assert list(preprocessing.mean) == transforms.mean
        assert list(preprocessing.std) == transforms.std


@every_card
def test_facts_are_well_formed(card: NetworkCard) -> None:
    assert NETWORKS[card.name] is card
    assert card_of(card.name) is card
    assert re.fullmatch(r"[a-z0-9_-]+", card.name)
    assert card.family in FAMILIES
    assert 1998 <= card.year <= 2020
    assert re.match(r"https://(arxiv\.org/abs/\d{4}\.\d{4,5}|doi\.org/10\.\d+/)", card.url)
    assert "," in card.authors
    for sentence in (card.accuracy, *card.differences):
        assert sentence.endswith(".")
        assert sentence == sentence.strip()
        assert "  " not in sentence
        assert "@" not in sentence
    accuracies = [entry.accuracy for entry in card.weights]
    assert None not in accuracies
    assert len(card.variant) <= 60
    assert card.top1 is None or 50 < card.top1 < 100
    assert accuracies == sorted(accuracies, key=lambda value: -(value or 0.0))


def test_the_catalogue_goes_from_old_to_new_through_all_families() -> None:
    years = [card.year for card in NETWORKS.values()]
    assert years == sorted(years)
    assert tuple(dict.fromkeys(card.family for card in NETWORKS.values())) == FAMILIES


@every_card
def test_lesson_is_short_and_names_real_layers(card: NetworkCard) -> None:
    text = resource("lessons", card.lesson_file).read_text(encoding="utf-8")
    assert 120 <= len(text.split()) <= 300
    assert text.startswith("# ")
    named = re.findall(r"`([^`]+)`", text)
    assert len(named) >= 3
    modules = dict(build_empty(card).named_modules())
    assert [name for name in named if name not in modules] == []


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ExplorerError, match="did you mean alexnet"):
        card_of("alexnt")
    with pytest.raises(ExplorerError, match="known are lenet5-1998, lenet5,"):
        card_of("zzz")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ResNet-50", "resnet50"),
        ("squeezenet1.1", "squeezenet1_1"),
        ("plain-20", "plain20"),
        ("VGG16_bn", "vgg16_bn"),
        ("resnet20b", "resnet20-b"),
        ("torchvision/Swin-T", "torchvision/swin_t"),
    ],
)
def test_a_name_is_found_as_people_write_it(written: str, name: str) -> None:
    assert card_of(written).name == name


@pytest.mark.parametrize("name", [*NETWORKS, *OTHERS])
def test_no_name_is_taken_for_another(name: str) -> None:
    assert card_of(name.replace("_", "-").upper()).name == name


def test_input_shape_follows_from_the_preprocessing() -> None:
    assert card_of("lenet5").preprocessing.input_shape == (1, 32, 32)
    photo = card_of("alexnet").preprocessing
    assert photo.input_shape == (3, 224, 224)
    assert replace(photo, crop=96).input_shape == (3, 96, 96)


def test_listing_imports_neither_torch_nor_qt() -> None:
    program = (
        "import sys\n"
        "from cnn_explorer.networks import catalog, labels, weights\n"
        "for card in catalog.NETWORKS.values():\n"
        "    weights.at_hand(card), labels.class_names(card.classes)\n"
        "print([m for m in ('torch', 'torchvision', 'PySide6', 'numpy') if m in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"
