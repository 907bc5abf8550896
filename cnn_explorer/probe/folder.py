"""A folder of pictures, with or without one sub-folder a class, and networks run over it."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint, part_of
from cnn_explorer.media.decode import decode_bytes, decode_file, read_file
from cnn_explorer.media.picture import Picture
from cnn_explorer.media.signatures import LONGEST, begins_like_picture
from cnn_explorer.networks.labels import numbered
from cnn_explorer.paths import answers_folder
from cnn_explorer.probe.answers import entropy
from cnn_explorer.probe.kept_answers import TOP, KeptAnswers, PictureAnswer, digest_of, identity_of
from cnn_explorer.probe.precision import Precision
from cnn_explorer.probe.preprocess import prepare
from cnn_explorer.probe.results import ClassScore, Ranking
from cnn_explorer.probe.session import Session
from cnn_explorer.text import capitalised, printable

if TYPE_CHECKING:
    from cnn_explorer.probe.onnx_session import OnnxSession

_IDENTITY = 0.02
"""The share of the progress that reading a network's weights makes."""


@dataclass(frozen=True)
class FolderPicture:
    """One picture of a folder."""

    path: Path
    label: str | None
    """The name of the sub-folder that it lies in; None where it lies in the folder itself."""


@dataclass(frozen=True)
class Skipped:
    """A file that is not among the pictures, or gave no answer."""

    path: Path
    reason: str
    """One sentence."""


@dataclass(frozen=True)
class Listing:
    """What there is in a folder."""

    folder: Path
    pictures: tuple[FolderPicture, ...]
    """By name, those in the folder itself among the sub-folders."""
    skipped: tuple[Skipped, ...]
    """What is no picture. Hidden files are passed over in silence."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the sub-folders with pictures, each once."""
        found = (picture.label for picture in self.pictures if picture.label is not None)
        return tuple(dict.fromkeys(found))


def list_folder(folder: Path, checkpoint: Checkpoint = no_checkpoint) -> Listing:
    """The pictures of a folder and, one level down, of its sub-folders. Files are judged by how
    they begin, whatever their name. Raises `ExplorerError` where the folder cannot be read."""
    folder = Path(folder)
    pictures: list[FolderPicture] = []
    skipped: list[Skipped] = []
    entries = _entries(folder)
    for done, entry in enumerate(entries):
        checkpoint(done / len(entries))
        if not entry.is_dir():
            _sort_in(entry, None, pictures, skipped)
            continue
        try:
            inner = _entries(entry)
        except ExplorerError as error:
            skipped.append(Skipped(entry, str(error)))
            continue
        for file in inner:
            checkpoint(done / len(entries))
            _sort_in(file, entry.name, pictures, skipped)
    checkpoint(1.0)
    return Listing(folder, tuple(pictures), tuple(skipped))


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, by name, without what is hidden."""
    name = f'"{printable(folder.name or str(folder))}"'
    try:
        names = sorted(entry for entry in os.listdir(folder) if not entry.startswith("."))
    except FileNotFoundError as error:
        raise ExplorerError(f"there is no folder {name}: choose another one.") from error
    except NotADirectoryError as error:
        raise ExplorerError(f"{name} is no folder: choose the folder that it lies in.") from error
    except PermissionError as error:
        raise ExplorerError(f"the folder {name} may not be read: choose another one.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ExplorerError(f"the folder {name} cannot be read ({reason}).") from error
    return [folder / entry for entry in names]


def _sort_in(
    path: Path, label: str | None, pictures: list[FolderPicture], skipped: list[Skipped]
) -> None:
    """Put a file among the pictures or among what is skipped."""
    reason = _why_not(path)
    if reason:
        skipped.append(Skipped(path, reason))
    else:
        pictures.append(FolderPicture(path, label))


def _why_not(path: Path) -> str:
    """Why a file is no picture; empty where it begins like one."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "It is a folder within a sub-folder."
        if not stat.S_ISREG(mode):
            return "It is a pipe or a device, not an ordinary file."
        with path.open("rb", buffering=0) as file:
            head = file.read(LONGEST)
    except OSError as error:
        return f"It cannot be read ({error.strerror or type(error).__name__})."
    if not head:
        return "It is empty."
    return "" if begins_like_picture(head) else "It is not a picture."


def decoded_pictures(
    pictures: Iterable[FolderPicture], skipped: list[Skipped]
) -> Iterator[Picture]:
    """The pictures one after the other, each decoded when it is asked for; what cannot be decoded
    goes into `skipped`."""
    for picture in pictures:
        try:
            yield decode_file(picture.path)
        except (ExplorerError, MemoryError) as error:
            skipped.append(Skipped(picture.path, _sentence(error)))


def _sentence(error: BaseException) -> str:
    said = str(error) if isinstance(error, ExplorerError) else "there is not enough memory for it."
    return capitalised(said)


@dataclass(frozen=True, eq=False)
class NetworkAnswers:
    """What one network said of all pictures of a folder."""

    title: str
    """What to call the network."""
    names: tuple[str, ...]
    """Of its classes, in the order of its outputs; none where it could not be asked."""
    answers: tuple[PictureAnswer | None, ...]
    """One a picture, in their order; None where there is none."""
    failed: Mapping[int, Skipped]
    """Why there is none, by the place of the picture."""
    trained: bool = True
    recalled: int = 0
    """How many answers were at hand already, from an earlier run or of an equal file."""
    note: str = ""
    """What else is to be said, a sentence, or empty."""


def answer_folder(
    session: "Session | OnnxSession",
    pictures: Sequence[FolderPicture],
    checkpoint: Checkpoint = no_checkpoint,
    *,
    precision: Precision = "exact",
    keep_in: Path | None = None,
) -> NetworkAnswers:
    """Run a network over pictures. What it said of a picture before, with these weights, is not
    asked again; each answer is kept at once in the folder `keep_in`, which is the user's cache if
    not given. So what was cancelled or killed goes on from where it was.

    Raises `ExplorerError` for a network that cannot be run or tells no classes apart; a picture
    that gives no answer is told in the result.
    """
    checkpoint(0.0)
    if not isinstance(session, Session) and session.refusal:
        raise ExplorerError(session.refusal)
    identity = identity_of(session, precision, lambda part: checkpoint(_IDENTITY * part))
    folder = answers_folder() if keep_in is None else keep_in
    answers: list[PictureAnswer | None] = []
    failed: dict[int, Skipped] = {}
    recalled = 0
    names: tuple[str, ...] = tuple(session.class_names)
    with KeptAnswers(folder / f"{identity}.jsonl") as kept:
        for place, picture in enumerate(pictures):
            start = _IDENTITY + (1 - _IDENTITY) * place / len(pictures)
            length = (1 - _IDENTITY) / len(pictures)
            checkpoint(start)
            answer = None
            try:
                data = read_file(picture.path)
                digest = digest_of(data)
                answer = kept.get(digest)
                if answer is not None:
                    recalled += 1
                else:
                    decoded = decode_bytes(data, picture.path.name)
                    result = session.run(
                        prepare(decoded, session.preprocessing), (),
                        part_of(checkpoint, start, length), precision=precision,
                    )  # fmt: skip
                    answer = _answer_of(result.classes)
                    if answer is not None:
                        kept.add(digest, answer)
            except (ExplorerError, MemoryError) as error:
                failed[place] = Skipped(picture.path, _sentence(error))
            else:
                if answer is None:
                    raise ExplorerError(
                        f"{session.card.title} tells no classes apart: it cannot be asked what is "
                        "on pictures."
                    )
            answers.append(answer)
        note = kept.note
    checkpoint(1.0)
    if not names:
        most = max((index for one in answers if one for index, _ in one.top), default=-1)
        names = numbered(most + 1)
    return NetworkAnswers(
        session.card.title, names, tuple(answers), failed, session.trained, recalled, note
    )


def no_answers(title: str, pictures: int, error: ExplorerError) -> NetworkAnswers:
    """What stands in the place of the answers of a network that could not be asked."""
    return NetworkAnswers(title, (), (None,) * pictures, {}, note=f"{title}: {_sentence(error)}")


def _answer_of(classes: Sequence[ClassScore]) -> PictureAnswer | None:
    """What is kept of an answer; None where there is none."""
    if not classes:
        return None
    if isinstance(classes, Ranking):
        values = np.asarray(classes.values, np.float64)
        order = [int(index) for index in classes.order[:TOP]]
    else:
        values = np.array([score.probability for score in classes])
        order = [score.index for score in classes[:TOP]]
    return PictureAnswer(tuple(zip(order, values[:TOP].tolist(), strict=True)), entropy(values))
