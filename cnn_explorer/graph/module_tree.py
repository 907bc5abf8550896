"""What there is to see of a network that cannot be followed: its modules, as they were registered.

A pass over shapes fails where a network looks at values (``if x.sum() > 0``), wants more than one
picture, or is not finished. Its layers with their settings and weights are there all the same.
"""

import math
from collections.abc import Sequence

from torch import nn

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.extract import extract, module_attributes, module_kind
from cnn_explorer.graph.model import BlockNode, LayerGraph, LayerNode, Shape


def layer_graph(model: nn.Module, input_shape: Sequence[int], *, network: str = "") -> LayerGraph:
    """The layer graph of `model`, or its module tree where the graph cannot be had: see `extract`
    and `module_tree`. `LayerGraph.note` says which it is."""
    try:
        graph = extract(model, input_shape, network=network)
    except ExplorerError as error:
        return module_tree(model, network=network, reason=str(error))
    if len(graph.layers) == 1:  # its input alone
        return module_tree(model, network=network, reason="it computes no tensor from its input.")
    return graph


def module_tree(model: nn.Module, *, network: str = "", reason: str) -> LayerGraph:
    """The modules of `model` without edges or shapes, in the order in which they were registered.

    A module that stands in several places is there once. Weights that a module with parts owns
    itself stand beside its parts, by the names that torch has for them.
    """
    layers: list[LayerNode] = []
    found: list[tuple[str, str, nn.Module, list[str]]] = []
    known, counted = {id(model)}, set[int]()
    pending: list[tuple[str, str, nn.Module]] = [("", "", model)]
    children: dict[str, list[str]] = {}

    def weights(module: nn.Module) -> dict[str, tuple[Shape, int]]:
        """Its own weights: shape and number of values, each counted once in the whole network."""
        own: dict[str, tuple[Shape, int]] = {}
        for name, parameter in module._parameters.items():
            if parameter is not None:
                shape = tuple(parameter.shape)
                own[name] = (shape, 0 if id(parameter) in counted else math.prod(shape))
                counted.add(id(parameter))
        return own

    while pending:
        name, parent, module = pending.pop()
        inner = []
        for part, child in module._modules.items():
            if child is not None and id(child) not in known:
                known.add(id(child))
                inner.append((f"{name}.{part}" if name else part, name, child))
        own = weights(module)
        if inner:
            loose = [
                LayerNode(
                    f"{name}.{key}" if name else key, name, "other", "Parameter",
                    (), shape, size, 0,
                )
                for key, (shape, size) in own.items()
            ]  # fmt: skip
            layers += loose
            names = [node.name for node in loose] + [part for part, _, _ in inner]
            children[name] = names
            if name:
                found.append((name, parent, module, names))
            pending += reversed(inner)
        else:
            kind, size = type(module).__name__, sum(size for _, size in own.values())
            settings = module_attributes(module)
            layers.append(
                LayerNode(
                    name or kind, parent, module_kind(module), kind, (), (), size, 0, settings
                )
            )
    totals = {layer.name: layer.parameters for layer in layers}
    blocks: list[BlockNode] = []
    for name, parent, module, parts in reversed(found):  # what is inside comes first
        totals[name] = sum(totals[part] for part in parts)
        kind = type(module).__name__
        blocks.append(BlockNode(name, parent, kind, tuple(parts), totals[name], 0, ()))
    note = f"Only the modules are shown, since the layers cannot be followed: {reason}"
    return LayerGraph(network, tuple(layers), tuple(reversed(blocks)), (), note)
