"""Pictures in: from a file, from bytes in memory.

Nothing that comes in is trusted. Only ordinary files are opened, only formats of a fixed list are
decoded, size is judged by the header before anything is unpacked, and whatever a decoder throws
becomes one sentence. Either a `Picture` comes out or an `ExplorerError`; nothing else does.

This module is cheap to import: Pillow is imported when the first picture is decoded.
"""

import os
import stat
import time
from pathlib import Path

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.picture import Picture, origin_of
from cnn_explorer.text import printable

MOST_BYTES = 512 * 2**20
"""Longer files are not read."""

_CHUNK = 4 * 2**20
_READING = 0.2
"""The share of the progress that reading the file makes."""


def decode_file(path: Path, checkpoint: Checkpoint = no_checkpoint) -> Picture:
    """Reads and decodes a picture file.

    The result is upright (EXIF orientation applied), in sRGB (an embedded colour profile is
    applied), the first frame of an animation, and what is transparent lies on white. JPEGs of
    more than 50 million pixels are decoded at a half, a quarter or an eighth of their size, with
    at least 2048 pixels on the short side; everything else comes at full size.

    Raises `ExplorerError` in one sentence that names the file, and `Cancelled` when the
    checkpoint does.
    """
    started = time.perf_counter()
    path = Path(path)
    name = printable(path.name or str(path))
    data = _read(path, name, checkpoint)
    source = origin_of(path)
    return _decode(data, name, source, started, checkpoint)


def decode_small(path: Path, side: int, checkpoint: Checkpoint = no_checkpoint) -> Picture:
    """The middle square of a picture file, scaled to `side` pixels, or smaller where it is.

    Otherwise as `decode_file`; JPEGs are decoded reduced, which takes a fraction of the time.
    """
    from cnn_explorer.media.pixels import decode, middle_square

    started = time.perf_counter()
    path = Path(path)
    name = printable(path.name or str(path))
    data = _read(path, name, checkpoint)
    if not data:
        raise ExplorerError(f"{_quoted(name)} is empty: get another copy of the file.")
    pixels, note = decode(data, _quoted(name), checkpoint, draft_side=side)
    rgb = middle_square(pixels, side)
    rgb.setflags(write=False)
    source = origin_of(path)
    return Picture(rgb=rgb, name=name, source=source, decode_ms=_ms_since(started), note=note)


def decode_bytes(data: bytes, name: str, checkpoint: Checkpoint = no_checkpoint) -> Picture:
    """Decodes the bytes of a picture file; `name` is what messages call it.

    Otherwise as `decode_file`.
    """
    started = time.perf_counter()
    return _decode(data, printable(name), "", started, checkpoint)


def read_file(path: Path, checkpoint: Checkpoint = no_checkpoint) -> bytes:
    """The bytes of a picture file, for whom needs them beside the picture; as `decode_file`."""
    path = Path(path)
    return _read(path, printable(path.name or str(path)), checkpoint)


def _decode(data: bytes, name: str, source: str, started: float, checkpoint: Checkpoint) -> Picture:
    if not data:
        raise ExplorerError(f"{_quoted(name)} is empty: get another copy of the file.")
    if len(data) > MOST_BYTES:
        raise _too_long(name, len(data))
    from cnn_explorer.media.pixels import decode

    rgb, note = decode(
        data,
        _quoted(name),
        lambda fraction: checkpoint(_READING + (1 - _READING) * min(fraction, 1.0)),
    )
    rgb.setflags(write=False)
    return Picture(rgb=rgb, name=name, source=source, decode_ms=_ms_since(started), note=note)


def _read(path: Path, name: str, checkpoint: Checkpoint) -> bytes:
    """The bytes of an ordinary file, in memory: what happens to the file later matters no more."""
    quoted = _quoted(name)
    try:
        _refuse_special(os.stat(path), quoted)
        # should a pipe have taken the file's place since, opening it must not wait for a writer
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        handle = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0))
        with os.fdopen(handle, "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            _refuse_special(status, quoted)
            if status.st_size > MOST_BYTES:
                raise _too_long(name, status.st_size)
            data = bytearray()
            while chunk := file.read(_CHUNK):
                data += chunk
                if len(data) > MOST_BYTES:  # it grows, or lies about its size
                    raise _too_long(name, len(data))
                checkpoint(_READING * min(1.0, len(data) / max(1, status.st_size)))
            return bytes(data)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ExplorerError(
            f"there is no file {quoted}: it may have been moved or deleted; choose another one."
        ) from error
    except PermissionError as error:
        raise ExplorerError(
            f"{quoted} may not be read: ask for the permission or choose another file."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise ExplorerError(
            f"{quoted} cannot be read ({reason}): check where it lies or choose another file."
        ) from error
    except MemoryError as error:
        raise ExplorerError(
            f"there is not enough memory to read {quoted}: close other programs or open a "
            "smaller file."
        ) from error


def _refuse_special(status: os.stat_result, quoted: str) -> None:
    """Devices and pipes may block for ever or never end: only ordinary files are opened."""
    if stat.S_ISDIR(status.st_mode):
        raise ExplorerError(f"{quoted} is a folder: choose a picture in it.")
    if not stat.S_ISREG(status.st_mode):
        raise ExplorerError(
            f"{quoted} is a pipe or a device, not an ordinary file: choose a picture file."
        )


def _too_long(name: str, size: int) -> ExplorerError:
    return ExplorerError(
        f"{_quoted(name)} is {size / 1e6:,.0f} MB long: files of at most "
        f"{MOST_BYTES / 1e6:,.0f} MB are read; save it smaller."
    )


def _quoted(name: str) -> str:
    """A name in a sentence; a very long one is shortened in its middle."""
    if len(name) > 120:
        name = f"{name[:70]}…{name[-40:]}"
    return f'"{name}"'


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
