"""The class names: as many as outputs, no two alike, the ambiguous ones mended."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.errors import ExplorerError
from cnn_explorer.networks.labels import class_names, names_beside, numbered
from cnn_explorer.networks.torchvision_models import import_torchvision

MENDED = {
    134: "crane (bird)",
    263: "Pembroke Welsh corgi",
    264: "Cardigan Welsh corgi",
    517: "crane (machine)",
    639: "maillot, tank suit",
}


@pytest.mark.parametrize(("label_set", "count"), [("imagenet-1k", 1000), ("mnist", 10)])
def test_names_are_complete_and_distinct(label_set: str, count: int) -> None:
    names = class_names(label_set)
    assert len(names) == count
    assert len({name.casefold() for name in names}) == count
    assert all(name and name == name.strip() for name in names)


def test_imagenet_names_are_torchvisions_but_for_the_mended() -> None:
    torchvision = import_torchvision()
    theirs = torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    differing = {
        index: ours
        for index, (ours, other) in enumerate(zip(class_names("imagenet-1k"), theirs, strict=True))
        if ours != other
    }
    assert differing == MENDED


def test_digits_stand_for_themselves() -> None:
    assert class_names("mnist") == tuple("0123456789")


def test_an_unknown_set_is_one_sentence() -> None:
    with pytest.raises(ExplorerError, match="cannot be read"):
        class_names("imagenet-22k")


# --- beside a person's own weights -------------------------------------------------------------


def beside(folder: Path, count: int) -> tuple[tuple[str, ...] | None, str]:
    return names_beside(folder / "mine.pth", count)


def test_no_labels_file_is_nothing_to_complain_of(tmp_path: Path) -> None:
    assert beside(tmp_path, 3) == (None, "")
    assert numbered(3) == ("class 0", "class 1", "class 2")


def test_the_nearest_file_counts(tmp_path: Path) -> None:
    for number, name in enumerate(
        ["classes.json", "labels.txt", "mine.json", "mine.txt", "mine.pth.labels.txt"]
    ):
        content = f'["{number}", "b"]' if name.endswith(".json") else f"{number}\nb"
        (tmp_path / name).write_text(content, "utf-8")
        assert beside(tmp_path, 2) == ((str(number), "b"), "")
    (tmp_path / "mine.pth.labels.txt").write_text("one", "utf-8")
    assert beside(tmp_path, 2) == (("3", "b"), "")  # the next one that names as many


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("mine.txt", "ant\nbee\ncat"),
        ("mine.txt", "ant\r\nbee\r\ncat\r\n\r\n"),
        ("mine.txt", "\ufeffant \n\tbee\ncat\n"),
        ("labels.txt", "a\x07nt\nb\x1bee\nca\u202et\n"),
        ("mine.json", '["ant", "bee", "cat"]'),
        ("mine.json", '{"2": "cat", "0": "ant", "1": "bee"}'),
        ("mine.json", '{"cat": 2, "ant": 0, "bee": 1}'),
        ("classes.json", '{"0": ["n01", "ant"], "1": ["n02", "bee"], "2": ["n03", "cat"]}'),
        ("mine.json", '["a\\u0000nt", "bee\\n", "\\ud800cat"]'),
    ],
)
def test_labels_are_read(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / file).write_bytes(content.encode())
    assert beside(tmp_path, 3) == (("ant", "bee", "cat"), "")


def test_every_class_has_a_name_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("ant\n\nant\n" + "x" * 500, "utf-8")
    names, note = beside(tmp_path, 4)
    assert names == ("ant", "class 1", "ant (class 2)", "x" * 200)
    assert note == ""
    (tmp_path / "mine.txt").write_text("größer\n犬 🐕\u200d🦺", "utf-8")
    assert beside(tmp_path, 2)[0] == ("größer", "犬 🐕\u200d🦺")


@pytest.mark.parametrize(
    ("file", "content", "wrong"),
    [
        ("mine.txt", b"ant\nbee", "names 2 classes, and the network tells 3 classes apart"),
        ("mine.txt", b"ant", "names one class, and"),
        ("mine.txt", b"", "holds no class names"),
        ("mine.txt", b" \n\n ", "holds no class names"),
        ("mine.txt", b"\xff\xfea\0n\0t\0", "holds no class names"),
        ("mine.txt", b"ant\n" * 2_000_000, "holds no class names"),
        ("mine.json", b"", "holds no class names"),
        ("mine.json", b"{", "holds no class names"),
        ("mine.json", b"[" * 200_000, "holds no class names"),
        ("mine.json", b"3", "holds no class names"),
        ("mine.json", b"[1, 2, 3]", "holds no class names"),
        ("mine.json", b'[["a", []], "b", "c"]', "holds no class names"),
        ("mine.json", b"[[], [], []]", "holds no class names"),
        ("mine.json", b'{"0": "a", "1": "b", "3": "c"}', "holds no class names"),
        ("mine.json", b'{"0": "a", "1": "b", "x": "c"}', "holds no class names"),
        ("mine.json", b'{"a": 0, "b": 1, "c": 1}', "holds no class names"),
        ("mine.json", b'{"a": true, "b": 1, "c": 2}', "holds no class names"),
        ("mine.json", b'{"' + b"9" * 9999 + b'": "a"}', "holds no class names"),
        ("mine.json", b"{}", "holds no class names"),
        ("mine.json", b"[]", "holds no class names"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, file: str, content: bytes, wrong: str) -> None:
    (tmp_path / file).write_bytes(content)
    names, note = beside(tmp_path, 3)
    assert names is None
    assert note.startswith(f"{file} {wrong}")
    assert note.endswith(": it is not used.")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("0"), inner),
)


@settings(deadline=None, max_examples=150)
@given(
    content=st.binary() | st.text().map(str.encode) | JSON.map(lambda x: json.dumps(x).encode()),
    suffix=st.sampled_from([".txt", ".json"]),
    count=st.integers(1, 3),
)
def test_whatever_lies_there_gives_names_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str, count: int
) -> None:
    folder = tmp_path_factory.mktemp("labels")
    (folder / f"mine{suffix}").write_bytes(content)
    names, note = beside(folder, count)
    assert (names is None) == (note != "")
    assert "\n" not in note
    if names is not None:
        assert len(set(names)) == count
        assert all(name.isprintable() or "\u200c" in name or "\u200d" in name for name in names)


def test_odd_places_for_labels(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").mkdir()
    os.mkfifo(tmp_path / "labels.txt")  # not waited for
    (tmp_path / "classes.txt").symlink_to(tmp_path / "classes.txt")
    names, note = beside(tmp_path, 1)
    assert names is None
    assert note.startswith("classes.txt cannot be read (")
    assert names_beside(tmp_path / ("x" * 250 + ".pth"), 1)[0] is None
    assert names_beside(tmp_path / "none" / "a.pth", 1) == (None, "")


def test_labels_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.txt").write_text("a", "utf-8")

    def refuse(path: Path, _: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert beside(tmp_path, 1) == (
        None, "mine.txt cannot be read (Permission denied): it is not used.",
    )  # fmt: skip
