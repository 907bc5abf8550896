"""`similarity`: the layers of two networks over a folder, saved and told."""

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.cli import main
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.folder import decoded_pictures, list_folder
from cnn_explorer.probe.onnx_export import export_onnx
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.similarity import load_similarity, similarity
from tests.test_cli_activations import refused, told

TWO = ("--networks", "resnet20,plain20")
CONVOLUTIONS = ("--layers", "layer?.0.conv1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for number in range(9):
        path = tmp_path / "in" / ("odd" if number % 2 else "even") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        blots = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(blots.repeat(9, 0).repeat(9, 1)).save(path)
    (tmp_path / "in" / "readme.txt").write_text("about")
    return tmp_path / "in"


def test_values_are_those_of_the_library(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = told(
        capsys, "similarity", folder, *TWO, *CONVOLUTIONS, "--batch", 4, "-o", tmp_path / "a.npz"
    )
    assert out.splitlines() == [
        f"{tmp_path / 'a.npz'}: ResNet-20 and Plain-20, 3 × 3 layers, 9 pictures",
        "one file left out",
    ]
    found = load_similarity(tmp_path / "a.npz")
    layers = ("layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1")
    assert found.layers_a == found.layers_b == layers
    sessions = [Session.open(card_of(name)) for name in ("resnet20", "plain20")]
    shown = decoded_pictures(list_folder(folder).pictures, [])
    expected = similarity(*sessions, layers, layers, shown, count=9, batch=4)
    np.testing.assert_allclose(found.values, expected.values, atol=1e-9)


def test_json_and_csv_and_words(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    told_json = told(
        capsys, "similarity", folder, *TWO, *CONVOLUTIONS, "--limit", 8, "--json", "-o", path
    )
    answer = json.loads(told_json)
    assert (answer["pictures"], answer["batch"], answer["left_out"]) == (8, 8, 1)
    assert answer["networks"] == ["ResNet-20", "Plain-20"]
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["ResNet-20 / Plain-20", *answer["layers"][1]]
    assert [list(map(float, row[1:])) for row in rows[1:]] == answer["values"]
    out = told(capsys, "similarity", folder, *TWO, *CONVOLUTIONS, "--limit", 8)
    assert out.splitlines()[0].split() == ["ResNet-20", "CKA", "most", "alike", "in", "Plain-20"]
    best = max(range(3), key=lambda at: answer["values"][1][at])
    line = next(line for line in out.splitlines() if line.startswith("layer2.0.conv1"))
    assert line.split()[1:] == [f"{answer['values'][1][best]:.3f}", answer["layers"][1][best]]


def test_a_heat_map_of_a_network_and_an_onnx_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export_onnx(Session.open(card_of("lenet5")), tmp_path / "own.onnx")
    networks = f"lenet5,{tmp_path / 'own.onnx'}"
    assert main([
        "similarity", str(folder), "--networks", networks, "-o", str(tmp_path / "a.png"), "--dark",
    ]) == 0  # fmt: skip
    with Image.open(tmp_path / "a.png") as image:
        assert image.width > 600
    assert "9 pictures" in capsys.readouterr().out


def test_a_network_with_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = told(
        capsys, "similarity", folder, "--networks", "resnet20,resnet20", "--layers", "layer?",
        "--json",
    )  # fmt: skip
    answer = json.loads(out)
    assert answer["layers"] == [["layer1", "layer2", "layer3"]] * 2
    np.testing.assert_allclose(np.diag(answer["values"]), 1)


def test_weights_of_ones_own(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.safetensors"
    shutil.copy(resource("weights", "resnet20-cifar10.safetensors"), mine)
    words = ("similarity", folder, "--networks", "resnet20,resnet20", *CONVOLUTIONS, "--json")
    own = json.loads(told(capsys, *words, "--weights", f"resnet20={mine}"))
    assert own["networks"] == ["ResNet-20 (mine.safetensors)", "ResNet-20"]
    assert own["untrained"] == []
    np.testing.assert_allclose(np.diag(own["values"]), 1, atol=1e-6)
    chance = json.loads(told(capsys, *words, "--weights-version", "resnet20=random"))
    assert chance["untrained"] == ["ResNet-20 (random)"]
    assert np.abs(np.subtract(own["values"], chance["values"])).max() > 0.01
    refused(capsys, *words, "--weights", f"resnet20={mine}", "-o", mine)
    assert "fits none" in refused(capsys, *words, "--weights", f"plain20={mine}")


def test_what_is_wrong_is_one_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("similarity", folder)
    assert "give two" in refused(capsys, *command, "--networks", "resnet20")
    assert "4 pictures at least" in refused(capsys, *command, *TWO, "--batch", 3)
    assert "must end in" in refused(capsys, *command, *TWO, "-o", tmp_path / "a.txt")
    assert "for a heat map" in refused(capsys, *command, *TWO, "--dark")
    assert 'fits "nothing*"' in refused(capsys, *command, *TWO, "--layers", "nothing*")
    assert "one more --layers" in refused(
        capsys, *command, "--networks", "resnet20,lenet5", "--layers", "layer1*"
    )
    assert "is what is read" in refused(capsys, *command, *TWO, "-o", folder / "even" / "0.png")
    assert "at least 4 pictures" in refused(capsys, *command, *TWO, "--limit", 3, code=1)
    assert "no folder" in refused(capsys, "similarity", tmp_path / "gone", *TWO, code=1)


def test_ctrl_c_stops_it(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnn_explorer.probe import similarity as module

    grams = module.grams

    def interrupted(*arguments: object) -> object:
        os.kill(os.getpid(), signal.SIGINT)
        return grams(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "grams", interrupted)
    path = tmp_path / "a.npz"
    assert main(["similarity", str(folder), *TWO, *CONVOLUTIONS, "-o", str(path)]) == 130
    assert not path.exists()
