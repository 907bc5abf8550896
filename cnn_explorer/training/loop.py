"""Training by a recipe: the loop, its checkpoints, and going on where it stopped.

The same recipe gives the same network on the same machine with the same precision and the same
number of threads, interrupted or not: all randomness comes from two generators, and a checkpoint
holds both.
"""

import io
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from cnn_explorer.errors import Checkpoint, ExplorerError, no_checkpoint
from cnn_explorer.media.save import write_bytes
from cnn_explorer.networks.build import build_random
from cnn_explorer.networks.card import NetworkCard
from cnn_explorer.networks.quickest import quickest
from cnn_explorer.training.augment import crop_at, cut_photos, vary_digits
from cnn_explorer.training.data import Pictures
from cnn_explorer.training.evaluate import Evaluation, evaluate, framed, normalise, padded
from cnn_explorer.training.recipes import Recipe

Precision = Literal["float32", "bfloat16"]
Row = dict[str, float]
"""What is logged of an epoch: loss and error in training, loss and accuracy on the test set."""

_FORMAT = 1


@dataclass
class Progress:
    """How far a training has come; a checkpoint holds this and the tensors."""

    epoch: int = 0
    """Whole epochs done."""
    batch: int = 0
    """Batches of the current epoch done."""
    loss: float = 0.0
    """Sum over the pictures of the current epoch."""
    wrong: int = 0
    seconds: float = 0.0
    """Spent in the current epoch."""
    log: list[Row] = field(default_factory=list)


class Training:
    """A training that can be stopped at any batch and resumed.

    `precision` None measures which is faster here. The model lives on `device`; `run` leaves it
    on the CPU in eval mode.
    """

    def __init__(
        self,
        card: NetworkCard,
        recipe: Recipe,
        training: Pictures,
        test: Pictures,
        *,
        device: torch.device | None = None,
        precision: Precision | None = None,
    ) -> None:
        if not len(training):
            raise ExplorerError("there are no pictures to train on: name a folder that has some.")
        self.card = card
        self.recipe = recipe
        self.device = device or torch.device("cpu")
        self.progress = Progress()
        self.test = test
        self._labels = torch.from_numpy(training.labels.astype("int64"))
        self._base = framed(training, card.preprocessing)
        self._frames: dict[int, Tensor] = {}
        self.model = build_random(card, recipe.seed).to(self.device)
        self._channels_last(self.model)
        kind = torch.optim.SGD if recipe.optimizer == "sgd" else torch.optim.AdamW
        more: dict[str, Any] = (
            {"momentum": 0.9, "nesterov": True} if recipe.optimizer == "sgd" else {}
        )
        self._optimizer: torch.optim.Optimizer = kind(
            self.model.parameters(), lr=0.0, weight_decay=recipe.weight_decay, **more
        )
        self._generator = torch.Generator().manual_seed(recipe.seed)
        self._order = torch.empty(0, dtype=torch.long)
        self._start_of_epoch = self._generator.get_state()
        self._dropout = torch.Generator().manual_seed(recipe.seed).get_state()
        self._asked = precision
        self.precision: Precision = precision or self._faster_precision()
        if self.device.type == "cuda":
            torch.cuda.manual_seed(recipe.seed)

    @staticmethod
    def _channels_last(model: nn.Module) -> None:
        """Kernels in the order that convolutions of several channels are quickest in."""
        for parameter in model.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return math.ceil(len(self._labels) / self.recipe.batch)

    def run(
        self,
        checkpoint: Checkpoint = no_checkpoint,
        epoch_done: Callable[[Row], None] | None = None,
    ) -> None:
        """Trains to the end of the recipe. A `checkpoint` that raises stops between two batches,
        from where `run` or a saved state goes on."""
        with torch.random.fork_rng(devices=[]):  # torch's dropout knows no generator but its own
            torch.set_rng_state(self._dropout)
            try:
                while self.progress.epoch < self.recipe.epochs:
                    self._run_epoch(checkpoint)
                    self._dropout = torch.get_rng_state()
                    if epoch_done:
                        epoch_done(self.progress.log[-1])
            finally:
                self._dropout = torch.get_rng_state()
        self.model.to("cpu").eval()

    def measure(self) -> Evaluation:
        """How the network does on the test pictures once the training is over, in float32."""
        return evaluate(self.model, self.test, self.card.preprocessing)

    def _run_epoch(self, checkpoint: Checkpoint) -> None:
        progress, recipe = self.progress, self.recipe
        self.model.train()
        if progress.batch == 0:
            checkpoint(progress.epoch / recipe.epochs)  # before any number of it is drawn
            self._start_of_epoch = self._generator.get_state()
            self._order = torch.randperm(len(self._labels), generator=self._generator)
        while progress.batch < self.batches:
            if progress.batch:
                checkpoint((progress.epoch + progress.batch / self.batches) / recipe.epochs)
            began = time.perf_counter()
            start = progress.batch * recipe.batch
            self._run_batch(self._order[start : start + recipe.batch])
            progress.batch += 1
            progress.seconds += time.perf_counter() - began
        if not math.isfinite(progress.loss):
            raise ExplorerError(
                f"the training of {self.card.title} diverged in epoch {progress.epoch + 1} (its "
                "loss is no number any more): lower the learning rate."
            )
        result = evaluate(
            self.model,
            self.test,
            self.card.preprocessing,
            device=self.device,
            half=self.precision == "bfloat16",
        )
        count = len(self._labels)
        progress.log.append(
            {
                "epoch": progress.epoch + 1,
                "train_loss": round(progress.loss / count, 5),
                "train_error": round(100 * progress.wrong / count, 3),
                "test_loss": round(result.loss, 5),
                "test_accuracy": round(result.accuracy, 3),
                "seconds": round(progress.seconds, 1),
            }
        )
        progress.epoch += 1
        progress.batch, progress.loss, progress.wrong, progress.seconds = 0, 0.0, 0, 0.0

    def _run_batch(self, chosen: Tensor) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self.rate()
        shown = self._varied(chosen).to(self.device)
        labels = self._labels[chosen].to(self.device)
        scores = self._scores(self.model, shown, self.precision)
        loss = F.cross_entropy(scores, labels, label_smoothing=self.recipe.smoothing)
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        self._optimizer.step()
        self.progress.loss += float(loss.detach()) * len(chosen)
        self.progress.wrong += int((scores.argmax(1) != labels).sum())

    def rate(self) -> float:
        """The learning rate of the next batch: a line up, then half a cosine down to zero."""
        total = max(1, self.recipe.epochs * self.batches)
        done = (self.progress.epoch * self.batches + self.progress.batch + 1) / total
        warmup = self.recipe.warmup
        if done < warmup:
            return self.recipe.peak_rate * done / warmup
        return self.recipe.peak_rate * (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2

    def _varied(self, chosen: Tensor) -> Tensor:
        """The chosen pictures as this epoch shows them, ready for the network: (B, C, S, S)."""
        recipe, preprocessing = self.recipe, self.card.preprocessing
        if recipe.crops:
            crop = crop_at(recipe.crops, self.progress.epoch / recipe.epochs)
            if crop.padding not in self._frames:
                self._frames = {crop.padding: padded(self._base, crop.padding)}
            frames = self._frames[crop.padding]
            return normalise(cut_photos(frames, chosen, crop.side, self._generator), preprocessing)
        images = self._base[chosen].permute(0, 3, 1, 2)
        if recipe.digits is not None:
            varied = vary_digits(images.float() / 255, recipe.digits, self._generator)
            images = varied * 255
        return normalise(images, preprocessing)

    @staticmethod
    def _scores(model: nn.Module, shown: Tensor, precision: Precision) -> Tensor:
        half = precision == "bfloat16"
        with torch.autocast(shown.device.type, torch.bfloat16, enabled=half):
            scores: Tensor = model(shown)
        return scores.float()

    def _faster_precision(self) -> Precision:
        """Which takes less time for a step on this machine: two steps each, after one unmeasured.

        The gradients are thrown away; neither weights, statistics nor generators change.
        """
        shape = (self.recipe.batch, *self.card.preprocessing.input_shape)
        shown = torch.zeros(shape, device=self.device).contiguous(memory_format=torch.channels_last)
        labels = torch.zeros(self.recipe.batch, dtype=torch.long, device=self.device)
        state = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.model.train()
        devices = [self.device] if self.device.type == "cuda" else []

        def step(precision: Precision) -> None:
            scores = self._scores(self.model, shown, precision)
            torch.autograd.backward(F.cross_entropy(scores, labels))
            float(scores.detach()[0, 0])  # wait for an accelerator

        ways: dict[Precision, Callable[[], None]] = {
            "float32": lambda: step("float32"),
            "bfloat16": lambda: step("bfloat16"),
        }
        with torch.random.fork_rng(devices=devices):
            best = quickest(ways, turns=2)
        self.model.load_state_dict(state)
        self.model.zero_grad()
        return best

    def save(self, path: Path) -> None:
        """Writes a checkpoint, whole or not at all: plain values and tensors, no pickled code."""
        state = {
            "format": _FORMAT,
            "network": self.card.name,
            "recipe": repr(self.recipe),
            "precision": self.precision,
            "pictures": len(self._labels),
            "progress": asdict(self.progress),
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "start_of_epoch": self._start_of_epoch,
            "generator": self._generator.get_state(),
            "dropout": self._dropout,
        }
        if self.device.type == "cuda":
            state["cuda_dropout"] = torch.cuda.get_rng_state(self.device)
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_bytes(path, buffer.getvalue())

    def resume(self, path: Path) -> None:
        """Goes on from a checkpoint of the same network and recipe; raises `ExplorerError`."""
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            same = state["format"] == _FORMAT and state["network"] == self.card.name
        except FileNotFoundError:
            raise ExplorerError(
                f"there is no checkpoint {path} to go on from: train without --resume."
            ) from None
        except Exception as error:  # the reader trusts its input: a bad file can provoke any
            raise ExplorerError(
                f"{path} is damaged or no checkpoint: delete it and train anew."
            ) from error
        if not same or state["recipe"] != repr(self.recipe):
            raise ExplorerError(
                f"{path} belongs to another network or recipe: give the same --epochs and --seed, "
                "or train without --resume."
            )
        if self._asked not in (None, state["precision"]):
            raise ExplorerError(
                f"{path} was trained in {state['precision']}: go on in that, or train without "
                "--resume."
            )
        if state.get("pictures", len(self._labels)) != len(self._labels):
            raise ExplorerError(
                f"{path} was trained on {state['pictures']:,} pictures, and the folder has "
                f"{len(self._labels):,}: name the same data, or train without --resume."
            )
        try:
            self.precision = state["precision"]
            self.progress = Progress(**state["progress"])
            self.model.load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._start_of_epoch = state["start_of_epoch"]
            self._generator.set_state(self._start_of_epoch)
            if self.progress.batch:
                self._order = torch.randperm(len(self._labels), generator=self._generator)
            self._generator.set_state(state["generator"])
            self._dropout = state["dropout"]
            if "cuda_dropout" in state and self.device.type == "cuda":
                torch.cuda.set_rng_state(state["cuda_dropout"], self.device)
        except Exception as error:
            raise ExplorerError(f"{path} is damaged: delete it and train anew.") from error


def use_threads(count: int | None) -> None:
    """How many processor threads torch works with; None leaves it to torch."""
    if count is not None:
        torch.set_num_threads(count)


def device_called(name: str) -> torch.device:
    """A device by its name in torch; raises `ExplorerError` where this machine has none such."""
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except Exception as error:  # torch raises several kinds, AssertionError among them
        raise ExplorerError(f'this machine has no device "{name}" that torch can use.') from error
    return device


def best_device() -> torch.device:
    """The accelerator if torch finds one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
