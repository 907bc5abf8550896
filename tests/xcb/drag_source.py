"""A foreign program to drag from: a small window whose content is one file.

``python drag_source.py FILE X Y``: prints ``ready`` when its window is on the screen.
"""

import sys

from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    def __init__(self, file: str) -> None:
        super().__init__("drag me")
        self._file = file
        self._pressed: QPoint | None = None
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setFixedSize(120, 80)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() < 8:
            return
        self._pressed = None
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(self._file)])
        drag = QDrag(self)
        drag.setMimeData(data)
        done = drag.exec(Qt.DropAction.CopyAction)
        print("dropped" if done == Qt.DropAction.CopyAction else "refused", flush=True)


def main() -> None:
    app = QApplication(sys.argv[:1])
    source = Source(sys.argv[1])
    source.move(int(sys.argv[2]), int(sys.argv[3]))
    source.show()
    QTimer.singleShot(0, source, lambda: print("ready", flush=True))
    app.exec()


if __name__ == "__main__":
    main()
