"""The message strip: latest first, nothing lost at once, never in the way."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.message_strip import MessageStrip

pytestmark = pytest.mark.usefixtures("themed")
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def strip(qtbot: QtBot) -> MessageStrip:
    made = MessageStrip()
    qtbot.addWidget(made)
    made.resize(600, 40)
    return made


def test_hidden_until_there_is_something_to_say(strip: MessageStrip) -> None:
    assert not strip.isVisible()
    strip.show_message("Saved graph.svg.")
    assert strip.isVisible()
    assert strip.text() == "Saved graph.svg."
    strip.clear()
    assert not strip.isVisible()
    assert strip.text() == ""


def test_closing_one_shows_the_one_before(qtbot: QtBot, strip: MessageStrip) -> None:
    for text in ("First.", "Second.", "Third."):
        strip.show_message(text, "error")
    assert strip.text() == "Third."
    assert strip._count.text() == "2 more"
    qtbot.mouseClick(strip.close_button, LEFT)
    assert strip.text() == "Second."
    qtbot.keyClick(strip, Qt.Key.Key_Escape)
    assert strip.text() == "First."
    assert not strip._count.isVisible()
    qtbot.keyClick(strip.close_button, Qt.Key.Key_Escape)
    assert not strip.isVisible()
    strip.dismiss()  # nothing to close


def test_a_repeated_message_is_not_doubled(strip: MessageStrip) -> None:
    strip.show_message("Again.", "error")
    strip.show_message("Other.", "info")
    strip.show_message("Again.", "error")
    assert strip.count() == 2
    assert strip.text() == "Again."


def test_a_flood_keeps_only_the_latest(strip: MessageStrip) -> None:
    for number in range(100):
        strip.show_message(f"Message {number}.")
    assert strip.count() == 20
    assert strip.text() == "Message 99."


def test_details_unfold_and_fold_with_the_next_message(qtbot: QtBot, strip: MessageStrip) -> None:
    strip.show_message("It failed.", "error", "Traceback: boom")
    assert not strip._details.isVisible()
    qtbot.mouseClick(strip.details_button, LEFT)
    assert strip._details.isVisible()
    assert strip._details.toPlainText() == "Traceback: boom"
    strip.show_message("Next.")
    assert not strip._details.isVisible()
    assert not strip.details_button.isVisible()


def test_an_action_tells_its_name_and_closes_the_message(qtbot: QtBot, strip: MessageStrip) -> None:
    strip.show_message("The download stopped.", "warning", action="Try again")
    with qtbot.waitSignal(strip.action_chosen) as chosen:
        qtbot.mouseClick(strip.action_button, LEFT)
    assert chosen.args == ["Try again"]
    assert not strip.isVisible()


def test_what_went_well_at_last_clears_errors_alone(strip: MessageStrip) -> None:
    strip.show_message("a.pth is damaged.", "error")
    strip.show_message("Three files were dropped.")
    strip.show_message("b.pth is damaged.", "error")
    strip.clear_errors()
    assert (strip.text(), strip.count()) == ("Three files were dropped.", 1)
    strip.clear_errors()
    assert strip.isVisible()


def test_text_is_plain_and_can_be_selected(strip: MessageStrip) -> None:
    strip.show_message("<b>cat</b>.jpg is not a picture.", "error")
    assert strip._label.textFormat() == Qt.TextFormat.PlainText
    assert strip._label.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByMouse
    assert strip.accessibleDescription() == "<b>cat</b>.jpg is not a picture."


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    ("level", "colours"),
    [("info", theme.INFO), ("warning", theme.WARNING), ("error", theme.ERROR)],
)
def test_the_colours_are_the_themes_and_follow_it(
    qtbot: QtBot, strip: MessageStrip, level: str, colours: dict[bool, tuple[str, str]], dark: bool
) -> None:
    strip.show_message("A sentence.", level)
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    application.setPalette(theme.palette_for(dark))
    try:
        qtbot.waitUntil(lambda: theme.is_dark(strip.palette()) == dark)
        ground, text = colours[dark]
        assert strip.grab().toImage().pixelColor(2, 2) == QColor(ground)
        assert strip._label.palette().windowText().color() == QColor(text)
    finally:
        application.setPalette(theme.palette_for(False))
