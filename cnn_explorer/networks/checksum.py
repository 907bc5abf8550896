"""The checksum in the name of a weights file: ``resnet18-f37072fd.pth`` has the SHA-256 f37072fd...

Torch's hub names its files so, and what it publishes is checked against that name alone.
"""

import hashlib
import os
import re
from pathlib import Path

from cnn_explorer.errors import Checkpoint, no_checkpoint

_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.pth$")

_Key = tuple[str, int, int, int, int, int]
_digests: dict[_Key, str] = {}
"""By path, device, inode, size, and when content and file were changed, in ns: half a gigabyte is
hashed once. The clock may be too coarse to tell two writings apart, the inode tells a file that was
put in the place of another, and no program sets the time of the last change of the file itself."""


def checksum_in(name: str) -> str | None:
    """The first digits of a file's SHA-256, as its name tells them, or None where it does not."""
    found = _IN_NAME.search(name)
    return None if found is None else found[1]


def checksum_is_right(
    path: Path, checkpoint: Checkpoint = no_checkpoint, *, name: str | None = None
) -> bool:
    """Whether a file's SHA-256 begins as its name says; a name that says nothing is always right.

    `name` is the one that the file is meant to have, where it still has another. Raises `OSError`
    when the file cannot be read.
    """
    expected = checksum_in(path.name if name is None else name)
    if expected is None:
        return True
    right = sha256_of(path, checkpoint).startswith(expected)
    if not right:  # it may be mended within a tick of the clock
        for key in [key for key in _digests if key[0] == str(path)]:
            del _digests[key]
    return right


def sha256_of(path: Path, checkpoint: Checkpoint = no_checkpoint) -> str:
    """A file's SHA-256 in hexadecimal; one that was hashed and not changed is not read again."""
    with path.open("rb") as file:
        key = _key(path, os.fstat(file.fileno()))
        if key in _digests:
            return _digests[key]
        digest = hashlib.sha256()
        done = 0
        while block := file.read(1 << 22):
            digest.update(block)
            done += len(block)
            checkpoint(min(1.0, done / max(1, key[3])))
        _digests[key] = digest.hexdigest()
        return _digests[key]


def _key(path: Path, facts: os.stat_result) -> _Key:
    return (
        str(path), facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
    )  # fmt: skip
