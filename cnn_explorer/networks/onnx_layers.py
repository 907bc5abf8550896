"""The layers of an ONNX model: which of its nodes work on the data, what they are called, what is
inside what, which tensors are weights, and what shape every tensor has.

Nodes that work on weights alone (constants, and what is made of them) are no layers, nor are those
that work out shapes (``Shape``, ``Gather``, ``Concat``, on the way to a ``Reshape``).

ONNX has no modules. Exporters write them into the names: ``/layer1/layer1.0/conv1/Conv`` of torch
is the layer ``layer1.0.conv1`` in the block ``layer1.0``; ``inception_3a/1x1`` of Caffe2 lies in
``inception_3a``. Torch's newer exporter says it beside the name. A model without such names is one
row of layers.
"""

import ast
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, shape_inference

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.onnx_facts import DeclaredInput, PictureInput
from cnn_explorer.networks.onnx_file import OnnxFile, inputs_of
from cnn_explorer.networks.onnx_input import declared_input
from cnn_explorer.networks.onnx_sizes import MOST, with_sizes_worked_out
from cnn_explorer.text import format_size, printable

_LARGEST = 2 << 30
"""Bytes of one tensor: a file of a kilobyte can ask for a constant of any size."""
_PASSES = 64
"""Shapes follow from sizes of tensors whose shapes follow from sizes: one pass for each channel
shuffle of a ShuffleNet, one for each block of a Swin transformer."""
_DEEPEST = 12
_LONGEST = 80
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)
_RANDOM = ("RandomNormal", "RandomUniform")
"""Nodes without inputs that are no constants."""
_COUNTED = re.compile(r"([a-z]|node|op)?_?\d*", re.IGNORECASE)
"""Names that say nothing: ``n12``, ``r3``."""
_OF_WEIGHTS = re.compile(
    r"[._/](w|b|s|weights?|bias|kernel|scale|gamma|beta|rm|riv|mean|var)(_\d+)?$", re.IGNORECASE
)
"""What the names of weights add to that of their layer."""
SCOPE = "Block"
"""The type of a block of which but the name is known."""

Chain = tuple[str, ...]
"""Names of the blocks around a layer, outermost first, each as within the one before."""


@dataclass(frozen=True, eq=False)
class OnnxLayer:
    """A node that works on the data."""

    name: str
    parent: str
    node: NodeProto
    data: tuple[str, ...]
    """The tensors that it works on."""
    weights: tuple[str, ...]
    """The constant tensors that it takes, in the order of the operator's inputs."""

    @property
    def output(self) -> str:
        """The tensor that is its output; of several the first."""
        return next(filter(None, self.node.output), "")


@dataclass(frozen=True, eq=False)
class OnnxBlock:
    """Layers whose names begin alike."""

    name: str
    parent: str
    type_name: str
    children: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """A model seen as a network."""

    file: OnnxFile
    declared: DeclaredInput
    layers: tuple[OnnxLayer, ...]
    blocks: tuple[OnnxBlock, ...]
    inputs: Mapping[str, str]
    """Names in the graph (``input``, ``input#2``) of the model's inputs."""
    outputs: Mapping[str, str]
    """Likewise of its outputs, ``output``."""
    shapes: Mapping[str, tuple[int, ...]]
    """Of every tensor whose shape is known, the batch included."""
    types: Mapping[str, int]
    """The type of each tensor's values, as in `TensorProto`."""
    initialisers: Mapping[str, TensorProto] = field(repr=False)
    constants: frozenset[str] = field(repr=False)
    """Tensors that are the same whatever the input is."""

    @cached_property
    def layer(self) -> Mapping[str, OnnxLayer]:
        """Layers by name."""
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def block(self) -> Mapping[str, OnnxBlock]:
        """Blocks by name."""
        return {block.name: block for block in self.blocks}

    def tensor_of(self, name: str) -> str:
        """The tensor that a layer or block puts out: a block, what its last layer does. Raises
        `ExplorerError` for a name that is not there."""
        while name in self.block:
            name = self.block[name].children[-1]
        if name not in self.layer:
            raise ExplorerError(f'the network has no layer "{printable(name, _LONGEST)}".')
        return self.layer[name].output

    def origins_of(self, name: str) -> frozenset[str]:
        """The initialisers that a constant is made of; itself where it is made of none."""
        found: set[str] = set()
        pending, seen = [name], {name}
        while pending:
            tensor = pending.pop()
            if tensor in self.initialisers:
                if self.types.get(tensor) in _FLOATS:
                    found.add(tensor)
            elif tensor in self._makers:
                taken = set(inputs_of(self._makers[tensor])) - seen
                seen |= taken
                pending += taken
        return frozenset(found or {name})

    @cached_property
    def _makers(self) -> Mapping[str, NodeProto]:
        """What makes each constant that is no initialiser."""
        return {
            output: node
            for node in self.file.model.graph.node
            for output in node.output
            if output in self.constants
        }

    def parameters_of(self, layer: OnnxLayer) -> tuple[str, ...]:
        """The weights of a layer that training finds: neither running statistics nor shapes."""
        weights = layer.weights
        if layer.node.op_type == "BatchNormalization":
            statistics = set(layer.node.input[3:])
            weights = tuple(name for name in weights if name not in statistics)
        return tuple(
            name
            for name in weights
            if self.types.get(name) in _FLOATS
            and (name in self.initialisers or math.prod(self.shapes.get(name, ())) > 1)
        )


def network_of(file: OnnxFile, chosen: PictureInput) -> OnnxNetwork:
    """The layers of a model for pictures of a size. Raises `ExplorerError` where the sizes of its
    tensors do not fit together, or one is far too large."""
    declared = declared_input(file.model)
    shapes, types = _inferred(file, declared, chosen.size)
    graph = file.model.graph
    initialisers = {tensor.name: tensor for tensor in graph.initializer}
    constants, shape_values = _worked_out_before(graph, initialisers)
    nodes = [
        node
        for node in graph.node
        if any(name and name not in constants | shape_values for name in node.output)
    ]
    if not nodes:
        raise ExplorerError(
            f"{printable(str(file.path))} computes nothing from its input: there is no layer to "
            "show."
        )
    inputs = _numbered("input", [v.name for v in graph.input if v.name not in initialisers])
    outputs = _numbered("output", [value.name for value in graph.output])
    trained = {name for name in constants if types.get(name) in _FLOATS}
    named, blocks = _Names(file.model, trained, [*inputs, *outputs]).of(nodes)
    layers = []
    for node, (name, parent) in zip(nodes, named, strict=True):
        taken = tuple(dict.fromkeys(inputs_of(node)))
        data = tuple(t for t in taken if t not in constants and t not in shape_values)
        weights = tuple(tensor for tensor in taken if tensor in constants)
        layers.append(OnnxLayer(name, parent, node, data, weights))
    return OnnxNetwork(
        file, declared, tuple(layers), blocks, inputs, outputs, shapes, types, initialisers,
        frozenset(constants),
    )  # fmt: skip


def _numbered(word: str, tensors: Iterable[str]) -> dict[str, str]:
    return {
        word if number == 1 else f"{word}#{number}": tensor
        for number, tensor in enumerate(tensors, start=1)
    }


def _worked_out_before(graph: GraphProto, initialisers: Iterable[str]) -> tuple[set[str], set[str]]:
    """The tensors that are the same for every input; and those that hold but sizes of others."""
    constants = set(initialisers)
    sizes: set[str] = set()
    for node in graph.node:
        taken = set(inputs_of(node))
        outputs = set(filter(None, node.output))
        if node.op_type in _RANDOM:
            continue
        if taken <= constants:
            constants |= outputs
        elif node.op_type in ("Shape", "Size") or taken <= constants | sizes:
            sizes |= outputs
    return constants, sizes


# shapes


def _inferred(
    file: OnnxFile, declared: DeclaredInput, size: int
) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """The shapes and types of all tensors, by ONNX's own rules. Weights are left out of what is
    handed over to it: their sizes are enough."""
    skeleton = _without_weights(file.model)
    for value in skeleton.graph.input:
        if value.name == declared.name:
            dims = value.type.tensor_type.shape.dim
            for dim, length in zip(dims, declared.concrete(size), strict=True):
                dim.Clear()
                dim.dim_value = length
    for value in skeleton.graph.output:  # they may name sizes that follow from the input's
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.Clear()
    del skeleton.graph.value_info[:]
    shown = printable(str(file.path))
    try:
        _check(skeleton)
        shapes, types = _shapes_in(skeleton)
        for _ in range(_PASSES):
            made = (name for node in skeleton.graph.node for name in node.output if name)
            if all(name in shapes for name in made):
                break
            if not with_sizes_worked_out(skeleton, shapes):
                break
            again = _shapes_in(skeleton)  # without what is a number by now
            if again[0].keys() <= shapes.keys():
                break
            shapes, types = shapes | again[0], types | again[1]
    except Exception as error:  # onnx's C++ raises errors of several kinds
        raise ExplorerError(
            f"{shown} is damaged: {_first_line(error)}.", details=str(error)
        ) from error
    for tensor in file.model.graph.initializer:
        shapes[tensor.name] = tuple(tensor.dims)
        types[tensor.name] = tensor.data_type
    for name, shape in shapes.items():
        need = 4 * math.prod(shape)
        if need > _LARGEST:
            raise ExplorerError(
                f'{shown} makes a tensor of {format_size(need)} ("{printable(name, _LONGEST)}"): '
                "that is too much to run."
            )
    return shapes, types


def _shapes_in(model: ModelProto) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    seen = shape_inference.infer_shapes(model, data_prop=True)
    shapes: dict[str, tuple[int, ...]] = {}
    types: dict[str, int] = {}
    for value in (*seen.graph.input, *seen.graph.output, *seen.graph.value_info):
        tensor = value.type.tensor_type
        types[value.name] = tensor.elem_type
        dims = tensor.shape.dim
        if tensor.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            shapes[value.name] = tuple(dim.dim_value for dim in dims)
    for known in seen.graph.initializer:
        shapes[known.name], types[known.name] = tuple(known.dims), known.data_type
    return shapes, types


def _check(model: ModelProto) -> None:
    """ONNX's own check, which also wants shapes that ONNX lets a file leave out."""
    shapeless = [
        value.type.tensor_type
        for value in (*model.graph.input, *model.graph.output)
        if value.type.HasField("tensor_type") and not value.type.tensor_type.HasField("shape")
    ]
    for tensor in shapeless:
        tensor.shape.SetInParent()
    onnx.checker.check_model(model)
    for tensor in shapeless:
        tensor.ClearField("shape")


def _without_weights(model: ModelProto) -> ModelProto:
    """A copy with inputs in the place of large tensors, made without copying them."""
    copy = ModelProto()
    copy.ir_version = model.ir_version
    copy.opset_import.extend(model.opset_import)
    graph = copy.graph
    graph.name = model.graph.name or "graph"
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    graph.node.extend(model.graph.node)
    given = {value.name for value in graph.input}
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= MOST:
            graph.initializer.append(tensor)
        elif tensor.name not in given:
            graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    return copy


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(lines[0] if lines else type(error).__name__, 160).rstrip(".")


# names


@dataclass(frozen=True)
class _Place:
    """Where a node stands by its name."""

    chain: Chain
    last: str
    is_operator: bool = False
    """Whether `last` is but the operator's name, so that the block around it is the layer."""


class _Names:
    """Names of layers and blocks, from those of nodes and tensors."""

    def __init__(self, model: ModelProto, weights: set[str], taken: Iterable[str]) -> None:
        self._weights = weights
        self._taken = set(taken)
        self._reserved = frozenset(self._taken)
        self._classes = {entry.key: entry.value for entry in model.metadata_props}

    def of(self, nodes: Sequence[NodeProto]) -> tuple[list[tuple[str, str]], tuple[OnnxBlock, ...]]:
        """(name, parent) of each node, and the blocks."""
        places = self._places(nodes)
        alone = Counter(place.chain for place in places)
        inside = {place.chain[:n] for place in places for n in range(len(place.chain))}
        scopes = inside | set(alone)
        placed: list[tuple[Chain, str]] = []
        for place, node in zip(places, nodes, strict=True):
            chain, last = place.chain, place.last
            if place.is_operator and chain and alone[chain] == 1 and chain not in inside:
                placed.append((chain[:-1], chain[-1]))  # a module of one node is that node
            elif not place.is_operator and (*chain, last) in scopes:
                placed.append(((*chain, last), node.op_type))
            else:
                placed.append((chain, last))
        self._taken |= {
            ".".join(chain[:n]) for chain, _ in placed for n in range(1, len(chain) + 1)
        }
        children: dict[Chain, dict[str, None]] = {}
        named = []
        for chain, last in placed:
            name = self._fresh(".".join((*chain, last)))
            named.append((name, ".".join(chain)))
            part = name
            for length in range(len(chain), 0, -1):
                children.setdefault(chain[:length], {})[part] = None
                part = ".".join(chain[:length])
        blocks = tuple(
            OnnxBlock(
                ".".join(chain), ".".join(chain[:-1]), self._class_of(".".join(chain)), tuple(parts)
            )
            for chain, parts in children.items()
        )
        return named, blocks

    def _places(self, nodes: Sequence[NodeProto]) -> list[_Place]:
        found = {number: self._place_by_name(node) for number, node in enumerate(nodes)}
        known = {number: place for number, place in found.items() if place is not None}
        known = _without_common(known)
        if len(known) < len(found):  # no node has a name
            known = _staged(known)
            _place_between(nodes, known)
        return [known[number] for number in range(len(nodes))]

    def _place_by_name(self, node: NodeProto) -> _Place | None:
        """By the name of the module, the node, its output, or its weights; None without any."""
        scopes = _module_scopes(node)
        if scopes is not None:
            return _Place(self._chain(scopes.split(".")), node.op_type, is_operator=True)
        text = "" if _COUNTED.fullmatch(node.name) else node.name
        by_operator = bool(text)
        if not text:
            output = next(filter(None, node.output), "")
            text = "" if _COUNTED.fullmatch(output) else output
        if not text:
            text = next((name for name in node.input if name in self._weights), "")
            # conv2_1/x1/bn_s_0, and Caffe's res2_0_branch2a_w_0
            text = re.sub(r"_(?=branch\d)", "/", _OF_WEIGHTS.sub("", text))
            if not text or _COUNTED.fullmatch(text):
                return None
        parts = [part for part in text.split("/") if part] or [node.op_type]
        chain: list[str] = []
        before = ""
        for part in parts[:-1]:
            # torch repeats the name of a container: /layer1/layer1.0
            chain += _split_numbers(part.removeprefix(f"{before}.") if before else part)
            before = part
        is_operator = by_operator and bool(
            re.fullmatch(re.escape(node.op_type) + r"(_\d+)?", parts[-1])
        )
        return _Place(self._chain(chain), _clean(parts[-1]), is_operator)

    def _chain(self, parts: Iterable[str]) -> Chain:
        chain = [_clean(part) for part in parts if part]
        if chain and chain[0] in self._reserved:
            chain[0] = f"{chain[0]} block"
        return tuple(chain[:_DEEPEST])

    def _class_of(self, name: str) -> str:
        return printable(self._classes.get(f"{CLASS_OF}{name}", SCOPE), 40)

    def _fresh(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        self._taken.add(name)
        return name


def _place_between(nodes: Sequence[NodeProto], known: dict[int, _Place]) -> None:
    """Give nodes that have neither a name nor weights the block of their neighbours: that of what
    they take, where it agrees, else of the last; a pooling beside other ways of the data
    (Inception) that of what it feeds."""
    maker = {output: number for number, node in enumerate(nodes) for output in node.output}
    sources = [sorted({maker[name] for name in inputs_of(node) if name in maker}) for node in nodes]
    takers: dict[int, list[int]] = {}
    for number, before in enumerate(sources):
        for source in before:
            takers.setdefault(source, []).append(number)
    later = []
    for number, node in enumerate(nodes):
        if number in known:
            continue
        before = sources[number]
        beside = len(before) == 1 and len(takers[before[0]]) > 1
        if "Pool" in node.op_type and beside and len(takers.get(number, ())) == 1:
            later.append(number)
            continue
        chains = [known[source].chain for source in before if source in known]
        chain = _common(chains) or (chains[-1][:1] if chains else ())
        known[number] = _Place(chain, node.op_type)
    for number in reversed(later):
        known[number] = _Place(known[takers[number][0]].chain, nodes[number].op_type)


def _staged(places: dict[int, _Place]) -> dict[int, _Place]:
    """Places with ``res2_0``, ``res2_1`` put into ``res2``: what Caffe2 calls the units of a
    stage."""
    stage_of: dict[str, str] = {}
    for name in {place.chain[0] for place in places.values() if place.chain}:
        stem, mark, number = name.rpartition("_")
        if mark and number.isdecimal() and stem[-1:].isdecimal():
            stage_of[name] = stem
    units = Counter(stage_of.values())
    taken = {place.chain[0] if place.chain else place.last for place in places.values()}
    return {
        number: replace(place, chain=(stage_of[place.chain[0]], *place.chain)[:_DEEPEST])
        if place.chain
        and units[stage_of.get(place.chain[0], "")] > 1
        and stage_of[place.chain[0]] not in taken
        else place
        for number, place in places.items()
    }


def _common(chains: Sequence[Chain]) -> Chain:
    shortest = min(map(len, chains), default=0)
    length = 0
    while length < shortest and len({chain[length] for chain in chains}) == 1:
        length += 1
    return chains[0][:length] if chains else ()


CLASS_OF = "cnn_explorer.class."
"""Before a block's name: where a file that this program wrote says the class of its module."""


def _module_scopes(node: NodeProto) -> str | None:
    """The module that a node stands in, as torch's newer exporter writes it beside the name."""
    text = next((e.value for e in node.metadata_props if e.key == "pkg.torch.onnx.name_scopes"), "")
    if not text or len(text) > 10_000:
        return None
    try:
        scopes = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    if isinstance(scopes, list) and len(scopes) >= 2 and isinstance(scopes[-2], str):
        return scopes[-2]
    return None


def _split_numbers(part: str) -> list[str]:
    """``blocks.0`` is a block ``0`` in ``blocks``; other points are part of a name."""
    found: list[str] = []
    while True:
        head, point, tail = part.rpartition(".")
        if not (point and head and tail.isdecimal()):
            return [part, *found]
        found.insert(0, tail)
        part = head


def _without_common(places: dict[int, _Place]) -> dict[int, _Place]:
    """Places without the blocks that all lie in: ``gpu_0``, ``StatefulPartitionedCall``."""
    while len(places) > 1 and all(place.chain for place in places.values()):
        if len({place.chain[0] for place in places.values()}) > 1:
            break
        places = {number: replace(place, chain=place.chain[1:]) for number, place in places.items()}
    return places


def _clean(part: str) -> str:
    """A part of a name as it can be shown; brackets and number signs mean something here."""
    return printable(part, _LONGEST).translate(str.maketrans("[]#", "()~")) or "node"
