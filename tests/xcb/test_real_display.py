"""The window on a real X display: what is dragged from another program is taken for what it is.

Needs ``QT_QPA_PLATFORM=xcb``, an X server and xdotool: ``.ci/run`` runs it under Xvfb.
"""

import base64
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cnn_explorer.paths import resource
from tests.web_server import serving, whole, without_proxies

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from cnn_explorer.app import Program

pytestmark = pytest.mark.skipif(
    os.environ.get("QT_QPA_PLATFORM") != "xcb"
    or not os.environ.get("DISPLAY")
    or shutil.which("xdotool") is None,
    reason="needs QT_QPA_PLATFORM=xcb, an X display and xdotool",
)

SOURCE = Path(__file__).with_name("drag_source.py")


def xdotool(*words: object) -> str:
    done = subprocess.run(
        ["xdotool", *map(str, words)], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


class Source:
    """Another X client, at the upper left corner, to drag from."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SOURCE), "10", "10"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.expect("ready")

    def expect(self, word: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{word}\n"

    def load(self, **formats: bytes | str) -> None:
        """Offer these formats with the next drag."""
        assert self.process.stdin is not None
        coded = {
            FORMATS[name]: base64.b64encode(
                value.encode() if isinstance(value, str) else value
            ).decode()
            for name, value in formats.items()
        }
        print(json.dumps(coded), file=self.process.stdin, flush=True)
        self.expect("loaded")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


FORMATS = {
    "uris": "text/uri-list", "png": "image/png", "html": "text/html", "text": "text/plain",
    "moz": "text/x-moz-url", "netscape": "_NETSCAPE_URL", "odd": "application/x-odd",
}  # fmt: skip


class Desk:
    """The program's window and the other program's, with a hand that drags between them."""

    def __init__(self, qtbot: "QtBot", program: "Program", source: Source) -> None:
        assert program.explorer is not None
        assert program.window.panels is not None
        self.qtbot = qtbot
        self.window, self.panels = program.window, program.window.panels
        self.explorer = program.explorer
        self.source = source
        self.addresses: list[str] = []
        self.window.open_address = self.addresses.append

    def drag(self, **formats: bytes | str) -> None:
        """Drag what is offered onto the window."""
        self.source.load(**formats)
        centre = self.window.mapToGlobal(self.window.rect().center())
        xdotool("mousemove", 60, 50, "mousedown", 1)
        # a hand moves in steps: Xdnd's enter and position messages follow each of them
        for step in range(1, 9):
            x = 60 + (centre.x() - 60) * step // 8
            y = 50 + (centre.y() - 50) * step // 8
            xdotool("mousemove", x, y)
            self.qtbot.wait(15)
        self.qtbot.waitUntil(lambda: self.window._drop_hint.isVisible(), timeout=10_000)
        xdotool("mouseup", 1)
        self.qtbot.waitUntil(lambda: not self.window._drop_hint.isVisible(), timeout=10_000)
        # which Qt's drags say of all that was taken while it hung above a window
        self.source.expect("dropped")

    def wait_for(self, name: str, digit: int) -> None:
        """Wait until the answer to a picture is there."""

        def is_there() -> bool:
            answers = self.explorer.answers
            return self.explorer.idle and answers is not None and answers.picture.name == name

        self.qtbot.waitUntil(is_there, timeout=30_000)
        assert self.explorer.answers is not None
        assert self.explorer.answers.trained
        assert self.explorer.answers.classes[0].index == digit

    def text(self) -> str:
        """What the strip of messages says."""
        return self.panels.message_strip.text()


@pytest.fixture
def desk(qtbot: "QtBot", themed: object, tmp_path: Path) -> "Iterator[Desk]":
    from PySide6.QtGui import QGuiApplication

    from cnn_explorer.app import Program
    from cnn_explorer.gui.state.settings import Settings

    assert themed is not None
    assert QGuiApplication.platformName() == "xcb"
    program = Program(Settings.in_file(tmp_path / "settings.ini"), "lenet5")
    window = program.window
    source = Source()
    try:
        window.setGeometry(200, 60, 1200, 800)
        with qtbot.waitSignal(program.furnished, timeout=60_000):
            window.show()
        explorer = program.explorer
        assert explorer is not None
        qtbot.waitUntil(lambda: explorer.idle and explorer.network is not None, timeout=60_000)
        yield Desk(qtbot, program, source)
    finally:
        program.close()
        window.deleteLater()
        source.close()


def sample(digit: int) -> Path:
    return resource("samples", f"digit-{digit}.png")


def test_files_and_folders_of_a_file_manager(desk: Desk, tmp_path: Path) -> None:
    desk.drag(uris=f"{sample(7).as_uri()}\r\n")
    desk.wait_for("digit-7.png", 7)
    strip = desk.panels.input_panel.strip
    assert strip.isHidden()
    desk.drag(uris="".join(f"{sample(digit).as_uri()}\r\n" for digit in (5, 3, 8)))
    desk.wait_for("digit-3.png", 3)
    assert strip.isVisible()
    assert strip.count.text() == "1 of 3"
    folder = tmp_path / "two digits – 数"
    folder.mkdir()
    for digit in (2, 8):
        shutil.copy(sample(digit), folder)
    desk.drag(uris=f"{folder.as_uri()}\r\n")
    desk.wait_for("digit-2.png", 2)
    assert strip.count.text() == "1 of 2"
    desk.drag(text=f"{sample(5)}\n")
    desk.wait_for("digit-5.png", 5)


def test_pictures_of_a_browser(desk: Desk) -> None:
    png = sample(7).read_bytes()
    desk.drag(png=png)
    desk.wait_for("Dropped picture", 7)
    # pixels come first, whatever address stands beside them
    page, picture = "https://example.org/cat", "https://example.org/cat.png"
    png = sample(3).read_bytes()
    desk.drag(png=png, uris=f"{picture}\r\n", html=f'<img src="{picture}">')
    desk.wait_for("Dropped picture", 3)
    assert desk.addresses == []
    data = "data:image/png;base64," + base64.b64encode(png).decode()
    for address, formats in (
        (picture, {"uris": f"{page}\r\n", "html": f'<a href="{page}"><img src="{picture}"></a>'}),
        (data, {"html": f'<meta charset="utf-8"><img src="{data}">'}),
        (page, {"uris": f"{page}\r\n", "moz": f"{page}\nA cat".encode("utf-16-le")}),
        (picture, {"text": picture, "netscape": f"{picture}\nA cat"}),
        (data, {"text": data}),
    ):
        desk.addresses.clear()
        desk.drag(**formats)
        assert desk.addresses == [address]


def test_an_address_alone_is_fetched_where_that_is_allowed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_proxies(monkeypatch)
    del desk.window.open_address  # the real one
    with serving() as server:
        server.plan = [whole(sample(7).read_bytes())]
        address = f"{server.url}/seven%20of%20ten.png#top"
        desk.drag(uris=f"{address}\r\n", text=address)
        desk.qtbot.waitUntil(lambda: "own network" in desk.text(), timeout=30_000)
        assert not server.requests
        desk.window.commands.allow_private.setChecked(True)
        desk.drag(uris=f"{address}\r\n", text=address)
        desk.wait_for("seven of ten.png", 7)
        desk.drag(html=f'<a href="{server.url}/page"><img src="{address}"></a>')
        desk.qtbot.waitUntil(lambda: len(server.requests) == 2, timeout=30_000)
        assert [request.path for request in server.requests] == ["/seven%20of%20ten.png"] * 2
        desk.qtbot.waitUntil(lambda: desk.window._addresses.busy is None, timeout=30_000)


def test_what_is_of_no_use_is_told_in_a_sentence(desk: Desk) -> None:
    desk.drag(png=sample(7).read_bytes())
    desk.wait_for("Dropped picture", 7)
    before = desk.explorer.picture
    nothing = "There is no picture in what was dropped."
    chance = random.Random(7)
    for formats in (
        {"text": "some words"},
        {"text": "words " * 1_000_000},  # goes over in pieces
        {"uris": ""},
        {"uris": "\r\n# nothing\r\n"},
        {"png": b"\x89PNG\r\n\x1a\n" + chance.randbytes(500)},
        {name: chance.randbytes(700) for name in FORMATS if name != "uris"},
    ):
        desk.panels.message_strip.clear()
        desk.drag(**formats)
        assert desk.text() == nothing, formats.keys()
    desk.drag(uris="ftp://example.org/cat.png\r\n")
    assert desk.addresses == ["ftp://example.org/cat.png"]  # which says why it is of no use
    desk.drag(uris="file:///gone/cat.png\r\n")
    desk.qtbot.waitUntil(lambda: "there is no file" in desk.text().lower(), timeout=10_000)
    assert desk.explorer.picture is before
    # the window goes on as if nothing had been
    desk.drag(uris=f"{sample(5).as_uri()}\r\n")
    desk.wait_for("digit-5.png", 5)


def test_the_command_opens_the_window_and_quits_by_keyboard(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "cnn_explorer", str(resource("samples", "digit-3.png"))],
        env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        found = xdotool("search", "--sync", "--onlyvisible", "--name", "LeNet").split()
        assert found
        window = found[0]
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            # without a window manager the focus has to be given by hand; the window is hidden at
            # once, and cannot take it any more, while the process still ends
            with contextlib.suppress(subprocess.CalledProcessError):
                xdotool("windowfocus", "--sync", window)
                xdotool("key", "--window", window, "ctrl+q")
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                continue
        assert process.poll() == 0, "the window did not close on Ctrl+Q"
        assert process.stderr is not None
        assert process.stderr.read() == ""
    finally:
        process.kill()
        process.wait(10)
        if process.stderr is not None:
            process.stderr.close()
