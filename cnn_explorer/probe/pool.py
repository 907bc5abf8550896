"""Several networks open at a time, within a limit of memory.

A comparison asks for one network after the other, and again for the next picture. What was opened
stays open as long as all together take no more than the limit; beyond it the network that was not
asked for the longest is let go, and opened again when it is wanted. So is one whose file was
written anew since.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.errors import Checkpoint, no_checkpoint
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.onnx_facts import PictureInput
from cnn_explorer.networks.weights import at_hand
from cnn_explorer.probe.runtime import give_back_memory, import_torch
from cnn_explorer.probe.session import Session
from cnn_explorer.text import printable

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession

LIMIT_BYTES = 2 << 30
"""Of the weights of all open networks, if nothing else is said."""
_FLOAT = 4


@dataclass(frozen=True)
class Wanted:
    """Which network, with which weights: one of the catalogue, or an ONNX file."""

    card: NetworkCard | None = None
    version: str = ""
    """A tag of the card's weights, or ``random``; empty for the best at hand."""
    weights_file: Path | None = None
    """Weights of a person's own."""
    onnx_file: Path | None = None
    """In the place of a card."""
    chosen: PictureInput | None = None
    """How pictures are given to the ONNX file; guessed where it is not said."""

    def __post_init__(self) -> None:
        if (self.card is None) == (self.onnx_file is None):
            raise ValueError("either a card or an ONNX file is wanted")

    @property
    def expected_bytes(self) -> int:
        """About how much memory it will take, as far as that is known before it is opened."""
        if self.card is not None:
            return _FLOAT * self.card.parameters
        assert self.onnx_file is not None
        try:
            return 2 * self.onnx_file.stat().st_size
        except OSError:  # opening it will say what is wrong
            return 0

    @property
    def title(self) -> str:
        """What to call it, before it is opened."""
        if self.card is not None:
            return self.card.title
        assert self.onnx_file is not None
        return printable(self.onnx_file.name)


def titles_of(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """What to call networks, so that no two are called the same: those of the same name by their
    weights too, or else by number."""
    plain = [one.title for one in wanted]
    titles: list[str] = []
    for one, title in zip(wanted, plain, strict=True):
        weights = one.version or (one.weights_file.name if one.weights_file else "")
        if plain.count(title) > 1 and weights:
            title = printable(f"{title} ({weights})")
        number, unique = 2, title
        while unique in titles:
            unique, number = f"{title} ({number})", number + 1
        titles.append(unique)
    return tuple(titles)


@dataclass(frozen=True, eq=False)
class _Held:
    """An open network, and how its file was when it was opened."""

    session: "Session | OnnxSession"
    file: tuple[int, int] | None


class SessionPool:
    """Sessions by what was wanted, the one used last at the end. Use it in one thread only.

    The one that `get` gave last is in use until the next is asked for: it stays even if it takes
    more than the limit by itself. A session that somebody else holds too lives on there.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._held: OrderedDict[Wanted, _Held] = OrderedDict()

    @property
    def open(self) -> tuple[Wanted, ...]:
        """What is open, the one used last at the end."""
        return tuple(self._held)

    @property
    def held_bytes(self) -> int:
        """Memory that all open networks take, as far as it is known: parameters and buffers, those
        of fast copies too."""
        return sum(held.session.held_bytes for held in self._held.values())

    def get(
        self, wanted: Wanted, checkpoint: Checkpoint = no_checkpoint
    ) -> "Session | OnnxSession":
        """The network, opened if it is not open. A network without weights at hand opens with
        random ones and says so (`trained` is False). Raises as `Session.open` and
        `OnnxSession.open` do, and what is open stays so then, as far as there is room."""
        held, file = self._held.get(wanted), _file_of(wanted)
        if held is None or held.file != file:
            self._held.pop(wanted, None)
            # room is made first: both in memory at once may be more than the computer has
            del held
            self._let_go(self._limit - wanted.expected_bytes, keep=0)
            held = _Held(_opened(wanted, checkpoint), file)
        self._use(wanted, held)
        return held.session

    def adopt(self, wanted: Wanted, session: "Session | OnnxSession") -> None:
        """Take in a session that is open already, as the one used last."""
        self._use(wanted, _Held(session, _file_of(wanted)))

    def clear(self) -> None:
        """Let all go."""
        if self._held:
            self._held.clear()
            give_back_memory()

    def _use(self, wanted: Wanted, held: _Held) -> None:
        self._held[wanted] = held
        self._held.move_to_end(wanted)
        self._let_go(self._limit, keep=1)

    def _let_go(self, limit: int, *, keep: int) -> None:
        """Let sessions go, least recently used first, until the others take no more than `limit`;
        the last `keep` stay in any case."""
        held = {wanted: held.session.held_bytes for wanted, held in self._held.items()}
        total = sum(held.values())
        for wanted in self.open[: len(held) - keep]:
            if total <= limit:
                break
            del self._held[wanted]
            total -= held[wanted]
        if len(self._held) < len(held):
            give_back_memory()


def _file_of(wanted: Wanted) -> tuple[int, int] | None:
    """Size and time of what the network is read from: another one when that was written anew, or
    when weights came to lie where there were none."""
    file = wanted.onnx_file or wanted.weights_file
    if file is None and wanted.card is not None and not wanted.version:
        best = at_hand(wanted.card)
        file = None if best is None else best[0]
    try:
        about = None if file is None else file.stat()
    except OSError:  # opening it will say what is wrong
        return None
    return None if about is None else (about.st_size, about.st_mtime_ns)


def _opened(wanted: Wanted, checkpoint: Checkpoint) -> "Session | OnnxSession":
    if wanted.card is not None:
        return Session.open(wanted.card, wanted.weights_file, checkpoint, version=wanted.version)
    from cnn_explorer.probe.onnx_session import OnnxSession

    import_torch()
    assert wanted.onnx_file is not None
    return OnnxSession.open(wanted.onnx_file, wanted.chosen, checkpoint)
