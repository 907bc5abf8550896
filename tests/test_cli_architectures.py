"""The command that compares architectures."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from cnn_explorer.cli import main
from cnn_explorer.networks.catalog import ALL
from tests.networks.onnx_files import LIGHT
from tests.test_cli import ROOT, error_line


def test_all_of_the_catalogue_needs_neither_torch_nor_qt(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r}); import tests.no_qt\n"
        "from cnn_explorer.cli import main\n"
        "assert main(sys.argv[1:]) == 0; assert 'torch' not in sys.modules"
    )
    figure = tmp_path / "all.png"
    done = subprocess.run(
        [sys.executable, "-c", code, "architectures", "--csv", "-o", str(figure)],
        capture_output=True, text=True, timeout=60, check=False, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["network"] for row in rows] == list(ALL)
    vgg = next(row for row in rows if row["network"] == "vgg16")
    assert (vgg["year"], vgg["depth"], vgg["top1"], vgg["data_set"]) == (
        "2014", "16", "71.592", "ImageNet",
    )  # fmt: skip
    assert vgg["memory_bytes"] == ""
    with Image.open(figure) as image:
        assert image.width == 2160


def test_named_networks_tell_what_their_graphs_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", "AlexNet", "resnet-18", "--json"]) == 0
    alexnet, resnet = json.loads(capsys.readouterr().out)
    assert (alexnet["network"], resnet["network"]) == ("alexnet", "resnet18")
    assert alexnet["receptive_field"] == 195
    assert resnet["receptive_field"] == 435
    assert resnet["memory_bytes"] > alexnet["memory_bytes"]
    assert alexnet["forward_ms"] is None


def test_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", "lenet5", "resnet20"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "Forward time" not in lines[0]  # nobody measured any
    assert "99.05 %" in lines[1]
    assert "91.25 %" in lines[2]


def test_measured_times(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", "lenet5", "lenet5-1998", "--measure", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(0 < row["forward_ms"] < 1000 for row in rows)


def test_layers_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", "resnet18", "resnet34", "--table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["stage", "ResNet-18", "ResNet-34"]
    assert "[3×3, 256 | 3×3, 256] × 2  [3×3, 256 | 3×3, 256] × 6" in "\n".join(lines)
    assert main(["architectures", "resnet18", "--table", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == ["ResNet-18"]
    assert main(["architectures", "resnet18", "--table", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("stage,ResNet-18\n112 × 112,")


def test_an_onnx_file_takes_part(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(LIGHT / "light_resnet50.onnx")
    assert main(["architectures", "resnet50", file, "--json"]) == 0
    ours, theirs = json.loads(capsys.readouterr().out)
    assert theirs["network"] == file
    assert theirs["top1"] is None
    for fact in ("depth", "parameters", "multiply_adds", "receptive_field"):
        assert ours[fact] == theirs[fact]
    assert main(["architectures", "resnet50", file, "--table", "--json"]) == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        ours, theirs = row["cells"]
        assert ours == theirs or (ours[0], theirs[0]) == ("global average pool", "7×7 average pool")


def test_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bars = tmp_path / "bars.png"
    assert main(["architectures", "lenet5", "-o", str(bars), "--figure", "bars", "--dark"]) == 0
    assert capsys.readouterr().out == f"{bars}: one network\n"
    with Image.open(bars) as image:
        assert image.getpixel((0, 0)) == (21, 24, 30)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--table"], "name the networks whose layers to show"),
        (["--measure"], "name the networks to measure"),
        (["lenet5", "--dark"], "a figure needs a file"),
        (["lenet5", "--table", "-o", "x.png"], "--table tells of layers"),
        (["lenet5", "-o", "x.svg"], "must end in .png"),
        (["lenet55"], "did you mean lenet5"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", *arguments]) == 2
    assert said in error_line(capsys.readouterr().err)


def test_nothing_to_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["architectures", "inception-a", "-o", str(tmp_path / "x.png")]) == 1
    assert "nothing to plot" in error_line(capsys.readouterr().err)
