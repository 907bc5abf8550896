"""A web server on this machine that behaves as a test tells it to, badly for the most part.

A test gives it a plan: one way to answer for each request, the last for all that follow. A way to
answer is a function of the request; `whole`, `ranged`, `broken_after` and others make them.
"""

import contextlib
import hashlib
import os
import random
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cnn_explorer.networks.card import WeightsEntry

CERTIFICATE = Path(__file__).with_name("web_server.pem")
"""For 127.0.0.1, signed by itself; its key is no secret."""

CONTENT = b"PK\x03\x04" + random.Random(7).randbytes(300_000)
"""What the server offers; it looks as if torch had saved it."""

Way = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, and what a way to answer may do with it."""

    server: "WebServer"

    def do_GET(self) -> None:
        self.server.answer(self)

    do_CONNECT = do_GET  # noqa: N815

    def begin(self, status: int, headers: Mapping[str, object]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def stall(self) -> None:
        """Says that nothing more comes, and lets nothing come until the server ends."""
        self.server.stalled.set()
        self.server.released.wait(60)

    def log_message(self, *_: object) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    daemon_threads = False  # they are waited for when the server is closed

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.plan: list[Way] = [whole()]
        self.requests: list[Request] = []
        self.errors: list[BaseException] = []
        self.stalled = threading.Event()
        self.released = threading.Event()
        self.host = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def answer(self, request: Request) -> None:
        self.requests.append(request)
        way = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        # a client that leaves in the middle is part of the plan
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            way(request)

    def handle_error(self, *_: object) -> None:
        import sys

        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | ssl.SSLError | TimeoutError | None):
            self.errors.append(error)


@contextlib.contextmanager
def serving(*, tls: bool = False) -> Iterator[WebServer]:
    """A server that runs; none of its threads is left at the end."""
    server = WebServer(tls=tls)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="web server")
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert not server.errors


def entry_of(server: WebServer, content: bytes = CONTENT, **changes: object) -> WeightsEntry:
    """A catalogue's entry for `content`, to be had from the server."""
    file = f"net-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    values = {
        "tag": "ImageNet V1", "file": file, "shipped": False, "accuracy": 50.0,
        "size": len(content), "url": f"{server.url}/models/{file}",
    }  # fmt: skip
    return WeightsEntry(**{**values, **changes})  # type: ignore[arg-type]


# ways to answer


def whole(content: bytes = CONTENT, etag: str = '"one"', **headers: object) -> Way:
    """All of it, whatever part was asked for."""

    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": len(content), "ETag": etag} | _dashed(headers))
        request.wfile.write(content)

    return way


def ranged(content: bytes = CONTENT, etag: str = '"one"', upto: int | None = None) -> Way:
    """What was asked for, as a good server does; no more than `upto` bytes from the start on."""

    def way(request: Request) -> None:
        span = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if span is None or request.headers.get("If-Range", etag) != etag:
            request.begin(200, {"Content-Length": len(content), "ETag": etag})
            request.wfile.write(content[:upto])
            return
        start, last = int(span[1]), len(content) - 1
        if start > last:
            request.begin(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        request.begin(
            206,
            {
                "Content-Length": last + 1 - start,
                "Content-Range": f"bytes {start}-{last}/{last + 1}",
                "ETag": etag,
            },
        )
        request.wfile.write(content[start:upto])

    return way


def says(status: int, body: bytes = b"", **headers: object) -> Way:
    def way(request: Request) -> None:
        request.begin(status, {"Content-Length": len(body)} | _dashed(headers))
        request.wfile.write(body)

    return way


def unmeasured(content: bytes = CONTENT, etag: str = '"one"') -> Way:
    """All of it, without saying how much that is."""

    def way(request: Request) -> None:
        request.begin(200, {"ETag": etag})
        request.wfile.write(content)

    return way


def chunked(content: bytes = CONTENT, *, ends: bool = True) -> Way:
    """All of it in chunks, without saying how much that is."""

    def way(request: Request) -> None:
        request.protocol_version = "HTTP/1.1"
        request.close_connection = True
        request.begin(200, {"Transfer-Encoding": "chunked", "ETag": '"one"'})
        for start in range(0, len(content), 50_000):
            block = content[start : start + 50_000]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
        if ends:
            request.wfile.write(b"0\r\n\r\n")

    return way


def endless(request: Request) -> None:
    request.begin(200, {})
    request.wfile.write(CONTENT[:4])
    while True:
        request.wfile.write(bytes(100_000))


def stalled_after(count: int, content: bytes = CONTENT) -> Way:
    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": len(content), "ETag": '"one"'})
        request.wfile.write(content[:count])
        request.stall()

    return way


def silent(request: Request) -> None:
    request.stall()


def reset_after(count: int) -> Way:
    """A connection that is torn down, not closed."""

    def way(request: Request) -> None:
        request.begin(200, {"Content-Length": len(CONTENT), "ETag": '"one"'})
        request.wfile.write(CONTENT[:count])
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return way


def raw(text: bytes) -> Way:
    """Bytes that need not be HTTP."""

    def way(request: Request) -> None:
        request.wfile.write(text)

    return way


def forwarded(request: Request) -> None:
    """What a proxy does for https: passes the bytes on, both ways, until one side ends."""
    host, _, port = request.path.partition(":")
    with socket.create_connection((host, int(port))) as onward:
        request.begin(200, {})

        def back() -> None:
            with contextlib.suppress(OSError):
                while block := onward.recv(1 << 16):
                    request.connection.sendall(block)
                request.connection.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=back)
        thread.start()
        with contextlib.suppress(OSError):
            while block := request.connection.recv(1 << 16):
                onward.sendall(block)
            onward.shutdown(socket.SHUT_WR)
        thread.join()


def _dashed(headers: Mapping[str, object]) -> dict[str, object]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests of this test go straight to the server, whatever the environment says."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
