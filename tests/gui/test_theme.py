"""Icons as the window makes them."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QCheckBox, QHBoxLayout, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets import theme


@pytest.mark.usefixtures("themed")
def test_an_icon_of_no_size_is_nothing_and_no_complaint(qtbot: QtBot) -> None:
    """A style asks for one when a button is squeezed to nothing; conftest hears what Qt says."""
    widget = QWidget()
    qtbot.addWidget(widget)
    icon = theme.icon("ph.folder-open", widget)
    assert icon.pixmap(QSize(0, 18)).isNull()
    assert icon.pixmap(QSize(18, 0)).isNull()
    assert not icon.pixmap(QSize(18, 18)).isNull()


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("kind", [QCheckBox, QLineEdit])
def test_what_has_but_an_outline_is_seen(
    qtbot: QtBot, themed: QApplication, name: theme.ThemeName, kind: type[QWidget]
) -> None:
    """At least 2.5 : 1 somewhere along a row through it; 3 : 1 where the style does not soften."""
    theme.apply_theme(themed, name)
    window = QWidget()
    qtbot.addWidget(window)
    box, widget = QHBoxLayout(window), kind()
    box.addWidget(widget)
    window.resize(120, 60)
    with qtbot.waitExposed(window):
        window.show()
    image = window.grab().toImage()
    ground = _luminance(image.pixelColor(2, 2))
    row = [_luminance(image.pixelColor(x, 30)) for x in range(image.width())]
    contrast = max((max(at, ground) + 0.05) / (min(at, ground) + 0.05) for at in row)
    assert contrast >= 2.5
    assert theme.is_dark(widget.palette()) == (name == "dark")
    theme.apply_theme(themed, "light")


def _luminance(colour: QColor) -> float:
    """WCAG's relative luminance."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
