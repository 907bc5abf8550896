"""Between numpy arrays and Qt's images, both ways. QtGui alone: no widgets, no screen needed."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QBuffer, QIODevice, QPoint, Qt
from PySide6.QtGui import QColor, QColorSpace, QImage, QPainter

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.picture import Picture
from cnn_explorer.probe.colormaps import ColormapName, colour_table


def to_qimage(pixels: npt.NDArray[np.uint8]) -> QImage:
    """An image of uint8 pixels (H, W, 3) or (H, W), that owns its data.

    Any strides will do. An array without pixels gives a null image; another type or shape raises
    `ValueError`, for that is a mistake of the program.
    """
    if pixels.dtype != np.uint8 or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise ValueError(f"not a uint8 picture: {pixels.dtype} {pixels.shape}")
    height, width = pixels.shape[:2]
    if not height or not width:
        return QImage()
    packed = np.ascontiguousarray(pixels)
    form = QImage.Format.Format_Grayscale8 if packed.ndim == 2 else QImage.Format.Format_RGB888
    view = QImage(packed.data, width, height, packed.strides[0], form)
    return view.copy()  # QImage keeps only a bare pointer to the array


def to_picture(image: QImage, name: str) -> Picture:
    """A picture from an image of any format; what is transparent comes to lie on white.

    An embedded colour space is converted to sRGB, which is what networks were trained on.
    A null image raises `ExplorerError`.
    """
    if image.isNull():
        raise ExplorerError(f"{name} holds no picture: copy or open another one.")
    space = image.colorSpace()
    srgb = QColorSpace(QColorSpace.NamedColorSpace.SRgb)
    if space.isValid() and space != srgb:
        converted = image.convertedToColorSpace(srgb)
        if not converted.isNull():
            image = converted
    if image.hasAlphaChannel():
        opaque = QImage(image.size(), QImage.Format.Format_RGB32)
        opaque.fill(Qt.GlobalColor.white)
        flat = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        flat.setDevicePixelRatio(1.0)  # else the painter would shrink it
        painter = QPainter(opaque)
        painter.drawImage(QPoint(0, 0), flat)
        painter.end()
        image = opaque
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    width, height = rgb.width(), rgb.height()
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(height, rgb.bytesPerLine())
    pixels = np.array(rows[:, : width * 3]).reshape(height, width, 3)  # rows are padded to 4 bytes
    pixels.setflags(write=False)
    return Picture(rgb=pixels, name=name)


def indexed_colours(name: ColormapName, ground: QColor) -> list[int]:
    """The colour table of an indexed image of values: a colour map, with `ground` for no value.
    It is not to be changed."""
    return _indexed_colours(name, (ground.red(), ground.green(), ground.blue()))


@lru_cache(maxsize=16)
def _indexed_colours(name: ColormapName, ground: tuple[int, int, int]) -> list[int]:
    table = colour_table(name, ground).astype(np.uint32)
    packed = 0xFF000000 | table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2]
    return [int(colour) for colour in packed]


def png_bytes(image: QImage) -> bytes:
    """An image as a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
