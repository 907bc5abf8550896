"""Torchvision's other classifiers against torchvision itself: facts, modules, weights, graphs."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import KINDS
from cnn_explorer.networks import torchvision_facts, weights
from cnn_explorer.networks.build import build_empty, build_for_loading, build_random
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import NETWORKS, OTHERS, card_of
from cnn_explorer.networks.torchvision_cards import CARDS, compatible_weights
from cnn_explorer.networks.torchvision_models import import_torchvision
from cnn_explorer.networks.weights import open_network
from cnn_explorer.paths import resource
from cnn_explorer.probe.capture import capture
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session

RUN = (
    "efficientnet_b0", "mobilenet_v3_small", "resnext50_32x4d", "shufflenet_v2_x0_5",
    "convnext_tiny", "vit_b_16", "swin_t", "regnet_y_400mf", "mnasnet0_5", "inception_v3",
)  # fmt: skip
SMALLEST = tuple({card.family: card for card in reversed(CARDS)}.values())
"""One network of each family."""

every_card = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
smallest_cards = pytest.mark.parametrize("card", SMALLEST, ids=lambda card: card.name)
OVERWRITING = (
    "efficientnet_b0", "mobilenet_v3_small", "resnext50_32x4d", "shufflenet_v2_x0_5", "swin_t",
    "regnet_y_400mf", "inception_v3",
)  # fmt: skip
"""Networks that work in place, by modules and by functions, and one that does not."""
those_run = pytest.mark.parametrize("name", RUN)


def card_named(name: str) -> NetworkCard:
    return OTHERS[f"torchvision/{name}"]


def models() -> Any:
    return import_torchvision().models


def pictures(card: NetworkCard) -> Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randn((1, *card.preprocessing.input_shape), generator=generator)


@cache
def own(name: str) -> nn.Module:
    """As the program builds it, with random weights."""
    return build_random(card_named(name), seed=1)


@pytest.fixture(scope="module", autouse=True)
def _forget_models() -> Iterator[None]:
    yield
    own.cache_clear()


def theirs(name: str, state: dict[str, Tensor], **options: Any) -> nn.Module:
    """Torchvision's own in eval mode, as anyone builds it, with the given weights."""
    options = {"init_weights": False, **options} if name == "inception_v3" else options
    with torch.random.fork_rng():
        model: nn.Module = getattr(models(), name)(weights=None, **options)
    model.load_state_dict(state, strict=True)
    return model.eval()


# facts


def test_the_file_says_what_the_installed_torchvision_says(tmp_path: Path) -> None:
    output = tmp_path / "facts.json"
    assert torchvision_facts.main(["-o", str(output)]) == 0
    shipped = resource("torchvision-models.json").read_text(encoding="utf-8")
    assert json.loads(shipped) == json.loads(output.read_text(encoding="utf-8"))
    assert shipped == output.read_text(encoding="utf-8")


def test_every_classifier_of_torchvision_is_there_once() -> None:
    facts = json.loads(resource("torchvision-models.json").read_text(encoding="utf-8"))
    others = [card.name.removeprefix("torchvision/") for card in CARDS]
    assert sorted([*others, *facts["compatible"]]) == sorted(models().list_models(module=models()))
    assert len(OTHERS) == len(CARDS) == len({card.title for card in CARDS}) == 60
    assert not OTHERS.keys() & NETWORKS.keys()


@every_card
def test_facts_are_well_formed(card: NetworkCard) -> None:
    assert card_of(card.name) is card
    assert card.library == "torchvision"
    assert "," in card.authors
    assert card.paper.rpartition(" ")[2].isdecimal()
    assert card.url.startswith("https://arxiv.org/abs/")
    arxiv = card.url.rpartition("/")[2]
    assert card.year == 2000 + int(arxiv[:2])  # of the first version
    assert card.weights
    assert card.top1 == card.weights[0].accuracy
    assert f"{card.top1:.1f} %" in card.accuracy
    for entry in card.weights:
        assert entry.url.endswith("/" + entry.file)
        assert entry.size > 2 * card.parameters  # some are published in half precision
        assert entry.preprocessing != card.preprocessing
        assert ("SWAG" in entry.tag) == bool(entry.licence)


@every_card
def test_the_weights_are_torchvisions_the_default_first(card: NetworkCard) -> None:
    published = models().get_model_weights(card.name.rpartition("/")[2])
    assert card.weights[0].url == published.DEFAULT.url
    assert {entry.url for entry in card.weights} == {entry.url for entry in published}
    for entry in card.weights:
        (meant,) = (theirs for theirs in published if theirs.url == entry.url)
        reached = meant.meta["_metrics"]["ImageNet-1K"]
        assert (entry.accuracy, entry.top5) == (reached["acc@1"], reached["acc@5"])
        transforms = meant.transforms()
        preprocessing = entry.preprocessing or card.preprocessing
        assert [preprocessing.resize] == transforms.resize_size
        assert [preprocessing.crop] == transforms.crop_size
        assert list(preprocessing.mean) == transforms.mean
        assert list(preprocessing.std) == transforms.std
        assert preprocessing.interpolation == transforms.interpolation.value


def test_weights_for_our_own_networks() -> None:
    assert [entry.tag for entry in compatible_weights("resnet50")] == ["ImageNet V2", "ImageNet V1"]
    v2, v1 = compatible_weights("resnet50")
    assert v2.preprocessing is not None
    assert v2.preprocessing.resize == 232
    assert v1.preprocessing is None
    assert not v1.shipped
    assert v1.url == "https://download.pytorch.org/models/resnet50-0676ba61.pth"
    assert (v1.accuracy, v1.top5) == (76.13, 92.862)
    assert abs(v1.size - 102_530_333) < 500  # as the server says
    assert compatible_weights("googlenet")[0].transform_input
    assert not v1.transform_input
    assert [entry.tag for entry in compatible_weights("vgg16")] == ["ImageNet V1"]
    with pytest.raises(KeyError):
        compatible_weights("densenet161")


def test_what_is_listed_costs_no_import_of_torch() -> None:
    program = (
        "import sys\n"
        "from cnn_explorer.networks import catalog, weights\n"
        "assert len(catalog.OTHERS) == 60\n"
        "for card in catalog.OTHERS.values():\n"
        "    assert weights.at_hand(card) is None\n"
        "print([m for m in ('torch', 'torchvision', 'PySide6', 'numpy') if m in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"


def test_a_name_without_its_library_is_answered_with_the_whole_name() -> None:
    with pytest.raises(ExplorerError, match="did you mean torchvision/efficientnet_b0 or"):
        card_of("efficientnet_b0")
    with pytest.raises(ExplorerError, match="did you mean resnet50"):
        card_of("torchvision/resnet50")


# modules


@every_card
def test_it_builds_without_memory_and_gives_a_thousand_classes(card: NetworkCard) -> None:
    model = build_empty(card)
    everything = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in everything} == {"meta"}
    assert not any(part.training for part in model.modules())
    assert sum(parameter.numel() for parameter in model.parameters()) == card.parameters
    output = model(torch.empty((1, *card.preprocessing.input_shape), device="meta"))
    assert output.shape == (1, 1000)


@pytest.mark.parametrize(
    ("card", "file"),
    [
        (card, entry.file)
        for card in CARDS
        for entry in card.weights
        if entry.preprocessing and entry.preprocessing.crop != card.preprocessing.crop
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_weights_for_larger_pictures_find_a_network_for_them(card: NetworkCard, file: str) -> None:
    entry = next(entry for entry in card.weights if entry.file == file)
    assert entry.preprocessing is not None
    model = build_empty(replace(card, preprocessing=entry.preprocessing))
    (meant,) = (
        theirs
        for theirs in models().get_model_weights(card.name.rpartition("/")[2])
        if theirs.url == entry.url
    )
    assert sum(parameter.numel() for parameter in model.parameters()) == meant.meta["num_params"]
    output = model(torch.empty((1, *entry.preprocessing.input_shape), device="meta"))
    assert output.shape == (1, 1000)


@pytest.fixture
def _poisoned_memory() -> Iterator[None]:
    """Torch fills new memory with NaN, so that what nobody filled shows."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)


@smallest_cards
@pytest.mark.usefixtures("_poisoned_memory")
def test_random_weights_leave_nothing_unfilled(card: NetworkCard) -> None:
    before = torch.get_rng_state()
    for_loading, filled = build_for_loading(card), build_random(card)
    assert torch.equal(torch.get_rng_state(), before)
    # what is random is left open, or time was spent on filling it
    for part in for_loading.modules():
        if isinstance(part, nn.Conv2d | nn.Linear) and part.weight.any():  # ViT's head is zero
            assert part.weight.isnan().all()
    for name, tensor in filled.state_dict().items():
        assert tensor.isfinite().all(), name
    for buffer in filled.buffers():
        assert buffer.isfinite().all()


@pytest.mark.parametrize("name", ["vit_b_32", "swin_t", "maxvit_t"])
def test_tables_of_positions_are_drawn_from_the_seed(name: str) -> None:
    card = card_named(name)
    first, same, other = (build_random(card, seed) for seed in (1, 1, 2))
    tables = 0
    for key, value in first.named_parameters():
        assert torch.equal(value, same.get_parameter(key))
        if "position" in key or "pos_embedding" in key or "class_token" in key:
            assert not torch.equal(value, other.get_parameter(key))
            assert abs(value.std() / 0.02 - 1) < 0.2
            tables += 1
    assert tables


@those_run
def test_answers_are_those_of_torchvisions_own_model(name: str) -> None:
    model = own(name)
    their = theirs(name, model.state_dict())
    x = pictures(card_named(name))
    with torch.inference_mode():
        answer, expected = model(x), their(x)
    assert torch.equal(answer, expected)
    assert answer.isfinite().all()
    assert 1e-4 < answer.std() < 100


@pytest.mark.parametrize("name", OVERWRITING)
def test_layers_are_captured_as_an_independent_forward_gives_them(name: str) -> None:
    """Also where torchvision works in place afterwards: references kept there would be wrong."""
    card = card_named(name)
    session = Session(card, own(name), False, "", card.preprocessing, ())
    their = theirs(name, session.model.state_dict())
    for part in their.modules():  # the independent way: nothing in place that a module does
        if hasattr(part, "inplace"):
            part.inplace = False
    kept: dict[str, Tensor] = {}

    def keep(key: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                kept.setdefault(key, output.clone())

        return hook

    names = [key for key, part in their.named_modules() if key and not any(part.children())]
    for key in names:
        their.get_submodule(key).register_forward_hook(keep(key))
    x = pictures(card)
    with torch.no_grad():
        their(x)
    prepared = PreparedInput(x[0].numpy(), None, (0, 0, 1, 1), 0.0)  # type: ignore[arg-type]
    with torch.no_grad(), capture(session.model, list(kept), copy=True) as captured:
        session.model(x)
    for key, expected in kept.items():
        assert torch.equal(captured[key], expected), key
    chosen = list(kept)[:: max(1, len(kept) // 20)]
    for key, values in session.run(prepared, chosen).activations.items():
        shown = torch.from_numpy(values.copy())
        if name == "swin_t" and shown.dim() == 3:
            shown = shown if kept[key].shape[1:] == shown.shape else shown.movedim(0, -1)
        assert torch.equal(shown, kept[key][0]), key


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "resnext50_32x4d", "swin_t", "vit_b_16"])
def test_functions_are_captured_by_the_names_that_the_graph_has(name: str) -> None:
    card = card_named(name)
    graph = extract(own(name), card.preprocessing.input_shape)
    modules = dict(own(name).named_modules())
    layers = [
        node
        for node in graph.layers
        if node.name.partition("#")[0] not in modules and node.kind not in ("input", "output")
    ]
    assert layers
    names = [node.name for node in layers]
    with torch.no_grad(), capture(own(name), names, copy=True) as captured:
        answer = own(name)(pictures(card))
    assert list(captured) == names
    for node in layers:
        shape = tuple(captured[node.name].shape)
        assert node.out_shape in (shape, shape[1:])
    last = {"resnext50_32x4d": "flatten", "mobilenet_v3_small": "flatten", "vit_b_16": "getitem"}
    if name in last:
        head = [part for part in own(name).modules() if isinstance(part, nn.Linear)]
        start = head[-2:] if name == "mobilenet_v3_small" else head[-1:]
        value = captured[last[name]]
        for number, part in enumerate(start):
            value = part(nn.functional.hardswish(value) if number else value)
        torch.testing.assert_close(value, answer, rtol=1e-5, atol=1e-5)


@those_run
def test_its_graph_tells_all_that_is_computed(name: str) -> None:
    card = card_named(name)
    model = build_empty(card)
    graph = extract(model, card.preprocessing.input_shape, network=card.name)
    assert {node.kind for node in graph.layers} <= set(KINDS)
    heads = sum(node.parameters for node in graph.layers if node.training_only)
    assert graph.parameters + heads == card.parameters
    assert graph.macs == pytest.approx(card.macs, rel=0.02, abs=0.6e6)
    # every leaf that runs is there, with the shape that it gives
    shapes: dict[str, tuple[int, ...]] = {}

    def note(key: str) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor):
                shapes.setdefault(key, tuple(output.shape[1:]))

        return hook

    for key, part in model.named_modules():
        if key and not any(part.children()):
            part.register_forward_hook(note(key))
    model(torch.empty((1, *card.preprocessing.input_shape), device="meta"))
    assert {key: graph.layer[key].out_shape for key in shapes} == shapes
    # and nothing leads nowhere
    sources = {edge.source for edge in graph.edges}
    idle = [node.name for node in graph.layers if node.name not in sources]
    assert [name for name in idle if not graph.layer[name].training_only] == ["output"]


# weights


def published(
    card: NetworkCard, tag: str, folder: Path, content: bytes
) -> tuple[NetworkCard, Path]:
    """The card with an entry for a file of that content, which lies in the folder."""
    entry = next(entry for entry in card.weights if entry.tag == tag)
    file = folder / f"test-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    file.write_bytes(content)
    return replace(card, weights=(replace(entry, file=file.name),)), file


def test_weights_load_from_a_file_and_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = card_named("mobilenet_v3_small")
    torch.save(own("mobilenet_v3_small").state_dict(), tmp_path / "mine.pth")
    x = pictures(card)
    with torch.inference_mode():
        expected = own("mobilenet_v3_small")(x)
        assert torch.equal(open_network(card, tmp_path / "mine.pth").model(x), expected)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    card, _ = published(card, "ImageNet V1", cache, (tmp_path / "mine.pth").read_bytes())
    opened = open_network(card)
    assert opened.trained
    assert opened.weights == "ImageNet V1"
    with torch.inference_mode():
        assert torch.equal(opened.model(x), expected)


def test_inceptions_weights_have_their_input_transformed(tmp_path: Path) -> None:
    state = own("inception_v3").state_dict()
    torch.save(state, tmp_path / "any.pth")
    card, file = published(
        card_named("inception_v3"), "ImageNet V1", tmp_path, (tmp_path / "any.pth").read_bytes()
    )
    x = pictures(card)
    with torch.inference_mode():
        plain = theirs("inception_v3", state)(x)
        expected = theirs("inception_v3", state, transform_input=True)(x)
        assert not torch.allclose(plain, expected, atol=1e-3)
        assert torch.equal(open_network(card, file).model(x), expected)
        # so has one that was renamed, and a file of the user's own is taken as it is
        assert torch.equal(open_network(card, tmp_path / "any.pth").model(x), expected)
        torch.save({**state, "fc.bias": state["fc.bias"] + 1}, tmp_path / "any.pth")
        assert torch.allclose(open_network(card, tmp_path / "any.pth").model(x), plain + 1)


def test_a_transformer_is_built_for_the_pictures_of_its_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, file = published(card_named("vit_b_16"), "ImageNet SWAG E2E V1", tmp_path, b"PK")
    large = card.weights[0].preprocessing
    assert large is not None
    state = build_for_loading(replace(card, preprocessing=large)).state_dict()
    monkeypatch.setattr(weights, "load_state", lambda _path: state)
    opened = open_network(card, file)
    assert opened.preprocessing == large
    assert opened.model.image_size == large.crop == 384
    # a file that is nowhere near its size is not looked into: it is for the usual size
    with pytest.raises(ExplorerError, match=r"pos_embedding is \(1, 577, 768\), not \(1, 197"):
        open_network(card, file.rename(tmp_path / "mine.pth"))
