"""Files of a drawing: what is in them, that they can be read, that they are whole or absent."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.errors import ExplorerError
from cnn_explorer.graph import export as exporting
from cnn_explorer.graph.drawing import (
    Glyph,
    Text,
    Tile,
    arrow_head,
    draw,
    graph_groups,
    rounded_line,
)
from cnn_explorer.graph.drawing import Path as Outline
from cnn_explorer.graph.exchange import graph_to_json
from cnn_explorer.graph.export import dot_bytes, export
from cnn_explorer.graph.glyphs import GLYPH_PATHS, Dot
from cnn_explorer.graph.hierarchy import default_expansion, visible
from cnn_explorer.graph.layout import lay_out
from cnn_explorer.graph.model import KINDS, GraphEdge, GraphLayout, LayerGraph
from cnn_explorer.graph.style import GLYPHS, KIND_STYLES, STRIPE_WIDTH
from cnn_explorer.media.formats import DRAWINGS
from tests.graph.examples import layer, own_graph

SVG = "{http://www.w3.org/2000/svg}"
USE = f"{SVG}use"


def _layout(name: str) -> GraphLayout:
    graph = own_graph(name)
    return lay_out(visible(graph, default_expansion(graph)))


def test_svg_has_every_box_as_text_and_a_legend(tmp_path: Path) -> None:
    file = tmp_path / "net.svg"
    layout = _layout("googlenet")
    export(layout, file, title="GoogLeNet & friends <1>")
    root = ElementTree.parse(file).getroot()
    assert root.tag == f"{SVG}svg"
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert texts[0] == "GoogLeNet & friends <1>"
    assert texts[1] == "6.62 M parameters · 1.50 G multiply-adds · 197 layers · input 3 × 224 × 224"
    for node in layout.graph.nodes:
        assert node.label in texts
    assert "Pooling" in texts
    assert "Convolution" not in texts  # all convolutions stand in closed blocks
    assert "Used in training only" in texts
    assert "stroke-dasharray" in file.read_text(encoding="utf-8")
    assert root.get("font-family", "").startswith("Inter,")


def test_svg_names_what_it_uses() -> None:
    root = ElementTree.fromstring(exporting.svg_bytes(_layout("googlenet"), "GoogLeNet"))
    used = [element.get("{http://www.w3.org/1999/xlink}href", "") for element in root.iter(USE)]
    there = {f"#{element.get('id')}" for element in root.iter() if element.get("id")}
    assert len(used) > len(there) > 3
    assert set(used) == there


@pytest.mark.skipif(shutil.which("inkscape") is None, reason="needs Inkscape")
def test_inkscape_draws_the_svg_as_our_png(tmp_path: Path) -> None:
    layout = _layout("googlenet")
    for suffix in ("svg", "png"):
        export(layout, tmp_path / f"ours.{suffix}", title="GoogLeNet", dark=True)
    theirs = tmp_path / "theirs.png"
    command = ["inkscape", "--export-dpi=192", f"--export-filename={theirs}"]
    subprocess.run([*command, tmp_path / "ours.svg"], check=True, capture_output=True, timeout=60)
    left, top = draw(layout, title="GoogLeNet").graph_at
    with Image.open(tmp_path / "ours.png") as ours, Image.open(theirs) as others:
        assert abs(ours.width - others.width) + abs(ours.height - others.height) <= 2
        # texts may be in another font there: what is compared are stripes and junctions, where a
        # glyph that is missing makes a difference of 10 and more
        for rect in layout.boxes.values():
            x, y = (rect.x + left) * 2, (rect.y + top) * 2
            area = tuple(map(round, (x - 4, y - 4, x + 2 * STRIPE_WIDTH, y + 2 * rect.height + 4)))
            a, b = (np.asarray(i.convert("RGB").crop(area), int) for i in (ours, others))  # type: ignore[arg-type]
            assert np.abs(a - b).mean() < 3.0


def test_png_is_twice_the_drawing_and_on_its_ground(tmp_path: Path) -> None:
    layout = _layout("lenet5")
    page = draw(layout, title="LeNet-5")
    for dark, ground in ((False, (0xF7, 0xF8, 0xFA)), (True, (0x15, 0x18, 0x1E))):
        file = tmp_path / f"{dark}.png"
        export(layout, file, title="LeNet-5", dark=dark)
        with Image.open(file) as picture:
            assert picture.size == (round(page.width * 2 + 0.499), round(page.height * 2 + 0.499))
            assert picture.getpixel((0, 0)) == ground
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 50  # smooth edges


def test_png_bands_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = _layout("lenet5")
    whole = exporting.png_bytes(layout, "LeNet-5")
    monkeypatch.setattr(exporting, "_BAND", 100)
    assert exporting.png_bytes(layout, "LeNet-5") == whole


def test_huge_drawings_become_smaller_pngs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(exporting, "MAX_PIXELS", 100_000)
    export(_layout("lenet5"), tmp_path / "small.png", title="LeNet-5")
    with Image.open(tmp_path / "small.png") as picture:
        assert picture.width * picture.height < 102_000


def test_pdf_is_one_page_with_embedded_fonts(tmp_path: Path) -> None:
    file = tmp_path / "net.pdf"
    export(_layout("resnet18"), file, title="ResNet-18")
    data = file.read_bytes()
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1
    assert b"/FontFile2" in data
    assert b"Inter" in data
    assert b"/Subtype /Image" not in data  # vectors all through


def test_json_holds_the_whole_graph(tmp_path: Path) -> None:
    file = tmp_path / "net.json"
    graph = own_graph("resnet18")
    export(_layout("resnet18"), file, title="ResNet-18")
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["format"] == "cnn-explorer-graph"
    assert content["version"] == 2
    assert content["network"] == "resnet18"
    assert content["totals"]["parameters"] == 11_689_512
    assert content["totals"]["macs"] == 1_814_073_344
    assert [row["name"] for row in content["layers"]] == [node.name for node in graph.layers]
    assert len(content["edges"]) == len(graph.edges)
    assert {row["name"] for row in content["blocks"]} == set(graph.block)
    conv = content["layers"][1]
    assert conv["attributes"]["kernel"] == "7 × 7"
    assert conv["out_shape"] == [64, 112, 112]
    boxes = {row["name"] for row in content["drawing"]["boxes"]}
    assert "layer1.0" in boxes


def test_dot_has_clusters_and_edges() -> None:
    text = dot_bytes(_layout("resnet18"), 'a "title"').decode()
    assert text.startswith("digraph network {")
    assert text.count("{") == text.count("}") == 5
    assert '"cluster_layer1"' in text
    assert '"[conv1-maxpool]" -> "layer1.0"' in text
    assert 'label="a \\"title\\""' in text


def test_hostile_names_do_not_break_the_files() -> None:
    name = 'x"; }\n<script>&\x00\\'
    nodes = (layer("input", kind="input"), layer(name))
    graph = LayerGraph("", nodes, (), (GraphEdge("input", name, (8, 4, 4)),))
    layout = lay_out(visible(graph, frozenset()))
    ElementTree.fromstring(exporting.svg_bytes(layout, name))
    json.loads(graph_to_json(layout, name))
    assert exporting.pdf_bytes(layout, name).startswith(b"%PDF-")
    exporting.png_bytes(layout, name)
    text = dot_bytes(layout, name).decode()
    strings = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    assert strings.count("{") == strings.count("}") == 1
    assert "script" not in strings


@pytest.mark.parametrize("name", ["net.gif", "net", ".svg.exe"])
def test_unknown_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExplorerError, match=r"\.svg, \.png, \.pdf, \.json or \.dot\.$"):
        export(_layout("lenet5"), tmp_path / name, title="")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", DRAWINGS)
def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ExplorerError):
        export(_layout("lenet5"), tmp_path / "absent" / f"net{suffix}", title="LeNet-5")


@pytest.mark.parametrize("suffix", DRAWINGS)
def test_files_are_the_same_each_time(tmp_path: Path, suffix: str) -> None:
    layout = _layout("lenet5")
    for name in ("a", "b"):
        export(layout, tmp_path / (name + suffix.upper()), title="LeNet-5", dark=True)
    a, b = sorted(tmp_path.iterdir())
    assert a.read_bytes() == b.read_bytes()


def test_every_kind_has_a_glyph_inside_its_box() -> None:
    assert set(GLYPH_PATHS) == set(GLYPHS)
    assert set(KIND_STYLES) == {*KINDS, "block"}
    for shapes in GLYPH_PATHS.values():
        for shape in shapes:
            points = (
                [(shape.x - shape.radius, shape.y - shape.radius),
                 (shape.x + shape.radius, shape.y + shape.radius)]
                if isinstance(shape, Dot) else shape.points
            )  # fmt: skip
            assert all(0 <= value <= 1 for point in points for value in point)


def test_lines_turn_round_corners_and_end_in_arrows() -> None:
    points = ((0.0, 0.0), (0.0, 20.0), (30.0, 20.0))
    commands = rounded_line(points, 6.0)
    assert [command[0] for command in commands] == ["M", "L", "C", "L"]
    assert commands[1][1] == (0.0, 14.0)  # type: ignore[misc]
    assert commands[2][3] == (6.0, 20.0)  # type: ignore[misc]
    tip, left, right = arrow_head(points)
    assert tip == (30.0, 20.0)
    assert left[0] == right[0] == pytest.approx(23.0)
    assert left[1] + right[1] == pytest.approx(40.0)


def test_colours_follow_the_ground() -> None:
    layout = _layout("lenet5")

    def colours(dark: bool) -> set[str]:
        items = [item for group in graph_groups(layout, dark=dark) for item in group.items]
        return {item.colour for item in items if isinstance(item, Text | Glyph)} | {
            item.fill for item in items if isinstance(item, Outline | Tile)
        }

    assert KIND_STYLES["conv"].light in colours(False)
    assert KIND_STYLES["conv"].dark in colours(True)
    assert not colours(False) & colours(True) - {"", "#ffffff"}
