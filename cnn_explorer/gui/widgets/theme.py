"""The one place for the window's colours, spacing, type and icons.

Fusion on a palette of our own, light or dark with the system (or as chosen). Widgets take colours
from their palette or from `GroundStyle`; none has a style sheet of its own.
"""

from functools import cache
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from cnn_explorer.graph.style import DARK, KIND_STYLES, LIGHT, GroundStyle
from cnn_explorer.paths import resource

ThemeName = Literal["system", "light", "dark"]

GAP = 8
"""Between related things, pixels. Half of it inside groups, twice between groups."""
MARGIN = 12
RADIUS = 6
FONT_SIZE = 13
"""Pixels at 100 %; small print is 11.5, headings 15."""
SMALL = 11.5
HEADING = 15.0


def load_fonts() -> None:
    """Make the program's own fonts known to Qt. Call once, after the QApplication is made."""
    for path in sorted(resource("fonts").glob("*.ttf")):
        QFontDatabase.addApplicationFont(str(path))


def text_font(size: float = FONT_SIZE, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The reading font at a size in pixels."""
    font = QFont("Inter")
    font.setPixelSize(round(size))
    font.setWeight(weight)
    return font


def tabular_font(size: float = FONT_SIZE, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The reading font with figures of one width, for numbers that change while one looks."""
    font = text_font(size, weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def mono_font(size: float = 12.5) -> QFont:
    """The font of source code."""
    font = QFont("JetBrains Mono")
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(round(size))
    return font


def is_dark(palette: QPalette) -> bool:
    """Whether a palette is a dark one."""
    # not by the window's ground: some widgets have another one for their outlines
    return palette.color(QPalette.ColorRole.Base).lightnessF() < 0.5


def ground(widget: QWidget) -> GroundStyle:
    """The drawing colours that go with a widget's palette."""
    return DARK if is_dark(widget.palette()) else LIGHT


def kind_colour(kind: str, dark: bool) -> QColor:
    """The accent of a kind of layer (or ``block``)."""
    style = KIND_STYLES.get(kind, KIND_STYLES["other"])
    return QColor(style.dark if dark else style.light)


def quiet_colour(widget: QWidget) -> QColor:
    """For secondary text; at least 4.5 : 1 on the window's ground."""
    return QColor(ground(widget).text_quiet)


WARNING = {False: ("#fff4d6", "#7a4d00"), True: ("#3d3115", "#ffd479")}
"""Ground and text of a warning, by dark: "untrained" badges, message strip."""
ERROR = {False: ("#fde8e8", "#a11d1d"), True: ("#44201f", "#ffaaa5")}
INFO = {False: ("#e6effc", "#1d4fa3"), True: ("#1b2c48", "#a9cbff")}


MARK = "#ffd23f"
"""What a unit sees, and a place pointed at, on pictures and maps."""
UNIT_MARK = "#ffffff"
"""Units pointed at, and those that see a place."""
MARK_RIM = "#12151b"
"""Around both: of line and rim one shows on any ground."""
ON_SHADE = "#ffffff"
"""Words on a `shade`."""


def shade(opacity: int) -> QColor:
    """Lies on pictures, as dark as it is opaque (0 to 255): on what is not seen of them, and below
    words."""
    return QColor(8, 10, 14, opacity)


def icon(name: str, widget: QWidget) -> QIcon:
    """An icon of the Phosphor set (``ph.folder-open``) in the colours of a widget's palette.

    The first icon imports the library and loads its fonts: ask after the first paint.
    """
    import qtawesome
    from qtawesome import iconic_font
    from qtawesome.iconic_font import FontError

    iconic_font.CharIconEngine = _careful_engine()
    palette = widget.palette()
    role, group = QPalette.ColorRole.ButtonText, QPalette.ColorGroup
    # of both groups by name: a widget that is disabled now has a palette that says so
    colour, disabled = palette.color(group.Active, role), palette.color(group.Disabled, role)
    try:
        made: QIcon = qtawesome.icon(name, color=colour, color_disabled=disabled)
    except FontError:  # a platform that cannot load fonts: the words do without
        return QIcon()
    return made


@cache
def _careful_engine() -> type:
    """QtAwesome's engine, which paints on a pixmap of no size when a style asks it to, as for a
    button that is squeezed to nothing: Qt complains of each stroke."""
    from qtawesome.iconic_font import CharIconEngine

    class CarefulIconEngine(CharIconEngine):  # type: ignore[misc]
        def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
            if size.isEmpty():
                return QPixmap()
            drawn: QPixmap = super().pixmap(size, mode, state)
            return drawn

    return CarefulIconEngine


def palette_for(dark: bool) -> QPalette:
    """The window's palette."""
    style = DARK if dark else LIGHT
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    window = "#1a1d24" if dark else "#f2f4f7"
    palette = QPalette(QColor(window))
    colours = {
        role.Window: window,
        role.WindowText: style.text,
        role.Base: "#14171c" if dark else "#ffffff",
        role.AlternateBase: "#1b1f27" if dark else "#f6f8fb",
        role.Text: style.text,
        role.PlaceholderText: style.text_quiet,
        role.Button: "#262b35" if dark else "#ffffff",
        role.ButtonText: style.text,
        role.BrightText: "#ffffff",
        role.Highlight: "#2f6fdc" if dark else "#2563eb",
        role.HighlightedText: "#ffffff",
        role.Link: "#7fb2ff" if dark else "#1d55c9",
        role.LinkVisited: "#b79cff" if dark else "#6b3fc0",
        role.ToolTipBase: "#2b313c" if dark else "#ffffff",
        role.ToolTipText: style.text,
        role.Accent: style.selection,
        role.Light: "#323946" if dark else "#ffffff",
        role.Midlight: "#2b313c" if dark else "#eef1f5",
        role.Mid: "#3a4251" if dark else "#cfd5df",
        role.Dark: "#0f1116" if dark else "#b4bcc9",
        role.Shadow: "#000000" if dark else "#8b94a3",
    }
    for which, colour in colours.items():
        palette.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group.Disabled, which, QColor("#667083" if dark else "#9aa3b0"))
    palette.setColor(group.Disabled, role.Highlight, QColor(style.box_border))
    return palette


_OUTLINED = ("QCheckBox", "QLineEdit", "QAbstractSpinBox", "QMenu")
"""What Fusion draws with nothing but an outline, which it darkens from the window's ground: on dark
ground it would be gone, on light ground it is faint."""
_OUTLINE_FROM = {False: "#b4bdcc", True: "#8f99aa"}
"""The ground, by dark, from which outlines become at least 3 : 1 on what they stand on."""


def _outlined_palette(dark: bool) -> QPalette:
    palette = palette_for(dark)
    palette.setColor(QPalette.ColorRole.Window, QColor(_OUTLINE_FROM[dark]))
    return palette


def apply_theme(app: QApplication, theme: ThemeName) -> None:
    """Give the application its palette and font; ``system`` follows the desktop.

    The style, Fusion, is asked for where the QApplication is made.
    """
    hints = app.styleHints()
    scheme = {
        "light": Qt.ColorScheme.Light,
        "dark": Qt.ColorScheme.Dark,
        "system": Qt.ColorScheme.Unknown,
    }[theme]
    hints.setColorScheme(scheme)
    dark = theme == "dark" or (theme == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    app.setPalette(palette_for(dark))
    for name in _OUTLINED:
        # it takes a str, whatever its signature says
        app.setPalette(_outlined_palette(dark), name)  # type: ignore[arg-type]
    app.setFont(text_font())
