"""Costs against torchvision's published numbers, and how numbers are written."""

import pytest
import torch
from torch import nn

from cnn_explorer.graph.extract import extract
from cnn_explorer.graph.metrics import (
    conv_macs,
    format_count,
    format_macs,
    format_percent,
    format_shape,
    linear_macs,
)
from tests.graph.examples import foreign_graph

PUBLISHED = {  # weights' meta["_ops"] of torchvision 0.28, in GMACs
    "alexnet": 0.714, "vgg16": 15.47, "googlenet": 1.498, "resnet18": 1.814, "resnet50": 4.089,
    "densenet121": 2.834, "mobilenet_v2": 0.301, "resnext50_32x4d": 4.23,
}  # fmt: skip


@pytest.mark.parametrize(("name", "billions"), PUBLISHED.items())
def test_multiply_adds_are_the_published_ones(name: str, billions: float) -> None:
    assert foreign_graph(name).macs / 1e9 == pytest.approx(billions, rel=0.005)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("alexnet", 61_100_840), ("resnet50", 25_557_032), ("densenet121", 7_978_856)],
)
def test_parameters_are_the_published_ones(name: str, parameters: int) -> None:
    graph = foreign_graph(name)
    assert graph.parameters == parameters
    assert sum(block.parameters for block in graph.blocks if not block.parent) <= parameters


def test_a_convolution_counted_by_hand() -> None:
    # 6 maps of 28 x 28, each value a sum over 5 x 5 x 1: LeNet-5's first layer
    assert conv_macs(1, (5, 5), 1, (6, 28, 28)) == 117_600
    assert conv_macs(32, (3, 3), 32, (32, 7, 7)) == 32 * 49 * 9
    assert linear_macs(400, (120,)) == 48_000


def test_a_transposed_convolution_spreads_its_input() -> None:
    graph = extract(nn.Sequential(nn.ConvTranspose2d(8, 4, 2, stride=2, groups=2)), (8, 5, 5))
    # the gradient of the convolution that goes the other way costs the same
    back = extract(nn.Sequential(nn.Conv2d(4, 8, 2, stride=2, groups=2)), (4, 10, 10))
    assert graph.macs == back.macs == 8 * 5 * 5 * (4 // 2) * 4


def test_layers_without_weights_cost_nothing() -> None:
    with torch.device("meta"):
        model = nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2))
    graph = extract(model, (3, 8, 8))
    assert graph.macs == 0
    assert graph.parameters == 6


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"), (7, "7"), (999, "999"), (1000, "1.00 k"), (9_994, "9.99 k"), (9_996, "10.0 k"),
        (61_706, "61.7 k"), (99_960, "100 k"), (999_400, "999 k"), (999_600, "1.00 M"),
        (25_557_032, "25.6 M"), (138_357_544, "138 M"), (4_089_184_256, "4.09 G"),
    ],
)  # fmt: skip
def test_counts_have_three_digits_and_a_unit(count: int, text: str) -> None:
    assert format_count(count) == text
    assert format_macs(count) == text


@pytest.mark.parametrize(
    ("accuracy", "classes", "text"),
    [
        (69.758, "imagenet-1k", "69.8 %"), (76.25, "imagenet-1k", "76.3 %"),
        (99.05, "mnist", "99.05 %"), (91.25, "cifar10", "91.25 %"), (91.2, "cifar10", "91.20 %"),
        (None, "mnist", ""), (0.0, "cifar10", ""), (50.05, "", "50.1 %"),
    ],
)  # fmt: skip
def test_accuracies_are_as_fine_as_papers_give_them(
    accuracy: float | None, classes: str, text: str
) -> None:
    assert format_percent(accuracy, classes) == text


def test_shapes_are_written_with_signs_of_multiplication() -> None:
    assert format_shape((64, 56, 56)) == "64 × 56 × 56"
    assert format_shape((1000,)) == "1000"
