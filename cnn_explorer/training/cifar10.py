"""CIFAR-10, read from its official "binary version".

Krizhevsky, Nair and Hinton published 50,000 training and 10,000 test pictures of ten classes,
32x32 RGB pixels each: five files of training pictures and one of test pictures, 10,000 records a
file. A record is one byte of label and 3,072 bytes of pixels, red, green and blue one after the
other. (The version for Python is a pickle, and no pickle is run here.)
"""

from pathlib import Path

import numpy as np

from cnn_explorer.errors import ExplorerError
from cnn_explorer.training.data import Pictures

FOLDER = "cifar-10-batches-bin"
"""What the official archive unpacks to."""
TRAINING = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = ("test_batch.bin",)

SIDE = 32
"""Width and height of a CIFAR picture."""

_RECORD = 1 + 3 * SIDE * SIDE
_MOST = 100_000  # records a file; the official ones have 10,000


def read_training(folder: Path) -> Pictures:
    """The training pictures (50,000 in the original).

    `folder` holds the ``.bin`` files, or the folder ``cifar-10-batches-bin`` that does. Raises
    `ExplorerError` when a file is missing, damaged or not what its name says.
    """
    return _read(folder, TRAINING)


def read_test(folder: Path) -> Pictures:
    """The test pictures (10,000 in the original); arguments and errors as `read_training`."""
    return _read(folder, TEST)


def _read(folder: Path, names: tuple[str, ...]) -> Pictures:
    inner = folder / FOLDER
    place = inner if inner.is_dir() else folder
    records = np.concatenate([_records(place / name) for name in names])
    planes = records[:, 1:].reshape(-1, 3, SIDE, SIDE)
    return Pictures(
        np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.ascontiguousarray(records[:, 0])
    )


def _records(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    try:
        size = path.stat().st_size
        if size == 0 or size % _RECORD or size > _MOST * _RECORD:
            raise ExplorerError(
                f"{path} is not a file of CIFAR-10's binary version ({size:,} bytes are no whole "
                f"number of records of {_RECORD:,}): get the archive again."
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise ExplorerError(
            f"{path} does not exist: name the folder of CIFAR-10's binary version "
            f"({FOLDER} or the one above it)."
        ) from None
    except OSError as error:
        raise ExplorerError(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(data) != size:
        raise ExplorerError(f"{path} changed while it was read: try again.")
    records = np.frombuffer(data, np.uint8).reshape(-1, _RECORD)
    if records[:, 0].max() > 9:
        raise ExplorerError(
            f"{path} has the label {records[:, 0].max()}, but CIFAR-10's go from 0 to 9: get the "
            "archive again."
        )
    return records
