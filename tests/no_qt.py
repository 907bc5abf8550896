"""A pytest plugin (``-p tests.no_qt -p no:pytest-qt``): Qt cannot be imported, as if absent."""

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

QT = ("PySide6", "shiboken6", "qtpy", "qtawesome", "pyqtgraph")


class _Blocker(importlib.abc.MetaPathFinder):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if name.split(".")[0] in QT:
            raise ModuleNotFoundError(f"No module named {name!r} (hidden)", name=name)
        return None


sys.meta_path.insert(0, _Blocker())
