"""Sends frames through a small network as the window does, and tells the memory: a program of its
own.

    python -m tests.gui.live_frames ROUNDS FRAMES

After each round of so many frames it prints the resident memory in bytes. A frame follows when the
one before was answered, and some more come meanwhile, which are dropped.
"""

import sys

from PySide6.QtCore import QCoreApplication, QEventLoop, Slot
from PySide6.QtGui import QGuiApplication

from cnn_explorer.gui.state.explorer import Explorer
from cnn_explorer.gui.state.live import Live
from cnn_explorer.gui.state.shown import AnswersShown
from tests.gui.memory_rounds import resident
from tests.gui.test_live import Film


class Sending(QEventLoop):
    """Gives frames until so many were answered."""

    def __init__(self, explorer: Explorer, live: Live, film: Film) -> None:
        super().__init__()
        self._live, self._film = live, film
        self._left = 0
        explorer.answers_shown.connect(self._on_answers_shown)

    def send(self, frames: int) -> None:
        self._left = frames
        self._give()
        self.exec()

    def _give(self) -> None:
        for _ in range(3):
            self._film.give()
        self._film.given.clear()

    @Slot(object)
    def _on_answers_shown(self, answers: AnswersShown) -> None:
        self._live.drawn(answers.picture)
        self._left -= 1
        if self._left > 0:
            self._give()
        else:
            self.quit()


def main() -> None:
    app = QGuiApplication(sys.argv[:1])
    explorer = Explorer()
    live, film = Live(explorer), Film()
    explorer.start()
    explorer.choose_network("lenet5")
    explorer.show_thumbnails("mean")
    settle(explorer)
    live.watch(film)
    sending = Sending(explorer, live, film)
    for _ in range(int(sys.argv[1])):
        sending.send(int(sys.argv[2]))
        print(resident(), flush=True)
    live.stop()
    settle(explorer)
    explorer.close()
    del app


def settle(explorer: Explorer) -> None:
    while not explorer.idle:
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


if __name__ == "__main__":
    main()
