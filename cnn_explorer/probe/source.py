"""The source code of a layer's or block's class, to be read beside the diagram."""

import inspect
import sys
import textwrap
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnn_explorer.probe.capture import module_at

if TYPE_CHECKING:
    from torch import nn

_PACKAGE = Path(__file__).resolve().parents[1]


class ModuleSource(NamedTuple):
    """A class as code."""

    type_name: str
    code: str
    """Ends with a line break. Where no source is to be had, a comment that says so."""
    origin: str
    """``cnn_explorer/networks/resnet.py, line 40`` for the program's own, the public name
    (``torch.nn.Conv2d``) for others."""


def source_of(model: "nn.Module", layer: str) -> ModuleSource:
    """The source of a module's class; the empty name is the network itself.

    Raises `ExplorerError` for a layer that the network does not have.
    """
    kind: type = type(module_at(model, layer))
    try:
        code, origin = _code_of(kind)
    except (OSError, TypeError):
        # compiled, made at run time, or frozen into a program without its sources
        shown = repr(module_at(model, layer)).replace("\n", "\n# ")
        code = f"# There is no source to show for {_public_name(kind)}.\n# {shown}\n"
        return ModuleSource(kind.__name__, code, _public_name(kind))
    return ModuleSource(kind.__name__, code, origin)


@lru_cache(maxsize=64)
def _code_of(kind: type) -> tuple[str, str]:
    """A class's code and where it stands. Kept, since finding the class parses its whole file: 12
    ms for torch's convolutions, before each of which another layer's maps would have to wait."""
    lines, first = inspect.getsourcelines(kind)
    return textwrap.dedent("".join(lines)).rstrip() + "\n", _origin(kind, first)


def _origin(kind: type, line: int) -> str:
    file = inspect.getsourcefile(kind)
    if file is not None:
        path = Path(file).resolve()
        if path.is_relative_to(_PACKAGE):
            return f"{path.relative_to(_PACKAGE.parent).as_posix()}, line {line}"
    return _public_name(kind)


def _public_name(kind: type) -> str:
    """The shortest dotted path that leads to a class: torch.nn, not torch.nn.modules.conv."""
    name = kind.__qualname__
    parts = kind.__module__.split(".")
    for length in range(1, len(parts)):
        package = ".".join(parts[:length])
        if getattr(sys.modules.get(package), name, None) is kind:
            return f"{package}.{name}"
    return f"{kind.__module__}.{name}"
