"""Published and shipped weights are known by what is in a file, and not by its name."""

import dataclasses
import hashlib
import io
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch

from cnn_explorer.errors import UsageError
from cnn_explorer.networks import checksum, published, weights
from cnn_explorer.networks.build import build_for_loading, build_random
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import ALL, card_of
from cnn_explorer.networks.published import entry_named, place_of, recognised
from cnn_explorer.networks.weights import load_state, networks_for, open_network


def publish(
    monkeypatch: pytest.MonkeyPatch, name: str, file: Path, **changes: object
) -> NetworkCard:
    """Saves random weights of a network, and makes its card say that they are published."""
    content = io.BytesIO()
    torch.save(build_random(card_of(name), 3).state_dict(), content)
    file.write_bytes(content.getvalue())
    sum_ = hashlib.sha256(content.getvalue()).hexdigest()[:8]
    entry = dataclasses.replace(
        card_of("resnet50").weights[0],
        file=f"{name}-{sum_}.pth",
        size=round(file.stat().st_size * 0.99),  # about
        **changes,
    )
    card = dataclasses.replace(card_of(name), weights=(entry,))
    monkeypatch.setattr(weights, "ALL", {**ALL, name: card})
    return card


def test_published_weights_are_not_taken_for_their_twins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "any.pth"
    residual, plain = publish(monkeypatch, "resnet20", file), card_of("plain20")
    networks = {**ALL, "resnet20": residual}
    assert networks_for(file, plain, networks)[:2] == (residual, plain)
    assert open_network(residual, file).note == ""
    assert open_network(plain, file).note == (
        "any.pth are the published weights of ResNet-20: in Plain-20, whose tensors have the same "
        "names and shapes, its answers mean little."
    )
    # one number changed makes it a file of one's own
    state = load_state(file)
    torch.save({**state, "linear.bias": state["linear.bias"] + 1}, tmp_path / "own.pth")
    assert networks_for(tmp_path / "own.pth", plain, networks)[:2] == (plain, residual)
    assert "also those of ResNet-20" in open_network(plain, tmp_path / "own.pth").note


def test_weights_for_large_pictures_are_found_by_their_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "any.pth"
    name = "torchvision/vit_b_16"
    large = dataclasses.replace(card_of(name).preprocessing, crop=384)
    card = dataclasses.replace(card_of(name), preprocessing=large)
    torch.save({key: tensor[:1] for key, tensor in {}.items()}, file)
    state = build_for_loading(card).state_dict()
    monkeypatch.setattr(weights, "load_state", lambda _: state)
    entry = dataclasses.replace(
        card_of(name).weights[0],
        file=f"x-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}.pth",
        size=file.stat().st_size,
        preprocessing=large,
    )
    known = dataclasses.replace(card_of(name), weights=(entry,))
    assert networks_for(file, networks={name: known}) == (known,)
    assert open_network(known, file).preprocessing.crop == 384


def test_only_files_that_may_be_published_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = publish(monkeypatch, "resnet20", tmp_path / "any.pth")
    (tmp_path / "small.pth").write_bytes(b"PK" * 1000)
    assert recognised(tmp_path / "any.pth", (card,)) == ((card, card.weights[0]),)
    shutil.copy(tmp_path / "small.pth", tmp_path / card.weights[0].file)
    monkeypatch.setattr(published, "sha256_of", lambda *_: pytest.fail("it was read"))
    assert recognised(tmp_path / "small.pth", (card,)) == ()
    monkeypatch.setattr(published, "sha256_of", checksum.sha256_of)
    assert recognised(tmp_path / card.weights[0].file, (card,)) == ()


def test_a_chosen_file_is_hashed_once_and_says_how_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = publish(monkeypatch, "resnet20", tmp_path / "any.pth")
    first: list[float] = []
    open_network(card, tmp_path / "any.pth", checkpoint=first.append)
    assert first == sorted(first)
    assert first[0] == 0.5  # all of the file, which is half of the work
    again: list[float] = []
    open_network(card, tmp_path / "any.pth", checkpoint=again.append)
    assert len(again) == len(first) - 1


def test_a_file_put_in_the_place_of_another_is_hashed_again(tmp_path: Path) -> None:
    import os

    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    for file in (first, second):
        os.utime(file, ns=(1, 1))
    before = checksum.sha256_of(first)
    second.replace(first)  # the same path, size and time
    os.utime(first, ns=(1, 1))
    assert checksum.sha256_of(first) == hashlib.sha256(b"2").hexdigest() != before


def test_shipped_weights_are_known_by_their_content(tmp_path: Path) -> None:
    card = card_of("lenet5")
    shipped = place_of(card.weights[0])
    copy, own = tmp_path / "copy.safetensors", tmp_path / shipped.name
    shutil.copy(shipped, copy)
    state = load_state(shipped)
    safetensors.torch.save_file({name: tensor + 1 for name, tensor in state.items()}, own)
    (tmp_path / "classes.txt").write_text("\n".join("abcdefghij"), "utf-8")
    assert open_network(card, shipped).class_names is None
    assert open_network(card, copy).class_names is None
    assert open_network(card, own).class_names == tuple("abcdefghij")
    assert recognised(shipped, ALL.values()) == ((card, card.weights[0]),)
    twins = place_of(card_of("resnet56").weights[0])
    note = open_network(card_of("plain56"), twins).note
    assert "are the shipped weights of ResNet-56: in Plain-56, " in note
    assert open_network(card_of("resnet56"), twins).note == ""


@pytest.mark.parametrize("tag", ["ImageNet V2", "imagenet v2", "v2", "V2", "imagenet1k_v2"])
def test_a_tag_is_read_in_one_way(tag: str) -> None:
    card = card_of("resnet50")
    assert entry_named(card, tag) is card.weights[0]


def test_an_unknown_tag_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r'has no weights "v9": known are "ImageNet V2" and'):
        entry_named(card_of("resnet50"), "v9")
    with pytest.raises(UsageError, match="it has none"):
        entry_named(card_of("zfnet"), "")
