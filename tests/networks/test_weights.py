"""Finding, checking and loading weights: what fits loads exactly, what does not says why."""

import contextlib
import dataclasses
import hashlib
import io
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.build import build_random, randomise, resize_head
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import NETWORKS, card_of
from cnn_explorer.networks.fit import heads
from cnn_explorer.networks.torchvision_models import import_torchvision
from cnn_explorer.networks.weights import at_hand, load_state, networks_for, open_network

State = dict[str, Tensor]


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torch's downloads."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def random_state(name: str, seed: int = 3) -> State:
    return build_random(card_of(name), seed).state_dict()


def agrees(model: nn.Module, state: State) -> bool:
    return all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def refusal(file: Path, name: str = "lenet5") -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(ExplorerError) as caught:
        open_network(card_of(name), file)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert str(file) in message
    return message


# --- what is at hand -------------------------------------------------------------------------


def test_lenet_is_trained_from_the_start() -> None:
    found = at_hand(card_of("lenet5"))
    assert found is not None
    path, entry = found
    assert path.stat().st_size < 300_000
    opened = open_network(card_of("lenet5"))
    assert opened.trained
    assert opened.weights == entry.tag == "MNIST"
    assert not opened.model.training
    assert agrees(opened.model, load_state(path))
    assert all(tensor.dtype == torch.float32 for tensor in load_state(path).values())
    assert (path.parent / "lenet5-mnist.md").is_file()


@pytest.mark.parametrize(
    "name",
    [name for name, card in NETWORKS.items() if not any(entry.shipped for entry in card.weights)],
)
def test_with_an_empty_cache_nothing_else_is_at_hand(name: str) -> None:
    assert at_hand(card_of(name)) is None


def test_the_best_weights_at_hand_come_first(hub: Path) -> None:
    card = card_of("resnet50")
    v2, v1 = card.weights
    (hub / v1.file).touch()
    assert at_hand(card) == (hub / v1.file, v1)
    (hub / v2.file).touch()
    assert at_hand(card) == (hub / v2.file, v2)
    (hub / v2.file).unlink()
    (hub / v2.file).mkdir()  # a folder of that name is not weights
    assert at_hand(card) == (hub / v1.file, v1)


def test_without_weights_a_network_is_random_and_says_so() -> None:
    opened = open_network(card_of("squeezenet1_1"), seed=5)
    assert not opened.trained
    assert opened.weights == "random (seed 5)"
    assert opened.preprocessing == card_of("squeezenet1_1").preprocessing
    assert agrees(opened.model, random_state("squeezenet1_1", seed=5))


# --- torch's cache -----------------------------------------------------------------------------


def published(hub: Path, name: str, state: State) -> tuple[NetworkCard, Path]:
    """The network's card as if `state` had been published, and the file in the cache."""
    content = io.BytesIO()
    torch.save(state, content)
    prefix = hashlib.sha256(content.getvalue()).hexdigest()[:8]
    card = card_of(name)
    file = hub / f"{name}-{prefix}.pth"
    file.write_bytes(content.getvalue())
    entry = dataclasses.replace(card.weights[0], file=file.name)
    return dataclasses.replace(card, weights=(entry,)), file


def test_weights_in_the_cache_are_used(hub: Path) -> None:
    state = random_state("squeezenet1_1")
    card, file = published(hub, "squeezenet1_1", state)
    opened = open_network(card)
    assert opened.trained
    assert opened.weights == "ImageNet V1"
    assert agrees(opened.model, state)
    # the model has copies: the file may go, or change, without it noticing
    file.write_bytes(b"\0" * file.stat().st_size)
    assert agrees(opened.model, state)


def test_a_damaged_file_in_the_cache_is_refused(hub: Path) -> None:
    card, file = published(hub, "squeezenet1_1", random_state("squeezenet1_1"))
    open_network(card)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(1, 1))  # the clock may be too coarse to tell the two versions apart
    with pytest.raises(ExplorerError, match=r"is damaged .* delete it and get it again\.$"):
        open_network(card)


def test_a_damaged_best_names_the_others_at_hand(hub: Path) -> None:
    name = "squeezenet1_1"
    card, file = published(hub, name, random_state(name, seed=1))
    older, _ = published(hub, name, random_state(name, seed=2))
    entries = dataclasses.replace(card.weights[0], tag="ImageNet V2"), older.weights[0]
    card = dataclasses.replace(card, weights=entries)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ExplorerError, match='--weights-version "ImageNet V1"') as caught:
        open_network(card)
    assert str(caught.value).endswith(
        ': delete it and get it again, or use others with --weights-version "ImageNet V1".'
    )
    with pytest.raises(ExplorerError, match=r"get it again\.$"):
        open_network(card, version="ImageNet V2")


def test_a_sound_file_is_hashed_once(hub: Path) -> None:
    card, _ = published(hub, "squeezenet1_1", random_state("squeezenet1_1"))
    fractions: list[float] = []
    open_network(card, checkpoint=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    again: list[float] = []
    open_network(card, checkpoint=again.append)
    assert len(again) < len(fractions)


def test_opening_stops_when_asked(hub: Path) -> None:
    card, _ = published(hub, "squeezenet1_1", random_state("squeezenet1_1"))

    def stop(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        open_network(card, checkpoint=stop)
    with pytest.raises(Cancelled):
        open_network(card_of("zfnet"), checkpoint=stop)


def test_published_googlenet_converts_its_input(hub: Path, tmp_path: Path) -> None:
    state = random_state("googlenet")
    card, file = published(hub, "googlenet", state)
    model = open_network(card).model
    assert model.transform_input is True
    # a copy elsewhere is the same file, whatever it is called
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    assert open_network(card, copy).model.transform_input is True
    other = tmp_path / f"{file.stem} (1).pth"
    other.write_bytes(file.read_bytes())
    assert open_network(card, other).model.transform_input is True
    assert open_network(card, other).note == ""
    # one that has the name without the checksum is not
    torch.save({key: tensor * 2 for key, tensor in state.items()}, copy)
    opened = open_network(card, copy)
    assert opened.model.transform_input is False
    assert opened.note == (
        f"{file.name} is not the published file of that name (its checksum differs): it was "
        "changed, or it is damaged."
    )


def test_resnet50_v2_is_prepared_as_it_was_trained(tmp_path: Path, hub: Path) -> None:
    card = card_of("resnet50")
    assert [entry.tag for entry in card.weights] == ["ImageNet V2", "ImageNet V1"]
    changed, file = published(hub, "resnet50", random_state("resnet50"))
    assert open_network(changed).preprocessing.resize == 232
    other = file.rename(tmp_path / "mine.pth")
    assert open_network(changed, other).preprocessing.resize == 232


# --- files that fit ----------------------------------------------------------------------------


def save_pickle(state: object, file: Path) -> None:
    torch.save(state, file)


def save_old_pickle(state: object, file: Path) -> None:
    torch.save(state, file, _use_new_zipfile_serialization=False)


def save_safetensors(state: State, file: Path) -> None:
    safetensors.torch.save_file(state, file)


@pytest.mark.parametrize(
    ("file_name", "save"),
    [
        ("a.pth", save_pickle),
        ("a.pt", save_old_pickle),
        ("A.PTH", save_pickle),
        ("a.th", save_old_pickle),
        ("a.safetensors", save_safetensors),
    ],
)
def test_every_format_loads_exactly(
    tmp_path: Path, file_name: str, save: Callable[[State, Path], None]
) -> None:
    state = random_state("lenet5")
    save(state, tmp_path / file_name)
    opened = open_network(card_of("lenet5"), tmp_path / file_name)
    assert opened.trained
    assert opened.weights == file_name
    assert opened.preprocessing == card_of("lenet5").preprocessing
    assert agrees(opened.model, state)
    assert all(parameter.requires_grad for parameter in opened.model.parameters())


WRAPPINGS: dict[str, Callable[[State], object]] = {
    "state_dict": lambda state: {"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}},
    "model": lambda state: {"model": state, "args": "x"},
    "both": lambda state: {"model": {"state_dict": state}},
    "module.": lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
    "wrapped module.": lambda state: {
        "state_dict": OrderedDict((f"module.{name}", tensor) for name, tensor in state.items())
    },
    "parameters": lambda state: {name: nn.Parameter(tensor) for name, tensor in state.items()},
    "double precision": lambda state: {name: tensor.double() for name, tensor in state.items()},
    "compiled": lambda state: {f"_orig_mod.{name}": tensor for name, tensor in state.items()},
    "compiled, then wrapped": lambda state: {
        "model_state_dict": {f"module._orig_mod.{name}": value for name, value in state.items()},
        "optimizer_state_dict": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": []},
        "loss": torch.tensor(0.5),
    },
    "net": lambda state: {"net": state, "acc": 91.2, "epoch": 3},
    "its average beside it": lambda state: {
        "state_dict_ema": {name: tensor * 2 for name, tensor in state.items()},
        "state_dict": state,
    },
    "its average alone": lambda state: {"epoch": 1, "state_dict_ema": state},
    "numbers among the weights": lambda state: {**state, "epoch": 3, "arch": "lenet"},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_usual_wrappings_are_taken_off(tmp_path: Path, wrapping: str) -> None:
    state = random_state("lenet5")
    torch.save(WRAPPINGS[wrapping](state), tmp_path / "a.pth")
    model = open_network(card_of("lenet5"), tmp_path / "a.pth").model
    assert agrees(model, state)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_made_single(tmp_path: Path, dtype: torch.dtype) -> None:
    state = {name: tensor.to(dtype) for name, tensor in random_state("lenet5").items()}
    for name, save in (("a.pth", save_pickle), ("a.safetensors", save_safetensors)):
        save(state, tmp_path / name)
        opened = open_network(card_of("lenet5"), tmp_path / name)
        assert agrees(opened.model, {name: tensor.float() for name, tensor in state.items()})
        assert {p.dtype for p in opened.model.parameters()} == {torch.float32}
        assert opened.report is not None
        assert {row.dtype for row in opened.report.rows} == {str(dtype).removeprefix("torch.")}


def test_densenets_published_names_are_older_than_todays(tmp_path: Path) -> None:
    state = random_state("densenet121")
    old = {}
    for name, tensor in state.items():
        if name.endswith("num_batches_tracked"):
            continue  # files of 2017 do not count batches
        for part in ("norm1", "norm2", "conv1", "conv2"):
            if "denselayer" in name:
                name = name.replace(f".{part}.", f".{part[:4]}.{part[4]}.")
        old[name] = tensor
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "old.pth")
    model = open_network(card_of("densenet121"), tmp_path / "old.pth").model
    assert agrees(model, state)


def test_googlenet_loads_with_and_without_its_training_heads(tmp_path: Path) -> None:
    state = random_state("googlenet")
    torch.save(state, tmp_path / "with.pth")
    without = {name: value for name, value in state.items() if not name.startswith("aux")}
    torch.save(without, tmp_path / "without.pth")
    torch.save(
        {name: value for name, value in state.items() if not name.startswith("aux2")},
        tmp_path / "half.pth",
    )
    assert agrees(open_network(card_of("googlenet"), tmp_path / "with.pth").model, state)
    first = open_network(card_of("googlenet"), tmp_path / "without.pth").model
    second = open_network(card_of("googlenet"), tmp_path / "without.pth").model
    assert all(torch.equal(first.state_dict()[name], without[name]) for name in without)
    # the heads that the file does not have are random, not whatever memory held
    assert agrees(first, second.state_dict())
    assert "lacks 9 weights (aux2.conv" in refusal(tmp_path / "half.pth", "googlenet")


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet18", "squeezenet1_1"])
def test_torchvisions_own_weights_load(tmp_path: Path, name: str) -> None:
    options = {"init_weights": False} if name == "googlenet" else {}
    theirs = getattr(import_torchvision().models, name)(**options).eval()
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    ours = open_network(card_of(name), tmp_path / "theirs.pth").model
    picture = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(ours(picture), theirs(picture), atol=1e-5, rtol=1e-5)


def test_weights_that_are_no_numbers_load(tmp_path: Path) -> None:
    state = random_state("lenet5")
    state["features.conv1.weight"].fill_(float("nan"))
    torch.save(state, tmp_path / "nan.pth")
    model = open_network(card_of("lenet5"), tmp_path / "nan.pth").model
    assert model.state_dict()["features.conv1.weight"].isnan().all()


def test_real_squeezenet_weights_name_real_photos(shared_data: Path) -> None:
    file = shared_data / "squeezenet1_1" / "squeezenet1_1.pth"
    photos = sorted((shared_data / "imagenet_photos").glob("*.JPEG"))
    if not file.is_file() or len(photos) != 100:
        pytest.skip("SqueezeNet's weights or the photos are not in ../shared/data")
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.probe.preprocess import prepare

    opened = open_network(card_of("squeezenet1_1"), file)
    right = 0
    with torch.inference_mode():
        for index, photo in enumerate(photos):  # one of every tenth class, in order
            prepared = prepare(decode_file(photo), opened.preprocessing)
            scores = opened.model(torch.tensor(prepared.tensor).unsqueeze(0))
            right += int(scores.argmax()) == 10 * index
    assert right >= 60, f"{right} of 100"


# --- another number of classes -----------------------------------------------------------------


def with_classes(name: str, classes: int, seed: int = 3) -> State:
    """A state of a network whose main head alone was made anew, as people do."""
    model = build_random(card_of(name), seed)
    head = heads(model.state_dict())[-1]
    resize_head(model, head, classes)
    randomise(model, seed)
    return model.state_dict()


@pytest.mark.parametrize(
    "name", ["lenet5", "vgg16", "googlenet", "resnet18", "densenet121", "squeezenet1_1"]
)
def test_seven_classes(tmp_path: Path, name: str) -> None:
    before = torch.get_rng_state()
    state = with_classes(name, 7)
    torch.save({"state_dict": state}, tmp_path / "seven.pth")
    card = card_of(name)
    opened = open_network(card, tmp_path / "seven.pth")
    assert torch.equal(before, torch.get_rng_state())
    assert opened.trained
    assert agrees(opened.model, state)
    assert not any(module.training for module in opened.model.modules())
    assert opened.report is not None
    assert opened.report.fits
    assert opened.report.classes == 7
    assert opened.class_names == tuple(f"class {index}" for index in range(7))
    assert opened.note == (
        "seven.pth tells 7 classes apart, and no file beside it names them: put their names, one "
        "a line, into seven.txt."
    )
    with torch.inference_mode():
        assert opened.model(torch.zeros(1, *card.preprocessing.input_shape)).shape == (1, 7)


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "googlenet"])
def test_seven_classes_as_torchvision_makes_them(tmp_path: Path, name: str) -> None:
    options = {"init_weights": False} if name == "googlenet" else {}
    theirs = getattr(import_torchvision().models, name)(num_classes=7, **options).eval()
    torch.save(theirs.state_dict(), tmp_path / "seven.pth")
    opened = open_network(card_of(name), tmp_path / "seven.pth")
    assert agrees(opened.model, theirs.state_dict())
    picture = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(opened.model(picture), theirs(picture), atol=1e-5, rtol=1e-5)


def test_googlenets_training_heads_may_be_absent_or_keep_their_size(tmp_path: Path) -> None:
    state = with_classes("googlenet", 7)
    assert state["aux1.fc2.weight"].shape == (1000, 1024)
    without = {name: value for name, value in state.items() if not name.startswith("aux")}
    torch.save(without, tmp_path / "without.pth")
    model = open_network(card_of("googlenet"), tmp_path / "without.pth").model
    assert model.state_dict()["aux1.fc2.weight"].shape == (7, 1024)  # to go with the rest
    assert torch.equal(model.state_dict()["fc.weight"], state["fc.weight"])


def test_a_networks_own_number_of_classes_keeps_its_names(tmp_path: Path) -> None:
    torch.save(random_state("lenet5"), tmp_path / "mine.pth")
    opened = open_network(card_of("lenet5"), tmp_path / "mine.pth")
    assert opened.class_names is None
    assert opened.note == ""
    assert opened.report is not None
    assert opened.report.classes is None


def test_names_beside_the_weights(tmp_path: Path) -> None:
    torch.save(with_classes("lenet5", 3), tmp_path / "mine.pth")
    (tmp_path / "mine.txt").write_text("ant\nbee\ncat\n", "utf-8")
    opened = open_network(card_of("lenet5"), tmp_path / "mine.pth")
    assert opened.class_names == ("ant", "bee", "cat")
    assert opened.note == ""
    (tmp_path / "mine.txt").write_text("ant\nbee\n", "utf-8")
    opened = open_network(card_of("lenet5"), tmp_path / "mine.pth")
    assert opened.class_names == ("class 0", "class 1", "class 2")
    assert opened.note == (
        "mine.txt names 2 classes, and the network tells 3 classes apart: it is not used."
    )


def test_names_beside_as_many_classes_as_the_networks_own(tmp_path: Path) -> None:
    torch.save(random_state("lenet5"), tmp_path / "mine.pth")
    (tmp_path / "classes.txt").write_text("\n".join("abcdefghij"), "utf-8")
    assert open_network(card_of("lenet5"), tmp_path / "mine.pth").class_names == tuple("abcdefghij")
    (tmp_path / "classes.txt").write_text("\n".join("abc"), "utf-8")
    opened = open_network(card_of("lenet5"), tmp_path / "mine.pth")
    assert opened.class_names is None
    assert "classes.txt names 3 classes" in opened.note


def test_published_weights_need_no_names(hub: Path) -> None:
    card, _ = published(hub, "squeezenet1_1", random_state("squeezenet1_1"))
    (hub / "labels.txt").write_text("x\n" * 1000, "utf-8")
    opened = open_network(card)
    assert opened.class_names is None
    assert opened.report is not None
    assert opened.report.fits


def test_another_number_of_classes_under_a_published_name(tmp_path: Path) -> None:
    file = tmp_path / card_of("lenet5").weights[0].file
    save_safetensors(with_classes("lenet5", 3), file)
    assert open_network(card_of("lenet5"), file).class_names == ("class 0", "class 1", "class 2")


# --- versions ------------------------------------------------------------------------------------


def test_a_version_is_chosen_by_its_tag(hub: Path) -> None:
    name = "squeezenet1_1"
    better, first = published(hub, name, random_state(name, seed=1))
    other, second = published(hub, name, random_state(name, seed=2))
    entries = (
        dataclasses.replace(better.weights[0], tag="ImageNet V2"),
        dataclasses.replace(other.weights[0], tag="ImageNet V1"),
        dataclasses.replace(other.weights[0], tag="ImageNet V0", file="none-12345678.pth"),
    )
    card = dataclasses.replace(better, weights=entries)
    assert open_network(card).weights == "ImageNet V2"
    opened = open_network(card, version="ImageNet V1")
    assert opened.weights == "ImageNet V1"
    assert agrees(opened.model, random_state(name, seed=2))
    assert open_network(card, version="imagenet v2").weights == "ImageNet V2"
    with pytest.raises(ExplorerError) as caught:
        open_network(card, version="ImageNet V0")
    assert str(caught.value) == (
        'the weights "ImageNet V0" of SqueezeNet 1.1 are not on this machine: get them with '
        "\"cnn-explorer weights download squeezenet1_1 --version 'ImageNet V0'\"."
    )
    with pytest.raises(ExplorerError) as caught:
        open_network(card, version="V9\n")
    assert str(caught.value) == (
        'SqueezeNet 1.1 has no weights "V9\ufffd": known are "ImageNet V2", "ImageNet V1" and '
        '"ImageNet V0".'
    )
    with pytest.raises(ExplorerError, match=r"ZFNet has no weights \"a\": it has none\.$"):
        open_network(card_of("zfnet"), version="a")
    with pytest.raises(ExplorerError, match="not both"):
        open_network(card, first, version="ImageNet V1")
    second.write_bytes(second.read_bytes()[:-1])
    with pytest.raises(ExplorerError, match="is damaged"):
        open_network(card, version="ImageNet V1")


# --- files that do not ---------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.pth")


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").mkdir()
    assert "is a folder" in refusal(tmp_path / "folder.pth")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pth")
    assert "not an ordinary file" in refusal(tmp_path / "pipe.pth")


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
def test_an_empty_file(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").touch()
    assert "is empty" in refusal(tmp_path / f"a{suffix}")


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.pth"
    torch.save(random_state("lenet5"), file)

    def refuse(path: Path, _: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # a file mode would not stop the superuser
    assert "may not be read" in refusal(file)


def test_an_impossible_name() -> None:
    with pytest.raises(ExplorerError, match="cannot be read"):
        open_network(card_of("lenet5"), Path("a\0b.pth"))


def test_a_strange_suffix(tmp_path: Path) -> None:
    torch.save(random_state("lenet5"), tmp_path / "a.bin")
    assert ".safetensors, .pth, .pt, .th" in refusal(tmp_path / "a.bin")


def test_a_suffix_that_lies(tmp_path: Path) -> None:
    state = random_state("lenet5")
    torch.save(state, tmp_path / "a.safetensors")
    assert "rename it to .pth" in refusal(tmp_path / "a.safetensors")
    safetensors.torch.save_file(state, tmp_path / "a.pth")
    assert "rename it to .safetensors" in refusal(tmp_path / "a.pth")
    for name in ("photo.pth", "photo.safetensors"):
        (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0 not weights at all" * 9)
        refusal(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "zip.pth", "w") as archive:
        archive.writestr("holiday.txt", "sun")
    assert "is a zip file but holds no weights" in refusal(tmp_path / "zip.pth")


def test_a_safetensors_file_may_begin_like_a_pickle(tmp_path: Path) -> None:
    state = random_state("lenet5")
    for length in range(0, 512, 8):
        content = safetensors.torch.save(state, {"note": "x" * length})
        if content[0] == pickle.PROTO[0]:
            break
    assert content[0] == pickle.PROTO[0]
    (tmp_path / "a.safetensors").write_bytes(content)
    assert agrees(open_network(card_of("lenet5"), tmp_path / "a.safetensors").model, state)


@pytest.mark.parametrize(
    ("file_name", "save"),
    [
        ("a.pth", save_pickle),
        ("old.pth", save_old_pickle),
        ("a.safetensors", save_safetensors),
    ],
)
def test_a_truncated_file(
    tmp_path: Path, file_name: str, save: Callable[[State, Path], None]
) -> None:
    file = tmp_path / file_name
    save(random_state("lenet5"), file)
    content = file.read_bytes()
    for size in (1, 9, 17, 100, len(content) // 2, len(content) - 1):
        file.write_bytes(content[:size])
        refusal(file)


class Malice:
    """An object whose unpickling would make a file."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.made),))


def test_no_pickle_is_ever_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    malice = {**random_state("lenet5"), "extra": Malice(made)}
    torch.save(malice, tmp_path / "zip.pth")
    save_old_pickle(malice, tmp_path / "old.pth")
    for name in ("zip.pth", "old.pth"):
        message = refusal(tmp_path / name)
        assert "could run code" in message
        assert f"({os.name}.mkdir)" in message
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        plain = tmp_path / f"plain{protocol}.pth"
        plain.write_bytes(pickle.dumps(Malice(made), protocol))
        refusal(plain)
    assert not made.exists()
    # the trap is a real one
    pickle.loads((tmp_path / "plain2.pth").read_bytes())
    assert made.exists()


def test_a_whole_model_is_refused_with_advice(tmp_path: Path) -> None:
    torch.save(build_random(card_of("lenet5")), tmp_path / "model.pth")
    assert "torch.save(model.state_dict(), file)" in refusal(tmp_path / "model.pth")


def test_a_compressed_archive_is_no_bomb(tmp_path: Path) -> None:
    torch.save(random_state("lenet5"), tmp_path / "plain.pth")
    with (
        zipfile.ZipFile(tmp_path / "plain.pth") as source,
        zipfile.ZipFile(tmp_path / "packed.pth", "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
    assert "is damaged" in refusal(tmp_path / "packed.pth")


def test_another_networks_weights_are_recognised(tmp_path: Path) -> None:
    torch.save(random_state("squeezenet1_1"), tmp_path / "a.pth")
    assert refusal(tmp_path / "a.pth") == (
        f"{tmp_path / 'a.pth'} does not fit LeNet-5: it lacks 10 weights (features.conv1.weight, "
        "features.conv1.bias, features.conv2.weight, ...) and it has 52 weights too many "
        "(features.0.weight, features.0.bias, features.3.squeeze.weight, ...); it fits "
        "SqueezeNet 1.1 (squeezenet1_1)."
    )


def test_missing_and_unknown_weights_are_named(tmp_path: Path) -> None:
    state = random_state("lenet5")
    del state["classifier.fc5.bias"]
    torch.save(state, tmp_path / "less.pth")
    assert "it lacks one weight (classifier.fc5.bias): choose" in refusal(tmp_path / "less.pth")
    state = {**random_state("lenet5"), "a\nb\x1b[31m" + "x" * 99: torch.zeros(1)}
    torch.save(state, tmp_path / "more.pth")
    assert f"it has one weight too many (a\ufffdb\ufffd[31m{'x' * 52}): choose" in refusal(
        tmp_path / "more.pth"
    )


def test_wrong_shapes_are_named(tmp_path: Path) -> None:
    state = random_state("lenet5")
    state["classifier.fc4.weight"] = torch.zeros(47, 120)
    torch.save(state, tmp_path / "narrow.pth")
    assert "classifier.fc4.weight is (47, 120), not (84, 120):" in refusal(tmp_path / "narrow.pth")
    state["features.conv2.weight"] = torch.zeros(16, 6, 3, 3)
    state["features.conv2.bias"] = torch.zeros(17)
    torch.save(state, tmp_path / "small.pth")
    assert (
        "features.conv2.weight is (16, 6, 3, 3), not (16, 6, 5, 5) (and 2 more like it):"
        in refusal(tmp_path / "small.pth")
    )


def test_a_last_layer_must_agree_with_itself(tmp_path: Path) -> None:
    state = random_state("lenet5")
    state["classifier.fc5.weight"] = torch.zeros(47, 84)
    torch.save(state, tmp_path / "letters.pth")
    assert "classifier.fc5.bias is (10,), not (47,)" in refusal(tmp_path / "letters.pth")
    state["classifier.fc5.bias"] = torch.zeros(47, 1)
    torch.save(state, tmp_path / "letters.pth")
    assert "classifier.fc5.bias is (47, 1), not (47,)" in refusal(tmp_path / "letters.pth")


@pytest.mark.parametrize("classes", [0, 60_000])
def test_numbers_of_classes_that_nobody_has(tmp_path: Path, classes: int) -> None:
    state = random_state("lenet5")
    # a few bytes in a file can claim to be very many
    state["classifier.fc5.weight"] = torch.zeros(1, 84).expand(classes, 84)
    state["classifier.fc5.bias"] = torch.zeros(1).expand(classes)
    torch.save(state, tmp_path / "many.pth")
    assert f"is ({classes}, 84), not (10, 84)" in refusal(tmp_path / "many.pth")


def test_wrong_types_are_named(tmp_path: Path) -> None:
    state = random_state("lenet5")
    state["classifier.fc5.weight"] = torch.zeros(10, 84, dtype=torch.int8)
    torch.save(state, tmp_path / "quantised.pth")
    assert "is of type int8" in refusal(tmp_path / "quantised.pth")


@pytest.mark.parametrize(
    "content",
    [
        [1, 2],
        {"a": 1},
        {1: torch.zeros(1)},
        {"state_dict": {"a": "b"}},
        {},
        {"model": {}},
        "text",
        torch.zeros(3),
        {"a": torch.eye(3).to_sparse()},
        {"a": torch.zeros(3, device="meta")},
    ],
    ids=lambda content: str(content)[:20],
)
def test_files_that_hold_something_else(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.pth")
    message = refusal(tmp_path / "other.pth")
    assert "hold" in message


def test_random_damage_never_gets_past(tmp_path: Path) -> None:
    """Bytes of the file changed at random: either it loads, or it is refused as it should be."""
    generator = torch.Generator().manual_seed(0)
    file = tmp_path / "a.pth"
    save_old_pickle({"a": torch.zeros(4)}, file)
    content = file.read_bytes()
    for _ in range(300):
        changed = bytearray(content)
        where = int(torch.randint(len(content), (), generator=generator))
        changed[where] = int(torch.randint(256, (), generator=generator))
        file.write_bytes(changed)
        with contextlib.suppress(ExplorerError):
            load_state(file)


def test_a_file_that_names_its_network_is_believed_before_its_shapes(tmp_path: Path) -> None:
    """Plain-20 and ResNet-20 have the very same tensors."""
    plain, residual = card_of("plain20"), card_of("resnet20")
    state = build_random(plain).state_dict()
    path, silent = tmp_path / "mine.safetensors", tmp_path / "silent.safetensors"
    safetensors.torch.save_file(state, path, {"network": "plain20"})
    safetensors.torch.save_file(state, silent)
    assert networks_for(silent)[:2] == (residual, plain)
    assert networks_for(path)[:2] == (plain, residual)
    assert networks_for(silent, plain)[:2] == (plain, residual)
    assert networks_for(path, residual)[:2] == (plain, residual)
    assert open_network(plain, path).note == ""
    assert "says that it is of Plain-20" in open_network(residual, path).note
    assert open_network(residual, silent).note == (
        "silent.safetensors does not say of which network it is, and its tensors are also those of "
        "Plain-20 (plain20); if it was trained as that, open it there."
    )
    assert "also those of ResNet-20 (resnet20)" in open_network(plain, silent).note
    # whatever else it may say
    safetensors.torch.save_file(state, path, {"network": "../../etc\x00"})
    assert networks_for(path)[0] is residual
