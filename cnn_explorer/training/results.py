"""What a training leaves: weights, their model card, and the log of every epoch."""

import json
import platform
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.save import write_bytes
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.labels import class_names
from cnn_explorer.training.data import data_set
from cnn_explorer.training.evaluate import Evaluation
from cnn_explorer.training.loop import Row
from cnn_explorer.training.recipes import Recipe


def stem(card: NetworkCard) -> str:
    """What the names of a network's files begin with: ``resnet20-cifar10``."""
    return f"{card.name}-{card.classes}"


def pack(model: nn.Module, half: bool) -> dict[str, Tensor]:
    """A model's state for a file; with `half`, kernels and matrices in float16.

    Biases, and whatever belongs to normalisation, stay in float32: they are few, and a variance
    may be larger than float16 goes.
    """
    state = {}
    for name, tensor in model.state_dict().items():
        packed = tensor.detach().cpu()
        if half and packed.is_floating_point() and packed.dim() > 1:
            packed = packed.half()
        state[name] = packed.contiguous().clone()
    return state


def write_results(
    folder: Path,
    card: NetworkCard,
    state: dict[str, Tensor],
    result: Evaluation,
    log: list[Row],
    recipe: Recipe,
    *,
    sample: Evaluation,
    precision: str,
    device: str,
) -> list[Path]:
    """Writes weights, model card and log into the folder, each whole or not at all.

    `result` must be that of the `state` as it is written, rounded or not; `sample` that of the
    first test pictures, by which a test can check the number quickly. Gives the paths.
    """
    data = data_set(card.classes)
    metadata = {
        "network": card.name,
        "dataset": data.title,
        "test_accuracy": f"{result.accuracy:.2f}",
        "seed": str(recipe.seed),
    }
    lines = ",\n    ".join(json.dumps(row) for row in log)
    record = (
        f'{{\n  "network": {json.dumps(card.name)},\n'
        f'  "recipe": {json.dumps(asdict(recipe))},\n'
        f'  "torch": {json.dumps(str(torch.__version__))},\n'
        f'  "device": {json.dumps(device)},\n'
        f'  "precision": {json.dumps(precision)},\n'
        f'  "threads": {torch.get_num_threads()},\n'
        f'  "test_accuracy": {result.accuracy:.2f},\n'
        f'  "sample": {{"pictures": {sample.pictures}, "right": {sample.right}}},\n'
        f'  "confusion": {json.dumps(result.confusion)},\n'
        f'  "epochs": [\n    {lines}\n  ]\n}}\n'
    )
    name = stem(card)
    seconds = sum(row["seconds"] for row in log)
    text = describe(card, state, result, recipe, precision, device, seconds)
    files = {
        f"{name}.safetensors": safetensors.torch.save(state, metadata),
        f"{name}.md": text.encode(),
        f"{name}.log.json": record.encode(),
    }
    make_folder(folder)
    for file in reversed(files):  # the weights last: what is told of them is there before them
        write_bytes(folder / file, files[file])
    return [folder / file for file in files]


def make_folder(folder: Path) -> None:
    """Makes the folder for the results; raises `ExplorerError` before any work is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExplorerError(
            f"the results cannot be written to {folder}: {error.strerror or error}."
        ) from error


def describe(
    card: NetworkCard,
    state: dict[str, Tensor],
    result: Evaluation,
    recipe: Recipe,
    precision: str,
    device: str,
    seconds: float,
) -> str:
    """The model card, in Markdown."""
    data = data_set(card.classes)
    names = class_names(card.classes)
    halves = any(tensor.dtype == torch.float16 for tensor in state.values())
    stored = "kernels and matrices in float16, the rest in float32" if halves else "float32"
    classes = range(len(result.confusion))
    mistakes = [(result.confusion[i][j], i, j) for i in classes for j in classes if i != j]
    slips = sorted((slip for slip in mistakes if slip[0]), reverse=True)
    most = ", ".join(
        f"{names[truth]} taken for {names[answer]} ({count})" for count, truth, answer in slips[:5]
    )
    rows = "\n".join(
        f"| {names[i]} | {sum(row):,} | {sum(row) - row[i]} |"
        for i, row in enumerate(result.confusion)
    )
    size = card.preprocessing.crop
    return f"""# {card.title} trained on {data.title}

`{stem(card)}.safetensors`: the network `{card.name}` of this program ({size}x{size} input),
{card.parameters:,} parameters, {stored}.

**Accuracy: {result.accuracy:.2f} %**, which is {result.right:,} of {data.title}'s
{result.pictures:,} test pictures, each as it is, in float32 with the weights as they are stored.

## Data

All training pictures of {data.title} ({data.authors}); the test pictures only for
the numbers on this page and in the log. The weights are those after the last epoch, not those of
the epoch that did best on the test pictures.

It names one of ten classes whatever it is shown, also what belongs to none.

## Recipe

{_recipe_lines(recipe)}
- torch {torch.__version__}, {precision}, {_where(device)}, {_duration(seconds)} in all

    {command_line(card, recipe, precision, device)}

`{stem(card)}.log.json` has the numbers of every epoch.

## Where it errs

{result.pictures - result.right} test pictures. Most often: {most or "none"}.

| class | test pictures | wrong |
|---|---|---|
{rows}

## Licence

MIT, as the program. {data.title}'s authors state no terms for the data.
"""


def _recipe_lines(recipe: Recipe) -> str:
    optimizer = (
        "SGD with Nesterov's momentum of 0.9"
        if recipe.optimizer == "sgd"
        else "AdamW (decoupled weight decay)"
    )
    smoothing = f", label smoothing {recipe.smoothing:g}" if recipe.smoothing else ""
    lines = [
        f"{recipe.epochs} epochs, batches of {recipe.batch}, cross entropy{smoothing}, "
        f"seed {recipe.seed}",
        f"{optimizer}, weight decay {recipe.weight_decay:g}, learning rate up to "
        f"{recipe.peak_rate:g} in the first {recipe.warmup:.0%} of the steps and along a cosine "
        "to zero",
    ]
    before = 0.0
    for crop in recipe.crops:
        edge = f" out of {crop.padding} pixels of black around" if crop.padding else ""
        span = (
            "all epochs" if crop.until - before == 1 else f"epochs {before:.0%} to {crop.until:.0%}"
        )
        lines.append(
            f"{span}: random crops of {crop.side}x{crop.side}{edge}, mirrored half the time"
        )
        before = crop.until
    digits = recipe.digits
    if digits is not None:
        lines.append(
            f"every picture varied anew: rotation up to {digits.degrees:g} degrees, scale up to "
            f"{digits.scale:.0%} either way, shear up to {digits.shear:g}, shift up to "
            f"{digits.shift:g} pixels, a smooth random bend of {digits.bend:g} pixels, strokes "
            f"thicker or thinner by up to {digits.stroke:g} of a pixel on a side"
        )
    if not recipe.crops and digits is None:
        lines.append("the pictures as they are")
    return "\n".join(f"- {line}" for line in lines)


def _where(device: str) -> str:
    threads = torch.get_num_threads()
    if device != "cpu":
        return device
    return f"{threads} processor thread{'s' * (threads > 1)} ({platform.machine()})"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes != 1 else "1 minute"


def command_line(card: NetworkCard, recipe: Recipe, precision: str, device: str) -> str:
    """The command that does it again, where epochs and seed are all that may differ in recipes."""
    return (
        f"cnn-explorer train {card.name} --data FOLDER --out resources/weights "
        f"--epochs {recipe.epochs} --seed {recipe.seed} --device {device} --precision {precision} "
        f"--threads {torch.get_num_threads()}"
    )
