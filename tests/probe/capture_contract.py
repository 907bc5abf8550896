"""What is captured of networks, against torch.fx: a program of its own, a line of JSON for each.

    python -m tests.probe.capture_contract NAME [NAME ...]

It runs apart from the tests, since tracing with fx replaces how modules are called meanwhile.

Every network is built in full and given weights that are quick to make: one block of normal
numbers over and over, its length a prime so that no two kernels are alike. It runs on noise of
64 x 64 where it can, else a little larger, else of its card's size. Torch.fx recomputes it: it is
traced anew, functions included, and interpreted node by node, a clone taken of what each gives
before the next one runs. What fx takes as one function is looked for below that, among what torch's
own operators give. `Session.run` keeps every layer that the layer graph draws, and every
module without children that took part besides.
"""

import hashlib
import json
import math
import sys
import time
import types
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, fx, nn
from torch.utils._python_dispatch import TorchDispatchMode

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.networks.build import build_for_loading
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.catalog import ALL
from cnn_explorer.probe.capture import as_maps, split_call
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session, ranked

SIDES = (64, 70, 80)
"""Of pictures. One vision transformer needs what 14 divides; Inception wants 75 at least."""
BLOCK = 65_537
"""A prime."""


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # GoogLeNet's of how long its weights take: none are drawn
    for name in sys.argv[1:]:
        started = time.perf_counter()
        told = contract(name)
        told["seconds"] = round(time.perf_counter() - started, 2)
        print(json.dumps({"name": name, **told}), flush=True)


def contract(name: str) -> dict[str, Any]:
    """What there is to say of a network; all lists are empty where all is well."""
    session, graph = opened(card_of(name))
    model, rules = session.model, session.preprocessing
    noise = np.random.default_rng(0).normal(size=rules.input_shape).astype(np.float32)
    seen = np.zeros((rules.crop, rules.crop, 3), np.uint8)
    prepared = PreparedInput(noise, seen, (0, 0, rules.crop, rules.crop), 0.0)
    expected = recomputed(model, torch.from_numpy(noise.copy())[None])
    modules = dict(model.named_modules())
    leaves = [
        layer
        for layer in expected
        if (module := modules.get(split_call(layer)[0])) is not None and not module._modules
    ]
    drawn = [
        node.name
        for node in graph.layers
        if node.kind not in ("input", "output") and not node.training_only
    ]
    layers = list(dict.fromkeys((*drawn, *leaves)))

    unseen = [layer for layer in layers if layer not in expected]

    before = state_of(model)
    with torch.inference_mode():
        plain = model(torch.from_numpy(noise.copy())[None])
    classes = ranked(plain[0].double().numpy(), session.class_names)
    result = session.run(prepared, layers)
    left = changed("a run", before, model)
    told: dict[str, Any] = {
        "side": rules.crop,
        "leaves": len(leaves),
        "functions": [
            layer for layer in drawn if layer in expected and split_call(layer)[0] not in modules
        ],
        "copied": len(session._overwritten),
        "below": len(unseen),
        "different": [
            layer
            for layer in layers
            if layer in expected
            and not np.array_equal(result.activations[layer], as_maps(expected[layer]).numpy())
        ]
        + (without_source(model, noise, unseen, result.activations) if unseen else []),
        "not_finite": [layer for layer in expected if not expected[layer].isfinite().all()],
        "constant": [layer for layer in leaves if is_constant(expected[layer])],
        "answer_differs": result.classes != classes,
    }
    del expected, result
    left += stopped_midway(session, prepared, layers, before)
    with counted(model) as forwards:
        again = session.run(prepared, layers[len(layers) // 2 :])
    told["forwards_of_the_second_run"] = forwards[""]
    told["answer_differs"] |= again.classes != classes
    left += changed("a second run", before, model)
    told["left_behind"] = left
    told["peak_mb"] = peak_mb()
    return told


def is_constant(output: Tensor) -> bool:
    """Whether all values are the same, which would say little; of one value that says nothing."""
    return output.numel() > 1 and bool(output.amin() == output.amax())


def peak_mb() -> int:
    """The most memory that this process has had; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    # not getrusage: that begins with what the process had that started this one
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) >> 10


def card_of(name: str) -> NetworkCard:
    """The card of a network: one of the catalogue, or torchvision's of what is there as our own."""
    if name in ALL:
        return ALL[name]
    plain = name.removeprefix("torchvision/")
    builder = f"cnn_explorer.networks.torchvision_models:classifier/{plain}"
    return replace(ALL[plain], name=name, builder=builder)


def opened(card: NetworkCard) -> tuple[Session, LayerGraph]:
    """A session of a network for pictures as small as it can take, and its graph."""
    usual = card.preprocessing.crop
    for side in (*(side for side in SIDES if side < usual), usual):
        rules = replace(card.preprocessing, crop=side)
        try:
            model = build_for_loading(replace(card, preprocessing=rules))
            graph = extract(model, rules.input_shape, network=card.name)
        except (ExplorerError, AssertionError):  # vision transformers refuse when they are built
            continue
        fill(model)
        return Session(card, model, False, "", rules, ()), graph
    raise AssertionError(f"{card.name} does not take its own size")


def fill(model: nn.Module) -> None:
    """Quick weights: kernels as He et al. have them, all else near the identity, nothing equal."""
    block = torch.randn(BLOCK, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, tensor in (*model.named_parameters(), *model.named_buffers()):
            if not tensor.is_floating_point() or not tensor.numel():
                continue
            last = name.rpartition(".")[2]
            if tensor.dim() > 1:
                mean, spread = 0.0, math.sqrt(2 / max(2, tensor[0].numel()))
            elif last == "running_var" or last == "weight":
                mean, spread = 1.0, 0.1
            else:
                mean, spread = 0.0, 0.1
            flat = tensor.view(-1)
            full = flat.numel() // BLOCK * BLOCK
            flat[:full].view(-1, BLOCK).copy_(block)
            flat[full:].copy_(block[: flat.numel() - full])
            flat.mul_(spread).add_(mean)


# the oracle


class _Leaves(fx.Tracer):
    """Modules without children are leaves, and attention, which decides by the values it is given
    how it computes: fx cannot follow that."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        del module_qualified_name
        return isinstance(m, nn.MultiheadAttention) or not any(True for _ in m.children())


class _Cloning(fx.Interpreter):
    """Keeps a clone of what each node gives, by the layer's name."""

    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        super().__init__(model, graph=graph)
        self.clones: dict[str, Tensor] = {}
        self._modules = dict(model.named_modules())
        self._calls: Counter[str] = Counter()

    def run_node(self, n: fx.Node) -> Any:
        given = [self.env[node] for node in n.all_input_nodes if node in self.env]
        attention = n.op == "call_module" and isinstance(
            self._modules[str(n.target)], nn.MultiheadAttention
        )
        query = given[0].clone() if attention else None
        name = self._name(n, bool(given) and isinstance(given[0], Tensor))
        output = super().run_node(n)
        tensor = output
        while isinstance(tensor, (tuple, list)) and tensor:
            tensor = tensor[0]
        if name and isinstance(tensor, Tensor):
            self.clones[name] = clone = tensor.clone()
            if query is not None:
                # Drawn as three steps. Torch may take them in one, but these are their values.
                self.clones[f"{name}.transpose"] = query.transpose(0, 1)
                self.clones[f"{name}.multi_head_attention_forward"] = clone.transpose(0, 1)
                self.clones[f"{name}.transpose#2"] = clone
        return output

    def _name(self, n: fx.Node, of_a_tensor: bool) -> str:
        if n.op == "call_module":
            name = str(n.target)
        elif n.op in ("call_function", "call_method") and of_a_tensor:
            operation = n.target if isinstance(n.target, str) else n.target.__name__  # type: ignore[union-attr]
            scope = next(reversed(n.meta.get("nn_module_stack") or {"": ""}))
            name = ".".join(filter(None, (scope, operation.strip("_"))))
            if name in self._modules:
                name += "()"
        else:
            return ""
        self._calls[name] += 1
        return name if self._calls[name] == 1 else f"{name}#{self._calls[name]}"


def recomputed(model: nn.Module, batch: Tensor) -> dict[str, Tensor]:
    """The output of every module without children and of every function that fx sees."""
    with torch.no_grad():
        run = _Cloning(model, _Leaves().trace(model))
        run.run(batch)
    return run.clones


class _Given(TorchDispatchMode):
    """Takes down digests of all that torch's operators give, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.digests: list[bytes] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        for tensor in output if isinstance(output, (tuple, list)) else (output,):
            if isinstance(tensor, Tensor):
                self.digests.append(digest(as_maps(tensor).float().numpy()))
        return output


def digest(maps: npt.NDArray[np.float32]) -> bytes:
    """Of shape and values."""
    return hashlib.sha1(repr(maps.shape).encode() + maps.tobytes(), usedforsecurity=False).digest()


def without_source(
    model: nn.Module,
    noise: npt.NDArray[np.float32],
    layers: list[str],
    activations: Mapping[str, npt.NDArray[np.float32]],
) -> list[str]:
    """Those of `layers`, in the order of the network, which no operator of torch gives when the
    ones before it have been given."""
    given = _Given()
    with torch.no_grad(), given:
        model(torch.from_numpy(noise.copy())[None])
    missing, at = [], 0
    for layer in layers:
        try:
            # that of an operation which had nothing to do may be the one before it
            at = given.digests.index(digest(activations[layer]), at)
        except ValueError:
            missing.append(layer)
    return missing


# nothing left behind

_HOOKS = (
    "_forward_hooks", "_forward_pre_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs", "_backward_hooks",
    "_backward_pre_hooks",
)  # fmt: skip


def state_of(model: nn.Module) -> dict[str, Any]:
    """All that a run could leave changed. Of weights and buffers torch counts the changes."""
    state: dict[str, Any] = {
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "function modes": torch._C._len_torch_function_stack(),
        "functions heard": torch._C._is_torch_function_enabled(),
        "dispatch modes": torch._C._len_torch_dispatch_stack(),
        "fused attention": torch.backends.mha.get_fastpath_enabled(),
        "global hooks": len(nn.modules.module._global_forward_hooks)
        + len(nn.modules.module._global_forward_pre_hooks),
        "random numbers": torch.get_rng_state().sum().item(),
        "type": torch.get_default_dtype(),
    }
    for name, module in model.named_modules():
        state[f"hooks of {name}"] = tuple(len(getattr(module, hooks)) for hooks in _HOOKS)
        state[f"training of {name}"] = module.training
        state[f"attributes of {name}"] = tuple(vars(module))
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        state[f"tensor {name}"] = (
            id(tensor), tensor.data_ptr(), tensor._version, tensor.requires_grad, tensor.grad,
        )  # fmt: skip
    return state


def changed(by: str, before: dict[str, Any], model: nn.Module) -> list[str]:
    after = state_of(model)
    return [
        f"{by}: {name}"
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


@contextmanager
def counted(model: nn.Module) -> Iterator[Counter[str]]:
    """Counts the forwards of a model by taking the place of its method."""
    calls: Counter[str] = Counter()
    forward = model.forward

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls[""] += 1
        return forward(*args, **kwargs)

    model.forward = counting  # type: ignore[method-assign]
    try:
        yield calls
    finally:
        del model.forward


def stopped_midway(
    session: Session, prepared: PreparedInput, drawn: list[str], before: dict[str, Any]
) -> list[str]:
    """What stays behind of runs that ended in the middle: cancelled, and by an error."""
    left: list[str] = []
    reached = 0

    def cancel(_fraction: float) -> None:
        nonlocal reached
        reached += 1
        if reached == 2:
            raise Cancelled

    try:
        session.run(prepared, drawn, cancel)
        left.append("a cancelled run: it was not cancelled")
    except Cancelled:
        left += changed("a cancelled run", before, session.model)
    modules = dict(session.model.named_modules())
    called = [layer for layer in drawn if layer in modules]
    attention = [layer for layer in modules if isinstance(modules[layer], nn.MultiheadAttention)]
    within = modules[(attention or called)[len(attention or called) // 2]]

    def fail(_self: nn.Module, *_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("broken")

    within.forward = types.MethodType(fail, within)  # type: ignore[method-assign]
    try:
        session.run(prepared, drawn)
        left.append("a broken run: it did not break")
    except ExplorerError:
        pass
    finally:
        del within.forward
    left += changed("a broken run", before, session.model)
    return left


if __name__ == "__main__":
    main()
