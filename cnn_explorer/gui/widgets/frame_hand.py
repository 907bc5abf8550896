"""The hand on the frame of a picture: what pulling it and pressing keys do to it."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence

from cnn_explorer.gui.state.frame_gestures import Grip, grown, moved, pulled, squared
from cnn_explorer.gui.state.picture_link import Region
from cnn_explorer.gui.widgets.crop_frame import ALL, grip_at
from cnn_explorer.gui.widgets.panel_parts import ARROWS

STEPS = 32
"""So many arrow keys lead across what the network sees."""
_SLACK = 4
"""A frame follows a hand that has moved so many widget pixels; less is a click."""
_GROWTH = 1.1
"""Plus and minus make a frame so many times as large, or as small."""


@dataclass
class _Hold:
    """A frame that is held."""

    grip: Grip
    start: QPointF
    """Where on the widget."""
    frame: Region
    """What it was then."""
    pulled: bool = False
    """Whether the hand has moved: else it is a click."""


class FrameHand(QObject):
    """Holds the frame that may be changed, in pixels of the picture, and says what a hand makes of
    it; who shows the frame gives the new one back by `show`."""

    frame_pulled = Signal(object, bool)
    """The `Region` to be framed, and whether the hand still moves it."""
    given_up = Signal()
    """The movement is not to be."""
    undo_asked = Signal()

    def __init__(self, on_widget: Callable[[Region], QRectF], parent: QObject) -> None:
        """`on_widget` says where a region of the picture lies on the widget."""
        super().__init__(parent)
        self._on_widget = on_widget
        self._frame: Region | None = None
        self._mirrored = False
        self._square = True
        self._size = QSize()
        self._hold: _Hold | None = None
        self._keys_move = False

    @property
    def frame(self) -> Region | None:
        """What is framed; None where nothing may be changed."""
        return self._frame

    @property
    def holds(self) -> bool:
        """Whether a button is down on the frame."""
        return self._hold is not None

    def set_mirrored(self, mirrored: bool) -> None:
        """Whether the picture is seen as in a mirror: what is left on the widget is its right."""
        self._mirrored = mirrored

    def show(self, frame: Region | None, size: QSize, *, square: bool) -> None:
        """What is framed now of a picture of this size; None: nothing may be changed."""
        moving = self._keys_move or (self._hold is not None and self._hold.pulled)
        self._frame, self._size, self._square = frame, size, square
        if frame is None:
            self._hold, self._keys_move = None, False
            if moving:
                self.given_up.emit()

    def grip_at(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> Grip | None:
        """What of the frame is held at a point of the widget: with Ctrl all of it from within."""
        if self._frame is None:
            return None
        box = self._on_widget(self._frame)
        if modifiers & Qt.KeyboardModifier.ControlModifier and box.contains(point):
            return ALL
        return grip_at(point, box)

    def take(self, grip: Grip, point: QPointF) -> None:
        """The button went down on a grip."""
        if self._frame is not None:
            self._hold = _Hold(grip, point, self._frame)

    def pull(self, point: QPointF) -> None:
        """The hand that holds the frame is here."""
        hold = self._hold
        if hold is None or self._frame is None:
            return
        way = point - hold.start
        if not hold.pulled and way.manhattanLength() < _SLACK:
            return
        hold.pulled = True
        width, height = self._size.width(), self._size.height()
        whole = self._on_widget((0.0, 0.0, float(width), float(height)))
        across, down = way.x() * width / whole.width(), way.y() * height / whole.height()
        grip = hold.grip
        if self._mirrored:
            across, grip = -across, (-grip[0], grip[1])
        self._tell(pulled(hold.frame, grip, across, down, width, height, self._square))

    def let_go(self) -> QPointF | None:
        """The hand is off the frame. Where that was a click, this is where."""
        hold, self._hold = self._hold, None
        if hold is None or not hold.pulled:
            return None if hold is None else hold.start
        self.frame_pulled.emit(self._frame, False)
        return None

    def press_key(self, event: QKeyEvent) -> bool:
        """Whether a key meant the frame, which then moves or changes."""
        frame = self._frame
        if frame is None:
            return False
        if event.key() == Qt.Key.Key_Escape and (self._hold is not None or self._keys_move):
            self._hold, self._keys_move = None, False
            self.given_up.emit()
            return True
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undo_asked.emit()
            return True
        width, height = self._size.width(), self._size.height()
        if self._square:
            frame = squared(frame)
        if event.key() in ARROWS and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            across, down = ARROWS[Qt.Key(event.key())]
            across = -across if self._mirrored else across
            fine = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            step = 1.0 if fine else max(1.0, min(frame[2:]) / STEPS)
            frame = moved(frame, across * step, down * step, width, height)
        elif event.text() in ("+", "-"):
            frame = grown(frame, _GROWTH if event.text() == "+" else 1 / _GROWTH, width, height)
        else:
            return False
        self._keys_move = self._tell(frame) or self._keys_move
        return True

    def release_keys(self) -> bool:
        """No key moves the frame any more; whether one did."""
        moved_it, self._keys_move = self._keys_move, False
        if moved_it:
            self.frame_pulled.emit(self._frame, False)
        return moved_it

    def _tell(self, frame: Region) -> bool:
        """Tell of another frame; whether it is one."""
        other = frame != self._frame
        if other:
            self.frame_pulled.emit(frame, True)
        return other
