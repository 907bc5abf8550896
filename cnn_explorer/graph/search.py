"""Finding layers and blocks in a graph by what a person remembers of them: neither torch nor Qt.

A query is a few words, all of which must be true of a layer: a piece of its name, its type or kind,
its output's shape or one dimension of that, its kernel, its stride. `GraphSearch` answers each key
stroke, so it keeps what it compares with; an answer says how the words were understood.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnn_explorer.graph.metrics import TIMES, format_shape
from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode, Shape
from cnn_explorer.graph.style import KIND_STYLES

LONGEST_QUERY = 200
"""In characters: what is longer was not typed to find a layer."""
_SHORTEST_KIND = 4
"""How many letters of a legend's word mean it: ``conv``, ``norm``, ``pool``."""

_SETTINGS = ("kernel", "stride", "padding", "dilation", "groups")
_OTHER_WORDS = {"norm": ("normalization",), "linear": ("linear",), "block": ("module",)}
"""What kinds are called beside the words of the legend."""

_DIGITS = "0123456789"
_SIDE = r"(?:[0-9]+|[?*])"
_BETWEEN_SIDES = re.compile(rf"(?<=[0-9?*])(?:\s*[×,]\s*|\s+[x*]\s+)(?={_SIDE})")
_KEY = re.compile(rf"(?:(?<=\s)|^)({'|'.join(_SETTINGS)}|type|name)\s*[:=]\s*")
_EXTENT = re.compile(rf"[(\[]?({_SIDE}(?:[x*]{_SIDE})*)[x*,]?[)\]]?")
_SIDE_HERE = re.compile(_SIDE)
_DIMENSIONS = re.compile(r"[123]d$")
_NOT_IN_A_PART = re.compile(r"[^0-9a-z_]+")


@dataclass(frozen=True)
class Match:
    """A layer or block that was looked for."""

    name: str
    type_name: str
    out_shape: Shape
    why: str
    """What of the query is true of it: ``name``, ``kernel 7 × 7, stride 2``."""


@dataclass(frozen=True)
class Found:
    """What a query brought."""

    query: str = ""
    understood: str = ""
    """The query in a sentence; empty where nothing was asked."""
    matches: tuple[Match, ...] = ()
    """In forward order, a block before its parts."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all matches."""
        return tuple(match.name for match in self.matches)


NOTHING = Found()


@dataclass(frozen=True)
class _Entry:
    """A layer or block, as it is compared with."""

    name: str
    type_name: str
    out_shape: Shape
    lower: str
    parts: frozenset[str]
    """What stands between the dots of its name."""
    type_lower: str
    type_stem: str
    """The type without its number of dimensions: who types ``conv2`` does not mean every
    ``Conv2d``."""
    kind: str
    settings: Mapping[str, str]
    sides: tuple[str, ...]
    """The sizes in its output's shape."""
    shape_said: str
    type_said: str


_Check = Callable[[_Entry], str]
"""Why something is true of an entry; empty where it is not."""


@dataclass(frozen=True)
class _Term:
    said: str
    check: _Check


class GraphSearch:
    """Answers queries about one graph."""

    def __init__(self, graph: LayerGraph) -> None:
        self._entries = tuple(_entry(node) for node in in_forward_order(graph))
        self._types = frozenset(entry.type_lower for entry in self._entries)

    def find(self, query: str) -> Found:
        """All that a query is true of. Words that mean nothing here find nothing; no query
        raises."""
        if len(query) > LONGEST_QUERY:
            return Found(query, f"No layer is described in more than {LONGEST_QUERY} letters.")
        terms = self._terms(_words(query))
        if not terms:
            return Found(query)
        said = [term.said for term in terms]
        listed = " and ".join(filter(None, (", ".join(said[:-1]), said[-1])))
        # one term after the other: most words leave little to compare the next one with
        left = [(entry, "") for entry in self._entries]
        for term in terms:
            check = term.check
            left = [
                (entry, _joined(before, reason))
                for entry, before in left
                if (reason := check(entry))
            ]
        matches = tuple(Match(e.name, e.type_name, e.out_shape, why) for e, why in left)
        return Found(query, f"Looks for {listed}.", matches)

    def _terms(self, words: Sequence[str]) -> list[_Term]:
        terms: dict[tuple[str, ...], _Term] = {}
        at = 0
        while at < len(words):
            word = words[at]
            value = words[at + 1] if at + 1 < len(words) else ""
            if word in _SETTINGS and _EXTENT.fullmatch(value):
                terms[word, value] = _setting(word, _sides(value))
                at += 2
            elif word in ("type", "name") and value:
                terms[word, value] = self._type(value) if word == "type" else _named(value)
                at += 2
            else:
                terms[(word,)] = self._plain(word)
                at += 1
        return list(terms.values())

    def _plain(self, word: str) -> _Term:
        """A word that does not say what it is about."""
        if not _EXTENT.fullmatch(word) or word in ("?", "*"):
            return _named(word) if "." in word else _word(word)
        sides = _sides(word)
        if len(sides) == 1:
            return _dimension(sides[0])
        shape, kernel = _shape(sides), _setting("kernel", sides)
        # two sizes are a kernel's, as one writes it, and else those of the maps
        first, second = (kernel, shape) if len(sides) == 2 else (shape, kernel)
        if self._is_true_somewhere(first):
            if first is kernel and self._is_true_somewhere(shape):
                maps = TIMES.join(("?", *sides))
                return _Term(f"{kernel.said} (maps of that size: {maps})", kernel.check)
            return first
        return second if self._is_true_somewhere(second) else first

    def _is_true_somewhere(self, term: _Term) -> bool:
        return any(term.check(entry) for entry in self._entries)

    def _type(self, word: str) -> _Term:
        """A type by its whole name where there is one of that name, else by a piece of it."""
        whole = word in self._types

        def check(entry: _Entry) -> str:
            fits = entry.type_lower == word if whole else word in entry.type_stem
            return entry.type_said if fits else ""

        return _Term(f"the type “{word}”", check)


def _joined(before: str, reason: str) -> str:
    if not before or before == reason:
        return reason
    return before if reason in before.split(", ") else f"{before}, {reason}"


def in_forward_order(graph: LayerGraph) -> Iterable[LayerNode | BlockNode]:
    """All layers and blocks, each block right before the first of its parts."""
    told: set[str] = set()
    for layer in graph.layers:
        around: list[BlockNode] = []
        parent = layer.parent
        while parent and parent not in told:
            told.add(parent)
            around.append(graph.block[parent])
            parent = graph.block[parent].parent
        yield from reversed(around)
        yield layer
    yield from (block for block in graph.blocks if block.name not in told)


def _entry(node: LayerNode | BlockNode) -> _Entry:
    lower = node.name.casefold()
    type_name, type_lower = node.type_name, node.type_name.casefold()
    if isinstance(node, BlockNode) and node.group == "run":
        # a row of bottlenecks is not one more bottleneck
        type_name, type_lower = f"{node.repeats} × {type_name}", "run"
    return _Entry(
        name=node.name,
        type_name=type_name,
        out_shape=node.out_shape,
        lower=lower,
        parts=frozenset(_NOT_IN_A_PART.split(lower)),
        type_lower=type_lower,
        type_stem=_DIMENSIONS.sub("", type_lower),
        kind=node.kind if isinstance(node, LayerNode) else "block",
        settings=dict(node.attributes) if isinstance(node, LayerNode) else {},
        sides=tuple(str(size) for size in node.out_shape),
        shape_said=f"output {format_shape(node.out_shape)}",
        type_said=f"type {type_name}",
    )


def _words(query: str) -> list[str]:
    """The words of a query, a shape or a setting in one spelling: ``64 × 56`` is ``64x56``."""
    plain = _BETWEEN_SIDES.sub("x", query.casefold())
    return _KEY.sub(r"\1 ", plain).split()


def _sides(extent: str) -> tuple[str, ...]:
    """``64x*x56`` as its sizes; a question mark stands for any.

    Sizes and what stands between them take turns, so a ``*`` can be either.
    """
    found = _EXTENT.fullmatch(extent)
    text = found[1] if found is not None else ""
    sides = []
    at = 0
    while side := _SIDE_HERE.match(text, at):
        sides.append("?" if side[0] == "*" else side[0].lstrip("0") or "0")
        at = side.end() + 1
    return tuple(sides)


def _fits(sides: Sequence[str], wanted: Sequence[str]) -> bool:
    return all(side == want or want == "?" for side, want in zip(sides, wanted, strict=True))


def _shape(sides: Sequence[str]) -> _Term:
    """An output of that shape; of two sizes alone, one whose maps have them."""
    count = len(sides)
    known: dict[tuple[str, ...], str] = {}

    def check(entry: _Entry) -> str:
        reason = known.get(entry.sides)
        if reason is None:
            here = entry.sides[-count:] if count == 2 else entry.sides
            fits = len(here) == count and _fits(here, sides)
            reason = known[entry.sides] = entry.shape_said if fits else ""
        return reason

    what = "maps of" if count == 2 else "an output of"
    return _Term(f"{what} {TIMES.join(sides)}", check)


def _dimension(side: str) -> _Term:
    """A number by itself: a dimension of the output, or a part of the name."""

    def check(entry: _Entry) -> str:
        if side in entry.sides:
            return entry.shape_said
        return "name" if side in entry.parts else ""

    return _Term(f"{side} as a dimension of the output or a part of the name", check)


def _setting(name: str, wanted: Sequence[str]) -> _Term:
    """A kernel, stride or the like; one number means all its sides."""
    texts: dict[str, bool] = {}

    def fits(text: str) -> bool:
        if text not in texts:
            sides = text.split(TIMES)
            length = max(len(sides), len(wanted))
            both = [list(values) * length if len(values) == 1 else list(values)
                    for values in (sides, wanted)]  # fmt: skip
            texts[text] = len(both[0]) == len(both[1]) and _fits(*both)
        return texts[text]

    def check(entry: _Entry) -> str:
        text = entry.settings.get(name, "")
        return f"{name} {text}" if text and fits(text) else ""

    value = TIMES.join(wanted)
    return _Term(f"{value} groups" if name == "groups" else f"a {name} of {value}", check)


def _in_name(word: str) -> Callable[[str], object]:
    """Whether a piece stands in a name, with whole numbers: ``conv1`` is none of ``conv10``."""
    before = r"(?<![0-9])" if word[0] in _DIGITS else ""
    after = r"(?![0-9])" if word[-1] in _DIGITS else ""
    if not before and not after:
        return lambda name: word in name
    return re.compile(before + re.escape(word) + after).search


def _named(word: str) -> _Term:
    stands_in = _in_name(word)
    return _Term(f"“{word}” in the name", lambda entry: "name" if stands_in(entry.lower) else "")


def _word(word: str) -> _Term:
    """In the name, the type, the legend's word for the kind, or a setting by that name."""
    stands_in = _in_name(word)
    kinds = dict(_kinds_called(word))

    def check(entry: _Entry) -> str:
        if stands_in(entry.lower):
            return "name"
        if word in entry.type_stem or word == entry.type_lower:
            return entry.type_said
        if entry.kind in kinds:
            return kinds[entry.kind]
        setting = entry.settings.get(word)
        return f"{word} {setting}" if setting else ""

    where = "name, type or kind" if kinds else "name or type"
    return _Term(f"“{word}” in the {where}", check)


def _kinds_called(word: str) -> Iterable[tuple[str, str]]:
    """The kinds of layers that a word of the legend, or the beginning of one, means."""
    if len(word) < _SHORTEST_KIND:
        return
    for kind, style in KIND_STYLES.items():
        title = style.title.casefold()
        words = (*title.split(), *_OTHER_WORDS.get(kind, ()))
        if any(known.startswith(word) for known in words):
            yield kind, title
