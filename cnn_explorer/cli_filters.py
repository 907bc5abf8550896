"""The command that saves the weights of layers: as figures, as values, as numbers."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
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
from cnn_explorer.cli_parts import natural, print_json, stoppable
from cnn_explorer.cli_session import describe_network, open_session
from cnn_explorer.errors import Checkpoint, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from cnn_explorer.probe.colormaps import ColormapName
    from cnn_explorer.probe.figures import Figure
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
        rows.append(_layer_row(layer, found.weight))
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


def _layer_row(layer: str, weight: "FloatArray") -> _Row:
    from cnn_explorer.probe.statistics import statistics_of

    of, norms = statistics_of(weight), _norms(weight)
    whole = float((norms**2).sum() ** 0.5)
    return (
        layer, " x ".join(map(str, weight.shape)), of.count, whole, float(norms.min()),
        float(norms.max()), of.mean, of.deviation, of.minimum, of.maximum, of.zeros,
        of.not_a_number, of.infinite,
    )  # fmt: skip


def _json_row(row: _Row) -> dict[str, object]:
    names = (
        "name", "shape", "weights", "norm", "smallest_norm", "largest_norm", "mean", "deviation",
        "minimum", "maximum", "zeros", "not_a_number", "infinite",
    )  # fmt: skip
    return {name: for_json(value) for name, value in zip(names, row, strict=True)}


def _norms(kernels: "FloatArray") -> "npt.NDArray[np.float64]":
    """The L2 norm of each kernel (N, ...), summed in double precision."""
    import numpy as np

    rows = kernels.reshape(len(kernels), -1)
    norms = np.empty(len(rows))
    for place, row in enumerate(rows):  # VGG-16's largest would take 800 MB more all at once
        wide = row.astype(np.float64)
        norms[place] = np.sqrt(wide @ wide)
    return norms


# files


@dataclass(frozen=True)
class _Shown:
    """Weights of a layer that are to be saved."""

    layer: str
    weight: "FloatArray"
    output: int | None
    """Of which output channel they are the kernels; None for all."""
    order: "npt.NDArray[np.intp]"
    """In which order kernels are shown."""

    @property
    def name(self) -> str:
        return self.layer if self.output is None else f"output {self.output} of {self.layer}"


def _shown(options: argparse.Namespace, layer: str, weight: "FloatArray") -> _Shown:
    import numpy as np

    output = options.output_channel
    if output is not None:
        if weight.ndim < 2:
            raise UsageError(f'"{layer}" has one number for each output, and no kernels.')
        if output >= len(weight):
            raise UsageError(f'"{layer}" has output channels from 0 to {len(weight) - 1}.')
        weight = weight[output]
    order = np.arange(len(weight))
    if options.sort == "norm":
        norms = _norms(weight)
        order = np.argsort(-np.where(np.isnan(norms), -np.inf, norms), kind="stable")
    return _Shown(layer, weight, output, order)


def _save(
    options: argparse.Namespace,
    target: Target,
    session: "Session | OnnxSession",
    filters: "Mapping[str, LayerFilters]",
    checkpoint: Checkpoint,
) -> None:
    shown = {layer: _shown(options, layer, found.weight) for layer, found in filters.items()}
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
        save_values(target, files, ((layer, one.weight) for layer, one in shown.items()))
    what = f"the weights of {layers_in_words(count)}"
    if len(shown) == 1:
        (one,) = shown.values()
        sizes = " × ".join(map(str, one.weight.shape))
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
        named[f"{layer}.weight"] = one.weight
        bias = filters[layer].bias
        if bias is not None and options.output_channel is None:
            named[f"{layer}.bias"] = bias
    return named


def _save_kernels(path: Path, shown: _Shown) -> None:
    from cnn_explorer.probe.statistics import statistics_of

    of = statistics_of(shown.weight).channels
    columns = (
        _norms(shown.weight), of.mean, of.deviation, of.minimum, of.maximum, of.zeros,
        of.not_finite,
    )  # fmt: skip
    rows = [(int(place), *(column[place].item() for column in columns)) for place in shown.order]
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
    title = f"{session.card.title} · {shown.name}"
    notes = ["by norm"] if options.sort == "norm" else []
    if not session.trained:
        notes.append(_UNTRAINED)
    weight = _as_kernels(shown.weight, of_one_output=shown.output is not None)
    if weight.ndim == 4 and weight.shape[1] == 3 and not _own_colours(options):
        return kernels_figure(
            weight, title=title, order=shown.order, scale=options.scale or "channel",
            columns=options.columns, notes=notes, dark=options.dark, plain=options.plain,
        )  # fmt: skip
    if weight.ndim == 4 and weight.shape[1] == 1:
        weight = weight[:, 0]
    table = _by_inputs(options, weight, shown) if weight.ndim in (2, 4) else None
    shading, colours = _shading(options)
    return maps_figure(
        weight if table is None else table.tiles,
        title=title,
        order=shown.order if table is None else None,
        shading=shading,
        colours=colours,
        columns=options.columns if table is None else table.columns,
        rows=() if table is None else table.rows,
        of="channel" if weight.ndim == 1 else "kernel",
        subtitle=None if table is None else table.subtitle,
        notes=notes,
        dark=options.dark,
        plain=options.plain,
    )


def _as_kernels(weight: "FloatArray", *, of_one_output: bool) -> "FloatArray":
    """Kernels of one dimension, or of three, as such of two: (out, in, kh, kw), of one output
    (in, kh, kw). Matrices and vectors stay as they are."""
    before = 1 if of_one_output else 2
    sizes = weight.shape[before:]
    if not sizes or len(sizes) == 2:
        return weight
    return weight.reshape(*weight.shape[:before], -1, sizes[-1])


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


@dataclass(frozen=True)
class _ByInputs:
    """Kernels in a row for each output and a column for each input."""

    tiles: "FloatArray"
    columns: int
    rows: tuple[str, ...]
    subtitle: str


def _by_inputs(options: argparse.Namespace, weight: "FloatArray", shown: _Shown) -> _ByInputs:
    """Kernels (out, in, kh, kw) as tiles; those of one value, and matrices, as a single map."""
    if options.columns is not None:
        raise UsageError(f"the columns of {shown.layer} are its inputs: leave out --columns.")
    outputs, inputs = weight.shape[:2]
    subtitle = f"{outputs:,} outputs (rows), {inputs:,} inputs (columns)"
    if options.sort == "norm":
        weight = weight[shown.order]
    if weight.shape[2:] in ((), (1, 1)):
        return _ByInputs(weight.reshape(1, outputs, inputs), 1, (), subtitle)
    height, width = weight.shape[2:]
    return _ByInputs(
        weight.reshape(-1, height, width),
        inputs,
        tuple(str(place) for place in shown.order),
        f"{subtitle}, {height} × {width}",
    )


def _say_untrained(session: "Session | OnnxSession") -> None:
    if not session.trained:
        print(_UNTRAINED)
