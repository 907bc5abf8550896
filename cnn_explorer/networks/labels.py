"""The names of the classes a network tells apart, read from ``resources/labels``."""

from functools import lru_cache

from cnn_explorer.errors import ExplorerError
from cnn_explorer.paths import resource


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
