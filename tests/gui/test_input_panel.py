"""The input panel: pictures in both directions, what is shown, what is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.qimages import to_picture, to_qimage
from cnn_explorer.gui.widgets.input_panel import InputPanel
from cnn_explorer.gui.widgets.picture_view import PictureView, SeenPreview
from cnn_explorer.gui.widgets.samples_row import SamplesRow
from cnn_explorer.media.picture import Picture
from cnn_explorer.media.samples import Sample
from cnn_explorer.probe.results import PreparedInput

pytestmark = pytest.mark.usefixtures("themed")
LEFT = Qt.MouseButton.LeftButton
FORMATS = QImage.Format


def picture(width: int = 60, height: int = 40, name: str = "a.png") -> Picture:
    rng = np.random.default_rng(0)
    return Picture(rng.integers(0, 256, (height, width, 3), dtype=np.uint8), name)


def prepared(side: int = 32, channels: int = 3) -> PreparedInput:
    seen = np.full((side, side, 3), 90, np.uint8)
    tensor = np.zeros((channels, side, side), np.float32)
    return PreparedInput(tensor, seen, (10.0, 0.0, 40.0, 40.0), 1.0)


# Pictures to and from Qt


@pytest.mark.parametrize("width", [1, 3, 5, 8])  # rows that Qt pads and rows that it does not
def test_a_picture_survives_the_way_to_qt_and_back(width: int) -> None:
    before = picture(width, 4)
    image = to_qimage(before.rgb)
    assert image.size() == QSize(width, 4)
    assert image.pixelColor(0, 3) == QColor(*before.rgb[3, 0].tolist())
    after = to_picture(image, "b.png")
    np.testing.assert_array_equal(after.rgb, before.rgb)
    assert after.rgb.flags.c_contiguous
    assert after.name == "b.png"


def test_an_image_owns_its_pixels() -> None:
    pixels = np.full((2, 3), 7, np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 200
    assert image.pixelColor(1, 1) == QColor(7, 7, 7)


def test_strided_views_are_taken_as_they_look() -> None:
    pixels = picture(8, 6).rgb
    np.testing.assert_array_equal(
        to_picture(to_qimage(pixels[::2, ::-1]), "").rgb, pixels[::2, ::-1]
    )


def test_an_array_without_pixels_gives_a_null_image_and_wrong_ones_are_refused() -> None:
    assert to_qimage(np.zeros((0, 4, 3), np.uint8)).isNull()
    for wrong in (np.zeros((2, 2), np.float32), np.zeros((2, 2, 4), np.uint8)):
        with pytest.raises(ValueError, match="not a uint8 picture"):
            to_qimage(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "colour", "expected"),
    [
        (FORMATS.Format_ARGB32, QColor(255, 0, 0, 0), (255, 255, 255)),
        (FORMATS.Format_ARGB32_Premultiplied, QColor(0, 0, 0, 0), (255, 255, 255)),
        (FORMATS.Format_RGBA8888, QColor(0, 0, 0, 51), (204, 204, 204)),
        (FORMATS.Format_RGB32, QColor(1, 2, 3), (1, 2, 3)),
        (FORMATS.Format_Grayscale8, QColor(80, 80, 80), (80, 80, 80)),
        (FORMATS.Format_Grayscale16, QColor(80, 80, 80), (80, 80, 80)),
        (FORMATS.Format_RGBA64, QColor(10, 20, 30), (10, 20, 30)),
        (FORMATS.Format_Mono, QColor(Qt.GlobalColor.white), (255, 255, 255)),
    ],
)
def test_any_format_becomes_rgb_on_white(
    form: QImage.Format, colour: QColor, expected: tuple[int, int, int]
) -> None:
    image = QImage(5, 3, form)
    image.fill(1 if form == FORMATS.Format_Mono else colour)
    image.setDevicePixelRatio(2.0)
    rgb = to_picture(image, "x").rgb
    assert rgb.shape == (3, 5, 3)
    np.testing.assert_array_equal(rgb, np.broadcast_to(np.uint8(expected), rgb.shape))


def test_a_null_image_is_one_clear_sentence() -> None:
    with pytest.raises(ExplorerError, match=r"The clipboard holds no picture: .*\.$"):
        to_picture(QImage(), "The clipboard")


# The picture view


def test_the_picture_keeps_its_aspect_and_lies_in_the_middle(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(302, 202)
    view.show_picture(picture(400, 100))
    area = view.picture_rect()
    assert (area.width(), area.height()) == (300, 75)
    assert abs(area.center().y() - 101) <= 1
    view.show_picture(picture(50, 100))
    assert (view.picture_rect().width(), view.picture_rect().height()) == (100, 200)


def test_what_the_network_does_not_see_is_dimmed(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(122, 82)
    white = Picture(np.full((80, 120, 3), 255, np.uint8), "white")
    view.show_picture(white)
    view.show_crop((20, 0, 80, 80))
    grabbed = view.grab().toImage()
    outside, inside = grabbed.pixelColor(6, 41), grabbed.pixelColor(61, 41)
    assert inside == QColor(255, 255, 255)
    assert outside.lightness() < 150
    view.show_picture(replace(white, name="other"))  # its crop is not known yet
    assert view.grab().toImage().pixelColor(6, 41) == QColor(255, 255, 255)


def test_a_huge_picture_is_thinned_for_the_screen(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(200, 200)
    view.show_picture(Picture(np.zeros((100, 9000, 3), np.uint8), "strip"))
    assert not view.grab().isNull()
    view.copy()
    assert QGuiApplication.clipboard().image().size() == QSize(9000, 100)
    QGuiApplication.clipboard().clear()


def test_the_empty_view_says_what_to_do_and_opens_on_a_click(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.show()
    assert "Ctrl+O" in view.accessibleDescription()
    with qtbot.waitSignal(view.open_asked):
        qtbot.mouseClick(view, LEFT)
    with qtbot.waitSignal(view.open_asked):
        qtbot.keyClick(view, Qt.Key.Key_Return)
    view.show_picture(picture())
    with qtbot.assertNotEmitted(view.open_asked):
        qtbot.mouseClick(view, LEFT)
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(
        to_picture(QGuiApplication.clipboard().image(), "").rgb, picture().rgb
    )
    QGuiApplication.clipboard().clear()


def test_a_name_is_never_taken_for_markup(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.show_picture(Picture(picture().rgb, "<img src=x>.png", "/tmp/<b>.png", note="First of 2."))
    assert "&lt;b&gt;" in view.toolTip()
    assert "<b>" not in view.toolTip()
    assert "First of 2." in view.toolTip()


def test_the_preview_says_its_size(qtbot: QtBot) -> None:
    seen = SeenPreview()
    qtbot.addWidget(seen)
    assert seen.accessibleDescription() == ""
    seen.show_prepared(prepared(224))
    assert seen.accessibleDescription() == "224 × 224, RGB"
    seen.show_prepared(prepared(32, channels=1))
    assert seen.accessibleDescription() == "32 × 32, grey"
    seen.show()
    for stacked in (False, True):
        seen.arrange(stacked=stacked, side=90)
        seen.resize(seen.sizeHint())
        assert not seen.grab().isNull()


# The samples


def some_samples(folder: Path) -> tuple[Sample, ...]:
    made = []
    for number, kind in enumerate(("photo", "photo", "digit", "digit")):
        path = folder / f"{number}.png"
        to_qimage(picture(90, 60 + number).rgb).save(str(path))
        made.append(Sample(path.stem, f"Sample {number}", path, kind))  # type: ignore[arg-type]
    return tuple(made)


def test_samples_of_the_networks_kind_come_first(qtbot: QtBot, tmp_path: Path) -> None:
    shown = some_samples(tmp_path)
    row = SamplesRow(shown=shown)
    qtbot.addWidget(row)
    row.show()
    row.setFocus()
    view = row.focusProxy()
    for kind, order in (("digit", (2, 3, 0, 1)), ("photo", (0, 1, 2, 3)), (None, (0, 1, 2, 3))):
        row.set_kind(kind)
        with qtbot.waitSignal(row.sample_chosen) as chosen:
            qtbot.keyClick(view, Qt.Key.Key_Home)
            qtbot.keyClick(view, Qt.Key.Key_Return)
        assert chosen.args == [shown[order[0]].path]
        qtbot.keyClick(view, Qt.Key.Key_Right)
        with qtbot.waitSignal(row.sample_chosen) as chosen:
            qtbot.keyClick(view, Qt.Key.Key_Space)
        assert chosen.args == [shown[order[1]].path]


def test_thumbnails_come_after_the_row_is_shown_and_a_bad_file_does_no_harm(
    qtbot: QtBot, tmp_path: Path
) -> None:
    shown = some_samples(tmp_path)
    shown[1].path.write_bytes(b"no picture")
    row = SamplesRow(shown=shown)
    qtbot.addWidget(row)
    model = row._model
    role = Qt.ItemDataRole.DecorationRole
    assert model.index(0, 0).data(role) is None
    row.show()
    qtbot.waitUntil(lambda: not row._loader.isActive())
    first = model.index(0, 0).data(role)
    assert first.width() == first.height() > 0
    assert model.index(1, 0).data(role).isNull()
    assert not row.grab().isNull()
    assert model.index(2, 0).data(Qt.ItemDataRole.ToolTipRole) == "Sample 2"


def test_a_row_too_long_scrolls_at_its_ends(qtbot: QtBot, tmp_path: Path) -> None:
    row = SamplesRow(shown=some_samples(tmp_path))
    qtbot.addWidget(row)
    row.resize(120, row.height())
    row.show()
    qtbot.waitUntil(lambda: not row._loader.isActive())
    bar = row._view.horizontalScrollBar()
    viewport = row._view.viewport()
    assert bar.maximum() > 0
    right_end = QPoint(viewport.width() - 4, viewport.height() // 2)
    with qtbot.assertNotEmitted(row.sample_chosen):
        qtbot.mouseClick(viewport, LEFT, pos=right_end)
    assert bar.value() > 0


# The panel


@pytest.fixture
def panel(qtbot: QtBot) -> InputPanel:
    made = InputPanel()
    qtbot.addWidget(made)
    made.resize(316, 460)
    made.show()
    return made


def draw(qtbot: QtBot, panel: InputPanel) -> None:
    paper = panel.pad.paper
    middle = paper.rect().center()
    qtbot.mousePress(paper, LEFT, pos=middle)
    qtbot.mouseMove(paper, middle * 1.3)
    qtbot.mouseRelease(paper, LEFT, pos=middle * 1.3)


def test_a_digit_network_offers_the_pad_until_something_was_put_in(panel: InputPanel) -> None:
    assert panel.picture_view.isVisible()
    panel.set_kind("digit")
    assert panel.pad.isVisible()
    panel.set_kind("photo")
    assert panel.picture_view.isVisible()
    panel.show_picture(picture())
    panel.set_kind("digit")
    assert panel.picture_view.isVisible()


def test_the_crop_and_the_preview_belong_to_the_picture_shown(
    qtbot: QtBot, panel: InputPanel
) -> None:
    shown = picture()
    panel.show_prepared(prepared())  # nothing is shown: an answer too late
    assert panel.seen.accessibleDescription() == ""
    panel.show_picture(shown)
    panel.show_prepared(prepared())
    assert panel.picture_view._crop == (10.0, 0.0, 40.0, 40.0)
    assert panel.seen.accessibleDescription() == "32 × 32, RGB"
    panel.show_prepared(None)
    assert panel.picture_view._crop is None
    panel.show_pad()
    draw(qtbot, panel)
    panel.show_prepared(prepared(channels=1))  # of the drawing
    assert panel.picture_view._crop is None
    assert panel.seen.accessibleDescription() == "32 × 32, grey"


def test_a_drawing_that_comes_back_stays_on_the_pad(qtbot: QtBot, panel: InputPanel) -> None:
    panel.show_pad()
    with qtbot.waitSignal(panel.drawing_changed) as drawn:
        draw(qtbot, panel)
    assert drawn.args is not None
    panel.show_picture(drawn.args[0])
    assert panel.pad.isVisible()
    assert panel.picture_view.picture is None


def test_the_paper_keeps_its_size_when_the_first_stroke_is_drawn(
    qtbot: QtBot, panel: InputPanel
) -> None:
    panel.show_pad()
    qtbot.waitUntil(panel.pad.isVisible)
    before = panel.pad.paper.area()
    draw(qtbot, panel)
    panel.show_prepared(prepared())
    panel.layout().activate()
    assert panel.pad.paper.area() == before


def test_turning_the_page_shows_the_network_what_lies_there(
    qtbot: QtBot, panel: InputPanel
) -> None:
    shown = picture()
    panel.show_picture(shown)
    panel.show_pad()
    draw(qtbot, panel)
    segment = panel.switch._group.button(0)
    with qtbot.waitSignal(panel.picture_chosen) as chosen:
        qtbot.mouseClick(segment, LEFT)
    assert chosen.args is not None
    assert chosen.args[0] is shown
    with qtbot.assertNotEmitted(panel.picture_chosen):
        qtbot.mouseClick(segment, LEFT)
    with qtbot.waitSignal(panel.drawing_changed):
        panel.show_pad()
    with qtbot.waitSignal(panel.drawing_cleared):
        qtbot.mouseClick(panel.pad.clear_button, LEFT)


def test_clearing_a_pad_the_network_does_not_look_at_tells_nothing(
    qtbot: QtBot, panel: InputPanel
) -> None:
    panel.show_pad()
    draw(qtbot, panel)
    panel.show_picture(picture())
    with qtbot.assertNotEmitted(panel.drawing_cleared):
        panel.pad.clear()


def test_the_buttons_ask(qtbot: QtBot, panel: InputPanel) -> None:
    with qtbot.waitSignal(panel.open_asked):
        qtbot.mouseClick(panel.open_button, LEFT)
    with qtbot.waitSignal(panel.paste_asked):
        qtbot.mouseClick(panel.paste_button, LEFT)
    assert "Ctrl+O" in panel.open_button.toolTip()
    assert "Ctrl+V" in panel.paste_button.toolTip()


@pytest.mark.parametrize("size", [(240, 250), (240, 500), (420, 300), (900, 250), (316, 460)])
def test_nothing_is_squeezed_out_at_any_size(
    qtbot: QtBot, panel: InputPanel, size: tuple[int, int]
) -> None:
    panel.show_picture(picture())
    panel.show_prepared(prepared())
    panel.resize(*size)
    qtbot.waitUntil(lambda: panel.size() == QSize(*size))
    panel.layout().activate()
    inside = panel.rect()
    for part in (panel.picture_view, panel.seen, panel.samples, panel.open_button):
        corner = part.mapTo(panel, part.rect().bottomRight())
        assert inside.contains(corner)
        assert not part.size().isEmpty()
    assert panel.picture_view.picture_rect().width() >= 60


def test_frame_after_frame_keeps_the_crop_in_sight(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(122, 82)
    white = Picture(np.full((80, 120, 3), 255, np.uint8), "film")
    view.show_picture(white)
    view.show_crop((20, 0, 80, 80))
    view.show_picture(replace(white))  # the next one: else its shade would flicker
    assert view.grab().toImage().pixelColor(6, 41).lightness() < 150
    view.show_picture(Picture(white.rgb[:60], "film"))  # of another size
    assert view.grab().toImage().pixelColor(6, 41) == QColor(255, 255, 255)
