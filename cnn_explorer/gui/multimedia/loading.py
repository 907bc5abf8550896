"""Whether QtMultimedia is there, and what to install where it is not. Imports it late."""

from functools import lru_cache
from importlib import import_module

QUIET = tuple(f"qt.multimedia*.{level}=false" for level in ("debug", "info", "warning"))
"""Logging rules. It tells of each library for graphics cards that it does not find and of each
stream that it opens; what goes wrong it also says through its signals, which are heard."""


def load() -> None:
    """Import QtMultimedia, without its chatter. Raises ImportError where it cannot be had."""
    from PySide6.QtCore import QLoggingCategory

    QLoggingCategory.setFilterRules("\n".join(QUIET))
    import_module("PySide6.QtMultimedia")


@lru_cache
def unavailable() -> str:
    """Why cameras, videos and screens cannot be had; empty where they can."""
    try:
        load()
    except ImportError as error:
        return why(error)
    return ""


def why(error: ImportError) -> str:
    """What a failed import means, as one sentence that says what to install."""
    if "libpulse" in str(error):
        return (
            "Cameras and videos need the library libpulse: install it (on Debian and Ubuntu: "
            "apt install libpulse0) and start again."
        )
    if isinstance(error, ModuleNotFoundError):
        return (
            "Cameras and videos need QtMultimedia: install it (pip install PySide6-Addons) and "
            "start again."
        )
    return f"Cameras and videos cannot be used, because QtMultimedia does not load: {error}."
