"""How much each channel of a layer speaks for a class: gradient times activation.

The score of the class (the network's output before softmax) is differentiated with respect to the
layer's output, and the products of derivative and value are summed over the places of each channel,
the class token of a vision transformer among them.
To the first order that is by how much the score would fall if the channel were set to zero
(Molchanov et al.: "Pruning Convolutional Neural Networks for Resource Efficient Inference", 2017);
exact where all that follows is linear.
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.probe.capture import as_maps, each_output, split_call
from cnn_explorer.probe.results import PreparedInput
from cnn_explorer.probe.session import Session, checked, logits_of
from cnn_explorer.text import one_line

if TYPE_CHECKING:
    from torch import Tensor, nn


def channel_effects(
    session: Session,
    prepared: PreparedInput,
    layer: str,
    target: int,
    checkpoint: Checkpoint = no_checkpoint,
) -> npt.NDArray[np.float64]:
    """The effect of each channel of a layer (of each value of a flat one) on the score of the class
    with index `target`: (channels,).

    It makes a forward and a backward of its own and leaves the model as it was: no gradient is
    kept in it. What comes after the class's score, or takes no part in it, has effects of 0.
    Raises `ExplorerError` for an unknown layer and where the network cannot be differentiated.
    """
    import torch

    batch = torch.from_numpy(np.array(prepared.tensor, dtype=np.float32, order="C")[None])
    batch.requires_grad_()
    values: list[Tensor] = []
    gradients: list[Tensor] = []

    def given(_name: str, output: "Tensor") -> None:
        # a copy: what comes next may work in place. The hook is told the derivative by the value
        # that the tensor has now.
        values[:] = [output.detach().clone()]
        if output.requires_grad:
            hook: Any = output.register_hook
            hook(lambda gradient: gradients.insert(0, gradient))

    layer = _with_gradients(session.model, layer)
    session.model.eval()
    try:
        with ExitStack() as stack:
            stack.enter_context(torch.enable_grad())
            if checkpoint is not no_checkpoint:
                stack.enter_context(checked(session.model, lambda done: checkpoint(0.4 * done)))
            stack.enter_context(each_output(session.model, (layer,), given))
            # an input that is a leaf of the graph could not be worked on in place
            score = logits_of(session.model(batch.clone()))[target]
        checkpoint(0.4)
        torch.autograd.grad(score, batch, allow_unused=True)
        checkpoint(1.0)
    except (ExplorerError, Cancelled):
        raise
    except Exception as error:  # whatever goes wrong in a network that is not ours
        raise ExplorerError(
            f"{session.card.title} gives no gradients: {one_line(error)}."
        ) from error
    if not values:
        raise ExplorerError(f'the layer "{layer}" took no part in this run.')
    if not gradients:
        return np.zeros(len(as_maps(values[0])))
    product = values[0].double() * gradients[0].double()
    maps = as_maps(product)
    effects: npt.NDArray[np.float64] = maps.reshape(len(maps), -1).sum(1).numpy()
    if product.numel() > maps.numel():
        # a class token belongs to no place of the maps, but speaks: it stands first
        effects = effects + product.reshape(-1)[: len(maps)].numpy()
    return effects


def _with_gradients(model: "nn.Module", layer: str) -> str:
    """A layer's name, or of a step of attention that of one with the same values. Attention is one
    operation with several steps to be looked at, and gradients come by what it gives alone.

    Raises `ExplorerError` for what it is given, turned so that the batch is second.
    """
    from torch import nn

    name, number = split_call(layer)
    caller, _, operation = name.rpartition(".")
    module = dict(model.named_modules()).get(split_call(caller)[0])
    if not isinstance(module, nn.MultiheadAttention) or not module.batch_first:
        return layer
    if operation == "transpose" and number == 1:
        raise ExplorerError(
            f'"{layer}" hands on the output of the layer before it: sort that by its effect.'
        )
    return f"{caller}.transpose#2" if operation == "multi_head_attention_forward" else layer
