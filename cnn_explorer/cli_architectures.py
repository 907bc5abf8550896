"""The command that compares architectures: their facts, their layers, figures of both costs and
accuracy."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer import cli_graph, cli_onnx
from cnn_explorer.cli_parts import (
    card_named,
    network_or_file,
    output_file,
    print_json,
    print_table,
    printable,
    stoppable,
)
from cnn_explorer.errors import UsageError

if TYPE_CHECKING:
    from cnn_explorer.graph.model import LayerGraph
    from cnn_explorer.networks.card import NetworkCard


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "networks", metavar="NETWORK", nargs="*", type=network_or_file,
        help="networks to compare, ONNX files among them; all of the catalogue where none is "
        "named, by their published facts alone",
    )  # fmt: skip
    parser.add_argument(
        "--table", action="store_true",
        help="the layers side by side, a row a stage, as papers print them",
    )  # fmt: skip
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="as JSON")
    formats.add_argument("--csv", action="store_true", help="as CSV")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=output_file((".png",)),
        help="where to save a figure (.png)",
    )  # fmt: skip
    parser.add_argument(
        "--figure", choices=("scatter", "bars"),
        help="accuracy over multiply-adds (scatter, if not given), or bars of all costs",
    )  # fmt: skip
    parser.add_argument("--dark", action="store_true", help="the figure on a dark ground")
    parser.add_argument(
        "--measure", action="store_true",
        help="measure forward times on this computer: the networks take turns, medians are told",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    named: Sequence[str] = tuple(dict.fromkeys(options.networks))
    if options.output is None and (options.figure or options.dark):
        raise UsageError("a figure needs a file: give -o FILE.png.")
    if options.table and (options.measure or options.output is not None):
        raise UsageError("--table tells of layers: it takes neither --measure nor -o.")
    if not named:
        if options.table or options.measure:
            what = "whose layers to show" if options.table else "to measure"
            raise UsageError(f"name the networks {what}.")
        from cnn_explorer.networks.catalog import ALL

        return _tell(options, tuple(ALL.values()), {}, {})
    found = dict(map(_opened, named))
    cards = tuple(card for card, _ in found.values())
    graphs = {card.name: graph for card, graph in found.values()}
    if options.table:
        return _tell_table(options, cards, graphs)
    times = _measured(named, cards) if options.measure else {}
    return _tell(options, cards, graphs, times)


def _opened(network: str) -> "tuple[str, tuple[NetworkCard, LayerGraph]]":
    if cli_onnx.is_file(network):
        return network, cli_onnx.graph_of(Path(network))
    card = card_named(network)
    return network, (card, cli_graph.graph_of(card))


def _measured(named: Sequence[str], cards: "Sequence[NetworkCard]") -> Mapping[str, float]:
    import numpy as np

    from cnn_explorer.media.picture import Picture
    from cnn_explorer.probe.preprocess import prepare
    from cnn_explorer.probe.session import Session
    from cnn_explorer.probe.timing import time_forwards

    sessions = [
        cli_onnx.session_of(Path(network)) if cli_onnx.is_file(network) else Session.open(card)
        for network, card in zip(named, cards, strict=True)
    ]
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    prepared = [prepare(Picture(noise, "noise"), session.preprocessing) for session in sessions]
    with stoppable() as checkpoint:
        times = time_forwards(sessions, prepared, checkpoint=checkpoint)
    return {card.name: time for card, time in zip(cards, times, strict=True)}


def _tell(
    options: argparse.Namespace,
    cards: "Sequence[NetworkCard]",
    graphs: "Mapping[str, LayerGraph]",
    times: Mapping[str, float],
) -> int:
    from cnn_explorer.graph.architectures import COLUMNS, architectures, as_csv, as_data

    rows = architectures(cards, graphs, times)
    if options.output is not None:
        from cnn_explorer.graph.architecture_figure import save_bars, save_scatter

        save = save_bars if options.figure == "bars" else save_scatter
        save(options.output, rows, dark=options.dark)
    if options.json:
        print_json(as_data(rows))
    elif options.csv:
        sys.stdout.write(as_csv(rows))
    elif options.output is not None:
        count = "one network" if len(rows) == 1 else f"{len(rows)} networks"
        print(f"{printable(options.output)}: {count}")
    else:
        shown = [column for column in COLUMNS if any(column.value(row) for row in rows)]
        print_table(
            [column.title for column in shown],
            [[printable(column.text(row)) for column in shown] for row in rows],
            "".join(">" if column.is_number else "<" for column in shown),
        )
    return 0


def _tell_table(
    options: argparse.Namespace,
    cards: "Sequence[NetworkCard]",
    graphs: "Mapping[str, LayerGraph]",
) -> int:
    from cnn_explorer.graph.stages import configuration_table

    table = configuration_table(
        [graphs[card.name] for card in cards], [printable(card.title) for card in cards]
    )
    if options.json:
        print_json(table.data())
    elif options.csv:
        sys.stdout.write(table.csv())
    else:
        print(table.text())
    return 0
