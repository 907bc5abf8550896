"""How the LeNet-5 that ships with the program was trained on MNIST.

One command makes the weights, their model card and the log of the training::

    python -m cnn_explorer.training.lenet --data FOLDER --out resources/weights

FOLDER holds the four original MNIST files. The pictures are varied as they are shown, so that
the network also reads what people draw with a mouse: turned, scaled, sheared and shifted a
little, bent by a smooth random field (Simard, Steinkraus and Platt, "Best Practices for
Convolutional Neural Networks", ICDAR 2003), and with thicker or thinner strokes. The test
pictures are measured as they are, after each epoch for the log. They do not choose the result:
it is the network after the last epoch, whichever was the best.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.save import write_bytes
from cnn_explorer.networks.build import build_random
from cnn_explorer.networks.card import Preprocessing
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.training.mnist import SIDE, Digits, read_test, read_training

WEIGHTS = "lenet5-mnist.safetensors"
MODEL_CARD = "lenet5-mnist.md"
LOG = "lenet5-mnist.log.json"


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how the training goes."""

    epochs: int = 60
    batch: int = 128
    peak_rate: float = 3e-3
    """AdamW's learning rate at the top of the one-cycle schedule."""
    weight_decay: float = 0.01
    seed: int = 0
    degrees: float = 12.0
    """Rotation, either way."""
    scale: float = 0.15
    """Larger or smaller by this fraction at most, height and width by themselves."""
    shear: float = 0.15
    """Horizontal, as a fraction of the height."""
    shift: float = 2.0
    """Pixels, in each direction."""
    bend: float = 0.7
    """Standard deviation, in pixels, of the smooth random field."""
    stroke: float = 0.7
    """How far strokes go towards one pixel more or less on each side, at most."""


@dataclass(frozen=True)
class Evaluation:
    """How a network did on a set of digits."""

    confusion: tuple[tuple[int, ...], ...]
    """How often digit i (row) was read as digit j (column)."""
    loss: float
    """Mean cross entropy in nats."""

    @property
    def pictures(self) -> int:
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        return sum(self.confusion[i][i] for i in range(10))

    @property
    def accuracy(self) -> float:
        """Top-1, per cent."""
        return 100.0 * self.right / self.pictures


def evaluate(
    model: nn.Module,
    digits: Digits,
    preprocessing: Preprocessing,
    checkpoint: Checkpoint = no_checkpoint,
) -> Evaluation:
    """Measures a network on digits as they are; leaves its training flags as they were."""
    if not len(digits):
        raise ExplorerError("there are no digits to measure on: name a folder that has some.")
    images = to_tensor(digits, preprocessing)
    labels = torch.from_numpy(digits.labels.astype("int64"))
    confusion = torch.zeros(10, 10, dtype=torch.long)
    loss = 0.0
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(labels), 500):
                checkpoint(start / len(labels))
                truth = labels[start : start + 500]
                scores = model(normalise(images[start : start + 500], preprocessing))
                loss += float(F.cross_entropy(scores, truth, reduction="sum"))
                pairs = truth * 10 + scores.argmax(1)
                confusion += torch.bincount(pairs, minlength=100).reshape(10, 10)
    finally:
        for module, training in flags:
            module.training = training
    checkpoint(1.0)
    return Evaluation(tuple(map(tuple, confusion.tolist())), loss / len(labels))


def to_tensor(digits: Digits, preprocessing: Preprocessing) -> Tensor:
    """The pictures padded with black, values 0..1: (N, 1, crop, crop), not yet normalised."""
    pad = (preprocessing.crop - SIDE) // 2
    images = torch.from_numpy(digits.images.copy()).unsqueeze(1).float() / 255
    return F.pad(images, (pad, pad, pad, pad))


def normalise(images: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Pictures of 0..1 to what goes into the network."""
    return (images - preprocessing.mean[0]) / preprocessing.std[0]


def vary(images: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Each picture as another hand might have written it.

    `images` is (N, 1, S, S) of 0..1 with light strokes on black; so is the result.
    """
    count, _, side, _ = images.shape
    pixel = 2 / side  # in grid units, which span -1..1 over the picture

    def uniform(most: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * most

    turn = uniform(math.radians(recipe.degrees))
    wide, high = torch.exp(uniform(recipe.scale)), torch.exp(uniform(recipe.scale))
    lean = uniform(recipe.shear)
    cos, sin = torch.cos(turn), torch.sin(turn)
    move_x, move_y = uniform(recipe.shift) * pixel, uniform(recipe.shift) * pixel
    # rotation x shear x scale, for every picture: where in the original each pixel looks
    rows = (
        torch.stack([cos * wide, (cos * lean - sin) * high, move_x], 1),
        torch.stack([sin * wide, (sin * lean + cos) * high, move_y], 1),
    )
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    field = torch.randn(count, 2, 5, 5, generator=generator) * recipe.bend * pixel
    bend = F.interpolate(field, (side, side), mode="bicubic", align_corners=True)
    moved = F.grid_sample(images, grid + bend.permute(0, 2, 3, 1), align_corners=False)

    amount = uniform(recipe.stroke).reshape(count, 1, 1, 1)
    thick = F.max_pool2d(moved, 3, 1, 1)
    # thinning takes a pixel off one side only: off both, a fine stroke would vanish
    thin = -F.max_pool2d(F.pad(-moved, (0, 1, 0, 1)), 2, 1)
    return torch.where(amount > 0, moved.lerp(thick, amount), moved.lerp(thin, -amount))


def train(
    recipe: Recipe,
    training: Digits,
    test: Digits,
    checkpoint: Checkpoint = no_checkpoint,
    report: Callable[[dict[str, float]], None] | None = None,
) -> tuple[nn.Module, Evaluation, list[dict[str, float]]]:
    """Trains LeNet-5 from random weights: (the network, its test result, a row an epoch).

    The same recipe gives the same weights on the same machine with the same number of threads.
    """
    card = card_of("lenet5")
    preprocessing = card.preprocessing
    model = build_random(card, recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    images = to_tensor(training, preprocessing)
    labels = torch.from_numpy(training.labels.astype("int64"))
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    batches = math.ceil(len(labels) / recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.peak_rate, total_steps=max(2, recipe.epochs * batches), pct_start=0.2
    )
    log: list[dict[str, float]] = []
    for epoch in range(1, recipe.epochs + 1):
        began = time.perf_counter()
        model.train()
        losses = 0.0
        wrong = 0
        order = torch.randperm(len(labels), generator=generator)
        for batch, chosen in enumerate(torch.split(order, recipe.batch)):
            checkpoint((epoch - 1 + batch / batches) / recipe.epochs)
            varied = vary(images[chosen], recipe, generator)
            scores = model(normalise(varied, preprocessing))
            loss = F.cross_entropy(scores, labels[chosen])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses += float(loss.detach()) * len(chosen)
            wrong += int((scores.argmax(1) != labels[chosen]).sum())
        result = evaluate(model, test, preprocessing)
        row = {
            "epoch": epoch,
            "train_loss": round(losses / len(labels), 5),
            "train_error": round(100 * wrong / len(labels), 3),
            "test_loss": round(result.loss, 5),
            "test_accuracy": round(result.accuracy, 3),
            "seconds": round(time.perf_counter() - began, 1),
        }
        log.append(row)
        if report:
            report(row)
    model.eval()
    return model, result, log


def write_results(
    folder: Path, model: nn.Module, result: Evaluation, log: list[dict[str, float]], recipe: Recipe
) -> None:
    """Writes weights, model card and log into the folder, each whole or not at all."""
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    metadata = {
        "network": "lenet5",
        "dataset": "MNIST",
        "test_accuracy": f"{result.accuracy:.2f}",
        "seed": str(recipe.seed),
    }
    lines = ",\n    ".join(json.dumps(row) for row in log)
    record = (
        f'{{\n  "recipe": {json.dumps(asdict(recipe))},\n'
        f'  "torch": {json.dumps(str(torch.__version__))},\n'
        f'  "threads": {torch.get_num_threads()},\n'
        f'  "confusion": {json.dumps(result.confusion)},\n'
        f'  "epochs": [\n    {lines}\n  ]\n}}\n'
    )
    files = {
        WEIGHTS: safetensors.torch.save(state, metadata),
        MODEL_CARD: describe(model, result, recipe).encode(),
        LOG: record.encode(),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExplorerError(
            f"the results cannot be written to {folder}: {error.strerror or error}."
        ) from error
    for name, data in files.items():
        write_bytes(folder / name, data)


def describe(model: nn.Module, result: Evaluation, recipe: Recipe) -> str:
    """The model card, in Markdown."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    threads = torch.get_num_threads()
    slips = sorted(
        (
            (count, truth, answer)
            for truth, row in enumerate(result.confusion)
            for answer, count in enumerate(row)
            if truth != answer and count
        ),
        reverse=True,
    )
    most = ", ".join(f"{t} read as {a} ({n} times)" for n, t, a in slips[:5]) or "none"
    rows = "\n".join(
        f"| {digit} | {sum(row):,} | {sum(row) - row[digit]} |"
        for digit, row in enumerate(result.confusion)
    )
    return f"""# LeNet-5 trained on MNIST

`{WEIGHTS}`: {parameters:,} parameters, float32, the network `lenet5` of this program
(LeNet-5 with ReLU, 32x32 input).

**Accuracy: {result.accuracy:.2f} %**, which is {result.right:,} of MNIST's {result.pictures:,}
test pictures, each as it is, padded with black to 32x32.

## What it is for

It reads one handwritten digit, light on black, scaled into 20x20 and centred by mass in 28x28 as
MNIST does it. It gives one of ten digits to whatever it is shown, also to what is no digit.

## Data

The 60,000 training pictures of MNIST (LeCun, Cortes, Burges), all of them; the 10,000 test
pictures only for the numbers on this page and in the log. The weights are those after the last
epoch, not those of the epoch that did best on the test pictures.

## Recipe

- {recipe.epochs} epochs, batches of {recipe.batch}, cross entropy, seed {recipe.seed}
- AdamW, weight decay {recipe.weight_decay:g}, one-cycle learning rate of at most \
{recipe.peak_rate:g}
- every picture varied anew each time: rotation up to {recipe.degrees:g} degrees, scale up to \
{recipe.scale:.0%} either way, shear up to {recipe.shear:g}, shift up to {recipe.shift:g} pixels, \
a smooth random bend of {recipe.bend:g} pixels, strokes thicker or thinner by up to \
{recipe.stroke:g} of a pixel on a side
- torch {torch.__version__}, {threads} processor thread{"s" * (threads > 1)}

    {command_line(recipe)}

`{LOG}` has the numbers of every epoch.

## Where it errs

{result.pictures - result.right} test pictures. Most often: {most}.

| digit | test pictures | wrong |
|---|---|---|
{rows}

## Licence

MIT, as the program. MNIST's authors state no terms for the data.
"""


def command_line(recipe: Recipe) -> str:
    """The command that trains by this recipe, where epochs and seed are all that may differ."""
    return (
        "python -m cnn_explorer.training.lenet --data FOLDER --out resources/weights "
        f"--epochs {recipe.epochs} --seed {recipe.seed} --threads {torch.get_num_threads()}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m cnn_explorer.training.lenet",
        description="Train LeNet-5 on MNIST; write weights, model card and log.",
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the four .gz files")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--epochs", type=_positive, default=Recipe.epochs)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--threads", type=_positive, default=1, help="processor threads to use")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    recipe = Recipe(epochs=options.epochs, seed=options.seed)
    try:
        training, test = read_training(options.data), read_test(options.data)
        model, result, log = train(recipe, training, test, report=_print_row)
        write_results(options.out, model, result, log, recipe)
    except ExplorerError as error:
        print(f"cnn-explorer: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"{result.right} of {result.pictures} right: {result.accuracy:.2f} %")
    return 0


def _print_row(row: dict[str, float]) -> None:
    print(
        f"epoch {row['epoch']:3}  training loss {row['train_loss']:.4f} "
        f"error {row['train_error']:.2f} %  test {row['test_accuracy']:.2f} %  "
        f"{row['seconds']:.0f} s",
        flush=True,
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
