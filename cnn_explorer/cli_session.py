"""What the commands share that run a network: which one, with which weights, on which picture."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer import cli_inspect, cli_onnx
from cnn_explorer.cli_parts import describe_weights_choice, network_or_file, printable

if TYPE_CHECKING:
    from cnn_explorer.media.picture import Picture
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.precision import Precision
    from cnn_explorer.probe.results import PreparedInput, RunResult
    from cnn_explorer.probe.session import Session


def describe_network(parser: argparse.ArgumentParser) -> None:
    """The network and its weights."""
    parser.add_argument(
        "--network", metavar="NAME", type=network_or_file,
        help="the network, or an ONNX file; guessed where weights of your own are given without it",
    )  # fmt: skip
    cli_onnx.describe_input(parser)
    describe_weights_choice(parser)


def describe_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision", choices=("exact", "fast"), default="exact",
        help="exact (float32), or fast: what proves quickest on this computer, float32 or bfloat16 "
        "with the channels last (%(default)s)",
    )  # fmt: skip


def open_session(options: argparse.Namespace) -> "Session | OnnxSession":
    """The network of the options, ready to run; what is to be said of its weights is printed."""
    from cnn_explorer.probe.session import Session

    if options.network is not None and cli_onnx.is_file(options.network):
        return cli_onnx.open_session(options)
    cli_onnx.refuse_input(options)
    card = cli_inspect.network_of(options)
    session = Session.open(card, options.weights, version=options.weights_version)
    if session.note:
        print(printable(session.note), file=sys.stderr)
    return session


def run_on(
    session: "Session | OnnxSession",
    path: Path,
    *,
    precision: "Precision" = "exact",
) -> "tuple[Picture, PreparedInput, RunResult]":
    """Run a network on a picture of a file."""
    picture, prepared = prepared_of(session, path)
    return picture, prepared, session.run(prepared, precision=precision)


def prepared_of(session: "Session | OnnxSession", path: Path) -> "tuple[Picture, PreparedInput]":
    """A picture of a file, and the same as the network sees it."""
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.probe.preprocess import prepare

    picture = decode_file(path)
    return picture, prepare(picture, session.preprocessing)
