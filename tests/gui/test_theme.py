"""Icons as the window makes them."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget
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
