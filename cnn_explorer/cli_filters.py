"""The command that saves the weights of layers: as figures, as values, as numbers."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
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
from cnn_explorer.cli_parts import natural, print_json, stoppable
from cnn_explorer.cli_session import describe_network, open_session
from cnn_explorer.errors import Checkpoint, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnn_explorer.probe.colormaps import ColormapName
    from cnn_explorer.probe.figures import Figure
    from cnn_explorer.probe.filters import Kernels, KernelStatistics
    from cnn_explorer.probe.mosaic import Shading
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.results import LayerFilters
    from cnn_explorer.probe.session import Session

    FloatArray = npt.NDArray[np.float32]

_UNTRAINED = "untrained: these weights are random"
_LOOK = ("colours", "scale", "clip", "gamma", "columns", "dark", "plain")
_ORDER = ("sort",)
_LAYER_TITLES = (
    "layer", "shape", "weights", "norm", "smallest norm of an output", "largest norm of an output",
    "mean", "standard deviation", "minimum", "maximum", "share of zeros", "not a number",
    "infinite",
)  # fmt: skip
_KERNEL_TITLES = (
    "norm", "mean", "standard deviation", "minimum", "maximum", "share of zeros", "not finite",
)  # fmt: skip


def describe(parser: argparse.ArgumentParser) -> None:
    describe_network(parser)
    describe_layers(parser, "every layer that has weights")
    describe_output(parser, "kernels")
    parser.add_argument(
        "--output-channel", metavar="N", type=natural,
        help="the kernels of this output alone, one for each input",
    )  # fmt: skip
    parser.add_argument(
        "--sort", choices=("index", "norm"), help="kernels by their L2 norm, largest first (index)"
    )
    describe_look(parser, ("channel", "layer"))


def run(options: argparse.Namespace) -> int:
    target = target_of(options, _LOOK, _ORDER)
    if options.stats and options.output_channel is not None:
        raise UsageError("--stats are of whole layers: leave out --output-channel.")
    session = open_session(options)
    layers = chosen_layers(options, session, lambda: _names_of(session))
    filters = {}
    for layer in layers:
        found = session.filters(layer)
        if found is None or not found.weight.size:
            raise UsageError(f'"{layer}" has no weights of its own: name a layer that has.')
        filters[layer] = found
    if not filters:
        raise UsageError("the network has no layers with weights.")
    with stoppable() as checkpoint:
        if options.stats:
            _tell_statistics(options, target, session, filters, checkpoint)
        elif target is not None:
            _save(options, target, session, filters, checkpoint)
    return 0


def _names_of(session: "Session | OnnxSession") -> LayerNames:
    """What has weights; a block has none."""
    from cnn_explorer.probe.session import Session

    if isinstance(session, Session):
        names = [
            name
            for name, module in session.model.named_modules()
            if "weight" in dict(module.named_parameters(recurse=False))
        ]
    else:
        layers = [layer.name for layer in session.network.layers]
        names = [name for name in layers if session.filters(name) is not None]
    return LayerNames(tuple(names), ())


# numbers of layers


def _tell_statistics(
    options: argparse.Namespace,
    target: Target | None,
    session: "Session | OnnxSession",
    filters: "Mapping[str, LayerFilters]",
    checkpoint: Checkpoint,
) -> None:
    if target is not None:
        files_of(target, tuple(filters), options)
    rows = []
    for number, (layer, found) in enumerate(filters.items()):
        checkpoint(number / len(filters))
        rows.append(_layer_row(layer, found))
    if target is not None:
        save_csv(target.path, _LAYER_TITLES, rows)
        say_saved(target, f"the weights of {layers_in_words(len(rows))} of {session.card.title}")
        _say_untrained(session)
    elif options.json:
        print_json({
            "network": session.card.name,
            "weights": session.weights,
            "trained": session.trained,
            "layers": [
                {**_json_row(row), "shape": list(filters[row[0]].weight.shape)} for row in rows
            ],
        })  # fmt: skip
    else:
        print_numbers(
            ("layer", "shape", "weights", "norm", "mean", "deviation", "minimum", "maximum",
             "zeros", "not finite"),
            [(*row[:4], *row[6:10], f"{100 * row[10]:.1f} %", row[11] + row[12]) for row in rows],
        )  # fmt: skip
        _say_untrained(session)


_Row = tuple[str, str, int, float, float, float, float, float, float, float, float, int, int]


def _layer_row(layer: str, filters: "LayerFilters") -> _Row:
    import numpy as np

    from cnn_explorer.probe.filters import scanned

    scan, weight = scanned(_kernels_of(filters)), filters.weight
    of, norms = scan.of_all(), scan.statistics().l2
    broken = int(of.not_finite[0])
    undefined = int(np.count_nonzero(np.isnan(weight))) if broken else 0
    numbers = (
        of.l2[0], norms.min(), norms.max(), of.mean[0], of.deviation[0], of.minimum[0],
        of.maximum[0], of.zeros[0],
    )  # fmt: skip
    norm, least, most, mean, deviation, minimum, maximum, zeros = map(float, numbers)
    return (
        layer, " x ".join(map(str, weight.shape)), weight.size, norm, least, most, mean, deviation,
        minimum, maximum, zeros, undefined, broken - undefined,
    )  # fmt: skip


def _kernels_of(filters: "LayerFilters") -> "Kernels":
    """The weights as kernels; where they are one number for each output, as such of one value."""
    from cnn_explorer.probe.filters import Kernels, kernels_of

    return kernels_of(filters) or Kernels(filters.weight.reshape(-1, 1, 1, 1))


def _json_row(row: _Row) -> dict[str, object]:
    names = (
        "name", "shape", "weights", "norm", "smallest_norm", "largest_norm", "mean", "deviation",
        "minimum", "maximum", "zeros", "not_a_number", "infinite",
    )  # fmt: skip
    return {name: for_json(value) for name, value in zip(names, row, strict=True)}


# files


@dataclass(frozen=True, eq=False)
class _Shown:
    """Weights of a layer that are to be saved: of all outputs, or those that lead to one."""

    layer: str
    values: "FloatArray"
    """As they are saved."""
    kernels: "Kernels"
    """Of all outputs; of one output, a kernel on one channel for each input that it sees."""
    output: int | None
    """Of which output channel they are the kernels; None for all."""
    inputs: "npt.NDArray[np.intp] | None"
    """The numbers of the inputs of that output."""
    by_norm: bool

    @property
    def name(self) -> str:
        return self.layer if self.output is None else f"output {self.output} of {self.layer}"

    @cached_property
    def statistics(self) -> "KernelStatistics":
        from cnn_explorer.probe.filters import scanned

        return scanned(self.kernels).statistics()

    @cached_property
    def order(self) -> "npt.NDArray[np.intp]":
        """In which order outputs, or the kernels of one, are shown."""
        import numpy as np

        from cnn_explorer.probe.filters import order_by_norm

        if self.by_norm:
            return order_by_norm(self.statistics.l2[:, None])
        return np.arange(self.kernels.outputs)


def _shown(options: argparse.Namespace, layer: str, filters: "LayerFilters") -> _Shown:
    from cnn_explorer.probe.filters import Kernels

    kernels, output = _kernels_of(filters), options.output_channel
    by_norm = options.sort == "norm"
    if output is None:
        return _Shown(layer, filters.weight, kernels, None, None, by_norm)
    if filters.weight.ndim < 2:
        raise UsageError(f'"{layer}" has one number for each output, and no kernels.')
    if output >= kernels.outputs:
        raise UsageError(f'"{layer}" has output channels from 0 to {kernels.outputs - 1}.')
    of_output = kernels.of(output)
    values = of_output.reshape(-1, *filters.weight.shape[2:])
    alone = Kernels(of_output[:, None])
    return _Shown(layer, values, alone, output, kernels.inputs(output), by_norm)


def _save(
    options: argparse.Namespace,
    target: Target,
    session: "Session | OnnxSession",
    filters: "Mapping[str, LayerFilters]",
    checkpoint: Checkpoint,
) -> None:
    shown = {layer: _shown(options, layer, found) for layer, found in filters.items()}
    files = files_of(target, tuple(filters), options)
    count = len(shown)
    if target.is_picture:
        count = save_figures(files, partial(_figure, options, session, shown), checkpoint)
    elif target.suffix == ".csv":
        for layer, path in files.items():
            _save_kernels(path, shown[layer])
    elif target.suffix == ".npz":
        save_values(target, files, _named_tensors(options, shown, filters).items())
    else:
        save_values(target, files, ((layer, one.values) for layer, one in shown.items()))
    what = f"the weights of {layers_in_words(count)}"
    if len(shown) == 1:
        (one,) = shown.values()
        sizes = " × ".join(map(str, one.values.shape))
        what = f"the weights of {one.name}, {sizes},"
    say_saved(target, f"{what} of {session.card.title}")
    _say_untrained(session)


def _named_tensors(
    options: argparse.Namespace,
    shown: Mapping[str, _Shown],
    filters: "Mapping[str, LayerFilters]",
) -> "dict[str, FloatArray]":
    """Weights and biases under the names that they have in a state dict."""
    named = {}
    for layer, one in shown.items():
        named[f"{layer}.weight"] = one.values
        bias = filters[layer].bias
        if bias is not None and options.output_channel is None:
            named[f"{layer}.bias"] = bias
    return named


def _save_kernels(path: Path, shown: _Shown) -> None:
    of = shown.statistics
    columns = (of.l2, of.mean, of.deviation, of.minimum, of.maximum, of.zeros, of.not_finite)
    rows = [
        (
            int(place if shown.inputs is None else shown.inputs[place]),
            *(column[place].item() for column in columns),
        )
        for place in shown.order
    ]
    save_csv(path, ("output" if shown.output is None else "input", *_KERNEL_TITLES), rows)


def _figure(
    options: argparse.Namespace,
    session: "Session | OnnxSession",
    all_shown: Mapping[str, _Shown],
    layer: str,
) -> "Figure":
    """Kernels on three channels in colour; others as tiles around zero."""
    from cnn_explorer.probe.figures import kernels_figure, maps_figure

    shown = all_shown[layer]
    kernels, title = shown.kernels, f"{session.card.title} · {shown.name}"
    notes = ["by norm"] if shown.by_norm else []
    if not session.trained:
        notes.append(_UNTRAINED)
    in_colour = kernels.weight.shape[1] == 3 and kernels.dense and kernels.size != (1, 1)
    if in_colour and not _own_colours(options):
        return kernels_figure(
            kernels.weight, title=title, order=shown.order, scale=options.scale or "channel",
            columns=options.columns, notes=notes, dark=options.dark, plain=options.plain,
        )  # fmt: skip
    tiles = _tiles(shown)
    if tiles.columns is not None and options.columns is not None:
        raise UsageError(f"the columns of {layer} are its inputs: leave out --columns.")
    shading, colours = _shading(options)
    return maps_figure(
        tiles.maps,
        title=title,
        order=tiles.order,
        shading=shading,
        colours=colours,
        columns=tiles.columns or options.columns,
        names=tiles.names,
        rows=tiles.rows,
        of="channel" if kernels.size == (1, 1) else "kernel",
        subtitle=tiles.subtitle,
        notes=notes,
        dark=options.dark,
        plain=options.plain,
    )


@dataclass(frozen=True, eq=False)
class _Tiles:
    """How weights stand in a figure."""

    maps: "FloatArray"
    order: "npt.NDArray[np.intp] | None" = None
    names: tuple[str, ...] | None = None
    """What they are called, where that is not their place."""
    columns: int | None = None
    """Where a column is an input."""
    rows: tuple[str, ...] = ()
    subtitle: str | None = None


def _tiles(shown: _Shown) -> _Tiles:
    """One kernel an output, or an input, as it stands; else a row for each output and a column for
    each input that it sees. Kernels of one value stand together as one map."""
    kernels = shown.kernels
    if kernels.table:
        return _connections(shown)
    if kernels.weight.shape[1] == 1:
        numbers = None if shown.inputs is None else shown.inputs.tolist()
        counted = numbers is None or numbers == list(range(len(numbers)))
        names = None if counted else tuple(map(str, numbers or ()))
        return _Tiles(kernels.weight[:, 0], shown.order, names)
    return _matrix(shown) if kernels.size == (1, 1) else _rows(shown)


def _connections(shown: _Shown) -> _Tiles:
    """Where a table says which inputs an output sees, outputs see different numbers of them: there
    are no rows and columns."""
    import numpy as np

    kernels = shown.kernels
    names = [f"{i} → {o}" for o, inputs in enumerate(kernels.table) for i in inputs]
    starts = np.cumsum([0, *map(len, kernels.table)])
    order = np.concatenate([np.arange(starts[o], starts[o + 1]) for o in shown.order])
    subtitle = f"{len(names):,} kernels, input → output, {_size(kernels)}"
    return _Tiles(kernels.weight[:, 0], order, tuple(names), subtitle=subtitle)


def _matrix(shown: _Shown) -> _Tiles:
    kernels = shown.kernels
    subtitle = f"{kernels.outputs:,} outputs (rows), {kernels.in_channels:,} inputs (columns)"
    if not kernels.dense:
        subtitle = f"{subtitle}, 0 between {kernels.groups} groups"
    values, _ = kernels.block(range(kernels.outputs), range(kernels.in_channels))
    if shown.by_norm:
        values = values[shown.order]
    return _Tiles(values[None, :, :, 0, 0], columns=1, subtitle=subtitle)


def _rows(shown: _Shown) -> _Tiles:
    kernels, each = shown.kernels, shown.kernels.weight.shape[1]
    seen = f"{each:,} inputs (columns)"
    rows = [str(output) for output in shown.order]
    if not kernels.dense:
        seen = f"each {each:,} of {kernels.in_channels:,} inputs (columns)"
        ends = [kernels.inputs(output)[[0, -1]].tolist() for output in shown.order]
        rows = [f"{first}–{last} → {row}" for row, (first, last) in zip(rows, ends, strict=True)]
    weight = kernels.weight[shown.order] if shown.by_norm else kernels.weight
    return _Tiles(
        weight.reshape(-1, *kernels.size),
        columns=each,
        rows=tuple(rows),
        subtitle=f"{kernels.outputs:,} outputs (rows), {seen}, {_size(kernels)}",
    )


def _size(kernels: "Kernels") -> str:
    return " × ".join(map(str, kernels.size))


def _own_colours(options: argparse.Namespace) -> bool:
    return bool(options.colours or options.clip or options.gamma)


def _shading(options: argparse.Namespace) -> "tuple[Shading, ColormapName]":
    from cnn_explorer.probe.mosaic import Shading

    colours: ColormapName = options.colours or "diverging"
    shading = Shading(
        options.scale or "layer",
        clip=options.clip or 0.0,
        gamma=options.gamma or 1.0,
        signed=colours == "diverging",
    )
    return shading, colours


def _say_untrained(session: "Session | OnnxSession") -> None:
    if not session.trained:
        print(_UNTRAINED)
