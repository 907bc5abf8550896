"""``cnn-explorer fetch``, as a person and as the window call it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnn_explorer.cli import main
from cnn_explorer.media import neighbourhood
from cnn_explorer.media.neighbourhood import Where
from tests.media.files import encoded, scene
from tests.web_server import WebServer, says, serving, stalled_after, whole, without_proxies

PICTURE = encoded(scene(200, 150), "PNG")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    without_proxies(monkeypatch)
    with serving() as server:
        server.plan = [whole(PICTURE)]
        yield server


def test_a_picture_is_saved(
    server: WebServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"what stood there before")
    assert main(["fetch", f"{server.url}/cat.png", "-o", str(target), "--allow-private"]) == 0
    assert target.read_bytes() == PICTURE
    printed = capsys.readouterr()
    assert printed.out == f"{target}: cat.png\n"
    assert printed.err == ""


def test_lines_of_json(
    server: WebServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "x"
    command = ["fetch", f"{server.url}/cat.png", "-o", str(target), "--allow-private", "--json"]
    assert main(command) == 0
    *progress, done = map(json.loads, capsys.readouterr().out.splitlines())
    size = len(PICTURE)
    assert progress[-1] == {"event": "progress", "done": size, "total": size}
    assert done == {"event": "done", "name": "cat.png", "path": str(target)}


def test_what_fails_is_one_line_and_leaves_no_file(
    server: WebServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, target = f"{server.url}/cat.png", tmp_path / "x.png"
    assert main(["fetch", url, "-o", str(target)]) == 1  # this computer's own
    server.plan = [says(404)]
    assert main(["fetch", url, "-o", str(target), "--allow-private"]) == 1
    server.plan = [whole(b"<html>")]
    assert main(["fetch", url, "-o", str(target), "--allow-private"]) == 1
    near, missing, page = capsys.readouterr().err.splitlines()
    assert "lies in this computer's own network" in near
    assert "has no such file (404)" in missing
    assert "is a web page, no picture" in page
    assert list(tmp_path.iterdir()) == []
    assert main(["fetch", url]) == 2
    assert "-o" in capsys.readouterr().err


def test_a_folder_that_is_not_there(
    server: WebServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["fetch", server.url, "-o", str(tmp_path / "no" / "x.png"), "--allow-private"]
    assert main(command) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_it_stops_at_a_signal_and_imports_nothing_heavy(server: WebServer, tmp_path: Path) -> None:
    server.plan = [stalled_after(600, PICTURE)]
    code = (
        "import sys; from cnn_explorer.cli import main; code = main(sys.argv[1:])\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'PIL'} & set(sys.modules)\n"
        "sys.exit(99 if heavy else code)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "fetch", f"{server.url}/cat.png", "-o",
         str(tmp_path / "x.png"), "--json", "--allow-private"],
        cwd=Path(__file__).resolve().parents[1], stdout=subprocess.PIPE,
    )  # fmt: skip
    assert server.stalled.wait(30)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_pictures_of_the_web_are_classified(
    server: WebServer, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "a.png").write_bytes(PICTURE)
    url = f"{server.url}/a.png"
    command = ["classify", "--network", "lenet5", "--json", str(tmp_path / "a.png"), url]
    assert main(command) == 1  # this computer is not of the open web
    assert "own network" in capsys.readouterr().err
    monkeypatch.setattr(neighbourhood, "where_is", lambda _: Where.PUBLIC)
    assert main(command) == 0
    of_file, of_web = json.loads(capsys.readouterr().out)
    assert of_web["file"] == url
    assert of_web["classes"] == of_file["classes"]
    assert main(["classify", "--network", "lenet5", "http://me:secret@example.org/a.png"]) == 2
    assert "secret" not in capsys.readouterr().err
