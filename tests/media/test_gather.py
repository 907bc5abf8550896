"""Which pictures there are among files and in folders."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import cnn_explorer.media.gather as module
from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.media.decode import decode_small
from cnn_explorer.media.gather import gather, natural_key


def picture(path: Path, size: tuple[int, int] = (4, 3)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "red").save(path, "PNG")
    return path


def test_names_are_sorted_as_people_count() -> None:
    names = ["b", "img10", "IMG2", "img", "img2b", "007", "7", "a1.png", "a01.png"]
    ordered = ["007", "7", "a01.png", "a1.png", "b", "img", "IMG2", "img2b", "img10"]
    assert sorted(names, key=natural_key) == ordered


@given(st.lists(st.text(max_size=12)))
def test_any_names_have_an_order_that_does_not_depend_on_how_they_came(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


def test_a_folder_with_its_sub_folders(tmp_path: Path) -> None:
    wanted = [
        picture(tmp_path / name)
        for name in ("2.png", "10.png", "no ending", "a/1.png", "a/deep/2.png", "b/0.png")
    ]
    picture(tmp_path / ".hidden.png")
    picture(tmp_path / ".thumbnails" / "1.png")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.png").touch()
    found = gather([tmp_path])
    assert found.pictures == tuple(wanted)
    assert found.passed_over == "2 files that are no pictures were passed over."


@pytest.mark.skipif(os.name != "posix", reason="pipes and links as on Unix")
def test_links_and_pipes_are_passed_over_within_folders(tmp_path: Path) -> None:
    inside = picture(tmp_path / "folder" / "a.png")
    (tmp_path / "folder" / "round").symlink_to(tmp_path / "folder")
    (tmp_path / "folder" / "link.png").symlink_to(inside)
    os.mkfifo(tmp_path / "folder" / "pipe.png")  # opening it would wait for a writer
    found = gather([tmp_path / "folder"])
    assert found.pictures == (inside,)
    assert found.passed_over == "2 links and 1 pipe or device were passed over."
    # a link that a person gives by name is meant
    assert gather([tmp_path / "folder" / "link.png"]).pictures == (
        tmp_path / "folder" / "link.png",
    )


def test_files_and_folders_together_each_once(tmp_path: Path) -> None:
    one, ten = picture(tmp_path / "1.png"), picture(tmp_path / "10.png")
    inner = picture(tmp_path / "folder" / "0.png")
    found = gather([inner, ten, tmp_path / "folder", one, tmp_path / "gone.png", ten])
    assert found.pictures == (inner, one, ten)
    assert found.passed_over == "1 that cannot be read was passed over."


def test_no_pictures_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    with pytest.raises(ExplorerError, match="no picture in the folder"):
        gather([tmp_path])
    with pytest.raises(ExplorerError, match="no picture among these files"):
        gather([tmp_path / "a.txt", tmp_path / "b.txt"])


def test_there_is_an_end_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [picture(tmp_path / f"{number}.png") for number in range(9)]
    monkeypatch.setattr(module, "MOST_PICTURES", 5)
    found = gather([tmp_path])
    assert found.pictures == tuple(pictures[:5])
    assert found.passed_over == "These are the first 5 pictures of more."
    monkeypatch.setattr(module, "MOST_PICTURES", 100)
    monkeypatch.setattr(module, "_MOST_ENTRIES", 3)
    assert gather([tmp_path]).is_cut
    monkeypatch.setattr(module, "_MOST_ENTRIES", 100)
    monkeypatch.setattr(module, "_DEEPEST", 1)
    picture(tmp_path / "a" / "b" / "c.png")
    assert gather([tmp_path]).pictures == tuple(pictures)


def test_a_search_can_be_given_up(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")

    def stop(fraction: float) -> None:
        del fraction
        raise Cancelled

    with pytest.raises(Cancelled):
        gather([tmp_path], stop)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_picture_in_small_is_its_middle_square(tmp_path: Path, suffix: str) -> None:
    wide = Image.new("RGB", (900, 300), "blue")
    wide.paste("red", (300, 0, 600, 300))
    path = tmp_path / f"wide.{suffix}"
    wide.save(path)
    rgb = decode_small(path, 64).rgb
    assert rgb.shape == (64, 64, 3)
    middle = rgb[:, 4:-4].reshape(-1, 3).astype(int)
    assert abs(middle - (255, 0, 0)).max() < 12
    assert decode_small(picture(tmp_path / "tiny.png", (7, 5)), 64).rgb.shape == (5, 5, 3)


def test_what_is_no_picture_is_told_in_a_sentence(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    for data in (b"", b"\x89PNG....", b"hello"):
        bad.write_bytes(data)
        with pytest.raises(ExplorerError, match=r"bad\.png"):
            decode_small(bad, 64)
