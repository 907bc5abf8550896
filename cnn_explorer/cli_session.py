"""What the commands share that run a network: which one, with which weights, on which picture."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer import cli_inspect, cli_onnx
from cnn_explorer.cli_parts import (
    card_named,
    describe_weights_choice,
    network_or_file,
    printable,
    read_picture,
)
from cnn_explorer.errors import UsageError

if TYPE_CHECKING:
    from cnn_explorer.media.address import WebAddress
    from cnn_explorer.media.picture import Picture
    from cnn_explorer.probe.framing import Framing, Pixels
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.pool import Wanted
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


def describe_weights_of_each(parser: argparse.ArgumentParser) -> None:
    """The weights of several networks, each by the name of its network; see `wanted_of`."""
    parser.add_argument(
        "--weights", metavar="NAME=FILE", type=_pair, action="append", default=[],
        help="weights of your own for one of the networks; may be given for each",
    )  # fmt: skip
    parser.add_argument(
        "--weights-version", metavar="NAME=TAG", type=_pair, action="append", default=[],
        help='which of a network\'s own weights, as "resnet50=ImageNet V1", or "random"',
    )  # fmt: skip


def describe_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision", choices=("exact", "fast"), default="exact",
        help="exact (float32), or fast: what proves quickest on this computer, float32 or bfloat16 "
        "with the channels last (%(default)s)",
    )  # fmt: skip


def describe_framing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fit", choices=("crop", "squash", "pad"), default="crop",
        help="how the picture is made to fit: the weights' own centre crop, all of it squashed to "
        "a square, or all of it padded (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--region", metavar="X,Y,WIDTH,HEIGHT", type=_region,
        help="the part of the picture that is framed, in its pixels; of a crop a square",
    )  # fmt: skip


def framing_of(options: argparse.Namespace, picture: "Picture") -> "Framing":
    """How a picture is framed. Raises `UsageError` where it has no such region."""
    from cnn_explorer.probe.framing import Framing

    region: Pixels | None = options.region
    if region is not None:
        x, y, width, height = region
        if x + width > picture.width or y + height > picture.height:
            size = f"{picture.width} x {picture.height}"
            raise UsageError(
                f"the region reaches beyond {printable(picture.name)}, which has {size} pixels."
            )
    return Framing(options.fit).with_pixels(region, picture.width, picture.height)


def framed_in_json(prepared: "PreparedInput") -> dict[str, object]:
    """How a picture was framed: the fit, and what is seen of it in its pixels."""
    framing = prepared.framing
    own = framing.region is not None
    return {"fit": framing.fit, "own_region": own, "crop": list(prepared.crop)}


def _region(text: str) -> "Pixels":
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f'"{text}" is not four whole numbers with commas between')
    x, y, width, height = map(int, parts)
    if not width or not height:
        raise argparse.ArgumentTypeError("a region has a width and a height of one pixel at least")
    return x, y, width, height


def refuse_oblong(options: argparse.Namespace) -> None:
    """A crop is a square. Raises `UsageError`."""
    region: Pixels | None = options.region
    if options.fit == "crop" and region is not None and region[2] != region[3]:
        raise UsageError(
            "a crop is a square: give --region as much width as height, or choose --fit squash or "
            "--fit pad."
        )


def wanted_of(options: argparse.Namespace) -> "list[Wanted]":
    """The networks with their weights. One that is named several times takes what is given for it
    in turn, the files first; without a choice that is left it takes the best at hand."""
    from cnn_explorer.probe.pool import Wanted

    files, versions = list(options.weights), list(options.weights_version)
    wanted = []
    for name in options.networks:
        if cli_onnx.is_file(name):
            wanted.append(Wanted(onnx_file=Path(name)))
            continue
        file = _taken(files, name)
        version = None if file is not None else _taken(versions, name)
        wanted.append(Wanted(card_named(name), version or "", None if file is None else Path(file)))
    for left, option in ((files, "--weights"), (versions, "--weights-version")):
        if left:
            raise UsageError(
                f"{option} {left[0][0]}=... fits none of the networks that are compared, or there "
                "are more weights of it than networks."
            )
    return wanted


def files_of(wanted: "Iterable[Wanted]") -> list[Path]:
    """What networks are read from that a person named: not to be written over."""
    files = (one.weights_file or one.onnx_file for one in wanted)
    return [file for file in files if file is not None]


def _taken(pairs: list[tuple[str, str]], name: str) -> str | None:
    """The first value for a name, which is taken out."""
    for at, (of, value) in enumerate(pairs):
        if of == name:
            del pairs[at]
            return value
    return None


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise argparse.ArgumentTypeError(f'"{text}" is not of the form NAME=VALUE')
    return network_or_file(name), value


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
    path: "Path | WebAddress",
    options: argparse.Namespace,
    *,
    precision: "Precision" = "exact",
) -> "tuple[Picture, PreparedInput, RunResult]":
    """Run a network on a picture of a file or of the web, framed as the options say."""
    picture, prepared = prepared_of(session, path, options)
    return picture, prepared, session.run(prepared, precision=precision)


def prepared_of(
    session: "Session | OnnxSession", path: "Path | WebAddress", options: argparse.Namespace
) -> "tuple[Picture, PreparedInput]":
    """A picture of a file or of the web, and the same as the network sees it, framed as the
    options say."""
    from cnn_explorer.probe.preprocess import prepare

    picture = read_picture(path)
    return picture, prepare(picture, session.preprocessing, framing_of(options, picture))
