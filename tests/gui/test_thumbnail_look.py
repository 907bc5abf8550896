"""Thumbnails as they are painted: where their pixels are, and in what colours."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.graph.colouring import ink_on
from cnn_explorer.graph.model import DrawingOptions, LayerGraph
from cnn_explorer.graph.style import BOX_HEIGHT, DARK, LIGHT, THUMBNAIL_ROOM
from cnn_explorer.gui.state.shown import ThumbnailsShown
from cnn_explorer.gui.widgets.graph_look import BLOCKS_ONLY
from cnn_explorer.gui.widgets.graph_view import GraphView
from cnn_explorer.gui.widgets.theme import apply_theme
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.colormaps import colormap
from cnn_explorer.probe.results import Thumbnail
from tests.gui.graphs import shown, view_on

SIDE = BOX_HEIGHT - 4.0
VALUES = np.arange(16, dtype=np.uint8).reshape(4, 4) * 17
PICTURE = Picture(np.zeros((2, 2, 3), np.uint8), "made")


@pytest.fixture
def view(qtbot: QtBot, themed: object, graph: LayerGraph) -> GraphView:
    assert themed is not None
    return view_on(qtbot, shown(graph, options=DrawingOptions(thumbnails=True)))


@pytest.fixture(params=[False, True], ids=["light", "dark"])
def dark(
    request: pytest.FixtureRequest, qtbot: QtBot, view: GraphView, themed: QApplication
) -> Iterator[bool]:
    """The window in light and in dark."""
    if request.param:
        apply_theme(themed, "dark")
        qtbot.waitUntil(lambda: view.canvas.drawing.look.dark)
    yield request.param
    apply_theme(themed, "light")


def show(view: GraphView, graph: LayerGraph, pixels: np.ndarray, name: str = "stem") -> None:  # type: ignore[type-arg]
    thumbnail = Thumbnail(pixels, 0.25, 1.5, 0.125)
    view.show_thumbnails(
        ThumbnailsShown(graph, PICTURE, "mean", {name: thumbnail}, frozenset([name]))
    )


def grabbed(view: GraphView, name: str, zoom: float) -> QImage:
    """The drawing at a zoom, with a box in the middle."""
    view.canvas.zoom_to(zoom)
    view.canvas.centerOn(view.canvas.drawing.rect_of(name).center())
    return view.canvas.viewport().grab().toImage()


def at(view: GraphView, image: QImage, x: float, y: float) -> QColor:
    """The colour at a point of the scene."""
    spot = view.canvas.viewportTransform().map(QPointF(x, y)).toPoint()
    assert image.rect().contains(spot)
    return image.pixelColor(spot)


def cells(view: GraphView, name: str, count: int) -> list[tuple[float, float]]:
    """The middles of the squares of values in a box, row by row: a square that stands two off the
    box's borders."""
    box = view.canvas.drawing.rect_of(name)
    left, top = box.right() - 2.0 - SIDE, box.center().y() - SIDE / 2
    step = SIDE / count
    return [
        (left + (column + 0.5) * step, top + (row + 0.5) * step)
        for row in range(count)
        for column in range(count)
    ]


@pytest.mark.parametrize("zoom", [0.45, 1.0, 3.0])
def test_each_value_is_a_square_of_its_colour(
    view: GraphView, graph: LayerGraph, zoom: float, dark: bool
) -> None:
    show(view, graph, VALUES)
    image = grabbed(view, "stem", zoom)
    colours = colormap("viridis")
    for (x, y), value in zip(cells(view, "stem", 4), VALUES.reshape(-1), strict=True):
        assert at(view, image, x, y) == QColor(*colours[value].tolist()), value
    box = view.canvas.drawing.rect_of("stem")
    ground = QColor((DARK if dark else LIGHT).box)
    # nothing of it lies outside its square
    assert at(view, image, box.right() - SIDE - 3.5, box.center().y()) == ground


def test_zoomed_in_the_squares_have_sharp_borders(view: GraphView, graph: LayerGraph) -> None:
    show(view, graph, np.array([[0, 255], [255, 0]], np.uint8))
    image = grabbed(view, "stem", 3.0)
    first, last = (QColor(*colormap("viridis")[value].tolist()) for value in (0, 255))
    middle = cells(view, "stem", 2)[0]
    start, y = middle[0] - SIDE / 4, middle[1]
    row = [at(view, image, start + dx / 3, y) for dx in range(int(SIDE * 3))]
    half = len(row) // 2
    assert row == [first] * half + [last] * (len(row) - half)


def test_an_oblong_picture_keeps_its_proportions(view: GraphView, graph: LayerGraph) -> None:
    show(view, graph, np.array([[0, 255]], np.uint8))
    image = grabbed(view, "stem", 2.0)
    places = cells(view, "stem", 4)
    first, last = (QColor(*colormap("viridis")[value].tolist()) for value in (0, 255))
    ground = QColor(LIGHT.box)
    rows = [[at(view, image, *places[4 * row + column]) for column in range(4)] for row in range(4)]
    assert rows[0] == rows[3] == [ground] * 4
    assert rows[1] == rows[2] == [first, first, last, last]


def test_far_away_it_fills_the_end_of_its_block(view: GraphView, graph: LayerGraph) -> None:
    show(view, graph, np.array([[255]], np.uint8))
    image = grabbed(view, "stem", BLOCKS_ONLY * 0.9)
    box = view.canvas.drawing.rect_of("stem")
    spot = (box.right() - box.height() / 2, box.center().y())
    assert at(view, image, *spot) == QColor(*colormap("viridis")[255].tolist())


@pytest.mark.usefixtures("dark")
def test_numbers_can_be_read_on_a_coloured_box(view: GraphView, graph: LayerGraph) -> None:
    show(view, graph, VALUES, "stage")
    view.colour_by("macs")
    image = grabbed(view, "stage", 3.0)
    box = view.canvas.drawing.rect_of("stage")
    paint = view.canvas.drawing.look.number_paint("stage")
    assert paint is not None
    assert paint.ink == QColor(ink_on(paint.fill.name()))
    left, right = box.right() - THUMBNAIL_ROOM + 4.0, box.right() - SIDE - 4.0
    colours = {
        at(view, image, left + x / 3, box.top() + 6.0 + y / 3).name()
        for x in range(int((right - left) * 3))
        for y in range(int((box.height() - 12.0) * 3))
    }
    assert paint.fill.name() in colours
    assert paint.ink.name() in colours  # strokes at this zoom are wider than a pixel
