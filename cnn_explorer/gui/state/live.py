"""Live pictures: the newest frame of a source goes through the network, the others are dropped.

Frames become pictures of the `Explorer` like any others, so that thumbnails, maps, answers and a
comparison follow without a way of their own. A source ends where a person puts in another picture
or draws; another network goes on with it. While the window cannot be seen, frames are let go.
"""

import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.state.comparison_state import ComparisonState
from cnn_explorer.gui.state.explorer import Explorer, Message
from cnn_explorer.gui.state.frame_flow import Clock, FrameFlow
from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource, Playhead
from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.media.picture import Picture
from cnn_explorer.text import capitalised


@dataclass(frozen=True)
class Pace:
    """How fast it goes, when an answer has been drawn. Rates are of the last two seconds."""

    at: float
    """When that was, on the clock of `time.perf_counter`."""
    source_rate: float
    """Frames a second that arrived."""
    answer_rate: float
    """Answers a second that were drawn."""
    dropped: int
    """Frames passed over since the source was started; what comes while one frame is held fast is
    not counted."""
    latency_ms: float
    """From the capture of the frame to its answer drawn."""
    convert_ms: float
    preprocess_ms: float
    forward_ms: float
    draw_ms: float
    """From the answer's arrival in the window until it was painted."""


class Live(QObject):
    """Which source is watched, and how its frames go through."""

    source_changed = Signal(object)
    """A `FrameSource`, or None: nothing is watched."""
    condition_changed = Signal(object)
    """The `Condition` of the source."""
    playhead_moved = Signal(object)
    """The `Playhead` of a file that is played."""
    frozen_changed = Signal(bool)
    """Whether one frame is held fast, to be looked at like any picture."""
    pace_told = Signal(object)
    """A `Pace`, for each answer that was drawn."""

    def __init__(
        self,
        explorer: Explorer,
        parent: QObject | None = None,
        clock: Clock = time.perf_counter,
    ) -> None:
        super().__init__(parent)
        self._explorer = explorer
        self._clock = clock
        self._flow = FrameFlow(clock)
        self._source: FrameSource | None = None
        self._condition = Condition("starting")
        self._frozen = False
        self._away = False
        self._handing = False
        self._picture: Picture | None = None  # the newest that was handed on
        self._times = (0.0, 0.0)
        self._complaints: set[str] = set()
        self._due = QTimer(self)
        self._due.setSingleShot(True)
        self._due.setTimerType(Qt.TimerType.PreciseTimer)
        self._due.timeout.connect(self._hand_on)
        explorer.picture_shown.connect(self._on_picture_shown)
        explorer.picture_cleared.connect(self._on_picture_cleared)
        explorer.live_begun.connect(self._on_begun)
        explorer.live_answered.connect(self._on_answered)
        explorer.answers_shown.connect(self._on_answers_shown)

    # what is so now

    @property
    def source(self) -> FrameSource | None:
        return self._source

    @property
    def condition(self) -> Condition:
        """How the source is."""
        return self._condition

    @property
    def frozen(self) -> bool:
        """Whether one frame is held fast."""
        return self._frozen

    @property
    def flow(self) -> FrameFlow:
        """Where frames are, and how many were dropped."""
        return self._flow

    # commands

    def watch(self, source: FrameSource) -> None:
        """Start a source, ending the one before."""
        self._end()
        self._source = source
        self._flow.start()
        self._complaints.clear()
        self._condition = Condition("starting")
        source.frame_arrived.connect(self._on_frame)
        source.condition_changed.connect(self._on_condition)
        source.playhead_moved.connect(self._on_playhead)
        self.source_changed.emit(source)
        source.start()

    def stop(self) -> None:
        """End the source; its last picture stays as an ordinary one."""
        picture, frozen = self._picture, self._frozen
        if self._source is None:
            return
        self._end()
        self.source_changed.emit(None)
        if picture is not None and not frozen and self._explorer.picture is picture:
            self._explorer.show_picture(picture)

    def close(self) -> None:
        """End the source for good, without showing anything any more."""
        self._end()

    def try_again(self) -> None:
        """Start the source once more, which has failed."""
        if self._source is not None:
            self._complaints.clear()
            self._source.start()

    def freeze(self, frozen: bool) -> None:
        """Hold the newest frame fast, or go on."""
        if self._source is None or frozen == self._frozen:
            return
        if frozen:
            if self._flow.in_hand is not None:
                self._convert()
            if self._picture is None:  # nothing has come yet
                return
            self._frozen = True
            self._due.stop()
            self._flow.let_go(but=self._picture)
            self._show(self._picture, live=False)
        else:
            self._frozen = False
        self.frozen_changed.emit(frozen)

    def look_away(self, away: bool) -> None:
        """The window cannot be seen, or can again: until then frames are let go as they come."""
        self._away = away

    def drawn(self, picture: Picture) -> None:
        """The answer to a picture has been painted."""
        passage = self._flow.draw(picture)
        if passage is None:
            return
        preprocess_ms, forward_ms = self._times
        self.pace_told.emit(
            Pace(
                at=passage.drawn,
                source_rate=self._flow.source_rate,
                answer_rate=self._flow.answer_rate,
                dropped=self._flow.dropped,
                latency_ms=passage.latency * 1000,
                convert_ms=picture.decode_ms,
                preprocess_ms=preprocess_ms,
                forward_ms=forward_ms,
                draw_ms=(passage.drawn - passage.answered) * 1000,
            )
        )

    def follow(self, comparison: ComparisonState) -> None:
        """While networks are compared, a frame counts as answered when all of them have."""
        comparison.picture_begun.connect(self._on_begun)
        comparison.picture_compared.connect(self._on_compared)

    # frames

    @Slot(object)
    def _on_frame(self, frame: Frame) -> None:
        if self.sender() not in (None, self._source) or self._frozen:
            return
        self._flow.arrive(frame, frame.captured)
        if self._away:
            self._flow.let_go()
        else:
            self._hand_on()

    @Slot()
    def _hand_on(self) -> None:
        """Convert and show the frame in hand, now or when it is due."""
        if self._handing:  # another one is just being shown
            return
        wait = None if self._source is None or self._frozen else self._flow.due_in
        if wait is None:
            self._due.stop()
        elif wait > 0:
            if not self._due.isActive():
                self._due.start(int(wait * 1000) + 1)
        elif self._convert() and self._picture is not None:
            self._due.stop()
            self._show(self._picture, live=True)

    def _convert(self) -> bool:
        """Make a picture of the frame in hand; whether that was possible."""
        frame = self._flow.in_hand
        assert isinstance(frame, Frame)
        try:
            picture = frame.picture()
        except ExplorerError as error:
            self._flow.fail()
            if str(error) not in self._complaints:  # and not once a frame
                self._complaints.add(str(error))
                self._explorer.tell(Message(capitalised(str(error)), "error"))
            return False
        self._picture = picture
        self._flow.convert(picture)
        return True

    def _show(self, picture: Picture, *, live: bool) -> None:
        self._handing = True
        try:
            self._explorer.show_picture(picture, live=live)
        finally:
            self._handing = False

    def _end(self) -> None:
        """Let the source go, without a word."""
        source, self._source = self._source, None
        self._due.stop()
        self._picture = None
        self._flow.start()
        if source is not None:
            source.frame_arrived.disconnect(self._on_frame)
            source.condition_changed.disconnect(self._on_condition)
            source.playhead_moved.disconnect(self._on_playhead)
            source.stop()
        if self._frozen:
            self._frozen = False
            self.frozen_changed.emit(False)

    # what comes

    @Slot(object)
    def _on_condition(self, condition: Condition) -> None:
        self._condition = condition
        self.condition_changed.emit(condition)

    @Slot(object)
    def _on_playhead(self, playhead: Playhead) -> None:
        self.playhead_moved.emit(playhead)

    @Slot(object)
    def _on_picture_shown(self, picture: Picture) -> None:
        if not self._handing and self._source is not None and picture is not self._picture:
            self._end()  # a person has put in another picture
            self.source_changed.emit(None)

    @Slot()
    def _on_picture_cleared(self) -> None:
        if self._source is not None:
            self._end()
            self.source_changed.emit(None)

    @Slot(object)
    def _on_begun(self, picture: Picture) -> None:
        self._flow.begin(picture)
        self._hand_on()

    @Slot(object)
    def _on_answered(self, picture: Picture) -> None:
        self._flow.answer(picture)
        self._flow.ahead = not self._explorer.takes_turns
        self._hand_on()  # made ready while the answer is drawn

    @Slot(object)
    def _on_answers_shown(self, answers: AnswersShown) -> None:
        self._times = answers.preprocess_ms, answers.forward_ms

    @Slot(object, float, float)
    def _on_compared(self, picture: Picture, preprocess_ms: float, forward_ms: float) -> None:
        self._flow.answer(picture)
        self._times = preprocess_ms, forward_ms
