"""The checksum in the name of a weights file: ``resnet18-f37072fd.pth`` has the SHA-256 f37072fd...

Torch's hub names its files so, and what it publishes is checked against that name alone.
"""

import hashlib
import os
import re
from pathlib import Path

from cnn_explorer.errors import Checkpoint, no_checkpoint

_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.pth$")

_sound_files: set[tuple[str, str, int, int]] = set()
"""(path, checksum, size, mtime in ns) of files that were right: half a gigabyte is hashed once."""


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
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        key = (str(path), expected, facts.st_size, facts.st_mtime_ns)
        if key in _sound_files:
            return True
        digest = hashlib.sha256()
        done = 0
        while block := file.read(1 << 22):
            digest.update(block)
            done += len(block)
            checkpoint(min(1.0, done / max(1, facts.st_size)))
    right = digest.hexdigest().startswith(expected)
    if right:
        _sound_files.add(key)
    return right
