"""Our networks against torchvision's own: the same keys, the same numbers.

Weights and normalisation statistics are random and far from their defaults, so that a forgotten
or exchanged layer shows.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cnn_explorer.networks import alexnet, densenet, googlenet, resnet, squeezenet, vgg
from cnn_explorer.networks.torchvision_models import import_torchvision

Builder = Callable[[], nn.Module]

BUILDERS: tuple[Builder, ...] = (
    alexnet.alexnet,
    vgg.vgg11,
    vgg.vgg13,
    vgg.vgg16,
    vgg.vgg19,
    vgg.vgg11_bn,
    vgg.vgg13_bn,
    vgg.vgg16_bn,
    vgg.vgg19_bn,
    googlenet.googlenet,
    resnet.resnet18,
    resnet.resnet34,
    resnet.resnet50,
    resnet.resnet101,
    resnet.resnet152,
    densenet.densenet121,
    densenet.densenet169,
    densenet.densenet201,
    squeezenet.squeezenet1_0,
    squeezenet.squeezenet1_1,
)
NORMALISED = (googlenet.googlenet, resnet.resnet18, resnet.resnet50, densenet.densenet121)


def name_of(builder: Builder) -> str:
    return builder.__name__


def theirs(name: str, **options: Any) -> nn.Module:
    """Torchvision's network in eval mode with the random numbers of `random_state`."""
    if name == "googlenet":
        options = {"aux_logits": True, "init_weights": False, **options}
    with torch.device("meta"):  # spares torch the filling
        model: nn.Module = getattr(import_torchvision().models, name)(weights=None, **options)
    model.load_state_dict(random_state(model), strict=True, assign=True)
    return model.eval()


def random_state(model: nn.Module) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    state = {}
    for name, tensor in model.state_dict().items():
        if not tensor.is_floating_point():  # num_batches_tracked
            state[name] = torch.tensor(7)
            continue
        noise = torch.empty(tensor.shape).uniform_(-1, 1, generator=generator)
        if tensor.dim() > 1:
            state[name] = noise * (6 / tensor[0].numel()) ** 0.5
        elif name.endswith("running_var"):
            state[name] = 1 + 0.5 * noise
        elif name.endswith("weight"):  # of a normalisation; small enough for 150 layers
            state[name] = 0.6 + 0.3 * noise
        else:
            state[name] = 0.2 * noise
    return state


def ours(builder: Builder, source: nn.Module) -> nn.Module:
    with torch.device("meta"):
        model = builder().eval()
    own = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    assert own == {name: tuple(tensor.shape) for name, tensor in source.state_dict().items()}
    copy = {name: tensor.clone() for name, tensor in source.state_dict().items()}
    model.load_state_dict(copy, strict=True, assign=True)
    return model


def pictures(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


def assert_same(actual: Tensor, expected: Tensor) -> None:
    assert expected.isfinite().all()
    assert expected.std() > 1e-3  # else it proves nothing
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("builder", BUILDERS, ids=name_of)
def test_eval_outputs_are_torchvisions(builder: Builder) -> None:
    their = theirs(builder.__name__)
    our = ours(builder, their)
    x = pictures(1, 3, 224, 224)
    with torch.inference_mode():
        assert_same(our(x), their(x))


@pytest.mark.parametrize("builder", [alexnet.alexnet, vgg.vgg11, googlenet.googlenet], ids=name_of)
def test_other_sizes_of_pictures_give_torchvisions_outputs(builder: Builder) -> None:
    their = theirs(builder.__name__)
    our = ours(builder, their)
    x = pictures(1, 3, 150, 201)
    with torch.inference_mode():
        assert_same(our(x), their(x))


def run_in_training(model: nn.Module, x: Tensor) -> tuple[Tensor, ...]:
    """Outputs in training mode, after a backward pass through all of them; the same dropout."""
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(4)
        outputs = model(x)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    torch.stack([output.square().sum() for output in outputs]).sum().backward()
    return tuple(output.detach() for output in outputs)


@pytest.mark.parametrize("builder", NORMALISED, ids=name_of)
def test_training_gives_torchvisions_outputs_statistics_and_gradients(builder: Builder) -> None:
    their = theirs(builder.__name__)
    our = ours(builder, their)
    x = pictures(3, 3, 96, 96)

    their_outputs, our_outputs = run_in_training(their, x), run_in_training(our, x)
    assert len(our_outputs) == (3 if builder is googlenet.googlenet else 1)
    for actual, expected in zip(our_outputs, their_outputs, strict=True):
        assert_same(actual, expected)

    moved = 0
    their_state = their.state_dict()
    for name, tensor in our.state_dict().items():
        if "running" in name or "tracked" in name:
            torch.testing.assert_close(tensor, their_state[name], rtol=1e-5, atol=1e-5)
            moved += 1
    assert moved

    their_gradients = dict(their.named_parameters())
    for name, parameter in our.named_parameters():
        expected = their_gradients[name].grad
        assert expected is not None, name
        assert parameter.grad is not None, name
        scale = max(1.0, expected.abs().max().item())
        torch.testing.assert_close(parameter.grad / scale, expected / scale, rtol=1e-5, atol=1e-5)


def test_googlenets_training_outputs_have_torchvisions_names_in_its_order() -> None:
    their_fields = import_torchvision().models.GoogLeNetOutputs._fields
    assert googlenet.GoogLeNetOutputs._fields == their_fields

    their = theirs("googlenet").train()
    our = ours(googlenet.googlenet, their).train()
    for model in (their, our):
        for part in model.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
    x = pictures(2, 3, 224, 224)
    with torch.no_grad():
        their_outputs, our_outputs = their(x), our(x)
    for field in their_fields:
        assert_same(getattr(our_outputs, field), getattr(their_outputs, field))
    assert not torch.equal(our_outputs.aux_logits1, our_outputs.aux_logits2)


def test_googlenet_without_heads_gives_a_tensor_in_training_as_torchvisions() -> None:
    their = theirs("googlenet", aux_logits=False)
    our = ours(lambda: googlenet.GoogLeNet(aux_logits=False), their)
    x = pictures(2, 3, 96, 96)
    (expected,), (actual,) = run_in_training(their, x), run_in_training(our, x)
    assert_same(actual, expected)


def test_googlenets_transform_of_the_input_is_torchvisions() -> None:
    their = theirs("googlenet", transform_input=True)
    our = ours(googlenet.googlenet, their)
    x = pictures(1, 3, 224, 224)
    with torch.inference_mode():
        expected = their(x)
        assert not torch.allclose(our(x), expected, atol=1e-3)
        our.transform_input = True
        assert_same(our(x), expected)
