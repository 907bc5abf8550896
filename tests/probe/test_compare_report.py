"""What is kept of a comparison: the figure, the page that stands alone, and the JSON."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.media.decode import decode_file
from cnn_explorer.networks.catalog import card_of
from cnn_explorer.paths import resource
from cnn_explorer.probe.cells import cell_pixels, row_of
from cnn_explorer.probe.compare_figure import (
    cells_of,
    comparison_figure,
    enlarged,
    picture_with_crop,
    wrapped,
)
from cnn_explorer.probe.compare_report import comparison_html, comparison_json
from cnn_explorer.probe.comparison import ColumnAsked, Comparison, LayerAsked, run_comparison
from cnn_explorer.probe.mosaic import Shading
from cnn_explorer.probe.pool import SessionPool, Wanted
from cnn_explorer.probe.results import Placement
from cnn_explorer.probe.statistics import statistics_of

HOSTILE = '<script>alert("1")</script>&'


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Two networks that know the same classes, one without weights, and one that cannot run."""
    picture = decode_file(resource("samples", "photo-cat.jpg"))
    place = Placement(0.0, 0.0, 1.0, 1.0)
    columns = [
        ColumnAsked(
            Wanted(card_of("resnet20")),
            f"ResNet-20 {HOSTILE}",
            (LayerAsked("layer1", place), LayerAsked("layer3"), LayerAsked("linear")),
        ),
        ColumnAsked(
            Wanted(card_of("plain20"), version="random"),
            "Plain-20",
            (LayerAsked("layer1"), None, LayerAsked("linear")),
        ),
        ColumnAsked(Wanted(onnx_file=Path("none.onnx")), "None"),
    ]
    return run_comparison(
        replace(picture, name=f"{HOSTILE}.jpg"), columns, SessionPool(),
        rows=(f"stride {HOSTILE}", "stride 4", "answer"), rule="Layers are chosen.",
    )  # fmt: skip


def texts_of(comparison: Comparison, **options: object) -> list[str]:
    return [text.text for text in comparison_figure(comparison, **options).texts]  # type: ignore[arg-type]


# the figure


def test_the_figure_says_everything(comparison: Comparison) -> None:
    texts = texts_of(comparison)
    words = " ".join(texts)
    for said in (
        "Plain-20", "weights CIFAR-10", "weights random (seed 0)", "untrained: this answer means",
        "shorter side 32, middle 32 × 32", "cat", "stride 4", "layer1", "16 × 32 × 32",
        "no layer here", "10 values, all shown", "mean over the channels", "scale of its own",
        "has no trained weights", "None: ", "none.onnx",
    ):  # fmt: skip
        assert said in words, said
    assert sum(text.endswith(" ms") for text in texts) == 2
    assert sum(text.startswith("entropy ") for text in texts) == 2


def test_the_legend_says_which_scale_and_which_reduction(comparison: Comparison) -> None:
    one = " ".join(texts_of(comparison, show="strongest", shading=Shading("layer")))
    assert "the channel with the largest mean" in one
    assert "share one colour scale" in one
    assert re.search(r"16 × 32 × 32, channel \d+", one)
    components = " ".join(texts_of(comparison, show="components"))
    assert "principal components as red, green and blue" in components
    assert "cannot be compared" in components
    assert re.search(r"\d+% of the variance", components)


@pytest.mark.parametrize("dark", [False, True])
def test_the_maps_are_in_the_figure(comparison: Comparison, dark: bool) -> None:
    shading = Shading("layer")
    figure = comparison_figure(comparison, "strongest", shading=shading, dark=dark)
    cells = cells_of(comparison, "strongest")
    assert [[cell is None for cell in row] for row in cells] == [
        [False, False], [False, True], [False, False],
    ]  # fmt: skip
    drawn = row_of(cells[0], shading)
    for cell in cells[0]:
        assert cell is not None
        pixels = enlarged(cell_pixels(cell, drawn), (304, 304))
        corners = (
            (figure.tiles[:-303, :-303] == pixels[0, 0])
            & (figure.tiles[:-303, 303:] == pixels[0, -1])
            & (figure.tiles[303:, :-303] == pixels[-1, 0])
        ).all(-1)
        assert any(
            np.array_equal(figure.tiles[y : y + 304, x : x + 304], pixels)
            for y, x in np.argwhere(corners)
        )
    assert figure.png().shape == (figure.height, figure.width, 3)
    assert len(figure.bars) == 3, "a bar a row, since each has its own ends"


def test_nothing_in_the_figure_lies_outside_of_it(comparison: Comparison) -> None:
    figure = comparison_figure(comparison)
    shares = {"start": 0.0, "middle": 0.5, "end": 1.0}
    for text in figure.texts:
        left = text.x - shares[text.anchor] * text.width
        assert left >= 0, text.text
        assert left + text.width <= figure.width, text.text
        assert text.size <= text.y <= figure.height, text.text
    for box in (*figure.boxes, *figure.bars):
        assert 0 <= box.x <= box.x + box.width <= figure.width
        assert 0 <= box.y <= box.y + box.height <= figure.height


def test_what_a_network_does_not_see_is_dimmed(comparison: Comparison) -> None:
    column = comparison.columns[0]
    pixels, crop = picture_with_crop(column, comparison.picture, (451, 300), (255, 255, 255))
    left, top, right, bottom = crop
    assert (left, top, right, bottom) == (75, 0, 376, 300)
    seen = comparison.picture.rgb
    np.testing.assert_array_equal(pixels[:, left:right], seen[:, left:right])
    assert (pixels[:, :left].astype(int) >= seen[:, :left]).all()
    assert pixels[:, :left].mean() > seen[:, :left].mean() + 20


def test_lines_are_wrapped_between_words() -> None:
    lines = list(wrapped(["one two three four", "five"], 90, 20))
    assert " ".join(lines) == "one two three four five"
    assert len(lines) > 2
    assert list(wrapped([""], 90, 20)) == []


# the page


class Page(HTMLParser):
    """What a browser would load, and whether all that is opened is closed."""

    EMPTY = ("meta", "img", "br")

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.style = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)


@pytest.mark.parametrize("show", ["mean", "strongest", "components"])
def test_the_page_stands_alone(comparison: Comparison, show: str) -> None:
    text = comparison_html(comparison, show)  # type: ignore[arg-type]
    page = Page(text)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "iframe", "object", "embed", "base", "form", "a"}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), f"{tag} {name}"
            if name in ("src", "href", "srcset", "data", "poster"):
                assert str(value).startswith("data:image/png;base64,")
            assert "url(" not in str(value)
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert "http:" not in text
    assert "https:" not in text
    assert "prefers-color-scheme: dark" in page.style


def test_names_are_text_in_the_page(comparison: Comparison) -> None:
    page = Page(comparison_html(comparison))
    words = " ".join(page.words)
    assert f"{HOSTILE}.jpg through 2 networks" in words
    assert f"ResNet-20 {HOSTILE}" in words
    assert f"stride {HOSTILE}" in words
    assert all(tag != "script" for tag, _ in page.tags)


def test_the_page_says_what_the_figure_says(comparison: Comparison) -> None:
    words = " ".join(Page(comparison_html(comparison, shading=Shading("layer"))).words)
    for said in (
        "CIFAR-10", "random (seed 0)", "untrained: this answer means nothing", "cat",
        "Plain-20 has no trained weights", "total variation", "no layer here", "16 × 32 × 32",
        "share one colour scale", "269,722", "bits", "none.onnx",
    ):  # fmt: skip
        assert said in words, said


def test_the_pictures_of_the_page_are_the_maps(comparison: Comparison) -> None:
    maps = [attrs for tag, attrs in Page(comparison_html(comparison)).tags
            if tag == "img" and attrs["class"] == "map"]  # fmt: skip
    cells = cells_of(comparison, "mean")
    first = cells[0][0]
    assert first is not None
    data = str(maps[0]["src"]).removeprefix("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        expected = cell_pixels(first, row_of(cells[0]))
        np.testing.assert_array_equal(np.asarray(image), expected)
    flat = str(maps[-1]["src"]).removeprefix("data:image/png;base64,")
    with Image.open(io.BytesIO(base64.b64decode(flat))) as image:
        assert np.asarray(image)[..., 3].ravel().tolist() == [255] * 10 + [0, 0]
    assert len(maps) == 5
    assert all(attrs["alt"] for attrs in maps)


# JSON


def test_the_json_tells_the_facts(comparison: Comparison) -> None:
    told = json.loads(comparison_json(comparison, "strongest"))
    assert list(told) == [
        "format", "version", "picture", "alignment", "show", "networks", "failed", "answers",
        "pairs", "agreement", "notes", "rows",
    ]  # fmt: skip
    assert (told["format"], told["version"]) == ("cnn-explorer comparison", 1)
    assert told["picture"] == {"name": f"{HOSTILE}.jpg", "width": 451, "height": 300}
    first, second = told["networks"]
    assert first["parameters"] == 269_722
    assert first["classes"][0]["name"] == "cat"
    assert first["trained"]
    assert not second["trained"]
    assert second["entropy"] == pytest.approx(
        sum(-p * np.log2(p) for p in comparison.columns[1].answer.probabilities)
    )
    (pair,) = told["pairs"]
    assert pair["shared"] == 10
    assert 0 < pair["distance"] <= 1
    assert told["failed"][0]["title"] == "None"
    assert [row["label"] for row in told["rows"]][1:] == ["stride 4", "answer"]
    layer, none = told["rows"][1]["layers"]
    assert none is None
    assert layer["name"] == "layer3"
    assert layer["shape"] == [64, 8, 8]
    maps = comparison.columns[0].result.activations["layer3"]
    assert layer["channel"] == int(maps.mean((1, 2)).argmax())
    assert layer["statistics"]["deviation"] == pytest.approx(statistics_of(maps).deviation)
    placed = told["rows"][0]["layers"][0]["placement"]
    assert placed == first["placement"], "the layer was said to lie upon the input"


def test_what_is_not_a_number_is_null_in_json(comparison: Comparison) -> None:
    column = comparison.columns[0]
    broken = {**column.result.activations, "layer1": np.full((2, 3, 3), np.nan, np.float32)}
    wild = replace(column, result=replace(column.result, activations=broken))
    text = comparison_json(replace(comparison, columns=(wild,)))
    statistics = json.loads(text)["rows"][0]["layers"][0]["statistics"]
    assert statistics["mean"] is None
    assert statistics["not_a_number"] == 18
    assert "<html" in comparison_html(replace(comparison, columns=(wild,)))
