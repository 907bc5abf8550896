"""A camera that is taken, refused, unplugged and plugged in again, in the real window."""

import pytest

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QVideoFrame

from cnn_explorer.gui.multimedia.cameras import CameraSource
from tests.gui.fake_camera import FRONT, FakeCameras
from tests.gui.fake_live import FakeSources
from tests.journeys.conftest import Stage


class OneCamera(FakeSources):
    """Whose driver is a test's, and all else the program's."""

    def __init__(self, driver: FakeCameras) -> None:
        super().__init__()
        self.watched = CameraSource(driver, FRONT.id, patience_ms=300)

    def camera(self, id: str = "", resolution: object = None) -> CameraSource:  # type: ignore[override]
        del id, resolution
        return self.watched


def grey(value: int) -> QVideoFrame:
    image = QImage(64, 48, QImage.Format.Format_RGB32)
    image.fill(0xFF000000 | value * 0x010101)
    return QVideoFrame(image)


def test_whatever_befalls_a_camera_is_said_and_gone_on_from(stage: Stage) -> None:
    window, qtbot = stage.window, stage.qtbot
    assert window.panels is not None
    cameras = FakeCameras(FRONT)
    sources = OneCamera(cameras)
    window.watching._find_sources = lambda: sources
    page = window.panels.input_panel.live_page
    card = page.view.card

    def answers(value: int) -> bool:
        """Whether a frame that is given now is shown and answered, with nothing on it."""
        cameras.give(grey(value))

        def is_there() -> bool:
            given = stage.explorer.answers
            return given is not None and int(given.picture.rgb[0, 0, 0]) == value

        qtbot.waitUntil(is_there, timeout=30_000)
        return page.view.picture is not None and int(page.view.picture.rgb[0, 0, 0]) == value

    def try_again() -> None:
        qtbot.mouseClick(card.button, Qt.MouseButton.LeftButton)

    window.commands.camera.trigger()
    assert answers(40)
    assert card.isHidden()
    cameras.unplug(FRONT)
    assert "was unplugged" in card.label.text()
    try_again()
    assert "is not plugged in" in card.label.text()
    assert window.commands.camera.isChecked(), "it is still what is watched"
    cameras.plug_in(FRONT)
    cameras.give(grey(1))
    assert card.isHidden()
    assert answers(50)
    cameras.fail("taken")
    assert "another program" in card.label.text()
    cameras.fault_at_opening = "taken"
    try_again()
    assert card.isVisible()
    cameras.fault_at_opening = None
    try_again()
    cameras.give(grey(2))
    assert card.isHidden()
    assert answers(60)
    qtbot.waitUntil(card.isVisible)  # it falls silent
    assert "gives no picture" in card.label.text()
    assert answers(70)
    cameras.allowed = "denied"
    cameras.fail("broken")
    try_again()
    assert "may not use Front Camera" in card.label.text()
    cameras.allowed = "undetermined"
    try_again()
    cameras.answer("granted")
    assert answers(80)

    qtbot.keyClick(page.view, Qt.Key.Key_Space)
    stage.settle()
    cameras.unplug(FRONT)
    assert window.live.frozen
    assert "was unplugged" in card.label.text()
    cameras.plug_in(FRONT)
    cameras.give(grey(90))
    qtbot.keyClick(page.view, Qt.Key.Key_Space)
    assert answers(100)
    window.commands.camera.trigger()
    assert window.live.source is None
    assert not cameras.is_open
    sources.watched.deleteLater()
