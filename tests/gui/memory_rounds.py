"""Switches among ten networks, round after round, and tells the memory: a program of its own.

    python -m tests.gui.memory_rounds ROUNDS

It does what the window does: it opens each network at the workbench while the one before is still
open, runs it on a picture with one layer after the other, looks at the filters, stops a run half
way, and drops the answers. After each round it prints the resident memory in bytes, as Linux alone
tells it.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from cnn_explorer.errors import Cancelled, no_checkpoint
from cnn_explorer.graph.model import LayerGraph
from cnn_explorer.gui.state.shown import NetworkShown
from cnn_explorer.gui.state.workbench import Look, Looked, OpenNetwork, Ran, Run, Workbench
from cnn_explorer.media.picture import Picture
from cnn_explorer.networks.catalog import ALL

NETWORKS = (
    "lenet5", "alexnet-cifar", "vgg-cifar", "googlenet-cifar", "resnet20", "densenet-cifar",
    "squeezenet1_1", "inception-naive", "torchvision/mobilenet_v3_small",
    "torchvision/shufflenet_v2_x0_5",
)  # fmt: skip
"""Light ones, of every family; of torchvision's the outputs of layers are overwritten."""
LAYERS = 3
"""Looked at of each network."""


def main() -> None:
    workbench = Workbench()
    shown: LayerGraph | None = None
    for number in range(int(sys.argv[1])):
        for name in NETWORKS:
            shown = visit(workbench, name, shown, seed=number)
        print(resident(), flush=True)


def visit(workbench: Workbench, name: str, before: LayerGraph | None, seed: int) -> LayerGraph:
    """Open a network, look at some of its layers for a new picture; the graph of the network."""
    card = ALL[name]
    opened = workbench.perform(OpenNetwork(card, version="random", shown=before), no_checkpoint)
    assert isinstance(opened, NetworkShown)
    graph = opened.graph
    pixels = np.random.default_rng(seed).integers(0, 256, (256, 256, 3), np.uint8)
    picture = Picture(pixels, name)
    boxes = opened.layout.graph.modules
    layers = [node.name for node in graph.layers if not node.training_only]
    for layer in layers[:: len(layers) // LAYERS + 1]:
        ran = workbench.perform(Run(card, graph, picture, layer, boxes=boxes), no_checkpoint)
        assert isinstance(ran, Ran)
        assert ran.activations is not None
        assert isinstance(workbench.perform(Look(card, graph, layer), no_checkpoint), Looked)
    with suppress(Cancelled):
        workbench.perform(Run(card, graph, Picture(pixels, name), layers[-2], boxes=boxes), stop)
    return graph


def stop(fraction: float) -> None:
    """Cancel what is half done."""
    if fraction > 0.5:
        raise Cancelled


def resident() -> int:
    """Of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
