"""What cards share: how pictures are prepared, and entries of weights."""

from dataclasses import replace

from cnn_explorer.networks.card import Preprocessing, WeightsEntry

MNIST = Preprocessing("digit", resize=20, crop=32, mean=(0.1307,), std=(0.3081,))
"""MNIST's digits fill 20x20 of 28x28; mean and deviation are those of its training pictures."""

IMAGENET = Preprocessing(
    "photo", resize=256, crop=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)
"""What every set of torchvision's weights here was trained for, unless its entry says otherwise."""

CIFAR = Preprocessing(
    "photo", resize=32, crop=32, mean=(0.4914, 0.4822, 0.4465), std=(0.2470, 0.2435, 0.2616)
)
"""Mean and deviation of CIFAR-10's training pictures. A photo is scaled to 32 pixels and its middle
is seen."""

CIFAR_RESNET = replace(CIFAR, mean=IMAGENET.mean, std=IMAGENET.std)
"""The widespread CIFAR-10 checkpoints of ResNets were trained with ImageNet's mean and deviation.
Ours are trained so too: then theirs are read right without being asked."""


def shipped(name: str, data: str, accuracy: float) -> tuple[WeightsEntry, ...]:
    """Weights that come with the program: `data` is ``MNIST`` or ``CIFAR-10``."""
    file = f"{name}-{data.lower().replace('-', '')}.safetensors"
    return (WeightsEntry(tag=data, file=file, shipped=True, accuracy=accuracy),)
