"""Figures: tiles have the mosaic's very colours, in pixels and in SVG, and the bar tells them."""

import base64
import io
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.formats import FIGURES
from cnn_explorer.probe import figures
from cnn_explorer.probe.colormaps import (
    INFINITE_COLOUR,
    NOT_A_NUMBER_COLOUR,
    colour_table,
    scale_colours,
)
from cnn_explorer.probe.figures import Figure, kernels_figure, maps_figure, save_figure
from cnn_explorer.probe.mosaic import Shading, colour_mosaic, mosaic

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
SIGNED = Shading("layer", signed=True)


def some_maps(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def svg_of(figure: Figure) -> ET.Element:
    return ET.fromstring(figure.svg())


def words_of(figure: Figure) -> list[str]:
    return [text.text or "" for text in svg_of(figure).iter(f"{SVG}text")]


def embedded(figure: Figure) -> np.ndarray:
    """The pixels of the picture in the SVG, as RGB."""
    (image,) = svg_of(figure).iter(f"{SVG}image")
    kind, _, data = image.attrib[HREF].partition(",")
    assert kind == "data:image/png;base64"
    assert "pixelated" in image.attrib["style"]
    with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
        size = int(image.attrib["width"]), int(image.attrib["height"])
        assert picture.size == size
        return np.asarray(picture.convert("RGB"))


def tile_in(figure: Figure, pixels: np.ndarray, tile: int, shape: tuple[int, int]) -> np.ndarray:
    """The values of a tile as they are drawn, one pixel each, found by looking for what is no mat:
    rows and columns of the tiles are the runs between lines of the mat's colour."""
    mat = figure.table[0]
    plain = (pixels == mat).all(axis=2)
    rows, columns = _runs(~plain.all(axis=1)), _runs(~plain.all(axis=0))
    top, bottom = rows[tile // len(columns)]
    left, right = columns[tile % len(columns)]
    times = (bottom - top) // shape[0]
    assert (right - left, bottom - top) == (times * shape[1], times * shape[0])
    whole = pixels[top:bottom, left:right]
    small = whole[::times, ::times]
    assert np.array_equal(whole, small.repeat(times, axis=0).repeat(times, axis=1))
    return small


def _runs(filled: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], filled.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("shading", "colours"),
    [
        (Shading(), "viridis"),
        (Shading("layer", clip=5, gamma=0.5), "magma"),
        (Shading("fixed", low=-1, high=2), "grey"),
        (SIGNED, "diverging"),
    ],
)
def test_tiles_have_the_colours_of_the_mosaic(shading: Shading, colours: str, dark: bool) -> None:
    maps = some_maps(6, 5, 4)
    maps[2, 1, 1:3], maps[3, 0, 0] = np.nan, -np.inf
    figure = maps_figure(maps, title="net", shading=shading, colours=colours, columns=3, dark=dark)
    made = mosaic(maps, shading, columns=3)
    table = colour_table(colours, tuple(figure.table[0].tolist()))
    for pixels in (embedded(figure), _tiles(figure, 1), maps_figure(
        maps, title="net", shading=shading, colours=colours, columns=3, dark=dark, plain=True
    ).png()):  # fmt: skip
        for tile in range(6):
            x, y, width, height = made.grid.rect(tile)
            wanted = table[made.pixels[y : y + height, x : x + width]]
            assert np.array_equal(tile_in(figure, pixels, tile, (5, 4)), wanted)


def _tiles(figure: Figure, scale: int) -> np.ndarray:
    """The part of the PNG that has the tiles, without the numbers written between them."""
    x, y = (place * scale for place in figure.tiles_at)
    height, width = (side * scale for side in figure.tiles.shape[:2])
    pixels = figure.png(scale)[y : y + height, x : x + width].copy()
    drawn = figure.table[figure.tiles].repeat(scale, axis=0).repeat(scale, axis=1)
    ground = (drawn == figure.table[0]).all(axis=2)
    pixels[ground] = figure.table[0]
    return pixels


@pytest.mark.parametrize("scale", [2, 3])
def test_a_larger_figure_has_larger_pixels(scale: int) -> None:
    figure = maps_figure(some_maps(12, 9, 9), title="net")
    small, large = _tiles(figure, 1), _tiles(figure, scale)
    assert np.array_equal(large, small.repeat(scale, axis=0).repeat(scale, axis=1))
    assert figure.png(scale).shape == (figure.height * scale, figure.width * scale, 3)
    odd = figure.png(1.37)
    assert abs(odd.shape[0] - 1.37 * figure.height) <= 1
    colours = {tuple(colour) for colour in figure.table.tolist()}
    x, y = (round(place * 1.37) + 40 for place in figure.tiles_at)
    assert {tuple(colour) for colour in odd[y, x : x + 60].tolist()} <= colours  # never smoothed


def test_kernels_in_colour() -> None:
    weight = some_maps(10, 3, 7, 7)
    order = [4, 0, 9]
    figure = kernels_figure(weight, title="conv1", order=order, columns=2)
    made = colour_mosaic(weight[order], columns=2)
    pixels = embedded(figure)
    for tile in range(3):
        x, y, width, height = made.grid.rect(tile)
        wanted = made.pixels[y : y + height, x : x + width]
        assert np.array_equal(tile_in(figure, pixels, tile, (7, 7)), wanted)
    assert "3 of 10 kernels, 3 × 7 × 7" in words_of(figure)
    # with one range, a kernel alone looks as it does among the others
    alone = kernels_figure(weight, title="conv1", order=[4], scale="layer")
    all_of_them = kernels_figure(weight, title="conv1", scale="layer", columns=10)
    assert np.array_equal(
        tile_in(alone, embedded(alone), 0, (7, 7)),
        tile_in(all_of_them, embedded(all_of_them), 4, (7, 7)),
    )


def test_one_map_has_the_colours_that_it_has_among_the_others() -> None:
    maps = some_maps(8, 6, 6)
    maps[2] *= 5
    for shading in (Shading("layer"), Shading("layer", clip=2, gamma=0.7, signed=True)):
        every = maps_figure(maps, title="net", shading=shading, columns=8)
        alone = maps_figure(maps, title="net", shading=shading, order=[3])
        assert np.array_equal(
            tile_in(alone, embedded(alone), 0, (6, 6)), tile_in(every, embedded(every), 3, (6, 6))
        )
        ends = [word for word in words_of(alone) if "." in word and "gamma" not in word]
        assert len(ends) == 2
        assert set(ends) <= set(words_of(every))
    assert "channel 3 of 8, 6 × 6" in words_of(alone)


def test_the_line_below_the_title() -> None:
    maps = some_maps(64, 7, 7)
    words = words_of(maps_figure(maps, title="ResNet-18 · conv1", notes=["by mean"]))
    assert words[:2] == ["ResNet-18 · conv1", "64 of 64 channels, 7 × 7 · by mean"]
    assert words_of(maps_figure(maps, title="n", order=[3, 1]))[1] == "2 of 64 channels, 7 × 7"
    assert words_of(maps_figure(maps[:, 0, 0], title="n"))[1] == "64 of 64 values"
    assert words_of(maps_figure(maps[0], title="n"))[1] == "1 of 1 channel, 7 × 7"


def test_numbers_stand_where_there_is_room() -> None:
    maps = some_maps(12, 14, 14)
    assert {"0", "11"} <= set(words_of(maps_figure(maps, title="n")))
    assert {"3", "7"} == {
        word for word in words_of(maps_figure(maps, title="n", order=[7, 3])) if word.isdecimal()
    }
    named = words_of(maps_figure(maps[:2], title="n", names=["edges", "spots & stripes"]))
    assert {"edges", "spots & stripes"} <= set(named)
    numbers = [str(channel + 8) for channel in range(12)]
    alone = words_of(maps_figure(maps, title="n", order=[3], names=numbers))
    assert alone[1].startswith("1 of 12 channels, ")
    assert "11" in alone
    kernels = words_of(kernels_figure(some_maps(4, 3, 5, 5), title="n", names=numbers[:4]))
    assert {"8", "9", "10", "11"} <= set(kernels)
    # tiles too small for numbers: those of the first in each row
    many = maps_figure(some_maps(2048, 7, 7), title="n", columns=64)
    numbers = [int(word) for word in words_of(many) if word.isdecimal()]
    assert numbers == list(range(0, 2048, 64))
    # in another order those would say nothing
    mixed = maps_figure(some_maps(2048, 7, 7), title="n", columns=64, order=range(2047, -1, -1))
    assert not [word for word in words_of(mixed) if word.isdecimal()]


@pytest.mark.parametrize(
    ("shading", "words"),
    [
        (Shading("layer"), ["-2", "0", "6"]),
        (SIGNED, ["-6", "0", "6"]),
        (Shading("fixed", low=0.5, high=2), ["≤ 0.5", "≥ 2"]),
        (Shading("fixed", low=-1, high=1), ["≤ -1", "0", "≥ 1"]),
        (Shading(), ["lowest of each", "highest of each",
                     "each channel over its own range, within -2 to 6"]),
        (Shading(signed=True), ["−largest of each", "0", "largest of each",
                                "each channel over its own range, within -6 to 6"]),
        (Shading("layer", gamma=0.5), ["-2", "0", "6", "gamma 0.5"]),
    ],
)  # fmt: skip
def test_the_bar_tells_its_values(shading: Shading, words: list[str]) -> None:
    maps = np.array([[[-2, 0], [1, 2]], [[0, 3], [4, 6]]], np.float32)
    said = words_of(maps_figure(maps, title="n", shading=shading))[2:]
    assert [word.replace("−", "-") for word in said if word not in ("0", "1")] == [
        word.replace("−", "-") for word in words if word != "0"
    ]
    zeros = 1 if "0" in words else 0
    assert said.count("0") == 1 + zeros  # the other is the number of the first map


def test_the_bar_has_all_colours_in_order_and_zero_where_it_is() -> None:
    maps = np.array([[[-2.0, 6.0]]], np.float32)
    for gamma, place in ((1.0, 0.25), (0.5, 0.5)):
        figure = maps_figure(maps, title="n", shading=Shading("layer", gamma=gamma))
        svg = svg_of(figure)
        stops = [stop.attrib["stop-color"] for stop in svg.iter(f"{SVG}stop")]
        assert stops == ["#{:02x}{:02x}{:02x}".format(*c) for c in scale_colours("viridis")]
        (bar,) = (r for r in svg.iter(f"{SVG}rect") if r.attrib["fill"].startswith("url"))
        (zero,) = (t for t in svg.iter(f"{SVG}text") if t.text == "0")
        at = (float(zero.attrib["x"]) - float(bar.attrib["x"])) / float(bar.attrib["width"])
        assert at == pytest.approx(place)
        x, y = int(bar.attrib["x"]), int(bar.attrib["y"]) + 5
        row = figure.png()[y, x : x + int(bar.attrib["width"])]
        wanted = scale_colours("viridis")
        assert [row[0].tolist(), row[-1].tolist()] == [wanted[0].tolist(), wanted[-1].tolist()]


def test_what_is_not_finite_has_a_swatch_with_its_count() -> None:
    maps = some_maps(4, 8, 8)
    assert "infinite" not in " ".join(words_of(maps_figure(maps, title="n")))
    maps[0, 0, :3], maps[1, 1, 1], maps[2, 2, 2] = np.nan, np.inf, -np.inf
    figure = maps_figure(maps, title="n")
    assert words_of(figure)[-2:] == ["3 not a number", "2 infinite"]
    fills = [rect.attrib["fill"] for rect in svg_of(figure).iter(f"{SVG}rect")]
    for colour in (NOT_A_NUMBER_COLOUR, INFINITE_COLOUR):
        assert "#{:02x}{:02x}{:02x}".format(*colour) in fills
        assert (figure.png()[-40:] == colour).all(axis=2).sum() == 11 * 11
    # what is not shown is not counted
    assert words_of(maps_figure(maps, title="n", order=[0, 3]))[-1] == "3 not a number"


def test_values_alone_share_a_range() -> None:
    figure = maps_figure(np.array([0, 1, 2, 4], np.float32), title="fc", columns=4)
    codes = [tuple(tile_in(figure, embedded(figure), n, (1, 1))[0, 0]) for n in range(4)]
    scale = scale_colours("viridis")
    assert codes == [tuple(scale[at]) for at in (0, 63, 126, 252)]


def test_equal_values() -> None:
    figure = maps_figure(np.full((3, 4, 4), 2.5, np.float32), title="n", shading=Shading("layer"))
    assert {"2.5", "all values are equal"} <= set(words_of(figure))
    assert not {"≥ 2.5", "0.5"} & set(words_of(figure))
    assert maps_figure(np.zeros((3, 4, 4), np.float32), title="n").png().any()


def test_any_text_is_escaped_and_on_one_line() -> None:
    title = 'a <b> & "c" \' \x1b[31m \n \ud800 \ufffe 图'
    figure = maps_figure(
        some_maps(2, 40, 40), title=title, names=["<script>", "&amp;"], notes=["</svg>"]
    )
    words = words_of(figure)
    assert words[0] == 'a <b> & "c" \' \ufffd[31m \ufffd \ufffd \ufffd 图'
    assert words[1].endswith("</svg>")
    assert {"<script>", "&amp;"} <= set(words)
    assert svg_of(figure).findtext(f"{SVG}title") == words[0]
    figure.svg().encode("utf-8")
    figure.png()


def test_a_long_title_is_shortened_and_everything_lies_inside() -> None:
    figure = maps_figure(some_maps(1, 3, 3), title="name " * 80, notes=["and more"] * 50)
    svg = svg_of(figure)
    assert figure.width < 1200
    assert all(word.endswith("…") for word in words_of(figure)[:2])
    for rect in (*svg.iter(f"{SVG}rect"), *svg.iter(f"{SVG}image")):
        x, width = float(rect.attrib.get("x", 0)), float(rect.attrib["width"])
        y, height = float(rect.attrib.get("y", 0)), float(rect.attrib["height"])
        assert 0 <= x <= x + width <= figure.width
        assert 0 <= y <= y + height <= figure.height


def test_rows_are_named() -> None:
    tiles = some_maps(5 * 4, 3, 3)
    figure = maps_figure(tiles, title="n", columns=4, rows=["a", "b", "c", "d", "e"], subtitle="s")
    assert words_of(figure)[1] == "s"
    assert [word for word in words_of(figure) if word in "abcde"] == ["a", "b", "c", "d", "e"]


def test_nothing_and_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = some_maps(4, 5, 5)
    for empty in (maps[:0], maps[:, :0], maps[:, :, :0]):
        with pytest.raises(ExplorerError, match="nothing to draw"):
            maps_figure(empty, title="n")
    with pytest.raises(ExplorerError, match="nothing to draw"):
        maps_figure(maps, title="n", order=[])
    monkeypatch.setattr(figures, "MOST_VALUES", 99)
    with pytest.raises(ExplorerError, match="100 values are too many"):
        maps_figure(maps, title="n")
    maps_figure(maps, title="n", order=[0, 1, 2])
    monkeypatch.setattr(figures, "MAX_PIXELS", 10_000)
    assert maps_figure(maps[:1], title="n").png(4).size <= 3 * 10_200


def test_saved_by_its_ending(tmp_path: Path) -> None:
    figure = maps_figure(some_maps(4, 5, 5), title="n")
    save_figure(tmp_path / "a.PNG", figure)
    save_figure(tmp_path / "a.svg", figure)
    with Image.open(tmp_path / "a.PNG") as picture:
        assert np.array_equal(np.asarray(picture), figure.png(2))
    assert (tmp_path / "a.svg").read_text("utf-8") == figure.svg()
    with pytest.raises(ExplorerError, match=r"end the name with \.png or \.svg"):
        save_figure(tmp_path / "a.gif", figure)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("shape", [(2048, 7, 7), (64, 224, 224)])
def test_large_layers_take_less_than_two_seconds(shape: tuple[int, ...], tmp_path: Path) -> None:
    maps = some_maps(*shape)
    for suffix in FIGURES:
        started = time.process_time()
        save_figure(tmp_path / f"a{suffix}", maps_figure(maps, title="net"))
        assert time.process_time() - started < 2
