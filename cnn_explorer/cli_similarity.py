"""The command that compares the layers of two networks over a folder of pictures."""

import argparse
import fnmatch
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_explorer.cli_layer_files import LayerNames, for_json, save_csv
from cnn_explorer.cli_parts import (
    UNTRAINED,
    Told,
    network_or_file,
    output_file,
    positive,
    print_json,
    print_table,
    printable,
    refuse_same_file,
    stoppable,
)
from cnn_explorer.cli_session import describe_weights_of_each, files_of, wanted_of
from cnn_explorer.errors import UsageError, part_of
from cnn_explorer.text import listed

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.session import Session
    from cnn_explorer.probe.similarity import Similarity

_SUFFIXES = (".npz", ".png", ".svg", ".csv")


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path,
        help="pictures, in the folder itself or in sub-folders of it",
    )  # fmt: skip
    parser.add_argument(
        "--networks", metavar="A,B", type=_two_networks, required=True,
        help="two networks or ONNX files, with the best weights at hand; the same one twice "
        "compares its layers with each other",
    )  # fmt: skip
    describe_weights_of_each(parser)
    parser.add_argument(
        "--layers", metavar="PATTERN", action="append",
        help="layers whose name fits, as 'layer*.conv2' or 'conv*'; may be repeated, and each must "
        "fit in one of the networks at least (every layer that a prediction uses)",
    )  # fmt: skip
    parser.add_argument(
        "--batch", metavar="N", type=positive, default=8,
        help="pictures in a batch, at least 4 (%(default)s)",
    )  # fmt: skip
    parser.add_argument("--limit", metavar="N", type=positive, help="only so many pictures")
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=output_file(_SUFFIXES),
        help="where to save it: values with the names of layers (.npz), a heat map (.png, .svg), a "
        "table (.csv)",
    )  # fmt: skip
    parser.add_argument("--dark", action="store_true", help="a heat map on a dark ground")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from cnn_explorer.probe.folder import Skipped, decoded_pictures, list_folder
    from cnn_explorer.probe.pool import SessionPool, titles_of
    from cnn_explorer.probe.similarity import FEWEST, similarity

    if options.batch < FEWEST:
        raise UsageError(f"--batch {options.batch} is too small: {FEWEST} pictures at least.")
    if options.dark and (options.output is None or options.output.suffix.lower() not in _DRAWN):
        raise UsageError("--dark is for a heat map: save one with -o FILE.png.")
    wanted = wanted_of(options)
    with stoppable(Told().progress) as checkpoint:
        listing = list_folder(options.folder)
        pictures = listing.pictures[: options.limit]
        if options.output is not None:
            read = (*(picture.path for picture in listing.pictures), *files_of(wanted))
            refuse_same_file(options.output, *read)
        pool = SessionPool()
        a, b = (pool.get(one, part_of(checkpoint, 0.0, 0.0)) for one in wanted)
        layers_a, layers_b = _layers(options.layers, a, b)
        skipped: list[Skipped] = []
        found = similarity(
            a, b, layers_a, layers_b, decoded_pictures(pictures, skipped), checkpoint,
            count=max(1, len(pictures)), batch=options.batch,
        )  # fmt: skip
        unique = tuple(dict.fromkeys(wanted))
        titles = dict(zip(unique, titles_of(unique), strict=True))
        of_a, of_b = (titles[one] for one in wanted)
        found = replace(found, network_a=of_a, network_b=of_b)
        sides = {of_a: a, of_b: b}
        untrained = [title for title, session in sides.items() if not session.trained]
        if options.output is not None:
            _save(options, found, untrained)
    for one in skipped:
        print(f"{printable(one.path.name)} is left out: {printable(one.reason)}", file=sys.stderr)
    _tell(options, found, untrained, len(listing.skipped) + len(skipped))
    silent = len(layers_a) + len(layers_b) - len(found.layers_a) - len(found.layers_b)
    if silent:
        which = "one layer" if silent == 1 else f"{silent:,} layers"
        print(f"left out: {which} with no output of its own for each picture", file=sys.stderr)
    return 0


_DRAWN = (".png", ".svg")


def _two_networks(text: str) -> tuple[str, str]:
    names = [network_or_file(name.strip()) for name in text.split(",")]
    if len(names) != 2:
        raise UsageError(f'"{text}" names {len(names)} networks: give two, with a comma between.')
    return names[0], names[1]


def _layers(
    patterns: list[str] | None, a: "Session | OnnxSession", b: "Session | OnnxSession"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The layers of both networks that fit any of the patterns, in forward order."""
    from cnn_explorer.cli_activations import names_of

    known = [names_of(session) for session in (a, b)]
    if patterns is None:
        return known[0].layers, known[1].layers
    for pattern in patterns:
        if not any(_fitting(pattern, names) for names in known):
            titles = listed([session.card.title for session in dict.fromkeys((a, b))])
            raise UsageError(f'no layer of {titles} fits "{pattern}".')
    chosen = []
    for session, names in zip((a, b), known, strict=True):
        fitting = {name for pattern in patterns for name in _fitting(pattern, names)}
        if not fitting:
            which = listed([f'"{pattern}"' for pattern in patterns])
            raise UsageError(
                f"no layer of {session.card.title} fits {which}: give one more --layers for it."
            )
        chosen.append(tuple(name for name in (*names.layers, *names.blocks) if name in fitting))
    return chosen[0], chosen[1]


def _fitting(pattern: str, names: LayerNames) -> list[str]:
    """The layers that fit a pattern, else the blocks that do."""
    for some in (names.layers, names.blocks):
        # names of ONNX files may look like patterns
        if found := [n for n in some if n == pattern or fnmatch.fnmatchcase(n, pattern)]:
            return found
    return []


def _save(options: argparse.Namespace, found: "Similarity", untrained: list[str]) -> None:
    from cnn_explorer.probe.similarity import save_similarity

    match options.output.suffix.lower():
        case ".npz":
            save_similarity(options.output, found)
        case ".csv":
            rows = zip(found.layers_a, found.values.tolist(), strict=True)
            save_csv(
                options.output,
                (f"{found.network_a} / {found.network_b}", *found.layers_b),
                [(layer, *values) for layer, values in rows],
            )
        case _:
            from cnn_explorer.probe.figures import save_figure
            from cnn_explorer.probe.similarity_figure import similarity_figure

            notes = [f"{title} is untrained" for title in untrained]
            save_figure(options.output, similarity_figure(found, notes=notes, dark=options.dark))


def _tell(
    options: argparse.Namespace, found: "Similarity", untrained: list[str], left_out: int
) -> None:
    if options.json:
        print_json(_for_json(options, found, untrained, left_out))
        return
    what = (
        f"{found.network_a} and {found.network_b}, {len(found.layers_a)} × {len(found.layers_b)} "
        f"layers, {found.pictures:,} pictures"
    )
    if options.output is not None:
        print(f"{printable(options.output)}: {printable(what)}")
    else:
        _print_best(found)
        print(printable(what))
    if left_out:
        print("one file left out" if left_out == 1 else f"{left_out:,} files left out")
    for title in untrained:
        print(f"{printable(title)} is {UNTRAINED}")


def _print_best(found: "Similarity") -> None:
    """For each layer of the first network the one of the second that is most like it."""
    from cnn_explorer.probe.similarity import strongest

    rows = []
    for row, place in enumerate(strongest(found)):
        best = ("", "none") if place is None else (
            f"{found.values[row, place]:.3f}", found.layers_b[place],
        )  # fmt: skip
        rows.append((printable(found.layers_a[row]), *map(printable, best)))
    titles = (printable(found.network_a), "CKA", f"most alike in {printable(found.network_b)}")
    print_table(titles, rows, "<><")


def _for_json(
    options: argparse.Namespace, found: "Similarity", untrained: list[str], left_out: int
) -> dict[str, Any]:
    return {
        "folder": str(options.folder),
        "networks": [found.network_a, found.network_b],
        "untrained": untrained,
        "pictures": found.pictures,
        "left_out": left_out,
        "batch": found.batch,
        "layers": [list(found.layers_a), list(found.layers_b)],
        "values": [[for_json(value) for value in row] for row in found.values.tolist()],
    }
