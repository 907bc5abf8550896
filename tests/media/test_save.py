"""Files come out whole or not at all."""

import errno
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.save import npz_file, save_npy, save_png, write_bytes, write_text


def refused(path: Path, data: bytes = b"new") -> str:
    before = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    with pytest.raises(ExplorerError) as caught:
        write_bytes(path, data)
    after = sorted(path.parent.iterdir()) if path.parent.is_dir() else []
    assert after == before, "something was left behind"
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (1, 1)])
def test_png_comes_back_as_it_was(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    save_png(tmp_path / "map.png", pixels)
    with Image.open(tmp_path / "map.png") as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), pixels)


def test_png_of_a_strided_view(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)[::2, ::-1]
    save_png(tmp_path / "map.png", pixels)
    with Image.open(tmp_path / "map.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4), np.uint8)],
)
def test_png_of_something_else(tmp_path: Path, pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not a uint8 picture"):
        save_png(tmp_path / "map.png", pixels)
    assert not list(tmp_path.iterdir())


def test_npy_comes_back_as_it_was(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    save_npy(tmp_path / "maps.npy", values)
    loaded = np.load(tmp_path / "maps.npy", allow_pickle=False)
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, values)
    save_npy(tmp_path / "no suffix", values)  # none is added
    assert (tmp_path / "no suffix").is_file()


def test_npy_never_pickles(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        save_npy(tmp_path / "maps.npy", np.array([object()]))
    assert not list(tmp_path.iterdir())


def test_text_is_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "graph.svg", "größer\nkleiner")
    assert (tmp_path / "graph.svg").read_bytes() == "größer\nkleiner".encode()


def test_a_file_is_replaced_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["old"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of Unix")
def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.touch()
    write_bytes(tmp_path / "new", b"new")
    assert (tmp_path / "new").stat().st_mode == usual.stat().st_mode


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_name_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes(Path("here.bin"), b"x")
    assert (tmp_path / "here.bin").read_bytes() == b"x"


def test_missing_folder(tmp_path: Path) -> None:
    assert "there is no folder" in refused(tmp_path / "nowhere" / "a.png")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is no folder" in refused(tmp_path / "file" / "a.png")


def test_a_folder_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    assert "is a folder" in refused(tmp_path / "taken")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "not an ordinary file" in refused(tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may write everywhere")
def test_no_permission(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o555)
    assert "may not be written" in refused(folder / "a.png")
    path = tmp_path / "protected"
    path.write_bytes(b"old")
    path.chmod(0o444)
    assert "may not be written" in refused(path)
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str, step: str
) -> None:
    path = tmp_path / "precious.npy"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, step, fail)
    assert words in refused(path)
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_devices_are_not_replaced() -> None:
    with pytest.raises(ExplorerError, match="not an ordinary file"):
        write_bytes(Path("/dev/full"), b"x")
    assert Path("/dev/full").is_char_device()


def test_name_too_long(tmp_path: Path) -> None:
    assert "too long" in refused(tmp_path / ("x" * 300))


def test_zero_byte_in_the_name(tmp_path: Path) -> None:
    assert "cannot be saved" in refused(tmp_path / "a\0b")


def test_npz_keeps_names_and_values(tmp_path: Path) -> None:
    values = {
        "layer1.0.conv2": np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32),
        "a/b": np.zeros((0, 3), np.float32),
        "relu#2": np.array([np.nan, np.inf, -0.0], np.float32),
        "../up": np.ones(3)[::-1],
        "file": np.arange(3),
        "größe": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    }
    for path in (tmp_path / "a.npz", tmp_path / "b.npz"):
        with npz_file(path) as add:
            for name, array in values.items():
                add(name, array)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as loaded:
        assert list(loaded) == list(values)
        for name, array in values.items():
            assert loaded[name].dtype == array.dtype
            np.testing.assert_array_equal(loaded[name], array)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_npz_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.npz"
    path.write_bytes(b"old")

    def write(where: Path, end: BaseException | None, *names: str) -> None:
        with npz_file(where) as add:
            for name in names:
                add(name, np.ones(3))
            if end is not None:
                raise end

    with pytest.raises(ValueError, match='two arrays named "a"'):
        write(path, None, "a", "a")
    with pytest.raises(KeyboardInterrupt):
        write(path, KeyboardInterrupt(), "a")
    with pytest.raises(ExplorerError, match="there is no folder"):
        write(tmp_path / "x" / "y", AssertionError("what cannot be written is told at once"))

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np.lib.format, "write_array", fail)
    with pytest.raises(ExplorerError, match="the disk is full"):
        write(path, None, "a")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["old.npz"]
