"""What a person watches live: joins the Live page, the commands and the settings to `Live`.

Sources are made when they are asked for: until then nothing of QtMultimedia is imported.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, QStandardPaths, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QScreen
from PySide6.QtWidgets import QFileDialog

from cnn_explorer.gui.multimedia.devices import Region
from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.frame_source import FrameSource, Playhead
from cnn_explorer.gui.state.live import Live
from cnn_explorer.gui.state.settings import Settings
from cnn_explorer.gui.widgets.live_menu import LiveMenu
from cnn_explorer.gui.widgets.live_sources import Sources, chosen_camera, format_of
from cnn_explorer.gui.widgets.panels import Panels
from cnn_explorer.gui.widgets.region_chooser import RegionChooser
from cnn_explorer.gui.widgets.theme import is_dark
from cnn_explorer.media.formats import VIDEOS, patterns
from cnn_explorer.text import capitalised

if TYPE_CHECKING:
    from cnn_explorer.gui.widgets.main_window import MainWindow


def _sources_of_qt() -> Sources:
    from cnn_explorer.gui.multimedia import sources

    return sources


class Watching(QObject):
    """Starts and stops what is live, and shows how it is."""

    changed = Signal()
    """Another source is watched or none, or a frame is held fast or let go."""

    def __init__(
        self,
        window: "MainWindow",
        panels: Panels,
        settings: Settings,
        explorer: Explorer,
        live: Live,
        find_sources: Callable[[], Sources] = _sources_of_qt,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._panels = panels
        self._settings = settings
        self._explorer = explorer
        self._live = live
        self._find_sources = find_sources
        self._made: Sources | None = None
        self._again: Callable[[], FrameSource] | None = None  # what Start starts
        self._was_playing = False  # before its frame was frozen
        self._page = page = panels.input_panel.live_page
        self._chooser: RegionChooser | None = None
        self.menu = LiveMenu(window.commands, self)
        self._join_page()
        self._join_commands()
        page.set_mirrored(settings.mirror)
        page.pace.set_folded(settings.pace_folded)
        live.source_changed.connect(self._on_source_changed)
        live.condition_changed.connect(page.show_condition)
        live.playhead_moved.connect(page.show_playhead)
        live.frozen_changed.connect(self._on_frozen_changed)
        live.pace_told.connect(page.show_pace)

    def _join_page(self) -> None:
        page, menu = self._page, self.menu
        page.source_menu.aboutToShow.connect(self._fill_menu)
        page.toggle_asked.connect(self.toggle)
        page.freeze_asked.connect(self.freeze)
        page.snapshot_asked.connect(self.snapshot)
        page.view.retry_asked.connect(self._live.try_again)
        page.pace.folded_changed.connect(self._on_folded)
        self._panels.input_panel.live_left.connect(self._live.stop)
        bar = page.transport
        bar.play_asked.connect(self._on_play_asked)
        bar.step_asked.connect(self._on_step_asked)
        bar.seek_asked.connect(self._on_seek_asked)
        bar.loops_asked.connect(self._on_loops_asked)
        bar.speed_asked.connect(self._on_speed_asked)
        menu.camera_chosen.connect(self.watch_camera)
        menu.resolution_chosen.connect(self._on_resolution_chosen)
        menu.screen_chosen.connect(self.watch_screen)
        menu.region_wanted.connect(self.choose_region)
        menu.window_chosen.connect(self.watch_window)

    def _join_commands(self) -> None:
        commands = self._window.commands
        commands.camera.triggered.connect(self._on_camera_asked)
        commands.video.triggered.connect(self.ask_video)
        commands.freeze.triggered.connect(self._on_freeze_asked)
        commands.snapshot.triggered.connect(self.snapshot)
        commands.snapshot_folder.triggered.connect(self.ask_snapshot_folder)
        commands.mirror.setChecked(self._settings.mirror)
        commands.mirror.toggled.connect(self._on_mirror_asked)
        commands.source_menu.aboutToShow.connect(self._fill_menu)
        self._tell()

    # what is so now

    @property
    def title(self) -> str:
        """What is watched, for the window's title and status bar; empty for nothing."""
        source = self._live.source
        if source is None:
            return ""
        return self.tr("{} (frozen)").format(source.title) if self._page.is_frozen else source.title

    # commands

    @Slot(str)
    def watch_camera(self, id: str = "") -> None:
        """Watch a camera: one chosen, or the one watched last."""
        if id:
            self._settings.camera = id
        self._watch(self._camera)

    @Slot(str)
    def watch_screen(self, id: str, region: Region | None = None) -> None:
        """Watch a screen or a part of it."""
        self._watch(lambda: self._sources().screen(id, region))

    @Slot(str)
    def watch_window(self, id: str) -> None:
        """Watch another program's window."""
        self._watch(lambda: self._sources().window(id))

    def open_video(self, path: Path) -> None:
        """Play a video file."""
        self._settings.video_folder = str(path.parent)
        self._settings.add_recent(str(path))
        self._watch(lambda: self._sources().video(path))

    @Slot()
    def ask_video(self) -> None:
        """Ask for a video file and play it."""
        if self._refuse():
            return
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Open a video"),
            self._settings.video_folder,
            self.tr("Videos ({});;All files (*)").format(patterns(VIDEOS)),
        )
        if name:
            self.open_video(Path(name))

    @Slot(str)
    def choose_region(self, id: str) -> None:
        """Let a part of a screen be chosen on a picture of it. Where none can be taken, the
        whole screen is watched."""
        screen = next((one for one in self._sources().screens() if one.id == id), None)
        shown = _screen_of(screen.name if screen else "")
        picture = None if shown is None else shown.grabWindow(0)
        if screen is None or shown is None or picture is None or picture.isNull():
            self.watch_screen(id)
            return
        chooser = RegionChooser(picture, QSize(screen.width, screen.height))
        chooser.chosen.connect(lambda region: self.watch_screen(id, region))
        chooser.destroyed.connect(self._on_chooser_gone)
        self._chooser = chooser
        chooser.setGeometry(shown.geometry())
        chooser.showFullScreen()
        chooser.activateWindow()

    @Slot()
    def toggle(self) -> None:
        """Stop what is watched, or start what was watched last."""
        if self._live.source is not None:
            self._live.stop()
        else:
            self._watch(self._again or self._camera)

    @Slot()
    def stop(self) -> None:
        """Stop what is watched; its last frame stays."""
        self._live.stop()

    @Slot(bool)
    def freeze(self, frozen: bool) -> None:
        """Hold the frame fast, or go on. A file stands still meanwhile."""
        source = self._live.source
        if source is None:
            return
        if frozen and not self._page.is_frozen:
            self._was_playing = self._page.transport.playhead.playing
        self._page.expect_frame(True)
        try:
            self._live.freeze(frozen)
        finally:
            self._page.expect_frame(False)

    @Slot()
    def snapshot(self) -> None:
        """Save the frame, its answers and the maps of the layer on show."""
        if not self._settings.snapshot_folder and not self.ask_snapshot_folder():
            return
        look = self._panels.activations_panel.look
        self._explorer.snapshot(
            Path(self._settings.snapshot_folder), look, dark=is_dark(self._window.palette())
        )

    @Slot()
    def ask_snapshot_folder(self) -> bool:
        """Ask where snapshots are saved; gives whether a folder was chosen."""
        pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        name = QFileDialog.getExistingDirectory(
            self._window,
            self.tr("Choose a folder for snapshots"),
            self._settings.snapshot_folder or pictures,
        )
        if name:
            self._settings.snapshot_folder = name
        return bool(name)

    def take_key(self, event: QKeyEvent) -> bool:
        """Freeze, or go on, at Space that nothing else in the window had a use for."""
        plain = not event.modifiers() and event.key() == Qt.Key.Key_Space
        if not plain or self._live.source is None:
            return False
        if not event.isAutoRepeat():
            self._page.freeze()
        return True

    # sources

    def _sources(self) -> Sources:
        if self._made is None:
            self._made = self._find_sources()
            self._page.set_unavailable(capitalised(self._made.unavailable()))
        return self._made

    def _refuse(self) -> bool:
        """Whether nothing can be watched here: the page says why."""
        why_not = self._sources().unavailable()
        if why_not:
            self._window.input_dock.show()
            self._panels.input_panel.show_live()
            self._window.say(capitalised(why_not), "warning")
        return bool(why_not)

    def _camera(self) -> FrameSource:
        settings, sources = self._settings, self._sources()
        camera = chosen_camera(sources.cameras(), settings.camera)
        return sources.camera(
            "" if camera is None else camera.id, format_of(camera, settings.resolution)
        )

    def _watch(self, make: Callable[[], FrameSource]) -> None:
        if self._refuse():
            return
        self._again = make
        self._window.input_dock.show()
        self._panels.input_panel.show_live()
        self._live.watch(make())

    @Slot()
    def _fill_menu(self) -> None:
        settings = self._settings
        for menu in (self._page.source_menu, self._window.commands.source_menu):
            if menu is self.sender() or self.sender() is None:
                self.menu.fill(menu, self._sources(), settings.camera, settings.resolution)

    # from the state

    @Slot(object)
    def _on_source_changed(self, source: FrameSource | None) -> None:
        self._was_playing = False
        self._page.show_source(source)
        if source is not None and source.kind == "video":
            bar = self._page.transport
            bar.show_playhead(
                Playhead(0, 0, True, loops=self._settings.loop, speed=self._settings.speed)
            )
            source.set_loops(self._settings.loop)
            source.set_speed(self._settings.speed)
        self._tell()

    @Slot(bool)
    def _on_frozen_changed(self, frozen: bool) -> None:
        self._page.show_frozen(frozen)
        source = self._live.source
        if source is not None and source.kind == "video":
            if frozen:
                source.pause()
            elif self._was_playing:
                source.play()
        self._tell()

    def _tell(self) -> None:
        """Show in the menus what is so."""
        commands, source = self._window.commands, self._live.source
        commands.camera.setChecked(source is not None and source.kind == "camera")
        commands.freeze.setEnabled(source is not None)
        commands.freeze.setChecked(self._page.is_frozen)
        self._window.status.show_live(self.title)
        self.changed.emit()

    # gestures

    @Slot(bool)
    def _on_camera_asked(self, wanted: bool) -> None:
        if wanted:
            self.watch_camera()
        else:
            self._live.stop()
        self._tell()  # it may have come to nothing

    @Slot()
    def _on_freeze_asked(self) -> None:
        self._page.freeze()
        self._tell()  # there may be no frame yet

    @Slot(object)
    def _on_resolution_chosen(self, size: tuple[int, int] | None) -> None:
        self._settings.resolution = size
        self.watch_camera()

    @Slot(bool)
    def _on_mirror_asked(self, mirrored: bool) -> None:
        self._settings.mirror = mirrored
        self._page.set_mirrored(mirrored)

    @Slot(bool)
    def _on_folded(self, folded: bool) -> None:
        self._settings.pace_folded = folded

    def _thaw(self, *, playing: bool) -> FrameSource | None:
        """The file, no longer frozen: what it shows next is to be seen."""
        source = self._live.source
        if source is not None and self._page.is_frozen:
            self._was_playing = playing
            self.freeze(False)
        return source

    @Slot(bool)
    def _on_play_asked(self, wanted: bool) -> None:
        source = self._thaw(playing=False)
        if source is not None:
            source.play() if wanted else source.pause()

    @Slot(int)
    def _on_step_asked(self, frames: int) -> None:
        source = self._thaw(playing=False)
        if source is not None:
            source.step(frames)

    @Slot(int)
    def _on_seek_asked(self, position_ms: int) -> None:
        source = self._thaw(playing=False)
        if source is not None:
            source.seek(position_ms)

    @Slot(bool)
    def _on_loops_asked(self, wanted: bool) -> None:
        self._settings.loop = wanted
        if self._live.source is not None:
            self._live.source.set_loops(wanted)

    @Slot(float)
    def _on_speed_asked(self, speed: float) -> None:
        self._settings.speed = speed
        if self._live.source is not None:
            self._live.source.set_speed(speed)

    @Slot()
    def _on_chooser_gone(self) -> None:
        self._chooser = None


def _screen_of(name: str) -> QScreen | None:
    """The screen of a name, else the primary one."""
    found = (screen for screen in QGuiApplication.screens() if screen.name() == name)
    return next(found, QGuiApplication.primaryScreen())
