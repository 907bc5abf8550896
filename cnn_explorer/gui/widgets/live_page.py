"""The page of the input panel for what moves: a camera, a video file, the screen."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from cnn_explorer.gui.state.frame_source import Condition, FrameSource, Playhead
from cnn_explorer.gui.state.live import Pace
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.live_view import LiveView
from cnn_explorer.gui.widgets.pace_view import PaceView
from cnn_explorer.gui.widgets.panel_parts import ChoiceButton, IconButton
from cnn_explorer.gui.widgets.transport_bar import TransportBar
from cnn_explorer.media.picture import Picture

_LOWEST = 96
"""Of a frame, pixels: with less the graph below it is left out."""
COMFORTABLE = 140
"""Of a frame, pixels: with less the preview of what the network sees is left out."""


class LivePage(QWidget):
    """The newest frame, the commands for its source above it, and below it how fast it goes.

    It shows what it is told and passes gestures on; `Watching` joins it to the state.
    """

    toggle_asked = Signal()
    """Start the source, or stop it."""
    freeze_asked = Signal(bool)
    """Hold the frame fast, or go on."""
    snapshot_asked = Signal()
    resized_inside = Signal()
    """Something above or below the frame came or went: it has another room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source: FrameSource | None = None
        self._frozen = False
        self._mirrored = False
        self._unavailable = ""
        self._expects = False
        self.view = LiveView()
        self.transport = TransportBar()
        self.transport.hide()
        self.pace = PaceView()
        self.source_button = _SourceButton()
        self.source_menu = QMenu(self)
        self.source_menu.setToolTipsVisible(True)
        self.source_button.setMenu(self.source_menu)
        self.start_button = IconButton("ph.play-circle", self.tr("Start"), "")
        self.freeze_button = IconButton(
            "ph.snowflake", self.tr("Freeze"),
            self.tr("Hold this frame fast, to look at it like any picture, or go on (Space)."),
        )  # fmt: skip
        self.freeze_button.setCheckable(True)
        self.snapshot_button = IconButton(
            "ph.camera", self.tr("Snapshot"),
            self.tr("Save the frame with its answers and maps (F12)."),
        )  # fmt: skip
        buttons = (self.start_button, self.freeze_button, self.snapshot_button)
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.source_button, 1)
        head.addSpacing(2)
        for button in buttons:
            button.setFixedSize(28, 28)
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP // 2)
        layout.addLayout(head)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.transport)
        layout.addWidget(self.pace)

        self.start_button.clicked.connect(self.toggle_asked)
        self.freeze_button.clicked.connect(self._on_freeze_clicked)
        self.snapshot_button.clicked.connect(self.snapshot_asked)
        self.pace.folded_changed.connect(self.resized_inside)
        self.view.open_asked.connect(self._on_open_asked)
        self.show_source(None)

    @property
    def source(self) -> FrameSource | None:
        """What is watched."""
        return self._source

    @property
    def is_frozen(self) -> bool:
        return self._frozen

    def show_source(self, source: FrameSource | None) -> None:
        """Another source is watched, or none: the last frame stays, as it was shown."""
        self._source = source
        is_there = source is not None
        self.transport.setVisible(source is not None and source.kind == "video")
        self.start_button.set_look(
            "ph.stop-circle" if is_there else "ph.play-circle",
            self.tr("Stop") if is_there else self.tr("Start"),
        )
        self.start_button.setToolTip(
            self.tr("Stop, and let the camera, file or screen go.")
            if is_there
            else self.tr("Start the source that the button beside this names.")
        )
        if source is not None:
            self.pace.clear()
            self.set_title(source.title)
            self.view.show_picture(None)  # of another source
        has_frame = self.view.picture is not None
        self.freeze_button.setEnabled(is_there and has_frame)
        self.snapshot_button.setEnabled(has_frame)
        self.transport.setEnabled(True)
        self._mirror()
        self._invite()
        self.view.show_condition(None)
        self.show_frozen(False)
        self.resized_inside.emit()

    def set_title(self, title: str) -> None:
        """Name the source on the button."""
        self.source_button.set_title(title)

    def show_condition(self, condition: Condition) -> None:
        """Say how the source is. A file that cannot be played offers nothing to play it with."""
        self.transport.setEnabled(condition.stage != "failed")
        self.view.show_condition(condition)

    def show_playhead(self, playhead: Playhead) -> None:
        """Show where the file is being played."""
        self.transport.show_playhead(playhead)

    def show_frozen(self, frozen: bool) -> None:
        """One frame is held fast, or none."""
        self._frozen = frozen
        self.freeze_button.setChecked(frozen)
        self.view.set_badge(self.tr("Frozen · Space goes on") if frozen else "")

    def show_next(self, picture: Picture) -> bool:
        """Show the next frame; gives whether it is of another size than the one before."""
        before = self.view.picture
        self.view.show_next(picture)
        self.freeze_button.setEnabled(self._source is not None)
        self.snapshot_button.setEnabled(True)
        if before is None:
            return True
        return (before.width, before.height) != (picture.width, picture.height)

    def has(self, picture: Picture) -> bool:
        """Whether a picture is the frame shown, or one that is held fast in this moment."""
        return self._expects or picture is self.view.picture

    def expect_frame(self, expects: bool) -> None:
        """The next picture is a frame, though no live one: the one that is held fast."""
        self._expects = expects

    def show_pace(self, pace: Pace) -> None:
        """Show how fast it goes."""
        self.pace.show_pace(pace)

    def set_mirrored(self, mirrored: bool) -> None:
        """Show cameras as in a mirror. Files and screens are shown as they are."""
        self._mirrored = mirrored
        self._mirror()

    def set_unavailable(self, sentence: str) -> None:
        """Say why nothing can be watched here; empty where it can."""
        self._unavailable = sentence
        self.source_button.setEnabled(not sentence)
        self.start_button.setEnabled(not sentence)
        self._invite()

    def fit(self, room: int) -> None:
        """Suit the page to a height, pixels: the frame goes before the graph of the pace."""
        self.pace.set_room(self.pace.is_folded or self.fits(room, _LOWEST))

    def fits(self, room: int, frame: int = COMFORTABLE) -> bool:
        """Whether a height, pixels, is enough for a frame of that height and the graph below it,
        where that is wanted."""
        return room - self._chrome(graph=not self.pace.is_folded) >= frame

    def chrome_height(self) -> int:
        """What stands above and below the frame, pixels."""
        return self._chrome(graph=not self.pace.graph.isHidden())

    def _chrome(self, *, graph: bool) -> int:
        spacing = theme.GAP // 2
        parts = [self.source_button.sizeHint().height(), self.pace.height_with(graph)]
        if not self.transport.isHidden():
            parts.append(self.transport.sizeHint().height())
        return sum(parts) + spacing * len(parts)

    def freeze(self) -> None:
        """Hold the frame fast, or go on, as Space does."""
        if self._source is not None:
            self.freeze_asked.emit(not self._frozen)

    def _mirror(self) -> None:
        # the frame that stays after its camera was stopped is not turned round
        if self._source is not None:
            self.view.set_mirrored(self._mirrored and self._source.kind == "camera")

    def _invite(self) -> None:
        if self._unavailable:
            said = self._unavailable
        elif self._source is not None:
            said = self.tr("Waiting for the first frame …")
        else:
            said = self.tr("Click here to start, or choose a camera, a video or the screen above.")
        self.view.set_invitation(said)

    def _on_open_asked(self) -> None:
        if self._source is None and not self._unavailable:
            self.toggle_asked.emit()

    def _on_freeze_clicked(self) -> None:
        wanted = not self._frozen
        self.freeze_button.setChecked(self._frozen)  # it is told when it is so
        self.freeze_asked.emit(wanted)

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 72 + self._chrome(graph=False))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # keys that a part of the page with the keyboard makes no use of
        if event.key() == Qt.Key.Key_Space and self._source is not None:
            if not event.isAutoRepeat():
                self.freeze()
        elif not self.transport.isHidden() and self.transport.take_key(event):
            event.accept()
        else:
            super().keyPressEvent(event)


class _SourceButton(ChoiceButton):
    """Names the source, and opens the menu of all."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setToolTip(self.tr("Choose a camera, a video file or the screen."))
        self.set_title("")

    def set_title(self, title: str) -> None:
        said = title or self.tr("Choose a source")
        self.setAccessibleName(self.tr("Source: {}").format(said))
        self.setText(said)
