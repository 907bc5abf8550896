"""Pictures and other results out: a file is written whole or not at all.

The bytes go to a temporary file in the same folder, which then takes the target's place in one
step. So a full disk, a cancelled program or a second reader never meets half a file, and what
stood there before stays until the new file is complete.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from cnn_explorer.errors import ExplorerError
from cnn_explorer.text import printable

if TYPE_CHECKING:
    # for annotations alone: who writes a few bytes need not wait for numpy
    import numpy as np
    import numpy.typing as npt


def save_png(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Writes uint8 pixels, (H, W) grey or (H, W, 3) RGB, as PNG.

    Raises `ExplorerError` as `write_bytes` does; pixels of another type or shape, or none, are a
    mistake of the program and raise `ValueError`.
    """
    import numpy as np

    grey_or_rgb = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not grey_or_rgb or not pixels.size:
        raise ValueError(f"not a uint8 picture: {pixels.dtype} {pixels.shape}")
    from PIL import Image

    encoded = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(encoded, "PNG")
    write_bytes(path, encoded.getvalue())


def save_npy(path: Path, array: npt.NDArray[Any]) -> None:
    """Writes an array in numpy's own format; arrays of objects, which need pickle, are refused.

    Raises `ExplorerError` as `write_bytes` does, `ValueError` for an array of objects.
    """
    import numpy as np

    encoded = io.BytesIO()
    np.save(encoded, array, allow_pickle=False)
    write_bytes(path, encoded.getvalue())


def write_text(path: Path, text: str) -> None:
    """Writes text as UTF-8 with the line ends it has; raises as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all, in place of what stood there.

    A link keeps pointing where it did: its target is replaced. A replaced file keeps its
    permissions. Raises `ExplorerError` in one sentence for a missing folder, a folder or device
    of that name, no permission, a full disk and whatever else the system objects to.
    """
    with _replacing(path) as file, _saying_why(path):
        file.write(data)


@contextlib.contextmanager
def file_taking_place(path: Path) -> Iterator[Path]:
    """Within the context, the path of an empty file for others to write over, which takes the place
    of `path` when the context ends without an exception. Raises as `write_bytes` does."""
    with _replacing(path) as file:
        yield Path(file.name)


@contextlib.contextmanager
def npz_file(path: Path) -> Iterator[Callable[[str, npt.NDArray[Any]], None]]:
    """Within the context, what is given writes an array under a name into a file that ``np.load``
    reads; each goes to the disk at once. Names are kept as they are, slashes among them.

    The file takes its place when the context ends without an exception. Raises as `write_bytes`
    does, `ValueError` for an array of objects and for a name that is there already.
    """
    import numpy as np

    with _replacing(path) as file:
        # not compressed: activations hardly shrink, and it takes twenty times as long
        with _saying_why(path):
            archive = zipfile.ZipFile(file, "w")

        def add(name: str, array: npt.NDArray[Any]) -> None:
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980: the same values, the same file
            if member.filename in archive.NameToInfo:
                raise ValueError(f'there are two arrays named "{name}"')
            with _saying_why(path), archive.open(member, "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)

        try:
            yield add
        except BaseException:
            with contextlib.suppress(OSError):  # else it would be closed after its file
                archive.close()
            raise
        with _saying_why(path):
            archive.close()


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path`, which takes its place when the context ends without an exception."""
    path = Path(path)
    temporary = ""
    try:
        with _saying_why(path):
            target = os.path.realpath(path)
            permissions = _permissions(target, _quoted(path))
            folder, name = os.path.dirname(target), f".cnn-explorer-{secrets.token_hex(6)}.part"
            # never into a file or link that someone else put there
            file = open(os.path.join(folder, name), "xb")  # noqa: SIM115
            temporary = file.name
        try:
            yield file
            with _saying_why(path):
                file.flush()
                os.fsync(file.fileno())  # some systems report a full disk only now
        finally:
            with contextlib.suppress(OSError):  # it would complain again of what was said
                file.close()
        with _saying_why(path):
            if permissions is not None:
                with contextlib.suppress(OSError):  # file systems without permissions
                    os.chmod(temporary, permissions)
            os.replace(temporary, target)
            temporary = ""
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


@contextlib.contextmanager
def _saying_why(path: Path) -> Iterator[None]:
    """What the system objects to within the context becomes a sentence about `path`."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        raise ExplorerError(_sentence(error, Path(path), _quoted(Path(path)))) from error


def _quoted(path: Path) -> str:
    return f'"{printable(path.name or str(path))}"'


def _permissions(target: str, quoted: str) -> int | None:
    """Those of the file to be replaced, None where there is none; refuses what is no file."""
    try:
        status = os.stat(target)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(status.st_mode):
        raise ExplorerError(f"{quoted} is a folder: give a file name in it.")
    if not stat.S_ISREG(status.st_mode):
        raise ExplorerError(
            f"{quoted} is a pipe or a device, not an ordinary file: choose another name."
        )
    if not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "read-only file", target)
    return stat.S_IMODE(status.st_mode)


def _sentence(error: Exception, path: Path, quoted: str) -> str:
    code = getattr(error, "errno", None)
    folder = printable(str(path.parent))
    if isinstance(error, FileNotFoundError):
        return f'{quoted} cannot be saved, for there is no folder "{folder}": make it first.'
    if isinstance(error, NotADirectoryError):
        return f'{quoted} cannot be saved, for "{folder}" is no folder: choose another place.'
    if isinstance(error, PermissionError) or code == errno.EROFS:
        return f'{quoted} may not be written in "{folder}": choose another place or name.'
    if code in (errno.ENOSPC, errno.EDQUOT):
        return f"{quoted} cannot be saved, for the disk is full: make room or choose another disk."
    if code == errno.ENAMETOOLONG:
        return f'the name {quoted[:60]}…" is too long to be saved: choose a shorter one.'
    reason = getattr(error, "strerror", None) or str(error)
    return f"{quoted} cannot be saved ({reason}): choose another place or name."
