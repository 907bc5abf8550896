"""The command that saves what layers make of a picture: as figures, as values, as numbers."""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.cli_layer_files import (
    LayerNames,
    Target,
    chosen_layers,
    describe_layers,
    describe_look,
    describe_output,
    files_of,
    for_json,
    layers_in_words,
    print_numbers,
    save_csv,
    save_figures,
    save_values,
    say_saved,
    target_of,
)
from cnn_explorer.cli_parts import UNTRAINED, print_json, printable, stoppable
from cnn_explorer.cli_session import (
    describe_framing,
    describe_network,
    describe_precision,
    framed_in_json,
    open_session,
    prepared_of,
    refuse_oblong,
)
from cnn_explorer.errors import Checkpoint, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnn_explorer.probe.colormaps import ColormapName
    from cnn_explorer.probe.failures import Failure
    from cnn_explorer.probe.figures import Figure
    from cnn_explorer.probe.mosaic import Shading
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.results import PreparedInput
    from cnn_explorer.probe.session import Session
    from cnn_explorer.probe.statistics import LayerStatistics, SortKey

    FloatArray = npt.NDArray[np.float32]

_LOOK = ("colours", "scale", "range", "clip", "gamma", "columns", "dark", "plain")
_ORDER = ("sort", "hide_dead")
_SORT_KEYS = ("index", "mean", "maximum", "deviation", "sparsity")
_LAYER_TITLES = (
    "layer", "channels", "values", "mean", "standard deviation", "minimum", "maximum",
    "share of zeros", "dead channels", "not a number", "infinite", "failure",
)  # fmt: skip
_CHANNEL_TITLES = (
    "channel", "mean", "standard deviation", "minimum", "maximum", "share of zeros", "dead",
    "not finite",
)  # fmt: skip


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", type=Path)
    describe_network(parser)
    describe_framing(parser)
    describe_precision(parser)
    describe_layers(parser, "every layer that a prediction uses")
    describe_output(parser, "channels")
    describe_look(parser, ("channel", "layer", "fixed"))
    parser.add_argument(
        "--range", nargs=2, metavar=("LOW", "HIGH"), type=float,
        help="the values of the first and the last colour: the scale is fixed",
    )  # fmt: skip
    parser.add_argument(
        "--sort", choices=_SORT_KEYS, help="channels by a number, largest first (index)"
    )
    parser.add_argument(
        "--hide-dead", action="store_true", help="leave out channels that are 0 everywhere"
    )


def run(options: argparse.Namespace) -> int:
    if options.stats and options.precision != "exact":
        raise UsageError("statistics are exact: leave --precision out.")
    refuse_oblong(options)
    target = target_of(options, _LOOK, _ORDER)
    _check_range(options)
    session = open_session(options)
    layers = chosen_layers(options, session, lambda: names_of(session))
    with stoppable() as checkpoint:
        if options.stats:
            if target is not None:
                files_of(target, layers, options, options.image)
            _tell_statistics(options, target, session, layers, checkpoint)
        elif target is not None:
            files = files_of(target, layers, options, options.image)
            _save(options, target, files, session, checkpoint)
    return 0


def _check_range(options: argparse.Namespace) -> None:
    if options.range is None:
        if options.scale == "fixed":
            raise UsageError("a fixed scale has ends: give them with --range LOW HIGH.")
        return
    if options.scale not in (None, "fixed"):
        raise UsageError(f"--range is for a fixed scale, not for --scale {options.scale}.")
    low, high = options.range
    if not -1e38 < low < high < 1e38:
        raise UsageError("the ends of a range are two numbers, and the first is the smaller one.")


def names_of(session: "Session | OnnxSession") -> LayerNames:
    """What puts something out in a prediction."""
    from cnn_explorer.cli_graph import graph_of
    from cnn_explorer.probe.capture import can_be_captured
    from cnn_explorer.probe.session import Session

    if not isinstance(session, Session):
        network = session.network
        layers = tuple(layer.name for layer in network.layers if layer.output)
        return LayerNames(layers, tuple(block.name for block in network.blocks))
    graph = graph_of(session.card)
    used = [
        layer.name
        for layer in graph.layers
        if not layer.training_only and layer.kind not in ("input", "output")
    ]
    blocks = [block.name for block in graph.blocks if not block.training_only and not block.group]
    return LayerNames(can_be_captured(session.model, used), can_be_captured(session.model, blocks))


# numbers of layers


def _tell_statistics(
    options: argparse.Namespace,
    target: Target | None,
    session: "Session | OnnxSession",
    layers: Sequence[str],
    checkpoint: Checkpoint,
) -> None:
    from cnn_explorer.probe.capture import took_no_part
    from cnn_explorer.probe.profile import profile

    _, prepared = prepared_of(session, options.image, options)
    found = profile(session, prepared, layers, checkpoint)
    for layer in set(layers).intersection(options.layers or ()).difference(found.layers):
        raise took_no_part(layer)
    rows = [
        _layer_row(layer, found.layers[layer], found.failures.get(layer))
        for layer in layers
        if layer in found.layers
    ]
    if target is not None:
        save_csv(target.path, _LAYER_TITLES, rows)
        say_saved(target, f"{layers_in_words(len(rows))} of {session.card.title}")
        _say_untrained(session)
    elif options.json:
        print_json({
            "file": str(options.image),
            "network": session.card.name,
            "weights": session.weights,
            "trained": session.trained,
            "framing": framed_in_json(prepared),
            "layers": [_json_row(row, found.failures.get(row[0])) for row in rows],
        })  # fmt: skip
    else:
        print_numbers(
            ("layer", "channels", "values", "mean", "deviation", "minimum", "maximum", "zeros",
             "dead", "not finite"),
            [(*row[:7], f"{100 * row[7]:.1f} %", row[8], row[9] + row[10]) for row in rows],
        )  # fmt: skip
        for line in _failure_lines(found.failures):
            print(printable(line))
        _say_untrained(session)
        _say_framing(session, prepared)


def _failure_lines(failures: "Mapping[str, Failure]") -> Iterator[str]:
    """A sentence for each row of layers that fail in the same way."""
    followers = Counter(failure.since for failure in failures.values())
    for layer, failure in failures.items():
        if failure.since == layer:
            more = followers[layer] - 1
            are = "is the layer" if more == 1 else f"are the {more} layers"
            behind = f" So {are} behind it." if more else ""
            yield f"{layer} is {failure.kind}: {failure.sentence}{behind}"


_Row = tuple[str, int, int, float, float, float, float, float, int, int, int, str]


def _layer_row(layer: str, of: "LayerStatistics", failure: "Failure | None") -> _Row:
    return (
        layer, len(of.channels.mean), of.count, of.mean, of.deviation, of.minimum, of.maximum,
        of.zeros, of.dead, of.not_a_number, of.infinite, "" if failure is None else failure.kind,
    )  # fmt: skip


def _json_row(row: _Row, failure: "Failure | None") -> dict[str, object]:
    names = (
        "name", "channels", "values", "mean", "deviation", "minimum", "maximum", "zeros", "dead",
        "not_a_number", "infinite",
    )  # fmt: skip
    found = {name: for_json(value) for name, value in zip(names, row[:-1], strict=True)}
    return {**found, "failure": None if failure is None else vars(failure)}


# files


def _save(
    options: argparse.Namespace,
    target: Target,
    files: Mapping[str, Path],
    session: "Session | OnnxSession",
    checkpoint: Checkpoint,
) -> None:
    from cnn_explorer.probe.layer_outputs import LayerOutputs
    from cnn_explorer.probe.precision import EXACT

    _, prepared = prepared_of(session, options.image, options)
    outputs = LayerOutputs(session, prepared, tuple(files), checkpoint, precision=options.precision)
    count = len(outputs)
    if target.is_picture:
        count = save_figures(files, partial(_figure, options, session, outputs), checkpoint)
    elif target.suffix == ".csv":
        for layer, path in files.items():
            _save_channels(options, path, _with_places(outputs[layer]))
    else:
        maps = ((layer, _with_places(values)) for layer, values in outputs.items())
        save_values(target, files, maps)
    what = f"{layers_in_words(count)} of {session.card.title}"
    if len(outputs) == 1:
        ((layer, values),) = outputs.items()
        sizes = " × ".join(map(str, _with_places(values).shape))
        what = f"{layer} of {session.card.title}, {sizes}"
    say_saved(target, what)
    if outputs.arithmetic != EXACT:
        print(printable(outputs.arithmetic.note or f"computed in {outputs.arithmetic.how}"))
    _say_untrained(session)
    _say_framing(session, prepared)


def _with_places(values: "FloatArray") -> "FloatArray":
    """(C, H, W): each value without a place gets one."""
    return values.reshape(*values.shape[:3], *(1,) * (3 - values.ndim))


def _figure(
    options: argparse.Namespace,
    session: "Session | OnnxSession",
    outputs: "Mapping[str, FloatArray]",
    layer: str,
) -> "Figure":
    from cnn_explorer.probe.figures import maps_figure
    from cnn_explorer.probe.statistics import order_of, statistics_of

    maps = _with_places(outputs[layer])
    statistics = statistics_of(maps)
    shading, colours = _shading(options, statistics)
    key: SortKey = options.sort or "index"
    notes = []
    if key != "index":
        notes.append(f"by {key}")
    if options.hide_dead and statistics.dead:
        notes.append(f"{statistics.dead:,} dead hidden")
    if not session.trained:
        notes.append(UNTRAINED)
    return maps_figure(
        maps,
        title=f"{session.card.title} · {layer}",
        order=order_of(statistics, key, hide_dead=options.hide_dead),
        shading=shading,
        colours=colours,
        columns=options.columns,
        notes=notes,
        dark=options.dark,
        plain=options.plain,
    )


def _shading(
    options: argparse.Namespace, statistics: "LayerStatistics"
) -> "tuple[Shading, ColormapName]":
    """How the values of a layer become colours: zero in the middle where some are negative."""
    from cnn_explorer.probe.mosaic import Shading

    colours: ColormapName = options.colours or ("diverging" if statistics.signed else "viridis")
    low, high = options.range or (0.0, 1.0)
    shading = Shading(
        scale="fixed" if options.range else options.scale or "channel",
        low=low,
        high=high,
        clip=options.clip or 0.0,
        gamma=options.gamma or 1.0,
        signed=colours == "diverging",
    )
    return shading, colours


def _save_channels(options: argparse.Namespace, path: Path, maps: "FloatArray") -> None:
    from cnn_explorer.probe.statistics import order_of, statistics_of

    statistics = statistics_of(maps)
    of = statistics.channels
    columns = (of.mean, of.deviation, of.minimum, of.maximum, of.zeros, of.dead, of.not_finite)
    order = order_of(statistics, options.sort or "index", hide_dead=options.hide_dead)
    rows = [(int(channel), *(column[channel].item() for column in columns)) for channel in order]
    save_csv(path, _CHANNEL_TITLES, rows)


def _say_framing(session: "Session | OnnxSession", prepared: "PreparedInput") -> None:
    if warning := prepared.framing.warning(session.preprocessing):
        print(warning)


def _say_untrained(session: "Session | OnnxSession") -> None:
    if not session.trained:
        print(UNTRAINED)
