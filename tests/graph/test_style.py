"""Kinds of layers are told apart by everyone: by their glyph always, by their colour as well.

The criterion: no two kinds share a glyph, so that colour is never needed. The kinds whose colour
means something (the hues; frames, inputs and the like are grey) still look clearly different to
each other, and not grey, under full deuteranopia, protanopia and tritanopia, simulated with the
matrices of Machado, Oliveira and Fernandes 2009 and measured by CIEDE2000 (1 can just be seen).
Additions and concatenations are one colour on purpose: both are where tensors meet.
"""

import math
from itertools import combinations

import pytest

from cnn_explorer.graph.glyphs import GLYPH_PATHS
from cnn_explorer.graph.model import KINDS
from cnn_explorer.graph.style import DARK, KIND_STYLES, LIGHT

Triple = tuple[float, float, float]

HUES = ("conv", "pool", "linear", "activation", "norm", "add")
GREYS = ("input", "dropout", "reshape", "other", "output", "block")
APART = 8.0
FROM_GREY = 5.0

VISIONS: dict[str, tuple[Triple, Triple, Triple]] = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""Table 1 of the paper, severity 1.0; they act on linear RGB."""


def _linear(colour: str) -> Triple:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(  # type: ignore[return-value]
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (red, green, blue)
    )


def _times(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    return tuple(  # type: ignore[return-value]
        sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix
    )


def _lab(rgb: Triple) -> Triple:
    """CIELAB of linear sRGB, D65."""
    clipped: Triple = tuple(min(1.0, max(0.0, value)) for value in rgb)  # type: ignore[assignment]
    xyz = _times(
        (
            (0.4124564, 0.3575761, 0.1804375),
            (0.2126729, 0.7151522, 0.0721750),
            (0.0193339, 0.1191920, 0.9503041),
        ),
        clipped,
    )
    x, y, z = (
        math.cbrt(value) if value > 0.008856 else 7.787 * value + 16 / 116
        for value in (xyz[0] / 0.95047, xyz[1], xyz[2] / 1.08883)
    )
    return (116 * y - 16, 500 * (x - y), 200 * (y - z))


def ciede2000(first: Triple, second: Triple) -> float:
    """The difference of two colours in CIELAB: Sharma, Wu and Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    chroma = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(chroma**7 / (chroma**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    hue_difference = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    hue = h1 + h2 if c1 * c2 == 0 else (h1 + h2) / 2
    if c1 * c2 and abs(h1 - h2) > 180:
        hue += 180 if h1 + h2 < 360 else -180

    def cosine(degrees: float) -> float:
        return math.cos(math.radians(degrees))

    t = (1 - 0.17 * cosine(hue - 30) + 0.24 * cosine(2 * hue)
         + 0.32 * cosine(3 * hue + 6) - 0.20 * cosine(4 * hue - 63))  # fmt: skip
    s_l = 1 + 0.015 * (lightness - 50) ** 2 / math.sqrt(20 + (lightness - 50) ** 2)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    spread = 30 * math.exp(-(((hue - 275) / 25) ** 2))
    r_t = -math.sin(math.radians(2 * spread)) * 2 * math.sqrt(chroma**7 / (chroma**7 + 25**7))
    light, colourful, turned = (l2 - l1) / s_l, (c2 - c1) / s_c, hue_difference / s_h
    return math.sqrt(light**2 + colourful**2 + turned**2 + r_t * colourful * turned)


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [  # pairs 1, 7, 16, 17 and 25 of the paper's test data
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_measure_of_difference(first: Triple, second: Triple, difference: float) -> None:
    assert ciede2000(first, second) == pytest.approx(difference, abs=1e-4)
    assert ciede2000(second, first) == pytest.approx(difference, abs=1e-4)


def test_each_kind_has_a_glyph_of_its_own() -> None:
    assert set(KIND_STYLES) == {*KINDS, "block"}
    assert {*HUES, "concat", *GREYS} == set(KIND_STYLES)
    glyphs = [style.glyph for style in KIND_STYLES.values()]
    assert len(set(glyphs)) == len(glyphs)
    shapes = [GLYPH_PATHS[name] for name in glyphs]
    assert all(a != b for a, b in combinations(shapes, 2))


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_hues_stay_apart_for_the_colour_blind(vision: str, theme: str) -> None:
    seen = {
        kind: _lab(_times(VISIONS[vision], _linear(getattr(KIND_STYLES[kind], theme))))
        for kind in (*HUES, *GREYS)
    }
    for a, b in combinations(HUES, 2):
        assert ciede2000(seen[a], seen[b]) >= APART, (a, b)
    for a in HUES:
        for b in GREYS:
            assert ciede2000(seen[a], seen[b]) >= FROM_GREY, (a, b)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_glyphs_stand_out_from_their_stripe(theme: str) -> None:
    ground = DARK if theme == "dark" else LIGHT
    for kind, style in KIND_STYLES.items():
        levels = [sum(part * value for part, value in
                      zip((0.2126, 0.7152, 0.0722), _linear(colour), strict=True))
                  for colour in (getattr(style, theme), ground.box)]  # fmt: skip
        assert (max(levels) + 0.05) / (min(levels) + 0.05) >= 4.5, kind  # WCAG 2, AA
