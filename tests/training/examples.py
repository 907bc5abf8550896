"""Pictures that anything learns, and the files of the sets with them in place of the real ones."""

import gzip
import struct
from pathlib import Path

import numpy as np

from cnn_explorer.training import cifar10, mnist
from cnn_explorer.training.data import Pictures


def bars(count: int) -> Pictures:
    """Two classes of digits: 0 is a standing bar, 1 a lying one."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    labels = np.arange(count, dtype=np.uint8) % 2
    images[labels == 0, 6:22, 13:16] = 255
    images[labels == 1, 13:16, 6:22] = 255
    return Pictures(images, labels)


def colours(count: int) -> Pictures:
    """Two classes of photos: 0 is reddish, 1 bluish, with some noise."""
    noise = np.random.default_rng(0).integers(0, 60, (count, 32, 32, 3))
    labels = np.arange(count, dtype=np.uint8) % 2
    noise[labels == 0, ..., 0] += 150
    noise[labels == 1, ..., 2] += 150
    return Pictures(noise.astype(np.uint8), labels)


def write_mnist(folder: Path, training: Pictures, test: Pictures) -> Path:
    """The four files of MNIST."""
    folder.mkdir(parents=True, exist_ok=True)
    for digits, images_name, labels_name in (
        (training, mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS),
        (test, mnist.TEST_IMAGES, mnist.TEST_LABELS),
    ):
        count = len(digits)
        pictures = struct.pack(">4I", 2051, count, 28, 28) + digits.images.tobytes()
        (folder / images_name).write_bytes(gzip.compress(pictures))
        labels = struct.pack(">2I", 2049, count) + digits.labels.tobytes()
        (folder / labels_name).write_bytes(gzip.compress(labels))
    return folder


def write_cifar10(folder: Path, training: Pictures, test: Pictures) -> Path:
    """The six files of CIFAR-10's binary version; gives the folder above them."""
    place = folder / cifar10.FOLDER
    place.mkdir(parents=True, exist_ok=True)
    parts = np.array_split(np.arange(len(training)), len(cifar10.TRAINING))
    for name, rows in zip(cifar10.TRAINING, parts, strict=True):
        (place / name).write_bytes(records(training, rows))
    (place / cifar10.TEST[0]).write_bytes(records(test, np.arange(len(test))))
    return folder


def records(pictures: Pictures, rows: np.ndarray) -> bytes:
    return b"".join(
        bytes([pictures.labels[row]]) + pictures.images[row].transpose(2, 0, 1).tobytes()
        for row in rows
    )
