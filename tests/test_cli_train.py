"""The commands ``train`` and ``evaluate``: what they write, say and leave when they are stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from cnn_explorer.cli import main
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.weights import open_network
from tests.training.examples import bars, colours, write_cifar10, write_mnist

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """The commands set torch's threads for their own process; tests share one."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    return write_mnist(tmp_path / "digits", bars(640), bars(40))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_cifar10(tmp_path / "photos", colours(50), colours(20))


def words(command: str, *more: object) -> list[str]:
    return [*command.split(), *map(str, more), "--threads", "1"]


def log_of(folder: Path) -> dict:
    log: dict = json.loads((folder / "lenet5-1998-mnist.log.json").read_text())
    return log


def test_train_writes_weights_card_and_log(
    digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    arguments = words("train lenet5-1998 --epochs 2 --data", digits, "--out", out)
    assert main(arguments) == 0
    assert sorted(path.name for path in out.iterdir()) == [
        "lenet5-1998-mnist.log.json",
        "lenet5-1998-mnist.md",
        "lenet5-1998-mnist.safetensors",
    ]
    said = capsys.readouterr()
    assert said.out == ""
    assert "epoch   2  training loss" in said.err
    assert "right: " in said.err
    weights = out / "lenet5-1998-mnist.safetensors"
    assert open_network(card_of("lenet5-1998"), weights).trained
    card = (out / "lenet5-1998-mnist.md").read_text()
    assert "train lenet5-1998 --data FOLDER --out resources/weights --epochs 2 --seed 0" in card
    assert f"--device cpu --precision {log_of(out)['precision']} --threads 1" in card
    assert "60,850 parameters, float32" in card
    log = log_of(out)
    assert [row["epoch"] for row in log["epochs"]] == [1, 2]
    assert log["recipe"]["epochs"] == 2
    assert log["sample"] == {"pictures": 40, "right": round(0.4 * log["test_accuracy"])}

    assert main(words("evaluate lenet5-1998 --data", digits, "--weights", weights)) == 0
    assert f"{log['test_accuracy']:.2f} %" in capsys.readouterr().out


def test_photos_are_stored_in_half_precision_and_measured_as_they_are_stored(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = words("train resnet20 --epochs 1 --json --data", photos, "--out", tmp_path)
    assert main(arguments) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[0] == "start"
    assert kinds[-2:] == ["epoch", "done"]
    assert events[-1]["files"][0] == str(tmp_path / "resnet20-cifar10.safetensors")
    with safe_open(tmp_path / "resnet20-cifar10.safetensors", "pt") as file:
        kinds = {name: file.get_tensor(name).dtype for name in file.keys()}  # noqa: SIM118
        assert file.metadata()["test_accuracy"] == f"{events[-1]['accuracy']:.2f}"
    assert kinds["conv1.weight"] == torch.float16
    assert kinds["bn1.weight"] == kinds["bn1.running_var"] == torch.float32

    weights = events[-1]["files"][0]
    assert main(words("evaluate resnet20 --json --data", photos, "--weights", weights)) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["accuracy"] == events[-1]["accuracy"]
    assert answer["pictures"] == 20
    assert len(answer["confusion"]) == 10


def test_an_interrupt_saves_and_resuming_goes_on(digits: Path, tmp_path: Path) -> None:
    """In a process of its own, as a person would: Ctrl+C once the second epoch is under way."""
    command = [
        sys.executable, "-m", "cnn_explorer",
        *words("train lenet5 --epochs 40 --json --data", digits, "--out", tmp_path),
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # a job of a script would ignore it, and so would what it starts
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "epoch":
            process.send_signal(signal.SIGINT)
            break
    rest = [json.loads(line) for line in process.stdout]
    assert process.wait(60) == 130
    assert process.stderr.read() == ""
    process.stdout.close()
    process.stderr.close()
    assert rest[-1]["event"] == "stopped"
    checkpoint = Path(rest[-1]["checkpoint"])
    assert checkpoint.is_file()
    assert not (tmp_path / "lenet5-mnist.safetensors").exists()

    state = torch.load(checkpoint, weights_only=True)
    done = state["progress"]["epoch"]
    assert 1 <= done < 40
    # another length would be another recipe: go on with the same one, from where it was
    process = subprocess.Popen(
        [*command, "--resume"], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["epoch"] == done
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "epoch":
            assert event["epoch"] == done + 1
            break
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(60) == 130
    process.stdout.close()


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("train lenet5 --data {missing}", 1, "does not exist"),
        ("train lenet5 --data {data} --out {file}", 1, "cannot be written"),
        ("train lenet5 --data {data} --resume --out {out}", 1, "no checkpoint"),
        ("train lenet5 --data {data} --epochs 0", 2, "not a whole number from 1 up"),
        ("train lenet5 --data {data} --device abacus", 1, 'no device "abacus"'),
        ("train alexnet --data {data}", 2, "no recipe to train AlexNet"),
        ("train nobody --data {data}", 2, "no network"),
        ("train lenet5", 2, "--data"),
        ("evaluate alexnet --data {data}", 2, "imagenet-1k"),
        ("evaluate densenet-bc-100-12 --data {data}", 1, "has no weights at hand"),
    ],
)
def test_what_can_go_wrong_is_one_line(
    command: str,
    code: int,
    message: str,
    digits: Path,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "file"
    file.touch()
    data = photos if "densenet" in command else digits
    text = command.format(missing=tmp_path / "no", data=data, file=file, out=tmp_path / "out")
    assert main(text.split()) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("cnn-explorer: error: ")
    assert said.err.count("\n") == 1
    assert message in said.err
