"""Reading an ONNX file that nobody vouches for: nothing in it is believed before it is checked.

A file is a protobuf message: a graph of operators, and the weights, in the file or beside it. It
holds no program, but it can lie about sizes, name files anywhere on the disk as its weights, nest
without end, or be cut off. `read_onnx` gives a model of which the following holds, or raises
`ExplorerError` with one sentence: every tensor holds as many bytes as its dimensions say; weights
beside the file lay in its own folder, reached without ``..`` and links, and are loaded; nodes stand
in the order in which they can be computed; every operator is known; functions of the file's own
are written out. Nothing is computed and nothing written.
"""

import contextlib
import math
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import onnx
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto

from cnn_explorer.errors import ExplorerError
from cnn_explorer.text import format_size, printable

_MOST_BYTES = (1 << 31) - 1
"""Of the file and of all weights together: what one protobuf message can hold."""
_MOST_NODES = 100_000
"""After functions are written out. The largest published networks have a few thousand."""
_DEEPEST = 16
"""Graphs in graphs (the branches of ``If``, the body of ``Loop``)."""
_LONGEST_NAME = 120

_RUNTIME_DOMAINS = ("com.microsoft",)
"""Operators that ONNX Runtime adds to the standard; their shapes are not known here."""


@dataclass(frozen=True, eq=False)
class OnnxFile:
    """A checked model, and where it came from."""

    path: Path
    model: ModelProto
    """Self-contained: its weights are loaded, its own functions written out, its nodes sorted."""


def read_onnx(path: Path) -> OnnxFile:
    """Read and check an ONNX file. Raises `ExplorerError`."""
    model = _parsed(path)
    checks = _Checks(path)
    checks.check_text(model)
    checks.check_head(model)
    checks.check_functions(model)
    for tensor in _tensors_of(model, checks):
        checks.check_tensor(tensor)
    _load_external(path, model, checks)
    if model.functions:
        model = checks.inlined(model)
    checks.sort_nodes(model.graph)
    checks.check_operators(model)
    return OnnxFile(path, model)


def _parsed(path: Path) -> ModelProto:
    shown = printable(str(path))
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # a pipe would be waited for
            raise ExplorerError(f"{shown} is no file that can be opened.")
        if facts.st_size > _MOST_BYTES:
            raise ExplorerError(
                f"{shown} has {format_size(facts.st_size)}: an ONNX file has less than 2 GB, with "
                "larger weights in files beside it."
            )
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ExplorerError(f"{shown} cannot be read: {reason}.") from error
    except ValueError as error:  # a null character in the name
        raise ExplorerError(f"{shown} is no name of a file.") from error
    if not content:
        raise ExplorerError(f"{shown} is empty.")
    try:
        model: ModelProto = ModelProto.FromString(content)
    except (DecodeError, RecursionError, RuntimeError) as error:
        raise ExplorerError(f"{shown} is damaged or no ONNX file: it cannot be read.") from error
    if not model.HasField("graph") or model.ir_version < 1:
        raise ExplorerError(f"{shown} is damaged or no ONNX file: it holds no graph.")
    return model


class _Checks:
    """What must hold of a model; every complaint names the file."""

    def __init__(self, path: Path) -> None:
        self._shown = printable(str(path))

    def fail(self, what: str) -> ExplorerError:
        return ExplorerError(f"{self._shown} {what}.")

    def check_head(self, model: ModelProto) -> None:
        graph = model.graph
        if not graph.node:
            raise self.fail("has no operators: there is nothing to show")
        if not graph.output:
            raise self.fail("has no outputs, so nothing can be computed with it")
        if len(graph.node) > _MOST_NODES:
            raise self.fail(f"has more than {_MOST_NODES:,} operators, which is too many")
        if not model.opset_import:
            raise self.fail("does not say which version of the operators it uses (no opset)")
        newest = onnx.defs.onnx_opset_version()
        for opset in model.opset_import:
            if opset.domain in ("", "ai.onnx") and not 1 <= opset.version <= newest:
                raise self.fail(
                    f"uses version {opset.version} of ONNX's operators; those up to {newest} are "
                    "known here"
                )

    def check_text(self, message: Message, depth: int = 0) -> None:
        """Whether all names are text: the parser hands out bytes where they are not."""
        if depth > _DEEPEST * 4:
            raise self.fail(f"nests graphs more than {_DEEPEST} deep")
        for field, value in message.ListFields():
            several = value if _is_several(value) else (value,)
            if field.type == FieldDescriptor.TYPE_STRING:
                if not all(isinstance(text, str) for text in several):
                    raise self.fail("is damaged: a name in it is no text")
            elif field.type == FieldDescriptor.TYPE_MESSAGE:
                for part in several:
                    self.check_text(part, depth + 1)

    def check_tensor(self, tensor: TensorProto) -> None:
        """Whether a tensor holds what its dimensions say; of one beside the file, later."""
        name = _named(tensor.name, "a tensor without a name")
        if any(size < 0 for size in tensor.dims):
            raise self.fail(f"is damaged: {name} has a negative dimension")
        if tensor.HasField("segment"):
            raise self.fail(f"keeps {name} in segments, which nothing reads")
        need = self.bytes_of(tensor, name)
        if need > _MOST_BYTES:
            raise self.fail(f"holds {name} of {format_size(need)}: that is too much to load")
        if tensor.data_location == TensorProto.EXTERNAL:
            return
        if not _holds(tensor, need):
            raise self.fail(
                f"is damaged: {name} should hold {format_size(need)} ({_times(tensor.dims)} "
                "values), which are not there"
            )

    def bytes_of(self, tensor: TensorProto, name: str) -> int:
        try:
            bits = _bits(tensor.data_type)
        except (KeyError, TypeError, ValueError) as error:
            raise self.fail(f"is damaged: {name} has values of no known type") from error
        return -(-_count(tensor) * bits // 8)

    def check_functions(self, model: ModelProto) -> None:
        """No function calls itself, and all written out they stay within bounds."""
        functions = {(f.domain, f.name): f for f in model.functions}
        sizes: dict[tuple[str, str], int] = {}
        open_: set[tuple[str, str]] = set()

        def size_of(nodes: Iterable[NodeProto], depth: int) -> int:
            total = 0
            for node in nodes:
                key = (node.domain, node.op_type)
                total += size_of_function(key, depth) if key in functions else 1
                for inner in _graphs_of(node):
                    if depth >= _DEEPEST:
                        raise self.fail(f"nests graphs more than {_DEEPEST} deep")
                    total += size_of(inner.node, depth + 1)
                if total > _MOST_NODES:
                    raise self.fail(
                        f"has more than {_MOST_NODES:,} operators once its functions are written "
                        "out, which is too many"
                    )
            return total

        def size_of_function(key: tuple[str, str], depth: int) -> int:
            if key in sizes:
                return sizes[key]
            name = _named(key[1], "a function")
            if key in open_ or depth >= _DEEPEST * 4:
                raise self.fail(f"is damaged: its function {name} calls itself")
            open_.add(key)
            sizes[key] = size_of(functions[key].node, depth + 1)
            open_.discard(key)
            return sizes[key]

        size_of(model.graph.node, 0)
        for key in functions:
            size_of_function(key, 0)

    def inlined(self, model: ModelProto) -> ModelProto:
        """The model with its own functions written out where they are called."""
        from onnx import inliner

        try:
            return inliner.inline_local_functions(model)
        except Exception as error:  # onnx's C++ raises RuntimeError and errors of its own
            raise self.fail("is damaged: its functions do not fit their calls") from error

    def sort_nodes(self, graph: GraphProto) -> None:
        """Put nodes in an order in which each comes after those whose outputs it takes."""
        known = {tensor.name for tensor in graph.initializer}
        known |= {value.name for value in graph.input}
        if graph.sparse_initializer:
            raise self.fail("has sparse weights, which are not read here")
        maker: dict[str, int] = {}
        for number, node in enumerate(graph.node):
            for output in filter(None, node.output):
                if output in maker or output in known:
                    raise self.fail(f"is damaged: {_named(output)} is made twice")
                maker[output] = number
        for output in graph.output:
            if output.name not in maker and output.name not in known:
                raise self.fail(f"is damaged: nothing makes its output {_named(output.name)}")
        waiting: list[int] = []
        after: dict[int, list[int]] = {}
        for number, node in enumerate(graph.node):
            needed = set()
            for name in inputs_of(node):
                if name in maker:
                    needed.add(maker[name])
                elif name not in known:
                    raise self.fail(
                        f"is damaged: {_named(name)} is taken by {_of_node(node)} and made by "
                        "nothing"
                    )
            waiting.append(len(needed))
            for before in needed:
                after.setdefault(before, []).append(number)
        order = [number for number, count in enumerate(waiting) if not count]
        for number in order:
            for later in after.get(number, ()):
                waiting[later] -= 1
                if not waiting[later]:
                    order.append(later)
        if len(order) < len(graph.node):
            stuck = next(node for node, count in zip(graph.node, waiting, strict=True) if count)
            raise self.fail(
                f"is damaged: {_of_node(stuck)} needs its own output (the graph goes in a circle)"
            )
        if not _is_sorted(graph.node, maker):
            nodes = [graph.node[number] for number in order]
            kept = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
            del graph.node[:]
            graph.node.extend(kept)

    def check_operators(self, model: ModelProto) -> None:
        """Whether every operator is one that is known in the version that the file names."""
        versions = {_domain(opset.domain): opset.version for opset in model.opset_import}
        for node in _nodes_of(model.graph):
            domain = _domain(node.domain)
            if domain in _RUNTIME_DOMAINS:
                continue
            version = versions.get(domain)
            schema = None
            if version is not None:
                with contextlib.suppress(onnx.defs.SchemaError):
                    schema = onnx.defs.get_schema(node.op_type, version, domain)
            if schema is None:
                where = f' of the domain "{printable(domain, 60)}"' if domain else ""
                raise self.fail(
                    f'uses the operator "{printable(node.op_type, 60)}"{where}, which is not '
                    "known here"
                )
            if not _has_needed_inputs(node, schema):
                raise self.fail(f"is damaged: {_of_node(node)} lacks an input that it needs")


def inputs_of(node: NodeProto) -> Iterator[str]:
    """The tensors that a node takes, those that graphs inside it take from around them too."""
    yield from filter(None, node.input)
    for graph in _graphs_of(node):
        own = {value.name for value in graph.input} | {t.name for t in graph.initializer}
        for inner in graph.node:
            yield from (name for name in inputs_of(inner) if name not in own)
            own.update(inner.output)
        yield from (value.name for value in graph.output if value.name not in own)


def _graphs_of(node: NodeProto) -> Iterator[GraphProto]:
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH or attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _nodes_of(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for inner in _graphs_of(node):
            yield from _nodes_of(inner)


def _tensors_of(model: ModelProto, checks: _Checks) -> Iterator[TensorProto]:
    """Every tensor of a model, wherever it stands."""

    def in_nodes(nodes: Iterable[NodeProto]) -> Iterator[TensorProto]:
        for node in nodes:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    yield attribute.t
                yield from attribute.tensors
                if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                    raise checks.fail("has sparse tensors, which are not read here")
            for inner in _graphs_of(node):
                yield from inner.initializer
                yield from in_nodes(inner.node)

    yield from model.graph.initializer
    yield from in_nodes(model.graph.node)
    functions: Sequence[FunctionProto] = model.functions
    for function in functions:
        yield from in_nodes(function.node)


# weights beside the file


def _load_external(path: Path, model: ModelProto, checks: _Checks) -> None:
    """Take weights that lie beside the file into the model."""
    total = 0
    for tensor in _tensors_of(model, checks):
        if tensor.data_location != TensorProto.EXTERNAL:
            continue
        name = _named(tensor.name)
        need = checks.bytes_of(tensor, name)
        total += need
        if total > _MOST_BYTES:
            raise checks.fail("has weights of more than 2 GB beside it: that is too much to load")
        entries = {entry.key: entry.value for entry in tensor.external_data}
        content = _read_part(path, entries, need, name, checks)
        tensor.ClearField("external_data")
        tensor.data_location = TensorProto.DEFAULT
        tensor.raw_data = content


def _read_part(
    path: Path, entries: Mapping[str, str], need: int, name: str, checks: _Checks
) -> bytes:
    location = entries.get("location", "")
    place = _place_inside(path, location, checks)
    try:
        offset = int(entries.get("offset") or 0)
        length = int(entries.get("length") or need)
    except ValueError as error:
        raise checks.fail(f"is damaged: it does not say where {name} lies") from error
    if length != need or offset < 0:
        raise checks.fail(f"is damaged: {name} is not as long as its dimensions say")
    shown = printable(location, _LONGEST_NAME)
    try:
        # not through a link that was put there after the check
        with open(os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise checks.fail(f'keeps weights in "{shown}", which is no file')
            if offset + need > facts.st_size:
                raise checks.fail(f'is not complete: "{shown}" is too short to hold {name}')
            file.seek(offset)
            return file.read(need)
    except FileNotFoundError as error:
        raise checks.fail(
            f'keeps its weights in "{shown}" beside it, which is not there: put it into the same '
            "folder"
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise checks.fail(f'keeps its weights in "{shown}", which cannot be read: {reason}') from (
            error
        )


def _place_inside(path: Path, location: str, checks: _Checks) -> Path:
    """Where weights beside the file lie; only in its own folder and those inside it."""
    shown = printable(location, _LONGEST_NAME)
    outside = checks.fail(
        f'wants weights from "{shown}", which is outside its own folder: that is not read'
    )
    parts = location.replace("\\", "/").split("/")
    if not location or "\0" in location:
        raise checks.fail("is damaged: it does not say in which file its weights lie")
    if Path(location).is_absolute() or not parts[0] or ":" in parts[0] or ".." in parts:
        raise outside
    place = path.parent
    for part in parts:
        place = place / part
        if place.is_symlink():
            raise checks.fail(
                f'wants weights from "{shown}", which is a link to elsewhere: that is not read'
            )
    folder = path.parent.resolve()
    if not place.resolve().is_relative_to(folder):
        raise outside
    return place


# words and sizes


def _holds(tensor: TensorProto, need: int) -> bool:
    """Whether a tensor's values are there, in one of the fields that can hold them."""
    count = _count(tensor)
    if tensor.data_type == TensorProto.STRING:
        return len(tensor.string_data) == count
    if tensor.HasField("raw_data"):
        return len(tensor.raw_data) == need
    if not count:
        return True
    typed = (
        tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data,
        tensor.uint64_data,
    )  # fmt: skip
    pairs = tensor.data_type in (TensorProto.COMPLEX64, TensorProto.COMPLEX128)
    packed = -(-count * _bits(tensor.data_type) // 8) if _bits(tensor.data_type) < 8 else count
    return any(len(values) == (2 * count if pairs else packed) for values in typed)


def _has_needed_inputs(node: NodeProto, schema: onnx.defs.OpSchema) -> bool:
    """Whether what is left out may be left out. ONNX's own check counts inputs and does not mind
    an empty name among them; ONNX Runtime crashes at one where a sum or a convolution needs it."""
    if len(node.input) < schema.min_input:
        return False
    optional = onnx.defs.OpSchema.FormalParameterOption.Optional
    formal = schema.inputs
    return all(
        name or (formal and formal[min(place, len(formal) - 1)].option == optional)
        for place, name in enumerate(node.input)
    )


def _is_several(value: object) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes)


def _count(tensor: TensorProto) -> int:
    return math.prod(int(size) for size in tensor.dims)


def _bits(data_type: int) -> int:
    """How many bits a value of a type takes; of text, the least."""
    if data_type == TensorProto.STRING:
        return 8
    narrow = {"UINT4": 4, "INT4": 4, "FLOAT4E2M1": 4, "UINT2": 2, "INT2": 2}
    name = TensorProto.DataType.Name(cast(Any, data_type))
    if name == "UNDEFINED":
        raise ValueError("a tensor without a type")
    if name in narrow:
        return narrow[name]
    return int(onnx.helper.tensor_dtype_to_np_dtype(data_type).itemsize) * 8


def _is_sorted(nodes: Sequence[NodeProto], maker: Mapping[str, int]) -> bool:
    return all(
        maker.get(name, -1) < number
        for number, node in enumerate(nodes)
        for name in inputs_of(node)
    )


def _domain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _named(name: str, otherwise: str = "a tensor") -> str:
    return f'"{printable(name, _LONGEST_NAME)}"' if name else otherwise


def _of_node(node: NodeProto) -> str:
    name = f" {_named(node.name)}" if node.name else ""
    return f"the operator {printable(node.op_type, 60)}{name}"


def _times(sizes: Iterable[int]) -> str:
    return " × ".join(map(str, sizes)) or "one"
