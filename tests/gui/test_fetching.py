"""Pictures from the web by the real process, from a server of the tests' own."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.fetching import FetchFailed, Fetching, FetchProgress, PictureFetched
from tests.media.files import encoded, scene
from tests.web_server import WebServer, says, serving, stalled_after, whole, without_proxies

PICTURE = encoded(scene(200, 150), "PNG")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    without_proxies(monkeypatch)
    return tmp_path


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        server.plan = [whole(PICTURE)]
        yield server


class Heard:
    """All that is told, in order."""

    def __init__(self, fetching: Fetching) -> None:
        self.events: list[object] = []
        for signal in (
            fetching.progressed, fetching.arrived, fetching.failed, fetching.busy_changed
        ):  # fmt: skip
            signal.connect(self.events.append)

    @property
    def last(self) -> object:
        return self.events[-1] if self.events else None


@pytest.fixture
def fetching(qapp: object, folder: Path) -> Iterator[Fetching]:
    assert qapp is not None
    assert folder.is_dir()
    made = Fetching()
    yield made
    made.close()
    made.deleteLater()


def test_a_picture_arrives_and_its_file_is_gone(
    qtbot: QtBot, fetching: Fetching, server: WebServer, folder: Path
) -> None:
    heard = Heard(fetching)
    url = f"{server.url}/my%20cat.png"
    with qtbot.waitSignal(fetching.arrived, timeout=30_000):
        fetching.fetch(url, allow_private=True)
        assert fetching.url == url
    assert heard.events[0] is True
    assert FetchProgress(url, len(PICTURE), len(PICTURE)) in heard.events
    assert heard.events[-2:] == [False, PictureFetched(url, "my cat.png", PICTURE)]
    assert fetching.url == ""
    assert list(folder.iterdir()) == []


def test_a_failure_is_one_sentence(
    qtbot: QtBot, fetching: Fetching, server: WebServer, folder: Path
) -> None:
    server.plan = [says(404)]
    url = f"{server.url}/cat.png"
    for allowed, words in ((True, "has no such file (404)"), (False, "own network")):
        with qtbot.waitSignal(fetching.failed, timeout=30_000) as failed:
            fetching.fetch(url, allow_private=allowed)
        assert failed.args is not None
        (told,) = failed.args
        assert isinstance(told, FetchFailed)
        assert told.url == url
        assert words in told.text
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("url", ["-o", "--help", "--allow-private", "", "x\ny"])
def test_no_address_is_taken_for_an_option(qtbot: QtBot, fetching: Fetching, url: str) -> None:
    if not url:
        fetching.fetch(url)
        assert not fetching.url
        return
    with qtbot.waitSignal(fetching.failed, timeout=30_000) as failed:
        fetching.fetch(url)
    assert failed.args is not None
    assert "is no address of the web" in failed.args[0].text


def test_the_newest_wins(qtbot: QtBot, fetching: Fetching, server: WebServer, folder: Path) -> None:
    heard = Heard(fetching)
    server.plan = [stalled_after(600, PICTURE), whole(PICTURE)]
    fetching.fetch(f"{server.url}/first.png", allow_private=True)
    qtbot.waitUntil(server.stalled.is_set, timeout=30_000)
    with qtbot.waitSignal(fetching.arrived, timeout=30_000) as arrived:
        fetching.fetch(f"{server.url}/second.png", allow_private=True)
        fetching.fetch(f"{server.url}/third.png", allow_private=True)
    assert arrived.args is not None
    assert arrived.args[0].name == "third.png"
    assert not [event for event in heard.events if isinstance(event, FetchFailed)]
    assert [event for event in heard.events if isinstance(event, bool)] == [True, False]
    assert list(folder.iterdir()) == []


def test_no_address_instead_of_one_leaves_that(
    qtbot: QtBot, fetching: Fetching, server: WebServer, folder: Path
) -> None:
    heard = Heard(fetching)
    server.plan = [stalled_after(600, PICTURE)]
    fetching.fetch(f"{server.url}/first.png", allow_private=True)
    qtbot.waitUntil(server.stalled.is_set, timeout=30_000)
    fetching.fetch("")
    assert [event for event in heard.events if isinstance(event, bool)] == [True, False]
    qtbot.waitUntil(lambda: not list(folder.iterdir()), timeout=30_000)


def test_it_is_cancelled(qtbot: QtBot, fetching: Fetching, server: WebServer, folder: Path) -> None:
    heard = Heard(fetching)
    server.plan = [stalled_after(600, PICTURE)]
    fetching.fetch(server.url, allow_private=True)
    qtbot.waitUntil(server.stalled.is_set, timeout=30_000)
    fetching.cancel()
    assert fetching.url == ""
    assert heard.last is False
    qtbot.waitUntil(lambda: list(folder.iterdir()) == [], timeout=30_000)
    fetching.cancel()
    assert heard.last is False
    fetching.fetch(server.url, allow_private=True)
    fetching.close()
    assert list(folder.iterdir()) == []


def test_a_command_that_is_not_there(qtbot: QtBot, folder: Path) -> None:
    for command in (("/no/such/program",), (sys.executable, "-c", "pass")):
        fetching = Fetching(command=command)
        with qtbot.waitSignal(fetching.failed, timeout=30_000) as failed:
            fetching.fetch("http://pictures.example/cat.png")
        assert failed.args is not None
        assert "could not be fetched; try again" in failed.args[0].text
        fetching.close()
    assert list(folder.iterdir()) == []
