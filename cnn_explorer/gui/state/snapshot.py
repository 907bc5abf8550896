"""A snapshot of what is watched: the frame, its answers and the selected layer's maps, as files
that stand beside each other under one name.

    live 2026-11-25 14.30.05.png                 the frame
    live 2026-11-25 14.30.05.json                answers, network, weights, milliseconds
    live 2026-11-25 14.30.05 layer1.0.conv1.png  all maps of the layer, as a figure
    live 2026-11-25 14.30.05 layer1.0.conv1.npz  and their values
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_explorer.errors import Checkpoint, ExplorerError
from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.gui.state.shown import ActivationsShown, AnswersShown
from cnn_explorer.text import printable

if TYPE_CHECKING:
    from cnn_explorer.gui.state.workbench import Run

_MOST_IN_A_SECOND = 1000
_MOST_CLASSES = 1000


@dataclass(frozen=True, eq=False)
class SaveSnapshot:
    """Save a picture, its answers and a layer's output. Answered by `Exported`."""

    run: "Run"
    """What is to be saved of: known already, or run once more."""
    folder: Path
    taken: datetime
    """With its time zone."""
    weights: str
    """What the weights are called."""
    look: MapsLook
    """How the maps are drawn."""
    dark: bool


def save_snapshot(
    request: SaveSnapshot,
    answers: AnswersShown,
    activations: ActivationsShown | None,
    checkpoint: Checkpoint,
) -> tuple[Path, str]:
    """The frame's file, and what else was written, in words. Raises `ExplorerError` as saving
    does."""
    from cnn_explorer.media.save import npz_file, save_png, write_text

    try:
        request.folder.mkdir(parents=True, exist_ok=True)
        stem = unused_stem(request.folder, request.taken)
    except OSError as error:
        where = printable(str(request.folder))
        raise ExplorerError(f"{where} cannot be used as a folder: {error.strerror}.") from error
    layer = "" if activations is None else _file_part(activations.layer)
    frame = request.folder / f"{stem}.png"
    save_png(frame, answers.picture.rgb)
    checkpoint(0.2)
    text = json.dumps(described(request, answers, activations), ensure_ascii=False, indent=2)
    write_text(frame.with_name(f"{stem}.json"), text + "\n")
    if activations is None or not activations.maps.size:
        return frame, "its answers are beside it"
    checkpoint(0.3)
    with npz_file(frame.with_name(f"{stem} {layer}.npz")) as keep:
        keep(activations.layer, activations.maps)
    checkpoint(0.5)
    maps = activations.maps
    if maps.ndim < 2:  # values have no picture; they are in the other file
        return frame, f"its answers and the values of {activations.layer} are beside it"
    from cnn_explorer.probe.figures import maps_figure, save_figure

    signed = bool((maps < 0).any())
    figure = maps_figure(
        maps.reshape(-1, *maps.shape[-2:]),
        title=f"{answers.card.title} · {activations.layer} · {stem}",
        shading=request.look.shading(signed),
        colours=request.look.colour_map(signed),
        dark=request.dark,
    )
    checkpoint(0.8)
    save_figure(frame.with_name(f"{stem} {layer}.png"), figure)
    return frame, f"its answers and the maps of {activations.layer} are beside it"


def described(
    request: SaveSnapshot, answers: AnswersShown, activations: ActivationsShown | None
) -> dict[str, object]:
    """What the JSON file says."""
    return {
        "taken": request.taken.isoformat(timespec="milliseconds"),
        "picture": {
            "name": answers.picture.name,
            "source": answers.picture.source,
            "width": answers.picture.width,
            "height": answers.picture.height,
        },
        "network": answers.card.name,
        "title": answers.card.title,
        "weights": request.weights,
        "trained": answers.trained,
        "precision": answers.arithmetic.precision,
        "arithmetic": answers.arithmetic.how,
        "milliseconds": {
            "convert": answers.decode_ms,
            "preprocess": answers.preprocess_ms,
            "forward": answers.forward_ms,
        },
        "layer": None if activations is None else activations.layer,
        "shape": None if activations is None else list(activations.maps.shape),
        "answers": [
            {"class": score.index, "name": score.name, "probability": score.probability}
            for score in answers.classes[:_MOST_CLASSES]
        ],
    }


def unused_stem(folder: Path, taken: datetime) -> str:
    """A name by the time, that no file of the folder begins with. Raises `OSError` where the
    folder cannot be read."""
    stem = f"live {taken:%Y-%m-%d %H.%M.%S}"
    taken_names = {path.name for path in folder.iterdir() if path.name.startswith(stem)}
    for number in range(1, _MOST_IN_A_SECOND):
        wanted = stem if number == 1 else f"{stem} ({number})"
        if not any(name.startswith((f"{wanted}.png", f"{wanted}.json")) for name in taken_names):
            return wanted
    raise ExplorerError("There are too many snapshots of this second; choose another folder.")


def _file_part(layer: str) -> str:
    """A layer's name as a part of a file's."""
    return "".join(sign if sign.isalnum() or sign in "._-" else "_" for sign in layer)
