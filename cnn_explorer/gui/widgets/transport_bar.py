"""Playing a file: play and pause, frame by frame, to any time, over and over, faster and slower."""

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from cnn_explorer.gui.state.frame_source import Playhead
from cnn_explorer.gui.state.settings import SPEEDS
from cnn_explorer.gui.widgets import theme
from cnn_explorer.gui.widgets.panel_parts import IconButton

_KEY_STEP = 1000
"""What an arrow key on the slider moves, milliseconds."""
_PAGE = 10_000


def clock(ms: int, *, hours: bool = False) -> str:
    """A time of a film: ``0:07``, ``12:40``, ``1:02:03``; with `hours` always with hours."""
    seconds = max(0, ms) // 1000
    minutes, seconds = divmod(seconds, 60)
    hour, minutes = divmod(minutes, 60)
    if hour or hours:
        return f"{hour}:{minutes:02}:{seconds:02}"
    return f"{minutes}:{seconds:02}"


class TransportBar(QWidget):
    """Commands for a file that is played; shows the `Playhead` it is given."""

    play_asked = Signal(bool)
    """Whether to play, or to pause."""
    step_asked = Signal(int)
    """So many frames on, or back."""
    seek_asked = Signal(int)
    """To this time, milliseconds."""
    loops_asked = Signal(bool)
    speed_asked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playhead = Playhead(0, 0, False)
        self.slider = _SeekSlider()
        self.slider.sliderMoved.connect(self.seek_asked)
        self.slider.jumped.connect(self.seek_asked)
        self._time = QLabel()
        self._time.setFont(theme.tabular_font(theme.SMALL))
        self._time.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._time.setAccessibleName(self.tr("Time"))
        self.back_button = IconButton(
            "ph.skip-back", self.tr("One Frame Back"), self.tr("Go one frame back and pause (,).")
        )
        self.play_button = IconButton("ph.play", self.tr("Play"), self.tr("Play, or pause (K)."))
        self.on_button = IconButton(
            "ph.skip-forward", self.tr("One Frame On"), self.tr("Go one frame on and pause (.).")
        )
        self.loop_button = IconButton(
            "ph.repeat", self.tr("Loop"), self.tr("Begin again at the end.")
        )
        self.loop_button.setCheckable(True)
        self.speed_box = QComboBox()
        self.speed_box.setAccessibleName(self.tr("Speed"))
        self.speed_box.setToolTip(self.tr("How fast to play; 1 × is as it was filmed."))
        self.speed_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for speed in SPEEDS:
            self.speed_box.addItem(f"{speed:g} ×", speed)
        self.speed_box.setCurrentIndex(SPEEDS.index(1.0))

        above = QHBoxLayout()
        above.setSpacing(theme.GAP)
        above.addWidget(self.slider, 1)
        above.addWidget(self._time)
        below = QHBoxLayout()
        below.setSpacing(2)
        for button in (self.back_button, self.play_button, self.on_button):
            button.setFixedSize(28, 26)
            below.addWidget(button)
        below.addStretch(1)
        self.loop_button.setFixedSize(28, 26)
        below.addWidget(self.loop_button)
        below.addSpacing(theme.GAP // 2)
        below.addWidget(self.speed_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(above)
        layout.addLayout(below)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

        self.back_button.clicked.connect(self._on_back)
        self.play_button.clicked.connect(self._on_play)
        self.on_button.clicked.connect(self._on_on)
        self.loop_button.clicked.connect(self.loops_asked)
        self.speed_box.activated.connect(self._on_speed)
        self.show_playhead(self._playhead)

    @property
    def playhead(self) -> Playhead:
        """Where the file is being played, as far as it was told."""
        return self._playhead

    @property
    def time_text(self) -> str:
        """``0:07 / 1:20``."""
        return self._time.text()

    def show_playhead(self, playhead: Playhead) -> None:
        """Show where the file is played and how."""
        before, self._playhead = self._playhead, playhead
        known = playhead.duration_ms > 0
        self.slider.setEnabled(playhead.can_seek and known)
        self.back_button.setEnabled(playhead.can_seek)
        with QSignalBlocker(self.slider):
            self.slider.setMaximum(max(1, playhead.duration_ms))
            if not self.slider.isSliderDown():  # or it would slip out of the hand
                self.slider.setValue(playhead.position_ms)
        if playhead.playing != before.playing:
            self._show_playing(playhead.playing)
        self.loop_button.setChecked(playhead.loops)
        nearest = min(range(len(SPEEDS)), key=lambda number: abs(SPEEDS[number] - playhead.speed))
        self.speed_box.setCurrentIndex(nearest)
        self._show_time()

    def _show_time(self) -> None:
        playhead = self._playhead
        hours = playhead.duration_ms >= 3_600_000
        at = clock(playhead.position_ms, hours=hours)
        if playhead.duration_ms > 0:
            text = f"{at} / {clock(playhead.duration_ms, hours=hours)}"
        else:
            text = at
        if text != self._time.text():
            self._time.setText(text)

    def _show_playing(self, playing: bool) -> None:
        name = self.tr("Pause") if playing else self.tr("Play")
        self.play_button.set_look("ph.pause" if playing else "ph.play", name)

    def _on_back(self) -> None:
        self.step_asked.emit(-1)

    def _on_on(self) -> None:
        self.step_asked.emit(1)

    def _on_play(self) -> None:
        self.play_asked.emit(not self._playhead.playing)

    def _on_speed(self, number: int) -> None:
        self.speed_asked.emit(SPEEDS[number])

    def take_key(self, event: QKeyEvent) -> bool:
        """Do what a key of the page means for a file; gives whether it meant anything."""
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        match event.key():
            case Qt.Key.Key_K:
                self._on_play()
            case Qt.Key.Key_Comma if self.back_button.isEnabled():
                self._on_back()
            case Qt.Key.Key_Period:
                self._on_on()
            case Qt.Key.Key_Home if self.slider.isEnabled():
                self.seek_asked.emit(0)
            case Qt.Key.Key_End if self.slider.isEnabled():
                self.seek_asked.emit(self._playhead.duration_ms)
            case _:
                return False
        return True


class _SeekSlider(QSlider):
    """A click leads right there, where Qt's own slider would go a page."""

    jumped = Signal(int)
    """To a time, by a click or a key."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setSingleStep(_KEY_STEP)
        self.setPageStep(_PAGE)
        self.setMinimumWidth(60)
        self.setAccessibleName(self.tr("Position"))
        self.setToolTip(
            self.tr("Where in the file: arrow keys go a second, Page Up and Down ten, Home and End "
                    "to its ends.")
        )  # fmt: skip
        self.actionTriggered.connect(self._on_action)

    def _on_action(self, action: int) -> None:
        if action != self.SliderAction.SliderMove.value:  # that is told as it is moved
            self.jumped.emit(self.sliderPosition())

    # Overrides of Qt

    def sizeHint(self) -> QSize:
        return QSize(120, 20)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            room = max(1, self.width() - handle)
            at = round(event.position().x() - handle / 2)
            value = QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), at, room)
            self.setValue(value)  # the handle is under the pointer now and taken by what follows
            self.jumped.emit(value)
        super().mousePressEvent(event)
