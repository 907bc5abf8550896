"""Downloads by another process: what it tells is told on, and it ends when it is told to."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import cnn_explorer
from cnn_explorer.gui.state import own_command as module
from cnn_explorer.gui.state.downloads import (
    DownloadCancelled,
    Downloaded,
    DownloadFailed,
    DownloadProgress,
    Downloads,
    Wanted,
)
from cnn_explorer.gui.state.own_command import own_command

FAKE = str(Path(__file__).with_name("fake_download.py"))


class Heard:
    """All that downloads tell, in order."""

    def __init__(self, downloads: Downloads) -> None:
        self.events: list[object] = []
        for signal in (
            downloads.progressed, downloads.finished, downloads.failed, downloads.cancelled
        ):  # fmt: skip
            signal.connect(self.events.append)


@pytest.fixture
def downloads(qapp: object) -> Iterator[Downloads]:
    assert qapp is not None
    made = Downloads(command=(sys.executable, FAKE))
    yield made
    made.close()
    made.deleteLater()


def test_progress_and_the_end_are_told(qtbot: QtBot, downloads: Downloads) -> None:
    heard = Heard(downloads)
    with qtbot.waitSignal(downloads.finished, timeout=30_000):
        downloads.start("good", "ImageNet V1")
        downloads.start("good", "ImageNet V1")  # twice is once
    wanted = Wanted("good", "ImageNet V1")
    assert heard.events == [
        DownloadProgress(wanted),
        DownloadProgress(wanted, 0, 1000, 0.0),
        DownloadProgress(wanted, 420, 1000, 8.3e6),
        DownloadProgress(wanted, 1000, 1000, 8.3e6),
        Downloaded(wanted, "/cache/good-ImageNet V1.pth"),
    ]
    assert downloads.running is None
    assert downloads.progress_of(wanted) is None


@pytest.mark.parametrize(
    ("network", "text", "details"),
    [
        ("refused", "The server is not there.", ""),
        ("broken", "The download ended without success; try again.", "Oops"),
        ("silent", "The download ended without success; try again.", "exit code"),
    ],
)
def test_a_failure_is_one_sentence(
    qtbot: QtBot, downloads: Downloads, network: str, text: str, details: str
) -> None:
    with qtbot.waitSignal(downloads.failed, timeout=30_000) as failed:
        downloads.start(network, "V1")
    assert failed.args is not None
    told = failed.args[0]
    assert isinstance(told, DownloadFailed)
    assert told.text == text
    assert details in told.details
    assert downloads.running is None


def test_a_command_that_is_not_there_fails(qtbot: QtBot) -> None:
    downloads = Downloads(command=("/no/such/program",))
    with qtbot.waitSignal(downloads.failed, timeout=30_000) as failed:
        downloads.start("good", "V1")
    assert failed.args is not None
    assert "without success" in failed.args[0].text
    downloads.close()


def test_lines_that_make_no_sense_are_passed_over(qtbot: QtBot, downloads: Downloads) -> None:
    heard = Heard(downloads)
    with qtbot.waitSignal(downloads.finished, timeout=30_000) as finished:
        downloads.start("odd", "V1")
    assert finished.args == [Downloaded(Wanted("odd", "V1"), "/odd")]
    told = [event for event in heard.events if isinstance(event, DownloadProgress)]
    assert all(0 <= one.done <= 1e15 and 0 <= one.total <= 1e15 for one in told)
    assert told[-1].speed == 0


def test_others_wait_and_may_stop_waiting(qtbot: QtBot, downloads: Downloads) -> None:
    heard = Heard(downloads)
    first, second, third = Wanted("slow", "V1"), Wanted("good", "V1"), Wanted("good", "V2")
    downloads.start("slow", "V1")
    downloads.start("good", "V1")
    downloads.start("good", "V2")
    assert downloads.progress_of(second) == DownloadProgress(second, waiting=True)
    downloads.cancel("good", "V1")
    assert downloads.progress_of(second) is None
    assert DownloadCancelled(second) in heard.events
    qtbot.waitUntil(lambda: DownloadProgress(first, 420, 1000, 8.3e6) in heard.events)
    with qtbot.waitSignal(downloads.finished, timeout=30_000) as finished:
        downloads.cancel("slow", "V1")
        assert downloads.progress_of(first) is None
    assert finished.args is not None
    assert finished.args[0].wanted == third
    assert not [event for event in heard.events if isinstance(event, DownloadFailed)]


def test_a_process_that_will_not_end_is_killed(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MERCY_MS", 50)
    downloads = Downloads(command=(sys.executable, FAKE))
    heard = Heard(downloads)
    wanted = Wanted("deaf", "V1")
    downloads.start("deaf", "V1")
    qtbot.waitUntil(lambda: DownloadProgress(wanted, 420, 1000, 8.3e6) in heard.events)
    downloads.cancel("deaf", "V1")
    assert heard.events[-1] == DownloadCancelled(wanted)
    downloads.start("good", "V1")
    with qtbot.waitSignal(downloads.finished, timeout=30_000):
        pass
    # and at the end of the program, where it is waited for
    downloads.start("deaf", "V2")
    progress = DownloadProgress(Wanted("deaf", "V2"), 420, 1000, 8.3e6)
    qtbot.waitUntil(lambda: progress in heard.events)
    count = len(heard.events)
    downloads.close()
    assert downloads.running is None
    downloads.start("good", "V1")
    assert len(heard.events) == count


def test_the_program_calls_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("weights", "download")
    assert own_command(*words) == (sys.executable, "-P", "-m", "cnn_explorer", *words)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_command(*words) == (sys.executable, *words)


def test_the_process_runs_this_package_wherever_it_is_started(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    monkeypatch.chdir(tmp_path)
    event = "{'event': 'done', 'path': cnn_explorer.__file__}"
    code = f"import cnn_explorer, json; print(json.dumps({event}))"
    downloads = Downloads(command=(*own_command()[:2], "-c", code))
    with qtbot.waitSignal(downloads.finished, timeout=30_000) as finished:
        downloads.start("good", "V1")
    assert finished.args is not None
    assert finished.args[0].path == cnn_explorer.__file__
    downloads.close()
