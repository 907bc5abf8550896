"""Capture against the intermediate values of networks written out by hand."""

import gc
import weakref
from dataclasses import dataclass
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.probe.capture import capture, module_at, split_call


class Block(nn.Module):
    """One ReLU used twice, an addition: what residual blocks do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2, 2, 3, padding=1)
        self.conv2 = nn.Conv2d(2, 2, 3, padding=1)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x + self.conv2(self.relu(self.conv1(x))))


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 2, 3)
        self.block = Block()
        self.unused = nn.Linear(2, 2)
        self.fc = nn.Linear(2 * 4 * 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.block(self.stem(x)).flatten(1))


class InPlace(nn.Module):
    """Overwrites the outputs of three of its layers, in three ways."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(2, 2, 1)
        self.conv3 = nn.Conv2d(2, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.conv1(x))
        y = functional.relu(self.conv2(x), inplace=True)
        z = self.conv3(y)
        z += x
        return z.flatten(1)


@pytest.fixture
def model() -> Small:
    torch.manual_seed(0)
    return Small().eval()


def hooks(model: nn.Module) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()
    )


def test_outputs_are_those_of_the_layers(model: Small) -> None:
    x = torch.randn(1, 1, 6, 6)
    with torch.no_grad():
        plain = model(x)
        with capture(model, ["stem", "block", "block.relu", "block.relu#2", "fc"]) as captured:
            answer = model(x)
        stem = model.stem(x)
        relu = model.block.relu(model.block.conv1(stem))
        relu2 = model.block.relu(stem + model.block.conv2(relu))
    assert torch.equal(answer, plain)
    assert list(captured) == ["stem", "block.relu", "block.relu#2", "block", "fc"]
    assert torch.equal(captured["stem"], stem)
    assert torch.equal(captured["block.relu"], relu)
    assert torch.equal(captured["block.relu#2"], relu2)
    assert torch.equal(captured["block"], relu2)
    assert torch.equal(captured["fc"], plain)
    assert captured.overwritten == ()


class Functional(nn.Module):
    """Functions of one name in several places, one in place, one whose name a module has."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()
        self.add = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = self.block(x) + self.block(x + 1)
        y = functional.relu_(x)
        y += 1
        return torch.cat([self.add(y), y], 1)


def test_functional_operations_are_kept_as_well() -> None:
    torch.manual_seed(0)
    model = Functional().eval()
    x = torch.randn(1, 2, 6, 6)
    layers = ["add()", "add()#2", "relu", "add()#3", "block.add", "block#2.add", "block#2", "cat"]
    with torch.no_grad():
        plain = model(x)
        first, second = model.block(x), model.block(x + 1)
        with capture(model, layers, copy=True) as captured:
            answer = model(x)
        with capture(model, layers) as kept:
            model(x)
        inner = x + 1 + model.block.conv2(model.block.relu(model.block.conv1(x + 1)))
    assert hooks(model) == 0
    assert torch.equal(answer, plain)
    assert list(captured) == [
        "block.add", "add()", "block#2.add", "block#2", "add()#2", "relu", "add()#3", "cat",
    ]  # fmt: skip
    assert torch.equal(captured["add()"], x + 1)
    assert torch.equal(captured["add()#2"], first + second)
    assert torch.equal(captured["relu"], (first + second).relu())
    assert torch.equal(captured["add()#3"], (first + second).relu() + 1)
    assert torch.equal(captured["block#2.add"], inner)
    assert torch.equal(captured["block#2"], second)
    assert torch.equal(captured["cat"], plain)
    assert kept.overwritten == ("add()#2", "relu")
    assert module_at(model, "block#2.add") is model.block
    assert module_at(model, "cat") is model
    with capture(model, ["mul"]) as captured, torch.no_grad():
        model(x)
    with pytest.raises(ExplorerError, match="took no part"):
        captured["mul"]


def test_only_the_chosen_modules_have_hooks_and_none_stays(model: Small) -> None:
    with capture(model, ["stem", "block.relu#2", "block.relu"]):
        assert hooks(model) == 2
    assert hooks(model) == 0


@pytest.mark.parametrize("error", [RuntimeError, Cancelled, KeyboardInterrupt])
def test_nothing_is_left_behind_by_an_error(model: Small, error: type[BaseException]) -> None:
    with pytest.raises(error), capture(model, ["stem", "fc"]):
        raise error
    assert hooks(model) == 0


def test_an_unknown_layer_leaves_nothing_and_names_its_neighbours(model: Small) -> None:
    with (
        pytest.raises(ExplorerError, match=r"no layer \"block.conv3\".*block\.conv"),
        capture(model, ["stem", "block.conv3"]),
    ):
        pass
    assert hooks(model) == 0


def test_a_layer_that_took_no_part_is_said_so(model: Small) -> None:
    with torch.no_grad(), capture(model, ["unused", "stem#2"]) as captured:
        model(torch.randn(1, 1, 6, 6))
    assert len(captured) == 0
    assert "unused" not in captured
    for name in ("unused", "stem#2"):
        with pytest.raises(ExplorerError, match="took no part"):
            captured[name]


def test_overwritten_outputs_are_found_and_copies_are_exact() -> None:
    torch.manual_seed(0)
    model = InPlace().eval()
    x = torch.randn(1, 1, 5, 5)
    layers = ["conv1", "relu1", "conv2", "conv3"]
    with torch.no_grad():
        with capture(model, layers) as kept:
            model(x)
        with capture(model, layers, copy=True) as copies:
            model(x)
        conv1 = model.conv1(x)
        relu1 = conv1.relu()
        conv2 = model.conv2(relu1)
        conv3 = model.conv3(conv2.relu())
    assert kept.overwritten == ("conv1", "conv2", "conv3")
    assert copies.overwritten == ()
    for name, value in {"conv1": conv1, "relu1": relu1, "conv2": conv2, "conv3": conv3}.items():
        assert torch.equal(copies[name], value), name


def test_copies_are_made_of_the_named_layers_alone() -> None:
    model = InPlace().eval()
    addresses: dict[str, int] = {}
    handles = [
        module.register_forward_hook(
            lambda _module, _inputs, output, name=name: addresses.update({name: output.data_ptr()})
        )
        for name, module in model.named_children()
    ]
    with torch.no_grad(), capture(model, ["conv1", "relu1", "conv2"], copy={"conv1"}) as captured:
        model(torch.randn(1, 1, 5, 5))
    for handle in handles:
        handle.remove()
    assert captured["conv1"].data_ptr() != addresses["conv1"]
    assert captured["relu1"].data_ptr() == addresses["relu1"]
    assert captured.overwritten == ("conv2",)


def test_a_view_that_is_overwritten_counts_for_what_it_views() -> None:
    class Views(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 1)
            self.flat = nn.Flatten()

        def forward(self, x: Tensor) -> Tensor:
            flat = self.flat(self.conv(x))
            flat[:, :3].zero_()
            return flat + 1

    model = Views().eval()
    with torch.no_grad(), capture(model, ["conv", "flat", "add"]) as captured:
        model(torch.randn(1, 1, 2, 2))
    assert captured.overwritten == ("conv", "flat")


class Cloning(nn.Module):
    """Calls what keeping a copy calls as well."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        z = y.clone()
        return (z.detach() + 1).flatten(1)


def test_keeping_is_not_heard_as_the_networks_own_operations() -> None:
    model = Cloning().eval()
    x = torch.randn(1, 1, 2, 2)
    with (
        torch.no_grad(),
        capture(model, ["clone", "add", "clone#2", "detach#2"]) as outer,
        capture(model, ["conv", "clone", "add", "clone#2"], copy=True) as captured,
    ):
        model(x)
    assert list(captured) == ["conv", "clone", "add"]
    assert list(outer) == ["clone", "add"]
    assert torch.equal(captured["clone"], captured["conv"])
    assert torch.equal(outer["clone"], captured["conv"])


class Attending(nn.Module):
    """Attention that torch computes as one operation where nobody listens to functions."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.first = nn.Linear(32, 32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=batch_first)
        self.broken = False
        self.attention.register_forward_pre_hook(self._maybe_break)

    def _maybe_break(self, *_call: object) -> None:
        if self.broken:
            raise Cancelled

    def forward(self, x: Tensor) -> Tensor:
        y = x + self.first(x)
        given, _ = self.attention(y, y, y, need_weights=False)
        return (given * 2).flatten(1)


@pytest.mark.parametrize("batch_first", [True, False])
def test_listening_changes_no_attention(batch_first: bool) -> None:
    torch.manual_seed(0)
    model = Attending(batch_first).eval()
    x = torch.randn(1, 50, 32) if batch_first else torch.randn(50, 1, 32)
    steps = ["attention.transpose", "attention.transpose#2"] if batch_first else []
    steps.append("attention.multi_head_attention_forward")
    layers = ["add", "attention", *steps, "attention.softmax", "mul", "flatten"]
    with torch.no_grad():
        plain = model(x)
        with capture(model, ["mul"]), capture(model, layers) as captured:
            answer = model(x)
        attended = model.attention(*[captured["add"]] * 3, need_weights=False)[0]
        with capture(model, ["attention.multi_head_attention_forward#2"]) as none:
            model(x)
    assert torch.equal(answer, plain)
    assert torch._C._is_torch_function_enabled()
    assert list(captured) == ["add", "attention", *steps, "mul", "flatten"]
    assert torch.equal(captured["add"], x + model.first(x))
    assert torch.equal(captured["attention"], attended)
    for step, second in ("transpose", "add"), ("transpose#2", "attention"):
        if batch_first:
            turned = captured[second].transpose(0, 1) if step == "transpose" else captured[second]
            assert torch.equal(captured[f"attention.{step}"], turned)
    inner = captured["attention.multi_head_attention_forward"]
    assert inner.shape == (50, 1, 32)
    assert torch.equal(inner.transpose(0, 1) if batch_first else inner, attended)
    assert torch.equal(captured["mul"], attended * 2)
    assert len(none) == 0


def test_an_end_within_attention_leaves_torch_as_it_was() -> None:
    model = Attending(batch_first=True).eval()
    before = hooks(model)
    model.broken = True
    x = torch.randn(1, 50, 32)
    with torch.no_grad():
        for _ in range(2):
            with pytest.raises(Cancelled), capture(model, ["add"]), capture(model, ["mul"]):
                model(x)
            assert torch._C._is_torch_function_enabled()
            assert torch._C._len_torch_function_stack() == 0
            assert hooks(model) == before
        model.broken = False
        plain = model(x)
        with capture(model, ["flatten"]) as captured:
            model(x)
    assert torch.equal(captured["flatten"], plain)


def test_what_was_captured_goes_with_its_last_reference() -> None:
    """Not later, when garbage is collected: a layer may be a hundred megabytes."""
    model = Functional().eval()
    gc.collect()
    gc.disable()
    try:
        with torch.no_grad(), capture(model, ["cat", "block.add", "block.conv1"]) as captured:
            model(torch.randn(1, 2, 6, 6))
        kept = [weakref.ref(tensor) for tensor in captured.values()]
        assert len(kept) == 3
        del captured
        assert [ref() for ref in kept] == [None] * 3
    finally:
        gc.enable()


def test_inference_tensors_are_copied_at_once() -> None:
    torch.manual_seed(0)
    model = InPlace().eval()
    x = torch.randn(1, 1, 5, 5)
    with torch.inference_mode(), capture(model, ["conv1"]) as captured:
        model(x)
    with torch.no_grad():
        assert torch.equal(captured["conv1"], model.conv1(x))
    assert captured.overwritten == ()


class Named(NamedTuple):
    none: None
    second: Tensor


@dataclass
class Fields:
    number: int
    tensor: Tensor


def test_of_several_outputs_the_first_is_kept() -> None:
    x = torch.zeros(1, 2)
    for several in (
        (x + 1, x + 2), [x + 1], Named(None, x + 1), {"a": x + 1, "b": x}, Fields(3, x + 1),
        (None, [(), (x + 1, x)]),
    ):  # fmt: skip
        module = nn.Module()
        module.forward = lambda _x, several=several: several  # type: ignore[method-assign]
        model = nn.Sequential(module)
        with torch.no_grad(), capture(model, ["0"]) as captured:
            model(x)
        assert captured["0"].tolist() == [[1.0, 1.0]]
    module.forward = lambda _x: (None, 3)  # type: ignore[method-assign]
    with torch.no_grad(), capture(model, ["0"]) as captured:
        model(x)
    assert "0" not in captured


def test_functions_may_give_several_tensors() -> None:
    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            left, right = self.conv(x).chunk(2, dim=1)
            return (left * right).flatten(1)

    model = Halves().eval()
    x = torch.randn(1, 1, 3, 3)
    with torch.no_grad(), capture(model, ["conv", "chunk"]) as captured:
        model(x)
    assert torch.equal(captured["chunk"], captured["conv"][:, :2])


@pytest.mark.parametrize(
    ("layer", "parts"),
    [
        ("relu", ("relu", 1)),
        ("a.b#2", ("a.b", 2)),
        ("a#0", ("a#0", 1)),
        ("a#x", ("a#x", 1)),
        ("a#²", ("a#²", 1)),
        ("#3", ("", 3)),
        ("", ("", 1)),
    ],
)
def test_names_of_calls(layer: str, parts: tuple[str, int]) -> None:
    assert split_call(layer) == parts


def test_hints_for_misspelt_layers(model: Small) -> None:
    assert module_at(model, "") is model
    assert module_at(model, "block.relu#2") is model.block.relu
    with pytest.raises(ExplorerError, match=r"did you mean block\.conv2\?"):
        module_at(model, "conv2")
    with pytest.raises(ExplorerError, match=r"the first ones are stem, block, block\.conv1"):
        module_at(model, "zzzzzz")
