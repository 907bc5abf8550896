"""Trained weights: where they are, whether they are sound, and how they get into a network.

Weights come as safetensors or as what ``torch.save`` writes of a ``state_dict``. The second is a
pickle, and a pickle can hold a program; torch's weights-only reader refuses to run one, and no
other reader is used here. Nothing in a file is believed before it is checked: a file is read
whole or not at all, and a network is either loaded in full or not handed out.

Asking what is at hand imports no torch; loading does.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import stat
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.networks.card import NetworkCard, Preprocessing, WeightsEntry
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.paths import resource, torch_hub_checkpoints

if TYPE_CHECKING:
    from torch import Tensor, nn

RANDOM = "random"
"""The version of a network's weights that is not trained: seeded random numbers."""
SUFFIXES = (".safetensors", ".pth", ".pt")
"""Files that `load_state` reads."""

_HASH_IN_NAME = re.compile(r"-([0-9a-f]{8,64})\.pth$")
_NEEDS_CODE = re.compile(r"GLOBAL|Can only (create|build)|Trying to call reduce|unsupported class")
_DENSENET_OLD = re.compile(
    r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\.(?:weight|bias|running_mean|running_var))$"
)
"""DenseNet's published weights are older than today's names: ``norm.1`` there is ``norm1``."""
_AUXILIARY = ("aux1.", "aux2.")

_sound_files: set[tuple[str, int, int]] = set()
"""(path, size, mtime in ns) of files whose checksum was right: half a gigabyte is hashed once."""


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


def at_hand(card: NetworkCard) -> tuple[Path, WeightsEntry] | None:
    """The best of a network's weights that lie on this machine, unchecked; cheap."""
    for entry in card.weights:
        if is_at_hand(entry):
            return _place(entry), entry
    return None


def is_at_hand(entry: WeightsEntry) -> bool:
    """Whether a set of weights lies on this machine, unchecked; cheap."""
    return os.path.isfile(_place(entry))


def open_network(
    card: NetworkCard,
    file: Path | None = None,
    *,
    version: str = "",
    seed: int = 0,
    checkpoint: Checkpoint = no_checkpoint,
) -> OpenedNetwork:
    """Builds a network with the weights of `file`, else the best at hand, else random ones.

    `version` is the tag of one of the card's weights, or `RANDOM`; empty, the best at hand.

    Raises `ExplorerError` in one sentence when the file cannot be read, is damaged, would run
    code or does not fit, and `Cancelled` when the checkpoint does.
    """
    if file is not None:
        entry = _published(card, file, checkpoint)
        return _load(card, file, entry, file.name, checkpoint)
    found = _found(card, version)
    if found is not None:
        path, entry = found
        if not entry.shipped and not _checksum_is_right(path, checkpoint):
            raise ExplorerError(
                f"{path} is damaged (its checksum is not the one in its name): "
                "delete it and get it again."
            )
        return _load(card, path, entry, entry.tag, checkpoint)

    from cnn_explorer.networks.build import build_random

    model = build_random(card, seed, checkpoint)
    return OpenedNetwork(model, False, f"random (seed {seed})", card.preprocessing)


def _found(card: NetworkCard, version: str) -> tuple[Path, WeightsEntry] | None:
    """The weights of a version that lie on this machine; None for random ones."""
    if version == RANDOM:
        return None
    if not version:
        return at_hand(card)
    entry = next((entry for entry in card.weights if entry.tag == version), None)
    if entry is None:
        known = ", ".join([*(entry.tag for entry in card.weights), RANDOM])
        raise ExplorerError(f'{card.title} has no weights "{version}": known are {known}.')
    if not is_at_hand(entry):
        raise ExplorerError(f"the {version} weights of {card.title} are not on this machine.")
    return _place(entry), entry


def load_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file by name, on the CPU, without running anything in it.

    Reads ``.safetensors``, and ``.pth`` or ``.pt`` with a ``state_dict``, by itself or under the
    key ``state_dict`` or ``model``, its names with or without ``module.`` in front. Tensors may be
    maps of the file: copy them before the file may change. Raises `ExplorerError`.
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
    if all(name.startswith("module.") for name in state):  # saved from a DataParallel wrapper
        state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    return state


def _place(entry: WeightsEntry) -> Path:
    folder = resource("weights") if entry.shipped else torch_hub_checkpoints()
    return folder / entry.file


def _published(card: NetworkCard, file: Path, checkpoint: Checkpoint) -> WeightsEntry | None:
    """The catalogue's entry for a file that a person chose: its name and its checksum agree."""
    for entry in card.weights:
        if entry.file != file.name:
            continue
        if not entry.shipped:
            _check_is_file(file)
            return entry if _checksum_is_right(file, checkpoint) else None
        return entry
    return None


def _checksum_is_right(path: Path, checkpoint: Checkpoint) -> bool:
    """Whether the file's SHA-256 begins as its name ends (``resnet18-f37072fd.pth``)."""
    expected = _HASH_IN_NAME.search(path.name)
    if expected is None:
        return True
    with _open(path) as file:
        facts = os.fstat(file.fileno())
        key = (str(path), facts.st_size, facts.st_mtime_ns)
        if key in _sound_files:
            return True
        digest = hashlib.sha256()
        done = 0
        try:
            while block := file.read(1 << 22):
                digest.update(block)
                done += len(block)
                checkpoint(min(0.5, 0.5 * done / max(1, facts.st_size)))
        except OSError as error:
            raise _unreadable(path, error) from error
    right = digest.hexdigest().startswith(expected[1])
    if right:
        _sound_files.add(key)
    return right


def _load(
    card: NetworkCard, path: Path, entry: WeightsEntry | None, weights: str, checkpoint: Checkpoint
) -> OpenedNetwork:
    from cnn_explorer.networks.build import build_for_loading

    checkpoint(0.5)
    state = load_state(path)
    checkpoint(0.7)
    model = build_for_loading(card)
    _fill(card, model, state, path)
    if entry is not None and entry.transform_input:
        cast(Any, model).transform_input = True
    checkpoint(1.0)
    preprocessing = (entry and entry.preprocessing) or card.preprocessing
    return OpenedNetwork(model, True, weights, preprocessing)


def _fill(card: NetworkCard, model: nn.Module, state: Mapping[str, Tensor], path: Path) -> None:
    """Copies a state into a model that it fits in full; else raises and says where it does not."""
    import torch

    from cnn_explorer.networks.build import randomise

    state = {_DENSENET_OLD.sub(r"\1\2", name): tensor for name, tensor in state.items()}
    expected = model.state_dict()
    missing, unexpected = _difference(expected, state)
    if missing or unexpected:
        complaints = []
        if missing:
            complaints.append(f"it lacks {_counted(missing)} ({_first(missing)})")
        if unexpected:
            complaints.append(f"it has {_counted(unexpected)} too many ({_first(unexpected)})")
        raise ExplorerError(
            f"{path} does not fit {card.title}: {' and '.join(complaints)}{_advice(card, state)}."
        )
    used = {name: target for name, target in expected.items() if name in state}
    for name, target in used.items():
        if state[name].shape != target.shape:
            raise ExplorerError(
                f"{path} does not fit {card.title}: {name} is {tuple(state[name].shape)}, not "
                f"{tuple(target.shape)}{_advice(card, state)}."
            )
        if state[name].is_floating_point() != target.is_floating_point():
            raise ExplorerError(
                f"{path} does not fit {card.title}: {name} is of type "
                f"{str(state[name].dtype).removeprefix('torch.')}: choose another file."
            )
    with torch.no_grad():
        for name, target in used.items():
            # copied, not assigned: the file may change while it is mapped, and tensors in it may
            # share their memory or have another precision
            target.copy_(state[name])
    for name, part in model.named_children():
        if f"{name}." in _AUXILIARY and not any(key.startswith(name) for key in used):
            randomise(part)  # a prediction does not use it, but nothing is left unfilled


def _difference(
    expected: Mapping[str, Tensor], state: Mapping[str, Tensor]
) -> tuple[list[str], list[str]]:
    """Names that are missing and names too many, those that may be so left out."""
    # Files older than torch 0.4.1 do not count batches; nothing here uses the count.
    missing = [n for n in expected if n not in state and not n.endswith(".num_batches_tracked")]
    unexpected = [name for name in state if name not in expected]
    # GoogLeNet's heads for training: all there or all away, in the network and in the file
    if not any(name.startswith(_AUXILIARY) for name in state):
        missing = [name for name in missing if not name.startswith(_AUXILIARY)]
    if not any(name.startswith(_AUXILIARY) for name in expected):
        unexpected = [name for name in unexpected if not name.startswith(_AUXILIARY)]
    return missing, unexpected


def _advice(card: NetworkCard, state: Mapping[str, Tensor]) -> str:
    """Which networks a state would fit instead, as the end of a sentence."""
    from cnn_explorer.networks.build import build_empty

    fitting = []
    for other in NETWORKS.values():
        if other.name == card.name:
            continue
        expected = build_empty(other).state_dict()
        if any(_difference(expected, state)):
            continue
        if all(state[n].shape == t.shape for n, t in expected.items() if n in state):
            fitting.append(f"{other.title} ({other.name})")
    return f"; it fits {' and '.join(fitting)}" if fitting else ": choose another file"


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
            raise ExplorerError(
                f"{path} holds Python objects that could run code, so it was not opened: save "
                "only the weights, with torch.save(model.state_dict(), file)."
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

    for _ in range(2):  # {"model": {"state_dict": ...}} is the deepest that is usual
        for key in ("state_dict", "model"):
            if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
                loaded = loaded[key]
    if not isinstance(loaded, Mapping):
        raise ExplorerError(
            f"{path} holds a {type(loaded).__name__}, not weights by name: save them with "
            "torch.save(model.state_dict(), file)."
        )
    state: dict[str, Tensor] = {}
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise ExplorerError(
                f"{path} holds more than weights ({_first([str(name)])} is a "
                f"{type(value).__name__}): save them with torch.save(model.state_dict(), file)."
            )
        plain = value.layout is torch.strided and value.device.type == "cpu"
        if not plain or value.is_quantized or value.is_nested:
            raise ExplorerError(
                f"{path} holds tensors that are sparse, quantised or without numbers "
                f"({_first([name])}): save ordinary ones."
            )
        state[name] = value.detach()
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


def _counted(names: list[str]) -> str:
    return "one weight" if len(names) == 1 else f"{len(names):,} weights"


def _first(names: Iterable[str], most: int = 3) -> str:
    """The first few names, fit for one line whatever a file put into them."""
    names = list(names)
    shown = [re.sub(r"[^\x21-\x7e]", "?", name)[:60] for name in names[:most]]
    return ", ".join(shown) + (", ..." if len(names) > most else "")
