"""Which class of one label set is which of another, by what they are called.

Names are compared without capitals, underscores and punctuation. What stands between commas are
synonyms, as in ImageNet's ``tabby, tabby cat``; a number of WordNet's (``n02123045``, with or
without the name behind it) stands for the names of that class. A class is matched by its whole name
first, else by a synonym that no other class of the set shares: what could be two is none.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from cnn_explorer.networks.labels import class_names
from cnn_explorer.paths import resource

_WORDNET = re.compile(r"n\d{8}(?=$|[\s_,:-])")
_NUMBERED = re.compile(r"class \d+")
"""What stands where a class has no name says nothing of what it is."""
_TOLD_APART = re.compile(r"\s*\((class \d+|[^()]*)\)$")
"""Behind a name, what tells it from another of the same name: ``crane (bird)``."""
_SAME = {"aeroplane": "airplane", "car": "automobile"}
"""Words of CIFAR-10, STL-10 and Pascal VOC for the same things. Not "plane", which is ImageNet's
class of the carpenter's tool."""


def normal_name(name: str) -> str:
    """A name as names are compared: small letters and digits, one blank between words."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    signs = (sign for sign in plain if not unicodedata.combining(sign))
    words = "".join(sign if sign.isalnum() else " " if sign != "'" else "" for sign in signs)
    joined = " ".join(words.split())
    return _SAME.get(joined, joined)


@lru_cache(maxsize=16_384)
def class_key(name: str) -> frozenset[str]:
    """All that a class may be called by, each as `normal_name` has it: the whole name and its
    synonyms. It is empty for a class without a name, ``class 7``."""
    own = name.strip()
    if _NUMBERED.fullmatch(own):
        return frozenset()
    found = set()
    number = _WORDNET.match(own)
    if number is not None:
        found.add(number.group())
        known = _names_by_number().get(number.group())
        if known is not None:
            found |= class_key(known)
        own = own[number.end() :].lstrip(" _,:-")
    for text in (own, _TOLD_APART.sub("", own), *own.split(",")):
        found.add(normal_name(text))
    return frozenset(found - {""})


class ClassIndex:
    """Finds the classes of one label set by name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._whole = _unambiguous((normal_name(name), at) for at, name in self._named())
        self._any = _unambiguous((key, at) for at, name in self._named() for key in class_key(name))

    def _named(self) -> Iterable[tuple[int, str]]:
        return ((at, name) for at, name in enumerate(self.names) if class_key(name))

    def find(self, name: str) -> int | None:
        """The index of the class that is called so; None where there is none, or several."""
        number = _WORDNET.match(name.strip())
        if number is not None:
            known = _names_by_number().get(number.group())
            found = None if known is None else self._whole.get(normal_name(known))
            if found is not None:
                return found
        keys = class_key(name)
        if not keys:
            return None
        whole = self._whole.get(normal_name(name))
        if whole is not None:
            return whole
        places = {self._any[key] for key in keys if key in self._any}
        return places.pop() if len(places) == 1 else None


def matched_classes(first: Sequence[str], second: Sequence[str]) -> Mapping[int, int]:
    """The classes that two label sets share: the index in the one by the index in the other. It is
    the same from both sides, and empty where they have nothing in common."""
    return _matched(tuple(first), tuple(second))


@lru_cache(maxsize=32)
def _matched(first: tuple[str, ...], second: tuple[str, ...]) -> Mapping[int, int]:
    if first == second:
        pairs = {at: at for at, name in enumerate(first) if class_key(name)}
        return MappingProxyType(pairs)
    of_first, of_second = ClassIndex(first), ClassIndex(second)
    there = ((at, of_second.find(name)) for at, name in enumerate(first))
    return MappingProxyType(
        {at: to for at, to in there if to is not None and of_first.find(second[to]) == at}
    )


def _unambiguous(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Where each name stands; those that stand at several places are left out."""
    places: dict[str, set[int]] = {}
    for key, at in pairs:
        places.setdefault(key, set()).add(at)
    return {key: at.copy().pop() for key, at in places.items() if len(at) == 1}


@lru_cache(maxsize=1)
def _names_by_number() -> Mapping[str, str]:
    """ImageNet's 1,000 classes by WordNet's numbers."""
    numbers = resource("labels", "imagenet-1k-wordnet.txt").read_text("ascii").split()
    return MappingProxyType(dict(zip(numbers, class_names("imagenet-1k"), strict=True)))
