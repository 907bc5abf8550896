"""What an ONNX file wants as its input, and how a picture becomes that.

A file says the input's size and type, no more. What range the values have and in which order the
colours come is known to whoever trained the network: it is guessed here, from what wrote the file
and from its first operators, and a person can say otherwise. Files that this program wrote say it.
"""

import json
import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, numpy_helper

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.onnx_facts import SIZES, VALUES, DeclaredInput, PictureInput, Values

_USUAL_SIZE = 224
_METADATA = "cnn_explorer.input"
"""Where a file that this program wrote says how its pictures are prepared."""

# per channel: of ImageNet, of its grey values, of MNIST
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_GREY = ((0.449,), (0.226,))
_MNIST = ((0.1307,), (0.3081,))


def declared_input(model: ModelProto) -> DeclaredInput:
    """The input of a network; with a `refusal` where it is not one picture."""
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if not inputs:
        return DeclaredInput("", (), refusal="it has no input: it gives the same answer each time.")
    (first, *others) = inputs
    tensor = first.type.tensor_type
    shape: tuple[int | None, ...] = tuple(
        dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None
        for dim in tensor.shape.dim
    )
    plain = DeclaredInput(first.name, shape)

    def refused(why: str) -> DeclaredInput:
        return replace(plain, refusal=f"{why}, so no picture can be given to it.")

    if others:
        return refused(f"it takes {len(inputs)} inputs")
    if not first.type.HasField("tensor_type"):
        return refused("its input is no tensor")
    if tensor.elem_type not in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
        kind = TensorProto.DataType.Name(tensor.elem_type).lower()  # type: ignore[arg-type]
        return refused(f"its input holds values of type {kind}")
    if not tensor.HasField("shape"):
        return refused("it does not say the shape of its input")
    if len(shape) != 4:
        sizes = " × ".join("any" if dim is None else str(dim) for dim in shape)
        return refused(f"its input is of shape {sizes or 'one number'}")
    last = shape[3] in (1, 3) and shape[1] not in (1, 3)
    channels = shape[3] if last else shape[1]
    sides = shape[1:3] if last else shape[2:4]
    if channels is None:
        channels = 3
    if channels not in (1, 3):
        return refused(f"its input has {channels} channels")
    known = [side for side in sides if side is not None]
    if len(set(known)) > 1:
        return refused(f"its pictures are {known[1]} × {known[0]} pixels, and not square")
    if known and not SIZES[0] <= known[0] <= SIZES[1]:
        return refused(f"its pictures are {known[0]} pixels wide")
    batch = 1 if shape[0] is None else shape[0]
    if batch > 64:
        return refused(f"it takes {batch} pictures at once")
    return replace(
        plain,
        channels=channels,
        side=known[0] if known else None,
        channels_last=last,
        batch=batch,
    )


def guessed_input(model: ModelProto, declared: DeclaredInput) -> PictureInput:
    """How pictures were most likely prepared for a network."""
    size = declared.side or _USUAL_SIZE
    own = _own_preprocessing(model)
    if (
        own is not None
        and (declared.side in (None, own.crop))
        and own.channels == (declared.channels)
    ):
        return PictureInput(own.crop, "file")
    producer = model.producer_name.lower()
    first = _first_constant(model, declared.name)
    if first is not None:  # the graph brings values into their range itself
        operator, value = first
        raw = operator in ("Div", "Mul") and (value > 100 or value < 0.01)
        return PictureInput(size, "bytes" if raw or value > 1.5 else "unit")
    if declared.channels == 1:
        return PictureInput(size, "unit")
    if "caffe" in producer:
        return PictureInput(size, "caffe", "bgr")
    if declared.channels_last or "tf2onnx" in producer or "keras" in producer:
        return PictureInput(size, "symmetric")
    return PictureInput(size, "normalised")


def checked_input(wanted: PictureInput, model: ModelProto, declared: DeclaredInput) -> PictureInput:
    """What a person asks for, if the network can take it. Raises `ExplorerError`."""
    if not SIZES[0] <= wanted.size <= SIZES[1]:
        raise ExplorerError(f"pictures of {wanted.size} pixels are too small or too large.")
    if declared.side not in (None, wanted.size) and not declared.refusal:
        raise ExplorerError(
            f"the network takes pictures of {declared.side} pixels, not of {wanted.size}."
        )
    own = _own_preprocessing(model)
    if wanted.values == "file" and (own is None or own.crop != wanted.size):
        raise ExplorerError("the file does not say how such pictures are prepared for it.")
    return wanted


def offered_values(model: ModelProto) -> tuple[Values, ...]:
    """The ranges of values to choose from."""
    known = _own_preprocessing(model) is not None
    return tuple(values for values in VALUES if values != "file" or known)


def preprocessing_of(
    chosen: PictureInput, model: ModelProto, declared: DeclaredInput
) -> Preprocessing:
    """The rules to prepare pictures by. The order of the colours is the session's business."""
    if chosen.values == "file":
        own = _own_preprocessing(model)
        if own is not None:
            return own
    channels = declared.channels or 3
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    digit = channels == 1 and 28 <= chosen.size <= 32
    if chosen.values == "normalised":
        mean, deviation = _MNIST if digit else _GREY if channels == 1 else _IMAGENET
    elif chosen.values == "caffe":
        mean = (_GREY if channels == 1 else _IMAGENET)[0]
        deviation = (1 / 255,) * channels
    elif chosen.values == "bytes":
        mean, deviation = (0.0,) * channels, (1 / 255,) * channels
    elif chosen.values == "symmetric":
        mean, deviation = (0.5,) * channels, (0.5,) * channels
    else:
        mean, deviation = (0.0,) * channels, (1.0,) * channels
    if digit:
        return Preprocessing("digit", 20, chosen.size, mean, deviation)
    resize = round(chosen.size * 256 / 224) if chosen.size >= 96 else chosen.size
    return Preprocessing("photo", resize, chosen.size, mean, deviation)


def note_preprocessing(model: ModelProto, preprocessing: Preprocessing) -> None:
    """Write into a model how pictures are prepared for it."""
    entry = model.metadata_props.add()
    entry.key = _METADATA
    entry.value = json.dumps(asdict(preprocessing))


def _own_preprocessing(model: ModelProto) -> Preprocessing | None:
    """What `note_preprocessing` wrote, if it makes sense."""
    text = next((e.value for e in model.metadata_props if e.key == _METADATA), "")
    try:
        facts: dict[str, Any] = json.loads(text)
        found = Preprocessing(
            kind=facts["kind"],
            resize=facts["resize"],
            crop=facts["crop"],
            mean=tuple(map(float, facts["mean"])),
            std=tuple(map(float, facts["std"])),
            interpolation=facts["interpolation"],
        )
        sound = (
            found.kind in ("photo", "digit")
            and found.interpolation in ("bilinear", "bicubic")
            and all(type(size) is int for size in (found.resize, found.crop))
            and SIZES[0] <= found.crop <= SIZES[1]
            and SIZES[0] <= found.resize <= SIZES[1]
            and len(found.mean) == len(found.std)
            and len(found.mean) == (1 if found.kind == "digit" else len(found.mean))
            and len(found.mean) in (1, 3)
            and (found.kind == "photo" or found.crop >= 28)
            and all(map(math.isfinite, (*found.mean, *found.std)))
            and all(value > 0 for value in found.std)
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if sound else None


def _first_constant(model: ModelProto, name: str) -> tuple[str, float] | None:
    """The first operator on the input and the constant that it calculates with, if it does."""
    takers = [node for node in model.graph.node if name in node.input]
    if len(takers) != 1 or takers[0].op_type not in ("Div", "Mul", "Sub", "Add"):
        return None
    (node,) = takers
    others = [other for other in node.input if other != name]
    for tensor in model.graph.initializer:
        if tensor.name in others:
            return node.op_type, _largest(tensor)
    for maker in model.graph.node:
        if maker.op_type == "Constant" and set(maker.output) & set(others):
            for attribute in maker.attribute:
                if attribute.HasField("t"):
                    return node.op_type, _largest(attribute.t)
                return node.op_type, abs(attribute.f)
    return None


def _largest(tensor: TensorProto) -> float:
    values = numpy_helper.to_array(tensor)
    return float(np.abs(values.astype(np.float64)).max()) if values.size else 0.0
