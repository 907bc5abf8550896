"""`compare`: which networks are meant, with which weights, and what is written."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.cli import main
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session
from tests.networks.onnx_files import saved, small_net
from tests.test_cli_activations import refused, rows_of, told

CAT = resource("samples", "photo-cat.jpg")
SEVEN = resource("samples", "digit-7.png")
CIFAR = "resnet20,plain20"


def read(path: Path) -> dict:  # type: ignore[type-arg]
    found: dict = json.loads(path.read_text("utf-8"))  # type: ignore[type-arg]
    return found


def test_digits_through_the_lenets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "compare.png"
    networks = "lenet5,lenet5-1998,lenet-linear"
    out = told(capsys, "compare", SEVEN, "--networks", networks, "-o", file)
    assert "All say the same." in out
    assert out.count("MNIST") == 3
    with Image.open(file) as image:
        assert image.width > 1200
        assert len(np.unique(np.asarray(image).reshape(-1, 3), axis=0)) > 200


def test_answers_alone_are_printed_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "compare", CAT, "--networks", CIFAR)
    assert "ResNet-20" in out
    assert "Both say the same." in out


def test_json_holds_the_aligned_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "compare.json"
    told(capsys, "compare", CAT, "--networks", CIFAR, "--rows", "3", "--show", "pca", "-o", file)
    found = read(file)
    assert found["alignment"] == "Layers are aligned by output stride."
    assert found["show"] == "components"
    assert len(found["rows"]) == 3
    first = found["rows"][0]["layers"][0]
    session = Session.open(card_of("resnet20"))
    prepared = prepare(decode_file(CAT), session.preprocessing)
    maps = session.run(prepared, [first["name"]]).activations[first["name"]]
    assert first["shape"] == list(maps.shape)
    assert first["statistics"]["mean"] == pytest.approx(float(maps.mean()), rel=1e-5)
    assert len(first["explained"]) == 3


@pytest.mark.parametrize("rule", ["depth", "receptive"])
def test_layers_are_aligned_by_another_rule(
    rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "compare.html"
    told(capsys, "compare", CAT, "--networks", CIFAR, "--align", rule, "--one-scale", "-o", file)
    text = file.read_text("utf-8")
    assert {"depth": "relative depth", "receptive": "receptive field"}[rule] in text
    assert "share one colour scale" in text


def test_layers_are_pinned_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "compare.json"
    told(
        capsys, "compare", CAT, "--networks", CIFAR, "-o", file,
        "--pin", "layer2.1.relu2,layer1", "--pin", "layer3,-",
    )  # fmt: skip
    rows = read(file)["rows"]
    names = [[layer and layer["name"] for layer in row["layers"]] for row in rows]
    assert names == [["layer2.1.relu2", "layer1"], ["layer3", None]]
    words = ("compare", CAT, "--networks", CIFAR, "-o", file, "--pin", "layer1")
    refused(capsys, *words, code=1)


def test_a_channel_of_each_network_is_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "compare.json"
    words = ("compare", CAT, "--networks", CIFAR, "--pin", "layer1,layer1", "-o", file)
    told(capsys, *words, "--channels", "3,-")
    first, second = read(file)["rows"][0]["layers"]
    assert first["channel"] == 3
    assert second is None
    assert "--channels" in refused(capsys, *words, "--channels", "3")
    svg = tmp_path / "compare.svg"
    told(capsys, *words[:-1], svg, "--channels", "3,5")
    assert "channel 5" in svg.read_text("utf-8")


def test_networks_of_all_kinds_take_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights of one's own, random ones, an ONNX file and a network without weights at hand."""
    onnx = saved(small_net(), tmp_path / "own.onnx")
    weights = tmp_path / "mine.safetensors"
    shutil.copy(resource("weights", "resnet20-cifar10.safetensors"), weights)
    file = tmp_path / "compare.json"
    out = told(
        capsys, "compare", CAT, "-o", file,
        "--networks", f"resnet20,resnet20,resnet20,{onnx},squeezenet1_1",
        "--weights", f"resnet20={weights}", "--weights-version", "resnet20=random",
    )  # fmt: skip
    mine, untrained, best, own, squeeze = read(file)["networks"]
    assert mine["title"] == "ResNet-20 (mine.safetensors)"
    assert mine["trained"]
    assert untrained["title"] == "ResNet-20 (random)"
    assert not untrained["trained"]
    assert (best["title"], best["weights"]) == ("ResNet-20", "CIFAR-10")
    assert mine["classes"] == best["classes"]
    assert own["title"] == "own.onnx"
    assert not squeeze["trained"]
    assert out.count("untrained") >= 2
    rows = read(file)["rows"]
    assert any(row["layers"][3] is not None for row in rows), "the ONNX file has layers as well"


def test_a_network_that_cannot_run_is_told_and_the_others_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"not weights")
    words = ("compare", CAT, "--networks", CIFAR, "--weights", f"plain20={broken}")
    assert main([str(word) for word in words]) == 1
    out, _ = capsys.readouterr()
    assert "ResNet-20" in out
    assert "broken.pth" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--networks", "resnet20"), "two to six"),
        (("--networks", ",".join(["resnet20"] * 7)), "two to six"),
        (("--networks", "resnet20,resnet2000"), "resnet2000"),
        ((), "--networks"),
        (("--networks", CIFAR, "--weights", "a.pth"), "NAME=VALUE"),
        (("--networks", CIFAR, "--weights", "alexnet=a.pth"), "alexnet"),
        (("--networks", CIFAR, "-o", "a.gif"), ".png"),
        (("--networks", CIFAR, "--rows", "0"), "from 1 up"),
    ],
)
def test_wrong_usage(words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert says in refused(capsys, "compare", CAT, *words)


def test_what_is_read_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "photo.png"
    shutil.copy(SEVEN, picture)
    words = ("compare", picture, "--networks", "lenet5,lenet5-1998", "-o", picture)
    assert "is what is read" in refused(capsys, *words)


def test_a_picture_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    refused(capsys, "compare", "none.png", "--networks", CIFAR, code=1)


@pytest.mark.parametrize("words", [(), ("--pin", "layer1,-")])
def test_a_file_that_cannot_be_read_leaves_the_others(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken, file = tmp_path / "broken.onnx", tmp_path / "compare.json"
    broken.write_bytes(b"not a network")
    networks = f"{broken},resnet20" if not words else f"resnet20,{broken}"
    arguments = ("compare", CAT, "--networks", networks, "-o", file, *words)
    assert main([str(word) for word in arguments]) == 1
    assert "broken.onnx" in capsys.readouterr().out
    told = read(file)
    assert [network["title"] for network in told["networks"]] == ["ResNet-20"]
    assert [failed["title"] for failed in told["failed"]] == ["broken.onnx"]
    assert all(row["layers"][0] for row in told["rows"])


# over a folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sub-folders called like classes of CIFAR-10, and a file that is no picture."""
    place = tmp_path / "pictures"
    for label, sample in (("cat", "photo-cat.jpg"), ("ship", "photo-rocket.jpg")):
        (place / label).mkdir(parents=True)
        shutil.copy(resource("samples", sample), place / label / sample)
    (place / "read me.txt").write_text("no picture")
    return place


def test_networks_run_over_a_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answers.csv"
    out = told(capsys, "compare", folder, "--networks", f"{CIFAR},lenet5", "--csv", file)
    rows = rows_of(file)
    assert [row["sub-folder"] for row in rows] == ["cat", "ship"]
    assert rows[0]["ResNet-20: class"] == "cat"
    assert rows[0]["ResNet-20: right"] == "yes"
    session = Session.open(card_of("plain20"))
    prepared = prepare(decode_file(CAT), session.preprocessing)
    said = session.run(prepared).classes[0]
    assert rows[0]["Plain-20: class"] == said.name
    assert float(rows[0]["Plain-20: probability"]) == pytest.approx(said.probability, rel=1e-5)
    assert "of 2" in out
    assert "have no names in common" in out
    assert "one file is no picture." in out


def test_two_weights_of_one_network_are_told_apart(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "answers.csv"
    out = told(
        capsys, "compare", folder, "--networks", "resnet20,resnet20", "--limit", "1",
        "--weights-version", "resnet20=random", "--csv", file,
    )  # fmt: skip
    assert "ResNet-20 (random) is untrained: its answers mean nothing." in out
    (row,) = rows_of(file)
    assert "ResNet-20: class" in row
    assert "ResNet-20 (random): class" in row


def test_a_folder_and_a_picture_take_options_of_their_own(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(capsys, "compare", folder, "--networks", CIFAR, "-o", tmp_path / "a.png")
    refused(capsys, "compare", CAT, "--networks", CIFAR, "--csv", tmp_path / "a.csv")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no pictures" in refused(capsys, "compare", empty, "--networks", CIFAR, code=1)


def test_channels_that_are_alike_over_a_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("compare", folder, "--networks", "resnet20,resnet20,plain20")
    out = told(capsys, *command, "--pin", "layer2.0.relu1,layer2.0.relu1,-", "--channels", "3,-,-")
    lines = out.splitlines()
    assert lines[1].split() == ["ResNet-20", "(2)", "layer2.0.relu1", "3", "1.000"]
    assert len(lines) == 7
    assert lines[-1] == "with channel 3 of layer2.0.relu1, ResNet-20, over 2 pictures"
    both = told(capsys, *command, "--pin", "layer1,layer1,layer2", "--channels=-,-,0")
    assert {line.split("  ")[0] for line in both.splitlines()[1:-1]} <= {
        "ResNet-20",
        "ResNet-20 (2)",
    }
    row = ("--pin", "conv1,conv1,conv1")
    refused(capsys, *command, *row)
    refused(capsys, *command, "--channels", "1,-,-")
    refused(capsys, *command, *row, "--channels", "1,1,-")
    refused(capsys, *command, *row, "--channels", "1,-,-", "--csv", tmp_path / "a.csv")
    refused(capsys, *command, "--pin=-,conv1,conv1", "--channels", "1,-,-")
    assert "16 channels" in refused(capsys, *command, *row, "--channels", "99,-,-", code=1)


def test_a_network_that_fails_over_a_folder_leaves_the_others(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"not weights")
    words = ("compare", folder, "--networks", CIFAR, "--weights", f"plain20={broken}")
    assert main([str(word) for word in words]) == 1
    out, err = capsys.readouterr()
    assert "ResNet-20" in out
    assert "broken.pth" in err
