"""Reading MNIST's files: exact where they are sound, one sentence where they are not."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.errors import ExplorerError
from cnn_explorer.training.mnist import (
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    read_test,
    read_training,
)

PICTURES = np.arange(3 * 28 * 28, dtype=np.int64).astype(np.uint8).reshape(3, 28, 28)


def images(count: int = 3, magic: int = 2051, rows: int = 28, columns: int = 28) -> bytes:
    return struct.pack(">4I", magic, count, rows, columns) + PICTURES.tobytes()


def labels(values: bytes = b"\x07\x02\x01", magic: int = 2049) -> bytes:
    return struct.pack(">2I", magic, len(values)) + values


def write(folder: Path, pictures: bytes | None = None, classes: bytes | None = None) -> Path:
    (folder / TEST_IMAGES).write_bytes(gzip.compress(images() if pictures is None else pictures))
    (folder / TEST_LABELS).write_bytes(gzip.compress(labels() if classes is None else classes))
    return folder


def test_pictures_and_labels_are_read_exactly(tmp_path: Path) -> None:
    digits = read_test(write(tmp_path))
    assert len(digits) == 3
    assert digits.images.dtype == digits.labels.dtype == np.uint8
    np.testing.assert_array_equal(digits.images[..., 0], PICTURES)
    assert digits.labels.tolist() == [7, 2, 1]


def test_the_folder_that_torchvision_makes_is_found(tmp_path: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    write(raw)
    assert read_test(tmp_path).labels.tolist() == [7, 2, 1]


def test_training_files_have_their_own_names(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / TEST_IMAGES).rename(tmp_path / TRAIN_IMAGES)
    (tmp_path / TEST_LABELS).rename(tmp_path / TRAIN_LABELS)
    assert read_training(tmp_path).labels.tolist() == [7, 2, 1]


def test_the_real_files(shared_data: Path) -> None:
    training, test = read_training(shared_data / "mnist"), read_test(shared_data / "mnist")
    assert (len(training), len(test)) == (60_000, 10_000)
    assert training.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    # the mean and deviation that everybody normalises MNIST with
    assert training.images.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert training.images.std() / 255 == pytest.approx(0.3081, abs=5e-5)


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "wrong magic": (lambda: images(magic=2049), "is not an MNIST file"),
    "other size": (lambda: images(rows=32, columns=32), "is not an MNIST file"),
    "absurd count": (lambda: images(count=2**32 - 1), "is not an MNIST file"),
    "too few": (lambda: images(count=4), "does not have the 4 items"),
    "too many": (lambda: images(count=2), "does not have the 2 items"),
    "only a header": (lambda: images()[:16], "does not have the 3 items"),
    "half a header": (lambda: images()[:7], "is damaged"),
    "nothing": (lambda: b"", "is damaged"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_content_is_one_sentence(tmp_path: Path, case: str) -> None:
    content, message = BAD[case]
    with pytest.raises(ExplorerError, match=message):
        read_test(write(tmp_path, pictures=content()))


def test_labels_and_pictures_belong_together(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match=r"has 3 pictures but .* has 2 labels"):
        read_test(write(tmp_path, classes=labels(b"\x01\x02")))
    with pytest.raises(ExplorerError, match="has the label 10"):
        read_test(write(tmp_path, classes=labels(b"\x01\x0a\x02")))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="does not exist"):
        read_test(tmp_path)
    with pytest.raises(ExplorerError, match="does not exist"):
        read_test(tmp_path / "nowhere")
    (tmp_path / TEST_IMAGES).mkdir()
    with pytest.raises(ExplorerError, match="cannot be read"):
        read_test(tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """100 MB of zeros behind an honest-looking header: one byte too many is enough to refuse."""
    (tmp_path / TEST_LABELS).write_bytes(gzip.compress(labels()))
    with gzip.open(tmp_path / TEST_IMAGES, "wb", compresslevel=1) as file:
        file.write(images())
        for _ in range(100):
            file.write(bytes(1_000_000))
    with pytest.raises(ExplorerError, match="does not have the 3 items"):
        read_test(tmp_path)


@given(data=st.data())
def test_damaged_gzip_is_refused_or_read(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = write(tmp_path_factory.mktemp("mnist"))
    content = bytearray((folder / TEST_IMAGES).read_bytes())
    size = data.draw(st.integers(0, len(content)))
    where = data.draw(st.integers(0, len(content) - 1))
    content[where] ^= data.draw(st.integers(0, 255))
    (folder / TEST_IMAGES).write_bytes(content[:size])
    try:
        digits = read_test(folder)
    except ExplorerError:
        return
    assert digits.images.shape == (3, 28, 28, 1)
