"""Published weights, and those that come with the program: what they are called, where they lie,
and whether a file is one of them.

People rename files, and browsers do (``googlenet-1378be20 (1).pth``); others give files of their
own a name that is taken. So the content tells: the SHA-256 that a published name holds, or the very
bytes of a file that came along. Imports no torch.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from cnn_explorer.errors import Checkpoint, UsageError, no_checkpoint
from cnn_explorer.networks.card import NetworkCard, WeightsEntry
from cnn_explorer.networks.checksum import checksum_in, sha256_of
from cnn_explorer.paths import resource, torch_hub_checkpoints
from cnn_explorer.text import listed, printable

_NEAR = 50
"""A file is looked into where its size is within a 50th of what the catalogue says: publishers
round sizes."""

Found = tuple[tuple[NetworkCard, WeightsEntry], ...]


def place_of(entry: WeightsEntry) -> Path:
    """Where a set of weights lies when it is at hand; it need not be."""
    folder = resource("weights") if entry.shipped else torch_hub_checkpoints()
    return folder / entry.file


def entry_named(card: NetworkCard, tag: str) -> WeightsEntry:
    """A network's weights of that tag, however it is written: ``ImageNet V2``, ``v2``, or as
    torchvision does, ``IMAGENET1K_V2``. Raises `UsageError` where it has none such."""
    for entry in card.weights:
        if short_tag(entry.tag) == short_tag(tag):
            return entry
    tags = [f'"{entry.tag}"' for entry in card.weights]
    known = f"known are {listed(tags)}" if tags else "it has none"
    raise UsageError(f'{card.title} has no weights "{printable(tag)}": {known}.')


def short_tag(tag: str) -> str:
    """The shortest way to write a tag: ``v2``."""
    return re.sub("^imagenet(1k)?", "", re.sub("[^a-z0-9]", "", tag.lower()))


def recognised(
    file: Path, networks: Iterable[NetworkCard], checkpoint: Checkpoint = no_checkpoint
) -> Found:
    """Which weights of which networks a file is, by its content; empty for a file of one's own.

    Most files are told by their size and not read. Raises `OSError`.
    """
    size = file.stat().st_size
    found = []
    for card in networks:
        for entry in card.weights:
            if entry.shipped:
                same = _is_same(file, size, place_of(entry), checkpoint)
            else:
                sum_ = checksum_in(entry.file)
                likely = abs(size - entry.size) <= entry.size // _NEAR or entry.file == file.name
                same = sum_ is not None and likely and sha256_of(file, checkpoint).startswith(sum_)
            if same:
                found.append((card, entry))
    return tuple(found)


def has_published_name(file: Path, networks: Iterable[NetworkCard]) -> bool:
    """Whether a file is called as a published one whose checksum its name tells."""
    names = (entry.file for card in networks for entry in card.weights if not entry.shipped)
    return checksum_in(file.name) is not None and file.name in names


def _is_same(file: Path, size: int, shipped: Path, checkpoint: Checkpoint) -> bool:
    """Whether a file is the shipped one, or a copy of it."""
    try:
        if os.path.samefile(file, shipped):
            return True
        if shipped.stat().st_size != size:
            return False
        expected = sha256_of(shipped)
    except OSError:  # it is not in this copy of the program
        return False
    return sha256_of(file, checkpoint) == expected
