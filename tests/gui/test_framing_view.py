"""The frame on the picture, pulled by hand and by keys, and what stands below it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from cnn_explorer.gui.state.frame_gestures import SMALLEST, Grip, grown, moved, pulled
from cnn_explorer.gui.state.framing_choice import FramingOffered
from cnn_explorer.gui.state.picture_link import Place, Region
from cnn_explorer.gui.widgets.crop_frame import ALL, grip_at
from cnn_explorer.gui.widgets.framing_bar import FramingBar
from cnn_explorer.gui.widgets.input_panel import InputPanel
from cnn_explorer.gui.widgets.picture_view import PictureView
from cnn_explorer.networks.catalog import NETWORKS
from cnn_explorer.probe.framing import AS_TRAINED, Framing, frame_of
from tests.gui.test_picture_view import plain

pytestmark = pytest.mark.usefixtures("themed")
LEFT, KEY, MOD = Qt.MouseButton.LeftButton, Qt.Key, Qt.KeyboardModifier
PHOTO = NETWORKS["resnet18"].preprocessing
DIGIT = NETWORKS["lenet5"].preprocessing
FRAME: Region = (60.0, 20.0, 60.0, 60.0)


# numbers alone

sides = st.integers(-1, 1)


@settings(max_examples=150, deadline=None)
@given(
    width=st.integers(1, 400), height=st.integers(1, 400),
    start=st.tuples(*[st.floats(0, 0.9)] * 2, *[st.floats(0.01, 1)] * 2),
    grip=st.tuples(sides, sides), way=st.tuples(*[st.floats(-500, 500)] * 2),
    square=st.booleans(),
)  # fmt: skip
def test_a_frame_stays_in_the_picture_and_what_is_not_held_stays(
    width: int, height: int, start: tuple[float, ...], grip: Grip, way: tuple[float, float],
    square: bool,
) -> None:  # fmt: skip
    fit = "crop" if square else "pad"
    framing = Framing(fit, (start[0], start[1], start[2], start[3]))
    before = tuple(map(float, framing.pixels(width, height)))
    x, y, wide, high = pulled(before, grip, *way, width, height, square)
    assert x >= 0 <= y
    assert x + wide <= width
    assert y + high <= height
    assert not square or wide == high
    least = min(SMALLEST, width, height)
    if grip == (0, 0):
        assert (wide, high) == before[2:]
    elif square:
        assert wide >= min(least, before[2])
    for held, at, length, first, whole in zip(
        grip, (x, y), (wide, high), before[:2], before[2:], strict=True
    ):
        if held > 0 and (not square or 0 not in grip):
            assert at == first
        if held < 0 and (not square or 0 not in grip):
            assert at + length == first + whole


def test_by_hand() -> None:
    assert moved(FRAME, 15, -40, 200, 100) == (75, 0, 60, 60)
    assert pulled(FRAME, (1, 1), 10, 4, 200, 100, True) == (60, 20, 70, 70)
    assert pulled(FRAME, (-1, -1), -500, -500, 200, 100, True) == (40, 0, 80, 80)
    assert pulled(FRAME, (1, 0), 20, 99, 200, 100, True) == (60, 10, 80, 80)
    assert pulled(FRAME, (1, 0), 20, 99, 200, 100, False) == (60, 20, 80, 60)
    assert pulled(FRAME, (0, 1), 0, -500, 200, 100, False) == (60, 20, 60, 8)
    assert grown(FRAME, 1.5, 200, 100) == (45, 5, 90, 90)
    assert grown(FRAME, 9, 200, 100) == (40, 0, 100, 100)
    assert grown(FRAME, 0.01, 200, 100) == (86, 46, 8, 8)


def test_where_a_frame_is_held() -> None:
    box = QRectF(100, 100, 120, 120)
    for (x, y), grip in {
        (100, 100): (-1, -1), (225, 95): (1, -1), (160, 222): (0, 1), (96, 160): (-1, 0),
        (130, 102): ALL, (217, 190): ALL, (160, 160): None, (112, 130): None, (90, 160): None,
    }.items():  # fmt: skip
        assert grip_at(QPointF(x, y), box) == grip, (x, y)
    small = QRectF(100, 100, 12, 12)
    assert grip_at(small.center(), small) is None, "a place inside can be clicked"
    assert grip_at(QPointF(100, 100), small) == (-1, -1)


# the view


@pytest.fixture
def view(qtbot: QtBot) -> PictureView:
    """A picture of 200 x 100, twice as large on the screen; the state's part is played."""
    made = PictureView()
    qtbot.addWidget(made)
    made.resize(402, 302)
    made.show_picture(plain())
    made.show_frame(FRAME)
    made.frame_pulled.connect(lambda frame, moving: made.show_frame(frame))  # noqa: ARG005
    made.show()
    made.setFocus()
    qtbot.waitUntil(made.hasFocus)
    return made


@pytest.fixture
def heard(view: PictureView) -> list[tuple[Region, bool]]:
    found: list[tuple[Region, bool]] = []
    view.frame_pulled.connect(lambda frame, moving: found.append((frame, moving)))
    return found


def at(view: PictureView, x: float, y: float) -> QPoint:
    return (view.picture_rect().topLeft() + QPointF(2 * x, 2 * y)).toPoint()


def drag(
    qtbot: QtBot, view: PictureView, start: QPoint, end: QPoint,
    modifier: MOD = MOD.NoModifier, *, release: bool = True,
) -> None:  # fmt: skip
    qtbot.mousePress(view, LEFT, modifier, start)
    qtbot.mouseMove(view, (start + end) / 2)
    qtbot.mouseMove(view, end)
    if release:
        qtbot.mouseRelease(view, LEFT, modifier, end)


def test_a_corner_pulls_and_the_border_moves(
    qtbot: QtBot, view: PictureView, heard: list[tuple[Region, bool]]
) -> None:
    drag(qtbot, view, at(view, 120, 80), at(view, 130, 90))
    assert view.frame == (60, 20, 70, 70)
    assert [moving for _, moving in heard] == [True, True, False]
    drag(qtbot, view, at(view, 75, 20), at(view, 80, 10))
    assert view.frame == (65, 10, 70, 70)
    view.show_frame(FRAME, square=False)
    view.frame_pulled.disconnect()
    with qtbot.waitSignal(view.frame_pulled) as signal:
        drag(qtbot, view, at(view, 120, 50), at(view, 150, 50))
    assert signal.args is not None
    assert signal.args[0][1::2] == [20, 60] or signal.args[0][1] == 20
    assert view.place is None


def test_ctrl_moves_it_from_within(
    qtbot: QtBot, view: PictureView, heard: list[tuple[Region, bool]]
) -> None:
    drag(qtbot, view, at(view, 90, 50), at(view, 100, 45), MOD.ControlModifier)
    assert view.frame == (70, 15, 60, 60)
    assert heard[-1] == ((70, 15, 60, 60), False)
    assert view.place is None


def test_a_click_means_the_place_as_ever(
    qtbot: QtBot, view: PictureView, heard: list[tuple[Region, bool]]
) -> None:
    told: list[Place | None] = []
    view.place_pointed.connect(told.append)
    for x, y in ((90, 50), (60, 20), (75, 20), (150, 50)):
        qtbot.mouseClick(view, LEFT, pos=at(view, x, y))
        assert told[-1] == pytest.approx((x, y), abs=0.6)
    qtbot.mouseClick(view, LEFT, pos=at(view, 75, 20))
    qtbot.mouseClick(view, LEFT, pos=at(view, 75, 20))
    assert told[-1] is None, "on the border too a click on the place takes it away"
    drag(qtbot, view, at(view, 90, 50), at(view, 95, 55))
    assert told[-1] == pytest.approx((95, 55), abs=0.6), "dragged inside it is the place"
    assert heard == []


def test_escape_gives_the_movement_up(qtbot: QtBot, view: PictureView) -> None:
    drag(qtbot, view, at(view, 120, 80), at(view, 130, 90), release=False)
    with qtbot.waitSignal(view.frame_given_up):
        qtbot.keyClick(view, KEY.Key_Escape)
    with qtbot.assertNotEmitted(view.frame_pulled):
        qtbot.mouseRelease(view, LEFT, pos=at(view, 130, 90))
    assert view.place is None


def test_by_the_keyboard(qtbot: QtBot, view: PictureView, heard: list[tuple[Region, bool]]) -> None:
    assert "Alt and arrow keys move the frame" in view.accessibleDescription()
    qtbot.keyClick(view, KEY.Key_Right, MOD.AltModifier)
    assert heard == [((62, 20, 60, 60), True), ((62, 20, 60, 60), False)]
    qtbot.keyClick(view, KEY.Key_Up, MOD.AltModifier | MOD.ShiftModifier)
    assert view.frame == (62, 19, 60, 60)
    qtbot.keyClicks(view, "+")
    assert view.frame == (59, 16, 66, 66)
    qtbot.keyClicks(view, "-")
    assert view.frame == (62, 19, 60, 60)
    with qtbot.waitSignal(view.frame_undo_asked):
        qtbot.keyClick(view, KEY.Key_Z, MOD.ControlModifier)
    qtbot.keyPress(view, KEY.Key_Down, MOD.AltModifier)
    assert heard[-1][1]
    view.clearFocus()
    assert not heard[-1][1], "a key that is let go elsewhere ends the movement too"
    assert view.place is None


def test_the_pointer_says_what_pulling_does(qtbot: QtBot, view: PictureView) -> None:
    shape = Qt.CursorShape
    for place, cursor in {
        (60, 20): shape.SizeFDiagCursor, (120, 20): shape.SizeBDiagCursor,
        (90, 80): shape.SizeVerCursor, (120, 50): shape.SizeHorCursor,
        (75, 20): shape.SizeAllCursor, (90, 50): shape.ArrowCursor,
    }.items():  # fmt: skip
        qtbot.mouseMove(view, at(view, *place))
        assert view.cursor().shape() == cursor, place


def test_what_is_framed_lies_in_the_light(view: PictureView) -> None:
    image = view.grab().toImage()
    assert image.pixelColor(at(view, 90, 50)).red() == 128
    assert image.pixelColor(at(view, 30, 50)).red() < 90
    corner = image.pixelColor(at(view, 60, 20) + QPoint(5, 2))
    assert corner.red() > 230, "the corner's handle"
    view.show_frame(None)
    assert view.grab().toImage().pixelColor(at(view, 30, 50)).red() == 128


def test_a_frame_goes_with_a_picture_of_another_size(qtbot: QtBot, view: PictureView) -> None:
    view.show_picture(plain(90))
    assert view.frame == FRAME, "the next frame of a film: the hand holds on"
    drag(qtbot, view, at(view, 120, 80), at(view, 130, 90), release=False)
    view.show_picture(plain(80))
    qtbot.mouseMove(view, at(view, 125, 85))
    assert view.frame == (60, 20, 65, 65)
    assert view.cursor().shape() != Qt.CursorShape.ArrowCursor
    with qtbot.waitSignal(view.frame_given_up):  # or the state would wait for the hand for ever
        view.show_picture(plain(90, 50, 50))
    assert view.frame is None
    qtbot.mouseRelease(view, LEFT)


# below the picture


def offer(framing: Framing = AS_TRAINED, rules=PHOTO) -> FramingOffered:  # type: ignore[no-untyped-def]
    return FramingOffered(rules, framing, frame_of(200, 100, rules, framing))


def test_the_bar_says_how_and_warns(qtbot: QtBot) -> None:
    bar = FramingBar()
    qtbot.addWidget(bar)
    assert not bar.isVisibleTo(None)  # type: ignore[arg-type]
    bar.show_offer(offer())
    bar.show()
    assert (bar.fit_button.text(), bar.warning.isVisible()) == ("Crop", False)
    assert not bar.reset_button.isVisible()
    before = bar.sizeHint().height()
    bar.show_offer(offer(Framing("squash")))
    assert bar.fit_button.text() == "Squash"
    assert bar.fits["squash"].isChecked()
    assert bar.warning.text() == "squashed: not as trained"
    assert bar.warning.toolTip().startswith("Squashed: these weights expect the centre crop.")
    assert bar.reset_button.isVisible()
    assert bar.sizeHint().height() == before, "the picture keeps its place"
    with qtbot.waitSignal(bar.fit_chosen) as chosen:
        bar.fits["pad"].trigger()
    assert chosen.args == ["pad"]
    with qtbot.waitSignal(bar.reset_asked):
        qtbot.mouseClick(bar.reset_button, LEFT)
    bar.show_offer(offer(Framing(region=(0, 0, 0.5, 1)), DIGIT))
    assert not bar.fit_button.isVisible()
    assert not bar.warning.isVisible(), "a digit is set as in training wherever it is looked for"
    assert bar.reset_button.isVisible()
    bar.show_offer(None)
    assert not bar.isVisible()


def test_the_steps_are_told_and_copied(qtbot: QtBot) -> None:
    bar = FramingBar()
    qtbot.addWidget(bar)
    bar.show_offer(offer())
    bar.show()
    qtbot.mouseClick(bar.steps_button, LEFT)
    steps = bar.steps
    assert steps.isVisible()
    assert steps.text().splitlines() == [
        "shorter side\tto 256, bilinear", "centre crop\t224 × 224", "values\t0 to 1, RGB",
        "minus mean\t0.485, 0.456, 0.406", "over deviation\t0.229, 0.224, 0.225",
    ]  # fmt: skip
    qtbot.mouseClick(steps.copy_button, LEFT)
    assert QGuiApplication.clipboard().text() == steps.text()
    bar.show_offer(offer(Framing("pad")))
    assert "with (124, 116, 104)" in steps.text(), "it follows"
    qtbot.keyClick(steps, KEY.Key_Escape)
    assert not steps.isVisible()


def test_the_panel_frames_what_the_network_looks_at(qtbot: QtBot) -> None:
    panel = InputPanel()
    qtbot.addWidget(panel)
    panel.resize(panel.minimumSize())
    panel.show()
    panel.show_framing(offer())
    assert panel.picture_view.frame is None
    panel.show_picture(plain())
    panel.show_framing(offer())
    assert panel.framing_bar.isVisible()
    assert panel.picture_view.frame == offer().frame
    panel.set_compared(True)
    assert panel.picture_view.frame is None, "each network has its own"
    panel.show_framing(offer(Framing("pad")))
    panel.framing_bar.steps_button.load_icon()
    panel.framing_bar.reset_button.load_icon()
    assert panel.picture_view.frame == (0, 0, 200, 100)
    panel.set_compared(False)
    bar = panel.framing_bar
    panel.layout().activate()
    bar.layout().activate()
    assert bar.warning.width() >= bar.warning.width_of(short=True)
    assert bar.reset_button.geometry().right() <= bar.width()
    panel.show_pad()
    assert not bar.isVisible()


def test_as_in_a_mirror_a_frame_is_pulled_where_it_is_seen(
    qtbot: QtBot, view: PictureView, heard: list[tuple[Region, bool]]
) -> None:
    view.set_mirrored(True)
    drag(qtbot, view, at(view, 200 - 60, 80), at(view, 200 - 50, 90))  # its left, on the right
    assert view.frame == (50, 20, 70, 70)
    drag(qtbot, view, at(view, 200 - 85, 50), at(view, 200 - 95, 55), MOD.ControlModifier)
    assert view.frame == (60, 25, 70, 70)
    qtbot.keyClick(view, KEY.Key_Right, MOD.AltModifier | MOD.ShiftModifier)
    assert view.frame == (59, 25, 70, 70)
    assert not heard[-1][1]
