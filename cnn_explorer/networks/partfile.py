"""A file as far as it has arrived, on a disk that other programs use too.

`lock` lets one program at a time write it, `Part` is the file itself with what its server said of
it, `disk_errors` says in a sentence what the disk objects to.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnn_explorer.errors import ExplorerError
from cnn_explorer.text import format_size
from cnn_explorer.web import reason_of


@contextlib.contextmanager
def disk_errors(folder: Path, arrived: Callable[[], int] = lambda: 0) -> Iterator[None]:
    """Says in a sentence what the disk objects to, and how many bytes stay on it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = f"the disk of {folder} is full: make room, then try again{kept(arrived())}."
        elif isinstance(error, PermissionError) or error.errno == errno.EROFS:
            why = (
                f"nothing may be written in {folder}: "
                "set the environment variable TORCH_HOME to another folder."
            )
        elif isinstance(error, FileExistsError | NotADirectoryError):
            why = (
                f"{folder} cannot be made, for a file of that name is in the way: move it away, or "
                "set the environment variable TORCH_HOME to another folder."
            )
        else:
            why = f"{folder} cannot be written to ({reason_of(error)})."
        raise ExplorerError(why) from error


# one program at a time


@contextlib.contextmanager
def lock(path: Path, wait: Callable[[], None]) -> Iterator[bool]:
    """Holds a lock between programs; gives False where the file system has none.

    The lock goes with its program, however that ends. `wait` is called in short steps as long as
    another program holds it. The file is removed at the end; whoever then gets the lock of the
    removed file sees that and takes the new one.
    """
    handle = _acquire(path, wait)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            _release(handle, path)


def _acquire(path: Path, wait: Callable[[], None]) -> int | None:
    while True:
        with disk_errors(path.parent):
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            while not (locked := _try_lock(handle)):
                if locked is None:
                    _release(handle, path)
                    return None
                wait()
            if _is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool | None:
        """Whether the lock was free; never None here."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(handle: int, path: Path) -> None:
        os.close(handle)
        with contextlib.suppress(OSError):  # Windows removes no file that another has open
            path.unlink()

else:
    import fcntl

    def _try_lock(handle: int) -> bool | None:
        """Whether the lock was free; None where there are no locks (some network drives)."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return None
        return True

    def _release(handle: int, path: Path) -> None:
        with contextlib.suppress(OSError):  # before the lock is free, lest it be another's by then
            path.unlink()
        os.close(handle)


# the file


@dataclass(frozen=True)
class Facts:
    """What the server said of a file when its first bytes came."""

    url: str
    total: int | None
    etag: str
    modified: str

    @classmethod
    def read(cls, path: Path) -> Facts | None:
        """What `Part` wrote down; None where it is not there or makes no sense."""
        try:
            values = json.loads(path.read_text("utf-8"))
            facts = cls(**values)
        except (OSError, ValueError, TypeError):
            return None
        texts = all(isinstance(text, str) for text in (facts.url, facts.etag, facts.modified))
        return facts if texts and (facts.total is None or type(facts.total) is int) else None

    @property
    def condition(self) -> str:
        """For ``If-Range``, which takes no weak tags; empty where nothing is known."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified


class Part:
    """A file as far as it has arrived. Left for the next time when `keep`, unless it is empty."""

    def __init__(self, path: Path, url: str, *, keep: bool) -> None:
        self._path = path
        self._notes = path.with_name(f"{path.name}.json")
        self._keep = keep
        with self.saying():
            # unbuffered: what has arrived is on the disk, however this program ends
            self._file = open(path, "ab", buffering=0)  # noqa: SIM115
            self.done = os.fstat(self._file.fileno()).st_size
            self.facts = Facts.read(self._notes)
            fits = self.facts is not None and self.facts.url == url
            if fits and self.facts is not None and self.facts.total is not None:
                fits = self.done <= self.facts.total
            if not fits and self.done:
                self.forget()

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not (self._keep and self.done):
            self._remove()

    @property
    def path(self) -> Path:
        """Where it lies until it is whole."""
        return self._path

    @property
    def kept(self) -> int:
        """Bytes that stay for the next time if the work ends here."""
        return self.done if self._keep else 0

    def begin(self, facts: Facts) -> None:
        """Empties the file for what is described by `facts`."""
        self.forget()
        with self.saying():
            self._notes.write_text(json.dumps(dataclasses.asdict(facts)), "utf-8")
        self.facts = facts

    def write(self, block: bytes) -> None:
        """Puts what came next at the end."""
        with self.saying():
            rest = memoryview(block)
            while rest:  # a disk that is almost full takes a part of it
                written = self._file.write(rest)
                self.done += written
                rest = rest[written:]

    def forget(self) -> None:
        """Empties the file; it is of no use."""
        with self.saying():
            self._file.truncate(0)
            self._notes.unlink(missing_ok=True)
        self.done = 0
        self.facts = None

    def finish(self, target: Path) -> None:
        """Puts the file in its place, in one step and for good."""
        with self.saying():
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._path, target)
        with contextlib.suppress(OSError):  # some systems open no folders
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self.done = 0

    def saying(self) -> contextlib.AbstractContextManager[None]:
        """`disk_errors` for work on this file."""
        return disk_errors(self._path.parent, lambda: self.kept)

    def _remove(self) -> None:
        for path in (self._path, self._notes):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def amount(size: int) -> str:
    """A number of bytes for people."""
    return format_size(size) if size >= 100_000 else f"{size:,} bytes"


def kept(size: int) -> str:
    """What a sentence about a failure adds when so many bytes need not come again."""
    return f" (what has arrived, {amount(size)}, is kept)" if size else ""
