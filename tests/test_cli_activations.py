"""`activations` and `filters`: which layers are meant, what is written, and that it is true."""

import csv
import json
import os
import signal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from cnn_explorer import cli_layer_files
from cnn_explorer.cli import main
from cnn_explorer.cli_layer_files import file_name
from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.colormaps import colour_table
from cnn_explorer.probe.mosaic import Shading, mosaic
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.session import Session
from cnn_explorer.probe.statistics import statistics_of
from tests.networks.onnx_files import saved, small_net

SEVEN = str(resource("samples", "digit-7.png"))
LENET = ("--network", "lenet5")
CONVOLUTIONS = ("features.conv1", "features.conv2")


def told(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command that succeeds says."""
    assert main([str(word) for word in words]) == 0, capsys.readouterr().err
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], *words: object, code: int = 2) -> str:
    """The one line of a command that fails."""
    assert main([str(word) for word in words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("cnn-explorer: error: ")
    assert err.count("\n") == 1
    return err


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def lenet() -> Session:
    return Session.open(card_of("lenet5"))


@pytest.fixture(scope="module")
def maps(lenet: Session) -> dict[str, np.ndarray]:
    """What all layers of LeNet-5 make of a seven, by name."""
    layers = [name for name, module in lenet.model.named_modules() if not [*module.children()]]
    prepared = prepare(decode_file(Path(SEVEN)), lenet.preprocessing)
    return dict(lenet.run(prepared, layers).activations)


# which layers


def test_several_layers_as_npz(
    maps: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "maps.npz"
    out = told(capsys, "activations", SEVEN, *LENET, "--all", "-o", file)
    assert "12 layers of LeNet-5" in out
    with np.load(file, allow_pickle=False) as found:
        assert list(found) == list(maps)
        for name, values in maps.items():
            assert found[name].dtype == np.float32
            assert np.array_equal(found[name].reshape(values.shape), values)
            assert found[name].ndim == 3


@pytest.mark.parametrize(
    ("patterns", "layers"),
    [
        (["features.conv*"], CONVOLUTIONS),
        (["*conv[12]"], CONVOLUTIONS),
        (["features.conv2", "features.conv?"], ("features.conv2", "features.conv1")),
        (["*.fc3", "flatten"], ("classifier.fc3", "flatten")),
        (["feat*s"], ("features",)),  # blocks, where no layer fits
        (["*Conv1", "flat*"], None),
        (["conv1*"], None),  # of the whole name
    ],
)
def test_patterns(
    patterns: list[str],
    layers: tuple[str, ...] | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "maps.npz"
    words = [word for pattern in patterns for word in ("--layer", pattern)]
    if layers is None:
        text = refused(capsys, "activations", SEVEN, *LENET, *words, "-o", file)
        assert f'no layer fits "{patterns[0]}"' in text
        assert "did you mean features.conv1" in text
        assert not file.exists()
        return
    told(capsys, "activations", SEVEN, *LENET, *words, "-o", file)
    with np.load(file) as found:
        assert tuple(found) == layers


def test_layers_of_a_deep_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "stats.csv"
    out = told(
        capsys, "activations", SEVEN, "--network", "resnet20", "--layer", "layer3.*conv2",
        "--stats", "-o", file,
    )  # fmt: skip
    assert "3 layers of ResNet-20" in out
    assert [row["layer"] for row in rows_of(file)] == [f"layer3.{n}.conv2" for n in range(3)]


def test_training_heads_are_not_among_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("activations", SEVEN, "--network", "googlenet", "--all", "--stats", "--json")
    names = {layer["name"] for layer in json.loads(told(capsys, *words))["layers"]}
    assert "inception4a.concat" in names
    assert not [name for name in names if name.startswith("aux")]
    assert not {"input", "output"} & names
    for more in (["--stats"], ["-o", str(tmp_path / "x.npy")]):
        words = ("activations", SEVEN, "--network", "googlenet", "--layer", "aux1", *more)
        assert "took no part in this run" in refused(capsys, *words, code=1)


def test_functions_are_layers_and_numbers_are_those_of_the_maps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # its ReLUs work in place: what stood there before is told as it was
    words = ("activations", SEVEN, "--network", "torchvision/mnasnet0_5", "--all")
    layers = json.loads(told(capsys, *words, "--stats", "--json"))["layers"]
    assert sum(layer["name"].endswith(".add") for layer in layers) > 3
    file = tmp_path / "maps.npz"
    told(capsys, *words, "-o", file)
    with np.load(file) as found:
        assert list(found) == [layer["name"] for layer in layers]
        for layer in layers:
            values = found[layer["name"]]
            assert (layer["values"], layer["channels"]) == (values.size, len(values))
            assert (layer["minimum"], layer["maximum"]) == (values.min(), values.max())
            assert layer["mean"] == pytest.approx(values.mean(dtype=np.float64), abs=1e-6)


# statistics


def test_statistics_as_json_table_and_csv(
    maps: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("activations", SEVEN, *LENET, "--all", "--stats")
    found = json.loads(told(capsys, *words, "--json"))
    assert (found["network"], found["trained"], found["file"]) == ("lenet5", True, SEVEN)
    file = tmp_path / "stats.csv"
    told(capsys, *words, "-o", file)
    table = told(capsys, *words).splitlines()
    assert table[0].split()[:3] == ["layer", "channels", "values"]
    rows = rows_of(file)
    for (name, values), layer, row, line in zip(
        maps.items(), found["layers"], rows, table[1:], strict=True
    ):
        wanted = statistics_of(values)
        assert layer["name"] == row["layer"] == line.split()[0] == name
        assert layer["values"] == int(row["values"]) == values.size
        assert layer["channels"] == int(row["channels"]) == len(values)
        assert layer["mean"] == float(row["mean"]) == wanted.mean
        assert layer["deviation"] == float(row["standard deviation"]) == wanted.deviation
        assert layer["maximum"] == float(row["maximum"]) == values.max()
        assert layer["zeros"] == float(row["share of zeros"]) == wanted.zeros
        assert layer["dead"] == int(row["dead channels"]) == wanted.dead
        assert line.split()[3] == f"{wanted.mean:.4g}"


def test_statistics_keep_no_maps(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    run = Session.run

    def noted(self: Session, prepared: Any, layers: Any = (), *rest: Any, **more: Any) -> Any:
        asked.append(tuple(layers))
        return run(self, prepared, layers, *rest, **more)

    monkeypatch.setattr(Session, "run", noted)
    told(capsys, "activations", SEVEN, *LENET, "--all", "--stats")
    assert asked == []  # outputs are read as they come


def test_failures_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = Session.open(card_of("lenet5")).model
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state["features.conv1.weight"].zero_()
    state["features.conv1.bias"].fill_(-1)
    weights = tmp_path / "dead.safetensors"
    save_file(state, weights)
    words = ("activations", SEVEN, *LENET, "--weights", weights, "--all", "--stats")
    lines = told(capsys, *words).splitlines()
    said = "features.conv1 is constant: All values are about −1: they differ by "
    assert lines[13].startswith(said)
    assert lines[14].startswith("features.relu1 is all zero: All values are 0: nothing of the ")
    assert lines[14].endswith(" So is the layer behind it.")
    found = {layer["name"]: layer for layer in json.loads(told(capsys, *words, "--json"))["layers"]}
    assert found["features.pool1"]["failure"]["kind"] == "all zero"
    assert found["features.pool1"]["failure"]["since"] == "features.relu1"
    assert found["classifier.fc5"]["failure"] is None
    file = tmp_path / "s.csv"
    told(capsys, *words, "-o", file)
    assert [row["failure"] for row in rows_of(file)][:3] == ["constant", "all zero", "all zero"]


def test_channels_of_one_layer_as_csv(
    maps: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "channels.csv"
    words = ("activations", SEVEN, *LENET, "--layer", "features.relu2", "-o", file)
    told(capsys, *words)
    wanted = statistics_of(maps["features.relu2"]).channels
    rows = rows_of(file)
    assert [int(row["channel"]) for row in rows] == list(range(16))
    assert [float(row["mean"]) for row in rows] == wanted.mean.tolist()
    assert [float(row["maximum"]) for row in rows] == wanted.maximum.tolist()
    told(capsys, *words, "--sort", "maximum", "--hide-dead")
    rows = rows_of(file)
    assert len(rows) == 16 - int(wanted.dead.sum())
    most = [float(row["maximum"]) for row in rows]
    assert most == sorted(most, reverse=True)
    # with --stats there is a row for the layer
    told(capsys, *words, "--stats")
    assert [row["layer"] for row in rows_of(file)] == ["features.relu2"]


# figures


def test_a_figure_and_the_plain_tiles(
    maps: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("activations", SEVEN, *LENET, "--layer", "features.relu1")
    figure, plain = tmp_path / "figure.png", tmp_path / "plain.png"
    told(capsys, *words, "-o", figure)
    told(capsys, *words, "-o", plain, "--plain", "--columns", "6", "--colours", "magma",
         "--scale", "fixed", "--range", "0", "2", "--dark")  # fmt: skip
    with Image.open(figure) as drawn, Image.open(plain) as tiles:
        assert drawn.size[0] >= tiles.size[1]
        pixels = np.asarray(tiles)
    codes = mosaic(maps["features.relu1"], Shading("fixed", low=0, high=2), columns=6).pixels
    colours = colour_table("magma", tuple(pixels[0, 0].tolist()))[codes]
    # a row of values in the middle of the tiles, each as a run of equal pixels
    row = pixels[pixels.shape[0] // 2]
    seen = [tuple(row[0])]
    seen += [tuple(b) for a, b in pairwise(row) if tuple(a) != tuple(b)]
    wanted = colours[colours.shape[0] // 2]
    runs = [tuple(wanted[0])]
    runs += [tuple(b) for a, b in pairwise(wanted) if tuple(a) != tuple(b)]
    assert [c for c in seen if c != seen[0]] == [c for c in runs if c != seen[0]]


def test_figures_say_what_they_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.svg"
    words = ("activations", SEVEN, *LENET, "-o", file, "--layer")
    told(capsys, *words, "features.relu2", "--sort", "mean", "--hide-dead", "--clip", "2",
         "--scale", "layer", "--gamma", "0.5")  # fmt: skip
    text = file.read_text("utf-8")
    for part in ("LeNet-5 · features.relu2", " of 16 channels, 10 × 10 · by mean",
                 "2 % of the values at each end lie beyond", "gamma 0.5"):  # fmt: skip
        assert part in text
    assert "untrained" not in text
    told(capsys, *words, "features.conv2")
    assert "−largest of each" in file.read_text("utf-8")  # signed: zero in the middle
    told(
        capsys, "activations", SEVEN, "--network", "squeezenet1_1", "--layer", "features.0",
        "-o", file,
    )  # fmt: skip
    assert "untrained: these answers mean nothing" in file.read_text("utf-8")


def test_a_folder_gets_a_file_a_layer(
    maps: dict[str, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "maps"
    words = ("activations", SEVEN, *LENET, "--layer", "features.*")
    assert "6 layers" in told(capsys, *words, "-o", folder)
    names = [name for name in maps if name.startswith("features.")]
    assert sorted(p.name for p in folder.iterdir()) == sorted(f"{name}.png" for name in names)
    told(capsys, *words, "-o", folder, "--format", "npy")
    for name in names:
        assert np.array_equal(np.load(folder / f"{name}.npy"), maps[name])
    one = tmp_path / "layer1.0"  # a dot makes no ending where a slash follows
    told(capsys, "activations", SEVEN, *LENET, "--layer", "flatten", "-o", f"{one}{os.sep}",
         "--format", "svg")  # fmt: skip
    assert [p.name for p in one.iterdir()] == ["flatten.svg"]


def test_names_of_files_are_safe_and_their_own() -> None:
    assert file_name("layer1.0.conv2") == "layer1.0.conv2"
    assert file_name("relu#2") == "relu-2"
    assert file_name("a/../b\\c:d") == "a-..-b-c-d"
    assert file_name("../..") == file_name("…") == "layer"
    assert file_name("aux") == "layer-aux"
    assert file_name("CON.1") == "layer-CON.1"
    assert len(file_name("x" * 999)) <= 110
    target = cli_layer_files.Target(Path("d"), ".png", folder=True)
    paths = cli_layer_files._in_folder(target, ["a/b", "A-b", "a-b", "c"])
    assert [p.name for p in paths] == ["a-b.png", "A-b-2.png", "a-b-3.png", "c.png"]


def test_what_cannot_be_drawn_is_left_out_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cnn_explorer.probe.figures.MOST_VALUES", 1000)
    folder = tmp_path / "f"
    words = ["activations", SEVEN, *LENET, "-o", str(folder), "--layer"]
    assert main([*words, "features.*"]) == 0
    out, err = capsys.readouterr()
    assert "one layer of LeNet-5" in out
    assert "4,704 values are too many" in err
    assert err.count("\n") == 5
    assert sorted(p.name for p in folder.iterdir()) == ["features.pool2.png"]
    assert "too many" in refused(capsys, *words, "features.conv1", code=1)


# filters


def test_weights_as_npz_and_npy(
    lenet: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {name: tensor.numpy() for name, tensor in lenet.model.state_dict().items()}
    file = tmp_path / "weights.npz"
    assert "the weights of 5 layers" in told(capsys, "filters", *LENET, "--all", "-o", file)
    with np.load(file, allow_pickle=False) as found:
        assert set(found) == set(state)
        for name, values in state.items():
            assert np.array_equal(found[name], values)
    one = tmp_path / "w.npy"
    words = ("filters", *LENET, "--layer", "features.conv2", "-o", one)
    told(capsys, *words)
    assert np.array_equal(np.load(one), state["features.conv2.weight"])
    told(capsys, *words, "--output-channel", "5")
    assert np.array_equal(np.load(one), state["features.conv2.weight"][5])
    assert "output channels from 0 to 15" in refused(capsys, *words, "--output-channel", "16")


def test_statistics_of_weights(
    lenet: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = {name: tensor.double().numpy() for name, tensor in lenet.model.state_dict().items()}
    found = json.loads(told(capsys, "filters", *LENET, "--all", "--stats", "--json"))["layers"]
    file = tmp_path / "w.csv"
    told(capsys, "filters", *LENET, "--all", "--stats", "-o", file)
    for layer, row in zip(found, rows_of(file), strict=True):
        weight = state[f"{layer['name']}.weight"]
        norms = np.sqrt((weight**2).reshape(len(weight), -1).sum(axis=1))
        assert layer["shape"] == list(weight.shape)
        assert row["shape"] == " x ".join(map(str, weight.shape))
        assert layer["norm"] == pytest.approx(np.sqrt((weight**2).sum()))
        assert layer["smallest_norm"] == pytest.approx(norms.min())
        assert float(row["largest norm of an output"]) == pytest.approx(norms.max())
        assert layer["mean"] == pytest.approx(weight.mean(), abs=1e-8)
        assert layer["deviation"] == pytest.approx(weight.std())
    table = told(capsys, "filters", *LENET, "--layer", "*.conv?", "--stats").splitlines()
    assert [line.split()[0] for line in table] == ["layer", *CONVOLUTIONS]


def test_kernels_as_rows(
    lenet: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weight = lenet.model.state_dict()["features.conv2.weight"].double().numpy()
    norms = np.sqrt((weight**2).sum(axis=(1, 2, 3)))
    file = tmp_path / "k.csv"
    words = ("filters", *LENET, "--layer", "features.conv2", "--sort", "norm", "-o", file)
    told(capsys, *words)
    rows = rows_of(file)
    assert [int(row["output"]) for row in rows] == np.argsort(-norms).tolist()
    assert [float(row["norm"]) for row in rows] == pytest.approx(sorted(norms, reverse=True))
    told(capsys, *words, "--output-channel", "3")
    ones = np.sqrt((weight[3] ** 2).sum(axis=(1, 2)))
    assert [int(row["input"]) for row in rows_of(file)] == np.argsort(-ones).tolist()


@pytest.mark.parametrize(
    ("network", "layer", "more", "words"),
    [
        ("lenet5", "features.conv1", [], "6 of 6 kernels, 5 × 5"),
        ("lenet5", "features.conv2", ["--sort", "norm"],
         "16 outputs (rows), 6 inputs (columns), 5 × 5 · by norm"),
        ("lenet5", "features.conv2", ["--output-channel", "3", "--dark"], "6 of 6 kernels, 5 × 5"),
        ("lenet5", "classifier.fc5", [], "10 outputs (rows), 84 inputs (columns)"),
        ("lenet5", "classifier.fc5", ["--output-channel", "3"], "84 of 84 values"),
        ("resnet20", "conv1", [], "16 of 16 kernels, 3 × 3 × 3"),
        ("resnet20", "conv1", ["--colours", "grey"], "16 outputs (rows), 3 inputs (columns)"),
        ("resnet20", "bn1", [], "16 of 16 values"),
        ("alexnet-2012", "features.conv2", [],
         "256 outputs (rows), each 48 of 96 inputs (columns), 5 × 5"),
        ("alexnet-2012", "features.conv2", ["--output-channel", "200"], ">48</text>"),
        ("lenet5-1998", "features.c3", [], "60 kernels, input → output, 5 × 5"),
        ("lenet5-1998", "features.c3", ["--output-channel", "3"], ">5</text>"),
    ],
)  # fmt: skip
def test_figures_of_kernels(
    network: str, layer: str, more: list[str], words: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = tmp_path / "k.svg"
    told(capsys, "filters", "--network", network, "--layer", layer, "-o", file, *more)
    text = file.read_text("utf-8")
    assert words in text
    assert layer in text


def test_layers_without_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "k.png"
    words = ("filters", *LENET, "-o", file, "--layer")
    assert '"features.relu1" has no weights' in refused(capsys, *words, "features.relu1")
    assert 'no layer fits "*relu*"' in refused(capsys, *words, "*relu*")
    assert "5 layers are meant" in refused(capsys, *words, "*")
    assert "leave out --columns" in refused(capsys, *words, "features.conv2", "--columns", "4")
    assert not file.exists()


# ONNX files


def test_onnx_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(small_net(), tmp_path / "net.onnx")
    words = (SEVEN, "--network", path)
    file = tmp_path / "maps.npz"
    told(capsys, "activations", *words, "--all", "-o", file)
    with np.load(file) as found:
        assert list(found) == ["conv", "relu", "pool", "flatten", "fc"]
        assert np.array_equal(found["relu"], np.maximum(found["conv"], 0))
    layers = json.loads(told(capsys, "activations", *words, "--all", "--stats", "--json"))["layers"]
    assert [layer["name"] for layer in layers] == ["conv", "relu", "pool", "flatten", "fc"]
    assert layers[1]["minimum"] == 0
    told(capsys, "filters", "--network", path, "--all", "-o", file)
    with np.load(file) as found:
        assert list(found) == ["conv.weight", "conv.bias", "fc.weight"]
    told(capsys, "filters", "--network", path, "--layer", "c*", "-o", tmp_path / "k.png")
    text = refused(capsys, "activations", *words, "--layer", "cnov", "--stats")
    assert "did you mean conv" in text


# what goes wrong


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--layer", "features.conv1"], "give -o FILE"),
        (["--stats"], "one of the arguments --layer --all is required"),
        (["--all", "--layer", "a", "--stats"], "not allowed with"),
        (["--all", "-o", "x.png"], "12 layers are meant, and x.png takes one"),
        (["--all", "-o", "x.csv"], ".csv with --stats"),
        (["--all", "--stats", "-o", "x.npz"], "--stats are saved as .csv"),
        (["--all", "--stats", "-o", "folder/"], "--stats are saved as .csv"),
        (["--all", "--stats", "--json", "-o", "x.csv"], "--json is for --stats"),
        (["--all", "--json", "-o", "x.npz"], "--json is for --stats"),
        (["--all", "--format", "svg", "-o", "x.npz"], "--format is for a folder"),
        (["--all", "--dark", "-o", "x.npz"], "--dark is for pictures"),
        (["--all", "--stats", "--hide-dead"], "--hide-dead is for pictures and rows"),
        (["--layer", "flatten", "--gamma", "2", "-o", "x.csv"], "--gamma is for pictures"),
        (["--layer", "flatten", "--scale", "fixed", "-o", "x.png"], "--range LOW HIGH"),
        (["--layer", "flatten", "--range", "2", "1", "-o", "x.png"], "the smaller one"),
        (["--layer", "flatten", "--range", "nan", "1", "-o", "x.png"], "two numbers"),
        (["--layer", "flatten", "--scale", "layer", "--range", "0", "1", "-o", "x.png"],
         "not for --scale layer"),
        (["--layer", "flatten", "--clip", "50", "-o", "x.png"], "from 0 up to below 50"),
        (["--layer", "flatten", "--gamma", "0", "-o", "x.png"], "from 0.05 to 20"),
        (["--layer", "flatten", "--colours", "jet", "-o", "x.png"], "--colours"),
        (["--layer", "flatten", "--sort", "effect", "-o", "x.png"], "--sort"),
    ],
)  # fmt: skip
def test_wrong_usage(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, "activations", SEVEN, *LENET, *words)
    assert not list(tmp_path.iterdir())


def test_inputs_are_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "flatten.png"
    picture.write_bytes(Path(SEVEN).read_bytes())
    words = ("activations", picture, *LENET, "--layer", "flatten", "-o")
    assert "another name" in refused(capsys, *words, picture)
    assert "another name" in refused(capsys, *words, tmp_path)  # its file in the folder
    assert picture.read_bytes() == Path(SEVEN).read_bytes()


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("activations", SEVEN, *LENET, "--layer", "flatten", "-o")
    for place in ("no/x.png", "no/x.csv", "no/x.npz", "no/folder/"):
        refused(capsys, *words, tmp_path / place if place[-1] != "/" else f"{tmp_path}/{place}",
                code=1)  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_interrupted_without_half_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(path: Path) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return decode_file(path)

    monkeypatch.setattr("cnn_explorer.media.decode.decode_file", interrupted)
    for words in (["-o", str(tmp_path / "a.npz")], ["--stats"]):
        assert main(["activations", SEVEN, *LENET, "--all", *words]) == 130
        assert capsys.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())


def test_names_from_elsewhere_are_no_formulas(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = small_net()
    model.graph.node[0].name = "=cmd()"
    path = saved(model, tmp_path / "net.onnx")
    file = tmp_path / "s.csv"
    told(capsys, "activations", SEVEN, "--network", path, "--all", "--stats", "-o", file)
    assert not [row["layer"] for row in rows_of(file) if row["layer"].startswith("=")]
    told(capsys, "filters", "--network", path, "--all", "--stats", "-o", file)
    assert not [row["layer"] for row in rows_of(file) if row["layer"].startswith("=")]
