"""What can be seen while live pictures go through the network, and when they have been painted.

Of frames that follow each other only what is in sight is captured and drawn.
"""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.live import Live
from cnn_explorer.gui.state.shown import AnswersShown
from cnn_explorer.gui.widgets.panels import Panels
from cnn_explorer.media.picture import Picture

if TYPE_CHECKING:
    from cnn_explorer.gui.state.comparison_state import ComparisonState

_SHOWN = (QEvent.Type.Show, QEvent.Type.Hide)


class LiveSight(QObject):
    """Watches a window and its panels, and tells the state."""

    def __init__(self, window: QWidget, explorer: Explorer, live: Live, panels: Panels) -> None:
        super().__init__(window)
        self._window = window
        self._explorer = explorer
        self._live = live
        self._unpainted: Picture | None = None
        self._of_maps: tuple[QWidget, ...] = (panels.activations_panel, panels.statistics_panel)
        self._graph: QWidget = panels.graph_view
        for watched in (window, self._graph, *self._of_maps):
            watched.installEventFilter(self)
        explorer.answers_shown.connect(self._on_answers_shown)
        self._tell_sight()
        explorer.take_turns(True)

    def follow(self, comparison: "ComparisonState") -> None:
        """Networks are compared in the window as well."""
        self._live.follow(comparison)
        comparison.picture_compared.connect(self._on_compared)

    def _tell_sight(self) -> None:
        self._explorer.set_in_sight(
            maps=any(panel.isVisible() for panel in self._of_maps),
            thumbnails=self._graph.isVisible(),
        )

    @Slot(object)
    def _on_answers_shown(self, answers: AnswersShown) -> None:
        self._unpainted = answers.picture

    @Slot(object)
    def _on_compared(self, picture: Picture) -> None:
        self._unpainted = picture

    @Slot()
    def _on_painted(self) -> None:
        picture, self._unpainted = self._unpainted, None
        if picture is not None:
            self._live.drawn(picture)
            self._explorer.painted()

    # Overrides of Qt

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is self._window:
            if kind == QEvent.Type.UpdateRequest and self._unpainted is not None:
                # all that is due is painted in this event: whatever panel shows the answer
                QTimer.singleShot(0, self, self._on_painted)
            elif kind == QEvent.Type.WindowStateChange:
                self._live.look_away(self._window.isMinimized())
        elif kind in _SHOWN:
            self._tell_sight()
            if kind == QEvent.Type.Show:
                self._explorer.look_again()
        return False
