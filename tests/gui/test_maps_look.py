"""How maps are shown: what stands in the settings, and what it does to signed and other values."""

from typing import get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_explorer.gui.state.maps_look import MapsLook
from cnn_explorer.probe.mosaic import Shading


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
        '{"scale": {}}', '{"clip": true}', '{"unknown": 1}',
    ],
)  # fmt: skip
def test_nonsense_in_the_settings_is_as_usual(text: str) -> None:
    assert MapsLook.from_text(text) == MapsLook()


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    MapsLook.from_text(text)
