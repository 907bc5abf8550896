"""Drawings to be saved, with what a person chooses: numbers, colours, thumbnails."""

import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from cnn_explorer.graph.drawing import BoxPicture, Dressing, draw
from cnn_explorer.graph.export import png_bytes, svg_bytes
from cnn_explorer.graph.hierarchy import default_expansion
from cnn_explorer.graph.model import DrawingOptions
from cnn_explorer.graph.publish import Publication, box_pictures, dressing_of, layout_of
from tests.graph.examples import own_graph

SVG = "{http://www.w3.org/2000/svg}"
RED = BoxPicture(2, 2, bytes((255, 0, 0)) * 4, ("mean 1", "max 2"))


def texts(svg: bytes) -> set[str]:
    return {element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_numbers_stand_in_the_boxes() -> None:
    graph = own_graph("lenet5")
    expanded = default_expansion(graph)
    with_them = texts(svg_bytes(layout_of(graph, Publication(expanded, numbers=True)), "LeNet-5"))
    # 6 kernels of 5 x 5 and their biases, at 28 x 28 places
    assert "5 × 5 conv  ·  156 parameters  ·  118 k multiply-adds" in with_them
    without = texts(svg_bytes(layout_of(graph, Publication(expanded)), "LeNet-5"))
    assert "5 × 5 conv" in without


@pytest.mark.parametrize("dark", [False, True])
def test_colours_say_what_the_bar_says(dark: bool) -> None:
    graph = own_graph("lenet5")
    publication = Publication(default_expansion(graph), coloured_by="macs", dark=dark)
    layout = layout_of(graph, publication)
    dressing = dressing_of(graph, layout, publication)
    svg = svg_bytes(layout, "LeNet-5", dark, dressing)
    assert "Multiply-adds" in texts(svg)
    assert dressing.colouring is not None
    for name in ("features.conv1", "classifier.fc5"):
        assert dressing.colouring.colour(name, dark=dark).encode() in svg
    most = max(layout.graph.nodes, key=lambda node: node.macs)
    assert dressing.colouring.boxes[most.name].position == 1.0


def test_thumbnails_are_in_their_boxes() -> None:
    graph = own_graph("lenet5")
    options = DrawingOptions(thumbnails=True)
    publication = Publication(default_expansion(graph), options)
    layout = layout_of(graph, publication)
    dressing = Dressing(pictures={"features.conv1": RED})
    svg = svg_bytes(layout, "LeNet-5", dressing=dressing)
    (image,) = ElementTree.fromstring(svg).iter(f"{SVG}image")
    box = layout.boxes["features.conv1"]
    left, width = float(image.attrib["x"]), float(image.attrib["width"])
    assert box.x < left < left + width <= box.x + box.width
    assert {"mean 1", "max 2"} <= texts(svg)
    page = draw(layout, title="LeNet-5", dressing=dressing)
    png = Image.open(io.BytesIO(png_bytes(layout, "LeNet-5", dressing=dressing)))
    middle = (
        page.graph_at[0] + left + width / 2,
        page.graph_at[1] + float(image.attrib["y"]) + width / 2,
    )
    assert png.getpixel((round(2 * middle[0]), round(2 * middle[1]))) == (255, 0, 0)


def test_without_room_there_are_none() -> None:
    graph = own_graph("lenet5")
    layout = layout_of(graph, Publication(default_expansion(graph)))
    pictures = box_pictures({"features.conv1": (2, 2, RED.rgb, RED.lines)})
    assert pictures == {"features.conv1": RED}
    assert b"<image" not in svg_bytes(layout, "LeNet-5", dressing=Dressing(pictures=pictures))


def test_times_that_were_measured_colour_a_drawing() -> None:
    graph = own_graph("lenet5")
    times = {"features.conv1": 3.0, "features.conv2": 1.0}
    publication = Publication(default_expansion(graph), coloured_by="time", times=times)
    layout = layout_of(graph, publication)
    dressing = dressing_of(graph, layout, publication)
    assert dressing.colouring is not None
    assert dressing.colouring.boxes["features.conv1"].text == "3 ms · 75 %"
