"""The commands ``train`` and ``evaluate``: a process of their own, for a person or for the window.

With ``--json`` they print one JSON object a line; without, progress goes to standard error.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_explorer.cli_parts import (
    ChangingLine,
    card_named,
    natural,
    network_name,
    positive,
    print_json_line,
    stoppable,
)
from cnn_explorer.errors import Cancelled, ExplorerError, UsageError

if TYPE_CHECKING:
    from cnn_explorer.networks.card import NetworkCard
    from cnn_explorer.training.loop import Row, Training
    from cnn_explorer.training.recipes import Recipe

_EVERY = 0.5
"""Seconds between two words on progress."""
_SAMPLE = 1000
"""Test pictures by which a test checks the accuracy that a log states."""


def describe_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NAME", type=network_name)
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, required=True,
        help="where MNIST's four .gz files or CIFAR-10's binary version lie",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="FOLDER", type=Path, default=Path(),
        help="where weights, model card, log and checkpoints go (this folder)",
    )  # fmt: skip
    parser.add_argument("--epochs", metavar="N", type=positive, help="instead of the recipe's")
    parser.add_argument("--seed", metavar="N", type=natural, help="instead of the recipe's")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the --out folder"
    )
    _describe_machine(parser)
    parser.add_argument(
        "--precision", choices=("auto", "float32", "bfloat16"), default="auto",
        help="auto measures which is faster (%(default)s)",
    )  # fmt: skip


def describe_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("network", metavar="NAME", type=network_name)
    parser.add_argument(
        "--data", metavar="FOLDER", type=Path, required=True,
        help="where MNIST's four .gz files or CIFAR-10's binary version lie",
    )  # fmt: skip
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="instead of the network's own at hand"
    )
    _describe_machine(parser)


def _describe_machine(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--threads", metavar="N", type=positive, help="processor threads to use")
    parser.add_argument(
        "--device", metavar="NAME", default="auto", help="cpu, cuda, cuda:1, mps (%(default)s)"
    )


def train(options: argparse.Namespace) -> int:
    card, recipe = _recipe(options)
    from cnn_explorer.training.results import make_folder, pack, stem, write_results

    make_folder(options.out)
    training = _training(card, recipe, options)
    saved = options.out / f"{stem(card)}.checkpoint.pt"
    if options.resume:
        training.resume(saved)
    told = _Teller(options.json)
    told.say(
        f"{card.title}: {recipe.epochs} epochs, {training.precision} on {training.device}",
        event="start",
        network=card.name,
        epochs=recipe.epochs,
        epoch=training.progress.epoch,
        precision=training.precision,
        device=str(training.device),
    )

    def epoch_done(row: "Row") -> None:
        training.save(saved)
        told.say(_sentence(row), event="epoch", **row)

    with stoppable(told.progress) as checkpoint:
        try:
            training.run(checkpoint, epoch_done)
        except Cancelled:
            training.save(saved)
            told.say(
                f"stopped in epoch {training.progress.epoch + 1}; --resume goes on from {saved}",
                event="stopped",
                checkpoint=str(saved),
            )
            return 130

    from cnn_explorer.training.evaluate import evaluate

    # what is told of the weights is measured on the weights as they are stored
    state = pack(training.model, half=card.classes != "mnist")
    training.model.load_state_dict(state)
    result = training.measure()
    sample = evaluate(training.model, training.test.first(_SAMPLE), card.preprocessing)
    paths = write_results(
        options.out,
        card,
        state,
        result,
        training.progress.log,
        recipe,
        sample=sample,
        precision=training.precision,
        device=str(training.device),
    )
    saved.unlink(missing_ok=True)
    told.say(
        f"{result.right:,} of {result.pictures:,} right: {result.accuracy:.2f} %; {paths[0]}",
        event="done",
        accuracy=result.accuracy,
        files=[str(path) for path in paths],
    )
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Accuracy on all test pictures, in float32."""
    card = card_named(options.network)
    data = _data(card)
    _use(options)
    from cnn_explorer.networks.weights import open_network
    from cnn_explorer.training.evaluate import evaluate as measure

    test = data.test(options.data)
    opened = open_network(card, options.weights)
    if not opened.trained:
        raise ExplorerError(
            f"{card.title} has no weights at hand: name some with --weights, or train it."
        )
    device = _device(options)
    model = opened.model.to(device)
    told = _Teller(options.json)
    began = time.perf_counter()
    with stoppable(told.progress) as checkpoint:
        try:
            result = measure(
                model, test, opened.preprocessing, device=device, checkpoint=checkpoint
            )
        except Cancelled:
            return 130
    told.end()
    seconds = time.perf_counter() - began
    if options.json:
        told.say(
            "",
            event="done",
            network=card.name,
            weights=opened.weights,
            pictures=result.pictures,
            right=result.right,
            accuracy=result.accuracy,
            loss=result.loss,
            confusion=result.confusion,
            seconds=round(seconds, 1),
        )
    else:
        print(
            f"{card.title}, weights {opened.weights}: {result.right:,} of {result.pictures:,} "
            f"test pictures right, {result.accuracy:.2f} % ({seconds:.0f} s)"
        )
    return 0


def _recipe(options: argparse.Namespace) -> "tuple[NetworkCard, Recipe]":
    from cnn_explorer.training.recipes import RECIPES

    card = card_named(options.network)
    if card.name not in RECIPES:
        raise UsageError(
            f"there is no recipe to train {card.title}: there are recipes for {', '.join(RECIPES)}."
        )
    recipe = RECIPES[card.name]
    changes = {
        name: value
        for name, value in (("epochs", options.epochs), ("seed", options.seed))
        if value is not None
    }
    return card, replace(recipe, **changes)


def _training(card: "NetworkCard", recipe: "Recipe", options: argparse.Namespace) -> "Training":
    _use(options)
    from cnn_explorer.training.loop import Training

    data = _data(card)
    return Training(
        card,
        recipe,
        data.training(options.data),
        data.test(options.data),
        device=_device(options),
        precision=None if options.precision == "auto" else options.precision,
    )


def _data(card: "NetworkCard") -> Any:
    from cnn_explorer.training.data import data_set

    try:
        return data_set(card.classes)
    except KeyError:
        raise UsageError(
            f"{card.title} tells the classes of {card.classes} apart, and this program trains and "
            "measures on MNIST and CIFAR-10 only."
        ) from None


def _use(options: argparse.Namespace) -> None:
    """Import torch, with as many threads as asked for."""
    from cnn_explorer.probe.runtime import import_torch

    import_torch()
    from cnn_explorer.training.loop import use_threads

    use_threads(options.threads)


def _device(options: argparse.Namespace) -> Any:
    from cnn_explorer.training.loop import best_device, device_called

    return best_device() if options.device == "auto" else device_called(options.device)


class _Teller:
    """Words for a person on standard error, or JSON lines for a program on standard output."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._last = 0.0
        self._line = ChangingLine(sys.stderr)

    def say(self, text: str, *, event: str, **facts: object) -> None:
        self.end()
        if self._json:
            print_json_line(event=event, **facts)
        elif text:
            print(text, file=sys.stderr, flush=True)

    def progress(self, fraction: float) -> None:
        now = time.monotonic()
        if now - self._last < _EVERY:
            return
        self._last = now
        if self._json:
            print_json_line(event="progress", fraction=round(fraction, 5))
        elif self._line.works:
            self._line.show(f"{fraction:6.1%}")

    def end(self) -> None:
        self._line.clear()


def _sentence(row: "Row") -> str:
    return (
        f"epoch {row['epoch']:3}  training loss {row['train_loss']:.4f} error "
        f"{row['train_error']:.2f} %  test accuracy {row['test_accuracy']:.2f} %  "
        f"{row['seconds']:.0f} s"
    )


COMMANDS: dict[
    str,
    tuple[Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None], str],
] = {
    "train": (train, describe_train, "train a network on MNIST or CIFAR-10 by its recipe"),
    "evaluate": (evaluate, describe_evaluate, "measure a network on all test pictures"),
}
