"""Only a `Picture` or an `ExplorerError` ever comes out, whatever goes in."""

import functools
import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from cnn_explorer.errors import ExplorerError
from cnn_explorer.media.decode import decode_bytes
from tests.media.files import chunk, encoded, heif, scene

KINDS = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "LZW", "WEBP", "PPM", "PFM", "MPO", "ICO", "JPEG2000"]
if features.check("avif"):
    KINDS.append("AVIF")
if importlib.util.find_spec("pillow_heif") is not None:
    KINDS.append("HEIF")

# a file may cost what it likes; how long is for the benchmarks
thoroughly = settings(max_examples=150, deadline=None)


@functools.cache
def sound_file(kind: str) -> bytes:
    """A valid file with metadata, which are where parsers stumble."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "maker"
    image = scene(24, 16)
    match kind:
        case "GIF":
            more = [scene(24, 16).rotate(90 * turn) for turn in (1, 2)]
            return encoded(image, "GIF", save_all=True, append_images=more)
        case "LZW":
            return encoded(image, "TIFF", compression="tiff_lzw", exif=exif)
        case "PFM":
            return encoded(image.convert("F"), "PPM")
        case "MPO":
            return encoded(image, "MPO", save_all=True, append_images=[image])
        case "PNG":
            data = encoded(image.quantize(16), "PNG", exif=exif, transparency=bytes(range(16)))
            return data[:33] + chunk(b"tEXt", b"Comment\0text") + data[33:]
        case "BMP" | "PPM" | "JPEG2000":
            return encoded(image, kind)
        case "ICO":
            return encoded(image, kind, sizes=[(24, 16), (12, 8)], bitmap_format="bmp")
        case "HEIF":
            return heif(image, exif=exif)
        case _:
            return encoded(image, kind, exif=exif)


def check(data: bytes) -> None:
    sentence = ""
    try:
        picture = decode_bytes(data, "fuzz")
    except ExplorerError as error:
        sentence = str(error)
    if sentence:
        assert sentence.endswith(".")
        assert "fuzz" in sentence
        return
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.ndim == 3
    assert picture.rgb.shape[2] == 3
    assert min(picture.rgb.shape) >= 1
    assert picture.rgb.flags.c_contiguous


@pytest.mark.parametrize("kind", KINDS)
def test_the_files_are_sound(kind: str) -> None:
    assert decode_bytes(sound_file(kind), kind).rgb.size == 24 * 16 * 3


@thoroughly
@given(st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    check(data)


@pytest.mark.parametrize("kind", KINDS)
@settings(thoroughly, max_examples=60)
@given(data=st.data())
def test_random_bytes_behind_a_true_beginning(kind: str, data: st.DataObject) -> None:
    keep = data.draw(st.integers(2, 64))
    check(sound_file(kind)[:keep] + data.draw(st.binary(max_size=300)))


@pytest.mark.parametrize("kind", KINDS)
@settings(thoroughly, max_examples=60)
@given(data=st.data())
def test_truncated_anywhere(kind: str, data: st.DataObject) -> None:
    whole = sound_file(kind)
    check(whole[: data.draw(st.integers(1, len(whole) - 1))])


@pytest.mark.parametrize("kind", KINDS)
@thoroughly
@given(data=st.data())
def test_changed_bytes(kind: str, data: st.DataObject) -> None:
    changed = bytearray(sound_file(kind))
    places = st.integers(0, len(changed) - 1)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(places)] = data.draw(
            st.sampled_from([0, 1, 127, 128, 255]) | st.integers(0, 255)
        )
    check(bytes(changed))


@pytest.mark.parametrize("kind", KINDS)
@settings(thoroughly, max_examples=60)
@given(data=st.data())
def test_parts_cut_out_or_doubled(kind: str, data: st.DataObject) -> None:
    whole = sound_file(kind)
    first = data.draw(st.integers(0, len(whole)))
    second = data.draw(st.integers(0, len(whole)))
    check(whole[:first] + whole[second:])
