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


def operation_name(function: str) -> str:
    """What to call a function of torch: ``add`` also in place (``add_``) and by ``+``."""
    # below torch's functions stand operators, which have overloads: ``where.default``
    return function.partition(".")[0].strip("_") or function


class FunctionCalls(TorchFunctionMode):
    """While active, and in this thread alone, tells of each function that `model` calls.

    What a function calls itself is not told. The model has hooks on all its modules meanwhile.
    Subclasses say what is to be done when they hear of a call.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.modules: dict[str, nn.Module] = dict(model.named_modules())
        self._running: list[tuple[str, Counter[str]]] = []
        self._calls: Counter[str] = Counter()
        self._handles: list[RemovableHandle] = []

    def function_called(
        self, scope: str, operation: str, number: int, inputs: tuple[Any, Any], output: Any
    ) -> None:
        """A function was called within a call of a module (``layer1.0``, or ``layer1.0#2`` in its
        second one), as the how manieth of this name, with these arguments."""

    def module_entered(self, scope: str, module: nn.Module, inputs: tuple[Any, Any]) -> None:
        """A module was called, with these arguments."""

    def module_left(self, scope: str, module: nn.Module, output: Any) -> Any:
        """The call of a module came to its end. What is given takes the place of the output,
        unless it is None."""

    def compute(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """What a function gives."""
        return function(*args, **kwargs)

    def __enter__(self) -> "FunctionCalls":
        for name, module in self.modules.items():
            self._handles += [
                module.register_forward_pre_hook(self._opening(name), with_kwargs=True),
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
        output = self.compute(func, args, kwargs or {})
        if self._running:
            scope, calls = self._running[-1]
            operation = operation_name(getattr(func, "__name__", ""))
            calls[operation] += 1
            self.function_called(scope, operation, calls[operation], (args, kwargs), output)
        return output

    def _opening(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def opening(module: nn.Module, args: Any, kwargs: Any) -> None:
            self._calls[name] += 1
            call = self._calls[name]
            scope = name if call == 1 else f"{name}#{call}"
            self._running.append((scope, Counter()))
            self.module_entered(scope, module, (args, kwargs))

        return opening

    def _closing(self, module: nn.Module, _inputs: Any, output: Any) -> Any:
        scope, _ = self._running.pop()
        return self.module_left(scope, module, output)
