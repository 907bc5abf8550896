"""The heat map: each pair in its colour at its place, with names beside it."""

from dataclasses import replace

import numpy as np
import pytest

from cnn_explorer.probe.colormaps import scale_colours
from cnn_explorer.probe.figures import DARK, LIGHT
from cnn_explorer.probe.similarity import Similarity
from cnn_explorer.probe.similarity_figure import similarity_figure

FOUND = Similarity(
    ("conv1", "conv2"), ("a", "b", "a longer name"),
    np.array([[1.0, 0.0, 0.5], [np.nan, -0.004, 1.2]]), 40, 8, "One", "Other",
)  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_the_first_layers_stand_at_the_lower_left(dark: bool) -> None:
    figure = similarity_figure(FOUND, dark=dark)
    colours = scale_colours("magma")
    cell = figure.tiles.shape[0] // 2
    assert figure.tiles.shape == (2 * cell, 3 * cell)
    drawn = figure.table[figure.tiles][[2, cell + 2]][:, [2, cell + 2, 2 * cell + 2]]
    ground = DARK if dark else LIGHT
    np.testing.assert_array_equal(drawn[1], [colours[-1], colours[0], colours[126]])
    np.testing.assert_array_equal(drawn[0], [ground.mat, colours[0], colours[-1]])
    places = {text.text: (text.x, text.y) for text in figure.texts}
    assert places["conv1"][1] > places["conv2"][1]
    assert places["a"][0] < places["b"][0] < places["a longer name"][0]
    words = [text.text for text in figure.texts]
    assert {"1.00", "0.00", "0.50", "1.20", "One", "Other"} <= set(words)
    assert "−0.00" not in words
    assert "no similarity: the same for every picture" in words


def test_turned_names_are_written_where_there_is_room() -> None:
    """The text that is read from below leaves ink in its own column alone, above its end."""
    figure = similarity_figure(FOUND)
    without = replace(figure, texts=tuple(text for text in figure.texts if text.text != "b"))
    rows, columns = np.nonzero((figure.png() != without.png()).any(2))
    name = next(text for text in figure.texts if text.text == "b")
    assert columns.min() >= name.x - 10
    assert columns.max() <= name.x + 3
    assert rows.min() >= name.y - 1
    assert rows.max() <= name.y + name.width + 3
    assert 'transform="rotate(-90' in figure.svg()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (400, 3), (170, 190)])
def test_any_number_of_layers_fits(shape: tuple[int, int]) -> None:
    names = [tuple(f"block{n // 7}.layer{n}.conv" for n in range(count)) for count in shape]
    values = np.linspace(-0.1, 1, shape[0] * shape[1]).reshape(shape)
    figure = similarity_figure(Similarity(*names, values, 8, 8, "A" * 90, "B"))
    left, top = figure.tiles_at
    height, width = figure.tiles.shape
    assert left + width < figure.width
    assert top + height < figure.height
    for text in figure.texts:
        assert text.x >= 0
        if text.anchor == "start":
            assert text.x + text.width <= figure.width
    assert figure.png().shape == (figure.height, figure.width, 3)
