"""MNIST, read from its four original files.

LeCun, Cortes and Burges published 60,000 training and 10,000 test pictures of handwritten
digits, 28x28 grey values each, as gzip-compressed idx files: a big-endian header (magic number,
count, and for pictures rows and columns), then the bytes. Nothing here trusts the header: no
more is unpacked than it may honestly announce.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn_explorer.errors import ExplorerError
from cnn_explorer.training.data import Pictures

TRAIN_IMAGES = "train-images-idx3-ubyte.gz"
TRAIN_LABELS = "train-labels-idx1-ubyte.gz"
TEST_IMAGES = "t10k-images-idx3-ubyte.gz"
TEST_LABELS = "t10k-labels-idx1-ubyte.gz"

SIDE = 28
"""Width and height of an MNIST picture."""

_IMAGES_MAGIC = 2051  # 0x00000803: unsigned bytes, three dimensions
_LABELS_MAGIC = 2049  # 0x00000801: unsigned bytes, one dimension
_MOST = 1_000_000  # pictures; EMNIST, the largest set in this format, has 814,255


def read_training(folder: Path) -> Pictures:
    """The training pictures (60,000 in the original), light strokes on black: C is 1.

    `folder` holds the four ``.gz`` files, or ``MNIST/raw`` that does. Raises `ExplorerError` when a
    file is missing, damaged or not what its name says.
    """
    folder = _place(folder)
    return _read_pair(folder / TRAIN_IMAGES, folder / TRAIN_LABELS)


def read_test(folder: Path) -> Pictures:
    """The test pictures (10,000 in the original); raises as `read_training` does."""
    folder = _place(folder)
    return _read_pair(folder / TEST_IMAGES, folder / TEST_LABELS)


def _place(folder: Path) -> Path:
    raw = folder / "MNIST" / "raw"  # where torchvision keeps them
    return raw if raw.is_dir() else folder


def _read_pair(images_file: Path, labels_file: Path) -> Pictures:
    images = _read_idx(images_file, _IMAGES_MAGIC, (SIDE, SIDE))
    labels = _read_idx(labels_file, _LABELS_MAGIC, ())
    if len(images) != len(labels):
        raise ExplorerError(
            f"{images_file.name} has {len(images):,} pictures but {labels_file.name} has "
            f"{len(labels):,} labels: get both files from the same place again."
        )
    if len(labels) and labels.max() > 9:
        raise ExplorerError(
            f"{labels_file} has the label {labels.max()}, but digits go from 0 to 9: "
            "get the file again."
        )
    return Pictures(images[..., None], labels)


def _read_idx(path: Path, magic: int, item: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """The bytes of an idx file of items of the shape `item`: (count, *item)."""
    header = 4 * (2 + len(item))
    try:
        with gzip.open(path, "rb") as file:
            numbers = struct.unpack(f">{2 + len(item)}I", file.read(header))
            if numbers[0] != magic or numbers[2:] != item or numbers[1] > _MOST:
                raise ExplorerError(f"{path} is not an MNIST file: get the original .gz files.")
            size = numbers[1] * int(np.prod(item, dtype=np.int64))
            # one byte more than announced, to notice what follows without unpacking it all
            data = file.read(size + 1)
    except FileNotFoundError:
        raise ExplorerError(
            f"{path} does not exist: name the folder of the four original MNIST .gz files."
        ) from None
    except (struct.error, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ExplorerError(f"{path} is damaged or no gzip file: get it again.") from error
    except OSError as error:
        raise ExplorerError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) != size:
        raise ExplorerError(
            f"{path} does not have the {numbers[1]:,} items its header announces: get it again."
        )
    return np.frombuffer(bytearray(data), np.uint8).reshape(numbers[1], *item)  # writable
