"""Which channels of several networks are most alike over a folder of pictures: a part of
`compare`."""

import argparse
from typing import TYPE_CHECKING

from cnn_explorer.cli_compare import graph_of
from cnn_explorer.cli_parts import Told, print_table, printable, stoppable
from cnn_explorer.cli_session import wanted_of
from cnn_explorer.errors import ExplorerError, UsageError, part_of

if TYPE_CHECKING:
    from cnn_explorer.probe.folder import Skipped

_BEST = 5
"""Channels told of each network."""


def run(options: argparse.Namespace) -> int:
    """Tell, for the one channel chosen, which of each other network's pinned layer go with it."""
    from cnn_explorer.graph.alignment import align
    from cnn_explorer.graph.unit_field import extent_of
    from cnn_explorer.probe.channel_match import LayerOf, match_channel
    from cnn_explorer.probe.folder import decoded_pictures, list_folder
    from cnn_explorer.probe.pool import SessionPool, titles_of

    if options.csv is not None:
        raise UsageError("--csv is for answers: it takes neither --pin nor --channels.")
    if len(options.pin) != 1 or options.channels is None:
        raise UsageError(
            "over a folder --pin and --channels find channels that are alike: give both, once."
        )
    chosen = [number for number, at in enumerate(options.channels) if at is not None]
    if len(options.channels) != len(options.networks) or len(chosen) != 1:
        raise UsageError("--channels names the channel of one network, - for each of the others.")
    wanted = wanted_of(options)
    titles = titles_of(wanted)
    graphs = [graph_of(one) for one in wanted]
    (row,) = align(graphs, "hand", pinned=options.pin)
    first = chosen[0]
    others = [number for number, layer in enumerate(row.layers) if layer and number != first]
    if row.layers[first] is None or not others:
        raise UsageError("--pin names a layer of the network with the channel, and of another.")
    pool = SessionPool()
    rows = []
    with stoppable(Told().progress) as checkpoint:
        pictures = list_folder(options.source).pictures[: options.limit]
        if not pictures:
            raise ExplorerError(f"there are no pictures in {printable(options.source)}.")
        for done, number in enumerate(others):
            skipped: list[Skipped] = []
            sides = []
            for at in (first, number):
                layer = row.layers[at] or ""
                sides.append(LayerOf(pool.get(wanted[at]), layer, extent_of(graphs[at], layer)))
            found = match_channel(
                sides[0], options.channels[first], sides[1], decoded_pictures(pictures, skipped),
                part_of(checkpoint, done / len(others), 1 / len(others)), count=len(pictures),
            )  # fmt: skip
            untrained = any(not side.session.trained for side in sides)
            for match in found.best(_BEST):
                rows.append((
                    titles[number], printable(sides[1].layer), match.channel,
                    f"{match.correlation:.3f}", "untrained" if untrained else "",
                ))  # fmt: skip
    count = len(pictures) - len(skipped)
    print_table(("network", "layer", "channel", "correlation", ""), rows, "<<>><")
    one = f"channel {options.channels[first]} of {printable(row.layers[first])}, {titles[first]}"
    print(f"with {one}, over {count:,} pictures")
    return 0
