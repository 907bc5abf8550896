"""The names of the classes a network tells apart: the program's own, read from
``resources/labels``, and those that a person keeps beside weights of his own."""

import errno
import json
import stat
import unicodedata
from functools import lru_cache
from pathlib import Path

from cnn_explorer.errors import ExplorerError
from cnn_explorer.paths import resource
from cnn_explorer.text import classes, printable

_MOST_BYTES = 4 << 20
"""Longer files are no labels; ImageNet's 21,000 classes take a tenth of it."""
_LONGEST = 200


@lru_cache
def class_names(label_set: str) -> tuple[str, ...]:
    """The names of a label set, ``imagenet-1k`` or ``mnist``, in the order of the outputs.

    No two names of a set are the same. A set that is not there raises `ExplorerError`.
    """
    path = resource("labels", f"{label_set}.txt")
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ExplorerError(
            f'the class names "{label_set}" cannot be read from {path}: install the program again.'
        ) from error


def numbered(count: int) -> tuple[str, ...]:
    """Names for classes that have none: ``class 0``, ``class 1``."""
    return tuple(f"class {index}" for index in range(count))


def names_beside(weights: Path, count: int) -> tuple[tuple[str, ...] | None, str]:
    """The names of `count` classes that lie beside a weights file, and what is to be said of them.

    Looked for are, with ``mine.pth``: ``mine.pth.labels``, ``mine``, ``labels`` and ``classes``,
    each as ``.txt``, a name a line in the order of the outputs, or as ``.json``, a list or an
    object of names by number (``{"0": "ant"}``) or of numbers by name. The first that names as many
    classes counts. None where there is no such file; what was wrong with the first file that
    there is stands in the second value, one sentence, else it is empty.
    """
    complaint = ""
    for stem in (f"{weights.name}.labels", weights.stem, "labels", "classes"):
        for suffix in (".txt", ".json"):
            path = weights.with_name(stem + suffix)
            try:
                names = _read(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno == errno.ENAMETOOLONG:
                    continue
                wrong = f"cannot be read ({error.strerror or type(error).__name__})"
            except (ValueError, RecursionError):
                wrong = "holds no class names"
            else:
                if len(names) == count:
                    return _distinct(names), ""
                wrong = f"names {classes(len(names))}, and the network tells {classes(count)} apart"
            complaint = complaint or f"{printable(path.name)} {wrong}: it is not used."
    return None, complaint


def _read(path: Path) -> list[str]:
    """The names in a labels file, cleaned. Raises `OSError`, or `ValueError` where it is none."""
    facts = path.stat()
    if not stat.S_ISREG(facts.st_mode):  # a pipe would be waited for
        raise FileNotFoundError
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError("far too long")
    text = content.decode("utf-8-sig")
    if path.suffix == ".txt":
        names = text.rstrip().split("\n") if text.strip() else []
    else:
        names = _listed(json.loads(text))
    if not names:
        raise ValueError("empty")
    return [_clean(name) for name in names]


def _listed(value: object) -> list[str]:
    """The names in what JSON holds, in the order of the outputs."""
    if isinstance(value, dict):
        if value and all(type(index) is int for index in value.values()):
            pairs = [(index, name) for name, index in value.items()]  # as torchvision's folders do
        else:
            pairs = [(int(index), name) for index, name in value.items()]
        if sorted(index for index, _ in pairs) != list(range(len(pairs))):
            raise ValueError("the numbers have gaps or come twice")
        value = [name for _, name in sorted(pairs, key=lambda pair: pair[0])]
    if not isinstance(value, list):
        raise ValueError("neither a list nor an object")
    # Keras's file of ImageNet's classes has ["n01440764", "tench"] for a name
    names = [name[-1] if isinstance(name, list) and name else name for name in value]
    if not all(isinstance(name, str) for name in names):
        raise ValueError("not names alone")
    return names


def _clean(name: str) -> str:
    """On one line, without what controls a terminal or turns the direction of writing: a class is
    called by what is left, so there are no signs in the place of what is not."""
    joiners = "\u200c\u200d"  # hold emoji and several scripts together
    kept = "".join(
        " " if sign in "\t\u2028\u2029" else sign
        for sign in name
        if unicodedata.category(sign)[0] != "C" or sign in joiners or sign == "\t"
    )
    return " ".join(kept.split())[:_LONGEST]


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Every class with a name, and no two with the same."""
    seen: set[str] = set()
    result = []
    for index, name in enumerate(names):
        unique = name or f"class {index}"
        if unique in seen:
            unique = f"{unique} (class {index})"
        seen.add(unique)
        result.append(unique)
    return tuple(result)
