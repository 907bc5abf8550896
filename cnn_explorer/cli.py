"""The command line: the window, and the same answers without one.

Exit codes: 0 done, 1 failed, 2 called wrongly, 130 interrupted. An error is one line on standard
error. Everything heavy is imported by the command that needs it: ``list`` needs no torch, and only
``gui`` and ``snapshot`` need Qt.
"""

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cnn_explorer import __version__, cli_graph, cli_inspect, cli_layers, cli_onnx, cli_train
from cnn_explorer.cli_parts import (
    PROGRAM,
    UNTRAINED,
    card_named,
    network_or_file,
    output_file,
    picture_source,
    positive,
    print_error,
    print_json,
    print_table,
    printable,
    refuse_same_file,
    sentence,
)
from cnn_explorer.cli_session import (
    describe_framing,
    describe_network,
    describe_precision,
    framed_in_json,
    framing_of,
    open_session,
    refuse_oblong,
    run_on,
)
from cnn_explorer.errors import Cancelled, ExplorerError, UsageError

if TYPE_CHECKING:
    from cnn_explorer.media.address import WebAddress
    from cnn_explorer.media.picture import Picture
    from cnn_explorer.networks.card import NetworkCard
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.results import PreparedInput, RunResult
    from cnn_explorer.probe.session import Session


_TABS = ("activations", "filters", "details", "code", "about", "layers", "statistics")
_COLOURS = ("parameters", "macs", "memory", "time", "receptive", "stride")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; never raises."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    interrupts: list[int] = []
    _open_closed_streams()
    try:
        with _noting_interrupts(interrupts):
            code = _run(arguments)
            sys.stdout.flush()
        return code
    except SystemExit as end:  # argparse, after --help and --version
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        # the reader has gone (``| head``): let Python's own flush at the end not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (KeyboardInterrupt, Cancelled):
        return 130
    except Exception as error:
        if interrupts:
            return 130
        if "--debug" in arguments:
            traceback.print_exc()
        print_error(sentence(error))
        return 2 if isinstance(error, UsageError) else 1


def _open_closed_streams() -> None:
    """Streams that were closed (``>&-``) or never there lead nowhere from now on.

    Else the next file to be opened takes the number of a closed stream, and what a library writes
    to its error stream lands in that file.
    """
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(number)
        sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
        sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


@contextmanager
def _noting_interrupts(interrupts: list[int]) -> Iterator[None]:
    """Ctrl+C raises `KeyboardInterrupt` as ever, and is noted: libraries that are being imported
    turn it into errors of their own."""
    before = signal.getsignal(signal.SIGINT)
    ours = before is signal.default_int_handler
    ours = ours and threading.current_thread() is threading.main_thread()

    def note(number: int, _frame: object) -> None:
        interrupts.append(number)
        raise KeyboardInterrupt

    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _ending_at_interrupt() -> Iterator[None]:
    """Ctrl+C ends the process at once: raised as an exception in the middle of Qt's own work it
    would be printed and forgotten there. The window, once it stands, takes the signal itself."""
    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    ours = ours and before not in (None, signal.SIG_IGN)
    if ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


def _run(arguments: list[str]) -> int:
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")  # a terminal that cannot show "×" is no error
    words = _with_command(arguments)
    named = next((word for word in words if word != "--debug"), "")
    options = _parser(named).parse_args(words)
    command: Callable[[argparse.Namespace], int] = options.run
    return command(options)


def _with_command(arguments: list[str]) -> list[str]:
    """The arguments with ``gui`` put in where no command is named: ``cnn-explorer PHOTO``."""
    first = 0
    while first < len(arguments) and arguments[first] == "--debug":
        first += 1
    rest = arguments[first:]
    if rest and (rest[0] in _COMMANDS or rest[0] in ("-h", "--help", "--version")):
        return arguments
    return [*arguments[:first], "gui", *rest]


class _Parser(argparse.ArgumentParser):
    """Errors are raised, to be printed like all others."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f'{message} (see "{self.prog} --help")')


def _parser(named: str) -> argparse.ArgumentParser:
    """The parser: of the command named alone, for the window should not wait for the others'; of
    all where none is named, as for the help."""
    common = _Parser(add_help=False)
    common.add_argument(
        "--debug", action="store_true", default=argparse.SUPPRESS,
        help="show where in the program an error arose",
    )  # fmt: skip
    parser = _Parser(
        prog=PROGRAM,
        description="Explore the classic convolutional networks. Without a command the window "
        f'opens; "{PROGRAM} PHOTO" opens it with a photo.',
        epilog=f'"{PROGRAM} COMMAND --help" tells more about a command.',
        parents=[common],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    wanted = {named: _COMMANDS[named]} if named in _COMMANDS else _COMMANDS
    for name, (run, describe, text) in wanted.items():
        command = commands.add_parser(
            name, help=text, description=text[0].upper() + text[1:] + ".", parents=[common],
            allow_abbrev=False,
        )  # fmt: skip
        command.set_defaults(run=run)
        describe(command)
    return parser


# the window


def _describe_gui(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image", metavar="PHOTO", nargs="?", type=Path,
        help="a picture to open, a folder of pictures or a video; or an ONNX file to show as the "
        "network",
    )  # fmt: skip
    parser.add_argument(
        "--network", metavar="NAME", type=network_or_file, help="the network to show"
    )


def _gui(options: argparse.Namespace) -> int:
    picture: Path | None = options.image
    if picture is not None and not os.path.lexists(picture):
        import difflib

        near = difflib.get_close_matches(str(picture), _COMMANDS, n=1)
        hint = f'did you mean the command "{near[0]}"?' if near else "check its name."
        raise UsageError(f"there is no picture {picture}: {hint}")
    from cnn_explorer.display import check_display
    from cnn_explorer.probe.runtime import keep_freed_memory

    keep_freed_memory()
    platform = check_display()
    if platform is not None:
        os.environ["QT_QPA_PLATFORM"] = platform
    with _ending_at_interrupt():
        try:
            from cnn_explorer.app import run_window
        except ImportError as error:
            raise _qt_error(error) from error
        if picture is not None and cli_onnx.is_file(str(picture)):
            return run_window(None, str(picture))
        return run_window(picture, options.network)


def _describe_snapshot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "image", metavar="IMAGE", nargs="?", type=Path,
        help="a picture to open, or a video, of which one frame is held fast",
    )  # fmt: skip
    describe_framing(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, type=output_file((".png",)),
        help="where to save the drawing (.png)",
    )  # fmt: skip
    parser.add_argument(
        "--network", metavar="NAME", type=network_or_file, help="the network to show"
    )
    parser.add_argument("--layer", metavar="LAYER", help="the layer to select")
    parser.add_argument(
        "--colour-by", metavar="NUMBER", choices=_COLOURS, default="",
        help=f"what colours the boxes: {', '.join(_COLOURS)}; else the kind of layer",
    )  # fmt: skip
    parser.add_argument(
        "--compare", metavar="NAMES", type=_names, default=(),
        help="networks to show side by side, as resnet20,plain20",
    )  # fmt: skip
    parser.add_argument(
        "--tab", choices=_TABS, default=_TABS[0], help="what to show of the layer (%(default)s)"
    )
    parser.add_argument(
        "--size", metavar="WxH", type=_size, default=(1600, 1000),
        help="of the window, in pixels (1600x1000)",
    )  # fmt: skip
    parser.add_argument(
        "--scale", metavar="N", type=_scale, default=1.0, help="2 for a picture as on a 2x display"
    )
    parser.add_argument("--theme", choices=("light", "dark"), default="light")


def _snapshot(options: argparse.Namespace) -> int:
    from cnn_explorer.display import check_drawing
    from cnn_explorer.probe.runtime import keep_freed_memory

    refuse_oblong(options)
    if options.image is not None:
        refuse_same_file(options.output, options.image)
    keep_freed_memory()
    check_drawing()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    import logging

    # what went wrong is said once, in a line; without a handler the log would be printed as well
    logging.getLogger("cnn_explorer").addHandler(logging.NullHandler())
    with _ending_at_interrupt():
        try:
            from cnn_explorer.app import snapshot
        except ImportError as error:
            raise _qt_error(error) from error
        return snapshot(
            options.output,
            network=options.network,
            layer=options.layer,
            size=options.size,
            theme=options.theme,
            picture=options.image,
            tab=options.tab,
            coloured_by=options.colour_by,
            compare=options.compare,
            scale=options.scale,
            framing=partial(framing_of, options),
        )


def _qt_error(error: ImportError) -> Exception:
    from cnn_explorer.display import explain_import

    sentence = explain_import(error)
    return error if sentence is None else UsageError(sentence)


# networks


def _describe_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON")


def _list(options: argparse.Namespace) -> int:
    from cnn_explorer.networks.catalog import ALL

    cards = tuple(ALL.values())
    facts = [_facts(card) for card in cards]
    if options.json:
        print_json(facts)
        return 0
    from cnn_explorer.graph.metrics import format_count, format_macs, format_percent

    rows = [
        (
            fact["name"],
            fact["title"],
            fact["year"],
            format_count(fact["parameters"]),
            format_macs(fact["macs"]),
            format_percent(card.top1, card.classes),
            fact["weights"] or _without_weights(card),
        )
        for fact, card in zip(facts, cards, strict=True)
    ]
    titles = (
        "network", "title", "year", "parameters", "multiply-adds", "top-1", "weights at hand",
    )  # fmt: skip
    print_table(titles, rows, "<<>>>><")
    return 0


def _without_weights(card: "NetworkCard") -> str:
    """Why there are no weights of a network at hand, in a word or two."""
    if any(entry.url for entry in card.weights):
        return "not downloaded"
    return "not in this copy" if card.weights else "none (untrained)"


def _describe_info(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NETWORK", type=network_or_file)
    parser.add_argument(
        "--layers", action="store_true",
        help="the layers alone, with memory, receptive field and stride too",
    )  # fmt: skip
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_true", help="as JSON, all numbers of layers too")
    formats.add_argument(
        "--csv", action="store_true", help="the layers with all their numbers as CSV"
    )


def _info(options: argparse.Namespace) -> int:
    is_file = cli_onnx.is_file(options.network)
    if is_file and not (options.layers or options.csv):
        return cli_onnx.tell(Path(options.network), as_json=options.json)
    if is_file:
        card, graph = cli_onnx.graph_of(Path(options.network))
    else:
        card = card_named(options.network)
        graph = cli_graph.graph_of(card)
    if options.csv:
        cli_layers.print_csv(graph)
        return 0
    if options.layers and options.json:
        print_json(cli_layers.layers_for_json(graph))
        return 0
    if options.layers:
        cli_layers.print_layers(graph)
        return 0
    facts = _facts(card)
    if options.json:
        print_json({**facts, "layers": cli_layers.layers_for_json(graph)})
        return 0
    from cnn_explorer.graph.metrics import format_shape

    inputs = format_shape(card.preprocessing.input_shape)
    for title, value in (
        (card.title, f"{card.family}, {card.year}"),
        ("paper", f"{card.authors}: {card.paper}"),
        ("", card.url),
        *([("depth", f"{card.depth} layers with weights")] if card.depth else []),
        *([("built by", card.library)] if card.library else []),
        ("input", inputs),
        ("parameters", f"{card.parameters:,}"),
        ("multiply-adds", f"{card.macs:,}"),
        ("accuracy", card.accuracy),
        ("weights", facts["weights"] or "none at hand: runs with random ones, untrained"),
        *(("differs" if n == 0 else "", text) for n, text in enumerate(card.differences)),
    ):
        print(f"{title:<14} {value}".rstrip())
    print()
    cli_layers.print_brief(graph)
    return 0


def _facts(card: "NetworkCard") -> dict[str, Any]:
    from cnn_explorer.networks.weights import at_hand

    found = at_hand(card)
    return {
        "name": card.name,
        "title": card.title,
        "variant": card.variant,
        "family": card.family,
        "year": card.year,
        "authors": card.authors,
        "paper": card.paper,
        "url": card.url,
        "library": card.library,
        "depth": card.depth,
        "parameters": card.parameters,
        "macs": card.macs,
        "input": list(card.preprocessing.input_shape),
        "classes": card.classes,
        "accuracy": card.accuracy,
        "top1": card.top1,
        "differences": list(card.differences),
        "weights": None if found is None else found[1].tag,
        "versions": [entry.tag for entry in card.weights],
    }


# weights: in a file of their own, and imported when they are wanted


def _describe_weights(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_weights import describe

    describe(parser)


def _weights(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_weights import run

    return run(options)


# pictures


def _describe_fetch(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_fetch import describe

    describe(parser)


def _fetch(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_fetch import run

    return run(options)


def _describe_classify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", type=picture_source,
        help="a file, or an http or https address",
    )  # fmt: skip
    describe_network(parser)
    describe_framing(parser)
    describe_precision(parser)
    parser.add_argument(
        "--top", metavar="N", type=positive, default=5,
        help="how many classes to tell, likeliest first (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="as JSON")


def _classify(options: argparse.Namespace) -> int:
    refuse_oblong(options)
    session = open_session(options)
    answers: list[dict[str, Any]] = []
    failed = False
    for number, path in enumerate(options.images):
        try:
            picture, prepared, result = run_on(session, path, options, precision=options.precision)
        except (ExplorerError, OSError, MemoryError) as error:
            if getattr(options, "debug", False):
                traceback.print_exc()
            print_error(sentence(error))
            failed = True
            continue
        answer = _answer(session, path, options.top, picture, prepared, result)
        answers.append(answer)
        if not options.json:
            if number:
                print()
            warning = prepared.framing.warning(session.preprocessing)
            _print_answer(session, answer, (picture.note, warning))
    if options.json:
        print_json(answers)
    return 1 if failed else 0


def _answer(
    session: "Session | OnnxSession",
    path: "Path | WebAddress",
    top: int,
    picture: "Picture",
    prepared: "PreparedInput",
    result: "RunResult",
) -> dict[str, Any]:
    return {
        "file": str(path),
        "network": session.card.name,
        "weights": session.weights,
        "trained": session.trained,
        "framing": framed_in_json(prepared),
        "classes": [
            {"index": score.index, "name": score.name, "probability": score.probability}
            for score in result.classes[:top]
        ],
        "ms": {
            "decode": round(picture.decode_ms, 3),
            "preprocess": round(prepared.preprocess_ms, 3),
            "forward": round(result.forward_ms, 3),
        },
        "precision": {
            "ran": result.arithmetic.precision,
            "how": result.arithmetic.how,
            "note": result.arithmetic.note,
        },
    }


def _print_answer(
    session: "Session | OnnxSession", answer: Mapping[str, Any], notes: Sequence[str]
) -> None:
    file, weights = printable(answer["file"]), printable(session.weights)
    print(f"{file}: {session.card.title}, weights {weights}")
    if not session.trained:
        print(f"  {UNTRAINED}")
    for note in filter(None, notes):
        print(f"  {note}")
    for score in answer["classes"]:
        print(f"  {score['probability']:7.2%}  {score['name']}")
    spent = ", ".join(f"{what} {ms:.1f} ms" for what, ms in answer["ms"].items())
    precision = answer["precision"]
    how = f"; fast: {precision['how']}" if precision["ran"] == "fast" else ""
    print(f"  ({spent}{how})")
    if precision["note"]:
        print(f"  {printable(precision['note'])}")


# frames, activations, filters and comparisons: in files of their own, and imported when they are
# wanted


def _describe_live(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_live import describe

    describe(parser)


def _live(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_live import run

    return run(options)


def _describe_activations(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_activations import describe

    describe(parser)


def _activations(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_activations import run

    return run(options)


def _describe_filters(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_filters import describe

    describe(parser)


def _filters(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_filters import run

    return run(options)


def _describe_compare(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_compare import describe

    describe(parser)


# networks compared: in files of their own, and imported when they are wanted


def _describe_architectures(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_architectures import describe

    describe(parser)


def _describe_similarity(parser: argparse.ArgumentParser) -> None:
    from cnn_explorer.cli_similarity import describe

    describe(parser)


def _compare(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_compare import run

    return run(options)


def _similarity(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_similarity import run

    return run(options)


def _architectures(options: argparse.Namespace) -> int:
    from cnn_explorer.cli_architectures import run

    return run(options)


# reading arguments of the window


def _size(text: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f'"{text}" is not a size such as 1600x1000')
    width, height = map(int, parts)
    if not (200 <= width <= 8000 and 200 <= height <= 8000):
        raise argparse.ArgumentTypeError(f'"{text}" is not between 200x200 and 8000x8000')
    return width, height


def _names(text: str) -> tuple[str, ...]:
    return tuple(network_or_file(name) for name in text.split(","))


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0.5 <= scale <= 4:
        raise argparse.ArgumentTypeError(f'"{text}" is not a number from 0.5 to 4')
    return scale


_Command = tuple[
    Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None], str
]
_COMMANDS: Mapping[str, _Command] = {
    "gui": (_gui, _describe_gui, "open the window (this is what no command does)"),
    "list": (_list, _describe_list, "list the networks"),
    "info": (_info, _describe_info, "tell the facts, totals and layers of a network"),
    "architectures": (
        _architectures,
        _describe_architectures,
        "compare what networks are made of, cost and are worth",
    ),
    "weights": (_weights, _describe_weights, "list, download, find and check trained weights"),
    "fetch": (_fetch, _describe_fetch, "get a picture from the web"),
    "classify": (_classify, _describe_classify, "tell what a network sees in pictures"),
    "live": (_live, _describe_live, "tell what a network sees in a camera or a video"),
    **cli_graph.COMMANDS,
    "activations": (_activations, _describe_activations, "save what layers make of a picture"),
    "filters": (_filters, _describe_filters, "save the weights of layers"),
    "compare": (_compare, _describe_compare, "compare networks on a picture or a folder of them"),
    "similarity": (
        _similarity,
        _describe_similarity,
        "tell how alike layers of two networks are",
    ),
    "inspect": (cli_inspect.inspect, cli_inspect.describe_inspect, "tell what a weights file fits"),
    "export-onnx": (cli_onnx.export, cli_onnx.describe_export, "write a network as ONNX"),
    "snapshot": (_snapshot, _describe_snapshot, "save a picture of the window, without a display"),
    **cli_train.COMMANDS,
}
