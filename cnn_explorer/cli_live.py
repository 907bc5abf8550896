"""``cnn-explorer live``: what a network sees in a camera or a video, frame by frame.

Of a file each frame is answered: it plays as fast as the network looks. With ``--real-time``, and
of a camera always, the newest frame goes through the network and those that came meanwhile are
dropped. Everything runs in the main thread, between Qt's events, but for the threads in which Qt
reads, decodes and encodes.

A file that ends, ``--frames`` and ``--seconds`` end it with exit code 0, Ctrl+C with 130 as it does
everywhere; the video that was recorded up to then is whole either way.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_explorer.cli_parts import (
    UNTRAINED,
    ChangingLine,
    interrupts_held,
    output_file,
    positive,
    print_json_line,
    printable,
    refuse_same_file,
    stoppable,
)
from cnn_explorer.cli_session import describe_network, describe_precision, open_session
from cnn_explorer.errors import Checkpoint, ExplorerError, UsageError
from cnn_explorer.text import percent

if TYPE_CHECKING:
    from cnn_explorer.gui.state.frame_source import Frame, FrameSource
    from cnn_explorer.probe.onnx_session import OnnxSession
    from cnn_explorer.probe.results import ClassScore, RunResult
    from cnn_explorer.probe.session import Session

_ROWS = 5
"""Classes written on a recorded frame."""


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--source", metavar="SOURCE", required=True,
        help='"camera" for the camera that the system prefers, "camera:NAME" for another, or a '
        "video file",
    )  # fmt: skip
    describe_network(parser)
    describe_precision(parser)
    parser.add_argument(
        "--top", metavar="N", type=positive, default=5,
        help="how many classes to tell, likeliest first (%(default)s)",
    )  # fmt: skip
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--every-frame", action="store_true",
        help="answer each frame of a file, however long that takes (so it is unless --real-time)",
    )  # fmt: skip
    pace.add_argument(
        "--real-time", action="store_true",
        help="play a file as fast as it was filmed and drop frames, as of a camera",
    )  # fmt: skip
    parser.add_argument("--frames", metavar="N", type=positive, help="end after so many answers")
    parser.add_argument(
        "--seconds", metavar="S", type=_seconds,
        help="end after so many seconds: of a camera by the clock, of a file where it is so far",
    )  # fmt: skip
    parser.add_argument(
        "--record", metavar="FILE", type=output_file((".mp4",)),
        help="write a video with the answers on it (.mp4); Ctrl+C leaves it whole",
    )  # fmt: skip
    parser.add_argument(
        "--json", action="store_true",
        help="one JSON object a line, one a frame: frame, time or position in seconds, answers, "
        "ms (total: from the capture to the answer of a camera, else of the work), dropped",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    source_of = _source_of(options)
    _prepare_qt()
    with interrupts_held():
        from cnn_explorer.gui.multimedia import sources
        from cnn_explorer.gui.state.answer_stream import AnswerStream, application

        why = sources.unavailable()
    if why:
        raise ExplorerError(why)
    session = open_session(options)
    if not session.trained:
        print(UNTRAINED, file=sys.stderr)
    keeps_qt = application()
    source = source_of()
    with ExitStack() as stack:
        if not getattr(options, "debug", False):
            stack.enter_context(_libraries_muted())
        answers = _Answers(options, session, stack, from_file=not _is_camera(options.source))
        checkpoint = stack.enter_context(stoppable())
        answers.checkpoint = checkpoint
        newest = options.real_time or _is_camera(options.source)
        stream = AnswerStream(source, answers, newest=newest)
        ended: BaseException | None = None
        try:
            stream.run(checkpoint, _say)
        except BaseException as error:
            ended = error
        answers.finish(ended)
    del keeps_qt
    if ended is not None:
        raise ended
    return 0


class _Answers:
    """Answers frames, tells of them and records them."""

    def __init__(
        self,
        options: argparse.Namespace,
        session: "Session | OnnxSession",
        stack: ExitStack,
        *,
        from_file: bool,
    ) -> None:
        self.checkpoint: Checkpoint = lambda _fraction: None
        self._options = options
        self._session = session
        self._stack = stack
        self._from_file = from_file
        self._count = 0
        self._began: float | None = None
        self._recording: _Recording | None = None
        self._line = ChangingLine(sys.stdout)

    def __call__(self, frame: "Frame", dropped: int) -> bool:
        from cnn_explorer.probe.preprocess import prepare

        options, session = self._options, self._session
        if self._began is None:
            self._began = frame.captured
        seconds = self._seconds(frame)
        if options.seconds is not None and seconds >= options.seconds:
            return False
        work_began = time.perf_counter()
        picture = frame.picture()
        prepared = prepare(picture, session.preprocessing)
        result = session.run(prepared, checkpoint=self.checkpoint, precision=options.precision)
        since = work_began if self._from_file else frame.captured
        ms = {
            "convert": round(picture.decode_ms, 3),
            "preprocess": round(prepared.preprocess_ms, 3),
            "forward": round(result.forward_ms, 3),
            "total": round(1000 * (time.perf_counter() - since), 3),
        }
        told = self._told(frame, seconds, result, ms, dropped)
        self._count += 1
        if options.json:
            print_json_line(**told)
        elif self._line.works:
            self._line.show(_cut(_in_words(told), self._line.room))
        else:
            print(_in_words(told), flush=True)
        if options.record is not None:
            if self._recording is None:
                self._recording = _Recording(options, session, self._stack, picture.rgb.shape)
            self._recording.add(picture.rgb, seconds, result, ms)
        return options.frames is None or self._count < options.frames

    def finish(self, ended: BaseException | None) -> None:
        """There are no more frames."""
        self._line.end()
        if self._recording is not None:
            self._recording.finish()
        elif self._options.record is not None and ended is None:
            raise ExplorerError("no frame came, so nothing was recorded.")

    def _seconds(self, frame: "Frame") -> float:
        if self._from_file and frame.position_ms is not None:
            return frame.position_ms / 1000
        assert self._began is not None
        return frame.captured - self._began

    def _told(
        self,
        frame: "Frame",
        seconds: float,
        result: "RunResult",
        ms: dict[str, float],
        dropped: int,
    ) -> dict[str, Any]:
        when: dict[str, Any] = {"position": round(seconds, 3)}
        if not self._from_file:
            ago = time.perf_counter() - frame.captured
            captured = datetime.fromtimestamp(time.time() - ago, UTC).astimezone()
            when = {"time": captured.isoformat(timespec="milliseconds")}
        return {
            "frame": frame.number,
            **when,
            "network": self._session.card.name,
            "trained": self._session.trained,
            "answers": [
                {
                    "name": score.name,
                    "index": score.index,
                    # not a number is no JSON
                    "probability": score.probability if score.probability >= 0 else None,
                }
                for score in result.classes[: self._options.top]
            ],
            "ms": ms,
            "dropped": dropped,
        }


class _Recording:
    """The annotated video. The file takes its place when the stack ends without an error."""

    def __init__(
        self,
        options: argparse.Namespace,
        session: "Session | OnnxSession",
        stack: ExitStack,
        shape: tuple[int, ...],
    ) -> None:
        from cnn_explorer.gui.multimedia import sources
        from cnn_explorer.media.save import file_taking_place
        from cnn_explorer.probe.annotated import annotated_size

        self._session = session
        self._size = annotated_size(shape[1], shape[0])
        self._places: tuple[int, ...] = ()
        self._kept: tuple[Any, float] | None = None
        self._interval = 0.04
        partial = stack.enter_context(file_taking_place(options.record))
        self._recorder = sources.recorder(partial, self._size)

    def add(self, frame: Any, seconds: float, result: "RunResult", ms: dict[str, float]) -> None:
        from cnn_explorer.probe.annotated import annotated

        how = f" in {result.arithmetic.how}" if result.arithmetic.precision == "fast" else ""
        pixels = annotated(
            frame,
            self._size,
            title=self._session.card.title,
            rows=self._rows(result.classes),
            said=f"forward {ms['forward']:.1f} ms{how}",
            warning="" if self._session.trained else UNTRAINED,
        )
        # how long a frame is seen is known when the next one is there
        self._write(seconds)
        self._kept = pixels, seconds

    def finish(self) -> None:
        if self._kept is not None:
            self._write(self._kept[1] + self._interval)
        self._recorder.finish()

    def _write(self, until: float) -> None:
        if self._kept is None:
            return
        pixels, seconds = self._kept
        if until > seconds:
            self._interval = min(1.0, until - seconds)
        self._recorder.add(pixels, seconds, until)

    def _rows(self, classes: "Sequence[ClassScore]") -> "list[ClassScore]":
        """Each class in the row that it had."""
        from cnn_explorer.probe.standing import places

        first = {score.index: score for score in classes[:_ROWS]}
        self._places = places(self._places, list(first), _ROWS)
        return [first[index] for index in self._places]


def _in_words(told: dict[str, Any]) -> str:
    when = f"{told['position']:8.2f} s" if "position" in told else told["time"][11:23]
    shares = ", ".join(_share(answer) for answer in told["answers"])
    dropped = f"  ({told['dropped']} dropped)" if told["dropped"] else ""
    return f"{told['frame']:6}  {when}  {told['ms']['forward']:6.1f} ms  {shares}{dropped}"


def _cut(text: str, room: int) -> str:
    """As many answers as there is room for: a number that is cut is none."""
    return text if len(text) <= room else text[: room + 1].rpartition(", ")[0] or text[:room]


def _share(answer: dict[str, Any]) -> str:
    """Like ``cat   7.3 %``: as wide whatever the number is, so that lines stand still."""
    probability = math.nan if answer["probability"] is None else answer["probability"]
    return f"{printable(answer['name'])} {percent(probability):>7}"


def _say(sentence: str) -> None:
    print(printable(sentence), file=sys.stderr, flush=True)


@contextmanager
def _libraries_muted() -> Iterator[None]:
    """What FFmpeg prints from C about odd files goes nowhere; what we say goes where it did."""
    said_to = sys.stderr
    said_to.flush()
    try:
        ours = said_to.fileno() == 2
    except OSError:  # nothing that has a descriptor
        ours = False
    if not ours:
        yield
        return
    real = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = os.fdopen(
        real, "w", buffering=1, encoding=said_to.encoding, errors="backslashreplace", closefd=False
    )
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = said_to
        os.dup2(real, 2)
        os.close(real)


def _prepare_qt() -> None:
    from cnn_explorer.display import check_drawing
    from cnn_explorer.probe.runtime import keep_freed_memory

    keep_freed_memory()
    check_drawing()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"


def _is_camera(source: str) -> bool:
    return source == "camera" or source.startswith("camera:")


def _source_of(options: argparse.Namespace) -> "Callable[[], FrameSource]":
    """What makes the source, once Qt is there; what is wrong with the words is told before."""
    if _is_camera(options.source):
        if options.every_frame:
            raise UsageError("of a camera not every frame can be answered: --every-frame is for "
                             "files.")  # fmt: skip
        name = options.source.partition(":")[2]
        return lambda: _camera(name)
    path = Path(options.source)
    if not path.exists():
        raise ExplorerError(
            f'there is no file {printable(path)}: give a video file, "camera" or "camera:NAME".'
        )
    if path.is_dir():
        raise ExplorerError(f'{printable(path)} is a folder: "compare" looks at folders.')
    if options.record is not None:
        refuse_same_file(options.record, path)

    def video() -> "FrameSource":
        from cnn_explorer.gui.multimedia import sources

        return sources.video(path) if options.real_time else sources.every_frame(path)

    return video


def _camera(name: str) -> "FrameSource":
    from cnn_explorer.gui.multimedia import sources

    there = sources.cameras()
    if not there:
        raise ExplorerError("no camera is plugged in.")
    if not name:
        return sources.camera()
    for camera in there:
        if name in (camera.id, camera.name):
            return sources.camera(camera.id)
    close = [camera for camera in there if name.casefold() in camera.name.casefold()]
    if len(close) != 1:
        names = ", ".join(printable(camera.name) for camera in there)
        raise ExplorerError(f"there is no camera {printable(name)}; those plugged in are: {names}.")
    return sources.camera(close[0].id)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of seconds above 0')
    return seconds
