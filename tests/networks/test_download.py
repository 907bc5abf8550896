"""Downloading weights from a server of the tests' own that misbehaves in every way there is."""

import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cnn_explorer import web
from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks import download as module
from cnn_explorer.networks import partfile
from cnn_explorer.networks.card import WeightsEntry
from cnn_explorer.networks.download import Transfer, download
from tests.web_server import (
    CERTIFICATE,
    CONTENT,
    Request,
    Way,
    WebServer,
    chunked,
    endless,
    entry_of,
    forwarded,
    ranged,
    raw,
    reset_after,
    says,
    serving,
    silent,
    stalled_after,
    unmeasured,
    whole,
    without_proxies,
)

ROOT = Path(__file__).resolve().parents[2]
OTHER = b"PK" + bytes(range(256)) * 1000
PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torch's cache, not made yet; no proxies, no pauses."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    without_proxies(monkeypatch)
    monkeypatch.setattr(module, "_PAUSES", (0.0, 0.0, 0.0))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def entry(server: WebServer) -> WeightsEntry:
    return entry_of(server)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(entry: WeightsEntry, **options: Any) -> str:
    """The one sentence with which a download fails."""
    with pytest.raises(ExplorerError) as caught:
        download(entry, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    assert message.endswith(".")
    return message


def stop_when(condition: Callable[[], bool]) -> Callable[[float], None]:
    """A checkpoint that cancels as soon as something is so."""

    def checkpoint(fraction: float) -> None:
        assert 0 <= fraction <= 1
        if condition():
            raise Cancelled

    return checkpoint


def begun(entry: WeightsEntry, hub: Path, content: bytes = CONTENT, **facts: object) -> Path:
    """The part of a file that an earlier download left."""
    hub.mkdir(parents=True, exist_ok=True)
    part = hub / f"{entry.file}.part"
    part.write_bytes(content[:100_000])
    notes = {"url": entry.url, "total": len(CONTENT), "etag": '"one"', "modified": ""} | facts
    (hub / f"{entry.file}.part.json").write_text(json.dumps(notes))
    return part


# --- as it should be ---------------------------------------------------------------------------


def test_a_file_arrives_whole(server: WebServer, entry: WeightsEntry, hub: Path) -> None:
    heard: list[Transfer] = []
    fractions: list[float] = []
    path = download(entry, fractions.append, heard.append)
    assert path == hub / entry.file
    assert path.read_bytes() == CONTENT
    assert names(hub) == [entry.file]
    (request,) = server.requests
    assert request.headers["User-Agent"].startswith("cnn-explorer/")
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["Range"] is None
    assert heard[-1].done == heard[-1].total == len(CONTENT)
    assert heard[-1].speed > 0
    assert [one.done for one in heard] == sorted(one.done for one in heard)
    assert fractions[-1] == 1
    assert path.stat().st_mode & 0o444


@pytest.mark.parametrize("way", [unmeasured(), chunked(), ranged(), whole(etag='W/"weak"')])
@pytest.mark.parametrize("size", [0, len(CONTENT), len(CONTENT) + 500])  # unknown, right, rounded
def test_every_good_way_to_send_it(way: Way, size: int, server: WebServer, hub: Path) -> None:
    server.plan = [way]
    heard: list[Transfer] = []
    path = download(entry_of(server, size=size), progress=heard.append)
    assert path.read_bytes() == CONTENT
    assert names(hub) == [path.name]
    assert heard[-1].total in (None, size, len(CONTENT))


def test_a_file_that_is_there_needs_no_network(
    server: WebServer, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.mkdir(parents=True)
    (hub / entry.file).write_bytes(CONTENT)
    before = (hub / entry.file).stat()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no network")

    monkeypatch.setattr(module, "Answer", refuse)
    monkeypatch.setattr(module, "lock", refuse)  # nor is anything written
    assert download(entry) == hub / entry.file
    assert (hub / entry.file).stat().st_mtime_ns == before.st_mtime_ns
    assert not server.requests
    assert names(hub) == [entry.file]


def test_a_damaged_file_is_replaced_in_one_step(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    hub.mkdir(parents=True)
    (hub / entry.file).write_bytes(b"PK damaged")
    there: list[bytes] = []

    def way(request: Request) -> None:
        there.append((hub / entry.file).read_bytes())
        whole()(request)

    server.plan = [way]
    assert download(entry).read_bytes() == CONTENT
    assert there == [b"PK damaged"]


def test_weights_that_nobody_offers(entry: WeightsEntry, hub: Path) -> None:
    assert "nobody offers" in refusal(dataclasses.replace(entry, url=""))
    shipped = dataclasses.replace(entry, url="", shipped=True)
    assert "comes with this program" in refusal(shipped)
    assert not hub.exists()


def test_it_imports_neither_torch_nor_qt_nor_numpy() -> None:
    code = (
        "import sys, cnn_explorer.networks.download\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'torchvision', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# --- stopping and going on ---------------------------------------------------------------------


def test_it_stops_in_the_middle_and_goes_on_later(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [stalled_after(120_000), ranged()]
    part = hub / f"{entry.file}.part"
    arrived = lambda: part.exists() and part.stat().st_size == 120_000  # noqa: E731
    with pytest.raises(Cancelled):
        download(entry, stop_when(arrived))
    assert names(hub) == [part.name, f"{part.name}.json"]
    assert part.read_bytes() == CONTENT[:120_000]
    heard: list[Transfer] = []
    assert download(entry, progress=heard.append).read_bytes() == CONTENT
    assert names(hub) == [entry.file]
    assert heard[0].done == 120_000
    assert server.requests[1].headers["Range"] == "bytes=120000-"
    assert server.requests[1].headers["If-Range"] == '"one"'


@pytest.mark.parametrize("way", [silent, stalled_after(0), stalled_after(70_000)])
@pytest.mark.parametrize("tls", [False, True])
def test_a_silent_server_does_not_hold_up_the_stop(
    way: Way, tls: bool, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with serving(tls=tls) as server:
        server.plan = [way]
        stopped: list[float] = []

        def checkpoint(_: float) -> None:
            if server.stalled.is_set() and threading.active_count() > 2:
                stopped.append(time.monotonic())
                raise Cancelled

        with pytest.raises(Cancelled):
            download(entry_of(server), checkpoint)
        assert time.monotonic() - stopped[0] < 1
        assert not [thread for thread in threading.enumerate() if thread.name == "download"]
    assert all(name.endswith((".part", ".json")) for name in names(hub))


def test_a_handshake_that_hangs_does_not_hold_up_the_stop(hub: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, serving() as server:
        mute.settimeout(10)
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/x"
        lines: list[socket.socket] = []

        def checkpoint(_: float) -> None:
            if not lines and threading.active_count() > 2:
                lines.append(mute.accept()[0])
            elif lines and lines[0].recv(1, socket.MSG_PEEK):  # the client has said hello
                raise Cancelled

        with pytest.raises(Cancelled):
            download(entry_of(server, url=url), checkpoint)
        lines[0].close()
    assert names(hub) == []


def test_a_name_that_is_looked_up_for_ever_does_not_hold_up_the_stop(
    entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> None:
        asked.set()
        released.wait(60)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(Cancelled):
        download(entry, stop_when(asked.is_set))
    assert names(hub) == []
    (waiting,) = (thread for thread in threading.enumerate() if thread.name == "web")
    released.set()
    waiting.join()


def test_a_stop_before_anything_came_leaves_nothing(entry: WeightsEntry, hub: Path) -> None:
    with pytest.raises(Cancelled):
        download(entry, stop_when(lambda: True))
    assert not hub.exists() or names(hub) == []


def test_a_program_that_was_killed_loses_nothing(server: WebServer, hub: Path) -> None:
    server.plan = [stalled_after(150_000), ranged()]
    entry = entry_of(server)
    code = (
        "from cnn_explorer.networks.card import WeightsEntry\n"
        "from cnn_explorer.networks.download import download\n"
        f"download({entry!r})"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    part = hub / f"{entry.file}.part"
    while not (part.exists() and part.stat().st_size == 150_000):
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert len(names(hub)) == 3  # its lock lies there and is no hindrance
    assert download(entry).read_bytes() == CONTENT
    assert server.requests[1].headers["Range"] == "bytes=150000-"
    assert names(hub) == [entry.file]


def test_what_was_complete_is_only_checked(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub).write_bytes(CONTENT)
    assert download(entry).read_bytes() == CONTENT
    assert not server.requests


# --- a part that fits no longer ----------------------------------------------------------------


def spanning(start: int, total: object, etag: str = '"one"', status: int = 206) -> Way:
    """An answer that says it begins at `start`."""

    def way(request: Request) -> None:
        body = CONTENT[start:]
        span = f"bytes {start}-{len(CONTENT) - 1}/{total}"
        request.begin(status, {"Content-Length": len(body), "Content-Range": span, "ETag": etag})
        request.wfile.write(body)

    return way


@pytest.mark.parametrize(
    "way",
    [
        spanning(99_999, len(CONTENT)),  # another place
        spanning(0, len(CONTENT)),
        spanning(100_000, len(CONTENT) + 1),  # another size
        spanning(100_000, len(CONTENT), etag='"two"'),  # another file
        says(206, CONTENT[100_000:]),  # it does not say which part
        says(206, CONTENT[100_000:], Content_Range="bytes all of it"),
        says(416),
        says(416, Content_Range=f"bytes */{len(CONTENT)}"),
    ],
)
def test_an_answer_that_does_not_go_on_is_asked_anew(
    way: Way, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub)
    server.plan = [way, whole()]
    assert download(entry).read_bytes() == CONTENT
    assert [request.headers["Range"] for request in server.requests] == ["bytes=100000-", None]
    assert names(hub) == [entry.file]


def test_a_total_that_is_not_said_is_no_hindrance(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub)
    server.plan = [spanning(100_000, "*")]
    assert download(entry).read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize("way", [whole(), whole(etag='"two"'), ranged(etag='"two"'), chunked()])
def test_a_server_that_sends_all_again(
    way: Way, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub, OTHER)
    server.plan = [way]
    assert download(entry).read_bytes() == CONTENT
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "facts",
    [{"url": "http://elsewhere/x.pth"}, {"total": 10}, {"total": "many"}, {"etag": 5}, {"odd": 1}],
)
def test_a_part_without_sound_notes_is_not_trusted(
    facts: dict[str, object], server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub, **facts)
    assert download(entry).read_bytes() == CONTENT
    assert server.requests[0].headers["Range"] is None


def test_without_notes_or_with_broken_ones(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    for text in (None, "{", "[]", "\0"):
        notes = begun(entry, hub).with_name(f"{entry.file}.part.json")
        notes.unlink() if text is None else notes.write_text(text)
        assert download(entry).read_bytes() == CONTENT
        assert server.requests[-1].headers["Range"] is None
        (hub / entry.file).unlink()


@pytest.mark.parametrize(
    ("facts", "condition"),
    [
        ({"etag": 'W/"weak"', "modified": "Tue, 01 Jun 2021 10:00:00 GMT"}, "Tue, 01 Jun 2021"),
        ({"etag": 'W/"weak"'}, ""),
        ({"etag": ""}, ""),
    ],
)
def test_only_what_a_server_can_compare_is_sent_back(
    facts: dict[str, object], condition: str, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub, **facts)
    server.plan = [spanning(100_000, len(CONTENT), etag=str(facts["etag"]))]
    assert download(entry).read_bytes() == CONTENT
    assert (server.requests[0].headers["If-Range"] or "").startswith(condition)


def test_a_damaged_part_costs_one_more_download(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub, OTHER)
    server.plan = [ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert [request.headers["Range"] for request in server.requests] == ["bytes=100000-", None]


def test_a_file_whose_length_was_never_said_is_resumed(server: WebServer, hub: Path) -> None:
    entry = entry_of(server, size=0)
    part = begun(entry, hub, total=None)
    server.plan = [ranged()]
    assert download(entry).read_bytes() == CONTENT
    (hub / entry.file).unlink()
    begun(entry, hub, total=None)
    part.write_bytes(CONTENT)  # whole already, which nobody knew
    assert download(entry).read_bytes() == CONTENT
    assert server.requests[-1].headers["Range"] == f"bytes={len(CONTENT)}-"


# --- broken connections ------------------------------------------------------------------------


@pytest.mark.parametrize("way", [ranged(upto=90_000), reset_after(90_000)])
def test_a_connection_that_breaks_is_made_again(
    way: Way,
    server: WebServer,
    entry: WeightsEntry,
    hub: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_ADVANCE", 50_000)
    server.plan = [way, ranged(upto=200_000), raw(b""), raw(b"SSH-2.0-odd\r\n"), ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert len(server.requests) == 5
    assert server.requests[-1].headers["Range"] == "bytes=200000-"
    assert names(hub) == [entry.file]


def test_it_gives_up_in_the_end_and_keeps_what_came(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [ranged(upto=160_000)]
    message = refusal(entry)
    assert "the connection to 127.0.0.1 broke off; try again" in message
    assert "what has arrived, 0.2 MB, is kept" in message
    assert len(server.requests) == 4
    assert names(hub) == [f"{entry.file}.part", f"{entry.file}.part.json"]


def test_it_does_not_give_up_while_it_gets_on(
    server: WebServer, entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ADVANCE", 10_000)
    server.plan = [*(ranged(upto=n) for n in range(20_000, 300_000, 20_000)), ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert len(server.requests) == 15


def test_a_server_that_always_starts_anew_and_breaks_is_given_up(
    server: WebServer, entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ADVANCE", 10_000)

    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": len(CONTENT)})
        request.wfile.write(CONTENT[:150_000])

    server.plan = [way]
    refusal(entry)
    assert len(server.requests) == 4


@pytest.mark.parametrize("way", [chunked(ends=False), unmeasured(CONTENT[:150_000])])
def test_an_end_that_comes_too_early(way: Way, server: WebServer, entry: WeightsEntry) -> None:
    server.plan = [way, ranged()]
    assert download(entry).read_bytes() == CONTENT


def test_what_is_not_http(server: WebServer, entry: WeightsEntry, hub: Path) -> None:
    for text in (b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 \x1b[31m\r\n\r\n", b"\0" * 70_000):
        server.plan = [raw(text)]
        assert "the connection to 127.0.0.1 broke off" in refusal(entry)
        assert names(hub) == []


def test_nobody_there(entry: WeightsEntry, hub: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"http://127.0.0.1:{port}/x"
    assert "127.0.0.1 refuses the connection" in refusal(dataclasses.replace(entry, url=url))
    assert names(hub) == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "127.0.0.1 was not found; check"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "cannot be reached; check"),
    ],
)
def test_no_network_is_said_at_once(
    error: OSError, words: str, entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    def look_up(*arguments: object, **_: object) -> None:
        calls.append(arguments)
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert words in refusal(entry)
    assert len(calls) == 1


@pytest.mark.parametrize(("way", "kept"), [(silent, 0), (stalled_after(120_000), 120_000)])
def test_a_server_that_says_nothing_more_is_timed_out(
    way: Way, kept: int, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [way]
    started = time.monotonic()
    message = refusal(entry, timeout=0.3)
    assert 0.3 <= time.monotonic() - started < 2
    assert "127.0.0.1 did not answer in time" in message
    assert ("is kept" in message) == bool(kept)
    assert len(server.requests) == 1
    assert [path.stat().st_size for path in hub.glob("*.part")] == ([kept] if kept else [])


def test_a_connection_that_is_never_made_is_timed_out(
    entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    def connect(_: object, timeout: float, *__: object) -> None:
        waits.append(timeout)
        time.sleep(timeout)
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", connect)
    started = time.monotonic()
    assert "did not answer in time" in refusal(entry, timeout=0.4)
    assert time.monotonic() - started >= 0.4
    assert set(waits) == {0.2}  # one address leaves time for another


def test_a_slow_server_is_not_a_silent_one(
    server: WebServer, entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, arrived = [0.0], [0.0]
    monkeypatch.setattr(web, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": len(CONTENT)})
        for start in range(0, len(CONTENT), 60_000):
            while arrived[0] * len(CONTENT) < start:
                time.sleep(0.001)
            clock[0] += 15
            request.wfile.write(CONTENT[start : start + 60_000])

    def checkpoint(fraction: float) -> None:
        arrived[0] = fraction

    server.plan = [way]
    assert download(entry, checkpoint, timeout=20).read_bytes() == CONTENT
    assert clock[0] > 60


def test_a_network_that_goes_away_in_the_middle_may_come_back(
    server: WebServer, entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    down = [socket.gaierror(-3, "Try again"), OSError(errno.ENETUNREACH, "x")]

    def sometimes(*arguments: Any, **options: Any) -> Any:
        if server.requests and down:
            raise down.pop()
        return look_up(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", sometimes)
    server.plan = [ranged(upto=90_000), ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert not down
    assert len(server.requests) == 2


# --- answers that are not the file -------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words", "requests"),
    [
        (404, "has no such file (404)", 1),
        (410, "has no such file (410)", 1),
        (403, "does not give it out (403)", 1),
        (401, "does not give it out (401)", 1),
        (407, "wants a name and a password (407)", 1),
        (511, "a sign-in page?", 1),
        (204, "makes no sense here (204)", 1),
        (304, "makes no sense here (304)", 1),
        (206, "makes no sense here (206)", 1),
        (416, "makes no sense here (416)", 1),
        (418, "makes no sense here (418)", 1),
        (500, "127.0.0.1 is in trouble (500)", 4),
        (503, "127.0.0.1 is in trouble (503)", 4),
        (429, "127.0.0.1 is in trouble (429)", 4),
    ],
)
def test_every_status_has_its_sentence(
    status: int, words: str, requests: int, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [says(status, PAGE, Content_Type="text/html")]
    message = refusal(entry)
    assert message.startswith(f"{entry.file} could not be downloaded: ")
    assert words in message
    assert len(server.requests) == requests
    assert names(hub) == []
    part = begun(entry, hub)  # nor does a bad answer cost what is there
    if status not in (206, 416):
        assert words in refusal(entry)
        assert part.read_bytes() == CONTENT[:100_000]


def test_a_server_in_trouble_is_asked_again(server: WebServer, entry: WeightsEntry) -> None:
    server.plan = [says(503), says(502), whole()]
    assert download(entry).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "way",
    [
        says(200, PAGE, Content_Type="text/html; charset=utf-8"),
        says(200, CONTENT, Content_Type="TEXT/HTML"),
        says(200, PAGE, Content_Type="application/octet-stream"),
        says(200, b"\r\n\t <html>", Content_Type="application/octet-stream"),
        says(200, b"<"),
    ],
)
def test_a_sign_in_page_is_not_taken_for_weights(way: Way, server: WebServer, hub: Path) -> None:
    server.plan = [way]
    entry = entry_of(server, size=0)
    assert "answered with a web page (a sign-in page?)" in refusal(entry)
    assert names(hub) == []
    part = begun(entry, hub)
    message = refusal(entry)
    assert "web page" in message
    assert "0.1 MB, is kept" in message
    assert part.read_bytes() == CONTENT[:100_000]


def test_weights_may_begin_like_a_web_page(server: WebServer) -> None:
    content = b"<\x01\0\0\0\0\0\0{" + CONTENT  # a header of safetensors that is 316 bytes long
    server.plan = [whole(content)]
    assert download(entry_of(server, content)).read_bytes() == content


@pytest.mark.parametrize("size", [0, len(CONTENT)])
def test_a_wrong_file_is_thrown_away(size: int, server: WebServer, hub: Path) -> None:
    entry = entry_of(server, size=size)
    hub.mkdir(parents=True)
    (hub / "older.pth").write_bytes(b"good")
    (hub / entry.file).write_bytes(b"damaged, but a person's own")
    server.plan = [whole(CONTENT[:-1] + b"?")]
    message = refusal(entry)
    assert "is not the published file (its checksum is another) and was thrown away" in message
    assert names(hub) == sorted(["older.pth", entry.file])
    assert (hub / "older.pth").read_bytes() == b"good"
    assert (hub / entry.file).read_bytes() == b"damaged, but a person's own"
    assert len(server.requests) == 1


@pytest.mark.parametrize("way", [says(200, b""), unmeasured(b"")])
def test_an_empty_file_is_none(way: Way, server: WebServer, hub: Path) -> None:
    server.plan = [way]
    refusal(entry_of(server, size=0, file="no-checksum.pth"))
    assert names(hub) == []


@pytest.mark.parametrize("content", [CONTENT * 2, CONTENT[:1000]])
def test_a_file_of_quite_another_size_is_not_even_fetched(
    content: bytes, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [whole(content)]
    assert "where 0.3 MB are expected" in refusal(entry)
    assert names(hub) == []


def test_a_body_without_end_is_left(
    server: WebServer, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.plan = [endless]
    assert "sends more than the file can have (0.3 MB)" in refusal(entry)
    monkeypatch.setattr(module, "_MOST", 1_000_000)
    assert "(1.0 MB)" in refusal(dataclasses.replace(entry, size=0))
    assert names(hub) == []


def test_a_rest_that_is_too_long_is_left(server: WebServer, entry: WeightsEntry, hub: Path) -> None:
    def way(request: Request) -> None:
        span = f"bytes 100000-{len(CONTENT) - 1}/{len(CONTENT)}"
        request.begin(206, {"Content-Range": span})
        request.wfile.write(CONTENT)

    begun(entry, hub)
    server.plan = [way]
    assert "sends more than the file can have" in refusal(entry)
    assert names(hub) == []


def test_what_was_packed_on_the_way(server: WebServer, entry: WeightsEntry, hub: Path) -> None:
    server.plan = [whole(Content_Encoding="gzip")]
    assert "packed, which was not asked for (gzip)" in refusal(entry)
    assert names(hub) == []


# --- redirects, encryption ---------------------------------------------------------------------


def test_redirects_are_followed(server: WebServer, entry: WeightsEntry) -> None:
    server.plan = [
        says(301, Location="/there/file.pth"),
        says(302, Location="file 2.pth?x=1"),
        says(307, Location=f"{server.url}/last.pth"),
        whole(),
    ]
    assert download(entry).read_bytes() == CONTENT
    paths = [request.path for request in server.requests[1:]]
    assert paths == ["/there/file.pth", "/there/file%202.pth?x=1", "/last.pth"]


def test_a_part_goes_on_behind_a_redirect(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    begun(entry, hub)
    server.plan = [says(302, Location="/there.pth"), ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert server.requests[1].headers["Range"] == "bytes=100000-"


@pytest.mark.parametrize(
    "location",
    ["", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://[bad/", "data:,x"],
)
def test_redirects_out_of_the_web_are_not_followed(
    location: str, server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [says(302, Location=location), says(500)]
    assert "sends the request on to an address that is not followed" in refusal(entry)
    assert len(server.requests) == 1
    assert names(hub) == []


def test_redirects_in_circles(server: WebServer, entry: WeightsEntry) -> None:
    server.plan = [says(302, Location=entry.url)]
    assert "round in circles" in refusal(entry)
    assert len(server.requests) == 6


def test_a_redirect_with_a_body_without_end(server: WebServer, entry: WeightsEntry) -> None:
    def way(request: Request) -> None:
        request.begin(302, {"Location": "/there"})
        while True:
            request.wfile.write(bytes(100_000))

    server.plan = [way, whole()]
    assert download(entry).read_bytes() == CONTENT


def test_certificates_are_verified(monkeypatch: pytest.MonkeyPatch, hub: Path) -> None:
    with serving(tls=True) as server:
        entry = entry_of(server)
        message = refusal(entry)
        assert "the certificate of 127.0.0.1 cannot be trusted (self" in message
        assert not server.requests
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert download(entry).read_bytes() == CONTENT
        (hub / entry.file).unlink()
        other = dataclasses.replace(entry, url=entry.url.replace("127.0.0.1", "localhost"))
        assert "the certificate of localhost cannot be trusted" in refusal(other)


def test_no_redirect_leads_out_of_encryption(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with serving(tls=True) as secure:
        secure.plan = [says(302, Location=f"{server.url}/x")]
        assert "without encryption (a sign-in page?)" in refusal(entry_of(secure))
        assert not server.requests
        server.plan = [says(302, Location=f"{secure.url}/x")]  # into it one does
        secure.plan = [whole()]
        assert download(entry_of(server)).read_bytes() == CONTENT


# --- proxies -----------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_asked(
    server: WebServer, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://me:secret@{server.host}")
    entry = entry_of(server, url="http://weights.invalid/net.pth")
    assert download(entry).read_bytes() == CONTENT
    (request,) = server.requests
    assert request.path == entry.url
    assert request.headers["Proxy-Authorization"].startswith("Basic ")
    (hub / entry.file).unlink()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    download(entry_of(server))
    assert server.requests[1].path.startswith("/models/")


def test_all_proxy_is_for_what_has_no_proxy_of_its_own(
    server: WebServer, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("all_proxy", f"http://{server.host}")
    entry = dataclasses.replace(
        entry_of(server), url=f"http://nowhere.invalid/{entry_of(server).file}"
    )
    assert download(entry) == hub / entry.file
    (hub / entry.file).unlink()
    monkeypatch.setenv("http_proxy", "http://[bad")
    with pytest.raises(ExplorerError, match="what http_proxy names is not"):
        download(entry)
    monkeypatch.delenv("http_proxy")
    monkeypatch.setenv("all_proxy", "http://[bad")
    with pytest.raises(ExplorerError, match="what all_proxy names is not"):
        download(entry)


def test_a_proxy_passes_encryption_on(
    server: WebServer, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", server.host)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    server.plan = [forwarded]
    with serving(tls=True) as secure:
        assert download(entry_of(secure)).read_bytes() == CONTENT
        assert [request.command for request in server.requests] == ["CONNECT"]
        assert len(secure.requests) == 1
        (hub / entry_of(secure).file).unlink()
        server.plan = [says(407)]
        message = refusal(entry_of(secure))
        assert "the proxy 127.0.0.1 does not let the request through" in message
        assert "407" in message


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("http://127.0.0.1:{closed}", "the proxy 127.0.0.1 refuses the connection"),
        ("socks5://127.0.0.1:1080", "cannot be used (socks5); set http_proxy to an http proxy"),
        ("http://127.0.0.1:port", "cannot be asked"),
        ("http://[bad", "what http_proxy names is not the address of a proxy"),
    ],
)
def test_proxies_that_do_not_work(
    proxy: str, words: str, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setenv("http_proxy", proxy.format(closed=port))
    assert words in refusal(entry)
    assert names(hub) == []


def test_a_proxys_password_is_not_told(
    entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "socks5://me:secret@127.0.0.1:1080")
    assert "secret" not in refusal(entry)


# --- the disk ----------------------------------------------------------------------------------


def test_a_disk_that_fills_up(
    server: WebServer, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small(io.FileIO):
        """A file on a disk with room for 200,000 bytes."""

        def write(self, block: Any) -> int:
            room = 200_000 - os.fstat(self.fileno()).st_size
            if not room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(memoryview(block)[:room])

    with monkeypatch.context() as patch:
        patch.setattr(partfile, "open", lambda path, *_, **__: Small(path, "a"), raising=False)
        message = refusal(entry)
    assert "is full: make room, then try again (what has arrived, 0.2 MB, is kept)" in message
    assert (hub / f"{entry.file}.part").read_bytes() == CONTENT[:200_000]
    server.plan = [ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert server.requests[1].headers["Range"] == "bytes=200000-"


def test_room_is_looked_for_first(
    server: WebServer, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(hub.anchor)._replace(free=150_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert "has room for 0.1 MB, and 0.3 MB are missing; make room." in refusal(entry)
    assert names(hub) == []
    begun(entry, hub).write_bytes(CONTENT[:200_000])
    server.plan = [ranged()]
    assert download(entry).read_bytes() == CONTENT  # for the rest there is


def test_a_folder_that_may_not_be_written(
    entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (PermissionError(errno.EACCES, "x"), OSError(errno.EROFS, "Read-only")):

        def refuse(*_: object, error: OSError = error, **__: object) -> None:
            raise error

        for owner, name in ((os, "open"), (partfile, "open"), (Path, "mkdir")):
            with monkeypatch.context() as patch:
                patch.setattr(owner, name, refuse, raising=False)
                message = refusal(entry)
                assert f"nothing may be written in {hub}" in message
                assert "TORCH_HOME" in message


@pytest.mark.parametrize("place", ["torch", "torch/hub/checkpoints"])
def test_a_file_where_the_folder_should_be(place: str, entry: WeightsEntry, tmp_path: Path) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    assert "is in the way" in refusal(entry)


def test_a_folder_where_the_file_should_be(entry: WeightsEntry, hub: Path) -> None:
    (hub / entry.file).mkdir(parents=True)
    assert "is a folder" in refusal(entry)


def test_a_file_that_may_not_be_read(
    entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.mkdir(parents=True)
    (hub / entry.file).write_bytes(CONTENT)

    def refuse(path: Path, _: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # a file mode would not stop the superuser
    assert f"{hub / entry.file} cannot be read: Permission denied." in refusal(entry)


def test_without_a_home(entry: WeightsEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", "~nobody-of-that-name/torch")
    assert "there is no home folder" in refusal(entry)


def test_the_last_step_fails(
    server: WebServer, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        assert "cannot be written to (Input/output error)" in refusal(entry)
    assert (hub / f"{entry.file}.part").read_bytes() == CONTENT
    assert download(entry).read_bytes() == CONTENT
    assert len(server.requests) == 1


# --- two at once -------------------------------------------------------------------------------


def test_a_second_program_waits_and_uses_what_the_first_brought(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    waiting = threading.Event()

    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": len(CONTENT)})
        request.wfile.write(CONTENT[:100_000])
        waiting.wait(20)
        request.wfile.write(CONTENT[100_000:])

    server.plan = [way]
    first: list[Path] = []
    thread = threading.Thread(target=lambda: first.append(download(entry)))
    thread.start()
    part = hub / f"{entry.file}.part"
    while not (part.exists() and part.stat().st_size == 100_000):
        time.sleep(0.01)
    heard: list[Transfer] = []

    def progress(transfer: Transfer) -> None:
        heard.append(transfer)
        waiting.set()

    assert download(entry, progress=progress).read_bytes() == CONTENT
    thread.join()
    assert first == [hub / entry.file]
    assert heard[0].done == 100_000  # it tells how far the other is
    assert len(server.requests) == 1
    assert names(hub) == [entry.file]


def test_a_second_program_goes_on_where_the_first_stopped(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    server.plan = [stalled_after(100_000), ranged()]
    stop = threading.Event()

    def first() -> None:
        with contextlib.suppress(Cancelled):
            download(entry, stop_when(stop.is_set))

    thread = threading.Thread(target=first)
    thread.start()
    part = hub / f"{entry.file}.part"
    while not (part.exists() and part.stat().st_size == 100_000):
        time.sleep(0.01)
    assert download(entry, progress=lambda _: stop.set()).read_bytes() == CONTENT
    thread.join()
    assert server.requests[1].headers["Range"] == "bytes=100000-"


def test_waiting_for_another_program_can_be_stopped(
    server: WebServer, entry: WeightsEntry, hub: Path
) -> None:
    hub.mkdir(parents=True)
    with partfile.lock(hub / f"{entry.file}.lock", lambda: None) as locked:
        assert locked
        heard: list[Transfer] = []
        with pytest.raises(Cancelled):
            download(entry, stop_when(lambda: len(heard) == 2), heard.append)
        assert names(hub) == [f"{entry.file}.lock"]
    assert names(hub) == []
    assert not server.requests


def test_many_processes_at_once(server: WebServer, entry: WeightsEntry, hub: Path) -> None:
    code = (
        "from cnn_explorer.networks.card import WeightsEntry\n"
        "from cnn_explorer.networks.download import download\n"
        f"print(download({entry!r}))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = {child.communicate(timeout=60)[0].strip() for child in children}
    assert answers == {str(hub / entry.file)}
    assert (hub / entry.file).read_bytes() == CONTENT
    assert names(hub) == [entry.file]
    assert len(server.requests) == 1


def test_without_locks_everyone_has_a_part_of_his_own(
    server: WebServer, entry: WeightsEntry, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partfile, "_try_lock", lambda _: None)
    part = begun(entry, hub, OTHER)  # perhaps another program is writing it just now
    server.plan = [ranged(upto=120_000), ranged(upto=150_000), ranged()]
    assert download(entry).read_bytes() == CONTENT
    assert part.read_bytes() == OTHER[:100_000]
    assert names(hub) == sorted([entry.file, part.name, f"{part.name}.json"])
    (hub / entry.file).unlink()
    server.plan = [stalled_after(120_000)]
    assert "kept" not in refusal(entry, timeout=0.2)
    assert names(hub) == sorted([part.name, f"{part.name}.json"])


def test_the_checksum_of_the_tests(entry: WeightsEntry) -> None:
    assert entry.file == f"net-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
    assert web.TICK <= 0.2  # what "at once" means above
