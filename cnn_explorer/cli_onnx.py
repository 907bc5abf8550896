"""The command line's part about ONNX files: what is in one, running one, and writing one.

Nothing of onnx is imported before a file is named.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_explorer import cli_layers
from cnn_explorer.cli_parts import (
    describe_weights_choice,
    network_name,
    output_file,
    print_json,
    printable,
    refuse_same_file,
    stoppable,
)
from cnn_explorer.errors import ExplorerError, UsageError

if TYPE_CHECKING:
    from cnn_explorer.graph.model import LayerGraph
    from cnn_explorer.networks.card import NetworkCard
    from cnn_explorer.networks.onnx_facts import PictureInput
    from cnn_explorer.probe.onnx_session import OnnxSession

_VALUES = ("file", "normalised", "unit", "bytes", "symmetric", "caffe")
_ORDERS = ("rgb", "bgr")


def is_file(name: str) -> bool:
    """Whether a network is named by the path of an ONNX file."""
    from cnn_explorer.networks.onnx_facts import is_onnx_path

    return is_onnx_path(name)


def file_of(options: argparse.Namespace) -> Path | None:
    """The ONNX file that ``--network`` names."""
    named = options.network is not None and is_file(options.network)
    return Path(options.network) if named else None


def describe_input(parser: argparse.ArgumentParser) -> None:
    """How pictures are given to an ONNX file."""
    group = parser.add_argument_group("input of an ONNX file", "guessed where it is not given")
    group.add_argument(
        "--input-size", metavar="PIXELS", type=int, help="side of its pictures, where it takes any"
    )
    group.add_argument(
        "--input-values", choices=_VALUES,
        help="normalised by ImageNet's mean and deviation, unit 0 to 1, bytes 0 to 255, symmetric "
        "-1 to 1, caffe 0 to 255 less the mean",
    )  # fmt: skip
    group.add_argument("--input-order", choices=_ORDERS, help="order of the colours")


def refuse_input(options: argparse.Namespace) -> None:
    """What is meant for an ONNX file means nothing to a network of the catalogue."""
    for name in ("input_size", "input_values", "input_order"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} is for an ONNX file: name one.")


def open_session(options: argparse.Namespace) -> "OnnxSession":
    """The ONNX file that ``--network`` names, ready to run."""
    if options.weights is not None or options.weights_version:
        raise UsageError("an ONNX file has its own weights: give no others.")
    return session_of(Path(options.network), options)


def session_of(path: Path, options: argparse.Namespace | None = None) -> "OnnxSession":
    """An ONNX file ready to run; `options` say how pictures are given to it, which is guessed
    otherwise."""
    import sys

    from cnn_explorer.networks.onnx_file import read_onnx
    from cnn_explorer.networks.onnx_input import declared_input, guessed_input
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.runtime import import_torch

    import_torch()
    file = read_onnx(path)
    chosen = guessed_input(file.model, declared_input(file.model))
    session = OnnxSession.of(file, chosen if options is None else _changed(chosen, options))
    if session.refusal:
        raise ExplorerError(session.refusal)
    if session.note:
        print(printable(session.note), file=sys.stderr)
    return session


def _changed(chosen: "PictureInput", options: argparse.Namespace) -> "PictureInput":
    wanted = {
        "size": options.input_size,
        "values": options.input_values,
        "order": options.input_order,
    }
    if wanted["size"] is not None and wanted["values"] is None and chosen.values == "file":
        wanted["values"] = "unit"  # what the file says is of its own size
    return replace(chosen, **{name: value for name, value in wanted.items() if value is not None})


def graph_of(path: Path) -> "tuple[NetworkCard, LayerGraph]":
    """The card and the graph of a file."""
    from cnn_explorer.graph.onnx_graph import onnx_graph
    from cnn_explorer.networks.onnx_card import onnx_card
    from cnn_explorer.networks.onnx_file import read_onnx
    from cnn_explorer.networks.onnx_input import declared_input, guessed_input
    from cnn_explorer.networks.onnx_layers import network_of

    file = read_onnx(path)
    chosen = guessed_input(file.model, declared_input(file.model))
    network = network_of(file, chosen)
    card = onnx_card(network, chosen)
    graph = onnx_graph(network, name=card.name)
    return replace(card, parameters=graph.parameters, macs=graph.macs), graph


def tell(path: Path, *, as_json: bool) -> int:
    """Print what is in a file: its facts and its layers."""
    from cnn_explorer.networks.onnx_facts import described
    from cnn_explorer.networks.onnx_file import read_onnx
    from cnn_explorer.networks.onnx_input import declared_input, guessed_input

    _, graph = graph_of(path)
    model = read_onnx(path).model
    declared = declared_input(model)
    opsets = {o.domain or "ai.onnx": o.version for o in model.opset_import}
    facts: dict[str, Any] = {
        "file": str(path),
        "written by": " ".join(filter(None, (model.producer_name, model.producer_version))),
        "operators": opsets,
        "input": described(guessed_input(model, declared), declared),
        "parameters": graph.parameters,
        "multiply-adds": graph.macs,
    }
    if as_json:
        layers = cli_layers.layers_for_json(graph)
        print_json({**facts, "layers": layers})
        return 0
    facts["operators"] = ", ".join(f"{domain} {version}" for domain, version in opsets.items())
    for name in ("parameters", "multiply-adds"):
        facts[name] = f"{facts[name]:,}"
    for title, value in facts.items():
        print(f"{title:<14} {printable(value)}".rstrip())
    print()
    cli_layers.print_brief(graph)
    return 0


def describe_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NETWORK", type=network_name)
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, type=output_file((".onnx",)),
        help="where to save it (.onnx)",
    )  # fmt: skip
    describe_weights_choice(parser)
    parser.add_argument(
        "--picture", metavar="IMAGE", type=Path,
        help="what to compare ONNX Runtime's answer with torch's on; a sample if not given",
    )  # fmt: skip


def export(options: argparse.Namespace) -> int:
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.networks.catalog import card_of
    from cnn_explorer.probe.onnx_export import export_onnx
    from cnn_explorer.probe.session import Session

    refuse_same_file(options.output, options.weights, options.picture)
    picture = None if options.picture is None else decode_file(options.picture)
    session = Session.open(
        card_of(options.network), options.weights, version=options.weights_version
    )
    with stoppable() as checkpoint:
        done = export_onnx(session, options.output, picture, checkpoint)
    print(f"{printable(options.output)}: {session.card.title}, {done.sentence}")
    return 0
