"""What the program remembers between starts. The file is hostile: what is odd in it is ignored."""

import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, cast, get_args

from PySide6.QtCore import QByteArray, QSettings

ThemeChoice = Literal["system", "light", "dark"]
ThumbnailChoice = Literal["off", "mean", "strongest"]
PrecisionChoice = Literal["exact", "fast"]
"""`probe.precision.Precision`, which is not imported before the first paint."""

SIZES = (100, 125, 150, 200)
"""Per cent: for a projector, or eyes that want larger text than the desktop gives."""

CACHE_SIZES = (0, 128, 512, 2048)
"""Megabytes of captured layers that may be kept."""

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
"""At which files may be played."""

_RECENT = 12
_EXPANSIONS = 100
"""Networks whose open blocks are remembered: those shown last."""
_EXPANSIONS_ROOM = 1_000_000
"""Letters that all of them may take together."""


class Settings:
    """Typed access to a QSettings; every getter gives a sound value."""

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @classmethod
    def of_user(cls) -> "Settings":
        """The settings in the user's configuration folder."""
        return cls(
            QSettings(
                QSettings.Format.IniFormat, QSettings.Scope.UserScope, "cnn-explorer", "window"
            )
        )

    @classmethod
    def in_file(cls, path: Path) -> "Settings":
        """Settings kept in a file of the caller's, for tests and snapshots."""
        return cls(QSettings(str(path), QSettings.Format.IniFormat))

    def _text(self, key: str, default: str) -> str:
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def _texts(self, key: str) -> tuple[str, ...]:
        value = self._store.value(key, [])
        if isinstance(value, str):  # an INI file gives a list of one as its item
            value = [value]
        if not isinstance(value, list):
            return ()
        return tuple(item for item in value if isinstance(item, str) and item)

    @property
    def theme(self) -> ThemeChoice:
        value = self._text("theme", "system")
        return cast(ThemeChoice, value) if value in get_args(ThemeChoice) else "system"

    @theme.setter
    def theme(self, value: ThemeChoice) -> None:
        self._store.setValue("theme", value)

    @property
    def size(self) -> int:
        """How large everything is drawn, per cent: one of `SIZES`. Taken up at the next start."""
        text = self._text("size", "100")
        return int(text) if text in map(str, SIZES) else 100

    @size.setter
    def size(self, value: int) -> None:
        self._store.setValue("size", str(value))

    @property
    def thumbnails(self) -> ThumbnailChoice:
        """What the boxes of the graph show of their outputs."""
        value = self._text("thumbnails", "mean")
        return cast(ThumbnailChoice, value) if value in get_args(ThumbnailChoice) else "mean"

    @thumbnails.setter
    def thumbnails(self, value: ThumbnailChoice) -> None:
        self._store.setValue("thumbnails", value)

    @property
    def precision(self) -> PrecisionChoice:
        """Whether networks run exactly, or as fast as this computer can."""
        value = self._text("precision", "exact")
        return cast(PrecisionChoice, value) if value in get_args(PrecisionChoice) else "exact"

    @precision.setter
    def precision(self, value: PrecisionChoice) -> None:
        self._store.setValue("precision", value)

    @property
    def cache_mb(self) -> int:
        """How many megabytes (of 2**20 bytes) of captured layers are kept: one of `CACHE_SIZES`."""
        text = self._text("cache_mb", "512")
        return int(text) if text in map(str, CACHE_SIZES) else 512

    @cache_mb.setter
    def cache_mb(self, value: int) -> None:
        self._store.setValue("cache_mb", str(value))

    @property
    def network(self) -> str:
        """The network shown last; empty where none was. It may not exist any more."""
        return self._text("network", "")

    @network.setter
    def network(self, value: str) -> None:
        self._store.setValue("network", value)

    @property
    def folder(self) -> str:
        """Where the last picture was opened; empty where that is gone."""
        return self._folder("folder")

    @folder.setter
    def folder(self, value: str) -> None:
        self._store.setValue("folder", value)

    @property
    def recent(self) -> tuple[str, ...]:
        """Pictures, folders and videos opened lately, newest first. None need exist any more."""
        return self._texts("recent")[:_RECENT]

    def add_recent(self, path: str) -> None:
        """Put a picture first among the recent ones."""
        kept = [item for item in self.recent if item != path]
        self._store.setValue("recent", [path, *kept][:_RECENT])

    def forget_recent(self, path: str = "") -> None:
        """Drop one recent picture, or all."""
        kept = [item for item in self.recent if path and item != path]
        self._store.setValue("recent", kept)

    @property
    def slide_seconds(self) -> int:
        """How long each picture of the slide show stands, 1 to 60 seconds."""
        text = self._text("slide_seconds", "3")
        sound = text.isascii() and text.isdecimal() and len(text) < 3
        return min(60, max(1, int(text))) if sound else 3

    @slide_seconds.setter
    def slide_seconds(self, value: int) -> None:
        self._store.setValue("slide_seconds", str(value))

    @property
    def slide_show_loops(self) -> bool:
        """Whether the slide show begins again at its end."""
        return self._yes("slide_show_loops", default=True)

    @slide_show_loops.setter
    def slide_show_loops(self, value: bool) -> None:
        self._say_yes("slide_show_loops", value)

    @property
    def allow_private(self) -> bool:
        """Whether pictures may be fetched from this computer and its own network."""
        return self._yes("allow_private", default=False)

    @allow_private.setter
    def allow_private(self, value: bool) -> None:
        self._say_yes("allow_private", value)

    @property
    def open_families(self) -> tuple[str, ...]:
        """The families of the list of networks that stood open, by their keys."""
        return self._texts("open_families")

    @open_families.setter
    def open_families(self, value: Iterable[str]) -> None:
        self._store.setValue("open_families", sorted(value))

    @property
    def only_at_hand(self) -> bool:
        """Whether the list shows only networks with weights at hand."""
        return self._yes("only_at_hand", default=False)

    @only_at_hand.setter
    def only_at_hand(self, value: bool) -> None:
        self._say_yes("only_at_hand", value)

    @property
    def compared(self) -> tuple[str, ...]:
        """The networks compared last, by name. None need exist any more."""
        return self._texts("compared")

    @compared.setter
    def compared(self, value: Iterable[str]) -> None:
        self._store.setValue("compared", list(value))

    @property
    def coloured_by(self) -> str:
        """The key of the number that boxes of the graph are coloured by; empty for the kind of
        layer. It may not exist any more."""
        return self._text("coloured_by", "")

    @coloured_by.setter
    def coloured_by(self, value: str) -> None:
        self._store.setValue("coloured_by", value)

    @property
    def maps_look(self) -> str:
        """How maps are shown, for `MapsLook.from_text`."""
        return self._text("maps_look", "")

    @maps_look.setter
    def maps_look(self, value: str) -> None:
        self._store.setValue("maps_look", value)

    @property
    def shading_open(self) -> bool:
        """Whether the row of controls for the maps' colours is open."""
        return self._yes("shading_open", False)

    @shading_open.setter
    def shading_open(self, value: bool) -> None:
        self._say_yes("shading_open", value)

    @property
    def table_widths(self) -> tuple[int, ...]:
        """The widths of the columns of the table of layers; empty where none were changed."""
        texts = self._texts("table_widths")
        sound = all(text.isdecimal() and len(text) < 5 for text in texts)
        return tuple(map(int, texts)) if sound else ()

    @table_widths.setter
    def table_widths(self, value: Iterable[int]) -> None:
        self._store.setValue("table_widths", [str(width) for width in value])

    @property
    def versions(self) -> dict[str, str]:
        """Which version of its weights a person chose for a network, by the network's name."""
        try:
            value = json.loads(self._text("versions", "{}"))
        except (ValueError, RecursionError):
            return {}
        if not isinstance(value, dict):
            return {}
        return {name: tag for name, tag in value.items() if isinstance(tag, str)}

    def set_version(self, network: str, version: str) -> None:
        """Remember a version; an empty one is forgotten."""
        versions = {**self.versions, network: version}
        kept = {name: tag for name, tag in versions.items() if tag}
        if kept != self.versions:
            self._store.setValue("versions", json.dumps(kept))

    @property
    def expansions(self) -> dict[str, frozenset[str]]:
        """The names of the blocks that stood open, by the network's name. Neither need exist."""
        text = self._text("expansions", "{}")
        if len(text) > _EXPANSIONS_ROOM:
            return {}
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return {}
        if not isinstance(value, dict):
            return {}
        return {
            network: frozenset(names)
            for network, names in list(value.items())[-_EXPANSIONS:]
            if isinstance(names, list) and all(isinstance(name, str) for name in names)
        }

    @expansions.setter
    def expansions(self, value: Mapping[str, Iterable[str]]) -> None:
        kept = {network: sorted(names) for network, names in list(value.items())[-_EXPANSIONS:]}
        text = json.dumps(kept)
        while len(text) > _EXPANSIONS_ROOM:
            kept.pop(next(iter(kept)))
            text = json.dumps(kept)
        self._store.setValue("expansions", text)

    def _yes(self, key: str, default: bool) -> bool:
        text = self._text(key, "")
        return text == "yes" if text in ("yes", "no") else default

    def _say_yes(self, key: str, value: bool) -> None:
        self._store.setValue(key, "yes" if value else "no")

    @property
    def left_to_right(self) -> bool:
        """Whether graphs are drawn from left to right."""
        return self._yes("left_to_right", default=False)

    @left_to_right.setter
    def left_to_right(self, value: bool) -> None:
        self._say_yes("left_to_right", value)

    @property
    def minimap(self) -> bool:
        """Whether a small map lies on a graph larger than the view."""
        return self._yes("minimap", default=True)

    @minimap.setter
    def minimap(self, value: bool) -> None:
        self._say_yes("minimap", value)

    @property
    def legend_folded(self) -> bool | None:
        """Whether a person folded the graph's legend or unfolded it; None where neither."""
        return {"folded": True, "open": False}.get(self._text("legend", ""))

    @legend_folded.setter
    def legend_folded(self, value: bool | None) -> None:
        self._store.setValue("legend", "" if value is None else "folded" if value else "open")

    @property
    def animate(self) -> bool:
        """Whether blocks are seen to open and close, where the system has nothing against it."""
        return self._yes("animate", default=True)

    @animate.setter
    def animate(self, value: bool) -> None:
        self._say_yes("animate", value)

    @property
    def smooth_answers(self) -> bool:
        """Whether answers to a picture that moves are smoothed over time."""
        return self._yes("smooth_answers", default=False)

    @smooth_answers.setter
    def smooth_answers(self, value: bool) -> None:
        self._say_yes("smooth_answers", value)

    @property
    def camera(self) -> str:
        """The id of the camera watched last; empty for the system's own choice. It may be gone."""
        return self._text("camera", "")

    @camera.setter
    def camera(self, value: str) -> None:
        self._store.setValue("camera", value)

    @property
    def resolution(self) -> tuple[int, int] | None:
        """Width and height asked of cameras; None leaves it to the camera."""
        width, _, height = self._text("resolution", "").partition("x")
        sound = all(text.isdecimal() and len(text) < 6 and int(text) for text in (width, height))
        return (int(width), int(height)) if sound else None

    @resolution.setter
    def resolution(self, value: tuple[int, int] | None) -> None:
        self._store.setValue("resolution", "" if value is None else f"{value[0]}x{value[1]}")

    @property
    def mirror(self) -> bool:
        """Whether a camera is shown as in a mirror."""
        return self._yes("mirror", default=True)

    @mirror.setter
    def mirror(self, value: bool) -> None:
        self._say_yes("mirror", value)

    @property
    def loop(self) -> bool:
        """Whether files are played over and over."""
        return self._yes("loop", default=False)

    @loop.setter
    def loop(self, value: bool) -> None:
        self._say_yes("loop", value)

    @property
    def speed(self) -> float:
        """How fast files are played: one of `SPEEDS`."""
        text = self._text("speed", "1")
        return float(text) if text in {f"{speed:g}" for speed in SPEEDS} else 1.0

    @speed.setter
    def speed(self, value: float) -> None:
        self._store.setValue("speed", f"{value:g}")

    @property
    def pace_folded(self) -> bool:
        """Whether the graph of the pace of live pictures is folded away."""
        return self._yes("pace_folded", default=False)

    @pace_folded.setter
    def pace_folded(self, value: bool) -> None:
        self._say_yes("pace_folded", value)

    def _folder(self, key: str) -> str:
        value = self._text(key, "")
        try:
            return value if value and Path(value).is_dir() else ""
        except (OSError, ValueError):
            return ""

    @property
    def video_folder(self) -> str:
        """Where the last video file was opened; empty where that is gone."""
        return self._folder("video_folder")

    @video_folder.setter
    def video_folder(self, value: str) -> None:
        self._store.setValue("video_folder", value)

    @property
    def snapshot_folder(self) -> str:
        """Where snapshots are saved; empty where that is gone or none was chosen yet."""
        return self._folder("snapshot_folder")

    @snapshot_folder.setter
    def snapshot_folder(self, value: str) -> None:
        self._store.setValue("snapshot_folder", value)

    def _sealed(self, key: str) -> QByteArray:
        """Bytes as Qt gave them, or none.

        Qt takes its own arrangement of a window on trust: a damaged one makes it write where it
        must not. So the bytes lie beside their checksum.
        """
        checksum, _, text = self._text(key, "").partition(":")
        encoded = text.encode("ascii", "replace")
        sound = checksum == _checksum(encoded)
        return QByteArray.fromBase64(encoded) if sound else QByteArray()

    def _seal(self, key: str, value: QByteArray) -> None:
        encoded = bytes(value.toBase64().data())
        self._store.setValue(key, f"{_checksum(encoded)}:{encoded.decode()}")

    @property
    def geometry(self) -> QByteArray:
        """Where the window stood and how large; empty where that is unknown or damaged."""
        return self._sealed("geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._seal("geometry", value)

    @property
    def panels(self) -> QByteArray:
        """How the panels lay in the window; empty where that is unknown or damaged."""
        return self._sealed("panels")

    @panels.setter
    def panels(self, value: QByteArray) -> None:
        self._seal("panels", value)

    @property
    def tab(self) -> int:
        """The tab below the graph that was open last."""
        text = self._text("tab", "0")
        return int(text) if text.isdecimal() and len(text) < 3 else 0

    @tab.setter
    def tab(self, value: int) -> None:
        self._store.setValue("tab", str(value))

    def save(self) -> None:
        """Write to disk now."""
        self._store.sync()


def _checksum(encoded: bytes) -> str:
    # against damage, not against malice; hashlib would take 3 ms of the time to the first paint
    return f"{zlib.crc32(encoded):08x}"
