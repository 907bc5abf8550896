"""Trained weights: where they are, whether they are sound, and how they get into a network.

Weights come as safetensors or as what ``torch.save`` writes of a ``state_dict``. The second is a
pickle, and a pickle can hold a program; torch's weights-only reader refuses to run one, and no
other reader is used here. Nothing in a file is believed before it is checked: a file is read
whole or not at all, and a network is either loaded in full or not handed out. `fit` says what
"in full" allows; the last layer is made for as many classes as the file tells apart.

Asking what is at hand imports no torch; loading does.
"""

from __future__ import annotations

import os
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import NetworkCard, Preprocessing, WeightsEntry
from cnn_explorer.networks.catalog import ALL
from cnn_explorer.networks.checksum import checksum_is_right
from cnn_explorer.networks.fit import (
    AUXILIARY,
    FitReport,
    canonical,
    compare,
    guess,
    heads,
    nearest,
)
from cnn_explorer.networks.labels import class_names, names_beside, numbered
from cnn_explorer.networks.published import Found, entry_named, has_published_name, recognised
from cnn_explorer.networks.published import place_of as place_of
from cnn_explorer.text import classes, listed, printable

if TYPE_CHECKING:
    from torch import Tensor, nn

RANDOM = "random"
"""The version of a network's weights that is not trained: seeded random numbers."""
SUFFIXES = (".safetensors", ".pth", ".pt", ".th")
"""Files that `load_state` reads."""

_NEEDS_CODE = re.compile(r"GLOBAL|Can only (create|build)|Trying to call reduce|unsupported class")
_WHAT_CODE = re.compile(r"GLOBAL (\S{1,80})")
_WRAPPERS = (
    "state_dict", "model_state_dict", "model", "net", "network", "params", "weights",
    "state_dict_ema", "model_ema", "params_ema", "ema",
)  # fmt: skip
"""Under which keys a checkpoint keeps the weights, beside the epoch and the optimiser; the weights
themselves before their running average."""
_PREFIXES = ("module.", "_orig_mod.")
"""What `DataParallel` and `torch.compile` put before the names, in either order and repeatedly."""


@dataclass(frozen=True, eq=False)
class OpenedNetwork:
    """A network ready to run, in eval mode on the CPU."""

    model: nn.Module
    trained: bool
    """Whether its answers mean anything."""
    weights: str
    """What to call its weights: ``ImageNet V2``, a file name, ``random (seed 0)``."""
    preprocessing: Preprocessing
    """How pictures must be prepared for these weights."""
    class_names: tuple[str, ...] | None = None
    """In the order of the outputs, from a file beside the weights, or numbered; None where they
    are the card's own."""
    report: FitReport | None = None
    """How the weights fit, tensor by tensor; None of random ones."""
    note: str = ""
    """What else is to be said of the weights, a sentence or two, or empty."""


def at_hand(card: NetworkCard) -> tuple[Path, WeightsEntry] | None:
    """The best of a network's weights that lie on this machine, unchecked; cheap."""
    for entry in card.weights:
        if is_at_hand(entry):
            return place_of(entry), entry
    return None


def is_at_hand(entry: WeightsEntry) -> bool:
    """Whether a set of weights lies on this machine, unchecked; cheap."""
    return os.path.isfile(place_of(entry))


def open_network(
    card: NetworkCard,
    file: Path | None = None,
    *,
    version: str = "",
    seed: int = 0,
    checkpoint: Checkpoint = no_checkpoint,
) -> OpenedNetwork:
    """Builds a network with the weights of `file`, else the best at hand, else random ones.

    `version` is the tag of one of the card's weights (``ImageNet V1``), or `RANDOM`, and asks for
    just those. A file may tell another number of classes apart than the card does.

    Raises `ExplorerError` in one sentence when the file cannot be read, is damaged, would run
    code or does not fit, and when the version is unknown or not at hand; `Cancelled` when the
    checkpoint does.
    """
    if file is not None:
        if version:
            raise ExplorerError("choose a weights file or a version of the weights, not both.")
        return _open_file(card, file, checkpoint)
    wanted = _found(card, version)
    if wanted is not None:
        path, entry = wanted
        if not entry.shipped and not _checksum_is_right(path, checkpoint):
            raise ExplorerError(
                f"{path} is damaged (its checksum is not the one in its name): "
                f"delete it and get it again{'' if version else _instead(card, entry)}."
            )
        return _load(card, path, load_state(path), entry, entry.tag, checkpoint)

    from cnn_explorer.networks.build import build_random

    model = build_random(card, seed, checkpoint)
    return OpenedNetwork(model, False, f"random (seed {seed})", card.preprocessing)


def networks_for(
    file: Path,
    first: NetworkCard | None = None,
    networks: Mapping[str, NetworkCard] = ALL,
    checkpoint: Checkpoint = no_checkpoint,
) -> tuple[NetworkCard, ...]:
    """The networks that a weights file fits, best first; `first` comes first where it fits.

    Before it come the network whose published weights the file is, and the one that the file says
    it is of. Never empty: raises `ExplorerError` where none fits, naming the nearest.
    """
    state = load_state(file)
    fitting = fitting_networks(file, state, networks, checkpoint, first)
    if not fitting:
        reports = nearest(state, networks, checkpoint=checkpoint)
        near = [
            f"{report.network.title} ({report.network.name}, {_per_cent(report.share)} of its "
            "tensors)"
            for report in reports
        ]
        told = f"the nearest are {', '.join(near)}" if near else "no tensor is known"
        sentence, details = f"{file} fits no network here: {told}.", ""
        if first is not None and reports:
            # the chosen one is told of where it is near; a file of something else says what it is
            chosen = (report for report in reports if report.network.name == first.name)
            best = next(chosen, reports[0])
            sentence = (
                f"{file} does not fit {best.network.title}: {best.complaint}; it fits no other "
                "network here."
            )
            rows = (
                f"{row.state:<12}  {row.name}  {row.expected or '-'}  {row.found or '-'}"
                for row in sorted(best.rows, key=lambda row: row.state == "matched")
            )
            details = "\n".join(
                (f"{told}.", "", "state, tensor, shape in the network, shape in the file", *rows)
            )
        raise ExplorerError(sentence, details=details)
    return fitting


def fitting_networks(
    file: Path,
    state: Mapping[str, Tensor],
    networks: Mapping[str, NetworkCard] = ALL,
    checkpoint: Checkpoint = no_checkpoint,
    first: NetworkCard | None = None,
) -> tuple[NetworkCard, ...]:
    """The networks that a file's tensors fit, best first, as `networks_for` has them.

    Names and shapes do not tell a plain network from its residual twin; what is published, and
    what the file says, does.
    """
    found = _recognised(file, networks, lambda fraction: checkpoint(0.5 * fraction))
    published = tuple(card for card, _ in found)
    fitting = guess(state, networks, lambda fraction: checkpoint(0.5 + 0.5 * fraction))
    if first is not None and compare(first, state).fits:
        fitting = (first, *(card for card in fitting if card.name != first.name))
    named = network_named_in(file)
    # published weights may want another size of picture than their network is usually built for
    fitting = (*published, *(card for card in fitting if card not in published))
    return tuple(sorted(fitting, key=lambda card: (card not in published, card.name != named)))


def network_named_in(file: Path) -> str:
    """The network that a safetensors file says it is of, as this program writes it; else empty."""
    if file.suffix.lower() != ".safetensors":
        return ""
    import safetensors

    try:
        with safetensors.safe_open(file, "pt") as opened:
            return str((opened.metadata() or {}).get("network", ""))
    except Exception:  # whoever reads the tensors says what is wrong with the file
        return ""


def load_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU, without running anything in it.

    Reads ``.safetensors``, and ``.pth``, ``.pt`` or ``.th`` with a ``state_dict``: by itself or
    under a usual key (``state_dict``, ``model``, ...), whatever numbers and words stand beside it,
    its names with or without ``module.`` and ``_orig_mod.`` in front. Tensors may be maps of the
    file: copy them before the file may change. Raises `ExplorerError`.
    """
    _check_is_file(path)
    with _open(path) as file:
        start = file.read(16)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ExplorerError(
            f"{path} is no weights file by its name: weights end in {', '.join(SUFFIXES)}."
        )
    # safetensors: the length of a JSON header in eight bytes, which may be any, then the header
    is_safetensors = start[8:9] == b"{"
    is_pickle = start.startswith((b"PK\x03\x04", b"\x80")) and not is_safetensors
    if suffix == ".safetensors":
        if is_pickle:
            raise ExplorerError(
                f"{path} is not a safetensors file but one of torch.save: rename it to .pth."
            )
        state = _read_safetensors(path)
    elif not is_pickle:
        raise ExplorerError(
            f"{path} is a safetensors file: rename it to .safetensors."
            if is_safetensors
            else f"{path} is not a file of torch.save, whatever its name says: choose another file."
        )
    else:
        state = _tensors(path, _read_pickle(path, zipped=start.startswith(b"PK")))
    if not state:
        raise ExplorerError(f"{path} holds no weights: choose another file.")
    return _bare(state)


def _bare(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under their own names: wrappers of the model put theirs in front."""
    if any(name.startswith("module.") for name in state):
        # an AveragedModel counts what it has averaged, beside the module
        state = {name: tensor for name, tensor in state.items() if name != "n_averaged"}
    while state:
        prefix = next((p for p in _PREFIXES if all(name.startswith(p) for name in state)), None)
        if prefix is None:
            break
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items()}
    return state


def _found(card: NetworkCard, version: str) -> tuple[Path, WeightsEntry] | None:
    """The file of a version of a network's weights, unchecked; None for random ones."""
    if version == RANDOM:
        return None
    if not version:
        return at_hand(card)
    entry = entry_named(card, version)
    if not is_at_hand(entry):
        raise ExplorerError(
            f'the weights "{entry.tag}" of {card.title} are not on this machine: get them with '
            f"\"cnn-explorer weights download {card.name} --version '{entry.tag}'\"."
        )
    return place_of(entry), entry


def _instead(card: NetworkCard, damaged: WeightsEntry) -> str:
    """Which weights could be used as long as the best are damaged, as the end of a sentence."""
    others = [entry for entry in card.weights if entry != damaged and is_at_hand(entry)]
    return f', or use others with --weights-version "{others[0].tag}"' if others else ""


def _recognised(file: Path, networks: Mapping[str, NetworkCard], checkpoint: Checkpoint) -> Found:
    """Which published or shipped weights a file is."""
    _check_is_file(file)
    try:
        return recognised(file, networks.values(), checkpoint)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error


def _checksum_is_right(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether the file's SHA-256 begins as its name ends; half of the work of an opening."""
    try:
        return checksum_is_right(path, lambda fraction: checkpoint(0.5 * fraction))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _open_file(card: NetworkCard, file: Path, checkpoint: Checkpoint) -> OpenedNetwork:
    """A network with the weights of a file that a person chose."""
    known = {**ALL, card.name: card}
    found = _recognised(file, known, lambda fraction: checkpoint(0.5 * fraction))
    entry = next((entry for other, entry in found if other.name == card.name), None)
    state = load_state(file)
    opened = _load(card, file, state, entry, file.name, checkpoint)
    said = opened.note, _misnamed(file, known, found), _origin(card, file, state, found)
    return replace(opened, note=" ".join(filter(None, said)))


def _misnamed(file: Path, known: Mapping[str, NetworkCard], found: Found) -> str:
    """What is to be said of a file that is not the one it is called, one sentence, or empty."""
    if found or not has_published_name(file, known.values()):
        return ""
    return (
        f"{printable(file.name)} is not the published file of that name (its checksum differs): "
        "it was changed, or it is damaged."
    )


def _origin(card: NetworkCard, file: Path, state: Mapping[str, Tensor], found: Found) -> str:
    """What is to be said of which network a file was trained as, where another has the very same
    tensors: one sentence, or empty."""
    name = printable(file.name)
    named = ALL.get(network_named_in(file))
    if found:
        if any(other.name == card.name for other, _ in found):
            return ""
        other, entry = found[0]
        kind = "shipped" if entry.shipped else "published"
        says = f"{name} are the {kind} weights of {other.title}"
    elif named is not None:
        if named.name == card.name:
            return ""
        says = f"{name} says that it is of {named.title}"
    else:
        twins = [f"{other.title} ({other.name})" for other in _others(card, state)]
        if not twins:
            return ""
        return (
            f"{name} does not say of which network it is, and its tensors are also those of "
            f"{listed(twins)}; if it was trained as that, open it there."
        )
    return (
        f"{says}: in {card.title}, whose tensors have the same names and shapes, its answers mean "
        "little."
    )


def _load(
    card: NetworkCard,
    path: Path,
    state: Mapping[str, Tensor],
    entry: WeightsEntry | None,
    weights: str,
    checkpoint: Checkpoint,
) -> OpenedNetwork:
    from cnn_explorer.networks.build import build_for_loading

    checkpoint(0.5)
    state = canonical(state)
    checkpoint(0.7)
    preprocessing = (entry and entry.preprocessing) or card.preprocessing
    # a vision transformer is made for the pictures that its weights want
    model = build_for_loading(replace(card, preprocessing=preprocessing))
    report = compare(card, state, path.name, model.state_dict())
    if not report.fits:
        raise ExplorerError(
            f"{path} does not fit {card.title}: {report.complaint}{_advice(card, state)}."
        )
    _fill(model, state, report)
    if entry is not None and entry.transform_input:
        cast(Any, model).transform_input = True
    checkpoint(1.0)
    names, note = None, ""
    # somebody's own; what is published tells the card's classes apart
    if entry is None or report.classes is not None:
        names, note = _names(card, path, report)
    return OpenedNetwork(model, True, weights, preprocessing, names, report, note)


def _names(card: NetworkCard, path: Path, report: FitReport) -> tuple[tuple[str, ...] | None, str]:
    """The names of a file's classes, None for the card's own, and what is to be said of them."""
    count = report.classes or len(class_names(card.classes))
    names, note = names_beside(path, count)
    if names is None and report.classes is not None:
        names = numbered(count)
        note = note or (
            f"{printable(path.name)} tells {classes(count)} apart, and no file beside it names "
            f"them: put their names, one a line, into {printable(path.stem)}.txt."
        )
    return names, note


def _fill(model: nn.Module, state: Mapping[str, Tensor], report: FitReport) -> None:
    """Copies a state that fits into a model."""
    import torch

    from cnn_explorer.networks.build import randomise, resize_head

    for row in report.rows:
        layer, _, kind = row.name.rpartition(".")
        if row.state == "resized" and kind == "weight" and row.found is not None:
            resize_head(model, layer, row.found[0])
    absent = tuple(name for name in AUXILIARY if not any(key.startswith(name) for key in state))
    if report.classes is not None:
        for layer in heads(model.state_dict()):
            if layer.startswith(absent):  # a head for training is to go with the rest
                resize_head(model, layer, report.classes)
    with torch.no_grad():
        for name, target in model.state_dict().items():
            if name in state:
                # copied, not assigned: the file may change while it is mapped, and tensors in it
                # may share their memory or have another precision
                target.copy_(state[name])
    for name, part in model.named_children():
        if f"{name}." in absent:
            randomise(part)  # a prediction does not use it, but nothing is left unfilled


def _advice(card: NetworkCard, state: Mapping[str, Tensor]) -> str:
    """Which networks a state would fit instead, as the end of a sentence."""
    fitting = [f"{other.title} ({other.name})" for other in _others(card, state)]
    return f"; it fits {listed(fitting)}" if fitting else ": choose another file"


def _others(card: NetworkCard, state: Mapping[str, Tensor]) -> list[NetworkCard]:
    """The networks that a state fits, but this one."""
    return [other for other in guess(state) if other.name != card.name]


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    import safetensors.torch

    try:
        return safetensors.torch.load_file(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    except Exception as error:  # SafetensorError, and whatever else a hostile header provokes
        raise ExplorerError(
            f"{path} is damaged, incomplete or no safetensors file: get it again."
        ) from error


def _read_pickle(path: Path, zipped: bool) -> object:
    import torch

    if zipped:
        _check_archive(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on unusual pickle protocols: it fails or it does not
            loaded: object = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
            return loaded
    except OSError as error:
        raise _unreadable(path, error) from error
    except pickle.UnpicklingError as error:
        if _NEEDS_CODE.search(str(error)):
            found = _WHAT_CODE.search(str(error))
            what = f" ({printable(found[1], 80)})" if found else ""
            raise ExplorerError(
                f"{path} holds Python objects{what} that could run code, so it was not opened: "
                "save only the weights, with torch.save(model.state_dict(), file)."
            ) from error
        raise _damaged(path) from error
    except Exception as error:  # the reader trusts its input: a bad file can provoke any error
        raise _damaged(path) from error


def _check_archive(path: Path) -> None:
    """Whether a zip file is one that ``torch.save`` writes: nothing compressed, so no bombs."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except OSError as error:
        raise _unreadable(path, error) from error
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(path) from error
    names = [entry.filename for entry in entries]
    if any(name.endswith("/constants.pkl") for name in names):
        raise ExplorerError(
            f"{path} is a TorchScript program, not weights alone: save the weights with "
            "torch.save(model.state_dict(), file)."
        )
    if not any(name.endswith("/data.pkl") for name in names):
        raise ExplorerError(f"{path} is a zip file but holds no weights: choose another file.")
    stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    if not stored or sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise _damaged(path)


def _tensors(path: Path, loaded: object) -> dict[str, Tensor]:
    """The state dict in what was loaded, unwrapped; every value an ordinary tensor."""
    import torch

    for _ in range(3):  # {"model": {"state_dict": ...}} is the deepest that is usual
        if isinstance(loaded, Mapping):
            wrapped = (loaded.get(key) for key in _WRAPPERS)
            loaded = next((value for value in wrapped if isinstance(value, Mapping)), loaded)
    if not isinstance(loaded, Mapping):
        raise ExplorerError(
            f"{path} holds a {type(loaded).__name__}, not weights by name: save them with "
            "torch.save(model.state_dict(), file)."
        )
    state: dict[str, Tensor] = {}
    for name, value in loaded.items():
        if not isinstance(value, torch.Tensor):
            continue
        shown = printable(str(name), 60)
        if not isinstance(name, str):
            raise ExplorerError(
                f"{path} holds tensors that have no names ({shown}): save them with "
                "torch.save(model.state_dict(), file)."
            )
        plain = value.layout is torch.strided and value.device.type == "cpu"
        if not plain or value.is_quantized or value.is_nested:
            raise ExplorerError(
                f"{path} holds tensors that are sparse, quantised or without numbers "
                f"({shown}): save ordinary ones."
            )
        state[name] = value.detach()
    if not state and loaded:
        name, value = next(iter(loaded.items()))
        raise ExplorerError(
            f"{path} holds no weights by name ({printable(str(name), 60)} is a "
            f"{type(value).__name__}): save them with torch.save(model.state_dict(), file)."
        )
    return state


def _check_is_file(path: Path) -> None:
    try:
        facts = path.stat()
    except FileNotFoundError:
        raise ExplorerError(f"{path} does not exist: check its name.") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(facts.st_mode):
        raise ExplorerError(f"{path} is a folder: choose a weights file in it.")
    if not stat.S_ISREG(facts.st_mode):
        raise ExplorerError(f"{path} is not an ordinary file: choose a weights file.")
    if facts.st_size == 0:
        raise ExplorerError(f"{path} is empty: get it again.")


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ExplorerError:
    if isinstance(error, PermissionError):
        return ExplorerError(f"{path} may not be read: ask for the permission to read it.")
    reason = getattr(error, "strerror", None) or error
    return ExplorerError(f"{path} cannot be read: {reason}.")


def _damaged(path: Path) -> ExplorerError:
    return ExplorerError(f"{path} is damaged, incomplete or no file of torch.save: get it again.")


def _per_cent(share: float) -> str:
    return f"{min(99, round(100 * share))} %"  # 100 % would be a fit
