"""Groups of parts that a person sees as one although no module holds them.

Two sorts. A *run* is a row of equal blocks: of ResNet-152's third stage, the 35 bottlenecks after
the first are one box with a repeat count. A *stage* is a row of layers that stand loose among
blocks or in a long `Sequential`, up to where the picture gets smaller: VGG's convolutions up to
each pooling, the stem of a ResNet, its head.

A group becomes a `BlockNode` whose `group` says so. Its name is the block around, and its first
and last part in brackets: ``layer3.[1-35]``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode

SMALL_NETWORK = 16
"""Networks of at most so many layers have no stages: one sees all of them anyway."""
_SHORTEST_STAGE = 3
_LONG_SEQUENTIAL = 6
"""Parts from which a `Sequential` is cut into stages."""

_INPUT_SETTINGS = ("in channels", "in features", "channels")
"""Settings that depend on what comes in. Blocks that differ in nothing else count as equal: each
layer of a dense block takes more channels than the one before."""

Node = LayerNode | BlockNode


def grouped(graph: LayerGraph) -> LayerGraph:
    """`graph` with its runs and stages as further blocks. Layers, their order and the edges are
    the same; totals stay what they are."""
    return _Grouping(graph).result()


class _Grouping:
    def __init__(self, graph: LayerGraph) -> None:
        self._graph = graph
        self._signatures: dict[str, Any] = {}
        self._sources: dict[str, tuple[str, ...]] = {}
        self._targets: dict[str, tuple[str, ...]] = {}
        self._fed: set[tuple[str, str]] = set()
        """Parts of one block of which the second takes what the first gives."""
        for edge in graph.edges:
            source, target = edge.source, edge.target
            self._sources[target] = (*self._sources.get(target, ()), source)
            self._targets[source] = (*self._targets.get(source, ()), target)
            self._fed.add(_siblings(graph.path[source], graph.path[target]))

    def result(self) -> LayerGraph:
        graph = self._graph
        known = graph.block
        blocks: dict[str, BlockNode] = dict(known)
        parent_of: dict[str, str] = {}
        groups: list[BlockNode] = []
        count = sum(not layer.training_only for layer in graph.layers)
        for parent, children in (
            ("", graph.top_level),
            *((b.name, b.children) for b in graph.blocks),
        ):
            made, repeats = self._groups_in(parent, children, with_stages=count > SMALL_NETWORK)
            if repeats:
                blocks[parent] = replace(blocks[parent], repeats=repeats)
            for group in made:
                parent_of.update(dict.fromkeys(group.children, group.name))
            groups += made
            if parent and made:
                blocks[parent] = replace(
                    blocks[parent], children=_with_groups(children, made, parent_of)
                )
        if not groups and blocks == known:
            return graph
        layers = tuple(
            replace(layer, parent=parent_of[layer.name]) if layer.name in parent_of else layer
            for layer in graph.layers
        )
        moved = [
            replace(block, parent=parent_of[block.name]) if block.name in parent_of else block
            for block in blocks.values()
        ]
        return replace(graph, layers=layers, blocks=(*moved, *groups))

    def _groups_in(
        self, parent: str, children: Sequence[str], *, with_stages: bool
    ) -> tuple[list[BlockNode], int]:
        """The groups among a block's parts; and how many equal blocks it wholly consists of."""
        rows: list[tuple[Literal["run", "stage"], list[str]]] = []
        for row in self._rows(children, self._continues_run):
            if len(row) == len(children) and parent:
                return [], len(row)
            rows.append(("run", row))
        around = self._graph.block.get(parent)
        long = len(children) >= _LONG_SEQUENTIAL
        if with_stages and (around is None or (long and around.type_name == "Sequential")):
            for row in self._rows(children, self._continues_stage):
                if _SHORTEST_STAGE <= len(row) < len(children):
                    rows.append(("stage", row))
        return [self._group(parent, sort, row) for sort, row in rows], 0

    def _rows(self, children: Iterable[str], continues: Any) -> list[list[str]]:
        """Neighbours that belong together, two at least."""
        rows: list[list[str]] = [[]]
        for name in children:
            if not (rows[-1] and continues(rows[-1][-1], name)):
                rows.append([])
            rows[-1].append(name)
        return [row for row in rows if len(row) > 1]

    def _continues_run(self, before: str, name: str) -> bool:
        blocks = self._graph.block
        if before not in blocks or name not in blocks or blocks[name].training_only:
            return False
        return self._signature(before) == self._signature(name) and (before, name) in self._fed

    def _continues_stage(self, before: str, name: str) -> bool:
        """Whether a layer follows another one alone, and that one did not end a stage."""
        layers = self._graph.layer
        if before not in layers or name not in layers:
            return False
        if any(
            layers[part].kind in ("input", "output", "add", "concat") or layers[part].training_only
            for part in (before, name)
        ):
            return False
        if self._targets.get(before, ()) != (name,) or self._sources.get(name, ()) != (before,):
            return False
        return not _shrinks(layers[before])

    def _group(self, parent: str, sort: Literal["run", "stage"], row: Sequence[str]) -> BlockNode:
        parts: list[Node] = [self._graph.node[name] for name in row]
        prefix = f"{parent}." if parent else ""
        first, last = (name.removeprefix(prefix) for name in (row[0], row[-1]))
        return BlockNode(
            name=f"{prefix}[{first}-{last}]",
            parent=parent,
            type_name=parts[0].type_name if sort == "run" else "Stage",
            children=tuple(row),
            parameters=sum(part.parameters for part in parts),
            macs=sum(part.macs for part in parts),
            out_shape=parts[-1].out_shape,
            group=sort,
            repeats=len(row) if sort == "run" else 0,
        )

    def _signature(self, name: str) -> Any:
        if name not in self._signatures:
            block = self._graph.block.get(name)
            if block is not None:
                parts = tuple(self._signature(child) for child in block.children)
                self._signatures[name] = (block.type_name, block.out_shape, parts)
            else:
                layer = self._graph.layer[name]
                settings = [pair for pair in layer.attributes if pair[0] not in _INPUT_SETTINGS]
                weighs = layer.kind in ("conv", "linear")
                self._signatures[name] = (
                    layer.type_name, tuple(settings), layer.out_shape if weighs else (),
                )  # fmt: skip
        return self._signatures[name]


def _siblings(source: Sequence[str], target: Sequence[str]) -> tuple[str, str]:
    """Where two layers' ways inward part: the parts of one block that an edge joins."""
    for a, b in zip(source, target, strict=False):
        if a != b:
            return a, b
    return source[-1], target[-1]


def _shrinks(layer: LayerNode) -> bool:
    """Whether a pooling makes the maps smaller, and leaves more than one value of each."""
    size = layer.out_shape[1:]
    given = layer.in_shapes[0][1:] if layer.in_shapes else size
    return layer.kind == "pool" and size != given and any(side > 1 for side in size)


def _with_groups(
    children: Iterable[str], groups: Iterable[BlockNode], parent_of: Mapping[str, str]
) -> tuple[str, ...]:
    """Children with each group in the place of its parts."""
    names = {group.name for group in groups}
    kept: dict[str, None] = {}
    for child in children:
        outer = parent_of.get(child, "")
        kept[outer if outer in names else child] = None
    return tuple(kept)
