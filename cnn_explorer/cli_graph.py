"""The command that draws a network's graph, or tells it as an outline."""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer import cli_onnx
from cnn_explorer.cli_parts import (
    UNTRAINED,
    card_named,
    natural,
    network_or_file,
    output_file,
    printable,
)
from cnn_explorer.errors import UsageError
from cnn_explorer.media.formats import DRAWINGS

if TYPE_CHECKING:
    from cnn_explorer.graph.drawing import BoxPicture
    from cnn_explorer.graph.model import BlockNode, GraphLayout, LayerGraph, LayerNode
    from cnn_explorer.graph.second_opinion import Opinion
    from cnn_explorer.networks.card import NetworkCard


def describe_graph(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "network", metavar="NETWORK", type=_network_or_file,
        help="a network's name, an ONNX file, or a graph that was saved as .json",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=output_file(DRAWINGS),
        help=f"where to save the drawing ({' '.join(DRAWINGS)}); an outline is printed without it",
    )  # fmt: skip
    parser.add_argument(
        "--depth", metavar="DEPTH", type=_depth, default="all",
        help="all: every layer; blocks: as the window first shows them; or how many levels of "
        "blocks to open, from 0 (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--direction", choices=("down", "right"), default="down",
        help="which way the data flow (%(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--numbers", action="store_true", help="write parameters and multiply-adds into the boxes"
    )
    parser.add_argument(
        "--colour-by", choices=("parameters", "macs", "memory", "receptive", "stride"),
        help="colour the boxes by a number, with a colour bar",
    )  # fmt: skip
    parser.add_argument(
        "--thumbnails", metavar="IMAGE", type=Path,
        help="run the network on this picture and draw what each box puts out",
    )  # fmt: skip
    parser.add_argument("--dark", action="store_true", help="on a dark ground")
    parser.add_argument(
        "--check", action="store_true",
        help="say whether torchview, another tool, sees the same layers and connections; the "
        "exit code is 1 where it does not",
    )  # fmt: skip


def _network_or_file(text: str) -> str | Path:
    if text.lower().endswith(".json"):
        return Path(text)
    return network_or_file(text)


def _depth(text: str) -> str | int:
    if text in ("all", "blocks"):
        return text
    try:
        return natural(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f'{error}, nor "all" or "blocks"') from error


def graph(options: argparse.Namespace) -> int:
    from cnn_explorer.graph.export import export
    from cnn_explorer.graph.hierarchy import default_expansion, expanded_to_depth
    from cnn_explorer.graph.model import DrawingOptions
    from cnn_explorer.graph.publish import Publication, dressing_of, layout_of

    opinion = None
    if isinstance(options.network, Path):
        if options.check:
            raise UsageError("a saved graph cannot be checked: give the network's name.")
        from cnn_explorer.cli_parts import refuse_same_file
        from cnn_explorer.graph.exchange import read_graph

        found, title = read_graph(options.network)
        _tell_note(found)
        if options.output is not None:
            refuse_same_file(options.output, options.network)
    elif cli_onnx.is_file(options.network):
        card, found = cli_onnx.graph_of(Path(options.network))
        title = card.title
    else:
        card = card_named(options.network)
        found, title = graph_of(card), card.title
        opinion = _opinion(card, found) if options.check else None
    if options.depth == "blocks":
        expanded = default_expansion(found)
    elif options.depth == "all":
        expanded = frozenset(found.block)
    else:
        expanded = expanded_to_depth(found, options.depth)
    if options.output is None:
        drawn = (options.dark, options.numbers, options.colour_by, options.thumbnails)
        if any(drawn) or options.direction != "down":
            raise UsageError("an outline has no colours and no direction: give -o FILE to draw.")
        for line in outline(found, expanded):
            print(printable(line))
        return _checked(opinion)
    if options.thumbnails is not None and isinstance(options.network, Path):
        raise UsageError("a graph from a file cannot be run on a picture: name a network.")
    publication = Publication(
        expanded,
        DrawingOptions(options.direction, thumbnails=options.thumbnails is not None),
        options.numbers,
        options.dark,
        options.colour_by,
    )
    layout = layout_of(found, publication)
    if options.thumbnails is not None:
        pictures = _thumbnails(options.network, layout, options.thumbnails)
        publication = replace(publication, pictures=pictures)
    dressing = dressing_of(found, layout, publication)
    export(layout, options.output, title=title, dark=options.dark, dressing=dressing)
    boxes = len(layout.graph.nodes)
    print(f"{printable(options.output)}: {printable(title)}, {boxes} boxes")
    return _checked(opinion)


def _opinion(card: "NetworkCard", found: "LayerGraph") -> "Opinion":
    from cnn_explorer.graph.second_opinion import second_opinion
    from cnn_explorer.networks.build import build_empty

    return second_opinion(build_empty(card), card.preprocessing.input_shape, found)


def _checked(opinion: "Opinion | None") -> int:
    """Say what came of a check, if there was one; the exit code."""
    if opinion is None:
        return 0
    print(printable(opinion.sentence))
    return 0 if opinion.agrees else 1


def _thumbnails(network: str, layout: "GraphLayout", picture: Path) -> "dict[str, BoxPicture]":
    """What each box of a drawing puts out for a picture, with the best weights at hand."""
    from cnn_explorer.graph.publish import box_pictures
    from cnn_explorer.media.decode import decode_file
    from cnn_explorer.probe.preprocess import prepare
    from cnn_explorer.probe.session import Session
    from cnn_explorer.probe.thumbnails import painted_boxes

    is_file = cli_onnx.is_file(network)
    session = cli_onnx.session_of(Path(network)) if is_file else Session.open(card_named(network))
    if not session.trained:
        print(UNTRAINED, file=sys.stderr)
    prepared = prepare(decode_file(picture), session.preprocessing)
    return box_pictures(painted_boxes(session, prepared, layout.graph.modules, "mean"))


def graph_of(card: "NetworkCard") -> "LayerGraph":
    """The graph of a network from its shapes alone: no weights are loaded or drawn."""
    from cnn_explorer.probe.runtime import import_torch

    import_torch()
    from cnn_explorer.graph.module_tree import layer_graph
    from cnn_explorer.networks.build import build_empty

    graph = layer_graph(build_empty(card), card.preprocessing.input_shape, network=card.name)
    _tell_note(graph)
    return graph


def _tell_note(graph: "LayerGraph") -> None:
    if graph.note:
        print(printable(graph.note), file=sys.stderr)


def outline(graph: "LayerGraph", expanded: frozenset[str]) -> Iterator[str]:
    """A line for each layer and block, indented: name, what it is, output shape, parameters."""
    from cnn_explorer.graph.hierarchy import caption, described
    from cnn_explorer.graph.metrics import format_count, format_macs, format_shape

    def told(node: "LayerNode | BlockNode", depth: int) -> Iterator[str]:
        block = graph.block.get(node.name)
        what = described(graph, block) if block is not None else caption(graph.layer[node.name])
        name = node.name.removeprefix(f"{node.parent}.")
        facts = [f"{'  ' * depth}{name:{max(1, 32 - 2 * depth)}}", f"{what:34}"]
        facts.append(f"{format_shape(node.out_shape):>16}")
        facts.append(f"{format_count(node.parameters) if node.parameters else '':>8}")
        facts.append(f"{format_macs(node.macs) if node.macs else '':>8}")
        facts.append("training only" if node.training_only else "")
        yield "  ".join(facts).rstrip()
        if block is not None and node.name in expanded:
            for child in block.children:
                yield from told(graph.node[child], depth + 1)

    yield (f"{'':32}  {'':34}  {'output':>16}  {'weights':>8}  {'mult-adds':>8}").rstrip()
    for name in graph.top_level:
        yield from told(graph.node[name], 0)


COMMANDS: dict[
    str,
    tuple[Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None], str],
] = {
    "graph": (graph, describe_graph, "draw a network's layers, or tell them as an outline"),
}
