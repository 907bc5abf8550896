"""What is said where no window can be opened, with machines that lack this or that played by a
loader of our own; and once for real, in a process that must not dump core."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_explorer import display
from cnn_explorer.display import check_display, check_drawing, explain_import
from cnn_explorer.errors import UsageError

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone")
pytestmark = linux


@pytest.fixture(autouse=True)
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Qt as the wheels install it: four plugins."""
    folder = tmp_path / "platforms"
    folder.mkdir()
    for name in ("xcb", "wayland", "offscreen", "minimal"):
        (folder / f"libq{name}.so").touch()
    monkeypatch.setattr(display, "_plugins", lambda: folder)
    monkeypatch.setattr(display, "_check_installed", lambda: None)
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_PLUGIN_PATH"):
        monkeypatch.delenv(name, raising=False)
    return folder


class Machine:
    """A loader that lacks some libraries; a plugin fails with the first of those it needs."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing

    def __call__(self, name: str) -> object:
        lacking = self.missing if name.startswith("/") else (name,)
        for library in lacking:
            if library in self.missing:
                raise OSError(f"{library}: cannot open shared object file: No such file")
        return object()


def sentence(environ: dict[str, str], *missing: str) -> str:
    with pytest.raises(UsageError) as caught:
        check_display(environ, Machine(*missing))
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_without_a_display_it_says_what_to_use_instead() -> None:
    for environ in ({}, {"DISPLAY": ""}, {"QT_QPA_PLATFORM": ""}, {"XDG_SESSION_TYPE": "wayland"}):
        text = sentence(environ)
        assert "no display" in text
        assert "QT_QPA_PLATFORM=offscreen" in text
        assert "cnn-explorer classify" in text
        assert "cnn-explorer snapshot" in text


def test_a_missing_library_is_named_with_its_package() -> None:
    text = sentence({"DISPLAY": ":0"}, "libxcb-cursor.so.0")
    assert "Qt's xcb plugin needs libxcb-cursor.so.0," in text
    assert '"apt install libxcb-cursor0"' in text


def test_all_missing_libraries_are_named_at_once() -> None:
    text = sentence(
        {"DISPLAY": ":0"}, "libxcb-icccm.so.4", "libEGL.so.1", "libglib-2.0.so.0",
        "libgthread-2.0.so.0", "libwayland-cursor.so.0",
    )  # fmt: skip
    assert "libxcb-icccm.so.4, libEGL.so.1, libglib-2.0.so.0 and libgthread-2.0.so.0" in text
    assert '"apt install libxcb-icccm4 libegl1 libglib2.0-0"' in text


def test_a_library_of_unknown_package_is_named_still() -> None:
    text = sentence({"QT_QPA_PLATFORM": "minimal"}, "libstrange.so.3")
    assert "needs libstrange.so.3, which this system does not have: install the packages" in text


def test_a_plugin_that_fails_otherwise_is_quoted() -> None:
    def load(name: str) -> object:
        raise OSError(f"{name}: version `GLIBC_2.34' not found")

    with pytest.raises(UsageError, match=r"cannot be loaded: .*GLIBC_2\.34"):
        check_display({"DISPLAY": ":0"}, load)


def test_a_chosen_platform_is_trusted_if_it_is_there() -> None:
    for name in ("offscreen", "minimal:enable_fonts"):
        assert check_display({"QT_QPA_PLATFORM": name}, Machine()) == name
    both = {"QT_QPA_PLATFORM": "wayland;offscreen"}
    assert check_display(both, Machine()) == "wayland;offscreen"
    text = sentence({"QT_QPA_PLATFORM": "windows", "DISPLAY": ":0"})
    assert 'no platform "windows"' in text
    assert "minimal, offscreen, wayland, xcb" in text
    assert "DISPLAY is not set" in sentence({"QT_QPA_PLATFORM": "xcb"})


def test_a_platform_of_the_persons_own_is_left_to_qt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_PLUGIN_PATH", "/somewhere")
    assert check_display({"QT_QPA_PLATFORM": "own"}, Machine()) == "own"


def test_wayland_is_first_and_x_the_second_choice(tmp_path: Path) -> None:
    environ = {"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path), "DISPLAY": ":0"}
    assert check_display(environ, Machine()) == "xcb"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(tmp_path / "wayland-7"))
        server.listen()
        assert check_display(environ, Machine()) == "wayland"
        without = Machine("libwayland-cursor.so.0")
        with pytest.raises(UsageError) as caught:
            check_display(environ, without)
    assert "libwayland-cursor0" in str(caught.value)
    text = sentence({"WAYLAND_DISPLAY": "wayland-7", "XDG_RUNTIME_DIR": str(tmp_path)})
    assert 'the Wayland display "wayland-7" does not answer' in text


def test_an_older_qt_has_other_names_for_wayland(plugins: Path) -> None:
    (plugins / "libqwayland.so").rename(plugins / "libqwayland-generic.so")
    assert check_display({"QT_QPA_PLATFORM": "wayland-egl", "WAYLAND_SOCKET": "3"}, Machine())


def test_drawing_needs_no_display_but_libraries() -> None:
    check_drawing(Machine())
    with pytest.raises(UsageError, match="apt install libegl1"):
        check_drawing(Machine("libEGL.so.1"))


def test_qt_that_is_not_installed_or_fails_to_load(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = ImportError("libGL.so.1: cannot open shared object file: No such file or directory")
    assert "apt install libgl1" in (explain_import(lacking) or "")
    assert "PySide6-Essentials" in (explain_import(ImportError("x", name="PySide6.QtGui")) or "")
    assert explain_import(ImportError("no", name="cnn_explorer.gui")) is None
    monkeypatch.undo()
    monkeypatch.setattr(display.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="needs PySide6, which is not installed"):
        check_display({"DISPLAY": ":0"}, Machine())


def window_command(**environ: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE", "QT_QPA_PLATFORM")
    }
    return subprocess.run(
        [sys.executable, "-m", "cnn_explorer"], env={**clean, **environ},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "no display"),
        ({"DISPLAY": ":77"}, 'X display ":77" does not answer'),
        ({"DISPLAY": "nonsense"}, 'X display "nonsense" does not answer'),
        ({"QT_QPA_PLATFORM": "xcb"}, "DISPLAY is not set"),
        ({"QT_QPA_PLATFORM": "nonsense"}, 'no platform "nonsense"'),
        ({"WAYLAND_DISPLAY": "nonsense"}, "wayland"),
    ],
)
def test_the_window_command_ends_in_one_line_and_never_dumps_core(
    environ: dict[str, str], words: str
) -> None:
    pytest.importorskip("PySide6")
    done = window_command(**environ)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.startswith("cnn-explorer: error: ")
    assert done.stderr.count("\n") == 1
    assert words.lower() in done.stderr.lower()


def test_a_real_x_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("PySide6")
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("Xvfb is not installed")
    monkeypatch.undo()
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [server, "-displayfd", str(writing), "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as numbers:
            number = numbers.readline().strip()
        try:
            answer = check_display({"DISPLAY": f":{number}"}, ctypes.CDLL)
        except UsageError as error:
            pytest.skip(f"Qt's xcb plugin does not load here: {error}")
        assert answer == "xcb"
    finally:
        process.terminate()
        process.wait()
