"""What the commands share: how arguments are read, and how answers and errors are printed."""

import argparse
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError, UsageError, no_checkpoint
from cnn_explorer.text import printable as text_printable

if TYPE_CHECKING:
    from cnn_explorer.media.address import WebAddress
    from cnn_explorer.media.picture import Picture
    from cnn_explorer.networks.card import NetworkCard

PROGRAM = "cnn-explorer"
UNTRAINED = "untrained: these answers mean nothing"
_EVERY = 2.0
"""Seconds between two words on progress."""


def network_or_file(text: str) -> str:
    """A network's name, or the path of an ONNX file."""
    from cnn_explorer.networks.onnx_facts import is_onnx_path

    return text if is_onnx_path(text) else network_name(text)


def network_name(text: str) -> str:
    """A network's name; an unknown one is wrong usage."""
    try:
        return card_named(text).name
    except ExplorerError as error:
        raise UsageError(str(error)) from error


def card_named(name: str) -> "NetworkCard":
    from cnn_explorer.networks.catalog import card_of

    return card_of(name)


def picture_source(text: str) -> "Path | WebAddress":
    """A picture to read: a file, or an http or https address."""
    if not text.lower().startswith(("http://", "https://")):
        return Path(text)
    from cnn_explorer.media.address import web_address

    try:
        return web_address(text)
    except ExplorerError as error:
        raise UsageError(str(error)) from error


def read_picture(source: "Path | WebAddress") -> "Picture":
    """The picture of a file or of the web."""
    from cnn_explorer.media.decode import decode_bytes, decode_file

    if isinstance(source, Path):
        return decode_file(source)
    from cnn_explorer.media.fetch import fetch_picture

    with stoppable() as checkpoint:
        fetched = fetch_picture(source.url, checkpoint=checkpoint)
    return decode_bytes(fetched.data, fetched.name)


def output_file(suffixes: tuple[str, ...]) -> Callable[[str], Path]:
    def output(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() not in suffixes:
            raise UsageError(f"{text} must end in {' or '.join(suffixes)}.")
        return path

    return output


def describe_weights_choice(parser: argparse.ArgumentParser) -> None:
    """Which weights a network takes: a file, or a version of its own."""
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument(
        "--weights", metavar="FILE", type=Path,
        help="a state dict that fits the network (.safetensors, .pth, .pt, .th); no code in it is "
        "run",
    )  # fmt: skip
    weights.add_argument(
        "--weights-version", metavar="TAG", default="",
        help='which of the network\'s own weights, as "ImageNet V1"; the best at hand if not given',
    )  # fmt: skip


def refuse_same_file(output: Path, *inputs: Path | None) -> None:
    """What a person gave to be read is not written over."""
    for path in inputs:
        try:
            same = path is not None and os.path.samefile(output, path)
        except (OSError, ValueError):  # one of them is not there, which others say better
            continue
        if same:
            raise UsageError(f"{output} is what is read: give another name to save to.")


def natural(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number from 0 up')
    return int(text)


def positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is not a whole number from 1 up')
    return int(text)


@contextmanager
def stoppable(progress: Callable[[float], None] = no_checkpoint) -> Iterator[Checkpoint]:
    """A checkpoint for work that Ctrl+C and SIGTERM end at its next call, which raises `Cancelled`;
    `progress` hears how far it is.

    A second signal does what it would have done without this, and what is ignored stays so
    (``nohup``, a job of a shell script).
    """
    stopped = threading.Event()
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        before.clear()

    def stop(_number: int, _frame: object) -> None:
        stopped.set()
        restore()

    def checkpoint(fraction: float) -> None:
        if stopped.is_set():
            raise Cancelled
        progress(fraction)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) not in (None, signal.SIG_IGN):
                before[number] = signal.signal(number, stop)
    try:
        yield checkpoint
    finally:
        restore()


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Ctrl+C takes effect at the end of this: for importing Qt, which aborts the process where it
    is interrupted at that."""
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if held:
            signal.raise_signal(signal.SIGINT)


class Told:
    """How far it is, on standard error now and then where someone looks on."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._watched = sys.stderr.isatty()

    def progress(self, fraction: float) -> None:
        now = time.monotonic()
        if self._watched and now - self._last >= _EVERY:
            self._last = now
            print(f"{fraction:.0%}", file=sys.stderr, flush=True)


class ChangingLine:
    """One line of a terminal that says something else from time to time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.works = stream.isatty()
        """Whether this is a terminal: into a file nothing should be shown so."""
        self._width = 0

    @property
    def room(self) -> int:
        """Characters that there is room for."""
        return max(shutil.get_terminal_size().columns - 1, 1)

    def show(self, text: str) -> None:
        """Say this now, as much of it as there is room for."""
        text = text[: self.room]
        print(f"\r{text:<{self._width}}", end="", file=self._stream, flush=True)
        self._width = len(text)

    def end(self) -> None:
        """What follows has a line of its own."""
        if self._width:
            print(file=self._stream, flush=True)
            self._width = 0

    def clear(self) -> None:
        """What follows stands in its place."""
        if self._width:
            print(f"\r{'':<{self._width}}\r", end="", file=self._stream, flush=True)
            self._width = 0


# printing


def sentence(error: Exception) -> str:
    if isinstance(error, ExplorerError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for this."
    if isinstance(error, OSError) and error.strerror:
        where = (
            f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        )
        return f"{where}{error.strerror}."
    return f"{type(error).__name__}: {error} (--debug shows where this arose)"


def print_error(text: str) -> None:
    """One line, whatever the names in it hold."""
    print(f"{PROGRAM}: error: {printable(' '.join(text.split()))}", file=sys.stderr)


def printable(text: object) -> str:
    """As one line that does nothing to a terminal but stand there."""
    return text_printable(str(text))


def print_json(value: object) -> None:
    """For other programs, in whatever encoding the output has."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:  # a terminal of another encoding, a file name that is not text
        text = json.dumps(value, indent=2, allow_nan=False)
    print(text)


def print_json_line(**facts: object) -> None:
    """One JSON object on a line, told at once: for a program that reads along."""
    print(json.dumps(facts, allow_nan=False), flush=True)


def print_table(titles: Sequence[str], rows: Sequence[Sequence[object]], align: str) -> None:
    """Columns under their titles; `align` has ``<`` or ``>`` for each."""
    cells = [list(titles), *([str(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        print("  ".join(map(format, row, map("{}{}".format, align, widths))).rstrip())
