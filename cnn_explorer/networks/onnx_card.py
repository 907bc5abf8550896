"""An ONNX file as a network among others: its card, and the names of its classes."""

import json
import math

from onnx import ModelProto, TensorProto

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.labels import class_names, names_beside, numbered
from cnn_explorer.networks.onnx_facts import LIBRARY, PictureInput
from cnn_explorer.networks.onnx_input import preprocessing_of
from cnn_explorer.networks.onnx_layers import CLASS_OF, OnnxNetwork
from cnn_explorer.text import printable

_NAMES = "cnn_explorer.classes"
_UNTRAINED = "cnn_explorer.untrained"
_MOST_CLASSES = 100_000
_LONGEST = 200
_LARGE = 1000
"""Values of a weight that a training would make differ."""


def onnx_card(network: OnnxNetwork, chosen: PictureInput) -> NetworkCard:
    """The card of a file. Its name is the file's path, which no network's name is."""
    path, model = network.file.path, network.file.model
    written = " ".join(filter(None, (model.producer_name, model.producer_version)))
    return NetworkCard(
        name=str(path),
        title=printable(path.stem, 60),
        family=LIBRARY,
        year=0,
        authors="",
        paper="",
        url="",
        builder="",
        depth=0,
        parameters=0,
        macs=0,
        preprocessing=preprocessing_of(chosen, model, network.declared),
        classes="",
        accuracy="",
        variant=f"written by {printable(written, 60)}" if written else "",
        library=LIBRARY,
    )


def class_tensor(network: OnnxNetwork) -> tuple[str, int] | None:
    """The output that tells classes apart, and how many; None where no output does."""
    for tensor in network.outputs.values():
        shape = network.shapes.get(tensor, ())
        floating = network.types.get(tensor) in (
            TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE,
        )  # fmt: skip
        if floating and len(shape) >= 2 and shape[0] == network.declared.batch:
            wide = [size for size in shape[1:] if size != 1]
            if len(wide) == 1 and 1 < wide[0] <= _MOST_CLASSES:
                return tensor, wide[0]
    return None


def names_of_classes(
    network: OnnxNetwork, preprocessing: Preprocessing, count: int
) -> tuple[tuple[str, ...], str]:
    """What the classes are called, and what is to be said of the file that names them."""
    beside, complaint = names_beside(network.file.path, count)
    if beside is not None:
        return beside, complaint
    own = _own_names(network.file.model)
    if len(own) == count:
        return own, complaint
    sets = {1000: "imagenet-1k"}
    if count == 10 and preprocessing.kind == "digit":
        sets[10] = "mnist"
    try:
        return class_names(sets[count]), complaint
    except (KeyError, ExplorerError):
        return numbered(count), complaint


def is_untrained(network: OnnxNetwork) -> bool:
    """Whether a network's weights are no result of a training: the file says so, or all of its
    large weights are one number each (the light models among ONNX's own tests)."""
    model = network.file.model
    if any(entry.key == _UNTRAINED for entry in model.metadata_props):
        return True
    makers = {out: node for node in model.graph.node for out in node.output}

    def is_one_number(name: str) -> bool:
        while name in makers and makers[name].op_type != "ConstantOfShape":
            name = next(iter(makers[name].input), "")
        return name in makers

    weights = {name for layer in network.layers for name in network.parameters_of(layer)}
    large = [name for name in weights if math.prod(network.shapes.get(name, ())) >= _LARGE]
    return bool(large) and all(map(is_one_number, large))


def note_facts(
    model: ModelProto, names: tuple[str, ...], classes: dict[str, str], *, trained: bool
) -> None:
    """Write into a model what ONNX has no place for: the names of its classes, the classes of
    torch that its blocks are of, and whether its weights are random."""
    facts = {_NAMES: json.dumps(names)}
    facts |= {f"{CLASS_OF}{block}": name for block, name in classes.items()}
    if not trained:
        facts[_UNTRAINED] = "yes"
    for key, value in facts.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value


def _own_names(model: ModelProto) -> tuple[str, ...]:
    text = next((entry.value for entry in model.metadata_props if entry.key == _NAMES), "")
    try:
        names = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return ()
    return tuple(printable(name, _LONGEST) for name in names)
