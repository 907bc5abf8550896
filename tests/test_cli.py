"""The command line: its exit codes, its one-line errors, its JSON, and that it needs no Qt."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from cnn_explorer import __version__, cli, cli_graph
from cnn_explorer.cli import main
from cnn_explorer.errors import ExplorerError, UsageError
from cnn_explorer.graph.numbers import NUMBER_KINDS
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.framing import Framing

ROOT = str(Path(__file__).resolve().parents[1])


def run(*arguments: object, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, where no Qt can be imported."""
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r}); import tests.no_qt\n"
        "from cnn_explorer.cli import main; sys.exit(main())"
    )
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], env={**clean, **environ},
        capture_output=True, text=True, timeout=120, check=False, encoding="utf-8",
    )  # fmt: skip


def error_line(text: str) -> str:
    assert text.startswith("cnn-explorer: error: "), text
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return text.removeprefix("cnn-explorer: error: ")


@pytest.fixture
def digit(tmp_path: Path) -> Path:
    """A one, as MNIST has it, with a name that is not ASCII."""
    path = tmp_path / "Zählt – 1.png"
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 13:15] = 255
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken\nname.png"
    path.write_bytes(b"\x89PNG nothing")
    return path


# list and info


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    networks = {network["name"]: network for network in json.loads(capsys.readouterr().out)}
    assert {"lenet5", "alexnet", "vgg16", "googlenet", "resnet18", "resnet50"} <= set(networks)
    lenet, resnet = networks["lenet5"], networks["resnet50"]
    assert (lenet["family"], lenet["year"], lenet["parameters"]) == ("LeNet", 1998, 61_706)
    assert (resnet["family"], resnet["parameters"]) == ("ResNet", 25_557_032)
    assert resnet["macs"] == pytest.approx(4.089e9, rel=1e-3)
    assert resnet["weights"] is None
    libraries = [network["library"] for network in networks.values()]
    assert set(libraries) == {"", "torchvision"}
    assert libraries == sorted(libraries)  # our own first
    assert networks["torchvision/swin_t"]["title"] == "Swin-T"


def test_list_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == "network"
    row = next(line for line in lines if line.startswith("resnet18"))
    assert "11.7 M" in row
    assert "not downloaded" in row
    row = next(line for line in lines if line.startswith("lenet5 "))
    assert "99.05 %" in row


def test_list_needs_neither_torch_nor_qt_and_info_help_no_torch() -> None:
    code = (
        f"import sys; sys.path.insert(0, {ROOT!r}); import tests.no_qt\n"
        "from cnn_explorer.cli import main\n"
        "assert main(sys.argv[1:]) == 0; assert 'torch' not in sys.modules"
    )
    for arguments in (["list"], ["list", "--json"], ["info", "--help"], ["--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_info_as_json_adds_up() -> None:
    done = run("info", "lenet5", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    layers = facts["layers"]
    assert layers[0]["name"] == "input"
    assert layers[-1]["out"] == [10]
    assert sum(layer["parameters"] for layer in layers) == facts["parameters"] == 61_706
    assert sum(layer["macs"] for layer in layers) == facts["macs"] == 416_520
    conv = next(layer for layer in layers if layer["type"] == "Conv2d")
    assert (conv["in"], conv["out"], conv["parameters"]) == ([[1, 32, 32]], [6, 28, 28], 156)


def test_info_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "lenet5"]) == 0
    out = capsys.readouterr().out
    assert "61,706" in out
    assert "6 × 28 × 28" in out
    assert out.splitlines()[-1].split() == ["total", "61,706", "416,520"]


def test_info_of_layers_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "alexnet", "--layers"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "layer", "type", "output", "parameters", "multiply-adds", "memory", "receptive", "field",
        "stride",
    ]  # fmt: skip
    pool = next(line for line in lines if line.startswith("features.12 "))
    assert pool.split()[-4:] == ["36.9", "kB", "195", "32"]
    linear = next(line for line in lines if line.startswith("classifier.1 "))
    assert linear.endswith("whole picture       –")
    assert lines[-1].split() == ["total", "61,100,840", "714,188,480", "4.43", "MB"]


def test_info_of_layers_as_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "googlenet", "--csv"]) == 0
    rows = {row["layer"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert len(rows) == 217
    concat = rows["inception3a.concat"]
    assert (concat["output"], concat["block"]) == ("256 x 28 x 28", "inception3a")
    assert [concat[title] for title in ("receptive field height", "stride vertical",
            "offset top", "whole picture")] == ["43", "8", "-15", "no"]  # fmt: skip
    assert rows["avgpool"]["whole picture"] == "yes"
    assert rows["avgpool"]["stride vertical"] == ""
    assert rows["aux1.avgpool"]["receptive field height"] == ""
    assert rows["aux1.avgpool"]["training only"] == "yes"
    assert sum(int(row["multiply-adds"]) for row in rows.values()
               if row["training only"] == "no") == card_of("googlenet").macs  # fmt: skip


def test_info_of_layers_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "lenet5", "--layers", "--json"]) == 0
    layers = {layer["name"]: layer for layer in json.loads(capsys.readouterr().out)}
    assert layers["features.pool2"]["receptive_field"] == {
        "size": [16, 16], "whole": False, "stride": [4, 4], "offset": [0, 0],
    }  # fmt: skip
    assert layers["features.pool2"]["memory"] == 1600
    assert layers["classifier.fc3"]["receptive_field"] == {
        "size": [32, 32], "whole": True, "stride": None, "offset": [0, 0],
    }  # fmt: skip


def test_an_output_that_cannot_show_every_sign_is_no_error(digit: Path) -> None:
    done = run("info", "lenet5", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("classify", digit, "--network", "lenet5", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)[0]["file"] == str(digit)


# classify


def test_precision_is_told(
    digit: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnn_explorer.networks import quickest as measuring
    from cnn_explorer.probe.precision import FLOAT32

    command = ["classify", str(digit), "--network", "lenet5"]
    assert main(command) == 0
    assert "fast" not in capsys.readouterr().out
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: FLOAT32 if ways else "")
    assert main([*command, "--precision", "fast"]) == 0
    assert "ms; fast: float32, channels last)" in capsys.readouterr().out
    assert main([*command, "--precision", "fast", "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["precision"] == {"ran": "fast", "how": FLOAT32, "note": ""}
    monkeypatch.setattr(measuring, "quickest", lambda ways, **_: next(iter(ways)))
    assert main([*command, "--precision", "fast"]) == 0
    out = capsys.readouterr().out
    assert "Exact is the fastest for LeNet-5 on this computer." in out
    assert "; fast" not in out


def test_classify_as_json(digit: Path) -> None:
    done = run("classify", digit, digit, "--network", "lenet5", "--top", 3, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answers = json.loads(done.stdout)
    assert len(answers) == 2
    for answer in answers:
        assert set(answer) == {
            "file",
            "network",
            "weights",
            "trained",
            "framing",
            "classes",
            "ms",
            "precision",
        }
        assert (answer["file"], answer["network"]) == (str(digit), "lenet5")
        assert (answer["weights"], answer["trained"]) == ("MNIST", True)
        assert set(answer["ms"]) == {"decode", "preprocess", "forward"}
        assert all(ms >= 0 for ms in answer["ms"].values())
        assert [set(score) for score in answer["classes"]] == [{"index", "name", "probability"}] * 3
        likely = [score["probability"] for score in answer["classes"]]
        assert likely == sorted(likely, reverse=True)
        assert answer["classes"][0]["index"] == 1


def test_more_classes_than_there_are(digit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(digit), "--network", "lenet5", "--top", "99", "--json"]) == 0
    classes = json.loads(capsys.readouterr().out)[0]["classes"]
    assert sorted(score["index"] for score in classes) == list(range(10))
    assert sum(score["probability"] for score in classes) == pytest.approx(1)


def test_untrained_networks_say_so(digit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["classify", str(digit), "--network", "squeezenet1_1"]
    assert main(command) == 0
    assert "untrained: these answers mean nothing" in capsys.readouterr().out
    assert main([*command, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)[0]
    assert answer["trained"] is False
    assert "random" in answer["weights"]


def test_trained_networks_do_not(digit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", str(digit), "--network", "lenet5"]) == 0
    out = capsys.readouterr().out
    assert "untrained" not in out
    assert digit.name in out
    assert "forward" in out


def test_a_bad_picture_leaves_the_others_their_answers(
    digit: Path, broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["classify", str(broken), str(digit), "--network", "lenet5"]
    assert main([*command, "--json"]) == 1
    out, err = capsys.readouterr()
    assert [answer["file"] for answer in json.loads(out)] == [str(digit)]
    assert "broken" in error_line(err)
    assert main(command) == 1
    out, err = capsys.readouterr()
    assert digit.name in out
    error_line(err)


def test_no_good_picture_is_an_empty_array(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone.png"
    assert main(["classify", str(gone), "--network", "lenet5", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == []
    assert "gone.png" in error_line(err)


def test_weights_of_a_file(digit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    from cnn_explorer.networks.build import build_random
    from cnn_explorer.networks.catalog import card_of

    state = build_random(card_of("lenet5"), seed=5).state_dict()
    torch.save(state, tmp_path / "own.pth")
    command = ["classify", str(digit), "--network", "lenet5", "--json", "--weights"]
    assert main([*command, str(tmp_path / "own.pth")]) == 0
    answer = json.loads(capsys.readouterr().out)[0]
    assert answer["weights"] == "own.pth"
    assert main([*command, str(tmp_path / "none.pth")]) == 1
    assert "none.pth" in error_line(capsys.readouterr().err)
    assert main([*command, str(digit)]) == 1
    error_line(capsys.readouterr().err)


def test_a_version_of_the_weights(digit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["classify", str(digit), "--network", "lenet5", "--json", "--weights-version"]
    assert main([*command, "mnist"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["weights"] == "MNIST"
    assert main([*command, "ImageNet"]) == 2
    assert 'known are "MNIST"' in error_line(capsys.readouterr().err)


# graph and activations


@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".json", ".dot"])
def test_graph(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"lenet{suffix}"
    assert main(["graph", "lenet5", "-o", str(file), "--depth", "blocks", "--dark"]) == 0
    assert file.stat().st_size > 100
    assert str(file) in capsys.readouterr().out


def test_graph_as_an_outline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", "resnet20", "--depth", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split("  ")[0].strip() for line in lines]
    assert names[1:3] == ["input", "[conv1-relu]"]
    run = next(line for line in lines if line.startswith("  [1-2]"))
    assert "2 × BasicBlock" in run
    assert "32 × 16 × 16" in run
    assert lines[-1].split() == ["output", "10", "10"]


def test_graph_saved_as_json_is_drawn_and_saved_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, again = tmp_path / "net.json", tmp_path / "again.json"
    assert main(["graph", "googlenet", "-o", str(file)]) == 0
    assert main(["graph", str(file), "-o", str(again)]) == 0
    assert again.read_bytes() == file.read_bytes()
    drawing = tmp_path / "net.svg"
    command = ["graph", str(file), "--depth", "1", "--numbers", "--dark", "-o", str(drawing)]
    assert main(command) == 0
    text = drawing.read_text("utf-8")
    assert "multiply-adds" in text
    assert "inception4a" in text
    capsys.readouterr()
    assert main(["graph", str(file), "--depth", "0"]) == 0
    assert "inception4a" in capsys.readouterr().out
    # what is read is not written over, and what is no graph is refused
    assert main(["graph", str(file), "-o", str(file)]) == 2
    assert "give another name" in error_line(capsys.readouterr().err)
    file.write_text("{}")
    assert main(["graph", str(file)]) == 1
    assert "is no graph of this program" in error_line(capsys.readouterr().err)


def test_graph_is_checked_with_torchview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", "resnet20", "--depth", "0", "--check"]) == 0
    *outline, sentence = capsys.readouterr().out.splitlines()
    assert outline[-1].startswith("output")
    told = "torchview sees the same: 71 calls of modules and 81 connections between them."
    assert sentence == told
    file = tmp_path / "net.json"
    assert main(["graph", "lenet5", "--check", "-o", str(file)]) == 0
    assert "torchview sees the same: 12 calls" in capsys.readouterr().out
    assert main(["graph", str(file), "--check"]) == 2
    assert "give the network's name" in error_line(capsys.readouterr().err)

    from cnn_explorer.graph.second_opinion import Opinion

    def doubt(*_arguments: object) -> Opinion:
        return Opinion(2, 3, ("a to b",), ())

    monkeypatch.setattr("cnn_explorer.graph.second_opinion.second_opinion", doubt)
    assert main(["graph", "lenet5", "--depth", "0", "--check"]) == 1
    assert capsys.readouterr().out.endswith(
        "torchview sees another network: a to b in this graph alone.\n"
    )


def test_graph_into_a_folder_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graph", "lenet5", "-o", str(tmp_path / "no" / "x.svg")]) == 1
    error_line(capsys.readouterr().err)


def test_activations_as_numbers(digit: Path, tmp_path: Path) -> None:
    import torch

    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.networks.weights import open_network
    from cnn_explorer.probe.preprocess import prepare

    opened = open_network(card_of("lenet5"))
    prepared = prepare(decode_file(digit, lambda _: None), opened.preprocessing)
    modules = dict(opened.model.named_modules())
    layer = next(name for name, module in modules.items() if type(module).__name__ == "Conv2d")
    with torch.no_grad():
        first = modules[layer](torch.from_numpy(prepared.tensor.copy())[None])[0]
        last = opened.model(torch.from_numpy(prepared.tensor.copy())[None])[0]
    file = tmp_path / "maps.npy"
    command = ["activations", str(digit), "--network", "lenet5", "-o", str(file), "--layer"]
    assert main([*command, layer]) == 0
    maps = np.load(file)
    assert maps.dtype == np.float32
    assert np.array_equal(maps, first.numpy())
    block, final = layer.split(".")[0], list(modules)[-1]
    assert main([*command, final]) == 0
    assert np.load(file).shape == (10, 1, 1)
    assert np.array_equal(np.load(file)[:, 0, 0], last.numpy())
    assert main([*command, block]) == 0
    assert np.load(file).ndim == 3


def test_activations_as_a_mosaic(
    digit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "maps.PNG"
    command = ["activations", str(digit), "--network", "squeezenet1_1", "-o", str(file)]
    assert main([*command, "--layer", "features.0"]) == 0
    assert "untrained: these answers mean nothing" in capsys.readouterr().out
    with Image.open(file) as picture:
        assert picture.mode == "RGB"
        assert max(picture.size) >= 500
        assert len(picture.getcolors(1 << 24) or ()) > 100


def test_an_unknown_layer_is_wrong_usage(
    digit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "maps.npy"
    command = ["activations", str(digit), "--network", "lenet5", "-o", str(file)]
    assert main([*command, "--layer", "conv9"]) == 2
    assert 'no layer "conv9"' in error_line(capsys.readouterr().err)
    assert not file.exists()


# wrong usage, help, ends


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["classify"], "required: IMAGE"),
        (["classify", "x.png"], "required: --network"),
        (["classify", "x.png", "--network", "lenet6"], "did you mean lenet5"),
        (["classify", "x.png", "--network", "lenet5", "--top", "0"], "--top"),
        (["classify", "x.png", "--network", "lenet5", "--top", "many"], "--top"),
        (["classify", "x.png", "--network", "lenet5", "--quick"], "--quick"),
        (["classify", "x.png", "--weights", "a", "--weights-version", "b"], "not allowed with"),
        (["inspect"], "required: FILE"),
        (["inspect", "x.pth", "--network", "lenet6"], "did you mean lenet5"),
        (["info"], "NETWORK"),
        (["info", "nothing"], 'no network "nothing"'),
        (["graph"], "NETWORK"),
        (["graph", "lenet5", "--dark"], "give -o FILE to draw"),
        (["graph", "lenet5", "-o", "x.gif"], "x.gif must end in .svg or .png or .pdf"),
        (["graph", "lenet5", "-o", "x.svg", "--depth", "two"], 'nor "all" or "blocks"'),
        (
            ["activations", "x.png", "--network", "lenet5", "--layer", "a", "-o", "x.jpg"],
            "x.jpg must end in .png, .svg, .npy, .npz or .csv, or with a slash",
        ),
        (["snapshot"], "--output"),
        (["snapshot", "-o", "x.jpg"], "x.jpg must end in .png"),
        (["snapshot", "-o", "x.png", "--size", "big"], "1600x1000"),
        (["snapshot", "-o", "x.png", "--size", "100x100"], "200x200"),
        (["snapshot", "-o", "x.png", "--theme", "blue"], "--theme"),
        (["snapshot", "-o", "x.png", "--scale", "nan"], "0.5 to 4"),
        (["lst"], 'did you mean the command "list"'),
        (["/nowhere/x.png"], "there is no picture /nowhere/x.png"),
        (["--nonsense"], "--nonsense"),
        (["--network", "nothing"], 'no network "nothing"'),
        (["a", "b"], "b"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in error_line(err)


@pytest.mark.parametrize("command", ["", *cli._COMMANDS])
def test_help_everywhere(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), "--help"]) == 0
    assert main([*command.split(), "-h"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: {' '.join(['cnn-explorer', *command.split()])} ")
    assert err == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cnn-explorer {__version__}\n"


@pytest.mark.parametrize("place", [0, 1])
def test_debug_shows_where(place: int, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["info", "nothing"]
    arguments.insert(place, "--debug")
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    error_line(err.splitlines()[-1] + "\n")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ExplorerError("this\nfailed."), 1, "this failed.\n"),
        (UsageError("not so."), 2, "not so.\n"),
        (MemoryError(), 1, "there is not enough memory for this.\n"),
        (PermissionError(13, "Permission denied", "x"), 1, "x: Permission denied.\n"),
        (ValueError("odd"), 1, "ValueError: odd (--debug shows where this arose)\n"),
    ],
)
def test_every_error_is_one_line(
    error: Exception,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_name: str) -> None:
        raise error

    monkeypatch.setattr(cli_graph, "graph_of", fail)
    assert main(["info", "lenet5"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert error_line(err) == line


def test_interrupted_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli_graph, "graph_of", interrupt)
    assert main(["info", "lenet5"]) == 130
    assert capsys.readouterr().err == ""


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = (
        "import os, sys; r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
        "from cnn_explorer.cli import main; sys.exit(main(['list', '--json']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ""


# the window's commands


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Stands for the window: notes how it was called."""
    called: dict[str, object] = {}
    app = ModuleType("cnn_explorer.app")

    def run_window(picture: Path | None, network: str | None) -> int:
        called.update(picture=picture, network=network)
        called["platform"] = os.environ.get("QT_QPA_PLATFORM")
        return 0

    def snapshot(output: Path, **settings: object) -> int:
        called.update(output=output, **settings)
        called["platform"] = os.environ.get("QT_QPA_PLATFORM")
        return 0

    app.run_window = run_window  # type: ignore[attr-defined]
    app.snapshot = snapshot  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "cnn_explorer.app", app)
    monkeypatch.setenv("QT_QPA_PLATFORM", "")
    monkeypatch.setattr("cnn_explorer.display.check_display", lambda: "offscreen")
    monkeypatch.setattr("cnn_explorer.display.check_drawing", lambda: None)
    return called


def test_the_window_opens_by_default(
    window: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([]) == 0
    assert window == {"picture": None, "network": None, "platform": "offscreen"}
    monkeypatch.chdir(tmp_path)
    photo = Path("list")
    photo.touch()
    for arguments in (["./list"], ["gui", "list"], ["--", "list"], ["--debug", "gui", "list"]):
        assert main(arguments) == 0
        assert window["picture"] == photo
    assert main(["--network", "lenet5", "./list"]) == 0
    assert window["network"] == "lenet5"
    folder = tmp_path / "folder"
    folder.mkdir()
    assert main([str(folder)]) == 0  # the window says what is wrong with it
    assert window["picture"] == folder


def test_snapshot_hands_all_on(window: dict[str, object]) -> None:
    arguments = ["snapshot", "-o", "w.png", "--network", "lenet5", "--layer", "features"]
    arguments += ["--size", "1280x800", "--theme", "dark", "--tab", "code", "--scale", "2"]
    arguments += ["--colour-by", "macs", "--compare", "lenet5,LeNet-5-1998", "a.png"]
    arguments += ["--fit", "pad", "--region", "10,0,20,30"]
    assert main(arguments) == 0
    framing = window.pop("framing")
    assert callable(framing)
    framed = framing(Picture(np.zeros((40, 40, 3), np.uint8), "a.png"))
    assert framed == Framing("pad", (0.25, 0.0, 0.5, 0.75))
    assert window == {
        "output": Path("w.png"), "network": "lenet5", "layer": "features", "size": (1280, 800),
        "theme": "dark", "picture": Path("a.png"), "tab": "code", "scale": 2.0,
        "platform": "offscreen", "coloured_by": "macs", "compare": ("lenet5", "lenet5-1998"),
    }  # fmt: skip
    for kind in NUMBER_KINDS:
        assert main(["snapshot", "-o", "w.png", "--colour-by", kind.key]) == 0
        assert window["coloured_by"] == kind.key
    assert main(["snapshot", "-o", "w.png"]) == 0
    assert window["coloured_by"] == ""
    assert (window["size"], window["theme"], window["layer"]) == ((1600, 1000), "light", None)


def test_without_qt_the_window_says_so() -> None:
    done = run("gui", QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 2
    assert "PySide6" in error_line(done.stderr)


def test_a_library_that_qt_lacks_is_named(
    window: dict[str, object], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Finder:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "cnn_explorer.app":
                raise ImportError("libEGL.so.1: cannot open shared object file: No such file")

    monkeypatch.delitem(sys.modules, "cnn_explorer.app")
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    for arguments in (["gui"], ["snapshot", "-o", "w.png"]):
        assert main(arguments) == 2
        assert "apt install libegl1" in error_line(capsys.readouterr().err)
    assert window == {}


# what surrounds the command


def in_shell(line: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """A line of the shell in which ``explorer`` is the command."""
    start = (
        'cd "$0"; unset DISPLAY WAYLAND_DISPLAY QT_QPA_PLATFORM; '
        f"explorer() {{ PYTHONPATH='{ROOT}' '{sys.executable}' -m cnn_explorer \"$@\"; }}; "
    )
    return subprocess.run(
        ["bash", "-c", start + line, str(folder)], env={**os.environ, **environ},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_closed_streams(tmp_path: Path) -> None:
    done = in_shell("explorer graph lenet5 -o graph.svg <&- >&- 2>&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "graph.svg").read_text("utf-8").rstrip().endswith("</svg>")
    done = in_shell("explorer list --json >&-", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # what is said goes nowhere, not into the answers
    done = in_shell("explorer classify absent.png --network lenet5 --json 2>&-", tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (1, [])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device that is always full")
def test_a_full_disk_behind_the_output(tmp_path: Path) -> None:
    done = in_shell("explorer list > /dev/full", tmp_path)
    assert done.returncode == 1
    error_line(done.stderr)


def test_a_home_that_cannot_be_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TORCH_HOME", "~nobody-of-that-name/torch")
    assert main(["list"]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_read_is_not_written_over(
    digit: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = digit.read_bytes()
    link = tmp_path / "link.png"
    link.symlink_to(digit)
    for output in (digit, link, tmp_path / "." / digit.name):
        words = ["activations", str(digit), "--network", "lenet5", "--layer", "features.conv1"]
        assert main([*words, "-o", str(output)]) == 2
        assert "another name" in error_line(capsys.readouterr().err)
        assert main(["snapshot", str(digit), "-o", str(output)]) == 2
        error_line(capsys.readouterr().err)
    assert digit.read_bytes() == before


def test_names_do_nothing_to_the_terminal(
    tmp_path: Path, digit: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "red\x1b[31m\nline.png"
    odd.write_bytes(digit.read_bytes())
    assert main(["classify", str(odd), "--network", "lenet5", "--top", "1"]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("\n") == 3
    assert main(["classify", str(odd), "--network", "lenet5", "--weights", "\x1b[2J.pth"]) == 1
    assert "\x1b" not in error_line(capsys.readouterr().err)


def test_a_layer_without_a_name(digit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["activations", str(digit), "--network", "lenet5", "--layer", "", "-o", "x.npy"]
    assert main(words) == 2
    error_line(capsys.readouterr().err)


def test_many_pictures(digit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", *[str(digit)] * 300, "--network", "lenet5", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 300
    assert {answer["classes"][0]["index"] for answer in answers} == {1}


def test_a_network_that_cannot_be_followed_is_drawn_as_its_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise ExplorerError("it looks at values.")

    monkeypatch.setattr("cnn_explorer.graph.module_tree.extract", refuse)
    assert main(["graph", "lenet5", "-o", str(tmp_path / "tree.svg")]) == 0
    assert "Only the modules are shown" in capsys.readouterr().err
    assert "conv" in (tmp_path / "tree.svg").read_text(encoding="utf-8")


def test_graph_with_colours_and_thumbnails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lenet.svg"
    command = ["graph", "lenet5", "-o", str(file), "--colour-by", "macs", "--thumbnails"]
    assert main([*command, str(resource("samples", "digit-7.png"))]) == 0
    text = file.read_text("utf-8")
    assert text.count("<image") == 14  # one a box
    assert "Multiply-adds" in text
    assert "dead" in text
    capsys.readouterr()
    assert main([*command, str(tmp_path / "none.png")]) == 1
    assert "none.png" in error_line(capsys.readouterr().err)
    saved = tmp_path / "net.json"
    assert main(["graph", "lenet5", "-o", str(saved)]) == 0
    capsys.readouterr()
    assert main(["graph", str(saved), *command[2:], "x.png"]) == 2
    assert "cannot be run on a picture" in error_line(capsys.readouterr().err)
