"""From the bytes of a picture file to upright 8-bit sRGB. The module that imports Pillow.

Conversion goes in strips of rows straight into the result: a large picture needs memory for its
decoded form and for the result, not for every step between, and it can be cancelled on the way.
"""

import io
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    ImageCms,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from cnn_explorer.errors import Cancelled, Checkpoint, ExplorerError
from cnn_explorer.media.headers import Codestream, largest_in_icon
from cnn_explorer.media.salvage import without_metadata
from cnn_explorer.media.signatures import JPEG_2000, may_be_heif, not_a_picture

MOST_PIXELS = 120_000_000
"""Larger pictures are refused by their header: 480 MB decoded and 360 MB more as RGB."""

DRAFT_PIXELS = 50_000_000
"""JPEGs above are decoded reduced, which the format offers for little time and memory."""

_MOST_BLOCKS = 2_000_000
"""Blocks of a JPEG 2000 file: 16 times as many as the largest picture has in the usual size."""

DRAFT_SIDE = 2048
"""So large the shorter side of a reduced JPEG stays at least."""

_PLUGINS = (
    JpegImagePlugin, PngImagePlugin, GifImagePlugin, BmpImagePlugin,
    TiffImagePlugin, WebPImagePlugin, PpmImagePlugin, IcoImagePlugin, Jpeg2KImagePlugin,
)  # fmt: skip
"""Imported so that each has made its format known to Pillow."""

_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO", "JPEG2000")

_STRIP_PIXELS = 2_000_000
_MOST_PROFILE_BYTES = 4 * 2**20

_Pixels = npt.NDArray[np.uint8]
_StripReader = Callable[[Image.Image], _Pixels]
"""Turns a strip of rows of the decoded image into RGB (rows, width, 3)."""


def decode(
    data: bytes, called: str, checkpoint: Checkpoint, *, draft_side: int | None = None
) -> tuple[_Pixels, str]:
    """The pixels (H, W, 3) of a picture file and a note on what had to be chosen, or "".

    Where only so many pixels of the shorter side are wanted, `draft_side`, a JPEG of any size is
    decoded reduced. `called` is the file's name as messages give it. Raises `ExplorerError` for
    anything that is no sound picture within the limits.
    """
    try:
        with _quiet():
            try:
                return _decode(data, called, checkpoint, draft_side)
            except (ExplorerError, Cancelled, MemoryError, Image.DecompressionBombError):
                raise
            except Exception:
                bare = without_metadata(data)
                if bare is None:
                    raise
                try:
                    return _decode(bare, called, checkpoint, draft_side)
                except (ExplorerError, Cancelled, MemoryError):
                    raise
                except Exception:
                    pass  # the metadata were not to blame: the first error tells more
                raise
    except (ExplorerError, Cancelled):
        raise
    except MemoryError as error:
        raise ExplorerError(
            f"there is not enough memory for {called}: close other programs or open a smaller "
            "picture."
        ) from error
    except Image.DecompressionBombError as error:
        found = re.search(r"\((\d+) pixels\)", str(error))
        count = f"{int(found[1]) / 1e6:,.0f} million" if found else "too many"
        raise _too_large(called, count) from error
    except UnidentifiedImageError as error:
        raise ExplorerError(not_a_picture(data, called)) from error
    except Exception as error:  # decoders of hostile files raise nearly anything
        raise ExplorerError(
            f"{called} is damaged or cut short: get another copy of the file."
        ) from error


def middle_square(pixels: _Pixels, side: int) -> _Pixels:
    """The square in the middle of a picture, scaled down to `side` pixels where it is larger."""
    height, width = pixels.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = pixels[top : top + short, left : left + short]
    if short <= side:
        return np.array(square, order="C")
    image = Image.fromarray(np.ascontiguousarray(square))
    return np.array(image.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=2.0))


def _decode(
    data: bytes, called: str, checkpoint: Checkpoint, draft_side: int | None
) -> tuple[_Pixels, str]:
    file = _Watched(data, lambda fraction: checkpoint(0.6 * fraction))
    _refuse_by_header(data, called)
    with Image.open(file, formats=_formats(data, called)) as image:
        width, height = image.size
        if width < 1 or height < 1:
            raise ExplorerError(f"{called} has no pixels: choose another picture.")
        _refuse_large(width, height, called)
        if draft_side is None and width * height > DRAFT_PIXELS:
            draft_side = DRAFT_SIDE
        if isinstance(image, JpegImagePlugin.JpegImageFile) and draft_side is not None:
            image.draft(None, (draft_side, draft_side))
        raw_mode = _raw_mode(image)
        if image.format == "TIFF":
            with _muted_libtiff():
                image.load()
        else:
            image.load()
        # only now: PNG may tell it behind the pixels, and TIFF has applied it by itself
        orientation = _orientation(image)
        notes = [_frames_note(image)]
        reader, note = _reader(image, raw_mode, checkpoint)
        notes.append(note)
        pixels = _read_strips(image, orientation, reader, checkpoint)
    return pixels, " ".join(filter(None, notes))


class _Watched(io.BytesIO):
    """A file in memory whose readers report how far they are, and can so be cancelled."""

    def __init__(self, data: bytes, checkpoint: Checkpoint) -> None:
        super().__init__(data)
        self._checkpoint = checkpoint
        self._size = max(1, len(data))
        self._last = 0
        self._furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        at = self.tell()
        if abs(at - self._last) >= 2**16:
            self._last = at
            self._furthest = max(self._furthest, at)  # readers jump back, progress does not
            self._checkpoint(min(1.0, self._furthest / self._size))
        return super().read(size)


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns of large pictures and odd metadata; what matters is said by errors and notes.

    Its log still reaches handlers that the program has set up, but is never printed for want of
    one.
    """
    log = logging.getLogger("PIL")
    silence = logging.NullHandler()
    log.addHandler(silence)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.removeHandler(silence)


_muting = threading.Lock()
"""Two threads that save and restore the same descriptor would lose it."""


@contextmanager
def _muted_libtiff() -> Iterator[None]:
    """Libtiff, in C, prints what it dislikes about a file straight to the error stream.

    For so long the descriptor leads nowhere; what matters comes back as an exception.
    """
    with _muting, ExitStack() as stack:
        try:
            real = os.dup(2)
        except OSError:  # a program without an error stream has nothing to mute
            yield
            return
        stack.callback(os.close, real)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, nowhere)
        stack.callback(os.dup2, real, 2)  # first of all when it is over
        os.dup2(nowhere, 2)
        yield


def formats() -> tuple[str, ...]:
    """Formats that are decoded, in Pillow's names, but for HEIF, which a package of its own reads.

    Never EPS, which Pillow hands to an interpreter of programs.
    """
    fixed = tuple(name for name in _FORMATS if name in Image.OPEN)
    try:
        from PIL import AvifImagePlugin  # since Pillow 11.2, and where it was built with libavif
    except ImportError:
        return fixed
    return (*fixed, "AVIF") if AvifImagePlugin.SUPPORTED else fixed


def _formats(data: bytes, called: str) -> tuple[str, ...]:
    """Formats that a file with these bytes may have."""
    if not may_be_heif(data[:12]):
        return formats()
    if _brands(data) & {b"avif", b"avis"}:
        return formats()
    try:
        import pillow_heif
    except ImportError as error:
        raise ExplorerError(
            f"{called} is a HEIC picture, for which a package is missing: "
            "pip install 'cnn-explorer[heic]' gets it; or save the picture as JPEG."
        ) from error
    if "HEIF" not in Image.OPEN:
        # one picture at a time; the program has threads of its own to give work to
        pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)
    return ("HEIF",)


def _brands(data: bytes) -> set[bytes]:
    """What a file of the HEIF family says it is compatible with (ISO 14496-12, section 4.3)."""
    size = min(int.from_bytes(data[:4], "big"), 512)
    return {data[at : at + 4] for at in range(8, size - 3, 4) if at != 12}


def _refuse_by_header(data: bytes, called: str) -> None:
    """Pictures that would cost too much before Pillow tells how large they are, or hide it."""
    if data.startswith(b"\0\0\1\0"):  # an icon is unpacked when it is opened
        _refuse_large(*largest_in_icon(data), called)
    elif data.startswith(JPEG_2000):
        stream = Codestream(data)
        _refuse_large(stream.width, stream.height, called)
        if stream.blocks > _MOST_BLOCKS:
            raise ExplorerError(
                f"{called} is cut into {stream.blocks / 1e6:,.0f} million blocks, which take too "
                "much memory: save it as PNG."
            )


def _refuse_large(width: int, height: int, called: str) -> None:
    if width * height > MOST_PIXELS:
        raise _too_large(called, f"{width} × {height}")


# what is said of a bad file


def _too_large(called: str, pixels: str) -> ExplorerError:
    return ExplorerError(
        f"{called} has {pixels} pixels: pictures of at most {MOST_PIXELS // 10**6} million are "
        "opened; save it smaller."
    )


# what the file says about its pixels


def _raw_mode(image: Image.Image) -> str:
    """How the file stores its pixels (``L;4``, ``RGB;16B``): known only before they are loaded."""
    tiles = cast(list[Any], getattr(image, "tile", None) or [])
    try:
        stored = tiles[0][3]
    except (IndexError, TypeError):
        return ""
    if isinstance(stored, tuple) and stored:
        stored = stored[0]
    return stored if isinstance(stored, str) else ""


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # broken metadata do not make a broken picture
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _as_stored(upright: _Pixels, orientation: int) -> _Pixels:
    """The upright picture seen as the file stores it: a view to write the rows into.

    EXIF 2.32, section 4.6.4: orientation tells where row 0 and column 0 of the file belong.
    """
    turned = upright.swapaxes(0, 1) if orientation >= 5 else upright
    top_down = orientation in (1, 2, 5, 8)
    left_right = orientation in (1, 4, 5, 6)
    return turned[:: 1 if top_down else -1, :: 1 if left_right else -1]


def _frames_note(image: Image.Image) -> str:
    """Whether the file holds more than the picture shown.

    GIF and TIFF do not tell their number of frames without a walk through the file, which one
    with millions of empty frames would make endless: only whether there is a second one is asked.
    """
    try:
        if image.format == "MPO":
            return ""  # a camera's JPEG; what follows are previews and depth maps
        if image.format == "TIFF":
            return "First of several pages." if image.is_animated else ""  # type: ignore[attr-defined]
        if not getattr(image, "is_animated", False):
            return ""
        if image.format == "GIF":
            return "First frame of an animation."
        return f"First of {image.n_frames} frames."  # type: ignore[attr-defined]
    except Exception:  # the frame at hand is sound
        return ""


# from the decoded image to RGB


def _read_strips(
    image: Image.Image, orientation: int, reader: _StripReader, checkpoint: Checkpoint
) -> _Pixels:
    width, height = image.size
    shape = (width, height) if orientation >= 5 else (height, width)
    upright = np.empty((*shape, 3), np.uint8)
    stored = _as_stored(upright, orientation)
    for top, strip in _strips(image):
        stored[top : top + strip.height] = reader(strip)
        checkpoint(0.7 + 0.3 * (top + strip.height) / height)
    return upright


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The image in strips of rows, each with the row it begins at."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    if rows >= height:
        yield 0, image
        return
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _reader(image: Image.Image, raw_mode: str, checkpoint: Checkpoint) -> tuple[_StripReader, str]:
    """How to read the strips of this image, and a note on what that chooses."""
    mode = image.mode
    if mode.startswith("I;16"):
        return _deep_grey(image, _white_level(image)), ""
    if mode == "I" and image.format in ("PNG", "PPM"):
        return _deep_grey(image, 65535), ""  # 16 bits in a wider place
    if mode in ("I", "F"):
        return _stretched(image, checkpoint)
    _mend_transparency(image, raw_mode)
    return _colours(image), ""


def _white_level(image: Image.Image) -> int:
    """The value of white in 16-bit grey; TIFF also stores 12 bits so."""
    tags = getattr(image, "tag_v2", None)
    bits = tags.get(258) if tags is not None else None  # BitsPerSample
    return 4095 if bits in (12, (12,)) else 65535


def _deep_grey(image: Image.Image, white: int) -> _StripReader:
    """Grey of more than 8 bits, scaled: Pillow's own conversion clips all but the darkest."""
    hidden = image.info.get("transparency")

    def read(strip: Image.Image) -> _Pixels:
        values = np.asarray(strip).astype(np.uint32)
        levels = np.minimum((values * 255 + white // 2) // white, 255).astype(np.uint8)
        if isinstance(hidden, int):
            levels[values == hidden] = 255
        return np.broadcast_to(levels[..., None], (*levels.shape, 3))

    return read


def _stretched(image: Image.Image, checkpoint: Checkpoint) -> tuple[_StripReader, str]:
    """Numbers of no known range: the least becomes black, the greatest white, no number black."""
    least, most, odd = np.inf, -np.inf, 0
    for top, strip in _strips(image):
        values = np.asarray(strip).astype(np.float64)  # the span of float32 overflows float32
        finite = np.isfinite(values)
        odd += values.size - int(np.count_nonzero(finite))
        least = min(least, float(np.min(values, where=finite, initial=np.inf)))
        most = max(most, float(np.max(values, where=finite, initial=-np.inf)))
        checkpoint(0.6 + 0.1 * (top + strip.height) / image.height)
    span = most - least if most > least else 1.0

    def read(strip: Image.Image) -> _Pixels:
        values = np.asarray(strip).astype(np.float64)
        finite = np.isfinite(values)
        levels = np.rint((np.where(finite, values, least) - least) * (255 / span))
        grey = np.where(finite, levels, 0).astype(np.uint8)
        return np.broadcast_to(grey[..., None], (*grey.shape, 3))

    if most < least:
        return lambda strip: np.zeros((strip.height, strip.width, 3), np.uint8), (
            "None of its values is a finite number: all are shown black."
        )
    note = f"Its values, {least:g} to {most:g}, are shown from black to white."
    if odd:
        note += f" Not finite, so shown black: {odd:,} of {image.width * image.height:,}."
    return read, note


def _mend_transparency(image: Image.Image, raw_mode: str) -> None:
    """PNG names its transparent colour as the file stores it; Pillow has widened the pixels."""
    key = image.info.get("transparency")
    factor = {"1": 255, "L;1": 255, "L;2": 85, "L;4": 17}.get(raw_mode)
    if image.format != "PNG" or key is None:
        return
    if factor and isinstance(key, int):
        image.info["transparency"] = key * factor
    elif isinstance(key, tuple) and any(value > 255 for value in key):
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _colours(image: Image.Image) -> _StripReader:
    """All modes of 8 bits a channel, with transparency and colour profile."""
    mode = image.mode
    transform = _profile_transform(image)
    clear = (
        mode in ("LA", "La", "PA", "RGBA", "RGBa")
        or "transparency" in image.info
        or (mode == "P" and image.palette is not None and "A" in image.palette.mode)
    )
    plain = "CMYK" if mode == "CMYK" else "L" if mode in ("1", "L", "LA", "La") else "RGB"

    def colours(strip: Image.Image) -> _Pixels:
        if transform is None:
            return np.asarray(strip.convert("RGB"))
        return np.asarray(transform.apply(strip.convert(plain)))

    def read(strip: Image.Image) -> _Pixels:
        if not clear:
            return colours(strip)
        straight = strip.convert("LA") if mode == "La" else strip
        straight = straight.convert("RGBA")
        alpha = np.asarray(straight.getchannel("A"))
        return _over_white(colours(straight.convert("RGB")), alpha)

    return read


def _over_white(rgb: _Pixels, alpha: _Pixels) -> _Pixels:
    """Straight (not premultiplied) colours (H, W, 3) with alpha (H, W), laid on white.

    Where alpha is 0 the result is white, whatever colour the file hides there. Rounded to the
    nearest level.
    """
    opaque = alpha[..., None].astype(np.uint16)
    # at most 255 * 255, plus 127 for rounding: fits 16 bits
    mixed = rgb * opaque + np.uint16(255) * (np.uint16(255) - opaque)
    return ((mixed + np.uint16(127)) // np.uint16(255)).astype(np.uint8)


def _profile_transform(image: Image.Image) -> ImageCms.ImageCmsTransform | None:
    """From the embedded colour profile to sRGB; None where it is sRGB, absent, or of no use."""
    data = image.info.get("icc_profile")
    if not isinstance(data, bytes) or not 128 < len(data) <= _MOST_PROFILE_BYTES:
        return None
    fitting = {
        "RGB": ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "YCbCr"),
        "GRAY": ("L", "LA", "La"),
        "CMYK": ("CMYK",),
    }
    stored = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
        space = profile.profile.xcolor_space.strip()
        if image.mode not in fitting.get(space, ()):
            return None
        if "srgb" in (profile.profile.profile_description or "").lower():
            return None
        return ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            stored[space],
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except Exception:  # a broken profile is ignored: the colours are near enough without it
        return None
