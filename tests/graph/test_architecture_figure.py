"""Figures of architectures: everything at its place, nothing over anything else."""

import math
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph.architecture_figure import (
    SCALE,
    Scatter,
    bars_pixels,
    family_colours,
    save_bars,
    save_scatter,
    scatter,
    scatter_pixels,
)
from cnn_explorer.graph.architectures import Architecture, architectures
from cnn_explorer.graph.dot_names import overlap
from cnn_explorer.networks.catalog import ALL, FAMILIES

ROWS = architectures(ALL.values())
SOME = tuple(row for row in ROWS if row.name in ("alexnet", "vgg16", "resnet18", "resnet20"))


def check(plot: Scatter, rows: tuple[Architecture, ...]) -> None:
    dots = [dot for panel in plot.panels for dot in panel.dots]
    assert len(dots) + plot.left_out == len(rows)
    for panel in plot.panels:
        left, top, right, bottom = panel.plot
        assert {dot.row.data_set for dot in panel.dots} == {panel.data_set}
        for dot in panel.dots:
            assert left <= dot.x - dot.radius
            assert dot.x + dot.radius <= right
            assert top <= dot.y - dot.radius
            assert dot.y + dot.radius <= bottom
        names = [dot.label for dot in panel.dots if dot.label is not None]
        assert not any(overlap(a, b) for a, b in combinations(names, 2))
        for box in names:
            assert left <= box[0]
            assert box[2] <= right
            for dot in panel.dots:  # over no dot's middle
                assert not (box[0] < dot.x < box[2] and box[1] < dot.y < box[3])
        for a, b in combinations(panel.dots, 2):
            if a.row.macs != b.row.macs:
                assert ((a.row.macs or 0) < (b.row.macs or 0)) == (a.x < b.x)
            if a.row.top1 != b.row.top1:
                assert ((a.row.top1 or 0) < (b.row.top1 or 0)) == (a.y > b.y)
    for first, second in combinations(plot.panels, 2):
        assert not overlap(first.plot, second.plot)
    assert plot.panels[-1].plot[3] < plot.height


def test_all_of_the_catalogue() -> None:
    plot = scatter(ROWS)
    check(plot, ROWS)
    assert [panel.data_set for panel in plot.panels] == ["ImageNet", "CIFAR-10", "MNIST"]
    assert tuple(plot.families) == FAMILIES
    assert plot.others
    assert plot.unnamed < 0.4 * len(ROWS)


def test_area_goes_with_parameters() -> None:
    (panel,) = scatter([row for row in SOME if row.data_set == "ImageNet"]).panels
    areas = {dot.row.name: math.pi * dot.radius**2 for dot in panel.dots}
    assert areas["vgg16"] / areas["alexnet"] == pytest.approx(138_357_544 / 61_100_840, rel=1e-6)
    assert areas["alexnet"] / areas["resnet18"] == pytest.approx(61_100_840 / 11_689_512, rel=1e-6)


def test_a_few_networks_all_have_names() -> None:
    plot = scatter(SOME)
    check(plot, SOME)
    assert plot.unnamed == 0
    assert not plot.others


def test_a_family_keeps_its_colour() -> None:
    assert family_colours(["ResNet", "VGG"]) == {"ResNet": 5, "VGG": 3}
    mixed = family_colours(["Swin", "ResNet", "RegNet"])
    assert len(set(mixed.values())) == 3
    assert mixed["ResNet"] == 5
    assert len(family_colours([*FAMILIES, "Swin"])) == len(FAMILIES)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**12), st.floats(0.1, 100), st.integers(1, 10**9),
            st.sampled_from(("ImageNet", "CIFAR-10")),
        ),
        min_size=1, max_size=25,
    )
)  # fmt: skip
def test_any_networks(numbers: list[tuple[int, float, int, str]]) -> None:
    rows = tuple(
        replace(SOME[0], macs=macs, top1=top1, parameters=parameters, data_set=data_set)
        for macs, top1, parameters, data_set in numbers
    )
    plot = scatter(rows)
    assert sum(len(panel.dots) for panel in plot.panels) == len(rows)
    for panel in plot.panels:
        names = [dot.label for dot in panel.dots if dot.label is not None]
        assert not any(overlap(a, b) for a, b in combinations(names, 2))
        assert panel.ticks_y
        assert len(panel.ticks_x) >= 1


def test_nothing_to_plot_is_said() -> None:
    with pytest.raises(ExplorerError, match="nothing to plot"):
        scatter([replace(SOME[0], top1=None)])
    with pytest.raises(ExplorerError, match="nothing to draw"):
        bars_pixels([])


@pytest.mark.parametrize("dark", [False, True])
def test_what_is_drawn(dark: bool, tmp_path: Path) -> None:
    plot = scatter(SOME)
    pixels = scatter_pixels(plot, dark=dark)
    assert pixels.shape == (round(plot.height * SCALE), round(plot.width * SCALE), 3)
    ground = pixels[0, 0]
    for panel in plot.panels:
        for dot in panel.dots:
            if dot.row.accuracy_source != "weights of this program":
                middle = pixels[round(dot.y * SCALE), round(dot.x * SCALE)]
                assert np.abs(middle.astype(int) - ground).max() > 40
            assert dot.label is not None
            left, top, right, bottom = (round(side * SCALE) for side in dot.label)
            assert np.abs(pixels[top:bottom, left:right].astype(int) - ground).max() > 100
    save_scatter(tmp_path / "scatter.png", SOME, dark=dark)
    with Image.open(tmp_path / "scatter.png") as image:
        assert np.array_equal(np.asarray(image), pixels)


def test_bars_are_as_long_as_their_numbers(tmp_path: Path) -> None:
    save_bars(tmp_path / "bars.png", SOME)
    with Image.open(tmp_path / "bars.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    blue = (pixels == (0, 114, 178)).all(axis=2)
    runs: list[int] = []
    for row in blue:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(int), [0]))))
        lengths = [int(b - a) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        if lengths and (not runs or lengths != runs[-1]):
            runs.append(lengths)  # type: ignore[arg-type]
    # alexnet, vgg16, resnet18 and resnet20: parameters, multiply-adds, top-1
    assert len(runs) == 4
    full = 110 * SCALE
    for lengths, row in zip(runs, SOME, strict=True):
        wanted = (
            row.parameters / 138_357_544, (row.macs or 0) / 15_470_264_320, (row.top1 or 0) / 100,
        )  # fmt: skip
        for length, share in zip(lengths, wanted, strict=True):  # type: ignore[arg-type, call-overload]
            assert length == pytest.approx(max(SCALE, share * full), abs=2)
