"""How a graph looks, in the window and in exported drawings: colours, sizes, names of kinds.

Colours are sRGB hex strings. The hues follow Okabe and Ito's palette, which stays distinguishable
for the colour-blind; a glyph beside the colour carries the same information.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class KindStyle:
    """How one kind of layer is drawn."""

    title: str
    """In the legend."""
    light: str
    """Accent on a light ground: the stripe, the glyph."""
    dark: str
    """Accent on a dark ground."""
    glyph: str
    """Name of a glyph drawn in the stripe: see `GLYPHS`."""


KIND_STYLES: Mapping[str, KindStyle] = {
    "input": KindStyle("Input", "#4b5563", "#aab2c0", "picture"),
    "conv": KindStyle("Convolution", "#0b6bb5", "#5ab0f2", "grid"),
    "pool": KindStyle("Pooling", "#00805f", "#3ecf9f", "shrink"),
    "linear": KindStyle("Fully connected", "#9a4f9c", "#d79ad8", "fan"),
    "activation": KindStyle("Activation", "#c25a00", "#f5a24b", "bend"),
    "norm": KindStyle("Normalisation", "#8a7400", "#e0cb4a", "bell"),
    "add": KindStyle("Addition", "#b3224a", "#f27d9a", "plus"),
    "concat": KindStyle("Concatenation", "#b3224a", "#f27d9a", "join"),
    "dropout": KindStyle("Dropout", "#6b7280", "#9aa3b2", "dots"),
    "reshape": KindStyle("Reshape", "#6b7280", "#9aa3b2", "flat"),
    "other": KindStyle("Other", "#6b7280", "#9aa3b2", "dot"),
    "output": KindStyle("Output", "#4b5563", "#aab2c0", "bars"),
    "block": KindStyle("Block", "#3f4b63", "#93a4c4", "stack"),
}

GLYPHS = tuple(dict.fromkeys(style.glyph for style in KIND_STYLES.values()))


@dataclass(frozen=True)
class GroundStyle:
    """The colours around the accents, one set for light and one for dark."""

    ground: str
    box: str
    box_border: str
    text: str
    text_quiet: str
    edge: str
    frame: str
    """Fill of an open block; frames in frames alternate with `frame_nested`."""
    frame_nested: str
    frame_border: str
    selection: str


LIGHT = GroundStyle(
    ground="#f7f8fa", box="#ffffff", box_border="#cfd5df", text="#1b2230", text_quiet="#5b6577",
    edge="#7d8798", frame="#eef1f6", frame_nested="#e6eaf2", frame_border="#c6cedb",
    selection="#2563eb",
)  # fmt: skip
DARK = GroundStyle(
    ground="#15181e", box="#232833", box_border="#3a4251", text="#e8ebf1", text_quiet="#9aa4b5",
    edge="#6f7a8c", frame="#1b1f27", frame_nested="#20252f", frame_border="#343c4a",
    selection="#6ea8fe",
)  # fmt: skip

BOX_HEIGHT = 40.0
BOX_MIN_WIDTH = 132.0
JUNCTION_SIZE = 26.0
"""Add and concat are small round junctions of this diameter."""
STRIPE_WIDTH = 26.0
"""The coloured stripe at the left of a box, with its glyph."""
THUMBNAIL_SIZE = 36.0
"""The side of the small picture of a box's output."""
THUMBNAIL_ROOM = 100.0
"""What a box is wider by for that picture and the numbers beside it."""
FRAME_HEADER = 26.0
PADDING = 10.0
RADIUS = 7.0
NAME_SIZE = 12.5
"""Font sizes in scene units (pixels)."""
CAPTION_SIZE = 10.5
EDGE_LABEL_SIZE = 10.0
NUMBER_SIZE = 8.5
"""The numbers beside a thumbnail."""
FONT_FAMILY = "Inter"
