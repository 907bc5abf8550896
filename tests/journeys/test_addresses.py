"""Pictures by address in the real window: from the web, from within the address, and what fails."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.journeys.conftest import PATIENCE, Stage
from tests.media.files import encoded, scene
from tests.web_server import WebServer, serving, stalled_after, whole, without_proxies

PICTURE = encoded(scene(200, 150), "PNG")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    without_proxies(monkeypatch)
    with serving() as server:
        server.plan = [whole(PICTURE)]
        yield server


def said(stage: Stage) -> str:
    panels = stage.window.panels
    assert panels is not None
    return panels.message_strip.text() if panels.message_strip.isVisibleTo(stage.window) else ""


def test_a_picture_of_the_web(stage: Stage, server: WebServer) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    window.open_address(f"{server.url}/my%20cat.png")
    qtbot.waitUntil(lambda: "own network" in said(stage), timeout=PATIENCE)
    assert not server.requests
    window.commands.allow_private.trigger()
    window.open_address(f"{server.url}/my%20cat.png")
    qtbot.waitUntil(lambda: explorer.picture is not None, timeout=PATIENCE)
    stage.settle()
    assert explorer.picture is not None
    assert (explorer.picture.name, explorer.picture.width) == ("my cat.png", 200)


def test_what_is_no_picture_leaves_the_one_before(
    stage: Stage, server: WebServer, tmp_path: Path
) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    (tmp_path / "a.png").write_bytes(PICTURE)
    window.open_address((tmp_path / "a.png").as_uri())
    qtbot.waitUntil(lambda: explorer.picture is not None, timeout=PATIENCE)
    stage.settle()
    shown = explorer.picture
    window.commands.allow_private.trigger()
    for content, words in (
        (b"<html>a page</html>", "is a web page, no picture"),
        (PICTURE[:300], "damaged or cut short"),
    ):
        server.plan = [whole(content)]
        window.open_address(f"{server.url}/cat.png")
        qtbot.waitUntil(lambda words=words: words in said(stage), timeout=PATIENCE)
        stage.settle()
    window.open_address("ftp://pictures.example/cat.png")
    assert "not from ftp" in said(stage)
    assert explorer.picture is shown


def test_a_picture_within_the_address(stage: Stage) -> None:
    window, explorer, qtbot = stage.window, stage.explorer, stage.qtbot
    window.open_address("data:text/html;base64," + base64.b64encode(PICTURE).decode())
    qtbot.waitUntil(lambda: explorer.picture is not None, timeout=PATIENCE)
    stage.settle()
    shown = explorer.picture
    assert shown is not None
    assert shown.width == 200
    window.open_address("data:image/png;base64,AAA%00")
    qtbot.waitUntil(lambda: "data: address is damaged" in said(stage), timeout=PATIENCE)
    stage.settle()
    assert explorer.picture is shown


def test_fetching_is_seen_and_stopped(stage: Stage, server: WebServer) -> None:
    window, qtbot = stage.window, stage.qtbot
    window.commands.allow_private.trigger()
    server.plan = [stalled_after(600, PICTURE)]
    window.open_address(f"{server.url}/cat.png")
    assert window.commands.stop.isEnabled()
    qtbot.waitUntil(lambda: "Fetching cat.png" in window.status.task, timeout=PATIENCE)
    qtbot.waitUntil(server.stalled.is_set, timeout=PATIENCE)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.status.task == ""
    assert said(stage) == ""
    # and closing in the middle ends the process
    window.open_address(f"{server.url}/cat.png")
