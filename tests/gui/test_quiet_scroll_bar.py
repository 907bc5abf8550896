"""The slim scroll bar: its thumb lies where the value is, and goes where it is dragged."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.quiet_scroll_bar import THICK, QuietScrollBar, quiet_bars

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bar(qtbot: QtBot, themed: object) -> QuietScrollBar:
    """300 pixels for 100 of 400 units: the thumb is a quarter of the bar, 75 pixels."""
    assert themed is not None
    bar = QuietScrollBar(Qt.Orientation.Vertical)
    qtbot.addWidget(bar)
    bar.setRange(0, 300)
    bar.setPageStep(100)
    bar.resize(THICK, 300)
    bar.show()
    return bar


def test_the_thumb_is_as_long_as_what_is_in_sight_and_lies_where_it_is(
    bar: QuietScrollBar,
) -> None:
    assert bar.thumb() == (0, 75)
    bar.setValue(150)
    assert bar.thumb() == (112.5, 75)
    bar.setValue(300)
    assert bar.thumb() == (225, 75)
    bar.setRange(0, 1_000_000)
    bar.setValue(1_000_000)
    start, length = bar.thumb()
    assert length >= 20  # never too small to hit
    assert start + length == 300


def test_a_drag_moves_it_to_both_ends(qtbot: QtBot, bar: QuietScrollBar) -> None:
    qtbot.mousePress(bar, LEFT, pos=QPoint(6, 40))
    assert bar.isSliderDown()
    qtbot.mouseMove(bar, QPoint(6, 40 + 75))
    assert bar.value() == 100
    qtbot.mouseMove(bar, QPoint(6, 900))
    assert bar.value() == 300
    qtbot.mouseMove(bar, QPoint(6, -900))
    assert bar.value() == 0
    qtbot.mouseRelease(bar, LEFT, pos=QPoint(6, 40))
    assert not bar.isSliderDown()
    qtbot.mouseMove(bar, QPoint(6, 200))
    assert bar.value() == 0  # let go


def test_a_click_beside_the_thumb_turns_a_page(qtbot: QtBot, bar: QuietScrollBar) -> None:
    qtbot.mouseClick(bar, LEFT, pos=QPoint(6, 290))
    assert bar.value() == 100
    qtbot.mouseClick(bar, LEFT, pos=QPoint(6, 5))
    assert bar.value() == 0


def test_right_to_left_turns_a_lying_bar_round(qtbot: QtBot, themed: object) -> None:
    assert themed is not None
    bar = QuietScrollBar(Qt.Orientation.Horizontal)
    qtbot.addWidget(bar)
    bar.setRange(0, 300)
    bar.setPageStep(100)
    bar.resize(300, THICK)
    bar.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    bar.show()
    assert bar.thumb() == (225, 75)
    qtbot.mouseClick(bar, LEFT, pos=QPoint(5, 6))
    assert bar.value() == 100
    assert bar.thumb() == pytest.approx((150, 75))


def test_it_is_drawn_on_the_ground_of_its_area(qtbot: QtBot, themed: object) -> None:
    assert themed is not None
    area = QScrollArea()
    qtbot.addWidget(area)
    area.setFrameShape(QFrame.Shape.NoFrame)
    quiet_bars(area)
    content = QLabel()
    content.setFixedSize(100, 2000)
    area.setWidget(content)
    area.resize(200, 300)
    area.show()
    qtbot.waitExposed(area)
    bar = area.verticalScrollBar()
    assert bar.width() == THICK
    qtbot.waitUntil(lambda: bar.height() == 300)
    assert bar.maximum() == 1700
    drawn = bar.grab().toImage()
    ratio = drawn.devicePixelRatio()
    thumb = drawn.pixelColor(round(6 * ratio), round(20 * ratio))
    below = drawn.pixelColor(round(6 * ratio), round(290 * ratio))
    assert thumb == QColor(theme.ground(area).edge)
    assert below == area.palette().color(area.viewport().backgroundRole())
