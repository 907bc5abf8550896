"""The facts of networks side by side: what is the same, what is not and how much."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from cnn_explorer.graph.metrics import format_count, format_macs, format_percent, format_shape
from cnn_explorer.gui.state.network_model import data_set, top1_source
from cnn_explorer.networks.card import NetworkCard, WeightsEntry


@dataclass(frozen=True)
class Fact:
    """One fact of each network, in the order of the networks."""

    name: str
    values: tuple[tuple[str, ...], ...]
    """Of each network one text, or several that stand below one another."""
    amounts: tuple[float, ...] = ()
    """Where the fact is a number: what to draw as a bar, 0 for unknown."""
    compared: tuple[str, ...] = ()
    """Beside the greater number, how much greater it is: ``2.4×``; empty beside the others."""
    links: tuple[str, ...] = ()
    """Where a text leads to, a web address each."""

    @property
    def same(self) -> bool:
        """Whether it says the same of all networks."""
        return len(set(self.values)) == 1


@dataclass(frozen=True)
class FactSheets:
    """The facts of some networks."""

    cards: tuple[NetworkCard, ...]
    facts: tuple[Fact, ...]


def _tr(text: str) -> str:
    return QCoreApplication.translate("facts", text)


def ratio_text(greater: float, lesser: float) -> str:
    """How many times as much: ``2.4×``; empty where both are nearly alike or one is not known."""
    if not (greater > lesser > 0):
        return ""
    ratio = greater / lesser
    if ratio < 1.005:  # "1.00×" says nothing
        return ""
    digits = 2 if ratio < 1.1 else 1 if ratio < 10 else 0
    return f"{ratio:,.{digits}f}×"


def fact_sheets(cards: Sequence[NetworkCard]) -> FactSheets:
    """The facts of networks, a row each; rows that say nothing of any network are left out."""
    none = _tr("none")
    # what is compared most stands first: the page is often low
    rows = [
        _texts(_tr("Variant"), cards, lambda card: card.variant),
        _texts(_tr("Family"), cards, lambda card: card.family),
        _texts(_tr("Year"), cards, lambda card: str(card.year) if card.year else ""),
        _numbers(_tr("Layers with weights"), cards, lambda card: card.depth, str),
        _numbers(_tr("Parameters"), cards, lambda card: card.parameters, format_count),
        _numbers(_tr("Multiply-adds"), cards, lambda card: card.macs, format_macs),
        _accuracy(cards),
        _texts(_tr("Input"), cards, lambda card: format_shape(card.preprocessing.input_shape)),
        _texts(_tr("Classes"), cards, data_set),
        Fact(
            _tr("Weights"),
            tuple(
                tuple(_weights(entry, card.classes) for entry in card.weights) or (none,)
                for card in cards
            ),
        ),
        Fact(_tr("Differs from the paper"), tuple(card.differences or (none,) for card in cards)),
        _texts(_tr("Accuracy, in words"), cards, lambda card: card.accuracy),
        _texts(_tr("Authors"), cards, lambda card: card.authors),
        Fact(
            _tr("Paper"),
            tuple((card.paper,) for card in cards),
            links=tuple(card.url for card in cards),
        ),
        _texts(_tr("Built by"), cards, lambda card: card.library or _tr("this program")),
    ]
    kept = (row for row in rows if any(text for value in row.values for text in value))
    return FactSheets(tuple(cards), tuple(kept))


def as_text(sheets: FactSheets) -> str:
    """The sheets as a table with tabs between its columns, for a text or a spreadsheet."""
    lines = [["", *(card.title for card in sheets.cards)]]
    lines += [[fact.name, *("; ".join(value) for value in fact.values)] for fact in sheets.facts]
    return "\n".join("\t".join(line) for line in lines)


def as_markdown(sheets: FactSheets) -> str:
    """The sheets as a table of Markdown."""
    lines = [["", *(_escaped(card.title) for card in sheets.cards)]]
    lines.append(["---"] * len(lines[0]))
    for fact in sheets.facts:
        values = ["<br>".join(map(_escaped, value)) for value in fact.values]
        if fact.links:
            values = [f"[{text}](<{link}>)" for text, link in zip(values, fact.links, strict=True)]
        lines.append([_escaped(fact.name), *values])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _escaped(text: str) -> str:
    for mark in ("\\", "|", "*", "_", "[", "]", "<", ">", "`"):
        text = text.replace(mark, "\\" + mark)
    return text


def _texts(name: str, cards: Sequence[NetworkCard], text: Callable[[NetworkCard], str]) -> Fact:
    return Fact(name, tuple((text(card),) for card in cards))


def _numbers(
    name: str,
    cards: Sequence[NetworkCard],
    number: Callable[[NetworkCard], int],
    text: Callable[[int], str],
) -> Fact:
    amounts = tuple(float(number(card)) for card in cards)
    values = tuple((text(number(card)) if number(card) else _tr("not known"),) for card in cards)
    greatest, least = max(amounts), min(amounts)
    compared = tuple(ratio_text(amount, least) if amount == greatest else "" for amount in amounts)
    return Fact(name, values, amounts, compared)


def _accuracy(cards: Sequence[NetworkCard]) -> Fact:
    name = _tr("Published top-1")
    values = tuple((format_percent(card.top1, card.classes) or _tr("none"),) for card in cards)
    if len({card.classes for card in cards}) > 1:
        return Fact(name, values)  # of different pictures: there is nothing to compare
    if len({top1_source(card) for card in cards if card.top1}) > 1:
        # ten crops of a paper against one of torchvision's: the numbers, and whose they are
        text = _tr("{percent} ({source})")
        said = (
            (text.format(percent=value, source=top1_source(card)) if card.top1 else value,)
            for (value,), card in zip(values, cards, strict=True)
        )
        return Fact(name, tuple(said))
    amounts = tuple(card.top1 or 0.0 for card in cards)
    greatest, least = max(amounts), min(amounts)
    points = _tr("+{points} points").format(points=f"{greatest - least:.1f}")
    compared = tuple(
        points if amount == greatest and greatest > least > 0 else "" for amount in amounts
    )
    return Fact(name, values, amounts, compared)


def _weights(entry: WeightsEntry, classes: str) -> str:
    accuracy = format_percent(entry.accuracy, classes)
    return ", ".join(filter(None, (entry.tag, accuracy, entry.terms)))
