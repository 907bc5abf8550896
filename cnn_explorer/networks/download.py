"""Published weights from their publisher into torch's cache, which other programs share.

Nothing from the network is believed: a file takes its place in the cache in one step, after it
arrived whole and its checksum is the one in its name. Until then it grows beside that place as
``NAME.part``; ``NAME.part.json`` keeps what the server said of it, so that a later download goes
on where this one ended and starts anew if the file has changed. ``NAME.lock`` is held by the one
program that writes the part; others wait for it and use what it brought.

`web` is one request, `partfile` the file that grows; here is decided what to ask for, and when
to ask again. Imports neither torch nor Qt nor numpy.
"""

from __future__ import annotations

import re
import secrets
import shutil
import stat
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from cnn_explorer import __version__
from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import WeightsEntry
from cnn_explorer.networks.checksum import checksum_is_right
from cnn_explorer.networks.partfile import Facts, Part, amount, disk_errors, kept, lock
from cnn_explorer.paths import torch_hub_checkpoints
from cnn_explorer.web import (
    PROGRAM,
    TICK,
    WEB_PAGE,
    Answer,
    Broken,
    Failed,
    Head,
    Unreachable,
    host_of,
    is_web_page,
    reason_of,
    refusal,
    refuse_packed,
)

TIMEOUT = 20.0
"""Seconds without a byte after which a server is given up."""

_PAUSES = (0.5, 1.0, 2.0)
"""Seconds to wait before asking again after a connection broke, one for each try."""
_ADVANCE = 1 << 20
"""Bytes that must have come since the last break for the tries to be counted anew."""
_SPEED_OVER = 5.0
"""Seconds over which the speed is averaged."""
_MOST = 4 << 30
"""Bytes that are taken when neither the catalogue nor the server says how many there are."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\s*$")


@dataclass(frozen=True)
class Transfer:
    """How far a download is."""

    done: int
    """Bytes on the disk, those of an earlier try included."""
    total: int | None
    """Bytes of the whole file; None as long as nobody has said."""
    speed: float
    """Bytes a second, over the last seconds."""


def download(
    entry: WeightsEntry,
    checkpoint: Checkpoint = no_checkpoint,
    progress: Callable[[Transfer], None] | None = None,
    *,
    timeout: float = TIMEOUT,
) -> Path:
    """The weights' file in torch's cache, fetched if it is not there already.

    A file that is there and has the right checksum is used without any network. The checkpoint is
    called several times a second, however slow the server is; when it raises `Cancelled`, what has
    arrived stays for the next time. `timeout` is how long the server may be silent, in seconds.
    Raises `ExplorerError` in one sentence for whatever network, server and disk can do; a sound
    file that was there before is never touched.
    """
    if not entry.url:
        raise ExplorerError(
            f"{entry.file} comes with this program: there is nothing to download."
            if entry.shipped
            else f"nobody offers {entry.file} for download."
        )
    folder = torch_hub_checkpoints()
    target = folder / entry.file
    if _is_sound(target, checkpoint):
        return target
    _make_folder(folder)
    watch = _Watch(checkpoint, progress, entry.size or None)
    part = folder / f"{entry.file}.part"
    with lock(folder / f"{entry.file}.lock", lambda: watch.wait(_size(part))) as locked:
        if _is_sound(target, checkpoint):  # another program has brought it meanwhile
            return target
        if not locked:  # a part of one's own, since somebody else may be writing to the usual one
            part = folder / f"{entry.file}.{secrets.token_hex(6)}.part"
        with Part(part, entry.url, keep=locked) as file:
            _Download(entry, file, watch, timeout).run(target)
    return target


# the cache


def _is_sound(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether the file is there and right; raises where it can be neither used nor replaced."""
    try:
        facts = path.stat()
        if stat.S_ISDIR(facts.st_mode):
            raise ExplorerError(f"{path} is a folder, where a file should be: move it away.")
        if not stat.S_ISREG(facts.st_mode) or not facts.st_size:
            return False
        return checksum_is_right(path, lambda _: checkpoint(0.0))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ExplorerError(f"{path} cannot be read: {reason_of(error)}.") from error


def _make_folder(folder: Path) -> None:
    if str(folder).startswith("~"):
        raise ExplorerError(
            "there is no home folder to keep downloads in: "
            "set the environment variable TORCH_HOME to a folder."
        )
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# the work


class _Watch:
    """Tells how far the work is, and hears whether to stop."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        progress: Callable[[Transfer], None] | None,
        total: int | None,
    ) -> None:
        self.total = total
        self.checkpoint = checkpoint
        self._progress = progress
        self._samples: deque[tuple[float, int]] = deque()

    def at(self, done: int, *, last: bool = False) -> None:
        """So many bytes are there. Called as often as one likes; raises `Cancelled`."""
        self.checkpoint(min(1.0, done / self.total) if self.total else 0.0)
        now = time.monotonic()
        samples = self._samples
        if samples and now - samples[-1][0] < TICK and not last:
            return
        if samples and done < samples[-1][1]:
            samples.clear()  # it started anew
        samples.append((now, done))
        while len(samples) > 2 and now - samples[0][0] > _SPEED_OVER:
            samples.popleft()
        since, before = samples[0]
        speed = (done - before) / (now - since) if now > since else 0.0
        if self._progress is not None:
            self._progress(Transfer(done, self.total, speed))

    def wait(self, done: int) -> None:
        """A step of waiting."""
        self.at(done)
        time.sleep(TICK)

    def pause(self, seconds: float, done: int) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.wait(done)


class _Download:
    """Fills a part until it is whole and right."""

    def __init__(self, entry: WeightsEntry, part: Part, watch: _Watch, timeout: float) -> None:
        self._entry = entry
        self._part = part
        self._watch = watch
        self._timeout = timeout
        self._answered = False
        self._joined = False
        """Whether bytes of several answers make up the part."""

    def run(self, target: Path) -> None:
        try:
            self._fetch()
            right = self._is_right()
            if not right and self._joined:
                # what was kept may have been damaged since, or was of another file after all
                self._start_anew()
                self._fetch()
                right = self._is_right()
            if not right:
                self._part.forget()
                raise Failed(
                    f"what {host_of(self._entry.url)} sent is not the published file (its checksum "
                    "is another) and was thrown away; try again later"
                )
        except Failed as failure:
            raise ExplorerError(
                f"{self._entry.file} could not be downloaded: {failure}{kept(self._part.kept)}."
            ) from failure
        self._watch.at(self._part.done, last=True)
        self._part.finish(target)

    def _is_right(self) -> bool:
        with self._part.saying():
            return checksum_is_right(
                self._part.path, lambda _: self._watch.checkpoint(1.0), name=self._entry.file
            )

    def _start_anew(self) -> None:
        self._part.forget()
        self._joined = False

    def _fetch(self) -> None:
        """Asks until the part is whole, again where that may help."""
        tries, furthest = 0, self._part.done
        while True:
            try:
                while not self._ask():
                    self._start_anew()
                return
            except Failed as failure:
                again = isinstance(failure, Broken)
                again = again or (isinstance(failure, Unreachable) and self._answered)
                if self._part.done >= furthest + _ADVANCE:
                    tries, furthest = 0, self._part.done
                if not again or tries == len(_PAUSES):
                    raise
            self._watch.pause(_PAUSES[tries], self._part.done)
            tries += 1

    def _ask(self) -> bool:
        """Asks once for what is missing; False where what is there is of no use."""
        part, facts = self._part, self._part.facts
        headers = {"User-Agent": f"{PROGRAM}/{__version__}", "Accept": "*/*"}
        if part.done and facts is not None:
            self._joined = True
            if part.done == facts.total:  # it ended between the last byte and the check
                return True
            headers["Range"] = f"bytes={part.done}-"
            if facts.condition:
                headers["If-Range"] = facts.condition
        with Answer(self._entry.url, headers, self._timeout) as answer:
            head = answer.head(self._wait)
            self._answered = True
            if part.done and head.status == 416:
                return head.get("Content-Range").strip() == f"bytes */{part.done}"
            if part.done and head.status == 206 and not self._goes_on(head):
                return False
            if head.status != 200 and not (part.done and head.status == 206):
                raise refusal(head, f"look for a newer version of {PROGRAM}")
            self._check_kind(head)
            blocks = answer.blocks(self._wait)
            first = next(blocks, b"")
            if head.status == 200:
                # looked at before the part is emptied: a sign-in page shall not cost what is there
                if first.lstrip()[:1] == b"<" and b"\0" not in first[:16]:
                    raise Failed(WEB_PAGE)
                self._check_size(head.host, head.length)
                self._joined = False
                etag, modified = head.get("ETag"), head.get("Last-Modified")
                part.begin(Facts(self._entry.url, head.length, etag, modified))
            self._take(head.host, chain((first,), blocks))
        return True

    def _wait(self) -> None:
        self._watch.at(self._part.done)

    def _goes_on(self, head: Head) -> bool:
        """Whether an answer is the rest of the part."""
        part, facts = self._part, self._part.facts
        span = _CONTENT_RANGE.match(head.get("Content-Range"))
        if span is None or facts is None or int(span[1]) != part.done:
            return False
        if span[3] != "*" and facts.total not in (None, int(span[3])):
            return False
        for name, before in (("ETag", facts.etag), ("Last-Modified", facts.modified)):
            now = head.get(name)
            if now and before:
                return now == before
        return True

    def _check_kind(self, head: Head) -> None:
        if is_web_page(head):
            raise Failed(WEB_PAGE)
        refuse_packed(head)

    def _check_size(self, host: str, total: int | None) -> None:
        size = self._entry.size
        if total is not None and size and abs(total - size) > _tolerance(size):
            raise Failed(
                f"{host} offers a file of {amount(total)}, where {amount(size)} are expected"
            )

    def _take(self, host: str, blocks: Iterable[bytes]) -> None:
        """Writes the body of an answer; the part is whole afterwards."""
        part, size = self._part, self._entry.size
        total = part.facts.total if part.facts is not None else None
        self._watch.total = total or size or None
        self._check_room()
        least = most = total
        if least is None or most is None:
            least = size - _tolerance(size) if size else 1
            most = size + _tolerance(size) if size else _MOST
        for block in blocks:
            if part.done + len(block) > most:
                part.forget()
                raise Failed(f"{host} sends more than the file can have ({amount(most)})")
            part.write(block)
            self._watch.at(part.done)
        if part.done < least:
            raise Broken(f"the connection to {host} broke off; try again")
        if not part.done:
            raise Failed(f"{host} sends an empty file; try again later")

    def _check_room(self) -> None:
        total, folder = self._watch.total, self._part.path.parent
        if total is None:
            return
        try:
            free = shutil.disk_usage(folder).free
        except OSError:  # a drive that does not say
            return
        if total - self._part.done > free:
            raise Failed(
                f"the disk of {folder} has room for {amount(free)}, and "
                f"{amount(total - self._part.done)} are missing; make room"
            )


def _tolerance(size: int) -> int:
    """Bytes that the catalogue's size may be wrong by: publishers round it."""
    return max(1 << 16, size // 100)
