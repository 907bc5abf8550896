"""``cnn-explorer weights``: which weights there are; to get, find and check them.

The window starts ``weights download NAME --json`` as a process of its own and reads its lines: one
JSON object a line, ``{"event": "progress", "file", "done", "total", "speed"}`` with bytes and bytes
a second (`total` may be null), at last ``{"event": "done", "file", "path"}``. What goes wrong is
one line on standard error, as everywhere; SIGTERM and SIGINT stop it, and what has arrived stays
for the next time.

No action imports Qt, and none imports torch but ``verify`` of weights that have no checksum in
their name: those are loaded.
"""

import argparse
import contextlib
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from cnn_explorer.cli_parts import (
    PROGRAM,
    ChangingLine,
    network_name,
    print_error,
    print_json,
    print_json_line,
    print_table,
    printable,
    stoppable,
)
from cnn_explorer.errors import Cancelled, ExplorerError, UsageError
from cnn_explorer.networks.card import NetworkCard, WeightsEntry
from cnn_explorer.networks.catalog import ALL, card_of
from cnn_explorer.networks.published import entry_named, place_of, short_tag
from cnn_explorer.text import format_part, format_size, listed

if TYPE_CHECKING:
    from cnn_explorer.networks.download import Transfer

_EVERY = 10.0
"""Seconds between two lines about a download where there is no terminal."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Adds the actions to the command's parser."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, (act, describe_action, text) in _ACTIONS.items():
        action = actions.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False
        )
        action.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS,
            help="show where in the program an error arose",
        )  # fmt: skip
        action.set_defaults(act=act)
        describe_action(action)


def run(options: argparse.Namespace) -> int:
    """Runs the action that was named and gives its exit code."""
    act: Callable[[argparse.Namespace], int] = options.act
    return act(options)


# list


def _describe_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NAME", nargs="?", type=network_name)
    parser.add_argument("--json", action="store_true", help="as JSON")


def _list(options: argparse.Namespace) -> int:
    facts = [_facts(card, entry) for card, entry in _known(options.network)]
    if options.json:
        print_json(facts)
        return 0
    rows = [
        (
            fact["network"],
            fact["tag"],
            "?" if fact["size"] is None else format_size(fact["size"]),
            "?" if fact["top1"] is None else f"{fact['top1']:.1f} %",
            fact["state"],
            fact["file"],
        )
        for fact in facts
    ]
    print_table(("network", "version", "size", "top-1", "state", "file"), rows, "<<>><<")
    of_others = dict.fromkeys(
        (fact["terms"], fact["licence"]) for fact in facts if fact["licence"] is not None
    )
    for terms, licence in of_others:
        files = [fact["file"] for fact in facts if fact["licence"] == licence]
        print(f"\n{terms} ({licence}): {listed(files)}.")
    return 0


def _facts(card: NetworkCard, entry: WeightsEntry) -> dict[str, Any]:
    path = place_of(entry)
    try:
        size: int | None = path.stat().st_size if path.is_file() else None
    except OSError:
        size = None
    at_hand = size is not None
    if entry.shipped:
        state = "shipped" if at_hand else "missing"
    else:
        state = "downloaded" if at_hand else "not downloaded"
    return {
        "network": card.name,
        "tag": entry.tag,
        "file": entry.file,
        "size": size if at_hand else entry.size or None,
        "top1": entry.accuracy,
        "top5": entry.top5,
        "state": state,
        "path": str(path) if at_hand else None,
        "url": entry.url or None,
        "terms": entry.terms or None,
        "licence": entry.licence or None,
    }


# download


def _describe_download(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NAME", type=network_name)
    which = parser.add_mutually_exclusive_group()
    _describe_version(which, "the best")
    which.add_argument("--all", action="store_true", help="every version of the network's weights")
    parser.add_argument(
        "--json", action="store_true", help="tell progress and end in lines of JSON"
    )


def _download(options: argparse.Namespace) -> int:
    from cnn_explorer.networks.download import download

    card = card_of(options.network)
    if not card.weights:
        raise ExplorerError(f"nobody has published weights for {card.title}.")
    if options.all:
        entries: Sequence[WeightsEntry] = card.weights
    else:
        entries = (
            card.weights[0] if options.version is None else entry_named(card, options.version),
        )
    with stoppable() as checkpoint:
        for entry in entries:
            if entry.licence:
                note = f"{entry.file} has terms of its own, {entry.terms}: {entry.licence}"
                print(note, file=sys.stderr, flush=True)
            told = (
                contextlib.nullcontext(partial(_tell, entry.file))
                if options.json
                else _Progress(entry.file)
            )
            try:
                with told as progress:
                    path = (
                        place_of(entry) if entry.shipped else download(entry, checkpoint, progress)
                    )
            except Cancelled:
                return 130
            if options.json:
                print_json_line(event="done", file=entry.file, path=str(path))
            else:
                print(path, flush=True)
    return 0


def _tell(file: str, transfer: "Transfer") -> None:
    """Tells another program how far a download is, on standard output."""
    done, total, speed = transfer.done, transfer.total, round(transfer.speed)
    print_json_line(event="progress", file=file, done=done, total=total, speed=speed)


class _Progress:
    """Tells a person how far a download is, on standard error: on a terminal in one line that
    changes, else in a line now and then."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._line = ChangingLine(sys.stderr)
        self._next = time.monotonic() + _EVERY

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.end()

    def __call__(self, transfer: "Transfer") -> None:
        text = f"{self._file}: {_told(transfer)}"
        if self._line.works:
            self._line.show(text)
        elif time.monotonic() >= self._next:
            print(text, file=sys.stderr, flush=True)
            self._next = time.monotonic() + _EVERY


def _told(transfer: "Transfer") -> str:
    """``43 % 42.1 of 97.8 MB, 8.3 MB/s, 6 s left``."""
    speed = f"{format_size(transfer.speed)}/s"
    if not transfer.total:
        return f"{format_size(transfer.done)}, {speed}"
    percent = min(100 * transfer.done // transfer.total, 100)  # 100 when it is there, not before
    text = f"{percent} % {format_part(transfer.done, transfer.total)}, {speed}"
    rest = transfer.total - transfer.done
    if rest > 0 and transfer.speed > 0:
        text += f", {_duration(rest / transfer.speed)} left"
    return text


def _duration(seconds: float) -> str:
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


# path


def _describe_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NAME", type=network_name)
    _describe_version(parser, "the best at hand")


def _path(options: argparse.Namespace) -> int:
    for _, entry in _at_hand(options.network, options.version):
        print(place_of(entry))
        return 0
    raise _not_at_hand(options)


# verify


def _describe_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "network", metavar="NAME", nargs="?", type=network_name, help="the network (all networks)"
    )
    _describe_version(parser, "all at hand")


def _verify(options: argparse.Namespace) -> int:
    if options.version is not None and options.network is None:
        raise UsageError("--version needs the NAME of a network.")
    found = list(_at_hand(options.network, options.version))
    if not found and options.network is not None:
        raise _not_at_hand(options)
    failed = False
    for card, entry in found:
        try:
            _check(card, entry)
        except ExplorerError as error:
            print_error(str(error))
            failed = True
        else:
            print(f"{printable(place_of(entry))}: sound", flush=True)
    return 1 if failed else 0


def _check(card: NetworkCard, entry: WeightsEntry) -> None:
    from cnn_explorer.networks.checksum import checksum_in, checksum_is_right

    path = place_of(entry)
    if checksum_in(entry.file) is None:
        from cnn_explorer.networks.weights import open_network
        from cnn_explorer.probe.runtime import import_torch

        import_torch()
        open_network(card, path)
        return
    try:
        right = checksum_is_right(path)
    except OSError as error:
        raise ExplorerError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not right:
        raise ExplorerError(
            f"{path} is damaged (its checksum is not the one in its name): "
            f'"{_command(card, entry)}" gets it again.'
        )


# which


def _describe_version(parser: "argparse._ActionsContainer", default: str) -> None:
    parser.add_argument(
        "--version",
        metavar="TAG",
        help=f'which of them: "ImageNet V2", or V2 for short ({default})',
    )


def _known(network: str | None) -> Iterator[tuple[NetworkCard, WeightsEntry]]:
    for card in ALL.values() if network is None else (card_of(network),):
        for entry in card.weights:
            yield card, entry


def _at_hand(
    network: str | None, version: str | None
) -> Iterator[tuple[NetworkCard, WeightsEntry]]:
    wanted = None
    if network is not None and version is not None:
        wanted = entry_named(card_of(network), version)
    for card, entry in _known(network):
        if wanted in (None, entry) and os.path.isfile(place_of(entry)):
            yield card, entry


def _not_at_hand(options: argparse.Namespace) -> ExplorerError:
    card = card_of(options.network)
    if not card.weights:
        return ExplorerError(f"nobody has published weights for {card.title}.")
    entry = card.weights[0] if options.version is None else entry_named(card, options.version)
    if entry.shipped:
        return ExplorerError(f"{place_of(entry)} is missing: install this program again.")
    which = "no weights" if options.version is None else f'the weights "{entry.tag}"'
    are = "are" if options.version is None else "are not"
    return ExplorerError(
        f'{which} of {card.title} {are} at hand: "{_command(card, entry)}" gets them.'
    )


def _command(card: NetworkCard, entry: WeightsEntry) -> str:
    """What to type to get the weights."""
    best = entry == card.weights[0]
    version = "" if best else f" --version {short_tag(entry.tag)}"
    return f"{PROGRAM} weights download {card.name}{version}"


_Action = tuple[Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None], str]
_ACTIONS: Mapping[str, _Action] = {
    "list": (_list, _describe_list, "list the weights that there are, and which are at hand"),
    "download": (_download, _describe_download, "get weights into torch's cache"),
    "path": (_path, _describe_path, "tell where weights lie"),
    "verify": (_verify, _describe_verify, "check weights that are at hand"),
}
