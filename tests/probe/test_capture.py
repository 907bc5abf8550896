"""Capture against the intermediate values of networks written out by hand."""

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


def test_inference_tensors_are_copied_at_once() -> None:
    torch.manual_seed(0)
    model = InPlace().eval()
    x = torch.randn(1, 1, 5, 5)
    with torch.inference_mode(), capture(model, ["conv1"]) as captured:
        model(x)
    with torch.no_grad():
        assert torch.equal(captured["conv1"], model.conv1(x))
    assert captured.overwritten == ()


def test_of_several_outputs_the_first_is_kept() -> None:
    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x + 1, x + 2

    model = nn.Sequential(Two())
    with torch.no_grad(), capture(model, ["0"]) as captured:
        model(torch.zeros(1, 2))
    assert captured["0"].tolist() == [[1.0, 1.0]]


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
