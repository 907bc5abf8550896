"""Whether Qt can open a window here, found out before Qt is loaded.

Where Qt finds no display, or a system library of its platform plugin is missing, it ends the whole
process with a core dump. So the same steps are taken here first, one by one, and what fails is
said in a sentence. It costs 10 ms, most of which Qt then saves: the libraries are loaded already.
"""

import ctypes
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cnn_explorer.errors import UsageError

Load = Callable[[str], object]
"""Loads a shared library by name or path; raises `OSError`. `ctypes.CDLL`, but for tests."""

_INSTEAD = (
    'or work without a window: "cnn-explorer classify" answers in the terminal, '
    '"cnn-explorer snapshot" draws the window into a file'
)

_PACKAGES = {
    "libbrotlidec.so.1": "libbrotli1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libpulse.so.0": "libpulse0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}
"""The Debian package of each system library that PySide6's wheels need."""

_SHARED = ("libdbus", "libEGL", "libfontconfig", "libfreetype", "libGL", "libglib", "libgthread",
           "libxkbcommon.", "libz.", "libzstd")  # fmt: skip
_NEEDED = {
    "xcb": (*_SHARED, "libX11", "libxcb", "libxkbcommon"),
    "wayland": (*_SHARED, "libwayland"),
}
"""Beginnings of the names of libraries that each plugin needs, for naming all at once."""


def check_display(environ: Mapping[str, str] | None = None, load: Load = ctypes.CDLL) -> str | None:
    """The Qt platform on which a window can be opened; None where it is Qt's own to know.

    Platforms are tried in Qt's order: those of ``QT_QPA_PLATFORM``, else Wayland, then X.
    Raises `UsageError` saying what is missing and what to do where none works. The caller sets
    ``QT_QPA_PLATFORM`` to the answer, so that Qt does not try those that do not work.
    """
    environ = os.environ if environ is None else environ
    _check_installed()
    if not sys.platform.startswith("linux"):
        return None
    platforms = [
        part.partition(":")[0] for part in environ.get("QT_QPA_PLATFORM", "").split(";") if part
    ]
    chosen = bool(platforms)
    if not chosen:
        if environ.get("WAYLAND_DISPLAY"):
            platforms.append("wayland")
        if environ.get("DISPLAY"):
            platforms.append("xcb")
    if not platforms:
        raise UsageError(
            "there is no display to open a window on, neither DISPLAY nor WAYLAND_DISPLAY is set: "
            f"start it from a desktop, set QT_QPA_PLATFORM=offscreen to run it unseen, {_INSTEAD}."
        )
    problems = []
    for platform in platforms:
        problem = _library_problem(platform, load) or _connection_problem(platform, environ, load)
        if problem is None:
            return environ["QT_QPA_PLATFORM"] if chosen else platform
        problems.append(problem)
    raise UsageError(f"{'; '.join(problems)}, {_INSTEAD}.")


def check_drawing(load: Load = ctypes.CDLL) -> None:
    """Raise `UsageError` unless Qt can draw without a display (its ``offscreen`` platform)."""
    _check_installed()
    if sys.platform.startswith("linux"):
        problem = _library_problem("offscreen", load)
        if problem is not None:
            raise UsageError(f"{problem}.")


def explain_import(error: ImportError) -> str | None:
    """The sentence for a failed import of Qt, or None where the error is about something else."""
    missing = _missing_in(str(error))
    if missing is not None:
        return f"{_missing_sentence('Qt', [missing])}."
    if (error.name or "").split(".")[0] in ("PySide6", "shiboken6"):
        return f"Qt cannot be loaded ({error}): install PySide6-Essentials again."
    return None


def _check_installed() -> None:
    if _package() is None:
        raise UsageError(
            'the window needs PySide6, which is not installed: "pip install PySide6-Essentials".'
        )


def _package() -> Path | None:
    """The folder of PySide6, found without importing it."""
    try:
        spec = importlib.util.find_spec("PySide6")
    except ImportError:
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _plugins() -> Path:
    """Where the wheels keep Qt's platform plugins."""
    return (_package() or Path("PySide6")) / "Qt" / "plugins" / "platforms"


def _plugin_of(platform: str, known: Iterable[str]) -> str | None:
    """The file of a platform: several serve Wayland in older versions of Qt."""
    name = "wayland" if platform.startswith("wayland") else platform
    for file in (f"libq{name}.so", f"libq{name}-generic.so"):
        if file in known:
            return file
    return None


def _library_problem(platform: str, load: Load) -> str | None:
    folder = _plugins()
    files = sorted(path.name for path in folder.glob("libq*.so"))
    if not files:
        return None  # a Qt of the system's, which the system keeps complete
    file = _plugin_of(platform, files)
    if file is None:
        if os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH") or os.environ.get("QT_PLUGIN_PATH"):
            return None  # a plugin of the person's own
        names = ", ".join(file.removeprefix("libq").removesuffix(".so") for file in files)
        return f'Qt has no platform "{platform}": set QT_QPA_PLATFORM to one of {names}'
    try:
        load(str(folder / file))
    except OSError as error:
        missing = _missing_in(str(error))
        if missing is None:
            return f"Qt's {platform} plugin cannot be loaded: {error}"
        return _missing_sentence(f"Qt's {platform} plugin", _all_missing(missing, platform, load))
    return None


def _missing_in(message: str) -> str | None:
    """The library that the loader of Linux says it did not find."""
    match = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", message)
    return match.group(1) if match else None


def _all_missing(first: str, platform: str, load: Load) -> list[str]:
    """The loader names one missing library at a time; whoever installs wants to know all."""
    beginnings = _NEEDED.get(platform, _SHARED)
    missing = [first]
    for name in _PACKAGES:
        if name != first and name.startswith(beginnings):
            try:
                load(name)
            except OSError:
                missing.append(name)
    return missing


def _missing_sentence(who: str, libraries: list[str]) -> str:
    packages = dict.fromkeys(_PACKAGES[name] for name in libraries if name in _PACKAGES)
    sentence = f"{who} needs {_listed(libraries)}, which this system does not have:"
    if packages:
        return f'{sentence} "apt install {" ".join(packages)}" on Debian and Ubuntu'
    return f"{sentence} install the packages that hold them"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _connection_problem(platform: str, environ: Mapping[str, str], load: Load) -> str | None:
    if platform == "xcb":
        return _x_problem(environ, load)
    if platform.startswith("wayland"):
        return _wayland_problem(environ)
    return None  # those need no server


def _x_problem(environ: Mapping[str, str], load: Load) -> str | None:
    display = environ.get("DISPLAY", "")
    if not display:
        return "DISPLAY is not set, which Qt's xcb plugin needs: set it"
    try:
        xcb = load("libxcb.so.1")
    except OSError:
        return None  # without the wheel's plugin there was nothing to check before
    if not isinstance(xcb, ctypes.CDLL):
        return None
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(os.fsencode(display), None)
    if xcb.xcb_connection_has_error(connection):
        xcb.xcb_disconnect(connection)
        return f'the X display "{display}" does not answer: check DISPLAY and the right to use it'
    # It stays open as long as the program runs: some servers (Xvfb) start afresh when their last
    # client leaves, and would turn Qt away just then.
    return None


def _wayland_problem(environ: Mapping[str, str]) -> str | None:
    if environ.get("WAYLAND_SOCKET"):
        return None  # a connection handed over by the compositor
    name = environ.get("WAYLAND_DISPLAY") or "wayland-0"
    path = Path(environ.get("XDG_RUNTIME_DIR", "")) / name
    import socket  # wanted here alone, and slow to import

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return f'the Wayland display "{name}" does not answer: check WAYLAND_DISPLAY'
    return None
