"""How much of a bare forward's pace is left when frames go through the whole window.

    python -m tests.benchmarks live [--minutes 10]

A real window without a screen watches a source that gives 60 frames a second of 640x480. A round
counts the answers that were painted with the maps of the selected layer; then the same network
runs bare, over and over, in the same thread with the same number of threads. Rounds alternate, and
ratios are of neighbours.
"""

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QImage

from cnn_explorer.gui.state.frame_source import Condition, Frame, FrameSource
from cnn_explorer.gui.state.qimages import to_picture
from cnn_explorer.media.picture import Picture
from tests.gui.memory_rounds import resident

NETWORKS = ("resnet18", "googlenet", "vgg16")
ROUNDS = 6
SECONDS = 4.0
_BEAT = 10
"""Milliseconds between two looks at whether the window answers."""


class MovingPattern(FrameSource):
    """So many frames a second of something that moves, as images that a camera might give."""

    kind = "camera"
    title = "Moving pattern"

    def __init__(self, rate: float = 60.0, size: tuple[int, int] = (640, 480)) -> None:
        super().__init__()
        width, height = size
        rows, columns = np.mgrid[0:height, 0 : 2 * width]
        wide = np.stack(
            [columns * 255 // (2 * width), rows * 255 // height, (columns ^ rows) % 256], axis=2
        ).astype(np.uint8)
        self._images = []
        for number in range(16):
            part = np.ascontiguousarray(wide[:, number * 20 : number * 20 + width])
            image = QImage(part.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._images.append(image.convertToFormat(QImage.Format.Format_RGB32))
        self._size = size
        self._number = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(self._timer.timerType().PreciseTimer)
        self._timer.setInterval(round(1000 / rate))
        self._timer.timeout.connect(self._give)

    def start(self) -> None:
        self._timer.start()
        self.condition_changed.emit(Condition("running"))

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def _give(self) -> None:
        image = self._images[self._number % len(self._images)]

        def picture() -> Picture:
            started = time.perf_counter()
            made = to_picture(image, self.title)
            spent = (time.perf_counter() - started) * 1000
            return Picture(made.rgb, made.name, decode_ms=spent)

        self.frame_arrived.emit(Frame(self._number, time.perf_counter(), self._size, picture))
        self._number += 1


class BareForwards(QObject):
    """Lives in the engine's thread and runs the open network there, as torch does by itself."""

    done = Signal(float)
    """Forwards a second."""

    def __init__(self, workbench: Any) -> None:
        super().__init__()
        self._workbench = workbench

    @Slot(str, float)
    def run(self, precision: str, seconds: float) -> None:
        import torch

        _graph, session = self._workbench._open[0]
        shape = session.preprocessing.input_shape
        batch = torch.rand(1, *shape)
        model = session.model
        if precision == "fast":
            form = session._fast.get(lambda _fraction: None)
            model, batch = form.model, form.batch(batch)
        with torch.inference_mode():
            model(batch)
            count, started = 0, time.perf_counter()
            while time.perf_counter() - started < seconds:
                model(batch)
                count += 1
        self.done.emit(count / (time.perf_counter() - started))


@dataclass
class Round:
    """What one round of the pipeline came to."""

    rate: float
    gaps: list[float]
    """Milliseconds that the event loop did not turn."""
    processor: float
    """Seconds of processor time a second."""
    paces: list[Any] = field(default_factory=list)


class LiveWindow:
    """A real window on a network, with a source to watch."""

    def __init__(self, network: str, precision: str, layer: str = "") -> None:
        from cnn_explorer.app import Program, apply_theme, make_application
        from cnn_explorer.gui.state.settings import Settings

        self.app = make_application()
        apply_theme(self.app, "light")
        self._folder = tempfile.TemporaryDirectory()
        settings = Settings.in_file(Path(self._folder.name) / "settings.ini")
        settings.precision = precision  # type: ignore[assignment]
        self.program = Program(settings, network, layer=layer)
        self.window = self.program.window
        self.window.resize(1440, 900)
        self.window.show()
        while self.program.explorer is None or not self.program.explorer.idle:
            self.turn(0.05)
        self.explorer, self.live = self.program.explorer, self.window.live
        worker = self.explorer._engine._worker
        self.bare = BareForwards(worker._workbench)
        self.bare.moveToThread(self.explorer._engine._thread)
        self._asker = _Asker()
        self._asker.asked.connect(self.bare.run)
        self.paces: list[Any] = []
        self.live.pace_told.connect(self.paces.append)
        self.gaps: list[float] = []
        self._last = 0.0
        self._beat = QTimer()
        self._beat.setInterval(_BEAT)
        self._beat.timeout.connect(self._on_beat)

    def turn(self, seconds: float) -> None:
        """Let the event loop turn for so long."""
        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def round(self, seconds: float) -> Round:
        """Watch a source for a while."""
        self.live.watch(MovingPattern())
        self.turn(1.0)  # the first frames open what is not there yet
        self.paces.clear()
        self.gaps.clear()
        self._last = time.perf_counter()
        self._beat.start()
        processor, started = time.process_time(), time.perf_counter()
        self.turn(seconds)
        spent = time.perf_counter() - started
        processor = time.process_time() - processor
        self._beat.stop()
        found = Round(
            len(self.paces) / spent, self.gaps.copy(), processor / spent, self.paces.copy()
        )
        self.live.stop()
        self.settle()
        return found

    def settle(self) -> None:
        while not self.explorer.idle:
            self.turn(0.02)

    def forwards(self, precision: str, seconds: float) -> float:
        """Bare forwards a second."""
        loop, rates = QEventLoop(), []
        connection = self.bare.done.connect(lambda rate: (rates.append(rate), loop.quit()))
        self._asker.asked.emit(precision, seconds)
        loop.exec()
        self.bare.done.disconnect(connection)
        return float(rates[0])

    def close(self) -> None:
        self.program.close()
        self.window.deleteLater()
        self.app.processEvents()
        self._folder.cleanup()

    def _on_beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append((now - self._last) * 1000)
        self._last = now


class _Asker(QObject):
    asked = Signal(str, float)


def live(minutes: float) -> None:
    """Frames a second of the whole pipeline, against the bare forward."""
    for precision in ("exact", "fast"):
        for network in NETWORKS:
            _compare(network, precision)
    memory(minutes)


def _compare(network: str, precision: str) -> None:
    window = LiveWindow(network, precision)
    threads = threading.active_count()
    rounds: list[Round] = []
    ratios: list[float] = []
    of_exact: list[float] = []
    try:
        for number in range(ROUNDS):
            order: list[Callable[[], Any]] = [
                lambda: window.round(SECONDS),
                lambda: window.forwards(precision, SECONDS),
            ]
            if number % 2:
                order.reverse()
            results = [one() for one in order]
            if number % 2:
                results.reverse()
            rounds.append(results[0])
            ratios.append(results[0].rate / results[1])
            if precision == "fast":
                of_exact.append(results[0].rate / window.forwards("exact", SECONDS))
    finally:
        left = threading.active_count() - threads
        window.close()
    gaps = sorted(gap for one in rounds for gap in one.gaps)
    paces = [pace for one in rounds for pace in one.paces]
    rate = statistics.median(one.rate for one in rounds)

    def middle(name: str) -> float:
        return statistics.median(getattr(pace, name) for pace in paces)

    print(
        f"{network:10} {precision:5} pipeline / bare {statistics.median(ratios):.3f} "
        f"(each {', '.join(f'{ratio:.2f}' for ratio in ratios)}; {rate:.1f} frames a second; "
        f"goal 0.9)",
        flush=True,
    )
    if of_exact:
        print(
            f"    fast pipeline / exact bare forward {statistics.median(of_exact):.3f} (goal 1.8)"
        )
    print(
        f"    latency {middle('latency_ms'):.0f} ms: convert {middle('convert_ms'):.1f}, "
        f"preprocess {middle('preprocess_ms'):.1f}, forward {middle('forward_ms'):.1f}, draw "
        f"{middle('draw_ms'):.1f}; source {middle('source_rate'):.0f} a second"
    )
    print(
        f"    event loop: longest pause {gaps[-1]:.0f} ms, 99th percentile "
        f"{gaps[int(len(gaps) * 0.99)]:.0f} ms (goal 50); threads left {left}",
        flush=True,
    )


def memory(minutes: float, network: str = "resnet18") -> None:
    """Growth of resident memory over some minutes of frames."""
    window = LiveWindow(network, "exact")
    try:
        window.live.watch(MovingPattern())
        window.turn(20.0)
        readings = [resident()]
        while len(readings) <= minutes * 6:
            window.turn(10.0)
            readings.append(resident())
        window.live.stop()
        window.settle()
    finally:
        window.close()
    third = max(1, len(readings) // 3)
    before, after = statistics.median(readings[:third]), statistics.median(readings[-third:])
    print(
        f"resident memory after {minutes:g} minutes: {after / 2**20:.0f} MB, "
        f"{(after / before - 1) * 100:+.2f} % (goal 3 %); most {max(readings) / 2**20:.0f} MB",
        flush=True,
    )
