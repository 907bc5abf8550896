"""Pictures from a server of the tests' own that misbehaves in every way there is."""

import errno
import gzip
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cnn_explorer import web
from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.media.decode import decode_bytes
from cnn_explorer.media.fetch import MOST_BYTES, fetch_picture
from tests.media.files import encoded, scene
from tests.web_server import (
    CERTIFICATE,
    Request,
    Way,
    WebServer,
    chunked,
    forwarded,
    raw,
    says,
    serving,
    silent,
    stalled_after,
    unmeasured,
    whole,
    without_proxies,
)

ROOT = Path(__file__).resolve().parents[2]
PICTURE = encoded(scene(200, 150), "PNG")
PAGE = b"<!DOCTYPE html><html><body>A lovely picture</body></html>"
OUTSIDE = "93.184.216.34"
"""An address of the open web, which the tests lead to their server."""


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serving() as server:
        server.plan = [whole(PICTURE)]
        yield server


Names = dict[str, list[str]]


@pytest.fixture
def names(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> Names:
    """Who has which addresses; a connection to `OUTSIDE` reaches the server."""
    known: Names = {"pictures.example": [OUTSIDE]}
    real = socket.getaddrinfo
    connected = web.connected

    def look_up(host: str, port: int, *arguments: Any, **options: Any) -> list[Any]:
        if host not in known:
            return real(host, port, *arguments, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in known[host]]

    def connect(line: socket.socket, place: Any, timeout: float) -> socket.socket:
        if place[0] == OUTSIDE:
            place = server.server_address
        return connected(line, place, timeout)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(web, "connected", connect)
    return known


def refusal(url: str, **options: Any) -> str:
    options.setdefault("allow_private", True)
    with pytest.raises(ExplorerError) as caught:
        fetch_picture(url, **options)
    said = str(caught.value)
    assert said.endswith(".")
    assert said.isprintable()
    assert len(said) < 400
    return said


def refused(server: WebServer, way: Way, **options: Any) -> str:
    server.plan = [way]
    return refusal(f"{server.url}/cat.png", **options)


# --- what comes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way",
    [
        whole(PICTURE),
        whole(PICTURE, Content_Type="text/html"),
        whole(PICTURE, Content_Encoding="identity"),
        unmeasured(PICTURE),
        chunked(PICTURE),
    ],
)
def test_every_good_way_to_send_it(way: Way, server: WebServer) -> None:
    server.plan = [way]
    fetched = fetch_picture(f"{server.url}/photos/a%20cat.png?x=1#top", allow_private=True)
    assert fetched.data == PICTURE
    assert fetched.name == "a cat.png"
    assert decode_bytes(fetched.data, fetched.name).width == 200
    (request,) = server.requests
    assert request.path == "/photos/a%20cat.png?x=1"
    assert request.headers["Accept-Encoding"] == "identity"
    assert request.headers["Host"] == server.host
    for secret in ("Cookie", "Referer", "Authorization"):
        assert secret not in request.headers


def test_progress_is_told(server: WebServer) -> None:
    heard: list[tuple[int, int | None]] = []
    fractions: list[float] = []
    fetch_picture(
        server.url, allow_private=True, checkpoint=fractions.append,
        progress=lambda done, total: heard.append((done, total)),
    )  # fmt: skip
    assert heard[-1] == (len(PICTURE), len(PICTURE))
    assert fractions[0] == 0
    assert max(fractions) == 1


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf \n", b"<?xml version='1.0'?>", b"<!-- x -->"])
def test_a_web_page_is_no_picture(lead: bytes, server: WebServer) -> None:
    said = refused(server, whole(lead + PAGE, Content_Type="image/png"))
    assert said.startswith('"cat.png" is a web page, no picture: ')


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"hello", "is not a picture that this program reads"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is a SVG file"),
        (b"<?xml version='1.0'?>\n<svg/>", "is a SVG file"),
        (b"%PDF-1.7" + bytes(1000), "is a PDF file"),
        (bytes(10_000), "is not a picture"),
        (b"", "127.0.0.1 sends an empty file"),
    ],
)
def test_other_content_is_no_picture_whatever_it_is_called(
    body: bytes, words: str, server: WebServer
) -> None:
    assert words in refused(server, whole(body, Content_Type="image/png"))


def test_what_is_no_picture_is_not_fetched_to_its_end(server: WebServer) -> None:
    assert "is not a picture" in refused(server, stalled_after(2000, bytes(10_000_000)))


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "has no such file (404); check the address"), (403, "does not give it out"),
     (204, "makes no sense"), (206, "makes no sense"), (500, "is in trouble")],
)  # fmt: skip
def test_only_success_is_success(status: int, words: str, server: WebServer) -> None:
    assert words in refused(server, says(status, b"" if status == 204 else PICTURE))


# --- too much, too slow, too little -------------------------------------------------------------


def endless(request: Request) -> None:
    request.begin(200, {})
    request.wfile.write(PICTURE[:100])
    while True:
        request.wfile.write(bytes(100_000))


def endless_chunks(request: Request) -> None:
    request.protocol_version = "HTTP/1.1"
    request.close_connection = True
    request.begin(200, {"Transfer-Encoding": "chunked"})
    request.wfile.write(b"64\r\n" + PICTURE[:100] + b"\r\n")
    while True:
        request.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")


@pytest.mark.parametrize("way", [endless, endless_chunks])
def test_a_body_without_end_is_left(way: Way, server: WebServer) -> None:
    said = refused(server, way, limit_bytes=1_000_000)
    assert "sends more than 1.0 MB, and pictures of at most 1.0 MB are fetched" in said


def test_what_says_that_it_is_too_long_is_not_even_begun(server: WebServer) -> None:
    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": MOST_BYTES + 1})
        request.stall()

    assert "sends 50.0 MB, and pictures of at most" in refused(server, way)


def dripping(request: Request) -> None:
    request.begin(200, {"Content-Length": len(PICTURE)})
    for byte in PICTURE:
        request.wfile.write(bytes([byte]))
        if request.server.released.wait(0.02):
            return


def dripping_headers(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(90):
        request.wfile.write(b"X-%d: y\r\n" % number)
        if request.server.released.wait(0.02):
            return


def dripping_redirects(request: Request) -> None:
    request.server.released.wait(0.15)
    says(302, Location=f"{request.server.url}/{len(request.server.requests)}")(request)


@pytest.mark.parametrize(
    "way", [dripping, dripping_headers, dripping_redirects, silent, stalled_after(600, PICTURE)]
)
def test_the_time_is_limited_over_all(way: Way, server: WebServer) -> None:
    began = time.monotonic()
    said = refused(server, way, limit_seconds=0.4)
    assert time.monotonic() - began < 5
    assert "takes longer than 0.4 seconds" in said or "did not answer in time" in said


def test_a_name_that_is_looked_up_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def look_up(*_: object, **__: object) -> list[Any]:
        released.wait(60)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    said = refusal("http://pictures.example/cat.png", limit_seconds=0.3)
    assert "in time" in said or "longer than" in said
    released.set()
    for thread in threading.enumerate():
        if thread.name == "web":
            thread.join()


def test_it_stops_when_it_is_told_to(server: WebServer) -> None:
    server.plan = [stalled_after(600, PICTURE)]

    def checkpoint(_: float) -> None:
        if server.stalled.is_set():
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch_picture(server.url, allow_private=True, checkpoint=checkpoint)


def cut(length: int) -> Way:
    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": length})
        request.wfile.write(PICTURE)

    return way


@pytest.mark.parametrize(
    "way",
    [cut(len(PICTURE) + 1), cut(len(PICTURE) * 10), chunked(PICTURE, ends=False),
     raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), raw(b"not http\r\n\r\n"),
     raw(b"")],
)  # fmt: skip
def test_an_end_that_comes_too_early(way: Way, server: WebServer) -> None:
    assert "the connection to 127.0.0.1 broke off" in refused(server, way)


def test_a_length_that_is_too_small_cuts_the_picture(server: WebServer) -> None:
    server.plan = [cut(700)]
    fetched = fetch_picture(server.url, allow_private=True)
    with pytest.raises(ExplorerError, match="damaged or cut short"):
        decode_bytes(fetched.data, fetched.name)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-gzip, gzip"])
def test_what_is_packed_is_not_unpacked(coding: str, server: WebServer) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    said = refused(server, whole(bomb, Content_Encoding=coding))
    assert "packed, which was not asked for" in said


# --- where it goes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["ftp://pictures.example/a", "file:///etc/passwd", "http://me:pw@pictures.example/", "x", "",
     "http://pictures.example:25/", "http://exa mple/", "http://pictures.example/\r\nX: y"],
)  # fmt: skip
def test_addresses_that_are_not_asked(url: str, names: Names, server: WebServer) -> None:
    refusal(url)
    assert names
    assert not server.requests


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]",
                                  "[::ffff:127.0.0.1]", "0.0.0.0", "127。0。0。1"])  # fmt: skip
def test_this_computer_is_not_asked_unless_allowed(host: str, server: WebServer) -> None:
    said = refusal(f"http://{host}:{server.server_address[1]}/cat.png", allow_private=False)
    assert "own network" in said or "no address on the web" in said or "was not found" in said
    assert not server.requests


def test_a_public_name_is_asked(names: Names, server: WebServer) -> None:
    fetched = fetch_picture("http://pictures.example/cat.png")
    assert fetched.data == PICTURE
    assert server.requests[0].headers["Host"] == "pictures.example"
    assert names


@pytest.mark.parametrize("near", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"])
def test_a_name_with_one_address_that_is_not_public(
    near: str, names: Names, server: WebServer
) -> None:
    names["pictures.example"] = [OUTSIDE, near]
    refusal("http://pictures.example/cat.png", allow_private=False)
    assert not server.requests


def test_a_name_that_changes_its_address_between_two_looks(
    names: Names, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    known = socket.getaddrinfo

    def look_up(host: str, port: int, *arguments: Any, **options: Any) -> list[Any]:
        asked.append(host)
        names["pictures.example"] = [OUTSIDE] if len(asked) == 1 else ["127.0.0.1"]
        return known(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert fetch_picture("http://pictures.example/cat.png").data == PICTURE
    assert asked == ["pictures.example"]  # the address looked at is the one connected to
    assert "own network" in refusal("http://pictures.example/cat.png", allow_private=False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int, names: Names, server: WebServer) -> None:
    names["other.example"] = [OUTSIDE]
    away = says(status, Location="http://other.example/b.png")
    server.plan = [says(status, Location="/a"), says(status, Location="b?c"), away,
                   says(status, Location="//pictures.example/x y"), whole(PICTURE)]  # fmt: skip
    assert fetch_picture("http://pictures.example/cat.png").name == "cat.png"
    assert [request.path for request in server.requests] == [
        "/cat.png", "/a", "/b?c", "/b.png", "/x%20y",
    ]  # fmt: skip
    assert server.requests[3].headers["Host"] == "other.example"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/x", "http://localhost:{port}/x", "http://[::1]:{port}/x",
        "http://2130706433:{port}/x", "//127.1:{port}/x", "http://near.example:{port}/",
        "file:///etc/passwd", "ftp://pictures.example/x", "data:image/png;base64,AAAA", "gopher:x",
        "http://me:pw@pictures.example/", "http://pictures.example:25/", "http://[", "",
        "http://pictures.example\\@127.0.0.1/",
    ],
)  # fmt: skip
def test_each_redirect_is_looked_at_like_the_first_address(
    location: str, names: Names, server: WebServer
) -> None:
    names["near.example"] = ["192.168.1.1"]
    server.plan = [says(302, Location=location.format(port=server.server_address[1]))]
    said = refusal("http://pictures.example/cat.png", allow_private=False)
    assert said.startswith('"cat.png" could not be fetched: ')
    assert len(server.requests) == 1


def test_redirects_in_circles(server: WebServer) -> None:
    assert "round in circles" in refused(server, says(302, Location="/again"))
    assert len(server.requests) == 6  # the address and five more


def test_certificates_and_names_in_them_are_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(tls=True) as secure:
        secure.plan = [whole(PICTURE)]
        assert "cannot be trusted" in refusal(f"{secure.url}/cat.png")
        assert not secure.requests
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert fetch_picture(f"{secure.url}/cat.png", allow_private=True).data == PICTURE
        elsewhere = secure.url.replace("127.0.0.1", "localhost")
        assert "the certificate of localhost cannot be trusted" in refusal(elsewhere)


def test_no_redirect_leads_out_of_encryption(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with serving(tls=True) as secure:
        secure.plan = [says(302, Location=f"{server.url}/x")]
        assert "without encryption" in refusal(secure.url)
        assert not server.requests


def test_an_address_of_version_6(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def connect(line: socket.socket, place: Any, _timeout: float) -> socket.socket:
        seen.append((line.family, place[:2]))
        line.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "refused")

    monkeypatch.setattr(web, "connected", connect)
    assert "refuses the connection" in refusal("http://[2606:4700::1]:8080/", allow_private=False)
    assert seen == [(socket.AF_INET6, ("2606:4700::1", 8080))]


def test_a_second_address_has_its_turn(
    names: Names, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names["pictures.example"] = ["1.1.1.1", OUTSIDE]
    connect = web.connected

    def first_is_down(line: socket.socket, place: Any, timeout: float) -> socket.socket:
        if place[0] == "1.1.1.1":
            line.close()
            raise OSError(errno.EHOSTUNREACH, "no route")
        return connect(line, place, timeout)

    monkeypatch.setattr(web, "connected", first_is_down)
    assert fetch_picture("http://pictures.example/cat.png").data == PICTURE
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [errno.ENETUNREACH, errno.EHOSTUNREACH])
def test_no_network(code: int, names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(line: socket.socket, *_: object) -> socket.socket:
        line.close()
        raise OSError(code, "unreachable")

    monkeypatch.setattr(web, "connected", connect)
    assert "cannot be reached" in refusal("http://pictures.example/", allow_private=False)
    names["pictures.example"] = []
    assert "cnn" not in refusal("http://pictures.example/", allow_private=False)


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert "pictures.example was not found" in refusal("http://pictures.example/cat.png")


# --- proxies ------------------------------------------------------------------------------------


def proxied(monkeypatch: pytest.MonkeyPatch, server: WebServer, kind: str) -> None:
    monkeypatch.setenv(f"{kind}_proxy", f"http://{server.host}")


def test_a_proxy_of_the_environment_is_asked(
    names: Names, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxied(monkeypatch, server, "http")  # on this computer, as proxies often are
    assert fetch_picture("http://pictures.example/cat.png").data == PICTURE
    assert fetch_picture("http://unknown.invalid/cat.png").data == PICTURE  # the proxy may know
    assert [request.path for request in server.requests] == [
        "http://pictures.example/cat.png",
        "http://unknown.invalid/cat.png",
    ]
    names["near.example"] = ["10.0.0.1"]
    for url in ("http://10.0.0.1/", "http://near.example/", "http://2130706433/"):
        assert "own network" in refusal(url, allow_private=False)
    assert len(server.requests) == 2


def test_a_proxy_passes_encryption_on(server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, server, "https")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    server.plan = [forwarded]
    with serving(tls=True) as secure:
        secure.plan = [whole(PICTURE)]
        assert fetch_picture(secure.url, allow_private=True).data == PICTURE
        assert [request.command for request in server.requests] == ["CONNECT"]
        assert "own network" in refusal(secure.url, allow_private=False)
        assert len(server.requests) == 1


def test_it_imports_nothing_heavy() -> None:
    code = (
        "import sys, cnn_explorer.media.fetch\n"
        "heavy = {'torch', 'numpy', 'PySide6', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
