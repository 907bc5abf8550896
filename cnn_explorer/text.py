"""Small pieces of sentences that every layer writes alike. Imports nothing of the program."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

_JOINERS = "\u200c\u200d"  # hold emoji and several scripts together; do not show by themselves


def printable(text: str, most: int | None = None) -> str:
    """Text from elsewhere as it may be shown: one line, no control or direction marks, encodable.

    What cannot be shown becomes the replacement character; what is longer than `most` is cut. An
    ordinary name stays as it is.
    """
    cut = text if most is None else text[:most]
    if cut.isprintable():  # nearly every text is, and this way it is known sooner
        return cut if len(cut) == len(text) else f"{cut}..."
    shown = "".join(sign if sign.isprintable() or sign in _JOINERS else "\ufffd" for sign in cut)
    return shown if len(cut) == len(text) else f"{shown}..."


def capitalised(text: str) -> str:
    """A sentence that begins with a large letter, whatever else is in it."""
    return text[:1].upper() + text[1:]


def no_formula(text: str) -> str:
    """Text for a cell of a spreadsheet: one that it would run as a formula gets an apostrophe in
    front, since names come from files of others."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def in_menu(text: str) -> str:
    """Text as it is, for menus and buttons: there an ampersand marks a key."""
    return text.replace("&", "&&")


def tabbed(lines: Iterable[Iterable[str]]) -> str:
    """Lines of cells with tabs between them, to be pasted into a table."""
    return "".join("\t".join(line) + "\n" for line in lines)


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def classes(count: int) -> str:
    """A number of classes in words."""
    return "one class" if count == 1 else f"{count:,} classes"


def format_size(size: float) -> str:
    """Bytes as download pages give them, a megabyte being 1,048,576: ``97.8 MB``."""
    return f"{size / (1 << 20):.1f} MB" if size < (1 << 30) else f"{size / (1 << 30):.2f} GB"


def format_part(done: float, total: float) -> str:
    """Bytes of so many, one unit for both where it is the same: ``42.1 of 97.8 MB``."""
    part, whole = format_size(done), format_size(total)
    if part.split()[-1] == whole.split()[-1]:
        part = part.split()[0]
    return f"{part} of {whole}"


def format_value(value: float, digits: int = 4) -> str:
    """A value with so many digits and a true minus sign: ``−0.12``, ``2.768e4``."""
    mantissa, _, exponent = f"{value + 0.0:.{digits}g}".partition("e")  # + 0.0: not "−0"
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", "−")


def number_text(value: float) -> str:
    """A value for people: four digits, names for the odd ones."""
    if math.isnan(value):
        return "not a number"
    return format_value(value).replace("inf", "∞")


def format_share(share: float) -> str:
    """A share from 0 to 1 in per cent; neither 0 nor 100 unless it is that."""
    per_cent = 100 * share
    if 0 < per_cent < 1:
        return "<1 %"
    if 99 < per_cent < 100:
        return ">99 %"
    return f"{per_cent:.0f} %"


def percent(probability: float) -> str:
    """A probability for people: ``97.3 %``, ``<0.1 %``, and never a false 100."""
    if math.isnan(probability):
        return "not a number"
    if probability < 0.001:
        return "<0.1 %" if probability > 0 else "0 %"
    if 0.9995 <= probability < 1:
        return ">99.9 %"
    return f"{100 * probability:.1f} %" if probability < 1 else "100 %"


@lru_cache(maxsize=65_536)  # what is drawn stands in columns, and much of it looks alike
def decimal(value: float, places: int = 2) -> str:
    """At most so many places after the point, as drawings have them: ``1.5``."""
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def one_line(error: BaseException) -> str:
    """What an error from elsewhere says, fit for the end of a sentence."""
    said = " ".join(str(error).split()) or type(error).__name__
    return (said if len(said) <= 160 else said[:159] + "…").rstrip(".")
