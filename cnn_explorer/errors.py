"""What can go wrong, and how work is told to stop. Imported by every layer, imports nothing."""

from collections.abc import Callable


class ExplorerError(Exception):
    """Something a person caused or can mend, as one clear sentence.

    The sentence says what happened and, where there is one, what to do next. The command line
    prints it on one line, the window shows it in its message strip; the cause (``raise ... from``)
    goes to the log. `details` are lines for whoever wants to know more: the window shows them
    behind a button.
    """

    def __init__(self, sentence: str = "", *, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


class UsageError(ExplorerError):
    """The command line was called wrongly (exit code 2)."""


class Cancelled(Exception):  # noqa: N818  # an outcome, not an error
    """The person, or newer work, asked this work to stop. Nothing is delivered after it."""


Checkpoint = Callable[[float], None]
"""Called by long work with the fraction done (0 to 1): reports progress, raises `Cancelled`."""


def no_checkpoint(fraction: float) -> None:
    """A `Checkpoint` for work that nobody watches and nobody cancels."""


def part_of(checkpoint: Checkpoint, start: float, length: float) -> Checkpoint:
    """A checkpoint for one part of the work, from the fraction `start` on."""
    if checkpoint is no_checkpoint:
        return no_checkpoint  # so that work finds out that nobody watches
    return lambda fraction: checkpoint(min(1.0, start + length * fraction))
