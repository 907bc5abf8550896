"""A layer graph as JSON, written and read back: for other programs, and for us.

Version 2::

    {"format": "cnn-explorer-graph", "version": 2,
     "network": "resnet18", "title": "ResNet-18", "note": "",
     "totals": {"parameters": 11689512, "macs": 1814073344, "activation_bytes": ..., "layers": 69},
     "layers": [{"name", "parent", "kind", "type", "in_shapes", "out_shape", "parameters", "macs",
                 "activation_bytes", "receptive_field", "stride", "attributes": {...},
                 "training_only", "reach", "window", "connections"}, ...],
                                                                  every layer, in forward order
     "blocks": [{"name", "parent", "type", "children", "parameters", "macs", "activation_bytes",
                 "out_shape", "training_only", "group", "repeats"}, ...],
     "edges": [{"source", "target", "shape", "shortcut"}, ...],   every tensor between layers
     "drawing": {"width", "height",                               what this layout shows of it
                 "boxes": [{"name", "x", "y", "width", "height"}, ...],
                 "frames": [the same of open blocks],
                 "edges": [{"source", "target", "points": [[x, y], ...]}, ...]}}

Shapes have no batch dimension; names are torch's dotted names. ``macs`` are multiply-adds,
``activation_bytes`` what the output takes for one picture in float32, ``receptive_field`` and
``stride`` pixels of the picture (null where nobody knows), ``window`` ``{"kernel": [7, 7],
"stride": [2, 2], "padding": [3, 3], "dilation": [1, 1]}`` or null, ``connections`` the input maps
that each output map takes where those are not all (LeNet's C3), ``group`` ``"run"``, ``"stage"``
or empty (see `grouping`), ``shortcut`` ``"identity"``, ``"projection"``, ``"zero padding"`` or
empty. ``note`` says why only modules are listed, without edges, where a network could not be
followed; else it is empty or not there. Version 1 had neither ``note``, ``activation_bytes``,
``receptive_field``, ``stride``, ``reach``, ``window``, ``connections``, ``group``, ``repeats`` nor
``shortcut``; it is read too.

What is read is checked as a whole before anything is made of it. Numbers that follow from others
(activation bytes, receptive fields, totals, the drawing) are worked out again, not believed.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.model import (
    KINDS,
    BlockNode,
    GraphEdge,
    GraphLayout,
    LayerGraph,
    LayerNode,
    Reach,
    Rect,
    Shape,
    ShortcutKind,
    Window,
)
from cnn_explorer.graph.numbers import Numbers

FORMAT = "cnn-explorer-graph"
VERSION = 2
MAX_BYTES = 64_000_000
MAX_NODES = 100_000
_LARGEST = 2**53
"""Whole numbers beyond this are not the same in every program that reads JSON."""
_DEEPEST = 200
_LONGEST = 1000
"""Characters of a name or title."""
_LONGEST_NOTE = 10_000


def graph_to_json(layout: GraphLayout, title: str) -> bytes:
    """The whole graph behind `layout`, and the layout itself."""
    graph = layout.graph.source or LayerGraph("", (), (), ())
    numbers = Numbers(graph)
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "network": graph.network,
        "title": title,
        "note": graph.note[:_LONGEST_NOTE],
        "totals": {
            "parameters": graph.parameters,
            "macs": graph.macs,
            "activation_bytes": sum(
                int(numbers.value(layer.name, "memory") or 0)
                for layer in graph.layers
                if not layer.training_only
            ),
            "layers": sum(
                layer.kind not in ("input", "output") and not layer.training_only
                for layer in graph.layers
            ),
        },
        "layers": [
            {
                "name": layer.name,
                "parent": layer.parent,
                "kind": layer.kind,
                "type": layer.type_name,
                "in_shapes": layer.in_shapes,
                "out_shape": layer.out_shape,
                "parameters": layer.parameters,
                "macs": layer.macs,
                "activation_bytes": _whole(numbers.value(layer.name, "memory")),
                "receptive_field": _finite(numbers.value(layer.name, "receptive")),
                "stride": _finite(numbers.value(layer.name, "stride")),
                "attributes": dict(layer.attributes),
                "training_only": layer.training_only,
                "reach": layer.reach,
                "window": layer.window and {
                    "kernel": layer.window.kernel,
                    "stride": layer.window.stride,
                    "padding": layer.window.padding,
                    "dilation": layer.window.dilation,
                },
                "connections": layer.connections,
            }
            for layer in graph.layers
        ],
        "blocks": [
            {
                "name": block.name,
                "parent": block.parent,
                "type": block.type_name,
                "children": block.children,
                "parameters": block.parameters,
                "macs": block.macs,
                "activation_bytes": _whole(numbers.value(block.name, "memory")),
                "out_shape": block.out_shape,
                "training_only": block.training_only,
                "group": block.group,
                "repeats": block.repeats,
            }
            for block in graph.blocks
        ],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "shape": edge.shape,
                "shortcut": edge.shortcut,
            }
            for edge in graph.edges
        ],
        "drawing": {
            "width": layout.width,
            "height": layout.height,
            "boxes": _placed(layout.boxes),
            "frames": _placed(layout.frames),
            "edges": [
                {"source": edge.source, "target": edge.target, "points": edge.points}
                for edge in layout.edges
            ],
        },
    }  # fmt: skip
    return (json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def _placed(rects: Mapping[str, Rect]) -> list[dict[str, Any]]:
    return [
        {"name": name, "x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height}
        for name, rect in rects.items()
    ]


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def read_graph(path: Path) -> tuple[LayerGraph, str]:
    """The graph in a file that `graph_to_json` wrote, and its title.

    Raises `ExplorerError`, with one sentence that says what is wrong and where, for a file that
    cannot be read, is too large, is no JSON or no graph.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ExplorerError(f"{path.name} is too large for a graph.")
        data = path.read_bytes()
    except OSError as error:
        raise ExplorerError(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        return graph_from_json(data)
    except ExplorerError as error:
        raise ExplorerError(f"{path.name} is no graph of this program: {error}") from error


def graph_from_json(data: bytes) -> tuple[LayerGraph, str]:
    """The graph in JSON, and its title. `ExplorerError` says what is wrong with it."""
    try:
        content = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ExplorerError("it is no JSON.") from error
    reader = _Reader("the file")
    whole = reader.mapping(content)
    if whole.get("format") != FORMAT:
        raise ExplorerError(f'its "format" is not "{FORMAT}".')
    version = whole.get("version")
    if version not in (1, VERSION):
        raise ExplorerError(f"it is of version {version!r:.20}; this program reads 1 and 2.")
    layers = tuple(_layer(item, at) for at, item in enumerate(reader.items(whole, "layers")))
    blocks = tuple(_block(item, at) for at, item in enumerate(reader.items(whole, "blocks")))
    edges = tuple(_edge(item, at) for at, item in enumerate(reader.items(whole, "edges")))
    note = reader.text(whole, "note", "", _LONGEST_NOTE)
    graph = LayerGraph(reader.text(whole, "network"), layers, blocks, edges, note)
    _check(graph)
    return graph, reader.text(whole, "title")


def _no_constant(text: str) -> float:
    raise ValueError(text)


class _Reader:
    """Takes values out of JSON and says where one is wrong."""

    def __init__(self, where: str) -> None:
        self._where = where

    def _wrong(self, key: str, wanted: str) -> ExplorerError:
        return ExplorerError(f'"{key}" of {self._where} is not {wanted}.')

    def mapping(self, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ExplorerError(f"{self._where} is not an object.")
        return value

    def items(self, mapping: Mapping[str, Any], key: str) -> list[Any]:
        value = mapping.get(key)
        if not isinstance(value, list) or len(value) > MAX_NODES:
            raise self._wrong(key, f"a list of at most {MAX_NODES:,} items")
        return value

    def text(
        self,
        mapping: Mapping[str, Any],
        key: str,
        default: str | None = None,
        longest: int = _LONGEST,
    ) -> str:
        value = mapping.get(key, default)
        if not isinstance(value, str) or len(value) > longest:
            raise self._wrong(key, "a text")
        return value

    def one_of(
        self, mapping: Mapping[str, Any], key: str, allowed: tuple[str, ...], default: str
    ) -> Any:
        value = mapping.get(key, default)
        if not isinstance(value, str) or value not in allowed:
            raise self._wrong(key, f"one of {', '.join(word or 'nothing' for word in allowed)}")
        return value

    def number(self, mapping: Mapping[str, Any], key: str, default: int | None = None) -> int:
        return self._number(mapping.get(key, default), key)

    def _number(self, value: object, key: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
            raise self._wrong(key, "a whole number")
        return value

    def flag(self, mapping: Mapping[str, Any], key: str) -> bool:
        value = mapping.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def shape(self, value: object, key: str, longest: int = 16) -> Shape:
        if not isinstance(value, list) or len(value) > longest:
            raise self._wrong(key, "a list of sizes")
        return tuple(self._number(size, key) for size in value)

    def pair(self, mapping: Mapping[str, Any], key: str) -> tuple[int, int]:
        first, *rest = self.shape(mapping.get(key), key) or (0,)
        if len(rest) != 1:
            raise self._wrong(key, "a height and a width")
        return (first, rest[0])


def _layer(item: object, at: int) -> LayerNode:
    reader = _Reader(f"layer {at + 1}")
    found = reader.mapping(item)
    attributes = reader.mapping(found.get("attributes", {}))
    return LayerNode(
        name=reader.text(found, "name"),
        parent=reader.text(found, "parent"),
        kind=reader.one_of(found, "kind", KINDS, ""),
        type_name=reader.text(found, "type"),
        in_shapes=tuple(
            reader.shape(shape, "in_shapes") for shape in reader.items(found, "in_shapes")
        ),
        out_shape=reader.shape(found.get("out_shape"), "out_shape"),
        parameters=reader.number(found, "parameters"),
        macs=reader.number(found, "macs"),
        attributes=tuple((name, reader.text(attributes, name)) for name in attributes),
        training_only=reader.flag(found, "training_only"),
        reach=reader.one_of(found, "reach", get_args(Reach), "unknown"),
        window=_window(found.get("window"), reader),
        connections=tuple(
            reader.shape(row, "connections", MAX_NODES) for row in _rows(found, reader)
        ),
    )


def _rows(found: Mapping[str, Any], reader: _Reader) -> list[Any]:
    return reader.items(found, "connections") if "connections" in found else []


def _window(item: object, reader: _Reader) -> Window | None:
    if item is None:
        return None
    found = reader.mapping(item)
    kernel, stride = reader.pair(found, "kernel"), reader.pair(found, "stride")
    if 0 in (*kernel, *stride):
        raise ExplorerError("a window has no size or no stride.")
    return Window(kernel, stride, reader.pair(found, "padding"), reader.pair(found, "dilation"))


def _block(item: object, at: int) -> BlockNode:
    reader = _Reader(f"block {at + 1}")
    found = reader.mapping(item)
    children = tuple(
        reader.text({"children": child}, "children") for child in reader.items(found, "children")
    )
    return BlockNode(
        name=reader.text(found, "name"),
        parent=reader.text(found, "parent"),
        type_name=reader.text(found, "type"),
        children=children,
        parameters=reader.number(found, "parameters"),
        macs=reader.number(found, "macs"),
        out_shape=reader.shape(found.get("out_shape"), "out_shape"),
        training_only=reader.flag(found, "training_only"),
        group=reader.one_of(found, "group", ("", "run", "stage"), ""),
        repeats=reader.number(found, "repeats", 0),
    )


def _edge(item: object, at: int) -> GraphEdge:
    reader = _Reader(f"edge {at + 1}")
    found = reader.mapping(item)
    return GraphEdge(
        reader.text(found, "source"),
        reader.text(found, "target"),
        reader.shape(found.get("shape"), "shape"),
        reader.one_of(found, "shortcut", get_args(ShortcutKind), ""),
    )


def _check(graph: LayerGraph) -> None:
    """That layers, blocks and edges make one graph."""
    nodes: list[LayerNode | BlockNode] = [*graph.layers, *graph.blocks]
    names = [node.name for node in nodes]
    if not graph.layers:
        raise ExplorerError("it has no layers.")
    if len(set(names)) < len(names) or "" in names:
        raise ExplorerError("a name is empty or stands for two things.")
    parents = {node.name: node.parent for node in nodes}
    inside: dict[str, set[str]] = {}
    for name, parent in parents.items():
        if parent and parent not in graph.block:
            raise ExplorerError(f'"{name}" lies in "{parent}", which is no block.')
        inside.setdefault(parent, set()).add(name)
        depth = 0
        while parent:
            parent, depth = parents[parent], depth + 1
            if depth > _DEEPEST:
                raise ExplorerError(f'the blocks around "{name}" lie in themselves or too deep.')
    for layer in graph.layers:
        if (layer.reach == "window") != (layer.window is not None):
            raise ExplorerError(f'"{layer.name}" reaches a window that is not told, or tells one.')
    for block in graph.blocks:
        if not block.children or set(block.children) != inside.get(block.name, set()):
            raise ExplorerError(f'the children of "{block.name}" are not what lies in it.')
        if block.repeats and block.children[0] not in graph.block:
            raise ExplorerError(f'what is repeated in "{block.name}" is no block.')
        if len(set(block.children)) < len(block.children):
            raise ExplorerError(f'a child of "{block.name}" is named twice.')
    order = {layer.name: at for at, layer in enumerate(graph.layers)}
    for edge in graph.edges:
        if edge.source not in order or edge.target not in order:
            raise ExplorerError("an edge joins what is no layer.")
        if order[edge.source] >= order[edge.target]:
            raise ExplorerError(
                f'the edge from "{edge.source}" to "{edge.target}" leads back: layers must stand '
                "in forward order."
            )
