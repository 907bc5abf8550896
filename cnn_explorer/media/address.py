"""What a text from outside points to: a local file, an address of the web, a picture in the text.

A drag, the clipboard and a command line give texts of anyone's making. `what` says what such a
text is and opens nothing; what is odd is refused with a sentence. Imports neither numpy nor Pillow.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
import socket
import string
import unicodedata
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from cnn_explorer.errors import ExplorerError
from cnn_explorer.text import format_size, printable

MOST_BYTES = 50 * 2**20
"""Longer pictures are not taken from the web, nor out of a text."""

_LONGEST = 8192
"""Characters of a path or an address."""
_FILE_LONGEST = 3 * 4096 + _LONGEST
"""Characters of a ``file:`` address: three for a byte of a path where it is percent encoded."""
_DATA_LONGEST = 3 * MOST_BYTES + _LONGEST
"""Characters of a ``data:`` URL: three for a byte where it is percent encoded."""
_PORTS = (80, 443)
_FIRST_FREE_PORT = 1024
"""Those below, but for the web's own, are of services that are no web servers."""
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?\.?", re.IGNORECASE)
_V6 = re.compile(r"[0-9a-f:.]{2,45}", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True)
class LocalFile:
    """A path on this computer, absolute. Whether something lies there was not asked."""

    path: Path


@dataclass(frozen=True)
class WebAddress:
    """An address of the web, http or https, in ASCII and without a fragment."""

    url: str
    name: str
    """What to call what is there: the last part of its path, else the host."""

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True)
class DataAddress:
    """A ``data:`` URL, which holds the picture itself (RFC 2397)."""

    url: str = field(repr=False)
    name: str = "Picture in the address"

    def content(self) -> bytes:
        """The bytes, whatever the address declares them to be; raises `ExplorerError` where they
        are damaged or more than `MOST_BYTES`."""
        declared, comma, body = self.url[5:].partition(",")
        if not comma:
            raise ExplorerError("the data: address holds no picture: it has no comma.")
        data = urllib.parse.unquote_to_bytes(body)
        if declared.rpartition(";")[2].strip().lower() == "base64":
            data = _from_base64(data)
        if len(data) > MOST_BYTES:
            raise ExplorerError(
                f"the data: address holds more than {format_size(MOST_BYTES)}: save the picture "
                "and open the file."
            )
        if not data:
            raise ExplorerError("the data: address is empty: drag or copy the picture itself.")
        return data


@dataclass(frozen=True)
class Unusable:
    """No picture can be had from it."""

    reason: str
    """Why, in one sentence."""


Address = LocalFile | WebAddress | DataAddress | Unusable


def scheme_of(text: str) -> str:
    """The scheme that a text begins with, in small letters; empty where it is no address."""
    found = _SCHEME.match(text)
    return found[1].lower() if found else ""


def what(text: str) -> Address:
    """What a text points to; nothing is opened or looked up.

    Blanks around it and a pair of quotes, as file managers copy paths, do not count. A path must
    be absolute (``~`` is the home folder). An address of the web has no name and password in it and
    a port of the web or one from 1024 on.
    """
    text = text.strip(" \t\r\n")
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    if text[:5].lower() == "data:":
        if len(text) > _DATA_LONGEST:
            return Unusable("The data: address is too long: save the picture and open the file.")
        return DataAddress(text)
    if not text:
        return Unusable("There is no text.")
    kind = scheme_of(text)
    if len(text) > (_FILE_LONGEST if kind == "file" else _LONGEST):
        return Unusable(f"A text of {len(text):,} characters is no path and no address.")
    if not (text.isprintable() or all(map(_may_stand_in_a_path, text))):
        return Unusable("A text with line ends or control characters is no path and no address.")
    if not kind:
        return _path(text)
    if kind == "file":
        return _file(text)
    if kind in ("http", "https"):
        return _web(text)
    return Unusable(
        f"Pictures are taken from http, https, file and data addresses, not from {kind[:30]}: "
        "save the picture first."
    )


def _may_stand_in_a_path(sign: str) -> bool:
    """Blanks of all kinds and joiners do, as in the names of screenshots and of pictures of
    people; so do bytes that are no text."""
    if sign.isprintable() or 0xDC80 <= ord(sign) <= 0xDCFF:
        return True
    return unicodedata.category(sign) in ("Zs", "Cf")


def _path(text: str) -> Address:
    if text == "~" or text.startswith(("~/", "~" + os.sep)):
        text = os.path.expanduser(text)
    if text.startswith(("//", "\\\\")) and os.name == "nt":
        return Unusable("Files of other computers are not opened by a pasted path.")
    if not os.path.isabs(text):
        return Unusable(f'"{_shown(text)}" is no full path of a file and no address.')
    return LocalFile(Path(text))


def _file(text: str) -> Address:
    try:
        parts = urllib.parse.urlsplit(text)
    except ValueError:
        return Unusable("The file: address makes no sense.")
    if parts.netloc.lower() not in ("", "localhost", socket.gethostname().lower()):
        return Unusable(
            f'The file lies on another computer, "{_shown(parts.netloc)}": copy it to this one.'
        )
    # byte for byte: the name of a file need not be text
    coded = os.fsencode(parts.path) if os.name == "posix" else parts.path.encode()
    path = os.fsdecode(urllib.parse.unquote_to_bytes(coded))
    if os.name == "nt":
        path = path.lstrip("/")
    if "\0" in path or not os.path.isabs(path):
        return Unusable("The file: address is not that of a file.")
    return LocalFile(Path(path))


def _web(text: str) -> Address:
    try:
        return web_address(text)
    except ExplorerError as error:
        return Unusable(str(error))


def web_address(text: str) -> WebAddress:
    """An address of the web as it may be asked for; raises `ExplorerError`, in a sentence.

    It is written anew from its parts, so that whoever reads it later reads the same.
    """
    if not text.isprintable() or len(text) > _LONGEST:  # Python would pass over line ends
        raise ExplorerError(f'"{_shown(text)}" is no address of the web.')
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
        host = _host(parts.hostname or "")
    except (ValueError, UnicodeError):
        host, port = "", None
    if not host or "\\" in parts.netloc or parts.scheme not in ("http", "https"):
        raise ExplorerError(f'"{_shown(text)}" is no address of the web.')
    if "@" in parts.netloc:
        raise ExplorerError(
            "The address has a name and a password in it, which are not sent: "
            "save the picture in the browser and open the file."
        )
    if port is not None and port not in _PORTS and port < _FIRST_FREE_PORT:
        raise ExplorerError(f"Port {port} is not one of web servers.")
    usual = {"http": 80, "https": 443}[parts.scheme]
    where = host if port in (None, usual) else f"{host}:{port}"
    path = urllib.parse.quote(parts.path or "/", safe=string.punctuation)
    query = urllib.parse.quote(parts.query, safe=string.punctuation)
    url = urllib.parse.urlunsplit((parts.scheme, where, path, query, ""))
    last = urllib.parse.unquote(path.rpartition("/")[2], errors="replace")
    return WebAddress(url, printable(last, 120) or host)


def _host(name: str) -> str:
    """A host in ASCII; empty where it is none. An address in brackets keeps them."""
    if ":" in name:
        return f"[{name}]" if _V6.fullmatch(name) else ""
    coded = name if name.isascii() else name.encode("idna").decode("ascii")
    return coded if _HOST.fullmatch(coded) else ""


def _from_base64(data: bytes) -> bytes:
    data = bytes(data).translate(None, b" \t\r\n").translate(bytes.maketrans(b"-_", b"+/"))
    data = data.rstrip(b"=")
    try:
        if not _BASE64.fullmatch(data):
            raise ValueError
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (ValueError, binascii.Error) as error:
        raise ExplorerError(
            "the data: address is damaged: drag or copy the picture again."
        ) from error


def _shown(text: str) -> str:
    return printable(text, 80)
