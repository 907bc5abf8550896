"""``cnn-explorer weights``: its lists, its lines of JSON, its ends, and that it needs no torch."""

import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from cnn_explorer import cli_weights
from cnn_explorer.cli import main
from cnn_explorer.cli_parts import stoppable
from cnn_explorer.errors import Cancelled
from cnn_explorer.networks import catalog
from cnn_explorer.networks import download as downloading
from cnn_explorer.networks.card import WeightsEntry
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.download import Transfer
from tests.web_server import (
    CONTENT,
    WebServer,
    entry_of,
    ranged,
    says,
    serving,
    stalled_after,
    without_proxies,
)

ROOT = str(Path(__file__).resolve().parents[1])
OLDER = CONTENT[::-1]

MB = 1 << 20


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torch's cache, not made yet; no proxies, no pauses."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    without_proxies(monkeypatch)
    monkeypatch.setattr(downloading, "_PAUSES", (0.0, 0.0, 0.0))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def entries(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> tuple[WeightsEntry, ...]:
    """What ResNet-50 has for weights as long as the test runs."""
    best = entry_of(server, tag="ImageNet V2", top5=80.0)
    older = entry_of(server, OLDER, tag="ImageNet V1", accuracy=None, size=0)
    card = dataclasses.replace(card_of("resnet50"), weights=(best, older))
    networks = MappingProxyType({**catalog.ALL, "resnet50": card})
    monkeypatch.setattr(catalog, "ALL", networks)
    monkeypatch.setattr(cli_weights, "ALL", networks)
    return card.weights


def start(entries: Sequence[WeightsEntry], *arguments: str) -> "subprocess.Popen[str]":
    """The command in a process of its own, where no Qt can be imported and no torch is wanted."""
    code = (
        "import dataclasses, signal, sys, tests.no_qt\n"
        "from cnn_explorer.networks import catalog\n"
        "from cnn_explorer.networks.card import WeightsEntry\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"card = dataclasses.replace(catalog.card_of('resnet50'), weights={entries!r})\n"
        "catalog.ALL = {**catalog.ALL, 'resnet50': card}\n"
        "from cnn_explorer.cli import main\n"
        "code = main(['weights', *sys.argv[1:]])\n"
        "assert 'torch' not in sys.modules\n"
        "sys.exit(code)"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def error_line(text: str) -> str:
    assert text.startswith("cnn-explorer: error: "), text
    assert text.endswith(".\n")
    assert text.count("\n") == 1
    return text.removeprefix("cnn-explorer: error: ")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# list


def test_list_as_json(
    entries: tuple[WeightsEntry, ...], hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.mkdir(parents=True)
    (hub / entries[1].file).write_bytes(b"12345")
    assert main(["weights", "list", "--json"]) == 0
    rows = {(row["network"], row["tag"]): row for row in json.loads(capsys.readouterr().out)}
    lenet = rows["lenet5", "MNIST"]
    assert (lenet["state"], lenet["top1"], lenet["url"]) == (
        "shipped",
        card_of("lenet5").weights[0].accuracy,
        None,
    )
    assert lenet["size"] == Path(lenet["path"]).stat().st_size
    assert rows["resnet50", "ImageNet V2"] == {
        "network": "resnet50", "tag": "ImageNet V2", "file": entries[0].file,
        "size": len(CONTENT), "top1": 50.0, "top5": 80.0, "state": "not downloaded",
        "path": None, "url": entries[0].url, "terms": None, "licence": None,
    }  # fmt: skip
    older = rows["resnet50", "ImageNet V1"]
    assert (older["state"], older["size"]) == ("downloaded", 5)
    assert older["path"] == str(hub / entries[1].file)
    assert main(["weights", "list", "resnet50", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert main(["weights", "list", "zfnet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_every_network_with_weights_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list", "--json"]) == 0
    listed = {row["network"] for row in json.loads(capsys.readouterr().out)}
    assert listed == {name for name, card in catalog.ALL.items() if card.weights}
    assert "torchvision/swin_t" in listed


def test_verify_looks_at_every_network(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub.mkdir(parents=True)
    entry = card_of("torchvision/swin_t").weights[0]
    (hub / entry.file).write_bytes(b"damaged")
    assert main(["weights", "verify"]) == 1
    assert entry.file in capsys.readouterr().err


SWAG = "https://github.com/facebookresearch/SWAG/blob/main/LICENSE"


def test_terms_of_ones_own_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list", "torchvision/vit_b_16", "--json"]) == 0
    rows = {row["tag"]: row for row in json.loads(capsys.readouterr().out)}
    swag, usual = rows["ImageNet SWAG E2E V1"], rows["ImageNet V1"]
    assert (swag["terms"], swag["licence"]) == ("CC BY-NC 4.0", SWAG)
    assert (usual["terms"], usual["licence"]) == (None, None)
    assert main(["weights", "list", "torchvision/vit_b_16"]) == 0
    note = capsys.readouterr().out.splitlines()[-1]
    assert note.startswith(f"CC BY-NC 4.0 ({SWAG}): vit_b_16_swag-")
    assert main(["weights", "list", "resnet50"]) == 0
    assert "CC BY" not in capsys.readouterr().out


def test_terms_of_ones_own_are_told_before_a_download(
    server: WebServer, entries: tuple[WeightsEntry, ...], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server.plan = [ranged(CONTENT), ranged(OLDER)]
    entry = dataclasses.replace(entries[0], licence=SWAG)
    card = dataclasses.replace(card_of("resnet50"), weights=(entry, entries[1]))
    monkeypatch.setattr(catalog, "ALL", {**catalog.ALL, "resnet50": card})
    assert main(["weights", "download", "resnet50"]) == 0
    assert capsys.readouterr().err.splitlines()[0] == (
        f"{entry.file} has terms of its own, CC BY-NC 4.0: {SWAG}"
    )
    assert main(["weights", "download", "resnet50", "--version", "v1"]) == 0
    assert "terms" not in capsys.readouterr().err


def test_list_for_people(
    entries: tuple[WeightsEntry, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "list", "resnet50"]) == 0
    title, best, older = capsys.readouterr().out.splitlines()
    assert title.split() == ["network", "version", "size", "top-1", "state", "file"]
    assert "ImageNet V2  0.3 MB  50.0 %  not downloaded" in best
    assert older.split()[3:5] == ["?", "?"]
    assert entries[1].file in older


# download


def test_download_for_people(
    server: WebServer,
    entries: tuple[WeightsEntry, ...],
    hub: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["weights", "download", "resnet50"]) == 0
    assert capsys.readouterr() == (f"{hub / entries[0].file}\n", "")
    assert main(["weights", "download", "resnet50"]) == 0  # it is there: no network
    assert capsys.readouterr() == (f"{hub / entries[0].file}\n", "")
    assert len(server.requests) == 1


def test_download_in_lines_of_json(entries: tuple[WeightsEntry, ...], hub: Path) -> None:
    child = start(entries, "download", "resnet50", "--json")
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    *progress, done = map(json.loads, out.splitlines())
    path = hub / entries[0].file
    assert done == {"event": "done", "file": path.name, "path": str(path)}
    assert path.read_bytes() == CONTENT
    for event in progress:
        assert set(event) == {"event", "file", "done", "total", "speed"}
        assert (event["event"], event["file"]) == ("progress", path.name)
        assert event["total"] == len(CONTENT)
    assert progress[-1]["done"] == len(CONTENT)


def test_every_version(
    server: WebServer,
    entries: tuple[WeightsEntry, ...],
    hub: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.plan = [ranged(), ranged(OLDER)]
    assert main(["weights", "download", "resnet50", "--all", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    done = [event["file"] for event in events if event["event"] == "done"]
    assert done == [entry.file for entry in entries]
    assert names(hub) == sorted(done)


@pytest.mark.parametrize(
    "tag", ["ImageNet V1", "imagenet v1", "V1", "v1", "IMAGENET1K_V1", "imagenet-v1"]
)
def test_a_version_by_any_of_its_names(
    tag: str,
    server: WebServer,
    entries: tuple[WeightsEntry, ...],
    hub: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.plan = [ranged(OLDER)]
    assert main(["weights", "download", "resnet50", "--version", tag]) == 0
    assert capsys.readouterr().out == f"{hub / entries[1].file}\n"


def test_what_comes_with_the_program_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "download", "lenet5", "--json"]) == 0
    event = json.loads(capsys.readouterr().out)
    assert event["event"] == "done"
    assert Path(event["path"]).is_file()


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_download_that_fails_is_one_line(
    options: list[str],
    server: WebServer,
    hub: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    server.plan = [says(404)]
    assert main(["weights", "download", "resnet50", *options]) == 1
    out, err = capsys.readouterr()
    assert "has no such file (404)" in error_line(err)
    assert '"done"}' not in out
    assert names(hub) == []


def test_no_weights_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "download", "zfnet"]) == 1
    assert "nobody has published weights for ZFNet" in error_line(capsys.readouterr().err)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_signal_stops_it_and_leaves_what_came(
    number: signal.Signals,
    options: list[str],
    server: WebServer,
    entries: tuple[WeightsEntry, ...],
    hub: Path,
) -> None:
    server.plan = [stalled_after(120_000), ranged()]
    child = start(entries, "download", "resnet50", *options)
    part = hub / f"{entries[0].file}.part"
    if options:
        assert child.stdout is not None
        while json.loads(child.stdout.readline())["done"] < 120_000:  # the lines do not wait
            pass
    else:
        assert server.stalled.wait(30)
        while part.stat().st_size < 120_000:
            pass
    child.send_signal(number)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (130, "")
    assert part.read_bytes() == CONTENT[:120_000]
    assert main(["weights", "download", "resnet50"]) == 0
    assert server.requests[1].headers["Range"] == "bytes=120000-"
    assert names(hub) == [entries[0].file]


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_a_second_signal_is_not_held_back() -> None:
    before = handlers()
    told: list[float] = []
    with stoppable(told.append) as checkpoint:
        checkpoint(0.5)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Cancelled):
            checkpoint(0.6)
        assert handlers() == before
    assert handlers() == before
    assert told == [0.5]

    def elsewhere() -> None:  # where no signal arrives
        with stoppable(told.append) as checkpoint:
            checkpoint(0.7)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert told == [0.5, 0.7]


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable() as checkpoint:
            signal.raise_signal(signal.SIGINT)
            checkpoint(0.5)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_reader_that_leaves_stops_it(
    server: WebServer, entries: tuple[WeightsEntry, ...], hub: Path
) -> None:
    server.plan = [stalled_after(120_000)]
    child = start(entries, "download", "resnet50", "--json")
    assert child.stdout is not None
    assert child.stderr is not None
    while json.loads(child.stdout.readline())["done"] < 120_000:
        pass
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait(30) == 1
    assert names(hub) == [f"{entries[0].file}.part", f"{entries[0].file}.part.json"]


# progress for people


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal_is_one_line_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "60")
    with cli_weights._Progress("net.pth") as progress:
        progress(Transfer(int(42.1 * MB), int(97.8 * MB), 8.3 * MB))
        progress(Transfer(int(97.8 * MB), int(97.8 * MB), 8.3 * MB))
    first, second = terminal.getvalue().removeprefix("\r").removesuffix("\n").split("\r")
    assert first == "net.pth: 43 % 42.1 of 97.8 MB, 8.3 MB/s, 7 s left"
    assert second.rstrip() == "net.pth: 100 % 97.8 of 97.8 MB, 8.3 MB/s"
    assert len(second) >= len(first)  # nothing of the first is left standing
    monkeypatch.setenv("COLUMNS", "20")
    with cli_weights._Progress("net.pth") as progress:
        progress(Transfer(int(42.1 * MB), int(97.8 * MB), 8.3 * MB))
    assert terminal.getvalue().endswith("\rnet.pth: 43 % 42.1 \n")


def test_progress_elsewhere_is_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(cli_weights.time, "monotonic", lambda: now[0])
    with cli_weights._Progress("net.pth") as progress:
        for now[0] in range(25):
            progress(Transfer(now[0] * MB, int(97.8 * MB), MB))
    assert capsys.readouterr().err.splitlines() == [
        "net.pth: 10 % 10.0 of 97.8 MB, 1.0 MB/s, 1 min 28 s left",
        "net.pth: 20 % 20.0 of 97.8 MB, 1.0 MB/s, 1 min 18 s left",
    ]


@pytest.mark.parametrize(
    ("transfer", "text"),
    [
        (Transfer(0, None, 0.0), "0.0 MB, 0.0 MB/s"),
        (Transfer(5 * MB, None, 2 * MB), "5.0 MB, 2.0 MB/s"),
        (Transfer(0, 10 * MB, 0.0), "0 % 0.0 of 10.0 MB, 0.0 MB/s"),
        (Transfer(10 * MB - 1, 10 * MB, 1e3), "99 % 10.0 of 10.0 MB, 0.0 MB/s, 1 s left"),
        (Transfer(0, 500 * MB, 0.1 * MB), "0 % 0.0 of 500.0 MB, 0.1 MB/s, 1 h 23 min left"),
        (Transfer(11, 10, 1e5), "100 % 0.0 of 0.0 MB, 0.1 MB/s"),
    ],
)
def test_progress_in_words(transfer: Transfer, text: str) -> None:
    assert cli_weights._told(transfer) == text


# path and verify


def test_path(
    entries: tuple[WeightsEntry, ...], hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, older = entries
    assert main(["weights", "path", "resnet50"]) == 1
    message = error_line(capsys.readouterr().err)
    assert "no weights of ResNet-50 are at hand" in message
    assert '"cnn-explorer weights download resnet50" gets them' in message
    hub.mkdir(parents=True)
    (hub / older.file).touch()
    assert main(["weights", "path", "resnet50"]) == 0  # what the program would use
    assert capsys.readouterr().out == f"{hub / older.file}\n"
    assert main(["weights", "path", "resnet50", "--version", "v1"]) == 0
    assert capsys.readouterr().out == f"{hub / older.file}\n"
    assert main(["weights", "path", "resnet50", "--version", "v2"]) == 1
    assert '"ImageNet V2" of ResNet-50 are not at hand' in error_line(capsys.readouterr().err)
    (hub / best.file).touch()
    assert main(["weights", "path", "resnet50"]) == 0
    assert capsys.readouterr().out == f"{hub / best.file}\n"
    assert main(["weights", "path", "zfnet"]) == 1
    assert "nobody has published" in error_line(capsys.readouterr().err)


def test_a_path_is_told_without_torch(entries: tuple[WeightsEntry, ...], hub: Path) -> None:
    hub.mkdir(parents=True)
    (hub / entries[0].file).write_bytes(CONTENT)
    for action in ("path", "verify", "list", "download"):
        child = start(entries, action, "resnet50")
        out, err = child.communicate(timeout=60)
        assert (child.returncode, err) == (0, "")
        assert entries[0].file in out


def test_verify(
    entries: tuple[WeightsEntry, ...], hub: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, older = entries
    assert main(["weights", "verify", "resnet50"]) == 1
    assert "no weights of ResNet-50 are at hand" in error_line(capsys.readouterr().err)
    hub.mkdir(parents=True)
    (hub / best.file).write_bytes(CONTENT)
    (hub / older.file).write_bytes(CONTENT)
    assert main(["weights", "verify", "resnet50", "--version", "V2"]) == 0
    assert capsys.readouterr().out == f"{hub / best.file}: sound\n"
    assert main(["weights", "verify"]) == 1
    out, err = capsys.readouterr()
    assert f"{hub / best.file}: sound\n" in out
    assert "lenet5-mnist.safetensors: sound\n" in out
    message = error_line(err)
    assert f"{hub / older.file} is damaged" in message
    assert '"cnn-explorer weights download resnet50 --version v1" gets it again' in message


# wrong usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "required: ACTION"),
        (["get"], "invalid choice"),
        (["download"], "required: NAME"),
        (["download", "resnet5"], "did you mean"),
        (["download", "resnet50", "--version", "V9"], 'no weights "V9": known are "ImageNet V2"'),
        (["download", "resnet50", "--version", ""], 'has no weights ""'),
        (["download", "resnet50", "--version", "V1", "--all"], "not allowed with"),
        (["download", "zfnet", "--version", "V1"], "nobody has published"),
        (["path"], "required: NAME"),
        (["verify", "--version", "V1"], "needs the NAME of a network"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", *arguments]) in (1, 2)
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("action", ["list", "download", "path", "verify"])
def test_help_for_every_action(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", action, "--help"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"usage: cnn-explorer weights {action} ")
    assert err == ""


def test_debug_shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--debug", "path", "zfnet"], ["path", "zfnet", "--debug"]):
        assert main(["weights", *arguments]) == 1
        assert capsys.readouterr().err.startswith("Traceback")
