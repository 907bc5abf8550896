"""The pictures of several files and folders, in the order in which a person would walk them.

Cheap to import: files are judged by how they begin, none is decoded.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.signatures import LONGEST, begins_like_picture
from cnn_explorer.text import listed, printable

MOST_PICTURES = 10_000
_MOST_ENTRIES = 100_000
"""So much of folders is looked at: someone drops the whole disk sooner or later."""
_DEEPEST = 20
"""Levels of sub-folders."""

_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True)
class Gathered:
    """What was found, and how much of what else was passed over."""

    asked: tuple[Path, ...]
    """The files and folders that were looked at."""
    pictures: tuple[Path, ...]
    """In natural order, those of a folder before those of its sub-folders. Each once."""
    others: int = 0
    """Files that are no pictures. Hidden ones are passed over in silence."""
    links: int = 0
    """Links within folders: they may lead round in a circle, or anywhere."""
    special: int = 0
    """Pipes and devices."""
    unreadable: int = 0
    """Files and folders."""
    is_cut: bool = False
    """There is more than is taken or looked at."""

    @property
    def passed_over(self) -> str:
        """One sentence on what is not among the pictures; empty where all is."""
        counts = (
            (self.others, "{} file that is no picture", "{} files that are no pictures"),
            (self.links, "{} link", "{} links"),
            (self.special, "{} pipe or device", "{} pipes or devices"),
            (self.unreadable, "{} that cannot be read", "{} that cannot be read"),
        )
        found = [(one if n == 1 else more).format(f"{n:,}") for n, one, more in counts if n]
        total = sum(n for n, _, _ in counts)
        verb = "was" if total == 1 else "were"
        said = f"{listed(found)} {verb} passed over" if found else ""
        if self.is_cut:
            first = f"These are the first {len(self.pictures):,} pictures of more"
            return f"{first}; {said}." if said else f"{first}."
        return f"{said}." if said else ""


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sorts names as people count: ``img2`` before ``img10``, large letters as small ones."""
    parts = _DIGITS.split(name.casefold())
    return (
        *((0, int(part), part) if part.isdigit() and part.isascii() else (1, 0, part)
          for part in parts if part),
        (-1, 0, name),  # what has ended stands before what goes on
    )  # fmt: skip


def gather(asked: Sequence[Path], checkpoint: Checkpoint = no_checkpoint) -> Gathered:
    """Find the pictures among files and in folders with all of their sub-folders.

    Links are followed where they are asked for by name and passed over within folders. Raises
    `ExplorerError` where nothing of it is a picture.
    """
    asked = tuple(dict.fromkeys(map(Path, asked)))
    search = _Search(checkpoint)
    files = [path for path in asked if not _is_folder(path)]
    for path in sorted(files, key=lambda path: natural_key(path.name)):
        search.judge(path)
    for path in asked:
        if _is_folder(path):
            search.walk(path, 0)
    pictures = tuple(dict.fromkeys(search.pictures))
    found = Gathered(
        asked, pictures[:MOST_PICTURES], search.others, search.links, search.special,
        search.unreadable, search.is_cut or len(pictures) > MOST_PICTURES,
    )  # fmt: skip
    if not pictures:
        raise ExplorerError(_nothing(asked))
    return found


def _nothing(asked: Sequence[Path]) -> str:
    if len(asked) == 1 and _is_folder(asked[0]):
        name = printable(asked[0].name or str(asked[0]), 80)
        return f'there is no picture in the folder "{name}" that this program reads.'
    return "there is no picture among these files that this program reads."


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


class _Search:
    """What has been found so far."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._entries = 0
        self.pictures: list[Path] = []
        self.others = self.links = self.special = self.unreadable = 0
        self.is_cut = False

    def walk(self, folder: Path, depth: int) -> None:
        """Look into a folder and its sub-folders."""
        inner: list[Path] = []
        try:
            entries = sorted(self._visible(folder), key=lambda entry: natural_key(entry.name))
        except OSError:
            self.unreadable += 1
            return
        for entry in entries:
            if len(self.pictures) > MOST_PICTURES:
                return
            path = folder / entry.name
            try:
                if entry.is_symlink():
                    self.links += 1
                elif entry.is_dir(follow_symlinks=False):
                    inner.append(path)
                else:
                    self.judge(path)
            except OSError:
                self.unreadable += 1
        for path in inner:
            if depth == _DEEPEST:
                self.is_cut = True
            else:
                self.walk(path, depth + 1)

    def judge(self, path: Path) -> None:
        """Put a file among the pictures, or count it."""
        self._checkpoint(min(1.0, len(self.pictures) / MOST_PICTURES))
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):
                self.special += 1
                return
            # should a pipe have taken the file's place since, opening must not wait for a writer
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(path, flags), "rb", buffering=0) as file:
                head = file.read(LONGEST) or b""
        except (OSError, ValueError):
            self.unreadable += 1
            return
        if begins_like_picture(head):
            self.pictures.append(path)
        else:
            self.others += 1

    def _visible(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if self._entries >= _MOST_ENTRIES:
                    self.is_cut = True
                    return
                self._entries += 1
                yield entry
