"""The command line's part about weights files: what is in one, and which network it fits.

What it shares with `cli` it imports when it is called: `cli` lists these commands.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_explorer.cli_parts import network_name, print_json, print_table, printable
from cnn_explorer.errors import ExplorerError, UsageError

if TYPE_CHECKING:
    from cnn_explorer.networks.card import NetworkCard
    from cnn_explorer.networks.fit import FitReport, TensorFit


def describe_inspect(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", metavar="FILE", type=Path, help="a state dict, as --weights takes, or an ONNX file"
    )
    parser.add_argument(
        "--network", metavar="NAME", type=network_name,
        help="the network to compare it with; the one that it fits best where none is named",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")


def inspect(options: argparse.Namespace) -> int:
    from cnn_explorer import cli_onnx

    if cli_onnx.is_file(str(options.file)):
        return cli_onnx.tell(options.file, as_json=options.json)
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.networks.fit import compare, nearest
    from cnn_explorer.networks.published import recognised
    from cnn_explorer.networks.weights import fitting_networks, load_state
    from cnn_explorer.probe.runtime import import_torch

    import_torch()
    path: Path = options.file
    state = load_state(path)
    fitting = fitting_networks(path, state)
    near = () if fitting else nearest(state)
    if options.network is not None:
        card = card_of(options.network)
    elif fitting:
        card = fitting[0]
    elif near:
        card = near[0].network
    else:
        raise ExplorerError(
            f"{path} fits no network here and has no tensor in common with any: name one with "
            "--network to compare it all the same."
        )
    for _, entry in recognised(path, (card,)):
        # a vision transformer is made for the pictures that its weights want
        card = replace(card, preprocessing=entry.preprocessing or card.preprocessing)
    report = compare(card, state, path.name)
    guesses = [(other, 1.0) for other in fitting] or [(r.network, r.share) for r in near]
    if options.json:
        print_json(
            {
                **_facts(report),
                "file": str(path),
                "guesses": [
                    {
                        "name": other.name,
                        "title": other.title,
                        "fits": bool(fitting),
                        "share": round(share, 4),
                    }
                    for other, share in guesses
                ],
            }
        )
        return 0
    titles = ("tensor", "state", "expected", "found", "type")
    print_table(titles, [_row(tensor) for tensor in report.rows], "<<<<<")
    print()
    print(printable(report.summary))
    if fitting:
        print(f"fits: {', '.join(f'{other.title} ({other.name})' for other in fitting)}")
    else:
        told = (f"{other.title} ({other.name}, {share:.1%})" for other, share in guesses)
        print(f"fits no network here; nearest: {', '.join(told) or 'none'}")
    return 0


def network_of(options: argparse.Namespace) -> "NetworkCard":
    """The network that ``--network`` names; where it is not given, guessed from ``--weights``."""
    from cnn_explorer.networks.catalog import card_of

    if options.network is not None:
        return card_of(options.network)
    if options.weights is None:
        raise UsageError(
            "the following arguments are required: --network (or --weights, from which the "
            "network is guessed)"
        )
    from cnn_explorer.networks.weights import networks_for
    from cnn_explorer.probe.runtime import import_torch

    import_torch()
    card = networks_for(options.weights)[0]
    print(printable(f"network: {card.title} (guessed from {options.weights})"), file=sys.stderr)
    return card


def _facts(report: "FitReport") -> dict[str, Any]:
    return {
        "file": report.file,
        "network": report.network.name,
        "fits": report.fits,
        "summary": report.summary,
        "classes": report.classes,
        "counts": dict(report.counts),
        "tensors": [
            {
                "name": row.name,
                "state": row.state,
                "expected": None if row.expected is None else list(row.expected),
                "found": None if row.found is None else list(row.found),
                "dtype": row.dtype or None,
            }
            for row in report.rows
        ],
    }


def _row(tensor: "TensorFit") -> tuple[str, ...]:
    return (
        tensor.name,
        tensor.state,
        _shape(tensor.expected),
        _shape(tensor.found),
        tensor.dtype,
    )


def _shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return ""
    return " × ".join(map(str, shape)) or "one number"
