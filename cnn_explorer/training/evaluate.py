"""How a network does on labelled pictures."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.training.data import Pictures


@dataclass(frozen=True)
class Evaluation:
    """How a network did on a set of labelled pictures."""

    confusion: tuple[tuple[int, ...], ...]
    """How often class i (row) was taken for class j (column)."""
    loss: float
    """Mean cross entropy in nats."""

    @property
    def pictures(self) -> int:
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        return sum(row[i] for i, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        """Top-1, per cent."""
        return 100.0 * self.right / self.pictures


def evaluate(
    model: nn.Module,
    pictures: Pictures,
    preprocessing: Preprocessing,
    *,
    device: torch.device | None = None,
    half: bool = False,
    batch: int = 500,
    checkpoint: Checkpoint = no_checkpoint,
) -> Evaluation:
    """Measures a network on pictures as they are; leaves its training flags as they were.

    In float32, unless `half` asks for bfloat16. The model must be on `device` (the CPU). Raises
    `ExplorerError` where there are no pictures, or classes that the network does not know.
    """
    if not len(pictures):
        raise ExplorerError("there are no pictures to measure on: name a folder that has some.")
    device = device or torch.device("cpu")
    images = framed(pictures, preprocessing)
    labels = torch.from_numpy(pictures.labels.astype("int64"))
    classes = 0
    counts = torch.zeros(0, dtype=torch.long)
    loss = 0.0
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(labels), batch):
                checkpoint(start / len(labels))
                truth = labels[start : start + batch].to(device)
                shown = images[start : start + batch].permute(0, 3, 1, 2).to(device)
                with torch.autocast(device.type, torch.bfloat16, enabled=half):
                    scores = model(normalise(shown, preprocessing))
                if not classes:
                    classes = scores.shape[1]
                    if int(labels.max()) >= classes:
                        raise ExplorerError(
                            f"the network tells {classes} classes apart, and the pictures are of "
                            f"{int(labels.max()) + 1}: choose weights that were trained on them."
                        )
                    counts = torch.zeros(classes * classes, dtype=torch.long)
                scores = scores.float()
                loss += float(F.cross_entropy(scores, truth, reduction="sum"))
                pairs = truth * classes + scores.argmax(1)
                counts += torch.bincount(pairs, minlength=classes * classes).cpu()
    finally:
        for module, training in flags:
            module.training = training
    checkpoint(1.0)
    confusion = tuple(map(tuple, counts.reshape(classes, classes).tolist()))
    return Evaluation(confusion, loss / len(labels))


def framed(pictures: Pictures, preprocessing: Preprocessing) -> Tensor:
    """The pictures in the middle of the network's input, black around: uint8 (N, S, S, C).

    MNIST's 28x28 pixels become LeNet's 32x32. Pictures of another kind or larger than the input
    raise `ExplorerError`.
    """
    _, height, width, channels = pictures.images.shape
    missing = preprocessing.crop - height
    if channels != preprocessing.channels or height != width or missing < 0 or missing % 2:
        raise ExplorerError(
            f"pictures of {width}x{height} pixels in {channels} channels do not fit an input of "
            f"{preprocessing.crop}x{preprocessing.crop} in {preprocessing.channels}."
        )
    return padded(torch.from_numpy(pictures.images), missing // 2)


def padded(images: Tensor, pixels: int) -> Tensor:
    """(N, H, W, C) with so many pixels of zeros on each side."""
    return F.pad(images, (0, 0, pixels, pixels, pixels, pixels)) if pixels else images


def normalise(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Bytes (N, C, H, W) to what goes into the network."""
    scale = images.new_tensor(preprocessing.std, dtype=torch.float32).mul(255).view(-1, 1, 1)
    shift = images.new_tensor(preprocessing.mean, dtype=torch.float32).mul(255).view(-1, 1, 1)
    return (images.float() - shift) / scale
