"""A file is taken for a picture by how it begins just where a decoder would look at it."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cnn_explorer.media import pixels
from cnn_explorer.media.signatures import (
    LONGEST,
    begins_like_picture,
    begins_like_video,
    looks_like_video,
)
from tests.media.files import encoded, scene

KINDS = pixels._formats()


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_that_is_read_is_known(kind: str) -> None:
    assert begins_like_picture(encoded(scene(), kind)[:LONGEST])


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "F"])
def test_every_netpbm_picture_is_known(mode: str) -> None:
    assert begins_like_picture(encoded(scene().convert(mode), "PPM")[:LONGEST])


def test_large_tiffs_are_known() -> None:
    written = io.BytesIO()
    scene().save(written, "TIFF", big_tiff=True)
    assert begins_like_picture(written.getvalue()[:LONGEST])


@pytest.mark.parametrize(
    "head", [b"", b"P", b"P6", b"Public domain", b"PK\x03\x04", b"%PDF-1.7", b"<svg xmlns", b"RIFF"]
)
def test_other_files_are_not(head: bytes) -> None:
    assert not begins_like_picture(head)


@given(
    st.sampled_from([encoded(scene(), kind)[:16] for kind in KINDS]),
    st.integers(0, 15),
    st.integers(0, 255),
)
def test_what_a_decoder_would_look_at_is_known(head: bytes, place: int, byte: int) -> None:
    changed = head[:place] + bytes([byte]) + head[place + 1 :]
    accepted = any(accept(changed) for kind in KINDS if (accept := Image.OPEN[kind][1]))
    netpbm = changed[:1] == b"P" and not changed[2:3].isspace()  # where decoding fails
    if accepted and not netpbm:
        assert begins_like_picture(changed[:LONGEST])


@pytest.mark.parametrize(
    "head",
    [
        b"\0\0\0\x20ftypisom",
        b"\0\0\0\x14ftypqt  ",
        b"\0\0\0\x1cftypmp42",
        b"\0\0\0\x1cftypM4V ",
        b"\0\0\0\x14ftyp3gp4",
        b"\0\0\x02\x6cmoov\0\0\0\x6c",
        b"\0\0\0\x08wide\0\0\x10\0",
        b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81",
        b"RIFF\x10\x20\0\0AVI LIST",
    ],
)
def test_videos_are_known_by_how_they_begin(head: bytes, tmp_path: Path) -> None:
    assert begins_like_video(head)
    assert begins_like_video(head[:LONGEST])
    (tmp_path / "no ending").write_bytes(head + b"more")
    assert looks_like_video(tmp_path / "no ending")


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\0\0\x20ftyp",
        b"\0\0\0\x20ftypavif",
        b"\0\0\0\x20ftypavis",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypmif1",
        b"\0\0\0\x18ftypM4A ",
        b"RIFF\x10\x20\0\0WEBPVP8 ",
        b"RIFF\x10\x20\0\0WAVEfmt ",
        b"the moov is high",
        b"#EXTM3U\nhttp",
        b"ID3\x04\0\0\0\0\0\0\0\0",
    ],
)
def test_pictures_sound_and_text_are_no_videos(head: bytes) -> None:
    assert not begins_like_video(head)


@pytest.mark.parametrize("kind", KINDS)
def test_no_picture_is_taken_for_a_video(kind: str) -> None:
    assert not begins_like_video(encoded(scene(), kind)[:LONGEST])
