"""Hear the functional operations of a network without changing what it computes.

Torch's attention (`nn.MultiheadAttention`) asks whether anyone listens to functions. Where someone
does, it computes step by step what is one fused operation otherwise, and its output differs in the
last bits. So nobody listens while such a module runs. What it was given and what it gives are the
values of its steps all the same, as far as the layer graph draws them.
"""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch._C import DisableTorchFunction

from cnn_explorer.networks.functions import FunctionCalls

Heard = Callable[[str, Any], None]
"""A layer's name and what it gave, a tensor or several."""


class Listening(FunctionCalls):
    """While active, tells `heard` what the functional operations of `model` give that `layers`
    names, by scope, operation and number of the call."""

    def __init__(
        self, model: nn.Module, layers: Mapping[tuple[str, str, int], str], heard: Heard
    ) -> None:
        super().__init__(model)
        self._layers = layers
        self._heard = heard
        self._deaf: list[Any] = []

    def function_called(
        self, scope: str, operation: str, number: int, inputs: tuple[Any, Any], output: Any
    ) -> None:
        del inputs
        layer = self._layers.get((scope, operation, number))
        if layer is not None:
            self._heard(layer, output)

    def __enter__(self) -> "Listening":
        super().__enter__()
        for module in self.modules.values():
            if isinstance(module, nn.MultiheadAttention):
                # Prepended, so that of two who listen the last one to stop is the first to go on.
                self._handles += [
                    module.register_forward_pre_hook(self._stop),
                    module.register_forward_hook(self._go_on, prepend=True),
                ]
        return self

    def __exit__(self, *error: Any) -> None:
        while self._deaf:  # the network was left within attention
            self._go_on()
        super().__exit__(*error)

    def _stop(self, *_call: Any) -> None:
        stopped = DisableTorchFunction()
        stopped.__enter__()
        self._deaf.append(stopped)

    def _go_on(self, *_call: Any) -> None:
        self._deaf.pop().__exit__(None, None, None)


def step_of_attention(
    attention: nn.MultiheadAttention,
    operation: str,
    number: int,
    query: Tensor,
    output: tuple[Tensor, Any],
) -> Tensor | None:
    """What one step of a call gives: of the steps drawn one turns what was given so that the batch
    is second, one is the attention, one turns what it gives back. None for other steps."""
    turned = attention.batch_first and query.dim() == 3
    match operation, number:
        case "multi_head_attention_forward", 1:
            return output[0].transpose(0, 1) if turned else output[0]
        case "transpose", 1 if turned:
            return query.transpose(0, 1)
        case "transpose", 2 if turned:
            return output[0]
    return None
