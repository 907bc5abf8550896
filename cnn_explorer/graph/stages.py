"""Networks as a configuration table, in the manner of their papers. Neither torch nor Qt.

A column is a network, a row is a stage: the layers whose maps have the same stride, so that AlexNet
and VGG, or VGG 11 to 19, can be read across (Simonyan and Zisserman 2014, table 1; He et al. 2015,
table 1). A line in a cell is a layer with weights, a pooling, or a block in brackets: ``|`` stands
between layers that follow each other, ``+`` between branches that are concatenated. Shortcuts go
without saying, and so do activations, normalisation and, within brackets, strides: a row tells of
those. Equal blocks in a row are one line with their number.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from typing import Any

from cnn_explorer.graph.alignment import output_strides
from cnn_explorer.graph.browse import layers_in
from cnn_explorer.graph.hierarchy import caption
from cnn_explorer.graph.metrics import TIMES, format_count, format_macs
from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode
from cnn_explorer.graph.receptive import block_outputs, places
from cnn_explorer.graph.shortcuts import forks, sources_of
from cnn_explorer.graph.units import units
from cnn_explorer.text import no_formula

_SIGN = TIMES.strip()
_LINES_BETWEEN = "; "
_AFTER, _BESIDE = " | ", " + "
_MANY = 5
"""So many equal layers that stand alone are one line; papers write out fewer."""

TOKENS, VECTOR = "tokens", "1" + TIMES + "1"
"""Stages without maps: the positions of a transformer, and one value a channel."""

_Stage = int | str
"""A stride, or the name of a stage that has none."""


@dataclass(frozen=True)
class StageRow:
    """One stage of several networks."""

    label: str
    """What the stage is: its size where all networks share it (``56 × 56``), else its stride;
    ``tokens``, ``1 × 1``, ``parameters``, ``multiply-adds``."""
    sizes: tuple[str, ...]
    """The size of each network's maps there, ``55 × 55``; empty where it has no such stage."""
    cells: tuple[tuple[str, ...], ...]
    """The lines of each network, in forward order."""


@dataclass(frozen=True)
class ConfigurationTable:
    """Networks side by side."""

    columns: tuple[str, ...]
    """Their titles."""
    rows: tuple[StageRow, ...]
    """From the picture to the answer; the last two are the sums."""

    def text(self) -> str:
        """For a terminal: columns side by side, a rule between stages."""
        blocks = [
            [[row.label], *(_told(row, at) for at in range(len(self.columns)))] for row in self.rows
        ]
        titles = [["stage"], *([title] for title in self.columns)]
        widths = [
            max(len(line) for block in (titles, *blocks) for line in (block[at] or [""]))
            for at in range(len(titles))
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        lines: list[str] = []
        for block in (titles, *blocks):
            lines += [*_side_by_side(block, widths), rule]
        return "\n".join(lines[:-1])

    def csv(self) -> str:
        """For a spreadsheet: a line a stage, the layers of a cell separated by semicolons."""
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        writer.writerow([no_formula(text) for text in ("stage", *self.columns)])
        for row in self.rows:
            cells = [
                " ".join((*_size(row, at), _LINES_BETWEEN.join(row.cells[at])))
                for at in range(len(self.columns))
            ]
            writer.writerow([no_formula(text) for text in (row.label, *cells)])
        return written.getvalue()

    def data(self) -> dict[str, Any]:
        """For other programs: plain lists and texts."""
        return {
            "columns": list(self.columns),
            "rows": [
                {
                    "stage": row.label,
                    "sizes": list(row.sizes),
                    "cells": [list(lines) for lines in row.cells],
                }
                for row in self.rows
            ],
        }


def configuration_table(
    graphs: Sequence[LayerGraph], titles: Sequence[str] | None = None
) -> ConfigurationTable:
    """The table of `graphs`; `titles` head the columns, else the networks' names."""
    columns = [_Network(graph).stages for graph in graphs]
    stages = {stage for column in columns for stage in column}
    in_order: list[_Stage] = [*sorted(stage for stage in stages if isinstance(stage, int))]
    in_order += [name for name in (TOKENS, VECTOR) if name in stages]
    rows = [_row(stage, columns) for stage in in_order]
    none = ("",) * len(graphs)
    parameters = tuple((format_count(graph.parameters),) for graph in graphs)
    macs = tuple(() if graph.note else (format_macs(graph.macs),) for graph in graphs)
    rows.append(StageRow("parameters", none, parameters))
    rows.append(StageRow("multiply-adds", none, macs))
    names = titles if titles is not None else [graph.network for graph in graphs]
    return ConfigurationTable(tuple(names), tuple(rows))


@dataclass(frozen=True)
class _Entry:
    """A line to be, and where it stands."""

    text: str
    stage: _Stage
    size: str
    is_block: bool


class _Network:
    """One network's lines."""

    def __init__(self, graph: LayerGraph) -> None:
        self._graph = graph
        self._strides = output_strides(graph)
        self._into = sources_of(graph)
        self._units = units(graph)

    @cached_property
    def stages(self) -> Mapping[_Stage, tuple[str, tuple[str, ...]]]:
        """The size and the lines of each stage."""
        found: dict[_Stage, tuple[str, tuple[str, ...]]] = {}
        entries = [entry for name in self._graph.top_level for entry in self._entries(name)]
        for stage in dict.fromkeys(entry.stage for entry in entries):
            here = [entry for entry in entries if entry.stage == stage]
            found[stage] = here[-1].size, tuple(_merged(here))
        return found

    @cached_property
    def _fork(self) -> Mapping[str, str]:
        return forks(self._graph, self._into)

    @cached_property
    def _outputs(self) -> Mapping[str, str]:
        return block_outputs(self._graph)

    def _entries(self, name: str) -> Iterator[_Entry]:
        """The lines of a layer or block, in forward order."""
        node = self._graph.node[name]
        if node.training_only:
            return
        if isinstance(node, LayerNode):
            text = _line(node)
            if text:
                yield _Entry(text, *self._place(node), is_block=False)
        elif name in self._units and name in self._outputs:
            text = self._unit(node)
            if text:
                output = self._graph.layer[self._outputs[name]]
                yield _Entry(text, *self._place(output), is_block=True)
        else:
            for child in node.children:
                yield from self._entries(child)

    def _place(self, layer: LayerNode) -> tuple[_Stage, str]:
        stride, sizes = self._strides[layer.name], places(layer.out_shape)
        if stride is not None and math.prod(sizes) > 1:
            return stride, TIMES.join(map(str, sizes))
        if not layer.out_shape and self._graph.note:  # modules alone: nobody knows sizes
            return VECTOR, ""
        tokens = len(layer.out_shape) == 2
        return (TOKENS, str(layer.out_shape[0])) if tokens else (VECTOR, VECTOR)

    def _unit(self, block: BlockNode) -> str:
        """A block as one expression."""
        inside = frozenset(layers_in(self._graph, block.name))
        parts = self._way("", self._outputs[block.name], inside)
        if not parts:
            return ""
        return parts[0] if len(parts) == 1 and _BESIDE in parts[0] else _bracketed(parts)

    def _way(self, start: str, end: str, inside: frozenset[str]) -> list[str]:
        """What is done between two layers that all data pass, the first one not counted; an empty
        start is whatever stands before the block."""
        trunk = [end]
        while (before := self._fork[trunk[-1]]) != start and before in inside:
            trunk.append(before)
        parts: list[str] = []
        for name in reversed(trunk):
            sources = [source for source in self._into.get(name, ()) if source in inside]
            if len(self._into.get(name, ())) > 1:
                parts += self._joined(self._fork[name], name, sources, inside)
            text = _short_line(self._graph.layer[name])
            if text:
                parts.append(text)
        return parts

    def _joined(
        self, start: str, end: str, sources: Sequence[str], inside: frozenset[str]
    ) -> list[str]:
        """What the branches do that meet in a layer."""
        ways = {source: self._way(start, source, inside) for source in sources if source != start}
        done = [way for way in ways.values() if way]
        if self._graph.layer[end].kind == "concat":
            beside = [_BESIDE.join(map(_bracketed, done))]
            return beside if len(done) > 1 else max(done, default=[])
        if any(way and self._is_gate(source, end) for source, way in ways.items()):
            return ["squeeze and excitation"]
        return max(done, key=len, default=[])  # the other way is a shortcut

    def _is_gate(self, source: str, end: str) -> bool:
        """Whether a layer gives one value a channel for all places of a map."""
        one, map_ = (places(self._graph.layer[name].out_shape) for name in (source, end))
        return bool(one) and math.prod(one) == 1 < math.prod(map_)


def _line(layer: LayerNode) -> str:
    """A layer that stands alone; empty where it is not worth a line."""
    told = caption(layer).replace(TIMES, _SIGN)
    settings = dict(layer.attributes)
    if layer.kind == "conv":
        kernel, _, more = told.partition(" conv")
        channels = settings.get("out channels") or str(*layer.out_shape[:1])
        return f"{kernel} conv, {channels}{more}" if "kernel" in settings else "conv"
    if layer.kind == "pool":
        same = layer.in_shapes[:1] == (layer.out_shape,)
        return "" if same and "adaptive" in layer.type_name.lower() else told
    if layer.kind == "linear":
        return f"FC {layer.out_shape[-1]}" if layer.out_shape else "FC"
    if layer.type_name in ("LocalResponseNorm", "LRN"):
        return "LRN"
    return "attention" if "attention" in layer.type_name.lower() else ""


def _short_line(layer: LayerNode) -> str:
    """A layer in brackets: what it is goes without saying, and so does its stride."""
    if layer.kind not in ("conv", "pool"):
        return _line(layer)
    settings = tuple(pair for pair in layer.attributes if pair[0] != "stride")
    without = LayerNode(
        layer.name, layer.parent, layer.kind, layer.type_name, layer.in_shapes, layer.out_shape,
        layer.parameters, layer.macs, settings,
    )  # fmt: skip
    return _line(without).replace(" conv,", ",")


def _bracketed(parts: Sequence[str]) -> str:
    return f"[{_AFTER.join(parts)}]"


def _merged(entries: Sequence[_Entry]) -> Iterator[str]:
    """Lines, equal blocks in a row as one."""
    for (text, is_block), same in groupby(entries, key=lambda entry: (entry.text, entry.is_block)):
        count = len(list(same))
        if is_block and count > 1:
            whole = text if _is_one_bracket(text) else f"[{text}]"
            yield f"{whole}{TIMES}{count}"
        elif count >= _MANY:
            yield f"{text} ({count} times)"
        else:
            yield from (text,) * count


def _is_one_bracket(text: str) -> bool:
    """Whether the bracket that opens first is the one that closes last."""
    depths = list(accumulate((sign == "[") - (sign == "]") for sign in text))
    return 0 not in depths[:-1]


def _row(
    stage: _Stage, columns: Sequence[Mapping[_Stage, tuple[str, tuple[str, ...]]]]
) -> StageRow:
    found = [column.get(stage, ("", ())) for column in columns]
    sizes = tuple(size for size, _ in found)
    different = set(sizes) - {""}
    if isinstance(stage, str):
        label = stage
    else:
        label = different.pop() if len(different) == 1 else f"stride {stage}"
    return StageRow(label, sizes, tuple(lines for _, lines in found))


def _size(row: StageRow, at: int) -> list[str]:
    """What stands before a cell: its size, where the row's label does not tell it."""
    size = row.sizes[at]
    return [f"{size}:"] if size and row.label not in (size, VECTOR) else []


def _told(row: StageRow, at: int) -> list[str]:
    return [*_size(row, at), *row.cells[at]]


def _side_by_side(block: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    for at in range(max(map(len, block))):
        cells = [lines[at] if at < len(lines) else "" for lines in block]
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()
