"""How a person wants to see maps: colours, scale, order. One frozen value for the settings."""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from cnn_explorer.probe.colormaps import COLORMAPS, ColormapName
from cnn_explorer.probe.mosaic import Scale, Shading
from cnn_explorer.probe.statistics import SORT_KEYS, SortKey

View = Literal["map", "side", "blended"]
Colours = ColormapName | Literal["auto"]

GAMMAS = (0.2, 5.0)
"""The least and the greatest power."""
MOST_CLIPPED = 25.0
"""Per cent at each end, at most."""


@dataclass(frozen=True)
class MapsLook:
    """What is chosen for the maps of all layers."""

    colours: Colours = "auto"
    """``auto``: around zero where any value is below it, else viridis."""
    scale: Scale = "channel"
    low: float = 0.0
    high: float = 1.0
    """The ends of a fixed scale."""
    clip: float = 0.0
    gamma: float = 1.0
    smooth: bool = False
    sort: SortKey = "index"
    hide_dead: bool = False
    view: View = "map"
    """How one map is shown large: alone, beside the picture, or over it."""
    opacity: float = 0.6
    """How much it covers the picture, 0 to 1."""

    def centred(self, signed: bool) -> bool:
        """Whether zero is to be in the middle of the colours, of maps with values below zero
        (`signed`) or without."""
        return self.colours == "diverging" or (self.colours == "auto" and signed)

    def colour_map(self, signed: bool) -> ColormapName:
        """The colours of such maps."""
        if self.centred(signed):
            return "diverging"
        return "viridis" if self.colours == "auto" else self.colours

    def shading(self, signed: bool) -> Shading:
        """How values of such maps become colours."""
        return Shading(self.scale, self.low, self.high, self.clip, self.gamma, self.centred(signed))

    def to_text(self) -> str:
        """For the settings."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "MapsLook":
        """From the settings, where anything may stand: what is not understood is as usual."""
        usual = cls()
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return usual
        if not isinstance(found, dict):
            return usual
        known = {field.name: found[field.name] for field in fields(cls) if field.name in found}
        good = {name: value for name, value in known.items() if _is_allowed(name, value)}
        look = replace(usual, **good)
        return look if look.low < look.high else replace(look, low=usual.low, high=usual.high)


def _is_allowed(name: str, value: Any) -> bool:
    choices: dict[str, tuple[str, ...]] = {
        "colours": ("auto", *COLORMAPS), "scale": get_args(Scale), "sort": SORT_KEYS,
        "view": get_args(View),
    }  # fmt: skip
    if name in choices:
        return isinstance(value, str) and value in choices[name]
    if name in ("smooth", "hide_dead"):
        return isinstance(value, bool)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    least, most = {"clip": (0.0, MOST_CLIPPED), "gamma": GAMMAS, "opacity": (0.0, 1.0)}.get(
        name, (-1e30, 1e30)
    )
    return least <= value <= most
