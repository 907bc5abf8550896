"""Reading CIFAR-10's files: exact where they are sound, one sentence where they are not."""

from pathlib import Path

import numpy as np
import pytest

from cnn_explorer.errors import ExplorerError
from cnn_explorer.training.cifar10 import FOLDER, TEST, TRAINING, read_test, read_training
from tests.training.examples import colours, write_cifar10


def test_pictures_and_labels_are_read_exactly(tmp_path: Path) -> None:
    training, test = colours(23), colours(7)
    folder = write_cifar10(tmp_path, training, test)
    for place in (folder, folder / FOLDER):  # the folder itself, or the one above it
        read = read_training(place)
        np.testing.assert_array_equal(read.images, training.images)
        np.testing.assert_array_equal(read.labels, training.labels)
        np.testing.assert_array_equal(read_test(place).images, test.images)
    assert read.images.shape == (23, 32, 32, 3)
    assert read.images.dtype == read.labels.dtype == np.uint8


def test_a_record_is_a_label_and_three_planes(tmp_path: Path) -> None:
    record = bytes([9]) + bytes([1] * 1024) + bytes([2] * 1024) + bytes(range(256)) * 4
    (tmp_path / TEST[0]).write_bytes(record)
    read = read_test(tmp_path)
    assert read.labels.tolist() == [9]
    assert read.images[0, 0, :4].tolist() == [[1, 2, 0], [1, 2, 1], [1, 2, 2], [1, 2, 3]]
    assert read.images[0, 1, 0].tolist() == [1, 2, 32]  # a row has 32 pixels


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a file of CIFAR-10"),
        (bytes(3072), "is not a file of CIFAR-10"),
        (bytes(3074), "is not a file of CIFAR-10"),
        (b"\x80\x02}q\x00." * 100, "is not a file of CIFAR-10"),  # the version for Python
        (bytes([10]) + bytes(3072), "has the label 10"),
    ],
)
def test_bad_content_is_one_sentence(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / TEST[0]).write_bytes(content)
    with pytest.raises(ExplorerError, match=message):
        read_test(tmp_path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    write_cifar10(tmp_path, colours(10), colours(2))
    (tmp_path / FOLDER / TRAINING[3]).unlink()
    with pytest.raises(ExplorerError, match=r"data_batch_4.bin does not exist: name the folder"):
        read_training(tmp_path)
    with pytest.raises(ExplorerError, match="does not exist"):
        read_test(tmp_path / "nowhere")
    (tmp_path / FOLDER / TRAINING[3]).mkdir()
    with pytest.raises(ExplorerError, match=r"is not a file|cannot be read"):
        read_training(tmp_path)
