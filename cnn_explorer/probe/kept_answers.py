"""Answers of networks to pictures, kept in files so that a long run can be gone on with.

One file holds what one network said, with these weights, in this precision and through this
preprocessing; a line is one picture's, found by the SHA-256 of its file. Lines are only ever added,
each written at once: whenever the program is ended, what was said before is there, and a torn last
line is passed over.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cnn_explorer import __version__
from cnn_explorer.errors import Checkpoint, no_checkpoint
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.session import Session

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession

TOP = 5
"""Classes that are kept of an answer."""


@dataclass(frozen=True)
class PictureAnswer:
    """What is kept of a network's answer to one picture."""

    top: tuple[tuple[int, float], ...]
    """The likeliest classes, five at most: index and probability."""
    entropy: float
    """Of all classes' probabilities, in bits."""


class KeptAnswers:
    """The answers in one file. Within its context new ones are added to it; where it cannot be
    written they are forgotten with the program, and `note` says so."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = ""
        self._answers: dict[str, PictureAnswer] = {}
        self._file = -1

    def __enter__(self) -> Self:
        content = b""
        with suppress(OSError):
            content = self.path.read_bytes()
        self._answers.update(_answers_in(content))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
            self._file = os.open(self.path, flags, 0o600)
            if content and not content.endswith(b"\n"):
                self._write(b"\n")  # or the next line would go on where a torn one ends
        except OSError as error:
            self._cannot(error)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self._close()

    def __len__(self) -> int:
        return len(self._answers)

    def get(self, digest: str) -> PictureAnswer | None:
        """What was said of the picture whose file has this SHA-256."""
        return self._answers.get(digest)

    def add(self, digest: str, answer: PictureAnswer) -> None:
        """Keep an answer."""
        self._answers[digest] = answer
        top = [[index, probability] for index, probability in answer.top]
        line = json.dumps({"picture": digest, "top": top, "entropy": answer.entropy})
        try:
            self._write(line.encode("ascii") + b"\n")
        except OSError as error:
            self._cannot(error)

    def _write(self, line: bytes) -> None:
        if self._file >= 0:
            os.write(self._file, line)  # in one piece: another process may add to the file too

    def _cannot(self, error: OSError) -> None:
        self._close()
        self.note = (
            f"Answers are not kept for the next time, since {self.path.parent} cannot be written "
            f"({error.strerror or error})."
        )

    def _close(self) -> None:
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1


def _answers_in(content: bytes) -> Iterator[tuple[str, PictureAnswer]]:
    """What the lines of a file say; those that say nothing are passed over."""
    for line in content.splitlines():
        try:
            held = json.loads(line)
            top = tuple((int(index), float(probability)) for index, probability in held["top"])
            answer = PictureAnswer(top, float(held["entropy"]))
            digest = str(held["picture"])
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        numbers = (answer.entropy, *(probability for _, probability in top))
        if top and min(top)[0] >= 0 and all(map(math.isfinite, numbers)):
            yield digest, answer


def identity_of(
    session: "Session | OnnxSession", precision: Precision, checkpoint: Checkpoint = no_checkpoint
) -> str:
    """What stands for a network with its weights, its precision and its preprocessing: two that
    have the same identity give the same answers. The weights are told by their values, whatever
    file they came from."""
    facts = {
        "program": __version__,
        "network": session.card.name,
        "weights": _digest_of_weights(session, checkpoint),
        "precision": precision,
        "preprocessing": asdict(session.preprocessing),
    }
    if not isinstance(session, Session):
        facts["input"] = asdict(session.chosen)
    return _sha256(json.dumps(facts, sort_keys=True).encode())


def digest_of(data: bytes) -> str:
    """What stands for a picture: the SHA-256 of its file."""
    return _sha256(data)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data, usedforsecurity=False).hexdigest()


def _digest_of_weights(session: "Session | OnnxSession", checkpoint: Checkpoint) -> str:
    digest = hashlib.sha256(usedforsecurity=False)
    if isinstance(session, Session):
        import torch

        state = session.model.state_dict()
        for done, (name, tensor) in enumerate(state.items()):
            checkpoint(done / len(state))
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
            if tensor.numel():
                flat = tensor.detach().cpu().contiguous().reshape(-1)
                digest.update(flat.view(torch.uint8).numpy())
    else:
        graph = session.network.file.model.graph
        for part in (*graph.node, *graph.input, *graph.output, *graph.initializer):
            checkpoint(0.0)
            digest.update(part.SerializeToString(deterministic=True))
    checkpoint(1.0)
    return digest.hexdigest()
