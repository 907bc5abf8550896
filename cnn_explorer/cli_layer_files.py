"""What `activations` and `filters` share: which layers are meant, and what is written where."""

import argparse
import csv
import difflib
import fnmatch
import io
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_explorer import cli_onnx
from cnn_explorer.cli_parts import PROGRAM, positive, print_table, printable, refuse_same_file
from cnn_explorer.errors import Checkpoint, ExplorerError, UsageError
from cnn_explorer.media.formats import FIGURES
from cnn_explorer.text import no_formula

if TYPE_CHECKING:
    from cnn_explorer.probe.figures import Figure
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session

_SUFFIXES = (*FIGURES, ".npy", ".npz", ".csv")
_COLOURS = ("viridis", "cividis", "inferno", "magma", "grey", "diverging")
_LONGEST = 100
"""Of a file's name, without its ending."""
_RESERVED = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789"),
}
"""What Windows takes for a device, whatever the ending."""


# which layers


def describe_layers(parser: argparse.ArgumentParser, everything: str) -> None:
    """Options that choose layers; `everything` says what --all means."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument(
        "--layer", metavar="PATTERN", action="append", dest="layers",
        help=f'dotted name of a layer or block, as "{PROGRAM} info NETWORK" lists them, or a '
        "pattern such as 'layer3.*conv2' for all layers that fit, else blocks; may be repeated",
    )  # fmt: skip
    group.add_argument("--all", action="store_true", help=everything)


@dataclass(frozen=True)
class LayerNames:
    """What can be named in a network, each in forward order."""

    layers: tuple[str, ...]
    blocks: tuple[str, ...]


def chosen_layers(
    options: argparse.Namespace,
    session: "Session | OnnxSession",
    names: Callable[[], LayerNames],
) -> tuple[str, ...]:
    """The layers that the options mean, in the order they were named, those of a pattern in forward
    order; `names` is asked only where a name alone does not tell. One that fits nothing raises
    `UsageError` with near names."""
    if options.all:
        return names().layers
    found: dict[str, None] = {}
    for wanted in options.layers:
        if not wanted:
            raise UsageError("the layer has no name: give one, as the network's layers are listed.")
        found |= dict.fromkeys(_fitting(wanted, session, names))
    return tuple(found)


def _fitting(
    wanted: str, session: "Session | OnnxSession", names: Callable[[], LayerNames]
) -> Sequence[str]:
    pattern = any(sign in wanted for sign in "*?[")
    try:
        session.check_layer(wanted)  # names of ONNX files may look like patterns
    except ExplorerError as error:
        known = names()
        if pattern:
            for some in (known.layers, known.blocks):
                if fitting := [name for name in some if fnmatch.fnmatchcase(name, wanted)]:
                    return fitting
        word = "no layer fits" if pattern else "there is no layer"
        hint = _near(wanted, (*known.layers, *known.blocks))
        raise UsageError(f'{word} "{wanted}" in this network: {hint}') from error
    return [wanted]


def _near(wanted: str, names: Sequence[str]) -> str:
    plain = "".join(sign for sign in wanted if sign not in "*?[]").strip(".")
    last = plain.casefold()
    near = [name for name in names if name.rsplit(".", 1)[-1].casefold() == last][:3]
    near = near or difflib.get_close_matches(plain, names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"the first ones are {', '.join(names[:5])}."


# what is written where


@dataclass(frozen=True)
class Target:
    """A file to write, or a folder for one file a layer."""

    path: Path
    suffix: str
    """What is written, by its ending: ``.png``."""
    folder: bool = False

    @property
    def is_picture(self) -> bool:
        return self.suffix in FIGURES


def _output(text: str) -> Target:
    path = Path(text)
    suffix = path.suffix.lower()
    if path.is_dir() or text.endswith(("/", os.sep)) or not suffix:
        return Target(path, "", folder=True)
    if suffix not in _SUFFIXES:
        raise UsageError(
            f"{text} must end in {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}, or with a slash "
            "for a folder."
        )
    return Target(path, suffix)


def describe_output(parser: argparse.ArgumentParser, rows: str) -> None:
    """Options that say what to write; `rows` are those of a CSV file of one layer."""
    parser.add_argument(
        "-o", "--output", metavar="FILE|FOLDER", type=_output,
        help=f"of one layer a picture (.png, .svg), its values (.npy) or numbers of its {rows} "
        "(.csv); of several all values (.npz), with --stats a row each (.csv), or a folder for a "
        "file each",
    )  # fmt: skip
    parser.add_argument(
        "--format", choices=("png", "svg", "npy"), help="of the files in a folder (png)"
    )
    parser.add_argument(
        "--stats", action="store_true",
        help="numbers of each layer: printed, or saved as .csv with -o",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print --stats as JSON")


def describe_look(parser: argparse.ArgumentParser, scales: tuple[str, ...]) -> None:
    """Options of pictures."""
    group = parser.add_argument_group("pictures")
    group.add_argument(
        "--colours", choices=_COLOURS, help="diverging, with zero in the middle, where values are "
        "negative, else viridis, if not given",
    )  # fmt: skip
    group.add_argument("--scale", choices=scales, help="whose range the colours span")
    group.add_argument(
        "--clip", metavar="PER_CENT", type=_share,
        help="leave out so many of the lowest and of the highest values when choosing the range",
    )  # fmt: skip
    group.add_argument(
        "--gamma", metavar="G", type=_gamma,
        help="bend the colours: below 1 small values stand out",
    )  # fmt: skip
    group.add_argument("--columns", metavar="N", type=positive, help="tiles in a row")
    group.add_argument("--dark", action="store_true", help="on a dark ground")
    group.add_argument(
        "--plain", action="store_true", help="the tiles alone, without title and colour bar"
    )


def _share(text: str) -> float:
    return _number(text, lambda value: 0 <= value < 50, "from 0 up to below 50")


def _gamma(text: str) -> float:
    return _number(text, lambda value: 0.05 <= value <= 20, "from 0.05 to 20")


def _number(text: str, good: Callable[[float], bool], what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not good(value):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number {what}')
    return value


def target_of(
    options: argparse.Namespace, look: Sequence[str], order: Sequence[str]
) -> Target | None:
    """What is to be written; None where --stats are printed. Raises `UsageError` for options that
    do not go together: those named in `look` are for pictures, those in `order` for tables too."""
    target: Target | None = options.output
    if target is None and not options.stats:
        raise UsageError("give -o FILE for something to be saved, or --stats.")
    if options.json and (target is not None or not options.stats):
        raise UsageError("--json is for --stats that are printed: give --stats and no -o.")
    if options.format and (target is None or not target.folder):
        raise UsageError("--format is for a folder: give one with -o.")
    if target is not None and target.folder and not options.stats:
        target = Target(target.path, f".{options.format or 'png'}", folder=True)
    if options.stats and target is not None and target.suffix != ".csv":
        raise UsageError(f"--stats are saved as .csv, not in {target.path}.")
    picture = target is not None and target.is_picture
    table = target is not None and target.suffix == ".csv" and not options.stats
    for name in (*look, *order):
        if getattr(options, name) and not picture and not (table and name in order):
            what = "pictures (.png, .svg)" if name in look else "pictures and rows of one layer"
            raise UsageError(f"--{name.replace('_', '-')} is for {what}.")
    return target


def files_of(
    target: Target, layers: Sequence[str], options: argparse.Namespace, *inputs: Path | None
) -> dict[str, Path]:
    """The file of each layer, in a folder one each. The folder is made if it is not there.

    Raises `UsageError` where one file cannot take all, or is one of the `inputs`.
    """
    if target.folder:
        files = dict(zip(layers, _in_folder(target, layers), strict=True))
    else:
        one = target.suffix != ".npz" and not options.stats
        if one and len(layers) > 1:
            raise UsageError(
                f"{len(layers)} layers are meant, and {target.path} takes one: give a folder, "
                ".npz, or .csv with --stats."
            )
        files = dict.fromkeys(layers, target.path)
    for path in files.values():
        refuse_same_file(path, *inputs, options.weights, cli_onnx.file_of(options))
    if target.folder:
        target.path.mkdir(exist_ok=True)
    return files


def _in_folder(target: Target, layers: Sequence[str]) -> list[Path]:
    taken: set[str] = set()
    paths = []
    for layer in layers:
        name = plain = file_name(layer)
        number = 2
        while name.casefold() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.casefold())
        paths.append(target.path / f"{name}{target.suffix}")
    return paths


def file_name(layer: str) -> str:
    """A layer's name as one that every system takes for a file, without ending."""
    safe = "".join(s if s.isascii() and (s.isalnum() or s in "._-") else "-" for s in layer)
    safe = safe[:_LONGEST].strip(".-") or "layer"
    return f"layer-{safe}" if safe.split(".")[0].casefold() in _RESERVED else safe


def save_values(
    target: Target, files: Mapping[str, Path], values: Iterable[tuple[str, Any]]
) -> None:
    """Write arrays under their names: one as .npy, all as .npz. Each is asked for when the one
    before is written."""
    from cnn_explorer.media.save import npz_file, save_npy

    if target.suffix == ".npz":
        with npz_file(target.path) as add:
            for name, array in values:
                add(name, array)
    else:
        for name, array in values:
            save_npy(files[name], array)


def save_figures(
    files: Mapping[str, Path],
    figure: Callable[[str], "Figure"],
    checkpoint: Checkpoint,
) -> int:
    """Draw and write the figure of each layer, and tell how many there are. Where a folder takes
    many, one that cannot be drawn is left out with a line on standard error; so it is an error only
    where none can."""
    from cnn_explorer.probe.figures import save_figure

    failed = 0
    for number, (layer, path) in enumerate(files.items()):
        checkpoint(number / len(files))
        try:
            drawn = figure(layer)
        except UsageError:
            raise
        except ExplorerError as error:
            failed += 1
            if failed == len(files):
                raise ExplorerError(f"{layer}: {error}") from error
            print(printable(f"{layer} is left out: {error}"), file=sys.stderr)
        else:
            save_figure(path, drawn)
    return len(files) - failed


def say_saved(target: Target, what: str) -> None:
    """Tell what is in a file now."""
    print(f"{printable(target.path)}: {printable(what)}")


def layers_in_words(count: int) -> str:
    return "one layer" if count == 1 else f"{count} layers"


# tables


def save_csv(path: Path, titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """For spreadsheets: text is guarded, and what is not a number leaves its cell empty."""
    from cnn_explorer.media.save import write_text

    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([_cell(value) for value in row] for row in rows)
    write_text(path, written.getvalue())


def _cell(value: object) -> object:
    if isinstance(value, str):
        return no_formula(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value != value else value


def print_numbers(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """For people: short numbers, to the right."""
    cells = [[printable(_short(value)) for value in row] for row in rows]
    print_table(titles, cells, "<" + ">" * (len(titles) - 1))


def _short(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def for_json(value: object) -> object:
    """A number as JSON has it: None for what is none."""
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value
