"""``cnn-explorer live`` as a person runs it: in a process of its own, on videos made here.

The oracle for what is recorded is PyAV, which is FFmpeg without Qt.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnn_explorer.cli import main
from cnn_explorer.cli_live import _camera
from cnn_explorer.errors import ExplorerError
from cnn_explorer.gui.multimedia import sources
from cnn_explorer.gui.multimedia.devices import Camera
from cnn_explorer.paths import resource

av = pytest.importorskip("av")
pytest.importorskip("PySide6.QtMultimedia", exc_type=ImportError)

DIGITS = (2, 3, 5, 7, 8)
HOLD = 2
"""Frames of each digit."""


def write_video(
    path: Path, frames: Sequence[Image.Image], times_ms: Sequence[int], size: tuple[int, int]
) -> None:
    from fractions import Fraction

    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=30)
        stream.width, stream.height = size
        stream.pix_fmt, stream.bit_rate = "yuv420p", 3_000_000
        stream.codec_context.time_base = Fraction(1, 1000)
        for image, at in zip(frames, times_ms, strict=True):
            frame = av.VideoFrame.from_image(image.convert("RGB").resize(size))
            frame.pts, frame.time_base = at, Fraction(1, 1000)
            file.mux(stream.encode(frame))
        file.mux(stream.encode())


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits of the samples, two frames each, at times that are not even."""
    path = tmp_path_factory.mktemp("video") / "digits.mp4"
    images = [Image.open(resource("samples", f"digit-{digit}.png")) for digit in DIGITS]
    frames = [image for image in images for _ in range(HOLD)]
    write_video(path, frames, [40 * n + 7 * (n % 2) for n in range(len(frames))], (112, 112))
    return path


def live(*arguments: object, **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=60, check=False,
        env=environment(), **more,
    )  # fmt: skip


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "cnn_explorer", "live", *map(str, arguments)]


def environment() -> dict[str, str]:
    unset = ("QT_LOGGING_RULES", "DISPLAY", "WAYLAND_DISPLAY")
    return {name: value for name, value in os.environ.items() if name not in unset}


def read_video(path: Path) -> tuple[list[float], list[Any], float]:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        frames = [(float(frame.pts * stream.time_base), frame.to_ndarray(format="rgb24"))
                  for frame in file.decode(stream)]  # fmt: skip
        length = float(stream.duration * stream.time_base)
    return [at for at, _ in frames], [pixels for _, pixels in frames], length


def test_digits_are_told_frame_by_frame_and_recorded(digits: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    ran = live("--network", "lenet5", "--source", digits, "--top", 3, "--json", "--record", output)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["frame"] for one in told] == list(range(len(DIGITS) * HOLD))
    assert [one["answers"][0]["name"] for one in told] == [
        str(digit) for digit in DIGITS for _ in range(HOLD)
    ]
    positions = [0.04 * n + 0.007 * (n % 2) for n in range(len(told))]
    assert [one["position"] for one in told] == pytest.approx(positions, abs=0.0011)
    for one in told:
        assert one["dropped"] == 0
        assert len(one["answers"]) == 3
        assert set(one["ms"]) == {"convert", "preprocess", "forward", "total"}
        assert one["ms"]["total"] >= one["ms"]["forward"] > 0

    times, frames, length = read_video(output)
    assert times == pytest.approx(positions, abs=0.0011)
    assert length == pytest.approx(positions[-1] + 0.033, abs=0.02)
    assert frames[0].shape == (360, 360, 3), "small frames are enlarged for the letters"
    panel = frames[0][150:350, 15:270]
    assert (np.abs(panel.astype(int) - (112, 160, 245)).sum(axis=2) < 90).any(), "no bar is drawn"
    assert os.listdir(tmp_path) == ["out.mp4"], "something was left behind"


def test_every_frame_of_a_slow_network_of_an_odd_size(tmp_path: Path) -> None:
    """The network takes longer than a frame is seen: none is dropped, and none is made up."""
    video, output = tmp_path / "photo.mp4", tmp_path / "out.mp4"
    photo = Image.open(resource("samples", "photo-cat.jpg"))
    write_video(video, [photo] * 6, [5 * n for n in range(6)], (401, 363))
    ran = live("--network", "resnet18", "--weights-version", "random", "--source", video,
               "--record", output, "--frames", 5)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.strip() == "untrained: these answers mean nothing"
    assert len(ran.stdout.splitlines()) == 5
    times, frames, _ = read_video(output)
    assert times == pytest.approx([0.005 * n for n in range(5)], abs=0.0011)
    assert frames[0].shape == (363, 401, 3)


def test_in_real_time_the_newest_frame_wins(digits: Path) -> None:
    ran = live("--network", "lenet5", "--source", digits, "--json", "--real-time")
    assert ran.returncode == 0, ran.stderr
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    numbers = [one["frame"] for one in told]
    assert numbers == sorted(set(numbers))
    assert told[-1]["answers"][0]["name"] == str(DIGITS[-1]), "the last frame is answered"
    assert told[-1]["frame"] + 1 == len(told) + told[-1]["dropped"]


def test_a_reader_that_goes_ends_it_quietly(digits: Path) -> None:
    with subprocess.Popen(
        command("--network", "lenet5", "--source", digits), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=environment(),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        process.wait(60)
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on Unix")
def test_ctrl_c_leaves_the_recording_whole(tmp_path: Path) -> None:
    video, output = tmp_path / "photo.mp4", tmp_path / "out.mp4"
    photo = Image.open(resource("samples", "photo-cat.jpg"))
    write_video(video, [photo] * 300, [33 * n for n in range(300)], (160, 120))
    with subprocess.Popen(
        command("--network", "resnet18", "--weights-version", "random", "--source", video,
                "--json", "--record", output),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        assert process.wait(60) == 130
    times, _, _ = read_video(output)
    assert 3 <= len(times) == 3 + len(rest.splitlines()) < 300
    assert sorted(os.listdir(tmp_path)) == ["out.mp4", "photo.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals as on Unix")
def test_ctrl_c_while_qt_is_imported_ends_it_as_ever() -> None:
    """Qt's binding aborts the process where its own import is interrupted."""
    program = (
        "import os, signal, sys\n"
        "def interrupt(event, told):\n"
        "    if event == 'import' and told[0] == 'shibokensupport.signature.parser':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.addaudithook(interrupt)\n"
        "from cnn_explorer.cli import main\n"
        "sys.exit(main(['live', '--network', 'lenet5', '--source', 'camera']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False,
        env=environment(),
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_what_is_no_video_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video " * 500)
    output = tmp_path / "out.mp4"
    output.write_bytes(b"was here before")
    ran = live("--network", "lenet5", "--source", broken, "--record", output)
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "broken.mp4 is no video" in ran.stderr
    assert output.read_bytes() == b"was here before"
    assert sorted(os.listdir(tmp_path)) == ["broken.mp4", "out.mp4"]


def test_where_it_cannot_be_recorded(digits: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no such folder" / "out.mp4"
    ran = live("--network", "lenet5", "--source", digits, "--record", nowhere)
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_so_many_seconds_of_a_file_in_either_precision(digits: Path, precision: str) -> None:
    ran = live("--network", "alexnet-cifar", "--source", digits, "--json", "--seconds", 0.1,
               "--precision", precision)  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["position"] for one in told] == pytest.approx([0.0, 0.047, 0.08], abs=0.0011)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", ""), ("/dev/video2", "/dev/video2"), ("Desk Camera", "/dev/video2"),
        ("desk", "/dev/video2"), ("Camera", None), ("garden", None),
    ],
)  # fmt: skip
def test_a_camera_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, found: str | None
) -> None:
    opened: list[str] = []
    plugged = Camera("/dev/video0", "Front Camera", ()), Camera("/dev/video2", "Desk Camera", ())
    monkeypatch.setattr(sources, "cameras", lambda: plugged)
    monkeypatch.setattr(sources, "camera", lambda id="": opened.append(id))
    if found is None:
        with pytest.raises(ExplorerError, match="are: Front Camera, Desk Camera"):
            _camera(name)
    else:
        _camera(name)
        assert opened == [found]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--network", "lenet5"), 2, "--source"),
        (("--network", "lenet5", "--source", "none.mp4"), 1, "there is no file none.mp4"),
        (("--network", "lenet5", "--source", "."), 1, "is a folder"),
        (("--network", "lenet5", "--source", "camera", "--every-frame"), 2, "--every-frame"),
        (("--network", "lenet5", "--source", "a.mp4", "--record", "a.avi"), 2, ".mp4"),
        (("--network", "lenet5", "--source", "a.mp4", "--seconds", "-1"), 2, "seconds"),
        (("--network", "nonet", "--source", "a.mp4"), 2, "nonet"),
    ],
)  # fmt: skip
def test_wrong_usage_is_said_before_anything_is_loaded(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    assert main(["live", *arguments]) == code
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert said in error


def test_the_window_is_saved_with_a_frame_of_a_video(digits: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(range(256)))
    output = tmp_path / "window.png"
    for video, code in ((digits, 0), (broken, 1)):
        done = subprocess.run(
            [sys.executable, "-m", "cnn_explorer", "snapshot", "-o", output, video, "--size",
             "1280x800"],
            capture_output=True, text=True, timeout=120, check=False, env=environment(),
        )  # fmt: skip
        assert done.returncode == code, done.stderr
    assert "broken.mp4 is damaged or of a kind that cannot be played" in done.stderr
    with Image.open(output) as image:
        assert image.size == (1280, 800)
        frame = np.asarray(image.convert("L"))[180:300, 1000:1240]
    assert frame.min() < 40  # a digit, white on black or black on white
    assert frame.max() > 215
