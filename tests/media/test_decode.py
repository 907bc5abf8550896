"""Whatever comes in: the right upright picture, or one clear sentence."""

import contextlib
import io
import logging
import os
import socket
import struct
import sys
import threading
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, features

from cnn_explorer.errors import Cancelled, ExplorerError
from cnn_explorer.media import decode as decode_module
from cnn_explorer.media.decode import (
    decode_bytes,
    decode_file,
)
from cnn_explorer.media.formats import PICTURES, VIDEOS
from cnn_explorer.media.picture import Picture
from cnn_explorer.text import printable
from tests.media.files import chunk, encoded, png, scene

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="Pillow is built without AVIF")


def decoded(image: Image.Image, kind: str, **options: object) -> Picture:
    return decode_bytes(encoded(image, kind, **options), f"test.{kind.lower()}")


def refused(data: bytes, name: str = "test.jpg") -> str:
    """The sentence a bad file gets, checked for its form."""
    with pytest.raises(ExplorerError) as caught:
        decode_bytes(data, name)
    sentence = str(caught.value)
    assert f'"{name}"' in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def refused_file(path: Path) -> str:
    with pytest.raises(ExplorerError) as caught:
        decode_file(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def difference(picture: Picture, expected: Image.Image) -> float:
    pixels = np.asarray(expected.convert("RGB")).astype(int)
    assert picture.rgb.shape == pixels.shape
    return float(np.abs(picture.rgb - pixels).mean())


# what a picture is


def test_a_file_becomes_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "a photo.png"
    scene().save(path)
    picture = decode_file(path)
    assert picture.name == "a photo.png"
    assert picture.source == str(path)
    assert picture.note == ""
    assert picture.decode_ms > 0
    assert (picture.width, picture.height) == (48, 32)
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.flags.c_contiguous
    assert not picture.rgb.flags.writeable
    np.testing.assert_array_equal(picture.rgb, np.asarray(scene()))


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("PPM", 0), ("WEBP", 4), ("JPEG", 4), ("GIF", 12)],
)
def test_every_format(kind: str, tolerance: float) -> None:
    assert difference(decoded(scene(), kind), scene()) <= tolerance


@needs_avif
def test_avif() -> None:
    assert difference(decoded(scene(), "AVIF"), scene()) <= 4


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"])
def test_tiff_compressions(compression: str) -> None:
    picture = decoded(scene(), "TIFF", compression=compression)
    assert difference(picture, scene()) <= (5 if compression == "jpeg" else 0)


def test_endings_are_those_of_the_formats() -> None:
    assert {
        ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".avif",
        ".heic", ".jp2", ".ico",
    } <= set(PICTURES)  # fmt: skip
    assert all(ending.startswith(".") for ending in (*PICTURES, *VIDEOS))


def test_the_content_counts_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(scene(), "PNG"))
    np.testing.assert_array_equal(decode_file(path).rgb, np.asarray(scene()))


def test_strips_join_without_a_seam() -> None:
    image = scene(2500, 1700)  # more than two strips
    np.testing.assert_array_equal(decoded(image, "PNG", compress_level=1).rgb, np.asarray(image))


# no picture at all


def test_not_an_image() -> None:
    assert "is not a picture" in refused(b"dear diary, today nothing happened" * 9)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()
    assert "is empty" in refused_file(path)
    assert "is empty" in refused(b"")


@pytest.mark.parametrize("keep", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF", "PPM"])
def test_truncated(kind: str, keep: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    assert "cut short" in refused(data[: max(20, int(len(data) * keep))])


def test_truncated_jpeg() -> None:
    data = encoded(scene(400, 300), "JPEG", quality=95)
    assert refused(data[: len(data) // 2]) == (
        '"test.jpg" is damaged or cut short: get another copy of the file.'
    )


def test_truncated_png() -> None:
    data = encoded(scene(400, 300), "PNG")
    assert "damaged or cut short" in refused(data[: len(data) // 2])


def test_folder(tmp_path: Path) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    assert refused_file(folder) == '"holiday" is a folder: choose a picture in it.'


def test_missing_file(tmp_path: Path) -> None:
    assert "there is no file" in refused_file(tmp_path / "gone.jpg")
    (tmp_path / "file").touch()
    assert "there is no file" in refused_file(tmp_path / "file" / "inside.jpg")


def test_a_file_that_vanishes_between_look_and_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fleeting.png"
    scene().save(path)
    real = os.open

    def late(target: object, *rest: int) -> int:
        path.unlink(missing_ok=True)
        return real(target, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", late)
    assert "there is no file" in refused_file(path)


def test_a_file_that_vanishes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "fleeting.png"
    scene().save(path)
    picture = decode_file(path, lambda _: path.unlink(missing_ok=True))
    np.testing.assert_array_equal(picture.rgb, np.asarray(scene()))


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    scene().save(path)
    path.chmod(0)
    assert "may not be read" in refused_file(path)


def test_no_permission_says_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret.png"
    scene().save(path)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert "may not be read" in refused_file(path)


def test_disk_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bad sector.png"
    scene().save(path)

    def refuse(*_: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", refuse)
    assert "(Input/output error)" in refused_file(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "pipe.jpg"
    os.mkfifo(path)
    assert "not an ordinary file" in refused_file(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_that_takes_a_files_place_does_not_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photo.jpg"
    os.mkfifo(path)
    real, looked = decode_module._refuse_special, []

    def blind_at_first(status: os.stat_result, quoted: str) -> None:
        looked.append(quoted)
        if len(looked) > 1:
            real(status, quoted)

    monkeypatch.setattr(decode_module, "_refuse_special", blind_at_first)
    assert "not an ordinary file" in refused_file(path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs device files")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_devices(device: str) -> None:
    path = Path(device)
    if not path.exists():
        pytest.skip(f"{device} is not here")
    assert "not an ordinary file" in refused_file(path)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("plug.jpg")
        assert "not an ordinary file" in refused_file(tmp_path / "plug.jpg")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links(tmp_path: Path) -> None:
    scene().save(tmp_path / "real.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    assert decode_file(tmp_path / "link.png").name == "link.png"
    assert "there is no file" in refused_file(tmp_path / "dangling.png")
    assert "cannot be read" in refused_file(tmp_path / "loop.png")


def test_zero_byte_in_the_path() -> None:
    with pytest.raises(ExplorerError, match="cannot be read"):
        decode_file(Path("a\0b.png"))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7" + bytes(90), "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    ],
)
def test_known_strangers_are_named(data: bytes, kind: str) -> None:
    assert f"is a {kind} file" in refused(data)


def test_postscript_is_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import EpsImagePlugin

    def run(*_: object, **__: object) -> None:
        raise AssertionError("the interpreter was called")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", run)
    data = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n%%EOF\n"
    assert "is a PostScript file" in refused(data)


@pytest.mark.parametrize(("kind", "options"), [("TGA", {}), ("PCX", {}), ("SGI", {}), ("DDS", {})])
def test_formats_beyond_the_list_are_not_decoded(kind: str, options: dict[str, object]) -> None:
    refused(encoded(scene(), kind, **options))


# names


@pytest.mark.parametrize(
    "name",
    ["žluťoučký kůň.png", "猫.png", "a b'c\"d.png", "-rf.png", "%s{0}.png", "👩‍👩‍👧.png"],
)
def test_unusual_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    scene().save(path, "PNG")
    assert decode_file(path).name == name


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are not bytes there")
@pytest.mark.parametrize("name", [b"line\nbreak.png", b"latin-\xe9.png", b"\x1b[31mred.png"])
def test_names_that_cannot_be_shown(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    scene().save(path, "PNG")
    picture = decode_file(path)
    assert picture.name.isprintable()
    picture.source.encode("utf-8")
    path.write_bytes(b"")
    with pytest.raises(ExplorerError) as caught:
        decode_file(path)
    str(caught.value).encode("utf-8")
    assert str(caught.value).isprintable()


def test_names_that_would_turn_the_line_around() -> None:
    assert printable("photo\u202egnp.exe") == "photo\ufffdgnp.exe"
    assert printable("holiday 1.png") == "holiday 1.png"


def test_a_long_name_is_shortened_in_messages() -> None:
    with pytest.raises(ExplorerError) as caught:
        decode_bytes(b"", "x" * 5000)
    assert len(str(caught.value)) < 250


# too large


def _blank_png(width: int, height: int) -> bytes:
    """All pixels black; 1 bit each, compressed a thousandfold."""
    squeeze = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(squeeze.compress(row * 1000) for _ in range(height // 1000)) + squeeze.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), chunk(b"IDAT", body), chunk(b"IEND", b"")]
    )


def test_decompression_bomb_of_30000_x_30000() -> None:
    data = _blank_png(30_000, 30_000)
    assert len(data) < 1_000_000
    tracemalloc.start()
    sentence = refused(data, "bomb.png")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "900 million pixels" in sentence
    assert "at most 120 million" in sentence
    assert peak < 20_000_000


def test_just_above_the_limit() -> None:
    assert "11000 × 11000 pixels" in refused(_blank_png(11_000, 11_000))


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_headers_that_claim_enormous_sizes(kind: str) -> None:
    data = bytearray(encoded(scene(48, 32), kind))
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", 65500, 65500)
    elif kind == "GIF":
        data[6:10] = struct.pack("<HH", 65535, 65535)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", 100_000, 100_000)
    elif kind == "TIFF":
        for tag in (256, 257):
            at = data.index(struct.pack("<HH", tag, 4)) + 8
            data[at : at + 4] = struct.pack("<I", 1_000_000)
    elif kind == "WEBP":
        bits = encoded(scene(16, 16), "WEBP", lossless=True)[12:]
        extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3f\x00\xff\x3f\x00"
        body = b"WEBP" + extended + bits
        data = bytearray(b"RIFF" + struct.pack("<I", len(body)) + body)
    else:
        data = bytearray(b"P6 900000 900000 255\n" + bytes(100))
    refused(bytes(data))


def test_files_too_long_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "endless.tif"
    with path.open("wb") as file:
        file.truncate(decode_module.MOST_BYTES + 1)  # takes no room on the disk
    assert "MB long" in refused_file(path)


def test_memory_error_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(scene(), "PNG")

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "empty", fail)
    assert "not enough memory" in refused(data)


def test_large_jpegs_are_decoded_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnn_explorer.media import pixels

    monkeypatch.setattr(pixels, "DRAFT_PIXELS", 1_000_000)
    data = encoded(scene(1600, 900), "JPEG", quality=95)
    monkeypatch.setattr(pixels, "DRAFT_SIDE", 300)
    picture = decode_bytes(data, "large.jpg")
    assert (picture.width, picture.height) == (800, 450)  # a quarter would be less than 300
    assert difference(picture, scene(1600, 900).resize((800, 450))) < 4
    monkeypatch.setattr(pixels, "DRAFT_PIXELS", 2_000_000)
    assert decode_bytes(data, "small enough.jpg").width == 1600


# modes


def test_one_bit() -> None:
    image = scene().convert("1")
    for kind in ("PNG", "TIFF", "BMP", "PPM"):
        picture = decoded(image, kind)
        assert difference(picture, image) == 0
        assert set(np.unique(picture.rgb)) == {0, 255}


def test_palette() -> None:
    image = scene().quantize(32)
    for kind in ("PNG", "GIF", "TIFF", "BMP"):
        assert difference(decoded(image, kind), image) == 0


def test_palette_with_one_transparent_colour() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    for kind in ("PNG", "GIF"):
        rgb = decoded(image, kind, transparency=1).rgb
        assert rgb[0].tolist() == [[200, 0, 0], [255, 255, 255]]


def test_palette_with_half_transparent_colours() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    rgb = decoded(image, "PNG", transparency=bytes([255, 51])).rgb
    # 0.2 of the colour and 0.8 of white: 0 * 0.2 + 255 * 0.8 = 204 and 200 * 0.2 + 204 = 244
    assert rgb[0].tolist() == [[200, 0, 0], [204, 204, 244]]


def test_grey() -> None:
    image = scene().convert("L")
    for kind in ("PNG", "TIFF", "BMP", "PPM"):
        assert difference(decoded(image, kind), image) == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65278, 65535, 300]], np.uint16)
    picture = decoded(Image.fromarray(values), kind)
    assert picture.rgb[0, :, 0].tolist() == [0, 0, 1, 1, 128, 254, 255, 1]
    assert (picture.rgb[..., 0] == picture.rgb[..., 2]).all()
    assert picture.note == ""


def test_big_endian_sixteen_bit_tiff() -> None:
    def entry(tag: int, kind: int, value: int) -> bytes:
        return struct.pack(">HHI", tag, kind, 1) + (
            struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
        )

    entries = [
        entry(256, 3, 2), entry(257, 3, 1), entry(258, 3, 16), entry(259, 3, 1),
        entry(262, 3, 1), entry(273, 4, 8), entry(277, 3, 1), entry(278, 3, 1), entry(279, 4, 4),
    ]  # fmt: skip
    data = b"MM\0*" + struct.pack(">I", 12) + struct.pack(">HH", 257 * 7, 65535)
    data += struct.pack(">H", len(entries)) + b"".join(entries) + bytes(4)
    assert decode_bytes(data, "big.tif").rgb[0, :, 0].tolist() == [7, 255]


def test_sixteen_bit_colour() -> None:
    rows = b"\0" + struct.pack(">6H", 0, 257 * 100, 65535, 257, 514, 771)
    assert decode_bytes(png(2, 1, 16, 2, rows), "deep.png").rgb[0].tolist() == [
        [0, 100, 255],
        [1, 2, 3],
    ]


def test_sixteen_bit_grey_with_alpha() -> None:
    rows = b"\0" + struct.pack(">4H", 257 * 50, 65535, 257 * 50, 0)
    assert decode_bytes(png(2, 1, 16, 4, rows), "deep.png").rgb[0].tolist() == [
        [50, 50, 50],
        [255, 255, 255],
    ]


@pytest.mark.parametrize(("depth", "packed", "key"), [(1, 0b01000000, 1), (2, 0b01100000, 2),
                                                      (4, 0x5A, 10)])  # fmt: skip
def test_transparent_grey_of_few_bits(depth: int, packed: int, key: int) -> None:
    data = png(2, 1, depth, 0, bytes([0, packed]), (b"tRNS", struct.pack(">H", key)))
    left = (packed >> (8 - depth)) * 255 // (2**depth - 1)
    assert decode_bytes(data, "few.png").rgb[0, :, 0].tolist() == [left, 255]


def test_transparent_sixteen_bit_grey() -> None:
    rows = b"\0" + struct.pack(">2H", 1000, 1001)
    data = png(2, 1, 16, 0, rows, (b"tRNS", struct.pack(">H", 1000)))
    assert decode_bytes(data, "deep.png").rgb[0, :, 0].tolist() == [255, 4]


def test_transparent_colour() -> None:
    rows = bytes([0, 10, 20, 30, 40, 50, 60])
    data = png(2, 1, 8, 2, rows, (b"tRNS", struct.pack(">3H", 10, 20, 30)))
    assert decode_bytes(data, "key.png").rgb[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_transparent_sixteen_bit_colour() -> None:
    rows = b"\0" + struct.pack(">6H", 257 * 10, 257 * 20, 257 * 30, 257 * 40, 257 * 50, 257 * 60)
    data = png(2, 1, 16, 2, rows, (b"tRNS", struct.pack(">3H", 2570, 5140, 7710)))
    assert decode_bytes(data, "key.png").rgb[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_grey_with_alpha() -> None:
    image = Image.fromarray(np.array([[[100, 255], [100, 0], [100, 51]]], np.uint8))
    for kind in ("PNG", "TIFF"):
        assert decoded(image, kind).rgb[0, :, 1].tolist() == [100, 255, 224]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_rgba_lies_on_white_and_hides_its_hidden_colour(kind: str) -> None:
    pixels = np.array([[[9, 80, 200, 255], [255, 0, 0, 0], [0, 100, 200, 51]]], np.uint8)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    picture = decoded(Image.fromarray(pixels), kind, **options)
    # 0.2 of the colour and 0.8 of white
    assert picture.rgb[0].tolist() == [[9, 80, 200], [255, 255, 255], [204, 224, 244]]


def test_premultiplied_alpha() -> None:
    from cnn_explorer.media import pixels

    straight = Image.fromarray(np.array([[[200, 100, 0, 255], [0, 0, 0, 0]]], np.uint8))
    image = straight.convert("RGBa")
    reader, _ = pixels._reader(image, "", lambda _: None)
    assert reader(image)[0].tolist() == [[200, 100, 0], [255, 255, 255]]


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB", "HSV", "RGBX", "PA", "La"])
def test_modes_that_few_files_have(mode: str) -> None:
    from cnn_explorer.media import pixels

    source = scene().convert("LA") if mode == "La" else scene()
    image = (source.quantize(64) if mode == "PA" else source).convert(mode)
    reader, note = pixels._reader(image, "", lambda _: None)
    expected = scene().convert("L").convert("RGB") if mode == "La" else scene()
    rgb = reader(image)
    assert np.abs(rgb.astype(int) - np.asarray(expected)).mean() < (9 if mode == "PA" else 3)
    assert note == ""


def test_cmyk() -> None:
    image = Image.new("CMYK", (4, 3), (0, 255, 255, 0))  # full magenta and yellow: red
    for kind in ("TIFF", "JPEG"):
        red, green, blue = decoded(image, kind).rgb[1, 1].tolist()
        assert red > 250
        assert green < 5
        assert blue < 5


def test_cmyk_jpeg_as_adobe_writes_it() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    adobe = data.index(b"Adobe")  # Pillow writes Adobe's marker, whose inks are inverted
    assert data[adobe - 4 : adobe - 2] == b"\xff\xee"
    assert decode_bytes(data, "adobe.jpg").rgb[8, 8, 0] > 250
    # nearly every program writes them inverted, also those that forget the marker
    plain = data[: adobe - 4] + data[adobe + 12 :]
    assert decode_bytes(plain, "plain.jpg").rgb[8, 8, 0] > 250


def test_lab_tiff() -> None:
    picture = decoded(scene().convert("LAB"), "TIFF")
    assert difference(picture, scene()) < 3


# numbers instead of colours


def test_thirty_two_bit_integers_are_stretched() -> None:
    values = np.array([[-100, 0, 155]], np.int32)
    picture = decoded(Image.fromarray(values), "TIFF")
    assert picture.rgb[0, :, 0].tolist() == [0, 100, 255]
    assert picture.note == "Its values, -100 to 155, are shown from black to white."


def test_floats_are_stretched() -> None:
    values = np.array([[0.5, 1.0, 1.5]], np.float32)
    picture = decoded(Image.fromarray(values), "TIFF")
    assert picture.rgb[0, :, 0].tolist() == [0, 128, 255]
    assert picture.note == "Its values, 0.5 to 1.5, are shown from black to white."


def test_nan_filled_float_tiff() -> None:
    values = np.full((5, 4), np.nan, np.float32)
    picture = decoded(Image.fromarray(values), "TIFF")
    assert picture.rgb.shape == (5, 4, 3)
    assert not picture.rgb.any()
    assert picture.note == "None of its values is a finite number: all are shown black."


def test_not_finite_among_finite_values() -> None:
    values = np.array([[np.nan, 1, 3, np.inf, -np.inf, 2]], np.float32)
    picture = decoded(Image.fromarray(values), "TIFF")
    assert picture.rgb[0, :, 0].tolist() == [0, 0, 255, 0, 0, 128]
    assert picture.note.endswith("Not finite, so shown black: 3 of 6.")


def test_the_whole_range_of_floats() -> None:
    most = float(np.finfo(np.float32).max)
    picture = decoded(Image.fromarray(np.array([[-most, 0, most]], np.float32)), "TIFF")
    assert picture.rgb[0, :, 0].tolist() == [0, 128, 255]


def test_floats_all_the_same() -> None:
    picture = decoded(Image.fromarray(np.full((3, 3), 7.0, np.float32)), "TIFF")
    assert not picture.rgb.any()


def test_portable_float_map() -> None:
    data = b"Pf\n2 1\n-1.0\n" + struct.pack("<2f", 0.0, 10.0)
    assert decode_bytes(data, "height.pfm").rgb[0, :, 0].tolist() == [0, 255]


# frames


def test_animated_gif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (6, 5), colour) for colour in ("red", "green", "blue")]
    picture = decoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert picture.rgb[2, 2].tolist() == [255, 0, 0]
    assert picture.note == "First frame of an animation."


@pytest.mark.parametrize("kind", ["PNG", "WEBP", pytest.param("AVIF", marks=needs_avif)])
def test_other_animations_give_their_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {} if kind == "PNG" else {"quality": 100}
    picture = decoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    red, green, blue = picture.rgb[8, 8].tolist()
    assert red > 240
    assert max(green, blue) < 20
    assert picture.note == "First of 3 frames."


def test_pages_of_a_tiff() -> None:
    pages = [Image.new("RGB", (6, 5), colour) for colour in ("red", "green")]
    for compression in ("raw", "tiff_lzw"):
        picture = decoded(
            pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression
        )
        assert picture.rgb[2, 2].tolist() == [255, 0, 0]
        assert picture.note == "First of several pages."


def test_still_pictures_have_no_note() -> None:
    for kind in ("GIF", "PNG", "WEBP", "TIFF", "JPEG"):
        assert decoded(scene(), kind).note == ""


# orientation


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "LZW"])
def test_exif_orientations(kind: str, orientation: int) -> None:
    options = {"WEBP": {"lossless": True}, "LZW": {"compression": "tiff_lzw"}}.get(kind, {})
    kind = "TIFF" if kind == "LZW" else kind
    data = encoded(scene(), kind, exif=_exif(orientation), **options)
    with Image.open(io.BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image)
    picture = decode_bytes(data, "turned")
    assert difference(picture, expected) == 0
    assert (picture.width < picture.height) == (orientation >= 5)
    assert picture.rgb.flags.c_contiguous


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        # where the corners of the stored picture 1 2 / 3 4 belong, from the standard's figure
        (1, [[1, 2], [3, 4]]), (2, [[2, 1], [4, 3]]), (3, [[4, 3], [2, 1]]),
        (4, [[3, 4], [1, 2]]), (5, [[1, 3], [2, 4]]), (6, [[3, 1], [4, 2]]),
        (7, [[4, 2], [3, 1]]), (8, [[2, 4], [1, 3]]),
    ],
)  # fmt: skip
def test_exif_orientations_by_hand(orientation: int, expected: list[list[int]]) -> None:
    image = Image.fromarray(np.array([[1, 2], [3, 4]], np.uint8))
    picture = decoded(image, "PNG", exif=_exif(orientation))
    assert picture.rgb[..., 0].tolist() == expected


def test_orientation_of_a_picture_in_several_strips() -> None:
    image = scene(2000, 1500)
    picture = decoded(image, "PNG", exif=_exif(6), compress_level=1)
    np.testing.assert_array_equal(picture.rgb, np.rot90(np.asarray(image), -1))


@pytest.mark.parametrize("orientation", [0, 9, 255, 65535])
def test_orientations_that_do_not_exist(orientation: int) -> None:
    assert difference(decoded(scene(), "PNG", exif=_exif(orientation)), scene()) == 0


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0MM",
        b"Exif\0\0" + bytes(40),
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x02\0" * 9,
        b"Exif\0\0garbage that is no TIFF header at all",
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_does_no_harm(kind: str, exif: bytes) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = decoded(scene(), kind, exif=exif, **options)
    assert difference(picture, scene()) < 4


# colour profiles


def _profile() -> bytes:
    """A display profile with linear curves: mid grey there is light grey in sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", data, 128)[0]
    for index in range(count):
        name, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            data[offset : offset + size] = bytes(size)
            data[offset : offset + 12] = b"curv" + bytes(8)  # no points: the identity
        if name == b"desc":
            text = bytes(data[offset : offset + size])
            data[offset : offset + size] = text.replace("sRGB".encode("utf-16-be"),
                                                        "test".encode("utf-16-be"))  # fmt: skip
    return bytes(data)


def _srgb(linear: float) -> float:
    """The sRGB curve, IEC 61966-2-1."""
    return 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_colour_profiles_are_applied(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = decoded(
        Image.new("RGB", (16, 16), (128, 128, 128)), kind, icc_profile=_profile(), **options
    )
    expected = 255 * _srgb(128 / 255)  # 188
    np.testing.assert_allclose(picture.rgb[8, 8], expected, atol=2)


def test_a_colour_profile_leaves_transparency_alone() -> None:
    pixels = np.array([[[128, 128, 128, 255], [128, 128, 128, 0]]], np.uint8)
    rgb = decoded(Image.fromarray(pixels), "PNG", icc_profile=_profile()).rgb
    np.testing.assert_allclose(rgb[0, 0], 255 * _srgb(128 / 255), atol=2)
    assert rgb[0, 1].tolist() == [255, 255, 255]


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert difference(decoded(scene(), "PNG", icc_profile=profile), scene()) == 0


def test_a_profile_of_another_colour_space_is_ignored() -> None:
    image = scene().convert("L")
    assert difference(decoded(image, "PNG", icc_profile=_profile()), image) == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"no profile",
        lambda data: data[:100],
        lambda data: data[:200],
        lambda data: data[:128] + b"\xff" * (len(data) - 128),
        lambda data: bytes(len(data)),
    ],
)
def test_a_broken_profile_is_ignored(kind: str, damage: object) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    profile = damage(_profile())  # type: ignore[operator]
    picture = decoded(scene(), kind, icc_profile=profile, **options)
    assert difference(picture, scene()) == 0


# damaged metadata


def test_png_with_a_damaged_comment_still_opens() -> None:
    data = bytearray(encoded(scene(), "PNG"))
    comment = bytearray(chunk(b"tEXt", b"Comment\0hello"))
    comment[-1] ^= 0xFF  # its checksum
    data[33:33] = comment  # behind the header
    np.testing.assert_array_equal(decode_bytes(bytes(data), "c.png").rgb, np.asarray(scene()))


def test_png_with_an_oversized_comment_still_opens() -> None:
    text = b"Comment\0\0" + zlib.compress(bytes(50_000_000))
    data = encoded(scene(), "PNG")
    data = data[:33] + chunk(b"zTXt", text) + data[33:]
    np.testing.assert_array_equal(decode_bytes(data, "c.png").rgb, np.asarray(scene()))


def test_png_with_a_damaged_header_does_not() -> None:
    data = bytearray(encoded(scene(), "PNG"))
    data[20] ^= 0xFF
    assert "damaged" in refused(bytes(data))


@pytest.mark.parametrize("marker", [0xE1, 0xE2, 0xED, 0xFE])
def test_jpeg_with_odd_segments_still_opens(marker: int) -> None:
    data = encoded(scene(), "JPEG")
    for content in (
        b"",
        b"MPF\0",
        b"MPF\0II*\0\x08\0\0\0\x01\0",
        b"Photoshop 3.0\x008BIM\x04",
        b"\xff" * 99,
    ):
        segment = bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content
        picture = decode_bytes(data[:2] + segment + data[2:], "odd.jpg")
        assert difference(picture, scene()) < 4


def test_no_warning_leaks() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode_bytes(_blank_png(10_000, 9_000), "90 million.png")  # Pillow warns of bombs
        tiff = bytearray(encoded(scene(), "TIFF"))
        at = tiff.index(struct.pack("<HH", 262, 3))
        tiff[at + 4 : at + 8] = struct.pack("<I", 2_000_000)  # tag longer than the file
        with contextlib.suppress(ExplorerError):
            decode_bytes(bytes(tiff), "odd.tif")


def test_decoders_print_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    tiff = bytearray(encoded(scene(), "TIFF"))
    at = tiff.index(struct.pack("<HH", 277, 3))  # samples per pixel: Pillow logs an error
    tiff[at + 8 : at + 10] = struct.pack("<H", 60_000)
    refused(bytes(tiff))
    compressed = bytearray(encoded(scene(), "TIFF", compression="tiff_lzw"))
    compressed[9:40] = b"\xff" * 31  # libtiff prints by itself
    refused(bytes(compressed))
    printed = capfd.readouterr()
    assert printed.out == ""
    assert printed.err == ""
    assert logging.getLogger("PIL").handlers == []


def test_the_error_stream_is_there_again(capfd: pytest.CaptureFixture[str]) -> None:
    decoded(scene(), "TIFF", compression="tiff_lzw")
    refused(encoded(scene(), "TIFF", compression="tiff_lzw")[:300])
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"


# cancelling


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "GIF", "WEBP"])
def test_decoding_is_cancelled(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "large"
    scene(2200, 1500).save(path, kind)
    seen: list[float] = []
    decode_file(path, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    for stop in {0, len(seen) // 2, len(seen) - 1}:
        calls = 0

        def checkpoint(_: float, stop: int = stop) -> None:
            nonlocal calls
            if calls >= stop:
                raise Cancelled
            calls += 1

        with pytest.raises(Cancelled):
            decode_file(path, checkpoint)


def test_threads_may_decode_at_once() -> None:
    data = encoded(scene(), "TIFF", compression="tiff_lzw")
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                decode_bytes(data, "x.tif")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_importing_decode_imports_neither_pillow_nor_qt() -> None:
    import subprocess

    code = (
        "import sys, cnn_explorer.media.decode, cnn_explorer.media.samples;"
        "assert not {'PIL', 'torch', 'PySide6'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
