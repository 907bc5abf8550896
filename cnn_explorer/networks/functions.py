"""What a network computes by functions instead of modules: additions, concatenations, ``F.relu``.

Such an operation is named by the call of the module that calls it and by which of its calls it is:
``layer1.0.add`` is the first addition in ``layer1.0``, ``layer1.0.add#2`` the second one there. The
layer graph and the capture of outputs both count with `FunctionCalls`, so the names agree.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

Heard = Callable[[str, str, int, Any], None]
"""Module (``layer1.0``, or ``layer1.0#2`` in its second call), operation, number, output."""


def operation_name(function: str) -> str:
    """What to call a function of torch: ``add`` also in place (``add_``) and by ``+``."""
    # below torch's functions stand operators, which have overloads: ``where.default``
    return function.partition(".")[0].strip("_") or function


class FunctionCalls(TorchFunctionMode):
    """While active, and in this thread alone, tells of each function that `model` calls.

    What a function calls itself is not told. The model has hooks on all its modules meanwhile.
    """

    def __init__(self, model: nn.Module, heard: Heard) -> None:
        super().__init__()
        self._model = model
        self._heard = heard
        self._running: list[tuple[str, Counter[str]]] = []
        self._calls: Counter[str] = Counter()
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> "FunctionCalls":
        for name, module in self._model.named_modules():
            self._handles += [
                module.register_forward_pre_hook(self._opening(name)),
                module.register_forward_hook(self._closing),
            ]
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]
        for handle in self._handles:
            handle.remove()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        if self._running:
            scope, calls = self._running[-1]
            operation = operation_name(getattr(func, "__name__", ""))
            calls[operation] += 1
            self._heard(scope, operation, calls[operation], output)
        return output

    def _opening(self, name: str) -> Callable[[nn.Module, Any], None]:
        def opening(_module: nn.Module, _inputs: Any) -> None:
            self._calls[name] += 1
            call = self._calls[name]
            self._running.append((name if call == 1 else f"{name}#{call}", Counter()))

        return opening

    def _closing(self, _module: nn.Module, _inputs: Any, _output: Any) -> None:
        self._running.pop()
