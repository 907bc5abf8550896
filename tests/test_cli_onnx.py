"""ONNX files on the command line."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from cnn_explorer.cli import main
from cnn_explorer.paths import resource
from tests.networks.onnx_files import LIGHT, saved, small_net

CAT = str(resource("samples", "photo-cat.jpg"))
SQUEEZENET = str(LIGHT / "light_squeezenet.onnx")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 1) -> str:
    assert main(list(arguments)) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_what_is_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "inspect", SQUEEZENET)
    assert told(capsys, "info", SQUEEZENET) == text
    assert "operators      ai.onnx 9" in text
    assert "1,235,496" in text
    assert "fire2.squeeze1x1" in text
    facts = json.loads(told(capsys, "inspect", SQUEEZENET, "--json"))
    assert facts["multiply-adds"] == sum(layer["macs"] for layer in facts["layers"])
    assert facts["operators"] == {"ai.onnx": 9}
    assert json.loads(told(capsys, "info", SQUEEZENET, "--layers", "--json")) == facts["layers"]
    rows = list(csv.DictReader(told(capsys, "info", SQUEEZENET, "--csv").splitlines()))
    assert sum(int(row["multiply-adds"]) for row in rows) == facts["multiply-adds"]
    assert rows[1]["receptive field height"] == "3"
    assert "receptive field" in told(capsys, "info", SQUEEZENET, "--layers").splitlines()[0]


def test_draw_classify_and_look_into_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys, "graph", SQUEEZENET, "-o", str(tmp_path / "graph.svg"))
    assert "squeeze1x1" in (tmp_path / "graph.svg").read_text("utf-8")
    pictures = tmp_path / "pictures.svg"
    told(capsys, "graph", SQUEEZENET, "-o", str(pictures), "--depth", "0", "--thumbnails", CAT)
    assert "<image" in pictures.read_text("utf-8")
    (answer,) = json.loads(
        told(capsys, "classify", CAT, "--network", SQUEEZENET, "--json", "--top", "2")
    )
    assert answer["weights"] == "light_squeezenet.onnx"
    assert not answer["trained"]
    assert len(answer["classes"]) == 2
    output = tmp_path / "maps.npy"
    told(capsys, "activations", CAT, "--network", SQUEEZENET, "--layer", "fire2", "-o", str(output))
    assert np.load(output).shape[0] == 128


def test_the_input_can_be_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(saved(small_net(shape=(1, 3, "h", "w")), tmp_path / "net.onnx"))
    output = tmp_path / "maps.npy"
    told(
        capsys, "activations", CAT, "--network", path, "--layer", "conv", "-o", str(output),
        "--input-size", "48", "--input-values", "bytes", "--input-order", "bgr",
    )  # fmt: skip
    assert np.load(output).shape == (4, 48, 48)
    assert np.abs(np.load(output)).max() > 100
    text = refused(capsys, "classify", CAT, "--network", path, "--input-size", "3")
    assert "too small or too large" in text
    text = refused(capsys, "classify", CAT, "--network", "lenet5", "--input-size", "32", code=2)
    assert "is for an ONNX file" in text


def test_wrong_calls_and_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = refused(capsys, "classify", CAT, "--network", str(tmp_path / "none.onnx"))
    assert "cannot be read: No such file" in text
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"\x08\x07not a model")
    for command in (("inspect", str(bad)), ("graph", str(bad), "-o", str(tmp_path / "g.svg"))):
        assert "bad.onnx" in refused(capsys, *command)
    assert not (tmp_path / "g.svg").exists()
    output = str(tmp_path / "x.png")
    text = refused(
        capsys, "activations", CAT, "--network", SQUEEZENET, "--layer", "no", "-o", output, code=2
    )
    assert 'no layer "no"' in text
    text = refused(capsys, "classify", CAT, "--network", SQUEEZENET, "--weights", str(bad), code=2)
    assert "has its own weights" in text
    oblong = str(saved(small_net(shape=(1, 3, 16, 20)), tmp_path / "oblong.onnx"))
    assert "not square" in refused(capsys, "classify", CAT, "--network", oblong)


def test_write_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "lenet5.onnx")
    seven = str(resource("samples", "digit-7.png"))
    text = told(capsys, "export-onnx", "lenet5", "-o", path, "--picture", seven)
    assert "ONNX with operator set 17" in text
    assert "on digit-7.png ONNX Runtime's outputs differ from torch's by" in text
    assert "  7\n" in told(capsys, "classify", seven, "--network", path)
    text = refused(capsys, "export-onnx", "lenet5", "-o", str(tmp_path / "x.pt"), code=2)
    assert "must end in .onnx" in text


def test_the_window_with_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("PySide6")
    import subprocess
    import sys

    output = tmp_path / "window.png"
    done = subprocess.run(
        [
            sys.executable, "-m", "cnn_explorer", "snapshot", "-o", str(output), CAT,
            "--network", SQUEEZENET, "--layer", "fire2.expand1x1",
        ],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert output.stat().st_size > 10_000
    del capsys
