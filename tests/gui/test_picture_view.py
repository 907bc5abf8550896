"""Fields and places on the input picture: drawn, pointed at by mouse and keys, and told."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.picture_link import Place, Region
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.input_panel import InputPanel
from cnn_explorer.gui.widgets.picture_view import PictureView
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.results import Placement, PreparedInput

pytestmark = pytest.mark.usefixtures("themed")
LEFT = Qt.MouseButton.LeftButton
KEY = Qt.Key


def plain(grey: int = 128, width: int = 200, height: int = 100) -> Picture:
    return Picture(np.full((height, width, 3), grey, np.uint8), "plain.png")


@pytest.fixture
def view(qtbot: QtBot) -> PictureView:
    """A picture of 200 x 100, twice as large on the screen, with ground above and below."""
    made = PictureView()
    qtbot.addWidget(made)
    made.resize(402, 302)
    made.show_picture(plain())
    made.show_crop((50.0, 0.0, 100.0, 100.0))
    made.show()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made


@pytest.fixture
def told(view: PictureView) -> list[Place | None]:
    places: list[Place | None] = []
    view.place_pointed.connect(places.append)
    return places


def at(view: PictureView, x: float, y: float) -> QPoint:
    """Where a place of the picture lies on the widget."""
    corner = view.picture_rect().topLeft()
    return (corner + QPointF(2 * x, 2 * y)).toPoint()


def marked(image: QImage) -> tuple[int, int, int, int] | None:
    """Around all pixels in the colour of marks."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    pixels = rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).astype(int)
    bright = QColor(theme.MARK)
    near = np.abs(pixels - [bright.red(), bright.green(), bright.blue()]).max(2) < 60
    if not near.any():
        return None
    down, across = near.any(1).nonzero()[0], near.any(0).nonzero()[0]
    return int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_field_is_framed_where_it_lies_on_any_picture(view: PictureView, grey: int) -> None:
    view.show_picture(plain(grey))
    view.show_field((60.0, 20.0, 40.0, 30.0))
    assert view.field == (60.0, 20.0, 40.0, 30.0)
    left, top = at(view, 60, 20).toTuple()
    right, bottom = at(view, 100, 50).toTuple()
    found = marked(view.grab().toImage())
    assert found == pytest.approx((left - 3, top - 3, right + 3, bottom + 3), abs=1.5)
    inside = view.grab().toImage().pixelColor(at(view, 80, 35))
    assert inside == QColor(grey, grey, grey), "what is seen stays in sight"
    view.show_field(None)
    assert marked(view.grab().toImage()) is None


def test_a_field_that_reaches_into_the_padding_is_cut_at_the_picture(view: PictureView) -> None:
    view.show_field((-500.0, -20.0, 600.0, 900.0))
    area = view.picture_rect().toAlignedRect()
    left, top, right, bottom = marked(view.grab().toImage()) or (0, 0, 0, 0)
    assert area.left() <= left <= area.left() + 4
    assert area.top() <= top <= area.top() + 4
    assert area.bottom() - 3 <= bottom <= area.bottom() + 1
    assert right == pytest.approx(at(view, 100, 0).x(), abs=4)
    view.show_field((300.0, 20.0, 40.0, 30.0))  # beside it
    assert marked(view.grab().toImage()) is None


def test_a_click_marks_a_place_and_a_click_on_it_takes_it_away(
    qtbot: QtBot, view: PictureView, told: list[Place | None]
) -> None:
    qtbot.mouseClick(view, LEFT, pos=at(view, 70, 30))
    assert told == [pytest.approx((70, 30), abs=0.6)]
    assert view.place == told[0]
    cross = marked(view.grab().toImage())
    assert cross is not None
    middle = at(view, 70, 30)
    assert ((cross[0] + cross[2]) / 2, (cross[1] + cross[3]) / 2) == pytest.approx(
        (middle.x(), middle.y()), abs=1.6
    )
    qtbot.mouseClick(view, LEFT, pos=at(view, 71, 31))
    assert told[1:] == [None]
    assert marked(view.grab().toImage()) is None


def test_a_place_is_dragged_along_and_stays_on_the_picture(
    qtbot: QtBot, view: PictureView, told: list[Place | None]
) -> None:
    qtbot.mousePress(view, LEFT, pos=at(view, 70, 30))
    qtbot.mouseMove(view, at(view, 120, 60))
    assert told[-1] == pytest.approx((120, 60), abs=0.6)
    qtbot.mouseMove(view, QPoint(1, 1))
    assert told[-1] == (0.5, 0.5)
    qtbot.mouseRelease(view, LEFT, pos=QPoint(1, 1))
    assert view.place == (0.5, 0.5)
    # taken hold of again: it moves, and is not taken away
    qtbot.mousePress(view, LEFT, pos=at(view, 1, 1))
    qtbot.mouseMove(view, at(view, 40, 40))
    qtbot.mouseRelease(view, LEFT, pos=at(view, 40, 40))
    assert view.place == pytest.approx((40, 40), abs=0.6)
    qtbot.mouseMove(view, at(view, 90, 90))  # no button is down
    assert view.place == pytest.approx((40, 40), abs=0.6)


def test_a_click_beside_the_picture_takes_the_mark_away(
    qtbot: QtBot, view: PictureView, told: list[Place | None]
) -> None:
    qtbot.mouseClick(view, LEFT, pos=QPoint(200, 10))
    assert told == []
    qtbot.mouseClick(view, LEFT, pos=at(view, 70, 30))
    with qtbot.assertNotEmitted(view.open_asked):
        qtbot.mouseClick(view, LEFT, pos=QPoint(200, 10))
    assert told[1:] == [None]
    qtbot.mouseClick(view, Qt.MouseButton.MiddleButton, pos=at(view, 70, 30))
    assert view.place is None


def test_a_place_by_the_keyboard(qtbot: QtBot, view: PictureView, told: list[Place | None]) -> None:
    assert "Arrow keys mark a place" in view.accessibleDescription()
    qtbot.keyClick(view, KEY.Key_Left)
    assert told == [(100.0, 50.0)], "the middle of what the network sees"
    assert "column 100, row 50 is marked" in view.accessibleDescription()
    qtbot.keyClick(view, KEY.Key_Left)
    qtbot.keyClick(view, KEY.Key_Down)
    assert view.place == (100 - 100 / 32, 50 + 100 / 32)
    qtbot.keyClick(view, KEY.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert view.place == (100 - 100 / 32, 49 + 100 / 32)
    for _ in range(50):
        qtbot.keyClick(view, KEY.Key_Right)
    assert view.place == (199.5, 49 + 100 / 32)
    qtbot.keyClick(view, KEY.Key_Escape)
    assert told[-1] is None
    assert "is marked" not in view.accessibleDescription()


class _Outside(QWidget):
    """What a key reaches that nobody inside has taken."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        self.heard.append(event.key())


def test_keys_that_mean_nothing_here_go_further(qtbot: QtBot) -> None:
    outside = _Outside()
    qtbot.addWidget(outside)
    view = PictureView(outside)
    outside.show()
    QTest.keyClick(view, KEY.Key_Left)  # no picture
    view.show_picture(plain())
    QTest.keyClick(view, KEY.Key_Escape)  # no place
    QTest.keyClick(view, KEY.Key_Left)
    QTest.keyClick(view, KEY.Key_Escape)
    assert outside.heard == [KEY.Key_Left, KEY.Key_Escape]


def test_marks_go_with_their_picture(view: PictureView, told: list[Place | None]) -> None:
    same = view.picture
    view.mark_place((10.0, 10.0))
    view.show_field((0.0, 0.0, 20.0, 20.0))
    view.show_picture(same)
    assert view.place == (10.0, 10.0)
    view.show_picture(plain(90))
    assert (view.place, view.field) == (None, None)
    assert told == [(10.0, 10.0), None]
    view.mark_place((10.0, 10.0))
    view.show_picture(None)
    assert told[-1] is None


# the panel


def prepared() -> PreparedInput:
    """50 x 50 pixels of the middle 100 x 100 of the picture."""
    tensor, seen = np.zeros((3, 50, 50), np.float32), np.full((50, 50, 3), 60, np.uint8)
    return PreparedInput(tensor, seen, (50.0, 0.0, 100.0, 100.0), 1.0, Placement(50, 0, 2, 2))


@pytest.fixture
def panel(qtbot: QtBot) -> InputPanel:
    made = InputPanel()
    qtbot.addWidget(made)
    made.resize(316, 520)
    made.show()
    return made


def test_the_panel_frames_a_field_on_the_picture_and_on_what_the_network_sees(
    qtbot: QtBot, panel: InputPanel
) -> None:
    shown = plain()
    panel.show_picture(shown)
    panel.show_prepared(prepared())
    region: Region = (100.0, 50.0, 50.0, 50.0)  # the lower right quarter of what is seen
    panel.show_field(region)
    assert panel.picture_view.field == region
    panel.layout().activate()
    found = marked(panel.seen.grab().toImage())
    assert found is not None
    # drawn at 100 x 100, in the middle of the height that there is
    above = (panel.seen.height() - 100) / 2
    assert found == pytest.approx((50 - 3, above + 50 - 3, 100, above + 100), abs=2)
    with qtbot.waitSignal(panel.place_pointed) as pointed:
        panel.picture_view.mark_place((3.0, 4.0))
    assert pointed.args == [(3.0, 4.0)]
    panel.show_field(None)
    assert panel.picture_view.field is None
    assert marked(panel.seen.grab().toImage()) is None


def draw(qtbot: QtBot, panel: InputPanel) -> None:
    paper = panel.pad.paper
    middle = paper.rect().center()
    qtbot.mousePress(paper, LEFT, pos=middle)
    qtbot.mouseMove(paper, middle * 1.3)
    qtbot.mouseRelease(paper, LEFT, pos=middle * 1.3)


def test_a_field_on_a_drawing_is_framed_on_what_the_network_sees_alone(
    qtbot: QtBot, panel: InputPanel
) -> None:
    panel.show_picture(plain())
    panel.show_pad()
    draw(qtbot, panel)
    panel.show_prepared(prepared())
    panel.show_field((100.0, 50.0, 50.0, 50.0))
    assert panel.picture_view.field is None
    assert marked(panel.seen.grab().toImage()) is not None


def test_a_place_counts_while_the_network_looks_at_its_picture(
    qtbot: QtBot, panel: InputPanel
) -> None:
    told: list[Place | None] = []
    panel.place_pointed.connect(told.append)
    panel.show_picture(plain())
    panel.mark_place((30.0, 40.0))
    assert told == [(30.0, 40.0)]
    panel.show_pad()
    draw(qtbot, panel)
    assert told[1:] == [None]
    panel.mark_place((50.0, 50.0))
    assert len(told) == 2
    qtbot.mouseClick(panel.switch.button(0), LEFT)  # back to the picture
    assert told[2:] == [(30.0, 40.0)]
    panel.show_picture(plain(90))
    assert told[3:] == [None]
