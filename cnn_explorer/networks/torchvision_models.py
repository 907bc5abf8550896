"""Torchvision and its classifiers, also beside a torch that it was not built for.

Nothing else in the program imports torchvision.

The torchvision of PyPI is built for CUDA. Beside a CPU build of torch its native library does not
load, which torchvision allows for, but then declares fake kernels for operators that only that
library would have made known, and the import fails: ``operator torchvision::nms does not exist``.
Declaring the missing operators first is enough for all that is written in Python: models, weights,
transforms. What is native stays missing: box operators, and ``torchvision.io`` (the program
decodes pictures with Pillow).
"""

import importlib
import sys
import threading
from contextlib import nullcontext
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_SYMPTOM = "operator torchvision::nms does not exist"
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_VISION_TRANSFORMER = "vit_"
"""Vision transformers are made for one size of picture: a place in it has a trained position."""

_lock = threading.Lock()
_declared: list[torch.library.Library] = []
"""The declarations last as long as this holds their library."""


def import_torchvision() -> ModuleType:
    """The module ``torchvision``, imported at the first call; any thread may ask.

    Raises what the import raises, when it is not the failure described above: no torchvision, or
    one that is broken in another way.
    """
    with _lock:
        try:
            return importlib.import_module("torchvision")
        except RuntimeError as error:
            if _SYMPTOM not in str(error) or _declared:
                raise
        # Half of its modules are imported and would be taken as they are.
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
        for operator in _OPERATORS:
            library.define(operator)  # type: ignore[no-untyped-call]
        _declared.append(library)
        return importlib.import_module("torchvision")


def classifier(name: str, side: int) -> nn.Module:
    """Torchvision's classifier of that name, for pictures of `side` x `side`, without weights."""
    options: dict[str, Any] = {}
    if name.startswith(_VISION_TRANSFORMER):
        options["image_size"] = side
    if name == "inception_v3":
        options["init_weights"] = False  # else it takes half a minute, or warns that it will
    models = import_torchvision().models
    with _CountingOnCpu() if name.startswith("regnet_") else nullcontext():
        model: nn.Module = models.get_model(name, weights=None, **options)
    return model


class _CountingOnCpu(TorchFunctionMode):
    """While active, tensors made of given values have them, though the device be ``meta``: RegNet
    works out the widths of its layers with such."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if func in (torch.arange, torch.tensor):
            return func(*args, **{"device": "cpu", **(kwargs or {})})
        return func(*args, **(kwargs or {}))
