"""ICO, JPEG 2000 and HEIC: what they hold, what they may cost, and what is said where they fail."""

import functools
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media import pixels
from cnn_explorer.media.decode import decode_bytes
from cnn_explorer.media.headers import Codestream, largest_in_icon
from tests.media.files import encoded, heif, png, scene


def refused(data: bytes) -> str:
    with pytest.raises(ExplorerError) as caught:
        decode_bytes(data, "odd")
    return str(caught.value)


def difference(data: bytes, expected: Image.Image) -> float:
    rgb = decode_bytes(data, "x").rgb
    assert rgb.shape == (expected.height, expected.width, 3)
    return float(np.abs(rgb.astype(int) - np.asarray(expected.convert("RGB"))).mean())


def icon(*images: bytes) -> bytes:
    """An icon file whose directory says nothing of its pictures' sizes."""
    at = 6 + 16 * len(images)
    entries = b""
    for image in images:
        entries += struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32, len(image), at)
        at += len(image)
    return struct.pack("<HHH", 0, 1, len(images)) + entries + b"".join(images)


# icons


@pytest.mark.parametrize("form", ["bmp", "png"])
def test_the_largest_picture_of_an_icon(form: str) -> None:
    data = encoded(scene(64, 64), "ICO", sizes=[(16, 16), (64, 64)], bitmap_format=form)
    assert largest_in_icon(data) == (64, 64)
    assert difference(data, scene(64, 64)) == 0


def test_what_is_clear_in_an_icon_lies_on_white() -> None:
    image = scene(32, 32).convert("RGBA")
    image.putalpha(0)
    assert (decode_bytes(encoded(image, "ICO", sizes=[(32, 32)]), "x").rgb == 255).all()


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_bomb_in_an_icon_is_refused_by_its_header(side: int) -> None:
    small = encoded(scene(8, 8), "PNG")
    bomb = png(side, side, 1, 0, b"")
    bitmap = struct.pack("<IiiHHI", 40, side, 2 * side, 1, 32, 0) + bytes(24)
    for data in (icon(small, bomb), icon(bomb), icon(bitmap), icon(bitmap, small)):
        assert largest_in_icon(data) == (side, side)
        assert f"{side} × {side} pixels" in refused(data)


# JPEG 2000


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"no_jp2": True},
        {"tile_size": (16, 16)},
        {"precinct_size": (128, 128)},
        {"codeblock_size": (4, 4)},
    ],
)
def test_jpeg_2000(options: dict[str, object]) -> None:
    data = encoded(scene(), "JPEG2000", **options)
    assert difference(data, scene()) == 0
    stream = Codestream(data)
    assert (stream.width, stream.height) == scene().size
    assert 0 < stream.blocks < 5000


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16"])
def test_jpeg_2000_of_other_modes(mode: str) -> None:
    if mode == "I;16":
        values = np.linspace(0, 65535, 32 * 48).reshape(32, 48).astype(np.uint16)
        grey = decode_bytes(encoded(Image.fromarray(values), "JPEG2000"), "x").rgb[..., 0]
        assert np.abs(grey - values / 257).max() <= 1
        return
    assert difference(encoded(scene().convert(mode), "JPEG2000"), scene().convert(mode)) <= 1


def changed(data: bytes, place: int, value: bytes) -> bytes:
    """The file with other bytes, counted from the start of its sizes (marker SIZ)."""
    at = data.index(b"\xff\x4f\xff\x51") + 2 + place
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize("no_jp2", [False, True])
def test_a_large_jpeg_2000_is_refused_by_its_header(no_jp2: bool) -> None:
    data = encoded(scene(), "JPEG2000", no_jp2=no_jp2)
    size = struct.pack(">II", 40_000, 30_000)
    claimed = changed(data, 6, size)
    assert "40000 × 30000 pixels" in refused(claimed)  # whatever the box around it says


def test_a_jpeg_2000_of_too_many_blocks_is_refused_by_its_header() -> None:
    data = changed(encoded(scene(), "JPEG2000", no_jp2=True), 6, struct.pack(">II", 10_000, 10_000))
    data = changed(data, 22, struct.pack(">II", 10_000, 10_000))  # one tile
    assert "is damaged" in refused(data)
    style = data.index(b"\xff\x52") + 4
    assert data[style] == 0
    smallest = data[: style + 6] + b"\0\0" + data[style + 8 :]  # blocks of 4 by 4
    assert "million blocks" in refused(smallest)
    tiles = changed(data, 22, struct.pack(">II", 50, 50))
    assert "million blocks" in refused(tiles)
    precincts = (
        data[: style - 2] + struct.pack(">H", 18) + b"\1" + data[style + 1 : style + 10]
        + b"\x00" * 6 + data[style + 10 :]
    )  # fmt: skip
    assert "million blocks" in refused(precincts)


def test_headers_cut_anywhere_are_read_without_harm() -> None:
    stream = encoded(scene(), "JPEG2000", no_jp2=True)
    for whole in (encoded(scene(), "JPEG2000"), encoded(scene(), "ICO"), stream):
        for end in range(min(len(whole), 400)):
            Codestream(whole[:end])
            largest_in_icon(whole[:end])


# HEIC


@functools.cache
def heic(width: int = 48, height: int = 32) -> bytes:
    return heif(scene(width, height), quality=95)


def test_heic() -> None:
    assert difference(heic(), scene()) < 4


def test_a_heic_is_upright_once() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = scene().transpose(Image.Transpose.ROTATE_270)
    assert difference(heif(scene(), quality=95, exif=exif.tobytes()), turned) < 4


def test_heic_with_transparency_lies_on_white() -> None:
    image = scene().convert("RGBA")
    image.putalpha(0)
    assert decode_bytes(heif(image, quality=-1), "x").rgb.min() >= 254


def test_a_large_heic_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(64, 64)
    at = data.index(b"ispe") + 8
    claimed = data[:at] + struct.pack(">II", 20_000, 20_000) + data[at + 8 :]
    assert "400 million pixels" in refused(claimed)
    monkeypatch.setattr(pixels, "MOST_PIXELS", 64 * 64)
    small = data[:at] + struct.pack(">II", 8, 8) + data[at + 8 :]
    picture = decode_bytes(data, "x")
    assert (picture.width, picture.height) == (64, 64)
    monkeypatch.setattr(pixels, "MOST_PIXELS", 1000)
    refused(small)  # its header lies


def test_without_the_package_it_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    said = refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(90))
    assert "pip install 'cnn-explorer[heic]'" in said


def test_the_package_is_imported_for_heic_alone() -> None:
    kinds = [kind for kind in ("JPEG", "WEBP", "AVIF") if kind in pixels.formats()]
    files = [encoded(scene(8, 8), kind) for kind in kinds]
    code = (
        "import sys\nfrom cnn_explorer.media.decode import decode_bytes\n"
        f"for file in {files!r}:\n    decode_bytes(file, 'x')\n"
        "assert 'pillow_heif' not in sys.modules"
    )
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
