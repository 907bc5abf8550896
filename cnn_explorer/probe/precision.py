"""Exact or fast: in which numbers a network computes.

*Exact* is what torch does with a network as it is: float32, tensors laid out channel by channel.
*Fast* is what a short measurement finds quickest on this computer for this network: the same
float32 numbers with the channels of each place side by side ("channels last"), in which sums come
about in another order and differ in the last digits; or bfloat16, numbers of two bytes with three
significant digits, which processors that know them compute about twice as fast, with convolution,
normalisation and activation in one ("fused"). Where neither is quicker, fast is exact.

Torch is imported when a fast form is first asked for, not with this module.
"""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from cnn_explorer.errors import Cancelled, Checkpoint, no_checkpoint
from cnn_explorer.text import one_line

if TYPE_CHECKING:
    from torch import Tensor, nn

    from cnn_explorer.probe.fusing import Chain, Fused

Precision = Literal["exact", "fast"]


@dataclass(frozen=True)
class Arithmetic:
    """In which numbers a network ran."""

    precision: Precision
    how: str
    """``float32``, or ``bfloat16, channels last, fused``."""
    note: str = ""
    """Where fast was asked for and exact ran: why, one sentence."""


EXACT = Arithmetic("exact", "float32")

FLOAT32 = "float32, channels last"
BFLOAT16 = "bfloat16, channels last"
FUSED = f"{BFLOAT16}, fused"


@dataclass(frozen=True, eq=False)
class Form:
    """A network in a form in which it can be run."""

    model: "nn.Module"
    arithmetic: Arithmetic
    fused: "Fused | None" = None

    @cached_property
    def modules(self) -> "Mapping[str, nn.Module]":
        """By name."""
        return dict(self.model.named_modules())

    def wanted(self, layers: Collection[str]) -> None:
        """Call before each forward: whose outputs will be asked for."""
        if self.fused is not None:
            self.fused.wanted(layers)

    def check(self) -> None:
        """Call after each forward: `RuntimeError` where its outputs cannot be relied upon."""
        if self.fused is not None:
            self.fused.check()

    def batch(self, exact: "Tensor") -> "Tensor":
        """An input (N, C, H, W) in float32 as this form takes it."""
        return _converted(exact, self.arithmetic.how)


class FastForm:
    """The fast form of one network: found by measuring when it is first asked for, a copy that is
    dropped when it is not wanted. The network itself is left as it is."""

    def __init__(self, model: "nn.Module", title: str, input_shape: tuple[int, ...]) -> None:
        self._model = model
        self._title = title
        self._shape = input_shape
        self._form: Form | None = None
        self._found: Arithmetic | None = None
        self._chains: tuple[Chain, ...] = ()

    def get(self, checkpoint: Checkpoint = no_checkpoint) -> Form:
        """The fast form; the exact one with a note where that is the fastest, or fast fails.

        The checkpoint is called between the forwards that are measured; what it raises leaves
        everything as it was.
        """
        if self._form is None:
            if self._found is None:
                self._found, self._form = self._measured(checkpoint)
            elif self._found.precision == "exact":
                self._form = Form(self._model, self._found)
            else:
                try:
                    self._form = self._made(self._found.how)
                except (MemoryError, RuntimeError) as error:  # too little memory by now
                    self._form = self.refuse(one_line(error))
        return self._form

    @property
    def copy(self) -> "nn.Module | None":
        """The copy, while there is one."""
        own = self._form is not None and self._form.model is not self._model
        return self._form.model if own and self._form is not None else None

    @property
    def packed_bytes(self) -> int:
        """Memory that the copy takes besides its parameters and buffers."""
        fused = None if self._form is None else self._form.fused
        return 0 if fused is None else fused.held_bytes

    def drop(self) -> None:
        """Give the copy's memory back; which form is the fastest stays known."""
        self._form = None

    def refuse(self, reason: str) -> Form:
        """Fast failed on a picture: from now on the network runs exactly, and says why."""
        failed = BFLOAT16 if self._found is None else self._found.how
        self._found = self._refused(failed, reason)
        self._form = Form(self._model, self._found)
        return self._form

    def _refused(self, how: str, reason: str) -> Arithmetic:
        numbers = how.partition(",")[0]
        note = f"{self._title} runs exactly, since it cannot be run in {numbers}: {reason}"
        return Arithmetic("exact", EXACT.how, note.rstrip(".") + ".")

    def _made(self, how: str) -> Form:
        arithmetic = Arithmetic("fast", how)
        if how != FUSED:
            return Form(converted(self._model, how), arithmetic)
        from cnn_explorer.probe.fusing import Fused

        model = converted(self._model, how, [chain.first for chain in self._chains])
        return Form(model, arithmetic, Fused(model, self._model, self._chains))

    def _made_fused(self, picture: "Tensor") -> Form | None:
        """None where there is nothing to fuse, or the network cannot be fused: then it runs in
        bfloat16 module by module."""
        import torch

        from cnn_explorer.probe.fusing import chains

        try:
            self._chains = chains(self._model, picture)
            if not self._chains:
                return None
            form = self._made(FUSED)
            with torch.inference_mode():
                form.model(form.batch(picture))
            form.check()
        except Exception:  # whatever goes wrong in a network that is not ours
            return None
        return form

    def _measured(self, checkpoint: Checkpoint) -> tuple[Arithmetic, Form]:
        import torch

        from cnn_explorer.networks.quickest import quickest

        picture = torch.zeros(1, *self._shape)
        exact = Form(self._model, EXACT)
        forms = {EXACT.how: exact}
        how = ""
        try:
            how = FLOAT32
            forms[how] = self._made(how)
            if bfloat16_is_known():
                how = BFLOAT16
                form = self._made_fused(picture) or self._made(how)
                forms[form.arithmetic.how] = form
            inputs = {how: form.batch(picture) for how, form in forms.items()}

            def forward(name: str) -> None:
                nonlocal how
                how = name
                forms[name].model(inputs[name])

            with torch.inference_mode():
                ways = {name: partial(forward, name) for name in forms}
                best = quickest(ways, checkpoint=checkpoint)
        except Cancelled:
            raise
        except Exception as error:  # whatever goes wrong in a network that is not ours
            found = self._refused(how, one_line(error))
            return found, Form(self._model, found)
        if best == EXACT.how:
            note = f"Exact is the fastest for {self._title} on this computer."
            found = Arithmetic("exact", EXACT.how, note)
            return found, Form(self._model, found)
        return forms[best].arithmetic, forms[best]


def bfloat16_is_known() -> bool:
    """Whether torch's convolutions compute in bfloat16 on this processor."""
    import torch

    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # a build of torch without oneDNN
        return False


def converted(model: "nn.Module", how: str, shared: Collection[str] = ()) -> "nn.Module":
    """A copy of a network whose parameters and buffers are as `how` says.

    Parameters that are so already (in float32 the fully connected ones and kernels of 1 x 1) are
    shared, not copied: VGG-16 has 494 MB of those. So are those of the modules named `shared`, as
    they are.
    """
    import torch

    memo: dict[int, object] = {
        id(parameter): parameter
        for name in shared
        for parameter in model.get_submodule(name).parameters(recurse=False)
    }
    for parameter in model.parameters():
        if id(parameter) in memo:
            continue
        with torch.no_grad():
            made = _converted(parameter.detach(), how)
        memo[id(parameter)] = torch.nn.Parameter(made, requires_grad=False)
    for buffer in model.buffers():
        # a network may write to its buffers: those are never shared
        made = _converted(buffer, how)
        memo[id(buffer)] = made.clone() if made is buffer else made
    return copy.deepcopy(model, memo)


def _converted(tensor: "Tensor", how: str) -> "Tensor":
    import torch

    if not tensor.is_floating_point():
        return tensor
    dtype: torch.dtype = torch.bfloat16 if how.startswith(BFLOAT16) else torch.float32
    if how == EXACT.how or tensor.dim() != 4:
        return tensor.to(dtype)
    if tensor.dtype == dtype:
        return tensor.contiguous(memory_format=torch.channels_last)  # itself, where it is so
    return tensor.to(dtype, memory_format=torch.channels_last)
