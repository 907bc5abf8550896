"""Weights files on the command line: what is in one, and which network it was saved from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from cnn_explorer.cli import main
from cnn_explorer.networks import published, weights
from cnn_explorer.networks.build import build_for_loading, build_random, randomise, resize_head
from cnn_explorer.networks.catalog import card_of
from tests.test_cli import error_line


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(path)
    return path


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    """A SqueezeNet for seven classes, as a training program might keep it."""
    model = build_random(card_of("squeezenet1_1"))
    resize_head(model, "classifier.1", 7)
    randomise(model)
    file = tmp_path / "seven.pth"
    state = {f"module.{name}": tensor for name, tensor in model.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, file)
    return file


def saved(file: Path, state: dict[str, Tensor]) -> Path:
    torch.save(state, file)
    return file


def test_inspect_names_the_network(seven: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(seven)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].split() == ["tensor", "state", "expected", "found", "type"]
    shape = "64 × 3 × 3 × 3"
    assert " ".join(lines[1].split()) == f"features.0.weight matched {shape} {shape} float32"
    assert lines[52].split() == ["classifier.1.bias", "resized", "1000", "7", "float32"]
    assert lines[54] == (
        "seven.pth fits SqueezeNet 1.1: 50 tensors match, and it tells 7 classes apart."
    )
    assert lines[55] == "fits: SqueezeNet 1.1 (squeezenet1_1)"


def test_inspect_as_json(seven: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(seven), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert set(facts) == {
        "file", "network", "fits", "summary", "classes", "counts", "tensors", "guesses",
    }  # fmt: skip
    assert (facts["file"], facts["network"], facts["fits"]) == (str(seven), "squeezenet1_1", True)
    assert (facts["classes"], facts["counts"]) == (7, {"matched": 50, "resized": 2})
    assert len(facts["tensors"]) == 52
    assert facts["tensors"][-1] == {
        "name": "classifier.1.bias", "state": "resized", "expected": [1000], "found": [7],
        "dtype": "float32",
    }  # fmt: skip
    assert facts["guesses"] == [
        {"name": "squeezenet1_1", "title": "SqueezeNet 1.1", "fits": True, "share": 1.0}
    ]


def test_inspect_against_a_network(seven: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(seven), "--network", "lenet5"]) == 0
    out = capsys.readouterr().out
    assert "does not fit LeNet-5: of its tensors 10 missing, 52 unexpected." in out
    assert out.endswith("fits: SqueezeNet 1.1 (squeezenet1_1)\n")


def test_inspect_what_nearly_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = build_random(card_of("lenet5")).state_dict()
    state["classifier.fc4.bias"] = torch.zeros(2)
    file = saved(tmp_path / "near.pth", state)
    assert main(["inspect", str(file)]) == 0
    out = capsys.readouterr().out
    assert "near.pth does not fit LeNet-5: of its tensors 9 matched, 1 wrong shape." in out
    assert "fits no network here; nearest: LeNet-5 (lenet5, 90.0%)" in out
    assert main(["inspect", str(file), "--json"]) == 0
    guess = json.loads(capsys.readouterr().out)["guesses"][0]
    assert guess == {"name": "lenet5", "title": "LeNet-5", "fits": False, "share": 0.9}


def test_inspect_what_is_of_no_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = saved(tmp_path / "odd.pth", {"a\x1b[2J\nb": torch.tensor(1.0)})
    assert main(["inspect", str(file)]) == 1
    assert "no tensor in common" in error_line(capsys.readouterr().err)
    assert main(["inspect", str(file), "--network", "lenet5"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    row = next(line for line in out.splitlines() if line.startswith("a\ufffd[2J\ufffdb"))
    assert row.split() == ["a\ufffd[2J\ufffdb", "unexpected", "one", "number", "float32"]
    assert out.endswith("nearest: none\n")


def test_inspect_what_is_no_weights_file(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (picture, tmp_path / "none.pth", tmp_path):
        assert main(["inspect", str(file)]) == 1
        error_line(capsys.readouterr().err)


def test_classify_guesses_the_network(
    picture: Path, seven: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["classify", str(picture), "--weights", str(seven), "--json"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)[0]
    assert (answer["network"], answer["weights"]) == ("squeezenet1_1", "seven.pth")
    assert len(answer["classes"]) == 5
    assert err.splitlines() == [
        f"network: SqueezeNet 1.1 (guessed from {seven})",
        "seven.pth tells 7 classes apart, and no file beside it names them: put their names, one "
        "a line, into seven.txt.",
    ]
    (seven.parent / "seven.txt").write_text("\n".join("abcdefg"), "utf-8")
    assert main([*command, "--network", "squeezenet1_1", "--top", "9"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert {score["name"] for score in json.loads(out)[0]["classes"]} == set("abcdefg")


def test_classify_with_weights_of_no_network(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = build_random(card_of("lenet5")).state_dict()
    del state["features.conv1.bias"]
    file = saved(tmp_path / "near.pth", state)
    assert main(["classify", str(picture), "--weights", str(file)]) == 1
    assert "the nearest are LeNet-5 (lenet5, 90 % of its tensors)" in error_line(
        capsys.readouterr().err
    )


def test_activations_guess_the_network(
    picture: Path, seven: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maps = tmp_path / "maps.npy"
    command = ["activations", str(picture), "--weights", str(seven), "-o", str(maps)]
    assert main([*command, "--layer", "classifier.1"]) == 0
    assert np.load(maps).shape == (7, 13, 13)
    assert "guessed from" in capsys.readouterr().err
    assert main(["activations", str(picture), "-o", str(maps), "--layer", "a"]) == 2
    assert "--network (or --weights" in error_line(capsys.readouterr().err)


def test_twins_are_named(picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = saved(tmp_path / "a.pth", build_random(card_of("plain20")).state_dict())
    assert main(["classify", str(picture), "--weights", str(file)]) == 0
    guessed, note = capsys.readouterr().err.splitlines()
    assert guessed == f"network: ResNet-20 (guessed from {file})"
    assert "its tensors are also those of Plain-20 (plain20)" in note
    # and where the network was named
    command = ["classify", str(picture), "--weights", str(file), "--network", "plain20"]
    assert main(command) == 0
    assert "its tensors are also those of ResNet-20 (resnet20)" in capsys.readouterr().err


def test_torchvisions_networks_are_guessed_too(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = build_random(card_of("torchvision/shufflenet_v2_x0_5")).state_dict()
    file = saved(tmp_path / "a.pth", state)
    assert main(["inspect", str(file)]) == 0
    assert "(torchvision/shufflenet_v2_x0_5)" in capsys.readouterr().out.splitlines()[-1]
    assert main(["classify", str(picture), "--weights", str(file)]) == 0
    assert "guessed from" in capsys.readouterr().err
    assert main(["classify", str(picture), "--weights", str(file), "--network", "alexnet"]) == 1
    assert "(torchvision/shufflenet_v2_x0_5)" in error_line(capsys.readouterr().err)


def test_a_version_is_read_as_by_the_weights_command(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    command = ["classify", str(picture), "--network", "resnet50", "--weights-version"]
    assert main([*command, "v9"]) == 2
    assert 'has no weights "v9": known are "ImageNet V2"' in error_line(capsys.readouterr().err)
    assert main([*command, "imagenet1k_v2"]) == 1
    assert 'the weights "ImageNet V2" of ResNet-50 are not on' in error_line(
        capsys.readouterr().err
    )


def test_weights_for_large_pictures_fit_their_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    card = card_of("torchvision/vit_b_16")
    best = card.weights[1]
    assert best.preprocessing is not None
    state = build_for_loading(replace(card, preprocessing=best.preprocessing)).state_dict()
    (tmp_path / "large.pth").write_bytes(b"PK")  # 300 MB need not lie on the disk for this
    for module in (weights, published):
        monkeypatch.setattr(module, "recognised", lambda *_: ((card, best),))
    monkeypatch.setattr(weights, "load_state", lambda _: state)
    assert main(["inspect", str(tmp_path / "large.pth")]) == 0
    assert "large.pth fits ViT-B/16: 152 tensors match." in capsys.readouterr().out
