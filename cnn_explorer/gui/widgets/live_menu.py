"""The menu of what can be watched: cameras and their resolutions, video files, screens, windows."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from cnn_explorer.gui.widgets.actions import Actions
from cnn_explorer.gui.widgets.live_sources import Sources, chosen_camera, resolutions
from cnn_explorer.text import in_menu, printable

_MOST_WINDOWS = 24
_LONGEST = 48
"""Letters of a window's title."""


class LiveMenu(QObject):
    """Fills menus when they are about to be shown, for what is plugged in changes."""

    camera_chosen = Signal(str)
    """A camera's id."""
    resolution_chosen = Signal(object)
    """Width and height; None leaves it to the camera."""
    screen_chosen = Signal(str)
    """A screen's id: all of it."""
    region_wanted = Signal(str)
    """A screen's id: a part of it is to be chosen."""
    window_chosen = Signal(str)
    """A window's id."""

    def __init__(self, commands: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._commands = commands

    def fill(
        self, menu: QMenu, sources: Sources, camera: str, resolution: tuple[int, int] | None
    ) -> None:
        """Put into a menu what there is now. `camera` and `resolution` are those remembered."""
        menu.clear()
        for child in menu.findChildren(QMenu):
            child.deleteLater()
        commands = self._commands
        why_not = sources.unavailable()
        if why_not:
            _note(menu, self.tr("Nothing can be watched here"), why_not)
        else:
            self._add_cameras(menu, sources, camera, resolution)
        menu.addSeparator()
        menu.addAction(commands.video)
        if not why_not:
            self._add_screens(menu.addMenu(self.tr("Screen or Window")), sources)
        menu.addSeparator()
        menu.addAction(commands.mirror)

    def _add_cameras(
        self, menu: QMenu, sources: Sources, camera: str, resolution: tuple[int, int] | None
    ) -> None:
        cameras = sources.cameras()
        if not cameras:
            _note(
                menu, self.tr("No camera is plugged in"),
                self.tr("Plug a camera in and open this menu again."),
            )  # fmt: skip
            return
        chosen = chosen_camera(cameras, camera)
        group = QActionGroup(menu)
        for one in cameras:
            action = menu.addAction(in_menu(one.name))
            action.setCheckable(True)
            action.setChecked(one is chosen)
            action.setToolTip(self.tr("Watch this camera."))
            action.triggered.connect(_told(self.camera_chosen.emit, one.id))
            group.addAction(action)
        sizes = [] if chosen is None else resolutions(chosen)
        if not sizes:
            return
        below = menu.addMenu(self.tr("Resolution"))
        below.setToolTipsVisible(True)
        sizes_group = QActionGroup(below)
        any_size = below.addAction(self.tr("Automatic"))
        any_size.setToolTip(self.tr("Near 640 × 480: networks see less than that."))
        any_size.triggered.connect(_told(self.resolution_chosen.emit, None))
        actions: list[tuple[tuple[int, int] | None, QAction]] = [(None, any_size)]
        for form in sizes:
            rate = self.tr(", {:.0f} a second").format(form.rate) if form.rate else ""
            action = below.addAction(f"{form.width} × {form.height}{rate}")
            size = (form.width, form.height)
            action.triggered.connect(_told(self.resolution_chosen.emit, size))
            actions.append((size, action))
        known = any(size == resolution for size, _ in actions)
        for wanted, action in actions:
            action.setCheckable(True)
            action.setChecked(wanted == (resolution if known else None))
            sizes_group.addAction(action)

    def _add_screens(self, menu: QMenu, sources: Sources) -> None:
        screens, windows = sources.screens(), sources.windows()
        for screen in screens:
            whole = menu.addAction(
                self.tr("All of {name}, {width} × {height}").format(
                    name=in_menu(screen.name), width=screen.width, height=screen.height
                )
            )
            whole.triggered.connect(_told(self.screen_chosen.emit, screen.id))
            part = menu.addAction(self.tr("A Region of {}…").format(in_menu(screen.name)))
            part.triggered.connect(_told(self.region_wanted.emit, screen.id))
        menu.addSeparator()
        for window in windows[:_MOST_WINDOWS]:
            title = printable(window.title, _LONGEST)
            action = menu.addAction(in_menu(title) or self.tr("Window without a title"))
            action.triggered.connect(_told(self.window_chosen.emit, window.id))
        if not screens and not windows:
            _note(
                menu, self.tr("The screen cannot be captured here"),
                self.tr("The system does not let programs look at the screen."),
            )  # fmt: skip


def _told(tell: Callable[..., object], value: object) -> Callable[[], object]:
    return lambda: tell(value)


def _note(menu: QMenu, text: str, tip: str) -> None:
    """A line that says something and does nothing."""
    action = menu.addAction(text)
    action.setEnabled(False)
    action.setToolTip(tip)
