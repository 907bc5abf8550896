"""One request to a server of the web and its answer, from the border inwards: nothing is believed.

Proxies are those that the environment names, certificates are verified, redirects stay in the web
and never leave encryption. Whatever goes wrong is a `Failed` that says why in a clause; its kind
says whether asking again may help. A `Guard` decides which computers may be asked, where an address
is anyone's; weights, whose addresses are the catalogue's, need none.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import queue
import re
import socket
import ssl
import string
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import partial
from typing import Any, Protocol, cast

from cnn_explorer.text import printable

TICK = 0.1
"""Seconds between two looks at whether to stop."""
PROGRAM = "cnn-explorer"
WEB_PAGE = (
    "the network answered with a web page (a sign-in page?); "
    "open a web page in a browser, then try again"
)

_BLOCK = 1 << 18
_AHEAD = 16
"""Blocks that may wait between network and disk."""
_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)
_BUSY = (408, 429, 500, 502, 503, 504)
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)


class Failed(Exception):  # noqa: N818  # a clause for an error to be made of
    """Why the file does not come, as a clause; asking again would not help."""


class Unreachable(Failed):
    """There is no connection: asking again helps if there was one a moment ago."""


class Broken(Failed):
    """The connection broke, or the server is busy: the same request may well succeed later."""


SocketAddress = tuple[Any, Any, int, str, tuple[Any, ...]]
"""Family, kind, protocol, name and place: what `socket.getaddrinfo` gives."""


class Guard(Protocol):
    """Decides what may be asked. Both methods raise `Failed` for what may not."""

    def followed(self, url: str) -> str:
        """An address as it is asked for, the first one and each that a redirect leads to."""

    def places(self, host: str, port: int) -> Sequence[SocketAddress]:
        """Where a host is, looked up once: these and no others are connected to. Called in the
        thread that talks to the network."""


@dataclass(frozen=True)
class _Fault:
    """What went wrong in the thread that talks to the network, and who was talked to."""

    error: Exception
    whom: str


@dataclass(frozen=True)
class Head:
    """Status and headers of an answer, and who sent it."""

    status: int
    headers: Message
    host: str

    def get(self, name: str) -> str:
        """A header, in printable characters; empty where there is none."""
        return _one_line(self.headers.get(name) or "")

    @property
    def length(self) -> int | None:
        """Bytes of the body; None where the server does not say."""
        text = self.get("Content-Length").strip()
        chunked = "Transfer-Encoding" in self.headers
        return int(text) if re.fullmatch("[0-9]{1,18}", text) and not chunked else None


class _Connection(http.client.HTTPConnection):
    """Says which socket it uses, so that another thread can end a wait for it."""

    opened: Callable[[socket.socket], None]

    def connect(self) -> None:
        super().connect()
        self.opened(self.sock)


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """The same through TLS: its `connect` calls the other's before it encrypts anything."""


@dataclass(frozen=True)
class _Dial:
    """How connections are made."""

    opened: Callable[[socket.socket], None]
    guard: Guard | None
    """None also where a proxy is connected to: the environment's word is trusted."""

    def connection(self, kind: type[_Connection], host: str, **options: Any) -> _Connection:
        connection = kind(host, **options)
        connection.opened = self.opened
        if self.guard is not None:
            connection._create_connection = self._guarded  # type: ignore[attr-defined]
        return connection

    def _guarded(self, address: tuple[str, int], timeout: float, *_source: object) -> socket.socket:
        """As `socket.create_connection`, to the places that the guard found good: a second look at
        the name could be told another one."""
        assert self.guard is not None
        failure = OSError("no address")
        for family, kind, protocol, _, place in self.guard.places(*address):
            try:
                return connected(socket.socket(family, kind, protocol), place, timeout)
            except OSError as error:
                failure = error
        raise failure


def connected(line: socket.socket, place: Any, timeout: float) -> socket.socket:
    """The socket, connected; closed where that fails."""
    try:
        line.settimeout(timeout)
        line.connect(place)
    except BaseException:
        line.close()
        raise
    return line


class _PlainHandler(urllib.request.HTTPHandler):
    def __init__(self, dial: _Dial) -> None:
        super().__init__()
        self._dial = dial

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(self._dial.connection, _Connection), req)


class _SecureHandler(urllib.request.HTTPSHandler):
    def __init__(self, dial: _Dial) -> None:
        super().__init__()
        self._dial = dial

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        context = ssl.create_default_context()  # certificates and names are verified
        context.set_alpn_protocols(["http/1.1"])
        connection = partial(self._dial.connection, _SecureConnection)
        return self.do_open(connection, req, context=context)


class Answer:
    """One request and its answer, redirects followed, read in a thread of its own.

    Looking a name up, connecting, and reading from a silent server cannot be left in the middle;
    so they happen in a thread, and who wants the bytes waits in short steps and may leave at any.
    The thread ends then, or at its next time-out at the latest; it touches nothing but its socket.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], timeout: float, guard: Guard | None = None
    ) -> None:
        self._url = url
        self._guard = guard
        self._headers = dict(headers)
        self._timeout = timeout
        self._whom = self._next_whom = host_of(url)
        self._parts: queue.Queue[Head | bytes | _Fault] = queue.Queue(_AHEAD)
        self._left = threading.Event()
        self._line: socket.socket | None = None
        self._thread = threading.Thread(target=self._read, name="web", daemon=True)

    def __enter__(self) -> Answer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        line = self._line
        if line is not None:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self._thread.join(5 * TICK)

    def head(self, wait: Callable[[], None]) -> Head:
        """Status and headers. `wait` is called in short steps and may raise."""
        return cast(Head, self._next(wait))

    def blocks(self, wait: Callable[[], None]) -> Iterator[bytes]:
        """The body as it arrives, after the head."""
        while block := self._next(wait):
            yield cast(bytes, block)

    def _next(self, wait: Callable[[], None]) -> Head | bytes:
        silent_since = time.monotonic()
        while True:
            wait()
            try:
                part = self._parts.get(timeout=TICK)
            except queue.Empty:
                if time.monotonic() - silent_since < self._timeout:
                    continue
                part = _Fault(TimeoutError(), self._whom)
            if isinstance(part, _Fault):
                if isinstance(part.error, Failed):
                    raise part.error
                raise _network_error(part) from part.error
            return part

    # in the thread

    def _read(self) -> None:
        try:
            with self._open() as response:
                self._hand_on(Head(response.status, response.headers, self._whom))
                while not self._left.is_set() and (block := response.read1(_BLOCK)):
                    self._hand_on(block)
            self._hand_on(b"")
        except Exception as error:  # a server can provoke any; the other thread says it
            self._hand_on(_Fault(error, self._whom))
        finally:
            if self._line is not None:
                self._line.close()

    def _hand_on(self, part: Head | bytes | _Fault) -> None:
        while not self._left.is_set():
            with contextlib.suppress(queue.Full):
                self._parts.put(part, timeout=TICK)
                return

    def _open(self) -> http.client.HTTPResponse:
        url = self._url
        for _ in range(_REDIRECTS + 1):
            if self._guard is not None:
                url = self._guard.followed(url)
            response = self._ask(url)
            if response.status not in _MOVED:
                return response
            location = response.headers.get("Location") or ""
            response.close()
            url = _followed(url, location)
        raise Failed(f"{host_of(url)} sends the request round in circles")

    def _ask(self, url: str) -> http.client.HTTPResponse:
        while True:
            request = urllib.request.Request(url, headers=self._headers)
            proxy = _proxy_for(request)
            if proxy and self._guard is not None:
                # the proxy looks names up itself, and may know some that this computer does not
                with contextlib.suppress(socket.gaierror):
                    self._guard.places(host_of(url), 0)
            opener = self._opener(_Dial(self._opened, None if proxy else self._guard))
            self._whom = f"the proxy {host_of(proxy)}" if proxy else host_of(url)
            self._next_whom = host_of(url)
            try:
                # half the time, so that a second address of the host has its turn
                response = opener.open(request, timeout=self._timeout / 2)
            except urllib.error.URLError as error:
                not_yet = isinstance(error.reason, TimeoutError) and self._line is None
                if not_yet and not self._left.is_set():
                    continue  # whoever waits for this decides when it has been too long
                raise
            return cast(http.client.HTTPResponse, response)

    def _opener(self, dial: _Dial) -> urllib.request.OpenerDirector:
        opener = urllib.request.OpenerDirector()
        opener.addheaders = []
        for handler in (  # these and no others: no files, no FTP
            urllib.request.ProxyHandler(_proxies()),
            _PlainHandler(dial),
            _SecureHandler(dial),
        ):
            opener.add_handler(handler)
        return opener

    def _opened(self, line: socket.socket) -> None:
        line.settimeout(self._timeout)
        if self._line is not None:
            self._line.close()
        # a handle of its own, for TLS takes the first one away
        self._line = line.dup()
        self._whom = self._next_whom
        if self._left.is_set():
            raise ConnectionAbortedError


def _proxies() -> dict[str, str]:
    """Proxies by the kind of address, as the environment names them: ``all_proxy`` is for what has
    none of its own."""
    named = urllib.request.getproxies()
    rest = named.get("all", "")
    return {kind: named.get(kind) or rest for kind in ("http", "https") if named.get(kind) or rest}


def _proxy_for(request: urllib.request.Request) -> str:
    """The proxy that the environment names for a request, as `ProxyHandler` chooses it."""
    proxy = _proxies().get(request.type, "")
    if not proxy or urllib.request.proxy_bypass(request.host):
        return ""
    named = request.type if urllib.request.getproxies().get(request.type) else "all"
    if not host_of(proxy):
        raise Failed(f"what {named}_proxy names is not the address of a proxy")
    kind = proxy.partition("://")[0] if "://" in proxy else "http"
    if kind.lower() not in ("http", "https"):
        raise Failed(
            f"the proxy {host_of(proxy)} is one of a kind that cannot be used ({_one_line(kind)}); "
            f"set {request.type}_proxy to an http proxy"
        )
    return proxy


def _followed(url: str, location: str) -> str:
    """Where a redirect leads; the web alone, and never out of encryption."""
    host = host_of(url)
    try:
        quoted = urllib.parse.quote(location, safe=string.punctuation, encoding="iso-8859-1")
        target = urllib.parse.urljoin(url, quoted)
        parts = urllib.parse.urlsplit(target)
        good = bool(location and parts.hostname) and parts.scheme in ("http", "https")
    except ValueError:
        good = False
    if not good:
        raise Failed(f"{host} sends the request on to an address that is not followed")
    if parts.scheme == "http" and urllib.parse.urlsplit(url).scheme == "https":
        raise Failed(
            f"{host} sends the request on to {host_of(target)} without encryption "
            "(a sign-in page?); open a web page in a browser, then try again"
        )
    return target


def _network_error(fault: _Fault) -> Failed:
    """What went wrong, in words, and whether it is worth another try."""
    error, whom = fault.error, fault.whom
    if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception):
        error = error.reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failed(
            f"the certificate of {whom} cannot be trusted ({_one_line(error.verify_message)}; "
            "a sign-in page, or a wrong clock?)"
        )
    if isinstance(error, TimeoutError):
        return Failed(f"{whom} did not answer in time; try again later")
    if isinstance(error, socket.gaierror):
        return Unreachable(f"{whom} was not found; check the connection to the network")
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(f"{whom} refuses the connection; try again later")
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return Unreachable(f"{whom} cannot be reached; check the connection to the network")
    if str(error).startswith("Tunnel connection failed"):  # all that http.client says of it
        return Failed(f"{whom} does not let the request through ({reason_of(error)})")
    if isinstance(error, OSError | http.client.HTTPException) and not isinstance(
        error, http.client.InvalidURL
    ):
        return Broken(f"the connection to {whom} broke off ({reason_of(error)}); try again")
    return Failed(f"{whom} cannot be asked ({reason_of(error)})")


def refusal(head: Head, where_gone: str) -> Failed:
    """What a status that is not success means; `where_gone` says what to do without the file."""
    status, host = head.status, head.host
    if status in (404, 410):
        return Failed(f"{host} has no such file ({status}); {where_gone}")
    if status in (401, 403, 451):
        return Failed(f"{host} does not give it out ({status}); try again later")
    if status == 407:
        return Failed(
            "the proxy wants a name and a password (407); "
            "set http_proxy and https_proxy to http://NAME:PASSWORD@PROXY:PORT"
        )
    if status == 511:
        return Failed(WEB_PAGE)
    if status in _BUSY:
        return Broken(f"{host} is in trouble ({status}); try again later")
    return Failed(f"{host} gives an answer that makes no sense here ({status})")


def is_web_page(head: Head) -> bool:
    """Whether an answer says of itself that it is one."""
    kind = head.get("Content-Type").partition(";")[0].strip().lower()
    return kind in ("text/html", "application/xhtml+xml")


def refuse_packed(head: Head) -> None:
    """What is packed is not unpacked here: it was not asked for, and may grow beyond measure."""
    coding = head.get("Content-Encoding").strip().lower()
    if coding not in ("", "identity"):
        raise Failed(f"{head.host} sends it packed, which was not asked for ({coding})")


def host_of(url: str) -> str:
    """The host of an address, without name and password; empty where it has none."""
    try:
        host = urllib.parse.urlsplit(url if "://" in url else f"//{url}").hostname
    except ValueError:
        host = None
    return _one_line(host or "")


def reason_of(error: BaseException) -> str:
    """An error in its own words."""
    return _one_line(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _one_line(text: str) -> str:
    """Of bounded length, whatever a server put into it."""
    return printable(text, 200)
