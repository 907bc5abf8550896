"""The command that compares networks on one picture, or over a folder of pictures."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer import cli_onnx
from cnn_explorer.cli_parts import (
    UNTRAINED,
    Told,
    natural,
    network_or_file,
    output_file,
    positive,
    print_error,
    print_table,
    printable,
    refuse_same_file,
    stoppable,
)
from cnn_explorer.cli_session import (
    describe_framing,
    describe_precision,
    describe_weights_of_each,
    files_of,
    framing_of,
    refuse_oblong,
    wanted_of,
)
from cnn_explorer.errors import Checkpoint, ExplorerError, UsageError, part_of

if TYPE_CHECKING:
    from cnn_explorer.graph.alignment import AlignedRow, Rule
    from cnn_explorer.graph.model import LayerGraph
    from cnn_explorer.probe.cells import Reduction
    from cnn_explorer.probe.comparison import ColumnAsked, Comparison, LayerAsked
    from cnn_explorer.probe.folder_results import FolderResults
    from cnn_explorer.probe.pool import Wanted

_SUFFIXES = (".png", ".svg", ".html", ".json")
_SHOW: dict[str, "Reduction"] = {
    "mean": "mean", "strongest": "strongest", "pca": "components",
}  # fmt: skip
_RULES = {
    "stride": "Layers are aligned by output stride.",
    "depth": "Layers are aligned by relative depth.",
    "receptive": "Layers are aligned by receptive field.",
    "hand": "Layers are pinned by hand.",
}


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source", metavar="IMAGE", type=Path,
        help="a picture; or a folder of pictures, with or without one sub-folder a class",
    )  # fmt: skip
    parser.add_argument(
        "--networks", metavar="NAME,NAME,...", type=_networks, required=True,
        help="two to six networks, or ONNX files, with commas between",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=output_file(_SUFFIXES),
        help=f"where to save the comparison ({' '.join(_SUFFIXES)}); the answers alone are printed "
        "without it",
    )  # fmt: skip
    describe_weights_of_each(parser)
    parser.add_argument(
        "--align", choices=("stride", "depth", "receptive"), default="stride",
        help="which layers stand beside each other: of the same output stride, at the same share "
        "of the depth, or that see as much of the picture (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--pin", metavar="LAYER,LAYER,...", type=_layers, action="append", default=[],
        help="a row of your own, a layer of each network, - for none (--pin=-,LAYER where the "
        "first has none); may be given several times, in the place of --align; over a folder, the "
        "layers whose channels are compared",
    )  # fmt: skip
    parser.add_argument(
        "--rows", metavar="N", type=positive, default=6, help="at most so many (%(default)s)"
    )
    parser.add_argument(
        "--show", choices=tuple(_SHOW), default="mean",
        help="what of a layer's maps: the mean over the channels, the strongest channel, or the "
        "first three principal components as colours (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--channels", metavar="N,N,...", type=_channels,
        help="a channel of each network, - for none (--channels=-,3 where the first has none), in "
        "the place of --show; over a folder, that of one network, and the most similar ones of the "
        "others are told",
    )  # fmt: skip
    parser.add_argument(
        "--one-scale", action="store_true",
        help="one colour scale for all networks of a row; each cell has its own if not given",
    )  # fmt: skip
    parser.add_argument("--dark", action="store_true", help="a figure on a dark ground")
    describe_framing(parser)
    folder = parser.add_argument_group("over a folder of pictures")
    folder.add_argument(
        "--csv", metavar="FILE", type=output_file((".csv",)),
        help="where to save what each network says of each picture",
    )  # fmt: skip
    folder.add_argument("--limit", metavar="N", type=positive, help="only so many pictures")
    describe_precision(parser)


def run(options: argparse.Namespace) -> int:
    from cnn_explorer.probe.pool import titles_of

    refuse_oblong(options)
    if options.source.is_dir():
        if options.fit != "crop" or options.region is not None:
            raise UsageError("--fit and --region are for one picture, not for a folder of them.")
        if options.pin or options.channels is not None:
            from cnn_explorer import cli_match

            return cli_match.run(options)
        return _over_folder(options)
    if options.csv is not None or options.limit is not None:
        raise UsageError("--csv and --limit are for a folder of pictures: name one.")
    if options.channels is not None and len(options.channels) != len(options.networks):
        raise UsageError("--channels names a channel of each network, - for none.")
    wanted = wanted_of(options)
    titles = titles_of(wanted)
    if options.output is not None:
        refuse_same_file(options.output, options.source, *files_of(wanted))
    with stoppable() as checkpoint:
        comparison = _compared(options, wanted, titles, checkpoint)
        if not comparison.columns:
            raise ExplorerError(comparison.failed[0].sentence)
        if options.output is not None:
            _save(options, comparison)
    _print(comparison)
    return 1 if comparison.failed else 0


def _networks(text: str) -> tuple[str, ...]:
    from cnn_explorer.probe.comparison import FEWEST_NETWORKS, MOST_NETWORKS

    names = tuple(network_or_file(part.strip()) for part in text.split(",") if part.strip())
    if not FEWEST_NETWORKS <= len(names) <= MOST_NETWORKS:
        raise UsageError(
            f"two to six networks are compared, with commas between their names, not {len(names)}."
        )
    return names


def _layers(text: str) -> tuple[str | None, ...]:
    return tuple(None if part.strip() in ("", "-") else part.strip() for part in text.split(","))


def _channels(text: str) -> tuple[int | None, ...]:
    parts = (part.strip() for part in text.split(","))
    return tuple(None if part in ("", "-") else natural(part) for part in parts)


def _compared(
    options: argparse.Namespace,
    wanted: "Sequence[Wanted]",
    titles: Sequence[str],
    checkpoint: Checkpoint,
) -> "Comparison":
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.probe.comparison import ColumnAsked, run_comparison
    from cnn_explorer.probe.pool import SessionPool

    picture = decode_file(options.source)
    rows: Sequence[AlignedRow] = ()
    asked: list[ColumnAsked] = [
        ColumnAsked(one, title) for one, title in zip(wanted, titles, strict=True)
    ]
    rule = ""
    if options.output is not None:
        rows, asked, rule = _aligned(options, asked)
    return run_comparison(
        picture, asked, SessionPool(), checkpoint,
        rows=[row.label for row in rows], rule=rule, precision=options.precision,
        framing=framing_of(options, picture),
    )  # fmt: skip


def _aligned(
    options: argparse.Namespace, columns: "Sequence[ColumnAsked]"
) -> "tuple[Sequence[AlignedRow], list[ColumnAsked], str]":
    """The rows, the networks with the layers that stand in these, and the rule in words."""
    from dataclasses import replace

    from cnn_explorer.graph.alignment import align

    graphs: dict[int, LayerGraph] = {}
    for number, column in enumerate(columns):
        with suppress(ExplorerError):  # what cannot be read is told when it is to run
            graphs[number] = graph_of(column.wanted)
    pinned = [
        tuple(row[number] for number in graphs) if len(row) == len(columns) else row
        for row in options.pin
    ]
    rule: Rule = "hand" if options.pin else options.align
    rows = align(list(graphs.values()), rule, pinned=pinned, rows=options.rows)
    asked = [replace(column, layers=(None,) * len(rows)) for column in columns]
    for at, (number, graph) in enumerate(graphs.items()):
        layers = tuple(layer_asked(graph, row.layers[at]) for row in rows)
        asked[number] = replace(columns[number], layers=layers)
    return rows, asked, _RULES[rule]


def graph_of(wanted: "Wanted") -> "LayerGraph":
    """The graph of a network that is not open. Raises `ExplorerError`."""
    from cnn_explorer import cli_graph

    if wanted.card is not None:
        return cli_graph.graph_of(wanted.card)
    assert wanted.onnx_file is not None
    return cli_onnx.graph_of(wanted.onnx_file)[1]


def layer_asked(graph: "LayerGraph", layer: str | None) -> "LayerAsked | None":
    """A layer, and where its maps lie on the network's input."""
    from cnn_explorer.graph.unit_field import extent_of
    from cnn_explorer.probe.comparison import LayerAsked

    if layer is None:
        return None
    return LayerAsked.lying(layer, extent_of(graph, layer), graph.node[layer].out_shape)


# what comes of it


def _save(options: argparse.Namespace, comparison: "Comparison") -> None:
    from cnn_explorer.media.save import save_png, write_text
    from cnn_explorer.probe.compare_figure import comparison_figure
    from cnn_explorer.probe.compare_report import comparison_html, comparison_json
    from cnn_explorer.probe.mosaic import Shading

    path: Path = options.output
    show: Reduction = "channel" if options.channels else _SHOW[options.show]
    chosen: Sequence[int | None] = ()
    if options.channels:
        chosen = [options.channels[column.number] for column in comparison.columns]
    shading = Shading("layer" if options.one_scale else "channel")
    suffix = path.suffix.lower()
    if suffix == ".html":
        write_text(path, comparison_html(comparison, show, channels=chosen, shading=shading))
    elif suffix == ".json":
        write_text(path, comparison_json(comparison, show, channels=chosen))
    else:
        figure = comparison_figure(
            comparison, show, channels=chosen, shading=shading, dark=options.dark
        )
        if suffix == ".svg":
            write_text(path, figure.svg())
        else:
            save_png(path, figure.png())


def _print(comparison: "Comparison") -> None:
    """The answers as a table, and what is to be said of them."""
    from cnn_explorer.probe.answers import compare_answers

    rows = []
    for column in comparison.columns:
        first = column.result.classes[0] if column.result.classes else None
        rows.append((
            printable(column.title),
            printable(column.weights),
            f"{column.result.forward_ms:.1f} ms",
            "" if first is None else f"{first.probability:.2%}",
            "no classes" if first is None else printable(first.name),
            "" if column.trained else UNTRAINED,
        ))  # fmt: skip
    print_table(("network", "weights", "forward", "", "answer", ""), rows, "<<>><<")
    if len(comparison.columns) > 1:
        answers = compare_answers([column.answer for column in comparison.columns])
        print(answers.sentence)
        for note in answers.notes:
            print(printable(note))
    for column in comparison.columns:
        if warning := column.prepared.framing.warning(column.preprocessing):
            print(printable(f"{column.title}: {warning}"))
    for failed in comparison.failed:
        print(printable(f"{failed.title}: {failed.sentence}"))


# over a folder


def _over_folder(options: argparse.Namespace) -> int:
    """Run all networks over a folder; what was answered before is not asked again."""
    from dataclasses import replace

    from cnn_explorer.media.save import write_text
    from cnn_explorer.probe.folder import answer_folder, list_folder
    from cnn_explorer.probe.folder_results import FolderResults, results_csv
    from cnn_explorer.probe.pool import SessionPool, titles_of

    if options.output is not None:
        raise UsageError("-o is for one picture: save a folder's answers with --csv.")
    wanted = wanted_of(options)
    titles = titles_of(wanted)
    pool = SessionPool()
    answers = []
    failed = False
    with stoppable(Told().progress) as checkpoint:
        listing = list_folder(options.source)
        pictures = listing.pictures[: options.limit]
        if not pictures:
            raise ExplorerError(f"there are no pictures in {printable(options.source)}.")
        if options.csv is not None:
            read = (*(picture.path for picture in listing.pictures), *files_of(wanted))
            refuse_same_file(options.csv, *read)
        for number, (one, title) in enumerate(zip(wanted, titles, strict=True)):
            part = part_of(checkpoint, number / len(wanted), 1 / len(wanted))
            try:
                found = answer_folder(pool.get(one), pictures, part, precision=options.precision)
            except ExplorerError as error:
                print_error(f"{title}: {error}")
                failed = True
            else:
                answers.append(replace(found, title=title))
        if not answers:
            return 1
        results = FolderResults(pictures, tuple(answers))
        if options.csv is not None:
            write_text(options.csv, results_csv(results))
    _print_folder(results)
    if listing.skipped:
        print(f"{_files(len(listing.skipped))} no picture.")
    return 1 if failed else 0


def _files(count: int) -> str:
    return "one file is" if count == 1 else f"{count:,} files are"


def _print_folder(results: "FolderResults") -> None:
    """Accuracy, agreement of each with each, and on how many pictures they differ."""
    agreements = results.agreements()
    rows = []
    for number, network in enumerate(results.networks):
        accuracy = results.accuracy(number)
        shares = (agreements[number][other] for other in range(len(results.networks)))
        rows.append((
            str(number + 1),
            printable(network.title),
            "" if accuracy is None else f"{accuracy.value:.1%} of {accuracy.of:,}",
            *("" if share is None else f"{share.value:.1%}" for share in shares),
        ))  # fmt: skip
    numbers = [f"as {number + 1}" for number in range(len(rows))]
    print_table(("", "network", "accuracy", *numbers), rows, "><>" + ">" * len(rows))
    count = len(results.disagreements())
    print(f"They disagree on {count:,} of {len(results.pictures):,} pictures.")
    for note in results.notes:
        print(printable(note))
