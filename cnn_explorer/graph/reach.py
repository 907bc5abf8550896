"""Which part of its input one output value of a layer depends on, by place: what the receptive
fields of a network are computed from.

A module says so by its settings, a functional convolution or pooling by its arguments. Of other
functional operations the name and the shapes have to tell. Where they do not, the answer is
"unknown" rather than a guess.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from cnn_explorer.graph.model import Reach, Shape, Window
from cnn_explorer.networks.layers import (
    Add,
    Concat,
    Rescale,
    ScaledTanh,
    Subsampling,
    TableConv2d,
)
from cnn_explorer.networks.resnet_cifar import ZeroPadShortcut

Seen = tuple[Reach, Window | None]

_PLACE: Seen = ("place", None)
_WHOLE: Seen = ("whole", None)
_UNKNOWN: Seen = ("unknown", None)

_PLACE_MODULES = (
    nn.modules.batchnorm._BatchNorm,
    nn.modules.dropout._DropoutNd,
    nn.LocalResponseNorm,
    nn.CrossMapLRN2d,
    nn.ChannelShuffle,
    nn.Identity,
    Add,
    Concat,
    Rescale,
    ScaledTanh,
)
_PLACE_CLASSES = ("FrozenBatchNorm2d", "LayerNorm2d", "StochasticDepth")
"""Torchvision's, which work on each place alone."""

_PLACE_FUNCTIONS = {
    "add", "iadd", "radd", "sub", "isub", "rsub", "mul", "imul", "rmul", "div", "idiv", "truediv",
    "itruediv", "neg", "abs", "exp", "log", "sqrt", "rsqrt", "pow", "clamp", "relu", "relu6",
    "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "sigmoid", "logsigmoid",
    "hardsigmoid", "tanh", "hardtanh", "hardswish", "softplus", "prelu", "dropout", "dropout2d",
    "feature_dropout", "alpha_dropout", "batch_norm", "local_response_norm", "contiguous", "clone",
    "detach", "float", "cat", "concat", "concatenate",
}  # fmt: skip
_RESHAPING = {
    "flatten", "view", "reshape", "squeeze", "unsqueeze", "chunk", "split", "getitem",
    "permute", "transpose",
}  # fmt: skip
_TURNING = ("permute", "transpose")
_ATTENTION = {
    "multi_head_attention_forward", "native_multi_head_attention", "scaled_dot_product_attention",
}  # fmt: skip


_WINDOWS = {
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation"),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding"),
}
"""Functions that look at windows, and their first arguments."""


def reach_of(
    module: nn.Module | None,
    operation: str,
    in_shapes: Sequence[Shape],
    out_shape: Shape,
    arguments: tuple[Sequence[Any], Mapping[str, Any]] = ((), {}),
) -> Seen:
    """What one output value of a layer sees, and the window where it is one.

    `module` is None for a functional operation, the input and the output; `arguments` are those
    of a functional operation. Shapes have no batch. "Whole" means all places of what comes in.
    """
    given = in_shapes[0] if in_shapes else out_shape
    if module is None:
        if operation in _WINDOWS:
            return _of_call(operation, *arguments)
        return _of_function(operation, given, out_shape)
    if isinstance(module, _PLACE_MODULES) or type(module).__name__ in _PLACE_CLASSES:
        return _PLACE
    if isinstance(module, TableConv2d):
        return "window", Window(module.kernel_size)
    if isinstance(module, Subsampling):
        return "window", Window((2, 2), (2, 2))
    if isinstance(module, ZeroPadShortcut):
        return "window", Window((1, 1), (module.stride, module.stride))
    if isinstance(module, nn.Conv2d):
        return _of_convolution(module)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d | nn.LPPool2d):
        return _of_pooling(module)
    if isinstance(
        module, nn.modules.pooling._AdaptiveAvgPoolNd | nn.modules.pooling._AdaptiveMaxPoolNd
    ):
        return _of_adaptive(given, out_shape)
    if isinstance(module, nn.Linear):
        return _of_features(given)
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        return _of_features(given) if len(module.normalized_shape) == 1 else _WHOLE
    if isinstance(module, nn.GroupNorm | nn.modules.instancenorm._InstanceNorm):
        return _WHOLE
    if isinstance(module, nn.Softmax | nn.LogSoftmax | nn.Softmin):
        over_channels = len(given) == 3 and module.dim in (1, -3)
        return _PLACE if over_channels else _over_vector(given)
    if isinstance(module, nn.MultiheadAttention):
        return _of_attention(given)
    if isinstance(module, nn.Flatten | nn.Unflatten):
        return _of_reshaping("flatten", given, out_shape)
    if type(module).__name__ == "Permute":
        turned = tuple(getattr(module, "dims", ()))
        return _PLACE if turned in ((0, 2, 3, 1), (0, 3, 1, 2)) else _UNKNOWN
    if type(module).__module__ == nn.modules.activation.__name__:
        return _PLACE
    return _UNKNOWN


def _of_convolution(conv: nn.Conv2d) -> Seen:
    if conv.padding_mode == "circular":  # what leaves at one side comes in at the other
        return _UNKNOWN
    height, width = conv.kernel_size
    # torch has worked out here what "same" means: left, right, top, bottom
    left, _, top, _ = conv._reversed_padding_repeated_twice
    stride, dilation = _pair(conv.stride), _pair(conv.dilation)
    return "window", Window((height, width), stride, (top, left), dilation)


def _of_pooling(pool: nn.MaxPool2d | nn.AvgPool2d | nn.LPPool2d) -> Seen:
    kernel = _pair(pool.kernel_size)
    return "window", Window(
        kernel,
        kernel if pool.stride is None else _pair(pool.stride),
        _pair(getattr(pool, "padding", 0)),
        _pair(getattr(pool, "dilation", 1)),
    )


def _of_call(operation: str, positional: Sequence[Any], named: Mapping[str, Any]) -> Seen:
    given = {**dict(zip(_WINDOWS[operation], positional, strict=False)), **named}
    if "weight" in given:
        kernel, usual = _pair(tuple(given["weight"].shape[2:])), (1, 1)
    elif "kernel_size" in given:
        kernel = usual = _pair(given["kernel_size"])
    else:
        return _UNKNOWN
    stride = _pair(given.get("stride") or usual)  # none, or an empty one, of a pooling
    dilation = _pair(given.get("dilation", 1))
    padding = given.get("padding", 0)
    if padding == "same":
        height, width = (d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True))
        padding = (height, width)
    elif padding == "valid":
        padding = 0
    return "window", Window(kernel, stride, _pair(padding), dilation)


def _of_adaptive(given: Shape, made: Shape) -> Seen:
    """An adaptive pooling divides each side into equal parts, where that is possible."""
    if len(given) != 3 or len(made) != 3:
        return _UNKNOWN
    sides = tuple(zip(given[1:], made[1:], strict=True))
    if all(before == after for before, after in sides):
        return _PLACE
    if all(after == 1 or before == 1 for before, after in sides):
        return _WHOLE
    if any(before % after for before, after in sides):
        return _UNKNOWN
    (height, width) = (before // after for before, after in sides)
    return "window", Window((height, width), (height, width))


def _of_features(given: Shape) -> Seen:
    """A layer over the last dimension: that is all of a vector, and the features of each place
    of what has places before it."""
    if len(given) == 1:
        return _WHOLE
    # pictures are square: the last of (C, H, H) is no features
    if len(given) == 3 and given[1] == given[2] > 1:
        return _UNKNOWN
    return _PLACE


def _over_vector(given: Shape) -> Seen:
    return _WHOLE if len(given) == 1 else _UNKNOWN


def _of_attention(given: Shape) -> Seen:
    """Each position asks all: of (length, features), and of a batch of one in the middle. Where
    a picture was cut into windows these stand first, and who asks whom is not known."""
    whole = len(given) == 2 or (len(given) == 3 and given[1] == 1)
    return _WHOLE if whole else _UNKNOWN


def _of_function(operation: str, given: Shape, made: Shape) -> Seen:
    if operation.startswith(("input", "output")) or operation in _PLACE_FUNCTIONS:
        return _PLACE
    if operation in _RESHAPING:
        return _of_reshaping(operation, given, made)
    if operation in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
        return _of_adaptive(given, made)
    if operation == "mean" and _places(made) == 1 and len(given) in (2, 3):
        return _WHOLE
    if operation == "linear":
        return _of_features(given)
    if operation in ("softmax", "log_softmax", "layer_norm", "normalize"):
        return _over_vector(given)
    if operation in _ATTENTION:
        return _of_attention(given)
    if operation == "pad" and given[1:] == made[1:]:  # maps of zeros
        return _PLACE
    return _UNKNOWN


def _of_reshaping(operation: str, given: Shape, made: Shape) -> Seen:
    """Whether values of one place stay together in a place, or each goes its own way."""
    if _places(given) == 1:
        return _PLACE
    if operation in _TURNING:
        # channels are turned among themselves; or nobody can tell rows from columns
        turned = len(given) > 3 and given[-2:] == made[-2:] and given != made
        last = len(given) == 3 and made == (*given[1:], given[0]) and given[1] != given[0]
        first = len(given) == 3 and made == (given[2], *given[:2]) and given[1] != given[2]
        return _PLACE if turned or last or first else _UNKNOWN
    if len(given) >= 3 and given[-2:] == made[-2:]:
        return _PLACE
    flattened = len(given) == 3 and made in ((given[0], _places(given)), (_size(given),))
    return _PLACE if flattened else _UNKNOWN


def _places(shape: Shape) -> int:
    return _size(shape[1:]) if len(shape) > 1 else 1


def _size(shape: Shape) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    # one number in a tuple is meant for both
    return value[0], value[-1]
