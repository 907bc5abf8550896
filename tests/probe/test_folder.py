"""A folder of pictures: what is in it, networks run over it, stopped and gone on with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.networks.card import NetworkCard, Preprocessing
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.networks.labels import class_names
from cnn_explorer.paths import answers_folder
from cnn_explorer.probe.folder import (
    FolderPicture,
    answer_folder,
    decoded_pictures,
    list_folder,
    no_answers,
)
from cnn_explorer.probe.folder_results import FolderResults, results_csv
from cnn_explorer.probe.kept_answers import KeptAnswers, PictureAnswer, identity_of
from cnn_explorer.probe.onnx_export import export_onnx
from cnn_explorer.probe.onnx_session import OnnxSession
from cnn_explorer.probe.session import Session

CARD = NetworkCard(
    name="tiny", title="Tiny", family="LeNet", year=2000, authors="A", paper="P", url="u",
    builder="x:y", depth=1, parameters=0, macs=0, classes="mnist", accuracy="",
    preprocessing=Preprocessing("photo", 8, 8, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0)),
)  # fmt: skip


class Counting(nn.Module):
    """Means of the colours as the answer, and how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(3.0))
        self.asked = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.asked += 1
        return x.mean((2, 3)) * self.factor


def counting() -> tuple[Session, Counting]:
    model = Counting().eval()
    names = ("red", "green", "blue")
    return Session(CARD, model, True, "by hand", CARD.preprocessing, names), model


def save(path: Path, colour: tuple[int, int, int] = (255, 0, 0), kind: str = "PNG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (9, 8), colour).save(path, kind)


def coloured(folder: Path) -> Path:
    for number, (name, colour) in enumerate(
        {"red": (250, 0, 0), "green": (0, 240, 9), "blue": (0, 0, 230)}.items()
    ):
        save(folder / name / "1.png", colour)
        save(folder / name / "2.png", (colour[0], colour[1], colour[2] // (number + 1)))
    return folder


# --- what is in a folder -------------------------------------------------------------------------


def test_pictures_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    for name, kind in (("b.jpg", "JPEG"), ("a.txt", "PNG"), ("c", "WEBP"), ("d.ppm", "PPM")):
        save(tmp_path / name, kind=kind)
    save(tmp_path / "cats" / "deep" / "e.png")
    for name, kind in (("g.gif", "GIF"), ("f.bmp", "BMP"), ("h.tif", "TIFF")):
        save(tmp_path / "cats" / name, kind=kind)
    save(tmp_path / ".hidden.png")
    save(tmp_path / ".git" / "x.png")
    (tmp_path / "readme.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.png")
    found = list_folder(tmp_path)
    assert [(p.path.relative_to(tmp_path).as_posix(), p.label) for p in found.pictures] == [
        ("a.txt", None), ("b.jpg", None), ("c", None), ("cats/f.bmp", "cats"),
        ("cats/g.gif", "cats"), ("cats/h.tif", "cats"), ("d.ppm", None),
    ]  # fmt: skip
    assert found.labels == ("cats",)
    assert {one.path.name: one.reason for one in found.skipped} == {
        "deep": "It is a folder within a sub-folder.",
        "readme.png": "It is not a picture.",
        "empty.png": "It is empty.",
        "gone.png": "It cannot be read (No such file or directory).",
        "pipe.png": "It is a pipe or a device, not an ordinary file.",
    }


def test_folders_that_cannot_be_listed_are_one_sentence(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(ExplorerError, match='there is no folder "b"'):
        list_folder(tmp_path / "b")
    with pytest.raises(ExplorerError, match=r'"a\.png" is no folder'):
        list_folder(tmp_path / "a.png")


def test_listing_can_be_cancelled(tmp_path: Path) -> None:
    coloured(tmp_path)

    def stop(fraction: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        list_folder(tmp_path, stop)


def test_what_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:40])
    save(tmp_path / "c.png")
    skipped: list[object] = []
    shown = [p.name for p in decoded_pictures(list_folder(tmp_path).pictures, skipped)]  # type: ignore[arg-type]
    assert shown == ["a.png", "c.png"]
    assert "b.png" in str(skipped)


# --- answers that are kept -----------------------------------------------------------------------

ANSWER = PictureAnswer(((3, 0.1 + 0.2), (1, 1e-9)), 1.75)


def test_kept_answers_come_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.jsonl"
    with KeptAnswers(path) as kept:
        kept.add("x", ANSWER)
        assert kept.get("x") == ANSWER
    with KeptAnswers(path) as kept:
        assert kept.get("x") == ANSWER
        assert kept.get("y") is None
        assert not kept.note


def test_a_file_cut_at_any_place_loses_its_last_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with KeptAnswers(path) as kept:
        kept.add("x", ANSWER)
        kept.add("y", ANSWER)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        with KeptAnswers(path) as kept:
            assert kept.get("x") == ANSWER
            kept.add("z", ANSWER)
        with KeptAnswers(path) as kept:
            assert kept.get("x") == kept.get("z") == ANSWER
            assert kept.get("y") in (None, ANSWER)  # whole but for its line end


@pytest.mark.parametrize(
    "line",
    [b"null", b"[]", b"{}", b"\xff\xfe", b'{"picture": "x", "top": [], "entropy": 0}',
     b'{"picture": "x", "top": [[0, NaN]], "entropy": 0}',
     b'{"picture": "x", "top": [[-1, 0.5]], "entropy": 0}', b"[" * 5000],
)  # fmt: skip
def test_lines_that_say_nothing_are_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line + b"\n")
    with KeptAnswers(path) as kept:
        assert len(kept) == 0


def test_where_nothing_can_be_kept_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with KeptAnswers(tmp_path / "file" / "a.jsonl") as kept:
        kept.add("x", ANSWER)
        assert kept.get("x") == ANSWER
        assert kept.note.startswith("Answers are not kept for the next time")


def test_the_identity_is_that_of_the_weights(tmp_path: Path) -> None:
    (session, model), (other, _) = counting(), counting()
    identity = identity_of(session, "exact")
    assert identity == identity_of(other, "exact")
    assert identity != identity_of(session, "fast")
    with torch.no_grad():
        model.factor += 1e-6
    assert identity != identity_of(session, "exact")
    other.preprocessing = Preprocessing("photo", 9, 8, (0.5, 0.5, 0.5), (1.0, 1.0, 1.0))
    assert identity != identity_of(other, "exact")
    export_onnx(Session.open(card_of("lenet5")), tmp_path / "a.onnx")
    shutil.copy(tmp_path / "a.onnx", tmp_path / "b.onnx")
    one, same = (OnnxSession.open(tmp_path / f"{name}.onnx") for name in "ab")
    same.card = one.card
    assert identity_of(one, "exact") == identity_of(same, "exact")
    first = same.network.file.model.graph.initializer[0]
    first.raw_data = first.raw_data[:-1] + b"\x3e"
    assert identity_of(one, "exact") != identity_of(same, "exact")


# --- a run ---------------------------------------------------------------------------------------


def test_a_run_asks_each_picture_once_for_ever(tmp_path: Path) -> None:
    session, model = counting()
    pictures = list_folder(coloured(tmp_path)).pictures
    heard: list[float] = []
    found = answer_folder(session, pictures, heard.append)
    assert model.asked == 5  # two of the red ones are the same file
    assert found.recalled == 1
    assert heard == sorted(heard)
    assert heard[-1] == 1
    red = found.answers[pictures.index(FolderPicture(tmp_path / "red" / "1.png", "red"))]
    assert red is not None
    levels = 3 * (np.array([250, 0, 0]) / 255 - 0.5)
    expected = np.exp(levels) / np.exp(levels).sum()
    assert red.top[0] == (0, pytest.approx(expected[0]))
    assert [index for index, _ in red.top] == [0, 1, 2]
    assert red.entropy == pytest.approx(-float(expected @ np.log2(expected)))
    again = answer_folder(session, pictures)
    assert model.asked == 5
    assert again.answers == found.answers
    assert again.recalled == 6
    assert [path.parent for path in answers_folder().iterdir()] == [answers_folder()]


def test_a_cancelled_run_is_gone_on_with(tmp_path: Path) -> None:
    session, model = counting()
    pictures = list_folder(coloured(tmp_path / "in")).pictures
    keep = tmp_path / "kept"

    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        answer_folder(session, pictures, stop, keep_in=keep)
    before = model.asked
    assert 0 < before < 5
    found = answer_folder(session, pictures, keep_in=keep)
    assert model.asked <= 5 + 1  # the one that was stopped in the middle is asked once more
    assert found.recalled >= before - 1
    assert all(found.answers)


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from tests.probe.test_folder import counting
from cnn_explorer.probe.folder import answer_folder, list_folder
session, model = counting()
def stop(fraction):
    if model.asked == 3:
        os.kill(os.getpid(), 9)
answer_folder(session, list_folder(Path(sys.argv[1])).pictures, stop, keep_in=Path(sys.argv[2]))
"""


def test_a_killed_run_is_gone_on_with(tmp_path: Path) -> None:
    keep, root = tmp_path / "kept", Path(__file__).parents[2]
    coloured(tmp_path / "in")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "in"), str(keep), str(root)], check=False
    )
    assert done.returncode == -9
    session, model = counting()
    found = answer_folder(session, list_folder(tmp_path / "in").pictures, keep_in=keep)
    assert 2 <= model.asked <= 3
    assert all(found.answers)


def test_a_bad_picture_and_a_network_without_classes(tmp_path: Path) -> None:
    session, _ = counting()
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG nothing else")
    found = answer_folder(session, list_folder(tmp_path).pictures)
    assert found.answers[0] is not None
    assert found.answers[1] is None
    assert found.failed[1].path.name == "b.png"
    assert found.failed[1].reason[0] == '"'


# --- results, counted by hand --------------------------------------------------------------------


def results(*said: tuple[tuple[str, ...], list[tuple[str, float] | None]]) -> FolderResults:
    """Networks with their names and what they say of pictures in the sub-folders cat, cat, dog."""
    from cnn_explorer.probe.folder import NetworkAnswers

    labels = ("Cat", "Cat", "dog", None)
    pictures = tuple(
        FolderPicture(Path(f"{label}/{n}.png"), label) for n, label in enumerate(labels)
    )
    networks = []
    for number, (names, answers) in enumerate(said):
        made = []
        for answer in answers:
            if answer is None:
                made.append(None)
                continue
            index = names.index(answer[0])
            others = [(n, 0.01) for n in range(len(names)) if n != index]
            made.append(PictureAnswer(((index, answer[1]), *others), 1.0))
        networks.append(NetworkAnswers(f"N{number}", names, tuple(made), {}))
    return FolderResults(pictures, tuple(networks))


PETS = ("dog", "cat", "cow")
SAID = results(
    (PETS, [("cat", 0.9), ("dog", 0.5), ("dog", 0.8), ("cow", 0.6)]),
    (("domestic cat, cat", "dog"), [("domestic cat, cat", 0.8), ("domestic cat, cat", 0.4),
     ("domestic cat, cat", 1.0), ("dog", 1.0)]),
    (tuple("0123456789"), [("3", 1.0), ("3", 1.0), ("3", 1.0), None]),
)  # fmt: skip


def test_accuracy_by_the_names_of_sub_folders() -> None:
    assert [SAID.truth(n) for n in range(3)] == [
        (1, 1, 0, None), (0, 0, 1, None), (None,) * 4,
    ]  # fmt: skip
    told = [SAID.accuracy(n) for n in range(3)]
    assert [share and (share.count, share.of) for share in told] == [(2, 3), (2, 3), None]
    top = SAID.accuracy(0, 5)
    assert top is not None
    assert top.value == 1.0


def test_agreement_is_none_where_nothing_can_be_compared() -> None:
    counts = [[s and (s.count, s.of) for s in row] for row in SAID.agreements()]
    # of the last picture the first network says cow, which the second does not know
    assert counts == [[(4, 4), (1, 3), None], [(1, 3), (4, 4), None], [None, None, (3, 3)]]
    assert any("N0 and N2 have no names in common" in note for note in SAID.notes)
    assert any("No sub-folder is called like a class of N2" in note for note in SAID.notes)


def test_a_network_that_could_not_be_asked_stands_beside_the_others() -> None:
    failed = no_answers("Mine", 4, ExplorerError("the file is damaged."))
    found = FolderResults(SAID.pictures, (failed, *SAID.networks[:2]))
    assert found.accuracy(0) is None
    assert found.agreements()[0] == (None, None, None)
    assert found.agreement(1, 2) == SAID.agreement(0, 1)
    assert [one.picture for one in found.disagreements()] == [2, 1]
    assert found.disagreements()[0].said[0] is None
    assert found.notes == ("Mine: The file is damaged.",)
    assert results_csv(found).splitlines()[1].startswith("0.png,Cat,,,,,cat,0.9,1.0,yes,")


def test_disagreements_are_sorted_by_how_much() -> None:
    found = SAID.disagreements()
    assert [(one.picture, pytest.approx(one.amount)) for one in found] == [(2, 0.8), (1, 0.2)]
    assert found[0].said == ("dog", "domestic cat, cat", "3")


def test_csv_runs_no_formula() -> None:
    said = results((("=1+1", "b"), [("=1+1", 0.5), ("b", 0.5), None, ("b", 1.0)]))
    rows = results_csv(said).split("\r\n")
    assert rows[0] == (
        "file,sub-folder,N0: class,N0: probability,N0: entropy in bits,N0: right,disagreement"
    )
    assert rows[1] == "0.png,Cat,'=1+1,0.5,1.0,,0.0"
    assert rows[3] == "2.png,dog,,,,,0.0"


# --- shipped networks over real pictures ---------------------------------------------------------


def test_shipped_networks_over_real_pictures(shared_data: Path, tmp_path: Path) -> None:
    labels = shared_data / "cifar10" / "labels.bin"
    if not labels.is_file():
        pytest.skip("CIFAR-10 is not in ../shared/data")
    names = class_names("cifar10")
    with Image.open(shared_data / "cifar10" / "test.webp") as sheet:
        strip = sheet.convert("RGB").crop((0, 0, 24 * 32, 32))
    truth = labels.read_bytes()[50_000:50_024]
    for number, label in enumerate(truth):
        path = tmp_path / names[label].upper() / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        strip.crop((32 * number, 0, 32 * number + 32, 32)).save(path)
    pictures = list_folder(tmp_path).pictures
    sessions = [Session.open(card_of(name)) for name in ("resnet20", "plain20")]
    found = FolderResults(pictures, tuple(answer_folder(one, pictures) for one in sessions))
    for number in range(2):
        share = found.accuracy(number)
        assert share is not None
        assert share.of == 24
        assert share.value > 0.75  # 91 % on all of the test set
    agreed = found.agreement(0, 1)
    assert agreed is not None
    assert agreed.of - agreed.count == len(found.disagreements())
    assert not found.notes
