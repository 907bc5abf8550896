"""A series of pictures, of several files or a folder, gone through by hand or by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.file_thumbnails import FileThumbnails
from cnn_explorer.gui.state.picture_reader import PictureReader
from cnn_explorer.media.gather import Gathered
from cnn_explorer.media.picture import Picture, origin_of
from cnn_explorer.text import printable

SECONDS = (1, 2, 3, 5, 10, 30, 60)
"""How long a picture of the slide show may stand, offered in menus; any from 1 to 60 will do."""

_PATIENCE_MS = 700
"""For a folder to be looked through before that is said: most take less."""


@dataclass(frozen=True)
class SeriesShown:
    """The series, and where one is in it."""

    paths: tuple[Path, ...] = ()
    """Two at least, or none: one picture is no series."""
    place: int = 0
    """Of the picture on show or being opened, or else of the last one that was."""
    on_show: bool = False
    """Whether the picture on show is of the series: a person may look at another one meanwhile."""
    failed: Mapping[Path, str] = field(default_factory=dict)
    """Files that could not be read, and why, a sentence each."""
    playing: bool = False
    """Whether the slide show runs."""
    seconds: int = 3
    """How long a picture of it stands."""
    loops: bool = True
    """Whether its end is followed by the beginning."""

    def step(self, by: int) -> int | None:
        """The place so far on, or back where negative; None beyond either end."""
        if not self.on_show and self.paths:
            by -= 1 if by > 0 else 0  # back to the picture that one had left
        place = self.place + by
        return place if 0 <= place < len(self.paths) else None

    def to_play(self) -> int | None:
        """The place that the slide show goes to next; None where it ends. What could not be read
        is passed over."""
        count = len(self.paths)
        further = range(self.place + 1, count + (self.place if self.loops else 0))
        places = (place % count for place in further)
        return next((at for at in places if self.paths[at] not in self.failed), None)

    def without(self, place: int) -> "SeriesShown":
        """With one picture less; the one that follows takes its place."""
        paths = self.paths[:place] + self.paths[place + 1 :]
        if len(paths) < 2:
            return replace(self, paths=(), place=0, on_show=False, playing=False)
        now = self.place - 1 if place < self.place else min(self.place, len(paths) - 1)
        return replace(self, paths=paths, place=now)


class PictureSeries(QObject):
    """The series of the window. Its pictures are opened as any file is."""

    changed = Signal(object)
    """A `SeriesShown`."""
    gathered = Signal(object)
    """The `Gathered` of a new series, or of a single picture that was all there was."""

    def __init__(self, explorer: Explorer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._shown = SeriesShown()
        self._place_of: dict[str, int] = {}
        self._to_say = ""
        self._due = False
        self.reader = PictureReader(self)
        """The thread that reads files beside the engine, for others to use as well."""
        self.reader.gathered.connect(self._on_gathered)
        self.thumbnails = FileThumbnails(self.reader, lambda: explorer.idle, self)
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._on_time)
        self._sought = ""  # the name of the folder that is looked through
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._on_patience_over)
        explorer.picture_shown.connect(self._on_picture_shown)
        explorer.file_refused.connect(self._on_file_refused)
        explorer.stopped.connect(self._on_stopped)
        # queued: the signal comes amid the work that a last response makes
        explorer.settled.connect(self._on_settled, Qt.ConnectionType.QueuedConnection)

    @property
    def shown(self) -> SeriesShown:
        return self._shown

    def has(self, path: Path) -> bool:
        """Whether a file is of the series."""
        return origin_of(path) in self._place_of

    # commands

    def open(self, asked: Sequence[Path]) -> None:
        """Make a series of files and of what there is in folders, and show its first picture. Where
        there is only one picture, it is shown and is no series."""
        if any(path.is_dir() for path in asked):
            self._sought = printable(asked[0].name or str(asked[0]), 80)
            self._patience.start()
        self.reader.gather(tuple(asked))

    def close_series(self) -> None:
        """There is no series any more; its picture stays."""
        self._patience.stop()
        self.reader.give_up()
        self._become(())

    def go_to(self, place: int) -> None:
        """Show the picture at a place."""
        if 0 <= place < len(self._shown.paths):
            self._due = False
            self._set(place=place, on_show=True)
            if self._shown.playing:
                self._clock.start(self._shown.seconds * 1000)  # anew when it is on the screen
            self._explorer.open_file(self._shown.paths[place])

    def step(self, by: int) -> None:
        """Go on, or back where negative, as far as there are pictures."""
        place = self._shown.step(by)
        if place is not None:
            self.go_to(place)

    @Slot()
    def next(self) -> None:
        """Show the picture that follows. The last one is followed by none."""
        self.step(1)

    @Slot()
    def previous(self) -> None:
        """Show the picture before."""
        self.step(-1)

    def remove(self, place: int) -> None:
        """Take a picture out of the series; the file stays where it is."""
        shown = self._shown
        if not 0 <= place < len(shown.paths):
            return
        rest = shown.without(place)
        left = tuple(path for path in shown.paths if path != shown.paths[place])
        was_on_show = shown.on_show and place == shown.place
        self._index(rest.paths)
        self._shown = rest
        self._stop_clock()
        self.changed.emit(rest)
        if was_on_show and rest.paths:
            self.go_to(rest.place)
        elif was_on_show:
            self._explorer.open_file(left[0])

    @Slot(bool)
    def play(self, playing: bool) -> None:
        """Start the slide show where one is, or at the beginning after the last one; or stop it."""
        shown = self._shown
        if not shown.paths or playing == shown.playing:
            self.changed.emit(shown)  # a button that was pressed in vain shows what is so
            return
        self._set(playing=playing)
        if not playing:
            self._stop_clock()
        elif not shown.on_show:
            self.go_to(shown.place)
        elif shown.to_play() is None:
            self.go_to(0)
        else:
            self._clock.start(shown.seconds * 1000)

    @Slot(int)
    def set_seconds(self, seconds: int) -> None:
        """How long each picture of the slide show stands, 1 to 60."""
        self._set(seconds=min(60, max(1, seconds)))
        if self._clock.isActive():
            self._clock.start(self._shown.seconds * 1000)

    @Slot(bool)
    def set_loops(self, loops: bool) -> None:
        """Whether the slide show begins again at its end."""
        self._set(loops=loops)

    def close(self) -> None:
        """End everything, the thread too."""
        self._patience.stop()
        self._stop_clock()
        self.thumbnails.forget()
        self.reader.close()

    # what happens

    def _set(self, **what: object) -> None:
        shown = replace(self._shown, **what)  # type: ignore[arg-type]
        if shown != self._shown:
            self._shown = shown
            self.changed.emit(shown)

    def _become(self, paths: tuple[Path, ...]) -> None:
        """Have another series, or none."""
        self._stop_clock()
        self.thumbnails.forget()
        self._index(paths)
        self._set(paths=paths, place=0, on_show=False, failed={}, playing=False)

    def _index(self, paths: tuple[Path, ...]) -> None:
        self._place_of = {origin_of(path): place for place, path in enumerate(paths)}

    def _stop_clock(self) -> None:
        self._clock.stop()
        self._due = False

    def _say(self, text: str) -> None:
        self._explorer.tell(Message(text, "info"))

    @Slot()
    def _on_patience_over(self) -> None:
        self._say(self.tr("Looking for pictures in “{}” …").format(self._sought))

    @Slot(object)
    def _on_gathered(self, found: Gathered | str) -> None:
        self._patience.stop()
        if isinstance(found, str):
            self._explorer.tell(Message(found, "error"))
            return
        pictures = found.pictures
        self._become(pictures if len(pictures) > 1 else ())
        self._to_say = found.passed_over
        self.gathered.emit(found)
        if len(pictures) > 1:
            self.go_to(0)
        else:
            self._explorer.open_file(pictures[0])

    @Slot(object)
    def _on_picture_shown(self, picture: Picture) -> None:
        if self._to_say:
            # a picture on show ends what was said before: queued, so that it comes after that
            QTimer.singleShot(0, self, self._say_what_was_passed_over)
        shown = self._shown
        if not shown.paths:
            return
        place = self._place_of.get(picture.source) if picture.source else None
        if place is not None:
            self._set(place=place, on_show=True)
            if self._shown.playing:
                self._due = False
                self._clock.start(self._shown.seconds * 1000)
        elif shown.on_show:
            # a person looks at something else: the series waits to be gone on with
            self._stop_clock()
            self._set(on_show=False, playing=False)

    @Slot()
    def _say_what_was_passed_over(self) -> None:
        said, self._to_say = self._to_say, ""
        if said:
            self._say(said)

    @Slot(object, str)
    def _on_file_refused(self, path: Path, sentence: str) -> None:
        shown = self._shown
        if path not in shown.paths:
            return
        self._set(failed={**shown.failed, path: sentence})
        if shown.playing and shown.paths[shown.place] == path:
            self._advance()

    @Slot()
    def _on_stopped(self) -> None:
        self.play(False)

    @Slot()
    def _on_time(self) -> None:
        # a slow network has its say about each picture before the next one comes
        self._due = True
        self._on_settled()

    @Slot()
    def _on_settled(self) -> None:
        if self._due and self._explorer.idle:
            self._due = False
            self._advance()

    def _advance(self) -> None:
        place = self._shown.to_play()
        if place is None:
            self._stop_clock()
            self._set(playing=False)
        else:
            self.go_to(place)
