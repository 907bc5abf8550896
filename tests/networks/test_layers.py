"""The small modules, against numbers worked out by hand."""

import torch
from torch import nn

from cnn_explorer.networks.layers import Add, Concat, Rescale


def test_add_sums_into_a_new_tensor() -> None:
    a, b = torch.tensor([[1.0, -2.0]]), torch.tensor([[10.0, 20.0]])
    assert Add()(a, b).tolist() == [[11.0, 18.0]]
    assert a.tolist() == [[1.0, -2.0]]
    assert b.tolist() == [[10.0, 20.0]]


def test_concat_joins_channels_in_the_order_given() -> None:
    parts = [torch.full((2, channels, 3, 3), float(channels)) for channels in (1, 2, 4)]
    joined = Concat()(*parts)
    assert joined.shape == (2, 7, 3, 3)
    assert joined[1, :, 2, 0].tolist() == [1, 2, 2, 4, 4, 4, 4]


def test_concat_of_one_tensor_and_along_another_dimension() -> None:
    x = torch.arange(6.0).view(1, 2, 3)
    assert torch.equal(Concat()(x), x)
    assert Concat(dim=2)(x, x).shape == (1, 2, 6)
    assert repr(Concat(dim=2)) == "Concat(dim=2)"


def test_hooks_see_every_input_of_add_and_concat() -> None:
    seen: list[tuple[tuple[int, ...], ...]] = []

    def remember(_module: nn.Module, inputs: tuple[torch.Tensor, ...], _output: object) -> None:
        seen.append(tuple(tuple(tensor.shape) for tensor in inputs))

    for module, channels in ((Add(), (2, 2)), (Concat(), (1, 2, 4))):
        module.register_forward_hook(remember)
        module(*(torch.zeros(1, c, 5, 5) for c in channels))
    assert seen == [
        ((1, 2, 5, 5), (1, 2, 5, 5)),
        ((1, 1, 5, 5), (1, 2, 5, 5), (1, 4, 5, 5)),
    ]


def test_rescale_works_by_channel_and_follows_type_and_device() -> None:
    rescale = Rescale(scale=(2.0, 0.5), shift=(1.0, -1.0))
    x = torch.tensor([[[[1.0, 2.0]], [[4.0, 8.0]]]])  # (1, 2, 1, 2)
    assert rescale(x).tolist() == [[[[3.0, 5.0]], [[1.0, 3.0]]]]
    assert rescale(x.bfloat16()).dtype == torch.bfloat16
    assert rescale(x.to("meta")).device.type == "meta"
    assert repr(rescale) == "Rescale(scale=(2, 0.5), shift=(1, -1))"


def test_none_of_them_leaves_a_trace_in_a_state_dict() -> None:
    modules = nn.ModuleList([Add(), Concat(), Rescale((1.0,), (0.0,))])
    assert not modules.state_dict()
    assert not list(modules.buffers())
