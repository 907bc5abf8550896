"""Every network of the catalogue: what is captured of it is what torch.fx recomputes.

`capture_contract.py` compares, in two processes of their own, bit for bit: torch gives the same
numbers both ways. fx follows every network. Two things it does not look into:

- Attention (vision transformers) decides by the values it is given how it computes, so that it is
  a leaf for fx; of its three steps as drawn the values follow from what it is given and gives.
- The windows of Swin's attention are one function for fx, since their shapes decide the way. What
  is captured of the functions within must be, in order, among what torch's operators give.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnn_explorer.networks.catalog import ALL
from cnn_explorer.networks.torchvision_models import import_torchvision
from tests.probe.capture_contract import card_of

pytestmark = pytest.mark.timeout(600)
"""The first test waits for all networks: a minute, of two processors that do nothing else."""

WINDOWS = "torchvision/swin_"
WRITTEN_ANEW = tuple(
    f"torchvision/{name}"
    for name in (
        "alexnet", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19",
        "vgg19_bn", "googlenet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
        "densenet121", "densenet169", "densenet201", "squeezenet1_0", "squeezenet1_1",
    )
)  # fmt: skip
"""Torchvision's own modules of what the catalogue has as ours."""
NAMES = (*ALL, *WRITTEN_ANEW)
WITH_FUNCTIONS = {
    "torchvision/resnet50": ("layer1.0.add", "flatten"),
    "torchvision/googlenet": ("conv1.relu", "inception3a.cat"),
    "torchvision/densenet121": ("features.denseblock1.denselayer2.cat", "relu"),
    "torchvision/inception_v3": ("Mixed_5b.avg_pool2d", "Mixed_5b.cat"),
    "torchvision/shufflenet_v2_x1_0": ("stage2.1.chunk", "stage2.1.cat", "mean"),
    "torchvision/squeezenet1_1": ("features.3.cat", "flatten"),
    "torchvision/mobilenet_v3_large": ("features.4.block.2.mul", "features.3.add"),
    "torchvision/convnext_tiny": ("features.1.0.mul", "features.1.0.add"),
    "torchvision/vit_b_16": (
        "encoder.layers.encoder_layer_0.add",
        "encoder.layers.encoder_layer_0.self_attention.multi_head_attention_forward",
    ),
    "torchvision/maxvit_t": ("blocks.0.layers.0.layers.window_attention.attn_layer.1.softmax",),
}
GIGABYTES = 6


@pytest.fixture(scope="module")
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the contract says of the networks whose tests were chosen."""
    chosen = {
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    }
    names = sorted(chosen, key=lambda name: -card_of(name).parameters)
    # one begins with the largest, one ends with it: two of them at once would need much memory
    halves = [half for half in (names[::2], names[1::2][::-1]) if half]
    files = [tmp_path_factory.mktemp("contract") / "told" for _ in halves]
    running = []
    for half, file in zip(halves, files, strict=True):
        command = [sys.executable, "-m", "tests.probe.capture_contract", *half]
        with file.open("w") as out:  # a pipe that nobody reads yet would hold it up
            running.append(subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=out))
    try:
        for process in running:
            process.wait()
    finally:
        for process in running:
            process.kill()
            process.wait()
    lines = [line for file in files for line in file.read_text().splitlines()]
    return {(one := json.loads(line)).pop("name"): one for line in lines}


@pytest.mark.parametrize("name", NAMES)
def test_what_is_captured_is_what_is_computed(name: str, told: dict[str, Any]) -> None:
    assert name in told, "its process ended early, see its traceback above"
    of = told[name]
    assert of["leaves"] > 0
    assert of["different"] == []
    assert (of["below"] > 0) == name.startswith(WINDOWS)
    # else the comparison would say little
    assert of["not_finite"] == []
    assert len(of["constant"]) <= of["leaves"] / 5
    assert not of["answer_differs"]
    assert of["forwards_of_the_second_run"] == 1
    assert of["left_behind"] == []
    assert of["peak_mb"] < GIGABYTES * 1024


@pytest.mark.parametrize("name", WITH_FUNCTIONS)
def test_functions_are_among_what_is_compared(name: str, told: dict[str, Any]) -> None:
    assert set(WITH_FUNCTIONS[name]) <= set(told[name]["functions"])


def test_all_of_torchvisions_classifiers_are_compared() -> None:
    models = import_torchvision().models
    assert {f"torchvision/{name}" for name in models.list_models(module=models)} <= set(NAMES)
