"""How maps are shown: what stands in the settings, and what it does to signed and other values."""

import json
from dataclasses import fields
from typing import get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.probe.colormaps import colour_table
from cnn_explorer.probe.mosaic import LOWEST, Shading, mosaic


def test_automatic_colours_are_around_zero_where_values_are_below_it() -> None:
    look = MapsLook()
    assert look.colour_map(signed=True) == "diverging"
    assert look.shading(signed=True) == Shading(signed=True)
    assert look.colour_map(signed=False) == "viridis"
    assert look.shading(signed=False) == Shading()
    chosen = MapsLook(colours="grey", scale="fixed", low=-1, high=2, gamma=0.5)
    assert chosen.colour_map(signed=True) == "grey"
    assert chosen.shading(signed=True) == Shading("fixed", -1, 2, 0, 0.5)
    assert MapsLook(colours="diverging").shading(signed=False).signed


def test_the_settings_give_back_what_was_chosen() -> None:
    look = MapsLook("inferno", "fixed", -2.5, 3.0, 1.5, 0.4, True, "effect", True, "side", 0.25)
    assert MapsLook.from_text(look.to_text()) == look
    assert set(get_type_hints(MapsLook)) == set(vars(look))


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "{", "[" * 100_000, '{"colours": "pink"}', '{"gamma": 1e400}',
        '{"gamma": NaN}', '{"clip": -1}', '{"smooth": 1}', '{"low": 5}', '{"sort": ["mean"]}',
        '{"scale": {}}', '{"clip": true}', '{"unknown": 1}', f'{{"high": 1{"0" * 400}}}',
    ],
)  # fmt: skip
def test_nonsense_in_the_settings_is_as_usual(text: str) -> None:
    assert MapsLook.from_text(text) == MapsLook()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = SCALARS | st.lists(SCALARS, max_size=2)


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    assert MapsLook.from_text(text) == MapsLook()


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from([field.name for field in fields(MapsLook)]), VALUES))
def test_whatever_stands_in_the_settings_can_be_drawn(found: dict[str, object]) -> None:
    look = MapsLook.from_text(json.dumps(found))
    assert MapsLook.from_text(look.to_text()) == look
    maps = np.array([[[-1, 2]], [[0, 0]]], np.float32)
    for signed in (True, False):
        colour_table(look.colour_map(signed), (0, 0, 0))
        pixels = mosaic(maps, look.shading(signed), columns=2, gap=0).pixels
        assert pixels.min() >= LOWEST
