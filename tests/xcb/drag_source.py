"""A foreign program to drag from: a small window that offers what it is told to.

``python drag_source.py X Y``: prints ``ready`` when its window is on the screen. Each line that it
reads is a JSON object of formats and their bytes in base64, which the next drag offers, and is
answered by ``loaded``; after a drag it prints ``dropped`` or ``refused``.
"""

import base64
import json
import os
import sys

from PySide6.QtCore import QMimeData, QPoint, QSocketNotifier, Qt, QTimer
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel


class Source(QLabel):
    def __init__(self) -> None:
        super().__init__("drag me")
        self._formats: dict[str, bytes] = {}
        self._pressed: QPoint | None = None
        self._read = b""
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setFixedSize(120, 80)
        self._orders = QSocketNotifier(0, QSocketNotifier.Type.Read, self)
        self._orders.activated.connect(self._on_order)

    def _on_order(self) -> None:
        self._read += os.read(0, 2**16)
        *lines, self._read = self._read.split(b"\n")
        for line in lines:
            formats = json.loads(line)
            self._formats = {name: base64.b64decode(text) for name, text in formats.items()}
            print("loaded", flush=True)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        if (event.position().toPoint() - self._pressed).manhattanLength() < 8:
            return
        self._pressed = None
        data = QMimeData()
        for name, value in self._formats.items():
            data.setData(name, value)
        drag = QDrag(self)
        drag.setMimeData(data)
        done = drag.exec(Qt.DropAction.CopyAction)
        print("dropped" if done == Qt.DropAction.CopyAction else "refused", flush=True)


def main() -> None:
    app = QApplication(sys.argv[:1])
    source = Source()
    source.move(int(sys.argv[1]), int(sys.argv[2]))
    source.show()
    QTimer.singleShot(0, source, lambda: print("ready", flush=True))
    app.exec()


if __name__ == "__main__":
    main()
