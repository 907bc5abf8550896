"""A picture from the web: asked for once, within limits, and looked at before it is believed.

The address may be anyone's (a drag out of a browser, a line of a list). So only http and https are
asked, only computers of the open web (`neighbourhood`), with limits on bytes and on the time from
the first look-up to the last byte; and what comes must begin like a picture, whatever the server
calls it. Whether it is sound only decoding tells (`decode`), in the program that wants to see it.

Imports neither numpy nor Pillow: the command that fetches shall be there at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cnn_explorer import __version__
from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.address import MOST_BYTES, web_address
from cnn_explorer.media.neighbourhood import Neighbourhood
from cnn_explorer.media.signatures import begins_like_picture, is_markup, not_a_picture
from cnn_explorer.text import format_size
from cnn_explorer.web import PROGRAM, Answer, Failed, Head, refusal, refuse_packed

MOST_SECONDS = 20.0
"""From the first look-up to the last byte."""

_ENOUGH = 512
"""Bytes that tell what a file is."""

Progress = Callable[[int, int | None], None]
"""Hears how many bytes have come, of how many; None where the server does not say."""


@dataclass(frozen=True)
class Fetched:
    """What came from the web."""

    data: bytes
    name: str


def fetch_picture(
    url: str,
    *,
    allow_private: bool = False,
    limit_bytes: int = MOST_BYTES,
    limit_seconds: float = MOST_SECONDS,
    checkpoint: Checkpoint = no_checkpoint,
    progress: Progress | None = None,
) -> Fetched:
    """The bytes of a picture file on the web; they begin like a picture and are all there.

    At most five redirects are followed, each as strictly as the first address, and none from https
    to http. `allow_private` lets addresses of this computer and its own network through. Where the
    environment names a proxy, that is asked, and who it connects to is its business.

    The checkpoint is called several times a second, however slow the server is. Raises
    `ExplorerError` in one sentence for whatever addresses, networks and servers can do.
    """
    address = web_address(url)
    quoted = f'"{address.name}"'
    fetching = _Fetching(limit_bytes, limit_seconds, checkpoint, progress)
    headers = {
        "User-Agent": f"{PROGRAM}/{__version__}",
        "Accept": "image/*,*/*;q=0.1",
        "Accept-Encoding": "identity",
    }
    guard = Neighbourhood(allow_private=allow_private)
    try:
        with Answer(address.url, headers, limit_seconds, guard) as answer:
            head = answer.head(fetching.wait)
            if head.status != 200:
                raise refusal(head, "check the address")
            refuse_packed(head)
            fetching.expect(head)
            for block in answer.blocks(fetching.wait):
                fetching.take(block)
                fetching.look(quoted)
            fetching.finish(quoted)
    except Failed as failure:
        raise ExplorerError(f"{quoted} could not be fetched: {failure}.") from failure
    return Fetched(bytes(fetching.data), address.name)


class _Fetching:
    """What has come so far, and whether more may come."""

    def __init__(
        self, most: int, seconds: float, checkpoint: Checkpoint, progress: Progress | None
    ) -> None:
        self.data = bytearray()
        self._most = most
        self._seconds = seconds
        self._end = time.monotonic() + seconds
        self._checkpoint = checkpoint
        self._progress = progress
        self._total: int | None = None
        self._host = ""
        self._known = False

    def wait(self) -> None:
        done, total = len(self.data), self._total
        self._checkpoint(min(1.0, done / total) if total else 0.0)
        if time.monotonic() > self._end:
            raise Failed(f"it takes longer than {self._seconds:g} seconds; try again later")

    def expect(self, head: Head) -> None:
        self._host, self._total = head.host, head.length
        if self._total is not None and self._total > self._most:
            raise self._too_long(format_size(self._total))

    def take(self, block: bytes) -> None:
        self.data += block
        if len(self.data) > self._most:
            raise self._too_long(f"more than {format_size(self._most)}")
        if self._progress is not None:
            self._progress(len(self.data), self._total)

    def look(self, quoted: str, *, all_there: bool = False) -> None:
        """Refuses what is no picture as soon as that can be told."""
        if self._known or (len(self.data) < _ENOUGH and not all_there):
            return
        head = bytes(self.data[:_ENOUGH])
        if is_markup(head, b"<!doctype html", b"<html", b"<head", b"<body", b"<script"):
            raise ExplorerError(
                f"{quoted} is a web page, no picture: drag the picture itself, or save it in the "
                "browser and open the file."
            )
        if not begins_like_picture(head):
            raise ExplorerError(not_a_picture(head, quoted))
        self._known = True

    def finish(self, quoted: str) -> None:
        if self._total is not None and len(self.data) < self._total:
            raise Failed(f"the connection to {self._host} broke off; try again")
        if not self.data:
            raise Failed(f"{self._host} sends an empty file")
        self.look(quoted, all_there=True)

    def _too_long(self, size: str) -> Failed:
        return Failed(
            f"{self._host} sends {size}, and pictures of at most {format_size(self._most)} are "
            "fetched; save it in the browser and open the file"
        )
