"""What a drag or the clipboard carries, as browsers, file managers and others give it."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from cnn_explorer.gui.widgets.drop import Offered, may_offer, offered

PICTURE = "https://example.org/cat.jpg"
PAGE = "https://example.org/cat"
DATA = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def data_of(**formats: bytes | str) -> QMimeData:
    """Formats by name, ``_`` standing for what Python's names cannot have."""
    data = QMimeData()
    for name, value in formats.items():
        known = {
            "uris": "text/uri-list", "html": "text/html", "moz": "text/x-moz-url",
            "netscape": "_NETSCAPE_URL", "text": "text/plain", "moz_data": "text/x-moz-url-data",
        }  # fmt: skip
        data.setData(known[name], value.encode() if isinstance(value, str) else value)
    return data


def with_image(data: QMimeData) -> QMimeData:
    image = QImage(3, 2, QImage.Format.Format_RGB32)
    image.fill(0)
    data.setImageData(image)
    return data


def files(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def test_files_and_folders_of_a_file_manager(tmp_path: Path) -> None:
    paths = (tmp_path / "b 1.png", tmp_path / "ä#?%.png", tmp_path)
    assert offered(files(*paths)) == Offered(paths=paths)
    assert offered(files(*paths, *paths)) == Offered(paths=paths)
    # a picture viewer gives the file and its pixels: the file has a name
    assert offered(with_image(files(paths[0]))).paths == paths[:1]


def test_a_name_that_is_no_text_comes_byte_for_byte(tmp_path: Path) -> None:
    data = data_of(uris=f"file://{quote(str(tmp_path))}/%E9%FF.png\r\n")
    (path,) = offered(data).paths
    assert bytes(path).endswith(b"/\xe9\xff.png")


def test_a_path_as_long_as_paths_are(tmp_path: Path) -> None:
    path = tmp_path.joinpath(*["画" * 80] * 15, "猫.png")
    assert len(bytes(path)) < 4096
    assert offered(files(path)).paths == (path,)


def test_pixels_come_before_addresses() -> None:
    data = with_image(data_of(uris=PICTURE, html=f'<img src="{PICTURE}">'))
    offer = offered(data)
    assert offer.image is not None
    assert offer.address == ""


@pytest.mark.parametrize(
    ("formats", "address"),
    [
        # Chromium on X11: a picture, and a picture within a link
        ({"uris": PICTURE, "moz": f"{PICTURE}\ncat", "html": f'<img src="{PICTURE}">'}, PICTURE),
        ({"uris": PAGE, "html": f'<a href="{PAGE}"><img alt="a > b" src="{PICTURE}"></a>'},
         PICTURE),
        # the link leads to the picture itself, of which a small one stands in the page
        ({"uris": PICTURE, "html": '<img src="https://example.org/small.png">'}, PICTURE),
        # Firefox on X11: UTF-16 without a mark
        ({"moz": f"{PICTURE}\nA cat".encode("utf-16-le")}, PICTURE),
        ({"moz": f"\ufeff{PICTURE}\nA cat".encode("utf-16-le")}, PICTURE),
        ({"html": f"<meta><img SRC='{PICTURE}'>".encode("utf-16")}, PICTURE),
        ({"moz_data": PICTURE.encode("utf-16-le")}, PICTURE),
        ({"netscape": f"{PICTURE}\ncat"}, PICTURE),
        # a link alone, or a text: what is there tells only its content
        ({"uris": PAGE}, PAGE),
        ({"text": f"  {PAGE}\n"}, PAGE),
        ({"text": DATA}, DATA),
        ({"uris": DATA}, DATA),
        ({"html": f'<img class="x" src={DATA} >'}, DATA),
        ({"uris": PAGE, "html": f'<img src="{DATA}">'}, DATA),
        # relative to the page, entities, others first
        ({"uris": "https://example.org/a/b", "html": '<img src="../c.png?x=1&amp;y=2">'},
         "https://example.org/c.png?x=1&y=2"),
        ({"html": f'<img><img src="blob:x"><img\nsrc = "{PICTURE}">'}, PICTURE),
        ({"uris": "HTTPS://EXAMPLE.org/Cat.JPG"}, "https://example.org/Cat.JPG"),
    ],
)  # fmt: skip
def test_the_address_of_the_picture(formats: dict[str, bytes | str], address: str) -> None:
    data = data_of(**formats)
    assert may_offer(data) or "moz" in formats or "netscape" in formats or "moz_data" in formats
    assert offered(data) == Offered(address=address)


@pytest.mark.parametrize(
    "address",
    ["ftp://example.org/cat.png", "blob:https://example.org/123", "javascript:alert(1)",
     "file://server/share/cat.png", "file:///gone/cat.png"],
)  # fmt: skip
def test_addresses_of_other_kinds_are_left_to_whoever_opens_them(address: str) -> None:
    assert offered(data_of(text=address)) == Offered(address=address)


def test_a_file_of_another_computer_is_none_of_this_one() -> None:
    address = "file://server/etc/hostname"
    assert offered(data_of(uris=address)) == Offered(address=address)


def test_texts_that_name_files(tmp_path: Path) -> None:
    one, two = tmp_path / "1.png", tmp_path / "2 b.png"
    one.touch()
    two.touch()
    assert offered(data_of(text=f"{one}\n")).paths == (one,)
    assert offered(data_of(text=f"{one}\r\n\r\n{two}\n{tmp_path}")).paths == (one, two, tmp_path)
    assert offered(data_of(text=two.as_uri())).paths == (two,)
    assert offered(data_of(text=f"{two.as_uri()}\n{one.as_uri()}")).paths == (two, one)
    # one line that is none, and the text is something else
    assert offered(data_of(text=f"{one}\nand so on")) == Offered()
    assert offered(data_of(text=f"{tmp_path}/gone.png")) == Offered()
    assert offered(data_of(text="1.png")) == Offered()
    assert offered(data_of(html=f'<img src="{one.as_uri()}">')).paths == (one,)


def test_nothing_to_be_had() -> None:
    assert not may_offer(QMimeData())
    for data in (
        QMimeData(), data_of(uris=""), data_of(uris="\r\n\r\n"),
        data_of(text=""), data_of(text="hello world"), data_of(text="\0\0/etc\0"),
        data_of(html="<img src="), data_of(html='<img src="'), data_of(html="<img " * 1000),
        data_of(html="<p>no picture</p>"), data_of(moz=b"\0"), data_of(netscape="\n\n"),
        data_of(text="x" * 5_000_000), data_of(uris="file:///a.png\r\n" * 200_000),
    ):  # fmt: skip
        offer = offered(data)
        assert offer == Offered(), data.formats()


@given(
    st.dictionaries(
        st.sampled_from(["uris", "html", "moz", "netscape", "text", "moz_data"]),
        st.one_of(st.binary(max_size=60), st.text(max_size=60)),
        max_size=4,
    )
)
def test_garbage_does_no_harm(formats: dict[str, bytes | str]) -> None:
    try:
        data = data_of(**formats)
    except UnicodeEncodeError:
        return
    offer = offered(data)
    assert all(path.is_absolute() for path in offer.paths)


@pytest.mark.parametrize("tag", ["<img src=[", '<img src="http://[x">', "<img src=//[>"])
def test_an_address_that_makes_no_sense(tag: str) -> None:
    offer = offered(data_of(uris=PAGE, html=tag))
    assert offer.address in (PAGE, "http://[x")
