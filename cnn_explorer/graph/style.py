"""How a graph looks, in the window and in exported drawings: colours, sizes, names of kinds.

Colours are sRGB hex strings. The hues follow Okabe and Ito's palette; they differ in lightness as
well, so that they stay apart for the colour-blind (tests/graph/test_style.py simulates it). A glyph
beside the colour, another for each kind, carries the same information.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cnn_explorer.graph.model import ShortcutKind


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
    "conv": KindStyle("Convolution", "#1a6cc4", "#58a0ff", "grid"),
    "pool": KindStyle("Pooling", "#00805f", "#19d9b4", "shrink"),
    "linear": KindStyle("Fully connected", "#8a4f94", "#e9a4e2", "fan"),
    "activation": KindStyle("Activation", "#b95d00", "#e49e44", "bend"),
    "norm": KindStyle("Normalisation", "#5a5200", "#f7e27a", "bell"),
    "add": KindStyle("Addition", "#c00a3c", "#ff7899", "plus"),
    "concat": KindStyle("Concatenation", "#c00a3c", "#ff7899", "join"),
    "dropout": KindStyle("Dropout", "#6b7280", "#9aa3b2", "dots"),
    "reshape": KindStyle("Reshape", "#6b7280", "#9aa3b2", "flat"),
    "other": KindStyle("Other", "#6b7280", "#9aa3b2", "dot"),
    "output": KindStyle("Output", "#4b5563", "#aab2c0", "bars"),
    "block": KindStyle("Block", "#3f4b63", "#93a4c4", "stack"),
}


@dataclass(frozen=True)
class LineStyle:
    """How one kind of line is drawn, told apart by weight and dashes rather than colour."""

    title: str
    """In the legend."""
    width: float
    dash: tuple[float, ...] = ()
    """Lengths of strokes and gaps in turn; empty for a solid line."""


PLAIN_LINE = LineStyle("", 1.3)
TRAINING_LINE = LineStyle("Used in training only", 1.3, (4.0, 3.5))
SHORTCUT_LINES: Mapping[ShortcutKind, LineStyle] = {
    "identity": LineStyle("Identity shortcut", 2.4),
    "projection": LineStyle("Projection shortcut", 2.0, (10.0, 5.0)),
    # strokes of no length, with round ends: dots
    "zero padding": LineStyle("Zero-padding shortcut", 2.6, (0.1, 5.0)),
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
    found: str
    """Around what a search found: orange, which everyone tells from the blue of the selection."""


LIGHT = GroundStyle(
    ground="#f7f8fa", box="#ffffff", box_border="#cfd5df", text="#1b2230", text_quiet="#5b6577",
    edge="#7d8798", frame="#eef1f6", frame_nested="#e6eaf2", frame_border="#c6cedb",
    selection="#2563eb", found="#b35900",
)  # fmt: skip
DARK = GroundStyle(
    ground="#15181e", box="#232833", box_border="#3a4251", text="#e8ebf1", text_quiet="#9aa4b5",
    edge="#6f7a8c", frame="#1b1f27", frame_nested="#20252f", frame_border="#343c4a",
    selection="#6ea8fe", found="#ffb23e",
)  # fmt: skip

BOX_HEIGHT = 36.0
BOX_MIN_WIDTH = 132.0
JUNCTION_SIZE = 26.0
"""Add and concat are small round junctions of this diameter."""
STRIPE_WIDTH = 26.0
"""The coloured stripe at the left of a box, with its glyph."""
THUMBNAIL_SIZE = 36.0
"""The side of the small picture of a box's output."""
THUMBNAIL_GAP = 2.0
"""Around that picture."""
THUMBNAIL_ROOM = 100.0
"""What a box is wider by for that picture and the numbers beside it."""
FRAME_HEADER = 20.0
PADDING = 10.0
RADIUS = 7.0
NAME_SIZE = 12.5
"""Font sizes in scene units (pixels)."""
NAME_ALONE = 1.7
"""How many times larger a name is written at a zoom that leaves no room for captions."""
CAPTION_SIZE = 10.5
EDGE_LABEL_SIZE = 10.0
OPERANDS_SIZE = 9.0
"""The number beside a junction, and that of repeats on a box."""
BADGE_HEIGHT = 15.0
"""Of the badge that says how often a block is repeated."""
BADGE_PADDING = 5.0
"""Between that badge's ends and its text."""
NUMBER_SIZE = 8.5
"""The numbers beside a thumbnail."""
NUMBER_LINE = 11.0
"""From one of their baselines to the next."""
FONT_FAMILY = "Inter"
