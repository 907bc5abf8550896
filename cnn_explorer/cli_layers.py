"""The layers of a network with their numbers: as a table, as CSV, as JSON."""

import csv
import sys
from typing import TYPE_CHECKING, Any

from cnn_explorer.cli_parts import print_table
from cnn_explorer.text import no_formula

if TYPE_CHECKING:
    from cnn_explorer.graph.model import LayerGraph, LayerNode
    from cnn_explorer.graph.receptive import ReceptiveField

_CSV_TITLES = (
    "layer", "block", "kind", "type", "training only", "output", "parameters", "multiply-adds",
    "memory in bytes", "receptive field height", "receptive field width", "whole picture",
    "stride vertical", "stride horizontal", "offset top", "offset left",
)  # fmt: skip


def print_brief(graph: "LayerGraph") -> None:
    """For people, below the facts of a network: one line a layer, and the totals."""
    from cnn_explorer.graph.metrics import format_shape

    print_table(
        ("layer", "type", "output", "parameters", "multiply-adds"),
        [
            (
                layer.name,
                _type(layer),
                format_shape(layer.out_shape),
                f"{layer.parameters:,}",
                f"{layer.macs:,}",
            )
            for layer in graph.layers
        ]
        + [("total", "", "", f"{graph.parameters:,}", f"{graph.macs:,}")],
        "<<>>>",
    )


def _type(layer: "LayerNode") -> str:
    return layer.type_name + (" (training only)" if layer.training_only else "")


def print_layers(graph: "LayerGraph") -> None:
    """For people: one line a layer with all its numbers, and the totals."""
    from cnn_explorer.graph.metrics import format_shape
    from cnn_explorer.graph.numbers import Numbers, format_number

    numbers = Numbers(graph)
    rows = []
    for layer in graph.layers:
        rows.append(
            (
                layer.name,
                _type(layer),
                format_shape(layer.out_shape),
                f"{layer.parameters:,}",
                f"{layer.macs:,}",
                format_number(numbers.value(layer.name, "memory"), "memory"),
                format_number(numbers.value(layer.name, "receptive"), "receptive"),
                format_number(numbers.value(layer.name, "stride"), "stride"),
            )
        )
    total = ("total", "", "", f"{graph.parameters:,}", f"{graph.macs:,}")
    print_table(
        ("layer", "type", "output", "parameters", "multiply-adds", "memory", "receptive field",
         "stride"),
        [*rows, (*total, format_number(numbers.total("memory"), "memory"), "", "")],
        "<<>>>>>>",
    )  # fmt: skip


def print_csv(graph: "LayerGraph") -> None:
    """For spreadsheets: plain numbers, empty where there is none."""
    from cnn_explorer.graph.metrics import format_shape
    from cnn_explorer.graph.numbers import Numbers

    numbers = Numbers(graph)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_CSV_TITLES)
    for layer in graph.layers:
        field = numbers.receptive_field(layer.name)
        seen: tuple[object, ...] = ("",) * 7
        if field is not None:
            height, width = field.height, field.width
            seen = (
                height.size, width.size, _yes(field.whole),
                height.stride, width.stride, height.offset, width.offset,
            )  # fmt: skip
        writer.writerow(
            (
                no_formula(layer.name), no_formula(layer.parent), layer.kind,
                no_formula(layer.type_name), _yes(layer.training_only),
                format_shape(layer.out_shape).replace("×", "x"), layer.parameters, layer.macs,
                numbers.value(layer.name, "memory"), *seen,
            )
        )  # fmt: skip


def layers_for_json(graph: "LayerGraph") -> list[dict[str, Any]]:
    """For other programs: shapes, settings and numbers of each layer."""
    from cnn_explorer.graph.numbers import Numbers

    numbers = Numbers(graph)
    return [
        {
            **_facts(layer),
            "memory": numbers.value(layer.name, "memory"),
            "receptive_field": _field(numbers.receptive_field(layer.name)),
        }
        for layer in graph.layers
    ]


def _facts(layer: "LayerNode") -> dict[str, Any]:
    return {
        "name": layer.name,
        "block": layer.parent,
        "kind": layer.kind,
        "type": layer.type_name,
        "in": [list(shape) for shape in layer.in_shapes],
        "out": list(layer.out_shape),
        "parameters": layer.parameters,
        "macs": layer.macs,
        "training_only": layer.training_only,
        "attributes": dict(layer.attributes),
    }


def _field(field: "ReceptiveField | None") -> dict[str, Any] | None:
    """Heights before widths; None where it is not known."""
    if field is None:
        return None
    axes = (field.height, field.width)
    return {
        "size": [axis.size for axis in axes],
        "whole": field.whole,
        "stride": None if None in [axis.stride for axis in axes] else [a.stride for a in axes],
        "offset": [axis.offset for axis in axes],
    }


def _yes(value: bool) -> str:
    return "yes" if value else "no"
