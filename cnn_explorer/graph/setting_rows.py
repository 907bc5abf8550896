"""A layer's settings as rows for people, in the same words for modules and for ONNX operators."""

from cnn_explorer.graph.metrics import TIMES
from cnn_explorer.text import printable

_MOST_SIZES = 8
_LONGEST = 60
"""Signs of a text: settings come from files of others too."""


class SettingRows:
    """Rows of a title and a value, in the order in which they are added."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str]] = []

    def add(self, title: str, value: object) -> None:
        """A setting, written by `plain`."""
        self.add_text(title, plain(value))

    def add_text(self, title: str, text: str) -> None:
        """A setting that is written already."""
        self._rows.append((title, text))

    def add_unless(self, title: str, value: object, usual: object) -> None:
        """A setting that is worth a row where it is not the usual one."""
        if plain(value) != plain(usual):
            self.add(title, value)

    def all(self) -> tuple[tuple[str, str], ...]:
        """All rows."""
        return tuple(self._rows)


def plain(value: object) -> str:
    """One number where all are the same: ``(2, 2)`` is ``2``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple | list):
        sizes = [plain(size) for size in value[:_MOST_SIZES]]
        sizes += ["…"] if len(value) > _MOST_SIZES else []
        return sizes[0] if len(set(sizes)) == 1 else TIMES.join(sizes)
    return printable(str(value), _LONGEST)
