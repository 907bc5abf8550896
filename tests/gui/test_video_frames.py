"""Frames become the pictures they are of, whatever format they come in.

The oracle is the recommendations' equations in floating point; where Qt's own conversion knows no
better than BT.601 in the range of video, it is a second one.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

from PySide6.QtCore import QBuffer, QIODevice, QSize, qInstallMessageHandler
from PySide6.QtGui import QImage
from PySide6.QtMultimedia import QtVideo, QVideoFrame, QVideoFrameFormat

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.multimedia.frames import picture_of, shown_size
from tests.gui.video_frames import (
    Format,
    Range,
    Space,
    as_bytes,
    filled,
    form_of,
    interleaved,
    luma_and_chroma,
    to_rgb,
)

SIZES = [(64, 48), (63, 47), (641, 3), (2, 2), (5, 3), (20, 601)]
SPACES = [
    (Space.ColorSpace_BT601, "601"),
    (Space.ColorSpace_BT709, "709"),
    (Space.ColorSpace_BT2020, "2020"),
]
RANGES = [(Range.ColorRange_Video, False), (Range.ColorRange_Full, True)]

Noise = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]


def planes(kind: Format, noise: Noise) -> list[npt.NDArray[np.uint8]]:
    """The rows of bytes in which a format writes luma and chroma."""
    y, u, v = noise
    if kind == Format.Format_NV12:
        return [as_bytes(y), as_bytes(interleaved(u, v))]
    if kind == Format.Format_NV21:
        return [as_bytes(y), as_bytes(interleaved(v, u))]
    if kind in (Format.Format_YUV420P, Format.Format_YUV422P):
        return [as_bytes(y), as_bytes(u), as_bytes(v)]
    if kind == Format.Format_YV12:
        return [as_bytes(y), as_bytes(v), as_bytes(u)]
    if kind == Format.Format_P010:
        return [as_bytes(y, 6), as_bytes(interleaved(u, v), 6)]
    if kind == Format.Format_P016:
        return [as_bytes(y, 0), as_bytes(interleaved(u, v), 0)]
    if kind == Format.Format_YUV420P10:
        return [as_bytes(y, 0), as_bytes(u, 0), as_bytes(v, 0)]
    if kind in (Format.Format_YUYV, Format.Format_UYVY):
        if y.shape[1] % 2:
            y = np.pad(y, ((0, 0), (0, 1)))
        four = (y[:, ::2], u, y[:, 1::2], v)
        if kind == Format.Format_UYVY:
            four = (u, y[:, ::2], v, y[:, 1::2])
        return [as_bytes(interleaved(*four))]
    assert kind == Format.Format_AYUV
    return [as_bytes(interleaved(np.full_like(y, 255), y, u, v))]


KINDS = {  # how many pixels down and across share chroma, and the bits of a value
    Format.Format_NV12: (2, 2, 8),
    Format.Format_NV21: (2, 2, 8),
    Format.Format_YUV420P: (2, 2, 8),
    Format.Format_YV12: (2, 2, 8),
    Format.Format_YUV422P: (1, 2, 8),
    Format.Format_YUYV: (1, 2, 8),
    Format.Format_UYVY: (1, 2, 8),
    Format.Format_AYUV: (1, 1, 8),
    Format.Format_P010: (2, 2, 10),
    Format.Format_P016: (2, 2, 16),
    Format.Format_YUV420P10: (2, 2, 10),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_luma_and_chroma_by_the_recommendations(kind: Format, size: tuple[int, int]) -> None:
    down, across, bits = KINDS[kind]
    noise = luma_and_chroma(*size, down, across, 2**bits - 1)
    scale = 2.0 ** (bits - 8)
    for space, named in SPACES:
        for range_, full in RANGES:
            frame = filled(form_of(kind, *size, space, range_), planes(kind, noise))
            picture = picture_of(frame, "a camera")
            expected = to_rgb(*(values / scale for values in noise), named, full)
            # Qt leaves out the last row of chroma of odd heights: the one above stands for it
            rows = size[1] - size[1] % 2 if down == 2 and size[1] > 1 else size[1]
            assert picture.rgb.shape == (size[1], size[0], 3)
            assert picture.rgb.dtype == np.uint8
            assert picture.rgb.flags.c_contiguous
            assert np.abs(picture.rgb[:rows] - expected[:rows]).max() <= 2


def test_what_says_nothing_is_of_a_television_up_to_576_lines_and_of_hd_above() -> None:
    for height, named in ((576, "601"), (578, "709")):
        noise = luma_and_chroma(8, height, 2, 2)
        frame = filled(form_of(Format.Format_NV12, 8, height), planes(Format.Format_NV12, noise))
        expected = to_rgb(*noise, named, False)
        assert np.abs(picture_of(frame, "").rgb - expected).max() <= 2


@pytest.mark.parametrize(
    "kind",
    [
        Format.Format_NV12,
        Format.Format_NV21,
        Format.Format_YUV420P,
        Format.Format_YV12,
        Format.Format_YUV422P,
        Format.Format_YUYV,
        Format.Format_UYVY,
        Format.Format_P016,
    ],
)
def test_qt_agrees_where_it_converts_rightly(kind: Format) -> None:
    down, across, bits = KINDS[kind]
    noise = luma_and_chroma(64, 48, down, across, 2**bits - 1)
    form = form_of(kind, 64, 48, Space.ColorSpace_BT601, Range.ColorRange_Video)
    frame = filled(form, planes(kind, noise))
    previous = qInstallMessageHandler(lambda *_said: None)  # that there is no graphics card
    image = frame.toImage().convertToFormat(QImage.Format.Format_RGB888)
    qInstallMessageHandler(previous)
    theirs = np.frombuffer(image.constBits(), np.uint8).reshape(48, -1)[:, :192]
    apart = np.abs(picture_of(frame, "").rgb - theirs.reshape(48, 64, 3).astype(int))
    assert apart.max() <= (2 if bits == 8 else 4)  # it cuts the lower bits off


BYTES = {
    Format.Format_ARGB8888: "ARGB",
    Format.Format_XRGB8888: "ARGB",
    Format.Format_BGRA8888: "BGRA",
    Format.Format_BGRA8888_Premultiplied: "BGRA",
    Format.Format_BGRX8888: "BGRA",
    Format.Format_ABGR8888: "ABGR",
    Format.Format_XBGR8888: "ABGR",
    Format.Format_RGBA8888: "RGBA",
    Format.Format_RGBX8888: "RGBA",
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", BYTES)
def test_four_bytes_a_pixel(kind: Format, size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3))
    by_name = {name: rgb[..., at] for at, name in enumerate("RGB")}
    by_name["A"] = np.zeros_like(rgb[..., 0])  # a screen leaves nothing there
    rows = as_bytes(interleaved(*(by_name[name] for name in BYTES[kind])))
    picture = picture_of(filled(form_of(kind, *size), [rows]), "")
    assert np.array_equal(picture.rgb, rgb)
    assert picture.rgb.flags.c_contiguous


@pytest.mark.parametrize("size", SIZES)
def test_grey(size: tuple[int, int]) -> None:
    y = np.random.default_rng(3).integers(0, 256, (size[1], size[0]))
    fine = np.random.default_rng(4).integers(0, 65_536, (size[1], size[0]))
    grey = picture_of(filled(form_of(Format.Format_Y8, *size), [as_bytes(y)]), "").rgb
    assert np.array_equal(grey, np.stack([y] * 3, -1))
    form = form_of(Format.Format_Y8, *size, range_=Range.ColorRange_Video)
    grey = picture_of(filled(form, [as_bytes(y)]), "").rgb
    assert np.abs(grey[..., 1] - np.clip((y - 16) * 255 / 219, 0, 255)).max() <= 1
    grey = picture_of(filled(form_of(Format.Format_Y16, *size), [as_bytes(fine, 0)]), "").rgb
    assert np.abs(grey[..., 2] - fine / 256).max() <= 1


def jpeg_frame(data: bytes, width: int, height: int) -> QVideoFrame:
    frame = QVideoFrame(form_of(Format.Format_Jpeg, width, height))
    assert frame.map(QVideoFrame.MapMode.WriteOnly)
    memory = np.frombuffer(frame.bits(0), np.uint8)
    memory[: len(data)] = np.frombuffer(data, np.uint8)
    memory[len(data) :] = 0
    frame.unmap()
    return frame


def test_jpeg() -> None:
    image = QImage(64, 48, QImage.Format.Format_RGB888)
    image.fill(0xFF3070C0)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, "JPG", 95)
    picture = picture_of(jpeg_frame(buffer.data().data(), 64, 48), "the camera")
    assert picture.rgb.shape == (48, 64, 3)
    assert np.abs(picture.rgb - np.array([0x30, 0x70, 0xC0])).max() <= 3
    with pytest.raises(ExplorerError, match="frame from the camera"):
        picture_of(jpeg_frame(b"nothing of the kind", 64, 48), "the camera")


@pytest.mark.parametrize("on_frame", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("upside_down", [False, True])
def test_a_frame_is_turned_and_mirrored_as_it_says(
    turns: int, mirrored: bool, upside_down: bool, on_frame: bool
) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (3, 5, 3))
    form = form_of(Format.Format_RGBX8888, 5, 3)
    rotation = QtVideo.Rotation(90 * turns)
    if upside_down:
        form.setScanLineDirection(QVideoFrameFormat.Direction.BottomToTop)
    if not on_frame:
        form.setRotation(rotation)
        form.setMirrored(mirrored)
    rows = as_bytes(interleaved(*(rgb[..., at] for at in range(3)), rgb[..., 0]))
    frame = filled(form, [rows])
    if on_frame:
        frame.setRotation(rotation)
        frame.setMirrored(mirrored)
    picture = picture_of(frame, "")
    assert (picture.width, picture.height) == shown_size(frame)
    places = {(x, y): rgb[y, x] for x in range(5) for y in range(3)}
    if upside_down:
        places = {(x, 2 - y): colour for (x, y), colour in places.items()}
    high = 3
    for _ in range(turns):  # clockwise: what was at the left is at the top
        places = {(high - 1 - y, x): colour for (x, y), colour in places.items()}
        high = 8 - high
    if mirrored:
        places = {(picture.width - 1 - x, y): colour for (x, y), colour in places.items()}
    for (x, y), colour in places.items():
        assert np.array_equal(picture.rgb[y, x], colour)


def test_a_region_is_cut_out() -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (20, 30, 3))
    rows = as_bytes(interleaved(*(rgb[..., at] for at in range(3)), rgb[..., 0]))
    frame = filled(form_of(Format.Format_RGBX8888, 30, 20), [rows])
    assert np.array_equal(picture_of(frame, "", region=(4, 5, 6, 7)).rgb, rgb[5:12, 4:10])
    assert np.array_equal(picture_of(frame, "", region=(-4, -5, 6, 7)).rgb, rgb[:2, :2])
    assert np.array_equal(picture_of(frame, "", region=(25, 15, 60, 70)).rgb, rgb[15:, 25:])
    with pytest.raises(ExplorerError, match="region"):
        picture_of(frame, "", region=(30, 0, 6, 7))


def test_what_cannot_be_read_is_one_sentence() -> None:
    for frame in (QVideoFrame(), QVideoFrame(QVideoFrameFormat(QSize(0, 0), Format.Format_NV12))):
        with pytest.raises(ExplorerError) as caught:
            picture_of(frame, "Some Camera")
        assert str(caught.value) == ("a frame from Some Camera cannot be read: it is passed over.")


def test_pictures_say_what_they_are_and_cannot_be_written_to() -> None:
    frame = filled(form_of(Format.Format_Y8, 4, 4), [np.zeros((4, 4), np.uint8)])
    picture = picture_of(frame, "Some Camera", "/dev/video0")
    assert (picture.name, picture.source) == ("Some Camera", "/dev/video0")
    assert picture.decode_ms > 0
    with pytest.raises(ValueError, match="read-only"):
        picture.rgb[0, 0] = 1


def test_the_same_in_another_thread_when_the_frame_has_been_let_go() -> None:
    noise = luma_and_chroma(64, 48, 2, 2)
    frame = filled(form_of(Format.Format_NV12, 64, 48), planes(Format.Format_NV12, noise))
    here = picture_of(frame, "").rgb
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(picture_of, frame, "") for _ in range(8)]
        del frame
        assert all(np.array_equal(job.result().rgb, here) for job in jobs)
