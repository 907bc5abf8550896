"""What a text points to: files, addresses of the web, pictures in the text, or nothing of use."""

import base64
import contextlib
import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media import address
from cnn_explorer.media.address import (
    MOST_BYTES,
    DataAddress,
    LocalFile,
    Unusable,
    WebAddress,
    what,
)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/home/me/cat.png", "/home/me/cat.png"),
        ('  "/home/me/a cat.png"\n', "/home/me/a cat.png"),
        ("'/home/me/cat.png'", "/home/me/cat.png"),
        ("file:///home/me/cat.png", "/home/me/cat.png"),
        ("file:/home/me/cat.png", "/home/me/cat.png"),
        ("FILE://localhost/home/me/a%20cat.png?x#y", "/home/me/a cat.png"),
        ("file:///home/me/caf%C3%A9.png", "/home/me/café.png"),
        ("file:///home/me/caf%E9.png", "/home/me/caf\udce9.png"),
        ("file:///home/me/two%0Alines.png", "/home/me/two\nlines.png"),
        ("/home/me/http:x.png", "/home/me/http:x.png"),
        ("/home/me/10.00.00\u202fAM.png", "/home/me/10.00.00\u202fAM.png"),  # as macOS names them
        ("/home/me/\U0001f469\u200d\U0001f52c.png", "/home/me/\U0001f469\u200d\U0001f52c.png"),
        (f"file://{socket.gethostname()}/home/me/cat.png", "/home/me/cat.png"),
    ],
)
def test_local_files(text: str, path: str) -> None:
    assert what(text) == LocalFile(Path(path))


def test_the_home_folder() -> None:
    assert what("~/cat.png") == LocalFile(Path(os.path.expanduser("~/cat.png")))


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        ("http://example.org", "http://example.org/", "example.org"),
        ("HTTPS://Example.ORG:443/a/cat.png#top", "https://example.org/a/cat.png", "cat.png"),
        ("http://example.org:8080/x?a=b c", "http://example.org:8080/x?a=b%20c", "x"),
        ("https://bücher.example/ä%20b.png", "https://xn--bcher-kva.example/%C3%A4%20b.png",
         "ä b.png"),
        ("http://[2606:4700::1]:8000/a", "http://[2606:4700::1]:8000/a", "a"),
        ("https://example.org/%00%1b[31m.png", "https://example.org/%00%1b[31m.png", "��[31m.png"),
        ("https://example.org/a/", "https://example.org/a/", "example.org"),
        ("http://0x7f.1/", "http://0x7f.1/", "0x7f.1"),  # who connects looks what that is
        ("http://127。0。0。1/", "http://127.0.0.1/", "127.0.0.1"),
    ],
)  # fmt: skip
def test_addresses_of_the_web(text: str, url: str, name: str) -> None:
    assert what(text) == WebAddress(url, name)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "cat.png", "photos/cat.png", "ftp://example.org/cat.png", "javascript:alert(1)",
        "smb://server/cat.png", "about:blank", "blob:https://example.org/1", "http:", "http://",
        "http:///cat.png", "http://[::1", "http://[fe80::1%25eth0]/", "http://exa mple.org/",
        "http://example.org:99999/", "http://example.org:x/", "http://me:secret@example.org/a.png",
        "http://me@example.org/", "http://example.org:25/", "http://example.org:22/",
        "http://good\\@evil.example/", "http://-x.example/", f"http://{'a' * 300}.example/",
        "file://server/share/cat.png", "file://192.168.0.1/cat.png", "file:cat.png",
        "file:///a%00.png", "/home/me/a\nb.png", "/home/\x1b[31m.png",
        "http://example.org/\r\nX: y",
        "/" + "a" * 10_000, "http://example.org/" + "a" * 10_000, "\u202ehttp://example.org/",
    ],
)  # fmt: skip
def test_what_is_of_no_use(text: str) -> None:
    said = what(text)
    assert isinstance(said, Unusable)
    assert said.reason.endswith(".")
    assert said.reason.isprintable()
    assert len(said.reason) < 250
    assert "secret" not in said.reason


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("data:image/png;base64,iVBORw0KGgo=", b"\x89PNG\r\n\x1a\n"),
        ("data:image/png;base64,iVBORw0KGgo", b"\x89PNG\r\n\x1a\n"),
        ("data:image/png;base64,iVBORw0K%0AGgo%3D", b"\x89PNG\r\n\x1a\n"),
        ("DATA:;charset=x;BASE64,_-8=", b"\xff\xef"),
        ("data:,GIF8%39a,b", b"GIF89a,b"),
        ("data:text/html,%89PNG", b"\x89PNG"),
    ],
)
def test_pictures_in_the_text(text: str, content: bytes) -> None:
    found = what(text)
    assert isinstance(found, DataAddress)
    assert found.content() == content


@pytest.mark.parametrize(
    "text", ["data:", "data:image/png;base64", "data:,", "data:;base64,a", "data:;base64,ab%00c",
             "data:;base64,äöü", "data:;base64,a=b=c="]
)  # fmt: skip
def test_damaged_pictures_in_the_text(text: str) -> None:
    found = what(text)
    assert isinstance(found, DataAddress)
    with pytest.raises(ExplorerError, match=r"^the data: address .*\.$"):
        found.content()


def test_too_much_in_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "MOST_BYTES", 100)
    for body in (";base64," + base64.b64encode(bytes(101)).decode(), "," + "a" * 101):
        found = what("data:" + body)
        assert isinstance(found, DataAddress)
        with pytest.raises(ExplorerError, match="holds more than"):
            found.content()
    assert isinstance(what("data:," + "a" * (3 * MOST_BYTES + 9000)), Unusable)


@given(st.text() | st.text(st.sampled_from("htps:/@[]%.0a1\\?#fildata,;e64\n")))
def test_any_text_has_an_answer(text: str) -> None:
    found = what(text)
    if isinstance(found, WebAddress):
        assert found.url.isascii()
        assert found.url.isprintable()
        assert " " not in found.url
        assert what(found.url) == found  # whoever reads it again reads the same
    elif isinstance(found, DataAddress):
        with contextlib.suppress(ExplorerError):
            assert found.content()
